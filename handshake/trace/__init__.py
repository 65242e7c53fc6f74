"""The waist of the house: what happened, whoever made it happen.

A simulation, a live run and a capture of somebody's network all become a `Trace`, and every view takes one:

- **transits**: bytes that travelled between two places, each with up to three times on the one clock:
  `sent` (left the sender), `arrived` (reached the receiver), `seen` (passed the capture).  A time is None
  where it is unknown, or where it never came to pass because the bytes were lost.
- **messages**: what the bytes mean, layer by layer.  One message may come from many transits and one
  transit hold many messages; `sources` says where each byte came from.
- **steps**: what each end did: its plain fields before and after, the cause, notes in words, and how sure we
  are: `ran` (we executed it), `inferred` (worked out from a capture) or `unknown`.
- **secrets**: each with the inputs that it was derived from.
- **connections**: who talked to whom; a trace may hold many.
- **faults**: what was done to the run, and what could not be read.

Times are seconds (float) since the trace's first moment; `Trace.epoch` says when that was.  Transits and
connections are numbered from 1, in order.  Ends are called "client" (who opened) and "server" throughout.

A source that is still running fills a `Recorder`; its `snapshot()` is a Trace.
"""

from __future__ import annotations

from handshake.trace.lazy import ByConnection, Deferred
from handshake.trace.recorder import Recorder
from handshake.trace.records import (
    ABOVE,
    EVENTS,
    FAULTS,
    OTHER,
    Address,
    Certainty,
    Connection,
    Detail,
    Fault,
    Flight,
    Message,
    Moment,
    Secret,
    Source,
    Step,
    Transit,
    flight,
)
from handshake.trace.told import by_transit, going_on, top
from handshake.trace.whole import Trace

__all__ = [
    "ABOVE",
    "EVENTS",
    "FAULTS",
    "OTHER",
    "Address",
    "ByConnection",
    "Certainty",
    "Connection",
    "Deferred",
    "Detail",
    "Fault",
    "Flight",
    "Message",
    "Moment",
    "Recorder",
    "Secret",
    "Source",
    "Step",
    "Trace",
    "Transit",
    "by_transit",
    "flight",
    "going_on",
    "top",
]

"""Drawing: pictures of a trace, and the stepper to walk through it.

Every picture takes what it draws, a trace, a message, the table of edges, and never runs a machine.  Evaluate
one in a notebook to see it; `print` gives its text twin; `save` writes a file for a slide or a paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handshake.show.axes import Scale
from handshake.show.beside import beside
from handshake.show.bytesview import view as bytes
from handshake.show.calls import calls
from handshake.show.compare import compare
from handshake.show.curves import Series, curves
from handshake.show.derivation import keys
from handshake.show.grid import grid
from handshake.show.knew import knew
from handshake.show.lanes import Piece, lanes
from handshake.show.matrix import matrix
from handshake.show.numbers import numbers
from handshake.show.onion import onion
from handshake.show.picture import Picture
from handshake.show.population import population
from handshake.show.ring import ring
from handshake.show.ruler import ruler
from handshake.show.seqtime import seqtime
from handshake.show.states import states
from handshake.show.strip import Block, Proof, strip
from handshake.show.survival import survival
from handshake.show.table import table
from handshake.show.timeline import timeline
from handshake.show.tree import tree

if TYPE_CHECKING:
    from handshake.show.stepping import Stepper
    from handshake.trace import Trace

__all__ = [
    "Block",
    "Picture",
    "Piece",
    "Proof",
    "Scale",
    "Series",
    "beside",
    "bytes",
    "calls",
    "compare",
    "curves",
    "grid",
    "keys",
    "knew",
    "lanes",
    "matrix",
    "numbers",
    "onion",
    "population",
    "ring",
    "ruler",
    "seqtime",
    "states",
    "stepper",
    "strip",
    "survival",
    "table",
    "timeline",
    "tree",
]


def stepper(
    trace: Trace, *, connection: int | None = None, relative: bool = True, cursor: int = 0,
    octets: bool = True,
) -> Stepper:  # fmt: skip
    """A walk through one connection of a trace, step by step: its timeline, states, reasons and bytes.

    connection: its number; the first, if there are several and none is asked for.
    relative: sequence numbers counted from the start of the connection, or as they travelled.
    cursor: at which step it stands first; -1 is the last.   octets: whether the bytes are shown too.
    """
    # Only here are ipywidgets needed: pictures must not pay for them.
    from handshake.show.stepping import Stepper

    return Stepper(trace, connection=connection, relative=relative, cursor=cursor, octets=octets)

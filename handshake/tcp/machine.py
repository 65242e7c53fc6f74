"""RFC 9293 section 3.10, event processing, in its order: ``step(tcb, event) -> Move``.

A pure function.  It reads no clock, draws no random number, changes nothing: it answers what the block
becomes and what is sent.  Every check leaves a note in plain words, which the pictures show.

Not here yet, and the standard allows it: segments that arrive ahead of a gap are dropped, and acknowledged
with what was expected (section 3.10.7.4 says that they SHOULD be held), and data that come with the first
SYN are left for the peer to send again.  Timers are the endpoint's.

Quarrels are settled in two ways.  A call that does not fit the state is `Refused`, and nothing changes.  A
segment never raises: whatever arrives is accepted, answered or dropped, with a note.
"""

from __future__ import annotations

from dataclasses import replace

from handshake.errors import Refused
from handshake.tcp.arrives import from_closed, from_listen, from_syn_sent, otherwise
from handshake.tcp.figure import State
from handshake.tcp.reply import abort_reset, begin, flush
from handshake.tcp.tcb import (
    Abort,
    Arrives,
    Close,
    Event,
    Move,
    Open,
    Progress,
    Send,
    Tcb,
    TimeWaitTimeout,
)


def step(tcb: Tcb, event: Event) -> Move:
    """What comes of `event`.  Refused if a call does not fit the state; a segment never raises."""
    match event:
        case Arrives():
            return _segment_arrives(tcb, event)
        case Open():
            cause, progress = _open(tcb, event)
        case Send():
            cause, progress = "SEND", _send(tcb, event)
        case Close():
            cause, progress = "CLOSE", _close(tcb)
        case Abort():
            cause, progress = "ABORT", _abort(tcb)
        case TimeWaitTimeout():
            cause, progress = "2MSL timeout", _time_wait_timeout(tcb)
    return Move(tcb, event, progress.tcb, cause, progress.sends, progress.delivered, progress.notes)


def _segment_arrives(tcb: Tcb, event: Arrives) -> Move:
    """Section 3.10.7: which of the four texts applies depends on the state."""
    progress = Progress(tcb)
    match tcb.state:
        case State.CLOSED:
            progress = from_closed(progress, event.segment)
        case State.LISTEN:
            progress = from_listen(progress, event)
        case State.SYN_SENT:
            progress = from_syn_sent(progress, event.segment)
        case _:
            progress = otherwise(progress, event.segment)
    progress = flush(progress)
    heard = ",".join(progress.heard) or "segment"
    return Move(tcb, event, progress.tcb, f"rcv {heard}", progress.sends, progress.delivered, progress.notes)


def _open(tcb: Tcb, call: Open) -> tuple[str, Progress]:
    """Section 3.10.1."""
    if tcb.state not in (State.CLOSED, State.LISTEN):
        raise Refused(str(tcb.state), "the connection already exists", "RFC 9293 section 3.10.1")
    if call.remote is None:
        if tcb.state is State.LISTEN:
            raise Refused("LISTEN", "it is listening already", "RFC 9293 section 3.10.1")
        return "passive OPEN", Progress(tcb.listening()).note("waits for a SYN from anybody")
    return "active OPEN", begin(Progress(tcb), call.remote, call.iss)


def _send(tcb: Tcb, call: Send) -> Progress:
    """Section 3.10.2."""
    match tcb.state:
        case State.CLOSED:
            raise Refused(
                "CLOSED", "there is no connection to send on; open one first", "RFC 9293 section 3.10.2"
            )
        case State.LISTEN:
            if call.remote is None:
                raise Refused(
                    "LISTEN",
                    "nobody has called yet: name a remote address to send to",
                    "RFC 9293 section 3.10.2",
                )
            progress = begin(Progress(replace(tcb, queue=call.data)), call.remote, call.iss)
            return progress.note(f"{len(call.data)} bytes wait for the connection to open")
        case State.SYN_SENT | State.SYN_RECEIVED if not tcb.close_wanted:
            progress = Progress(replace(tcb, queue=tcb.queue + call.data))
            return progress.note(f"{len(call.data)} bytes wait for the connection to open")
        case State.ESTABLISHED | State.CLOSE_WAIT if not tcb.close_wanted:
            return flush(Progress(replace(tcb, queue=tcb.queue + call.data)))
    raise Refused(
        str(tcb.state), "this end has closed already and may send no more", "RFC 9293 section 3.10.2"
    )


def _close(tcb: Tcb) -> Progress:
    """Section 3.10.4."""
    progress = Progress(tcb)
    match tcb.state:
        case State.CLOSED:
            raise Refused("CLOSED", "there is no connection to close", "RFC 9293 section 3.10.4")
        case State.LISTEN | State.SYN_SENT:
            return replace(progress, tcb=tcb.forgotten()).note("nothing was open yet: nothing is sent")
        case State.SYN_RECEIVED if tcb.queue and not tcb.close_wanted:
            # The FIN has to follow the data, and data can be sent only once the connection is open.
            return progress.now(close_wanted=True).note("a FIN will follow the waiting data")
        case State.SYN_RECEIVED | State.ESTABLISHED if not tcb.close_wanted:
            return flush(progress.now(close_wanted=True, state=State.FIN_WAIT_1))
        case State.CLOSE_WAIT if not tcb.close_wanted:
            return flush(progress.now(close_wanted=True))
    raise Refused(str(tcb.state), "it is closing already", "RFC 9293 section 3.10.4")


def _abort(tcb: Tcb) -> Progress:
    """Section 3.10.5."""
    if tcb.state is State.CLOSED:
        raise Refused("CLOSED", "there is no connection to abort", "RFC 9293 section 3.10.5")
    progress = Progress(tcb)
    if tcb.state in (
        State.SYN_RECEIVED,
        State.ESTABLISHED,
        State.FIN_WAIT_1,
        State.FIN_WAIT_2,
        State.CLOSE_WAIT,
    ):
        progress = progress.send(abort_reset(tcb)).note("the peer is told with a RST")
    else:
        progress = progress.note("given up; there is nobody to tell, or nothing left to say")
    return replace(progress, tcb=tcb.forgotten())


def _time_wait_timeout(tcb: Tcb) -> Progress:
    """Section 3.10.8."""
    if tcb.state is not State.TIME_WAIT:
        return Progress(tcb, notes=("the timer was for a state that is over",))
    return Progress(tcb.forgotten(), notes=("2 MSL have passed: no old segment can be on its way any more",))

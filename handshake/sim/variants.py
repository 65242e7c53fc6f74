"""The machine with another number of handshake messages: what if two were enough, or four were used.

Each is the real machine with one thing changed, at the one place where it differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from handshake.tcp import ACK, SYN, Arrives, Move, Segment, Tcb, seq, step
from handshake.tcp.figure import ESTABLISHED, LISTEN, SYN_RECEIVED, SYN_SENT
from handshake.tcp.segment import FLAGS
from handshake.tcp.tcb import Event
from handshake.tcp.timers import NEVER

Step = Callable[[Tcb, Event, float], Move]

SYN_ACK = FLAGS[SYN | ACK]


def three(tcb: Tcb, event: Event, now: float = 0.0) -> Move:
    """SYN; SYN,ACK; ACK: the machine as it is."""
    return step(tcb, event, now)


def two(tcb: Tcb, event: Event, now: float = 0.0) -> Move:
    """SYN; SYN,ACK, and that is all: whoever is called believes it at once, its number unconfirmed."""
    move = step(tcb, event, now)
    before, after = move.before, move.after
    if before.state is LISTEN and after.state is SYN_RECEIVED:
        after = replace(
            after, state=ESTABLISHED, snd_una=after.snd_nxt, syn_acknowledged=True, retransmit_at=NEVER,
            timed=None, user_timeout_at=NEVER,
        )  # fmt: skip
        note = "with two messages there is nothing more to wait for: the connection counts as open"
        return move._replace(after=after, notes=(*move.notes, note))
    if before.state is SYN_SENT and after.state is ESTABLISHED:
        sends = tuple(each for each in move.sends if each.length)
        return move._replace(sends=sends, notes=(*move.notes, "with two messages no third is sent"))
    if before.state is ESTABLISHED and isinstance(event, Arrives) and _same_call(before, event.segment):
        answer = Segment(
            before.local[1], event.segment.source_port, before.iss, before.rcv_nxt, SYN_ACK, before.rcv_wnd
        )
        return Move(
            before, event, before, "rcv SYN", (answer,), notes=("the same call again: the same answer",)
        )
    return move


def four(tcb: Tcb, event: Event, now: float = 0.0) -> Move:
    """SYN; ACK; SYN; ACK: who is called acknowledges first, and asks in a message of its own."""
    if tcb.state is SYN_SENT and isinstance(event, Arrives) and _only_acknowledges(tcb, event.segment):
        after = replace(tcb, snd_una=event.segment.ack, syn_acknowledged=True)
        return Move(
            tcb, event, after, "rcv ACK", notes=("our SYN is acknowledged; the peer's is still to come",)
        )
    move = step(tcb, event, now)
    if move.after.state is not SYN_RECEIVED or not move.after.passive:
        return move
    sends: list[Segment] = []
    for each in move.sends:
        if each.flags & SYN_ACK == SYN_ACK:
            sends += [replace(each, flags=ACK, options=()), replace(each, flags=SYN, ack=0)]
        else:
            sends.append(each)
    return move._replace(sends=tuple(sends))


def _same_call(tcb: Tcb, segment: Segment) -> bool:
    """Whether a SYN is the one with which this connection began, and nothing has happened since."""
    fresh = tcb.snd_nxt == seq.add(tcb.iss, 1) and tcb.rcv_nxt == seq.add(tcb.irs, 1)
    return fresh and segment.flags & SYN_ACK == SYN and segment.seq == tcb.irs


def _only_acknowledges(tcb: Tcb, segment: Segment) -> bool:
    """Whether a segment acknowledges our SYN, and brings none of the peer's."""
    return int(segment.flags) == ACK and segment.ack == tcb.snd_nxt


MACHINES: dict[int, Step] = {2: two, 3: three, 4: four}
"""The machine for each number of messages."""

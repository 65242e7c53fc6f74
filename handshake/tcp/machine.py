"""RFC 9293 section 3.10, event processing: ``step(tcb, event, now) -> Move``.

A pure function.  It reads no clock, draws no random number, changes nothing: it answers what the block
becomes and what is sent.  Every check leaves a note in plain words, which the pictures show.

Quarrels are settled in two ways.  A call that does not fit the state is `Refused`, and nothing changes.  A
segment never raises: whatever arrives is accepted, answered or dropped, with a note.

Not here: congestion control (RFC 5681), Nagle's algorithm, selective acknowledgments and timestamps.  A real
stack has them; they change how fast data travel, not what a handshake means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handshake.tcp import calls, timeouts
from handshake.tcp.arrives import segment_arrives
from handshake.tcp.tcb import (
    Abort,
    Arrives,
    Close,
    DelayedAckTimeout,
    Event,
    KeepAliveTimeout,
    Move,
    Open,
    Receive,
    RetransmissionTimeout,
    Send,
    Tcb,
    TimeWaitTimeout,
    UserTimeout,
)
from handshake.tcp.work import Work

PROCESSING: dict[type, Callable[[Work, Any], str]] = {
    Open: calls.opens,
    Send: calls.sends,
    Receive: calls.receives,
    Close: calls.closes,
    Abort: calls.aborts,
    Arrives: segment_arrives,
    UserTimeout: timeouts.user,
    RetransmissionTimeout: timeouts.retransmission,
    TimeWaitTimeout: timeouts.time_wait,
    KeepAliveTimeout: timeouts.keep_alive,
    DelayedAckTimeout: timeouts.delayed_ack,
}
"""The function for each kind of event.  It changes the Work, and answers the event's name in figure 5."""


def step(tcb: Tcb, event: Event, now: float = 0.0) -> Move:
    """What comes of `event` at the time `now` (seconds).

    Refused if a call does not fit the state; a segment or a timeout never raises.
    """
    work = Work(tcb, now)
    cause = PROCESSING[type(event)](work, event)
    sends, notes = tuple(work.sends), tuple(work.notes)
    return Move(tcb, event, work.tcb, cause, sends, work.delivered, notes)

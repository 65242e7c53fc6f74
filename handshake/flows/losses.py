"""What evidently got lost: worked out from what was sent again, and from nothing less."""

from __future__ import annotations

from collections.abc import Sequence

from handshake.flows.seen import Seen, kind_of
from handshake.tcp import seq
from handshake.tcp.options import SACK
from handshake.tcp.segment import ACK, SYN
from handshake.trace import Connection, Fault

SOONEST_TIMER = 0.2
"""No end sends again earlier than this, in seconds: the smallest retransmission timer in common use."""


def losses(connection: Connection, seen: Sequence[Seen]) -> list[Fault]:
    """Transits that evidently never arrived, by what was sent again before anything confirmed them."""
    faults = []
    for index, one in enumerate(seen):
        later = seen[index + 1 :]
        again = _asked_again(one, later)
        if one.transit.sender == (connection.near or "client"):
            # (What was seen near its receiver did arrive, even if it is sent again.)
            again = again or _sent_again(one, later)
        if again:
            text = f"transit {one.transit.number} evidently got lost: {again}"
            faults.append(
                Fault(
                    "lost",
                    text,
                    one.transit.time,
                    one.transit.number,
                    certainty="inferred",
                    connection=connection.number,
                )
            )
    return faults


def _asked_again(one: Seen, later: Sequence[Seen]) -> str:
    """The evidence that an answer to a SYN got lost: the caller calls again."""
    if kind_of(one.segment, one.length) != "SYN,ACK":
        return ""
    asked: Seen | None = None
    for other in later:
        kind = kind_of(other.segment, other.length)
        if other.transit.sender != one.transit.sender:
            if kind != "SYN":
                return ""  # it was confirmed after all: question and answer crossed
            if not _crossed(one, other):
                asked = asked or other
        elif asked and kind == "SYN,ACK":
            return f"the SYN that it answers was sent again as transit {asked.transit.number}"
    return ""


def _arrived_twice(one: Seen, later: Sequence[Seen]) -> bool:
    """Whether the receiver says that it got these numbers twice: a duplicate SACK (RFC 2883)."""
    for other in later:
        sack = other.segment.option(SACK)
        if other.transit.sender == one.transit.sender or not sack or len(sack.numbers) < 2:
            continue
        left, right = sack.numbers[:2]
        known = seq.less_equal(right, other.segment.ack)
        if known and seq.less_equal(left, one.segment.seq) and seq.less_equal(one.end, right):
            return True
    return False


def _crossed(one: Seen, other: Seen) -> bool:
    """Whether the peer's segment came too soon to be a complaint: it was under way already."""
    return other.transit.time - one.transit.time < SOONEST_TIMER


def _sent_again(one: Seen, later: Sequence[Seen]) -> str:
    """The evidence that a transit got lost, in words, or ""."""
    sender, segment = one.transit.sender, one.segment
    for other in later:
        if other.transit.sender == sender:
            # (Of two ends that call each other, each repeats its SYN in its answer: that tells no loss.)
            same = (segment.flags ^ other.segment.flags) & (SYN | ACK) == 0 or not segment.flags & SYN
            if one.span and same and other.segment.seq == segment.seq and other.span >= one.span:
                if _arrived_twice(one, later):
                    return ""
                return f"it was sent again as transit {other.transit.number}, and nothing had confirmed it"
        elif one.span and other.segment.flags & ACK and seq.less_equal(one.end, other.segment.ack):
            return ""
        elif kind_of(other.segment, other.length) == "SYN,ACK" and kind_of(segment, one.length) == "ACK":
            # The third step of the handshake takes no number; that it is missed shows in the second's return.
            if not _crossed(one, other):
                return f"the server sent its SYN,ACK again as transit {other.transit.number}"
        elif not one.span:
            return ""
    return ""

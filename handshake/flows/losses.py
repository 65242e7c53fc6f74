"""What evidently got lost: worked out from what was sent again, and from nothing less."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from handshake.flows.seen import Seen, kind_of
from handshake.tcp import seq
from handshake.tcp.options import SACK
from handshake.tcp.segment import ACK, SYN
from handshake.trace import OTHER, Connection, Fault

SOONEST_TIMER = 0.2
"""No end repeats a SYN, or the answer to one, earlier than this, in seconds."""


def losses(connection: Connection, seen: Sequence[Seen]) -> list[Fault]:
    """Transits that evidently never arrived, by what was sent again before anything confirmed them."""
    index = _Index(seen)
    faults = []
    for at, one in enumerate(seen):
        evidence = _asked_again(at, index)
        if one.transit.sender == (connection.near or "client"):
            # (What was seen near its receiver did arrive, even if it is sent again.)
            evidence = evidence or (_sent_again(at, index) if one.span else _answered_again(at, index))
        if evidence:
            number, (words, proof) = one.transit.number, evidence
            # (Whether it was the segment or what confirmed it, nobody can tell who sees one end only.)
            what = "or what confirmed it " if one.length else ""
            text = f"transit {number} {what}evidently got lost: {words}"
            fault = Fault("lost", text, one.transit.time, number, None, "inferred", connection.number)
            faults.append(replace(fault, proof=proof))
    return faults


class _Index:
    """A connection's segments, with what is asked of them again and again.

    copies: for a sender and a number, where segments with that number stand.
    reply: for each place, where the other end's next segment stands.
    confirmed: for each place, the newest number that each end had acknowledged by then.
    """

    def __init__(self, seen: Sequence[Seen]) -> None:
        self.seen = seen
        self.copies: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.confirmed: dict[str, list[int | None]] = {"client": [], "server": []}
        newest: dict[str, int | None] = {"client": None, "server": None}
        for at, one in enumerate(seen):
            sender, segment = one.transit.sender, one.segment
            if one.span:
                self.copies[sender, segment.seq].append(at)
            known = newest[sender]
            if segment.flags & ACK and (known is None or seq.less(known, segment.ack)):
                newest[sender] = segment.ack
            for end, ack in newest.items():
                self.confirmed[end].append(ack)
        self.reply: list[int | None] = [None] * len(seen)
        following: dict[str, int] = {}
        for at in range(len(seen) - 1, -1, -1):
            sender = seen[at].transit.sender
            self.reply[at] = following.get(OTHER[sender])
            following[sender] = at


Evidence = tuple[str, int]
"""In words, and the transit that tells it."""


def _asked_again(at: int, index: _Index) -> Evidence | None:
    """The evidence that an answer to a SYN got lost: the caller calls again, and is answered again."""
    one, place = index.seen[at], index.reply[at]
    if kind_of(one.segment, one.length) != "SYN,ACK" or place is None:
        return None
    asked: Seen | None = None
    for other in islice(index.seen, place, None):
        kind = kind_of(other.segment, other.length)
        if other.transit.sender != one.transit.sender:
            if kind != "SYN":
                return None  # it was confirmed after all: question and answer crossed
            if not _crossed(one, other):
                asked = asked or other
        elif asked and kind == "SYN,ACK":
            number = asked.transit.number
            return f"the SYN that it answers was sent again as transit {number}", number
    return None


def _answered_again(at: int, index: _Index) -> Evidence | None:
    """The evidence that an ACK got lost: the SYN,ACK, or the FIN, that it confirmed comes again.

    (An ACK takes no number, so it is never sent again itself.)
    """
    one, place = index.seen[at], index.reply[at]
    if place is None or kind_of(one.segment, one.length) != "ACK":
        return None
    other = index.seen[place]
    kind = kind_of(other.segment, other.length)
    if kind not in ("SYN,ACK", "FIN") or other.end != one.segment.ack or _crossed(one, other):
        return None
    number = other.transit.number
    return f"the {other.transit.sender} sent its {kind} again as transit {number}", number


def _sent_again(at: int, index: _Index) -> Evidence | None:
    """The evidence that what takes numbers got lost: they are sent again, and nothing had confirmed them."""
    one = index.seen[at]
    if one.probe or index.reply[at] is None:
        return None  # a probe is refused and not lost; and who hears nothing at all cannot tell what got lost
    sender, segment = one.transit.sender, one.segment
    places = index.copies[sender, segment.seq]
    for place in islice(places, bisect_right(places, at), None):
        again = index.seen[place]
        # (Of two ends that call each other, each repeats its SYN in its answer: that tells no loss.)
        if segment.flags & SYN and (segment.flags ^ again.segment.flags) & (SYN | ACK):
            continue
        if again.span < one.span:
            continue
        reply = index.reply[at]
        if segment.flags & SYN and reply is not None and reply < place:
            return None  # it was answered, if not with what was asked for: a challenge ACK, say
        ack = index.confirmed[OTHER[sender]][place - 1]
        if (ack is not None and seq.less_equal(one.end, ack)) or _arrived_twice(one, place, index):
            return None
        number = again.transit.number
        return f"it was sent again as transit {number}, and nothing had confirmed it", number
    return None


def _arrived_twice(one: Seen, place: int, index: _Index) -> bool:
    """Whether the receiver says that it got these numbers twice: a duplicate SACK (RFC 2883).

    It is in one of the next acknowledgments, if anywhere; a few are looked at.
    """
    for other in islice(index.seen, place + 1, place + 20):
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

"""What an observer keeps of one connection: each segment, and what has been seen of each end's sending."""

from __future__ import annotations

from dataclasses import dataclass, field

from handshake.tcp import seq
from handshake.tcp.segment import ACK, FIN, RST, SYN, Segment
from handshake.trace import Detail, Transit

NEARBY = 1 << 24
"""A number that is farther ahead than this of all that was sent may belong to an earlier connection."""


@dataclass
class Direction:
    """What has been seen of one end's sending.

    base: its first sequence number (that of the SYN, or one less than the first data byte seen).
    nxt: the number after the newest that it sent.   ack: the newest that it acknowledged.
    sent: for every number that starts a segment, the transit that carried it last, and the number after it.
    gaps: numbers that were skipped, as [from, to).   probed: what its last segment is called, if a probe.
    earlier: (first number, the one after the newest) of its sending on earlier connections.
    """

    base: int | None = None
    nxt: int | None = None
    ack: int | None = None
    window: int | None = None
    mss: int | None = None
    scale: int | None = None
    fin: int | None = None
    sent: dict[int, tuple[int, int]] = field(default_factory=dict)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    probed: str = ""
    earlier: list[tuple[int, int]] = field(default_factory=list)

    def begins(self, number: int) -> None:
        """A SYN of that number: what was seen before belongs to an earlier connection."""
        if self.base is not None and self.nxt is not None and self.base != number:
            self.earlier.append((self.base, self.nxt))
        self.base, self.nxt, self.ack, self.fin, self.probed = number, None, None, None, ""
        self.sent.clear()
        self.gaps.clear()

    def detail(self, label: str, number: int) -> Detail:
        """A number beside a message's name, counted from the first of this end, if that is known.

        One that belongs to an earlier connection between the two is counted from that one's first.
        """
        if self.base is None:
            return Detail(label, number)
        count = (number - self.base) % seq.MODULUS
        sent = 0 if self.nxt is None else (self.nxt - self.base) % seq.MODULUS
        if count > sent + NEARBY:
            for base, nxt in reversed(self.earlier):
                old = (number - base) % seq.MODULUS
                if old <= (nxt - base) % seq.MODULUS + 1:
                    return Detail(f"old {label}", number, old)
        return Detail(label, number, count - seq.MODULUS if count >= seq.HALF > sent else count)


@dataclass(frozen=True)
class Seen:
    """One segment in its connection: the transit, what was read, and how much data travelled.

    probe: what it is called if it only asks whether the peer is there ("keep-alive").
    stray: whether it is a reset whose number lies outside what its receiver would believe.
    """

    transit: Transit
    segment: Segment
    length: int
    probe: str = ""
    stray: bool = False

    @property
    def span(self) -> int:
        """How many sequence numbers it takes."""
        flags = self.segment.flags
        return self.length + bool(flags & SYN) + bool(flags & FIN)

    @property
    def end(self) -> int:
        """The number after its last."""
        return seq.add(self.segment.seq, self.span)


def kind_of(segment: Segment, length: int) -> str:
    """What a segment is good for, in the words of the state diagram."""
    flags = segment.flags
    if flags & RST:
        return "RST"
    if flags & SYN:
        return "SYN,ACK" if flags & ACK else "SYN"
    if flags & FIN:
        return "FIN"
    return "data" if length else "ACK"

"""Putting a byte stream together from segments that may overlap, repeat or come out of order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice

from handshake.tcp import seq


class Stream:
    """One direction of a connection, seen from outside.

    start: the sequence number of the first data byte (ISN + 1), if known; else the oldest number seen.
    Where two segments give different bytes for the same numbers, the first to come is kept.
    """

    def __init__(self, start: int | None = None) -> None:
        self.start = start
        self._open = False  # whether bytes before `start` may still turn up
        self._end = 0  # offset after the newest byte
        self._filled: list[tuple[int, int]] = []  # what we have: disjoint [start, end), in order
        self._pieces: list[tuple[int, bytes]] = []

    def add(self, number: int, data: bytes) -> None:
        """Bytes that begin with that sequence number."""
        if not data:
            return
        if self.start is None:
            self.start, self._open = number, True
        # Numbers wrap; offsets do not: reckon from the newest byte, which is less than 2^31 away.
        offset = self._end + seq.distance(seq.add(self.start, self._end), number)
        if offset < 0 and self._open:
            self._shift(self.start, -offset)
            offset = 0
        for low, high in _missing(self._filled, max(0, offset), offset + len(data)):
            self._pieces.append((low, data[low - offset : high - offset]))
        self._filled = _joined(self._filled, max(0, offset), offset + len(data))
        self._end = max(self._end, offset + len(data))

    def _shift(self, start: int, by: int) -> None:
        """Bytes came that are older than the oldest: count from them."""
        self.start = seq.add(start, -by)
        self._end += by
        self._filled = [(low + by, high + by) for low, high in self._filled]
        self._pieces = [(low + by, data) for low, data in self._pieces]

    @property
    def data(self) -> bytes:
        """The bytes in order; where some are missing, those after the gap follow at once."""
        return b"".join(data for _, data in sorted(self._pieces))

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """What is missing, as (offset in the stream, number of bytes)."""
        return [(low, high - low) for low, high in _missing(self._filled, 0, self._end)]


def _missing(filled: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The parts of [start, end) that are not filled yet."""
    gaps = []
    first = bisect_right(filled, start, key=lambda part: part[1])
    for low, high in islice(filled, first, None):
        if low >= end:
            break
        if start < low:
            gaps.append((start, low))
        start = max(start, high)
    if start < end:
        gaps.append((start, end))
    return gaps


def _joined(filled: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """`filled` with [start, end) added; parts that touch become one."""
    if end <= start:
        return filled
    first = bisect_left(filled, start, key=lambda part: part[1])  # the first that ends at `start` or later
    last = bisect_right(filled, end, key=lambda part: part[0])  # the first that begins after `end`
    if first < last:
        start, end = min(start, filled[first][0]), max(end, filled[last - 1][1])
    filled[first:last] = [(start, end)]
    return filled

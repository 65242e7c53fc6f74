"""Segments that came ahead of a gap: kept until the gap is filled (RFC 9293 section 3.10.7.4, SHLD-31).

Neither here nor in what waits for the program is a piece cut up or copied more often than needed, so that the
blocks of a history share them.

What is kept is a tuple of pieces (number of the first byte, bytes), in order, none touching the next.  All of
them lie in the receive window, so together they are never larger than that.
"""

from __future__ import annotations

from handshake.tcp import seq

Pieces = tuple[tuple[int, bytes], ...]

MOST = 1000
"""So many pieces are kept.  Somebody who sends every second byte could else make us work without end; whoever
has that many holes in a window will send again what we do not keep."""

SMALL = 1024
"""Smaller pieces of what waits for the program are put together, in bytes."""


def keep(pieces: Pieces, start: int, data: bytes) -> Pieces:
    """The pieces with one more.  Where bytes are there already, the first to come stay.

    The piece that is furthest ahead is given up if they become too many.
    """
    before: list[tuple[int, bytes]] = []
    after: list[tuple[int, bytes]] = []
    for piece in pieces:
        first, held = piece
        gap = seq.distance(first, start)  # from its start to ours
        if gap > len(held):
            before.append(piece)
        elif gap < -len(data):
            after.append(piece)
        else:  # they overlap, or touch: one piece from now on
            head = data[: max(0, -gap)]
            tail = data[max(0, len(held) - gap) :]
            if gap > 0:
                start = first
            data = head + held + tail
    return (*before, (start, data), *after)[:MOST]


def joined(pieces: tuple[bytes, ...], data: bytes) -> tuple[bytes, ...]:
    """Pieces that follow one another, and then these bytes."""
    if not data:
        return pieces
    if pieces and len(pieces[-1]) < SMALL:
        return (*pieces[:-1], pieces[-1] + data)
    return (*pieces, data)


def take(pieces: Pieces, number: int) -> tuple[bytes, Pieces]:
    """The bytes that begin with that number, if they are there, and the pieces that are left."""
    if pieces and pieces[0][0] == number:
        return pieces[0][1], pieces[1:]
    return b"", pieces

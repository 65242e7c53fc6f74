"""The words of an arrow: in how many ways they can be set along its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import atan2, degrees, hypot

from handshake.show.labels import Choice, Slab
from handshake.show.pen import Point, along, fitted, width
from handshake.show.scene import Arrow
from handshake.show.theme import Size

NAME, DETAIL, TAG, FATE = 12.5, 11.5, 9.5, 11.0
"""Sizes of letters: a name, the numbers beside it, an observer's remark under the line, the word "lost"."""
GAP = 7.0
"""Between the name and the numbers."""
SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)
"""How far along the line the words may stand, the best place first."""


@dataclass(frozen=True, slots=True)
class Label:
    """Words that were given a place: how far along the line (from its left end) each is centred."""

    name: str = ""
    details: str = ""
    at: float = 0.0
    tag: str = ""
    tag_at: float = 0.0


def choices(
    arrow: Arrow, start: Point, end: Point, rails: tuple[float, float], s: Size, *, shorten: bool
) -> Iterator[Choice]:
    """The ways to set the words of one arrow, the best first; few are looked at.

    rails: between which they must stay.   shorten: whether even a name may be cut short.
    """
    left, right = sorted((start, end))
    angle = degrees(atan2(right[1] - left[1], right[0] - left[0]))
    length = hypot(right[0] - left[0], right[1] - left[1])
    tag = fitted("; ".join(arrow.tags), s(TAG), length - s(76))
    tag_wide = width(tag, s(TAG))
    for cost, name, details in _wordings(arrow, length - s(34), s, shorten):
        wide = _wide(name, details, s)
        for n, share in enumerate(SHARES):
            at = _between(share * length, wide / 2 + s(15), length)
            tag_at = _between(at, tag_wide / 2 + s(26), length)
            # The browser's and matplotlib's letters are not quite as wide as those measured.
            slabs = [Slab(*along(left, angle, at, -s(10)), 0.515 * wide + s(2), s(7.4), angle)]
            if tag:
                slabs.append(Slab(*along(left, angle, tag_at, s(9.5)), 0.515 * tag_wide + s(2), s(6), angle))
            if all(rails[0] < x < rails[1] for slab in slabs for x, _ in slab.corners()):
                yield Choice(tuple(slabs), 0.35 * n + cost, Label(name, details, at, tag, tag_at))
    if shorten:  # no words at all: the number still stands, and the text twin says the rest
        yield Choice((), 99.0, Label())


def seam(label: Label, s: Size) -> float:
    """How far along the line the name ends and the numbers, after a gap, begin."""
    return label.at - _wide(label.name, label.details, s) / 2 + width(label.name, s(NAME), True)


def fate(arrow: Arrow) -> str:
    """What became of one that did not land."""
    return "lost" if arrow.fault == "lost" else "not arrived"


def fate_slab(arrow: Arrow, start: Point, end: Point, s: Size) -> Slab:
    """Where the word beside its cross lies, and the cross."""
    outward = 1 if start[0] < end[0] else -1
    half = (width(fate(arrow), s(FATE), True) + s(19)) / 2
    return Slab(end[0] + outward * (half - s(6)), end[1] + s(2), half + s(2), s(8))


def _wordings(arrow: Arrow, room: float, s: Size, shorten: bool) -> Iterator[tuple[float, str, str]]:
    """(cost, name, details): details go first, from the end; the name stays as long as it can."""
    name = listed(arrow.name, s(NAME), room)
    for n in range(len(arrow.details), -1, -1):
        details = " ".join(arrow.details[:n])
        if not details or _wide(name, details, s) <= room:
            yield 2.5 * (len(arrow.details) - n), name, details
    if shorten:
        for share in (0.6, 0.35, 0.2):
            shorter = listed(arrow.name, s(NAME), share * room)
            if len(shorter) > 3:
                yield 30 - 10 * share, shorter, ""


def listed(names: str, size: float, room: float) -> str:
    """Bold names with commas between, or as many of them as have room, the last among them."""
    first, *between, last = parts = names.split(", ") if ", " in names else [names, ""]
    if width(names, size, True) <= room or len(parts) < 3:
        return fitted(names, size, room, True)
    for count in range(len(between) - 1, -1, -1):
        shorter = ", ".join([first, *between[:count], f"… {last}"])
        if width(shorter, size, True) <= room:
            return shorter
    return fitted(names, size, room, True)


def _wide(name: str, details: str, s: Size) -> float:
    return width(name, s(NAME), True) + (s(GAP) + width(details, s(DETAIL)) if details else 0)


def _between(wanted: float, border: float, length: float) -> float:
    """The wanted place, or the nearest that keeps its distance from both ends of a line."""
    return min(max(wanted, border), length - border) if length > 2 * border else length / 2

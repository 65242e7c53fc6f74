"""Putting labels beside lines so that no two of them touch.

Each label has a few places and a few wordings, the best first.  Places are taken greedily from the top of the
page; who finds none asks for more room, and the page is laid out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from handshake.show.pen import Point


@dataclass(frozen=True, slots=True)
class Slab:
    """A rectangle at an angle: centre, half its width and height, degrees clockwise."""

    x: float
    y: float
    half_width: float
    half_height: float
    angle: float = 0.0

    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Its four corners, in turn."""
        c, s = cos(radians(self.angle)), sin(radians(self.angle))
        wx, wy = self.half_width * c, self.half_width * s
        hx, hy = -self.half_height * s, self.half_height * c
        x, y = self.x, self.y
        return (
            (x - wx - hx, y - wy - hy),
            (x + wx - hx, y + wy - hy),
            (x + wx + hx, y + wy + hy),
            (x - wx + hx, y - wy + hy),
        )


def overlap(a: Slab, b: Slab) -> bool:
    """Whether two slabs share a point: no line parallel to a side of either keeps them apart."""
    dx, dy = b.x - a.x, b.y - a.y
    reach = a.half_width + a.half_height + b.half_width + b.half_height
    if abs(dx) > reach or abs(dy) > reach:
        return False
    turn = radians(b.angle - a.angle)
    c, s = abs(cos(turn)), abs(sin(turn))
    for one, other in ((a, b), (b, a)):
        co, si = cos(radians(one.angle)), sin(radians(one.angle))
        across, down = abs(dx * co + dy * si), abs(dy * co - dx * si)
        if across >= one.half_width + other.half_width * c + other.half_height * s:
            return False
        if down >= one.half_height + other.half_width * s + other.half_height * c:
            return False
    return True


def crosses(slab: Slab, start: Point, end: Point) -> bool:
    """Whether a line runs through the slab."""
    c, s = cos(radians(slab.angle)), sin(radians(slab.angle))

    def own(point: Point) -> Point:
        dx, dy = point[0] - slab.x, point[1] - slab.y
        return dx * c + dy * s, dy * c - dx * s

    (x0, y0), (x1, y1) = own(start), own(end)
    low, high = 0.0, 1.0
    for position, change, half in (
        (x0, x1 - x0, slab.half_width),
        (y0, y1 - y0, slab.half_height),
    ):
        if abs(change) < 1e-9:
            if abs(position) >= half:
                return False
            continue
        first, second = sorted(((-half - position) / change, (half - position) / change))
        low, high = max(low, first), min(high, second)
    return low < high


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to set a label: what it covers, what it costs beside others, and what the caller calls it."""

    slabs: tuple[Slab, ...]
    cost: float
    what: object


def choose(
    choices: Iterable[Choice], taken: Sequence[Slab], lines: Sequence[tuple[Point, Point]]
) -> Choice | None:
    """The cheapest choice that covers nothing taken; a line running through it makes it dearer."""
    best: tuple[float, Choice] | None = None
    for choice in choices:
        if best is not None and choice.cost >= best[0]:
            continue
        if any(overlap(slab, other) for slab in choice.slabs for other in taken):
            continue
        cost = choice.cost + 3.0 * sum(crosses(slab, *line) for slab in choice.slabs for line in lines)
        if best is None or cost < best[0]:
            best = cost, choice
            if cost == 0:
                break
    return best and best[1]

"""Where the edges of RFC 9293 figure 5 run, worked out from where its boxes stand.

Three columns, as in the RFC.  An edge between the middle column and an outer one leaves the middle box
sideways and meets the outer box from above or below, with one rounded corner; edges within a column or a row
are straight.  Where several edges share a side of a box they get a port each, ordered so that none cross.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from matplotlib.path import Path

from handshake.show.labels import Slab, overlap
from handshake.show.pen import Point, width
from handshake.tcp.figure import EDGES, Edge, State

COLUMN, TALL = 226.0, 100.0
BOX = (118.0, 56.0)
MARGIN, TOP = 92.0, 104.0
WIDE, HIGH = 2 * (MARGIN + 6) + 2 * COLUMN, TOP + 6 * TALL + 46
LETTERS = 10.5

PLACES: dict[str, tuple[int, int]] = {
    "CLOSED": (1, 0),
    "LISTEN": (1, 1),
    "SYN-RECEIVED": (0, 2),
    "SYN-SENT": (2, 2),
    "ESTABLISHED": (1, 3),
    "FIN-WAIT-1": (0, 4),
    "CLOSE-WAIT": (2, 4),
    "FIN-WAIT-2": (0, 5),
    "CLOSING": (1, 5),
    "LAST-ACK": (2, 5),
    "TIME-WAIT": (1, 6),
    "CLOSED again": (2, 6),
}
"""Column and row of each box: the one thing that the drawing adds to the table of edges.

CLOSED stands at the start and, as in the RFC, once more at the end.
"""


@dataclass(frozen=True)
class Route:
    """One edge on the page: its corners, and where its words go."""

    edge: Edge
    source: str
    target: str
    points: tuple[Point, ...]
    event: Point
    sends: Point
    rule: tuple[Point, Point] | None
    """Between the two lines of words, where the edge itself does not run between them."""


def box_of(state: State, other: State) -> str:
    """The box that stands for a state at one end of an edge: CLOSED has two, the nearer one is meant."""
    if state is not State.CLOSED:
        return str(state)
    _, row = PLACES[str(other)]
    return "CLOSED" if row < 3 else "CLOSED again"


def centre(box: str) -> Point:
    """The middle of a box."""
    column, row = PLACES[box]
    return WIDE / 2 + (column - 1) * COLUMN, TOP + row * TALL


def outline(box: str, grow: float = 0.0) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box."""
    x, y = centre(box)
    return x - BOX[0] / 2 - grow, y - BOX[1] / 2 - grow, x + BOX[0] / 2 + grow, y + BOX[1] / 2 + grow


@lru_cache(maxsize=1)
def routes() -> tuple[Route, ...]:
    """Every drawn edge of the figure, in the order of the table."""
    drawn = [edge for edge in EDGES if edge.drawn]
    ends = [(box_of(e.source, e.target), box_of(e.target, e.source)) for e in drawn]
    sides = [_sides(*pair) for pair in ends]
    ports = _ports(ends, sides)
    corners = [_corners(i, ends[i], sides[i], ports) for i in range(len(drawn))]
    taken = [Slab(*centre(box), BOX[0] / 2, BOX[1] / 2) for box in PLACES]
    for points in corners:
        taken += [_segment(a, b) for a, b in pairwise(points)]
    found = []
    for edge, pair, points in zip(drawn, ends, corners, strict=True):
        event, sends, rule = _words(edge, points, taken)
        found.append(Route(edge, *pair, points, event, sends, rule))
    return tuple(found)


def curve(points: tuple[Point, ...], radius: float = 12.0, shorten: float = 0.0) -> Path:
    """The points joined, with round corners; shortened at its end, to make room for the arrow's head."""
    (ax, ay), (bx, by) = points[-2:]
    long = abs(bx - ax) + abs(by - ay)
    last = (bx - (bx - ax) / long * shorten, by - (by - ay) / long * shorten)
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:-1], points[2:], strict=False):
        vertices += [_towards(corner, before, radius), corner, _towards(corner, after, radius)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, last], [*codes, Path.LINETO])


def sends_text(edge: Edge) -> str:
    """What is sent, in the figure's words."""
    return f"snd {edge.sends}" if edge.sends else ""


def _sides(source: str, target: str) -> tuple[str, str]:
    """Which side of each box an edge uses: n, e, s or w."""
    (c0, r0), (c1, r1) = PLACES[source], PLACES[target]
    if c0 == c1:
        return ("s", "n") if r1 > r0 else ("n", "s")
    if r0 == r1 or (c0 != 1 and c1 != 1):
        return ("e", "w") if c1 > c0 else ("w", "e")
    if c0 == 1:  # from the middle: sideways, then down or up
        return ("w" if c1 < 1 else "e"), ("n" if r0 < r1 else "s")
    side = "w" if c0 < 1 else "e"
    if (c0, r1) in PLACES.values():  # another box stands at that corner: go round the other way
        return ("e" if c0 < 1 else "w"), ("n" if r0 < r1 else "s")
    return ("s" if r1 > r0 else "n"), side


Ports = dict[tuple[int, int], float]
"""For edge i at its source (0) or target (1): how far its port is from the middle of that side."""


def _ports(ends: list[tuple[str, str]], sides: list[tuple[str, str]]) -> Ports:
    users: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for i, (pair, pair_sides) in enumerate(zip(ends, sides, strict=True)):
        for k in (0, 1):
            users[(pair[k], pair_sides[k])].append((i, k))
    ports: Ports = {}
    # Sides of boxes first, from top to bottom: the runs that leave there decide who is outermost elsewhere.
    for (_, side), uses in users.items():
        if side in "ew":
            uses.sort(key=lambda use: (PLACES[ends[use[0]][1 - use[1]]][1], use[0]))
            _spread(uses, 38.0, ports)
    for (box, side), uses in users.items():
        if side in "ns":
            column, _ = PLACES[box]
            outward = 1 if column > 1 else -1

            def reach(use: tuple[int, int], box: str = box) -> float:
                """How far its run lies from the box; a straight one stays outermost."""
                i, k = use
                other = ends[i][1 - k]
                if PLACES[other][0] == PLACES[box][0]:
                    return 1e6 - use[0]
                return abs(centre(other)[1] + ports[(i, 1 - k)] - centre(box)[1])

            uses.sort(key=lambda use: outward * reach(use))
            _spread(uses, 34.0, ports)
    # A straight edge has one port: the same at both its ends.
    for i, (pair, pair_sides) in enumerate(zip(ends, sides, strict=True)):
        if set(pair_sides) in ({"n", "s"}, {"e", "w"}):
            chosen = min((ports[(i, 0)], ports[(i, 1)]), key=abs) if pair[0] != "CLOSED" else ports[(i, 0)]
            ports[(i, 0)] = ports[(i, 1)] = chosen
    _part_pairs(ends, sides, ports)
    return ports


def _part_pairs(ends: list[tuple[str, str]], sides: list[tuple[str, str]], ports: Ports) -> None:
    """Two straight edges between the same boxes, there and back, run side by side: down on the left."""
    for i, pair in enumerate(ends):
        if pair[::-1] in ends and set(sides[i]) == {"n", "s"}:
            ports[(i, 0)] = ports[(i, 1)] = -17.0 if sides[i][0] == "s" else 17.0


def _spread(uses: list[tuple[int, int]], apart: float, ports: Ports) -> None:
    for n, use in enumerate(uses):
        ports[use] = (n - (len(uses) - 1) / 2) * apart


def _port(box: str, side: str, offset: float) -> Point:
    x, y = centre(box)
    w, h = BOX[0] / 2, BOX[1] / 2
    if side in "ns":
        return x + offset, y - h if side == "n" else y + h
    return x + w if side == "e" else x - w, y + offset


def _corners(i: int, pair: tuple[str, str], sides: tuple[str, str], ports: Ports) -> tuple[Point, ...]:
    start = _port(pair[0], sides[0], ports[(i, 0)])
    end = _port(pair[1], sides[1], ports[(i, 1)])
    if start[0] == end[0] or start[1] == end[1]:
        return start, end
    bend = (end[0], start[1]) if sides[0] in "ew" else (start[0], end[1])
    return start, bend, end


def _segment(a: Point, b: Point) -> Slab:
    return Slab((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, abs(a[0] - b[0]) / 2 + 1, abs(a[1] - b[1]) / 2 + 1)


def _towards(point: Point, other: Point, far: float) -> Point:
    long = abs(other[0] - point[0]) + abs(other[1] - point[1])
    far = min(far, long / 2)
    return point[0] + (other[0] - point[0]) / long * far, point[1] + (other[1] - point[1]) / long * far


def _words(
    edge: Edge, points: tuple[Point, ...], taken: list[Slab]
) -> tuple[Point, Point, tuple[Point, Point] | None]:
    """Where the event and what is sent go: around a horizontal run, or beside a vertical one."""
    wide = [width(text, LETTERS) for text in (edge.event, sends_text(edge))]
    half = max(wide) / 2 + 2
    runs = [(a, b) for a, b in pairwise(points) if a[1] == b[1]]
    if runs:
        a, b = runs[0]
        for share in (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.25, 0.75):
            x = a[0] + share * (b[0] - a[0])
            slabs = [Slab(x, a[1] - 10, half, 6), *([Slab(x, a[1] + 10, half, 6)] if edge.sends else [])]
            if not any(overlap(slab, other) for slab in slabs for other in taken):
                taken += slabs
                return (x, a[1] - 5.5), (x, a[1] + 13.5), None
    a, b = points[:2]
    y = (a[1] + b[1]) / 2
    for side in (1, -1):
        for down in (0.0, -14.0, 14.0, -28.0, 28.0):
            x = a[0] + side * (half + 7)
            slab = Slab(x, y + down, half + 4, 16 if edge.sends else 8)
            if not any(overlap(slab, other) for other in taken):
                taken.append(slab)
                if not edge.sends:
                    return (x, y + down + 4), (x, y), None
                rule = ((x - half + 2, y + down), (x + half - 2, y + down))
                return (x, y + down - 5), (x, y + down + 13), rule
    raise ValueError(f"no room for the words of {edge}")

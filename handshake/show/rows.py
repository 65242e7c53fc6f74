"""Where each moment lies on the page: time, made elastic.

Time runs downwards and its order is kept, but a picture to scale would put four segments of one millisecond
on top of each other, and a minute of silence on three pages.  So distances stretch where labels would
collide, and a long silence shrinks to a break that says how long it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

ROW = 27.0
"""At least so far apart leave (and land) the transits of one end."""
DROP = 34.0
"""A transit falls at least so far on its way."""
FLIGHT = 62.0
"""How far the usual transit falls."""
BAR = 24.0
"""At least so tall is the bar of a state."""
LONGEST = 92.0
"""What would be farther apart is drawn nearer."""
BREAK = 58.0
"""A silence is at least so tall, to hold its words."""
WAY = 26.0
"""So much room is before a break through which something is under way, to hold the name of that."""
SHRUNK = 2.5
"""A gap drawn so many times too short gets a break mark."""


@dataclass(slots=True, eq=False)
class Mark:
    """Something that happened at one end.

    kind: "sent", "landed", "lost" (out on the way) or "step".   number: of the transit, or of the step.
    order: of marks of the same time.   extra: more room wanted above it.
    moves: whether a new state begins here.
    """

    time: float
    end: str
    kind: str
    number: int
    order: float
    extra: float = 0.0
    moves: bool = False
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Break:
    """A stretch of time drawn much too short: the middle of the mark, and the seconds that passed."""

    y: float
    seconds: float
    after: float
    """When it began."""


def ordered(marks: Iterable[Mark]) -> list[Mark]:
    """In the order of time; of one moment, in the order in which things caused each other."""
    return sorted(marks, key=lambda mark: (mark.time, mark.order))


def place(marks: Sequence[Mark], top: float, scale: float = 1.0) -> list[Break]:
    """Give every mark (in order) its y, starting at `top`; the answer is where time is broken."""
    per_second = _points_per_second(marks) * scale
    breaks: list[Break] = []
    last: dict[tuple[str, str], float] = {}
    left: dict[int, float] = {}
    flying: set[int] = set()
    before: Mark | None = None
    for mark in marks:
        y = top
        if before is not None:
            gap = per_second * (mark.time - before.time)
            shrunk = gap > SHRUNK * LONGEST * scale
            way = WAY * scale if flying else 0.0
            y = before.y + (BREAK * scale + way if shrunk else min(gap, LONGEST * scale))
            if shrunk:
                breaks.append(Break(before.y + way + BREAK * scale / 2, mark.time - before.time, before.time))
                # The break keeps its room to itself, whatever else pushes this mark down.
        if mark.kind != "step":
            for kind in ("sent",) if mark.kind == "sent" else ("landed", "lost"):
                y = max(y, last.get((mark.end, kind), top - ROW * scale) + ROW * scale)
        if mark.kind in ("landed", "lost") and mark.number in left:
            y = max(y, left[mark.number] + DROP * scale * (1 if mark.kind == "landed" else 0.7))
        if mark.moves:
            y = max(y, last.get((mark.end, "move"), top - BAR * scale) + BAR * scale)
            last[(mark.end, "move")] = y + mark.extra
        mark.y = y = y + mark.extra
        last[(mark.end, mark.kind)] = y
        if mark.kind == "sent":
            left[mark.number] = y
            flying.add(mark.number)
        elif mark.kind != "step":
            flying.discard(mark.number)
        before = mark
    return breaks


def _points_per_second(marks: Sequence[Mark]) -> float:
    """The scale at which the usual flight has its usual fall; without flights, the usual gap."""
    left = {mark.number: mark.time for mark in marks if mark.kind == "sent"}
    flights = [m.time - left[m.number] for m in marks if m.kind in ("landed", "lost") and m.number in left]
    flights = [flight for flight in flights if flight > 0]
    if flights:
        return FLIGHT / median(flights)
    gaps = [b.time - a.time for a, b in pairwise(marks) if b.time > a.time]
    return ROW / median(gaps) if gaps else 1.0


def moment(seconds: float, places: int = 2) -> str:
    """A time on the clock: "20 ms", "20.05 ms", "61.02 s", "2 h 11 min".   places: decimals of a ms."""
    if abs(seconds) >= 3600:
        return lasting(seconds, 3)
    if abs(seconds) >= 1:
        return f"{_trimmed(seconds, 3)} s"
    if 0 < abs(seconds) < 0.001:
        return f"{_trimmed(1e6 * seconds, 0)} µs"
    return f"{_trimmed(1000 * seconds, places)} ms"


def span(seconds: float) -> str:
    """How long something took: "58.9 s", "300 ms"."""
    if not seconds:
        return "0 ms"
    if seconds >= 1:
        return f"{_trimmed(seconds, 1)} s"
    if seconds >= 0.001:
        return f"{_trimmed(1000 * seconds, 0 if seconds >= 0.1 else 1)} ms"
    return f"{_trimmed(1e6 * seconds, 0)} µs"


def lasting(seconds: float, parts: int = 2) -> str:
    """How long something took, however long: "20 ms", "63 s", "15 min 24 s", "2 h 11 min", "10 days".

    parts: in how many units at most.
    """
    if seconds < 100:
        return span(seconds)
    units = (("day", 86400), ("h", 3600), ("min", 60), ("s", 1))
    whole = round(seconds)
    first = next(n for n, (_, size) in enumerate(units) if whole >= size)
    told = []
    for name, size in units[first : first + parts]:
        count, whole = divmod(whole, size)
        if count:
            told.append(f"{count} {name}{'s' if name == 'day' and count > 1 else ''}")
    return " ".join(told)


def _trimmed(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text

"""Axes on a sheet: a frame with ticks, and the way from values to points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from handshake.show import rows, theme
from handshake.show.pen import Point, Sheet, width

LETTERS = 10.0


@dataclass(frozen=True)
class Scale:
    """Values along one side of a frame.

    low, high: the values at its ends.   log: whether equal factors are equally long.
    ticks: (value, words) of the marks.   title: what is measured.   words: says a value; as a number if none.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str = ""
    log: bool = False
    words: Callable[[float], str] | None = None

    def said(self, value: float) -> str:
        """A value, in words."""
        return self.words(value) if self.words else f"{value:.4g}"

    def share(self, value: float) -> float:
        """How far along the side a value lies, from 0 to 1; beyond the ends it is cut off."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = log10(max(value, low)), log10(low), log10(high)
        return min(max((value - low) / (high - low), 0.0), 1.0)


def linear(low: float, high: float, words: Callable[[float], str], title: str = "", count: int = 6) -> Scale:
    """A scale with about `count` round ticks."""
    if high <= low:
        high = low + 1
    step = round_step((high - low) / count)
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    ticks = tuple((n * step, words(n * step)) for n in range(first, last + 1))
    return Scale(low, high, ticks, title, words=words)


def round_step(least: float) -> float:
    """The next larger of 1, 2, 5, 10, 20, 50 ..."""
    power = 10.0 ** floor(log10(least))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= least * (1 - 1e-9))


TIMES = (
    (0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1.0, "1 s"), (10.0, "10 s"), (60.0, "1 min"),
    (600.0, "10 min"), (3600.0, "1 h"), (21600.0, "6 h"), (86400.0, "1 day"), (864000.0, "10 days"),
)  # fmt: skip


def times(low: float, high: float, title: str = "") -> Scale:
    """A logarithmic scale of times, in seconds, with the marks that people use."""
    ticks = tuple((value, words) for value, words in TIMES if low <= value <= high)
    return Scale(low, high, ticks, title, log=True, words=rows.lasting)


@dataclass(frozen=True)
class Axes:
    """A frame on a sheet, with a scale along its lower and its left side."""

    sheet: Sheet
    left: float
    top: float
    right: float
    bottom: float
    x: Scale
    y: Scale

    def point(self, x: float, y: float) -> Point:
        """Where a pair of values lies."""
        return (
            self.left + self.x.share(x) * (self.right - self.left),
            self.bottom - self.y.share(y) * (self.bottom - self.top),
        )

    def draw(self, *, across: bool = True, down: bool = False) -> None:
        """The frame, its ticks, and quiet lines across (or down) for them."""
        sheet = self.sheet
        last = -1e9
        for value, words in self.y.ticks:
            _, y = self.point(self.x.low, value)
            if across:
                sheet.line([(self.left, y), (self.right, y)], theme.GRID, 1.0, tags="grid")
            sheet.text((self.left - 7, y + 3.5), words, LETTERS, theme.MUTED, align="right", tags="tick")
        for value, words in self.x.ticks:
            x, _ = self.point(value, self.y.low)
            if down:
                sheet.line([(x, self.top), (x, self.bottom)], theme.GRID, 1.0, tags="grid")
            sheet.line([(x, self.bottom), (x, self.bottom + 4)], theme.RAIL, 1.0, tags="tick")
            half = width(words, LETTERS) / 2
            if x - half > last + 6:
                sheet.text((x, self.bottom + 16), words, LETTERS, theme.MUTED, align="center", tags="tick")
                last = x + half
        sheet.line([(self.left, self.bottom), (self.right, self.bottom)], theme.RAIL, 1.2, tags="axis")
        if self.x.title:
            at = ((self.left + self.right) / 2, self.bottom + 33)
            sheet.text(at, self.x.title, LETTERS + 1, align="center", tags="title")
        if self.y.title:
            sheet.text((self.left - 7, self.top - 12), self.y.title, LETTERS + 1, tags="title",
                       align="left")  # fmt: skip

    def steps(self, points: Sequence[tuple[float, float]]) -> list[Point]:
        """A staircase through pairs of values: each value holds until the next begins."""
        corners: list[Point] = []
        for (x, y), following in zip(points, [*points[1:], None], strict=True):
            corners.append(self.point(x, y))
            if following is not None:
                corners.append(self.point(following[0], y))
        return corners


@dataclass(frozen=True)
class Key:
    """One entry of a legend.   shape: "line", "dashed", "box", "disc", "ring" or "cross".

    edge: of a box, where it has one.
    """

    words: str
    colour: str
    shape: str = "line"
    edge: str = "none"


def legend(sheet: Sheet, at: Point, keys: Sequence[Key], right: float) -> float:
    """Entries side by side from a point on, in as many rows as needed; the answer is where they end."""
    x, y = at
    for key in keys:
        needs = 24 + width(key.words, LETTERS) + 18
        if x + needs - 18 > right and x > at[0]:
            x, y = at[0], y + 17
        symbol(sheet, (x + 8, y - 3.5), key.colour, key.shape, edge=key.edge)
        sheet.text((x + 22, y), key.words, LETTERS, theme.MUTED, tags="key")
        x += needs
    return y + 10


def symbol(
    sheet: Sheet, at: Point, colour: str, shape: str, size: float = 4.0, tags: str = "", edge: str = "none"
) -> None:
    """A small sign at a point."""
    x, y = at
    if shape in ("line", "dashed"):
        sheet.line(
            [(x - 8, y), (x + 8, y)], colour, 2.2, dash=(4, 2) if shape == "dashed" else None, tags=tags
        )
    elif shape == "box":
        sheet.box(x - 7, y - 5, x + 7, y + 5, 2, face=colour, edge=edge, tags=tags)
    elif shape == "disc":
        sheet.circle(at, size, face=colour, tags=tags)
    elif shape == "ring":
        sheet.circle(at, size, face=theme.PAGE, edge=colour, tags=tags)
    else:
        sheet.line([(x - size, y - size), (x + size, y + size)], colour, 2.0, tags=tags)
        sheet.line([(x - size, y + size), (x + size, y - size)], colour, 2.0, tags=tags)


def page(title: str, subtitle: Sequence[str], wide: float, tall: float) -> tuple[Sheet, float]:
    """A sheet with a title and lines under it; the answer includes where the space below begins."""
    from handshake.show.pen import fitted

    top = 44 + 17 * len(subtitle)
    sheet = Sheet(wide, top + tall)
    sheet.text((16, 28), fitted(title, 17, wide - 32, True), 17, bold=True)
    for n, line in enumerate(subtitle):
        sheet.text((16, 49 + 17 * n), fitted(line, 11.5, wide - 32), 11.5, theme.MUTED)
    return sheet, top

"""Curves: one quantity against another, with a line or dots for each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handshake.show import theme
from handshake.show.axes import Axes, Key, Scale, legend, page, symbol
from handshake.show.picture import Picture

Point = tuple[float, float]

COLOURS = (theme.CLIENT, theme.SERVER, theme.FORGED, theme.edge("ESTABLISHED"), theme.MUTED)
"""One for each series, in order; a series differs from its neighbour in its shape too."""


@dataclass(frozen=True)
class Series:
    """The points of a curve.   shape: "line", "dashed", or "disc", "ring", "cross" for dots.

    stairs: each value holds until the next begins.   colour: one of its own.
    """

    points: Sequence[Point]
    shape: str = "line"
    stairs: bool = False
    colour: str = ""


def curves(
    series: Mapping[str, Series], x: Scale, y: Scale, *, title: str, subtitle: str | Sequence[str] = (),
    mark: tuple[float, str] | None = None,
) -> Picture:  # fmt: skip
    """The series in one frame, by name.   mark: a value along x to point out, and its words."""
    if isinstance(subtitle, str):
        subtitle = [subtitle]
    wide, tall = 900.0, 330.0
    sheet, top = page(title, subtitle, wide, tall + 78)
    axes = Axes(sheet, 76, top + 24, wide - 24, top + tall, x, y)
    axes.draw(down=True)
    if mark is not None:
        across, _ = axes.point(mark[0], y.low)
        sheet.line([(across, axes.top), (across, axes.bottom)], theme.INK, 1.2, dash=(2, 3), tags="mark")
        right = across > (axes.left + axes.right) / 2
        at = (across - 6 if right else across + 6, axes.top + 12)
        sheet.text(at, mark[1], 10, align="right" if right else "left", tags="mark label")
    inks = [one.colour or COLOURS[n % len(COLOURS)] for n, one in enumerate(series.values())]
    for n, one in enumerate(series.values()):
        colour, tags = inks[n], f"series n{n}"
        if one.shape in ("line", "dashed"):
            points = axes.steps(one.points) if one.stairs else [axes.point(*each) for each in one.points]
            dash = (5.0, 3.0) if one.shape == "dashed" else None
            if len(points) > 1:
                sheet.line(points, colour, 2.0, dash=dash, tags=tags)
        else:
            for each in one.points:
                symbol(sheet, axes.point(*each), colour, one.shape, 3.6, tags)
    keys = [Key(name, ink, one.shape) for ink, (name, one) in zip(inks, series.items(), strict=True)]
    legend(sheet, (76, top + tall + 58), keys, wide - 16)
    return Picture(sheet.figure, _text(series, x, y, subtitle), title, description=" ".join(subtitle))


def _text(series: Mapping[str, Series], x: Scale, y: Scale, subtitle: Sequence[str]) -> str:
    """Every series as a table, of at most twenty rows."""
    lines = list(subtitle)
    for name, one in series.items():
        lines += ["", name, f"  {x.title or 'x':>28}  {y.title or 'y'}"]
        every = max(1, len(one.points) // 20)
        lines += [f"  {x.said(a):>28}  {y.said(b)}" for a, b in one.points[::every]]
    return "\n".join(lines)

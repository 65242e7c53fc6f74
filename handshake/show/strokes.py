"""The strokes of a timeline: how each thing that was laid out looks."""

from __future__ import annotations

from itertools import pairwise
from math import atan2, degrees
from typing import TYPE_CHECKING, Any

from matplotlib.path import Path

from handshake.show import captions, rows, theme
from handshake.show.labels import Slab, crosses, overlap
from handshake.show.pen import Point, Sheet, along, fitted, width
from handshake.show.scene import SAID, Arrow, address

if TYPE_CHECKING:
    from handshake.show.timeline import Bar, Drawing

FADING = ((0.0, 0.55, None), (0.55, 0.75, 0.65), (0.75, 0.9, 0.4), (0.9, 1.0, 0.22))
"""A line towards an end that nobody saw: from, to, and how faint."""

LEGEND = {
    "hollow": "hollow: not seen, reckoned from half the round trip",
    "nowhere": "hollow: not seen; the capture does not tell how long it took",
    "inferred": "outlined: inferred from the capture",
    "unknown": "dotted: unknown",
    "elastic": "time runs downwards, but not to scale",
}


def paint(drawing: Drawing, sheet: Sheet, bars: list[Bar], legend: list[list[str]]) -> None:
    """Everything, from the back to the front."""
    if drawing.scene.connection is not None:
        _grid(drawing, sheet)
        for end in drawing.x:
            x = drawing.x[end]
            top = drawing.top - drawing.size(12)
            sheet.line([(x, top), (x, drawing.bottom)], theme.RAIL, 1.6, tags="rail")
        for bar in bars:
            _bar(drawing, sheet, bar)
        for arrow in drawing.scene.arrows:
            _line(drawing, sheet, arrow)
        for arrow in drawing.scene.arrows:  # after the lines, so that none covers a head
            _ends(drawing, sheet, arrow)
        _breaks(drawing, sheet)
        for arrow in drawing.scene.arrows:
            _words(drawing, sheet, arrow)
        _causes(drawing, sheet)
    _head(drawing, sheet)
    _legend(drawing, sheet, legend)


def legend_rows(drawing: Drawing) -> list[list[str]]:
    """What needs explaining in this picture, in rows that fit."""
    unseen = [arrow.unseen for arrow in drawing.scene.arrows if arrow.unseen]
    certainties = {step.certainty for _, step in drawing.scene.steps}
    wanted = []
    if any(len(names) == 1 for names in unseen):
        wanted.append("hollow")
    elif unseen:
        wanted.append("nowhere")
    wanted += [name for name in ("inferred", "unknown") if name in certainties]
    if drawing.breaks or _uneven(drawing):
        wanted.append("elastic")
    found: list[list[str]] = []
    room = 0.0
    for name in wanted:
        needs = width(LEGEND[name], drawing.size(10)) + drawing.size(46)
        if needs > room:
            found.append([])
            room = drawing.size.width - 2 * drawing.margin
        found[-1].append(name)
        room -= needs
    return found


def _uneven(drawing: Drawing) -> bool:
    """Whether equal times are far from equal distances."""
    marks = drawing.marks
    pairs = [(b.time - a.time, b.y - a.y) for a, b in pairwise(marks) if b.y - a.y > 8]
    rates = [dt / dy for dt, dy in pairs]
    return bool(rates) and max(rates) > 1.5 * min(rates)


def _head(drawing: Drawing, sheet: Sheet) -> None:
    s = drawing.size
    room = s.width - 2 * drawing.margin
    letters = s(18) * min(1.0, max(0.7, room / width(drawing.title or " ", s(18), True)))
    sheet.text((drawing.margin, s(26)), fitted(drawing.title, letters, room, True), letters, bold=True)
    for n, line in enumerate(drawing.sub_lines):
        at = (drawing.margin, drawing.sub_top + s(17) * n + s(6))
        sheet.text(at, line, drawing.sub_size, theme.MUTED)
    if drawing.scene.window:
        _strip(drawing, sheet)
    connection = drawing.scene.connection
    if connection is None:
        return
    for end, x in drawing.x.items():
        sheet.text((x, drawing.head), end, s(14), theme.END[end], bold=True, align="center")
        where = fitted(address(connection.address(end)), s(10.5), s.width / 2 - drawing.margin - s(20))
        # A long address stays on the page, if not in the middle.
        half = drawing.margin + 0.52 * width(where, s(10.5))
        at = min(max(x, half), s.width - half), drawing.head + s(16)
        sheet.text(at, where, s(10.5), theme.MUTED, align="center")


def _strip(drawing: Drawing, sheet: Sheet) -> None:
    """The whole connection as a strip, and which part of it is drawn."""
    s = drawing.size
    left, right = drawing.margin, s.width - drawing.margin
    top, bottom = drawing.strip_top + s(2), drawing.strip_top + s(16)
    sheet.box(left, top, right, bottom, s(3), face=theme.GRID)
    first, last = (
        left + (right - left) * place / max(1, drawing.scene.total) for place in drawing.scene.place
    )
    last = max(last, first + s(3))
    sheet.box(first, top, last, bottom, s(3), face=theme.CLIENT)
    ticks = min(drawing.scene.total, 150)
    for n in range(1, ticks):
        x = left + (right - left) * n / ticks
        sheet.line([(x, top + s(4)), (x, bottom - s(4))], theme.PAGE, 0.7)


def _grid(drawing: Drawing, sheet: Sheet) -> None:
    """A quiet line and a time for every moment that has room for one."""
    s = drawing.size
    unseen = {(a.number, kind) for a in drawing.scene.arrows for kind in a.unseen}
    shown = {a.number: a for a in drawing.scene.arrows}
    last, before, told = 0.0, 0.0, ""
    ruled: list[Point] = []
    for mark in drawing.marks:
        kind = "left" if mark.kind == "sent" else "landed"
        if mark.kind == "lost" or mark.y - last < s(16):
            continue
        last = mark.y
        arrow = shown.get(mark.number) if mark.kind != "step" else None
        position = 1 if arrow is None else arrow.shown if kind == "left" else arrow.lands
        tags = f"st s{position} time"
        ruled += [(drawing.x["client"], mark.y), (drawing.x["server"], mark.y)]
        about = "~" if (mark.number, kind) in unseen and mark.kind != "step" else ""
        time = about + rows.moment(mark.time, 1 if about else 2)
        if (
            time == told and mark.time >= 60 and mark.time - before >= 1e-6
        ):  # (hours later, 20 ms still count)
            time = f"+ {rows.span(mark.time - before)}"
        else:
            told = time
        before = mark.time
        sheet.text((drawing.time_right, mark.y + s(3.6)), time, s(10), theme.MUTED, align="right", tags=tags)
    if ruled:
        codes = [Path.MOVETO, Path.LINETO] * (len(ruled) // 2)
        sheet.path(Path(ruled, codes), edge=theme.GRID, tags="grid")


def _bar(drawing: Drawing, sheet: Sheet, bar: Bar) -> None:
    s = drawing.size
    gap = s(32)
    x = drawing.x[bar.end]
    left = x - gap - drawing.bar_width if bar.end == "client" else x + gap
    right = left + drawing.bar_width
    top, bottom = bar.top + 1.2, bar.bottom - 1.2
    tags = f"st s{bar.position} bar {bar.end}"
    fill, edge = theme.fill(bar.state), theme.edge(bar.state)
    state = bar.state
    ink = theme.INK
    if state == theme.OFF:
        sheet.box(left + 0.8, top, right - 0.8, bottom, s(4), edge=theme.MUTED, dash=(5, 3), tags=tags)
        ink = theme.MUTED
    elif bar.certainty == "ran":
        sheet.box(left, top, right, bottom, s(4), face=fill, tags=tags)
    elif bar.certainty == "inferred":
        sheet.box(left + 0.8, top, right - 0.8, bottom, s(4), face="none", edge=edge, width=1.8, tags=tags)
    else:
        sheet.box(left + 0.8, top, right - 0.8, bottom, s(4), edge=theme.MUTED, dash=(1.5, 2.5), tags=tags)
        state = "?"
    # The words go to the tallest part that no break runs through, and again and again in a very tall one.
    edges = [top, *(b.y for b in drawing.breaks if top < b.y < bottom), bottom]
    spans = [(b - a - (s(26) if len(edges) > 2 else 0), a, b) for a, b in pairwise(edges)]
    tall, a, b = max(spans)
    times = 1 + int(tall / s(480))
    for n in range(times):
        at = (left + right) / 2, a + (b - a) * (n + 0.5) / times
        sheet.middle(at, state, drawing.state_size, ink, bold=True, tags=tags)


def colour(arrow: Arrow) -> str:
    """The colour of an arrow: its end's, or that of what befell it."""
    return theme.FAULT.get(arrow.fault or "", theme.END[arrow.sender])


def _line(drawing: Drawing, sheet: Sheet, arrow: Arrow) -> None:
    """The way of a transit, faint towards an end that nobody saw."""
    s = drawing.size
    start, end = drawing.line(arrow)
    ink = colour(arrow)
    angle = degrees(atan2(end[1] - start[1], end[0] - start[0]))
    tags = f"st s{arrow.shown} t{arrow.number} line"
    dash = (4.0, 2.2) if arrow.reach < 1 or arrow.fault == "forged" else None
    tip = along(end, angle, -s(8)) if arrow.reach == 1 else end

    def part(a: float, b: float, alpha: float | None) -> None:
        points = [(start[0] + (tip[0] - start[0]) * f, start[1] + (tip[1] - start[1]) * f) for f in (a, b)]
        sheet.line(points, ink, s(1.9), dash=dash, tags=tags, alpha=alpha)

    if len(arrow.unseen) == 1 and arrow.reach == 1:
        for a, b, alpha in FADING:
            part(*((a, b) if "landed" in arrow.unseen else (1 - b, 1 - a)), alpha)
    else:
        part(0, 1, None)


def _ends(drawing: Drawing, sheet: Sheet, arrow: Arrow) -> None:
    """Its number where it left, and its head where it landed, or a cross where it was lost."""
    s = drawing.size
    start, end = drawing.line(arrow)
    ink = colour(arrow)
    angle = degrees(atan2(end[1] - start[1], end[0] - start[0]))
    tags = f"st s{arrow.shown} t{arrow.number} line"
    if arrow.reach == 1:
        head = [end, along(end, angle, -s(11), -s(4.4)), along(end, angle, -s(11), s(4.4))]
        hollow = "landed" in arrow.unseen
        sheet.polygon(
            head, face=theme.PAGE if hollow else ink, edge=ink, width=1.3,
            tags=f"st s{arrow.lands} t{arrow.number} head",
        )  # fmt: skip
    else:
        r = s(5.5)
        x, y = end
        if arrow.fault == "lost":
            sheet.line([(x - r, y - r), (x + r, y + r)], ink, s(2.4), tags=tags)
            sheet.line([(x - r, y + r), (x + r, y - r)], ink, s(2.4), tags=tags)
        else:
            sheet.circle(end, s(3.5), face=theme.PAGE, edge=ink, tags=tags)
    _disc(drawing, sheet, arrow, start, ink)


def _disc(drawing: Drawing, sheet: Sheet, arrow: Arrow, start: Point, ink: str) -> None:
    """The number, outside the lifeline where the transit was sent; a diamond for a forged one."""
    s = drawing.size
    tags = f"st s{arrow.shown} t{arrow.number} disc"
    at = (start[0] + (-s(16) if arrow.sender == "client" else s(16)), start[1])
    hollow = "left" in arrow.unseen
    face, edge, letters = (theme.PAGE, ink, ink) if hollow else (ink, "none", theme.PAGE)
    if arrow.fault == "forged":
        r = s(11)
        x, y = at
        sheet.polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], face=face, edge=edge, tags=tags)
    else:
        sheet.circle(at, s(9), face=face, edge=edge, tags=tags)
    number = str(arrow.number)
    size = min(s(10), s(10) * s(14) / max(1, width(number, s(10), True)))
    sheet.middle(at, number, size, letters, bold=True, tags=tags)


def _words(drawing: Drawing, sheet: Sheet, arrow: Arrow) -> None:
    """Name and details, centred together along the line; a tag under it; the word beside a cross."""
    s = drawing.size
    label = drawing.labels[arrow.number]
    start, end = drawing.line(arrow)
    left, right = sorted((start, end))
    angle = degrees(atan2(right[1] - left[1], right[0] - left[0]))
    style: dict[str, Any] = {"angle": angle, "tags": f"st s{arrow.shown} t{arrow.number} label"}
    if label.details:
        # Set from the seam outwards, the two keep their distance in any font.
        seam = captions.seam(label, s)
        at = along(left, angle, seam, -s(6))
        sheet.text(at, label.name, s(captions.NAME), bold=True, align="right", **style)
        after = along(left, angle, seam + s(captions.GAP), -s(6))
        sheet.text(after, label.details, s(captions.DETAIL), theme.MUTED, **style)
    elif label.name:
        at = along(left, angle, label.at, -s(6))
        sheet.text(at, label.name, s(captions.NAME), bold=True, align="center", **style)
    if label.tag:
        at = along(left, angle, label.tag_at, s(13))
        sheet.text(at, label.tag, s(captions.TAG), colour(arrow), italic=True, align="center", **style)
    if arrow.reach < 1:
        ahead = s(13) if start[0] < end[0] else -s(13)
        sheet.text(
            (end[0] + ahead, end[1] + s(6)), captions.fate(arrow), s(captions.FATE), colour(arrow), bold=True,
            align="left" if ahead > 0 else "right", tags=style["tags"],
        )  # fmt: skip


def _causes(drawing: Drawing, sheet: Sheet) -> None:
    """Calls and timeouts, beside the lifeline where they have room."""
    s = drawing.size
    lines = [drawing.line(arrow) for arrow in drawing.scene.arrows]
    taken = list(drawing.taken)
    taken += [Slab(end[0], end[1], s(12), s(5)) for _, end in lines]
    notes = [
        (position, mark, step.cause, theme.MUTED)
        for position, step in drawing.scene.steps
        if step.transit is None and (mark := drawing.acted.get(position)) is not None
    ]
    notes += [
        (position, mark, SAID[event.kind], theme.LOST)
        for (position, event), mark in zip(drawing.scene.events, drawing.happened, strict=True)
    ]
    for position, mark, words, ink in notes:
        half = width(words, s(9.5)) / 2
        x = drawing.x[mark.end]
        inward = 1 if mark.end == "client" else -1
        if mark.kind == "step":
            edge = theme.RAIL if ink == theme.MUTED else ink
            sheet.circle((x, mark.y), s(3.2), face=theme.PAGE, edge=edge, tags=f"st s{position} cause")
        for down in (0.0, -9.0, 9.0) if mark.kind == "step" else (-9.0,):
            slab = Slab(x + inward * (s(9) + half), mark.y + s(down), 1.03 * half + s(2), s(6.5))
            if any(overlap(slab, other) for other in taken) or any(crosses(slab, *line) for line in lines):
                continue
            taken.append(slab)
            at = slab.x, slab.y + s(3.4)
            sheet.text(at, words, s(9.5), ink, italic=True, align="center",
                       tags=f"st s{position} cause label")  # fmt: skip
            break


def _breaks(drawing: Drawing, sheet: Sheet) -> None:
    """A tear through the page where a silence was shortened."""
    s = drawing.size
    left, right = drawing.time_right + s(6), s.width - drawing.margin + s(4)
    for gap in drawing.breaks:
        up, down = gap.y - s(10), gap.y + s(10)
        teeth = 40
        xs = [left + (right - left) * n / teeth for n in range(teeth + 1)]
        above = [(x, up + (s(3) if n % 2 else 0)) for n, x in enumerate(xs)]
        below = [(x, y + down - up) for x, y in above]
        later = [a.shown for a in drawing.scene.arrows if a.left > gap.after]
        tags = f"st s{min(later, default=1)} break"
        sheet.polygon([*above, *reversed(below)], face=theme.PAGE, tags=tags)
        for edge in (above, below):
            sheet.line(edge, theme.MUTED, 0.8, tags=tags)
        flying = any(a.left <= gap.after < a.landed for a in drawing.scene.arrows)
        words = f"{rows.lasting(gap.seconds)} {'pass' if flying else 'of silence'}"
        middle = (drawing.x["client"] + drawing.x["server"]) / 2
        sheet.middle((middle, gap.y + s(1.5)), words, s(10.5), theme.MUTED, italic=True, tags=tags)


def _legend(drawing: Drawing, sheet: Sheet, found: list[list[str]]) -> None:
    s = drawing.size
    y = drawing.bottom + s(20)
    for row in found:
        x = drawing.margin
        for name in row:
            middle = x + s(8)
            if name in ("hollow", "nowhere"):
                sheet.circle((middle, y), s(5), face=theme.PAGE, edge=theme.MUTED)
            elif name == "inferred":
                sheet.box(x, y - s(5), x + s(16), y + s(5), s(2), edge=theme.edge("ESTABLISHED"), width=1.8)
            elif name == "unknown":
                sheet.box(x, y - s(5), x + s(16), y + s(5), s(2), edge=theme.MUTED, dash=(1.5, 2.5))
            else:
                sheet.line([(middle, y - s(6)), (middle, y + s(5))], theme.MUTED, 1.2)
                sheet.polygon([(middle, y + s(6)), (middle - s(3), y), (middle + s(3), y)], face=theme.MUTED)
            sheet.text((x + s(22), y + s(3.6)), LEGEND[name], s(10), theme.MUTED)
            x += width(LEGEND[name], s(10)) + s(46)
        y += s(18)

"""Many runs in one table: for each a small timeline, and what became of it in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from handshake.show import rows, theme
from handshake.show.axes import page
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture
from handshake.trace import OTHER, Step, Trace

WIDE, SIDE, HEAD, TALL = 900.0, 96.0, 26.0, 150.0
MINI = 96.0
"""How wide a small timeline is, bars included."""


Table = Mapping[tuple[str, str], Trace]


def matrix(
    runs: Table, *, title: str, outcome: Callable[[Trace], Sequence[str]],
    chosen: tuple[str, str] | None = None, subtitle: str = "",
) -> Picture:  # fmt: skip
    """Runs by (row, column).

    outcome: says what became of a run, in a few short lines.   chosen: one to be framed.
    """
    down = list(dict.fromkeys(row for row, _ in runs))
    across = list(dict.fromkeys(column for _, column in runs))
    sheet, top = page(title, [subtitle] if subtitle else [], WIDE, HEAD + TALL * len(down) + 14)
    each = (WIDE - SIDE - 16) / max(1, len(across))
    for n, column in enumerate(across):
        sheet.text((SIDE + n * each + 8, top + 16), column, 12.5, bold=True, tags="column")
    lines = [title, *([subtitle] if subtitle else [])]
    for m, row in enumerate(down):
        y = top + HEAD + m * TALL
        words = row.split(": ", 1)
        for k, word in enumerate(words):
            sheet.text((16, y + TALL / 2 - 6 + 16 * k), fitted(word, 12.5, SIDE - 20, True), 12.5, bold=True)
        for n, column in enumerate(across):
            x = SIDE + n * each
            trace = runs.get((row, column))
            if trace is None:
                continue
            here = (row, column) == chosen
            sheet.box(
                x + 2, y + 2, x + each - 4, y + TALL - 4, 6, edge=theme.INK if here else theme.GRID,
                width=2.2 if here else 1.2, tags=f"cell r{m} c{n}",
            )  # fmt: skip
            mini(sheet, trace, x + 18, y + 14, MINI, TALL - 32)
            told = list(outcome(trace))
            for k, line in enumerate(told):
                at = (x + 18 + MINI + 13, y + 24 + 15 * k)
                words_ = fitted(line, 10, each - MINI - 42)
                sheet.text(at, words_, 10, tags="outcome")
            lines += ["", f"{row}, {column}" + (" (chosen)" if here else "")]
            lines += [f"  {line}" for line in told]
    return Picture(sheet.figure, "\n".join(lines).strip(), title, description=subtitle)


def mini(sheet: Sheet, trace: Trace, left: float, top: float, wide: float, tall: float) -> None:
    """The first connection of a trace as a small timeline without words; time is stretched and shrunk."""
    bar = 9.0
    rails = {"client": left + bar, "server": left + wide - bar}
    number = trace.connections[0].number if trace.connections else 0
    marks: list[rows.Mark] = []
    for transit in trace.transits:
        sent, landed, _ = trace.flight(transit)
        if transit.connection != number or sent is None:
            continue
        marks.append(rows.Mark(sent, transit.sender, "sent", transit.number, 2 * transit.number))
        if landed is not None:
            end = OTHER[transit.sender]
            marks.append(rows.Mark(landed, end, "landed", transit.number, 2 * transit.number + 1))
    steps = [step for step in trace.steps if step.connection == number and step.moved]
    for step in steps:
        marks.append(rows.Mark(step.time, step.end, "step", step.number, 1e6 + step.number))
    marks = rows.ordered(marks)
    rows.place(marks, 0.0, 1.0)
    low, high = (min(m.y for m in marks), max(m.y for m in marks)) if marks else (0.0, 1.0)
    stretch = (tall - 8) / max(high - low, 1.0)
    place = {(m.kind, m.number): top + 2 + (m.y - low) * stretch for m in marks}
    for end, x in rails.items():
        _bars(sheet, [s for s in steps if s.end == end], place, end, x, top, top + tall, bar)
    for transit in trace.transits:
        y = place.get(("sent", transit.number))
        if y is None or transit.connection != number:
            continue
        a, b = rails[transit.sender], rails[OTHER[transit.sender]]
        ink = theme.FAULT.get(transit.fault or "", theme.END[transit.sender])
        dash = (3.0, 2.0) if transit.fault in ("forged", "old", "duplicate") else None
        end_y = place.get(("landed", transit.number))
        if end_y is None:
            b, end_y = a + 0.6 * (b - a), y + 0.6 * min(18.0, 34 * stretch)
            for turn in (3.5, -3.5):
                sheet.line([(b - 3.5, end_y - turn), (b + 3.5, end_y + turn)], theme.LOST, 1.6, tags="cross")
        sheet.line([(a, y), (b, end_y)], ink, 1.5, dash=dash, tags=f"mini t{transit.number}")


def _bars(
    sheet: Sheet, steps: Sequence[Step], place: Mapping[tuple[str, int], float], end: str, x: float,
    top: float, bottom: float, bar: float,
) -> None:  # fmt: skip
    """The states of one end, one below the other."""
    inner, outer = (x, x - bar) if end == "client" else (x, x + bar)
    left, right = min(inner, outer), max(inner, outer)
    begin, state = top, str(steps[0].before["state"]) if steps else "CLOSED"
    pieces = [(place["step", step.number], str(step.after["state"])) for step in steps]
    for y, following in [*pieces, (bottom, "")]:
        if y > begin:
            sheet.box(left, begin, right, y, 0, face=theme.fill(state), edge=theme.edge(state), width=0.8)
        begin, state = max(begin, y), following
    sheet.line([(x, top), (x, bottom)], theme.RAIL, 1.2, tags="rail")

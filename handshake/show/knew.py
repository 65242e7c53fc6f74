"""Who knew when: how long after a failure an end found out, on a logarithmic scale of time.

A row for each kind of failure; in it a bar for each thing that might help.  A bar ends where the end found
out; one that runs off the picture never ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from handshake.show import rows, theme
from handshake.show.axes import Axes, Key, Scale, legend, page, times
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture

Found = tuple[float | None, str]
"""How long after the failure, in seconds (None: never), and how, in words."""

INKS = (theme.MUTED, theme.CLIENT, theme.SERVER, theme.FORGED)
LEFT, WIDE, LANE, GAP = 178.0, 980.0, 19.0, 16.0
WORDS, WHEN = 640.0, 86.0
"""Where the words stand, and how much room the time takes in them."""


def knew(
    table: Mapping[str, Mapping[str, Found]], *, title: str, until: float, subtitle: str = ""
) -> Picture:
    """When an end found out.

    table: for each kind of failure, what came of it with each help.
    until: how long was watched, in seconds.
    """
    helps = list(dict.fromkeys(name for row in table.values() for name in row))
    tall = sum(len(row) * LANE + GAP for row in table.values())
    words = [subtitle] if subtitle else []
    sheet, top = page(title, words, WIDE, tall + 96)
    known = [time for row in table.values() for time, _ in row.values() if time]
    low = min([0.01, *known])
    axes = Axes(
        sheet, LEFT, top + 12, WORDS - 34, top + 12 + tall, times(low, until, "time after the failure"),
        Scale(0.0, 1.0, ()),
    )  # fmt: skip
    axes.draw(across=False, down=True)
    y = top + 12 + GAP / 2
    for name, row in table.items():
        sheet.text((16, y + 13), fitted(name, 12, LEFT - 28, True), 12, bold=True, tags="case")
        for help_, found in row.items():
            _lane(sheet, axes, y, found, INKS[helps.index(help_) % len(INKS)])
            y += LANE
        y += GAP
        sheet.line([(16, y - GAP / 2), (WIDE - 16, y - GAP / 2)], theme.GRID, 1.0)
    keys = [Key(name, INKS[n % len(INKS)], "box") for n, name in enumerate(helps)]
    legend(sheet, (LEFT, top + tall + 76), keys, WIDE - 16)
    text = _text(table, title, until)
    return Picture(sheet.figure, text, title, description=subtitle)


def _lane(sheet: Sheet, axes: Axes, y: float, found: Found, ink: str) -> None:
    """One bar, and beside it in words when and how it was noticed."""
    time, how = found
    left, right, middle = axes.left, axes.right, y + LANE / 2
    if time is None:
        sheet.line([(left, middle), (right + 2, middle)], ink, 3.0, dash=(2.0, 2.0), tags="never")
        head = [(right + 10, middle), (right + 1, middle - 5), (right + 1, middle + 5)]
        sheet.polygon(head, face=ink, tags="never")
    else:
        x, _ = axes.point(max(time, axes.x.low), 0.0)
        x = max(x, left + 3)
        sheet.box(left, middle - 4.5, x, middle + 4.5, 2, face=ink, tags="bar")
        sheet.circle((x, middle), 5.0, face=ink, tags="bar")
    when = "never" if time is None else rows.lasting(time)
    sheet.text((WORDS, middle + 3.8), when, 10.5, bold=True, tags="when")
    if time is not None:
        room = WIDE - WORDS - WHEN - 14
        sheet.text(
            (WORDS + WHEN, middle + 3.8), fitted(how.split(":")[0], 10, room), 10, theme.MUTED, tags="how"
        )


def _text(table: Mapping[str, Mapping[str, Found]], title: str, until: float) -> str:
    lines = [title, f"(watched for {rows.lasting(until)})"]
    for name, row in table.items():
        lines += ["", name]
        for help_, (time, how) in row.items():
            when = "never" if time is None else f"after {rows.lasting(time)}"
            lines.append(f"  with {help_:16} {when:22} {how if time is not None else ''}".rstrip())
    return "\n".join(lines)

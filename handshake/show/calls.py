"""Socket calls as a ladder: who calls what, which segments it costs, and the states of both ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from handshake.show import theme
from handshake.show.axes import page
from handshake.show.pen import Align, Sheet, fitted
from handshake.show.picture import Picture
from handshake.trace import Trace


class Call(Protocol):
    """A call: its step ("client 2"), what was called, what it gave, the kernel's states, our segments."""

    @property
    def step(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def result(self) -> str: ...  # noqa: D102
    @property
    def kernel(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def segments(self) -> Sequence[int]: ...  # noqa: D102


class Steps(Protocol):
    """Calls in their order, and the trace in which the segments are."""

    @property
    def calls(self) -> Sequence[Call]: ...  # noqa: D102
    @property
    def trace(self) -> Trace: ...  # noqa: D102


WIDE = 900.0
RAILS = {"client": 316.0, "server": 584.0}
BAR = 11.0
LINE = 19.0
"""The height that one segment takes, in points."""


def calls(steps: Steps, *, title: str = "Ten steps, and what they cost") -> Picture:
    """The calls one below the other; the bars are the kernel's states, the arrows our own TCP's segments."""
    heights = [max(44.0, 26 + LINE * len(call.segments)) for call in steps.calls]
    words = [
        "Left the client's calls, right the server's. Bars: the states in which the kernel has both ends.",
        "Arrows: what our own TCP sends for the same call (simulated).",
    ]
    sheet, top = page(title, words, WIDE, sum(heights) + 20)
    y = top + 6
    before = {"client": "", "server": ""}
    for call, tall in zip(steps.calls, heights, strict=True):
        _row(sheet, steps, call, y, tall, before)
        before = dict(zip(("client", "server"), call.kernel, strict=True))
        y += tall
    for x in RAILS.values():
        sheet.line([(x, top + 6), (x, y)], theme.RAIL, 1.2, tags="rail")
    return Picture(sheet.figure, str(steps), title, description=repr(steps))


def _row(sheet: Sheet, steps: Steps, call: Call, y: float, tall: float, before: dict[str, str]) -> None:
    who = call.step.split()[0] if call.step else "client"
    left, right = RAILS["client"], RAILS["server"]
    sheet.line([(16, y), (WIDE - 16, y)], theme.GRID, 1.0)
    colour = theme.END[who]
    x, room = (16.0, left - 40) if who == "client" else (right + 24, WIDE - right - 40)
    sheet.text((x, y + 17), call.step, 11, colour, bold=True, tags="step")
    sheet.text((x + 62, y + 17), fitted(call.text, 11, room - 62), 11, tags="call")
    sheet.text((x + 62, y + 33), fitted(call.result, 10, room - 62), 10, theme.MUTED, tags="result")
    edge = left - BAR - 4 if who == "client" else right + BAR + 4
    sheet.circle((edge, y + 14), 3.2, face=colour, tags="mark")
    for end, state in zip(("client", "server"), call.kernel, strict=True):
        rail, inward = RAILS[end], 1 if end == "client" else -1
        known = state != "?"
        sheet.box(
            min(rail, rail - inward * BAR), y, max(rail, rail - inward * BAR), y + tall, 0,
            face=theme.fill(state) if known else theme.PAGE, edge=theme.edge(state) if known else theme.GRID,
            width=0.8, tags="state",
        )  # fmt: skip
        if state != before[end]:
            align: Align = "left" if end == "client" else "right"
            sheet.text((rail + inward * 6, y + 13), state, 8.5, theme.MUTED, align=align, tags="name")
    for n, number in enumerate(call.segments):
        transit = steps.trace[number]
        at = y + 30 + LINE * n
        name = ", ".join(message.name for message in steps.trace.about(number))
        _arrow(sheet, transit.sender, at, name)


def _arrow(sheet: Sheet, sender: str, y: float, name: str) -> None:
    left, right = RAILS["client"] + 4, RAILS["server"] - 4
    a, b = (left, right) if sender == "client" else (right, left)
    colour = theme.END[sender]
    back = -7 if b > a else 7
    sheet.line([(a, y), (b, y + 5)], colour, 1.5, tags="segment")
    sheet.polygon([(b, y + 5), (b + back, y + 1.5), (b + back, y + 8)], face=colour, tags="head")
    sheet.text(((a + b) / 2, y - 2.5), name, 9.5, colour, align="center", tags="segment label")

"""How many connections one end holds, over time: half open, open, and open though nobody wants them.

Below the chart stand the calls of honest clients, each with what became of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from handshake.show import rows, theme
from handshake.show.axes import Axes, Key, legend, linear, page, symbol
from handshake.show.pen import Sheet
from handshake.show.picture import Picture
from handshake.show.scene import check_trace
from handshake.trace import OTHER, Trace

KINDS = {
    "half open": ("opening", "SYN-RECEIVED: half open"),
    "open": ("open", "open"),
    "ghost": ("closing", "open, and nobody wants it: a ghost"),
}
"""What is counted: its family of colours, and its words."""

UNWANTED = ("forged", "old")


class Change(NamedTuple):
    """How many of each kind there are from that time on."""

    time: float
    half_open: int
    open: int
    ghost: int


@dataclass(frozen=True)
class Call:
    """An honest call: when it began, and when the client was ESTABLISHED, None if it never was."""

    connection: int
    time: float
    opened: float | None


def population(
    trace: Trace, end: str = "server", *, room: int | None = None, until: float | None = None
) -> Picture:
    """The connections of `end` ("server" or "client") over time.

    room: how many half-open ones it has places for, drawn as a line.   until: where the picture ends, in
    seconds.
    """
    check_trace(trace)
    if end not in OTHER:
        raise ValueError(f"an end is 'client' or 'server', not {end!r}")
    changes, calls = read(trace, end), honest(trace)
    times = [change.time for change in changes] + [call.time for call in calls] + [0.1]
    last = 1.03 * max(times) if until is None else until
    opened = sum(call.opened is not None for call in calls)
    most = max((change.ghost for change in changes), default=0)
    places = f"{room} place{'' if room == 1 else 's'}"
    words = [
        f"Half open at most {max((c.half_open for c in changes), default=0)}"
        + (f" of {places}" if room else "")
        + (f"; ghosts at most {most}" if most else "; no ghosts")
        + f". Honest calls: {len(calls)}, of which {opened} opened."
    ]
    wide, tall = 900.0, 300.0
    title = trace.title or "Connections over time"
    sheet, top = page(title, words, wide, tall + (112 if calls else 78))
    high = max([room or 0, *(sum(change[1:]) for change in changes), 4])
    axes = Axes(
        sheet, 76, top + 24, wide - 24, top + tall, linear(0.0, last, rows.moment, "time", 10),
        linear(0, high * 1.12, _whole, f"connections of the {end}", 5),
    )  # fmt: skip
    axes.draw()
    _areas(axes, changes, last)
    if room:
        (left, y), (right, _) = axes.point(0.0, room), axes.point(last, room)
        sheet.line([(left, y), (right, y)], theme.LOST, 1.4, dash=(5, 3), tags="room")
        sheet.text((right - 4, y - 5), places, 10, theme.LOST, align="right", tags="room label")
    below = top + tall + 62
    if calls:
        _calls(sheet, axes, calls, below)
        below += 32
    legend(sheet, (76, below), _keys(changes, calls), wide - 16)
    return Picture(sheet.figure, _text(changes, calls, words, last), title, description=words[0])


def read(trace: Trace, end: str) -> list[Change]:
    """How the numbers change, one row for each moment at which they do."""
    unwanted = {
        connection.number
        for connection in trace.connections
        if connection.transits and trace[connection.transits[0]].fault in UNWANTED
    }
    now: dict[int, str] = {}
    counts: Counter[str] = Counter()
    changes: list[Change] = []
    for step in sorted(trace.steps, key=lambda step: (step.time, step.number)):
        if step.end != end:
            continue
        after = str(step.after["state"])
        kind = ""
        if after == "SYN-RECEIVED":
            kind = "half open"
        elif theme.family(after) in ("open", "closing") and after != "TIME-WAIT":
            kind = "ghost" if step.connection in unwanted else "open"
        before = now.get(step.connection, "")
        if kind == before:
            continue
        now[step.connection] = kind
        counts[before] -= 1
        counts[kind] += 1
        row = Change(step.time, counts["half open"], counts["open"], counts["ghost"])
        if changes and changes[-1].time == step.time:
            changes[-1] = row
        else:
            changes.append(row)
    return changes


def honest(trace: Trace) -> list[Call]:
    """The calls that somebody meant, and what became of each at its client."""
    first: dict[int, float] = {}
    opened: dict[int, float] = {}
    for step in trace.steps:
        if step.end != "client" or step.certainty == "unknown":
            continue
        if step.cause == "active OPEN":
            first.setdefault(step.connection, step.time)
        if str(step.after["state"]) == "ESTABLISHED" and step.connection in first:
            opened.setdefault(step.connection, step.time)
    return [Call(number, time, opened.get(number)) for number, time in sorted(first.items(), key=_second)]


def _second(item: tuple[int, float]) -> float:
    return item[1]


def _whole(value: float) -> str:
    return f"{value:g}"


def _areas(axes: Axes, changes: list[Change], last: float) -> None:
    """One area on the other, each as high as its number."""
    floor = [0] * len(changes)
    for kind in KINDS:
        counts = [getattr(change, kind.replace(" ", "_")) for change in changes]
        heights = [low + count for low, count in zip(floor, counts, strict=True)]
        if heights != floor:
            pairs = [(change.time, float(height)) for change, height in zip(changes, heights, strict=True)]
            under = [(change.time, float(low)) for change, low in zip(changes, floor, strict=True)]
            roof = axes.steps([*pairs, (last, pairs[-1][1])])
            ground = axes.steps([*under, (last, under[-1][1])])
            family = KINDS[kind][0]
            face, edge = theme.ROLES[family].light, theme.ROLES[f"{family}-edge"].light
            tags = f"area {kind.replace(' ', '-')}"
            axes.sheet.polygon([*roof, *reversed(ground)], face=face, tags=tags)
            axes.sheet.line(roof, edge, 1.4, tags=tags)
        floor = heights


def _calls(sheet: Sheet, axes: Axes, calls: list[Call], y: float) -> None:
    """A mark for each honest call at the time of its first SYN."""
    sheet.text((axes.left - 7, y + 3.5), "calls", 10, theme.MUTED, align="right", tags="calls label")
    for call in calls:
        x, _ = axes.point(call.time, 0)
        opened = call.opened is not None
        colour = theme.edge("ESTABLISHED") if opened else theme.LOST
        symbol(sheet, (x, y), colour, "disc" if opened else "cross", 3.6, f"call c{call.connection}")


def _keys(changes: list[Change], calls: list[Call]) -> list[Key]:
    keys = []
    for kind, (family, words) in KINDS.items():
        if any(getattr(change, kind.replace(" ", "_")) for change in changes):
            role = theme.ROLES
            keys.append(Key(words, role[family].light, "box", role[f"{family}-edge"].light))
    if any(call.opened is not None for call in calls):
        keys.append(Key("an honest call that opened", theme.edge("ESTABLISHED"), "disc"))
    if any(call.opened is None for call in calls):
        keys.append(Key("an honest call that did not", theme.LOST, "cross"))
    return keys


def _text(changes: list[Change], calls: list[Call], words: list[str], last: float) -> str:
    """The numbers at twenty moments, and every honest call."""
    lines = [*words, "", f"{'time':>10}  half open  open  ghosts"]
    for n in range(21):
        time = n * last / 20
        row = Change(time, 0, 0, 0)
        for change in changes:
            if change.time > time:
                break
            row = change
        lines.append(f"{rows.moment(time, 0):>10}  {row.half_open:9}  {row.open:4}  {row.ghost:6}")
    if calls:
        lines += ["", "honest calls"]
        for call in calls:
            what = (
                "did not open"
                if call.opened is None
                else f"opened after {rows.span(call.opened - call.time)}"
            )
            lines.append(f"{rows.moment(call.time, 0):>10}  {what}")
    return "\n".join(lines)

"""Sequence numbers over time: what was sent when, what was acknowledged when, and where it stood still.

Every segment is a stroke from its first number to its last, at the time that it left.  The staircase is what
the peer has acknowledged, as the sender heard of it; above it lies the edge of the peer's window.
"""

from __future__ import annotations

from dataclasses import dataclass

from handshake.peel import Dissection
from handshake.show import rows, theme
from handshake.show.axes import Axes, Key, legend, linear, page, symbol
from handshake.show.picture import Picture
from handshake.show.scene import check_trace
from handshake.tcp import ACK, FIN, SYN, Segment, seq
from handshake.tcp.options import WINDOW_SCALE
from handshake.trace import OTHER, Connection, Trace


@dataclass(frozen=True)
class Stroke:
    """A segment that takes numbers: when it left, its first number and the one after its last.

    again: whether it was sent before.   lost: whether it never arrived.
    """

    transit: int
    time: float
    start: int
    end: int
    again: bool
    lost: bool


@dataclass(frozen=True)
class Step:
    """An acknowledgment as the sender hears it: when, up to which number, how far the window reaches.

    duplicate: how many times in a row the same number had been acknowledged before.
    """

    transit: int
    time: float
    ack: int
    edge: int
    duplicate: int


def seqtime(trace: Trace, end: str = "client", *, connection: int | None = None) -> Picture:
    """The numbers of what `end` sends ("client" or "server"), over time.

    connection: its number, where the trace has several; the first otherwise.
    """
    check_trace(trace)
    if end not in OTHER:
        raise ValueError(f"an end is 'client' or 'server', not {end!r}")
    title = trace.title or "Sequence numbers over time"
    if not trace.connections:
        sheet, _ = page(title, ["Nothing happened."], 900, 20)
        return Picture(sheet.figure, "Nothing happened.", title)
    kept = trace.connections[0] if connection is None else trace.connection(connection)
    strokes, acks = read(trace, kept, end)
    return _draw(trace, end, strokes, acks)


def read(trace: Trace, connection: Connection, end: str) -> tuple[list[Stroke], list[Step]]:
    """The strokes of one direction and the acknowledgments for them; numbers counted from the first."""
    base: int | None = None
    newest = 0
    strokes: list[Stroke] = []
    heard: list[tuple[float, int, Segment]] = []
    scales: dict[str, int] = {}
    for number in connection.transits:
        transit = trace[number]
        segment = Dissection(transit.frame, transit.link, transit.length).transport
        if not isinstance(segment, Segment):
            continue
        left, landed, _ = trace.flight(transit)
        if segment.flags & SYN:
            option = segment.option(WINDOW_SCALE)
            if option and option.numbers:
                scales[transit.sender] = option.numbers[0]
        if transit.sender != end:
            if segment.flags & ACK and landed is not None:
                heard.append((landed, number, segment))
            continue
        length = segment.length
        if base is None:
            base = segment.seq if segment.flags & SYN else seq.add(segment.seq, -1)
        if not length or left is None:
            continue
        start = seq.distance(base, segment.seq)
        strokes.append(Stroke(number, left, start, start + length, start < newest, transit.fault == "lost"))
        newest = max(newest, start + length)
    steps: list[Step] = []
    shift = scales.get(OTHER[end], 0) if len(scales) == 2 else 0
    for time, number, segment in sorted(heard, key=lambda row: row[:2]):
        if base is None:
            continue
        ack = seq.distance(base, segment.ack)
        same = bool(steps) and steps[-1].ack == ack and not segment.length and not segment.flags & (SYN | FIN)
        count = steps[-1].duplicate + 1 if same and newest > ack else 0
        window = segment.window << (0 if segment.flags & SYN else shift)
        steps.append(Step(number, time, ack, ack + window, count))
    return strokes, steps


def _draw(trace: Trace, end: str, strokes: list[Stroke], acks: list[Step]) -> Picture:
    wide, tall = 900.0, 380.0
    other = OTHER[end]
    again = sum(s.again for s in strokes)
    duplicates = sum(step.duplicate > 0 for step in acks)
    subtitle = [
        f"What the {end} sends: {len(strokes)} segments that take numbers, {again} of them again; "
        f"{duplicates} duplicate ACK{'s' * (duplicates != 1)}."
    ]
    sheet, top = page(trace.title or "Sequence numbers over time", subtitle, wide, tall + 74)
    last = max([s.time for s in strokes] + [step.time for step in acks], default=1.0)
    high = max([s.end for s in strokes] + [step.ack for step in acks], default=1)
    axes = Axes(
        sheet, 76, top + 22, wide - 24, top + tall,
        linear(0.0, last * 1.03 or 1.0, rows.moment, "time", 8),
        linear(0.0, high * 1.06, lambda n: f"{n:,.0f}", "sequence number, counted from the SYN"),
    )  # fmt: skip
    axes.draw()
    if acks:
        edges, reach = [], 0
        for step in acks:
            reach = max(reach, step.edge)  # what was offered once is not taken back
            edges.append((step.time, min(reach, high * 1.06)))
        sheet.line(axes.steps([*edges, (last, edges[-1][1])]), theme.MUTED, 1.2, dash=(3, 3), tags="edge")
        if reach > high * 1.06:
            words = f"the window reaches beyond the picture, at last to {reach:,}"
            sheet.text(
                (axes.right - 4, axes.top - 5), words, 9.5, theme.MUTED, align="right", tags="edge label"
            )
        highest = 0
        stairs = []
        for step in acks:
            highest = max(highest, step.ack)
            stairs.append((step.time, highest))
        sheet.line(axes.steps([(0.0, 0), *stairs, (last, highest)]), theme.END[other], 1.8, tags="acked")
    for step in acks:
        if step.duplicate:
            x, y = axes.point(step.time, step.ack)
            sheet.line([(x, y - 5), (x, y + 5)], theme.END[other], 1.6, tags=f"duplicate t{step.transit}")
    for stroke in strokes:
        (x, low), (_, up) = axes.point(stroke.time, stroke.start), axes.point(stroke.time, stroke.end)
        ink = theme.LOST if stroke.lost else theme.FORGED if stroke.again else theme.END[end]
        middle = (low + up) / 2
        if low - up < 6:  # a SYN, a FIN, a few bytes: long enough to be seen
            low, up = middle + 2.5, middle - 2.5
        else:  # and a little apart from the next
            low, up = low - 0.8, up + 0.8
        tags = f"stroke t{stroke.transit}"
        sheet.line([(x, low), (x, up)], ink, 3.4, tags=tags)
        if stroke.again:
            symbol(sheet, (x, middle), ink, "ring", 4.5, tags)
        if stroke.lost:
            symbol(sheet, (x, middle), ink, "cross", 4.5, tags)
    keys = [Key(f"sent by the {end}", theme.END[end], "box"), Key("sent again", theme.FORGED, "ring")]
    keys += [Key("lost", theme.LOST, "cross"), Key(f"acknowledged by the {other}", theme.END[other])]
    keys += [Key("edge of its window", theme.MUTED, "dashed")]
    legend(sheet, (76, top + tall + 56), keys, wide - 16)
    text = _text(end, strokes, acks)
    return Picture(sheet.figure, text, trace.title or "Sequence numbers over time", description=subtitle[0])


def _text(end: str, strokes: list[Stroke], acks: list[Step]) -> str:
    """Both in one table, in the order of time."""
    lines = [f"{'time':>12}  what the {end} sends, and hears"]
    events: list[tuple[float, int, str]] = []
    for s in strokes:
        marks = [word for word, yes in (("again", s.again), ("lost", s.lost)) if yes]
        count = s.end - s.start
        words = (
            f"sends {s.start} to {s.end - 1} ({count} numbers)" if count != 1 else f"sends {s.start} alone"
        )
        events.append((s.time, s.transit, f"{words}{': ' + ', '.join(marks) if marks else ''}"))
    for a in acks:
        words = f"    hears that {a.ack} comes next; the window reaches to {a.edge}"
        events.append((a.time, a.transit, words + (f" (duplicate {a.duplicate})" if a.duplicate else "")))
    lines += [f"{rows.moment(time):>12}  {words}" for time, _, words in sorted(events, key=lambda e: e[:2])]
    return "\n".join(lines)

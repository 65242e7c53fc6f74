"""The numbers of both directions at one moment: what is sent, under way, arrived, acknowledged.

Each direction is a line of numbers, cut where segments were cut.  A SYN and a FIN take one number each, like
a byte.  Below the line stands what its sender knows, SND.UNA and SND.NXT; above it what the receiver waits
for, RCV.NXT.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from handshake.peel import Dissection
from handshake.show import rows, theme
from handshake.show.axes import page
from handshake.show.pen import Sheet, width
from handshake.show.picture import Picture
from handshake.show.scene import check_trace
from handshake.tcp import ACK, FIN, SYN, Segment, seq
from handshake.trace import OTHER, Connection, Trace
from handshake.trace.lazy import of_connection

WIDE, SIDE, TALL = 900.0, 40.0, 146.0
CELL, SMALL = 40.0, 32.0
"""At least so wide are a piece of data, and a SYN or FIN."""

WORDS = {
    "not sent": "not sent yet",
    "lost": "sent, and lost",
    "under way": "under way",
    "held": "arrived ahead of a gap: kept",
    "taken": "arrived in order",
    "acknowledged": "and its sender knows",
}
"""What can be the case with a number, in words."""


@dataclass(frozen=True)
class Sent:
    """A segment of one direction: its numbers counted from the SYN, and when it left and landed."""

    start: int
    end: int
    left: float
    landed: float | None
    syn: bool
    fin: bool


@dataclass(frozen=True)
class Cell:
    """A piece of the line: numbers start to end (without it), what it carries, what is the case with it."""

    start: int
    end: int
    kind: str
    status: str


@dataclass(frozen=True)
class Lane:
    """One direction at a moment.   base: its first number; una, nxt, expected: SND.UNA, SND.NXT, RCV.NXT."""

    sender: str
    base: int
    cells: tuple[Cell, ...]
    una: int
    nxt: int
    expected: int


def numbers(
    trace: Trace, time: float | None = None, *, connection: int | None = None, relative: bool = True
) -> Picture:
    """Both directions of a connection at one moment.

    time: in seconds; at the end, if none is given.
    connection: its number; the first otherwise.   relative: numbers counted from each SYN, or as they travel.
    """
    check_trace(trace)
    title = trace.title or "Sequence numbers"
    if not trace.connections:
        sheet, _ = page(title, ["Nothing happened."], WIDE, 20)
        return Picture(sheet.figure, "Nothing happened.", title)
    kept = trace.connections[0] if connection is None else trace.connection(connection)
    last = max((t.time for t in trace.transits), default=0.0) + 1e9
    moment = last if time is None else time
    lanes = [lane for end in ("client", "server") if (lane := read(trace, kept, end, moment)) is not None]
    when = "At the end." if time is None else f"At {rows.moment(time)}."
    sheet, top = page(title, [when], WIDE, TALL * max(1, len(lanes)) + 40)
    for n, lane in enumerate(lanes):
        _draw(sheet, lane, top + n * TALL, relative)
    _legend(sheet, top + TALL * max(1, len(lanes)) + 10)
    text = "\n\n".join([when, *(_text(lane, relative) for lane in lanes)])
    return Picture(
        sheet.figure, text, title, description=" ".join(_sentence(lane, relative) for lane in lanes)
    )


def read(trace: Trace, connection: Connection, end: str, time: float) -> Lane | None:
    """What `end` sends, at that time; None if it never sends anything that takes a number."""
    base: int | None = None
    sent: list[Sent] = []
    una = expected = 0
    for number in connection.transits:
        transit = trace[number]
        segment = Dissection(transit.frame, transit.link, transit.length).transport
        left, landed, _ = trace.flight(transit)
        if not isinstance(segment, Segment) or left is None:
            continue
        if transit.sender == end and segment.length:
            if base is None:
                base = segment.seq if segment.flags & SYN else seq.add(segment.seq, -1)
            start = seq.distance(base, segment.seq)
            landed = None if transit.fault == "lost" else landed
            flags = bool(segment.flags & SYN), bool(segment.flags & FIN)
            sent.append(Sent(start, start + segment.length, left, landed, *flags))
        elif transit.sender != end and segment.flags & ACK and base is not None:
            ack = seq.distance(base, segment.ack)
            if left <= time:
                expected = max(expected, ack)
            if landed is not None and landed <= time:
                una = max(una, ack)
    if base is None:
        return None
    for step in of_connection(trace.steps, connection.number):  # a machine that we ran tells it better
        if step.time <= time and step.end != end and "RCV.NXT" in step.after:
            expected = seq.distance(base, int(step.after["RCV.NXT"]))
    nxt = max((s.end for s in sent if s.left <= time), default=0)
    return Lane(end, base, _cells(sent, una, expected, time), una, nxt, expected)


def _cells(sent: list[Sent], una: int, expected: int, time: float) -> tuple[Cell, ...]:
    """The line cut wherever some segment began or ended."""
    cuts = {s.start for s in sent} | {s.end for s in sent}
    cuts |= {s.start + 1 for s in sent if s.syn} | {s.end - 1 for s in sent if s.fin}
    order = sorted(cuts)
    cells = []
    for start, end in pairwise(order):
        here = [s for s in sent if s.start <= start and end <= s.end]
        if not here:
            continue
        kind = "SYN" if start == 0 else "data"
        if any(s.fin and s.end == end and end - start == 1 for s in here):
            kind = "FIN"
        left = [s for s in here if s.left <= time]
        arrived = [s for s in left if s.landed is not None and s.landed <= time]
        flying = [s for s in left if s.landed is not None and s.landed > time]
        if end <= una:
            status = "acknowledged"
        elif end <= expected:
            status = "taken"
        elif arrived:
            status = "held"
        elif flying:
            status = "under way"
        else:
            status = "lost" if left else "not sent"
        cells.append(Cell(start, end, kind, status))
    return tuple(cells)


def _places(cells: tuple[Cell, ...], wordy: float) -> dict[int, float]:
    """Where each cut lies: longer pieces are wider, the shortest stays legible.   wordy: of its number."""
    room = WIDE - 2 * SIDE
    least = [max(wordy, SMALL if cell.kind != "data" else CELL) for cell in cells]
    lengths = [0 if cell.kind != "data" else cell.end - cell.start for cell in cells]
    spare = max(0.0, room - sum(least))
    shrink = min(1.0, room / sum(least)) if least else 1.0
    places, x = {}, SIDE
    for cell, small, length in zip(cells, least, lengths, strict=True):
        places[cell.start] = x
        x += small * shrink + (min(spare * length / sum(lengths), 8 * CELL) if sum(lengths) else 0)
        places[cell.end] = x
    return places


def _draw(sheet: Sheet, lane: Lane, top: float, relative: bool) -> None:
    other = OTHER[lane.sender]
    ink, theirs = theme.END[lane.sender], theme.END[other]
    sheet.text((SIDE, top + 12), f"{lane.sender} to {other}", 13, ink, bold=True)
    longest = max(len(_number(lane, cut, relative)) for cell in lane.cells for cut in (cell.start, cell.end))
    places = _places(lane.cells, 7.6 * longest)
    up, down = top + 52, top + 86
    for cell in lane.cells:
        left, right = places[cell.start], places[cell.end]
        _box(sheet, cell, left, up, right, down)
        words = cell.kind if cell.kind != "data" else f"{cell.end - cell.start:,}"
        if width(words, 10, True) > right - left - 4:
            words = words[:1] if cell.kind != "data" else ""
        sheet.middle(((left + right) / 2, (up + down) / 2), words, 10, bold=True, tags="cell label")
    last = -1e9
    for cut in sorted(places):
        words = _number(lane, cut, relative)
        x, half = places[cut], width(words, 9.5) / 2
        sheet.line([(x, up - 2), (x, down + 4)], theme.RAIL, 1.0, tags="cut")
        if x - half > last + 8:
            sheet.text((x, down + 15), words, 9.5, theme.MUTED, align="center", tags="number")
            last = x + half
    _pointer(sheet, _x(places, lane.expected), up, f"RCV.NXT of the {other}", theirs, above=True)
    if lane.una == lane.nxt:
        _pointer(sheet, _x(places, lane.nxt), down + 18, "SND.UNA = SND.NXT", ink, above=False)
    else:
        _pointer(sheet, _x(places, lane.una), down + 18, "SND.UNA", ink, above=False)
        _pointer(sheet, _x(places, lane.nxt), down + 18, "SND.NXT", ink, above=False)


def _number(lane: Lane, cut: int, relative: bool) -> str:
    """A number as it is shown."""
    return str(cut if relative else seq.add(lane.base, cut))


def _x(places: dict[int, float], number: int) -> float:
    """Where a number lies; between two cuts, in proportion."""
    if number in places:
        return places[number]
    below = [cut for cut in places if cut <= number]
    above = [cut for cut in places if cut >= number]
    if not below or not above:
        return SIDE if not below else max(places.values(), default=SIDE)
    a, b = max(below), min(above)
    return places[a] + (places[b] - places[a]) * (number - a) / (b - a)


def _pointer(sheet: Sheet, x: float, y: float, words: str, colour: str, *, above: bool) -> None:
    """A small triangle at a number, with its name."""
    if above:
        corners = [(x, y - 3), (x - 5, y - 12), (x + 5, y - 12)]
    else:
        corners = [(x, y), (x - 5, y + 9), (x + 5, y + 9)]
    sheet.polygon(corners, face=colour, tags="pointer")
    half = width(words, 10) / 2
    at = min(max(x, 12 + half), WIDE - 12 - half)
    sheet.text((at, y - 17 if above else y + 21), words, 10, colour, align="center", tags="pointer label")


def _box(sheet: Sheet, cell: Cell, left: float, up: float, right: float, down: float) -> None:
    """A piece of the line, looking like what is the case with it."""
    a, b = left + 1.2, right - 1.2
    tags = f"cell {cell.status.replace(' ', '-')}"
    if cell.status == "not sent":
        sheet.box(a, up, b, down, 3, edge=theme.MUTED, dash=(2.5, 2.5), tags=tags)
    elif cell.status == "lost":
        sheet.box(a, up, b, down, 3, edge=theme.LOST, width=1.6, dash=(4, 2), tags=tags)
        sheet.line([(a + 2, down - 2), (b - 2, up + 2)], theme.LOST, 1.4, tags=tags)
    elif cell.status == "under way":
        sheet.box(a, up, b, down, 3, face=theme.fill("SYN-SENT"), tags=tags)
    elif cell.status == "held":
        sheet.box(a, up, b, down, 3, face=theme.fill("FIN-WAIT-1"), edge=theme.edge("FIN-WAIT-1"), tags=tags)
    elif cell.status == "taken":
        sheet.box(a, up, b, down, 3, face=theme.fill("ESTABLISHED"), tags=tags)
    else:
        sheet.box(
            a,
            up,
            b,
            down,
            3,
            face=theme.fill("ESTABLISHED"),
            edge=theme.edge("ESTABLISHED"),
            width=2.0,
            tags=tags,
        )


def _legend(sheet: Sheet, y: float) -> None:
    x = SIDE
    for status, words in WORDS.items():
        _box(sheet, Cell(0, 0, "data", status), x, y, x + 22, y + 14)
        sheet.text((x + 27, y + 11), words, 10, theme.MUTED, tags="key")
        x += 27 + width(words, 10) + 16


def _text(lane: Lane, relative: bool) -> str:
    """One direction as a table."""
    shift = 0 if relative else lane.base

    def told(number: int) -> int:
        return seq.add(number, shift) if shift else number

    lines = [
        f"{lane.sender} to {OTHER[lane.sender]}: SND.UNA {told(lane.una)}, SND.NXT {told(lane.nxt)}; "
        f"the {OTHER[lane.sender]} waits for RCV.NXT {told(lane.expected)}"
    ]
    for cell in lane.cells:
        count = cell.end - cell.start
        what = cell.kind if cell.kind != "data" else f"{count} byte{'s' * (count != 1)}"
        words = (
            f"arrived in order, {WORDS['acknowledged']}"
            if cell.status == "acknowledged"
            else WORDS[cell.status]
        )
        lines.append(f"  {told(cell.start):>10} to {told(cell.end - 1):<10}  {what:12}  {words}")
    return "\n".join(lines)


def _sentence(lane: Lane, relative: bool) -> str:
    return _text(lane, relative).splitlines()[0] + "."

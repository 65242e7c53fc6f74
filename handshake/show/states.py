"""The state diagram: RFC 9293 figure 5, drawn from the table of edges, with both ends lit in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handshake.show import diagram, rows, theme
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture
from handshake.show.scene import check_trace
from handshake.tcp.figure import EDGES, State
from handshake.trace import Step, Trace
from handshake.trace.lazy import of_connection

ENDS = ("client", "server")


@dataclass
class Walk:
    """How far one end has come in the diagram.

    box: where it stands ("CLOSED again" is CLOSED at the end).   taken: the edges walked, by their place in
    `diagram.routes()`.   off: moves that the figure leaves out, in words.
    """

    box: str | None = None
    taken: list[int] = field(default_factory=list)
    off: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Where it stands, in the RFC's spelling."""
        return "" if self.box is None else self.box.removesuffix(" again")


def walk(steps: Iterable[Step]) -> dict[str, Walk]:
    """Both ends' ways through the diagram."""
    walks = {end: Walk() for end in ENDS}
    for step in steps:
        advance(walks[step.end], str(step.before.get("state", "")), str(step.after.get("state", "")))
    return walks


def advance(way: Walk, before: str, after: str) -> None:
    """One step further; a state that the diagram does not know leaves the end nowhere in it."""
    if way.box is None and before in diagram.PLACES:
        way.box = before
    if before == after:
        return
    for i, route in enumerate(diagram.routes()):
        if str(route.edge.source) == before and str(route.edge.target) == after and route.source == way.box:
            way.taken.append(i)
            way.box = route.target
            return
    if after == "CLOSED" and way.box is not None and diagram.PLACES[way.box][1] >= 3:
        way.box = "CLOSED again"
    else:
        way.box = after if after in diagram.PLACES else None
    way.off.append(f"{before} -> {after}")


def states(
    trace: Trace | None = None,
    *,
    time: float | None = None,
    connection: int | None = None,
    client: State | str | None = None,
    server: State | str | None = None,
) -> Picture:
    """The state diagram of RFC 9293, figure 5.

    With a trace, both ends stand in it where they are at `time` (or at the end), and the ways that they came
    are drawn heavier.  client, server: put an end into a state by hand.
    """
    if trace is not None:
        check_trace(trace)
    walks = {end: Walk() for end in ENDS}
    if trace is not None and trace.connections:
        number = trace.connections[0].number if connection is None else trace.connection(connection).number
        steps = sorted(of_connection(trace.steps, number), key=lambda step: (step.time, step.number))
        walks = _until(steps, time)
    for end, given in (("client", client), ("server", server)):
        if given is not None:
            box = str(State(given) if isinstance(given, str) else given)
            # A way that leads elsewhere is not this end's.
            walks[end] = walks[end] if walks[end].state == box else Walk(box)
    return _picture(trace, walks, time)


def everything() -> Picture:
    """The diagram with every light in it, all dark: the style of a stepper's position lights some."""
    sheet = _sheet("The states of TCP", [])
    _boxes(sheet, {}, shifted=False)
    for box in diagram.PLACES:
        for end in ENDS:
            _light(sheet, box, end)
    for end in ENDS:
        for i in range(len(diagram.routes())):
            _way(sheet, i, end)
    style = "#uid .lit,#uid .way{visibility:hidden}"
    return Picture(sheet.figure, table(), "The states of TCP", description=table(), style=style)


def rules(uid: str, walks: dict[str, Walk]) -> str:
    """The style that lights, in the picture of `everything`, what both ends have reached."""
    shown = [f"#{uid} .way.e{i}.{end}" for end in ENDS for i in walks[end].taken]
    raised = []
    for end in ENDS:
        box = walks[end].box
        if box is not None:
            shown.append(f"#{uid} .lit.{tag(box)}.{end}")
            raised.append(f"#{uid} .name.{tag(box)}")
    parts = []
    if shown:
        parts.append(f"{','.join(shown)}{{visibility:visible}}")
    if raised:
        parts.append(f"{','.join(raised)}{{transform:translateY(-8px)}}")
    return "".join(parts)


def tag(box: str) -> str:
    """The class of a box in SVG."""
    return "b-" + box.replace(" ", "-")


def table(walks: dict[str, Walk] | None = None) -> str:
    """The diagram in words: where both ends stand, and every edge."""
    lines = []
    if walks and any(walks[end].box for end in ENDS):
        lines += [", ".join(f"{end}: {walks[end].state or 'not in this diagram'}" for end in ENDS), ""]
    lines.append(f"{'from':13} {'on':16} {'sends':8} to")
    for i, route in enumerate(diagram.routes()):
        edge = route.edge
        walked = [end for end in ENDS if walks and i in walks[end].taken]
        by = f"  <- {', '.join(walked)}" if walked else ""
        lines.append(f"{edge.source!s:13} {edge.event:16} {edge.sends or '-':8} {str(edge.target) + by}")
    left_out = sum(not edge.drawn for edge in EDGES)
    lines.append(f"{left_out} more moves, such as resets, are in the text of the RFC and not in its figure.")
    return "\n".join(lines)


def _until(steps: Sequence[Step], time: float | None) -> dict[str, Walk]:
    walks = walk(step for step in steps if time is None or step.time <= time)
    for step in steps:  # who has not acted yet stands where its first step will find it
        way = walks[step.end]
        before = str(step.before.get("state", ""))
        if way.box is None and not way.off and before in diagram.PLACES:
            way.box = before
    return walks


def _picture(trace: Trace | None, walks: dict[str, Walk], time: float | None) -> Picture:
    named = [f"{end}: {walks[end].state}" for end in ENDS if walks[end].box]
    title = "The states of TCP" if trace is None or not trace.title else trace.title
    subtitle = [" · ".join(named) + (f" at {rows.moment(time)}" if time is not None else "")] if named else []
    for end in ENDS:
        if walks[end].off:
            subtitle.append(f"{end}: {', '.join(walks[end].off)} (not in the figure)")
    sheet = _sheet(title, subtitle)
    _boxes(sheet, walks, shifted=True)
    for end in ENDS:
        if (box := walks[end].box) is not None:
            _light(sheet, box, end)
    for end in ENDS:
        for i in dict.fromkeys(walks[end].taken):
            _way(sheet, i, end)
    text = table(walks)
    return Picture(sheet.figure, text, title, description=". ".join(subtitle) or "RFC 9293, figure 5")


def _sheet(title: str, subtitle: list[str]) -> Sheet:
    """A page with the words above the diagram, and all its edges."""
    sheet = Sheet(diagram.WIDE, diagram.HIGH)
    room = diagram.WIDE - 32
    sheet.text((16, 30), fitted(title, 17, room, True), 17, bold=True)
    for n, line in enumerate(subtitle or ["RFC 9293, figure 5"]):
        sheet.text((16, 51 + 16 * n), fitted(line, 11.5, room), 11.5, theme.MUTED)
    for i, route in enumerate(diagram.routes()):
        sheet.path(diagram.curve(route.points, shorten=7), edge=theme.MUTED, width=1.2, tags=f"edge e{i}")
        _head(sheet, route, theme.MUTED, 1.0, f"edge e{i}")
        sheet.text(route.event, route.edge.event, diagram.LETTERS, align="center", tags=f"words e{i}")
        if route.edge.sends:
            sends = diagram.sends_text(route.edge)
            sheet.text(route.sends, sends, diagram.LETTERS, theme.MUTED, align="center", tags=f"words e{i}")
        if route.rule:
            sheet.line(route.rule, theme.MUTED, 0.7, tags=f"words e{i}")
    return sheet


def _head(sheet: Sheet, route: diagram.Route, colour: str, scale: float, tags: str) -> None:
    (ax, ay), (bx, by) = route.points[-2:]
    long = abs(bx - ax) + abs(by - ay)
    ux, uy = (bx - ax) / long, (by - ay) / long
    back, half = 9 * scale, 3.8 * scale
    x, y = bx - ux * back, by - uy * back
    corners = [(bx, by), (x - uy * half, y + ux * half), (x + uy * half, y - ux * half)]
    sheet.polygon(corners, face=colour, tags=tags)


def _way(sheet: Sheet, i: int, end: str) -> None:
    """An edge that an end has taken; both ends' strokes lie side by side."""
    route = diagram.routes()[i]
    shift = -1.6 if end == "client" else 1.6
    points = [(x + shift, y + shift) for x, y in route.points]
    for n, other in ((0, 1), (-1, -2)):  # but never into a box
        (x, y), (towards, _) = route.points[n], route.points[other]
        points[n] = (x + shift, y) if x == towards else (x, y + shift)
    colour, tags = theme.END[end], f"way e{i} {end}"
    sheet.path(diagram.curve(tuple(points), shorten=8), edge=colour, width=3.2, tags=tags)
    _head(sheet, route, colour, 1.35, tags)


def _boxes(sheet: Sheet, walks: dict[str, Walk], *, shifted: bool) -> None:
    lit = {way.box for way in walks.values()} if shifted else set()
    for box in diagram.PLACES:
        name = box.removesuffix(" again")
        edges = diagram.outline(box)
        sheet.box(*edges, 7, face=theme.fill(name), edge=theme.edge(name), width=1.3, tags=f"box {tag(box)}")
        x, y = diagram.centre(box)
        sheet.middle((x, y - (8 if box in lit else 0)), name, 11.5, bold=True, tags=f"name {tag(box)}")


def _light(sheet: Sheet, box: str, end: str) -> None:
    """An end standing in a box: a border of its colour, and its name in the box's lower half."""
    left, _, right, bottom = diagram.outline(box)
    middle = (left + right) / 2
    tags = f"lit {tag(box)} {end}"
    grow = 0.0 if end == "client" else 3.2
    sheet.box(*diagram.outline(box, grow), 7 + grow, edge=theme.END[end], width=3.2, tags=tags)
    a, b = (left + 6, middle - 2) if end == "client" else (middle + 2, right - 6)
    sheet.box(a, bottom - 21, b, bottom - 6, 7.5, face=theme.END[end], tags=tags)
    sheet.middle(((a + b) / 2, bottom - 13.5), end, 9.5, theme.PAGE, bold=True, tags=tags)

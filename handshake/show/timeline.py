"""The timeline: client left, server right, time downwards; a bar beside each lifeline carries the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import atan2, degrees, hypot
from typing import Literal

from handshake.show import rows, scene, theme
from handshake.show.labels import Choice, Slab, choose
from handshake.show.pen import Point, Sheet, along, fitted, width
from handshake.show.picture import Picture
from handshake.show.rows import Break, Mark
from handshake.show.scene import Arrow, Scene
from handshake.show.theme import Size
from handshake.trace import Step, Trace

ENDS = ("client", "server")


def timeline(
    trace: Trace,
    *,
    connection: int | None = None,
    relative: bool = True,
    window: tuple[int, int] | None = None,
    width: Literal["laptop", "slide", "panel"] = "laptop",
) -> Picture:
    """What travelled between the two ends of a connection, and their states.

    connection: its number, where the trace has several; the first is drawn otherwise.
    relative: sequence numbers counted from the start of the connection, or as they travelled.
    window: the first and the last transit to draw; of more than 40 the first 40 are drawn otherwise.
    width: "laptop", or "slide" for larger letters; "panel" is small, beside something else.
    """
    if width not in theme.SIZES:
        raise ValueError(f"width is one of {', '.join(map(repr, theme.SIZES))}, not {width!r}")
    shown = scene.read(trace, connection, relative, window)
    text = (trace if connection is None else trace.only(connection)).text(relative=relative)
    drawing = Drawing(shown, theme.SIZES[width])
    sheet = drawing.draw()
    return Picture(
        sheet.figure,
        text,
        drawing.title,
        description=f"{' '.join(drawing.subtitle)} {shown.sentences()}".strip(),
        steps=shown.positions,
    )


@dataclass(slots=True)
class Bar:
    """A state of one end, from a mark to the next."""

    end: str
    state: str
    certainty: str
    top: float
    position: int
    bottom: float = 0.0


@dataclass(slots=True)
class Label:
    """Where the words of an arrow go."""

    details: str
    at: float  # along the line from its left end
    tag_at: float


@dataclass
class Drawing:
    """One timeline being laid out and drawn.  The order of the methods is the order of the work."""

    scene: Scene
    size: Size
    marks: list[Mark] = field(default_factory=list)
    sent: dict[int, Mark] = field(default_factory=dict)
    landed: dict[int, Mark] = field(default_factory=dict)
    acted: dict[int, Mark] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)
    labels: dict[int, Label] = field(default_factory=dict)
    taken: list[Slab] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What the picture shows."""
        if self.scene.trace.title:
            return self.scene.trace.title
        return f"A {self.scene.connection.protocol} connection" if self.scene.connection else "An empty trace"

    @property
    def subtitle(self) -> list[str]:
        """A few short sentences under the title."""
        shown = self.scene
        if shown.connection is None:
            loose = len(shown.trace.transits)
            return [f"{loose} transits belong to no connection." if loose else "Nothing happened."]
        start, end = self.times
        count = len(shown.arrows)
        first = f"{count} transit{'s' * (count != 1)} in {rows.span(end - start)}"
        lost = [str(arrow.number) for arrow in shown.arrows if arrow.fault == "lost"]
        if lost:
            first += f", {len(lost)} lost" if len(lost) > 1 else f"; transit {lost[0]} is lost"
        if not count:
            first = "Nothing travelled"
        opened: dict[str, tuple[str, str]] = {}
        for _, step in shown.steps:
            if step.moved and theme.family(str(step.after.get("state"))) == "open":
                opened.setdefault(step.end, (str(step.after["state"]), rows.moment(step.time)))
        when = []
        if len(opened) == 2:
            (state, at), (other, then) = (opened[end] for end in ENDS)
            too = "" if state == other else f" {other}"
            when = [f"The client is {state} at {at}, the server{too} at {then}."]
        return [first + ".", *when, *shown.hints]

    @property
    def times(self) -> tuple[float, float]:
        """The first and the last moment shown."""
        moments = [t for arrow in self.scene.arrows for t in (arrow.left, arrow.landed)]
        moments += [step.time for _, step in self.scene.steps]
        return min(moments, default=0.0), max(moments, default=0.0)

    def draw(self) -> Sheet:
        """Lay the picture out, and draw it."""
        from handshake.show import strokes

        s = self.size
        self._columns()
        self._make_marks()
        self._lay_out()
        bars = self._bars()
        legend = strokes.legend_rows(self)
        height = self.bottom + s(14) + s(18) * len(legend) + s(8 if legend else 4)
        sheet = Sheet(s.width, height)
        strokes.paint(self, sheet, bars, legend)
        return sheet

    def _columns(self) -> None:
        """Where everything lies from left to right, and where the time axis begins."""
        s = self.size
        states = {str(x.get("state", "")) for _, step in self.scene.steps for x in (step.before, step.after)}
        states |= {str(step.after.get("state", "")) for step in self.scene.before.values()}
        self.state_size, self.name_size, self.detail_size = s(10), s(12.5), s(11.5)
        self.bar_width = max((width(x, self.state_size, True) for x in states), default=0) + s(16)
        self.has_bars = bool(self.scene.steps or self.scene.before)
        times = [rows.moment(t) for a in self.scene.arrows for t in (a.left, a.landed)]
        self.margin = s(16)
        self.time_right = self.margin + max((width("~" + t, s(10)) for t in times), default=s(30))
        side = self.bar_width + s(32) if self.has_bars else s(66)
        self.x = {"client": self.time_right + s(10) + side, "server": s.width - self.margin - side}
        room = s.width - 2 * self.margin
        self.sub_size = s(12)
        self.sub_lines: list[str] = []
        for sentence in self.subtitle:
            joined = f"{self.sub_lines[-1]} {sentence}" if self.sub_lines else sentence
            if self.sub_lines and width(joined, self.sub_size) <= room:
                self.sub_lines[-1] = joined
            else:
                self.sub_lines.append(fitted(sentence, self.sub_size, room))
        self.sub_top = s(40)
        self.strip_top = self.sub_top + s(17) * len(self.sub_lines) + s(4)
        self.head = self.strip_top + (s(26) if self.scene.window else 0) + s(14)
        self.top = self.head + s(44)

    def _make_marks(self) -> None:
        """A mark for everything that happens at an end, in order."""
        for arrow in self.scene.arrows:
            number = arrow.number
            self.sent[number] = Mark(arrow.left, arrow.sender, "sent", number, number)
            kind = "landed" if arrow.reach == 1 else "lost"
            self.landed[number] = Mark(arrow.landed, arrow.receiver, kind, number, number + 0.25)
        self.marks = [*self.sent.values(), *self.landed.values()]
        used: set[int] = set()
        order = 0.0
        for position, step in self.scene.steps:
            order = max(order, step.transit or 0, *step.sends, 0)
            mark = self._mark_of(step)
            if step.moved and mark is not None and id(mark) in used:
                mark = None  # a second state from the same arrival: it gets a moment of its own
            if mark is None and (step.moved or "timeout" in step.cause):
                mark = Mark(step.time, step.end, "step", step.number, order + 0.5)
                self.marks.append(mark)
            if mark is None:
                continue
            self.acted[position] = mark
            if step.moved:
                mark.moves = True
                used.add(id(mark))
        self.marks = rows.ordered(self.marks)

    def _mark_of(self, step: Step) -> Mark | None:
        """The arrival or the departure that a step goes with."""
        if step.transit in self.landed:
            mark = self.landed[step.transit]
            if mark.end == step.end and mark.kind == "landed":
                return mark
        return next((self.sent[n] for n in step.sends if n in self.sent), None)

    def _lay_out(self) -> None:
        """Rows and labels, with more room where a label finds no place."""
        for attempt in range(9):
            self.breaks = rows.place(self.marks, self.top, self.size.scale)
            crowded = self._place_labels()
            if not crowded or attempt == 8:
                break
            for number in crowded:
                self.sent[number].extra += self.size(11)
        last = max((mark.y for mark in self.marks), default=self.top)
        self.bottom = last + self.size(30)

    def line(self, arrow: Arrow) -> tuple[Point, Point]:
        """From where to where an arrow goes; a lost one stops on the way."""
        start = (self.x[arrow.sender], self.sent[arrow.number].y)
        across = self.x[arrow.receiver] - start[0]
        return start, (start[0] + arrow.reach * across, self.landed[arrow.number].y)

    def _place_labels(self) -> list[int]:
        """Choose a place for every label; the numbers of those that found none."""
        s = self.size
        inside = (self.x["client"] + self.x["server"]) / 2, (self.x["server"] - self.x["client"]) / 2
        self.taken = [Slab(inside[0], b.y, inside[1], s(13)) for b in self.breaks]
        lines = {arrow.number: self.line(arrow) for arrow in self.scene.arrows}
        crowded = []
        for arrow in sorted(self.scene.arrows, key=lambda a: sum(p[1] for p in lines[a.number])):
            start, end = lines[arrow.number]
            top, bottom = start[1] - s(30), end[1] + s(30)
            near = [line for n, line in lines.items() if n != arrow.number
                    and line[0][1] < bottom and line[1][1] > top]  # fmt: skip
            close = [slab for slab in self.taken if top - s(60) < slab.y < bottom + s(60)]
            choice = choose(self._choices(arrow, start, end), close, near)
            if choice is None:
                crowded.append(arrow.number)
                choice = self._choices(arrow, start, end)[-1]
            self.taken += choice.slabs
            assert isinstance(choice.what, Label)
            self.labels[arrow.number] = choice.what
        return crowded

    def _choices(self, arrow: Arrow, start: Point, end: Point) -> list[Choice]:
        """The ways to set the words of one arrow, the best first."""
        s = self.size
        left, right = sorted((start, end))
        angle = degrees(atan2(right[1] - left[1], right[0] - left[0]))
        length = hypot(right[0] - left[0], right[1] - left[1])
        room = length - s(34)
        if arrow.reach < 1:  # the words may run on over the end of a lost one, but not into its cross
            room = length - s(22)
        name = width(self.name(arrow), self.name_size, True)
        gap = s(7)
        wordings = [" ".join(arrow.details[:n]) for n in range(len(arrow.details), -1, -1)]
        wordings = [d for d in wordings if not d or name + gap + width(d, self.detail_size) <= room] or [""]
        tag = width(self.tag(arrow), s(9.5))
        outward = 1 if start[0] < end[0] else -1
        extra = [self.lost_slab(end, outward, arrow)] if arrow.reach < 1 else []
        choices = []
        for dropped, details in enumerate(wordings):
            long = name + (gap + width(details, self.detail_size) if details else 0)
            for n, share in enumerate((0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)):
                at = _between(share * length, long / 2 + s(15), length)
                tag_at = _between(at, tag / 2 + s(26), length)
                slabs = [Slab(*along(left, angle, at, -s(10)), long / 2 + s(3), s(7.2), angle), *extra]
                if tag:
                    slabs.append(Slab(*along(left, angle, tag_at, s(9.5)), tag / 2 + s(3), s(6), angle))
                choices.append(Choice(tuple(slabs), 0.35 * n + 2.5 * dropped, Label(details, at, tag_at)))
        return choices

    def name(self, arrow: Arrow) -> str:
        """The name as it fits between the lifelines."""
        room = (self.x["server"] - self.x["client"]) * arrow.reach - self.size(36)
        return fitted(arrow.name, self.name_size, room, True)

    def tag(self, arrow: Arrow) -> str:
        """What an observer says of it, in one line."""
        room = (self.x["server"] - self.x["client"]) * arrow.reach - self.size(36)
        return fitted("; ".join(arrow.tags), self.size(9.5), room - self.size(40))

    def lost_slab(self, end: Point, outward: int, arrow: Arrow) -> Slab:
        """Where the word beside the cross of a lost one lies."""
        s = self.size
        half = width(self.fate(arrow), s(11), True) / 2
        return Slab(end[0] + outward * (s(13) + half), end[1] + s(2), half + s(2), s(7))

    def fate(self, arrow: Arrow) -> str:
        """What became of one that did not land."""
        return "lost" if arrow.fault == "lost" else "not arrived"

    def _bars(self) -> list[Bar]:
        """The states of both ends, from top to bottom."""
        bars: list[Bar] = []
        for end in ENDS:
            mine = [(k, step) for k, step in self.scene.steps if step.end == end]
            before = self.scene.before.get(end)
            column: list[Bar] = []
            if before is not None:
                column.append(Bar(end, str(before.after.get("state", "?")), before.certainty, self.top, 0))
            elif mine:
                position, step = mine[0]
                mark = self.acted.get(position)
                if not (step.moved and mark and mark.y - self.top < self.size(rows.BAR)):
                    column.append(Bar(end, str(step.before.get("state", "?")), step.certainty, self.top, 0))
            for position, step in mine:
                state = str(step.after.get("state", "?"))
                if position in self.acted and (not column or column[-1].state != state):
                    column.append(Bar(end, state, step.certainty, self.acted[position].y, position))
            for this, following in pairwise(column):
                this.bottom = following.top
            if column:
                column[-1].bottom = self.bottom
            bars += column
        return bars


def _between(wanted: float, border: float, length: float) -> float:
    """The wanted place, or the nearest that keeps its distance from both ends of a line."""
    return min(max(wanted, border), length - border) if length > 2 * border else length / 2

"""The timeline: client left, server right, time downwards; a bar beside each lifeline carries the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from handshake.show import captions, rows, scene, theme
from handshake.show.captions import Label
from handshake.show.labels import Slab, choose
from handshake.show.pen import Point, Sheet, fitted, width
from handshake.show.picture import Picture
from handshake.show.rows import Break, Mark
from handshake.show.scene import Arrow, Scene
from handshake.show.theme import Size
from handshake.trace import Step, Trace

ENDS = ("client", "server")
PATIENT, ROUNDS = 8, 9
"""So often is the page laid out with more room before names are cut short, which always ends it."""


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


@dataclass
class Drawing:
    """One timeline being laid out and drawn.  The order of the methods is the order of the work."""

    scene: Scene
    size: Size
    marks: list[Mark] = field(default_factory=list)
    sent: dict[int, Mark] = field(default_factory=dict)
    landed: dict[int, Mark] = field(default_factory=dict)
    acted: dict[int, Mark] = field(default_factory=dict)
    happened: list[Mark] = field(default_factory=list)
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
        first = f"{count} transit{'s' * (count != 1)} in {rows.lasting(end - start)}"
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
        self.state_size = s(10)
        self.bar_width = max((width(x, self.state_size, True) for x in states), default=0) + s(16)
        self.has_bars = bool(self.scene.steps or self.scene.before)
        moments = [t for a in self.scene.arrows for t in (a.left, a.landed)]
        times = [rows.moment(t) for t in (*moments, *(step.time for _, step in self.scene.steps))]
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
        for _, event in self.scene.events:
            earlier = [a.number for a in self.scene.arrows if a.left <= event.time]
            mark = Mark(event.time, event.end, "step", 0, max(earlier, default=0) + 0.4)
            self.happened.append(mark)
            self.marks.append(mark)
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
        for attempt in range(ROUNDS):
            self.breaks = rows.place(self.marks, self.top, self.size.scale)
            crowded = self._place_labels(shorten=attempt >= PATIENT)
            if not crowded:
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

    def _place_labels(self, *, shorten: bool) -> list[int]:
        """Choose a place for every label; the numbers of those that found none."""
        s = self.size
        left, right = rails = self.x["client"], self.x["server"]
        lines = {arrow.number: self.line(arrow) for arrow in self.scene.arrows}
        self.taken = [Slab((left + right) / 2, b.y, (right - left) / 2, s(13)) for b in self.breaks]
        # What cannot move comes first; then the labels, from the top of the page.
        lost = [arrow for arrow in self.scene.arrows if arrow.reach < 1]
        self.taken += [captions.fate_slab(arrow, *lines[arrow.number], s) for arrow in lost]
        crowded = []
        for arrow in sorted(self.scene.arrows, key=lambda a: sum(p[1] for p in lines[a.number])):
            start, end = lines[arrow.number]
            top, bottom = start[1] - s(30), end[1] + s(30)
            near = [
                line
                for number, line in lines.items()
                if number != arrow.number and line[0][1] < bottom and line[1][1] > top
            ]
            close = [o for o in self.taken if top < o.y + o.half_width and o.y - o.half_width < bottom]
            choice = choose(captions.choices(arrow, start, end, rails, s, shorten=shorten), close, near)
            if choice is None:
                crowded.append(arrow.number)
                continue
            self.taken += choice.slabs
            assert isinstance(choice.what, Label)
            self.labels[arrow.number] = choice.what
        return crowded

    def _bars(self) -> list[Bar]:
        """The states of both ends, from top to bottom."""
        bars: list[Bar] = []
        for end in ENDS:
            mine = [(k, step) for k, step in self.scene.steps if step.end == end]
            before = self.scene.before.get(end)
            column: list[Bar] = []
            first = self.acted.get(mine[0][0]) if mine and mine[0][1].moved else None
            if first and first.y - self.top < self.size(rows.BAR):
                pass  # no room for the state in which it began
            elif before is not None:
                column.append(Bar(end, str(before.after.get("state", "?")), before.certainty, self.top, 0))
            elif mine:
                step = mine[0][1]
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

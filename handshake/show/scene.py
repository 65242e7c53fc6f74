"""What a timeline shows, read from a trace: arrows, states and words, without any geometry."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from handshake.show import rows
from handshake.show.picture import Position
from handshake.trace import (
    ABOVE,
    Address,
    Connection,
    Fault,
    Message,
    Step,
    Trace,
    Transit,
    by_transit,
    going_on,
)
from handshake.trace.lazy import of_connection

MANY = 40
"""More transits than this are drawn a window at a time."""


@dataclass(slots=True)
class Arrow:
    """One transit, as it will be drawn.

    left, landed: times; landed is where it was lost, for a lost one.
    reach: how much of the way it got, from 0 to 1.   unseen: which of its times are only reckoned.
    shown, lands: the cursor positions at which the arrow and its head appear.
    """

    number: int
    sender: str
    left: float
    landed: float
    name: str
    details: tuple[str, ...]
    tags: tuple[str, ...]
    fault: str | None
    reach: float = 1.0
    unseen: tuple[str, ...] = ()
    shown: int = 1
    lands: int = 1

    @property
    def receiver(self) -> str:
        """The other end."""
        return "server" if self.sender == "client" else "client"


@dataclass(slots=True)
class Scene:
    """Everything that one timeline shows.

    positions: what the stepper's cursor can stand on, the first being 0, before anything.
    steps: (cursor position, step) of the steps in the window.   before: each end's step before the window.
    events: (cursor position, event) of what befell an end, in the window.
    """

    trace: Trace
    connection: Connection | None
    arrows: list[Arrow] = field(default_factory=list)
    steps: list[tuple[int, Step]] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    before: dict[str, Step] = field(default_factory=dict)
    events: list[tuple[int, Fault]] = field(default_factory=list)
    window: tuple[int, int] | None = None
    hints: list[str] = field(default_factory=list)
    total: int = 0
    place: tuple[int, int] = (0, 0)

    def sentences(self) -> str:
        """The arrows in words, for a screen reader."""
        said = []
        for arrow in self.arrows:
            fate = f"arrives at {rows.moment(arrow.landed)}"
            if arrow.reach < 1:
                fate = arrow.fault or "not arrived"
            what = " ".join([arrow.name, *arrow.details])
            said.append(f"{arrow.number}: {arrow.sender} sends {what} at {rows.moment(arrow.left)}, {fate}.")
        return " ".join(said)


def check_trace(trace: object) -> None:
    """TypeError for what is no trace."""
    if not isinstance(trace, Trace):
        raise TypeError(
            f"a picture is drawn from a Trace, as sim.tcp() or capture.read() gives; got {trace!r:.60}"
        )


def read(
    trace: Trace, connection: int | None = None, relative: bool = True, window: tuple[int, int] | None = None
) -> Scene:
    """The scene of one connection: the first, unless another is asked for."""
    check_trace(trace)
    if not trace.connections:
        return Scene(trace, None)
    kept = trace.connections[0] if connection is None else trace.connection(connection)
    scene = Scene(trace, kept, total=len(kept.transits))
    if connection is None and len(trace.connections) > 1:
        scene.hints.append(
            f"Connection {kept.number} of {len(trace.connections)}: "
            f"timeline(trace, connection={trace.connections[1].number}) draws the next."
        )
    numbers = _windowed(scene, window, connection)
    steps = sorted(of_connection(trace.steps, kept.number), key=lambda step: (step.time, step.number))
    scene.positions = positions(steps, kept.transits)
    mine = of_connection(trace.messages, kept.number)
    told, more = by_transit(mine), going_on(mine)
    transits = [trace[number] for number in numbers]
    flights = [f for t in transits if (f := _duration(trace, t))]
    usual = median(flights) if flights else kept.delay or 0.0
    scene.arrows = [
        _arrow(trace, transit, told.get(transit.number, []), more.get(transit.number, ""), usual, relative)
        for transit in transits
    ]
    _in_turn(scene.arrows, usual)
    _reveal(scene, steps)
    _choose_steps(scene, steps, numbers)
    _choose_events(scene, steps)
    return scene


def positions(steps: Sequence[Step], transits: Sequence[int]) -> list[Position]:
    """What the cursor can stand on: nothing yet, then each step; or each transit, where there are none."""
    start = Position(None, ())
    if not steps:
        return [start, *(Position(None, (number,)) for number in transits)]
    return [
        start,
        *(Position(s.number, (*([s.transit] if s.transit else []), *s.sends)) for s in steps),
    ]


def address(address: Address) -> str:
    """An address as people write it: "10.0.0.1:443", "[2001:db8::1]:443"."""
    ip, port = address
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _windowed(scene: Scene, window: tuple[int, int] | None, connection: int | None) -> Sequence[int]:
    """The numbers of the transits to draw, with a hint where they are not all."""
    assert scene.connection is not None
    everything = scene.connection.transits
    if window is None:
        first, last = 0, min(len(everything), MANY)
    else:
        first = bisect_left(everything, window[0])
        last = bisect_left(everything, window[1] + 1)
    numbers = everything[first:last]
    if len(numbers) < len(everything):
        scene.window = (numbers[0], numbers[-1]) if numbers else (window or (0, 0))
        scene.place = (first, last)
        chosen = f"connection={connection}, " if connection is not None else ""
        hint = f"Transits {scene.window[0]}-{scene.window[1]}: {len(numbers)} of {len(everything)}"
        after = everything[last : last + max(1, last - first)]
        if after:
            hint += f"; timeline(trace, {chosen}window=({after[0]}, {after[-1]})) draws the next"
        scene.hints.append(hint + ".")
    return numbers


def _duration(trace: Trace, transit: Transit) -> float | None:
    left, landed, _ = trace.flight(transit)
    return landed - left if left is not None and landed is not None else None


def _arrow(
    trace: Trace, transit: Transit, messages: list[Message], more: str, usual: float, relative: bool
) -> Arrow:
    left, landed, estimated = trace.flight(transit)
    unseen: list[str] = []
    reach = 1.0
    if estimated:
        # Where both ends were reckoned, the capture was taken at one of them, or somewhere between.
        unseen = [name for name, time in (("left", left), ("landed", landed)) if time != transit.seen]
        if left == landed:
            unseen = ["left", "landed"]
    if left is None:
        left = transit.time if landed is None else landed - usual
        unseen = ["left"]
    if landed is None:
        told = next((f.time for f in trace.faults if f.transit == transit.number and f.kind == "lost"), None)
        reach = 0.62
        if told is not None and usual:
            reach = min(max((told - left) / usual, 0.5), 0.75)
        landed = left + reach * usual
    landed = max(left, landed)  # clocks of captures have been seen to run backwards
    name, details = _words(transit, messages, more, relative)
    tags = [label for message in messages for label in message.labels]
    if transit.fault not in (None, "lost") and not any(str(transit.fault) in tag for tag in tags):
        tags.append(str(transit.fault))
    return Arrow(
        transit.number, transit.sender or "client", left, landed, name, details, tuple(tags), transit.fault,
        reach, tuple(unseen),
    )  # fmt: skip


def _words(
    transit: Transit, messages: list[Message], more: str, relative: bool
) -> tuple[str, tuple[str, ...]]:
    """The name and the details of what a transit carries: of the topmost layer that starts in it."""
    top = [m for m in messages if m.layer in ABOVE]
    if not top and (more or not messages):
        return more or f"{transit.wire_length} bytes", ()
    top = top or messages[:1]
    if len(top) > 1:
        sealed = [m.name for m in top if m.secret]
        clear = [m.name for m in top if not m.secret]
        return ", ".join([*clear, f"encrypted: {', '.join(sealed)}"] if sealed else clear), ()
    details = tuple(d.text(relative) for d in top[0].details)
    return top[0].name, ("encrypted", *details) if top[0].secret else details


def _in_turn(arrows: list[Arrow], usual: float) -> None:
    """Reckoned times waver a little: an answer that seems to leave before its cause lands waits for it."""
    for i, arrow in enumerate(arrows):
        if "left" not in arrow.unseen:
            continue
        for earlier in arrows[max(0, i - 8) : i]:
            late = earlier.landed - arrow.left
            if earlier.sender != arrow.sender and "landed" in earlier.unseen and 0 < late < 0.1 * usual:
                arrow.left = earlier.landed


def _reveal(scene: Scene, steps: Sequence[Step]) -> None:
    """At which position of the cursor each arrow, and its head, appears."""
    if not steps:
        place = {number: k for k, position in enumerate(scene.positions) for number in position.transits}
        for arrow in scene.arrows:
            arrow.shown = arrow.lands = place[arrow.number]
        return
    sends = {number: k for k, step in enumerate(steps, 1) for number in step.sends}
    arrivals = {step.transit: k for k, step in enumerate(steps, 1) if step.transit is not None}
    times = [step.time for step in steps]
    for arrow in scene.arrows:
        # Nobody's step?  Then with the first step that is not earlier, so that no head shows too soon.
        by_time = [min(bisect_left(times, time) + 1, len(times)) for time in (arrow.left, arrow.landed)]
        arrow.shown = sends.get(arrow.number, by_time[0])
        arrow.lands = max(arrow.shown, arrivals.get(arrow.number, by_time[1]))


def _choose_events(scene: Scene, steps: Sequence[Step]) -> None:
    """What befell an end in the window; what a step tells already (a power failure) is left to it."""
    times = [step.time for step in steps]
    first = min([arrow.left for arrow in scene.arrows], default=0.0)
    last = max([arrow.landed for arrow in scene.arrows] + [step.time for _, step in scene.steps], default=0.0)
    number = None if scene.connection is None else scene.connection.number
    for event in of_connection(scene.trace.faults, number):
        if event.kind in SAID and (scene.window is None or first <= event.time <= last):
            scene.events.append((bisect_left(times, event.time) + 1 if times else 1, event))


SAID = {
    "killed": "program killed",
    "unplugged": "cable pulled",
    "plugged in": "cable back",
    "noticed": "program gives the peer up",
    "unaware": "still believes in the connection",
    "restarted": "program started again",
    "refused": "program refused",
}
"""What is said beside the lifeline of an event."""


def _choose_steps(scene: Scene, steps: Sequence[Step], numbers: Sequence[int]) -> None:
    """The steps that belong to the window, and what each end did last before it."""
    inside = set(numbers)
    everything = len(numbers) == scene.total
    first = min((arrow.left for arrow in scene.arrows), default=0.0)
    last = max((arrow.landed for arrow in scene.arrows), default=0.0)
    for position, step in enumerate(steps, 1):
        concerned = {step.transit, *step.sends} & inside
        bare = step.transit is None and not step.sends and first <= step.time <= last
        if everything or concerned or bare:
            scene.steps.append((position, step))
        elif not scene.steps:
            scene.before[step.end] = step

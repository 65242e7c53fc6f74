"""The labs: a change of any control runs the experiment anew, and segments or states change.

Each lab is a plain function and the same with controls.  `LABS` names both, and for every control a change
that must be seen, where needed with other controls set so that it matters.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
from ipywidgets import HTML, Widget

from handshake import article
from handshake.labs import (
    Lab,
    Outcome,
    closing,
    lab,
    layers,
    mutual,
    numbering,
    oneway,
    opening,
    sockets,
    trust,
)
from handshake.labs.forging import FORGERIES, forging, forging_lab
from handshake.trace import Trace


class Change(NamedTuple):
    """A control that is changed: its name and new value, and what else is set before that."""

    control: str
    value: Any
    given: dict[str, Any] = {}  # noqa: RUF012
    view: bool = False
    """Whether it chooses what is looked at, and not what happens."""


LABS: dict[str, tuple[Callable[..., Outcome], Callable[[], Lab], list[Change]]] = {
    "layers.peeling": (layers.peeling, layers.peeling_lab, [
        *(Change("kind", kind) for kind in ("HTTP, no TLS", "UDP datagram", "a SYN")),
        Change("network", "IPv6"), Change("peeled", 3), Change("length", 100), Change("key", False),
        Change("timestamps", False),
    ]),
    "layers.hopping": (layers.hopping, layers.hopping_lab, [
        Change("hops", 5), Change("network", "IPv6"), Change("nat", True),
    ]),
    "layers.flags": (layers.flags, layers.flags_lab, [
        *(Change(name, True) for name in ("cwr", "ece", "urg", "rst", "syn", "fin")),
        *(Change(name, False) for name in ("ack", "psh", "data")),
        Change("state", "LISTEN"), Change("numbers", "seq is far off"), Change("numbers", "ack is far off"),
    ]),
    "layers.adding": (layers.adding, layers.adding_lab, [
        *(Change("trick", trick) for trick in ("flip one bit", "flip it in two words", "swap two words")),
        Change("word", 12, {"trick": "flip one bit"}), Change("bit", 9, {"trick": "flip one bit"}),
        Change("verify", True),
    ]),
    "layers.flipping": (layers.flipping, layers.flipping_lab, [
        Change("bit", 300), Change("compensate", True), Change("where", "inside a router"),
        Change("kind", "HTTP, no TLS"),
    ]),
    "sockets.queues": (sockets.queues, sockets.queues_lab, [
        Change("callers", 3), Change("every_ms", 500), Change("backlog", 1), Change("accepts_from", 0.0),
        Change("accepts_every", 1.0),
    ]),
    "sockets.tuples": (sockets.tuples, sockets.tuples_lab, [
        Change("clients", 3), Change("tabs", 1), Change("sender", "203.0.113.99"), Change("port", 40002),
        Change("to", 81),
    ]),
    "sockets.rulers": (sockets.rulers, sockets.rulers_lab, [
        Change("gather", "as few as possible"), Change("gather", "at most 16 bytes each"), Change("mss", 100),
        Change("room", 16, view=True),
    ]),
    "sockets.cutting": (sockets.cutting, sockets.cutting_lab, [Change("decoder", "ours"), Change("at", 4)]),
    "oneway.explorer": (oneway.explorer, oneway.explorer_lab, [
        Change("message", "ServerHello"), Change("key_exchange", "ECDHE", {"message": "ClientKeyExchange"}),
        Change("opened", True, {"message": "the client's Finished"}, view=True),
    ]),
    "oneway.workbench": (oneway.workbench, oneway.workbench_lab, [
        Change("changed", "client random"), Change("bit", 3, {"changed": "premaster secret"}),
        Change("extended", False),
    ]),
    "oneway.tampering": (oneway.tampering, oneway.tampering_lab, [
        Change("target", "ClientHello"), Change("at", 0), Change("bit", 3, {"at": 4}),
        Change("openssl", False), Change("extended", False, {"target": "ClientHello", "at": 60}),
    ]),
    "oneway.choosing": (oneway.choosing, oneway.choosing_lab, [
        Change("client", "only RSA"), Change("server", "strongest first"), Change("stripped", True),
    ]),
    "mutual.duel": (mutual.duel, mutual.duel_lab, [
        *(Change("name", name) for name in (article.ATTACKS[0], *article.ATTACKS[2:])),
        Change("version", "TLS 1.3"),
    ]),
    "mutual.strip": (mutual.strip, mutual.strip_lab, [
        Change("version", "TLS 1.3"), Change("proof", "client's Finished", view=True),
        Change("changed", "the random in the ServerHello"),
    ]),
    "mutual.grid": (mutual.grid, mutual.grid_lab, [
        Change("version", "TLS 1.2"), Change("requirement", "optional"), Change("client", "good"),
        Change("ours", "neither", view=True),
    ]),
    "trust.bench": (trust.bench, trust.bench_lab, [
        Change("defect", "expired"), Change("defect", "cn_only"), Change("kind", "ECDSA"),
        Change("purpose", "client"), Change("lists", False, {"defect": "revoked"}),
        Change("names", False, {"defect": "wrong_host"}),
    ]),
    "trust.dates": (trust.dates, trust.dates_lab, [Change("year", 2027), Change("month", 1)]),
    "trust.lists": (trust.lists, trust.lists_lab, [Change("revoked", False)]),
    "trust.warning": (trust.warning, trust.warning_lab, [
        Change("presenter", "the server"), Change("goes_on", True), Change("hsts", True),
    ]),
    "sockets.serving": (sockets.serving, sockets.serving_lab, [
        Change("how", "whoever is ready"), Change("stall", 0.0),
    ]),
    "numbering.lanes": (numbering.lanes, numbering.lanes_lab, [
        Change("moment_ms", 120, view=True), Change("asks", 30), Change("answers", 0), Change("size", 5),
        Change("which", 3), Change("kind", "doubled", {"which": 3}), Change("absolute", True, view=True),
    ]),
    "numbering.resegment": (numbering.resegment, numbering.resegment_lab, [
        Change("size", 7), Change("push", "none"), Change("push", "all"),
    ]),
    "numbering.transfer": (numbering.transfer, numbering.transfer_lab, [
        Change("lost", 0), Change("also", 12), Change("fast", False), Change("delayed", 0.2),
        Change("window", 1000),
    ]),
    "numbering.wrap": (numbering.wrap, numbering.wrap_lab, [
        Change("before", 50), Change("count", 5), Change("other", -3, view=True),
    ]),
    "opening.faults": (opening.faults, opening.faults_lab, [
        Change("segment", "1: SYN"), Change("fault", "doubled"), Change("speaks", "client"),
        Change("late", 2.0, {"fault": "late"}),
    ]),
    "opening.backing_off": (opening.backing_off, opening.backing_off_lab, [
        Change("lost", 8), Change("initial_rto", 3.0),
    ]),
    "opening.both_call": (opening.both_call, opening.both_call_lab, [
        Change("apart_ms", 10), Change("apart_ms", 30),
    ]),
    "opening.two_or_three": (opening.two_or_three, opening.two_or_three_lab, [
        Change("messages", 3), Change("old", 3), Change("there", True),
    ]),
    "opening.exploring": (opening.exploring, opening.exploring_lab, [
        Change("messages", 3), Change("in_flight", 1, view=True), Change("copies", 0, view=True),
    ]),
    "opening.flooding": (opening.flooding, opening.flooding_lab, [
        Change("rate", 5), Change("seconds", 1), Change("backlog", 100),
        Change("synack_retries", 1, {"seconds": 1}), Change("cookies", True),
    ]),
    "opening.waiting": (opening.waiting, opening.waiting_lab, [
        Change("loss_percent", 30), Change("rtt_ms", 600), Change("retries", 0), Change("machine", True),
    ]),
    "closing.failing": (closing.failing, closing.failing_lab, [
        Change("case", "reboot, then SYN"), Change("helps", "keep-alive"),
        Change("idle", 10.0, {"helps": "keep-alive"}),
        Change("user_timeout", 120.0, {"helps": "user timeout", "case": "silence, server sends"}),
        Change("heartbeat", 60.0, {"helps": "heartbeat"}),
    ]),
    "closing.detecting": (closing.detecting, closing.detecting_lab, [
        Change("idle", 60.0), Change("interval", 10), Change("count", 3),
        Change("user_timeout", 300.0, view=True),
    ]),
    "closing.ways": (closing.ways, closing.ways_lab, [
        *(Change("way", way) for way in closing.WAYS[1:]), Change("gap", 1.0), Change("msl", 30.0),
    ]),
    "closing.skipping": (closing.skipping, closing.skipping_lab, [
        Change("time_wait", True), Change("numbers_fit", False), Change("late", 0.5),
    ]),
    "closing.again": (closing.again, closing.again_lab, [Change("first", "client"), Change("reuse", True)]),
    "forging": (forging, forging_lab, [
        *(Change("what", what) for what in FORGERIES if what != "RST"), Change("place", 0),
        Change("guess", 5000, {"what": "data", "place": 0}),
    ]),
}  # fmt: skip

CHANGES = [
    pytest.param(name, change, id=f"{name} {change.control}={change.value}")
    for name, (_, _, changes) in LABS.items()
    for change in changes
]


def happened(run: Trace) -> tuple[list[bytes], list[tuple[str, str, str]]]:
    """The segments of a run, and the states of its ends."""
    steps = [(each.end, str(each.before["state"]), str(each.after["state"])) for each in run.steps]
    return [transit.frame for transit in run.transits], steps


def times(run: Trace) -> list[float]:
    """When segments left, and when the states of ends changed."""
    return [transit.time for transit in run.transits] + [each.time for each in run.steps if each.moved]


@cache
def built(name: str) -> Lab:
    """A lab as it begins, for those who only look at it."""
    return LABS[name][1]()


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_control_is_changed_and_segments_or_states_change(
    name: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lab, "_show", lambda self, views: None)  # (here the outcome counts, not its pictures)
    made = LABS[name][1]()
    for control, value in change.given.items():
        made.controls[control].value = value
    before = made.outcome
    made.controls[change.control].value = change.value
    after = made.outcome
    assert before is not None
    assert after is not None
    assert after is not before, "it ran anew"
    assert str(after) != str(before)
    if before.trace is None or after.trace is None or change.view:
        return  # many runs at once, or another look at the same run
    one, other = happened(before.trace), happened(after.trace)
    assert one != other or times(before.trace) != times(after.trace)


@pytest.mark.parametrize("name", LABS)
def test_every_control_is_changed_above(name: str) -> None:
    changed = {change.control for change in LABS[name][2]}
    assert changed == set(built(name).controls)


@pytest.mark.parametrize("name", LABS)
def test_the_lab_begins_with_what_the_function_gives(name: str) -> None:
    function, _, _ = LABS[name]
    made = built(name)
    assert made.outcome is not None
    assert str(made.outcome) == str(function(**made.values))


EXTREMES = ("min", "max")


@pytest.mark.slow
@pytest.mark.parametrize("name", LABS)
def test_no_extreme_of_a_control_breaks_a_lab(name: str) -> None:
    """Every slider at both its ends, every choice once; alone, and all at their least or most together."""
    made = LABS[name][1]()
    controls = dict(made.controls)
    if name == "opening.exploring":
        controls.pop("messages")  # four messages take a while; they are tried in test_scenarios
    for control in controls.values():
        kept = control.value
        options = getattr(control, "_options_values", None)
        values = list(options) if options is not None else [getattr(control, end, False) for end in EXTREMES]
        for value in [*values, True if isinstance(kept, bool) else kept]:
            control.value = value
            assert made.outcome is not None, f"{name} with {made.values}"
        control.value = kept
    for end, place in (("min", 0), ("max", -1)):
        for control in controls.values():
            options = getattr(control, "_options_values", None)
            if options is not None:
                control.value = options[place]
            elif not isinstance(control.value, bool):
                control.value = getattr(control, end)
        assert made.outcome is not None, f"{name} with {made.values}"


@pytest.mark.parametrize("name", LABS)
def test_a_lab_shows_itself(name: str) -> None:
    """Its repr is short and the same on every run; its text and its page without Python say everything."""
    made, again = built(name), LABS[name][1]()
    assert repr(made) == repr(again)
    assert len(repr(made)) <= 110
    assert str(made).splitlines()[0] == made.title
    assert made.outcome is not None
    assert made.outcome.words in str(made)
    bundle = made._repr_mimebundle_()
    assert bundle["text/plain"] == repr(made)
    assert any(f"<{picture}" in bundle["text/html"] for picture in ("svg", "table", "figure"))
    outcome = made.outcome._repr_mimebundle_()
    assert outcome["text/plain"] == str(made.outcome)
    assert 'role="status"' in outcome["text/html"]
    assert len(repr(made.outcome)) <= 110


@pytest.mark.parametrize("name", LABS)
def test_controls_are_named_and_run_only_when_let_go(name: str) -> None:
    """A slider that is dragged would run the machine a hundred times."""
    for control in built(name).controls.values():
        assert control.description
        assert getattr(control, "continuous_update", False) is False
        assert getattr(control, "tooltip", None) or getattr(control, "tooltips", None)


# ---- The lab itself --------------------------------------------------------------------------------------


def simple(number: int = 1, word: str = "a") -> Outcome:
    if number == 3:
        raise ValueError("three is too many")
    return Outcome(f"{word} {number}", (Shown(word * number),))


class Shown:
    """Something that shows itself."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": f"<p>{self.text}</p>"}


def made_simple() -> Lab:
    return Lab(
        "A lab", simple, number=lab.slider("how many", 1, 1, 3), word=lab.choice("which", ["a", "b"], "a")
    )


def everything(widget: Widget) -> str:
    """All that the browser is told of a widget and those inside it."""
    state = {key: value for key, value in widget.get_state().items() if not isinstance(value, bytes)}
    return json.dumps(state, default=str) + "".join(map(everything, getattr(widget, "children", ())))


def test_what_is_refused_is_said_in_words_and_nothing_is_lost() -> None:
    made = made_simple()
    made.controls["number"].value = 3
    assert made.outcome is None
    assert "three is too many" in everything(made)
    assert repr(made) == "Lab(A lab: number=3, word=a)"
    assert str(made).endswith("This cannot be run: three is too many")
    made.controls["number"].value = 2
    assert made.outcome is not None
    assert "<p>aa</p>" in everything(made)
    assert "three is too many" not in everything(made)


def test_pictures_change_in_their_place() -> None:
    made = made_simple()
    (view,) = made._views.children
    made.controls["word"].value = "b"
    assert made._views.children == (view,)
    assert "<p>b</p>" in view.value


def test_widgets_of_the_run_before_are_closed() -> None:
    """Else the browser would keep every stepper that was ever shown."""
    made = opening.both_call_lab()
    stepper = made._views.children[0]
    inside = stepper.children[0]
    made.controls["apart_ms"].value = 10
    assert made._views.children[0] is not stepper
    assert stepper.comm is None
    assert inside.comm is None


def test_progress_is_shown_where_an_experiment_tells_it() -> None:
    seen: list[tuple[int, int]] = []

    def slow(number: int = 1, progress: Any = None) -> Outcome:
        for n in range(number + 1):
            progress(n, number)
            seen.append((bar.value, bar.max))
        return Outcome("done")

    made = Lab("Slow", lambda number, progress: Outcome("not yet"), number=lab.slider("how many", 1, 1, 5))
    bar = made._bar
    made.experiment = slow
    made.controls["number"].value = 3
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert bar.layout.visibility == "hidden"


def test_a_choice_is_buttons_or_a_list_by_its_size() -> None:
    assert type(lab.choice("x", ["a", "b"], "a")).__name__ == "ToggleButtons"
    assert type(lab.choice("x", [str(n) for n in range(20)], "3")).__name__ == "Dropdown"


def test_an_outcome_without_a_picture_is_its_words() -> None:
    outcome = Outcome("one\ntwo", ("plain text",))
    assert repr(outcome) == "Outcome(one)"
    assert "<pre>plain text</pre>" in outcome.html()
    assert "one<br>two" in outcome.html()
    assert isinstance(HTML(outcome.html()), Widget)

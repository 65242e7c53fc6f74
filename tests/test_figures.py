"""RFC 9293 figures 6 to 13, line by line: what is sent, and the states of both ends after each line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_tcp import Pair, flags, line, numbers

from handshake.tcp import Endpoint, Segment

VECTORS = Path(__file__).parents[2] / "shared" / "vectors" / "tcp" / "rfc9293_figures.json"

FIGURES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["figures"] if VECTORS.exists() else []

MISSING = f"the figures are not here: {VECTORS.name} is kept outside the project"

PROGRAMS = {
    (6, 2): "A open",
    (6, 5): "A send 1",
    (7, 2): "A open",
    (7, 3): "B open",
    (8, 2): "A open",
    (9, 3): "A open",
    (10, 2): "B send 10",
    (12, 2): "A close",
    (12, 4): "B close",
    (13, 2): "A close, B close",
}
"""What the programs do, which the figures tell only by its effects: (figure, line) -> calls before it."""

ADDRESSES = {"A": ("10.0.0.1", 40000), "B": ("10.0.0.2", 443)}
OTHER = {"A": "B", "B": "A"}


def lines() -> Iterator[Any]:
    for figure in FIGURES:
        for index, each in enumerate(figure["lines"]):
            earlier = sum(before["line"] == each["line"] for before in figure["lines"][:index])
            part = "abc"[earlier] if earlier or each["line"] in REPEATED.get(figure["figure"], ()) else ""
            yield pytest.param(figure, index, id=f"figure {figure['figure']} line {each['line']}{part}")


REPEATED = {13: (2, 3)}
"""Lines of a figure that show several segments."""


@pytest.mark.skipif(not FIGURES, reason=MISSING)
@pytest.mark.parametrize(("figure", "index"), list(lines()))
def test_figure(figure: dict[str, Any], index: int) -> None:
    """Play the figure up to this line; its states hold afterwards."""
    stage = Stage(figure)
    for each in figure["lines"][: index + 1]:
        stage.play(each)
    stage.check(figure["lines"][index])


@pytest.mark.skipif(not FIGURES, reason=MISSING)
@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: f"figure {figure['figure']}")
def test_nothing_is_sent_that_the_figure_does_not_show(figure: dict[str, Any]) -> None:
    stage = Stage(figure)
    for each in figure["lines"]:
        if (figure["figure"], each["line"]) != (9, 7):  # the SYN sent again; see `Stage.again`
            stage.play(each)
    left = [f"{end}: {line(s)}" for end in "AB" for s in stage.pair.on_the_way(end)]
    assert left == (["B: ACK 301 ack 102"] if figure["figure"] == 6 else [])  # figure 6 stops at the data


class Stage:
    """Both ends as the figure finds them, and its lines acted out."""

    def __init__(self, figure: dict[str, Any]) -> None:
        self.figure = figure
        self.names = figure.get("vars", {})
        self.pair = Pair(
            *(Endpoint(ADDRESSES[end], ADDRESSES[OTHER[end]], isn=self.isn(end)) for end in "AB")
        )
        self.called: set[int] = set()
        self.shown: dict[str, list[str]] = {"A": [], "B": []}
        if "ESTABLISHED" in figure["start"]["B"]:
            self.connect()
        for end in "AB":
            if figure["start"][end] == "LISTEN":
                self.pair.ends[end].listen()
            elif "reboot" in figure["start"][end]:
                self.pair.ends[end] = Endpoint(ADDRESSES[end], ADDRESSES[OTHER[end]], isn=self.first(end))

    def first(self, end: str) -> int:
        return int(self.figure.get("iss", {}).get(end, 0))

    def isn(self, end: str) -> Any:
        """The first number that leads to those that the figure starts from."""
        given = self.figure.get("iss", {}).get(end)
        if isinstance(given, list):
            return numbers(*given)
        if "snd_nxt" in self.figure:
            return int(self.figure["snd_nxt"][end]) - 1
        told = re.search(r"snd.nxt=(\d+) rcv.nxt=(\d+)", self.figure["start"]["B"])
        if told:
            return int(told[2 if end == "A" else 1]) - 1
        return self.names["X"] if self.names else given

    def connect(self) -> None:
        self.pair.ends["B"].listen()
        self.pair.ends["A"].open()
        self.pair.settle()
        assert self.pair.states == ("ESTABLISHED", "ESTABLISHED")

    def play(self, each: dict[str, Any]) -> None:
        """Act one line out, and hold what is sent against it."""
        number = each["line"]
        if number not in self.called:
            self.called.add(number)
            for call in filter(None, PROGRAMS.get((self.figure["figure"], number), "").split(", ")):
                self.call(call)
        if each.get("note") == "after 2 MSL":
            self.pair.pass_time(1000.0)
        if "segment" in each:
            sender, _, how = each["dir"].partition("->")
            getattr(self, how[2:] or "passes")(sender, self.segment(sender, each["segment"]), number)

    def call(self, call: str) -> None:
        end, what, *count = call.split()
        endpoint = self.pair.ends[end]
        if what == "send":
            endpoint.send(bytes(int(count[0])))
        else:
            getattr(endpoint, what)()

    def segment(self, sender: str, told: dict[str, Any]) -> Segment:
        """The segment of a line; its numbers may be told by name, as "Z+1"."""
        seq, ack = (self.number(told.get(name, 0)) for name in ("seq", "ack"))
        ports = ADDRESSES[sender][1], ADDRESSES[OTHER[sender]][1]
        return Segment(*ports, seq, ack, flags(",".join(told["ctl"])), data=bytes(told.get("data", 0)))

    def number(self, told: int | str) -> int:
        if isinstance(told, int):
            return told
        name, _, more = told.partition("+")
        return int(self.names[name]) + int(more or 0)

    def passes(self, sender: str, wanted: Segment, number: int) -> None:
        """A->B: it leaves and arrives, before others perhaps that left earlier."""
        if (self.figure["figure"], number) == (9, 7):
            self.again(sender)
        self.sent(sender, wanted, number)
        self.arrives(sender, wanted, number)

    def sent(self, sender: str, wanted: Segment, number: int) -> None:
        """A->B sent: it leaves, and is still on its way; nothing else has left since the last line."""
        left = [line(s) for s in self.pair.on_the_way(sender)]
        assert left == [*self.shown[sender], line(wanted)]
        self.shown[sender] = left

    def arrives(self, sender: str, wanted: Segment, number: int) -> None:
        """A->B arrives: a segment shown as sent before, or an old duplicate that has wandered about."""
        if line(wanted) in self.shown[sender]:
            self.pair.deliver(sender, self.shown[sender].index(line(wanted)) + 1)
            self.shown[sender].remove(line(wanted))
        else:
            self.pair.inject(sender, wanted)

    def again(self, sender: str) -> None:
        """The SYN that nobody answered is sent again, once endpoints do that."""
        timer = self.pair.ends[sender].next_timer()
        if timer is None:
            pytest.skip("not judged yet: the line shows a SYN sent again, and endpoints do not retransmit")
        self.pair.pass_time(timer - self.pair.now)

    def check(self, each: dict[str, Any]) -> None:
        """The states after a line, where it tells them."""
        told = {end: each[end] for end in "AB" if each[end]}
        assert {end: str(self.pair.ends[end].state) for end in told} == told

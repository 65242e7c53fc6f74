"""Pictures of times, numbers and many runs: what they say is so, and no two of their words touch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from xml.etree import ElementTree

import pytest
import test_show
from matplotlib.lines import Line2D
from matplotlib.text import Text

from handshake import article, capture, live, net, show, sim
from handshake.labs import closing, forward, layers, numbering, oneway, opening, sockets, trust
from handshake.labs.layers import byte13
from handshake.labs.oneway.explorer import run_of
from handshake.net import UDP, VLAN, Ethernet, IPv4, Padding
from handshake.peel import onion
from handshake.show import axes, rows, theme
from handshake.show.axes import Scale, linear
from handshake.show.curves import Series
from handshake.show.numbers import read as numbers_at
from handshake.show.picture import Picture
from handshake.show.population import honest
from handshake.show.population import read as held_by
from handshake.show.seqtime import read as sent_by
from handshake.tcp import seq
from handshake.trace import Trace

HOLE = sim.calls(
    {0.0: "open", 0.1: b"one two six "}, {0.0: "listen"}, mss=4, client_isn=1000, server_isn=5000,
    faults=[sim.drop("client", 4)],
)  # fmt: skip
"""Numbers 1 to 12 in three segments of four; the second is lost, and sent again a second later."""

PADDED = net.encode([Ethernet(), IPv4("192.0.2.1", "192.0.2.2"), UDP(1, 2, b"hi"), Padding(bytes(16))])


def grid_of(state: str) -> Picture:
    """What a state answers to all combinations of flags."""
    drawn: Picture = layers.flags(state=state).views[1]
    return drawn


PICTURES: dict[str, Callable[[], Picture]] = {
    "numbers, under way": lambda: show.numbers(HOLE, 0.11),
    "numbers, a hole": lambda: show.numbers(HOLE, 0.13),
    "numbers as they travel": lambda: show.numbers(HOLE, 0.13, relative=False),
    "numbers, many small pieces": lambda: numbering.resegment(1).views[0],
    "numbers, nothing yet": lambda: show.numbers(HOLE, -1.0),
    "numbers of a recording": lambda: show.numbers(opening.recorded(), 0.05),
    "numbers of nothing": lambda: show.numbers(Trace()),
    "seqtime": lambda: show.seqtime(HOLE),
    "seqtime of the other end": lambda: show.seqtime(HOLE, "server"),
    "seqtime, a bulk": lambda: numbering.transfer(6, 12).views[0],
    "seqtime, a small window": lambda: numbering.transfer(0, window=1000).views[0],
    "seqtime of a recording": lambda: show.seqtime(opening.recorded()),
    "seqtime of nothing": lambda: show.seqtime(Trace()),
    "ring": lambda: numbering.wrap().views[0],
    "ring, behind": lambda: numbering.wrap(50, 40, -8).views[0],
    "ring, one number": lambda: show.ring({"SND.UNA": 0}),
    "ring, all in one place": lambda: show.ring(dict.fromkeys(("a", "b", "c", "d"), 5)),
    "matrix": lambda: opening.faults().views[0],
    "matrix of nothing": lambda: show.matrix({}, title="Nothing", outcome=lambda run: []),
    "flood": lambda: opening.flooding().views[0],
    "cookies": lambda: opening.flooding(cookies=True).views[0],
    "ghosts": lambda: opening.two_or_three(2).views[0],
    "no ghosts": lambda: opening.two_or_three(3).views[0],
    "population of one": lambda: show.population(sim.tcp(seed=1)),
    "population of nothing": lambda: show.population(Trace()),
    "openings": lambda: opening.waiting().views[0],
    "openings, checked": lambda: opening.waiting(30, machine=True).views[0],
    "openings without loss": lambda: opening.waiting(0).views[0],
    "openings of nobody": lambda: show.survival(sim.openings(10, loss=1.0)),
    "who knew when": lambda: closing.failing().views[0],
    "how soon": lambda: closing.detecting().views[0],
    "a frame": lambda: show.onion(layers.frame().onion),
    "a frame, half peeled": lambda: show.onion(layers.frame(network="IPv6").onion, at="TCP"),
    "a frame that is sealed": lambda: show.onion(layers.frame().sealed, at="TLS"),
    "a long frame": lambda: layers.peeling(peeled=4, length=400).views[0],
    "a datagram": lambda: show.onion(layers.frame("UDP datagram").onion),
    "a datagram with padding": lambda: show.onion(onion(PADDED)),
    "a SYN": lambda: layers.peeling("a SYN", peeled=2).views[0],
    "a recorded frame": lambda: show.onion(layers.recorded().onion),
    "several records": lambda: show.onion(onion(capture.read(capture.sample("t06"))[6].frame)),
    **{f"flags to {state}": partial(grid_of, state) for state in byte13.STATES},
    "rulers": lambda: sockets.rulers().views[0],
    "rulers, finely cut": lambda: sockets.rulers("at most 16 bytes each", 8, 8).views[0],
    "cuts": lambda: sockets.cutting().views[0].picture(),
    "cuts of ours": lambda: sockets.cutting("ours").views[0].picture(),
    "queues": lambda: sockets.queues().views[0],
    "serving in turn": lambda: sockets.serving().views[0],
    "serving who is ready": lambda: sockets.serving("whoever is ready", 0.0).views[0],
    "dates": lambda: trust.dates(2027).views[0],
    "lists": lambda: trust.lists().views[0],
    "keys": lambda: show.keys(run_of("RSA")),
    "keys of ECDHE with MACs": lambda: show.keys(sim.tls(suite="ECDHE-RSA-AES128-SHA256"), end="server"),
    "keys that have changed": lambda: oneway.workbench("client random").views[0],
    "TLS": lambda: show.timeline(run_of("RSA").layer("TLS")),
    "TLS over TCP": lambda: show.timeline(sim.tls(client_auth=True)),
    "the article's steps": lambda: show.timeline(article.one_way(client_auth=True).layer("article")),
    "no keys": lambda: show.keys([]),
    "a tree": lambda: show.tree(sim.tls("TLS 1.3", client_auth=True)),
    "a tree, changed": lambda: forward.schedule("the PSK", "second").views[0],
    "a race": lambda: forward.race().views[0],
    "a race with loss": lambda: forward.race(200, 10.0).views[0],
    "TLS 1.3": lambda: show.timeline(sim.tls("TLS 1.3").layer("TLS")),
    "early data": lambda: show.timeline(sim.resumed(early=b"GET /").layer("TLS")),
    "lanes of nothing": lambda: show.lanes({}, linear(0, 1, str), title="Nothing"),
}
if not live.loopback():
    STEPS = live.steps()
    PICTURES["calls"] = lambda: show.calls(STEPS)
    UNKNOWN = replace(STEPS, calls=tuple(replace(call, kernel=("?", "?")) for call in STEPS.calls))
    PICTURES["calls, where the kernel tells nothing"] = lambda: show.calls(UNKNOWN)


@pytest.fixture(scope="module", params=PICTURES)
def picture(request: pytest.FixtureRequest) -> Picture:
    drawn: Picture = PICTURES[request.param]()
    return drawn


def test_no_two_words_touch_and_none_leaves_the_page(picture: Picture) -> None:
    assert test_show.collisions(picture) == ([], [])


def test_it_is_fit_to_live_in_a_page(picture: Picture) -> None:
    svg = picture.svg()
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}title").text  # type: ignore[union-attr]
    uid = root.get("id") or "?"
    assert all(identity.startswith(uid) for identity in re.findall(r' id="([^"]+)"', svg))
    for selector in re.findall(r"([^{}<>]+)\{", "".join(re.findall(r"<style>(.*?)</style>", svg))):
        assert f"#{uid}" in selector, "a rule reaches out of the picture"


def test_every_colour_follows_the_theme(picture: Picture) -> None:
    svg = picture.svg()
    bare = re.sub(r"var\([^()]*\)", "", re.sub(r"<style>.*?</style>", "", svg))
    assert re.findall(r"#[0-9a-f]{6}\b", bare) == []
    assert "var(--hs-" in svg or "nothing" in picture.text.lower()


def test_it_has_a_text_twin_and_is_the_same_again(picture: Picture, request: pytest.FixtureRequest) -> None:
    assert picture.text.strip()
    assert picture.svg("u") == PICTURES[request.node.callspec.params["picture"]]().svg("u")


def test_the_collision_test_can_fail() -> None:
    picture = show.numbers(HOLE, 0.13)
    one, other = [text for text in picture.figure.findobj(Text) if text.get_text() in ("5", "13")][:2]
    one.set_position(other.get_position())
    assert test_show.collisions(picture)[0]


# ---- Numbers ---------------------------------------------------------------------------------------------


def statuses(time: float, end: str = "client") -> list[tuple[int, str]]:
    lane = numbers_at(HOLE, HOLE.connections[0], end, time)
    assert lane is not None
    return [(cell.start, cell.status) for cell in lane.cells]


def test_what_is_the_case_with_each_number() -> None:
    assert statuses(-1.0) == [(0, "not sent"), (1, "not sent"), (5, "not sent"), (9, "not sent")]
    assert statuses(0.11) == [(0, "acknowledged"), (1, "under way"), (5, "lost"), (9, "under way")]
    assert statuses(0.13) == [(0, "acknowledged"), (1, "taken"), (5, "lost"), (9, "held")]
    assert statuses(0.15) == [(0, "acknowledged"), (1, "acknowledged"), (5, "lost"), (9, "held")]
    assert statuses(1.15) == [(0, "acknowledged"), (1, "acknowledged"), (5, "under way"), (9, "held")]
    assert statuses(1.17) == [(0, "acknowledged"), (1, "acknowledged"), (5, "taken"), (9, "taken")]
    assert statuses(9.0) == [(n, "acknowledged") for n in (0, 1, 5, 9)]


def test_the_variables_stand_where_the_machine_has_them() -> None:
    for step in HOLE.steps:
        if "RCV.NXT" not in step.after:
            continue
        lane = numbers_at(HOLE, HOLE.connections[0], step.end, step.time)
        assert lane is not None
        una, nxt = (seq.distance(lane.base, int(step.after[name])) for name in ("SND.UNA", "SND.NXT"))
        assert (lane.una, lane.nxt) == (una, nxt) or step.number != max(
            each.number for each in HOLE.steps if each.end == step.end and each.time == step.time
        )


def test_a_syn_and_a_fin_take_one_number_each() -> None:
    bare = sim.tcp(seed=2, request=b"", response=b"")
    for end in ("client", "server"):
        lane = numbers_at(bare, bare.connections[0], end, 9.0)
        assert lane is not None
        assert [(cell.start, cell.end, cell.kind) for cell in lane.cells] == [(0, 1, "SYN"), (1, 2, "FIN")]


def test_numbers_as_they_travel_wrap() -> None:
    text = numbering.wrap(3, 10).views[1].text
    assert "4294967293" in text
    assert "SND.NXT 8" in text


def test_unknown_ends_are_refused() -> None:
    for draw in (show.seqtime, show.population):
        with pytest.raises(ValueError, match="an end is 'client' or 'server'"):
            draw(HOLE, "middle")
    with pytest.raises(ValueError, match="a ring needs a number"):
        show.ring({})


# ---- Over time -------------------------------------------------------------------------------------------


def test_strokes_and_steps_of_a_lossy_transfer() -> None:
    strokes, steps = sent_by(HOLE, HOLE.connections[0], "client")
    assert [(s.start, s.end, s.again, s.lost) for s in strokes] == [
        (0, 1, False, False), (1, 5, False, False), (5, 9, False, True), (9, 13, False, False),
        (5, 9, True, False),
    ]  # fmt: skip
    assert [(step.ack, step.duplicate) for step in steps] == [(1, 0), (5, 0), (5, 1), (13, 0)]
    assert steps[-1].edge == 13 + 65535


def test_strokes_of_a_scaled_window_reach_as_far_as_it() -> None:
    run = sim.tcp(seed=1, window=1_000_000, request=bytes(100))
    _, steps = sent_by(run, run.connections[0], "client")
    assert steps[-1].edge - steps[-1].ack == pytest.approx(1_000_000, abs=16)


# ---- Populations -----------------------------------------------------------------------------------------


def test_what_is_counted_is_what_the_server_holds() -> None:
    run = sim.old_syns(messages=2, old=5)
    changes = held_by(run, "server")
    assert changes[-1].ghost == 5
    assert max(change.open for change in changes) == 1
    assert max(change.half_open for change in changes) == 0
    assert all(change.open >= 0 and change.ghost >= 0 and change.half_open >= 0 for change in changes)


def test_honest_calls_are_those_that_a_client_made() -> None:
    run = sim.flood(until=6.0, honest=2.0)
    calls = honest(run)
    assert len(calls) == 12
    assert calls[0].opened == pytest.approx(calls[0].time + 0.04)
    assert calls[-1].opened is None


# ---- Scales ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0, 12_000), (0.0, 0.037), (3, 4), (0.0, 0.0)])
def test_a_linear_scale_has_a_few_round_ticks(low: float, high: float) -> None:
    scale = linear(low, high, str)
    assert 2 <= len(scale.ticks) <= 15
    assert all(scale.low - 1e-9 <= value <= scale.high + 1e-9 for value, _ in scale.ticks)
    assert scale.share(scale.low) == 0.0
    assert scale.share(scale.high) == 1.0
    assert scale.share(1e12) == 1.0


def test_a_logarithmic_scale_gives_equal_factors_equal_room() -> None:
    scale = Scale(0.01, 100.0, (), log=True)
    assert scale.share(1.0) == pytest.approx(0.5)
    assert scale.share(0.0) == 0.0
    assert [words for _, words in axes.times(1.0, 100_000.0).ticks][-1] == "1 day"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.02, "20 ms"), (63.0, "63 s"), (924.6, "15 min 25 s"), (7875.0, "2 h 11 min"), (864000.0, "10 days"),
     (86400.0, "1 day"), (3600.0, "1 h"), (90061.0, "1 day 1 h")],
)  # fmt: skip
def test_long_times_in_words(seconds: float, words: str) -> None:
    assert rows.lasting(seconds) == words


def test_a_curve_is_drawn_as_it_was_given() -> None:
    scale = Scale(0.0, 10.0, ((0.0, "0"), (10.0, "10")))
    picture = show.curves(
        {"one": Series([(0, 0), (10, 10)]), "two": Series([(0, 10), (10, 0)], "dashed", stairs=True)},
        scale, scale, title="Two", mark=(5.0, "here"),
    )  # fmt: skip
    assert picture.text.count("\n") > 4
    assert "here" in [text.get_text() for text in picture.figure.findobj(Text)]
    assert test_show.collisions(picture) == ([], [])


def test_colours_of_series_can_be_told_apart_without_colour() -> None:
    """A dash, a ring, a cross: the shape says it too."""
    picture = opening.waiting(20, machine=True).views[0]
    lines = [artist for artist in picture.figure.artists if "series n" in str(artist.get_gid())]
    assert len({(type(line).__name__, str(line.get_linestyle())) for line in lines}) >= 3
    assert theme.END["client"] != theme.END["server"]


# ---- Tables and rulers: pages of HTML, with text twins ---------------------------------------------------


def test_a_table_says_the_same_as_text_and_as_a_page() -> None:
    made = show.table(("name", "value"), [("a", 1), ("<b>", "x & y")], title="Two", lit=[1], notes=["a note"])
    assert str(made).splitlines() == ["Two", "  name  value", "  a     1", "▶ <b>   x & y", "a note"]
    page = ElementTree.fromstring(made.html())
    cells = [["".join(cell.itertext()) for cell in row] for row in page.iter("tr")]
    assert cells == [["name", "value"], ["a", "1"], ["▶ <b>", "x & y"]]
    assert all(cell.get("scope") == "col" for cell in page.iter("th"))
    assert repr(made) == "Table('Two', 2 rows)"
    with pytest.raises(ValueError, match="a row has 2 cells, as there are columns; got 1"):
        show.table(("a", "b"), [("only one",)])


def test_a_ruler_draws_every_bit_once_and_says_every_field() -> None:
    header, fields = layers.frame().onion.header("TCP")
    ruler = show.ruler(header, spans=fields, lit="window", flipped=[3, 100])
    page = ruler.html("r")
    figure = ElementTree.fromstring(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    (grid,) = (each for each in figure.iter("div") if each.get("class") == "grid")
    digits = [
        (digit.text, digit.get("class") == "x")
        for field in grid.iter("div") if "f l" in (field.get("class") or "")
        for digit in field.findall("span/span")
    ]  # fmt: skip
    assert "".join(digit or "" for digit, _ in digits) == "".join(f"{byte:08b}" for byte in header)
    assert [n for n, (_, marked) in enumerate(digits) if marked] == [3, 100]
    names = [each.get("aria-label") for each in grid.iter("div") if each.get("aria-label")]
    assert names == [span.name for span in fields]
    notes = [each for each in figure.iter("div") if (each.get("class") or "").startswith("d l")]
    assert len(notes) == len(fields)
    assert all(tab.get("tabindex") in ("0", "-1") for tab in grid.iter("div") if tab.get("role") == "button")
    assert f"#r .f.l{names.index('window')}" in page
    assert "window; TCP: bytes 14 to 15; 0x01f5 = 501" in str(ruler)
    assert "flipped: bit 3 of byte 0, bit 4 of byte 12" in str(ruler)


def test_a_ruler_may_draw_only_what_is_near() -> None:
    frame = layers.frame().frame
    spans = onion(frame).spans
    near = show.ruler(frame, spans=spans, flipped=[8 * 60], near=1)
    assert near.rows == (14, 15, 16)
    assert near.html().count("more bytes</div>") == 2, "before and behind"
    assert show.ruler(frame, spans=spans).rows == tuple(range(24))
    with pytest.raises(ValueError, match="no field 'seq': there are destination address"):
        show.ruler(frame, spans=spans, lit="seq")
    with pytest.raises(ValueError, match="cannot be an id"):
        near.html("1 2")


def test_a_cell_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="a cell is of the kind 'b'; there are a"):
        show.grid({("x", "y"): ("b", ["z"])}, ["a"], title="Nothing")


def test_words_and_the_chosen_cell_are_drawn() -> None:
    rulers = sockets.rulers().views[0].svg()
    assert ">record 2<" in rulers
    grid = layers.flags().views[1].svg()
    assert grid.count('class="chosen"') == 1
    none = show.grid({("x", "y"): ("a", ["z"])}, ["a"], title="One").svg()
    assert 'class="chosen"' not in none


def test_no_field_of_a_ruler_is_drawn_where_it_has_no_bits() -> None:
    made = layers.frame()
    page = show.ruler(made.frame, spans=onion(made.frame).spans).html()
    assert "/span 0;" not in page
    assert "/span -" not in page


@pytest.mark.skipif(bool(live.loopback()), reason=live.loopback() or "-")
def test_the_arrows_of_calls_go_from_who_sends() -> None:
    steps = live.steps()
    figure = show.calls(steps).figure
    lines = [
        line for line in figure.findobj(Line2D) if "segment" in str(line.get_gid()).split(":")[-1].split()
    ]
    senders = [steps.trace[number].sender for call in steps.calls for number in call.segments]
    rightward = [line.get_xdata()[0] < line.get_xdata()[1] for line in lines]
    assert rightward == [sender == "client" for sender in senders]


def test_a_layer_beside_another_in_one_row_is_framed() -> None:
    tagged = onion(
        net.encode([Ethernet(type=0x8100), VLAN(5), IPv4("192.0.2.1", "192.0.2.2"), UDP(1, 2, b"x")])
    )
    svg = show.onion(tagged, at="VLAN").svg()
    assert 'class="here"' in svg
    assert "Ethernet, VLAN" not in svg

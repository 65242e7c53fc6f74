"""The drawing room: pictures whose words never touch, and the stepper that walks through them."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.text import Text

from handshake import show
from handshake.show import diagram, rows
from handshake.show.labels import Slab, crosses, overlap
from handshake.show.pen import along
from handshake.show.picture import Picture
from handshake.show.rows import Mark
from handshake.tcp.figure import EDGES, State
from handshake.trace import Detail, Message, Recorder, Source, Trace

# Traces to draw: each is a list of rows (sender, name, left, landed or None where lost, details, labels).

A, B = ("10.0.0.1", 40000), ("10.0.0.2", 443)


def made(title, flights, steps=(), connections=1, faults=(), addresses=(A, B)):
    """A trace made by hand; steps are (at, end, cause, before, after, arrived, sends)."""
    told = {}

    def describe(connection, transits):
        for number, (sender, name, details, labels, owner) in told.items():
            if owner == connection.number:
                yield Message(
                    number, "TCP", name, bytes(20), (Source(number, 34, 54),), owner, sender, details, labels
                )

    recorder = Recorder(title, describe=describe)
    numbers = [
        recorder.connection("TCP", (addresses[0][0], addresses[0][1] + n), addresses[1])
        for n in range(connections)
    ]
    for sender, name, left, landed, *rest in flights:
        details = rest[0] if rest else (Detail("seq", 1000, 0), Detail("ack", 2000, 1))
        labels = rest[1] if len(rest) > 1 else ()
        connection = numbers[rest[2]] if len(rest) > 2 else numbers[0]
        number = recorder.sent(bytes(54), left, connection=connection, sender=sender)
        told[number] = (sender, name, details, labels, connection)
        if landed is None:
            recorder.befell(number, "lost", f"transit {number} was lost", left + 0.01)
        else:
            recorder.arrived(number, landed)
    for number, kind in faults:
        recorder.befell(number, kind, f"transit {number} was {kind}", 0.0)
    for at, end, cause, before, after, arrived, sends in steps:
        recorder.told(
            at=at, connection=1, end=end, cause=cause, transit=arrived, sends=sends,
            before={"state": before, "SND.NXT": 1}, after={"state": after, "SND.NXT": 1 + len(sends)},
            notes=(f"because {cause}",),
        )  # fmt: skip
    return recorder.snapshot()


def lost_ack():
    return made(
        "The third segment is lost",
        [
            ("client", "SYN", 0.0, 0.02, (Detail("seq", 1000, 0),)),
            ("server", "SYN, ACK", 0.02, 0.04),
            ("client", "ACK", 0.04, None),
            ("client", "PSH, ACK", 0.075, 0.095, (Detail("seq", 1001, 1), Detail("data", 32))),
            ("server", "ACK", 0.095, 0.115),
        ],
        [
            (0.0, "server", "passive OPEN", "CLOSED", "LISTEN", None, ()),
            (0.0, "client", "active OPEN", "CLOSED", "SYN-SENT", None, (1,)),
            (0.02, "server", "SEGMENT ARRIVES", "LISTEN", "SYN-RECEIVED", 1, (2,)),
            (0.04, "client", "SEGMENT ARRIVES", "SYN-SENT", "ESTABLISHED", 2, (3,)),
            (0.075, "client", "SEND", "ESTABLISHED", "ESTABLISHED", None, (4,)),
            (0.095, "server", "SEGMENT ARRIVES", "SYN-RECEIVED", "ESTABLISHED", 4, (5,)),
            (0.115, "client", "SEGMENT ARRIVES", "ESTABLISHED", "ESTABLISHED", 5, ()),
        ],
    )


def captured():
    """The same, as a capture near the client has it."""
    trace = lost_ack()
    return replace(
        trace,
        title="A captured handshake",
        transits=tuple(
            replace(t, sent=None, arrived=None, seen=t.sent if t.sender == "client" else t.arrived)
            for t in trace.transits
        ),
        steps=tuple(replace(s, certainty="inferred") for s in trace.steps),
        connections=tuple(replace(c, near="client", delay=0.02) for c in trace.connections),
    )


def nowhere():
    """A capture that does not tell where it was taken."""
    trace = captured()
    return replace(trace, connections=tuple(replace(c, near=None, delay=None) for c in trace.connections))


def unknown():
    trace = captured()
    return replace(trace, steps=tuple(replace(s, certainty="unknown") for s in trace.steps))


def twenty():
    flights = []
    for n in range(20):
        sender = "client" if n % 3 else "server"
        flights.append((sender, "PSH, ACK" if n % 2 else "ACK", 0.013 * n, 0.013 * n + 0.02))
    return made("Twenty transits", flights)


def crowded():
    """As in a real capture: four segments within 0.13 ms, answered one by one, all crossing."""
    flights = [
        ("client", "SYN", 0.0, 0.02),
        ("server", "SYN, ACK", 0.02, 0.04),
        *[("client", "PSH, ACK", 0.04 + 0.00005 * n, 0.06 + 0.00005 * n) for n in range(4)],
        *[("server", "ACK", 0.045 + 0.00003 * n, 0.065 + 0.00003 * n, (Detail("data", 12345),),
           (f"retransmission of {n}",)) for n in range(4)],
    ]  # fmt: skip
    return made("Crowded", flights)


def together():
    """Eight at the same instant, from both ends."""
    return made(
        "At the same instant",
        [("client" if n % 2 else "server", f"segment {n}", 0.0, 0.02) for n in range(8)],
    )


def no_delay():
    """Nothing takes any time, as on a loopback with a coarse clock."""
    return made("No delay", [("client" if n % 2 else "server", "ACK", 0.0, 0.0) for n in range(7)])


def silence():
    return made(
        "A minute of silence",
        [
            ("client", "FIN, ACK", 0.0, 0.02),
            ("server", "FIN, ACK", 0.02, 0.04, (), ("retransmission of 1", "zero window")),
            ("client", "ACK", 58.94, 58.96),
        ],
        [
            (0.0, "client", "CLOSE", "ESTABLISHED", "FIN-WAIT-1", None, (1,)),
            (0.02, "server", "SEGMENT ARRIVES", "ESTABLISHED", "CLOSE-WAIT", 1, ()),
            (0.02, "server", "CLOSE", "CLOSE-WAIT", "LAST-ACK", None, (2,)),
            (0.04, "client", "SEGMENT ARRIVES", "FIN-WAIT-1", "TIME-WAIT", 2, ()),
            (58.96, "server", "SEGMENT ARRIVES", "LAST-ACK", "CLOSED", 3, ()),
            (118.94, "client", "2MSL timeout", "TIME-WAIT", "CLOSED", None, ()),
        ],
    )


def three():
    return made(
        "Three connections",
        [("client", "SYN", 0.01 * n, 0.01 * n + 0.02, (), (), n) for n in range(3)],
        connections=3,
        addresses=(("2001:db8:1111:2222:3333:4444:5555:6666", 40000), ("2001:db8::2", 443)),
    )


def many(count=300):
    flights = [("client" if n % 2 else "server", "ACK", 0.02 * n, 0.02 * n + 0.02) for n in range(count)]
    steps = [
        (0.02 * n, "client" if n % 2 else "server", "SEND", "ESTABLISHED", "ESTABLISHED", None, (n + 1,))
        for n in range(count)
    ]
    return made("Three hundred", flights, steps)


def faults():
    flights = [("client" if n % 2 else "server", "ACK", 0.03 * n, 0.03 * n + 0.02) for n in range(5)]
    return made("Faults", flights, faults=[(2, "forged"), (3, "duplicate"), (4, "altered"), (5, "delayed")])


def wordy():
    details = tuple(Detail(f"a rather long detail {n}", 4294967295) for n in range(4))
    return made(
        "A title that goes on and on, much longer than any title of a picture has any business to be, "
        "really, and then some more $of$ it",
        [
            ("client", "CertificateVerify, ClientKeyExchange, ChangeCipherSpec and Finished", 0.0, 0.02),
            ("server", "ServerHello", 0.02, 0.04, details, ("a label that has no end, like this one " * 4,)),
            ("client", "问候 $x_1$", 0.04, None, details),
        ],
        [(0.0, "client", "OPEN", "CLOSED", "SYN-SENT", None, (1,))],
    )


def one_breath():
    """An end that moves through three states at one instant."""
    return made(
        "In one breath",
        [("client", "FIN", 0.0, 0.02)],
        [
            (0.02, "server", "SEGMENT ARRIVES", "SYN-RECEIVED", "ESTABLISHED", 1, ()),
            (0.02, "server", "SEGMENT ARRIVES", "ESTABLISHED", "CLOSE-WAIT", 1, ()),
            (0.02, "server", "CLOSE", "CLOSE-WAIT", "LAST-ACK", None, ()),
        ],
    )


TRACES = [
    lost_ack, captured, nowhere, unknown, twenty, crowded, together, no_delay, silence, three, many, faults,
    wordy, one_breath, Trace,
]  # fmt: skip


# Words never touch


def slabs_of(picture):
    """Every text and disc of a picture, measured by Agg: (what, oriented rectangle)."""
    figure = picture.figure
    fine = 4  # at 72 dots an inch letters are pushed onto the dots; measure as a printer would
    renderer = FigureCanvasAgg(Figure(dpi=72 * fine)).get_renderer()
    height = figure.get_figheight() * 72
    found = []
    for text in figure.findobj(Text):
        if not text.get_text() or "bar" in str(text.get_gid()).split():
            continue
        measured = renderer.get_text_width_height_descent(text.get_text(), text.get_fontproperties(), False)
        wide, tall, down = (length / fine for length in measured)
        x, y = text.get_position()
        shift = {"left": wide / 2, "center": 0, "right": -wide / 2}[text.get_horizontalalignment()]
        angle = -(text.get_rotation() if text.get_rotation() < 180 else text.get_rotation() - 360)
        middle = along((x, y), angle, shift, down - tall / 2)
        # A hair less than the ink: neighbours may share an edge.
        found.append((text.get_text(), Slab(*middle, wide / 2 - 0.5, tall / 2 - 0.5, angle)))
    for disc in figure.findobj(Circle):
        if "disc" in str(disc.get_gid()).split():
            found.append(("disc", Slab(*disc.center, disc.radius - 0.5, disc.radius - 0.5)))
    return found, figure.get_figwidth() * 72, height


def collisions(picture):
    found, wide, tall = slabs_of(picture)
    bad = [
        (a, b)
        for (a, one), (b, other) in itertools.combinations(found, 2)
        if overlap(one, other) and not ("disc" in (a, b) and (a + b).replace("disc", "").isdigit())
    ]
    outside = [
        what for what, slab in found if not all(0 <= x <= wide and 0 <= y <= tall for x, y in slab.corners())
    ]
    return bad, outside


@pytest.mark.parametrize("width", ["laptop", "slide", "panel"])
@pytest.mark.parametrize("trace", TRACES)
def test_no_two_words_of_a_timeline_touch_and_none_leaves_the_page(trace, width):
    assert collisions(show.timeline(trace(), width=width)) == ([], [])


@pytest.mark.parametrize("trace", TRACES)
def test_the_words_of_a_label_keep_between_the_lifelines(trace):
    picture = show.timeline(trace())
    rails = [a.get_xdata()[0] for a in picture.figure.artists if a.get_gid() == "class:rail"]
    labels = {t.get_text() for t in picture.figure.findobj(Text) if "label" in str(t.get_gid())}
    found, _, _ = slabs_of(picture)
    for what, slab in found:
        if what in labels:
            assert all(rails[0] < x < rails[1] for x, _ in slab.corners()), what


def test_the_words_of_a_bar_lie_inside_it():
    for trace in (lost_ack(), silence(), one_breath()):
        picture = show.timeline(trace)
        bars = [a for a in picture.figure.artists if "bar" in str(a.get_gid())]
        texts = [a for a in bars if isinstance(a, Text)]
        boxes = [a for a in bars if not isinstance(a, Text)]
        assert len(texts) == len(boxes) > 0
        for text, box in zip(texts, boxes, strict=True):
            extent = box.get_path().get_extents()
            _, y = text.get_position()
            assert extent.y0 + 7 <= y <= extent.y1 - 2, text.get_text()
        tops = sorted((b.get_path().get_extents() for b in boxes), key=lambda e: (e.x0, e.y0))
        assert all(a.x0 != b.x0 or a.y1 <= b.y0 for a, b in itertools.pairwise(tops))


@pytest.mark.parametrize("seed", range(12))
def test_no_two_words_touch_whatever_happens(seed):
    """Long names, long numbers, remarks, losses, silences and crossings, by the dice."""
    dice = random.Random(seed)
    usual = dice.choice([0, 1e-6, 1e-4, 0.02, 0.3])
    now, flights, steps = 0.0, [], []
    for _ in range(dice.choice([3, 6, 12, 25])):
        now += usual * dice.choice([0, 0, 0.001, 0.1, 1, 3, 20]) + dice.choice([0, 0, 0, 0, 0, 60])
        details = tuple(Detail("window", dice.randrange(2**32)) for _ in range(dice.randrange(5)))
        labels = tuple(dice.choice(["retransmission of 3", "zero window"]) for _ in range(dice.randrange(3)))
        landed = None if dice.random() < 0.1 else now + usual * dice.choice([0, 1, 1, 1, dice.random(), 10])
        name = dice.choice(["SYN", "PSH, ACK", "ClientKeyExchange, ChangeCipherSpec, Finished"])
        flights.append((dice.choice(["client", "server"]), name, now, landed, details, labels))
    for _ in range(dice.choice([0, 10])):
        states = dice.sample([str(state) for state in State], 2)
        end = dice.choice(["client", "server"])
        steps.append((dice.random() * now, end, "retransmission timeout", *states, None, ()))
    assert collisions(show.timeline(made("By the dice", flights, steps))) == ([], [])


def test_the_collision_test_can_fail():
    picture = show.timeline(lost_ack())
    name = next(t for t in picture.figure.findobj(Text) if t.get_text() == "SYN")
    other = next(t for t in picture.figure.findobj(Text) if t.get_text() == "SYN, ACK")
    name.set_position(other.get_position())
    assert collisions(picture)[0]
    name.set_position((-5, 100))
    assert collisions(picture)[1] == ["SYN"]


def test_details_go_before_the_name_does():
    words = [text.get_text() for text in show.timeline(wordy()).figure.findobj(Text)]
    assert "ServerHello" in words
    assert "a rather long detail 0 4294967295 a rather long detail 1 4294967295" in words
    assert not [word for word in words if word.startswith("a rather") and "…" in word]


def tls():
    """TLS messages in TCP segments: several in one, one of them encrypted."""
    trace = made("TLS over TCP", [("client", "PSH, ACK", 0.0, 0.02), ("server", "PSH, ACK", 0.02, 0.04)])
    names = [(1, "ClientHello", None), (2, "ServerHello", None), (2, "Certificate", None)]
    upper = tuple(
        Message(n, "TLS", name, b"", (Source(number, 54, 60),), 1, "", (Detail("suite", "AES"),), secret=key)
        for n, (number, name, key) in enumerate(names, 1)
    )
    return replace(trace, messages=(*trace.messages, *upper))


def test_an_arrow_is_called_by_the_topmost_layer_that_starts_in_it():
    words = [text.get_text() for text in show.timeline(tls()).figure.findobj(Text)]
    assert {"ClientHello", "suite AES", "ServerHello, Certificate"} <= set(words)
    sealed = replace(tls(), messages=tuple(replace(m, secret="key") for m in tls().messages if m.number < 2))
    assert "encrypted suite AES" in [t.get_text() for t in show.timeline(sealed).figure.findobj(Text)]


# Time


def test_the_order_of_time_is_kept():
    marks = rows.ordered(
        [
            Mark(0.02, "server", "landed", 1, 1.25),
            Mark(0.0, "client", "sent", 1, 1),
            Mark(9, "client", "step", 1, 2),
        ]
    )
    breaks = rows.place(marks, 100)
    assert [mark.y for mark in marks] == sorted(mark.y for mark in marks)
    assert marks[0].y == 100
    assert marks[1].y == 100 + rows.FLIGHT
    assert [round(gap.seconds, 2) for gap in breaks] == [8.98]


def test_a_long_silence_is_broken_and_says_how_long_it_was():
    words = [text.get_text() for text in show.timeline(silence()).figure.findobj(Text)]
    assert "58.9 s of silence" in words
    assert "60 s of silence" in words


def test_an_even_run_stays_to_scale():
    """Where nothing collides, equal times are equal distances."""
    ends = [("server", "landed"), ("client", "sent")]
    marks = rows.ordered(Mark(0.02 * n, *ends[n % 2], n, n) for n in range(8))
    rows.place(marks, 0)
    gaps = {round(b.y - a.y, 6) for a, b in itertools.pairwise(marks)}
    assert len(gaps) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.02, "20 ms"), (0.02005, "20.05 ms"), (1.02, "1.02 s"), (61.02, "61.02 s")],
)
def test_moments_in_words(seconds, text):
    assert rows.moment(seconds) == text


def test_slabs_at_an_angle():
    flat = Slab(0, 0, 10, 2)
    assert overlap(flat, Slab(0, 3, 10, 2))
    assert not overlap(flat, Slab(0, 4.1, 10, 2))
    assert not overlap(Slab(0, 0, 10, 2, 20), Slab(0, 6, 10, 2, 20))
    assert crosses(flat, (0, -5), (0, 5))
    assert not crosses(flat, (0, -5), (30, -5))


# What a picture says


def test_the_text_twin_is_the_ladder():
    trace = lost_ack()
    picture = show.timeline(trace)
    assert str(picture) == trace.text()
    assert picture._repr_mimebundle_().keys() == {"text/plain", "text/html"}
    assert picture._repr_mimebundle_()["text/plain"] == trace.text()
    assert trace._repr_mimebundle_()["text/plain"] == trace.text()
    assert "seq 1000" in str(show.timeline(trace, relative=False))


def test_a_timeline_says_what_it_shows():
    words = [text.get_text() for text in show.timeline(lost_ack()).figure.findobj(Text)]
    for word in ("client", "server", "10.0.0.1:40000", "SYN, ACK", "seq 0 ack 1", "lost", "20 ms"):
        assert word in words
    assert "The client is ESTABLISHED at 40 ms, the server at 95 ms." in " ".join(words)


def test_what_was_not_seen_is_said_to_be_so():
    words = " ".join(text.get_text() for text in show.timeline(captured()).figure.findobj(Text))
    assert "hollow: not seen, reckoned from half the round trip" in words
    assert "outlined: inferred from the capture" in words
    assert "~20 ms" in words
    assert "inferred" not in " ".join(t.get_text() for t in show.timeline(lost_ack()).figure.findobj(Text))
    assert "dotted: unknown" in " ".join(t.get_text() for t in show.timeline(unknown()).figure.findobj(Text))


def numbers_in(picture):
    words = [text.get_text() for text in picture.figure.findobj(Text)]
    return {int(word) for word in words if word.isdigit()}


def test_many_transits_are_drawn_a_window_at_a_time():
    trace = many()
    assert numbers_in(show.timeline(trace)) == set(range(1, 41))
    first = " ".join(t.get_text() for t in show.timeline(trace).figure.findobj(Text))
    assert "Transits 1-40: 40 of 300; timeline(trace, window=(41, 80)) draws the next." in first
    assert numbers_in(show.timeline(trace, window=(281, 300))) == set(range(281, 301))


def test_a_window_past_the_end_is_empty_and_not_an_error():
    picture = show.timeline(many(50), window=(500, 600))
    assert numbers_in(picture) == set()
    assert collisions(picture) == ([], [])


def test_the_states_before_a_window_are_known_in_it():
    words = [text.get_text() for text in show.timeline(many(), window=(41, 80)).figure.findobj(Text)]
    assert words.count("ESTABLISHED") >= 2


def test_of_several_connections_one_is_drawn_and_the_others_named():
    trace = three()
    words = " ".join(t.get_text() for t in show.timeline(trace).figure.findobj(Text))
    assert "Connection 1 of 3: timeline(trace, connection=2) draws the next." in words
    assert "[2001:db8:1111:2222:3333:4444:5555:6666]:40000" in words
    second = [t.get_text() for t in show.timeline(trace, connection=2).figure.findobj(Text)]
    assert "2" in second
    assert "1" not in second


def test_an_empty_trace_is_a_picture_too():
    assert "Nothing happened" in show.timeline(Trace()).svg()
    assert show.states(Trace()).svg()
    assert show.stepper(Trace()).text() == "Nothing happened."
    with pytest.raises(ValueError, match="laptop"):
        show.timeline(Trace(), width="poster")


# SVG, and files


@pytest.mark.parametrize("draw", [lambda: show.timeline(lost_ack()), show.states])
def test_svg_is_fit_to_live_in_a_page(draw):
    svg = draw().svg()
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}title").text
    assert root.find("{http://www.w3.org/2000/svg}desc").text
    assert not re.search(r"<style[^>]*>\s*\*", svg)
    assert "DejaVu" not in svg
    uid = root.get("id")
    assert all(identity.startswith(uid) for identity in re.findall(r' id="([^"]+)"', svg))
    for selector in re.findall(r"([^{}<>]+)\{", "".join(re.findall(r"<style>(.*?)</style>", svg))):
        assert f"#{uid}" in selector, "a rule reaches out of the picture"
    assert "var(--hs-client" in svg or "state" in svg
    assert 'data-jp-theme-light="false"' in svg


def test_two_pictures_share_no_id_and_the_rest_is_the_same():
    picture = show.timeline(captured())
    one, two = picture.svg(), picture.svg()
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (one, two)]
    assert not ids[0] & ids[1]
    assert picture.svg("u") == show.timeline(captured()).svg("u")


def test_ids_inside_a_drawing_are_its_own_too():
    def hatched():
        figure = Figure()
        figure.add_artist(Circle((0.5, 0.5), 0.2, hatch="//"))
        return Picture(figure, "text", "title")

    one, two = hatched().svg("one"), hatched().svg("two")
    (used,) = set(re.findall(r"url\(#([^)]+)\)", one))
    assert used.startswith("one-")
    assert f'id="{used}"' in one
    assert one.replace("one", "two") == two


def test_a_picture_is_the_same_in_another_process():
    code = "import test_show as t; print(t.show.timeline(t.captured()).svg('u'))"
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent)])
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "3"},
    )  # fmt: skip
    assert run.stdout.strip() == show.timeline(captured()).svg("u").strip()


def test_everything_of_a_step_carries_its_class():
    svg = show.timeline(lost_ack()).svg()
    for step in range(1, 7):
        assert re.search(rf'class="st s{step} ', svg), step
    assert 'class="st s4 t3 line"' in svg
    assert 'class="st s3 t1 head"' in svg, "a head appears when the transit lands"


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_files_stand_alone(tmp_path, suffix, start):
    picture = show.timeline(captured())
    path = picture.save(tmp_path / f"slide.{suffix}")
    assert path.read_bytes().startswith(start)
    again = show.timeline(captured()).save(tmp_path / f"again.{suffix}")
    assert again.read_bytes() == path.read_bytes()
    assert [p.name for p in sorted(tmp_path.iterdir())] == [f"again.{suffix}", f"slide.{suffix}"]
    if suffix == "svg":
        svg = path.read_text()
        assert "var(" not in svg
        assert "<text" not in svg, "letters are outlines"
        assert "fill: #ffffff" in svg
    assert "var(--hs-page" in picture.svg(), "the picture itself is unharmed"


def test_saving_that_fails_leaves_nothing(tmp_path, monkeypatch):
    picture = show.timeline(lost_ack())
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, not as '\.jpg'"):
        picture.save(tmp_path / "slide.jpg")

    def fail(*_):
        raise OSError("disk full")

    (tmp_path / "slide.png").write_bytes(b"old")
    monkeypatch.setattr(Picture, "_file", fail)
    with pytest.raises(OSError, match="disk full"):
        picture.save(tmp_path / "slide.png")
    assert [p.name for p in tmp_path.iterdir()] == ["slide.png"]
    assert (tmp_path / "slide.png").read_bytes() == b"old"


def test_pictures_need_no_widgets_and_no_pyplot():
    code = (
        "import sys, handshake.show as s; s.states().svg(); "
        "print([m for m in ('ipywidgets', 'matplotlib.pyplot') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    for file in Path(show.__file__).parent.glob("*.py"):
        assert "pyplot as" not in file.read_text()


# The state diagram


def test_each_drawn_edge_is_drawn_once():
    drawn = [edge for edge in EDGES if edge.drawn]
    assert [route.edge for route in diagram.routes()] == drawn
    svg = show.states().svg()
    for n in range(len(drawn)):
        assert svg.count(f'class="edge e{n}"') == 2, "a line and a head"
    texts = [t.get_text() for t in show.states().figure.findobj(Text)]
    for edge in drawn:
        assert edge.event in texts
    for state in State:
        assert texts.count(str(state)) == (2 if state is State.CLOSED else 1)


def test_no_two_words_of_the_diagram_touch_nor_any_edge_nor_any_other_box():
    for picture in (show.states(), show.states(lost_ack()), show.states(client="CLOSED", server="CLOSED")):
        assert collisions(picture) == ([], [])
    found, _, _ = slabs_of(show.states())
    wide, tall = diagram.BOX
    boxes = {box: Slab(*diagram.centre(box), wide / 2, tall / 2) for box in diagram.PLACES}
    for what, slab in found:
        inside = [box for box, other in boxes.items() if overlap(slab, other)]
        assert [box.removesuffix(" again") for box in inside] in ([], [what])
        for route in diagram.routes():
            for a, b in itertools.pairwise(route.points):
                assert not crosses(slab, a, b), (what, route.edge)


def test_no_two_edges_of_the_diagram_cross_or_run_through_a_box():
    runs = [
        (n, Slab((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, abs(a[0] - b[0]) / 2 + 1, abs(a[1] - b[1]) / 2 + 1))
        for n, route in enumerate(diagram.routes())
        for a, b in itertools.pairwise(route.points)
    ]
    for (n, one), (m, other) in itertools.combinations(runs, 2):
        assert n == m or not overlap(one, other), (diagram.routes()[n].edge, diagram.routes()[m].edge)
    for n, run in runs:
        for box in diagram.PLACES:
            inner = Slab(*diagram.centre(box), diagram.BOX[0] / 2 - 2, diagram.BOX[1] / 2 - 2)
            assert not overlap(run, inner), (diagram.routes()[n].edge, box)


def test_both_ends_are_lit_where_they_stand():
    picture = show.states(lost_ack(), time=0.05)
    svg = picture.svg()
    assert 'class="lit b-ESTABLISHED client"' in svg
    assert 'class="lit b-SYN-RECEIVED server"' in svg
    assert str(picture).startswith("client: ESTABLISHED, server: SYN-RECEIVED")
    both = show.states(client="CLOSED", server=State.CLOSED).svg()
    assert 'class="lit b-CLOSED client"' in both
    assert 'class="lit b-CLOSED server"' in both
    before = show.states(lost_ack(), time=-1)
    assert str(before).startswith("client: CLOSED, server: CLOSED")


def test_an_end_that_closed_stands_in_the_lower_closed():
    svg = show.states(silence()).svg()
    assert 'class="lit b-CLOSED-again server"' in svg
    assert 'class="lit b-CLOSED-again client"' in svg
    assert "FIN-WAIT-1 -&gt; TIME-WAIT (not in the figure)" in svg


# The stepper


@pytest.fixture
def stepper():
    return show.stepper(lost_ack())


def test_each_position_has_its_own_look(stepper):
    looks = []
    for k in range(8):
        stepper.cursor = k
        looks.append(stepper._css.value)
    assert len(set(looks)) == 8
    hidden = re.search(r"<style>(.*?)\{visibility:hidden", looks[3])[1]
    assert re.findall(r"\.s(\d+)", hidden) == ["4", "5", "6", "7"]
    assert "visibility:hidden" not in looks[7]


def test_states_and_words_follow_the_cursor(stepper):
    told = []
    for k in range(8):
        stepper.cursor = k
        told.append((stepper.state("client"), stepper.state("server")))
    assert told[0] == ("CLOSED", "CLOSED")
    assert told[3] == ("SYN-SENT", "SYN-RECEIVED")
    assert told[4] == ("ESTABLISHED", "SYN-RECEIVED")
    assert told[7] == ("ESTABLISHED", "ESTABLISHED")
    stepper.cursor = 3
    assert "because SEGMENT ARRIVES" in stepper.note
    assert "state: LISTEN -> SYN-RECEIVED" in stepper.note
    assert stepper.text().endswith("client: SYN-SENT, server: SYN-RECEIVED")
    assert ".lit.b-SYN-RECEIVED.server" in stepper._css.value
    with pytest.raises(ValueError, match="client"):
        stepper.state("proxy")


def test_slider_buttons_and_cursor_are_one(stepper):
    controls = stepper.children[0].children
    back, _, forth, slider = controls
    slider.value = 3
    assert stepper.cursor == 3
    forth.click()
    assert slider.value == 4
    back.click()
    back.click()
    assert stepper.cursor == 2
    stepper.cursor = 0
    back.click()
    assert slider.value == 0


def test_the_bytes_are_those_of_the_transits_concerned(stepper):
    stepper.cursor = 0
    assert stepper._octets.value == ""
    stepper.cursor = 3
    shown = stepper._octets.value
    assert "bytes-1" in shown
    assert "bytes-2" in shown
    stepper.cursor = 5
    assert stepper._octets.value != shown


def test_the_repr_is_stable_and_short(stepper):
    assert repr(stepper) == "Stepper(step 0 of 7: The third segment is lost)"
    assert len(repr(show.stepper(wordy()))) < 110
    bundle = stepper._repr_mimebundle_()
    assert bundle["text/plain"] == repr(stepper)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<svg" in bundle["text/html"]
    assert "SYN-RECEIVED" in bundle["text/html"]


def test_the_story_tells_every_step(stepper):
    story = stepper.story()
    assert [f"\n{k}. " in story for k in range(1, 8)] == [True] * 7
    assert story.count("client: ") >= 8


def test_what_can_be_focused_keeps_the_keys_to_itself(stepper):
    """JupyterLab takes letters on a focused element for commands, unless the element says otherwise."""
    stepper.cursor = 3
    pages = [pane.value for pane in (stepper._note, stepper._timeline, stepper._states, stepper._octets)]
    pages.append(stepper._repr_mimebundle_()["text/html"])
    tags = [tag for page in pages for tag in re.findall(r"<[^>]*tabindex[^>]*>", page)]
    tags += [tag for page in pages for tag in re.findall(r"<summary[^>]*>", page)]
    assert tags
    assert all("data-lm-suppress-shortcuts" in tag for tag in tags)
    assert 'aria-live="polite"' in pages[0]


def test_a_trace_without_steps_is_walked_by_its_transits():
    stepper = show.stepper(crowded())
    assert repr(stepper).startswith("Stepper(step 0 of 10")
    stepper.cursor = 7
    assert "transit 7" in stepper.note
    hidden = re.search(r"<style>(.*?)\{visibility:hidden", stepper._css.value)[1]
    assert re.findall(r"\.s(\d+)", hidden) == ["8", "9", "10"]


def test_a_long_walk_changes_windows():
    stepper = show.stepper(many())
    first = stepper._timeline.value
    stepper.cursor = 40
    assert stepper._timeline.value == first
    stepper.cursor = 41
    assert "Transits 41-80" in stepper._timeline.value


def test_two_steppers_share_no_id():
    one, two = (show.stepper(lost_ack()) for _ in range(2))
    ids = [
        {i for pane in (w._note, w._timeline, w._states) for i in re.findall(r' id="([^"]+)"', pane.value)}
        for w in (one, two)
    ]
    assert not ids[0] & ids[1]

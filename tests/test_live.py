"""The article's socket calls, for real on 127.0.0.1, beside our own TCP."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from dataclasses import replace

import psutil
import pytest

from handshake import live
from handshake.live import states, walk
from handshake.sim.world import World

REASON = live.loopback()
pytestmark = [
    pytest.mark.skipif(bool(REASON), reason=REASON),
    pytest.mark.usefixtures("nothing_is_left_open"),
]

linux = pytest.mark.skipif(sys.platform != "linux", reason="other kernels answer in another order")


@pytest.fixture(scope="module")
def made() -> live.Steps:
    return live.steps()


# ---- The steps -------------------------------------------------------------------------------------------


def test_all_ten_steps_of_the_article_are_there(made: live.Steps) -> None:
    found = [call.step for call in made.calls]
    assert {f"client {n}" for n in (1, 2, 3, 4)} | {f"server {n}" for n in (1, 2, 3, 4, 5, 6)} == set(found)
    for end in ("client", "server"):
        firsts = [step for step in dict.fromkeys(found) if step.startswith(end)]
        assert firsts == sorted(firsts), "in the article's order"


def test_connect_and_send_succeed_before_anybody_accepts(made: live.Steps) -> None:
    texts = [call.text.split("(")[0] for call in made.calls]
    accept = texts.index("accept")
    assert texts.index("connect") < texts.index("send") < accept
    assert made.calls[accept - 2].result == "connected"
    assert made.calls[accept - 1].result == "5 bytes taken"
    before = made.calls[accept - 1].kernel
    assert before in (("ESTABLISHED", "ESTABLISHED"), (states.UNKNOWN,) * 2), "though no program has it yet"


def test_accept_keeps_the_port(made: live.Steps) -> None:
    assert made.accepted == made.server
    assert made.client[1] != made.server[1]


@linux
def test_the_kernel_and_our_own_tcp_are_in_the_same_states(made: live.Steps) -> None:
    assert [call.kernel for call in made.calls] == [call.ours for call in made.calls]
    assert made.agree
    calls = (*made.calls[:-1], replace(made.calls[-1], kernel=("CLOSED", "LISTEN")))
    other = replace(made, calls=calls)
    assert not other.agree
    assert "is NOT always in the same states" in str(other)
    assert {state for call in made.calls for state in call.kernel} == {
        "CLOSED", "LISTEN", "ESTABLISHED", "FIN-WAIT-2", "CLOSE-WAIT", "TIME-WAIT",
    }  # fmt: skip


def test_each_call_has_the_segments_that_our_tcp_sends_for_it(made: live.Steps) -> None:
    names = {
        f"{call.step} {call.text.split('(')[0]}": [made.trace.about(n)[0].name for n in call.segments]
        for call in made.calls
    }
    assert names["client 2 connect"] == ["SYN", "SYN, ACK", "ACK"]
    assert names["client 3 send"] == ["PSH, ACK", "ACK"]
    assert names["client 4 close"] == ["FIN, ACK", "ACK"]
    assert names["server 5 close"] == ["FIN, ACK", "ACK"]
    assert names["server 4 accept"] == names["server 3 listen"] == names["client 1 socket"] == []
    assert sorted(n for call in made.calls for n in call.segments) == [t.number for t in made.trace.transits]


@linux
def test_the_text_is_the_same_every_time(made: live.Steps) -> None:
    again = live.steps()
    assert str(again) == str(made)
    assert str(made.server[1]) not in str(made)
    assert repr(made) == "Steps(14 calls, as our own TCP does them)"


def test_what_is_said_can_be_chosen() -> None:
    large = live.steps(b"q" * 4096, b"a" * 4096)
    assert sum(call.text.startswith("recv") for call in large.calls) >= 3
    with pytest.raises(ValueError, match="question is 1 to 4096 bytes, got b''"):
        live.steps(b"")


@pytest.mark.parametrize("calls", range(0, 12, 2))
def test_a_call_that_fails_leaves_nothing_open(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fails(*_: object) -> dict[object, str]:
        asked.append(1)
        if len(asked) > calls:
            raise OSError("as if something had gone wrong in the middle")
        return {}

    monkeypatch.setattr("handshake.live.walk.snapshot", fails)
    with pytest.raises(OSError, match="in the middle"):
        live.steps()


def test_where_the_kernel_tells_nothing_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: object) -> list[object]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    made = live.steps()
    assert made.calls[-1].kernel == ("?", "?")


# ---- UDP beside TCP --------------------------------------------------------------------------------------


def test_udp_keeps_boundaries_and_tcp_keeps_none() -> None:
    found = live.boundaries((b"one", b"", b"three"))
    assert found.udp == (b"one", b"", b"three")
    assert found.tcp == (b"onethree",)
    assert repr(found) == "Boundaries(3 sent, 3 read from UDP, 1 from TCP)"


def test_a_read_that_is_too_small_loses_of_a_datagram_and_nothing_of_a_stream() -> None:
    found = live.boundaries((b"one", b"two", b"three"), room=2)
    assert found.udp == (b"on", b"tw", b"th")
    assert found.tcp == (b"on", b"et", b"wo", b"th", b"re", b"e")
    assert str(found).splitlines()[2] == "read from UDP  3 calls: b'on' | b'tw' | b'th'"


def test_what_cannot_be_shown_is_refused() -> None:
    for messages, room, words in (
        ((), 10, "1 to 20 messages, got 0"),
        ((b"x" * 1473,), 10, "0 to 1472 bytes"),
        ((b"x",), 0, "1 byte or more, got 0"),
    ):
        with pytest.raises(ValueError, match=words):
            live.boundaries(messages, room)


# ---- A queue that fills ----------------------------------------------------------------------------------


@linux
def test_callers_are_connected_before_anybody_accepts_until_the_queue_is_full() -> None:
    """Linux lets one more in than it was told.  The others send their SYN again, until there is room."""
    found = live.backlog(backlog=1, callers=4, patience=0.1)
    assert found.callers == ("ESTABLISHED", "ESTABLISHED", "SYN-SENT", "SYN-SENT")
    assert found.accepted_then == ("ESTABLISHED",) * 4
    assert str(found).splitlines()[0] == "listen(1), 4 callers, no accept: 2 connected"


def test_our_own_listener_does_the_same_with_its_two_queues() -> None:
    """A full accept queue ignores a SYN; when there is room, the SYN that comes again is answered."""
    world = World()
    server = world.host("server", "10.0.0.2")
    port = server.listen(80, lambda: None, backlog=2, pause=None)
    callers = []
    for n in range(4):
        client = world.host(f"client {n}", f"10.0.1.{n + 1}")
        callers.append(client.socket(40000, ("10.0.0.2", 80)))
        world.clock.at(0.1 * n, callers[-1].open)
    world.run(0.9)
    assert [str(each.state) for each in callers] == ["ESTABLISHED", "ESTABLISHED", "SYN-SENT", "SYN-SENT"]
    assert len(port.listener.accept_queue) == 2
    while port.listener.accept():
        pass
    world.run(3.0)
    assert [str(each.state) for each in callers] == ["ESTABLISHED"] * 4


def test_a_backlog_that_cannot_be_shown_is_refused() -> None:
    for choices, words in (
        ({"backlog": 0}, "backlog is 1 to 32, got 0"),
        ({"callers": 33}, "callers is 1 to 32, got 33"),
        ({"patience": 0}, "patience is up to 5 seconds, got 0"),
    ):
        with pytest.raises(ValueError, match=words):
            live.backlog(**choices)


@linux
@pytest.mark.parametrize("backlog", [1, 2, 3])
def test_kernel_and_simulation_agree_about_who_is_connected(backlog: int) -> None:
    """The same callers, and nobody accepts.  Linux has one place more than it was told."""
    kernel = live.backlog(backlog=backlog, callers=5, patience=0.1)
    world = World()
    server = world.host("server", "10.0.0.2")
    port = server.listen(80, lambda: None, backlog=backlog + 1, pause=None)
    callers = []
    for n in range(5):
        callers.append(world.host(f"client {n}", f"10.0.1.{n + 1}").socket(40000, ("10.0.0.2", 80)))
        world.clock.at(0.1 * n, callers[-1].open)
    world.run(0.9)
    assert tuple(str(each.state) for each in callers) == kernel.callers
    assert len(port.listener.accept_queue) == kernel.connected == backlog + 1


def test_another_port_would_be_told() -> None:
    """What the ladder says of `accept` is what the socket says."""
    run = walk._Run(ExitStack(), b"q", b"a")
    run.server = ("127.0.0.1", 1)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        assert run.where(other) == "a new socket, at another port"

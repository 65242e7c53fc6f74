"""Simulated runs: the same seed gives the same bytes, every move is an edge, faults do what they say."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest

from handshake import sim
from handshake.errors import Refused
from handshake.net import Ethernet, IPv4, IPv6
from handshake.peel import Dissection, peel
from handshake.sim import Clock
from handshake.tcp import EDGES, Segment
from handshake.trace import Trace

EDGE = {(str(edge.source), edge.event, str(edge.target)) for edge in EDGES}

DIGEST = "f55d0ae2a9378e3ee1e6c869d84218a97ec96042b20be09cdf70dac597c849de"
"""SHA-256 of all frames of `sim.tcp(seed=7)`, one after the other."""


def segments(run: Trace, end: str = "") -> list[Segment]:
    return [peel(t.frame)[2] for t in run.transits if end in ("", t.sender)]


def states(run: Trace, end: str) -> list[str]:
    """The states that an end went through, each once."""
    found: list[str] = []
    for step in run.steps:
        if step.end == end:
            for state in (str(step.before["state"]), str(step.after["state"])):
                if found[-1:] != [state]:
                    found.append(state)
    return found


def digest(run: Trace) -> str:
    return sha256(b"".join(transit.frame for transit in run.transits)).hexdigest()


# ---- The honest run --------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    assert digest(sim.tcp(seed=7)) == DIGEST
    assert sim.tcp(seed=7) == sim.tcp(seed=7)


def test_other_seeds_give_other_bytes() -> None:
    runs = [digest(sim.tcp(seed=seed)) for seed in (0, 7, 8, "7", b"7", None, None)]
    assert len(set(runs)) == 7


def test_the_seed_chooses_the_first_numbers_and_nothing_else() -> None:
    one, other = sim.tcp(seed=1), sim.tcp(seed=2)
    assert [m.text() for m in one.messages] == [m.text() for m in other.messages]
    assert [t.sent for t in one.transits] == [t.sent for t in other.transits]
    assert segments(one)[0].seq != segments(other)[0].seq


def test_a_whole_life() -> None:
    run = sim.tcp(seed=7)
    assert [f"{t.sender}: {m.name}" for t, m in zip(run.transits, run.messages, strict=True)] == [
        "client: SYN",
        "server: SYN, ACK",
        "client: ACK",
        "client: PSH, ACK",
        "server: ACK",
        "server: PSH, ACK",
        "client: ACK",
        "client: FIN, ACK",
        "server: ACK",
        "server: FIN, ACK",
        "client: ACK",
    ]
    assert states(run, "client") == [
        "CLOSED",
        "SYN-SENT",
        "ESTABLISHED",
        "FIN-WAIT-1",
        "FIN-WAIT-2",
        "TIME-WAIT",
    ]
    assert states(run, "server") == [
        "CLOSED",
        "LISTEN",
        "SYN-RECEIVED",
        "ESTABLISHED",
        "CLOSE-WAIT",
        "LAST-ACK",
        "CLOSED",
    ]
    assert run.plaintext() == {("10.0.0.1", 40000): b"hello server", ("10.0.0.2", 443): b"hello client"}


def test_first_numbers_can_be_chosen() -> None:
    run = sim.tcp(client_isn=2**32 - 1, server_isn=0)
    assert [(s.seq, s.ack) for s in segments(run)[:3]] == [(2**32 - 1, 0), (0, 0), (0, 1)]
    assert states(run, "client")[-1] == "TIME-WAIT"


def test_the_delay_is_what_passes_between_leaving_and_landing() -> None:
    run = sim.tcp(delay=0.125)
    assert {t.arrived - t.sent for t in run.transits if t.arrived is not None and t.sent is not None} == {
        0.125
    }


def test_the_program_takes_its_time() -> None:
    run = sim.tcp(delay=0.1, think=0.5)
    assert [round(run.transits[number - 1].time, 6) for number in (1, 3, 4, 6)] == [0.0, 0.2, 0.7, 1.3]


@pytest.mark.parametrize(("delay", "think"), [(0, 0.01), (0.02, 0), (0, 0)])
def test_even_in_no_time_all_happens_in_order(delay: float, think: float) -> None:
    run = sim.tcp(delay=delay, think=think)
    assert [m.name for m in run.messages] == [m.name for m in sim.tcp().messages]
    assert states(run, "client")[-1] == "TIME-WAIT"


def test_on_a_slow_link_all_is_sent_again_and_again_and_yet_nothing_is_lost() -> None:
    """Half a minute each way, and the first timeout is a second: the run ends when nothing more happens."""
    run = sim.tcp(delay=30.0)
    assert "TIME-WAIT" in states(run, "client")
    assert (states(run, "client")[-1], states(run, "server")[-1]) == ("CLOSED", "CLOSED")
    assert [t.sent for t in run.transits[:5]] == [0.0, 1.0, 3.0, 7.0, 15.0]
    assert run.plaintext() == sim.tcp().plaintext()


@pytest.mark.parametrize(("request_", "response", "count"), [(b"", b"x", 9), (b"x", b"", 9), (b"", b"", 7)])
def test_who_has_nothing_to_say_says_nothing(request_: bytes, response: bytes, count: int) -> None:
    run = sim.tcp(request=request_, response=response)
    assert len(run.transits) == count
    assert run.plaintext() == {("10.0.0.1", 40000): request_, ("10.0.0.2", 443): response}
    assert (states(run, "client")[-1], states(run, "server")[-1]) == ("TIME-WAIT", "CLOSED")


def test_a_large_answer_is_cut_into_segments_that_the_client_takes() -> None:
    answer = bytes(range(250)) * 20
    run = sim.tcp(response=answer)
    sizes = [len(s.data) for s in segments(run, "server") if s.data]
    assert sizes == [1460, 1460, 1460, 620]
    assert run.plaintext()["10.0.0.2", 443] == answer


def test_an_answer_larger_than_the_window_comes_in_turns() -> None:
    run = sim.tcp(response=bytes(200_000))
    assert len(run.plaintext()["10.0.0.2", 443]) == 200_000
    assert states(run, "client")[-1] == "TIME-WAIT"


def test_addresses_may_be_those_of_ipv6() -> None:
    client, server = ("2001:db8::1", 40000), ("2001:db8::2", 443)
    run = sim.tcp(client=client, server=server)
    assert run.plaintext() == {client: b"hello server", server: b"hello client"}
    for transit in run.transits:
        ethernet, ip, _ = peel(transit.frame)
        ends = (client[0], server[0]) if transit.sender == "client" else (server[0], client[0])
        assert isinstance(ip, IPv6)
        assert (ethernet.type, ip.source, ip.destination) == (0x86DD, *ends)


# ---- The bytes -------------------------------------------------------------------------------------------

RUNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "large": {"response": bytes(5000), "request": bytes(3000)},
    "lost third step": {"faults": [sim.drop("client", nth=2)]},
    "lost answer": {"faults": [sim.drop("server", nth=1)]},
    "wrapping": {"client_isn": 2**32 - 5, "server_isn": 2**32 - 1},
}


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS)
def test_every_checksum_is_good_and_every_byte_is_read(settings: dict[str, Any]) -> None:
    for transit in sim.tcp(**settings).transits:
        dissection = Dissection(transit.frame)
        assert dissection.checksums == {"IPv4": "good", "TCP": "good"}
        assert [type(layer) for layer in dissection.layers] == [Ethernet, IPv4, Segment]
        assert dissection.error is None


def test_frames_go_from_machine_to_machine() -> None:
    for transit in sim.tcp().transits:
        ethernet, ip, segment = peel(transit.frame)
        there = (ethernet.source, ip.source, segment.source_port)
        back = (ethernet.destination, ip.destination, segment.destination_port)
        ends = (("02:00:00:00:00:0a", "10.0.0.1", 40000), ("02:00:00:00:00:0b", "10.0.0.2", 443))
        assert (there, back) == (ends if transit.sender == "client" else ends[::-1])


def test_each_machine_numbers_its_packets() -> None:
    run = sim.tcp()
    for end in ("client", "server"):
        counted = [peel(t.frame)[1].identification for t in run.transits if t.sender == end]
        assert counted == list(range(1, len(counted) + 1))


# ---- The steps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS)
def test_every_move_is_an_edge_of_figure_5(settings: dict[str, Any]) -> None:
    run = sim.tcp(**settings)
    for step in run.steps:
        move = (str(step.before["state"]), step.cause, str(step.after["state"]))
        assert not step.moved or move in EDGE
        assert step.certainty == "ran"


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS)
def test_steps_tell_what_came_and_what_went(settings: dict[str, Any]) -> None:
    """Each transit was sent by one step, and taken by one step of the other end if it arrived."""
    run = sim.tcp(**settings)
    for transit in run.transits:
        sent = [s for s in run.steps if transit.number in s.sends]
        taken = [s for s in run.steps if s.transit == transit.number]
        assert [(s.end, s.time) for s in sent] == [(transit.sender, transit.sent)]
        other = "server" if transit.sender == "client" else "client"
        assert [(s.end, s.time) for s in taken] == (
            [(other, transit.arrived)] if transit.fault is None else []
        )


def test_each_end_goes_on_from_where_it_was() -> None:
    for end in ("client", "server"):
        steps = [step for step in sim.tcp().steps if step.end == end]
        assert all(a.after == b.before for a, b in pairwise(steps))


# ---- Faults ----------------------------------------------------------------------------------------------


def test_a_lost_third_step_is_made_up_for_by_the_data() -> None:
    run = sim.tcp(seed=7, faults=[sim.drop("client", nth=2)])
    (lost,) = [t for t in run.transits if t.fault]
    assert (lost.number, lost.fault, lost.arrived, lost.sent) == (3, "lost", None, 0.04)
    (fault,) = run.faults
    assert (fault.kind, fault.transit, fault.connection, fault.time) == ("lost", 3, 1, 0.04)
    assert "drop('client', nth=2)" in fault.text
    assert states(run, "client")[-1] == "TIME-WAIT"
    assert states(run, "server")[-1] == "CLOSED"
    assert run[0.065].states[1, "server"] == "SYN-RECEIVED"


def test_a_fault_changes_no_byte_of_what_went_before() -> None:
    plain, faulty = sim.tcp(seed=7), sim.tcp(seed=7, faults=[sim.drop("server", nth=3)])
    assert [t.frame for t in faulty.transits[:6]] == [t.frame for t in plain.transits[:6]]


def test_several_faults() -> None:
    run = sim.tcp(faults=[sim.drop("client", nth=2), sim.drop("server", nth=2)])
    assert [t.number for t in run.transits if t.fault] == [3, 5]
    assert (
        run.title == "A TCP connection, simulated: segment 2 of the client and segment 2 of the server lost"
    )


def test_a_fault_that_never_comes_to_pass_is_none() -> None:
    assert sim.tcp(faults=[sim.drop("client", nth=99)]).faults == ()


def test_a_call_that_gets_lost_leaves_everybody_waiting() -> None:
    run = sim.tcp(faults=[sim.drop("client", nth=1)])
    assert run[1.0].states == {(1, "client"): "SYN-SENT", (1, "server"): "LISTEN"}


# ---- What cannot be simulated ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay": -0.001},
        {"delay": float("nan")},
        {"delay": float("inf")},
        {"think": -0.001},
        {"think": float("nan")},
        {"client_isn": 2**32},
        {"server_isn": -1},
        {"client": ("10.0.0.1", 65536)},
        {"server": ("10.0.0.2", -1)},
        {"client": ("ten", 40000)},
        {"client": ("2001:db8::1", 40000)},  # and the server's address is one of IPv4
        {"client": ("10.0.0.2", 443)},  # which is the server's
    ],
    ids=str,
)
def test_a_wrong_argument_is_a_value_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each says it in its own words)
        sim.tcp(**wrong)


@pytest.mark.parametrize(
    ("end", "nth", "words"), [("middle", 1, "'client' or 'server'"), ("client", 0, "from 1")]
)
def test_a_wrong_fault_is_a_value_error(end: str, nth: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sim.drop(end, nth=nth)


# ---- The clock -------------------------------------------------------------------------------------------


def test_events_come_in_the_order_of_time_and_then_of_asking() -> None:
    clock, told = Clock(), []
    clock.at(2.0, lambda: told.append(("c", clock.now)))
    clock.at(1.0, lambda: told.append(("a", clock.now)))
    clock.at(1.0, lambda: told.append(("b", clock.now)))
    clock.run()
    assert told == [("a", 1.0), ("b", 1.0), ("c", 2.0)]


def test_an_event_may_ask_for_others() -> None:
    clock, told = Clock(), []
    clock.at(1.0, lambda: clock.after(0.5, lambda: told.append(clock.now)))
    clock.run()
    assert told == [1.5]


def test_nothing_happens_in_the_past() -> None:
    clock, told = Clock(), []
    clock.at(2.0, lambda: clock.at(1.0, lambda: told.append(clock.now)))
    clock.run()
    assert told == [2.0]


def test_until_is_the_last_moment_and_the_rest_can_follow() -> None:
    clock, told = Clock(), []
    for time in (1.0, 2.0, 3.0):
        clock.at(time, lambda: told.append(clock.now))
    clock.run(until=2.0)
    assert told == [1.0, 2.0]
    clock.run()
    assert told == [1.0, 2.0, 3.0]


def test_what_feeds_itself_is_stopped() -> None:
    clock = Clock()

    def again() -> None:
        clock.after(1.0, again)

    again()
    with pytest.raises(Refused, match="after 10 events"):
        clock.run(limit=10)


def test_as_many_events_as_the_limit_are_not_too_many() -> None:
    clock, told = Clock(), []
    for time in (1.0, 2.0, 3.0):
        clock.at(time, lambda: told.append(clock.now))
    clock.run(limit=3)
    assert told == [1.0, 2.0, 3.0]


def test_ten_days_of_silence_cost_nothing() -> None:
    clock = Clock()
    clock.at(10 * 86400.0, lambda: None)
    clock.run(limit=2)
    assert clock.now == 864000.0

"""The experiments behind the two open questions: what each shows, and that it could have shown otherwise."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pytest

from handshake import sim
from handshake.flows import received
from handshake.sim.explore import Explorer
from handshake.sim.failing import FAILS_AT, SPEAKS_AT
from handshake.sim.montecarlo import schedule
from handshake.sim.reopening import FIRST, SECOND
from handshake.sim.situations import NEW_CLIENT
from handshake.tcp import ACK, SYN, KeepAlive, Move, Settings, Tcb, step
from handshake.tcp.settings import LINUX
from handshake.tcp.tcb import Event
from handshake.tcp.timers import LINUX_KEEP_ALIVE
from handshake.trace import Trace


def ghosts(run: Trace) -> int:
    """Connections that the server believes in at the end, whose SYN was an old one."""
    old = {c.number for c in run.connections if c.transits and run[c.transits[0]].fault == "old"}
    states = run.at(1e9).states
    return sum(states.get((number, "server")) == "ESTABLISHED" for number in old)


def opened(run: Trace, host: str = "10.0.0.1") -> list[float | None]:
    """When each honest call was ESTABLISHED at its client."""
    calls = {c.number: None for c in run.connections if c.client[0] == host}
    found: dict[int, float | None] = dict(calls)
    for each in run.steps:
        if each.end == "client" and each.after["state"] == "ESTABLISHED" and each.connection in found:
            found[each.connection] = found[each.connection] or each.time
    return list(found.values())


# ---- Question 0: why not two? ----------------------------------------------------------------------------


@pytest.mark.parametrize(("messages", "expected"), [(2, 8), (3, 0), (4, 0)])
def test_old_syns_make_ghosts_of_two_messages_only(messages: int, expected: int) -> None:
    run = sim.old_syns(messages=messages, old=8)
    assert ghosts(run) == expected
    assert None not in opened(run)  # honest calls get through in any case


def test_a_sender_that_is_still_there_refuses_what_it_does_not_know() -> None:
    assert ghosts(sim.old_syns(messages=2, old=8, there=True)) == 0


def test_two_messages_are_refuted_by_an_old_syn() -> None:
    found = sim.explore(2)
    assert found.bad == "ghost"
    assert found.unfinished == 0
    assert "the old SYN 1000 reaches the server: LISTEN becomes ESTABLISHED" in found.story[0]
    assert found.trace is not None
    assert found.trace[1].fault == "old"
    assert found.schedules > found.bad_schedules > 0


def test_three_messages_survive_every_schedule_within_the_bound() -> None:
    found = sim.explore(3)
    assert (found.bad, found.story, found.bad_schedules, found.unfinished) == ("", (), 0, 0)
    assert found.in_flight == 6
    assert found.schedules > 1_000_000_000
    assert "none within the bound" in str(found)


def test_four_messages_survive_too() -> None:
    found = sim.explore(4, copies=0, length=14)
    assert found.bad == ""
    assert found.schedules > 100_000


@pytest.mark.parametrize("in_flight", [1, 2, 3])
def test_fewer_segments_under_way_leave_fewer_schedules(in_flight: int) -> None:
    fewer, more = sim.explore(3, in_flight=in_flight), sim.explore(3, in_flight=in_flight + 1)
    assert fewer.schedules < more.schedules
    assert fewer.situations < more.situations


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    sim.explore(3, progress=lambda done, of: told.append((done, of)))
    assert told == sorted(told)
    assert told[-1] == (24, 24)


def believes_any_ack(tcb: Tcb, event: Event, now: float = 0.0) -> Move:
    """A broken machine: in SYN-RECEIVED it takes any ACK for the one that it waits for."""
    segment = getattr(event, "segment", None)
    if str(tcb.state) == "SYN-RECEIVED" and segment is not None and segment.flags & ACK:
        event = replace(event, segment=replace(segment, ack=tcb.snd_nxt, seq=tcb.rcv_nxt))  # type: ignore[type-var]
    return step(tcb, event, now)


def believes_any_number(tcb: Tcb, event: Event, now: float = 0.0) -> Move:
    """A broken machine: of a new call, neither end looks at the acknowledgment."""
    segment = getattr(event, "segment", None)
    if segment is not None and segment.flags & ACK:
        caller = str(tcb.state) == "SYN-SENT" and segment.flags & SYN
        called = str(tcb.state) == "SYN-RECEIVED" and tcb.irs == NEW_CLIENT and not segment.flags & SYN
        if caller or called:
            event = replace(event, segment=replace(segment, ack=tcb.snd_nxt))  # type: ignore[type-var]
    return step(tcb, event, now)


def test_the_explorer_finds_ghosts_of_a_machine_that_believes_any_ack() -> None:
    found = Explorer(believes_any_ack, 3, 6, 1, 1).run(24)
    assert found.bad == "ghost"
    assert any("old ACK" in words for words in found.story)


def test_the_explorer_finds_numbers_that_disagree() -> None:
    found = Explorer(believes_any_number, 3, 6, 1, 1).run(24)
    assert found.bad == "disagreed ISN"
    assert any("old SYN,ACK" in words for words in found.story)
    assert found.story[-1].endswith("the two do not agree where the numbers begin")


# ---- The backlog -----------------------------------------------------------------------------------------


def test_a_flood_keeps_honest_callers_out_and_cookies_let_them_in() -> None:
    without, with_cookies = sim.flood(until=12.0), sim.flood(until=12.0, cookies=True)
    served = [time is not None for time in opened(without)]
    assert served[:3] == [True, True, True]
    assert not any(served[5:])
    assert all(time is not None for time in opened(with_cookies)[:-1])


def test_a_flood_never_fills_more_than_the_places_there_are() -> None:
    run = sim.flood(until=12.0, backlog=16)
    waiting, most = set(), 0
    for each in run.steps:
        if each.end == "server":
            held = each.after["state"] == "SYN-RECEIVED"
            (waiting.add if held else waiting.discard)(each.connection)
            most = max(most, len(waiting))
    assert most == 16


def test_places_are_free_again_when_the_server_gives_up() -> None:
    run = sim.flood(seconds=1.0, rate=50, until=30.0, synack_retries=2)
    times = opened(run)
    assert times[10] is None or times[10] > 7.0
    assert times[40] is not None


def test_forged_sources_are_addresses_for_documentation() -> None:
    run = sim.flood(until=3.0)
    sources = {c.client[0] for c in run.connections} - {"10.0.0.1"}
    assert sources
    assert all(source.startswith("198.51.100.") for source in sources)


# ---- Question 1: what if the client fails? ---------------------------------------------------------------

FOUND = {
    # case: (with nothing, with keep-alive as in Linux, with a user timeout of 30 s, with a heartbeat of 5 s)
    "process dies": (0.02, 0.02, 0.02, 0.02),
    "silence, server idle": (None, 7200 + 9 * 75 - 10 + 0.08, None, 10.06),
    "silence, server sends": (930.2, 930.2, 35.0, 10.06),
    "reboot, then data": (5.04, 5.04, 5.04, 3.06),
    "reboot, then SYN": (2.06, 2.06, 2.06, 2.06),
}
"""How long after the failure the server finds out, in seconds."""

HELPS = (
    {},
    {"keep_alive": LINUX_KEEP_ALIVE},
    {"user_timeout": 30.0},
    {"heartbeat": sim.Heartbeat(5.0, 15.0)},
)


@pytest.mark.parametrize("help_", range(4), ids=["nothing", "keep-alive", "user timeout", "heartbeat"])
@pytest.mark.parametrize("case", sim.CASES)
def test_when_the_server_finds_out(case: str, help_: int) -> None:
    wanted = FOUND[case][help_]
    found = sim.noticed(sim.failing(case, **HELPS[help_], **LINUX)).delay
    if wanted is None:
        assert found is None
    else:
        assert found == pytest.approx(wanted, rel=0.01, abs=0.1)


def test_what_the_server_hears_is_what_the_standard_says() -> None:
    """RFC 9293 figures 9 and 10; and silence where nobody is there to speak."""
    heard = {case: sim.noticed(sim.failing(case)).how.split(":")[0] for case in sim.CASES}
    assert heard["process dies"] == "a FIN"
    assert heard["silence, server idle"] == "never"
    assert heard["silence, server sends"].startswith("it sent again and again")
    assert heard["reboot, then data"] == heard["reboot, then SYN"] == "a RST"
    run = sim.failing("reboot, then SYN")
    challenge = next(m for m in run.messages if m.sender == "server" and m.sources[0].transit > 6)
    assert challenge.name == "ACK"
    reset = next(m for m in run.messages if m.name.startswith("RST"))
    assert reset.sender == "client"


@pytest.mark.parametrize("case", sim.CASES)
def test_the_client_knows_only_if_it_lives(case: str) -> None:
    noticed = sim.noticed(sim.failing(case), "client")
    assert (noticed.time is None) == (case != "process dies")


@pytest.mark.parametrize(("idle", "interval", "count"), [(1.0, 1.0, 1), (60.0, 10.0, 3), (7200.0, 75.0, 9)])
def test_keep_alive_finds_out_after_its_own_arithmetic(idle: float, interval: float, count: int) -> None:
    run = sim.failing("silence, server idle", keep_alive=KeepAlive(idle, interval, count))
    spoke = max(
        each.time for each in run.steps if each.end == "server" and each.transit and each.time < FAILS_AT
    )
    quiet = [t for t in run.transits if t.sender == "client" and t.arrived and t.arrived < FAILS_AT]
    last = max(spoke, max(t.arrived or 0.0 for t in quiet))
    assert sim.noticed(run).time == pytest.approx(last + idle + count * interval)


def test_keep_alive_does_not_count_while_data_are_under_way() -> None:
    eager = KeepAlive(1.0, 1.0, 2)
    run = sim.failing("silence, server sends", keep_alive=eager, **LINUX)
    assert sim.noticed(run).time == pytest.approx(FAILS_AT + 2.0, abs=1.5)  # before the server speaks
    late = KeepAlive(20.0, 5.0, 2)
    again = sim.failing("silence, server sends", keep_alive=late, **LINUX)
    assert sim.noticed(again).how.startswith("it sent again and again")
    assert sim.noticed(again).time > SPEAKS_AT + 600  # type: ignore[operator]


# ---- TIME-WAIT -------------------------------------------------------------------------------------------


def second_life(**choices: object) -> bytes:
    """What the server's second program read."""
    run = sim.reopening(**choices)  # type: ignore[arg-type]
    lives = [life for c in run.connections for life in received(run, "server", c.number)]
    return lives[-1]


def test_without_time_wait_an_old_segment_gets_into_the_new_connection() -> None:
    assert second_life(time_wait=False) == SECOND + FIRST


def test_time_wait_keeps_it_out() -> None:
    assert second_life(time_wait=True) == SECOND


def test_so_do_numbers_that_do_not_fit_but_for_a_rare_chance() -> None:
    assert second_life(time_wait=False, numbers_fit=False) == SECOND


def test_one_that_comes_before_the_new_connection_does_no_harm() -> None:
    assert second_life(time_wait=False, late=0.1) == SECOND


@pytest.mark.parametrize(("first", "reuse", "works"), [
    ("server", False, False), ("server", True, True), ("client", False, True), ("client", True, True),
])  # fmt: skip
def test_a_server_that_closed_first_does_not_get_its_port_back(first: str, reuse: bool, works: bool) -> None:
    run = sim.restarting(first=first, reuse=reuse)
    told = [fault.kind for fault in run.faults if fault.kind in ("restarted", "refused")]
    assert told == ["restarted" if works else "refused"]
    states = {str(each.after["state"]) for each in run.steps if each.connection == 2 and each.end == "client"}
    assert ("ESTABLISHED" in states) is works


# ---- A hundred thousand openings -------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [
    pytest.param(loss, marks=[] if loss == 0.2 else pytest.mark.slow) for loss in (0.0, 0.05, 0.2, 0.4)
])  # fmt: skip
@pytest.mark.parametrize("rtt", [0.01, 0.3])
def test_arrays_and_machine_agree_on_the_mean_and_on_the_tail(loss: float, rtt: float) -> None:
    """Within four standard errors of the smaller sample."""
    many = sim.openings(100_000, loss=loss, rtt=rtt, seed=1)
    few = sim.openings(4000, loss=loss, rtt=rtt, seed=2, by="events")
    for end in ("client", "server"):
        times = few.opened(end)
        spread = (fmean((time - fmean(times)) ** 2 for time in times)) ** 0.5
        assert many.mean(end) == pytest.approx(few.mean(end), abs=4 * spread / len(times) ** 0.5 + 1e-9)
        for limit in (0.5, 1.5, 3.5, 7.5, 20.0, 70.0):
            share = many.later_than(limit, end)
            error = 4 * (share * (1 - share) / 4000) ** 0.5 + 4 / 4000
            assert few.later_than(limit, end) == pytest.approx(share, abs=error), (end, limit)


def test_without_loss_everybody_is_as_fast_as_the_round_trip() -> None:
    found = sim.openings(1000, loss=0.0, rtt=0.1)
    assert set(found.client) == {0.1}
    assert found.mean("server") == pytest.approx(0.15)
    assert found.later_than(0.2, "server") == 0.0


def test_where_everything_is_lost_nobody_opens() -> None:
    for by in ("arrays", "events"):
        found = sim.openings(50, loss=1.0, by=by)  # type: ignore[arg-type]
        assert (found.opened(), found.opened("server")) == ([], [])
        assert found.later_than(1e9) == 1.0


def test_the_same_seed_gives_the_same_times() -> None:
    one, other = (sim.openings(1000, loss=0.3, seed=9) for _ in range(2))
    assert list(map(str, one.server)) == list(map(str, other.server))
    assert list(map(str, one.server)) != list(map(str, sim.openings(1000, loss=0.3, seed=10).server))


def test_the_last_opening_is_a_trace_of_real_segments() -> None:
    run = sim.openings(20, loss=0.0, by="events").last
    assert run is not None
    assert [message.name for message in run.messages] == ["SYN", "SYN, ACK", "ACK"]


def test_settings_reach_the_arrays_too() -> None:
    stubborn = sim.openings(20_000, loss=0.5, settings=Settings(syn_retries=7))
    hasty = sim.openings(20_000, loss=0.5, settings=Settings(syn_retries=0))
    assert hasty.later_than(1e6) > stubborn.later_than(1e6)
    times, patience = schedule(7, Settings())
    assert (times, patience) == ([0, 1, 3, 7, 15, 31, 63, 123], 183)


# ---- Times that do not fit to the last bit --------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "patience", "delay"),
    [(5, 15, 0.03), (5, 15, 0.013), (0.7, 2.1, 0.02), (2, 5.3, 0.02), (3.3, 7.7, 0.02), (1, 3, 0.1)],
)
def test_a_heartbeat_gives_up_after_its_patience_whatever_the_rounding(
    interval: float, patience: float, delay: float
) -> None:
    run = sim.failing("silence, server idle", heartbeat=sim.Heartbeat(interval, patience), delay=delay)
    assert len(run.transits) < 100
    found = sim.noticed(run)
    assert found.time is not None
    assert 10 < found.time <= 10 + patience + interval


def test_no_run_goes_back_in_time() -> None:
    run = sim.restarting(delay=0.25, first="client", again_at=5.0)
    times = [step.time for step in run.steps]
    assert times == sorted(times)
    with pytest.raises(ValueError, match=r"delay is 0 to 0\.25 s"):
        sim.restarting(delay=0.4)


def test_a_user_timeout_does_not_end_what_two_messages_opened() -> None:
    run = sim.old_syns(messages=2, old=0, honest=1, user_timeout=0.3, until=20)
    assert not [step for step in run.steps if step.cause == "user timeout"]

"""Timers: when something is sent again, when it is given up, when a silent peer is asked (RFC 6298).

The clock is the test's: it ticks an end when its next timer says so, and writes down what that sends.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers_tcp import A, B, connected, line, pair, segment

from handshake.tcp import Endpoint, KeepAlive, State
from handshake.tcp.settings import LINUX
from handshake.tcp.timers import LINUX_KEEP_ALIVE, RoundTrip

VECTORS = Path(__file__).parents[2] / "shared" / "vectors" / "tcp" / "rfc6298_rto.json"
KNOWN: dict[str, Any] = json.loads(VECTORS.read_text()) if VECTORS.exists() else {"series": []}
MISSING = f"the series are not here: {VECTORS.name} is kept outside the project"


def alone(end: Endpoint, until: float = 1e7) -> list[tuple[float, str]]:
    """What an end sends by its timers while nobody answers: (time, segment)."""
    told = [(end.now, line(each)) for each in end.outgoing()]
    while (timer := end.next_timer()) is not None and timer <= until:
        end.tick(timer)
        told += [(timer, line(each)) for each in end.outgoing()]
    return told


def times(told: list[tuple[float, str]]) -> list[float]:
    return [time for time, _ in told]


def opened(**choices: Any) -> Endpoint:
    """Our end, open since time 0; SND.NXT is 101, RCV.NXT 301."""
    end = Endpoint(A, B, isn=100, **choices)
    end.open()
    end.receive(segment("SYN,ACK", 300, 101), 0.0)
    end.outgoing()
    return end


# ---- The retransmission timeout (RFC 6298) ---------------------------------------------------------------


@pytest.mark.skipif(not KNOWN["series"], reason=MISSING)
@pytest.mark.parametrize("number", range(len(KNOWN["series"])))
def test_the_series_of_the_formulas(number: int) -> None:
    trip = RoundTrip()
    for each in KNOWN["series"][number]:
        trip = trip.measured(each["rtt"])
        assert trip.srtt == pytest.approx(each["srtt"], abs=1e-6)
        assert trip.rttvar == pytest.approx(each["rttvar"], abs=1e-6)
        assert trip.rto == pytest.approx(each["rto"], abs=1e-6)


@pytest.mark.skipif(not KNOWN["series"], reason=MISSING)
@pytest.mark.parametrize("number", range(len(KNOWN["series"])))
def test_an_end_measures_what_it_sees(number: int) -> None:
    """The same, by segments: each is acknowledged after the round trip of the series."""
    end, now = Endpoint(A, B, isn=100), 0.0
    end.open()
    end.outgoing()
    first, *others = KNOWN["series"][number]
    now += first["rtt"]
    end.receive(segment("SYN,ACK", 300, 101), now)
    assert end.tcb.rtt.rto == pytest.approx(first["rto"], abs=1e-6)
    for count, each in enumerate(others, 1):
        end.tick(now)
        end.send(b"x")
        now += each["rtt"]
        timer = end.next_timer()
        assert timer is not None
        assert timer >= now  # (what is sent again is not measured)
        end.receive(segment("ACK", 301, 101 + count), now)
        assert end.tcb.rtt.rto == pytest.approx(each["rto"], abs=1e-6)


def test_nothing_is_measured_by_what_was_sent_again() -> None:
    """Karn's rule, section 3: nobody can tell which of the two is acknowledged."""
    end = opened()
    end.send(b"hello")
    end.tick(1.0)
    before = end.tcb.rtt
    end.receive(segment("ACK", 301, 106), 1.5)
    assert (end.tcb.rtt.srtt, end.tcb.rtt.rto) == (before.srtt, before.rto)
    end.send(b"fresh")  # and what is sent for the first time is measured again
    end.receive(segment("ACK", 301, 111), 1.5 + 0.2)
    assert end.tcb.rtt.srtt != before.srtt


def test_a_syn_is_sent_again_twice_as_late_each_time() -> None:
    """Section 5.5: 1 s, 2 s, 4 s ..., and no more than 60 s."""
    end = Endpoint(A, B, isn=100)
    end.open()
    told = alone(end)
    assert times(told) == [0, 1, 3, 7, 15, 31, 63, 123]
    assert {segment for _, segment in told} == {"SYN 100"}
    assert end.state is State.CLOSED
    assert end.now == 183.0  # R2 for a SYN is at least three minutes: section 3.8.3


def test_the_first_wait_can_be_chosen() -> None:
    end = Endpoint(A, B, isn=100, initial_rto=3.0, syn_retries=3)  # as RFC 1122 had it
    end.open()
    assert times(alone(end)) == [0, 3, 9, 21]
    end = opened(initial_rto=0.5)
    assert end.tcb.rtt.rto == 1.0  # from the first measurement on, as measured


@pytest.mark.skipif(not KNOWN["series"], reason=MISSING)
def test_the_known_back_off() -> None:
    waits = KNOWN["backoff"]["successive_timeouts"]
    trip, found = RoundTrip(), []
    for _ in waits:
        found.append(trip.rto)
        trip = trip.backed_off()
    assert found == waits


def test_as_linux_does_it_a_syn_is_given_up_after_127_seconds() -> None:
    end = Endpoint(A, B, isn=100, **LINUX)
    end.open()
    assert times(alone(end)) == [0, 1, 3, 7, 15, 31, 63]
    assert end.now == 127.0


def test_as_linux_does_it_data_are_given_up_after_a_quarter_of_an_hour() -> None:
    """The well-known 924.6 s of tcp_retries2 = 15, with a timeout that begins at its least, 0.2 s."""
    end = opened(**LINUX)
    end.send(b"x")
    end.outgoing()
    end.receive(segment("ACK", 301, 102), 0.01)
    begins = end.now
    end.send(b"hello")
    assert end.tcb.rtt.rto == pytest.approx(0.2)
    assert len(alone(end)) == 1 + 15
    assert end.state is State.CLOSED
    assert end.now - begins == pytest.approx(924.6)


def test_only_the_oldest_segment_is_sent_again() -> None:
    """Section 5.4."""
    end = opened()
    end.receive(segment("ACK", 301, 101), 0.0)
    end.send(bytes(1000))
    assert len(end.outgoing()) == 2  # 536 and 464 bytes: the peer did not say how much it takes
    end.tick(1.0)
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 301 len 536"]


def test_an_acknowledgment_starts_the_timer_anew_and_the_last_stops_it() -> None:
    """Sections 5.2 and 5.3."""
    end = opened()
    end.send(bytes(600))
    end.receive(segment("ACK", 301, 637), 0.5)
    assert end.next_timer() == pytest.approx(0.5 + end.tcb.rtt.rto)
    end.receive(segment("ACK", 301, 701), 0.6)
    assert end.next_timer() is None


def test_after_a_lost_syn_data_begin_with_three_seconds() -> None:
    """Section 5.7."""
    end = Endpoint(A, B, isn=100)
    end.open()
    end.tick(1.0)
    end.receive(segment("SYN,ACK", 300, 101), 1.1)
    assert end.tcb.rtt.rto == 3.0


def test_the_last_wait_is_as_long_as_the_others() -> None:
    """Given up is when the timer runs out once more, not when the last is sent."""
    end = opened(retries=2)
    end.send(b"x")
    assert times(alone(end)) == [0, 1, 3]
    assert (end.now, end.state) == (7.0, State.CLOSED)
    last = end.history[-1][1]
    assert (last.cause, last.sends) == ("last retransmission timeout", ())


def test_a_server_that_gives_up_a_handshake_listens_again() -> None:
    end = Endpoint(A, isn=100, synack_retries=1)
    end.listen()
    end.receive(segment("SYN", 300), 0.0, B)
    assert alone(end) == [(0.0, "SYN,ACK 100 ack 301"), (1.0, "SYN,ACK 100 ack 301")]
    assert (end.state, end.now) == (State.LISTEN, 3.0)


def test_a_fin_is_sent_again_too() -> None:
    end = opened(retries=1)
    end.close()
    assert alone(end) == [(0.0, "FIN,ACK 101 ack 301"), (1.0, "FIN,ACK 101 ack 301")]
    assert end.state is State.CLOSED


# ---- Without waiting (RFC 5681, RFC 6582) ----------------------------------------------------------------


def test_three_duplicate_acks_send_the_oldest_again_at_once() -> None:
    end = opened()
    end.send(bytes(2000))
    end.outgoing()
    for n in range(2):
        end.receive(segment("ACK", 301, 101), 0.01 * n)
        assert end.outgoing() == []
    end.receive(segment("ACK", 301, 101), 0.03)
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 301 len 536"]
    end.receive(segment("ACK", 301, 101), 0.04)
    assert end.outgoing() == []  # only the third


def test_that_can_be_switched_off() -> None:
    end = opened(fast_retransmit=False)
    end.send(bytes(2000))
    end.outgoing()
    for n in range(5):
        end.receive(segment("ACK", 301, 101), 0.01 * n)
    assert end.outgoing() == []


@pytest.mark.parametrize(
    "other",
    [
        segment("ACK", 301, 101, b"data"),  # it brings something
        segment("ACK", 301, 101, window=60000),  # it changes the window
        segment("FIN,ACK", 301, 101),
    ],
)
def test_what_says_something_new_is_no_duplicate(other: Any) -> None:
    end = opened()
    end.send(bytes(2000))
    end.outgoing()
    end.receive(other, 0.01)
    assert end.tcb.duplicates == 0


def test_a_partial_acknowledgment_sends_the_next_hole_at_once() -> None:
    """RFC 6582: two segments of one flight are lost."""
    end = opened()
    end.send(bytes(2144))  # four segments of 536
    end.outgoing()
    for n in range(3):
        end.receive(segment("ACK", 301, 101), 0.01 * n)
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 301 len 536"]
    end.receive(segment("ACK", 301, 637), 0.1)
    assert [line(each) for each in end.outgoing()] == ["ACK 637 ack 301 len 536"]


# ---- The user timeout ------------------------------------------------------------------------------------


def test_the_user_timeout_ends_what_is_not_acknowledged_in_time() -> None:
    """Sections 3.8.3 and 3.10.8."""
    end = opened(user_timeout=10.0)
    end.send(b"hello")
    alone(end)
    assert (end.now, end.state) == (10.0, State.CLOSED)
    assert end.history[-1][1].cause == "user timeout"


def test_acknowledgments_put_it_off() -> None:
    end = opened(user_timeout=10.0)
    end.send(bytes(1000))
    end.receive(segment("ACK", 301, 637), 9.0)
    assert end.tcb.user_timeout_at == 19.0
    end.receive(segment("ACK", 301, 1101), 9.5)
    assert end.next_timer() is None


def test_it_runs_for_a_call_and_for_what_waits_at_a_closed_window() -> None:
    caller = Endpoint(A, B, isn=100, user_timeout=2.5)
    caller.open()
    alone(caller)
    assert (caller.now, caller.state) == (2.5, State.CLOSED)
    end = opened(user_timeout=10.0)
    end.receive(segment("ACK", 301, 101, window=0), 0.0)
    end.send(b"hello")
    alone(end)
    assert (end.now, end.state) == (10.0, State.CLOSED)


def test_an_idle_connection_has_none() -> None:
    assert opened(user_timeout=10.0).next_timer() is None


# ---- Keep-alive (section 3.8.4; RFC 1122 section 4.2.3.6) -------------------------------------------------


def test_nobody_is_asked_unless_somebody_wants_it() -> None:
    assert opened().next_timer() is None


def test_a_silent_peer_is_probed_and_given_up() -> None:
    end = opened(keep_alive=KeepAlive(60.0, 10.0, 3))
    told = alone(end)
    assert told == [
        (60.0, "ACK 100 ack 301"),
        (70.0, "ACK 100 ack 301"),
        (80.0, "ACK 100 ack 301"),
        (90.0, "RST 101"),
    ]
    assert end.state is State.CLOSED


def test_as_linux_does_it_that_takes_two_hours_and_eleven_minutes() -> None:
    end = opened(keep_alive=LINUX_KEEP_ALIVE)
    assert len(alone(end)) == 9 + 1
    assert end.now == 7200 + 9 * 75 == 7875


def test_an_answer_starts_the_wait_anew() -> None:
    end = opened(keep_alive=KeepAlive(60.0, 10.0, 3))
    end.tick(60.0)
    end.receive(segment("ACK", 301, 101), 60.1)
    assert (end.tcb.probes, end.next_timer()) == (0, pytest.approx(120.1))


def test_a_peer_that_is_there_answers_a_probe() -> None:
    """The probe repeats the last number: it lies before the window, and so is answered."""
    both = connected()
    probe = segment("ACK", 100, 301)
    move = both.inject("A", type(probe)(A[1], B[1], 100, 301, probe.flags))
    assert [line(each) for each in move.sends] == ["ACK 301 ack 101"]


def test_data_under_way_need_no_probe() -> None:
    end = opened(keep_alive=KeepAlive(5.0, 1.0, 3), retries=4)
    end.send(b"hello")
    told = alone(end)
    assert {segment for _, segment in told} == {"ACK 101 ack 301 len 5"}
    assert end.history[-1][1].cause == "last retransmission timeout"


@pytest.mark.parametrize("wrong", [KeepAlive(0, 1, 1), KeepAlive(1, 0, 1), KeepAlive(1, 1, 0)])
def test_impossible_settings_are_refused(wrong: KeepAlive) -> None:
    with pytest.raises(ValueError, match="keep_alive"):
        opened(keep_alive=wrong)


# ---- Delayed acknowledgments (section 3.8.6.3) -----------------------------------------------------------


def test_an_acknowledgment_may_wait() -> None:
    end = opened(delayed_ack=0.2)
    end.receive(segment("ACK", 301, 101, b"hello"), 1.0)
    assert end.outgoing() == []
    assert alone(end) == [(1.2, "ACK 101 ack 306")]


def test_it_travels_with_data() -> None:
    end = opened(delayed_ack=0.2)
    end.receive(segment("ACK", 301, 101, b"hello"), 1.0)
    end.send(b"hi")
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 306 len 2"]
    end.receive(segment("ACK", 306, 103), 1.05)
    assert end.next_timer() is None


def test_every_second_full_segment_is_acknowledged_at_once() -> None:
    end = opened(delayed_ack=0.2, mss=1000)
    end.receive(segment("ACK", 301, 101, bytes(1000)), 1.0)
    assert end.outgoing() == []
    end.receive(segment("ACK", 1301, 101, bytes(1000)), 1.01)
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 2301"]


def test_a_gap_is_told_at_once_and_so_is_its_end() -> None:
    end = opened(delayed_ack=0.2)
    end.receive(segment("ACK", 310, 101, b"later"), 1.0)
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 301"]
    end.receive(segment("ACK", 301, 101, b"earlier.."), 1.1)
    assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 315"]


def test_half_a_second_is_too_long() -> None:
    with pytest.raises(ValueError, match=r"below 0\.5 s"):
        opened(delayed_ack=0.5)


# ---- A closed window is asked for ever (section 3.8.6.1) -------------------------------------------------


def test_a_closed_window_is_probed_and_never_given_up_while_somebody_answers() -> None:
    end = opened(retries=3)
    end.receive(segment("ACK", 301, 101, window=0), 0.0)
    end.send(b"hello")
    for _ in range(50):  # and every time the peer says: still closed
        timer = end.next_timer()
        assert timer is not None
        end.tick(timer)
        assert [line(each) for each in end.outgoing()] == ["ACK 101 ack 301 len 1"]
        end.receive(segment("ACK", 301, 101, window=0), timer + 0.01)
        end.outgoing()
    assert end.state is State.ESTABLISHED
    assert end.tcb.rtt.rto == 60.0  # ever less often
    end.receive(segment("ACK", 301, 101, window=1000), end.now + 1)
    said = [line(each) for each in end.outgoing()]
    assert said[0].startswith("ACK 101 ack 301 len")


def test_without_an_answer_even_a_probe_is_given_up() -> None:
    end = opened(retries=3)
    end.receive(segment("ACK", 301, 101, window=0), 0.0)
    end.send(b"hello")
    alone(end)
    assert end.state is State.CLOSED


# ---- An end that is asked too early ----------------------------------------------------------------------


def test_a_tick_before_its_time_does_nothing() -> None:
    both = pair()
    end = both.ends["A"]
    end.open()
    end.outgoing()
    assert (end.tick(0.999), end.outgoing()) == ([], [])
    assert len(end.tick(1.0)) == 1


def test_a_tick_long_after_catches_up() -> None:
    """A machine that slept sends once, and waits from then on: nothing is made up for in a burst."""
    end = Endpoint(A, B, isn=100)
    end.open()
    (move,) = end.tick(1e6)
    assert move.cause == "retransmission timeout"
    assert end.next_timer() == 1e6 + 2.0

"""Losses, timers and windows in their corners: packet traces that a plausible mistake would change."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from helpers_tcp import A, B, line, segment

from handshake.errors import Refused
from handshake.tcp import URG, Endpoint, KeepAlive, Settings, State, seq
from handshake.tcp.options import mss, window_scale
from handshake.tcp.reassembly import MOST
from handshake.tcp.settings import SEND_BUFFER
from handshake.tcp.timers import RoundTrip


def opened(answer: dict[str, Any] | None = None, **choices: Any) -> Endpoint:
    """Our end, open since time 0; SND.NXT is 101, RCV.NXT 301.   answer: of the peer's SYN,ACK."""
    end = Endpoint(A, B, isn=100, **choices)
    end.open()
    end.receive(segment("SYN,ACK", 300, 101, **(answer or {})), 0.0)
    end.outgoing()
    return end


def hears(
    end: Endpoint, now: float, ctl: str, number: int, ack: int = 0, data: bytes = b"", **more: Any
) -> list[str]:
    """A segment arrives; what comes back."""
    end.receive(segment(ctl, number, ack, data, **more), now)
    return said(end)


def said(end: Endpoint) -> list[str]:
    return [line(each) for each in end.outgoing()]


def ticks(end: Endpoint, now: float) -> list[str]:
    end.tick(now)
    return said(end)


# ---- Round trips -----------------------------------------------------------------------------------------


def test_the_variation_is_taken_before_the_mean() -> None:
    """RFC 6298 section 2.3, by hand: 0.1 s, then 0.3 s.  The variation compares with the mean before it."""
    first = RoundTrip().measured(0.1, least=0.0)
    assert first == (0.1, 0.05, pytest.approx(0.3))
    second = first.measured(0.3, least=0.0)
    assert second.rttvar == pytest.approx(0.75 * 0.05 + 0.25 * 0.2)
    assert second.srtt == pytest.approx(0.875 * 0.1 + 0.125 * 0.3)
    assert second.rto == pytest.approx(0.125 + 4 * 0.0875)


@pytest.mark.parametrize(
    ("choices", "rto"),
    [
        ({}, 3.0),
        ({"initial_rto": 5.0}, 5.0),
        ({"max_rto": 2.0}, 2.0),
        ({"min_rto": 10.0, "initial_rto": 10.0}, 10.0),
    ],
)
def test_after_a_lost_syn_the_timeout_stays_within_its_bounds(choices: dict[str, Any], rto: float) -> None:
    """RFC 6298 section 5.7 speaks of a timeout below 3 s."""
    end = Endpoint(A, B, isn=100, **choices)
    end.open()
    end.tick(10.0)
    end.receive(segment("SYN,ACK", 300, 101), 10.1)
    assert end.tcb.rtt.rto == rto


def test_when_both_call_and_a_syn_was_lost_nothing_is_measured() -> None:
    """Karn: the answer may be for the first SYN or for the SYN,ACK, which is the SYN once more."""
    end = Endpoint(A, B, isn=100)
    end.open()
    end.receive(segment("SYN", 300), 0.9)
    end.receive(segment("ACK", 301, 101), 0.94)
    assert end.state is State.ESTABLISHED
    assert end.tcb.rtt.srtt is None


def test_when_a_syn_comes_again_nothing_is_measured() -> None:
    end = Endpoint(A, B, isn=100)
    end.listen()
    end.receive(segment("SYN", 300), 0.0)
    end.receive(segment("SYN", 300), 0.9)
    end.receive(segment("ACK", 301, 101), 0.94)
    assert end.state is State.ESTABLISHED
    assert end.tcb.rtt.srtt is None


def test_a_probe_is_not_measured() -> None:
    end = opened({"window": 0})
    end.send(b"hello")
    before = end.tcb.rtt
    assert ticks(end, 1.0) == ["ACK 101 ack 301 len 1"]
    hears(end, 1.5, "ACK", 301, 102, window=100)
    assert (end.tcb.rtt.srtt, end.tcb.rtt.rttvar) == (before.srtt, before.rttvar)


# ---- Duplicate acknowledgments, fast retransmit -----------------------------------------------------------


def thrice(end: Endpoint, ack: int, now: float) -> list[str]:
    return [each for n in range(3) for each in hears(end, now + n / 100, "ACK", 301, ack)]


def sent(end: Endpoint, count: int, size: int = 536) -> None:
    """So many segments of that size are under way."""
    end.send(bytes(count * size))
    end.outgoing()


def test_duplicates_count_only_in_a_row() -> None:
    end = opened()
    sent(end, 6)
    assert hears(end, 0.1, "ACK", 301, 101) == []
    assert hears(end, 0.1, "ACK", 301, 101) == []
    hears(end, 0.2, "ACK", 301, 637)  # news
    assert hears(end, 0.3, "ACK", 301, 637) == []
    assert hears(end, 0.3, "ACK", 301, 637) == []
    assert hears(end, 0.3, "ACK", 301, 637) == ["ACK 637 ack 301 len 536"]


def test_after_the_timer_duplicates_are_counted_anew() -> None:
    end = opened()
    sent(end, 6)
    hears(end, 0.1, "ACK", 301, 101)
    hears(end, 0.1, "ACK", 301, 101)
    assert ticks(end, 1.0) == ["ACK 101 ack 301 len 536"]
    assert end.tcb.duplicates == 0


def test_what_was_sent_fast_is_not_sent_fast_again_while_it_is_mended() -> None:
    """RFC 6582 section 3.2: one loss, one fast retransmit, until all that was under way is acknowledged."""
    end = opened()
    sent(end, 8)
    assert thrice(end, 101, 0.1) == ["ACK 101 ack 301 len 536"]
    assert hears(end, 0.2, "ACK", 301, 637) == ["ACK 637 ack 301 len 536"]  # part of it: the next hole
    assert thrice(end, 637, 0.3) == []


def test_a_fast_retransmit_starts_the_timer_anew() -> None:
    end = opened()
    sent(end, 6)
    assert end.next_timer() == pytest.approx(1.0)
    thrice(end, 101, 0.5)
    assert end.next_timer() == pytest.approx(0.52 + end.tcb.rtt.rto)


# ---- Windows ---------------------------------------------------------------------------------------------


def test_an_old_segment_does_not_set_the_window() -> None:
    """SND.WL1 and SND.WL2 follow even a segment that offers the same window."""
    end = opened({"window": 1000})
    hears(end, 0.1, "ACK", 401, 101, b"news", window=1000)
    hears(end, 0.2, "ACK", 301, 101, b"old", window=5000)  # sent before the news, and late
    assert end.tcb.snd_wnd == 1000


def test_what_is_sent_again_fits_a_window_that_has_shrunk() -> None:
    end = opened()
    sent(end, 1)
    hears(end, 0.1, "ACK", 301, 101, window=100)
    assert ticks(end, 1.1) == ["ACK 101 ack 301 len 100"]


def test_half_of_the_largest_window_is_worth_sending() -> None:
    """Section 3.8.6.2.1: not less, and not only more."""
    end = opened({"window": 100})
    end.send(bytes(200))
    assert said(end) == ["ACK 101 ack 301 len 100"]
    assert hears(end, 0.1, "ACK", 301, 201, window=49) == []
    end = opened({"window": 100})
    end.send(bytes(200))
    end.outgoing()
    assert hears(end, 0.1, "ACK", 301, 201, window=50) == ["ACK 201 ack 301 len 50"]


def test_nothing_that_happens_meanwhile_puts_off_a_probe() -> None:
    end = opened({"window": 0})
    end.send(b"hello")
    for n in range(1, 10):
        hears(end, n / 10, "ACK", 300 + n, 101, b"x", window=0)
        end.send(b"more")
    assert end.next_timer() == pytest.approx(1.0)
    assert ticks(end, 1.0) == ["ACK 101 ack 310 len 1"]


def test_reading_a_little_does_not_open_the_window_a_little() -> None:
    """Section 3.8.6.2.2: it opens by half of the buffer, or by a whole segment."""
    end = opened(window=400)
    end.read(0)
    hears(end, 0.1, "ACK", 301, 101, bytes(400))
    end.read(199)
    assert (said(end), end.tcb.rcv_wnd) == ([], 0)
    end.read(1)
    assert (said(end), end.tcb.rcv_wnd) == (["ACK 101 ack 701"], 200)


def test_a_fin_that_a_closed_window_refused_is_sent_again_when_it_opens() -> None:
    end = opened({"window": 0})
    end.close()
    assert said(end) == ["FIN,ACK 101 ack 301"]
    hears(end, 0.1, "ACK", 301, 101, window=0)
    assert hears(end, 70.0, "ACK", 301, 101, window=1000) == ["FIN,ACK 101 ack 301"]


def test_no_segment_is_larger_than_the_links_of_both_ends_take() -> None:
    """Section 3.7.1: a peer may claim to take more than can be sent."""
    end = opened({"options": (mss(65535),)})
    end.send(bytes(65535))
    segments = end.outgoing()
    assert max(len(each.data) for each in segments) == 1460
    for each in segments:
        each.encode(A[0], B[0])
    with pytest.raises(ValueError, match="mss is 1 to 65495"):
        Settings(mss=65496)
    end = opened({"options": (mss(65535),)}, mss=65495)
    end.send(bytes(65535))
    assert [len(each.encode(A[0], B[0])) for each in end.outgoing()] == [20 + 65495, 20 + 40]


def test_the_send_buffer_takes_what_it_has_room_for_and_no_byte_more() -> None:
    end = opened({"window": 0})
    end.send(bytes(SEND_BUFFER))
    with pytest.raises(Refused, match="there is room for 16777216"):
        end.send(b"x")


# ---- Acknowledgments that are too old or too new ----------------------------------------------------------


def test_an_ack_is_as_old_as_the_largest_window_at_most() -> None:
    """RFC 5961 section 5: SND.UNA - MAX.SND.WND =< SEG.ACK; the window of today may be smaller."""
    for behind, bad in ((1000, False), (1001, True)):
        end = opened({"window": 1000})
        end.send(bytes(1000))
        end.outgoing()
        hears(end, 0.1, "ACK", 301, 1101, window=10)
        answer = hears(end, 0.2, "ACK", 301, seq.add(1101, -behind), b"x", window=10)
        assert end.received == (b"" if bad else b"x")
        assert answer == (["ACK 1101 ack 301"] if bad else ["ACK 1101 ack 302"])


# ---- Closing ---------------------------------------------------------------------------------------------


def test_a_program_that_only_sends_no_more_may_leave_data_unread() -> None:
    end = opened()
    end.read(0)
    hears(end, 0.1, "ACK", 301, 101, b"unread")
    end.close(reading=True)
    assert (said(end), end.state) == (["FIN,ACK 101 ack 307"], State.FIN_WAIT_1)
    assert end.read(100) == b"unread"


def test_time_wait_has_no_other_timer() -> None:
    end = opened(keep_alive=KeepAlive(1, 1, 1), user_timeout=30.0)
    end.close()
    hears(end, 0.1, "FIN,ACK", 301, 102)
    assert end.state is State.TIME_WAIT
    tcb = end.tcb
    assert (tcb.retransmit_at, tcb.keep_alive_at, tcb.user_timeout_at) == (math.inf, math.inf, math.inf)
    assert end.next_timer() == tcb.time_wait_at


def test_only_the_peers_own_fin_prolongs_time_wait() -> None:
    end = opened(msl=10.0)
    end.close()
    hears(end, 0.0, "FIN,ACK", 301, 102)
    until = end.next_timer()
    for number, ctl in ((301 + 2**31, "FIN"), (200, "FIN,ACK"), (302, "FIN,ACK"), (301, "ACK")):
        hears(end, 5.0, ctl, number % 2**32, 102)
        assert end.next_timer() == until
    assert hears(end, 5.0, "FIN,ACK", 301, 102) == ["ACK 102 ack 302"]
    assert end.next_timer() == 5.0 + 20.0


def test_what_comes_behind_the_peers_fin_is_not_taken() -> None:
    end = opened()
    hears(end, 0.1, "FIN,ACK", 303, 101)  # ahead of a gap
    hears(end, 0.2, "ACK", 301, 101, b"abEVIL")
    assert (end.received, end.state) == (b"ab", State.CLOSE_WAIT)


# ---- Keep-alive ------------------------------------------------------------------------------------------


def test_keep_alive_outlives_a_close() -> None:
    """It may expire in FIN-WAIT-1, and in FIN-WAIT-2 an end may wait for ever."""
    end = opened(keep_alive=KeepAlive(0.5, 1, 3))
    end.close()
    end.outgoing()
    ticks(end, 0.6)
    ticks(end, 1.0)
    hears(end, 1.5, "ACK", 301, 102)
    assert end.state is State.FIN_WAIT_2
    assert ticks(end, 2.0) == ["ACK 101 ack 301"]  # one number before the next
    for now in (3.0, 4.0, 5.0):
        end.tick(now)
    assert end.state is State.CLOSED


def test_a_peer_that_probes_is_there() -> None:
    """Section 3.8.4: a probe is sent only after an interval in which nothing came, not even a probe."""
    end = opened(keep_alive=KeepAlive(10, 1, 3))
    assert hears(end, 9.0, "ACK", 300, 101) == ["ACK 101 ack 301"]  # the peer's probe, and our answer
    assert ticks(end, 10.5) == []
    assert ticks(end, 19.0) == ["ACK 100 ack 301"]


# ---- Urgent ----------------------------------------------------------------------------------------------


def test_the_urgent_pointer_never_goes_back() -> None:
    end = opened()
    hears(end, 0.1, "ACK", 301, 101, b"a", urgent_pointer=50)
    assert end.tcb.rcv_up is None  # no URG: the pointer means nothing
    for pointer, end_of in ((50, 352), (10, 352), (90, 392)):
        urgent = segment("ACK", 302, 101, urgent_pointer=pointer)
        end.read(0)
        end.receive(replace(urgent, flags=urgent.flags | URG), 0.2)
        assert end.tcb.rcv_up == end_of


def test_urgent_data_that_are_acknowledged_are_urgent_no_more() -> None:
    end = opened()
    end.send(b"hurry", urgent=True)
    assert end.tcb.snd_up == 106
    hears(end, 0.1, "ACK", 301, 106)
    assert end.tcb.snd_up is None
    end.send(b"slow")
    (calm,) = end.outgoing()[-1:]
    assert not calm.flags & URG


def test_a_syn_is_not_urgent() -> None:
    end = Endpoint(A, B, isn=100)
    end.open()
    end.send(b"hurry", urgent=True)
    end.outgoing()
    end.tick(1.0)
    (again,) = end.outgoing()
    assert (line(again), again.flags & URG, again.urgent_pointer) == ("SYN 100", 0, 0)


# ---- No more work and memory than a window is worth --------------------------------------------------------


def test_every_second_byte_costs_no_more_than_a_limit() -> None:
    end = opened()
    for n in range(5 * MOST):
        end.receive(segment("ACK", 302 + 2 * n, 101, b"x"), 0.1)
        assert len(end.tcb.held) <= MOST
    end.outgoing()
    assert end.tcb.held[0] == (302, b"x")  # the nearest stay
    hears(end, 0.2, "ACK", 301, 101, b"abc")
    assert end.received.startswith(b"axc")


def test_blocks_of_a_history_share_what_waits_for_the_program() -> None:
    end = opened({"options": (window_scale(5),)}, window=1 << 20)
    end.read(0)
    data = bytes(1460)
    for n in range(500):
        end.receive(segment("ACK", seq.add(301, 1460 * n), 101, data), 0.1)
    pieces = {id(piece) for _, move in end.history for piece in move.after.waiting}
    assert len(pieces) <= 500 + 1
    assert end.tcb.unread == 500 * data
    for n in range(3000):
        end.receive(segment("ACK", seq.add(301, 730_000 + n), 101, b"y"), 0.2)
    assert len(end.tcb.waiting) <= 500 + 3
    assert end.read(10**6) == 500 * data + 3000 * b"y"

"""What the machine does in each state with each kind of segment and call (RFC 9293 section 3.10).

A test shows a move as a packet trace: the segment that comes, the states, the segments that go.  Our end has
sent 100 (its SYN), the peer 300; so ESTABLISHED begins with SND.NXT 101 and RCV.NXT 301.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from helpers_tcp import (
    ACTIVE_SYN_RECEIVED,
    PATHS,
    A,
    B,
    at,
    block,
    connected,
    moved,
    numbers,
    pair,
    play,
    rcv,
    sent,
)

from handshake.errors import Refused
from handshake.tcp import (
    SYNCHRONIZED,
    Abort,
    Close,
    Endpoint,
    Move,
    Open,
    Option,
    Send,
    State,
    Tcb,
    TimeWaitTimeout,
    step,
)
from handshake.tcp.options import mss
from handshake.tcp.tcb import Event

S = State

OUR_NEXT = {
    state: 102 if state in (S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSING, S.TIME_WAIT, S.LAST_ACK) else 101
    for state in S
}
PEER_NEXT = {
    state: 302 if state in (S.CLOSE_WAIT, S.CLOSING, S.LAST_ACK, S.TIME_WAIT) else 301 for state in S
}
"""SND.NXT and RCV.NXT in each state, after its path in helpers_tcp."""

OPEN_STATES = [state for state in S if state in SYNCHRONIZED]
WITH_NUMBERS = [S.SYN_RECEIVED, *OPEN_STATES]


def after(events: Sequence[Event], *more: Event, window: int = 65535) -> Move:
    """The last move of a fresh machine that meets these events."""
    return play((*events, *more), window=window)[-1]


def refused(state: State, call: Event) -> Refused:
    """How a call is refused in that state; it changes nothing."""
    before = block(PATHS[state])
    with pytest.raises(Refused) as caught:
        step(before, call)
    assert before == block(PATHS[state])
    assert caught.value.by == str(state)
    assert caught.value.section.startswith("RFC 9293 section 3.10.")
    return caught.value


# ---- CLOSED ----------------------------------------------------------------------------------------------


def test_an_active_open_sends_a_syn() -> None:
    """Section 3.10.1."""
    move = at(S.CLOSED, Open(B, 100))
    assert (moved(move), sent(move)) == ("CLOSED -> SYN-SENT", ["SYN 100"])
    assert (move.after.snd_una, move.after.snd_nxt) == (100, 101)


def test_a_passive_open_sends_nothing() -> None:
    """Section 3.10.1."""
    move = at(S.CLOSED, Open())
    assert (moved(move), sent(move)) == ("CLOSED -> LISTEN", [])


@pytest.mark.parametrize(
    ("arrives", "answer"),
    [
        (rcv("SYN", 300), "RST,ACK 0 ack 301"),
        (rcv("SYN", 300, data=b"hello"), "RST,ACK 0 ack 306"),
        (rcv("FIN", 300, data=b"hello"), "RST,ACK 0 ack 306"),
        (rcv("", 300), "RST,ACK 0 ack 300"),
        (rcv("ACK", 300, 77), "RST 77"),
        (rcv("SYN,ACK", 300, 77), "RST 77"),
        (rcv("SYN", 0xFFFFFFFF), "RST,ACK 0 ack 0"),
    ],
)
def test_closed_answers_everything_with_a_reset_that_can_be_believed(arrives: Event, answer: str) -> None:
    """Section 3.10.7.1."""
    move = at(S.CLOSED, arrives)
    assert (moved(move), sent(move)) == ("CLOSED", [answer])
    (reset,) = move.sends
    assert (reset.source_port, reset.destination_port) == (A[1], B[1])


@pytest.mark.parametrize("ctl", ["RST", "RST,ACK", "SYN,RST"])
def test_closed_never_answers_a_reset(ctl: str) -> None:
    """Section 3.10.7.1: two ends that are closed would otherwise reset each other for ever."""
    move = at(S.CLOSED, rcv(ctl, 300, 77))
    assert (moved(move), sent(move)) == ("CLOSED", [])


@pytest.mark.parametrize("call", [Send(b"x"), Send(b"x", B, 1), Close(), Abort()])
def test_closed_refuses_calls(call: Event) -> None:
    """Sections 3.10.2, 3.10.4, 3.10.5: connection does not exist."""
    refused(S.CLOSED, call)


# ---- LISTEN ----------------------------------------------------------------------------------------------


def test_a_syn_is_answered_and_takes_one_number() -> None:
    """Section 3.10.7.2."""
    move = at(S.LISTEN, rcv("SYN", 300, window=5000))
    assert (moved(move), sent(move)) == ("LISTEN -> SYN-RECEIVED", ["SYN,ACK 100 ack 301"])
    tcb = move.after
    assert (tcb.iss, tcb.snd_una, tcb.snd_nxt) == (100, 100, 101)
    assert (tcb.irs, tcb.rcv_nxt, tcb.snd_wnd, tcb.remote) == (300, 301, 5000, B)


def test_the_peer_says_how_much_it_takes_in_one_segment() -> None:
    """Section 3.7.1: 536 bytes if it does not say."""
    assert at(S.LISTEN, rcv("SYN", 300, options=(mss(1000),))).after.snd_mss == 1000
    assert at(S.LISTEN, rcv("SYN", 300)).after.snd_mss == 536
    assert at(S.LISTEN, rcv("SYN", 300, options=(Option(2, b""),))).after.snd_mss == 536


def test_a_listener_says_how_much_it_takes_too() -> None:
    (answer,) = at(S.LISTEN, rcv("SYN", 300)).sends
    assert answer.options == (mss(1460),)


@pytest.mark.parametrize("ctl", ["ACK", "SYN,ACK", "FIN,ACK"])
def test_an_acknowledgment_of_nothing_is_answered_with_a_reset(ctl: str) -> None:
    """Section 3.10.7.2, second."""
    move = at(S.LISTEN, rcv(ctl, 300, 77))
    assert (moved(move), sent(move)) == ("LISTEN", ["RST 77"])


@pytest.mark.parametrize("ctl", ["RST", "RST,ACK", "FIN", ""])
def test_a_listener_ignores_what_is_neither_syn_nor_ack(ctl: str) -> None:
    """Section 3.10.7.2, first and fourth."""
    move = at(S.LISTEN, rcv(ctl, 300, 77))
    assert (moved(move), sent(move), move.after) == ("LISTEN", [], move.before)


@pytest.mark.parametrize("call", [Open(B, 100), Send(b"hello", B, 100)])
def test_a_listener_may_call_after_all(call: Event) -> None:
    """Sections 3.10.1 and 3.10.2: from passive to active."""
    move = at(S.LISTEN, call)
    assert (moved(move), sent(move)) == ("LISTEN -> SYN-SENT", ["SYN 100"])
    assert not move.after.passive


def test_what_a_listener_sends_waits_for_the_connection() -> None:
    """Section 3.10.2."""
    moves = play((Open(), Send(b"hello", B, 100), rcv("SYN,ACK", 300, 101)))
    assert sent(moves[-1]) == ["ACK 101 ack 301 len 5"]


def test_a_listener_refuses_to_send_to_nobody_and_to_listen_twice() -> None:
    """Sections 3.10.1 and 3.10.2."""
    refused(S.LISTEN, Send(b"hello"))
    refused(S.LISTEN, Open())


# ---- SYN-SENT --------------------------------------------------------------------------------------------


def test_the_answer_opens_the_connection() -> None:
    """Section 3.10.7.3, fourth."""
    move = at(S.SYN_SENT, rcv("SYN,ACK", 300, 101, window=5000))
    assert (moved(move), sent(move)) == ("SYN-SENT -> ESTABLISHED", ["ACK 101 ack 301"])
    assert (move.after.snd_una, move.after.snd_wnd, move.after.rcv_nxt) == (101, 5000, 301)


def test_data_that_waited_goes_with_the_third_segment() -> None:
    """Section 3.10.7.3: data queued for transmission may be included."""
    move = at(S.SYN_SENT, Send(b"hello"), rcv("SYN,ACK", 300, 101))
    assert sent(move) == ["ACK 101 ack 301 len 5"]


def test_data_and_fin_may_come_with_the_answer() -> None:
    """Section 3.10.7.3: go on with the sixth step."""
    move = at(S.SYN_SENT, rcv("SYN,ACK,FIN", 300, 101, b"bye"))
    assert (moved(move), sent(move)) == ("SYN-SENT -> CLOSE-WAIT", ["ACK 101 ack 305"])
    assert move.delivered == b"bye"


def test_data_with_the_answer_is_cut_to_our_window() -> None:
    """Section 3.10.7.3 goes on with segment text as section 3.10.7.4 has it: within the window."""
    move = at(S.SYN_SENT, rcv("SYN,ACK,FIN", 300, 101, b"0123456789"), window=4)
    assert (moved(move), move.delivered) == ("SYN-SENT -> ESTABLISHED", b"0123")
    assert sent(move) == ["ACK 101 ack 305"]


@pytest.mark.parametrize("ack", [100, 102, 99, 0xFFFFFFFF])
@pytest.mark.parametrize("ctl", ["ACK", "SYN,ACK"])
def test_an_ack_that_is_not_for_our_syn_is_answered_with_a_reset(ctl: str, ack: int) -> None:
    """Section 3.10.7.3, first: SEG.ACK =< ISS or SEG.ACK > SND.NXT (figures 8 and 9)."""
    move = at(S.SYN_SENT, rcv(ctl, 300, ack))
    assert (moved(move), sent(move)) == ("SYN-SENT", [f"RST {ack}"])


def test_a_reset_that_acknowledges_our_syn_refuses_the_connection() -> None:
    """Section 3.10.7.3, second."""
    move = at(S.SYN_SENT, rcv("RST,ACK", 0, 101))
    assert (moved(move), sent(move)) == ("SYN-SENT -> CLOSED", [])


@pytest.mark.parametrize(
    "arrives", [rcv("RST", 300), rcv("RST", 0), rcv("RST,ACK", 0, 100), rcv("RST,ACK", 0, 102)]
)
def test_a_reset_that_does_not_is_dropped(arrives: Event) -> None:
    """Section 3.10.7.3, first and second."""
    move = at(S.SYN_SENT, arrives)
    assert (moved(move), sent(move)) == ("SYN-SENT", [])


@pytest.mark.parametrize(
    "arrives", [rcv("ACK", 300, 101), rcv("FIN,ACK", 300, 101), rcv("", 300), rcv("FIN", 300)]
)
def test_neither_syn_nor_reset_is_dropped(arrives: Event) -> None:
    """Section 3.10.7.3, fifth."""
    move = at(S.SYN_SENT, arrives)
    assert (moved(move), sent(move)) == ("SYN-SENT", [])


def test_a_syn_alone_means_that_both_ends_called() -> None:
    """Section 3.10.7.3, fourth (figure 7)."""
    move = at(S.SYN_SENT, rcv("SYN", 300))
    assert (moved(move), sent(move)) == ("SYN-SENT -> SYN-RECEIVED", ["SYN,ACK 100 ack 301"])
    assert not move.after.passive


@pytest.mark.parametrize("call", [Close(), Abort()])
def test_a_call_is_given_up_without_a_word(call: Event) -> None:
    """Sections 3.10.4 and 3.10.5."""
    move = at(S.SYN_SENT, Send(b"hello"), call)
    assert (moved(move), sent(move)) == ("SYN-SENT -> CLOSED", [])


# ---- SYN-RECEIVED ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATHS[S.SYN_RECEIVED], ACTIVE_SYN_RECEIVED])
def test_the_ack_of_our_syn_opens_the_connection(path: Sequence[Event]) -> None:
    """Section 3.10.7.4, fifth."""
    move = after(path, rcv("ACK", 301, 101, window=5000))
    assert (moved(move), sent(move)) == ("SYN-RECEIVED -> ESTABLISHED", [])
    assert (move.after.snd_una, move.after.snd_wnd) == (101, 5000)


@pytest.mark.parametrize("ack", [100, 102, 99])
def test_a_bad_ack_is_answered_with_a_reset(ack: int) -> None:
    """Section 3.10.7.4, fifth: unless SND.UNA < SEG.ACK =< SND.NXT."""
    move = at(S.SYN_RECEIVED, rcv("ACK", 301, ack))
    assert (moved(move), sent(move)) == ("SYN-RECEIVED", [f"RST {ack}"])


def test_the_third_segment_may_bring_data_and_fin() -> None:
    """Section 3.10.7.4, seventh and eighth."""
    move = at(S.SYN_RECEIVED, rcv("FIN,ACK", 301, 101, b"hello"))
    assert (moved(move), sent(move)) == ("SYN-RECEIVED -> CLOSE-WAIT", ["ACK 101 ack 307"])
    assert move.delivered == b"hello"


def test_the_syn_that_comes_again_is_old_and_draws_the_answer_again() -> None:
    """Section 3.10.7.4, first: its number lies before the window, and it is acknowledged; by the SYN,ACK."""
    move = at(S.SYN_RECEIVED, rcv("SYN", 300))
    assert (moved(move), sent(move)) == ("SYN-RECEIVED", ["SYN,ACK 100 ack 301"])


def test_a_reset_sends_a_listener_back_to_listening_and_a_caller_home() -> None:
    """Section 3.10.7.4, second (note 1 of figure 5)."""
    assert moved(at(S.SYN_RECEIVED, rcv("RST", 301))) == "SYN-RECEIVED -> LISTEN"
    assert moved(after(ACTIVE_SYN_RECEIVED, rcv("RST", 301))) == "SYN-RECEIVED -> CLOSED"


def test_who_listens_again_is_as_new() -> None:
    again = at(S.SYN_RECEIVED, Send(b"for the first caller"), rcv("RST", 301)).after
    assert again == block(PATHS[S.LISTEN])


def test_a_syn_in_the_window_sends_a_listener_back_and_challenges_a_caller() -> None:
    """Section 3.10.7.4, fourth."""
    assert moved(at(S.SYN_RECEIVED, rcv("SYN", 305))) == "SYN-RECEIVED -> LISTEN"
    move = after(ACTIVE_SYN_RECEIVED, rcv("SYN", 305))
    assert (moved(move), sent(move)) == ("SYN-RECEIVED", ["ACK 101 ack 301"])


def test_the_answer_to_our_own_syn_opens_a_connection_that_both_called() -> None:
    """Figure 7, line 6: the peer's SYN comes again with the ACK, and the ACK counts."""
    move = after(ACTIVE_SYN_RECEIVED, rcv("SYN,ACK", 300, 101))
    assert moved(move) == "SYN-RECEIVED -> ESTABLISHED"


def test_data_behind_a_syn_that_comes_again_begin_one_number_later() -> None:
    """Section 3.4: the SYN takes the number before the first byte."""
    move = after(ACTIVE_SYN_RECEIVED, rcv("SYN,ACK", 300, 101, b"hello"))
    assert (moved(move), move.delivered) == ("SYN-RECEIVED -> ESTABLISHED", b"hello")
    assert sent(move) == ["ACK 101 ack 306"]


def test_a_close_with_nothing_to_send_follows_at_once() -> None:
    """Section 3.10.4."""
    move = at(S.SYN_RECEIVED, Close())
    assert (moved(move), sent(move)) == ("SYN-RECEIVED -> FIN-WAIT-1", ["FIN,ACK 101 ack 301"])


def test_a_close_behind_data_waits_for_the_opening() -> None:
    """Section 3.10.4: queue for processing after entering ESTABLISHED."""
    moves = play((*PATHS[S.SYN_RECEIVED], Send(b"hello"), Close(), rcv("ACK", 301, 101)))
    assert [moved(move) for move in moves[-3:]] == [
        "SYN-RECEIVED",
        "SYN-RECEIVED",
        "SYN-RECEIVED -> FIN-WAIT-1",
    ]
    assert sent(moves[-1]) == ["ACK 101 ack 301 len 5", "FIN,ACK 106 ack 301"]


def test_a_close_behind_data_that_meets_the_peers_fin() -> None:
    """Section 3.10.4: what was queued is still sent."""
    move = at(S.SYN_RECEIVED, Send(b"hello"), Close(), rcv("FIN,ACK", 301, 101))
    assert (moved(move), sent(move)) == (
        "SYN-RECEIVED -> CLOSING",
        ["ACK 101 ack 302 len 5", "FIN,ACK 106 ack 302"],
    )


def test_after_close_nothing_more_can_be_sent_or_closed() -> None:
    before = block((*PATHS[S.SYN_RECEIVED], Send(b"hello"), Close()))
    for call in (Send(b"more"), Close()):
        with pytest.raises(Refused):
            step(before, call)


# ---- ESTABLISHED: data -----------------------------------------------------------------------------------


def test_data_is_delivered_and_acknowledged() -> None:
    """Section 3.10.7.4, seventh."""
    move = at(S.ESTABLISHED, rcv("ACK", 301, 101, b"hello"))
    assert (moved(move), move.delivered, sent(move)) == ("ESTABLISHED", b"hello", ["ACK 101 ack 306"])


def test_data_that_is_sent_carries_the_ack() -> None:
    move = at(S.ESTABLISHED, rcv("ACK", 301, 101, b"hello"), Send(b"hi"))
    assert sent(move) == ["ACK 101 ack 306 len 2"]


def test_data_is_cut_to_what_the_peer_takes_at_once() -> None:
    """Section 3.7.1; the last one has PSH (section 3.9.1.2)."""
    path = (Open(B, 100), rcv("SYN,ACK", 300, 101, options=(mss(1000),)))
    move = after(path, Send(bytes(2500)))
    assert sent(move) == ["ACK 101 ack 301 len 1000", "ACK 1101 ack 301 len 1000", "ACK 2101 ack 301 len 500"]
    assert ["PSH" in str(each.flags) for each in move.sends] == [False, False, True]


def test_data_beyond_the_peers_window_waits_for_it_to_open() -> None:
    """Section 3.8.6."""
    path = (Open(B, 100), rcv("SYN,ACK", 300, 101, window=3), Send(b"hello"))
    assert sent(after(path)) == ["ACK 101 ack 301 len 3"]
    assert sent(after(path, Send(b"!"))) == []
    assert sent(after(path, rcv("ACK", 301, 104, window=0))) == []
    assert sent(after(path, rcv("ACK", 301, 104, window=0), rcv("ACK", 301, 104, window=9))) == [
        "ACK 104 ack 301 len 2"
    ]


def test_a_window_that_shrinks_stops_the_sender() -> None:
    """Section 3.8.6: a sender must be robust against it."""
    path = (Open(B, 100), rcv("SYN,ACK", 300, 101, window=9), Send(b"hello"))
    assert sent(after(path, rcv("ACK", 301, 101, window=2), Send(b"more"))) == []


def test_an_old_segment_does_not_change_the_window() -> None:
    """Section 3.10.7.4, fifth: SND.WL1 and SND.WL2 prevent using old segments."""
    ahead = (*PATHS[S.ESTABLISHED], rcv("ACK", 304, 101, b"!", window=7))
    assert after(ahead).after.snd_wnd == 7
    assert after(ahead, rcv("ACK", 301, 101, b"hel", window=9)).after.snd_wnd == 7
    assert after(ahead, rcv("ACK", 304, 101, window=9)).after.snd_wnd == 9
    path = (*PATHS[S.ESTABLISHED], Send(b"hello"), rcv("ACK", 301, 106, b"x", window=7))
    assert after(path).after.snd_wnd == 7
    assert after(path, rcv("ACK", 302, 103, window=9)).after.snd_wnd == 7
    assert after(path, rcv("ACK", 301, 106, window=9)).after.snd_wnd == 7
    assert after(path, rcv("ACK", 302, 106, window=9)).after.snd_wnd == 9


def test_an_ack_of_bytes_never_sent_is_answered_and_dropped() -> None:
    """Section 3.10.7.4, fifth: send an ACK, drop the segment, and return."""
    move = at(S.ESTABLISHED, rcv("ACK", 301, 102, b"hello"))
    assert (moved(move), sent(move), move.delivered) == ("ESTABLISHED", ["ACK 101 ack 301"], b"")


def test_an_old_ack_confirms_nothing_but_its_data_counts() -> None:
    """Section 3.10.7.4, fifth: a duplicate acknowledgment can be ignored."""
    move = at(S.ESTABLISHED, Send(b"hello"), rcv("ACK", 301, 106), rcv("ACK", 301, 101, b"hi"))
    assert (move.after.snd_una, move.delivered) == (106, b"hi")


def test_without_ack_a_segment_is_dropped() -> None:
    """Section 3.10.7.4, fifth: if the ACK bit is off, drop the segment and return."""
    move = at(S.ESTABLISHED, rcv("", 301, data=b"hello"))
    assert (moved(move), sent(move), move.delivered) == ("ESTABLISHED", [], b"")


def test_bytes_ahead_of_a_gap_are_asked_for_again() -> None:
    """Section 3.10.7.4: segments may be held; here they are not."""
    move = at(S.ESTABLISHED, rcv("ACK", 304, 101, b"lo"))
    assert (sent(move), move.delivered) == (["ACK 101 ack 301"], b"")


def test_of_bytes_that_came_before_only_the_new_ones_are_taken() -> None:
    """Section 3.10.7.4, first: tailored to begin at RCV.NXT."""
    path = (*PATHS[S.ESTABLISHED], rcv("ACK", 301, 101, b"hel"))
    move = after(path, rcv("ACK", 301, 101, b"hello"))
    assert (sent(move), move.delivered) == (["ACK 101 ack 306"], b"lo")


def test_bytes_that_all_came_before_are_acknowledged_again() -> None:
    """Section 3.10.7.4, first: unacceptable, and answered with what is expected."""
    path = (*PATHS[S.ESTABLISHED], rcv("ACK", 301, 101, b"hello"))
    move = after(path, rcv("ACK", 301, 101, b"hello"))
    assert (sent(move), move.delivered) == (["ACK 101 ack 306"], b"")


def test_bytes_beyond_the_window_are_cut_off_and_with_them_the_fin() -> None:
    """Section 3.10.7.4, first: trim off any portions that lie outside the window (including SYN and FIN)."""
    move = at(S.ESTABLISHED, rcv("FIN,ACK", 301, 101, b"hello"), window=3)
    assert (moved(move), sent(move), move.delivered) == ("ESTABLISHED", ["ACK 101 ack 304"], b"hel")


def test_a_fin_just_beyond_the_window_is_cut_off() -> None:
    """The FIN takes a number too, and that number lies outside."""
    move = at(S.ESTABLISHED, rcv("FIN,ACK", 301, 101, b"hello"), window=5)
    assert (moved(move), sent(move), move.delivered) == ("ESTABLISHED", ["ACK 101 ack 306"], b"hello")


def test_numbers_wrap() -> None:
    """Section 3.4: all arithmetic is modulo 2^32."""
    path = (Open(B, 0xFFFFFFFE), rcv("SYN,ACK", 0xFFFFFFFD, 0xFFFFFFFF), Send(b"hello"))
    assert sent(after(path)) == [f"ACK {0xFFFFFFFF} ack {0xFFFFFFFE} len 5"]
    move = after(path, rcv("ACK", 0xFFFFFFFE, 4, b"world"))
    assert (sent(move), move.after.snd_una, move.delivered) == (["ACK 4 ack 3"], 4, b"world")
    assert sent(after(path, rcv("ACK", 0xFFFFFFFE, 4, b"world"), Close())) == ["FIN,ACK 4 ack 3"]


@pytest.mark.parametrize("number", [300, 301 + 65535, 301 - 70000])
def test_a_number_outside_the_window_is_answered_with_what_is_expected(number: int) -> None:
    """Section 3.10.7.4, first."""
    move = at(S.ESTABLISHED, rcv("ACK", number % 2**32, 101, b"x"))
    assert (sent(move), move.delivered) == (["ACK 101 ack 301"], b"")


# ---- A receive window of zero ----------------------------------------------------------------------------


def test_a_closed_window_takes_no_data_but_its_ack() -> None:
    """Section 3.10.7.4, first: special allowance for valid ACKs, URGs and RSTs."""
    path = (*PATHS[S.ESTABLISHED], Send(b"hello"))
    move = after(path, rcv("ACK", 301, 106, b"x"), window=0)
    assert (sent(move), move.delivered, move.after.snd_una) == (["ACK 106 ack 301"], b"", 106)
    move = after(path, rcv("ACK", 301, 106), window=0)
    assert (sent(move), move.after.snd_una) == ([], 106)


def test_a_closed_window_lets_a_reset_through() -> None:
    """Section 3.10.7.4, first and second."""
    assert moved(at(S.ESTABLISHED, rcv("RST", 301), window=0)) == "ESTABLISHED -> CLOSED"
    assert moved(at(S.ESTABLISHED, rcv("RST", 302), window=0)) == "ESTABLISHED"


def test_a_closed_window_takes_no_fin() -> None:
    """Section 3.10.7.4, first: a FIN takes a number, for which there is no room, and has no allowance."""
    move = at(S.ESTABLISHED, rcv("FIN,ACK", 301, 101), window=0)
    assert (moved(move), sent(move)) == ("ESTABLISHED", ["ACK 101 ack 301"])


# ---- Resets and SYNs in an open connection (RFC 5961) ----------------------------------------------------


@pytest.mark.parametrize("state", OPEN_STATES, ids=str)
def test_a_reset_with_the_very_number_expected_ends_everything(state: State) -> None:
    """Section 3.10.7.4, second."""
    move = at(state, rcv("RST", PEER_NEXT[state]))
    assert (moved(move), sent(move)) == (f"{state} -> CLOSED", [])
    assert move.after == Tcb(A, B)


@pytest.mark.parametrize("state", WITH_NUMBERS, ids=str)
def test_a_reset_elsewhere_in_the_window_is_challenged(state: State) -> None:
    """Section 3.10.7.4, second: RFC 5961 section 3."""
    move = at(state, rcv("RST", PEER_NEXT[state] + 1))
    assert (moved(move), sent(move)) == (str(state), [f"ACK {OUR_NEXT[state]} ack {PEER_NEXT[state]}"])


@pytest.mark.parametrize("state", WITH_NUMBERS, ids=str)
def test_a_reset_outside_the_window_is_dropped_in_silence(state: State) -> None:
    """Section 3.10.7.4, first."""
    move = at(state, rcv("RST", PEER_NEXT[state] - 1))
    assert (moved(move), sent(move)) == (str(state), [])


def test_a_reset_with_data_is_judged_by_its_own_number() -> None:
    """RFC 5961 section 3: a guess that covers the expected number with its data is still a guess."""
    move = at(S.ESTABLISHED, rcv("RST", 291, data=bytes(20)))
    assert (moved(move), sent(move)) == ("ESTABLISHED", [])


@pytest.mark.parametrize("state", OPEN_STATES, ids=str)
@pytest.mark.parametrize("shift", [-50, 0, 5, 100_000])
def test_a_syn_is_challenged_wherever_its_number_lies(state: State, shift: int) -> None:
    """Section 3.10.7.4, fourth: RFC 5961 section 4 (figure 9, line 4)."""
    move = at(state, rcv("SYN", PEER_NEXT[state] + shift))
    assert (moved(move), sent(move)) == (str(state), [f"ACK {OUR_NEXT[state]} ack {PEER_NEXT[state]}"])


# ---- Closing ---------------------------------------------------------------------------------------------


def test_a_close_sends_a_fin_that_takes_one_number() -> None:
    """Section 3.10.4."""
    move = at(S.ESTABLISHED, Close())
    assert (moved(move), sent(move)) == ("ESTABLISHED -> FIN-WAIT-1", ["FIN,ACK 101 ack 301"])
    assert move.after.snd_nxt == 102


def test_a_fin_is_acknowledged_and_closes_one_direction() -> None:
    """Section 3.10.7.4, eighth."""
    move = at(S.ESTABLISHED, rcv("FIN,ACK", 301, 101, b"bye"))
    assert (moved(move), sent(move), move.delivered) == (
        "ESTABLISHED -> CLOSE-WAIT",
        ["ACK 101 ack 305"],
        b"bye",
    )


def test_a_fin_ahead_of_a_gap_has_to_wait() -> None:
    """Section 3.10.7.4: it is processed in order."""
    move = at(S.ESTABLISHED, rcv("FIN,ACK", 304, 101))
    assert (moved(move), sent(move)) == ("ESTABLISHED", ["ACK 101 ack 301"])


def test_the_ack_of_our_fin() -> None:
    """Section 3.10.7.4, fifth."""
    assert moved(at(S.FIN_WAIT_1, rcv("ACK", 301, 102))) == "FIN-WAIT-1 -> FIN-WAIT-2"
    assert moved(at(S.CLOSING, rcv("ACK", 302, 102))) == "CLOSING -> TIME-WAIT"
    assert moved(at(S.LAST_ACK, rcv("ACK", 302, 102))) == "LAST-ACK -> CLOSED"


@pytest.mark.parametrize("state", [S.FIN_WAIT_1, S.CLOSING, S.LAST_ACK], ids=str)
def test_an_ack_that_does_not_reach_our_fin_moves_nobody(state: State) -> None:
    assert moved(at(state, rcv("ACK", PEER_NEXT[state], 101))) == str(state)


def test_the_peers_fin_after_ours() -> None:
    """Section 3.10.7.4, eighth; the last line is note 2 of figure 5."""
    move = at(S.FIN_WAIT_1, rcv("FIN,ACK", 301, 101))
    assert (moved(move), sent(move)) == ("FIN-WAIT-1 -> CLOSING", ["ACK 102 ack 302"])
    move = at(S.FIN_WAIT_2, rcv("FIN,ACK", 301, 102))
    assert (moved(move), sent(move)) == ("FIN-WAIT-2 -> TIME-WAIT", ["ACK 102 ack 302"])
    move = at(S.FIN_WAIT_1, rcv("FIN,ACK", 301, 102))
    assert (moved(move), sent(move)) == ("FIN-WAIT-1 -> TIME-WAIT", ["ACK 102 ack 302"])


@pytest.mark.parametrize("state", [S.FIN_WAIT_1, S.FIN_WAIT_2], ids=str)
def test_who_has_closed_still_takes_data(state: State) -> None:
    """Section 3.6: CLOSE means, I have no more data to send."""
    move = at(state, rcv("ACK", 301, 102, b"hello"))
    assert (move.delivered, sent(move)) == (b"hello", ["ACK 102 ack 306"])


def test_the_peer_of_who_has_closed_still_sends() -> None:
    assert sent(at(S.CLOSE_WAIT, Send(b"hello"))) == ["ACK 101 ack 302 len 5"]


@pytest.mark.parametrize("state", [S.CLOSE_WAIT, S.CLOSING, S.LAST_ACK, S.TIME_WAIT], ids=str)
def test_nothing_follows_a_fin(state: State) -> None:
    """Section 3.10.7.4, seventh: this should not occur, since a FIN has been received; ignore the text."""
    move = at(state, rcv("ACK", 302, 101, b"more"))
    assert (moved(move), move.delivered, move.after.rcv_nxt) == (str(state), b"", 302)


@pytest.mark.parametrize("state", [S.CLOSE_WAIT, S.CLOSING, S.LAST_ACK, S.TIME_WAIT], ids=str)
def test_a_fin_that_comes_again_is_acknowledged_again(state: State) -> None:
    """Section 3.10.7.4, first and eighth."""
    move = at(state, rcv("FIN,ACK", 301, 101))
    assert (moved(move), sent(move)) == (str(state), [f"ACK {OUR_NEXT[state]} ack 302"])


def test_the_second_close() -> None:
    """Section 3.10.4."""
    move = at(S.CLOSE_WAIT, Close())
    assert (moved(move), sent(move)) == ("CLOSE-WAIT -> LAST-ACK", ["FIN,ACK 101 ack 302"])


def test_two_msl_later_all_is_over() -> None:
    """Section 3.10.8."""
    assert moved(at(S.TIME_WAIT, TimeWaitTimeout())) == "TIME-WAIT -> CLOSED"
    assert moved(at(S.ESTABLISHED, TimeWaitTimeout())) == "ESTABLISHED"


# ---- A CLOSE that waits for the peer's window ------------------------------------------------------------

FULL = (Open(B, 100), rcv("SYN,ACK", 300, 101, window=3), Send(b"hello"))
"""ESTABLISHED; three bytes are on their way, two wait."""


def test_in_established_the_fin_waits_behind_the_data() -> None:
    """Section 3.10.4: until all preceding SENDs have been segmentized; in any case, enter FIN-WAIT-1."""
    moves = play((*FULL, Close(), rcv("ACK", 301, 104, window=3)))
    assert [moved(move) for move in moves[-2:]] == ["ESTABLISHED -> FIN-WAIT-1", "FIN-WAIT-1"]
    assert [sent(move) for move in moves[-2:]] == [[], ["ACK 104 ack 301 len 2", "FIN,ACK 106 ack 301"]]


def test_an_ack_of_the_data_is_not_one_of_a_fin_that_was_not_sent() -> None:
    move = after(FULL, Close(), rcv("ACK", 301, 104, window=0))
    assert (moved(move), sent(move)) == ("FIN-WAIT-1", [])


def test_a_fin_that_waits_is_sent_though_the_peer_closes_meanwhile() -> None:
    """FIN-WAIT-1 becomes CLOSING, and the data and our FIN are still to be sent."""
    moves = play((*FULL, Close(), rcv("FIN,ACK", 301, 101, window=0), rcv("ACK", 302, 104, window=9)))
    assert [moved(move) for move in moves[-2:]] == ["FIN-WAIT-1 -> CLOSING", "CLOSING"]
    assert sent(moves[-1]) == ["ACK 104 ack 302 len 2", "FIN,ACK 106 ack 302"]


def test_in_syn_received_it_waits_for_the_opening_and_then_for_the_window() -> None:
    path = (Open(), rcv("SYN", 300, window=3), Send(b"hello"), Close())
    moves = play((*path, rcv("ACK", 301, 101, window=3), rcv("ACK", 301, 104, window=3)))
    assert [moved(move) for move in moves[-2:]] == ["SYN-RECEIVED -> FIN-WAIT-1", "FIN-WAIT-1"]
    assert sent(moves[-2]) == ["ACK 101 ack 301 len 3"]
    assert sent(moves[-1]) == ["ACK 104 ack 301 len 2", "FIN,ACK 106 ack 301"]


def test_in_close_wait_the_state_waits_too() -> None:
    """Section 3.10.4: until all preceding SENDs have been segmentized; then send a FIN, enter LAST-ACK."""
    moves = play((*FULL, rcv("FIN,ACK", 301, 101, window=3), Close(), rcv("ACK", 302, 104, window=3)))
    assert [moved(move) for move in moves[-2:]] == ["CLOSE-WAIT", "CLOSE-WAIT -> LAST-ACK"]
    assert sent(moves[-1]) == ["ACK 104 ack 302 len 2", "FIN,ACK 106 ack 302"]


@pytest.mark.parametrize("call", [Send(b"more"), Close()])
def test_behind_a_close_that_waits_nothing_can_be_sent(call: Event) -> None:
    before = block((*FULL, rcv("FIN,ACK", 301, 101, window=3), Close()))
    with pytest.raises(Refused):
        step(before, call)


# ---- Calls in every state --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [s for s in S if s not in (S.CLOSED, S.LISTEN)], ids=str)
def test_open_is_refused_where_a_connection_exists(state: State) -> None:
    """Section 3.10.1."""
    for call in (Open(), Open(B, 5)):
        assert "exists" in refused(state, call).why


@pytest.mark.parametrize("state", [S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSING, S.LAST_ACK, S.TIME_WAIT], ids=str)
def test_after_close_calls_are_refused(state: State) -> None:
    """Sections 3.10.2 and 3.10.4: connection closing."""
    refused(state, Send(b"x"))
    refused(state, Close())


@pytest.mark.parametrize(
    "state", [S.SYN_RECEIVED, S.ESTABLISHED, S.FIN_WAIT_1, S.FIN_WAIT_2, S.CLOSE_WAIT], ids=str
)
def test_an_abort_tells_the_peer(state: State) -> None:
    """Section 3.10.5: <SEQ=SND.NXT><CTL=RST>."""
    move = at(state, Abort())
    assert (moved(move), sent(move)) == (f"{state} -> CLOSED", [f"RST {OUR_NEXT[state]}"])


@pytest.mark.parametrize("state", [S.LISTEN, S.SYN_SENT, S.CLOSING, S.LAST_ACK, S.TIME_WAIT], ids=str)
def test_an_abort_of_what_is_not_open_or_nearly_over_tells_nobody(state: State) -> None:
    """Section 3.10.5."""
    move = at(state, Abort())
    assert (moved(move), sent(move)) == (f"{state} -> CLOSED", [])


def test_an_abort_is_believed_by_the_peer() -> None:
    both = connected()
    both.ends["A"].abort()
    both.settle()
    assert both.states == ("CLOSED", "CLOSED")


# ---- Two ends --------------------------------------------------------------------------------------------


def test_a_whole_connection() -> None:
    both = connected()
    both.ends["A"].send(b"hello")
    assert both.settle() == ["A: ACK 101 ack 301 len 5", "B: ACK 301 ack 106"]
    both.ends["A"].close()
    assert both.settle() == ["A: FIN,ACK 106 ack 301", "B: ACK 301 ack 107"]
    assert both.states == ("FIN-WAIT-2", "CLOSE-WAIT")
    both.ends["B"].close()
    assert both.settle() == ["B: FIN,ACK 301 ack 107", "A: ACK 107 ack 302"]
    assert both.states == ("TIME-WAIT", "CLOSED")
    both.pass_time(240)
    assert both.states == ("CLOSED", "CLOSED")


def test_both_ends_call_and_both_ends_close_at_once() -> None:
    """Figures 7 and 13."""
    both = pair()
    both.ends["A"].open()
    both.ends["B"].open()
    both.settle()
    assert both.states == ("ESTABLISHED", "ESTABLISHED")
    both.ends["A"].close()
    both.ends["B"].close()
    both.settle()
    assert both.states == ("TIME-WAIT", "TIME-WAIT")


def test_a_port_where_nobody_listens_refuses() -> None:
    both = pair()
    both.ends["A"].open()
    assert both.settle() == ["A: SYN 100", "B: RST,ACK 0 ack 101"]
    assert both.states == ("CLOSED", "CLOSED")


def test_an_old_syn_does_not_keep_the_new_one_out() -> None:
    """Figure 8."""
    both = pair()
    both.ends["B"] = Endpoint(B, A, isn=numbers(300, 400))
    both.ends["B"].listen()
    both.ends["A"].open()
    both.inject("A", play((Open(B, 90),))[-1].sends[0])
    both.lose("A")  # for now: the SYN of 100 is late
    both.settle()
    assert both.states == ("SYN-SENT", "LISTEN")
    both.inject("A", play((Open(B, 100),))[-1].sends[0])
    both.settle()
    assert both.states == ("ESTABLISHED", "ESTABLISHED")


@pytest.mark.parametrize("who", ["A", "B"])
def test_an_end_that_lost_its_memory_is_found_out(who: str) -> None:
    """Figures 9 and 10: after a reboot, whoever speaks first."""
    both = connected()
    both.ends["A"] = Endpoint(A, B, isn=5000)
    if who == "A":
        both.ends["A"].open()
        told = both.settle()
        assert told[:3] == ["A: SYN 5000", "B: ACK 301 ack 101", "A: RST 101"]
    else:
        both.ends["B"].send(bytes(10))
        assert both.settle() == ["B: ACK 301 ack 101 len 10", "A: RST 101"]
    assert both.states[1] == "CLOSED"


def test_two_listeners_are_not_fooled_by_an_old_syn() -> None:
    """Figure 11."""
    both = pair()
    both.ends["A"].listen()
    both.ends["B"].listen()
    both.inject("A", play((Open(B, 90),))[-1].sends[0])
    assert both.settle() == ["B: SYN,ACK 300 ack 91", "A: RST 91"]
    assert both.states == ("LISTEN", "LISTEN")


def test_a_block_tells_the_fields_that_mean_something() -> None:
    assert block(()).plain() == {"state": "CLOSED"}
    assert block(PATHS[S.SYN_SENT]).plain() == {
        "state": "SYN-SENT",
        "ISS": 100,
        "SND.UNA": 100,
        "SND.NXT": 101,
        "RCV.WND": 65535,
        "RTO": 1.0,
    }
    assert block(PATHS[S.ESTABLISHED]).plain() == {
        "state": "ESTABLISHED",
        "ISS": 100,
        "SND.UNA": 101,
        "SND.NXT": 101,
        "SND.WND": 65535,
        "IRS": 300,
        "RCV.NXT": 301,
        "RCV.WND": 65535,
        "RTO": 1.0,
    }
    assert Tcb(A).plain() == {"state": "CLOSED"}

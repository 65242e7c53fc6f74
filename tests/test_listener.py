"""A listening port: its two queues, what happens when they are full, and cookies, which need none."""

from __future__ import annotations

import pytest
from helpers_tcp import A, B, line
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.tcp import ACK, RST, SYN, Listener, Segment, Settings, State, cookies, seq
from handshake.tcp.isn import TICKS, initial_number
from handshake.tcp.options import mss

SECRET = b"for tests only"


def caller(n: int) -> tuple[str, int]:
    return (f"192.0.2.{n}", 1000 + n)


def syn(n: int, number: int = 7000) -> Segment:
    return Segment(1000 + n, B[1], number, flags=SYN, options=(mss(1460),))


def ack(n: int, number: int, number_of_ours: int, data: bytes = b"") -> Segment:
    return Segment(1000 + n, B[1], number, number_of_ours, ACK, data=data)


def listener(**choices: object) -> Listener:
    settings: dict[str, object] = {"isn": lambda source, now: 5000 + source[1], "secret": SECRET, **choices}
    return Listener(B, **settings)  # type: ignore[arg-type]


def call(port: Listener, n: int, now: float = 0.0) -> list[str]:
    """A SYN of caller n; what comes back."""
    move = port.receive(syn(n), now, caller(n))
    child = port.syn_queue.get(caller(n))
    sends = list(move.sends) if move else []
    return [line(each) for each in sends + (child.outgoing() if child else [])]


def answer(port: Listener, n: int, number: int, now: float = 0.1) -> None:
    """The last segment of the handshake of caller n."""
    port.receive(ack(n, 7001, seq.add(number, 1)), now, caller(n))


# ---- Queues ----------------------------------------------------------------------------------------------


def test_a_call_waits_in_one_queue_and_then_in_the_other() -> None:
    port = listener()
    assert call(port, 1) == ["SYN,ACK 6001 ack 7001"]
    assert list(port.syn_queue) == [caller(1)]
    answer(port, 1, 6001)
    assert not port.syn_queue
    child = port.accept()
    assert child is not None
    assert (child.state, child.remote) == (State.ESTABLISHED, caller(1))
    assert port.accept() is None


def test_the_first_to_be_complete_is_the_first_to_be_accepted() -> None:
    port = listener()
    for n in (1, 2, 3):
        call(port, n)
    for n in (2, 3, 1):
        answer(port, n, 6000 + n)
    assert [port.accept().remote for _ in range(3)] == [caller(2), caller(3), caller(1)]  # type: ignore[union-attr]


def test_a_full_syn_queue_ignores_whoever_calls() -> None:
    port = listener(backlog=2)
    assert [bool(call(port, n)) for n in (1, 2, 3)] == [True, True, False]
    assert port.dropped == 1
    answer(port, 1, 6001)
    assert call(port, 3) == ["SYN,ACK 6003 ack 7001"]  # there is room again


def test_a_full_accept_queue_ignores_the_last_ack_and_who_sent_it_believes_to_be_connected() -> None:
    port = listener(backlog=1)
    call(port, 1)
    answer(port, 1, 6001)
    call_again = port.receive(syn(2), 0.2, caller(2))
    assert call_again is not None
    assert "accept queue is full" in call_again.notes[0]
    port = listener(backlog=1, syn_backlog=5)
    call(port, 1)
    call(port, 2)
    answer(port, 1, 6001)
    answer(port, 2, 6002)
    assert port.syn_queue[caller(2)].state is State.SYN_RECEIVED
    assert port.accept() is not None
    answer(port, 2, 6002)  # it comes again with the SYN,ACK that is sent again, or with data
    assert port.accept() is not None


def test_a_reset_frees_the_place() -> None:
    port = listener()
    call(port, 1)
    port.receive(Segment(1001, B[1], 7001, flags=RST), 0.1, caller(1))
    assert not port.syn_queue


def test_who_gives_up_frees_the_place() -> None:
    port = listener(settings=Settings(synack_retries=2))
    port.receive(syn(1), 0.0, caller(1))
    told = []
    while True:
        told += [(to, line(each)) for to, each in port.outgoing()]
        timer = port.next_timer()
        if timer is None:
            break
        port.tick(timer)
    assert told == [(caller(1), "SYN,ACK 6001 ack 7001")] * 3
    assert not port.syn_queue


def test_a_syn_ack_completes_no_more_than_there_is_room_for() -> None:
    """It may come from an end that calls in its turn; the accept queue keeps its bound."""
    port = listener(backlog=1, syn_backlog=9)
    for n in range(4):
        call(port, n)
    for n in range(4):
        both = Segment(1000 + n, B[1], 7000, 6001 + n, SYN | ACK)
        port.receive(both, 0.1, caller(n))
    assert len(port.accept_queue) == 1
    assert port.dropped == 3


def test_cookies_need_a_secret() -> None:
    for secret in (b"", bytes(33)):
        with pytest.raises(ValueError, match="secret of 1 to 32 bytes"):
            listener(cookies=True, secret=secret)


def test_the_listener_itself_never_leaves_listen() -> None:
    port = listener()
    for n in range(5):
        call(port, n)
    move = port.receive(ack(77, 1, 2), 0.0, caller(77))  # nobody called
    assert move is not None
    assert (str(move.after.state), [line(each) for each in move.sends]) == ("LISTEN", ["RST 2"])


def test_queues_have_room_for_one_at_least() -> None:
    with pytest.raises(ValueError, match="room for one"):
        listener(backlog=0)


# ---- Cookies (RFC 4987 section 3.6) ----------------------------------------------------------------------


def test_with_cookies_a_full_queue_answers_and_remembers_nothing() -> None:
    port = listener(backlog=1, cookies=True)
    call(port, 1)
    (said,) = call(port, 2)
    assert said.startswith("SYN,ACK ")
    assert list(port.syn_queue) == [caller(1)]
    number = int(said.split()[1])
    port.accept_queue.clear()
    answer(port, 2, number)
    child = port.accept()
    assert child is not None
    assert (child.state, child.remote, child.tcb.irs, child.tcb.iss) == (
        State.ESTABLISHED, caller(2), 7000, number,
    )  # fmt: skip


def test_the_first_data_may_come_with_the_cookie() -> None:
    port = listener(backlog=1, cookies=True)
    call(port, 1)
    number = int(call(port, 2)[0].split()[1])
    port.receive(ack(2, 7001, seq.add(number, 1), b"hello"), 0.1, caller(2))
    child = port.accept()
    assert child is not None
    assert child.received == b"hello"


COOKIE = cookies.make(SECRET, B, A, 7000, 1460, 1000.0)


def test_a_cookie_tells_the_segment_size_and_lives_for_a_while() -> None:
    assert cookies.check(SECRET, B, A, 7000, COOKIE, 1000.0) == 1460
    assert cookies.check(SECRET, B, A, 7000, COOKIE, 1000.0 + cookies.PERIOD) == 1460
    assert cookies.check(SECRET, B, A, 7000, COOKIE, 1000.0 + 2 * cookies.PERIOD) is None


@pytest.mark.parametrize(
    ("secret", "local", "remote", "irs", "now"),
    [
        (b"another", B, A, 7000, 1000.0),
        (SECRET, (B[0], 80), A, 7000, 1000.0),
        (SECRET, B, (A[0], 1), 7000, 1000.0),
        (SECRET, B, ("10.0.0.9", A[1]), 7000, 1000.0),
        (SECRET, B, A, 7001, 1000.0),
        (SECRET, B, A, 7000, 1000.0 - cookies.PERIOD),  # not made yet
        (SECRET, B, A, 7000, 1000.0 + 32 * cookies.PERIOD),  # the slow clock has come round
    ],
)
def test_a_cookie_of_somebody_else_or_of_another_time_is_none(
    secret: bytes, local: tuple[str, int], remote: tuple[str, int], irs: int, now: float
) -> None:
    assert cookies.check(secret, local, remote, irs, COOKIE, now) is None


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(st.integers(0, 31))
def test_no_bit_of_a_cookie_can_be_changed(bit: int) -> None:
    """But for the 24 bits of the hash there is one chance in 2^24 for each guess; here none hits."""
    assert cookies.check(SECRET, B, A, 7000, COOKIE ^ (1 << bit), 1000.0) is None


def test_guessing_rarely_hits() -> None:
    hits = sum(
        cookies.check(SECRET, B, A, 7000, n * 2654435761 % 2**32, 1000.0) is not None for n in range(20_000)
    )
    assert hits == 0


def test_a_forged_ack_makes_no_connection() -> None:
    port = listener(backlog=1, cookies=True)
    move = port.receive(ack(9, 7001, 12345), 0.0, caller(9))
    assert move is not None
    assert [line(each) for each in move.sends] == ["RST 12345"]
    assert not port.syn_queue
    assert port.accept() is None


@pytest.mark.parametrize(
    ("given_", "told"), [(536, 536), (100, 536), (1460, 1460), (1459, 1452), (65535, 8960)]
)
def test_segment_sizes_are_rounded_down_to_what_three_bits_can_tell(given_: int, told: int) -> None:
    cookie = cookies.make(SECRET, B, A, 1, given_, 0.0)
    assert cookies.check(SECRET, B, A, 1, cookie, 0.0) == told


# ---- First numbers (RFC 6528) ----------------------------------------------------------------------------


def test_first_numbers_grow_with_the_clock_and_differ_for_others() -> None:
    now = initial_number(SECRET, A, B, 10.0)
    assert seq.distance(now, initial_number(SECRET, A, B, 11.0)) == TICKS
    others = {
        initial_number(SECRET, (A[0], A[1] + 1), B, 10.0),
        initial_number(SECRET, A, (B[0], B[1] + 1), 10.0),
        initial_number(SECRET, B, A, 10.0),
        initial_number(b"another secret", A, B, 10.0),
    }
    assert len(others | {now}) == 5


def test_the_clock_ticks_every_four_microseconds_and_wraps() -> None:
    """A whole turn takes 2^32 times 4 microseconds."""
    turn = 2**32 / TICKS
    assert turn / 3600 == pytest.approx(4.77, abs=0.01)
    assert initial_number(SECRET, A, B, 1.0) == initial_number(SECRET, A, B, 1.0 + turn)


# ---- Connections that are complete, and wait ------------------------------------------------------------


def test_a_connection_that_waits_is_a_connection() -> None:
    """Data, FIN and RST are for it, though no program has accepted it."""
    port = listener()
    call(port, 1)
    answer(port, 1, 6001)
    assert port.receive(ack(1, 7001, 6002, b"hello"), 0.2, caller(1)) is None
    (waiting,) = port.accept_queue
    assert [line(each) for each in waiting.outgoing()] == ["ACK 6002 ack 7006"]
    assert waiting.received == b"hello"
    assert port.receive(syn(1), 0.3, caller(1)) is None
    assert (len(port.accept_queue), len(port.syn_queue)) == (1, 0)
    port.receive(Segment(1001, B[1], 7006, flags=RST), 0.4, caller(1))
    child = port.accept()
    assert child is waiting
    assert child is not None
    assert child.state is State.CLOSED


def test_what_is_closed_before_it_is_complete_is_not_complete() -> None:
    """A system may close a call in SYN-RECEIVED: FIN-WAIT-1, and its SYN not acknowledged."""
    port = listener()
    call(port, 1)
    child = port.syn_queue[caller(1)]
    child.close()
    port.settle(child)
    assert (child.state, len(port.syn_queue), len(port.accept_queue)) == (State.FIN_WAIT_1, 1, 0)


def test_the_ack_of_a_cookie_finds_no_room_in_a_full_accept_queue() -> None:
    port = listener(backlog=1, syn_backlog=1, cookies=True)
    call(port, 1)
    answer(port, 1, 6001)  # the accept queue is full now
    call_number = cookies.make(SECRET, B, caller(2), 7000, 1460, 0.1)
    move = port.receive(ack(2, 7001, seq.add(call_number, 1)), 0.2, caller(2))
    assert move is not None
    assert "the accept queue is full" in move.notes[0]
    assert (len(port.accept_queue), len(port.syn_queue), port.dropped) == (1, 0, 1)


def test_a_connection_made_from_a_cookie_has_measured_nothing() -> None:
    port = listener(syn_backlog=1, cookies=True)
    call(port, 1)
    cookie = cookies.make(SECRET, B, caller(2), 7000, 1460, 0.0)
    port.receive(ack(2, 7001, seq.add(cookie, 1)), 30.0, caller(2))
    child = port.accept()
    assert child is not None
    assert (child.state, child.tcb.rtt.srtt) == (State.ESTABLISHED, None)

"""One end as a program uses it: the names that stay put, its timer, and two ends over any kind of network."""

from __future__ import annotations

import random

import pytest
from helpers_tcp import A, B, Pair, connected, line, numbers, pair, segment
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import Refused
from handshake.tcp import Endpoint, Segment, State

# ---- The names that stay put -----------------------------------------------------------------------------


def test_a_conversation_by_hand() -> None:
    client = Endpoint(("10.0.0.1", 40000), ("10.0.0.2", 443), isn=100, window=1000)
    server = Endpoint(("10.0.0.2", 443), ("10.0.0.1", 40000), isn=lambda: 300, window=2000)
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)

    server.listen()
    client.open()
    (syn,) = client.outgoing()
    assert (line(syn), syn.window, syn.source_port, syn.destination_port) == ("SYN 100", 1000, 40000, 443)
    server.receive(syn, 0.01)
    (answer,) = server.outgoing()
    assert (line(answer), answer.window) == ("SYN,ACK 300 ack 101", 2000)
    client.receive(answer, 0.02)
    (third,) = client.outgoing()
    server.receive(third, 0.03)
    assert (str(client.state), str(server.state)) == ("ESTABLISHED", "ESTABLISHED")

    client.send(b"hello")
    client.close()
    for each in client.outgoing():
        server.receive(each, 0.04)
    assert (server.received, str(server.state)) == (b"hello", "CLOSE-WAIT")
    server.abort()
    assert [line(each) for each in server.outgoing()][-1] == "RST 301"
    assert (client.next_timer(), server.next_timer()) == (1.02, None), "the client waits for an answer"


def test_a_segment_is_given_once() -> None:
    end = Endpoint(A, B, isn=100)
    end.open()
    assert isinstance(end.outgoing()[0], Segment)
    assert end.outgoing() == []


def test_what_an_end_says_of_itself() -> None:
    assert repr(Endpoint(A, B)) == "Endpoint(10.0.0.1:40000, CLOSED)"


def test_a_function_gives_a_fresh_number_at_each_opening() -> None:
    end = Endpoint(A, B, isn=numbers(100, 200))
    end.open()
    end.close()
    end.open()
    assert [line(each) for each in end.outgoing()] == ["SYN 100", "SYN 200"]


def test_no_number_is_drawn_where_nothing_opens() -> None:
    """A listener that ignores or refuses a segment has opened nothing."""
    end = Endpoint(B, A, isn=numbers(300))
    end.listen()
    back = Segment(A[1], B[1], 5, flags=segment("RST", 0).flags)
    end.receive(back, 0.0)
    end.receive(Segment(A[1], B[1], 5, 6, segment("ACK", 0).flags), 0.0)
    end.receive(Segment(A[1], B[1], 90, flags=segment("SYN", 0).flags), 0.0)
    assert [line(each) for each in end.outgoing()] == ["RST 6", "SYN,ACK 300 ack 91"]


def test_a_refused_call_draws_no_number() -> None:
    end = Endpoint(A, B, isn=numbers(100, 200))
    end.open()
    with pytest.raises(Refused):
        end.open()
    end.close()
    end.open()
    assert line(end.outgoing()[-1]) == "SYN 200"


def test_a_refused_call_changes_nothing() -> None:
    end = Endpoint(A, B, isn=100)
    for call in (lambda: end.send(b"x"), end.close, end.abort):
        with pytest.raises(Refused):
            call()
    assert (end.tcb, end.history, end.outgoing(), end.received) == (Endpoint(A, B).tcb, [], [], b"")


def test_a_listener_may_be_called_by_anybody() -> None:
    end = Endpoint(B, isn=300)
    end.listen()
    end.receive(Segment(5555, B[1], 90, flags=segment("SYN", 0).flags), 0.0, ("192.0.2.7", 5555))
    assert end.tcb.remote == ("192.0.2.7", 5555)
    assert end.outgoing()[0].destination_port == 5555


def test_a_listener_that_knows_whom_it_waits_for_may_call_first() -> None:
    end = Endpoint(B, A, isn=300)
    end.listen()
    end.send(b"hello")
    assert [line(each) for each in end.outgoing()] == ["SYN 300"]


@pytest.mark.parametrize("window", [-1, 65536])
def test_a_window_that_is_not_scaled_has_16_bits(window: int) -> None:
    with pytest.raises(ValueError, match="0 to 65535"):
        Endpoint(A, B, window=window, scaling=False)


def test_a_scaled_window_has_14_bits_more() -> None:
    """RFC 7323 section 2.3."""
    assert Endpoint(A, B, window=65535 << 14).tcb.rcv_wnd == 1_073_725_440
    with pytest.raises(ValueError, match="0 to 1073725440"):
        Endpoint(A, B, window=(65535 << 14) + 1)


def test_to_call_one_needs_somebody_to_call() -> None:
    with pytest.raises(ValueError, match="remote address"):
        Endpoint(A).open()


def test_the_history_holds_every_move_with_its_time() -> None:
    both = connected()
    both.now = 5.0
    both.ends["A"].send(b"hello")
    both.settle()
    assert [(at, move.cause) for at, move in both.ends["B"].history] == [
        (0.0, "passive OPEN"),
        (0.0, "rcv SYN"),
        (0.0, "rcv ACK of SYN"),
        (5.0, "rcv segment"),
    ]


# ---- TIME-WAIT -------------------------------------------------------------------------------------------


def closed_first(msl: float = 120.0) -> Pair:
    """Both have closed; A, which closed first, is in TIME-WAIT since time 10."""
    both = Pair(Endpoint(A, B, isn=100, msl=msl), Endpoint(B, A, isn=300))
    both.ends["B"].listen()
    both.ends["A"].open()
    both.settle()
    both.pass_time(10.0)
    both.ends["A"].close()
    both.settle()
    both.ends["B"].close()
    both.settle()
    assert both.states == ("TIME-WAIT", "CLOSED")
    return both


def test_time_wait_lasts_twice_the_lifetime_of_a_segment() -> None:
    """RFC 9293 section 3.4.2: MSL is two minutes."""
    both = closed_first()
    assert (both.ends["A"].next_timer(), both.ends["B"].next_timer()) == (250.0, None)
    both.pass_time(239.9)
    assert both.states[0] == "TIME-WAIT"
    both.pass_time(0.1)
    assert (both.states[0], both.ends["A"].next_timer()) == ("CLOSED", None)


def test_how_long_that_is_can_be_chosen() -> None:
    assert closed_first(msl=1.5).ends["A"].next_timer() == 13.0


def test_a_fin_that_comes_again_starts_the_wait_anew() -> None:
    """RFC 9293 section 3.10.7.4, fifth: acknowledge it, and restart the 2 MSL timeout."""
    both = closed_first()
    both.pass_time(50.0)
    both.ends["A"].receive(segment("FIN,ACK", 301, 102), both.now)
    assert both.ends["A"].next_timer() == 60.0 + 240.0
    assert [line(each) for each in both.ends["A"].outgoing()] == ["ACK 102 ack 302"]


@pytest.mark.parametrize("old", [segment("ACK", 250, 102), segment("SYN", 5000), segment("RST", 303)])
def test_nothing_else_prolongs_the_wait(old: Segment) -> None:
    """Answered perhaps, but only a FIN shows that our last ACK got lost."""
    both = closed_first()
    both.pass_time(50.0)
    both.ends["A"].receive(old, both.now)
    assert both.ends["A"].next_timer() == 250.0


def test_after_time_wait_the_same_two_may_talk_again() -> None:
    both = closed_first()
    both.pass_time(240.0)
    both.ends["B"].listen()
    both.ends["A"].open()
    both.settle()
    assert both.states == ("ESTABLISHED", "ESTABLISHED")


def test_an_abort_ends_the_wait() -> None:
    both = closed_first()
    both.ends["A"].abort()
    assert (both.states[0], both.ends["A"].next_timer()) == ("CLOSED", None)


def test_a_tick_with_nothing_to_do_does_nothing() -> None:
    both = connected()
    count = len(both.ends["A"].history)
    both.pass_time(10_000.0)
    assert (both.states, len(both.ends["A"].history)) == (("ESTABLISHED", "ESTABLISHED"), count)


# ---- Any network: nothing false is delivered -------------------------------------------------------------

ACTS = ["deliver", "deliver", "deliver", "lose", "repeat", "reorder", "send", "close"]


@settings(derandomize=True, deadline=None, max_examples=150, database=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.sampled_from([65535, 100, 7]),
)
def test_what_arrives_is_a_prefix_of_what_was_sent(seed: int, a_isn: int, b_isn: int, window: int) -> None:
    """Whatever the network loses, repeats or puts out of order."""
    chance = random.Random(seed)
    both = pair(a_isn=a_isn, b_isn=b_isn, a_window=window, b_window=window)
    both.ends["B"].listen()
    both.ends["A"].open()
    given = {"A": b"", "B": b""}
    closed = set()
    for _ in range(80):
        act, end = chance.choice(ACTS), chance.choice("AB")
        on_the_way = both.on_the_way(end)
        if act == "send" and end not in closed and str(both.ends[end].state) in ("ESTABLISHED", "CLOSE-WAIT"):
            data = chance.randbytes(chance.randrange(40))
            both.ends[end].send(data)
            given[end] += data
        elif act == "close" and chance.random() < 0.2 and str(both.ends[end].state) == "ESTABLISHED":
            both.ends[end].close()
            closed.add(end)
        elif act == "deliver" and on_the_way:
            both.deliver(end)
        elif act == "lose" and on_the_way and chance.random() < 0.3:
            both.lose(end)
        elif act == "repeat" and on_the_way:
            both.repeat(end)
        elif act == "reorder" and on_the_way:
            both.deliver(end, chance.randrange(len(on_the_way)) + 1)
        assert given["A"].startswith(both.ends["B"].received)
        assert given["B"].startswith(both.ends["A"].received)


# ---- A network without loss: all of it is delivered ------------------------------------------------------


@pytest.mark.parametrize("window", [65535, 1000, 537, 1])
@pytest.mark.parametrize("size", [0, 1, 5000, 100_000])
def test_everything_arrives_in_both_directions_and_both_ends_finish(window: int, size: int) -> None:
    if size // window > 20_000:
        size = 2_000
    there, back = random.Random(1).randbytes(size), random.Random(2).randbytes(size // 2 + 1)
    both = connected(a_window=window, b_window=window, a_isn=2**32 - 1000)
    both.ends["A"].send(there)
    both.ends["A"].close()
    both.ends["B"].send(back)
    both.ends["B"].close()
    both.settle(limit=500_000)
    assert both.ends["B"].received == there
    assert both.ends["A"].received == back
    assert set(both.states) <= {"TIME-WAIT", "CLOSED"}
    both.pass_time(1000.0)
    assert both.states == ("CLOSED", "CLOSED")


@settings(derandomize=True, deadline=None, max_examples=150, database=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.sampled_from("AB"), st.integers(0, 60)),
            st.tuples(st.just("close"), st.sampled_from("AB"), st.just(0)),
            st.tuples(st.just("deliver"), st.sampled_from("AB"), st.just(0)),
            st.tuples(st.just("deliver"), st.sampled_from("AB"), st.just(0)),
        ),
        max_size=25,
    ),
    st.sampled_from([65535, 20, 3]),
    st.sampled_from([65535, 20, 3]),
    st.sampled_from(["one calls", "both call"]),
)
def test_calls_at_any_moment_lose_nothing(
    plan: list[tuple[str, str, int]], a_window: int, b_window: int, opening: str
) -> None:
    """SEND and CLOSE while the connection opens, fills the window, or closes at the other end."""
    both = pair(a_window=a_window, b_window=b_window)
    if opening == "one calls":
        both.ends["B"].listen()
    else:
        both.ends["B"].open()
    both.ends["A"].open()
    given, closed = {"A": b"", "B": b""}, set()
    for what, end, count in [*plan, ("close", "A", 0), ("close", "B", 0)]:
        endpoint, state = both.ends[end], str(both.ends[end].state)
        if what == "deliver" and both.on_the_way(end):
            both.deliver(end)
        elif what == "send" and end not in closed and state != "LISTEN":
            endpoint.send(bytes([len(given[end]) % 256]) * count)
            given[end] += bytes([len(given[end]) % 256]) * count
        elif what == "close" and end not in closed:
            if state in ("LISTEN", "SYN-SENT"):
                both.settle()  # a call that is not answered yet would be given up
            endpoint.close()
            closed.add(end)
    both.settle()
    assert (both.ends["A"].received, both.ends["B"].received) == (given["B"], given["A"])
    assert set(both.states) <= {"TIME-WAIT", "CLOSED"}

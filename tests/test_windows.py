"""Windows, buffers, and input that no honest peer sends: nothing hangs, nothing outgrows the window."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from helpers_tcp import A, B, Pair, connected, line, pair, rcv, segment
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import Refused
from handshake.tcp import ACK, FIN, RST, SYN, URG, Endpoint, Segment, State, seq
from handshake.tcp.options import WINDOW_SCALE, mss, window_scale
from handshake.tcp.reassembly import keep, take
from handshake.tcp.settings import SEND_BUFFER


def opened(**choices: Any) -> Endpoint:
    """Our end, open since time 0; SND.NXT is 101, RCV.NXT 301."""
    end = Endpoint(A, B, isn=100, **choices)
    end.open()
    end.receive(segment("SYN,ACK", 300, 101), 0.0)
    end.outgoing()
    return end


def said(end: Endpoint) -> list[str]:
    return [line(each) for each in end.outgoing()]


def kept(end: Endpoint) -> int:
    """How many bytes an end keeps of what has arrived."""
    return sum(len(data) for _, data in end.tcb.held) + len(end.tcb.unread)


# ---- Reassembly ------------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(st.binary(min_size=1, max_size=80), st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_pieces_in_any_order_make_the_whole(data: bytes, start: int, chance: random.Random) -> None:
    cuts = [(chance.randrange(len(data)), 1 + chance.randrange(20)) for _ in range(20)]
    cuts += [(n, 1) for n in range(len(data))]
    chance.shuffle(cuts)
    pieces: Any = ()
    for at, size in cuts:
        pieces = keep(pieces, seq.add(start, at), data[at : at + size])
        assert sum(len(piece) for _, piece in pieces) <= len(data)
        for (one, piece), (other, _) in pairwise(pieces):
            assert seq.distance(one, other) > len(piece), "in order, and none touches the next"
    assert take(pieces, start) == (data, ())


def test_of_bytes_that_differ_the_first_to_come_stay() -> None:
    pieces = keep(keep((), 10, b"abcd"), 12, b"XYZ")
    assert pieces == ((10, b"abcdZ"),)
    assert keep(((10, b"abcd"),), 8, b"1234567") == ((8, b"12abcd7"),)


@settings(derandomize=True, deadline=None, max_examples=100, database=None)
@given(st.integers(1, 3000), st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_any_cut_and_order_is_delivered_once_and_in_order(size: int, isn: int, chance: random.Random) -> None:
    """300 bytes wide windows or wider, doubled and overlapping pieces, numbers at the wrap."""
    data, window = chance.randbytes(size), chance.choice([300, 1000, 65535])
    end = Endpoint(B, A, isn=7, window=window)
    end.listen()
    end.receive(Segment(A[1], B[1], isn, flags=SYN, options=(mss(1460),)), 0.0, A)
    end.receive(Segment(A[1], B[1], seq.add(isn, 1), 8, ACK), 0.0)
    first = seq.add(isn, 1)
    for _ in range(10_000):
        done = end.delivered
        if done == size:
            break
        at = max(0, min(size - 1, done + chance.randint(-50, window + 50)))
        if chance.random() < 0.3:
            at = done
        piece = data[at : at + chance.randint(1, 200)]
        end.receive(Segment(A[1], B[1], seq.add(first, at), 8, ACK, data=piece), 0.0)
        assert data.startswith(end.received)
        assert kept(end) <= window
    assert end.received == data


def test_a_fin_behind_a_hole_waits_until_it_is_filled() -> None:
    end = opened()
    end.receive(segment("FIN,ACK", 306, 101, b"world"), 0.1)
    assert (str(end.state), said(end)) == ("ESTABLISHED", ["ACK 101 ack 301"])
    end.receive(segment("ACK", 301, 101, b"hello"), 0.2)
    assert (str(end.state), end.received, said(end)) == ("CLOSE-WAIT", b"helloworld", ["ACK 101 ack 312"])


# ---- Window scaling (RFC 7323) ---------------------------------------------------------------------------


def test_scaling_is_offered_and_used_only_if_both_offer_it() -> None:
    end = Endpoint(A, B, isn=100, window=1_000_000)
    end.open()
    (syn,) = end.outgoing()
    option = syn.option(WINDOW_SCALE)
    assert option is not None
    assert option.numbers == (4,)
    assert syn.window == 65535  # never scaled itself
    end.receive(segment("SYN,ACK", 300, 101, options=(window_scale(7),), window=10), 0.0)
    (ack,) = end.outgoing()
    assert ack.window << 4 == 1_000_000 // 16 * 16
    assert end.tcb.snd_wnd == 10  # nor is the window of a SYN,ACK
    end.receive(segment("ACK", 301, 101, window=10), 0.1)
    assert end.tcb.snd_wnd == 10 << 7
    alone = Endpoint(A, B, isn=100, window=1_000_000)
    alone.open()
    alone.outgoing()
    alone.receive(segment("SYN,ACK", 300, 101), 0.0)
    assert (alone.tcb.rcv_scale, alone.outgoing()[0].window) == (0, 65535)


def test_a_shift_beyond_fourteen_is_taken_as_fourteen() -> None:
    end = Endpoint(A, B, isn=100)
    end.open()
    end.receive(segment("SYN,ACK", 300, 101, options=(window_scale(200),)), 0.0)
    assert end.tcb.snd_scale == 14


def test_scaling_can_be_left_out() -> None:
    end = Endpoint(A, B, isn=100, scaling=False)
    end.open()
    assert end.outgoing()[0].option(WINDOW_SCALE) is None
    with pytest.raises(ValueError, match="window is 0 to 65535"):
        Endpoint(A, B, window=65536, scaling=False)


def test_a_megabyte_goes_through_a_scaled_window() -> None:
    both = connected(a_window=400_000, b_window=300_000)
    data = random.Random(1).randbytes(1_000_000)
    both.ends["A"].send(data)
    both.settle()
    assert both.ends["B"].received == data


# ---- Windows that are closed, small, or shrink -----------------------------------------------------------


def test_a_program_that_does_not_read_closes_the_window_and_opens_it_again() -> None:
    """Section 3.8.6.2.2: not in small portions."""
    end = opened(window=1000)
    end.read(0)
    end.receive(segment("ACK", 301, 101, bytes(1000)), 0.1)
    (full,) = end.outgoing()
    assert (full.window, kept(end), end.received) == (0, 1000, b"")
    end.receive(segment("ACK", 1301, 101, b"more"), 0.2)
    assert (said(end), kept(end)) == (["ACK 101 ack 1301"], 1000)
    end.read(10)
    assert end.outgoing() == []  # ten bytes of room are not worth a word
    end.read(600)
    (opens,) = end.outgoing()
    assert (opens.window, end.delivered) == (610, 610)
    assert end.read() == bytes(390)


def test_a_window_of_zero_for_ever_keeps_no_more_than_what_was_handed_over() -> None:
    end = opened()
    end.receive(segment("ACK", 301, 101, window=0), 0.0)
    end.send(bytes(SEND_BUFFER - 10))
    with pytest.raises(Refused, match="room for 16777216"):
        end.send(bytes(11))
    for _ in range(1000):
        timer = end.next_timer()
        assert timer is not None
        end.tick(timer)
        end.outgoing()
        end.receive(segment("ACK", 301, 101, window=0), timer)
    assert (end.state, end.tcb.pending) == (State.ESTABLISHED, SEND_BUFFER - 10)
    assert len(end.history) <= 2000


def test_small_windows_are_not_filled_with_small_segments() -> None:
    """Section 3.8.6.2.1: the sender waits rather than send a silly little segment."""
    end = opened()
    end.send(bytes(536))
    end.receive(segment("ACK", 301, 637, window=10), 0.1)
    end.outgoing()
    end.send(bytes(500))
    assert end.outgoing() == []  # 10 bytes of 500, at a peer that takes 536
    end.receive(segment("ACK", 301, 637, window=600), 0.2)
    assert said(end) == ["ACK 637 ack 301 len 500"]


def test_what_lies_beyond_the_window_is_not_kept() -> None:
    end = opened(window=100)
    end.receive(segment("ACK", 301 + 90, 101, bytes(50)), 0.1)  # the first ten of it fit
    assert kept(end) == 10
    end.receive(segment("ACK", 301 + 100, 101, bytes(50)), 0.1)
    end.receive(segment("ACK", 301 + 5000, 101, bytes(50)), 0.1)
    assert kept(end) == 10
    assert said(end) == ["ACK 101 ack 301"] * 3


# ---- Urgent data (section 3.8.5) -------------------------------------------------------------------------


def test_the_urgent_pointer_is_carried_and_told() -> None:
    both: Pair = connected()
    a, b = both.ends["A"], both.ends["B"]
    a.send(b"not so ")
    a.send(b"urgent", urgent=True)
    first, second = both.on_the_way("A")
    assert not first.flags & URG
    assert second.flags & URG
    assert second.urgent_pointer == 6
    b.read(0)
    both.settle()
    assert b.urgent == 13  # so far the program has to read
    b.read(7)
    assert b.urgent == 6
    b.read()
    assert (b.urgent, b.received) == (0, b"not so urgent")


def test_urgent_data_are_announced_before_there_is_room_for_them() -> None:
    """Section 3.8.5: even a closed window lets the news through."""
    end = opened()
    end.receive(segment("ACK", 301, 101, window=0), 0.0)
    end.send(b"fire", urgent=True)
    end.tick(end.next_timer() or 0.0)
    (probe,) = end.outgoing()
    assert probe.flags & URG
    assert probe.urgent_pointer == 4


# ---- Input that no honest peer sends ---------------------------------------------------------------------

IMPOSSIBLE = [
    ("SYN,FIN", SYN | FIN),
    ("SYN,RST", SYN | RST),
    ("SYN,FIN,RST,ACK", SYN | FIN | RST | ACK),
    ("FIN", FIN),
    ("nothing", SYN & ACK),
    ("everything", SYN | ACK | FIN | RST | URG),
]


@pytest.mark.parametrize("state", State, ids=str)
@pytest.mark.parametrize(("name", "flags"), IMPOSSIBLE, ids=[name for name, _ in IMPOSSIBLE])
def test_impossible_flags_break_nothing(state: State, name: str, flags: Any) -> None:
    """They are judged check by check like any other: nothing raises, nothing is delivered twice."""
    from helpers_tcp import PATHS, play

    numbers = [0, 299, 300, 301, 302, 65836, 65837, 0x7FFFFFFF, 0xFFFFFFFF]
    for number in numbers:
        for ack in (0, 100, 101, 102, 0xFFFFFFFF):
            arrives = rcv("", number, ack, b"x" * (number % 3))
            made = type(arrives)(
                Segment(B[1], A[1], number, ack, flags, 0, b"x" * (number % 3)), arrives.source, arrives.iss
            )
            move = play((*PATHS[state], made))[-1]
            assert len(move.sends) <= 2


def test_a_segment_for_no_connection_is_refused_and_leaves_nothing() -> None:
    end = Endpoint(A, B)
    before = end.tcb
    end.receive(segment("ACK", 5, 7, b"hello?"), 0.0)
    assert (said(end), end.tcb) == (["RST 7"], before)


def test_numbers_pass_the_wrap_in_both_directions() -> None:
    both = pair(a_isn=2**32 - 3, b_isn=2**32 - 1)
    both.ends["B"].listen()
    both.ends["A"].open()
    both.settle()
    both.ends["A"].send(b"0123456789")
    both.ends["B"].send(b"abcdefghij")
    both.settle()
    assert (both.ends["B"].received, both.ends["A"].received) == (b"0123456789", b"abcdefghij")
    assert both.ends["A"].tcb.snd_nxt == 8
    both.ends["A"].close()
    both.settle()
    both.ends["B"].close()
    both.settle()
    assert both.states == ("TIME-WAIT", "CLOSED")


def test_a_flood_of_wrong_acks_draws_a_few_challenges_and_no_more() -> None:
    """RFC 5961 section 7: else two ends could be made to answer each other for ever."""
    end = opened()
    for _ in range(1000):
        end.receive(segment("ACK", 301, 5000), 1.0)
    assert len(end.outgoing()) == 10
    end.receive(segment("ACK", 301, 5000), 6.1)
    assert len(end.outgoing()) == 1


def test_ten_thousand_hostile_segments_leave_no_more_than_a_window() -> None:
    chance, end = random.Random(5), opened(window=2000)
    for n in range(10_000):
        flags = chance.choice([ACK, ACK, ACK, ACK | URG, FIN | ACK, SYN, SYN | ACK, RST | ACK])
        if flags & (FIN | RST):  # those that would end it come just beside what would be believed
            number = 301 + 2000 + chance.randrange(1000)
        else:
            number = (301 + chance.randrange(-3000, 4000)) % 2**32
        data = bytes(chance.randrange(300))
        ack = chance.choice([101, 0, 99, 102, 2**31])
        end.receive(Segment(B[1], A[1], number, ack, flags, chance.randrange(65536), data), n / 1000)
        end.outgoing()
        assert kept(end) <= 2000
        assert end.state in (State.ESTABLISHED, State.CLOSE_WAIT)
    assert len(end.history) <= 2000

"""The machine against the picture: every move it makes is an edge of figure 5 (or of its notes), and every
edge is reached.  Random play finds moves that nobody thought of; a scenario for each edge shows it plainly.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
from helpers_tcp import ACTIVE_SYN_RECEIVED, PATHS, A, B, play, rcv, segment, start
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import Refused
from handshake.tcp import (
    ACK,
    EDGES,
    FIN,
    RST,
    SYN,
    SYNCHRONIZED,
    Abort,
    Arrives,
    Close,
    DelayedAckTimeout,
    Edge,
    Endpoint,
    Flags,
    KeepAlive,
    KeepAliveTimeout,
    Listener,
    Move,
    Open,
    Receive,
    RetransmissionTimeout,
    Segment,
    Send,
    Settings,
    State,
    Tcb,
    TimeWaitTimeout,
    UserTimeout,
    seq,
    step,
)
from handshake.tcp.endpoint import due
from handshake.tcp.tcb import Call, Event, closed
from handshake.tcp.timers import NEVER
from handshake.trace import Address

Key = tuple[State, str, State]

EDGE: dict[Key, Edge] = {(edge.source, edge.event, edge.target): edge for edge in EDGES}

BLOCK = {field.name for field in fields(Tcb)}

CONTROLS = {"SYN": SYN, "FIN": FIN, "RST": RST}


def key(move: Move) -> Key:
    """Where a move is to be found among the edges."""
    return move.before.state, move.cause, move.after.state


def control(sends: Sequence[Segment]) -> list[str]:
    """Of each segment that carries one: which of SYN, FIN, RST."""
    found = [",".join(name for name, bit in CONTROLS.items() if s.flags & bit) for s in sends]
    return [names for names in found if names]


def check(move: Move) -> None:
    """What holds of every move, whatever the event."""
    before, after = move.before, move.after
    assert vars(after).keys() == BLOCK, "a block has its own fields, and no other"
    if before.state is not after.state:
        assert key(move) in EDGE, f"no edge: {before.state} -- {move.cause} --> {after.state}"
        check_sends(EDGE[key(move)], move)
    assert seq.less_equal(after.snd_una, after.snd_nxt)
    assert after.outstanding <= after.max_snd_wnd + 3, "more than a window, SYN, FIN, and a probe"
    assert len(after.unread) + after.rcv_wnd <= max(after.settings.window, 0), "the buffer is full at most"
    kept = sum(len(data) for _, data in after.held)
    assert kept <= after.rcv_wnd, "what waits for a gap to be filled lies in the window"
    assert 0 <= after.sent <= after.pending
    assert after.pending or not after.buffer
    if after.outstanding and after.state is not State.TIME_WAIT:
        assert after.retransmit_at < NEVER, "what is not acknowledged has a timer"
    if before.reading and after.reading and not after.unread and after.state in SYNCHRONIZED:
        edge_before = seq.add(before.rcv_nxt, before.rcv_wnd)
        if before.state in SYNCHRONIZED:
            edge_after = seq.add(after.rcv_nxt, after.rcv_wnd)
            assert seq.less_equal(edge_before, edge_after), "the right edge of the window never moves back"
    if after.state in (State.CLOSED, State.LISTEN) and before.state is not after.state:
        assert all(each.flags & RST for each in move.sends), "who is no part of it acknowledges nothing"
    for each in move.sends:
        assert (each.source_port, each.destination_port) == (A[1], B[1])
        assert Segment.decode(each.encode(A[0], B[0])).seq == each.seq, "what is sent can travel"
    if after.state in (State.CLOSED, State.LISTEN) and before.state is not after.state:
        assert after in (before.forgotten(), before.listening()), "all is forgotten"


def check_sends(edge: Edge, move: Move) -> None:
    """The control bits sent are the edge's, but for a FIN that waits behind data, or has waited."""
    wanted = [bits for bits in edge.sends.split(",") if bits in CONTROLS]
    waited = move.before.close_wanted and move.before.fin_seq is None
    waits = move.after.close_wanted and move.after.fin_seq is None
    if wanted == ["FIN"] and waits:
        assert move.after.queue, "a FIN waits only behind data"
        wanted = []
    got = control(move.sends)
    again = [bits for bits in got if bits == "SYN"]  # a SYN that was never acknowledged
    opens = move.before.fin_seq is not None and not move.before.snd_wnd and move.after.snd_wnd
    fin_too = [*wanted, "FIN"] if waited or opens else wanted  # it has waited, or was refused before
    assert got in (wanted, fin_too) or again, f"{edge}, but sends {got}"
    if "ACK" in edge.sends:
        assert any(each.flags & ACK for each in move.sends), f"{edge}, but nothing is acknowledged"
    if not edge.sends and edge.event.endswith(("OPEN", "CLOSE", "ABORT", "RST", "timeout")):
        assert not move.sends, f"{edge}, but something is sent"


# ---- One scenario for every edge -------------------------------------------------------------------------

HELLO = rcv("SYN,ACK", 300, 101)
SMALL = rcv("SYN,ACK", 300, 101, window=10)
"""The answer to our SYN; the second from a peer that takes 10 bytes at once."""

FULL_CLOSE_WAIT = (Open(B, 100), SMALL, Send(bytes(15)), rcv("FIN,ACK", 301, 101, window=10), Close())
"""In CLOSE-WAIT, with a CLOSE queued behind data that the peer's window does not take."""

FULL_FIN_WAIT_1 = (Open(B, 100), SMALL, Send(bytes(15)), Close())
"""In FIN-WAIT-1, with the FIN still waiting behind such data."""

SCENARIOS: tuple[tuple[Event, ...], ...] = (
    # Opening.
    (Open(), Close()),
    (Open(), Open(B, 100), Close()),
    (Open(), Send(b"x", B, 100), HELLO),
    (Open(), rcv("SYN", 300), rcv("ACK", 301, 101)),
    (Open(B, 100), rcv("SYN", 300), rcv("ACK", 301, 101)),
    (Open(B, 100), HELLO),
    (Open(B, 100), rcv("SYN,ACK,FIN", 300, 101)),
    (Open(), rcv("SYN", 300), rcv("FIN,ACK", 301, 101)),
    # Back to where it came from.
    (Open(), rcv("SYN", 300), rcv("RST", 301)),
    (Open(), rcv("SYN", 300), rcv("SYN", 302)),
    (*ACTIVE_SYN_RECEIVED, rcv("RST", 301)),
    (Open(B, 100), rcv("RST,ACK", 0, 101)),
    # Closing.
    (*PATHS[State.TIME_WAIT], TimeWaitTimeout()),
    (*PATHS[State.CLOSING], rcv("ACK", 302, 102), TimeWaitTimeout()),
    (*PATHS[State.LAST_ACK], rcv("ACK", 302, 102)),
    (*PATHS[State.FIN_WAIT_1], rcv("FIN,ACK", 301, 102)),
    (*PATHS[State.SYN_RECEIVED], Close()),
    # A CLOSE that waits.
    (*PATHS[State.SYN_RECEIVED], Send(b"x"), Close(), rcv("ACK", 301, 101)),
    (*PATHS[State.SYN_RECEIVED], Send(b"x"), Close(), rcv("FIN,ACK", 301, 101)),
    (*FULL_CLOSE_WAIT, rcv("ACK", 302, 111, window=10)),
    # Resets and giving up.
    *(
        (*PATHS[state], rcv("RST", PATHS_RCV_NXT))
        for state, PATHS_RCV_NXT in (
            (State.ESTABLISHED, 301),
            (State.FIN_WAIT_1, 301),
            (State.FIN_WAIT_2, 301),
            (State.CLOSE_WAIT, 302),
            (State.CLOSING, 302),
            (State.LAST_ACK, 302),
            (State.TIME_WAIT, 302),
        )
    ),
    *((*path, Abort()) for state, path in PATHS.items() if state is not State.CLOSED),
    # A program that closes and reads no more.
    (*PATHS[State.ESTABLISHED], Receive(0), rcv("ACK", 301, 101, b"unread"), Close(reading=False)),
    (*PATHS[State.ESTABLISHED], Receive(0), rcv("FIN,ACK", 301, 101, b"unread"), Close(reading=False)),
    (*PATHS[State.ESTABLISHED], Close(reading=False), rcv("ACK", 301, 101, b"late")),
    (*PATHS[State.ESTABLISHED], Close(reading=False), rcv("ACK", 301, 102, b"late")),
    (*PATHS[State.ESTABLISHED], Close(reading=False), rcv("ACK", 301, 102), rcv("ACK", 301, 102, b"late")),
    (*PATHS[State.SYN_RECEIVED], Send(b"x"), Close(reading=False), rcv("ACK", 301, 101, b"late")),
    # Timeouts.
    *((*path, UserTimeout()) for state, path in PATHS.items() if state is not State.CLOSED),
    *((*path, *[RetransmissionTimeout()] * 16) for path in PATHS.values()),
    (*ACTIVE_SYN_RECEIVED, *[RetransmissionTimeout()] * 8),
    (*PATHS[State.CLOSE_WAIT], Send(b"x"), *[RetransmissionTimeout()] * 16),
    (*PATHS[State.ESTABLISHED], Send(b"x"), *[RetransmissionTimeout()] * 16),
)

ASKS = KeepAlive(idle=10.0, interval=1.0, count=2)
"""For scenarios of keep-alive, which is off unless somebody asks for it."""


def remembered_by_a_cookie() -> Move:
    """The one move that no machine makes but a listener: from a cookie to a connection."""
    made: list[Endpoint] = []

    def child(source: Address, isn: int, tcb: Tcb) -> Endpoint:
        made.append(Endpoint(A, source, isn=isn, tcb=tcb))
        return made[-1]

    listener = Listener(A, isn=lambda source, now: 100, backlog=1, cookies=True, secret=b"key", child=child)
    others = [("10.0.0.3", 5000), B]
    for remote in others:
        listener.receive(Segment(remote[1], A[1], 300, flags=SYN), 0.0, remote)
        answer = listener.receive(Segment(remote[1], A[1], 300, flags=SYN), 0.0, remote)
    assert answer is not None, "the second SYN finds the queue full, and draws a cookie"
    (cookie,) = answer.sends
    listener.receive(Segment(B[1], A[1], 301, cookie.seq + 1, ACK), 1.0, B)
    before, after = answer.after, made[-1].history[0][1].before
    return Move(before, made[-1].history[0][1].event, after, "rcv ACK of cookie")


def reached() -> dict[Key, Move]:
    """Every state-changing move of the scenarios."""
    moves = [move for events in SCENARIOS for move in play(events)]
    for state in (State.ESTABLISHED, State.CLOSE_WAIT, State.FIN_WAIT_2):
        moves += play((*PATHS[state], *[KeepAliveTimeout()] * 3), keep_alive=ASKS)
    moves.append(remembered_by_a_cookie())
    return {key(move): move for move in moves if move.before.state is not move.after.state}


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_every_edge_is_reached(edge: Edge) -> None:
    move = reached().get((edge.source, edge.event, edge.target))
    assert move, "no scenario makes this move"
    check(move)
    assert bool(move.sends) == bool(edge.sends)
    bits = ["".join(name for name in CONTROLS if name in each) for each in edge.sends.split(",")]
    assert control(move.sends) == [name for name in bits if name], "the scenario shows what the edge sends"


def test_the_scenarios_make_no_other_move() -> None:
    assert set(reached()) == set(EDGE)


def test_no_edge_is_there_twice() -> None:
    assert len(EDGE) == len(EDGES)


def test_every_edge_starts_and_ends_in_different_states_and_names_its_section() -> None:
    assert all(edge.source is not edge.target for edge in EDGES)
    sections = {edge.section for edge in EDGES if not edge.section.startswith("3.10.")}
    assert sections == {"3.6.1", "3.8.3", "3.8.4", "RFC 4987 section 3.6"}
    assert all(edge.section.startswith("3.10.") for edge in EDGES if edge.drawn)


# ---- Random play -----------------------------------------------------------------------------------------


NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2, 100, 101, 300, 301, 302, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]),
    st.integers(0, (1 << 32) - 1),
)
CONTROL_BITS = st.one_of(
    st.sampled_from(
        [SYN, SYN | ACK, ACK, ACK, ACK, ACK, FIN | ACK, RST, RST | ACK, SYN | ACK | FIN, FIN, Flags(0)]
    ),
    st.integers(0, 255).map(Flags),
)
DATA = st.integers(0, 40).map(bytes)
WINDOWS = st.one_of(st.sampled_from([0, 1, 10, 1000, 65535]), st.integers(0, 65535))
NEAR = st.one_of(st.just(0), st.just(0), st.just(0), st.integers(-12, 12), st.integers(-70000, 70000))
"""How far a number lies from the valid one: mostly not at all."""

CALLS = st.one_of(
    st.just(Open()),
    st.just(Close()),
    st.just(Close()),
    st.builds(Send, DATA),
    st.builds(Send, DATA),
    st.builds(Send, DATA, st.just(B), NUMBERS, st.booleans()),
    st.builds(Receive, st.one_of(st.none(), st.integers(0, 40))),
    st.builds(Close, st.booleans()),
    st.just(Abort()),
    st.just(TimeWaitTimeout()),
    st.just(UserTimeout()),
    st.just(RetransmissionTimeout()),
    st.just(RetransmissionTimeout()),
    st.just(KeepAliveTimeout()),
    st.just(DelayedAckTimeout()),
    st.floats(0.0, 100.0),
)

PLANS = st.lists(
    st.one_of(
        CALLS,
        st.tuples(
            st.just("near"),
            CONTROL_BITS,
            NEAR,
            st.sampled_from(["una", "nxt", "una", "nxt", "iss"]),
            NEAR,
            DATA,
            WINDOWS,
        ),
        st.tuples(st.just("near"), CONTROL_BITS, st.just(0), st.just("nxt"), st.just(0), DATA, WINDOWS),
        st.tuples(st.just("wild"), CONTROL_BITS, NUMBERS, st.just(""), NUMBERS, DATA, WINDOWS),
    ),
    max_size=14,
)
"""What is to happen: calls, timeouts, segments near the numbers that are valid then, segments out of nowhere.

A number is a time, in seconds, that passes: the timers run that expire meanwhile.
"""

SETTINGS = st.builds(
    Settings,
    window=st.sampled_from([65535, 65535, 30, 1, 0, 1 << 20]),
    scaling=st.just(True),
    retries=st.integers(0, 4),
    syn_retries=st.integers(0, 3),
    synack_retries=st.integers(0, 3),
    user_timeout=st.sampled_from([None, None, 5.0]),
    keep_alive=st.sampled_from([None, KeepAlive(20.0, 3.0, 2)]),
    delayed_ack=st.sampled_from([0.0, 0.2]),
    fast_retransmit=st.booleans(),
)


def event(plan: Any, tcb: Tcb) -> Event:
    """Turn an item of a plan into an event, now that the numbers are known."""
    if not isinstance(plan, tuple):
        return plan  # type: ignore[no-any-return]
    kind, bits, shift, base, ack_shift, data, window = plan
    if kind == "near":
        number = seq.add(tcb.rcv_nxt, shift)
        ack = seq.add({"una": tcb.snd_una, "nxt": tcb.snd_nxt, "iss": tcb.iss}[base], ack_shift)
    else:
        number, ack = shift, ack_shift
    return Arrives(Segment(B[1], A[1], number, ack, bits, window, data), B, 100)


def follow(plans: Sequence[Any], tcb: Tcb) -> list[Move]:
    """All moves of a plan; a call that is refused changes nothing and makes no move."""
    moves = []
    now = 0.0
    for plan in plans:
        if isinstance(plan, float):
            now += plan
            for _ in range(1000):
                if tcb.next_timer > now:
                    break
                moves.append(step(tcb, due(tcb), now))
                tcb = moves[-1].after
            else:
                raise AssertionError(f"timers that never come to rest in {tcb.state}")
            continue
        happens = event(plan, tcb)
        copy = Tcb(**{name: getattr(tcb, name) for name in tcb.__dataclass_fields__})
        try:
            move = step(tcb, happens, now)
        except Refused as error:
            refused = error
        else:
            refused = None
        assert tcb == copy, "the old block is not touched"
        if refused:
            assert isinstance(happens, Call), "segments and timeouts are never refused by an exception"
            assert (refused.by, bool(refused.why), bool(refused.section)) == (str(tcb.state), True, True)
            continue
        assert move == step(tcb, happens, now), "the same event, the same result"
        moves.append(move)
        tcb = move.after
    return moves


OPENINGS = st.one_of(
    st.sampled_from([*PATHS.values(), ACTIVE_SYN_RECEIVED, FULL_CLOSE_WAIT]),
    st.tuples(st.builds(Open, st.just(B), NUMBERS)),
    # A connection whose numbers lie anywhere on the ring, to a peer with a window of any size.
    st.builds(
        lambda ours, theirs, window: (
            Open(B, ours),
            rcv("SYN,ACK", theirs, seq.add(ours, 1), window=window),
        ),
        NUMBERS,
        NUMBERS,
        WINDOWS,
    ),
    st.builds(lambda ours, theirs: (Open(), rcv("SYN", theirs, iss=ours, window=10)), NUMBERS, NUMBERS),
)


@settings(derandomize=True, deadline=None, max_examples=400, database=None)
@given(OPENINGS, PLANS, SETTINGS)
def test_random_play_makes_only_moves_that_are_edges(opening: Any, plans: Any, choices: Settings) -> None:
    for move in follow([*opening, *plans], closed(A, settings=choices)):
        check(move)


@pytest.mark.parametrize("state", State, ids=str)
def test_every_arrival_and_every_change_of_state_leaves_a_note(state: State) -> None:
    """Whatever arrives is accepted, answered or dropped, with a note; and so is every call that moves us."""
    before = play(PATHS[state])[-1].after if PATHS[state] else Tcb(A)
    for bits in (ACK, FIN | ACK, SYN, RST):
        assert step(before, Arrives(_with(segment("", before.rcv_nxt, before.snd_una), bits), B, 100)).notes
    for move in follow([Open(), Open(B, 100), Close(), Abort()], before):
        assert move.notes, f"nothing is said of {move.cause} in {move.before.state}"


CHANCES: list[Event] = [
    *(
        Send(bytes(5)),
        Close(),
        Close(),
        Close(reading=False),
        Open(),
        Abort(),
        Receive(0),
        Receive(3),
        Receive(),
    ),
    *(TimeWaitTimeout(), UserTimeout(), RetransmissionTimeout(), RetransmissionTimeout(), KeepAliveTimeout()),
]


def test_a_long_random_walk_makes_only_moves_that_are_edges() -> None:
    """Many lives one after the other: rarer meetings than those of the short plans above."""
    chance = random.Random(9293)
    lives = [*PATHS.values(), ACTIVE_SYN_RECEIVED, FULL_CLOSE_WAIT, FULL_FIN_WAIT_1]
    bits = [ACK, ACK, ACK, FIN | ACK, FIN | ACK, SYN, SYN | ACK, RST, RST | ACK, SYN | ACK | FIN]
    for _ in range(4000):
        tcb = start(chance.choice([65535, 65535, 5, 1, 0]))
        plans: list[Any] = [*chance.choice(lives)]
        for _ in range(6):
            if chance.random() < 0.25:
                plans.append(chance.choice(CHANCES))
                continue
            near = chance.choice([0, 0, 0, 0, 0, -1, 1, -3, 3, chance.getrandbits(32)])
            ack = chance.choice([0, 0, 0, 0, -1, 1, -5, chance.getrandbits(32)])
            base, data = chance.choice(["una", "nxt", "nxt"]), bytes(chance.choice([0, 0, 1, 6]))
            window = chance.choice([0, 1, 10, 65535])
            plans.append(("near", chance.choice(bits), near, base, ack, data, window))
        for move in follow(plans, tcb):
            check(move)


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(OPENINGS, st.binary(min_size=20, max_size=80))
def test_no_bytes_that_decode_make_a_segment_that_raises(opening: Any, data: bytes) -> None:
    ports = B[1].to_bytes(2, "big") + A[1].to_bytes(2, "big")
    header = bytes([*ports, *data[4:12], max(5, min(data[12] >> 4, len(data) // 4)) << 4, *data[13:]])
    try:
        arrived = Segment.decode(header)
    except ValueError:
        return  # options that cannot be read: not a segment
    moves = follow(opening, Tcb(A))
    check(step(moves[-1].after if moves else Tcb(A), Arrives(arrived, B, 100)))


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(OPENINGS, PLANS)
def test_what_is_delivered_came_in_and_is_counted(opening: Any, plans: Any) -> None:
    """RCV.NXT moves by what is delivered or waits to be, and by one for the FIN; never back."""
    for move in follow([*opening, *plans], start(30)):
        before, after = move.before, move.after
        if after.state in (State.CLOSED, State.LISTEN) or before.state in (
            State.CLOSED,
            State.LISTEN,
            State.SYN_SENT,
        ):
            continue
        moved = seq.distance(before.rcv_nxt, after.rcv_nxt)
        fin = moved - len(move.delivered) - (len(after.unread) - len(before.unread))
        assert fin in (0, 1)
        assert moved <= before.rcv_wnd, "nothing is taken from beyond the window"
        if fin:
            assert isinstance(move.event, Arrives)
            assert before.rcv_fin is not None or move.event.segment.flags & FIN


@pytest.mark.parametrize("state", State, ids=str)
def test_every_event_in_every_state(state: State) -> None:
    """The whole product: calls, and all 256 combinations of control bits near the numbers expected."""
    before = play(PATHS[state])[-1].after if PATHS[state] else Tcb(A)
    calls = (Open(), Open(B, 100), Send(b"x"), Send(b"x", B, 100), Close(), Abort(), TimeWaitTimeout())
    for call in calls:
        for move in follow([call], before):
            check(move)
    for bits in range(256):
        for data in (b"", b"data"):
            for ack in (before.snd_una, before.snd_nxt, seq.add(before.snd_nxt, 1)):
                for number in (seq.add(before.rcv_nxt, -1), before.rcv_nxt, seq.add(before.rcv_nxt, 1)):
                    arrived = segment("", number, ack, data)
                    check(step(before, Arrives(_with(arrived, Flags(bits)), B, 100)))


def _with(arrived: Segment, bits: Flags) -> Segment:
    return Segment(
        arrived.source_port,
        arrived.destination_port,
        arrived.seq,
        arrived.ack,
        bits,
        arrived.window,
        arrived.data,
    )

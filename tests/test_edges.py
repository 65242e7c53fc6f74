"""The machine against the picture: every move it makes is an edge of figure 5 (or of its notes), and every
edge is reached.  Random play finds moves that nobody thought of; a scenario for each edge shows it plainly.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from helpers_tcp import ACTIVE_SYN_RECEIVED, PATHS, A, B, play, rcv, segment
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import Refused
from handshake.tcp import (
    ACK,
    EDGES,
    FIN,
    RST,
    SYN,
    Abort,
    Arrives,
    Close,
    Edge,
    Flags,
    Move,
    Open,
    Segment,
    Send,
    State,
    Tcb,
    TimeWaitTimeout,
    seq,
    step,
)
from handshake.tcp.tcb import Event

Key = tuple[State, str, State]

EDGE: dict[Key, Edge] = {(edge.source, edge.event, edge.target): edge for edge in EDGES}

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
    if before.state is not after.state:
        assert key(move) in EDGE, f"no edge: {before.state} -- {move.cause} --> {after.state}"
        check_sends(EDGE[key(move)], move)
    assert seq.less_equal(after.snd_una, after.snd_nxt)
    assert seq.distance(after.snd_una, after.snd_nxt) <= 65535 + 2, "more than a window, SYN, FIN"
    if after.state in (State.CLOSED, State.LISTEN) and before.state is not after.state:
        assert all(each.flags & RST for each in move.sends), "who is no part of it acknowledges nothing"
    for each in move.sends:
        assert (each.source_port, each.destination_port) == (A[1], B[1])
        assert Segment.decode(each.encode(A[0], B[0])).seq == each.seq, "what is sent can travel"
    if after.state in (State.CLOSED, State.LISTEN) and before.state is not after.state:
        assert (after.queue, after.close_wanted, after.fin_seq) == (b"", False, None), "all is forgotten"


def check_sends(edge: Edge, move: Move) -> None:
    """The control bits sent are the edge's, but for a FIN that waits behind data, or has waited."""
    wanted = [bits for bits in edge.sends.split(",") if bits in CONTROLS]
    waited = move.before.close_wanted and move.before.fin_seq is None
    waits = move.after.close_wanted and move.after.fin_seq is None
    if wanted == ["FIN"] and waits:
        assert move.after.queue, "a FIN waits only behind data"
        wanted = []
    got = control(move.sends)
    assert got == wanted or (waited and got == [*wanted, "FIN"]), f"{edge}, but sends {got}"
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
)


def reached() -> dict[Key, Move]:
    """Every state-changing move of the scenarios."""
    moves = [move for events in SCENARIOS for move in play(events)]
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
    assert all(edge.section.startswith("3.10.") for edge in EDGES)


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
    st.builds(Send, DATA, st.just(B), NUMBERS),
    st.just(Abort()),
    st.just(TimeWaitTimeout()),
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
"""What is to happen: calls, segments near the numbers that are valid then, and segments out of nowhere."""


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
    for plan in plans:
        happens = event(plan, tcb)
        copy = Tcb(**{name: getattr(tcb, name) for name in tcb.__dataclass_fields__})
        try:
            move = step(tcb, happens)
        except Refused as error:
            refused = error
        else:
            refused = None
        if refused:
            assert not isinstance(happens, Arrives), "a segment is never refused by an exception"
            assert (refused.by, bool(refused.why), bool(refused.section)) == (str(tcb.state), True, True)
            assert tcb == copy
            continue
        assert tcb == copy, "the old block is not touched"
        assert move == step(tcb, happens), "the same event, the same result"
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
@given(OPENINGS, PLANS, st.sampled_from([65535, 65535, 30, 1, 0]))
def test_random_play_makes_only_moves_that_are_edges(opening: Any, plans: Any, window: int) -> None:
    for move in follow([*opening, *plans], Tcb(A, rcv_wnd=window)):
        check(move)


@pytest.mark.parametrize("state", State, ids=str)
def test_every_arrival_and_every_change_of_state_leaves_a_note(state: State) -> None:
    """Whatever arrives is accepted, answered or dropped, with a note; and so is every call that moves us."""
    before = play(PATHS[state])[-1].after if PATHS[state] else Tcb(A)
    for bits in (ACK, FIN | ACK, SYN, RST):
        assert step(before, Arrives(_with(segment("", before.rcv_nxt, before.snd_una), bits), B, 100)).notes
    for move in follow([Open(), Open(B, 100), Close(), Abort()], before):
        assert move.notes, f"nothing is said of {move.cause} in {move.before.state}"


def test_a_long_random_walk_makes_only_moves_that_are_edges() -> None:
    """Many lives one after the other: rarer meetings than those of the short plans above."""
    chance = random.Random(9293)
    lives = [*PATHS.values(), ACTIVE_SYN_RECEIVED, FULL_CLOSE_WAIT, FULL_FIN_WAIT_1]
    bits = [ACK, ACK, ACK, FIN | ACK, FIN | ACK, SYN, SYN | ACK, RST, RST | ACK, SYN | ACK | FIN]
    for _ in range(4000):
        tcb = Tcb(A, rcv_wnd=chance.choice([65535, 65535, 5, 1, 0]))
        plans: list[Any] = [*chance.choice(lives)]
        for _ in range(6):
            if chance.random() < 0.25:
                plans.append(
                    chance.choice([Send(bytes(5)), Close(), Close(), TimeWaitTimeout(), Open(), Abort()])
                )
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
    """RCV.NXT moves by what is delivered, and by one for the SYN and for the FIN; never back."""
    for move in follow([*opening, *plans], Tcb(A, rcv_wnd=30)):
        before, after = move.before, move.after
        if after.state in (State.CLOSED, State.LISTEN) or before.state in (
            State.CLOSED,
            State.LISTEN,
            State.SYN_SENT,
        ):
            continue
        moved = seq.distance(before.rcv_nxt, after.rcv_nxt)
        fin = moved - len(move.delivered)
        assert fin in (0, 1)
        assert moved <= before.rcv_wnd, "nothing is taken from beyond the window"
        if fin:
            assert isinstance(move.event, Arrives)
            assert move.event.segment.flags & FIN


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

"""Through which states both ends of a captured connection must have gone.

There is no second machine here: for each end we keep the set of states that it may be in, and walk the
EDGES of figure 5 for every segment that it sent or received.  Then we walk back, and strike out the states
that do not lead to what was seen later.  Where one state is left, it is `inferred`; else it is `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from handshake.flows.observe import Observed
from handshake.flows.seen import Seen, kind_of
from handshake.tcp import seq
from handshake.tcp.figure import EDGES, MAY_SEND, SYNCHRONIZED, State
from handshake.tcp.segment import ACK, FIN, RST, SYN
from handshake.trace import Step, flight

States = frozenset[State]
CALLS = {"SYN": "active OPEN", "FIN": "CLOSE", "RST": "ABORT", "data": "SEND", "ACK": "sends ACK"}


@dataclass
class Event:
    """One end sent, or received, a segment.   moves: from each state to the states that it may lead to."""

    time: float
    one: Seen
    received: bool
    moves: dict[State, set[State]] = field(default_factory=dict)
    before: States = frozenset()
    after: States = frozenset()


def infer_steps(observed: Observed) -> tuple[Step, ...]:
    """The steps of both ends, in the order of time."""
    steps: list[Step] = []
    for end in ("client", "server"):
        events = _events(observed, end)
        _walk(events, _first_states(observed, end), end, observed)
        steps += _steps(events, end, observed)
    steps.sort(key=lambda step: step.time)
    return tuple(replace(step, number=number) for number, step in enumerate(steps, 1))


def _events(observed: Observed, end: str) -> list[Event]:
    """What one end sent and received, in the order in which it must have happened there.

    At the end where the capture was taken that is the order of the capture.  At the other one, times are
    reckoned; but what a segment acknowledges had arrived before it was sent.
    """
    sent: list[Event] = []
    received: list[Event] = []
    for one in observed.seen:
        left, landed, _ = flight(one.transit, observed.connection)
        if one.transit.sender == end:
            sent.append(Event(one.transit.time if left is None else left, one, False))
        elif one.transit.fault != "lost":
            received.append(Event(one.transit.time if landed is None else landed, one, True))
    events: list[Event] = []
    newest: int | None = None  # the number after the newest byte that has arrived
    for event in sent:
        while received and _first(received, event, newest):
            arrival = received.pop(0)
            if arrival.one.span and (newest is None or seq.less(newest, arrival.one.end)):
                newest = arrival.one.end
            events.append(arrival)
        events.append(event)
    events += received
    latest = 0.0
    for event in events:
        latest = event.time = max(latest, event.time)
    return events


def _first(received: Sequence[Event], send: Event, newest: int | None) -> bool:
    """Whether the next arrival came before that segment was sent."""
    ack = send.one.segment.ack if send.one.segment.flags & ACK else None
    if send.one.segment.flags & SYN:
        if ack is None:
            return False  # had it heard the other's SYN, it would have acknowledged it
        reply = received[0].one.segment
        if reply.flags & ACK and not reply.flags & SYN and reply.ack == send.one.end:
            return False  # had it heard that its SYN arrived, it would not have sent it again
    for event in received:
        one = event.one
        is_new = one.span and (newest is None or seq.less(newest, one.end))
        if ack is not None and is_new and seq.less_equal(one.end, ack):
            return True  # it is acknowledged, or comes before one that is
        if (event.time, one.transit.number) > (send.time, send.one.transit.number):
            break
    next_one = received[0]
    if abs(next_one.time - send.time) < 1e-9:
        return next_one.one.transit.number < send.one.transit.number
    return next_one.time < send.time


def _first_states(observed: Observed, end: str) -> States:
    """Where an end may have been before the first segment that was seen."""
    if not observed.seen:
        return frozenset(State)
    first = observed.seen[0]
    kind = kind_of(first.segment, first.length)
    if kind == "SYN":
        return frozenset({State.CLOSED} if end == "client" else {State.LISTEN, State.CLOSED})
    if kind == "SYN,ACK":
        return frozenset({State.SYN_SENT} if end == "client" else {State.LISTEN, State.SYN_RECEIVED})
    return SYNCHRONIZED if kind != "RST" else frozenset(State)


def _walk(events: Sequence[Event], states: States, end: str, observed: Observed) -> None:
    for event in events:
        event.before = states
        for state in states:
            targets = _receive(state, event.one, end, observed) if event.received else _send(state, event.one)
            if targets:
                event.moves[state] = targets
        if not event.moves:
            # Nothing that we know explains this: the capture lacks something.  Start anew from here.
            event.moves = {state: set(State) for state in states}
        states = frozenset(target for targets in event.moves.values() for target in targets)
    for event in reversed(events):
        event.after = states
        event.before = frozenset(state for state, targets in event.moves.items() if targets & states)
        states = event.before


def _send(state: State, one: Seen) -> set[State]:
    """Where an end may be once it has sent that, from `state`; empty if it may not send it there."""
    kind = kind_of(one.segment, one.length)
    if one.stray:
        return {state}  # who sent it is not known to be this end at all
    if kind == "RST" and state is State.SYN_RECEIVED and not one.segment.seq:
        return set()  # a reset with number 0 comes from an end that never chose a number: it was CLOSED
    after = {state} if kind in MAY_SEND[state] else set()
    for edge in EDGES:
        if edge.source is state and edge.sends == kind and not edge.event.startswith("rcv"):
            after.add(edge.target)
    return after


def _receive(state: State, one: Seen, end: str, observed: Observed) -> set[State]:
    """Where an end may be once it has received that, from `state`."""
    event = f"rcv {_heard(state, one, end, observed)}"
    targets = {edge.target for edge in EDGES if edge.source is state and edge.event == event}
    if event == "rcv RST" and state is State.SYN_RECEIVED:
        # Note 1 of the figure: whoever was called listens again, whoever called is closed.
        targets = {State.LISTEN if end == "server" else State.CLOSED}
    return targets or {state}


def _heard(state: State, one: Seen, end: str, observed: Observed) -> str:
    """What a segment means to an end in that state, in the words of figure 5."""
    segment, own = one.segment, observed.ends[end]
    flags = segment.flags
    if one.stray:
        return "segment"
    if flags & RST:
        return "RST,ACK" if state is State.SYN_SENT and flags & ACK else "RST"
    if state in (State.LISTEN, State.CLOSED, State.SYN_SENT):
        names = [name for name, bit in (("SYN", SYN), ("ACK", ACK), ("FIN", FIN)) if flags & bit]
        return ",".join(names) or "segment"
    heard = []
    if flags & ACK and state is State.SYN_RECEIVED and own.base is not None:
        if seq.less(own.base, segment.ack):
            heard.append("ACK of SYN")
    elif (
        flags & ACK
        and own.fin is not None
        and seq.less(own.fin, segment.ack)
        and state in (State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)
    ):
        heard.append("ACK of FIN")
    if flags & FIN:
        heard.append("FIN")
    return ",".join(heard) or "segment"


def _steps(events: Sequence[Event], end: str, observed: Observed) -> list[Step]:
    steps: list[Step] = []
    last_sent = max((event.time for event in events if not event.received), default=-1.0)
    for event in events:
        one = event.one
        number, kind = one.transit.number, kind_of(one.segment, one.length)
        if not event.received and steps and _answers(steps[-1], kind, one):
            steps[-1] = replace(steps[-1], after=_fields(event.after), sends=(*steps[-1].sends, number))
            if len(event.after) > 1:
                steps[-1] = replace(steps[-1], notes=(_possible(event.after),), certainty="unknown")
            continue
        known = len(event.before) == len(event.after) == 1
        notes: tuple[str, ...] = () if known else (_possible(event.after),)
        if event.received and event.time > last_sent and end != observed.connection.near:
            notes += ("provided that it arrived: nothing seen later confirms it",)
        state = next(iter(event.before)) if len(event.before) == 1 else None
        if event.received:
            heard = _heard(state, one, end, observed) if state else "segment"
            cause = f"rcv {heard}"
        else:
            again = event.before == event.after and kind in ("SYN", "SYN,ACK", "FIN")
            cause = "sends again" if again else CALLS.get(kind, kind)
        transit, sends = (number, ()) if event.received else (None, (number,))
        steps.append(
            Step(
                0,
                event.time,
                observed.connection.number,
                end,
                cause,
                _fields(event.before),
                _fields(event.after),
                transit,
                sends,
                notes,
                "inferred" if known else "unknown",
            )
        )
    return steps


def _answers(last: Step, kind: str, one: Seen) -> bool:
    """Whether a segment is the answer to what the last step received, rather than an act of its own."""
    if last.transit is None or last.sends:
        return False
    if kind == "SYN,ACK":
        return last.cause == "rcv SYN" or last.cause == "rcv segment"
    return kind == "ACK" or (kind == "RST" and last.after["state"] == "CLOSED")


def _fields(states: States) -> dict[str, int | str]:
    return {"state": str(next(iter(states))) if len(states) == 1 else "unknown"}


def _possible(states: States) -> str:
    names = [str(state) for state in State if state in states]
    if len(names) > 4:
        return "the capture does not tell the state"
    return f"the capture does not tell whether the state is {' or '.join(names)}"

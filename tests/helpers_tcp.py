"""Short ways to say what travels, so that tests of TCP read as packet traces.

Our end calls from A with the first number 100 and the peer B answers with 300, unless a test says otherwise.
Every state is reached by events, never by setting fields.

>>> move = at(State.LISTEN, rcv("SYN", 300))
>>> moved(move), sent(move)
('LISTEN -> SYN-RECEIVED', ['SYN,ACK 100 ack 301'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from handshake.tcp import (
    ACK,
    FIN,
    PSH,
    RST,
    SYN,
    Arrives,
    Close,
    Endpoint,
    Flags,
    Move,
    Open,
    Segment,
    Settings,
    State,
    Tcb,
    step,
)
from handshake.tcp.tcb import Event, closed

A = ("10.0.0.1", 40000)
B = ("10.0.0.2", 443)

BITS = {"SYN": SYN, "ACK": ACK, "FIN": FIN, "RST": RST, "PSH": PSH}


# ---- Segments in words -----------------------------------------------------------------------------------


def flags(names: str) -> Flags:
    """ "SYN,ACK" -> the control bits."""
    value = Flags(0)
    for name in names.split(",") if names else ():
        value |= BITS[name]
    return value


def segment(
    ctl: str, seq: int, ack: int = 0, data: bytes = b"", *, window: int = 65535, **other: object
) -> Segment:
    """A segment from B to A."""
    return Segment(B[1], A[1], seq, ack, flags(ctl), window, data, **other)  # type: ignore[arg-type]


def rcv(
    ctl: str,
    seq: int,
    ack: int = 0,
    data: bytes = b"",
    *,
    window: int = 65535,
    iss: int = 100,
    **other: object,
) -> Arrives:
    """The event that such a segment arrives from B; iss is our first number, should we have to choose one."""
    return Arrives(segment(ctl, seq, ack, data, window=window, **other), B, iss)


def line(segment: Segment) -> str:
    """A segment in a line: "SYN,ACK 100 ack 301 len 5".  PSH is not told, nor an ack that is not valid."""
    ctl = ",".join(name for name in ("SYN", "FIN", "RST", "ACK") if segment.flags & BITS[name])
    ack = f" ack {segment.ack}" if segment.flags & ACK else ""
    data = f" len {len(segment.data)}" if segment.data else ""
    return f"{ctl} {segment.seq}{ack}{data}"


def sent(move: Move) -> list[str]:
    """What a move sends, in lines."""
    return [line(segment) for segment in move.sends]


def moved(move: Move) -> str:
    """The states of a move: "LISTEN -> SYN-RECEIVED", or the one it stays in."""
    before, after = move.before.state, move.after.state
    return str(before) if before is after else f"{before} -> {after}"


# ---- One machine, driven by events -----------------------------------------------------------------------

PATHS: dict[State, tuple[Event, ...]] = {
    State.CLOSED: (),
    State.LISTEN: (Open(),),
    State.SYN_SENT: (Open(B, 100),),
    State.SYN_RECEIVED: (Open(), rcv("SYN", 300)),
    State.ESTABLISHED: (Open(B, 100), rcv("SYN,ACK", 300, 101)),
}
"""Events that lead to each state; afterwards SND.NXT is 101 (102 with a FIN), RCV.NXT 301 (302 with one)."""
PATHS[State.FIN_WAIT_1] = (*PATHS[State.ESTABLISHED], Close())
PATHS[State.FIN_WAIT_2] = (*PATHS[State.FIN_WAIT_1], rcv("ACK", 301, 102))
PATHS[State.CLOSING] = (*PATHS[State.FIN_WAIT_1], rcv("FIN,ACK", 301, 101))
PATHS[State.TIME_WAIT] = (*PATHS[State.FIN_WAIT_2], rcv("FIN,ACK", 301, 102))
PATHS[State.CLOSE_WAIT] = (*PATHS[State.ESTABLISHED], rcv("FIN,ACK", 301, 101))
PATHS[State.LAST_ACK] = (*PATHS[State.CLOSE_WAIT], Close())

ACTIVE_SYN_RECEIVED: tuple[Event, ...] = (Open(B, 100), rcv("SYN", 300))
"""The other way into SYN-RECEIVED: both ends called."""


def start(window: int = 65535, **choices: Any) -> Tcb:
    """The block of our end before anything happens."""
    return closed(A, settings=Settings(window=window, **choices))


def play(events: Iterable[Event], *, window: int = 65535, **choices: Any) -> list[Move]:
    """All moves of a fresh machine that meets these events, all at time 0."""
    tcb, moves = start(window, **choices), []
    for event in events:
        moves.append(step(tcb, event))
        tcb = moves[-1].after
    return moves


def block(events: Iterable[Event], *, window: int = 65535) -> Tcb:
    """What a fresh machine has become after these events."""
    moves = play(events, window=window)
    return moves[-1].after if moves else start(window)


def at(state: State, *events: Event, window: int = 65535) -> Move:
    """The last move of a machine that got to that state by its path, and then met `events`."""
    before = block(PATHS[state], window=window)
    assert before.state is state
    return play((*PATHS[state], *events), window=window)[-1]


# ---- Two ends joined in memory ---------------------------------------------------------------------------


class Pair:
    """Two endpoints and what is on its way between them; a test says what is delivered, lost or repeated."""

    def __init__(self, a: Endpoint, b: Endpoint) -> None:
        self.ends = {"A": a, "B": b}
        self.waiting: dict[str, list[Segment]] = {"A": [], "B": []}
        self.now = 0.0

    @property
    def states(self) -> tuple[str, str]:
        """The states of A and B."""
        return str(self.ends["A"].state), str(self.ends["B"].state)

    def on_the_way(self, sender: str) -> list[Segment]:
        """What that end has sent and nobody has delivered yet, oldest first."""
        self.waiting[sender] += self.ends[sender].outgoing()
        return self.waiting[sender]

    def deliver(self, sender: str, nth: int = 1) -> Move:
        """Deliver the nth segment that is on its way from that end."""
        return self.inject(sender, self.on_the_way(sender).pop(nth - 1))

    def inject(self, sender: str, segment: Segment) -> Move:
        """Deliver a segment that may never have been sent."""
        receiver = "B" if sender == "A" else "A"
        return self.ends[receiver].receive(segment, self.now, self.ends[sender].tcb.local)

    def lose(self, sender: str, nth: int = 1) -> Segment:
        """Lose the nth segment on its way from that end."""
        return self.on_the_way(sender).pop(nth - 1)

    def repeat(self, sender: str, nth: int = 1) -> None:
        """The network makes a second copy of the nth segment on its way, behind all others."""
        self.on_the_way(sender).append(self.waiting[sender][nth - 1])

    def settle(self, limit: int = 10_000) -> list[str]:
        """Deliver everything in turn until nothing is on its way; what was delivered, in lines."""
        told: list[str] = []
        for _ in range(limit):
            sender = next((end for end in ("A", "B") if self.on_the_way(end)), None)
            if sender is None:
                return told
            told.append(f"{sender}: {line(self.waiting[sender][0])}")
            self.deliver(sender)
        raise AssertionError(f"still not quiet after {limit} segments; the last was {told[-1]}")

    def pass_time(self, seconds: float) -> None:
        """Let time go by at both ends."""
        self.now += seconds
        for end in self.ends.values():
            end.tick(self.now)


def numbers(*values: int) -> Callable[[], int]:
    """An `isn` that gives these numbers, one at each opening."""
    left: Iterator[int] = iter(values)
    return lambda: next(left)


def pair(*, a_isn: int = 100, b_isn: int = 300, a_window: int = 65535, b_window: int = 65535) -> Pair:
    """Two ends that know of each other; both are CLOSED."""
    return Pair(Endpoint(A, B, isn=a_isn, window=a_window), Endpoint(B, A, isn=b_isn, window=b_window))


def connected(**settings: int) -> Pair:
    """Two ends after the three-way handshake, A having called."""
    both = pair(**settings)
    both.ends["B"].listen()
    both.ends["A"].open()
    both.settle()
    assert both.states == ("ESTABLISHED", "ESTABLISHED")
    return both

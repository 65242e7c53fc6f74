"""RFC 9293, figure 5: the states of a connection and the moves between them, as data.

The machine runs by the prose of section 3.10; this table is the picture.  A test holds that every move the
machine makes is an edge here, and that every edge is reached, so neither can drift from the other.  The
state diagram is drawn from this table, and the states of a captured connection are worked out by walking it.

The figure leaves moves out, and says so in its notes: those edges have drawn=False, and the section where the
prose asks for them.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class State(Enum):
    """The eleven states, in the order of RFC 9293 section 3.3.2, spelled its way."""

    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"
    CLOSED = "CLOSED"

    def __str__(self) -> str:
        return self.value

    @property
    def meaning(self) -> str:
        """What the state means, in a sentence."""
        return MEANINGS[self]


MEANINGS = {
    State.LISTEN: "waiting for anybody's connection request",
    State.SYN_SENT: "has asked for a connection, waits for the answer",
    State.SYN_RECEIVED: "has been asked and has answered, waits for the answer's acknowledgment",
    State.ESTABLISHED: "open: data may flow both ways",
    State.FIN_WAIT_1: "has said it will send no more, waits for that to be acknowledged (or the peer's FIN)",
    State.FIN_WAIT_2: "its FIN is acknowledged, waits for the peer's FIN",
    State.CLOSE_WAIT: "the peer will send no more; waits for its own program to close",
    State.CLOSING: "both have said they will send no more, waits for the acknowledgment of its own FIN",
    State.LAST_ACK: "the peer closed first; waits for the acknowledgment of its own FIN",
    State.TIME_WAIT: "all done, waits until no old segment can be on its way any more",
    State.CLOSED: "no connection",
}


class Edge(NamedTuple):
    """One move: in state `source`, on `event`, send `sends` and go to `target`.

    event: a call of the program ("CLOSE"), an arrival ("rcv FIN") or a timeout, in the figure's words.
    sends: the control bits of what is sent ("SYN,ACK"), or "" for nothing.
    section: where RFC 9293 asks for it.   drawn: whether figure 5 shows it.
    """

    source: State
    event: str
    sends: str
    target: State
    section: str
    drawn: bool = True

    def __str__(self) -> str:
        sends = f", snd {self.sends}" if self.sends else ""
        return f"{self.source} -- {self.event}{sends} --> {self.target}"


_S = State

EDGES: tuple[Edge, ...] = (
    # Opening.
    Edge(_S.CLOSED, "passive OPEN", "", _S.LISTEN, "3.10.1"),
    Edge(_S.CLOSED, "active OPEN", "SYN", _S.SYN_SENT, "3.10.1"),
    Edge(_S.LISTEN, "SEND", "SYN", _S.SYN_SENT, "3.10.2"),
    Edge(_S.LISTEN, "rcv SYN", "SYN,ACK", _S.SYN_RECEIVED, "3.10.7.2"),
    Edge(_S.LISTEN, "CLOSE", "", _S.CLOSED, "3.10.4"),
    Edge(_S.SYN_SENT, "rcv SYN", "SYN,ACK", _S.SYN_RECEIVED, "3.10.7.3"),
    Edge(_S.SYN_SENT, "rcv SYN,ACK", "ACK", _S.ESTABLISHED, "3.10.7.3"),
    Edge(_S.SYN_SENT, "CLOSE", "", _S.CLOSED, "3.10.4"),
    Edge(_S.SYN_RECEIVED, "rcv ACK of SYN", "", _S.ESTABLISHED, "3.10.7.4"),
    Edge(_S.SYN_RECEIVED, "rcv RST", "", _S.LISTEN, "3.10.7.4"),  # note 1: only after a passive OPEN
    # Closing.
    Edge(_S.SYN_RECEIVED, "CLOSE", "FIN", _S.FIN_WAIT_1, "3.10.4"),
    Edge(_S.ESTABLISHED, "CLOSE", "FIN", _S.FIN_WAIT_1, "3.10.4"),
    Edge(_S.ESTABLISHED, "rcv FIN", "ACK", _S.CLOSE_WAIT, "3.10.7.4"),
    Edge(_S.FIN_WAIT_1, "rcv ACK of FIN", "", _S.FIN_WAIT_2, "3.10.7.4"),
    Edge(_S.FIN_WAIT_1, "rcv FIN", "ACK", _S.CLOSING, "3.10.7.4"),
    Edge(_S.FIN_WAIT_2, "rcv FIN", "ACK", _S.TIME_WAIT, "3.10.7.4"),
    Edge(_S.CLOSE_WAIT, "CLOSE", "FIN", _S.LAST_ACK, "3.10.4"),
    Edge(_S.CLOSING, "rcv ACK of FIN", "", _S.TIME_WAIT, "3.10.7.4"),
    Edge(_S.LAST_ACK, "rcv ACK of FIN", "", _S.CLOSED, "3.10.7.4"),
    Edge(_S.TIME_WAIT, "2MSL timeout", "", _S.CLOSED, "3.10.8"),
    # Note 2: the FIN that also acknowledges ours.
    Edge(_S.FIN_WAIT_1, "rcv ACK of FIN,FIN", "ACK", _S.TIME_WAIT, "3.10.7.4", drawn=False),
    # The prose also lets a listener turn active, and a second SYN sends a passive opener back to listening.
    Edge(_S.LISTEN, "active OPEN", "SYN", _S.SYN_SENT, "3.10.1", drawn=False),
    Edge(_S.SYN_RECEIVED, "rcv SYN", "", _S.LISTEN, "3.10.7.4", drawn=False),
    # One segment may bring two of the arrivals above.
    Edge(_S.SYN_SENT, "rcv SYN,ACK,FIN", "ACK", _S.CLOSE_WAIT, "3.10.7.3", drawn=False),
    Edge(_S.SYN_RECEIVED, "rcv ACK of SYN,FIN", "ACK", _S.CLOSE_WAIT, "3.10.7.4", drawn=False),
    # A CLOSE that had to wait, for the opening or for room in the peer's window (section 3.10.4).
    Edge(_S.SYN_RECEIVED, "rcv ACK of SYN,queued CLOSE", "FIN", _S.FIN_WAIT_1, "3.10.4", drawn=False),
    Edge(_S.SYN_RECEIVED, "rcv ACK of SYN,queued CLOSE,FIN", "FIN", _S.CLOSING, "3.10.4", drawn=False),
    Edge(_S.CLOSE_WAIT, "rcv queued CLOSE", "FIN", _S.LAST_ACK, "3.10.4", drawn=False),
    # Note 3: resets.  A reset that arrives ends the connection ...
    Edge(_S.SYN_SENT, "rcv RST,ACK", "", _S.CLOSED, "3.10.7.3", drawn=False),
    Edge(_S.SYN_RECEIVED, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.ESTABLISHED, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.FIN_WAIT_1, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.FIN_WAIT_2, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.CLOSE_WAIT, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.CLOSING, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.LAST_ACK, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    Edge(_S.TIME_WAIT, "rcv RST", "", _S.CLOSED, "3.10.7.4", drawn=False),
    # ... and so does a program that gives up.
    Edge(_S.LISTEN, "ABORT", "", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.SYN_SENT, "ABORT", "", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.SYN_RECEIVED, "ABORT", "RST", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.ESTABLISHED, "ABORT", "RST", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.FIN_WAIT_1, "ABORT", "RST", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.FIN_WAIT_2, "ABORT", "RST", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.CLOSE_WAIT, "ABORT", "RST", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.CLOSING, "ABORT", "", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.LAST_ACK, "ABORT", "", _S.CLOSED, "3.10.5", drawn=False),
    Edge(_S.TIME_WAIT, "ABORT", "", _S.CLOSED, "3.10.5", drawn=False),
)

SYNCHRONIZED = frozenset(State) - {_S.LISTEN, _S.SYN_SENT, _S.SYN_RECEIVED, _S.CLOSED}
"""The states in which both ends know both sequence numbers (section 3.5.1)."""

MAY_SEND: dict[State, tuple[str, ...]] = {
    State.CLOSED: ("RST",),
    State.LISTEN: ("RST",),
    State.SYN_SENT: ("SYN", "RST"),
    State.SYN_RECEIVED: ("SYN,ACK", "ACK", "RST"),
    State.ESTABLISHED: ("ACK", "data"),
    State.FIN_WAIT_1: ("FIN", "ACK", "data"),
    State.FIN_WAIT_2: ("ACK",),
    State.CLOSE_WAIT: ("ACK", "data"),
    State.CLOSING: ("FIN", "ACK", "data"),
    State.LAST_ACK: ("FIN", "ACK", "data"),
    State.TIME_WAIT: ("ACK",),
}
"""What an end may send without leaving its state: for the first time, or again."""

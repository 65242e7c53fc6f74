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
    section: of RFC 9293, if no other is named, where it is asked for.   drawn: whether figure 5 shows it.
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


LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 = tuple(State)[:6]
CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED = tuple(State)[6:]

_TOLD = (SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT)
"""States in which the peer is told of an ABORT (section 3.10.5)."""

EDGES: tuple[Edge, ...] = (
    # Opening.
    Edge(CLOSED, "passive OPEN", "", LISTEN, "3.10.1"),
    Edge(CLOSED, "active OPEN", "SYN", SYN_SENT, "3.10.1"),
    Edge(LISTEN, "SEND", "SYN", SYN_SENT, "3.10.2"),
    Edge(LISTEN, "rcv SYN", "SYN,ACK", SYN_RECEIVED, "3.10.7.2"),
    Edge(LISTEN, "CLOSE", "", CLOSED, "3.10.4"),
    Edge(SYN_SENT, "rcv SYN", "SYN,ACK", SYN_RECEIVED, "3.10.7.3"),
    Edge(SYN_SENT, "rcv SYN,ACK", "ACK", ESTABLISHED, "3.10.7.3"),
    Edge(SYN_SENT, "CLOSE", "", CLOSED, "3.10.4"),
    Edge(SYN_RECEIVED, "rcv ACK of SYN", "", ESTABLISHED, "3.10.7.4"),
    Edge(SYN_RECEIVED, "rcv RST", "", LISTEN, "3.10.7.4"),  # note 1: only after a passive OPEN
    # Closing.
    Edge(SYN_RECEIVED, "CLOSE", "FIN", FIN_WAIT_1, "3.10.4"),
    Edge(ESTABLISHED, "CLOSE", "FIN", FIN_WAIT_1, "3.10.4"),
    Edge(ESTABLISHED, "rcv FIN", "ACK", CLOSE_WAIT, "3.10.7.4"),
    Edge(FIN_WAIT_1, "rcv ACK of FIN", "", FIN_WAIT_2, "3.10.7.4"),
    Edge(FIN_WAIT_1, "rcv FIN", "ACK", CLOSING, "3.10.7.4"),
    Edge(FIN_WAIT_2, "rcv FIN", "ACK", TIME_WAIT, "3.10.7.4"),
    Edge(CLOSE_WAIT, "CLOSE", "FIN", LAST_ACK, "3.10.4"),
    Edge(CLOSING, "rcv ACK of FIN", "", TIME_WAIT, "3.10.7.4"),
    Edge(LAST_ACK, "rcv ACK of FIN", "", CLOSED, "3.10.7.4"),
    Edge(TIME_WAIT, "2MSL timeout", "", CLOSED, "3.10.8"),
    # Note 2: the FIN that also acknowledges ours.
    Edge(FIN_WAIT_1, "rcv ACK of FIN,FIN", "ACK", TIME_WAIT, "3.10.7.4", drawn=False),
    # The prose also lets a listener turn active, and a second SYN sends a passive opener back to listening.
    Edge(LISTEN, "active OPEN", "SYN", SYN_SENT, "3.10.1", drawn=False),
    Edge(SYN_RECEIVED, "rcv SYN", "", LISTEN, "3.10.7.4", drawn=False),
    # One segment may bring two of the arrivals above.
    Edge(SYN_SENT, "rcv SYN,ACK,FIN", "ACK", CLOSE_WAIT, "3.10.7.3", drawn=False),
    Edge(SYN_RECEIVED, "rcv ACK of SYN,FIN", "ACK", CLOSE_WAIT, "3.10.7.4", drawn=False),
    # A CLOSE that had to wait, for the opening or for room in the peer's window (section 3.10.4).
    Edge(SYN_RECEIVED, "rcv ACK of SYN,queued CLOSE", "FIN", FIN_WAIT_1, "3.10.4", drawn=False),
    Edge(SYN_RECEIVED, "rcv ACK of SYN,queued CLOSE,FIN", "FIN", CLOSING, "3.10.4", drawn=False),
    Edge(CLOSE_WAIT, "rcv queued CLOSE", "FIN", LAST_ACK, "3.10.4", drawn=False),
    # Note 3: resets.  A reset that arrives ends the connection ...
    Edge(SYN_SENT, "rcv RST,ACK", "", CLOSED, "3.10.7.3", drawn=False),
    *(
        Edge(state, "rcv RST", "", CLOSED, "3.10.7.4", drawn=False)
        for state in State
        if state not in (CLOSED, LISTEN, SYN_SENT)
    ),
    # ... and so does a program that gives up; nearly over or not open yet, there is nobody to tell.
    *(
        Edge(state, "ABORT", "RST" if state in _TOLD else "", CLOSED, "3.10.5", drawn=False)
        for state in State
        if state is not CLOSED
    ),
    # A program that closes and will not read any more: data that it lost are shown with a reset.
    Edge(ESTABLISHED, "CLOSE with data unread", "RST", CLOSED, "3.6.1", drawn=False),
    Edge(CLOSE_WAIT, "CLOSE with data unread", "RST", CLOSED, "3.6.1", drawn=False),
    Edge(FIN_WAIT_1, "rcv data after CLOSE", "RST", CLOSED, "3.6.1", drawn=False),
    Edge(FIN_WAIT_1, "rcv ACK of FIN,data after CLOSE", "RST", CLOSED, "3.6.1", drawn=False),
    Edge(FIN_WAIT_2, "rcv data after CLOSE", "RST", CLOSED, "3.6.1", drawn=False),
    Edge(
        SYN_RECEIVED,
        "rcv ACK of SYN,queued CLOSE,data after CLOSE",
        "RST",
        CLOSED,
        "3.6.1",
        drawn=False,
    ),
    # What no machine of the standard does: a listener that answered with a cookie has remembered nothing.
    Edge(LISTEN, "rcv ACK of cookie", "", SYN_RECEIVED, "RFC 4987 section 3.6", drawn=False),
    # Timeouts: sent again and again in vain, the program's own patience, a silent peer.
    *(
        Edge(state, "last retransmission timeout", "", CLOSED, "3.8.3", drawn=False)
        for state in State
        if state not in (CLOSED, LISTEN, FIN_WAIT_2, TIME_WAIT)
    ),
    Edge(SYN_RECEIVED, "last retransmission timeout", "", LISTEN, "3.8.3", drawn=False),  # as in note 1
    *(
        Edge(state, "user timeout", "", CLOSED, "3.10.8", drawn=False)
        for state in State
        if state is not CLOSED
    ),
    *(
        Edge(state, "last keep-alive timeout", "RST", CLOSED, "3.8.4", drawn=False)
        for state in (ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT)
    ),
)

SYNCHRONIZED = frozenset(State) - {LISTEN, SYN_SENT, SYN_RECEIVED, CLOSED}
"""The states in which both ends know both sequence numbers (section 3.5.1)."""

MAY_SEND: dict[State, tuple[str, ...]] = {
    CLOSED: ("RST",),
    LISTEN: ("RST",),
    SYN_SENT: ("SYN", "RST"),
    SYN_RECEIVED: ("SYN,ACK", "ACK", "RST"),
    ESTABLISHED: ("ACK", "data"),
    FIN_WAIT_1: ("FIN", "ACK", "data"),
    FIN_WAIT_2: ("ACK",),
    CLOSE_WAIT: ("ACK", "data"),
    CLOSING: ("FIN", "ACK", "data"),
    LAST_ACK: ("FIN", "ACK", "data"),
    TIME_WAIT: ("ACK",),
}
"""What an end may send without leaving its state: for the first time, or again."""

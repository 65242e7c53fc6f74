"""The transmission control block, the events that it meets, and what comes of them (RFC 9293 section 3.3.1).

All are frozen: an event makes a new block, and the old one can still be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from handshake.tcp import seq
from handshake.tcp.figure import State
from handshake.tcp.segment import Segment
from handshake.trace import Address

DEFAULT_MSS = {4: 536, 6: 1220}
"""What to assume of a peer that sends no MSS option, in bytes, by IP version (RFC 9293 section 3.7.1)."""


@dataclass(frozen=True)
class Tcb:
    """All that one end knows of a connection.  Names are the RFC's, SND.UNA written snd_una.

    passive: opened by a passive OPEN, so that a failed opening leads back to LISTEN.
    mss: the most data this end takes in a segment; snd_mss: the most that it may send.
    queue: bytes that the program has handed over and that have not been sent yet.
    close_wanted: the program has called CLOSE; a FIN follows the last byte of the queue.
    fin_seq: the number of our FIN, once it is sent.
    """

    local: Address
    remote: Address | None = None
    state: State = State.CLOSED
    passive: bool = False
    iss: int = 0
    snd_una: int = 0
    snd_nxt: int = 0
    snd_wnd: int = 0
    snd_wl1: int = 0
    snd_wl2: int = 0
    irs: int = 0
    rcv_nxt: int = 0
    rcv_wnd: int = 65535
    mss: int = 1460
    snd_mss: int = DEFAULT_MSS[4]
    queue: bytes = b""
    close_wanted: bool = False
    fin_seq: int | None = None

    @property
    def fin_acknowledged(self) -> bool:
        """Whether the peer has confirmed our FIN."""
        return self.fin_seq is not None and self.snd_una == seq.add(self.fin_seq, 1)

    def plain(self) -> dict[str, int | str]:
        """Its fields for a Trace, by their names in the RFC; those that mean something in this state."""
        fields: dict[str, int | str] = {"state": str(self.state)}
        if self.state in (State.CLOSED, State.LISTEN):
            return fields
        fields |= {"ISS": self.iss, "SND.UNA": self.snd_una, "SND.NXT": self.snd_nxt}
        if self.state is not State.SYN_SENT:
            fields |= {"SND.WND": self.snd_wnd, "IRS": self.irs, "RCV.NXT": self.rcv_nxt}
        return fields | {"RCV.WND": self.rcv_wnd}

    def forgotten(self) -> Tcb:
        """What is left when the connection is over: nothing but who we are."""
        return Tcb(self.local, self.remote, rcv_wnd=self.rcv_wnd, mss=self.mss)

    def listening(self) -> Tcb:
        """Back to (or first) waiting for anybody."""
        return Tcb(self.local, state=State.LISTEN, passive=True, rcv_wnd=self.rcv_wnd, mss=self.mss)


@dataclass(frozen=True)
class Open:
    """OPEN (section 3.10.1).   remote: whom to call, None to wait for a call; iss: our first number."""

    remote: Address | None = None
    iss: int = 0


@dataclass(frozen=True)
class Send:
    """SEND (section 3.10.2): bytes for the peer's program.   iss: needed only when listening."""

    data: bytes
    remote: Address | None = None
    iss: int = 0


@dataclass(frozen=True)
class Close:
    """CLOSE (section 3.10.4): the program will send no more."""


@dataclass(frozen=True)
class Abort:
    """ABORT (section 3.10.5): the program gives up."""


@dataclass(frozen=True)
class Arrives:
    """SEGMENT ARRIVES (section 3.10.7).

    source: where it came from; iss: a fresh first number of ours, should a listener need one.
    """

    segment: Segment
    source: Address | None = None
    iss: int = 0


@dataclass(frozen=True)
class TimeWaitTimeout:
    """The TIME-WAIT timer has run out: 2 MSL have passed (section 3.10.8)."""


Event = Open | Send | Close | Abort | Arrives | TimeWaitTimeout


@dataclass(frozen=True)
class Move:
    """What came of an event: the block before and after, and what went out.

    cause: the event in the words of figure 5 ("rcv SYN,ACK"), so that a move can be found in EDGES.
    sends: segments, in order.   delivered: bytes for our own program.   notes: why, check by check.
    """

    before: Tcb
    event: Event
    after: Tcb
    cause: str
    sends: tuple[Segment, ...] = ()
    delivered: bytes = b""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far the processing of one event has come; each check makes a new one.

    ack_due: the peer is owed an acknowledgment, which data will carry if there are any to send.
    heard: what the segment brought, in the words of figure 5.   done: no further checks.
    """

    tcb: Tcb
    notes: tuple[str, ...] = ()
    sends: tuple[Segment, ...] = ()
    delivered: bytes = b""
    heard: tuple[str, ...] = ()
    ack_due: bool = False
    done: bool = False

    def note(self, text: str) -> Progress:
        """Say why, in words."""
        return replace(self, notes=(*self.notes, text))

    def now(self, **fields: object) -> Progress:
        """Change fields of the block."""
        return replace(self, tcb=replace(self.tcb, **fields))  # type: ignore[arg-type]

    def hears(self, what: str) -> Progress:
        """The segment brought this."""
        return replace(self, heard=(*self.heard, what))

    def send(self, segment: Segment) -> Progress:
        """One more segment to send."""
        return replace(self, sends=(*self.sends, segment))

    def drop(self, why: str) -> Progress:
        """No further checks: the segment is dropped, or dealt with."""
        return replace(self.note(why), done=True)

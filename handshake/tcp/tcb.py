"""The transmission control block, and the events that it meets (RFC 9293 sections 3.3.1 and 3.10).

All are frozen: an event makes a new block, and the old one can still be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from handshake.tcp import seq
from handshake.tcp.figure import CLOSED, LISTEN, SYN_SENT, State
from handshake.tcp.reassembly import Pieces
from handshake.tcp.segment import Segment
from handshake.tcp.settings import DEFAULTS, Settings
from handshake.tcp.timers import NEVER, UNMEASURED, RoundTrip
from handshake.trace import Address
from handshake.wire import made

DEFAULT_MSS = {4: 536, 6: 1220}
"""What to assume of a peer that sends no MSS option, in bytes, by IP version (RFC 9293 section 3.7.1)."""


@dataclass(frozen=True)
class Tcb:
    """All that one end knows of a connection.  Names are the RFC's, SND.UNA written snd_una.

    passive: opened by a passive OPEN, so that a failed opening leads back to LISTEN.

    Sending.
    syn_acknowledged: the peer has confirmed our SYN.
    snd_wnd: the peer's window in bytes; max_snd_wnd: the largest that it ever had (RFC 5961 section 5).
    snd_up: the number after the last urgent byte, or None.   snd_mss: the most data to put in a segment.
    snd_scale: by how many bits the peer's windows are shifted; None until both ends have agreed on it.
    buffer: what the program has handed over, as long as not all of it is acknowledged; confirmed: how many
    of its bytes are.  (The buffer is not cut, so that all blocks of a history share it.)
    close_wanted: the program has called CLOSE; a FIN follows the last byte of the buffer.
    fin_seq: the number of our FIN, once it is sent.

    Receiving.
    rcv_wnd: how many bytes from RCV.NXT on we take; rcv_scale: by how many bits our windows are shifted.
    rcv_up: the number after the peer's last urgent byte, or None.
    held: what came ahead of a gap.   rcv_fin: the number of the peer's FIN, if it has come.
    waiting: bytes for a program that does not take them yet, in pieces; `unread` puts them together.
    reading: whether it takes them as they come.
    deaf: the program has closed and will not read any more (section 3.6.1).
    last_ack_sent: the value of RCV.NXT that the peer was last told (RFC 7323 section 4.3 calls it so).

    Sending again (RFC 6298).
    rtt: the round trip and the timeout.   retransmits: how often the oldest segment was sent again.
    timed: (number, time): when that number is acknowledged, a round trip has been measured.
    recover: up to which number segments may have got lost with the one sent again (RFC 6582); else None.
    duplicates: how many ACKs in a row acknowledged nothing new.

    Timers: when each expires, NEVER if it does not run.
    retransmit_at, ack_at, keep_alive_at, user_timeout_at, time_wait_at.
    probes: how many keep-alive probes were not answered.
    challenges: (since when, how many) acknowledgments went out in answer to segments that were not
    acceptable; RFC 5961 section 7 limits them.
    """

    local: Address
    remote: Address | None = None
    settings: Settings = DEFAULTS
    state: State = CLOSED
    passive: bool = False

    iss: int = 0
    snd_una: int = 0
    snd_nxt: int = 0
    snd_wnd: int = 0
    snd_wl1: int = 0
    snd_wl2: int = 0
    max_snd_wnd: int = 0
    syn_acknowledged: bool = False
    snd_up: int | None = None
    snd_mss: int = DEFAULT_MSS[4]
    snd_scale: int | None = None
    buffer: bytes = b""
    confirmed: int = 0
    close_wanted: bool = False
    fin_seq: int | None = None

    irs: int = 0
    rcv_nxt: int = 0
    rcv_wnd: int = 65535
    rcv_scale: int = 0
    rcv_up: int | None = None
    held: Pieces = ()
    rcv_fin: int | None = None
    waiting: tuple[bytes, ...] = ()
    reading: bool = True
    deaf: bool = False
    last_ack_sent: int = 0

    rtt: RoundTrip = UNMEASURED
    retransmits: int = 0
    timed: tuple[int, float] | None = None
    recover: int | None = None
    duplicates: int = 0

    retransmit_at: float = NEVER
    ack_at: float = NEVER
    keep_alive_at: float = NEVER
    user_timeout_at: float = NEVER
    time_wait_at: float = NEVER
    probes: int = 0
    challenges: tuple[float, int] = (-inf, 0)

    @property
    def fin_acknowledged(self) -> bool:
        """Whether the peer has confirmed our FIN."""
        return self.fin_seq is not None and self.snd_una == seq.add(self.fin_seq, 1)

    @property
    def outstanding(self) -> int:
        """How many sequence numbers were sent and are not acknowledged."""
        return (self.snd_nxt - self.snd_una) % seq.MODULUS

    @property
    def sent(self) -> int:
        """How many bytes of the buffer were sent, and are not acknowledged."""
        fin = self.fin_seq is not None and not self.fin_acknowledged
        return max(0, self.outstanding - fin - (not self.syn_acknowledged))

    @property
    def queue(self) -> bytes:
        """What the program has handed over and was not sent yet."""
        return self.buffer[self.confirmed + self.sent :]

    @property
    def pending(self) -> int:
        """How many bytes of the buffer are not acknowledged, sent or not."""
        return len(self.buffer) - self.confirmed

    @property
    def unread(self) -> bytes:
        """The bytes that have come in order, and that the program has not taken yet."""
        return b"".join(self.waiting)

    @property
    def taken(self) -> int:
        """The number of the first byte that the program has not taken yet."""
        fin = self.rcv_fin is not None and self.rcv_nxt == seq.add(self.rcv_fin, 1)
        return seq.add(self.rcv_nxt, -len(self.unread) - fin)

    @property
    def next_timer(self) -> float:
        """When the first of its timers expires, or NEVER."""
        return min(
            self.retransmit_at, self.ack_at, self.keep_alive_at, self.user_timeout_at, self.time_wait_at
        )

    def __repr__(self) -> str:
        peer = f" with {self.remote[0]}:{self.remote[1]}" if self.remote else ""
        return f"Tcb({self.state}, {self.local[0]}:{self.local[1]}{peer})"

    def plain(self) -> dict[str, int | float | str]:
        """Its fields for a Trace, by their names in the RFC; those that mean something in this state."""
        fields: dict[str, int | float | str] = {"state": str(self.state)}
        if self.state in (CLOSED, LISTEN):
            return fields
        fields |= {"ISS": self.iss, "SND.UNA": self.snd_una, "SND.NXT": self.snd_nxt}
        if self.state is not SYN_SENT:
            fields |= {"SND.WND": self.snd_wnd, "IRS": self.irs, "RCV.NXT": self.rcv_nxt}
        fields["RCV.WND"] = self.rcv_wnd
        if self.snd_up is not None:
            fields["SND.UP"] = self.snd_up
        if self.rcv_up is not None:
            fields["RCV.UP"] = self.rcv_up
        fields["RTO"] = round(self.rtt.rto, 6)
        return fields

    def forgotten(self) -> Tcb:
        """What is left when the connection is over: nothing but who we are."""
        return closed(self.local, self.remote, self.settings)

    def listening(self) -> Tcb:
        """Back to (or first) waiting for anybody."""
        return made(
            Tcb, {**closed(self.local, None, self.settings).__dict__, "state": LISTEN, "passive": True}
        )


_BLANK = Tcb(("", 0))  # (`closed` fills in what depends on the settings)


def closed(local: Address, remote: Address | None = None, settings: Settings = DEFAULTS) -> Tcb:
    """The block of an end that has no connection yet, or no longer."""
    blank = _BLANK.__dict__
    fields = {
        **blank, "local": local, "remote": remote, "settings": settings, "rcv_wnd": settings.window,
        "rtt": settings.unmeasured,
    }  # fmt: skip
    return made(Tcb, fields)


@dataclass(frozen=True, slots=True)
class Open:
    """OPEN (section 3.10.1).   remote: whom to call, None to wait for a call; iss: our first number."""

    remote: Address | None = None
    iss: int = 0


@dataclass(frozen=True, slots=True)
class Send:
    """SEND (section 3.10.2): bytes for the peer's program.

    urgent: the peer's program shall hurry up to their end (section 3.8.5).
    remote, iss: whom to call and our first number, needed only when listening.
    """

    data: bytes
    remote: Address | None = None
    iss: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Receive:
    """RECEIVE (section 3.10.3): the program takes up to `count` bytes that have come.

    With None it takes all of them, and those to come as they come; with a number it takes no more until it
    asks again.
    """

    count: int | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """CLOSE (section 3.10.4): the program will send no more.

    reading: whether it still reads, as the standard has it; False is what `close` of a socket does (3.6.1).
    """

    reading: bool = True


@dataclass(frozen=True, slots=True)
class Abort:
    """ABORT (section 3.10.5): the program gives up."""


@dataclass(frozen=True, slots=True)
class Arrives:
    """SEGMENT ARRIVES (section 3.10.7).

    source: where it came from; iss: a fresh first number of ours, should a listener need one.
    """

    segment: Segment
    source: Address | None = None
    iss: int = 0


@dataclass(frozen=True, slots=True)
class UserTimeout:
    """USER TIMEOUT (section 3.10.8): what the program handed over was not acknowledged in time."""


@dataclass(frozen=True, slots=True)
class RetransmissionTimeout:
    """RETRANSMISSION TIMEOUT (section 3.10.8): no acknowledgment of the oldest segment, or no window."""


@dataclass(frozen=True, slots=True)
class TimeWaitTimeout:
    """TIME-WAIT TIMEOUT (section 3.10.8): 2 MSL have passed."""


@dataclass(frozen=True, slots=True)
class KeepAliveTimeout:
    """The peer has been silent for long (section 3.8.4)."""


@dataclass(frozen=True, slots=True)
class DelayedAckTimeout:
    """An acknowledgment has waited long enough for data to travel with (section 3.8.6.3)."""


Call = Open | Send | Receive | Close | Abort
Timeout = UserTimeout | RetransmissionTimeout | TimeWaitTimeout | KeepAliveTimeout | DelayedAckTimeout
Event = Call | Arrives | Timeout


class Move(NamedTuple):
    """What came of an event: the block before and after, and what went out.

    cause: the event in the words of figure 5 ("rcv SYN,ACK"), so that a move to another state can be found
    in EDGES.
    sends: segments, in order.   delivered: bytes for our own program.   notes: why, check by check.
    """

    before: Tcb
    event: Event
    after: Tcb
    cause: str
    sends: tuple[Segment, ...] = ()
    delivered: bytes = b""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        states = f"{self.before.state} -> {self.after.state}"
        if self.before.state is self.after.state:
            states = str(self.after.state)
        sent = f", sends {len(self.sends)}" if self.sends else ""
        return f"Move({self.cause}: {states}{sent})"

    def __str__(self) -> str:
        lines = [repr(self), *(f"  {note}" for note in self.notes)]
        return "\n".join([*lines, *(f"  sends {segment}" for segment in self.sends)])

    def told(self) -> Mapping[str, Any]:
        """The move as a Step of a Trace tells it."""
        before, after = self.before.plain(), self.after.plain()
        return {"cause": self.cause, "before": before, "after": after, "notes": self.notes}

"""One end of a connection as a program uses it: a block that changes, a clock that is told, a history.

It does no input or output of its own: hand it what arrived, and send what `outgoing` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from handshake.tcp import seq
from handshake.tcp.figure import CLOSED, LISTEN, State
from handshake.tcp.machine import step
from handshake.tcp.segment import ACK, RST, SYN, Segment
from handshake.tcp.settings import Settings
from handshake.tcp.tcb import (
    Abort,
    Arrives,
    Close,
    DelayedAckTimeout,
    Event,
    KeepAliveTimeout,
    Move,
    Open,
    Receive,
    RetransmissionTimeout,
    Send,
    Tcb,
    Timeout,
    TimeWaitTimeout,
    UserTimeout,
    closed,
)
from handshake.tcp.timers import NEVER
from handshake.trace import Address
from handshake.wire import fit

ETHERNET_MSS = {4: 1460, 6: 1440}
"""What fits a packet of 1500 bytes behind the headers of TCP and of IPv4 or IPv6, without options."""

SYN_ACK_RST = int(SYN | ACK | RST)

Machine = Callable[[Tcb, Event, float], Move]

REMEMBERED = 1000
"""So many moves at least stay in an endpoint's history; older ones are forgotten."""


class Endpoint:
    """One end.

    local, remote: (ip, port); remote is None for an end that only listens.  Who listens takes a call from
    anybody; who hands it segments sees to it that they are for this port, and from this peer.
    isn: the initial sequence number, or a function that gives one at each opening.
    window: the receive buffer in bytes.   mss: the most data that it takes in a segment; what fits an
    Ethernet packet if None.   Further choices are those of `Settings`: keep_alive, user_timeout, retries ...
    tcb: a block to begin with, in place of a closed one with these choices.
    machine: what runs it; another than `step` only for experiments.
    Times are seconds on whatever clock the caller keeps; only `receive` and `tick` move it, and never back.

    Every call of a program may be Refused, if it does not fit the state; then nothing has changed.
    received: all that was delivered to the program; delivered: how many bytes that are.
    history: (time, Move), the latest last.
    """

    def __init__(
        self,
        local: Address,
        remote: Address | None = None,
        *,
        isn: int | Callable[[], int] = 0,
        window: int = 65535,
        mss: int | None = None,
        tcb: Tcb | None = None,
        machine: Machine = step,
        **choices: Any,
    ) -> None:
        for address in (local, *([] if remote is None else [remote])):
            check_address(address)
        if tcb is None:
            size = ETHERNET_MSS[6 if ":" in local[0] else 4] if mss is None else mss
            tcb = closed(local, remote, Settings(window=window, mss=size, **choices))
        elif choices:
            raise TypeError(f"a block has its settings already; these would be ignored: {', '.join(choices)}")
        self.remote = remote
        self.tcb = tcb
        self.now = 0.0
        self.history: list[tuple[float, Move]] = []
        self.machine = machine
        self._isn = isn
        self.delivered = 0
        self._received: list[bytes] = []
        self._outgoing: list[Segment] = []

    @property
    def state(self) -> State:
        """Its state; prints in the RFC's spelling."""
        return self.tcb.state

    @property
    def received(self) -> bytes:
        """All bytes that were delivered to the program, in order."""
        if len(self._received) > 1:
            self._received = [b"".join(self._received)]
        return self._received[0] if self._received else b""

    @property
    def urgent(self) -> int:
        """How many bytes are still to come, or to be read, up to the end of the peer's urgent data."""
        tcb = self.tcb
        if tcb.rcv_up is None:
            return 0
        return max(0, seq.distance(tcb.taken, tcb.rcv_up))

    # What the program may call.

    def open(self) -> Move:
        """Call the remote end: active OPEN."""
        if self.remote is None:
            raise ValueError("an active OPEN needs a remote address: Endpoint(local, remote)")
        opens = self.state in (CLOSED, LISTEN)
        return self._apply(Open(self.remote, self._new_isn() if opens else 0))

    def listen(self) -> Move:
        """Wait to be called: passive OPEN."""
        return self._apply(Open())

    def send(self, data: bytes, *, urgent: bool = False) -> Move:
        """Hand over bytes for the peer's program."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"what travels are bytes: b'hello'; got {data!r}")
        listening = self.state is LISTEN
        iss = self._new_isn() if listening and self.remote else 0
        return self._apply(Send(bytes(data), self.remote, iss, urgent))

    def read(self, count: int | None = None) -> bytes:
        """Take up to `count` bytes that have come, and no more until the next call.

        With None take all of them, and from now on whatever comes, as an endpoint does from its start.
        Refused once the peer has closed and everything was read: the end of the stream.
        """
        if count is not None and count < 0:
            raise ValueError(f"count is 0 or more, or None for everything; got {count}")
        return self._apply(Receive(count)).delivered

    def close(self, *, reading: bool = True) -> Move:
        """Say that no more will be sent; what arrives is still taken.  This is the standard's CLOSE.

        reading: False is what `close` of a socket does: what is unread, or still comes, makes it send a RST.
        (The standard's CLOSE is what `shutdown` of a socket does.)
        """
        return self._apply(Close(reading))

    def abort(self) -> Move:
        """Give up at once."""
        return self._apply(Abort())

    # What the network and the clock bring.

    def receive(self, segment: Segment, now: float, source: Address | None = None) -> Move:
        """A segment arrived.   source: from whom, which a listener wants to know."""
        if not isinstance(segment, Segment):
            raise TypeError(f"a Segment arrives; Segment.decode makes one of bytes; got {segment!r:.60}")
        self.now = max(now, self.now)
        iss = 0
        if self.tcb.state is LISTEN:
            if segment.flags & SYN_ACK_RST == SYN:
                iss = self._new_isn()
            if source is None:
                source = (self.remote or ("0.0.0.0", 0))[0], segment.source_port
        return self._apply(Arrives(segment, source, iss))

    def tick(self, now: float) -> list[Move]:
        """Time passed: act on the timers that have run out.

        now: seconds.  Call it no later than `next_timer()`: what comes of a timer counts from now on, so an
        end that slept sends once and waits, and makes up for nothing.
        """
        if not now < inf:
            raise ValueError(f"now is a number of seconds, got {now!r}")
        self.now = max(now, self.now)
        moves = []
        while self.tcb.next_timer <= self.now:
            moves.append(self._apply(due(self.tcb)))
        return moves

    def next_timer(self) -> float | None:
        """When `tick` will have something to do, or None."""
        timer = self.tcb.next_timer
        return None if timer == NEVER else timer

    def outgoing(self) -> list[Segment]:
        """The segments to send, in order; each is given once."""
        segments, self._outgoing = self._outgoing, []
        return segments

    def _new_isn(self) -> int:
        return fit("isn", self._isn() if callable(self._isn) else self._isn, 32)

    def _apply(self, event: Event) -> Move:
        move = self.machine(self.tcb, event, self.now)
        self.tcb = move.after
        if move.delivered:
            self._take(move.delivered)
        if move.sends:
            self._outgoing += move.sends
        self.history.append((self.now, move))
        if len(self.history) > 2 * REMEMBERED:
            del self.history[:REMEMBERED]
        return move

    def _take(self, data: bytes) -> None:
        self._received.append(data)
        self.delivered += len(data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.tcb.local[0]}:{self.tcb.local[1]}, {self.state})"


def check_address(address: Address) -> None:
    """ValueError if something is no address of an end."""
    if not isinstance(address, tuple) or [type(part) for part in address] != [str, int]:
        raise ValueError(f"an end is an address and a port: ('10.0.0.1', 40000); got {address!r}")
    fit("port", address[1], 16)


def due(tcb: Tcb) -> Timeout:
    """The event of the timer that expires first."""
    timer = tcb.next_timer
    if timer == tcb.user_timeout_at:
        return UserTimeout()
    if timer == tcb.time_wait_at:
        return TimeWaitTimeout()
    if timer == tcb.retransmit_at:
        return RetransmissionTimeout()
    return KeepAliveTimeout() if timer == tcb.keep_alive_at else DelayedAckTimeout()

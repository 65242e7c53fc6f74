"""One end of a connection as a program uses it: a block that changes, a clock that is told, a history.

It does no input or output of its own: hand it what arrived, and send what `outgoing` gives.
"""

from __future__ import annotations

from collections.abc import Callable

from handshake.tcp.figure import State
from handshake.tcp.machine import step
from handshake.tcp.segment import ACK, FIN, RST, SYN, Segment
from handshake.tcp.tcb import Abort, Arrives, Close, Event, Move, Open, Send, Tcb, TimeWaitTimeout
from handshake.trace import Address

ETHERNET_MSS = {4: 1460, 6: 1440}
"""What fits a packet of 1500 bytes behind the headers of TCP and of IPv4 or IPv6, without options."""

MSL = 120.0
"""Maximum segment lifetime in seconds: how long an old segment may be under way (RFC 9293 section 3.4.2)."""


class Endpoint:
    """One end.

    local, remote: (ip, port); remote is None for an end that only listens.
    isn: the initial sequence number, or a function that gives one at each opening.
    window: how many bytes it takes beyond what it has acknowledged (up to 65535).
    mss: the most data that it takes in a segment; what fits an Ethernet packet if None.
    msl: in seconds; TIME-WAIT lasts twice as long.
    Times are seconds on whatever clock the caller keeps; only `receive` and `tick` move it.
    """

    def __init__(
        self,
        local: Address,
        remote: Address | None = None,
        *,
        isn: int | Callable[[], int] = 0,
        window: int = 65535,
        mss: int | None = None,
        msl: float = MSL,
    ) -> None:
        if mss is None:
            mss = ETHERNET_MSS[6 if ":" in local[0] else 4]
        if not 0 <= window <= 65535:
            raise ValueError(f"the window field has 16 bits: 0 to 65535, got {window}")
        self.remote = remote
        self.tcb = Tcb(local, remote, rcv_wnd=window, mss=mss)
        self.now = 0.0
        self.received = b""
        self.history: list[tuple[float, Move]] = []
        self._isn = isn
        self._msl = msl
        self._outgoing: list[Segment] = []
        self._time_wait_over: float | None = None

    @property
    def state(self) -> State:
        """Its state; prints in the RFC's spelling."""
        return self.tcb.state

    def open(self) -> None:
        """Call the remote end: active OPEN."""
        if self.remote is None:
            raise ValueError("an active OPEN needs a remote address: Endpoint(local, remote)")
        opens = self.state in (State.CLOSED, State.LISTEN)
        self._apply(Open(self.remote, self._new_isn() if opens else 0))

    def listen(self) -> None:
        """Wait to be called: passive OPEN."""
        self._apply(Open())

    def send(self, data: bytes) -> None:
        """Hand over bytes for the peer's program."""
        listening = self.state is State.LISTEN
        self._apply(Send(data, self.remote, self._new_isn() if listening and self.remote else 0))

    def close(self) -> None:
        """Say that no more will be sent; what arrives is still taken."""
        self._apply(Close())

    def abort(self) -> None:
        """Give up at once."""
        self._apply(Abort())

    def receive(self, segment: Segment, now: float, source: Address | None = None) -> Move:
        """A segment arrived.   source: from whom, which a listener wants to know."""
        self.now = now
        opens = self.state is State.LISTEN and segment.flags & (SYN | ACK | RST) == SYN
        iss = self._new_isn() if opens else 0
        if source is None and self.tcb.remote is None:
            source = (self.remote or ("0.0.0.0", 0))[0], segment.source_port
        move = self._apply(Arrives(segment, source, iss))
        if self.state is State.TIME_WAIT and move.sends and segment.flags & FIN:
            # The peer's FIN again: our last ACK got lost, and the wait starts anew (section 3.10.7.4).
            self._time_wait_over = now + 2 * self._msl
        return move

    def tick(self, now: float) -> None:
        """Time passed: act on the timers that have run out."""
        self.now = now
        if self._time_wait_over is not None and now >= self._time_wait_over:
            self._apply(TimeWaitTimeout())

    def next_timer(self) -> float | None:
        """When `tick` will have something to do, or None."""
        return self._time_wait_over

    def outgoing(self) -> list[Segment]:
        """The segments to send, in order; each is given once."""
        segments, self._outgoing = self._outgoing, []
        return segments

    def _new_isn(self) -> int:
        return self._isn() if callable(self._isn) else self._isn

    def _apply(self, event: Event) -> Move:
        move = step(self.tcb, event)
        self.tcb = move.after
        self.received += move.delivered
        self._outgoing += move.sends
        self.history.append((self.now, move))
        if move.after.state is State.TIME_WAIT and move.before.state is not State.TIME_WAIT:
            self._time_wait_over = self.now + 2 * self._msl
        elif move.after.state is not State.TIME_WAIT:
            self._time_wait_over = None
        return move

    def __repr__(self) -> str:
        return f"Endpoint({self.tcb.local[0]}:{self.tcb.local[1]}, {self.state})"

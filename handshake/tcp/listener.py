"""A listening port: calls that come in, and the two queues in which they wait.

The listener itself never leaves LISTEN.  Every SYN gets an endpoint of its own, which waits in the SYN queue
until the handshake is done, and then in the accept queue until the program takes it.  Both queues are short;
whoever fills the first keeps others out (a SYN flood), unless the answers are cookies, which need no queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from handshake.tcp import cookies, seq
from handshake.tcp.arrives import offered
from handshake.tcp.endpoint import SYN_ACK_RST, Endpoint
from handshake.tcp.figure import CLOSED, LISTEN
from handshake.tcp.machine import step
from handshake.tcp.options import mss
from handshake.tcp.segment import ACK, RST, SYN, Segment
from handshake.tcp.settings import DEFAULTS, Settings
from handshake.tcp.tcb import DEFAULT_MSS, Arrives, Move, Tcb, closed
from handshake.trace import Address


class Listener:
    """A port on which a program listens.

    local: (ip, port).   isn: gives the first number of a connection with that caller, at that time.
    backlog: how many connections may wait for the program; syn_backlog: how many handshakes may be under
    way (Linux keeps both limits; the second is the same as the first if None).
    cookies: answer with SYN cookies when the SYN queue is full.   secret: the key for them, 1 to 32 bytes.
    settings: for the connections.
    child: makes the endpoint for a call, from the caller, our first number, and a block to begin with.

    syn_queue, accept_queue: who waits, the longest waiting first.
    dropped: how many SYNs and last ACKs were ignored for want of room.

    Hand `receive` whatever comes for this port from a caller whose connection was not accepted yet; send what
    the move that it answers sends, and what `outgoing` gives; call `tick` by `next_timer`.
    """

    def __init__(
        self,
        local: Address,
        *,
        isn: Callable[[Address, float], int],
        backlog: int = 128,
        syn_backlog: int | None = None,
        cookies: bool = False,
        secret: bytes = b"",
        settings: Settings = DEFAULTS,
        child: Callable[[Address, int, Tcb], Endpoint] | None = None,
    ) -> None:
        if backlog < 1 or (syn_backlog is not None and syn_backlog < 1):
            raise ValueError("a queue has room for one at least")
        if cookies and not 1 <= len(secret) <= 32:
            raise ValueError(f"cookies need a secret of 1 to 32 bytes, got {len(secret)}")
        self.local = local
        self.backlog = backlog
        self.syn_backlog = backlog if syn_backlog is None else syn_backlog
        self.cookies = cookies
        self.settings = settings
        self.syn_queue: dict[Address, Endpoint] = {}
        self.accept_queue: deque[Endpoint] = deque()
        self.dropped = 0
        self._isn = isn
        self._secret = secret
        self._child = child or self._endpoint
        self._tcb = closed(local, None, settings).listening()

    def __repr__(self) -> str:
        waiting = f"{len(self.syn_queue)} in the SYN queue, {len(self.accept_queue)} in the accept queue"
        return f"Listener({self.local[0]}:{self.local[1]}, {waiting})"

    def accept(self) -> Endpoint | None:
        """The connection that has waited longest for the program, or None."""
        return self.accept_queue.popleft() if self.accept_queue else None

    def receive(self, segment: Segment, now: float, source: Address) -> Move | None:
        """A segment arrived for this port, from somebody whose connection was not accepted yet.

        The answer is what the listener itself does, or None if it left the segment to an endpoint.
        """
        kind = segment.flags & SYN_ACK_RST
        complete = next((each for each in self.accept_queue if each.remote == source), None)
        if complete is not None:
            complete.receive(segment, now, source)
            return None
        child = self.syn_queue.get(source)
        if child is not None:
            if kind & ACK and not kind & RST and len(self.accept_queue) >= self.backlog:
                why = "the accept queue is full: the ACK is ignored, the caller believes that it is connected"
                return self._drop(segment, source, why, child.tcb)
            child.receive(segment, now, source)
            self.settle(child)
            return None
        if kind == SYN:
            return self._called(segment, now, source)
        if kind == ACK and self.cookies:
            size = self._cookie(segment, now, source)
            if size is not None:
                return self._remembered(segment, now, source, size)
        return step(self._tcb, Arrives(segment, source), now)

    def next_timer(self) -> float | None:
        """When `tick` will have something to do, or None."""
        timers = [child.next_timer() for child in self._waiting()]
        return min((timer for timer in timers if timer is not None), default=None)

    def tick(self, now: float) -> None:
        """Time passed: those who wait send again, or give up and leave their place."""
        for child in self._waiting():
            child.tick(now)
            self.settle(child)

    def outgoing(self) -> list[tuple[Address, Segment]]:
        """What those who wait have to send, and to whom, in order; each is given once."""
        return [
            (child.remote, segment)
            for child in self._waiting()
            for segment in child.outgoing()
            if child.remote is not None
        ]

    def _waiting(self) -> list[Endpoint]:
        return [*self.syn_queue.values(), *self.accept_queue]

    def settle(self, child: Endpoint) -> None:
        """See what has become of an endpoint in the SYN queue: complete, or over."""
        remote = child.remote
        over = child.tcb.state in (CLOSED, LISTEN)
        if remote is None or self.syn_queue.get(remote) is not child:
            return
        if over or child.tcb.syn_acknowledged:
            del self.syn_queue[remote]
        if not over and child.tcb.syn_acknowledged:
            self.accept_queue.append(child)

    def _called(self, segment: Segment, now: float, source: Address) -> Move | None:
        """A new SYN."""
        if len(self.accept_queue) >= self.backlog:
            return self._drop(segment, source, "the accept queue is full: the SYN is ignored")
        if len(self.syn_queue) >= self.syn_backlog:
            if self.cookies:
                return self._answer_with_cookie(segment, now, source)
            return self._drop(segment, source, "the SYN queue is full: the SYN is ignored")
        child = self.syn_queue[source] = self._child(source, self._isn(source, now), self._tcb)
        child.receive(segment, now, source)
        return None

    def _endpoint(self, source: Address, isn: int, tcb: Tcb) -> Endpoint:
        return Endpoint(self.local, source, isn=isn, tcb=tcb)

    def _drop(self, segment: Segment, source: Address, why: str, tcb: Tcb | None = None) -> Move:
        self.dropped += 1
        tcb = tcb or self._tcb
        return Move(tcb, Arrives(segment, source), tcb, "rcv segment", notes=(why,))

    # Cookies.

    def _answer_with_cookie(self, segment: Segment, now: float, source: Address) -> Move:
        """SYN,ACK with a number that holds all that we need to know; nothing is remembered here."""
        size = offered(segment.options)[0] or DEFAULT_MSS[6 if ":" in self.local[0] else 4]
        cookie = cookies.make(self._secret, self.local, source, segment.seq, size, now)
        answer = Segment(
            self.local[1], source[1], cookie, seq.add(segment.seq, 1), SYN | ACK,
            min(self.settings.window, 65535), options=(mss(self.settings.mss),),
        )  # fmt: skip
        note = f"the SYN queue is full: the answer's number, {cookie}, is a cookie, and nothing is remembered"
        return Move(self._tcb, Arrives(segment, source), self._tcb, "rcv segment", (answer,), notes=(note,))

    def _cookie(self, segment: Segment, now: float, source: Address) -> int | None:
        irs, cookie = seq.add(segment.seq, -1), seq.add(segment.ack, -1)
        return cookies.check(self._secret, self.local, source, irs, cookie, now)

    def _remembered(self, segment: Segment, now: float, source: Address, size: int) -> Move | None:
        """An ACK brings a good cookie back: a connection is made from it, as if the SYN had just come."""
        if len(self.accept_queue) >= self.backlog:
            return self._drop(segment, source, "the accept queue is full: the ACK is ignored")
        isn, irs = seq.add(segment.ack, -1), seq.add(segment.seq, -1)
        syn = Segment(source[1], self.local[1], irs, 0, SYN, segment.window, options=(mss(size),))
        tcb = step(self._tcb, Arrives(syn, source, isn), now).after
        # Nobody knows when the SYN,ACK was sent: this is no measurement of the round trip.
        child = self.syn_queue[source] = self._child(source, isn, replace(tcb, timed=None))
        child.receive(segment, now, source)
        self.settle(child)
        return None

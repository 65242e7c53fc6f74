"""Sockets: what a program on a simulated machine holds in its hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from handshake.errors import Refused
from handshake.tcp import Arrives, Endpoint, Listener, Move, Tcb, step
from handshake.tcp.endpoint import Machine, due
from handshake.tcp.figure import CLOSED, LISTEN, TIME_WAIT
from handshake.tcp.tcb import Event
from handshake.tcp.timers import NEVER
from handshake.trace import Address

if TYPE_CHECKING:
    from handshake.sim.host import Host


class Program(Protocol):
    """What runs on a host: told of everything that happens to its socket, it may call it."""

    def __call__(self, socket: Socket) -> None: ...  # noqa: D102


SHORT = 1.0
"""A TIME-WAIT of no more seconds is waited for, whether or not anybody asked for it."""


class Socket(Endpoint):
    """An endpoint on a host: what it sends really leaves, its timers run, and all of it is recorded.

    program: who uses it, or None.   port: the listening port that it came from, or None.
    connection, end: what the recorder calls them: a number, and "client" or "server".
    gone: the machine has forgotten it.
    (Unlike an Endpoint's, its history and outgoing segments go to the recorder and the network.)
    """

    def __init__(
        self, host: Host, tcb: Tcb, remote: Address, isn: int | Callable[[], int], connection: int, end: str,
        program: Program | None = None, port: Port | None = None, machine: Machine = step,
    ) -> None:  # fmt: skip
        super().__init__(tcb.local, remote, isn=isn, tcb=tcb, machine=machine)
        self.host = host
        self.peer = remote
        self.connection = connection
        self.end = end
        self.program = program
        self.port = port
        self.gone = False
        self._alarm = NEVER

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Do something in `delay` seconds; see `at`."""
        self.at(self.host.clock.now + delay, action)

    def at(self, time: float, action: Callable[[], object]) -> None:
        """Do something at that time, unless the machine forgets it until then, or the program dies.

        What is refused by then (the connection may be over) is told in the trace, and nothing else happens.
        """
        program, life = self.program, self.host.life

        def later() -> None:
            if not self.gone and self.program is program and self.host.life == life:
                self.attempt(action)

        self.host.clock.at(time, later)

    def attempt(self, action: Callable[[], object]) -> None:
        """Let the program call something; a refusal is told in the trace."""
        try:
            action()
        except Refused as refusal:
            plain, why = self.tcb.plain(), f"refused: {refusal.why}"
            self.host.recorder.told(
                self.host.clock.now, self.connection, self.end, cause="call refused", before=plain,
                after=plain, notes=(why,),
            )  # fmt: skip

    def _apply(self, event: Event) -> Move:
        """Let an event happen: send what is to be sent, record it, wind the alarm, let the program answer."""
        host = self.host
        time = host.clock.now
        move = self.machine(self.tcb, event, time)
        self.tcb = after = move.after
        if move.delivered:
            self._take(move.delivered)
        sends = tuple([host.send(self, segment) for segment in move.sends]) if move.sends else ()
        arrived = host.arriving if type(event) is Arrives else None
        host.recorder.step(time, self.connection, self.end, move, arrived, sends)
        if after.state is not CLOSED:
            if move.before.state is CLOSED:
                host.sockets[after.local[1], self.peer] = self
            self._wind(after)
        elif move.before.state is not CLOSED:
            host.forget(self)
        if self.port is not None:
            self.port.settle(self)
        if self.program is not None:
            self.program(self)
        return move

    def _wind(self, tcb: Tcb) -> None:
        """Set the alarm for the next timer.  One that rings too early does no harm."""
        timer, host = tcb.next_timer, self.host
        waits = tcb.state is not TIME_WAIT or host.time_wait or timer <= host.clock.now + SHORT
        if timer < self._alarm and waits:
            self._alarm = timer
            host.clock.at(timer, self._ring)

    def _ring(self) -> None:
        """The alarm: act on the timers that have run out."""
        self._alarm = NEVER
        while not self.gone and self.tcb.next_timer <= self.host.clock.now:
            self._apply(due(self.tcb))
        if not self.gone and self._alarm == NEVER:
            self._wind(self.tcb)


class Port:
    """A port on which a program listens.

    listener: the TCP behind it.   serve: makes the program for a connection that was accepted.
    pause: how long the program needs until it accepts the next, in seconds; None: it never accepts.
    machine: what runs its connections.
    """

    def __init__(
        self, host: Host, listener: Listener, serve: Callable[[], Program | None], pause: float | None,
        machine: Machine = step,
    ) -> None:  # fmt: skip
        self.host = host
        self.listener = listener
        self.serve = serve
        self.pause = pause
        self.machine = machine
        self._busy = False

    def __repr__(self) -> str:
        return f"Port({self.listener.local[1]} of {self.host.name!r})"

    def settle(self, socket: Socket) -> None:
        """See what has become of a call: complete, so that it waits for the program, or over."""
        self.listener.settle(socket)
        if socket.tcb.state is LISTEN:
            self.host.forget(socket)
        if self.listener.accept_queue:
            self.accept()

    def accept(self) -> None:
        """Take the next connection from the accept queue, now or when the program is ready."""
        if self.pause is None or self._busy:
            return
        if self.pause:
            self._busy = True
            self.host.clock.after(self.pause, self._ready)
        else:
            self._take()

    def _ready(self) -> None:
        self._busy = False
        if self.host.listening.get(self.listener.local[1]) is self and self.listener.accept_queue:
            self._take()
            if self.listener.accept_queue:
                self.accept()

    def _take(self) -> None:
        socket = self.listener.accept()
        if isinstance(socket, Socket):
            self.host.accepted(socket, self.serve())

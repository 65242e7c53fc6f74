"""A simulated machine: a TCP endpoint, a program that uses it, and a network card.

What the endpoint wants to send becomes a whole frame, byte for byte; what arrives is taken apart again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from handshake import net
from handshake.peel import peel
from handshake.sim.clock import Clock
from handshake.tcp import Endpoint, Segment
from handshake.trace import Recorder


class Program(Protocol):
    """What runs on a host: told of everything that its endpoint does, it may call the endpoint."""

    def __call__(self, host: Host) -> None: ...  # noqa: D102


@dataclass
class Host:
    """One end of a simulated connection.

    name: "client" or "server".   link: takes a transit's number and frame away.
    mac, gateway: hardware addresses of its own card and of the next machine.
    timers: whether the endpoint's timers run.
    """

    name: str
    endpoint: Endpoint
    clock: Clock
    recorder: Recorder
    connection: int
    program: Program
    mac: str
    gateway: str
    link: Callable[[Host, int, bytes], None]
    timers: bool = True
    packets: int = 0

    def call(self, action: Callable[[], None]) -> None:
        """Let the program call its endpoint; what the endpoint then sends leaves."""
        self.endpoint.now = self.clock.now
        action()
        self._carry_out(None)

    def receive(self, number: int, frame: bytes) -> None:
        """A frame arrived."""
        segment = next(layer for layer in peel(frame) if isinstance(layer, Segment))
        self.endpoint.receive(segment, self.clock.now)
        self._carry_out(number)

    def tick(self) -> None:
        """The clock reached the endpoint's next timer."""
        timer = self.endpoint.next_timer()
        if timer is not None and timer <= self.clock.now:
            self.endpoint.tick(self.clock.now)
            self._carry_out(None)

    def _carry_out(self, arrived: int | None) -> None:
        """Record what the endpoint did, send its segments, let the program answer, set the timer."""
        _, move = self.endpoint.history[-1]
        numbers = tuple(self._send(segment) for segment in self.endpoint.outgoing())
        self.recorder.step(
            at=self.clock.now,
            connection=self.connection,
            end=self.name,
            cause=move.cause,
            before=move.before.plain(),
            after=move.after.plain(),
            transit=arrived,
            sends=numbers,
            notes=move.notes,
        )
        timer = self.endpoint.next_timer()
        if timer is not None and self.timers:
            self.clock.at(timer, self.tick)
        self.program(self)

    def _send(self, segment: Segment) -> int:
        self.packets += 1
        local, remote = self.endpoint.tcb.local, self.endpoint.tcb.remote or self.endpoint.remote
        assert remote is not None  # an end that sends knows to whom
        ip: net.IPv4 | net.IPv6
        if ":" in local[0]:
            ip = net.IPv6(local[0], remote[0])
        else:
            ip = net.IPv4(local[0], remote[0], identification=self.packets & 0xFFFF)
        frame = net.encode((net.Ethernet(self.gateway, self.mac), ip, segment))
        number = self.recorder.sent(frame, self.clock.now, connection=self.connection, sender=self.name)
        self.link(self, number, frame)
        return number

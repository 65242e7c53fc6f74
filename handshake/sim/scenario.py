"""Whole runs: two hosts, a link and two programs on one clock -> Trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import inf

from handshake.entropy import Entropy
from handshake.flows import observe
from handshake.sim.clock import Clock
from handshake.sim.faults import Drop
from handshake.sim.host import Host, Program
from handshake.tcp import Endpoint, State
from handshake.trace import Address, Connection, Message, Recorder, Trace, Transit
from handshake.wire import fit

EPOCH = 946_684_800 * 10**9
"""Simulated runs begin on 2000-01-01 at 00:00 UTC."""

MACS = {"client": "02:00:00:00:00:0a", "server": "02:00:00:00:00:0b"}
"""Hardware addresses of the two ends, which share a link here."""


def tcp(
    *,
    seed: int | bytes | str | None = 0,
    delay: float = 0.020,
    request: bytes = b"hello server",
    response: bytes = b"hello client",
    think: float = 0.010,
    faults: Iterable[Drop] = (),
    client: Address = ("10.0.0.1", 40000),
    server: Address = ("10.0.0.2", 443),
    client_isn: int | None = None,
    server_isn: int | None = None,
    time_wait: bool = False,
    title: str | None = None,
) -> Trace:
    """A TCP connection from its first segment to its last, on our own machine at both ends.

    The client opens and sends `request`; the server answers with `response`; the client closes, then the
    server.  An empty request or response is left out.

    seed: the same seed gives the same bytes; None draws from the system.   delay: one way, in seconds.
    think: how long a program takes before it sends or closes.   faults: see `sim.drop`.
    client, server: (ip, port), both of IPv4 or both of IPv6.
    client_isn, server_isn: initial sequence numbers; drawn from the seed if None.
    time_wait: also wait until the client's TIME-WAIT is over, some minutes later.
    There is no retransmission yet: what is lost is repaired only where a later segment does it.
    ValueError for arguments that make no connection.
    """
    _check_seconds(delay=delay, think=think)
    _check_bytes(request=request, response=response)
    _check_ends(client, server)
    faults = _checked_faults(faults)
    entropy = Entropy(seed)
    clock = Clock()
    recorder = Recorder("", EPOCH, describe)
    connection = recorder.connection("TCP", client, server)
    link = Link(clock, recorder, delay, faults)

    def host(name: str, local: Address, remote: Address, isn: int | None, program: Program) -> Host:
        if isn is None:
            isn = int.from_bytes(entropy(f"{name} ISN", 4), "big")
        mac, gateway = MACS[name], MACS["server" if name == "client" else "client"]
        endpoint = Endpoint(local, remote, isn=fit(f"{name}_isn", isn, 32))
        return Host(name, endpoint, clock, recorder, connection, program, mac, gateway, link, time_wait)

    caller = host("client", client, server, client_isn, Client(request, response, think))
    called = host("server", server, client, server_isn, Server(request, response, think))
    link.ends = {"client": caller, "server": called}
    clock.at(0.0, lambda: called.call(called.endpoint.listen))
    clock.at(0.0, lambda: caller.call(caller.endpoint.open))
    clock.run()
    recorder.title = _title(link.done) if title is None else title
    return recorder.snapshot()


def _check_seconds(**seconds: float) -> None:
    for name, value in seconds.items():
        if not isinstance(value, (int, float)) or not 0 <= value < inf:
            raise ValueError(f"{name} is a number of seconds, 0 or more; got {value!r}")


def _check_bytes(**parts: bytes) -> None:
    for name, value in parts.items():
        if not isinstance(value, bytes):
            raise TypeError(f"{name} is what travels, in bytes: b'hello'; got {value!r}")


def _checked_faults(faults: Iterable[Drop]) -> tuple[Drop, ...]:
    found = (faults,) if isinstance(faults, Drop) else tuple(faults)
    for fault in found:
        if not isinstance(fault, Drop):
            raise TypeError(f"faults are made with sim.drop('client', nth=2); got {fault!r}")
    return found


def _check_ends(client: Address, server: Address) -> None:
    for end, address in (("client", client), ("server", server)):
        if not isinstance(address, tuple) or [type(part) for part in address] != [str, int]:
            raise ValueError(f"the {end} is an address and a port: ('10.0.0.1', 40000); got {address!r}")
    versions = {ip_address(ip).version for ip, _ in (client, server)}
    if len(versions) > 1:
        raise ValueError(f"the ends need addresses of the same kind; got {client[0]} and {server[0]}")
    if client == server:
        raise ValueError(f"the ends need different addresses or ports; both are {client}")
    for end, (_, port) in (("client", client), ("server", server)):
        fit(f"port of the {end}", port, 16)


def describe(transits: Sequence[Transit], connections: Sequence[Connection]) -> Iterable[Message]:
    """The messages of a run, told in the same words as those of a capture."""
    for connection in connections:
        yield from observe(connection, (transits[number - 1] for number in connection.transits)).messages


def _title(faults: Sequence[Drop]) -> str:
    if not faults:
        return "A TCP connection, simulated"
    lost = " and ".join(f"segment {fault.nth} of the {fault.end}" for fault in faults)
    return f"A TCP connection, simulated: {lost} lost"


@dataclass
class Link:
    """Carries frames from either end to the other in `delay` seconds, and does what the faults say."""

    clock: Clock
    recorder: Recorder
    delay: float
    faults: tuple[Drop, ...] = ()
    ends: dict[str, Host] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    done: list[Drop] = field(default_factory=list)

    def __call__(self, sender: Host, number: int, frame: bytes) -> None:
        """Take a frame; deliver it later, or lose it."""
        name = sender.name
        self.counts[name] = count = self.counts.get(name, 0) + 1
        fault = next((f for f in self.faults if f.end == name and f.nth == count), None)
        if fault:
            text = f"transit {number} was lost: {fault}"
            self.done.append(fault)
            self.recorder.befell(number, "lost", text, self.clock.now)
            return
        receiver = self.ends["server" if name == "client" else "client"]

        def deliver() -> None:
            self.recorder.arrived(number, self.clock.now)
            receiver.receive(number, frame)

        self.clock.after(self.delay, deliver)


@dataclass
class Client:
    """A program that asks, reads the answer, and closes."""

    request: bytes
    response: bytes
    think: float
    asked: bool = False
    closed: bool = False

    def __call__(self, host: Host) -> None:
        """See what the endpoint has come to, and go on."""
        end = host.endpoint
        if end.state is State.ESTABLISHED and self.request and not self.asked:
            self.asked = True
            host.clock.after(self.think, lambda: host.call(lambda: end.send(self.request)))
        finished = self.asked or not self.request
        if (
            end.state is State.ESTABLISHED
            and finished
            and not self.closed
            and len(end.received) >= len(self.response)
        ):
            self.closed = True
            host.clock.after(self.think, lambda: host.call(end.close))


@dataclass
class Server:
    """A program that reads, answers, and closes when its client has closed."""

    request: bytes
    response: bytes
    think: float
    answered: bool = False
    closed: bool = False

    def __call__(self, host: Host) -> None:
        """See what the endpoint has come to, and go on."""
        end = host.endpoint
        if (
            end.state is State.ESTABLISHED
            and self.response
            and not self.answered
            and len(end.received) >= len(self.request)
        ):
            self.answered = True
            host.clock.after(self.think, lambda: host.call(lambda: end.send(self.response)))
        if end.state is State.CLOSE_WAIT and not self.closed:
            self.closed = True
            host.clock.after(self.think, lambda: host.call(end.close))

"""A whole connection: two machines, a link and two programs on one clock -> Trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from math import inf
from typing import Any

from handshake.sim.faults import Fault
from handshake.sim.link import Link
from handshake.sim.programs import Client, Server
from handshake.sim.socket import Program, Socket
from handshake.sim.world import CLIENT, SERVER, World, checked
from handshake.trace import Address, Trace
from handshake.wire import fit


def tcp(
    *,
    seed: int | bytes | str | None = 0,
    delay: float = 0.020,
    link: Link | None = None,
    request: bytes = b"hello server",
    response: bytes = b"hello client",
    think: float = 0.010,
    faults: Iterable[Fault] = (),
    client: Address = CLIENT,
    server: Address = SERVER,
    client_isn: int | None = None,
    server_isn: int | None = None,
    time_wait: bool = False,
    until: float | None = None,
    title: str | None = None,
    **choices: Any,
) -> Trace:
    """A TCP connection from its first segment to its last, on our own machine at both ends.

    The client opens and sends `request`; the server answers with `response`; the client closes, then the
    server.  An empty request or response is left out.

    seed: the same seed gives the same bytes; None draws from the system.   delay: one way, in seconds.
    link: a whole link in its place, with a delay of its own: `sim.Link(delay=0.02, loss=0.1)`.
    think: how long a program takes before it sends or closes.   faults: see `sim.drop` and its like.
    client, server: (ip, port), both of IPv4 or both of IPv6.
    client_isn, server_isn: initial sequence numbers; by RFC 6528 from the seed if None.
    time_wait: also wait until the client's TIME-WAIT is over, some minutes later.
    until: when to stop watching, in seconds; None waits until nothing more happens.
    Further choices are those of `tcp.Settings`, for both ends: mss, window, retries, keep_alive ...
    ValueError or TypeError for arguments that make no connection.
    """
    check_seconds(think=think, **({} if until is None else {"until": until}))
    _check_bytes(request=request, response=response)
    faults = checked(faults)
    world = World(seed=seed, link=link or Link(delay), faults=faults)
    here, there = ends(
        world, client, server, (client_isn, server_isn), Client(request, response, think),
        Server(request, response, think), time_wait, choices,
    )  # fmt: skip
    world.clock.at(0.0, there.listen)
    world.clock.at(0.0, here.open)
    world.run(until)
    return world.trace(title_of(world.faults_done) if title is None else title)


def ends(
    world: World, client: Address, server: Address, isns: tuple[int | None, int | None],
    asks: Program | None, answers: Program | None, time_wait: bool, choices: dict[str, Any],
) -> tuple[Socket, Socket]:  # fmt: skip
    """A machine with a socket at either end of a connection, with their programs; nothing is called yet."""
    _check_ends(client, server)
    caller, called = world.host("client", client[0]), world.host("server", server[0])
    caller.time_wait = called.time_wait = time_wait
    settings = caller.settings(**choices)
    first, second = (
        None if isn is None else fit(f"{end}_isn", isn, 32)
        for end, isn in zip(("client", "server"), isns, strict=True)
    )
    here = caller.socket(client[1], server, program=asks, settings=settings, isn=first)
    there = called.socket(server[1], client, end="server", program=answers, settings=settings, isn=second)
    return here, there


def title_of(faults: Sequence[Fault]) -> str:
    """What a run with these faults is called."""
    name = "A TCP connection, simulated"
    if len(faults) > 2:
        return f"{name}: {len(faults)} faults"
    told: dict[str, list[str]] = {}  # what happened, and to what
    for fault in faults:
        told.setdefault(fault.deed, []).append(fault.what)
    words = [f"{' and '.join(what)} {deed}" for deed, what in told.items()]
    return f"{name}: {' and '.join(words)}" if words else name


def check_seconds(**seconds: float) -> None:
    """Arguments that are numbers of seconds; ValueError for what is none."""
    for name, value in seconds.items():
        if not isinstance(value, (int, float)) or not 0 <= value < inf:
            raise ValueError(f"{name} is a number of seconds, 0 or more; got {value!r}")


def _check_bytes(**parts: bytes) -> None:
    for name, value in parts.items():
        if not isinstance(value, bytes):
            raise TypeError(f"{name} is what travels, in bytes: b'hello'; got {value!r}")


def _check_ends(client: Address, server: Address) -> None:
    for end, address in (("client", client), ("server", server)):
        if not isinstance(address, tuple) or [type(part) for part in address] != [str, int]:
            raise ValueError(f"the {end} is an address and a port: ('10.0.0.1', 40000); got {address!r}")
    versions = {ip_address(ip).version for ip, _ in (client, server)}
    if len(versions) > 1:
        raise ValueError(f"the ends need addresses of the same kind; got {client[0]} and {server[0]}")
    if client[0] == server[0]:
        raise ValueError(f"the ends are two machines, and need different addresses; both are {client[0]}")
    for end, (_, port) in (("client", client), ("server", server)):
        fit(f"port of the {end}", port, 16)

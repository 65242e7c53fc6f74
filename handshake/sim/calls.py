"""A connection whose programs call what they are told to, when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from handshake.sim.faults import Fault
from handshake.sim.link import Link
from handshake.sim.scenario import check_seconds, ends, title_of
from handshake.sim.socket import Socket
from handshake.sim.world import CLIENT, SERVER, World, checked
from handshake.trace import Address, Trace

Call = bytes | str
"""Bytes are sent; a word is one of CALLS."""

CALLS: dict[str, tuple[str, Callable[[Socket], object]]] = {
    "open": ("call the other end", lambda socket: socket.open()),
    "listen": ("wait to be called", lambda socket: socket.listen()),
    "shutdown": ("say that no more will be sent; go on reading", lambda socket: socket.close()),
    "close": ("say so, and read no more", lambda socket: socket.close(reading=False)),
    "abort": ("end it at once", lambda socket: socket.abort()),
    "hold": ("read nothing, until further notice", lambda socket: socket.read(0)),
    "read": ("read all that has come, and from now on whatever comes", lambda socket: socket.read()),
}
"""What a program may call, in words and in deed."""


def calls(
    client: Mapping[float, Call | Iterable[Call]],
    server: Mapping[float, Call | Iterable[Call]],
    *,
    seed: int | bytes | str | None = 0,
    delay: float = 0.020,
    link: Link | None = None,
    faults: Iterable[Fault] = (),
    client_isn: int | None = None,
    server_isn: int | None = None,
    addresses: tuple[Address, Address] = (CLIENT, SERVER),
    time_wait: bool = False,
    until: float | None = None,
    title: str | None = None,
    **choices: Any,
) -> Trace:
    """Two programs, each with a timetable of calls: {0.0: "open", 0.1: b"hello", 0.5: "close"}.

    client, server: what each calls, by the time in seconds.  Bytes are sent; a word is one of: open, listen,
    shutdown, close, abort, hold (read nothing) and read (all that has come and will come).  As with sockets,
    `shutdown` says that no more will be sent, which is the standard's CLOSE, and `close` also reads no more.
    Several calls of one moment are a list.  What the machine refuses is told in the trace, and the program
    goes on.
    addresses: of client and server, each an (ip, port).
    until: when to stop watching, in seconds; needed where something goes on for ever, as keep-alive does.
    Everything else is as for `sim.tcp`.
    """
    check_seconds(**({} if until is None else {"until": until}))
    faults = checked(faults)
    world = World(seed=seed, link=link or Link(delay), faults=faults)
    sockets = ends(world, *addresses, (client_isn, server_isn), None, None, time_wait, choices)
    for socket, plan in zip(reversed(sockets), (server, client), strict=True):  # who listens is first
        for time, planned in sorted(plan.items()):
            check_seconds(**{"the time of a call": time})
            several = [planned] if isinstance(planned, (bytes, str)) else list(planned)
            for call in several:
                if not isinstance(call, bytes) and call not in CALLS:
                    raise ValueError(
                        f"a call is some bytes to send, or one of {', '.join(CALLS)}; not {call!r}"
                    )
                world.clock.at(time, partial(_call, socket, call, socket.host.life))
    world.run(until)
    return world.trace(title_of(world.faults_done) if title is None else title)


def _call(socket: Socket, call: Call, life: int) -> None:
    """Let the program of a socket call something, if it has not died, and its machine neither."""
    if socket.gone or socket.host.life != life:
        return
    if isinstance(call, bytes):
        socket.attempt(lambda: socket.send(call))
    else:
        socket.attempt(lambda: CALLS[call][1](socket))

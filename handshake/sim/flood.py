"""Calls that are not meant, and what they cost the one who is called.

A SYN flood: somebody sends SYN after SYN under addresses that are not his own.  Every one of them takes a
place in the SYN queue until the server gives up waiting for an answer that will never come, and honest
callers find no place.  SYN cookies need no place.

Old SYNs: duplicates of calls that were over long ago.  With a handshake of two messages every one of them
becomes a connection that nobody wants; with three, none.

All of it happens inside the simulation: the addresses are those that are kept for documentation (RFC 5737),
and no packet leaves this process.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from handshake.sim.host import Host
from handshake.sim.link import Link
from handshake.sim.network import Packet
from handshake.sim.programs import Client, Server
from handshake.sim.scenario import check_seconds
from handshake.sim.variants import MACHINES
from handshake.sim.world import CLIENT, SERVER, World
from handshake.tcp import SYN, Segment
from handshake.tcp.options import mss
from handshake.trace import Address, Trace

HONEST = CLIENT[0]

MOST = 20_000
"""So many callers at most, each with a port of its own."""


def flood(
    *,
    rate: float = 20.0,
    seconds: float = 5.0,
    starts: float = 1.0,
    honest: float = 2.0,
    backlog: int = 16,
    cookies: bool = False,
    synack_retries: int = 5,
    until: float = 10.0,
    delay: float = 0.020,
    seed: int | bytes | str | None = 0,
) -> Trace:
    """A server under a flood of forged SYNs, and honest clients who call it all the while.

    rate: forged SYNs in a second; seconds: for how long; starts: when, in seconds.
    honest: honest calls in a second.
    backlog: places in each of the two queues.   cookies: answer with cookies when the SYN queue is full.
    synack_retries: how often an answer is sent again until a place is given up (Linux: 5, which is 63 s).
    until: when to stop watching, in seconds.   delay: one way, in seconds.   seed: the same, the same bytes.
    ValueError for arguments that make no flood.
    """
    for name, number in (("rate", rate), ("honest", honest)):
        if not 0 <= number <= 1000:
            raise ValueError(f"{name} is 0 to 1000 in a second, got {number!r}")
    check_seconds(seconds=seconds, starts=starts, until=until, delay=delay)
    if honest * until > MOST:
        raise ValueError(f"there are ports for {MOST} honest calls, not for {honest * until:g}")
    world = World(seed=seed, link=Link(delay))
    client, server = world.host("client", HONEST), world.host("server", SERVER[0])
    attacker = world.host("attacker", "192.0.2.66")
    server.listen(
        SERVER[1], partial(Server, b"hello", b"", 0.0), backlog=backlog, cookies=cookies,
        settings=server.settings(synack_retries=synack_retries),
    )  # fmt: skip
    calls = int(honest * until)
    for n in range(calls):
        world.clock.at(n / honest + 0.001, partial(_call, client, 40000 + n))
    for n in range(int(rate * seconds)):
        source = f"198.51.100.{1 + n % 254}", 1024 + world.entropy.number("spoofed port", 60000)
        isn = world.entropy.number("spoofed ISN", 2**32)
        world.clock.at(starts + n / rate, partial(forge_syn, world, attacker, source, isn))
    world.run(until, limit=2_000_000)
    kind = "with cookies" if cookies else "without cookies"
    places = f"{backlog} place{'' if backlog == 1 else 's'}"
    title = f"A SYN flood of {rate:g} a second, {kind}, {places}" if rate else f"No flood, {kind}, {places}"
    return world.trace(title)


def old_syns(
    *, messages: int = 3, old: int = 8, honest: int = 2, there: bool = False, until: float = 200.0,
    delay: float = 0.020, seed: int | bytes | str | None = 0, **choices: Any,
) -> Trace:  # fmt: skip
    """A server that is reached by old duplicates of SYNs, with a handshake of 2, 3 or 4 messages.

    old: how many duplicates, one a second; honest: how many real calls between them.
    until: when to stop watching, in seconds.   delay: one way, in seconds.
    there: whether the machine that had sent the old ones is still there (and refuses what it does not know).
    Further choices are those of `tcp.Settings` for the server.
    """
    if messages not in MACHINES:
        raise ValueError(f"a handshake has {', '.join(map(str, MACHINES))} messages here, not {messages!r}")
    check_seconds(until=until, delay=delay)
    if not (0 <= old <= MOST and 0 <= honest <= MOST):
        raise ValueError(
            f"old and honest are 0 to {MOST}, for so many ports there are; got {old} and {honest}"
        )
    world = World(seed=seed, link=Link(delay))
    machine = MACHINES[messages]
    client, server = world.host("client", HONEST), world.host("server", SERVER[0])
    earlier = world.host("earlier client", "10.0.0.7")
    earlier.plugged = there
    server.listen(
        SERVER[1], partial(Server, b"hello", b"", 0.0), machine=machine, settings=server.settings(**choices)
    )
    for n in range(old):
        source = (earlier.address, 30000 + n)
        isn = world.entropy.number("old ISN", 2**32)
        world.clock.at(1.0 + n, partial(forge_syn, world, client, source, isn, "an old duplicate", "old"))
    for n in range(honest):
        world.clock.at(1.5 + 3 * n, partial(_call, client, 40000 + n, machine=machine))
    world.run(until)
    whose = "whose sender is still there" if there else "whose sender is gone"
    return world.trace(f"A handshake of {messages} messages, and {old} old SYNs {whose}")


def forge_syn(
    world: World, sender: Host, source: Address, isn: int, what: str = "forged", kind: str = "forged"
) -> None:
    """A SYN for the server under another's address."""
    segment = Segment(source[1], SERVER[1], isn, flags=SYN, options=(mss(1460),))
    connection = world.recorder.connection("TCP", source, SERVER)
    packet = Packet(sender, source, SERVER, segment, connection, "client")
    world.network.forge(packet, what, kind)


def _call(client: Host, port: int, **choices: Any) -> None:
    program = Client(b"hello", b"", 0.5)
    client.socket(port, SERVER, program=program, **choices).open()

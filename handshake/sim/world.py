"""A small world: machines on one network and one clock, and everything that happens in it, recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handshake.entropy import Entropy
from handshake.flows import observe
from handshake.sim.clock import Clock
from handshake.sim.faults import EndFault, Fault, Forge, Kill, Reboot, SegmentFault, Unplug
from handshake.sim.host import Host
from handshake.sim.link import Link
from handshake.sim.network import Network, Packet
from handshake.tcp import Segment, Tcb
from handshake.tcp.seq import add
from handshake.trace import OTHER, Connection, Message, Recorder, Trace, Transit

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 443)
"""Who calls whom, unless something else is said."""

EPOCH = 946_684_800 * 10**9
"""Simulated runs begin on 2000-01-01 at 00:00 UTC."""

LIMIT = 200_000
"""So many events at most in a run, unless more are asked for."""


class World:
    """Machines, a network and a clock.

    seed: the same seed, the same bytes; None draws from the system.   link: the way between two machines.
    faults: what is to go wrong; see `sim.drop` and its like.
    """

    def __init__(
        self, *, seed: int | bytes | str | None = 0, link: Link | None = None, faults: Iterable[Fault] = ()
    ) -> None:
        faults = checked(faults)
        self.entropy = Entropy(seed)
        self.clock = Clock()
        self.recorder = Recorder("", EPOCH, describe)
        on_the_way = [fault for fault in faults if isinstance(fault, SegmentFault)]
        self.network = Network(self.clock, self.recorder, self.entropy, link or Link(), on_the_way)
        self.hosts: dict[str, Host] = {}
        self.done: list[Fault] = []
        for fault in faults:
            if isinstance(fault, EndFault):
                self.clock.at(fault.at, lambda fault=fault: self._befall(fault))  # type: ignore[misc]

    def host(self, name: str, address: str) -> Host:
        """One more machine.

        name: also what its faults are called by, so "client" and "server" where there are any.
        """
        if name in self.hosts or address in self.network.hosts:
            raise ValueError(f"there is a machine {name!r}, or one at {address}, already")
        found = self.hosts[name] = Host(name, address, self.clock, self.recorder, self.network, self.entropy)
        return found

    def run(self, until: float | None = None, limit: int = LIMIT) -> None:
        """Let everything happen, or what happens up to `until` (seconds).

        limit: how many events at most.   Refused if that is not enough.
        """
        self.clock.run(until=until, limit=limit)

    def trace(self, title: str = "") -> Trace:
        """What has happened so far."""
        self.recorder.title = title
        return self.recorder.snapshot()

    def __repr__(self) -> str:
        names = ", ".join(self.hosts) or "nobody"
        return f"World({names}; at {self.clock.now:g} s)"

    @property
    def faults_done(self) -> list[Fault]:
        """The faults that really came about: a segment that was never sent cannot be lost."""
        return [*self.network.done, *self.done]

    def _befall(self, fault: EndFault) -> None:
        host = self.hosts.get(fault.end)
        if host is None:
            return  # nobody whom it could befall
        if not host.up or (isinstance(fault, Unplug) and not host.plugged):
            return  # it is down, or pulled, already
        self.done.append(fault)
        if isinstance(fault, Kill):
            host.kill()
        elif isinstance(fault, Unplug):
            host.unplug()
            if fault.back is not None:
                self.clock.after(fault.back, host.plug)
        elif isinstance(fault, Reboot):
            host.power_off()
            if fault.down is not None:
                self.clock.after(fault.down, host.power_on)
        elif isinstance(fault, Forge):
            self._forge(fault, host)

    def _forge(self, fault: Forge, host: Host) -> None:
        """Somebody sends the host's connections a segment in the name of the peer."""
        attacker = self.hosts[OTHER[fault.end]]
        for socket in list(host.sockets.values()):
            tcb = socket.tcb
            remote = socket.peer
            if remote is None:
                continue
            number, ack = _aimed(fault.seq, tcb), _aimed(fault.ack, tcb)
            segment = Segment(remote[1], tcb.local[1], number, ack, fault.flags, data=fault.data)
            packet = Packet(attacker, remote, tcb.local, segment, socket.connection, OTHER[socket.end])
            self.network.forge(packet, f"forged: {fault.flags} in the name of the {OTHER[socket.end]}")


def _aimed(given: int | tuple[str, int], tcb: Tcb) -> int:
    """A number that a forger uses, aimed perhaps at a field of the victim's block."""
    if isinstance(given, int):
        return given
    name, more = given
    return add(int(tcb.plain().get(name, 0)), more)  # (before it is connected, some mean nothing yet)


def checked(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The faults as a tuple, also of a single one; TypeError for what is none."""
    found = (faults,) if isinstance(faults, (SegmentFault, EndFault)) else tuple(faults)
    for fault in found:
        if not isinstance(fault, (SegmentFault, EndFault)):
            raise TypeError(f"faults are made with sim.drop('client', nth=2) and its like; got {fault!r}")
    return found


def describe(connection: Connection, transits: Sequence[Transit]) -> Iterable[Message]:
    """The messages of a connection, told in the same words as those of a capture."""
    return observe(connection, transits).messages

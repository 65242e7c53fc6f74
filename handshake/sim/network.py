"""The network between the machines: it carries packets, and does to them what the link and the faults say.

A packet is a segment with the addresses of its ends.  Its bytes are made when somebody looks at the trace, or
when the network is to change them: then the receiver takes apart what has really arrived, and checks its sum.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from handshake import net
from handshake.entropy import Entropy
from handshake.sim.clock import Clock
from handshake.sim.faults import Delay, Drop, Duplicate, Edit, Flip, Reorder, SegmentFault
from handshake.sim.link import Link
from handshake.tcp import Segment
from handshake.trace import Address, Recorder
from handshake.wire import replace

if TYPE_CHECKING:
    from handshake.sim.host import Host

PATIENCE = 1.0
"""So long does a segment that is to be overtaken wait for another, in seconds."""
PINNED = {"checksum", "data_offset"}
"""What is reckoned when a segment is encoded, and stays as it is if somebody sets it."""
BEHIND = 0.001
"""So long behind the other does it arrive."""


class Packet:
    """A segment on its way.

    source, destination: (ip, port).   connection, end: whose it is, for the recorder.
    sender: the machine that really sent it; identification: its count there.
    bits: the changed bytes of the segment, if the network has changed them.
    due: when it will arrive, or would, if it is held back; None if it never will.
    """

    __slots__ = (
        "bits", "connection", "destination", "due", "end", "identification", "number", "segment", "sender",
        "source",
    )  # fmt: skip

    def __init__(
        self, sender: Host, source: Address, destination: Address, segment: Segment, connection: int, end: str
    ) -> None:
        self.sender = sender
        self.source = source
        self.destination = destination
        self.segment = segment
        self.connection = connection
        self.end = end
        self.identification = 0
        self.number = 0
        self.bits: bytes | None = None
        self.due: float | None = None

    @property
    def size(self) -> int:
        """How many bytes travel, from the link header on."""
        return len(self())

    def __call__(self) -> bytes:
        """Its bytes, from the link header on."""
        source, destination = self.source[0], self.destination[0]
        ethernet = net.Ethernet(self.sender.network.mac(destination), self.sender.mac)
        ip: net.IPv4 | net.IPv6
        if ":" in source:
            ip = net.IPv6(source, destination, Segment.number)
        else:
            number = self.identification & 0xFFFF
            ip = net.IPv4(source, destination, Segment.number, identification=number)
        return net.encode((ethernet, ip, self.segment if self.bits is None else net.Payload(self.bits)))


class Network:
    """Carries packets between the hosts that are joined to it."""

    def __init__(
        self, clock: Clock, recorder: Recorder, entropy: Entropy, link: Link, faults: Iterable[SegmentFault]
    ) -> None:
        self.clock = clock
        self.recorder = recorder
        self.link = link
        self.hosts: dict[str, Host] = {}
        self.done: list[SegmentFault] = []
        self._planned: dict[tuple[str, int], list[SegmentFault]] = defaultdict(list)
        for fault in faults:
            self._planned[fault.end, fault.nth].append(fault)
        self._held: dict[str, list[Packet]] = {}
        self._free: dict[str, float] = {}
        self._entropy = entropy
        self._chances: dict[str, random.Random] = {}

    def join(self, host: Host) -> None:
        """One more machine."""
        self.hosts[host.address] = host
        self._chances[host.name] = random.Random(self._entropy(f"network, {host.name}", 32))

    def mac(self, address: str) -> str:
        """The hardware address of the machine that has that IP address; nobody's, if none has it."""
        host = self.hosts.get(address)
        return host.mac if host else "02:00:00:00:00:ff"

    def carry(self, packet: Packet) -> int:
        """Take a packet from its sender; the answer is the number of the transit."""
        sender, now = packet.sender, self.clock.now
        sender.packets += 1
        packet.identification = sender.packets
        number = packet.number = self.recorder.sent(
            packet, now, connection=packet.connection, sender=packet.end
        )
        planned = self._planned and self._planned.get((sender.name, sender.packets))
        link = self.link
        if not sender.plugged:
            self.lose(packet, f"the {sender.name}'s cable is pulled")
        elif planned:
            self._as_planned(packet, planned)
        elif link.loss and self._chances[sender.name].random() < link.loss:
            self.lose(packet, "the link loses some")
        elif link.uneven:
            self._by_chance(packet, link)
        else:
            self._deliver(packet, link.delay)
        if self._held and self._held.get(sender.name):
            self._overtaken(sender.name, packet)
        return number

    def forge(self, packet: Packet, by: str, kind: str = "forged") -> None:
        """Bring in a packet that its sender did not send, or not now.   kind: one of FAULTS."""
        packet.number = self.recorder.sent(
            packet, self.clock.now, connection=packet.connection, sender=packet.end
        )
        packet.identification = packet.number  # (it is not counted among what that machine sends)
        self.recorder.befell(packet.number, kind, f"transit {packet.number} is {by}", self.clock.now)
        self._deliver(packet, self.link.delay)

    # What becomes of a packet.

    def _deliver(self, packet: Packet, delay: float) -> None:
        """Let it arrive in `delay` seconds."""
        host = self.hosts.get(packet.destination[0])
        if host is None:
            self.lose(packet, f"nobody has the address {packet.destination[0]}")
        else:
            packet.due = self.clock.now + delay
            self.clock.at(packet.due, partial(host.receive, packet))

    def lose(self, packet: Packet, why: str) -> None:
        """It never arrives."""
        text = f"transit {packet.number} was lost: {why}"
        self.recorder.befell(packet.number, "lost", text, self.clock.now)

    def _by_chance(self, packet: Packet, link: Link) -> None:
        chance = self._chances[packet.sender.name]
        delay = link.delay + link.jitter * chance.random() if link.jitter else link.delay
        if link.rate:
            delay += self._queued(packet, link.rate)
        if link.reorder and chance.random() < link.reorder:
            self._befell(packet, "delayed", "was held up")
            delay += max(link.delay, 0.001)
        if link.alter and chance.random() < link.alter:
            size = 8 * len(packet.segment.encode(packet.source[0], packet.destination[0]))
            self._flip(packet, chance.randrange(size), "some are changed")
        self._deliver(packet, delay)
        if link.duplicate and chance.random() < link.duplicate:
            self._copy(packet, delay, "some come twice")

    def _queued(self, packet: Packet, rate: float) -> float:
        """How long it takes until the packet is on the link, behind those that came before."""
        now = self.clock.now
        begins = max(now, self._free.get(packet.sender.name, 0.0))
        self._free[packet.sender.name] = begins + packet.size / rate
        return self._free[packet.sender.name] - now

    def _as_planned(self, packet: Packet, planned: Iterable[SegmentFault]) -> None:
        delay = self.link.delay
        if self.link.rate:
            delay += self._queued(packet, self.link.rate)
        for fault in planned:
            self.done.append(fault)
            if isinstance(fault, Drop):
                self.lose(packet, str(fault))
                return
            if isinstance(fault, Delay):
                self._befell(packet, "delayed", f"was held back: {fault}")
                delay += fault.by
            elif isinstance(fault, Duplicate):
                late = partial(self._copy, packet, self.link.delay, str(fault), fault.kind)
                self.clock.after(fault.after, late)
            elif isinstance(fault, Flip):
                self._flip(packet, fault.bit, str(fault))
            elif isinstance(fault, Edit):
                packet.segment = replace(packet.segment, **fault.changes)
                if PINNED & fault.changes.keys():  # the receiver has to judge by the bytes
                    packet.bits = packet.segment.encode(packet.source[0], packet.destination[0])
                self._befell(packet, "altered", f"was changed: {fault}")
            elif isinstance(fault, Reorder):
                self._befell(packet, "delayed", f"is to be overtaken: {fault}")
                self._held.setdefault(packet.sender.name, []).append(packet)
                packet.due = self.clock.now + delay
                self.clock.at(packet.due + PATIENCE, partial(self._release, packet))
                return
        self._deliver(packet, delay)

    def _befell(self, packet: Packet, kind: str, what: str) -> None:
        self.recorder.befell(packet.number, kind, f"transit {packet.number} {what}", self.clock.now)

    def _flip(self, packet: Packet, bit: int, why: str) -> None:
        """Change a bit of the segment's bytes; one beyond the end changes the last."""
        data = bytearray(packet.bits or packet.segment.encode(packet.source[0], packet.destination[0]))
        at = min(bit // 8, len(data) - 1)
        data[at] ^= 0x80 >> bit % 8
        packet.bits = bytes(data)
        self._befell(packet, "altered", f"was changed in byte {at} of its segment: {why}")

    def _copy(self, packet: Packet, delay: float, why: str, kind: str = "duplicate") -> None:
        """A second copy, with a number of its own."""
        copy = Packet(
            packet.sender, packet.source, packet.destination, packet.segment, packet.connection, packet.end
        )
        copy.identification, copy.bits = packet.identification, packet.bits
        copy.number = self.recorder.sent(copy, self.clock.now, connection=copy.connection, sender=copy.end)
        self._befell(copy, kind, f"is a copy of {packet.number}: {why}")
        self._deliver(copy, delay)

    def _overtaken(self, name: str, packet: Packet) -> None:
        """Whoever was to be overtaken by this packet follows right behind it, if it arrives."""
        if packet.due is None or packet in self._held[name]:
            return
        for held in self._held[name]:
            self.clock.at(max(packet.due, held.due or 0.0), partial(self._release, held))

    def _release(self, packet: Packet) -> None:
        held = self._held.get(packet.sender.name, [])
        if packet in held:
            held.remove(packet)
            self._deliver(packet, BEHIND)

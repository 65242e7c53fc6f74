"""Small builders of capture files, byte by byte as their formats say, and of the packets to put into them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from dataclasses import replace as exactly

from handshake.errors import DecodeError
from handshake.net import IPv4, IPv6, encode
from handshake.peel import dissect
from handshake.tcp import Segment
from handshake.tcp.options import MSS, NOP, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE, Option
from handshake.tcp.segment import Flags
from handshake.trace import Fault, Trace

BILLION = 10**9
START = 1_700_000_000 * BILLION
"""When the packets below were seen, in nanoseconds since 1970."""

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 443)
CLIENT_6, SERVER_6 = ("2001:db8::1", 40000), ("2001:db8::2", 443)


# ---- Packets ---------------------------------------------------------------------------------------------


def talk(version: int = 4, *, client_port: int = 40000, sack: bool = True) -> list[bytes]:
    """A whole TCP connection as IP packets: handshake, "hello" each way, close.  10 packets."""
    first = (Option(MSS, b"\x05\xb4"), Option(NOP), Option(WINDOW_SCALE, b"\x07"))
    if sack:
        first += (Option(SACK_PERMITTED), Option(TIMESTAMPS, bytes(range(8))))
    lines: list[tuple[str, int, int, str, bytes]] = [
        ("client", 1000, 0, "SYN", b""),
        ("server", 5000, 1001, "SYN ACK", b""),
        ("client", 1001, 5001, "ACK", b""),
        ("client", 1001, 5001, "PSH ACK", b"hello server"),
        ("server", 5001, 1013, "PSH ACK", b"hello client"),
        ("client", 1013, 5013, "ACK", b""),
        ("client", 1013, 5013, "FIN ACK", b""),
        ("server", 5013, 1014, "ACK", b""),
        ("server", 5013, 1014, "FIN ACK", b""),
        ("client", 1014, 5014, "ACK", b""),
    ]
    packets = []
    for sender, number, ack, names, data in lines:
        flags = Flags(sum(Flags[name] for name in names.split()))
        ports = (client_port, 443) if sender == "client" else (443, client_port)
        segment = Segment(*ports, number, ack, flags, 64000, data, first if flags & Flags.SYN else ())
        packets.append(ip(sender, segment, version))
    return packets


def ip(sender: str, segment: Segment, version: int = 4, **changes: int) -> bytes:
    """A segment in an IP packet from "client" or "server"; `changes` are fields of the IP header."""
    kind, ends = (IPv4, (CLIENT, SERVER)) if version == 4 else (IPv6, (CLIENT_6, SERVER_6))
    source, destination = ends if sender == "client" else ends[::-1]
    return encode((kind(source[0], destination[0], **changes), segment))


MACS = bytes.fromhex("02000000000b 02000000000a")


def _kind(packet: bytes) -> int:
    return 0x0800 if packet[0] >> 4 == 4 else 0x86DD


@dataclass(frozen=True)
class Wrapping:
    """A way for an IP packet to stand in a capture.

    name: of the case; number: the link type in the file; link: our name of it; names: the layers around it.
    """

    name: str
    number: int
    link: str
    names: tuple[str, ...]

    def wrap(self, packet: bytes) -> bytes:
        """The frame that holds the packet."""
        kind, family = _kind(packet), 2 if packet[0] >> 4 == 4 else 30
        heads = {
            "Ethernet": MACS + struct.pack(">H", kind),
            "VLAN": MACS + struct.pack(">HHH", 0x8100, 0x2007, kind),
            "QinQ": MACS + struct.pack(">HHHHH", 0x88A8, 0x0064, 0x8100, 0x2007, kind),
            "cooked": struct.pack(">HHH8sH", 0, 1, 6, MACS[:8], kind),
            "cooked 2": struct.pack(">HHIHBB8s", kind, 0, 3, 1, 0, 6, MACS[:8]),
            "null, little-endian": struct.pack("<I", family),
            "null, big-endian": struct.pack(">I", family),
            "loop": struct.pack(">I", family),
        }
        return heads.get(self.name, b"") + packet


WRAPPINGS = (
    Wrapping("Ethernet", 1, "ethernet", ("Ethernet",)),
    Wrapping("VLAN", 1, "ethernet", ("Ethernet", "VLAN")),
    Wrapping("QinQ", 1, "ethernet", ("Ethernet", "VLAN", "VLAN")),
    Wrapping("raw", 101, "raw", ()),
    Wrapping("raw, number 12", 12, "raw", ()),
    Wrapping("raw, number 14", 14, "raw", ()),
    Wrapping("raw IPv4", 228, "raw", ()),
    Wrapping("raw IPv6", 229, "raw", ()),
    Wrapping("cooked", 113, "linux-sll", ("Linux cooked",)),
    Wrapping("cooked 2", 276, "linux-sll2", ("Linux cooked 2",)),
    Wrapping("null, little-endian", 0, "loopback", ("loopback",)),
    Wrapping("null, big-endian", 0, "loopback", ("loopback",)),
    Wrapping("loop", 108, "loopback", ("loopback",)),
)


# ---- Files -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Packet:
    """One packet of a capture: nanoseconds since 1970, what was kept of it, and how long it was."""

    time: int
    kept: bytes
    length: int

    def cut(self, size: int) -> Packet:
        """The same, of which only the first bytes were kept."""
        return exactly(self, kept=self.kept[:size])


def packets(frames: Iterable[bytes], step: int = 1_000_000) -> list[Packet]:
    """The frames as packets seen one after the other, one each `step` nanoseconds."""
    return [Packet(START + n * step, frame, len(frame)) for n, frame in enumerate(frames)]


def pcap(seen: Sequence[Packet], link: int = 1, *, order: str = "<", nano: bool = False) -> bytes:
    """A classic pcap file."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)]
    for one in seen:
        seconds, rest = divmod(one.time, BILLION)
        parts.append(struct.pack(order + "IIII", seconds, rest // unit, len(one.kept), one.length) + one.kept)
    return b"".join(parts)


@dataclass(frozen=True)
class Ng:
    """Blocks of a pcapng section, in one byte order."""

    order: str = "<"

    def block(self, kind: int, body: bytes) -> bytes:
        """Any block."""
        body = padded(body)
        size = struct.pack(self.order + "I", len(body) + 12)
        return struct.pack(self.order + "I", kind) + size + body + size

    def options(self, *pairs: tuple[int, bytes]) -> bytes:
        """Options, closed as they must be; none at all if there are none."""
        parts = [struct.pack(self.order + "HH", code, len(value)) + padded(value) for code, value in pairs]
        return b"".join(parts) + bytes(4) if parts else b""

    def section(self, *options: tuple[int, bytes]) -> bytes:
        """A section header of unknown length."""
        return self.block(0x0A0D0D0A, self.pack("IHHq", 0x1A2B3C4D, 1, 0, -1) + self.options(*options))

    def interface(self, link: int = 1, *options: tuple[int, bytes], snap: int = 0) -> bytes:
        """An interface description."""
        return self.block(1, self.pack("HHI", link, 0, snap) + self.options(*options))

    def enhanced(self, ticks: int, kept: bytes, interface: int = 0, *options: tuple[int, bytes]) -> bytes:
        """An enhanced packet block."""
        head = self.pack("IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(kept), len(kept))
        return self.block(6, head + padded(kept) + self.options(*options))

    def obsolete(self, ticks: int, kept: bytes, interface: int = 0, drops: int = 5) -> bytes:
        """The packet block of old files."""
        head = self.pack("HHIIII", interface, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(kept), len(kept))
        return self.block(2, head + padded(kept))

    def simple(self, kept: bytes, length: int | None = None) -> bytes:
        """A simple packet block: no time, no interface."""
        return self.block(3, self.pack("I", len(kept) if length is None else length) + kept)

    def pack(self, form: str, *values: int) -> bytes:
        """Numbers in the byte order of the section."""
        return struct.pack(self.order + form, *values)


def padded(data: bytes) -> bytes:
    """Filled up to a word of 4 bytes."""
    return data + bytes(-len(data) % 4)


def pcapng(seen: Sequence[Packet], link: int = 1, *, order: str = "<") -> bytes:
    """A plain pcapng file in microseconds."""
    ng = Ng(order)
    blocks = [ng.enhanced(one.time // 1000, one.kept) for one in seen]
    return b"".join([ng.section(), ng.interface(link), *blocks])


# ---- Looking ---------------------------------------------------------------------------------------------


def look_at(trace: Trace) -> str:
    """Look at every part of a trace, so that nothing stays unread; its text."""
    for transit in trace.transits:
        assert tiles(transit.spans, len(transit.frame)), transit
        found = dissect(transit.frame, transit.link, transit.length)
        assert all(found.checksums.values())
        assert found.error or found.layers
    for message in trace.messages:
        assert message.text(), message
    assert len(trace.entries) == len(trace.transits) + len(trace.steps) + len(trace.faults)
    held = [number for connection in trace.connections for number in connection.transits]
    assert sorted(held) == [t.number for t in trace.transits if t.connection is not None]
    assert len(trace.plaintext()) <= 2 * len(trace.connections)
    return str(trace)


def tiles(spans: Sequence[object], size: int) -> bool:
    """Whether the Spans cover `size` bytes, each bit once and in order."""
    at = 0
    for span in spans:
        if 8 * span.start + span.bit != at:  # type: ignore[attr-defined]
            return False
        at += span.bits  # type: ignore[attr-defined]
    return at == 8 * size


def told(trace: Trace) -> list[tuple[object, ...]]:
    """What has to survive a file: of each transit its bytes, link, length and time in nanoseconds."""
    return [
        (t.frame, t.link, t.wire_length, None if t.seen is None else trace.epoch + round(t.seen * 1e9))
        for t in trace.transits
    ]


def is_one_sentence(error: DecodeError | Fault) -> bool:
    """Whether the text is one line that names the place, what was expected, and what came."""
    text = error.text if isinstance(error, Fault) else str(error)
    return "\n" not in text and all(word in text for word in (" at byte ", ": expected ", ", got "))

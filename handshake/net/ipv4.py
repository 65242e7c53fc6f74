"""IPv4 (RFC 791): the layer that every router on the way reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.net.address import ip_bytes, ip_text, ip_texts
from handshake.wire import Field, Layout, Reader, fit, internet_checksum, made

PROTOCOLS = {
    1: "ICMP",
    2: "IGMP",
    6: "TCP",
    17: "UDP",
    41: "IPv6",
    47: "GRE",
    50: "ESP",
    58: "ICMPv6",
    59: "no next header",
}
"""Protocol numbers that we name (IANA)."""


def protocol_words(number: int) -> str:
    """The name of the protocol inside."""
    return PROTOCOLS.get(number, "not known here")


ECN = ("not ECN-capable", "ECN-capable, ECT(1)", "ECN-capable, ECT(0)", "congestion experienced")

HEADER = Layout(
    ("IPv4",),
    Field("version", 4, "4 says that this is IPv4"),
    Field("header length", 4, "in words of 4 bytes", lambda words: f"{4 * words} bytes"),
    Field("differentiated services", 6, "what treatment is asked of routers (RFC 2474)"),
    Field("ECN", 2, "whether a router on the way was congested (RFC 3168)", lambda value: ECN[value]),
    Field("total length", 16, "of header and payload, in bytes"),
    Field("identification", 16, "tells the fragments of one packet from those of another"),
    Field("reserved flag", 1, "must be zero"),
    Field("don't fragment", 1, "routers must not cut the packet"),
    Field("more fragments", 1, "this is not the last piece"),
    Field("fragment offset", 13, "where this piece belongs, in units of 8 bytes"),
    Field("time to live", 8, "every router takes one off; at 0 the packet is dropped"),
    Field("protocol", 8, "which protocol is inside", protocol_words),
    Field("header checksum", 16, "over this header alone"),
    Field("source address", 32, "who sent it", ip_text, raw=True),
    Field("destination address", 32, "whom it is for", ip_text, raw=True),
)

DONT_FRAGMENT, MORE_FRAGMENTS = 0b010, 0b001


@dataclass(frozen=True)
class IPv4:
    """An IPv4 header, 20 to 60 bytes (RFC 791 section 3.1).

    flags: 3 bits; fragment_offset in units of 8 bytes; options as they stand, a multiple of 4 bytes.
    protocol: what is inside; None means the layer that follows in `net.encode`, or else TCP.
    header_length (in 4-byte words), total_length (bytes) and checksum: None means, work it out.
    """

    source: str
    destination: str
    protocol: int | None = None
    ttl: int = 64
    identification: int = 0
    flags: int = DONT_FRAGMENT
    fragment_offset: int = 0
    dscp: int = 0
    ecn: int = 0
    options: bytes = b""
    header_length: int | None = None
    total_length: int | None = None
    checksum: int | None = None

    name: ClassVar[str] = "IPv4"
    ethertype: ClassVar[int] = 0x0800
    names_next: ClassVar[str] = "protocol"
    osi: ClassVar[str] = "3 network"
    internet: ClassVar[str] = "internet"
    read_by: ClassVar[str] = "every router on the way"
    derived: ClassVar[tuple[str, ...]] = ("header_length", "total_length", "checksum")

    @classmethod
    def read(cls, reader: Reader) -> IPv4:
        """Take the header off the front; what is left is the payload, without the link's padding."""
        start = reader.pos
        (first, service, total, identification, fragment, ttl, protocol, checksum, source, destination) = (
            reader.layout(HEADER)
        )
        length = first & 15
        if first >> 4 != 4:
            raise DecodeError("version", start, "4", str(first >> 4))
        if length < 5:
            raise DecodeError("header length", start, "at least 5 words of 4 bytes", str(length))
        options = b""
        if length > 5:
            options = reader.take(
                "options", 4 * length - 20, "rarely used; RFC 791 section 3.1", path=("IPv4",)
            )
        if total < 4 * length:
            # Zero is what a card that cuts large packets itself is handed: the frame's own length counts.
            if total:
                raise DecodeError(
                    "total length", start + 2, f"at least the header's {4 * length} bytes", f"{total}"
                )
        elif start + total <= reader.end:
            reader.end, reader.cut = start + total, False  # the packet is whole, whatever the frame lacks
        source_text, destination_text = ip_texts(source, destination)
        return made(
            cls,
            {
                "source": source_text,
                "destination": destination_text,
                "protocol": protocol,
                "ttl": ttl,
                "identification": identification,
                "flags": fragment >> 13,
                "fragment_offset": fragment & 0x1FFF,
                "dscp": service >> 2,
                "ecn": service & 3,
                "options": options,
                "header_length": length,
                "total_length": total,
                "checksum": checksum,
            },
        )

    @property
    def is_fragment(self) -> bool:
        """Whether it carries only a piece of a packet."""
        return self.fragment_offset > 0 or self.flags & MORE_FRAGMENTS > 0

    def pseudo_header(self, protocol: int, length: int) -> bytes:
        """What the checksums of TCP and UDP cover besides their own bytes (RFC 9293 section 3.1)."""
        return pseudo_header(self.source, self.destination, protocol, length)

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        if len(self.options) % 4:
            raise ValueError(f"IPv4 options fill words of 4 bytes; got {len(self.options)} bytes")
        words = 5 + len(self.options) // 4
        length = words if self.header_length is None else self.header_length
        total = 4 * words + len(payload) if self.total_length is None else self.total_length
        head = (
            0x40 | fit("header length", length, 4),
            fit("differentiated services", self.dscp, 6) << 2 | fit("ECN", self.ecn, 2),
            total,
            self.identification,
            fit("flags", self.flags, 3) << 13 | fit("fragment offset", self.fragment_offset, 13),
            self.ttl,
            6 if self.protocol is None else self.protocol,
        )
        addresses = ip_bytes(self.source), ip_bytes(self.destination)
        checksum = self.checksum
        if checksum is None:
            checksum = internet_checksum(HEADER.pack(*head, 0, *addresses) + self.options)
        return HEADER.pack(*head, checksum, *addresses) + self.options + payload


def pseudo_header(source: str, destination: str, protocol: int, length: int) -> bytes:
    """The pseudo-header over which TCP and UDP checksums run, for IPv4 (12 bytes) and IPv6 (40 bytes).

    length: of the TCP or UDP part, header included.  RFC 9293 section 3.1, RFC 8200 section 8.1.
    """
    addresses = ip_bytes(source) + ip_bytes(destination)
    if len(addresses) == 8:
        return addresses + bytes((0, protocol)) + length.to_bytes(2, "big")
    return addresses + length.to_bytes(4, "big") + bytes((0, 0, 0, protocol))

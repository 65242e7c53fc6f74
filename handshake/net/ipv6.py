"""IPv6 (RFC 8200): a fixed header of 40 bytes, without checksum, and a chain of extension headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.net.address import ip_bytes, ip_text
from handshake.net.ipv4 import ECN, PROTOCOLS, pseudo_header
from handshake.wire import Field, Layout, Reader, fit

EXTENSIONS = {0: "hop-by-hop options", 43: "routing", 44: "fragment", 60: "destination options"}
"""Extension headers (RFC 8200 section 4) that we can step over."""


NO_NEXT_HEADER = 59


def next_words(number: int) -> str:
    """What follows this header."""
    return EXTENSIONS.get(number) or PROTOCOLS.get(number, "not known here")


_NEXT = Field("next header", 8, "what follows this header", next_words)

HEADER = Layout(
    ("IPv6",),
    Field("version", 4, "6 says that this is IPv6"),
    Field("differentiated services", 6, "what treatment is asked of routers (RFC 2474)"),
    Field("ECN", 2, "whether a router on the way was congested (RFC 3168)", lambda value: ECN[value]),
    Field("flow label", 20, "marks packets that belong together (RFC 6437)"),
    Field("payload length", 16, "all that follows this header, in bytes"),
    _NEXT,
    Field("hop limit", 8, "every router takes one off; at 0 the packet is dropped"),
    Field("source address", 128, "who sent it", ip_text, raw=True),
    Field("destination address", 128, "whom it is for", ip_text, raw=True),
)
EXTENSION = Layout(
    ("IPv6 extension",),
    _NEXT,
    Field("header extension length", 8, "in units of 8 bytes, the first 8 not counted"),
)
FRAGMENT = Layout(("IPv6 extension",), _NEXT, Field("reserved", 8, "must be zero"))


@dataclass(frozen=True)
class IPv6:
    """An IPv6 header, 40 bytes (RFC 8200 section 3).   payload_length: None means, work it out."""

    source: str
    destination: str
    next_header: int | None = None
    hop_limit: int = 64
    flow_label: int = 0
    dscp: int = 0
    ecn: int = 0
    payload_length: int | None = None

    name: ClassVar[str] = "IPv6"
    osi: ClassVar[str] = "3 network"
    internet: ClassVar[str] = "internet"
    read_by: ClassVar[str] = "every router on the way"
    ethertype: ClassVar[int] = 0x86DD
    names_next: ClassVar[str] = "next_header"
    derived: ClassVar[tuple[str, ...]] = ("payload_length",)

    @classmethod
    def read(cls, reader: Reader) -> IPv6:
        """Take the header off the front; what is left is the payload, without the link's padding."""
        start = reader.pos
        first, length, following, hops, source, destination = reader.layout(HEADER)
        if first >> 28 != 6:
            raise DecodeError("version", start, "6", str(first >> 28))
        # Zero is a jumbogram, or what a card that cuts large packets itself is handed: read to the end.
        if (length or following == NO_NEXT_HEADER) and reader.pos + length <= reader.end:
            reader.end, reader.cut = reader.pos + length, False
        return cls(
            ip_text(source),
            ip_text(destination),
            following,
            hops,
            first & 0xFFFFF,
            first >> 22 & 63,
            first >> 20 & 3,
            length,
        )

    def pseudo_header(self, protocol: int, length: int) -> bytes:
        """What the checksums of TCP and UDP cover besides their own bytes (RFC 8200 section 8.1)."""
        return pseudo_header(self.source, self.destination, protocol, length)

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        first = (
            6 << 28
            | fit("differentiated services", self.dscp, 6) << 22
            | fit("ECN", self.ecn, 2) << 20
            | fit("flow label", self.flow_label, 20)
        )
        length = len(payload) if self.payload_length is None else self.payload_length
        following = 6 if self.next_header is None else self.next_header
        addresses = ip_bytes(self.source), ip_bytes(self.destination)
        return HEADER.pack(first, length, following, self.hop_limit, *addresses) + payload


@dataclass(frozen=True)
class Extension:
    """An IPv6 extension header, a multiple of 8 bytes (RFC 8200 section 4).

    kind: which one it is, a key of EXTENSIONS.   body: its bytes after the first two.
    """

    kind: int
    next_header: int
    body: bytes = bytes(6)
    length: int | None = None

    name: ClassVar[str] = "IPv6 extension"
    osi: ClassVar[str] = "3 network"
    internet: ClassVar[str] = "internet"
    read_by: ClassVar[str] = "every router on the way"
    derived: ClassVar[tuple[str, ...]] = ("length",)

    @classmethod
    def read(cls, reader: Reader, kind: int) -> Extension:
        """Take one extension header off the front."""
        following, length = reader.layout(FRAGMENT if kind == 44 else EXTENSION)
        # In the fragment header the second byte is reserved: it always has 8 bytes.
        size = 6 if kind == 44 else 8 * length + 6
        return cls(kind, following, reader.take(EXTENSIONS[kind], size, path=("IPv6 extension",)), length)

    @property
    def protocol(self) -> int:
        """The number of what follows."""
        return self.next_header

    @property
    def is_fragment(self) -> bool:
        """Whether the packet is only a piece (an offset, or more to come)."""
        return self.kind == 44 and int.from_bytes(self.body[:2], "big") & 0xFFF9 != 0

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        if len(self.body) % 8 != 6:
            size = len(self.body)
            raise ValueError(f"the body of an extension header has 6 bytes, or 14, 22 ...; got {size}")
        length = self.length
        if length is None:
            length = 0 if self.kind == 44 else (len(self.body) - 6) // 8
        return EXTENSION.pack(self.next_header, length) + self.body + payload

"""UDP (RFC 768): ports and a checksum, and every datagram keeps its boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.net.ipv4 import pseudo_header
from handshake.wire import Field, Layout, Reader, internet_checksum

HEADER = Layout(
    ("UDP",),
    Field("source port", 16, "which program sent it"),
    Field("destination port", 16, "which program it is for"),
    Field("length", 16, "of header and data, in bytes"),
    Field("checksum", 16, "over a pseudo-header, this header and the data; 0 means none was made"),
)


@dataclass(frozen=True)
class UDP:
    """A UDP datagram, 8 bytes of header and its data.   length, checksum: None means, work it out."""

    source_port: int
    destination_port: int
    data: bytes = b""
    length: int | None = None
    checksum: int | None = None

    name: ClassVar[str] = "UDP"
    osi: ClassVar[str] = "4 transport"
    internet: ClassVar[str] = "transport"
    read_by: ClassVar[str] = "the system at each end"
    number: ClassVar[int] = 17
    derived: ClassVar[tuple[str, ...]] = ("length", "checksum")

    @classmethod
    def read(cls, reader: Reader) -> UDP:
        """A whole datagram."""
        start = reader.pos
        source, destination, length, checksum = reader.layout(HEADER)
        if 0 < length < 8:
            raise DecodeError("length", start + 4, "at least the header's 8 bytes", str(length))
        if length and start + length < reader.end:
            reader.end = start + length
        data = reader.rest("data", "what the program sent", path=("UDP",))
        return cls(source, destination, data, length, checksum)

    @classmethod
    def decode(cls, data: bytes) -> UDP:
        """A datagram that fills `data`; DecodeError if it is none."""
        reader = Reader(data)
        datagram = cls.read(reader)
        if datagram.length and datagram.length > len(data):
            raise DecodeError("length", 4, f"at most the {len(data)} bytes there are", str(datagram.length))
        reader.end = len(data)
        reader.done("data")
        return datagram

    def encode(self, src_ip: str, dst_ip: str) -> bytes:
        """Its bytes; the addresses are needed for the checksum."""
        length = 8 + len(self.data) if self.length is None else self.length
        checksum = self.checksum
        if checksum is None:
            head = HEADER.pack(self.source_port, self.destination_port, length, 0)
            pseudo = pseudo_header(src_ip, dst_ip, 17, 8 + len(self.data))
            # A sum of 0 travels as 65535, since 0 says that there is no checksum.
            checksum = internet_checksum(pseudo + head + self.data) or 0xFFFF
        return HEADER.pack(self.source_port, self.destination_port, length, checksum) + self.data

"""The TCP segment (RFC 9293 section 3.1): encode beside decode, drawn from one Layout."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.net.ipv4 import pseudo_header
from handshake.tcp.options import Option, encode_options, read_options
from handshake.wire import Field, Layout, Reader, fit, internet_checksum, made


class Flags(IntFlag):
    """The control bits, least significant first: the order in which tools print them."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80

    # A plain number answers "is this bit set?" as well as a Flags does, and forty times as fast.
    __and__ = int.__and__  # type: ignore[assignment]
    __rand__ = int.__rand__  # type: ignore[assignment]

    def __str__(self) -> str:
        return FLAG_NAMES[self]


FLAG_NAMES = tuple(
    ", ".join(flag.name or "" for flag in Flags if flag & value) or "no flags" for value in range(256)
)
"""The names of all 256 combinations: FLAG_NAMES[0x12] is "SYN, ACK"."""

FLAGS = tuple(Flags(value) for value in range(256))


def flags_named(names: str) -> Flags:
    """The control bits of a text: "SYN, ACK"; "" for none.   ValueError for what is no name of one."""
    found = FLAGS[0]
    for name in names.replace(",", " ").split():
        if name not in Flags.__members__:
            raise ValueError(f"control bits are {', '.join(Flags.__members__)}; got {name!r}")
        found |= Flags[name]
    return found


SYN, ACK, FIN, RST, PSH, URG = Flags.SYN, Flags.ACK, Flags.FIN, Flags.RST, Flags.PSH, Flags.URG

HEADER = Layout(
    ("TCP",),
    Field("source port", 16, "which program sent it"),
    Field("destination port", 16, "which program it is for"),
    Field("sequence number", 32, "the number of the first data byte here; with SYN, the number of the SYN"),
    Field("acknowledgment number", 32, "the number of the next byte expected; valid only if ACK is set"),
    Field("data offset", 4, "where the data starts, in words of 4 bytes", lambda words: f"byte {4 * words}"),
    Field("reserved", 4, "must be zero (the last bit is AE, where both ends use RFC 9768)"),
    Field("CWR", 1, "congestion window reduced (RFC 3168)"),
    Field("ECE", 1, "congestion was experienced (RFC 3168)"),
    Field("URG", 1, "the urgent pointer is valid"),
    Field("ACK", 1, "the acknowledgment number is valid"),
    Field("PSH", 1, "hand the data to the program without waiting for more"),
    Field("RST", 1, "reset: there is no such connection (any more)"),
    Field("SYN", 1, "synchronize sequence numbers: opens a direction"),
    Field("FIN", 1, "no more data from the sender: closes a direction"),
    Field(
        "window", 16, "how many bytes beyond the acknowledgment number may be sent (scaled after the SYNs)"
    ),
    Field("checksum", 16, "over a pseudo-header with the addresses, this header and the data"),
    Field("urgent pointer", 16, "where urgent data ends, counted from the sequence number"),
)


@dataclass(frozen=True)
class Segment:
    """One TCP segment: a header of 20 to 60 bytes, and data.

    seq, ack, window, urgent_pointer: as they travel (unsigned 32, 32, 16 and 16 bits).
    data_offset (in words of 4 bytes) and checksum: None means, work it out; decoding keeps what it read.
    """

    source_port: int
    destination_port: int
    seq: int
    ack: int = 0
    flags: Flags = FLAGS[0]
    window: int = 65535
    data: bytes = b""
    options: tuple[Option, ...] = ()
    urgent_pointer: int = 0
    checksum: int | None = None
    data_offset: int | None = None
    reserved: int = 0

    name: ClassVar[str] = "TCP"
    osi: ClassVar[str] = "4 transport"
    internet: ClassVar[str] = "transport"
    read_by: ClassVar[str] = "the system at each end"
    number: ClassVar[int] = 6
    derived: ClassVar[tuple[str, ...]] = ("data_offset", "checksum")

    @classmethod
    def decode(cls, data: bytes) -> Segment:
        """The segment that fills `data`.  DecodeError, with field and offset, if it is none."""
        return cls.read(Reader(data))

    @classmethod
    def read(cls, reader: Reader) -> Segment:
        """A segment that fills the rest of the Reader."""
        start = reader.pos
        source, destination, seq, ack, offset, flags, window, checksum, urgent = reader.layout(HEADER)
        words = offset >> 4
        if words < 5:
            raise DecodeError("data offset", start + 12, "at least 5 words of 4 bytes", str(words))
        options = read_options(reader, start + 4 * words) if words > 5 else ()
        data = b""
        if reader.pos < reader.end:
            data = reader.rest("data", "bytes of the stream, from the sequence number on", path=("TCP",))
        return made(
            cls,
            {
                "source_port": source,
                "destination_port": destination,
                "seq": seq,
                "ack": ack,
                "flags": FLAGS[flags],
                "window": window,
                "data": data,
                "options": options,
                "urgent_pointer": urgent,
                "checksum": checksum,
                "data_offset": words,
                "reserved": offset & 15,
            },
        )

    def encode(self, src_ip: str, dst_ip: str) -> bytes:
        """Its bytes; the addresses are needed for the checksum."""
        options = encode_options(self.options) if self.options else b""
        offset = 5 + len(options) // 4 if self.data_offset is None else self.data_offset
        head = (
            self.source_port,
            self.destination_port,
            self.seq,
            self.ack,
            fit("data offset", offset, 4) << 4 | fit("reserved", self.reserved, 4),
            self.flags,
            self.window,
        )
        body = options + self.data
        checksum = self.checksum
        if checksum is None:
            header = HEADER.pack(*head, 0, self.urgent_pointer)
            pseudo = pseudo_header(src_ip, dst_ip, 6, 20 + len(body))
            checksum = internet_checksum(pseudo + header + body)
        return HEADER.pack(*head, checksum, self.urgent_pointer) + body

    @property
    def length(self) -> int:
        """How many sequence numbers it takes: its data, and one each for SYN and FIN (SEG.LEN)."""
        return len(self.data) + bool(self.flags & SYN) + bool(self.flags & FIN)

    def option(self, kind: int) -> Option | None:
        """Its option of that kind, if it has one."""
        return next((option for option in self.options if option.kind == kind), None)

    def __str__(self) -> str:
        ack = f" ack {self.ack}" if self.flags & ACK else ""
        data = f" data {len(self.data)}" if self.data else ""
        return f"{self.flags}  seq {self.seq}{ack}{data}"

    def __repr__(self) -> str:
        return f"<Segment {self.source_port} > {self.destination_port}  {self}>"

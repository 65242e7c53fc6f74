"""Reading pcap and pcapng files, record by record, and surviving damage.

A `Scan` holds, for each packet, where its bytes are in the file and when it was seen; the packets themselves
are cut out when somebody looks.  A file that breaks off, or lies about a length, gives what came before,
and `Scan.error` says what was expected where.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from handshake.capture.formats import (
    BYTE_ORDER_MAGIC,
    DECRYPTION_SECRETS,
    ENHANCED_PACKET,
    INTERFACE_DESCRIPTION,
    LARGEST,
    LINK_TYPES,
    NOT_CAPTURES,
    OPTION_OFFSET,
    OPTION_RESOLUTION,
    PACKET,
    PCAP_MAGICS,
    PCAPNG_MAGIC,
    SECTION_HEADER,
    SIMPLE_PACKET,
    TLS_KEY_LOG,
)
from handshake.errors import DecodeError, got_bytes

BILLION = 10**9


@dataclass
class Scan:
    """A capture file taken apart into packets, in four columns.

    data: the whole file.   starts, sizes: where each packet's bytes are; lengths: how many travelled.
    times: nanoseconds since 1970, or None for a format without times.   links: our names of the link types.
    secrets: the key log that the file carries, if it does.
    error: why reading stopped before the end of the file, or None.
    """

    data: bytes
    starts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    secrets: bytes = b""
    error: DecodeError | None = None


def scan(data: bytes) -> Scan:
    """Take a capture file apart.  DecodeError if it is none; damage further on is noted in the Scan."""
    found = Scan(data)
    magic = data[:4]
    if magic == PCAPNG_MAGIC:
        walk = _scan_pcapng
        least = 28
    elif magic in PCAP_MAGICS:
        walk = _scan_pcap
        least = 24
    else:
        raise DecodeError("file header", 0, "a pcap or pcapng capture file", _looks_like(data))
    if len(data) < least:
        raise DecodeError("file header", 0, f"{least} bytes", got_bytes(len(data)))
    try:
        walk(found)
    except DecodeError as error:
        found.error = error
        if not found.starts and error.offset < least:
            raise
    return found


def _looks_like(data: bytes) -> str:
    if not data:
        return "an empty file"
    for start, what in NOT_CAPTURES.items():
        if data.startswith(start):
            return what
    head = data[:64]
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return f"a text file that starts with {head[:24].decode()!r}"
    return f"bytes that start with {data[:4].hex(' ')}"


def _link(number: int) -> str:
    return LINK_TYPES.get(number, f"link type {number}")


def _scan_pcap(found: Scan) -> None:
    data = found.data
    order, unit = PCAP_MAGICS[data[:4]]
    major = struct.unpack_from(order + "H", data, 4)[0]
    if major != 2:
        raise DecodeError("major version", 4, "2", str(major))
    link = _link(struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF)
    header = struct.Struct(order + "IIII").unpack_from
    starts, sizes, lengths, times = found.starts, found.sizes, found.lengths, found.times
    at, end = 24, len(data)
    try:
        while at < end:
            if at + 16 > end:
                raise DecodeError("packet header", at, "16 bytes", got_bytes(end - at))
            seconds, fraction, size, length = header(data, at)
            if size > LARGEST:
                raise DecodeError("captured length", at + 8, f"at most {LARGEST} bytes", f"{size}")
            left = end - at - 16
            if left or not size:
                starts.append(at + 16)
                sizes.append(min(size, left))
                lengths.append(max(size, length))
                times.append(seconds * BILLION + fraction * unit)
            if size > left:
                # The first bytes of the last packet are kept; the file breaks off behind them.
                raise DecodeError("packet", at + 16, f"{size} bytes", got_bytes(left))
            at += 16 + size
    finally:
        found.links = [link] * len(starts)


def _keep(found: Scan, start: int, size: int, length: int, time: int | None, link: str) -> None:
    found.starts.append(start)
    found.sizes.append(size)
    found.lengths.append(length)
    found.times.append(time)
    found.links.append(link)


@dataclass
class Interface:
    """An interface of a pcapng section: its link, how long a tick of its clock is, when the clock was 0.

    snaplen: how many bytes of a packet it keeps at most, 0 for all.   A tick is 1 / `per_second` seconds.
    """

    link: str
    snaplen: int = 0
    per_second: int = 10**6
    offset: int = 0

    def time(self, ticks: int) -> int:
        """Nanoseconds since 1970."""
        return self.offset * BILLION + ticks * BILLION // self.per_second


def _scan_pcapng(found: Scan) -> None:
    data, end = found.data, len(found.data)
    at, order = 0, "<"
    interfaces: list[Interface] = []
    while at < end:
        if at + 12 > end:
            raise DecodeError("block header", at, "12 bytes", got_bytes(end - at))
        if data[at : at + 4] == PCAPNG_MAGIC:
            order, interfaces = _byte_order(data, at), []
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or size % 4 or size > LARGEST:
            raise DecodeError("block length", at + 4, f"a multiple of 4 from 12 to {LARGEST}", str(size))
        if at + size > end:
            raise DecodeError("block", at, f"{size} bytes", got_bytes(end - at))
        body, stop = at + 8, at + size - 4
        closing = struct.unpack_from(order + "I", data, stop)[0]
        if closing != size:
            raise DecodeError("block length, repeated", stop, str(size), str(closing))
        if kind == SECTION_HEADER and size < 28:
            raise DecodeError("block length", at + 4, "at least 28 for a section header", str(size))
        if kind == INTERFACE_DESCRIPTION:
            interfaces.append(_interface(data, body, stop, order))
        elif kind in (ENHANCED_PACKET, PACKET):
            _packet(found, body, stop, order, interfaces, kind)
        elif kind == SIMPLE_PACKET:
            _simple_packet(found, body, stop, order, interfaces)
        elif kind == DECRYPTION_SECRETS and body + 8 <= stop:
            form, length = struct.unpack_from(order + "II", data, body)
            if form == TLS_KEY_LOG:
                found.secrets += data[body + 8 : min(body + 8 + length, stop)]
        at += size


def _byte_order(data: bytes, at: int) -> str:
    for order in "<>":
        if struct.unpack_from(order + "I", data, at + 8)[0] == BYTE_ORDER_MAGIC:
            return order
    raise DecodeError("byte-order magic", at + 8, "1a2b3c4d in either order", data[at + 8 : at + 12].hex())


def _interface(data: bytes, body: int, stop: int, order: str) -> Interface:
    if body + 8 > stop:
        raise DecodeError("interface description", body, "8 bytes", got_bytes(stop - body))
    number, snaplen = struct.unpack_from(order + "HxxI", data, body)
    interface = Interface(_link(number), snaplen)
    at = body + 8
    while at + 4 <= stop:
        code, size = struct.unpack_from(order + "HH", data, at)
        if not code:
            break
        if at + 4 + size > stop:
            raise DecodeError("option length", at + 2, f"at most {stop - at - 4}", str(size))
        if code == OPTION_RESOLUTION and size == 1:
            power = data[at + 4]
            interface.per_second = 1 << (power & 0x7F) if power & 0x80 else 10 ** min(power, 30)
        elif code == OPTION_OFFSET and size == 8:
            interface.offset = struct.unpack_from(order + "q", data, at + 4)[0]
        at += 4 + (size + 3) // 4 * 4
    return interface


def _packet(found: Scan, body: int, stop: int, order: str, interfaces: list[Interface], kind: int) -> None:
    """An enhanced packet block, or the obsolete packet block that differs in its first four bytes."""
    if body + 20 > stop:
        raise DecodeError("packet block", body, "20 bytes", got_bytes(stop - body))
    form = "IIIII" if kind == ENHANCED_PACKET else "HxxIIII"
    number, high, low, size, length = struct.unpack_from(order + form, found.data, body)
    if number >= len(interfaces):
        described = f"below {len(interfaces)}, as many as were described"
        raise DecodeError("interface", body, described, str(number))
    if body + 20 + size > stop:
        raise DecodeError("captured length", body + 12, f"at most {stop - body - 20}", str(size))
    interface = interfaces[number]
    _keep(found, body + 20, size, length, interface.time(high << 32 | low), interface.link)


def _simple_packet(found: Scan, body: int, stop: int, order: str, interfaces: list[Interface]) -> None:
    if not interfaces:
        raise DecodeError("simple packet block", body, "an interface described before it", "none")
    if body + 4 > stop:
        raise DecodeError("simple packet block", body, "4 bytes", got_bytes(stop - body))
    length = struct.unpack_from(order + "I", found.data, body)[0]
    size = min(length, stop - body - 4, interfaces[0].snaplen or length)
    _keep(found, body + 4, size, length, None, interfaces[0].link)

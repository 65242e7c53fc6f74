"""One Ethernet, IPv4 and TCP frame: built with its checksums, and read with every field explained.

Two frames in turn: a SYN with the usual options, and a segment with 100 bytes of data.  Beside it:

dpkt    its layers, and its options taken apart; it neither verifies checksums nor knows where a field lies
struct  the least that Python can do by hand, both checksums verified: no objects, no names, no errors
"""

from __future__ import annotations

import statistics
import struct
from typing import Any

from measure import Findings, Row, each, interleaved, ratio

from handshake.net import Ethernet, IPv4, encode
from handshake.peel import dissect
from handshake.tcp import Segment
from handshake.tcp.options import END, MSS, NOP, SACK_PERMITTED, WINDOW_SCALE, Option
from handshake.tcp.segment import Flags

OUR_MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
OUR_IP, PEER_IP = "10.0.0.1", "10.0.0.2"
MACS = bytes.fromhex(PEER_MAC.replace(":", "") + OUR_MAC.replace(":", ""))
IPS = bytes((10, 0, 0, 1, 10, 0, 0, 2))

# Ports, seq, ack, flags, window, options, data.
SYN = (40000, 443, 1000, 0, 0x02, 64240, bytes.fromhex("020405b4 0402 01 030307 0000"), b"")
DATA = (40000, 443, 1001, 5001, 0x18, 501, b"", bytes(range(100)))
OPTIONS = {
    SYN: (
        Option(MSS, b"\x05\xb4"),
        Option(SACK_PERMITTED),
        Option(NOP),
        Option(WINDOW_SCALE, b"\x07"),
        Option(END, b"\0"),
    ),
    DATA: (),
}

IP_HEADER, TCP_HEADER = struct.Struct("!BBHHHBBH4s4s"), struct.Struct("!HHIIBBHHH")
ETHERNET_HEADER = struct.Struct("!6s6sH")


def our_build(values: tuple[Any, ...]) -> bytes:
    """With the objects of this package, made on the spot."""
    source, destination, seq, ack, flags, window, _, data = values
    segment = Segment(source, destination, seq, ack, Flags(flags), window, data, OPTIONS[values])
    ip = IPv4(OUR_IP, PEER_IP, identification=1, flags=0)
    return encode((Ethernet(PEER_MAC, OUR_MAC), ip, segment))


def our_parse(frame: bytes) -> object:
    """Layers, checksums and the place and meaning of every field."""
    dissection = dissect(frame)
    return dissection.layers, dissection.checksums, dissection.spans


def our_decode(frame: bytes) -> object:
    """Layers alone."""
    return dissect(frame).layers


def struct_sum(data: bytes) -> int:
    """The Internet checksum of data that are not all zero."""
    if len(data) & 1:
        data += b"\0"
    rest = int.from_bytes(data, "big") % 65535
    return 65535 - rest if rest else 0


def struct_build(values: tuple[Any, ...]) -> bytes:
    """By hand."""
    source, destination, seq, ack, flags, window, options, data = values
    body = options + data
    size = 20 + len(body)
    head = source, destination, seq, ack, 20 + len(options) << 2, flags, window
    checksum = struct_sum(
        b"".join((IPS, b"\0\6", size.to_bytes(2, "big"), TCP_HEADER.pack(*head, 0, 0), body))
    )
    ip = IP_HEADER.pack(0x45, 0, 20 + size, 1, 0, 64, 6, 0, IPS[:4], IPS[4:])
    ip = b"".join((ip[:10], struct_sum(ip).to_bytes(2, "big"), IPS))
    return b"".join((MACS, b"\x08\0", ip, TCP_HEADER.pack(*head, checksum, 0), body))


def struct_parse(frame: bytes) -> tuple[Any, ...]:
    """By hand, both checksums verified."""
    there, here, _ = ETHERNET_HEADER.unpack_from(frame)
    first, _, total, _, _, ttl, _, _, source, destination = IP_HEADER.unpack_from(frame, 14)
    at, end = 14 + ((first & 15) << 2), 14 + total
    from_port, to_port, seq, ack, offset, flags, window, _, _ = TCP_HEADER.unpack_from(frame, at)
    stop = at + (offset >> 4 << 2)
    options, pos = [], at + 20
    while pos < stop:
        kind = frame[pos]
        if kind == 0:
            break
        if kind == 1:
            pos += 1
            continue
        size = frame[pos + 1]
        options.append((kind, frame[pos + 2 : pos + size]))
        pos += size
    pseudo = source + destination + b"\0\6" + (end - at).to_bytes(2, "big")
    if struct_sum(frame[14:at]) or struct_sum(pseudo + frame[at:end]):
        raise ValueError("checksum")
    data = frame[stop:end]
    return there, here, source, destination, ttl, from_port, to_port, seq, ack, flags, window, options, data


def run(rounds: int) -> Findings:
    """Measure, and compare."""
    from dpkt.ethernet import Ethernet as DpktEthernet
    from dpkt.ip import IP
    from dpkt.tcp import TCP, parse_opts

    def dpkt_build(values: tuple[Any, ...]) -> bytes:
        source, destination, seq, ack, flags, window, options, data = values
        tcp = TCP(
            sport=source,
            dport=destination,
            seq=seq,
            ack=ack,
            flags=flags,
            win=window,
            opts=options,
            data=data,
        )
        tcp.off = 5 + len(options) // 4
        ip = IP(src=IPS[:4], dst=IPS[4:], p=6, id=1, ttl=64, data=tcp)
        ip.len = len(ip)
        return bytes(DpktEthernet(src=MACS[6:], dst=MACS[:6], type=0x0800, data=ip))

    def dpkt_parse(frame: bytes) -> object:
        ip = DpktEthernet(frame).data
        tcp = ip.data
        options = parse_opts(tcp.opts)
        return (
            ip.src,
            ip.dst,
            ip.ttl,
            tcp.sport,
            tcp.dport,
            tcp.seq,
            tcp.ack,
            tcp.flags,
            tcp.win,
            options,
            tcp.data,
        )

    for values in (SYN, DATA):
        want = struct_build(values)
        if not want == our_build(values) == dpkt_build(values):
            raise AssertionError("the builders do not agree")
        if dissect(want).checksums != {"IPv4": "good", "TCP": "good"}:
            raise AssertionError("checksums are not good")
        if dpkt_parse(want)[3:7] != struct_parse(want)[5:9]:
            raise AssertionError("the parsers do not agree")
    values, frames = (SYN, DATA) * 10, [struct_build(values) for values in (SYN, DATA)] * 10
    figures = interleaved(
        {
            "build/ours": each(our_build, values),
            "build/dpkt": each(dpkt_build, values),
            "build/struct": each(struct_build, values),
            "read/ours": each(our_parse, frames),
            "read/dpkt": each(dpkt_parse, frames),
            "read/struct": each(struct_parse, frames),
            "layers/ours": each(our_decode, frames),
        },
        rounds,
    )

    def row(what: str, ours: str, peer: str, must: float | None, aim: float | None) -> Row:
        beside = peer.split("/")[1].replace("struct", "struct by hand")
        return Row("frame", what, beside, ratio(figures[ours], figures[peer]), must, aim)

    read = "read: layers, checksums, spans"
    return Findings(
        [
            row(read, "read/ours", "read/dpkt", 1.0, None),
            row(read, "read/ours", "read/struct", None, 2.0),
            row("read: layers alone", "layers/ours", "read/dpkt", None, None),
            row("build, with checksums", "build/ours", "build/dpkt", 1.0, None),
            row("build, with checksums", "build/ours", "build/struct", None, 2.0),
        ],
        {f"{name}, us a frame": statistics.median(all_) / 20 * 1e6 for name, all_ in figures.items()},
    )

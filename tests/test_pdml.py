"""Wireshark as a second opinion: name, place and value of every field, held against tshark's PDML.

`FIELDS` says what tshark calls our fields; `NOT_IN_TSHARK` says which it has nothing for, and why.  Bit
fields are compared by the bytes that enclose them, since tshark gives no other place for them.
"""

import os
import shutil
import subprocess
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import dpkt
import pytest
from helpers import CAPTURES, needs_captures, write_pcap

from handshake import net
from handshake.net import (
    UDP,
    VLAN,
    Ethernet,
    Extension,
    IPv4,
    IPv6,
    LinuxCooked,
    LinuxCooked2,
    Loopback,
    Padding,
    Payload,
    ipv4,
    ipv6,
    link,
    udp,
)
from handshake.peel import dissect
from handshake.tcp import options, segment
from handshake.tcp.options import (
    END,
    MSS,
    NO_OPERATION,
    SACK,
    SACK_PERMITTED,
    TIMESTAMPS,
    WINDOW_SCALE,
    Option,
)
from handshake.tcp.segment import ACK, FIN, PSH, RST, SYN, URG, Flags, Segment

needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")

# Our part and name -> tshark's names; where it has one for each kind of a thing, all of them.
FIELDS = {
    "Ethernet": {
        "destination address": "eth.dst",
        "source address": "eth.src",
        "type": "eth.type",
    },
    "VLAN": {
        "priority": "vlan.priority ieee8021ad.priority",
        "drop eligible": "vlan.dei ieee8021ad.dei",
        "VLAN identifier": "vlan.id ieee8021ad.id",
        "type": "vlan.etype ieee8021ah.etype",
    },
    "Linux cooked": {
        "packet type": "sll.pkttype",
        "hardware type": "sll.hatype",
        "address length": "sll.halen",
        "protocol": "sll.etype",
    },
    "Linux cooked 2": {
        "protocol": "sll.etype",
        "interface index": "sll.ifindex",
        "hardware type": "sll.hatype",
        "packet type": "sll.pkttype",
        "address length": "sll.halen",
    },
    "loopback": {
        "address family": "null.family",
    },
    "IPv4": {
        "version": "ip.version",
        "header length": "ip.hdr_len",
        "differentiated services": "ip.dsfield.dscp",
        "ECN": "ip.dsfield.ecn",
        "total length": "ip.len",
        "identification": "ip.id",
        "reserved flag": "ip.flags.rb",
        "don't fragment": "ip.flags.df",
        "more fragments": "ip.flags.mf",
        "fragment offset": "ip.frag_offset",
        "time to live": "ip.ttl",
        "protocol": "ip.proto",
        "header checksum": "ip.checksum",
        "source address": "ip.src",
        "destination address": "ip.dst",
    },
    "IPv6": {
        "version": "ipv6.version",
        "differentiated services": "ipv6.tclass.dscp",
        "ECN": "ipv6.tclass.ecn",
        "flow label": "ipv6.flow",
        "payload length": "ipv6.plen",
        "next header": "ipv6.nxt",
        "hop limit": "ipv6.hlim",
        "source address": "ipv6.src",
        "destination address": "ipv6.dst",
    },
    "IPv6 extension": {
        "next header": "ipv6.hopopts.nxt ipv6.dstopts.nxt ipv6.routing.nxt ipv6.fraghdr.nxt",
        "header extension length": "ipv6.hopopts.len ipv6.dstopts.len ipv6.routing.len",
        "reserved": "ipv6.fraghdr.reserved_octet",  # a fragment header has it where the others have a length
    },
    "TCP": {
        "source port": "tcp.srcport",
        "destination port": "tcp.dstport",
        "sequence number": "tcp.seq_raw",
        "acknowledgment number": "tcp.ack_raw",
        "data offset": "tcp.hdr_len",
        "reserved": "tcp.flags",
        "CWR": "tcp.flags.cwr",
        "ECE": "tcp.flags.ece",
        "URG": "tcp.flags.urg",
        "ACK": "tcp.flags.ack",
        "PSH": "tcp.flags.push",
        "RST": "tcp.flags.reset",
        "SYN": "tcp.flags.syn",
        "FIN": "tcp.flags.fin",
        "window": "tcp.window_size_value",
        "checksum": "tcp.checksum",
        "urgent pointer": "tcp.urgent_pointer",
        "data": "tcp.payload",
    },
    "TCP option": {
        "kind": "tcp.option_kind",
        "length": "tcp.option_len",
        "maximum segment size": "tcp.options.mss_val",
        "shift count": "tcp.options.wscale.shift",
        "timestamp value": "tcp.options.timestamp.tsval",
        "timestamp echo reply": "tcp.options.timestamp.tsecr",
        "left edge": "tcp.options.sack_le",
        "right edge": "tcp.options.sack_re",
    },
    "UDP": {
        "source port": "udp.srcport",
        "destination port": "udp.dstport",
        "length": "udp.length",
        "checksum": "udp.checksum",
        "data": "udp.payload",
    },
    "padding": {
        "padding": "eth.padding",
    },
}

NOT_IN_TSHARK = {
    ("Linux cooked", "source address"): "tshark gives only as many of the 8 bytes as the address has",
    ("Linux cooked 2", "source address"): "tshark gives only as many of the 8 bytes as the address has",
    ("Linux cooked 2", "reserved"): "tshark has no field for it",
    ("IPv4", "options"): "tshark takes them apart, we leave them as they are",
    ("IPv6 extension", "hop-by-hop options"): "tshark takes them apart, we leave them as they are",
    ("IPv6 extension", "destination options"): "tshark takes them apart, we leave them as they are",
    ("IPv6 extension", "routing"): "tshark takes it apart, we leave it as it is",
    ("IPv6 extension", "fragment"): "tshark takes it apart, we leave it as it is",
    ("TCP option", "padding"): "tshark shows nothing behind the end of options",
    ("TCP option", "option data"): "of kinds unknown to us; tshark has a field for each that it knows",
}

# Where tshark shows a number in another unit than the one that travels, or a larger field than ours.
CONVERSIONS = {
    ("IPv4", "header length"): lambda size: size // 4,  # bytes, to words
    ("TCP", "data offset"): lambda size: size // 4,
    ("TCP", "reserved"): lambda bits: bits >> 8,  # the last twelve bits of the two bytes, to their first four
}


class Theirs(NamedTuple):
    """A field as tshark gives it; the number is that of a bit field."""

    start: int
    end: int
    raw: bytes
    number: int | None


def run_tshark(path, *more):
    """Have tshark read a file: for each frame, name -> all of its fields that have this name."""
    command = ["tshark", "-n", "-r", str(path), "-T", "pdml", *more]
    # Every packet for itself, and nobody's personal settings.
    for preference in ("ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"):
        command += ["-o", f"{preference}:FALSE"]
    environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(Path(__file__).parent / "no-such-folder")}
    done = subprocess.run(command, capture_output=True, env=environment, check=True, timeout=120)
    return [_fields(packet) for packet in ElementTree.fromstring(done.stdout).iter("packet")]


def _fields(packet):
    found = {}
    for field in packet.iter("field"):
        value, masked = field.get("value"), field.get("unmaskedvalue")
        if not value or field.get("pos") is None:
            continue
        start, size = int(field.get("pos")), int(field.get("size"))
        if masked:
            theirs = Theirs(start, start + size, bytes.fromhex(masked), int(value, 16))
        else:
            show = field.get("show")
            number = int(show) if show.isascii() and show.isdigit() else None
            # What tshark says about the file ("num", "timestamp") has values that are no bytes of the frame.
            raw = bytes.fromhex(value) if len(value) == 2 * size else b""
            theirs = Theirs(start, start + size, raw, number)
        found.setdefault(field.get("name"), []).append(theirs)
    return found


def ours(frame, link_name):
    """(part, name, span) of every field that tshark shall agree with."""
    for span in dissect(frame, link_name).spans:
        part = "TCP option" if span.path[:2] == ("TCP", "options") else span.path[0]
        if part in FIELDS and (part, span.name) not in NOT_IN_TSHARK:
            yield part, span.name, span


def assert_agrees(part, name, span, frame, fields):
    """One of tshark's fields of that name has the same place and value."""
    candidates = [theirs for other in FIELDS[part][name].split() for theirs in fields.get(other, ())]
    if span.is_bits:
        candidates = [t for t in candidates if t.start <= span.start and span.end <= t.end]
    else:
        candidates = [t for t in candidates if (t.start, t.end) == (span.start, span.end)]
    assert candidates, f"{part}: tshark has no {FIELDS[part][name]} at bytes {span.start} to {span.end}"
    for theirs in candidates:
        assert theirs.raw == frame[theirs.start : theirs.end]
        value = span.value(frame)
        if isinstance(value, bytes):
            assert theirs.raw == value
        elif span.is_bits:
            convert = CONVERSIONS.get((part, name), int)
            assert convert(theirs.number) == value, f"{part}: {name}"
        else:
            assert int.from_bytes(theirs.raw, "big") == value, f"{part}: {name}"


# Frames that the recordings do not have.

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT6, SERVER6 = "2001:db8::1", "2001:db8::2"
STATION = bytes.fromhex("02000000000a0000")
EDGES = bytes.fromhex("00000064 000000c8 0000012c 00000190")
EVERY_OPTION = (
    Option(MSS, b"\5\xb4"),
    Option(SACK_PERMITTED),
    Option(TIMESTAMPS, EDGES[:8]),
    NO_OPERATION,
    Option(WINDOW_SCALE, b"\7"),
    Option(254, b"\xab\xcd\1\2"),
    Option(END, bytes(9)),
)
FULL = Segment(
    source_port=40001,
    destination_port=9999,
    seq=0x12345678,
    ack=0x9ABCDEF0,
    flags=ACK | URG | PSH,
    window=0xFEDC,
    data=b"hello",
    options=(NO_OPERATION, NO_OPERATION, Option(SACK, EDGES)),
    urgent_pointer=3,
    reserved=0b0110,
)
PLAIN = Segment(40001, 9999, 100, flags=SYN)


def ports(number, **fields):
    """A segment of a connection of its own, so that tshark sees no relation to the others."""
    return Segment(40000 + number, 9999, 1000 * number, 5, **fields)


GENERATED = [
    # Ethernet, IPv4, TCP.
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER), FULL]),
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER), ports(2, flags=SYN, options=EVERY_OPTION)]),
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER), ports(3, flags=RST), Padding(bytes(6))]),
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER), ports(4, flags=FIN | ACK | Flags.ECE)]),
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER), ports(5, flags=SYN | Flags.ECE | Flags.CWR, reserved=9)]),
    # Every field of the IPv4 header; pieces of packets.
    (
        "ethernet",
        [
            Ethernet("02:00:00:00:0a:0b", "02:00:00:00:0c:0d"),
            IPv4("192.0.2.1", "198.51.100.2", 6, 17, 0x1234, 0b100, 0, 46, 1, bytes.fromhex("94040000")),
            ports(6, data=b"behind options"),
        ],
    ),
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER, 17, flags=1, fragment_offset=185), Payload(bytes(32))]),
    # VLAN tags.
    ("ethernet", [Ethernet(type=0x8100), VLAN(0xABC, 0x0800, 6, 1), IPv4(CLIENT, SERVER), ports(7)]),
    (
        "ethernet",
        [
            Ethernet(type=0x88A8),
            VLAN(100, 0x8100, 5, 1),
            VLAN(200, 0x86DD, 3, 0),
            IPv6(CLIENT6, SERVER6),
            ports(8),
        ],
    ),
    # IPv6 and its extension headers.
    (
        "ethernet",
        [
            Ethernet(type=0x86DD),
            IPv6(CLIENT6, SERVER6, 0, 17, 0xABCDE, 46, 2),
            Extension(0, 60, bytes.fromhex("050200000100")),
            Extension(60, 43, bytes.fromhex("010c") + bytes(12)),
            Extension(43, 6, bytes.fromhex("fd0000000000")),
            ports(9, data=b"behind extensions"),
        ],
    ),
    (
        "ethernet",
        [
            Ethernet(type=0x86DD),
            IPv6(CLIENT6, SERVER6, 44),
            Extension(44, 6, bytes.fromhex("0009deadbeef")),
            Payload(bytes(16)),
        ],
    ),
    # UDP.
    ("ethernet", [Ethernet(), IPv4(CLIENT, SERVER, 17), UDP(40001, 40002, b"data"), Padding(bytes(14))]),
    ("ethernet", [Ethernet(type=0x86DD), IPv6(CLIENT6, SERVER6, 17), UDP(40003, 40004, b"data")]),
    # Other links.
    ("linux-sll", [LinuxCooked(0x0800, 4, 1, 6, STATION), IPv4(CLIENT, SERVER), PLAIN]),
    ("linux-sll", [LinuxCooked(0x86DD, 0, 772, 6, STATION), IPv6(CLIENT6, SERVER6), PLAIN]),
    ("linux-sll2", [LinuxCooked2(0x86DD, 4, 1, 6, STATION, 9), IPv6(CLIENT6, SERVER6), PLAIN]),
    ("loopback", [Loopback(2, "little"), IPv4(CLIENT, SERVER), PLAIN]),
    ("loopback", [Loopback(30, "big"), IPv6(CLIENT6, SERVER6), PLAIN]),
    ("raw", [IPv4(CLIENT, SERVER), PLAIN]),
    ("raw", [IPv6(CLIENT6, SERVER6), PLAIN]),
]
LINK_NUMBERS = {"ethernet": 1, "raw": 101, "loopback": 0, "linux-sll": 113, "linux-sll2": 276}
FILES = {
    name: [net.encode(layers) for _, layers in frames]
    for name, frames in groupby(GENERATED, key=lambda pair: pair[0])
}


@needs_tshark
@pytest.mark.parametrize("link_name", list(FILES))
def test_tshark_agrees_about_every_field_of_generated_frames(link_name, tmp_path):
    path = tmp_path / f"{link_name}.pcap"
    write_pcap(path, LINK_NUMBERS[link_name], FILES[link_name])
    read = run_tshark(path)
    assert len(read) == len(FILES[link_name])
    for frame, fields in zip(FILES[link_name], read, strict=True):
        for part, name, span in ours(frame, link_name):
            assert_agrees(part, name, span, frame, fields)


@needs_tshark
@needs_captures
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name.split("_")[0])
def test_tshark_agrees_about_every_field_of_recorded_frames(path):
    with path.open("rb") as file:
        frames = [frame for _, frame in dpkt.pcap.UniversalReader(file)]
    read = run_tshark(path)
    assert len(read) == len(frames) > 0
    for frame, fields in zip(frames, read, strict=True):
        compared = 0
        for part, name, span in ours(frame, "ethernet"):
            assert_agrees(part, name, span, frame, fields)
            compared += 1
        assert compared >= 3 + 15 + 17  # the fixed fields of Ethernet, IPv4 and TCP


# Nothing is left out without a reason.


def test_every_field_of_every_header_is_compared_or_excused():
    headers = [link.ETHERNET, link.VLAN_TAG, link.COOKED, link.COOKED_2, link.FAMILY]
    headers += [ipv4.HEADER, ipv6.HEADER, ipv6.EXTENSION, segment.HEADER, udp.HEADER]
    names = {(layout.path[0], field.name) for layout in headers for field in layout.fields}
    names |= {("TCP option", field.name) for layout in options.LAYOUTS.values() for field in layout.fields}
    names |= {("IPv6 extension", name) for name in ipv6.EXTENSIONS.values()}
    told = {(part, name) for part, table in FIELDS.items() for name in table} | set(NOT_IN_TSHARK)
    assert names <= told


def test_every_row_of_the_tables_is_met_by_a_generated_frame():
    met = set()
    for link_name, frames in FILES.items():
        for frame in frames:
            taken = dissect(frame, link_name)
            assert taken.error is None
            for span in taken.spans:
                met.add(("TCP option" if span.path[:2] == ("TCP", "options") else span.path[0], span.name))
    rows = {(part, name) for part, table in FIELDS.items() for name in table}
    assert rows | set(NOT_IN_TSHARK) <= met
    assert {(part, name) for part, name in met if part in FIELDS} <= rows | set(NOT_IN_TSHARK)


def test_no_field_is_both_compared_and_excused():
    assert not [row for row in NOT_IN_TSHARK if row[1] in FIELDS[row[0]]]
    assert all(NOT_IN_TSHARK.values())

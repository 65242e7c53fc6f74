"""Captures in and out: against tshark's own reading, in every form that files take, and against damage.

The recordings are read where they lie; every other file is built here, byte by byte, by helpers_capture.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import struct
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as exactly
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from helpers_capture import (
    BILLION,
    CLIENT,
    CLIENT_6,
    SERVER,
    SERVER_6,
    START,
    WRAPPINGS,
    Ng,
    Packet,
    Wrapping,
    ip,
    is_one_sentence,
    look_at,
    packets,
    pcap,
    pcapng,
    talk,
    tiles,
    told,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake import capture, sim
from handshake.capture import captured
from handshake.errors import DecodeError
from handshake.net import encode
from handshake.peel import Dissection, dissect, peel
from handshake.tcp import Segment
from handshake.tcp.options import MSS, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE, Option
from handshake.tcp.segment import Flags
from handshake.trace import Deferred, Fault, Message, Trace, Transit
from handshake.wire import internet_checksum, replace

RECORDINGS = Path(__file__).parents[2] / "shared" / "vectors" / "captures"
NAMES = ("k01_", "k01ng_", "k02_", "t01_", "t06_", "t11_")
WHOLE = talk()
ETHERNET = WRAPPINGS[0]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a capture into a file of its own."""
    numbers = itertools.count()

    def written(data: bytes, name: str = "") -> Path:
        path = tmp_path / (name or f"capture{next(numbers)}.pcap")
        path.write_bytes(data)
        return path

    return written


def recording(start: str) -> Path:
    """The recording whose name starts so; skips if there is none here."""
    found = sorted(RECORDINGS.glob(f"{start}*.pcap*"))
    if not found:
        pytest.skip(f"no recording {start}* in {RECORDINGS.parent}: the shared vectors are not here")
    return found[0]


def attempt(path: Path) -> Trace | DecodeError:
    """The trace in that file, or why there is none; any other exception goes on."""
    try:
        return capture.read(path)
    except DecodeError as error:
        return error


def expected(path: Path) -> dict[str, Any]:
    """What tshark read in that recording."""
    answer: dict[str, Any] = json.loads((path.parent / f"{path.stem}.expected.json").read_text())
    return answer


# ---- Field by field against tshark -----------------------------------------------------------------------


@dataclass
class Packed:
    """One packet as we read it, with what is needed to say it in tshark's words."""

    trace: Trace
    transit: Transit
    message: Message
    dissection: Dissection
    shift: int

    @property
    def ethernet(self) -> Any:
        return self.dissection.layers[0]

    @property
    def ip(self) -> Any:
        return self.dissection.network

    @property
    def tcp(self) -> Segment:
        assert isinstance(self.dissection.transport, Segment)
        return self.dissection.transport

    def detail(self, label: str) -> str:
        """A relative number; an acknowledgment number that is not valid is 0."""
        found = [d.relative for d in self.message.details if d.label == label]
        return str(found[0] if found else 0)

    def bytes_of(self, path: str) -> str:
        """The hexadecimal bytes of a part of the TCP header, by the Spans."""
        own = [span for span in self.transit.spans if path in span.path]
        return self.transit.frame[own[0].start : own[-1].end].hex() if own else ""

    def option(self, kind: int, index: int = 0) -> str | None:
        option = self.tcp.option(kind)
        return str(option.numbers[index]) if option else None

    def status(self, layer: str) -> str:
        return {"good": "1", "bad": "0"}[self.dissection.checksums[layer]]


WORDS = {"Ethernet": "eth:ethertype", "IPv4": "ip", "TCP": "tcp"}


def nanoseconds(p: Packed) -> str:
    """The relative time to the nanosecond."""
    assert p.transit.seen is not None
    return "{}.{:09}".format(*divmod(round(p.transit.seen * 1e9), BILLION))


FIELDS: dict[str, Callable[[Packed], str | None]] = {
    "frame.number": lambda p: str(p.transit.number),
    "frame.time_relative": nanoseconds,
    "frame.len": lambda p: str(p.transit.wire_length),
    "frame.cap_len": lambda p: str(len(p.transit.frame)),
    "frame.protocols": lambda p: ":".join(WORDS[layer.name] for layer in p.dissection.layers),
    "eth.src": lambda p: p.ethernet.source,
    "eth.dst": lambda p: p.ethernet.destination,
    "eth.type": lambda p: f"{p.ethernet.type:#06x}",
    "ip.src": lambda p: p.ip.source,
    "ip.dst": lambda p: p.ip.destination,
    "ip.proto": lambda p: str(p.ip.protocol),
    "ip.id": lambda p: f"{p.ip.identification:#06x}",
    "ip.ttl": lambda p: str(p.ip.ttl),
    "ip.len": lambda p: str(p.ip.total_length),
    "ip.flags.df": lambda p: str(p.ip.flags >> 1 & 1),
    "ip.flags.mf": lambda p: str(p.ip.flags & 1),
    "ip.frag_offset": lambda p: str(8 * p.ip.fragment_offset),
    "ip.checksum": lambda p: f"{p.ip.checksum:#06x}",
    "ip.checksum.status": lambda p: p.status("IPv4"),
    "tcp.stream": lambda p: str((p.transit.connection or 0) - 1),
    "tcp.srcport": lambda p: str(p.tcp.source_port),
    "tcp.dstport": lambda p: str(p.tcp.destination_port),
    "tcp.seq_raw": lambda p: str(p.tcp.seq),
    "tcp.ack_raw": lambda p: str(p.tcp.ack),
    "tcp.seq": lambda p: p.detail("seq"),
    "tcp.ack": lambda p: p.detail("ack"),
    "tcp.len": lambda p: str(len(p.tcp.data)),
    "tcp.hdr_len": lambda p: str(4 * (p.tcp.data_offset or 0)),
    "tcp.flags": lambda p: f"{p.tcp.flags.value:#06x}",
    "tcp.window_size_value": lambda p: str(p.tcp.window),
    "tcp.window_size": lambda p: str(p.tcp.window << p.shift),
    "tcp.checksum": lambda p: f"{p.tcp.checksum:#06x}",
    "tcp.checksum.status": lambda p: p.status("TCP"),
    "tcp.options": lambda p: p.bytes_of("options") or None,
    "tcp.options.mss_val": lambda p: p.option(MSS),
    "tcp.options.wscale.shift": lambda p: p.option(WINDOW_SCALE),
    "tcp.options.timestamp.tsval": lambda p: p.option(TIMESTAMPS),
    "tcp.options.timestamp.tsecr": lambda p: p.option(TIMESTAMPS, 1),
    "tcp.options.sack_perm": lambda p: p.bytes_of("SACK permitted") or None,
}
"""Every field up to TCP: tshark's name of it, and its value in tshark's spelling, from what we read."""


def all_packed(trace: Trace) -> Iterator[Packed]:
    """Every packet of the trace; windows are scaled as the SYNs of both ends agreed."""
    shifts: dict[str, int] = {}
    for transit, message in zip(trace.transits, trace.layer("TCP").messages, strict=True):
        found = dissect(transit.frame, transit.link, transit.length)
        segment = found.transport
        assert isinstance(segment, Segment)
        if segment.flags & Flags.SYN:
            scale = segment.option(WINDOW_SCALE)
            if scale:
                shifts[transit.sender] = scale.numbers[0]
        agreed = len(shifts) == 2 and not segment.flags & Flags.SYN
        yield Packed(trace, transit, message, found, shifts[transit.sender] if agreed else 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_what_tshark_reads(name: str) -> None:
    path = recording(name)
    frames = expected(path)["frames"]
    trace = capture.read(path)
    assert len(frames) == len(trace.transits) == len(trace.layer("TCP").messages)
    assert not trace.faults
    differ = []
    for frame, packed in zip(frames, all_packed(trace), strict=True):
        for key, function in FIELDS.items():
            want, got = frame.get(key), function(packed)
            if key == "frame.protocols":  # tshark goes on above TCP
                want = ":".join(want.split(":")[:4])
            if want != got:
                differ.append(f"packet {packed.transit.number} {key}: tshark {want}, we {got}")
    assert not differ, "\n".join(differ)


@pytest.mark.parametrize("name", NAMES)
def test_no_field_up_to_tcp_goes_unchecked(name: str) -> None:
    frames = expected(recording(name))["frames"]
    keys = {key for frame in frames for key in frame if key.startswith(("frame.", "eth.", "ip.", "tcp."))}
    assert keys <= FIELDS.keys()
    assert len(keys) >= 35


@pytest.mark.parametrize("name", ["k01_", "k01ng_", "k02_"])
def test_plaintext_is_what_tshark_follows(name: str) -> None:
    path = recording(name)
    trace = capture.read(path)
    ours = trace.plaintext()
    assert set(ours) == {end for c in trace.connections for end in (c.client, c.server)}
    streams = expected(path)["stream_bytes"]
    for stream in streams.values():
        host, port = stream["node0"].rsplit(":", 1)
        first = (host, int(port))
        (other,) = set(ours) - {first}
        assert ours[first].hex() == stream["from_node0"].get("hex", "")
        assert ours[other].hex() == stream["from_node1"].get("hex", "")
    if not streams:
        assert not any(ours.values())


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_encodes_to_the_same_bytes_with_checksums_made_anew(name: str) -> None:
    for transit in capture.read(recording(name)).transits:
        layers = peel(transit.frame, transit.link)
        assert [layer.name for layer in layers] == ["Ethernet", "IPv4", "TCP"]
        assert encode(layers) == transit.frame
        # `replace` clears whatever follows from the rest: lengths and checksums are worked out again.
        cleared = [replace(layer) for layer in layers]
        assert cleared[1].checksum is cleared[1].total_length is cleared[2].checksum is None
        assert encode(cleared) == transit.frame
        only = [replace(x, checksum=None) if hasattr(x, "checksum") else x for x in layers]
        assert encode(only) == transit.frame


# ---- Every form of file ----------------------------------------------------------------------------------


def story(trace: Trace) -> tuple[object, ...]:
    """What a trace tells, whatever its frames were wrapped in: ends, messages, states."""
    return (
        [(c.protocol, c.client, c.server, list(c.transits)) for c in trace.connections],
        [(m.sender, m.text(), m.labels, m.notes) for m in trace.messages],
        [(s.end, s.cause, s.before["state"], s.after["state"], s.certainty) for s in trace.steps],
    )


@pytest.mark.parametrize("nano", [False, True], ids=["micro", "nano"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_pcap_in_both_byte_orders_and_resolutions(write: Write, order: str, nano: bool) -> None:
    seen = [
        exactly(p, time=p.time + (123_456_789 if nano else 123_456_000))
        for p in packets(map(ETHERNET.wrap, WHOLE))
    ]
    trace = capture.read(write(pcap(seen, order=order, nano=nano)))
    assert told(trace) == [(p.kept, "ethernet", p.length, p.time) for p in seen]
    assert trace.epoch == seen[0].time
    assert trace.transits[0].seen == 0
    assert [str(c.client) for c in trace.connections] == [str(CLIENT)]
    look_at(trace)


def test_microseconds_do_not_become_nanoseconds(write: Write) -> None:
    # 999,999 in the fraction is almost a second in one kind of file, and a millisecond in the other.
    one = Packet(5 * BILLION + 999_999_000, ETHERNET.wrap(WHOLE[0]), 54)
    assert capture.read(write(pcap([one]))).epoch == 5_999_999_000
    two = exactly(one, time=5 * BILLION + 999_999)
    assert capture.read(write(pcap([two], nano=True))).epoch == 5_000_999_999


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=lambda w: w.name)
def test_every_link_tells_the_same_story(write: Write, wrapping: Wrapping, version: int) -> None:
    if wrapping.name in ("raw IPv4", "raw IPv6") and wrapping.name[-1] != str(version):
        version = 10 - version  # such a file holds the other version only
    raw = talk(version)
    want = story(capture.read(write(pcap(packets(raw), 101))))
    frames = [wrapping.wrap(packet) for packet in raw]
    for data in (pcap(packets(frames), wrapping.number), pcapng(packets(frames), wrapping.number, order=">")):
        trace = capture.read(write(data))
        assert {t.link for t in trace.transits} == {wrapping.link}
        assert story(trace) == want
        assert not trace.faults
        for transit, frame in zip(trace.transits, frames, strict=True):
            assert transit.frame == frame
            layers = transit.layers
            assert tuple(layer.name for layer in layers[:-2]) == wrapping.names
            assert encode(layers) == frame
            assert encode([replace(layer) for layer in layers]) == frame
        look_at(trace)


def test_the_story_itself_is_right(write: Write) -> None:
    trace = capture.read(write(pcap(packets(WHOLE), 101)))
    (connection,) = trace.connections
    assert (connection.client, connection.server) == (CLIENT, SERVER)
    states: dict[str, list[str]] = {"client": [], "server": []}
    for step in trace.steps:
        if step.moved:
            states[step.end].append(str(step.after["state"]))
    assert states["client"] == ["SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]
    assert states["server"] == ["SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"]
    assert trace.plaintext() == {CLIENT: b"hello server", SERVER: b"hello client"}
    six = capture.read(write(pcap(packets(talk(6)), 101)))
    assert six.plaintext() == {CLIENT_6: b"hello server", SERVER_6: b"hello client"}


def test_vlan_tags_are_read(write: Write) -> None:
    qinq = next(w for w in WRAPPINGS if w.name == "QinQ")
    (transit,) = capture.read(write(pcap(packets([qinq.wrap(WHOLE[0])])))).transits
    outer, inner = transit.layers[1:3]
    assert (outer.identifier, outer.priority, outer.type) == (100, 0, 0x8100)
    assert (inner.identifier, inner.priority, inner.type) == (7, 1, 0x0800)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_pcapng_in_both_byte_orders(write: Write, order: str) -> None:
    seen = packets(map(ETHERNET.wrap, WHOLE))
    trace = capture.read(write(pcapng(seen, order=order)))
    assert told(trace) == [(p.kept, "ethernet", p.length, p.time) for p in seen]
    look_at(trace)


def test_sections_of_different_order_each_with_its_own_interfaces(write: Write) -> None:
    little, big = Ng("<"), Ng(">")
    cooked = next(w for w in WRAPPINGS if w.name == "cooked")
    data = [
        little.section((4, b"a test")),
        little.interface(1),
        little.interface(113, (9, b"\x09")),
        little.enhanced(10, ETHERNET.wrap(WHOLE[0])),
        little.enhanced(20_000, cooked.wrap(WHOLE[1]), 1),
        big.section(),
        big.interface(101, (9, b"\x03")),
        big.enhanced(30, WHOLE[2]),
        little.section(),
        little.interface(1),
        little.enhanced(40, ETHERNET.wrap(WHOLE[3])),
    ]
    trace = capture.read(write(b"".join(data)))
    assert [t.link for t in trace.transits] == ["ethernet", "linux-sll", "raw", "ethernet"]
    assert [time for *_, time in told(trace)] == [10_000, 20_000, 30_000_000, 40_000]
    assert [m.name for m in trace.messages] == ["SYN", "SYN, ACK", "ACK", "PSH, ACK"]
    assert len(trace.connections) == 1


def test_an_interface_of_an_earlier_section_is_gone(write: Write) -> None:
    ng = Ng()
    data = [ng.section(), ng.interface(), ng.enhanced(1, ETHERNET.wrap(WHOLE[0])), ng.section()]
    at = len(b"".join(data)) + 8
    trace = capture.read(write(b"".join(data) + ng.enhanced(2, WHOLE[1])))
    fault = trace.entries[-1]
    assert isinstance(fault, Fault)
    assert fault.offset == at
    assert "below 0" in fault.text


@pytest.mark.parametrize(
    ("resolution", "ticks_a_second"),
    [
        *((power, 10**power) for power in (0, 1, 3, 6, 9, 12)),
        *((0x80 | power, 1 << power) for power in (0, 10, 20, 32, 40)),
    ],
)
@pytest.mark.parametrize("offset", [0, 1_000_000_000, -5])
def test_ticks_of_every_length(write: Write, resolution: int, ticks_a_second: int, offset: int) -> None:
    ng = Ng(">")
    options = [(9, bytes((resolution,)))]
    if offset:
        options.append((14, offset.to_bytes(8, "big", signed=True)))
    ticks = [7 * ticks_a_second, 8 * ticks_a_second + 1, 9 * ticks_a_second + ticks_a_second // 3]
    blocks = [ng.enhanced(tick, frame) for tick, frame in zip(ticks, WHOLE, strict=False)]
    trace = capture.read(write(b"".join([ng.section(), ng.interface(101, *options), *blocks])))
    want = [int((offset + Fraction(tick, ticks_a_second)) * BILLION) for tick in ticks]
    assert [time for *_, time in told(trace)] == want


def test_simple_and_obsolete_packet_blocks(write: Write) -> None:
    for ng in (Ng("<"), Ng(">")):
        blocks = [ng.section(), ng.interface(101), ng.interface(1)]
        blocks += [ng.simple(WHOLE[0]), ng.obsolete(5, ETHERNET.wrap(WHOLE[1]), 1)]
        trace = capture.read(write(b"".join(blocks)))
        second = ETHERNET.wrap(WHOLE[1])
        assert told(trace) == [(WHOLE[0], "raw", 60, None), (second, "ethernet", 74, 5000)]
        assert [m.name for m in trace.messages] == ["SYN", "SYN, ACK"]
        look_at(trace)


def test_a_simple_packet_that_the_interface_cut(write: Write) -> None:
    # 50 bytes were kept of it; the block is filled up to 52 with bytes that never travelled.
    ng = Ng()
    longer = ip("client", Segment(40000, 443, 1001, 5001, Flags.ACK, 100, bytes(60)))
    blocks = [ng.section(), ng.interface(101, snap=50), ng.simple(longer[:50], len(longer))]
    trace = capture.read(write(b"".join(blocks)))
    assert trace.transits[0].frame == longer[:50]
    assert trace.transits[0].wire_length == 100
    look_at(trace)


def test_unknown_blocks_and_options_are_skipped(write: Write) -> None:
    ng = Ng()
    odd = [(2, b"eth0"), (0x7777, b"what is this"), (9, b"\x06"), (2988, bytes(7))]
    blocks = [
        ng.section((1, b"comment"), (0x8001, b"?????")),
        ng.block(10, b"LSKS" + bytes(9)),
        ng.interface(101, *odd),
        ng.block(4, bytes(8)),
        ng.enhanced(1, WHOLE[0], 0, (1, b"a comment"), (2, bytes(4)), (0x4444, b"odd")),
        ng.block(5, bytes(12)),
        ng.block(0xBAD, bytes(16)),
        ng.block(0x40000BAD, b""),
        ng.enhanced(2, WHOLE[1]),
        ng.block(0x80000001, bytes(100)),
    ]
    trace = capture.read(write(b"".join(blocks)))
    assert [(t.frame, t.seen) for t in trace.transits] == [(WHOLE[0], 0), (WHOLE[1], 1e-6)]
    assert not trace.faults


# ---- What a capture does to a packet ---------------------------------------------------------------------


def in_a_talk(write: Write, frame: bytes, length: int | None = None, version: int = 4) -> Message:
    """The message of one packet from the client, seen behind the handshake; raw IP."""
    seen = packets([*talk(version)[:3], frame])
    seen[-1] = exactly(seen[-1], length=length or len(frame))
    trace = capture.read(write(pcap(seen, 101)))
    look_at(trace)
    assert len(trace.connections) == 1
    message = trace.messages[-1]
    assert message.sources[0].transit == 4
    return message


DATA = Segment(40000, 443, 1001, 5001, Flags.PSH | Flags.ACK, 64000, bytes(range(100)))


def never_bad(message: Message) -> str:
    """The notes in one text, in which nobody is blamed."""
    text = " ".join(message.notes)
    assert "wrong" not in text
    assert "bad" not in text
    return text


@pytest.mark.parametrize("version", [4, 6])
def test_cut_in_the_data(write: Write, version: int) -> None:
    whole = ip("client", DATA, version)
    for size in range(len(whole) - 100, len(whole)):
        message = in_a_talk(write, whole[:size], len(whole), version)
        note = never_bad(message)
        assert f"kept {size} of {len(whole)} bytes" in note
        assert [d.value for d in message.details if d.label == "data"] == [100]
        found = dissect(whole[:size], "raw", len(whole))
        assert found.checksums["TCP"].startswith("cannot be told")
        assert found.error is None
        assert tiles(message.spans, len(message.data))


def test_cut_in_the_options(write: Write) -> None:
    options = (
        Option(MSS, b"\x05\xb4"),
        Option(SACK_PERMITTED),
        Option(TIMESTAMPS, bytes(8)),
        Option(0, b"\0"),
    )
    whole = ip("client", exactly(DATA, options=options))
    for size in range(40, 40 + 20):
        message = in_a_talk(write, whole[:size], len(whole))
        assert f"kept {size} of {len(whole)} bytes" in never_bad(message)
        assert [d.value for d in message.details] == [1001, 5001, 100]
        assert dissect(whole[:size], "raw", len(whole)).error is None


def test_the_bytes_of_a_message_cut_in_its_options_can_be_shown(write: Write) -> None:
    options = (Option(MSS, b"\x05\xb4"), Option(TIMESTAMPS, bytes(8)), Option(0, b"\0"))
    whole = ip("client", exactly(DATA, options=options))
    for size in range(40, 40 + 16):
        message = in_a_talk(write, whole[:size], len(whole))
        assert tiles(message.spans, len(message.data)), size


@pytest.mark.parametrize("version", [4, 6])
def test_cut_in_the_headers(write: Write, version: int) -> None:
    frame = ETHERNET.wrap(ip("client", DATA, version))
    header = 14 + (20 if version == 4 else 40)
    for size in range(1, header + 20):
        seen = packets([*map(ETHERNET.wrap, talk(version)[:3]), frame])
        seen[-1] = seen[-1].cut(size)
        trace = capture.read(write(pcap(seen)))
        transit = trace.transits[3]
        assert (transit.frame, transit.wire_length) == (frame[:size], len(frame))
        names = [layer.name for layer in transit.layers]
        assert names == (
            [] if size < 14 else ["Ethernet"] if size < header else ["Ethernet", f"IPv{version}"]
        )
        assert tiles(transit.spans, size)
        found = dissect(transit.frame, transit.link, transit.length)
        assert "bad" not in found.checksums.values()
        assert found.error is not None
        assert is_one_sentence(found.error)
        text = look_at(trace)
        assert "wrong" not in text
        if transit.connection is None:
            assert "1 transit belongs to no connection" in text


def pseudo(segment: Segment, size: int) -> int:
    """What a card that makes checksums is handed: the sum over the pseudo-header, not complemented."""
    addresses = bytes((10, 0, 0, 1, 10, 0, 0, 2))
    return 0xFFFF - internet_checksum(addresses + struct.pack(">HH", 6, size))


@pytest.mark.parametrize("value", [0, pseudo(DATA, 120)], ids=["zero", "pseudo-header"])
def test_a_checksum_that_the_card_was_to_fill_in(write: Write, value: int) -> None:
    message = in_a_talk(write, ip("client", exactly(DATA, checksum=value)))
    assert "TCP checksum is not filled in: the network card" in never_bad(message)


def test_an_ip_checksum_that_the_card_was_to_fill_in(write: Write) -> None:
    message = in_a_talk(write, ip("client", DATA, checksum=0))
    assert "IPv4 checksum is not filled in" in never_bad(message)


def test_more_data_than_the_peer_takes_at_once(write: Write) -> None:
    message = in_a_talk(write, ip("client", exactly(DATA, data=bytes(4000))))
    note = never_bad(message)
    assert "4000 bytes of data, though the peer takes 1460 at once: the network card" in note
    assert "card" not in " ".join(in_a_talk(write, ip("client", exactly(DATA, data=bytes(1460)))).notes)


@pytest.mark.parametrize("version", [4, 6])
def test_an_ip_length_that_the_card_was_to_fill_in(write: Write, version: int) -> None:
    field = {"total_length": 0} if version == 4 else {"payload_length": 0}
    frame = ip("client", exactly(DATA, data=bytes(3000)), version, **field)
    message = in_a_talk(write, frame, version=version)
    note = never_bad(message)
    assert "the IP header says length 0" in note
    assert [d.value for d in message.details if d.label == "data"] == [3000]
    assert len(message.data) == 3020


@pytest.mark.parametrize("version", [4, 6])
def test_an_ip_length_not_filled_in_and_the_packet_cut(write: Write, version: int) -> None:
    field = {"total_length": 0} if version == 4 else {"payload_length": 0}
    frame = ip("client", exactly(DATA, data=bytes(3000), checksum=0x1234), version, **field)
    message = in_a_talk(write, frame[:96], len(frame), version)
    note = never_bad(message)
    assert f"kept 96 of {len(frame)}" in note
    assert [d.value for d in message.details if d.label == "data"] == [3000]


def test_a_checksum_that_is_wrong_is_called_wrong(write: Write) -> None:
    message = in_a_talk(write, ip("client", exactly(DATA, checksum=0x1234)))
    assert any("the TCP checksum is wrong" in note for note in message.notes)
    message = in_a_talk(write, ip("client", DATA, checksum=0x1234))
    assert any("the IPv4 checksum is wrong" in note for note in message.notes)


# ---- Bad input -------------------------------------------------------------------------------------------

GOOD = pcap(packets(map(ETHERNET.wrap, WHOLE[:4])))
NO_CAPTURE = {
    "empty": (b"", "empty file"),
    "text": (b"Dear sir,\nplease find attached\n", "text file that starts with 'Dear sir"),
    "gzip": (gzip.compress(GOOD, mtime=0), "gzip: unpack it first"),
    "zip": (b"PK\x03\x04" + bytes(30), "zip archive"),
    "zstd": (b"(\xb5/\xfd" + bytes(30), "zstd"),
    "snoop": (b"snoop\0\0\0" + bytes(30), "snoop"),
    "noise": (bytes(range(128, 200)), "80 81 82 83"),
    "one byte": (b"\xd4", "d4"),
}


@pytest.mark.parametrize("name", NO_CAPTURE)
def test_what_is_no_capture_is_named(write: Write, name: str) -> None:
    data, got = NO_CAPTURE[name]
    with pytest.raises(DecodeError) as caught:
        capture.read(write(data, "mine.pcap"))
    error = caught.value
    assert (error.field, error.offset, error.within) == ("file header", 0, "mine.pcap")
    assert got in error.got
    assert is_one_sentence(error)
    assert str(error).startswith(
        "mine.pcap: file header at byte 0: expected a pcap or pcapng capture file, got "
    )


def test_what_is_no_file_is_left_to_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        capture.read(tmp_path / "missing.pcap")
    with pytest.raises(IsADirectoryError):
        capture.read(tmp_path)


def edges(data: bytes, order: str = "<") -> list[int]:
    """Where each packet of a recording ends, by reading nothing but the lengths."""
    ends, at = [], 24
    if data[:4] == bytes.fromhex("0a0d0d0a"):
        at = 0
        while at < len(data):
            kind, size = struct.unpack_from(order + "II", data, at)
            at += size
            if kind == 6:
                ends.append(at)
        return ends
    while at < len(data):
        at += 16 + struct.unpack_from(order + "I", data, at + 8)[0]
        ends.append(at)
    return ends


@pytest.mark.parametrize("name", ["k01_", "k01ng_"])
def test_a_capture_cut_at_every_byte(write: Write, name: str) -> None:
    data = recording(name).read_bytes()
    whole = told(capture.read(recording(name)))
    ends = edges(data)
    assert len(ends) == len(whole) == 11
    boundaries = {24, *ends}
    at = 0
    if name == "k01ng_":
        boundaries = set()
        while at < len(data):
            at += struct.unpack_from("<I", data, at + 4)[0]
            boundaries.add(at)
    for size in range(len(data)):
        path = write(data[:size], "cut.pcap")
        complete = sum(end <= size for end in ends)
        trace = attempt(path)
        if isinstance(trace, DecodeError):
            assert complete == 0
            assert is_one_sentence(trace), str(trace)
            assert trace.offset <= size < min(boundaries)
            continue
        assert told(trace)[:complete] == whole[:complete]
        # Of the packet that the file breaks off in, the first bytes may be there.
        assert len(trace.transits) - complete in (0, 1)
        for extra in trace.transits[complete:]:
            assert whole[complete][0].startswith(extra.frame)  # type: ignore[attr-defined]
            assert extra.wire_length > len(extra.frame)
        if size in boundaries:  # nothing in the file tells that there was more
            assert not trace.faults
            assert len(trace.transits) == complete
            continue
        fault = trace.entries[-1]
        assert isinstance(fault, Fault)
        assert fault.kind == "reading"
        assert is_one_sentence(fault), fault.text
        assert fault.text.startswith("cut.pcap: ")
        assert fault.offset is not None
        assert fault.offset <= size
        assert f"at byte {fault.offset}:" in fault.text
        if size % 16 == 5:
            assert fault.text in look_at(trace)


def ng_file(*blocks: bytes) -> bytes:
    """A little-endian pcapng file with a raw interface and one good packet before these blocks."""
    ng = Ng()
    return b"".join([ng.section(), ng.interface(101), ng.enhanced(1, WHOLE[0]), *blocks])


HUGE = 0xFFFFFFFF
ONE_PCAP = pcap(packets(WHOLE[:1]), 101)
LIES = {
    "pcap: 4 GB": (
        ONE_PCAP + struct.pack("<IIII", 1, 1, HUGE, HUGE) + WHOLE[1],
        "captured length",
        len(ONE_PCAP) + 8,
    ),
    "pcap: 60 MB": (ONE_PCAP + struct.pack("<IIII", 1, 1, 60 << 20, 60 << 20), "packet", len(ONE_PCAP) + 16),
    "pcapng: block of 4 GB": (ng_file(struct.pack("<II", 6, 0xFFFFFFFC) + bytes(40)), "block length", 4),
    "pcapng: block of 60 MB": (ng_file(struct.pack("<II", 6, 60 << 20) + bytes(40)), "block", 0),
    "pcapng: block of 8 bytes": (ng_file(struct.pack("<II", 6, 8) + bytes(40)), "block length", 4),
    "pcapng: block of 33 bytes": (ng_file(struct.pack("<II", 6, 33) + bytes(40)), "block length", 4),
    "pcapng: two lengths": (
        ng_file(Ng().simple(WHOLE[1])[:-4] + b"\x10\0\0\0"),
        "block length, repeated",
        72,
    ),
    "pcapng: packet of 4 GB": (
        ng_file(Ng().block(6, struct.pack("<IIIII", 0, 0, 0, HUGE, HUGE) + WHOLE[1])),
        "captured length",
        20,
    ),
    "pcapng: interface 7": (ng_file(Ng().enhanced(1, WHOLE[1], 7)), "interface", 8),
    "pcapng: packet block too short": (ng_file(Ng().block(6, bytes(16))), "packet block", 8),
    "pcapng: simple block too short": (ng_file(Ng().block(3, b"")), "simple packet block", 8),
    "pcapng: interface too short": (ng_file(Ng().block(1, bytes(4))), "interface description", 8),
    "pcapng: option of 64 KB": (
        ng_file(Ng().block(1, struct.pack("<HHIHH", 1, 0, 0, 2, 0xFFFF))),
        "option length",
        18,
    ),
    "pcapng: section without magic": (ng_file(Ng().block(0x0A0D0D0A, bytes(16))), "byte-order magic", 8),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_about_lengths_cost_nothing_and_are_named(write: Write, name: str) -> None:
    data, field, offset = LIES[name]
    if name.startswith("pcapng"):
        offset += len(ng_file())
    path = write(data, "lies.pcap")
    capture.read(write(ONE_PCAP))  # what is remembered between captures is not counted
    tracemalloc.start()
    try:
        trace = capture.read(path)
        text = look_at(trace)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert trace.transits[0].frame == WHOLE[0]
    fault = trace.entries[-1]
    assert isinstance(fault, Fault)
    assert is_one_sentence(fault), fault.text
    assert fault.text.startswith(f"lies.pcap: {field} at byte {offset}: ")
    assert fault.offset == offset
    assert fault.text in text


def test_a_simple_packet_block_may_say_4_gb(write: Write) -> None:
    # Its length field is that of the packet on its way; what was kept shows in the length of the block.
    trace = capture.read(write(ng_file(Ng().simple(WHOLE[1], HUGE))))
    assert (trace.transits[1].frame, trace.transits[1].wire_length) == (WHOLE[1], HUGE)


def test_lies_in_the_file_header(write: Write) -> None:
    version_3 = bytearray(GOOD)
    version_3[4] = 3
    cases = [
        (bytes(version_3), "major version", 4),
        (GOOD[:23], "file header", 0),
        (Ng().section()[:27], "file header", 0),
        (Ng().block(0x0A0D0D0A, bytes(16)), "byte-order magic", 8),
    ]
    for data, field, offset in cases:
        with pytest.raises(DecodeError) as caught:
            capture.read(write(data))
        assert (caught.value.field, caught.value.offset) == (field, offset)
        assert is_one_sentence(caught.value)


def test_a_capture_without_packets_is_an_empty_trace(write: Write) -> None:
    for data in (GOOD[:24], Ng().section(), Ng().section() + Ng().interface()):
        trace = capture.read(write(data))
        assert len(trace.transits) == len(trace.connections) == len(trace.faults) == 0
        assert look_at(trace) == trace.title


def test_an_unknown_link_type_keeps_the_packets(write: Write) -> None:
    for data in (pcap(packets(WHOLE), 147), pcapng(packets(WHOLE), 147)):
        trace = capture.read(write(data, "odd.pcap"))
        assert [t.frame for t in trace.transits] == WHOLE
        assert {t.link for t in trace.transits} == {"link type 147"}
        assert not trace.connections
        fault = trace.entries[-1]
        assert isinstance(fault, Fault)
        assert "link type 147" in fault.text
        assert "ethernet" in fault.text
        text = look_at(trace)
        assert fault.text in text
        assert "10 transits belong to no connection" in text
        spans = trace.transits[0].spans
        assert [span.name for span in spans] == ["unread bytes"]


def test_a_known_and_an_unknown_interface(write: Write) -> None:
    ng = Ng()
    blocks = [
        ng.section(),
        ng.interface(147),
        ng.interface(101),
        ng.enhanced(1, b"??"),
        ng.enhanced(2, WHOLE[0], 1),
    ]
    trace = capture.read(write(b"".join(blocks)))
    assert [t.connection for t in trace.transits] == [None, 1]
    assert isinstance(trace.entries[-1], Fault)


def survives(path: Path) -> None:
    """Reading gives a trace that can be looked at all over, or DecodeError in one sentence."""
    trace = attempt(path)
    if isinstance(trace, DecodeError):
        assert is_one_sentence(trace), str(trace)
    else:
        look_at(trace)


@pytest.mark.parametrize("mask", [0xFF, 0x01])
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_every_byte_flipped(write: Write, form: str, mask: int) -> None:
    frames = packets(map(ETHERNET.wrap, [*WHOLE[:4], WHOLE[6]]))
    data = bytearray(pcap(frames) if form == "pcap" else pcapng(frames))
    for at in range(len(data)):
        data[at] ^= mask
        survives(write(bytes(data), "flipped"))
        data[at] ^= mask


@pytest.mark.parametrize("magic", ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a"])
def test_noise_behind_a_good_magic(tmp_path_factory: pytest.TempPathFactory, magic: str) -> None:
    path = tmp_path_factory.mktemp("noise") / "noise.pcap"

    @settings(max_examples=60, derandomize=True, deadline=None, database=None)
    @given(st.binary(max_size=200))
    def noise(data: bytes) -> None:
        path.write_bytes(bytes.fromhex(magic) + data)
        survives(path)

    noise()


def test_noise_in_packets_and_blocks(tmp_path: Path) -> None:
    path = tmp_path / "noise.pcap"
    ng = Ng()

    @settings(max_examples=120, derandomize=True, deadline=None, database=None)
    @given(st.binary(max_size=120), st.sampled_from(WRAPPINGS), st.sampled_from(range(8)), st.integers(0, 80))
    def noise(data: bytes, wrapping: Wrapping, kind: int, keep: int) -> None:
        frame = wrapping.wrap(WHOLE[0])[:keep] + data
        path.write_bytes(pcap(packets([frame, frame]), wrapping.number))
        survives(path)
        path.write_bytes(ng.section() + ng.interface(wrapping.number) + ng.block(kind, data))
        survives(path)

    noise()


# ---- Saving ----------------------------------------------------------------------------------------------


def lossy() -> Trace:
    """A run in which a segment of each end gets lost."""
    return sim.tcp(seed=7, faults=[sim.drop("client", nth=2), sim.drop("server", nth=2)])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_saved_is_read_again(tmp_path: Path, name: str) -> None:
    trace = capture.read(recording(name))
    saved = trace.save(tmp_path / "saved.pcapng")
    again = capture.read(saved)
    assert told(again) == told(trace)
    assert again.epoch == trace.epoch
    assert story(again) == story(trace)
    assert again.save(tmp_path / "again.pcapng").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=lambda w: w.name)
def test_every_link_and_cut_packets_are_saved(write: Write, tmp_path: Path, wrapping: Wrapping) -> None:
    version = 6 if wrapping.name == "raw IPv6" else 4
    seen = packets(map(wrapping.wrap, talk(version)))
    seen[3] = seen[3].cut(len(seen[3].kept) - 5)
    seen[5] = seen[5].cut(7)
    trace = capture.read(write(pcap(seen, wrapping.number)))
    again = capture.read(trace.save(tmp_path / "saved.pcapng"))
    assert told(again) == told(trace)
    assert again.transits[3].wire_length == len(seen[3].kept) + 5
    assert story(again) == story(trace)


def test_several_links_in_one_file(write: Write, tmp_path: Path) -> None:
    ng = Ng()
    blocks = [ng.section()]
    for index, wrapping in enumerate(WRAPPINGS[:3] + WRAPPINGS[8:]):
        blocks += [ng.interface(wrapping.number), ng.enhanced(index, wrapping.wrap(WHOLE[index]), index)]
    trace = capture.read(write(b"".join(blocks)))
    assert len({t.link for t in trace.transits}) == 4
    assert told(capture.read(trace.save(tmp_path / "saved.pcapng"))) == told(trace)


def test_times_are_exact_to_the_nanosecond(write: Write, tmp_path: Path) -> None:
    times = [START + n for n in (0, 1, 2, 999_999_999, 123_456_789_123, 10 * 86400 * BILLION + 7)]
    seen = [Packet(time, frame, len(frame)) for time, frame in zip(times, WHOLE, strict=False)]
    trace = capture.read(write(pcap(seen, 101, nano=True)))
    assert [time for *_, time in told(trace)] == times
    again = capture.read(trace.save(tmp_path / "saved.pcapng"))
    assert [time for *_, time in told(again)] == times


def test_a_run_is_saved_at_either_end(tmp_path: Path) -> None:
    run = sim.tcp(seed=7, faults=[sim.drop("client", nth=2), sim.drop("server", nth=1)])
    lost = {t.number for t in run.transits if t.fault == "lost"}
    assert {run[number].sender for number in lost} == {"client", "server"} or len(lost) == 1
    both = capture.read(run.save(tmp_path / "both.pcapng"))
    assert [t.frame for t in both.transits] == [t.frame for t in sorted(run.transits, key=lambda t: t.time)]
    for end in ("client", "server"):
        here = capture.read(run.save(tmp_path / "one.pcapng", at=end))
        want = sorted(
            (t.sent if t.sender == end else t.arrived, t.number)
            for t in run.transits
            if t.sender == end or t.fault != "lost"
        )
        assert [t.frame for t in here.transits] == [run[number].frame for _, number in want]
        assert [time for *_, time in told(here)] == [run.epoch + round(time * 1e9) for time, _ in want]
        mine = {t.frame for t in here.transits}
        for number in lost:
            assert (run[number].frame in mine) == (run[number].sender == end)


def test_at_is_checked_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "kept.pcapng"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match="'nonsense'"):
        sim.tcp().save(path, at="nonsense")
    assert [p.name for p in tmp_path.iterdir()] == ["kept.pcapng"]
    assert path.read_bytes() == b"precious"


def breaks_at(index: int, error: BaseException) -> Trace:
    """A trace whose transits can be read only so far."""
    run = sim.tcp(seed=1)

    def make(n: int) -> Transit:
        if n == index:
            raise error
        return run.transits[n]

    return exactly(run, transits=Deferred(len(run.transits), make))


BROKEN: dict[str, tuple[Callable[[], Trace], type[BaseException]]] = {
    "a link that cannot be written": (
        lambda: Trace(transits=(Transit(1, WHOLE[0], "raw"), Transit(2, b"??", "link type 147"))),
        ValueError,
    ),
    "an error in the middle": (lambda: breaks_at(3, RuntimeError("in the middle")), RuntimeError),
    "a user who has enough": (lambda: breaks_at(3, KeyboardInterrupt()), KeyboardInterrupt),
    "a time beyond the format": (
        lambda: Trace(transits=(Transit(1, WHOLE[0], "raw", seen=1e11),)),
        ValueError,
    ),
    "a time before the format": (
        lambda: Trace(transits=(Transit(1, WHOLE[0], "raw", seen=-1.0),)),
        ValueError,
    ),
}


@pytest.mark.parametrize("there", [False, True], ids=["new", "existing"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_save_that_fails_leaves_nothing_behind(tmp_path: Path, name: str, there: bool) -> None:
    make, error = BROKEN[name]
    path = tmp_path / "out.pcapng"
    if there:
        path.write_bytes(b"precious")
    trace = make()
    with pytest.raises(error):
        trace.save(path)
    assert [p.name for p in tmp_path.iterdir()] == (["out.pcapng"] if there else [])
    if there:
        assert path.read_bytes() == b"precious"


def test_folders_that_cannot_be_written_into(tmp_path: Path) -> None:
    run = sim.tcp()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        run.save(tmp_path / "missing" / "out.pcapng")
    with pytest.raises(NotADirectoryError):
        run.save(tmp_path / "file" / "out.pcapng")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        run.save(tmp_path / "folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_a_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)
    try:
        with pytest.raises(PermissionError):
            sim.tcp().save(folder / "out.pcapng")
        assert not list(folder.iterdir())
    finally:
        folder.chmod(0o700)


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        sim.tcp().save(tmp_path / "out.pcapng")
    assert not list(tmp_path.iterdir())


def test_a_capture_near_the_server_whose_clock_starts_at_0(write: Write, tmp_path: Path) -> None:
    # Seen from the client, the first packet left before the capture's first moment, here in 1969.
    times = [0, 1_000_000, 41_000_000, *range(42_000_000, 49_000_000, BILLION // 1000)]
    seen = [Packet(time, frame, len(frame)) for time, frame in zip(times, WHOLE, strict=True)]
    trace = capture.read(write(pcap(seen, 101)))
    assert trace.connections[0].near == "server"
    with pytest.raises(ValueError, match="1970"):
        trace.save(tmp_path / "saved.pcapng", at="client")
    assert len(capture.read(trace.save(tmp_path / "saved.pcapng", at="server")).transits) == 10


TSHARK_FIELDS = (
    "frame.number",
    "ip.checksum.status",
    "tcp.checksum.status",
    "_ws.expert.severity",
    "_ws.malformed",
    "frame.comment",
    "frame.len",
    "tcp.stream",
)
EXPERT_ERROR = 0x00800000


def by_tshark(path: Path) -> list[dict[str, str]]:
    """What tshark reads in a file, its checksums verified; skips if there is no tshark here."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    command += ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    for field in TSHARK_FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "appears to be" not in done.stderr  # damaged, or cut short
    return [dict(zip(TSHARK_FIELDS, line.split("|"), strict=True)) for line in done.stdout.splitlines()]


def clean(rows: list[dict[str, str]]) -> None:
    """Complain about anything that tshark complains about."""
    for row in rows:
        assert row["ip.checksum.status"] in ("1", ""), row
        assert row["tcp.checksum.status"] == "1", row
        assert not row["_ws.malformed"], row
        severities = [int(value, 0) for value in row["_ws.expert.severity"].split(",") if value]
        assert all(value < EXPERT_ERROR for value in severities), row


@pytest.mark.parametrize("at", [None, "client", "server"])
def test_tshark_reads_a_saved_run(tmp_path: Path, at: str | None) -> None:
    run = lossy()
    rows = by_tshark(run.save(tmp_path / "run.pcapng", at=at))
    clean(rows)
    assert {row["tcp.stream"] for row in rows} == {"0"}
    comments = {row["frame.comment"] for row in rows} - {""}
    faults = {fault.text for fault in run.faults}
    assert len(faults) == 2
    if at is None:
        assert len(rows) == len(run.transits)
        assert comments == faults
    else:
        assert comments == {f.text for f in run.faults if run[f.transit or 0].sender == at}


@pytest.mark.parametrize("name", ["k01ng_", "t11_"])
def test_tshark_reads_a_saved_recording(tmp_path: Path, name: str) -> None:
    trace = capture.read(recording(name))
    rows = by_tshark(trace.save(tmp_path / "saved.pcapng"))
    clean(rows)
    assert [int(row["frame.len"]) for row in rows] == [t.wire_length for t in trace.transits]


def test_tshark_reads_every_link(write: Write, tmp_path: Path) -> None:
    # Each link twice over, with IPv4 and IPv6, in one file, saved from ours.
    ng = Ng()
    blocks, count = [ng.section()], 0
    for wrapping in WRAPPINGS:
        for version in (4, 6):
            frame = wrapping.wrap(talk(version, client_port=40000 + count)[0])
            blocks += [ng.interface(wrapping.number), ng.enhanced(count, frame, count)]
            count += 1
    trace = capture.read(write(b"".join(blocks)))
    rows = by_tshark(trace.save(tmp_path / "saved.pcapng"))
    clean(rows)
    assert len(rows) == count
    assert len({row["tcp.stream"] for row in rows}) == count


# ---- Costing what is looked at ---------------------------------------------------------------------------


def many(connections: int) -> bytes:
    """So many connections of three packets each, one behind the other."""
    frames = []
    for number in range(connections):
        host, port = divmod(number, 1000)
        three = talk(client_port=40000 + port)[:3]
        # Another host number changes two bytes; the checksums are not looked at here.
        frames += [packet.replace(bytes((10, 0, 0, 1)), bytes((10, 0, host + 1, 1))) for packet in three]
    return pcap(packets(frames, 1000), 101)


@pytest.fixture(scope="module")
def two_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "many.pcap"
    path.write_bytes(many(2000))
    return path


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the connections that get observed, as they are."""
    numbers: list[int] = []
    whole = captured.observe

    def counted(connection: Any, transits: Any) -> Any:
        numbers.append(connection.number)
        return whole(connection, transits)

    monkeypatch.setattr(captured, "observe", counted)
    return numbers


def test_reading_observes_no_connection(two_thousand: Path, observed: list[int]) -> None:
    trace = capture.read(two_thousand)
    assert (len(trace.transits), len(trace.connections)) == (6000, 2000)
    assert repr(trace) == "Trace('many.pcap', 6000 transits, 2000 connections)"
    assert observed == []


def test_looking_at_a_connection_observes_it_alone(two_thousand: Path, observed: list[int]) -> None:
    trace = capture.read(two_thousand)
    assert trace.connections[6].client == ("10.0.1.1", 40006)
    assert observed == [7]
    assert trace.transits[20].sender == "client"
    assert trace.connections[6].number == 7
    assert observed == [7]
    assert trace.transits[-1].connection == 2000
    assert observed == [7, 2000]


def test_the_trace_of_one_connection_observes_it_alone(two_thousand: Path, observed: list[int]) -> None:
    one = capture.read(two_thousand).only(1234)
    assert [m.name for m in one.messages] == ["SYN", "SYN, ACK", "ACK"]
    assert [s.after["state"] for s in one.steps if s.end == "client"][-1] == "ESTABLISHED"
    assert set(observed) == {1234}


def test_a_connection_looked_at_again_is_not_observed_again(two_thousand: Path, observed: list[int]) -> None:
    trace = capture.read(two_thousand)
    for _ in range(3):
        trace.only(1)
        trace.only(2)
    assert observed.count(1) == observed.count(2) == 1


def test_memory_grows_with_the_packets_and_no_faster(tmp_path: Path) -> None:
    frames = packets(map(ETHERNET.wrap, WHOLE), 1000)
    block = pcap(frames)[24:]
    path = tmp_path / "grows.pcap"
    used = {}
    for count in (5_000, 20_000):
        path.write_bytes(GOOD[:24] + block * (count // 10))
        tracemalloc.start()
        trace = capture.read(path)
        used[count] = tracemalloc.get_traced_memory()[1] - path.stat().st_size
        tracemalloc.stop()
        assert len(trace.transits) == count
    each = (used[20_000] - used[5_000]) / 15_000
    assert each < 400
    assert used[20_000] < 4.6 * used[5_000]

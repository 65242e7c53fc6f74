"""What several test files share: kinds of frames for Hypothesis, recorded frames, and what tiling means.

Frames are drawn as lists of layers, outermost first, with their lengths and checksums left to `encode`.
"""

import struct
from dataclasses import replace as changed_only
from pathlib import Path

import dpkt
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

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
)
from handshake.net.address import ip_text
from handshake.tcp.options import END, MSS, NOP, SACK, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE, Option
from handshake.tcp.segment import Flags, Segment
from handshake.wire import replace

VECTORS = Path(__file__).parents[2] / "shared" / "vectors"
CAPTURES = sorted((VECTORS / "captures").glob("*.pcap*"))

needs_captures = pytest.mark.skipif(not CAPTURES, reason=f"no recorded captures in {VECTORS.name}/captures")

steady = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    max_examples=100,
)
"""The same examples on every run, and no clock."""


def recorded_frames():
    """Every frame of the recorded captures, as pytest parameters; all were taken on Ethernet."""
    for path in CAPTURES:
        with path.open("rb") as file:
            for number, (_, frame) in enumerate(dpkt.pcap.UniversalReader(file), 1):
                yield pytest.param(frame, id=f"{path.name.split('_')[0]}-{number}")


def write_pcap(path, link_number, frames):
    """A classic pcap file: microseconds, one packet a second."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_number))
        for second, frame in enumerate(frames):
            file.write(struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame)


def assert_tiles(spans, size):
    """The spans cover bytes 0 to size in order, every bit once, and each says which bytes enclose it."""
    at = 0
    for span in spans:
        assert (8 * span.start + span.bit, span.name) == (at, span.name), "a gap, or two fields for one bit"
        assert span.bit < 8
        assert span.bits > 0
        at += span.bits
        assert span.end == (at + 7) // 8, span
    assert at == 8 * size, f"covered {at} bits of {8 * size}"


def bare(layers):
    """The layers without what follows from the others: lengths, checksums, why a payload is not read."""
    return [
        changed_only(layer, what="") if isinstance(layer, Payload) else replace(layer) for layer in layers
    ]


def uints(bits):
    return st.integers(0, (1 << bits) - 1)


def octets(least, most):
    return st.binary(min_size=least, max_size=most)


ports = uints(16)
macs = octets(6, 6).map(lambda raw: raw.hex(":"))
ipv4_addresses = octets(4, 4).map(lambda raw: ".".join(map(str, raw)))
ipv6_addresses = st.ip_addresses(v=6).map(lambda address: ip_text(address.packed))
some_data = st.one_of(st.just(b""), octets(1, 64))


# TCP, with every kind of option, filled up to a word of 4 bytes as they have to travel.

known_options = [
    st.just(Option(NOP)),
    octets(2, 2).map(lambda data: Option(MSS, data)),
    octets(1, 1).map(lambda data: Option(WINDOW_SCALE, data)),
    st.just(Option(SACK_PERMITTED)),
    octets(8, 8).map(lambda data: Option(TIMESTAMPS, data)),
    st.integers(0, 4).flatmap(lambda blocks: octets(8 * blocks, 8 * blocks)).map(lambda d: Option(SACK, d)),
]
odd_options = [  # kinds that nobody knows, and known kinds with a length that is not theirs
    st.builds(Option, st.integers(9, 255), octets(0, 12)),
    st.builds(Option, st.sampled_from([MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS]), octets(0, 12)),
]


def option_size(option):
    return len(option.data) + (1 if option.kind in (END, NOP) else 2)


def filled_up(options):
    """As many of the options as fit in 40 bytes, and the end of options where they end inside a word."""
    kept, size = [], 0
    for option in options:
        if size + option_size(option) <= 40:
            kept.append(option)
            size += option_size(option)
    if size % 4:
        kept.append(Option(END, bytes(-size % 4 - 1)))
    return tuple(kept)


tcp_options = st.lists(st.one_of(*known_options, *odd_options), max_size=10).map(filled_up)

segments = st.builds(
    Segment,
    ports,
    ports,
    seq=uints(32),
    ack=uints(32),
    flags=uints(8).map(Flags),
    window=uints(16),
    data=some_data,
    options=tcp_options,
    urgent_pointer=uints(16),
    reserved=uints(4),
)
datagrams = st.builds(UDP, ports, ports, some_data)


# IP.

ipv4_headers = st.builds(
    IPv4,
    ipv4_addresses,
    ipv4_addresses,
    protocol=uints(8),
    ttl=uints(8),
    identification=uints(16),
    flags=uints(3),
    fragment_offset=uints(13),
    dscp=uints(6),
    ecn=uints(2),
    options=st.integers(0, 10).flatmap(lambda words: octets(4 * words, 4 * words)),
)
ipv6_headers = st.builds(
    IPv6,
    ipv6_addresses,
    ipv6_addresses,
    next_header=uints(8),
    hop_limit=uints(8),
    flow_label=uints(20),
    dscp=uints(6),
    ecn=uints(2),
)
unknown_protocols = st.sampled_from([1, 2, 41, 47, 50, 58, 59, 132, 255])
carried = octets(1, 64).map(Payload)


@st.composite
def ipv6_chains(draw, last):
    """Extension headers, the last of which says what follows them."""
    kinds = draw(st.lists(st.sampled_from([0, 43, 60]), max_size=3))
    following = [*kinds[1:], last]
    chain = []
    for kind, number in zip(kinds, following, strict=False):
        words = draw(st.integers(0, 3))
        chain.append(Extension(kind, number, draw(octets(8 * words + 6, 8 * words + 6))))
    return chain


@st.composite
def packets(draw):
    """An IP layer, its extension headers, and what they carry."""
    inner = draw(st.one_of(segments, datagrams, carried))
    number = getattr(inner, "number", None) or draw(unknown_protocols)
    fragment = isinstance(inner, Payload) and draw(st.booleans())
    if fragment:
        number = draw(st.sampled_from([6, 17, 1, 60]))  # of a piece, none is read
    if draw(st.booleans()):
        offset, flags = (draw(uints(13)), 1) if fragment else (0, draw(st.sampled_from([0, 2, 4])))
        header = draw(ipv4_headers)
        return [changed_only(header, protocol=number, flags=flags, fragment_offset=offset), inner]
    piece = []
    if fragment:
        where = (draw(uints(13)) << 3 | 1).to_bytes(2, "big")
        piece = [Extension(44, number, where + draw(octets(4, 4)))]
        number = 44
    chain = draw(ipv6_chains(number))
    header = changed_only(draw(ipv6_headers), next_header=chain[0].kind if chain else number)
    return [header, *chain, *piece, inner]


# Links.


def link_header(link, kind):
    """Headers of that link that say what is inside; None for a link without a header."""
    station = {
        "packet_type": st.integers(0, 5),
        "hardware_type": uints(16),
        "address_length": st.integers(0, 8),
        "source": octets(8, 8),
    }
    families = {0x0800: st.just(2), 0x86DD: st.sampled_from([10, 24, 28, 30])}
    orders = st.sampled_from(["little", "big"] if kind else ["little"])
    return {
        "ethernet": st.builds(Ethernet, macs, macs, st.just(kind)),
        "linux-sll": st.builds(LinuxCooked, st.just(kind), **station),
        "linux-sll2": st.builds(
            LinuxCooked2, st.just(kind), interface=uints(32), reserved=uints(16), **station
        ),
        "loopback": st.builds(Loopback, families.get(kind, st.just(7)), orders),
        "raw": st.none(),
    }[link]


@st.composite
def frames(draw):
    """A link, and the layers of a frame on it."""
    link = draw(st.sampled_from(["ethernet", "linux-sll", "linux-sll2", "loopback", "raw"]))
    layers = draw(packets())
    kind = 0x0800 if isinstance(layers[0], IPv4) else 0x86DD
    if link != "raw" and draw(st.integers(0, 9)) == 0:  # now and then something else than IP
        layers = [draw(carried)]
        kind = 0 if link == "loopback" else draw(st.sampled_from([0x0806, 0x88CC, 40, 1500]))
    is_ip = kind in (0x0800, 0x86DD)
    if link in ("ethernet", "linux-sll", "linux-sll2"):
        for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
            tag = VLAN(draw(uints(12)), kind, draw(uints(3)), draw(uints(1)))
            layers = [tag, *layers]
            kind = draw(st.sampled_from([0x8100, 0x88A8]))
    header = draw(link_header(link, kind))
    if header:
        layers = [header, *layers]
    if is_ip and draw(st.booleans()):
        layers = [*layers, Padding(draw(octets(1, 20)))]
    return link, layers

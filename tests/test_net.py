"""The layers under TCP, and UDP: there and back, checksums beside dpkt's, and malformed headers refused."""

import struct
from dataclasses import replace as changed_only

import dpkt
import pytest
from helpers import (
    bare,
    datagrams,
    frames,
    ipv4_addresses,
    ipv4_headers,
    ipv6_addresses,
    ipv6_headers,
    octets,
    segments,
    steady,
    uints,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake import net
from handshake.errors import DecodeError
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
from handshake.net.address import ip_bytes, ip_text, mac_bytes, mac_text
from handshake.peel import peel
from handshake.tcp.segment import SYN, Segment
from handshake.wire import Reader, internet_checksum, replace

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT6, SERVER6 = "2001:db8::1", "2001:db8::2"
TCP_BYTES = Segment(1, 2, 3, flags=SYN).encode(CLIENT, SERVER)
ADDRESSES = st.one_of(
    st.tuples(ipv4_addresses, ipv4_addresses),
    st.tuples(ipv6_addresses, ipv6_addresses),
)


def error_of(read, data, *more):
    with pytest.raises(DecodeError) as caught:
        read(Reader(data), *more)
    return caught.value.field, caught.value.offset


def read_back(layer, payload, *more):
    """The layer and the payload, as they are read from the bytes."""
    reader = Reader(layer.encode(payload))
    decoded = type(layer).read(reader, *more)
    return decoded, reader.rest("payload")


# Whole frames.


@settings(steady, max_examples=300)
@given(frames())
def test_a_frame_of_any_kind_comes_back_layer_by_layer(drawn):
    link, layers = drawn
    frame = net.encode(layers)
    peeled = peel(frame, link)
    assert bare(peeled) == bare(layers)
    assert net.encode(peeled) == frame
    assert net.encode([replace(layer) for layer in peeled]) == frame


def test_two_vlan_tags_lie_between_ethernet_and_ip():
    tags = VLAN(100, 0x8100, 7, 1), VLAN(0xFFF, 0x0800, 0, 0)
    layers = [Ethernet(type=0x88A8), *tags, IPv4(CLIENT, SERVER), Segment(1, 2, 3, flags=SYN)]
    frame = net.encode(layers)
    assert frame[12:22].hex(" ", 2) == "88a8 f064 8100 0fff 0800"
    assert peel(frame)[1:3] == tags


def test_padding_is_no_part_of_the_packet():
    layers = [Ethernet(), IPv4(CLIENT, SERVER), Segment(1, 2, 3, flags=SYN), Padding(bytes(6))]
    frame = net.encode(layers)
    assert len(frame) == 60
    peeled = peel(frame)
    assert peeled[1].total_length == 40
    assert peeled[2].data == b""
    assert peeled[3] == Padding(bytes(6))


def test_tcp_without_an_ip_layer_has_no_addresses_for_its_checksum():
    with pytest.raises(ValueError, match="need an IP layer"):
        net.encode([Ethernet(), Segment(1, 2, 3)])


def test_the_innermost_ip_layer_gives_the_addresses():
    tunnel = [IPv4("1.1.1.1", "2.2.2.2", protocol=41), IPv6(CLIENT6, SERVER6), Segment(1, 2, 3)]
    assert net.encode(tunnel)[60:] == Segment(1, 2, 3).encode(CLIENT6, SERVER6)


# Links.


@steady
@given(frames())
def test_a_link_header_is_read_for_itself(drawn):
    link, layers = drawn
    if link != "raw":
        decoded, payload = read_back(layers[0], b"inside")
        assert (decoded, payload) == (layers[0], b"inside")


def test_the_bytes_of_a_linux_cooked_header():
    station = bytes.fromhex("02000000000a0000")
    assert LinuxCooked(0x86DD, 4, 772, 6, station).encode(b"").hex(" ", 2) == (
        "0004 0304 0006 0200 0000 000a 0000 86dd"
    )
    assert LinuxCooked2(0x86DD, 4, 772, 6, station, interface=9).encode(b"").hex(" ", 2) == (
        "86dd 0000 0000 0009 0304 0406 0200 0000 000a 0000"
    )


@pytest.mark.parametrize(
    ("data", "layer", "kind"),
    [
        ("02000000", Loopback(2, "little"), 0x0800),
        ("00000002", Loopback(2, "big"), 0x0800),
        ("1e000000", Loopback(30, "little"), 0x86DD),
        ("0000001c", Loopback(28, "big"), 0x86DD),
        ("18000000", Loopback(24, "little"), 0x86DD),
        ("0000000a", Loopback(10, "big"), 0x86DD),
        ("07000000", Loopback(7, "little"), 0),
    ],
)
def test_a_loopback_family_is_read_in_either_byte_order(data, layer, kind):
    raw = bytes.fromhex(data)
    decoded = Loopback.read(Reader(raw))
    assert decoded == layer
    assert decoded.type == kind
    assert decoded.encode(b"") == raw


@pytest.mark.parametrize(
    ("layer", "size", "field", "offset"),
    [
        (Ethernet, 5, "destination address", 0),
        (Ethernet, 11, "source address", 6),
        (Ethernet, 13, "type", 12),
        (VLAN, 1, "VLAN identifier", 0),
        (VLAN, 3, "type", 2),
        (LinuxCooked, 15, "protocol", 14),
        (LinuxCooked2, 19, "source address", 12),
        (Loopback, 3, "address family", 0),
        (IPv4, 0, "version", 0),
        (IPv4, 7, "fragment offset", 6),
        (IPv4, 19, "destination address", 16),
        (IPv6, 3, "flow label", 1),
        (IPv6, 39, "destination address", 24),
        (UDP, 7, "checksum", 6),
    ],
)
def test_a_header_that_breaks_off_names_the_field(layer, size, field, offset):
    assert error_of(layer.read, bytes.fromhex("45")[:size] + bytes(max(0, size - 1))) == (field, offset)


# Addresses.


@steady
@given(octets(4, 4), octets(16, 16), octets(6, 6))
def test_addresses_come_back_from_their_text(four, sixteen, six):
    assert ip_bytes(ip_text(four)) == four
    assert ip_bytes(ip_text(sixteen)) == sixteen
    assert mac_bytes(mac_text(six)) == six


def test_addresses_are_written_as_people_write_them():
    assert ip_text(bytes([10, 0, 0, 1])) == "10.0.0.1"
    assert ip_text(bytes.fromhex("20010db8000000000000000000000001")) == "2001:db8::1"
    assert mac_text(bytes.fromhex("02000000000a")) == "02:00:00:00:00:0a"
    assert mac_bytes("02-00-00-00-00-0A") == bytes.fromhex("02000000000a")


@pytest.mark.parametrize("text", ["10.0.0", "10.0.0.256", "", "client"])
def test_what_is_no_ip_address_is_refused(text):
    with pytest.raises(ValueError, match="address"):
        ip_bytes(text)


@pytest.mark.parametrize("text", ["02:00:00:00:00", "02:00:00:00:00:0a:0b", "client"])
def test_what_is_no_hardware_address_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        mac_bytes(text)


# IPv4.


@steady
@given(ipv4_headers, octets(0, 64))
def test_an_ipv4_header_comes_back(header, payload):
    decoded, rest = read_back(header, payload)
    assert (replace(decoded), rest) == (header, payload)
    assert decoded.header_length == 5 + len(header.options) // 4
    assert decoded.total_length == 4 * decoded.header_length + len(payload)
    assert decoded.encode(payload) == header.encode(payload)


@steady
@given(ipv4_headers, octets(0, 64))
def test_dpkt_computes_the_same_ipv4_checksum(header, payload):
    data = header.encode(payload)
    other = dpkt.ip.IP(data)
    assert (other.p, other.ttl, other.id, other.tos) == (
        header.protocol,
        header.ttl,
        header.identification,
        header.dscp << 2 | header.ecn,
    )
    assert (other.rf, other.df, other.mf) == (header.flags >> 2, header.flags >> 1 & 1, header.flags & 1)
    assert (other._flags_offset & 0x1FFF, other.opts) == (header.fragment_offset, header.options)
    size = 4 * (5 + len(header.options) // 4)
    assert dpkt.in_cksum(data[:10] + bytes(2) + data[12:size]) == int.from_bytes(data[10:12], "big")
    assert internet_checksum(data[:size]) == 0


def test_an_ipv4_header_byte_by_byte():
    header = IPv4(CLIENT, SERVER, 6, 64, 0x1C46, 0b010, 0, dscp=0b101110, ecn=1)
    assert header.encode(bytes(20)).hex(" ", 2)[:49] == "45b9 0028 1c46 4000 4006 09cf 0a00 0001 0a00 0002"


@pytest.mark.parametrize(
    ("flags", "offset", "is_fragment"),
    [(0, 0, False), (0b010, 0, False), (0b100, 0, False), (0b001, 0, True), (0, 1, True), (1, 185, True)],
)
def test_a_piece_of_a_packet_has_an_offset_or_more_to_come(flags, offset, is_fragment):
    header = IPv4(CLIENT, SERVER, flags=flags, fragment_offset=offset)
    assert header.is_fragment is is_fragment
    inside = peel(net.encode([header, Payload(TCP_BYTES)]), "raw")[1]
    if is_fragment:
        assert inside == Payload(TCP_BYTES, "a fragment of an IP packet")
    else:
        assert inside == Segment.decode(TCP_BYTES)


def test_replace_computes_lengths_and_checksum_anew_and_dataclasses_keep_them():
    header = IPv4.read(Reader(IPv4(CLIENT, SERVER).encode(bytes(20))))
    assert (header.header_length, header.total_length) == (5, 40)
    anew = replace(header, options=bytes(4)).encode(bytes(8))
    assert (anew[0], anew[2:4]) == (0x46, bytes([0, 32]))
    assert internet_checksum(anew[:24]) == 0
    kept = changed_only(header, ttl=1).encode(bytes(8))
    assert kept[2:4] == bytes([0, 40])
    assert internet_checksum(kept[:20]) != 0


@pytest.mark.parametrize(
    ("change", "field", "offset"),
    [
        ((0, 0x55), "version", 0),
        ((0, 0x44), "header length", 0),
        ((0, 0x40), "header length", 0),
        ((3, 19), "total length", 2),
        ((3, 1), "total length", 2),
    ],
)
def test_a_malformed_ipv4_header_is_refused_by_field(change, field, offset):
    data = bytearray(IPv4(CLIENT, SERVER).encode(bytes(20)))
    data[change[0]] = change[1]
    assert error_of(IPv4.read, bytes(data)) == (field, offset)


def test_ipv4_options_that_the_packet_does_not_hold_are_refused():
    data = bytearray(IPv4(CLIENT, SERVER).encode(b""))
    data[0] = 0x46
    assert error_of(IPv4.read, bytes(data)) == ("options", 20)


def test_a_total_length_of_zero_was_left_to_the_network_card():
    reader = Reader(changed_only(IPv4(CLIENT, SERVER), total_length=0).encode(bytes(30)))
    assert IPv4.read(reader).total_length == 0
    assert reader.remaining == 30


def test_ipv4_options_fill_words():
    with pytest.raises(ValueError, match="words of 4 bytes; got 3 bytes"):
        IPv4(CLIENT, SERVER, options=bytes(3)).encode(b"")


# IPv6.


@steady
@given(ipv6_headers, octets(1, 64))
def test_an_ipv6_header_comes_back_and_dpkt_agrees(header, payload):
    decoded, rest = read_back(header, payload)
    assert (replace(decoded), rest) == (header, payload)
    assert decoded.payload_length == len(payload)
    other = dpkt.ip6.IP6(changed_only(header, next_header=59).encode(payload))
    assert (other.v, other.fc, other.flow) == (6, header.dscp << 2 | header.ecn, header.flow_label)
    assert (other.plen, other.hlim) == (len(payload), header.hop_limit)
    assert (other.src, other.dst) == (ip_bytes(header.source), ip_bytes(header.destination))


def test_an_ipv6_header_byte_by_byte():
    header = IPv6(CLIENT6, SERVER6, 6, 64, 0xABCDE, dscp=0b101110, ecn=1)
    assert header.encode(bytes(20)).hex(" ", 2)[:19] == "6b9a bcde 0014 0640"


def test_extension_headers_chain_from_ip_to_tcp():
    layers = [
        IPv6(CLIENT6, SERVER6, next_header=0),
        Extension(0, 60, bytes.fromhex("050200000100")),
        Extension(60, 43, bytes(14)),
        Extension(43, 44),
        Extension(44, 6, bytes.fromhex("0000 12345678")),  # a whole packet in one "fragment" (RFC 6946)
        Segment(1, 2, 3, flags=SYN),
    ]
    frame = net.encode(layers)
    assert [(frame[at], frame[at + 1]) for at in (40, 48, 64, 72)] == [(60, 0), (43, 1), (44, 0), (6, 0)]
    assert bare(peel(frame, "raw")) == layers


@pytest.mark.parametrize(
    ("word", "is_fragment"),
    [(0x0000, False), (0x0006, False), (0x0001, True), (0x0008, True), (0xFFF8, True)],
)
def test_an_ipv6_fragment_has_an_offset_or_more_to_come(word, is_fragment):
    piece = Extension(44, 6, word.to_bytes(2, "big") + bytes(4))
    assert piece.is_fragment is is_fragment
    inside = peel(net.encode([IPv6(CLIENT6, SERVER6, 44), piece, Payload(TCP_BYTES)]), "raw")[2]
    assert isinstance(inside, Payload if is_fragment else Segment)


def test_the_second_byte_of_a_fragment_header_is_reserved_and_no_length():
    # RFC 8200 section 4.5; in the other extension headers it is the length.
    for kind, name in ((44, "reserved"), (0, "header extension length")):
        reader = Reader(Extension(kind, 6).encode(b""))
        Extension.read(reader, kind)
        assert [span.name for span in reader.spans[:2]] == ["next header", name]


def test_a_malformed_ipv6_header_is_refused_by_field():
    data = IPv6(CLIENT6, SERVER6).encode(bytes(20))
    assert error_of(IPv6.read, b"\x45" + data[1:]) == ("version", 0)
    assert error_of(Extension.read, bytes([6, 1]) + bytes(13), 0) == ("hop-by-hop options", 2)
    assert error_of(Extension.read, bytes([6, 0]) + bytes(5), 44) == ("fragment", 2)


# UDP.


@steady
@given(datagrams, ADDRESSES)
def test_a_datagram_comes_back_and_dpkt_computes_the_same_checksum(datagram, addresses):
    data = datagram.encode(*addresses)
    decoded = UDP.decode(data)
    assert replace(decoded) == datagram
    assert decoded.encode(*addresses) == data
    raw = [ip_bytes(address) for address in addresses]
    other = dpkt.udp.UDP(data)
    assert other.ulen == len(data)
    other.sum = 0
    if len(raw[0]) == 4:
        packet = dpkt.ip.IP(src=raw[0], dst=raw[1], p=17, data=other, len=20 + len(data))
    else:
        packet = dpkt.ip6.IP6(src=raw[0], dst=raw[1], nxt=17, data=other, plen=len(data))
        packet.extension_hdrs = {}
    assert bytes(packet)[-len(data) :] == data


def test_a_checksum_that_comes_out_as_zero_travels_as_65535():
    # 0 would say that no checksum was made (RFC 768).
    plain = UDP(0, 0, bytes(2))
    zero = int.from_bytes(plain.encode(CLIENT, SERVER)[6:8], "big")
    datagram = UDP(0, 0, zero.to_bytes(2, "big"))
    assert datagram.encode(CLIENT, SERVER)[6:8] == b"\xff\xff"


def test_a_checksum_of_zero_stays_zero_when_it_is_pinned():
    data = UDP(1, 2, b"abc", checksum=0).encode(CLIENT, SERVER)
    assert data[6:8] == b"\0\0"
    assert UDP.decode(data).checksum == 0


@steady
@given(datagrams, uints(16), uints(16))
def test_pinned_lengths_and_checksums_travel_as_they_are(datagram, length, checksum):
    data = replace(datagram, length=length, checksum=checksum).encode(CLIENT, SERVER)
    assert data[4:8] == length.to_bytes(2, "big") + checksum.to_bytes(2, "big")


@pytest.mark.parametrize("length", range(1, 8))
def test_a_udp_length_inside_the_header_is_refused(length):
    data = UDP(1, 2, length=length).encode(CLIENT, SERVER)
    assert error_of(UDP.read, data) == ("length", 4)


def test_bytes_behind_a_datagram_are_refused_when_it_should_fill_them():
    data = UDP(1, 2, b"abc").encode(CLIENT, SERVER)
    with pytest.raises(DecodeError) as caught:
        UDP.decode(data + b"\0\0")
    assert (caught.value.offset, caught.value.got) == (11, "2 bytes left over")


def test_a_datagram_shorter_than_its_length_is_refused_when_it_should_be_whole():
    with pytest.raises(DecodeError) as caught:
        UDP.decode(UDP(1, 2, b"abc", length=12).encode(CLIENT, SERVER))
    assert caught.value.field in ("length", "data")


# Values that do not fit.


TOO_LARGE = {
    "IPv4 time to live": IPv4(CLIENT, SERVER, ttl=256),
    "IPv4 differentiated services": IPv4(CLIENT, SERVER, dscp=64),
    "IPv4 ECN": IPv4(CLIENT, SERVER, ecn=4),
    "IPv4 flags": IPv4(CLIENT, SERVER, flags=8),
    "IPv4 fragment offset": IPv4(CLIENT, SERVER, fragment_offset=1 << 13),
    "IPv4 header length": IPv4(CLIENT, SERVER, header_length=16),
    "IPv4 source of 16 bytes": IPv4(CLIENT6, SERVER),
    "IPv6 hop limit": IPv6(CLIENT6, SERVER6, hop_limit=256),
    "IPv6 flow label": IPv6(CLIENT6, SERVER6, flow_label=1 << 20),
    "IPv6 differentiated services": IPv6(CLIENT6, SERVER6, dscp=64),
    "IPv6 ECN": IPv6(CLIENT6, SERVER6, ecn=4),
    "IPv6 destination of 4 bytes": IPv6(CLIENT6, SERVER),
    "IPv6 extension of 9 bytes": Extension(0, 6, bytes(7)),
    "VLAN identifier": VLAN(1 << 12),
    "VLAN priority": VLAN(1, priority=8),
    "VLAN drop eligible": VLAN(1, drop_eligible=2),
    "Linux cooked source of 6 bytes": LinuxCooked(source=bytes(6)),
}


@pytest.mark.parametrize("layer", list(TOO_LARGE.values()), ids=list(TOO_LARGE))
def test_a_value_that_does_not_fit_its_field_is_not_sent_as_another(layer):
    # A header may be wrong on purpose, but no field may run over into its neighbour, nor be cut or filled up.
    with pytest.raises((ValueError, struct.error)):
        layer.encode(bytes(8))


def test_every_layer_says_where_it_belongs():
    stack = [Ethernet, VLAN, LinuxCooked, LinuxCooked2, Loopback, IPv4, IPv6, Extension, UDP, Segment]
    assert [layer.osi for layer in stack] == ["2 data link"] * 5 + ["3 network"] * 3 + ["4 transport"] * 2
    assert [layer.internet for layer in stack] == ["link"] * 5 + ["internet"] * 3 + ["transport"] * 2


@steady
@given(segments, ipv4_headers, ipv6_headers)
def test_tcp_inside_ip_sums_up_to_zero(segment, four, six):
    four = changed_only(four, protocol=6, flags=0, fragment_offset=0)
    for header, start in ((four, 20 + len(four.options)), (changed_only(six, next_header=6), 40)):
        part = net.encode([header, segment])[start:]
        assert internet_checksum(header.pseudo_header(6, len(part)) + part) == 0

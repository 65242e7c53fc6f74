"""TCP segments and their options: bytes to fields and back, checksums, and how malformed ones are refused."""

import struct
from dataclasses import replace as changed_only

import dpkt
import pytest
from helpers import assert_tiles, ipv4_addresses, ipv6_addresses, segments, steady, tcp_options
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import DecodeError
from handshake.net import IPv4, IPv6
from handshake.net.address import ip_bytes
from handshake.peel import message_spans
from handshake.tcp.options import (
    END,
    MSS,
    NO_OPERATION,
    NOP,
    SACK,
    SACK_PERMITTED,
    TIMESTAMPS,
    WINDOW_SCALE,
    Option,
    encode_options,
    mss,
)
from handshake.tcp.segment import ACK, FIN, PSH, SYN, URG, Flags, Segment
from handshake.wire import Reader, internet_checksum, replace

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
SYN_OPTIONS = "020405b4 0402 080a0098968100000000 01 030307"
SYN_BYTES = bytes.fromhex("9c4101bb acb6d1d1 00000000 a002faf0 856e0000" + SYN_OPTIONS)
ADDRESSES = st.one_of(
    st.tuples(ipv4_addresses, ipv4_addresses),
    st.tuples(ipv6_addresses, ipv6_addresses),
)


def error_of(data):
    with pytest.raises(DecodeError) as caught:
        Segment.decode(data)
    return caught.value.field, caught.value.offset


def header(words, *options):
    """A header whose data offset says so many words, with these option bytes behind it."""
    fixed = f"9c4101bb acb6d1d1 00000000 {words:x}002faf0 00000000"
    return bytes.fromhex(fixed + "".join(options))


def syn(**fields):
    return Segment(40001, 443, 100, flags=SYN, **fields)


# From bytes to fields.


def test_a_syn_with_the_options_that_linux_sends():
    segment = Segment.decode(SYN_BYTES)
    assert segment == Segment(
        source_port=40001,
        destination_port=443,
        seq=0xACB6D1D1,
        ack=0,
        flags=SYN,
        window=64240,
        data=b"",
        options=(
            mss(1460),
            Option(SACK_PERMITTED),
            Option(TIMESTAMPS, bytes.fromhex("0098968100000000")),
            NO_OPERATION,
            Option(WINDOW_SCALE, b"\7"),
        ),
        urgent_pointer=0,
        checksum=0x856E,
        data_offset=10,
        reserved=0,
    )


def test_every_field_of_the_header_has_its_own_place():
    data = bytes.fromhex("1111 2222 33333333 44444444 5a81 6666 7777 8888 99")
    segment = Segment.decode(data)
    assert (segment.source_port, segment.destination_port) == (0x1111, 0x2222)
    assert (segment.seq, segment.ack) == (0x33333333, 0x44444444)
    assert (segment.data_offset, segment.reserved) == (5, 0xA)
    assert segment.flags == Flags.CWR | Flags.FIN
    assert (segment.window, segment.checksum, segment.urgent_pointer) == (0x6666, 0x7777, 0x8888)
    assert segment.data == b"\x99"


def test_its_spans_carry_the_names_of_rfc_9293():
    spans = message_spans("TCP", SYN_BYTES + b"data")
    assert_tiles(spans, len(SYN_BYTES) + 4)
    assert [span.name for span in spans if span.path == ("TCP",)] == [
        "source port",
        "destination port",
        "sequence number",
        "acknowledgment number",
        "data offset",
        "reserved",
        *("CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"),
        "window",
        "checksum",
        "urgent pointer",
        "data",
    ]
    options = [(span.path[2], span.name, span.start) for span in spans if span.path[:2] == ("TCP", "options")]
    assert options == [
        ("maximum segment size", "kind", 20),
        ("maximum segment size", "length", 21),
        ("maximum segment size", "maximum segment size", 22),
        ("SACK permitted", "kind", 24),
        ("SACK permitted", "length", 25),
        ("timestamps", "kind", 26),
        ("timestamps", "length", 27),
        ("timestamps", "timestamp value", 28),
        ("timestamps", "timestamp echo reply", 32),
        ("no operation", "kind", 36),
        ("window scale", "kind", 37),
        ("window scale", "length", 38),
        ("window scale", "shift count", 39),
    ]


@pytest.mark.parametrize(("bit", "flag"), list(enumerate(reversed(Flags))))
def test_every_flag_is_one_bit_of_byte_13(bit, flag):
    data = syn(data=b"").encode(CLIENT, SERVER)
    data = data[:13] + bytes([0x80 >> bit]) + data[14:]
    assert Segment.decode(data).flags == flag
    lit = [span.name for span in message_spans("TCP", data) if span.start == 13 and span.value(data)]
    assert lit == [flag.name]


def test_flags_read_as_people_say_them():
    assert str(SYN) == "SYN"
    assert str(SYN | ACK) == "SYN, ACK"
    assert str(FIN | PSH | ACK) == "FIN, PSH, ACK"
    assert str(Flags(0)) == "no flags"
    assert str(Segment.decode(SYN_BYTES)) == f"SYN  seq {0xACB6D1D1}"
    assert str(Segment(1, 2, 100, 300, ACK, data=b"abc")) == "ACK  seq 100 ack 300 data 3"


def test_syn_and_fin_each_take_a_sequence_number_beside_the_data():
    assert Segment(1, 2, 100).length == 0
    assert Segment(1, 2, 100, flags=ACK, data=b"abc").length == 3
    assert Segment(1, 2, 100, flags=SYN | FIN, data=b"abc").length == 5


# There and back.


@settings(steady, max_examples=200)
@given(segments, ADDRESSES)
def test_a_segment_comes_back_as_it_was_sent(segment, addresses):
    data = segment.encode(*addresses)
    decoded = Segment.decode(data)
    assert replace(decoded) == segment
    assert decoded.encode(*addresses) == data
    assert replace(decoded).encode(*addresses) == data
    assert_tiles(message_spans("TCP", data), len(data))


@steady
@given(segments, ADDRESSES)
def test_dpkt_reads_the_same_fields(segment, addresses):
    other = dpkt.tcp.TCP(segment.encode(*addresses))
    assert (other.sport, other.dport, other.seq, other.ack) == (
        segment.source_port,
        segment.destination_port,
        segment.seq,
        segment.ack,
    )
    assert (other.flags & 0xFF, other.win) == (segment.flags, segment.window)
    assert other.urp == segment.urgent_pointer
    assert (other.opts, other.data) == (encode_options(segment.options), segment.data)


@steady
@given(segments, ADDRESSES)
def test_dpkt_computes_the_same_checksum(segment, addresses):
    data = segment.encode(*addresses)
    raw = [ip_bytes(address) for address in addresses]
    other = dpkt.tcp.TCP(data)
    other.sum = 0
    if len(raw[0]) == 4:
        packet = dpkt.ip.IP(src=raw[0], dst=raw[1], p=6, data=other, len=20 + len(data))
    else:
        packet = dpkt.ip6.IP6(src=raw[0], dst=raw[1], nxt=6, data=other, plen=len(data))
        packet.extension_hdrs = {}
    assert bytes(packet)[-len(data) :] == data


@steady
@given(segments, ADDRESSES)
def test_a_receiver_who_sums_up_everything_finds_zero(segment, addresses):
    data = segment.encode(*addresses)
    ip = (IPv4 if "." in addresses[0] else IPv6)(*addresses)
    assert internet_checksum(ip.pseudo_header(6, len(data)) + data) == 0


def test_replace_computes_checksum_and_data_offset_anew():
    segment = Segment.decode(SYN_BYTES)
    edited = Segment.decode(replace(segment, options=(mss(1400),), window=1).encode(CLIENT, SERVER))
    assert (edited.data_offset, edited.window, edited.options) == (6, 1, (mss(1400),))
    assert edited.checksum != segment.checksum
    assert internet_checksum(IPv4(CLIENT, SERVER).pseudo_header(6, 24) + edited.encode(CLIENT, SERVER)) == 0


def test_the_replace_of_dataclasses_keeps_the_old_checksum_which_is_then_wrong():
    edited = changed_only(Segment.decode(SYN_BYTES), window=1)
    assert edited.checksum == 0x856E
    data = edited.encode(CLIENT, SERVER)
    assert data[16:18] == bytes.fromhex("856e")
    assert internet_checksum(IPv4(CLIENT, SERVER).pseudo_header(6, len(data)) + data) != 0


def test_a_pinned_checksum_and_data_offset_travel_as_they_are():
    data = syn(checksum=0xDEAD, data_offset=15).encode(CLIENT, SERVER)
    assert data[16:18] == bytes.fromhex("dead")
    assert data[12] >> 4 == 15


def test_the_checksum_of_the_decoded_syn_is_the_one_we_compute():
    assert replace(Segment.decode(SYN_BYTES)).encode(CLIENT, SERVER) == SYN_BYTES


# Options.


@settings(steady, max_examples=200)
@given(tcp_options)
def test_options_come_back_as_they_were_sent(options):
    assert Segment.decode(syn(options=options, data=b"data").encode(CLIENT, SERVER)).options == options


@steady
@given(tcp_options.filter(bool))
def test_dpkt_finds_the_same_options(options):
    data = encode_options(options)
    listed = [option for option in options if option.kind not in (NOP, END)]
    found = [(kind, value) for kind, value in dpkt.tcp.parse_opts(data) if kind not in (NOP, END)]
    assert found == [tuple(option) for option in listed]


def test_options_that_end_inside_a_word_are_filled_up_with_zeros():
    scale = Option(WINDOW_SCALE, b"\7")
    segment = Segment.decode(syn(options=(scale,), data=b"data").encode(CLIENT, SERVER))
    assert segment.options == (scale, Option(END))
    assert segment.data == b"data"


def test_what_follows_the_end_of_options_is_padding_whatever_it_is():
    data = header(7, "00020405", "b4ffffff")
    assert Segment.decode(data).options == (Option(END, bytes.fromhex("020405b4ffffff")),)
    assert [(s.name, s.start, s.end) for s in message_spans("TCP", data)][-2:] == [
        ("kind", 20, 21),
        ("padding", 21, 28),
    ]


def test_the_numbers_in_an_option():
    edges = bytes.fromhex("00000064 000000c8 0000012c 00000190")
    assert mss(1460).numbers == (1460,)
    assert Option(SACK, edges).numbers == (100, 200, 300, 400)
    assert Option(TIMESTAMPS, edges[:8]).numbers == (100, 200)
    assert Option(WINDOW_SCALE, b"\7").numbers == (7,)
    assert Option(SACK_PERMITTED).numbers == NO_OPERATION.numbers == ()
    assert str(mss(1460)) == "maximum segment size 1460"
    assert str(Option(254, b"\1\2")) == "option 254 258"


def test_a_sack_has_a_left_and_a_right_edge_for_every_block():
    data = header(10, "0101", "0512", "00000064 000000c8 0000012c 00000190")
    edges = [(s.name, s.value(data)) for s in message_spans("TCP", data) if "edge" in s.name]
    assert edges == [("left edge", 100), ("right edge", 200), ("left edge", 300), ("right edge", 400)]


def test_an_option_is_found_by_its_kind():
    segment = Segment.decode(SYN_BYTES)
    assert segment.option(MSS) == mss(1460)
    assert segment.option(SACK) is None


@pytest.mark.parametrize("bytes_of_data", [38, 39])
def test_there_is_room_for_40_bytes_of_options(bytes_of_data):
    segment = syn(options=(Option(254, bytes(bytes_of_data)),))
    if bytes_of_data == 38:
        assert len(segment.encode(CLIENT, SERVER)) == 60
    else:
        with pytest.raises(ValueError, match="room for 40 bytes; these need 41"):
            segment.encode(CLIENT, SERVER)


# Malformed segments: which field, and where.


@pytest.mark.parametrize(
    ("size", "field", "offset"),
    [
        (0, "source port", 0),
        (3, "destination port", 2),
        (4, "sequence number", 4),
        (11, "acknowledgment number", 8),
        (12, "data offset", 12),
        (13, "CWR", 13),
        (15, "window", 14),
        (16, "checksum", 16),
        (19, "urgent pointer", 18),
    ],
)
def test_a_header_that_breaks_off_names_the_field(size, field, offset):
    assert error_of(SYN_BYTES[:size]) == (field, offset)


@pytest.mark.parametrize("words", range(5))
def test_a_data_offset_inside_the_header_is_refused(words):
    assert error_of(header(words)) == ("data offset", 12)


@pytest.mark.parametrize("words", range(6, 16))
def test_a_data_offset_beyond_the_segment_is_refused_where_the_options_are_missing(words):
    data = header(words) + bytes(4 * words - 21)
    assert error_of(data) == ("options", 20)
    assert error_of(header(words)) == ("options", 20)
    assert Segment.decode(data + b"\0").data == b""


@pytest.mark.parametrize(
    ("options", "offset"),
    [
        ("02000000", 21),  # no length counts less than kind and length themselves
        ("02010000", 21),
        ("02050000", 21),  # one byte more than the header has
        ("02ff0000", 21),
        ("01020500", 22),
        ("01010102", 24),  # the header ends before the length
        ("020405b4 0803 00 08", 28),
        ("020405b4 05 0a 0000", 25),
    ],
)
def test_an_option_with_an_impossible_length_is_refused_where_the_length_stands(options, offset):
    raw = bytes.fromhex(options)
    assert error_of(header(5 + len(raw) // 4) + raw + b"data behind the header") == ("option length", offset)


def test_options_before_a_broken_one_keep_their_spans():
    reader = Reader(header(7, "020405b4", "02ff0000"))
    with pytest.raises(DecodeError):
        Segment.read(reader)
    assert [(span.name, span.start) for span in reader.spans][-3:] == [
        ("kind", 20),
        ("length", 21),
        ("maximum segment size", 22),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"seq": 1 << 32},
        {"window": 65536},
        {"urgent_pointer": -1},
        {"reserved": 16},
        {"data_offset": 16},
        {"flags": 256},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_value_that_does_not_fit_its_field_is_not_sent_as_another(fields):
    # What is asked for can be wrong, but must be possible: no field may run over into its neighbour.
    with pytest.raises((ValueError, struct.error)):
        changed_only(syn(), **fields).encode(CLIENT, SERVER)


def test_an_urgent_pointer_travels_with_its_flag():
    segment = Segment(1, 2, 100, 300, ACK | URG, data=b"!", urgent_pointer=1)
    decoded = Segment.decode(segment.encode(CLIENT, SERVER))
    assert (decoded.flags & URG, decoded.urgent_pointer) == (URG, 1)

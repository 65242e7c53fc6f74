"""Frames taken apart: every bit has one field, hostile bytes give DecodeError, recorded ones come back."""

from dataclasses import replace as changed_only

import pytest
from helpers import CAPTURES, assert_tiles, bare, frames, needs_captures, octets, recorded_frames, steady
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from handshake import net
from handshake.errors import DecodeError
from handshake.net import UDP, Ethernet, Extension, IPv4, IPv6, Padding, Payload
from handshake.peel import LINKS, dissect, message_spans, peel
from handshake.tcp.options import Option
from handshake.tcp.segment import SYN, Segment
from handshake.wire import internet_checksum, replace

links = st.sampled_from(sorted(LINKS))
FRAMES = list(recorded_frames())

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
SYN_LAYERS = [Ethernet(), IPv4(CLIENT, SERVER), Segment(40001, 443, 100, flags=SYN)]
SYN_FRAME = net.encode(SYN_LAYERS)
UDP_FRAME = net.encode([Ethernet(), IPv4(CLIENT, SERVER, 17), UDP(1, 2, b"abc")])


def assert_peels_or_explains(frame, link):
    """Whatever the bytes: layers, or a DecodeError that says which field, and where in the frame."""
    taken = dissect(frame, link)
    assert set(taken.checksums) <= {"IPv4", "TCP", "UDP"}
    if taken.error is None:
        assert peel(frame, link) == tuple(taken.layers)
    else:
        with pytest.raises(DecodeError) as caught:
            peel(frame, link)
        assert caught.value.field
        assert 0 <= caught.value.offset <= len(frame)
        assert str(caught.value) == str(taken.error)
    for reading in (taken, dissect(frame, link, len(frame) + 100)):  # whole, or cut by a capture
        assert_tiles(reading.spans, len(frame))
        assert all(isinstance(span.text(frame), str) for span in reading.spans)
        assert reading.data_length >= 0


# What a frame is made of.


def test_a_syn_is_peeled_layer_by_layer():
    layers = peel(SYN_FRAME)
    assert [layer.name for layer in layers] == ["Ethernet", "IPv4", "TCP"]
    assert [layer.osi for layer in layers] == ["2 data link", "3 network", "4 transport"]
    ethernet, ip, segment = SYN_LAYERS
    named = [changed_only(ethernet, type=0x0800), changed_only(ip, protocol=6), segment]
    assert bare(layers) == named


def test_what_is_not_ip_stays_a_payload_and_says_what_it_is():
    arp = net.encode([Ethernet(type=0x0806), Payload(bytes(28))])
    assert peel(arp)[1] == Payload(bytes(28), "ARP")
    icmp = net.encode([IPv4(CLIENT, SERVER, protocol=1), Payload(b"\x08\0")])
    assert peel(icmp, "raw")[1] == Payload(b"\x08\0", "ICMP")


def test_nothing_is_read_behind_a_fragment_header_even_if_it_could_be():
    for number in (0, 6, 17, 44, 60):
        piece = Extension(44, number, bytes.fromhex("0009deadbeef"))  # not the first piece, nor the last
        inside = Payload(SYN_FRAME[34:])
        layers = peel(net.encode([IPv6("::1", "::2", 44), piece, inside]), "raw")
        assert bare(layers) == [IPv6("::1", "::2", 44), piece, inside]
        assert layers[2].what == "a fragment of an IP packet"


def test_a_raw_frame_tells_by_its_version_what_it_is():
    assert isinstance(peel(SYN_FRAME[14:], "raw")[0], IPv4)
    six = net.encode([IPv6("::1", "::2", 59), Payload(b"x")])
    assert isinstance(peel(six, "raw")[0], IPv6)
    for frame, got in ((b"", "the end of the data"), (b"\x55", "5")):
        with pytest.raises(DecodeError) as caught:
            peel(frame, "raw")
        assert (caught.value.field, caught.value.offset, caught.value.got) == ("version", 0, got)


def test_a_link_that_nobody_knows_is_refused():
    with pytest.raises(
        DecodeError, match=r"link type at byte 0: expected one of ethernet, .*, got 'token ring'"
    ):
        peel(SYN_FRAME, "token ring")


def test_offsets_of_errors_count_from_the_start_of_the_frame():
    frame = bytearray(SYN_FRAME)
    frame[14 + 20 + 12] = 0x40
    with pytest.raises(DecodeError) as caught:
        peel(bytes(frame))
    assert (caught.value.field, caught.value.offset) == ("data offset", 46)


def test_what_could_be_read_before_an_error_is_kept():
    taken = dissect(SYN_FRAME[:40])
    assert [layer.name for layer in taken.layers] == ["Ethernet", "IPv4"]
    assert (taken.error.field, taken.error.offset) == ("sequence number", 38)
    unread = taken.spans[-1]
    assert (unread.path, unread.name, unread.start, unread.end) == (("unread",), "unread bytes", 38, 40)
    assert unread.meaning == str(taken.error)


def test_a_message_alone_has_the_spans_that_it_has_in_its_frame():
    inside = [span.shifted(-34) for span in dissect(SYN_FRAME).spans if span.path[0] == "TCP"]
    assert list(message_spans("TCP", SYN_FRAME[34:])) == inside
    with pytest.raises(ValueError, match="no decoder for messages of the layer 'SMTP'; there are TCP, UDP"):
        message_spans("SMTP", b"")


# Spans tile.


@settings(steady, max_examples=200)
@given(frames())
def test_the_spans_of_any_frame_tile_it(drawn):
    link, layers = drawn
    frame = net.encode(layers)
    taken = dissect(frame, link)
    assert bare(taken.layers) == bare(layers)
    assert_tiles(taken.spans, len(frame))


@needs_captures
@pytest.mark.parametrize("frame", FRAMES)
def test_the_spans_of_a_recorded_frame_tile_it(frame):
    taken = dissect(frame)
    assert taken.error is None
    assert_tiles(taken.spans, len(frame))


@settings(steady, max_examples=150)
@given(frames(), st.data())
def test_the_spans_of_a_frame_cut_anywhere_tile_what_is_left(drawn, data):
    link, layers = drawn
    frame = net.encode(layers)
    size = data.draw(st.integers(0, len(frame)))
    for length in (None, len(frame)):
        assert_tiles(dissect(frame[:size], link, length).spans, size)


# Any bytes whatever.


@settings(steady, max_examples=500)
@given(octets(0, 200), links)
@example(b"", "raw")
def test_any_bytes_peel_or_say_what_is_wrong(frame, link):
    assert_peels_or_explains(frame, link)


@settings(steady, max_examples=500)
@given(octets(0, 200), st.sampled_from(["0800", "86dd", "8100 0001 0800", "88a8 0002 86dd"]), octets(1, 1))
def test_any_bytes_behind_an_ethernet_header_peel_or_say_what_is_wrong(frame, kind, first):
    version = bytes([0x40 | first[0] & 15 if kind.endswith("0800") else 0x60 | first[0] & 15])
    assert_peels_or_explains(bytes(12) + bytes.fromhex(kind) + version + frame, "ethernet")


def flipped(frame, at, bits):
    return frame[:at] + bytes([frame[at] ^ bits]) + frame[at + 1 :]


@st.composite
def damaged_frames(draw):
    """A good frame after one to three accidents: bits flipped, bytes cut out, bytes put in."""
    link, layers = draw(frames())
    frame = net.encode(layers)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(frame) - 1)))
        accident = draw(st.sampled_from(["flip", "flip", "cut off", "cut out", "put in"]))
        if accident == "flip" and frame:
            frame = flipped(frame, at, draw(st.integers(1, 255)))
        elif accident == "cut off":
            frame = frame[:at]
        elif accident == "cut out":
            frame = frame[:at] + frame[at + draw(st.integers(1, 8)) :]
        else:
            frame = frame[:at] + draw(octets(1, 8)) + frame[at:]
    return frame, link


@settings(steady, max_examples=300)
@given(damaged_frames())
def test_a_damaged_frame_peels_or_says_what_is_wrong(drawn):
    assert_peels_or_explains(*drawn)


@pytest.mark.parametrize("frame", [SYN_FRAME, UDP_FRAME], ids=["TCP", "UDP"])
def test_a_frame_with_any_one_byte_set_to_an_extreme_peels_or_says_what_is_wrong(frame):
    for at in range(len(frame)):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            assert_peels_or_explains(frame[:at] + bytes([value]) + frame[at + 1 :], "ethernet")
        assert_peels_or_explains(frame[:at], "ethernet")


# There and back.


@settings(steady, max_examples=150)
@given(damaged_frames())
def test_whatever_peels_is_encoded_to_the_same_bytes(drawn):
    frame, link = drawn
    taken = dissect(frame, link)
    assume(taken.error is None)
    assert net.encode(taken.layers) == frame


@needs_captures
@pytest.mark.parametrize("frame", FRAMES)
def test_a_recorded_frame_comes_back_with_its_lengths_and_checksums_computed(frame):
    layers = peel(frame)
    assert net.encode(layers) == frame
    assert net.encode([replace(layer) for layer in layers]) == frame
    unsigned = [
        changed_only(layer, checksum=None) if hasattr(layer, "checksum") else layer for layer in layers
    ]
    assert unsigned != list(layers)
    assert net.encode(unsigned) == frame


@needs_captures
def test_every_capture_gave_frames():
    assert len(FRAMES) > len(CAPTURES)


# Checksums and lengths as they were on the wire.


def test_checksums_are_good_bad_or_cannot_be_told():
    assert dissect(SYN_FRAME).checksums == {"IPv4": "good", "TCP": "good"}
    assert dissect(flipped(SYN_FRAME, 40, 1)).checksums == {"IPv4": "good", "TCP": "bad"}
    assert dissect(flipped(SYN_FRAME, 22, 1)).checksums == {"IPv4": "bad", "TCP": "good"}
    assert dissect(SYN_FRAME + b"\1\2\3").checksums == {"IPv4": "good", "TCP": "good"}
    long = net.encode([*SYN_LAYERS[:2], replace(SYN_LAYERS[2], data=b"abc")])
    cut = dissect(long[:-1], length=len(long))
    assert cut.checksums == {"IPv4": "good", "TCP": "cannot be told: the capture cut the packet"}


@steady
@given(frames())
def test_every_checksum_that_we_make_is_good(drawn):
    link, layers = drawn
    assert set(dissect(net.encode(layers), link).checksums.values()) <= {"good"}


def test_a_udp_checksum_of_zero_was_never_made():
    frame = net.encode([IPv4(CLIENT, SERVER, 17), UDP(1, 2, b"abc", checksum=0)])
    assert dissect(frame, "raw").checksums["UDP"] == "none was made"


def test_a_checksum_left_to_the_network_card_is_not_called_bad():
    # The card is handed the sum over the pseudo-header alone, not complemented.
    header = IPv4(CLIENT, SERVER)
    partial = 0xFFFF - internet_checksum(header.pseudo_header(6, 23))
    for checksum in (partial, 0):
        frame = net.encode([header, Segment(1, 2, 3, data=b"abc", checksum=checksum)])
        assert dissect(frame, "raw").checksums["TCP"].startswith("not filled in")


def test_a_cut_packet_still_says_how_much_data_it_carried():
    frame = net.encode([*SYN_LAYERS[:2], Segment(1, 2, 3, data=bytes(100)), Padding(bytes(4))])
    assert dissect(frame).data_length == 100
    assert dissect(frame[:60], length=len(frame)).data_length == 100
    udp = net.encode([IPv4(CLIENT, SERVER, 17), UDP(1, 2, bytes(100))])
    assert dissect(udp[:40], "raw", len(udp)).data_length == 100


def test_a_length_left_to_the_network_card_is_that_of_the_frame():
    frame = net.encode([IPv4(CLIENT, SERVER, total_length=0), Segment(1, 2, 3, data=bytes(100))])
    taken = dissect(frame, "raw")
    assert taken.length_missing
    assert (taken.wire_end, taken.data_length) == (140, 100)
    assert not dissect(SYN_FRAME).length_missing


def test_options_that_the_capture_cut_are_read_as_far_as_they_go():
    options = Option(2, b"\5\xb4"), Option(8, bytes(8)), Option(1), Option(1)
    frame = net.encode([IPv4(CLIENT, SERVER), Segment(1, 2, 3, options=options)])
    for size in range(40, 56):
        taken = dissect(frame[:size], "raw", len(frame))
        assert taken.error is None
        assert taken.transport.options == options[: sum(size >= end for end in (44, 54, 55))]
        assert_tiles(taken.spans, size)
        # Where nothing says that a capture cut it, the same bytes are an error.
        assert dissect(frame[:size], "raw").error.field in ("options", "option length")


def test_a_data_offset_beyond_the_packet_is_wrong_though_the_capture_cut_the_frame():
    # What is missing from the frame lay behind the packet: the segment itself was all there.
    frame = net.encode([IPv4(CLIENT, SERVER), Segment(1, 2, 3, data_offset=15), Padding(bytes(6))])
    taken = dissect(frame, "raw", len(frame) + 50)
    assert taken.error is not None
    assert taken.error.field in ("data offset", "options")
    assert taken.data_length == 0

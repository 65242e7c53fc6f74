"""The wire: a Reader that remembers what it read, Layouts, Spans, a Writer, and the Internet checksum."""

from dataclasses import FrozenInstanceError, dataclass
from dataclasses import replace as changed_only
from typing import ClassVar

import pytest
from helpers import assert_tiles, octets, steady, uints
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.errors import DecodeError
from handshake.net.address import ip_text
from handshake.wire import Field, Layout, Reader, Span, Writer, internet_checksum, made, replace, span

PORTS = Layout(("ports",), Field("source port", 16), Field("destination port", 16))
MIXED = Layout(
    ("mixed",),
    Field("version", 4, "which one", lambda value: f"version {value}"),
    Field("length", 4),
    Field("tag", 8),
    Field("flag", 1),
    Field("offset", 15),
    Field("number", 32),
    Field("address", 32, "who", ip_text, raw=True),
    Field("long", 64),
    Field("odd", 24),
)
MIXED_BYTES = bytes.fromhex("4f aa 8003 00000007 0a000001 0102030405060708 abcdef")


def error_of(call, *args):
    with pytest.raises(DecodeError) as caught:
        call(*args)
    error = caught.value
    return error.field, error.offset, error.expected, error.got


def places(spans):
    return [(span.name, span.start, span.end) for span in spans]


# Reading one field after the other.


def test_fields_are_read_in_order_and_remembered():
    reader = Reader(bytes.fromhex("16 0301 000005 aabb cc"))
    assert reader.uint("type", 1) == 0x16
    assert reader.uint("version", 2) == 0x0301
    assert reader.uint("length", 3) == 5
    assert reader.take("random", 2) == b"\xaa\xbb"
    assert reader.remaining == 1
    assert reader.rest("data") == b"\xcc"
    assert reader.remaining == 0
    assert places(reader.spans) == [
        ("type", 0, 1),
        ("version", 1, 3),
        ("length", 3, 6),
        ("random", 6, 8),
        ("data", 8, 9),
    ]


def test_a_span_knows_meaning_and_words_of_its_field():
    data = bytes([1, 2])
    reader = Reader(data)
    reader.uint("type", 1, "what it is", lambda value: f"kind {value}")
    reader.take("rest", 1, "what it carries", lambda value: value.hex())
    kind, rest = reader.spans
    assert (kind.meaning, kind.value(data), kind.text(data)) == ("what it is", 1, "kind 1")
    assert (rest.meaning, rest.value(data), rest.text(data)) == ("what it carries", b"\x02", "02")


def test_a_field_without_words_has_no_text():
    assert span((), "window", 0, 2).text(b"\xff\xff") == ""


def test_an_empty_field_gives_no_span():
    reader = Reader(b"")
    assert reader.take("session id", 0) == b""
    assert reader.rest("data") == b""
    assert reader.spans == ()


def test_a_reader_may_start_and_end_inside_its_data():
    reader = Reader(bytes(range(10)), start=4, end=6)
    assert reader.remaining == 2
    assert reader.uint("type", 1) == 4
    assert reader.rest("data") == b"\x05"
    assert places(reader.spans) == [("type", 4, 5), ("data", 5, 6)]


def test_reading_past_the_end_names_the_field_and_where_it_starts():
    reader = Reader(b"\1\2\3", start=1)
    reader.uint("type", 1)
    assert error_of(reader.uint, "length", 2) == ("length", 2, "2 bytes", "only 1 byte")
    assert error_of(reader.take, "random", 32) == ("random", 2, "32 bytes", "only 1 byte")
    reader.uint("last", 1)
    assert error_of(reader.uint, "version", 1) == ("version", 3, "1 byte", "the end of the data")


def test_a_field_that_could_not_be_read_moves_nothing_and_is_not_remembered():
    reader = Reader(b"\1\2")
    error_of(reader.uint, "length", 3)
    assert (reader.pos, reader.spans) == (0, ())


def test_a_negative_size_is_refused():
    assert error_of(Reader(b"\1\2", start=1).take, "data", -1)[:2] == ("data", 1)


def test_leftover_bytes_are_counted():
    reader = Reader(b"\1\2\3")
    reader.uint("type", 1)
    assert error_of(reader.done, "alert") == ("alert", 1, "nothing more", "2 bytes left over")
    reader.rest("data")
    reader.done("alert")


def test_an_error_reads_as_a_sentence():
    error = DecodeError("data offset", 12, "at least 5 words of 4 bytes", "4")
    assert str(error) == "data offset at byte 12: expected at least 5 words of 4 bytes, got 4"
    moved = error.inside("packet 3", 34)
    assert str(moved) == "packet 3: data offset at byte 46: expected at least 5 words of 4 bytes, got 4"
    assert isinstance(error, ValueError)


@steady
@given(st.lists(octets(1, 6)))
def test_whatever_is_read_the_spans_tile_it(parts):
    reader = Reader(b"".join(parts))
    for number, part in enumerate(parts):
        assert reader.take(f"part {number}", len(part)) == part
    assert_tiles(reader.spans, len(reader.data))


# Parts within parts.


def test_fields_inside_a_part_belong_to_it():
    reader = Reader(bytes(5))
    reader.uint("type", 1)
    with reader.part("hello"):
        reader.uint("version", 2)
        with reader.part("extension", 1):
            reader.uint("kind", 1)
    reader.uint("end", 1)
    assert [span.path for span in reader.spans] == [(), ("hello",), ("hello", "extension"), ()]


def test_a_prefixed_part_says_its_own_length_first():
    data = bytes.fromhex("0003 02aabb ff")
    reader = Reader(data)
    with reader.prefixed("suites", 2), reader.prefixed("suite", 1):
        assert reader.take("name", 2) == b"\xaa\xbb"
    assert reader.uint("after", 1) == 0xFF
    assert [(span.path, span.name) for span in reader.spans] == [
        ((), "suites length"),
        (("suites",), "suite length"),
        (("suites", "suite"), "name"),
        ((), "after"),
    ]
    assert_tiles(reader.spans, len(data))


def test_inside_a_part_only_its_own_bytes_are_left():
    reader = Reader(bytes(10))
    with reader.part("list", 4):
        assert reader.remaining == 4
        reader.rest("items")
    assert reader.remaining == 6


def test_a_part_that_is_not_used_up_is_refused():
    def read():
        with reader.part("list", 3):
            reader.uint("item", 2)

    reader = Reader(bytes(5))
    assert error_of(read) == ("list", 2, "nothing more", "1 byte left over")


def test_reading_past_a_part_is_refused_though_the_data_go_on():
    def read():
        with reader.part("list", 1):
            reader.uint("item", 2)

    reader = Reader(bytes(5), start=1)
    assert error_of(read) == ("item", 1, "2 bytes", "only 1 byte")


def test_a_part_longer_than_what_encloses_it_is_refused():
    def read():
        with reader.part("outer", 3), reader.prefixed("inner", 1):
            reader.rest("data")

    reader = Reader(bytes.fromhex("03 aabb ccdd"))
    assert error_of(read) == ("inner", 1, "3 bytes", "only 2 bytes")


@st.composite
def nested(draw, depth=3):
    """Bytes, or a list of such things: what prefixed parts are made of."""
    if depth == 0 or draw(st.booleans()):
        return draw(octets(0, 5))
    return draw(st.lists(nested(depth - 1), max_size=3))


def write_nested(writer, thing):
    with writer.prefixed("part", 2):
        if isinstance(thing, bytes):
            writer.take(thing)
        else:
            for inner in thing:
                write_nested(writer, inner)


def read_nested(reader, shape):
    with reader.prefixed("part", 2):
        if isinstance(shape, bytes):
            return reader.rest("data")
        return [read_nested(reader, inner) for inner in shape]


@steady
@given(nested())
def test_what_a_writer_nests_a_reader_finds_again(thing):
    writer = Writer()
    write_nested(writer, thing)
    reader = Reader(writer.bytes())
    assert read_nested(reader, thing) == thing
    reader.done("part")
    assert_tiles(reader.spans, len(reader.data))


# Layouts.


def test_a_layout_gives_one_value_a_field_and_bit_fields_together():
    reader = Reader(MIXED_BYTES)
    assert reader.layout(MIXED) == (
        0x4F,  # version and length share a byte
        0xAA,
        0x8003,  # flag and offset share two
        7,
        b"\x0a\x00\x00\x01",
        0x0102030405060708,
        b"\xab\xcd\xef",  # no whole 1, 2, 4 or 8 bytes: left as they are
    )
    assert reader.remaining == 0


def test_the_spans_of_a_layout_give_every_field_its_own_value():
    spans = MIXED.spans(0)
    assert_tiles(spans, len(MIXED_BYTES))
    assert {span.name: span.value(MIXED_BYTES) for span in spans} == {
        "version": 4,
        "length": 15,
        "tag": 0xAA,
        "flag": 1,
        "offset": 3,
        "number": 7,
        "address": b"\x0a\x00\x00\x01",
        "long": 0x0102030405060708,
        "odd": 0xABCDEF,
    }
    assert {span.name for span in spans if span.is_bits} == {"version", "length", "flag", "offset"}
    assert {span.path for span in spans} == {("mixed",)}


def test_the_spans_of_a_layout_speak():
    texts = {span.name: span.text(MIXED_BYTES) for span in MIXED.spans(0)}
    assert texts["version"] == "version 4"
    assert texts["address"] == "10.0.0.1"
    assert texts["tag"] == ""


def test_a_layout_further_on_has_its_spans_further_on():
    reader = Reader(bytes(3) + MIXED_BYTES)
    reader.take("before", 3)
    with reader.part("outer"):
        reader.layout(MIXED)
    assert_tiles(reader.spans, 3 + len(MIXED_BYTES))
    assert reader.spans[1] == changed_only(MIXED.spans(0)[0].shifted(3), path=("outer", "mixed"))


@pytest.mark.parametrize(
    ("size", "field", "offset", "expected", "got"),
    [
        (0, "source port", 0, "2 bytes", "the end of the data"),
        (1, "source port", 0, "2 bytes", "only 1 byte"),
        (2, "destination port", 2, "2 bytes", "the end of the data"),
        (3, "destination port", 2, "2 bytes", "only 1 byte"),
    ],
)
def test_a_layout_cut_in_the_middle_names_the_first_field_that_is_cut(size, field, offset, expected, got):
    assert error_of(Reader(bytes(size)).layout, PORTS) == (field, offset, expected, got)


@pytest.mark.parametrize("size", range(len(MIXED_BYTES)))
def test_a_layout_cut_in_the_middle_keeps_the_spans_of_what_fits(size):
    reader = Reader(MIXED_BYTES[:size])
    field, offset, _, _ = error_of(reader.layout, MIXED)
    whole = MIXED.spans(0)
    names = [span.name for span in whole]
    cut = whole[names.index(field)]
    assert (cut.start, cut.end > size) == (offset, True)
    kept = reader.spans
    assert kept == whole[: len(kept)]
    assert sum(span.bits for span in kept) in range(8 * offset, 8 * size + 1)


def test_a_field_is_found_by_its_name():
    assert MIXED.find("tag").bits == 8
    with pytest.raises(KeyError, match="no field 'colour'"):
        MIXED.find("colour")


def test_bit_fields_have_to_fill_whole_bytes():
    with pytest.raises(ValueError, match="do not fill whole bytes"):
        Layout(("broken",), Field("version", 4))
    with pytest.raises(ValueError, match="do not fill whole bytes"):
        Layout(("broken",), Field("version", 4), Field("number", 16))


@st.composite
def layouts(draw):
    """Layouts of whole-byte fields and of bit fields that together fill 1, 2, 4 or 8 bytes."""
    fields = []
    for _ in range(draw(st.integers(1, 5))):
        if draw(st.booleans()):
            size = draw(st.integers(1, 9))
            fields.append(Field(f"bytes {len(fields)}", 8 * size, raw=draw(st.booleans())))
            continue
        left = draw(st.sampled_from([8, 16, 32, 64]))
        first = True
        while left:
            # The first bit field must not look like a field of whole bytes, nor may a group end early.
            bits = draw(st.integers(1, min(left, 7))) if first else draw(st.integers(1, left))
            used = sum(field.bits for field in fields) % 8
            if not first and (used + bits) % 8 == 0:
                bits = left
            fields.append(Field(f"bits {len(fields)}", bits))
            left, first = left - bits, False
    return Layout(("any",), *fields)


@steady
@given(layouts(), st.data(), st.integers(0, 3))
def test_of_any_layout_the_bits_of_the_spans_are_the_bytes(layout, data, before):
    frame = data.draw(octets(before + layout.size, before + layout.size))
    reader = Reader(frame, before)
    reader.layout(layout)
    bits = ""
    for piece in reader.spans:
        value = piece.value(frame)
        number = int.from_bytes(value, "big") if isinstance(value, bytes) else value
        bits += f"{number:0{piece.bits}b}"
    assert bits == "".join(f"{byte:08b}" for byte in frame[before:])
    assert_tiles([piece.shifted(-before) for piece in reader.spans], layout.size)


# Spans.


def test_a_long_field_is_bytes_and_a_short_one_a_number():
    assert span((), "eight", 0, 8).value(bytes(7) + b"\1") == 1
    assert span((), "nine", 0, 9).value(bytes(8) + b"\1") == bytes(8) + b"\1"
    assert span((), "raw", 0, 2, raw=True).value(b"\0\1") == b"\0\1"


def test_a_bit_field_across_two_bytes_has_its_own_value():
    label = Span(("IPv6",), "ECN", 0, 2, 7, 2)
    assert label.is_bits
    assert label.value(bytes.fromhex("0180")) == 0b11
    assert label.value(bytes.fromhex("fe7f")) == 0


def test_a_shifted_span_is_the_same_field_elsewhere():
    flag = Span(("TCP",), "SYN", 13, 14, 6, 1, "opens")
    assert flag.shifted(34) == Span(("TCP",), "SYN", 47, 48, 6, 1, "opens")


# Writing.


def test_a_writer_takes_the_same_calls_in_the_same_order():
    writer = Writer()
    writer.uint("type", 0x16, 1)
    writer.layout(PORTS, 40001, 443)
    with writer.prefixed("list", 2):
        writer.take(b"\xaa\xbb")
        with writer.prefixed("inner", 1):
            pass
    assert writer.bytes().hex(" ") == "16 9c 41 01 bb 00 03 aa bb 00"


@pytest.mark.parametrize(("value", "size"), [(256, 1), (-1, 1), (1 << 24, 3)])
def test_a_number_that_does_not_fit_is_refused_by_name(value, size):
    with pytest.raises(ValueError, match=f"length: {value} does not fit in {size} byte"):
        Writer().uint("length", value, size)


def test_a_part_longer_than_its_length_can_say_is_refused():
    def write():
        with writer.prefixed("session id", 1):
            writer.take(bytes(256))

    writer = Writer()
    with pytest.raises(ValueError, match="session id: 256 bytes are too long for a length of 1 byte"):
        write()


@pytest.mark.parametrize("values", [(65536, 443), (-1, 443), (40001,), (40001, 443, 1)])
def test_a_layout_with_values_that_do_not_fit_is_refused_by_name(values):
    with pytest.raises(ValueError, match=r"ports: .*source port"):
        Writer().layout(PORTS, *values)


@pytest.mark.parametrize("address", [b"\x0a\0\0", b"\x0a\0\0\1\2"])
def test_bytes_of_another_size_than_their_field_are_refused_not_cut_or_filled_up(address):
    layout = Layout(("header",), Field("address", 32, raw=True))
    with pytest.raises(ValueError, match="header"):
        Writer().layout(layout, address)


@steady
@given(uints(16), uints(16))
def test_what_a_writer_writes_a_reader_reads(source, destination):
    writer = Writer()
    writer.layout(PORTS, source, destination)
    writer.uint("number", source, 3)
    reader = Reader(writer.bytes())
    assert reader.layout(PORTS) == (source, destination)
    assert reader.uint("number", 3) == source
    reader.done("message")


# The Internet checksum.


def checksum_word_by_word(data):
    """RFC 1071 as a slow loop: add 16-bit words, fold every carry back in, complement."""
    total = 0
    for at in range(0, len(data), 2):
        low = data[at + 1] if at + 1 < len(data) else 0
        total += data[at] << 8 | low
        if total > 0xFFFF:
            total = total - 0x10000 + 1
    return total ^ 0xFFFF


def test_the_example_of_rfc_1071():
    data = bytes.fromhex("0001 f203 f4f5 f6f7")
    assert internet_checksum(data) == 0x220D == 0xDDF2 ^ 0xFFFF
    assert internet_checksum(data + bytes.fromhex("220d")) == 0


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        ("", 0xFFFF),
        ("00", 0xFFFF),
        ("0000 0000", 0xFFFF),
        ("ffff", 0),
        ("ffff ffff", 0),
        ("0001 fffe", 0),
        ("8000 8000", 0xFFFE),
        ("01", 0xFEFF),  # an odd last byte is followed by a zero
        ("0001 02", 0xFDFE),
    ],
)
def test_checksums_at_the_edges(data, checksum):
    data = bytes.fromhex(data)
    assert internet_checksum(data) == checksum_word_by_word(data) == checksum


@settings(steady, max_examples=300)
@given(octets(0, 80))
def test_the_checksum_is_that_of_the_slow_loop(data):
    assert internet_checksum(data) == checksum_word_by_word(data)


@steady
@given(st.lists(st.sampled_from([b"\0\0", b"\xff\xff", b"\0\1", b"\xff\xfe", b"\xff"]), max_size=12))
def test_the_checksum_is_that_of_the_slow_loop_where_sums_come_round_to_zero(words):
    data = b"".join(words)
    assert internet_checksum(data) == checksum_word_by_word(data)


@steady
@given(octets(0, 40).filter(any))
def test_data_that_carry_their_own_checksum_sum_up_to_zero(data):
    even = data + bytes(len(data) % 2)
    assert internet_checksum(even + internet_checksum(data).to_bytes(2, "big")) == 0


# Editing messages.


@dataclass(frozen=True)
class Note:
    text: str
    length: int | None = None
    colour: str = "red"
    derived: ClassVar[tuple[str, ...]] = ("length",)


def test_replace_has_lengths_and_checksums_made_anew():
    assert replace(Note("one", 3), text="three") == Note("three", None)


def test_replace_pins_what_it_is_told():
    assert replace(Note("one", 3), text="three", length=99) == Note("three", 99)


def test_the_replace_of_dataclasses_keeps_them_as_they_were():
    assert changed_only(Note("one", 3), text="three") == Note("three", 3)


def test_replace_works_for_messages_that_derive_nothing():
    @dataclass(frozen=True)
    class Plain:
        number: int

    assert replace(Plain(1), number=2) == Plain(2)


def test_a_made_record_is_like_any_other():
    note = made(Note, {"text": "one", "length": 3, "colour": "blue"})
    usual = Note("one", 3, "blue")
    assert note == usual
    assert hash(note) == hash(usual)
    assert repr(note) == repr(usual)
    with pytest.raises(FrozenInstanceError):
        note.text = "two"

"""TLS records: envelopes, in any pieces."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.errors import DecodeError
from handshake.tls.records import (
    SEALED_MOST,
    Record,
    RecordError,
    RecordStream,
)
from handshake.wire import Reader

VECTORS = Path(__file__).parent.parent.parent / "shared" / "vectors"

pytest.importorskip("cryptography")

records = st.builds(Record, st.sampled_from([20, 21, 22, 23]), st.integers(0, 0xFFFF), st.binary(max_size=80))


def test_a_record_byte_by_byte() -> None:
    record = Record(22, 0x0301, b"hello")
    data = bytes.fromhex("16 0301 0005") + b"hello"
    assert record.encode() == data
    reader = Reader(data)
    assert Record.read(reader) == replace(record, length=5)
    spans = reader.spans
    assert [(each.name, each.start, each.end) for each in spans] == [
        ("content type", 0, 1), ("version", 1, 3), ("length", 3, 5), ("fragment", 5, 10),
    ]  # fmt: skip
    assert [each.text(data) for each in spans] == ["handshake", "TLS 1.0", "", ""]
    assert str(record) == "handshake, 5 bytes"


@given(records)
def test_what_is_encoded_is_decoded_again(record: Record) -> None:
    found = Record.decode(record.encode())
    assert replace(found, length=None) == record
    assert found.encode() == record.encode()


@given(st.lists(records, max_size=6), st.lists(st.integers(0, 600), max_size=8))
def test_whatever_the_cuts_the_same_records(sent: list[Record], cuts: list[int]) -> None:
    stream = b"".join(record.encode() for record in sent)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found, reading = [], RecordStream()
    for start, end in pairwise(places):
        found += reading.feed(stream[start:end])
    assert [replace(each, length=None) for each in found] == sent
    assert reading.offset == len(stream)
    reading.end()


@given(st.binary(max_size=100))
def test_any_bytes_are_records_or_a_decode_error(noise: bytes) -> None:
    reading = RecordStream()
    with contextlib.suppress(DecodeError):
        for byte in noise:
            reading.feed(bytes([byte]))
        reading.end()


def test_what_is_no_record_is_refused_at_its_header() -> None:
    for header, words in (
        ("15 0301", "the end of the data|content type at byte 0|length"),
        ("47 4554 202f", "content type at byte 0: expected 20 to 23, got 71"),  # "GET /"
        ("16 0303 4801", f"length at byte 3: expected at most {SEALED_MOST}, got 18433"),
        ("16 0303 0002 00", "fragment at byte 5: expected 2 bytes, got only 1 byte"),
        ("16 0303 0001 0000", "1 byte left over"),
    ):
        with pytest.raises(DecodeError, match=words):
            Record.decode(bytes.fromhex(header))


def test_records_before_the_one_that_is_none_are_given() -> None:
    reading = RecordStream()
    good = Record(23, 0x0303, b"good")
    with pytest.raises(RecordError, match="content type at byte 9: expected 20 to 23, got 71") as caught:
        reading.feed(good.encode() + b"GET / HTTP/1.1")
    assert list(caught.value.records) == [replace(good, length=4)]
    for call in (lambda: reading.feed(good.encode()), reading.end):
        with pytest.raises(DecodeError, match="content type at byte 9: expected 20 to 23, got 71"):
            call()


def test_the_end_inside_a_record_is_reported() -> None:
    reading = RecordStream()
    reading.feed(Record(23, 0x0303, b"good").encode()[:-1])
    with pytest.raises(DecodeError, match="the end of the stream after 8 bytes"):
        reading.end()


def test_a_record_that_is_too_long_is_not_made() -> None:
    with pytest.raises(ValueError, match="at most 18432 bytes"):
        Record(23, 0x0303, bytes(SEALED_MOST + 1)).encode()

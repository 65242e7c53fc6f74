"""TLS records: envelopes, in any pieces; and what AES-GCM notices."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake import capture
from handshake.errors import DecodeError, ProtocolError, Refused
from handshake.tls import keys
from handshake.tls.records import (
    SEALED_MOST,
    Record,
    RecordError,
    RecordStream,
    open_gcm,
    seal_gcm,
)
from handshake.wire import Reader

VECTORS = Path(__file__).parent.parent.parent / "shared" / "vectors"

pytest.importorskip("cryptography")

records = st.builds(Record, st.sampled_from([20, 21, 22, 23]), st.integers(0, 0xFFFF), st.binary(max_size=80))

KEY, SALT = bytes(range(16)), b"salt"


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
    with pytest.raises(ValueError, match="at most 16384 bytes"):
        seal_gcm(KEY, SALT, 0, Record(23, 0x0303, bytes(16385)))


# ---- AES-GCM ---------------------------------------------------------------------------------------------


@given(records, st.integers(0, 2**64 - 1))
def test_what_is_sealed_is_opened_by_who_has_the_key(record: Record, seq: int) -> None:
    sealed = seal_gcm(KEY, SALT, seq, record)
    assert len(sealed.fragment) == len(record.fragment) + 24
    assert open_gcm(KEY, SALT, seq, sealed) == record


@pytest.mark.parametrize("place", range(8 * (5 + 24 + 5)))
def test_every_bit_that_is_flipped_is_noticed(place: int) -> None:
    """Of the header too, but for the length, which is reckoned from what came."""
    data = bytearray(seal_gcm(KEY, SALT, 7, Record(23, 0x0303, b"hello")).encode())
    data[place // 8] ^= 0x80 >> place % 8
    with pytest.raises((ProtocolError, DecodeError)) as caught:
        open_gcm(KEY, SALT, 7, Record.decode(bytes(data)), "client")
    if isinstance(caught.value, ProtocolError):
        assert (caught.value.by, caught.value.alert) == ("client", "bad_record_mac")


def test_order_and_keys_are_noticed_too() -> None:
    sealed = seal_gcm(KEY, SALT, 7, Record(23, 0x0303, b"hello"))
    for key, salt, seq in ((KEY, SALT, 8), (KEY[::-1], SALT, 7), (KEY, b"tlas", 7), (2 * KEY, SALT, 7)):
        with pytest.raises(ProtocolError, match=f"the tag of record {seq} does not fit"):
            open_gcm(key, salt, seq, sealed)
    with pytest.raises(ProtocolError, match="24 bytes at least, and this has 23"):
        open_gcm(KEY, SALT, 0, Record(23, 0x0303, bytes(23)))
    with pytest.raises(ValueError, match="got 15 and 4"):
        open_gcm(KEY[1:], SALT, 0, sealed)
    with pytest.raises(Refused, match="is no record number"):
        seal_gcm(KEY, SALT, 1 << 64, sealed)


def test_a_recorded_connection_is_opened_with_its_key_log() -> None:
    """t06, OpenSSL's: TLS 1.2, ECDHE, AES-128-GCM, both directions."""
    path = VECTORS / "captures" / "t06_tls12_ecdhe_rsa_aes128_gcm.pcap"
    if not path.exists():
        pytest.skip("the vectors are not beside the project")
    line = path.with_suffix(".keylog").read_text().splitlines()[1]
    client_random, master = (bytes.fromhex(word) for word in line.split()[1:])
    streams = [RecordStream().feed(stream) for stream in capture.read(path).plaintext().values()]
    client, server = sorted(streams, key=lambda found: found[0].fragment[0])  # ClientHello 1, ServerHello 2
    server_random = server[0].fragment[6:38]
    block = keys.key_block("TLS 1.2", master, client_random, server_random, 2 * 16 + 2 * 4)
    cut = keys.cut(block, 0, 16, 4)
    opened = {}
    for name, found, key, salt in (
        ("client", client, cut.client_key, cut.client_iv),
        ("server", server, cut.server_key, cut.server_iv),
    ):
        at = next(n for n, record in enumerate(found) if record.type == 20) + 1  # from here on it is sealed
        opened[name] = [open_gcm(key, salt, seq, record) for seq, record in enumerate(found[at:])]
        assert [record.type for record in opened[name]] == [22, 23, 21]  # Finished, data, close_notify
        assert opened[name][0].fragment[:4] == bytes.fromhex("14 00000c")
        assert opened[name][2].fragment == b"\x01\x00"
        resealed = [seal_gcm(key, salt, seq, record) for seq, record in enumerate(opened[name])]
        assert [each.type for each in resealed] == [22, 23, 21]
    assert opened["client"][1].fragment == b"GET /handshake HTTP/1.1\r\nHost: server.test\r\n\r\n"
    assert opened["server"][1].fragment == b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, client"

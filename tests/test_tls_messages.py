"""Handshake messages up to TLS 1.2: there and back, every byte a field, and what is no message is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake import capture, sim
from handshake.errors import DecodeError
from handshake.tls import alerts, decode_handshake
from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls.encoding import Context
from handshake.tls.forms import read_form
from handshake.tls.hellos import RETRY_RANDOM
from handshake.tls.messages import (
    KINDS,
    KINDS13,
    Certificate,
    Certificate13,
    CertificateRequest,
    CertificateRequest13,
    CertificateStatus,
    CertificateVerify,
    ClientHello,
    ClientKeyExchange,
    EncryptedExtensions,
    EndOfEarlyData,
    Finished,
    Finished13,
    HandshakeMessage,
    HelloRequest,
    HelloRetryRequest,
    KeyUpdate,
    NewSessionTicket,
    NewSessionTicket13,
    ServerHello,
    ServerHelloDone,
    ServerKeyExchange,
    read_handshake,
)
from handshake.tls.messages13 import Entry
from handshake.wire import Reader, replace

CAPTURES = Path(__file__).parent.parent.parent / "shared" / "vectors" / "captures"

u16 = st.integers(0, 0xFFFF)
random = st.binary(min_size=32, max_size=32)
filled = st.binary(min_size=1, max_size=40)
numbers = st.lists(u16, min_size=1, max_size=5).map(tuple)
small = st.lists(st.integers(0, 255), min_size=1, max_size=4).map(tuple)
unknown = st.integers(0, 0xFFFF).filter(lambda number: number not in ext.KINDS)


def extensions(hello: str) -> st.SearchStrategy[Any]:
    """Any extensions that a hello may have, each kind once at most, in any order."""
    client = hello == "ClientHello"
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(ext.ServerName, st.lists(st.tuples(st.just(0), filled), min_size=1, max_size=2).map(tuple))
        if client
        else st.just(ext.ServerName()),
        st.builds(ext.SupportedGroups, numbers),
        st.builds(ext.PointFormats, small),
        st.builds(ext.SignatureAlgorithms, numbers),
        st.builds(ext.Protocols, st.lists(filled, min_size=1, max_size=3).map(tuple)),
        st.just(ext.EncryptThenMac()),
        st.just(ext.ExtendedMasterSecret()),
        st.builds(ext.SessionTicket, st.binary(max_size=40)),
        st.builds(ext13.SupportedVersions, numbers if client else st.tuples(u16)),
        st.builds(ext13.KeyShare, st.lists(st.tuples(u16, filled), min_size=0 if client else 1,
                                         max_size=2 if client else 1).map(tuple)),
        st.builds(ext.RenegotiationInfo, st.binary(max_size=24)),
        st.builds(ext.Other, unknown, st.binary(max_size=20)),
    ]  # fmt: skip
    several = st.lists(st.one_of(kinds), max_size=6, unique_by=lambda each: each.number).map(tuple)
    return st.one_of(st.none(), several)


MESSAGES: dict[str, st.SearchStrategy[Any]] = {
    "HelloRequest": st.just(HelloRequest()),
    "ClientHello": st.builds(
        ClientHello, u16, random, st.binary(max_size=32), numbers, small, extensions("ClientHello")
    ),
    "ServerHello": st.builds(
        ServerHello, u16, random, st.binary(max_size=32), u16, st.integers(0, 255), extensions("ServerHello")
    ),
    "NewSessionTicket": st.builds(NewSessionTicket, st.integers(0, 2**32 - 1), st.binary(max_size=40)),
    "Certificate": st.builds(Certificate, st.lists(filled, max_size=3).map(tuple)),
    "CertificateStatus": st.builds(CertificateStatus, st.integers(0, 255), filled),
    "ServerKeyExchange": st.builds(ServerKeyExchange, u16, filled, u16, st.binary(max_size=40)),
    "CertificateRequest": st.builds(
        CertificateRequest, small, numbers, st.lists(filled, max_size=2).map(tuple)
    ),
    "ServerHelloDone": st.just(ServerHelloDone()),
    "CertificateVerify": st.builds(CertificateVerify, u16, st.binary(max_size=40)),
    "ClientKeyExchange": st.builds(ClientKeyExchange, filled, st.just(1)),
    "Finished": st.builds(Finished, st.binary(min_size=12, max_size=12)),
}
any_message = st.one_of(*MESSAGES.values())


def tiles(message: HandshakeMessage, version: str = "TLS 1.2", exchange: str | None = "ECDHE") -> None:
    """The fields of a message cover each byte once, in order."""
    data = message.encode()
    reader = Reader(data)
    read_handshake(reader, Context(version, exchange))
    at = 0
    for span in reader.spans:
        assert span.start == at, (span, at)
        at = span.end
    assert at == len(data)


def test_every_kind_of_message_is_tried() -> None:
    assert set(MESSAGES) == {kind.name for kind in KINDS.values()}


@given(any_message)
def test_there_and_back(message: Any) -> None:
    assert decode_handshake(message.encode(), "TLS 1.2", "ECDHE") == message
    tiles(message)


@given(any_message, st.data())
def test_whatever_is_changed_is_another_message_or_none(message: Any, data: st.DataObject) -> None:
    """A changed byte is refused with a DecodeError; or it makes a message that encodes to these bytes."""
    octets = bytearray(message.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    exchange = data.draw(st.sampled_from(["RSA", "ECDHE", "DHE", None]))
    version = data.draw(st.sampled_from(["SSL 3.0", "TLS 1.1", "TLS 1.2"]))
    again = None
    with suppress(DecodeError):
        again = decode_handshake(bytes(octets), version, exchange).encode()
    assert again in (None, bytes(octets))


@given(any_message)
@settings(max_examples=40)
def test_no_message_that_is_cut_short_or_goes_on_is_one(message: Any) -> None:
    data = message.encode()
    for size in range(len(data)):
        with pytest.raises(DecodeError):
            decode_handshake(data[:size], "TLS 1.2", "ECDHE")
    with pytest.raises(DecodeError, match="left over"):
        decode_handshake(data + b"\0", "TLS 1.2", "ECDHE")


@given(st.binary(max_size=80))
def test_noise_is_a_decode_error(noise: bytes) -> None:
    try:
        found = decode_handshake(noise)
    except DecodeError:
        return
    assert found.encode() == noise


@given(st.binary(max_size=60), st.sampled_from(
    ["record", "alert", "data", "change_cipher_spec", "handshake TLS 1.2 RSA", "handshake SSL 3.0"]
))  # fmt: skip
def test_a_form_covers_all_bytes_whatever_they_are(noise: bytes, form: str) -> None:
    at = 0
    for span in read_form(form, noise):
        assert span.start == at
        at = span.end
    assert at == len(noise)


def test_versions_have_shapes_of_their_own() -> None:
    signed = bytes.fromhex("0f000004 0002abcd")
    assert decode_handshake(signed, "TLS 1.1") == CertificateVerify(None, b"\xab\xcd")
    with pytest.raises(DecodeError):
        decode_handshake(signed, "TLS 1.2")
    request = bytes.fromhex("0d000004 01010000")
    assert decode_handshake(request, 0x0302) == CertificateRequest((1,), None, ())
    assert decode_handshake(bytes.fromhex("14000024") + bytes(36), "SSL 3.0") == Finished(bytes(36))
    bare = decode_handshake(bytes.fromhex("10000003 010203"), "SSL 3.0", "RSA")
    assert bare == ClientKeyExchange(b"\1\2\3", 0)
    assert bare.encode() == bytes.fromhex("10000003 010203")
    dhe = bytes.fromhex("0c00000d 000117 000102 000105 0401 0000")
    assert decode_handshake(dhe, "TLS 1.2").parameters == (b"\x17", b"\x02")  # type: ignore[attr-defined]
    assert decode_handshake(dhe, "TLS 1.2").encode() == dhe
    with pytest.raises(ValueError, match=r"a version is one of SSL 3\.0, TLS 1\.0"):
        decode_handshake(dhe, "TLS 9")


@pytest.mark.parametrize(("data", "words"), [
    ("63000000", "handshake type at byte 0: expected one of 0 HelloRequest"),
    ("0e000001", "length at byte 1: expected at most 0"),
    ("010000470303" + "00" * 32 + "21" + "00" * 36, "session id length at byte 38: expected at most 32"),
    ("0200002603030000" + "00" * 30 + "00002f0005", "left over|extensions"),
    ("0b000006000003000000", "certificate length at byte 7: expected at least 1"),
    ("0d00000400000000", "certificate types length"),
    ("1600000401000000", "response length at byte 5: expected at least 1"),
])  # fmt: skip
def test_the_error_says_where_and_what(data: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        decode_handshake(bytes.fromhex(data))


def test_an_extension_twice_is_refused() -> None:
    hello = ClientHello(0x0303, bytes(32), b"", (0x2F,), (0,), (ext.EncryptThenMac(), ext.EncryptThenMac()))
    with pytest.raises(DecodeError, match=r"each extension once, got encrypt_then_mac again"):
        decode_handshake(hello.encode())


def test_a_field_is_changed_and_the_lengths_follow() -> None:
    hello = sim.tls(key_exchange="RSA")["ClientHello"]
    message = decode_handshake(hello.data)
    longer = replace(message, cipher_suites=(0x2F, 0x35, 0x9C))  # type: ignore[arg-type]
    assert len(longer.encode()) == len(hello.data) + 4
    assert decode_handshake(longer.encode()) == longer
    with pytest.raises(ValueError, match="random: 32 bytes, got 3"):
        replace(message, random=b"abc").encode()  # type: ignore[arg-type]


@pytest.mark.skipif(not CAPTURES.exists(), reason="the test vectors are not beside the project")
@pytest.mark.parametrize("stem", [
    "t01_tls12_rsa_aes128_sha256_noems_noetm", "t06_tls12_ecdhe_rsa_aes128_gcm", "t11_tls13_default_oneway",
])  # fmt: skip
def test_openssls_messages_are_read_and_written_again_byte_by_byte(stem: str) -> None:
    path = CAPTURES / f"{stem}.pcap"
    trace = capture.read(path, keylog=path.with_suffix(".keylog"))
    seen = set()
    for message in trace.messages:
        if message.layer == "TLS" and message.form.startswith("handshake"):
            data = message.data if message.plaintext is None else message.plaintext
            exchange = message.form.split()[-1]
            version = "TLS 1.3" if "TLS 1.3" in message.form else "TLS 1.2"
            found = decode_handshake(data, version, exchange if exchange in ("RSA", "ECDHE") else None)
            assert found.encode() == data
            seen.add(found.name)
    wanted = {"ClientHello", "ServerHello", "Certificate", "Finished"}
    new = {"EncryptedExtensions", "CertificateVerify"}
    assert seen >= wanted | (new if stem.startswith("t11") else {"ClientKeyExchange"})


# ---- TLS 1.3 ---------------------------------------------------------------------------------------------

u32 = st.integers(0, 2**32 - 1)
identities = st.lists(st.tuples(filled, u32, st.binary(min_size=32, max_size=48)), min_size=1, max_size=3)


def offered_keys(found: list[tuple[bytes, int, bytes]]) -> ext13.PreSharedKey:
    identities, binders = [(name, age) for name, age, _ in found], [binder for *_, binder in found]
    return ext13.PreSharedKey(tuple(identities), tuple(binders))


SHAPES: dict[str, dict[int, st.SearchStrategy[Any]]] = {
    "ClientHello": {
        43: st.builds(ext13.SupportedVersions, numbers),
        51: st.builds(ext13.KeyShare, st.lists(st.tuples(u16, filled), max_size=3).map(tuple)),
        45: st.builds(ext13.PskModes, small), 42: st.just(ext13.EarlyData()),
        44: st.builds(ext13.Cookie, filled), 41: identities.map(offered_keys),
        47: st.builds(ext13.Authorities, st.lists(filled, min_size=1, max_size=3).map(tuple)),
        13: st.builds(ext.SignatureAlgorithms, numbers),
    },
    "ServerHello": {
        43: st.builds(ext13.SupportedVersions, st.tuples(u16)),
        51: st.builds(ext13.KeyShare, st.tuples(st.tuples(u16, filled))),
        41: st.builds(ext13.PreSharedKey, selected=u16),
    },
    "HelloRetryRequest": {
        43: st.builds(ext13.SupportedVersions, st.tuples(u16)), 44: st.builds(ext13.Cookie, filled),
        51: st.builds(ext13.KeyShare, st.tuples(st.tuples(u16, st.just(b"")))),
    },
    "EncryptedExtensions": {
        0: st.just(ext.ServerName()), 10: st.builds(ext.SupportedGroups, numbers),
        16: st.builds(ext.Protocols, st.tuples(filled)), 42: st.just(ext13.EarlyData()),
    },
    "CertificateRequest": {
        13: st.builds(ext.SignatureAlgorithms, numbers),
        47: st.builds(ext13.Authorities, st.lists(filled, min_size=1, max_size=3).map(tuple)),
    },
    "NewSessionTicket": {42: st.builds(ext13.EarlyData, u32)},
    "Certificate": {},
}  # fmt: skip
"""The extensions that have a shape of their own in each message, by number."""


def extensions13(message: str) -> st.SearchStrategy[Any]:
    kinds = [*SHAPES[message].values(), st.builds(ext.Other, unknown, st.binary(max_size=20))]
    return st.lists(st.one_of(kinds), max_size=5, unique_by=lambda each: each.number).map(tuple)


entries = st.lists(st.builds(Entry, filled, extensions13("Certificate")), max_size=3).map(tuple)
MESSAGES13: dict[str, st.SearchStrategy[Any]] = {
    "ClientHello": st.builds(
        ClientHello, u16, random, st.binary(max_size=32), numbers, small, extensions13("ClientHello")
    ),
    "ServerHello": st.builds(
        ServerHello, u16, random, st.binary(max_size=32), u16, st.integers(0, 255),
        extensions13("ServerHello"),
    ),
    "HelloRetryRequest": st.builds(
        HelloRetryRequest, u16, st.just(RETRY_RANDOM), st.binary(max_size=32), u16, st.integers(0, 255),
        extensions13("HelloRetryRequest"),
    ),
    "NewSessionTicket": st.builds(
        NewSessionTicket13, u32, u32, st.binary(max_size=20), filled, extensions13("NewSessionTicket")
    ),
    "EndOfEarlyData": st.just(EndOfEarlyData()),
    "EncryptedExtensions": st.builds(EncryptedExtensions, extensions13("EncryptedExtensions")),
    "Certificate": st.builds(Certificate13, entries, st.binary(max_size=20)),
    "CertificateRequest": st.builds(
        CertificateRequest13, extensions13("CertificateRequest"), st.binary(max_size=20)
    ),
    "CertificateVerify": st.builds(CertificateVerify, u16, st.binary(max_size=40)),
    "Finished": st.builds(Finished13, filled),
    "KeyUpdate": st.builds(KeyUpdate, st.integers(0, 255)),
}  # fmt: skip
any_message13 = st.one_of(*MESSAGES13.values())


def test_every_kind_of_message_of_tls_1_3_is_tried() -> None:
    assert set(MESSAGES13) == {kind.name for kind in KINDS13.values()} | {"HelloRetryRequest"}
    assert {kind.name: number for number, kind in KINDS13.items()} == {
        "ClientHello": 1, "ServerHello": 2, "NewSessionTicket": 4, "EndOfEarlyData": 5,
        "EncryptedExtensions": 8, "Certificate": 11, "CertificateRequest": 13, "CertificateVerify": 15,
        "Finished": 20, "KeyUpdate": 24,
    }  # fmt: skip
    tried = {number for shapes in SHAPES.values() for number in shapes}
    assert {kind.number for kind in ext13.KINDS} <= tried


@given(any_message13)
def test_there_and_back_in_tls_1_3(message: Any) -> None:
    again = decode_handshake(message.encode(), "TLS 1.3")
    assert again == message
    assert type(again) is type(message)
    tiles(message, "TLS 1.3", None)


@given(any_message13, st.data())
def test_whatever_is_changed_in_tls_1_3_is_another_message_or_none(message: Any, data: st.DataObject) -> None:
    octets = bytearray(message.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    again = None
    with suppress(DecodeError):
        again = decode_handshake(bytes(octets), "TLS 1.3").encode()
    assert again in (None, bytes(octets))


@given(any_message13.filter(lambda message: message.name != "Finished"))  # (which may have any length)
@settings(max_examples=40)
def test_no_message_of_tls_1_3_that_is_cut_short_or_goes_on_is_one(message: Any) -> None:
    data = message.encode()
    for size in range(len(data)):
        with pytest.raises(DecodeError):
            decode_handshake(data[:size], "TLS 1.3")
    with pytest.raises(DecodeError, match="left over"):
        decode_handshake(data + b"\0", "TLS 1.3")
    body = data[4:] + b"\0"  # and with a length that fits
    with pytest.raises(DecodeError):
        decode_handshake(data[:1] + len(body).to_bytes(3, "big") + body, "TLS 1.3")


@given(st.binary(max_size=80), st.sampled_from(sorted(KINDS13)))
def test_noise_in_tls_1_3_is_a_decode_error(noise: bytes, number: int) -> None:
    data = bytes([number]) + len(noise).to_bytes(3, "big") + noise
    try:
        found = decode_handshake(data, "TLS 1.3")
    except DecodeError:
        return
    assert found.encode() == data


@pytest.mark.parametrize(("data", "words"), [
    ("00000000", "handshake type at byte 0: expected one of 1 ClientHello"),
    ("0e000000", "handshake type at byte 0"), ("10000000", "handshake type at byte 0"),
    ("fe000020" + "00" * 32, "handshake type at byte 0"),
    ("05000001" + "00", "left over"), ("14000000", "verify data"), ("08000000", "extensions"),
    ("18000000", "request update"), ("180000020000", "left over"),
    ("0b00000500000001" + "00", "certificate"), ("0b000004000000" + "01", "certificate"),
    ("0b0000090000000500000000" + "00", "certificate length"),
    ("0d00000100", "extensions"),
    ("0400000d" + "00" * 8 + "00" + "0000" + "0000", "ticket length"),
    ("04000013" + "00" * 8 + "00" + "0001aa" + "0005" + "002a0001" + "00", "max early data size|left over"),
    ("08000006" + "0004" + "00330000", "client shares"),
])  # fmt: skip
def test_the_error_in_tls_1_3_says_where_and_what(data: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        decode_handshake(bytes.fromhex(data), "TLS 1.3")


@pytest.mark.parametrize(("number", "content", "words"), [
    (41, "0000" + "0023" + "20" + "00" * 32, "identities length"),
    (41, "0007" + "0001aa" + "00000000" + "0000", "binders length"),
    (41, "0007" + "0001aa" + "00000000" + "0020" + "1f" + "00" * 31, "binder length"),
    (41, "0007" + "0001aa" + "00000000" + "0042" + ("20" + "00" * 32) * 2, "one for each of 1"),
    (41, "0006" + "0000" + "00000000" + "0021" + "20" + "00" * 32, "identity length"),
    (42, "00", "left over"), (43, "00", "versions"), (43, "03030400", "versions|left over"),
    (44, "0000", "cookie length"), (45, "00", "modes"), (47, "0000", "authorities length"),
    (51, "0004001d0000", "key exchange length"), (51, "0003001d00", "key exchange"),
])  # fmt: skip
def test_what_no_extension_of_tls_1_3_can_be(number: int, content: str, words: str) -> None:
    hello = ClientHello(0x0303, bytes(32), b"", (0x1301,), (0,), (ext.Other(number, bytes.fromhex(content)),))
    with pytest.raises(DecodeError, match=words):
        decode_handshake(hello.encode(), "TLS 1.3")


def test_binders_stand_at_the_very_end() -> None:
    """RFC 8446 section 4.2.11.2: what no binder covers is as long as it says."""
    keys = ext13.PreSharedKey(((b"one", 1), (b"two", 2)), (b"a" * 32, b"b" * 48))
    hello = ClientHello(0x0303, bytes(32), b"", (0x1301,), (0,), (ext13.PskModes(), keys)).encode()
    assert hello[-keys.binders_length :] == b"\0\x52" + b"\x20" + b"a" * 32 + b"\x30" + b"b" * 48
    assert hello[: -keys.binders_length].endswith(b"\0\3two\0\0\0\2")


# ---- Alerts ----------------------------------------------------------------------------------------------


@given(st.integers(1, 2), st.integers(0, 255))
def test_alerts_there_and_back(level: int, description: int) -> None:
    alert = alerts.Alert(level, description)
    assert alerts.Alert.decode(alert.encode()) == alert
    assert alert.says


@pytest.mark.parametrize("data", [b"", b"\1", b"\0\0", b"\3\0", b"\1\0\0"])
def test_what_is_no_alert_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        alerts.Alert.decode(data)


def test_alerts_by_name() -> None:
    assert alerts.Alert.of("bad_record_mac").encode() == b"\2\x14"
    assert alerts.Alert(2, 20) == alerts.Alert.of("bad_record_mac") == "bad_record_mac"
    assert alerts.Alert(1, 20) != alerts.Alert(2, 20)
    assert str(alerts.Alert.of("close_notify", 1)) == "close_notify (warning)"
    assert str(alerts.Alert(2, 200)) == "unknown alert 200 (fatal)"
    with pytest.raises(ValueError, match="there is no alert 'nonsense'"):
        alerts.Alert.of("nonsense")

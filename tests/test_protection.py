"""Protected records: every suite and version, outside vectors, and whatever was changed is noticed."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.entropy import Entropy
from handshake.errors import DecodeError, ProtocolError, Refused
from handshake.tls import records
from handshake.tls.derive import iv_length
from handshake.tls.keys import VERSIONS
from handshake.tls.known import Agreed
from handshake.tls.protection import Protection
from handshake.tls.records import Record
from handshake.tls.suites import ALL, Suite, find

pytest.importorskip("cryptography")

VECTORS = Path(__file__).parent.parent.parent / "shared" / "vectors" / "records" / "cbc_records_botan.json"

COMBINATIONS = [
    pytest.param(version, suite, etm, id=f"{version}, {suite.openssl}{', EtM' if etm else ''}")
    for version in VERSIONS
    for suite in ALL.values()
    for etm in (False, True)
    if suite.serves(version) and not (etm and (suite.cipher.kind != "CBC" or version == "SSL 3.0"))
]


def pair(version: str, suite: Suite, etm: bool = False, seq: int = 0) -> tuple[Protection, Protection]:
    """What one end writes with, and the other reads with."""
    entropy, length = Entropy(1), iv_length(Agreed(version, suite))
    keys = entropy("mac", suite.mac_length), entropy("key", suite.cipher.key), entropy("iv", length)
    one, other = (
        Protection(suite, version, *keys, encrypt_then_mac=etm, writer="client", random=Entropy(2), seq=seq)
        for _ in range(2)
    )
    return one, other


@pytest.mark.parametrize(("version", "suite", "etm"), COMBINATIONS)
def test_what_is_sealed_is_opened_in_order(version: str, suite: Suite, etm: bool) -> None:
    writes, reads = pair(version, suite, etm)
    for number, size in enumerate((0, 1, 15, 16, 17, 255, 256, 16384)):
        data = bytes(n % 251 for n in range(size))
        sealed = writes.seal(23, data)
        if suite.cipher.kind != "NULL" and size >= 16:
            assert data not in sealed.encode()
        assert reads.open(sealed) == Record(23, sealed.version, data)
        assert writes.seq == reads.seq == number + 1


@pytest.mark.parametrize(("version", "suite", "etm"), COMBINATIONS)
def test_whatever_is_changed_is_noticed(version: str, suite: Suite, etm: bool) -> None:
    """Each byte of the header (but SSL 3.0's version, which its MAC leaves out) and of the fragment."""
    writes, _ = pair(version, suite, etm, seq=7)
    whole = writes.seal(23, b"hello, world").encode()
    blind = range(1, 3) if version == "SSL 3.0" else range(0)
    # In SSL 3.0 padding may be anything but its last byte: so the last block is not all covered (POODLE).
    if version == "SSL 3.0" and suite.cipher.kind == "CBC":
        blind = range(1, len(whole))
    for place in range(len(whole)):
        if place in blind:
            continue
        data = bytearray(whole)
        data[place] ^= 1
        _, reads = pair(version, suite, etm, seq=7)
        with pytest.raises((ProtocolError, DecodeError)) as caught:
            reads.open(Record.decode(bytes(data)))
        if isinstance(caught.value, ProtocolError):
            assert (caught.value.by, caught.value.alert) == ("client", "bad_record_mac")


@pytest.mark.parametrize(("version", "suite", "etm"), COMBINATIONS)
def test_order_counts(version: str, suite: Suite, etm: bool) -> None:
    """A record that is dropped, repeated, or exchanged with the next does not open."""
    writes, _ = pair(version, suite, etm)
    first, second = writes.seal(23, b"first"), writes.seal(23, b"second")
    for order in ([second], [first, first], [second, first]):
        _, reads = pair(version, suite, etm)
        for record in order[:-1]:
            with contextlib.suppress(ProtocolError):
                reads.open(record)
        with pytest.raises(ProtocolError, match="does not"):
            reads.open(order[-1])


@pytest.mark.parametrize(("version", "suite", "etm"), COMBINATIONS)
@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 16, 23, 24, 31, 32, 33, 64])
def test_noise_does_not_open(version: str, suite: Suite, etm: bool, size: int) -> None:
    _, reads = pair(version, suite, etm)
    with pytest.raises(ProtocolError) as caught:
        reads.open(Record(23, reads.version, Entropy(3)("noise", size)))
    assert caught.value.alert == "bad_record_mac"


@given(st.binary(max_size=300), st.integers(0, 2**64 - 1))
def test_any_data_under_any_number(data: bytes, seq: int) -> None:
    writes, reads = pair("TLS 1.2", find("AES128-GCM-SHA256"), seq=seq)
    sealed = writes.seal(23, data)
    assert len(sealed.fragment) == len(data) + 24
    assert reads.open(sealed).fragment == data


def test_a_record_that_carries_too_much_is_refused_when_it_is_opened() -> None:
    suite = find("AES128-SHA256")
    writes, reads = pair("TLS 1.2", suite)
    arguments = ("AES-128", writes.key, writes.mac_key, "sha256", bytes(16), 0, 23, 0x0303, bytes(16385))
    too_long = Record(23, 0x0303, bytes(16) + records.seal_cbc(*arguments))
    with pytest.raises(ProtocolError, match="16384 is the most") as caught:
        reads.open(too_long)
    assert caught.value.alert == "record_overflow"
    with pytest.raises(ValueError, match="at most 16384 bytes"):
        writes.seal(23, bytes(16385))


def test_keys_that_do_not_fit_are_refused() -> None:
    suite = find("AES128-GCM-SHA256")
    with pytest.raises(ValueError, match="a key of 16 and an IV of 4; got 0, 15 and 4"):
        Protection(suite, "TLS 1.2", b"", bytes(15), bytes(4))
    writes, _ = pair("TLS 1.2", suite, seq=1 << 64)
    with pytest.raises(Refused, match="is no record number"):
        writes.seal(23, b"")
    good = ("AES-128", bytes(16), bytes(20), "sha1", bytes(16), 0, 23, "TLS 1.2", b"hello")
    for place, bad, words in (
        (0, "RC4", "cipher is one of"), (1, bytes(15), "a key of 16 bytes"), (2, bytes(19), "MAC key"),
        (3, "sha3", "MAC key"), (4, bytes(8), "an IV of 16"), (7, "TLS 9", "a version is one of"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            records.seal_cbc(*good[:place], bad, *good[place + 1 :])


def test_both_kinds_of_bad_record_are_told_in_the_same_words() -> None:
    """Bad padding, a bad MAC: who could tell them apart could decrypt."""
    suite = find("AES128-SHA256")
    said = set()
    for place in (20, -1, -17):
        writes, reads = pair("TLS 1.2", suite)
        data = bytearray(writes.seal(23, b"hello").fragment)
        data[place] ^= 0x55
        with pytest.raises(ProtocolError) as caught:
            reads.open(Record(23, 0x0303, bytes(data)))
        said.add(str(caught.value))
    assert len(said) == 1


def cases() -> list[dict[str, Any]]:
    return json.loads(VECTORS.read_text())["cases"] if VECTORS.exists() else []


@pytest.mark.skipif(not VECTORS.exists(), reason="the test vectors are not beside the project")
@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['cipher']} {case['aad']}")
def test_botans_records(case: dict[str, Any]) -> None:
    data = {
        key: bytes.fromhex(case[key])
        for key in ("mac_key", "enc_key", "iv", "aad", "plaintext", "ciphertext")
    }
    aad, hash = data["aad"], {"HMAC(SHA-256)": "sha256", "HMAC(SHA-1)": "sha1"}[case["mac"]]
    seq, kind, version = int.from_bytes(aad[:8], "big"), aad[8], int.from_bytes(aad[9:11], "big")
    given = (case["cipher"], data["enc_key"], data["mac_key"], hash, data["iv"], seq, kind, version)
    etm = case["encrypt_then_mac"]
    assert records.seal_cbc(*given, data["plaintext"], etm) == data["ciphertext"]
    assert records.open_cbc(*given, data["ciphertext"], etm) == data["plaintext"]
    changed = bytes([data["ciphertext"][0] ^ 1]) + data["ciphertext"][1:]
    with pytest.raises(ProtocolError):
        records.open_cbc(*given, changed, etm)


def test_a_record_may_be_changed_by_replace() -> None:
    writes, reads = pair("TLS 1.2", find("AES128-GCM-SHA256"))
    sealed = writes.seal(23, b"hello")
    with pytest.raises(ProtocolError):
        reads.open(replace(sealed, type=22))

"""Keys of SSL 3.0 to TLS 1.2 against vectors of others, and by what must hold of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.tls import keys

VECTORS = Path(__file__).parent.parent.parent / "shared" / "vectors"
MISSING = f"the vectors are not at {VECTORS.name}/ beside the project"


def cases(name: str) -> list[dict[str, Any]]:
    path = VECTORS / "kdf" / f"{name}.json"
    return json.loads(path.read_text())["cases"] if path.exists() else []


def needs(found: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not found, reason=MISSING)


PRF, NIST, OLD = cases("tls12_prf_wellknown"), cases("tls_kdf_nist"), cases("ssl3_tls10_keys_gnutls")
binary = bytes.fromhex


def spelled(version: str) -> list[str]:
    """ "TLS1.2" -> ["TLS 1.2"], "TLS1.0/1.1" -> ["TLS 1.0", "TLS 1.1"]."""
    return [f"{version[:3]} {number.strip()}" for number in version[3:].split("/")]


def hash_of(case: dict[str, Any]) -> str:
    name = case.get("hash", "SHA-256").replace("-", "").lower()
    return name if name in keys.HASHES else "sha256"  # (before TLS 1.2 the hash is fixed)


# ---- Against others --------------------------------------------------------------------------------------


@needs(PRF)
@pytest.mark.parametrize(
    "case", [each for each in PRF if hash_of(each) in keys.HASHES], ids=lambda c: c["hash"]
)
def test_the_prf_of_tls_12(case: dict[str, Any]) -> None:
    wanted = binary(case["output"])
    secret, seed = binary(case["secret"]), binary(case["seed"])
    assert keys.prf(secret, case["label"], seed, len(wanted), hash_of(case)) == wanted
    assert keys.prf(secret, case["label"].encode(), seed, 5, hash_of(case)) == wanted[:5]


@needs(NIST)
@pytest.mark.parametrize("case", NIST, ids=lambda c: f"{c['version']} {c.get('hash', '')}")
def test_master_secret_and_key_block_of_nist(case: dict[str, Any]) -> None:
    for version in spelled(case["version"]):
        master = keys.master_secret(
            version, binary(case["pre_master_secret"]), binary(case["client_hello_random"]),
            binary(case["server_hello_random"]), hash_of(case),
        )  # fmt: skip
        assert master == binary(case["master_secret"])
        wanted = binary(case["key_block"])
        randoms = binary(case["client_random"]), binary(case["server_random"])
        assert keys.key_block(version, master, *randoms, len(wanted), hash_of(case)) == wanted


@needs(OLD)
@pytest.mark.parametrize("case", OLD, ids=lambda c: c["version"])
def test_master_secret_and_keys_of_gnutls(case: dict[str, Any]) -> None:
    (version,) = spelled(case["version"])
    randoms = binary(case["client_random"]), binary(case["server_random"])
    master = keys.master_secret(version, binary(case["pre_master_secret"]), *randoms)
    assert master == binary(case["master_secret"])
    mac, key = case["mac_len"], case["key_len"]
    made = keys.cut(keys.key_block(version, master, *randoms, 2 * mac + 2 * key), mac, key, 0)
    for name in ("client_mac", "server_mac", "client_key", "server_key"):
        assert getattr(made, name) == binary(case[name]), name


# ---- What must hold --------------------------------------------------------------------------------------

PREMASTER, CLIENT, SERVER = bytes(range(48)), b"c" * 32, b"s" * 32


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, 200), st.integers(0, 200))
def test_a_shorter_output_is_the_beginning_of_a_longer(
    secret: bytes, seed: bytes, one: int, other: int
) -> None:
    low, high = sorted((one, other))
    for function in (
        lambda length: keys.prf(secret, "label", seed, length),
        lambda length: keys.prf(secret, "label", seed, length, "sha384"),
        lambda length: keys.prf10(secret, "label", seed, length),
        lambda length: keys.prf30(secret, seed, length),
    ):
        assert function(high)[:low] == function(low)
        assert len(function(high)) == high


@pytest.mark.parametrize("version", keys.VERSIONS)
def test_every_input_counts(version: str) -> None:
    """A change of any input changes the master secret and the key block."""
    masters = {
        keys.master_secret(version, premaster, client, server)
        for premaster, client, server in (
            (PREMASTER, CLIENT, SERVER), (PREMASTER[::-1], CLIENT, SERVER),
            (PREMASTER, SERVER, CLIENT), (PREMASTER, CLIENT, CLIENT), (PREMASTER, SERVER, SERVER),
        )
    }  # fmt: skip
    assert len(masters) == 5
    assert {len(master) for master in masters} == {48}
    blocks = {keys.key_block(version, master, CLIENT, SERVER, 104) for master in masters}
    blocks.add(keys.key_block(version, min(masters), SERVER, CLIENT, 104))
    assert len(blocks) == 6


def test_an_extended_master_secret_depends_on_the_handshake_and_not_on_the_randoms() -> None:
    for version in ("TLS 1.0", "TLS 1.1", "TLS 1.2"):
        one = keys.master_secret(version, PREMASTER, CLIENT, SERVER, session_hash=b"h" * 32)
        assert one == keys.master_secret(version, PREMASTER, SERVER, CLIENT, session_hash=b"h" * 32)
        assert one != keys.master_secret(version, PREMASTER, CLIENT, SERVER, session_hash=b"i" * 32)
        assert one != keys.master_secret(version, PREMASTER, CLIENT, SERVER)
    assert one == keys.prf(PREMASTER, "extended master secret", b"h" * 32, 48)
    with pytest.raises(ValueError, match=r"SSL 3\.0 has no extended master secret"):
        keys.master_secret("SSL 3.0", PREMASTER, CLIENT, SERVER, session_hash=b"h" * 36)


def test_a_block_is_cut_in_the_order_of_the_standard() -> None:
    block = bytes(range(2 * 2 + 2 * 3 + 2 * 1))
    cut = keys.cut(block, 2, 3, 1)
    assert cut == (b"\0\1", b"\2\3", b"\4\5\6", b"\7\x08\x09", b"\x0a", b"\x0b")
    assert (cut.client_iv, cut.server_iv) == (b"\x0a", b"\x0b")
    assert keys.cut(b"", 0, 0, 0) == (b"",) * 6
    with pytest.raises(ValueError, match="-1"):
        keys.cut(b"", 0, 1, -1)


def test_the_hash_of_the_suite_counts_for_an_extended_master_secret_too() -> None:
    one, other = (
        keys.master_secret("TLS 1.2", PREMASTER, CLIENT, SERVER, name, b"h" * 48)
        for name in ("sha256", "sha384")
    )
    assert one != other
    with pytest.raises(ValueError, match="session_hash is empty"):
        keys.master_secret("TLS 1.2", PREMASTER, CLIENT, SERVER, session_hash=b"")
    assert len(keys.prf30(b"", b"", 416)) == 416


OPENSSL = shutil.which("openssl")


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl command here")
@pytest.mark.parametrize(
    ("name", "digest"), [("sha256", "SHA2-256"), ("sha384", "SHA2-384"), ("", "MD5-SHA1")]
)
def test_openssl_gives_the_same(name: str, digest: str) -> None:
    secret, seed = bytes(range(47)), bytes(range(64))
    command = [
        str(OPENSSL), "kdf", "-keylen", "100", "-kdfopt", f"digest:{digest}",
        "-kdfopt", f"hexsecret:{secret.hex()}", "-kdfopt", f"hexseed:{(b'key expansion' + seed).hex()}",
        "TLS1-PRF",
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    if ran.returncode:
        pytest.skip(f"this openssl has no such kdf: {ran.stderr.strip()[:100]}")
    said = bytes.fromhex(ran.stdout.replace(":", "").strip())
    ours = (
        keys.prf(secret, "key expansion", seed, 100, name)
        if name
        else keys.prf10(secret, "key expansion", seed, 100)
    )
    assert ours == said


def test_halves_of_an_odd_secret_share_their_middle_byte() -> None:
    """RFC 2246 section 5.  So with one byte, both halves are that byte."""
    assert keys.prf10(b"\x00\x11\x22", "", b"", 20) == keys._xor(
        keys.p_hash("md5", b"\x00\x11", b"", 20), keys.p_hash("sha1", b"\x11\x22", b"", 20)
    )


def test_what_cannot_be_is_refused_with_a_reason() -> None:
    for words, call in (
        ("not with 'md5'", lambda: keys.prf(b"", "", b"", 1, "md5")),
        ("length is a number of bytes, 0 or more; got -1", lambda: keys.prf(b"", "", b"", -1)),
        ("416 bytes; not for 417", lambda: keys.prf30(b"", b"", 417)),
        ("version is one of SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2; not 'TLS 1.3'",
         lambda: keys.master_secret("TLS 1.3", PREMASTER, CLIENT, SERVER)),
        ("client_random has 32 bytes, got 31",
         lambda: keys.master_secret("TLS 1.2", PREMASTER, bytes(31), SERVER)),
        ("server_random has 32 bytes", lambda: keys.key_block("TLS 1.2", PREMASTER, CLIENT, b"", 10)),
        ("are 40 bytes; the key block has 41", lambda: keys.cut(bytes(41), 0, 16, 4)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()

"""A whole TLS 1.2 handshake, client and server, chain verified; and the derivations alone.

Beside it what a Python implementation without any work of its own would cost: the asymmetric operations and
the path validation of `cryptography`, its HMACs for every derivation, its AES-GCM for both Finished messages.
Unseeded, on both sides everything is written down as it happens.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from measure import Findings, Row, each, interleaved, ratio

from handshake import pki
from handshake.pki.authority import HOST, Party, Wish, issue, lesson_key
from handshake.tls import Client, Server, keys

LEAVES = 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHA256, PKCS1 = hashes.SHA256(), padding.PKCS1v15()
SUITES = {"RSA": "AES128-GCM-SHA256", "ECDHE": "ECDHE-RSA-AES128-GCM-SHA256"}

ROOT_KEY, KEY = lesson_key("RSA", 0), lesson_key("RSA", 1)
ROOT = issue(Wish("Bench Root (test)", ca=True), ROOT_KEY, 1)
STORE = verification.Store([ROOT])


def leaves() -> list[x509.Certificate]:
    """Certificates of one server, each another, so that none is remembered."""
    return [issue(Wish(), KEY, n + 2, Party(ROOT, ROOT_KEY)) for n in range(LEAVES)]


def ours(exchange: str) -> Callable[[x509.Certificate], bool]:
    """Both ends of a handshake, until both are connected."""

    def verify(chain: list[Any]) -> pki.Report:
        return pki.validate(chain, [ROOT], NOW, HOST)

    def handshake(leaf: x509.Certificate) -> bool:
        client = Client(HOST, ["TLS 1.2"], [SUITES[exchange]], verify=verify)
        server = Server(leaf, KEY, ["TLS 1.2"], [SUITES[exchange]])
        while client.state != "CONNECTED" or server.state != "CONNECTED":
            server.receive(client.outgoing())
            client.receive(server.outgoing())
        return bool(client.moves and server.moves)

    return handshake


def floor(exchange: str) -> Callable[[bytes], bool]:
    """The operations alone."""
    premaster, transcript = b"\x03\x03" + bytes(46), bytes(200)

    def handshake(der: bytes) -> bool:
        leaf = x509.load_der_x509_certificate(der)
        builder = verification.PolicyBuilder().store(STORE).time(NOW)
        builder.build_server_verifier(x509.DNSName(HOST)).verify(leaf, [])
        public: Any = leaf.public_key()
        if exchange == "RSA":
            KEY.decrypt(public.encrypt(premaster, PKCS1), PKCS1)
        else:
            one, other = x25519.X25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()
            first, second = one.public_key().public_bytes_raw(), other.public_key().public_bytes_raw()
            one.exchange(x25519.X25519PublicKey.from_public_bytes(second))
            other.exchange(x25519.X25519PublicKey.from_public_bytes(first))
            public.verify(KEY.sign(transcript, PKCS1, SHA256), transcript, PKCS1, SHA256)
        for _ in range(2):
            symmetric()
        return True

    return handshake


def hmac_of_cryptography(base: HMAC, data: bytes) -> bytes:
    one = base.copy()
    one.update(data)
    return one.finalize()


def p_hash(secret: bytes, seed: bytes, length: int) -> bytes:
    """P_hash on `cryptography`'s HMAC."""
    base, out = HMAC(secret, SHA256), b""
    a = hmac_of_cryptography(base, seed)
    while True:
        out += hmac_of_cryptography(base, a + seed)
        if len(out) >= length:
            return out[:length]
        a = hmac_of_cryptography(base, a)


def symmetric() -> None:
    """One side's derivations, and the two Finished messages."""
    randoms = bytes(64)
    master = p_hash(bytes(48), b"master secret" + randoms, 48)
    block = p_hash(master, b"key expansion" + randoms, 40)
    digest = hashes.Hash(SHA256)
    digest.update(bytes(1500))
    said = p_hash(master, b"client finished" + digest.finalize(), 12)
    p_hash(master, b"server finished" + bytes(32), 12)
    AESGCM(block[:16]).decrypt(bytes(12), AESGCM(block[:16]).encrypt(bytes(12), said, b"aad"), b"aad")


PREMASTER, CLIENT, SERVER = bytes(range(48)), bytes(range(32)), bytes(range(32, 64))


def derive_ours() -> tuple[bytes, bytes]:
    master = keys.master_secret("TLS 1.2", PREMASTER, CLIENT, SERVER)
    return master, keys.key_block("TLS 1.2", master, CLIENT, SERVER, 40)


def derive_theirs() -> tuple[bytes, bytes]:
    master = p_hash(PREMASTER, b"master secret" + CLIENT + SERVER, 48)
    return master, p_hash(master, b"key expansion" + SERVER + CLIENT, 40)


def run(rounds: int) -> Findings:
    """Measure, and compare."""
    if derive_ours() != derive_theirs():
        raise AssertionError("the derivations differ")
    made = leaves()
    ders = [leaf.public_bytes(Encoding.DER) for leaf in made]
    cases: dict[str, Callable[[], object]] = {}
    for exchange in SUITES:
        cases[f"{exchange}/ours"] = each(ours(exchange), made)
        cases[f"{exchange}/floor"] = each(floor(exchange), ders)
    cases["prf/ours"], cases["prf/floor"] = derive_ours, derive_theirs
    figures = interleaved(cases, rounds)
    rows = [
        Row("tls", f"a whole handshake, {exchange} key exchange", "its operations alone, by cryptography",
            ratio(figures[f"{exchange}/ours"], figures[f"{exchange}/floor"]), 3.0, 1.5)
        for exchange in SUITES
    ]  # fmt: skip
    rows.append(
        Row("tls", "master secret and key block, TLS 1.2", "cryptography's HMAC",
            ratio(figures["prf/ours"], figures["prf/floor"]), 1.3, 1.1)
    )  # fmt: skip
    absolute = {
        f"{name}, us": statistics.median(all_) / (1 if name.startswith("prf") else LEAVES) * 1e6
        for name, all_ in figures.items()
    }
    return Findings(rows, absolute)

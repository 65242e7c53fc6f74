"""A whole handshake of TLS 1.2 or 1.3, client and server, chains verified; and the derivations alone.

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
from handshake.tls import Client, Server, keys, schedule

LEAVES = 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHA256, PKCS1 = hashes.SHA256(), padding.PKCS1v15()
PSS = padding.PSS(padding.MGF1(SHA256), 32)
KINDS = {
    "TLS 1.2, RSA": ("TLS 1.2", "AES128-GCM-SHA256"),
    "TLS 1.2, ECDHE": ("TLS 1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
    "TLS 1.3": ("TLS 1.3", "TLS_AES_128_GCM_SHA256"),
}
"""Kinds of handshakes: version and suite."""

ROOT_KEY, KEY = lesson_key("RSA", 0), lesson_key("RSA", 1)
ROOT = issue(Wish("Bench Root (test)", ca=True), ROOT_KEY, 1)
STORE = verification.Store([ROOT])
CLIENT_KEY = lesson_key("RSA", 2)
CLIENT_LEAF = issue(
    Wish("Bench Client (test)", ("client.example.org",), purpose="client"), CLIENT_KEY, 500,
    Party(ROOT, ROOT_KEY),
)  # fmt: skip
CLIENT_DER = CLIENT_LEAF.public_bytes(Encoding.DER)


def leaves() -> list[x509.Certificate]:
    """Certificates of one server, each another, so that none is remembered."""
    return [issue(Wish(), KEY, n + 2, Party(ROOT, ROOT_KEY)) for n in range(LEAVES)]


def ours(kind: str, mutual: bool) -> Callable[[x509.Certificate], bool]:
    """Both ends of a handshake, until both are connected.   mutual: the client says who it is, too."""
    version, suite = KINDS[kind]

    def verify(chain: list[Any]) -> pki.Report:
        return pki.validate(chain, [ROOT], NOW, HOST)

    def verify_client(chain: list[Any]) -> pki.Report:
        return pki.validate(chain, [ROOT], NOW, None, "client")

    shows: dict[str, Any] = {"certificate": CLIENT_LEAF, "key": CLIENT_KEY} if mutual else {}
    asks: dict[str, Any] = {"client_auth": "required", "verify": verify_client} if mutual else {}

    def handshake(leaf: x509.Certificate) -> bool:
        client = Client(HOST, [version], [suite], verify=verify, **shows)
        server = Server(leaf, KEY, [version], [suite], **asks)
        while client.state != "CONNECTED" or server.state != "CONNECTED":
            server.receive(client.outgoing())
            client.receive(server.outgoing())
        return bool(client.moves and server.moves)

    return handshake


def floor(kind: str, mutual: bool) -> Callable[[bytes], bool]:
    """The operations alone."""
    premaster, transcript = b"\x03\x03" + bytes(46), bytes(200)
    new = kind == "TLS 1.3"
    pad: Any = PSS if new else PKCS1

    def handshake(der: bytes) -> bool:
        leaf = x509.load_der_x509_certificate(der)
        builder = verification.PolicyBuilder().store(STORE).time(NOW)
        builder.build_server_verifier(x509.DNSName(HOST)).verify(leaf, [])
        public: Any = leaf.public_key()
        if kind == "TLS 1.2, RSA":
            KEY.decrypt(public.encrypt(premaster, PKCS1), PKCS1)
        else:
            one, other = x25519.X25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()
            first, second = one.public_key().public_bytes_raw(), other.public_key().public_bytes_raw()
            one.exchange(x25519.X25519PublicKey.from_public_bytes(second))
            other.exchange(x25519.X25519PublicKey.from_public_bytes(first))
            public.verify(KEY.sign(transcript, pad, SHA256), transcript, pad, SHA256)
        if mutual:
            his = x509.load_der_x509_certificate(CLIENT_DER)
            verification.PolicyBuilder().store(STORE).time(NOW).build_client_verifier().verify(his, [])
            key: Any = his.public_key()
            key.verify(CLIENT_KEY.sign(transcript, pad, SHA256), transcript, pad, SHA256)
        for _ in range(2):
            symmetric13() if new else symmetric()
        if new:
            records(mutual)
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


def symmetric13() -> None:
    """One side's derivations in TLS 1.3: three extracts, eighteen expansions, four hashes."""
    key = bytes(32)
    for data in (bytes(48),) * 3 + (bytes(64),) * 18:
        one = HMAC(key, SHA256)
        one.update(data)
        key = one.finalize()
    digest = hashes.Hash(SHA256)
    digest.update(bytes(2500))
    for _ in range(4):
        digest.copy().finalize()


def records(mutual: bool) -> None:
    """The records of the handshake that are encrypted in TLS 1.3."""
    for size in (64, 900, 300, 36, *((900, 300, 36) if mutual else (36,))):
        aead = AESGCM(bytes(16))
        aead.decrypt(bytes(12), aead.encrypt(bytes(12), bytes(size), b"aad"), b"aad")


PREMASTER, CLIENT, SERVER = bytes(range(48)), bytes(range(32)), bytes(range(32, 64))


def derive_ours() -> tuple[bytes, bytes]:
    master = keys.master_secret("TLS 1.2", PREMASTER, CLIENT, SERVER)
    return master, keys.key_block("TLS 1.2", master, CLIENT, SERVER, 40)


def derive_theirs() -> tuple[bytes, bytes]:
    master = p_hash(PREMASTER, b"master secret" + CLIENT + SERVER, 48)
    return master, p_hash(master, b"key expansion" + SERVER + CLIENT, 40)


def schedule_ours() -> list[bytes]:
    """One side's key schedule, with keys and IVs of four directions, and two keys of Finished."""
    made = schedule.KeySchedule("sha256")
    made.server_hello(DHE, FIRST)
    made.server_finished(SECOND)
    found = [made.secrets[name] for name in TRAFFIC]
    values = [value for each in found for value in schedule.traffic_keys("sha256", each, 16)]
    return [*found, *values, *(schedule.finished_key("sha256", each) for each in found[:2])]


def one_hmac(key: bytes, data: bytes) -> bytes:
    one = HMAC(key, SHA256)
    one.update(data)
    return one.finalize()


def expand_theirs(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label as one HMAC of `cryptography`."""
    info = length.to_bytes(2, "big") + bytes((6 + len(label),)) + b"tls13 " + label
    return one_hmac(secret, info + bytes((len(context),)) + context + b"\x01")[:length]


def schedule_theirs() -> list[bytes]:
    """The same on `cryptography`'s HMAC."""
    early = one_hmac(bytes(32), bytes(32))
    handshake = one_hmac(expand_theirs(early, b"derived", NOTHING, 32), DHE)
    master = one_hmac(expand_theirs(handshake, b"derived", NOTHING, 32), bytes(32))
    found = [expand_theirs(handshake, label, FIRST, 32) for label in (b"c hs traffic", b"s hs traffic")]
    found += [expand_theirs(master, label, SECOND, 32) for label in (b"c ap traffic", b"s ap traffic")]
    values = [
        expand_theirs(each, label, b"", length)
        for each in found
        for label, length in ((b"key", 16), (b"iv", 12))
    ]
    return [*found, *values, *(expand_theirs(each, b"finished", b"", 32) for each in found[:2])]


DHE, FIRST, SECOND, NOTHING = bytes([7]) * 32, bytes([1]) * 32, bytes([2]) * 32, schedule.EMPTY["sha256"]
TRAFFIC = (
    "client_handshake_traffic_secret", "server_handshake_traffic_secret",
    "client_application_traffic_secret_0", "server_application_traffic_secret_0",
)  # fmt: skip


def run(rounds: int) -> Findings:
    """Measure, and compare."""
    if derive_ours() != derive_theirs() or schedule_ours() != schedule_theirs():
        raise AssertionError("the derivations differ")
    made = leaves()
    ders = [leaf.public_bytes(Encoding.DER) for leaf in made]
    cases: dict[str, Callable[[], object]] = {}
    names = {(kind, mutual): f"{kind}{', mutual' * mutual}" for kind in KINDS for mutual in (False, True)}
    for (kind, mutual), name in names.items():
        cases[f"{name}/ours"] = each(ours(kind, mutual), made)
        cases[f"{name}/floor"] = each(floor(kind, mutual), ders)
    cases["prf/ours"], cases["prf/floor"] = derive_ours, derive_theirs
    cases["schedule/ours"], cases["schedule/floor"] = schedule_ours, schedule_theirs
    figures = interleaved(cases, rounds)
    rows = [
        Row("tls", f"a whole handshake, {name}", "its operations alone, by cryptography",
            ratio(figures[f"{name}/ours"], figures[f"{name}/floor"]), 3.0, 1.5)
        for name in names.values()
    ]  # fmt: skip
    rows.append(
        Row("tls", "master secret and key block, TLS 1.2", "cryptography's HMAC",
            ratio(figures["prf/ours"], figures["prf/floor"]), 1.3, 1.1)
    )  # fmt: skip
    rows.append(
        Row("tls", "key schedule, TLS 1.3", "cryptography's HMAC",
            ratio(figures["schedule/ours"], figures["schedule/floor"]), 1.3, 1.1)
    )  # fmt: skip
    absolute = {
        f"{name}, us": statistics.median(all_) / (1 if name.startswith(("prf", "schedule")) else LEAVES) * 1e6
        for name, all_ in figures.items()
    }
    return Findings(rows, absolute)

"""The key schedule of TLS 1.3: from what both ends share to every key (RFC 8446 section 7.1).

    0 or PSK -> Early Secret -> Handshake Secret <- (EC)DHE
                                Handshake Secret -> Master Secret <- 0

It goes downwards only: from each of the three secrets come others, each by its own label and over the
messages so far, and from none of them the way leads back.  (RFC 9846 has taken RFC 8446's place in 2026; it
calls the last one Main Secret, and changes no byte.)

>>> schedule = KeySchedule("sha256")
>>> schedule.secrets["Early Secret"].hex()[:16]
'33ad0a1c607ec03b'
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import new
from hmac import digest
from typing import NamedTuple

SIZES = {"sha256": 32, "sha384": 48}
"""The hashes of the suites of TLS 1.3, and their sizes in bytes."""

EMPTY = {hash: new(hash, b"").digest() for hash in SIZES}
"""The hash of no message at all."""


class Derived(NamedTuple):
    """How a secret comes about: from which other, by which label, and over which messages.

    source: the secret above it.   label: after "tls13 ".   until: the last message that its hash covers, ""
    for none.   stage: with which of the calls of KeySchedule it appears.
    """

    name: str
    source: str
    label: str
    until: str
    stage: str


TREE = (
    Derived("binder_key", "Early Secret", "res binder", "", "client_hello"),
    Derived("client_early_traffic_secret", "Early Secret", "c e traffic", "ClientHello", "client_hello"),
    Derived("early_exporter_master_secret", "Early Secret", "e exp master", "ClientHello", "client_hello"),
    Derived("client_handshake_traffic_secret", "Handshake Secret", "c hs traffic", "ServerHello",
            "server_hello"),
    Derived("server_handshake_traffic_secret", "Handshake Secret", "s hs traffic", "ServerHello",
            "server_hello"),
    Derived("client_application_traffic_secret_0", "Master Secret", "c ap traffic", "server Finished",
            "server_finished"),
    Derived("server_application_traffic_secret_0", "Master Secret", "s ap traffic", "server Finished",
            "server_finished"),
    Derived("exporter_master_secret", "Master Secret", "exp master", "server Finished", "server_finished"),
    Derived("resumption_master_secret", "Master Secret", "res master", "client Finished", "client_finished"),
)  # fmt: skip
"""Every secret below the three, as RFC 8446 draws them."""

STAGES = {stage: [each for each in TREE if each.stage == stage] for stage in
          ("client_hello", "server_hello", "server_finished", "client_finished")}  # fmt: skip
"""The same, by the stage at which they appear."""

KEY_LOG = {
    "client_early_traffic_secret": "CLIENT_EARLY_TRAFFIC_SECRET",
    "early_exporter_master_secret": "EARLY_EXPORTER_SECRET",
    "client_handshake_traffic_secret": "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "server_handshake_traffic_secret": "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "client_application_traffic_secret_0": "CLIENT_TRAFFIC_SECRET_0",
    "server_application_traffic_secret_0": "SERVER_TRAFFIC_SECRET_0",
    "exporter_master_secret": "EXPORTER_SECRET",
}
"""What a key log calls them (RFC 9850 section 2)."""


def extract(hash: str, salt: bytes, secret: bytes) -> bytes:
    """HKDF-Extract (RFC 5869 section 2.2): two inputs become one secret, as long as the hash."""
    _size(hash)
    return digest(salt, secret, hash)


def expand_label(hash: str, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1): `length` bytes from a secret, for one purpose.

    label: the purpose, without "tls13 " before it.   context: mostly a hash over messages; may be empty.
    ValueError for a length or a label that cannot be.
    """
    about = _about(hash, label, len(context), length) + context
    output = block = digest(secret, about + b"\x01", hash)
    count = 1
    while len(output) < length:  # (RFC 5869 section 2.3: each block goes into the next)
        count += 1
        block = digest(secret, b"%b%b%c" % (block, about, count), hash)
        output += block
    return output[:length]


@lru_cache(maxsize=256)
def _about(hash: str, label: str, context: int, length: int) -> bytes:
    """What stands before the context in the input of HKDF-Expand (the struct HkdfLabel).

    There are few of them, so they are made once.   context: how long that is.
    """
    most = min(255 * _size(hash), 0xFFFF)
    if not 0 <= length <= most:
        raise ValueError(f"HKDF-Expand gives 0 to {most} bytes, not {length}")
    name = b"tls13 " + label.encode("ascii")
    if len(name) > 255 or context > 255:
        raise ValueError(f"label and context have at most 255 bytes; got {len(name)} and {context}")
    return b"%b%c%b%c" % (length.to_bytes(2, "big"), len(name), name, context)


def derive_secret(hash: str, secret: bytes, label: str, transcript_hash: bytes) -> bytes:
    """Derive-Secret: a secret of the hash's length, over the messages so far."""
    return expand_label(hash, secret, label, transcript_hash, _size(hash))


def traffic_keys(hash: str, secret: bytes, key: int, iv: int = 12) -> tuple[bytes, bytes]:
    """Key and IV of one direction, from its traffic secret (section 7.3).   key, iv: their lengths."""
    return expand_label(hash, secret, "key", b"", key), expand_label(hash, secret, "iv", b"", iv)


def finished_key(hash: str, secret: bytes) -> bytes:
    """The key of a Finished message, or of a binder, from its secret (RFC 8446 section 4.4.4)."""
    return expand_label(hash, secret, "finished", b"", _size(hash))


def verify_data(hash: str, secret: bytes, transcript_hash: bytes) -> bytes:
    """What a Finished message says, or a binder: HMAC over the hash of the messages before it."""
    return digest(finished_key(hash, secret), transcript_hash, hash)


def updated(hash: str, secret: bytes) -> bytes:
    """The traffic secret after this one, which a KeyUpdate begins to use (RFC 8446 section 7.2)."""
    return expand_label(hash, secret, "traffic upd", b"", _size(hash))


def resumption_psk(hash: str, resumption_master_secret: bytes, nonce: bytes) -> bytes:
    """The PSK that a ticket stands for (RFC 8446 section 4.6.1).   nonce: the ticket's own."""
    return expand_label(hash, resumption_master_secret, "resumption", nonce, _size(hash))


def transcript_hash(hash: str, messages: bytes) -> bytes:
    """The hash over handshake messages, with their headers (RFC 8446 section 4.4.1)."""
    _size(hash)
    return new(hash, messages).digest()


class KeySchedule:
    """The schedule of one connection, stage by stage, in this order.

    hash: of the suite, one of SIZES.   psk: what both know already, None without.
    secrets: all so far, by their names in RFC 8446 section 7.1 ("Early Secret", "binder_key" ...).
    Each call takes th, the hash over the messages up to the one that it is called after.
    """

    def __init__(self, hash: str, psk: bytes | None = None) -> None:
        self.hash = hash
        self._zeros = bytes(_size(hash))
        self.secrets: dict[str, bytes] = {}
        self.secrets["Early Secret"] = extract(hash, self._zeros, self._zeros if psk is None else psk)

    def client_hello(self, th: bytes) -> None:
        """The ClientHello is complete: binder key (which covers no message), early data."""
        self._stage("client_hello", th)

    def binder_key(self, label: str = "res binder") -> bytes:
        """The key of a binder.   label: "res binder" for a ticket's PSK, "ext binder" for another."""
        return derive_secret(self.hash, self.secrets["Early Secret"], label, EMPTY[self.hash])

    def server_hello(self, dhe: bytes | None, th: bytes) -> None:
        """Both hellos are there: Handshake Secret.   dhe: what (EC)DHE gave, None without."""
        self._below("Early Secret", "Handshake Secret", self._zeros if dhe is None else dhe)
        self._stage("server_hello", th)

    def server_finished(self, th: bytes) -> None:
        """The server has finished: Master Secret, and what data are protected with."""
        self._below("Handshake Secret", "Master Secret", self._zeros)
        self._stage("server_finished", th)

    def client_finished(self, th: bytes) -> None:
        """The client has finished: from this, tickets come."""
        self._stage("client_finished", th)

    def _below(self, above: str, name: str, secret: bytes) -> None:
        if above not in self.secrets:
            raise ValueError(f"the {name} comes after the {above}, and there is none yet")
        salt = derive_secret(self.hash, self.secrets[above], "derived", EMPTY[self.hash])
        self.secrets[name] = extract(self.hash, salt, secret)

    def _stage(self, stage: str, th: bytes) -> None:
        if len(th) != len(self._zeros):
            raise ValueError(f"th is a hash of {self.hash}, {len(self._zeros)} bytes; got {len(th)}")
        for each in STAGES[stage]:
            source = self.secrets.get(each.source)
            if source is None:
                raise ValueError(f"{each.name} comes after the {each.source}, and there is none yet")
            context = th if each.until else EMPTY[self.hash]
            self.secrets[each.name] = derive_secret(self.hash, source, each.label, context)


def _size(hash: str) -> int:
    if hash not in SIZES:
        raise ValueError(f"the hashes of TLS 1.3 are {' and '.join(SIZES)}; not {hash!r}")
    return SIZES[hash]

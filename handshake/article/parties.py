"""What the parties of the article's protocols are made of, each with a head of its own.

A party uses what it was given, what it drew, and what it has heard; it never looks into the other's head.
That is what makes an impostor of it by giving it something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from handshake.article.spoken import Said, Speaker
from handshake.tls.protection import Random

CLIENT_HOST = "client.example.org"
OTHER_KEYS = 3
"""The seed of the client's certificates, so that its keys and its CA are not the server's as well."""

CIPHERS = {"AES-256": 32, "AES-128": 16, "DES": 8}
"""The article's kinds of encryption, strongest first, and how many bytes the key of each has.

AES is used as AES-GCM.  DES has 56 bits of key in its 8 bytes, and nothing that guards the data.
"""

Path = Callable[[str, int, Mapping[str, bytes]], Mapping[str, bytes]]
"""Somebody in the path: path(who says it, step, fields) -> the fields that arrive."""


class Credential(NamedTuple):
    """A certificate in DER, and a private key; whether they belong together is not said."""

    certificate: bytes
    key: Any


class Trust(NamedTuple):
    """Whom a party believes.

    anchors: the CAs that it trusts.   between: the CAs below them that it knows.   now: its date.
    purpose: of the certificates that it judges, "server" or "client".
    """

    anchors: tuple[Any, ...]
    between: tuple[Any, ...]
    now: datetime
    purpose: str

    def report(self, leaf: Any, name: str | None = None) -> Any:
        """What `pki.validate` finds.   name: that the certificate has to be for, None for any."""
        from handshake import pki

        return pki.validate([leaf, *self.between], self.anchors, self.now, name, self.purpose)


def prepared(purpose: str) -> tuple[Credential, Trust]:
    """Certificate and key of the "server" or the "client", and the trust of whoever is to judge them."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from handshake.pki.authority import case

    made = case() if purpose == "server" else case(purpose="client", host=CLIENT_HOST, seed=OTHER_KEYS)
    credential = Credential(made.chain[0].public_bytes(Encoding.DER), made.key)
    return credential, Trust(made.anchors, made.chain[1:], made.now, purpose)


class Party:
    """One end.

    random: draws for it.   me: its certificate and key, if it has any.   trust: whom it believes, if it asks.
    knows: what it drew and heard, by name.   peer: whom it takes the other for, "" before it has accepted it.
    read: what it has opened of the other's data.   path: who changes what it says on its way.
    """

    number, data = 0, b"hello, server"

    def __init__(
        self, random: Random, me: Credential | None = None, trust: Trust | None = None,
        path: Path | None = None,
    ) -> None:  # fmt: skip
        self.random = random
        self.me = me
        self.trust = trust
        self.path = path
        self.knows: dict[str, Any] = {}
        self.peer = ""
        self.read = b""

    def say(self, speaker: Speaker, step: int, words: str, fields: Mapping[str, bytes]) -> None:
        """Send a message, past whoever is in the path."""
        speaker.say(step, words, fields if self.path is None else self.path(speaker.end, step, fields))

    def refuse(self, speaker: Speaker, step: int, words: str, why: str) -> None:
        """A step that fails: the connection ends."""
        speaker.do(step, words, why)
        speaker.hang_up()

    def opened(self, sealed: bytes) -> bytes:
        """What was encrypted with this party's public key; b"" if it does not open."""
        from cryptography.hazmat.primitives.asymmetric import padding

        try:
            return b"" if self.me is None else bytes(self.me.key.decrypt(sealed, padding.PKCS1v15()))
        except ValueError:
            return b""

    def talk(self, speaker: Speaker, words: str, cipher: str, key: bytes) -> None:
        """Step 10: send data, sealed."""
        self.say(speaker, 10, words, {"sealed": seal(cipher, key, self.number, self.data)})

    def listen(self, speaker: Speaker, words: str, said: Said, cipher: str, key: bytes) -> bool:
        """Step 10: open the other's data; whether they open."""
        data = unseal(cipher, key, 1 - self.number, said.fields["sealed"])
        if data is None:
            self.refuse(speaker, 10, words, "what came does not open")
            return False
        self.read += data
        return True


def read_certificate(data: bytes) -> Any:
    """A certificate that came in DER."""
    from cryptography import x509

    return x509.load_der_x509_certificate(data)


def domain(leaf: Any) -> str:
    """The name that a certificate is for; "" if it has none."""
    from cryptography.x509.oid import NameOID

    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def public_bytes(leaf: Any) -> bytes:
    """The public key in a certificate, in DER."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def seal(cipher: str, key: bytes, number: int, data: bytes) -> bytes:
    """Encrypt data.   cipher: one of CIPHERS.   number: of the message, never twice with the same key."""
    if cipher != "DES":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(key).encrypt(number.to_bytes(12, "big"), data, b"")
    fill = 8 - len(data) % 8
    encryptor = _des(key, number).encryptor()
    return bytes(encryptor.update(data + bytes([fill]) * fill) + encryptor.finalize())


def unseal(cipher: str, key: bytes, number: int, sealed: bytes) -> bytes | None:
    """The data again; None if they do not open with this key."""
    if len(key) != CIPHERS[cipher]:
        return None
    if cipher != "DES":
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(key).decrypt(number.to_bytes(12, "big"), sealed, b"")
        except (InvalidTag, ValueError):
            return None
    decryptor = _des(key, number).decryptor()
    if not sealed or len(sealed) % 8:
        return None
    data = bytes(decryptor.update(sealed) + decryptor.finalize())
    fill = data[-1]
    return data[:-fill] if 1 <= fill <= 8 and data.endswith(bytes([fill]) * fill) else None


def _des(key: bytes, number: int) -> Any:
    """DES in CBC mode: Triple DES with three times the same key is DES."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    return Cipher(TripleDES(key * 3), modes.CBC(number.to_bytes(8, "big")))

"""Key exchange: how both ends come by one premaster secret that no one else has.

With RSA the client makes it up and encrypts it with the key of the server's certificate.  Whoever gets hold
of the server's private key later, reads every connection that was recorded.  With ECDHE both ends make keys
for this one connection, send each other the public halves, and forget the rest.
"""

from __future__ import annotations

from typing import Any

from handshake.errors import ProtocolError
from handshake.tls.names import GROUPS, name_of
from handshake.tls.protection import Random

PREMASTER_LENGTH = 48
"""Bytes of the premaster secret with RSA: 2 of the version, 46 at random (RFC 5246 section 7.4.7.1)."""

OUR_GROUPS = (0x001D, 0x0017, 0x0018)
"""The groups that this package can use, best first: X25519, P-256, P-384."""


# ---- RSA -------------------------------------------------------------------------------------------------


def new_premaster(version: int, random: Random) -> bytes:
    """A premaster secret of the client's making.   version: the highest that its hello offered."""
    return version.to_bytes(2, "big") + random("premaster secret", PREMASTER_LENGTH - 2)


def encrypt(public_key: Any, premaster: bytes, random: Random | None = None) -> bytes:
    """The premaster secret, encrypted with RSA and the padding of PKCS #1 version 1.5 (RFC 8017 section 7.2).

    random: where the padding comes from, so that the same seed gives the same bytes; None leaves it to
    `cryptography`.
    """
    if random is None:
        from cryptography.hazmat.primitives.asymmetric import padding

        return bytes(public_key.encrypt(premaster, padding.PKCS1v15()))
    numbers = public_key.public_numbers()
    if not numbers.n & 1 or numbers.n.bit_length() < 8 * (PREMASTER_LENGTH + 11):
        raise ValueError("the modulus is even, or too short for a premaster secret and its padding")
    size = (numbers.n.bit_length() + 7) // 8
    wanted = size - 3 - len(premaster)
    # 00 02, then at least eight bytes at random, none of them 00, then 00, then the secret.
    filling = b""
    while len(filling) < wanted:
        filling += random("RSA padding", wanted).replace(b"\0", b"")
    block = b"\0\2" + filling[:wanted] + b"\0" + premaster
    sealed = pow(int.from_bytes(block, "big"), numbers.e, numbers.n)
    return int(sealed).to_bytes(size, "big")


def decrypt(key: Any, exchange: bytes, version: int, random: Random) -> bytes:
    """The premaster secret out of a ClientKeyExchange, at the server.

    version: what the ClientHello offered as its highest; the secret begins with it.
    Whatever is wrong, the answer is 48 bytes at random, drawn beforehand, and nobody hears of it: the
    handshake fails at Finished.  A server that lets on what was wrong can be made to decrypt anything, in a
    million tries (Bleichenbacher 1998; RFC 5246 section 7.4.7.1).
    """
    from cryptography.hazmat.primitives.asymmetric import padding

    instead = random("premaster secret instead of a bad one", PREMASTER_LENGTH)
    try:
        premaster = bytes(key.decrypt(exchange, padding.PKCS1v15()))
    except ValueError:
        return instead
    good = len(premaster) == PREMASTER_LENGTH and premaster[:2] == version.to_bytes(2, "big")
    return premaster if good else instead


# ---- ECDHE -----------------------------------------------------------------------------------------------


class Share:
    """One end's half of an ECDHE: a private key for this connection, and its public value.

    group: one of OUR_GROUPS.   random: where the private key comes from.   end: whose it is.
    """

    def __init__(self, group: int, random: Random, end: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, x25519
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self.group = group
        label = f"{end} {name_of(GROUPS, group)} private key"
        self._key: Any
        if group == 0x001D:
            self._key = x25519.X25519PrivateKey.from_private_bytes(random(label, 32))
            self.public: bytes = self._key.public_key().public_bytes_raw()
        else:
            curve = _curve(group)
            size = curve.key_size // 8
            # Some more bytes than the curve has make every number as good as equally likely.
            drawn = int.from_bytes(random(label, size + 8), "big")
            self._key = ec.derive_private_key(drawn % (_order(group) - 1) + 1, curve)
            self.public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def premaster(self, public: bytes, by: str) -> bytes:
        """The secret that this half makes with the other end's public value.   by: whose that is.

        ProtocolError with the alert illegal_parameter for a value that is no point, or that gives nothing
        secret (RFC 8422 sections 5.10 and 5.11).
        """
        from cryptography.hazmat.primitives.asymmetric import ec, x25519

        try:
            if self.group == 0x001D:
                return bytes(self._key.exchange(x25519.X25519PublicKey.from_public_bytes(public)))
            if public[:1] != b"\x04":
                raise ValueError("a point is written uncompressed, which begins with 04")
            point = ec.EllipticCurvePublicKey.from_encoded_point(_curve(self.group), public)
            return bytes(self._key.exchange(ec.ECDH(), point))
        except ValueError:
            why = f"sends {len(public)} bytes that are no usable point of {name_of(GROUPS, self.group)}"
            raise ProtocolError(by, why, "RFC 8422 section 5.11", "illegal_parameter") from None


def _curve(group: int) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return {0x0017: ec.SECP256R1, 0x0018: ec.SECP384R1}[group]()


def _order(group: int) -> int:
    """How many points the group has (SEC 2 sections 2.4.2 and 2.5.1)."""
    return {
        0x0017: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x0018: int(
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            16,
        ),
    }[group]

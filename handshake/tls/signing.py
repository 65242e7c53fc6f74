"""Signatures in the handshake: how each kind is made and checked, with keys of `cryptography`.

From TLS 1.2 on two bytes beside the signature say how it was made.  Before, the key says it: RSA signs an MD5
and a SHA-1 hash together, ECDSA a SHA-1 hash (RFC 4346 section 7.4.3, RFC 8422 section 5.4).
"""

from __future__ import annotations

from functools import cache
from hashlib import md5, new, sha1
from typing import Any

from handshake.errors import ProtocolError
from handshake.tls.names import SIGNATURE_SCHEMES, name_of
from handshake.tls.protection import Random

SCHEMES = (0x0403, 0x0807, 0x0401, 0x0804, 0x0503, 0x0501, 0x0805, 0x0603, 0x0601, 0x0806, 0x0203, 0x0201)
"""What this package can sign with and check, best first."""


def kind_of(public_key: Any) -> str:
    """What a public key is: "RSA", "ECDSA", "Ed25519", or another name for what is not used here."""
    return _kind_of(type(public_key))  # type: ignore[arg-type]  # (a class can be hashed)


@cache
def _kind_of(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    for kind, name in (
        (rsa.RSAPublicKey, "RSA"),
        (ec.EllipticCurvePublicKey, "ECDSA"),
        (ed25519.Ed25519PublicKey, "Ed25519"),
    ):
        if issubclass(key, kind):
            return name
    return str(key.__name__)


def curve_of(public_key: Any) -> str:
    """The curve of a key as the groups of TLS name it, "secp256r1"; "" for a key that is on none of them."""
    return str(getattr(getattr(public_key, "curve", None), "name", ""))


def kind_of_scheme(scheme: int) -> str:
    """The kind of key that a scheme needs, or "" for a scheme that is not used here."""
    if scheme not in SCHEMES:
        return ""
    name = SIGNATURE_SCHEMES[scheme]
    return "RSA" if name.startswith("rsa") else "ECDSA" if name.startswith("ecdsa") else "Ed25519"


def choose(
    public_key: Any, offered: tuple[int, ...], own: tuple[int, ...] = SCHEMES, version: str = "TLS 1.2"
) -> int | None:
    """The scheme to sign with: the first of our own that fits the key and is offered; None if none is."""
    if version == "TLS 1.3":
        own = tuple(scheme for scheme in own if serves13(scheme, public_key))
    kind = kind_of(public_key)
    return next(
        (
            scheme
            for scheme in own
            if scheme in offered and kind_of_scheme(scheme) == kind and _is_long_enough(public_key, scheme)
        ),
        None,
    )


def _is_long_enough(public_key: Any, scheme: int) -> bool:
    """Whether an RSA key has room for the two hashes of a PSS signature (RFC 8017 section 9.1.1)."""
    if "pss" not in SIGNATURE_SCHEMES[scheme]:
        return True
    return bool(public_key.key_size // 8 >= 2 * _hash(scheme).digest_size + 2)


CURVES = {0x0403: "secp256r1", 0x0503: "secp384r1", 0x0603: "secp521r1"}
"""The curves that TLS 1.3 ties to schemes (RFC 8446 section 4.2.3)."""


def serves13(scheme: int, public_key: Any) -> bool:
    """Whether TLS 1.3 lets a key sign with a scheme: no PKCS #1, no SHA-1, and the scheme's own curve."""
    if scheme not in SCHEMES or SIGNATURE_SCHEMES[scheme].startswith("rsa_pkcs1"):
        return False
    if kind_of(public_key) == "ECDSA":
        return CURVES.get(scheme) == curve_of(public_key)
    return True


def content13(end: str, transcript_hash: bytes) -> bytes:
    """What a CertificateVerify of TLS 1.3 signs (RFC 8446 section 4.4.3).

    Sixty-four spaces, whose signature it is and for what, a zero, and the hash over the handshake so far: so
    that no signature can be taken for one of the other end, or of an older version.
    """
    return b" " * 64 + f"TLS 1.3, {end} CertificateVerify".encode() + b"\0" + transcript_hash


def sign(
    key: Any, scheme: int | None, data: bytes, *, deterministic: bool = True, random: Random | None = None
) -> bytes:
    """Sign.   scheme: one of SCHEMES; None for the way before TLS 1.2.

    deterministic: ECDSA by RFC 6979.   random: where the salt of RSA-PSS comes from, so that the same seed
    gives the same bytes; None leaves it to `cryptography`.
    """
    if random is not None and scheme is not None and "pss" in SIGNATURE_SCHEMES.get(scheme, ""):
        return _sign_pss(key, scheme, data, random)
    public = key.public_key()
    if kind_of(public) == "Ed25519":
        return bytes(key.sign(data))
    if kind_of(public) == "ECDSA":
        from cryptography.hazmat.primitives.asymmetric import ec

        return bytes(key.sign(data, ec.ECDSA(_hash(scheme), deterministic_signing=deterministic)))
    return bytes(key.sign(*_rsa(scheme, data)))


def verify(
    public_key: Any, scheme: int | None, data: bytes, signature: bytes, by: str,
    section: str = "RFC 5246 section 7.4.3",
) -> None:  # fmt: skip
    """Check a signature.   by: who made it ("server").   section: of the standard that asks for it.

    ProtocolError with the alert illegal_parameter if the scheme does not go with the key, and with
    decrypt_error if the signature does not verify.
    """
    from cryptography.exceptions import InvalidSignature

    kind = kind_of(public_key)
    if scheme is not None and kind_of_scheme(scheme) != kind:
        why = f"signs with {name_of(SIGNATURE_SCHEMES, scheme)}, and the key of its certificate is {kind}"
        raise ProtocolError(by, why, "RFC 5246 section 7.4.1.4.1", "illegal_parameter")
    try:
        if kind == "Ed25519" and scheme is not None:
            public_key.verify(signature, data)
        elif kind == "ECDSA":
            from cryptography.hazmat.primitives.asymmetric import ec

            public_key.verify(signature, data, ec.ECDSA(_hash(scheme)))
        elif kind == "RSA":
            data, *how = _rsa(scheme, data)
            public_key.verify(signature, data, *how)
        else:
            why = f"signs with a key of the kind {kind}, which this version has no signatures for"
            raise ProtocolError(by, why, "RFC 5246 section 7.4.2", "unsupported_certificate")
    except (InvalidSignature, ValueError):
        why = "its signature does not verify: key, or what was signed, are not what it says"
        raise ProtocolError(by, why, section, "decrypt_error") from None


def _sign_pss(key: Any, scheme: int, data: bytes, random: Random) -> bytes:
    """RSA-PSS with a salt that is drawn here (RFC 8017 sections 8.1.1 and 9.1.1)."""
    name = SIGNATURE_SCHEMES[scheme].rsplit("_", 1)[-1]
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    bits = n.bit_length() - 1
    size = (bits + 7) // 8
    digest = new(name, data).digest()
    salt = random("RSA-PSS salt", len(digest))
    hashed = new(name, bytes(8) + digest + salt).digest()
    block = (b"\1" + salt).rjust(size - len(hashed) - 1, b"\0")
    mask = b"".join(
        new(name, hashed + count.to_bytes(4, "big")).digest()
        for count in range(len(block) // len(hashed) + 1)
    )
    masked = int.from_bytes(block, "big") ^ int.from_bytes(mask[: len(block)], "big")
    masked &= (1 << bits - 8 * (len(hashed) + 1)) - 1
    whole = masked.to_bytes(len(block), "big") + hashed + b"\xbc"
    # The Chinese remainder theorem makes the power four times as fast.
    value = int.from_bytes(whole, "big")
    one, other = pow(value, numbers.dmp1, numbers.p), pow(value, numbers.dmq1, numbers.q)
    power = other + (one - other) * numbers.iqmp % numbers.p * numbers.q
    return int(power).to_bytes((n.bit_length() + 7) // 8, "big")


def sign30(key: Any, hashes: bytes) -> bytes:
    """Sign the two hashes of SSL 3.0, made with the master secret; RSA only (RFC 6101 section 5.6.8)."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    return bytes(key.sign(hashes, padding.PKCS1v15(), NoDigestInfo()))


def verify30(public_key: Any, hashes: bytes, signature: bytes, by: str) -> None:
    """Check such a signature; ProtocolError as for `verify`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    if kind_of(public_key) != "RSA":
        why = f"signs with a key of {kind_of(public_key)}, and in SSL 3.0 there is RSA"
        raise ProtocolError(by, why, "RFC 6101 section 5.6.8", "unsupported_certificate")
    try:
        public_key.verify(signature, hashes, padding.PKCS1v15(), NoDigestInfo())
    except (InvalidSignature, ValueError):
        why = "its signature does not verify"
        raise ProtocolError(by, why, "RFC 6101 section 5.6.8", "handshake_failure") from None


def _hash(scheme: int | None) -> Any:
    from cryptography.hazmat.primitives import hashes

    name = "sha1" if scheme is None else SIGNATURE_SCHEMES[scheme].rsplit("_", 1)[-1]
    if name == "sha1":
        return hashes.SHA1()
    return {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[name]


def _rsa(scheme: int | None, data: bytes) -> tuple[bytes, Any, Any]:
    """What is signed with RSA, with which padding and hash."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    if scheme is None:
        return md5(data).digest() + sha1(data).digest(), padding.PKCS1v15(), NoDigestInfo()
    hash = _hash(scheme)
    if "pss" in SIGNATURE_SCHEMES[scheme]:
        return data, padding.PSS(padding.MGF1(hash), hash.digest_size), hash
    return data, padding.PKCS1v15(), hash

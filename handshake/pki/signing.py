"""Whether one key has signed another's certificate or list; the arithmetic is `cryptography`'s."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

WEAK_HASHES = {"md2", "md4", "md5", "sha1"}
"""Hashes for which two inputs with one output can be made: a CA could be tricked into signing the other."""

CURVES = {"secp256r1", "secp384r1", "secp521r1"}
LEAST_RSA = 2048
"""Bits of an RSA key."""

Signed = x509.Certificate | x509.CertificateRevocationList


def verifies(key: Any, signed: Signed) -> bool:
    """Whether `key` has signed it.   False too for algorithms that are not known here."""
    if isinstance(signed, x509.Certificate):
        message = signed.tbs_certificate_bytes
    else:
        message = signed.tbs_certlist_bytes
    try:
        hashed = signed.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and hashed is not None:
            how = signed.signature_algorithm_parameters
            if not isinstance(how, padding.PKCS1v15 | padding.PSS):
                return False
            key.verify(signed.signature, message, how, hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and hashed is not None:
            key.verify(signed.signature, message, ec.ECDSA(hashed))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and hashed is None:
            key.verify(signed.signature, message)
        else:
            return False
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def weak_key(key: Any) -> str:
    """Why a key is too weak, or of no kind that is used in TLS; "" if it will do."""
    if isinstance(key, rsa.RSAPublicKey):
        return (
            ""
            if key.key_size >= LEAST_RSA
            else f"an RSA key of {key.key_size} bits; {LEAST_RSA} is the least"
        )
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "" if key.curve.name in CURVES else f"the curve {key.curve.name}"
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return ""
    kind = type(key).__name__.removesuffix("PublicKey").lstrip("_")
    return f"a key of the kind {kind}, which TLS has no use for"


def weak_signature(certificate: x509.Certificate) -> str:
    """Why a signature proves nothing any more; "" if it does."""
    try:
        hashed: hashes.HashAlgorithm | None = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm) as error:
        return str(error).splitlines()[0]
    if hashed is not None and hashed.name in WEAK_HASHES:
        return f"it is signed over {hashed.name.upper()}, for which collisions can be made"
    return ""

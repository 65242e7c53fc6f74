"""Judging the other end's chain of certificates: read it, and have it checked by whoever knows how.

This package does not import `pki`: the check is an argument, as `pki.validate` may be one, or anything else.
"""

from __future__ import annotations

from typing import Any

from handshake.errors import ProtocolError
from handshake.tls.alerts import NUMBERS
from handshake.tls.settings import Verify


def judge(chain: tuple[bytes, ...], verify: Verify | None, by: str, section: str) -> tuple[Any, str]:
    """The first certificate of a chain that is good, and a note on why it is.

    by: whose chain it is.   section: of the standard that asks for it.

    ProtocolError with the alert that the check asks for, bad_certificate for what is no certificate.
    """
    from cryptography import x509

    certificates = []
    try:
        for data in chain:
            one = x509.load_der_x509_certificate(data)
            one.public_key()
            certificates.append(one)
    except Exception as error:  # whatever a parser may raise about a peer's bytes
        why = f"certificate {len(certificates)} of its chain cannot be read: {error}"[:300]
        raise ProtocolError(by, why, section, "bad_certificate") from None
    if verify is None:
        return certificates[0], "nobody checks the certificate: this end believes anyone"
    verdict = verify(certificates)
    if getattr(verdict, "ok", verdict) in (True, None):
        return certificates[0], "the chain leads to somebody whom this end trusts"
    failure = getattr(verdict, "first_failure", None)
    why = f"its certificate is refused: {failure.why}" if failure else "its certificate is refused"
    alert = getattr(verdict, "alert", "")
    raise ProtocolError(by, why, section, alert if alert in NUMBERS else "bad_certificate")


def allows(certificate: Any, use: str) -> bool:
    """Whether its key usage allows something ("keyEncipherment"); without one, everything is allowed."""
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except Exception:  # none, or extensions that cannot be read: of those `verify` has to say what is wrong
        return True
    names = {"keyEncipherment": usage.key_encipherment, "digitalSignature": usage.digital_signature}
    return bool(names[use])

"""Revocation lists: whether the issuer has taken a certificate back (RFC 5280 sections 5 and 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID as EntryOid
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki.reading import UNREADABLE, NameKey, Reading, name_key
from handshake.pki.signing import verifies

KNOWN = {Oid.AUTHORITY_KEY_IDENTIFIER, Oid.CRL_NUMBER, Oid.ISSUING_DISTRIBUTION_POINT}
KNOWN_OF_ENTRIES = {EntryOid.CRL_REASON, EntryOid.INVALIDITY_DATE}

Signers = Callable[[NameKey], Iterable[Reading]]
"""Who may have signed a list of that issuer: certificates of that name, whose own path is good."""


class Verdict(NamedTuple):
    """Whether a certificate was taken back.

    status: "good", "revoked", or "unknown" where no list tells.   why: in words.   alert: of TLS.
    """

    status: str
    why: str
    alert: str = ""


class ReadList:
    """One list, read once.   malformed: what is wrong with its form, or ""."""

    def __init__(self, crl: x509.CertificateRevocationList) -> None:
        if not isinstance(crl, x509.CertificateRevocationList):
            raise TypeError(f"crls are cryptography's lists, got {crl!r:.60}")
        self.crl = crl
        self.malformed = ""
        self.issuer: NameKey = ()
        self.extensions: dict[Any, Any] = {}
        try:
            self.issuer = name_key(crl.issuer)
            for extension in crl.extensions:
                self.extensions[extension.oid] = extension.value
                if extension.critical and extension.oid not in KNOWN:
                    self.malformed = f"it has a critical extension that is not understood ({_oid(extension)})"
                if extension.critical and extension.oid == Oid.CRL_NUMBER:
                    self.malformed = "its number is marked critical, which it must not be"
            if Oid.CRL_NUMBER not in self.extensions and not self.malformed:
                self.malformed = "it has no number, which every list must have"
        except UNREADABLE as error:
            self.malformed = f"it cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"

    @cached_property
    def entries(self) -> dict[int, x509.RevokedCertificate]:
        """Its entries, by the serial numbers of those who were taken back."""
        return {entry.serial_number: entry for entry in self.crl}

    @cached_property
    def odd_entry(self) -> str:
        """What an entry has that is not understood: then the list tells nothing of anybody (section 5.3)."""
        try:
            for entry in self.entries.values():
                for extension in entry.extensions:
                    if extension.critical and extension.oid not in KNOWN_OF_ENTRIES:
                        return f"an entry has a critical extension that is not understood ({_oid(extension)})"
        except UNREADABLE as error:
            return f"an entry cannot be read: {error}"
        return ""

    @property
    def scope(self) -> x509.IssuingDistributionPoint | None:
        """Which certificates it speaks of, if not of all."""
        return self.extensions.get(Oid.ISSUING_DISTRIBUTION_POINT)


def status(
    reading: Reading, issuer: Reading, lists: Iterable[ReadList], signers: Signers, now: datetime
) -> Verdict:
    """What the lists say of one certificate.

    issuer: whose key has signed the certificate.   signers: see `Signers`; asked only where the issuer's own
    key has not signed the list.   now: an aware time.
    """
    why: list[tuple[str, str]] = []
    good = ""
    for each in lists:
        if each.issuer != reading.issuer:
            continue
        problem = unusable(each, reading, issuer, signers, now)
        if problem:
            why.append(problem)
            continue
        entry = _entry(each, reading)
        if isinstance(entry, str):
            why.append((entry, "certificate_unknown"))
        elif entry is not None:
            return Verdict("revoked", f"revoked on {entry.revocation_date_utc:%Y-%m-%d}{_reason(entry)}",
                           "certificate_revoked")  # fmt: skip
        else:
            good = f"not on the list of {each.crl.last_update_utc:%Y-%m-%d}"
    if good:
        return Verdict("good", good)
    if why:
        return Verdict("unknown", f"its list cannot be used: {why[0][0]}", why[0][1])
    return Verdict("unknown", "there is no list of its issuer", "unknown_ca")


def unusable(
    each: ReadList, reading: Reading, issuer: Reading, signers: Signers, now: datetime
) -> tuple[str, str] | None:
    """Why a list says nothing of a certificate, and the alert that this leads to; None if it does."""
    if each.malformed:
        return each.malformed, "certificate_unknown"
    crl = each.crl
    if crl.last_update_utc > now:
        return f"it begins only on {crl.last_update_utc:%Y-%m-%d}", "bad_certificate"
    if crl.next_update_utc is None:
        return "it does not say when the next one comes", "bad_certificate"
    if crl.next_update_utc < now:
        return f"it is stale: the next one came on {crl.next_update_utc:%Y-%m-%d}", "certificate_expired"
    outside = _out_of_scope(each, reading)
    if outside:
        return outside, "certificate_unknown"
    return _unsigned(each, issuer, signers)


def _unsigned(each: ReadList, issuer: Reading, signers: Signers) -> tuple[str, str] | None:
    """Why nobody who may has signed the list; None if somebody has."""
    if verifies(issuer.key, each.crl):
        if may_sign_lists(issuer):
            return None
        return f"{issuer.words} may not sign lists (key usage without cRLSign)", "certificate_unknown"
    for other in signers(each.issuer):
        if other.key != issuer.key and verifies(other.key, each.crl) and may_sign_lists(other):
            return None
    return "its signature is not the issuer's", "decrypt_error"


def may_sign_lists(reading: Reading) -> bool:
    """Whether the key usage of a certificate, if it has any, allows to sign lists."""
    usage = reading.extension(Oid.KEY_USAGE)
    return usage is None or usage.crl_sign


def _out_of_scope(each: ReadList, reading: Reading) -> str:
    """Why a list does not speak of such a certificate; "" if it does."""
    scope = each.scope
    if scope is None:
        return ""
    if scope.indirect_crl:
        return "it is an indirect list, of several issuers: these are not understood here"
    if scope.only_some_reasons:
        return "it tells only some reasons, and says nothing of the others"
    if scope.only_contains_attribute_certs:
        return "it is for attribute certificates only"
    if scope.only_contains_ca_certs and not reading.is_ca:
        return "it is for certificates of CAs only"
    if scope.only_contains_user_certs and reading.is_ca:
        return "it is for certificates of ends only"
    if (scope.full_name or scope.relative_name) and not _same_point(scope, reading, each):
        return "it is from a distribution point which the certificate does not name"
    return ""


def _same_point(scope: x509.IssuingDistributionPoint, reading: Reading, each: ReadList) -> bool:
    points = reading.extension(Oid.CRL_DISTRIBUTION_POINTS) or ()
    mine = _point_names(scope.full_name, scope.relative_name, each.crl.issuer)
    return any(
        mine & _point_names(point.full_name, point.relative_name, reading.certificate.issuer)
        for point in points
        if not point.reasons and not point.crl_issuer
    )


def _point_names(full: Any, relative: Any, issuer: x509.Name) -> set[object]:
    """The names of a distribution point, in a form that can be compared."""
    if relative is not None:
        return {name_key(x509.Name([*issuer.rdns, relative]))}
    return {
        name_key(name.value)
        if isinstance(name, x509.DirectoryName)
        else (type(name).__name__, str(name.value))
        for name in full or ()
    }


def _entry(each: ReadList, reading: Reading) -> Any:
    """The entry of a certificate on a list; None if there is none, words if the list has what we know not."""
    if each.odd_entry:
        return each.odd_entry
    return each.entries.get(reading.certificate.serial_number)


def _oid(extension: Any) -> str:
    return str(extension.oid.dotted_string)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return ""
    return f": {reason.value}"

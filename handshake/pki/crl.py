"""Revocation lists: whether the issuer has taken a certificate back (RFC 5280 sections 5 and 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki.distribution import REASONS, reasons_told
from handshake.pki.listed import ReadList
from handshake.pki.reading import NameKey, Reading
from handshake.pki.signing import verifies

Signers = Callable[[NameKey], Iterable[Reading]]
"""Who may have signed a list of that issuer: certificates of that name, whose own path is good."""

MOST_SIGNATURES = 400
"""So many signatures of lists are checked at most in one validation."""


class Verdict(NamedTuple):
    """Whether a certificate was taken back.

    status: "good", "revoked", or "unknown" where no list tells.   why: in words.   alert: of TLS.
    """

    status: str
    why: str
    alert: str = ""


@dataclass
class Lists:
    """The lists that are at hand, and who has signed which, as far as that was asked."""

    lists: tuple[ReadList, ...]
    checked: dict[tuple[int, Reading], bool] = field(default_factory=dict)

    def __iter__(self) -> Iterator[ReadList]:
        return iter(self.lists)

    def concern(self, reading: Reading, issuer: Reading) -> bool:
        """Whether any of them is of a certificate's issuer, or of who keeps its list."""
        return any(each.issuer == issuer.subject or _stands_in(each, reading) for each in self.lists)

    def signed(self, signer: Reading, each: ReadList) -> bool:
        """Whether the key of a certificate has signed a list.  No, when too many were asked about."""
        pair = id(each), signer
        if pair not in self.checked:
            self.checked[pair] = len(self.checked) < MOST_SIGNATURES and verifies(signer.key, each.crl)
        return self.checked[pair]


class Told(NamedTuple):
    """A list that speaks of a certificate.   reasons: those that it tells about."""

    each: ReadList
    reasons: frozenset[x509.ReasonFlags]


def status(reading: Reading, issuer: Reading, lists: Lists, signers: Signers, now: datetime) -> Verdict:
    """What the lists say of one certificate (section 6.3.3).

    issuer: whose key has signed the certificate.   signers: see `Signers`; asked only where the issuer's own
    key has not signed the list.   now: an aware time.
    """
    why: list[tuple[str, str]] = []
    usable: list[Told] = []
    for each in lists:
        if each.issuer != reading.issuer and not _stands_in(each, reading):
            continue
        reasons = reasons_told(each, reading)
        problem = (
            unusable(each, now)
            or ((reasons, "certificate_unknown") if isinstance(reasons, str) else None)
            or _unsigned(each, reading, issuer, lists, signers)
        )
        if problem:
            why.append(problem)
        elif not isinstance(reasons, str):
            usable.append(Told(each, reasons))
    told: set[x509.ReasonFlags] = set()
    newest = None
    for base in _newest(usable):
        entry = _entry(base.each, [other.each for other in usable], reading)
        if entry is not None:
            when = f"revoked on {entry.revocation_date_utc:%Y-%m-%d}{_reason(entry)}"
            return Verdict("revoked", when, "certificate_revoked")
        told |= base.reasons
        newest = base.each.crl
    if newest is not None and told == REASONS:
        return Verdict("good", f"not on the list of {newest.last_update_utc:%Y-%m-%d}")
    if why:
        return Verdict("unknown", f"its list cannot be used: {why[0][0]}", why[0][1])
    if newest is not None:
        missing = len(REASONS - told)
        words = (
            f"its lists do not tell all reasons for which it may have been taken back: {missing} are missing"
        )
        return Verdict("unknown", words, "certificate_unknown")
    return Verdict("unknown", "there is no list of its issuer", "unknown_ca")


def _newest(usable: list[Told]) -> list[Told]:
    """Of the complete lists, the newest of each scope: it takes the place of those before it."""
    found: dict[object, Told] = {}
    for each in usable:
        if each.each.base_number is not None:
            continue
        known = found.get(each.each.scope_key)
        if known is None or known.each.age < each.each.age:
            found[each.each.scope_key] = each
    return list(found.values())


def _entry(base: ReadList, others: list[ReadList], reading: Reading) -> x509.RevokedCertificate | None:
    """What a list says of a certificate, brought up to date by the newest delta that builds on it."""
    deltas = [
        each
        for each in others
        if each.base_number is not None
        and each.scope_key == base.scope_key
        and each.base_number <= base.number <= each.number
    ]
    if deltas:
        newest = max(deltas, key=lambda each: each.age).entry(reading)
        if newest is not None:
            return None if _reason_flag(newest) is x509.ReasonFlags.remove_from_crl else newest
    return base.entry(reading)


def unusable(each: ReadList, now: datetime) -> tuple[str, str] | None:
    """Why a list says nothing of anybody, and the alert that this leads to; None if it does."""
    if each.malformed:
        return each.malformed, "certificate_unknown"
    crl = each.crl
    if crl.last_update_utc > now:
        return f"it begins only on {crl.last_update_utc:%Y-%m-%d}", "bad_certificate"
    if crl.next_update_utc is None:
        return "it does not say when the next one comes", "bad_certificate"
    if crl.next_update_utc < now:
        return f"it is stale: the next one came on {crl.next_update_utc:%Y-%m-%d}", "certificate_expired"
    if each.odd_entry:
        return each.odd_entry, "certificate_unknown"
    return None


def _stands_in(each: ReadList, reading: Reading) -> bool:
    """Whether a certificate names another as the issuer of its list (cRLIssuer), and this is theirs."""
    if each.scope is None or not each.scope.indirect_crl:
        return False
    return each.issuer in reading.list_issuers


def _unsigned(
    each: ReadList, reading: Reading, issuer: Reading, lists: Lists, signers: Signers
) -> tuple[str, str] | None:
    """Why nobody who may has signed the list; None if somebody has."""
    own = each.issuer == reading.issuer
    if own and lists.signed(issuer, each):
        if may_sign_lists(issuer):
            return None
        return f"{issuer.words} may not sign lists (key usage without cRLSign)", "certificate_unknown"
    for other in signers(each.issuer):
        if (not own or other.key != issuer.key) and lists.signed(other, each) and may_sign_lists(other):
            return None
    return "its signature is not the issuer's", "decrypt_error"


def may_sign_lists(reading: Reading) -> bool:
    """Whether the key usage of a certificate, if it has any, allows to sign lists."""
    usage = reading.extension(Oid.KEY_USAGE)
    return usage is None or usage.crl_sign


def _reason_flag(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _reason(entry: x509.RevokedCertificate) -> str:
    reason = _reason_flag(entry)
    return f": {reason.value}" if reason else ""

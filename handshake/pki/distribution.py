"""Which list speaks of which certificate: distribution points and scopes (RFC 5280 section 6.3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki.listed import ReadList
from handshake.pki.reading import Reading, name_key

REASONS = frozenset(x509.ReasonFlags) - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
"""All reasons for which a certificate may be taken back, as scopes count them (section 4.2.1.13)."""


def reasons_told(each: ReadList, reading: Reading) -> frozenset[x509.ReasonFlags] | str:
    """The reasons for which a list would name such a certificate; in words, why it does not speak of it."""
    scope = each.scope
    own = each.issuer == reading.issuer
    if scope is None:
        return REASONS
    if scope.only_contains_attribute_certs:
        return "it is for attribute certificates only"
    if scope.only_contains_ca_certs and not reading.is_ca:
        return "it is for certificates of CAs only"
    if scope.only_contains_user_certs and reading.is_ca:
        return "it is for certificates of ends only"
    told = frozenset(scope.only_some_reasons or REASONS)
    if not (scope.full_name or scope.relative_name):
        return told
    points = [point for point in _points(reading) if _may_be(point, each, own)]
    mine = _names(scope.full_name, scope.relative_name, each.crl.issuer)
    at_points: set[x509.ReasonFlags] = set()
    for point in points:
        if mine & _names(point.full_name, point.relative_name, each.crl.issuer):
            at_points |= point.reasons or REASONS
    if own and name_key(each.crl.issuer) in mine:
        at_points |= REASONS  # every certificate has its issuer's own point, named or not
    if not at_points:
        return "it is from a distribution point which the certificate does not name"
    return told & frozenset(at_points)


def _points(reading: Reading) -> Iterable[Any]:
    return reading.extension(Oid.CRL_DISTRIBUTION_POINTS) or ()


def _may_be(point: Any, each: ReadList, own: bool) -> bool:
    """Whether a list may be what a point leads to: of the issuer, or of who stands in for it."""
    if point.crl_issuer is None:
        return own
    return any(
        name_key(name.value) == each.issuer
        for name in point.crl_issuer
        if isinstance(name, x509.DirectoryName)
    )


def _names(full: Any, relative: Any, issuer: x509.Name) -> set[object]:
    """The names of a distribution point, in a form that can be compared."""
    if relative is not None:
        return {name_key(x509.Name([*issuer.rdns, relative]))}
    return {
        name_key(name.value)
        if isinstance(name, x509.DirectoryName)
        else (type(name).__name__, str(name.value))
        for name in full or ()
    }

"""The checks of a certificate path, one function each, by their names (RFC 5280 section 6.1; RFC 9525).

A check looks at the whole path, from the anchor (place 0) down to the leaf, and answers with the first
certificate that fails it, or with None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki import constraints, policies
from handshake.pki.crl import Lists, Signers, status
from handshake.pki.names import match
from handshake.pki.reading import READ, Reading
from handshake.pki.signing import weak_key, weak_signature

PURPOSES = {"server": Usage.SERVER_AUTH, "client": Usage.CLIENT_AUTH}


@dataclass(frozen=True)
class Asked:
    """What a path is checked for.

    now: an aware time.   server_name: the name that the client wanted, or None.
    purpose: "server" or "client".   lists: revocation lists; None if revocation is not asked for.
    signers: see `crl.Signers`.   max_depth: how many CAs may stand between anchor and leaf, or None.
    """

    now: datetime
    server_name: str | None
    purpose: str
    lists: Lists | None
    signers: Signers
    max_depth: int | None = None


class Failed(NamedTuple):
    """Which certificate failed, by its place on the path, why, and the alert that it leads to."""

    place: int
    why: str
    alert: str


Path = list[Reading]
Finding = Failed | str
"""What a check found: a failure, or in words what is good."""


def well_formed(path: Path, asked: Asked) -> Finding:
    """Every certificate has what the standard demands, and nothing that it forbids (RFC 5280 section 4)."""
    for place, each in enumerate(path):
        signer = path[place - 1] if place else each
        why = each.malformed or _profile(each, signer, place, place == len(path) - 1)
        if why:
            return Failed(place, why, "bad_certificate")
    return "nothing is missing, and nothing is there that must not be"


MUST_BE_CRITICAL = {
    Oid.POLICY_CONSTRAINTS: "policies",
    Oid.INHIBIT_ANY_POLICY: "policies",
    Oid.NAME_CONSTRAINTS: "names",
}
"""What limits a path, so that nobody may overlook it (RFC 5280 sections 4.2.1.10, 4.2.1.11, 4.2.1.14)."""


def _profile(each: Reading, signer: Reading, place: int, last: bool) -> str:
    """What a certificate has that it must not have, or has not though it must; "" if nothing."""
    certificate = each.certificate
    if certificate.version is not x509.Version.v3:
        return "it is of version 1, which has no extensions and cannot say whether it is a CA's"
    # (What is wrong with an anchor's own number concerns nobody: it is believed for being there.)
    if place and not (certificate.serial_number and -(1 << 159) <= certificate.serial_number < 1 << 159):
        return "its serial number is 0, or longer than 20 bytes"
    if not each.issuer:
        return "its issuer has no name"
    if not each.subject and (each.is_ca or not each.extension(Oid.SUBJECT_ALTERNATIVE_NAME)):
        return "it has no subject"
    if not each.subject and Oid.SUBJECT_ALTERNATIVE_NAME not in each.critical:
        return "its subject is empty, and then subjectAltName must be marked critical"
    for oid in (Oid.AUTHORITY_KEY_IDENTIFIER, Oid.SUBJECT_KEY_IDENTIFIER):
        if oid in each.critical:
            return "a key identifier is marked critical, which it must not be"
    for oid, what in MUST_BE_CRITICAL.items():
        if oid in each.extensions and oid not in each.critical:
            return f"it limits {what}, and does not mark that as critical, which it must"
    if not place and Oid.BASIC_CONSTRAINTS in each.extensions and Oid.BASIC_CONSTRAINTS not in each.critical:
        return "it is a root's, and does not mark basicConstraints as critical, which it must"
    usage, ca = each.extension(Oid.KEY_USAGE), each.is_ca
    if last and usage is not None and usage.key_cert_sign and not ca:
        return "its key usage has keyCertSign, and it is no CA"
    limits = each.extension(Oid.BASIC_CONSTRAINTS)
    if (
        limits is not None
        and limits.path_length is not None
        and not (ca and (usage is None or usage.key_cert_sign))
    ):
        return "it limits the length of paths, which only a CA may"
    if ca and each.key_identifier is None:
        return "it is a CA's, and does not name its key (subjectKeyIdentifier)"
    self_signed = each.self_issued and each.key == signer.key
    if place and each.issuer_key_identifier is None and not self_signed:
        return "it does not name the key of its issuer (authorityKeyIdentifier)"
    return ""


def in_date(path: Path, asked: Asked) -> Finding:
    """Now is between notBefore and notAfter, both included, of every certificate (section 6.1.3 (a)(2))."""
    for place, each in enumerate(path):
        first, last = each.certificate.not_valid_before_utc, each.certificate.not_valid_after_utc
        if asked.now < first:
            return Failed(place, f"it is valid only from {first:%Y-%m-%d %H:%M} on", "bad_certificate")
        if asked.now > last:
            return Failed(place, f"it expired on {last:%Y-%m-%d %H:%M}", "certificate_expired")
    return f"{asked.now:%Y-%m-%d} is within the dates of all {len(path)}"


def signed_by_ca(path: Path, asked: Asked) -> Finding:
    """Whoever has signed another may: basicConstraints say that it is a CA (section 6.1.4 (k))."""
    for place, each in enumerate(path[:-1]):
        if each.extension(Oid.BASIC_CONSTRAINTS) is None:
            return Failed(place, "it has issued another, and says nothing of being a CA", "unknown_ca")
        if not each.is_ca:
            return Failed(place, "it has issued another, and says that it is no CA", "unknown_ca")
    return "each issuer says that it is a CA"


def path_length(path: Path, asked: Asked) -> Finding:
    """No CA has more CAs below it than it, or the caller, allows (sections 6.1.4 (l) and (m))."""
    below = [sum(not each.self_issued for each in path[place + 1 : -1]) for place in range(len(path))]
    for place, each in enumerate(path[:-1]):
        limits = each.extension(Oid.BASIC_CONSTRAINTS)
        most = limits.path_length if limits is not None and limits.ca else None
        if most is not None and below[place] > most:
            return Failed(place, f"it allows {most} CAs below it, and there are {below[place]}", "unknown_ca")
    if asked.max_depth is not None and below[0] > asked.max_depth:
        why = f"{below[0]} CAs below the anchor, and {asked.max_depth} are allowed"
        return Failed(len(path) - 1, why, "unknown_ca")
    return "no CA has more below it than is allowed"


def may_sign(path: Path, asked: Asked) -> Finding:
    """The key usage of each issuer allows to sign certificates (section 6.1.4 (n))."""
    for place, each in enumerate(path[:-1]):
        usage = each.extension(Oid.KEY_USAGE)
        if usage is not None and not usage.key_cert_sign:
            return Failed(
                place, "its key usage does not allow to sign certificates (keyCertSign)", "unknown_ca"
            )
    return "each issuer's key may sign certificates"


def names_allowed(path: Path, asked: Asked) -> Finding:
    """No certificate has a name that a CA above it must not speak for (section 6.1.3 (b), (c))."""
    found = constraints.broken(path)
    if found is not None:
        return Failed(found[0], found[1], "certificate_unknown")
    return "no CA speaks for names that it must not speak for"


def policies_fit(path: Path, asked: Asked) -> Finding:
    """Where a CA demands policies, the path has them (sections 6.1.3 (d) to (f), 6.1.4 and 6.1.5)."""
    found = policies.missing(path)
    if found is not None:
        return Failed(found[0], found[1], "certificate_unknown")
    return "no policy is demanded that is not there"


def understood(path: Path, asked: Asked) -> Finding:
    """Every extension that is marked critical is understood (sections 6.1.4 (o) and 6.1.5 (f))."""
    for place, each in enumerate(path):
        unknown = sorted(oid.dotted_string for oid in each.critical - READ)
        if unknown:
            return Failed(
                place, f"its critical extension {unknown[0]} is not understood", "certificate_unknown"
            )
    return "every critical extension is understood"


def strong(path: Path, asked: Asked) -> Finding:
    """Keys and signatures are worth something: no short RSA keys, no SHA-1 (RFC 9325 section 4)."""
    for place, each in enumerate(path):
        why = weak_key(each.key) or (weak_signature(each.certificate) if place else "")
        if why:
            return Failed(place, why, "bad_certificate")
    return "keys and signatures are strong enough"


def for_purpose(path: Path, asked: Asked) -> Finding:
    """It may be used for this, by its key usages and those of the CAs (sections 4.2.1.3, 4.2.1.12)."""
    wanted = PURPOSES[asked.purpose]
    for place, each in enumerate(path):
        usages = each.extension(Oid.EXTENDED_KEY_USAGE)
        if (
            usages is not None
            and place
            and wanted not in usages
            and Usage.ANY_EXTENDED_KEY_USAGE not in usages
        ):
            why = f"its extended key usage is not for a TLS {asked.purpose}"
            return Failed(place, why, "unsupported_certificate")
    usage = path[-1].extension(Oid.KEY_USAGE)
    uses = usage is None or usage.digital_signature or usage.key_encipherment or usage.key_agreement
    if not uses and not path[-1].is_ca:  # (a CA that answers itself is odd, but the path is good)
        why = "its key usage allows neither to sign nor to encrypt keys"
        return Failed(len(path) - 1, why, "unsupported_certificate")
    return f"it may be used by a TLS {asked.purpose}"


def not_revoked(path: Path, asked: Asked) -> Finding | None:
    """No certificate below the anchor was taken back, by good lists (sections 6.1.3 (a)(3), 6.3)."""
    if asked.lists is None:
        return None
    if not any(asked.lists.concern(one, issuer) for issuer, one in pairwise(path)):
        return None  # lists of strangers are as good as none
    for place in range(1, len(path)):
        found = status(path[place], path[place - 1], asked.lists, asked.signers, asked.now)
        if found.status != "good":
            return Failed(place, found.why, found.alert)
    return "none is on the list of its issuer"


def name_fits(path: Path, asked: Asked) -> Finding | None:
    """It is for the name that the client wanted (RFC 9525 section 6)."""
    if asked.server_name is None:
        return None
    leaf = path[-1]
    kinds = (x509.DNSName, x509.IPAddress, x509.RFC822Name)
    found = match(asked.server_name, *map(leaf.general_names, kinds))
    return found.why if found.ok else Failed(len(path) - 1, found.why, "bad_certificate")


class Check(NamedTuple):
    """A check: its name, where the standard has it, and the function."""

    name: str
    section: str
    run: Callable[[Path, Asked], Any]


class Searched(NamedTuple):
    """What the search for a path finds, before any check of it is made: its name, and where it stands."""

    name: str
    section: str
    asks: str


KNOWN_ISSUER = Searched(
    "known issuer", "RFC 5280 section 6.1.1 (d)", "From issuer to issuer one gets to a trust anchor"
)
SIGNATURE = Searched(
    "signature",
    "RFC 5280 section 6.1.3 (a)(1)",
    "The issuer's key verifies the signature on each certificate",
)

CHECKS = (
    Check("well formed", "RFC 5280 sections 4.1, 4.2", well_formed),
    Check("in date", "RFC 5280 section 6.1.3 (a)(2)", in_date),
    Check("issued by a CA", "RFC 5280 section 6.1.4 (k)", signed_by_ca),
    Check("path length", "RFC 5280 section 6.1.4 (l), (m)", path_length),
    Check("may sign certificates", "RFC 5280 section 6.1.4 (n)", may_sign),
    Check("name constraints", "RFC 5280 section 6.1.3 (b), (c)", names_allowed),
    Check("policies", "RFC 5280 section 6.1.5 (g)", policies_fit),
    Check("critical extensions", "RFC 5280 section 6.1.4 (o), 6.1.5 (f)", understood),
    Check("strong enough", "RFC 9325 section 4", strong),
    Check("purpose", "RFC 5280 section 4.2.1.12", for_purpose),
    Check("not revoked", "RFC 5280 section 6.1.3 (a)(3)", not_revoked),
    Check("server name", "RFC 9525 section 6", name_fits),
)
"""The checks of a path, in the order in which they are made; whether there is a path comes before them."""

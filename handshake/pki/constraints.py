"""Name constraints: a CA that may speak for some names only (RFC 5280 section 4.2.1.10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki.names import canonical, is_address
from handshake.pki.reading import Reading, name_key

MOST = 100_000
"""So many comparisons at most: lists of names and of constraints may both be made long by somebody."""

EMAIL = x509.NameOID.EMAIL_ADDRESS


class Malformed(ValueError):
    """A constraint that means nothing."""


def broken(path: list[Reading]) -> tuple[int, str] | None:
    """Which certificate of a path breaks a constraint, and how; None if none does.

    path: from the anchor to the leaf.  The answer is the place in it, and words.
    """
    known: list[tuple[int, bool, Any]] = []  # who says it, whether it permits, and what
    left = MOST
    for place, reading in enumerate(path):
        last = place == len(path) - 1
        if known and (last or not reading.self_issued):
            names = list(_names(reading))
            left -= len(names) * len(known)
            if left < 0:
                return (
                    place,
                    f"more than {MOST:,} comparisons of names with constraints: too many to be honest",
                )
            try:
                why = _against(names, known, path)
            except Malformed as error:
                return place, str(error)
            if why:
                return place, why
        found = reading.extension(Oid.NAME_CONSTRAINTS)
        if found is not None:
            if not reading.is_ca:
                return place, "it names constraints, which only a CA may"
            known += [(place, True, each) for each in found.permitted_subtrees or ()]
            known += [(place, False, each) for each in found.excluded_subtrees or ()]
    return None


def _names(reading: Reading) -> Iterator[Any]:
    """All names of a certificate that constraints speak of."""
    subject = reading.certificate.subject
    if len(subject.rdns):
        yield x509.DirectoryName(subject)
    entries = list(reading.extension(Oid.SUBJECT_ALTERNATIVE_NAME) or ())
    yield from entries
    if not any(isinstance(each, x509.RFC822Name) for each in entries):
        for attribute in subject.get_attributes_for_oid(EMAIL):
            yield _Mail(str(attribute.value))


class _Mail:
    """A mail address in the subject, where old certificates have it."""

    def __init__(self, value: str) -> None:
        self.value = value


def _against(names: list[Any], known: list[tuple[int, bool, Any]], path: list[Reading]) -> str:
    for name in names:
        kind = _kind(name)
        mine = [(who, permits, each) for who, permits, each in known if _kind(each) == kind]
        if kind == "OtherName":  # of another type: nothing is known of how the two compare
            mine = [each for each in mine if each[1] or each[2].type_id == name.type_id]
        if mine and kind not in FITS:
            return f"{_text(name)}: constraints on names of the kind {kind} are not understood here"
        for who, permits, each in mine:
            if not permits and FITS[kind](name.value, each.value, False):
                return f"{_text(name)} is among the names that {path[who].words} must not speak for"
        for who in dict.fromkeys(who for who, permits, _ in mine if permits):
            allowed = [each for other, permits, each in mine if permits and other == who]
            if not any(FITS[kind](name.value, each.value, True) for each in allowed):
                return f"{_text(name)} is not among the names that {path[who].words} may speak for"
    return ""


def _kind(name: Any) -> str:
    return "RFC822Name" if isinstance(name, _Mail) else type(name).__name__


def _text(name: Any) -> str:
    value = name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(name.value)
    return value if len(value) <= 60 else value[:59] + "…"


def dns_fits(name: str, constraint: str, whole: bool) -> bool:
    """Whether a DNS name lies in a subtree: "example.com" has itself and all that ends in ".example.com".

    whole: of a wildcard, whether all that it stands for lies there; or else whether any of it does.
    """
    tree = constraint
    if tree:
        try:
            tree = canonical(constraint)
        except ValueError:
            raise Malformed(f"the constraint {constraint!r:.40} is no DNS name") from None
    name = name.removesuffix(".")
    wild = name.startswith("*.")
    rest = name[2:] if wild else name
    try:
        rest = canonical(rest)
    except ValueError:
        raise Malformed(f"{name!r:.40} is no DNS name, and no constraint can be held against it") from None
    inside = not tree or rest == tree or rest.endswith("." + tree)
    if wild and not whole and not inside:
        inside = tree.partition(".")[2] == rest  # one of the names that it stands for
    return inside


def address_fits(name: Any, constraint: Any, _: bool) -> bool:
    """Whether an IP address lies in a network."""
    if not isinstance(constraint, ipaddress.IPv4Network | ipaddress.IPv6Network):
        raise Malformed(f"the constraint {constraint} is no network")
    return name.version == constraint.version and name in constraint


def mail_fits(name: str, constraint: str, _: bool) -> bool:
    """Whether a mail address is the one, is at the host, or (".example.com") is at a host in the domain."""
    user, at, host = name.rpartition("@")
    if not at or not user or "@" in user:
        raise Malformed(f"{name!r:.60} is no mail address, and no constraint can be held against it")
    mailbox, at, where = constraint.rpartition("@")
    if at and (not mailbox or "@" in mailbox or "*" in mailbox):
        raise Malformed(f"the constraint {constraint!r:.40} is no mail address")
    return _host_fits(host, where, domain=not at) and mailbox in ("", user)


def _host_fits(host: str, where: str, *, domain: bool = True) -> bool:
    """Whether a host is the one, or (".example.com", if `domain`) is in the domain."""
    inside = domain and where.startswith(".")
    try:
        tree = canonical(where.removeprefix(".") if inside else where)
    except ValueError:
        raise Malformed(f"the constraint {where!r:.40} is no host name") from None
    try:
        mine = canonical(host)
    except ValueError:
        raise Malformed(f"{host!r:.40} is no host name, and no constraint can be held against it") from None
    return mine.endswith("." + tree) if inside else mine == tree


def uri_fits(name: str, constraint: str, _: bool) -> bool:
    """Whether the host of a URI is the one, or (".example.com") is in the domain."""
    from urllib.parse import urlsplit

    try:
        host = urlsplit(name).hostname
    except ValueError:
        host = None
    if not host or is_address(host):
        raise Malformed(f"the URI {name!r:.60} has no host name, and no constraint can be held against it")
    return _host_fits(host, constraint)


def directory_fits(name: x509.Name, constraint: x509.Name, _: bool) -> bool:
    """Whether a directory name begins with another."""
    mine, tree = name_key(name), name_key(constraint)
    return mine[: len(tree)] == tree


FITS: dict[str, Callable[[Any, Any, bool], bool]] = {
    "DNSName": dns_fits,
    "IPAddress": address_fits,
    "RFC822Name": mail_fits,
    "UniformResourceIdentifier": uri_fits,
    "DirectoryName": directory_fits,
}
"""How names of each kind are held against constraints of the same kind."""

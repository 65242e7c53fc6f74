"""Server names: whether a certificate is for the name that the client wanted (RFC 9525).

Only the entries of subjectAltName count.  A wildcard stands for exactly one label, the leftmost, and for the
whole of it.  An IP address is compared with IP entries only, byte for byte.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
LONGEST = 253
"""A DNS name has at most so many characters."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Match(NamedTuple):
    """Whether a name fits, and why, in words."""

    ok: bool
    why: str


def is_address(name: str) -> IPAddress | None:
    """The IP address that a name is, or None."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def canonical(name: str) -> str:
    """A DNS name in small letters, without the dot at its end.   ValueError if it is none."""
    text = name.removesuffix(".").lower()
    # (Asked of the name as it is: some letters outside ASCII have small ones inside it.)
    if not text or len(text) > LONGEST or not name.isascii():
        raise ValueError(f"a DNS name has 1 to {LONGEST} ASCII characters, got {name!r:.60}")
    labels = text.split(".")
    for label in labels:
        if not LABEL.fullmatch(label):
            raise ValueError(f"{label!r:.40} is no label of a DNS name")
    if labels[-1].isdigit():
        raise ValueError(f"{name!r:.60} ends in a number: it is no name, and no IP address either")
    return text


def fits(presented: str, wanted: str) -> bool:
    """Whether a dNSName entry is for a name.   wanted: canonical.

    An entry that is malformed fits nothing.
    """
    if not presented.isascii():
        return False
    presented = presented.lower()
    if not presented.startswith("*."):
        try:
            return canonical(presented) == wanted and not presented.endswith(".")
        except ValueError:
            return False
    try:
        rest = canonical(presented[2:])
    except ValueError:
        return False
    first, _, others = wanted.partition(".")
    # "*.com" would be for half of the world: at least two labels have to follow.
    return bool(first) and others == rest and "." in rest and not presented.endswith(".")


def match(
    wanted: str, dns: Iterable[str], addresses: Iterable[IPAddress] = (), mails: Iterable[str] = ()
) -> Match:
    """Whether a certificate with these entries is for the name, the IP address or the mailbox wanted."""
    dns, addresses = tuple(dns), tuple(addresses)
    there = ", ".join([*dns[:5], *map(str, addresses[:3])]) or "none"
    if "@" in wanted:
        user, _, host = wanted.rpartition("@")
        for mail in mails:
            name, at, domain = mail.rpartition("@")
            if at and name == user and domain.lower() == host.lower():
                return Match(True, f"the mail address {mail} is among its entries")
        return Match(False, f"the mail address {wanted!r:.60} is not among its entries")
    address = is_address(wanted)
    if address is not None:
        if address in addresses:
            return Match(True, f"the IP address {wanted} is among its entries")
        return Match(False, f"the IP address {wanted} is not among its entries ({there})")
    try:
        name = canonical(wanted)
    except ValueError as error:
        return Match(False, f"no certificate can be for that name: {error}")
    for entry in dns:
        if fits(entry, name):
            return Match(True, f"the entry {entry} is for {wanted}")
    return Match(False, f"none of its entries ({there}) is for {wanted}")

"""Certificate policies: where a CA demands one, the whole path has to have it (RFC 5280 section 6.1).

The standard draws a tree, and RFC 9618 a graph, to say which policies hold in the end.  Whether any does can
be told from one level at a time, which no certificate can make grow without bound.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.errors import DecodeError
from handshake.pki.der import object_identifier, parts
from handshake.pki.reading import Reading

ANY = x509.OID_ANY_POLICY.dotted_string
SEQUENCE, OBJECT_IDENTIFIER = 0x30, 0x06

MOST = 50_000
"""So many bytes of mappings at most are read: nobody who is honest has more."""

Level = dict[str, set[str]]
"""The policies that hold so far, and for each under which names the next certificate may have it."""


def missing(path: list[Reading]) -> tuple[int, str] | None:
    """Which certificate of a path lacks a policy that is demanded, and in what words; None if none does.

    path: from the anchor to the leaf.  Any policy will do to the caller; only CAs demand one.
    """
    count = len(path) - 1
    level: Level = {ANY: {ANY}}
    explicit = mapping = inhibit = count + 1  # so many more certificates may go without
    for place, each in enumerate(path[1:], 1):
        last = place == count
        level = _narrowed(level, each, inhibit > 0 or (not last and each.self_issued))
        if not explicit and not level:
            return place, "a CA above it demands a policy, and there is none that all of the path has"
        try:
            pairs = mappings(each)
        except DecodeError as error:
            return place, f"its policy mappings cannot be read: {error}"
        if not last:
            level = _mapped(level, pairs, mapping > 0)
            if not each.self_issued:
                explicit, mapping, inhibit = (max(0, n - 1) for n in (explicit, mapping, inhibit))
        elif explicit:
            explicit -= 1
        limits = each.extension(Oid.POLICY_CONSTRAINTS)
        if limits is not None:
            demands = limits.require_explicit_policy
            if demands is not None and (not last or not demands):
                explicit = min(explicit, demands)
            if limits.inhibit_policy_mapping is not None:
                mapping = min(mapping, limits.inhibit_policy_mapping)
        stop = each.extension(Oid.INHIBIT_ANY_POLICY)
        if stop is not None:
            inhibit = min(inhibit, stop.skip_certs)
    if count and not explicit and not level:
        return count, "a policy is demanded, and there is none that all of the path has"
    return None


def _narrowed(level: Level, each: Reading, any_counts: bool) -> Level:
    """What is left of the policies after a certificate with these."""
    found = each.extension(Oid.CERTIFICATE_POLICIES)
    if found is None:
        return {}
    mine = {information.policy_identifier.dotted_string for information in found}
    expected = {name for names in level.values() for name in names}
    left = {policy: {policy} for policy in mine - {ANY} if policy in expected or ANY in expected}
    if ANY in mine and any_counts:
        left |= {policy: {policy} for policy in expected - set(left)}
    return left


def _mapped(level: Level, pairs: list[tuple[str, str]], allowed: bool) -> Level:
    """The policies under the names that a CA gives them for what comes below it."""
    left = dict(level)
    renamed: dict[str, set[str]] = {}
    for theirs, ours in pairs:
        renamed.setdefault(theirs, set()).add(ours)
    for theirs, names in renamed.items():
        if not allowed:
            left.pop(theirs, None)
        elif theirs in left or ANY in left:
            left[theirs] = names
    return left


def mappings(each: Reading) -> list[tuple[str, str]]:
    """The pairs of the extension policyMappings: a policy of the issuer, and one of the subject."""
    found: Any = each.extension(Oid.POLICY_MAPPINGS)
    if found is None:
        return []
    data: bytes = found.value
    if len(data) > MOST:
        raise DecodeError("policyMappings", 0, f"at most {MOST} bytes", str(len(data)))
    outer = list(parts(data, 0, len(data)))
    if [data[each.start] for each in outer] != [SEQUENCE]:
        raise DecodeError("policyMappings", 0, "one SEQUENCE", f"{len(outer)} parts")
    pairs = []
    for pair in parts(data, outer[0].content, outer[0].end):
        two = list(parts(data, pair.content, pair.end)) if data[pair.start] == SEQUENCE else []
        if [data[each.start] for each in two] != [OBJECT_IDENTIFIER, OBJECT_IDENTIFIER]:
            raise DecodeError("policyMappings", pair.start, "a SEQUENCE of two policies", f"{len(two)} parts")
        names = [object_identifier(data[part.content : part.end]) for part in two]
        if ANY in names:
            raise DecodeError("policyMappings", pair.start, "policies by name", "anyPolicy")
        pairs.append((names[0], names[1]))
    if not pairs:
        raise DecodeError("policyMappings", 0, "a pair at least", "none")
    return pairs

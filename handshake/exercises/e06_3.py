"""Exercise 06.3: ten chains, and what is wrong with eight of them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, entry, said, same

STATEMENT = """
`exercises.mine("06.3")["chains"]` has ten chains, "1" to "10". Each says what the client knows: the name that
it wants, the roots that it trusts, the revocation lists that it has; and what the server has sent: the
certificates, 0 being the leaf, 1 its issuer, and so on. Today is 2026-01-01 for all. What is not said is in
order. Where there is no list at all, the client does not ask for revocation, whatever people say.

For each chain fill in `"valid"` (two are), or `[fault, index, alert]`.

- The fault is one of these (in the order of the checks): `"known issuer"` (there is no way up to a trusted
  root), `"signature"`, `"expired"`, `"not yet valid"`, `"issued by a CA"` (who has issued it is none),
  `"path length"` (more CAs below one than it allows), `"may sign certificates"` (usage without keyCertSign),
  `"name constraints"`, `"critical extensions"` (one that nobody knows), `"strong enough"` (RSA below 2048
  bits), `"purpose"` (extended key usage), `"not revoked"`, `"server name"` (RFC 9525).
- The index is a whole number: the place of the certificate at fault. For an unknown issuer that is the last
  certificate to which one gets; for one that is no CA, or must not have so many below it, or must not sign,
  its own; for a name that is not permitted, that of the certificate with the name.
- The alert is the client's, as RFC 8446 section 6.2 spells it, such as `"certificate_expired"`. Where the
  standard leaves a choice, each of them counts.

If a chain has two faults, either counts, with its own index and alert.
"""

STARTER = """
verdicts = {
    "1": None, "2": None, "3": None, "4": None, "5": None,
    "6": None, "7": None, "8": None, "9": None, "10": None,
}
"""

SIGNS = {
    "blames the leaf": (
        "The leaf is in order: the fault is further up. Whoever mends the leaf has the same failure tomorrow."
    ),
    "expired for not yet valid": (
        "Look at the first of the two dates: that time has not come yet. Here the clock may be wrong."
    ),
    "revocation assumed": (
        "Nobody has asked: without a list the client does not know that it was revoked, and goes on."
    ),
    "common name counted": (
        "The name stands in the common name only. What counts is subjectAltName (RFC 9525), which is missing."
    ),
    "good chain refused": "Nothing is wrong with that chain: every check finds it good.",
    "fault not seen": "Something is wrong with that chain: look at every certificate, field by field.",
    "another alert": (
        "The alert is all that the other end hears of it: that one tells it something else "
        "(RFC 8446 section 6.2)."
    ),
}

LEAF = (
    "expired", "wrong_host", "wildcard_depth", "cn_only", "self_signed", "missing_intermediate",
    "name_not_permitted", "critical_extension", "weak_key", "wrong_purpose", "forged_signature", "revoked",
)  # fmt: skip
ABOVE = (
    "expired_intermediate", "revoked_intermediate", "no_cert_sign", "path_too_long", "leaf_as_ca",
    "unknown_ca",
)  # fmt: skip
TWICE = ("expired", "expired_intermediate", "no_cert_sign", "wrong_purpose", "critical_extension")
"""Of `pki.authority`: faults of the leaf, faults above it, and faults that get a second one here."""

ALSO = {
    "not yet valid": ("certificate_expired", "certificate_unknown"), "signature": ("bad_certificate",),
    "issued by a CA": ("bad_certificate", "certificate_unknown"),
    "path length": ("bad_certificate", "certificate_unknown"),
    "may sign certificates": ("bad_certificate", "certificate_unknown"),
    "name constraints": ("bad_certificate",), "critical extensions": ("bad_certificate",),
    "strong enough": ("certificate_unknown",), "purpose": ("certificate_unknown", "bad_certificate"),
    "server name": ("certificate_unknown",),
}  # fmt: skip
"""Alerts that the standard's words allow as well as ours, which are OpenSSL's."""

USES = {"1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth"}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Ten chains in any order: two good, one not valid yet, six with a fault each, and one with two."""
    kinds = [("none", "valid"), ("unlisted", "valid"), ("not_yet_valid", "leaf")]
    kinds += [(each, "leaf") for each in _some(entropy, LEAF, 3)]
    kinds += [(each, "above") for each in _some(entropy, ABOVE, 3)]
    kinds += [(each, "two") for each in _some(entropy, TWICE, 1)]
    host = f"www.{('meadow', 'harbour', 'copper', 'violet')[entropy.number('host', 4)]}.example"
    drawn = _some(entropy, tuple(kinds), len(kinds))
    chains, right, groups = {}, {}, {}
    for n, (defect, group) in enumerate(drawn, 1):
        seed = entropy.number("seed", 1 << 30)
        chains[str(n)], right[str(n)] = _made(defect, group == "two", host, seed)
        groups[str(n)] = group, defect
    return {"chains": deepcopy(chains), "_right": right, "_groups": groups}


def _some(entropy: Entropy, things: tuple[Any, ...], count: int) -> list[Any]:
    """So many of them, in any order."""
    left = list(things)
    return [left.pop(entropy.number("which", len(left))) for _ in range(count)]


@lru_cache(maxsize=32)
def _made(defect: str, twice: bool, host: str, seed: int) -> tuple[dict[str, Any], list[list[Any]]]:
    """A chain in words, and the verdicts that are right, [] for a valid one."""
    from handshake import pki  # (which loads cryptography)
    from handshake.pki.authority import case

    made = case("none" if defect == "unlisted" else defect, kind="ECDSA", host=host, seed=seed)
    wanted = "mail.other.example" if twice else str(made.server_name)
    lists = made.crls if defect in ("none", "revoked", "revoked_intermediate") else ()
    report = pki.validate(made.chain, made.anchors, made.now, wanted, "server", lists)
    right = []
    for each in report.checks:
        if each.ok is False:
            late = "not yet valid" if defect == "not_yet_valid" else "expired"
            fault = late if each.check == "in date" else each.check
            right += [[fault, each.index, alert] for alert in (each.alert, *ALSO.get(fault, ()))]
    told: dict[str, Any] = {
        "the client wants": wanted,
        "it trusts": [_common(each.subject) for each in made.anchors],
        "its revocation lists": {
            _common(each.issuer): [_tail(one.serial_number) for one in each] for each in lists
        },
    }
    if defect == "unlisted":
        told["people say"] = "the leaf's key was stolen last year, and its issuer has revoked it"
    issuers = [*made.chain[1:], *made.anchors, *(party.certificate for party in made.parties.values())]
    told["the server sends"] = {n: _described(each, issuers) for n, each in enumerate(made.chain)}
    return told, right


def _described(one: Any, issuers: list[Any]) -> dict[str, Any]:
    """A certificate in words."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa

    from handshake.pki.signing import verifies

    found = {type(each.value): each for each in one.extensions}
    signers = [each for each in (one, *issuers) if each.subject == one.issuer]
    good = any(verifies(each.public_key(), one) for each in signers)
    limits, usage = found[x509.BasicConstraints].value, found[x509.KeyUsage].value
    uses = {"digitalSignature": usage.digital_signature, "keyCertSign": usage.key_cert_sign,
            "cRLSign": usage.crl_sign}  # fmt: skip
    names = found.get(x509.SubjectAlternativeName)
    key = one.public_key()
    told = {
        "subject": _common(one.subject),
        "issuer": _common(one.issuer),
        "serial number ends in": _tail(one.serial_number),
        "valid": f"{one.not_valid_before_utc:%Y-%m-%d} to {one.not_valid_after_utc:%Y-%m-%d}",
        "subjectAltName": [f"DNS:{each}" for each in names.value.get_values_for_type(x509.DNSName)]
        if names
        else [],
        "CA": limits.ca,
        "path length": "no limit" if limits.path_length is None else limits.path_length,
        "key usage": [name for name, there in uses.items() if there],
        "extended key usage": [USES[each.dotted_string] for each in found[x509.ExtendedKeyUsage].value]
        if x509.ExtendedKeyUsage in found
        else [],
        "key": f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'ECDSA'}, {key.key_size} bits",
        "signature": "made with the key of its issuer" if good else "does not fit the key of its issuer",
    }
    if not limits.ca:
        del told["path length"]
    if x509.NameConstraints in found:
        permitted = found[x509.NameConstraints].value.permitted_subtrees
        told["may issue only for names in"] = [each.value for each in permitted]
    if x509.UnrecognizedExtension in found:
        told["a critical extension"] = (
            f"{found[x509.UnrecognizedExtension].oid.dotted_string}: nobody knows it"
        )
    return told


def _common(name: Any) -> str:
    """The common name."""
    return next(str(each.value) for each in name if each.oid.dotted_string == "2.5.4.3")


def _tail(serial: int) -> str:
    return f"{serial & 0xFFFFFFFF:08x}"


NAMES = {
    "valid": "good chains", "leaf": "faults of the leaf", "above": "faults above the leaf",
    "two": "two faults",
}  # fmt: skip


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Chain by chain."""
    came = ask.value("verdicts")
    if isinstance(came, dict):
        came = {str(n): verdict for n, verdict in came.items()}
    verdicts = {n: entry(came, n) for n in given["_groups"]}
    blind = all(each == "valid" for each in verdicts.values())
    for n, (kind, defect) in given["_groups"].items():
        got = verdicts[n]
        right = given["_right"][n]
        good = any(_same(got, each) for each in right) if right else got == "valid" and not blind
        wanted = "valid" if not right else " or ".join(sorted({f"{fault} at {at}" for fault, at, _ in right}))
        key = "" if good else "fault not seen" if blind else _sign(got, right, defect)
        # (What is right is not told: there are ten chains, and an answer costs nothing.)
        expected = wanted if good else "not the same for all ten" if blind else "another verdict"
        yield Finding(NAMES[kind], good, f"chain {n}", expected, said(got), key)


def _same(got: Any, right: list[Any]) -> bool:
    return isinstance(got, list) and len(got) == 3 and type(got[1]) is int and got == right


def _sign(got: Any, right: list[list[Any]], defect: str) -> str:
    """What a wrong verdict looks like."""
    if got == "valid":
        return "common name counted" if defect == "cn_only" else "fault not seen"
    if not isinstance(got, list) or len(got) != 3:
        return ""
    if not right:
        return "revocation assumed" if got[0] == "not revoked" else "good chain refused"
    if defect == "not_yet_valid" and got[0] == "expired":
        return "expired for not yet valid"
    if any(got[:2] == each[:2] for each in right):
        return "another alert"
    if same(got[1], 0) and all(each[1] > 0 for each in right):
        return "blames the leaf"
    return ""


EXERCISE = Exercise(
    id="06.3",
    title="Ten chains",
    statement=STATEMENT,
    starter=STARTER,
    names=("verdicts",),
    groups={"good chains": 2, "faults of the leaf": 3, "faults above the leaf": 2, "two faults": 1},
    signs=SIGNS,
    hint="Go through the checks in their order, and for each through the chain from the root down.",
    reread="notebook 06, The bench; RFC 5280 section 6.1",
    draw=draw,
    judge=judge,
    literal=True,
)

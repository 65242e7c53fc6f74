"""Certificate paths: NIST's suite, every defect by its name, server names, and what hostile bytes do."""

from __future__ import annotations

import base64
import itertools
import json
import warnings
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handshake import pki
from handshake.errors import DecodeError
from handshake.pki import authority, constraints, names
from handshake.pki.authority import DEFECTS, KINDS, NOW, Party, Wish, case, issue, lesson_key, revocation_list
from handshake.pki.checks import CHECKS
from handshake.pki.path import LONGEST, MOST_SIGNATURES, Search, read_all

PKITS = Path(__file__).parent.parent.parent / "shared" / "vectors" / "x509" / "pkits.json"
needs_pkits = pytest.mark.skipif(not PKITS.exists(), reason="the test vectors are not beside the project")


# ---- NIST's suite ----------------------------------------------------------------------------------------

DIFFERENT = {
    "4.1.4": "DSA: TLS has no use for it, and neither has this course",
    "4.1.5": "DSA with parameters inherited from the issuer: the library does not read such a key",
}
"""Cases whose verdict is another here, and why."""


@cache
def suite() -> dict[str, Any]:
    if not PKITS.exists():
        return {"cases": []}
    found: dict[str, Any] = json.loads(PKITS.read_text("utf-8"))
    return found


def verdict(entry: dict[str, Any]) -> pki.Report | None:
    """Our report; None if the library cannot read a certificate."""
    data = suite()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the suite has negative serial numbers, which the library deplores
        try:
            certificates = [
                x509.load_der_x509_certificate(base64.b64decode(data["certificates"][name]))
                for name in entry["certs"]
            ]
        except ValueError:
            return None
        lists = [x509.load_der_x509_crl(base64.b64decode(data["crls"][name])) for name in entry["crls"]]
        now = datetime.fromisoformat(data["validation_time"])
        return pki.validate(certificates[:0:-1], certificates[:1], now, crls=lists)


@needs_pkits
@pytest.mark.parametrize("entry", suite()["cases"], ids=lambda entry: entry["test"])
def test_the_verdicts_of_pkits(entry: dict[str, Any]) -> None:
    report = verdict(entry)
    ok = report is not None and report.ok
    if entry["test"] in DIFFERENT:
        assert entry["dsa"]
        assert not ok
    else:
        assert ok == entry["should_validate"], repr(report)


BLAMED = {
    "4.1.2": "signature", "4.2.1": "in date", "4.2.6": "in date", "4.3.1": "known issuer",
    "4.4.1": "not revoked", "4.4.3": "not revoked", "4.6.1": "issued by a CA", "4.6.2": "issued by a CA",
    "4.6.5": "path length", "4.7.1": "may sign certificates", "4.7.4": "not revoked",
}  # fmt: skip


@needs_pkits
def test_the_right_check_fails() -> None:
    for entry in suite()["cases"]:
        if entry["test"] in BLAMED:
            report = verdict(entry)
            assert report is not None
            assert report.first_failure is not None
            assert report.first_failure.check == BLAMED[entry["test"]], entry["name"]


# ---- Every defect ----------------------------------------------------------------------------------------

ALL = [
    pytest.param(defect, kind, purpose, id=f"{defect}, {kind}, {purpose}")
    for defect, kind, purpose in itertools.product(DEFECTS, KINDS, ("server", "client"))
    if not (purpose == "client" and DEFECTS[defect].check == "server name")
]


def validated(made: authority.Case, **other: Any) -> pki.Report:
    asked = {"server_name": made.server_name, "purpose": made.purpose, "crls": made.crls} | other
    return pki.validate(made.chain, made.anchors, made.now, **asked)


@pytest.mark.parametrize(("defect", "kind", "purpose"), ALL)
def test_every_defect_is_found_by_its_check_at_its_certificate(defect: str, kind: str, purpose: str) -> None:
    expected = DEFECTS[defect]
    report = validated(case(defect, kind=kind, purpose=purpose))
    found = report.first_failure
    if not expected.check:
        assert report.ok
        return
    assert found is not None
    assert (found.check, found.index, found.alert) == (expected.check, expected.index, expected.alert)
    assert found.why
    assert found.section.startswith("RFC ")
    assert found.why in str(report)


def test_the_same_seed_gives_the_same_bytes_and_another_others() -> None:
    for kind in KINDS:
        one, other, third = case(kind=kind), case(kind=kind), case(kind=kind, seed=1)
        assert one.pem() == other.pem() != third.pem()
        assert [crl.signature for crl in one.crls] == [crl.signature for crl in other.crls]


def test_keys_of_the_pool_are_marked() -> None:
    text = (Path(authority.__file__).parent / "test_keys.pem").read_text("utf-8")
    assert text.startswith("TEST KEYS of this course.  They are public")
    assert [key.key_size for key in authority.pool()] == [2048] * 8 + [1024]


@pytest.mark.parametrize("defect", DEFECTS)
def test_what_is_checked_without_lists_says_so(defect: str) -> None:
    report = validated(case(defect), crls=())
    revocation = next(check for check in report.checks if check.check == "not revoked")
    assert revocation.ok is None
    assert report.ok == (DEFECTS[defect].check in ("", "not revoked"))


def test_checks_stand_in_a_fixed_order() -> None:
    orders = {tuple(check.check for check in validated(case(defect)).checks) for defect in DEFECTS}
    assert orders == {("known issuer", "signature", *(check.name for check in CHECKS))}


def test_purposes_and_requests_that_are_none_are_refused() -> None:
    made = case()
    for other, words in (
        ({"purpose": "mail"}, "purpose is one of 'server', 'client'; not 'mail'"),
        ({"max_depth": -1}, "max_depth is how many CAs"),
    ):
        with pytest.raises(ValueError, match=words):
            validated(made, **other)
    with pytest.raises(ValueError, match="now is a time with its zone"):
        pki.validate(made.chain, made.anchors, datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="one certificate at least"):
        pki.validate([], made.anchors, NOW)
    with pytest.raises(TypeError, match="cryptography's certificates"):
        pki.validate([b"bytes"], made.anchors, NOW)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="the defects are none, expired"):
        case("rust")
    with pytest.raises(ValueError, match="is no defect of clients"):
        case("cn_only", purpose="client")


# ---- Dates, order, depth ---------------------------------------------------------------------------------


def test_dates_include_both_ends_to_the_second() -> None:
    made = case("expired")
    leaf = made.chain[0]
    first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    second = timedelta(seconds=1)
    for now, ok in ((first - second, False), (first, True), (last, True), (last + second, False)):
        report = pki.validate(made.chain, made.anchors, now, made.server_name)
        assert report.ok is ok, now


def test_the_order_of_what_comes_after_the_leaf_does_not_matter() -> None:
    made = case("path_too_long")
    good = case()
    strangers = [party.certificate for party in made.parties.values()]
    for rest in itertools.permutations([*good.chain[1:], *strangers[:3]]):
        assert pki.validate([good.chain[0], *rest], good.anchors, NOW, good.server_name).ok


def test_depth_counts_the_cas_between() -> None:
    made = case()
    assert validated(made, max_depth=1).ok
    found = validated(made, max_depth=0).first_failure
    assert found is not None
    assert found.check == "path length"


def test_an_anchor_that_is_the_leaf_is_trusted_but_still_checked() -> None:
    made = case("self_signed")
    assert pki.validate(made.chain, made.chain, NOW, made.server_name).ok
    assert not pki.validate(made.chain, made.chain, NOW, "other.example").ok


# ---- Names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "wanted", "ok"),
    [
        ("www.example.org", "www.example.org", True),
        ("WWW.Example.ORG", "www.example.org", True),
        ("www.example.org", "WWW.EXAMPLE.ORG", True),
        ("www.example.org", "www.example.org.", True),
        ("www.example.org", "evilwww.example.org", False),
        ("bank.example", "evilbank.example", False),
        ("example.org", "www.example.org", False),
        ("*.example.org", "www.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.b.example.org", False),
        ("w*.example.org", "www.example.org", False),
        ("www.*.org", "www.example.org", False),
        ("*.*.org", "www.example.org", False),
        ("*.org", "example.org", False),
        ("*", "example", False),
        ("*.example.org", "*.example.org", False),
        ("192.0.2.1", "192.0.2.1", False),
        ("", "www.example.org", False),
        ("www.example.org.", "www.example.org", False),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", True),
        ("www..example.org", "www..example.org", False),
    ],
)
def test_names_by_rfc_9525(entry: str, wanted: str, ok: bool) -> None:
    assert names.match(wanted, [entry]).ok is ok


def test_addresses_are_compared_with_addresses_only() -> None:
    address = names.is_address("192.0.2.1")
    assert address is not None
    assert names.match("192.0.2.1", [], [address]).ok
    assert not names.match("192.0.2.2", [], [address]).ok
    six = names.is_address("2001:db8::1")
    assert six is not None
    assert names.match("2001:DB8:0::1", [], [six]).ok
    made = issue(Wish("x", (), ("192.0.2.7",)), lesson_key("Ed25519", 1), 5)
    assert pki.validate([made], [made], NOW, "192.0.2.7").ok


@given(st.from_regex(r"[a-z]{1,6}(\.[a-z]{1,6}){1,3}", fullmatch=True))
def test_a_name_fits_itself_and_a_wildcard_only_one_label(name: str) -> None:
    first, _, rest = name.partition(".")
    assert names.match(name, [name]).ok
    assert names.match(name, [f"*.{rest}"]).ok is ("." in rest)
    assert not names.match(f"x.{name}", [f"*.{rest}"]).ok
    assert not names.match(f"{first}{name}", [name]).ok


@pytest.mark.parametrize(
    ("name", "tree", "whole", "inside"),
    [
        ("a.example.org", "example.org", True, True),
        ("example.org", "example.org", True, True),
        ("badexample.org", "example.org", True, False),
        ("*.example.org", "example.org", True, True),
        ("*.example.org", "a.example.org", True, False),
        ("*.example.org", "a.example.org", False, True),
        ("*.example.org", "b.a.example.org", False, False),
        ("anything.at.all", "", True, True),
    ],
)
def test_trees_of_dns_names(name: str, tree: str, whole: bool, inside: bool) -> None:
    assert constraints.dns_fits(name, tree, whole) is inside


@pytest.mark.parametrize("tree", [".example.org", "*.example.org", "exa mple"])
def test_a_constraint_that_means_nothing_refuses(tree: str) -> None:
    with pytest.raises(constraints.Malformed, match="is no DNS name"):
        constraints.dns_fits("a.example.org", tree, True)


@pytest.mark.parametrize(
    ("address", "tree", "inside"),
    [
        ("a@example.org", "example.org", True), ("a@b.example.org", "example.org", False),
        ("a@b.example.org", ".example.org", True), ("a@example.org", ".example.org", False),
        ("a@Example.org", "a@example.org", True), ("A@example.org", "a@example.org", False),
    ],
)  # fmt: skip
def test_trees_of_mail_addresses(address: str, tree: str, inside: bool) -> None:
    assert constraints.mail_fits(address, tree, True) is inside


# ---- Hostile input ---------------------------------------------------------------------------------------


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_certificate_with_changed_bytes_is_refused_or_still_good(data: st.DataObject) -> None:
    made = GOOD[data.draw(st.sampled_from(sorted(GOOD)))]
    which = data.draw(st.integers(0, len(made.chain) - 1))
    der = bytearray(made.chain[which].public_bytes(Encoding.DER))
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] ^= data.draw(st.integers(1, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            changed = x509.load_der_x509_certificate(bytes(der))
        except (ValueError, x509.InvalidVersion):
            return
        chain = [*made.chain[:which], changed, *made.chain[which + 1 :]]
        report = pki.validate(chain, made.anchors, NOW, made.server_name, crls=made.crls)
    same = changed.tbs_certificate_bytes == made.chain[which].tbs_certificate_bytes
    assert not report.ok or same
    assert str(report)


GOOD = {kind: case(kind=kind) for kind in KINDS}


@settings(max_examples=200)
@given(st.data())
def test_a_list_with_changed_bytes_revokes_nobody_and_clears_nobody(data: st.DataObject) -> None:
    made = GOOD["Ed25519"]
    der = bytearray(made.crls[1].public_bytes(Encoding.DER))
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] ^= data.draw(st.integers(1, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            changed = x509.load_der_x509_crl(bytes(der))
        except (ValueError, x509.InvalidVersion):
            return
        report = validated(made, crls=(made.crls[0], changed))
    before = made.crls[1]
    if (changed.tbs_certlist_bytes, changed.signature) != (before.tbs_certlist_bytes, before.signature):
        found = report.first_failure
        assert found is not None
        assert found.check == "not revoked"
        assert "revoked on" not in found.why


def ca(name: str, number: int, issuer: Party | None = None, serial: int = 7) -> Party:
    key = lesson_key("Ed25519", number)
    return Party(issue(Wish(name, ca=True), key, serial, issuer), key)


def test_loops_end() -> None:
    one, other = ca("one", 1), ca("other", 2)
    a = issue(Wish("one", ca=True), one.key, 8, other)
    b = issue(Wish("other", ca=True), other.key, 9, one)
    leaf = issue(Wish(), lesson_key("Ed25519", 3), 10, one)
    stranger = ca("stranger", 4)
    report = pki.validate([leaf, a, b], [stranger.certificate], NOW)
    assert report.first_failure is not None
    assert report.first_failure.check == "known issuer"


def test_hundreds_of_look_alikes_end_within_a_bound() -> None:
    """Issuers of one name with many keys, or with one key: neither makes the search long."""
    root = ca("root", 0)
    real = ca("CA", 1, root)
    leaf = issue(Wish(), lesson_key("Ed25519", 2), 11, real)
    other_keys = [ca("CA", 100 + n, root, n + 1).certificate for n in range(300)]
    search = Search(read_all([root.certificate]), read_all([*other_keys, real.certificate]))
    paths = list(search.upwards(read_all([leaf])[0]))
    assert len(paths) == 1, "the key identifier leads to the right one first"
    assert search.signatures <= MOST_SIGNATURES
    same_key = [issue(Wish("CA", ca=True), real.key, n + 1, real) for n in range(300)]
    report = pki.validate([leaf, *same_key], [root.certificate], NOW)
    assert not report.ok


def test_a_lattice_of_cross_signatures_ends_within_a_bound() -> None:
    """Each of ten levels has four CAs, and each CA is signed by all four above it: a million paths."""
    levels = [[ca(f"{level}-{n}", 20 + 4 * level + n) for n in range(4)] for level in range(9)]
    crossed = [
        issue(Wish(f"{level}-{n}", ca=True), party.key, 100 + m, above)
        for level in range(1, 9)
        for n, party in enumerate(levels[level])
        for m, above in enumerate(levels[level - 1])
    ]
    leaf = issue(Wish(), lesson_key("Ed25519", 3), 12, levels[8][0])
    nobody = ca("nobody", 4)
    search = Search(read_all([nobody.certificate]), read_all(crossed))
    assert list(search.upwards(read_all([leaf])[0])) == []
    assert search.signatures <= MOST_SIGNATURES
    report = pki.validate([leaf, *crossed], [nobody.certificate], NOW)
    assert report.first_failure is not None
    assert report.first_failure.check == "known issuer"


def test_a_long_chain_is_refused() -> None:
    parties = [ca("CA 0", 30)]
    for n in range(1, LONGEST + 3):
        parties.append(ca(f"CA {n}", 30 + n, parties[-1]))
    leaf = issue(Wish(), lesson_key("Ed25519", 3), 12, parties[-1])
    chain = [leaf, *(party.certificate for party in reversed(parties[1:]))]
    report = pki.validate(chain, [parties[0].certificate], NOW)
    assert not report.ok
    assert report.alert == "unknown_ca"


def test_a_long_list_of_names_and_constraints_ends_within_a_bound() -> None:
    root = ca("root", 0)
    key = lesson_key("Ed25519", 1)
    trees = tuple(f"t{n}.example" for n in range(2000))
    between = Party(issue(Wish("CA", ca=True, permitted=trees), key, 5, root), key)
    leaf = issue(Wish("x", tuple(f"n{n}.example" for n in range(2000))), lesson_key("Ed25519", 2), 6, between)
    found = pki.validate([leaf, between.certificate], [root.certificate], NOW).first_failure
    assert found is not None
    assert (found.check, "too many to be honest" in found.why) == ("name constraints", True)


def test_lists_are_tried_until_one_will_do() -> None:
    made = case()
    stale = revocation_list(made.parties["intermediate"], ends=authority.PAST)
    assert validated(made, crls=(stale, *made.crls)).ok
    assert not validated(made, crls=(made.crls[0], stale)).ok


# ---- The bytes -------------------------------------------------------------------------------------------


def tiled(found: pki.Anatomy) -> bool:
    places = [(span.start, span.end) for span in found.spans]
    return [a for a, _ in places] == [0, *(b for _, b in places[:-1])] and places[-1][1] == len(found.data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("defect", DEFECTS)
def test_every_byte_of_a_certificate_and_of_a_list_has_a_name(defect: str, kind: str) -> None:
    made = case(defect, kind=kind)
    for thing in (*made.chain, *made.crls):
        found = pki.anatomy(thing)
        assert tiled(found)
        # (Of an extension that nobody knows the value is the only thing without a name of its own.)
        assert not [span for span in found.spans if span.name in ("SEQUENCE", "SET", "INTEGER")]


def test_the_bytes_say_what_the_library_reads() -> None:
    made = case("name_not_permitted")
    leaf, between = made.chain[:2]
    found = pki.anatomy(leaf)
    said = {span.name: span.text(found.data) for span in found.spans}
    assert (said["notBefore"], said["notAfter"]) == ("2000-01-01 00:00:00 UTC", "9999-12-31 23:59:59 UTC")
    assert said["dNSName"] == "www.example.org"
    assert said["KeyUsage"] == "digitalSignature, keyEncipherment"
    assert said["KeyPurposeId"] == "serverAuth"
    serial = found["serialNumber"]
    content = found.data[serial.start + 2 : serial.end]
    assert int.from_bytes(content, "big") == leaf.serial_number
    signed = found.data[4 : next(s for s in found.spans if s.path[-1] == "signatureAlgorithm").start]
    assert signed == leaf.tbs_certificate_bytes
    assert found.data[found["signatureValue"].end - 256 :] == leaf.signature
    trees = pki.anatomy(between)
    (tree,) = [span for span in trees.spans if span.path[-1] == "GeneralSubtree" and span.name == "dNSName"]
    assert tree.text(trees.data) == "example.net"
    revoked = case("revoked")
    listed = pki.anatomy(revoked.crls[1])
    assert listed.title == "CertificateList"
    entry = listed["userCertificate"]
    assert int.from_bytes(listed.data[entry.start + 2 : entry.end], "big") == revoked.chain[0].serial_number


@needs_pkits
def test_every_byte_of_pkits_has_a_name() -> None:
    data = suite()
    for text in (*data["certificates"].values(), *data["crls"].values()):
        assert tiled(pki.anatomy(base64.b64decode(text)))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_der_are_refused(data: bytes) -> None:
    with suppress(DecodeError):
        assert tiled(pki.anatomy(data))


@settings(max_examples=200)
@given(st.integers(0, 900), st.integers(1, 255))
def test_changed_bytes_have_names_or_are_refused(place: int, change: int) -> None:
    der = bytearray(GOOD["RSA"].chain[0].public_bytes(Encoding.DER))
    der[place % len(der)] ^= change
    with suppress(DecodeError):
        assert tiled(pki.anatomy(bytes(der)))


def test_parts_in_parts_without_end_are_refused() -> None:
    data = b""
    for _ in range(60):
        length = len(data)
        head = bytes((0x30, length)) if length < 128 else bytes((0x30, 0x81, length))
        data = head + data
    with pytest.raises(DecodeError, match="parts at most 24 deep"):
        pki.anatomy(data)


def test_a_branch_that_is_too_long_hides_no_good_path() -> None:
    """A cross-signed CA: one way up goes on and on, the other is short."""
    made = case(kind="Ed25519")
    between = made.parties["intermediate"]
    above = [ca("far 0", 60)]
    for n in range(1, LONGEST + 2):
        above.append(ca(f"far {n}", 60 + n, above[-1]))
    crossed = issue(Wish("Course CA (test)", ca=True), between.key, 99, above[-1])
    chain = [made.chain[0], crossed, *(party.certificate for party in reversed(above)), made.chain[1]]
    assert pki.validate(chain, made.anchors, NOW, made.server_name).ok


def test_a_leaf_that_is_malformed_fails_in_the_same_order() -> None:
    made = GOOD["RSA"]
    der = bytearray(made.chain[0].public_bytes(Encoding.DER))
    oid = bytes.fromhex("2a864886f70d01010b")  # sha256WithRSAEncryption, outside
    der[der.rindex(oid) + len(oid) - 1] = 0x0C
    changed = x509.load_der_x509_certificate(bytes(der))
    report = pki.validate([changed, *made.chain[1:]], made.anchors, NOW)
    assert [check.check for check in report.checks] == [check.check for check in validated(made).checks]
    found = report.first_failure
    assert found is not None
    assert (found.check, found.index) == ("well formed", 0)
    assert "two algorithms" in found.why

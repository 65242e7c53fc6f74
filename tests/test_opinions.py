"""Second opinions: the library's, and OpenSSL's by a real handshake, beside ours and beside the table."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handshake import live
from handshake.labs import trust
from handshake.labs.trust import benches
from handshake.live.visit import FORM
from handshake.pki.authority import DEFECTS, KINDS, case

LIBRARY_LEAVES = {"weak_key", *(name for name, each in DEFECTS.items() if each.check == "not revoked")}
"""What the library's verifier does not look at: the length of keys, and revocation."""

ALL = [
    pytest.param(defect, kind, purpose, id=f"{defect}, {kind}, {purpose}")
    for defect, kind, purpose in itertools.product(DEFECTS, KINDS, ("server", "client"))
    if not (purpose == "client" and DEFECTS[defect].check == "server name")
]

pytestmark = pytest.mark.usefixtures("nothing_is_left_open")


@pytest.mark.parametrize(("defect", "kind", "purpose"), ALL)
def test_openssl_says_and_sends_what_the_table_says(defect: str, kind: str, purpose: str) -> None:
    """Its verdict on every defect, and, where it refuses, the very alert that ours leads to."""
    expected = DEFECTS[defect]
    found = live.opinions(case(defect, kind=kind, purpose=purpose))
    handshake = found["OpenSSL"]
    assert handshake.accepts is expected.openssl, str(found)
    if not expected.openssl:
        assert handshake.alert == expected.alert == found["ours"].alert
        assert handshake.words
    if shutil.which("openssl"):
        assert found["openssl verify"].accepts is expected.openssl
    assert found["ours"].accepts is (not expected.check)


@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
@pytest.mark.parametrize("defect", DEFECTS)
def test_the_library_agrees_but_for_what_it_leaves_to_others(defect: str, kind: str) -> None:
    found = live.opinions(case(defect, kind=kind))
    assert found["cryptography"].accepts is (found["ours"].accepts or defect in LIBRARY_LEAVES)


@pytest.mark.parametrize("defect", ["revoked", "stale_crl", "missing_crl"])
def test_nobody_asks_for_lists_unless_told_to(defect: str) -> None:
    """A default context accepts a certificate that was taken back."""
    found = live.opinions(case(defect), lists=False)
    assert [each.accepts for each in found.opinions] == [True] * 4


def test_where_there_is_no_openssl_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = live.opinions(case("expired"))
    command = found["openssl verify"]
    assert (command.accepts, command.words) == (None, "there is no command openssl on this machine")
    with pytest.raises(KeyError, match="nobody is called 'NSS': there are ours, cryptography"):
        found["NSS"]


def test_the_table_as_text() -> None:
    text = str(live.opinions(case("cn_only")))
    assert [line.split()[0] for line in text.splitlines()] == ["ours", "cryptography", "OpenSSL", "openssl"]
    assert "[alert bad_certificate]" in text
    assert repr(live.opinions(case())).startswith("Opinions('none': ours True")


def test_without_a_name_to_check_anybodys_good_certificate_gets_through() -> None:
    """S44: a certificate for another name is good until somebody asks for the name."""
    found = live.opinions(replace(case("wrong_host"), server_name=None))
    assert [each.accepts for each in found.opinions] == [True, None, True, True]
    assert "without a name" in found["cryptography"].words


def test_what_a_stolen_ca_signs_is_believed_by_all_unless_its_names_are_limited() -> None:
    made, report = trust.compromised()
    assert report.ok
    assert all(each.accepts for each in live.opinions(made).opinions)
    made, report = trust.compromised(permitted="example.org")
    assert report.first_failure.check == "name constraints"
    assert not any(each.accepts for each in live.opinions(made).opinions)


def test_the_form_travels_encrypted_and_is_read_by_who_presented_the_chain() -> None:
    made = live.visit(case("unknown_ca"), goes_on=True)
    assert (made.asked, made.sent, made.heard) == (True, True, FORM)
    assert "GCM" in made.suite
    assert made.travelled[:1] == b"\x17"  # application data
    assert b"pin=7" not in made.travelled
    for refused in (live.visit(case("unknown_ca")), live.visit(case("unknown_ca"), goes_on=True, hsts=True)):
        assert (refused.sent, refused.heard, refused.travelled) == (False, b"", b"")


@pytest.mark.parametrize(("year", "month", "day", "check"), [
    (2014, 12, 31, "in date"), (2024, 12, 31, "in date"), (2025, 1, 1, ""), (2029, 12, 31, ""),
    (2030, 1, 1, "in date"), (2032, 1, 1, "in date"),
])  # fmt: skip
def test_on_every_day_all_agree(year: int, month: int, day: int, check: str) -> None:
    """One chain, on days around the ends of its spans: each party goes by the day that it is told."""
    found = live.opinions_at(benches.dated(), datetime(year, month, day, tzinfo=UTC))
    assert {each.who: each.accepts for each in found.opinions if each.accepts is not None} == dict.fromkeys(
        ["ours", "cryptography", *(["openssl verify"] if shutil.which("openssl") else [])], not check
    )
    assert found["ours"].words.partition(":")[0] == check


def test_a_command_that_knows_nothing_has_no_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "openssl"
    fake.write_text("#!/bin/sh\necho 'usage: verify [-CAfile file]' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(fake))
    assert live.opinions(case())["openssl verify"].accepts is None
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / "nobody"))
    assert "could not be asked" in live.opinions(case())["openssl verify"].words

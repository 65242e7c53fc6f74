"""Second opinions: the library's, and OpenSSL's by a real handshake, beside ours and beside the table."""

from __future__ import annotations

import itertools
import shutil

import pytest

from handshake import live
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

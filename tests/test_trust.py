"""Notebook 06: what its labs say, and what its bets are worth."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_opening import right

from handshake.labs import trust
from handshake.labs.bets import Bet, forget
from handshake.labs.trust import benches
from handshake.pki.authority import DEFECTS


def test_there_is_a_day_on_which_only_the_intermediate_has_expired() -> None:
    words = trust.dates(2030, 6).words
    assert "Course CA (test): it expired on 2029-12-31" in words


def test_the_lists_lab_says_what_openssl_says() -> None:
    """Believed wherever nobody asks; asked, only with a good list on which it is not."""
    for revoked in (True, False):
        told = str(trust.lists(revoked))
        assert told.startswith("The certificate was taken back" if revoked else "Nobody has taken")
        for hand in ("no list", "a list", "a stale list", "a forged list"):
            assert benches._revocation(hand, False, revoked)[0]
            assert benches._revocation(hand, True, revoked)[0] is (hand == "a list" and not revoked)


def test_the_warning_names_who_reads_and_offers_what_it_may() -> None:
    stranger = trust.warning(goes_on=True)
    assert "somebody who is not the server: to=Ann&amount=100&pin=7" in stranger.words
    assert "( Continue ) <- clicked" in str(stranger.views[0])
    assert str(stranger.views[1]).startswith("[ Not secure: www.example.org ]")
    old = trust.warning("the server, with an old certificate", goes_on=True)
    assert "Who reads it is the server" in old.words
    known = trust.warning(goes_on=True, hsts=True)
    assert "Continue" not in str(known.views[0])
    assert "The form is not sent" in known.words
    named = trust.warning("somebody with a good certificate for another name")
    assert "Hostname mismatch" in str(named.views[0])


@pytest.mark.parametrize(("make", "words"), [
    (trust.bet_revoked, "nobody looks at the list"),
    (trust.bet_name, "anybody can get a good certificate"),
    (trust.bet_continue, "whoever presented the certificate"),
])  # fmt: skip
def test_the_bets_have_these_answers(make: Callable[[], Bet], words: str) -> None:
    forget()
    assert words in right(make())
    forget()


def test_the_exit_questions_have_these_answers() -> None:
    answers = [right(each) for each in trust.exit_check().bets]
    assert [words in answer for words, answer in zip(
        ("all of them have to be", "is none", "yes or no"), answers, strict=True
    )] == [True] * 3  # fmt: skip


def test_the_bench_points_at_the_check_that_fails_first() -> None:
    for defect, expected in DEFECTS.items():
        told = trust.bench(defect)
        checks = told.views[1]
        lit = [checks.rows[n][0] for n in checks.lit]
        assert lit == ([expected.check] if expected.check else [])
    assert "OpenSSL looks at the common name" in str(trust.bench("cn_only").views[0])
    assert "it looks at no lists" in str(trust.bench("revoked").views[0])
    assert "how long RSA keys are" in str(trust.bench("weak_key").views[0])
    assert trust.bench("revoked", lists=False).words.endswith("believed (revocation not checked).")

"""Notebook 08: what its labs say is what happens, and what its bets are worth."""

from __future__ import annotations

import re

import pytest
import test_show
from test_opening import right

from handshake import article, live, show, sim
from handshake.article import oneway as told_oneway
from handshake.article import twoway as told_twoway
from handshake.labs import mutual, oneway
from handshake.labs.bets import forget
from handshake.labs.lab import Outcome
from handshake.labs.mutual.asking import ASKS, HAS
from handshake.labs.mutual.covered import CHANGES, NOTHING, PROOFS, SKE, VERSIONS, coverage, tamper, whose
from handshake.labs.mutual.twolanes import WIRE
from handshake.labs.mutual.twolanes import told as messages
from handshake.labs.oneway.mending import noticed
from handshake.show.picture import Picture

every_version = pytest.mark.parametrize("version", VERSIONS)


def test_the_bets_have_these_answers() -> None:
    forget()
    assert "every message that either end has sent so far" in right(mutual.bet_signed())
    assert "a signature that it cannot make" in right(mutual.bet_copy())
    assert "it has succeeded" in right(mutual.bet_late())
    answers = ("the server's random is another one", "nothing", "nothing yet")
    for words, each in zip(answers, mutual.exit_check().bets, strict=True):
        assert words in right(each)
    forget()


# ---- Two lanes -------------------------------------------------------------------------------------------


def first_column(table: show.table.Table) -> list[str]:  # type: ignore[name-defined]
    return [row[0] for row in table.rows]


@every_version
def test_all_ten_steps_stand_beside_the_wire(version: str) -> None:
    assert first_column(mutual.steps(version)) == [f"step {n}" for n in range(1, 11)]
    drawn = mutual.both(version).views[0].svg()
    assert {int(n) for n in re.findall(r">step (\d+)<", drawn)} >= set(range(1, 11))


def test_both_flows_show_all_twenty_steps() -> None:
    shown = [("one-way", each) for each in first_column(oneway.steps())]
    shown += [("two-way", each) for each in first_column(mutual.steps())]
    parts = {"one-way": told_oneway.STEPS, "two-way": told_twoway.STEPS}
    assert shown == [(part, f"step {n}") for part, steps in parts.items() for n in steps]
    assert len(shown) == 20
    known = {(claim.part, claim.step) for claim in article.claims() if claim.part in parts}
    assert known == {(part, n) for part, steps in parts.items() for n in steps}


@every_version
def test_every_message_has_a_step_and_every_name_a_message(version: str) -> None:
    there = {(each.sender, each.name) for each in messages(version)}
    named = {pair for pairs in WIRE[version].values() for pair in pairs}
    assert named == there
    assert first_column(mutual.ordered(version)) == [str(each.number) for each in messages(version)]


def test_the_steps_in_the_order_of_the_wire() -> None:
    """S52: what the article brings in step 6 is in the first message."""
    rows = mutual.ordered("TLS 1.2").rows
    order: list[str] = []
    for row in rows:
        order += [step for step in row[-1].split(", ") if step not in order]
    assert order == ["1", "6", "2", "7", "4", "5", "8", "10"]


# ---- Duels -----------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("name", article.ATTACKS)
def test_the_left_lane_falls_and_the_right_one_stands(name: str, version: str) -> None:
    fought, told = article.attack(name, version=version), mutual.duel(name, version)
    assert fought.succeeded_on_model
    assert not fought.succeeded_on_wire
    stop = fought.stopped_by
    assert stop is not None
    assert "the attack succeeds" in told.words
    assert (
        f"{version}: the {stop.end} stops it, at {stop.message}, with the alert {stop.alert}." in told.words
    )
    cells = {row[0]: row[1:] for row in told.views[0].rows}
    assert cells["is the victim fooled?"] == ("yes", "no")
    assert cells["what the attacker can read"][1] == "nothing"
    assert ("reads nothing" in told.words) is (not fought.reads)


# ---- What each proof covers ------------------------------------------------------------------------------


@every_version
def test_what_a_signature_covers_is_what_verifies(version: str) -> None:
    run = mutual.run_of(version)
    sent = mutual.handshake(run)
    tried = 0
    for n, message in enumerate(sent):
        if message.name not in (SKE, "CertificateVerify"):
            continue
        tried += 1
        covered = sent[:2] if message.name == SKE else sent[:n]
        _, covers = coverage(run)[whose(message)]
        assert {each.number for each in covered} == set(covers) - {message.number}
        assert mutual.verifies(run, message, covered)
        assert not mutual.verifies(run, message, covered[::-1])
        if message.name != SKE:
            for left in range(n):
                assert not mutual.verifies(run, message, covered[:left] + covered[left + 1 :])
    assert tried == 2


@every_version
def test_a_finished_covers_all_messages_before_it(version: str) -> None:
    run = mutual.run_of(version)
    sent = mutual.handshake(run)
    for n, message in enumerate(sent):
        if message.name == "Finished":
            at, covers = coverage(run)[whose(message)]
            assert (at, sorted(covers)) == (message.number, [each.number for each in sent[:n]])


@every_version
@pytest.mark.parametrize("changed", CHANGES)
def test_the_first_proof_that_breaks_is_where_it_is_noticed(changed: str, version: str) -> None:
    picture = mutual.strip("server's signature", version, changed).views[0]
    broken = re.findall(r"^(\S.*), in message \d+, would not fit", picture.text, re.MULTILINE)
    if changed == NOTHING:
        assert broken == []
        return
    run = sim.tls(version, client_auth=True, seed=7, tampering=tamper(version, changed))
    who, why, _ = noticed(run)
    step = next(each for each in run.above if each.after["state"] == "FAILED")
    if version == "TLS 1.3":  # nothing opens, so that no proof is reached
        assert "does not open" in why
        return
    waiting = {
        "ServerKeyExchange": ("client", "WAIT_SKE"),
        "client's CertificateVerify": ("server", "WAIT_CV"),
    }
    assert (who, step.before["state"]) == waiting[broken[0]]


# ---- Who is let in ---------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("ours", ["client", pytest.param("server", marks=pytest.mark.slow)])
def test_the_grid_says_what_comes_of_each_cell(ours: str, version: str) -> None:
    for requirement in ASKS:
        for client in HAS:
            words = mutual.grid(requirement, client, version, ours).words
            cell = live.outcome(requirement, client, version, ours=ours)
            assert ("let in" in words.splitlines()[0]) is cell.accepted
            assert ("knows who it is" in words) is cell.known
            assert ("had ended well before" in words) is cell.late
            assert cell.alert in words
            assert "NOT" not in words


def test_what_the_versions_do_otherwise() -> None:
    assert "In TLS 1.2 it is otherwise: refused: handshake_failure" in mutual.grid().words
    assert "In TLS 1.3 the same happens" in mutual.grid("required", "good", "TLS 1.2").words


# ---- Verdicts, and pictures ------------------------------------------------------------------------------


def test_verdicts() -> None:
    assert mutual.verdict(sim.tls(client_auth=True, seed=7)) == "nobody refuses: it goes well"
    waits = mutual.verdict(sim.tls(client_auth=True, seed=7, tampering=sim.drop_record("server", 5)))
    assert waits == "nobody refuses; the client in WAIT_DONE and the server in WAIT_CERT for ever"
    late = mutual.verdict(sim.tls("TLS 1.3", client_auth=True, shows="nothing", seed=7))
    assert late.startswith("the server, in WAIT_CERT: sends no certificate")
    assert late.endswith("alert certificate_required")


def drawn() -> list[tuple[str, Outcome]]:
    return [
        (f"{version}, {proof}, {changed}", mutual.strip(proof, version, changed))
        for version in VERSIONS
        for proof in PROOFS
        for changed in CHANGES
    ]


@pytest.mark.slow
def test_no_two_words_of_a_strip_touch_and_its_text_says_the_same() -> None:
    for name, outcome in drawn():
        picture: Picture = outcome.views[0]
        assert test_show.collisions(picture) == ([], []), name
        assert picture.text.count("(chosen)") == 1
        assert picture.svg().count('class="chosen"') == 1
        assert ("changed on its way" in picture.text) is ("Changed on its way" in outcome.words)
        assert picture.svg().count(">differs<") == picture.text.count("differs in")


def test_a_strip_of_nothing() -> None:
    picture = show.strip([], [], title="Nothing")
    assert test_show.collisions(picture) == ([], [])
    assert str(picture) == "Nothing\nmessages:"


def test_no_two_words_of_the_grid_touch() -> None:
    for version in VERSIONS:
        for view in mutual.grid(version=version).views:
            assert test_show.collisions(view) == ([], [])

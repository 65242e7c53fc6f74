"""Notebook 10: incidents, each told by its cause, the bench for them, and the reckoning of the bets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from handshake.article import claim
from handshake.entropy import Entropy
from handshake.exercises import e10_1
from handshake.labs import cases
from handshake.labs.cases.benches import UNNAMED
from handshake.labs.cases.incidents import CAUSES, KINDS, made
from handshake.labs.wager import Sheet, reckoning
from handshake.labs.wager.reckoning import held, score
from handshake.labs.wager.sheet import CLAIMS, RIGHT, SURE, Belief, committed

EVERY = [(kind, n) for kind, makers in KINDS.items() for n in range(len(makers))]


@pytest.mark.parametrize(("kind", "which"), EVERY)
def test_in_every_incident_one_thing_goes_wrong(kind: str, which: int) -> None:
    for seed in (1, 2, 3):
        incident = made(kind, which, seed)
        assert [each.cause.partition(":")[0] for each in incident.trace.diagnose()] == [incident.cause]
        assert incident.cause in CAUSES
        assert incident.finding.transit in incident.evidence
        ladder = incident.ladder
        assert not re.search(r"\blost\b|fault", ladder), "what a tool has worked out is not told"
        rows = [line for line in ladder.splitlines() if line[:4].strip().isdigit()]
        assert {int(row[:4]) for row in rows} >= incident.evidence


def test_the_kinds_have_different_causes_and_every_cause_occurs() -> None:
    found = {kind: {made(kind, n, 1).cause for n in range(len(makers))} for kind, makers in KINDS.items()}
    assert set.union(*found.values()) == set(CAUSES)
    assert sum(map(len, found.values())) == len(CAUSES)


def test_the_exercise_has_the_same_causes() -> None:
    assert e10_1.CAUSES == CAUSES


def test_the_same_seed_gives_the_same_incidents() -> None:
    one, other = (cases.incidents(Entropy("anna")) for _ in range(2))
    assert [each.ladder for each in one] == [each.ladder for each in other]
    assert [each.kind for each in one] == ["TCP", "certificate", "TLS"]


def test_every_piece_of_the_message_that_shows_it_counts() -> None:
    incident = made("certificate", 0, 1)
    chain = next(each for each in incident.trace.messages if each.name == "Certificate")
    pieces = {each.transit for each in chain.sources}
    assert len(pieces) > 1
    assert pieces <= incident.evidence


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
def test_the_answer_comes_when_all_before_it_has_come(version: str) -> None:
    """Whatever is lost: an acknowledgment costs nothing, anything else a second or so."""

    def after(**settings: Any) -> int:
        words = cases.stacked(version, **settings).words
        return int(re.match(r"The client's first byte of the answer comes at (\d+) ms", words)[1])

    best = after()
    run = cases.stacked(version).trace
    for end in ("client", "server"):
        sent = [each for each in run.layer("TCP").messages if each.sender == end]
        last = next(
            n
            for n, each in enumerate(sent)
            if run.about(each.sources[0].transit)[-1].name == "application data"
        )
        for nth, each in enumerate(sent[: last + 1], 1):
            bare = each.name == "ACK" and not any(detail.label == "data" for detail in each.details)
            late = after(end=end, nth=nth, befell="lost") - best
            assert late == 0 if bare else late >= 900, (end, nth)


def test_a_case_is_solved_by_its_cause_and_a_packet_that_shows_it() -> None:
    for kind in KINDS:
        incident = cases.case_of(kind, 3)
        lab = cases.detective_lab().set(kind=kind, number=3)
        assert "What went wrong, and which packet" in str(lab.outcome)
        wrong = next(each for each in CAUSES if each != incident.cause)
        assert "would look otherwise" in str(lab.set(cause=wrong).outcome)
        assert "Which packet proves it?" in str(lab.set(cause=incident.cause).outcome)
        assert "does not show it" in str(lab.set(packet=60).outcome)
        assert "Solved." in str(lab.set(packet=incident.finding.transit).outcome)
        assert incident.finding.remedy in str(lab.outcome)
        lab.set(cause=UNNAMED, packet=0)
        assert incident.cause not in lab.outcome.words if lab.outcome else False


def test_every_control_of_the_stacked_bench_changes_what_it_shows() -> None:
    lab = cases.stacked_lab()
    seen = {str(lab.outcome)}
    for values in (
        {"befell": "lost"}, {"nth": 3}, {"end": "client"}, {"version": "TLS 1.2"}, {"layer": "TLS"},
        {"layer": "TCP"}, {"befell": "late"}, {"late": 0.9},
    ):  # fmt: skip
        lab.set(**values)
        assert lab.outcome is not None, lab.refusal
        seen.add(str(lab.outcome))
    assert len(seen) == 9


def test_tls_gets_the_same_whatever_is_lost_beneath_it() -> None:
    calm = cases.stacked("TLS 1.2").trace
    assert calm is not None
    names = [each.name for each in calm.messages if each.layer == "TLS"]
    for nth in range(1, 7):
        run = cases.stacked("TLS 1.2", "server", nth, "lost").trace
        assert run is not None
        assert [each.name for each in run.messages if each.layer == "TLS"] == names
        assert run.plaintext().keys() == calm.plaintext().keys()


def test_the_reckoning_counts_what_holds(tmp_path: Path) -> None:
    assert "no committed bets" in reckoning(tmp_path).words
    before, after = Sheet(folder=tmp_path), Sheet("after", tmp_path)
    for n, id in enumerate(CLAIMS):
        right = RIGHT[claim(id).verdict]
        before.bet(id, right if n % 2 else "so it is" if right != "so it is" else "not so", SURE[n % 5])
        after.bet(id, right, 99)
    before.commit()
    outcome = reckoning(tmp_path)
    assert "Before the course 12 of 24 bets hold, that is 50 %" in outcome.words
    assert "After" not in outcome.words
    after.commit()
    outcome = reckoning(tmp_path)
    assert "After the course 24 of 24 bets hold, that is 100 %; you were sure of 99 %" in outcome.words
    text = str(outcome)
    assert all(f"{id} " in text for id in CLAIMS)
    counted = held(committed("before", tmp_path))
    assert sum(right for right, _ in counted.values()) == 12
    assert sum(count for _, count in counted.values()) == 24


def test_the_score_is_that_of_brier() -> None:
    right, wrong = Belief("S86", "not so", 90), Belief("S86", "so it is", 90)
    assert right.right
    assert not wrong.right
    assert score([right]) == pytest.approx(0.01)
    assert score([wrong]) == pytest.approx(0.81)
    assert score([right, wrong]) == pytest.approx(0.41)

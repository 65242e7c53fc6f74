"""Notebook 00: bets on claims, kept and sealed, and one packet that something befalls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handshake import article
from handshake.labs import wager
from handshake.labs.wager import Sheet, committed, read_code
from handshake.labs.wager.sheet import BELIEFS, CLAIMS, FILE, RIGHT, SURE


def filled(folder: Path, **more: Any) -> Sheet:
    sheet = Sheet(folder=folder, **more)
    for n, claim in enumerate(CLAIMS):
        sheet.bet(claim, BELIEFS[n % 3], SURE[n % 5])
    return sheet


def test_the_claims_are_in_the_order_of_their_notebooks_and_no_belief_wins_alone() -> None:
    assert len(set(CLAIMS)) == 24
    notebooks = [article.claim(id).notebook for id in CLAIMS]
    assert notebooks[-1] == "09"
    assert len(set(notebooks)) == 9, "one of each, at least"
    answers = [RIGHT[article.claim(id).verdict] for id in CLAIMS]
    assert all(6 <= answers.count(belief) <= 12 for belief in BELIEFS)


def test_bets_are_kept_as_they_are_made(tmp_path: Path) -> None:
    sheet = Sheet(folder=tmp_path)
    assert not (tmp_path / FILE).exists()
    sheet.bet("S86", "not so", 90)
    sheet._cards["S67"].belief.value = "so it is"  # as the mouse does
    sheet._cards["S67"].sure.value = 70
    again = Sheet(folder=tmp_path)
    assert again.code == "S67 so it is 70; S86 not so 90"
    assert again._cards["S86"].belief.value == "not so"
    assert "S86   Once it has been sent" in str(again)
    assert "not so, 90 %" in str(again)


def test_what_is_committed_stays_and_opens_again(tmp_path: Path) -> None:
    sheet = Sheet(folder=tmp_path)
    sheet.bet("S86", "not so", 90)
    with pytest.raises(ValueError, match=r"23 of 24 are not bet on yet: S91, S62"):
        sheet.commit()
    assert committed(folder=tmp_path) == ()
    words = filled(tmp_path).commit()
    assert words.startswith("24 bets, 9 of them with 90 % or more, are committed under the seal ")
    found = committed(folder=tmp_path)
    assert [each.claim for each in found] == list(CLAIMS)
    assert {each.claim: each for each in found} == read_code(Sheet(folder=tmp_path).code)
    again = Sheet(folder=tmp_path)
    assert repr(again) == "24 of 24 claims bet on, committed"
    with pytest.raises(ValueError, match="committed, and stay as they are"):
        again.bet("S86", "so it is", 34)
    again._cards["S86"].belief.value = "so it is"  # a browser may send that
    assert committed(folder=tmp_path) == found
    assert committed("after", tmp_path) == ()
    filled(tmp_path, stage="after").commit()
    assert len(committed("after", tmp_path)) == 24
    assert committed(folder=tmp_path) == found


def test_bets_that_were_changed_behind_its_back_are_told(tmp_path: Path) -> None:
    filled(tmp_path).commit()
    path = tmp_path / FILE
    memory = json.loads(path.read_text())
    memory["before"]["bets"]["S86"] = ["not so", 99]
    path.write_text(json.dumps(memory))
    assert committed(folder=tmp_path) == ()
    assert "They were changed after that." in str(Sheet(folder=tmp_path))


@pytest.mark.parametrize("text", [
    "", "{", "[]", "7", '{"before": 7}', '{"before": {"bets": [1]}}',
    '{"before": {"bets": {"S86": 7, "S9": ["not so", 90], "S3": ["x", 34]}}}',
])  # fmt: skip
def test_a_file_that_is_none_loses_nothing_but_itself(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    sheet = Sheet(folder=tmp_path)
    assert sheet.beliefs == {}
    assert filled(tmp_path).commit()


@pytest.mark.parametrize(("arguments", "words"), [
    (("S1", "not so", 90), "claim is one of 'S91'"), (("S86", "no", 90), "belief is one of 'so it is'"),
    (("S86", "not so", 91), "sure is one of 34"),
])  # fmt: skip
def test_what_is_no_bet_is_told_what_there_is(
    arguments: tuple[str, str, int], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        Sheet(folder=tmp_path).bet(*arguments)


@pytest.mark.parametrize("text", ["S86", "S86 not so", "S86 not so 91", "S1 not so 90", "S86 90", "x" * 9999])
def test_a_line_that_is_no_code_says_where(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no bet: a claim, what is believed, how surely"):
        read_code(f"S67 so it is 70; {text}")


def test_nothing_of_what_is_right_is_sent_to_the_browser(tmp_path: Path) -> None:
    sheet = Sheet(folder=tmp_path)
    told = str(sheet) + json.dumps(sheet._repr_mimebundle_(), default=str)
    for card in sheet._cards.values():
        for child in card.children:
            told += json.dumps(child.get_state(), default=str)
    for id in CLAIMS:
        claim = article.claim(id)
        assert claim.wire not in told
        assert claim.verdict.meaning not in told


@pytest.mark.parametrize("end", ["client", "server"])
@pytest.mark.parametrize("befell", ["lost", "late", "doubled"])
def test_whatever_befalls_one_segment_both_programs_get_all(end: str, befell: str) -> None:
    calm = wager.conversation()
    for nth in range(1, 9):
        outcome = wager.one_packet(end, nth, befell)
        assert outcome.trace is not None
        assert outcome.trace.plaintext() == calm.plaintext()
        assert "got all that was said" in outcome.words
        does = nth <= (6 if end == "client" else 5)
        assert ("does not send so many" in outcome.words) is not does
        if does:
            faults = [fault for fault in outcome.trace.faults if fault.transit]
            assert len(faults) == 1


def test_the_controls_of_the_lab_change_what_it_shows() -> None:
    lab = wager.one_packet_lab()
    seen = {str(lab.outcome)}
    for values in ({"befell": "late"}, {"late": 1.5}, {"nth": 3}, {"end": "server"}):
        lab.set(**values)
        seen.add(str(lab.outcome))
    assert len(seen) == 5

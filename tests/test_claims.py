"""The table of claims: complete, consistent, drawn whole, and held against the tags of the notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import claims_page
import pytest

from handshake import article
from handshake.article.table import COUNT, WIDTH, Claim, Verdict, not_shown, parse, tags
from handshake.show.cards import html

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"

NUMBER = r"\d+(\.\d+)*"
ALLOWED = re.compile(
    rf"RFC \d+( section {NUMBER}| appendix [A-Z](\.{NUMBER})?)?"
    rf"|ITU-T X\.\d+"
    rf"|POSIX\.1-2024 ([a-z]+\(\)|XSH section {NUMBER})"
)


# ---- The table -------------------------------------------------------------------------------------------


def test_there_are_111_claims_in_order() -> None:
    assert [each.id for each in article.claims()] == [f"S{number}" for number in range(1, 112)]


def test_every_text_is_said_once() -> None:
    texts = [text for each in article.claims() for text in (each.text, each.wire, each.break_it)]
    assert len(texts) == len(set(texts)) == 3 * COUNT


def test_texts_are_whole_sentences_and_short() -> None:
    for each in article.claims():
        assert len(each.text) <= 140, each.id
        for text in (each.text, each.wire, each.break_it):
            assert text == " ".join(text.split()), f"{each.id}: stray space in {text!r}"
            assert text[-1] in ".)", f"{each.id}: {text!r} does not end"
            assert not re.search(r"\w- \w", text), f"{each.id}: {text!r} has a word that is torn apart"


def test_every_citation_has_a_form_that_can_be_looked_up() -> None:
    for each in article.claims():
        assert len(set(each.sections)) == len(each.sections), each.id
        for section in each.sections:
            assert ALLOWED.fullmatch(section), f"{each.id}: {section!r}"


def test_only_what_is_cut_may_go_without_a_citation() -> None:
    bare = [each for each in article.claims() if not each.sections]
    assert bare
    assert {each.verdict for each in bare} == {Verdict.CUT}


def test_parts_and_steps_follow_the_article() -> None:
    by_part: dict[str, list[int | None]] = {}
    for each in article.claims():
        by_part.setdefault(each.part, []).append(each.step)
    sizes = {part: len(steps) for part, steps in by_part.items()}
    assert sizes == {"one-way": 40, "two-way": 19, "fields": 19, "opening": 9, "questions": 24}
    for flow in ("one-way", "two-way"):
        steps = [step for step in by_part[flow] if step]
        assert len(steps) == len(by_part[flow])
        assert steps == sorted(steps)
        assert set(steps) == set(range(1, 11))
    assert [step for step in by_part["questions"] if step] == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]
    assert not any(by_part["fields"] + by_part["opening"])


def test_the_page_of_claims_is_up_to_date() -> None:
    assert claims_page.PAGE.read_text("utf-8") == claims_page.page(), "python tests/claims_page.py writes it"


def test_every_claim_is_shown_by_a_notebook() -> None:
    assert not_shown(NOTEBOOKS) == ()
    assert set(tags(NOTEBOOKS)) >= {each.id for each in article.claims()}


def test_every_verdict_is_used() -> None:
    assert {each.verdict for each in article.claims()} == set(Verdict)


def test_a_claim_is_found_by_its_id() -> None:
    assert article.claim("S86").verdict is Verdict.WRONG
    assert article.cards("S80", "S79").claims == (article.claim("S80"), article.claim("S79"))


@pytest.mark.parametrize("id", ["S0", "S112", "s17", "17", "S017", ""])
def test_an_unknown_id_is_told_the_known_ones(id: str) -> None:
    with pytest.raises(KeyError, match=r"no claim .* S1 \.\. S111"):
        article.claim(id)


# ---- What the loader complains about ---------------------------------------------------------------------

GOOD = """
[[claim]]
id = "S1"
part = "one-way"
step = 1
text = "Told."
verdict = "OK"
wire = "Done."
sections = ["RFC 9293 section 3.5"]
notebook = "03"
break_it = "Break it."
"""


@pytest.mark.parametrize(
    ("line", "instead", "complaint"),
    [
        ('id = "S1"', 'id = "S2"', "S1: id: expected here, got 'S2'"),
        ('id = "S1"', "", "S1: id: expected here, got None"),
        ('part = "one-way"', 'part = "third"', "S1: part: expected one of one-way, .*got 'third'"),
        ('part = "one-way"', "", "S1: part: expected a text, got None"),
        ("step = 1", "step = 0", "S1: step: expected a number from 1 to 10, got 0"),
        ("step = 1", "step = 11", "S1: step: expected a number from 1 to 10, got 11"),
        ("step = 1", "step = true", "S1: step: expected a number from 1 to 10, got True"),
        ("step = 1", 'step = "1"', "S1: step: expected a number from 1 to 10, got '1'"),
        ('text = "Told."', 'text = "  "', "S1: text: expected a text, got '  '"),
        ('text = "Told."', "", "S1: text: expected a text, got None"),
        ('verdict = "OK"', 'verdict = "ok"', "S1: verdict: expected one of OK, .*got 'ok'"),
        ('wire = "Done."', 'wire = ""', "S1: wire: expected a text, got ''"),
        ('wire = "Done."', "wire = 7", "S1: wire: expected a text, got 7"),
        ('["RFC 9293 section 3.5"]', "[]", "S1: sections: expected at least one"),
        ('["RFC 9293 section 3.5"]', '[""]', "S1: sections: expected a list of texts"),
        ('["RFC 9293 section 3.5"]', '"RFC 9293"', "S1: sections: expected a list of texts"),
        ('sections = ["RFC 9293 section 3.5"]', "", "S1: sections: expected a list of texts, got None"),
        ('notebook = "03"', 'notebook = "11"', "S1: notebook: expected one of 00, .*got '11'"),
        ('notebook = "03"', "notebook = 3", "S1: notebook: expected a text, got 3"),
        ('break_it = "Break it."', "", "S1: break_it: expected a text, got None"),
        ('break_it = "Break it."', 'breakit = "Break it."', "S1: breakit: no such key"),
    ],
)
def test_a_mistake_is_named_by_claim_and_key(line: str, instead: str, complaint: str) -> None:
    assert line in GOOD
    with pytest.raises(ValueError, match=complaint):
        parse(GOOD.replace(line, instead))


def test_a_cut_claim_needs_no_section_but_may_have_one() -> None:
    first = parse(_table(COUNT).replace('"OK"', '"CUT"', 1).replace('["RFC 9293 section 3.5"]', "[]", 1))[0]
    assert (first.verdict, first.sections) == (Verdict.CUT, ())


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("", "S1: id: missing"),
        (GOOD, "S2: id: missing"),
        (GOOD + GOOD, "S2: id: expected here, got 'S1'"),
    ],
)
def test_a_table_must_have_every_claim_once(table: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(table)


def test_a_table_must_not_have_more() -> None:
    assert len(parse(_table(COUNT))) == COUNT
    with pytest.raises(ValueError, match="S112: id: one too many"):
        parse(_table(COUNT + 1))


def _table(count: int) -> str:
    return "".join(GOOD.replace('"S1"', f'"S{number}"') for number in range(1, count + 1))


# ---- Cards -----------------------------------------------------------------------------------------------


def test_a_card_as_text_has_both_lanes_and_fits_100_columns() -> None:
    for each in article.claims():
        card = str(each)
        assert all(len(line) <= WIDTH == 100 for line in card.splitlines()), each.id
        assert card.startswith(f"{each.id}  {each.verdict}")
        flat = " ".join(card.split())
        for piece in (
            f"as the article tells it {each.text}",
            f"as the wire does it {each.wire}",
            f"break it (notebook {each.notebook}) {each.break_it}",
            *each.sections,
        ):
            assert piece in flat, each.id
        assert "\xa0" not in card


def test_a_drawn_card_says_the_same_as_its_text() -> None:
    for each in article.claims():
        drawn = _unescaped(html([each]))
        for piece in (each.id, each.text, each.wire, each.verdict, each.verdict.meaning, each.break_it):
            assert piece in drawn, each.id
        for section in each.sections:
            assert section in drawn, each.id
        assert "as the article tells it" in drawn
        assert "as the wire does it" in drawn


def test_the_articles_step_stands_in_a_square() -> None:
    assert '<span class="hs-card-step" aria-hidden="true">4</span>' in html([article.claim("S17")])
    assert '<span class="hs-card-step"' not in html([article.claim("S86")])


def test_cards_escape_every_text() -> None:
    nasty = Claim(
        id="S1",
        part="one-way",
        step=None,
        text="<script>told</script>",
        verdict=Verdict.WRONG,
        wire='<SEQ=100> & "quoted"',
        sections=("RFC <1>",),
        notebook="03",
        break_it="<b>break</b>",
    )
    drawn = html([nasty])
    for raw in (nasty.text, nasty.wire, nasty.sections[0], nasty.break_it):
        assert raw not in drawn
        assert raw in _unescaped(drawn)


def test_a_drawing_needs_no_script_and_nothing_from_outside() -> None:
    drawn = html(article.claims())
    for outside in ("<script", "http:", "https:", "url(", "@import", "<img", "<link"):
        assert outside not in drawn
    selectors = re.findall(r"^(\..*?) \{", drawn, flags=re.MULTILINE)
    assert len(selectors) > 10
    assert all(selector.startswith(".hs-card") for selector in selectors)


def test_every_verdict_has_a_word_and_a_sign_of_its_own() -> None:
    badges = {}
    for each in article.claims():
        found = re.search(r'hs-card-badge"><span aria-hidden="true">(.)</span> <b>(\w+)</b>', html([each]))
        assert found
        badges[found[1]] = found[2]
        assert found[2] == each.verdict
    assert sorted(badges.values()) == sorted(Verdict)


def test_claims_and_cards_show_themselves_in_a_notebook() -> None:
    two = article.cards("S79", "S80")
    bundle = two._repr_mimebundle_()
    assert bundle["text/plain"] == str(two) == f"{article.claim('S79')}\n\n{article.claim('S80')}"
    assert bundle["text/html"] == html(two.claims)
    assert article.claim("S79")._repr_mimebundle_() == article.cards("S79")._repr_mimebundle_()


def _unescaped(text: str) -> str:
    from html import unescape

    return unescape(text)


# ---- Tags of the notebooks -------------------------------------------------------------------------------


def test_every_tag_is_a_claim() -> None:
    known = {each.id for each in article.claims()}
    found = tags(NOTEBOOKS)
    unknown = {tag: where for tag, where in found.items() if tag not in known}
    assert not unknown, f"tags that are no claim: {unknown}"


def test_tags_are_read_from_cells_exactly(tmp_path: Path) -> None:
    _notebook(tmp_path / "03-opening.ipynb", ["S79", "bet"], ["S80", "s81", "xS82", "S83 ", "S999"], None)
    _notebook(tmp_path / "04-closing.ipynb", ["S80"])
    assert tags(tmp_path) == {
        "S79": ("03-opening.ipynb",),
        "S80": ("03-opening.ipynb", "04-closing.ipynb"),
        "S999": ("03-opening.ipynb",),
    }


def test_a_claim_waits_only_if_its_notebook_is_written(tmp_path: Path) -> None:
    assert not_shown(tmp_path) == ()
    _notebook(tmp_path / "03-opening.ipynb", ["S79"], ["S60"])
    waiting = not_shown(tmp_path)
    assert {each.notebook for each in waiting} == {"03"}
    assert article.claim("S79") not in waiting
    assert article.claim("S80") in waiting


def test_a_claim_may_be_shown_in_another_notebook(tmp_path: Path) -> None:
    _notebook(tmp_path / "03-opening.ipynb", [])
    assert article.claim("S80") in not_shown(tmp_path)
    _notebook(tmp_path / "10-case-files.ipynb", ["S80"])
    assert article.claim("S80") not in not_shown(tmp_path)


def _notebook(path: Path, *cells: list[str] | None) -> None:
    """A notebook with one cell for each list of tags; None: a cell without any metadata."""
    made = [{"cell_type": "code", "metadata": {} if each is None else {"tags": each}} for each in cells]
    path.write_text(json.dumps({"cells": made, "nbformat": 4}), encoding="utf-8")

"""The exercises: right answers pass, every typical wrong one gets its own sentence, empty ones are to do.

For fifty students each, in this process, by the same judges that the lecturer's run has.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import solutions

from handshake import exercises
from handshake.exercises import EXERCISES, Exercise, Result
from handshake.exercises.asking import Here
from handshake.exercises.judging import judged
from handshake.exercises.parameters import PRACTICE, given, issue
from handshake.grade import Limits, Salts, Task, marked
from handshake.grade.bench import Workshop
from handshake.grade.cells import definitions

STUDENTS = [f"student {n}" for n in range(50)]
SOME = [pytest.param(STUDENTS[:4], id="some"),
        pytest.param(STUDENTS, id="fifty", marks=pytest.mark.slow)]  # fmt: skip
"""Whose parameters: of a few students in a quick look, of fifty in the slow tests."""

ALL = [pytest.param(one, id=one.id) for one in EXERCISES.values()]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of progress is remembered in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    """Where the processes of answers come from."""
    return Workshop(Limits(seconds=30.0))


def ran(cell: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(cell, "answer", "exec"), names)
    return names


def judge(one: Exercise, cell: str, student: str, salt: bytes = PRACTICE) -> Result:
    return judged(one, Here(ran(cell)), given(one, student, salt))


def nonsense(name: str, value: Any) -> Any:
    """A function, or a class whose methods, that give this value for everything."""

    def gives(*_: Any) -> Any:
        return value

    if not name[0].isupper():
        return gives
    return type(name, (), {"__init__": lambda self, *_: None, "__getattr__": lambda self, _: gives})


@pytest.mark.parametrize("students", SOME)
@pytest.mark.parametrize("one", ALL)
def test_right_answers_pass_for_everybody(one: Exercise, students: list[str]) -> None:
    for student in students:
        right, _ = solutions.cells(one, given(one, student))
        assert one.literal or len(right) >= 2, "two right answers, written in different ways"
        for cell in right:
            result = judge(one, cell, student)
            assert result.passed, f"{student}\n{result}\n{cell}"
            assert not result.keys


@pytest.mark.parametrize("students", SOME)
@pytest.mark.parametrize("one", ALL)
def test_every_typical_wrong_answer_is_told_by_its_own_sentence(one: Exercise, students: list[str]) -> None:
    told: dict[str, int] = dict.fromkeys(one.signs, 0)
    for student in students:
        _, wrong = solutions.cells(one, given(one, student))
        assert set(wrong) == set(one.signs)
        for key, cell in wrong.items():
            if cell is None:
                continue
            result = judge(one, cell, student)
            assert not result.passed, f"{student}: {key} is not noticed"
            assert key in result.keys, f"{student}: {key} is not told\n{result}"
            told[key] += 1
    if len(students) == len(STUDENTS):
        assert min(told.values(), default=50) >= 10, told


@pytest.mark.parametrize("one", ALL)
def test_the_record_says_the_same_as_the_practice(one: Exercise, workshop: Workshop) -> None:
    """One right and one wrong answer, each in a process of its own, under another salt."""
    salts = Salts(b"the lecturer's secret salt", PRACTICE)
    right, wrong = solutions.cells(one, given(one, "anna", salts.of(one)))
    key, cell = next((key, cell) for key, cell in wrong.items() if cell is not None)
    good = marked(Task("anna", one.id, definitions(right[0]).text, ()), salts, workshop)
    assert good.points == one.points, good.told
    bad = marked(Task("anna", one.id, definitions(cell or "").text, ()), salts, workshop)
    assert bad.points < one.points
    assert one.signs[key] in [words for _, words in bad.told]


@pytest.mark.slow
@pytest.mark.parametrize("one", ALL)
def test_the_record_tells_every_wrong_answer(one: Exercise, workshop: Workshop) -> None:
    salts = Salts(b"the lecturer's secret salt", PRACTICE)
    right, wrong = solutions.cells(one, given(one, "bert", salts.of(one)))
    for cell in right:
        mark = marked(Task("bert", one.id, definitions(cell).text, ()), salts, workshop)
        assert mark.points == one.points, mark.told
    for key, cell in wrong.items():
        if cell is not None:
            mark = marked(Task("bert", one.id, definitions(cell).text, ()), salts, workshop)
            assert mark.points < one.points, key
            assert one.signs[key] in [words for _, words in mark.told], key
    empty = marked(Task("bert", one.id, definitions(one.starter).text, ()), salts, workshop)
    assert empty.points == 0
    assert "still to do" in empty.told[0][1]


def test_every_file_of_an_exercise_is_in_the_catalogue() -> None:
    files = {path.stem for path in Path(exercises.__file__).parent.glob("e[0-9]*.py")}
    assert {f"e{id.replace('.', '_')}" for id in EXERCISES} == files
    assert {path.stem for path in Path(solutions.__file__).parent.glob("e[0-9]*.py")} == files


@pytest.mark.parametrize("one", ALL)
def test_a_judge_that_goes_from_group_to_group_says_so(one: Exercise) -> None:
    right, _ = solutions.cells(one, given(one, "anna"))
    groups = [each.group for each in one.judge(Here(ran(right[0])), given(one, "anna"))]
    runs = [group for n, group in enumerate(groups) if n == 0 or groups[n - 1] != group]
    ordered = len(runs) == len(set(runs))
    # Of values nothing can come to no end, so that it does not matter.
    assert ordered if one.in_order else one.literal or not ordered, runs


@pytest.mark.parametrize("one", ALL)
def test_an_answer_that_nobody_has_written_is_to_do(one: Exercise) -> None:
    for student in STUDENTS[:5]:
        result = judge(one, one.starter, student)
        assert result.todo
        assert result.points == 0
        assert "still to do" in str(result)


@pytest.mark.parametrize("one", ALL)
def test_nonsense_scores_nothing_and_breaks_nothing(one: Exercise) -> None:
    words = re.findall(r'"([^"\n]{1,60})"', one.statement) + re.findall(r"`([^`\n]{1,60})`", one.statement)
    values: list[Any] = [None, 0, -1, "", "x", b"", [], {}, float("nan"), object(), [[]] * 3, 1 << 5000]
    for value in [*values, 1, True, False, b"\0", [True], *dict.fromkeys(words[:14])]:
        names = {name: value if one.literal else nonsense(name, value) for name in one.names}
        result = judged(one, Here(names), given(one, "nobody"))
        # (Who notices the forgery, 01.5, is one word out of five: that one may be guessed.)
        assert result.points == 0 or (one.id == "01.5" and result.points == 2), value
        assert str(result)
        assert "role" in result._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("one", ALL)
def test_parameters_are_the_students_own_and_the_same_every_time(one: Exercise) -> None:
    assert given(one, "anna") == given(one, "anna")
    drawn = [repr(given(one, student)) for student in STUDENTS[:12]]
    assert len(set(drawn)) > 9
    assert given(one, "anna") != given(one, "anna", b"another salt")


@pytest.mark.parametrize("one", ALL)
def test_it_says_what_it_asks(one: Exercise) -> None:
    assert one.points == sum(one.groups.values()) > 0
    assert set(ran(one.starter)) >= set(one.names)
    assert one.statement.strip()
    assert one.hint.endswith(".")
    assert "notebook" in one.reread
    assert all(sentence.endswith((".", "?")) for sentence in one.signs.values())
    for name in one.names:
        assert name in one.starter


HEADINGS = {
    path.name[:2]: {
        re.sub(r"^#+ ", "", line.strip())
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        for line in cell["source"]
        if cell["cell_type"] == "markdown" and line.startswith("## ")
    }
    for path in sorted((Path(__file__).parent.parent / "notebooks").glob("[0-9][0-9]-*.ipynb"))
}


@pytest.mark.parametrize("one", ALL)
def test_what_to_read_again_is_a_heading_of_its_notebook(one: Exercise) -> None:
    place, *_ = one.reread.split(";")
    notebook, heading = place.removeprefix("notebook ").split(", ", 1)
    assert notebook == one.id[:2]
    assert heading in HEADINGS[notebook]


def test_an_answer_that_is_stopped_has_come_to_no_end() -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    result = exercises.check("02.3", stopped)
    assert result.points == 0
    assert "came to no end" in str(result)


def test_check_remembers_the_best_and_says_what_there_is() -> None:
    exercises.student("anna")
    right, _ = solutions.cells(EXERCISES["02.3"], {})
    good = ran(right[0])["is_valid_ack"]
    assert exercises.check("02.3", good).passed
    assert not exercises.check("02.3", lambda *_: "new").passed
    assert "02.3        8 of  8" in exercises.progress()
    assert exercises.student() == "anna"
    with pytest.raises(KeyError, match=r"there is no exercise '99.9'; there are"):
        exercises.check("99.9", good)
    with pytest.raises(TypeError, match=r"asks for is_valid_ack"):
        exercises.check("02.3")
    Path(".handshake-progress.json").write_text("{broken")
    assert exercises.student() == "anybody"
    assert exercises.check("02.3", good).passed


def test_numbers_are_of_who_you_are_and_of_how_the_notebooks_were_issued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HANDSHAKE_STUDENT", raising=False)
    one = EXERCISES["02.1"]
    nobody = exercises.mine("02.1")
    assert "count for nobody" in str(exercises.check("02.1", dict.fromkeys(("seq of 3",))))
    exercises.student("Anna ")
    mine = exercises.mine("02.1")
    assert mine != nobody
    right, _ = solutions.cells(one, given(one, "anna"))
    result = exercises.check("02.1", ran(right[0])["numbers"])
    assert result.passed
    assert not result.note
    exercises.issued("autumn 2027")
    assert exercises.mine("02.1") not in (mine, nobody)
    result = exercises.check("02.1", ran(right[0])["numbers"])
    assert not result.passed
    assert "nobody has issued" in str(result)
    right, _ = solutions.cells(one, given(one, "anna", issue("autumn 2027")))
    assert exercises.check("02.1", ran(right[0])["numbers"]).passed
    monkeypatch.setenv("HANDSHAKE_STUDENT", "bert")  # as nbgrader's settings do where bert's work is marked
    assert not exercises.check("02.1", ran(right[0])["numbers"], student="anna").passed
    right, _ = solutions.cells(one, given(one, "bert", issue("autumn 2027")))
    assert exercises.check("02.1", ran(right[0])["numbers"]).passed

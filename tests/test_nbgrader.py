"""nbgrader's own cycle on our notebooks, with the shipped settings: assign, autograde, feedback, export."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import join
import pytest
import solutions

from handshake.exercises import EXERCISES
from handshake.exercises.parameters import given

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed"),
]

ROOT = Path(__file__).parent.parent
NAME = "02-numbering"
ONES = [one for one in EXERCISES.values() if one.id.startswith("02.")]


def nbgrader(course: Path, *arguments: str, code: int | None = 0) -> str:
    """Run a command of nbgrader in a course."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(course / "config"), "JUPYTER_DATA_DIR": str(course / "data"),
        "JUPYTER_ALLOW_INSECURE_WRITES": "true",
    }  # fmt: skip
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert code is None or done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def filled(path: Path, answers: dict[str, str]) -> dict[str, Any]:
    """A released notebook with answers in its cells."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if id in answers:
            cell["source"] = answers[id]
    return notebook


def test_the_whole_cycle(tmp_path: Path) -> None:
    course = tmp_path / "course"
    (course / "source" / "numbering").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copy(ROOT / "notebooks" / f"{NAME}.ipynb", course / "source" / "numbering")
    nbgrader(course, "generate_assignment", "numbering", "--create")
    released = course / "release" / "numbering" / f"{NAME}.ipynb"
    handed_out = json.loads(released.read_text("utf-8"))
    sources = ["".join(cell["source"]) for cell in handed_out["cells"]]
    for one in ONES:
        assert any(one.starter.strip() in source for source in sources), "the starter is still there"

    def right(student: str) -> dict[str, str]:
        return {f"ex-{join.dashed(one)}": solutions.cells(one, given(one, student))[0][0] for one in ONES}

    bert = {f"ex-{join.dashed(ONES[0])}": right("bert")[f"ex-{join.dashed(ONES[0])}"]}
    lost = filled(released, right("dora"))
    lost["cells"] = [c for c in lost["cells"] if not c["id"].endswith("-check")]  # the checks are deleted
    loop = {**right("emil"), "ex-02-3": "def is_valid_ack(*a):\n    while True:\n        pass\n"}
    friend = filled(released, right("anna"))  # (says that she is anna, too)
    for cell in friend["cells"]:
        cell["source"] = "".join(cell["source"]).replace("exercises.student()", 'exercises.student("anna")')
    submissions = {
        "anna": filled(released, right("anna")), "bert": filled(released, bert), "carl": handed_out,
        "dora": lost, "emil": filled(released, loop), "fred": friend,
        "gina": filled(released, right("anybody")),
    }  # fmt: skip
    for student, notebook in submissions.items():
        folder = course / "submitted" / student / "numbering"
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook), "utf-8")
    nbgrader(course, "autograde", "numbering", "--create", code=None)
    nbgrader(course, "generate_feedback", "numbering")
    nbgrader(course, "export")
    with (course / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: float(row["score"] or 0) for row in csv.DictReader(file)}
    full = sum(one.points for one in ONES)
    without = next(one.points for one in ONES if one.id == "02.3")
    values = sum(one.points for one in ONES if one.literal)
    assert 0 < values < full
    assert scores == {
        "anna": full, "bert": ONES[0].points, "carl": 0, "dora": full, "emil": full - without,
        "fred": full - values, "gina": full - values,
    }  # fmt: skip
    page = (course / "feedback" / "bert" / "numbering" / f"{NAME}.html").read_text("utf-8")
    assert "still to do" in page
    page = (course / "feedback" / "gina" / "numbering" / f"{NAME}.html").read_text("utf-8")
    assert "These are the values of" in page


def test_the_instructors_version_has_every_solution_and_wins_everything(tmp_path: Path) -> None:
    """It is generated from what is shipped and from the solutions of the tests; nothing stands twice."""
    join.main(["--instructor", str(tmp_path)])
    for path in sorted(tmp_path.glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
        for one in join.of_notebook(path):
            source = cells[f"{join.PREFIX}{join.dashed(one)}"]
            assert source.startswith("### BEGIN SOLUTION")
            assert source.endswith("### END SOLUTION")

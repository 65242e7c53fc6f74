"""Put the exercises into their notebooks: what is asked, the cell to fill in, and the cell that judges it.

    python tests/join.py              # into notebooks/*.ipynb; then: python tests/store.py notebooks/*.ipynb
    python tests/join.py --instructor FOLDER      # nbgrader's instructor version, with solutions
    python tests/join.py --issued NAME FOLDER     # with other numbers: `handshake grade --issued NAME`

What is asked stands once, in `handshake/exercises`; solutions stand once, in `tests/solutions`.  The cells
carry nbgrader's metadata.  Run again, it brings the cells up to date and touches nothing else.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import solutions  # noqa: E402

from handshake.exercises import EXERCISES, Exercise  # noqa: E402
from handshake.exercises.parameters import given  # noqa: E402
from handshake.grade.cells import cell_of, grade_id  # noqa: E402

NOTEBOOKS = HERE.parent / "notebooks"
PREFIX = "exercise-"
INTRODUCTION = """
## Exercises

Each judges itself, offline, as often as you like: run the cell below it. Say who you are first, once and for
the whole course, so that your numbers are your own: `exercises.student("your name")`. `exercises.progress()`
shows what you have won so far. Typical mistakes get an answer of their own.

What counts of an exercise, where it is marked, is its one cell: the functions, classes and constants in it,
and its imports from Python's own library. Loops and other statements at the top of the cell do not run there,
and helpers that stand in another cell are missing. If a cell comes to no end, the stop button ends it.
""".strip()

FIRST = """
from handshake import exercises

exercises.student()  # who you are; between the brackets goes your name, in quotation marks
""".strip()
ISSUED = """
from handshake import exercises

exercises.issued({name!r})
exercises.student()  # who you are; between the brackets goes your name, in quotation marks
""".strip()


def dashed(one: Exercise) -> str:
    """ "02-3" for 02.3."""
    return one.id.replace(".", "-")


def cells_for(one: Exercise, source: str) -> list[dict[str, Any]]:
    """The three cells of an exercise.   source: of the one to fill in."""
    names = ", ".join(one.names)
    text = f"### {one.id} {one.title} ({one.points} points)\n\n{one.statement.strip()}"
    return [
        _cell("markdown", f"{PREFIX}{dashed(one)}-text", text, None),
        _cell("code", f"{PREFIX}{dashed(one)}", source, _nbgrader(grade_id(one), solution=True)),
        _cell("code", f"{PREFIX}{dashed(one)}-check", f'exercises.points("{one.id}", {names})',
              _nbgrader(f"check-{dashed(one)}", points=one.points)),
    ]  # fmt: skip


def _nbgrader(id: str, *, solution: bool = False, points: int | None = None) -> dict[str, Any]:
    more = {} if points is None else {"points": points}
    found = {
        "grade": points is not None, "grade_id": id, "locked": points is not None, "schema_version": 3,
        "solution": solution, "task": False, **more,
    }  # fmt: skip
    return dict(sorted(found.items()))


def _cell(kind: str, id: str, source: str, nbgrader: dict[str, Any] | None) -> dict[str, Any]:
    lines = source.split("\n")
    cell: dict[str, Any] = {"cell_type": kind}
    if kind == "code":
        cell["execution_count"] = None
    cell |= {"id": id, "metadata": {"nbgrader": nbgrader} if nbgrader else {}}
    if kind == "code":
        cell["outputs"] = []
    cell["source"] = [f"{line}\n" for line in lines[:-1]] + [lines[-1]]
    return cell


def joined(
    notebook: dict[str, Any], ones: list[Exercise], instructor: bool = False, issued: str = ""
) -> dict[str, Any]:
    """A notebook with these exercises before its exit check."""
    stored = {cell["id"]: cell for cell in notebook["cells"]}
    cells = [cell for cell in notebook["cells"] if not cell["id"].startswith(PREFIX)]
    first = ISSUED.format(name=issued) if issued else FIRST
    made = [_cell("markdown", f"{PREFIX}first", INTRODUCTION, None),
            _cell("code", f"{PREFIX}import", first, None)]  # fmt: skip
    for one in ones:
        made += cells_for(one, _solved(one) if instructor else cell_of(one))
    for cell in made:  # what it showed is kept as long as it is the same
        old = stored.get(cell["id"])
        if old is not None and old.get("source") == cell["source"] and cell["cell_type"] == "code":
            cell["outputs"] = old["outputs"]
    place = next(
        (
            n
            for n, cell in enumerate(cells)
            if cell["cell_type"] == "markdown"
            and re.search(r"^## .*exit check", "".join(cell["source"]), re.IGNORECASE | re.MULTILINE)
        ),
        len(cells),
    )
    return {**notebook, "cells": cells[:place] + (made if ones else []) + cells[place:]}


def _solved(one: Exercise) -> str:
    right, _ = solutions.cells(one, given(one, "anybody"))
    return f"### BEGIN SOLUTION\n{right[0].strip()}\n### END SOLUTION"


def write(path: Path, notebook: dict[str, Any]) -> None:
    """A notebook as a file."""
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def of_notebook(path: Path) -> list[Exercise]:
    """The exercises of a notebook, by the number in its name."""
    return [one for one in EXERCISES.values() if one.id.split(".")[0] == path.name[:2]]


def main(arguments: list[str]) -> None:
    """Into all notebooks; or other versions of them into a folder."""
    instructor = arguments[:1] == ["--instructor"]
    issued = arguments[1] if arguments[:1] == ["--issued"] else ""
    folder = Path(arguments[-1]) if instructor or issued else None
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb")):
        notebook = joined(json.loads(path.read_text("utf-8")), of_notebook(path), instructor, issued)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        write((folder or NOTEBOOKS) / path.name, notebook)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Of a submission, the exercises' own cells.

A submission is somebody else's text.  Nothing of it runs here: it is read as JSON and as a syntax tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from handshake.errors import readable
from handshake.exercises import Exercise
from handshake.grade.definitions import definitions

NOTEBOOK_MOST = 32 << 20
"""A larger notebook is not read, in bytes."""

CELL_MOST = 200_000
"""A longer cell is not read, in characters."""

NOTEBOOKS_MOST = 60
"""So many notebooks of one student are read."""

FILES_MOST = 256 << 20
"""Of one student's notebooks so many bytes are read, outputs and all."""

CODE_MOST = 4 << 20
"""Of one student's cells so many characters are looked at."""


@dataclass(frozen=True)
class Cell:
    """A code cell.   notebook: the name of its file.   id: which exercise it says it is, or ""."""

    notebook: str
    id: str
    source: str


@dataclass(frozen=True)
class Submitted:
    """What a student has handed in.   cells: all code cells.   troubles: what could not be read, and why."""

    student: str
    cells: tuple[Cell, ...]
    troubles: tuple[str, ...]

    def said(self, function: str) -> tuple[str, ...]:
        """What the notebooks say in `exercises.student("...")`, or in another such call: each once."""
        call = re.compile(rf"""\bexercises\.{function}\(\s*(["'])([^"'\n]{{1,200}})\1\s*\)""")
        found = [match[2] for cell in self.cells for match in call.finditer(cell.source)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def defined(self) -> list[set[str]]:
        """What each cell defines at its top level."""
        return [_defined(cell.source) for cell in self.cells]


@dataclass(frozen=True)
class Answer:
    """An answer to an exercise.

    source: what is run, "" for nothing.   notes: on how it was found.   left_out: lines that do not run, why.
    """

    source: str
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read(folder: Path) -> Submitted:
    """The submission in a folder, which is called after its student; what is wrong with a file is said."""
    cells: list[Cell] = []
    troubles: list[str] = []
    paths = [path for path in folder.glob("*.ipynb") if path.is_file() and not path.is_symlink()]
    paths.sort(key=_age)
    if not paths:
        deeper = sum(1 for _ in folder.glob("*/*.ipynb"))
        more = f"; the {deeper} in folders within it are not read" if deeper else ""
        troubles.append(f"there is no notebook in the folder{more}")
    bytes_left, left = FILES_MOST, CODE_MOST
    for path in paths[:NOTEBOOKS_MOST]:
        try:
            bytes_left -= _size(path, bytes_left)
            for cell in _cells(path):
                left -= len(cell.source)
                if left < 0:
                    raise ValueError(f"more than {CODE_MOST} characters of code; the rest is passed over")
                cells.append(cell)
        except (OSError, ValueError, RecursionError) as error:
            troubles.append(f"{readable(path.name)} cannot be read: {readable(str(error)[:200])}")
    if len(paths) > NOTEBOOKS_MOST:
        troubles.append(f"{len(paths)} notebooks, of which {NOTEBOOKS_MOST} were read")
    return Submitted(readable(folder.name), tuple(cells), tuple(troubles))


def _age(path: Path) -> tuple[str, int, str]:
    """Copies after the first: "a.ipynb", "a (1).ipynb", "a (2).ipynb"."""
    match = re.fullmatch(r"(.*?) ?\((\d{1,6})\)", path.stem)
    return (match[1], int(match[2]), path.stem) if match else (path.stem, 0, path.stem)


def _size(path: Path, left: int) -> int:
    size = path.stat().st_size
    if size > min(NOTEBOOK_MOST, left):
        raise ValueError(
            f"it has {size} bytes; {NOTEBOOK_MOST} is the most for one, and {FILES_MOST} for all of a student"
        )
    return size


def _cells(path: Path) -> Iterator[Cell]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it is no notebook: it has no list of cells")
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            text = "".join(map(str, source)) if isinstance(source, list) else str(source)
            if len(text) <= CELL_MOST:
                yield Cell(path.name, _id(cell.get("metadata")), text)


def grade_id(exercise: Exercise) -> str:
    """What nbgrader calls the exercise's cell: "ex-02-3"."""
    return f"ex-{exercise.id.replace('.', '-')}"


def cell_of(exercise: Exercise) -> str:
    """The cell as it is handed out: the starter, and for an exercise with parameters to see, those."""
    shown = f'\nexercises.mine("{exercise.id}")' if exercise.shows else ""
    return exercise.starter.strip() + shown


def _id(metadata: Any) -> str:
    inside = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return str(inside.get("grade_id", "")) if isinstance(inside, dict) else ""


def answer(submitted: Submitted, exercise: Exercise) -> Answer:
    """A student's answer to an exercise.

    It is the last cell that carries the exercise's id and defines what is asked for; or those cells together;
    or else the last of any cells that defines it.  A cell as it was handed out does not count.
    """
    handed_out = {_squeezed(exercise.starter), _squeezed(cell_of(exercise))}
    wanted = set(exercise.names)
    changed = [
        (cell, names)
        for cell, names in zip(submitted.cells, submitted.defined, strict=True)
        if (cell.id == grade_id(exercise) or wanted <= names) and _squeezed(cell.source) not in handed_out
    ]
    named = [each for each in changed if each[0].id == grade_id(exercise)]
    there = any(cell.id == grade_id(exercise) for cell in submitted.cells)
    notes = []
    whole = [cell for cell, names in named if wanted <= names]
    elsewhere = [cell for cell, names in changed if wanted <= names and cell.id != grade_id(exercise)]
    if whole:
        source = whole[-1].source
        if len(whole) > 1:
            notes.append(f"there are {len(whole)} cells for it, and the last was taken")
    elif len(named) > 1 and wanted <= set().union(*(names for _, names in named)):
        source = "\n".join(cell.source for cell, _ in named)
        notes.append(
            f"it is in {len(named)} cells, which were taken together: lines are counted through them"
        )
    elif elsewhere:
        source = elsewhere[-1].source
        notes.append(
            "its own cell does not define what is asked for, and another one that does was taken"
            if there else "the cell has lost its mark, and was found by what it defines"
        )  # fmt: skip
    elif named:
        source = max(named, key=lambda each: len(each[1] & wanted))[0].source
    else:
        return Answer("", ("the cell is as it was handed out" if there else "the cell is missing",))
    try:
        found = definitions(source)
    except Exception as error:  # somebody else's text, whatever it may be
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        return Answer("", (*notes, f"the cell cannot be read: {line}{readable(words[:200])}"))
    if not found.text.strip():
        notes.append("nothing in the cell defines anything")
    return Answer(found.text, tuple(notes), found.left_out)


def _defined(source: str) -> set[str]:
    try:
        return set(definitions(source).names)
    except Exception:  # somebody else's text, whatever it may be
        return set()


def _squeezed(source: str) -> str:
    return "".join(source.split())

"""Of a submission, the exercises' own cells.

A submission is somebody else's text.  Nothing of it runs here: it is read as JSON and as a syntax tree.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

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
    paths = sorted(path for path in folder.glob("*.ipynb") if path.is_file() and not path.is_symlink())
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


def readable(text: str) -> str:
    """Text that can be shown anywhere: what is no letter, as a name of a file may have it, is written out."""
    whole = os.fsencode(text).decode("utf-8", "backslashreplace") if _has_halves(text) else text
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in whole)


def _has_halves(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)


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


def answer(submitted: Submitted, exercise: Exercise, given: Mapping[str, Any] | None = None) -> Answer:
    """A student's answer to an exercise.   given: what `exercises.mine(...)` in the cell stands for.

    It is the cell that carries the exercise's id; without one, a cell that defines what is asked for.  Of
    several the last that is not the cell as it was handed out.
    """
    named = [cell for cell in submitted.cells if cell.id == grade_id(exercise)]
    notes = []
    if not named:
        wanted = set(exercise.names)
        named = [
            cell for cell, names in zip(submitted.cells, submitted.defined, strict=True) if wanted <= names
        ]
        if named:
            notes.append("the cell has lost its mark, and was found by what it defines")
    handed_out = {_squeezed(exercise.starter), _squeezed(cell_of(exercise))}
    changed = [cell for cell in named if _squeezed(cell.source) not in handed_out]
    if not changed:
        return Answer("", ("the cell is missing",) if not named else ("the cell is as it was handed out",))
    if len(changed) > 1:
        notes.append(f"there are {len(changed)} cells for it, and the last was taken")
    try:
        found = definitions(changed[-1].source, exercise.id, given)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        return Answer("", (*notes, f"the cell cannot be read: {line}{readable(words[:200])}"))
    return Answer(found.text, tuple(notes), found.left_out)


def _defined(source: str) -> set[str]:
    try:
        return set(definitions(source).names)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _squeezed(source: str) -> str:
    return "".join(source.split())

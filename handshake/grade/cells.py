"""Of a submission, the exercises' own cells; and of a cell, what defines something.

A submission is somebody else's text.  Nothing of it runs here: it is read as JSON and as a syntax tree.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handshake.exercises import Exercise

NOTEBOOK_MOST = 32 << 20
"""A larger notebook is not read, in bytes."""

CELL_MOST = 200_000
"""A longer cell is not read, in characters."""

NOTEBOOKS_MOST = 60
"""So many notebooks of one student are read."""

MAKERS = frozenset((
    "bool", "bytearray", "bytes", "dict", "enumerate", "float", "frozenset", "int", "len", "list", "max",
    "min", "pow", "range", "reversed", "set", "sorted", "str", "sum", "tuple", "zip",
))  # fmt: skip
"""What the value of a constant may call, besides functions of modules that the cell imports."""


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


@dataclass(frozen=True)
class Answer:
    """An answer to an exercise.   source: what is run, "" for nothing.   notes: on how it was found."""

    source: str
    notes: tuple[str, ...] = ()


def read(folder: Path) -> Submitted:
    """The submission in a folder, which is called after its student; what is wrong with a file is said."""
    cells: list[Cell] = []
    troubles: list[str] = []
    paths = sorted(path for path in folder.glob("*.ipynb") if path.is_file() and not path.is_symlink())
    if not paths:
        troubles.append("there is no notebook in the folder")
    for path in paths[:NOTEBOOKS_MOST]:
        try:
            cells += _cells(path)
        except (OSError, ValueError, RecursionError) as error:
            troubles.append(f"{path.name} cannot be read: {str(error)[:200]}")
    if len(paths) > NOTEBOOKS_MOST:
        troubles.append(f"{len(paths)} notebooks, of which {NOTEBOOKS_MOST} were read")
    return Submitted(folder.name, tuple(cells), tuple(troubles))


def _cells(path: Path) -> Iterable[Cell]:
    if path.stat().st_size > NOTEBOOK_MOST:
        raise ValueError(f"it has {path.stat().st_size} bytes, and {NOTEBOOK_MOST} is the most")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it is no notebook: it has no list of cells")
    found = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            text = "".join(map(str, source)) if isinstance(source, list) else str(source)
            if len(text) <= CELL_MOST:
                found.append(Cell(path.name, _id(cell.get("metadata")), text))
    return found


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

    It is the cell that carries the exercise's id; without one, a cell that defines what is asked for.  Of
    several the last that is not the cell as it was handed out.
    """
    named = [cell for cell in submitted.cells if cell.id == grade_id(exercise)]
    notes = []
    if not named:
        named = [cell for cell in submitted.cells if _defines(cell.source, exercise.names)]
        if named:
            notes.append("the cell has lost its mark, and was found by what it defines")
    handed_out = {_squeezed(exercise.starter), _squeezed(cell_of(exercise))}
    changed = [cell for cell in named if _squeezed(cell.source) not in handed_out]
    if not changed:
        return Answer("", ("the cell is missing",) if not named else ("the cell is as it was handed out",))
    if len(changed) > 1:
        notes.append(f"there are {len(changed)} cells for it, and the last was taken")
    try:
        source = definitions(changed[-1].source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        return Answer("", (*notes, f"the cell cannot be read: {line}{str(error)[:200]}"))
    return Answer(source, tuple(notes))


def definitions(source: str) -> str:
    """Imports, functions, classes and constants of a cell, in their order, on their own lines.

    What else stands at its top level is left out: it does not run.  SyntaxError if it is no Python.
    """
    lines = source.replace("\r\n", "\n").split("\n")
    bare = "\n".join("" if line.startswith(("%", "!", "?")) else line for line in lines)
    tree = ast.parse(bare)
    modules = {
        (each.asname or each.name).split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for each in node.names
    }
    tree.body = [node for node in tree.body if _is_definition(node, modules)]
    # Every line keeps its number, so that what is said of line 7 is found in line 7.
    lines = bare.split("\n")
    kept = [""] * len(lines)
    for node in tree.body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        for number in range(first, (node.end_lineno or first) + 1):
            kept[number - 1] = lines[number - 1]
    text = "\n".join(kept)
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(tree)
    except SyntaxError:
        same = False
    return text if same else ast.unparse(tree)  # (two statements on one line, say)


def _is_definition(node: ast.stmt, modules: set[str]) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if isinstance(node, ast.Assign):
        return all(map(_is_name, node.targets)) and _is_constant(node.value, modules)
    if isinstance(node, ast.AnnAssign):
        return _is_name(node.target) and node.value is not None and _is_constant(node.value, modules)
    return False


def _is_name(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(map(_is_name, node.elts))
    return isinstance(node, ast.Name)


def _is_constant(node: ast.expr, modules: set[str]) -> bool:
    """Whether a value calls nothing but what makes values."""
    for each in ast.walk(node):
        if isinstance(each, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
        if isinstance(each, ast.Call):
            called = each.func
            of_module = (
                isinstance(called, ast.Attribute)
                and isinstance(called.value, ast.Name)
                and called.value.id in modules
            )
            method = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Constant)
            if not (isinstance(called, ast.Name) and called.id in MAKERS) and not of_module and not method:
                return False
    return True


def _defines(source: str, names: tuple[str, ...]) -> bool:
    """Whether a cell defines all these names at its top level."""
    try:
        body = ast.parse(definitions(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    found: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {
                each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)
            }
    return set(names) <= found


def _squeezed(source: str) -> str:
    return "".join(source.split())

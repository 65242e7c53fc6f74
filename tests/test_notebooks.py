"""The notebooks as files: what is stored in them, how long they are, and that nbval compares all of it.

nbval runs them, and compares every cell with its stored text: a cell that shows something and is stored bare
fails there, of which a test below makes sure.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import join
import nbformat
import pytest
import solutions
import store

from handshake.exercises import EXERCISES
from handshake.exercises.parameters import given

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MACHINE = re.compile(r"(?<![\w.])/(home|root|tmp|Users|usr|opt|var|mnt|srv)/|\b[A-Z]:\\")
CELLS, NAMES, LINES, MEDIAN = 40, 10, 20, 4

every_notebook = pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem) for path in NOTEBOOKS] or [pytest.param(None, marks=pytest.mark.skip)],
)


def cells(path: Path, kind: str = "code") -> list[Any]:
    """The cells of one kind."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


# ---- What is stored --------------------------------------------------------------------------------------


def stored_wrongly(notebook: dict[str, Any]) -> list[str]:
    """Everything in a notebook that is not plain text of the course."""
    found = []
    if set(notebook["metadata"]) - {"kernelspec", "language_info"}:
        found.append(f"metadata of the notebook: {sorted(notebook['metadata'])}")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        found.append("the kernel is not python3")
    for cell in notebook["cells"]:
        where = f"cell {cell['id']}"
        if set(cell["metadata"]) - {"tags", "nbgrader"}:
            found.append(f"{where}: metadata {sorted(cell['metadata'])}")
        if MACHINE.search("".join(cell["source"])):
            found.append(f"{where}: names a folder of some machine")
        if cell["cell_type"] != "code":
            continue
        if cell["execution_count"] is not None:
            found.append(f"{where}: an execution count")
        for output in cell["outputs"]:
            types = set(output.get("data", {"text/plain": ""}))
            if types != {"text/plain"}:
                found.append(f"{where}: stores {sorted(types)}")
            if output.get("execution_count") is not None:
                found.append(f"{where}: an execution count")
            if len(output.get("traceback", [])) > 1:
                found.append(f"{where}: a whole traceback")
            said = json.dumps(output, ensure_ascii=False)
            if MACHINE.search(said) or store.ADDRESS.search(said):
                found.append(f"{where}: shows a folder or an address of some machine")
    return found


@every_notebook
def test_only_text_is_stored(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    assert not stored_wrongly(notebook), "python tests/store.py notebooks/*.ipynb stores them well"
    nbformat.validate(notebook)


def shows_for_sure(source: str) -> bool:
    """Whether a cell shows something on every run: it prints, or ends in a value that is no call.

    What a call returns may be None, which shows nothing: that only a run can tell, and nbval runs them.
    """
    body = ast.parse(source).body
    calls = [
        node.value.func for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    if any(isinstance(call, ast.Name) and call.id in ("print", "display") for call in calls):
        return True
    last = body[-1] if body else None
    return isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call | ast.Await)


@every_notebook
def test_no_cell_that_shows_something_is_stored_bare(path: Path) -> None:
    for cell in cells(path):
        assert not cell.source.rstrip().endswith(";"), (
            f"{cell.id}: nbval sees what a semicolon hides; use _ ="
        )
        if not {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", ())):
            assert cell.outputs or not shows_for_sure(cell.source), f"cell {cell.id} is stored without output"


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        ("x = 1\nx", True),
        ("x = 1\nprint(x)\ny = 2", True),
        ("display(x); y = 2", True),
        ("x.y[0]", True),
        ("end.open()", False),
        ("x = print", False),
        ("# nothing", False),
    ],
)
def test_what_shows_for_sure(source: str, shows: bool) -> None:
    assert shows_for_sure(source) is shows


# ---- How long they are -----------------------------------------------------------------------------------


@every_notebook
def test_code_cells_are_short(path: Path) -> None:
    lengths = {
        cell.id: len(cell.source.splitlines()) for cell in cells(path) if not cell.id.startswith(join.PREFIX)
    }
    assert median(lengths.values()) <= MEDIAN
    assert {id: length for id, length in lengths.items() if length > LINES} == {}


@every_notebook
def test_what_is_over_forty_cells_is_in_an_appendix(path: Path) -> None:
    before = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and re.match(r"#+ .*\bAppendix\b", cell.source):
            break
        if not cell.id.startswith(join.PREFIX):  # (an exercise is worked on, not read through)
            before.append(cell.id)
    assert len(before) <= CELLS


@every_notebook
def test_the_exercises_are_in_their_notebook_as_they_are_handed_out(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    ones = join.of_notebook(path)
    assert join.joined(notebook, ones) == notebook, "python tests/join.py brings them up to date"
    filled = [cell for cell in notebook["cells"] if "### BEGIN SOLUTION" in "".join(cell["source"])]
    assert not filled, "what is shipped is the student's: no solution in it"


@every_notebook
def test_no_line_of_a_solution_is_in_what_is_handed_out(path: Path) -> None:
    """Nor in what its cells show: for values, the right ones of the student that nobody is."""
    text = json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
    ones = join.of_notebook(path)
    asked = "\n".join(f"{one.statement}\n{one.starter}\n{given(one, 'anybody')}" for one in ones)
    for one in ones:
        right, _ = solutions.cells(one, given(one, "anybody"))
        for cell in right:
            for line in map(str.strip, cell.splitlines()):
                said = json.dumps(line, ensure_ascii=False)[1:-1]
                if len(line) > 25 and line not in asked and repr(line)[1:-1] not in asked:
                    assert said not in text, (one.id, line)


def test_every_notebook_has_an_exercise_and_every_exercise_a_notebook() -> None:
    for path in NOTEBOOKS:
        assert join.of_notebook(path), path.name
    assert {id[:2] for id in EXERCISES} == {path.name[:2] for path in NOTEBOOKS}


@every_notebook
def test_few_names_are_imported(path: Path) -> None:
    names = set()
    for cell in cells(path):
        if cell.id.startswith(join.PREFIX):  # (all of them import the one name `exercises`)
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "handshake":
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "handshake"}
    assert len(names) <= NAMES
    assert not [name for name in names if name.endswith(".*")]


# ---- That nbval would notice, and that store.py stores well ----------------------------------------------


def written(path: Path, *cells: tuple[Any, ...]) -> Path:
    """A notebook of cells, each a source and its stored outputs."""
    made = [
        nbformat.v4.new_code_cell(source, id=f"cell-{number}", outputs=list(map(nbformat.from_dict, outputs)))
        for number, (source, *outputs) in enumerate(cells)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=store.METADATA), path)
    return path


def result(text: str) -> dict[str, Any]:
    """A stored value."""
    data = {"text/plain": text}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}


PICTURE = """
class Picture:
    def __repr__(self): return "its text twin"
    def _repr_mimebundle_(self, **_): return {"text/plain": repr(self), "text/html": f"<p>{id(self)}</p>"}
Picture()
"""


@pytest.mark.slow
def test_nbval_fails_what_is_stored_bare_or_wrong_and_nothing_else(tmp_path: Path) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    bad = [("print(1)",), ("1",), ("1", result("2")), ("_ = 1", result("1"))]
    good = [("1", result("1")), ("_ = 1",), (PICTURE, result("its text twin"))]
    written(tmp_path / "both.ipynb", *bad, *good)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--nbval", "--nbval-current-env", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    outcome = re.findall(r"^(PASSED|FAILED) both.ipynb::Cell (\d)", done.stdout, re.MULTILINE)
    words = [word for word, _ in sorted(outcome, key=lambda found: found[1])]
    assert words == ["FAILED"] * len(bad) + ["PASSED"] * len(good), done.stdout


def test_storing_keeps_text_ids_and_tags_and_drops_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path / "one.ipynb", ("print(1)\nprint(2)" + PICTURE,))
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"]["widgets"] = {}
    notebook["cells"][0]["metadata"] = {"tags": ["S17"], "collapsed": True}
    path.write_text(json.dumps(notebook), "utf-8")
    assert store.store(path) == []
    first = path.read_text("utf-8")
    (cell,) = json.loads(first)["cells"]
    assert (cell["id"], cell["metadata"], cell["execution_count"]) == ("cell-0", {"tags": ["S17"]}, None)
    shown = [output.get("text") or output["data"] for output in cell["outputs"]]
    assert shown == [["1\n", "2\n"], {"text/plain": ["its text twin"]}]
    assert not stored_wrongly(json.loads(first))
    assert store.store(path) == []
    assert path.read_text("utf-8") == first


@pytest.mark.parametrize(
    ("source", "complaint"),
    [("object()", "cell cell-0 shows a memory address"), ("1/0", "ZeroDivisionError: division by zero")],
)
def test_what_varies_or_fails_is_not_stored(tmp_path: Path, source: str, complaint: str) -> None:
    path = written(tmp_path / "one.ipynb", (source,))
    before = path.read_bytes()
    (said,) = store.store(path)
    assert complaint in said
    assert path.read_bytes() == before


def test_the_guard_sees_what_it_forbids(tmp_path: Path) -> None:
    path = written(tmp_path / "one.ipynb", ("open('/home/me/x')", result("<Thing at 0x7f0012345678>")))
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"] = {"widgets": {}}
    notebook["cells"][0] |= {"execution_count": 3, "metadata": {"scrolled": True}}
    notebook["cells"][0]["outputs"][0]["data"]["text/html"] = "<p>"
    assert len(stored_wrongly(notebook)) == 7

"""What of a cell is run where answers are marked, and what is said of the rest."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import solutions
from test_grade import SALTS, cell, write

from handshake.errors import readable
from handshake.exercises import EXERCISES
from handshake.exercises.parameters import given, issue
from handshake.grade import Limits, Salts, Task, marked
from handshake.grade.bench import Workshop
from handshake.grade.cells import CODE_MOST, grade_id, read
from handshake.grade.definitions import definitions

F = "def f(x):\n    return A + x\n"
KEPT = {
    "a plain value": "A = 1 << 31\n",
    "a value with a type": "A: int = 1 << 31\n",
    "a value from bytes": 'A = int.from_bytes(bytes.fromhex("80000000"), "big")\n',
    "a lambda": "g = lambda n: open(n)\nA = 1 << 31\n",
    "a lambda that is a key": "A = max([1, 1 << 31], key=lambda n: n)\n",
    "a module's function": "import math\nA = int(math.pow(2, 31))\n",
    "a name of a module": 'from struct import Struct\nS = Struct("!I")\nA = S.unpack(b"\\x80\\0\\0\\0")[0]\n',
    "a named tuple": 'from collections import namedtuple\nP = namedtuple("P", "x y")\nA = P(1 << 31, 0).x\n',
    "a helper's value": "def make(n):\n    return 1 << n\n\nA = make(31)\n",
    "a table": "T = {}\nT[7] = 31\nT |= {8: 1}\nA = T[8] << T[7]\n",
    "a sum that grows": "A = 1 << 30\nA += A\n",
    "several at once": "(A, *REST), TWO = [1 << 31, 2, 3], 2\n",
    "a loop inside a value": 'A = sum(int(each.strip()) for each in ("2147483647", " 1"))\n',
    "text by a method": 'A = int(" ".join(["2147483648"]).strip())\n',
    "an import that may fail": "try:\n    import numpy as n\nexcept ImportError:\n    n = 1\nA = 1 << 31\n",
    "a class with an attribute": "class C:\n    pass\n\nC.most = 31\nA = 1 << C.most\n",
    "two on a line": "A = 1 << 30; A = A * 2\n",
    "a prompt": "A = 1 << 31\n",
    "an empty line of a kind": "A: int\nA = 1 << 31\npass\n",
}


@pytest.mark.parametrize("name", KEPT)
def test_what_makes_a_constant_is_kept_on_its_line(name: str) -> None:
    source = KEPT[name] + F
    if name == "a prompt":
        source = "\n".join(f">>> {line}" for line in source.split("\n"))
    found = definitions(source)
    assert not found.left_out
    names: dict[str, object] = {}
    exec(found.text, names)
    assert names["f"](1) == (1 << 31) + 1  # type: ignore[operator]
    assert "f" in found.names
    if ";" not in source and ">>>" not in source:
        assert found.text.rstrip() == source.rstrip()


OUT = {
    "for n in range(3):\n    A = n\n": "only imports, functions, classes and constants run",
    "while True:\n    pass\n": "only imports, functions, classes and constants run",
    "with open('x') as f:\n    pass\n": "only imports",
    "T = {}\nT.update(a=1)\n": "only imports",
    "A = open('x', 'w')\n": "may call only what the cell imports or defines itself",
    "A = (lambda: open('x', 'w'))()\n": "may call only",
    "A = [lambda: open('x', 'w')][0]()\n": "may call only",
    "A = [open(n, 'w') for n in 'xy']\n": "may call only",
    "A = (lambda n=open('x', 'w'): n)\n": "may call only",
    "A = (B := 3)\n": "may call only",
    "import os\nos.environ['A'] = 'x'\n": "only imports",
    "import numpy as np\n": "there is no module numpy where answers are marked",
    "from os import path\nimport matplotlib.pyplot as plt\n": "there is no module matplotlib.pyplot",
    "print(m := [1])\n": "only imports",
    "from . import other\n": "there is no module .",
    "from math import *\nA = sqrt(4)\n": "may call only",
    "try:\n    import os\nexcept ImportError:\n    raise\n": "only imports",
    "del print\n": "only imports",
}


@pytest.mark.parametrize("source", OUT)
def test_what_is_left_out_is_named_with_its_line(source: str) -> None:
    found = definitions(source)
    assert any(OUT[source] in each for each in found.left_out), found.left_out
    assert all(each.startswith("line ") for each in found.left_out)
    assert "open('x', 'w')" not in found.text


@pytest.mark.parametrize("source", [
    "print(1)\n", "exercises.mine('02.3')\n", "f\n", '"""text"""\n',
    "if __name__ == '__main__':\n    print(1)\n", "%time f(1)\n", "!ls\n",
    "exercises.check('02.3', f)\n", "d['a'], d.b\n",
])  # fmt: skip
def test_what_only_shows_something_is_passed_over_in_silence(source: str) -> None:
    found = definitions(f"{source}def f():\n    pass\n")
    assert found.left_out == ()
    assert found.text == "\n" * source.count("\n") + "def f():\n    pass\n"


def test_not_more_than_some_lines_are_named() -> None:
    found = definitions("del a\n" * 300)
    assert len(found.left_out) == 5
    assert found.left_out[-1] == "296 more lines were left out"


VALUES = """
from handshake import exercises
m = exercises.mine("02.1")
SPACE = 1 << 32
c, s = m["the client begins with"] + 1, m["the server begins with"] + 1
def end(c=c):
    m = exercises.mine("02.1")
    return c + m["bytes from the client"]
numbers = {
    "seq of 3": c % SPACE, "ack of 3": s % SPACE, "seq of 5": s % SPACE, "ack of 5": end() % SPACE,
    "seq of 6": end() % SPACE, "ack of 6": (s + m["bytes from the server"]) % SPACE,
    "seq of 7": end() % SPACE, "ack of 8": (end() + 1) % SPACE,
}
"""


@pytest.mark.parametrize("asked", [
    "exercises.mine('02.1')", "exercises.mine(id='02.1')", "exercises.mine('02.1', student='anna')",
    "my('02.1')",
])  # fmt: skip
def test_values_may_be_worked_out_in_the_cell(asked: str, tmp_path: Path) -> None:
    one = EXERCISES["02.1"]
    text = VALUES.replace('exercises.mine("02.1")', asked)
    if asked.startswith("my"):
        text = f"from handshake.exercises import mine as my\n{text}"
    for salts in (SALTS, Salts(SALTS.secret, issue("autumn 2027"))):
        submitted = read(write(tmp_path / "anna", cell(grade_id(one), text)))
        mark = marked(Task.of(submitted, one), salts, Workshop(Limits()))
        assert mark.points == one.points, mark.told


def test_lines_that_are_missing_are_told_where_points_are_missing(tmp_path: Path) -> None:
    one = EXERCISES["02.3"]
    source = f"import numpy\n{solutions.of(one).RIGHT[0]}"
    for text, told in ((source, False), (source.replace('"new"', "numpy.new"), True)):
        task = Task.of(read(write(tmp_path / "anna", cell(grade_id(one), text))), one)
        mark = marked(task, SALTS, Workshop(Limits()))
        assert (mark.points < one.points) is told
        words = (
            "line 1 was left out: there is no module numpy where answers are marked, but only Python's own"
        )
        assert (("trouble", words) in mark.told) is told, mark.told


def test_values_of_nobody_are_told_to_be_that(tmp_path: Path) -> None:
    one, salts = EXERCISES["02.1"], Salts(SALTS.secret, issue("autumn 2027"))
    for student, salt, words in (
        ("anybody", salts.issued, "These are the values of 'anybody'"),
        ("anna", issue(""), "notebooks that nobody has issued"),
        ("bert", salts.issued, ""),
    ):
        right, _ = solutions.cells(one, given(one, student, salt))
        task = Task.of(read(write(tmp_path / "anna", cell(grade_id(one), right[0]))), one)
        mark = marked(task, salts, Workshop(Limits()))
        assert mark.points < one.points
        told = [said for kind, said in mark.told if kind == "trouble"]
        assert (words in told[0]) if words else not told


@pytest.mark.parametrize(("name", "reads"), [
    (b"anna", "anna"), ("zo\u00eb".encode(), "zo\u00eb"), (b"a\xffb", r"a\xffb"), (b"a\nb", r"a\x0ab"),
    (b"\x1b[2J", r"\x1b[2J"),
])  # fmt: skip
def test_names_can_be_shown_anywhere(name: bytes, reads: str) -> None:
    assert readable(os.fsdecode(name)) == reads
    reads.encode()


def test_a_name_is_the_same_however_it_was_typed() -> None:
    one = EXERCISES["02.1"]
    names = ["Zo\u00eb", "zo\u00eb ", "zoe\u0308", "ZOE\u0308"]
    assert len({repr(given(one, name)) for name in names}) == 1
    assert given(one, "zoe") != given(one, "zo\u00eb")


def test_too_much_is_not_read(tmp_path: Path) -> None:
    many = [cell("", f"x = {n}\n" + "#" * 190_000) for n in range(30)]
    submitted = read(write(tmp_path / "anna", *many))
    assert f"more than {CODE_MOST} characters of code" in submitted.troubles[0]
    assert sum(len(each.source) for each in submitted.cells) <= CODE_MOST


def test_notebooks_deeper_down_are_mentioned(tmp_path: Path) -> None:
    write(tmp_path / "anna" / "homework", cell("ex-02-3", "x = 1"))
    words = "there is no notebook in the folder; the 1 in folders within it are not read"
    assert read(tmp_path / "anna").troubles == (words,)
    if sys.platform != "win32":
        (tmp_path / "bert").mkdir()
        (tmp_path / "bert" / "of-anna.ipynb").symlink_to(tmp_path / "anna" / "homework" / "notebook.ipynb")
        assert not read(tmp_path / "bert").cells


HONEST = {
    "a dataclass": "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 1\n",
    "a line that fails": "frame = frames[0]\n",
    "a call that fails": "first = is_valid_ack(a, b, c)\n",
    "an import that is missing": "import numpy as np\nPI = np.pi\n",
    "the package": "from handshake import exercises, pki\nimport handshake\n",
    "a question": "is_valid_ack?\n",
    "a command": "out = !ls\n",
    "a cache": "from functools import cache\n@cache\ndef helper(n):\n    return n\n",
    "an enumeration": "from enum import Enum\nclass E(Enum):\n    A = 1\n",
    "a hint of something": "def other(x: Sequence[Nothing]) -> Nobody:\n    pass\n",
    "a check": "from handshake import exercises\nresult = exercises.check('02.3', None)\n",
}


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
def test_what_stands_beside_a_right_answer_costs_nothing(name: str, behind: bool, tmp_path: Path) -> None:
    one = EXERCISES["02.3"]
    right = solutions.of(one).RIGHT[0]
    text = f"{right}\n{HONEST[name]}" if behind else f"{HONEST[name]}\n{right}"
    task = Task.of(read(write(tmp_path / "anna", cell(grade_id(one), text))), one)
    assert marked(task, SALTS, Workshop(Limits())).points == one.points


def test_a_line_that_goes_on_is_not_cut() -> None:
    """Only what a notebook alone understands is taken out: not a "%" that stands in Python."""
    text = 'back = (7 - 3) \\\n% 4\nwords = """\n%time\n"""\n'
    assert definitions(text).text == text


def test_an_answer_in_two_cells_is_taken_together(tmp_path: Path) -> None:
    one = EXERCISES["05.3"]
    first, second = solutions.of(one).RIGHT[0].split("def send_all")
    cells = cell(grade_id(one), first), cell(grade_id(one), f"def send_all{second}")
    task = Task.of(read(write(tmp_path / "anna", *cells)), one)
    mark = marked(task, SALTS, Workshop(Limits()))
    assert mark.points == one.points
    assert "it is in 2 cells" in str(mark.told)


def test_of_several_copies_the_last_one_counts(tmp_path: Path) -> None:
    one = EXERCISES["02.3"]
    for n, (name, body) in enumerate({
        "a.ipynb": "x", "a (1).ipynb": "y", "a (10).ipynb": "new", "a (2).ipynb": "z",
    }.items()):  # fmt: skip
        text = f"def is_valid_ack(*a):\n    return {body!r}\n"
        write(tmp_path / "anna", cell(grade_id(one), text), name=name)
        assert n < 4
    assert "'new'" in Task.of(read(tmp_path / "anna"), one).source


PARTS = {
    ("02.4", "is_acceptable"): 1,  # only the lengths are left
    ("05.3", "recv_exact"): 2,
    ("05.3", "send_all"): 4,
    ("05.3", "recv_parts"): 5,
}


@pytest.mark.parametrize(("id", "name"), PARTS)
@pytest.mark.parametrize("how", ["missing", "unwritten", "endless"])
def test_what_is_missing_costs_its_own_points(id: str, name: str, how: str) -> None:
    one = EXERCISES[id]
    text = solutions.of(one).RIGHT[0]
    if how == "missing":
        text += f"del {name}\n"
    else:
        body = "raise NotImplementedError('yours')" if how == "unwritten" else "while True:\n        pass"
        text += f"def {name}(*a):\n    {body}\n"
    mark = marked(Task("anna", id, text, ()), SALTS, Workshop(Limits(seconds=0.8)))
    wanted = PARTS[id, name]
    if how == "endless":  # (what comes behind it is not judged, nor the last group before it)
        wanted = {"is_acceptable": 0, "recv_exact": 0, "send_all": 3, "recv_parts": 0}[name]
    assert mark.points == wanted, mark.told


def test_one_entry_that_is_odd_costs_no_other() -> None:
    one = EXERCISES["02.1"]
    right, _ = solutions.cells(one, given(one, "anna"))
    source = f"{right[0]}numbers['ack of 8'] = {{1, 2}}\n"
    mark = marked(Task("anna", "02.1", source, ()), SALTS, Workshop(Limits()))
    assert mark.points == 3
    assert any("a value of the type set" in words for _, words in mark.told)


def test_a_right_value_of_another_kind_is_told_to_be_that() -> None:
    one = EXERCISES["02.1"]
    right, _ = solutions.cells(one, given(one, "anna"))
    for wrap, words in (("float", "without quotation marks"), ("hex", "which is right, but str and not int")):
        source = f"{right[0]}numbers = {{name: {wrap}(each) for name, each in numbers.items()}}\n"
        mark = marked(Task("anna", "02.1", source, ()), SALTS, Workshop(Limits()))
        assert mark.points == 0
        assert words in str(mark.told), mark.told


def test_the_line_that_is_told_is_the_answers_own() -> None:
    source = "import ipaddress\ndef is_valid_ack(*a):\n\n    return ipaddress.ip_address('x')\n"
    mark = marked(Task("anna", "02.3", source, ()), SALTS, Workshop(Limits()))
    assert "ValueError in line 4: " in str(mark.told)


def test_a_cell_of_very_many_lines_is_read_in_a_moment() -> None:
    text = "".join(f"a{n}=1\n" for n in range(6_000))
    assert len(definitions(text).names) == 6_000
    text = "".join(f"a{n}=int(1)\n" for n in range(4_000))
    assert len(definitions(text).names) == 4_000

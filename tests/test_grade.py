"""The lecturer's run: a zoo of submissions that do what they should not, and a run that is ended halfway.

In every submission of the zoo the answer to one exercise is hostile, and the answer to another is right: the
right one keeps all its points.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import solutions

from handshake import cli
from handshake.errors import Refused
from handshake.exercises import EXERCISES
from handshake.exercises.parameters import PRACTICE, given
from handshake.grade import Limits, Mark, Run, Salts, Task, marked
from handshake.grade.bench import Workshop
from handshake.grade.cells import Submitted, answer, definitions, grade_id, read
from handshake.grade.journal import Journal

SALTS = Salts(b"the lecturer's secret salt", PRACTICE)
ONE, VALUES = EXERCISES["02.3"], EXERCISES["02.1"]
RIGHT = {id: solutions.of(EXERCISES[id]).RIGHT[0] for id in ("02.3", "05.4")}
SECONDS = 1.2


def cell(id: str, source: str) -> dict[str, Any]:
    metadata = {"nbgrader": {"grade_id": id, "grade": False, "solution": True}} if id else {}
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def write(folder: Path, *cells: dict[str, Any], name: str = "notebook.ipynb") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    notebook = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    """Where the processes of answers come from."""
    return Workshop(Limits(seconds=SECONDS))


CALLS = {
    "an endless loop": "while True:\n        pass",
    "a sleep": "import time\n    time.sleep(100)",
    "an exit": "import sys\n    sys.exit(0)",
    "an exit without a word": "import os\n    os._exit(0)",
    "an exit with a good code and a farewell": "import os\n    os.write(1, b'{}')\n    os._exit(0)",
    "a crash": "import ctypes\n    ctypes.string_at(0)",
    "a signal to itself": "import os\n    os.kill(os.getpid(), 9)",
    "a stop": "import os, signal\n    os.kill(os.getpid(), signal.SIGSTOP)",
    "a signal that is ignored": (
        "import signal\n    signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    while True:\n        pass"
    ),
    "a flood of output": "for _ in range(2000):\n        print('x' * 10000)\n    return 'new'",
    "a long answer": "return 'x' * (1 << 24)",
    "a memory bomb": "return [0] * (1 << 30)",
    "a growing list": "grown = []\n    while True:\n        grown.append(bytes(1 << 20))",
    "recursion": "return is_valid_ack(una, nxt, ack)",
    "equal to everything": "return type('Yes', (), {'__eq__': lambda a, b: True, '__hash__': lambda a: 1})()",
    "text that is equal to everything": "return type('Yes', (str,), {'__eq__': lambda a, b: True})('yes')",
    "nested lists": "found = []\n    for _ in range(100):\n        found = [found]\n    return found",
    "a list that holds itself": "found = []\n    found.append(found)\n    return found",
    "a huge number": "return 1 << 1000000",
    "not a number": "return float('nan')",
    "a generator": "yield 'new'",
    "an exception of its own": "raise type('Odd', (BaseException,), {'__str__': lambda e: 1 / 0})()",
    "a keyboard interrupt": "raise KeyboardInterrupt",
    "an exception with a long text": "raise ValueError('x' * (1 << 22))",
    "words to whoever listens": 'import os\n    [os.write(n, b\'{"value": "new"}\\n\') for n in range(3, 9)]',
    "noise to whoever listens": "import os\n    while True:\n        os.write(4, b'\\xff' * 65536)",
    "no ears": "import os\n    os.closerange(0, 100)\n    return 'new'",
    "a question": "return input()",
    "a fork": "import os\n    os.fork()\n    return 'new'",
    "a fork that lives on": (
        "import os\n    if os.fork() == 0:\n        os.setsid()\n        while True:\n            pass\n"
        "    return 'new'"
    ),
    "many threads": (
        "import threading\n    for _ in range(50):\n"
        "        threading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()\n"
        "    return 'x'"
    ),
    "a large file": "open('big', 'wb').write(bytes(1 << 28))\n    return 1",
    "many files": "kept = [open(f'f{n}', 'w') for n in range(999)]\n    return 1",
    "a patched json": 'import json\n    json.dumps = lambda *a, **k: \'{"value": "new"}\'\n    return 1',
    "a patched desk": "import desk\n    desk.plain = lambda *a: 'new'\n    return 'new'",
    "a debugger": "import sys\n    sys.settrace(lambda *a: 1 / 0)\n    return 'new'",
    "the package": "from handshake.exercises.e02_3 import expected\n    return expected(una, nxt, ack)",
    "another library": "import numpy\n    return 'new'",
}
"""What a function does when it is called."""

TOPS = {
    "an exit at the top": "import sys\nsys.exit(0)\n",
    "an endless class": "class A:\n    while True:\n        pass\n",
    "an endless default": "def f(x=[0 for _ in iter(int, 1)]):\n    pass\n",
    "a decorator that raises": "def d(f):\n    raise ValueError('no')\n@d\ndef f():\n    pass\n",
    "no Python": "def is_valid_ack(:\n",
    "a null byte": "x = 1\0\n",
    "half a letter": "x = '\udc80'\n",
    "brackets without end": "(" * 5000,
    "a missing module": "import no_such_module\n",
    "other names": "def something_else():\n    return 1\n",
    "a value in place of a function": "is_valid_ack = 'new'\n",
    "an import that is patched": "import builtins\nclass A:\n    builtins.__import__ = None\n",
}
"""What a cell does as it is read or run."""

ZOO = {
    **{name: f"def is_valid_ack(una, nxt, ack):\n    {body}\n" for name, body in CALLS.items()},
    **TOPS,
}


@pytest.mark.parametrize("name", ZOO)
def test_a_hostile_answer_costs_its_own_points_and_no_more(
    name: str, workshop: Workshop, tmp_path: Path
) -> None:
    right, _ = solutions.cells(VALUES, given(VALUES, "mallory", PRACTICE))
    folder = write(tmp_path / "mallory", cell(grade_id(ONE), ZOO[name]), cell(grade_id(VALUES), right[0]))
    submitted = read(folder)
    assert not submitted.troubles
    began = time.monotonic()
    bad = marked(Task.of(submitted, ONE), SALTS, workshop)
    assert time.monotonic() - began < 10 * SECONDS, "nothing hangs"
    good = marked(Task.of(submitted, VALUES), SALTS, workshop)
    assert good.points == VALUES.points
    assert bad.points <= ONE.points // 2, bad.told
    assert len(bad.told) >= 2, "something is said"
    assert all(len(words) < 2000 for _, words in bad.told)


@pytest.mark.slow
def test_what_a_process_leaves_behind_is_taken_away(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Children that have gone off into a session of their own are ended, and folders are gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = "for _ in range(1500):\n        os.mkdir('d')\n        os.chdir('d')\n"
    deep = f"import os\ndef is_valid_ack(*a):\n    {body}"
    marked(Task("mallory", "02.3", deep, ()), SALTS, workshop)
    assert not list(tmp_path.glob("handshake-answer-*"))
    source = (
        "import os\ndef is_valid_ack(*a):\n    if os.path.exists('left'):\n        return 'new'\n"
        "    open('left', 'w').write('x')\n"
        "    if os.fork() == 0:\n        os.setsid()\n        while True:\n            pass\n"
        "    return 'new'\n"
    )
    marked(Task("mallory", "02.3", source, ()), SALTS, workshop)
    assert not list(tmp_path.glob("handshake-answer-*"))
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            assert str(tmp_path).encode() + b"/handshake-answer" not in path.read_bytes()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")
def test_nothing_expected_is_in_reach_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks through what it can see, for the salt and for the values that are compared with."""
    monkeypatch.setenv("HANDSHAKE_SALT", SALTS.secret.decode())
    workshop = Workshop(Limits(seconds=30))
    secret = given(ONE, "mallory", SALTS.secret)
    wanted = [SALTS.secret, secret["_seed"]]  # (the numbers that it is asked with, it gets, of course)
    needles = [each[::-1].hex() for each in wanted]  # (as they would not be found in the answer itself)
    source = f"""
import gc, os, sys

NEEDLES = {needles!r}

def everything():
    yield "environment", repr(dict(os.environ)).encode()
    yield "arguments", repr(sys.orig_argv).encode()
    yield "modules", repr(sorted(sys.modules)).encode()
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_filename != "answer":  # (its own hold what it looks for)
            yield "frames", repr(frame.f_locals).encode()[:100000]
        frame = frame.f_back
    for each in gc.get_objects():
        if type(each) in (dict, list, tuple) and each is not NEEDLES and len(each) < 100:
            try:
                yield "objects", repr(each).encode()[:100000]
            except Exception:
                pass
    for root, _, files in os.walk("."):
        for name in files:
            yield "files", open(os.path.join(root, name), "rb").read()
    yield "environment of the parent", b"" if os.geteuid() == 0 else read(f"/proc/{{os.getppid()}}/environ")

def read(path):
    try:
        return open(path, "rb").read()
    except OSError:
        return b""

def is_valid_ack(una, nxt, ack):
    found = []
    for where, data in everything():
        for needle in NEEDLES:
            value = bytes.fromhex(needle)[::-1]
            if value in data or value.hex().encode() in data or repr(value).encode() in data:
                found.append(where)
    raise ValueError("found " + (", ".join(sorted(set(found))) or "nothing"))
"""
    mark = marked(Task("mallory", "02.3", source, ()), SALTS, workshop)
    words = " ".join(words for _, words in mark.told)
    assert "found nothing" in words, words


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no prctl")
def test_the_marking_process_lets_nobody_look_into_its_memory() -> None:
    code = (
        "import ctypes; from handshake.grade.bench import hide; hide(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_only_definitions_run(tmp_path: Path, workshop: Workshop) -> None:
    mark = tmp_path / "it-ran"
    source = (
        f"%matplotlib inline\n!touch {mark}\nimport os\nopen({str(mark)!r}, 'w').write('x')\n"
        f"LIMIT = 1 << 31\nX = os.path.join('a', 'b')\nprint('hello')\n{RIGHT['02.3']}"
        f"check('02.3', is_valid_ack)\nfor _ in range(3):\n    open({str(mark)!r}, 'w')\n"
        f"BAD = [open({str(mark)!r}, 'w') for _ in range(3)]\n"
    )
    kept = definitions(source).text
    assert "LIMIT = 1 << 31" in kept
    for gone in ("print(", "check(", "for _ in range(3):", "BAD", "touch"):
        assert gone not in kept
    assert kept.count("\n") == source.count("\n"), "every line keeps its number"
    assert marked(Task("anna", "02.3", kept, ()), SALTS, workshop).points == ONE.points
    assert not mark.exists()


@pytest.mark.parametrize(("cells", "points", "note"), [
    ([cell("ex-02-3", RIGHT["02.3"])], 8, ""),
    ([cell("ex-02-3", ONE.starter)], 0, "as it was handed out"),
    ([cell("ex-02-3", ONE.starter), cell("ex-02-3", RIGHT["02.3"])], 8, ""),
    ([cell("ex-02-3", RIGHT["02.3"]), cell("ex-02-3", ONE.starter)], 8, ""),
    ([cell("ex-02-3", "x = 1"), cell("ex-02-3", RIGHT["02.3"])], 8, ""),
    ([cell("ex-02-3", ZOO["a question"]), cell("ex-02-3", RIGHT["02.3"])], 8, "2 cells for it"),
    ([cell("ex-02-3", RIGHT["02.3"]), cell("ex-02-3", "print(is_valid_ack(1, 2, 3))")], 8, ""),
    ([cell("ex-02-3", RIGHT["02.3"]), cell("ex-02-3", "")], 8, ""),
    ([cell("ex-02-3", "print('hi')"), cell("", RIGHT["02.3"])], 8, "another one that does was taken"),
    ([cell("ex-02-3", ONE.starter), cell("", RIGHT["02.3"])], 8, "another one that does was taken"),
    ([cell("ex-02-3", f"# mine\n{ONE.starter}"), cell("", "x = 1")], 0, ""),
    ([cell("ex-02-3", "print('hi')")], 0, "nothing in the cell defines anything"),
    ([cell("ex-02-3", RIGHT["02.3"].replace("\n", "\r"))], 8, ""),
    ([cell("ex-02-3", RIGHT["02.3"].replace("\n", "\r\n"))], 8, ""),
    ([cell("ex-02-3", RIGHT["02.3"].replace("is_valid_ack", "is_valid_ak"))], 0, "but there is is_valid_ak"),
    ([cell("", RIGHT["02.3"])], 8, "lost its mark"),
    ([cell("ex-99-9", RIGHT["02.3"])], 8, "lost its mark"),
    ([cell("ex-05-4", RIGHT["05.4"])], 0, "missing"),
    ([], 0, "missing"),
    ([{"cell_type": "code"}, {"cell_type": "code", "metadata": None, "source": None}, 7], 0, "missing"),
])  # fmt: skip
def test_cells_that_were_deleted_edited_or_doubled(
    cells: list[Any], points: int, note: str, tmp_path: Path, workshop: Workshop
) -> None:
    submitted = read(write(tmp_path / "anna", *cells))
    mark = marked(Task.of(submitted, ONE), SALTS, workshop)
    assert mark.points == points
    assert note in " ".join(words for _, words in mark.told)


@pytest.mark.parametrize(("data", "words"), [
    (b"{broken", "cannot be read"), (b"[]", "no list of cells"), (b'{"cells": 7}', "no list of cells"),
    (b"\xff\xfe", "cannot be read"), (b"", "cannot be read"), (b"[" * 100_000, "cannot be read"),
])  # fmt: skip
def test_files_that_are_no_notebooks(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "bad.ipynb").write_bytes(data)
    write(tmp_path / "anna", cell("ex-02-3", RIGHT["02.3"]), name="good.ipynb")
    submitted = read(tmp_path / "anna")
    assert len(submitted.troubles) == 1
    assert words in submitted.troubles[0]
    assert answer(submitted, ONE).source


# ---- The whole run ---------------------------------------------------------------------------------------


def class_of(folder: Path, students: int = 6) -> Path:
    """Every other student is right; one has handed in nothing."""
    for n in range(students):
        one = given(VALUES, f"s{n}", PRACTICE)
        right, wrong = solutions.cells(VALUES, one)
        write(
            folder / f"s{n}",
            cell(grade_id(ONE), RIGHT["02.3"] if n % 2 else "def is_valid_ack(*a):\n    return 'new'\n"),
            cell(grade_id(VALUES), right[0] if n % 2 else str(wrong["forgot SYN"])),
        )
    (folder / "nobody").mkdir(parents=True)
    return folder


def run_of(folder: Path, **more: Any) -> Run:
    made = Run(folder / "in", folder / "grades.csv", SALTS, exercises=["02.1", "02.3"], **more)
    return made


def rows(path: Path) -> list[tuple[str, str, int]]:
    with path.open(newline="") as file:
        header, *found = list(csv.reader(file))
    assert header == ["student", "exercise", "points"]
    return [(student, id, int(points)) for student, id, points in found]


def test_a_run_marks_everybody_once(tmp_path: Path) -> None:
    class_of(tmp_path / "in")
    told: list[tuple[int, int]] = []
    made = run_of(tmp_path, pages=tmp_path / "pages")
    made.go(lambda done, of: told.append((done, of)))
    found = rows(tmp_path / "grades.csv")
    assert [(student, id) for student, id, _ in found] == [
        (student, id) for student in ["nobody", *(f"s{n}" for n in range(6))] for id in ("02.1", "02.3")
    ]
    for student, id, points in found:
        full = EXERCISES[id].points
        assert (points == full) is (student in ("s1", "s3", "s5")), (student, id, points)
        assert points <= full
        assert student != "nobody" or points == 0
    assert told[-1] == (14, 14)
    assert made.troubles == {"nobody": ("there is no notebook in the folder",)}
    page = (tmp_path / "pages" / "s0.html").read_text()
    assert "02.3 Is an acknowledgment valid?" in page
    assert "A SYN takes one number itself" in page
    assert not list(tmp_path.glob("*.journal"))


def test_the_salt_of_functions_is_secret_and_that_of_values_is_the_issued_one(
    tmp_path: Path, workshop: Workshop
) -> None:
    by_heart = given(ONE, "s1", PRACTICE)
    source = f"def is_valid_ack(una, nxt, ack):\n    return 'new' if una == {by_heart['_middle']} else 'x'\n"
    assert marked(Task("s1", "02.3", source, ()), SALTS, workshop).points == 0
    right, _ = solutions.cells(VALUES, given(VALUES, "s1", PRACTICE))
    assert marked(Task("s1", "02.1", right[0], ()), SALTS, workshop).points == VALUES.points
    other = Salts(SALTS.secret, b"another issue")
    assert marked(Task("s1", "02.1", right[0], ()), other, workshop).points < VALUES.points


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed as it works, with -9; then the marks that were there are not made again, and none is doubled."""
    class_of(tmp_path / "in", 12)
    command = [
        sys.executable, "-m", "handshake.cli", "grade", str(tmp_path / "in"),
        "-o", str(tmp_path / "grades.csv"), "--exercises", "02.1,02.3", "--workers", "1",
    ]  # fmt: skip
    environment = os.environ | {"HANDSHAKE_SALT": SALTS.secret.decode()}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / "grades.csv.journal"
    for _ in range(3000):
        if journal.exists() and journal.read_bytes().count(b'"student"') >= 3:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "grades.csv").exists()
    before, _ = Journal(tmp_path / "grades.csv", SALTS.secret).read()
    assert 3 <= len(before) < 26
    with journal.open("ab") as file:
        file.write(b'{"student": "s1", "exercise": "02.3", "poi')  # a line that was cut off
    counts: list[int] = []
    made = run_of(tmp_path)
    made.go(lambda done, of: counts.append(done))
    assert counts[0] == len(before)
    assert len(rows(tmp_path / "grades.csv")) == 26
    class_of(tmp_path / "again" / "in", 12)
    other = run_of(tmp_path / "again")
    other.go()
    assert rows(tmp_path / "grades.csv") == rows(tmp_path / "again" / "grades.csv")


def test_a_mark_of_another_answer_is_made_again(tmp_path: Path) -> None:
    class_of(tmp_path / "in", 2)
    made = run_of(tmp_path)
    journal = Journal(made.out, SALTS.secret)
    other = Task("s1", "02.3", "something else", ())
    with journal:
        journal.add(Mark("s1", "02.3", other.digest(SALTS, Limits()), 0, 8, (("head", "old"),)))
    made.go()
    assert ("s1", "02.3", 8) in rows(made.out)


@pytest.mark.parametrize(("arguments", "words"), [
    (["in", "-o", "grades.csv"], "HANDSHAKE_SALT"),
    (["nowhere", "-o", "grades.csv"], "there is no such folder"),
    (["empty", "-o", "grades.csv"], "there is no folder in it"),
    (["in", "-o", "in"], "it is a folder"),
    (["in", "-o", "grades.csv", "--exercises", "02.3,77.7"], "there is no such exercise"),
    (["in", "-o", "nowhere/grades.csv"], "cannot be written"),
])  # fmt: skip
def test_what_cannot_be_run_says_why_in_one_sentence(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    class_of(tmp_path / "in", 1)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDSHAKE_SALT", "short" if words == "HANDSHAKE_SALT" else SALTS.secret.decode())
    assert cli.main(["grade", *arguments]) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1


def test_the_command_tells_what_it_did_and_what_it_does_not_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class_of(tmp_path / "in", 2)
    monkeypatch.setenv("HANDSHAKE_SALT", SALTS.secret.decode())
    out = tmp_path / "grades.csv"
    assert cli.main(["grade", str(tmp_path / "in"), "-o", str(out), "--exercises", "02.3"]) == 0
    told = capsys.readouterr().out
    assert "3 marks of 3 students" in told
    assert "That is no sandbox" in told
    if os.geteuid() == 0:
        assert "Did not hold here: " in told
        assert "processes" in told


def test_a_run_without_a_cluster_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from handshake.grade import cluster

    monkeypatch.setattr(cluster, "PATIENCE", 1.0)

    class_of(tmp_path / "in", 1)
    with pytest.raises(Refused, match=r"no Dask scheduler answers there|Dask is missing"):
        list(cluster.over("tcp://127.0.0.1:1")([], SALTS, Limits()))


def test_submissions_are_read_and_never_run(tmp_path: Path) -> None:
    """Reading a folder runs nothing of it, whatever its notebooks say."""
    mark = tmp_path / "ran"
    folder = write(
        tmp_path / "mallory", cell("ex-02-3", f"import pathlib\npathlib.Path({str(mark)!r}).touch()")
    )
    submitted = read(folder)
    assert isinstance(submitted, Submitted)
    answer(submitted, ONE)
    assert not mark.exists()

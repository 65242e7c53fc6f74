"""The lecturer's run against answers that mean harm to the run itself, and against names that are no text."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import solutions
from test_grade import ONE, RIGHT, SALTS, cell, rows, run_of, write

from handshake import cli
from handshake.exercises import EXERCISES
from handshake.exercises.parameters import given, issue
from handshake.grade import Limits, Mark, Salts, Task, marked
from handshake.grade.bench import Workshop
from handshake.grade.cells import grade_id
from handshake.grade.journal import Journal
from handshake.grade.pages import file_name

KILLER = """
import json, os, signal

def is_valid_ack(una, nxt, ack):
    path = {journal!r}
    mark = {{"student": "mallory", "exercise": "02.3", "digest": {digest!r}, "points": 8, "of": 8,
            "told": [], "loose": [], "ended": False}}
    with open(path, "a") as file:
        for more in ({{}}, {{"seal": "0" * 64}}):
            form = {{"kind": "mark", "what": mark, **more}}
            file.write("\\n" + json.dumps(form) + "\\n")
    os.kill(os.getppid(), signal.SIGKILL)
    return "new"
"""


def grade(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "handshake.cli", "grade", str(folder / "in"), "-o", str(folder / "grades.csv"),
        "--exercises", "02.3", "--workers", "2", "--pages", str(folder / "pages"),
    ]  # fmt: skip
    environment = os.environ | {"HANDSHAKE_SALT": SALTS.secret.decode()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_an_answer_that_ends_the_run_and_writes_marks_gets_nothing(tmp_path: Path) -> None:
    """It is found out as it is run alone, named, and costs nobody else anything."""
    source = KILLER.format(journal=str(tmp_path / "grades.csv.journal"), digest="")
    for _ in range(
        3
    ):  # (the digest of what holds its own digest is nowhere near, but the last known is tried)
        task = Task("mallory", "02.3", source, ())
        digest = task.digest(SALTS, Limits())
        source = KILLER.format(journal=str(tmp_path / "grades.csv.journal"), digest=digest)
    write(tmp_path / "in" / "mallory", cell(grade_id(ONE), source))
    for student in ("anna", "lena", "zoe"):
        write(tmp_path / "in" / student, cell(grade_id(ONE), RIGHT["02.3"]))
    ends = [grade(tmp_path) for _ in range(4)]
    assert [each.returncode for each in ends] == [-9, -9, -9, 0], [each.stderr for each in ends]
    assert rows(tmp_path / "grades.csv") == [
        ("anna", "02.3", 8), ("lena", "02.3", 8), ("mallory", "02.3", 0), ("zoe", "02.3", 8)
    ]  # fmt: skip
    assert "mallory: 02.3 got no points, since the run ended 2 times" in ends[-1].stdout
    assert "has ended each time this answer was run" in (tmp_path / "pages" / "mallory.html").read_text()


def test_a_line_that_was_changed_is_passed_over(tmp_path: Path) -> None:
    out = tmp_path / "grades.csv"
    mark = Mark("anna", "02.3", "d", 1, 8, (("head", "words"),))
    with Journal(out, b"a secret") as journal:
        journal.begin("d")
        journal.begin("e", alone=True)
        journal.begin("e", alone=True)
        journal.add(mark)
    assert Journal(out, b"a secret").read() == ({("anna", "02.3"): mark}, {"e": 2})
    assert Journal(out, b"another").read() == ({}, {})
    path = tmp_path / "grades.csv.journal"
    whole = path.read_bytes()
    for n in range(len(whole)):  # every bit of it counts, but for those of the blank lines
        changed = whole[:n] + bytes([whole[n] ^ 4]) + whole[n + 1 :]
        path.write_bytes(changed)
        marks, begun = Journal(out, b"a secret").read()
        assert marks in ({}, {("anna", "02.3"): mark}), n
        assert set(begun) <= {"d", "e"}, n
    path.write_bytes(b"[" * 3_000_000 + b"\n" + whole)
    assert Journal(out, b"a secret").read()[0] == {("anna", "02.3"): mark}


def test_a_run_that_a_person_ended_runs_what_was_begun_first_and_alone(tmp_path: Path) -> None:
    for student in ("anna", "bert"):
        write(tmp_path / "in" / student, cell(grade_id(ONE), RIGHT["02.3"]))
    made = run_of(tmp_path)
    tasks = list(made._tasks(made._students(), ["02.3"]))
    with Journal(made.out, SALTS.secret) as journal:
        journal.begin(tasks[1].digest(SALTS, made.limits))
    seen: list[str] = []

    def nowhere(tasks, salts, limits):  # type: ignore[no-untyped-def]
        for task in tasks:
            seen.append(task.student)
            yield marked(task, salts, Workshop(limits))

    made.exercises, made.spread = ["02.3"], nowhere
    made.go()
    assert seen == ["anna"], "the other was not spread"
    assert rows(made.out) == [("anna", "02.3", 8), ("bert", "02.3", 8)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="file names are bytes")
def test_names_that_are_no_text_and_names_that_are_formulas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [b"=HYPERLINK(1)", b"@x", b"a\nb", b"a\xff", rb"a\xff", b"zo\xc3\xab", b"<b>", b"x" * 250]
    for name in names:
        folder = Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/" + name))
        write(folder, cell(grade_id(ONE), RIGHT["02.3"]))
        (folder / os.fsdecode(b"bad\xff\x1b.ipynb")).write_text("{")
    monkeypatch.setenv("HANDSHAKE_SALT", SALTS.secret.decode())
    out, pages = tmp_path / "grades.csv", tmp_path / "pages"
    arguments = ["grade", str(tmp_path / "in"), "-o", str(out), "--exercises", "02.3", "--pages", str(pages)]
    assert cli.main(arguments) == 0
    found = rows(out)
    assert all(points == 8 for _, _, points in found)
    assert sorted(student for student, _, _ in found) == sorted([
        "'=HYPERLINK(1)", "'@x", r"a\x0ab", r"a\xff", r"a\xff'", "zoë", "<b>", "x" * 250,
    ])  # fmt: skip
    told = capsys.readouterr().out
    assert r"bad\xff\x1b.ipynb cannot be read" in told
    assert "\x1b" not in told
    assert len(list(pages.glob("*.html"))) == len(names)
    with out.open(newline="") as file:
        assert all(row[0][:1] not in ("=", "@", "+", "-") for row in csv.reader(file))


# ---- A socket that stays with the judge ----------------------------------------------------------------


SEND = "def send_all(sock, data):\n    while data:\n        data = data[sock.send(data):]\n"
PARTS = "def recv_parts(sock, sizes):\n    return [recv_exact(sock, size) for size in sizes]\n"
SOCKETS = {
    "its attributes": "return b''.join(sock.gives)[:n]",
    "behind it": "return b''.join(sock._far.gives)[:n]",
    "everything there is": (
        "import gc\n    found = [e for e in gc.get_objects() if type(e) is list and e and "
        "all(type(p) is bytes for p in e)]\n    return max((b''.join(e)[:n] for e in found), key=len)"
    ),
    "calls with odd things": "return sock.recv('x' * n)",
    "calls of another": "sock._far.do('sent', n)",
    "calls past the end": "while True:\n        sock.recv(1)",
    "a word to the judge": "sock._far.answers.write(b'{\"socket\": 7}\\n')",
}


@pytest.mark.parametrize("name", SOCKETS)
def test_what_a_socket_gives_is_only_had_by_asking_it(name: str) -> None:
    source = f"def recv_exact(sock, n):\n    {SOCKETS[name]}\n{SEND}{PARTS}"
    mark = marked(Task("mallory", "05.3", source, ()), SALTS, Workshop(Limits(seconds=5)))
    assert mark.points <= 2, "sending may be right"
    assert any(kind == "bad" and "reading" in words for kind, words in mark.told), mark.told
    assert "could not be judged" not in str(mark.told)


def test_what_was_sent_is_what_the_judge_took() -> None:
    right = solutions.of(EXERCISES["05.3"]).RIGHT[0]
    for body in ("sock.sent = data", "sock._far.sent = data", "return data", "return len(data)"):
        source = right.replace("while data:\n        data = data[sock.send(data):]", body)
        assert source != right
        mark = marked(Task("mallory", "05.3", source, ()), SALTS, Workshop(Limits(seconds=5)))
        assert mark.points == 4, (body, mark.told)


def test_what_a_run_wrote_is_what_json_can_read(tmp_path: Path) -> None:
    with Journal(tmp_path / "grades.csv", b"a secret") as journal:
        journal.add(Mark("an\udcffna", "02.3", "d", 1, 8, (("head", "\udcff\n\0"),)))
    lines = [json.loads(line) for line in (tmp_path / "grades.csv.journal").read_text().split("\n") if line]
    assert [line["kind"] for line in lines] == ["mark"]


# ---- Who somebody is ---------------------------------------------------------------------------------------


def test_whose_values_they_are_is_told_where_names_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder counts; what the notebook says is told, and a list may say who a folder is."""
    one = EXERCISES["02.1"]
    right, _ = solutions.cells(one, given(one, "Gus", issue("Autumn 2027")))
    intro = cell(
        "", "from handshake import exercises\nexercises.issued('autumn 2027 ')\nexercises.student('Gus')"
    )
    write(tmp_path / "in" / "g.huber_12", intro, cell(grade_id(one), right[0]))
    (tmp_path / "in" / "loose.ipynb").write_text("{}")
    monkeypatch.setenv("HANDSHAKE_SALT", SALTS.secret.decode())
    (tmp_path / "names.csv").write_text("g.huber_12,gus\n")
    out = tmp_path / "grades.csv"
    command = ["grade", str(tmp_path / "in"), "-o", str(out), "--exercises", "02.1",
               "--pages", str(tmp_path / "pages"), "--issued"]  # fmt: skip
    for more, points, words in (
        (["AUTUMN 2027"], 0, ["says that it is of 'Gus'"]),
        (["spring", "--names", str(tmp_path / "names.csv")], 0, ["was issued as 'autumn 2027 '"]),
        (["autumn 2027", "--names", str(tmp_path / "names.csv")], 6, []),
    ):
        assert cli.main([*command, *more]) == 0
        assert rows(out) == [("g.huber_12", "02.1", points)]
        told = capsys.readouterr().out
        assert "1 notebooks lie beside the folders" in told
        assert all(each in told for each in words)
        assert ("judged for" in told) is bool(words)
        page = (tmp_path / "pages" / "g.huber_12.html").read_text()
        assert ("These are the values of &#x27;Gus&#x27;" in page) is (more == ["AUTUMN 2027"])
    for text, words in (("a,b,c\n", "a row is folder,student; got 'a,b,c'"), (None, "cannot be read")):
        if text:
            (tmp_path / "names.csv").write_text(text)
        else:
            (tmp_path / "names.csv").unlink()
        assert cli.main([*command, "x", "--names", str(tmp_path / "names.csv")]) == 2
        assert words in capsys.readouterr().err


def test_a_name_that_is_missing_is_said_to_be_elsewhere() -> None:
    source = "def is_valid_ack(una, nxt, ack):\n    return helper(una)\n"
    mark = marked(Task("anna", "02.3", source, ()), SALTS, Workshop(Limits()))
    assert any("what stands in another cell" in words for _, words in mark.told), mark.told


@pytest.mark.parametrize(("name", "file"), [
    ("Ben B\u00e4r", "Ben B\u00e4r"), ("\u674e\u96f7", "\u674e\u96f7"), ("a/b", "a%2Fb"),
    (".hidden", "%2Ehidden"), ("a%b", "a%25b"), ("..", "%2E."),
])  # fmt: skip
def test_pages_keep_the_letters_of_a_name(name: str, file: str) -> None:
    assert file_name(name) == file


def test_pages_of_long_names_differ() -> None:
    names = [file_name("\u674e" * 300 + tail) for tail in "ab"]
    assert names[0] != names[1]
    assert all(len(name.encode()) < 250 for name in names)


def test_a_person_who_ends_a_run_costs_nobody_anything(tmp_path: Path) -> None:
    """Ctrl-C is written down, so that a slow answer is not taken for one that ends runs."""
    right = RIGHT["02.3"]
    write(tmp_path / "in" / "slow", cell(grade_id(ONE), right))
    made = run_of(tmp_path)
    made.exercises = ["02.3"]

    def stopped(tasks, salts, limits):  # type: ignore[no-untyped-def]
        next(iter(tasks))
        raise KeyboardInterrupt
        yield

    made.spread = stopped
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            made.go()
        assert set(Journal(made.out, SALTS.secret).read()[1].values()) == {0}
        made._one_by_one = lambda suspects, journal: stopped(iter(suspects), 0, 0)  # type: ignore[method-assign]
    again = run_of(tmp_path)
    again.exercises = ["02.3"]
    again.go()
    assert rows(again.out) == [("slow", "02.3", 8)]


def test_lines_are_sealed_one_over_the_other(tmp_path: Path) -> None:
    """Neither twice nor without those before them do they count."""
    out = tmp_path / "grades.csv"
    path = tmp_path / "grades.csv.journal"
    marks = [Mark(name, "02.3", name, 1, 8, (("head", "words"),)) for name in "abc"]
    with Journal(out, b"a secret") as journal:
        journal.begin("x", alone=True)
        journal.add(marks[0])
    with Journal(out, b"a secret") as journal:  # (another run goes on behind it)
        journal.add(marks[1])
        journal.add(marks[2])
    lines = [line for line in path.read_text().split("\n") if line]
    assert len(Journal(out, b"a secret").read()[0]) == 3
    path.write_text("\n".join([lines[0]] * 5 + lines[1:]))
    assert Journal(out, b"a secret").read()[1] == {"x": 1}
    path.write_text("\n".join([lines[0], *lines[2:]]))
    assert Journal(out, b"a secret").read() == ({}, {"x": 1})
    path.write_text("\n".join([*lines[:2], lines[2][:40]]))
    assert list(Journal(out, b"a secret").read()[0]) == [("a", "02.3")]
    with Journal(out, b"a secret") as journal:  # behind a line that was cut off
        journal.add(marks[2])
    assert list(Journal(out, b"a secret").read()[0]) == [("a", "02.3"), ("c", "02.3")]


@pytest.mark.parametrize(("more", "words"), [
    (["--exercises", ","], "exercises with commas between them"), (["--seconds", "0"], "from 0.1 to 600"),
    (["--pages", "in/anna/notebook.ipynb"], "it is a file; --pages names a folder"),
    (["--workers", "0"], "a number from 1 to 256"),
])  # fmt: skip
def test_what_cannot_be_is_said_before_anything_is_marked(
    more: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write(tmp_path / "in" / "anna", cell(grade_id(ONE), RIGHT["02.3"]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDSHAKE_SALT", SALTS.secret.decode())
    command = ["grade", "in", "-o", "grades.csv", *more]
    if "--pages" in more:
        assert cli.main(command) == 2
    else:
        with pytest.raises(SystemExit, match="2"):
            cli.main(command)
    assert words in capsys.readouterr().err
    assert not (tmp_path / "grades.csv.journal").exists()


def test_exercises_that_are_named_twice_are_marked_once(tmp_path: Path) -> None:
    write(tmp_path / "in" / "anna", cell(grade_id(ONE), RIGHT["02.3"]))
    made = run_of(tmp_path)
    made.exercises = ["02.3", "02.3"]
    made.go()
    assert rows(made.out) == [("anna", "02.3", 8)]


def test_a_page_is_text_whatever_an_answer_says(tmp_path: Path) -> None:
    source = "def is_valid_ack(*a):\n    raise ValueError('<script>alert(1)</script>')\n"
    write(tmp_path / "in" / "<b>anna", cell(grade_id(ONE), source))
    (tmp_path / "in" / "<b>anna" / "<i>.ipynb").write_text("{")
    made = run_of(tmp_path, pages=tmp_path / "pages")
    made.go()
    (page,) = (tmp_path / "pages").glob("*.html")
    text = page.read_text()
    assert "&lt;script&gt;" in text
    assert "&lt;i&gt;" in text
    assert not any(each in text for each in ("<script>", "<b>anna", "<i>"))


@pytest.mark.parametrize("change", ["student", "secret", "limits", "source", "notes", "version", "name"])
def test_a_mark_depends_on_all_that_it_was_made_of(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest() -> str:
        task = Task(values["student"], "02.3", values["source"], (values["notes"],), called=values["name"])
        return task.digest(Salts(values["secret"].encode(), b""), Limits(seconds=float(values["limits"])))

    values = {"student": "a", "secret": "b", "limits": "1", "source": "c", "notes": "d", "name": "e"}
    before = digest()
    if change == "version":
        changed = {**EXERCISES, "02.3": replace(ONE, version=2)}
        monkeypatch.setattr("handshake.grade.marking.EXERCISES", changed)
    else:
        values[change] += "1"
    assert digest() != before

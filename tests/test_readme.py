"""What the README says is so: its example prints what it shows, and its tables list what there is."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
import readme_picture

from handshake import capture
from handshake.exercises import EXERCISES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def block(language: str) -> str:
    """The first fenced block in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_example_prints_what_is_shown() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block("python"), {})
    assert printed.getvalue() == block("text")


def test_the_picture_is_what_the_code_draws() -> None:
    shown = re.search(r"^!\[[^\]]+\]\(([^)]+)\)", README, re.MULTILINE)
    assert shown
    stored = (ROOT / shown[1]).read_text("utf-8")
    # Its words: the bytes of the lines are another matplotlib's.
    assert readme_picture.words(stored) == readme_picture.words(readme_picture.picture())


def test_every_room_is_described() -> None:
    rooms = re.findall(r"^\| `([a-z]+)(?:\.py|/)` \|", README, re.MULTILINE)
    there = {path.stem for path in (ROOT / "handshake").glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in (ROOT / "handshake").glob("*/__init__.py")}
    assert len(rooms) == len(set(rooms))
    assert set(rooms) == there


def test_the_exercises_are_counted() -> None:
    for page in ("README.md", "docs/lecturers.md"):
        text = (ROOT / page).read_text("utf-8")
        counted = re.search(r"(\d+)(?: so far| graded exercises)", text)
        assert counted, page
        assert int(counted[1]) == len(EXERCISES), page


def test_every_notebook_is_listed() -> None:
    listed = re.findall(r"^\| `(\d\d-[a-z-]+\.ipynb)` \|", README, re.MULTILINE)
    assert listed == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_each_command_is_one_line_after_its_mark() -> None:
    for mark in ("lab", "test"):
        assert re.search(rf"^<!-- {mark} command -->\n```sh\n[^\n]+\n```$", README, re.MULTILINE)


def test_the_lines_about_tls_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a recording in the place of the reader's own."""
    source = README.partition("## TLS, three ways")[2].partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    sample = capture.sample("t06")
    Path("mine.pcapng").write_bytes(sample.read_bytes())
    Path("keys.txt").write_text(sample.with_suffix(".keylog").read_text("utf-8"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(source, {})
    assert printed.getvalue().count("ServerHello") >= 2
    assert "hello, client" in printed.getvalue()

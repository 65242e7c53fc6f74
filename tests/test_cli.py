"""The command `handshake`: what it copies, what it leaves alone, what it says, and what it starts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from handshake import __version__, cli
from handshake.cli import MEMORY, Move, bring, plan, remember
from handshake.errors import Refused

ROOT = Path(__file__).parent.parent


# ---- Planning --------------------------------------------------------------------------------------------

# Hashes are letters here: a, b, c are the course's versions, x and y what a reader has made of them.
A, B, C, X, Y = "abcxy"
NAME, NEW = "03-opening.ipynb", "03-opening.new.ipynb"


@pytest.mark.parametrize(
    ("course", "folder", "remembered", "action"),
    [
        (A, {}, {}, "copy"),
        (A, {}, {NAME: A}, "copy"),  # deleted by the reader, to begin afresh
        (A, {NAME: A}, {}, None),
        (A, {NAME: A}, {NAME: A}, None),
        (B, {NAME: A}, {NAME: A}, "refresh"),
        (A, {NAME: X}, {NAME: A}, None),  # changed, and the course has nothing new
        (B, {NAME: X}, {NAME: A}, "beside"),
        (A, {NAME: X}, {}, "beside"),  # a file of that name that we never put there
        (C, {NAME: X, NEW: B}, {NAME: B, NEW: B}, "beside"),  # the last offer was not touched
        (C, {NAME: X, NEW: C}, {NAME: B, NEW: B}, "beside"),
        (C, {NAME: X, NEW: Y}, {NAME: B, NEW: B}, "wait"),
        (B, {NAME: B, NEW: Y}, {NAME: A}, None),
    ],
)
def test_a_plan(course: str, folder: dict[str, str], remembered: dict[str, str], action: str | None) -> None:
    moves = plan({NAME: course}, folder, remembered)
    assert [move.action for move in moves] == ([action] if action else [])


def test_a_plan_never_writes_over_what_the_reader_changed() -> None:
    versions = (None, A, B, X, Y)
    for there in versions:
        for place in versions:
            for last in versions:
                for offered in versions:
                    folder = {name: hash for name, hash in ((NAME, there), (NEW, place)) if hash}
                    remembered = {name: hash for name, hash in ((NAME, last), (NEW, offered)) if hash}
                    for move in plan({NAME: B}, folder, remembered):
                        if move.action != "wait":
                            assert folder.get(move.target) in (None, B, remembered.get(move.target))


def test_what_was_offered_once_is_not_offered_again() -> None:
    folder = {NAME: X}
    moves = plan({NAME: B}, folder, {NAME: A})
    assert moves == [Move("beside", NAME, NEW)]
    memory = remember({NAME: B}, {NAME: A}, moves)
    assert plan({NAME: B}, folder, memory) == []  # the reader has deleted the offer


def test_what_waits_is_offered_when_its_place_is_free() -> None:
    remembered = {NAME: B, NEW: B}
    moves = plan({NAME: C}, {NAME: X, NEW: Y}, remembered)
    assert moves == [Move("wait", NAME, NEW)]
    assert plan({NAME: C}, {NAME: X}, remember({NAME: C}, remembered, moves)) == [Move("beside", NAME, NEW)]


# ---- Copying ---------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """What an installed package brings."""
    folder = tmp_path / "packaged"
    (folder / "data").mkdir(parents=True)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "00-start.ipynb").write_text("never copied")
    (folder / "00-start.ipynb").write_text("start, version 1")
    (folder / "03-opening.ipynb").write_text("opening, version 1")
    (folder / "data" / "one.pcap").write_bytes(b"\xd4\xc3\xb2\xa1")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reader's folder, which is not there yet."""
    return tmp_path / "deep" / "my course"


def contents(folder: Path) -> dict[str, str]:
    """Every file but the memory, and what is in it."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MEMORY)
    return {path.relative_to(folder).as_posix(): path.read_text("latin-1") for path in files}


def test_the_first_time_everything_is_copied(course: Path, folder: Path) -> None:
    said = [str(move) for move in bring(course, folder)]
    assert said == ["00-start.ipynb: copied", "03-opening.ipynb: copied", "data/one.pcap: copied"]
    assert contents(folder) == {
        "00-start.ipynb": "start, version 1",
        "03-opening.ipynb": "opening, version 1",
        "data/one.pcap": "\xd4\xc3\xb2\xa1",
    }
    assert sorted(json.loads((folder / MEMORY).read_text())) == sorted(contents(folder))


def test_the_second_time_nothing_is(course: Path, folder: Path) -> None:
    bring(course, folder)
    before = (folder / MEMORY).stat().st_mtime_ns
    assert bring(course, folder) == []
    assert (folder / MEMORY).stat().st_mtime_ns == before


def test_a_later_version_refreshes_what_is_unchanged_and_keeps_the_rest(course: Path, folder: Path) -> None:
    bring(course, folder)
    (folder / "03-opening.ipynb").write_text("mine")
    (course / "00-start.ipynb").write_text("start, version 2")
    (course / "03-opening.ipynb").write_text("opening, version 2")
    assert [str(move) for move in bring(course, folder)] == [
        "00-start.ipynb: brought up to date",
        "03-opening.ipynb: kept, as you have changed it; the new one is 03-opening.new.ipynb",
    ]
    found = contents(folder)
    assert found["00-start.ipynb"] == "start, version 2"
    assert found["03-opening.ipynb"] == "mine"
    assert found["03-opening.new.ipynb"] == "opening, version 2"
    assert bring(course, folder) == []

    (folder / "03-opening.new.ipynb").write_text("mine too")
    (course / "03-opening.ipynb").write_text("opening, version 3")
    said = "03-opening.ipynb: kept, as you have changed it; 03-opening.new.ipynb too, so the newest one waits"
    for _ in "ab":  # it goes on waiting
        assert [str(move) for move in bring(course, folder)] == [said]
    assert contents(folder)["03-opening.ipynb"] == "mine"
    assert contents(folder)["03-opening.new.ipynb"] == "mine too"


@pytest.mark.parametrize("memory", ["", "{", "[]", '{"00-start.ipynb": 7}', "\xff"])
def test_without_a_memory_every_difference_is_kept(course: Path, folder: Path, memory: str) -> None:
    bring(course, folder)
    (folder / MEMORY).write_text(memory, "latin-1")
    (course / "00-start.ipynb").write_text("start, version 2")
    assert [move.action for move in bring(course, folder)] == ["beside"]
    assert contents(folder)["00-start.ipynb"] == "start, version 1"
    assert contents(folder)["00-start.new.ipynb"] == "start, version 2"


# ---- The command line ------------------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Nothing is started; the command lines are collected instead."""
    commands: list[list[str]] = []

    def run(command: list[str]) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(cli, "run", run)
    monkeypatch.setattr(cli.os, "geteuid", lambda: 1000, raising=False)
    return commands


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, course: Path, tmp_path: Path) -> Path:
    """As if the package were installed, and the reader in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setattr(cli, "notebooks", lambda: course)
    monkeypatch.chdir(here)
    return here


def test_an_installed_course_opens_a_copy(started: list[list[str]], installed: Path) -> None:
    assert cli.main(["lab"]) == 0
    folder = installed / "handshake-course"
    assert "00-start.ipynb" in contents(folder)
    assert started == [
        [
            sys.executable,
            "-P",
            "-m",
            "jupyterlab",
            f"--ServerApp.root_dir={folder}",
            "--LabApp.default_url=/lab/tree/00-start.ipynb",
        ]
    ]


def test_options_reach_jupyterlab(started: list[list[str]], installed: Path) -> None:
    arguments = ["lab", "my folder", "--no-browser", "--port", "8899", "--", "--debug", "--port=1"]
    assert cli.main(arguments) == 0
    command = started[0]
    assert command[4] == f"--ServerApp.root_dir={installed / 'my folder'}"
    assert command[6:] == ["--no-browser", "--port=8899", "--ServerApp.port_retries=0", "--debug", "--port=1"]


def test_each_copy_is_said_in_a_line(
    started: list[list[str]], installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["lab"])
    first = installed / "handshake-course" / "00-start.ipynb"
    assert capsys.readouterr().out.splitlines() == [
        "00-start.ipynb: copied",
        "03-opening.ipynb: copied",
        "data/one.pcap: copied",
        f"Opening {first} in JupyterLab; Ctrl-C ends it.",
    ]


def test_who_writes_the_course_opens_the_notebooks_themselves(started: list[list[str]]) -> None:
    source = cli.notebooks()
    assert source == ROOT / "notebooks"
    before = contents(source)
    assert cli.main(["lab", "--here"]) == cli.main(["lab", str(source)]) == 0
    assert started[0] == started[1]
    assert f"--ServerApp.root_dir={source}" in started[0]
    assert contents(source) == before


def test_a_reader_of_a_checkout_gets_a_copy(
    started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = contents(ROOT / "notebooks")
    assert cli.main(["lab"]) == 0
    assert sorted(contents(tmp_path / "handshake-course")) == cli.files_of(ROOT / "notebooks")
    assert contents(ROOT / "notebooks") == before


def test_a_copy_tells_no_answer(course: Path, folder: Path) -> None:
    """What the cells show is there for the tests to compare, and would be read before the bet."""
    shown = {"output_type": "stream", "name": "stdout", "text": ["the answer\n"]}
    cells = [
        {"cell_type": "code", "source": ["print(1)"], "outputs": [shown], "execution_count": 1},
        {"cell_type": "markdown", "source": ["Zahlen: eins, \u4e8c"]},
    ]
    (course / "04-told.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}), "utf-8")
    bring(course, folder)
    copied = json.loads((folder / "04-told.ipynb").read_text("utf-8"))
    assert copied["cells"][0] == {**cells[0], "outputs": [], "execution_count": None}
    assert copied["cells"][1] == cells[1]
    assert bring(course, folder) == []


def test_a_folder_and_here_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lab", "there", "--here"]) == 2
    assert "either a FOLDER" in capsys.readouterr().err


def test_root_is_let_in_and_names_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.os, "geteuid", lambda: 0, raising=False)
    command = cli.lab_command(Path("x"), "00 a#b.ipynb", True, None, [])
    assert command[-2:] == ["--LabApp.default_url=/lab/tree/00%20a%23b.ipynb", "--allow-root"]
    assert cli.lab_command(Path("x"), None, True, None, [])[5:] == ["--allow-root"]


# ---- What it complains about -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "handshake: the following arguments are required: COMMAND (see handshake --help)"),
        (["lob"], "handshake: argument COMMAND: invalid choice: 'lob'"),
        (["lab", "--port", "0"], "argument --port: a port is a number from 1 to 65535, not '0'"),
        (["lab", "--port", "65536"], "argument --port: a port is a number from 1 to 65535, not '65536'"),
        (["lab", "--port", "-1"], "handshake lab: argument --port"),
        (["lab", "--port", "http"], "not 'http' (see handshake lab --help)"),
        (["lab", "--port", "٣"], "not '٣'"),
        (["lab", "one", "two"], "unrecognized arguments: two"),
        (["lab", "--debug"], "unrecognized arguments: --debug"),
    ],
)
def test_a_wrong_call(
    arguments: list[str], complaint: str, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        cli.main(arguments)
    said = capsys.readouterr().err
    assert exit.value.code == 2
    assert complaint in said
    assert said.count("\n") == 1
    assert not started


def complaint_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that is said when the call is refused."""
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said.strip()


def test_a_folder_that_is_a_file(
    started: list[list[str]], installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installed / "notes").write_text("mine")
    said = complaint_of(["lab", "notes"], capsys)
    assert said == f"handshake lab: {installed / 'notes'} is a file, not a folder"
    assert (installed / "notes").read_text() == "mine"
    said = complaint_of(["lab", "notes/course"], capsys)
    assert said == f"handshake lab: cannot use the folder {installed / 'notes' / 'course'}: Not a directory"
    assert not started


def test_a_folder_that_cannot_be_written(
    started: list[list[str]],
    installed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def write_bytes(path: Path, data: bytes) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)  # modes of files mean nothing to root
    said = complaint_of(["lab", "locked"], capsys)
    assert said == f"handshake lab: cannot use the folder {installed / 'locked'}: Permission denied"
    assert not started


def test_jupyterlab_may_be_missing(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    said = complaint_of(["lab"], capsys)
    assert said == "handshake lab: JupyterLab is missing; python -m pip install jupyterlab brings it"
    assert not started


def test_a_package_without_notebooks_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "handshake" / "cli.py"))
    (tmp_path / "notebooks").mkdir()  # somebody else's: there is no pyproject.toml beside it
    with pytest.raises(Refused, match="no notebooks"):
        cli.notebooks()
    (tmp_path / "handshake" / "notebooks").mkdir(parents=True)
    assert cli.notebooks() == (tmp_path / "handshake" / "notebooks").resolve()


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for argument in ("--version", "--help"):
        with pytest.raises(SystemExit) as exit:
            cli.main([argument])
        assert exit.value.code == 0
    assert capsys.readouterr().out.startswith(f"handshake {__version__}\nusage: handshake")


def test_it_needs_only_the_standard_library_to_complain() -> None:
    code = (
        "import sys; sys.modules['jupyterlab'] = None\n"
        "from handshake import cli\n"
        "assert not {'ssl', 'matplotlib', 'ipywidgets', 'jupyter_server'} & set(sys.modules)\n"
        "cli.importlib.util.find_spec = lambda name: None\n"
        "sys.exit(cli.main(['lab']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("handshake lab: JupyterLab is missing")


# ---- For real --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `handshake` of a wheel, installed apart from this checkout; libraries are borrowed."""
    folder = tmp_path_factory.mktemp("wheel")
    quiet = ["-q", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "wheel", *quiet, "--no-deps", "-w", folder, ROOT], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    # A path in a .pth file lends the libraries, but not the checkout, which is itself such a line.
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    wheel = next(folder.glob("handshake-*.whl"))
    subprocess.run([*pip, "--python", python, "install", *quiet, "--no-deps", wheel], check=True)
    return folder / "venv" / "bin" / "handshake"


def answers(port: int) -> bool:
    """Whether a Jupyter server answers there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5) as reply:
            return "version" in json.load(reply)
    except (urllib.error.URLError, ConnectionError):
        return False


def wait_for_answer(process: subprocess.Popen[str], port: int, patience: float = 60.0) -> None:
    """Come back when a Jupyter server answers."""
    end = time.monotonic() + patience
    while not answers(port):
        assert process.poll() is None, "it ended before it answered"
        assert time.monotonic() < end, f"no answer in {patience} s"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="looks into a virtual environment as POSIX lays it out")
def test_the_installed_command_opens_jupyterlab(installed_command: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "home").mkdir()
    environment = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    command = [installed_command, "lab", "course", "--no-browser", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True
        )
        try:
            wait_for_answer(process, port)
        finally:
            process.terminate()
            process.wait(timeout=30)
    log_text = (tmp_path / "log").read_text()
    names = cli.files_of(ROOT / "notebooks")
    assert sorted(contents(tmp_path / "course")) == names, log_text
    assert "Opening" in log_text
    assert not answers(port)  # the command was JupyterLab itself: nothing is left running

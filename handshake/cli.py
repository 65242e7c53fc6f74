"""The command `handshake`: open the course (`lab`), explain a capture (`explain`), mark (`grade`).

``handshake lab`` copies the notebooks into a folder of the reader's, and opens JupyterLab there.  It never
copies over a notebook that the reader has changed: what was copied is remembered by its hash, in a small file
in that folder.  The copies are without the outputs that the tests compare, lest they tell an answer before
the bet.  Who writes the course opens the notebooks of the checkout themselves, with ``--here``.

Reading the folders and writing the copies is done at the edges; in between, `plan` decides from three tables
of hashes what is to be done, and touches nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple, NoReturn
from urllib.parse import quote

from handshake import __version__
from handshake.diagnose import command as explaining
from handshake.errors import Refused
from handshake.grade import command

FOLDER = "handshake-course"
"""Where the course is copied to, if the reader names no folder."""

MEMORY = ".handshake-course.json"
"""The file that remembers what was copied: {name: hash}."""

Hashes = Mapping[str, str]


# ---- Deciding: no file is read or written here -----------------------------------------------------------


class Move(NamedTuple):
    """What happens to one notebook.

    action: "copy" a new one; "refresh" one that the reader has not changed; put the new one "beside" one that
    the reader has changed; or "wait", as the reader has changed the one beside it too.
    name: the course's name for it.   target: the file in the reader's folder.
    """

    action: Literal["copy", "refresh", "beside", "wait"]
    name: str
    target: str

    def __str__(self) -> str:
        return {
            "copy": f"{self.name}: copied",
            "refresh": f"{self.name}: brought up to date",
            "beside": f"{self.name}: kept, as you have changed it; the new one is {self.target}",
            "wait": f"{self.name}: kept, as you have changed it; {self.target} too, so the newest one waits",
        }[self.action]


def plan(course: Hashes, folder: Hashes, remembered: Hashes) -> list[Move]:
    """What to do so that the folder has the course and the reader loses nothing.

    course: what the package brings.   folder: what is there now.   remembered: what was last put there.
    """
    moves = []
    for name, new in sorted(course.items()):
        there, place = folder.get(name), beside(name)
        if there is None:
            moves.append(Move("copy", name, name))
        elif there == new or new == remembered.get(name):
            continue  # nothing new to offer, whether the reader has changed it or not
        elif there == remembered.get(name):
            moves.append(Move("refresh", name, name))
        elif folder.get(place) in (None, new, remembered.get(place)):
            moves.append(Move("beside", name, place))
        else:
            moves.append(Move("wait", name, place))
    return moves


def beside(name: str) -> str:
    """Where the new one goes if the reader has changed the old one: 03-opening.new.ipynb."""
    path = PurePosixPath(name)
    return str(path.with_suffix(f".new{path.suffix}"))


def remember(course: Hashes, remembered: Hashes, moves: Sequence[Move]) -> dict[str, str]:
    """The memory after the moves.  What waits is not remembered, so that it is offered again."""
    waiting = {move.name for move in moves if move.action == "wait"}
    offered = {name: hash for name, hash in course.items() if name not in waiting}
    return {**remembered, **offered, **{m.target: course[m.name] for m in moves if m.action == "beside"}}


def lab_command(
    folder: Path, first: str | None, browser: bool, port: int | None, extra: Sequence[str]
) -> list[str]:
    """The command line that starts JupyterLab in a folder, at its first notebook."""
    # -P: a file of the reader's called ssl.py, say, must not be taken for the library's.
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    if first is not None:
        command.append(f"--LabApp.default_url=/lab/tree/{quote(first)}")
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command += [f"--port={port}", "--ServerApp.port_retries=0"]  # this port or none
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container one is often root; it listens here only
        command.append("--allow-root")
    return [*command, *extra]


# ---- Reading and writing ---------------------------------------------------------------------------------


def files_of(folder: Path) -> list[str]:
    """The course in a folder, sorted, as names with slashes: not what is hidden, nor what a run has saved."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        name.as_posix()
        for name in names
        if name.suffix != ".pcapng" and not any(part.startswith(".") for part in name.parts)
    )


def not_yet_run(file: Path) -> bytes:
    """A file of the course as the reader gets it: a notebook without what its cells show when run."""
    data = file.read_bytes()
    if file.suffix != ".ipynb":
        return data
    try:
        notebook = json.loads(data)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
    except (ValueError, LookupError, TypeError):
        return data  # no notebook that we understand: as it is
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def hash_of(data: bytes) -> str:
    """What a file is remembered by."""
    return hashlib.sha256(data).hexdigest()


def hashes_of(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The hash of each of these files that is there."""
    there = [name for name in names if (folder / name).exists()]
    return {name: hash_of((folder / name).read_bytes()) for name in there}


def recall(folder: Path) -> dict[str, str]:
    """What was last copied there; nothing, if the memory cannot be read: then every difference is kept."""
    try:
        found = json.loads((folder / MEMORY).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(hash) for name, hash in found.items()} if isinstance(found, dict) else {}


def bring(source: Path, folder: Path) -> list[Move]:
    """Copy the course into a folder, which is made if need be; what was done."""
    folder.mkdir(parents=True, exist_ok=True)
    names = files_of(source)
    fresh = {name: not_yet_run(source / name) for name in names}
    course = {name: hash_of(data) for name, data in fresh.items()}
    remembered = recall(folder)
    moves = plan(course, hashes_of(folder, [*names, *map(beside, names)]), remembered)
    for move in moves:
        if move.action != "wait":
            target = folder / move.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(fresh[move.name])
    after = remember(course, remembered, moves)
    if after != remembered:
        (folder / MEMORY).write_text(json.dumps(after, indent=1, sort_keys=True) + "\n", "utf-8")
    return moves


def notebooks() -> Path:
    """Where the notebooks are: in a source checkout, or in the installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent
    if (checkout / "notebooks").is_dir() and (checkout / "pyproject.toml").is_file():
        return checkout / "notebooks"
    if (package / "notebooks").is_dir():
        return package / "notebooks"
    raise Refused("handshake lab", "this installation has no notebooks")


# ---- The command -----------------------------------------------------------------------------------------


def lab(folder: Path | None, here: bool, browser: bool, port: int | None, extra: Sequence[str]) -> int:
    """Open the course; does not come back until JupyterLab ends."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise Refused("handshake lab", "JupyterLab is missing; python -m pip install jupyterlab brings it")
    source = notebooks()
    folder = source if here else (folder or Path(FOLDER)).resolve()
    if folder.exists() and not folder.is_dir():
        raise Refused("handshake lab", f"{folder} is a file, not a folder")
    if folder != source:
        try:
            moves = bring(source, folder)
        except OSError as error:
            raise Refused("handshake lab", f"cannot use the folder {folder}: {error.strerror}") from error
        for move in moves:
            print(move)
    first = next((path.name for path in sorted(source.glob("*.ipynb"))), None)
    print(f"Opening {folder / first if first else folder} in JupyterLab; Ctrl-C ends it.", flush=True)
    return run(lab_command(folder, first, browser, port, extra))


def run(command: list[str]) -> int:
    """Become that command; on Windows, where this is not to be had, wait for it."""
    if os.name == "posix":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it reaches JupyterLab too, which asks whether it is meant
            continue


class Parser(argparse.ArgumentParser):
    """Complains in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def port_number(text: str) -> int:
    """A port to listen on."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def parser() -> Parser:
    """The commands and their options."""
    top = Parser(prog="handshake", description="A notebook course on TCP and TLS handshakes.")
    top.add_argument("--version", action="version", version=f"handshake {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    one = commands.add_parser(
        "lab",
        help="open the course in JupyterLab",
        usage="handshake lab [FOLDER | --here] [--no-browser] [--port N] [-- JUPYTERLAB OPTIONS]",
        description="Open the course in JupyterLab.  Notebooks that you have changed are never overwritten.",
    )
    one.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help=f"copy the notebooks there and open them (default: ./{FOLDER})",
    )
    one.add_argument(
        "--here", action="store_true", help="open the course's own notebooks, for who writes the course"
    )
    one.add_argument("--no-browser", action="store_true", help="only print the address")
    one.add_argument("--port", type=port_number, metavar="N", help="listen on this port")
    explaining.add_parser(commands)
    command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    cut = given.index("--") if "--" in given else len(given)
    options = parser().parse_args(given[:cut])
    try:
        if options.command == "explain":
            return explaining.explain(options)
        if options.command == "grade":
            return command.grade(options, os.environ)
        if options.here and options.folder:
            raise Refused("handshake lab", "either a FOLDER to copy to, or --here, which copies nothing")
        browser = not options.no_browser
        return lab(options.folder, options.here, browser, options.port, given[cut + 1 :])
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

"""The command `handshake grade`: mark what was handed in."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handshake.errors import Refused, readable
from handshake.exercises.parameters import issue
from handshake.grade.bench import Limits
from handshake.grade.marking import Salts
from handshake.grade.running import ALONE_MOST, Run, Spread

SALT = "HANDSHAKE_SALT"
"""The variable with the lecturer's secret salt."""

SALT_LEAST = 16
"""A shorter salt can be guessed."""

ISOLATION = (
    "Each answer ran in a process of its own, with limits, and without the package. That is no sandbox: an "
    "answer may do to this machine whatever this account may do."
)


def add_parser(commands: Any) -> None:
    """Add the command to those of `handshake`."""
    one = commands.add_parser(
        "grade",
        help="mark what was handed in",
        usage="HANDSHAKE_SALT=... handshake grade SUBMISSIONS -o grades.csv [--pages FOLDER] [...]",
        description=(
            "Mark the exercises of every student: SUBMISSIONS/STUDENT/*.ipynb.  Writes a CSV with the rows "
            "student,exercise,points.  A run that was ended goes on where it was.  " + ISOLATION
        ),
    )
    one.add_argument("submissions", type=Path, metavar="SUBMISSIONS")
    one.add_argument("-o", "--out", type=Path, required=True, metavar="CSV", help="the file of marks")
    one.add_argument("--pages", type=Path, metavar="FOLDER", help="write a page for each student there")
    one.add_argument("--exercises", type=_ids, metavar="IDS", help="only these, as in 02.3,05.4")
    one.add_argument("--workers", type=_count, default=os.cpu_count() or 1, metavar="N", help="at a time")
    one.add_argument(
        "--seconds", type=_seconds, default=Limits().seconds, metavar="S", help="for an answer (10)"
    )
    one.add_argument(
        "--issued",
        metavar="NAME",
        default="",
        help="what exercises.issued(...) says in the notebooks, if it does",
    )
    one.add_argument(
        "--names", type=Path, metavar="CSV", help="rows folder,student, where folders are called otherwise"
    )
    one.add_argument("--scheduler", metavar="ADDRESS", help="send the work to a Dask cluster")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"a number from 1 to 256, not {text!r}")
    return int(text)


def _ids(text: str) -> list[str]:
    found = [each.strip() for each in text.split(",") if each.strip()]
    if not found:
        raise argparse.ArgumentTypeError(f"exercises with commas between them, as in 02.3,05.4; not {text!r}")
    return found


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"a number of seconds from 0.1 to 600, not {text!r}")
    return value


def grade(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Mark everything; returns the exit code.   Refused, with what to do, if that cannot be."""
    secret = environment.get(SALT, "").encode()
    if len(secret) < SALT_LEAST:
        raise Refused(
            SALT,
            f"it has to hold your secret salt, {SALT_LEAST} characters at least, the same for every run; "
            "without it everybody could work out what functions are asked",
        )
    if options.out.is_dir():
        raise Refused(str(options.out), "it is a folder; -o names the file of marks")
    run = Run(
        options.submissions, options.out, Salts(secret, issue(options.issued)),
        exercises=options.exercises,
        limits=Limits(seconds=options.seconds), pages=options.pages, workers=options.workers,
        spread=_cluster(options.scheduler) if options.scheduler else None,
        names=_names(options.names) if options.names else {},
    )  # fmt: skip
    try:
        _with_bar(run)
    except KeyboardInterrupt:
        raise Refused("handshake grade", "ended; the same command again goes on where it was") from None
    students = {student for student, _ in run.marks}
    who = f"{len(students)} student{'' if len(students) == 1 else 's'}"
    print(f"{len(run.marks)} marks of {who}: {readable(str(options.out))}")
    for student, troubles in run.troubles.items():
        for trouble in troubles:
            print(f"{student}: {trouble}")
    for student, exercise in run.ended:
        print(
            f"{student}: {exercise} got no points, since the run ended {ALONE_MOST} times while it alone was "
            "being marked. Look at it: it may have ended the run, or another answer may have made it look so."
        )
    if run.loose:
        print(f"Did not hold here: {', '.join(sorted(run.loose))}. As an ordinary user, on Linux, all do.")
    print(ISOLATION)
    return 0


def _names(path: Path) -> dict[str, str]:
    """What students are called, by their folders.   Refused for a file that cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise Refused(str(path), f"it cannot be read: {error}") from None
    odd = next((row for row in rows if len(row) != 2 or not all(row)), None)
    if odd is not None:
        raise Refused(str(path), f"a row is folder,student; got {','.join(odd)[:80]!r}")
    return {row[0]: row[1] for row in rows}


def _with_bar(run: Run) -> None:
    from tqdm import tqdm

    with tqdm(unit="mark", file=sys.stderr, disable=None) as bar:

        def progress(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        run.go(progress)


def _cluster(address: str) -> Spread:
    from handshake.grade.cluster import over

    return over(address)

"""The lecturer's run: every submission, every exercise; and a journal, so that it can be taken up again."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from handshake.errors import Refused
from handshake.exercises import EXERCISES
from handshake.grade.bench import Limits, Workshop, hide
from handshake.grade.cells import Submitted, answer, read
from handshake.grade.marking import Mark, Salts, Task, marked
from handshake.grade.pages import write_pages

Progress = Callable[[int, int], None]
"""Is told how many marks there are, of how many."""

Spread = Callable[[Iterable[Task], Salts, Limits], Iterator[Mark]]
"""Marks tasks somewhere, and gives the marks as they come, in any order."""


@dataclass
class Run:
    """A whole run.

    folder: of the submissions, a folder each, called after its student.   out: the CSV that is written.
    salts: see `marking.Salts`.   exercises: which, all if None.   limits: of every answer.
    pages: the folder for what students read, None for none.   spread: where the work is done.
    marks: by student and exercise.   troubles: by student.   loose: the limits that did not hold anywhere.
    """

    folder: Path
    out: Path
    salts: Salts
    exercises: Sequence[str] | None = None
    limits: Limits = field(default_factory=Limits)
    pages: Path | None = None
    spread: Spread | None = None
    workers: int = 2
    marks: dict[tuple[str, str], Mark] = field(default_factory=dict)
    troubles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)

    def go(self, progress: Progress = lambda done, of: None) -> None:
        """Mark everything, and write the CSV and the pages.

        Refused, with what to do, where there is nothing to mark or nowhere to write.
        """
        ids = list(EXERCISES) if self.exercises is None else list(self.exercises)
        for id in ids:
            if id not in EXERCISES:
                raise Refused(id, f"there is no such exercise; there are {', '.join(EXERCISES)}")
        students = self._students()
        hidden = hide()
        tasks = list(self._tasks(students, ids))
        journal = Journal(self.out)
        known = journal.read()
        todo = []
        for task in tasks:
            mark = known.get((task.student, task.exercise))
            if mark is not None and mark.digest == task.digest(self.salts, self.limits):
                self._keep(mark)
            else:
                todo.append(task)
        progress(len(self.marks), len(tasks))
        spread = self.spread or (lambda tasks, salts, limits: threads(tasks, salts, limits, self.workers))
        with journal:
            for mark in spread(todo, self.salts, self.limits):
                journal.add(mark)
                self._keep(mark)
                progress(len(self.marks), len(tasks))
        missing = [task for task in tasks if (task.student, task.exercise) not in self.marks]
        if missing:
            raise Refused("the run", f"{len(missing)} marks are missing; run it again, and it goes on")
        if not hidden:
            self.loose.add("memory of this run hidden from the answers")
        self._write([path.name for path in students], ids)
        journal.remove()

    def _students(self) -> list[Path]:
        if not self.folder.is_dir():
            raise Refused(
                str(self.folder), "there is no such folder; it has to have a folder for each student"
            )
        students = sorted(path for path in self.folder.iterdir() if path.is_dir() and path.name[:1] != ".")
        if not students:
            raise Refused(str(self.folder), "there is no folder in it; every student has one, with notebooks")
        return students

    def _tasks(self, students: Iterable[Path], ids: Sequence[str]) -> Iterator[Task]:
        for path in students:
            submitted = self._read(path)
            for id in ids:
                yield Task.of(submitted.student, EXERCISES[id], answer(submitted, EXERCISES[id]))

    def _read(self, path: Path) -> Submitted:
        submitted = read(path)
        if submitted.troubles:
            self.troubles[submitted.student] = submitted.troubles
        return submitted

    def _keep(self, mark: Mark) -> None:
        self.marks[mark.student, mark.exercise] = mark
        self.loose |= set(mark.loose)

    def _write(self, students: Sequence[str], ids: Sequence[str]) -> None:
        rows = [(student, id, self.marks[student, id].points) for student in students for id in ids]
        beside = self.out.with_name(f"{self.out.name}.new")
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("student", "exercise", "points"))
            writer.writerows(rows)
        os.replace(beside, self.out)
        if self.pages is not None:
            by_student = {student: [self.marks[student, id] for id in ids] for student in students}
            write_pages(self.pages, by_student, self.troubles)


class Journal:
    """Marks, one a line, as they come: what a run that was ended had done already.

    A line that was cut off in the middle is passed over.
    """

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(f"{out.name}.journal")
        self._file: int | None = None

    def read(self) -> dict[tuple[str, str], Mark]:
        """What there is, the last of each."""
        found: dict[tuple[str, str], Mark] = {}
        with suppress(OSError):
            for line in self.path.read_bytes().split(b"\n"):
                with suppress(ValueError, KeyError, TypeError, AttributeError):
                    mark = Mark.from_plain(json.loads(line))
                    found[mark.student, mark.exercise] = mark
        return found

    def __enter__(self) -> Journal:
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise Refused(str(self.path), f"it cannot be written: {error.strerror}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def add(self, mark: Mark) -> None:
        """Write a mark down, before anything else is done with it."""
        if self._file is not None:
            # (A line that was cut off before ends here.)
            os.write(self._file, b"\n" + json.dumps(mark.plain()).encode() + b"\n")
            os.fsync(self._file)

    def remove(self) -> None:
        """The run is over."""
        self.path.unlink(missing_ok=True)


def threads(tasks: Iterable[Task], salts: Salts, limits: Limits, workers: int) -> Iterator[Mark]:
    """Mark tasks on this machine, so many at a time."""
    workshop = Workshop(limits)
    waiting = iter(tasks)
    try:
        with ThreadPoolExecutor(workers) as pool:
            running: set[Future[Mark]] = set()
            while True:
                for task in islice(waiting, 2 * workers - len(running)):
                    running.add(pool.submit(marked, task, salts, workshop))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for each in done:
                    yield each.result()
    finally:
        workshop.close()

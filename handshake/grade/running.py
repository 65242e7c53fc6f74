"""The lecturer's run: every submission, every exercise, and what comes of it written down."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

from handshake.errors import Refused, readable
from handshake.exercises import EXERCISES
from handshake.exercises.parameters import issue, normal
from handshake.files import whole
from handshake.grade.bench import Limits, Workshop, hide, sweep
from handshake.grade.cells import Submitted, read
from handshake.grade.journal import Journal
from handshake.grade.marking import Mark, Salts, Task, ended_the_run, marked
from handshake.grade.pages import write_pages

Progress = Callable[[int, int], None]
"""Is told how many marks there are, of how many."""

Spread = Callable[[Iterable[Task], Salts, Limits], Iterator[Mark]]
"""Marks tasks somewhere, and gives the marks as they come, in any order."""

ALONE_MOST = 2
"""So often a run may end while an answer alone is being marked: then it is not run again."""

FORMULA = ("=", "+", "-", "@")
"""How a name begins that a spreadsheet would take for a formula."""


@dataclass
class Run:
    """A whole run.

    folder: of the submissions, a folder each, called after its student.   out: the CSV that is written.
    salts: see `marking.Salts`.   exercises: which, all if None.   limits: of every answer.
    pages: the folder for what students read, None for none.   spread: where the work is done.
    marks: by student and exercise.   troubles: by student.   loose: the limits that did not hold anywhere.
    ended: answers that have ended the run, (student, exercise) each.
    names: what students are called whose folder is called otherwise, by the folder.
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
    ended: list[tuple[str, str]] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)

    def go(self, progress: Progress = lambda done, of: None) -> None:
        """Mark everything, and write the CSV and the pages.

        Refused, with what to do, where there is nothing to mark or nowhere to write.
        """
        ids = list(EXERCISES) if self.exercises is None else list(dict.fromkeys(self.exercises))
        for id in ids:
            if id not in EXERCISES:
                raise Refused(id, f"there is no such exercise; there are {', '.join(EXERCISES)}")
        if self.pages is not None and self.pages.exists() and not self.pages.is_dir():
            raise Refused(str(self.pages), "it is a file; --pages names a folder")
        students = self._students()
        hidden = hide()
        sweep()
        tasks = list(self._tasks(students, ids))
        with Journal(self.out, self.salts.secret) as journal:
            suspects, todo = self._known(tasks, journal)
            progress(len(self.marks), len(tasks))
            try:
                for mark in chain(self._one_by_one(suspects, journal), self._spread(todo, journal)):
                    journal.add(mark)
                    self._keep(mark)
                    progress(len(self.marks), len(tasks))
            except KeyboardInterrupt:
                journal.ended()
                raise
        missing = [task for task in tasks if (task.student, task.exercise) not in self.marks]
        if missing:
            raise Refused("the run", f"{len(missing)} marks are missing; run it again, and it goes on")
        if not hidden:
            self.loose.add("memory of this run hidden from the answers")
        self._write(list(students), ids)
        journal.remove()

    def _known(self, tasks: Iterable[Task], journal: Journal) -> tuple[list[tuple[int, Task]], list[Task]]:
        """Keep the marks that the journal has.

        What is left: the answers that were begun when a run ended, each with how often it was run alone then;
        and the others.
        """
        marks, begun = journal.read()
        suspects, todo = [], []
        for task in tasks:
            digest = task.digest(self.salts, self.limits)
            mark = marks.get((task.student, task.exercise))
            if mark is not None and mark.digest == digest:
                self._keep(mark)
            elif digest in begun:
                suspects.append((begun[digest], task))
            else:
                todo.append(task)
        return suspects, todo

    def _one_by_one(self, suspects: Iterable[tuple[int, Task]], journal: Journal) -> Iterator[Mark]:
        """One of these may have ended the run: alone, it can end only its own marking."""
        workshop = Workshop(self.limits)
        for alone, task in sorted(suspects, key=lambda each: each[0]):
            if alone < ALONE_MOST:
                journal.begin(task.digest(self.salts, self.limits), alone=True)
                yield marked(task, self.salts, workshop)
            else:
                yield ended_the_run(task, self.salts, self.limits)

    def _spread(self, todo: Iterable[Task], journal: Journal) -> Iterator[Mark]:
        def begun() -> Iterator[Task]:
            for task in todo:
                journal.begin(task.digest(self.salts, self.limits))
                yield task

        spread = self.spread or (lambda tasks, salts, limits: threads(tasks, salts, limits, self.workers))
        return spread(begun(), self.salts, self.limits)

    def _students(self) -> dict[str, Path]:
        """Their folders, by their names, which are all different."""
        if not self.folder.is_dir():
            raise Refused(
                str(self.folder), "there is no such folder; it has to have a folder for each student"
            )
        students = sorted(path for path in self.folder.iterdir() if path.is_dir() and path.name[:1] != ".")
        if not students:
            raise Refused(str(self.folder), "there is no folder in it; every student has one, with notebooks")
        found: dict[str, Path] = {}
        for path in students:
            name = readable(path.name)
            while name in found:  # (of names that are no text, two may read the same)
                name += "'"
            found[name] = path
        loose = [path.name for path in self.folder.glob("*.ipynb")]
        if loose:
            words = (
                f"{len(loose)} notebooks lie beside the folders, and are not marked: {', '.join(loose[:3])}"
            )
            self.troubles["(nobody)"] = (readable(words),)
        return found

    def _tasks(self, students: dict[str, Path], ids: Sequence[str]) -> Iterator[Task]:
        for student, path in students.items():
            submitted = self._read(student, path)
            for id in ids:
                yield Task.of(submitted, EXERCISES[id], self.names.get(student, ""))

    def _read(self, student: str, path: Path) -> Submitted:
        submitted = replace(read(path), student=student)
        troubles = list(submitted.troubles)
        name = self.names.get(student, student)
        for each in submitted.said("student")[:3]:
            if normal(each) != normal(name):
                troubles.append(f"the notebook says that it is of {each!r}; values are judged for {name!r}")
        for each in submitted.said("issued")[:3]:
            if issue(each) != self.salts.issued:
                troubles.append(f"the notebook was issued as {each!r}; values are judged for another issue")
        if troubles:
            self.troubles[student] = tuple(troubles)
        return submitted

    def _keep(self, mark: Mark) -> None:
        self.marks[mark.student, mark.exercise] = mark
        self.loose |= set(mark.loose)
        if mark.ended:
            self.ended.append((mark.student, mark.exercise))

    def _write(self, students: Sequence[str], ids: Sequence[str]) -> None:
        rows = [
            (_no_formula(student), id, self.marks[student, id].points) for student in students for id in ids
        ]
        with whole(self.out) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("student", "exercise", "points"))
            writer.writerows(rows)
        if self.pages is not None:
            by_student = {student: [self.marks[student, id] for id in ids] for student in students}
            write_pages(self.pages, by_student, self.troubles)


def _no_formula(student: str) -> str:
    """A name as a cell of a spreadsheet that is text, whatever it begins with."""
    return f"'{student}" if student.startswith(FORMULA) else student


def threads(tasks: Iterable[Task], salts: Salts, limits: Limits, workers: int) -> Iterator[Mark]:
    """Mark tasks on this machine, so many at a time."""
    workshop = Workshop(limits)
    waiting = iter(tasks)
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

"""One answer, marked: found, run in a process of its own, judged here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from handshake.exercises import EXERCISES, Exercise
from handshake.exercises.asking import Stopped
from handshake.exercises.judging import Result, judged
from handshake.exercises.parameters import given, mistaken, shown
from handshake.exercises.shown import lines
from handshake.grade.bench import Limits, There, Workshop
from handshake.grade.cells import Submitted, answer

NAMELESS = (
    "A name is missing: what stands in another cell, or was left out, is not there where answers are marked."
)
"""What is said besides of a NameError."""


@dataclass(frozen=True)
class Salts:
    """What parameters are drawn with.

    secret: for functions, which nobody but the lecturer knows.   issued: for values, as the notebooks that
    were handed out have it.
    """

    secret: bytes
    issued: bytes

    def of(self, exercise: Exercise) -> bytes:
        """The one for an exercise."""
        return self.issued if exercise.literal else self.secret


@dataclass(frozen=True)
class Task:
    """What is to be marked.

    source: what runs, "" for nothing.   notes: on how it was found.   left_out: lines that do not run, why.
    called: see `name`.   says: who the notebooks say that they are of.
    """

    student: str
    exercise: str
    source: str
    notes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    called: str = ""
    says: tuple[str, ...] = ()

    @classmethod
    def of(cls, submitted: Submitted, exercise: Exercise, called: str = "") -> Task:
        """What a student has handed in for an exercise.   called: see `name`."""
        says = submitted.said("student")[:3] if exercise.literal else ()
        found = answer(submitted, exercise)
        return cls(
            submitted.student, exercise.id, found.source, found.notes, found.left_out, called, says
        )  # fmt: skip

    @property
    def name(self) -> str:
        """By which name the student's parameters are drawn: the folder's, if no other is given."""
        return self.called or self.student

    def digest(self, salts: Salts, limits: Limits) -> str:
        """What the mark depends on: as long as this is the same, so is the mark."""
        exercise = EXERCISES[self.exercise]
        parts = [
            self.student, self.exercise, exercise.version, self.source, self.notes, self.left_out,
            self.called, self.says, hashlib.sha256(salts.of(exercise)).hexdigest(), repr(limits),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Mark:
    """A mark.

    told: what the student reads, (kind, words) each, see `exercises.shown.lines`.
    loose: the limits that did not hold.   ended: whether the answer was not run, since it had ended the run.
    """

    student: str
    exercise: str
    digest: str
    points: int
    of: int
    told: tuple[tuple[str, str], ...]
    loose: tuple[str, ...] = ()
    ended: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON can write it."""
        return asdict(self)

    @classmethod
    def from_plain(cls, form: dict[str, Any]) -> Mark:
        """From what `plain` wrote; ValueError, KeyError or TypeError for another."""
        told = tuple((str(kind), str(words)) for kind, words in form["told"])
        points, of = int(form["points"]), int(form["of"])
        return cls(
            str(form["student"]), str(form["exercise"]), str(form["digest"]), points, of, told,
            tuple(map(str, form["loose"])), form["ended"] is True,
        )  # fmt: skip


def marked(task: Task, salts: Salts, workshop: Workshop) -> Mark:
    """Mark an answer; whatever it does, there is a mark."""
    exercise = EXERCISES[task.exercise]
    digest = task.digest(salts, workshop.limits)
    loose: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    if not task.source.strip():
        head = ("head", f"{exercise.id} {exercise.title}: 0 of {exercise.points} points")
        return Mark(task.student, task.exercise, digest, 0, exercise.points, (head, *_noted(task)))
    try:
        salt = salts.of(exercise)
        mine = shown(exercise, task.name, salt) if exercise.literal else None
        with There(task.source, workshop, mine) as there:
            loose = tuple(name for name, held in there.held.items() if not held)
            own = given(exercise, task.name, salt)
            result = judged(exercise, there, own, mistaken(exercise, task.name, salt, task.says))
            nameless = any(each.got.startswith("NameError") for each in result.findings.values())
            if nameless and not result.note:
                result = replace(result, note=NAMELESS)
            failed = there.failed
    except Stopped as error:
        result = Result(exercise, trouble=str(error))
    except Exception as error:  # an answer that a judge did not expect costs its own points, and nothing else
        words = f"it could not be judged ({type(error).__name__}): show this to your lecturer"
        result = Result(exercise, trouble=words)
    told = (*lines(result), *_noted(task, result.passed, failed))
    return Mark(task.student, task.exercise, digest, result.points, exercise.points, told, loose)


def ended_the_run(task: Task, salts: Salts, limits: Limits) -> Mark:
    """The mark of an answer that is not run any more: each time it was, the run ended."""
    exercise = EXERCISES[task.exercise]
    words = "the marking has ended each time this answer was run: show this to your lecturer"
    told = (("head", f"{exercise.id} {exercise.title}: 0 of {exercise.points} points"), ("trouble", words))
    digest = task.digest(salts, limits)
    return Mark(task.student, task.exercise, digest, 0, exercise.points, told, ended=True)


def _noted(task: Task, passed: bool = False, failed: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """How the answer was found; and what it lacks, where it may lack it."""
    lacks = () if passed else (*task.left_out, *failed)
    return tuple(("trouble", note) for note in (*task.notes, *lacks))

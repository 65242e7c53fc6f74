"""Exercises, and what comes of judging an answer: findings, points, words.

A judge asks an answer and compares what it gets with what it knows.  It yields findings one after the other;
each belongs to a group, and a group gives its points if nothing in it went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised, Stopped

TODO = "NotImplementedError"
"""What a function raises that nobody has written yet."""

CASES_MOST = 20_000
"""So many findings are looked at."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tried.

    group: what it belongs to.   good: whether it was as it should be.   case: what was tried, in words.
    expected, got: what should have come, and what came.
    key: of the typical wrong answer that it looks like, one of the exercise's `signs`; "" for none.
    compared: whether `expected` is the very value; where values are asked for, it is not told.
    """

    group: str
    good: bool
    case: str = ""
    expected: str = ""
    got: str = ""
    key: str = ""
    compared: bool = False


@dataclass(frozen=True)
class Exercise:
    """An exercise.

    id: "03.3".   title: what it is about.   statement: what is asked, in Markdown.
    starter: the cell as the student gets it.   names: of what is asked for: functions, classes or values.
    literal: whether the answer is values, and not code.
    free: whether values are of one's own choice, so that those of another student may be right as well.
    in_order: whether the judge is through with one group before it begins with the next.
    groups: what there is to win, points by group.   signs: typical wrong answers, a sentence each, by key.
    hint: one, for whoever is stuck.   reread: where to read again.
    draw: makes a student's parameters.   judge: asks an answer and yields findings.
    version: counts up when parameters change.
    """

    id: str
    title: str
    statement: str
    starter: str
    names: tuple[str, ...]
    groups: Mapping[str, int]
    signs: Mapping[str, str]
    hint: str
    reread: str
    draw: Callable[[Entropy], dict[str, Any]]
    judge: Callable[[Ask, dict[str, Any]], Iterable[Finding]]
    literal: bool = False
    free: bool = False
    in_order: bool = False
    version: int = 1

    @property
    def shows(self) -> bool:
        """Whether there are parameters that the student has to see."""
        return any(not name.startswith("_") for name in self.draw(Entropy(0)))

    @property
    def points(self) -> int:
        """All that there is to win."""
        return sum(self.groups.values())


@dataclass(frozen=True)
class Result:
    """What came of an answer.

    findings: of each group the first that went wrong, or the last that was right.
    todo: whether there is nothing to judge yet.   trouble: why the judging ended early, "" if it did not.
    note: what else there is to say, "" for nothing.
    """

    exercise: Exercise
    findings: Mapping[str, Finding] = field(default_factory=dict)
    todo: bool = False
    trouble: str = ""
    note: str = ""

    @property
    def points(self) -> int:
        """Of the groups in which nothing went wrong."""
        return sum(
            points
            for group, points in self.exercise.groups.items()
            if group in self.findings and self.findings[group].good
        )

    @property
    def passed(self) -> bool:
        """Whether all points are won."""
        return self.points == self.exercise.points

    @property
    def keys(self) -> tuple[str, ...]:
        """The typical wrong answers that it looks like."""
        return tuple(dict.fromkeys(each.key for each in self.findings.values() if each.key and not each.good))

    def __str__(self) -> str:
        from handshake.exercises.shown import text

        return text(self)

    def __repr__(self) -> str:
        if self.todo:
            return f"Result({self.exercise.id}: still to do)"
        return f"Result({self.exercise.id}: {self.points} of {self.exercise.points} points)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from handshake.exercises.shown import html

        return {"text/plain": str(self), "text/html": html(self)}


def judged(
    exercise: Exercise,
    ask: Ask,
    given: dict[str, Any],
    mistaken: Iterable[tuple[str, dict[str, Any]]] = (),
) -> Result:
    """Judge an answer.   given: the student's parameters, of `exercise.draw`.

    mistaken: other parameters, and what is to be said where values are right for those instead.
    Whatever the answer does, there is a result: a group that was not judged to its end gives no points.
    """
    if not exercise.literal:
        return _judged(exercise, exercise.judge(ask, given))
    if _is_empty(ask, exercise):
        return Result(exercise, todo=True)
    result = _judged(exercise, exercise.judge(ask, given))
    if not result.passed and not result.trouble:
        for words, others in mistaken:
            if _judged(exercise, exercise.judge(ask, others)).passed:
                return replace(result, note=words)
    return result


def _is_empty(ask: Ask, exercise: Exercise) -> bool:
    """Whether the values that are asked for are not filled in."""
    try:
        return all(_blank(ask.value(name)) for name in exercise.names)
    except Stopped:
        return False


def _blank(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_blank, value.values()))
    if isinstance(value, list):
        return all(map(_blank, value))
    return value is None or value == ""


def _judged(exercise: Exercise, findings: Iterable[Finding]) -> Result:
    kept: dict[str, Finding] = {}
    trouble, last = "", ""
    try:
        for count, each in enumerate(findings):
            last = each.group
            if each.group not in kept or kept[each.group].good:
                kept[each.group] = each
            if count >= CASES_MOST:
                break
    except Stopped as error:
        trouble = str(error)
    unwritten = [each.got.startswith(TODO) for each in kept.values()]
    nothing = not any(each.good for each in kept.values())
    if nothing and not trouble and (any(unwritten) if exercise.literal else unwritten and all(unwritten)):
        return Result(exercise, todo=True)
    if trouble:
        # What was not judged to its end is not won.  Where a judge goes from group to group, those before
        # the last one were; else nobody can tell.
        through = [group for group in kept if group != last] if exercise.in_order else []
        kept = {group: each for group, each in kept.items() if not each.good or group in through}
    return Result(exercise, kept, trouble=trouble)


def compare(group: str, case: str, expected: Any, got: Any, signs: Iterable[tuple[str, Any]] = ()) -> Finding:
    """A finding from two plain values.

    signs: (key, value) each: what a typical wrong answer would have given.  The first that equals what came
    gives the finding its key.
    """
    good = same(expected, got)
    key = "" if good else next((key for key, value in signs if same(value, got)), "")
    came = said(got)
    if not good and not key and _alike(expected, got):
        wanted = type(expected).__name__
        came = f"{came}, which is right, but {type(got).__name__} and not {wanted}"
    return Finding(group, good, case, said(expected), came, key, compared=True)


def _alike(one: Any, other: Any) -> bool:
    """Whether two values of different types say the same: 7, 7.0, "7" and "0x7", bytes and hexadecimal."""
    if isinstance(one, int) and isinstance(other, str):
        try:
            return int(other, 0) == one
        except ValueError:
            return False
    if isinstance(one, bytes) and isinstance(other, str):
        return "".join(other.split()).lower() == one.hex()
    return isinstance(one, (int, float)) and isinstance(other, (int, float)) and one == other


def entry(came: Any, name: str) -> Any:
    """An entry of a dictionary that was answered, or what is said where there is none."""
    if not isinstance(came, dict):
        return came
    if name in came:
        return came[name]
    return Raised("", f"nothing: there is no {name!r} in the dictionary")


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same, in type too: 1 is not True, and not 1.0."""
    if isinstance(one, tuple):
        one = list(one)
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def said(value: Any) -> str:
    """A value for people: bytes in hexadecimal, and not too long."""
    if isinstance(value, Raised):
        return str(value)
    if isinstance(value, bytes):
        text = value.hex(" ") if len(value) <= 24 else f"{value[:20].hex(' ')} ... ({len(value)} bytes)"
        return text or "no bytes"
    if isinstance(value, int) and value.bit_length() > 4096:
        return f"a number of {value.bit_length()} bits"
    try:
        text = repr(value)
    except ValueError:  # (somewhere in it there is such a number)
        return "numbers that are too long to be written down"
    return text if len(text) <= 160 else f"{text[:150]} ..."


def each_of(group: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings up to the first of a group that went wrong: then the rest of it says nothing new."""
    for finding in findings:
        yield finding
        if not finding.good and finding.group == group:
            return

"""Practice: answers are judged at once, in the notebook, offline, as often as one likes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from handshake.exercises.asking import Here
from handshake.exercises.catalogue import EXERCISES
from handshake.exercises.judging import Exercise, Result, judged
from handshake.exercises.parameters import ANYBODY, given, issue, mistaken, shown
from handshake.files import whole

LONG = 90
"""A list with more letters stands below its name."""

PROGRESS = ".handshake-progress.json"
"""The file that remembers what was won, beside the notebooks.  Losing it loses no work."""

MARKED = "HANDSHAKE_STUDENT"
"""The variable that says who is marked, where nbgrader runs a notebook (see nbgrader_config.py)."""

NAMELESS = (
    f'These are the numbers of {ANYBODY!r}, and they count for nobody: exercises.student("your name") gives '
    "you your own."
)


def exercise(id: str) -> Exercise:
    """The exercise with that id, such as "03.3".  KeyError, with what there is, for another."""
    if id not in EXERCISES:
        raise KeyError(f"there is no exercise {id!r}; there are {', '.join(EXERCISES)}")
    return EXERCISES[id]


def check(id: str, *answers: Any, student: str | None = None) -> Result:
    """Judge an answer -> Result, which shows itself.

    id: of the exercise.   answers: what it asks for, in its order: functions, classes or values.
    student: whose parameters; who was named with `student(...)` last, unless given.  Where a notebook is
    marked, it is who is marked, whatever else is said.
    """
    one = exercise(id)
    if len(answers) != len(one.names):
        raise TypeError(
            f"exercise {id} asks for {', '.join(one.names)}: "
            f"check({id!r}, {', '.join(one.names)}); got {len(answers)} of them"
        )
    who, salt = _who(student), issue(_memory()["issued"])
    here = Here(dict(zip(one.names, answers, strict=True)))
    try:
        result = judged(one, here, given(one, who, salt), mistaken(one, who, salt))
    except KeyboardInterrupt:  # (the stop button)
        result = Result(one, trouble="stopped: the answer came to no end")
    _remember(result)
    if one.literal and one.shows and who == ANYBODY:
        result = replace(result, note=NAMELESS)
    return result


def points(id: str, *answers: Any, student: str | None = None) -> int:
    """The same as `check`, shown, and its points as the value: what a graded cell ends in."""
    from IPython import display

    result = check(id, *answers, student=student)
    shown: Any = display.display  # (it has no types)
    shown(result)
    return result.points


def student(name: str | None = None) -> str:
    """Say who you are, so that your parameters are your own; without a name: who that is."""
    memory = _memory()
    if name is not None:
        if not name.strip():
            raise ValueError("a name has a letter at least")
        memory["student"] = name.strip()
        _write(memory)
    return str(memory["student"])


def issued(name: str) -> None:
    """Say under which name the notebooks were handed out, such as "autumn 2027": each has other parameters.

    It stands in notebooks that a lecturer has issued; `handshake grade --issued` gets the same name.
    """
    memory = _memory()
    memory["issued"] = name.strip()
    _write(memory)


class Given(dict[str, Any]):
    """Parameters, which show themselves line by line."""

    def __str__(self) -> str:
        return "\n".join(line for name, value in self.items() for line in _lines(name, value))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # (IPython would show it as a dictionary)
        printer.text(str(self))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        style = "white-space:pre-wrap;line-height:1.4;max-height:45em;overflow:auto"
        return {"text/plain": str(self), "text/html": f'<pre style="{style}">{escape(str(self))}</pre>'}


def _lines(name: object, value: Any, depth: int = 0) -> Iterator[str]:
    """A value with its name before it; what is in a dictionary stands below it, line by line."""
    before = "  " * depth + f"{name}:"
    if isinstance(value, dict) and value:
        yield before
        for key, each in value.items():
            yield from _lines(key, each, depth + 1)
        return
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        if len(", ".join(value)) > LONG:
            yield before
            yield from ("  " * (depth + 1) + each for each in value)
            return
        value = ", ".join(value) or "empty"
    text = value.hex() if isinstance(value, bytes) else "none" if value in ({}, "") else str(value)
    yield f"{before}\n{text}" if "\n" in text else f"{before} {text}"


def mine(id: str, student: str | None = None) -> Given:
    """Your parameters of an exercise, as far as it shows any: a dictionary that shows itself.

    ValueError for one that shows none: its function has to be right for any parameters.
    """
    one = exercise(id)
    found = shown(one, _who(student), issue(_memory()["issued"]))
    if not found:
        raise ValueError(f"exercise {id} has no parameters to see: it has to be right for any")
    return Given(found)


def progress() -> str:
    """What was won so far, in lines."""
    won = _memory()["won"]
    rows = [f"{'exercise':9} {'points':>7}  "]
    total = 0
    for id, one in EXERCISES.items():
        points = min(int(won.get(id, 0)), one.points)
        total += points
        rows.append(f"{id:9} {points:3} of {one.points:2}  {one.title}")
    rows.append(f"{'together':9} {total:3} of {sum(one.points for one in EXERCISES.values())}")
    return "\n".join(rows)


def _who(student: str | None) -> str:
    return os.environ.get(MARKED) or (student if student is not None else str(_memory()["student"]))


def _memory() -> dict[str, Any]:
    """What is remembered; of a file that cannot be read, nothing."""
    memory: dict[str, Any] = {"student": ANYBODY, "issued": "", "won": {}}
    with suppress(OSError, ValueError, AttributeError):
        read = json.loads(Path(PROGRESS).read_text(encoding="utf-8"))
        for name in ("student", "issued"):
            if isinstance(read.get(name), str):
                memory[name] = read[name]
        if isinstance(read.get("won"), dict):
            memory["won"] = {
                str(id): points for id, points in read["won"].items() if type(points) is int and points >= 0
            }
    return memory


def _remember(result: Result) -> None:
    """The best that was won; where it cannot be written, it is not."""
    memory = _memory()
    before = memory["won"].get(result.exercise.id, 0)
    if result.points > before:
        memory["won"][result.exercise.id] = result.points
        _write(memory)


def _write(memory: dict[str, Any]) -> None:
    with suppress(OSError), whole(Path(PROGRESS)) as beside:
        beside.write_text(json.dumps(memory, indent=1), encoding="utf-8")

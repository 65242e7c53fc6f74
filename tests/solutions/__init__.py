"""Right and wrong answers to the exercises, once, and never in the wheel.

One module an exercise: `e02_3` for 02.3.  RIGHT are answers that are right, each written in another way;
WRONG are the typical wrong ones, by the key of the sign that tells them.  Both are the text of a cell.
For an exercise that asks for values, `right(given)` and `wrong(given)` make them from a student's parameters:
{name: value}, and for wrong ones None where these parameters give no such answer.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from handshake.exercises import Exercise


def of(exercise: Exercise) -> ModuleType:
    """The solutions of an exercise."""
    return import_module(f"solutions.e{exercise.id.replace('.', '_')}")


def cells(exercise: Exercise, given: dict[str, Any]) -> tuple[list[str], dict[str, str | None]]:
    """Right answers, and wrong ones by their keys, as the text of a cell; None for what does not apply."""
    module = of(exercise)
    if not exercise.literal:
        return list(module.RIGHT), dict(module.WRONG)
    wrong = module.wrong(given)
    return (
        [as_cell(each) for each in module.right(given)],
        {key: None if each is None else as_cell(each) for key, each in wrong.items()},
    )


def as_cell(values: dict[str, Any]) -> str:
    """The text of a cell that gives values their names."""
    return "".join(f"{name} = {value!r}\n" for name, value in values.items())

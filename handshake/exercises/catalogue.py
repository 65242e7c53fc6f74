"""All exercises, by their ids."""

from __future__ import annotations

from handshake.exercises import e01_3, e02_1, e02_3, e02_4, e04_3, e05_3, e05_4, e06_2
from handshake.exercises.judging import Exercise

EXERCISES: dict[str, Exercise] = {
    each.EXERCISE.id: each.EXERCISE
    for each in (
        e02_1,
        e02_3,
        e02_4,
        e04_3,
        e05_3,
        e05_4,
        e06_2,
    )
}
"""In the order of the notebooks."""

"""All exercises, by their ids.  A file that is not named here, twice, is none; a test looks for such."""

from __future__ import annotations

from handshake.exercises import (
    e00_1,
    e00_2,
    e00_3,
    e01_1,
    e01_3,
    e01_5,
    e02_1,
    e02_3,
    e02_4,
    e02_5,
    e03_3,
    e03_4,
    e03_5,
    e04_3,
    e04_5,
    e04_6,
    e05_3,
    e05_4,
    e06_2,
    e06_3,
    e06_4,
    e07_2,
    e07_3,
    e07_4,
    e07_5,
    e08_2,
    e08_3,
    e09_2,
    e10_1,
)
from handshake.exercises.judging import Exercise

EXERCISES: dict[str, Exercise] = {
    each.EXERCISE.id: each.EXERCISE
    for each in (
        e00_1,
        e00_2,
        e00_3,
        e01_1,
        e01_3,
        e01_5,
        e02_1,
        e02_3,
        e02_4,
        e02_5,
        e03_3,
        e03_4,
        e03_5,
        e04_3,
        e04_5,
        e04_6,
        e05_3,
        e05_4,
        e06_2,
        e06_3,
        e06_4,
        e07_2,
        e07_3,
        e07_4,
        e07_5,
        e08_2,
        e08_3,
        e09_2,
        e10_1,
    )
}
"""In the order of the notebooks."""

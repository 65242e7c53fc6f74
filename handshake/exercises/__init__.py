"""Graded exercises: practice in the notebook, with an answer at once.

>>> from handshake import exercises
>>> def is_valid_ack(una, nxt, ack):
...     return "new" if una < ack <= nxt else "duplicate" if ack <= una else "future"
>>> exercises.check("02.3", is_valid_ack).keys
('no wrap',)

Each exercise is one short file: what is asked, each student's own parameters, the judge, and a sentence for
every typical wrong answer.  The lecturer's run is the room `grade`.
"""

from __future__ import annotations

from handshake.exercises.catalogue import EXERCISES
from handshake.exercises.judging import Exercise, Finding, Result
from handshake.exercises.practice import check, exercise, issued, mine, points, progress, student

__all__ = [
    "EXERCISES",
    "Exercise",
    "Finding",
    "Result",
    "check",
    "exercise",
    "issued",
    "mine",
    "points",
    "progress",
    "student",
]

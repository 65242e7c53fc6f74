"""Each student's own parameters: from a salt, who it is, the exercise, and its version.

In practice the salt is public, so that a notebook works offline; a course may give each year's notebooks
another.  The lecturer's run has a secret one for functions: an answer that has learnt its values by heart is
worth nothing there.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.judging import Exercise

PRACTICE = b"handshake, practice"
"""The public salt."""

ANYBODY = "anybody"
"""Who a student is that has not said so."""


def normal(student: str) -> str:
    """A student's name as it counts: "Zoë " and "zoë" are one, however the ë was typed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", student).strip().casefold())


def issue(name: str) -> bytes:
    """The salt of notebooks that were issued under a name, see `exercises.issued`; public, as the name is."""
    name = normal(name)
    return PRACTICE + b", issued as " + name.encode("utf-8", "backslashreplace") if name else PRACTICE


def entropy_of(exercise: Exercise, student: str, salt: bytes = PRACTICE) -> Entropy:
    """Where a student's parameters are drawn from: HMAC-SHA256(salt, student, exercise, version)."""
    message = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (
            normal(student).encode("utf-8", "backslashreplace"),
            exercise.id.encode(),
            str(exercise.version).encode(),
        )
    )
    return Entropy(hmac.new(salt, message, hashlib.sha256).digest())


def given(exercise: Exercise, student: str, salt: bytes = PRACTICE) -> dict[str, Any]:
    """A student's parameters of an exercise."""
    return exercise.draw(entropy_of(exercise, student, salt))


def shown(exercise: Exercise, student: str, salt: bytes = PRACTICE) -> dict[str, Any]:
    """Those of them that a student gets to see."""
    return {name: value for name, value in given(exercise, student, salt).items() if not name.startswith("_")}


def mistaken(
    exercise: Exercise, student: str, salt: bytes, says: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whose parameters may have been taken for a student's own, in words, and what they are.

    says: names that the student's own notebooks say.   Nobody's, where the values are of one's own choice.
    """
    if exercise.free:
        return
    for name in says:
        if normal(name) != normal(student):
            yield (
                f"These are the values of {name!r}, which is the name that the notebook says; they were "
                f"handed in by {student!r}. Tell your lecturer.",
                given(exercise, name, salt),
            )
    if normal(student) != ANYBODY:
        yield (
            f"These are the values of {ANYBODY!r}, that is, of who has not said exercises.student(...); "
            f"those of {student!r} are other ones.",
            given(exercise, ANYBODY, salt),
        )
    if salt != PRACTICE:
        words = (
            "These are the values of notebooks that nobody has issued: exercises.issued(...) was not said."
        )
        yield words, given(exercise, student, PRACTICE)

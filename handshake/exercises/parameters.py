"""Each student's own parameters: from a salt, who it is, the exercise, and its version.

In practice the salt is public, so that a notebook works offline.  The lecturer's run has a secret one for
functions: an answer that has learnt its values by heart is worth nothing there.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.judging import Exercise

PRACTICE = b"handshake, practice"
"""The public salt."""


def entropy_of(exercise: Exercise, student: str, salt: bytes = PRACTICE) -> Entropy:
    """Where a student's parameters are drawn from: HMAC-SHA256(salt, student, exercise, version)."""
    message = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (student.encode(), exercise.id.encode(), str(exercise.version).encode())
    )
    return Entropy(hmac.new(salt, message, hashlib.sha256).digest())


def given(exercise: Exercise, student: str, salt: bytes = PRACTICE) -> dict[str, Any]:
    """A student's parameters of an exercise."""
    return exercise.draw(entropy_of(exercise, student, salt))

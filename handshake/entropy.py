"""Randomness as an argument, drawn by label.

A seeded `Entropy` gives the same bytes for the same label on every machine, and a draw that a later
version adds under a new label shifts none of the others.  With no seed it draws from the system.

>>> entropy = Entropy(seed=7)
>>> entropy("client ISN", 4) == Entropy(seed=7)("client ISN", 4)
True
"""

from __future__ import annotations

import os
from hashlib import shake_256


class Entropy:
    """A source of random bytes: ``entropy(label, size) -> bytes``.

    seed: an int, bytes or text; None draws from the operating system, so that no two runs agree.
    The same label may be drawn again: each draw gives new bytes.
    """

    def __init__(self, seed: int | bytes | str | None = None) -> None:
        self.seed = seed
        self._drawn: dict[str, int] = {}

    def __call__(self, label: str, size: int) -> bytes:
        """Draw `size` bytes."""
        if self.seed is None:
            return os.urandom(size)
        count = self._drawn.get(label, 0)
        self._drawn[label] = count + 1
        # repr keeps the seeds 7, "7" and b"7" apart; the separators keep labels from running together.
        return shake_256(f"{self.seed!r}\0{label}\0{count}".encode()).digest(size)

    def number(self, label: str, below: int) -> int:
        """Draw a whole number from 0 up to, but not including, `below`."""
        if below < 1:
            raise ValueError(f"below must be at least 1, got {below}")
        # Sixteen bytes more than needed make the remainder even to within 2 ** -128.
        size = (below.bit_length() + 7) // 8 + 16
        return int.from_bytes(self(label, size), "big") % below

    def __repr__(self) -> str:
        return f"Entropy(seed={self.seed!r})"

"""Faults as data: an experiment is an honest run and a list of these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    """Lose the nth segment (counted from 1) that one end sends."""

    end: str
    nth: int

    def __str__(self) -> str:
        return f"the fault drop({self.end!r}, nth={self.nth}) asked for it"


def drop(end: str, nth: int = 1) -> Drop:
    """Lose the nth segment that `end` ("client" or "server") sends, counted from 1 for each end."""
    if end not in ("client", "server"):
        raise ValueError(f"end is 'client' or 'server', got {end!r}")
    if not isinstance(nth, int) or nth < 1:
        raise ValueError(f"segments are counted from 1: 1, 2, 3 ...; got nth={nth!r}")
    return Drop(end, nth)

"""Answers to 00.3."""

from __future__ import annotations

from typing import Any

RIGHT: dict[int, list[list[Any]]] = {
    0: [[("drop", "client", 2)], [("delay", "client", 2, 0.2)]],
    1: [[("drop", "client", 1)], [("delay", "server", 1, 2)]],
    2: [[("drop", "client", 3)], [("drop", "server", 3)], [("delay", "client", 3, 5.0)]],
    3: [[("delay", "client", 2, 2.0)], [("delay", "server", 1, 3)]],
}

THREE = [[("drop", "client", 1), ("drop", "client", 2)]]

SHORT = {
    0: ("delay", "client", 2, 0.001),
    1: ("delay", "client", 1, 0.1),
    2: ("delay", "client", 3, 0.05),
    3: ("delay", "client", 2, 0.01),
}

OVER_BOTH = {0: ("drop", "client", 3), 1: ("drop", "server", 2), 2: ("drop", "client", 4)}


def outcome(given: dict[str, Any]) -> int:
    """Which of the outcomes it is, by its words."""
    words = (
        "by a segment that carries data",
        "sends its SYN exactly",
        "only after more than",
        "sends an RST",
    )
    return next(n for n, each in enumerate(words) if each in given["outcome"])


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    three = "exactly 3 times" in given["outcome"]
    return [{"faults": each} for each in (THREE if three else RIGHT[outcome(given)])]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    number, three = outcome(given), "exactly 3 times" in given["outcome"]
    return {
        "nothing befallen": {"faults": [("drop", "client", 50)]},
        "other end": {"faults": [("drop", "server", 2)]} if number == 0 else None,
        "counted over both ends": (
            {"faults": [OVER_BOTH[number]]} if number in OVER_BOTH and not three else None
        ),
        "too short": {"faults": [SHORT[number]]} if not three else None,
        "lost, not late": {"faults": [("drop", "client", 2)]} if number == 3 else None,
    }

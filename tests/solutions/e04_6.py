"""Answers to 04.6."""

from __future__ import annotations

from typing import Any

SPACE = 1 << 32


def good(given: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A schedule in which the double fits behind the second order, and what is changed in it."""
    isn = (given["the client's first number"] - len(given["second order"])) % SPACE
    schedule = {"copy": "data", "late": 2000, "again at": 1500, "port": given["the first port"], "isn": isn}
    return {"schedule": schedule | changes}


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    isn = (given["the client's first number"] - len(given["second order"])) % SPACE
    before = given["the client's first number"]  # the double comes before the second order, in its place
    return [
        good(given),
        good(given, **{"late": 8000, "again at": 6000}),
        good(given, isn=(isn + 3) % SPACE),
        good(given, **{"isn": before, "again at": 4000, "late": 4000 - given["one way in ms"]}),
    ]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    return {
        "another port": good(given, port=1024 + (given["the first port"] + 1) % 60_000),
        "the numbers do not fit": good(given, isn=(given["the client's first number"] + 100_000) % SPACE),
        "nothing in it": good(given, copy="SYN"),
        "the double is too early": good(given, **{"again at": 5000}),
        "the double is too late": good(given, late=9000),
        "the first is still open": good(given, **{"again at": 100}),
        "no schedule": good(given, isn=-len(given["second order"])),
    }

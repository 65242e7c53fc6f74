"""Answers to 00.1."""

from __future__ import annotations

from typing import Any

from handshake.labs.wager.sheet import BELIEFS, CLAIMS, SURE


def line(given: dict[str, Any]) -> str:
    seed = given["_seed"]
    return "; ".join(
        f"{claim} {BELIEFS[seed[n % 8] % 3]} {SURE[seed[n % 7] % 5]}" for n, claim in enumerate(CLAIMS)
    )


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"bets": line(given)}, {"bets": ";\n".join(reversed(line(given).split(";"))) + " ;"}]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    return {
        "some are missing": {"bets": "; ".join(line(given).split("; ")[3:])},
        "not that line": {"bets": "all of them"},
    }

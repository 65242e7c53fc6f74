"""Answers to 10.1."""

from __future__ import annotations

from typing import Any


def answer(given: dict[str, Any], which: int = -1, cause: Any = None, packet: Any = None) -> dict[str, Any]:
    found = {}
    for n, (right, evidence) in enumerate(given["_right"]):
        found[f"case {n + 1}"] = {"cause": right, "packet": evidence[-1 if which < 0 else 0]}
        if n == which:
            found[f"case {n + 1}"] |= {
                name: value for name, value in (("cause", cause), ("packet", packet)) if value is not None
            }
    return {"named": found}


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [answer(given), answer(given, 3)]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    other = {"reset": "half-open", "half-open": "reset"}.get(given["_right"][0][0])
    return {
        "forgotten or broken off": other and answer(given, 0, cause=other),
        "no such cause": answer(given, 0, cause="the network"),
        "what came of it": answer(given, 2, cause="reset"),
        "packet too early": answer(given, 1, packet=1),
        "packet too late": answer(given, 2, packet=max(given["_right"][2][1]) + 1),
    }

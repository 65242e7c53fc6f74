"""Answers to 02.1."""

from __future__ import annotations

from typing import Any

SPACE = 1 << 32


def numbers(
    given: dict[str, Any], syn: int = 1, fin: int = 1, more: int = 0, pure: int = 0
) -> dict[str, int]:
    c, s = given["the client begins with"], given["the server begins with"]
    m, n = given["bytes from the client"], given["bytes from the server"]
    return {
        "seq of 3": c + syn, "ack of 3": s + syn, "seq of 5": s + syn, "ack of 5": c + syn + m + more,
        "seq of 6": c + syn + m + pure, "ack of 6": s + syn + n + more, "seq of 7": c + syn + m + pure,
        "ack of 8": c + syn + m + fin + pure,
    }  # fmt: skip


def wrapped(values: dict[str, int]) -> dict[str, Any]:
    return {"numbers": {name: value % SPACE for name, value in values.items()}}


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [wrapped(numbers(given))]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    good = numbers(given)
    other = good | {"seq of 3": good["ack of 3"], "ack of 3": good["seq of 3"]}
    return {
        "forgot SYN": wrapped(numbers(given, syn=0)),
        "counted pure ACK": wrapped(numbers(given, pure=1)),
        "ack is last byte": wrapped(numbers(given, more=-1)),
        "one too many": wrapped(numbers(given, more=1)),
        "other direction": wrapped(other),
        "no wrap": {"numbers": good} if max(good.values()) >= SPACE else None,
        "forgot FIN": wrapped(numbers(given, fin=0)),
        "no whole number": {"numbers": {name: str(value) for name, value in good.items()}},
    }

"""Answers to 03.4."""

from __future__ import annotations

from typing import Any


def over(given: dict[str, Any]) -> int:
    """After so many ms the connection is over, and more."""
    return (given["orders"] + 1) * given["pause in ms"] + 10 * given["one way in ms"] + 1000


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    late = over(given)
    return [
        {"schedule": each}
        for each in (
            [["copy", "client", "SYN", 1, late], ["lose", "server", "SYN,ACK", 2]],
            [["copy", "client", "SYN", 1, 2 * late], ["lose", "client", "RST", 1]],
            [["delay", "client", "SYN", 1, 2 * late], ["delay", "server", "SYN,ACK", 2, 30000],
             ["lose", "client", "RST", 1]],
            [["lose", "server", "SYN,ACK", 1], ["off", 1000]],
        )
    ]  # fmt: skip


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    late = over(given)
    found = {
        "only losses": [
            ["lose", "client", "SYN", 1],
            ["lose", "server", "SYN,ACK", 1],
            ["lose", "client", "ACK", 1],
        ],
        "another kind of old packet": [["copy", "client", "data", 1, late], ["lose", "client", "RST", 1]],
        "too early": [["copy", "client", "SYN", 1, 300], ["lose", "server", "SYN,ACK", 2]],
        "the client refuses": [["copy", "client", "SYN", 1, late]],
        "breaks three as well": [["off", 1000]],
        "no schedule": [["copy", "SYN", 1, late]],
    }
    return {key: {"schedule": each} for key, each in found.items()}

"""Answers to 01.1."""

from __future__ import annotations

import struct
from typing import Any

NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")


def fields(given: dict[str, Any], order: str = "!", shift: int = 0) -> dict[str, Any]:
    data = bytes.fromhex(given["segment"])
    source, destination, seq, ack, offset, bits, window, checksum, _ = struct.unpack(
        f"{order}HHIIBBHHH", data[:20]
    )
    length = 4 * (offset >> 4)
    at = 20
    while data[at] != 8:
        at += 1 if data[at] == 1 else data[at + 1]
    value, echo = struct.unpack(f"{order}II", data[at + 2 : at + 10])
    return {
        "source port": source, "destination port": destination, "sequence number": seq,
        "acknowledgment number": ack, "header length": length, "flags": named(bits >> shift),
        "window": window, "checksum": checksum,
        "timestamp value": value, "timestamp echo reply": echo, "data": data[length:].hex(),
    }  # fmt: skip


def named(bits: int) -> list[str]:
    return [name for n, name in enumerate(NAMES) if bits >> n & 1]


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    good = fields(given)
    spaced = bytes.fromhex(good["data"]).hex(" ").upper()
    return [{"fields": good}, {"fields": good | {"flags": good["flags"][::-1], "data": spaced}}]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    good = fields(given)
    data = bytes.fromhex(given["segment"])
    changed = {
        "offset read as bytes": {"header length": data[12] >> 4},
        "little-endian": fields(given, "<"),
        "options taken for data": {"data": data[20:].hex()},
        "flags shifted": {"flags": fields(given, shift=2)["flags"]},
        "flags of the wrong end": {"flags": named(int(f"{data[13]:08b}"[::-1], 2))},
        "ports swapped": {"source port": good["destination port"], "destination port": good["source port"]},
        "echo taken for value": {
            "timestamp value": good["timestamp echo reply"], "timestamp echo reply": good["timestamp value"],
        },
    }  # fmt: skip
    return {key: {"fields": good | change} for key, change in changed.items()}

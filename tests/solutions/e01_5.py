"""Answers to 01.5."""

from __future__ import annotations

from typing import Any

from handshake.tcp import Segment

TAG = "the tag of a TLS record"


def forged(given: dict[str, Any], shift: int = 0) -> bytearray:
    """The new beginning; with a shift, the bytes behind it that many on lose what the digit has gained."""
    segment = bytearray.fromhex(given["segment"])
    begins = given["the data shall begin with"].encode()
    gained = begins[4] - segment[24]
    segment[20 : 20 + len(begins)] = begins
    if shift:
        at = 20 + len(begins) + 5  # among the digits of the order's number
        at += (at + shift) % 2
        segment[at] = segment[at] - gained
    return segment


def answer(segment: bytes | bytearray, by: str = TAG) -> dict[str, Any]:
    return {"forged": segment.hex(), "noticed_by": by}


def swapped(given: dict[str, Any]) -> bytearray:
    """Another way: the last word of the data makes up for everything."""
    segment = forged(given)
    old = bytes.fromhex(given["segment"])
    at = len(segment) - 2 - len(segment) % 2
    sums = [sum(int.from_bytes(each[n : n + 2], "big") for n in range(20, at, 2)) for each in (old, segment)]
    last = int.from_bytes(old[at : at + 2], "big") + sums[0] - sums[1]
    segment[at : at + 2] = (last % 65535).to_bytes(2, "big")
    return segment


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    spaced = forged(given, 2).hex(" ").upper()
    return [answer(forged(given, 2)), answer(swapped(given)), {"forged": spaced, "noticed_by": TAG}]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    segment = Segment.decode(bytes(forged(given)))
    repaired = Segment(
        segment.source_port, segment.destination_port, segment.seq, segment.ack, segment.flags,
        segment.window, segment.data,
    ).encode(given["from"], given["to"])  # fmt: skip
    good = forged(given, 2)
    return {
        "checksum repaired": answer(repaired),
        "not made up for": answer(forged(given)),
        "wrong half of a word": answer(forged(given, 1)),
        "nothing changed": answer(bytes.fromhex(given["segment"])),
        "another length": answer(good + b"!"),
        "checksum believed": answer(good, "the TCP checksum"),
        "a check of one hop": answer(good, "the frame check sequence"),
        "number unchanged": answer(good, "the sequence number"),
    }

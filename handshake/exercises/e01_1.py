"""Exercise 01.1: read a header, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, compare, entry
from handshake.tcp import ACK, FIN, PSH, URG, Flags, Option, Segment
from handshake.tcp.options import NO_OPERATION, timestamps

CWR, ECE = Flags.CWR, Flags.ECE

STATEMENT = """
`exercises.mine("01.1")` is a TCP segment in hexadecimal: a header with options, and data. Read it. Numbers
are whole, and as they stand in the header, except where something else is said:

- `"header length"`: where the data begin, in bytes.
- `"flags"`: the list of the control bits that are set, by name, in any order: `["SYN", "ACK"]`.
- `"timestamp value"` and `"timestamp echo reply"`: the two numbers of the timestamps option (kind 8).
- `"data"`: the bytes behind the header, as text in hexadecimal.
"""

STARTER = """
fields = {
    "source port": None, "destination port": None, "sequence number": None, "acknowledgment number": None,
    "header length": None, "flags": None, "window": None, "checksum": None,
    "timestamp value": None, "timestamp echo reply": None, "data": None,
}
"""

SIGNS = {
    "offset read as bytes": "The data offset counts words: its unit is 4 bytes.",
    "little-endian": "The highest byte of a number comes first: big-endian, the order of the network.",
    "options taken for data": (
        "These are options still: the header is longer than 20 bytes. The data offset says where data begin."
    ),
    "flags shifted": (
        "You have the right bits at the wrong places. Behind the 4 bits of the offset come 4 reserved ones; "
        "then a byte with CWR, ECE, URG, ACK, PSH, RST, SYN, FIN, from left to right."
    ),
    "flags of the wrong end": "The first flag stands on the left: CWR is worth 128, FIN is worth 1.",
    "ports swapped": "The port of the sender comes first.",
    "echo taken for value": "The sender's own clock comes first, the echo of the other's behind it.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's segment."""
    sets = (
        CWR | PSH | ACK,
        ECE | PSH | ACK,
        ACK | FIN,
        PSH | ACK | FIN,
        URG | ACK | FIN,
        URG | PSH | ACK | FIN,
    )
    stamps = timestamps(entropy.number("value", 1 << 32), entropy.number("echo", 1 << 32))
    blocks = Option(5, entropy("SACK block", 8))
    rows: tuple[tuple[Option, ...], ...] = (
        (NO_OPERATION, NO_OPERATION, stamps),
        (stamps, NO_OPERATION, NO_OPERATION),
        (NO_OPERATION, NO_OPERATION, stamps, NO_OPERATION, NO_OPERATION, blocks),
        (NO_OPERATION, NO_OPERATION, blocks, NO_OPERATION, NO_OPERATION, stamps),
    )
    flags = sets[entropy.number("flags", len(sets))]
    segment = Segment(
        1024 + entropy.number("source", 64_000),
        1 + entropy.number("destination", 1023),
        entropy.number("seq", 1 << 32),
        entropy.number("ack", 1 << 32),
        flags,
        257 + entropy.number("window", 65_000),
        entropy("data", 4 + entropy.number("size", 12)),
        rows[entropy.number("options", len(rows))],
        1 + entropy.number("urgent", 4) if flags & URG else 0,
    )
    return {"segment": segment.encode("192.0.2.1", "192.0.2.2").hex()}


NUMBERS = {
    "source port": (0, 2), "destination port": (2, 2), "sequence number": (4, 4),
    "acknowledgment number": (8, 4), "window": (14, 2), "checksum": (16, 2),
}  # fmt: skip
"""Where the plain numbers stand, and how many bytes they have."""


def right(given: dict[str, Any]) -> dict[str, Any]:
    """All fields."""
    data = bytes.fromhex(given["segment"])
    segment = Segment.decode(data)
    stamps = segment.option(8)
    value, echo = stamps.numbers if stamps else (0, 0)
    return {
        **{name: int.from_bytes(data[at : at + size], "big") for name, (at, size) in NUMBERS.items()},
        "header length": 4 * (data[12] >> 4),
        "flags": named(data[13]),
        "timestamp value": value,
        "timestamp echo reply": echo,
        "data": segment.data.hex(),
    }


def named(bits: int) -> list[str]:
    """The names of control bits, in alphabetical order."""
    return sorted(str(flag.name) for flag in Flags if bits & flag)


GROUPS = {
    "ports and numbers": tuple(NUMBERS),
    "length and flags": ("header length", "flags"),
    "options and data": ("timestamp value", "timestamp echo reply", "data"),
}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Field by field."""
    came, wanted = ask.value("fields"), right(given)
    for group, names in GROUPS.items():
        for name in names:
            got = tidied(name, entry(came, name))
            yield compare(group, name, wanted[name], got, _signs(name, wanted, given))


def tidied(name: str, value: Any) -> Any:
    """The same in the one form in which it is compared: flags in order, hexadecimal without spaces."""
    if name == "flags" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return sorted(each.strip().upper() for each in value)
    if name == "data" and isinstance(value, str):
        return "".join(value.split()).lower()
    return value


def _signs(name: str, wanted: dict[str, Any], given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What typical wrong answers would have been, by their values."""
    data = bytes.fromhex(given["segment"])
    value = wanted[name]
    if name.endswith("port"):
        other = "source port" if name.startswith("destination") else "destination port"
        yield "ports swapped", wanted[other]
    if name.startswith("timestamp"):
        other = "timestamp echo reply" if name == "timestamp value" else "timestamp value"
        yield "echo taken for value", wanted[other]
    if name in NUMBERS or name.startswith("timestamp"):
        size = NUMBERS.get(name, (0, 4))[1]
        yield "little-endian", int.from_bytes(value.to_bytes(size, "little"), "big")
    if name == "header length":
        yield "offset read as bytes", data[12] >> 4
    if name == "flags":
        turned = int(f"{data[13]:08b}"[::-1], 2)
        yield "flags of the wrong end", named(turned)
        for by in (1, 2, 4):
            yield "flags shifted", named(data[13] >> by)
            yield "flags shifted", named(data[13] << by & 0xFF)
    if name == "data":
        yield "options taken for data", data[20:].hex()


EXERCISE = Exercise(
    id="01.1",
    title="Read a header",
    statement=STATEMENT,
    starter=STARTER,
    names=("fields",),
    groups={"ports and numbers": 2, "length and flags": 2, "options and data": 2},
    signs=SIGNS,
    hint="Mark the bytes: 2, 2, 4, 4, 1, 1, 2, 2, 2 are the first twenty; each option says how long it is.",
    reread="notebook 01, The header of TCP, bit by bit; RFC 9293 section 3.1, RFC 7323 section 3.2",
    draw=draw,
    judge=judge,
    literal=True,
)

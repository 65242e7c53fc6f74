"""Exercise 01.5: change a segment and keep its checksum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, said
from handshake.net.ipv4 import pseudo_header
from handshake.tcp import ACK, PSH, Segment
from handshake.wire import internet_checksum

HEADER = 20

STATEMENT = """
`exercises.mine("01.5")` has a TCP segment with an order to pay, in hexadecimal, and the IPv4 addresses that
it travels between. Its header has 20 bytes, no options, and a good checksum.

1. `forged`: another segment, as text in hexadecimal, just as long and **with the same 20 bytes of header**,
   the checksum too. Its data begin with the words that `mine` gives under "the data shall begin with"; what
   comes behind them is yours to choose. A receiver has to find its checksum good.
2. `noticed_by`: which of these would notice it, if you were a router on the way? One of
   `"the TCP checksum"`, `"the IPv4 header checksum"`, `"the frame check sequence"`,
   `"the sequence number"`, `"the tag of a TLS record"` (if the same data had gone through TLS).
"""

STARTER = """
forged = ""
noticed_by = ""
"""

SIGNS = {
    "checksum repaired": (
        "You repaired it: that is another checksum in the header. Leave the header alone and find a change "
        "in the data that makes up for the first."
    ),
    "not made up for": (
        "The data are changed, and the sum with them. Some other word has to lose what this one has gained."
    ),
    "wrong half of a word": (
        "Byte for byte you have taken away what you added, but words of two bytes are summed: the left byte "
        "of a word counts 256 times."
    ),
    "nothing changed": "That is the segment as it was.",
    "another length": (
        "The length counts too, in the pseudo-header. As many bytes as before; change some, add none."
    ),
    "checksum believed": ("You have just deceived it. It is there for accidents, and asks for no secret."),
    "a check of one hop": (
        "That check is made anew by every router that passes the packet on: it says nothing of what a router "
        "has done itself, and this one does not look at the data."
    ),
    "number unchanged": "The header is the same, the number too: it counts bytes, and does not read them.",
}

CHOICES = {
    "the TCP checksum": "checksum believed",
    "the IPv4 header checksum": "a check of one hop",
    "the frame check sequence": "a check of one hop",
    "the sequence number": "number unchanged",
    "the tag of a TLS record": "",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Who is to be paid, how much, and between whom the order travels."""
    client, server = (f"10.{entropy.number(end, 250)}.{entropy.number(end, 250)}.{host}"
                      for end, host in (("client", 7), ("server", 9)))  # fmt: skip
    names = ("anna", "bert", "cleo", "dora", "emil", "fritz", "greta", "hugo")
    name = names[entropy.number("name", len(names))]
    amount = 100 + entropy.number("amount", 800)
    order = f"pay {amount:04} to {name};"
    note = f" no {10_000_000 + entropy.number('order', 90_000_000)}, thanks."
    segment = Segment(
        49152 + entropy.number("port", 16_000), 7007, entropy.number("seq", 1 << 32),
        entropy.number("ack", 1 << 32), PSH | ACK, 501, (order + note).encode(),
    )  # fmt: skip
    return {
        "from": client,
        "to": server,
        "segment": segment.encode(client, server).hex(),
        "the data shall begin with": f"pay {9000 + amount} to {name};",
    }


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """The forged segment, as its receiver would look at it; then the choice."""
    yield _forged(ask.value("forged"), given)
    choice = ask.value("noticed_by")
    key = CHOICES.get(choice) if isinstance(choice, str) else None
    wanted = "" if key == "" else "one that needs a secret" if key else f"one of {', '.join(CHOICES)}"
    yield Finding("who notices", key == "", "noticed_by", wanted, said(choice) if wanted else "", key or "")


def _forged(text: Any, given: dict[str, Any]) -> Finding:
    old = bytes.fromhex(given["segment"])
    begins = given["the data shall begin with"].encode()
    try:
        new = bytes.fromhex(text)
    except (TypeError, ValueError):
        return _bad("forged", "text in hexadecimal", said(text))
    if new == old:
        return _bad("the data", said(begins), said(new[HEADER : HEADER + len(begins)]), "nothing changed")
    if len(new) != len(old):
        return _bad("its length", f"{len(old)} bytes", f"{len(new)} bytes", "another length")
    sums = _sum(new, given)
    if new[:HEADER] != old[:HEADER]:
        only = new[:16] + old[16:18] + new[18:HEADER] == old[:HEADER]
        key = "checksum repaired" if only and not sums else ""
        return _bad("the header", old[:HEADER].hex(" "), new[:HEADER].hex(" "), key)
    if not new[HEADER:].startswith(begins):
        return _bad("the data", said(begins), said(new[HEADER : HEADER + len(begins)]))
    if sums:
        key = "wrong half of a word" if sum(new) == sum(old) else "not made up for"
        return _bad("the sum of all words, complemented", "0x0000", f"0x{sums:04x}", key)
    return Finding("the forged segment", True)


def _bad(what: str, expected: str, got: str, key: str = "") -> Finding:
    return Finding("the forged segment", False, what, expected, got, key)


def _sum(segment: bytes, given: dict[str, Any]) -> int:
    """What a receiver reckons: 0 if the checksum is good."""
    return internet_checksum(pseudo_header(given["from"], given["to"], 6, len(segment)) + segment)


EXERCISE = Exercise(
    id="01.5",
    title="Change a segment and keep its checksum",
    statement=STATEMENT,
    starter=STARTER,
    names=("forged", "noticed_by"),
    groups={"the forged segment": 4, "who notices": 2},
    signs=SIGNS,
    hint="The sum is an addition: what one 16-bit word gains, another may lose. Mind how words are aligned.",
    reread="notebook 01, The checksum; RFC 1071",
    draw=draw,
    judge=judge,
    literal=True,
)

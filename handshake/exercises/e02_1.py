"""Exercise 02.1: eight numbers of a connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, compare, entry

SPACE = 1 << 32

STATEMENT = """
A connection is opened, data go both ways, and one end closes. `exercises.mine("02.1")` says with which
number each end begins, which is that of its SYN, and how many bytes each sends. Segment by segment:

1. the client's SYN   2. the server's SYN, ACK   3. the client's ACK
4. the client's data, all in one segment   5. the server's data, all in one segment, which acknowledges 4
6. the client's ACK, without data   7. the client's FIN, ACK   8. the server's ACK of 7

Fill in the eight numbers, each from 0 to 2³² - 1. Numbers go round.
"""

STARTER = """
numbers = {
    "seq of 3": None, "ack of 3": None, "seq of 5": None, "ack of 5": None,
    "seq of 6": None, "ack of 6": None, "seq of 7": None, "ack of 8": None,
}
"""

SIGNS = {
    "forgot SYN": "A SYN takes one number itself: the first byte of data has the number after it.",
    "counted pure ACK": "A segment that carries nothing takes no number: the next one begins where it began.",
    "ack is last byte": "An acknowledgment names the byte that is expected next, not the last one that came.",
    "one too many": "That many bytes take exactly that many numbers: nothing is added for the segment.",
    "other direction": "That is the other direction's number: seq counts one's own bytes, ack the other's.",
    "no wrap": "Behind 2³² - 1 comes 0: the number has to be smaller than 2³².",
    "forgot FIN": "A FIN takes one number itself, as a SYN does.",
    "no whole number": "Write whole numbers: without quotation marks, and without a point.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Where both ends begin, and how much they send; one end begins close to the wrap."""
    near = SPACE - 1 - entropy.number("near the wrap", 40)
    far = entropy.number("far from it", SPACE - (1 << 20))
    turned = entropy.number("which end is near", 2) == 1
    return {
        "the client begins with": near if turned else far,
        "the server begins with": far if turned else near,
        "bytes from the client": 60 + entropy.number("client bytes", 900),
        "bytes from the server": 60 + entropy.number("server bytes", 900),
    }


def right(given: dict[str, Any]) -> dict[str, int]:
    """The eight numbers (RFC 9293 section 3.4)."""
    c, s = given["the client begins with"], given["the server begins with"]
    m, n = given["bytes from the client"], given["bytes from the server"]
    return {
        name: value % SPACE
        for name, value in {
            "seq of 3": c + 1, "ack of 3": s + 1, "seq of 5": s + 1, "ack of 5": c + 1 + m,
            "seq of 6": c + 1 + m, "ack of 6": s + 1 + n, "seq of 7": c + 1 + m, "ack of 8": c + 2 + m,
        }.items()
    }  # fmt: skip


PAIRS = {
    "the client's numbers": ("seq of 3", "seq of 6", "seq of 7"),
    "the server's numbers": ("seq of 5",),
    "acknowledgments": ("ack of 3", "ack of 5", "ack of 6", "ack of 8"),
}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Number by number."""
    came, wanted = ask.value("numbers"), right(given)
    for group, names in PAIRS.items():
        for name in names:
            got = entry(came, name)
            signs: list[tuple[str, Any]] = []
            if type(got) is int and got >= SPACE:
                signs = [("no wrap", got)]
            if isinstance(got, (str, float)) and str(got).removesuffix(".0").isdigit():
                signs = [("no whole number", got)]
            yield compare(group, name, wanted[name], got, [*signs, *_signs(name, wanted, given)])


def _signs(name: str, wanted: dict[str, int], given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What typical wrong answers would have been, by their values."""
    value = wanted[name]
    c, s = given["the client begins with"], given["the server begins with"]
    m = given["bytes from the client"]
    unwrapped = {"seq of 3": c + 1, "ack of 3": s + 1, "seq of 5": s + 1, "ack of 5": c + 1 + m,
                 "seq of 6": c + 1 + m, "ack of 6": s + 1 + given["bytes from the server"],
                 "seq of 7": c + 1 + m, "ack of 8": c + 2 + m}[name]  # fmt: skip
    if unwrapped >= SPACE:
        yield "no wrap", unwrapped
    if name == "ack of 8":
        yield "forgot FIN", (value - 1) % SPACE
    if name in ("ack of 5", "ack of 6"):
        yield "ack is last byte", (value - 1) % SPACE
        yield "one too many", (value + 1) % SPACE
    if name in ("seq of 6", "seq of 7"):
        yield "counted pure ACK", (value + 1) % SPACE
    yield "forgot SYN", (value - 1) % SPACE
    twin = f"{'ack' if name.startswith('seq') else 'seq'}{name[3:]}"
    if twin in wanted:
        yield "other direction", wanted[twin]


EXERCISE = Exercise(
    id="02.1",
    title="Eight numbers of a connection",
    statement=STATEMENT,
    starter=STARTER,
    names=("numbers",),
    groups={"the client's numbers": 2, "the server's numbers": 1, "acknowledgments": 3},
    signs=SIGNS,
    hint="Write down, for every segment, how many numbers it takes: its bytes, and one for SYN or FIN.",
    reread="notebook 02, As the wire does it: two lanes; RFC 9293 section 3.4",
    draw=draw,
    judge=judge,
    literal=True,
)

"""Exercise 02.4: which segments lie in the receive window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, compare

SPACE = 1 << 32

STATEMENT = """
Write two functions.

`is_acceptable(seq, length, rcv_nxt, rcv_wnd)` answers `True` or `False`: whether a receiver may take a
segment. `seq` is the number of its first byte (SEG.SEQ), `length` how many numbers it takes (SEG.LEN), from
0 on; `rcv_nxt` is the number that the receiver expects next (RCV.NXT), `rcv_wnd` how many numbers from there
on it takes (RCV.WND), from 0 to 2³⁰. A segment is acceptable if its first or its last number lies in the
window; an empty one if its `seq` does. If the window is closed (`rcv_wnd` is 0), only an empty segment with
exactly the number that is expected is. Numbers are whole, from 0 to 2³² - 1, and go round. (A segment that
is longer than an open window and covers all of it does not occur.)

`seg_len(size, flags)` answers how many numbers a segment takes, a whole number. `size` is how many bytes of
data it carries, `flags` the list of its control bits, such as `["FIN", "ACK"]`.
"""

STARTER = """
def is_acceptable(seq, length, rcv_nxt, rcv_wnd):
    raise NotImplementedError("yours")

def seg_len(size, flags):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "closed window refuses everything": (
        "With a closed window an acknowledgment without data still has to get through, if its number is the "
        "one expected: else nobody would ever hear that the window is open again."
    ),
    "closed window takes data": "The window is closed: there is room for no byte, not even the one expected.",
    "only the first byte": (
        "This segment begins with bytes that are known, but ends with new ones. Look at its last number too."
    ),
    "one beyond the window": (
        "RCV.NXT + RCV.WND is the first number that is not in the window: there is no room for it."
    ),
    "end counted one too far": (
        "The last number of a segment is SEG.SEQ + SEG.LEN - 1. This one brings only what is known."
    ),
    "whole segment wanted": (
        "Only a part of it lies in the window, and that part may be taken: a segment need not fit as a whole."
    ),
    "SYN and FIN not counted": "SYN and FIN take a number each, as a byte of data does.",
    "one for both": "SYN and FIN take a number each, and so two if both are set.",
    "every flag counted": "Of the control bits only SYN and FIN take a number: they have to be acknowledged.",
    "no truth value": "The answer is True or False, and is given back by `return`.",
    "no wrap": "The window may begin before 2³² - 1 and end after 0: compare distances from RCV.NXT.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Where this student's windows lie."""
    return {
        "_next": 1_000_000 + entropy.number("next", 1 << 31),
        "_window": 1000 + entropy.number("window", 60_000),
        "_seed": entropy("cases", 16),
    }


def expected(seq: int, length: int, rcv_nxt: int, rcv_wnd: int) -> bool:
    """The four cases of RFC 9293 section 3.4."""
    first = (seq - rcv_nxt) % SPACE
    if rcv_wnd == 0:
        return length == 0 and first == 0
    return first < rcv_wnd or (length > 0 and (first + length - 1) % SPACE < rcv_wnd)


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """The edges of a window, a closed one, one across the wrap, any; then lengths."""
    at, size = given["_next"], given["_window"]
    first, beyond, end = "only the first byte", "one beyond the window", "end counted one too far"
    no, shut = "closed window refuses everything", "closed window takes data"
    yield from _cases(ask, "an open window", [
        ("", at, 0, at, size), ("", at, 10, at, size), ("", at - 1, 0, at, size),
        ("", at + size - 1, 0, at, size), ("whole segment wanted", at + size - 1, 10, at, size),
        (first, at - 9, 10, at, size), (first, at - 500, 600, at, size),
        (beyond, at + size, 0, at, size), (beyond, at + size, 5, at, size),
        (end, at - 10, 10, at, size), (end, at - 1, 1, at, size), ("", at + size + 1, 3, at, size),
    ])  # fmt: skip
    yield from _cases(ask, "a closed window", [
        (no, at, 0, at, 0), (shut, at, 1, at, 0), (shut, at, 100, at, 0), ("", at + 1, 0, at, 0),
        ("", at - 1, 0, at, 0), ("", at - 1, 2, at, 0),
    ])  # fmt: skip
    yield from _cases(ask, "the wrap", [
        ("", offset - before, length, -before % SPACE, size)
        for before in (1, size // 2, size)
        for offset, length in ((0, 0), (before, 0), (before, 20), (size - 1, 1), (-20, 21), (size + 9, 9))
    ])  # fmt: skip
    random = Entropy(given["_seed"])
    yield from _cases(ask, "any numbers", [_anything(random) for _ in range(150)])
    lengths = [(0, []), (700, ["ACK"]), (0, ["SYN"]), (0, ["FIN", "ACK"]), (5, ["FIN", "PSH", "ACK"]),
               (0, ["SYN", "ACK"]), (3, ["SYN"]), (4, ["SYN", "FIN"]), (0, ["RST"])]  # fmt: skip
    for (data, flags), got in zip(lengths, ask.many("seg_len", lengths), strict=True):
        wanted = data + ("SYN" in flags) + ("FIN" in flags)
        signs = [("SYN and FIN not counted", data), ("every flag counted", data + len(flags))]
        if {"SYN", "FIN"} <= set(flags):
            signs.insert(0, ("one for both", data + 1))
        yield compare("lengths", f"seg_len({data}, {flags})", wanted, got, signs)


Case = tuple[str, int, int, int, int]
"""Which typical wrong answer goes wrong here, and seq, length, rcv_nxt, rcv_wnd."""


def _anything(random: Entropy) -> Case:
    rcv_nxt, window = random.number("next", SPACE), 1500 + random.number("window", 60_000)
    length = random.number("length", 2) * random.number("size", 1461)
    return ("", rcv_nxt + random.number("seq", 3 * window) - window, length, rcv_nxt, window)


def _cases(ask: Ask, group: str, cases: list[Case]) -> Iterator[Finding]:
    asked = [(seq % SPACE, *rest) for _, seq, *rest in cases]
    for (key, *_), args, got in zip(cases, asked, ask.many("is_acceptable", asked), strict=True):
        wanted = expected(*args)
        signs = [(key, not wanted)] if key else [("no wrap", straight) for straight in _unwrapped(*args)]
        if type(got) is not bool and not isinstance(got, Raised):
            signs = [("no truth value", got)]
        yield compare(group, f"is_acceptable{args}", wanted, got, signs)


def _unwrapped(seq: int, length: int, rcv_nxt: int, rcv_wnd: int) -> Iterator[bool]:
    """What comparing says if numbers do not go round, where the first is in a window across the wrap."""
    last, end = seq + max(length, 1) - 1, rcv_nxt + rcv_wnd
    if max(last, end) >= SPACE and (seq - rcv_nxt) % SPACE < rcv_wnd:
        yield rcv_nxt <= seq < end or rcv_nxt <= last < end
        yield rcv_nxt <= seq < end % SPACE or rcv_nxt <= last % SPACE < end % SPACE


EXERCISE = Exercise(
    id="02.4",
    title="Is a segment in the window?",
    statement=STATEMENT,
    starter=STARTER,
    names=("is_acceptable", "seg_len"),
    groups={"an open window": 3, "a closed window": 2, "the wrap": 1, "any numbers": 1, "lengths": 1},
    signs=SIGNS,
    hint="Count from RCV.NXT, modulo 2³²: see how far away the first and the last number are.",
    reread="notebook 02, Break it: a hole; RFC 9293 section 3.4",
    draw=draw,
    judge=judge,
    in_order=True,
)

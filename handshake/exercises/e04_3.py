"""Exercise 04.3: what a receiver does with a reset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, compare, said, same

SPACE = 1 << 32

ANSWERS = ("reset", "challenge", "drop")

STATEMENT = """
Write `on_rst(seq, rcv_nxt, rcv_wnd)`: a segment with RST has come to an established connection. `seq` is its
sequence number, `rcv_nxt` the number that we expect next (RCV.NXT), and `rcv_wnd` the size of our window in
bytes (RCV.WND), from 0 to 2³⁰. The first two are whole numbers from 0 to 2³² - 1, and numbers go round.

The answer is what RFC 9293 section 3.10.7.4 (and RFC 5961) has the receiver do:

- `"reset"`: the connection is over;
- `"challenge"`: the connection stays, and a challenge ACK asks the peer whether it meant that;
- `"drop"`: nothing at all, not even an answer.

The window is the `rcv_wnd` numbers from `rcv_nxt` on. A window of 0 is closed for data, but the number that
is expected next is still the one that a true peer would use.
"""

STARTER = """
def on_rst(seq, rcv_nxt, rcv_wnd):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "any in the window resets": (
        "That number is only somewhere in the window, and the connection is gone: with a window of 64 KB, "
        "65536 forged segments try all numbers, unseen. That was the attack of 2004."
    ),
    "exact match not obeyed": (
        "This RST has exactly the number that is expected next, as a true peer's has, and the connection "
        "goes on: one end believes in it, and the other has forgotten it."
    ),
    "zero window": (
        "The window is closed, so no byte would fit, but a RST carries none: with the number that is "
        "expected next it counts all the same."
    ),
    "no wrap": "The window goes on behind 2³² - 1 with 0: there a smaller number may be inside it.",
    "right end counted": (
        "rcv_nxt + rcv_wnd is the first number behind the window, and not the last one in it: no answer."
    ),
    "answers what is outside": (
        "That number is outside the window. It is dropped in silence: an answer would be one more packet for "
        "everybody who sends garbage."
    ),
    "answers in other words": 'The answer is one of "reset", "challenge" and "drop".',
}

Case = tuple[int, int, int]


def draw(entropy: Entropy) -> dict[str, Any]:
    """Where this student's window lies, and how large it is."""
    return {
        "_nxt": 1_000_000 + entropy.number("rcv_nxt", 1 << 30),
        "_size": 1000 + entropy.number("window", 60_000),
        "_seed": entropy("cases", 16),
    }


def expected(seq: int, rcv_nxt: int, rcv_wnd: int) -> str:
    """What RFC 9293 section 3.10.7.4 says, second check."""
    ahead = (seq - rcv_nxt) % SPACE
    if ahead == 0:
        return "reset"
    return "challenge" if ahead < rcv_wnd else "drop"


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """The exact number, then the window and its ends, then the wrap, then anything."""
    nxt, size = given["_nxt"], given["_size"]
    three = ask.many("on_rst", [(nxt, nxt, size), (nxt + 1, nxt, size), (nxt - 1, nxt, size)])
    if any(all(same(got, each) for got in three) for each in ANSWERS):
        for group in EXERCISE.groups:  # (one answer for everything is right somewhere, and worth nothing)
            yield Finding(group, False, f"seq {nxt}, {nxt + 1}, {nxt - 1}", "three answers", said(three))
        return
    yield from _cases(ask, "the exact number", [(nxt, nxt, size), (nxt, nxt, 1), (nxt, nxt, 0)])
    inside = (1, size // 2, size - 1)
    yield from _cases(ask, "in the window", [(nxt + at, nxt, size) for at in inside])
    outside = (1 << 31, 3 << 30, -size, -1, 2 * size, size + 1, size)
    cases = [((nxt + at) % SPACE, nxt, size) for at in outside] + [(nxt + 1, nxt, 1), (nxt + 1, nxt, 0)]
    yield from _cases(ask, "outside", cases)
    yield from _cases(ask, "the wrap", [
        ((at - before) % SPACE, (SPACE - before) % SPACE, size)
        for before in (0, 1, size // 2, size - 1, size) for at in (0, *inside, size, size + 1, -1)
    ])  # fmt: skip
    yield from _cases(ask, "any numbers", list(_random(Entropy(given["_seed"]))))


def _random(random: Entropy) -> Iterator[Case]:
    for turn in range(200):
        size = random.number("window", (1 << 30) + 1) >> random.number("smaller", 30)
        near = SPACE - 1 - random.number("near the wrap", 1 << 16)
        nxt = near if turn % 2 else random.number("rcv_nxt", SPACE)
        ahead = random.number("ahead", 2 * size + 2) - size // 2
        yield (nxt + ahead) % SPACE, nxt, size


def _cases(ask: Ask, group: str, cases: Sequence[Case]) -> Iterator[Finding]:
    for (seq, nxt, size), got in zip(cases, ask.many("on_rst", cases), strict=True):
        wanted = expected(seq, nxt, size)
        case = f"on_rst({seq}, {nxt}, {size})"
        yield compare(group, case, wanted, got, _signs(seq, nxt, size, wanted, got))


def _signs(seq: int, nxt: int, size: int, wanted: str, got: Any) -> Iterator[tuple[str, Any]]:
    """What typical wrong answers would have said here."""
    if isinstance(got, Raised):
        return
    if got not in ANSWERS:
        yield "answers in other words", got
    elif wanted == "reset":
        yield ("zero window" if size == 0 else "exact match not obeyed"), got
    elif wanted == "challenge":
        yield "any in the window resets", "reset"
        if seq < nxt:
            yield "no wrap", "drop"
    elif (seq - nxt) % SPACE == size:
        yield "right end counted", got
    else:
        yield "answers what is outside", got


EXERCISE = Exercise(
    id="04.3",
    title="What to do with a reset",
    statement=STATEMENT,
    starter=STARTER,
    names=("on_rst",),
    groups={"the exact number": 2, "in the window": 2, "outside": 2, "the wrap": 1, "any numbers": 1},
    signs=SIGNS,
    hint="How far is `seq` ahead of `rcv_nxt`, modulo 2³²? That one number decides.",
    reread="notebook 04, A reset from somebody else; RFC 5961 section 3.2; RFC 9293 section 3.10.7.4",
    draw=draw,
    judge=judge,
    in_order=True,
)

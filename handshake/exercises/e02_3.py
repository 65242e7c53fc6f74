"""Exercise 02.3: which acknowledgments are valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, compare

SPACE = 1 << 32

STATEMENT = """
Write `is_valid_ack(una, nxt, ack)`. `una` is the oldest number that was sent and is not acknowledged yet
(SND.UNA), `nxt` the next that will be sent (SND.NXT), `ack` the acknowledgment number that came. All are
whole numbers from 0 to 2³² - 1, and numbers go round: 0 comes after 2³² - 1. At most 2³¹ bytes are under way.

The answer is `"new"` if it acknowledges something that was not acknowledged before, `"duplicate"` if it says
what is known already or less, `"future"` if it acknowledges what was never sent. Of the numbers that are not
new, those less than 2³¹ ahead of `una` are in the future, and the others are behind it.
"""

STARTER = """
def is_valid_ack(una, nxt, ack):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "duplicate counted new": (
        "ack = SND.UNA says nothing new: that byte is the one that is still waited for. Look at the left end "
        "of the span."
    ),
    "last byte never confirmed": (
        "ack = SND.NXT confirms all that was sent, the last byte too. Look at the right end of the span."
    ),
    "no wrap": "The numbers go round: after 2³² - 1 comes 0, so a smaller number may be the later one.",
    "future accepted": "That number was never sent: nobody can have received it.",
    "old counted future": (
        "That number lies behind SND.UNA and was acknowledged long ago: it says nothing new, and nothing of "
        "the future."
    ),
    "answers in other words": (
        'The answer is one of "new", "duplicate" and "future", and is given back by `return`: what is '
        "printed nobody gets."
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Where the numbers of this student lie: one place in the middle, and one close to the wrap."""
    return {
        "_middle": 1_000_000 + entropy.number("middle", 1 << 30),
        "_size": 1000 + entropy.number("size", 60_000),
        "_seed": entropy("cases", 16),
    }


def expected(una: int, nxt: int, ack: int) -> str:
    """What RFC 9293 section 3.10.7.4 says: SND.UNA < SEG.ACK =< SND.NXT is new."""
    sent, back = (nxt - una) % SPACE, (ack - una) % SPACE
    if 0 < back <= sent:
        return "new"
    return "future" if sent < back < SPACE // 2 else "duplicate"


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Ends of the span, then the wrap, then anything."""
    middle, size = given["_middle"], given["_size"]
    yield from _cases(ask, "the ends", [
        (middle, middle + size, middle + at) for at in (0, 1, size, size + 1, -1, -size, size // 2)
    ])  # fmt: skip
    yield from _cases(ask, "the wrap", [
        (SPACE - before, (size - before) % SPACE, (at - before) % SPACE)
        for before in (1, size // 2, size - 1, size) for at in (0, 1, size - 1, size, size + 1, -1)
    ])  # fmt: skip
    random = Entropy(given["_seed"])
    cases: list[tuple[int, int, int]] = []
    for _ in range(200):
        sent = random.number("sent", 1 << 20)
        near = SPACE - random.number("near the wrap", 1 << 20)  # every other one
        una = near % SPACE if len(cases) % 2 else random.number("una", SPACE)
        at = random.number("ack", 3 << 20) - (1 << 20)
        cases.append((una, (una + sent) % SPACE, (una + at) % SPACE))
    yield from _cases(ask, "any numbers", cases)


def _cases(ask: Ask, group: str, cases: list[tuple[int, int, int]]) -> Iterator[Finding]:
    for (una, nxt, ack), got in zip(cases, ask.many("is_valid_ack", cases), strict=True):
        wanted = expected(una, nxt, ack)
        case = f"is_valid_ack({una}, {nxt}, {ack})"
        yield compare(group, case, wanted, got, _signs(una, nxt, ack, wanted, got))


def _signs(una: int, nxt: int, ack: int, wanted: str, got: Any) -> Iterator[tuple[str, Any]]:
    """What typical wrong answers would have said here."""
    if ack == una and wanted == "duplicate":
        yield "duplicate counted new", "new"
    if ack == nxt and wanted == "new":
        yield "last byte never confirmed", "future"
        yield "last byte never confirmed", "duplicate"
    if not una <= nxt or (ack < una) != ((ack - una) % SPACE >= SPACE // 2):
        straight = "new" if una < ack <= nxt else "future" if ack > nxt else "duplicate"
        yield "no wrap", straight
    if wanted == "future":
        yield "future accepted", "new"
    if wanted == "duplicate" and ack != una:
        yield "old counted future", "future"
    if not isinstance(got, Raised) and got not in ("new", "duplicate", "future"):
        yield "answers in other words", got


EXERCISE = Exercise(
    id="02.3",
    title="Is an acknowledgment valid?",
    statement=STATEMENT,
    starter=STARTER,
    names=("is_valid_ack",),
    groups={"the ends": 3, "the wrap": 3, "any numbers": 2},
    signs=SIGNS,
    hint="Subtract first, modulo 2³², and compare the differences.",
    reread="notebook 02, Round the ring; RFC 9293 section 3.10.7.4",
    draw=draw,
    judge=judge,
    in_order=True,
)

"""Exercise 00.1: twenty-four bets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, said

STATEMENT = """
Bet on all claims above, and commit. Then `print(sheet.code)` prints your bets in one line; copy it into
`bets`, between the quotation marks.

What counts is that you have bet on all of them, and not what you believe. Notebook 10 shows you how it went.
"""

STARTER = """
bets = ""
"""

SIGNS = {
    "some are missing": "Some claims are not bet on yet: what you guess is a bet too, with 34 %.",
    "not that line": (
        'That is not the line that `print(sheet.code)` prints: "S91 so it is 70; S62 not so 34; ...".'
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Nothing that anybody sees: everybody bets on the same claims."""
    return {"_seed": entropy("seed", 8)}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Whether all are there."""
    from handshake.labs.wager.sheet import CLAIMS, read_code  # (which loads widgets)

    line = ask.value("bets")
    try:
        found = read_code(line) if isinstance(line, str) else {}
    except ValueError as error:
        yield Finding("all are bet on", False, "bets", "the line that print(sheet.code) prints", str(error),
                      "not that line")  # fmt: skip
        return
    missing = [claim for claim in CLAIMS if claim not in found]
    if not isinstance(line, str):
        yield Finding("all are bet on", False, "bets", "text", said(line), "not that line")
    elif missing:
        words = f"{len(missing)} missing: {', '.join(missing)}"
        yield Finding("all are bet on", False, "bets", f"{len(CLAIMS)} bets", words, "some are missing")
    else:
        yield Finding("all are bet on", True)


EXERCISE = Exercise(
    id="00.1",
    title="Twenty-four bets",
    statement=STATEMENT,
    starter=STARTER,
    names=("bets",),
    groups={"all are bet on": 4},
    signs=SIGNS,
    hint="Go back to the cards; what you have chosen there is kept.",
    reread="notebook 00, What do you believe?",
    draw=draw,
    judge=judge,
    literal=True,
)

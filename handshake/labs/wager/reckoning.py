"""What became of the bets: how many held, and how well people knew what they knew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handshake import article, show
from handshake.labs.lab import Outcome
from handshake.labs.wager.sheet import CLAIMS, RIGHT, STAGES, SURE, Belief, committed
from handshake.show import Scale, Series

SHAPES = {"before": "ring", "after": "disc"}

PERCENT = tuple((n / 100, f"{n} %") for n in (0, 25, 50, 75, 100))


def held(beliefs: Sequence[Belief]) -> dict[int, tuple[int, int]]:
    """For each degree of certainty that occurs: how many bets were right, of how many."""
    found: dict[int, tuple[int, int]] = {}
    for sure in SURE:
        mine = [each for each in beliefs if each.sure == sure]
        if mine:
            found[sure] = sum(each.right for each in mine), len(mine)
    return found


def score(beliefs: Sequence[Belief]) -> float:
    """The mean of (certainty - outcome)², Brier's score: 0 is perfect; who guesses all has about 0.22."""
    return sum((each.sure / 100 - each.right) ** 2 for each in beliefs) / len(beliefs)


def reckoning(folder: str | Path = ".") -> Outcome:
    """The bets of notebook 00 against the table of claims, and those of notebook 10 if there are any."""
    stages = {stage: committed(stage, folder) for stage in STAGES}
    stages = {stage: beliefs for stage, beliefs in stages.items() if beliefs}
    if not stages:
        return Outcome("There are no committed bets: notebook 00 has the cards, and so has the sheet above.")
    words = []
    for stage, beliefs in stages.items():
        right = sum(each.right for each in beliefs)
        mean = sum(each.sure for each in beliefs) / len(beliefs)
        words.append(
            f"{stage.capitalize()} the course {right} of {len(beliefs)} bets hold, that is "
            f"{100 * right / len(beliefs):.0f} %; you were sure of {mean:.0f} % "
            f"(Brier score {score(beliefs):.2f})."
        )
    return Outcome("\n".join(words), (_curve(stages), _table(stages)))


def _curve(stages: dict[str, tuple[Belief, ...]]) -> show.Picture:
    series = {"knows what it knows": Series(((0.34, 0.34), (1.0, 1.0)), "dashed")}
    for stage, beliefs in stages.items():
        points = tuple((sure / 100, right / count) for sure, (right, count) in held(beliefs).items())
        series[f"{stage} the course"] = Series(points, SHAPES[stage])
    return show.curves(
        series, Scale(0.3, 1.0, tuple((n / 100, f"{n} %") for n in SURE), "how sure"),
        Scale(0.0, 1.0, PERCENT, "how many of those bets hold"), title="How well did you know what you knew?",
        subtitle="Dots below the dashed line: too sure. Above it: you knew more than you thought.",
    )  # fmt: skip


def _table(stages: dict[str, tuple[Belief, ...]]) -> object:
    by_stage = {stage: {each.claim: each for each in beliefs} for stage, beliefs in stages.items()}
    rows = []
    for id in CLAIMS:
        claim = article.claim(id)
        told = [_said(by_stage[stage].get(id)) for stage in stages]
        rows.append((f"{id} {claim.text}", RIGHT[claim.verdict], *told, claim.notebook))
    return show.table(("claim", "it is", *stages, "notebook"), rows)


def _said(belief: Belief | None) -> str:
    if belief is None:
        return ""
    return f"{'+' if belief.right else '-'} {belief.belief}, {belief.sure} %"

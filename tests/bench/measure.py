"""Measuring side by side: every round runs every case once, so that a ratio is of one moment."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Case = Callable[[], object]


@dataclass
class Row:
    """One line of the table: what was measured, beside what, and what it may cost.

    figure: the ratio, or the figure in `unit`; None if it could not be measured, and `note` says why.
    must, aim: the largest figure that is allowed, and the one that is hoped for; None where there is none.
    """

    topic: str
    what: str
    beside: str
    figure: float | None
    must: float | None = None
    aim: float | None = None
    unit: str = "x"
    note: str = ""

    @property
    def verdict(self) -> str:
        """How the figure compares with must and aim."""
        if self.figure is None:
            return "not measured"
        if self.must is not None and self.figure > self.must:
            return "NOT MET"
        if self.aim is not None and self.figure > self.aim:
            return "met, short of the aim" if self.must is not None else "short of the aim"
        if self.must is None and self.aim is None:
            return ""
        return "met"

    @property
    def fails(self) -> bool:
        """Whether a must is missed."""
        return self.verdict == "NOT MET"


@dataclass
class Findings:
    """What one topic found: its rows, and the absolute figures behind them, which vary with the machine."""

    rows: list[Row] = field(default_factory=list)
    absolute: dict[str, float] = field(default_factory=dict)


def interleaved(cases: dict[str, Case], rounds: int, target: float = 0.1) -> dict[str, list[float]]:
    """CPU seconds for one run of each case, one figure a round: A B C A B C ...

    Each case is repeated often enough to last for about `target` seconds.  The cyclic garbage collector
    runs between the measurements, not in them, so that nobody pays for another's rubbish.
    """
    plan = []
    for name, run in cases.items():
        run()
        start = time.process_time()
        run()
        plan.append((name, run, max(1, int(target / max(time.process_time() - start, 1e-6)))))
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run, count in plan:
            gc.collect()
            start = time.process_time()
            for _ in range(count):
                run()
            figures[name].append((time.process_time() - start) / count)
    return figures


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of the quotient of each round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def each(function: Callable[[Any], object], items: Sequence[Any]) -> Case:
    """A case that calls `function` for all items, so that the call of the case itself costs nothing."""

    def run() -> None:
        for item in items:
            function(item)

    return run

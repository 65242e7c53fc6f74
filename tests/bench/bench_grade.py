"""Marking: an exercise in a process of its own, beside a fresh `python` that runs the same cell and a check.

And a class of 300: how steadily it goes, and how much memory it takes, with one and two workers and on a
local Dask cluster.  Wall time, since what is waited for is another process.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from measure import Findings, Row

from handshake.exercises import EXERCISES
from handshake.exercises.parameters import PRACTICE
from handshake.grade import Limits, Mark, Salts, Task, marked
from handshake.grade.bench import Workshop
from handshake.grade.running import Spread, threads

ONE = EXERCISES["02.3"]
SALTS = Salts(b"a salt of the benchmark", PRACTICE)
RIGHT = """
def is_valid_ack(una, nxt, ack):
    back, sent = (ack - una) % 2**32, (nxt - una) % 2**32
    if back == 0 or back >= 2**31:
        return "duplicate"
    return "new" if back <= sent else "future"
"""
CHECK = "assert is_valid_ack(1, 5, 3) == 'new' and is_valid_ack(1, 5, 1) == 'duplicate'"
RUNNER = """
import json, sys
ns, out = {"__name__": "__main__"}, []
for kind, src in json.load(sys.stdin):
    try:
        exec(compile(src, "cell", "exec"), ns)
        ok = True
    except Exception:
        ok = False
    if kind:
        out.append(ok)
print(json.dumps(out))
"""
STUDENTS = 300


def process() -> list[bool]:
    """The floor: a fresh interpreter that runs the cell and the check, and says whether it passed."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER], input=json.dumps([(False, RIGHT), (True, CHECK)]),
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    verdict: list[bool] = json.loads(done.stdout)
    return verdict


def tasks(count: int) -> Iterable[Task]:
    """A class."""
    return [Task(f"s{n}", ONE.id, RIGHT, ()) for n in range(count)]


def steady(spread: Spread, count: int) -> tuple[float, float, float]:
    """Seconds for each mark; the later half beside the earlier; megabytes that this process has grown by."""
    times, began = [], time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    points = 0
    for mark in spread(tasks(count), SALTS, Limits()):
        times.append(time.perf_counter())
        points += mark.points
    if points != count * ONE.points or len(times) != count:
        raise AssertionError("a mark is missing")
    half = count // 2
    early, late = times[half] - times[count // 10], times[-1] - times[half]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    steps = half - count // 10, count - 1 - half
    return (times[-1] - began) / count, (late / steps[1]) / (early / steps[0]), grown


def of_workers(workers: int) -> Spread:
    """On this machine."""

    def spread(todo: Iterable[Task], salts: Salts, limits: Limits) -> Iterator[Mark]:
        return threads(todo, salts, limits, workers)

    return spread


def run(rounds: int) -> Findings:
    """Measure, and compare."""
    workshop = Workshop(Limits())
    cases: dict[str, Callable[[], object]] = {
        "ours": lambda: marked(Task("anna", ONE.id, RIGHT, ()), SALTS, workshop), "process": process,
    }  # fmt: skip
    if marked(Task("anna", ONE.id, RIGHT, ()), SALTS, workshop).points != ONE.points or process() != [True]:
        raise AssertionError("the verdicts differ")
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(max(rounds, 5) * 2):
        for name, case in cases.items():
            began = time.perf_counter()
            for _ in range(5):
                case()
            figures[name].append((time.perf_counter() - began) / 5)
    ratio = statistics.median(a / b for a, b in zip(figures["ours"], figures["process"], strict=True))
    rows = [
        Row("grade", "an exercise, isolated and judged", "a fresh python that runs the cell", ratio, 4.0, 1.5)
    ]
    absolute = {f"{name}, ms": statistics.median(all_) * 1000 for name, all_ in figures.items()}
    for workers in (1, 2):
        each, drift, grown = steady(of_workers(workers), STUDENTS)
        what = f"{STUDENTS} submissions, {workers} worker{'s' * (workers > 1)}"
        rows.append(Row("grade", f"{what}: later half", "earlier half", drift, 1.3, 1.1))
        absolute |= {f"{what}, ms each": each * 1000, f"{what}, MB grown": grown}
    rows.append(_cluster(absolute))
    return Findings(rows, absolute)


def _cluster(absolute: dict[str, float]) -> Row:
    """The same on a local Dask cluster of two workers, whose start is not counted."""
    try:
        from dask.distributed import LocalCluster
    except ImportError:
        return Row("grade", "on a local Dask cluster", "", None, note="dask is not installed")
    from handshake.grade.cluster import over

    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
                each, drift, grown = steady(over(cluster.scheduler_address), STUDENTS)
        finally:
            os.chdir(here)
    what = f"{STUDENTS} submissions, local Dask cluster of 2"
    absolute |= {f"{what}, ms each": each * 1000, f"{what}, MB grown": grown}
    return Row("grade", f"{what}: later half", "earlier half", drift, 1.3, 1.1)


if __name__ == "__main__":
    print(Path(__file__).name, run(3))

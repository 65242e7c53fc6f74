"""The stepper: what a step costs in Python, and how long the first picture of a notebook takes.

A figure here is in milliseconds and so depends on the machine; the must leaves room for a slow one.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import Findings, Row

ROOT = Path(__file__).parents[2]

FIRST_PICTURE = """
import json, time
import matplotlib, ipywidgets
from handshake import show, sim
run = sim.tcp(seed=7, request=bytes(3000), response=bytes(4500))
assert len(run.transits) >= 20, len(run.transits)
before = time.process_time()
show.timeline(run).svg()
print(json.dumps(time.process_time() - before))
"""
"""Run in a fresh process: a picture of some 20 transits, imports not counted."""


def run(rounds: int) -> Findings:
    """Measure; says so if there is nothing to measure."""
    try:
        from handshake import show, sim

        stepper = show.stepper(sim.tcp(seed=7))
    except (ImportError, AttributeError) as missing:
        note = f"not there yet: {missing}"
        return Findings([Row("stepper", "one step", "", None, 5.0, 0.1, "ms", note)])

    last = max(1, len(stepper.trace.steps) - 1)
    first_walk, later_walks = [], []
    for number in range(max(3, rounds)):
        start = time.process_time()
        for cursor in [*range(1, last + 1), 0]:
            stepper.cursor = cursor
        (later_walks if number else first_walk).append((time.process_time() - start) / (last + 1) * 1e3)

    pictures = []
    for _ in range(max(3, rounds // 2)):
        command = [sys.executable, "-c", FIRST_PICTURE]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        pictures.append(json.loads(done.stdout) * 1e3)
    return Findings(
        [
            Row("stepper", "one step, on the first walk", "", first_walk[0], 5.0, None, "ms"),
            Row("stepper", "one step", "", statistics.median(later_walks), 5.0, 0.1, "ms"),
            Row(
                "stepper",
                "first picture, 20 transits or more",
                "",
                statistics.median(pictures),
                150.0,
                60.0,
                "ms",
            ),
        ]
    )

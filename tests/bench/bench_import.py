"""`import handshake` in a fresh process, above a bare interpreter."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from measure import Findings, Row

ROOT = Path(__file__).parents[2]
CASES = {
    "bare": "pass",
    "handshake": "import handshake",
    "core": "import handshake; from handshake import capture, flows, net, peel, sim, tcp, trace",
    "dpkt": "import dpkt",
}


def once(code: str) -> float:
    """Wall milliseconds of one process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], environment, file_actions=silent)
    _, status = os.waitpid(pid, 0)
    wall = (time.perf_counter() - start) * 1e3
    if status:
        raise RuntimeError(f"failed: {code}")
    return wall


def run(rounds: int) -> Findings:
    """Measure; one warm-up of each, so that byte code and file cache are warm."""
    figures: dict[str, list[float]] = {name: [] for name in CASES}
    for code in CASES.values():
        once(code)
    for _ in range(max(5, rounds)):
        for name, code in CASES.items():
            figures[name].append(once(code))

    def row(what: str, name: str, must: float | None) -> Row:
        above = statistics.median(a - b for a, b in zip(figures[name], figures["bare"], strict=True))
        return Row("import", what, "a bare interpreter", above, must, None, "ms")

    return Findings(
        [
            row("import handshake, wall", "handshake", 25.0),
            row("its core, captures to sim, wall", "core", None),
            row("import dpkt, wall", "dpkt", None),
        ],
        {"import/bare, ms": statistics.median(figures["bare"])},
    )

"""All benchmarks with one command: a table of ratios, each with what it must be and what we aim for.

    python tests/bench/run.py [--rounds 9] [--only frame import] [--json] [--markdown docs/benchmarks.md]

The exit status is 1 if a must is not met.  docs/benchmarks.md says what the rows mean.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from measure import Findings, Row  # noqa: E402

TOPICS = ("frame", "capture", "sim", "chain", "tls", "grade", "stepper", "import")
PEERS = ("dpkt", "simpy", "numpy", "matplotlib", "ipywidgets")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def conditions() -> dict[str, str]:
    """When and with what it was measured."""
    import handshake

    found = {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")}
    found["Python"] = platform.python_version()
    found["handshake"] = handshake.__version__
    for name in PEERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    found["machine"] = f"{platform.machine()}, {os.cpu_count()} cores"
    if hasattr(os, "getloadavg"):
        found["load"] = f"{os.getloadavg()[0]:.1f}"
    return found


def measured(topic: str, rounds: int) -> Findings:
    """The findings of one topic; a peer that is missing is told, not raised.

    In a process of its own: else it pays for the memory that earlier topics have left.
    """
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            return alone.submit(run, topic, rounds).result()
    except ModuleNotFoundError as missing:
        return Findings([Row(topic, "everything", "", None, note=f"{missing.name} is not installed")])


def run(topic: str, rounds: int) -> Findings:
    """The same, in this process."""
    found: Findings = importlib.import_module(f"bench_{topic}").run(rounds)
    return found


def number(value: float | None, unit: str = "") -> str:
    """Three digits that matter, with the unit."""
    if value is None:
        return "-"
    text = f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return f"{text} {unit}".strip() if unit != "x" else f"{text}x"


def cells(row: Row) -> list[str]:
    """One row as text."""
    must, aim = number(row.must, row.unit), number(row.aim, row.unit)
    return [row.topic, row.what, row.beside, number(row.figure, row.unit), must, aim, row.note or row.verdict]


HEADER = ["topic", "what", "beside", "figure", "must", "aim", "verdict"]


def plain(rows: list[Row]) -> str:
    """The table for a terminal."""
    table = [HEADER, *map(cells, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )


def markdown(rows: list[Row], told: dict[str, str]) -> str:
    """The table for the documentation."""
    lines = ["Measured with " + ", ".join(f"{name} {value}" for name, value in told.items()) + ".", ""]
    lines += ["| " + " | ".join(line) + " |" for line in [HEADER, ["---"] * len(HEADER), *map(cells, rows)]]
    return "\n".join(lines)


def fill(path: Path, text: str) -> None:
    """Put the table between the two marks of a page."""
    page = path.read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{path} has no lines {BEGIN} and {END}")
    path.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def main() -> int:
    """Run, print, and say whether every must is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="more rounds are steadier")
    parser.add_argument("--only", nargs="+", choices=TOPICS, default=TOPICS, help="some topics only")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--markdown", type=Path, metavar="PAGE", help="also fill the table into that page")
    wanted = parser.parse_args()

    told = conditions()
    rows: list[Row] = []
    absolute: dict[str, float] = {}
    for topic in wanted.only:
        found = measured(topic, wanted.rounds)
        rows += found.rows
        absolute |= found.absolute
    if wanted.json:
        every = [{**asdict(row), "verdict": row.verdict} for row in rows]
        print(json.dumps({"conditions": told, "rows": every, "absolute": absolute}, indent=1))
    else:
        print(", ".join(f"{name} {value}" for name, value in told.items()), end="\n\n")
        print(plain(rows))
        print("\nbehind the ratios (these vary with the machine):")
        print("\n".join(f"  {name:50} {value:12.4g}" for name, value in absolute.items()))
    if wanted.markdown:
        fill(wanted.markdown, markdown(rows, told))
    return int(any(row.fails for row in rows))


if __name__ == "__main__":
    sys.exit(main())

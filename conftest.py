"""How nbval compares the notebooks: by their text, and every cell of them.

The notebooks store only text, and no execution counts.  nbval would complain about the pictures that a run
adds, and would take a cell without a count for one that was never run and compare nothing.
"""

from __future__ import annotations

import sys

import pytest

LIVE = "live"
"""The tag of a cell that uses real sockets on 127.0.0.1."""

PICTURES = ("text/html", "image/svg+xml", "application/javascript")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave pictures out of the comparison: a notebook stores their text twins."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += PICTURES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Compare the cells without an execution count too; and leave out what this machine cannot show."""
    reason = None
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is None:
            continue
        if cell.execution_count is None:
            cell.execution_count = 0
        if LIVE in cell.metadata.get("tags", ()):
            reason = no_live_cells() if reason is None else reason
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def no_live_cells() -> str:
    """Why cells with real sockets cannot be compared here; "" if they can."""
    from handshake import live

    if sys.platform != "linux":
        return "what is stored of real sockets is what Linux answers"
    return live.loopback() or ("" if live.tells() else "the kernel does not tell the states of connections")

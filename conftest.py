"""How nbval compares the notebooks: by their text, and every cell of them.

The notebooks store only text, and no execution counts.  nbval would complain about the pictures that a run
adds, and would take a cell without a count for one that was never run and compare nothing.
"""

from __future__ import annotations

import pytest

PICTURES = ("text/html", "image/svg+xml", "application/javascript")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave pictures out of the comparison: a notebook stores their text twins."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += PICTURES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Compare the cells without an execution count too."""
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and cell.execution_count is None:
            cell.execution_count = 0

"""Fixtures that several test files use."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture
def nothing_is_left_open() -> Iterator[None]:
    """The test leaves no socket open: neither known to the system, nor found by the collector."""
    gc.collect()
    before = descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield
        gc.collect()
    assert descriptors() == before


def descriptors() -> int:
    """How many files and sockets this process has open, where the system tells."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0

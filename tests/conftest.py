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
    gc.freeze()  # what is there already is not looked through again, which takes a second late in a long run
    before = descriptors()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            yield
            gc.collect()
    finally:
        gc.unfreeze()
    assert descriptors() == before


def descriptors() -> int:
    """How many files and sockets this process has open, where the system tells."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0

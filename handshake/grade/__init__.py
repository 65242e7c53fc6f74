"""The lecturer's run: what was handed in is marked, each answer in a process of its own.

It is no sandbox: see `bench`, and the page for lecturers in the documentation.
"""

from __future__ import annotations

from handshake.grade.bench import Limits
from handshake.grade.marking import Mark, Salts, Task, marked
from handshake.grade.running import Run

__all__ = ["Limits", "Mark", "Run", "Salts", "Task", "marked"]

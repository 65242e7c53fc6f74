"""One clock for a whole simulation: what is to happen, in the order of time.

Nobody waits: the clock jumps from one event to the next, so ten days of silence cost nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf

from handshake.errors import Refused


class Clock:
    """Events in the order of time; those for the same instant in the order in which they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    def at(self, time: float, action: Callable[[], object]) -> None:
        """Call `action` when the clock shows `time` (seconds); never in the past."""
        self._count += 1
        heappush(self._events, (time if time > self.now else self.now, self._count, action))

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Call `action` in `delay` seconds; at once, if that is in the past."""
        self.at(self.now + delay, action)

    def run(self, *, until: float | None = None, limit: int = 100_000) -> None:
        """Let events happen until none is left, or the next lies after `until`.

        limit: how many events at most; Refused if that is not enough, for then something feeds itself.
        """
        count, events = 0, self._events
        last = inf if until is None else until
        # What happens is recorded and kept: while it runs, there is nothing for Python to clear away.
        collects = gc.isenabled()
        gc.disable()
        try:
            while events and events[0][0] <= last and count < limit:
                count += 1
                self.now, _, action = heappop(events)
                action()
        finally:
            if collects:
                gc.enable()
        if count < limit or not events or events[0][0] > last:
            return
        raise Refused(
            "the simulation",
            f"after {limit:,} events, at {self.now:.3f} s, it still goes on, and may do so for ever "
            "(keep-alive, a window that stays closed): say until when to watch it, with until=60.0",
        )

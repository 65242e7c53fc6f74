"""One clock for a whole simulation: what is to happen, in the order of time.

Nobody waits: the clock jumps from one event to the next, so ten days of silence cost nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Clock:
    """Events in the order of time; those for the same instant in the order in which they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Call `action` when the clock shows `time` (seconds); never in the past."""
        self._count += 1
        heapq.heappush(self._events, (max(time, self.now), self._count, action))

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Call `action` in `delay` seconds."""
        self.at(self.now + delay, action)

    def run(self, *, until: float | None = None, limit: int = 100_000) -> None:
        """Let events happen until none is left, or the next lies after `until`.

        limit: how many events at most; RuntimeError if it is reached, for then something feeds itself.
        """
        count = 0
        while self._events and (until is None or self._events[0][0] <= until):
            if count == limit:
                break
            count += 1
            self.now, _, action = heapq.heappop(self._events)
            action()
        else:
            return
        raise RuntimeError(f"more than {limit} events: at {self.now:.3f} s the simulation still feeds itself")

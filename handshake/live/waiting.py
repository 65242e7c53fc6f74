"""A queue that fills: callers of a server that listens and never accepts."""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from handshake.live.loopback import HERE
from handshake.live.states import UNKNOWN, snapshot, state
from handshake.trace import Address

MOST = 32
"""So many callers at most."""


@dataclass(frozen=True)
class Backlog:
    """What became of callers whom nobody accepts.

    backlog: what the server gave to `listen`, which systems take for a hint (Linux lets one more in).
    callers: the states of the callers' ends, in the order in which they called.
    accepted_then: the same, after the server has accepted all that had waited.
    """

    backlog: int
    callers: tuple[str, ...]
    accepted_then: tuple[str, ...]

    @property
    def connected(self) -> int:
        """How many are connected, though nobody has called accept."""
        return self.callers.count("ESTABLISHED")

    def __str__(self) -> str:
        return (
            f"listen({self.backlog}), {len(self.callers)} callers, no accept: {self.connected} connected\n"
            f"  before any accept  {', '.join(self.callers)}\n"
            f"  after accepting    {', '.join(self.accepted_then)}"
        )

    def __repr__(self) -> str:
        return f"Backlog({self.backlog}: {self.connected} of {len(self.callers)} connected)"


def backlog(backlog: int = 1, callers: int = 4, patience: float = 0.3) -> Backlog:
    """Call a server that listens with this backlog, one caller after the other; then let it accept.

    patience: how long each caller is waited for, in seconds.  Whoever is not connected by then has sent a SYN
    that the full queue ignores, and sends it again a second later.
    OSError where sockets are refused; ask `loopback` first.
    """
    for name, value, most in (("backlog", backlog, MOST), ("callers", callers, MOST)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(f"{name} is 1 to {most}, got {value!r}")
    if not 0 < patience <= 5:
        raise ValueError(f"patience is up to 5 seconds, got {patience!r}")
    with ExitStack() as kept:
        listener = kept.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        listener.bind((HERE, 0))
        listener.listen(backlog)
        server = listener.getsockname()
        calling = []
        for _ in range(callers):
            caller = kept.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            caller.setblocking(False)
            caller.connect_ex(server)
            select.select([], [caller], [], patience)
            calling.append(caller)
        before = _states(calling, server)
        listener.settimeout(patience)
        for _ in range(before.count("ESTABLISHED")):
            kept.enter_context(listener.accept()[0])
        end = time.monotonic() + 3.0  # the next SYN comes a second after the first
        after = before
        while "SYN-SENT" in after and time.monotonic() < end:
            time.sleep(0.02)
            after = _states(calling, server)
        return Backlog(backlog, before, after)


def _states(callers: list[socket.socket], server: Address) -> tuple[str, ...]:
    known = snapshot()
    if known is None:
        return (UNKNOWN,) * len(callers)
    return tuple(state(caller.getsockname(), server, known) for caller in callers)

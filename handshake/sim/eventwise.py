"""How long it takes to open a connection over a link that loses packets: many handshakes, event by event.

This is the smallest honest simulation: two blocks, a link, and a list of what is to happen in the order of
time.  The machine is the real one, every segment is a real one, and every step is recorded; only the last
connection's record is kept.  `montecarlo` does the same with arrays, without any machine; the two must agree.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from math import fsum, isnan, nan
from typing import Any

from handshake import net
from handshake.sim.world import CLIENT, EPOCH, SERVER, describe
from handshake.tcp import Arrives, Open, Segment, Settings, Tcb, step
from handshake.tcp.endpoint import due
from handshake.tcp.figure import ESTABLISHED, LISTEN
from handshake.tcp.tcb import closed
from handshake.tcp.timers import NEVER
from handshake.trace import OTHER, Recorder, Trace

ADDRESS = {"client": CLIENT, "server": SERVER}
PEER = {"client": SERVER, "server": CLIENT}
MACS = {"client": "02:00:00:00:00:0a", "server": "02:00:00:00:00:0b"}


@dataclass(frozen=True, eq=False)
class Openings:
    """How long many connections took to open.

    client, server: seconds from the first SYN until that end was ESTABLISHED; nan where it gave up.
    loss: the probability that a segment got lost; rtt: the round trip without loss, in seconds.
    last: the record of the last connection, where one was made.
    """

    client: Sequence[float]
    server: Sequence[float]
    loss: float
    rtt: float
    last: Trace | None = None

    def mean(self, end: str = "client") -> float:
        """The mean time in seconds, of those that opened."""
        times = self.opened(end)
        return fsum(times) / len(times) if times else nan

    def quantile(self, share: float, end: str = "client") -> float:
        """The time within which that share (0 to 1) of those that opened did so."""
        if not 0 <= share <= 1:
            raise ValueError(f"a share is 0 to 1, got {share!r}")
        times = sorted(self.opened(end))
        return times[min(int(share * len(times)), len(times) - 1)] if times else nan

    def later_than(self, seconds: float, end: str = "client") -> float:
        """The share of all that took longer than so many seconds, or never opened."""
        times: Sequence[float] = getattr(self, end)
        return sum(not time <= seconds for time in times) / len(times)

    def opened(self, end: str = "client") -> list[float]:
        """The times of those that opened."""
        return [time for time in getattr(self, end) if not isnan(time)]

    def __str__(self) -> str:
        lines = [
            f"{len(self.client):,} connections, {100 * self.loss:g} % of the segments lost, "
            f"round trip {1000 * self.rtt:g} ms"
        ]
        for end in ("client", "server"):
            slow = ", ".join(f"{t:g} s: {100 * self.later_than(t, end):.2f} %" for t in (0.5, 1.5, 3.5, 7.5))
            lines.append(f"  {end} ESTABLISHED after {self.mean(end):.3f} s in the mean; later than {slow}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Openings({len(self.client)} connections, mean {self.mean():.3f} s)"


def by_events(
    count: int, *, loss: float = 0.1, rtt: float = 0.1, seed: int = 0, settings: Settings | None = None
) -> Openings:
    """Open `count` connections one after the other, each with real segments and every step recorded.

    loss: the probability that a segment gets lost, either way.   rtt: the round trip in seconds.
    settings: of both ends: how often a SYN is sent again, and so on.  No other timer than that runs here.
    """
    settings = replace(settings or Settings(), user_timeout=None, keep_alive=None, delayed_ack=0.0)
    caller = closed(CLIENT, SERVER, settings)
    listener = closed(SERVER, CLIENT, settings).listening()
    chance = random.Random(seed)
    recorder = Recorder("One of many openings", EPOCH, describe)
    client, server = [], []
    for _ in range(count):
        recorder.clear()
        times = one(caller, listener, rtt / 2, loss, chance, recorder)
        client.append(times.get("client", nan))
        server.append(times.get("server", nan))
    return Openings(client, server, loss, rtt, recorder.snapshot() if count else None)


def one(
    caller: Tcb, listener: Tcb, delay: float, loss: float, chance: random.Random, recorder: Recorder
) -> dict[str, float]:
    """One handshake: when each end was ESTABLISHED; one that never was is missing."""
    connection = recorder.connection("TCP", CLIENT, SERVER)
    blocks = {"client": caller, "server": listener}
    opened: dict[str, float] = {}
    draw, sent = chance.random, recorder.sent
    # What is to happen: (time, which of those planned, end, number of the transit that arrives, segment).
    # Without a segment it is the end's alarm.
    planned = 1
    events: list[tuple[float, int, str, int, Segment | None]] = [(0.0, 0, "client", 0, None)]
    while events:
        now, which, end, number, segment = heappop(events)
        block = blocks[end]
        if segment is not None:
            recorder.arrived(number, now)
            isn = chance.getrandbits(32) if block.state is LISTEN else 0
            move = step(block, Arrives(segment, PEER[end], isn), now)
        elif which == 0:
            move = step(block, Open(SERVER, chance.getrandbits(32)), now)
        elif block.retransmit_at <= now:
            move = step(block, due(block), now)
        else:
            continue  # the alarm was for something that has been settled
        blocks[end] = after = move.after
        sends: tuple[int, ...] = ()
        for each in move.sends:
            transit = sent(partial(frame, each, end), now, connection, end)
            sends += (transit,)
            if draw() < loss:
                recorder.befell(transit, "lost", f"transit {transit} was lost", now)
            else:
                heappush(events, (now + delay, planned, OTHER[end], transit, each))
                planned += 1
        recorder.step(now, connection, end, move, number or None, sends)
        if after.state is ESTABLISHED and end not in opened:
            opened[end] = now
            if len(opened) == 2:
                break
        alarm = after.retransmit_at
        if alarm != NEVER and alarm != block.retransmit_at:
            heappush(events, (alarm, planned, end, 0, None))
            planned += 1
    return opened


def frame(segment: Segment, end: str) -> bytes:
    """The bytes of a segment that `end` sends."""
    other = OTHER[end]
    layers: tuple[Any, ...] = (
        net.Ethernet(MACS[other], MACS[end]), net.IPv4(ADDRESS[end][0], ADDRESS[other][0]), segment,
    )  # fmt: skip
    return net.encode(layers)

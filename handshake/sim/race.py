"""A race: how long until the answer is there, from the first SYN, with TCP beneath and one clock for all.

What counts is how often somebody has to wait for the other end before the request may go: that many round
trips.  And what gets lost on the way is waited for, too.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from handshake.sim.again import resumed
from handshake.sim.handshakes import REQUEST, tls
from handshake.sim.link import Link
from handshake.trace import Trace

RACERS = {
    "TLS 1.2": "a first visit, TLS 1.2",
    "TLS 1.2 resumed": "a second visit, TLS 1.2: the session goes on",
    "TLS 1.3": "a first visit, TLS 1.3",
    "TLS 1.3 resumed": "a second visit, TLS 1.3: a ticket",
    "TLS 1.3, 0-RTT": "a second visit, TLS 1.3: a ticket, and the request as early data",
}
"""Who runs, and what it is."""

FINISH = 120.0
"""Nobody is waited for longer, in seconds."""


def lap(racer: str, rtt: float = 0.040, loss: float = 0.0, seed: int = 0) -> Trace:
    """One run: a connection with a request and its answer.

    racer: one of RACERS.   rtt: the round trip in seconds.   loss: how probable it is that a packet is lost.
    Nobody needs time to think.  ValueError for another racer.
    """
    if racer not in RACERS:
        raise ValueError(f"those who run are {', '.join(RACERS)}; not {racer!r}")
    if not rtt > 0:
        raise ValueError(f"rtt is more than 0 seconds, got {rtt!r}")
    version, _, how = racer[:7], racer[7:8], racer[7:].strip(" ,")
    about: dict[str, Any] = {
        "seed": seed, "link": Link(rtt / 2, loss=loss), "think": 0.0, "until": FINISH,
        "title": f"{RACERS[racer]}; a round trip takes {1000 * rtt:g} ms",
    }  # fmt: skip
    if not how:
        return tls(version, **about)
    return resumed(version, early=REQUEST if how == "0-RTT" else b"", **about)


def answered(run: Trace) -> float:
    """When the client has the whole answer, in seconds from the start; infinite if it never has.

    It closes then and there, since nobody needs time to think.
    """
    times = (step.time for step in run.above if step.end == "client" and step.cause == "close")
    return next((time for time in times if time is not None), float("inf"))


def race(
    rtt: float = 0.040, *, loss: float = 0.0, laps: int = 1, seed: int = 0
) -> dict[str, tuple[float, ...]]:
    """All of RACERS, each so many laps: how long each lap took, in seconds, shortest first.

    With loss the laps differ: lap n loses the packets that seed + n draws.
    """
    if laps < 1:
        raise ValueError(f"laps is 1 or more, got {laps!r}")
    return {
        racer: tuple(sorted(answered(lap(racer, rtt, loss, seed + n)) for n in range(laps)))
        for racer in RACERS
    }


def round_trips(racer: str) -> int:
    """How many round trips a racer needs from the first SYN to the answer, where nothing is lost."""
    return round(median([answered(lap(racer, 1.0))]))

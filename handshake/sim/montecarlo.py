"""How long it takes to open a connection, drawn with arrays: a hundred thousand in some milliseconds.

There is no machine here, only its rules: when a SYN is sent again, what answers it, what confirms the answer.
Most connections lose nothing, and for them the answer is known; only the others are worked out.  `eventwise`
does the same with the machine, event by event; the two must agree.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Literal

from handshake.sim.eventwise import Openings, by_events
from handshake.tcp import RoundTrip, Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Times = NDArray[np.float64]


def openings(
    count: int = 100_000, *, loss: float = 0.1, rtt: float = 0.1, seed: int = 0,
    settings: Settings | None = None, by: Literal["arrays", "events"] = "arrays",
) -> Openings:  # fmt: skip
    """Open `count` connections over a link that loses packets; how long each took.

    loss: the probability that a segment gets lost, either way.   rtt: the round trip in seconds.
    settings: of both ends; what counts are initial_rto, max_rto, syn_retries and synack_retries.
    seed: a whole number, 0 or more; the same seed, the same times.
    by: "arrays" draws all of them at once; "events" runs the machine for each, with real segments.
    """
    if not 0 <= loss <= 1:
        raise ValueError(f"loss is a probability, 0 to 1; got {loss!r}")
    if not 0 <= rtt < inf:
        raise ValueError(f"rtt is a number of seconds, 0 or more; got {rtt!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed is a whole number, 0 or more; got {seed!r}")
    if count < 1:
        raise ValueError(f"count is 1 or more, got {count!r}")
    if by == "events":
        return by_events(count, loss=loss, rtt=rtt, seed=seed, settings=settings)
    if by == "arrays":
        return by_arrays(count, loss=loss, rtt=rtt, seed=seed, settings=settings)
    raise ValueError(f"by is 'arrays' or 'events', not {by!r}")


def by_arrays(
    count: int = 100_000,
    *,
    loss: float = 0.1,
    rtt: float = 0.1,
    seed: int = 0,
    settings: Settings | None = None,
) -> Openings:
    """Open `count` connections at once.  Arguments as for `eventwise.by_events`."""
    import numpy as np

    settings = settings or Settings()
    chance = np.random.default_rng(seed)
    delay = rtt / 2
    client = np.full(count, 2 * delay)
    server = np.full(count, 3 * delay)
    # One number for each decides whether its first SYN, SYN,ACK and ACK all pass, and which is lost if not.
    luck = chance.random(count, dtype=np.float32)
    kept = 1 - loss
    slow = np.flatnonzero(luck >= kept**3)
    if slow.size:
        first_lost = np.where(luck[slow] >= 1 - loss, 0, np.where(luck[slow] >= 1 - loss - kept * loss, 1, 2))
        client[slow], server[slow] = _with_losses(first_lost, loss, delay, settings, chance)
    return Openings(client, server, loss, rtt)  # type: ignore[arg-type]  # arrays are sequences of floats


def _with_losses(
    first_lost: NDArray[np.int64], loss: float, delay: float, settings: Settings, chance: np.random.Generator
) -> tuple[Times, Times]:
    """Connections of which it is known which of the first three segments is the first to be lost.

    A server that has given up stays so here; with the real machine a late SYN would call it again.
    """
    import numpy as np

    many = first_lost.size
    syns, patience = schedule(settings.syn_retries, settings)
    repeats, waits = schedule(settings.synack_retries, settings)
    syns_at, repeats_at = np.array(syns), np.array(repeats)

    def passes(columns: int) -> NDArray[np.bool_]:
        return chance.random((many, columns), dtype=np.float32) >= loss

    syn_ok, answer_ok = passes(len(syns)), passes(len(repeats))
    further_ok, ack_ok = passes(len(syns)), passes(len(repeats) + len(syns))
    syn_ok[:, 0] = first_lost > 0
    answer_ok[:, 0] = np.where(first_lost == 0, answer_ok[:, 0], first_lost > 1)
    ack_ok[:, 0] &= first_lost < 2

    arrives = np.where(syn_ok, syns_at + delay, np.inf)
    called = arrives.min(axis=1)
    # Answers: the server's own repetitions, and one for every further SYN while it waits.
    by_timer = np.where(answer_ok, called[:, None] + repeats_at + delay, np.inf)
    by_syn = np.where(further_ok & (arrives > called[:, None]), arrives + delay, np.inf)
    answers = np.concatenate((by_timer, by_syn), axis=1)
    opened = answers.min(axis=1)
    opened[opened > patience] = np.nan
    # A SYN is sent again only while the client waits; each answer that arrives is acknowledged.
    answers[:, len(repeats) :][syns_at >= opened[:, None]] = np.inf
    confirmed = np.where(ack_ok, answers + delay, np.inf).min(axis=1)
    confirmed[~(confirmed <= called + waits) | np.isnan(opened)] = np.nan
    return opened, confirmed


def schedule(retries: int, settings: Settings) -> tuple[list[float], float]:
    """When a segment is sent that is never acknowledged, and when its sender gives up, from the first on."""
    times, timer = [0.0], RoundTrip(rto=settings.initial_rto)
    for _ in range(retries):
        times.append(times[-1] + timer.rto)
        timer = timer.backed_off(settings.max_rto)
    return times, times[-1] + timer.rto

"""A handshake over a link that loses one segment in ten, from the first SYN until both ends are ESTABLISHED.

Ours are real machines, real segments and a record of every step.  Beside them stand models that know no more
than the rules: when a SYN or its answer is sent again, and what answers what.

simpy   a process for each end and for each segment on its way, as its users write it
heap    two ends as plain methods, and a list of what is to happen: the least that Python can do
sparse  arrays, and the full rules only for connections that lose one of the first three segments

All of them must agree on the mean time until each end is ESTABLISHED, within four standard errors.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from heapq import heappop, heappush
from math import isnan, nan
from typing import Any

import numpy as np
from measure import Findings, Row, interleaved, ratio

from handshake.sim.eventwise import by_events
from handshake.sim.link import Link
from handshake.sim.montecarlo import by_arrays
from handshake.sim.world import World
from handshake.tcp import Settings

LOSS, DELAY = 0.1, 0.05
SYN_WAITS, ANSWER_WAITS = (1, 2, 4, 8, 16, 32, 64), (1, 2, 4, 8, 16, 32)
SETTINGS = Settings(syn_retries=6, synack_retries=5, max_rto=64.0)
"""The same for ours."""

EVENTS, ARRAYS = 1000, 100_000
"""So many connections at once, by events and by arrays."""

Times = tuple[float, float]
"""When client and server were ESTABLISHED; nan where one gave up."""


# ---- simpy -----------------------------------------------------------------------------------------------


def by_simpy(chance: random.Random) -> Times:
    """One connection as simpy processes."""
    import simpy

    world = simpy.Environment()
    mail = {"client": simpy.Store(world), "server": simpy.Store(world)}
    opened = {"client": nan, "server": nan}

    def flight(to: str, segment: str) -> Any:
        yield world.timeout(DELAY)
        mail[to].put(segment)

    def send(to: str, segment: str) -> None:
        if chance.random() >= LOSS:
            world.process(flight(to, segment))

    def client() -> Any:
        answer = mail["client"].get()
        for wait in SYN_WAITS:
            send("server", "SYN")
            yield answer | world.timeout(wait)
            if answer.triggered:
                break
        else:
            return
        opened["client"] = world.now
        while True:
            send("server", "ACK")
            yield mail["client"].get()

    def server() -> Any:
        yield mail["server"].get()
        came = mail["server"].get()
        for wait in ANSWER_WAITS:
            send("client", "SYN,ACK")
            alarm = world.timeout(wait)
            while True:
                yield came | alarm
                if not came.triggered:
                    break
                if came.value == "ACK":
                    opened["server"] = world.now
                    return
                send("client", "SYN,ACK")
                came = mail["server"].get()

    world.process(client())
    world.process(server())
    world.run()
    return opened["client"], opened["server"]


# ---- The least that Python can do ------------------------------------------------------------------------


class Bare:
    """Both ends of one connection, and what is to happen."""

    __slots__ = ("answers", "chance", "client", "now", "plan", "planned", "server", "state", "syns")

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance.random
        self.client = self.server = nan
        self.now = 0.0
        self.plan: list[tuple[float, int, Callable[[], None]]] = []
        self.planned = self.syns = self.answers = 0
        self.state = "LISTEN"

    def after(self, wait: float, action: Callable[[], None]) -> None:
        self.planned += 1
        heappush(self.plan, (self.now + wait, self.planned, action))

    def run(self) -> Times:
        self.call()
        while self.plan:
            self.now, _, action = heappop(self.plan)
            action()
        return self.client, self.server

    def call(self) -> None:
        if self.client == self.client or self.syns == len(SYN_WAITS):
            self.syns += 1
            return
        self.after(SYN_WAITS[self.syns], self.call)
        self.syns += 1
        if self.chance() >= LOSS:
            self.after(DELAY, self.called)

    def called(self) -> None:
        if self.state == "LISTEN":
            self.state = "SYN-RECEIVED"
            self.answer()
        elif self.state == "SYN-RECEIVED" and self.chance() >= LOSS:
            self.after(DELAY, self.answered)

    def answer(self) -> None:
        if self.state != "SYN-RECEIVED":
            return
        if self.answers == len(ANSWER_WAITS):
            self.state = "CLOSED"
            return
        self.after(ANSWER_WAITS[self.answers], self.answer)
        self.answers += 1
        if self.chance() >= LOSS:
            self.after(DELAY, self.answered)

    def answered(self) -> None:
        if self.client != self.client:
            if self.syns > len(SYN_WAITS):
                return
            self.client = self.now
        if self.chance() >= LOSS:
            self.after(DELAY, self.confirmed)

    def confirmed(self) -> None:
        if self.state == "SYN-RECEIVED":
            self.state = "ESTABLISHED"
            self.server = self.now


def by_heap(chance: random.Random) -> Times:
    """One connection with nothing but a list of what is to happen."""
    return Bare(chance).run()


# ---- Arrays ----------------------------------------------------------------------------------------------

SYNS_AT = np.concatenate(([0.0], np.cumsum(SYN_WAITS)))
ANSWERS_AT = np.concatenate(([0.0], np.cumsum(ANSWER_WAITS)[:-1]))


def by_sparse(count: int, chance: np.random.Generator) -> tuple[Any, Any]:
    """Many connections: three draws decide for most of them."""
    passes = chance.random((count, 3)) >= LOSS
    client, server = np.full(count, 2 * DELAY), np.full(count, 3 * DELAY)
    slow = np.flatnonzero(~passes.all(axis=1))
    syn, answer, ack = (chance.random((slow.size, n)) >= LOSS for n in (7, 6, 13))
    further = chance.random((slow.size, 7)) >= LOSS
    syn[:, 0], answer[:, 0], ack[:, 0] = passes[slow].T
    comes = np.where(syn, SYNS_AT[:7] + DELAY, np.inf)
    called = comes.min(axis=1)
    by_timer = np.where(answer, called[:, None] + ANSWERS_AT + DELAY, np.inf)
    by_syn = np.where(further & (comes > called[:, None]), comes + DELAY, np.inf)
    back = np.concatenate((by_timer, by_syn), axis=1)
    opened = back.min(axis=1)
    opened[opened > SYNS_AT[7]] = np.nan
    back[:, 6:][SYNS_AT[:7] >= opened[:, None]] = np.inf
    confirmed = np.where(ack, back + DELAY, np.inf).min(axis=1)
    confirmed[~np.isfinite(confirmed)] = np.nan
    client[slow], server[slow] = opened, confirmed
    return client, server


# ---- Ours, with hosts and sockets ------------------------------------------------------------------------


def by_world(count: int, seed: int) -> None:
    """Connections between whole hosts, in one world: sockets, a listening port, a network."""
    world = World(seed=seed, link=Link(DELAY, loss=LOSS))
    client, server = world.host("client", "10.0.0.1"), world.host("server", "10.0.0.2")
    server.listen(443, settings=SETTINGS, backlog=count)
    for n in range(count):
        socket = client.socket(1024 + n, (server.address, 443), settings=SETTINGS)
        world.clock.at(200.0 * n, socket.open)
    world.run(limit=10_000_000)


def means(times: list[Times]) -> list[tuple[float, float]]:
    """Mean and standard error, for each end, of those that opened."""
    found = []
    for end in (0, 1):
        kept = np.array([pair[end] for pair in times if not isnan(pair[end])])
        found.append((float(kept.mean()), float(kept.std() / len(kept) ** 0.5)))
    return found


def agree() -> None:
    """Complain if the models differ: the mean of each end, within four standard errors."""
    count = 4000
    client, server = by_sparse(ARRAYS, np.random.default_rng(5))
    ours = by_arrays(ARRAYS, loss=LOSS, rtt=2 * DELAY, seed=6, settings=SETTINGS)
    events = by_events(count, loss=LOSS, rtt=2 * DELAY, seed=7, settings=SETTINGS)
    found = {
        "simpy": means([by_simpy(random.Random(n)) for n in range(count)]),
        "heap": means([by_heap(random.Random(n)) for n in range(count)]),
        "sparse": means(list(zip(client, server, strict=True))),
        "arrays": means(list(zip(ours.client, ours.server, strict=True))),
        "events": means(list(zip(events.client, events.server, strict=True))),
    }
    for end in (0, 1):
        for name, values in found.items():
            mean, error = values[end]
            wanted, other = found["sparse"][end]
            if abs(mean - wanted) > 4 * (error**2 + other**2) ** 0.5:
                raise SystemExit(f"{name} differs from sparse: {mean} and {wanted}")


def run(rounds: int) -> Findings:
    """Measure."""
    agree()

    def many(one: Callable[[random.Random], Times]) -> Callable[[], object]:
        def case() -> None:
            chance = random.Random(1)
            for _ in range(EVENTS):
                one(chance)

        return case

    figures = interleaved(
        {
            "events": lambda: by_events(EVENTS, loss=LOSS, rtt=2 * DELAY, seed=1, settings=SETTINGS),
            "simpy": many(by_simpy),
            "heap": many(by_heap),
            "world": lambda: by_world(EVENTS, 1),
            "arrays": lambda: by_arrays(ARRAYS, loss=LOSS, rtt=2 * DELAY, seed=1, settings=SETTINGS),
            "sparse": lambda: by_sparse(ARRAYS, np.random.default_rng(1)),
        },
        rounds,
    )
    events, world, arrays = figures["events"], figures["world"], figures["arrays"]
    found = Findings()
    real = "handshakes, real segments, steps recorded"
    found.rows = [
        Row("sim", real, "simpy's processes", ratio(events, figures["simpy"]), must=1.0),
        Row("sim", real, "a bare heap loop", ratio(events, figures["heap"]), aim=3.0),
        Row(
            "sim", "the same between hosts, with sockets", "simpy's processes", ratio(world, figures["simpy"])
        ),
        Row("sim", "100,000 openings by arrays", "sparse numpy", ratio(arrays, figures["sparse"]), 3.0, 1.5),
    ]
    for name, values in figures.items():
        count = ARRAYS if name in ("arrays", "sparse") else EVENTS
        found.absolute[f"{name}, microseconds a connection"] = 1e6 * min(values) / count
    return found

"""Notebook 04, failing and closing: its labs.  Each is a function, and the same with controls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from handshake import show, sim
from handshake.flows import received
from handshake.labs.lab import (
    Lab,
    Outcome,
    amount,
    choice,
    of_these,
    one_of,
    slider,
    switch,
    within,
)
from handshake.show import axes, rows
from handshake.show.curves import Series
from handshake.sim.calls import Call
from handshake.sim.failing import FAILS_AT, SPEAKS_AT
from handshake.sim.reopening import SECOND
from handshake.tcp import RST, KeepAlive
from handshake.tcp.settings import LINUX
from handshake.trace import Trace

DAY = 86_400.0
HELPS = ("nothing", "keep-alive", "user timeout", "heartbeat")
"""What may help a server to find out that its client is gone."""

IDLES = (
    ("1 s", 1.0), ("10 s", 10.0), ("1 min", 60.0), ("10 min", 600.0), ("1 h", 3600.0),
    ("2 h (Linux)", 7200.0),
)  # fmt: skip
PATIENCES = (("5 s", 5.0), ("30 s", 30.0), ("2 min", 120.0), ("5 min", 300.0), ("15 min", 900.0))


# Five ways to fail.


def failing(
    case: str = "silence, server idle", helps: str = "nothing", idle: float = 7200.0,
    user_timeout: float = 30.0, heartbeat: float = 5.0,
) -> Outcome:  # fmt: skip
    """The client fails, in five ways: when the server finds out, and what helps it.

    case: one of `sim.CASES`, shown at length.   helps: what helps the server in it, one of HELPS.
    idle: keep-alive's idle time; probes follow every 75 s, nine of them.
    heartbeat: its interval; its patience is three of them.   All times in seconds.
    """
    one_of("case", case, sim.CASES)
    one_of("helps", helps, HELPS)
    means = _means(idle, user_timeout, heartbeat)
    table = {
        name: {each: _found(sim.failing(name, **means[each], **LINUX)) for each in HELPS}
        for name in sim.CASES
    }
    run = sim.failing(case, **means[helps], **LINUX)
    server, client = sim.noticed(run, "server"), sim.noticed(run, "client")
    what = sim.CASES[case].what
    if server.delay is None:
        found = "The server never finds out: we watched for ten days."
    else:
        found = f"The server finds out after {rows.lasting(server.delay)}: {server.how}."
    words = (
        f"{what[0].upper()}{what[1:]}; the server is helped by {helps}.\n{found} The client: {client.how}."
    )
    bars = show.knew(
        table, title="When does the server find out?", until=10 * DAY,
        subtitle=f"Keep-alive after {rows.lasting(idle)} of silence; user timeout "
        f"{rows.lasting(user_timeout)}; heartbeat every {rows.lasting(heartbeat)}, given up after three; "
        "sent again as Linux does.",
    )  # fmt: skip
    return Outcome(words, (bars, show.timeline(run)), run)


def _means(idle: float, user: float, beat: float) -> dict[str, dict[str, Any]]:
    return {
        "nothing": {},
        "keep-alive": {"keep_alive": KeepAlive(idle, 75.0, 9)},
        "user timeout": {"user_timeout": user},
        "heartbeat": {"heartbeat": sim.Heartbeat(beat, 3 * beat)},
    }


def _found(trace: Trace) -> tuple[float | None, str]:
    noticed = sim.noticed(trace)
    return noticed.delay, noticed.how


def failing_lab() -> Lab:
    """`failing`, with controls."""
    return Lab(
        "The client suddenly fails", failing,
        case=choice("what happens", list(sim.CASES), "silence, server idle"),
        helps=choice("what helps", list(HELPS), "nothing"),
        idle=of_these("keep-alive: idle", IDLES, 7200.0),
        user_timeout=of_these("user timeout", PATIENCES, 30.0),
        heartbeat=of_these("heartbeat every", [(f"{n} s", float(n)) for n in (1, 5, 15, 60)], 5.0),
    )  # fmt: skip


# How soon at the latest.


def detecting(
    idle: float = 7200.0, interval: int = 75, count: int = 9, user_timeout: float = 30.0
) -> Outcome:
    """How long keep-alive and user timeout take to find out, over their settings.

    idle, interval, count: of keep-alive.   All times in seconds.
    """
    grid = sorted({1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 7200.0, idle})
    probed = [(x, _after("silence, server idle", keep_alive=KeepAlive(x, interval, count))) for x in grid]
    limits = sorted({1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 900.0, user_timeout})
    limited = [(x, _after("silence, server sends", user_timeout=x)) for x in limits]
    chosen = dict(probed)[idle]
    limit = dict(limited)[user_timeout]
    words = (
        f"Keep-alive finds out {rows.lasting(chosen, 3)} after the failure: {rows.lasting(idle)} of silence, "
        f"then {count} probe{'s' * (count != 1)} {interval} s apart.\n"
        f"The user timeout finds out {rows.lasting(limit)} after it, since the server speaks "
        f"{SPEAKS_AT - FAILS_AT:g} s after it; and it helps only who has sent something."
    )
    series = {
        "keep-alive, by its idle time": Series(probed),
        "user timeout, by its length, the server sends": Series(limited, "dashed"),
        "the settings chosen": Series([(idle, chosen), (user_timeout, limit)], "ring"),
    }
    top = max(y for _, y in [*probed, *limited])
    picture = show.curves(
        series, axes.times(1.0, 7200.0, "the time that was set"),
        axes.times(1.0, max(20_000.0, top), "found out so long after the failure"),
        title="How soon is a silent failure noticed?",
        subtitle=[f"Probes {interval} s apart, {count} of them. Both scales are logarithmic."],
    )  # fmt: skip
    run = sim.failing("silence, server idle", keep_alive=KeepAlive(idle, interval, count), **LINUX)
    return Outcome(words, (picture, show.timeline(run)), run)


def _after(case: str, **means: Any) -> float:
    """How long after the failure the server finds out, in seconds."""
    delay = sim.noticed(sim.failing(case, **means, **LINUX)).delay
    return 10 * DAY if delay is None else delay


def detecting_lab() -> Lab:
    """`detecting`, with controls."""
    return Lab(
        "How soon is silence noticed?", detecting,
        idle=of_these("idle time", IDLES, 7200.0),
        interval=slider("between probes (s)", 75, 1, 120),
        count=slider("probes", 9, 1, 12),
        user_timeout=of_these("user timeout", PATIENCES, 30.0),
    )  # fmt: skip


# Ways to close.

Plan = dict[float, Call | Iterable[Call]]


def _ways(gap: float) -> dict[str, tuple[Plan, Plan]]:
    """What client and server call, for each way to close.   gap: between the two, in seconds."""
    begin: Plan = {0.0: "open", 0.1: b"a question"}
    return {
        "one, then the other": ({**begin, 0.3: "shutdown"}, {0.0: "listen", 0.3 + gap: "shutdown"}),
        "half-close": (
            {**begin, 0.3: "shutdown"},
            {0.0: "listen", 0.3 + gap: b"an answer", 0.4 + gap: b"and more", 0.5 + gap: "shutdown"},
        ),
        "both at once": ({**begin, 0.3: "shutdown"}, {0.0: "listen", 0.3: "shutdown"}),
        "data unread": ({**begin, 0.2: b"more"}, {0.0: ["listen", "hold"], 0.3 + gap: "close"}),
        "closed, data comes": ({**begin, 0.3: "close"}, {0.0: "listen", 0.3 + gap: b"an answer"}),
        "abort": (begin, {0.0: "listen", 0.3 + gap: "abort"}),
    }


WAYS = tuple(_ways(0.1))
"""Ways to close a connection."""


def ways(way: str = "one, then the other", gap: float = 0.1, msl: float = 120.0) -> Outcome:
    """A connection is closed, in one of WAYS.

    gap: how long the second waits, in seconds.   msl: maximum segment lifetime; TIME-WAIT lasts two of them.
    """
    one_of("way", way, WAYS)
    client, server = _ways(gap)[way]
    run = sim.calls(client, server, client_isn=1000, server_isn=5000, msl=msl, time_wait=True, until=1000.0,
                    title=f"Closing: {way}")  # fmt: skip
    words = []
    for end in ("client", "server"):
        states = [str(step.after["state"]) for step in run.steps if step.end == end and step.moved]
        after = states[states.index("ESTABLISHED") + 1 :] if "ESTABLISHED" in states else states
        words.append(f"{end}: ESTABLISHED, {', '.join(after)}" if after else f"{end}: still ESTABLISHED")
    for step in run.steps:
        if any(run[number].layers[-1].flags & RST for number in step.sends):
            words.append(f"The {step.end} sends a RST: {'; '.join(step.notes)}.")
    return Outcome("\n".join(words), (show.stepper(run, cursor=-1, octets=False, relative=False),), run)


def ways_lab() -> Lab:
    """`ways`, with controls."""
    return Lab(
        "Ways to close", ways,
        way=choice("how", list(WAYS), "one, then the other"),
        gap=amount("the second waits (s)", 0.1, 0.05, 2.0, 0.05),
        msl=of_these("segments live (MSL)", [("0 s", 0.0), ("30 s", 30.0), ("2 min", 120.0)], 120.0),
    )  # fmt: skip


# Without TIME-WAIT.


def skipping(time_wait: bool = False, late: float = 2.0, numbers_fit: bool = True) -> Outcome:
    """A new connection, and an old segment of the one before it.

    time_wait: whether it is obeyed.   late: how late the old segment is, in seconds.
    numbers_fit: whether the new connection's numbers are such that the old segment fits.
    """
    within("late", late, 0, 5)
    run = sim.reopening(time_wait=time_wait, late=late, numbers_fit=numbers_fit, until=8.0)
    lives = [life for connection in run.connections for life in received(run, "server", connection.number)]
    second = lives[-1]
    good = second == SECOND
    words = (
        f"TIME-WAIT is {'obeyed' if time_wait else 'skipped'}. On the second connection, the server read: "
        f"{second.decode()!r}. "
        + ("As it was sent." if good else "On this connection, the client never sent that.")
    )
    first, last = run.connections[0], run.connections[-1]
    old = next(transit for transit in run.transits if transit.fault == "old")
    if time_wait:
        words += (
            f" Port {first.client[1]} was not free yet, so the new connection has port {last.client[1]}. "
            f"The old segment, transit {old.number}, came to the old pair of ports, where nobody takes it."
        )
    else:
        words += f" The old segment is transit {old.number}."
    views = []
    for each in (first, last) if first is not last else (first,):
        until = each.transits[0] + 12
        if each.number == old.connection:
            until = max(until, old.number + 3)
        views.append(show.timeline(run, connection=each.number, window=(each.transits[0], until)))
    return Outcome(words, views, run)


def skipping_lab() -> Lab:
    """`skipping`, with controls."""
    return Lab(
        "What TIME-WAIT is for", skipping,
        time_wait=switch("the client obeys TIME-WAIT", False),
        numbers_fit=switch("the new connection's numbers fit the old segment", True),
        late=amount("the old one is late by (s)", 2.0, 0.1, 4.0, 0.1),
    )  # fmt: skip


# Address in use.


def again(first: str = "server", reuse: bool = False) -> Outcome:
    """A server starts again and wants its port.

    first: who had closed first.   reuse: whether it sets SO_REUSEADDR.
    """
    run = sim.restarting(first=first, reuse=reuse)
    told = next(fault.text for fault in run.faults if fault.kind in ("restarted", "refused"))
    words = f"{told[0].upper()}{told[1:]}."
    return Outcome(words, tuple(show.timeline(run, connection=c.number) for c in run.connections), run)


def again_lab() -> Lab:
    """`again`, with controls."""
    return Lab(
        "Address in use", again,
        first=choice("who closed first", ["server", "client"], "server"),
        reuse=switch("SO_REUSEADDR", False),
    )  # fmt: skip

"""Notebook 03, opening a connection: its labs.  Each is a function, and the same with controls."""

from __future__ import annotations

from typing import Any

from handshake import show, sim
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
from handshake.labs.misfortune import KINDS, befalls
from handshake.show.population import honest
from handshake.show.rows import lasting, moment
from handshake.sim.explore import Progress
from handshake.tcp import Settings
from handshake.trace import Trace

SEGMENTS = {"1: SYN": ("client", 1), "2: SYN, ACK": ("server", 1), "3: ACK": ("client", 2)}
"""The three segments of the handshake: who sends each, and which of that end's it is."""


SPEAKERS = ("nobody", "client", "server")

FIRST: dict[str, Any] = {"client_isn": 1000, "server_isn": 5000}
"""First numbers that are easy to read."""


def opened(trace: Trace, end: str) -> float | None:
    """When an end became ESTABLISHED, in seconds, or None."""
    for step in trace.steps:
        if step.end == end and step.moved and str(step.after["state"]) == "ESTABLISHED":
            return step.time
    return None


def _when(trace: Trace, end: str) -> str:
    time = opened(trace, end)
    return f"{end} ESTABLISHED " + ("never" if time is None else f"at {moment(time)}")


# Which segment, and what happens to it.


def faults(
    segment: str = "3: ACK", fault: str = "lost", speaks: str = "nobody", late: float = 0.5
) -> Outcome:
    """Each segment of the handshake, lost, late or doubled: nine runs in one table, one of them at length.

    segment: one of SEGMENTS.   fault: one of "lost", "late", "doubled".
    speaks: who sends something after the handshake: "client", "server" or "nobody".
    late: how late the late one is, and the copy of the doubled one, in seconds.
    """
    one_of("segment", segment, SEGMENTS)
    one_of("fault", fault, KINDS)
    one_of("speaks", speaks, SPEAKERS)
    within("late", late, 0, 3)
    runs = {
        (name, kind): _with_fault(end, nth, kind, speaks, late)
        for name, (end, nth) in SEGMENTS.items()
        for kind in KINDS
    }
    run = runs[segment, fault]
    states = run.at(4.0).states
    ends = ", ".join(f"{end} {states[1, end]}" for end in ("client", "server"))
    words = (
        f"Segment {segment} is {fault}: {_when(run, 'client')}, {_when(run, 'server')}. After 4 s: {ends}."
    )
    table = show.matrix(
        runs, title="One segment of the handshake fails", outcome=_outcome, chosen=(segment, fault),
        subtitle=f"After the handshake {speaks if speaks == 'nobody' else 'the ' + speaks} speaks.",
    )  # fmt: skip
    return Outcome(words, (table, show.stepper(run, cursor=-1, octets=False, relative=False)), run)


def _with_fault(end: str, nth: int, kind: str, speaks: str, late: float) -> Trace:
    said: dict[str, dict[float, bytes | str]] = {"client": {0.0: "open"}, "server": {0.0: "listen"}}
    if speaks in said:
        said[speaks][0.2] = b"hello"
    fault = befalls(kind, end, nth, late)
    return sim.calls(said["client"], said["server"], faults=[fault], until=4.0, **FIRST)


def _outcome(trace: Trace) -> list[str]:
    """What became of a run, for its cell."""
    lines = []
    for end in ("client", "server"):
        time = opened(trace, end)
        lines.append(f"{end} open: " + ("never" if time is None else moment(time)))
    return [*lines, f"{len(trace.transits)} segments in 4 s"]


def faults_lab() -> Lab:
    """`faults`, with controls."""
    return Lab(
        "Which segment, and what happens to it?", faults,
        segment=choice("segment", list(SEGMENTS), "3: ACK"),
        fault=choice("is", KINDS, "lost"),
        speaks=choice("who speaks first", SPEAKERS, "nobody"),
        late=amount("late by (s)", 0.5, 0.05, 3.0, 0.05),
    )  # fmt: skip


# A SYN again and again.


def backing_off(lost: int = 2, initial_rto: float = 1.0) -> Outcome:
    """The first SYNs are lost: each next one waits twice as long.

    lost: how many.   initial_rto: the first wait, in seconds.
    """
    within("lost", lost, 0, 8)
    drops = [sim.drop("client", n + 1) for n in range(lost)]
    run = sim.calls({0.0: "open"}, {0.0: "listen"}, faults=drops, until=600.0, initial_rto=initial_rto,
                    title=f"{lost} SYN{'s are' if lost != 1 else ' is'} lost")  # fmt: skip
    sent = [t.sent for t in run.transits if t.sender == "client" and run.about(t.number)[0].name == "SYN"]
    times = ", ".join(moment(time or 0.0) for time in sent)
    time = opened(run, "client")
    words = f"The client sends its SYN at {times}."
    if time is None:
        gone = next(
            step.time for step in run.steps if step.end == "client" and str(step.after["state"]) == "CLOSED"
        )
        words += f" It gives up after {lasting(gone)}."
    else:
        words += f" It is ESTABLISHED at {moment(time)}."
    return Outcome(words, (show.timeline(run),), run)


def backing_off_lab() -> Lab:
    """`backing_off`, with controls."""
    return Lab(
        "A SYN that gets no answer", backing_off,
        lost=slider("SYNs that are lost", 2, 0, 8),
        initial_rto=of_these("first wait", [("0.5 s", 0.5), ("1 s", 1.0), ("3 s (RFC 1122)", 3.0)], 1.0),
    )  # fmt: skip


# Both call.


def both_call(apart_ms: int = 0) -> Outcome:
    """Nobody listens: each end calls the other.   apart_ms: how much later the server calls."""
    run = sim.calls({0.0: "open"}, {apart_ms / 1000: "open"}, until=5.0, **FIRST,
                    title=f"Both ends call, {apart_ms} ms apart")  # fmt: skip
    if opened(run, "client") is not None:
        words = (
            f"The SYNs cross: {_when(run, 'client')}, {_when(run, 'server')}, with {len(run.transits)} "
            "segments. Nobody was listening."
        )
    else:
        words = "The client's SYN arrives before the server calls, finds nobody, and is refused with a RST."
    return Outcome(words, (show.stepper(run, cursor=-1, octets=False, relative=False),), run)


def both_call_lab() -> Lab:
    """`both_call`, with controls."""
    return Lab("Both ends call", both_call, apart_ms=slider("calls later by (ms)", 0, 0, 30, 5))


# Two messages, or three.


def two_or_three(messages: int = 2, old: int = 8, there: bool = False) -> Outcome:
    """Old SYNs reach a server, with a handshake of 2, 3 or 4 messages.

    old: how many; two honest calls come between them.
    there: whether the machine that had sent the old ones is still there, to refuse what it does not know.
    """
    within("old", old, 0, 100)
    run = sim.old_syns(messages=messages, old=old, there=there, until=200.0)
    ghosts = _ghosts(run)
    words = (
        f"{messages} messages: {ghosts} ghost{'s' * (ghosts != 1)} after {old} old SYNs. "
        f"The {sum(call.opened is not None for call in honest(run))} honest calls opened."
    )
    return Outcome(words, (show.population(run, until=max(12.0, old + 3.0)),), run)


def _ghosts(trace: Trace) -> int:
    """How many connections the server believes in at the end, though their SYN was an old one."""
    old = {c.number for c in trace.connections if c.transits and trace[c.transits[0]].fault == "old"}
    states = trace.at(trace.transits[-1].time + 1e6).states if trace.transits else {}
    return sum(states.get((number, "server")) == "ESTABLISHED" for number in old)


def two_or_three_lab() -> Lab:
    """`two_or_three`, with controls."""
    return Lab(
        "Two messages, or three", two_or_three,
        messages=choice("messages in the handshake", [("two", 2), ("three", 3), ("four", 4)], 2),
        old=slider("old SYNs", 8, 0, 20),
        there=switch("the machine that sent the old SYNs is there, and refuses answers", False),
    )  # fmt: skip


def exploring(
    messages: int = 2, in_flight: int = 6, copies: int = 1, progress: Progress | None = None
) -> Outcome:
    """Every schedule of loss, duplication, delay and reordering, in search of one that deceives somebody.

    messages: of the handshake.   in_flight: how many segments may be under way.
    copies: how many further copies the network may make.
    """
    length = 24 if messages < 4 else 10  # ends that contradict each other could go on for ever
    found = sim.explore(messages, in_flight=in_flight, copies=copies, length=length, progress=progress)
    views = [show.timeline(found.trace)] if found.trace is not None else []
    return Outcome(str(found), views, found.trace)


def exploring_lab() -> Lab:
    """`exploring`, with controls and a progress bar."""
    return Lab(
        "Every schedule", exploring,
        messages=choice("messages in the handshake", [("two", 2), ("three", 3), ("four", 4)], 2),
        in_flight=slider("segments under way", 6, 1, 6, tip="at most so many"),
        copies=slider("copies of the network", 1, 0, 1),
    )  # fmt: skip


# The backlog.


def flooding(
    rate: int = 20, seconds: int = 5, backlog: int = 16, cookies: bool = False, synack_retries: int = 5
) -> Outcome:
    """A flood of SYNs under forged addresses, while honest clients call twice a second.

    rate: forged SYNs in a second, for `seconds`.   backlog: places in the server's SYN queue.
    cookies: answer with cookies when it is full.   synack_retries: how often a SYN,ACK is sent again.
    """
    until = 20.0
    run = sim.flood(rate=rate, backlog=backlog, cookies=cookies, synack_retries=synack_retries,
                    seconds=seconds, until=until)  # fmt: skip
    calls = honest(run)
    good = sum(call.opened is not None for call in calls)
    forged = sum(transit.fault == "forged" for transit in run.transits)
    words = f"{good} of {len(calls)} honest calls opened within {until:g} s, against {forged} forged SYNs."
    return Outcome(words, (show.population(run, room=backlog, until=until),), run)


def flooding_lab() -> Lab:
    """`flooding`, with controls."""
    return Lab(
        "The backlog under a flood", flooding,
        rate=slider("forged SYNs a second", 20, 0, 100),
        seconds=slider("for so long (s)", 5, 1, 15),
        backlog=slider("places in the SYN queue", 16, 1, 128),
        synack_retries=slider("SYN,ACK sent again", 5, 0, 6),
        cookies=switch("SYN cookies", False),
    )  # fmt: skip


# A hundred thousand.


def waiting(loss_percent: int = 10, rtt_ms: int = 100, machine: bool = False, retries: int = 7) -> Outcome:
    """How long a hundred thousand openings take.

    loss_percent: how many of every hundred segments get lost.   rtt_ms: the round trip.
    machine: run two thousand of them on the machine itself as well.   retries: of a SYN, and of a SYN,ACK.
    """
    settings = Settings(syn_retries=retries, synack_retries=retries)
    many = sim.openings(100_000, loss=loss_percent / 100, rtt=rtt_ms / 1000, settings=settings)
    check = None
    if machine:
        check = sim.openings(2000, loss=loss_percent / 100, rtt=rtt_ms / 1000, settings=settings, by="events")
    words = str(many)
    if check is not None:
        client, server = check.mean("client"), check.mean("server")
        words += f"\n2000 by the machine: client {client:.3f} s, server {server:.3f} s in the mean"
    return Outcome(words, (show.survival(many, check),))


def waiting_lab() -> Lab:
    """`waiting`, with controls."""
    return Lab(
        "How long it takes to open, over a bad network", waiting,
        loss_percent=slider("segments lost (%)", 10, 0, 60),
        rtt_ms=of_these("round trip", [(f"{n} ms", n) for n in (1, 10, 50, 100, 300, 600)], 100),
        retries=slider("sent again at most", 7, 0, 7),
        machine=switch("also 2,000 on the machine itself, event by event", False),
    )  # fmt: skip

"""Exercise 00.2: read a timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake import sim
from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, entry, said
from handshake.trace import Trace, Transit

STATEMENT = """
`print(exercises.mine("00.2")["timeline"])` shows a connection over TCP. A row with a number on its left is a
segment, with a time at either end, and the state of each end at that time. The network has held back one
segment, and lost another one. Fill in:

- `"sent by"`: who sent the segment whose number `mine` gives under "look at", `"client"` or `"server"`;
- `"sent at"` and `"arrived at"`: when it left its sender, and when it reached the other end;
- `"lost"`: the number of the segment that never arrived;
- `"sent again as"`: the number of the first segment that brings the same once more;
- `"server ESTABLISHED at"`: when the server's state became ESTABLISHED.

Times are in milliseconds, numbers as in the timeline: `70` or `70.0`.
"""

STARTER = """
read = {
    "sent by": None, "sent at": None, "arrived at": None,
    "lost": None, "sent again as": None, "server ESTABLISHED at": None,
}
"""

SIGNS = {
    "send time for arrival": (
        "That is when it was sent. A packet has two times, and at the other end nothing has happened before "
        "the second."
    ),
    "arrival for send time": "That is when it arrived. A packet has two times: it left its sender earlier.",
    "receiver for sender": "The arrow starts at the sender, and its head is at the end that it is for.",
    "copy for the lost one": "That one is the copy, and it arrives. The lost one ends in a cross.",
    "lost one for its copy": "That is the lost one itself. Its copy is sent later: look further down.",
    "both ends at once": (
        "That is when the client's state changed. The ends know nothing of each other but what arrives: each "
        "has a time of its own."
    ),
}

PLANS = (
    (("client", 3), ("client", 2)),
    (("client", 5), ("client", 2)),
    (("server", 3), ("server", 1)),
    (("client", 1), ("client", 3)),
)
"""Which segment is lost, and which is late: by whom, and the how-manieth of this end."""


def draw(entropy: Entropy) -> dict[str, Any]:
    """A run of this student's, what befell it, and its timeline."""
    lost, late = PLANS[entropy.number("plan", len(PLANS))]
    plan = {
        "seed": entropy.number("seed", 1 << 30),
        "delay": 15 + entropy.number("delay", 40),
        "think": 5 + entropy.number("think", 20),
        "lost": list(lost),
        "late": [*late, 20 + entropy.number("late", 80)],
    }
    trace = ran(plan)
    timeline = "\n\n".join(part for part in str(trace).split("\n\n") if not part.startswith("fault:"))
    look = next(transit.number for transit in trace.transits if transit.fault == "delayed")
    return {"timeline": timeline, "look at": look, "_plan": plan}


def ran(plan: dict[str, Any]) -> Trace:
    """The run itself."""
    end, nth, by = plan["late"]
    return sim.tcp(
        seed=plan["seed"], delay=plan["delay"] / 1000, think=plan["think"] / 1000, title="A connection",
        faults=[sim.drop(*plan["lost"]), sim.delay(end, nth, by=by / 1000)],
    )  # fmt: skip


def right(given: dict[str, Any]) -> dict[str, Any]:
    """What is to be read, and beside it what might be read instead."""
    trace = ran(given["_plan"])
    seen = trace[given["look at"]]
    lost = next(each for each in trace.transits if each.fault == "lost")
    again = next(each for each in trace.transits if each.number > lost.number and _same(trace, each, lost))
    client, server = (
        next(each for each in trace.steps if each.end == end and each.after["state"] == "ESTABLISHED")
        for end in ("client", "server")
    )
    brought = trace[server.transit] if server.transit else seen
    return {
        "sent by": seen.sender,
        "sent at": _ms(seen.sent),
        "arrived at": _ms(seen.arrived),
        "lost": lost.number,
        "sent again as": again.number,
        "server ESTABLISHED at": _ms(server.time),
        "_client at": _ms(client.time),
        "_brought at": _ms(brought.sent),
    }


def _same(trace: Trace, one: Transit, other: Transit) -> bool:
    """Whether a segment brings what another brought."""
    told = [trace.about(each.number)[0].data for each in (one, other)]
    return one.sender == other.sender and bool(told[0] == told[1])


def _ms(seconds: float | None) -> float:
    return round(1000 * (seconds or 0.0), 1)


GROUPS = {
    "two times": ("sent by", "sent at", "arrived at"),
    "lost, and sent again": ("lost", "sent again as"),
    "the other end": ("server ESTABLISHED at",),
}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Entry by entry."""
    came, wanted = ask.value("read"), right(given)
    for group, names in GROUPS.items():
        for name in names:
            got = entry(came, name)
            good = equal(wanted[name], got)
            signs = () if good else _signs(name, wanted)
            key = next((key for key, value in signs if equal(value, got)), "")
            yield Finding(group, good, name, said(wanted[name]), said(got), key, compared=True)


def equal(wanted: Any, got: Any) -> bool:
    """Whether it is the same word, or the same number to a tenth of a millisecond."""
    if isinstance(wanted, str) or isinstance(got, bool) or not isinstance(got, (int, float)):
        return isinstance(got, str) and bool(wanted == got)
    return bool(wanted - 0.06 < got < wanted + 0.06)


def _signs(name: str, wanted: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What typical wrong answers would have been, by their values."""
    if name == "sent by":
        yield "receiver for sender", "server" if wanted[name] == "client" else "client"
    if name == "sent at":
        yield "arrival for send time", wanted["arrived at"]
    if name == "arrived at":
        yield "send time for arrival", wanted["sent at"]
    if name == "lost":
        yield "copy for the lost one", wanted["sent again as"]
    if name == "sent again as":
        yield "lost one for its copy", wanted["lost"]
    if name == "server ESTABLISHED at":
        yield "both ends at once", wanted["_client at"]
        yield "send time for arrival", wanted["_brought at"]


EXERCISE = Exercise(
    id="00.2",
    title="Read a timeline",
    statement=STATEMENT,
    starter=STARTER,
    names=("read",),
    groups={"two times": 1, "lost, and sent again": 1, "the other end": 1},
    signs=SIGNS,
    hint="Follow one arrow at a time: the time at its tail is when it was sent, at its head when it arrived.",
    reread="notebook 00, Ten minutes' tour: reading a timeline",
    draw=draw,
    judge=judge,
    literal=True,
)

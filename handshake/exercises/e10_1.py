"""Exercise 10.1: three case files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, entry, said

CAUSES = (
    "refused port", "lost SYN", "lost ACK", "lost data", "reset", "half-open",
    "dead peer found by keep-alive", "zero window", "unknown CA", "expired", "revoked", "wrong name",
    "no shared cipher", "version refused", "bad MAC", "missing client certificate",
    "refused client certificate",
)  # fmt: skip

# (The same as those of `labs.cases`, which would load widgets; a test compares them.)

CASES = ("case 1", "case 2", "case 3")

STATEMENT = f"""
`exercises.mine("10.1")` has three captures of incidents, each with what else is known: one of TCP, one of a
certificate, one of TLS. `print(exercises.mine("10.1")["case 1"])` shows the first. In each one thing went
wrong. Say what, and name a packet that shows it (the numbers on the left): that by which it came to light, or
the one that is to blame.

Two causes end in a RST. `"reset"`: an end that knew the connection broke it off. `"half-open"`: an end
answers what came with a RST, as one that knows of no connection, while the other took it for open.

Causes are: {", ".join(f'`"{each}"`' for each in CAUSES)}.
"""

STARTER = """
named = {
    "case 1": {"cause": None, "packet": None},
    "case 2": {"cause": None, "packet": None},
    "case 3": {"cause": None, "packet": None},
}
"""

SIGNS = {
    "no such cause": "A cause is one of those in the statement, letter by letter.",
    "what came of it": (
        "That is what came of it in the end. Look for what was said before: an alert names its reason."
    ),
    "forgotten or broken off": (
        "Look at the last segment that came before the RST. If it was acknowledged, its receiver knew the "
        "connection and broke it off (reset); if the RST is the answer to it, that end had forgotten it "
        "(half-open)."
    ),
    "packet too early": "Up to that packet nothing has gone wrong yet: look further down.",
    "packet too late": "It has come to light before that packet: this one is only what came of it.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Three incidents of this student's, in text; and what is right."""
    from handshake.labs.cases.incidents import incidents  # (which loads widgets)

    found = incidents(entropy)
    told = ["\n".join([*each.about, "", each.ladder]) for each in found]
    return {
        **dict(zip(CASES, told, strict=True)),
        "_right": [[each.cause, sorted(each.evidence)] for each in found],
    }


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Case by case: the cause, then the packet."""
    came = ask.value("named")
    for case, (cause, evidence) in zip(CASES, given["_right"], strict=True):
        told = entry(came, case) if isinstance(came, dict) else None
        told = told if isinstance(told, dict) else {}
        named, packet = entry(told, "cause"), entry(told, "packet")
        good = type(named) is str and named == cause
        key = "" if good else _sign(named, cause)
        yield Finding(f"{case}: cause", good, case, cause if good else "another cause", said(named), key)
        shows = type(packet) is int and packet in evidence
        key = ""
        if type(packet) is int and not shows:
            key = "packet too early" if packet < max(evidence) else "packet too late"
        wanted = "a packet that shows it"
        yield Finding(f"{case}: packet", shows, case, said(packet) if shows else wanted, said(packet), key)


def _sign(named: Any, cause: str) -> str:
    if named not in CAUSES if isinstance(named, str) else True:
        return "no such cause"
    if {named, cause} == {"reset", "half-open"}:
        return "forgotten or broken off"
    return "what came of it" if named == "reset" and cause in CAUSES[8:] else ""


EXERCISE = Exercise(
    id="10.1",
    title="Three case files",
    statement=STATEMENT,
    starter=STARTER,
    names=("named",),
    groups={f"{case}: {what}": points for case in CASES for what, points in (("cause", 2), ("packet", 1))},
    signs=SIGNS,
    hint="Read down to the last packet that is as it should be: the next one is the one to look at.",
    reread="notebook 10, Case files",
    draw=draw,
    judge=judge,
    literal=True,
)

"""Notebook 10: TLS over TCP over a bad network on one axis, and a bench for case files."""

from __future__ import annotations

from typing import Any

from handshake import show, sim
from handshake.labs.cases.incidents import CAUSES, KINDS, Incident, made
from handshake.labs.lab import Lab, Outcome, amount, choice, one_of, slider, whole, within
from handshake.labs.misfortune import KINDS as MISFORTUNES
from handshake.labs.misfortune import befalls
from handshake.tcp import Segment, seq
from handshake.trace import Trace

BEFALLS = ("nothing", *MISFORTUNES)
LAYERS = ("both", "TCP", "TLS")
UNNAMED = "not named yet"


def stacked(
    version: str = "TLS 1.3", end: str = "server", nth: int = 2, befell: str = "nothing", late: float = 0.3,
    layer: str = "both",
) -> Outcome:  # fmt: skip
    """A visit over TLS, with TCP beneath, on one axis; something may befall one segment.

    version: "TLS 1.2" or "TLS 1.3".   end, nth: which segment.   befell: one of BEFALLS.
    late: in seconds.   layer: which messages are drawn.
    """
    one_of("version", version, ("TLS 1.2", "TLS 1.3"))
    one_of("end", end, ("client", "server"))
    one_of("befell", befell, BEFALLS)
    one_of("layer", layer, LAYERS)
    nth = whole("nth", nth, 1, 12)
    within("late", late, 0, 3)
    faults = [] if befell == "nothing" else [befalls(befell, end, nth, late)]
    run = sim.tls(version, seed=7, delay=0.02, faults=faults)
    words = [f"The client's first byte of the answer comes at {1000 * _answered(run):.0f} ms."]
    found = run.diagnose()
    words += [each.words for each in found] or ["Nothing went wrong."]
    shown = run if layer == "both" else run.layer(layer)
    return Outcome("\n".join(words), (show.timeline(shown),), run)


def _answered(run: Trace) -> float:
    """When the client had the server's first application data, all before them included."""
    told = run.layer("TLS").messages
    answer = next(each for each in told if (each.sender, each.name) == ("server", "application data"))
    last = answer.sources[-1]
    transit = run[last.transit]
    segment = next(layer for layer in transit.layers if isinstance(layer, Segment))
    ends = seq.add(segment.seq, len(segment.data) - (len(transit.frame) - last.end))
    mine = (step for step in run.steps if step.end == "client" and "RCV.NXT" in step.after)
    return next(step.time for step in mine if seq.less_equal(ends, int(step.after["RCV.NXT"])))


def stacked_lab() -> Lab:
    """`stacked`, with controls."""
    return Lab(
        "One segment fails beneath TLS", stacked,
        version=choice("version", ("TLS 1.2", "TLS 1.3"), "TLS 1.3"),
        end=choice("sent by", ("client", "server"), "server"),
        nth=slider("which of its segments", 2, 1, 12),
        befell=choice("what happens to it", BEFALLS, "nothing"),
        late=amount("late by (s)", 0.3, 0.05, 3.0, 0.05),
        layer=choice("show", LAYERS, "both"),
    )  # fmt: skip


def case_of(kind: str, number: int) -> Incident:
    """A case for practice.   kind: one of KINDS.   number: from 1; each is another."""
    one_of("kind", kind, KINDS)
    number = whole("number", number, 1, 40)
    return made(kind, (number * 7) % len(KINDS[kind]), number)


def detective(kind: str = "TCP", number: int = 1, cause: str = UNNAMED, packet: int = 0) -> Outcome:
    """A case file, and what you say of it.

    kind: "TCP", "certificate" or "TLS".   number: which case, from 1 to 40.
    cause: one of CAUSES, or not named yet.   packet: the number of one that proves it; 0 for none yet.
    """
    one_of("cause", cause, (UNNAMED, *CAUSES))
    incident = case_of(kind, number)
    packet = whole("packet", packet, 0, 60)
    words = [*(f"{line}." for line in incident.about), *_verdict(incident, cause, packet)]
    return Outcome("\n".join(words), (show.timeline(incident.bare),), incident.trace)


def _verdict(incident: Incident, cause: str, packet: int) -> list[str]:
    if cause == UNNAMED:
        return ["What went wrong, and which packet proves it?"]
    if cause != incident.cause:
        return [f"{cause.capitalize()}: that would look otherwise."]
    if not packet:
        return [f"{cause.capitalize()}: so it is. Which packet proves it?"]
    if packet not in incident.evidence:
        return [f"{cause.capitalize()}: so it is; but packet {packet} does not show it."]
    return [f"Solved. {incident.finding.words}", incident.finding.remedy]


def detective_lab() -> Lab:
    """`detective`, with controls."""
    controls: dict[str, Any] = {
        "kind": choice("kind", tuple(KINDS), "TCP"),
        "number": slider("case", 1, 1, 40),
        "cause": choice("what went wrong", (UNNAMED, *CAUSES), UNNAMED),
        "packet": slider("which packet proves it", 0, 0, 60),
    }
    return Lab("Case files", detective, **controls)

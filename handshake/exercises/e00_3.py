"""Exercise 00.3: one fault, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from handshake import sim
from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, said
from handshake.trace import Step, Trace, Transit

STATEMENT = """
A client opens a connection, asks, gets an answer, and both ends close; without a fault, nothing goes wrong
(`print(sim.tcp(delay=exercises.mine("00.3")["delay"]))` shows it). `exercises.mine("00.3")["outcome"]` says
what shall happen instead. Give one or two faults that bring it about:

- `("drop", "client", 2)` loses the second segment that the client sends;
- `("delay", "server", 1, 0.5)` holds the first that the server sends back for half a second (delays are in
  seconds).

Segments are counted from 1 for each end by itself, also those that are sent again. `faults` is the list of
what you choose. It is run, and whatever brings the outcome about is right.
"""

STARTER = """
faults = []
"""

SIGNS = {
    "nothing befallen": "No fault has hit anything: that end does not send so many segments.",
    "other end": "At the other end the same would do it: who sends the segment that has to go wrong?",
    "counted over both ends": (
        "You have counted all segments. Each end counts its own only: the third of the connection is the "
        "client's second."
    ),
    "too short": "That is the right segment, but it is not held back for long enough.",
    "lost, not late": (
        "What is lost never comes, and is sent again. For this outcome something old has to come late."
    ),
}

Outcome = Callable[[Trace, dict[str, Any]], bool]


def opened_by_data(trace: Trace, given: dict[str, Any]) -> bool:
    """Whether it was a segment with data that made the server ESTABLISHED."""
    for each in opening(trace):
        if each.end == "server" and each.transit:
            return any(detail.label == "data" for detail in trace.about(each.transit)[0].details)
    return False


def many_syns(trace: Trace, given: dict[str, Any]) -> bool:
    """Whether the client has sent that many SYN."""
    count: int = given["_count"]
    return sum(message.sender == "client" for message in trace.named("SYN")) == count


def late_answer(trace: Trace, given: dict[str, Any]) -> bool:
    """Whether the answer comes late, though the connection was open at once, at both ends."""
    opened = [each.time for each in opening(trace)]
    arrived = [each.arrived or 0.0 for each in trace.transits if _answers(each)]
    if len(opened) != 2 or max(opened) >= 4 * given["delay"] or not arrived:
        return False
    return bool(min(arrived) > given["_late"])


def opening(trace: Trace) -> list[Step]:
    """The steps by which the ends become ESTABLISHED."""
    return [each for each in trace.steps if each.moved and each.after["state"] == "ESTABLISHED"]


def _answers(transit: Transit) -> bool:
    return transit.arrived is not None and b"hello client" in transit.frame


def reset_sent(trace: Trace, given: dict[str, Any]) -> bool:
    """Whether somebody has sent an RST."""
    return any("RST" in message.name for message in trace.messages)


OUTCOMES: tuple[tuple[str, Outcome], ...] = (
    (
        "The server becomes ESTABLISHED by a segment that carries data, because the client's bare ACK has "
        "not come before it.",
        opened_by_data,
    ),
    ("The client sends its SYN exactly {count} times.", many_syns),
    (
        "Both ends are ESTABLISHED within {within:g} s, as ever, but the answer of the server reaches the "
        "client only after more than {late:g} s.",
        late_answer,
    ),
    ("One of the ends sends an RST, because a segment comes when its connection is over.", reset_sent),
)


def draw(entropy: Entropy) -> dict[str, Any]:
    """What shall happen to this student's connection."""
    number = (0, 0, 1, 2, 3, 3)[entropy.number("outcome", 6)]
    delay = round(0.015 + entropy.number("delay", 60) / 1000, 3)
    count, late = 2 + entropy.number("count", 2), 0.5 + entropy.number("late", 40) / 100
    words = OUTCOMES[number][0].format(count=count, within=4 * delay, late=late)
    return {
        "outcome": f"{words} Nevertheless both ends get all that the other has to say.",
        "delay": delay,
        "_number": number,
        "_count": count,
        "_late": late,
    }


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Run it, and see."""
    plan = ask.value("faults")
    wrong = misshapen(plan)
    if wrong:
        yield Finding("the outcome", False, "faults", "one or two faults, as the statement has them", wrong)
        return
    trace = ran(plan, given)
    if comes_about(trace, given):
        yield Finding("the outcome", True)
        return
    happened = "; ".join(fault.text.partition(":")[0] for fault in trace.faults) or "no fault hit anything"
    yield Finding(
        "the outcome", False, happened, given["outcome"], observed(trace), _sign(plan, trace, given)
    )


def misshapen(plan: Any) -> str:
    """What is wrong with faults that cannot be run; "" for nothing."""
    if not isinstance(plan, list) or not 1 <= len(plan) <= 2:
        return said(plan)
    for each in plan:
        if not isinstance(each, list) or len(each) not in (3, 4):
            return said(each)
        kind, end, nth, *by = each
        if kind not in ("drop", "delay") or len(by) != (kind == "delay") or end not in ("client", "server"):
            return said(tuple(each))
        if type(nth) is not int or not 1 <= nth <= 100:
            return f"{said(tuple(each))}: segments are counted from 1"
        if by and (type(by[0]) not in (int, float) or not 0 <= by[0] <= 1000 or not isfinite(by[0])):
            return f"{said(tuple(each))}: a delay is a number of seconds, at most 1000"
    return ""


def ran(plan: list[list[Any]], given: dict[str, Any]) -> Trace:
    """The connection with these faults."""
    made = [
        sim.drop(end, nth) if kind == "drop" else sim.delay(end, nth, *by) for kind, end, nth, *by in plan
    ]
    return sim.tcp(delay=given["delay"], faults=made)


def comes_about(trace: Trace, given: dict[str, Any]) -> bool:
    """Whether it happens, and both ends get everything."""
    return complete(trace) and OUTCOMES[given["_number"]][1](trace, given)


def complete(trace: Trace) -> bool:
    """Whether the question and the answer have arrived."""
    frames = [each.frame for each in trace.transits if each.arrived is not None]
    return all(any(words in frame for frame in frames) for words in (b"hello server", b"hello client"))


def observed(trace: Trace) -> str:
    """What came of it, in a few words."""
    syns = sum(message.sender == "client" for message in trace.named("SYN"))
    answered = [each.arrived or 0.0 for each in trace.transits if _answers(each)]
    opened = [f"the {each.end} after {each.time:.3f} s" for each in opening(trace)]
    by_data = ", by data" if opened_by_data(trace, {}) else ""
    return "; ".join([
        f"ESTABLISHED: {' and '.join(opened) or 'nobody'}{by_data}",
        f"{syns} SYN of the client",
        f"the answer comes after {min(answered):.3f} s" if answered else "no answer",
        "an RST" if reset_sent(trace, {}) else "no RST",
    ])  # fmt: skip


def _sign(plan: list[list[Any]], trace: Trace, given: dict[str, Any]) -> str:
    """What it looks like: what would have brought the outcome about."""
    if not trace.faults:
        changed = [_own_count(each, given) for each in plan]
        return "counted over both ends" if comes_about(ran(changed, given), given) else "nothing befallen"
    if OUTCOMES[given["_number"]][1] is reset_sent and all(each[0] == "drop" for each in plan):
        return "lost, not late"
    for by in (0.5, 1.5, 3.5, 1000.0):
        longer = [[*each[:3], max(by, each[3])] if each[0] == "delay" else each for each in plan]
        if longer != plan and comes_about(ran(longer, given), given):
            return "too short"
    turned = [[each[0], {"client": "server", "server": "client"}[each[1]], *each[2:]] for each in plan]
    if comes_about(ran(turned, given), given):
        return "other end"
    changed = [_own_count(each, given) for each in plan]
    return "counted over both ends" if comes_about(ran(changed, given), given) else ""


def _own_count(fault: list[Any], given: dict[str, Any]) -> list[Any]:
    """The same fault, if its number was one of the whole honest connection."""
    kind, end, nth, *by = fault
    honest = sim.tcp(delay=given["delay"]).transits[:nth]
    return [kind, end, max(1, sum(each.sender == end for each in honest)), *by]


EXERCISE = Exercise(
    id="00.3",
    title="One fault, and what comes of it",
    statement=STATEMENT,
    starter=STARTER,
    names=("faults",),
    groups={"the outcome": 3},
    signs=SIGNS,
    hint="Print the honest run, and find the segment that the outcome hangs on. Lose it, or hold it back.",
    reread="notebook 00, Break something",
    draw=draw,
    judge=judge,
    literal=True,
    free=True,
)

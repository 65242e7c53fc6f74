"""Many calls to one port that are never completed: a flood, or something that only looks like one."""

from __future__ import annotations

from collections.abc import Sequence

from handshake.diagnose.findings import Finding
from handshake.diagnose.talk import PROBES_APART, Talk, apart, seconds_of

FLOOD, WITHIN = 8, 5.0
"""So many calls to one port within so many seconds that were never completed make a flood."""

BEGUN_MOST = 12
"""Who only begins says no more segments than these."""

LARGE = 50
"""So many are a flood in any case; of fewer it may be that only their SYNs were captured."""

HUGE = 200
"""So many are one, even if they may only just have begun."""

SETTLED, CALLS_AGAIN = 0.25, 1.5
"""So long before the end of the capture a call has to be made, in seconds, to count as not completed: one
that was answered, and one that was not, which an honest caller would have repeated by then."""


def floods(talks: Sequence[Talk], ends: float) -> tuple[list[Finding], set[int]]:
    """Floods of calls that are never completed; and the connections that belong to one.

    ends: when the capture does: a call that has just been made may be completed yet.
    """
    ports: dict[tuple[str, int], list[Talk]] = {}
    for talk in talks:
        if talk.first("client", "SYN") is not None or _only_begun(talk):
            ports.setdefault(talk.connection.server, []).append(talk)
    found, members = [], set()
    for (address, port), calls in ports.items():
        begun = [talk for talk in calls if _only_begun(talk)]
        reset = [talk for talk in calls if _reset_at_once(talk)]
        if len(reset) >= LARGE:  # (of fewer, each is told by itself)
            begun = sorted([*begun, *reset], key=lambda talk: talk.said[0].time)
        times = [talk.said[0].time for talk in begun]
        settled = _at_once(
            [talk.said[0].time for talk in begun if ends - talk.said[0].time > _patience(talk)]
        )
        asked_again = any(
            sum(each.kind == "SYN,ACK" for each in talk.said) > 1 or len(talk.said) == 1 for talk in begun
        )
        if _at_once(times) < HUGE and settled < LARGE and not (asked_again and settled >= FLOOD):
            continue
        callers = len({talk.connection.client[0] for talk in begun})
        answered = sum(talk.first("server", "SYN,ACK") is not None for talk in begun)
        first = begun[0]
        lasted = max(times) - min(times)
        words = (
            f"{len(begun)} calls to {address} port {port} within {seconds_of(lasted)}, from {callers} "
            f"address{'es' if callers > 1 else ''}, were begun and never completed; {answered} of them were "
            f"answered. {len(calls) - len(begun)} other calls came to that port."
        )
        evidence = tuple(talk.said[0].number for talk in begun[:20])
        found.append(Finding("SYN flood", "client", first.said[0].number, first.connection.number, words,
                             evidence=evidence))  # fmt: skip
        members |= {talk.connection.number for talk in begun}
    return found, members


def _patience(talk: Talk) -> float:
    """How long one has to wait until a call counts as not completed, in seconds."""
    if _reset_at_once(talk):
        return 0.0
    return SETTLED if talk.first("server", "SYN,ACK") is not None else CALLS_AGAIN


def _at_once(times: list[float]) -> int:
    """The most of them that fall into any `WITHIN` seconds."""
    times, most, low = sorted(times), 0, 0
    for high, time in enumerate(times):
        while time - times[low] > WITHIN:
            low += 1
        most = max(most, high - low + 1)
    return most


def _only_begun(talk: Talk) -> bool:
    """Whether the client has called and never confirmed; and did not call again, as an honest one would."""
    calls = [each for each in talk.said if each.kind == "SYN" and each.sender == "client"]
    if len(apart(calls, PROBES_APART)) > 1:
        return False
    return all(each.kind in ("SYN", "SYN,ACK") for each in talk.said)


def _reset_at_once(talk: Talk) -> bool:
    """Whether all that the client says to the answer is a reset: its system knows of no call."""
    told = [each.kind for each in talk.said if each.sender == "client"]
    return told[:1] == ["SYN"] and "RST" in told and not {"ACK", "data", "FIN"} & set(told)

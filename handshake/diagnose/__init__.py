"""What went wrong in a trace, at which end, and which packet proves it.

>>> from handshake import capture
>>> found = capture.read(capture.sample("k02")).diagnose()
>>> found[0].cause, found[0].end, found[0].transit
('refused port', 'server', 2)

What cannot be told from the packets is called unknown, and what they could not show is said.
"""

from __future__ import annotations

from collections.abc import Callable

from handshake.diagnose.causes import CAUSES, Cause, cause_of
from handshake.diagnose.findings import Diagnosis, Finding, Story
from handshake.diagnose.floods import BEGUN_MOST, floods
from handshake.diagnose.icmp import unreachable
from handshake.diagnose.secured import of_secured
from handshake.diagnose.stories import story_of
from handshake.diagnose.talk import Talk, seconds_of
from handshake.diagnose.transport import of_transport
from handshake.trace import Trace
from handshake.trace.lazy import of_connection

__all__ = ["CAUSES", "Cause", "Diagnosis", "Finding", "Story", "cause_of", "diagnose"]

Progress = Callable[[int, int], None]
"""Is told how many connections are done, of how many."""


def diagnose(trace: Trace, progress: Progress = lambda done, of: None) -> Diagnosis:
    """What went wrong in a trace, wherever it comes from -> Diagnosis: findings, and the story of each
    connection.
    """
    ends = trace.transits[len(trace.transits) - 1].time if len(trace.transits) else 0.0
    stories: dict[int, Story] = {}
    by_connection: dict[int, list[Finding]] = {}
    calls: list[Talk] = []
    owned: set[int] = set()
    count = len(trace.connections)
    for done, connection in enumerate(trace.connections, 1):
        talk = Talk.of(trace, connection.number)
        owned.update(connection.transits)
        stories[connection.number] = story_of(talk)
        by_connection[connection.number] = findings_of(talk, ends, trace.epoch)
        if len(talk.said) <= BEGUN_MOST:
            calls.append(talk)
        progress(done, count)
    icmp = unreachable(trace, owned)
    for talk in calls:
        talk.icmp = icmp.get((talk.connection.client, talk.connection.server))
        if talk.icmp:
            by_connection[talk.connection.number] = findings_of(talk, ends, trace.epoch)
    flooding, members = floods(calls, ends)
    found = list(flooding)
    for number, each in by_connection.items():
        found += [] if number in members else each
    unread = tuple(fault.text for fault in of_connection(trace.faults, None) if fault.kind == "reading")
    return Diagnosis(_head(trace, ends), tuple(found), stories, unread)


def findings_of(talk: Talk, ends: float, epoch: int) -> list[Finding]:
    """What went wrong in a connection, the gravest first.

    Where TLS says why it ended, the reset (or the missing good-bye) that follows is no cause of its own.
    """
    secured = list(of_secured(talk, epoch))
    transport = list(of_transport(talk, ends))
    named = {each.transit for each in secured}
    transport = [each for each in transport if each.transit not in named]
    if any(each.cause != "truncation" for each in secured):
        transport = [each for each in transport if each.cause != "reset"]
    elif secured:  # (who leaves without good-bye, and is told more, resets: what came first counts)
        first = secured[0].transit
        resets = [each for each in transport if each.cause == "reset"]
        if any(each.transit < first for each in resets):
            secured = []
        else:
            transport = [each for each in transport if each not in resets]
    return [*secured, *transport]


def _head(trace: Trace, ends: float) -> str:
    transits, connections = len(trace.transits), len(trace.connections)
    lasted = ends - (trace.transits[0].time if transits else 0.0)
    title = f"{trace.title}: " if trace.title else ""
    return (
        f"{title}{transits} packet{'' if transits == 1 else 's'}, {connections} "
        f"connection{'' if connections == 1 else 's'}, {seconds_of(lasted)}."
    )

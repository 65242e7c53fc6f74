"""Which messages begin in which transit, and which only go on there."""

from __future__ import annotations

from collections.abc import Iterable

from handshake.trace.records import ABOVE, Message


def by_transit(messages: Iterable[Message]) -> dict[int, list[Message]]:
    """The messages that begin in each transit, by its number."""
    found: dict[int, list[Message]] = {}
    for message in messages:
        if message.sources:
            found.setdefault(message.sources[0].transit, []).append(message)
    return found


def top(messages: Iterable[Message]) -> list[Message]:
    """Those of a layer above TCP."""
    return [message for message in messages if message.layer in ABOVE]


def going_on(messages: Iterable[Message]) -> dict[int, str]:
    """For transits in which a message of a layer above TCP goes on that began before: which one."""
    found: dict[int, str] = {}
    for message in messages:
        if message.layer in ABOVE:
            for source in message.sources[1:]:
                if source.transit != message.sources[0].transit:
                    found.setdefault(source.transit, f"more of {message.name}")
    return found

"""A trace as JSON text, and back.  Bytes are written in hexadecimal."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeVar

from handshake.trace.records import Connection, Detail, Fault, Message, Secret, Source, Step, Transit
from handshake.trace.whole import Trace

T = TypeVar("T")

LISTS = ("transits", "messages", "steps", "secrets", "connections", "faults", "above")


def dump(trace: Trace) -> str:
    """The whole trace as JSON text."""
    plain: dict[str, Any] = {"title": trace.title, "epoch": trace.epoch}
    for name in LISTS:
        plain[name] = [_plain(asdict(item)) for item in getattr(trace, name)]
    return json.dumps(plain, indent=1)


def load(text: str) -> Trace:
    """The trace that `dump` wrote.   ValueError, in a sentence, for any other text."""
    try:
        return _whole(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no trace that to_json wrote: {error!r}") from None


def _whole(plain: dict[str, Any]) -> Trace:
    return Trace(
        plain["title"],
        tuple(_made(Transit, t, frame=bytes.fromhex(t["frame"])) for t in plain["transits"]),
        tuple(_message(m) for m in plain["messages"]),
        tuple(_made(Step, s) for s in plain["steps"]),
        tuple(
            _made(
                Secret,
                s,
                value=bytes.fromhex(s["value"]),
                client_random=bytes.fromhex(s["client_random"]),
                inputs=tuple(map(tuple, s["inputs"])),
            )
            for s in plain["secrets"]
        ),
        tuple(_made(Connection, c) for c in plain["connections"]),
        tuple(_made(Fault, f) for f in plain["faults"]),
        plain["epoch"],
        tuple(_made(Step, s) for s in plain["above"]),
    )


def _plain(value: Any) -> Any:
    """Bytes as hexadecimal text, every sequence as a list."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return [_plain(item) for item in value]


def _made(kind: type[T], plain: dict[str, Any], **changes: Any) -> T:
    """A record of that kind; JSON's lists are tuples here."""
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
    return kind(**{**values, **changes})


def _message(plain: dict[str, Any]) -> Message:
    opened = plain["plaintext"]
    return _made(
        Message,
        plain,
        data=bytes.fromhex(plain["data"]),
        sources=tuple(Source(*source) for source in plain["sources"]),
        details=tuple(Detail(*detail) for detail in plain["details"]),
        plaintext=None if opened is None else bytes.fromhex(opened),
    )

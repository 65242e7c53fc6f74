"""What the tests of every version of TLS share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handshake.tls.endpoint import Endpoint

Path = Callable[[str, bytes], bytes]
"""What a path makes of the bytes that an end has sent."""


def pump(one: Endpoint, other: Endpoint, path: Path = lambda end, data: data) -> None:
    """Carry bytes both ways until nobody has any more."""
    for _ in range(40):
        out = path(one.end, one.outgoing())
        other.receive(out)
        back = path(other.end, other.outgoing())
        one.receive(back)
        if not out and not back:
            return
    pytest.fail("they go on for ever")


def mutated(data: bytes, place: int, value: int, how: str) -> bytes:
    octets = bytearray(data)
    place %= len(octets)
    if how == "change":
        octets[place] = value
    elif how == "cut":
        del octets[place : place + 1 + value]
    elif how == "insert":
        octets[place:place] = bytes([value]) * (1 + value % 9)
    else:
        octets += octets[place:]
    return bytes(octets)

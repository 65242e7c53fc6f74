"""Initial sequence numbers: a clock, and a keyed hash of who talks to whom (RFC 6528)."""

from __future__ import annotations

from hashlib import blake2s

from handshake.tcp import seq
from handshake.trace import Address

TICKS = 250_000
"""The clock goes on by one every 4 microseconds."""


def initial_number(secret: bytes, local: Address, remote: Address, now: float) -> int:
    """ISN = M + F(localip, localport, remoteip, remoteport, secretkey) (RFC 9293 section 3.4.1).

    For the same four it grows with time, so that a new connection begins behind the numbers of the last;
    for others it tells nothing, as nobody outside can compute F.   secret: up to 32 bytes; now: seconds.
    """
    who = f"{local[0]} {local[1]} {remote[0]} {remote[1]}".encode()
    keyed = int.from_bytes(blake2s(who, digest_size=4, key=secret).digest(), "big")
    return seq.add(int(now * TICKS), keyed)

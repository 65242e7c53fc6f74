"""SYN cookies: a server that remembers nothing of a SYN (RFC 4987 section 3.6).

The number of the SYN,ACK is the memory: 5 bits of a slow clock, 3 bits for the caller's segment size, 24 bits
of a keyed hash over both, the four of the connection, and the caller's first number.  Whoever acknowledges
it has received it.  What does not fit is lost: window scaling and all other options.
"""

from __future__ import annotations

from hashlib import blake2s

from handshake.tcp import seq
from handshake.trace import Address

SIZES = (536, 1220, 1300, 1400, 1440, 1452, 1460, 8960)
"""The segment sizes that three bits can tell; the largest that does not exceed the caller's is chosen, and
the smallest, as in other systems, where the caller's is smaller still."""

PERIOD = 64.0
"""The clock's tick, in seconds."""

LIFETIME = 2
"""A cookie is good in its own period and in the next: for 64 to 128 seconds."""


def make(secret: bytes, local: Address, remote: Address, irs: int, mss: int, now: float) -> int:
    """The cookie with which to answer a SYN: our initial sequence number.

    irs: the number of the SYN; mss: what the caller takes in a segment; now: seconds.
    """
    index = max((i for i, size in enumerate(SIZES) if size <= mss), default=0)
    count = int(now / PERIOD)
    return (count % 32) << 27 | index << 24 | _hash(secret, local, remote, irs, count, index)


def check(secret: bytes, local: Address, remote: Address, irs: int, cookie: int, now: float) -> int | None:
    """The segment size that a cookie tells, or None if we have not made it, or not lately."""
    index = cookie >> 24 & 7
    latest = int(now / PERIOD)
    for count in range(latest, latest - LIFETIME, -1):
        if count % 32 == cookie >> 27 and count >= 0:
            good = _hash(secret, local, remote, irs, count, index) == cookie & 0xFFFFFF
            return SIZES[index] if good else None
    return None


def _hash(secret: bytes, local: Address, remote: Address, irs: int, count: int, index: int) -> int:
    """24 bits that nobody without the secret can make."""
    what = f"{local[0]} {local[1]} {remote[0]} {remote[1]} {irs % seq.MODULUS} {count} {index}".encode()
    return int.from_bytes(blake2s(what, digest_size=3, key=secret).digest(), "big")

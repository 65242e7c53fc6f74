"""Sequence numbers: arithmetic and order modulo 2^32 (RFC 9293 section 3.4).

There are 2^32 numbers on a ring.  Of two numbers the one that is less than half the ring behind the other
is the older; exactly half the ring apart, neither is.
"""

from __future__ import annotations

MODULUS = 1 << 32
HALF = 1 << 31


def add(seq: int, count: int) -> int:
    """The number `count` further on (or back, if negative)."""
    return (seq + count) % MODULUS


def distance(start: int, end: int) -> int:
    """How far `end` is ahead of `start`: from -2^31 to 2^31 - 1."""
    return (end - start + HALF) % MODULUS - HALF


def less(a: int, b: int) -> bool:
    """Whether a is older than b: a < b on the ring."""
    return 0 < (b - a) % MODULUS < HALF


def less_equal(a: int, b: int) -> bool:
    """Whether a is b, or older: a =< b on the ring."""
    return (b - a) % MODULUS < HALF


def between(low: int, seq: int, high: int) -> bool:
    """Whether low =< seq < high, going round the ring."""
    return (seq - low) % MODULUS < (high - low) % MODULUS

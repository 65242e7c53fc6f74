"""The Internet checksum (RFC 1071)."""

from __future__ import annotations

from typing import NamedTuple


def internet_checksum(data: bytes, more: int = 0) -> int:
    """The Internet checksum (RFC 1071).

    The data are read as 16-bit numbers (an odd last byte is followed by a zero), added in one's complement,
    and the sum is complemented.  Over data that carry their own good checksum, the result is 0.
    more: a number to be added in: the pseudo-header of TCP and UDP, read as one number.
    """
    # One's-complement addition of 16-bit numbers is addition modulo 65535: a carry out of the top (65536)
    # is added back in as 1.  So the sum of them all is the one long number, modulo 65535.
    number = int.from_bytes(data, "big")
    if len(data) & 1:
        number <<= 8
    number += more
    # Both 0 and 65535 stand for zero; adding numbers that are not all 0 gives 65535.
    return 0xFFFF - (number % 0xFFFF or (0xFFFF if number else 0))


class Addition(NamedTuple):
    """One step of the sum.   word: what is added.   carry: whether the sum grew beyond 16 bits.

    total: the sum afterwards, in 16 bits, with the carry added in at the lower end.
    """

    word: int
    carry: int
    total: int


def additions(data: bytes) -> tuple[Addition, ...]:
    """The same sum as by hand, one 16-bit word after the other.  The complement of the last is the checksum.

    >>> [f"{each.total:04x}" for each in additions(bytes.fromhex("ffff 0001 f000"))]
    ['ffff', '0001', 'f001']
    """
    total, found = 0, []
    for at in range(0, len(data), 2):
        word = int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total += word
        carry, total = total >> 16, (total & 0xFFFF) + (total >> 16)
        found.append(Addition(word, carry, total))
    return tuple(found)

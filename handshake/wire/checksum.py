"""The Internet checksum (RFC 1071)."""

from __future__ import annotations


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

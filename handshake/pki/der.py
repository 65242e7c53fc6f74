"""DER, byte by byte: every field of a certificate or a revocation list, by its name in RFC 5280.

DER writes everything as tag, length, value.  A value may again be made of such parts.  Here each header of a
part that has parts is a field, and each part that has none is one too.
"""

from __future__ import annotations

from typing import NamedTuple

from handshake.errors import DecodeError, got_bytes

DEEPEST = 24
"""Parts in parts in parts ...: so deep at most."""


class Part(NamedTuple):
    """One part: its tag, where its header begins, where its content begins, and where that ends."""

    tag: int
    start: int
    content: int
    end: int

    @property
    def constructed(self) -> bool:
        """Whether it is made of parts."""
        return bool(self.tag & 0x20)


def part(data: bytes, at: int, end: int) -> Part:
    """The part that begins at a byte.   DecodeError, with the place, if there is none that is whole."""
    if at + 2 > end:
        raise DecodeError("tag and length", at, "2 bytes", got_bytes(max(0, end - at)))
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DecodeError("tag", at, "a number up to 30", "a longer one")
    content, length = at + 2, first
    if first >= 0x80:
        size = first & 0x7F
        if not 1 <= size <= 4 or content + size > end:
            raise DecodeError("length", at + 1, "a length in 1 to 4 bytes", f"{size} bytes")
        length = int.from_bytes(data[content : content + size], "big")
        if length < 0x80 or length.bit_length() <= 8 * (size - 1):
            raise DecodeError("length", at + 1, "the shortest form", f"{length} in {size} bytes")
        content += size
    if content + length > end:
        raise DecodeError("value", content, f"{length} bytes", got_bytes(end - content))
    return Part(tag, at, content, content + length)


def parts(data: bytes, at: int, end: int) -> list[Part]:
    """All parts between two places, one behind the other."""
    found = []
    while at < end:
        found.append(part(data, at, end))
        at = found[-1].end
    return found


def object_identifier(content: bytes) -> str:
    """An object identifier as numbers with dots.   DecodeError if it is none."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise DecodeError("object identifier", 0, "1 to 64 bytes, the last below 128", content[:8].hex())
    numbers: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))

"""Exercise 01.3: the checksum of a segment."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, compare, each_of
from handshake.net.ipv4 import pseudo_header
from handshake.wire import internet_checksum

STATEMENT = """
Write `checksum(src, dst, segment)`: what belongs into the checksum field of a TCP segment (RFC 9293 section
3.1), a whole number from 0 to 65535.

- `src` and `dst` are the IPv4 addresses, as text: `"192.0.2.1"`.
- `segment` is the whole segment, bytes: a header of 20 bytes or more, and data, none to 1,400 bytes, an odd
  number of them too.
- The field itself (bytes 16 and 17) counts as zero, whatever stands in it now.
"""

STARTER = """
def checksum(src, dst, segment):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "no complement": "The sum is right, but the field holds its complement: every bit turned over.",
    "carry not folded": (
        "What does not fit into 16 bits is not thrown away: it is added at the right end again."
    ),
    "folded once": "Adding the carry in can carry once more. Fold until nothing is left above 16 bits.",
    "odd byte on the wrong side": (
        "An odd last byte is the left half of a 16-bit word, and the zero is put behind it."
    ),
    "no pseudo-header": (
        "The addresses make no difference to this sum. Twelve bytes come before the segment: both addresses, "
        "a zero, the protocol (6), and the length."
    ),
    "old checksum counted": "The checksum field counts as zero while the sum is made.",
    "length of the header only": (
        "The length in the pseudo-header is that of the whole segment: its header and its data."
    ),
    "little-endian": "The words are big-endian, as everything in the header: the left byte is worth 256.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's addresses, and where the bytes come from."""
    return {"_src": _address(entropy), "_dst": _address(entropy), "_seed": entropy("bytes", 16)}


def _address(entropy: Entropy) -> str:
    return f"10.{'.'.join(str(1 + entropy.number('address', 254)) for _ in range(3))}"


def words_of(data: bytes, order: str = "big") -> list[int]:
    """16-bit words; an odd last byte is the left half of one."""
    data += bytes(len(data) % 2)
    step = 1 if order == "big" else -1
    return [int.from_bytes(data[at : at + 2][::step], "big") for at in range(0, len(data), 2)]


def folded(total: int, times: int = 9) -> int:
    """The sum with its carries added in, so many times."""
    for _ in range(times):
        total = (total & 0xFFFF) + (total >> 16)
    return total


def blank(segment: bytes) -> bytes:
    """The segment with a checksum of zero."""
    return segment[:16] + bytes(2) + segment[18:]


def expected(src: str, dst: str, segment: bytes) -> int:
    """The checksum."""
    return internet_checksum(pseudo_header(src, dst, 6, len(segment)) + blank(segment))


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """A header, data of even and of odd length, sums that carry twice, a field that is not zero."""
    src, dst = given["_src"], given["_dst"]
    random = Entropy(given["_seed"])
    yield from _cases(ask, "a header alone", [
        (src, dst, _segment(random, 20)), (dst, src, _segment(random, 20)),
        (src, dst, _segment(random, 32)), ("255.255.255.255", dst, _segment(random, 40)),
    ])  # fmt: skip
    sizes = [20 + 2 * (1 + random.number("size", 690)) for _ in range(12)]
    yield from _cases(ask, "data", [(src, dst, _segment(random, size)) for size in (22, *sizes)])
    yield from _cases(ask, "odd lengths", [(src, dst, _segment(random, size + 1)) for size in (20, *sizes)])
    twice = [(src, dst, _twice(src, dst, _segment(random, size))) for size in (24, 60, *sizes[:3])]
    yield from _cases(ask, "carries", twice)
    old = [(src, dst, _segment(random, size, random("old", 2))) for size in (20, 33, *sizes[:4])]
    yield from _cases(ask, "an old checksum", [*old, (src, dst, _good(src, dst, _segment(random, 47)))])


def _segment(random: Entropy, size: int, old: bytes = b"\0\0") -> bytes:
    """Some segment of that size."""
    words = 5 if size < 40 or size % 2 else 8
    data = random("segment", size)
    return data[:12] + bytes((words << 4,)) + data[13:16] + old + data[18:]


def _twice(src: str, dst: str, segment: bytes) -> bytes:
    """The segment with another last word, so that its sum carries once more when its carry is added."""
    before = sum(words_of(pseudo_header(src, dst, 6, len(segment)) + segment[:-2]))
    return segment[:-2] + ((0xFFFF - before) & 0xFFFF).to_bytes(2, "big")


def _good(src: str, dst: str, segment: bytes) -> bytes:
    """The segment with its own good checksum."""
    return segment[:16] + expected(src, dst, segment).to_bytes(2, "big") + segment[18:]


def _cases(ask: Ask, group: str, cases: list[tuple[str, str, bytes]]) -> Iterator[Finding]:
    yield from each_of(group, _compared(ask, group, cases))


def _compared(ask: Ask, group: str, cases: list[tuple[str, str, bytes]]) -> Iterator[Finding]:
    for args, got in zip(cases, ask.many("checksum", cases), strict=True):
        src, dst, segment = args
        case = f"{len(segment)} bytes from {src} to {dst}: {segment.hex()[:80]}"
        more = " ..." if len(segment) > 40 else ""
        yield compare(group, case + more, expected(*args), got, _signs(src, dst, segment))


def _signs(src: str, dst: str, segment: bytes) -> Iterator[tuple[str, int]]:
    """What typical wrong answers would have given."""
    addresses, zeroed = IPv4Address(src).packed + IPv4Address(dst).packed, blank(segment)
    lead = addresses + b"\0\x06" + len(segment).to_bytes(2, "big")
    total = sum(words_of(lead + zeroed))
    yield "no complement", folded(total)
    if folded(total, 1) > 0xFFFF:
        for value in (~folded(total, 1) & 0xFFFF, 0xFFFF - folded(total, 1), ~folded(total, 1)):
            yield "folded once", value
    for value in (~total & 0xFFFF, 0xFFFF - total, ~total):
        yield "carry not folded", value
    yield "no pseudo-header", _complement(zeroed)
    yield "old checksum counted", _complement(lead + segment)
    header = 4 * (segment[12] >> 4)
    for length in {header, 20, len(segment) - header}:
        yield "length of the header only", _complement(lead[:10] + length.to_bytes(2, "big") + zeroed)
    if len(segment) % 2:
        shifted = lead + zeroed[:-1] + b"\0" + zeroed[-1:]
        for data in (shifted, lead + zeroed[:-1], lead + b"\0" + zeroed, b"\0" + lead + zeroed):
            yield "odd byte on the wrong side", _complement(data)
    yield "little-endian", 0xFFFF - folded(sum(words_of(lead + zeroed, "little")))


def _complement(data: bytes) -> int:
    return 0xFFFF - folded(sum(words_of(data)))


EXERCISE = Exercise(
    id="01.3",
    title="The checksum of a segment",
    statement=STATEMENT,
    starter=STARTER,
    names=("checksum",),
    groups={"a header alone": 2, "data": 2, "odd lengths": 2, "carries": 1, "an old checksum": 1},
    signs=SIGNS,
    hint="Make one row of bytes first: pseudo-header, segment, and a zero if they are odd. Then add words.",
    reread="notebook 01, The checksum; RFC 9293 section 3.1 and RFC 1071",
    draw=draw,
    judge=judge,
    in_order=True,
)

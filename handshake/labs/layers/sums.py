"""Notebook 01: the Internet checksum, added up by hand, and who else notices that a bit was changed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from handshake import show
from handshake.errors import DecodeError, ProtocolError
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, whole
from handshake.labs.layers import byte13
from handshake.labs.layers.frames import KINDS, REQUEST, Made, frame
from handshake.net.address import ip_texts
from handshake.net.ipv4 import pseudo_header
from handshake.peel import Dissection, dissect, message_spans, onion
from handshake.show.table import Table
from handshake.tcp import Segment
from handshake.tcp.segment import flags_named
from handshake.wire import Span, additions, internet_checksum


def bit_of(data: bytes, bit: int) -> int:
    """One bit of some bytes, 0 or 1; bit 0 is the first of byte 0."""
    octet = data[bit // 8]
    return octet >> (7 - bit % 8) & 1


def flip(data: bytes, *bits: int) -> bytes:
    """The same bytes with these bits flipped; bit 0 is the first of byte 0."""
    changed_ = bytearray(data)
    for bit in bits:
        changed_[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed_)


# The sum.

ADDRESSES = ("192.0.2.10", "198.51.100.7")
SMALL = Segment(40000, 7, 1001, 5001, flags_named("PSH, ACK"), 501, data=b"ping!")
"""A small segment, with an odd number of bytes."""

TRICKS = ("nothing", "flip one bit", "flip it in two words", "swap two words")


def words_of(segment: bytes) -> list[tuple[str, str, bytes]]:
    """What the checksum of a segment covers, in words of 16 bits.   segment: SMALL, or what became of it.

    Of each: whose it is, which field, and its bytes.  The checksum itself counts as it stands in `segment`.
    """
    pseudo = pseudo_header(*ADDRESSES, 6, len(segment))
    names = ("source address", "source address", "destination address", "destination address",
             "zero, protocol 6", "TCP length")  # fmt: skip
    rows = [("pseudo-header", name, pseudo[2 * n : 2 * n + 2]) for n, name in enumerate(names)]
    spans = message_spans("TCP", SMALL.encode(*ADDRESSES))
    for at in range(0, len(segment), 2):
        found = [span for span in spans if span.start < at + 2 and span.end > at]
        whose = "data" if found[0].name == "data" else "TCP"
        name = found[0].name if len(found) == 1 else "data offset, flags"
        rows.append((whose, name, segment[at : at + 2]))
    return rows


def adding(trick: str = "nothing", word: int = 16, bit: int = 3, verify: bool = False) -> Outcome:
    """The checksum of a small segment, added up word by word.

    trick: one of TRICKS, done on the way.   word: where, counted from 0; the pseudo-header is words 0 to 5.
    bit: which of its 16 bits, from the left.   verify: add up as the receiver does, the checksum included.
    """
    one_of("trick", trick, TRICKS)
    good = SMALL.encode(*ADDRESSES)
    count = len(words_of(good))
    word = whole("word", word, 6, count - 2)  # (of the last word, half is only added for the sum)
    bit = whole("bit", bit, 0, 15)
    came, touched = _tricked(good, trick, word - 6, bit)
    added = came if verify else came[:16] + bytes(2) + came[18:]
    rows = words_of(added)
    steps = additions(b"".join(each for _, _, each in rows))
    table = [
        (
            n,
            whose,
            name,
            f"{step.word:04x}",
            f"{step.word:016b}",
            "+1" if step.carry else "",
            f"{step.total:04x}",
        )
        for n, ((whose, name, _), step) in enumerate(zip(rows, steps, strict=True))
    ]
    total = steps[-1].total
    checksum = internet_checksum(b"".join(each.ljust(2, b"\0") for _, _, each in rows))
    if verify:
        verdict = (
            "ffff, as it must be: the segment is taken" if total == 0xFFFF else "not ffff: it is thrown away"
        )
        words = f"The receiver adds up all words, the checksum too: {total:04x}, {verdict}."
        if total == 0xFFFF and came != good:
            words += " Yet it is not what was sent."
    else:
        words = f"The sum is {total:04x}; the checksum is its complement, {checksum:04x}."
        if 14 in touched:
            words += (
                " The checksum itself was touched, which counts as zero here: add up as the receiver does."
            )
        elif came != good:
            old = int.from_bytes(good[16:18], "big")
            words += f" Before the change it was {old:04x}" + (": the same." if old == checksum else ".")
    columns = ("word", "whose", "field", "hex", "bits", "carry", "sum")
    odd = "The last byte stands alone: a zero is added behind it, for the sum only."
    view = show.table(
        columns, table, title="Added up, word by word", lit=touched, code=(3, 4, 6), notes=[odd]
    )
    return Outcome(words, (view,))


def _tricked(segment: bytes, trick: str, word: int, bit: int) -> tuple[bytes, list[int]]:
    """The segment after the trick, and which words of the sum were touched."""
    at = 16 * word + bit
    if trick == "nothing":
        return segment, []
    if trick == "flip one bit":
        return flip(segment, at), [word + 6]
    if trick == "flip it in two words":
        other = partner(segment, at)
        return flip(segment, at, other), [word + 6, other // 16 + 6]
    word = min(word, len(segment) // 2 - 2)  # this word and the next
    a, b = segment[2 * word : 2 * word + 2], segment[2 * word + 2 : 2 * word + 4]
    return segment[: 2 * word] + b + a + segment[2 * word + 4 :], [word + 6, word + 7]


def partner(data: bytes, bit: int, start: int = 0) -> int:
    """A bit at the same place of another 16-bit word, with the other value: flipping both keeps the sum.

    start: where the words begin, in bytes; the search goes on behind the bit, and then from the start.
    ValueError if there is none.
    """
    first = 8 * start + (bit - 8 * start) % 16
    places: list[int] = [*range(bit + 16, 8 * len(data), 16), *range(first, bit, 16)]
    taken = range(8 * start + 128, 8 * start + 144)  # the checksum of TCP itself
    for place in places:
        if place not in taken and bit_of(data, place) != bit_of(data, bit):
            return place
    raise ValueError("no other word has the other value at that bit: choose another")


def adding_lab() -> Lab:
    """`adding`, with controls."""
    count = len(words_of(SMALL.encode(*ADDRESSES)))
    return Lab(
        "The checksum, added up", adding,
        trick=choice("on the way", TRICKS, "nothing"),
        word=slider("in word", 16, 6, count - 2),
        bit=slider("bit of it, from the left", 3, 0, 15),
        verify=switch("add up as the receiver, with the checksum", False),
    )  # fmt: skip


# Any bit of a frame.

WHERE = ("on a cable", "inside a router")


@dataclass(frozen=True)
class Check:
    """One check on the way.   who: does it.   noticed: whether it notices; None if it does not look there."""

    name: str
    who: str
    noticed: bool | None
    words: str


def checks(made: Made, came: bytes, where: str) -> list[Check]:
    """Who notices that a frame came otherwise than it was made.

    where: a cable's changes are seen by the Ethernet checksum; what a router does to a packet in its memory
    is not, since the router makes a new one, and a new Ethernet header too.
    """
    before = dissect(made.frame)
    network, transport = before.network_at, before.transport_at
    if where == "on a cable":
        noticed_ = zlib.crc32(made.frame) != zlib.crc32(came)
        told = "its CRC does not fit: the frame is thrown away" if noticed_ else "its CRC fits"
    else:
        came = made.frame[:network] + came[network:]
        noticed_, told = False, "the router makes a new header and a new CRC"
    found = [Check("Ethernet", "the next card", noticed_, told)]
    good = not internet_checksum(came[network:transport])
    found.append(
        Check("IPv4 checksum", "every router", not good, f"the sum over its header is {_good(good)}")
    )
    part = came[transport:]
    ends = ip_texts(came[network + 12 : network + 16], came[network + 16 : network + 20])
    pseudo = pseudo_header(*ends, came[network + 9], len(part))
    good = not internet_checksum(pseudo + part)
    found.append(Check("TCP checksum", "the server's system", not good, f"the sum is {_good(good)}"))
    odd = _odd(before, dissect(came))
    found.append(
        Check("sense", "the server's system", bool(odd), odd or "it is for an open connection, as it seems")
    )
    if made.opens is not None:
        found.append(Check("TLS tag", "the server's TLS", *_opened(made, came)))
    return found


def _good(good: bool) -> str:
    return "good" if good else "bad: it is thrown away"


def _odd(before: Dissection, after: Dissection) -> str:
    """What makes no sense to the receiver, whatever the sums say; "" if nothing does."""
    one, other = before.transport, after.transport
    if after.error is not None:
        return f"it cannot be read: {after.error}"
    if not isinstance(other, Segment) or not isinstance(one, Segment) or after.network is None:
        return "it is not TCP any more"
    if after.wire_end != before.wire_end:
        return "its header says another length than that which came"
    ends = [(each.network.source, each.network.destination) for each in (before, after) if each.network]
    if ends[0] != ends[1] or (one.source_port, one.destination_port) != (
        other.source_port,
        other.destination_port,
    ):
        return "its four numbers are those of another connection, and there is none"
    if one.flags != other.flags:
        answer = byte13.answer("ESTABLISHED", other.flags, data=b"data")
        if not answer.delivered or answer.after != "ESTABLISHED":
            return f"its flags are {other.flags}: {answer.notes[0]}"
    if one.seq != other.seq:
        return "its sequence number is not the one that is expected"
    return ""


def noticed(made: Made, came: bytes, where: str = "inside a router") -> Table:
    """The same as a table; who notices first is pointed out."""
    found = checks(made, came, where)
    rows = [(c.name, c.who, {True: "yes", False: "no", None: "–"}[c.noticed], c.words) for c in found]
    lit = [n for n, check in enumerate(found) if check.noticed][:1]
    return show.table(("check", "by whom", "notices?", "why"), rows, title=f"A change {where}", lit=lit)


def _opened(made: Made, came: bytes) -> tuple[bool, str]:
    """Whether TLS notices, and why."""
    try:
        peeled = onion(came, opens=made.opens)
    except DecodeError as error:
        return True, str(error)
    except ProtocolError as error:
        return True, error.why
    if all(skin.name != "HTTP" for skin in peeled.skins):
        return True, "there is no record where one should begin"
    return False, "the tag fits"


def flipping(
    bit: int = 500, compensate: bool = False, where: str = "on a cable", kind: str = REQUEST
) -> Outcome:
    """Flip a bit of a frame, and see who notices.

    bit: counted from the first bit of the frame.   compensate: flip another bit too, such that the sum of the
    words stays the same.   where: one of WHERE.   kind: an HTTPS request, or one without TLS.
    """
    one_of("where", where, WHERE)
    one_of("kind", kind, KINDS[:2])
    made = frame(kind)
    bit = whole("bit", bit, 0, 8 * len(frame().frame) - 1)
    bits = [min(bit, 8 * len(made.frame) - 1)]  # (without TLS the frame is shorter)
    dissection = dissect(made.frame)
    note = ""
    if compensate and bits[0] < 8 * dissection.network_at:
        note = "\nNo sum covers the Ethernet header, only the card's own CRC: no second bit is flipped."
    elif compensate:
        in_ip = bits[0] < 8 * dissection.transport_at
        start = dissection.network_at if in_ip else dissection.transport_at
        end = dissection.transport_at if in_ip else len(made.frame)
        bits.append(partner(made.frame[:end], bits[0], start))
    if where == "inside a router" and bits[0] < 8 * dissection.network_at:
        note = "\nThe router writes a new Ethernet header: the flipped bit is gone."
    came = flip(made.frame, *bits)
    found = checks(made, came, where)
    before = onion(made.frame)
    names = [_owner(before.spans, each) for each in bits]
    first = next((check for check in found if check.noticed), None)
    words = f"Flipped: {' and '.join(names)}.\n"
    words += f"First to notice: {first.who}: {first.words}." if first else "No check notices."
    ruler = show.ruler(came, spans=before.spans, flipped=bits, near=2, title="The frame as it arrives")
    words += note
    return Outcome(words, (noticed(made, came, where), ruler))


def _owner(spans: tuple[Span, ...], bit: int) -> str:
    for span in spans:
        first = 8 * span.start + span.bit
        if first <= bit < first + span.bits:
            return f"bit {bit - first} of the {span.path[0]} field {span.name}"
    return f"bit {bit}"


def flipping_lab() -> Lab:
    """`flipping`, with controls."""
    return Lab(
        "Who notices?", flipping,
        bit=slider("flip bit", 500, 0, 8 * len(frame().frame) - 1),
        compensate=switch("and another, so that the sum stays", False),
        where=choice("the change happens", WHERE, "on a cable"),
        kind=choice("frame", KINDS[:2], REQUEST),
    )  # fmt: skip

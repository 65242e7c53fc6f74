"""Reading and writing big-endian bytes, with a memory for every field.

A `Reader` is a cursor.  Each read notes the name, the place and the meaning of what it read, so that the
code that decodes a header is also what explains it: the byte views, the oracle tests and the exercises all
use these `Span`s.  Noting costs next to nothing; the Spans themselves are made when somebody asks.

A header of fixed shape is a `Layout`, a list of `Field`s in wire order, as the standard draws it.  It is
read in one go, and its fields of whole 1, 2, 4 or 8 bytes come back as numbers; smaller ones (bit fields)
come back together, as the one number that encloses them, to be taken apart with >> and &.

>>> PORTS = Layout(("ports",), Field("source port", 16), Field("destination port", 16))
>>> reader = Reader(bytes.fromhex("9c4101bb ff"))
>>> reader.layout(PORTS)
(40001, 443)
>>> reader.rest("data")
b'\\xff'
>>> [(span.name, span.start, span.end) for span in reader.spans]
[('source port', 0, 2), ('destination port', 2, 4), ('data', 4, 5)]
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from handshake.errors import DecodeError

Words = Callable[[Any], str]
"""Turns the value of a field into words: 18 -> "SYN, ACK"."""

T = TypeVar("T")


class Field(NamedTuple):
    """One field of a header, as its standard defines it.

    name: the standard's own name.  bits: its width.  meaning: one sentence.
    words: the value in words, where a number does not speak for itself.
    raw: keep the value as bytes (an address) rather than as a number.
    """

    name: str
    bits: int
    meaning: str = ""
    words: Words | None = None
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Where a field lies, and what it means: bytes [start, end), and for a bit field the bits inside.

    path: the parts that it belongs to, outermost first, e.g. ("TCP", "options").
    bit: number of bits before it in byte `start` (0 is the most significant); bits: its width.
    """

    path: tuple[str, ...]
    name: str
    start: int
    end: int
    bit: int
    bits: int
    meaning: str = ""
    words: Words | None = None
    raw: bool = False

    @property
    def is_bits(self) -> bool:
        """Whether it is smaller than, or not aligned to, whole bytes."""
        return self.bit != 0 or self.bits % 8 != 0

    def value(self, data: bytes) -> int | bytes:
        """The value of this field in `data`: a number up to 8 bytes, unless the field is raw; else bytes."""
        part = data[self.start : self.end]
        if self.raw or (len(part) > 8 and not self.is_bits):
            return part
        after = 8 * len(part) - self.bit - self.bits
        return int.from_bytes(part, "big") >> after & (1 << self.bits) - 1

    def text(self, data: bytes) -> str:
        """The value in words, or "" where there is nothing to add to the number."""
        return self.words(self.value(data)) if self.words else ""

    def shifted(self, by: int) -> Span:
        """The same field, `by` bytes further on."""
        return dataclass_replace(self, start=self.start + by, end=self.end + by)


CODES = {8: "B", 16: "H", 32: "I", 64: "Q"}
"""How the struct module calls unsigned numbers, by their bits."""


class Layout:
    """A header of fixed shape: its fields in wire order.

    path: what the header is called, as the path of its Spans.
    Bit fields that share bytes are packed together into the smallest number of 1, 2, 4 or 8 bytes.
    """

    def __init__(self, path: tuple[str, ...], *fields: Field) -> None:
        self.path = path
        self.fields = fields
        self.units: list[tuple[str, int]] = []  # what is packed together: its names, and its size in bytes
        self.raw: list[int] = []  # which of them are bytes
        code, loose = ">", 0  # loose: bits of the fields that do not fill whole bytes yet
        names: list[str] = []
        for field in fields:
            names.append(field.name)
            if not loose and (field.raw or field.bits not in CODES) and field.bits % 8 == 0:
                self.raw.append(len(self.units))
                size = field.bits // 8
                code += f"{size}s"
            elif (loose := loose + field.bits) in CODES:
                size, loose = loose // 8, 0
                code += CODES[8 * size]
            else:
                continue
            self.units.append((" and ".join(names), size))
            names = []
        if loose:
            raise ValueError(f"the bit fields of {path} do not fill whole bytes: 1, 2, 4 or 8 of them")
        self.struct = struct.Struct(code)
        self.size = self.struct.size
        self.unpack = self.struct.unpack_from

    def pack(self, *values: int | bytes) -> bytes:
        """The header as bytes, from one value a unit; a value that does not fit is a ValueError."""
        if len(values) != len(self.units):
            wanted = ", ".join(name for name, _ in self.units)
            raise ValueError(f"{'/'.join(self.path)}: {len(values)} values for these fields: {wanted}")
        for index in self.raw:
            if len(values[index]) != self.units[index][1]:  # type: ignore[arg-type]
                raise self._misfit(index, values[index])
        try:
            return self.struct.pack(*values)
        except struct.error:
            for index, (value, (_, size)) in enumerate(zip(values, self.units, strict=True)):
                if isinstance(value, int) and not 0 <= value < 1 << 8 * size:
                    raise self._misfit(index, value) from None
            raise

    def _misfit(self, index: int, value: int | bytes) -> ValueError:
        name, size = self.units[index]
        got = str(value) if isinstance(value, int) else f"{value!r}, which has {_bytes(len(value))},"
        return ValueError(f"{'/'.join(self.path)}: {name}: {got} does not fit in {_bytes(size)}")

    def spans(self, start: int, path: tuple[str, ...] = ()) -> tuple[Span, ...]:
        """The Spans of this header when it starts at byte `start`."""
        return _layout_spans(self, start, path)

    def find(self, name: str) -> Field:
        """The field of that name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"no field {name!r} in {self.path}")


@lru_cache(maxsize=4096)
def _layout_spans(layout: Layout, start: int, path: tuple[str, ...]) -> tuple[Span, ...]:
    spans = []
    at = 8 * start
    for field in layout.fields:
        first, last = at // 8, (at + field.bits + 7) // 8
        spans.append(
            Span(
                path + layout.path,
                field.name,
                first,
                last,
                at % 8,
                field.bits,
                field.meaning,
                field.words,
                field.raw,
            )
        )
        at += field.bits
    return tuple(spans)


@lru_cache(maxsize=4096)
def span(
    path: tuple[str, ...],
    name: str,
    start: int,
    size: int,
    meaning: str = "",
    words: Words | None = None,
    raw: bool = False,
) -> Span:
    """A Span of whole bytes.  The same fields lie at the same places in packet after packet: remembered."""
    return Span(path, name, start, start + size, 0, 8 * size, meaning, words, raw)


class Reader:
    """A cursor over `data`, from `start` to `end`, that remembers what it read.

    Every read moves on, or raises DecodeError with the field's name and offset.  Offsets are positions in
    `data`, so a Reader over a whole frame gives Spans within the frame.
    cut: the bytes are known to end before the message does, as a capture may keep only the first of them.
    """

    __slots__ = ("_marks", "cut", "data", "end", "path", "pos")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = start
        self.end = len(data) if end is None else end
        self.cut = False
        self.path: tuple[str, ...] = ()
        self._marks: list[tuple[Any, ...]] = []

    @property
    def remaining(self) -> int:
        """How many bytes are left to read."""
        return self.end - self.pos

    def layout(self, layout: Layout) -> tuple[Any, ...]:
        """Read a whole header: one value a field, bit fields that share bytes as one number."""
        pos = self.pos
        after = pos + layout.size
        if after > self.end:
            self._ends_inside(layout)
        self.pos = after
        self._marks.append((layout, pos, self.path))
        return layout.unpack(self.data, pos)

    def explain(self, spans: Callable[..., Iterable[Span]], *about: Any) -> None:
        """Have `spans(*about)` say, if somebody asks, what was read here."""
        self._marks.append((None, spans, about))

    def uint(self, name: str, size: int, meaning: str = "", words: Words | None = None) -> int:
        """Read an unsigned number of `size` bytes."""
        start = self._advance(name, size)
        self._marks.append((self.path, name, start, size, meaning, words))
        return int.from_bytes(self.data[start : self.pos], "big")

    def take(
        self, name: str, size: int, meaning: str = "", words: Words | None = None, path: tuple[str, ...] = ()
    ) -> bytes:
        """Read `size` bytes as they are.   path: the part that they belong to, below the current one."""
        start = self._advance(name, size)
        if size:
            self._marks.append((self.path + path, name, start, size, meaning, words, True))
        return self.data[start : self.pos]

    def rest(
        self, name: str, meaning: str = "", words: Words | None = None, path: tuple[str, ...] = ()
    ) -> bytes:
        """Read all that is left, which may be nothing."""
        start, self.pos = self.pos, self.end
        if start < self.end:
            self._marks.append((self.path + path, name, start, self.end - start, meaning, words, True))
        return self.data[start : self.end]

    @contextmanager
    def part(self, name: str, size: int | None = None) -> Iterator[None]:
        """A part of the message: fields read inside belong to it.

        With a size, exactly so many bytes: reading past them, or leaving some, is a DecodeError.
        (After an error a Reader is of no further use.)
        """
        outer_path, outer_end = self.path, self.end
        self.path = (*outer_path, name)
        if size is not None:
            if size > outer_end - self.pos:
                raise self._short(name, self.pos, size)
            self.end = self.pos + size
        yield
        if size is not None:
            self.done(name)
        self.path, self.end = outer_path, outer_end

    @contextmanager
    def prefixed(self, name: str, size: int) -> Iterator[None]:
        """A part that says its own length first, in `size` bytes (opaque name<0..2^8*size-1>)."""
        length = self.uint(f"{name} length", size)
        with self.part(name, length):
            yield

    def done(self, name: str) -> None:
        """Complain if bytes are left over."""
        if self.pos != self.end:
            raise DecodeError(name, self.pos, "nothing more", f"{_bytes(self.remaining)} left over")

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every field read so far, in the order of reading."""
        spans: list[Span] = []
        for mark in self._marks:
            if mark[0] is None:
                spans += mark[1](*mark[2])
            elif len(mark) == 3:
                spans += _layout_spans(*mark)
            else:
                spans.append(span(*mark))
        return tuple(spans)

    def _advance(self, name: str, size: int) -> int:
        start = self.pos
        if size < 0 or start + size > self.end:
            raise self._short(name, start, size)
        self.pos = start + size
        return start

    def _short(self, name: str, start: int, size: int) -> DecodeError:
        return DecodeError(name, start, _bytes(size), _got(max(0, self.end - start)))

    def _ends_inside(self, layout: Layout) -> None:
        """Say which field of a header does not fit any more; what fits is remembered."""
        fits: list[Span] = []
        for field in _layout_spans(layout, self.pos, self.path):
            if field.end > self.end:
                while fits and (fits[-1].bit + fits[-1].bits) % 8:
                    fits.pop()  # bits of a byte whose other bits belong to the field that does not fit
                self.explain(tuple, fits)
                raise self._short(field.name, field.start, field.end - field.start)
            fits.append(field)


class Writer:
    """Builds bytes beside a Reader: same calls, same order."""

    def __init__(self) -> None:
        self.data = bytearray()

    def layout(self, layout: Layout, *values: int | bytes) -> None:
        """Write a whole header; a value that does not fit its field is a ValueError that names it."""
        self.data += layout.pack(*values)

    def uint(self, name: str, value: int, size: int) -> None:
        """Write an unsigned number of `size` bytes."""
        if not 0 <= value < 1 << 8 * size:
            raise ValueError(f"{name}: {value} does not fit in {_bytes(size)}")
        self.data += value.to_bytes(size, "big")

    def take(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.data += data

    @contextmanager
    def prefixed(self, name: str, size: int) -> Iterator[None]:
        """A part that says its own length first, in `size` bytes."""
        at = len(self.data)
        self.data += bytes(size)
        yield
        length = len(self.data) - at - size
        if length >= 1 << 8 * size:
            raise ValueError(f"{name}: {_bytes(length)} are too long for a length of {_bytes(size)}")
        self.data[at : at + size] = length.to_bytes(size, "big")

    def bytes(self) -> bytes:
        """What has been written."""
        return bytes(self.data)


def fit(name: str, value: int, bits: int) -> int:
    """The value, if it fits in so many bits; ValueError if not."""
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name}: {value} does not fit in {bits} bit{'s' * (bits > 1)}")
    return value


def internet_checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071).

    The data are read as 16-bit numbers (an odd last byte is followed by a zero), added in one's complement,
    and the sum is complemented.  Over data that carry their own good checksum, the result is 0.
    """
    # One's-complement addition of 16-bit numbers is addition modulo 65535: a carry out of the top (65536)
    # is added back in as 1.  So the sum of them all is the one long number, modulo 65535.
    number = int.from_bytes(data, "big")
    if len(data) & 1:
        number <<= 8
    # Both 0 and 65535 stand for zero; adding numbers that are not all 0 gives 65535.
    return 0xFFFF - (number % 0xFFFF or (0xFFFF if number else 0))


def replace(message: T, **changes: Any) -> T:
    """A copy of a frozen message with some fields changed, and its lengths and checksums made anew.

    A class names the fields that follow from the others in `derived`; those are computed at the next
    encoding unless they are among the changes.  (`dataclasses.replace` keeps them as they were read:
    use that to make a message whose checksum or length is wrong.)
    """
    derived = dict.fromkeys(getattr(message, "derived", ()))
    return dataclass_replace(message, **{**derived, **changes})  # type: ignore[type-var]


_new = object.__new__
_set = object.__setattr__


def made(kind: type[T], values: dict[str, Any]) -> T:
    """A frozen record, from all of its fields: as kind(**values), and three times as quick.

    A frozen dataclass guards every single assignment, in its own __init__ too; a capture of 100,000 packets
    holds 300,000 records.  Only decoders use this, with values that they have just checked.
    """
    record = _new(kind)
    _set(record, "__dict__", values)
    return record


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"


def _got(count: int) -> str:
    return "the end of the data" if not count else f"only {_bytes(count)}"

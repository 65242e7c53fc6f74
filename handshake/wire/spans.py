"""Fields, headers of fixed shape, and where their bytes lie."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from functools import lru_cache
from typing import Any, NamedTuple

from handshake.errors import count_bytes

Words = Callable[[Any], str]
"""Turns the value of a field into words: 18 -> "SYN, ACK"."""


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
        # A field of 1, 2, 4 or 8 bytes is a number, any other of whole bytes is bytes.  Smaller fields are
        # gathered until they fill 1, 2, 4 or 8 bytes, and are then one number together.
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
        got = str(value) if isinstance(value, int) else f"{value!r}, which has {count_bytes(len(value))},"
        return ValueError(f"{'/'.join(self.path)}: {name}: {got} does not fit in {count_bytes(size)}")

    def spans(self, start: int, path: tuple[str, ...] = ()) -> tuple[Span, ...]:
        """The Spans of this header when it starts at byte `start`."""
        return layout_spans(self, start, path)

    def find(self, name: str) -> Field:
        """The field of that name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"no field {name!r} in {self.path}")


@lru_cache(maxsize=4096)
def layout_spans(layout: Layout, start: int, path: tuple[str, ...]) -> tuple[Span, ...]:
    """The Spans of a header; see `Layout.spans`."""
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

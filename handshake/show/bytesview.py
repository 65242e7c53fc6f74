"""Bytes and their fields, side by side: point at one and the other lights up.

`view` takes anything that knows its bytes and its `Span`s (a transit, a message, a certificate) and gives a
`ByteView`, which a notebook shows as a hex dump beside a list of fields, and `print` as a table.

What is shown, and as text, is here; the page that a notebook shows is in `bytespage`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

from handshake.wire import Span

MOST_BYTES, MOST_FIELDS = 4096, 600
"""What is shown of something long.  A browser looks through the page once a field when the pointer moves."""

ROW = 16
"""Bytes in a row of the dump."""

_numbers = count(1)


def view(thing: Any, *, title: str | None = None, spans: Sequence[Span] | None = None) -> ByteView:
    """The bytes of `thing` and what each of them means.

    thing: a Transit, a Message, anything with `.spans` and its bytes in `.frame` or `.data`; or bytes, with
    their `spans` beside them.   title: what to call it.
    """
    data = _bytes_of(thing)
    if spans is None:
        spans = getattr(thing, "spans", None)
    if spans is None:
        raise TypeError(
            f"{type(thing).__name__} does not say what its bytes mean: pass spans=, as a Reader has in .spans"
        )
    if title is None:
        title = _title_of(thing)
    missing = max(0, getattr(thing, "wire_length", 0) - len(data))
    return ByteView(title, data, tuple(_tiled(data, spans)), missing)


def _bytes_of(thing: Any) -> bytes:
    if isinstance(thing, bytes | bytearray | memoryview):
        return bytes(thing)
    for name in ("frame", "data"):
        data = getattr(thing, name, None)
        if isinstance(data, bytes | bytearray):
            return bytes(data)
    raise TypeError(
        f"no bytes to show in {type(thing).__name__}: give a transit, a message, something with .spans and"
        " .data, or bytes with spans="
    )


def _title_of(thing: Any) -> str:
    if hasattr(thing, "frame"):
        return f"Transit {thing.number}" if hasattr(thing, "number") else "Frame"
    if hasattr(thing, "layer") and hasattr(thing, "name"):
        return f"{thing.layer} {thing.name}"
    return "" if isinstance(thing, bytes | bytearray | memoryview) else type(thing).__name__


def _tiled(data: bytes, spans: Sequence[Span]) -> Iterator[Span]:
    """The spans in the order of the bytes; what none of them covers becomes a span of its own."""
    at = 0
    for span in sorted(spans, key=lambda span: (span.start, span.bit)):
        if not 0 <= span.start < span.end <= len(data):
            raise ValueError(f"{span.name} is bytes {span.start} to {span.end}, but there are {len(data)}")
        if span.start > at:
            yield _unexplained(at, span.start)
        yield span
        at = max(at, span.end)
    if at < len(data):
        yield _unexplained(at, len(data))


def _unexplained(start: int, end: int) -> Span:
    meaning = "No field covers these bytes: the decoder does not know them."
    return Span(("not explained",), "not explained", start, end, 0, 8 * (end - start), meaning, raw=True)


class Group(NamedTuple):
    """A part of the message with its own heading: TCP, or the options in it.

    tint: number of its colour, the same for all parts of one layer.
    """

    path: tuple[str, ...]
    tint: int
    start: int
    end: int


@dataclass(frozen=True, repr=False)
class ByteView:
    """Bytes and the fields that cover them.  missing: how many bytes travelled but were not captured."""

    title: str
    data: bytes
    spans: tuple[Span, ...]
    missing: int = 0

    def __repr__(self) -> str:
        return f"ByteView({self.title!r}, {len(self.data)} bytes, {len(self.spans)} fields)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    # What is shown, and how it hangs together.

    @property
    def caption(self) -> str:
        """Title and size in one line."""
        size = many(len(self.data), "byte")
        if self.missing:
            size += f" of {len(self.data) + self.missing} that travelled"
        return f"{plain(self.title)}: {size}" if self.title else size

    @property
    def shown(self) -> int:
        """How many bytes are shown: all, unless there are very many, or very many fields."""
        if len(self.spans) > MOST_FIELDS:
            return min(MOST_BYTES, self.spans[MOST_FIELDS].start)
        return min(MOST_BYTES, len(self.data))

    @property
    def rest(self) -> str:
        """What is left out, in words."""
        if self.shown == len(self.data):
            return ""
        fields = sum(span.start >= self.shown for span in self.spans)
        more = f" and {many(fields, 'more field')}" if fields else ""
        return f"{many(len(self.data) - self.shown, 'more byte')}{more}: too long to show here"

    @property
    def lost(self) -> str:
        """What a capture did not keep, in words."""
        verb = "was" if self.missing == 1 else "were"
        more = many(self.missing, "more byte")
        return f"{more} travelled but {verb} not captured" if self.missing else ""

    @cached_property
    def units(self) -> tuple[tuple[Span, ...], ...]:
        """The fields that are shown: one by one, but bit fields that share bytes together."""
        units: list[list[Span]] = []
        place = 0  # in bits, if the last unit does not fill its bytes yet
        for span in self.spans[:MOST_FIELDS]:
            if span.start >= self.shown:
                break
            if place % 8 and place == 8 * span.start + span.bit:
                units[-1].append(span)
            else:
                units.append([span])
            place = 8 * span.start + span.bit + span.bits
        return tuple(map(tuple, units))

    @cached_property
    def groups(self) -> tuple[tuple[Group, ...], ...]:
        """For each unit the groups that it belongs to, outermost first."""
        tints: dict[str, int] = {}
        starts: dict[tuple[str, ...], int] = {}  # path of each group that is open now -> where it starts
        found = []  # the same for each unit
        ends = {}  # path and start of each group -> where it ends
        for unit in self.units:
            path = unit[0].path
            prefixes = [path[: n + 1] for n in range(len(path))]
            starts = {prefix: starts.get(prefix, unit[0].start) for prefix in prefixes}
            found.append(starts)
            for group in starts.items():
                ends[group] = unit[-1].end
            if path:
                tints.setdefault(path[0], len(tints) % 6)
        return tuple(
            tuple(Group(path, tints[path[0]], start, ends[path, start]) for path, start in unit.items())
            for unit in found
        )

    # As text.

    def __str__(self) -> str:
        lines = [self.caption, "", _line("byte", "hex or bits", "field", "value", "in words – meaning")]
        opened: tuple[Group, ...] = ()
        for unit, groups in zip(self.units, self.groups, strict=True):
            for group in groups[common(opened, groups) :]:
                size = many(group.end - group.start, "byte")
                lines.append(f"{'  ' * (len(group.path) - 1)}{plain(group.path[-1])} ({size})")
            opened = groups
            indent = "  " * max(0, len(groups) - 1)
            if unit[0].is_bits:
                start, end = unit[0].start, unit[-1].end
                names = f"{8 * (end - start)} bits, {many(len(unit), 'field')}"
                lines.append(_line(str(start), self.data[start:end].hex(" "), f"{indent}{names}"))
            for span in unit:
                lines += self._rows(span, unit, indent)
        lines += [f"({more})" for more in (self.rest, self.lost) if more]
        return "\n".join(lines)

    def _rows(self, span: Span, unit: tuple[Span, ...], indent: str) -> list[str]:
        decimal, code, words = self.values(span)
        if span.is_bits:
            offset, indent = "", indent + "  "
            octets = [f"{bits[:4]} {bits[4:]}" for bits in self.bits(span, unit)]
            left = [" ".join(octets[n : n + 2]) for n in range(0, len(octets), 2)]
        else:
            offset = str(span.start)
            left = _wrapped(hex_text(self.data[span.start : span.end], 32), 23)
        about = " – ".join(text for text in (words, plain(span.meaning)) if text)
        columns = (
            [offset],
            left,
            _wrapped(plain(span.name), 24, indent),
            [decimal, code] if len(decimal) + len(code) > 12 else [f"{decimal} {code}".strip()],
            _wrapped(about, 36),
        )
        rows = max(map(len, columns))
        return [_line(*(c[n] if n < len(c) else "" for c in columns)) for n in range(rows)]

    def values(self, span: Span) -> tuple[str, str, str]:
        """The value of a field as decimal, as hex (both empty where it is no number) and in words."""
        value = span.value(self.data)
        words = plain(span.text(self.data))
        if isinstance(value, bytes):
            if not words and len(value) > 2 and value.isascii() and value.decode().isprintable():
                words = textwrap.shorten(f'"{value.decode()}"', 60, placeholder=" ...")
            return "", "", words
        return str(value), f"0x{value:0{(span.bits + 3) // 4}x}", words

    def bits(self, span: Span, unit: tuple[Span, ...]) -> list[str]:
        """The bytes that a bit field shares with others, bit by bit, with dots for the bits of the others."""
        shared = self.data[unit[0].start : unit[-1].end]
        ones = f"{int.from_bytes(shared, 'big'):0{8 * len(shared)}b}"
        first = 8 * (span.start - unit[0].start) + span.bit
        last = first + span.bits
        drawn = "." * first + ones[first:last] + "." * (len(ones) - last)
        return [drawn[n : n + 8] for n in range(0, len(drawn), 8)]

    # As a page.

    def html(self, uid: str | None = None) -> str:
        """The view as HTML that needs nothing else.

        uid: the id of the outermost element, which all others start with; by default a new one each time.
        """
        if uid is None:
            uid = f"hs-bytes-{next(_numbers)}"
        from handshake.show import bytespage

        return bytespage.page(self, checked_id(uid))


def checked_id(uid: str) -> str:
    """The same, if it can be the id of an element; ValueError if not."""
    if not re.fullmatch(r"[A-Za-z][\w-]*", uid, re.ASCII):
        raise ValueError(f"{uid!r} cannot be an id: use a letter, then letters, digits, - and _")
    return uid


def common(one: tuple[Group, ...], other: tuple[Group, ...]) -> int:
    """How many groups two places have in common, from the outside."""
    return sum(a == b for a, b in zip(one, other, strict=False))


def _line(offset: str, octets: str = "", name: str = "", value: str = "", about: str = "") -> str:
    return f"{offset:>6}  {octets:23}  {name:24}  {value:12}  {about}".rstrip()


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most that width."""
    if len(indent) + len(text) <= width:
        return [indent + text]
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent and indent + "  ")


def plain(text: str) -> str:
    """Text on one line, with nothing in it that could move a cursor: names may come from a capture."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def hex_text(data: bytes, most: int) -> str:
    """Bytes in hex, at most so many of them."""
    more = f" ... {many(len(data) - most, 'more byte')}" if len(data) > most else ""
    return data[:most].hex(" ") + more


def many(number: int, thing: str) -> str:
    """A number of things: "1 byte", "2 bytes"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

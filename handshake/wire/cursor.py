"""The two cursors: a Reader that remembers, and a Writer beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from handshake.errors import DecodeError, count_bytes, got_bytes
from handshake.wire.spans import Layout, Span, Words, layout_spans, span


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
        # What was read, to be turned into Spans when somebody asks: a header as (layout, start, path), what
        # `explain` was given as (function, arguments), a single field as the arguments of `span`.
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
        self._marks.append((spans, about))

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

    def part(self, name: str, size: int | None = None) -> Part:
        """A part of the message, to be used with `with`: fields read inside belong to it.

        With a size, exactly so many bytes: reading past them, or leaving some, is a DecodeError.
        (After an error a Reader is of no further use.)
        """
        return Part(self, name, size)

    def prefixed(self, name: str, size: int) -> Part:
        """A part that says its own length first, in `size` bytes; TLS writes it name<0..2^(8*size)-1>."""
        return Part(self, name, self.uint(f"{name} length", size))

    def done(self, name: str) -> None:
        """Complain if bytes are left over."""
        if self.pos != self.end:
            raise DecodeError(name, self.pos, "nothing more", f"{count_bytes(self.remaining)} left over")

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every field read so far, in the order of reading."""
        spans: list[Span] = []
        for mark in self._marks:
            if len(mark) == 3:
                spans += layout_spans(*mark)
            elif len(mark) == 2:
                make, about = mark
                spans += make(*about)
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
        return DecodeError(name, start, count_bytes(size), got_bytes(max(0, self.end - start)))

    def _ends_inside(self, layout: Layout) -> None:
        """Say which field of a header does not fit any more; what fits is remembered."""
        fits: list[Span] = []
        for field in layout_spans(layout, self.pos, self.path):
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
            raise ValueError(f"{name}: {value} does not fit in {count_bytes(size)}")
        self.data += value.to_bytes(size, "big")

    def take(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.data += data

    def prefixed(self, name: str, size: int) -> Prefixed:
        """A part that says its own length first, in `size` bytes; to be used with `with`."""
        return Prefixed(self.data, name, size)

    def bytes(self) -> bytes:
        """What has been written."""
        return bytes(self.data)


class Part:
    """A part of what a Reader reads: it ends where it ends, and fields inside know that they are there."""

    __slots__ = ("name", "outer_end", "outer_path", "reader", "size")

    def __init__(self, reader: Reader, name: str, size: int | None) -> None:
        self.reader = reader
        self.name = name
        self.size = size

    def __enter__(self) -> None:
        reader, size = self.reader, self.size
        self.outer_path, self.outer_end = reader.path, reader.end
        reader.path = (*reader.path, self.name)
        if size is not None:
            if size > reader.end - reader.pos:
                raise reader._short(self.name, reader.pos, size)
            reader.end = reader.pos + size

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is not None:
            return
        reader = self.reader
        if self.size is not None:
            reader.done(self.name)
        reader.path, reader.end = self.outer_path, self.outer_end


class Prefixed:
    """A part of what a Writer writes: its length goes before it, when it is known."""

    __slots__ = ("at", "data", "name", "size")

    def __init__(self, data: bytearray, name: str, size: int) -> None:
        self.data = data
        self.name = name
        self.size = size

    def __enter__(self) -> None:
        self.at = len(self.data)
        self.data += bytes(self.size)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is not None:
            return
        start = self.at + self.size
        length = len(self.data) - start
        if length >= 1 << 8 * self.size:
            raise ValueError(
                f"{self.name}: {count_bytes(length)} are too long for a length of {count_bytes(self.size)}"
            )
        self.data[self.at : start] = length.to_bytes(self.size, "big")

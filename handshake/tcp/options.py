"""TCP options: what a segment says besides its fixed header (RFC 9293 section 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import NamedTuple

from handshake.errors import DecodeError, got_bytes
from handshake.wire import Field, Layout, Reader, Span, span

END, NOP, MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS = 0, 1, 2, 3, 4, 5, 8

PATH = ("TCP", "options")

NAMES = {
    END: "end of options",
    NOP: "no operation",
    MSS: "maximum segment size",
    WINDOW_SCALE: "window scale",
    SACK_PERMITTED: "SACK permitted",
    SACK: "SACK",
    TIMESTAMPS: "timestamps",
}


def _name(kind: int) -> str:
    return NAMES.get(kind, f"option {kind}")


def _layout(kind: int, *fields: Field) -> Layout:
    """Most options are a kind, a length that counts all their bytes, and the fields of that kind."""
    lead = [Field("kind", 8, "which option this is", _name)]
    if kind not in (END, NOP):
        lead.append(Field("length", 8, "of the whole option, in bytes"))
    return Layout((*PATH, NAMES[kind]), *lead, *fields)


LAYOUTS = {
    END: _layout(END),
    NOP: _layout(NOP),
    MSS: _layout(MSS, Field("maximum segment size", 16, "the most data in one segment that it can take")),
    WINDOW_SCALE: _layout(
        WINDOW_SCALE,
        Field(
            "shift count",
            8,
            "every later window is to be multiplied by 2 to this power (RFC 7323)",
            lambda shift: f"times {1 << min(shift, 14)}",
        ),
    ),
    SACK_PERMITTED: _layout(SACK_PERMITTED),
    TIMESTAMPS: _layout(
        TIMESTAMPS,
        Field("timestamp value", 32, "the sender's clock (RFC 7323)"),
        Field("timestamp echo reply", 32, "the latest timestamp value that it received"),
    ),
}


class Option(NamedTuple):
    """One option: its kind, and its bytes after kind and length.

    For END the data are the bytes that fill up the header behind it.
    """

    kind: int
    data: bytes = b""

    @property
    def name(self) -> str:
        """What the option is called."""
        return _name(self.kind)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers in it: (1460,) of an MSS, (value, echo reply) of timestamps, the edges of a SACK."""
        if self.kind in (SACK, TIMESTAMPS):
            data = self.data
            return tuple(int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4))
        return (int.from_bytes(self.data, "big"),) if self.data else ()

    def __str__(self) -> str:
        return " ".join([self.name, *map(str, self.numbers)])


NO_OPERATION = Option(NOP)

_made = partial(tuple.__new__, Option)
"""_made((kind, data)) is Option(kind, data), and twice as quick: a capture has hundreds of thousands."""


def mss(size: int) -> Option:
    """The option that says how much data in one segment this end can take, in bytes."""
    return Option(MSS, size.to_bytes(2, "big"))


def read_options(reader: Reader, end: int) -> tuple[Option, ...]:
    """Read the options that reach up to byte `end`; of a packet that a capture cut, those that are there."""
    pos, data = reader.pos, reader.data
    if end > reader.end and reader.cut:
        end = reader.end
    elif end > reader.end:
        raise DecodeError(
            "options", pos, f"{end - pos} bytes, as the data offset says", got_bytes(reader.end - pos)
        )
    options: list[Option] = []
    reader.explain(option_spans, options, pos)
    while pos < end:
        kind = data[pos]
        if kind == NOP:
            options.append(NO_OPERATION)
            pos += 1
        elif kind == END:
            options.append(_made((END, data[pos + 1 : end])))  # whatever fills the header up
            pos = end
        else:
            length = data[pos + 1] if pos + 1 < end else 0
            if length < 2 or pos + length > end:
                if reader.cut and end == reader.end and (length >= 2 or pos + 1 == end):
                    break  # the capture kept only the first bytes of this option
                reader.pos = pos
                raise DecodeError(
                    "option length",
                    pos + 1,
                    f"2 to {end - pos}",
                    str(length) if pos + 1 < end else "the end of the options",
                )
            options.append(_made((kind, data[pos + 2 : pos + length])))
            pos += length
    reader.pos = pos
    if pos < end:
        reader.take("cut option", end - pos, "the capture kept only its first bytes", path=PATH)
    return tuple(options)


def option_spans(options: Iterable[Option], start: int) -> tuple[Span, ...]:
    """The fields of options that lie one behind the other from byte `start` on."""
    return _spans_of_shape(tuple([(kind, len(data)) for kind, data in options]), start)


@lru_cache(maxsize=4096)
def _spans_of_shape(shape: tuple[tuple[int, int], ...], start: int) -> tuple[Span, ...]:
    """The same, from kinds and lengths alone: they repeat from packet to packet, the values do not."""
    spans: list[Span] = []
    for kind, length in shape:
        layout = LAYOUTS.get(kind)
        size = length + (1 if kind in (END, NOP) else 2)
        if kind == END:
            spans += LAYOUTS[END].spans(start)
            if length:
                meaning = "fills the header up to a word of 4 bytes"
                spans.append(span(PATH, "padding", start + 1, length, meaning, raw=True))
        elif layout and layout.size == size:
            spans += layout.spans(start)
        else:
            path = (*PATH, _name(kind))
            spans.append(span(path, "kind", start, 1, "which option this is", _name))
            spans.append(span(path, "length", start + 1, 1, "of the whole option, in bytes"))
            spans += _data_spans(path, kind, start + 2, length)
        start += size
    return tuple(spans)


def _data_spans(path: tuple[str, ...], kind: int, start: int, length: int) -> list[Span]:
    if kind == SACK and length % 8 == 0:
        edges = []
        for at in range(start, start + length, 8):
            edges.append(
                span(path, "left edge", at, 4, "the first number of a block that arrived (RFC 2018)")
            )
            edges.append(span(path, "right edge", at + 4, 4, "the number after the last of that block"))
        return edges
    return [span(path, "option data", start, length, "not explained here", raw=True)] if length else []


def encode_options(options: Iterable[Option]) -> bytes:
    """The options as bytes, filled up to a word of 4 bytes."""
    parts = []
    for option in options:
        if option.kind in (END, NOP):
            parts.append(bytes((option.kind,)) + option.data)
        else:
            parts.append(bytes((option.kind, 2 + len(option.data))) + option.data)
    encoded = b"".join(parts)
    if len(encoded) > 40:
        raise ValueError(f"TCP options have room for 40 bytes; these need {len(encoded)}")
    return encoded + bytes(-len(encoded) % 4)


def timestamps(value: int, echo: int) -> Option:
    """The option by which both ends tell the time (RFC 7323 section 3).

    value: the sender's clock.   echo: the last value that it had from the other end.
    """
    return Option(TIMESTAMPS, value.to_bytes(4, "big") + echo.to_bytes(4, "big"))


def window_scale(shift: int) -> Option:
    """The option that says by how many bits the windows of later segments are shifted (RFC 7323)."""
    return Option(WINDOW_SCALE, bytes((shift,)))

"""HTTP/1.1, which the programs at both ends speak (RFC 9112).

The library h11 reads it; here is only at which bytes each part lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError, got_bytes
from handshake.wire import Span

BLANK_LINE = re.compile(rb"\r?\n\r?\n")
LINE = re.compile(rb"[^\n]*\n(?:[ \t][^\n]*\n)*")  # with the lines that continue it

ABOUT = {
    "host": "which site is asked: one machine may serve many (RFC 9110 section 7.2)",
    "content-length": "how long the body is, in bytes: so the end of the message is known",
    "content-type": "what the body is",
    "connection": "whether the TCP connection is kept for more",
    "user-agent": "which program asks",
    "accept": "which kinds of content the client can use",
}
"""What some headers say; all others are passed on without a word."""


@dataclass(frozen=True)
class HTTP:
    """One request or response.

    first_line: "GET / HTTP/1.1".   headers: (name, value), as written.
    body: what follows, as far as it came.
    spans: where each part lies, counted from the message's first byte; they cover each byte once.
    """

    first_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    spans: tuple[Span, ...]

    name: ClassVar[str] = "HTTP"
    osi: ClassVar[str] = "7 application"
    internet: ClassVar[str] = "application"
    read_by: ClassVar[str] = "the program at each end"

    @classmethod
    def decode(cls, data: bytes) -> HTTP:
        """The message that `data` begins with; its header must be there as a whole.   DecodeError if not."""
        _check(data)
        end = BLANK_LINE.search(data)
        header_end = end.end() if end else len(data)
        lines = [match.group() for match in LINE.finditer(data[:header_end])]
        first, others = lines[0], lines[1:-1]
        raw = [_header(line) for line in others]  # (h11 merges and unfolds; here they stay as written)
        spans = _first_line(first)
        at = len(first)
        for line, (name, value) in zip(others, raw, strict=True):
            spans.append(_span(name, at, len(line), ABOUT.get(name.lower(), "a header"), value))
            at += len(line)
        spans.append(_span("end of the header", at, len(lines[-1]), "an empty line"))
        if len(data) > header_end:
            spans.append(_span("body", header_end, len(data) - header_end, "what the header is about"))
        words = first.strip().decode("latin-1")
        return cls(words, tuple(raw), data[header_end:], tuple(spans))

    def __str__(self) -> str:
        return self.first_line


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name, re.sub(r"\r?\n[ \t]+", " ", value).strip()


def _check(data: bytes) -> None:
    """Have h11 read it.   DecodeError if it is no message, or has not its whole header."""
    import h11  # here, since most frames are never looked at so deeply

    response = data.startswith(b"HTTP/")
    reader = h11.Connection(h11.CLIENT if response else h11.SERVER)
    if response:  # there is no answer without a question, h11 holds
        reader.send(h11.Request(method="GET", target="/", headers=[("Host", "any")]))
        reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    try:
        event = reader.next_event()
    except h11.RemoteProtocolError as error:
        raise DecodeError("HTTP", 0, "a message of HTTP/1.1", str(error)) from None
    if not hasattr(event, "headers"):
        raise DecodeError("HTTP", 0, "a message with its whole header", got_bytes(len(data)))


FIRST = {
    False: (
        ("method", "what to do"),
        ("target", "with what: a path on the server"),
        ("version", "of the protocol"),
    ),
    True: (
        ("version", "of the protocol"),
        ("status code", "how it went: 2xx well, 4xx the client erred, 5xx the server"),
        ("reason", "the same for people"),
    ),
}
"""The three words of the first line, of a request and of a response."""


def _first_line(line: bytes) -> list[Span]:
    """The parts of the first line, and what is between them."""
    response = line.startswith(b"HTTP/")
    text = line.rstrip(b"\r\n")
    pieces = text.split(b" ", 2)
    spans: list[Span] = []
    at = 0
    for piece, (name, meaning) in zip(pieces, FIRST[response], strict=False):
        if at:
            spans.append(_span("space", at - 1, 1, "between two words"))
        if piece:
            spans.append(_span(name, at, len(piece), meaning, piece.decode("latin-1")))
        at += len(piece) + 1
    spans.append(_span("end of the line", len(text), len(line) - len(text), "CR and LF"))
    return spans


def _span(name: str, start: int, size: int, meaning: str, words: str = "") -> Span:
    def said(_: object) -> str:
        return words

    return Span(("HTTP",), name, start, start + size, 0, 8 * size, meaning, said if words else None, raw=True)

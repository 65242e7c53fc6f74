"""TLS records: the envelopes in which everything travels.

A record says what it carries, and how long it is.  It is no message: one message may fill several records,
and one record may hold several messages.  Nor is it a segment: TCP cuts the stream as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError, count_bytes
from handshake.tls.cbc import open_cbc, seal_cbc
from handshake.tls.names import CONTENT_TYPES, VERSIONS
from handshake.wire import Field, Layout, Reader

__all__ = [
    "HEADER",
    "HEADER_LENGTH",
    "PLAIN_MOST",
    "SEALED_MOST",
    "Record",
    "RecordError",
    "RecordStream",
    "open_cbc",
    "seal_cbc",
]

PLAIN_MOST = 1 << 14
"""How many bytes a record carries at most (RFC 5246 section 6.2.1)."""

SEALED_MOST = PLAIN_MOST + 2048
"""How many bytes it may have once it is encrypted (RFC 5246 section 6.2.3)."""

HEADER = Layout(
    ("TLS record",),
    Field("content type", 8, "what the record carries", lambda number: CONTENT_TYPES.get(number, "unknown")),
    Field("version", 16, "of the protocol; TLS 1.3 goes on to write 1.2 here",
          lambda number: VERSIONS.get(number, "unknown")),
    Field("length", 16, "of what follows, in bytes"),
)  # fmt: skip

HEADER_LENGTH = HEADER.size


@dataclass(frozen=True)
class Record:
    """One record: 5 bytes of header, and a fragment.

    type: one of CONTENT_TYPES.   version: as on the wire, 0x0303 for TLS 1.2.
    fragment: what it carries, in the clear or encrypted.   length: None means, work it out.
    """

    type: int
    version: int
    fragment: bytes
    length: int | None = None

    name: ClassVar[str] = "TLS"
    osi: ClassVar[str] = "6 presentation"
    internet: ClassVar[str] = "application"
    read_by: ClassVar[str] = "TLS at each end"
    derived: ClassVar[tuple[str, ...]] = ("length",)

    @classmethod
    def read(cls, reader: Reader) -> Record:
        """The next record.  DecodeError, with field and offset, if there is none that is whole."""
        start = reader.pos
        kind, version, length = reader.layout(HEADER)
        check(kind, length, start)
        # (Of other types only who follows the handshake can tell whether they are encrypted yet.)
        name = "encrypted fragment" if kind == 23 else "fragment"
        fragment = reader.take(name, length, "what the record carries", path=("TLS record",))
        return cls(kind, version, fragment, length)

    @classmethod
    def decode(cls, data: bytes) -> Record:
        """The record that fills `data`; DecodeError if it is none."""
        reader = Reader(data)
        record = cls.read(reader)
        reader.done("record")
        return record

    def encode(self) -> bytes:
        """The record as it travels; ValueError for what does not fit."""
        if self.length is None and len(self.fragment) > SEALED_MOST:
            raise ValueError(f"a record carries at most {SEALED_MOST} bytes, not {len(self.fragment)}")
        length = len(self.fragment) if self.length is None else self.length
        return HEADER.pack(self.type, self.version, length) + self.fragment

    def __str__(self) -> str:
        return f"{CONTENT_TYPES.get(self.type, f'type {self.type}')}, {count_bytes(len(self.fragment))}"


def check(kind: int, length: int, start: int = 0) -> None:
    """DecodeError for a header that no record has.   start: where it begins."""
    if kind not in CONTENT_TYPES:
        raise DecodeError("content type", start, "20 to 23", str(kind))
    if length > SEALED_MOST:
        raise DecodeError("length", start + 3, f"at most {SEALED_MOST}", str(length))


class RecordError(DecodeError):
    """A stream that is not made of records.   records: those that were complete before it."""

    records: tuple[Record, ...] = ()


class RecordStream:
    """Records out of a stream that comes in any pieces.   offset: how many bytes of it are dealt with."""

    def __init__(self) -> None:
        self.offset = 0
        self._buffer = bytearray()
        self._failed: RecordError | None = None

    def feed(self, chunk: bytes) -> list[Record]:
        """Bytes came; the answer is the records that they complete, oldest first.

        RecordError if they are no records: at once, with those before it in its `records`.
        """
        self._check()
        self._buffer += chunk
        records: list[Record] = []
        at = 0
        while len(self._buffer) - at >= HEADER_LENGTH:
            kind, version, length = HEADER.unpack(self._buffer, at)
            try:
                check(kind, length, self.offset + at)
            except DecodeError as error:
                self._failed = RecordError(error.field, error.offset, error.expected, error.got)
                self._failed.records = tuple(records)
                self._buffer.clear()
                raise self._failed from None
            end = at + HEADER_LENGTH + length
            if len(self._buffer) < end:
                break
            records.append(Record(kind, version, bytes(self._buffer[at + HEADER_LENGTH : end]), length))
            at = end
        del self._buffer[:at]
        self.offset += at
        return records

    def end(self) -> None:
        """The stream has ended: RecordError if that was inside a record (or if it was none)."""
        self._check()
        if self._buffer:
            got = f"the end of the stream after {count_bytes(len(self._buffer))}"
            raise RecordError("record", self.offset, "a whole record", got)

    def _check(self) -> None:
        """After an error, the same again: where the next record begins, nobody knows any more."""
        failed = self._failed
        if failed is not None:
            raise RecordError(failed.field, failed.offset, failed.expected, failed.got)

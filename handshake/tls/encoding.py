"""What all handshake messages have in common: header, context, lists, vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from handshake.errors import DecodeError
from handshake.tls.names import SIGNATURE_SCHEMES, name_of
from handshake.wire import Reader, Writer

HEADER_LENGTH = 4
"""Bytes before each message: its type and its length."""


class HandshakeMessage(Protocol):
    """What all of them have in common.   name: the standard's.   number: its type on the wire."""

    @property
    def name(self) -> str:
        """The standard's name."""

    @property
    def number(self) -> int:
        """Its type on the wire."""

    def body(self, writer: Writer) -> None:
        """Write what comes after the header."""

    def encode(self) -> bytes:
        """The whole message, header and all."""


class Encoded:
    """Gives a message its `encode`."""

    number: ClassVar[int]

    def body(self, writer: Writer) -> None:
        """Write what comes after the header; nothing, unless the message says otherwise."""

    def encode(self) -> bytes:
        """The whole message as it travels: type, length, body.  ValueError for a field that does not fit."""
        writer = Writer()
        writer.uint("handshake type", self.number, 1)
        with writer.prefixed("message", 3):
            self.body(writer)
        return writer.bytes()


@dataclass(frozen=True)
class Context:
    """What somebody needs to know to read some messages.

    version: "SSL 3.0" to "TLS 1.3".   key_exchange: "RSA", "ECDHE" or "DHE"; None where it is not known, and
    then ServerKeyExchange and ClientKeyExchange are taken for whatever they fit.
    """

    version: str = "TLS 1.2"
    key_exchange: str | None = None


def read_numbers(
    reader: Reader, name: str, item: str, table: Mapping[int, str], prefix: int = 2, size: int = 2
) -> tuple[int, ...]:
    """A list of numbers that says its length first; at least one, or DecodeError.

    prefix: bytes of that length.   size: bytes of each number.
    """
    numbers = []
    with reader.prefixed(name, prefix):
        if not reader.remaining or reader.remaining % size:
            got = f"{reader.remaining}"
            raise DecodeError(
                f"{name} length", reader.pos - prefix, f"a multiple of {size}, at least {size}", got
            )
        while reader.remaining:
            numbers.append(reader.uint(item, size, words=lambda number: name_of(table, number, 2 * size)))
    return tuple(numbers)


def write_numbers(writer: Writer, name: str, numbers: Sequence[int], prefix: int = 2, size: int = 2) -> None:
    """Such a list."""
    with writer.prefixed(name, prefix):
        for number in numbers:
            writer.uint(name, number, size)


def read_schemes(reader: Reader) -> tuple[int, ...]:
    """A list of signature schemes, as also a CertificateRequest has."""
    return read_numbers(reader, "supported signature algorithms", "signature scheme", SIGNATURE_SCHEMES)


def read_vector(reader: Reader, name: str, prefix: int, meaning: str) -> bytes:
    """Bytes that say their length first; at least one."""
    with reader.prefixed(name, prefix):
        if not reader.remaining:
            raise DecodeError(f"{name} length", reader.pos - prefix, "at least 1", "0")
        return reader.rest(name, meaning)

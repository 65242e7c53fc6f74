"""The handshake messages that TLS 1.3 has of its own, or in another shape (RFC 8446 section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.tls.encoding import Context, Encoded, read_vector
from handshake.tls.extensions import Extension, read_extensions, write_extensions
from handshake.tls.extensions13 import CERTIFICATE, ENCRYPTED, REQUEST, TICKET
from handshake.wire import Reader, Writer

MESSAGE_HASH = 254
"""The type of what stands in a transcript for a ClientHello that was sent twice (RFC 8446 section 4.4.1)."""


@dataclass(frozen=True)
class EncryptedExtensions(Encoded):
    """What the server answers to the client's extensions, but for the keys (RFC 8446 section 4.3.1)."""

    extensions: tuple[Extension, ...] = ()

    name: ClassVar[str] = "EncryptedExtensions"
    number: ClassVar[int] = 8

    @classmethod
    def read(cls, reader: Reader, context: Context) -> EncryptedExtensions:
        """Its body."""
        return cls(_extensions(reader, ENCRYPTED))

    def body(self, writer: Writer) -> None:
        """Its body."""
        write_extensions(writer, self.extensions, ENCRYPTED)


@dataclass(frozen=True)
class Entry:
    """One certificate of a chain, in DER, with extensions of its own (an OCSP answer, say)."""

    certificate: bytes
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True)
class Certificate13(Encoded):
    """A chain of certificates, the sender's own first (RFC 8446 section 4.4.2).

    context: from the request that it answers; empty in the handshake.
    """

    entries: tuple[Entry, ...] = ()
    context: bytes = b""

    name: ClassVar[str] = "Certificate"
    number: ClassVar[int] = 11

    @classmethod
    def of(cls, chain: tuple[bytes, ...], context: bytes = b"") -> Certificate13:
        """A chain without further ado."""
        return cls(tuple(Entry(certificate) for certificate in chain), context)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates alone."""
        return tuple(entry.certificate for entry in self.entries)

    @classmethod
    def read(cls, reader: Reader, context: Context) -> Certificate13:
        """Its body."""
        with reader.prefixed("certificate request context", 1):
            about = reader.rest("certificate request context", "of the request that is answered")
        entries = []
        with reader.prefixed("certificate list", 3):
            while reader.remaining:
                meaning = "in DER; of the sender itself, or of who issued the one before"
                certificate = read_vector(reader, "certificate", 3, meaning)
                entries.append(Entry(certificate, _extensions(reader, CERTIFICATE)))
        return cls(tuple(entries), about)

    def body(self, writer: Writer) -> None:
        """Its body."""
        with writer.prefixed("certificate request context", 1):
            writer.take(self.context)
        with writer.prefixed("certificate list", 3):
            for entry in self.entries:
                with writer.prefixed("certificate", 3):
                    writer.take(entry.certificate)
                write_extensions(writer, entry.extensions, CERTIFICATE)


@dataclass(frozen=True)
class CertificateRequest13(Encoded):
    """The server wants to know who the client is (RFC 8446 section 4.3.2).

    extensions: signature_algorithms at least.   context: comes back with the answer; empty in the handshake.
    """

    extensions: tuple[Extension, ...]
    context: bytes = b""

    name: ClassVar[str] = "CertificateRequest"
    number: ClassVar[int] = 13

    @classmethod
    def read(cls, reader: Reader, context: Context) -> CertificateRequest13:
        """Its body."""
        with reader.prefixed("certificate request context", 1):
            about = reader.rest("certificate request context", "comes back with the answer")
        return cls(_extensions(reader, REQUEST), about)

    def body(self, writer: Writer) -> None:
        """Its body."""
        with writer.prefixed("certificate request context", 1):
            writer.take(self.context)
        write_extensions(writer, self.extensions, REQUEST)


@dataclass(frozen=True)
class EndOfEarlyData(Encoded):
    """The client's early data are over; from here on the keys of the handshake (RFC 8446 section 4.5)."""

    name: ClassVar[str] = "EndOfEarlyData"
    number: ClassVar[int] = 5

    @classmethod
    def read(cls, reader: Reader, context: Context) -> EndOfEarlyData:
        """Nothing."""
        return cls()


@dataclass(frozen=True)
class Finished13(Encoded):
    """A keyed check over the whole handshake (RFC 8446 section 4.4.4).   verify_data: as long as the hash."""

    verify_data: bytes

    name: ClassVar[str] = "Finished"
    number: ClassVar[int] = 20

    @classmethod
    def read(cls, reader: Reader, context: Context) -> Finished13:
        """Its body."""
        if not reader.remaining:
            raise DecodeError("verify data", reader.pos, "as many bytes as the hash has", "0")
        return cls(reader.rest("verify data", "from the traffic secret and all messages before"))

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.take(self.verify_data)


@dataclass(frozen=True)
class NewSessionTicket13(Encoded):
    """A ticket by which the client may go on later (RFC 8446 section 4.6.1).

    lifetime: in seconds, at most a week.   age_add: is added to the ticket's age when it comes back, so that
    nobody on the way can tell which connection it is from.   nonce: makes the PSK of this ticket another
    than that of the next.
    """

    lifetime: int
    age_add: int
    nonce: bytes
    ticket: bytes
    extensions: tuple[Extension, ...] = ()

    name: ClassVar[str] = "NewSessionTicket"
    number: ClassVar[int] = 4

    @classmethod
    def read(cls, reader: Reader, context: Context) -> NewSessionTicket13:
        """Its body."""
        lifetime = reader.uint("ticket lifetime", 4, "in seconds, at most 604800")
        age_add = reader.uint("ticket age add", 4, "is added to the age when the ticket comes back")
        with reader.prefixed("ticket nonce", 1):
            nonce = reader.rest("ticket nonce", "makes this ticket's key another than the next one's")
        ticket = read_vector(reader, "ticket", 2, "only the server can read it")
        return cls(lifetime, age_add, nonce, ticket, _extensions(reader, TICKET))

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("ticket lifetime", self.lifetime, 4)
        writer.uint("ticket age add", self.age_add, 4)
        with writer.prefixed("ticket nonce", 1):
            writer.take(self.nonce)
        with writer.prefixed("ticket", 2):
            writer.take(self.ticket)
        write_extensions(writer, self.extensions, TICKET)


@dataclass(frozen=True)
class KeyUpdate(Encoded):
    """The sender's next records are under the next keys (RFC 8446 section 4.6.3).

    request: 1 if the other end has to do the same, 0 if not; nothing else may stand there.
    """

    request: int = 0

    name: ClassVar[str] = "KeyUpdate"
    number: ClassVar[int] = 24

    @classmethod
    def read(cls, reader: Reader, context: Context) -> KeyUpdate:
        """Its body."""
        return cls(reader.uint("request update", 1, "1: you too, please", _requested))

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("request update", self.request, 1)


def _extensions(reader: Reader, message: str) -> tuple[Extension, ...]:
    """Extensions that have to be there, if only as an empty list."""
    found = read_extensions(reader, message)
    if found is None:
        raise DecodeError("extensions", reader.pos, "a list, which may be empty", "nothing")
    return found


def _requested(number: int) -> str:
    return {0: "update_not_requested", 1: "update_requested"}.get(number, "unknown")

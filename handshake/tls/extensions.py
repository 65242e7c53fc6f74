"""Extensions: what a client offers beside versions and suites, and what the server takes up.

In a hello each is a number, a length, and content of its own shape.  Here each is a small frozen class that
reads and writes its content; one that nobody knows is kept as it came (`Other`).  Those that came with
TLS 1.3 are in `extensions13`.
`hello` says in which message it stands, where that makes a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from handshake.errors import DecodeError
from handshake.tls import extensions13
from handshake.tls.encoding import read_numbers, read_schemes, write_numbers
from handshake.tls.names import EXTENSIONS, GROUPS, POINT_FORMATS, name_of
from handshake.wire import Reader, Writer


class Extension(Protocol):
    """What all of them have in common.   number: what the registry calls it, one of EXTENSIONS."""

    @property
    def number(self) -> int:
        """Its number."""

    def write(self, writer: Writer, hello: str) -> None:
        """Write its content."""


def extension_name(number: int) -> str:
    """The name of an extension, or its number."""
    return name_of(EXTENSIONS, number)


@dataclass(frozen=True)
class Other:
    """An extension that this package does not look into."""

    number: int
    data: bytes

    def write(self, writer: Writer, hello: str) -> None:
        """Its content as it came."""
        writer.take(self.data)


@dataclass(frozen=True)
class ServerName:
    """Which server the client wants (RFC 6066 section 3); anybody on the way can read it.

    names: (type, name) each; type 0 is a host name, and there is no other.  The server answers with none.
    """

    names: tuple[tuple[int, bytes], ...] = ()

    number: ClassVar[int] = 0

    @property
    def host(self) -> bytes | None:
        """The host name, if there is one."""
        return next((name for kind, name in self.names if kind == 0), None)

    @classmethod
    def read(cls, reader: Reader, hello: str) -> ServerName:
        """Its content."""
        if hello != "ClientHello":
            return cls()
        names = []
        with reader.prefixed("server name list", 2):
            if not reader.remaining:
                raise DecodeError("server name list length", reader.pos - 2, "a name at least", "0")
            while reader.remaining:
                kind = reader.uint(
                    "name type", 1, words=lambda number: "host_name" if number == 0 else "unknown"
                )
                with reader.prefixed("host name", 2):
                    if not reader.remaining:
                        raise DecodeError("host name length", reader.pos - 2, "at least 1", "0")
                    names.append((kind, reader.rest("host name", "which server is wanted", _text)))
        return cls(tuple(names))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        if not self.names:
            return
        with writer.prefixed("server name list", 2):
            for kind, name in self.names:
                writer.uint("name type", kind, 1)
                with writer.prefixed("host name", 2):
                    writer.take(name)


@dataclass(frozen=True)
class SupportedGroups:
    """The groups for (EC)DHE that the client can use, best first (RFC 8446 section 4.2.7)."""

    groups: tuple[int, ...]

    number: ClassVar[int] = 10

    @classmethod
    def read(cls, reader: Reader, hello: str) -> SupportedGroups:
        """Its content."""
        return cls(read_numbers(reader, "named group list", "named group", GROUPS))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        write_numbers(writer, "named group list", self.groups)


@dataclass(frozen=True)
class PointFormats:
    """How points of a curve may be written (RFC 8422 section 5.1.2): uncompressed, nothing else."""

    formats: tuple[int, ...] = (0,)

    number: ClassVar[int] = 11

    @classmethod
    def read(cls, reader: Reader, hello: str) -> PointFormats:
        """Its content."""
        return cls(read_numbers(reader, "EC point format list", "EC point format", POINT_FORMATS, 1, 1))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        write_numbers(writer, "EC point format list", self.formats, 1, 1)


@dataclass(frozen=True)
class SignatureAlgorithms:
    """The kinds of signatures that the client can check, best first (RFC 5246 section 7.4.1.4.1)."""

    schemes: tuple[int, ...]

    number: ClassVar[int] = 13

    @classmethod
    def read(cls, reader: Reader, hello: str) -> SignatureAlgorithms:
        """Its content."""
        return cls(read_schemes(reader))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        write_numbers(writer, "supported signature algorithms", self.schemes)


@dataclass(frozen=True)
class Protocols:
    """What is to be spoken inside: "h2", "http/1.1" (RFC 7301); the server answers with its choice."""

    protocols: tuple[bytes, ...]

    number: ClassVar[int] = 16

    @classmethod
    def read(cls, reader: Reader, hello: str) -> Protocols:
        """Its content."""
        protocols = []
        with reader.prefixed("protocol name list", 2):
            if not reader.remaining:
                raise DecodeError("protocol name list length", reader.pos - 2, "a name at least", "0")
            while reader.remaining:
                with reader.prefixed("protocol name", 1):
                    if not reader.remaining:
                        raise DecodeError("protocol name length", reader.pos - 1, "at least 1", "0")
                    protocols.append(reader.rest("protocol name", "what is to be spoken inside", _text))
        return cls(tuple(protocols))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        with writer.prefixed("protocol name list", 2):
            for protocol in self.protocols:
                with writer.prefixed("protocol name", 1):
                    writer.take(protocol)


@dataclass(frozen=True)
class EncryptThenMac:
    """With CBC: make the MAC over what is encrypted already (RFC 7366).  It has no content."""

    number: ClassVar[int] = 22

    @classmethod
    def read(cls, reader: Reader, hello: str) -> EncryptThenMac:
        """Nothing."""
        return cls()

    def write(self, writer: Writer, hello: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class ExtendedMasterSecret:
    """Make the master secret from the whole handshake, not from the randoms alone (RFC 7627).  No content."""

    number: ClassVar[int] = 23

    @classmethod
    def read(cls, reader: Reader, hello: str) -> ExtendedMasterSecret:
        """Nothing."""
        return cls()

    def write(self, writer: Writer, hello: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class SessionTicket:
    """The server may hand out, or is handed, a ticket for going on later (RFC 5077 section 3.2)."""

    ticket: bytes = b""

    number: ClassVar[int] = 35

    @classmethod
    def read(cls, reader: Reader, hello: str) -> SessionTicket:
        """Its content, which is the ticket."""
        return cls(reader.rest("ticket", "only who made it can read it"))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        writer.take(self.ticket)


@dataclass(frozen=True)
class RenegotiationInfo:
    """Ties a further handshake to the one before it (RFC 5746); in the first there is nothing to tie to."""

    connection: bytes = b""

    number: ClassVar[int] = 0xFF01

    @classmethod
    def read(cls, reader: Reader, hello: str) -> RenegotiationInfo:
        """Its content."""
        with reader.prefixed("renegotiated connection", 1):
            return cls(reader.rest("renegotiated connection", "the Finished of the handshake before"))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        with writer.prefixed("renegotiated connection", 1):
            writer.take(self.connection)


KINDS: dict[int, Any] = {
    kind.number: kind
    for kind in (
        ServerName,
        SupportedGroups,
        PointFormats,
        SignatureAlgorithms,
        Protocols,
        EncryptThenMac,
        ExtendedMasterSecret,
        SessionTicket,
        RenegotiationInfo,
        *extensions13.KINDS,
    )
}
"""Those that this package looks into, by number."""


def read_extensions(reader: Reader, hello: str) -> tuple[Extension, ...] | None:
    """The extensions at the end of a hello (or another message), or None where it ends without any.

    hello: the name of that message.
    DecodeError where one does not fit, or comes twice (RFC 5246 section 7.4.1.4).
    """
    if not reader.remaining:
        return None
    found: dict[int, Extension] = {}
    with reader.prefixed("extensions", 2):
        while reader.remaining:
            start = reader.pos
            kind = int.from_bytes(reader.data[start : start + 2], "big")
            with reader.part(extension_name(kind)):
                reader.uint("extension type", 2, words=extension_name)
                if kind in found:
                    raise DecodeError(
                        "extension type", start, "each extension once", f"{extension_name(kind)} again"
                    )
                length = reader.uint("extension length", 2, "of what follows, in bytes")
                # Its fields belong to the extension itself, and end where it ends.
                outer = reader.end
                if length > reader.remaining:
                    raise DecodeError(
                        "extension length", start + 2, f"at most {reader.remaining}", str(length)
                    )
                reader.end = reader.pos + length
                if kind in KINDS:
                    found[kind] = KINDS[kind].read(reader, hello)
                else:
                    found[kind] = Other(kind, reader.rest("extension data", "not looked into"))
                reader.done(extension_name(kind))
                reader.end = outer
    return tuple(found.values())


def write_extensions(writer: Writer, extensions: tuple[Extension, ...] | None, hello: str) -> None:
    """The same, written."""
    if extensions is None:
        return
    with writer.prefixed("extensions", 2):
        for extension in extensions:
            writer.uint("extension type", extension.number, 2)
            with writer.prefixed(extension_name(extension.number), 2):
                extension.write(writer, hello)


def _text(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace")

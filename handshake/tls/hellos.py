"""The messages in which both ends say what they can, and choose (RFC 5246 sections 7.4.1 and 7.4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.tls.encoding import Context, Encoded, read_numbers, write_numbers
from handshake.tls.extensions import Extension, read_extensions, write_extensions
from handshake.tls.keys import RANDOM_LENGTH
from handshake.tls.names import COMPRESSIONS, VERSIONS, name_of
from handshake.tls.suites import NAMES, suite_name
from handshake.wire import Reader, Writer


@dataclass(frozen=True)
class HelloRequest(Encoded):
    """The server asks for another handshake (RFC 5246 section 7.4.1.1)."""

    name: ClassVar[str] = "HelloRequest"
    number: ClassVar[int] = 0

    @classmethod
    def read(cls, reader: Reader, context: Context) -> HelloRequest:
        """Nothing."""
        return cls()


@dataclass(frozen=True)
class ClientHello(Encoded):
    """The client says what it can (RFC 5246 section 7.4.1.2).

    version: the highest that it speaks, as a number (up to TLS 1.2).   random: 32 bytes.
    session_id: of a session that it would go on with, or nothing.   cipher_suites: best first.
    compression_methods: 0, which is none.   extensions: None where the hello ends without any.
    """

    version: int
    random: bytes
    session_id: bytes = b""
    cipher_suites: tuple[int, ...] = ()
    compression_methods: tuple[int, ...] = (0,)
    extensions: tuple[Extension, ...] | None = None

    name: ClassVar[str] = "ClientHello"
    number: ClassVar[int] = 1

    @classmethod
    def read(cls, reader: Reader, context: Context) -> ClientHello:
        """Its body."""
        return cls(
            reader.uint(
                "client version",
                2,
                "the highest that it speaks, up to TLS 1.2; later ones stand in supported_versions",
                _version,
            ),
            reader.take("random", RANDOM_LENGTH, "goes into every key"),
            _session_id(reader),
            read_numbers(reader, "cipher suites", "cipher suite", NAMES),
            read_numbers(reader, "compression methods", "compression method", COMPRESSIONS, 1, 1),
            read_extensions(reader, cls.name),
        )

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("client version", self.version, 2)
        _write_random(writer, self.random)
        _write_session_id(writer, self.session_id)
        write_numbers(writer, "cipher suites", self.cipher_suites)
        write_numbers(writer, "compression methods", self.compression_methods, 1, 1)
        write_extensions(writer, self.extensions, self.name)


@dataclass(frozen=True)
class ServerHello(Encoded):
    """The server chooses: one version, one suite (RFC 5246 section 7.4.1.3).

    session_id: the client's, if the session goes on; another one, by which this session may go on later; or
    nothing.
    """

    version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    compression_method: int = 0
    extensions: tuple[Extension, ...] | None = None

    name: ClassVar[str] = "ServerHello"
    number: ClassVar[int] = 2

    @classmethod
    def read(cls, reader: Reader, context: Context) -> ServerHello:
        """Its body; a HelloRetryRequest if the random says so."""
        version = reader.uint(
            "server version",
            2,
            "the one that is used, up to TLS 1.2; a later one stands in supported_versions",
            _version,
        )
        random = reader.take("random", RANDOM_LENGTH, "goes into every key")
        kind = HelloRetryRequest if random == RETRY_RANDOM else ServerHello
        return kind(
            version,
            random,
            _session_id(reader),
            reader.uint("cipher suite", 2, "the one that is used", suite_name),
            reader.uint("compression method", 1, "", lambda number: name_of(COMPRESSIONS, number, 2)),
            read_extensions(reader, kind.name),
        )

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("server version", self.version, 2)
        _write_random(writer, self.random)
        _write_session_id(writer, self.session_id)
        writer.uint("cipher suite", self.cipher_suite, 2)
        writer.uint("compression method", self.compression_method, 1)
        write_extensions(writer, self.extensions, self.name)


RETRY_RANDOM = sha256(b"HelloRetryRequest").digest()
"""The random by which a HelloRetryRequest is told from a ServerHello (RFC 8446 section 4.1.3)."""


@dataclass(frozen=True)
class HelloRetryRequest(ServerHello):
    """The server asks for another ClientHello, with a share of another group (RFC 8446 section 4.1.4).

    It travels as a ServerHello with a fixed random, so that whoever stands in between lets it pass.
    """

    name: ClassVar[str] = "HelloRetryRequest"


@dataclass(frozen=True)
class NewSessionTicket(Encoded):
    """A ticket by which the client may go on later (RFC 5077 section 3.3).   lifetime_hint: in seconds."""

    lifetime_hint: int
    ticket: bytes

    name: ClassVar[str] = "NewSessionTicket"
    number: ClassVar[int] = 4

    @classmethod
    def read(cls, reader: Reader, context: Context) -> NewSessionTicket:
        """Its body."""
        lifetime = reader.uint("ticket lifetime hint", 4, "in seconds; 0 leaves it to the client")
        with reader.prefixed("ticket", 2):
            return cls(lifetime, reader.rest("ticket", "only the server can read it"))

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("ticket lifetime hint", self.lifetime_hint, 4)
        with writer.prefixed("ticket", 2):
            writer.take(self.ticket)


@dataclass(frozen=True)
class ServerHelloDone(Encoded):
    """The server has said what it has to say for now (RFC 5246 section 7.4.5)."""

    name: ClassVar[str] = "ServerHelloDone"
    number: ClassVar[int] = 14

    @classmethod
    def read(cls, reader: Reader, context: Context) -> ServerHelloDone:
        """Nothing."""
        return cls()


def _version(number: int) -> str:
    return name_of(VERSIONS, number)


def _session_id(reader: Reader) -> bytes:
    with reader.prefixed("session id", 1):
        if reader.remaining > 32:
            raise DecodeError("session id length", reader.pos - 1, "at most 32", str(reader.remaining))
        return reader.rest("session id", "by which a session may go on later; in TLS 1.3 it only looks so")


def _write_session_id(writer: Writer, session_id: bytes) -> None:
    if len(session_id) > 32:
        raise ValueError(f"session_id: at most 32 bytes, got {len(session_id)}")
    with writer.prefixed("session id", 1):
        writer.take(session_id)


def _write_random(writer: Writer, random: bytes) -> None:
    if len(random) != RANDOM_LENGTH:
        raise ValueError(f"random: {RANDOM_LENGTH} bytes, got {len(random)}")
    writer.take(random)

"""Handshake messages up to TLS 1.2: each a frozen class that reads and writes itself.

Every message begins with one byte of type and three of length; then comes what its class reads.
`decode_handshake` takes the bytes of one, `message.encode()` gives them back.  Change a copy with
`handshake.wire.replace(message, field=...)`: lengths are worked out at encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from handshake.errors import DecodeError
from handshake.tls.extensions import Extension, read_extensions, read_numbers, read_schemes, write_extensions
from handshake.tls.extensions import write_numbers as numbers
from handshake.tls.names import (
    CERTIFICATE_TYPES,
    COMPRESSIONS,
    CURVE_TYPES,
    GROUPS,
    HANDSHAKE_TYPES,
    SIGNATURE_SCHEMES,
    VERSIONS,
    name_of,
    version_name,
    version_number,
)
from handshake.tls.suites import NAMES, suite_name
from handshake.wire import Reader, Writer

HEADER_LENGTH = 4
"""Bytes before each message: its type and its length."""

RANDOM_LENGTH = 32


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

    version: "SSL 3.0" to "TLS 1.2".   key_exchange: "RSA", "ECDHE" or "DHE"; None where it is not known, and
    then ServerKeyExchange and ClientKeyExchange are taken for whatever they fit.
    """

    version: str = "TLS 1.2"
    key_exchange: str | None = None


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
            reader.uint("client version", 2, "the highest that it speaks (up to TLS 1.2)", _version),
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
        numbers(writer, "cipher suites", self.cipher_suites)
        numbers(writer, "compression methods", self.compression_methods, 1, 1)
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
        """Its body."""
        return cls(
            reader.uint("server version", 2, "the one that is used (up to TLS 1.2)", _version),
            reader.take("random", RANDOM_LENGTH, "goes into every key"),
            _session_id(reader),
            reader.uint("cipher suite", 2, "the one that is used", suite_name),
            reader.uint("compression method", 1, "", lambda number: name_of(COMPRESSIONS, number, 2)),
            read_extensions(reader, cls.name),
        )

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("server version", self.version, 2)
        _write_random(writer, self.random)
        _write_session_id(writer, self.session_id)
        writer.uint("cipher suite", self.cipher_suite, 2)
        writer.uint("compression method", self.compression_method, 1)
        write_extensions(writer, self.extensions, self.name)


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
class Certificate(Encoded):
    """A chain of certificates, the sender's own first (RFC 5246 section 7.4.2).

    chain: each in DER.  A client that was asked and has none sends an empty one.
    """

    chain: tuple[bytes, ...] = ()

    name: ClassVar[str] = "Certificate"
    number: ClassVar[int] = 11

    @classmethod
    def read(cls, reader: Reader, context: Context) -> Certificate:
        """Its body."""
        chain = []
        with reader.prefixed("certificate list", 3):
            while reader.remaining:
                with reader.prefixed("certificate", 3):
                    if not reader.remaining:
                        raise DecodeError("certificate length", reader.pos - 3, "at least 1", "0")
                    chain.append(reader.rest("certificate", "in DER; of the sender itself, or of who issued the one before"))
        return cls(tuple(chain))

    def body(self, writer: Writer) -> None:
        """Its body."""
        with writer.prefixed("certificate list", 3):
            for certificate in self.chain:
                with writer.prefixed("certificate", 3):
                    writer.take(certificate)


@dataclass(frozen=True)
class CertificateStatus(Encoded):
    """Proof from the issuer, brought by the server, that its certificate is not revoked (RFC 6066 section 8)."""

    status_type: int
    response: bytes

    name: ClassVar[str] = "CertificateStatus"
    number: ClassVar[int] = 22

    @classmethod
    def read(cls, reader: Reader, context: Context) -> CertificateStatus:
        """Its body."""
        kind = reader.uint("status type", 1, "", lambda number: "ocsp" if number == 1 else "unknown")
        with reader.prefixed("response", 3):
            return cls(kind, reader.rest("response", "signed by the issuer, in DER"))

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.uint("status type", self.status_type, 1)
        with writer.prefixed("response", 3):
            writer.take(self.response)


@dataclass(frozen=True)
class ServerKeyExchange(Encoded):
    """The server's fresh public value, signed with the key of its certificate (RFC 8422 section 5.4).

    group, public: the curve and the point, for ECDHE; for DHE group is 0, and parameters has p and g.
    scheme: how it is signed, None before TLS 1.2 (then the certificate's key says how).
    """

    group: int
    public: bytes
    scheme: int | None
    signature: bytes
    parameters: tuple[bytes, ...] = ()

    name: ClassVar[str] = "ServerKeyExchange"
    number: ClassVar[int] = 12

    @classmethod
    def read(cls, reader: Reader, context: Context) -> ServerKeyExchange:
        """Its body."""
        parameters: tuple[bytes, ...] = ()
        exchange = context.key_exchange
        if exchange == "RSA":
            raise DecodeError("ServerKeyExchange", reader.pos, "no such message with RSA key exchange", "one")
        if exchange is None:
            # A named curve begins with 03; the length of a prime, which stands there for DHE, does not.
            exchange = "ECDHE" if reader.data[reader.pos : reader.pos + 1] == b"\x03" else "DHE"
        if exchange == "ECDHE":
            start = reader.pos
            kind = reader.uint("curve type", 1, "", lambda number: CURVE_TYPES.get(number, "unknown"))
            if kind != 3:
                raise DecodeError("curve type", start, "3 (named_curve)", str(kind))
            group = reader.uint("named curve", 2, "the group", lambda number: name_of(GROUPS, number))
            public = _vector(reader, "public", 1, "the server's point on the curve")
        else:
            group = 0
            parameters = (_vector(reader, "dh_p", 2, "the prime"), _vector(reader, "dh_g", 2, "the generator"))
            public = _vector(reader, "dh_Ys", 2, "the server's public value")
        return cls(group, public, *_signed(reader, context), parameters)

    def signed_part(self) -> bytes:
        """The bytes that the signature covers, after the two randoms."""
        writer = Writer()
        if self.parameters:
            for part in (*self.parameters, self.public):
                with writer.prefixed("dh", 2):
                    writer.take(part)
        else:
            writer.uint("curve type", 3, 1)
            writer.uint("named curve", self.group, 2)
            with writer.prefixed("public", 1):
                writer.take(self.public)
        return writer.bytes()

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.take(self.signed_part())
        _write_signed(writer, self.scheme, self.signature)


@dataclass(frozen=True)
class CertificateRequest(Encoded):
    """The server wants to know who the client is (RFC 5246 section 7.4.4).

    certificate_types: kinds of keys.   schemes: kinds of signatures, None before TLS 1.2.
    authorities: whose certificates it trusts, each a name in DER; none means, try anything.
    """

    certificate_types: tuple[int, ...]
    schemes: tuple[int, ...] | None
    authorities: tuple[bytes, ...] = ()

    name: ClassVar[str] = "CertificateRequest"
    number: ClassVar[int] = 13

    @classmethod
    def read(cls, reader: Reader, context: Context) -> CertificateRequest:
        """Its body."""
        types = read_numbers(reader, "certificate types", "certificate type", CERTIFICATE_TYPES, 1, 1)
        schemes = read_schemes(reader) if context.version == "TLS 1.2" else None
        authorities = []
        with reader.prefixed("certificate authorities", 2):
            while reader.remaining:
                authorities.append(_vector(reader, "distinguished name", 2, "of an authority, in DER"))
        return cls(types, schemes, tuple(authorities))

    def body(self, writer: Writer) -> None:
        """Its body."""
        numbers(writer, "certificate types", self.certificate_types, 1, 1)
        if self.schemes is not None:
            numbers(writer, "supported signature algorithms", self.schemes)
        with writer.prefixed("certificate authorities", 2):
            for name in self.authorities:
                with writer.prefixed("distinguished name", 2):
                    writer.take(name)


@dataclass(frozen=True)
class ServerHelloDone(Encoded):
    """The server has said what it has to say for now (RFC 5246 section 7.4.5)."""

    name: ClassVar[str] = "ServerHelloDone"
    number: ClassVar[int] = 14

    @classmethod
    def read(cls, reader: Reader, context: Context) -> ServerHelloDone:
        """Nothing."""
        return cls()


@dataclass(frozen=True)
class CertificateVerify(Encoded):
    """The client's signature over the handshake so far: it has the key of its certificate (section 7.4.8).

    scheme: how it is signed, None before TLS 1.2.
    """

    scheme: int | None
    signature: bytes

    name: ClassVar[str] = "CertificateVerify"
    number: ClassVar[int] = 15

    @classmethod
    def read(cls, reader: Reader, context: Context) -> CertificateVerify:
        """Its body."""
        return cls(*_signed(reader, context))

    def body(self, writer: Writer) -> None:
        """Its body."""
        _write_signed(writer, self.scheme, self.signature)


@dataclass(frozen=True)
class ClientKeyExchange(Encoded):
    """What the premaster secret comes from (RFC 5246 section 7.4.7).

    exchange: with RSA, the premaster secret encrypted with the key of the server's certificate; with ECDHE
    the client's point on the curve; with DHE its public value.
    prefix: bytes of the length before it: 2 for RSA and DHE, 1 for ECDHE, 0 for RSA in SSL 3.0.
    """

    exchange: bytes
    prefix: int = 2

    name: ClassVar[str] = "ClientKeyExchange"
    number: ClassVar[int] = 16

    @classmethod
    def read(cls, reader: Reader, context: Context) -> ClientKeyExchange:
        """Its body."""
        prefix = {"ECDHE": 1, "RSA": 2, "DHE": 2, None: cls._fits(reader)}.get(context.key_exchange, 2)
        if context.version == "SSL 3.0" and context.key_exchange in ("RSA", None):
            prefix = 0
        name, meaning = {
            1: ("public", "the client's point on the curve"),
            2: ("dh_Yc", "the client's public value"),
        }.get(prefix, ("", ""))
        if context.key_exchange == "RSA" or not name or (context.key_exchange is None and prefix == 2):
            name, meaning = "encrypted premaster secret", "for the key of the server's certificate only"
        if not prefix:
            exchange = reader.rest(name, meaning)
            if not exchange:
                raise DecodeError(name, reader.pos, "at least 1 byte", "0")
            return cls(exchange, 0)
        return cls(_vector(reader, name, prefix, meaning), prefix)

    @staticmethod
    def _fits(reader: Reader) -> int:
        """How long its own length is, where nobody knows the key exchange."""
        body = reader.data[reader.pos : reader.end]
        return 1 if body and body[0] == len(body) - 1 else 2

    def body(self, writer: Writer) -> None:
        """Its body."""
        if not self.prefix:
            writer.take(self.exchange)
            return
        with writer.prefixed("exchange", self.prefix):
            writer.take(self.exchange)


@dataclass(frozen=True)
class Finished(Encoded):
    """A keyed check over the whole handshake, and the first message under the new keys (section 7.4.9).

    verify_data: 12 bytes (36 in SSL 3.0: 16 of MD5 and 20 of SHA-1).
    """

    verify_data: bytes

    name: ClassVar[str] = "Finished"
    number: ClassVar[int] = 20

    @classmethod
    def read(cls, reader: Reader, context: Context) -> Finished:
        """Its body."""
        size = 36 if context.version == "SSL 3.0" else 12
        return cls(reader.take("verify data", size, "from the master secret and all messages before"))

    def body(self, writer: Writer) -> None:
        """Its body."""
        writer.take(self.verify_data)


KINDS = {
    kind.number: kind
    for kind in (
        HelloRequest,
        ClientHello,
        ServerHello,
        NewSessionTicket,
        Certificate,
        ServerKeyExchange,
        CertificateRequest,
        ServerHelloDone,
        CertificateVerify,
        ClientKeyExchange,
        Finished,
        CertificateStatus,
    )
}
"""The messages by their types."""


def read_handshake(reader: Reader, context: Context) -> HandshakeMessage:
    """The next message; its fields are remembered by the reader.  DecodeError if there is none that fits."""
    start = reader.pos
    kind = reader.data[start] if start < reader.end else None
    name = HANDSHAKE_TYPES.get(kind, "message") if kind is not None else "message"
    with reader.part(name):
        reader.uint("handshake type", 1, "what follows", lambda number: HANDSHAKE_TYPES.get(number, "unknown"))
        if kind not in KINDS:
            known = ", ".join(f"{number} {each.name}" for number, each in sorted(KINDS.items()))
            raise DecodeError("handshake type", start, f"one of {known}", str(kind))
        length = reader.uint("length", 3, "of what follows, in bytes")
        if length > reader.remaining:
            raise DecodeError("length", start + 1, f"at most {reader.remaining}, as many as follow", str(length))
        outer, reader.end = reader.end, reader.pos + length
        message: HandshakeMessage = KINDS[kind].read(reader, context)
        reader.done(name)
        reader.end = outer
    return message


def decode_handshake(data: bytes, version: str | int = "TLS 1.2", key_exchange: str | None = None) -> HandshakeMessage:
    """The message that fills `data`, header and all.  DecodeError, with field and offset, if there is none.

    version: the one in use, "TLS 1.2" (or its number): some messages have another shape in another version.
    key_exchange: "RSA", "ECDHE" or "DHE", for the two key exchange messages; None takes them as they fit.
    """
    reader = Reader(data)
    message = read_handshake(reader, Context(version_name(version), key_exchange))
    reader.done("message")
    return message


def handshake_name(number: int) -> str:
    """The name of a handshake message by its type, or its number."""
    return HANDSHAKE_TYPES.get(number, f"unknown message {number}")


def _version(number: int) -> str:
    return name_of(VERSIONS, number)


def _session_id(reader: Reader) -> bytes:
    with reader.prefixed("session id", 1):
        if reader.remaining > 32:
            raise DecodeError("session id length", reader.pos - 1, "at most 32", str(reader.remaining))
        return reader.rest("session id", "by which a session may go on later")


def _write_session_id(writer: Writer, session_id: bytes) -> None:
    if len(session_id) > 32:
        raise ValueError(f"session_id: at most 32 bytes, got {len(session_id)}")
    with writer.prefixed("session id", 1):
        writer.take(session_id)


def _write_random(writer: Writer, random: bytes) -> None:
    if len(random) != RANDOM_LENGTH:
        raise ValueError(f"random: {RANDOM_LENGTH} bytes, got {len(random)}")
    writer.take(random)


def _vector(reader: Reader, name: str, prefix: int, meaning: str) -> bytes:
    """Bytes that say their length first; at least one."""
    with reader.prefixed(name, prefix):
        if not reader.remaining:
            raise DecodeError(f"{name} length", reader.pos - prefix, "at least 1", "0")
        return reader.rest(name, meaning)


def _signed(reader: Reader, context: Context) -> tuple[int | None, bytes]:
    """A signature, and from TLS 1.2 on how it was made."""
    scheme = None
    if version_number(context.version) >= 0x0303:
        scheme = reader.uint("signature scheme", 2, "how it is signed", lambda n: name_of(SIGNATURE_SCHEMES, n))
    with reader.prefixed("signature", 2):
        return scheme, reader.rest("signature", "by the key of the sender's certificate")


def _write_signed(writer: Writer, scheme: int | None, signature: bytes) -> None:
    if scheme is not None:
        writer.uint("signature scheme", scheme, 2)
    with writer.prefixed("signature", 2):
        writer.take(signature)

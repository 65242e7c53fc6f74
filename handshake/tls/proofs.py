"""The messages in which keys are exchanged, and both ends prove who they are (RFC 5246 section 7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.tls.encoding import Context, Encoded, read_numbers, read_schemes, read_vector, write_numbers
from handshake.tls.names import (
    CERTIFICATE_TYPES,
    CURVE_TYPES,
    GROUPS,
    SIGNATURE_SCHEMES,
    name_of,
    version_number,
)
from handshake.wire import Reader, Writer


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
                    chain.append(
                        reader.rest(
                            "certificate", "in DER; of the sender itself, or of who issued the one before"
                        )
                    )
        return cls(tuple(chain))

    def body(self, writer: Writer) -> None:
        """Its body."""
        with writer.prefixed("certificate list", 3):
            for certificate in self.chain:
                with writer.prefixed("certificate", 3):
                    writer.take(certificate)


@dataclass(frozen=True)
class CertificateStatus(Encoded):
    """The issuer's word, brought by the server, that a certificate is not revoked (RFC 6066 section 8)."""

    status_type: int
    response: bytes

    name: ClassVar[str] = "CertificateStatus"
    number: ClassVar[int] = 22

    @classmethod
    def read(cls, reader: Reader, context: Context) -> CertificateStatus:
        """Its body."""
        kind = reader.uint("status type", 1, "", lambda number: "ocsp" if number == 1 else "unknown")
        with reader.prefixed("response", 3):
            if not reader.remaining:
                raise DecodeError("response length", reader.pos - 3, "at least 1", "0")
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
            exchange = "ECDHE" if cls._is_curve(reader) else "DHE"
        if exchange == "ECDHE":
            start = reader.pos
            kind = reader.uint("curve type", 1, "", lambda number: CURVE_TYPES.get(number, "unknown"))
            if kind != 3:
                raise DecodeError("curve type", start, "3 (named_curve)", str(kind))
            group = reader.uint("named curve", 2, "the group", lambda number: name_of(GROUPS, number))
            public = read_vector(reader, "public", 1, "the server's point on the curve")
        else:
            group = 0
            parameters = (
                read_vector(reader, "dh_p", 2, "the prime"),
                read_vector(reader, "dh_g", 2, "the generator"),
            )
            public = read_vector(reader, "dh_Ys", 2, "the server's public value")
        return cls(group, public, *_signed(reader, context), parameters)

    @staticmethod
    def _is_curve(reader: Reader) -> bool:
        """Whether a named curve and a point stand there, and not the length of a prime of 03xx bytes."""
        body = reader.data[reader.pos : reader.end]
        if body[:1] != b"\x03" or len(body) < 4:
            return False
        return int.from_bytes(body[:2], "big") + 2 > len(body) or int.from_bytes(body[1:3], "big") in GROUPS

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
                authorities.append(read_vector(reader, "distinguished name", 2, "of an authority, in DER"))
        return cls(types, schemes, tuple(authorities))

    def body(self, writer: Writer) -> None:
        """Its body."""
        write_numbers(writer, "certificate types", self.certificate_types, 1, 1)
        if self.schemes is not None:
            write_numbers(writer, "supported signature algorithms", self.schemes)
        with writer.prefixed("certificate authorities", 2):
            for name in self.authorities:
                with writer.prefixed("distinguished name", 2):
                    writer.take(name)


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
        return cls(read_vector(reader, name, prefix, meaning), prefix)

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


def _signed(reader: Reader, context: Context) -> tuple[int | None, bytes]:
    """A signature, and from TLS 1.2 on how it was made."""
    scheme = None
    if version_number(context.version) >= 0x0303:
        scheme = reader.uint(
            "signature scheme", 2, "how it is signed", lambda n: name_of(SIGNATURE_SCHEMES, n)
        )
    with reader.prefixed("signature", 2):
        return scheme, reader.rest("signature", "by the key of the sender's certificate")


def _write_signed(writer: Writer, scheme: int | None, signature: bytes) -> None:
    if scheme is not None:
        writer.uint("signature scheme", scheme, 2)
    with writer.prefixed("signature", 2):
        writer.take(signature)

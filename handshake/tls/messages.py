"""Handshake messages: each a frozen class that reads and writes itself.

Every message begins with one byte of type and three of length; then comes what its class reads.
`decode_handshake` takes the bytes of one, `message.encode()` gives them back.  Change a copy with
`handshake.wire.replace(message, field=...)`: lengths are worked out at encoding.
"""

from __future__ import annotations

from typing import Any

from handshake.errors import DecodeError
from handshake.tls.encoding import HEADER_LENGTH, Context, Encoded, HandshakeMessage
from handshake.tls.hellos import (
    ClientHello,
    HelloRequest,
    HelloRetryRequest,
    NewSessionTicket,
    ServerHello,
    ServerHelloDone,
)
from handshake.tls.messages13 import (
    Certificate13,
    CertificateRequest13,
    EncryptedExtensions,
    EndOfEarlyData,
    Finished13,
    KeyUpdate,
    NewSessionTicket13,
)
from handshake.tls.names import HANDSHAKE_TYPES, version_name
from handshake.tls.proofs import (
    Certificate,
    CertificateRequest,
    CertificateStatus,
    CertificateVerify,
    ClientKeyExchange,
    Finished,
    ServerKeyExchange,
)
from handshake.wire import Reader

__all__ = [
    "HEADER_LENGTH",
    "KINDS",
    "KINDS13",
    "Certificate",
    "Certificate13",
    "CertificateRequest",
    "CertificateRequest13",
    "CertificateStatus",
    "CertificateVerify",
    "ClientHello",
    "ClientKeyExchange",
    "Context",
    "Encoded",
    "EncryptedExtensions",
    "EndOfEarlyData",
    "Finished",
    "Finished13",
    "HandshakeMessage",
    "HelloRequest",
    "HelloRetryRequest",
    "KeyUpdate",
    "NewSessionTicket",
    "NewSessionTicket13",
    "ServerHello",
    "ServerHelloDone",
    "ServerKeyExchange",
    "decode_handshake",
    "handshake_name",
    "read_handshake",
]

KINDS: dict[int, Any] = {
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
"""The messages up to TLS 1.2, by their types."""

KINDS13: dict[int, Any] = {
    kind.number: kind
    for kind in (
        ClientHello,
        ServerHello,
        NewSessionTicket13,
        EndOfEarlyData,
        EncryptedExtensions,
        Certificate13,
        CertificateRequest13,
        CertificateVerify,
        Finished13,
        KeyUpdate,
    )
}
"""Those of TLS 1.3."""


def read_handshake(reader: Reader, context: Context) -> HandshakeMessage:
    """The next message; its fields are remembered by the reader.  DecodeError if there is none that fits."""
    start = reader.pos
    kind = reader.data[start] if start < reader.end else None
    kinds = KINDS13 if context.version == "TLS 1.3" else KINDS
    name = HANDSHAKE_TYPES.get(kind, "message") if kind is not None else "message"
    with reader.part(name):
        reader.uint(
            "handshake type", 1, "what follows", lambda number: HANDSHAKE_TYPES.get(number, "unknown")
        )
        if kind not in kinds:
            known = ", ".join(f"{number} {each.name}" for number, each in sorted(kinds.items()))
            raise DecodeError("handshake type", start, f"one of {known}", str(kind))
        length = reader.uint("length", 3, "of what follows, in bytes")
        if length > reader.remaining:
            raise DecodeError(
                "length", start + 1, f"at most {reader.remaining}, as many as follow", str(length)
            )
        outer, reader.end = reader.end, reader.pos + length
        message: HandshakeMessage = kinds[kind].read(reader, context)
        reader.done(name)
        reader.end = outer
    return message


def decode_handshake(
    data: bytes, version: str | int = "TLS 1.2", key_exchange: str | None = None
) -> HandshakeMessage:
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

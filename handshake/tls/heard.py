"""What somebody who reads along hears: messages, with the places of their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handshake.errors import DecodeError
from handshake.tls.alerts import LEVELS, Alert
from handshake.tls.encoding import HandshakeMessage
from handshake.tls.hellos import ClientHello, ServerHello
from handshake.tls.messages13 import Certificate13
from handshake.tls.proofs import Certificate
from handshake.tls.protection import Protection
from handshake.tls.records import RecordStream
from handshake.tls.suites import suite_name

Part = tuple[int, int]
"""Bytes of one direction: from which offset of its stream, up to which."""

Find = Callable[[bytes], Mapping[str, bytes]]
"""Gives the secrets of a connection, by their labels in a key log, from its client random."""

MESSAGE_MOST = 1 << 18
"""A longer handshake message is not waited for."""


FITS, FITS_NOT = (
    "fits the handshake as it was read",
    "is not what comes of the handshake as it was read",
)

MESSAGES_MOST = 100
"""So many messages at most belong to a handshake; whatever comes after them is told, and not remembered."""


class Heard(NamedTuple):
    """One message.

    sender: "client" or "server".   name: the standard's.   data: as it travelled: a handshake message, an
    alert, or the whole record where that is encrypted.   parts: where its bytes stood in the stream.
    form: how to read it, see `read_form`.   details: (label, value) worth reading beside the name.
    plaintext: what an encrypted record held, if it was opened; secret: what opened it.
    """

    sender: str
    name: str
    data: bytes
    parts: tuple[Part, ...]
    form: str
    details: tuple[tuple[str, str | int], ...] = ()
    notes: tuple[str, ...] = ()
    plaintext: bytes | None = None
    secret: str | None = None


@dataclass
class Direction:
    """What is known of what one end sends."""

    stream: RecordStream = field(default_factory=RecordStream)
    offset: int = 0
    sealed: bool = False
    protection: Protection | None = None
    message: bytearray = field(default_factory=bytearray)
    parts: list[Part] = field(default_factory=list)
    broken: str = ""
    kept: list[tuple[Part, bytes]] = field(default_factory=list)
    """Sealed records whose messages are not whole yet: where they stood, and their bytes."""


def out_of(end: Direction, inside: list[Heard], whole: Part, sealed: bytes, secret: str) -> list[Heard]:
    """The messages that a sealed record has completed, each with all sealed records that it came in.

    inside: what the record held.   whole, sealed: where the record stood, and its bytes.
    """
    kept = [*end.kept, (whole, sealed)]
    found: list[Heard] = []
    for each in inside:
        records = kept if not found else kept[-1:]
        found.append(
            each._replace(
                data=b"".join(data for _, data in records), parts=tuple(part for part, _ in records),
                plaintext=each.data, secret=secret,
            )
        )  # fmt: skip
    end.kept = (kept[-1:] if inside else kept) if end.message else []
    return found


def take(parts: list[Part], length: int) -> tuple[Part, ...]:
    """The first `length` bytes of these parts; they are taken out."""
    taken = []
    while length:
        start, end = parts[0]
        size = min(length, end - start)
        taken.append((start, start + size))
        length -= size
        if size == end - start:
            parts.pop(0)
        else:
            parts[0] = (start + size, end)
    return tuple(taken)


def heard_alert(sender: str, data: bytes, part: Part) -> Heard:
    """An alert."""
    try:
        alert = Alert.decode(data)
    except DecodeError as error:
        return Heard(sender, "Alert", data, (part,), "alert", (), (f"cannot be read: {error}",))
    details = ((LEVELS[alert.level], alert.name),)
    return Heard(sender, "Alert", data, (part,), "alert", details, (f"the {sender} says: {alert.says}",))


def details_of(message: HandshakeMessage) -> tuple[tuple[str, str | int], ...]:
    """What is worth reading beside the name."""
    if isinstance(message, ClientHello):
        return (("suites", len(message.cipher_suites)),)
    if isinstance(message, ServerHello):
        return (("", suite_name(message.cipher_suite)),)
    if isinstance(message, (Certificate, Certificate13)):
        return (("chain of", len(message.chain)),)
    return ()


def fitting(chain: Sequence[bytes], keys: Sequence[Any]) -> Any:
    """The private key of the first certificate, if it is among these."""
    from cryptography import x509

    try:
        wanted = x509.load_der_x509_certificate(chain[0]).public_key() if chain else None
    except Exception:  # whatever a parser may raise about a peer's bytes
        return None
    return next((key for key in keys if key.public_key() == wanted), None)

"""The extensions that TLS 1.3 is made of (RFC 8446 section 4.2): versions, key shares, pre-shared keys.

Each is a small frozen class that reads and writes its content, as in `extensions`.  The same extension has
another shape in another message; `hello` says in which one it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.errors import DecodeError
from handshake.tls.encoding import read_numbers, read_vector, write_numbers
from handshake.tls.names import GROUPS, PSK_MODES, VERSIONS, name_of
from handshake.wire import Reader, Writer

CLIENT_HELLO, SERVER_HELLO, RETRY = "ClientHello", "ServerHello", "HelloRetryRequest"
ENCRYPTED, CERTIFICATE, REQUEST = "EncryptedExtensions", "Certificate", "CertificateRequest"
TICKET = "NewSessionTicket"

PLACES = {
    0: (CLIENT_HELLO, ENCRYPTED),
    1: (CLIENT_HELLO, ENCRYPTED),
    5: (CLIENT_HELLO, REQUEST, CERTIFICATE),
    10: (CLIENT_HELLO, ENCRYPTED),
    13: (CLIENT_HELLO, REQUEST),
    16: (CLIENT_HELLO, ENCRYPTED),
    18: (CLIENT_HELLO, REQUEST, CERTIFICATE),
    21: (CLIENT_HELLO,),
    28: (CLIENT_HELLO, ENCRYPTED),
    41: (CLIENT_HELLO, SERVER_HELLO),
    42: (CLIENT_HELLO, ENCRYPTED, TICKET),
    43: (CLIENT_HELLO, SERVER_HELLO, RETRY),
    44: (CLIENT_HELLO, RETRY),
    45: (CLIENT_HELLO,),
    47: (CLIENT_HELLO, REQUEST),
    49: (CLIENT_HELLO,),
    50: (CLIENT_HELLO, REQUEST),
    51: (CLIENT_HELLO, SERVER_HELLO, RETRY),
    # These belong to TLS 1.2 and before; a client that speaks both offers them.
    11: (CLIENT_HELLO,),
    22: (CLIENT_HELLO,),
    23: (CLIENT_HELLO,),
    35: (CLIENT_HELLO,),
    0xFF01: (CLIENT_HELLO,),
}
"""In which messages of TLS 1.3 an extension may stand, by number (RFC 8446 section 4.2, the table)."""


@dataclass(frozen=True)
class SupportedVersions:
    """The versions that the client speaks, best first; the server's is one (RFC 8446 section 4.2.1)."""

    versions: tuple[int, ...]

    number: ClassVar[int] = 43

    @classmethod
    def read(cls, reader: Reader, hello: str) -> SupportedVersions:
        """Its content."""
        if hello in (SERVER_HELLO, RETRY):
            return cls((reader.uint("selected version", 2, words=_version),))
        return cls(read_numbers(reader, "versions", "version", VERSIONS, 1, 2))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        if hello in (SERVER_HELLO, RETRY):
            writer.uint("selected version", self.versions[0], 2)
        else:
            write_numbers(writer, "versions", self.versions, 1, 2)


@dataclass(frozen=True)
class KeyShare:
    """Public values for (EC)DHE, (group, value) each (RFC 8446 section 4.2.8).

    The client sends some, or none; the server one; a HelloRetryRequest names a group, and has no value.
    """

    shares: tuple[tuple[int, bytes], ...]

    number: ClassVar[int] = 51

    @classmethod
    def read(cls, reader: Reader, hello: str) -> KeyShare:
        """Its content."""
        if hello == RETRY:
            return cls(((reader.uint("selected group", 2, "of which a share is wanted", _group), b""),))
        if hello == SERVER_HELLO:
            return cls((_read_share(reader),))
        shares = []
        with reader.prefixed("client shares", 2):
            while reader.remaining:
                shares.append(_read_share(reader))
        return cls(tuple(shares))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        if hello == RETRY:
            writer.uint("selected group", self.shares[0][0], 2)
        elif hello == SERVER_HELLO:
            self._write(writer)
        else:
            with writer.prefixed("client shares", 2):
                self._write(writer)

    def _write(self, writer: Writer) -> None:
        for group, value in self.shares:
            writer.uint("named group", group, 2)
            with writer.prefixed("key exchange", 2):
                writer.take(value)


@dataclass(frozen=True)
class PskModes:
    """How the client would use a pre-shared key: 0 alone, 1 together with (EC)DHE (section 4.2.9)."""

    modes: tuple[int, ...] = (1,)

    number: ClassVar[int] = 45

    @classmethod
    def read(cls, reader: Reader, hello: str) -> PskModes:
        """Its content."""
        return cls(read_numbers(reader, "PSK key exchange modes", "mode", PSK_MODES, 1, 1))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        write_numbers(writer, "PSK key exchange modes", self.modes, 1, 1)


@dataclass(frozen=True)
class PreSharedKey:
    """Pre-shared keys that the client offers, or which of them the server takes (RFC 8446 section 4.2.11).

    identities: (identity, obfuscated ticket age in milliseconds) each.   binders: a proof for each, over the
    hello up to here.   selected: the server's choice, from 0.
    It is the last extension of a ClientHello, so that the binders stand at the very end.
    """

    identities: tuple[tuple[bytes, int], ...] = ()
    binders: tuple[bytes, ...] = ()
    selected: int = 0

    number: ClassVar[int] = 41

    @classmethod
    def read(cls, reader: Reader, hello: str) -> PreSharedKey:
        """Its content."""
        if hello == SERVER_HELLO:
            return cls(selected=reader.uint("selected identity", 2, "from 0, in the client's order"))
        identities: list[tuple[bytes, int]] = []
        binders: list[bytes] = []
        with reader.prefixed("identities", 2):
            _some(reader, "identities length", 2)
            while reader.remaining:
                identity = read_vector(reader, "identity", 2, "a ticket, mostly: only the server reads it")
                identities.append((identity, reader.uint("obfuscated ticket age", 4, "in milliseconds")))
        with reader.prefixed("binders", 2):
            _some(reader, "binders length", 2)
            while reader.remaining:
                start = reader.pos
                binders.append(read_vector(reader, "binder", 1, "proves that the client has the key"))
                if len(binders[-1]) < 32:
                    raise DecodeError("binder length", start, "at least 32", str(len(binders[-1])))
        if len(identities) != len(binders):
            raise DecodeError("binders", reader.pos, f"one for each of {len(identities)}", str(len(binders)))
        return cls(tuple(identities), tuple(binders))

    @property
    def binders_length(self) -> int:
        """Bytes at the end of a ClientHello that no binder covers: those of the binders themselves."""
        return 2 + sum(1 + len(binder) for binder in self.binders)

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        if hello == SERVER_HELLO:
            writer.uint("selected identity", self.selected, 2)
            return
        with writer.prefixed("identities", 2):
            for identity, age in self.identities:
                with writer.prefixed("identity", 2):
                    writer.take(identity)
                writer.uint("obfuscated ticket age", age, 4)
        with writer.prefixed("binders", 2):
            for binder in self.binders:
                with writer.prefixed("binder", 1):
                    writer.take(binder)


@dataclass(frozen=True)
class EarlyData:
    """Data come before the handshake is over (0-RTT), or may come (RFC 8446 section 4.2.10).

    most: with a ticket, how many bytes.  In the other messages it has no content.
    """

    most: int = 0

    number: ClassVar[int] = 42

    @classmethod
    def read(cls, reader: Reader, hello: str) -> EarlyData:
        """Its content."""
        return cls(reader.uint("max early data size", 4, "in bytes") if hello == TICKET else 0)

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        if hello == TICKET:
            writer.uint("max early data size", self.most, 4)


@dataclass(frozen=True)
class Cookie:
    """What the server gives the client in a HelloRetryRequest, to bring back (RFC 8446 section 4.2.2)."""

    cookie: bytes

    number: ClassVar[int] = 44

    @classmethod
    def read(cls, reader: Reader, hello: str) -> Cookie:
        """Its content."""
        return cls(read_vector(reader, "cookie", 2, "comes back as it went"))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        with writer.prefixed("cookie", 2):
            writer.take(self.cookie)


@dataclass(frozen=True)
class Authorities:
    """Whose certificates are wanted, each a name in DER (RFC 8446 section 4.2.4)."""

    names: tuple[bytes, ...]

    number: ClassVar[int] = 47

    @classmethod
    def read(cls, reader: Reader, hello: str) -> Authorities:
        """Its content."""
        names = []
        with reader.prefixed("authorities", 2):
            _some(reader, "authorities length", 2)
            while reader.remaining:
                names.append(read_vector(reader, "distinguished name", 2, "of an authority, in DER"))
        return cls(tuple(names))

    def write(self, writer: Writer, hello: str) -> None:
        """Its content."""
        with writer.prefixed("authorities", 2):
            for name in self.names:
                with writer.prefixed("distinguished name", 2):
                    writer.take(name)


KINDS = (SupportedVersions, KeyShare, PskModes, PreSharedKey, EarlyData, Cookie, Authorities)


def _read_share(reader: Reader) -> tuple[int, bytes]:
    group = reader.uint("named group", 2, words=_group)
    return group, read_vector(reader, "key exchange", 2, "a public value")


def _some(reader: Reader, field: str, prefix: int) -> None:
    if not reader.remaining:
        raise DecodeError(field, reader.pos - prefix, "one at least", "0")


def _version(number: int) -> str:
    return name_of(VERSIONS, number)


def _group(number: int) -> str:
    return name_of(GROUPS, number)

"""Messages and certificates of TLS, as far as they can be read; whatever a peer has sent, nothing raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from handshake.errors import DecodeError
from handshake.tls import decode_handshake
from handshake.tls.extensions import ServerName, SignatureAlgorithms
from handshake.tls.extensions13 import SupportedVersions
from handshake.tls.hellos import ClientHello, ServerHello
from handshake.tls.names import VERSIONS, name_of


class Heard(Protocol):
    """A message of TLS, see `talk.Spoken`."""

    @property
    def name(self) -> str:
        """The standard's name of it."""

    @property
    def body(self) -> bytes:
        """Its bytes, opened if they were sealed."""

    @property
    def form(self) -> str:
        """How it is to be read."""


def version_of(spoken: Sequence[Heard]) -> str:
    """The version that a handshake agreed on, "" while there is none."""
    for each in spoken:
        if each.name == "ServerHello":
            message = decoded(each, "TLS 1.2")
            if isinstance(message, ServerHello):
                return chosen(message)
    return ""


def chosen(hello: ServerHello) -> str:
    """The version that a ServerHello chooses."""
    for each in hello.extensions or ():
        if isinstance(each, SupportedVersions) and each.versions:
            return name_of(VERSIONS, each.versions[0])
    return name_of(VERSIONS, hello.version)


def offered(hello: ClientHello) -> str:
    """The versions that a client offers, in words."""
    for each in hello.extensions or ():
        if isinstance(each, SupportedVersions):
            return ", ".join(name_of(VERSIONS, number) for number in each.versions[:6])
    return f"{name_of(VERSIONS, hello.version)} or older"


def version_form(one: Heard) -> str:
    """By which version's rules a message is written."""
    words = one.form.split()
    return " ".join(words[1:3]) if len(words) >= 3 else "TLS 1.2"


def decoded(one: Heard | None, version: str) -> Any:
    """A handshake message, or None if it cannot be read."""
    if one is None:
        return None
    try:
        return decode_handshake(one.body, version)
    except (DecodeError, ValueError):
        return None


def parsed(der: bytes) -> Any:
    """A certificate, or None if it cannot be read."""
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der)
    except Exception:  # whatever a parser may raise about a peer's bytes
        return None


def server_name(hello: Any) -> str:
    """The name that a ClientHello asks for (SNI), or ""."""
    for each in getattr(hello, "extensions", None) or ():
        if isinstance(each, ServerName) and each.host:
            return each.host.decode("ascii", "backslashreplace")[:255]
    return ""


def signature_schemes(hello: ClientHello) -> tuple[int, ...]:
    """What a ClientHello offers to sign with, in its order."""
    for each in hello.extensions or ():
        if isinstance(each, SignatureAlgorithms):
            return tuple(each.schemes)
    return ()

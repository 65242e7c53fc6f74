"""What an end is told before it begins: what it may speak, in which order it prefers it, and who it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handshake.tls.exchange import OUR_GROUPS
from handshake.tls.names import GROUPS, SIGNATURE_SCHEMES, version_name
from handshake.tls.names import VERSIONS as VERSION_NAMES
from handshake.tls.signing import SCHEMES
from handshake.tls.suites import SUITES, Suite, find

ORDER = tuple(VERSION_NAMES.values())
"""The versions, oldest first."""

Verify = Callable[[list[Any]], Any]
"""Judges a chain, leaf first, of cryptography's certificates.

The answer is a report with `.ok` and `.alert`, as from `pki.validate`; or True (or None) for a good chain.
"""


@dataclass(frozen=True)
class Settings:
    """The choices of one end.

    versions: "TLS 1.2" ..., in any order.   suites: by number or name, best first.
    groups: for ECDHE, best first.   schemes: of signatures, best first.   (Both by number or name.)
    protocols: what is to be spoken inside ("http/1.1"), best first; none says nothing about it.
    extended_master_secret, encrypt_then_mac: whether it can do RFC 7627 and RFC 7366.
    tickets: whether a client of TLS 1.2 says that it takes tickets (it takes them, and does not use them).
    Of TLS 1.3 only: shares: for how many of its groups a client sends a public value at once;
    compatibility: whether it looks like TLS 1.2 on the way (RFC 8446 appendix D.4);
    padding: records are filled up to a multiple of so many bytes, 0 for none.
    """

    versions: tuple[str, ...] = ("TLS 1.3", "TLS 1.2")
    suites: tuple[Suite, ...] = tuple(SUITES.values())
    groups: tuple[int, ...] = OUR_GROUPS
    schemes: tuple[int, ...] = SCHEMES
    protocols: tuple[str, ...] = ()
    extended_master_secret: bool = True
    encrypt_then_mac: bool = True
    tickets: bool = False
    shares: int = 1
    compatibility: bool = True
    padding: int = 0

    @classmethod
    def of(cls, **choices: Any) -> Settings:
        """Settings from what a person would write; ValueError for what cannot be."""
        given = {name: value for name, value in choices.items() if value is not None}
        unknown = given.keys() - cls.__dataclass_fields__.keys()
        if unknown:
            known = ", ".join(cls.__dataclass_fields__)
            raise TypeError(f"there is no choice {', '.join(sorted(unknown))}; there are {known}")
        for name in ("versions", "suites", "groups", "schemes", "protocols"):
            if name in given:
                value = given[name]
                given[name] = (value,) if isinstance(value, (str, int, Suite)) else tuple(value)
        if "versions" in given:
            given["versions"] = tuple(version_name(version) for version in given["versions"])
        if "suites" in given:
            given["suites"] = tuple(find(suite) for suite in given["suites"])
        if "groups" in given:
            given["groups"] = _numbers("a group", given["groups"], GROUPS, OUR_GROUPS)
        if "schemes" in given:
            given["schemes"] = _numbers("a scheme", given["schemes"], SIGNATURE_SCHEMES, SCHEMES)
        settings = cls(**given)
        if "versions" not in given:  # of those that we speak, the ones that the suites are for
            fitting = tuple(each for each in settings.versions if settings.suites_for(each))
            settings = replace(settings, versions=fitting or ("TLS 1.2",))
        settings.check()
        return settings

    def check(self) -> None:
        """ValueError for choices that make no handshake."""
        for version in self.versions:
            if version not in ORDER:
                raise ValueError(f"a version is one of {', '.join(ORDER)}; not {version!r}")
        if not self.versions or not self.suites:
            raise ValueError("a version and a suite are needed at least")
        if not self.groups and any(suite.key_exchange != "RSA" for suite in self.suites):
            raise ValueError("a suite with ECDHE, or of TLS 1.3, needs a group at least")
        if not self.shares >= 0 or self.padding not in range(1 << 14):
            raise ValueError("shares is 0 or more, padding from 0 to 16383")
        if not self.schemes:
            raise ValueError("a scheme is needed at least")
        for protocol in self.protocols:
            if not 1 <= len(protocol.encode()) <= 255:
                raise ValueError(f"the name of a protocol has 1 to 255 bytes (RFC 7301); got {protocol!r}")

    @property
    def highest(self) -> str:
        """The newest version."""
        return max(self.versions, key=ORDER.index)

    def suites_for(self, *versions: str) -> tuple[Suite, ...]:
        """Those of the suites that may be used with one of these versions."""
        return tuple(suite for suite in self.suites if any(map(suite.serves, versions)))

    @property
    def first(self) -> str:
        """The version of the records before one is agreed upon: old, for the sake of old peers.

        (RFC 5246 appendix E.1 leaves the choice; nearly everybody writes TLS 1.0.)
        """
        return "SSL 3.0" if self.highest == "SSL 3.0" else "TLS 1.0"


def _numbers(what: str, given: tuple[Any, ...], names: Any, own: tuple[int, ...]) -> tuple[int, ...]:
    """Numbers for names; ValueError for what this package does not know of."""
    by_name = {names[number]: number for number in own}
    numbers = tuple(by_name.get(each, each) for each in given)
    for number in numbers:
        if number not in own:
            known = ", ".join(f"{name} ({number:#06x})" for name, number in by_name.items())
            got = f"{number:#06x}" if isinstance(number, int) else repr(number)
            raise ValueError(f"{what} is one of {known}; not {got}")
    return numbers


@dataclass(frozen=True)
class Identity:
    """Who an end is: a chain of certificates in DER, its own first, and the private key that goes with it."""

    chain: tuple[bytes, ...]
    key: Any

    @classmethod
    def of(cls, certificate: Any, key: Any) -> Identity | None:
        """From a certificate, or a chain, of cryptography's, in PEM or in DER; and its key, also in PEM.

        None without a certificate.  (Whether the key belongs to it, the other end finds out.)
        """
        if certificate is None:
            if key is not None:
                raise ValueError("a key without a certificate proves nothing to anybody: give both")
            return None
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        if isinstance(key, (bytes, str)):
            key = load_pem_private_key(key.encode() if isinstance(key, str) else key, None)
        chain = _chain(certificate)
        if key is None:
            raise ValueError(
                "a certificate without its private key is what anybody has: give the key as well"
            )
        return cls(chain, key)


def _chain(certificate: Any) -> tuple[bytes, ...]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if isinstance(certificate, str):
        certificate = certificate.encode()
    if isinstance(certificate, bytes):
        if b"-----BEGIN" not in certificate:
            if certificate[:1] != b"0":
                raise ValueError(
                    f"a certificate is one of cryptography's, or PEM, or DER; got {certificate[:30]!r}"
                )
            return (certificate,)
        certificate = x509.load_pem_x509_certificates(certificate)
    several: Sequence[Any] = certificate if isinstance(certificate, (list, tuple)) else [certificate]
    return tuple(each if isinstance(each, bytes) else each.public_bytes(Encoding.DER) for each in several)

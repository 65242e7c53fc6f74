"""How a server chooses: a version, a suite that fits its key, a group, a way to sign."""

from __future__ import annotations

from typing import Any

from handshake.tls import extensions as ext
from handshake.tls import signing
from handshake.tls.either13 import find_extension
from handshake.tls.endpoint import Endpoint
from handshake.tls.extensions13 import SupportedVersions
from handshake.tls.messages import ClientHello
from handshake.tls.names import GROUPS, name_of, version_number
from handshake.tls.names import VERSIONS as VERSION_NAMES
from handshake.tls.suites import Suite


def choose_version(server: Endpoint, hello: ClientHello) -> str:
    """The newest version that both speak.

    A client of TLS 1.3 lists its versions in an extension, and nothing else counts (RFC 8446 section 4.2.1).
    An older one names its newest, and means all before it too (RFC 5246 appendix E.1).
    """
    said = find_extension(hello.extensions, SupportedVersions)
    numbers = said.versions if said is not None else range(0x0300, min(hello.version, 0x0303) + 1)
    own = [version for version in server.settings.versions if version_number(version) in numbers]
    if not own:
        theirs = name_of(VERSION_NAMES, highest_offered(hello))
        why = f"speaks {theirs} at most, and this server {', '.join(sorted(server.settings.versions))}"
        where = "RFC 5246 appendix E.1" if said is None else "RFC 8446 section 4.2.1"
        raise server.wrong(why, where, "protocol_version")
    return max(own, key=version_number)


def highest_offered(hello: ClientHello) -> int:
    """The number of the newest version that a client offers, of those that there are."""
    said = find_extension(hello.extensions, SupportedVersions)
    if said is None:
        return hello.version
    return max((number for number in said.versions if number in VERSION_NAMES), default=0)


def choose_suite(server: Endpoint, hello: ClientHello, version: str, offered: dict[int, Any]) -> Suite:
    """The first of the server's suites that the client offers, and that fits version, key and group."""
    for suite in server.settings.suites:
        if (
            suite.number in hello.cipher_suites
            and suite.serves(version)
            and _fits(server, suite, version, offered)
        ):
            return suite
    why = f"offers no suite that this server can use with {version}, its certificate and its groups"
    raise server.wrong(why, "RFC 5246 section 7.4.1.3", "handshake_failure")


def _fits(server: Endpoint, suite: Suite, version: str, offered: dict[int, Any]) -> bool:
    """Whether the server's key can do what a suite asks for, and the client can check it."""
    if server.identity is None:
        return False
    public = server.identity.key.public_key()
    kind = signing.kind_of(public)
    if kind not in ({"ECDSA": ("ECDSA", "Ed25519")}.get(suite.authentication, ("RSA",))):
        return False
    if suite.key_exchange == "RSA":
        return True
    said, curve = offered.get(ext.SupportedGroups.number), signing.curve_of(public)
    if said is not None and curve and curve not in [GROUPS.get(group) for group in said.groups]:
        return False  # of the certificate's own key, too (RFC 8422 section 5.1)
    if version == "TLS 1.2" and choose_scheme(server, offered) is None:
        return False
    if version != "TLS 1.2" and kind == "Ed25519":
        return False  # it came with the signature schemes of TLS 1.2
    return choose_group(server, offered) is not None


def choose_scheme(server: Endpoint, offered: dict[int, Any]) -> int | None:
    """How to sign: the first of the client's schemes that the server's key can do."""
    said = offered.get(ext.SignatureAlgorithms.number)
    if server.identity is None:
        return None
    # Who says nothing takes SHA-1 (RFC 5246 section 7.4.1.4.1).
    schemes = said.schemes if said is not None else (0x0201, 0x0203)
    public = server.identity.key.public_key()
    return signing.choose(public, server.settings.schemes, schemes)


def choose_group(server: Endpoint, offered: dict[int, Any]) -> int | None:
    """The first of the server's groups that the client can use; who says nothing can use any (RFC 8422)."""
    said = offered.get(ext.SupportedGroups.number)
    formats = offered.get(ext.PointFormats.number)
    if formats is not None and 0 not in formats.formats:
        return None
    groups = said.groups if said is not None else server.settings.groups
    return next((group for group in server.settings.groups if group in groups), None)

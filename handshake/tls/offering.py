"""What a client offers: its ClientHello, and whether an earlier session may be among it."""

from __future__ import annotations

from collections.abc import Callable

from handshake.tls import extensions as ext
from handshake.tls.messages import ClientHello
from handshake.tls.names import version_number
from handshake.tls.sessions import Session
from handshake.tls.settings import Settings
from handshake.tls.suites import ALL

SCSV = 0x00FF
"""In a list of suites: this client does secure renegotiation (RFC 5746 section 3.3)."""


def may_go_on(settings: Settings, session: Session, server_name: str | None) -> bool:
    """Whether a client would offer again what an earlier session has (RFC 5246 section 7.4.1.2)."""
    return (
        session.version == settings.highest
        and session.suite in settings.suites
        and session.server_name == server_name
        and (settings.extended_master_secret or not session.extended)
    )


def offer(
    settings: Settings,
    server_name: str | None,
    session: Session | None,
    random: Callable[[str, int], bytes],
) -> ClientHello:
    """The ClientHello of a client with these settings (RFC 5246 section 7.4.1.2).

    random: draws so many bytes for a purpose.   ValueError if no suite is of use with the highest version.
    """
    highest = settings.highest
    session_id = session.id if session else b""
    suites = tuple(suite.number for suite in settings.suites if suite.serves(highest))
    if not suites:
        raise ValueError(f"none of the suites may be used with {highest}: {settings.suites[0]} ...")
    if highest == "SSL 3.0":  # it has no extensions, but this number among the suites
        return ClientHello(0x0300, random("client random", 32), session_id, (*suites, SCSV))
    offered: list[ext.Extension] = []
    if server_name is not None and not _is_address(server_name):
        offered.append(ext.ServerName(((0, server_name.encode("idna")),)))
    if any(ALL[number].key_exchange == "ECDHE" for number in suites):
        offered += [ext.SupportedGroups(settings.groups), ext.PointFormats()]
    if highest == "TLS 1.2":
        offered.append(ext.SignatureAlgorithms(settings.schemes))
    if settings.protocols:
        offered.append(ext.Protocols(tuple(each.encode() for each in settings.protocols)))
    if settings.encrypt_then_mac and any(ALL[number].cipher.kind == "CBC" for number in suites):
        offered.append(ext.EncryptThenMac())
    if settings.extended_master_secret:
        offered.append(ext.ExtendedMasterSecret())
    if settings.tickets:
        offered.append(ext.SessionTicket())
    offered.append(ext.RenegotiationInfo())
    version = version_number(highest)
    return ClientHello(version, random("client random", 32), session_id, suites, (0,), tuple(offered))


def _is_address(name: str) -> bool:
    """Whether it is an IP address: those are not named in a hello (RFC 6066 section 3)."""
    return ":" in name or name.replace(".", "").isdigit()

"""What a client offers: its ClientHello, and whether an earlier session may be among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls.messages import ClientHello
from handshake.tls.names import version_number
from handshake.tls.schedule import SIZES, transcript_hash, verify_data
from handshake.tls.sessions import Session
from handshake.tls.settings import Settings
from handshake.tls.suites import ALL
from handshake.wire import replace

if TYPE_CHECKING:
    from handshake.tls.client import Client

SCSV = 0x00FF
"""In a list of suites: this client does secure renegotiation (RFC 5746 section 3.3)."""


def may_go_on(settings: Settings, session: Session, server_name: str | None, now: float = 0.0) -> bool:
    """Whether a client would offer again what an earlier session has (RFC 5246 section 7.4.1.2).

    now: in seconds; a ticket is not offered after its time.
    """
    return (
        session.version == settings.highest
        and session.suite in settings.suites
        and session.server_name == server_name
        and (settings.extended_master_secret or not session.extended)
        and (session.version != "TLS 1.3" or session.age(now) <= 1000 * session.lifetime)
    )


def offer(client: Client, session: Session | None) -> ClientHello:
    """The ClientHello of a client (RFC 5246 section 7.4.1.2, RFC 8446 section 4.1.2).

    session: to go on with, or None.   ValueError if no suite is of use with the highest version.
    """
    settings, random, highest = client.settings, client.random, client.settings.highest
    if not settings.suites_for(highest):
        raise ValueError(f"none of the suites may be used with {highest}: {settings.suites[0]} ...")
    new = "TLS 1.3" in settings.versions
    old = [version for version in settings.versions if version != "TLS 1.3"]
    suites = tuple(suite.number for suite in settings.suites_for(highest, *old[: len(old) if new else 0]))
    session_id = session.id if session and session.version != "TLS 1.3" else b""
    if highest == "SSL 3.0":  # it has no extensions, but this number among the suites
        return ClientHello(0x0300, random("client random", 32), session_id, (*suites, SCSV))
    offered: list[ext.Extension] = []
    if client.server_name is not None and not _is_address(client.server_name):
        offered.append(ext.ServerName(((0, client.server_name.encode("idna")),)))
    curves = any(ALL[number].key_exchange == "ECDHE" for number in suites)
    if curves or new:
        offered.append(ext.SupportedGroups(settings.groups))
    if curves:
        offered.append(ext.PointFormats())
    if version_number(highest) >= 0x0303:
        offered.append(ext.SignatureAlgorithms(settings.schemes))
    if settings.protocols:
        offered.append(ext.Protocols(tuple(each.encode() for each in settings.protocols)))
    if old:
        offered += _of_old(settings, suites)
    if new:
        offered += _of_13(client, session)
        if settings.compatibility and not session_id:
            session_id = random("legacy session id", 32)
    version = min(version_number(highest), 0x0303)
    return ClientHello(version, random("client random", 32), session_id, suites, (0,), tuple(offered))


def _of_old(settings: Settings, suites: tuple[int, ...]) -> list[ext.Extension]:
    """Extensions that mean something up to TLS 1.2."""
    offered: list[ext.Extension] = []
    if settings.encrypt_then_mac and any(ALL[number].cipher.kind == "CBC" for number in suites):
        offered.append(ext.EncryptThenMac())
    if settings.extended_master_secret:
        offered.append(ext.ExtendedMasterSecret())
    if settings.tickets:
        offered.append(ext.SessionTicket())
    offered.append(ext.RenegotiationInfo())
    return offered


def _of_13(client: Client, session: Session | None) -> list[ext.Extension]:
    """Extensions of TLS 1.3; a pre-shared key is the last of them, and not bound yet."""
    versions = tuple(map(version_number, client.settings.versions))
    shares = tuple((group, share.public) for group, share in client.shares.items())
    offered: list[ext.Extension] = [
        ext13.SupportedVersions(versions), ext13.KeyShare(shares), ext13.PskModes(),
    ]  # fmt: skip
    if session is not None and session.version == "TLS 1.3":
        if client.early:
            offered.append(ext13.EarlyData())
        age = (session.age(client.now) + session.age_add) % (1 << 32)
        offered.append(ext13.PreSharedKey(((session.id, age),), (bytes(SIZES[session.suite.hash]),)))
    return offered


def bound(client: Client, hello: ClientHello) -> ClientHello:
    """The hello with its binder: the proof that the client has the key, over all that stands before it.

    RFC 8446 section 4.2.11.2.  What was said before (a first hello and its answer) is in the transcript.
    """
    *others, last = hello.extensions or ()
    if client.schedule is None or not isinstance(last, ext13.PreSharedKey):
        return hello
    hash = client.schedule.hash
    covered = bytes(client.transcript) + hello.encode()[: -last.binders_length]
    binder = verify_data(hash, client.schedule.binder_key(), transcript_hash(hash, covered))
    return replace(hello, extensions=(*others, replace(last, binders=(binder,))))


def again(client: Client, group: int | None, cookie: ext13.Cookie | None) -> ClientHello:
    """The second hello, as a HelloRetryRequest asks for it (RFC 8446 section 4.1.2)."""
    from handshake.tls.exchange import Share

    if group is not None:
        client.shares = {group: Share(group, client.random, "client")}
    session = client.offered_session
    changed: list[ext.Extension] = []
    for each in client.hello.extensions or ():
        if isinstance(each, (ext13.EarlyData, ext13.PreSharedKey)):
            continue
        if isinstance(each, ext13.KeyShare):
            each = ext13.KeyShare(tuple((group, share.public) for group, share in client.shares.items()))
        changed.append(each)
    if cookie is not None:
        changed.append(cookie)
    if session is not None and session.version == "TLS 1.3" and session.suite.hash == client.suite.hash:
        changed.append(next(e for e in client.hello.extensions or () if isinstance(e, ext13.PreSharedKey)))
    else:
        client.offered_session = None
    return bound(client, replace(client.hello, extensions=tuple(changed)))


def _is_address(name: str) -> bool:
    """Whether it is an IP address: those are not named in a hello (RFC 6066 section 3)."""
    return ":" in name or name.replace(".", "").isdigit()

"""What a server of TLS 1.3 does with tickets: takes them, takes early data with them, and gives new ones."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from handshake.errors import ProtocolError
from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls.messages import ClientHello, NewSessionTicket13
from handshake.tls.schedule import KeySchedule, resumption_psk, transcript_hash, verify_data
from handshake.tls.sessions import Session
from handshake.tls.suites import Suite

if TYPE_CHECKING:
    from handshake.tls.server import Server

LIFETIME = 7200
"""For how long a ticket is good, in seconds."""

SKIP = 1 << 16
"""So many bytes of early data that are not taken are passed over, if this server allows no more."""

FRESH = 10_000
"""By how much a ticket's age may differ from what the client says, in milliseconds (RFC 8446 section 8.3)."""


def session_of(server: Server, hello: ClientHello, offered: dict[int, Any], suite: Suite) -> Session | None:
    """The session to go on with, if the client has a ticket that is good (RFC 8446 section 4.2.11)."""
    said = offered.get(ext13.PreSharedKey.number)
    if said is None or server.sessions is None or 1 not in offered[ext13.PskModes.number].modes:
        return None
    found = ((n, server.sessions.find(identity)) for n, (identity, _) in enumerate(said.identities))
    good = ((n, each) for n, each in found if each is not None and _is_good(server, each, suite))
    server.selected, session = next(good, (0, None))
    if session is None:
        server.note("the ticket is of no use here: the handshake goes on as if there were none")
        return None
    schedule = KeySchedule(suite.hash, session.master)
    covered = bytes(server.transcript) + server.told[-1].data[: -said.binders_length]
    binder = verify_data(suite.hash, schedule.binder_key(), transcript_hash(suite.hash, covered))
    if not compare_digest(binder, said.binders[server.selected]):
        why = "has a ticket, and not its key: the binder is not what comes of this hello"
        raise server.wrong(why, "RFC 8446 section 4.2.11", "decrypt_error")
    server.agreed.resumed, server.agreed.peer_chain = True, session.peer_chain
    server.sessions.used(session)
    server.note("the session goes on: the client has proved, over this very hello, that it has the key")
    return session


def _is_good(server: Server, session: Session, suite: Suite) -> bool:
    """Whether a session may go on in this connection."""
    return (
        session.version == "TLS 1.3"
        and session.suite.hash == suite.hash
        and session.server_name == server.server_name
        and session.age(server.now) <= 1000 * session.lifetime
        and (server.client_auth != "required" or bool(session.peer_chain))
        and _is_still_known(server, session)
    )


def _is_still_known(server: Server, session: Session) -> bool:
    """Whether the client's certificate, if there was one, would be taken today (RFC 8446 section 4.6.1)."""
    if server.client_auth == "none" or not session.peer_chain:
        return True
    try:
        server.judge(session.peer_chain)
    except ProtocolError as error:
        server.note(f"the client of that session is not taken any more: {error.why}")
        return False
    return True


def skips(server: Server) -> int:
    """How many bytes of early data are passed over: as many as a ticket may have allowed, and more."""
    return max(SKIP, 2 * server.max_early_data)


def takes_early(server: Server, offered: dict[int, Any], session: Session | None, suite: Suite) -> bool:
    """Whether early data are taken (RFC 8446 section 4.2.10)."""
    if ext13.EarlyData.number not in offered:
        return False
    good = (
        session is not None
        and server.max_early_data > 0
        and session.early > 0
        and session.suite == suite
        and server.retry is None
        and server.selected == 0
        and session.protocol == protocol_of(server, offered)
    )
    if good and session is not None:
        claimed = offered[ext13.PreSharedKey.number].identities[0][1]
        age = (claimed - session.age_add) % (1 << 32)
        good = abs(age - session.age(server.now)) <= FRESH
        if not good:
            claims, is_ = age / 1000, session.age(server.now) / 1000
            server.note(
                f"the hello says that the ticket is {claims:.1f} s old, and it is {is_:.1f} s: more than "
                f"{FRESH / 1000:.0f} s apart, so the early data may be a recording"
            )
    server.note("takes the early data" if good else "does not take the early data")
    return good


def protocol_of(server: Server, offered: dict[int, Any]) -> str | None:
    """What is to be spoken inside: the first of the server's protocols that the client offers (RFC 7301)."""
    protocols = offered.get(ext.Protocols.number)
    if protocols is None or not server.settings.protocols:
        return None
    wanted = [each.decode("utf-8", "backslashreplace") for each in protocols.protocols]
    chosen = next((own for own in server.settings.protocols if own in wanted), None)
    if chosen is None:
        why = f"would speak {', '.join(wanted)}, and this server {', '.join(server.settings.protocols)}"
        raise server.wrong(why, "RFC 7301 section 3.2", "no_application_protocol")
    return chosen


def give_ticket(server: Server) -> None:
    """A ticket: a name that means nothing to others; the server keeps what it stands for (section 4.6.1)."""
    if server.sessions is None or server.schedule is None:
        return
    nonce, ticket = bytes(8), server.random("ticket", 32)
    age_add = int.from_bytes(server.random("ticket age add", 4), "big")
    psk = resumption_psk(server.suite.hash, server.schedule.secrets["resumption_master_secret"], nonce)
    server.session = Session(
        ticket, "TLS 1.3", server.suite, psk, False, server.server_name, server.agreed.peer_chain,
        server.agreed.protocol, LIFETIME, age_add, server.now, server.max_early_data,
    )  # fmt: skip
    server.sessions.add(server.session)
    extensions = (ext13.EarlyData(server.max_early_data),) if server.max_early_data else ()
    server.say(NewSessionTicket13(LIFETIME, age_add, nonce, ticket, extensions))
    server.note("gives the client a ticket: with it, it may go on later without certificates")

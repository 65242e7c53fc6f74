"""The client of TLS 1.3: one function an edge of the diagram (RFC 8446 section 4).

The same beats as in `client`: check what came, take it into the transcript, derive, change keys, next state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls import offering, signing
from handshake.tls.either13 import (
    check_context,
    check_finished,
    check_places,
    check_signature,
    find_extension,
    message_hash,
    peer_key,
    proof,
    recv_key_update,
)
from handshake.tls.messages import (
    Certificate13,
    CertificateRequest13,
    CertificateVerify,
    EncryptedExtensions,
    EndOfEarlyData,
    Finished13,
    HelloRetryRequest,
    NewSessionTicket13,
    ServerHello,
)
from handshake.tls.names import GROUPS, name_of
from handshake.tls.schedule import resumption_psk
from handshake.tls.sessions import Session
from handshake.tls.suites import ALL, Suite, suite_name

if TYPE_CHECKING:
    from handshake.tls.client import Client

TICKET_MOST = 1 << 15
"""A longer ticket is not kept, in bytes: a hello has to have room for it."""

LIFETIME_MOST = 604800
"""A ticket is good for a week at most, in seconds (RFC 8446 section 4.6.1)."""


def chosen_suite(client: Client, hello: ServerHello) -> Suite:
    """What a ServerHello and a HelloRetryRequest have in common, checked; the suite that they choose."""
    if hello.version != 0x0303 or hello.compression_method != 0:
        why = "writes something else than TLS 1.2 and no compression where TLS 1.3 keeps up appearances"
        raise client.wrong(why, "RFC 8446 section 4.1.3", "illegal_parameter")
    versions = find_extension(hello.extensions, ext13.SupportedVersions)
    if versions is None or versions.versions != (0x0304,) or "TLS 1.3" not in client.settings.versions:
        raise client.wrong(
            "chooses a version that was not offered", "RFC 8446 section 4.2.1", "illegal_parameter"
        )
    if hello.session_id != client.hello.session_id:
        why = "does not send the session id back as it came"
        raise client.wrong(why, "RFC 8446 section 4.1.3", "illegal_parameter")
    suite = ALL.get(hello.cipher_suite)
    if suite is None or hello.cipher_suite not in client.hello.cipher_suites or not suite.serves("TLS 1.3"):
        why = f"chooses {suite_name(hello.cipher_suite)}, which was not offered for TLS 1.3"
        raise client.wrong(why, "RFC 8446 section 4.1.3", "illegal_parameter")
    if client.agreed.suite not in (None, suite):
        why = "chooses another suite than it did when it asked for another hello"
        raise client.wrong(why, "RFC 8446 section 4.1.4", "illegal_parameter")
    asked = (*(each.number for each in client.hello.extensions or ()), ext13.Cookie.number)
    check_places(client, hello.extensions or (), hello.name, asked)
    return suite


def recv_hello_retry_request(client: Client, hello: HelloRetryRequest) -> None:
    """WAIT_SH, HelloRetryRequest: the server wants a share of another group (RFC 8446 section 4.1.4)."""
    if client.retried:
        raise client.wrong("asks for a third hello", "RFC 8446 section 4.1.4", "unexpected_message")
    suite = chosen_suite(client, hello)
    wanted, cookie = (
        find_extension(hello.extensions, ext13.KeyShare),
        find_extension(hello.extensions, ext13.Cookie),
    )
    group = wanted.shares[0][0] if wanted is not None else None
    if group is not None and (group not in client.settings.groups or group in client.shares):
        why = f"asks for a share of {name_of(GROUPS, group)}, which it has, or which was not offered"
        raise client.wrong(why, "RFC 8446 section 4.2.8", "illegal_parameter")
    if group is None and cookie is None:
        why = "asks for another hello, and for nothing that would be other in it"
        raise client.wrong(why, "RFC 8446 section 4.1.4", "illegal_parameter")
    agreed = client.agreed
    agreed.version, agreed.suite, client.retried = "TLS 1.3", suite, True
    first = bytes(client.transcript)
    client.transcript[:] = message_hash(suite, first)
    client.heard()
    client.note("the first hello stays in the transcript as its hash; here comes another")
    client.refuse_early("the server has asked for another hello")
    if client.settings.compatibility and not client.dummy_said:
        client.dummy_said = True
        client.say_dummy()
    try:
        client.hello = offering.again(client, group, cookie)
        client.hello.encode()
    except ValueError as error:
        why = f"sends a cookie of {len(cookie.cookie) if cookie else 0} bytes, which no hello has room for"
        raise client.wrong(why, "RFC 8446 section 4.2.2", "illegal_parameter") from error
    client.hello_told = client.say(client.hello)


def recv_server_hello(client: Client, hello: ServerHello) -> None:
    """WAIT_SH, ServerHello: the server has chosen, and both have what they need (RFC 8446 section 4.1.3)."""
    agreed = client.agreed
    # 1. Check: it may choose only from what was offered.
    suite = chosen_suite(client, hello)
    answer, taken = (
        find_extension(hello.extensions, ext13.KeyShare), find_extension(hello.extensions, ext13.PreSharedKey)
    )  # fmt: skip
    if answer is None:
        why = "sends no key share, and without one nothing was offered"
        raise client.wrong(why, "RFC 8446 section 4.1.3", "missing_extension")
    group, public = answer.shares[0]
    if group not in client.shares:
        why = f"sends a share of {name_of(GROUPS, group)}, and got none"
        raise client.wrong(why, "RFC 8446 section 4.2.8", "illegal_parameter")
    session = client.offered_session if taken is not None else None
    if taken is not None and (taken.selected != 0 or session is None or session.suite.hash != suite.hash):
        why = "takes a pre-shared key that was not offered, or that does not go with its suite"
        raise client.wrong(why, "RFC 8446 section 4.2.11", "illegal_parameter")
    # 2. Transcript.
    told = client.heard()
    agreed.version, agreed.suite, agreed.server_random = "TLS 1.3", suite, hello.random
    agreed.places["server random"] = (told.number, 6)
    agreed.places["server share"] = (told.number, told.data.find(public))
    client.note(f"the server has chosen TLS 1.3 and {suite}")
    # 3. Derive.
    share, sent = client.shares[group], client.hello_told
    agreed.places["client share"] = (sent.number, sent.data.find(share.public))
    dhe = share.premaster(public, client.peer)
    if session is None:
        client.begin_schedule(suite)
    else:
        agreed.resumed, agreed.peer_chain = True, session.peer_chain
        client.note("the session goes on: its key proves who the server is, and no certificate will come")
    client.advance("server_hello", dhe)
    # 4. Change keys.  (Early data go on under theirs until they are over.)
    client.protect("server", "server_handshake_traffic_secret", "handshake")
    if not client.early:
        client.protect("client", "client_handshake_traffic_secret", "handshake")
    client.state = "WAIT_EE"


def recv_encrypted_extensions(client: Client, message: EncryptedExtensions) -> None:
    """WAIT_EE, EncryptedExtensions: the server's other answers (RFC 8446 section 4.3.1)."""
    asked = [each.number for each in client.hello.extensions or ()]
    check_places(client, message.extensions, message.name, asked)
    protocols = find_extension(message.extensions, ext.Protocols)
    if protocols is not None:
        client.agreed.protocol = chosen_protocol(client, protocols)
    early = find_extension(message.extensions, ext13.EarlyData)
    if early is not None and not (client.early and client.agreed.resumed):
        raise client.wrong(
            "takes early data that were not sent", "RFC 8446 section 4.2.10", "illegal_parameter"
        )
    session = client.offered_session
    if early is not None and session is not None and session.protocol != client.agreed.protocol:
        why = "takes early data, and chooses another protocol than the ticket is for"
        raise client.wrong(why, "RFC 8446 section 4.2.10", "illegal_parameter")
    client.heard()
    if client.early and early is None:
        client.refuse_early("the server has not taken the early data: they are sent again, once it is open")
        client.protect("client", "client_handshake_traffic_secret", "handshake")
    elif client.early:
        client.note("the server has taken the early data")
    client.state = "WAIT_FINISHED" if client.agreed.resumed else "WAIT_CERT_CR"


def chosen_protocol(client: Client, answer: ext.Protocols) -> str:
    """The protocol that the server has chosen; ProtocolError unless it is one, and was offered (RFC 7301)."""
    chosen = [each.decode("utf-8", "backslashreplace") for each in answer.protocols]
    if len(chosen) != 1 or chosen[0] not in client.settings.protocols:
        why = f"chooses {' and '.join(chosen)}, and {', '.join(client.settings.protocols)} were offered"
        raise client.wrong(why, "RFC 7301 section 3.1", "illegal_parameter")
    return chosen[0]


def recv_certificate_request(client: Client, message: CertificateRequest13) -> None:
    """WAIT_CERT_CR, CertificateRequest: the server wants to know who the client is (section 4.3.2)."""
    if message.context:
        why = "asks with a context, which only a request after the handshake has"
        raise client.wrong(why, "RFC 8446 section 4.3.2", "illegal_parameter")
    check_places(client, message.extensions, message.name)
    if find_extension(message.extensions, ext.SignatureAlgorithms) is None:
        why = "asks for a certificate, and does not say with which signatures"
        raise client.wrong(why, "RFC 8446 section 4.3.2", "missing_extension")
    client.heard()
    client.request13 = message
    client.state = "WAIT_CERT"


def recv_certificate(client: Client, message: Certificate13) -> None:
    """WAIT_CERT_CR or WAIT_CERT, Certificate: the server says who it is (RFC 8446 section 4.4.2)."""
    check_context(client, message)
    if not message.chain:
        raise client.wrong("sends no certificate", "RFC 8446 section 4.4.2.4", "decode_error")
    client.server_key = peer_key(client, message)
    client.heard()
    client.agreed.peer_chain = message.chain
    client.state = "WAIT_CV"


def recv_certificate_verify(client: Client, message: CertificateVerify) -> None:
    """WAIT_CV, CertificateVerify: the server has the key of its certificate (RFC 8446 section 4.4.3)."""
    check_signature(client, client.server_key, message)
    client.heard()
    client.state = "WAIT_FINISHED"


def recv_finished(client: Client, message: Finished13) -> None:
    """WAIT_FINISHED, Finished: then the client says its own, and it is over (RFC 8446 section 4.4.4)."""
    check_finished(client, message)
    client.heard()
    client.advance("server_finished")
    client.protect("server", "server_application_traffic_secret_0", "data")
    if client.early:
        client.say(EndOfEarlyData())
        client.early = b""
        client.protect("client", "client_handshake_traffic_secret", "handshake")
    if client.settings.compatibility and not client.dummy_said:
        client.dummy_said = True
        client.say_dummy()
    if client.request13 is not None:
        _say_who(client, client.request13)
    client.say(Finished13(client.finished_of("client")))
    client.advance("client_finished")
    client.protect("client", "client_application_traffic_secret_0", "data")
    client.send_refused()
    client.state = "CONNECTED"


def _say_who(client: Client, request: CertificateRequest13) -> None:
    """The client's certificate and its proof, or an empty one (RFC 8446 section 4.4.2)."""
    schemes = find_extension(request.extensions, ext.SignatureAlgorithms)
    offered = schemes.schemes if schemes is not None else ()
    identity = client.identity
    fits = identity is not None and signing.choose(
        identity.key.public_key(), offered, client.settings.schemes, "TLS 1.3"
    )
    chain = identity.chain if identity is not None and fits else ()
    client.say(Certificate13.of(chain))
    proved = proof(client, offered) if chain else None
    if proved is not None:
        client.say(proved)
    else:
        client.note("was asked who it is, and has nothing that fits")


def recv_new_session_ticket(client: Client, message: NewSessionTicket13) -> None:
    """CONNECTED or CLOSING, NewSessionTicket: with it the client may go on later (section 4.6.1)."""
    check_places(client, message.extensions, message.name)
    client.nothing_new("tickets", "section 4.6.1")
    if client.schedule is None or not message.lifetime or len(message.ticket) > TICKET_MOST:
        client.note("does not keep a ticket that is good for no time, or too long for any hello")
        return
    lifetime = min(message.lifetime, LIFETIME_MOST)
    early = find_extension(message.extensions, ext13.EarlyData)
    psk = resumption_psk(
        client.suite.hash, client.schedule.secrets["resumption_master_secret"], message.nonce
    )
    client.session = Session(
        message.ticket, "TLS 1.3", client.suite, psk, False, client.server_name, client.agreed.peer_chain,
        client.agreed.protocol, lifetime, message.age_add, client.now, early.most if early else 0,
    )  # fmt: skip
    client.note(f"has a ticket: for {lifetime} seconds it may go on without certificates")


HANDLERS: dict[tuple[str, str], Any] = {
    ("WAIT_SH", "HelloRetryRequest"): recv_hello_retry_request,
    ("WAIT_EE", "EncryptedExtensions"): recv_encrypted_extensions,
    ("WAIT_CERT_CR", "CertificateRequest"): recv_certificate_request,
    ("WAIT_CERT_CR", "Certificate"): recv_certificate,
    ("WAIT_CERT", "Certificate"): recv_certificate,
    ("WAIT_CV", "CertificateVerify"): recv_certificate_verify,
    ("WAIT_FINISHED", "Finished"): recv_finished,
    ("CONNECTED", "NewSessionTicket"): recv_new_session_ticket,
    ("CONNECTED", "KeyUpdate"): recv_key_update,
    ("CLOSING", "NewSessionTicket"): recv_new_session_ticket,
    ("CLOSING", "KeyUpdate"): recv_key_update,
}
"""What the client does, by state and message; the ServerHello goes through `client.recv_server_hello`."""

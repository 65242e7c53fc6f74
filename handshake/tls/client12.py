"""The client up to TLS 1.2: one function an edge of the diagram.

Each does the same in the same order: check what came, take it into the transcript, derive, change keys, and
go to the next state.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from handshake.tls import client13, signing
from handshake.tls import extensions as ext
from handshake.tls.either13 import find_extension
from handshake.tls.endpoint import Endpoint
from handshake.tls.exchange import Share, encrypt, new_premaster
from handshake.tls.extensions13 import SupportedVersions
from handshake.tls.judging import allows
from handshake.tls.keys import hash30
from handshake.tls.messages import (
    Certificate,
    CertificateRequest,
    CertificateVerify,
    ClientKeyExchange,
    Finished,
    ServerHello,
    ServerKeyExchange,
)
from handshake.tls.names import DOWNGRADES, GROUPS, name_of, version_number
from handshake.tls.names import VERSIONS as VERSION_NAMES
from handshake.tls.offering import SCSV
from handshake.tls.sessions import Session
from handshake.tls.settings import Identity
from handshake.tls.suites import ALL, suite_name

if TYPE_CHECKING:
    from handshake.tls.client import Client


OF_13 = (41, 42, 44, 45, 51)
"""Extensions that only TLS 1.3 has."""


def recv_server_hello(client: Client, hello: ServerHello) -> None:
    """WAIT_SH, ServerHello: the server has chosen (RFC 5246 section 7.4.1.3)."""
    agreed, settings = client.agreed, client.settings
    if client.tls13 or (
        "TLS 1.3" in settings.versions and find_extension(hello.extensions, SupportedVersions)
    ):
        client13.recv_server_hello(client, hello)
        return
    # 1. Check: it may choose only from what was offered.
    version = VERSION_NAMES.get(hello.version, "")
    if version not in settings.versions or version == "TLS 1.3":  # (which is not chosen here)
        offered = ", ".join(settings.versions)
        why = f"chooses {name_of(VERSION_NAMES, hello.version)}, and {offered} were offered"
        raise client.wrong(why, "RFC 5246 appendix E.1", "protocol_version")
    check_downgrade(client, version, hello.random)
    if client.early:
        why = f"chooses {version}, and got early data, which only TLS 1.3 has"
        raise client.wrong(why, "RFC 8446 section 4.2.10", "protocol_version")
    suite = ALL.get(hello.cipher_suite)
    if suite is None or hello.cipher_suite not in client.hello.cipher_suites or not suite.serves(version):
        why = f"chooses {suite_name(hello.cipher_suite)}, which was not offered for {version}"
        raise client.wrong(why, "RFC 5246 section 7.4.1.3", "illegal_parameter")
    if hello.compression_method != 0:
        why = f"chooses compression method {hello.compression_method}, and only 0 was offered"
        raise client.wrong(why, "RFC 5246 section 7.4.1.3", "illegal_parameter")
    answers = _answers(client, hello)
    # 2. Transcript.
    told = client.heard()
    agreed.version, agreed.suite, agreed.server_random = version, suite, hello.random
    agreed.places["server random"] = (told.number, 6)
    agreed.extended_master_secret = 23 in answers
    agreed.encrypt_then_mac = 22 in answers
    if 22 in answers and suite.cipher.kind != "CBC":
        why = f"answers encrypt_then_mac, and {suite} has no MAC of its own"
        raise client.wrong(why, "RFC 7366 section 3", "illegal_parameter")
    client.note(f"the server has chosen {version} and {suite}")
    session = client.offered_session
    if session is not None and session.version == version and hello.session_id == session.id != b"":
        _resume(client, session)
        return
    client.session_id = hello.session_id
    client.state = "WAIT_CERT"


def check_downgrade(client: Client, version: str, random: bytes) -> None:
    """Whether the server says that it could do better than it does here (RFC 8446 section 4.1.3).

    Then somebody on the way has made the client's offer smaller: Finished would not tell before keys are in
    use that may be weak.
    """
    said, highest = DOWNGRADES.get(random[-8:]), client.settings.highest
    if said is not None and (
        highest == "TLS 1.3" or version_number(highest) >= 0x0303 > version_number(version)
    ):
        why = f"chooses {version}, and its random says that it speaks {said}: somebody has changed the offer"
        raise client.wrong(why, "RFC 8446 section 4.1.3", "illegal_parameter")


def _answers(client: Client, hello: ServerHello) -> dict[int, ext.Extension]:
    """The extensions of a ServerHello by number; it may only answer what was asked (section 7.4.1.4)."""
    asked = {each.number for each in client.hello.extensions or ()}
    if SCSV in client.hello.cipher_suites:
        asked.add(ext.RenegotiationInfo.number)
    answers = {each.number: each for each in hello.extensions or ()}
    if hello.version == 0x0300:  # it knows of no extensions, but for this one (RFC 5746 section 4.5)
        asked &= {ext.RenegotiationInfo.number}
    for number in answers:
        if number in OF_13:
            why = f"answers {ext.extension_name(number)}, which belongs to TLS 1.3"
            raise client.wrong(why, "RFC 8446 section 4.2", "illegal_parameter")
        if number not in asked or number in (ext.SupportedGroups.number, ext.SignatureAlgorithms.number):
            why = f"answers {ext.extension_name(number)}, which nobody asked for"
            raise client.wrong(why, "RFC 5246 section 7.4.1.4", "unsupported_extension")
    renegotiation = answers.get(ext.RenegotiationInfo.number)
    if isinstance(renegotiation, ext.RenegotiationInfo) and renegotiation.connection:
        why = "says that this handshake goes on from another one, and it is the first"
        raise client.wrong(why, "RFC 5746 section 3.4", "handshake_failure")
    formats = answers.get(ext.PointFormats.number)
    if isinstance(formats, ext.PointFormats) and 0 not in formats.formats:
        why = "does not take points as they are written by everybody"
        raise client.wrong(why, "RFC 8422 section 5.2", "illegal_parameter")
    protocols = answers.get(ext.Protocols.number)
    if isinstance(protocols, ext.Protocols):
        client.agreed.protocol = client13.chosen_protocol(client, protocols)
    ticket = answers.get(ext.SessionTicket.number)
    if isinstance(ticket, ext.SessionTicket) and ticket.ticket:
        raise client.wrong("hands out a ticket in its hello", "RFC 5077 section 3.2", "illegal_parameter")
    client.ticket_promised = ticket is not None
    return answers


def _resume(client: Client, session: Session) -> None:
    """The server goes on with an earlier session: no certificate, no key exchange (section 7.3)."""
    agreed = client.agreed
    if (agreed.version, agreed.suite) != (session.version, session.suite):
        why = f"goes on with a session of {session.version} and {session.suite}, and changes them"
        raise client.wrong(why, "RFC 5246 section 7.4.1.3", "illegal_parameter")
    if agreed.extended_master_secret != session.extended:
        why = "goes on with a session, and answers extended_master_secret otherwise than before"
        raise client.wrong(why, "RFC 7627 section 5.3", "handshake_failure")
    agreed.resumed, agreed.master, agreed.peer_chain = True, session.master, session.peer_chain
    client.session = session
    client.note("the session goes on: no certificate, no key exchange; the old master secret makes new keys")
    client.derive_keys()
    client.state = "WAIT_CCS"


def recv_certificate(client: Client, message: Certificate) -> None:
    """WAIT_CERT, Certificate: the server says who it is (section 7.4.2)."""
    if not message.chain:
        raise client.wrong("sends no certificate", "RFC 5246 section 7.4.2", "decode_error")
    leaf = client.judge(message.chain)
    client.server_key = leaf.public_key()
    _check_use(client, leaf)
    _check_curve(client)
    client.heard()
    client.agreed.peer_chain = message.chain
    client.state = "WAIT_CR_DONE" if client.suite.key_exchange == "RSA" else "WAIT_SKE"


def _check_use(client: Client, leaf: Any) -> None:
    """The certificate's key has to be of the kind, and for the use, that the suite asks for."""
    suite, kind = client.suite, signing.kind_of(client.server_key)
    wanted = ("ECDSA", "Ed25519") if suite.authentication == "ECDSA" else (suite.authentication,)
    if kind not in wanted:
        why = f"its certificate has a key of {kind}, and {suite} needs one of {' or '.join(wanted)}"
        raise client.wrong(why, "RFC 5246 section 7.4.2", "unsupported_certificate")
    use = "keyEncipherment" if suite.key_exchange == "RSA" else "digitalSignature"
    if not allows(leaf, use):
        why = f"its certificate is not for this use (a key usage without {use})"
        raise client.wrong(why, "RFC 5246 section 7.4.2", "unsupported_certificate")


def _check_curve(client: Client) -> None:
    """The curve of the certificate's key has to be one that was offered (RFC 8422 section 5.3)."""
    name = signing.curve_of(client.server_key)
    if name and name not in [name_of(GROUPS, group) for group in client.settings.groups]:
        why = f"its certificate has a key on {name}, which was not offered"
        raise client.wrong(why, "RFC 8422 section 5.3", "unsupported_certificate")


def recv_server_key_exchange(client: Client, message: ServerKeyExchange) -> None:
    """WAIT_SKE, ServerKeyExchange: a public value for this connection, signed (RFC 8422 section 5.4)."""
    agreed = client.agreed
    if message.group not in client.settings.groups:
        why = f"chooses {name_of(GROUPS, message.group)}, which was not offered"
        raise client.wrong(why, "RFC 8422 section 5.4", "illegal_parameter")
    if message.scheme is not None and message.scheme not in client.settings.schemes:
        why = f"signs with {message.scheme:04x}, which was not offered"
        raise client.wrong(why, "RFC 5246 section 7.4.3", "illegal_parameter")
    covered = agreed.client_random + agreed.server_random + message.signed_part()
    signing.verify(client.server_key, message.scheme, covered, message.signature, client.peer)
    client.note(
        "the signature over both randoms and the public value verifies: it is the server's, and fresh"
    )
    told = client.heard()
    agreed.places["server share"] = (told.number, 8)
    client.server_share = message.group, message.public
    client.state = "WAIT_CR_DONE"


def recv_certificate_request(client: Client, message: CertificateRequest) -> None:
    """WAIT_CR_DONE, CertificateRequest: the server wants to know who the client is (section 7.4.4)."""
    client.heard()
    client.request = message
    client.state = "WAIT_DONE"


def recv_server_hello_done(client: Client, _: Any) -> None:
    """WAIT_CR_DONE or WAIT_DONE, ServerHelloDone: now it is the client's turn (section 7.4.5)."""
    agreed = client.agreed
    client.heard()
    identity = None
    if client.request is not None:
        identity = _fitting(client, client.request)
        if agreed.version == "SSL 3.0" and identity is None:
            client.warn("no_certificate")
        else:
            client.say(Certificate(identity.chain if identity else ()))
            client.note(
                "says who it is, as it was asked"
                if identity
                else "was asked who it is, and has nothing that fits"
            )
    premaster, exchange = _exchange(client)
    told = client.say(exchange)
    agreed.places["client share"] = (told.number, 4 + exchange.prefix)
    client.derive_keys(premaster)
    if identity is not None:
        client.say(prove(client, identity))
    client.change_writing()
    client.say(Finished(client.finished_of("client")))
    client.state = "WAIT_CCS"


def _exchange(client: Client) -> tuple[bytes, ClientKeyExchange]:
    """A premaster secret, and the message by which the server comes to know it too."""
    random = client.random if client.seeded else None
    if client.server_share is None:
        premaster = new_premaster(client.hello.version, client.random)
        try:
            exchange = encrypt(client.server_key, premaster, random)
        except ValueError as error:
            why = f"its certificate has a key that nothing can be encrypted with: {error}"[:200]
            raise client.wrong(why, "RFC 5246 section 7.4.7.1", "bad_certificate") from None
        client.note("makes up a premaster secret, and encrypts it with the key of the server's certificate")
        return premaster, ClientKeyExchange(exchange, 0 if client.agreed.version == "SSL 3.0" else 2)
    group, public = client.server_share
    share = Share(group, client.random, "client")
    return share.premaster(public, client.peer), ClientKeyExchange(share.public, 1)


def _fitting(client: Client, request: CertificateRequest) -> Identity | None:
    """The client's certificate, if its key is of a kind that the server takes."""
    identity = client.identity
    if identity is None:
        return None
    kind = signing.kind_of(identity.key.public_key())
    wanted = {"RSA": 1}.get(kind, 64)
    good = wanted in request.certificate_types
    if request.schemes is None:  # before TLS 1.2: Ed25519 came later, and in SSL 3.0 there is RSA alone
        good = good and kind in (("RSA",) if client.agreed.version == "SSL 3.0" else ("RSA", "ECDSA"))
    else:
        good = (
            good
            and signing.choose(identity.key.public_key(), request.schemes, client.settings.schemes)
            is not None
        )
    return identity if good else None


def prove(client: Client, identity: Identity) -> CertificateVerify:
    """The signature over the whole handshake so far: the client has the key of its certificate."""
    messages, scheme = bytes(client.transcript), None
    if client.request is not None and client.request.schemes is not None:
        scheme = signing.choose(identity.key.public_key(), client.request.schemes, client.settings.schemes)
    client.note("signs the handshake so far: only who has the key of the certificate can do that")
    if client.agreed.version == "SSL 3.0":
        return CertificateVerify(None, signing.sign30(identity.key, hash30(client.agreed.master, messages)))
    return CertificateVerify(scheme, signing.sign(identity.key, scheme, messages))


def recv_new_session_ticket(client: Client, message: Any) -> None:
    """WAIT_CCS, NewSessionTicket: taken, and not used (RFC 5077 section 3.3)."""
    if not client.ticket_promised:
        raise client.unexpected("NewSessionTicket")
    client.heard()
    client.ticket_promised = False
    client.note("takes a ticket for going on later; this package goes on by session id only")


def recv_change_cipher_spec(client: Client, _: Any) -> None:
    """WAIT_CCS, ChangeCipherSpec: from now on the server's records are protected (section 7.1)."""
    if client.ticket_promised:
        raise client.unexpected("ChangeCipherSpec")
    client.change_reading()
    client.state = "WAIT_FINISHED"


def recv_finished(client: Client, message: Finished) -> None:
    """WAIT_FINISHED, Finished: whether both have seen the same handshake (section 7.4.9)."""
    check_finished(client, message)
    client.heard()
    agreed = client.agreed
    if agreed.resumed:
        client.change_writing()
        client.say(Finished(client.finished_of("client")))
    elif client.session_id:
        client.session = Session(
            client.session_id, agreed.version, client.suite, agreed.master, agreed.extended_master_secret,
            client.server_name, agreed.peer_chain,
        )  # fmt: skip
    client.state = "CONNECTED"


def check_finished(end: Endpoint, message: Finished) -> None:
    """What both ends do with a Finished; ProtocolError with the alert decrypt_error if it is another."""
    if not compare_digest(end.finished_of(end.peer), message.verify_data):
        why = "its Finished is not what comes of this handshake: messages or keys are not the same"
        raise end.wrong(why, "RFC 5246 section 7.4.9", "decrypt_error")
    end.note(
        f"the {end.peer}'s Finished is what comes of the handshake as this end saw it: nobody changed a byte"
    )


def recv_hello_request(client: Client, _: Any) -> None:
    """CONNECTED, HelloRequest: the server would begin anew (section 7.4.1.1)."""
    client.asked_again()


HANDLERS: dict[tuple[str, str], Any] = {
    ("WAIT_SH", "ServerHello"): recv_server_hello,
    ("WAIT_CERT", "Certificate"): recv_certificate,
    ("WAIT_SKE", "ServerKeyExchange"): recv_server_key_exchange,
    ("WAIT_CR_DONE", "CertificateRequest"): recv_certificate_request,
    ("WAIT_CR_DONE", "ServerHelloDone"): recv_server_hello_done,
    ("WAIT_DONE", "ServerHelloDone"): recv_server_hello_done,
    ("WAIT_CCS", "NewSessionTicket"): recv_new_session_ticket,
    ("WAIT_CCS", "ChangeCipherSpec"): recv_change_cipher_spec,
    ("WAIT_FINISHED", "Finished"): recv_finished,
    ("CONNECTED", "HelloRequest"): recv_hello_request,
}
"""What the client does, by state and message."""

"""The server up to TLS 1.2: one function an edge of the diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handshake.tls import extensions as ext
from handshake.tls import server13, signing
from handshake.tls.choosing import choose_group, choose_scheme, choose_suite, choose_version, highest_offered
from handshake.tls.client12 import check_finished
from handshake.tls.exchange import Share, decrypt
from handshake.tls.judging import allows
from handshake.tls.keys import hash30
from handshake.tls.messages import (
    Certificate,
    CertificateRequest,
    CertificateVerify,
    ClientHello,
    ClientKeyExchange,
    Finished,
    ServerHello,
    ServerHelloDone,
    ServerKeyExchange,
)
from handshake.tls.names import DOWNGRADES, version_number
from handshake.tls.offering import SCSV
from handshake.tls.sessions import Session

FALLBACK = 0x5600
"""In a list of suites: this client has offered more before, and was refused (RFC 7507)."""

CURVES = frozenset((0x0017, 0x0018, 0x0019, 0x001D, 0x001E))
"""The groups of RFC 8422, whose points are written in one way."""

if TYPE_CHECKING:
    from handshake.tls.server import Server


def recv_client_hello(server: Server, hello: ClientHello) -> None:
    """START, ClientHello: choose a version and a suite, and say who one is (RFC 5246 section 7.4.1)."""
    agreed, settings = server.agreed, server.settings
    # 1. Check, and choose.
    server.hello = hello
    version = choose_version(server, hello)
    if FALLBACK in hello.cipher_suites and highest_offered(hello) < version_number(settings.highest):
        why = "offers less than it can, and says so: something on the way made it do that"
        raise server.wrong(why, "RFC 7507 section 3", "inappropriate_fallback")
    if 0 not in hello.compression_methods:
        raise server.wrong("offers only compression", "RFC 5246 section 7.4.1.2", "illegal_parameter")
    offered = {each.number: each for each in hello.extensions or ()} if version != "SSL 3.0" else {}
    _check_extensions(server, offered)
    if version == "TLS 1.3" or server.tls13:
        server13.recv_client_hello(server, hello, version)
        return
    # 2. Transcript.
    told = server.heard()
    agreed.version, agreed.client_random = version, hello.random
    agreed.places["client random"] = (told.number, 6)
    agreed.server_random = _marked(server.random("server random", 32), version, settings.highest)
    session = _session(server, hello, version, ext.ExtendedMasterSecret.number in offered)
    suite = session.suite if session else choose_suite(server, hello, version, offered)
    agreed.suite = suite
    answers = _answer(server, hello, offered, session)
    server.note(f"chooses {version} and {suite}")
    # 3. Answer.
    if session is not None:
        _resume(server, session, answers)
        return
    session_id = b""
    if server.sessions is not None:
        session_id = server.random("session id", 32)
    _greet(server, session_id, answers)
    server.say(Certificate(server.identity.chain if server.identity else ()))
    if suite.key_exchange == "ECDHE":
        server.say(_key_exchange(server, offered))
    asks = server.client_auth != "none"
    if asks:
        server.say(_request(server))
    server.say(ServerHelloDone())
    server.session_id = session_id
    server.state = "WAIT_CERT" if asks else "WAIT_CKE"


def _marked(random: bytes, version: str, highest: str) -> bytes:
    """The random, with a mark at its end if the server could do better (RFC 8446 section 4.1.3)."""
    if version == highest or version_number(highest) < 0x0303:
        return random
    could = "TLS 1.3" if version == "TLS 1.2" else "TLS 1.2"
    return random[:-8] + next(mark for mark, name in DOWNGRADES.items() if name == could)


def _check_extensions(server: Server, offered: dict[int, Any]) -> None:
    renegotiation = offered.get(ext.RenegotiationInfo.number)
    if renegotiation is not None and renegotiation.connection:
        why = "says that this handshake goes on from another one, and it is the first"
        raise server.wrong(why, "RFC 5746 section 3.6", "handshake_failure")
    formats, groups = offered.get(ext.PointFormats.number), offered.get(ext.SupportedGroups.number)
    if (
        formats is not None
        and 0 not in formats.formats
        and groups is not None
        and CURVES & set(groups.groups)
    ):
        why = "names curves, and does not take points as they are written by everybody"
        raise server.wrong(why, "RFC 8422 section 5.1.2", "illegal_parameter")
    name = offered.get(ext.ServerName.number)
    if name is not None:
        if [kind for kind, _ in name.names].count(0) != 1:
            why = "names no host, or several"
            raise server.wrong(why, "RFC 6066 section 3", "illegal_parameter")
        if not name.host.isascii() or b"\0" in name.host:
            why = "names a host with letters that no such name has"
            raise server.wrong(why, "RFC 6066 section 3", "illegal_parameter")
        server.server_name = name.host.decode("ascii")


def _session(server: Server, hello: ClientHello, version: str, extended: bool) -> Session | None:
    """The session to go on with, if the client asks for one that is remembered, and that fits."""
    session = server.sessions.find(hello.session_id) if server.sessions and hello.session_id else None
    if session is None or session.version != version or session.suite.number not in hello.cipher_suites:
        return None
    if session.suite not in server.settings.suites:
        return None
    if server.client_auth == "required" and not session.peer_chain:
        return None  # then nobody had asked who the client is
    if session.server_name != server.server_name:
        return None  # (RFC 6066 section 3)
    if session.extended and not extended:
        why = "goes on with a session, and leaves out extended_master_secret, which it had"
        raise server.wrong(why, "RFC 7627 section 5.3", "handshake_failure")
    return session if session.extended == (extended and server.settings.extended_master_secret) else None


def _answer(
    server: Server, hello: ClientHello, offered: dict[int, Any], session: Session | None
) -> tuple[ext.Extension, ...] | None:
    """The extensions of the ServerHello: answers to what the client offered, and nothing else."""
    agreed, settings = server.agreed, server.settings
    answers: list[ext.Extension] = []
    if ext.RenegotiationInfo.number in offered or SCSV in hello.cipher_suites:
        answers.append(ext.RenegotiationInfo())
    if agreed.version == "SSL 3.0":
        # (Only that one is answered in SSL 3.0: RFC 5746 section 4.5.)
        return tuple(answers) or None
    if ext.ServerName.number in offered and session is None:
        answers.append(ext.ServerName())
    if ext.PointFormats.number in offered and agreed.in_use.key_exchange == "ECDHE":
        answers.append(ext.PointFormats())
    if (
        ext.EncryptThenMac.number in offered
        and settings.encrypt_then_mac
        and agreed.in_use.cipher.kind == "CBC"
    ):
        agreed.encrypt_then_mac = True
        answers.append(ext.EncryptThenMac())
    if ext.ExtendedMasterSecret.number in offered and settings.extended_master_secret:
        agreed.extended_master_secret = True
        answers.append(ext.ExtendedMasterSecret())
    protocols = offered.get(ext.Protocols.number)
    if protocols is not None and settings.protocols:
        wanted = [each.decode("utf-8", "backslashreplace") for each in protocols.protocols]
        chosen = next((own for own in settings.protocols if own in wanted), None)
        if chosen is None:
            why = f"would speak {', '.join(wanted)}, and this server speaks {', '.join(settings.protocols)}"
            raise server.wrong(why, "RFC 7301 section 3.2", "no_application_protocol")
        agreed.protocol = chosen
        answers.append(ext.Protocols((chosen.encode(),)))
    return tuple(answers) or None


def _greet(server: Server, session_id: bytes, answers: tuple[ext.Extension, ...] | None) -> None:
    agreed = server.agreed
    number = version_number(agreed.version)
    told = server.say(ServerHello(number, agreed.server_random, session_id, server.suite.number, 0, answers))
    agreed.places["server random"] = (told.number, 6)


def _resume(server: Server, session: Session, answers: tuple[ext.Extension, ...] | None) -> None:
    """Go on with a session: the server finishes first (section 7.3, figure 2)."""
    agreed = server.agreed
    agreed.resumed, agreed.master, agreed.peer_chain = True, session.master, session.peer_chain
    server.session = session
    _greet(server, session.id, answers)
    server.note("the session goes on: no certificate, no key exchange; the old master secret makes new keys")
    server.derive_keys()
    server.change_writing()
    server.say(Finished(server.finished_of("server")))
    server.state = "WAIT_CCS"


def _key_exchange(server: Server, offered: dict[int, Any]) -> ServerKeyExchange:
    """A public value for this connection, signed together with both randoms."""
    agreed, group = server.agreed, choose_group(server, offered)
    scheme = choose_scheme(server, offered) if agreed.version == "TLS 1.2" else None
    if group is None or server.identity is None:  # (a suite of ECDHE is chosen only if there is one)
        raise server.wrong("offers no group", "RFC 8422 section 4", "handshake_failure")
    server.share = Share(group, server.random, "server")
    message = ServerKeyExchange(group, server.share.public, scheme, b"")
    covered = agreed.client_random + agreed.server_random + message.signed_part()
    signature = signing.sign(server.identity.key, scheme, covered)
    server.note("signs both randoms and its fresh public value with the key of its certificate")
    return ServerKeyExchange(group, server.share.public, scheme, signature)


def _request(server: Server) -> CertificateRequest:
    """Ask the client who it is."""
    newest = server.agreed.version == "TLS 1.2"
    types = (1,) if server.agreed.version == "SSL 3.0" else (1, 64)
    return CertificateRequest(types, server.settings.schemes if newest else None, server.authorities)


def recv_certificate(server: Server, message: Certificate) -> None:
    """WAIT_CERT, Certificate: the client says who it is, or that it is nobody (section 7.4.6)."""
    if message.chain:
        leaf = server.judge(message.chain)
        server.client_key = leaf.public_key()
        if signing.kind_of(server.client_key) not in ("RSA", "ECDSA", "Ed25519") or not allows(
            leaf, "digitalSignature"
        ):
            why = "its certificate has a key that cannot sign here"
            raise server.wrong(why, "RFC 5246 section 7.4.6", "unsupported_certificate")
        server.agreed.peer_chain = message.chain
    else:
        without_certificate(server)
    server.heard()
    server.state = "WAIT_CKE"


def without_certificate(server: Server) -> None:
    """The client does not say who it is; ProtocolError if it has to."""
    if server.client_auth == "required":
        why = "sends no certificate, and this server serves nobody without"
        raise server.wrong(why, "RFC 5246 section 7.4.6", "handshake_failure")
    server.note("the client does not say who it is, and need not")


def recv_client_key_exchange(server: Server, message: ClientKeyExchange) -> None:
    """WAIT_CKE, ClientKeyExchange: what the premaster secret comes from (section 7.4.7)."""
    told = server.heard()
    server.agreed.places["client share"] = (told.number, 4 + message.prefix)
    if server.share is not None:
        premaster = server.share.premaster(message.exchange, server.peer)
    else:
        key = server.identity.key if server.identity else None
        version = server.hello.version if server.hello else 0
        premaster = decrypt(key, message.exchange, version, server.random)
        server.note("decrypts the premaster secret; were it a bad one, nothing would be said here")
    server.derive_keys(premaster)
    server.state = "WAIT_CV" if server.client_key is not None else "WAIT_CCS"


def recv_certificate_verify(server: Server, message: CertificateVerify) -> None:
    """WAIT_CV, CertificateVerify: the client has the key of its certificate (section 7.4.8)."""
    messages = bytes(server.transcript)
    if message.scheme is not None and message.scheme not in server.settings.schemes:
        why = f"signs with {message.scheme:04x}, which was not asked for"
        raise server.wrong(why, "RFC 5246 section 7.4.8", "illegal_parameter")
    if server.agreed.version == "SSL 3.0":
        signing.verify30(
            server.client_key, hash30(server.agreed.master, messages), message.signature, server.peer
        )
    else:
        signing.verify(server.client_key, message.scheme, messages, message.signature, server.peer)
    server.note("the signature over the handshake verifies: the client has the key of its certificate")
    server.heard()
    server.state = "WAIT_CCS"


def recv_change_cipher_spec(server: Server, _: Any) -> None:
    """WAIT_CCS, ChangeCipherSpec: from now on the client's records are protected (section 7.1)."""
    server.change_reading()
    server.state = "WAIT_FINISHED"


def recv_finished(server: Server, message: Finished) -> None:
    """WAIT_FINISHED, Finished: whether both have seen the same handshake (section 7.4.9)."""
    check_finished(server, message)
    server.heard()
    agreed = server.agreed
    if not agreed.resumed:
        server.change_writing()
        server.say(Finished(server.finished_of("server")))
        if server.sessions is not None:
            server.session = Session(
                server.session_id, agreed.version, server.suite, agreed.master,
                agreed.extended_master_secret, server.server_name, agreed.peer_chain,
            )  # fmt: skip
            server.sessions.add(server.session)
    server.state = "CONNECTED"


def recv_client_hello_again(server: Server, _: Any) -> None:
    """CONNECTED, ClientHello: the client would begin anew (section 7.2.2)."""
    server.asked_again()


HANDLERS: dict[tuple[str, str], Any] = {
    ("START", "ClientHello"): recv_client_hello,
    ("WAIT_CERT", "Certificate"): recv_certificate,
    ("WAIT_CKE", "ClientKeyExchange"): recv_client_key_exchange,
    ("WAIT_CV", "CertificateVerify"): recv_certificate_verify,
    ("WAIT_CCS", "ChangeCipherSpec"): recv_change_cipher_spec,
    ("WAIT_FINISHED", "Finished"): recv_finished,
    ("CONNECTED", "ClientHello"): recv_client_hello_again,
}
"""What the server does, by state and message."""

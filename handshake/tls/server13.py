"""The server of TLS 1.3: one function an edge of the diagram (RFC 8446 section 4).

It answers a ClientHello with everything that it has to say, and protects all of it but the ServerHello.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls import signing
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
from handshake.tls.exchange import Share
from handshake.tls.hellos import RETRY_RANDOM
from handshake.tls.messages import (
    Certificate13,
    CertificateRequest13,
    CertificateVerify,
    ClientHello,
    EncryptedExtensions,
    EndOfEarlyData,
    Finished13,
    HelloRetryRequest,
    ServerHello,
)
from handshake.tls.sessions import Session
from handshake.tls.suites import Suite
from handshake.tls.tickets13 import give_ticket, protocol_of, session_of, skips, takes_early

if TYPE_CHECKING:
    from handshake.tls.server import Server


def recv_client_hello(server: Server, hello: ClientHello, version: str) -> None:
    """START, ClientHello: choose, and say everything (RFC 8446 section 4.1.2)."""
    agreed = server.agreed
    # 1. Check, and choose.
    offered: dict[int, Any] = {each.number: each for each in hello.extensions or ()}
    _check_hello(server, hello, offered)
    if server.retry is not None:
        _check_second(server, hello, offered, version)
    suite = _choose_suite(server, hello)
    group = _choose_group(server, offered)
    agreed.version, agreed.suite, agreed.client_random = "TLS 1.3", suite, hello.random
    shares = dict(offered[ext13.KeyShare.number].shares)
    if group not in shares:
        _ask_again(server, hello, group)
        return
    psk = session_of(server, hello, offered, suite)
    if psk is None and ext.SignatureAlgorithms.number not in offered:  # (its ticket was no good)
        why = "leaves out signature_algorithms, and has to be shown a certificate"
        raise server.wrong(why, "RFC 8446 section 4.2.3", "missing_extension")
    scheme = _choose_scheme(server, offered) if psk is None else None
    if psk is None and scheme is None:
        why = "takes no signature that this server's key can make"
        raise server.wrong(why, "RFC 8446 section 4.4.2.2", "handshake_failure")
    early = takes_early(server, offered, psk, suite)
    # 2. Transcript.
    told = server.heard()
    agreed.places["client random"] = (told.number, 6)
    agreed.places["client share"] = (told.number, told.data.find(shares[group]))
    # 3. Answer; derive and change keys in between.
    share = Share(group, server.random, "server")
    dhe = share.premaster(shares[group], server.peer)
    server.begin_schedule(suite, psk.master if psk else None)
    if early:
        server.advance("client_hello")
        server.early_left, server.early_taken = psk.early if psk else 0, True
        server.protect("client", "client_early_traffic_secret", "early data")
    _greet(server, hello, share, psk)
    server.advance("server_hello", dhe)
    server.protect("server", "server_handshake_traffic_secret", "handshake")
    if not early:
        server.protect("client", "client_handshake_traffic_secret", "handshake")
        server.records.skip = skips(server) if ext13.EarlyData.number in offered else 0
    server.say(EncryptedExtensions(_answers(server, offered, early)))
    asks = psk is None and server.client_auth != "none"
    if psk is None:
        _say_who(server, offered, asks)
    server.say(Finished13(server.finished_of("server")))
    server.advance("server_finished")
    server.protect("server", "server_application_traffic_secret_0", "data")
    server.state = "WAIT_EOED" if early else "WAIT_CERT" if asks else "WAIT_FINISHED"


def _check_hello(server: Server, hello: ClientHello, offered: dict[int, Any]) -> None:
    """What every hello of TLS 1.3 has to have (RFC 8446 sections 4.1.2, 4.2 and 9.2)."""
    if hello.compression_methods != (0,):
        why = "offers compression, which TLS 1.3 has not"
        raise server.wrong(why, "RFC 8446 section 4.1.2", "illegal_parameter")
    if hello.version <= 0x0300:
        why = "names SSL 3.0 as its version, which nobody may speak"
        raise server.wrong(why, "RFC 8446 appendix D.5", "protocol_version")
    if ext13.Cookie.number in offered:
        why = "brings a cookie, and was given none"
        raise server.wrong(why, "RFC 8446 section 4.2.2", "illegal_parameter")
    check_places(server, hello.extensions or (), hello.name)
    needed: list[type[Any]] = [ext.SupportedGroups, ext13.KeyShare]
    if ext13.PreSharedKey.number not in offered:
        needed.append(ext.SignatureAlgorithms)
    else:
        needed.append(ext13.PskModes)
        if not {kind.number for kind in needed[:2]} & offered.keys():
            why = "would use its pre-shared key without (EC)DHE, which this server does not"
            raise server.wrong(why, "RFC 8446 section 4.2.9", "handshake_failure")
    for kind in needed:
        if kind.number not in offered:
            why = f"leaves out {ext.extension_name(kind.number)}, without which there is no handshake"
            raise server.wrong(why, "RFC 8446 section 9.2", "missing_extension")
    groups = [group for group, _ in offered[ext13.KeyShare.number].shares]
    known = offered[ext.SupportedGroups.number].groups
    if len(set(groups)) < len(groups) or not set(groups) <= set(known):
        why = "sends two shares of one group, or one of a group that it does not name"
        raise server.wrong(why, "RFC 8446 section 4.2.8", "illegal_parameter")
    if ext13.PreSharedKey.number in offered and (hello.extensions or ())[-1] != offered[41]:
        why = "has its pre-shared keys not at the end, where their binders belong"
        raise server.wrong(why, "RFC 8446 section 4.2.11", "illegal_parameter")


def _check_second(server: Server, hello: ClientHello, offered: dict[int, Any], version: str) -> None:
    """Whether the second hello is the first, but for what it was to change (RFC 8446 section 4.1.2)."""
    first, wanted = server.hello_before, server.wanted_group
    fixed = ("version", "random", "session_id", "cipher_suites")
    same = first is not None and all(getattr(first, name) == getattr(hello, name) for name in fixed)
    before = {each.number: each for each in (first.extensions if first else None) or ()}
    may_change = {ext13.KeyShare.number, ext13.EarlyData.number, 21}
    if ext13.PreSharedKey.number in before:
        may_change.add(ext13.PreSharedKey.number)
    for number in (before.keys() | offered.keys()) - may_change:
        same = same and before.get(number) == offered.get(number)
    groups = tuple(group for group, _ in offered[ext13.KeyShare.number].shares)
    if not same or groups != (wanted,) or ext13.EarlyData.number in offered or version != "TLS 1.3":
        why = "sends another hello than it was asked for: the first, with one share of that group"
        raise server.wrong(why, "RFC 8446 section 4.1.2", "illegal_parameter")


def _choose_suite(server: Server, hello: ClientHello) -> Suite:
    for suite in server.settings.suites_for("TLS 1.3"):
        if suite.number in hello.cipher_suites:
            return suite
    why = "offers no suite of TLS 1.3 that this server speaks"
    raise server.wrong(why, "RFC 8446 section 4.1.1", "handshake_failure")


def _choose_group(server: Server, offered: dict[int, Any]) -> int:
    """The group: the first of the server's of which a share came; else the first that both know."""
    known = offered[ext.SupportedGroups.number].groups
    shares = dict(offered[ext13.KeyShare.number].shares)
    both = [group for group in server.settings.groups if group in known]
    if not both:
        why = "knows none of the groups that this server can use"
        raise server.wrong(why, "RFC 8446 section 4.1.1", "handshake_failure")
    return next((group for group in both if group in shares), both[0])


def _choose_scheme(server: Server, offered: dict[int, Any]) -> int | None:
    said = offered.get(ext.SignatureAlgorithms.number)
    if said is None or server.identity is None:
        return None
    key = server.identity.key.public_key()
    return signing.choose(key, said.schemes, server.settings.schemes, "TLS 1.3")


def _ask_again(server: Server, hello: ClientHello, group: int) -> None:
    """Ask for another hello, with a share of that group (HelloRetryRequest, RFC 8446 section 4.1.4)."""
    server.heard()
    first = bytes(server.transcript)
    server.transcript[:] = message_hash(server.suite, first)
    server.retry = HelloRetryRequest(
        0x0303, RETRY_RANDOM, hello.session_id, server.suite.number, 0,
        (ext13.SupportedVersions((0x0304,)), ext13.KeyShare(((group, b""),))),
    )  # fmt: skip
    server.hello_before, server.wanted_group = hello, group
    server.say(server.retry)
    server.note("there is no share of a group that both can use: asks for another hello")
    if hello.session_id:
        server.say_dummy()
    if any(isinstance(each, ext13.EarlyData) for each in hello.extensions or ()):
        server.records.skip = skips(server)


def _greet(server: Server, hello: ClientHello, share: Share, session: Session | None) -> None:
    """The ServerHello: what both need for the keys, and nothing else (RFC 8446 section 4.1.3)."""
    agreed = server.agreed
    agreed.server_random = server.random("server random", 32)
    answers: list[ext.Extension] = [
        ext13.SupportedVersions((0x0304,)), ext13.KeyShare(((share.group, share.public),)),
    ]  # fmt: skip
    if session is not None:
        answers.append(ext13.PreSharedKey(selected=server.selected))
    told = server.say(
        ServerHello(0x0303, agreed.server_random, hello.session_id, server.suite.number, 0, tuple(answers))
    )
    agreed.places["server random"] = (told.number, 6)
    agreed.places["server share"] = (told.number, told.data.find(share.public))
    server.note(f"chooses TLS 1.3 and {server.suite}")
    if hello.session_id and server.retry is None:
        server.say_dummy()


def _answers(server: Server, offered: dict[int, Any], early: bool) -> tuple[ext.Extension, ...]:
    """The server's other answers, encrypted (RFC 8446 section 4.3.1)."""
    answers: list[ext.Extension] = []
    if ext.ServerName.number in offered and not server.agreed.resumed:
        answers.append(ext.ServerName())
    protocol = server.agreed.protocol = protocol_of(server, offered)
    if protocol is not None:
        answers.append(ext.Protocols((protocol.encode(),)))
    if early:
        answers.append(ext13.EarlyData())
    return tuple(answers)


def _say_who(server: Server, offered: dict[int, Any], asks: bool) -> None:
    """CertificateRequest if the client is asked, Certificate, CertificateVerify (RFC 8446 section 4.4)."""
    if asks:
        wants: list[ext.Extension] = [ext.SignatureAlgorithms(server.settings.schemes)]
        if server.authorities:
            wants.append(ext13.Authorities(server.authorities))
        server.say(CertificateRequest13(tuple(wants)))
    server.say(Certificate13.of(server.identity.chain if server.identity else ()))
    proved = proof(server, offered[ext.SignatureAlgorithms.number].schemes)
    if proved is not None:  # (that there is a scheme was made sure of before)
        server.say(proved)


def recv_end_of_early_data(server: Server, _: EndOfEarlyData) -> None:
    """WAIT_EOED, EndOfEarlyData: from here on under the keys of the handshake (RFC 8446 section 4.5)."""
    server.heard()
    server.protect("client", "client_handshake_traffic_secret", "handshake")
    server.state = "WAIT_FINISHED"


def recv_certificate(server: Server, message: Certificate13) -> None:
    """WAIT_CERT, Certificate: the client says who it is, or that it is nobody (RFC 8446 section 4.4.2.4)."""
    check_context(server, message)
    if message.chain:
        server.client_key = peer_key(server, message)
        server.agreed.peer_chain = message.chain
        server.state = "WAIT_CV"
    elif server.client_auth == "required":
        why = "sends no certificate, and this server serves nobody without"
        raise server.wrong(why, "RFC 8446 section 4.4.2.4", "certificate_required")
    else:
        server.note("the client does not say who it is, and need not")
        server.state = "WAIT_FINISHED"
    server.heard()


def recv_certificate_verify(server: Server, message: CertificateVerify) -> None:
    """WAIT_CV, CertificateVerify: the client has the key of its certificate (RFC 8446 section 4.4.3)."""
    check_signature(server, server.client_key, message)
    server.heard()
    server.state = "WAIT_FINISHED"


def recv_finished(server: Server, message: Finished13) -> None:
    """WAIT_FINISHED, Finished: the handshake is over; a ticket may follow (RFC 8446 section 4.4.4)."""
    check_finished(server, message)
    server.heard()
    server.advance("client_finished")
    server.protect("client", "client_application_traffic_secret_0", "data")
    server.state = "CONNECTED"
    modes = find_extension(server.hello.extensions if server.hello else None, ext13.PskModes)
    if server.sessions is not None and modes is not None and 1 in modes.modes:
        give_ticket(server)


HANDLERS: dict[tuple[str, str], Any] = {
    ("WAIT_EOED", "EndOfEarlyData"): recv_end_of_early_data,
    ("WAIT_CERT", "Certificate"): recv_certificate,
    ("WAIT_CV", "CertificateVerify"): recv_certificate_verify,
    ("WAIT_FINISHED", "Finished"): recv_finished,
    ("CONNECTED", "KeyUpdate"): recv_key_update,
    ("CLOSING", "KeyUpdate"): recv_key_update,
}
"""What the server does, by state and message; the ClientHello goes through `server.recv_client_hello`."""

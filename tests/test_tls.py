"""Both ends of TLS up to 1.2: every edge of the diagram, every message out of place, every rule of a peer."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from helpers_tls import mutated, pump
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake import sim
from handshake.entropy import Entropy
from handshake.errors import Refused
from handshake.pki.authority import Case, case
from handshake.tls import Client, Server, Sessions
from handshake.tls import extensions as ext
from handshake.tls.alerts import Alert
from handshake.tls.connection import EMPTY_MOST, WARNINGS_MOST
from handshake.tls.endpoint import MESSAGE_MOST, Endpoint
from handshake.tls.exchange import decrypt, encrypt, new_premaster
from handshake.tls.figure import EDGES, OVER, STATES, expected
from handshake.tls.keys import VERSIONS
from handshake.tls.messages import (
    KINDS,
    Certificate,
    CertificateVerify,
    ClientKeyExchange,
    HelloRequest,
    NewSessionTicket,
    ServerHelloDone,
    ServerKeyExchange,
    decode_handshake,
)
from handshake.tls.records import Record
from handshake.tls.suites import ALL, SUITES, Suite
from handshake.wire import replace


@cache
def chain(kind: str, purpose: str = "server") -> Case:
    host = "www.example.org" if purpose == "server" else "client.example.org"
    return case("none", kind=kind, purpose=purpose, host=host)


def both(
    version: str = "TLS 1.2", suite: int | str = "AES128-GCM-SHA256", auth: str = "none", kind: str = "",
    client: dict[str, Any] | None = None, server: dict[str, Any] | None = None,
) -> tuple[Client, Server]:  # fmt: skip
    """A client and a server that agree on one version and one suite."""
    kind = kind or ("ECDSA" if "ECDSA" in str(suite) else "RSA")
    of_server, of_client = chain(kind), chain(kind, "client")
    shows = {"certificate": of_client.chain, "key": of_client.key} if auth != "none" else {}
    one = Client("www.example.org", [version], [suite], **{"seed": 1, **shows, **(client or {})})
    other = Server(of_server.chain, of_server.key, [version], [suite], auth, **{"seed": 2, **(server or {})})
    return one, other


def connected(*args: Any, **choices: Any) -> tuple[Client, Server]:
    one, other = both(*args, **choices)
    pump(one, other)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), (one, other)
    return one, other


EC = "ECDHE-RSA-AES128-GCM-SHA256"

COMBINATIONS = [
    pytest.param(version, suite, auth, id=f"{version}, {suite.openssl}{', client too' * (auth != 'none')}")
    for version, suite, auth in itertools.product(VERSIONS, ALL.values(), ("none", "required"))
    if suite.serves(version)
    and not (auth != "none" and version == "SSL 3.0" and suite.authentication == "ECDSA")
]


@pytest.mark.parametrize(("version", "suite", "auth"), COMBINATIONS)
def test_every_suite_of_every_version_completes(version: str, suite: Suite, auth: str) -> None:
    one, other = connected(version, suite.number, auth, kind=suite.authentication)
    one.send(b"hello, server" * 2000)
    other.send(b"hello, client" * 3000)
    pump(one, other)
    assert other.received == b"hello, server" * 2000
    assert one.received == b"hello, client" * 3000
    assert one.secrets == other.secrets
    assert len(one.secrets["CLIENT_RANDOM"]) == 48
    assert [s.value for s in one.derived if s.label == "key block"] == [
        s.value for s in other.derived if s.label == "key block"
    ]
    one.close()
    pump(one, other)
    assert (one.state, other.state) == ("CLOSED", "CLOSED")
    assert (one.error, other.error) == (None, None)


# ---- The diagram -----------------------------------------------------------------------------------------

USUAL = {(edge.end, edge.source, edge.event, edge.target) for edge in EDGES}


def moves_of(end: Endpoint) -> set[tuple[str, str, str, str]]:
    return {
        (end.end, move.before["state"], move.cause.removeprefix("rcv "), move.after["state"])
        for move in end.moves
        if not move.cause.startswith(("rcv alert", "rcv what cannot be", "close", "end of stream"))
    }


def test_every_move_is_an_edge_and_every_edge_is_reached() -> None:
    seen: set[tuple[str, str, str, str]] = set()
    for suite, auth in itertools.product(
        ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"), ("none", "required")
    ):
        for end in connected(suite=suite, auth=auth):
            seen |= moves_of(end)
    one, other = connected(auth="optional", client={"certificate": None, "key": None})
    seen |= moves_of(one) | moves_of(other)
    sessions = Sessions()
    first, _ = connected(server={"sessions": sessions})
    again = connected(client={"session": first.session}, server={"sessions": sessions})
    for end in again:
        assert end.agreed.resumed
        seen |= moves_of(end)
    again[1].ask_again()
    again[0].say(again[0].hello)
    pump(*again)
    for end in (*again, ticketed()):
        seen |= moves_of(end)
    assert seen == USUAL


def ticketed() -> Client:
    """A client whose server hands out a ticket (ours does not: its bytes are put into its mouth)."""
    one, _ = both(client={"tickets": True})

    class Generous(Server):
        def change_writing(self) -> None:
            self.say(NewSessionTicket(300, b"ticket"))
            super().change_writing()

    made = chain("RSA")
    other = Generous(made.chain, made.key, ["TLS 1.2"], ["AES128-GCM-SHA256"], seed=2)
    other.receive(one.outgoing())
    flight = bytearray(other.outgoing())
    # The promise stands in the ServerHello, which our server does not make: so it is written in.
    record = Record.decode(bytes(flight[: 5 + int.from_bytes(flight[3:5], "big")]))
    hello = decode_handshake(record.fragment)
    changed = replace(hello, extensions=(*hello.extensions, ext.SessionTicket()))  # type: ignore[attr-defined, arg-type]
    one.receive(Record(22, 0x0303, changed.encode()).encode() + flight[5 + len(record.fragment) :])
    start = bytes(other.transcript).index(record.fragment)
    other.transcript[start : start + len(record.fragment)] = changed.encode()
    pump(one, other)
    assert one.state == "CONNECTED", one
    return one


def test_the_diagram_is_whole() -> None:
    assert {edge.source for edge in EDGES} | {edge.target for edge in EDGES} <= set(STATES)
    for kind, handlers in (("client", Client.handlers), ("server", Server.handlers)):
        events = {(edge.source, edge.event) for edge in EDGES if edge.end == kind and edge.event != "open"}
        assert set(handlers) == events


# ---- What is out of place --------------------------------------------------------------------------------


def at_state(end: str, state: str) -> Endpoint:
    """An end in that state, brought there by a peer that behaves, record by record."""
    for suite, auth in itertools.product(("AES128-GCM-SHA256", EC), ("none", "required")):
        one, other = both(suite=suite, auth=auth)
        mine, theirs = (one, other) if end == "client" else (other, one)
        for _ in range(12):
            theirs.receive(mine.outgoing())
            data = theirs.outgoing()
            while data and mine.state != state:
                size = 5 + int.from_bytes(data[3:5], "big")
                mine.receive(data[:size])
                data = data[size:]
            if mine.state == state:
                return mine
    pytest.fail(f"{end} never gets to {state}")


WAITING = sorted({(edge.end, edge.source) for edge in EDGES if edge.event != "open"})
SAMPLES: dict[str, Any] = {
    "HelloRequest": HelloRequest(), "NewSessionTicket": NewSessionTicket(1, b"t"),
    "Certificate": Certificate((b"x",)),
    "ServerKeyExchange": ServerKeyExchange(29, b"p", 0x0401, b"s"), "ServerHelloDone": ServerHelloDone(),
    "CertificateVerify": CertificateVerify(0x0401, b"s"), "ClientKeyExchange": ClientKeyExchange(b"k"),
}  # fmt: skip


OUT_OF_PLACE = [
    pytest.param(end, state, kind.name, id=f"{end}, {state}, {kind.name}")
    for end, state in WAITING
    for kind in KINDS.values()
    if kind.name == "NewSessionTicket"  # (none was promised)
    or (kind.name not in expected(end, state) and (kind.name, end) != ("HelloRequest", "client"))
]


@pytest.mark.parametrize(("end", "state", "name"), OUT_OF_PLACE)
def test_a_message_out_of_place_is_answered_with_unexpected_message(end: str, state: str, name: str) -> None:
    mine = at_state(end, state)
    mine.outgoing()
    number = next(kind.number for kind in KINDS.values() if kind.name == name)
    data = SAMPLES[name].encode() if name in SAMPLES else bytes([number, 0, 0, 0])
    if mine.records.reads is None:
        mine.receive(Record(22, 0x0303, data).encode())
    else:  # what its peer would have sealed
        peer = mine.records.reads
        twin = type(peer)(
            peer.suite, "TLS 1.2", peer.mac_key, peer.key, peer.iv, writer=peer.writer, seq=peer.seq
        )
        mine.receive(twin.seal(22, data).encode())
    assert (mine.state, mine.alert_sent and mine.alert_sent.name) == ("FAILED", "unexpected_message")
    assert f"in {state} the {end} expects" in str(mine.error)
    assert f"it got {name}" in str(mine.error)


@pytest.mark.parametrize(
    ("end", "state"), [pair for pair in WAITING if pair[1] not in ("CONNECTED", "WAIT_FINISHED")]
)
@pytest.mark.parametrize(("kind", "data", "alert"), [
    (23, b"hello", "unexpected_message"), (22, b"", "unexpected_message"), (21, b"", "unexpected_message"),
    (20, b"", "unexpected_message"), (20, b"\2", "illegal_parameter"), (20, b"\1\1", "illegal_parameter"),
    (21, b"\3\0", "decode_error"), (21, b"\2", "decode_error"), (22, bytes(16385), "record_overflow"),
    (22, b"\1\xff\xff\xff", "illegal_parameter|unexpected_message"),
])  # fmt: skip
def test_a_record_that_no_peer_may_send(end: str, state: str, kind: int, data: bytes, alert: str) -> None:
    mine = at_state(end, state)
    mine.receive(Record(kind, 0x0303, data).encode())
    assert mine.state == "FAILED"
    assert mine.alert_sent is not None
    assert mine.alert_sent.name in alert.split("|")


@pytest.mark.parametrize(("data", "alert"), [
    (b"\x80\x2e\x01\x00\x02", "unexpected_message"),  # how SSL 2.0 began
    (b"GET / HTTP/1.1\r\n\r\n", "unexpected_message"),
    (b"\x16\x03\x01\xff\xff", "record_overflow"),
    (b"\x16\x02\x01\x00\x01\x01", "protocol_version"),
])  # fmt: skip
def test_what_is_no_tls_gets_an_alert_too(data: bytes, alert: str) -> None:
    _, server = both()
    server.receive(data)
    assert (server.state, server.alert_sent and server.alert_sent.name) == ("FAILED", alert)
    before = server.outgoing()
    server.receive(data)
    assert before
    assert server.outgoing() == b""


# ---- What a peer may not say -----------------------------------------------------------------------------


def changed(end: str, name: str, **fields: Any) -> sim.Tamper:
    """A message with other fields."""
    return sim.edit_message(end, name, lambda message: replace(message, **fields))


def with_extensions(end: str, name: str, *more: Any, without: tuple[int, ...] = ()) -> sim.Tamper:
    def edit(message: Any) -> Any:
        kept = tuple(each for each in message.extensions or () if each.number not in without)
        return replace(message, extensions=(*kept, *more))

    return sim.edit_message(end, name, edit)


RULES: list[tuple[str, str, sim.Tamper, str, str]] = [
    (
        "a version that was not offered",
        "AES128-SHA",
        changed("server", "ServerHello", version=0x0301),
        "client",
        "protocol_version",
    ),
    (
        "a suite that was not offered",
        EC,
        changed("server", "ServerHello", cipher_suite=0x002F),
        "client",
        "illegal_parameter",
    ),
    (
        "a suite that nobody knows",
        EC,
        changed("server", "ServerHello", cipher_suite=0x9999),
        "client",
        "illegal_parameter",
    ),
    (
        "a suite that is not for this version",
        EC,
        changed("server", "ServerHello", version=0x0302),
        "client",
        "protocol_version",
    ),
    (
        "a suite that came with a later version",
        "AES128-GCM-SHA256|AES128-SHA",
        changed("server", "ServerHello", version=0x0302, cipher_suite=0x009C),
        "client",
        "illegal_parameter",
    ),
    (
        "SSL 3.0 with an extension that it does not have",
        "AES128-GCM-SHA256|AES128-SHA",
        changed("server", "ServerHello", version=0x0300, cipher_suite=0x002F),
        "client",
        "protocol_version",
    ),
    (
        "compression",
        EC,
        changed("server", "ServerHello", compression_method=1),
        "client",
        "illegal_parameter",
    ),
    (
        "an answer that nobody asked for",
        EC,
        with_extensions("server", "ServerHello", ext.Other(77, b"")),
        "client",
        "unsupported_extension",
    ),
    (
        "a protocol that nobody asked for",
        EC,
        with_extensions("server", "ServerHello", ext.Protocols((b"h2",))),
        "client",
        "unsupported_extension",
    ),
    (
        "a handshake that goes on from nothing",
        EC,
        with_extensions("server", "ServerHello", ext.RenegotiationInfo(b"x" * 12), without=(0xFF01,)),
        "client",
        "handshake_failure",
    ),
    (
        "points in another form only",
        EC,
        with_extensions("server", "ServerHello", ext.PointFormats((1,)), without=(11,)),
        "client",
        "illegal_parameter",
    ),
    (
        "encrypt-then-MAC without CBC",
        "AES128-GCM-SHA256|AES128-SHA",
        with_extensions("server", "ServerHello", ext.EncryptThenMac(), without=(22,)),
        "client",
        "illegal_parameter",
    ),
    ("no certificate", EC, changed("server", "Certificate", chain=()), "client", "decode_error"),
    (
        "a certificate that is none",
        EC,
        changed("server", "Certificate", chain=(b"nonsense",)),
        "client",
        "bad_certificate",
    ),
    (
        "a key of another kind",
        EC,
        changed(
            "server",
            "Certificate",
            chain=(chain("ECDSA").chain[0].public_bytes(Encoding.DER),),
        ),
        "client",
        "unsupported_certificate",
    ),
    (
        "a group that was not offered",
        EC,
        changed("server", "ServerKeyExchange", group=0x0019),
        "client",
        "illegal_parameter",
    ),
    (
        "a way to sign that was not offered",
        EC,
        changed("server", "ServerKeyExchange", scheme=0x0301),
        "client",
        "illegal_parameter",
    ),
    (
        "a way to sign that is not the key's",
        EC,
        changed("server", "ServerKeyExchange", scheme=0x0403),
        "client",
        "illegal_parameter",
    ),
    (
        "a signature that does not verify",
        EC,
        changed("server", "ServerKeyExchange", signature=bytes(256)),
        "client",
        "decrypt_error",
    ),
    (
        "another public value than was signed",
        EC,
        changed("server", "ServerKeyExchange", public=bytes(31) + b"\1"),
        "client",
        "decrypt_error",
    ),
    (
        "no point",
        EC,
        changed("client", "ClientKeyExchange", exchange=b"\4\5\6"),
        "server",
        "illegal_parameter",
    ),
    (
        "a point that makes no secret",
        EC,
        changed("client", "ClientKeyExchange", exchange=bytes(32)),
        "server",
        "illegal_parameter",
    ),
    (
        "only compression",
        EC,
        changed("client", "ClientHello", compression_methods=(1,)),
        "server",
        "illegal_parameter",
    ),
    (
        "no suite that the server speaks",
        EC,
        changed("client", "ClientHello", cipher_suites=(0x1301,)),
        "server",
        "handshake_failure",
    ),
    (
        "a version that nobody speaks any more",
        EC,
        changed("client", "ClientHello", version=0x0302),
        "server",
        "protocol_version",
    ),
    (
        "a fallback",
        EC + "|AES128-SHA",
        changed("client", "ClientHello", version=0x0302, cipher_suites=(0x002F, 0x5600)),
        "server",
        "inappropriate_fallback",
    ),
    (
        "no host",
        EC,
        with_extensions("client", "ClientHello", ext.ServerName(((7, b"x"),)), without=(0,)),
        "server",
        "illegal_parameter",
    ),
    (
        "a host with a zero in it",
        EC,
        with_extensions("client", "ClientHello", ext.ServerName(((0, b"a\0b"),)), without=(0,)),
        "server",
        "illegal_parameter",
    ),
    (
        "no group that both know",
        EC,
        with_extensions("client", "ClientHello", ext.SupportedGroups((0x0100,)), without=(10,)),
        "server",
        "handshake_failure",
    ),
    (
        "no way to sign that both know",
        EC,
        with_extensions("client", "ClientHello", ext.SignatureAlgorithms((0x0403,)), without=(13,)),
        "server",
        "handshake_failure",
    ),
    (
        "an extension twice",
        EC,
        with_extensions("client", "ClientHello", ext.ExtendedMasterSecret()),
        "server",
        "decode_error",
    ),
    (
        "a byte of the client's random",
        EC,
        sim.flip_byte("client", "ClientHello", 20),
        "client",
        "decrypt_error",
    ),
    (
        "a byte of the client's random, with RSA",
        "AES128-GCM-SHA256",
        sim.flip_byte("client", "ClientHello", 20),
        "server",
        "bad_record_mac",
    ),
    (
        "the encrypted premaster secret",
        "AES128-GCM-SHA256",
        sim.flip_byte("client", "ClientKeyExchange", 60),
        "server",
        "bad_record_mac",
    ),
    ("the client's Finished", EC, sim.flip_byte("client", 4, 12), "server", "bad_record_mac"),
]


def joined(suite: str, tampering: Any, **choices: Any) -> tuple[Client, Server]:
    """The two with somebody in between."""
    suites = suite.split("|")
    versions = ["TLS 1.1", "TLS 1.2"] if "AES128-SHA" in suites and len(suites) > 1 else ["TLS 1.2"]
    made = chain("RSA")
    one = Client("www.example.org", versions, suites, seed=1, **choices)
    other = Server(made.chain, made.key, versions, suites, seed=2)
    path = sim.handshakes.InPath(tampering)
    pump(one, other, lambda end, data: path.passes(end, data).onwards)
    return one, other


@pytest.mark.parametrize(("suite", "tamper", "who", "alert"), [
    pytest.param(*rule[1:], id=f"{rule[0]}, {rule[1]}") for rule in RULES
])  # fmt: skip
def test_who_notices_and_with_which_alert(suite: str, tamper: sim.Tamper, who: str, alert: str) -> None:
    one, other = joined(suite, tamper)
    noticed, told = (one, other) if who == "client" else (other, one)
    assert (noticed.alert_sent and noticed.alert_sent.name) == alert, (one, other)
    assert noticed.state == told.state == "FAILED"
    assert told.alert_received == noticed.alert_sent
    assert alert in str(told.error)
    assert noticed.secrets == {} or noticed.session is None


def test_a_bad_premaster_secret_fails_in_one_way_only() -> None:
    """Whatever is wrong with it: the same alert and the same bytes, and nothing said before Finished."""
    made = chain("RSA")
    public = made.key.public_key().public_numbers()
    size = (public.n.bit_length() + 7) // 8

    def sealed(block: bytes) -> bytes:
        return pow(int.from_bytes(block, "big"), public.e, public.n).to_bytes(size, "big")

    fill = b"\xaa" * (size - 51)
    bad = {
        "the wrong version": sealed(b"\0\2" + fill + b"\0" + b"\3\1" + bytes(46)),
        "too short": sealed(b"\0\2" + fill + b"\xaa" * 10 + b"\0" + b"\3\3" + bytes(36)),
        "no padding": sealed(b"\0\1" + fill + b"\0" + b"\3\3" + bytes(46)),
        "no zero": sealed(b"\0\2" + b"\xaa" * (size - 2)),
        "noise": b"\x11" * size,
        "too few bytes": b"\1\2\3",
    }
    seen = set()
    for what, exchange in bad.items():
        one, other = joined("AES128-GCM-SHA256", changed("client", "ClientKeyExchange", exchange=exchange))
        last = [move for move in other.moves if move.cause == "rcv ClientKeyExchange"]
        assert last, what
        assert last[0].after["state"] == "WAIT_CCS", what
        assert other.alert_sent is not None
        seen.add((other.alert_sent.name, other.state, one.alert_received, str(other.error)))
    assert len(seen) == 1


@pytest.mark.parametrize(("suite", "who", "alert"), [
    ("AES128-GCM-SHA256", "server", "bad_record_mac"), (EC, "client", "decrypt_error"),
])  # fmt: skip
def test_a_server_without_the_key_of_its_certificate_is_found_out(suite: str, who: str, alert: str) -> None:
    """With RSA at Finished, with ECDHE at once."""
    made, other = chain("RSA"), case(kind="RSA", seed=3)
    client = Client("www.example.org", ["TLS 1.2"], [suite], seed=1)
    server = Server(made.chain, other.key, ["TLS 1.2"], [suite], seed=2)
    pump(client, server)
    found = client if who == "client" else server
    assert (found.alert_sent and found.alert_sent.name) == alert
    assert "CONNECTED" not in (client.state, server.state)


def test_only_one_protocol_may_be_chosen_and_an_offered_one() -> None:
    for chosen, alert in (
        ((b"h2",), None),
        ((b"h2", b"http/1.1"), "illegal_parameter"),
        ((b"x",), "illegal_parameter"),
    ):
        tamper = with_extensions("server", "ServerHello", ext.Protocols(chosen))
        one, _ = joined(EC, tamper, protocols=("h2", "http/1.1"))
        if alert:
            assert one.alert_sent == alert, chosen
        else:  # right for the client, which finds out at Finished that somebody wrote it in
            assert one.agreed.protocol == "h2"


def test_a_ticket_that_was_promised_has_to_come() -> None:
    sessions = Sessions()
    first, _ = connected(server={"sessions": sessions})
    one, other = both(
        client={"session": first.session, "seed": 3, "tickets": True},
        server={"sessions": sessions, "seed": 4},
    )
    path = sim.handshakes.InPath(with_extensions("server", "ServerHello", ext.SessionTicket()))
    pump(one, other, lambda end, data: path.passes(end, data).onwards)
    assert one.alert_sent == "unexpected_message"  # ChangeCipherSpec came in its place
    one, _ = joined(EC, with_extensions("server", "ServerHello", ext.SessionTicket(b"now")), tickets=True)
    assert one.alert_sent == "illegal_parameter"


def test_a_premaster_secret_of_another_version_is_not_taken() -> None:
    """Who makes a client offer less cannot hide it: the secret tells what was offered (section 7.4.7.1)."""
    made = chain("RSA")
    draw = Entropy(5)
    premaster = new_premaster(0x0303, draw)
    sealed = encrypt(made.key.public_key(), premaster, draw)
    assert decrypt(made.key, sealed, 0x0303, draw) == premaster
    assert decrypt(made.key, sealed, 0x0302, draw) != premaster


def test_a_certificate_with_names_that_nobody_reads_does_not_stop_the_handshake_with_an_exception() -> None:
    """A SAN with an X.400 address: the parser raises, and what to think of it is for `verify` to say."""
    key = chain("RSA").key
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "odd")])
    day = datetime(2026, 1, 1)
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), bytes.fromhex("3004a3023000"))
    built = x509.CertificateBuilder(name, name, key.public_key(), 7, day, day + timedelta(days=9))
    made = built.add_extension(odd, critical=False).sign(key, SHA256())
    client = Client("www.example.org", ["TLS 1.2"], [EC], seed=1)
    pump(client, Server([made], key, ["TLS 1.2"], [EC], seed=2))
    assert client.state == "CONNECTED"  # nobody checked


def test_a_certificate_on_a_curve_that_was_not_offered_is_used_by_neither() -> None:
    """The server does not choose it; and a client is not content with one that does."""
    made, suite = chain("ECDSA"), "ECDHE-ECDSA-AES128-GCM-SHA256"
    client = Client("www.example.org", ["TLS 1.2"], [suite], groups=["x25519"], seed=1)
    server = Server(made.chain, made.key, ["TLS 1.2"], [suite], seed=2)
    pump(client, server)
    assert server.alert_sent == "handshake_failure"
    client = Client("www.example.org", ["TLS 1.2"], [suite], groups=["x25519"], seed=1)
    server = Server(made.chain, made.key, ["TLS 1.2"], [suite], seed=2)
    more = with_extensions("client", "ClientHello", ext.SupportedGroups((0x001D, 0x0017)), without=(10,))
    path = sim.handshakes.InPath(more)  # the server believes that the curve was offered
    pump(client, server, lambda end, data: path.passes(end, data).onwards)
    assert client.alert_sent == "unsupported_certificate"


def test_points_in_another_form_only_are_refused_by_the_server_if_there_are_curves() -> None:
    tamper = with_extensions("client", "ClientHello", ext.PointFormats((1,)), without=(11,))
    _, other = joined(EC, tamper)
    assert other.alert_sent == "illegal_parameter"
    tamper = with_extensions("client", "ClientHello", ext.PointFormats((1,)), without=(10, 11))
    _, other = joined(EC, tamper)
    assert other.alert_sent == "handshake_failure"  # no curve is named: it may be about something else


def test_an_alert_in_the_middle_of_a_message_says_why_its_sender_gave_up() -> None:
    one, _ = both()
    one.receive(Record(22, 0x0303, b"\x02\0\0\x50\3\3").encode())  # a ServerHello begins
    one.receive(Record(21, 0x0303, Alert.of("internal_error").encode()).encode())
    assert (one.state, one.alert_received, one.alert_sent) == ("FAILED", "internal_error", None)
    one, _ = both()
    one.receive(Record(22, 0x0303, b"\x02\0\0\x50\3\3").encode())
    one.receive(Record(20, 0x0303, b"\1").encode())
    assert (one.state, one.alert_sent) == ("FAILED", "unexpected_message")


def test_ssl30_has_fewer_alerts() -> None:
    """Where SSL 3.0 has no word for what is wrong, the nearest one is said (RFC 6101 section 5.4.2)."""
    one, other = both("SSL 3.0", "AES128-SHA")
    path = sim.handshakes.InPath(changed("server", "Certificate", chain=()))
    pump(one, other, lambda end, data: path.passes(end, data).onwards)
    assert one.alert_sent == "handshake_failure"
    assert "decode_error" not in str(other.error)
    one, other = both(
        "SSL 3.0", "AES128-SHA", client={"verify": lambda chain: Verdict(False, "unknown_ca", None)}
    )
    pump(one, other)
    assert one.alert_sent == "bad_certificate"
    one, other = connected("SSL 3.0", "AES128-SHA")
    other.ask_again()
    pump(one, other)
    assert (one.alert_sent, one.state) == (None, "CONNECTED")  # refused without a word: it has none


def test_a_client_without_suites_for_its_version_says_so() -> None:
    with pytest.raises(ValueError, match="none of the suites"):
        Client("www.example.org", ["TLS 1.1"], ["AES128-GCM-SHA256"])


def test_groups_and_schemes_go_by_number_or_name_and_others_are_refused() -> None:
    client = Client(None, groups=["secp384r1", 0x0017], schemes="ecdsa_secp256r1_sha256", seed=1)
    assert client.settings.groups == (0x0018, 0x0017)
    assert client.settings.schemes == (0x0403,)
    for choices, words in (
        ({"groups": ["ffdhe2048"]}, "a group is one of x25519"),
        ({"groups": [0x9999]}, "not 0x9999"),
        ({"schemes": ["dsa"]}, "a scheme is one of"),
        ({"groups": []}, "needs a group"),
        ({"protocols": [""]}, "1 to 255 bytes"),
        ({"suites": []}, "at least"),
    ):
        with pytest.raises(ValueError, match=words):
            Client(None, **choices)


# ---- Sessions, renegotiation, the end --------------------------------------------------------------------


def test_a_session_goes_on_and_only_if_it_may() -> None:
    sessions = Sessions()
    first, _ = connected(server={"sessions": sessions})
    assert first.session is not None
    one, other = connected(client={"session": first.session, "seed": 3}, server={"sessions": sessions})
    assert (one.agreed.resumed, other.agreed.resumed) == (True, True)
    assert one.agreed.master == first.agreed.master
    assert [told.name for told in one.told].count("Certificate") == 0
    keys = [next(s.value for s in end.derived if s.label == "key block") for end in (first, one)]
    assert keys[0] != keys[1]  # the old secret, new randoms: new keys
    # Another suite, another name, a forgotten session: a handshake from the start.
    for choices in (
        {"suites": ["AES256-GCM-SHA384"]}, {"server_name": "other.example.org"},
        {"versions": ["TLS 1.1"], "suites": ["AES128-SHA"]},
    ):  # fmt: skip
        wanted = {
            "server_name": "www.example.org",
            "versions": ["TLS 1.2"],
            "suites": ["AES128-GCM-SHA256"],
            **choices,
        }
        made = chain("RSA")
        client = Client(**wanted, session=first.session, seed=3)
        server = Server(made.chain, made.key, wanted["versions"], wanted["suites"], sessions=sessions, seed=4)
        pump(client, server)
        assert (client.state, client.agreed.resumed) == ("CONNECTED", False), choices
    # A client without the extended master secret does not offer a session that has one ...
    without = Client("www.example.org", ["TLS 1.2"], ["AES128-GCM-SHA256"], session=first.session,
                     extended_master_secret=False, seed=5)  # fmt: skip
    assert without.hello.session_id == b""


def test_a_session_is_not_gone_on_with_if_its_extended_master_secret_is_gone() -> None:
    """... and a server that is asked for that all the same refuses (RFC 7627 section 5.3)."""
    sessions = Sessions()
    first, _ = connected(server={"sessions": sessions})
    client = Client("www.example.org", ["TLS 1.2"], ["AES128-GCM-SHA256"], session=first.session, seed=5)
    assert client.hello.session_id == first.session.id
    less = tuple(each for each in client.hello.extensions or () if each.number != 23)
    hello = replace(client.hello, extensions=less).encode()
    made = chain("RSA")
    server = Server(made.chain, made.key, ["TLS 1.2"], ["AES128-GCM-SHA256"], sessions=sessions, seed=6)
    server.receive(Record(22, 0x0303, hello).encode())
    assert server.alert_sent == "handshake_failure"


def test_a_session_from_before_anybody_was_asked_does_not_go_on_where_one_is_asked() -> None:
    sessions = Sessions()
    first, _ = connected(server={"sessions": sessions})
    _, other = connected(
        auth="required",
        client={"session": first.session, "seed": 3},
        server={"sessions": sessions, "seed": 4},
    )
    assert not other.agreed.resumed
    assert other.agreed.peer_chain


def test_a_session_is_forgotten_by_whoever_is_told_a_fatal_alert() -> None:
    sessions = Sessions()
    one, other = connected(server={"sessions": sessions})
    assert one.session is not None
    assert len(sessions) == 1
    one.receive(Record(23, 0x0303, bytes(30)).encode())  # the client finds a bad record, and says so
    pump(one, other)
    assert other.alert_received == "bad_record_mac"
    assert (one.session, len(sessions)) == (None, 0)


def test_a_server_may_ask_before_the_first_hello_and_it_counts_for_nothing() -> None:
    one, other = both()
    other.ask_again()
    pump(one, other)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED")
    one.close()
    pump(one, other)
    with pytest.raises(Refused):
        other.ask_again()


def test_sessions_are_forgotten_after_a_fatal_alert_and_when_there_are_too_many() -> None:
    sessions = Sessions(most=2)
    one, other = connected(server={"sessions": sessions})
    other.receive(Record(23, 0x0303, bytes(30)).encode())
    assert other.state == "FAILED"
    assert len(sessions) == 0
    for seed in range(3):
        made = chain("RSA")
        client = Client("a", ["TLS 1.2"], ["AES128-GCM-SHA256"], seed=f"c{seed}")
        pump(client, Server(made.chain, made.key, ["TLS 1.2"], sessions=sessions, seed=f"s{seed}"))
        assert client.state == "CONNECTED"
    assert len(sessions) == 2
    assert one.session is not None


def test_another_handshake_is_refused_politely_and_not_for_ever() -> None:
    one, other = connected()
    for _ in range(WARNINGS_MOST):
        other.ask_again()
        pump(one, other)
        assert one.alert_sent is not None
        assert (one.alert_sent.name, one.state, other.state) == ("no_renegotiation", "CONNECTED", "CONNECTED")
    one.send(b"still here")
    pump(one, other)
    assert other.received == b"still here"
    other.ask_again()
    pump(one, other)
    assert (one.state, one.alert_sent.name) == ("FAILED", "unexpected_message")


def test_records_without_data_are_taken_and_not_for_ever() -> None:
    one, other = connected()
    for _ in range(EMPTY_MOST):
        one._write(23, b"")
    pump(one, other)
    assert other.state == "CONNECTED"
    one._write(23, b"")
    pump(one, other)
    assert other.state == "FAILED"


def test_a_message_that_never_ends_is_not_waited_for() -> None:
    _, server = both()
    server.receive(Record(22, 0x0301, b"\1" + (MESSAGE_MOST + 1).to_bytes(3, "big")).encode())
    assert (server.state, server.alert_sent and server.alert_sent.name) == ("FAILED", "illegal_parameter")


def test_the_end_said_and_unsaid() -> None:
    one, other = connected()
    one.close()
    with pytest.raises(Refused, match="nothing can be sent"):
        one.send(b"more")
    other.receive(one.outgoing())
    assert (other.state, one.state) == ("CLOSED", "CLOSING")
    one.receive(other.outgoing())
    assert one.state == "CLOSED"
    one.end_of_stream()
    assert one.error is None
    one, other = connected()
    other.end_of_stream()
    assert other.state == "FAILED"
    assert "without close_notify: data may be missing" in str(other.error)
    one.close()
    one.end_of_stream()
    assert (one.state, one.error) == ("CLOSED", None)


def test_data_sent_too_early_wait_for_the_end_of_the_handshake() -> None:
    one, other = both()
    one.send(b"hello, ")
    one.send(b"server")
    pump(one, other)
    assert other.received == b"hello, server"


def test_any_pieces_give_the_same_handshake() -> None:
    one, other = both(auth="required")
    for _ in range(8):
        for mine, theirs in ((one, other), (other, one)):
            for octet in mine.outgoing():
                theirs.receive(bytes([octet]))
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED")


def test_messages_may_be_cut_into_records_in_any_way() -> None:
    """Each handshake message in records of one byte."""
    one, other = both("TLS 1.2", EC)

    def crumbled(end: str, data: bytes) -> bytes:
        out, at, sealed = b"", 0, False
        while at < len(data):
            size = 5 + int.from_bytes(data[at + 3 : at + 5], "big")
            record = Record.decode(data[at : at + size])
            at += size
            if record.type == 22 and not sealed:
                out += b"".join(
                    Record(22, record.version, bytes([octet])).encode() for octet in record.fragment
                )
            else:
                sealed = sealed or record.type == 20
                out += record.encode()
        return out

    pump(one, other, crumbled)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), (one, other)


def test_a_change_in_the_middle_of_a_message_is_refused() -> None:
    one, other = both()
    other.receive(one.outgoing())
    one.receive(Record(22, 0x0303, b"\2\0").encode())
    one.receive(Record(20, 0x0303, b"\1").encode())
    assert (one.state, one.alert_sent and one.alert_sent.name) == ("FAILED", "unexpected_message")


def test_the_same_seed_gives_the_same_bytes() -> None:
    def said(seed: int, suite: str) -> bytes:
        one, other = both(suite=suite, client={})
        one = Client("www.example.org", ["TLS 1.2"], [suite], seed=seed)
        out = b""

        def kept(end: str, data: bytes) -> bytes:
            nonlocal out
            out += data
            return data

        pump(one, other, kept)
        return out

    for suite in ("AES128-GCM-SHA256", EC, "AES128-SHA256"):
        assert said(7, suite) == said(7, suite)
        assert said(7, suite) != said(8, suite)


class Verdict(NamedTuple):
    """What some checker may answer."""

    ok: bool
    alert: str
    first_failure: None


@pytest.mark.parametrize(("verdict", "alert"), [
    (True, ""), (None, ""), (False, "bad_certificate"),
    (Verdict(False, "certificate_expired", None), "certificate_expired"),
])  # fmt: skip
def test_who_judges_the_chain_is_an_argument(verdict: Any, alert: str) -> None:
    asked = []

    def verify(certificates: list[Any]) -> Any:
        asked.append([each.subject.rfc4514_string() for each in certificates])
        return verdict

    one, other = both(client={"verify": verify})
    pump(one, other)
    assert len(asked[0]) == 2
    assert (one.alert_sent.name if one.alert_sent else "") == alert
    assert one.state == ("FAILED" if alert else "CONNECTED")


def test_client_authentication_none_optional_required() -> None:
    nobody = {"certificate": None, "key": None}
    for auth, shows, good in (
        ("optional", False, True),
        ("required", False, False),
        ("required", True, True),
    ):
        one, other = both(auth=auth, client={} if shows else nobody)
        pump(one, other)
        assert (other.state == "CONNECTED") is good
        assert bool(other.agreed.peer_chain) is (shows and good)
        if not good:
            assert other.alert_sent is not None
            assert other.alert_sent.name == "handshake_failure"
    one, other = both("SSL 3.0", "AES128-SHA", "optional", client=nobody)
    pump(one, other)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED")
    one, other = both("SSL 3.0", "AES128-SHA", "required", client=nobody)
    pump(one, other)
    assert other.alert_sent is not None
    assert other.alert_sent.name == "handshake_failure"


def test_protocols_are_chosen_by_the_server() -> None:
    one, other = connected(client={"protocols": ["h2", "http/1.1"]}, server={"protocols": ["http/1.1"]})
    assert one.agreed.protocol == other.agreed.protocol == "http/1.1"
    one, other = both(client={"protocols": ["h2"]}, server={"protocols": ["http/1.1"]})
    pump(one, other)
    assert other.alert_sent is not None
    assert other.alert_sent.name == "no_application_protocol"


@pytest.mark.parametrize(("choices", "words"), [
    ({"versions": ["TLS 9"]}, "a version is one of"), ({"suites": ["RC4"]}, "no suite 'RC4' is spoken here"),
    ({"groups": (1,)}, "a group is one of"), ({"suites": []}, "a version and a suite are needed"),
    ({"key": b"x"}, "a key without a certificate"),
])  # fmt: skip
def test_choices_that_make_no_handshake_are_refused(choices: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Client("a", **choices)
    made = chain("RSA")
    with pytest.raises(ValueError, match="client_auth is one of none, optional, required"):
        Server(made.chain, made.key, client_auth="maybe")
    with pytest.raises(ValueError, match="a server needs a certificate"):
        Server()
    with pytest.raises(TypeError, match="there is no choice colour"):
        Client("a", colour="red")


# ---- Hostile peers ---------------------------------------------------------------------------------------


@cache
def flights(suite: str, auth: str) -> tuple[tuple[str, bytes], ...]:
    """What an honest pair sends, flight by flight."""
    one, other = both(suite=suite, auth=auth)
    found: list[tuple[str, bytes]] = []

    def kept(end: str, data: bytes) -> bytes:
        if data:
            found.append((end, data))
        return data

    pump(one, other, kept)
    return tuple(found)


@given(
    st.sampled_from(["AES128-GCM-SHA256", EC, "AES128-SHA256", "ECDHE-ECDSA-AES128-SHA"]),
    st.sampled_from(["none", "required"]),
    st.sampled_from(["client", "server"]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(["change", "cut", "insert", "repeat"]),
)
@settings(max_examples=150)
def test_whatever_a_peer_sends_an_end_answers_and_never_breaks(
    suite: str, auth: str, end: str, places: list[tuple[int, int]], how: str
) -> None:
    """Honest flights with bytes changed, cut, put in or repeated: an alert, or nothing; soon over."""
    one, other = both(suite=suite, auth=auth)
    left = list(places)

    def path(sender: str, data: bytes) -> bytes:
        if sender == end or not data or not left:
            return data
        return mutated(data, *left.pop(), how)

    pump(one, other, path)
    for mine in (one, other):
        assert mine.state in STATES
        if mine.state == "FAILED":
            assert mine.error is not None
            assert mine.alert_sent or mine.alert_received
        assert len(mine.moves) < 40
    if one.state == other.state == "CONNECTED":
        assert one.secrets == other.secrets


@given(st.binary(max_size=400))
def test_noise_ends_in_an_alert_or_in_waiting(noise: bytes) -> None:
    for end in both():
        end.outgoing()
        end.receive(noise)
        assert end.state in ("FAILED", "START", "WAIT_SH", "CLOSED")
        assert (end.state in OVER) is bool(end.alert_sent or end.alert_received)


def test_every_suite_that_is_spoken_is_offered() -> None:
    one = Client("a", ["TLS 1.2"], seed=1)
    assert one.hello.cipher_suites == tuple(n for n, suite in SUITES.items() if suite.since != "TLS 1.3")
    assert Client("a", seed=1).hello.cipher_suites == tuple(SUITES)
    assert Entropy(1)("client random", 32) == one.hello.random
    assert repr(one) == "Client(WAIT_SH, no version yet)"

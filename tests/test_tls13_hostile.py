"""TLS 1.3 against peers that do wrong: messages out of place, broken rules, records that nobody may send."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from helpers_tls import mutated
from helpers_tls13 import (
    AES128,
    AES256,
    ASKS,
    NOBODY,
    Between,
    again,
    alert,
    both,
    chain,
    connected,
    fields,
    met,
    otherwise,
    pump,
    sealed,
    twin,
    with_extensions,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake.tls import Client, Server, Sessions, signing
from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls.alerts import Alert
from handshake.tls.connection import EMPTY_MOST
from handshake.tls.endpoint import MESSAGE_MOST, Endpoint
from handshake.tls.exchange import Share
from handshake.tls.figure import OVER
from handshake.tls.figure13 import EDGES, STATES, expected
from handshake.tls.hellos import RETRY_RANDOM
from handshake.tls.messages import (
    KINDS,
    KINDS13,
    Certificate13,
    CertificateRequest13,
    CertificateVerify,
    EncryptedExtensions,
    EndOfEarlyData,
    Finished13,
    HelloRetryRequest,
    KeyUpdate,
    NewSessionTicket13,
    handshake_name,
)
from handshake.tls.messages13 import Entry
from handshake.tls.records import PLAIN_MOST, Record
from handshake.tls.schedule import transcript_hash
from handshake.tls.watcher import Watcher
from handshake.wire import replace

# ---- What is out of place --------------------------------------------------------------------------------


def pairs(how: str) -> tuple[Client, Server]:
    """Two ends with nothing carried yet."""
    if how in ("none", "required"):
        return both(auth=how, kind="ECDSA")
    if how == "retry":
        return both(server=ASKS, kind="ECDSA")
    sessions = Sessions()
    sessions.add(ticket())
    return again(sessions, otherwise(ticket()), b"early" if how == "early" else b"", kind="ECDSA")


@cache
def ticket() -> Any:
    """What both remember of one connection."""
    return met(Sessions(), kind="ECDSA")


def at_state(end: str, state: str) -> Endpoint:
    """An end in that state, brought there by a peer that behaves, record by record.

    state: one of figure13.STATES; with ", again" behind it after a HelloRetryRequest.
    """
    wanted, _, retried = state.partition(", ")
    for how in ("retry",) if retried else ("none", "required", "resumed", "early"):
        one, other = pairs(how)
        mine, theirs = (one, other) if end == "client" else (other, one)
        if wanted == "CLOSING":
            pump(one, other)
            mine.close()
            return mine

        def there(mine: Endpoint = mine) -> bool:
            return mine.state == wanted and (not retried or mine.tls13)

        for _ in range(12):
            if there():
                return mine
            theirs.receive(mine.outgoing())
            data = theirs.outgoing()
            while data and not there():
                size = 5 + int.from_bytes(data[3:5], "big")
                mine.receive(data[:size])
                data = data[size:]
    pytest.fail(f"{end} never gets to {state}")


def put(end: Endpoint, kind: int, data: bytes) -> None:
    """A record of its peer, sealed as it has to be now."""
    reads = end.records.reads
    end.receive((Record(kind, 0x0303, data) if reads is None else twin(reads).seal(kind, data)).encode())


WAITING = sorted({(edge.end, edge.source) for edge in EDGES if edge.event != "open"})
WAITING += [("client", "WAIT_SH, again"), ("server", "START, again")]
NUMBERS = sorted({*KINDS, *KINDS13, 254})
OUT_OF_PLACE = [
    pytest.param(end, state, number, id=f"{end}, {state}, {handshake_name(number)}")
    for end, state in WAITING
    for number in NUMBERS
    if handshake_name(number) not in expected(end, state.partition(", ")[0])
    and not (state == "WAIT_SH" and number == 0)  # (up to TLS 1.2 it is passed over there)
]


@pytest.mark.parametrize(("end", "state", "number"), OUT_OF_PLACE)
def test_a_message_out_of_place_is_answered_with_unexpected_message(
    end: str, state: str, number: int
) -> None:
    mine = at_state(end, state)
    mine.outgoing()
    put(mine, 22, bytes([number, 0, 0, 0]))
    assert (mine.state, alert(mine)) == ("FAILED", "unexpected_message")
    assert f"in {state.partition(', ')[0]} the {end} expects" in str(mine.error)
    assert f"it got {handshake_name(number)}" in str(mine.error)


UNDER_KEYS = [pair for pair in WAITING if not pair[1].startswith(("START", "WAIT_SH"))]


@pytest.mark.parametrize(("end", "state"), [
    pair for pair in WAITING if pair[1] not in ("CONNECTED", "CLOSING", "WAIT_EOED")
])  # fmt: skip
def test_data_before_the_end_of_the_handshake_are_out_of_place(end: str, state: str) -> None:
    mine = at_state(end, state)
    put(mine, 23, b"hello")
    assert (mine.state, alert(mine), mine.received) == ("FAILED", "unexpected_message", b"")


@pytest.mark.parametrize(("end", "state"), UNDER_KEYS)
@pytest.mark.parametrize(("inner", "words", "wanted"), [
    (b"\1\x14", "something of type 20", "unexpected_message"),
    (b"hello\x18", "something of type 24", "unexpected_message"),
    (b"", "nothing but padding", "unexpected_message"),
    (bytes(40), "nothing but padding", "unexpected_message"),
    (b"\x16", "is empty", "unexpected_message"),
    (b"\x16" + bytes(9), "is empty", "unexpected_message"),
    (b"\x15", "is empty", "unexpected_message"),
    (b"\2\x15", "", "decode_error"),
    (b"\2\x28\1\0\x15", "", "decode_error"),
    (bytes(PLAIN_MOST + 1) + b"\x17", "16385 is the most", "record_overflow"),
    (b"\x17" + bytes(PLAIN_MOST + 1), "16385 is the most", "record_overflow"),
    (b"\1\1\1" + bytes(PLAIN_MOST + 241), "16640 is the most", "record_overflow"),
])  # fmt: skip
def test_a_protected_record_that_no_peer_may_send(
    end: str, state: str, inner: bytes, words: str, wanted: str
) -> None:
    mine = at_state(end, state)
    mine.receive(sealed(twin(mine.records.reads), inner))
    assert (mine.state, alert(mine)) == ("FAILED", wanted)
    assert words in str(mine.error)


@pytest.mark.parametrize(("end", "state"), UNDER_KEYS)
@pytest.mark.parametrize(("kind", "data", "wanted"), [
    (22, b"\x14\0\0\x20" + bytes(32), "unexpected_message"), (23, b"hello", "bad_record_mac"),
    (23, b"", "bad_record_mac"), (23, bytes(17), "bad_record_mac"),
    (20, b"\2", "unexpected_message"), (20, b"\1\1", "unexpected_message"), (20, b"", "unexpected_message"),
])  # fmt: skip
def test_a_record_that_is_not_protected(end: str, state: str, kind: int, data: bytes, wanted: str) -> None:
    mine = at_state(end, state)
    mine.receive(Record(kind, 0x0303, data).encode())
    assert (mine.state, alert(mine)) == ("FAILED", wanted)


@pytest.mark.parametrize(("end", "state"), WAITING)
def test_a_change_cipher_spec_is_passed_over_in_the_handshake_and_only_there(end: str, state: str) -> None:
    """RFC 8446 section 5: after the first ClientHello, before the other end's Finished."""
    mine = at_state(end, state)
    mine.receive(Record(20, 0x0303, b"\1").encode())
    if state in ("CONNECTED", "CLOSING", "START"):
        assert (mine.state, alert(mine)) == ("FAILED", "unexpected_message")
        return
    assert (mine.state, alert(mine)) == (state.partition(", ")[0], "")
    for _ in range(EMPTY_MOST):
        mine.receive(Record(20, 0x0303, b"\1").encode())
    assert (mine.state, alert(mine)) == ("FAILED", "unexpected_message")


@pytest.mark.parametrize("end", ["client", "server"])
@pytest.mark.parametrize("name", ["close_notify", "internal_error"])
@pytest.mark.parametrize("updated", [False, True])
def test_an_alert_that_is_not_protected_says_nothing_once_both_have_keys(
    end: str, name: str, updated: bool
) -> None:
    """Anybody on the way could say so, and cut the data off (RFC 8446 sections 5 and 6.1)."""
    one, other = connected()
    mine, theirs = (one, other) if end == "client" else (other, one)
    if updated:
        theirs.update_keys()
        pump(one, other)
    mine.receive(Record(21, 0x0303, Alert.of(name).encode()).encode())
    assert (mine.state, alert(mine), mine.alert_received) == ("FAILED", "unexpected_message", None)


def test_who_gives_up_before_there_are_keys_is_heard() -> None:
    one, other = both()
    other.receive(one.outgoing())
    other.receive(Record(21, 0x0301, Alert.of("illegal_parameter").encode()).encode())
    assert (other.state, other.alert_received, other.alert_sent) == ("FAILED", "illegal_parameter", None)


@pytest.mark.parametrize("kind", [22, 23])
def test_a_record_in_the_clear_is_no_longer_than_a_record_may_be(kind: int) -> None:
    """After a HelloRetryRequest too (RFC 8446 section 5.1)."""
    one, other = both(server=ASKS)
    other.receive(one.outgoing())
    one.receive(other.outgoing())
    data = one.outgoing()
    dummy, hello = data[:6], data[6:]
    assert Record.decode(dummy).type == 20
    message = one.hello
    long = replace(message, extensions=(*(message.extensions or ()), ext.Other(21, bytes(PLAIN_MOST))))
    assert hello[5:] == message.encode()
    if kind == 22:
        other.receive(Record(22, 0x0303, long.encode()).encode())
        assert (other.state, alert(other)) == ("FAILED", "record_overflow")
    else:  # in two records it is as good as any
        octets = long.encode()
        for part in (octets[:PLAIN_MOST], octets[PLAIN_MOST:]):
            other.receive(Record(22, 0x0303, part).encode())
        assert other.state == "WAIT_FINISHED", other


@pytest.mark.parametrize("end", ["client", "server"])
def test_nothing_comes_between_the_pieces_of_a_message(end: str) -> None:
    one, other = connected()
    mine = one if end == "client" else other
    whole = KeyUpdate(0).encode()
    writes = twin(mine.records.reads)
    mine.receive(writes.seal(22, whole[:2]).encode())
    assert mine.state == "CONNECTED"
    mine.receive(writes.seal(23, b"data").encode())
    assert (mine.state, alert(mine), mine.received) == ("FAILED", "unexpected_message", b"")
    assert "in the middle of a handshake message" in str(mine.error)


@pytest.mark.parametrize("end", ["client", "server"])
def test_a_message_in_pieces_is_a_message(end: str) -> None:
    one, other = connected()
    mine, theirs = (one, other) if end == "client" else (other, one)
    writes = twin(mine.records.reads)
    for octet in KeyUpdate(0).encode():
        mine.receive(writes.seal(22, bytes([octet])).encode())
    assert mine.state == "CONNECTED"
    assert mine.records.reads.secret == writes.next().secret  # type: ignore[union-attr]
    assert theirs.state == "CONNECTED"


@pytest.mark.parametrize("what", [
    "ServerHello", "server Finished", "EndOfEarlyData", "client Finished", "KeyUpdate", "ClientHello"
])  # fmt: skip
def test_no_message_reaches_over_a_change_of_keys(what: str) -> None:
    """RFC 8446 section 5.1: what stands in one record is under one key."""
    more = KeyUpdate(0).encode()
    if what == "KeyUpdate":
        one, _ = connected()
        mine: Endpoint = one
        put(one, 22, KeyUpdate(0).encode() + more)
        assert "behind KeyUpdate" in str(mine.error)
    elif what == "ClientHello":
        one, mine = both()
        mine.receive(Record(22, 0x0301, one.hello.encode() + more).encode())
    else:
        sessions = Sessions()
        one, other = again(sessions, met(sessions), b"early" if what == "EndOfEarlyData" else b"")
        name = what.rpartition(" ")[2]
        sender = "server" if what.startswith(("server", "Server")) else "client"
        mine = one if sender == "server" else other
        path = Between(one, other, {(sender, name): lambda message: message.encode() + more})
        pump(one, other, path)
        assert path.done == 1
    assert (mine.state, alert(mine)) == ("FAILED", "unexpected_message")


def test_a_message_that_never_ends_is_not_waited_for() -> None:
    for end in ("client", "server"):
        mine = at_state(end, "CONNECTED")
        put(mine, 22, bytes((KeyUpdate.number,)) + (MESSAGE_MOST + 1).to_bytes(3, "big"))
        assert (mine.state, alert(mine)) == ("FAILED", "illegal_parameter")


def test_key_updates_are_answered_and_not_for_ever() -> None:
    one, other = connected()
    for _ in range(EMPTY_MOST + 2):
        one.update_keys(request=True)
        one.send(b"x")
        other.send(b"y")
        pump(one, other)
    assert (len(other.received), len(one.received)) == (EMPTY_MOST + 2, EMPTY_MOST + 2)
    for _ in range(EMPTY_MOST + 1):  # (data begin the count anew)
        one.update_keys()
    pump(one, other)
    assert (other.state, alert(other)) == ("FAILED", "unexpected_message")


def test_answers_that_were_asked_for_are_no_flood() -> None:
    """Who only sends, and asks for an update now and then, gets nothing but the answers that it wants."""
    one, other = connected()
    for _ in range(EMPTY_MOST + 1):
        one.update_keys(request=True)
        one.send(b"x")
        pump(one, other)
        assert one.state == "CONNECTED", one
    assert other.received == b"x" * (EMPTY_MOST + 1)


# ---- What a peer may not say -----------------------------------------------------------------------------

POINT = Share(0x0017, lambda label, size: b"\7" * size, "server").public
RETRY = HelloRetryRequest(
    0x0303, RETRY_RANDOM, b"", 0x1301, 0, (ext13.SupportedVersions((0x0304,)), ext13.KeyShare(((0x18, b""),)))
)


def flipped(name: str) -> Any:
    """An edit that flips a bit in a field."""

    def edit(message: Any) -> Any:
        value = bytearray(getattr(message, name))
        value[len(value) // 2] ^= 4
        return replace(message, **{name: bytes(value)})

    return edit


def entries(**values: Any) -> Any:
    """An edit that gives the first certificate of a chain other fields."""

    def edit(message: Any) -> Any:
        first, *others = message.entries
        return replace(message, entries=(replace(first, **values), *others))

    return edit


def again_in(edit: Any) -> Any:
    """A HelloRetryRequest with the session id of what it is made from."""
    return lambda message: replace(edit, session_id=message.session_id)


def shares(*groups: tuple[int, bytes]) -> Any:
    return with_extensions(ext13.KeyShare(groups), without=(51,))


SH, HRR, EE, CH = "ServerHello", "HelloRetryRequest", "EncryptedExtensions", "ClientHello"
TWO: dict[str, Any] = {"suite": [AES128, AES256]}
ASKED: dict[str, Any] = {"server": ASKS}
PROTOCOLS: dict[str, Any] = {"client": {"protocols": ["h2", "http/1.1"]}}
AUTH: dict[str, Any] = {"auth": "required"}
MAY: dict[str, Any] = {"auth": "optional"}
ILLEGAL, MISSING, UNSUPPORTED = "illegal_parameter", "missing_extension", "unsupported_extension"
Rule = tuple[str, dict[str, Any], str, str, Any, str]

RULES: list[Rule] = [
    # (what, choices, whose message, its name, the edit, the alert of the other end)
    ("a suite that nobody knows", {}, "server", SH, fields(cipher_suite=0x9999), ILLEGAL),
    ("a suite that was not offered", {}, "server", SH, fields(cipher_suite=0x1302), ILLEGAL),
    ("a suite of TLS 1.2", {"suite": None, "versions": None}, "server", SH, fields(cipher_suite=0xC02F),
     ILLEGAL),
    ("another session id", {}, "server", SH, fields(session_id=b"x" * 32), ILLEGAL),
    ("no session id", {}, "server", SH, fields(session_id=b""), ILLEGAL),
    ("compression", {}, "server", SH, fields(compression_method=1), ILLEGAL),
    ("another legacy version", {}, "server", SH, fields(version=0x0302), ILLEGAL),
    ("TLS 1.3 as the legacy version", {}, "server", SH, fields(version=0x0304), ILLEGAL),
    ("TLS 1.2 as the version", {}, "server", SH,
     with_extensions(ext13.SupportedVersions((0x0303,)), without=(43,)), ILLEGAL),
    ("a version to come", {}, "server", SH,
     with_extensions(ext13.SupportedVersions((0x0305,)), without=(43,)), ILLEGAL),
    ("no version", {}, "server", SH, with_extensions(without=(43,)), "protocol_version"),
    ("no key share", {}, "server", SH, with_extensions(without=(51,)), MISSING),
    ("a share of a group of which none was sent", {}, "server", SH, shares((0x17, POINT)), ILLEGAL),
    ("a share that makes no secret", {}, "server", SH, shares((0x1D, bytes(32))), ILLEGAL),
    ("a share that is too short", {}, "server", SH, shares((0x1D, bytes(31))), ILLEGAL),
    ("a point that is on no curve", {"client": {"groups": [0x17]}}, "server", SH,
     shares((0x17, b"\4" + bytes(64))), ILLEGAL),
    ("a point in another form", {"client": {"groups": [0x17]}}, "server", SH,
     shares((0x17, b"\2" + POINT[1:33])), ILLEGAL),
    ("a pre-shared key that was not offered", {}, "server", SH, with_extensions(ext13.PreSharedKey()),
     UNSUPPORTED),
    ("an answer that nobody asked for", {}, "server", SH, with_extensions(ext.Other(77, b"")), UNSUPPORTED),
    ("a protocol in the clear", PROTOCOLS, "server", SH, with_extensions(ext.Protocols((b"h2",))), ILLEGAL),
    ("groups in the ServerHello", {}, "server", SH, with_extensions(ext.SupportedGroups((29,))), ILLEGAL),
    ("a cookie in the ServerHello", {}, "server", SH, with_extensions(ext13.Cookie(b"c")), ILLEGAL),
    ("an extended master secret", {"versions": None, "suite": None}, "server", SH,
     with_extensions(ext.ExtendedMasterSecret()), ILLEGAL),
    ("an extension twice", {}, "server", SH, with_extensions(ext13.SupportedVersions((0x0304,))),
     "decode_error"),
    ("a third hello", ASKED, "server", SH, again_in(RETRY), "unexpected_message"),
    ("a group of which there is a share", ASKED, "server", HRR, shares((0x1D, b"")), ILLEGAL),
    ("a group that was not offered", {"client": {"groups": [0x1D, 0x17]}, "server": ASKS}, "server", HRR,
     shares((0x18, b"")), ILLEGAL),
    ("a hello that would be the same", ASKED, "server", HRR, with_extensions(without=(51,)), ILLEGAL),
    ("another hello without a version", ASKED, "server", HRR, with_extensions(without=(43,)), ILLEGAL),
    ("another hello with a session id", ASKED, "server", HRR, fields(session_id=b"x"), ILLEGAL),
    ("another hello with compression", ASKED, "server", HRR, fields(compression_method=1), ILLEGAL),
    ("another hello for a suite not offered", ASKED, "server", HRR, fields(cipher_suite=0x1302), ILLEGAL),
    ("another hello, and what nobody asked", ASKED, "server", HRR, with_extensions(ext.Other(77, b"")),
     UNSUPPORTED),
    ("another hello with groups", ASKED, "server", HRR, with_extensions(ext.SupportedGroups((23,))), ILLEGAL),
    ("another suite than before", TWO | ASKED, "server", SH, fields(cipher_suite=0x1302), ILLEGAL),
    ("no version after another hello", ASKED, "server", SH, with_extensions(without=(43,)), ILLEGAL),
    ("a share of the first group after another hello", ASKED, "server", SH, shares((0x1D, b"9" * 32)),
     ILLEGAL),
    ("a key share under keys", {}, "server", EE, with_extensions(ext13.KeyShare(())), ILLEGAL),
    ("signature schemes in an answer", {}, "server", EE, with_extensions(ext.SignatureAlgorithms((0x0403,))),
     ILLEGAL),
    ("an answer under keys that nobody asked for", {}, "server", EE, with_extensions(ext.Other(77, b"")),
     UNSUPPORTED),
    ("a protocol without a question", {}, "server", EE, with_extensions(ext.Protocols((b"h2",))),
     UNSUPPORTED),
    ("a protocol that was not offered", PROTOCOLS, "server", EE, with_extensions(ext.Protocols((b"x",))),
     ILLEGAL),
    ("two protocols", PROTOCOLS, "server", EE, with_extensions(ext.Protocols((b"h2", b"http/1.1"))), ILLEGAL),
    ("early data that were not sent", {}, "server", EE, with_extensions(ext13.EarlyData()), UNSUPPORTED),
    ("a name in the answer", {}, "server", EE, with_extensions(ext.Other(0, b"x"), without=(0,)),
     "decode_error"),
    ("an answer twice", {}, "server", EE, with_extensions(ext.ServerName()), "decode_error"),
    ("a request without schemes", AUTH, "server", "CertificateRequest", with_extensions(without=(13,)),
     MISSING),
    ("a request with a context", AUTH, "server", "CertificateRequest", fields(context=b"c"), ILLEGAL),
    ("a request with a key share", AUTH, "server", "CertificateRequest",
     with_extensions(ext13.KeyShare(())), ILLEGAL),
    ("no certificate", {}, "server", "Certificate", fields(entries=()), "decode_error"),
    ("a certificate that is none", {}, "server", "Certificate", entries(certificate=b"nonsense"),
     "bad_certificate"),
    ("a certificate for another request", {}, "server", "Certificate", fields(context=b"c"), ILLEGAL),
    ("a certificate with more than was asked", {}, "server", "Certificate",
     entries(extensions=(ext.Other(5, b""),)), UNSUPPORTED),
    ("PKCS #1", {}, "server", "CertificateVerify", fields(scheme=0x0401), ILLEGAL),
    ("a scheme that was not offered", {"client": {"schemes": [0x0804]}}, "server", "CertificateVerify",
     fields(scheme=0x0805), ILLEGAL),
    ("a scheme that nobody knows", {}, "server", "CertificateVerify", fields(scheme=0x9999), ILLEGAL),
    ("SHA-1", {"kind": "ECDSA"}, "server", "CertificateVerify", fields(scheme=0x0203), ILLEGAL),
    ("the scheme of another kind of key", {}, "server", "CertificateVerify", fields(scheme=0x0403), ILLEGAL),
    ("the scheme of another curve", {"kind": "ECDSA"}, "server", "CertificateVerify", fields(scheme=0x0503),
     ILLEGAL),
    ("a bit of the signature", {}, "server", "CertificateVerify", flipped("signature"), "decrypt_error"),
    ("a bit of the signature, ECDSA", {"kind": "ECDSA"}, "server", "CertificateVerify", flipped("signature"),
     "decrypt_error"),
    ("a bit of the signature, Ed25519", {"kind": "Ed25519"}, "server", "CertificateVerify",
     flipped("signature"), "decrypt_error"),
    ("no signature", {}, "server", "CertificateVerify", fields(signature=b""), "decrypt_error"),
    ("a bit of the server's Finished", {}, "server", "Finished", flipped("verify_data"), "decrypt_error"),
    ("a short Finished", {}, "server", "Finished", fields(verify_data=bytes(12)), "decrypt_error"),
    ("a ticket of no bytes", {"server": {"sessions": Sessions()}}, "server", "NewSessionTicket",
     fields(ticket=b""), "decode_error"),
    ("a ticket with a key share", {"server": {"sessions": Sessions()}}, "server", "NewSessionTicket",
     with_extensions(ext13.KeyShare(())), ILLEGAL),
    # What the server finds.
    ("no groups", {}, "client", CH, with_extensions(without=(10,)), MISSING),
    ("no shares", {}, "client", CH, with_extensions(without=(51,)), MISSING),
    ("no schemes", {}, "client", CH, with_extensions(without=(13,)), MISSING),
    ("compression offered", {}, "client", CH, fields(compression_methods=(1, 0)), ILLEGAL),
    ("two shares of one group", {}, "client", CH, shares((0x1D, b"9" * 32), (0x1D, b"8" * 32)), ILLEGAL),
    ("a share of a group that is not named", {}, "client", CH, shares((0x19, b"9" * 133)), ILLEGAL),
    ("a share that makes no secret, of the client", {}, "client", CH, shares((0x1D, bytes(32))), ILLEGAL),
    ("an empty share", {}, "client", CH, with_extensions(ext.Other(51, bytes.fromhex("0004001d0000")),
                                                         without=(51,)), "decode_error"),
    ("no group that both know", {}, "client", CH,
     lambda hello: shares()(with_extensions(ext.SupportedGroups((0x100,)), without=(10,))(hello)),
     "handshake_failure"),
    ("no suite that both know", {}, "client", CH, fields(cipher_suites=(0x1303,)), "handshake_failure"),
    ("no scheme that both know", {}, "client", CH,
     with_extensions(ext.SignatureAlgorithms((0x0403,)), without=(13,)), "handshake_failure"),
    ("only PKCS #1", {}, "client", CH,
     with_extensions(ext.SignatureAlgorithms((0x0401,)), without=(13,)), "handshake_failure"),
    ("no version that both know", {}, "client", CH,
     with_extensions(ext13.SupportedVersions((0x0305, 0x0303)), without=(43,)), "protocol_version"),
    ("no list of versions", {}, "client", CH, with_extensions(without=(43,)), "protocol_version"),
    ("an extension twice, of the client", {}, "client", CH, with_extensions(ext13.PskModes()),
     "decode_error"),
    ("another random in the second hello", ASKED, "client", f"{CH} 2", flipped("random"), ILLEGAL),
    ("another version in the second hello", ASKED, "client", f"{CH} 2", fields(version=0x0302), ILLEGAL),
    ("another session id in the second hello", ASKED, "client", f"{CH} 2", fields(session_id=b""), ILLEGAL),
    ("another list of suites in the second hello", TWO | ASKED, "client", f"{CH} 2",
     fields(cipher_suites=(0x1301,)), ILLEGAL),
    ("more in the second hello", ASKED, "client", f"{CH} 2", with_extensions(ext.Protocols((b"h2",))),
     ILLEGAL),
    ("less in the second hello", ASKED, "client", f"{CH} 2", with_extensions(without=(0,)), ILLEGAL),
    ("another group in the second hello", ASKED, "client", f"{CH} 2", shares((0x1D, b"9" * 32)), ILLEGAL),
    ("no share in the second hello", ASKED, "client", f"{CH} 2", shares(), ILLEGAL),
    ("two shares in the second hello", ASKED, "client", f"{CH} 2",
     shares((0x17, POINT), (0x1D, b"9" * 32)), ILLEGAL),
    ("early data after the second hello", ASKED, "client", f"{CH} 2", with_extensions(ext13.EarlyData()),
     ILLEGAL),
    ("an empty certificate", AUTH, "client", "Certificate", fields(entries=()), "certificate_required"),
    ("an empty certificate for another request", MAY | {"client": NOBODY}, "client", "Certificate",
     fields(context=b"c"), ILLEGAL),
    ("a certificate of the client for another request", AUTH, "client", "Certificate", fields(context=b"c"),
     ILLEGAL),
    ("a certificate of the client with more", AUTH, "client", "Certificate",
     entries(extensions=(ext.Other(5, b""),)), UNSUPPORTED),
    ("a bit of the client's signature", AUTH, "client", "CertificateVerify", flipped("signature"),
     "decrypt_error"),
    ("PKCS #1 of the client", AUTH, "client", "CertificateVerify", fields(scheme=0x0401), ILLEGAL),
    ("a bit of the client's Finished", {}, "client", "Finished", flipped("verify_data"), "decrypt_error"),
]  # fmt: skip


@pytest.mark.parametrize(("choices", "end", "name", "edit", "wanted"), [
    pytest.param(*rule[1:], id=rule[0]) for rule in RULES
])  # fmt: skip
def test_who_notices_and_with_which_alert(
    choices: dict[str, Any], end: str, name: str, edit: Any, wanted: str
) -> None:
    one, other = both(**choices)
    path = Between(one, other, {(end, name): edit})
    pump(one, other, path)
    noticed, told = (one, other) if end == "server" else (other, one)
    assert path.done == 1
    assert (noticed.state, alert(noticed)) == ("FAILED", wanted), (one, other)
    assert (told.state, told.alert_received) == ("FAILED", noticed.alert_sent)
    assert noticed.session is None


GOES_ON: list[Rule] = [
    ("a binder with another bit", {}, "client", CH,
     lambda hello: with_extensions(
         replace((hello.extensions or ())[-1], binders=(bytes(32),)), without=(41,))(hello), "decrypt_error"),
    ("a binder of another hello", {}, "client", CH, flipped("random"), "decrypt_error"),
    ("a binder of another hash", {}, "client", CH,
     lambda hello: with_extensions(
         replace((hello.extensions or ())[-1], binders=(bytes(48),)), without=(41,))(hello), "decrypt_error"),
    ("keys that are not last", {}, "client", CH, with_extensions(ext.Other(77, b"")), ILLEGAL),
    ("keys without a mode", {}, "client", CH, with_extensions(without=(45,), first=True), MISSING),
    ("a ticket that nobody knows and no schemes", {"unknown": True}, "client", CH,
     with_extensions(without=(13,), first=True), MISSING),
    ("another binder after another hello", ASKED, "client", f"{CH} 2",
     lambda hello: with_extensions(
         replace((hello.extensions or ())[-1], binders=(bytes(32),)), without=(41,))(hello), "decrypt_error"),
    ("a key that was not offered", {}, "server", SH,
     with_extensions(ext13.PreSharedKey(selected=1), without=(41,)), ILLEGAL),
    ("a key that does not go with the suite", TWO, "server", SH, fields(cipher_suite=0x1302), ILLEGAL),
    ("a key, and no share", {}, "server", SH, with_extensions(without=(51,)), MISSING),
    ("a certificate though there is a key", {}, "server", "Finished",
     lambda _: Certificate13.of((b"x",)).encode(), "unexpected_message"),
    ("a request though there is a key", {}, "server", "Finished",
     lambda _: CertificateRequest13((ext.SignatureAlgorithms((0x0804,)),)).encode(), "unexpected_message"),
    ("early data taken though the key was not", {"early": b"x", "unknown": True}, "server", EE,
     with_extensions(ext13.EarlyData()), ILLEGAL),
    ("early data taken after another hello", {"early": b"x"} | ASKED, "server", EE,
     with_extensions(ext13.EarlyData()), UNSUPPORTED),
    ("no word that early data are over", {"early": b"x"}, "client", "EndOfEarlyData",
     lambda _: Finished13(bytes(32)).encode(), "unexpected_message"),
]  # fmt: skip


@pytest.mark.parametrize(("choices", "end", "name", "edit", "wanted"), [
    pytest.param(*rule[1:], id=rule[0]) for rule in GOES_ON
])  # fmt: skip
def test_who_notices_when_a_session_goes_on(
    choices: dict[str, Any], end: str, name: str, edit: Any, wanted: str
) -> None:
    choices = dict(choices)
    unknown, early, sessions = choices.pop("unknown", False), choices.pop("early", b""), Sessions()
    session = met(sessions, suite=choices.get("suite", AES128))
    one, other = again(Sessions() if unknown else sessions, session, early, **choices)
    path = Between(one, other, {(end, name): edit})
    pump(one, other, path)
    noticed = one if end == "server" else other
    assert path.done == 1
    assert (noticed.state, alert(noticed)) == ("FAILED", wanted), (one, other)


@pytest.mark.parametrize("signer", ["client", "server"])
@pytest.mark.parametrize("right", [True, False])
def test_a_signature_is_of_one_end_and_of_one_handshake(signer: str, right: bool) -> None:
    """RFC 8446 section 4.4.3: the words before what is signed keep the two ends' signatures apart."""
    one, other = both(auth="required")
    mine: Endpoint = one if signer == "client" else other
    key = chain("RSA", signer).key

    def edit(message: CertificateVerify) -> CertificateVerify:
        before: list[bytes] = []
        for told in mine.told:
            if (told.sender, told.name) == (signer, "CertificateVerify"):
                break
            before += [told.data] if told.name != "ChangeCipherSpec" else []
        whose = signer if right else mine.peer
        covered = signing.content13(whose, transcript_hash("sha256", b"".join(before)))
        assert len(covered) == 64 + len(f"TLS 1.3, {whose} CertificateVerify") + 1 + 32
        return replace(message, signature=signing.sign(key, 0x0804, covered), scheme=0x0804)

    pump(one, other, Between(one, other, {(signer, "CertificateVerify"): edit}))
    noticed = other if signer == "client" else one
    # The right one verifies; what is found then is that the transcripts differ, at Finished.
    where = "signature" if not right else "Finished"
    assert alert(noticed) == "decrypt_error"
    assert where in str(noticed.error)


@pytest.mark.parametrize("end", ["client", "server"])
def test_a_key_update_that_asks_for_something_else(end: str) -> None:
    mine = at_state(end, "CONNECTED")
    put(mine, 22, KeyUpdate(2).encode())
    assert (mine.state, alert(mine)) == ("FAILED", "illegal_parameter")


def test_more_early_data_than_the_ticket_allows() -> None:
    sessions = Sessions()
    session = met(sessions, early=100)
    for size, wanted in ((100, ""), (101, "unexpected_message")):
        fresh = Sessions()
        fresh.add(otherwise(session))
        one, other = again(fresh, otherwise(session, early=1000), b"x" * size, most=100)
        pump(one, other)
        assert alert(other) == wanted, size
    one, other = again(Sessions(), otherwise(session, early=200_000), b"x" * 150_000, most=100)
    pump(one, other)
    assert alert(other) == "unexpected_message"  # nobody took them, and they do not stop


@pytest.mark.parametrize("place", ["before the hello", "while they are passed over"])
def test_passing_over_early_data_is_no_licence(place: str) -> None:
    """What is skipped does not open; what opens and is wrong is refused, and what is in the clear too."""
    sessions = Sessions()
    one, other = again(sessions, met(sessions), b"x", most=0, server={"max_early_data": 0})
    if place == "before the hello":
        other.receive(Record(23, 0x0303, bytes(40)).encode())
    else:
        other.receive(one.outgoing())
        other.receive(Record(22, 0x0303, EndOfEarlyData().encode()).encode())
    assert (other.state, alert(other)) == ("FAILED", "unexpected_message")


# ---- Hostile peers ---------------------------------------------------------------------------------------


@given(
    st.sampled_from(["none", "required", "retry", "resumed", "early"]),
    st.sampled_from(["client", "server"]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(["change", "cut", "insert", "repeat"]),
)
@settings(max_examples=120, deadline=None)
def test_whatever_a_peer_sends_an_end_answers_and_never_breaks(
    how: str, end: str, places: list[tuple[int, int]], change: str
) -> None:
    """Honest flights with bytes changed, cut, put in or repeated: an alert, or nothing; soon over."""
    one, other = pairs(how)
    left, watcher = list(places), Watcher(lambda random: one.secrets | other.secrets)

    def path(sender: str, data: bytes) -> bytes:
        if sender != end and data and left:
            data = mutated(data, *left.pop(), change)
        for heard in watcher.feed(sender, data):
            assert heard.sender == sender
        return data

    pump(one, other, path)
    for mine in (one, other):
        assert mine.state in STATES or mine.state in OVER
        if mine.state == "FAILED":
            assert mine.error is not None
            assert mine.alert_sent or mine.alert_received
        assert len(mine.moves) < 40
    if one.state == other.state == "CONNECTED":
        assert one.secrets == other.secrets


EMPTY = {
    "EncryptedExtensions": EncryptedExtensions(), "Certificate": Certificate13(),
    "Finished": Finished13(b"x"), "CertificateVerify": CertificateVerify(0x0804, b"s"),
    "CertificateRequest": CertificateRequest13(()),
    "NewSessionTicket": NewSessionTicket13(1, 2, b"n", b"t"), "EndOfEarlyData": EndOfEarlyData(),
    "KeyUpdate": KeyUpdate(1), "Entry": Certificate13((Entry(b"c"),)),
}  # fmt: skip


@given(
    st.sampled_from(WAITING),
    st.lists(
        st.tuples(
            st.sampled_from([20, 21, 22, 22, 22, 23]),
            st.one_of(st.binary(max_size=60), st.sampled_from([each.encode() for each in EMPTY.values()])),
        ),
        min_size=1,
        max_size=4,
    ),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_under_the_right_keys_is_taken_or_answered(
    where: tuple[str, str], records: list[tuple[int, bytes]]
) -> None:
    """A peer that has the keys, and says what it likes."""
    mine = at_state(*where)
    for kind, data in records:
        if mine.state not in OVER:
            put(mine, kind, data)
    assert mine.state in STATES or mine.state in OVER
    assert (mine.state == "FAILED") <= bool(mine.alert_sent or mine.alert_received)


@given(st.binary(max_size=400), st.sampled_from(WAITING))
@settings(deadline=None)
def test_noise_ends_in_an_alert_or_in_waiting(noise: bytes, where: tuple[str, str]) -> None:
    mine = at_state(*where)
    mine.outgoing()
    before = mine.state
    mine.receive(noise)
    assert mine.state in (before, "FAILED", "CLOSED")
    assert (mine.state == "FAILED") <= bool(mine.alert_sent or mine.alert_received)


@given(
    st.sampled_from(["none", "required", "retry", "early"]),
    st.integers(0, 6000), st.integers(0, 255), st.sampled_from(["change", "cut", "insert", "repeat"]),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_who_reads_along_never_stumbles(
    how: str, place: int, value: int, change: str, with_keys: bool
) -> None:
    """Whole streams, the server's or the client's changed somewhere, with the secrets and without."""
    flights, secrets = said(how)
    watcher = Watcher((lambda random: secrets) if with_keys else (lambda random: {}))
    at = place % len(flights)
    for number, (sender, data) in enumerate(flights):
        for heard in watcher.feed(sender, mutated(data, place, value, change) if number == at else data):
            assert heard.sender == sender


@cache
def said(how: str) -> tuple[list[tuple[str, bytes]], dict[str, bytes]]:
    """What an honest pair sends, flight by flight, with data and an update of keys; and its secrets."""
    one, other = pairs(how)
    found: list[tuple[str, bytes]] = []

    def kept(end: str, data: bytes) -> bytes:
        if data:
            found.append((end, data))
        return data

    pump(one, other, kept)
    one.send(b"hello, server")
    one.update_keys(request=True)
    pump(one, other, kept)
    other.send(b"hello, client")
    pump(one, other, kept)
    one.close()
    pump(one, other, kept)
    return found, one.secrets

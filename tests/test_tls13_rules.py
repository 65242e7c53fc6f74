"""Rules of TLS 1.3 that a reader found unwatched: tickets, early data, versions, extensions, records."""

from __future__ import annotations

from typing import Any

import pytest
from helpers_tls13 import again, both, connected, met, pump

from handshake.errors import ProtocolError, Refused
from handshake.pki.authority import case
from handshake.tls import Client, Server, Sessions, decode_handshake
from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls.alerts import Alert
from handshake.tls.hellos import RETRY_RANDOM
from handshake.tls.messages import HelloRetryRequest, NewSessionTicket13
from handshake.tls.protection13 import Protection13
from handshake.tls.records import Record
from handshake.tls.schedule import extract, finished_key, transcript_hash
from handshake.tls.sessions import Session
from handshake.tls.suites import find
from handshake.tls.watcher import Watcher
from handshake.wire import replace

GET = b"GET / HTTP/1.1\r\n\r\n"


def alert(end: Any) -> str:
    return end.alert_sent.name if end.alert_sent else ""


def test_early_data_are_not_sent_again_under_another_protocol() -> None:
    """RFC 8446 section 4.2.10."""
    sessions = Sessions()
    http: dict[str, Any] = {"protocols": ["http/1.1"]}
    session = met(sessions, client=http, server=http)
    assert session.protocol == "http/1.1"
    both_: dict[str, Any] = {"protocols": ["h2", "http/1.1"]}
    one, other = again(sessions, session, GET, client=both_, server={"protocols": ["h2", "http/1.1"]})
    pump(one, other)
    assert (one.state, other.state, one.agreed.protocol) == ("CONNECTED", "CONNECTED", "h2")
    assert other.received == b""
    sessions = Sessions()
    session = met(sessions, client=http, server=http)
    one, other = again(sessions, session, GET, client={"protocols": ["h2"]}, server={"protocols": ["h2"]})
    assert all(each.number != 42 for each in one.hello.extensions or ())
    pump(one, other)
    assert other.received == b""


def test_a_cookie_that_no_hello_has_room_for_is_refused_and_a_small_one_comes_back() -> None:
    for size, wanted in ((65_500, "illegal_parameter"), (100, "")):
        one, _ = both()
        first = one.hello
        retry = HelloRetryRequest(
            0x0303, RETRY_RANDOM, first.session_id, 0x1301, 0,
            (ext13.SupportedVersions((0x0304,)), ext13.Cookie(b"c" * size)),
        )  # fmt: skip
        data = retry.encode()
        for start in range(0, len(data), 16384):
            one.receive(Record(22, 0x0303, data[start : start + 16384]).encode())
        assert alert(one) == wanted
        if not wanted:
            cookies = [each for each in one.hello.extensions or () if isinstance(each, ext13.Cookie)]
            assert cookies == [ext13.Cookie(b"c" * size)]


def test_records_that_are_passed_over_cost_something_even_when_they_are_empty() -> None:
    sessions = Sessions()
    one, other = again(sessions, met(sessions), b"early", server={"groups": ["secp256r1"]})
    other.receive(one.outgoing())
    other.receive(Record(23, 0x0303, b"").encode() * 50_000)
    assert (other.state, alert(other)) == ("FAILED", "unexpected_message")
    assert sum(len(move.notes) for move in other.moves) < 20


def test_how_much_early_data_may_come_is_the_tickets_word() -> None:
    """RFC 8446 section 4.6.1: what the server allows by now is another matter."""
    for allowed, by_now, size, wanted in ((1000, 100, 900, ""), (10, 1000, 900, None)):
        sessions = Sessions()
        session = met(sessions, early=allowed)
        sent = session if size <= allowed else Session(**{**session.__dict__, "early": size})
        one, other = again(sessions, sent, b"x" * size, most=by_now)
        pump(one, other)
        assert alert(other) == ("unexpected_message" if wanted is None else "")


def test_a_session_does_not_bring_back_a_client_that_was_revoked_since() -> None:
    """RFC 8446 section 4.6.1."""
    mine = case("none", purpose="client")
    made = case("none")
    revoked: list[bool] = []

    def verify(chain: list[Any]) -> Any:
        return not revoked

    sessions = Sessions()
    shows = {"certificate": mine.chain, "key": mine.key}
    first = Client("www.example.org", ["TLS 1.3"], **shows)
    pump(first, Server(made.chain, made.key, client_auth="required", verify=verify, sessions=sessions))
    assert first.session is not None
    revoked.append(True)
    second = Client("www.example.org", ["TLS 1.3"], session=first.session, **shows)
    server = Server(made.chain, made.key, client_auth="required", verify=verify, sessions=sessions)
    pump(second, server)
    assert not server.agreed.resumed
    assert (server.state, alert(server)) == ("FAILED", "bad_certificate")


def test_a_session_of_another_kind_is_no_pre_shared_key() -> None:
    """A session of TLS 1.2, or for another server name, found under the name of a ticket."""
    for changed in ({"version": "TLS 1.2"}, {"server_name": "other.example.org"}):
        sessions = Sessions()
        session = met(sessions)
        kept = Session(**{**session.__dict__, **changed})
        fresh = Sessions()
        fresh.add(kept)
        one, other = again(fresh, session)
        pump(one, other)
        assert (one.state, one.agreed.resumed, other.agreed.resumed) == ("CONNECTED", False, False), changed


def test_a_ticket_that_is_out_of_date_or_too_long_is_not_offered() -> None:
    sessions = Sessions()
    session = met(sessions)
    late = session.made + session.lifetime + 1
    assert Client("www.example.org", session=session, now=late).offered_session is None
    assert Client("www.example.org", session=session, now=late - 2).offered_session is session


@pytest.mark.parametrize(("choices", "wanted"), [
    ({"versions": ["TLS 1.2", "TLS 1.1"]}, "illegal_parameter"), ({"versions": ["TLS 1.1"]}, ""),
])  # fmt: skip
def test_a_client_of_tls12_heeds_the_mark_of_a_downgrade_to_tls11(choices: Any, wanted: str) -> None:
    """RFC 8446 section 4.1.3: it should."""
    made = case("none")
    suite = ["AES128-SHA"]
    one = Client("www.example.org", suites=suite, **choices)
    other = Server(made.chain, made.key, ["TLS 1.2", "TLS 1.1"], suite)
    hello = decode_handshake(one.outgoing()[5:])
    old = replace(hello, version=0x0302)
    other.receive(Record(22, 0x0301, old.encode()).encode())
    one.receive(other.outgoing())
    assert alert(one) == wanted


def hello_of(client: Client, **fields: Any) -> bytes:
    return Record(22, 0x0301, replace(client.hello, **fields).encode()).encode()


def test_what_a_hello_may_not_say() -> None:
    one, other = both()
    other.receive(hello_of(one, version=0x0300))
    assert alert(other) == "protocol_version"
    one, other = both()
    other.receive(hello_of(one, extensions=(*(one.hello.extensions or ()), ext13.Cookie(b"x"))))
    assert alert(other) == "illegal_parameter"


def test_a_server_of_tls12_answers_nothing_of_tls13() -> None:
    made = case("none")
    for more in (ext13.KeyShare(((0x1D, bytes(32)),)), ext.Other(45, b"\1\1")):
        one, other = Client("www.example.org"), Server(made.chain, made.key, ["TLS 1.2"])
        other.receive(one.outgoing())
        data = other.outgoing()
        first = Record.decode(data[: 5 + int.from_bytes(data[3:5], "big")])
        hello: Any = decode_handshake(first.fragment)
        changed = replace(hello, extensions=(*(hello.extensions or ()), more))
        one.receive(Record(22, 0x0303, changed.encode()).encode())
        assert alert(one) == "illegal_parameter"


def test_levels_of_alerts_and_versions_of_records_mean_nothing() -> None:
    """RFC 8446 sections 5.1 and 6."""
    one, other = connected()
    one._write(21, bytes((0, 0)))
    other.receive(one.outgoing())
    assert (other.state, other.alert_received) == ("CLOSED", Alert(2, 0))
    one, other = both()
    data = bytearray(one.outgoing())
    other.receive(bytes(data))
    answer = bytearray(other.outgoing())
    answer[1:3] = b"\x03\x03"
    one.receive(bytes(answer))
    flight = bytearray(one.outgoing())
    flight[1:3] = b"\x7f\x7f"  # of the meaningless ChangeCipherSpec
    other.receive(bytes(flight))
    assert other.state == "CONNECTED"


def test_user_canceled_is_no_end_by_itself() -> None:
    one, other = connected()
    one._write(21, Alert.of("user_canceled", 1).encode())
    other.receive(one.outgoing())
    assert other.state == "CONNECTED"


def test_tickets_do_not_come_for_ever_and_one_for_no_time_is_not_kept() -> None:
    one, other = connected()
    before = one.session
    other.say(NewSessionTicket13(0, 0, b"n", b"t"))
    one.receive(other.outgoing())
    assert one.session is before
    other.say(NewSessionTicket13(604_801, 0, b"n", b"t"))
    one.receive(other.outgoing())
    assert one.session is not None
    assert one.session.lifetime == 604_800
    for _ in range(40):
        other.say(NewSessionTicket13(10, 0, b"n", b"t"))
    one.receive(other.outgoing())
    assert (one.state, alert(one)) == ("FAILED", "unexpected_message")


def test_no_request_for_a_handshake_in_tls13() -> None:
    _, other = connected()
    with pytest.raises(Refused, match=r"up to TLS 1\.2"):
        other.ask_again()


def test_a_message_over_two_sealed_records_keeps_both() -> None:
    made = case("none")
    long = [*made.chain, *(made.chain[1:] * 12)]
    one = Client("www.example.org", ["TLS 1.3"], seed=1)
    other = Server(long, made.key, ["TLS 1.3"], seed=2)
    hello = one.outgoing()
    other.receive(hello)
    watcher = Watcher(lambda random: other.secrets)
    watcher.feed("client", hello)
    data = other.outgoing()
    heard = watcher.feed("server", data)
    assert {each.name for each in heard} >= {"Certificate", "Finished"}
    at = 0
    for part in sorted({part for each in heard for part in each.parts}):
        assert part[0] in (at, at + 5)  # (in the clear, the header of the record is left out)
        at = part[1]
    assert at == len(data)
    certificate = next(each for each in heard if each.name == "Certificate")
    assert len(certificate.plaintext or b"") > 16384 or len(certificate.parts) == 1


def test_every_secret_is_noted_the_binders_key_too() -> None:
    sessions = Sessions()
    one, other = again(sessions, met(sessions))
    pump(one, other)
    for end in (one, other):
        assert [secret.label for secret in end.derived].count("binder_key") == 1


@pytest.mark.parametrize("call", [
    lambda: Server(*pair(), authorities=("x",)), lambda: Server(*pair(), authorities=(bytes(40_000),)),
    lambda: Client("a", schemes=[]), lambda: extract("md5", b"", b""), lambda: finished_key("sha1", b""),
    lambda: transcript_hash("md5", b""), lambda: Protection13(find("AES128-SHA"), bytes(32)),
    lambda: Protection13(find("TLS_AES_128_GCM_SHA256"), b"x"),
    lambda: Protection13(find("TLS_AES_128_GCM_SHA256"), bytes(32), padding=-3),
])  # fmt: skip
def test_what_cannot_be_is_said_at_once(call: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        call()


def pair() -> tuple[Any, Any]:
    made = case("none")
    return made.chain, made.key


def test_protocol_errors_name_the_peer() -> None:
    one, other = both()
    other.receive(hello_of(one, compression_methods=(1, 0)))
    assert isinstance(other.error, ProtocolError)
    assert other.error.by == "client"

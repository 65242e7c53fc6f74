"""Both ends of TLS 1.3: RFC 8448's handshakes, the key schedule, the diagram, sessions, and real peers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from helpers_tls13 import (
    AES128,
    AES256,
    ASKS,
    CHACHA,
    HOST,
    NOBODY,
    Between,
    again,
    alert,
    both,
    chain,
    connected,
    met,
    otherwise,
    pump,
    sealed,
)
from hypothesis import given
from hypothesis import strategies as st

from handshake import sim
from handshake.entropy import Entropy
from handshake.errors import Refused
from handshake.live.opinions import written
from handshake.live.peers import OpenSSLEnd
from handshake.tls import Client, Server, Sessions, schedule, signing
from handshake.tls import extensions13 as ext13
from handshake.tls.connection import Connection
from handshake.tls.endpoint import Endpoint
from handshake.tls.figure13 import EDGES, STATES
from handshake.tls.heard import Heard
from handshake.tls.messages import ClientHello, ServerHello, decode_handshake
from handshake.tls.names import DOWNGRADES
from handshake.tls.offering import bound
from handshake.tls.protection13 import Protection13
from handshake.tls.records import Record, RecordStream
from handshake.tls.schedule import KEY_LOG, SIZES, KeySchedule, expand_label, transcript_hash
from handshake.tls.suites import ALL, find
from handshake.tls.watcher import Watcher
from handshake.wire import replace

VECTORS = Path(__file__).parent.parent.parent / "shared" / "vectors" / "tls13" / "rfc8448.json"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not beside the project")
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
binary = bytes.fromhex

# ---- RFC 8448 --------------------------------------------------------------------------------------------

CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"] if VECTORS.exists() else []
SAID = {
    "early": "Early Secret", "handshake": "Handshake Secret", "master": "Master Secret",
    "c_e_traffic": "client_early_traffic_secret", "c_hs_traffic": "client_handshake_traffic_secret",
    "s_hs_traffic": "server_handshake_traffic_secret", "c_ap_traffic": "client_application_traffic_secret_0",
    "s_ap_traffic": "server_application_traffic_secret_0", "exp_master": "exporter_master_secret",
    "res_master": "resumption_master_secret",
}  # fmt: skip
"""What the vectors call the secrets, and what RFC 8446 does."""

each_case = pytest.mark.parametrize("rfc", CASES, ids=lambda rfc: rfc["name"])


def clear(rfc: dict[str, Any], name: str) -> bytes:
    """A message that travelled in the clear."""
    return binary(rfc["records"][name])[5:]


def split(data: bytes) -> list[bytes]:
    found = []
    while data:
        size = 4 + int.from_bytes(data[1:4], "big")
        found.append(data[:size])
        data = data[size:]
    return found


def hello_part(rfc: dict[str, Any]) -> bytes:
    """The transcript up to the ServerHello."""
    first = clear(rfc, "ClientHello_1")
    if "HelloRetryRequest" in rfc["records"]:
        hashed = transcript_hash("sha256", first)
        first = b"\xfe\0\0\x20" + hashed + clear(rfc, "HelloRetryRequest") + clear(rfc, "ClientHello_2")
    return first


def shared(rfc: dict[str, Any]) -> bytes:
    """What both private keys give with the other end's share, which the hellos show."""
    last = "ClientHello_2" if "ClientHello_2" in rfc["records"] else "ClientHello_1"
    publics = []
    for name in (last, "ServerHello"):
        hello: Any = decode_handshake(clear(rfc, name))
        share = next(each for each in hello.extensions if isinstance(each, ext13.KeyShare))
        publics.append(share.shares[0][1])
    found = []
    for end, public in (("client", publics[1]), ("server", publics[0])):
        private = binary(rfc[f"{end}_private"])
        if rfc["group"] == "x25519":
            x = x25519.X25519PrivateKey.from_private_bytes(private)
            found.append(x.exchange(x25519.X25519PublicKey.from_public_bytes(public)))
        else:
            key = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            found.append(key.exchange(ec.ECDH(), point))
    assert found[0] == found[1]
    return found[0]


def scheduled(rfc: dict[str, Any]) -> KeySchedule:
    """Our schedule over the RFC's messages."""
    stated = rfc["secrets"]
    made = KeySchedule("sha256", binary(stated["psk"]) if "psk" in stated else None)
    messages = hello_part(rfc)
    made.client_hello(transcript_hash("sha256", messages))
    messages += clear(rfc, "ServerHello")
    made.server_hello(shared(rfc), transcript_hash("sha256", messages))
    messages += binary(rfc["plaintext"]["ServerHandshakeMessages"][1])
    made.server_finished(transcript_hash("sha256", messages))
    messages += binary(rfc["plaintext"]["ClientFinished"][1])
    made.client_finished(transcript_hash("sha256", messages))
    return made


@needs_vectors
@each_case
def test_every_secret_that_the_rfc_states(rfc: dict[str, Any]) -> None:
    stated = {name: binary(value) for name, value in rfc["secrets"].items()}
    assert shared(rfc) == stated.pop("shared")
    made = scheduled(rfc)
    psk, nonce0 = stated.pop("psk", None), stated.pop("resumption_psk_nonce0000", None)
    assert {name: made.secrets[SAID[name]] for name in stated} == stated
    assert len(stated) >= 9
    if nonce0 is not None:
        found = schedule.resumption_psk("sha256", made.secrets["resumption_master_secret"], b"\0\0")
        assert found == nonce0
        assert [nonce0] == [binary(each["secrets"]["psk"]) for each in CASES if "psk" in each["secrets"]]
    assert (psk is not None) == ("Resumed" in rfc["name"])


@needs_vectors
@each_case
def test_every_record_of_the_rfc_opens_to_what_it_states(rfc: dict[str, Any]) -> None:
    secrets = scheduled(rfc).secrets
    logged = {label: secrets[name] for name, label in KEY_LOG.items()}
    watcher = Watcher(lambda random: logged)
    heard: list[tuple[str, Heard]] = []
    for name, record in rfc["records"].items():
        sender = "client" if name.startswith("Client") else "server"
        heard += [(name, each) for each in watcher.feed(sender, binary(record))]
    opened: dict[str, bytes] = {}
    for name, each in heard:
        if each.plaintext is not None:
            opened[name] = opened.get(name, b"") + each.plaintext
    wanted = {name: binary(text) for name, (_, text) in rfc["plaintext"].items()}
    assert wanted.pop("EndOfEarlyData", b"") == (b"\5\0\0\0" if "Resumed" in rfc["name"] else b"")
    assert opened == wanted
    finished = [each for _, each in heard if each.name == "Finished"]
    assert [each.sender for each in finished] == ["server", "client"]
    assert [each.notes for each in finished] == [("fits the handshake as it was read",)] * 2
    assert watcher.notes == []
    early = [each.secret for name, each in heard if name == "Client_EarlyAppData"]
    assert early == (["client_early_traffic_secret"] if "Resumed" in rfc["name"] else [])
    for _, each in heard:  # and every message is written again as it came
        if each.form.startswith("handshake"):
            data = each.data if each.plaintext is None else each.plaintext
            assert decode_handshake(data, "TLS 1.3").encode() == data


@needs_vectors
@each_case
def test_a_record_of_the_rfc_is_sealed_as_it_states(rfc: dict[str, Any]) -> None:
    """The other way round: what was opened, sealed again, is the record that travelled."""
    secrets = scheduled(rfc).secrets
    data = binary(rfc["records"]["ServerHandshakeMessages"])
    *_, record = RecordStream().feed(data)
    suite = find(AES128)
    writes = Protection13(suite, secrets["server_handshake_traffic_secret"])
    assert writes.seal(22, binary(rfc["plaintext"]["ServerHandshakeMessages"][1])).encode() == record.encode()
    by_hand = Protection13(suite, secrets["server_handshake_traffic_secret"])
    inner = binary(rfc["plaintext"]["ServerHandshakeMessages"][1]) + b"\x16"
    assert data.endswith(sealed(by_hand, inner))


@needs_vectors
def test_the_binder_of_the_rfc_is_what_ours_would_be() -> None:
    (rfc,) = [rfc for rfc in CASES if "Resumed" in rfc["name"]]
    hello = decode_handshake(clear(rfc, "ClientHello_1"))
    assert isinstance(hello, ClientHello)
    (*others, last) = hello.extensions or ()
    assert isinstance(last, ext13.PreSharedKey)

    class Bound:
        """As much of a client as `bound` looks at."""

        schedule = KeySchedule("sha256", binary(rfc["secrets"]["psk"]))
        transcript = bytearray()

    blank = replace(hello, extensions=(*others, replace(last, binders=(bytes(32),))))
    client: Any = Bound()
    assert bound(client, blank) == hello
    assert bound(client, blank).encode() == clear(rfc, "ClientHello_1")


# ---- The key schedule ------------------------------------------------------------------------------------


@given(
    st.sampled_from(sorted(SIZES)), st.binary(min_size=1, max_size=80),
    st.text(st.characters(codec="ascii"), max_size=60), st.binary(max_size=255), st.integers(0, 300),
)  # fmt: skip
def test_expand_label_is_hkdf_expand_over_a_label(
    hash: str, secret: bytes, label: str, context: bytes, length: int
) -> None:
    name = b"tls13 " + label.encode()
    about = length.to_bytes(2, "big") + bytes([len(name)]) + name + bytes([len(context)]) + context
    theirs = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[hash]
    wanted = HKDFExpand(theirs, length, about).derive(secret) if length else b""
    assert expand_label(hash, secret, label, context, length) == wanted


def test_every_input_of_a_secret_counts() -> None:
    base = ("sha256", b"s" * 32, "label", b"c", 32)
    made = {
        expand_label(*base), expand_label("sha384", *base[1:]), expand_label("sha256", b"t" * 32, *base[2:]),
        expand_label("sha256", b"s" * 32, "labels", b"c", 32), expand_label(*base[:3], b"d", 32),
        expand_label(*base[:4], 33)[:32],  # (the length is among what is hashed)
    }  # fmt: skip
    assert len(made) == 6
    assert len(expand_label("sha256", b"s", "l", b"", 255 * 32)) == 255 * 32


def test_what_no_label_and_no_length_can_be() -> None:
    for words, call in (
        ("0 to 8160 bytes, not 8161", lambda: expand_label("sha256", b"", "", b"", 8161)),
        ("not -1", lambda: expand_label("sha256", b"", "", b"", -1)),
        ("at most 255 bytes; got 256", lambda: expand_label("sha256", b"", "x" * 250, b"", 1)),
        ("got 6 and 256", lambda: expand_label("sha256", b"", "", bytes(256), 1)),
        ("sha256 and sha384; not 'md5'", lambda: expand_label("md5", b"", "", b"", 1)),
        ("sha256 and sha384; not 'sha512'", lambda: KeySchedule("sha512")),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()


def test_a_schedule_goes_in_its_order() -> None:
    th = bytes(32)
    for words, call in (
        ("Master Secret comes after the Handshake Secret", lambda: KeySchedule("sha256").server_finished(th)),
        ("resumption_master_secret comes after", lambda: KeySchedule("sha256").client_finished(th)),
        ("32 bytes; got 48", lambda: KeySchedule("sha256").client_hello(bytes(48))),
        ("32 bytes; got 0", lambda: KeySchedule("sha256").server_hello(None, b"")),
        ("48 bytes; got 32", lambda: KeySchedule("sha384").client_hello(th)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()


@given(st.sampled_from(sorted(SIZES)), st.one_of(st.none(), st.binary(min_size=1, max_size=48)))
def test_no_two_secrets_of_a_schedule_are_the_same(hash: str, psk: bytes | None) -> None:
    def whole(psk: bytes | None, dhe: bytes | None) -> dict[str, bytes]:
        made = KeySchedule(hash, psk)
        for n, stage in enumerate((made.client_hello, made.server_finished, made.client_finished)):
            stage(bytes([n]) * SIZES[hash])
            if not n:
                made.server_hello(dhe, b"\7" * SIZES[hash])
        return made.secrets

    one = whole(psk, b"dhe")
    assert len(set(one.values())) == len(one) == 3 + len(schedule.TREE)
    assert {len(value) for value in one.values()} == {SIZES[hash]}
    other = whole(psk, None)
    assert {name for name in one if one[name] == other[name]} == {
        "Early Secret", "binder_key", "client_early_traffic_secret", "early_exporter_master_secret",
    }  # fmt: skip
    assert not set(one.values()) & set(whole(b"another PSK", b"dhe").values())
    seen = secret = one["Master Secret"]
    for _ in range(5):
        secret = schedule.updated(hash, secret)
        assert secret != seen


# ---- The diagram -----------------------------------------------------------------------------------------

USUAL = {(edge.end, edge.source, edge.event, edge.target) for edge in EDGES}
ASIDE = ("rcv alert", "rcv what cannot be", "close", "end of stream", "update keys")


def moves_of(end: Endpoint) -> Iterator[tuple[tuple[str, str, str, str], tuple[str, ...]]]:
    for move in end.moves:
        if not move.cause.startswith(ASIDE):
            about = end.end, move.before["state"], move.cause.removeprefix("rcv "), move.after["state"]
            yield about, move.sends


def pattern(sends: str) -> str:
    """What an edge says that it sends, as a regular expression over names with a blank behind each."""
    marks = {"[": "(?:", "]": ")?"}
    return "".join(marks.get(word) or f"(?:{word} )" for word in re.findall(r"\w+|[\[\]]", sends))


def meetings() -> Iterator[tuple[str, Client, Server]]:
    """Every way in which a handshake can go well."""
    for auth in ("none", "optional", "required"):
        yield f"client authentication {auth}", *connected(auth=auth)
    yield "nobody", *connected(auth="optional", client=NOBODY)
    yield "without looking like TLS 1.2", *connected(client={"compatibility": False})
    yield "another hello", *connected(server=ASKS)
    yield "another hello, two suites", *connected(suite=[AES256, AES128], server=ASKS, auth="required")
    yield "no share at first", *connected(client={"shares": 0})
    yield "both versions", *connected(versions=["TLS 1.2", "TLS 1.3"], suite=None)
    for most, early, more in (
        (1000, b"", {}), (1000, b"early", {}), (0, b"early", {}), (1000, b"", {"server": ASKS}),
        (1000, b"early", {"server": ASKS}), (1000, b"early", {"auth": "optional"}),
    ):  # fmt: skip
        sessions = Sessions()
        one, other = again(sessions, met(sessions), early, most, **more)  # type: ignore[arg-type]
        pump(one, other)
        assert one.agreed.resumed
        yield f"resumed, {early!r} of {most}, {more}", one, other
    sessions = Sessions()
    one, other = again(Sessions(), met(sessions), b"early")
    pump(one, other)
    yield "early data with a ticket that nobody knows", one, other


def test_every_move_is_an_edge_and_every_edge_is_reached() -> None:
    seen: set[tuple[str, str, str, str]] = set()
    allowed: dict[tuple[str, str, str, str], list[str]] = {}
    for edge in EDGES:
        where = edge.end, edge.source, edge.event, edge.target
        allowed.setdefault(where, []).append(pattern(edge.sends))
    for what, one, other in meetings():
        assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), what
        talk(one, other)
        for end in (one, other):
            for move, sends in moves_of(end):
                assert move in USUAL, (what, move)
                said = "".join(f"{name} " for name in sends)
                assert any(re.fullmatch(each, said) for each in allowed[move]), (what, move, sends)
                seen.add(move)
    for end in closing():
        seen |= {move for move, _ in moves_of(end)}
    assert seen == USUAL


def talk(one: Endpoint, other: Endpoint) -> None:
    """Data both ways, and every kind of key update."""
    said = {"client": bytearray(other.received), "server": bytearray(one.received)}
    for n, (mine, request) in enumerate(((one, False), (other, False), (one, True), (other, True))):
        mine.update_keys(request)
        for end in (one, other):
            end.send(b"%d from the %s;" % (n, end.end.encode()))
            said[end.end] += b"%d from the %s;" % (n, end.end.encode())
        pump(one, other)
    assert (other.received, one.received) == (bytes(said["client"]), bytes(said["server"]))


def closing() -> tuple[Client, Server, Client, Server]:
    """A ticket that arrives, and updates that arrive, at ends that have closed already."""
    one, other = both(server={"sessions": Sessions()})
    other.receive(one.outgoing())
    one.receive(other.outgoing())
    flight = one.outgoing()
    one.close()
    other.receive(flight)
    other.update_keys(request=True)
    one.receive(other.outgoing())
    assert (one.state, one.session is not None) == ("CLOSING", True)
    third, fourth = connected()
    fourth.close()
    said = fourth.outgoing()
    third.update_keys(request=True)
    third.send(b"last words")
    fourth.receive(third.outgoing())
    assert (fourth.state, fourth.received) == ("CLOSING", b"last words")
    assert fourth.outgoing() == b""  # nothing comes behind close_notify, though an update was asked for
    third.receive(said)
    fourth.receive(third.outgoing())
    assert (third.state, fourth.state, third.error, fourth.error) == ("CLOSED", "CLOSED", None, None)
    return one, other, third, fourth


def test_the_diagram_is_whole() -> None:
    assert {edge.source for edge in EDGES} | {edge.target for edge in EDGES} == set(STATES)
    for kind, handlers in (("client", Client.handlers13), ("server", Server.handlers13)):
        events = {(edge.source, edge.event) for edge in EDGES if edge.end == kind and edge.event != "open"}
        assert set(handlers) == events
    assert all(re.fullmatch(r"RFC 8446 section 4(\.\d+)+", edge.section) for edge in EDGES)


SUITES13 = [suite.name for suite in ALL.values() if suite.since == "TLS 1.3"]


@pytest.mark.parametrize("suite", SUITES13)
@pytest.mark.parametrize("kind", ["RSA", "ECDSA", "Ed25519"])
@pytest.mark.parametrize("auth", ["none", "required"])
def test_every_suite_completes_with_every_kind_of_key(suite: str, kind: str, auth: str) -> None:
    one, other = connected(suite, auth, kind)
    one.send(b"hello, server" * 2000)
    other.send(b"hello, client" * 3000)
    pump(one, other)
    assert (other.received, one.received) == (b"hello, server" * 2000, b"hello, client" * 3000)
    assert one.secrets == other.secrets
    assert {len(value) for value in one.secrets.values()} == {SIZES[find(suite).hash]}
    assert one.schedule is not None
    assert other.schedule is not None
    assert one.schedule.secrets == other.schedule.secrets
    assert bool(other.agreed.peer_chain) is (auth == "required")
    one.close()
    pump(one, other)
    assert (one.state, other.state, one.error, other.error) == ("CLOSED", "CLOSED", None, None)


@pytest.mark.parametrize(("early", "choices"), [
    (b"", {}), (b"early", {}), (b"early", {"server": ASKS}), (b"early", {"most": 0}),
    (b"early", {"suite": [AES128, AES256], "server": {"suites": [AES256]}}),  # (the ticket is of no use)
    (b"early", {"client": {"suites": [AES256, AES128]}}),
    (b"early", {"client": {"suites": [CHACHA, AES128]}}),  # (early data are not under the first suite)
], ids=str)  # fmt: skip
def test_who_reads_along_with_the_secrets_reads_everything(early: bytes, choices: dict[str, Any]) -> None:
    """The watcher, with a key log: every record opens, every Finished fits."""
    sessions = Sessions()
    one, other = again(sessions, met(sessions), early, **choices)
    watcher = Watcher(lambda random: one.secrets | other.secrets)
    heard: list[Heard] = []

    def path(end: str, data: bytes) -> bytes:
        heard.extend(watcher.feed(end, data))
        return data

    pump(one, other, path)
    one.update_keys(request=True)
    one.send(b"hello")
    pump(one, other, path)
    finished = [each.notes for each in heard if each.name == "Finished"]
    assert finished == [("fits the handshake as it was read",)] * 2
    assert [each for each in heard if each.form == "record"] == []
    times = 0 if not early else 1 if "EndOfEarlyData" in [each.name for each in heard] else 2
    data = [each.plaintext for each in heard if each.form == "data"]
    assert data == [early] * times + [b"hello"]
    assert other.received == early + b"hello"


# ---- Downgrades ------------------------------------------------------------------------------------------

OLD_SUITE = "ECDHE-RSA-AES128-SHA"


@pytest.mark.parametrize(("server", "client", "marked"), [
    (["TLS 1.3", "TLS 1.2"], ["TLS 1.2"], "TLS 1.3"),
    (["TLS 1.3", "TLS 1.2", "TLS 1.1"], ["TLS 1.1"], "TLS 1.2"),
    (["TLS 1.3", "TLS 1.0"], ["TLS 1.0"], "TLS 1.2"),
    (["TLS 1.2", "TLS 1.1"], ["TLS 1.1"], "TLS 1.2"),
    (["TLS 1.2"], ["TLS 1.2"], None), (["TLS 1.1"], ["TLS 1.1"], None),
    (["TLS 1.1", "TLS 1.0"], ["TLS 1.0"], None),
    (["TLS 1.3", "TLS 1.2"], ["TLS 1.3", "TLS 1.2"], None),
])  # fmt: skip
def test_a_server_that_could_do_better_says_so_in_its_random(
    server: list[str], client: list[str], marked: str | None
) -> None:
    """RFC 8446 section 4.1.3; and a client that could not do better itself does not mind."""
    one, other = connected(
        [AES128, OLD_SUITE], client={"versions": client}, server={"versions": server}
    )  # fmt: skip
    assert DOWNGRADES.get(one.agreed.server_random[-8:]) == marked
    assert one.agreed.version == other.agreed.version == client[0]


@pytest.mark.parametrize(("server", "kept", "found"), [
    (["TLS 1.3", "TLS 1.2", "TLS 1.1"], ["TLS 1.2"], True),
    (["TLS 1.3", "TLS 1.2", "TLS 1.1"], ["TLS 1.1"], True),
    (["TLS 1.2", "TLS 1.1"], ["TLS 1.1"], True),
    (["TLS 1.2"], ["TLS 1.2"], False),
    (["TLS 1.1"], ["TLS 1.1"], False),
])  # fmt: skip
def test_a_downgrade_is_found_out_at_once_and_an_old_server_is_not_blamed(
    server: list[str], kept: list[str], found: bool
) -> None:
    all_of_them = ["TLS 1.3", "TLS 1.2", "TLS 1.1"]
    one, other = both([AES128, OLD_SUITE], client={"versions": all_of_them}, server={"versions": server})
    if found:
        path = sim.handshakes.InPath(sim.strip_versions(*kept))
        pump(one, other, lambda end, data: path.passes(end, data).onwards)
        assert (one.state, alert(one)) == ("FAILED", "illegal_parameter")
        assert "somebody has changed the offer" in str(one.error)
        assert other.alert_received == "illegal_parameter"
        assert "master secret" not in [secret.label for secret in one.derived]
    else:
        pump(one, other)
        assert (one.state, one.agreed.version) == ("CONNECTED", kept[0])


def test_early_data_to_a_server_of_tls_1_2_end_it() -> None:
    """RFC 8446 appendix D.3."""
    sessions, suites = Sessions(), [AES128, "ECDHE-RSA-AES128-GCM-SHA256"]
    versions = ["TLS 1.3", "TLS 1.2"]
    session = met(sessions, suite=suites, versions=versions)
    one, other = again(
        sessions, session, b"early", suite=suites, versions=versions, server={"versions": ["TLS 1.2"]}
    )
    first = one.outgoing()
    hello_only = first[: 5 + int.from_bytes(first[3:5], "big")]
    other.receive(hello_only)
    one.receive(other.outgoing())
    assert (one.state, alert(one)) == ("FAILED", "protocol_version")


# ---- Sessions and early data -----------------------------------------------------------------------------


def test_a_session_goes_on_without_certificates_and_under_new_keys() -> None:
    sessions = Sessions()
    first, _ = connected(server={"sessions": sessions})
    assert len(sessions) == 1
    one, other = again(sessions, first.session)
    pump(one, other)
    assert (one.state, one.agreed.resumed, other.agreed.resumed) == ("CONNECTED", True, True)
    assert "Certificate" not in [told.name for told in one.told]
    assert one.agreed.peer_chain == first.agreed.peer_chain
    assert not set(first.secrets.values()) & set(one.secrets.values())
    assert one.session is not None
    assert first.session is not None
    assert one.session.id != first.session.id
    third, fourth = again(sessions, one.session, client={"seed": 5}, server={"seed": 6})  # and on, and on
    pump(third, fourth)
    assert third.agreed.resumed
    fifth, sixth = again(sessions, first.session, client={"seed": 7}, server={"seed": 8})
    pump(fifth, sixth)  # a ticket is good for once
    assert (fifth.state, fifth.agreed.resumed) == ("CONNECTED", False)


@pytest.mark.parametrize("single", [True, False])
def test_whoever_records_early_data_can_send_them_again(single: bool) -> None:
    """RFC 8446 section 8.1: a ticket that is good for once is what stands between them and a replay."""
    sessions = Sessions(single_use=single)
    one, other = again(sessions, met(sessions), b"pay 100")
    recorded = one.outgoing()
    other.receive(recorded)
    taken = [other.received]
    for n in range(3):
        _, server = again(sessions, None, server={"seed": f"replay {n}"})
        server.receive(recorded)
        assert (server.state == "FAILED", alert(server)) == (False, "")
        taken.append(server.received)
    assert taken == [b"pay 100"] + [b"" if single else b"pay 100"] * 3
    one.receive(other.outgoing())
    other.receive(one.outgoing())
    assert (one.state, other.state, other.received) == ("CONNECTED", "CONNECTED", b"pay 100")


@pytest.mark.parametrize(("choices", "resumed", "taken"), [
    ({}, True, True),
    ({"client": {"now": 100.0}, "server": {"now": 100.0}}, True, True),
    ({"client": {"now": 100.0}, "server": {"now": 109.9}}, True, True),
    ({"client": {"now": 100.0}, "server": {"now": 110.1}}, True, False),
    ({"client": {"now": 110.1}, "server": {"now": 100.0}}, True, False),
    ({"client": {"now": 7200.0}, "server": {"now": 7200.0}}, True, True),
    ({"client": {"now": 7201.0}, "server": {"now": 7201.0}}, False, False),
    ({"client": {"now": 7195.0}, "server": {"now": 7201.0}}, False, False),
    ({"most": 0}, True, False),
    ({"server": ASKS}, True, False),
    ({"client": {"server_name": "other.example.org"}}, False, False),
    ({"suite": [AES256]}, False, False),
    ({"suite": [AES128, AES256], "server": {"suites": [AES256]}}, False, False),
    ({"suite": [AES128, CHACHA], "server": {"suites": [CHACHA]}}, True, False),
    ({"unknown": True}, False, False),
    ({"auth": "required"}, False, False),
    ({"auth": "optional"}, True, True),
    ({"client": {"protocols": ["h2"]}, "server": {"protocols": ["h2"]}}, True, False),
    ({"client": {"versions": ["TLS 1.2"], "suites": [OLD_SUITE]},
      "server": {"versions": ["TLS 1.2"], "suites": [OLD_SUITE]}}, False, False),
])  # fmt: skip
def test_when_a_session_goes_on_and_when_early_data_are_taken(
    choices: dict[str, Any], resumed: bool, taken: bool
) -> None:
    """RFC 8446 sections 4.2.10 and 4.2.11; what is not taken is sent again, once and in order."""
    choices, sessions = dict(choices), Sessions()
    session = met(sessions)
    one, other = again(Sessions() if choices.pop("unknown", False) else sessions, session, b"1,", **choices)
    one.send(b"2,")
    seen = []

    def path(end: str, data: bytes) -> bytes:
        seen.append((end, other.received))
        return data

    pump(one, other, path)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), (one, other)
    assert (one.agreed.resumed, other.agreed.resumed) == (resumed, resumed)
    # Early data are for what was spoken inside before; where that is another, they are not sent again.
    assert other.received == (b"2," if one.agreed.protocol else b"1,2,")
    before = next(received for end, received in seen if end == "server")  # after the first flight
    assert (before == b"1,") is taken
    if one.tls13:
        talk(one, other)


def test_a_server_does_not_go_on_under_another_name() -> None:
    """RFC 8446 section 4.6.1: not even if the client has no objection (ours would not offer it)."""
    sessions, other_name = Sessions(), "other.example.org"
    session = otherwise(met(sessions), server_name=other_name)
    one, other = again(sessions, session, b"early", client={"server_name": other_name})
    assert isinstance((one.hello.extensions or ())[-1], ext13.PreSharedKey)
    pump(one, other)
    assert (one.state, one.agreed.resumed, other.received) == ("CONNECTED", False, b"early")


def test_a_ticket_of_one_server_is_nothing_to_a_stranger_and_its_age_is_hidden() -> None:
    sessions = Sessions()
    session = met(sessions)
    one, _ = again(sessions, session, client={"now": 3.0})
    last = (one.hello.extensions or ())[-1]
    assert isinstance(last, ext13.PreSharedKey)
    ((ticket, age),) = last.identities
    assert ticket == session.id
    assert age == (3000 + session.age_add) % 2**32 != 3000
    assert session.master not in one.outgoing()


def test_early_data_fit_a_ticket_or_wait() -> None:
    sessions = Sessions()
    session = met(sessions, early=10)
    for early, sent in ((b"x" * 10, True), (b"x" * 11, False)):
        fresh = Sessions()
        fresh.add(otherwise(session))
        one, other = again(fresh, otherwise(session), early, most=10)
        extensions = [each.number for each in one.hello.extensions or ()]
        assert (ext13.EarlyData.number in extensions) is sent
        pump(one, other)
        assert (one.state, other.received) == ("CONNECTED", early)
    one, other = both(client={"early": b"without a ticket"})
    pump(one, other)
    assert other.received == b"without a ticket"


def test_early_data_that_a_ticket_allows_are_passed_over_however_many_they_are() -> None:
    """RFC 8446 section 4.2.10: who refuses them skips as many as it has allowed."""
    sessions = Sessions()
    session = met(sessions, early=100_000)
    one, other = again(sessions, session, b"x" * 90_000, most=100_000, server=ASKS)
    pump(one, other)
    assert (one.state, other.state, alert(other)) == ("CONNECTED", "CONNECTED", ""), other
    assert other.received == b"x" * 90_000


def test_what_a_server_sends_keeps_its_order_with_early_data_too() -> None:
    sessions = Sessions()
    one, other = again(sessions, met(sessions), b"early")
    other.send(b"1")
    other.receive(one.outgoing())
    assert other.state == "WAIT_EOED"
    other.send(b"2")
    pump(one, other)
    other.send(b"3")
    pump(one, other)
    assert one.received == b"123"


def test_the_first_ticket_that_is_good_is_taken() -> None:
    """RFC 8446 section 4.2.11: of several, and with its own binder; early data go with the first only."""
    sessions = Sessions()
    session = met(sessions)
    client, server = again(sessions, session)
    (*others, last) = client.hello.extensions or ()
    assert isinstance(last, ext13.PreSharedKey)
    ((_, age),) = last.identities
    two = replace(last, identities=((b"unknown", age), *last.identities), binders=(bytes(32), bytes(32)))
    early = [ext13.EarlyData()]
    hello = replace(client.hello, extensions=(*others, *early, two))
    covered = transcript_hash("sha256", hello.encode()[: -two.binders_length])
    key = KeySchedule("sha256", session.master).binder_key()
    binder = schedule.verify_data("sha256", key, covered)
    whole = replace(hello, extensions=(*others, *early, replace(two, binders=(bytes(32), binder)))).encode()
    server.receive(Record(22, 0x0301, whole).encode())
    data = server.outgoing()
    answer: Any = decode_handshake(data[5 : 5 + int.from_bytes(data[3:5], "big")])
    assert answer.extensions[-1] == ext13.PreSharedKey(selected=1)
    assert server.state == "WAIT_FINISHED"  # (and not WAIT_EOED)
    _, server = again(sessions, None, server={"seed": 9})
    sessions.add(session)
    whole = replace(hello, extensions=(*others, *early, replace(two, binders=(binder, bytes(32))))).encode()
    server.receive(Record(22, 0x0301, whole).encode())
    assert alert(server) == "decrypt_error"


def test_keys_are_changed_on_open_connections_of_tls_1_3_only() -> None:
    one, other = both()
    with pytest.raises(Refused, match="open connection"):
        one.update_keys()
    pump(one, other)
    before = [end.records.writes.secret for end in (one, other)]  # type: ignore[union-attr]
    one.update_keys(request=True)
    pump(one, other)
    after = [end.records.writes.secret for end in (one, other)]  # type: ignore[union-attr]
    assert after == [schedule.updated("sha256", secret) for secret in before]
    one.close()
    with pytest.raises(Refused):
        one.update_keys()
    old, _ = connected([OLD_SUITE], versions=["TLS 1.2"])
    with pytest.raises(Refused):
        old.update_keys()


# ---- The same bytes, in any pieces -----------------------------------------------------------------------


def said(seed: int, **choices: Any) -> tuple[bytes, bytes]:
    """All that two ends of that seed say."""
    sessions = Sessions()
    session = met(sessions) if choices.pop("resumed", False) else None
    seeds = {"client": {"seed": seed}, "server": {"seed": seed + 1}}
    one, other = again(sessions, session, b"early" if session else b"", **{**seeds, **choices})
    found = {"client": b"", "server": b""}

    def kept(end: str, data: bytes) -> bytes:
        found[end] += data
        return data

    pump(one, other, kept)
    talk(one, other)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED")
    return found["client"], found["server"]


@pytest.mark.parametrize("choices", [
    {"kind": "RSA", "auth": "required"}, {"kind": "ECDSA", "auth": "required"},
    {"kind": "Ed25519", "auth": "required"}, {"resumed": True}, {"suite": [AES256]},
], ids=str)  # fmt: skip
def test_the_same_seed_gives_the_same_bytes(choices: dict[str, Any]) -> None:
    assert said(7, **choices) == said(7, **choices)
    assert said(7, **choices)[0] != said(8, **choices)[0]
    assert said(7, **choices)[1] != said(8, **choices)[1]


@cache
def rsa_keys() -> list[Any]:
    """A key of the lessons, and some of odd lengths."""
    sizes = (1024, 1025, 1031, 1032, 2049)
    return [chain("RSA").key, *(rsa.generate_private_key(65537, size) for size in sizes)]


@pytest.mark.parametrize("scheme", [0x0804, 0x0805, 0x0806])
def test_a_seeded_pss_signature_is_one_to_cryptography(scheme: int) -> None:
    for key in rsa_keys():
        hash = {0x0804: hashes.SHA256(), 0x0805: hashes.SHA384(), 0x0806: hashes.SHA512()}[scheme]
        if key.key_size // 8 < 2 * hash.digest_size + 2:
            continue
        made = [signing.sign(key, scheme, b"data", random=Entropy(seed)) for seed in (1, 1, 2)]
        assert made[0] == made[1] != made[2]
        for signature in made:
            assert len(signature) == (key.key_size + 7) // 8
            pss = padding.PSS(padding.MGF1(hash), hash.digest_size)
            key.public_key().verify(signature, b"data", pss, hash)
            signing.verify(key.public_key(), scheme, b"data", signature, "server")


@pytest.mark.parametrize("choices", [
    {"auth": "required"}, {"server": ASKS}, {"resumed": True}, {"client": {"padding": 100}},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 100])
def test_any_pieces_give_the_same_handshake(choices: dict[str, Any], size: int) -> None:
    transcripts = set()
    for pieces in (size, 1 << 20):
        more, sessions = dict(choices), Sessions()
        session = met(sessions) if more.pop("resumed", False) else None
        one, other = again(sessions, session, b"early" if session else b"", **more)
        for _ in range(8):
            for mine, theirs in ((one, other), (other, one)):
                data = mine.outgoing()
                for at in range(0, len(data), pieces):
                    theirs.receive(data[at : at + pieces])
        assert (one.state, other.state) == ("CONNECTED", "CONNECTED")
        assert one.transcript == other.transcript
        assert [(move.cause, move.after) for move in one.moves]
        transcripts.add((bytes(one.transcript), repr(one.moves), repr(other.moves)))
    assert len(transcripts) == 1


def test_messages_may_be_cut_into_records_in_any_way() -> None:
    """Handshake messages in records of a few bytes each, under keys too; and all of a flight in one."""
    for size in (1, 3, 50):
        one, other = both(auth="required")

        class Crumbling(Between):
            def _messages(self, end: str, data: bytes, version: str, size: int = size) -> list[bytes]:
                return [data[at : at + size] for at in range(0, len(data), size)]

        path = Crumbling(one, other, {})
        pump(one, other, path)
        assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), (size, one, other)


def test_padding_hides_how_long_records_are() -> None:
    one, other = connected(client={"padding": 256})
    for size in (1, 100, 239, 16_384):
        one.send(b"x" * size)
        (record,) = RecordStream().feed(data := one.outgoing())
        assert (len(record.fragment) - 16) % 256 == 0 or len(record.fragment) == 16_384 + 1 + 16
        other.receive(data)
    assert len(other.received) == 1 + 100 + 239 + 16_384


# ---- tshark ----------------------------------------------------------------------------------------------


@needs_tshark
@pytest.mark.parametrize(("choices", "wanted"), [
    ({}, "New Session Ticket"), ({"client_auth": True}, "Certificate Request"),
    ({"server": {"groups": ["secp256r1"]}}, "Hello Retry Request"),
    ({"suite": CHACHA, "kind": "Ed25519"}, "Encrypted Extensions"),
    ({"suite": AES256, "kind": "ECDSA", "client": {"padding": 64}}, "Encrypted Extensions"),
])  # fmt: skip
def test_tshark_opens_a_saved_run(choices: dict[str, Any], wanted: str, tmp_path: Path) -> None:
    run = sim.tls("TLS 1.3", seed=7, **choices)
    path = run.save(tmp_path / "run.pcapng")
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    said = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-V", *checks],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    for bad in ("Malformed", "incorrect, should be", "Bad checksum", "Unknown Handshake"):
        assert bad not in said, bad
    for good in ("GET / HTTP/1.1", "hello, client", "Handshake Type: Finished", wanted):
        assert good in said, good
    names = [message.name for message in run.messages if message.layer == "TLS"]
    theirs = {
        "Hello Retry Request": "HelloRetryRequest", "Certificate Request": "CertificateRequest",
        "New Session Ticket": "NewSessionTicket", "Encrypted Extensions": "EncryptedExtensions",
    }  # fmt: skip
    assert theirs[wanted] in names
    for name, title in (("Finished", "Finished"), ("CertificateVerify", "Certificate Verify")):
        found = re.findall(rf"^ +Handshake Protocol: {title}$", said, re.MULTILINE)
        assert len(found) == names.count(name), name


# ---- OpenSSL ---------------------------------------------------------------------------------------------


def contexts(auth: str = "none") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """OpenSSL as a server and as a client of TLS 1.3, with the certificates of the lessons."""
    with written(chain("RSA")) as of_server, written(chain("RSA", "client")) as of_client:
        serves, calls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        serves.minimum_version = calls.minimum_version = ssl.TLSVersion.TLSv1_3
        serves.load_cert_chain(of_server["chain"], of_server["key"])
        calls.load_verify_locations(of_server["anchors"])
        if auth == "required":
            serves.verify_mode = ssl.CERT_REQUIRED
            serves.load_verify_locations(of_client["anchors"])
    return serves, calls


def swap(one: Any, other: Any) -> None:
    """Bytes both ways, as `pump` does, with OpenSSL at one end."""
    for _ in range(20):
        out = one.outgoing()
        other.receive(out)
        back = other.outgoing()
        one.receive(back)
        if not out and not back:
            return
    pytest.fail("they go on for ever")


def exchange(one: Any, other: Any) -> None:
    one.send(b"hello, server")
    other.send(b"hello, client")
    swap(one, other)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), (one, other)
    assert other.received.endswith(b"hello, server")
    assert one.received.endswith(b"hello, client")


def names(end: Connection) -> list[str]:
    return [move.cause.removeprefix("rcv ") for move in end.moves]


@pytest.mark.parametrize("group", ["secp384r1", "prime256v1"])
def test_an_openssl_server_asks_our_client_for_another_hello(group: str) -> None:
    serves, _ = contexts()
    serves.set_ecdh_curve(group)
    client = Client(HOST, seed=1)
    exchange(client, OpenSSLEnd("server", serves))
    assert names(client)[:3] == ["open", "HelloRetryRequest", "ServerHello"]


@pytest.mark.parametrize("suite", [AES128, AES256])
def test_our_server_asks_an_openssl_client_for_another_hello(suite: str) -> None:
    _, calls = contexts()
    made = chain("RSA")
    server = Server(made.chain, made.key, ["TLS 1.3"], [suite], groups=["secp384r1", "secp256r1"], seed=2)
    exchange(OpenSSLEnd("client", calls, HOST), server)
    assert names(server)[:2] == ["ClientHello", "ClientHello"]
    assert server.agreed.version == "TLS 1.3"


@pytest.mark.parametrize("ours", ["client", "server"])
def test_key_updates_with_openssl(ours: str) -> None:
    serves, calls = contexts()
    made = chain("RSA")
    one: Any = Client(HOST, seed=1) if ours == "client" else OpenSSLEnd("client", calls, HOST)
    other: Any = OpenSSLEnd("server", serves) if ours == "client" else Server(made.chain, made.key, seed=2)
    mine = one if ours == "client" else other
    exchange(one, other)
    for request in (False, True, True):
        reads = mine.records.reads.secret
        mine.update_keys(request)
        exchange(one, other)
        exchange(one, other)  # (OpenSSL answers with what it sends next)
        wanted = schedule.updated(mine.agreed.suite.hash, reads) if request else reads
        assert mine.records.reads.secret == wanted


def test_an_openssl_server_gives_our_client_tickets_and_takes_them() -> None:
    serves, _ = contexts()
    session = None
    for resumed in (False, True, True):
        client = Client(HOST, ["TLS 1.3"], session=session, seed=f"client {resumed}")
        server = OpenSSLEnd("server", serves)
        exchange(client, server)
        assert (client.agreed.resumed, server._object.session_reused) == (resumed, resumed)
        assert client.session is not None
        assert client.session is not session
        session = client.session
    serves.set_ecdh_curve("secp384r1")  # and with another hello in between
    client = Client(HOST, ["TLS 1.3"], session=session, seed=5)
    exchange(client, OpenSSLEnd("server", serves))
    assert (client.agreed.resumed, client.retried) == (True, True)


def test_our_server_gives_an_openssl_client_tickets_and_takes_them() -> None:
    _, calls = contexts()
    made, sessions, kept = chain("RSA"), Sessions(), None
    for resumed, groups in ((False, None), (True, None), (True, ["secp384r1"])):
        server = Server(made.chain, made.key, ["TLS 1.3"], sessions=sessions, groups=groups)
        end = WithSession("client", calls, HOST, kept)
        exchange(end, server)
        assert (server.agreed.resumed, end._object.session_reused) == (resumed, resumed)
        kept = end._object.session


class WithSession(OpenSSLEnd):
    """OpenSSL's client, with a session to go on with."""

    def __init__(self, end: str, context: ssl.SSLContext, name: str, session: Any) -> None:
        self._kept = session
        super().__init__(end, context, name)

    def _go_on(self, cause: str) -> None:
        if self._kept is not None:
            self._object.session, self._kept = self._kept, None
        super()._go_on(cause)


@pytest.mark.parametrize("ours", ["client", "server"])
def test_a_client_without_a_certificate_hears_of_it_when_it_thinks_that_all_is_well(ours: str) -> None:
    serves, calls = contexts("required")
    made = chain("RSA")
    if ours == "client":
        one: Any = Client(HOST, ["TLS 1.3"], seed=1)
        other: Any = OpenSSLEnd("server", serves)
    else:
        one = OpenSSLEnd("client", calls, HOST)
        other = Server(made.chain, made.key, ["TLS 1.3"], client_auth="required", seed=2)
    other.receive(one.outgoing())
    one.receive(other.outgoing())
    assert one.state == "CONNECTED"
    other.receive(one.outgoing())
    assert other.state == "FAILED"
    one.receive(other.outgoing())
    assert (one.state, one.alert_received and one.alert_received.description) == ("FAILED", 116)
    if ours == "client":
        assert one.alert_received == "certificate_required"
        assert one.session is None


def test_a_ticket_of_openssl_is_no_use_to_another_openssl() -> None:
    serves, _ = contexts()
    client = Client(HOST, ["TLS 1.3"], seed=1)
    exchange(client, OpenSSLEnd("server", serves))
    strange, _ = contexts()
    second = Client(HOST, ["TLS 1.3"], session=client.session, seed=2)
    exchange(second, OpenSSLEnd("server", strange))
    assert not second.agreed.resumed


def test_hellos_are_what_they_say() -> None:
    """Every version of a hello in one place: a ServerHello with that random is another message."""
    one, other = both(server=ASKS)
    other.receive(one.outgoing())
    data = other.outgoing()
    record = Record.decode(data[: 5 + int.from_bytes(data[3:5], "big")])
    hello = decode_handshake(record.fragment, "TLS 1.3")
    assert isinstance(hello, ServerHello)
    assert (hello.name, hello.encode()) == ("HelloRetryRequest", record.fragment)
    assert data[len(record.fragment) + 5 :] == Record(20, 0x0303, b"\1").encode()


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no command openssl")
def test_openssl_takes_our_early_data(tmp_path: Path) -> None:
    """Over the loopback, to `openssl s_server -early_data`, which prints what it gets."""
    made = chain("RSA")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with written(made) as there:
        command = [
            "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", there["leaf"], "-cert_chain",
            there["chain"], "-key", there["key"], "-tls1_3", "-early_data", "-naccept", "2",
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            session, said = None, b""
            for early in (b"", b"in the first flight\n"):
                client = Client(HOST, ["TLS 1.3"], session=session, early=early)
                with reached(port) as connection:
                    carry(client, connection, lambda end=client: end.session)
                    session = client.session
                    client.close()
                    carry(client, connection, lambda end=client: end.state == "CLOSED")
            assert client.agreed.resumed
            notes = [note for move in client.moves for note in move.notes]
            assert "the server has taken the early data" in notes
            said = process.communicate(timeout=20)[0]
        finally:
            process.kill()
            process.communicate()
    assert b"in the first flight" in said
    assert b"Early data was accepted" in said or b"Early data received" in said


@contextmanager
def reached(port: int) -> Iterator[socket.socket]:
    """A connection to a server that may need a moment to begin."""
    for _ in range(200):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            break
        except OSError:
            time.sleep(0.05)
    else:
        pytest.fail("the server does not begin")
    with connection:
        yield connection


def carry(end: Endpoint, connection: socket.socket, until: Callable[[], Any]) -> None:
    """Carry bytes between an end and a socket until something is so."""
    for _ in range(100):
        connection.sendall(end.outgoing())
        if until():
            return
        data = connection.recv(65536)
        if not data:
            end.end_of_stream()
            return
        end.receive(data)
    pytest.fail(repr(end))

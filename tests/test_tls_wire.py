"""TLS on the wire: simulated runs, captures, and what tshark reads in them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake import capture, sim
from handshake.errors import DecodeError
from handshake.pki.authority import case
from handshake.tls import Client, Server, Sessions
from handshake.tls.keys import VERSIONS
from handshake.tls.records import Record
from handshake.tls.watcher import Heard, Watcher
from handshake.trace import Message, Trace

VECTORS = Path(__file__).parent.parent.parent / "shared" / "vectors"
CAPTURES, KEYS = VECTORS / "captures", VECTORS / "keys"
needs_vectors = pytest.mark.skipif(
    not CAPTURES.exists(), reason="the test vectors are not beside the project"
)
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")

T01, T06 = "t01_tls12_rsa_aes128_sha256_noems_noetm", "t06_tls12_ecdhe_rsa_aes128_gcm"


def inside(trace: Trace) -> list[Message]:
    return [message for message in trace.messages if message.layer == "TLS"]


# ---- Captures --------------------------------------------------------------------------------------------


def as_expected(trace: Trace, stem: str) -> None:
    """Both directions, as the recording's own notes have them."""
    said = json.loads((CAPTURES / f"{stem}.expected.json").read_text())["decrypted"]["0"]
    host, port = said["node0"].rsplit(":", 1)
    plaintext = trace.plaintext()
    first = (host, int(port))
    (other,) = set(plaintext) - {first}
    assert plaintext[first].hex() == said["from_node0"]
    assert plaintext[other].hex() == said["from_node1"]


@needs_vectors
@pytest.mark.parametrize("stem", [T01, T06])
def test_a_recording_opens_with_its_key_log(stem: str) -> None:
    trace = capture.read(CAPTURES / f"{stem}.pcap", keylog=CAPTURES / f"{stem}.keylog")
    as_expected(trace, stem)
    finished = trace.named("Finished")
    assert [message.notes for message in finished] == [("fits the handshake as it was read",)] * 2
    assert [message.sender for message in finished] == ["client", "server"]
    assert not list(trace.faults)


@needs_vectors
def test_with_rsa_the_servers_key_alone_opens_it_and_with_ecdhe_it_does_not() -> None:
    trace = capture.read(CAPTURES / f"{T01}.pcap", rsa_keys=[KEYS / "srv.key"])
    as_expected(trace, T01)
    logged = capture.read(CAPTURES / f"{T01}.pcap", keylog=CAPTURES / f"{T01}.keylog")
    masters = [next(s.value for s in each.secrets if s.label == "master secret") for each in (trace, logged)]
    assert masters[0] == masters[1]
    closed = capture.read(CAPTURES / f"{T06}.pcap", rsa_keys=[KEYS / "srv.key"])
    assert not any(closed.plaintext().values())
    assert [m.name for m in inside(closed)][-2:] == ["encrypted alert"] * 2
    wrong = capture.read(CAPTURES / f"{T01}.pcap", rsa_keys=[KEYS / "otherca.key"])
    assert not any(wrong.plaintext().values())
    assert "none of the RSA keys given is that of the server's certificate" in str(list(wrong.faults))


@needs_vectors
def test_what_was_opened_is_saved_with_its_secrets_and_opens_again(tmp_path: Path) -> None:
    trace = capture.read(CAPTURES / f"{T01}.pcap", rsa_keys=[KEYS / "srv.key"])
    again = capture.read(trace.save(tmp_path / "saved.pcapng"))
    as_expected(again, T01)
    bare = capture.read(trace.save(tmp_path / "bare.pcapng", secrets=False))
    assert not any(bare.plaintext().values())


@needs_vectors
def test_every_secret_says_what_it_was_made_from() -> None:
    trace = capture.read(CAPTURES / f"{T01}.pcap", rsa_keys=[KEYS / "srv.key"])
    found = {secret.label: secret for secret in trace.secrets}
    by_number = {message.number: message for message in inside(trace)}
    name, number, offset = found["premaster secret"].inputs[0]
    assert (name, by_number[number].name) == ("encrypted premaster secret", "ClientKeyExchange")  # type: ignore[index]
    assert len(by_number[number].data[offset:]) == 256  # type: ignore[index]
    for secret in ("master secret", "key block"):
        for name, number, offset in found[secret].inputs[1:]:
            message = by_number[number]  # type: ignore[index]
            assert message.name == {"client random": "ClientHello", "server random": "ServerHello"}[name]
            assert offset == 6
    assert found["client write key"].value == found["key block"].value[64:80]


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    run = sim.tls(key_exchange="RSA").save(tmp_path / "run.pcapng")
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(DecodeError, match=r"key\.pem: private key at byte 0: expected a key in PEM"):
        capture.read(run, rsa_keys=[tmp_path / "key.pem"])


# ---- Simulated runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("exchange", ["RSA", "ECDHE"])
@pytest.mark.parametrize("auth", [False, True])
def test_a_run_is_opened_message_by_message(version: str, exchange: str, auth: bool) -> None:
    if (version, exchange) == ("SSL 3.0", "ECDHE"):
        with pytest.raises(ValueError, match="no suite 'nonsense'"):
            sim.tls(version, key_exchange=exchange, suite="nonsense")
        return
    run = sim.tls(version, key_exchange=exchange, client_auth=auth, seed=7)
    names = [message.name for message in inside(run)]
    asked, shown, proved = (
        (["CertificateRequest"], ["Certificate"], ["CertificateVerify"]) if auth else ([], [], [])
    )
    share = ["ServerKeyExchange"] if exchange == "ECDHE" else []
    assert names == [
        "ClientHello",
        "ServerHello",
        "Certificate",
        *share,
        *asked,
        "ServerHelloDone",
        *shown,
        "ClientKeyExchange",
        *proved,
        "ChangeCipherSpec",
        "Finished",
        "ChangeCipherSpec",
        "Finished",
        "application data",
        "application data",
        "Alert",
        "Alert",
    ]
    assert [m.number for m in inside(run)] == list(range(1, len(names) + 1))
    ends = {("10.0.0.1", 40000): sim.handshakes.REQUEST, ("10.0.0.2", 443): sim.handshakes.RESPONSE}
    assert run.plaintext() == ends
    for message in inside(run):
        if message.plaintext is None:  # where the bytes are said to have travelled, they are
            assert b"".join(run[s.transit].frame[s.start : s.end] for s in message.sources) == message.data
        for spans, data in ((message.spans, message.data), (message.opened, message.plaintext or b"")):
            at = 0
            for span in spans:
                assert (span.start, span.name != "not read") == (at, True)
                at = span.end
            assert at == len(data) or data is message.plaintext or not spans
    assert Trace.from_json(run.to_json()) == run


def test_the_secrets_of_both_ends_are_the_same_and_traced_to_messages() -> None:
    run = sim.tls(key_exchange="RSA", seed=7)
    numbers = {message.number: message for message in inside(run)}
    for label in ("master secret", "key block", "client verify data", "server write key"):
        values = {secret.value for secret in run.secrets if secret.label == label}
        assert len(values) == 1
        assert {secret.end for secret in run.secrets if secret.label == label} == {"client", "server"}
    for secret in run.secrets:
        for name, number, _ in secret.inputs:
            if number is not None:
                assert name in (
                    numbers[number].name,
                    "client random",
                    "server random",
                    "encrypted premaster secret",
                )
    verify = next(secret for secret in run.secrets if secret.label == "server verify data")
    finished = run.named("Finished")[1]
    assert finished.plaintext is not None
    assert finished.plaintext[4:] == verify.value
    covered = [numbers[number].name for _, number, _ in verify.inputs if number is not None]
    assert covered == [
        "ClientHello",
        "ServerHello",
        "Certificate",
        "ServerHelloDone",
        "ClientKeyExchange",
        "Finished",
    ]


GOLDEN = "TLS 1.2, RSA key exchange, seed 7"


def test_the_same_seed_gives_the_same_bytes_here_and_everywhere() -> None:
    """A golden trace: every byte that travels in notebook 07's run, summed up."""
    run = sim.tls(key_exchange="RSA", seed=7)
    assert run.to_json() == sim.tls(key_exchange="RSA", seed=7).to_json()
    frames = b"".join(transit.frame for transit in run.transits)
    stored = Path(__file__).parent / "golden" / "tls12_rsa_seed7.txt"
    lines = [f"{GOLDEN}: sha256 of all frames", hashlib.sha256(frames).hexdigest(), "", str(run)]
    assert stored.read_text("utf-8") == "\n".join(lines) + "\n"
    assert sim.tls(key_exchange="RSA", seed=8)["ClientHello"].data != run["ClientHello"].data


def test_a_lossy_network_beneath_changes_nothing_above() -> None:
    run = sim.tls(seed=3, link=sim.Link(delay=0.02, loss=0.1, reorder=0.1, duplicate=0.05))
    assert {name: len(run.named(name)) for name in ("ClientHello", "Finished", "application data")} == {
        "ClientHello": 1,
        "Finished": 2,
        "application data": 2,
    }
    assert set(run.plaintext().values()) == {sim.handshakes.REQUEST, sim.handshakes.RESPONSE}


@pytest.mark.parametrize(
    ("tamper", "end", "words"),
    [
        (sim.flip_byte("server", "ServerHello", 20), "server", "bad_record_mac"),
        (sim.drop_record("client", 2), "server", "expects ClientKeyExchange; it got ChangeCipherSpec"),
        (sim.repeat_record("client", 4), "server", "record 1 does not open"),
        (sim.reflect_record("client", 4), "client", "ChangeCipherSpec; it got unknown message"),
        (sim.swap_records("client", 2), "server", "expects ClientKeyExchange; it got ChangeCipherSpec"),
        (sim.reflect_record("client", 5), "client", "record 1 does not open"),
        (sim.cut_off("client", 4), "server", "without close_notify"),
        (sim.strip_suites("AES128-SHA"), "server", "offers no suite"),
    ],
)
def test_somebody_in_the_path(tamper: sim.Tamper, end: str, words: str) -> None:
    """Who notices first, and in what words."""
    suites = {"suites": ["AES128-GCM-SHA256", "AES128-SHA"]}
    run = sim.tls(
        key_exchange="RSA", seed=7, tampering=tamper, client=suites, server={"suites": ["AES128-GCM-SHA256"]}
    )
    failed = [step for step in run.above if step.after["state"] == "FAILED"]
    assert failed, str(run)
    assert failed[0].end == end
    assert words in " ".join(failed[0].notes)


def test_what_was_changed_is_marked_where_it_travelled() -> None:
    run = sim.tls(key_exchange="RSA", seed=7, tampering=sim.flip_byte("server", "ServerHello", 20))
    (fault,) = [fault for fault in run.faults if fault.kind == "altered"]
    hello = run["ServerHello"]
    assert fault.transit == hello.sources[0].transit
    assert fault.text.endswith("flip a bit: the server's ServerHello, byte 20")
    honest = sim.tls(key_exchange="RSA", seed=7)["ServerHello"]
    assert [n for n, (a, b) in enumerate(zip(hello.data, honest.data, strict=True)) if a != b] == [20]


# ---- tshark ----------------------------------------------------------------------------------------------

FIELDS = {
    "handshake type": "type",
    "length": "length",
    "client version": "version",
    "server version": "version",
    "random": "random",
    "session id length": "session_id_length",
    "session id": "session_id",
    "cipher suites length": "cipher_suites_length",
    "cipher suite": "ciphersuite",
    "compression methods length": "comp_methods_length",
    "compression method": "comp_method",
    "extensions length": "extensions_length",
    "extension type": "extension.type",
    "extension length": "extension.len",
    "server name list length": "extensions_server_name_list_len",
    "name type": "extensions_server_name_type",
    "host name length": "extensions_server_name_len",
    "host name": "extensions_server_name",
    "named group list length": "extensions_supported_groups_length",
    "named group": "extensions_supported_group",
    "EC point format list length": "extensions_ec_point_formats_length",
    "EC point format": "extensions_ec_point_format",
    "supported signature algorithms length": "sig_hash_alg_len",
    "signature scheme": "sig_hash_alg",
    "certificate list length": "certificates_length",
    "certificate length": "certificate_length",
    "certificate": "certificate",
    "renegotiated connection length": "extensions_reneg_info_len",
    "curve type": "server_curve_type",
    "named curve": "server_named_curve",
    "certificate types length": "cert_types_count",
    "certificate type": "cert_type",
    "certificate authorities length": "dnames_len",
    "verify data": "verify_data",
}
"""Our names of fields -> tshark's, behind "tls.handshake."."""

ELSEWHERE = {
    "public length",
    "public",
    "signature length",
    "signature",
    "encrypted premaster secret length",
    "encrypted premaster secret",
}
"""Fields that tshark calls differently in each message; compared by their bytes alone."""


def pdml(path: Path) -> list[tuple[str, str]]:
    """Every field of handshake messages as tshark reads them, in order: (name, value in hexadecimal)."""
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "pdml"], capture_output=True, check=True, timeout=120
    )
    found = []
    for proto in ElementTree.fromstring(done.stdout).iter("proto"):
        if proto.get("name") == "tls":
            for field in proto.iter("field"):
                name = field.get("name", "")
                value = field.get("unmaskedvalue") or field.get("value") or f"{field.get('size')} bytes"
                if name.startswith("tls.handshake."):
                    found.append((name.removeprefix("tls.handshake."), value))
    return found


@needs_tshark
@pytest.mark.parametrize(
    ("version", "choices"),
    [
        ("TLS 1.2", {"key_exchange": "RSA"}),
        ("TLS 1.2", {"key_exchange": "ECDHE", "client_auth": True}),
        ("TLS 1.2", {"key_exchange": "RSA", "suite": "AES128-SHA256", "client_auth": True}),
        ("TLS 1.2", {"kind": "ECDSA"}),
        ("TLS 1.0", {"key_exchange": "RSA"}),
        ("TLS 1.1", {"key_exchange": "ECDHE", "client_auth": True}),
        ("SSL 3.0", {"key_exchange": "RSA"}),
    ],
)
def test_tshark_opens_a_saved_run_and_reads_what_we_read(
    version: str, choices: dict[str, Any], tmp_path: Path
) -> None:
    run = sim.tls(version, seed=7, **choices)
    path = run.save(tmp_path / "run.pcapng")
    said = subprocess.run(
        [
            "tshark",
            "-n",
            "-r",
            str(path),
            "-V",
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for bad in ("Malformed", "incorrect, should be", "Bad checksum", "Unknown Handshake"):
        assert bad not in said, bad
    assert "GET / HTTP/1.1" in said
    assert "hello, client" in said
    theirs = pdml(path)
    named = set(FIELDS.values())
    wanted = [(name, value) for name, value in theirs if name in named]
    everything = {value for _, value in theirs}
    ours = []
    for message in inside(run):
        if not message.form.startswith("handshake"):
            continue
        data = message.data if message.plaintext is None else message.plaintext
        for span in message.spans if message.plaintext is None else message.opened:
            value = data[span.start : span.end].hex()
            if span.name == "verify data":  # of which tshark tells only how long it is
                value = f"{span.end - span.start} bytes"
            if value == "36 bytes":
                continue  # of SSL 3.0, whose two hashes tshark does not tell
            if span.name in FIELDS:
                ours.append((FIELDS[span.name], value))
            else:
                assert span.name in ELSEWHERE, span.name
                assert value in everything or version == "SSL 3.0", span.name
    assert ours == wanted


# ---- Who reads along -------------------------------------------------------------------------------------


def read_along(watcher: Watcher, one: Client, other: Server) -> list[Heard]:
    """Let two ends talk, with somebody who reads along."""
    found: list[Heard] = []
    for _ in range(20):
        for mine, theirs in ((one, other), (other, one)):
            data = mine.outgoing()
            found += watcher.feed(mine.end, data)
            theirs.receive(data)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED")
    return found


def test_with_the_servers_key_a_session_that_goes_on_is_read_too() -> None:
    made, sessions, known = case(), Sessions(), dict[bytes, bytes]()
    session = None
    for resumed in (False, True):
        one = Client("www.example.org", ["TLS 1.2"], ["AES128-SHA256"], session=session, seed=f"c{resumed}")
        other = Server(
            made.chain, made.key, ["TLS 1.2"], ["AES128-SHA256"], sessions=sessions, seed=f"s{resumed}"
        )
        watcher = Watcher(rsa_keys=[made.key], sessions=known)
        one.send(b"secret words")
        heard = read_along(watcher, one, other)
        assert one.agreed.resumed is resumed
        assert [each.plaintext for each in heard if each.form == "data"] == [b"secret words"]
        assert [each.notes for each in heard if each.name == "Finished"] == [
            ("fits the handshake as it was read",)
        ] * 2
        session = one.session
        one.close()


def test_a_record_with_another_version_after_the_keys_changed_is_noted_and_not_opened() -> None:
    made = case()
    one = Client("www.example.org", ["TLS 1.2"], ["AES128-SHA256"], seed=1)
    other = Server(made.chain, made.key, ["TLS 1.2"], ["AES128-SHA256"], seed=2)
    watcher = Watcher(rsa_keys=[made.key])
    read_along(watcher, one, other)
    one.send(b"secret words")
    record = bytearray(one.outgoing())
    record[2] = 0
    (heard,) = watcher.feed("client", bytes(record))
    assert not heard.plaintext
    assert "SSL 3.0" in " ".join(heard.notes)


@given(st.lists(st.tuples(st.sampled_from(["client", "server"]), st.binary(max_size=60)), max_size=12))
def test_whatever_comes_by_who_reads_along_does_not_stumble(chunks: list[tuple[str, bytes]]) -> None:
    watcher = Watcher()
    for sender, data in chunks:
        for heard in watcher.feed(sender, data):
            assert heard.sender == sender


@given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from(["RSA", "ECDHE"]))
@settings(max_examples=60, deadline=None)
def test_a_run_with_any_byte_changed_is_read_as_far_as_it_goes(place: int, value: int, exchange: str) -> None:
    run = recorded_run(exchange)
    streams = [(message.sender, message.data) for message in inside(run)]
    octets = bytearray(b"".join(data for _, data in streams))
    octets[place % len(octets)] = value
    watcher, at = Watcher(), 0
    for sender, data in streams:
        watcher.feed(sender, Record(22, 0x0303, bytes(octets[at : at + len(data)])[:16000]).encode())
        at += len(data)


@cache
def recorded_run(exchange: str) -> Trace:
    return sim.tls(key_exchange=exchange, seed=7)


def test_many_small_messages_cost_no_more_than_their_bytes() -> None:
    """Records full of ServerHelloDone, forty thousand of them."""
    watcher = Watcher()
    record = Record(22, 0x0303, bytes([14, 0, 0, 0]) * 4000).encode()
    heard = sum(len(watcher.feed("server", record)) for _ in range(10))
    assert heard == 40_000
    assert len(watcher.told) <= 100

"""Our ends against real OpenSSL: every suite and version that both speak, in both directions; and faults.

The first test prints a table of what was tried (`pytest -s`).
"""

from __future__ import annotations

import itertools
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handshake import live, sim
from handshake.live.opinions import written
from handshake.live.peers import VERSIONS
from handshake.pki.authority import Case, case
from handshake.sim.handshakes import REQUEST, RESPONSE
from handshake.tls import Client, Server, Sessions
from handshake.tls.endpoint import Endpoint
from handshake.tls.schedule import KEY_LOG
from handshake.tls.suites import SUITES, find
from handshake.trace import Trace

KINDS = {"RSA": ["RSA"], "ECDSA": ["ECDSA", "Ed25519"], "": ["RSA", "ECDSA", "Ed25519"]}
"""What kinds of keys a suite can be used with, by its way of authentication."""

BOTH = [
    (version, name, kind, ours, auth)
    for version in VERSIONS
    for name in live.spoken(version)
    for kind in KINDS[find(name).authentication]
    for ours, auth in itertools.product(("client", "server"), (False, True))
    if not (kind == "Ed25519" and version < "TLS 1.2")
]
"""Version, suite, kind of keys, our end, and whether the client says who it is."""

results: dict[tuple[str, str, str], list[str]] = {}


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Print what was tried, when all has been."""
    yield
    tried = "ours: client, server, each with and without a client certificate"
    print(f"\n{'version':8} {'suite':46} {'keys':8} {tried}")
    for (version, name, kind), told in sorted(results.items()):
        print(f"{version:8} {name:46} {kind:8} {', '.join(told)}")
    left = [
        suite.name
        for suite in SUITES.values()
        if not any(suite.name in spoken for spoken in map(live.spoken, VERSIONS))
    ]
    print(f"not spoken by this OpenSSL: {', '.join(left) or 'none of ours'}")


def masters(run: Trace, label: str) -> set[bytes]:
    return {secret.value for secret in run.secrets if secret.label == label}


@pytest.mark.parametrize(("version", "name", "kind", "ours", "auth"), BOTH)
def test_it_completes_data_flow_the_key_log_agrees_and_it_closes(
    version: str, name: str, kind: str, ours: str, auth: bool
) -> None:
    run = live.tls(version, ours=ours, suite=name, kind=kind, client_auth=auth)
    last = {step.end: step.after["state"] for step in run.above}
    assert last == {"client": "CLOSED", "server": "CLOSED"}, [(s.end, s.cause, s.notes) for s in run.above]
    assert list(run.plaintext().values()) == [REQUEST, RESPONSE]
    for label, logged in (KEY_LOG if version == "TLS 1.3" else {"master secret": "CLIENT_RANDOM"}).items():
        if "early" not in label:
            assert masters(run, label) == masters(run, logged) != set(), label
    assert run["ServerHello"].details[0].value == name
    assert [message.notes for message in run.named("Finished")] == [
        ("fits the handshake as it was read",)
    ] * 2
    assert ("client" in [message.sender for message in run.named("CertificateVerify")]) is auth
    results.setdefault((version, name, kind), []).append(f"{ours}{' + certificate' if auth else ''}: ok")


def test_all_that_this_package_promises_is_spoken() -> None:
    """The suites of the issue: CBC with three MACs, GCM and ChaCha20 (3DES only old OpenSSLs speak)."""
    spoken = {name for version in VERSIONS for name in live.spoken(version)}
    ccm = {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}  # spoken by OpenSSL, not offered by itself
    assert {suite.name for suite in SUITES.values()} - spoken - ccm <= {"TLS_RSA_WITH_3DES_EDE_CBC_SHA"}


@pytest.mark.parametrize(
    "choices",
    [
        {"extended_master_secret": False},
        {"encrypt_then_mac": False, "suite": "AES128-SHA256"},
        {"protocols": ["http/1.1"]},
        {"groups": (0x0017,)},
        {"groups": (0x0018,)},
        {"schemes": (0x0804,)},
        {"schemes": (0x0501,)},
    ],
    ids=str,
)
@pytest.mark.parametrize("ours", ["client", "server"])
def test_with_other_choices(ours: str, choices: dict[str, Any]) -> None:
    run = live.tls(ours=ours, **{"key_exchange": "ECDHE", **choices})
    assert list(run.plaintext().values()) == [REQUEST, RESPONSE]
    assert masters(run, "master secret") == masters(run, "CLIENT_RANDOM")


ALIKE = [
    (
        "a byte of the ClientHello's random",
        sim.flip_byte("client", "ClientHello", 20),
        "server",
        "bad_record_mac",
    ),
    (
        "a byte of the ServerHello's random",
        sim.flip_byte("server", "ServerHello", 20),
        "server",
        "bad_record_mac",
    ),
    (
        "the encrypted premaster secret",
        sim.flip_byte("client", "ClientKeyExchange", 60),
        "server",
        "bad_record_mac",
    ),
    ("the client's Finished", sim.flip_byte("client", 4, 12), "server", "bad_record_mac"),
    ("the server's Finished", sim.flip_byte("server", "ServerHelloDone", 0), "client", "unexpected_message"),
    ("a record of data", sim.flip_byte("client", 5, 12), "server", "bad_record_mac"),
    ("a record twice", sim.repeat_record("client", 5), "server", "bad_record_mac"),
    (
        "another version",
        sim.edit_message("server", "ServerHello", lambda m: m.encode()[:4] + b"\3\1" + m.encode()[6:]),
        "client",
        "protocol_version",
    ),
]
"""What is done to an RSA handshake, who notices, and with which alert; whoever it is, ours or OpenSSL."""


@pytest.mark.parametrize(("tamper", "who", "alert"), [pytest.param(*row[1:], id=row[0]) for row in ALIKE])
def test_openssl_answers_the_same_faults_with_the_same_alerts(
    tamper: sim.Tamper, who: str, alert: str
) -> None:
    """Whoever of the two has to notice: ours, and OpenSSL in the same place."""
    said = {}
    for ours in ("client", "server"):
        run = live.tls(ours=ours, key_exchange="RSA", tampering=tamper)
        fatal = [m for m in run.messages if m.name in ("Alert", "encrypted alert") and "fatal" in str(m)]
        said[ours] = [(m.sender, str(m).rpartition(" ")[2]) for m in fatal]
    assert said == {"client": [(who, alert)], "server": [(who, alert)]}


# ---- Over the loopback -----------------------------------------------------------------------------------

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no command openssl")


def carry(end: Endpoint, connection: socket.socket, until: Any) -> None:
    """Carry bytes between an end and a socket until something is so."""
    deadline = time.monotonic() + 20
    connection.settimeout(0.2)
    while not until():
        assert time.monotonic() < deadline, end
        connection.sendall(end.outgoing())
        try:
            data = connection.recv(65536)
        except TimeoutError:
            continue
        if not data:
            end.end_of_stream()
            break
        end.receive(data)
    connection.sendall(end.outgoing())


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ["openssl", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def files(made: Case, folder: Path) -> dict[str, str]:
    with written(made) as found:
        return {
            name: str(shutil.copy(path, folder / Path(path).name))
            for name, path in found.items()
            if name != "lists"
        }


@needs_openssl
@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"])
def test_our_client_over_loopback_to_s_server(suite: str, tmp_path: Path) -> None:
    made = case()
    there = files(made, tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (
        "s_server",
        "-accept",
        f"127.0.0.1:{port}",
        "-cert",
        there["leaf"],
        "-cert_chain",
        there["chain"],
        "-key",
        there["key"],
        "-cipher",
        f"{suite}:@SECLEVEL=0",
        "-tls1_2",
        "-www",
        "-naccept",
        "1",
    )
    with running(*command):
        client = Client(made.server_name, suites=[suite])
        with (
            live.loopback.connected(port)
            if hasattr(live.loopback, "connected")
            else _connected(port) as connection
        ):
            carry(client, connection, lambda: client.state == "CONNECTED")
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            carry(
                client, connection, lambda: b"</html>" in client.received.lower() or client.state == "CLOSED"
            )
    assert b"HTTP/1.0 200" in client.received
    assert suite.encode() in client.received


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    """A connection to a server that may need a moment to begin."""
    deadline = time.monotonic() + 10
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    with connection:
        yield connection


@needs_openssl
@pytest.mark.parametrize("suite", ["AES256-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"])
def test_our_server_over_loopback_to_s_client(suite: str, tmp_path: Path) -> None:
    made = case()
    there = files(made, tmp_path)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        listening.settimeout(20)
        port = listening.getsockname()[1]
        command = (
            "s_client",
            "-connect",
            f"127.0.0.1:{port}",
            "-CAfile",
            there["anchors"],
            "-verify_return_error",
            "-servername",
            str(made.server_name),
            "-verify_hostname",
            str(made.server_name),
            "-tls1_2",
            "-cipher",
            f"{suite}:@SECLEVEL=0",
            "-ign_eof",
            "-quiet",
        )
        with running(*command) as process:
            connection, _ = listening.accept()
            with connection:
                server = Server(made.chain, made.key, suites=[suite])
                carry(server, connection, lambda: server.state == "CONNECTED")
                assert process.stdin is not None
                process.stdin.write(b"hello, server\n")
                process.stdin.flush()
                carry(server, connection, lambda: server.received == b"hello, server\n")
                server.send(b"hello, client\n")
                server.close()
                carry(server, connection, lambda: True)
            assert process.stdout is not None
            told = b""
            while b"hello, client" not in told:
                told += process.stdout.readline()
    assert server.server_name == made.server_name


# ---- Sessions that go on ---------------------------------------------------------------------------------


def both_through(ours: Endpoint, theirs: Any, bios: tuple[Any, Any]) -> None:
    """Carry bytes until both are connected."""
    incoming, outgoing = bios
    for _ in range(20):
        incoming.write(ours.outgoing())
        through = True
        try:
            theirs.do_handshake()
        except ssl.SSLWantReadError:
            through = False
        ours.receive(outgoing.read())
        if through and ours.state == "CONNECTED":
            return
    pytest.fail(repr(ours))


def test_a_session_goes_on_with_openssl_at_either_end() -> None:
    made = case()
    with written(made) as there:
        serves, calls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for context in (serves, calls):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.options |= ssl.OP_NO_TICKET
        serves.load_cert_chain(there["chain"], there["key"])
        calls.load_verify_locations(there["anchors"])
    ours, sessions = None, Sessions()
    for resumed in (False, True):
        bios = ssl.MemoryBIO(), ssl.MemoryBIO()
        theirs = serves.wrap_bio(*bios, server_side=True)
        client = Client(made.server_name, ["TLS 1.2"], session=ours)
        both_through(client, theirs, bios)
        assert (client.agreed.resumed, theirs.session_reused) == (resumed, resumed)
        ours = client.session
        client.close()
        bios[0].write(client.outgoing())
        theirs.unwrap()  # OpenSSL forgets sessions of connections that were not closed
    kept = None
    for resumed in (False, True):
        bios = ssl.MemoryBIO(), ssl.MemoryBIO()
        theirs = calls.wrap_bio(*bios, server_hostname=made.server_name, session=kept)
        server = Server(made.chain, made.key, ["TLS 1.2"], sessions=sessions)
        both_through(server, theirs, bios)
        assert (server.agreed.resumed, theirs.session_reused) == (resumed, resumed)
        kept = theirs.session

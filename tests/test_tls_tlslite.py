"""Our ends against tlslite-ng, which still speaks what OpenSSL has forgotten: SSL 3.0, and 3DES."""

from __future__ import annotations

import itertools
import socket
import warnings
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from handshake.pki.authority import case
from handshake.tls import Client, Server
from handshake.tls.endpoint import Endpoint

with warnings.catch_warnings():  # it uses what `cryptography` is about to give up
    warnings.simplefilter("ignore")
    api: Any = pytest.importorskip("tlslite.api", reason="tlslite-ng is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")

NUMBERS = {"SSL 3.0": (3, 0), "TLS 1.0": (3, 1), "TLS 1.1": (3, 2), "TLS 1.2": (3, 3)}
MADE = case()


def settings(version: str) -> Any:
    found = api.HandshakeSettings()
    number = NUMBERS[version]
    found.minVersion = found.maxVersion = number
    found.versions = [number]
    found.cipherNames = ["aes128", "aes256", "3des", "aes128gcm", "chacha20-poly1305"]
    found.macNames = ["sha", "sha256", "aead"]
    found.keyExchangeNames = ["rsa", "ecdhe_rsa"]
    found.cipherImplementations = ["python"]
    found.ticketKeys = []
    return found


def identity() -> tuple[Any, Any]:
    chain = []
    for certificate in MADE.chain:
        one = api.X509()
        one.parse(certificate.public_bytes(Encoding.PEM).decode())
        chain.append(one)
    pem = MADE.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return api.X509CertChain(chain), api.parsePEMKey(pem, private=True, implementations=["python"])


def carry(steps: Iterator[Any], ours: Endpoint, connection: socket.socket) -> None:
    """Let both go on until both are through."""
    through = False
    for _ in range(300):
        connection.sendall(ours.outgoing())
        if not through:
            through = next(steps, None) is None
        with suppress(BlockingIOError):
            ours.receive(connection.recv(65536))
        if through and ours.state == "CONNECTED":
            return
    pytest.fail(repr(ours))


def heard(theirs: Any, count: int) -> bytes:
    return next(bytes(each) for each in theirs.readAsync(count, count) if isinstance(each, bytes | bytearray))


SUITES = {
    "SSL 3.0": ["AES128-SHA", "AES256-SHA", "DES-CBC3-SHA"],
    "TLS 1.0": ["AES128-SHA", "DES-CBC3-SHA", "ECDHE-RSA-AES128-SHA"],
    "TLS 1.1": ["AES256-SHA", "DES-CBC3-SHA"],
    "TLS 1.2": ["AES128-SHA256", "AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
}


@pytest.mark.parametrize(("version", "suite"), [(v, s) for v, all_ in SUITES.items() for s in all_])
@pytest.mark.parametrize("ours", ["client", "server"])
def test_it_completes_and_data_flow(version: str, suite: str, ours: str) -> None:
    here, there = socket.socketpair()
    with closing(here), closing(there):
        here.setblocking(False)
        there.setblocking(False)
        theirs = api.TLSConnection(there)
        end: Endpoint
        if ours == "client":
            chain, key = identity()
            end = Client(None, [version], [suite])
            steps = theirs.handshakeServerAsync(certChain=chain, privateKey=key, settings=settings(version))
        else:
            end = Server(MADE.chain, MADE.key, [version], [suite])
            steps = theirs.handshakeClientCert(settings=settings(version), async_=True)
        carry(iter(steps), end, here)
        assert theirs.version == NUMBERS[version]
        end.send(b"hello")
        here.sendall(end.outgoing())
        assert heard(theirs, 5) == b"hello"
        for _ in itertools.takewhile(lambda step: step in (0, 1), theirs.writeAsync(b"and back")):
            pass
        end.receive(here.recv(65536))
        assert end.received == b"and back"

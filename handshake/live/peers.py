"""Our ends of TLS against OpenSSL's, over our own TCP: real bytes, and somebody else who understands them.

OpenSSL lives in this process, in `ssl.MemoryBIO`s: nothing leaves the machine.  What it draws at random
differs from run to run.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handshake.live.opinions import written
from handshake.pki.authority import case
from handshake.sim.faults import Fault
from handshake.sim.handshakes import HOST, REQUEST, RESPONSE, of_client, over_tcp, two_ends
from handshake.sim.inpath import Tamper
from handshake.sim.link import Link
from handshake.sim.world import CLIENT, SERVER
from handshake.tls.alerts import NUMBERS, Alert
from handshake.tls.known import Move
from handshake.tls.suites import SUITES
from handshake.trace import Address, Secret, Trace

VERSIONS = {
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}
"""What OpenSSL calls the versions."""


class OpenSSLEnd:
    """OpenSSL's end of a connection, with the calls of `tls.Endpoint`.

    end: "client" or "server".   state: HANDSHAKE, CONNECTED, CLOSING, CLOSED or FAILED.
    error: why it failed, in OpenSSL's words.   alert_received: the alert that came, where it says so.
    """

    def __init__(self, end: str, context: ssl.SSLContext, server_name: str | None = None) -> None:
        self.end = end
        self.state = "HANDSHAKE"
        self.error = ""
        self.alert_received: Alert | None = None
        self.moves: list[Move] = []
        self.derived: list[Secret] = []
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._received = bytearray()
        self._waiting = bytearray()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=end == "server", server_hostname=server_name
        )
        if end == "client":
            self._go_on("open")

    def receive(self, data: bytes) -> None:
        """Bytes came."""
        self._incoming.write(data)
        self._go_on(f"rcv {len(data)} bytes")

    def outgoing(self) -> bytes:
        """The bytes that are to be sent."""
        return self._outgoing.read()

    def send(self, data: bytes) -> None:
        """Send data, now or when the handshake is over."""
        if self.state == "CONNECTED":
            self._object.write(data)
        else:
            self._waiting += data

    def close(self) -> None:
        """Say that nothing more will be sent."""
        before = self.state
        try:
            self._object.unwrap()
            self.state = "CLOSED"
        except ssl.SSLWantReadError:
            self.state = "CLOSING"
        except ssl.SSLError as error:
            self._failed(error)
        self._moved("close", before)

    def end_of_stream(self) -> None:
        """The connection beneath has ended."""
        self._incoming.write_eof()
        if self.state not in ("CLOSED", "FAILED"):
            self._go_on("end of stream")

    @property
    def received(self) -> bytes:
        """The data that came."""
        return bytes(self._received)

    @property
    def suite(self) -> str:
        """What was agreed upon, in OpenSSL's words."""
        return (self._object.cipher() or ("",))[0]

    @property
    def peer_certificate(self) -> bytes:
        """The other end's certificate in DER, or nothing."""
        return self._object.getpeercert(binary_form=True) or b""

    @property
    def version(self) -> str:
        """The version that was agreed upon."""
        return {"TLSv1": "TLS 1.0"}.get(
            self._object.version() or "", (self._object.version() or "").replace("v", " ")
        )

    def _go_on(self, cause: str) -> None:
        before = self.state
        try:
            if self.state == "HANDSHAKE":
                self._object.do_handshake()
                self.state = "CONNECTED"
                if self._waiting:
                    self._object.write(bytes(self._waiting))
                    self._waiting.clear()
            if self.state == "CONNECTED":
                self._read()
            elif self.state == "CLOSING":
                self._object.unwrap()
                self.state = "CLOSED"
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._answer_close()
        except ssl.SSLError as error:
            self._failed(error)
        self._moved(cause, before)

    def _read(self) -> None:
        while True:
            data = self._object.read(65536)
            if not data:
                raise ssl.SSLZeroReturnError(6, "the other end has closed")
            self._received += data

    def _answer_close(self) -> None:
        with suppress(ssl.SSLError):
            self._object.unwrap()
        self.state = "CLOSED"

    def _failed(self, error: ssl.SSLError) -> None:
        self.state = "FAILED"
        reason = error.reason or str(error)
        self.error = getattr(error, "verify_message", "") or reason
        name = reason.partition("_ALERT_")[2].lower()
        if name in NUMBERS:
            self.alert_received = Alert.of(name)

    def _moved(self, cause: str, before: str) -> None:
        if before != self.state or self.error:
            notes = (f"OpenSSL says: {self.error}",) if self.error else ()
            self.moves.append(Move(cause, {"state": before}, {"state": self.state}, notes, ()))

    def __repr__(self) -> str:
        return f"OpenSSLEnd({self.end}, {self.state}{', ' + self.error if self.error else ''})"


def tls(
    version: str = "TLS 1.2",
    *,
    ours: str = "client",
    key_exchange: str = "ECDHE",
    suite: str | int | None = None,
    kind: str = "RSA",
    client_auth: bool | str = False,
    shows: str = "good",
    lists: bool = False,
    seed: int | bytes | str | None = 0,
    delay: float = 0.020,
    request: bytes = REQUEST,
    response: bytes = RESPONSE,
    think: float = 0.010,
    faults: Iterable[Fault] = (),
    tampering: Iterable[Tamper] = (),
    verify: bool = True,
    addresses: tuple[Address, Address] = (CLIENT, SERVER),
    title: str | None = None,
    **choices: Any,
) -> Trace:
    """The same connection as `sim.tls`, with OpenSSL at one end.

    ours: which end is ours, "client" or "server".   choices: of our end, see `tls.Client` and `tls.Server`.
    The other arguments are those of `sim.tls`.  (The secrets of OpenSSL's end come by its key log.)
    ValueError for a version or a suite that this OpenSSL does not speak.
    """
    if ours not in ("client", "server"):
        raise ValueError(f"ours is 'client' or 'server', got {ours!r}")
    with keylog() as log:
        first, second = joined(
            version, ours, key_exchange, suite, kind, client_auth, shows, lists, seed, verify, log, choices
        )
        return over_tcp(
            first, second, f"{version}, our {ours} and OpenSSL", title=title, seed=seed, link=Link(delay),
            request=request, response=response, think=think, faults=faults, tampering=tampering,
            addresses=addresses, until=None, keys=lambda: log.read_bytes() if log.exists() else b"",
        )  # fmt: skip


def joined(
    version: str, ours: str, key_exchange: str, suite: str | int | None, kind: str, client_auth: bool | str,
    shows: str, lists: bool, seed: Any, verify: bool, log: Path, choices: dict[str, Any],
) -> tuple[Any, Any]:  # fmt: skip
    """A client's and a server's end.

    ours: which of them is ours: "client", "server", "both" or "neither"; the others are OpenSSL's.
    """
    if version not in VERSIONS:
        raise ValueError(f"this OpenSSL speaks {', '.join(VERSIONS)} of those that we do; not {version!r}")
    of_ours = {end: choices if ours in (end, "both") else {} for end in ("client", "server")}
    one, other = two_ends(
        version, key_exchange, suite, kind, client_auth, seed, verify, of_ours["client"], of_ours["server"],
        shows, lists,
    )  # fmt: skip
    names = [each.openssl for each in (other if ours == "server" else one).settings.suites]
    about = version, names, kind, client_auth, shows, lists, verify, log
    first = one if ours in ("client", "both") else _openssl("client", *about)
    second = other if ours in ("server", "both") else _openssl("server", *about)
    return first, second


def spoken(version: str) -> list[str]:
    """The names of our suites that this OpenSSL speaks with a version."""
    found = []
    for suite in SUITES.values():
        if not suite.serves(version):
            continue
        if version == "TLS 1.3":  # (Python's ssl can only list them, not choose)
            if any(each["name"] == suite.name for each in _modern()):
                found.append(suite.name)
            continue
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.set_ciphers(f"{suite.openssl}:@SECLEVEL=0")
        except ssl.SSLError:
            continue
        found.append(suite.name)
    return found


def _modern() -> list[Any]:
    """What this OpenSSL offers in TLS 1.3."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).get_ciphers()


@contextmanager
def keylog() -> Any:
    """A file for the secrets of OpenSSL's end; it is gone afterwards."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "keys.txt"


def _openssl(
    end: str, version: str, suites: list[str], kind: str, client_auth: bool | str, shows: str, lists: bool,
    verify: bool, log: Path,
) -> OpenSSLEnd:  # fmt: skip
    """OpenSSL's end, with the certificates of the lessons."""
    made, client = case("none", kind=kind), of_client(shows, kind)
    server = end == "server"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    try:
        old = [name for name in suites if not name.startswith("TLS_")]
        context.set_ciphers(":".join([*(old or ["DEFAULT"]), "@SECLEVEL=0"]))
    except ssl.SSLError:
        raise ValueError(f"this OpenSSL speaks none of {', '.join(suites)}") from None
    with warnings.catch_warnings():  # that these versions are old is what the lesson is about
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = VERSIONS[version]
    if version == "TLS 1.3" and not {each["name"] for each in _modern()} & set(suites):
        raise ValueError(f"this OpenSSL speaks none of {', '.join(suites)}")
    context.options |= ssl.OP_NO_TICKET
    context.keylog_filename = str(log)
    with written(made, client) as files, written(client) as theirs:
        context.load_verify_locations(theirs["anchors"] if server else files["anchors"])
        if server and lists:
            context.load_verify_locations(theirs["lists"])
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if server:
            context.load_cert_chain(files["chain"], files["key"])
            wanted = {False: ssl.CERT_NONE, "none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL}
            context.verify_mode = wanted.get(client_auth, ssl.CERT_REQUIRED)
        else:
            context.check_hostname = verify
            context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
            if shows != "nothing":
                context.load_cert_chain(files["good chain"], files["good key"])
    return OpenSSLEnd(end, context, None if server else HOST)

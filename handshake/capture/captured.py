"""A capture file -> Trace.  Nothing is taken apart further than somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from handshake.capture.keylog import parse
from handshake.capture.reader import Scan, scan
from handshake.errors import DecodeError
from handshake.flows import FlowTable, Observed, Secure, infer_steps, observe, secure
from handshake.peel import LINKS, Dissection
from handshake.trace import ByConnection, Connection, Deferred, Fault, Message, Secret, Step, Trace, Transit


def read(path: str | Path, keylog: str | Path | None = None, rsa_keys: Sequence[str | Path] = ()) -> Trace:
    """Read a pcap or pcapng file.

    keylog: a file with TLS secrets, as SSLKEYLOGFILE writes it.  They join those that the file itself may
    carry, and go with the trace when it is saved.
    rsa_keys: files with private keys of servers, in PEM: with the key exchange RSA, whoever has that key can
    open what was recorded (and with any other, cannot).

    Both byte orders, micro- and nanoseconds; Ethernet (with VLAN tags), raw IP, Linux cooked (1 and 2) and
    BSD loopback; packets that the capture cut short.  A file that is no capture is a DecodeError; damage
    further on keeps what came before it, and is the last of the trace's entries.
    """
    path = Path(path)
    try:
        found = scan(path.read_bytes())
    except DecodeError as error:
        raise error.inside(path.name) from None
    extra = b"" if keylog is None else Path(keylog).read_bytes()
    captured = Captured(found, path.name)
    captured.read_secrets(found.secrets, f"key log in {path.name}", strict=False)
    captured.read_secrets(extra, str(keylog), strict=True)
    captured.rsa_keys = tuple(_private_key(Path(key)) for key in rsa_keys)
    return captured.trace()


class Captured:
    """A scanned file, sorted into connections; each connection is told when somebody looks."""

    def __init__(self, found: Scan, title: str) -> None:
        self.found = found
        self.secrets: tuple[Secret, ...] = ()
        self.rsa_keys: tuple[Any, ...] = ()
        self.sessions: dict[bytes, bytes] = {}
        self._opened: set[int] = set()
        self.title = title
        self.epoch = min((time for time in found.times if time is not None), default=0)
        self.owners: list[tuple[int | None, str]] = []
        table = FlowTable()
        columns = zip(found.starts, found.sizes, found.lengths, found.links, strict=True)
        for number, (start, size, length, link) in enumerate(columns, 1):
            dissection = Dissection(found.data[start : start + size], link, length)
            self.owners.append(table.place(number, dissection))
        self.flows = table.flows
        self.faults = self._unread()
        self.observed = lru_cache(maxsize=64)(self._observed)
        self.secure = lru_cache(maxsize=64)(self._secure)
        # What is kept of every connection that somebody looked at, so that it need not be observed again.
        self._known: dict[int, tuple[Connection, frozenset[int | None]]] = {}

    def read_secrets(self, log: bytes, name: str, *, strict: bool) -> None:
        """Add the secrets of a key log; one that is damaged is an error, or (not strict) a fault."""
        try:
            self.secrets += parse(log.decode("ascii", "replace"))
        except DecodeError as error:
            if strict:
                raise error.inside(name) from None
            self.faults.append(Fault("reading", str(error.inside(name)), offset=error.offset))

    def trace(self) -> Trace:
        """The trace; its parts are worked out as they are looked at."""
        numbers = range(1, len(self.flows) + 1)
        return Trace(
            self.title,
            Deferred(len(self.owners), self._transit),
            ByConnection(numbers, self._messages, lambda message: message.sources[0].transit),
            ByConnection(numbers, self._steps, lambda step: step.time),
            ByConnection(range(len(self.flows) + 1), self._secrets, lambda secret: 0),
            Deferred(len(self.flows), lambda index: self._told(index + 1)[0]),
            ByConnection(range(len(self.flows) + 1), self._connection_faults, _reading_last),
            self.epoch,
        )

    def _transit(self, index: int) -> Transit:
        connection = self.owners[index][0]
        lost = connection is not None and index + 1 in self._told(connection)[1]
        return self._plain_transit(index, "lost" if lost else None)

    def _plain_transit(self, index: int, fault: str | None = None) -> Transit:
        found = self.found
        start, size, length = found.starts[index], found.sizes[index], found.lengths[index]
        time = found.times[index]
        connection, sender = self.owners[index]
        return Transit(
            index + 1,
            found.data[start : start + size],
            found.links[index],
            seen=None if time is None else (time - self.epoch) / 1e9,
            length=length if length > size else None,
            connection=connection,
            sender=sender,
            fault=fault,
        )

    def _told(self, number: int) -> tuple[Connection, frozenset[int | None]]:
        """A connection, and the numbers of its transits that got lost."""
        if number not in self._known:
            observed = self.observed(number)
            self._known[number] = observed.connection, frozenset(f.transit for f in observed.faults)
        return self._known[number]

    def _observed(self, number: int) -> Observed:
        flow = self.flows[number - 1]
        notes = () if flow.sure else ("it was open before the capture began: who called whom is a guess",)
        connection = Connection(
            number,
            flow.protocol,
            flow.client,
            flow.server,
            tuple(flow.transits),
            notes=notes if flow.protocol == "TCP" else (),
        )
        return observe(connection, (self._plain_transit(n - 1) for n in flow.transits))

    def _messages(self, number: int) -> Sequence[Message]:
        return (*self.observed(number).messages, *self.secure(number).messages)

    def _secure(self, number: int) -> Secure:
        """The TLS of a connection, opened as far as the secrets go."""
        if self.rsa_keys or self.secrets:  # a session may go on that began in an earlier connection
            for earlier in range(len(self._opened) + 1, number):
                self._opened.add(earlier)
                self.secure(earlier)
        return secure(self.observed(number), self._find, self.rsa_keys, self.sessions)

    def _find(self, client_random: bytes) -> dict[str, bytes]:
        return {each.label: each.value for each in self.secrets if each.client_random == client_random}

    def _secrets(self, number: int) -> Sequence[Secret]:
        """What was derived in a connection; for number 0, what came with the file."""
        if not number:
            return self.secrets
        return self.secure(number).secrets if self.secrets or self.rsa_keys else ()

    def _steps(self, number: int) -> Sequence[Step]:
        if self.flows[number - 1].protocol != "TCP":
            return ()
        return infer_steps(self.observed(number))

    def _unread(self) -> list[Fault]:
        faults = []
        for link in dict.fromkeys(self.found.links):
            if link not in LINKS:
                known = ", ".join(LINKS)
                text = f"{self.title}: frames of {link} are kept, but cannot be read; known are {known}"
                faults.append(Fault("reading", text))
        return faults

    def _connection_faults(self, number: int) -> Sequence[Fault]:
        """What got lost in a connection; for number 0, what could not be read of the file."""
        if number:
            notes = self.secure(number).notes
            told = tuple(Fault("reading", f"TLS: {note}", connection=number) for note in notes)
            return (*self.observed(number).faults, *told)
        error = self.found.error
        if error is None:
            return self.faults
        return (*self.faults, Fault("reading", str(error.inside(self.title)), offset=error.offset))


def _private_key(path: Path) -> Any:
    """A private key of RSA out of a PEM file; DecodeError if there is none in it."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise DecodeError(
            "private key", 0, "a key in PEM, without a password", str(error), path.name
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise DecodeError("private key", 0, "a key of RSA", type(key).__name__, path.name)
    return key


def _reading_last(fault: Fault) -> tuple[bool, float]:
    return fault.kind == "reading", fault.time

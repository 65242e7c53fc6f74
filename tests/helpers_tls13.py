"""For tests of TLS 1.3: two ends that meet, and somebody in between who holds their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace as other_session
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from helpers_tls import pump

from handshake.pki.authority import Case, case
from handshake.tls import Client, Server, Sessions
from handshake.tls.endpoint import Endpoint
from handshake.tls.messages import decode_handshake
from handshake.tls.protection13 import Protection13
from handshake.tls.records import HEADER, Record, RecordStream
from handshake.tls.sessions import Session
from handshake.wire import replace

HOST = "www.example.org"
AES128, AES256, CHACHA = "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
NOBODY: dict[str, Any] = {"certificate": None, "key": None}
ASKS: dict[str, Any] = {"groups": [0x0017]}
"""Choices of a server that asks our client, which sends a share of X25519, for another hello."""


@cache
def chain(kind: str, purpose: str = "server") -> Case:
    host = HOST if purpose == "server" else "client.example.org"
    return case("none", kind=kind, purpose=purpose, host=host)


def both(
    suite: Any = AES128, auth: str = "none", kind: str = "RSA", versions: Any = ("TLS 1.3",),
    client: Mapping[str, Any] | None = None, server: Mapping[str, Any] | None = None,
) -> tuple[Client, Server]:  # fmt: skip
    """A client and a server of TLS 1.3."""
    of_server, of_client = chain(kind), chain(kind, "client")
    suites = [suite] if isinstance(suite, str) else suite
    shows = {"certificate": of_client.chain, "key": of_client.key} if auth != "none" else {}
    one = Client(
        **{"server_name": HOST, "versions": versions, "suites": suites, "seed": 1, **shows, **(client or {})}
    )
    other = Server(**{
        "certificate": of_server.chain, "key": of_server.key, "versions": versions, "suites": suites,
        "client_auth": auth, "seed": 2, **(server or {}),
    })  # fmt: skip
    return one, other


def connected(*args: Any, **choices: Any) -> tuple[Client, Server]:
    one, other = both(*args, **choices)
    pump(one, other)
    assert (one.state, other.state) == ("CONNECTED", "CONNECTED"), (one, other)
    return one, other


def met(sessions: Sessions, early: int = 1000, auth: str = "none", **choices: Any) -> Session:
    """A session that the client has a ticket of."""
    server = {"sessions": sessions, "max_early_data": early, **choices.pop("server", {})}
    one, _ = connected(auth=auth, server=server, **choices)
    assert one.session is not None
    return one.session


def again(
    sessions: Sessions, session: Session | None, early: bytes = b"", most: int = 1000, **choices: Any
) -> tuple[Client, Server]:
    """The two once more, with a ticket; nothing has been carried yet."""
    client = {"session": session, "early": early, "seed": 3, **choices.pop("client", {})}
    server = {"sessions": sessions, "max_early_data": most, "seed": 4, **choices.pop("server", {})}
    return both(client=client, server=server, **choices)


def alert(end: Endpoint) -> str:
    """The name of the alert that an end has sent."""
    return end.alert_sent.name if end.alert_sent is not None else ""


def twin(protection: Any) -> Protection13:
    """What the other end would seal its next record with."""
    assert isinstance(protection, Protection13)
    made = Protection13(protection.suite, protection.secret, writer=protection.writer)
    made.seq = protection.seq
    return made


def sealed(protection: Protection13, inner: bytes, kind: int = 23, version: int = 0x0303) -> bytes:
    """A record with that inside, whatever it is; worked out here (RFC 8446 section 5.2), AES-GCM only."""
    nonce = bytes(a ^ b for a, b in zip(protection.iv, protection.seq.to_bytes(12, "big"), strict=True))
    protection.seq += 1
    header = HEADER.pack(kind, version, len(inner) + 16)
    return header + AESGCM(protection.key).encrypt(nonce, inner, header)


STAGES = ("early_traffic_secret", "handshake_traffic_secret", "application_traffic_secret_0")


class Between:
    """Somebody in the path who has the keys of both ends, and puts other messages in the place of some.

    edits: (end, name of a message) -> edit(message) -> a message, bytes, or None for nothing at all.
    The name of a message that comes a second time ends in " 2".   seen: the names of all that went by.
    """

    def __init__(self, one: Client, other: Server, edits: Mapping[tuple[str, str], Any]) -> None:
        self.ends: dict[str, Any] = {"client": one, "server": other}
        self.edits = edits
        self.seen: list[tuple[str, str]] = []
        self.done = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._streams = {"client": RecordStream(), "server": RecordStream()}
        self._keys: dict[str, tuple[int, Protection13, Protection13]] = {}

    def __call__(self, end: str, data: bytes) -> bytes:
        return b"".join(self._record(end, record) for record in self._streams[end].feed(data))

    def _record(self, end: str, record: Record) -> bytes:
        if record.type == 22:
            out = b"".join(self._messages(end, record.fragment, "TLS 1.2"))
            return Record(22, record.version, out).encode() if out else b""
        if record.type != 23:
            return record.encode()
        opened, writes = self._open(end, record)
        if opened.type != 22:
            return writes.seal(opened.type, opened.fragment).encode()
        parts = self._messages(end, opened.fragment, "TLS 1.3")
        return b"".join(writes.seal(22, part).encode() for part in parts)

    def _open(self, end: str, record: Record) -> tuple[Record, Protection13]:
        at, reads, writes = self._keys.get(end, (-1, None, None))
        if reads is not None and writes is not None:
            seq = reads.seq
            try:
                return reads.open(record), writes
            except Exception:
                reads.seq = seq
        mine = self.ends[end]
        for n in range(at + 1, len(STAGES)):
            secret = mine.schedule.secrets.get(f"{end}_{STAGES[n]}")
            if secret is None:
                continue
            suite = mine.agreed.suite or mine.offered_session.suite
            fresh, copy = (Protection13(suite, secret, writer=end) for _ in range(2))
            try:
                opened = fresh.open(record)
            except Exception:
                continue
            self._keys[end] = n, fresh, copy
            return opened, copy
        raise AssertionError(f"a record of the {end} that does not open")

    def _messages(self, end: str, data: bytes, version: str) -> list[bytes]:
        out, at = [], 0
        while at < len(data):
            size = 4 + int.from_bytes(data[at + 1 : at + 4], "big")
            whole = data[at : at + size]
            message = decode_handshake(whole, version)
            at += size
            self._counts[end, message.name] += 1
            count = self._counts[end, message.name]
            name = message.name if count == 1 else f"{message.name} {count}"
            self.seen.append((end, name))
            edit = self.edits.get((end, name))
            if edit is not None:
                self.done += 1
                changed = edit(message)
                whole = changed if isinstance(changed, bytes) else changed.encode() if changed else b""
            if whole:
                out.append(whole)
        return out


def fields(**values: Any) -> Callable[[Any], Any]:
    """An edit that gives a message other fields."""
    return lambda message: replace(message, **values)


def with_extensions(*more: Any, without: tuple[int, ...] = (), first: bool = False) -> Callable[[Any], Any]:
    """An edit that puts extensions in, behind (or before) the others, and leaves some out."""

    def edit(message: Any) -> Any:
        kept = tuple(each for each in message.extensions or () if each.number not in without)
        return replace(message, extensions=(*more, *kept) if first else (*kept, *more))

    return edit


def otherwise(session: Session, **values: Any) -> Session:
    """The same session, remembered otherwise."""
    return other_session(session, **values)

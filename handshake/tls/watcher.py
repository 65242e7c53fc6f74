"""Somebody who reads along: both directions of a connection, and whatever secrets there are.

    bytes of both ends -> records -> messages -> opened, where a secret is at hand

This is how a capture is read, and a simulated run as well.  It is no third end: it decides nothing and never
answers; what does not fit is noted.  A record that nobody can open stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from handshake.errors import DecodeError, HandshakeError
from handshake.tls import extensions as ext
from handshake.tls.alerts import LEVELS, Alert
from handshake.tls.derive import derive, finished
from handshake.tls.encoding import HEADER_LENGTH, HandshakeMessage
from handshake.tls.exchange import decrypt
from handshake.tls.hellos import ClientHello, NewSessionTicket, ServerHello
from handshake.tls.known import CHANGE_CIPHER_SPEC, Agreed, Told
from handshake.tls.messages import decode_handshake, handshake_name
from handshake.tls.names import CONTENT_TYPES, VERSIONS, name_of
from handshake.tls.proofs import Certificate, ClientKeyExchange, Finished, ServerKeyExchange
from handshake.tls.protection import Protection
from handshake.tls.records import HEADER_LENGTH as RECORD_HEADER
from handshake.tls.records import Record, RecordError, RecordStream
from handshake.tls.suites import ALL, suite_name
from handshake.trace import Secret

Part = tuple[int, int]
"""Bytes of one direction: from which offset of its stream, up to which."""

Find = Callable[[bytes], Mapping[str, bytes]]
"""Gives the secrets of a connection, by their labels in a key log, from its client random."""

MESSAGE_MOST = 1 << 18
"""A longer handshake message is not waited for."""


MESSAGES_MOST = 100
"""So many messages at most belong to a handshake; whatever comes after them is told, and not remembered."""


class Heard(NamedTuple):
    """One message.

    sender: "client" or "server".   name: the standard's.   data: as it travelled: a handshake message, an
    alert, or the whole record where that is encrypted.   parts: where its bytes stood in the stream.
    form: how to read it, see `read_form`.   details: (label, value) worth reading beside the name.
    plaintext: what an encrypted record held, if it was opened; secret: what opened it.
    """

    sender: str
    name: str
    data: bytes
    parts: tuple[Part, ...]
    form: str
    details: tuple[tuple[str, str | int], ...] = ()
    notes: tuple[str, ...] = ()
    plaintext: bytes | None = None
    secret: str | None = None


@dataclass
class Direction:
    """What is known of what one end sends."""

    stream: RecordStream = field(default_factory=RecordStream)
    offset: int = 0
    sealed: bool = False
    protection: Protection | None = None
    message: bytearray = field(default_factory=bytearray)
    parts: list[Part] = field(default_factory=list)
    broken: str = ""


class Watcher:
    """Follows one connection up to TLS 1.2.

    find: gives secrets, see `Find`.   rsa_keys: private keys that may be the server's.
    sessions: master secrets by session id, of connections read before, and of this one afterwards.
    agreed: what is known.   secrets: every secret that was found or derived.   notes: what does not fit.
    """

    def __init__(
        self,
        find: Find = lambda random: {},
        rsa_keys: Sequence[Any] = (),
        sessions: dict[bytes, bytes] | None = None,
    ) -> None:
        self.find = find
        self.rsa_keys = rsa_keys
        self.sessions = {} if sessions is None else sessions
        self.agreed = Agreed()
        self.secrets: list[Secret] = []
        self.notes: list[str] = []
        self.told: list[Told] = []
        self._ends = {"client": Direction(), "server": Direction()}
        self._transcript = bytearray()
        self._count = 0
        self._hello: ClientHello | None = None
        self._session_id = b""
        self._premaster: bytes | None = None
        self._keys: dict[str, Protection] = {}
        self._derived = False

    def feed(self, sender: str, data: bytes) -> list[Heard]:
        """Bytes of one end came by, in order; the answer is the messages that they complete."""
        end, found = self._ends[sender], []
        if end.broken:
            return []
        try:
            records, trouble = end.stream.feed(data), ""
        except RecordError as error:
            records, trouble = list(error.records), str(error)
        for record in records:
            start = end.offset
            end.offset += RECORD_HEADER + len(record.fragment)
            found += self._record(sender, end, record, start)
        if trouble:
            end.broken = trouble
            self.notes.append(f"what the {sender} sends is no TLS from byte {end.offset} on: {trouble}")
        return found

    # ---- Records -----------------------------------------------------------------------------------------

    def _record(self, sender: str, end: Direction, record: Record, start: int) -> list[Heard]:
        whole = (start, start + RECORD_HEADER + len(record.fragment))
        if not end.sealed:
            return self._clear(sender, end, record, start)
        sealed, notes, plain = record.encode(), [], None
        if end.protection is not None:
            try:
                if record.version != end.protection.version:
                    raise ValueError(f"a record of {name_of(VERSIONS, record.version)} does not open here")
                plain = end.protection.open(record).fragment
            except (HandshakeError, ValueError) as error:
                notes.append(getattr(error, "why", str(error)))
        secret = f"{sender} write key"
        if plain is None:
            name = "application data" if record.type == 23 else f"encrypted {CONTENT_TYPES[record.type]}"
            self._count += 1
            details = (("sealed", len(record.fragment)),)
            return [Heard(sender, name, sealed, (whole,), "record", details, tuple(notes))]
        if record.type == 23:
            self._count += 1
            details = (("data", len(plain)),)
            return [Heard(sender, "application data", sealed, (whole,), "data", details, (), plain, secret)]
        inside = self._clear(sender, end, replace(record, fragment=plain), start)
        return [
            each._replace(data=sealed, parts=(whole,), plaintext=each.data, secret=secret) for each in inside
        ]

    def _clear(self, sender: str, end: Direction, record: Record, start: int) -> list[Heard]:
        """A record whose content can be read."""
        data, at = record.fragment, start + RECORD_HEADER
        part = (at, at + len(data))
        if record.type == 22:
            return self._handshake(sender, end, data, part)
        self._count += 1
        if record.type == 20:
            self._change(sender, end)
            return [Heard(sender, CHANGE_CIPHER_SPEC, data, (part,), "change_cipher_spec")]
        if record.type == 21:
            return [_alert(sender, data, part)]
        note = "application data in the clear"
        return [Heard(sender, "application data", data, (part,), "data", (("data", len(data)),), (note,))]

    def _handshake(self, sender: str, end: Direction, data: bytes, part: Part) -> list[Heard]:
        end.message += data
        end.parts.append(part)
        found = []
        while len(end.message) >= HEADER_LENGTH:
            length = HEADER_LENGTH + int.from_bytes(end.message[1:HEADER_LENGTH], "big")
            if length > MESSAGE_MOST:
                self.notes.append(
                    f"the {sender} announces a message of {length} bytes, which is not waited for"
                )
                end.broken = "a message too long"
                break
            if len(end.message) < length:
                break
            whole = bytes(end.message[:length])
            del end.message[:length]
            found.append(self._message(sender, whole, _take(end.parts, length)))
        return found

    def _message(self, sender: str, data: bytes, parts: tuple[Part, ...]) -> Heard:
        """A handshake message: keep what it tells of the connection."""
        self._count += 1
        agreed = self.agreed
        exchange = agreed.suite.key_exchange if agreed.suite else None
        version = agreed.version if agreed.version in ("SSL 3.0", "TLS 1.0", "TLS 1.1") else "TLS 1.2"
        form = f"handshake {version} {exchange or ''}".rstrip()
        notes: list[str] = []
        try:
            message = decode_handshake(data, version, exchange)
        except DecodeError as error:
            notes.append(f"cannot be read: {error}")
            return Heard(sender, handshake_name(data[0]), data, parts, form, (), tuple(notes))
        told = Told(self._count, sender, message.name, data)
        if message.name != "HelloRequest" and len(self.told) < MESSAGES_MOST:
            self.told.append(told)
            self._transcript += data
        try:
            notes += self._learn(sender, message, told)
        except (HandshakeError, ValueError) as error:
            notes.append(f"does not fit: {error}")
        return Heard(sender, message.name, data, parts, form, _details(message), tuple(notes))

    # ---- What the messages tell --------------------------------------------------------------------------

    def _learn(self, sender: str, message: HandshakeMessage, told: Told) -> list[str]:
        agreed = self.agreed
        if isinstance(message, ClientHello):
            if self._hello is not None:
                self._begin_again(told)
                agreed = self.agreed
            self._hello = message
            agreed.client_random = message.random
            agreed.places["client random"] = (told.number, 6)
        elif isinstance(message, ServerHello):
            return self._choice(message, told)
        elif isinstance(message, Certificate) and sender == "server":
            agreed.peer_chain = message.chain
        elif isinstance(message, ServerKeyExchange):
            agreed.places["server share"] = (told.number, 8)
        elif isinstance(message, ClientKeyExchange):
            agreed.places["client share"] = (told.number, HEADER_LENGTH + message.prefix)
            self._exchange(message)
        elif isinstance(message, NewSessionTicket) and agreed.master:
            self.sessions[message.ticket] = agreed.master
        elif isinstance(message, Finished):
            return self._finished(sender, message, bytes(self._transcript[: -len(told.data)]))
        return []

    def _begin_again(self, told: Told) -> None:
        """Another handshake on the same connection (renegotiation): its own randoms, its own transcript."""
        self.agreed, self._keys = Agreed(), {}
        self._premaster, self._derived = None, False
        self.told, self._transcript = [told], bytearray(told.data)

    def _choice(self, hello: ServerHello, told: Told) -> list[str]:
        agreed = self.agreed
        answers = {each.number: each for each in hello.extensions or ()}
        chosen = answers.get(ext.SupportedVersions.number)
        number = chosen.versions[0] if isinstance(chosen, ext.SupportedVersions) else hello.version
        agreed.version = name_of(VERSIONS, number)
        agreed.suite = ALL.get(hello.cipher_suite)
        agreed.server_random = hello.random
        agreed.places["server random"] = (told.number, 6)
        agreed.extended_master_secret = ext.ExtendedMasterSecret.number in answers
        agreed.encrypt_then_mac = ext.EncryptThenMac.number in answers
        self._session_id = hello.session_id
        asked = self._hello.session_id if self._hello else b""
        agreed.resumed = bool(asked) and asked == hello.session_id and agreed.version != "TLS 1.3"
        if agreed.suite is None:
            return [f"{suite_name(hello.cipher_suite)} is not a suite that can be opened here"]
        return []

    def _exchange(self, message: ClientKeyExchange) -> None:
        """Open the premaster secret with the server's private key, if it is at hand."""
        suite = self.agreed.suite
        if suite is None or suite.key_exchange != "RSA" or self._hello is None:
            return
        key = _fitting(self.agreed.peer_chain, self.rsa_keys)
        if key is None:
            if self.rsa_keys:
                self.notes.append("none of the RSA keys given is that of the server's certificate")
            return
        wrong = b"\0" * 48  # what a server would draw at random instead
        premaster = decrypt(key, message.exchange, self._hello.version, lambda label, size: wrong)
        if premaster == wrong:
            self.notes.append("the premaster secret does not decrypt with the server's key")
            return
        self._premaster = premaster

    def _change(self, sender: str, end: Direction) -> None:
        """From here on everything of that end is protected."""
        end.sealed = True
        try:
            self._derive()
        except (HandshakeError, ValueError) as error:
            self.notes.append(f"no keys can be derived: {error}")
        end.protection = self._keys.get(sender)

    def _derive(self) -> None:
        """Master secret and keys, as soon as both randoms and a secret are known."""
        agreed = self.agreed
        if self._derived or agreed.suite is None or not agreed.client_random or not agreed.server_random:
            return
        messages, told = self._until_exchange()
        known = self.find(agreed.client_random)
        premaster = self._premaster
        if "CLIENT_RANDOM" in known:
            agreed.master = known["CLIENT_RANDOM"]
        elif premaster is None:
            agreed.master = self._remembered()
        if premaster is None and len(agreed.master) != 48:
            if agreed.master:
                self.notes.append(f"a master secret has 48 bytes, and the key log has {len(agreed.master)}")
            return
        self._derived = True
        found, self._keys = derive(agreed, "server", premaster, messages, told, None)
        self.secrets += [replace(each, end="") for each in found]
        if self._session_id:
            self.sessions[self._session_id] = agreed.master

    def _remembered(self) -> bytes:
        """The master secret of the session that goes on, by its id or its ticket; b"" if it is not known."""
        offered = {each.number: each for each in (self._hello.extensions or () if self._hello else ())}
        ticket = offered.get(ext.SessionTicket.number)
        keys = [self._session_id] if self.agreed.resumed else []
        keys += [ticket.ticket] if isinstance(ticket, ext.SessionTicket) and ticket.ticket else []
        return next((self.sessions[key] for key in keys if key in self.sessions), b"")

    def _until_exchange(self) -> tuple[bytes, list[Told]]:
        """The handshake up to ClientKeyExchange, which is what an extended master secret is made from."""
        for n, each in enumerate(self.told):
            if each.name == "ClientKeyExchange":
                told = self.told[: n + 1]
                return b"".join(each.data for each in told), told
        return bytes(self._transcript), list(self.told)

    def _finished(self, sender: str, message: Finished, before: bytes) -> list[str]:
        """Whether a Finished is what comes of the handshake as it was read."""
        told = self.told[:-1]
        secret = finished(self.agreed, "", sender, before, told)
        self.secrets.append(secret)
        good = secret.value == message.verify_data
        return [
            "fits the handshake as it was read"
            if good
            else "is not what comes of the handshake as it was read"
        ]


def _take(parts: list[Part], length: int) -> tuple[Part, ...]:
    """The first `length` bytes of these parts; they are taken out."""
    taken = []
    while length:
        start, end = parts[0]
        size = min(length, end - start)
        taken.append((start, start + size))
        length -= size
        if size == end - start:
            parts.pop(0)
        else:
            parts[0] = (start + size, end)
    return tuple(taken)


def _alert(sender: str, data: bytes, part: Part) -> Heard:
    try:
        alert = Alert.decode(data)
    except DecodeError as error:
        return Heard(sender, "Alert", data, (part,), "alert", (), (f"cannot be read: {error}",))
    details = ((LEVELS[alert.level], alert.name),)
    return Heard(sender, "Alert", data, (part,), "alert", details, (f"the {sender} says: {alert.says}",))


def _details(message: HandshakeMessage) -> tuple[tuple[str, str | int], ...]:
    """What is worth reading beside the name."""
    if isinstance(message, ClientHello):
        return (("suites", len(message.cipher_suites)),)
    if isinstance(message, ServerHello):
        return (("", suite_name(message.cipher_suite)),)
    if isinstance(message, Certificate):
        return (("chain of", len(message.chain)),)
    return ()


def _fitting(chain: Sequence[bytes], keys: Sequence[Any]) -> Any:
    """The private key of the first certificate, if it is among these."""
    from cryptography import x509

    try:
        wanted = x509.load_der_x509_certificate(chain[0]).public_key() if chain else None
    except Exception:  # whatever a parser may raise about a peer's bytes
        return None
    return next((key for key in keys if key.public_key() == wanted), None)

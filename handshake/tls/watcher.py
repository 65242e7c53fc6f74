"""Somebody who reads along: both directions of a connection, and whatever secrets there are.

    bytes of both ends -> records -> messages -> opened, where a secret is at hand

This is how a capture is read, and a simulated run as well.  It is no third end: it decides nothing and never
answers; what does not fit is noted.  A record that nobody can open stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handshake.errors import DecodeError, HandshakeError
from handshake.tls import extensions as ext
from handshake.tls import watcher13
from handshake.tls.derive import derive, finished
from handshake.tls.either13 import message_hash
from handshake.tls.encoding import HEADER_LENGTH, HandshakeMessage
from handshake.tls.exchange import decrypt
from handshake.tls.extensions13 import EarlyData, SupportedVersions
from handshake.tls.heard import (
    FITS,
    FITS_NOT,
    MESSAGE_MOST,
    MESSAGES_MOST,
    Direction,
    Find,
    Heard,
    Part,
    details_of,
    fitting,
    heard_alert,
    out_of,
    take,
)
from handshake.tls.hellos import ClientHello, HelloRetryRequest, NewSessionTicket, ServerHello
from handshake.tls.known import CHANGE_CIPHER_SPEC, Agreed, Told
from handshake.tls.messages import decode_handshake, handshake_name
from handshake.tls.messages13 import Finished13
from handshake.tls.names import CONTENT_TYPES, VERSIONS, name_of
from handshake.tls.proofs import Certificate, ClientKeyExchange, Finished, ServerKeyExchange
from handshake.tls.protection import Protection
from handshake.tls.records import HEADER_LENGTH as RECORD_HEADER
from handshake.tls.records import Record, RecordError
from handshake.tls.suites import ALL, Suite, suite_name
from handshake.tls.watcher13 import Ring
from handshake.trace import Secret

NO_TLS = "is no TLS"
"""What is said of bytes that are not."""


class Watcher:
    """Follows one connection.

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
        self._rings: dict[str, Ring] = {}
        self._secrets13: dict[str, bytes] = {}
        self._derived = self._retried = False

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
            self.notes.append(f"what the {sender} sends {NO_TLS} from byte {end.offset} on: {trouble}")
        return found

    # ---- Records -----------------------------------------------------------------------------------------

    def _record(self, sender: str, end: Direction, record: Record, start: int) -> list[Heard]:
        whole = (start, start + RECORD_HEADER + len(record.fragment))
        if self.agreed.version == "TLS 1.3" or (record.type == 23 and self._has_early()):
            return self._record13(sender, end, record, start)
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
        return out_of(end, inside, whole, sealed, secret)

    def _record13(self, sender: str, end: Direction, record: Record, start: int) -> list[Heard]:
        """A record of TLS 1.3: what is protected, looks like data."""
        whole = (start, start + RECORD_HEADER + len(record.fragment))
        if record.type == 20:
            self._count += 1
            note = "says nothing in TLS 1.3; it is there for those on the way who know TLS 1.2"
            part = (start + RECORD_HEADER, whole[1])
            return [
                Heard(sender, CHANGE_CIPHER_SPEC, record.fragment, (part,), "change_cipher_spec", (), (note,))
            ]
        if record.type != 23:
            return self._clear(sender, end, record, start)
        sealed, found = record.encode(), self._rings[sender].open(record) if self._rings else None
        if found is None:
            self._count += 1
            notes = ("no key that is known opens it",) if self._secrets13 else ()
            details = (("sealed", len(record.fragment)),)
            return [Heard(sender, "application data", sealed, (whole,), "record", details, notes)]
        opened, secret = found
        if opened.type == 23:
            self._count += 1
            early = ("early data: sent before the server had answered",) if "early" in secret else ()
            details = (("data", len(opened.fragment)),)
            return [
                Heard(
                    sender,
                    "application data",
                    sealed,
                    (whole,),
                    "data",
                    details,
                    early,
                    opened.fragment,
                    secret,
                )
            ]
        inside = self._clear(sender, end, opened, start)
        return out_of(end, inside, whole, sealed, secret)

    def _has_early(self) -> bool:
        """Whether the client has announced early data, and nobody has answered yet."""
        hello = self._hello
        return hello is not None and any(isinstance(each, EarlyData) for each in hello.extensions or ())

    def _keys13(self, suite: Suite) -> None:
        """The keys of TLS 1.3, as far as their secrets are known."""
        self._secrets13 = watcher13.known(self.find(self.agreed.client_random))
        early = self._rings.get("client")
        self._rings = watcher13.rings(self._secrets13, suite)
        if early is not None:
            self._rings["client"].keys[:0] = early.keys
        for name, value in self._secrets13.items():
            if not any(each.label == name for each in self.secrets):
                random = self.agreed.client_random
                self.secrets.append(Secret(name, value, formula="known already", client_random=random))

    def _early_keys(self, hello: ClientHello) -> None:
        """The key of early data, which comes into use before the server has said a word."""
        self._secrets13 = watcher13.known(self.find(hello.random))
        self._rings = watcher13.early_rings(self._secrets13, hello)

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
            return [heard_alert(sender, data, part)]
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
            found.append(self._message(sender, whole, take(end.parts, length)))
        return found

    def _message(self, sender: str, data: bytes, parts: tuple[Part, ...]) -> Heard:
        """A handshake message: keep what it tells of the connection."""
        self._count += 1
        agreed = self.agreed
        exchange = agreed.suite.key_exchange if agreed.suite else None
        known = agreed.version in ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.3")
        version = agreed.version if known else "TLS 1.2"
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
        if self._rings:
            self._rings[sender].turn(message.name)
        return Heard(sender, message.name, data, parts, form, details_of(message), tuple(notes))

    # ---- What the messages tell --------------------------------------------------------------------------

    def _learn(self, sender: str, message: HandshakeMessage, told: Told) -> list[str]:
        agreed = self.agreed
        if isinstance(message, ClientHello):
            if self._hello is not None and not self._retried:
                self._begin_again(told)
                agreed = self.agreed
            self._hello = message
            agreed.client_random = message.random
            agreed.places["client random"] = (told.number, 6)
            if self._has_early():
                self._early_keys(message)
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
        elif isinstance(message, Finished13) and agreed.suite is not None:
            before = bytes(self._transcript[: -len(told.data)])
            good = watcher13.fits(self._secrets13, agreed.suite, sender, before, message.verify_data)
            return [] if good is None else [FITS if good else FITS_NOT]
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
        chosen = answers.get(SupportedVersions.number)
        number = chosen.versions[0] if isinstance(chosen, SupportedVersions) else hello.version
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
        if self.rsa_keys and agreed.suite.key_exchange != "RSA" and not self.find(agreed.client_random):
            self.notes.append(
                "the server's private key opens nothing here: it has only signed; the secret comes of "
                "(EC)DHE, whose private halves never travelled and are gone"
            )
        if agreed.version == "TLS 1.3" and agreed.suite.serves("TLS 1.3"):
            if isinstance(hello, HelloRetryRequest):
                self._retried = True
                self._transcript = bytearray(
                    message_hash(agreed.suite, bytes(self._transcript[: -len(told.data)])) + told.data
                )
            else:
                self._keys13(agreed.suite)
        return []

    def _exchange(self, message: ClientKeyExchange) -> None:
        """Open the premaster secret with the server's private key, if it is at hand."""
        suite = self.agreed.suite
        if suite is None or suite.key_exchange != "RSA" or self._hello is None:
            return
        key = fitting(self.agreed.peer_chain, self.rsa_keys)
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
        return [FITS if good else FITS_NOT]

"""What both ends of a handshake have in common: messages in and out, the transcript, the keys.

    bytes -> records -> opened -> messages -> one function an edge -> messages -> records -> bytes

An end does no input or output: hand it what arrived with `receive`, and send what `outgoing` gives.  Whatever
a peer sends, `receive` raises nothing: an end answers with an alert, as the standard asks for, and `error`
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from handshake.errors import ProtocolError, Refused
from handshake.tls import derive13, figure, figure13
from handshake.tls.connection import Connection
from handshake.tls.derive import derive, finished
from handshake.tls.figure import OVER
from handshake.tls.judging import judge
from handshake.tls.known import CHANGE_CIPHER_SPEC, Told
from handshake.tls.messages import (
    HEADER_LENGTH,
    HandshakeMessage,
    KeyUpdate,
    decode_handshake,
    handshake_name,
)
from handshake.tls.protection import Protection
from handshake.tls.protection13 import Protection13
from handshake.tls.records import PLAIN_MOST
from handshake.tls.schedule import KEY_LOG, KeySchedule
from handshake.tls.settings import Identity, Settings
from handshake.tls.suites import Suite
from handshake.trace import Secret

MESSAGE_MOST = 1 << 17
"""The longest handshake message that is waited for; a chain of certificates is much shorter."""


class Endpoint(Connection):
    """One end of a TLS connection; see `Client` and `Server`.

    state: one of figure.STATES.   received: the data that came.
    alert_sent, alert_received: the last alert either way, or None.   error: why it failed, or None.
    secrets: what a key log holds, by label.   derived: every secret, with what it was derived from.
    moves: what it did, in order.   told: the messages, both ways, that belong to the handshake.
    handlers: one function an edge, up to TLS 1.2; handlers13: of TLS 1.3.
    """

    handlers: ClassVar[Mapping[tuple[str, str], Callable[[Any, Any], None]]]
    handlers13: ClassVar[Mapping[tuple[str, str], Callable[[Any, Any], None]]]

    def __init__(
        self, settings: Settings, identity: Identity | None, verify: Any, seed: Any, now: float
    ) -> None:
        super().__init__(settings, seed)
        self.identity = identity
        self.verify = verify
        self.now = now
        self.derived: list[Secret] = []
        self.told: list[Told] = []
        self.transcript = bytearray()
        self.schedule: KeySchedule | None = None
        self._next_keys: dict[str, Protection] = {}
        self._arriving = ""  # the message that is being dealt with

    @property
    def secrets(self) -> dict[str, bytes]:
        """What a key log holds of this connection: the master secret, or the traffic secrets of TLS 1.3."""
        if self.schedule is not None:
            known = self.schedule.secrets
            return {label: known[name] for name, label in KEY_LOG.items() if name in known}
        return {"CLIENT_RANDOM": self.agreed.master} if self.agreed.master else {}

    # ---- Handshake messages ------------------------------------------------------------------------------

    def _handshake(self, data: bytes) -> None:
        """A piece of the stream of handshake messages, which may hold many, or less than one."""
        self._message += data
        while self._message and self.state not in OVER:
            name = handshake_name(self._message[0])
            self._expect(name)
            length = HEADER_LENGTH + int.from_bytes(self._message[1:HEADER_LENGTH], "big")
            if len(self._message) >= HEADER_LENGTH and length > MESSAGE_MOST:
                why = f"a {name} of {length} bytes, and {MESSAGE_MOST} are enough for any"
                raise self.wrong(why, self.section("section 7.4", "section 4"), "illegal_parameter")
            if len(self._message) < max(length, HEADER_LENGTH):
                return
            whole = bytes(self._message[:length])
            del self._message[:length]
            suite = self.agreed.suite
            # (Before there is a version, hellos come, which have the same shape in all.)
            version = self.agreed.version or self.settings.highest.replace("1.3", "1.2")
            message = decode_handshake(whole, version, suite.key_exchange if suite else None)
            self._arrived(message.name, message, whole)

    def _expect(self, name: str) -> None:
        """What cannot come now is not waited for, nor taken apart."""
        if name == "HelloRequest" and self.end == "client" and self.state != "CONNECTED" and not self.tls13:
            return  # to be ignored during a handshake (RFC 5246 section 7.4.1.1)
        if name not in self.expected() or (
            name == "NewSessionTicket" and not self.tls13 and not self.settings.tickets
        ):
            raise self.unexpected(name)

    def expected(self) -> tuple[str, ...]:
        """The messages that may come now."""
        if self.tls13:
            return figure13.expected(self.end, self.state)
        return figure.expected(self.end, self.state)

    def _changed(self, data: bytes) -> None:
        self._arrived(CHANGE_CIPHER_SPEC, None, data)

    def _arrived(self, name: str, message: HandshakeMessage | None, data: bytes) -> None:
        """A whole message came: let the function of its edge deal with it."""
        if name == "HelloRequest" and self.state != "CONNECTED" and not self.tls13:
            self._warned(f"{self._warnings} requests to begin anew", "RFC 5246 section 7.4.1.1")
            return
        # (Before there is a version, a hello may be of any.)
        undecided = not self.agreed.version and "TLS 1.3" in self.settings.versions
        handlers = self.handlers13 if self.tls13 or undecided else self.handlers
        if (self.state, name) not in handlers:
            raise self.unexpected(name)
        before, self._arriving = self.plain(), name
        self.note_told(self.peer, name, data)
        if (
            self._message
            and not self.tls13
            and name in ("ServerHelloDone", "ClientHello", "Finished", CHANGE_CIPHER_SPEC)
        ):
            why = f"more of a message stands behind {name}, after which the {self.peer} has to wait"
            raise self.wrong(why, "RFC 5246 section 7.4", "unexpected_message")
        handlers[self.state, name](self, message)
        self._moved(f"rcv {name}", before)
        if self.may_send and self._waiting:
            waiting, self._waiting = bytes(self._waiting), bytearray()
            self.send(waiting)

    # ---- For the functions of the edges ------------------------------------------------------------------

    def unexpected(self, name: str) -> ProtocolError:
        """A message that has no place here: what was expected, and what came."""
        wanted = " or ".join(self.expected()) or "data, or the end"
        why = f"in {self.state} the {self.end} expects {wanted}; it got {name}"
        return self.wrong(why, self.section("section 7.4", "section 4"), "unexpected_message")

    def note_told(self, sender: str, name: str, data: bytes) -> Told:
        """Count a message, and remember it if it belongs to the handshake."""
        self._count += 1
        told = Told(self._count, sender, name, data)
        if self.state != "CONNECTED":
            self.told.append(told)
        return told

    def say(self, message: HandshakeMessage) -> Told:
        """Send a handshake message."""
        data = message.encode()
        told = self.note_told(self.end, message.name, data)
        self._sends.append(message.name)
        if self.state != "CONNECTED":
            self.transcript += data
        for start in range(0, len(data), PLAIN_MOST):
            self._write(22, data[start : start + PLAIN_MOST])
        return told

    def heard(self, data: bytes | None = None) -> Told:
        """The message that is being dealt with counts: from now on it belongs to the transcript."""
        told = self.told[-1]
        self.transcript += told.data if data is None else data
        return told

    def change_writing(self) -> None:
        """Say that everything from now on is protected, and do so."""
        self.note_told(self.end, CHANGE_CIPHER_SPEC, b"\x01")
        self._sends.append(CHANGE_CIPHER_SPEC)
        self._write(20, b"\x01")
        self.records.writes = self._next_keys[self.end]

    def change_reading(self) -> None:
        """The other end's records are protected from now on."""
        self.records.reads = self._next_keys[self.peer]

    def derive_keys(self, premaster: bytes | None = None) -> None:
        """Master secret and keys; without a premaster secret from the session that goes on."""
        agreed = self.agreed
        made, self._next_keys = derive(
            agreed, self.end, premaster, bytes(self.transcript), self.told, self.random
        )
        self.derived += made

    def finished_of(self, end: str) -> bytes:
        """What the Finished of an end has to say now, over the transcript so far."""
        messages = bytes(self.transcript)
        if self.schedule is not None:
            secret = derive13.finished(self.schedule, end, self.agreed, self.end, messages, self.told)
        else:
            secret = finished(self.agreed, self.end, end, messages, self.told)
        self.derived.append(secret)
        return secret.value

    # ---- TLS 1.3 -----------------------------------------------------------------------------------------

    def begin_schedule(self, suite: Suite, psk: bytes | None = None) -> None:
        """The key schedule begins.   psk: what both have from an earlier connection."""
        self.schedule = KeySchedule(suite.hash, psk)
        self.derived += derive13.early(self.schedule, self.agreed, self.end, psk)

    def advance(self, stage: str, dhe: bytes | None = None) -> None:
        """A stage of the key schedule, over the messages so far.   dhe: what the key shares gave."""
        if self.schedule is None:
            raise Refused("the key schedule", "it has not begun")
        if dhe is not None:
            self.derived.append(derive13.shared(dhe, self.agreed, self.end))
        self.derived += derive13.advance(
            self.schedule, stage, self.agreed, self.end, bytes(self.transcript), self.told, dhe
        )

    def protect(self, whose: str, name: str, stage: str, suite: Suite | None = None) -> None:
        """From now on, what an end sends is under a traffic secret (RFC 8446 section 7.3).

        name: of the secret.   stage: for people.   suite: the one that was agreed upon, unless given.
        """
        if self.schedule is None:
            raise Refused("the key schedule", "it has not begun")
        if whose == self.peer:
            self.ends_its_record()
        protection = Protection13(
            suite or self.suite, self.schedule.secrets[name], writer=whose, stage=stage,
            padding=self.settings.padding,
        )  # fmt: skip
        self.derived += derive13.keys_of(name, protection, self.agreed, self.end)
        if whose == self.end:
            self.records.writes = protection
        else:
            self.records.reads = protection

    def ends_its_record(self) -> None:
        """The message that is being dealt with has to be the last in its record (RFC 8446 section 5.1)."""
        if self._message:
            why = f"more stands behind {self._arriving} in its record, and the keys change in between"
            raise self.wrong(why, "RFC 8446 section 5.1", "unexpected_message")

    def say_dummy(self) -> None:
        """A ChangeCipherSpec for the sake of those on the way who know TLS 1.2 (RFC 8446 appendix D.4)."""
        self.note_told(self.end, CHANGE_CIPHER_SPEC, b"\x01")
        self._sends.append(CHANGE_CIPHER_SPEC)
        self.records.write(20, b"\x01", "TLS 1.3")

    def update_keys(self, request: bool = False) -> None:
        """Go on under the next keys (KeyUpdate).   request: whether the other end has to do the same.

        Refused unless the connection is one of TLS 1.3, and open.
        """
        writes = self.records.writes
        if self.state != "CONNECTED" or not isinstance(writes, Protection13):
            raise Refused(self.state, "keys are changed on an open connection of TLS 1.3 only")
        before = self.plain()
        if request:  # (the answer is no surprise)
            self._empties -= 1
        self.say_update(int(request))
        self._moved("update keys", before)

    def say_update(self, request: int) -> None:
        """Send a KeyUpdate, and use what it announces."""
        writes = self.records.writes
        self.say(KeyUpdate(request))
        if isinstance(writes, Protection13):
            self.records.writes = writes.next()
        self.note("goes on under the next keys: who gets hold of them cannot work out the ones before")

    @property
    def suite(self) -> Suite:
        """The suite that was agreed upon; asked for only once there is one."""
        return self.agreed.in_use

    def judge(self, chain: tuple[bytes, ...]) -> Any:
        """Have the other end's chain checked; the answer is its first certificate.  See `judging.judge`."""
        where = self.section("section 7.4.2", "section 4.4.2")
        leaf, note = judge(chain, self.verify, self.peer, where)
        self.note(note)
        return leaf

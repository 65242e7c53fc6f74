"""What both ends of a connection have in common: records in and out, alerts, data, and how it ends.

    bytes -> records -> opened -> messages -> one function an edge -> messages -> records -> bytes

An end does no input or output: hand it what arrived with `receive`, and send what `outgoing` gives.  Whatever
a peer sends, `receive` raises nothing: an end answers with an alert, as the standard asks for, and `error`
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from handshake.entropy import Entropy
from handshake.errors import DecodeError, HandshakeError, ProtocolError, Refused
from handshake.tls.alerts import Alert
from handshake.tls.derive import derive, finished
from handshake.tls.figure import OVER, expected
from handshake.tls.judging import judge
from handshake.tls.known import CHANGE_CIPHER_SPEC, Agreed, Move, Told, under
from handshake.tls.messages import HEADER_LENGTH, HandshakeMessage, decode_handshake, handshake_name
from handshake.tls.names import CONTENT_TYPES
from handshake.tls.protection import Protection
from handshake.tls.recordlayer import RecordLayer
from handshake.tls.records import PLAIN_MOST, Record
from handshake.tls.sessions import Session
from handshake.tls.settings import Identity, Settings
from handshake.tls.suites import Suite
from handshake.trace import OTHER, Secret

MESSAGE_MOST = 1 << 17
"""The longest handshake message that is waited for; a chain of certificates is much shorter."""

WARNINGS_MOST = 5
"""So many warnings are taken, and so many requests for another handshake; then it is enough."""

EMPTY_MOST = 32
"""So many records without data are taken one after the other."""


class Endpoint:
    """One end of a TLS connection, up to TLS 1.2; see `Client` and `Server`.

    state: one of figure.STATES.   received: the data that came.
    alert_sent, alert_received: the last alert either way, or None.   error: why it failed, or None.
    secrets: what a key log holds, by label.   derived: every secret, with what it was derived from.
    moves: what it did, in order.   told: the messages, both ways, that belong to the handshake.
    """

    end: ClassVar[str]
    handlers: ClassVar[Mapping[tuple[str, str], Callable[[Any, Any], None]]]

    def __init__(self, settings: Settings, identity: Identity | None, verify: Any, seed: Any) -> None:
        self.settings = settings
        self.identity = identity
        self.verify = verify
        self.random = seed if isinstance(seed, Entropy) else Entropy(seed)
        self.seeded = self.random.seed is not None
        self.state = "START"
        self.agreed = Agreed()
        self.alert_sent: Alert | None = None
        self.alert_received: Alert | None = None
        self.error: HandshakeError | None = None
        self.derived: list[Secret] = []
        self.moves: list[Move] = []
        self.told: list[Told] = []
        self.transcript = bytearray()
        self.session: Session | None = None
        self.peer = OTHER[self.end]
        self.records = RecordLayer(self.peer)
        self._received = bytearray()
        self._waiting = bytearray()  # data that the program has sent before the handshake was over
        self._message = bytearray()  # a handshake message that is not whole yet
        self._next_keys: dict[str, Protection] = {}
        self._count = 0  # messages on the connection so far
        self._warnings = self._empties = 0
        self._notes: list[str] = []
        self._sends: list[str] = []

    def receive(self, data: bytes) -> None:
        """Bytes came from the other end, in any pieces.  Nothing is raised; see `state` and `error`."""
        if self.state in OVER:
            return
        records, trouble = self.records.feed(data)
        for record in records:
            if self.state in OVER:
                return
            self._attempt(record)
        if trouble is not None and self.state not in OVER:
            alert = "record_overflow" if trouble.field == "length" else "unexpected_message"
            self._fail(trouble, alert)

    def outgoing(self) -> bytes:
        """The bytes that are to be sent; what was given once does not come again."""
        return self.records.take()

    def send(self, data: bytes) -> None:
        """Send data; before the handshake is over they wait.  Refused once this end has closed."""
        if self.state in (*OVER, "CLOSING"):
            why = f"the {self.end} has closed, or its connection has failed: nothing can be sent"
            raise Refused(self.state, why)
        if self.state != "CONNECTED":
            self._waiting += data
            return
        for start in range(0, len(data), PLAIN_MOST):
            self._write(23, data[start : start + PLAIN_MOST])
            self._count += 1

    def close(self) -> None:
        """Say that nothing more will be sent (close_notify), so that the other end knows that it has all."""
        if self.state in (*OVER, "CLOSING"):
            return
        before, connected = self.plain(), self.state == "CONNECTED"
        self._notes.append("says that it sends nothing more: without that, the end could have been cut off")
        self._send_alert(Alert(1, 0))
        self.state = "CLOSING" if connected else "CLOSED"
        self._moved("close", before)

    def end_of_stream(self) -> None:
        """The connection beneath has ended.  Without close_notify before it, this is truncation."""
        if self.state in OVER:
            return
        before = self.plain()
        if self.state == "CLOSING" and not self.records.broken:
            self.state = "CLOSED"
            self._notes.append("the other end went without a word; whether it had more to say, nobody knows")
            self._moved("end of stream", before)
            return
        why = "the connection ended without close_notify: data may be missing at the end"
        self.error = ProtocolError(self.peer, why, "RFC 5246 section 7.2.1")
        self.state = "FAILED"
        self._notes.append(why)
        self._moved("end of stream", before)

    @property
    def received(self) -> bytes:
        """The data that came from the other end's program."""
        return bytes(self._received)

    @property
    def secrets(self) -> dict[str, bytes]:
        """What a key log holds of this connection: the master secret, under CLIENT_RANDOM."""
        return {"CLIENT_RANDOM": self.agreed.master} if self.agreed.master else {}

    def plain(self) -> dict[str, Any]:
        """What it knows, in plain words: "state" first."""
        agreed = self.agreed
        return {
            "state": self.state,
            "version": agreed.version,
            "suite": str(agreed.suite or ""),
            "reads": under(self.records.reads),
            "writes": under(self.records.writes),
        }

    def __repr__(self) -> str:
        about = f", {self.error}" if self.error else ""
        return f"{type(self).__name__}({self.state}, {self.agreed.version or 'no version yet'}{about})"[:110]

    # ---- Records -----------------------------------------------------------------------------------------

    def _record(self, record: Record) -> None:
        """One record came: open it, and hand on what it carries."""
        record = self.records.open(record, self.agreed.version)
        if record.type == 23:
            self._data(record.fragment)
            return
        if not record.fragment:
            kind = CONTENT_TYPES[record.type]
            raise self.wrong(f"a record of {kind} is empty", "RFC 5246 section 6.2.1", "unexpected_message")
        if record.type == 22:
            self._handshake(record.fragment)
        elif record.type == 21:  # also in the middle of a message: that may be where its sender gave up
            self._alert(record.fragment)
        elif self._message:
            why = f"a {CONTENT_TYPES[record.type]} comes in the middle of a handshake message"
            raise self.wrong(why, "RFC 5246 section 6.2.1", "unexpected_message")
        else:
            self._change_cipher_spec(record.fragment)

    def _data(self, data: bytes) -> None:
        if self.state not in ("CONNECTED", "CLOSING"):
            raise self.unexpected("application data")
        self._empties = 0 if data else self._empties + 1
        if self._empties > EMPTY_MOST:
            raise self.wrong(
                f"{self._empties} records without data", "RFC 5246 appendix D", "unexpected_message"
            )
        self._received += data
        self._count += 1

    def _change_cipher_spec(self, data: bytes) -> None:
        if data != b"\x01":
            why = f"a ChangeCipherSpec is one byte, 01; this is {data[:8].hex(' ')}"
            raise self.wrong(why, "RFC 5246 section 7.1", "illegal_parameter")
        self._arrived(CHANGE_CIPHER_SPEC, None, data)

    def _alert(self, data: bytes) -> None:
        alert = Alert.decode(data)
        self._count += 1
        before = self.plain()
        self.alert_received = alert
        self._notes.append(f"the {self.peer} says: {alert.says}")
        if alert.name == "close_notify":
            if self.state == "CONNECTED":
                self._send_alert(Alert(1, 0))
            self.state = "CLOSED"
        elif alert.fatal:
            self.state = "FAILED"
            self.error = ProtocolError(
                self.end, f"so says the {self.peer}: {alert.name}, {alert.says}", "RFC 5246 section 7.2"
            )
            self._forget()
        else:
            self._warned(f"{self._warnings} warnings", "RFC 5246 section 7.2.2")
            self.handle_warning(alert)
        self._moved(f"rcv alert {alert.name}", before)

    def handle_warning(self, alert: Alert) -> None:
        """What to do about a warning; nothing, for most."""

    def _handshake(self, data: bytes) -> None:
        """A piece of the stream of handshake messages, which may hold many, or less than one."""
        self._message += data
        while self._message and self.state not in OVER:
            name = handshake_name(self._message[0])
            self._expect(name)
            length = HEADER_LENGTH + int.from_bytes(self._message[1:HEADER_LENGTH], "big")
            if len(self._message) >= HEADER_LENGTH and length > MESSAGE_MOST:
                why = f"a {name} of {length} bytes, and {MESSAGE_MOST} are enough for any"
                raise self.wrong(why, "RFC 5246 section 7.4", "illegal_parameter")
            if len(self._message) < max(length, HEADER_LENGTH):
                return
            whole = bytes(self._message[:length])
            del self._message[:length]
            suite = self.agreed.suite
            message = decode_handshake(
                whole, self.agreed.version or self.settings.highest, suite.key_exchange if suite else None
            )
            self._arrived(message.name, message, whole)

    def _expect(self, name: str) -> None:
        """What cannot come now is not waited for, nor taken apart."""
        if name == "HelloRequest" and self.end == "client" and self.state != "CONNECTED":
            return  # to be ignored during a handshake (RFC 5246 section 7.4.1.1)
        if name not in expected(self.end, self.state) or (
            name == "NewSessionTicket" and not self.settings.tickets
        ):
            raise self.unexpected(name)

    def _arrived(self, name: str, message: HandshakeMessage | None, data: bytes) -> None:
        """A whole message came: let the function of its edge deal with it."""
        if name == "HelloRequest" and self.state != "CONNECTED":
            self._warned(f"{self._warnings} requests to begin anew", "RFC 5246 section 7.4.1.1")
            return
        if (self.state, name) not in self.handlers:
            raise self.unexpected(name)
        before = self.plain()
        self.note_told(self.peer, name, data)
        if self._message and name in ("ServerHelloDone", "ClientHello", "Finished", CHANGE_CIPHER_SPEC):
            why = f"more of a message stands behind {name}, after which the {self.peer} has to wait"
            raise self.wrong(why, "RFC 5246 section 7.4", "unexpected_message")
        self.handlers[self.state, name](self, message)
        self._moved(f"rcv {name}", before)
        if self.state == "CONNECTED" and self._waiting:
            waiting, self._waiting = bytes(self._waiting), bytearray()
            self.send(waiting)

    # ---- For the functions of the edges ------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Leave a note for whoever reads what happened."""
        self._notes.append(text)

    def wrong(self, why: str, section: str, alert: str) -> ProtocolError:
        """The other end did wrong."""
        return ProtocolError(self.peer, why, section, alert)

    def unexpected(self, name: str) -> ProtocolError:
        """A message that has no place here: what was expected, and what came."""
        wanted = " or ".join(expected(self.end, self.state)) or "data, or the end"
        why = f"in {self.state} the {self.end} expects {wanted}; it got {name}"
        return self.wrong(why, "RFC 5246 section 7.4", "unexpected_message")

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
        secret = finished(self.agreed, self.end, end, bytes(self.transcript), self.told)
        self.derived.append(secret)
        return secret.value

    @property
    def suite(self) -> Suite:
        """The suite that was agreed upon; asked for only once there is one."""
        return self.agreed.in_use

    def judge(self, chain: tuple[bytes, ...]) -> Any:
        """Have the other end's chain checked; the answer is its first certificate.  See `judging.judge`."""
        leaf, note = judge(chain, self.verify, self.peer)
        self.note(note)
        return leaf

    def warn(self, name: str) -> None:
        """Send a warning."""
        self._send_alert(Alert.of(name, 1))

    def asked_again(self) -> None:
        """The other end would have another handshake; it is refused, politely (RFC 5246 section 7.2.2)."""
        self._warned(f"{self._warnings} requests for another handshake", "RFC 5246 section 7.2.2")
        self.note("another handshake on the same connection is refused")
        if self.agreed.version != "SSL 3.0":  # (it has no word for that)
            self.warn("no_renegotiation")

    def _attempt(self, record: Record) -> None:
        """Deal with a record; whatever is wrong with it becomes an alert."""
        try:
            self._record(record)
        except DecodeError as error:
            self._fail(error, "decode_error")
        except ProtocolError as error:
            self._fail(error, error.alert or "handshake_failure")
        except Refused as error:
            self._fail(error, "internal_error")

    def _fail(self, error: HandshakeError, alert: str) -> None:
        before = self.plain()
        self.error = error
        self._notes.append(str(error))
        self._send_alert(Alert.of(alert, version=self.agreed.version))
        self.state = "FAILED"
        self._forget()
        self._moved("rcv what cannot be", before)

    def _forget(self) -> None:
        """A session that ended in a fatal alert must not go on later (RFC 5246 section 7.2.2)."""
        self.session = None
        self._message.clear()
        self._waiting.clear()

    def _warned(self, what: str, section: str) -> None:
        self._warnings += 1
        if self._warnings > WARNINGS_MOST:
            raise self.wrong(what, section, "unexpected_message")

    def _send_alert(self, alert: Alert) -> None:
        self.alert_sent = alert
        self._count += 1
        self._sends.append(f"alert {alert.name}")
        self._write(21, alert.encode())

    def _write(self, kind: int, data: bytes) -> None:
        self.records.write(kind, data, self.agreed.version or self.settings.first)

    def _moved(self, cause: str, before: Mapping[str, Any]) -> None:
        """Write down what was done; data are not told, for there may be any amount of them."""
        self.moves.append(Move(cause, before, self.plain(), tuple(self._notes), tuple(self._sends)))
        self._notes, self._sends = [], []

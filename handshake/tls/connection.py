"""What lies below the handshake at both ends: records in and out, data, alerts, and how it all ends.

bytes -> records -> opened -> handed on
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from handshake.entropy import Entropy
from handshake.errors import DecodeError, HandshakeError, ProtocolError, Refused
from handshake.tls.alerts import LEVELS, Alert
from handshake.tls.figure import OVER
from handshake.tls.known import CHANGE_CIPHER_SPEC, Agreed, Move, under
from handshake.tls.names import CONTENT_TYPES
from handshake.tls.recordlayer import RecordLayer
from handshake.tls.records import PLAIN_MOST, Record
from handshake.tls.sessions import Session
from handshake.tls.settings import Settings
from handshake.trace import OTHER

WARNINGS_MOST = 5
"""So many warnings are taken, and so many requests for another handshake; then it is enough."""

EMPTY_MOST = 32
"""So many records without data are taken one after the other, and so many that mean nothing."""


class Connection:
    """One end of a connection, as far as it is not the handshake; see `endpoint.Endpoint`."""

    end: ClassVar[str]

    def __init__(self, settings: Settings, seed: Any) -> None:
        self.settings = settings
        self.random = seed if isinstance(seed, Entropy) else Entropy(seed)
        self.seeded = self.random.seed is not None
        self.state = "START"
        self.agreed = Agreed()
        self.alert_sent: Alert | None = None
        self.alert_received: Alert | None = None
        self.error: HandshakeError | None = None
        self.session: Session | None = None
        self.moves: list[Move] = []
        self.peer = OTHER[self.end]
        self.records = RecordLayer(self.peer)
        self._received = bytearray()
        self._waiting = bytearray()  # data that the program has sent before the handshake was over
        self._message = bytearray()  # a handshake message that is not whole yet
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
        if not self.may_send:
            self._waiting += data
            return
        for start in range(0, len(data), PLAIN_MOST):
            self._write(23, data[start : start + PLAIN_MOST])
            self._count += 1

    @property
    def may_send(self) -> bool:
        """Whether data go out at once; they wait otherwise."""
        return self.state == "CONNECTED"

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
        self.error = ProtocolError(self.peer, why, self.section("section 7.2.1", "section 6.1"))
        self.state = "FAILED"
        self._notes.append(why)
        self._moved("end of stream", before)

    @property
    def received(self) -> bytes:
        """The data that came from the other end's program."""
        return bytes(self._received)

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

    @property
    def tls13(self) -> bool:
        """Whether TLS 1.3 was agreed upon."""
        return self.agreed.version == "TLS 1.3"

    def section(self, old: str, new: str) -> str:
        """Where it stands: in RFC 5246, or in RFC 8446 once TLS 1.3 was agreed upon."""
        return f"RFC 8446 {new}" if self.tls13 else f"RFC 5246 {old}"

    # ---- Records -----------------------------------------------------------------------------------------

    def _record(self, record: Record) -> None:
        """One record came: open it, and hand on what it carries."""
        opened = self.records.open(record, self.agreed.version)
        if opened is None:
            self._count += 1
            note = "early data that were not accepted are passed over"
            self._notes += [note] if note not in self._notes else []
            return
        record = opened
        if record.type == 23:
            self._data(record.fragment)
            return
        if not record.fragment:
            kind, where = CONTENT_TYPES[record.type], self.section("section 6.2.1", "section 5.1")
            raise self.wrong(f"a record of {kind} is empty", where, "unexpected_message")
        if record.type == 22:
            self._handshake(record.fragment)
        elif record.type == 21:  # also in the middle of a message: that may be where its sender gave up
            self._alert(record.fragment)
        elif self.is_dummy(record.fragment):
            self._count += 1
            self.nothing_new("bytes that mean nothing (ChangeCipherSpec)", "section 5")
        elif self._message:
            why = f"a {CONTENT_TYPES[record.type]} comes in the middle of a handshake message"
            raise self.wrong(why, "RFC 5246 section 6.2.1", "unexpected_message")
        else:
            self._change_cipher_spec(record.fragment)

    def _data(self, data: bytes) -> None:
        if self.state not in ("CONNECTED", "CLOSING", "WAIT_EOED"):
            raise self.unexpected("application data")
        if self._message and self.tls13:
            why = "data come in the middle of a handshake message"
            raise self.wrong(why, "RFC 8446 section 5.1", "unexpected_message")
        if self.state == "WAIT_EOED":
            self.take_early(len(data))
        if data:
            self._empties = 0
        else:
            self.nothing_new("records without data", "appendix D")
        self._received += data
        self._count += 1

    def nothing_new(self, what: str, section: str) -> None:
        """Something came that changes nothing: not for ever."""
        self._empties += 1
        if self._empties > EMPTY_MOST:
            where = self.section("appendix D", section)
            raise self.wrong(f"{self._empties} {what}", where, "unexpected_message")

    def is_dummy(self, data: bytes) -> bool:
        """Whether a ChangeCipherSpec is there for the sake of others, as in TLS 1.3 (RFC 8446 section 5)."""
        early = not self.agreed.version and self.end == "client" and "TLS 1.3" in self.settings.versions
        before = self.state not in ("CONNECTED", "CLOSING", "START") or (self.tls13 and self.state == "START")
        return data == b"\x01" and before and (self.tls13 or early)

    def _change_cipher_spec(self, data: bytes) -> None:
        if data != b"\x01":
            why = f"a ChangeCipherSpec is one byte, 01; this is {data[:8].hex(' ')}"
            alert = "unexpected_message" if self.tls13 else "illegal_parameter"
            raise self.wrong(why, self.section("section 7.1", "section 5"), alert)
        if self.tls13:
            raise self.unexpected(CHANGE_CIPHER_SPEC)
        self._changed(data)

    def _alert(self, data: bytes) -> None:
        if self.tls13 and len(data) == 2 and data[0] not in LEVELS:
            data = bytes((2, data[1]))  # (its level says nothing any more: RFC 8446 section 6)
        alert = Alert.decode(data)
        self._count += 1
        before = self.plain()
        self.alert_received = alert
        self._notes.append(f"the {self.peer} says: {alert.says}")
        # (TLS 1.3 would let this end go on sending after the other has closed; here both close together.)
        if alert.name == "close_notify":
            if self.state == "CONNECTED":
                self._send_alert(Alert(1, 0))
            self.state = "CLOSED"
        elif alert.fatal or (self.tls13 and alert.name != "user_canceled"):  # (RFC 8446 section 6)
            self.state = "FAILED"
            why, where = f"so says the {self.peer}: {alert.name}, {alert.says}", "section 7.2"
            self.error = ProtocolError(self.end, why, self.section(where, "section 6"))
            self._forget()
        else:
            self._warned(f"{self._warnings} warnings", "RFC 5246 section 7.2.2")
            self.handle_warning(alert)
        self._moved(f"rcv alert {alert.name}", before)

    def handle_warning(self, alert: Alert) -> None:
        """What to do about a warning; nothing, for most."""

    # ---- What the handshake does with it: see `endpoint` --------------------------------------------------

    def unexpected(self, name: str) -> ProtocolError:
        """A message that has no place here."""
        raise NotImplementedError

    def take_early(self, size: int) -> None:
        """So many bytes of early data came."""
        raise NotImplementedError

    def _handshake(self, data: bytes) -> None:
        """A piece of the stream of handshake messages came."""
        raise NotImplementedError

    def _changed(self, data: bytes) -> None:
        """A ChangeCipherSpec came."""
        raise NotImplementedError

    # ---- For the functions of the edges ------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Leave a note for whoever reads what happened."""
        self._notes.append(text)

    def wrong(self, why: str, section: str, alert: str) -> ProtocolError:
        """The other end did wrong."""
        return ProtocolError(self.peer, why, section, alert)

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

"""The record layer of one end: records in and out, in the clear at first, and under keys later."""

from __future__ import annotations

from handshake.errors import ProtocolError
from handshake.tls.names import CONTENT_TYPES, VERSIONS, name_of, version_number
from handshake.tls.protection import Protection
from handshake.tls.protection13 import VERSION as VERSION13
from handshake.tls.protection13 import Protection13
from handshake.tls.records import HEADER_LENGTH, PLAIN_MOST, Record, RecordError, RecordStream


class RecordLayer:
    """Bytes to records and back.

    peer: whose the records are that come, "client" or "server".
    reads, writes: what they are protected with, None while they are in the clear.
    skip: so many bytes of records that do not open are passed over: early data that were not accepted.
    """

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.reads: Protection | Protection13 | None = None
        self.writes: Protection | Protection13 | None = None
        self.skip = 0
        self._stream = RecordStream()
        self._out = bytearray()

    def feed(self, data: bytes) -> tuple[list[Record], RecordError | None]:
        """Bytes came: the records that they complete, and what is wrong behind those, if anything is."""
        try:
            return self._stream.feed(data), None
        except RecordError as error:
            return list(error.records), error

    def open(self, record: Record, version: str) -> Record | None:
        """What a record carries; None for one that is passed over.

        version: the one that was agreed upon, "" if none is yet.

        ProtocolError with the alert protocol_version, record_overflow or bad_record_mac.
        """
        if version == "TLS 1.3":
            return self._open13(record)
        if record.version >> 8 != 3:
            why = f"a record of version {record.version:04x}, and all of SSL 3.0 and TLS begin with 03"
            raise ProtocolError(self.peer, why, "RFC 5246 appendix E.1", "protocol_version")
        # (Who gives up before a version is agreed upon sends the alert with the version it began with.)
        alert = record.type == 21 and self.reads is None
        if version and record.version != version_number(version) and not alert:
            why = f"a record of {name_of(VERSIONS, record.version)} on a connection of {version}"
            raise ProtocolError(self.peer, why, "RFC 5246 section 6.2.1", "protocol_version")
        if self.reads is not None:
            return self.reads.open(record)
        if len(record.fragment) > PLAIN_MOST:
            why = f"a record carries {len(record.fragment)} bytes, and {PLAIN_MOST} is the most"
            raise ProtocolError(self.peer, why, "RFC 5246 section 6.2.1", "record_overflow")
        return record

    def _open13(self, record: Record) -> Record | None:
        """The same in TLS 1.3, which does not look at the version of a record (RFC 8446 section 5.1)."""
        if self.reads is None and record.type != 23 and len(record.fragment) > PLAIN_MOST:
            why = f"a record carries {len(record.fragment)} bytes, and {PLAIN_MOST} is the most"
            raise ProtocolError(self.peer, why, "RFC 8446 section 5.1", "record_overflow")
        if record.type == 20 or (self.reads is None and record.type != 23):
            return record
        if record.type == 23 and self.skip and self._is_left_over(record):
            return None
        if self.reads is None:
            why = "a record is protected, and there are no keys yet"
            raise ProtocolError(self.peer, why, "RFC 8446 section 5", "unexpected_message")
        if record.type == 23:
            opened = self.reads.open(record)
            self.skip = 0
            return opened
        stage = getattr(self.reads, "stage", "")
        if record.type == 21 and (self.peer, stage, self.reads.seq) == ("client", "handshake", 0):
            return record  # from a client that gave up before it had keys
        why = f"a record of {CONTENT_TYPES[record.type]} is not protected"
        raise ProtocolError(self.peer, why, "RFC 8446 section 5", "unexpected_message")

    def _is_left_over(self, record: Record) -> bool:
        """Whether a record is one of early data that were not accepted (RFC 8446 section 4.2.10)."""
        if self.reads is not None:
            try:
                self.reads.open(record)
            except ProtocolError as error:
                self.reads.seq -= 1
                if error.alert != "bad_record_mac":
                    raise
            else:
                self.reads.seq -= 1
                return False
        size = HEADER_LENGTH + len(record.fragment)
        if size > self.skip:
            why = "sends more early data than it may"
            raise ProtocolError(self.peer, why, "RFC 8446 section 4.2.10", "unexpected_message")
        self.skip -= size
        return True

    def write(self, kind: int, data: bytes, version: str) -> None:
        """A record of that type, to be sent."""
        if self.writes is None or (version == "TLS 1.3" and kind == 20):
            number = VERSION13 if version == "TLS 1.3" else version_number(version)
            record = Record(kind, number, data)
        else:
            record = self.writes.seal(kind, data)
        self._out += record.encode()

    @property
    def written(self) -> bytes:
        """What `take` will give."""
        return bytes(self._out)

    def take(self) -> bytes:
        """The bytes that are to be sent; what was given once does not come again."""
        data = bytes(self._out)
        self._out.clear()
        return data

    @property
    def broken(self) -> bool:
        """Whether the stream would end inside a record, if it ended now."""
        try:
            self._stream.end()
        except RecordError:
            return True
        return False

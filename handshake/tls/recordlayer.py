"""The record layer of one end: records in and out, in the clear at first, and under keys later."""

from __future__ import annotations

from handshake.errors import ProtocolError
from handshake.tls.names import VERSIONS, name_of, version_number
from handshake.tls.protection import Protection
from handshake.tls.records import PLAIN_MOST, Record, RecordError, RecordStream


class RecordLayer:
    """Bytes to records and back.

    peer: whose the records are that come, "client" or "server".
    reads, writes: what they are protected with, None while they are in the clear.
    """

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.reads: Protection | None = None
        self.writes: Protection | None = None
        self._stream = RecordStream()
        self._out = bytearray()

    def feed(self, data: bytes) -> tuple[list[Record], RecordError | None]:
        """Bytes came: the records that they complete, and what is wrong behind those, if anything is."""
        try:
            return self._stream.feed(data), None
        except RecordError as error:
            return list(error.records), error

    def open(self, record: Record, version: str) -> Record:
        """What a record carries.   version: the one that was agreed upon, "" if none is yet.

        ProtocolError with the alert protocol_version, record_overflow or bad_record_mac.
        """
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

    def write(self, kind: int, data: bytes, version: str) -> None:
        """A record of that type, to be sent."""
        if self.writes is None:
            record = Record(kind, version_number(version), data)
        else:
            record = self.writes.seal(kind, data)
        self._out += record.encode()

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

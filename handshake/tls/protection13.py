"""One direction of a connection under keys, as TLS 1.3 does it (RFC 8446 section 5).

    traffic secret -> key and IV -> records

Every record looks like application data from outside.  What it really carries stands inside, behind the data
and before the padding; its number is mixed into the nonce.
"""

from __future__ import annotations

from handshake.errors import ProtocolError, Refused
from handshake.tls.names import CONTENT_TYPES
from handshake.tls.protection import aead
from handshake.tls.records import HEADER, PLAIN_MOST, Record
from handshake.tls.schedule import SIZES, traffic_keys, updated
from handshake.tls.suites import Suite

VERSION = 0x0303
"""What stands in the header of every record: TLS 1.2, whatever is spoken (RFC 8446 section 5.1)."""

OUTER = 23
"""As what every protected record travels: application data."""

SEALED_MOST = PLAIN_MOST + 256
"""How many bytes a protected record may have (RFC 8446 section 5.2)."""


class Protection13:
    """What one end writes with, and the other reads with.

    suite: of the connection.   secret: the traffic secret of the writing end.   writer: "client" or "server".
    padding: records are filled with zeros up to a multiple of so many bytes, which hides how long they are.
    stage: of which keys, for people: "handshake", "data", "early data".
    seq: how many records have passed under these keys.   key, iv: worked out from the secret.
    """

    def __init__(
        self, suite: Suite, secret: bytes, *, writer: str = "peer", padding: int = 0, stage: str = ""
    ) -> None:
        if not suite.serves("TLS 1.3") or len(secret) != SIZES[suite.hash]:
            raise ValueError(
                f"a suite of TLS 1.3, and a secret as long as its hash; got {suite}, {len(secret)}"
            )
        if padding not in range(PLAIN_MOST):
            raise ValueError(f"padding is a number of bytes, below {PLAIN_MOST}; got {padding!r}")
        self.suite = suite
        self.secret = secret
        self.writer = writer
        self.padding = padding
        self.stage = stage
        self.version = VERSION
        self.seq = 0
        self.key, self.iv = traffic_keys(suite.hash, secret, suite.cipher.key)
        self._iv = int.from_bytes(self.iv, "big")
        self._aead = aead(suite.cipher, self.key)

    def next(self) -> Protection13:
        """What comes after a KeyUpdate (RFC 8446 section 7.2)."""
        secret = updated(self.suite.hash, self.secret)
        return Protection13(self.suite, secret, writer=self.writer, padding=self.padding, stage=self.stage)

    def seal(self, kind: int, data: bytes) -> Record:
        """A record that carries `data` of that type, and does not show which."""
        if len(data) > PLAIN_MOST:
            raise ValueError(f"a record carries at most {PLAIN_MOST} bytes, not {len(data)}")
        inner = data + bytes((kind,))
        if self.padding:
            inner += bytes(min(-len(inner) % self.padding, PLAIN_MOST + 1 - len(inner)))
        size = len(inner) + self.suite.cipher.tag
        sealed = self._aead.encrypt(self._nonce(), inner, HEADER.pack(OUTER, VERSION, size))
        return Record(OUTER, VERSION, sealed)

    def open(self, record: Record) -> Record:
        """What a record carries, and of which type it is.

        ProtocolError with the alert bad_record_mac if anything was changed: the bytes, the header, the order.
        With record_overflow if it is longer than a record may be, with unexpected_message if it has no type.
        """
        from cryptography.exceptions import InvalidTag

        data = record.fragment
        if len(data) > SEALED_MOST:
            why = f"a record has {len(data)} bytes, and {SEALED_MOST} is the most"
            raise ProtocolError(self.writer, why, "RFC 8446 section 5.2", "record_overflow")
        seq = self.seq
        try:
            about = HEADER.pack(record.type, record.version, len(data))
            inner = bytes(self._aead.decrypt(self._nonce(), data, about))
        except (InvalidTag, ValueError):
            why = f"record {seq} does not open: key, bytes, header or order are not what was sealed"
            raise ProtocolError(self.writer, why, "RFC 8446 section 5.2", "bad_record_mac") from None
        plain = inner.rstrip(b"\0")
        if len(inner) > PLAIN_MOST + 1:
            why = f"a record carries {len(inner)} bytes, and {PLAIN_MOST + 1} is the most"
            raise ProtocolError(self.writer, why, "RFC 8446 section 5.4", "record_overflow")
        if not plain:
            why = "a record is nothing but padding: it has no type"
            raise ProtocolError(self.writer, why, "RFC 8446 section 5.4", "unexpected_message")
        if plain[-1] not in CONTENT_TYPES or plain[-1] == 20:
            why = f"a record carries something of type {plain[-1]}, which nothing under keys has"
            raise ProtocolError(self.writer, why, "RFC 8446 section 5", "unexpected_message")
        return Record(plain[-1], record.version, plain[:-1])

    def _nonce(self) -> bytes:
        """The IV with the number of the record mixed in; then the number goes on (section 5.3)."""
        seq = self.seq
        if seq >= 1 << 64:
            raise Refused("the record layer", "2^64 records have passed under one key, and there are no more")
        self.seq = seq + 1
        return (self._iv ^ seq).to_bytes(12, "big")

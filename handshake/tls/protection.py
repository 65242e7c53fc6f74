"""One direction of a connection under keys: records are sealed and opened, and counted.

    key block -> Protection -> records

The number of a record does not travel.  Both ends count, and the number goes into what is authenticated: so
records that are dropped, repeated or exchanged do not open (RFC 5246 section 6.1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from handshake.entropy import Entropy
from handshake.errors import ProtocolError, Refused
from handshake.tls.cbc import mac, open_cbc, seal_cbc
from handshake.tls.names import version_number
from handshake.tls.records import HEADER, PLAIN_MOST, Record
from handshake.tls.suites import Cipher, Suite

Random = Callable[[str, int], bytes]
"""Where random bytes come from: by a label, so many."""


class Protection:
    """What one end writes with, and the other reads with.

    suite, version: of the connection.   mac_key, key, iv: of the writing end, out of the key block.
    encrypt_then_mac: whether RFC 7366 was agreed upon (for CBC only).   writer: "client" or "server".
    random: gives the IV of each record in CBC from TLS 1.1 on.
    seq: how many records have passed.
    ValueError for keys that are not as long as the suite wants them.
    """

    def __init__(
        self,
        suite: Suite,
        version: str,
        mac_key: bytes,
        key: bytes,
        iv: bytes,
        *,
        encrypt_then_mac: bool = False,
        writer: str = "peer",
        random: Random | None = None,
        seq: int = 0,
    ) -> None:
        wanted = suite.mac_length, suite.cipher.key
        if (len(mac_key), len(key)) != wanted or len(iv) not in (0, suite.cipher.iv):
            raise ValueError(
                f"{suite} has a MAC key of {wanted[0]} bytes, a key of {wanted[1]} and an IV of "
                f"{suite.cipher.iv}; got {len(mac_key)}, {len(key)} and {len(iv)}"
            )
        self.suite = suite
        self.version = version_number(version)
        self.mac_key, self.key, self.iv = mac_key, key, iv
        self.encrypt_then_mac = encrypt_then_mac
        self.writer = writer
        self.seq = seq
        self._random = random or Entropy()
        self._aead = aead(suite.cipher, key) if suite.cipher.tag else None

    def seal(self, kind: int, data: bytes) -> Record:
        """A record of that type that carries `data`."""
        if len(data) > PLAIN_MOST:
            raise ValueError(f"a record carries at most {PLAIN_MOST} bytes, not {len(data)}")
        seq = self._next()
        cipher, version = self.suite.cipher, self.version
        if self._aead is not None:
            explicit = seq.to_bytes(cipher.explicit, "big") if cipher.explicit else b""
            sealed = self._aead.encrypt(
                self._nonce(seq, explicit), data, covered(seq, kind, version, len(data))
            )
            return Record(kind, version, explicit + sealed)
        if cipher.kind == "NULL":
            return Record(kind, version, data + mac(self.mac_key, self.suite.mac, seq, kind, version, data))
        iv = self._random(f"{self.writer} IV", cipher.block) if version > 0x0301 else self.iv
        sealed = self._cbc(seal_cbc, iv, seq)(kind, version, data, self.encrypt_then_mac)
        if version > 0x0301:
            return Record(kind, version, iv + sealed)
        self.iv = self._last_block(sealed)
        return Record(kind, version, sealed)

    def open(self, record: Record) -> Record:
        """What a record carries.

        ProtocolError with the alert bad_record_mac if anything was changed: the bytes, the header, the order.
        With record_overflow if it carries more than a record may.
        """
        seq = self._next()
        cipher, data = self.suite.cipher, record.fragment
        if self._aead is not None:
            plain = self._open_aead(record, seq)
        elif cipher.kind == "NULL":
            plain = self._open_null(record, seq)
        else:
            explicit = self.version > 0x0301
            iv, sealed = (data[: cipher.block], data[cipher.block :]) if explicit else (self.iv, data)
            if len(iv) < cipher.block:
                raise self._wrong(seq, f"only {len(data)} bytes came")
            plain = self._cbc(open_cbc, iv, seq)(
                record.type, record.version, sealed, self.encrypt_then_mac, self.writer
            )
            if not explicit:
                self.iv = self._last_block(sealed)
        if len(plain) > PLAIN_MOST:
            why = f"a record carries {len(plain)} bytes, and {PLAIN_MOST} is the most"
            raise ProtocolError(self.writer, why, "RFC 5246 section 6.2.1", "record_overflow")
        return Record(record.type, record.version, plain)

    def _open_aead(self, record: Record, seq: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        cipher, data = self.suite.cipher, record.fragment
        size = len(data) - cipher.explicit - cipher.tag
        if size < 0:
            raise self._wrong(
                seq, f"a sealed record has {cipher.explicit + cipher.tag} bytes at least, not {len(data)}"
            )
        nonce = self._nonce(seq, data[: cipher.explicit])
        about = covered(seq, record.type, record.version, size)
        try:
            return bytes(self._aead.decrypt(nonce, data[cipher.explicit :], about))  # type: ignore[union-attr]
        except InvalidTag:
            raise self._wrong(seq) from None

    def _open_null(self, record: Record, seq: int) -> bytes:
        size = len(record.fragment) - self.suite.mac_length
        plain, found = record.fragment[: max(0, size)], record.fragment[max(0, size) :]
        if mac(self.mac_key, self.suite.mac, seq, record.type, record.version, plain) != found:
            raise self._wrong(seq)
        return plain

    def _cbc(self, function: Any, iv: bytes, seq: int) -> Any:
        return partial(function, self.suite.cipher.name, self.key, self.mac_key, self.suite.mac, iv, seq)

    def _last_block(self, sealed: bytes) -> bytes:
        """With which the next record begins in TLS 1.0: whoever knows it can mount the attack BEAST."""
        length = self.suite.mac_length if self.encrypt_then_mac else 0
        end = len(sealed) - length
        return sealed[end - self.suite.cipher.block : end]

    def _nonce(self, seq: int, explicit: bytes) -> bytes:
        if explicit:
            return self.iv + explicit
        return bytes(
            a ^ b for a, b in zip(self.iv, seq.to_bytes(12, "big"), strict=True)
        )  # RFC 7905 section 2

    def _next(self) -> int:
        if not 0 <= self.seq < 1 << 64:
            why = f"{self.seq} is no record number: a connection has 2^64 of them at most"
            raise Refused("the record layer", why)
        self.seq += 1
        return self.seq - 1

    def _wrong(self, seq: int, detail: str = "") -> ProtocolError:
        why = detail or "key, bytes, header or order are not what was sealed"
        return ProtocolError(
            self.writer, f"record {seq} does not open: {why}", "RFC 5246 section 6.2.3.3", "bad_record_mac"
        )


def covered(seq: int, kind: int, version: int, size: int) -> bytes:
    """What the tag covers beside the bytes: number, header, and the length of what is carried."""
    return seq.to_bytes(8, "big") + HEADER.pack(kind, version, size)


def aead(cipher: Cipher, key: bytes) -> Any:
    """A cipher that authenticates by itself, from `cryptography`."""
    from cryptography.hazmat.primitives.ciphers import aead as ciphers

    if cipher.kind == "GCM":
        return ciphers.AESGCM(key)
    if cipher.kind == "CCM":
        return ciphers.AESCCM(key, cipher.tag)
    return ciphers.ChaCha20Poly1305(key)

"""Records under CBC (RFC 5246 section 6.2.3.2): a MAC, padding, and encryption in blocks.

As the standards first had it, the MAC is made over the plain bytes, and both are encrypted.  A receiver then
decrypts before it can tell whether the bytes are genuine, and attackers learned much from how it failed
(Vaudenay 2002, Lucky Thirteen 2013, POODLE 2014).  With encrypt-then-MAC (RFC 7366) it checks first.
"""

from __future__ import annotations

from hashlib import new
from hmac import compare_digest, digest
from typing import Any

from handshake.errors import ProtocolError, Refused
from handshake.tls.names import VERSIONS, version_number
from handshake.tls.suites import MAC_LENGTHS

SSL_PAD = {"md5": 48, "sha1": 40}
"""How many bytes of padding stand in a MAC of SSL 3.0 (RFC 6101 section 5.2.3.1)."""


def mac(
    mac_key: bytes, hash: str, seq: int, type: int, version: int, data: bytes, length: int | None = None
) -> bytes:
    """The MAC of a record: over its number, its header, and what it carries (RFC 5246 section 6.2.3.1).

    seq: how many records came before.   length: as the header says, if not that of data.
    """
    size = (len(data) if length is None else length).to_bytes(2, "big")
    number = seq.to_bytes(8, "big") + bytes([type])
    if version == 0x0300:  # before HMAC there was this, and it does not cover the version
        pad = SSL_PAD[hash]
        inner = new(hash, mac_key + b"\x36" * pad + number + size + data).digest()
        return new(hash, mac_key + b"\x5c" * pad + inner).digest()
    return digest(mac_key, number + version.to_bytes(2, "big") + size + data, hash)


def seal_cbc(
    cipher: str,
    enc_key: bytes,
    mac_key: bytes,
    hash: str,
    iv: bytes,
    seq: int,
    type: int,
    version: int | str,
    data: bytes,
    encrypt_then_mac: bool = False,
) -> bytes:
    """What a record carries once `data` is protected; without the IV, which goes before it from TLS 1.1 on.

    cipher: "AES-128", "AES-256" or "3DES", with or without "-CBC".   enc_key, mac_key: of the writing end.
    hash: of the MAC, "sha1" ...   iv: as long as a block.   seq: how many records came before.
    type, version: as in the header.   ValueError for keys and sizes that do not go together.
    """
    number, size = _check(cipher, enc_key, mac_key, hash, iv, seq, version), len(iv)
    if encrypt_then_mac:
        sealed = _crypt(enc_key, iv).encryptor().update(data + _padding(len(data), size))
        covered = _explicit(number, iv) + sealed
        return bytes(sealed) + mac(mac_key, hash, seq, type, number, covered)
    data += mac(mac_key, hash, seq, type, number, data)
    return bytes(_crypt(enc_key, iv).encryptor().update(data + _padding(len(data), size)))


def open_cbc(
    cipher: str,
    enc_key: bytes,
    mac_key: bytes,
    hash: str,
    iv: bytes,
    seq: int,
    type: int,
    version: int | str,
    data: bytes,
    encrypt_then_mac: bool = False,
    by: str = "peer",
) -> bytes:
    """What such a record carried; the arguments are those of `seal_cbc`.   by: who sent it.

    ProtocolError with the alert bad_record_mac if anything is wrong, and never a word about what it was:
    whoever can tell bad padding from a bad MAC can decrypt (RFC 5246 section 6.2.3.2).
    """
    number, size = _check(cipher, enc_key, mac_key, hash, iv, seq, version), len(iv)
    wrong = ProtocolError(
        by,
        f"the MAC of record {seq} does not fit: key, bytes, header or order are not what was protected",
        "RFC 5246 section 6.2.3.2",
        "bad_record_mac",
    )
    length = MAC_LENGTHS[hash]
    if encrypt_then_mac:
        data, found = data[: max(0, len(data) - length)], data[max(0, len(data) - length) :]
        good = compare_digest(mac(mac_key, hash, seq, type, number, _explicit(number, iv) + data), found)
        if not good or not data or len(data) % size:
            raise wrong
        plain = bytes(_crypt(enc_key, iv).decryptor().update(data))
        pad = _pad_of(plain, number, 0, size)
        if pad is None:
            raise wrong
        return plain[: len(plain) - pad]
    if len(data) % size or len(data) < length + 1:
        raise wrong
    plain = bytes(_crypt(enc_key, iv).decryptor().update(data))
    pad = _pad_of(plain, number, length, size)
    # The MAC is made even where the padding is wrong, as if there were none.
    end = len(plain) - length - (pad or 0)
    made = mac(mac_key, hash, seq, type, number, plain[:end])
    if not compare_digest(made, plain[end : end + length]) or pad is None:
        raise wrong
    return plain[:end]


def _padding(length: int, block: int) -> bytes:
    """As many bytes as fill the last block, one at least; each says how many stand before the last."""
    count = block - length % block
    return bytes([count - 1]) * count


def _pad_of(plain: bytes, version: int, mac_length: int, block: int) -> int | None:
    """How many bytes of padding there are; None if they are not what padding is."""
    count = plain[-1] + 1
    if count + mac_length > len(plain):
        return None
    if version == 0x0300:  # only the last byte means anything: that was POODLE
        return count if count <= block else None
    return count if plain.endswith(bytes([count - 1]) * count) else None


def _explicit(version: int, iv: bytes) -> bytes:
    """The IV as far as it stands in the record: not in SSL 3.0 and TLS 1.0."""
    return b"" if version in (0x0300, 0x0301) else iv


def _crypt(key: bytes, iv: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    if len(iv) == 8:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        return Cipher(TripleDES(key), modes.CBC(iv))
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    return Cipher(AES(key), modes.CBC(iv))


SIZES = {"AES-128": (16, 16), "AES-256": (32, 16), "3DES": (24, 8), "3DES-EDE": (24, 8), "TRIPLEDES": (24, 8)}
"""Bytes of the key and of a block."""


def _check(
    cipher: str, enc_key: bytes, mac_key: bytes, hash: str, iv: bytes, seq: int, version: int | str
) -> int:
    """The version as a number, if everything else goes together."""
    name = (
        cipher.upper()
        .replace("_", "-")
        .removesuffix("-CBC")
        .replace("AES1", "AES-1")
        .replace("AES2", "AES-2")
    )
    if name not in SIZES:
        raise ValueError(f"cipher is one of {', '.join(SIZES)}; not {cipher!r}")
    key, block = SIZES[name]
    if (len(enc_key), len(iv)) != (key, block):
        raise ValueError(
            f"{cipher} has a key of {key} bytes and an IV of {block}; got {len(enc_key)} and {len(iv)}"
        )
    if version in (0x0300, "SSL 3.0") and hash not in SSL_PAD:
        raise ValueError(f"SSL 3.0 makes MACs with {' and '.join(SSL_PAD)}; not with {hash!r}")
    if hash not in MAC_LENGTHS or len(mac_key) != MAC_LENGTHS[hash]:
        raise ValueError(
            f"a MAC key is as long as the hash: {MAC_LENGTHS}; got {hash!r} and {len(mac_key)} bytes"
        )
    if not 0 <= seq < 1 << 64:
        raise Refused("the record layer", f"{seq} is no record number: a connection has 2^64 of them at most")
    # (Datagram TLS counts its versions downwards; its records are protected in the same way.)
    return version if isinstance(version, int) and version not in VERSIONS else version_number(version)

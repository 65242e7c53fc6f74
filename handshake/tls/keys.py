"""From a premaster secret to the keys of a connection: SSL 3.0 to TLS 1.2.

    premaster secret -> master secret -> key block -> keys

The premaster secret comes out of the key exchange and is as long as that makes it.  The master secret has
always 48 bytes.  The key block is cut into as many keys as the cipher needs.  Each step mixes in both random
values of the hellos, so that nobody alone decides what comes out.

>>> prf(b"secret", "label", b"seed", 4).hex()
'7ed42a23'
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5, new, sha1, sha256, sha384, sha512
from typing import NamedTuple

MASTER_LENGTH = 48
"""How long a master secret is, in bytes."""

RANDOM_LENGTH = 32
"""How long the random of a hello is, in bytes."""

VERSIONS = ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2")
"""The versions whose keys come about here; TLS 1.3 has a schedule of its own."""

HASHES = ("sha256", "sha384", "sha512")
"""What the PRF of TLS 1.2 may be made with: the cipher suite says which (so far, none says sha512)."""


def p_hash(hash: str, secret: bytes, seed: bytes, length: int) -> bytes:
    """As many bytes as are wanted, from a secret and a seed (RFC 5246 section 5, P_hash).

    A(1) is the HMAC of the seed, A(2) that of A(1), and so on; each piece of the output is the HMAC of the
    next A and the seed.  hash: "sha256" ...   length: in bytes.
    """
    hmac = keyed(hash, secret)
    output, a = b"", seed
    while len(output) < length:
        a = hmac(a)
        output += hmac(a + seed)
    return output[:length]


FUNCTIONS = {"md5": md5, "sha1": sha1, "sha256": sha256, "sha384": sha384, "sha512": sha512}
INNER, OUTER = (bytes(octet ^ pad for octet in range(256)) for pad in (0x36, 0x5C))


def keyed(hash: str, key: bytes) -> Callable[[bytes], bytes]:
    """HMAC (RFC 2104) with a key that is put in once: H(key + 5c..., H(key + 36..., data)), + being XOR.

    A PRF calls it several times with the same key, and hashing the key is half of the work.
    """
    function = FUNCTIONS[hash]
    block = function().block_size
    key = (function(key).digest() if len(key) > block else key).ljust(block, b"\0")
    inner, outer = function(key.translate(INNER)), function(key.translate(OUTER))

    def hmac(data: bytes) -> bytes:
        inside, outside = inner.copy(), outer.copy()
        inside.update(data)
        outside.update(inside.digest())
        return outside.digest()

    return hmac


def prf(secret: bytes, label: str | bytes, seed: bytes, length: int, hash: str = "sha256") -> bytes:
    """The pseudorandom function of TLS 1.2 (RFC 5246 section 5): `length` bytes.

    label: what the bytes are for, "master secret" say.   hash: one of HASHES.
    ValueError for a hash or a length that cannot be.
    """
    if hash not in HASHES:
        raise ValueError(f"the PRF of TLS 1.2 is made with {', '.join(HASHES)}; not with {hash!r}")
    return p_hash(hash, secret, _ascii(label) + seed, _length(length))


def prf10(secret: bytes, label: str | bytes, seed: bytes, length: int) -> bytes:
    """The pseudorandom function of TLS 1.0 and 1.1 (RFC 2246 section 5): `length` bytes.

    The secret is split in halves, which share their middle byte if it is odd.  One goes into MD5, the other
    into SHA-1, and the outputs are XORed: should one of the hashes be broken, the other still holds.
    """
    half = (len(secret) + 1) // 2
    first, second = secret[:half], secret[len(secret) - half :]
    seed, length = _ascii(label) + seed, _length(length)
    return _xor(p_hash("md5", first, seed, length), p_hash("sha1", second, seed, length))


def prf30(secret: bytes, seed: bytes, length: int) -> bytes:
    """What SSL 3.0 has in its place (RFC 6101 sections 6.1 and 6.2.2): `length` bytes, at most 416.

    MD5 over the secret and a SHA-1, whose input begins with "A", "BB", "CCC" ...; nothing says what the bytes
    are for.
    """
    if _length(length) > 26 * 16:
        raise ValueError(f"SSL 3.0 has letters for 26 pieces of 16 bytes, 416 bytes; not for {length}")
    output = b""
    for count in range(1, -(-length // 16) + 1):
        salt = count * bytes([ord("A") + count - 1])
        output += md5(secret + sha1(salt + secret + seed).digest()).digest()
    return output[:length]


def master_secret(
    version: str,
    premaster: bytes,
    client_random: bytes,
    server_random: bytes,
    hash: str = "sha256",
    session_hash: bytes | None = None,
) -> bytes:
    """The master secret, 48 bytes (RFC 5246 section 8.1).

    version: one of VERSIONS.   client_random, server_random: of the two hellos, 32 bytes each.
    hash: of the cipher suite's PRF, for TLS 1.2.
    session_hash: with the extension extended_master_secret, the hash over the handshake up to
    ClientKeyExchange.  It takes the place of the two randoms (RFC 7627 section 4), so that two connections
    with different handshakes never share a master secret.
    """
    randoms = _random("client_random", client_random) + _random("server_random", server_random)
    if session_hash is not None:
        if not session_hash:
            raise ValueError("session_hash is empty: it would tie the master secret to nothing")
        if version == "SSL 3.0":
            raise ValueError("SSL 3.0 has no extended master secret (RFC 7627 section 6.4)")
        return _function(version, hash)(premaster, "extended master secret", session_hash, MASTER_LENGTH)
    return _function(version, hash)(premaster, "master secret", randoms, MASTER_LENGTH)


def key_block(
    version: str,
    master: bytes,
    client_random: bytes,
    server_random: bytes,
    length: int,
    hash: str = "sha256",
) -> bytes:
    """The key block, of which all keys of a connection are cut (RFC 5246 section 6.3): `length` bytes.

    The randoms go in the other way round than for the master secret: first the server's, then the client's.
    """
    randoms = _random("server_random", server_random) + _random("client_random", client_random)
    return _function(version, hash)(master, "key expansion", randoms, length)


def transcript_hash(version: str, messages: bytes, hash: str = "sha256") -> bytes:
    """The hash over all handshake messages so far, with their headers (RFC 5246 section 7.4.9).

    In TLS 1.2 that of the suite; before, MD5 and SHA-1 one after the other, 36 bytes.
    """
    if version not in VERSIONS:
        raise ValueError(f"version is one of {', '.join(VERSIONS)}; not {version!r}")
    if version == "TLS 1.2":
        return new(hash, messages).digest()
    return md5(messages).digest() + sha1(messages).digest()


def verify_data(version: str, master: bytes, end: str, messages: bytes, hash: str = "sha256") -> bytes:
    """What a Finished message says: 12 bytes, 36 in SSL 3.0 (RFC 5246 section 7.4.9, RFC 6101 section 5.6.9).

    end: whose Finished it is, "client" or "server".   messages: all handshake messages before it.
    """
    if end not in ("client", "server"):
        raise ValueError(f"end is 'client' or 'server', got {end!r}")
    if version == "SSL 3.0":
        return hash30(master, messages, {"client": b"CLNT", "server": b"SRVR"}[end])
    digest = transcript_hash(version, messages, hash)
    return _function(version, hash)(master, f"{end} finished", digest, 12)


def hash30(master: bytes, messages: bytes, sender: bytes = b"") -> bytes:
    """The keyed hash of SSL 3.0: 16 bytes of MD5 and 20 of SHA-1 (RFC 6101 sections 5.6.8 and 5.6.9)."""
    pieces = []
    for function, pad in ((md5, 48), (sha1, 40)):
        inner = function(messages + sender + master + b"\x36" * pad).digest()
        pieces.append(function(master + b"\x5c" * pad + inner).digest())
    return b"".join(pieces)


class Keys(NamedTuple):
    """A key block, cut up in this order (RFC 5246 section 6.3).

    Each pair is what the client writes with and what the server writes with.   mac: keys of the MAC, empty
    for ciphers that authenticate by themselves.   iv: what nonces or first blocks begin with; may be empty.
    """

    client_mac: bytes
    server_mac: bytes
    client_key: bytes
    server_key: bytes
    client_iv: bytes
    server_iv: bytes


def cut(block: bytes, mac: int, key: int, iv: int) -> Keys:
    """A key block, cut up.   mac, key, iv: how many bytes each of the two has.

    ValueError if the block is not exactly as long as that: it would have been made for another cipher.
    """
    sizes = (mac, mac, key, key, iv, iv)
    if min(sizes) < 0 or len(block) != sum(sizes):
        raise ValueError(
            f"two MAC keys of {mac}, two keys of {key} and two IVs of {iv} bytes are {sum(sizes)} bytes; "
            f"the key block has {len(block)}"
        )
    pieces, at = [], 0
    for size in sizes:
        pieces.append(block[at : at + size])
        at += size
    return Keys(*pieces)


Function = Callable[[bytes, str, bytes, int], bytes]


def _function(version: str, hash: str) -> Function:
    """The function of (secret, label, seed, length) that a version makes its secrets with."""
    if version == "TLS 1.2":
        return lambda secret, label, seed, length: prf(secret, label, seed, length, hash)
    if version in ("TLS 1.0", "TLS 1.1"):
        return prf10
    if version == "SSL 3.0":
        return lambda secret, label, seed, length: prf30(secret, seed, length)
    raise ValueError(f"version is one of {', '.join(VERSIONS)}; not {version!r}")


def _random(name: str, value: bytes) -> bytes:
    if len(value) != RANDOM_LENGTH:
        raise ValueError(f"{name} has {RANDOM_LENGTH} bytes, got {len(value)}")
    return value


def _ascii(label: str | bytes) -> bytes:
    return label.encode("ascii") if isinstance(label, str) else label


def _length(length: int) -> int:
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise ValueError(f"length is a number of bytes, 0 or more; got {length!r}")
    return length


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))

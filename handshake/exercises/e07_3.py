"""Exercise 07.3: from the premaster secret to every key of a connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, compare, each_of
from handshake.tls.keys import cut, key_block, master_secret, prf

CBC, GCM = "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256"

SIZES = {CBC: (20, 16, 0), GCM: (0, 16, 4)}
"""Bytes of a MAC key, of a key, and of an IV, that are cut out of the key block in TLS 1.2."""

PIECES = ("client MAC key", "server MAC key", "client key", "server key", "client IV", "server IV")

STATEMENT = f"""
Write `keys(suite, premaster, client_random, server_random, session_hash)`: all secrets of a connection of
TLS 1.2.

- `suite` is `"{CBC}"` or `"{GCM}"`. The PRF is the one with SHA-256 for both.
- `premaster`, `client_random` and `server_random` are bytes. The randoms have 32 each; the premaster secret
  has 48 with RSA, and other lengths with other key exchanges.
- `session_hash` is `None`; or bytes, if both ends have agreed on the extended master secret (RFC 7627).

The answer is a dictionary of bytes with these seven names: `"master secret"`, `"client MAC key"`,
`"server MAC key"`, `"client key"`, `"server key"`, `"client IV"`, `"server IV"` ("client" is what the client
writes with). A piece that the key block of TLS 1.2 does not have for that suite is `b""`; RFC 5246
section 6.3 and appendix C and RFC 5288 section 3 have the lengths: a MAC key is as long as the hash, 20 bytes
with SHA-1; AES-128 has keys of 16; a CBC record brings its whole IV along, and a GCM record the last 8 of the
12 bytes of its nonce.

Put your `prf` of 07.2 into the same cell. `hashlib` and `hmac` are there.
"""

STARTER = """
import hashlib
import hmac

def keys(suite, premaster, client_random, server_random, session_hash):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "randoms swapped in key expansion": (
        "The client's random stands before the server's in \"key expansion\". There it is the other way "
        "round: the server's comes first."
    ),
    "randoms swapped in the master secret": (
        "The server's random stands before the client's in \"master secret\". That is the order of the "
        "key block; here the client's comes first."
    ),
    "sides swapped": (
        "What is the client's is called the server's: in every pair of the key block the client's comes "
        "first."
    ),
    "MAC keys for GCM": (
        "MAC keys have been cut off first. GCM authenticates by itself: its key block begins with the keys."
    ),
    "IV of 16 for GCM": (
        "The IVs are too long. GCM takes 4 bytes for each end from the key block; the other 8 of a "
        "nonce travel in each record (RFC 5288 section 3)."
    ),
    "IV for CBC": (
        "IVs have been cut for CBC. Since TLS 1.1 every record brings an IV of its own, and the key "
        "block has none."
    ),
    "premaster as key": (
        "The key block is made from the premaster secret. It is made from the master secret, which is "
        "between them."
    ),
    "extension ignored": (
        "This is the master secret without the extension: nothing of the handshake but the two randoms "
        "is in it."
    ),
    "old label": (
        'The session hash goes in under the label "extended master secret"; this is what "master '
        'secret" gives.'
    ),
    "randoms with the session hash": (
        "The randoms are in the seed beside the session hash. It takes their place: both hellos are "
        "hashed in it."
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """What this student's cases are drawn from."""
    return {"_seed": entropy("cases", 16)}


Case = tuple[str, bytes, bytes, bytes, bytes | None]


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """The master secret both ways, then the pieces; those by the answer's own master secret."""
    random = Entropy(given["_seed"])

    def case(suite: str, extended: bool) -> Case:
        size = (48, 32, 48, 66)[random.number("size", 4)]
        randoms = random("client", 32), random("server", 32)
        return suite, random("premaster", size), *randoms, random("hash", 32) if extended else None

    cases = [case(suite, extended) for _ in range(6) for suite in (CBC, GCM) for extended in (False, True)]
    told = list(zip(cases, ask.many("keys", cases), strict=True))
    plain = [each for each in told if each[0][4] is None]
    extended = [each for each in told if each[0][4] is not None]
    for group, some in (("the master secret", plain), ("the extended master secret", extended)):
        yield from each_of(group, (_master(group, one, got) for one, got in some))
    for group, suite in (("keys for CBC", CBC), ("keys for GCM", GCM)):
        of_suite = [each for each in told if each[0][0] == suite]
        yield from each_of(group, (each for one, got in of_suite for each in _pieces(group, one, got)))


def _said(case: Case) -> str:
    hashed = "None" if case[4] is None else "a session hash"
    return f"keys({case[0]!r}, a premaster secret of {len(case[1])} bytes, two randoms, {hashed})"


def _master(group: str, case: Case, got: Any) -> Finding:
    _, premaster, client, server, hashed = case
    found = got.get("master secret") if isinstance(got, dict) else got
    wanted = master_secret("TLS 1.2", premaster, client, server, "sha256", hashed)
    signs = [("randoms swapped in the master secret", prf(premaster, "master secret", server + client, 48))]
    if hashed is not None:
        signs += [
            ("extension ignored", prf(premaster, "master secret", client + server, 48)),
            ("old label", prf(premaster, "master secret", hashed, 48)),
        ]
        signs += [
            ("randoms with the session hash", prf(premaster, "extended master secret", seed, 48))
            for seed in (client + server + hashed, hashed + client + server)
        ]
    return compare(group, f"{_said(case)}: the master secret", wanted, found, signs)


def _pieces(group: str, case: Case, got: Any) -> Iterator[Finding]:
    suite, premaster, client, server, hashed = case
    told = got.get("master secret") if isinstance(got, dict) else None
    # (A master secret that is wrong costs the points for it, and not those for the keys as well.)
    good = isinstance(told, bytes) and len(told) == 48
    master: Any = told if good else master_secret("TLS 1.2", premaster, client, server, "sha256", hashed)
    wanted = _cut(key_block("TLS 1.2", master, client, server, 2 * sum(SIZES[suite])), *SIZES[suite])
    found = {name: got.get(name) if isinstance(got, dict) else got for name in PIECES}
    for name in PIECES:
        signs = ((key, each[name]) for key, each in _wrong(suite, premaster, master, client, server, wanted))
        yield compare(group, f"{_said(case)}: {name}", wanted[name], found[name], signs)


def _cut(block: bytes, mac: int, key: int, iv: int) -> dict[str, bytes]:
    return dict(zip(PIECES, cut(block[: 2 * (mac + key + iv)], mac, key, iv), strict=True))


def _wrong(
    suite: str, premaster: bytes, master: bytes, client: bytes, server: bytes, wanted: dict[str, bytes]
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """What typical wrong answers would have given, all pieces of each."""
    swapped = dict(zip(PIECES, (wanted[PIECES[at ^ 1]] for at in range(6)), strict=True))
    yield "sides swapped", swapped
    size = 2 * sum(SIZES[suite])
    yield (
        "randoms swapped in key expansion",
        _cut(prf(master, "key expansion", client + server, size), *SIZES[suite]),
    )
    yield "premaster as key", _cut(prf(premaster, "key expansion", server + client, size), *SIZES[suite])
    block = key_block("TLS 1.2", master, client, server, 256)
    if suite == GCM:
        for mac in (20, 32):
            yield "MAC keys for GCM", _cut(block, mac, 16, 4)
        for iv in (16, 12):
            yield "IV of 16 for GCM", _cut(block, 0, 16, iv)
        for mac in (20, 32):
            yield "MAC keys for GCM", _cut(block, mac, 16, 16)
    else:
        yield "IV for CBC", _cut(block, 20, 16, 16)


EXERCISE = Exercise(
    id="07.3",
    title="From the premaster secret to the keys",
    statement=STATEMENT,
    starter=STARTER,
    names=("keys",),
    groups={
        "the master secret": 2,
        "the extended master secret": 2,
        "keys for CBC": 3,
        "keys for GCM": 3,
    },
    signs=SIGNS,
    hint="Two calls of the PRF: one for the master secret, one for the key block. Then cut, pair by pair.",
    reread="notebook 07, From one secret to all keys; RFC 5246 sections 6.3 and 8.1, RFC 7627 section 4",
    draw=draw,
    judge=judge,
    in_order=True,
)

"""Exercise 07.2: the pseudorandom function of TLS 1.2."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, compare, each_of
from handshake.tls.keys import prf

SIZE = 32
"""Bytes of a block: of an HMAC with SHA-256."""

STATEMENT = """
Write `prf(secret, label, seed, n)`, the pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246 section 5).
`secret`, `label` and `seed` are bytes (the label is `b"master secret"`, say), and each may be empty; `n`
is how many bytes are wanted, 0 or more. The answer is bytes, exactly `n` of them.

With S for the label and the seed behind it, and HMAC for HMAC-SHA256(secret, ...):

    A(0) = S        A(i) = HMAC(A(i-1))
    output = HMAC(A(1) + S) + HMAC(A(2) + S) + HMAC(A(3) + S) + ...

`hashlib` and `hmac` are there.
"""

STARTER = """
import hashlib
import hmac

def prf(secret, label, seed, n):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "A not chained": (
        "Every block of the output is the same: A(2) has to be made from A(1), A(3) from A(2), and so on."
    ),
    "A one off": (
        "The blocks are made with the wrong A: A(0) is the label and the seed as they are, not hashed, "
        "and the first block is made with A(1)."
    ),
    "label forgotten": (
        "The label is missing in one place: it stands before the seed in A(0), and again behind every A(i)."
    ),
    "seed first": "The label comes first and the seed behind it; here it is the other way round.",
    "only the last block": "Only the last block has come: every further block is put behind those before it.",
    "not truncated": "More bytes came than were asked for: cut the last block, so that there are exactly n.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """What this student's cases are drawn from."""
    return {"_seed": entropy("cases", 16)}


Case = tuple[bytes, bytes, bytes, int]


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """What fits into one block, what does not, and any number of bytes."""
    random = Entropy(given["_seed"])

    def case(n: int, secret: int = 48, seed: int = 64) -> Case:
        label = [b"master secret", b"key expansion", b"client finished"][random.number("label", 3)]
        return random("secret", secret), label, random("seed", seed), n

    yield from each_of("up to one block", _cases(ask, "up to one block", [case(n) for n in (32, 12, 1, 31)]))
    yield from each_of(
        "several blocks", _cases(ask, "several blocks", [case(n) for n in (64, 96, 48, 104, 33)])
    )
    odd = [case(0), case(48, seed=0), case(48, secret=0), case(40, secret=100), (b"", b"", b"", 70)]
    sizes = [(random.number("n", 300), random.number("secret size", 80), random.number("seed size", 80))
             for _ in range(40)]  # fmt: skip
    yield from each_of(
        "any number of bytes", _cases(ask, "any number of bytes", odd + [case(*each) for each in sizes])
    )


def _cases(ask: Ask, group: str, cases: list[Case]) -> Iterator[Finding]:
    for (secret, label, seed, n), got in zip(cases, ask.many("prf", cases), strict=True):
        case = f"prf(a secret of {len(secret)} bytes, {label!r}, a seed of {len(seed)} bytes, {n})"
        wanted = prf(secret, label, seed, n)
        yield compare(group, case, wanted, got, _signs(secret, label, seed, n))


def _signs(secret: bytes, label: bytes, seed: bytes, n: int) -> Iterator[tuple[str, bytes]]:
    """What typical wrong answers would have given."""

    def mac(data: bytes) -> bytes:
        return hmac.digest(secret, data, "sha256")

    s = label + seed
    blocks = -(-n // SIZE)
    whole = _blocks(mac, s, s, range(1, blocks + 1))
    same = _blocks(mac, s, s, [1] * blocks)
    for key, value in (
        ("A not chained", same),
        ("A one off", _blocks(mac, s, s, range(blocks))),
        ("A one off", _blocks(mac, s, s, range(2, blocks + 2))),
        ("label forgotten", _blocks(mac, seed, s, range(1, blocks + 1))),
        ("label forgotten", _blocks(mac, s, seed, range(1, blocks + 1))),
        ("label forgotten", _blocks(mac, seed, seed, range(1, blocks + 1))),
        ("seed first", _blocks(mac, seed + label, seed + label, range(1, blocks + 1))),
    ):
        yield key, value[:n]
    if blocks > 1:
        last = whole[-SIZE:]
        yield "only the last block", last
        yield "only the last block", last[: n - SIZE * (blocks - 1)]
    if len(whole) > n:
        yield "not truncated", whole
    yield "not truncated", whole + _blocks(mac, s, s, [blocks + 1])


def _blocks(mac: Any, first: bytes, behind: bytes, numbers: Sequence[int]) -> bytes:
    """Blocks made with those A's.   first: A(0).   behind: what follows every A."""
    chain = [first]
    while len(chain) <= max(numbers, default=0):
        chain.append(mac(chain[-1]))
    return b"".join(mac(chain[number] + behind) for number in numbers)


EXERCISE = Exercise(
    id="07.2",
    title="The pseudorandom function",
    statement=STATEMENT,
    starter=STARTER,
    names=("prf",),
    groups={"up to one block": 2, "several blocks": 3, "any number of bytes": 3},
    signs=SIGNS,
    hint="Keep two variables in a loop: A, which is replaced in every round, and the output, which grows.",
    reread="notebook 07, From one secret to all keys; RFC 5246 section 5",
    draw=draw,
    judge=judge,
    in_order=True,
)

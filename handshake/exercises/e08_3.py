"""Exercise 08.3: which bytes a CertificateVerify signs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from handshake.entropy import Entropy
from handshake.errors import ProtocolError
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, each_of, said
from handshake.tls.signing import content13, verify

STATEMENT = """
Write `signed_content(version, end, messages)`: the bytes that are handed to the signature algorithm for a
CertificateVerify (RFC 5246 section 7.4.8; RFC 8446 section 4.4.3).

- `version` is `"TLS 1.2"` or `"TLS 1.3"`. In both the suite's hash is SHA-256, and both ends sign with
  Ed25519, which takes the content as it is: nothing else hashes it first.
- `end` is whose CertificateVerify it is, `"client"` or `"server"`; in TLS 1.2 only the client sends one.
- `messages` are all messages of one whole handshake, in order, each as `[sender, name, data]`: `"client"` or
  `"server"`, `"ClientHello"` ..., and the message as bytes, with its header of 4 bytes, decrypted. The
  CertificateVerify itself is among them. (ChangeCipherSpec, which is no handshake message, is not; there is
  no HelloRequest and no HelloRetryRequest.)

The answer is bytes. With it, signatures of real handshakes are checked: the genuine one has to verify, and
one of another handshake, of the other end, or with a bit changed must not. `hashlib` is there.
"""

STARTER = """
import hashlib

def signed_content(version, end, messages):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "only the randoms": (
        "Only the two randoms are covered. Then a signature says nothing about certificates, keys and "
        "all else of this handshake."
    ),
    "the message itself": (
        "The CertificateVerify itself is covered: when it is signed, there is no signature yet. Stop "
        "before it."
    ),
    "the whole handshake": "What comes after the CertificateVerify is covered too: nobody has sent that yet.",
    "prefix missing": (
        "In TLS 1.3 the hash does not stand alone: before it come 64 spaces, a text that says whose "
        "signature it is, and a zero byte."
    ),
    "other end's context": (
        "The text before the hash is the other end's: a server's signature could then be offered as a "
        "client's."
    ),
    "one context for both": (
        "The server's text stands before the hash of the client: each end has a text of its own, so "
        "that nobody can send the other's signature back."
    ),
    "messages for the hash": (
        "In TLS 1.3 the messages are hashed first, and it is their hash that stands behind the zero byte."
    ),
    "hash in TLS 1.2": (
        "In TLS 1.2 the messages themselves are signed, one behind the other: the signature algorithm "
        "does whatever hashing there is."
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """Which handshakes this student's answer is tried on, and which bit is changed."""
    return {
        "_runs": [entropy.number("handshake", POOL) for _ in range(2)],
        "_bits": [entropy.number("bit", 512) for _ in range(2)],
        "_seed": entropy("whatever else", 8),
    }


POOL = 40
"""So many handshakes there are to choose from, of each version."""

Message = tuple[str, str, bytes]


class Run(NamedTuple):
    """A handshake.   signatures, keys: of each end that sends a CertificateVerify, and of its certificate."""

    version: str
    messages: tuple[Message, ...]
    signatures: dict[str, bytes]
    keys: dict[str, Any]

    def verifies(self, end: str, content: bytes, signature: bytes) -> bool:
        """Whether the key of an end's certificate has signed that."""
        try:
            verify(self.keys[end], ED25519, content, signature, end)
        except ProtocolError:
            return False
        return True


ED25519 = 0x0807


@lru_cache(maxsize=2 * POOL)
def handshake(version: str, number: int) -> Run:
    """A mutual handshake of ours, without a network between its ends."""
    from handshake.pki.authority import case
    from handshake.sim.handshakes import of_client, two_ends
    from handshake.tls import decode_handshake

    client, server = two_ends(version, "ECDHE", None, "Ed25519", True, f"08.3 {number}", False, {}, {})
    for _ in range(4):
        server.receive(client.outgoing())
        client.receive(server.outgoing())
    messages = tuple(
        (each.sender, each.name, each.data) for each in client.told if each.name != "ChangeCipherSpec"
    )
    signatures = {
        sender: _signature(decode_handshake(data, version))
        for sender, name, data in messages
        if name == "CertificateVerify"
    }
    leaves = {
        "client": of_client("good", "Ed25519").chain[0],
        "server": case("none", kind="Ed25519").chain[0],
    }
    return Run(version, messages, signatures, {end: leaf.public_key() for end, leaf in leaves.items()})


def _signature(message: Any) -> bytes:
    return bytes(message.signature)


SIGNING = (("TLS 1.2", "client"), ("TLS 1.3", "server"), ("TLS 1.3", "client"))
"""Who sends a CertificateVerify."""


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """By version and end: the genuine signature verifies, and no other does."""
    for version, end in SIGNING:
        group = f"{version}, {end}"
        runs = [handshake(version, number) for number in given["_runs"]]
        contents = ask.many("signed_content", [(version, end, run.messages) for run in runs])
        for run, got, number, bit in zip(runs, contents, given["_runs"], given["_bits"], strict=True):
            other = handshake(version, (number + 1) % POOL)
            yield from each_of(group, _tried(group, run, other, end, bit, got))


def _tried(group: str, run: Run, other: Run, end: str, bit: int, got: Any) -> Iterator[Finding]:
    if not isinstance(got, bytes):
        yield Finding(group, False, "what is signed", "bytes", said(got))
        return
    genuine = run.signatures[end]
    words = {True: "it verifies", False: "it does not verify"}
    for case, by, signature, wanted in (
        ("the genuine signature", end, genuine, True),
        ("a signature replayed from another handshake", end, other.signatures[end], False),
        ("the genuine signature with one bit changed", end, _flipped(genuine, bit), False),
        *(
            (f"the signature of the {who} in its place", who, signature, False)
            for who, signature in run.signatures.items() if who != end
        ),
    ):  # fmt: skip
        found = run.verifies(by, got, signature)
        key = "" if found == wanted else next((key for key, value in _signs(run, end) if value == got), "")
        yield Finding(group, found == wanted, case, words[wanted], f"{words[found]} with {said(got)}", key)


def _flipped(signature: bytes, bit: int) -> bytes:
    at = bit // 8 % len(signature)
    return signature[:at] + bytes([signature[at] ^ 1 << bit % 8]) + signature[at + 1 :]


def _signs(run: Run, end: str) -> Iterator[tuple[str, bytes]]:
    """What typical wrong answers would have given."""
    names = [(sender, name) for sender, name, _ in run.messages]
    place, old = names.index((end, "CertificateVerify")), run.version == "TLS 1.2"
    data = [data for _, _, data in run.messages]
    before, itself, whole = (b"".join(data[:count]) for count in (place, place + 1, len(data)))
    randoms = data[0][6:38] + data[1][6:38]

    def content(covered: bytes, who: str = end) -> bytes:
        return covered if old else content13(who, sha256(covered).digest())

    yield "only the randoms", randoms
    yield "only the randoms", content(randoms)
    yield "the message itself", content(itself)
    yield "the whole handshake", content(whole)
    if old:
        yield "hash in TLS 1.2", sha256(before).digest()
        yield "hash in TLS 1.2", content13(end, sha256(before).digest())
        return
    yield "prefix missing", sha256(before).digest()
    yield "prefix missing", before
    yield "messages for the hash", content13(end, before)
    if end == "client":
        yield "one context for both", content(before, "server")
    yield "other end's context", content(before, "client" if end == "server" else "server")


EXERCISE = Exercise(
    id="08.3",
    title="What a CertificateVerify signs",
    statement=STATEMENT,
    starter=STARTER,
    names=("signed_content",),
    groups={"TLS 1.2, client": 4, "TLS 1.3, server": 3, "TLS 1.3, client": 3},
    signs=SIGNS,
    hint="Put together what had been sent when the signature was made, and not a byte that came later.",
    reread="notebook 08, What each proof covers; RFC 8446 section 4.4.3",
    draw=draw,
    judge=judge,
    in_order=True,
)

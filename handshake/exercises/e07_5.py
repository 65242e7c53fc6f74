"""Exercise 07.5: what both Finished messages have to say, and whether they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, compare, each_of
from handshake.tls.keys import verify_data

STATEMENT = """
Write `finished(master, messages)` for TLS 1.2 with SHA-256. `master` is the master secret, 48 bytes.
`messages` is all that travelled in one handshake, in order, each as `[sender, name, record]`: who sent it
(`"client"` or `"server"`), what it is called (`"ClientHello"` ...), and the record that it came in, as bytes:
5 bytes of record header, then what the record carries. Every message came in a record of its own, and the
encrypted ones are shown decrypted. Both messages called `"Finished"` are among them, one of each end. The
client's comes first in a full handshake, the server's where an old session goes on. Somewhere on the way the
server may have sent a `"HelloRequest"`.

The answer is a dictionary: `"client"` and `"server"` are what the Finished of that end has to say (verify
data, 12 bytes each), computed from the messages before it as they came; `"good"` is `True` if both Finished
have come exactly so, and `False` otherwise. (A Finished is 4 bytes of message header and its verify data.)

Put your `prf` of 07.2 into the same cell. `hashlib` and `hmac` are there.
"""

STARTER = """
import hashlib
import hmac

def finished(master, messages):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "record headers included": (
        "The record headers have been hashed. Finished covers handshake messages: the 4 bytes of their "
        "own header count, the 5 bytes of the envelope do not."
    ),
    "ChangeCipherSpec included": (
        "ChangeCipherSpec has been hashed. It is no handshake message, its record has another type: "
        "leave it out."
    ),
    "HelloRequest included": (
        "HelloRequest has been hashed. Of all handshake messages it is the one that is left out (RFC "
        "5246 section 7.4.1.1)."
    ),
    "second omits the first": (
        "The Finished that comes second covers the first one too: that is a handshake message like any other."
    ),
    "labels swapped": (
        "Each end's verify data have come under the other's name: \"client finished\" is the label of "
        "what the client sends."
    ),
    "client always first": (
        "Here an old session goes on, and the server's Finished comes first: the client's covers it, "
        "not the other way round."
    ),
    "one covers all": (
        "More has been hashed than what came before: a Finished covers neither itself nor what comes "
        "after it."
    ),
    "read off": "This is what has come, and it was altered on its way: compute what has to come.",
    "anything is good": "One of the two Finished is not what it has to be, and it was found good.",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """What this student's handshakes are drawn from."""
    return {"_seed": entropy("handshakes", 16)}


FULL = (
    ("client", "ClientHello", 1), ("server", "ServerHello", 2), ("server", "Certificate", 11),
    ("server", "ServerKeyExchange", 12), ("server", "ServerHelloDone", 14),
    ("client", "ClientKeyExchange", 16),
    ("client", "ChangeCipherSpec", 0), ("client", "Finished", 20),
    ("server", "ChangeCipherSpec", 0), ("server", "Finished", 20),
)  # fmt: skip
SHORT = (*FULL[:2], *FULL[8:], *FULL[6:8])
"""A full handshake, and one in which an old session goes on: sender, name, and type of each message."""

Message = tuple[str, str, bytes]


def handshake(random: Entropy, master: bytes, shape: tuple[tuple[str, str, int], ...]) -> list[Message]:
    """Messages of that shape, with bodies at random and both Finished right."""
    found: list[Message] = []
    for sender, name, kind in shape:
        if name == "ChangeCipherSpec":
            found.append((sender, name, bytes.fromhex("140303000101")))
            continue
        if name == "Finished":
            body = verify_data("TLS 1.2", master, sender, covered(found))
        else:
            body = random("body", 2 + random.number("size", 90))
        found.append((sender, name, record(kind, body)))
    return found


def record(kind: int, body: bytes) -> bytes:
    """A handshake message in a record of its own."""
    message = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message


def covered(messages: list[Message]) -> bytes:
    """What a Finished covers that comes after these."""
    return b"".join(
        data[5:] for _, name, data in messages if name not in ("ChangeCipherSpec", "HelloRequest")
    )


def _before(messages: list[Message], end: str) -> list[Message]:
    return messages[
        : next(n for n, (who, name, _) in enumerate(messages) if (who, name) == (end, "Finished"))
    ]


def _expected(master: bytes, messages: list[Message]) -> dict[str, Any]:
    found: dict[str, Any] = {
        end: verify_data("TLS 1.2", master, end, covered(_before(messages, end)))
        for end in ("client", "server")
    }
    came = {who: data[9:] for who, name, data in messages if name == "Finished"}
    return found | {"good": came == found}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """A full handshake and a short one; with a HelloRequest; with a Finished that is wrong."""
    random = Entropy(given["_seed"])
    asked = ("server", "HelloRequest", record(0, b""))
    cases: dict[str, list[tuple[str, bytes, list[Message]]]] = {}
    for _ in range(4):
        for shape, words in ((FULL, "a full handshake"), (SHORT, "an old session goes on")):
            master = random("master", 48)
            whole = handshake(random, master, shape)
            order = [who for who, name, _ in whole if name == "Finished"]
            for n, group in enumerate(("the first Finished", "the second Finished")):
                # (What has come is altered, and each handshake is asked about once: nobody can read off, or
                # remember, what has to come.)
                own = random("master", 48)
                other = handshake(random, own, shape)
                cases.setdefault(group, []).append((words, own, _spoilt(random, other, order[n])))
            at = (0, 1, 2, len(whole) - 1)[random.number("place of HelloRequest", 4)]
            more = _spoilt(random, [*whole[:at], asked, *whole[at:]], order[-1])
            cases.setdefault("HelloRequest", []).append((f"{words}, with a HelloRequest", master, more))
            cases.setdefault("good or not", []).append((f"{words}, both Finished right", master, whole))
            for end in ("client", "server"):
                bad = _spoilt(random, whole, end)
                cases["good or not"].append((f"{words}, the {end}'s Finished altered", master, bad))
    for group, some in cases.items():
        yield from each_of(group, _cases(ask, group, some))


def _spoilt(random: Entropy, messages: list[Message], end: str) -> list[Message]:
    """The messages, with one bit of an end's Finished changed."""
    at, bit = 9 + random.number("place", 12), 1 << random.number("bit", 8)
    return [
        (
            who,
            name,
            data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            if (who, name) == (end, "Finished")
            else data,
        )
        for who, name, data in messages
    ]


def _cases(ask: Ask, group: str, cases: list[tuple[str, bytes, list[Message]]]) -> Iterator[Finding]:
    answers = ask.many("finished", [(master, messages) for _, master, messages in cases])
    for (words, master, messages), got in zip(cases, answers, strict=True):
        wanted = _expected(master, messages)
        order = [who for who, name, _ in messages if name == "Finished"]
        ends = {"the first Finished": order[:1], "the second Finished": order[1:]}.get(group, order)
        for end in ends:
            found = got.get(end) if isinstance(got, dict) else got
            yield compare(group, f"{words}: the {end}'s", wanted[end], found, _signs(master, messages, end))
        if group == "good or not":
            found = got.get("good") if isinstance(got, dict) else got
            signs = [] if wanted["good"] else [("anything is good", True)]
            yield compare(group, f'{words}: "good"', wanted["good"], found, signs)


def _signs(master: bytes, messages: list[Message], end: str) -> Iterator[tuple[str, bytes]]:
    """What typical wrong answers would have given for an end."""
    other = "server" if end == "client" else "client"
    before, first = _before(messages, end), _before(messages, other)

    def made(
        some: list[Message], who: str = end, left_out: tuple[str, ...] = (CCS, ASKED), skip: int = 5
    ) -> bytes:
        data = b"".join(data[skip:] for _, name, data in some if name not in left_out)
        return verify_data("TLS 1.2", master, who, data)

    yield "HelloRequest included", made(before, left_out=(CCS,))
    yield "ChangeCipherSpec included", made(before, left_out=(ASKED,))
    yield "ChangeCipherSpec included", made(before, left_out=())
    for left_out in ((CCS, ASKED), (CCS,), (ASKED,), ()):
        yield "record headers included", made(before, left_out=left_out, skip=0)
    yield "labels swapped", made(first, other)
    yield "labels swapped", made(before, other)
    short = next(who for who, name, _ in messages if name == "Finished") == "server"
    without = [each for each in messages if each[1] != "Finished"]
    if short:
        yield "client always first", made(without if end == "client" else before)
        yield (
            "client always first",
            made([*without, *[each for each in messages if each[:2] == (other, "Finished")]]),
        )
    yield "second omits the first", made(without)
    yield "second omits the first", made([each for each in before if each[1] != "Finished"])
    yield "one covers all", made(messages)
    yield "read off", next(data[9:] for who, name, data in messages if (who, name) == (end, "Finished"))


CCS, ASKED = "ChangeCipherSpec", "HelloRequest"

EXERCISE = Exercise(
    id="07.5",
    title="Both Finished",
    statement=STATEMENT,
    starter=STARTER,
    names=("finished",),
    groups={"the first Finished": 2, "the second Finished": 2, "HelloRequest": 2, "good or not": 2},
    signs=SIGNS,
    hint="Go through the messages once, and keep the bytes that count so far; at a Finished, hash them.",
    reread="notebook 07, Finished; RFC 5246 sections 7.4.1.1 and 7.4.9",
    draw=draw,
    judge=judge,
    in_order=True,
)

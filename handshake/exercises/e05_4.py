"""Exercise 05.4: messages behind their length, out of a stream that is cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Made, Raised
from handshake.exercises.judging import Exercise, Finding, compare, said

STATEMENT = """
Write a class `Framer(limit)`. Every message in the stream stands behind its length, four bytes, big-endian.

- `feed(chunk)` takes the next bytes of the stream, however many there are, and gives the list of messages
  that they complete, each as bytes, in order. A message may be empty.
- A length above `limit` raises `ValueError` as soon as the four bytes are there, without waiting for more.
- `end()` is called when the stream has ended. It raises `ValueError` if that was inside a message, or inside
  a length.
"""

STARTER = """
class Framer:
    def __init__(self, limit):
        self.limit = limit

    def feed(self, chunk):
        raise NotImplementedError("yours")

    def end(self):
        raise NotImplementedError("yours")
"""

SIGNS = {
    "one feed, one message": (
        "TCP is a stream: one chunk may bring half a message, or three and a half. Go on while there is a "
        "whole message."
    ),
    "empty message lost": "A message may be empty: a length of 0, with nothing behind it, is one too.",
    "limit itself refused": "A message that is exactly as long as the limit is allowed.",
    "leftover lost": "What is behind the last whole message belongs to the next: keep it for the next feed.",
    "length little-endian": "The length is big-endian, as in all headers: the highest byte comes first.",
    "recursion": "Many messages in one chunk: who calls itself for each of them runs out of stack.",
    "huge length accepted": (
        "A length above the limit has to be refused at once. Who waits for four gigabytes has lost already."
    ),
    "end inside a message": (
        "The stream has ended inside a message: part of it is missing, and somebody has to hear of it."
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's messages."""
    sizes = [0, 1, 2, 300, *(entropy.number("size", 40) for _ in range(4))]
    return {
        "_messages": [entropy("message", size) for size in sizes],
        "_seed": entropy("cuts", 16),
        "_limit": 1000 + entropy.number("limit", 1000),
    }


def stream_of(messages: list[bytes]) -> bytes:
    """The messages, each behind its length."""
    return b"".join(len(each).to_bytes(4, "big") + each for each in messages)


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """The same messages for every cut; lengths beyond the limit; the end."""
    messages, limit = given["_messages"], given["_limit"]
    stream = stream_of(messages)
    first = _fed(ask, "whole", limit, [stream], messages, "the whole stream at once")
    yield first
    little = first.key == "length little-endian"
    yield _fed(ask, "whole", limit, [stream_of([each]) for each in messages], messages, "a message a chunk")
    many = [b"x"] * 3000
    yield _fed(ask, "whole", limit, [stream_of(many)], many, "three thousand messages in one chunk")
    for cut in range(1, min(len(stream), 120)):
        yield _fed(
            ask, "cuts", limit, [stream[:cut], stream[cut:]], messages, f"cut behind byte {cut}", little
        )
    yield _fed(ask, "cuts", limit, [bytes([each]) for each in stream], messages, "one byte at a time")
    random = Entropy(given["_seed"])
    for _ in range(40):
        yield _fed(ask, "cuts", limit, _pieces(stream, random), messages, "cut at random")
    for size in (limit + 1, 1 << 31, (1 << 32) - 1):
        yield _refused(ask, limit, size, little)
    yield _fed(
        ask, "limit", limit, [stream_of([bytes(limit)])], [bytes(limit)], "a message as long as the limit"
    )
    whole = [stream_of([each]) for each in messages]
    for chunks, words in ((whole, "at the end"), ([], "before anything came")):
        yield _ended(ask, limit, chunks, False, f"end() {words}")
    for cut in (1, 3, 4, 8, 30):
        before = stream_of([random("message", random.number("size", 60))])
        chunks = [before, stream_of([random("message", 31 + random.number("size", 60))])[:cut]]
        where = "a length" if cut < 4 else "a message"
        yield _ended(ask, limit, chunks, True, f"end() after {len(before) + cut} bytes, inside {where}")


def _pieces(stream: bytes, random: Entropy) -> list[bytes]:
    pieces, at = [], 0
    while at < len(stream):
        size = 1 + random.number("piece", 60)
        pieces.append(stream[at : at + size])
        at += size
    return pieces


def _fed(
    ask: Ask, group: str, limit: int, chunks: list[bytes], messages: list[bytes], case: str,
    little: bool = False,
) -> Finding:  # fmt: skip
    """The messages that come of these chunks.   little: whether lengths are evidently read the wrong way."""
    framer = ask.make("Framer", limit)
    if isinstance(framer, Raised):
        return Finding(group, False, f"Framer({limit})", "a Framer", said(framer))
    found: list[Any] = []
    for got in framer.many("feed", [(chunk,) for chunk in chunks]):
        if isinstance(got, Raised) or not isinstance(got, list):
            key = "recursion" if isinstance(got, Raised) and got.name == "RecursionError" else ""
            if isinstance(got, Raised) and got.name == "ValueError" and group != "limit":
                key = "length little-endian" if len(chunks) == 1 or little else "leftover lost"
            if isinstance(got, Raised) and got.name == "ValueError" and group == "limit":
                key = "limit itself refused"
            return Finding(group, False, case, "a list of messages from each feed", said(got), key)
        found += got
    key = "one feed, one message" if len(chunks) == 1 else "leftover lost"
    if found == [each for each in messages if each] != messages:
        key = "empty message lost"
    return compare(group, case, messages, found, [(key, found)])


def _refused(ask: Ask, limit: int, size: int, little: bool) -> Finding:
    case = f"a length of {size}, with a limit of {limit}"
    framer = ask.make("Framer", limit)
    if not isinstance(framer, Made):
        return Finding("limit", False, case, "a Framer", said(framer))
    got = framer("feed", size.to_bytes(4, "big"))
    good = isinstance(got, Raised) and got.name == "ValueError"
    key = "length little-endian" if little else "huge length accepted"
    return Finding("limit", good, case, "ValueError, at once", said(got), "" if good else key)


def _ended(ask: Ask, limit: int, chunks: list[bytes], inside: bool, case: str) -> Finding:
    framer = ask.make("Framer", limit)
    if not isinstance(framer, Made):
        return Finding("the end", False, case, "a Framer", said(framer))
    for chunk in chunks:
        framer("feed", chunk)
    got = framer("end")
    good = (isinstance(got, Raised) and got.name == "ValueError") if inside else not isinstance(got, Raised)
    key = "end inside a message" if inside and not good and not isinstance(got, Raised) else ""
    return Finding("the end", good, case, "ValueError" if inside else "no exception", said(got), key)


EXERCISE = Exercise(
    id="05.4",
    title="Messages behind their length",
    statement=STATEMENT,
    starter=STARTER,
    names=("Framer",),
    groups={"whole": 3, "cuts": 4, "limit": 3, "the end": 2},
    signs=SIGNS,
    hint="Keep a bytearray of what has come and is not used up; take messages from its front in a loop.",
    reread="notebook 05, Write it: a decoder that survives any cut; `handshake/framing.py` is one way",
    draw=draw,
    judge=judge,
    in_order=True,
)

"""Exercise 05.3: exactly so many bytes, and all of them, over a socket that is within its rights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, compare, said

STATEMENT = """
Write two functions for a stream socket `sock`, of which you may use `recv` and `send` only:

- `recv_exact(sock, n)` gives the next `n` bytes of the stream, as bytes. `n` is 0 or more. It takes nothing
  that is behind them: whoever reads next finds it. If the stream ends before there are `n` bytes, it raises
  `EOFError`. With n = 0 it gives `b""`.
- `send_all(sock, data)` sends all of `data`, which is bytes, in order and once. With no data it sends
  nothing. What it gives back does not count.

`sock.recv(size)`, with a size of 1 at least, gives 1 to `size` bytes, as many as it likes, and `b""` if the
stream has ended. `sock.send(data)` takes 1 byte at least, or as many as it likes, from the front of `data`,
and gives their number. Neither ever fails.

`recv_parts` is finished: it calls yours once for each size, on the same socket. Leave it as it is, and
hand it over with the others.
"""

STARTER = """
def recv_exact(sock, n):
    raise NotImplementedError("yours")


def send_all(sock, data):
    raise NotImplementedError("yours")


def recv_parts(sock, sizes):
    return [recv_exact(sock, size) for size in sizes]
"""

SIGNS = {
    "short read taken": (
        "recv(n) gives up to n bytes, not n bytes: what came is less than what was asked for, and the rest "
        "was still on its way."
    ),
    "end taken for patience": (
        'b"" does not say "nothing yet, try again": it says that the stream has ended, and it will say so '
        "for ever."
    ),
    "end not told": (
        "The stream has ended too early, and nobody heard of it: half a message is taken for a whole one."
    ),
    "read too much": (
        "Bytes are gone that belong to whoever reads next: ask for no more than what is still missing."
    ),
    "short send ignored": (
        "send says how many bytes it has taken. The others were not sent, and nobody will send them."
    ),
    "sent again from the start": (
        "After a short send, go on behind the bytes that were taken: these arrive twice now."
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's stream, and how it is cut."""
    return {"_size": 40 + entropy.number("size", 60), "_seed": entropy("cuts", 16)}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Reading whole and in pieces, reading at the end; sending whole and in pieces."""
    random, size = Entropy(given["_seed"]), given["_size"]
    stream = random("stream", size)
    first = _pieces(stream, random, 20)
    yield _received(ask, "reading", first, size, stream, f"pieces of {_sizes(first)} bytes")
    for words, cut in (("all of it in one piece", size), ("one byte at a time", 1)):
        stream = random("stream", size)
        pieces = [stream[at : at + cut] for at in range(0, size, cut)]
        yield _received(ask, "reading", pieces, size, stream, words)
    yield _received(ask, "reading", [random("stream", size)], 0, b"", "nothing wanted")
    for _ in range(20):  # (each with bytes of its own: there is nothing to remember)
        stream = random("stream", size)
        pieces = _pieces(stream, random, 1 + random.number("piece", 30))
        yield _received(ask, "reading", pieces, size, stream, f"pieces of {_sizes(pieces)} bytes")
    for _ in range(20):
        stream = random("stream", size)
        pieces, at = _pieces(stream, random, 30), 1 + random.number("wanted", size - 1)
        yield _parts(ask, pieces, [stream[:at], stream[at:]])
    yield _parts(ask, [stream], [stream[:1], b"", stream[1:]])
    for missing in (1, size - 1, size, 7):
        pieces = _pieces(stream[: size - missing], random, 20)
        yield _received(ask, "the end", pieces, size, None, f"{size} bytes wanted, {size - missing} came")
    for takes in ((size,), (), (1,) * size, (size - 1,), *(_takes(random) for _ in range(30))):
        yield _sent(ask, stream, takes)
    yield _sent(ask, b"", ())


def _pieces(stream: bytes, random: Entropy, most: int) -> list[bytes]:
    pieces, at = [], 0
    while at < len(stream):
        size = 1 + random.number("piece", most)
        pieces.append(stream[at : at + size])
        at += size
    return pieces


def _takes(random: Entropy) -> tuple[int, ...]:
    return tuple(1 + random.number("takes", 30) for _ in range(1 + random.number("how many", 9)))


def _sizes(pieces: Sequence[bytes]) -> str:
    return ", ".join(str(len(each)) for each in pieces[:6]) + (" ..." if len(pieces) > 6 else "")


def _received(
    ask: Ask, group: str, pieces: list[bytes], wanted: int, right: bytes | None, case: str
) -> Finding:
    """What recv_exact gives.   right: what it should; None if it should raise EOFError."""
    got, _ = ask.socket("recv_exact", pieces, [], wanted)
    if right is not None:
        return compare(group, case, right, got, _signs(right, got))
    good = isinstance(got, Raised) and got.name == "EOFError"
    key = "" if isinstance(got, Raised) else "end not told"
    if isinstance(got, Raised) and got.name == "RuntimeError" and "the end" in got.words:
        key = "end taken for patience"
    return Finding(group, good, case, "EOFError", said(got), "" if good else key)


def _signs(right: bytes, got: Any) -> Iterator[tuple[str, Any]]:
    """What typical wrong answers give, or leave for the next."""
    if isinstance(got, bytes) and len(got) < len(right) and right.startswith(got):
        yield "short read taken", got
    if isinstance(got, bytes) and len(got) > len(right) and got.startswith(right):
        yield "read too much", got


def _parts(ask: Ask, pieces: list[bytes], parts: list[bytes]) -> Finding:
    """The stream part after part: what the first reading took too much, the second lacks."""
    sizes = [len(each) for each in parts]
    got, _ = ask.socket("recv_parts", pieces, [], sizes)
    case = f"{' and then '.join(map(str, sizes))} bytes wanted, pieces of {_sizes(pieces)} bytes"
    finding = compare("nothing more", case, parts, got)
    short = isinstance(got, Raised) and got.name in ("EOFError", "RuntimeError")
    first = isinstance(got, list) and got[:1] in ([parts[0]], [b"".join(parts)])
    return finding if finding.good or not (short or first) else replace(finding, key="read too much")


def _sent(ask: Ask, data: bytes, takes: tuple[int, ...]) -> Finding:
    """What send_all has sent."""
    got, sent = ask.socket("send_all", [], takes, data)
    case = f"{len(data)} bytes, of which send takes {', '.join(map(str, takes[:6])) or 'all'}"
    if len(takes) > 6:
        case += " ..."
    if isinstance(got, Raised):
        return Finding("sending", False, case, "no exception", said(got))
    key = "short send ignored" if data.startswith(sent) else ""
    if takes and not key and sent.startswith(data[: takes[0]]):
        key = "sent again from the start"
    return compare("sending", case, data, sent, [(key, sent)])


EXERCISE = Exercise(
    id="05.3",
    title="Exactly so many bytes, and all of them",
    statement=STATEMENT,
    starter=STARTER,
    names=("recv_exact", "send_all", "recv_parts"),
    groups={"reading": 2, "nothing more": 1, "the end": 1, "sending": 2},
    signs=SIGNS,
    hint="Both are loops. After each call ask how many bytes are still missing.",
    reread="notebook 05, When calls do not give what you hoped for",
    draw=draw,
    judge=judge,
    in_order=True,
)

"""Exercise 02.5: a stream put together from segments in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, each_of, said

SPACE = 1 << 32

STATEMENT = """
Write a class `Reassembler(first, window)`, the receiving half of one direction. `first` is the number of the
first byte of the stream, `window` how many numbers it takes, counted from the one that it expects.

- `add(seq, data, fin)`: a segment comes. `seq` is the number of its first byte, `data` are bytes, perhaps
  none, `fin` says whether a FIN follows them. The answer is bytes: all that can now be handed on and
  was not yet, in order; `b""` if there is nothing.
- `expected()`: the number that is expected next, from 0 to 2³² - 1.
- `done()`: `True` once the FIN and everything before it has come, else `False`.

Segments come in any order, more than once, and overlap; the same number always means the same byte. What
comes ahead of a gap is kept. What lies outside the window at the moment when its segment comes, before
anything of that segment is handed on, is dropped, byte by byte; what is inside counts. A FIN takes a number
too, the one behind the data, and is dropped likewise if that is outside. Numbers go round, and no segment
begins more than 2³⁰ away from the number expected.
"""

STARTER = """
class Reassembler:
    def __init__(self, first, window):
        raise NotImplementedError("yours")

    def add(self, seq, data, fin):
        raise NotImplementedError("yours")

    def expected(self):
        raise NotImplementedError("yours")

    def done(self):
        raise NotImplementedError("yours")
"""

SIGNS = {
    "overlap doubled": (
        "The program gets bytes that it has already, or in the wrong order. Of a segment that begins with "
        "what is known, only the rest is new."
    ),
    "lost behind a gap": (
        "Bytes that have come are missing. What comes ahead of a gap waits for it, and follows at once when "
        "it is closed, pieces that overlap too."
    ),
    "beyond the window kept": (
        "That much was not promised: what was beyond the window when it came is not kept, or a peer could "
        "fill your memory."
    ),
    "None for nothing": 'Where there is nothing to hand on, `add` gives b"", no bytes; and not None.',
    "FIN before the hole closes": (
        "A FIN is not the end as long as bytes before it are missing: it has a number, and waits its turn."
    ),
    "FIN forgotten": "This FIN came ahead of a gap and counts when the gap is closed: nobody sends it again.",
    "FIN takes a number": "The FIN takes a number, as a byte does: behind it comes the next one.",
    "no wrap": "Behind 2³² - 1 comes 0. Count how far a number is from the one expected, modulo 2³².",
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's stream, and where its numbers begin."""
    return {
        "_stream": entropy("stream", 90 + entropy.number("size", 60)),
        "_first": (1 << 28) + entropy.number("first", 1 << 30),
        "_seed": entropy("cuts", 16),
    }


class Model:
    """One way to do it, number by number: good enough for short streams."""

    def __init__(self, window: int) -> None:
        self.window, self.at, self.done = window, 0, False
        self.kept: dict[int, bytes] = {}  # (a FIN is kept as no bytes)

    def add(self, offset: int, data: bytes, fin: bool) -> bytes:
        """The bytes that can be handed on.   offset: of the first byte in the stream."""
        parts = [data[n : n + 1] for n in range(len(data))] + [b""] * fin
        for n, part in enumerate(parts, offset):
            if 0 <= n - self.at < self.window:
                self.kept[n] = part
        given = b""
        while self.at in self.kept:
            part = self.kept.pop(self.at)
            given, self.done, self.at = given + part, not part, self.at + 1
        return given


Piece = tuple[int, int, bool]
"""From where to where in the stream, and whether a FIN follows."""


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Pieces in any order, overlapping ones, a small window, the end, the wrap."""
    ordinary = True
    for finding in _judged(ask, given):
        if finding.group != "the wrap":
            ordinary = ordinary and finding.good
        elif ordinary and not finding.good:  # with other numbers, the same was right
            finding = replace(finding, key="no wrap")
        yield finding


def _judged(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    random = Entropy(given["_seed"])
    size, first = len(given["_stream"]), given["_first"]
    straight: list[Piece] = [(0, 20, False), (20, 50, False), (50, size, False)]
    orders = [straight, straight[::-1], [*straight[1:], straight[0]]]
    orders += [_shuffled(_cut(size, random), random) for _ in range(5)]
    yield from _runs(ask, "in any order", given, first, size + 50, orders)
    twice: list[list[Piece]] = [
        [(0, 30, False), (0, 30, False), (30, 60, False)],
        [(0, 30, False), (10, 50, False), (5, 25, False), (50, 60, False)],
        [(20, 40, False), (30, 60, False), (20, 50, False), (0, 25, False)],
        [(10, 20, False), (30, 40, False), (5, 50, False), (0, 10, False)],
    ]
    twice += [_shuffled(_cut(size, random) + _cut(size, random), random) for _ in range(3)]
    yield from _runs(ask, "overlaps", given, first, size + 50, twice)
    edges: list[list[Piece]] = [
        [(10, 60, False), (0, 10, False), (40, 60, False)],
        [(45, 60, False), (0, 30, False), (30, 45, False)],
        [(0, 60, False), (60, 70, False)],
    ]
    yield from _runs(ask, "window", given, first, 40, edges)
    ends: list[list[Piece]] = [
        [(0, 30, False), (30, size, True)],
        [(30, size, True), (0, 20, False), (20, 30, False)],
        [(size, size, True), (20, size, False), (0, 20, False)],
        [(0, size, False), (size, size, True), (10, size, True)],
        _shuffled([*_cut(size, random), (size, size, True)], random),
    ]
    yield from _runs(ask, "the end", given, first, size + 50, ends)
    for before in (1, size // 2, size):
        around = [straight[::-1], _shuffled([*_cut(size, random), (40, size, True)], random)]
        yield from _runs(ask, "the wrap", given, -before % SPACE, size + 50, around)


def _cut(size: int, random: Entropy) -> list[Piece]:
    """The stream in some pieces."""
    places = sorted({0, size, *(1 + random.number("cut", size - 1) for _ in range(4))})
    return [(start, end, False) for start, end in pairwise(places)]


def _shuffled(pieces: list[Piece], random: Entropy) -> list[Piece]:
    return sorted(pieces, key=lambda _: random.number("order", 1 << 60))


def _runs(
    ask: Ask, group: str, given: dict[str, Any], first: int, window: int, runs: list[list[Piece]]
) -> Iterator[Finding]:
    yield from each_of(group, (_run(ask, group, given["_stream"], first, window, run) for run in runs))


def _run(ask: Ask, group: str, stream: bytes, first: int, window: int, pieces: list[Piece]) -> Finding:
    """One object, and these pieces one after the other."""
    made = ask.make("Reassembler", first, window)
    if isinstance(made, Raised):
        return Finding(group, False, f"Reassembler({first}, {window})", "a Reassembler", said(made))
    model, had, wanted = Model(window), b"", b""
    told: list[str] = []
    for start, end, fin in pieces:
        told.append(f"{start}..{end}{' and FIN' if fin else ''}")
        case = f"first {first}, window {window}; bytes of the stream that come: {', '.join(told)}"
        now = model.add(start, stream[start:end], fin)
        got = made("add", (first + start) % SPACE, stream[start:end], fin)
        wanted += now
        if not isinstance(got, bytes) or got != now:
            had += got if isinstance(got, bytes) else b""
            key = _key(stream, had, wanted) if isinstance(got, bytes) else ""
            if got is None and not now:
                key = "None for nothing"
            return Finding(group, False, case, said(now), said(got), key)
        had += got
        if group in ("the end", "the wrap"):
            got = made("done")
            if got is not model.done:
                key = {True: "FIN before the hole closes", False: "FIN forgotten"}.get(got is True, "")
                key = key if isinstance(got, bool) else ""
                return Finding(group, False, f"done(), {case}", said(model.done), said(got), key)
    number, got = (first + model.at) % SPACE, made("expected")
    if type(got) is int and got == number:
        return Finding(group, True)
    key = "FIN takes a number" if model.done and got == (number - 1) % SPACE else ""
    return Finding(group, False, f"expected(), {case}", said(number), said(got), key)


def _key(stream: bytes, had: bytes, wanted: bytes) -> str:
    """What all that came looks like, beside what should have come."""
    if not stream.startswith(had):
        return "overlap doubled"
    return "beyond the window kept" if len(had) > len(wanted) else "lost behind a gap"


EXERCISE = Exercise(
    id="02.5",
    title="A stream put together",
    statement=STATEMENT,
    starter=STARTER,
    names=("Reassembler",),
    groups={"in any order": 3, "overlaps": 3, "window": 2, "the end": 2, "the wrap": 2},
    signs=SIGNS,
    hint="Turn every number into its distance from the one expected, cut off what is outside, keep the rest.",
    reread="notebook 02, Break it: a hole; RFC 9293 section 3.10.7.4, Seventh",
    draw=draw,
    judge=judge,
    in_order=True,
)

"""Notebook 05: one stream of bytes, and three ways in which it is cut, none of which knows of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from handshake import show, sim
from handshake.entropy import Entropy
from handshake.framing import LengthPrefixed
from handshake.labs.bets import html_of
from handshake.labs.lab import Lab, Outcome, choice, of_these, one_of, slider, whole
from handshake.show import Piece
from handshake.show.axes import linear
from handshake.show.bytesview import many
from handshake.tcp import seq
from handshake.tls.protection import Protection
from handshake.tls.records import HEADER_LENGTH, RecordStream
from handshake.tls.suites import find

MESSAGES = (b"hello", b"how are you?", b"see you at the usual place, half past nine", b"bye")
"""What one program has to say to the other."""

PREFIX = 2
"""The length before each message has so many bytes."""

GATHERING = ("each message its own", "as few as possible", "at most 16 bytes each")
"""How TLS makes its records."""

Range = tuple[int, int]


def cut_into(sizes: Sequence[int]) -> list[Range]:
    """From where to where each of the pieces lies that have these sizes, one behind the other."""
    ends = [0]
    for size in sizes:
        ends.append(ends[-1] + size)
    return list(pairwise(ends))


SUITE = find("TLS_RSA_WITH_AES_128_GCM_SHA256")


def rulers(gather: str = GATHERING[0], mss: int = 40, room: int = 64) -> Outcome:
    """The same stream under three rulers: messages of the program, TLS records, TCP segments; and the reads.

    gather: one of GATHERING.   mss: the largest segment, in bytes.   room: how many bytes each recv asks for.
    """
    one_of("gather", gather, GATHERING)
    mss, room = whole("mss", mss, 8, 200), whole("room", room, 8, 256)
    frames = LengthPrefixed(1000, size=PREFIX)
    framed = [frames.encode(message) for message in MESSAGES]
    said = b"".join(framed)
    if gather == GATHERING[0]:
        plain = cut_into([len(each) for each in framed])
    else:
        most = len(said) if gather == GATHERING[1] else 16
        plain = cut_into([len(said[at : at + most]) for at in range(0, len(said), most)])
    entropy = Entropy(7)
    key, salt = entropy("client key", 16), entropy("client salt", 4)
    writes = Protection(SUITE, "TLS 1.2", b"", key, salt)
    sealed = [writes.seal(23, said[a:b]) for a, b in plain]
    records = cut_into([len(record.encode()) for record in sealed])
    stream = b"".join(record.encode() for record in sealed)
    run = sim.calls(
        {0.0: "open", 0.1: stream, 2.0: "close"},
        {0.0: "listen"},
        mss=int(mss),
        title="The stream, in segments",
    )
    segments = _segments(run)
    reads = cut_into([len(stream[at : at + int(room)]) for at in range(0, len(stream), int(room))])
    back = _messages(key, salt, stream, reads)
    before, behind = HEADER_LENGTH + SUITE.cipher.explicit, SUITE.cipher.tag
    pieces: dict[str, list[Piece]] = {"messages\nlength and text": []}
    for number, (start, end) in enumerate(cut_into([len(each) for each in framed])):
        for (a, b), (first, _) in zip(plain, records, strict=True):
            low, high = max(start, a), min(end, b)
            if low < high:
                at = first + before + low - a
                words = MESSAGES[number].decode() if low == start else "…"
                pieces["messages\nlength and text"].append(Piece(at, at + high - low, words, "the program's"))
    pieces["TLS records"] = [
        piece
        for n, (a, b) in enumerate(records)
        for piece in (
            Piece(a, a + before, "", "header, nonce and tag"),
            Piece(a + before, b - behind, f"record {n}", "sealed"),
            Piece(b - behind, b, "", "header, nonce and tag"),
        )
    ]
    pieces["TCP segments"] = [Piece(a, b, str(b - a), "TCP's") for a, b in segments]
    pieces[f"reads\nrecv({int(room)})"] = [Piece(a, b, str(b - a), "the reader's") for a, b in reads]
    kinds = ("sealed", "the program's", "TCP's", "the reader's", "", "header, nonce and tag")
    words = (
        f"{len(MESSAGES)} messages, {many(len(records), 'record')}, {many(len(segments), 'segment')}, "
        f"{many(len(reads), 'read')}. "
        f"The reader finds {len(back)} messages, the same: {'yes' if back == list(MESSAGES) else 'no'}."
    )
    scale = linear(0, len(stream), lambda n: f"{n:g}", "bytes of the TCP stream", 8)
    picture = show.lanes(
        pieces, scale, title=f"{len(stream)} bytes under four rulers", kinds=kinds,
        subtitle=["Each layer cuts where it likes. Only the lengths inside the bytes tell messages apart."],
    )  # fmt: skip
    return Outcome(words, (picture,), run)


def _segments(run: Any) -> list[Range]:
    """From where to where in the stream the client's segments go."""
    sent = [transit.layers[-1] for transit in run.transits if transit.sender == "client"]
    first = seq.add(sent[0].seq, 1)
    return [
        (seq.distance(first, each.seq), seq.distance(first, each.seq) + len(each.data))
        for each in sent
        if each.data
    ]


def _messages(key: bytes, salt: bytes, stream: bytes, reads: Sequence[Range]) -> list[bytes]:
    """What the reader makes of it: bytes to records, records to bytes, bytes to messages."""
    records, frames = RecordStream(), LengthPrefixed(1000, size=PREFIX)
    writes = Protection(SUITE, "TLS 1.2", b"", key, salt)
    return [
        message
        for a, b in reads
        for record in records.feed(stream[a:b])
        for message in frames.feed(writes.open(record).fragment)
    ]


def rulers_lab() -> Lab:
    """`rulers`, with controls."""
    return Lab(
        "The same bytes under four rulers", rulers,
        gather=choice("TLS records", GATHERING, GATHERING[0]),
        mss=slider("largest segment (bytes)", 40, 8, 200),
        room=of_these("each recv asks for", [(f"{n} bytes", n) for n in (8, 16, 32, 64, 128, 256)], 64),
    )  # fmt: skip


# A decoder, fed every cut.


class Decoder(Protocol):
    """What is fed: chunks in, the messages that they complete out."""

    def feed(self, chunk: bytes, /) -> list[bytes]: ...  # noqa: D102


SENT = (b"hi", b"", b"three words long", b"bye")
"""The messages with which decoders are tried; one of them is empty."""


@dataclass(frozen=True)
class Cuts:
    """What a decoder made of a stream that was cut at every place in turn.

    stream: the bytes.   expected: the messages in them.
    found: for each way of cutting, its name and what the decoder gave: messages, or the error that it raised.
    """

    stream: bytes
    expected: tuple[bytes, ...]
    found: tuple[tuple[str, list[bytes] | Exception], ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        """The ways of cutting for which something else came out."""
        return tuple(name for name, given in self.found if given != list(self.expected))

    def __str__(self) -> str:
        lines = [f"{len(self.found)} ways to cut {len(self.stream)} bytes: {len(self.wrong)} go wrong"]
        well = [name.removeprefix("cut at ") for name, _ in self.found if name not in self.wrong]
        places = f"{', '.join(well[:10])}{' ...' if len(well) > 10 else ''}"
        lines.append(f"  go well: cut at       {places or 'nowhere'}")
        lines.append(f"  the stream            {self.stream!r}")
        lines.append(f"  expected              {list(self.expected)}")
        for name, given in self.found:
            if given != list(self.expected):
                lines.append(f"  {name:20}  {_told(given)}")
            if len(lines) == 8:
                more = len(self.wrong) - 4
                lines += [f"  and {more} more"] * (more > 0)
                break
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Cuts({len(self.found)} ways, {len(self.wrong)} go wrong)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.picture().svg() + html_of(str(self))}

    def picture(self) -> show.Picture:
        """The stream, and for every place whether a cut there goes well."""
        frames = LengthPrefixed(1000, size=PREFIX)
        starts = cut_into([len(frames.encode(message)) for message in self.expected])
        stream = [
            piece
            for (a, b), message in zip(starts, self.expected, strict=True)
            for piece in (
                Piece(a, a + PREFIX, str(len(message)), "length"),
                *([Piece(a + PREFIX, b, message.decode("latin-1"), "text")] if message else []),
            )
        ]
        wrong = set(self.wrong)
        cuts = []
        for at in range(1, len(self.stream)):
            bad = f"cut at {at}" in wrong
            cuts.append(Piece(at - 0.42, at + 0.42, "×" if bad else "", "goes wrong" if bad else "goes well"))
        scale = linear(0, len(self.stream), lambda n: f"{n:.4g}", "bytes of the stream", 10)
        kinds = ("goes well", "length", "text", "", "goes wrong")
        words = f"{len(self.found) - len(wrong)} of {len(self.found)} ways go well"
        for name, _ in self.found[-2:]:
            words += f"; {name}: {'wrong' if name in wrong else 'well'}"
        lanes = {"the stream": stream, "one cut here": cuts}
        return show.lanes(lanes, scale, title="A decoder, fed every cut", kinds=kinds, subtitle=[words])


def _told(given: list[bytes] | Exception) -> str:
    text = f"{type(given).__name__}: {given}" if isinstance(given, Exception) else str(given)
    return text if len(text) <= 80 else text[:77] + "..."


def fed(decoder: Callable[[], Decoder], chunks: Sequence[bytes]) -> list[bytes] | Exception:
    """What a new decoder makes of these chunks: all messages, or the error that it raises."""
    found: list[bytes] = []
    try:
        one = decoder()
        for chunk in chunks:
            given = one.feed(chunk)
            if not isinstance(given, list | tuple):
                raise TypeError(f"feed answers with a list of messages, [] for none; it gave {given!r:.40}")
            found += given
    except Exception as error:  # it is the reader's own code: whatever it raises is told
        return error
    return found


def every_cut(decoder: Callable[[], Decoder], messages: Sequence[bytes] = SENT) -> Cuts:
    """Feed a decoder the same stream, cut in two at every place; then byte by byte, and in one piece.

    decoder: makes a new decoder each time, as a class does.  It is given chunks by `feed(chunk)`, and answers
    with the messages that they complete.  Each message has its length before it, in two bytes, the most
    significant first.
    """
    if not callable(decoder):
        raise TypeError(
            f"every_cut makes a new decoder each time: give it the class itself, not {decoder!r:.60}"
        )
    frames = LengthPrefixed(1000, size=PREFIX)
    stream = b"".join(map(frames.encode, messages))
    ways = [(f"cut at {at}", [stream[:at], stream[at:]]) for at in range(1, len(stream))]
    ways.append(("byte by byte", [stream[at : at + 1] for at in range(len(stream))]))
    ways.append(("in one piece", [stream]))
    return Cuts(stream, tuple(messages), tuple((name, fed(decoder, chunks)) for name, chunks in ways))


class OneReadOneMessage:
    """Takes each read for a message: it drops the length, and believes that the rest is there."""

    def feed(self, chunk: bytes) -> list[bytes]:  # noqa: D102
        return [chunk[PREFIX:]]


class FirstOnly:
    """Finds a message, and forgets what comes behind it in the same read."""

    def __init__(self) -> None:
        self.kept = b""

    def feed(self, chunk: bytes) -> list[bytes]:  # noqa: D102
        self.kept += chunk
        if len(self.kept) < PREFIX:
            return []
        length = int.from_bytes(self.kept[:PREFIX], "big")
        if len(self.kept) < PREFIX + length:
            return []
        message, self.kept = self.kept[PREFIX : PREFIX + length], b""
        return [message]


class NeverKeeps:
    """Reads all messages of a read, and forgets the part of one at its end."""

    def feed(self, chunk: bytes) -> list[bytes]:  # noqa: D102
        found, at = [], 0
        while at + PREFIX <= len(chunk):
            length = int.from_bytes(chunk[at : at + PREFIX], "big")
            if at + PREFIX + length > len(chunk):
                break
            found.append(chunk[at + PREFIX : at + PREFIX + length])
            at += PREFIX + length
        return found


def ours() -> Decoder:
    """The decoder of this course."""
    return LengthPrefixed(1000, size=PREFIX)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "one read, one message": OneReadOneMessage,
    "only the first": FirstOnly,
    "keeps no rest": NeverKeeps,
    "ours": ours,
}


def cutting(decoder: str = "keeps no rest", at: int = 10) -> Outcome:
    """A decoder is fed a stream in two pieces.   decoder: one of DECODERS.   at: where the stream is cut."""
    one_of("decoder", decoder, DECODERS)
    cuts = every_cut(DECODERS[decoder])
    at = whole("at", at, 1, len(cuts.stream) - 1)
    first, second = cuts.stream[:at], cuts.stream[at:]
    given = fed(DECODERS[decoder], [first, second])
    right = "the same as were sent" if given == list(SENT) else "NOT what was sent"
    words = f"First {first!r}, then {second!r}.\nMessages: {_told(given)}: {right}."
    return Outcome(words, (cuts,))


def cutting_lab() -> Lab:
    """`cutting`, with controls."""
    size = len(every_cut(ours).stream)
    return Lab(
        "Cut anywhere", cutting,
        decoder=choice("decoder", list(DECODERS), "keeps no rest"),
        at=slider("cut at byte", 10, 1, size - 1),
    )  # fmt: skip

"""TLS inside a TCP connection: its messages, each with the places that its bytes came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from handshake.flows.observe import Observed
from handshake.peel import Dissection
from handshake.tcp import SYN, seq
from handshake.tls.names import VERSIONS
from handshake.tls.watcher import Find, Heard, Watcher
from handshake.trace import Detail, Message, Secret, Source


class Chunk(NamedTuple):
    """Bytes of one direction, in order.   offset: in its stream.   transit, at: and where they travelled."""

    sender: str
    offset: int
    data: bytes
    transit: int
    at: int


@dataclass(frozen=True)
class Secure:
    """What a connection carried.

    messages: of TLS, in order; none if it is no TLS.   secrets: found or derived.   notes: what does not fit.
    """

    messages: tuple[Message, ...] = ()
    secrets: tuple[Secret, ...] = ()
    notes: tuple[str, ...] = ()


def secure(
    observed: Observed,
    find: Find = lambda random: {},
    rsa_keys: Sequence[Any] = (),
    sessions: dict[bytes, bytes] | None = None,
) -> Secure:
    """The TLS of one connection; see `tls.watcher.Watcher` for the arguments."""
    connection = observed.connection
    if connection.protocol != "TCP":
        return Secure()
    watcher = Watcher(find, rsa_keys, sessions)
    places: dict[str, list[Chunk]] = {"client": [], "server": []}
    messages: list[Message] = []
    decided = False
    for chunk in in_order(observed):
        if not decided:
            if not is_tls(chunk.data):
                return Secure()
            decided = True
        places[chunk.sender].append(chunk)
        for heard in watcher.feed(chunk.sender, chunk.data):
            sources = tuple(
                source for part in heard.parts for source in _sources(places[heard.sender], *part)
            )
            messages.append(_message(len(messages) + 1, heard, sources, connection.number))
    secrets = tuple(replace(secret, connection=connection.number) for secret in watcher.secrets)
    return Secure(tuple(messages), secrets, tuple(watcher.notes))


def is_tls(data: bytes) -> bool:
    """Whether a stream that begins like that is TLS: its first record is one of a handshake (or an alert)."""
    if not data or data[0] not in (21, 22):
        return False
    return len(data) < 3 or int.from_bytes(data[1:3], "big") in VERSIONS


def in_order(observed: Observed) -> Iterator[Chunk]:
    """The data of both directions, each in the order of its stream, as soon as nothing is missing before.

    Where the same bytes came twice, the first are kept; what its receiver dropped does not count.
    """
    ends = {"client": _End(), "server": _End()}
    sources = {each.sources[0].transit: each.sources[0] for each in observed.messages if each.sources}
    for one in observed.seen:
        transit, segment = one.transit, one.segment
        end = ends[transit.sender]
        first = seq.add(segment.seq, bool(segment.flags & SYN))
        if segment.flags & SYN and end.next is None:
            end.next = first
        if not segment.data or transit.fault in ("forged", "old") or one.stray:
            continue
        if transit.fault == "altered" and _damaged(transit):
            continue
        if end.next is None:
            end.next = first
        at = sources[transit.number].start + 4 * (segment.data_offset or 5)
        end.waiting.append((first, segment.data, transit.number, at))
        yield from end.ready(transit.sender)


class _End:
    """One direction: the number of the byte that is next, and what waits for those before it."""

    def __init__(self) -> None:
        self.next: int | None = None
        self.offset = 0
        self.waiting: list[tuple[int, bytes, int, int]] = []

    def ready(self, sender: str) -> Iterator[Chunk]:
        """What can be handed on now."""
        moved = True
        while moved and self.next is not None:
            moved = False
            for piece in list(self.waiting):
                number, data, transit, at = piece
                known = seq.distance(number, self.next)  # so many of its bytes were handed on before
                if known < 0:
                    continue
                self.waiting.remove(piece)
                if known < len(data):
                    yield Chunk(sender, self.offset, data[known:], transit, at + known)
                    self.offset += len(data) - known
                    self.next = seq.add(self.next, len(data) - known)
                    moved = True


def _damaged(transit: Any) -> bool:
    return Dissection(transit.frame, transit.link, transit.length).checksums.get("TCP") == "bad"


def _sources(chunks: Sequence[Chunk], start: int, end: int) -> Iterator[Source]:
    """Where the bytes from `start` to `end` of a stream travelled."""
    for chunk in chunks:
        low, high = max(start, chunk.offset), min(end, chunk.offset + len(chunk.data))
        if low < high:
            at = chunk.at - chunk.offset
            yield Source(chunk.transit, at + low, at + high)


def _message(number: int, heard: Heard, sources: tuple[Source, ...], connection: int) -> Message:
    return Message(
        number,
        "TLS",
        heard.name,
        heard.data,
        sources,
        connection,
        heard.sender,
        tuple(Detail(label, value) for label, value in heard.details),
        (),
        heard.notes,
        heard.plaintext,
        heard.secret,
        heard.form,
    )

"""TLS inside a TCP connection: its messages, each with the places that its bytes came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import islice
from typing import Any, NamedTuple

from handshake.flows.observe import Observed
from handshake.peel import Dissection
from handshake.tcp import SYN, seq
from handshake.tls.heard import Find, Heard
from handshake.tls.names import VERSIONS
from handshake.tls.watcher import Watcher
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
        at = sources[transit.number].start + 4 * (segment.data_offset or 5)
        end.add(first, segment.data, transit.number, at)
        yield from end.ready(transit.sender)


class _End:
    """One direction: the number of the byte that is next, and what waits for those before it."""

    def __init__(self) -> None:
        self.next: int | None = None
        self.offset = 0
        self._waiting: list[tuple[int, int, int, bytes]] = []  # offset, transit, place in it, bytes; a heap

    def add(self, number: int, data: bytes, transit: int, at: int) -> None:
        """Bytes came that begin with that number.  Numbers wrap; offsets in the stream do not."""
        if self.next is None:
            self.next = number
        heappush(self._waiting, (self.offset + seq.distance(self.next, number), transit, at, data))

    def ready(self, sender: str) -> Iterator[Chunk]:
        """What can be handed on now."""
        while self.next is not None and self._waiting and self._waiting[0][0] <= self.offset:
            offset, transit, at, data = heappop(self._waiting)
            known = self.offset - offset  # so many of its bytes were handed on before
            if known < len(data):
                yield Chunk(sender, self.offset, data[known:], transit, at + known)
                self.offset += len(data) - known
                self.next = seq.add(self.next, len(data) - known)


def _damaged(transit: Any) -> bool:
    return Dissection(transit.frame, transit.link, transit.length).checksums.get("TCP") == "bad"


def _sources(chunks: Sequence[Chunk], start: int, end: int) -> Iterator[Source]:
    """Where the bytes from `start` to `end` of a stream travelled."""
    first = bisect_right(chunks, start, key=lambda chunk: chunk.offset) - 1
    for chunk in islice(chunks, max(0, first), None):
        if chunk.offset >= end:
            break
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

"""A frame down to its core: each layer, the bytes that are its own, and the bytes that it carries.

    Ethernet [ IP [ TCP [ TLS [ HTTP ]]]]

What TLS has encrypted can be looked into with the key.  The ciphers used today leave each byte in its place,
so that the frame can be shown with the text where the ciphertext was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from handshake.errors import DecodeError, count_bytes
from handshake.net.udp import UDP
from handshake.peel.dissection import Dissection
from handshake.peel.http import HTTP
from handshake.tcp.segment import Segment
from handshake.tls.names import CONTENT_TYPES, VERSIONS
from handshake.tls.records import HEADER, HEADER_LENGTH, Record
from handshake.wire import Reader, Span

APPLICATION_DATA = 23


@dataclass(frozen=True)
class ApplicationData:
    """What the programs say to each other, where it is no protocol that we read."""

    data: bytes

    name: ClassVar[str] = "data"
    osi: ClassVar[str] = "7 application"
    internet: ClassVar[str] = "application"
    read_by: ClassVar[str] = "the program at each end"

    def __str__(self) -> str:
        return count_bytes(len(self.data))


class Opened(NamedTuple):
    """What a sealed record holds.

    before: how many bytes of the fragment come before the text.   text: what was sealed.
    """

    before: int
    text: bytes


class Skin(NamedTuple):
    """One layer of a frame.

    layer: the record that was read (Ethernet, IPv4, Segment, Record, HTTP ...).
    own: the bytes that this layer adds, as [start, end) places in the frame.   inside: those that it carries.
    words: the layer in a few words.   sealed: whether nobody without the key can read what is inside.
    """

    layer: Any
    own: tuple[tuple[int, int], ...]
    inside: tuple[int, int]
    words: str
    sealed: bool = False

    @property
    def name(self) -> str:
        """ "TCP"."""
        return str(self.layer.name)

    @property
    def adds(self) -> int:
        """How many bytes are its own."""
        return sum(end - start for start, end in self.own)


@dataclass(frozen=True)
class Onion:
    """A frame, and its layers from the outside to the core.

    frame: as it travelled.   clear: the same, with what was encrypted in the clear, where a key was given.
    spans: every field, over `clear`; they cover each byte once.
    """

    frame: bytes
    clear: bytes
    skins: tuple[Skin, ...]
    spans: tuple[Span, ...]

    @property
    def carried(self) -> int:
        """How many bytes are inside the innermost layer, and read by none of these."""
        inner = [skin for skin in self.skins if skin.name != "padding"][-1]
        start, end = inner.inside
        return end - start - sum(b - a for a, b in inner.own if start <= a and b <= end)

    def __getitem__(self, name: str) -> Skin:
        """The layer of that name."""
        for skin in self.skins:
            if skin.name == name:
                return skin
        raise KeyError(f"no layer {name!r}: there are {', '.join(skin.name for skin in self.skins)}")

    def fields(self, name: str) -> tuple[Span, ...]:
        """The fields that are a layer's own, without those of what it carries."""
        return tuple(
            span for span in self.spans if any(a <= span.start and span.end <= b for a, b in self[name].own)
        )

    def header(self, name: str) -> tuple[bytes, tuple[Span, ...]]:
        """The header of a layer, and the fields in it, counted from its first byte."""
        start, end = self[name].own[0]
        fields = tuple(span.shifted(-start) for span in self.spans if start <= span.start and span.end <= end)
        return self.clear[start:end], fields

    def __str__(self) -> str:
        """A table, from the core outwards, as the sender puts it on."""
        lines = [f"{'layer':9} {'OSI':15} {'Internet':12} {'adds':>9} {'so far':>7}  read by"]
        total = self.carried
        if total:
            lines.append(f"{'(carried)':9} {'':15} {'':12} {count_bytes(total):>9} {total:7}")
        for skin in reversed(self.skins):
            total += skin.adds
            layer = skin.layer
            lines.append(
                f"{skin.name:9} {layer.osi:15} {layer.internet:12} {count_bytes(skin.adds):>9} {total:7}  "
                f"{layer.read_by}".rstrip()
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Onion({len(self.frame)} bytes: {' > '.join(skin.name for skin in self.skins)})"


def onion(frame: bytes, link: str = "ethernet", opens: Callable[[Record], Opened] | None = None) -> Onion:
    """Peel a frame down to its core.   opens: opens a sealed record, with a key; ProtocolError if it cannot.

    DecodeError if the frame cannot be read.  Of data that are no TLS and no HTTP, one payload is made.
    """
    dissection = Dissection(frame, link)
    if dissection.error:
        raise dissection.error
    spans = list(dissection.spans)
    skins = _headers(dissection, spans)
    transport = dissection.transport
    if transport is None or not transport.data:
        return Onion(frame, frame, tuple(skins), tuple(spans))
    place = next(n for n, skin in enumerate(skins) if skin.layer is transport)
    behind = skins[place + 1 :]  # the padding of the frame, if there is any
    del skins[place + 1 :]
    at = next(n for n, span in enumerate(spans) if _is_data(span))
    start, end = spans[at].start, spans[at].end
    skins[-1] = skins[-1]._replace(inside=(start, end))
    clear = frame
    after = spans[at + 1 :]
    del spans[at:]
    if isinstance(transport, Segment) and (records := _records(transport.data)):
        skin, fields, text = _tls(records, transport.data, opens)
        own = tuple((start + a, start + b) for a, b in skin.own)
        skins.append(skin._replace(own=own, inside=(start + skin.inside[0], start + skin.inside[1])))
        spans += [span.shifted(start) for span in fields]
        if text:  # (an empty record is legal, and holds no bytes to be named)
            first, last = skins[-1].inside
            clear = frame[:first] + text + frame[last:]
            core, parts = _core(text)
            spans += [span.shifted(first) for span in parts]
            skins.append(Skin(core, ((first, last),), (last, last), str(core)))
    else:
        core, parts = _core(transport.data)
        spans += [span.shifted(start) for span in parts]
        skins.append(Skin(core, ((start, end),), (end, end), str(core)))
    spans = sorted([*spans, *after], key=lambda span: (span.start, span.bit))
    return Onion(frame, clear, (*skins, *behind), tuple(spans))


def _headers(dissection: Dissection, spans: list[Span]) -> list[Skin]:
    """The layers up to the transport: each of them begins where the one outside it ends."""
    skins: list[Skin] = []
    end = spans[-1].end if spans else 0
    at = 0
    for layer in dissection.layers:
        begins = at
        first = spans[at].start if at < len(spans) else end
        while at < len(spans) and spans[at].path[0] == spans[begins].path[0] and not _is_data(spans[at]):
            if at > begins and spans[at].name == spans[begins].name:
                break  # another header of the same kind: a second VLAN tag, say
            at += 1
        last = spans[at].start if at < len(spans) else end
        carried = _carried_until(layer, dissection, end)
        skins.append(Skin(layer, ((first, last),), (last, max(last, carried)), _words(layer)))
        if isinstance(layer, Segment | UDP) and layer.data:
            at += 1
    return skins


def _is_data(span: Span) -> bool:
    """Whether that is what a segment or a datagram carries."""
    return span.path in (("TCP",), ("UDP",)) and span.name == "data"


def _carried_until(layer: Any, dissection: Dissection, end: int) -> int:
    """Where what a layer carries ends: the padding of a frame belongs to nobody but the link."""
    if layer.osi.startswith("2") or dissection.network is None:
        return end
    return min(end, dissection.wire_end)


def _words(layer: Any) -> str:
    if isinstance(layer, Segment):
        return f"port {layer.source_port} to {layer.destination_port}, {layer.flags}"
    if isinstance(layer, UDP):
        return f"port {layer.source_port} to {layer.destination_port}"
    if hasattr(layer, "destination"):
        return f"{layer.source} to {layer.destination}"
    return str(layer.name)


def _records(data: bytes) -> list[tuple[int, int]]:
    """Where each record of these bytes begins and ends; none if they do not begin with one."""
    found, at = [], 0
    while at + HEADER_LENGTH <= len(data):
        kind, version = data[at], int.from_bytes(data[at + 1 : at + 3], "big")
        if kind not in CONTENT_TYPES or version not in VERSIONS:
            break
        end = at + HEADER_LENGTH + int.from_bytes(data[at + 3 : at + 5], "big")
        found.append((at, min(end, len(data))))
        at = end
    return found


def _tls(
    records: list[tuple[int, int]], data: bytes, opens: Callable[[Record], Opened] | None
) -> tuple[Skin, list[Span], bytes | None]:
    """The TLS layer of a segment's data, its fields, and what it protected if that could be opened.

    Only a segment with one whole record of application data can be opened: then the text is in one piece.
    """
    spans: list[Span] = []
    for start, end in records:
        reader = Reader(data, start)
        try:
            record = Record.read(reader)
        except DecodeError:  # the segment ends inside it
            record = None
        spans += reader.spans
        if spans[-1].end < end:
            spans.append(_part("part of a fragment", spans[-1].end, end, "the rest is in another segment"))
    sealed = any(data[start] == APPLICATION_DATA for start, _ in records)
    first, last = records[0][0], records[-1][1]
    if last < len(data):  # the beginning of a record header
        spans.append(_part("part of a record", last, len(data), "the rest is in another segment"))
    own = tuple((start, start + HEADER_LENGTH) for start, _ in records)
    if len(records) == 1 and record is not None and opens is not None and sealed and last == len(data):
        before, text = opens(record)
        at = first + HEADER_LENGTH + before
        del spans[-1]
        if before:
            spans.append(_part("nonce", first + HEADER_LENGTH, at, "the part of it that travels"))
        spans.append(_part("tag", at + len(text), last, "proves that nothing was changed"))
        own = ((first, at), (at + len(text), last))
        return Skin(record, own, (at, at + len(text)), str(record), True), spans, text
    head = HEADER.unpack(data, first)  # of a record that goes on in another segment there is a part only
    layer = Record(head[0], head[1], data[first + HEADER_LENGTH : records[0][1]], head[2])
    words = f"{len(records)} records" if len(records) > 1 else str(layer)
    return Skin(layer, own, (first + HEADER_LENGTH, len(data)), words, sealed), spans, None


def _part(name: str, start: int, end: int, meaning: str = "") -> Span:
    return Span(("TLS record",), name, start, end, 0, 8 * (end - start), meaning, raw=True)


def _core(data: bytes) -> tuple[Any, tuple[Span, ...]]:
    """What the programs say to each other: HTTP, or bytes that we do not read."""
    try:
        message = HTTP.decode(data)
    except DecodeError:
        meaning = "what the programs say to each other"
        return ApplicationData(data), (
            Span(("data",), "data", 0, len(data), 0, 8 * len(data), meaning, raw=True),
        )
    return message, message.spans

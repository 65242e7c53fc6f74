"""A frame, link layer to transport layer, read as far as it can be read."""

from __future__ import annotations

from typing import Any

from handshake.errors import DecodeError
from handshake.net.ipv4 import MORE_FRAGMENTS, IPv4, protocol_words
from handshake.net.ipv6 import EXTENSIONS, Extension, IPv6
from handshake.net.link import (
    IPV4,
    IPV6,
    VLAN,
    VLAN_TAGS,
    Ethernet,
    LinuxCooked,
    LinuxCooked2,
    Loopback,
    ethertype_words,
)
from handshake.net.payload import Padding, Payload
from handshake.net.udp import UDP
from handshake.tcp.segment import Segment
from handshake.tls.forms import read_form
from handshake.wire import Reader, Span, internet_checksum

LINKS: dict[str, Any] = {
    "ethernet": Ethernet,
    "linux-sll": LinuxCooked,
    "linux-sll2": LinuxCooked2,
    "loopback": Loopback,
    "raw": None,
}
"""What a frame may start with: the name of the link, and the layer that reads its header."""

NOT_FILLED_IN = "not filled in: the network card was to do it after the capture saw it"
"""What a capture on the sending machine shows of a checksum that is left to the card (offload)."""

TRANSPORTS: dict[int, Any] = {Segment.number: Segment, UDP.number: UDP}


class Dissection:
    """A frame taken apart.

    layers: what could be read, outermost first.
    network, transport: the IP layer (the outermost) and the TCP or UDP layer among them, or None;
    network_at, transport_at: where they start in the frame.
    error: why it could not be read any further, or None.
    """

    network: IPv4 | IPv6 | None = None
    transport: Segment | UDP | None = None
    network_at: int = 0
    transport_at: int = 0
    error: DecodeError | None = None

    def __init__(self, frame: bytes, link: str = "ethernet", length: int | None = None) -> None:
        self.frame = frame
        self.length = length or len(frame)
        self.layers: list[Any] = []
        self._reader = Reader(frame)
        if self.length > len(frame):
            self._reader.cut = True
        try:
            self._read(self._reader, link)
        except DecodeError as error:
            self.error = error

    def _read(self, reader: Reader, link: str) -> None:
        layers = self.layers
        outermost = LINKS.get(link)
        if outermost:
            layer = outermost.read(reader)
            layers.append(layer)
            kind = layer.type
            while kind in VLAN_TAGS:
                layers.append(VLAN.read(reader))
                kind = layers[-1].type
        elif link == "raw":
            kind = _raw_kind(reader)
        else:
            raise DecodeError("link type", 0, f"one of {', '.join(LINKS)}", repr(link))

        self.network_at = reader.pos
        if kind == IPV4:
            self.network = network = IPv4.read(reader)
            layers.append(network)
            protocol, is_fragment = (
                network.protocol,
                network.fragment_offset or network.flags & MORE_FRAGMENTS,
            )
        elif kind == IPV6:
            self.network = IPv6.read(reader)
            layers.append(self.network)
            protocol, is_fragment = self.network.next_header, False
            while protocol in EXTENSIONS and not is_fragment:
                extension = Extension.read(reader, protocol)
                layers.append(extension)
                protocol, is_fragment = extension.next_header, extension.is_fragment
        else:
            layers.append(Payload.read(reader, ethertype_words(kind)))
            protocol, is_fragment = None, False

        if protocol is None:
            pass  # nothing above the link layer that we could read
        elif is_fragment:
            layers.append(Payload.read(reader, "a fragment of an IP packet"))
        elif protocol in TRANSPORTS:
            self.transport_at = reader.pos
            self.transport = transport = TRANSPORTS[protocol].read(reader)
            layers.append(transport)
        else:
            layers.append(Payload.read(reader, protocol_words(protocol)))

        reader.end = len(reader.data)
        if reader.pos < reader.end:
            layers.append(Padding.read(reader))

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every field of the frame; together they cover each byte once.

        Bytes that could not be read are one field, named for what went wrong.
        """
        spans = self._reader.spans
        done, end = spans[-1].end if spans else 0, len(self.frame)
        if done == end:
            return spans
        why = str(self.error) if self.error else ""
        return (*spans, Span(("unread",), "unread bytes", done, end, 0, 8 * (end - done), why, raw=True))

    @property
    def length_missing(self) -> bool:
        """Whether the IP header left its length to the network card (offload)."""
        network = self.network
        if isinstance(network, IPv4):
            return network.total_length == 0
        return network is not None and network.payload_length == 0

    @property
    def wire_end(self) -> int:
        """Where the IP packet ends by its own length: beyond the frame, if the capture cut it."""
        network = self.network
        if isinstance(network, IPv4) and network.total_length:
            return self.network_at + network.total_length
        if isinstance(network, IPv6) and network.payload_length:
            return self.network_at + 40 + network.payload_length
        return self.length  # offload: the length was to be filled in by the network card

    @property
    def data_length(self) -> int:
        """How many bytes of data the segment or datagram carried, whether or not the capture kept them."""
        transport = self.transport
        if isinstance(transport, Segment):
            return max(0, self.wire_end - self.transport_at - 4 * (transport.data_offset or 5))
        if isinstance(transport, UDP):
            return max(0, (transport.length or self.wire_end - self.transport_at) - 8)
        return 0

    @property
    def checksums(self) -> dict[str, str]:
        """Of each layer that has a checksum: "good", "bad", or why it cannot be told."""
        found: dict[str, str] = {}
        network, transport, frame = self.network, self.transport, self.frame
        start = self.network_at
        if isinstance(network, IPv4):
            header = frame[start : start + 4 * (network.header_length or 5)]
            good = not internet_checksum(header)
            found["IPv4"] = "good" if good else "bad" if network.checksum else NOT_FILLED_IN
            addresses = frame[start + 12 : start + 20]
        else:
            addresses = frame[start + 8 : start + 40]
        if transport:
            found[transport.name] = self._transport_checksum(transport, int.from_bytes(addresses, "big"))
        return found

    def _transport_checksum(self, transport: Segment | UDP, addresses: int) -> str:
        end = self.wire_end
        if isinstance(transport, UDP):
            if transport.checksum == 0:
                return "none was made"
            end = min(end, self.transport_at + (transport.length or end))
        if end > len(self.frame):
            return "cannot be told: the capture cut the packet"
        part = self.frame[self.transport_at : end]
        # The pseudo-header, as one number to be added: the addresses, the protocol and the length.
        pseudo = addresses + transport.number + len(part)
        if not internet_checksum(part, pseudo):
            return "good"
        if any(isinstance(layer, Extension) and layer.kind == 43 and layer.body[1] for layer in self.layers):
            return "cannot be told: a routing header hides the last address, which the checksum covers"
        # A card that makes checksums is handed the sum over the pseudo-header alone, not complemented.
        if transport.checksum in (0, 0xFFFF - internet_checksum(b"", pseudo)):
            return NOT_FILLED_IN
        return "bad"


def _raw_kind(reader: Reader) -> int:
    """A raw capture starts with an IP header; its version says which."""
    if not reader.remaining:
        raise DecodeError("version", 0, "an IP header", "the end of the data")
    version = reader.data[0] >> 4
    if version not in (4, 6):
        raise DecodeError("version", 0, "4 or 6", str(version))
    return IPV4 if version == 4 else IPV6


def dissect(frame: bytes, link: str = "ethernet", length: int | None = None) -> Dissection:
    """Take a frame apart as far as it can be read.   length: how many bytes travelled, if more than these."""
    return Dissection(frame, link, length)


def peel(frame: bytes, link: str = "ethernet") -> tuple[Any, ...]:
    """The layers of a frame, outermost first.  DecodeError, with field and offset, if it cannot be read."""
    dissection = Dissection(frame, link)
    if dissection.error:
        raise dissection.error
    return tuple(dissection.layers)


def message_spans(layer: str, data: bytes, form: str = "") -> tuple[Span, ...]:
    """Every field of one message of that layer ("TCP", "UDP", "TLS").   form: see `trace.Message`."""
    if layer in ("TLS", "article"):
        return read_form(form, data)
    readers: dict[str, Any] = {"TCP": Segment.read, "UDP": UDP.read}
    if layer not in readers:
        raise ValueError(f"no decoder for messages of the layer {layer!r}; there are {', '.join(readers)}")
    reader = Reader(data)
    reader.cut = True  # of a captured message there may be the first bytes only
    readers[layer](reader)
    return reader.spans

"""The layers under TCP: Ethernet (and what captures put in its place), IPv4, IPv6; and UDP beside it.

Each layer is a frozen record with `read` (take the header off the front of a Reader) and `encode` side by
side, drawn from one Layout.  A frame is a list of layers, outermost first; `encode` puts it together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handshake.net.ipv4 import IPv4
from handshake.net.ipv6 import Extension, IPv6
from handshake.net.link import VLAN, Ethernet, LinuxCooked, LinuxCooked2, Loopback
from handshake.net.payload import Padding, Payload
from handshake.net.udp import UDP
from handshake.wire import made

__all__ = [
    "UDP",
    "VLAN",
    "Ethernet",
    "Extension",
    "IPv4",
    "IPv6",
    "LinuxCooked",
    "LinuxCooked2",
    "Loopback",
    "Padding",
    "Payload",
    "encode",
]


def encode(layers: Sequence[Any]) -> bytes:
    """The bytes of a frame, from its layers, outermost first: Ethernet, IPv4, Segment.

    Lengths, checksums and the names of inner protocols that are None are worked out; TCP and UDP take the
    addresses for their checksum from the IP layer around them.
    """
    body = b""
    padding = b""
    for index in range(len(layers) - 1, -1, -1):
        layer = _naming(layers[index], layers[index + 1 :])
        if isinstance(layer, Padding):
            padding = layer.data
        elif isinstance(layer, Payload):
            body = layer.data
        elif hasattr(layer, "source_port"):
            body = layer.encode(*_addresses(layers[:index]))
        else:
            body = layer.encode(body)
    return body + padding


def _naming(layer: Any, inner: Sequence[Any]) -> Any:
    """The layer, with the name of what it carries where that was left open."""
    field = getattr(layer, "names_next", "")
    if not field or getattr(layer, field) is not None or not inner:
        return layer
    number: int | None
    if isinstance(inner[0], Extension):
        number = inner[0].kind
    else:
        number = getattr(inner[0], "ethertype" if field == "type" else "number", None)
    return layer if number is None else made(type(layer), {**vars(layer), field: number})


def _addresses(outer: Sequence[Any]) -> tuple[str, str]:
    for layer in reversed(outer):
        if isinstance(layer, (IPv4, IPv6)):
            return layer.source, layer.destination
    raise ValueError("TCP and UDP need an IP layer around them: their checksum covers its addresses")

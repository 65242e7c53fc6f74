"""What ICMP says of calls that do not get through: nobody there, no way to it, not allowed."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from typing import NamedTuple

from handshake.net import IPv4, IPv6
from handshake.peel import Dissection
from handshake.tcp import Segment
from handshake.trace import Address, Trace

PORT = "port unreachable"

UNREACHABLE = {
    IPv4: {
        3: {
            0: "network unreachable", 1: "host unreachable", 3: PORT, 6: "network unknown", 7: "host unknown",
            9: "network prohibited", 10: "host prohibited", 13: "communication prohibited",
        },
    },
    IPv6: {1: {0: "no route", 1: "communication prohibited", 3: "address unreachable", 4: PORT}},
}  # fmt: skip
"""By the kind of network, type and code (RFC 792, RFC 1122 section 3.2.2.1; RFC 4443 section 3.1)."""

NUMBERS = {IPv4: 1, IPv6: 58}
"""ICMP's number as a protocol."""


class Unreachable(NamedTuple):
    """A message of ICMP about a call.   number: of its transit.   sender: whose it is.   says: in words."""

    number: int
    sender: str
    says: str


def unreachable(trace: Trace, owned: Collection[int]) -> dict[tuple[Address, Address], Unreachable]:
    """The first such message for each (from, to) that it is about.

    owned: numbers of the transits that belong to connections, which are not looked at.
    """
    found: dict[tuple[Address, Address], Unreachable] = {}
    for place in range(len(trace.transits)):
        if place + 1 in owned:
            continue
        transit = trace.transits[place]
        read = Dissection(transit.frame, transit.link, transit.length)
        network = read.network
        if network is None or _protocol(network) != NUMBERS[type(network)] or not read.layers:
            continue
        data: bytes = getattr(read.layers[-1], "data", b"")
        says = UNREACHABLE[type(network)].get(data[0], {}).get(data[1]) if len(data) > 8 else None
        about = _about(data[8:]) if says else None
        if says and about:
            found.setdefault(about, Unreachable(transit.number, network.source, says))
    return found


def _protocol(network: IPv4 | IPv6) -> int:
    return (network.protocol if isinstance(network, IPv4) else network.next_header) or 0


def _about(quoted: bytes) -> tuple[Address, Address] | None:
    """Who had called whom: from the beginning of the packet that ICMP sends back."""
    version = quoted[0] >> 4 if quoted else 0
    if version == 4 and len(quoted) >= 20:
        header, protocol, at, size = 4 * (quoted[0] & 15), quoted[9], 12, 4
    elif version == 6 and len(quoted) >= 40:
        header, protocol, at, size = 40, quoted[6], 8, 16
    else:
        return None
    ports = quoted[header : header + 4]
    if protocol != Segment.number or len(ports) < 4:
        return None
    source, target = (str(ip_address(quoted[n : n + size])) for n in (at, at + size))
    return (source, int.from_bytes(ports[:2], "big")), (target, int.from_bytes(ports[2:], "big"))

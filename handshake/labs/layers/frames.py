"""Notebook 01, layers and bytes: the frames that are peeled, made here or recorded.

The addresses are those set aside for documentation, and nothing of this is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import h11

from handshake import capture, net
from handshake.entropy import Entropy
from handshake.labs.lab import one_of
from handshake.net import UDP, Ethernet, IPv4, IPv6
from handshake.peel import Onion, Opened, onion, peel
from handshake.tcp import Segment
from handshake.tcp.options import NO_OPERATION, SACK_PERMITTED, Option, mss, window_scale
from handshake.tcp.options import timestamps as stamped
from handshake.tcp.segment import FLAGS, SYN, flags_named
from handshake.tls.protection import Protection
from handshake.tls.records import Record
from handshake.tls.suites import find
from handshake.wire import Span, replace

HOST = "www.example.org"
NETWORKS = {"IPv4": ("192.0.2.10", "198.51.100.7"), "IPv6": ("2001:db8::10", "2001:db8:1::7")}
"""The addresses of client and server (RFC 5737, RFC 3849)."""

CLIENT_CARD, ROUTER_CARD, FAR_CARD, NEXT_CARD = (f"02:00:00:00:00:{n}" for n in ("0a", "01", "02", "0b"))
"""Ethernet addresses: the client's, those of its router's two cards, and that of the next router."""

PUBLIC = "203.0.113.5"
"""The one address behind which a router with NAT hides a whole house."""

REQUEST, PLAIN, DATAGRAM, OPENING = "HTTPS request", "HTTP, no TLS", "UDP datagram", "a SYN"
KINDS = (REQUEST, PLAIN, DATAGRAM, OPENING)


CLOCK = 1_000_201
"""What the clock of the client's TCP shows."""


@dataclass(frozen=True)
class Made:
    """A frame.   opens: opens what TLS sealed in it, for who has the key."""

    frame: bytes
    opens: Callable[[Record], Opened] | None = None

    @property
    def onion(self) -> Onion:
        """Its layers, down to what the programs say."""
        return onion(self.frame, opens=self.opens)

    @property
    def sealed(self) -> Onion:
        """Its layers, as far as anybody on the way can see them."""
        return onion(self.frame)


def request(target: str = "/", host: str = HOST) -> bytes:
    """A request in HTTP/1.1, as the library h11 writes it."""
    writer = h11.Connection(h11.CLIENT)
    asked = h11.Request(method="GET", target=target, headers=[("Host", host), ("Accept", "*/*")])
    return (writer.send(asked) or b"") + (writer.send(h11.EndOfMessage()) or b"")


def frame(
    kind: str = REQUEST, network: str = "IPv4", target: str = "/", timestamps: bool = True, seed: int = 7
) -> Made:
    """A frame on its way from a client to its router.

    kind: one of KINDS.   network: "IPv4" or "IPv6".   target: what the request asks for.
    timestamps: whether TCP carries that option, as it does nearly everywhere.
    The key that seals the request is drawn from `seed`, as if a handshake had agreed on it.
    """
    one_of("kind", kind, KINDS)
    one_of("network", network, NETWORKS)
    client, server = NETWORKS[network]
    outer = (Ethernet(ROUTER_CARD, CLIENT_CARD), (IPv4 if network == "IPv4" else IPv6)(client, server))
    if kind == DATAGRAM:
        inner = UDP(40001, 40002, b"hello, in one datagram")
        return Made(net.encode([*outer, inner]))
    entropy = Entropy(seed)
    seq, ack = entropy.number("client ISN", 1 << 32), entropy.number("server ISN", 1 << 32)
    stamps = (NO_OPERATION, NO_OPERATION, stamped(CLOCK, 7_000_100))
    segment = Segment(
        40000, 443 if kind == REQUEST else 80, seq, ack, flags_named("PSH, ACK"), 501,
        options=stamps if timestamps else (),
    )  # fmt: skip
    if kind == OPENING:
        syn = replace(segment, ack=0, flags=FLAGS[SYN], window=64240, options=_offers(timestamps))
        return Made(net.encode([*outer, syn]))
    said = request(target)
    if kind == PLAIN:
        return Made(net.encode([*outer, replace(segment, data=said)]))
    key, salt = entropy("client key", 16), entropy("client salt", 4)
    record = protection(key, salt, 1).seal(23, said)
    opens = opener(key, salt, 1)
    return Made(net.encode([*outer, replace(segment, data=record.encode())]), opens)


def _offers(timestamps: bool) -> tuple[Option, ...]:
    """The options of a SYN, as Linux writes them.  Nothing has come yet that a timestamp could echo."""
    clock = stamped(CLOCK, 0) if timestamps else None
    permitted = (
        (Option(SACK_PERMITTED), clock) if clock else (NO_OPERATION, NO_OPERATION, Option(SACK_PERMITTED))
    )
    return (mss(1460), *permitted, NO_OPERATION, window_scale(7))


SUITE = find("TLS_RSA_WITH_AES_128_GCM_SHA256")


def protection(key: bytes, salt: bytes, number: int) -> Protection:
    """AES-GCM of TLS 1.2, from the record of that number on."""
    return Protection(SUITE, "TLS 1.2", b"", key, salt, seq=number)


def opener(key: bytes, salt: bytes, number: int) -> Callable[[Record], Opened]:
    """What opens the record of that number."""
    return lambda record: Opened(SUITE.cipher.explicit, protection(key, salt, number).open(record).fragment)


def recorded() -> Made:
    """A request that a program sent over TLS 1.2, as a capture and its key log have kept it.

    The key log holds the master secret of the connection.  The randoms of both hellos stand in the capture,
    and from the three follow the keys.
    """
    path = capture.sample("t06")
    trace = capture.read(path, keylog=path.with_suffix(".keylog"))
    asked = trace["application data"]
    opened = Opened(SUITE.cipher.explicit, asked.plaintext or b"")
    return Made(trace[asked.sources[0].transit].frame, lambda record: opened)


def hop(frame: bytes, nat: bool = False) -> bytes:
    """The frame as a router sends it on.   nat: whether it puts its own address in the place of the client's.

    New addresses of the link, one hop less to live, and the checksums that follow from it.
    """
    _, packet, *inner = peel(frame)
    link = Ethernet(NEXT_CARD, FAR_CARD)
    if isinstance(packet, IPv6):
        if nat:
            raise ValueError("IPv6 has addresses enough: routers need no NAT there, and we show none")
        return net.encode([link, replace(packet, hop_limit=packet.hop_limit - 1), *inner])
    packet = replace(packet, ttl=packet.ttl - 1)
    if nat:
        packet = replace(packet, source=PUBLIC)
        inner = [replace(inner[0], source_port=62001), *inner[1:]]
    return net.encode([link, packet, *inner])


def changed(before: bytes, after: bytes) -> list[tuple[str, str, str, str]]:
    """The fields in which two frames differ: layer, name, value before and after."""
    one, other = onion(before), onion(after)
    found = []
    for a, b in zip(one.spans, other.spans, strict=True):
        if a.value(before) != b.value(after):
            found.append((a.path[0], a.name, _value(a, before), _value(b, after)))
    return found


def _value(span: Span, data: bytes) -> str:
    value = span.value(data)
    number = (
        value.hex(":") if isinstance(value, bytes) else f"0x{value:04x}" if "checksum" in span.name else value
    )
    return span.text(data) if isinstance(value, bytes) and span.text(data) else str(number)

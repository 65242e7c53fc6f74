"""UDP beside TCP: one keeps the boundaries of what was sent, the other keeps its order and loses nothing."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from handshake.live.loopback import HERE, PATIENCE, until

LARGEST = 1472
"""The most bytes of a datagram that fits into one Ethernet frame."""


@dataclass(frozen=True)
class Boundaries:
    """What one call each received of what was sent with one call each.

    sent: as it was handed over.   udp, tcp: what each call of the receiver gave, the same messages over UDP
    and over TCP.   room: how many bytes each call had room for.
    """

    sent: tuple[bytes, ...]
    udp: tuple[bytes, ...]
    tcp: tuple[bytes, ...]
    room: int

    def __str__(self) -> str:
        rows = (("sent", self.sent), ("read from UDP", self.udp), ("read from TCP", self.tcp))
        lines = []
        for name, pieces in rows:
            calls = f"{len(pieces)} call{'s' * (len(pieces) != 1)}:"
            lines.append(f"{name:14} {calls:8} {' | '.join(map(_short, pieces))}")
        return "\n".join([f"each read has room for {self.room} bytes", *lines])

    def __repr__(self) -> str:
        return f"Boundaries({len(self.sent)} sent, {len(self.udp)} read from UDP, {len(self.tcp)} from TCP)"


def boundaries(messages: Sequence[bytes] = (b"one", b"two", b"three"), room: int = 4096) -> Boundaries:
    """Send each message with one call, over UDP and over TCP, and then read them.

    room: how many bytes a read has room for.  A datagram that is larger is cut, and what did not fit is lost
    (on Windows such a read fails instead); of a stream, the rest is read by the next call.
    OSError where sockets are refused; ask `loopback` first.
    """
    if isinstance(room, bool) or not isinstance(room, int) or room < 1:
        raise ValueError(f"a read has room for 1 byte or more, got {room!r}")
    for message in messages:
        if not isinstance(message, bytes) or len(message) > LARGEST:
            raise ValueError(f"a message is 0 to {LARGEST} bytes here, got {message!r:.60}")
    if not messages or len(messages) > 20:
        raise ValueError(f"1 to 20 messages, got {len(messages)}")
    return Boundaries(tuple(messages), _over_udp(messages, room), _over_tcp(messages, room), room)


def _over_udp(messages: Sequence[bytes], room: int) -> tuple[bytes, ...]:
    kind = socket.AF_INET, socket.SOCK_DGRAM
    with socket.socket(*kind) as receiver, socket.socket(*kind) as sender:
        receiver.bind((HERE, 0))
        receiver.settimeout(PATIENCE)
        for message in messages:
            sender.sendto(message, receiver.getsockname())
        return tuple(receiver.recv(room) for _ in messages)


def _over_tcp(messages: Sequence[bytes], room: int) -> tuple[bytes, ...]:
    """All of it is sent before the first read, so that what a read gives depends on its room alone."""
    pieces = []
    with socket.create_server((HERE, 0)) as listener:
        listener.settimeout(PATIENCE)
        with socket.create_connection(listener.getsockname(), timeout=PATIENCE) as sender:
            receiver, _ = listener.accept()
            with receiver:
                receiver.settimeout(PATIENCE)
                for message in messages:
                    sender.sendall(message)
                sender.shutdown(socket.SHUT_WR)
                left = sum(map(len, messages))
                until(lambda: len(receiver.recv(left + 1, socket.MSG_PEEK)) >= left, "all of it has come")
                while piece := receiver.recv(room):
                    pieces.append(piece)
    return tuple(pieces)


def _short(data: bytes) -> str:
    return repr(data) if len(data) <= 16 else f"{data[:13]!r}... ({len(data)} bytes)"

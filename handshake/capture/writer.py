"""A Trace -> a pcapng file that Wireshark opens (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from handshake.capture import keylog
from handshake.capture.formats import (
    BYTE_ORDER_MAGIC,
    DECRYPTION_SECRETS,
    ENHANCED_PACKET,
    INTERFACE_DESCRIPTION,
    LINK_NUMBERS,
    OPTION_COMMENT,
    OPTION_NAME,
    OPTION_RESOLUTION,
    SECTION_HEADER,
    TLS_KEY_LOG,
)
from handshake.files import whole
from handshake.trace import Trace, Transit


def save(trace: Trace, path: str | Path, *, secrets: bool = True, at: str | None = None) -> Path:
    """Write the trace; see `Trace.save`."""
    if at not in (None, "client", "server"):
        raise ValueError(f"at is 'client', 'server' or None, got {at!r}")
    path = Path(path)
    if not path.parent.exists():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in")
    with whole(path) as beside, beside.open("wb") as file:
        for block in blocks(trace, secrets, at):
            file.write(block)
    return path


def blocks(trace: Trace, secrets: bool, at: str | None) -> Iterator[bytes]:
    """The blocks of the file: a section, the secrets, an interface for every kind of link, the packets."""
    yield _block(SECTION_HEADER, struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1))
    log = keylog.dump(trace.secrets).encode() if secrets else b""
    if log:
        # Before the packets, so that whoever reads the file in order can decrypt them as they come.
        yield _block(DECRYPTION_SECRETS, struct.pack("<II", TLS_KEY_LOG, len(log)) + _padded(log))
    interfaces: dict[str, int] = {}
    for time, transit in sorted(_seen_at(trace, at), key=lambda pair: pair[0]):
        if transit.link not in interfaces:
            interfaces[transit.link] = len(interfaces)
            yield _interface(transit.link, at)
        yield _packet(trace, transit, time, interfaces[transit.link])


def _seen_at(trace: Trace, at: str | None) -> Iterator[tuple[float, Transit]]:
    """Each transit and when it passed the place of the capture; those that never came by are left out."""
    for transit in trace.transits:
        left, landed, _ = trace.flight(transit)
        if at is None:
            yield transit.time, transit
        else:
            time = left if transit.sender == at else landed
            if time is not None:
                yield time, transit


def _interface(link: str, at: str | None) -> bytes:
    if link not in LINK_NUMBERS:
        raise ValueError(f"cannot write frames of {link!r}; known are {', '.join(LINK_NUMBERS)}")
    options = _option(OPTION_NAME, (at or "both ends").encode()) + _option(OPTION_RESOLUTION, b"\x09")
    return _block(INTERFACE_DESCRIPTION, struct.pack("<HHI", LINK_NUMBERS[link], 0, 0) + options + bytes(4))


def _packet(trace: Trace, transit: Transit, time: float, interface: int) -> bytes:
    ticks = trace.epoch + round(time * 1e9)
    if not 0 <= ticks < 1 << 64:
        raise ValueError(f"transit {transit.number}: its time does not fit a file, which counts from 1970 on")
    size = len(transit.frame)
    head = struct.pack("<IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, size, transit.wire_length)
    comment = b""
    if transit.fault:
        words = next((f.text for f in trace.faults if f.transit == transit.number), transit.fault)
        comment = _option(OPTION_COMMENT, words.encode()) + bytes(4)
    return _block(ENHANCED_PACKET, head + _padded(transit.frame) + comment)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)

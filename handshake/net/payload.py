"""Bytes that are not read any further, and bytes that only fill up a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handshake.wire import Reader


@dataclass(frozen=True)
class Payload:
    """What an outer layer carries, left as bytes.   what: why it is not read further ("ARP")."""

    data: bytes = b""
    what: str = ""

    name: ClassVar[str] = "payload"
    osi: ClassVar[str] = ""
    internet: ClassVar[str] = ""
    read_by: ClassVar[str] = ""

    @classmethod
    def read(cls, reader: Reader, what: str = "") -> Payload:
        """All that is left of the enclosing layer."""
        meaning = f"{what}: carried, but not read any further here" if what else "carried, but not read here"
        return cls(reader.rest("data", meaning, path=("payload",)), what)


@dataclass(frozen=True)
class Padding:
    """Bytes behind the last layer: Ethernet frames are filled up to 60 bytes (a few cards add a checksum)."""

    data: bytes

    name: ClassVar[str] = "padding"
    osi: ClassVar[str] = "2 data link"
    internet: ClassVar[str] = "link"
    read_by: ClassVar[str] = "nobody"

    @classmethod
    def read(cls, reader: Reader) -> Padding:
        """All that is left of the frame."""
        meaning = "fills a short frame up; not part of the packet inside"
        return cls(reader.rest("padding", meaning, path=("padding",)))

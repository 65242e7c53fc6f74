"""What an end of a connection knows, and remembers of what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handshake.errors import Refused
from handshake.tls.protection import Protection
from handshake.tls.protection13 import Protection13
from handshake.tls.suites import Suite

CHANGE_CIPHER_SPEC = "ChangeCipherSpec"
"""What that byte is called; it is no handshake message, and belongs to no transcript."""


class Told(NamedTuple):
    """A message that this end sent or got: its number on the connection, who sent it, and its bytes."""

    number: int
    sender: str
    name: str
    data: bytes


class Move(NamedTuple):
    """What this end did: its plain fields before and after, why, and what it answered."""

    cause: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    notes: tuple[str, ...]
    sends: tuple[str, ...]


@dataclass
class Agreed:
    """What is known of the connection so far; each line is filled in by the message that brings it."""

    version: str = ""
    suite: Suite | None = None
    client_random: bytes = b""
    server_random: bytes = b""
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    protocol: str | None = None
    resumed: bool = False
    master: bytes = b""
    peer_chain: tuple[bytes, ...] = ()
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where what the keys are made of stood: name -> (number of the message, offset in it)."""

    @property
    def in_use(self) -> Suite:
        """The suite, for whoever asks only once there is one."""
        if self.suite is None:
            raise Refused("the handshake", "no suite is agreed upon yet")
        return self.suite


def under(protection: Protection | Protection13 | None) -> str:
    """How records are protected, in words."""
    if protection is None:
        return "in the clear"
    stage = f", {protection.stage}" if isinstance(protection, Protection13) else ""
    return f"{protection.suite.cipher.name}{stage}, record {protection.seq}"

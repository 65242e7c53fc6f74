"""The link layer: Ethernet with VLAN tags, and what captures put in its place.

A capture taken on "any" interface has no Ethernet header but a Linux cooked one; the loopback interface of
the BSDs has four bytes that name the protocol; a raw capture starts with the IP header at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

from handshake.net.address import mac_bytes, mac_text
from handshake.wire import Field, Layout, Reader, fit

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
VLAN_TAGS = (0x8100, 0x88A8)

ETHERTYPES = {IPV4: "IPv4", IPV6: "IPv6", ARP: "ARP", 0x8100: "VLAN tag", 0x88A8: "service VLAN tag"}
"""The values of an EtherType that we name (IEEE 802 numbers)."""


def ethertype_words(value: int) -> str:
    """The protocol inside; below 1536 it is a length (IEEE 802.3)."""
    return "a length, not a type" if value < 1536 else ETHERTYPES.get(value, "not known here")


def _told(kind: int | None) -> int:
    return IPV4 if kind is None else kind


_TYPE = Field("type", 16, "which protocol is inside", ethertype_words)

ETHERNET = Layout(
    ("Ethernet",),
    Field("destination address", 48, "the next machine on this link", mac_text, raw=True),
    Field("source address", 48, "the machine on this link that sent the frame", mac_text, raw=True),
    _TYPE,
)
VLAN_TAG = Layout(
    ("VLAN",),
    Field("priority", 3, "0 to 7, for switches (IEEE 802.1Q)"),
    Field("drop eligible", 1, "may be dropped first when a switch is busy"),
    Field("VLAN identifier", 12, "which virtual network the frame belongs to"),
    _TYPE,
)


@dataclass(frozen=True)
class Ethernet:
    """An Ethernet II header, 14 bytes (IEEE 802.3 clause 3).

    type: what is inside; None means the layer that follows in `net.encode`, or else IPv4.
    """

    names_next: ClassVar[str] = "type"

    destination: str = "02:00:00:00:00:0b"
    source: str = "02:00:00:00:00:0a"
    type: int | None = None

    name: ClassVar[str] = "Ethernet"
    osi: ClassVar[str] = "2 data link"
    internet: ClassVar[str] = "link"
    read_by: ClassVar[str] = "the next machine on the link"

    @classmethod
    def read(cls, reader: Reader) -> Ethernet:
        """Take the header off the front."""
        return _ethernet(*reader.layout(ETHERNET))

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        return ETHERNET.pack(mac_bytes(self.destination), mac_bytes(self.source), _told(self.type)) + payload


@lru_cache(maxsize=1024)
def _ethernet(destination: bytes, source: bytes, kind: int) -> Ethernet:
    """The record of a header.  A conversation has the same two over and over: they are remembered."""
    return Ethernet(mac_text(destination), mac_text(source), kind)


@dataclass(frozen=True)
class VLAN:
    """A VLAN tag, 4 bytes behind the Ethernet header (IEEE 802.1Q).   type: as in `Ethernet`."""

    names_next: ClassVar[str] = "type"
    ethertype: ClassVar[int] = 0x8100

    identifier: int
    type: int | None = None
    priority: int = 0
    drop_eligible: int = 0

    name: ClassVar[str] = "VLAN"
    osi: ClassVar[str] = "2 data link"
    internet: ClassVar[str] = "link"
    read_by: ClassVar[str] = "the next machine on the link"

    @classmethod
    def read(cls, reader: Reader) -> VLAN:
        """Take the tag off the front."""
        tag, kind = reader.layout(VLAN_TAG)
        return cls(tag & 0xFFF, kind, tag >> 13, tag >> 12 & 1)

    def encode(self, payload: bytes) -> bytes:
        """The tag and what it carries."""
        tag = (
            fit("priority", self.priority, 3) << 13
            | fit("drop eligible", self.drop_eligible, 1) << 12
            | fit("VLAN identifier", self.identifier, 12)
        )
        return VLAN_TAG.pack(tag, _told(self.type)) + payload


PACKET_TYPES = ("to us", "broadcast", "multicast", "between others", "sent by us")


def _packet_type(value: int) -> str:
    return PACKET_TYPES[value] if value < len(PACKET_TYPES) else "not known here"


COOKED = Layout(
    ("Linux cooked",),
    Field("packet type", 16, "whose packet it was, as the capturing machine saw it", _packet_type),
    Field("hardware type", 16, "what kind of link it was (1 is Ethernet, 772 loopback)"),
    Field("address length", 16, "how many of the next 8 bytes are the address"),
    Field("source address", 64, "the link address of the sender", raw=True),
    Field("protocol", 16, "which protocol is inside", ethertype_words),
)
COOKED_2 = Layout(
    ("Linux cooked 2",),
    Field("protocol", 16, "which protocol is inside", ethertype_words),
    Field("reserved", 16, "must be zero"),
    Field("interface index", 32, "the number of the interface on the capturing machine"),
    Field("hardware type", 16, "what kind of link it was (1 is Ethernet, 772 loopback)"),
    Field("packet type", 8, "whose packet it was, as the capturing machine saw it", _packet_type),
    Field("address length", 8, "how many of the next 8 bytes are the address"),
    Field("source address", 64, "the link address of the sender", raw=True),
)


@dataclass(frozen=True)
class LinuxCooked:
    """What Linux gives for a capture on the interface "any", 16 bytes (LINKTYPE_LINUX_SLL)."""

    names_next: ClassVar[str] = "type"

    type: int | None = None
    packet_type: int = 0
    hardware_type: int = 1
    address_length: int = 6
    source: bytes = bytes(8)

    name: ClassVar[str] = "Linux cooked"
    osi: ClassVar[str] = "2 data link"
    internet: ClassVar[str] = "link"
    read_by: ClassVar[str] = "the next machine on the link"

    @classmethod
    def read(cls, reader: Reader) -> LinuxCooked:
        """Take the header off the front."""
        packet_type, hardware, length, source, kind = reader.layout(COOKED)
        return cls(kind, packet_type, hardware, length, source)

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        values = self.packet_type, self.hardware_type, self.address_length, self.source, _told(self.type)
        return COOKED.pack(*values) + payload


@dataclass(frozen=True)
class LinuxCooked2:
    """The newer form of the same, 20 bytes (LINKTYPE_LINUX_SLL2)."""

    names_next: ClassVar[str] = "type"

    type: int | None = None
    packet_type: int = 0
    hardware_type: int = 1
    address_length: int = 6
    source: bytes = bytes(8)
    interface: int = 1
    reserved: int = 0

    name: ClassVar[str] = "Linux cooked 2"
    osi: ClassVar[str] = "2 data link"
    internet: ClassVar[str] = "link"
    read_by: ClassVar[str] = "the next machine on the link"

    @classmethod
    def read(cls, reader: Reader) -> LinuxCooked2:
        """Take the header off the front."""
        kind, reserved, interface, hardware, packet_type, length, source = reader.layout(COOKED_2)
        return cls(kind, packet_type, hardware, length, source, interface, reserved)

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        values = (
            _told(self.type),
            self.reserved,
            self.interface,
            self.hardware_type,
            self.packet_type,
            self.address_length,
            self.source,
        )
        return COOKED_2.pack(*values) + payload


FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
"""AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 or 30 on the BSDs and macOS."""


def _family_words(raw: bytes) -> str:
    numbers = int.from_bytes(raw, "little"), int.from_bytes(raw, "big")
    return next((ETHERTYPES[FAMILIES[n]] for n in numbers if n in FAMILIES), "not known here")


FAMILY = Layout(
    ("loopback",),
    Field(
        "address family",
        32,
        "which protocol is inside, in the capturing machine's byte order",
        _family_words,
        raw=True,
    ),
)


@dataclass(frozen=True)
class Loopback:
    """The loopback interface of the BSDs and macOS, 4 bytes (LINKTYPE_NULL, LINKTYPE_LOOP)."""

    family: int = 2
    order: Literal["little", "big"] = "little"

    name: ClassVar[str] = "loopback"
    osi: ClassVar[str] = "2 data link"
    internet: ClassVar[str] = "link"
    read_by: ClassVar[str] = "the next machine on the link"

    @classmethod
    def read(cls, reader: Reader) -> Loopback:
        """Take the header off the front; its byte order is the capturing machine's, so both are tried."""
        (raw,) = reader.layout(FAMILY)
        little, big = int.from_bytes(raw, "little"), int.from_bytes(raw, "big")
        return cls(big, "big") if big in FAMILIES else cls(little, "little")

    @property
    def type(self) -> int:
        """The protocol inside, as an EtherType; 0 if the family is not known here."""
        return FAMILIES.get(self.family, 0)

    def encode(self, payload: bytes) -> bytes:
        """The header and what it carries."""
        return self.family.to_bytes(4, self.order) + payload

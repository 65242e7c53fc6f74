"""The two capture file formats, as Layouts: classic pcap and pcapng.

Sources: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng; link types from the tcpdump.org registry.
"""

from __future__ import annotations

LINK_TYPES = {
    0: "loopback",  # LINKTYPE_NULL: host byte order
    1: "ethernet",
    12: "raw",  # LINKTYPE_RAW has other numbers on some systems
    14: "raw",
    101: "raw",
    108: "loopback",  # LINKTYPE_LOOP: network byte order
    113: "linux-sll",
    228: "raw",  # IPv4 only
    229: "raw",  # IPv6 only
    276: "linux-sll2",
}
"""Our names of the links that we can read, by their number in the file."""

LINK_NUMBERS = {"ethernet": 1, "raw": 101, "loopback": 0, "linux-sll": 113, "linux-sll2": 276}
"""The number to write for each of our names."""

PCAP_MAGICS = {
    bytes.fromhex("d4c3b2a1"): ("<", 1000),
    bytes.fromhex("a1b2c3d4"): (">", 1000),
    bytes.fromhex("4d3cb2a1"): ("<", 1),
    bytes.fromhex("a1b23c4d"): (">", 1),
}
"""First bytes of a pcap file: its byte order, and how many nanoseconds its second time field counts in."""

PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
BYTE_ORDER_MAGIC = 0x1A2B3C4D

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
PACKET = 2  # obsolete, still found
SIMPLE_PACKET = 3
ENHANCED_PACKET = 6
DECRYPTION_SECRETS = 10

TLS_KEY_LOG = 0x544C534B
"""The kind of secrets that we know: lines of a TLS key log ("TLSK")."""

OPTION_COMMENT = 1
OPTION_NAME = 2
OPTION_RESOLUTION = 9
OPTION_OFFSET = 14

LARGEST = 1 << 26
"""No packet or block may claim to be longer than this (64 MiB): what does is damage, not data."""

NOT_CAPTURES = {
    b"\x1f\x8b": "a file compressed with gzip: unpack it first",
    b"(\xb5/\xfd": "a file compressed with zstd: unpack it first",
    b"PK": "a zip archive: unpack it first",
    b"snoop\0": "a snoop capture: convert it with editcap",
    bytes.fromhex("34cdb2a1"): "a modified pcap file: convert it with editcap",
}
"""What people mistake for captures, or what other tools call one."""

"""Addresses as text and as bytes.

A capture holds the same few addresses over and over, so both directions remember what they worked out.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

MAPPED = bytes(10) + b"\xff\xff"
"""How an IPv6 address starts that stands for an IPv4 one (RFC 4291 section 2.5.5.2)."""


@lru_cache(maxsize=4096)
def ip_text(raw: bytes) -> str:
    """4 or 16 bytes as text: "10.0.0.1", "2001:db8::1" (RFC 5952)."""
    if len(raw) == 4:
        return f"{raw[0]}.{raw[1]}.{raw[2]}.{raw[3]}"
    if raw[:12] == MAPPED:
        return f"::ffff:{ip_text(raw[12:])}"  # RFC 5952 section 5; Python's versions differ here
    return str(ip_address(raw))


@lru_cache(maxsize=4096)
def ip_texts(source: bytes, destination: bytes) -> tuple[str, str]:
    """Both addresses of a packet as text."""
    return ip_text(source), ip_text(destination)


@lru_cache(maxsize=4096)
def ip_bytes(text: str) -> bytes:
    """The 4 or 16 bytes of an address in text; ValueError if it is none."""
    return ip_address(text).packed


@lru_cache(maxsize=4096)
def mac_text(raw: bytes) -> str:
    """A hardware address as text: "02:00:00:00:00:0a"."""
    return raw.hex(":")


@lru_cache(maxsize=4096)
def mac_bytes(text: str) -> bytes:
    """The bytes of a hardware address in text."""
    raw = bytes.fromhex(text.replace(":", "").replace("-", ""))
    if len(raw) != 6:
        raise ValueError(f"a hardware address has 6 bytes, like 02:00:00:00:00:0a; got {text!r}")
    return raw

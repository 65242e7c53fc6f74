"""Answers to 07.4, found with what its reader is shown."""

from __future__ import annotations

import hmac
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def material(given: dict[str, Any], end: str) -> tuple[bytes, bytes, bytes]:
    """Key and salt of an end, and its third record without its header."""
    _, client, master = given["key log"].split()
    seed = b"key expansion" + bytes.fromhex(given["server random"] + client)
    secret = bytes.fromhex(master)
    first = mac(secret, seed)
    block = mac(secret, first + seed) + mac(secret, mac(secret, first) + seed)
    at = 0 if end == "client" else 1
    return (
        block[16 * at : 16 * at + 16],
        block[32 + 4 * at : 36 + 4 * at],
        bytes.fromhex(given[f"records of the {end}"][2])[5:],
    )


def about(size: int, number: int = 1) -> str:
    return f"{number:016x}170303{size:04x}"


def both(given: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for end in ("client", "server"):
        key, salt, data = material(given, end)
        nonce, extra = salt + data[:8], about(len(data) - 24)
        text = AESGCM(key).decrypt(nonce, data[8:], bytes.fromhex(extra))
        found |= {f"{end} nonce": nonce.hex(), f"{end} additional data": extra, f"{end} text": text.decode()}
    return found


def unchecked(given: dict[str, Any], end: str, nonce: bytes, sealed: bytes) -> bytes:
    """What comes out if nobody checks the tag."""
    cipher = Cipher(algorithms.AES(material(given, end)[0]), modes.CTR(nonce + b"\0\0\0\2"))
    return bytes(cipher.decryptor().update(sealed))


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    good = both(given)
    spaced = {
        name: value.encode() if "text" in name else bytes.fromhex(value).hex(" ").upper()
        for name, value in good.items()
    }
    return [{"opened": good}, {"opened": spaced}]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    good = both(given)
    _, salt, data = material(given, "client")
    turned, first = data[:8] + salt, salt + bytes(8)
    change = {
        "nonce the wrong way round": {
            "client nonce": turned.hex(), "client text": unchecked(given, "client", turned, data[8:-16])
        },
        "Finished not counted": {
            "client nonce": first.hex(), "client additional data": about(len(data) - 24, 0),
            "client text": unchecked(given, "client", first, data[8:-16]),
        },
        "length of what is sealed": {"client additional data": about(len(data))},
        "explicit nonce left in the text": {
            "client text": unchecked(given, "client", salt + data[:8], data[:-16])
        },
        "tag left in the text": {"client text": unchecked(given, "client", salt + data[:8], data[8:])},
        "other end's": {
            name: value for end, other in (("client", "server"), ("server", "client"))
            for name, value in ((f"{end} {what}", good[f"{other} {what}"]) for what in ("nonce", "text"))
        },
    }  # fmt: skip
    return {key: {"opened": good | each} for key, each in change.items()}

"""Alerts: how an end says that it closes, or what it found wrong (RFC 5246 section 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from handshake.errors import DecodeError
from handshake.wire import Reader

LEVELS = {1: "warning", 2: "fatal"}
"""After a fatal alert the connection is over."""


class Meaning(NamedTuple):
    """An alert by its name.   says: what its sender found, in one sentence."""

    name: str
    says: str


ALERTS = {
    0: Meaning("close_notify", "I shall send nothing more: what you have is all"),
    10: Meaning("unexpected_message", "this message has no place here"),
    20: Meaning("bad_record_mac", "a record was changed on its way, or our keys differ"),
    21: Meaning("decryption_failed", "it could not be decrypted (no longer sent: it taught attackers)"),
    22: Meaning("record_overflow", "a record is longer than records may be"),
    30: Meaning("decompression_failure", "what was compressed cannot be unpacked"),
    40: Meaning("handshake_failure", "nothing that you offer is acceptable to me"),
    41: Meaning("no_certificate", "I have no certificate (SSL 3.0 only)"),
    42: Meaning("bad_certificate", "a certificate is damaged, or its signature does not verify"),
    43: Meaning("unsupported_certificate", "a certificate is of a kind that does not serve here"),
    44: Meaning("certificate_revoked", "a certificate was revoked by its issuer"),
    45: Meaning("certificate_expired", "a certificate is out of date"),
    46: Meaning("certificate_unknown", "something else about a certificate is not acceptable"),
    47: Meaning("illegal_parameter", "a field has a value that it must not have"),
    48: Meaning("unknown_ca", "I do not know, or do not trust, who issued the certificate"),
    49: Meaning("access_denied", "I know who you are, and you may not come in"),
    50: Meaning("decode_error", "a message is not written as the standard says"),
    51: Meaning("decrypt_error", "a signature or a Finished message does not verify"),
    52: Meaning("too_many_cids_requested", "you ask for more names of this connection than I give"),
    60: Meaning("export_restriction", "that key is too long for export (no longer sent)"),
    70: Meaning("protocol_version", "I do not speak the version that you offer"),
    71: Meaning("insufficient_security", "nothing that you offer is safe enough for me"),
    80: Meaning("internal_error", "something went wrong on my side, for which you are not to blame"),
    86: Meaning("inappropriate_fallback", "you offer less than you can: somebody may have made you do so"),
    90: Meaning("user_canceled", "somebody called it off"),
    100: Meaning("no_renegotiation", "I shall not start another handshake on this connection"),
    109: Meaning("missing_extension", "an extension that has to be there is not"),
    110: Meaning("unsupported_extension", "you answer an extension that I did not send"),
    111: Meaning("certificate_unobtainable", "I could not fetch the certificate"),
    112: Meaning("unrecognized_name", "I am not known by that name"),
    113: Meaning("bad_certificate_status_response", "the proof that it is not revoked is no good"),
    114: Meaning("bad_certificate_hash_value", "what you refer me to has another hash"),
    115: Meaning("unknown_psk_identity", "I do not know that key"),
    116: Meaning("certificate_required", "I asked for a certificate, and you sent none"),
    117: Meaning("general_error", "something is wrong that has no name of its own"),
    120: Meaning("no_application_protocol", "I speak none of the protocols that you offer"),
    121: Meaning("ech_required", "your hello was not encrypted as I ask for"),
}  # fmt: skip
"""Every alert by its number (IANA, TLS Alerts)."""

OF_SSL30 = (0, 10, 20, 30, 40, 41, 42, 43, 44, 45, 46, 47)
"""The alerts that there are in SSL 3.0 (RFC 6101 section 5.4.2)."""

NUMBERS = {meaning.name: number for number, meaning in ALERTS.items()}


def alert_name(number: int) -> str:
    """The name of an alert, or "unknown alert 200"."""
    return ALERTS[number].name if number in ALERTS else f"unknown alert {number}"


@dataclass(frozen=True, eq=False)
class Alert:
    """An alert.   level: 1 warning, 2 fatal.   description: its number, one of ALERTS.

    It equals another of the same level and description; and, for convenience, its name.
    """

    level: int
    description: int

    type: ClassVar[int] = 21
    LENGTH: ClassVar[int] = 2

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.name == other
        return isinstance(other, Alert) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.name)

    @classmethod
    def of(cls, name: str, level: int = 2, version: str = "") -> Alert:
        """The alert of that name; in SSL 3.0, which has few, the nearest.  ValueError if there is none."""
        if name not in NUMBERS:
            raise ValueError(f"there is no alert {name!r}; there are {', '.join(NUMBERS)}")
        number = NUMBERS[name]
        if version == "SSL 3.0" and number not in OF_SSL30:
            number = NUMBERS["bad_certificate" if name == "unknown_ca" else "handshake_failure"]
        return cls(level, number)

    @classmethod
    def read(cls, reader: Reader) -> Alert:
        """The alert that comes next; DecodeError if there is none."""
        with reader.part("Alert"):
            start = reader.pos
            level = reader.uint("level", 1, "after a fatal one the connection is over", _level)
            if level not in LEVELS:
                raise DecodeError("level", start, "1 (warning) or 2 (fatal)", str(level))
            description = reader.uint("description", 1, "what was found", _description)
        return cls(level, description)

    @classmethod
    def decode(cls, data: bytes) -> Alert:
        """The alert that fills `data`: two bytes.  DecodeError if it is none."""
        reader = Reader(data)
        alert = cls.read(reader)
        reader.done("alert")
        return alert

    def encode(self) -> bytes:
        """Its two bytes."""
        return bytes((self.level, self.description))

    @property
    def name(self) -> str:
        """What it is called: "bad_record_mac"."""
        return alert_name(self.description)

    @property
    def fatal(self) -> bool:
        """Whether the connection is over."""
        return self.level == 2

    @property
    def says(self) -> str:
        """What its sender found, in one sentence."""
        return ALERTS[self.description].says if self.description in ALERTS else "nobody knows what"

    def __str__(self) -> str:
        return f"{self.name} ({LEVELS.get(self.level, 'no level')})"


def _level(number: int) -> str:
    return LEVELS.get(number, "no level")


def _description(number: int) -> str:
    meaning = ALERTS.get(number)
    return f"{meaning.name}: {meaning.says}" if meaning else alert_name(number)

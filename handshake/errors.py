"""Errors for people: what was expected, what came, where, and what to do.

Three kinds, one for each party that can be at fault:

- `DecodeError`: the bytes are not what the format says.  Carries the field and its offset.
- `ProtocolError`: the bytes are well formed, but a peer may not send them now.
- `Refused`: we will not do what was asked, because a standard (or good sense) forbids it.
"""

from __future__ import annotations

import os


def count_bytes(count: int) -> str:
    """A number of bytes in words."""
    return f"{count} byte" if count == 1 else f"{count} bytes"


def got_bytes(count: int) -> str:
    """What there is where more was expected."""
    return f"only {count_bytes(count)}" if count else "the end of the data"


def readable(text: str, keep: str = "") -> str:
    """Somebody else's text as it can be shown anywhere, a terminal too.

    What is no letter, or half of one (as names of files may have it), is written out, save what `keep` has.
    """
    halves = any("\ud800" <= each <= "\udfff" for each in text)
    whole = os.fsencode(text).decode("utf-8", "backslashreplace") if halves else text
    return "".join(each if each.isprintable() or each in keep else f"\\x{ord(each):02x}" for each in whole)


class HandshakeError(Exception):
    """Base of every error that this package raises on purpose."""


class DecodeError(HandshakeError, ValueError):
    """Bytes that do not fit the format.

    field: the standard's name of the field that could not be read ("data offset").
    offset: where that field starts, in bytes from the start of what was being decoded.
    expected, got: in words, for a person.
    within: what was being decoded, if known ("packet 3 of lost-ack.pcapng").
    """

    def __init__(self, field: str, offset: int, expected: str, got: str, within: str = "") -> None:
        self.field = field
        self.offset = offset
        self.expected = expected
        self.got = got
        self.within = within
        super().__init__(field, offset, expected, got, within)

    def __str__(self) -> str:
        place = f"{self.within}: " if self.within else ""
        return f"{place}{self.field} at byte {self.offset}: expected {self.expected}, got {self.got}"

    def inside(self, within: str, shift: int = 0) -> DecodeError:
        """The same error seen from the enclosing format, whose offsets are larger by `shift`."""
        return DecodeError(self.field, self.offset + shift, self.expected, self.got, within or self.within)


class ProtocolError(HandshakeError):
    """A well-formed message that breaks the protocol.

    by: which end broke it ("client", "server").
    why: in words.
    section: where the standard forbids it.
    alert: the TLS alert that answers it, if any.
    """

    def __init__(self, by: str, why: str, section: str, alert: str | None = None) -> None:
        self.by = by
        self.why = why
        self.section = section
        self.alert = alert
        super().__init__(by, why, section, alert)

    def __str__(self) -> str:
        answer = f"; the answer is the alert {self.alert}" if self.alert else ""
        return f"the {self.by} broke the protocol: {self.why} ({self.section}){answer}"


class Refused(HandshakeError):
    """A call that cannot be carried out.

    by: who refuses ("CLOSED", "the server").
    why: in words, and what to do instead.
    section: where the standard says so, if it does.
    """

    def __init__(self, by: str, why: str, section: str = "") -> None:
        self.by = by
        self.why = why
        self.section = section
        super().__init__(by, why, section)

    def __str__(self) -> str:
        where = f" ({self.section})" if self.section else ""
        return f"{self.by}: {self.why}{where}"

"""Somebody in the path of a TLS connection, who changes what passes: data, as all faults are.

They hold no key.  They see records; of those in the clear they can read the messages, of the others only how
many there were and how long they are.

>>> flip_byte("server", "ServerHello", at=40)
Tamper(what='flip a bit', end='server', message='ServerHello', record=None, at=40, bit=0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from handshake.errors import DecodeError
from handshake.tls.either13 import find_extension
from handshake.tls.encoding import HEADER_LENGTH
from handshake.tls.extensions13 import SupportedVersions
from handshake.tls.hellos import ServerHello
from handshake.tls.messages import decode_handshake, handshake_name
from handshake.tls.names import VERSIONS, version_number
from handshake.tls.records import Record, RecordStream
from handshake.tls.suites import ALL, find
from handshake.trace import OTHER


@dataclass(frozen=True)
class Tamper:
    """One thing that is done.

    what: in words.   end: whose bytes they are, "client" or "server".
    message: the name of a handshake message in the clear; or else record: the number of a record of that end,
    from 1.   at, bit: which bit is flipped, of which byte of the message (or of what the record carries).
    edit: for a message, what makes another of it.
    """

    what: str
    end: str
    message: str | None = None
    record: int | None = None
    at: int = 0
    bit: int = 0
    edit: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.end not in OTHER:
            raise ValueError(f"end is 'client' or 'server', got {self.end!r}")
        if (self.message is None) == (self.record is None):
            raise ValueError("name a handshake message, or the number of a record: one of the two")
        if self.record is not None and (isinstance(self.record, bool) or self.record < 1):
            raise ValueError(f"records are counted from 1, got {self.record!r}")

    def __str__(self) -> str:
        which = f"the {self.end}'s {self.message or f'record {self.record}'}"
        where = f", byte {self.at}" if self.what == FLIP else ""
        return f"{self.what}: {which}{where}"


FLIP, EDIT, DROP, REPEAT, SWAP, REFLECT, CUT = (
    "flip a bit",
    "change a field",
    "leave out",
    "send twice",
    "exchange with the next",
    "send back to its sender",
    "end the connection after",
)


def flip_byte(end: str, message: str | int, at: int, bit: int = 0) -> Tamper:
    """Flip one bit.   message: the name of a handshake message, or the number of a record.

    at: which byte of it.   bit: 0 is the leftmost.
    """
    return _tamper(FLIP, end, message, at=at, bit=bit)


def edit_message(end: str, message: str, edit: Callable[[Any], Any]) -> Tamper:
    """Put another message in the place of one: edit(message) -> message."""
    return Tamper(EDIT, end, message, edit=edit)


def strip_suites(*kept: int | str) -> Tamper:
    """Take out of the ClientHello all suites but these."""
    numbers = {find(suite).number for suite in kept}

    def edit(hello: Any) -> Any:
        from handshake.wire import replace

        left = tuple(number for number in hello.cipher_suites if number in numbers or number == 0x00FF)
        return replace(hello, cipher_suites=left or hello.cipher_suites)

    return Tamper(EDIT, "client", "ClientHello", edit=edit)


def strip_versions(*kept: str) -> Tamper:
    """Take out of the ClientHello all versions but these: what a downgrade attack does."""
    if not kept:
        raise ValueError("name a version at least that is left")
    numbers = {version_number(version) for version in kept}

    def edit(hello: Any) -> Any:
        from handshake.wire import replace

        left: list[Any] = []
        for each in hello.extensions or ():
            if isinstance(each, SupportedVersions):
                versions = tuple(number for number in each.versions if number in numbers)
                if not any(number >= 0x0304 for number in versions):
                    continue  # (a client of TLS 1.2 does not send it)
                each = SupportedVersions(versions)
            left.append(each)
        return replace(hello, version=min(0x0303, max(numbers)), extensions=tuple(left))

    return Tamper(EDIT, "client", "ClientHello", edit=edit)


def drop_record(end: str, record: int) -> Tamper:
    """Let a record disappear; the stream closes over it."""
    return _tamper(DROP, end, record)


def repeat_record(end: str, record: int) -> Tamper:
    """Send a record twice (replay)."""
    return _tamper(REPEAT, end, record)


def swap_records(end: str, record: int) -> Tamper:
    """Let a record pass behind the next one."""
    return _tamper(SWAP, end, record)


def reflect_record(end: str, record: int) -> Tamper:
    """Send a record back to who sent it, instead of on."""
    return _tamper(REFLECT, end, record)


def cut_off(end: str, record: int) -> Tamper:
    """End the connection after a record (truncation)."""
    return _tamper(CUT, end, record)


def _tamper(what: str, end: str, message: str | int, at: int = 0, bit: int = 0) -> Tamper:
    if isinstance(message, int):
        return Tamper(what, end, None, message, at, bit)
    return Tamper(what, end, message, None, at, bit)


@dataclass
class Passed:
    """What becomes of some bytes.

    onwards: what goes on to the other end.   back: what is sent back to who sent them.
    done: what was done.   over: whether the connection ends here.
    """

    onwards: bytes = b""
    back: bytes = b""
    done: list[Tamper] = field(default_factory=list)
    over: bool = False


class InPath:
    """Whoever stands in between.   done: what they have done so far."""

    def __init__(self, tampering: Iterable[Tamper] = ()) -> None:
        self.tampering = (tampering,) if isinstance(tampering, Tamper) else tuple(tampering)
        for each in self.tampering:
            if not isinstance(each, Tamper):
                raise TypeError(f"tampering is made with sim.flip_byte and its like; got {each!r:.60}")
        self.done: list[Tamper] = []
        self._streams = {"client": RecordStream(), "server": RecordStream()}
        self._counts = {"client": 0, "server": 0}
        self._sealed = {"client": False, "server": False}
        self._held: dict[str, list[bytes]] = {"client": [], "server": []}
        self._version, self._exchange = "TLS 1.2", ""

    def passes(self, sender: str, data: bytes) -> Passed:
        """Bytes of one end come by."""
        if not self.tampering:
            return Passed(data)
        found = Passed()
        for record in self._streams[sender].feed(data):
            self._counts[sender] += 1
            self._one(sender, record, found)
            if found.over:
                break
        self.done += found.done
        return found

    def _one(self, sender: str, record: Record, found: Passed) -> None:
        number = self._counts[sender]
        sealed = self._sealed[sender]
        if record.type == 20:
            self._sealed[sender] = True
        mine = [each for each in self.tampering if each.end == sender]
        copies, back, swap = 1, False, False
        for each in mine:
            if each.message is not None and record.type == 22 and not sealed:
                fragment = self._in_message(each, record.fragment)
                if fragment not in (None, record.fragment):
                    record = Record(record.type, record.version, fragment)
                    found.done.append(each)
            elif each.record == number:
                found.done.append(each)
                if each.what == FLIP:
                    record = Record(record.type, record.version, _flipped(record.fragment, each.at, each.bit))
                copies = {DROP: 0, REPEAT: 2}.get(each.what, copies)
                back = back or each.what == REFLECT
                swap = swap or each.what == SWAP
                found.over = found.over or each.what == CUT
        whole = record.encode() * copies
        if back:
            found.back += whole
        elif swap:
            self._held[sender].append(whole)
            return
        else:
            found.onwards += whole
        found.onwards += b"".join(self._held[sender])
        self._held[sender].clear()

    def _in_message(self, tamper: Tamper, fragment: bytes) -> bytes | None:
        """The messages of a record with one of them changed; None if it is not among them."""
        at, out, hit = 0, b"", False
        while at + HEADER_LENGTH <= len(fragment):
            end = at + HEADER_LENGTH + int.from_bytes(fragment[at + 1 : at + HEADER_LENGTH], "big")
            message = fragment[at:end]
            self._learn(message)
            if not hit and handshake_name(message[0]) == tamper.message:
                hit = True
                message = self._changed(tamper, message)
            out += message
            at = end
        return out + fragment[at:] if hit else None

    def _learn(self, message: bytes) -> None:
        """What a ServerHello says of how later messages are to be read."""
        with suppress(DecodeError):
            hello = decode_handshake(message) if message[:1] == b"\x02" else None
            if isinstance(hello, ServerHello):
                chosen = find_extension(hello.extensions, SupportedVersions)
                number = chosen.versions[0] if chosen else hello.version
                self._version = VERSIONS.get(number, "TLS 1.2")
                self._exchange = ALL[hello.cipher_suite].key_exchange if hello.cipher_suite in ALL else ""

    def _changed(self, tamper: Tamper, message: bytes) -> bytes:
        if tamper.edit is None:
            return _flipped(message, tamper.at, tamper.bit)
        version = self._version
        try:
            changed = tamper.edit(decode_handshake(message, version, self._exchange or None))
        except DecodeError:
            return message
        return changed if isinstance(changed, bytes) else bytes(changed.encode())


def _flipped(data: bytes, at: int, bit: int) -> bytes:
    """Data with a bit flipped; a byte beyond the end is the last one."""
    if not data:
        return data
    place = min(at, len(data) - 1)
    return data[:place] + bytes([data[place] ^ 0x80 >> bit]) + data[place + 1 :]

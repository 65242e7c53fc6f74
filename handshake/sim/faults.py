"""Faults as data: an experiment is an honest run and a list of these.

Some befall a segment, counted for each end from the first that it sends, over all of its connections; others
an end, at a time in seconds.  A segment that a fault was planned for is spared what the link does by chance,
and its copies are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from handshake.tcp.segment import Flags, Segment, flags_named
from handshake.wire import fit

WIDTHS = {
    "source_port": 16, "destination_port": 16, "seq": 32, "ack": 32, "window": 16, "urgent_pointer": 16,
    "reserved": 4,
}  # fmt: skip
"""Of how many bits are the fields of a segment that can be changed."""

AIMS = ("SND.UNA", "SND.NXT", "RCV.NXT", "ISS", "IRS")
"""Fields of the victim's block at which a forger can aim."""


@dataclass(frozen=True)
class SegmentFault:
    """Something that befalls the nth segment that `end` sends."""

    end: str
    nth: int

    def __post_init__(self) -> None:
        _check_end(self.end)
        if isinstance(self.nth, bool) or not isinstance(self.nth, int) or self.nth < 1:
            raise ValueError(f"segments are counted from 1: 1, 2, 3 ...; got nth={self.nth!r}")

    @property
    def what(self) -> str:
        """What it befalls, in words."""
        return f"segment {self.nth} of the {self.end}"

    @property
    def deed(self) -> str:
        """What it does, in words."""
        raise NotImplementedError

    def __str__(self) -> str:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values |= values.pop("changes", {})
        if values.get("kind") == "duplicate":
            del values["kind"]
        if "flags" in values:
            values["flags"] = str(values["flags"]) if values["flags"] else ""
        given = ", ".join(f"{name}={value!r}" for name, value in values.items() if name != "end")
        return f"the fault {type(self).__name__.lower()}({self.end!r}, {given}) asked for it"


@dataclass(frozen=True)
class Drop(SegmentFault):
    """Lose it."""

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return "lost"


@dataclass(frozen=True)
class Delay(SegmentFault):
    """Hold it back for `by` seconds."""

    by: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds("by", self.by)

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return f"held back for {self.by:g} s"


@dataclass(frozen=True)
class Duplicate(SegmentFault):
    """Deliver it, and a copy of it `after` seconds later.   kind: what the copy is called, one of FAULTS."""

    after: float
    kind: str = "duplicate"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds("after", self.after)

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return "copied" if not self.after else f"copied, the copy {self.after:g} s late"


@dataclass(frozen=True)
class Reorder(SegmentFault):
    """Deliver it 1 ms behind the next that the same end sends and that arrives; or a second late."""

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return "overtaken"


@dataclass(frozen=True)
class Flip(SegmentFault):
    """Flip one bit of its TCP header or data.   bit: counted from the first of the header, 0 on."""

    bit: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.bit, bool) or not isinstance(self.bit, int) or self.bit < 0:
            raise ValueError(f"bits are counted from 0, got bit={self.bit!r}")

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return f"with bit {self.bit} flipped"


@dataclass(frozen=True)
class Edit(SegmentFault):
    """Change some of its fields, and make its checksum good again, unless that is what changes."""

    changes: dict[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        known = [each.name for each in fields(Segment)]
        if not self.changes or not set(self.changes) <= set(known):
            wrong = ", ".join(set(self.changes) - set(known)) or "nothing"
            raise ValueError(f"what can be changed are {', '.join(known)}; got {wrong}")
        for name, bits in WIDTHS.items():
            if name in self.changes:
                fit(name, self.changes[name], bits)
        if not isinstance(self.changes.get("data", b""), bytes):
            raise TypeError(f"data are bytes: b'hello'; got {self.changes['data']!r}")

    @property
    def deed(self) -> str:
        """What it does, in words."""
        names = ", ".join(self.changes)
        return f"with {'other' if names.endswith('s') else 'another'} {names}"


@dataclass(frozen=True)
class EndFault:
    """Something that befalls an end at a time, in seconds."""

    end: str
    at: float

    def __post_init__(self) -> None:
        _check_end(self.end)
        _check_seconds("at", self.at)

    @property
    def what(self) -> str:
        """What it befalls, in words."""
        return f"the {self.end}"

    @property
    def deed(self) -> str:
        """What it does, in words."""
        raise NotImplementedError


@dataclass(frozen=True)
class Kill(EndFault):
    """Its program dies; its system closes what the program had open."""

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return "loses its program"


@dataclass(frozen=True)
class Unplug(EndFault):
    """Its cable is pulled; put back after `back` seconds, if that is not None."""

    back: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.back is not None:
            _check_seconds("back", self.back)

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return "unplugged" if self.back is None else f"unplugged for {self.back:g} s"


@dataclass(frozen=True)
class Reboot(EndFault):
    """Its power fails, and it forgets everything; up again after `down` seconds, or never if None."""

    down: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.down is not None:
            _check_seconds("down", self.down)

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return "loses power" if self.down is None else "reboots"


@dataclass(frozen=True)
class Forge(EndFault):
    """Somebody else sends `end` a segment in the name of its peer, at that time.

    seq, ack: numbers, or ("RCV.NXT", 5): a field of the victim's block, and how much to add to it: what an
    attacker can see, or guess.
    """

    flags: Flags
    seq: int | tuple[str, int]
    ack: int | tuple[str, int] = 0
    data: bytes = b""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.flags, Flags):
            raise TypeError(f"flags are made of tcp.SYN, tcp.ACK and their like; got {self.flags!r}")
        if not isinstance(self.data, bytes):
            raise TypeError(f"data are bytes: b'hello'; got {self.data!r}")
        for name in ("seq", "ack"):
            value = getattr(self, name)
            if isinstance(value, int):
                fit(name, value, 32)
            elif value[0] not in AIMS or not isinstance(value[1], int):
                raise ValueError(
                    f"a forger can aim at the victim's {', '.join(AIMS)}, as ('RCV.NXT', 5); got {value!r}"
                )

    @property
    def deed(self) -> str:
        """What it does, in words."""
        return f"gets a forged {self.flags}"


Fault = SegmentFault | EndFault

ENDS = ("client", "server")


def drop(end: str, nth: int = 1) -> Drop:
    """Lose the nth segment that `end` ("client" or "server") sends, counted from 1 for each end."""
    return Drop(end, nth)


def delay(end: str, nth: int = 1, by: float = 1.0) -> Delay:
    """Hold the nth segment that `end` sends back for `by` seconds."""
    return Delay(end, nth, by)


def duplicate(end: str, nth: int = 1, after: float = 0.0) -> Duplicate:
    """Deliver the nth segment that `end` sends twice, the copy `after` seconds later: an old duplicate."""
    return Duplicate(end, nth, after)


def reorder(end: str, nth: int = 1) -> Reorder:
    """Let the nth segment that `end` sends be overtaken by the next one."""
    return Reorder(end, nth)


def flip(end: str, nth: int = 1, bit: int = 160) -> Flip:
    """Flip a bit of the nth segment that `end` sends, counted from the start of the TCP header.

    (Bit 160 is the first behind a header without options.)
    """
    return Flip(end, nth, bit)


def edit(end: str, nth: int = 1, **changes: Any) -> Edit:
    """Change fields of the nth segment that `end` sends: seq, ack, flags, window, data, options ...

    flags may be said in words: flags="SYN, ACK".   The checksum is made good again, unless
    that is what changes.
    """
    if isinstance(changes.get("flags"), str):
        changes["flags"] = flags_named(changes["flags"])
    return Edit(end, nth, changes)


def kill(end: str, at: float) -> Kill:
    """The program of `end` dies at that time, in seconds."""
    return Kill(end, at)


def unplug(end: str, at: float, back: float | None = None) -> Unplug:
    """The cable of `end` is pulled at that time (seconds), and put back `back` seconds later, or never."""
    return Unplug(end, at, back)


def reboot(end: str, at: float, down: float | None = 1.0) -> Reboot:
    """The power of `end` fails at that time (seconds); it is up again after `down` seconds, or never."""
    return Reboot(end, at, down)


def forge(
    end: str,
    at: float,
    flags: Flags | str,
    seq: int | tuple[str, int],
    ack: int | tuple[str, int] = 0,
    data: bytes = b"",
) -> Forge:
    """Send `end` a segment in its peer's name, at that time in seconds.

    flags: tcp.RST, say, or in words: "SYN, ACK".   data: what it carries.
    seq, ack: numbers, or a field of the victim's and how much to add to it: ("RCV.NXT", 100).
    """
    return Forge(end, at, flags_named(flags) if isinstance(flags, str) else flags, seq, ack, data)


def _check_end(end: str) -> None:
    if end not in ENDS:
        raise ValueError(f"end is 'client' or 'server', got {end!r}")


def _check_seconds(name: str, seconds: float) -> None:
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
        raise ValueError(f"{name} is a number of seconds, 0 or more; got {seconds!r}")

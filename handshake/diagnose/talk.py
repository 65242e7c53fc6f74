"""One connection, as a diagnosis reads it: segment by segment, and what TLS says in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from handshake.diagnose.reading import decoded, version_of
from handshake.flows import terms
from handshake.tcp import seq
from handshake.trace import Connection, Fault, Message, Trace
from handshake.trace.lazy import of_connection

AT_ONCE = 0.010
"""The same segment again within so many seconds is a copy that the capture has made."""

SEALED_ALERT = 19
"""In TLS 1.3 an alert, sealed, has so many bytes: two, the type, and the tag (nobody fills alerts up)."""


@dataclass(frozen=True, slots=True)
class Said:
    """One segment.

    number: of its transit.   time: in seconds.   kind: "SYN", "SYN,ACK", "RST", "FIN", "data" or "ACK".
    size: bytes of data.   seq, ack: as they travelled; ack is None without the flag.
    labels: what it is in the light of those before it, in the words of `flows.observe`.
    """

    number: int
    time: float
    sender: str
    kind: str
    flags: frozenset[str]
    size: int
    seq: int
    ack: int | None
    labels: tuple[str, ...]

    @property
    def again(self) -> bool:
        """Whether it was sent before."""
        return any(terms.RETRANSMISSION in label for label in self.labels)

    @property
    def probe(self) -> bool:
        """Whether it asks whether the other end is still there."""
        return terms.KEEP_ALIVE in self.labels

    @property
    def stray(self) -> bool:
        """Whether its receiver drops it, as outside its window."""
        return terms.OUTSIDE in self.labels


@dataclass(frozen=True)
class Spoken:
    """One message of TLS.   number: of the transit in which it is whole.   message: itself."""

    number: int
    message: Message

    @property
    def name(self) -> str:
        """The standard's name of it."""
        return self.message.name

    @property
    def sender(self) -> str:
        """Who said it."""
        return self.message.sender

    @property
    def sealed(self) -> int:
        """How many bytes it has, sealed, if nobody can open it; else 0."""
        return next((int(d.value) for d in self.message.details if d.label == "sealed"), 0)

    @property
    def alert(self) -> tuple[str, str]:
        """Level and name of an alert; two empty words for anything else."""
        if self.name != "Alert":
            return "", ""
        detail = next(((d.label, str(d.value)) for d in self.message.details), ("", ""))
        return detail

    @property
    def form(self) -> str:
        """How it is to be read."""
        return self.message.form

    @property
    def body(self) -> bytes:
        """The message itself, opened if it was sealed."""
        return self.message.data if self.message.plaintext is None else self.message.plaintext


@dataclass
class Talk:
    """A connection of a trace.

    said: its segments.   spoken: its messages of TLS.   lost: faults of transits that got lost.
    notes: (transit, what the reading says of it).   copies: transits that the capture has twice.
    """

    connection: Connection
    said: list[Said]
    spoken: list[Spoken]
    lost: list[Fault]
    notes: list[tuple[int, str]] = field(default_factory=list)
    copies: frozenset[int] = frozenset()

    @classmethod
    def of(cls, trace: Trace, number: int) -> Talk:
        """Connection `number` of a trace."""
        connection = trace.connection(number)
        said, spoken, notes = [], [], []
        known: dict[tuple[str, bytes, bytes], float] = {}
        copies: set[int] = set()
        for message in of_connection(trace.messages, number):
            if message.layer == "TCP":
                transit = trace[message.sources[0].transit]
                key = (message.sender, _identity(transit.frame, message.sources[0].start), message.data)
                before = known.get(key)
                known[key] = transit.time
                if before is not None and transit.seen is not None and transit.time - before < AT_ONCE:
                    copies.add(transit.number)
                    continue
                said.append(_said(message, transit.time))
                notes += [(said[-1].number, note) for note in message.notes]
            elif message.layer == "TLS" and message.sources:
                spoken.append(Spoken(message.sources[-1].transit, message))
        faults = of_connection(trace.faults, number)
        lost = [fault for fault in faults if fault.kind == "lost" and fault.transit is not None]
        notes += [(0, fault.text) for fault in faults if fault.kind == "reading"]
        lost = [each for each in lost if not {each.transit, each.proof} & copies]
        return cls(connection, said, spoken, lost, notes, frozenset(copies))

    @cached_property
    def hello(self) -> Any:
        """The first ClientHello; None if there is none that can be read."""
        return decoded(next((each for each in self.spoken if each.name == "ClientHello"), None), "TLS 1.2")

    @cached_property
    def version(self) -> str:
        """The version of TLS that was agreed on, "" while there is none."""
        return version_of(self.spoken)

    @cached_property
    def place(self) -> dict[int, int]:
        """For each transit, where its segment stands in `said`."""
        return {each.number: n for n, each in enumerate(self.said)}

    def first(self, sender: str, *kinds: str) -> Said | None:
        """The first segment of one of these kinds from that end."""
        return next((each for each in self.said if each.sender == sender and each.kind in kinds), None)

    def last(self, sender: str) -> Said | None:
        """The last segment from that end."""
        return next((each for each in reversed(self.said) if each.sender == sender), None)

    def before(self, one: Said, sender: str) -> Said | None:
        """The last segment of that end before another one."""
        at = self.place[one.number]
        return next((each for each in reversed(self.said[:at]) if each.sender == sender), None)

    def acknowledged(self, one: Said, until: Said) -> bool:
        """Whether the other end had answered a segment, with an acknowledgment of it, before another one."""
        ends = seq.add(one.seq, one.size + (one.kind == "FIN"))
        between = self.said[self.place[one.number] : self.place[until.number]]
        answers = (each.ack for each in between if each.sender != one.sender and each.ack is not None)
        return any(seq.less_equal(ends, ack) for ack in answers)

    def closed(self, sender: str) -> Said | None:
        """That end's FIN."""
        return self.first(sender, "FIN")

    @cached_property
    def holes(self) -> bool:
        """Whether bytes of it were not captured, or cut off."""
        missing = any(terms.NOT_CAPTURED in label for each in self.said for label in each.labels)
        return missing or any(terms.KEPT in note for _, note in self.notes)

    @cached_property
    def one_way(self) -> bool:
        """Whether only one end's segments are there, although they acknowledge the other's."""
        answering = any(each.kind in ("ACK", "data", "SYN,ACK", "FIN") for each in self.said)
        return len({each.sender for each in self.said}) == 1 and answering

    def farewell(self, end: str) -> Spoken | None:
        """That end's close_notify; or what may be it, where it is sealed."""
        mine = [each for each in self.spoken if each.sender == end]
        for each in mine:
            if each.alert[1] == "close_notify":
                return each
        last = mine[-1] if mine else None
        return last if last is not None and self.sealed_alert(last) else None

    def sealed_alert(self, one: Spoken) -> bool:
        """Whether a message is an alert that nobody can read, by its type or (TLS 1.3) by its length."""
        return one.name == "encrypted alert" or (self.version == "TLS 1.3" and one.sealed == SEALED_ALERT)

    @property
    def opened(self) -> bool:
        """Whether both ends can have taken it for open (or it was open when the capture began)."""
        third = self.first("client", "ACK", "data", "FIN")
        return third is not None and (self.first("client", "SYN") is None or self._answered)

    @property
    def _answered(self) -> bool:
        return self.first("server", "SYN,ACK") is not None


def _identity(frame: bytes, at: int) -> bytes:
    """What tells a packet from another with the same segment in it: IPv4's identification."""
    header = frame[at - 20 : at] if at >= 20 else b""
    return header[4:6] if header[:1] == b"\x45" else b""


def _said(message: Message, time: float) -> Said:
    flags = frozenset(message.name.split(", "))
    values = {detail.label.removeprefix("old "): detail.value for detail in message.details}
    size = int(values.get("data", 0))
    number = message.sources[0].transit
    ack = values.get("ack")
    return Said(
        number, time, message.sender, _kind(flags, size), flags, size, int(values.get("seq", 0)),
        None if ack is None else int(ack), message.labels,
    )  # fmt: skip


def _kind(flags: frozenset[str], size: int) -> str:
    if "RST" in flags:
        return "RST"
    if "SYN" in flags:
        return "SYN,ACK" if "ACK" in flags else "SYN"
    if "FIN" in flags:
        return "FIN"
    return "data" if size else "ACK"

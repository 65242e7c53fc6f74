"""One connection, as a diagnosis reads it: segment by segment, and what TLS says in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from handshake.diagnose.findings import Finding
from handshake.diagnose.icmp import Unreachable
from handshake.diagnose.reading import decoded, version_of
from handshake.errors import DecodeError
from handshake.flows import terms
from handshake.tcp import seq
from handshake.tcp.options import TIMESTAMPS
from handshake.tcp.segment import Segment
from handshake.trace import OTHER, Connection, Fault, Message, Trace
from handshake.trace.lazy import of_connection

AT_ONCE = 0.010
"""The same segment again within so many seconds is a copy that the capture has made."""

REPEATS_APART, PROBES_APART = 0.15, 0.5
"""What is sent again in less than so many seconds is no new attempt."""

NO_IDENTITY = b"\0\0"
"""Of packets that are not to be cut up IPv4's identification may be this, which identifies nothing."""

ALERT_INSIDE = 3
"""In TLS 1.3 an alert, sealed, has so many bytes besides the tag: two, and the type."""

TAG, SHORT_TAG = 16, 8
"""How long the tag is, and how long with the suites whose name ends in CCM_8."""

PADDED_LEAST = 3
"""So many sealed records, all of whole blocks of 16 bytes, are filled up."""


@dataclass(frozen=True, slots=True)
class Said:
    """One segment.

    number: of its transit.   time: in seconds.   kind: "SYN", "SYN,ACK", "RST", "FIN", "data" or "ACK".
    size: bytes of data.   seq, ack: as they travelled; ack is None without the flag.
    labels: what it is in the light of those before it, in the words of `flows.terms`.
    stamp: of a SYN or SYN,ACK with timestamps (RFC 7323), what its clock says and what it echoes.
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
    stamp: tuple[int, int] | None = None

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
    icmp: what a router or the server said of the call in ICMP.
    """

    connection: Connection
    said: list[Said]
    spoken: list[Spoken]
    lost: list[Fault]
    notes: list[tuple[int, str]] = field(default_factory=list)
    copies: frozenset[int] = frozenset()
    icmp: Unreachable | None = None

    @classmethod
    def of(cls, trace: Trace, number: int) -> Talk:
        """Connection `number` of a trace."""
        connection = trace.connection(number)
        said, spoken, notes = [], [], []
        known: dict[tuple[str, bytes, bytes], tuple[float, int]] = {}
        copies: dict[int, int] = {}
        for message in of_connection(trace.messages, number):
            if message.layer == "TCP":
                transit = trace[message.sources[0].transit]
                identity = _identity(transit.frame, message.sources[0].start)
                key = (message.sender, identity, message.data)
                before, first = known.get(key, (transit.time - 1, transit.number))
                known[key] = (transit.time, first)
                soon = transit.seen is not None and transit.time - before < AT_ONCE
                if soon and (copies or identity != NO_IDENTITY):
                    copies[transit.number] = first
                    continue
                said.append(_said(message, transit.time))
                notes += [(said[-1].number, note) for note in message.notes]
            elif message.layer == "TLS" and message.sources:
                spoken.append(Spoken(message.sources[-1].transit, message))
        faults = of_connection(trace.faults, number)
        lost = [fault for fault in faults if fault.kind == "lost" and fault.transit is not None]
        notes += [(0, fault.text) for fault in faults if fault.kind == "reading"]
        return cls(connection, said, spoken, _once(lost, copies), notes, frozenset(copies))

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
        return bool(self.gaps) or any(terms.KEPT in note for _, note in self.notes)

    @cached_property
    def gaps(self) -> list[Said]:
        """The segments before which bytes are missing that did not come later either."""
        return [each for end in OTHER for each in _behind_gaps(self.said, end)]

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
        """Whether a message is an alert that nobody can read, by its type or (TLS 1.3) by its length.

        Where records are filled up, the shortest may be one.
        """
        if one.name == "encrypted alert":
            return True
        if self.version != "TLS 1.3" or not one.sealed:
            return False
        if self.padded:
            return one.sealed == min(each.sealed for each in self.spoken if each.sealed)
        return one.sealed == ALERT_INSIDE + self.tag

    @cached_property
    def suite(self) -> str:
        """The cipher suite that was agreed on, as far as it was seen; else ""."""
        hello = next((each for each in self.spoken if each.name == "ServerHello"), None)
        return str(hello.message.details[0].value) if hello and hello.message.details else ""

    @cached_property
    def tag(self) -> int:
        """How many bytes are behind what is sealed, so that nobody can change it."""
        return SHORT_TAG if self.suite.endswith("CCM_8_SHA256") else TAG

    @cached_property
    def padded(self) -> bool:
        """Whether records are filled up, so that their lengths say nothing (TLS 1.3)."""
        sizes = [each.sealed - self.tag for each in self.spoken if each.sealed]
        return len(sizes) >= PADDED_LEAST and all(size % 16 == 0 for size in sizes)

    @property
    def opened(self) -> bool:
        """Whether both ends can have taken it for open (or it was open when the capture began)."""
        third = self.first("client", "ACK", "data", "FIN")
        return third is not None and (self.first("client", "SYN") is None or self._answered)

    @property
    def _answered(self) -> bool:
        return self.first("server", "SYN,ACK") is not None


def _behind_gaps(said: Sequence[Said], sender: str) -> list[Said]:
    """The segments of an end before which numbers are missing from the whole."""
    runs: list[tuple[int, int, Said]] = []
    place = 0
    for each in said:
        span = each.size + (each.kind in ("SYN", "SYN,ACK", "FIN"))
        if each.sender != sender or not span or each.probe or each.stray:
            continue
        place += seq.distance(runs[-1][2].seq, each.seq) if runs else 0
        runs.append((place, place + span, each))
    found, reached = [], None
    for start, end, each in sorted(runs, key=lambda run: run[:2]):
        if reached is not None and start > reached:
            found.append(each)
        reached = max(reached or end, end)
    return found


def _once(lost: Sequence[Fault], copies: Mapping[int, int]) -> list[Fault]:
    """What got lost, without what is only told by the copies that the capture has made."""
    found: dict[int, Fault] = {}
    for each in lost:
        number, proof = (n if n is None else copies.get(n, n) for n in (each.transit, each.proof))
        if number is not None and number != proof:
            found.setdefault(number, replace(each, transit=number, proof=proof))
    return list(found.values())


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
        None if ack is None else int(ack), message.labels, _stamp(message.data) if "SYN" in flags else None,
    )  # fmt: skip


def _stamp(segment: bytes) -> tuple[int, int] | None:
    """The timestamps in a segment."""
    try:
        option = Segment.decode(segment).option(TIMESTAMPS)
    except DecodeError:
        return None
    if option is None or len(option.data) != 8:
        return None
    return int.from_bytes(option.data[:4], "big"), int.from_bytes(option.data[4:], "big")


def _kind(flags: frozenset[str], size: int) -> str:
    if "RST" in flags:
        return "RST"
    if "SYN" in flags:
        return "SYN,ACK" if "ACK" in flags else "SYN"
    if "FIN" in flags:
        return "FIN"
    return "data" if size else "ACK"


def finding(cause: str, one: Said, words: str, *evidence: Said, end: str = "") -> Finding:
    """A finding of a segment; who reads the connection numbers it."""
    numbers = tuple(each.number for each in evidence)
    return Finding(cause, end or one.sender, one.number, 0, words, evidence=numbers)


def seconds_of(time: float) -> str:
    """A stretch of time in words."""
    return f"{time:.0f} s" if time >= 9.95 else f"{time:.1f} s" if time >= 0.95 else f"{1000 * time:.0f} ms"


def apart(some: Sequence[Said], seconds: float) -> list[Said]:
    """Of these, those that come so long after the last of them."""
    found: list[Said] = []
    for each in some:
        if not found or each.time - found[-1].time >= seconds:
            found.append(each)
    return found

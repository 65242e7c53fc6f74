"""What a trace is made of: plain frozen records, from which every view is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from handshake.errors import count_bytes

if TYPE_CHECKING:
    from handshake.wire import Span

Address = tuple[str, int]
"""An IP address in text and a port: ("10.0.0.1", 40000)."""

OTHER = {"client": "server", "server": "client"}
"""The other end of a connection."""

Certainty = Literal["ran", "inferred", "unknown"]

ABOVE = ("TLS", "article")
"""Layers above TCP, whose messages travel in its segments."""

FAULTS = {
    "lost": "never arrived",
    "duplicate": "a second copy, made by the network",
    "delayed": "held back by the network",
    "altered": "changed on the way",
    "forged": "sent by somebody else",
    "old": "left over from an earlier connection",
}
"""What can befall a transit, in words."""

EVENTS = {
    "killed": "its program died; its system cleans up",
    "unplugged": "its cable was pulled",
    "plugged in": "its cable is back",
    "down": "its power failed; what it remembered is lost",
    "up": "its system has started again",
    "noticed": "its program found out",
    "unaware": "it never found out",
    "restarted": "its program was started again",
    "refused": "its system refused what its program asked for",
}
"""What can befall a whole end, in words."""


@dataclass(frozen=True, slots=True)
class Transit:
    """Bytes that travelled between two places.

    number: from 1, in the order of the trace.
    frame: the bytes, from the link header on; a capture may have kept only the first of them.
    link: what the first bytes are: "ethernet", "linux-sll", "linux-sll2", "loopback", "raw" ...
    sent, arrived, seen: when it left its sender, reached its receiver, passed the capture: seconds on the
    trace's clock, or None.
    length: how many bytes travelled, where that is more than the frame holds; else None.
    connection, sender: which connection it belongs to, and which end sent it ("client" or "server").
    fault: what befell it, one of FAULTS, or None.
    """

    number: int
    frame: bytes
    link: str = "ethernet"
    sent: float | None = None
    arrived: float | None = None
    seen: float | None = None
    length: int | None = None
    connection: int | None = None
    sender: str = ""
    fault: str | None = None

    def __str__(self) -> str:
        from_whom = f" from the {self.sender}" if self.sender else ""
        befell = f", {self.fault}" if self.fault else ""
        return f"transit {self.number}: {count_bytes(self.wire_length)}{from_whom}{befell}"

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def time(self) -> float:
        """The first time known of it."""
        times = [t for t in (self.sent, self.seen, self.arrived) if t is not None]
        return times[0] if times else 0.0

    @property
    def wire_length(self) -> int:
        """How many bytes travelled."""
        return len(self.frame) if self.length is None else self.length

    @property
    def layers(self) -> tuple[Any, ...]:
        """Its layers, outermost first, as far as the bytes can be read."""
        from handshake import peel

        return tuple(peel.dissect(self.frame, self.link, self.length).layers)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every field of the frame: together they cover each byte once."""
        from handshake import peel

        return peel.dissect(self.frame, self.link, self.length).spans

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from handshake import show

        return show.bytes(self)._repr_mimebundle_()


class Source(NamedTuple):
    """Where some bytes of a message came from: bytes [start, end) of the frame of a transit."""

    transit: int
    start: int
    end: int


class Detail(NamedTuple):
    """A number (or word) worth reading beside a message's name: ("seq", 2897641097, 0).

    relative: the same counted from the start of the connection, where that makes sense.
    """

    label: str
    value: int | str
    relative: int | None = None

    def text(self, relative: bool = True) -> str:
        """As in a label: "seq 0", or with relative=False "seq 2897641097"."""
        value = self.relative if relative and self.relative is not None else self.value
        return f"{self.label} {value}".strip()


@dataclass(frozen=True, slots=True)
class Message:
    """What some bytes mean.

    number: from 1, in the order of its connection and layer.
    layer: "TCP", "TLS" ...   name: the standard's own ("SYN, ACK", "ClientHello").
    data: its bytes; sources: the places that they came from, in order.
    details: the numbers worth reading beside the name.
    labels: what an observer says of it: "retransmission of 3".  notes: whole sentences.
    plaintext, secret: for an encrypted one, what it held and the label of the secret that opened it.
    form: how its bytes are to be read, where the layer alone does not say it: "handshake TLS 1.2 ECDHE".
    """

    number: int
    layer: str
    name: str
    data: bytes
    sources: tuple[Source, ...]
    connection: int | None = None
    sender: str = ""
    details: tuple[Detail, ...] = ()
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    plaintext: bytes | None = None
    secret: str | None = None
    form: str = ""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every field of the message, counted from its own first byte; of an encrypted one, of its record."""
        from handshake import peel

        return peel.message_spans(
            self.layer, self.data, "record" if self.plaintext is not None else self.form
        )

    @property
    def opened(self) -> tuple[Span, ...]:
        """Every field of what an encrypted message held, counted from the first byte of `plaintext`."""
        from handshake import peel

        if self.plaintext is None:
            return ()
        return peel.message_spans(self.layer, self.plaintext, self.form)

    def text(self, relative: bool = True) -> str:
        """Name and details in one line: "SYN, ACK  seq 0 ack 1"."""
        return f"{self.name}  {' '.join(d.text(relative) for d in self.details)}".rstrip()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<{self.layer} message {self.number}: {self}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from handshake import show

        return show.bytes(self)._repr_mimebundle_()


@dataclass(frozen=True, slots=True)
class Step:
    """What one end did.

    end: "client" or "server" of the connection.
    cause: what made it act, in the words of the state diagram: "active OPEN", "rcv SYN", "2MSL timeout" ...
    transit: the transit that arrived, if that was the cause.   sends: the transits that it sent in answer.
    before, after: its plain fields, "state" first, by their names in the standard ("SND.NXT").
    notes: why, in words.   certainty: "ran", "inferred" or "unknown".
    """

    number: int
    time: float
    connection: int
    end: str
    cause: str
    before: Mapping[str, int | float | str]
    after: Mapping[str, int | float | str]
    transit: int | None = None
    sends: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    certainty: Certainty = "ran"

    @property
    def moved(self) -> bool:
        """Whether the state changed."""
        return self.before.get("state") != self.after.get("state")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that an end came to know.

    label: its name ("master secret"); inputs: what it was derived from, by name, with the message number
    and offset that the bytes were read from, where they were read and not derived.
    client_random: the random of the ClientHello, by which a key log tells whose secret it is.
    """

    label: str
    value: bytes
    end: str = ""
    time: float | None = None
    formula: str = ""
    inputs: tuple[tuple[str, int | None, int | None], ...] = ()
    connection: int | None = None
    client_random: bytes = b""


@dataclass(frozen=True, slots=True)
class Connection:
    """Two ends that talked to each other.

    client: who opened it, as (ip, port); server: the other.
    transits: the numbers of its transits.
    near: for a capture, the end that it was taken at, where the timing tells; delay: the one-way delay in
    seconds, half of the handshake's round trip, where that was seen.
    notes: what is known of it in words.
    """

    number: int
    protocol: str
    client: Address
    server: Address
    transits: Sequence[int] = ()
    near: str | None = None
    delay: float | None = None
    notes: tuple[str, ...] = ()

    def address(self, end: str) -> Address:
        """The (ip, port) of the end called "client" or "server"."""
        return self.client if end == "client" else self.server


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong: in the run (done to a transit) or in the reading of a file.

    kind: one of FAULTS, which befall a transit; one of EVENTS, which befall an end; or "reading".
    text: one sentence.   offset: in the file, for a reading fault.   end: whom one of EVENTS befell.
    certainty: "inferred" where it was worked out from a capture; proof: the transit that tells it, then.
    """

    kind: str
    text: str
    time: float = 0.0
    transit: int | None = None
    offset: int | None = None
    certainty: Certainty = "ran"
    connection: int | None = None
    end: str = ""
    proof: int | None = None


class Flight(NamedTuple):
    """When a transit left its sender and reached its receiver; None where it did not, or nobody knows.

    estimated: true where a time is not known but reckoned from the connection's delay.
    """

    left: float | None
    landed: float | None
    estimated: bool


def flight(transit: Transit, connection: Connection | None) -> Flight:
    """When a transit left and landed.

    For a captured one, of which only `seen` is known, the other end's time is reckoned from where the
    capture was taken and the delay; where that is not known either, both are the time that it was seen.
    """
    if transit.sent is not None or transit.arrived is not None:
        return Flight(transit.sent, transit.arrived, False)
    left = landed = transit.seen
    if left is None or landed is None:
        return Flight(None, None, True)
    known = False
    if connection and connection.near and connection.delay is not None:
        known = connection.delay == 0  # both ends are one machine: seen is sent and arrived
        if transit.sender == connection.near:
            landed += connection.delay
        else:
            left -= connection.delay
    return Flight(left, None if transit.fault == "lost" else landed, not known)


@dataclass(frozen=True)
class Moment:
    """The trace at one instant: states[(connection, end)] and the numbers of the transits under way."""

    time: float
    states: Mapping[tuple[int, str], str]
    under_way: tuple[int, ...]

    def __str__(self) -> str:
        many = len({connection for connection, _ in self.states}) > 1
        ends = [
            f"{end} {state}" + (f" (connection {connection})" if many else "")
            for (connection, end), state in sorted(self.states.items())
        ]
        under_way = ", ".join(map(str, self.under_way)) or "nothing"
        return f"{1000 * self.time:.1f} ms: {', '.join(ends) or 'no states known'}; under way: {under_way}"

"""One TCP connection as an observer sees it: names, relative numbers, what was sent again, what got lost.

The words are those that capture tools use.  Nothing here is certain in the way a machine's own account is:
an observer near one end cannot see what reached the other, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from handshake.peel import Dissection
from handshake.tcp import seq
from handshake.tcp.options import MSS, WINDOW_SCALE
from handshake.tcp.segment import ACK, FIN, RST, SYN, Segment
from handshake.trace import Connection, Detail, Fault, Message, Source, Transit

SOONEST_TIMER = 0.2
"""No end sends again earlier than this, in seconds: the smallest retransmission timer in common use."""

OTHER = {"client": "server", "server": "client"}


@dataclass
class Direction:
    """What has been seen of one end's sending.

    base: its first sequence number (that of the SYN, or one less than the first data byte seen).
    nxt: the number after the newest that it sent.   ack: the newest that it acknowledged.
    sent: for every number that starts a segment, the transit that carried it last.
    """

    base: int | None = None
    nxt: int | None = None
    ack: int | None = None
    window: int | None = None
    mss: int | None = None
    scale: int | None = None
    fin: int | None = None
    sent: dict[int, tuple[int, int]] = field(default_factory=dict)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    probed: bool = False


@dataclass(frozen=True)
class Seen:
    """One segment in its connection: the transit, what was read, and how much data travelled."""

    transit: Transit
    segment: Segment
    length: int

    @property
    def span(self) -> int:
        """How many sequence numbers it takes."""
        flags = self.segment.flags
        return self.length + bool(flags & SYN) + bool(flags & FIN)

    @property
    def end(self) -> int:
        """The number after its last."""
        return seq.add(self.segment.seq, self.span)


@dataclass(frozen=True)
class Observed:
    """A connection told: its transits (with `fault` where they got lost), messages, and faults."""

    connection: Connection
    transits: tuple[Transit, ...]
    messages: tuple[Message, ...]
    faults: tuple[Fault, ...]
    seen: tuple[Seen, ...]
    ends: dict[str, Direction]


def observe(connection: Connection, transits: Iterable[Transit]) -> Observed:
    """Tell one connection from its transits, in their order."""
    ends = {"client": Direction(), "server": Direction()}
    kept = list(transits)
    messages: list[Message] = []
    seen: list[Seen] = []
    for number, transit in enumerate(kept, 1):
        dissection = Dissection(transit.frame, transit.link, transit.length)
        segment = dissection.transport
        if isinstance(segment, Segment):
            one = Seen(transit, segment, max(0, dissection.data_length))
            message = _describe(number, one, dissection, ends)
            seen.append(one)
        else:
            message = _other(number, transit, dissection)
        messages.append(message)
    connection = _placed(connection, seen)
    faults = _losses(connection, seen) if any(t.seen is not None for t in kept) else ()
    lost = {fault.transit for fault in faults}
    marked = {t.number: replace(t, fault="lost") if t.number in lost else t for t in kept}
    kept = list(marked.values())
    seen = [replace(one, transit=marked[one.transit.number]) for one in seen]
    return Observed(connection, tuple(kept), tuple(messages), tuple(faults), tuple(seen), ends)


def kind_of(segment: Segment, length: int) -> str:
    """What a segment is good for, in the words of the state diagram."""
    flags = segment.flags
    if flags & RST:
        return "RST"
    if flags & SYN:
        return "SYN,ACK" if flags & ACK else "SYN"
    if flags & FIN:
        return "FIN"
    return "data" if length else "ACK"


def _describe(number: int, one: Seen, dissection: Dissection, ends: dict[str, Direction]) -> Message:
    transit, segment = one.transit, one.segment
    own, peer = ends[transit.sender], ends[OTHER[transit.sender]]
    if own.base is None:
        own.base = segment.seq if segment.flags & SYN else seq.add(segment.seq, -1)
    if peer.base is None and segment.flags & ACK:
        peer.base = seq.add(segment.ack, -1)
    labels = _labels(one, own, peer)
    details = [Detail("seq", segment.seq, (segment.seq - own.base) % seq.MODULUS)]
    if segment.flags & ACK:
        base = peer.base
        details.append(
            Detail("ack", segment.ack, None if base is None else (segment.ack - base) % seq.MODULUS)
        )
    if one.length:
        details.append(Detail("data", one.length))
    _remember(one, own, peer)
    start = len(transit.frame) - sum(len(x.data) for x in dissection.layers if x.name == "padding")
    size = 4 * (segment.data_offset or 5) + len(segment.data)
    at = dissection.transport_at
    return Message(
        number,
        "TCP",
        str(segment.flags),
        transit.frame[at : at + size],
        (Source(transit.number, at, min(at + size, start)),),
        transit.connection,
        transit.sender,
        tuple(details),
        tuple(labels),
        _notes(one, dissection, peer),
    )


def _labels(one: Seen, own: Direction, peer: Direction) -> list[str]:
    """What the segment is in the light of those before it."""
    segment, flags = one.segment, one.segment.flags
    labels = []
    if own.nxt is not None and not flags & RST:
        ahead = seq.distance(own.nxt, segment.seq)
        probes = one.length <= 1 and ahead == -1 and not flags & (SYN | FIN) and peer.ack == own.nxt
        if probes:
            labels.append("keep-alive")
        elif one.span and ahead < 0:
            earlier = own.sent.get(segment.seq)
            if _fills_gap(one, own):
                labels.append("late, or sent again: fills a gap")
            else:
                labels.append(f"retransmission of {earlier[0]}" if earlier else "retransmission")
        elif ahead > 0:
            own.gaps.append((own.nxt, segment.seq))
            labels.append(f"{ahead} bytes before it were not captured")
    plain = not one.span and not flags & (SYN | FIN | RST) and bool(flags & ACK)
    if plain and not labels and own.ack == segment.ack and own.window is not None:
        if peer.probed:
            labels.append("answer to the keep-alive")
        elif own.window != segment.window:
            labels.append("window update")
        elif peer.nxt is not None and seq.less(segment.ack, peer.nxt):
            labels.append("duplicate ACK")
    if not segment.window and not flags & (SYN | RST):
        labels.append("zero window")
    return labels


def _fills_gap(one: Seen, own: Direction) -> bool:
    """Whether a segment brings bytes that were missing; what is still missing stays in `gaps`."""
    start = one.segment.seq
    for index, (low, high) in enumerate(own.gaps):
        if seq.between(low, start, high):
            left = [(low, start)] if low != start else []
            right = [(one.end, high)] if seq.less(one.end, high) else []
            own.gaps[index : index + 1] = left + right
            return True
    return False


def _remember(one: Seen, own: Direction, peer: Direction) -> None:
    segment, flags = one.segment, one.segment.flags
    if flags & SYN:
        size, shift = segment.option(MSS), segment.option(WINDOW_SCALE)
        own.mss = size.numbers[0] if size and size.numbers else None
        own.scale = shift.numbers[0] if shift and shift.numbers else None
    if flags & FIN:
        own.fin = seq.add(one.end, -1)
    if not flags & RST:
        if one.span:
            own.sent[segment.seq] = one.transit.number, one.end
        if own.nxt is None or seq.less(own.nxt, one.end):
            own.nxt = one.end
        own.window = segment.window
    if flags & ACK and (own.ack is None or seq.less(own.ack, segment.ack)):
        own.ack = segment.ack
    own.probed = (
        own.nxt is not None
        and one.length <= 1
        and segment.seq == seq.add(own.nxt, -1)
        and (peer.ack == own.nxt and not flags & (SYN | FIN | RST))
    )
    peer.probed = False


def _notes(one: Seen, dissection: Dissection, peer: Direction) -> tuple[str, ...]:
    """What a capture does to a packet, so that nobody is blamed for it."""
    notes = []
    for layer, verdict in dissection.checksums.items():
        if verdict == "bad":
            notes.append(f"the {layer} checksum is wrong: the bytes were changed on the way, or made wrong")
        elif verdict.startswith("not filled in"):
            notes.append(f"the {layer} checksum is {verdict}")
    if peer.mss and one.length > peer.mss:
        notes.append(
            f"{one.length} bytes of data, though the peer takes {peer.mss} at once: the network card cuts "
            "such a segment up (or has put several together); no cable carried it like this"
        )
    if dissection.length_missing:
        notes.append(
            "the IP header says length 0: the network card was to fill it in, for each piece it cuts"
        )
    missing = one.transit.wire_length - len(one.transit.frame)
    if missing:
        notes.append(f"the capture kept {len(one.transit.frame)} of {one.transit.wire_length} bytes")
    if dissection.error:
        notes.append(f"could not be read to its end: {dissection.error}")
    return tuple(notes)


def _other(number: int, transit: Transit, dissection: Dissection) -> Message:
    """A frame of a connection that holds no TCP segment that can be read (UDP, or cut too short)."""
    name = dissection.transport.name if dissection.transport else "cut"
    data = dissection.transport.data if dissection.transport else b""
    at = dissection.transport_at if dissection.transport else 0
    details = (Detail("data", dissection.data_length),) if dissection.transport else ()
    return Message(
        number,
        name,
        name,
        transit.frame[at : at + 8 + len(data)],
        (Source(transit.number, at, at + 8 + len(data)),),
        transit.connection,
        transit.sender,
        details,
    )


def _placed(connection: Connection, seen: Sequence[Seen]) -> Connection:
    """Where the capture was taken, from the timing of the handshake: the quick answer came from nearby."""
    if connection.client[0] == connection.server[0]:
        note = "both ends are on the same machine, and so is the capture"
        return replace(connection, near="client", delay=0.0, notes=(*connection.notes, note))
    times: dict[str, float] = {}
    syns = 0
    for one in seen:
        kind, time = kind_of(one.segment, one.length), one.transit.seen
        if time is None:
            return connection
        if one.transit.sender == "client" and kind == "SYN" and "answered" not in times:
            times["asked"] = time  # the last SYN before the answer
            syns += 1
        elif one.transit.sender == "server" and kind == "SYN,ACK" and "asked" in times:
            times.setdefault("answered", time)
            times["repeated"] = time  # the last answer before the third segment
        elif one.transit.sender == "client" and kind in ("ACK", "data") and "answered" in times:
            times["confirmed"] = time
            break
        else:
            return connection  # no handshake that we could read the timing of
    if "confirmed" not in times:
        return connection
    if syns > 1:
        return connection  # nobody knows which SYN was answered
    out, back = times["answered"] - times["asked"], times["confirmed"] - times["repeated"]
    near = "client" if back < out / 4 else "server" if out < back / 4 else None
    if near is None:
        return connection
    note = (
        f"captured near the {near}, whose answers follow at once; the round trip took "
        f"{1000 * max(out, back):.1f} ms, half of which is reckoned for each way"
    )
    return replace(connection, near=near, delay=max(out, back) / 2, notes=(*connection.notes, note))


def _losses(connection: Connection, seen: Sequence[Seen]) -> list[Fault]:
    """Transits that evidently never arrived, by what was sent again before anything confirmed them."""
    faults = []
    for index, one in enumerate(seen):
        later = seen[index + 1 :]
        again = _asked_again(one, later)
        if one.transit.sender == (connection.near or "client"):
            # (What was seen near its receiver did arrive, even if it is sent again.)
            again = again or _sent_again(one, later)
        if again:
            text = f"transit {one.transit.number} evidently got lost: {again}"
            faults.append(
                Fault(
                    "lost",
                    text,
                    one.transit.time,
                    one.transit.number,
                    certainty="inferred",
                    connection=connection.number,
                )
            )
    return faults


def _asked_again(one: Seen, later: Sequence[Seen]) -> str:
    """The evidence that an answer to a SYN got lost: the caller calls again."""
    if kind_of(one.segment, one.length) != "SYN,ACK":
        return ""
    asked: Seen | None = None
    for other in later:
        kind = kind_of(other.segment, other.length)
        if other.transit.sender != one.transit.sender:
            if kind != "SYN":
                return ""  # it was confirmed after all: question and answer crossed
            if not _crossed(one, other):
                asked = asked or other
        elif asked and kind == "SYN,ACK":
            return f"the SYN that it answers was sent again as transit {asked.transit.number}"
    return ""


def _crossed(one: Seen, other: Seen) -> bool:
    """Whether the peer's segment came too soon to be a complaint: it was under way already."""
    return other.transit.time - one.transit.time < SOONEST_TIMER


def _sent_again(one: Seen, later: Sequence[Seen]) -> str:
    """The evidence that a transit got lost, in words, or ""."""
    sender, segment = one.transit.sender, one.segment
    for other in later:
        if other.transit.sender == sender:
            # (Of two ends that call each other, each repeats its SYN in its answer: that tells no loss.)
            same = (segment.flags ^ other.segment.flags) & (SYN | ACK) == 0 or not segment.flags & SYN
            if one.span and same and other.segment.seq == segment.seq and other.span >= one.span:
                return f"it was sent again as transit {other.transit.number}, and nothing had confirmed it"
        elif one.span and other.segment.flags & ACK and seq.less_equal(one.end, other.segment.ack):
            return ""
        elif kind_of(other.segment, other.length) == "SYN,ACK" and kind_of(segment, one.length) == "ACK":
            # The third step of the handshake takes no number; that it is missed shows in the second's return.
            if not _crossed(one, other):
                return f"the server sent its SYN,ACK again as transit {other.transit.number}"
        elif not one.span:
            return ""
    return ""

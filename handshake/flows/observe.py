"""One TCP connection as an observer sees it: names, relative numbers, what was sent again, what got lost.

The words are those that capture tools use.  Nothing here is certain in the way a machine's own account is:
an observer near one end cannot see what reached the other, and says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from handshake.flows import terms
from handshake.flows.losses import losses
from handshake.flows.seen import Direction, Seen, kind_of
from handshake.peel import Dissection
from handshake.tcp import seq
from handshake.tcp.options import MSS, WINDOW_SCALE
from handshake.tcp.segment import ACK, FIN, RST, SYN, Segment
from handshake.trace import OTHER, Connection, Detail, Fault, Message, Source, Transit

AT_ONCE = 0.002
"""A machine that refuses needs no longer than this, in seconds."""


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
            own, peer = ends[transit.sender], ends[OTHER[transit.sender]]
            length = max(0, dissection.data_length)
            probe = _probe(segment, length, own, peer)
            one = Seen(transit, segment, length, probe, _is_stray(segment, own, peer))
            message = _describe(number, one, dissection, ends)
            seen.append(one)
        else:
            message = _other(number, transit, dissection)
        messages.append(message)
    connection = _placed(connection, seen)
    faults = losses(connection, seen) if any(t.seen is not None for t in kept) else ()
    lost = {fault.transit for fault in faults}
    marked = {t.number: replace(t, fault="lost") if t.number in lost else t for t in kept}
    kept = list(marked.values())
    seen = [replace(one, transit=marked[one.transit.number]) for one in seen]
    return Observed(connection, tuple(kept), tuple(messages), tuple(faults), tuple(seen), ends)


def _describe(number: int, one: Seen, dissection: Dissection, ends: dict[str, Direction]) -> Message:
    transit, segment = one.transit, one.segment
    own, peer = ends[transit.sender], ends[OTHER[transit.sender]]
    # Somebody else's, or an earlier connection's: it tells nothing of where this one stands.
    alien = transit.fault in ("forged", "old") and own.base is not None
    if segment.flags & SYN and not alien and (own.base != segment.seq or own.fin is not None):
        own.begins(segment.seq)  # its numbers begin here, whatever was seen before
    if own.base is None:
        own.base = seq.add(segment.seq, -1)
    if peer.base is None and segment.flags & ACK:
        peer.base = seq.add(segment.ack, -1)
    labels = [] if alien else _labels(one, own, peer)
    if transit.fault == "duplicate":  # the network's doing: its sender sent it once
        first = own.sent.get(segment.seq) if one.span else None
        labels = [f"copy of {first[0]}" if first else "copy"]
    # The RST,ACK of who knows no connection numbers from 0, and 0 is relative to nothing that went before.
    bare = segment.flags & RST and segment.flags & ACK and not segment.seq and own.base != seq.add(0, -1)
    details = [Detail("seq", 0) if bare else own.detail("seq", segment.seq)]
    if segment.flags & ACK:
        details.append(peer.detail("ack", segment.ack))
    if one.length:
        details.append(Detail("data", one.length))
    if not alien:
        _remember(one, own, peer)
    at = dissection.transport_at
    data = transit.frame[at : at + 4 * (segment.data_offset or 5) + len(segment.data)]
    return Message(
        number,
        "TCP",
        str(segment.flags),
        data,
        (Source(transit.number, at, at + len(data)),),
        transit.connection,
        transit.sender,
        tuple(details),
        tuple(labels),
        _notes(one, dissection, peer),
    )


def _labels(one: Seen, own: Direction, peer: Direction) -> list[str]:
    """What the segment is in the light of those before it."""
    segment, flags = one.segment, one.segment.flags
    labels = [terms.OUTSIDE] if one.stray else []
    if own.nxt is not None and not flags & RST:
        ahead = seq.distance(own.nxt, segment.seq)
        if one.probe:
            labels.append(one.probe)
        elif one.span and ahead < 0:
            earlier = own.sent.get(segment.seq)
            if _fills_gap(one, own):
                labels.append("late, or sent again: fills a gap")
            elif flags & SYN and flags & ACK and own.ack is None:
                labels.append("now with an ACK")  # both ends called
            else:
                labels.append(terms.RETRANSMISSION + (f" of {earlier[0]}" if earlier else ""))
        elif ahead > 0:
            own.gaps.append((own.nxt, segment.seq))
            labels.append(f"{ahead} bytes before it were {terms.NOT_CAPTURED}")
    plain = not one.span and not flags & (SYN | FIN | RST) and bool(flags & ACK)
    if plain and not labels and own.ack == segment.ack and own.window is not None:
        if peer.probed:
            labels.append(f"answer to the {peer.probed}")
        elif own.window != segment.window:
            labels.append("window update")
        elif peer.nxt is not None and seq.less(segment.ack, peer.nxt):
            labels.append("duplicate ACK")
    if not segment.window and not flags & (SYN | RST):
        labels.append(terms.ZERO_WINDOW)
    return labels


def _probe(segment: Segment, length: int, own: Direction, peer: Direction) -> str:
    """What a segment is called that asks "are you there?", or "".

    It repeats the last number that was confirmed; or, at a closed window, brings one byte that does not fit.
    """
    if own.nxt is None or length > 1 or segment.flags & (SYN | FIN | RST):
        return ""
    if segment.seq == seq.add(own.nxt, -1) and peer.ack == own.nxt:
        return terms.KEEP_ALIVE if peer.window else terms.ZERO_WINDOW_PROBE
    if length == 1 and peer.window == 0 and segment.seq == peer.ack:
        return terms.ZERO_WINDOW_PROBE
    return ""


def _is_stray(segment: Segment, own: Direction, peer: Direction) -> bool:
    """Whether a reset is outside the window of its receiver, who drops it (RFC 9293 section 3.10.7.4)."""
    if not segment.flags & RST or own.nxt is None or peer.ack is None or peer.window is None:
        return False
    window = peer.window << (peer.scale or 0)
    last = max(seq.distance(peer.ack, own.nxt), window)  # what was sent may be ahead of a small window
    return not 0 <= seq.distance(peer.ack, segment.seq) <= last


def _fills_gap(one: Seen, own: Direction) -> bool:
    """Whether a segment brings bytes that were missing; what is still missing stays in `gaps`."""
    start, base = one.segment.seq, own.base or 0
    # (They stand in the order of their numbers: the last that begins at or before this one may hold it.)
    after = bisect_right(
        own.gaps, (start - base) % seq.MODULUS, key=lambda gap: (gap[0] - base) % seq.MODULUS
    )
    index = after - 1
    if index < 0:
        return False
    low, high = own.gaps[index]
    if not seq.between(low, start, high):
        return False
    left = [(low, start)] if low != start else []
    right = [(one.end, high)] if seq.less(one.end, high) else []
    own.gaps[index : index + 1] = left + right
    return True


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
    own.probed, peer.probed = one.probe, ""


def _notes(one: Seen, dissection: Dissection, peer: Direction) -> tuple[str, ...]:
    """What a capture does to a packet, so that nobody is blamed for it."""
    notes = []
    for layer, verdict in dissection.checksums.items():
        if verdict == "bad":
            notes.append(
                f"the {layer} {terms.WRONG_CHECKSUM}: the bytes were changed on the way, or made wrong"
            )
        elif verdict.startswith(terms.NOT_FILLED_IN):
            notes.append(f"the {layer} checksum is {verdict}")
    if peer.mss and one.length > peer.mss:
        notes.append(
            f"{one.length} bytes of data, though the peer takes {peer.mss} at once: {terms.CUT_BY_CARD} "
            "such a segment up (or has put several together); no cable carried it like this"
        )
    if dissection.length_missing:
        notes.append(f"{terms.NO_LENGTH}: the network card was to fill it in, for each piece it cuts")
    missing = one.transit.wire_length - len(one.transit.frame)
    if missing:
        notes.append(f"{terms.KEPT} {len(one.transit.frame)} of {one.transit.wire_length} bytes")
    if dissection.error:
        notes.append(f"{terms.UNREADABLE}: {dissection.error}")
    return tuple(notes)


def _other(number: int, transit: Transit, dissection: Dissection) -> Message:
    """A frame of a connection that holds no TCP segment that can be read (UDP, or cut too short)."""
    whole = transit.wire_length <= len(transit.frame)
    name = dissection.transport.name if dissection.transport else "damaged" if whole else "cut"
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
    if (away := _refused_from_afar(seen)) is not None:
        note = (
            f"a machine refuses at once, so the {1000 * away:.1f} ms until the refusal were the way there "
            "and back: captured near the client, and half of it is reckoned for each way"
        )
        return replace(connection, near="client", delay=away / 2, notes=(*connection.notes, note))
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


def _refused_from_afar(seen: Sequence[Seen]) -> float | None:
    """How long a refusal took to come, if it took so long that it came over a network."""
    if len(seen) < 2 or [kind_of(one.segment, one.length) for one in seen[:2]] != ["SYN", "RST"]:
        return None
    asked, refused = (one.transit.seen for one in seen[:2])
    if asked is None or refused is None or seen[1].transit.sender != "server":
        return None
    return refused - asked if refused - asked > AT_ONCE else None

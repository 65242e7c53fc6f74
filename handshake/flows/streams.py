"""What the programs at both ends sent, and what reached them, put together from the segments of a trace."""

from __future__ import annotations

from collections.abc import Sequence

from handshake.peel import Dissection
from handshake.tcp import SYN, Segment, Stream, seq
from handshake.trace import Address, Connection, Message, Trace
from handshake.trace.lazy import of_connection


def plaintext(trace: Trace) -> dict[Address, bytes]:
    """The bytes that each end sent: {(ip, port) of the sender: bytes}; see `Trace.plaintext`."""
    found: dict[Address, bytes] = {}
    for connection in trace.connections:
        inside = [each for each in of_connection(trace.messages, connection.number) if each.layer == "TLS"]
        for end in ("client", "server"):
            address = connection.address(end)
            said = _opened(inside, end) if inside else _sent(trace, connection, end)
            found[address] = found.get(address, b"") + said
    return found


def _opened(messages: Sequence[Message], end: str) -> bytes:
    """The application data of one end, as far as they were opened."""
    said = (each for each in messages if each.sender == end and each.form == "data")
    return b"".join(each.data if each.plaintext is None else each.plaintext for each in said)


def _sent(trace: Trace, connection: Connection, end: str) -> bytes:
    """What one end sent on a connection; a SYN of another number begins a new stream."""
    streams = [Stream()]
    numbers: dict[int, Stream] = {}  # the stream that began with a SYN of that number
    datagrams = []
    for number in connection.transits:
        transit = trace[number]
        if transit.sender != end:
            continue
        part = Dissection(transit.frame, transit.link, transit.length).transport
        if not isinstance(part, Segment):
            datagrams.append(part.data if part else b"")
            continue
        first = seq.add(part.seq, bool(part.flags & SYN))
        if part.flags & SYN and part.seq not in numbers:
            if streams[-1].start is not None:
                streams.append(Stream())
            streams[-1].start = first
            numbers[part.seq] = streams[-1]
        # (A SYN that comes again belongs to the stream that it began.)
        numbers.get(part.seq, streams[-1]).add(first, part.data)
    return b"".join([stream.data for stream in streams] + datagrams)


def received(trace: Trace, end: str, connection: int | None = None) -> list[bytes]:
    """What reached the program of an end that was run: one item for each time that its connection was opened.

    connection: its number; the first, if none is given.
    """
    number = trace.connections[0].number if connection is None else connection
    found: list[Stream] = []
    taken: list[int] = []
    for step in of_connection(trace.steps, number):
        if step.end != end or "RCV.NXT" not in step.after:
            continue
        start = seq.add(int(step.after["IRS"]), 1)
        if not found or found[-1].start != start or "RCV.NXT" not in step.before:
            found.append(Stream(start))
            taken.append(0)
        if step.transit is None:
            continue
        transit = trace[step.transit]
        dissection = Dissection(transit.frame, transit.link, transit.length)
        part = dissection.transport
        damaged = dissection.checksums.get("TCP") == "bad"
        if isinstance(part, Segment) and not damaged and "unacceptable" not in step.cause:
            found[-1].add(seq.add(part.seq, bool(part.flags & SYN)), part.data)
            taken[-1] = seq.distance(start, int(step.after["RCV.NXT"]))
    return [stream.data[: max(0, count)] for stream, count in zip(found, taken, strict=True)]

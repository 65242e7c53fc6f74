"""What the programs at both ends sent, put together from the segments of a trace."""

from __future__ import annotations

from handshake.peel import Dissection
from handshake.tcp import SYN, Segment, Stream, seq
from handshake.trace import Address, Trace


def plaintext(trace: Trace) -> dict[Address, bytes]:
    """The bytes that each end sent: {(ip, port) of the sender: bytes}; see `Trace.plaintext`."""
    found: dict[Address, bytes] = {}
    for connection in trace.connections:
        streams = {"client": Stream(), "server": Stream()}
        datagrams: dict[str, list[bytes]] = {"client": [], "server": []}
        for number in connection.transits:
            transit = trace[number]
            part = Dissection(transit.frame, transit.link, transit.length).transport
            if isinstance(part, Segment):
                stream = streams[transit.sender]
                if part.flags & SYN and stream.start is None:
                    stream.start = seq.add(part.seq, 1)
                stream.add(seq.add(part.seq, bool(part.flags & SYN)), part.data)
            elif part is not None:
                datagrams[transit.sender].append(part.data)
        for end in ("client", "server"):
            address = connection.address(end)
            found[address] = found.get(address, b"") + streams[end].data + b"".join(datagrams[end])
    return found

"""Sorting frames into connections by the two addresses and ports."""

from __future__ import annotations

from dataclasses import dataclass, field

from handshake.peel import Dissection
from handshake.tcp import seq
from handshake.tcp.segment import ACK, FIN, RST, SYN, Segment
from handshake.trace import Address

BRINGS_UP = int(SYN | RST | FIN)
OPENS = int(SYN)
ANSWERS = int(SYN | ACK)


@dataclass(slots=True)
class Flow:
    """One connection while it is being collected.

    client: who opened it, as far as can be told; sure: whether a SYN told it.
    isn: the number of the client's SYN, if it was seen.   transits: numbers of its transits.
    """

    number: int
    protocol: str
    client: Address
    server: Address
    sure: bool
    isn: int | None = None
    over: bool = False
    transits: list[int] = field(default_factory=list)


Ends = tuple[str, int, str, int, type]


class FlowTable:
    """All connections of a capture: `place` says which one a frame belongs to, and which end sent it."""

    def __init__(self) -> None:
        self.flows: list[Flow] = []
        self._open: dict[Ends, tuple[Flow, str]] = {}

    def place(self, number: int, dissection: Dissection) -> tuple[int | None, str]:
        """The connection of transit `number` and its sender; (None, "") for frames without ports."""
        network, transport = dissection.network, dissection.transport
        if network is None or transport is None:
            return None, ""
        kind = type(transport)
        key = (network.source, transport.source_port, network.destination, transport.destination_port, kind)
        found = self._open.get(key)
        if found is None or (
            isinstance(transport, Segment) and transport.flags & BRINGS_UP and _is_new(found, transport)
        ):
            found = self._begin(key, transport)
        flow, sender = found
        flow.transits.append(number)
        return flow.number, sender

    def _begin(self, key: Ends, transport: object) -> tuple[Flow, str]:
        source, destination = key[0:2], key[2:4]
        sender, sure, isn = "client", False, None
        if isinstance(transport, Segment) and transport.flags & SYN:
            sure = True
            if transport.flags & ACK:
                sender, isn = "server", seq.add(transport.ack, -1)
            else:
                isn = transport.seq
        elif source[1] < destination[1]:
            sender = "server"  # services have low, well-known ports; callers get high ones
        client, server = (source, destination) if sender == "client" else (destination, source)
        name = "TCP" if isinstance(transport, Segment) else "UDP"
        flow = Flow(len(self.flows) + 1, name, client, server, sure, isn)
        self.flows.append(flow)
        other = "server" if sender == "client" else "client"
        self._open[key] = flow, sender
        self._open[(*destination, *source, key[4])] = flow, other
        return flow, sender


def _is_new(found: tuple[Flow, str], segment: Segment) -> bool:
    """Whether a SYN, FIN or RST between two known ends begins another connection: ports are used again."""
    flow, sender = found
    if segment.flags & ANSWERS == OPENS:
        # The same SYN again is a retransmission; a simultaneous open has a SYN from the other end.
        again = not flow.over and (flow.isn == segment.seq or sender == "server")
        return not again
    flow.over = flow.over or bool(segment.flags & (FIN | RST))
    return False

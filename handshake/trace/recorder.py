"""What a running source fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handshake.trace.records import Address, Connection, Fault, Message, Secret, Step, Transit
from handshake.trace.whole import Trace


@dataclass
class Recorder:
    """What a running source fills.  `snapshot()` at any time is the Trace so far.

    describe: makes the messages of a finished list of transits; given by the source, since only the source
    knows what its bytes mean.
    """

    title: str = ""
    epoch: int = 0
    describe: Callable[[Sequence[Transit], Sequence[Connection]], Iterable[Message]] = lambda t, c: ()
    transits: list[Transit] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _connections: dict[tuple[str, Address, Address], list[int]] = field(default_factory=dict)

    def connection(self, protocol: str, client: Address, server: Address) -> int:
        """The number of the connection between these two; a new one at first sight."""
        key = (protocol, client, server)
        self._connections.setdefault(key, [])
        return list(self._connections).index(key) + 1

    def sent(self, frame: bytes, at: float, *, connection: int, sender: str, link: str = "ethernet") -> int:
        """Bytes left their sender; the answer is the number of the transit."""
        number = len(self.transits) + 1
        self.transits.append(Transit(number, frame, link, sent=at, connection=connection, sender=sender))
        list(self._connections.values())[connection - 1].append(number)
        return number

    def arrived(self, number: int, at: float) -> None:
        """The bytes of that transit reached their receiver."""
        self._amend(number, arrived=at)

    def befell(self, number: int, kind: str, text: str, at: float) -> None:
        """A fault touched that transit: one of FAULTS, told in one sentence."""
        self._amend(number, fault=kind)
        self.faults.append(Fault(kind, text, at, number, connection=self.transits[number - 1].connection))

    def step(self, *, at: float, connection: int, end: str, cause: str, **rest: Any) -> None:
        """One end did something; `rest` are the other fields of Step."""
        self.steps.append(Step(len(self.steps) + 1, at, connection, end, cause, **rest))

    def snapshot(self) -> Trace:
        """The Trace of what has happened so far."""
        transits = tuple(self.transits)
        connections = tuple(
            Connection(i, protocol, client, server, tuple(numbers))
            for i, ((protocol, client, server), numbers) in enumerate(self._connections.items(), 1)
        )
        return Trace(
            self.title,
            transits,
            tuple(self.describe(transits, connections)),
            tuple(self.steps),
            tuple(self.secrets),
            connections,
            tuple(self.faults),
            self.epoch,
        )

    def _amend(self, number: int, **changes: Any) -> None:
        self.transits[number - 1] = replace(self.transits[number - 1], **changes)

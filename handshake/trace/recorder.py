"""What a running source fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from handshake.trace.lazy import ByConnection, Deferred
from handshake.trace.records import Address, Connection, Fault, Message, Secret, Step, Transit
from handshake.trace.whole import Trace

Frame = bytes | Callable[[], bytes]
"""The bytes of a transit, or what makes them when somebody looks."""


ARRIVED, CONNECTION, FAULT = 3, 4, 6
"""Where these stand in the row of a transit."""


class Tale(Protocol):
    """What an end did, and can tell when somebody looks."""

    def told(self) -> Mapping[str, Any]:
        """The fields of a Step that take work: cause, before, after, notes."""
        ...


class Fields(NamedTuple):
    """A tale whose fields are known already."""

    fields: Mapping[str, Any]

    def told(self) -> Mapping[str, Any]:
        """The fields of a Step."""
        return self.fields


@dataclass
class Recorder:
    """What a running source fills.  `snapshot()` at any time is the Trace so far.

    describe: makes the messages of one connection from its transits; given by the source, since only the
    source knows what its bytes mean.
    A long run holds more than anybody looks at.  So a frame may be given as a function that makes it, and
    what an end did as something that can tell it.
    """

    title: str = ""
    epoch: int = 0
    describe: Callable[[Connection, Sequence[Transit]], Iterable[Message]] = lambda connection, transits: ()
    secrets: list[Secret] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # A row for each transit: frame, link, sent, arrived, connection, sender, fault; one for each step; and
    # for each connection the numbers of its transits.
    _sent: list[list[Any]] = field(default_factory=list)
    _steps: list[tuple[float, int, str, int | None, tuple[int, ...], Tale]] = field(default_factory=list)
    _numbers: dict[tuple[str, Address, Address], int] = field(default_factory=dict)
    _transits: list[list[int]] = field(default_factory=list)
    _above: list[Step] = field(default_factory=list)

    def connection(self, protocol: str, client: Address, server: Address) -> int:
        """The number of the connection between these two; a new one at first sight."""
        key = (protocol, client, server)
        number = self._numbers.get(key)
        if number is None:
            self._transits.append([])
            number = self._numbers[key] = len(self._transits)
        return number

    def sent(
        self, frame: Frame, at: float, connection: int, sender: str, link: str = "ethernet"
    ) -> int:  # fmt: skip
        """Bytes left their sender; the answer is the number of the transit."""
        self._sent.append([frame, link, at, None, connection, sender, None])
        number = len(self._sent)
        self._transits[connection - 1].append(number)
        return number

    def arrived(self, number: int, at: float) -> None:
        """The bytes of that transit reached their receiver."""
        self._sent[number - 1][ARRIVED] = at

    def befell(self, number: int, kind: str, text: str, at: float) -> None:
        """A fault touched that transit: one of FAULTS, told in one sentence."""
        row = self._sent[number - 1]
        row[FAULT] = kind
        self.faults.append(Fault(kind, text, at, number, connection=row[CONNECTION]))

    def happened(self, kind: str, text: str, at: float, *, connection: int | None, end: str) -> None:
        """Something befell a whole end: one of EVENTS, told in one sentence."""
        self.faults.append(Fault(kind, text, at, connection=connection, end=end))

    def step(
        self, at: float, connection: int, end: str, tale: Tale, transit: int | None = None,
        sends: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        """One end did something.   tale: what tells the other fields of the Step."""
        self._steps.append((at, connection, end, transit, sends, tale))

    def told(
        self, at: float, connection: int, end: str, *, transit: int | None = None,
        sends: tuple[int, ...] = (), **fields: Any,
    ) -> None:  # fmt: skip
        """One end did something, which is told here: cause, before, after, notes."""
        self.step(at, connection, end, Fields(fields), transit, sends)

    def told_above(self, at: float, connection: int, end: str, **fields: Any) -> None:
        """What an end did in the layer above TCP: cause, before, after, notes, transit."""
        self._above.append(Step(len(self._above) + 1, at, connection, end, **fields))

    @property
    def count(self) -> int:
        """How many transits there are so far."""
        return len(self._sent)

    def clear(self) -> None:
        """Forget everything so far; connections are numbered anew."""
        for kept in (self.secrets, self.faults, self._sent, self._steps, self._above, self._transits):
            kept.clear()
        self._numbers.clear()

    def snapshot(self) -> Trace:
        """The Trace of what has happened so far."""
        sent, rows = [tuple(row) for row in self._sent], tuple(self._steps)
        connections = tuple(
            Connection(number, protocol, client, server, tuple(self._transits[number - 1]))
            for (protocol, client, server), number in self._numbers.items()
        )

        def transit(index: int) -> Transit:
            frame, link, left, landed, connection, sender, fault = sent[index]
            return Transit(
                index + 1, frame if isinstance(frame, bytes) else frame(), link, sent=left, arrived=landed,
                connection=connection, sender=sender, fault=fault,
            )  # fmt: skip

        def step(index: int) -> Step:
            at, connection, end, arrival, sends, tale = rows[index]
            return Step(index + 1, at, connection, end, transit=arrival, sends=sends, **tale.told())

        def messages(number: int) -> Sequence[Message]:
            connection = connections[number - 1]
            return tuple(self.describe(connection, [transits[n - 1] for n in connection.transits]))

        transits = Deferred(len(sent), lru_cache(maxsize=None)(transit))
        return Trace(
            self.title,
            transits,
            ByConnection(range(1, len(connections) + 1), messages, _place),
            Deferred(len(rows), lru_cache(maxsize=None)(step)),
            tuple(self.secrets),
            connections,
            tuple(self.faults),
            self.epoch,
            tuple(self._above),
        )


def _place(message: Message) -> tuple[int, int]:
    """Where a message stands among those of all connections."""
    return (message.sources[0].transit, message.number) if message.sources else (0, message.number)

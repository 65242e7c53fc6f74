"""The Trace itself: lookups, and the doors to the views."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, overload

from handshake.trace.lazy import of_connection
from handshake.trace.records import (
    ABOVE,
    Address,
    Connection,
    Fault,
    Flight,
    Message,
    Moment,
    Secret,
    Step,
    Transit,
    flight,
)

Numbered = TypeVar("Numbered", Transit, Connection)


@dataclass(frozen=True)
class Trace:
    """Everything that happened, to be looked up by number, name or time.

    trace[3] is transit 3; trace["SYN, ACK"] the first message of that name; trace[0.04] the Moment at 40 ms.
    print(trace) is the ladder in text; in a notebook a trace shows itself as a timeline.
    """

    title: str = ""
    transits: Sequence[Transit] = ()
    messages: Sequence[Message] = ()
    steps: Sequence[Step] = ()
    secrets: Sequence[Secret] = ()
    connections: Sequence[Connection] = ()
    faults: Sequence[Fault] = ()
    epoch: int = 0
    """When the clock was 0, in nanoseconds since 1970-01-01 UTC."""
    above: Sequence[Step] = ()
    """What each end did in the layer above TCP: of TLS, where it was run and not only seen."""

    @overload
    def __getitem__(self, key: int) -> Transit: ...
    @overload
    def __getitem__(self, key: str) -> Message: ...
    @overload
    def __getitem__(self, key: float) -> Moment: ...
    def __getitem__(self, key: int | str | float) -> Transit | Message | Moment:
        if isinstance(key, str):
            found = next(iter(self.named(key)), None)
            if found is None:
                names = list(dict.fromkeys(m.name for m in self.messages))
                raise KeyError(f"no message is called {key!r}; there are: {'; '.join(names[:20]) or 'none'}")
            return found
        if isinstance(key, int):
            transit = _numbered(self.transits, key)
            if transit is not None:
                return transit
            raise KeyError(
                f"no transit has the number {key}; there are {len(self.transits)} transits, counted from 1"
                " (a moment is written with a point: trace[0.0])"
            )
        return self.at(key)

    def named(self, name: str) -> tuple[Message, ...]:
        """All messages of that name, in order; "SYN,ACK" and "SYN+ACK" are "SYN, ACK" as well."""
        wanted = _squeezed(name)
        return tuple(m for m in self.messages if _squeezed(m.name) == wanted)

    def about(self, transit: int) -> tuple[Message, ...]:
        """The messages that have bytes in that transit."""
        number = self[transit].connection
        nearby = self.messages if number is None else of_connection(self.messages, number)
        return tuple(m for m in nearby if any(source.transit == transit for source in m.sources))

    def at(self, time: float) -> Moment:
        """States and transits under way at an instant; what happens at that very instant has happened."""
        states: dict[tuple[int, str], str] = {}
        for step in self.steps:
            key = (step.connection, step.end)
            if step.time <= time:
                states[key] = str(step.after["state"])
            else:
                states.setdefault(key, str(step.before["state"]))
        under_way = []
        for transit in self.transits:
            left, landed, _ = self.flight(transit)
            if left is not None and landed is not None and left <= time < landed:
                under_way.append(transit.number)
        return Moment(time, states, tuple(under_way))

    def flight(self, transit: Transit) -> Flight:
        """When it left and landed; for a captured one reckoned from where the capture was taken."""
        return flight(transit, None if transit.connection is None else self.connection(transit.connection))

    def connection(self, number: int) -> Connection:
        """The connection of that number."""
        connection = _numbered(self.connections, number)
        if connection is not None:
            return connection
        raise KeyError(f"no connection has the number {number}; there are {len(self.connections)}")

    def only(self, connection: int) -> Trace:
        """The trace of one connection; transits keep their numbers."""
        kept = self.connection(connection)
        return Trace(
            self.title,
            tuple(self[number] for number in kept.transits),
            of_connection(self.messages, connection),
            of_connection(self.steps, connection),
            (*of_connection(self.secrets, connection), *of_connection(self.secrets, None)),
            (kept,),
            (*of_connection(self.faults, connection), *of_connection(self.faults, None)),
            self.epoch,
            of_connection(self.above, connection),
        )

    def layer(self, name: str) -> Trace:
        """The trace as one layer sees it: trace.layer("TLS") has its messages, and what its ends did.

        Only the transits that carry any of these messages are left; they keep their numbers.
        KeyError, with what there is, for any other name.
        """
        known = list(dict.fromkeys(("TCP", *ABOVE, *(message.layer for message in self.messages))))
        if name not in known:
            raise KeyError(f"no layer is called {name!r}; there are: {', '.join(known)}")
        if name in ABOVE and self.connections and all(each.protocol == name for each in self.connections):
            return self  # (it is that layer's already)
        messages = tuple(message for message in self.messages if message.layer == name)
        kept = {source.transit for message in messages for source in message.sources}
        connections = tuple(
            replace(each, protocol=name, transits=tuple(n for n in each.transits if n in kept))
            for each in self.connections
        )
        return Trace(
            self.title,
            tuple(transit for transit in self.transits if transit.number in kept),
            messages,
            self.above if name in ABOVE else self.steps,
            self.secrets,
            connections,
            self.faults,
            self.epoch,
        )

    @property
    def entries(self) -> tuple[Transit | Step | Fault, ...]:
        """Everything in the order of time; a fault of the reading comes last, where the reading stopped."""
        run = [f for f in self.faults if f.kind != "reading"]
        ordered: list[Transit | Step | Fault] = [*self.transits, *self.steps, *run]
        ordered.sort(key=lambda entry: entry.time)
        return (*ordered, *(f for f in self.faults if f.kind == "reading"))

    def plaintext(self) -> dict[Address, bytes]:
        """What each end's program sent, put together from the segments: {(ip, port) of the sender: bytes}.

        Connections between the same two ends, one after the other, follow one another here too.  Bytes that
        were never seen are left out, and those after the gap follow at once.
        """
        from handshake import flows

        return flows.plaintext(self)

    def diagnose(self) -> Any:
        """What went wrong, at which end, which packet proves it, what to try: see `handshake.diagnose`."""
        from handshake.diagnose import diagnose

        return diagnose(self)

    def save(self, path: str | Path, *, secrets: bool = True, at: str | None = None) -> Path:
        """Write a pcapng file for Wireshark.

        secrets: put the trace's TLS secrets inside, so that it opens decrypted.
        at: "client" or "server" writes what a capture at that end would hold; None writes every transit,
        lost ones too, at the time that it left its sender.  Nothing is left behind if writing fails.
        """
        from handshake.capture import writer

        return writer.save(self, path, secrets=secrets, at=at)

    def text(self, *, relative: bool = True, rows: int = 60) -> str:
        """The ladder in text; numbers counted from the start of each connection, or as they travelled."""
        from handshake.trace import ladder

        return ladder.text(self, relative=relative, rows=rows)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        transits, connections = len(self.transits), len(self.connections)
        plurals = "s" * (transits != 1), "s" * (connections != 1)
        return f"Trace({self.title!r}, {transits} transit{plurals[0]}, {connections} connection{plurals[1]})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from handshake import show

        return show.timeline(self)._repr_mimebundle_()

    def to_json(self) -> str:
        """The whole trace as JSON text; bytes are written in hexadecimal."""
        from handshake.trace import jsonform

        return jsonform.dump(self)

    @staticmethod
    def from_json(text: str) -> Trace:
        """The trace that `to_json` wrote.   ValueError for any other text."""
        from handshake.trace import jsonform

        return jsonform.load(text)


def _numbered(items: Sequence[Numbered], number: int) -> Numbered | None:
    """The item of that number; items are in the order of their numbers."""
    index = number - 1
    if not (0 <= index < len(items) and items[index].number == number):
        # A whole trace holds every number; one connection of it may lack some.
        index = bisect_left(items, number, key=lambda item: item.number)
    return items[index] if index < len(items) and items[index].number == number else None


def _squeezed(name: str) -> str:
    """A message's name however it is written: the figures have SYN,ACK, tools SYN, ACK, talk SYN+ACK."""
    return name.replace(" ", "").replace("+", ",")

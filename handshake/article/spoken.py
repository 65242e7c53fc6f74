"""How the article's parties talk: in lines of text, over our own TCP, and everything is written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handshake.flows import observe
from handshake.flows.carried import in_order
from handshake.framing import LengthPrefixed
from handshake.sim.link import Link
from handshake.sim.scenario import ends
from handshake.sim.socket import Socket
from handshake.sim.world import CLIENT, SERVER, World
from handshake.tcp.figure import CLOSE_WAIT, ESTABLISHED
from handshake.trace import Connection, Detail, Message, Source, Trace, Transit

LAYER = "article"
MOST = 60_000
PREFIX = 2
THINK = 0.010


@dataclass(frozen=True)
class Said:
    """A message: the number of its step, and its fields by name."""

    step: int
    fields: Mapping[str, bytes]

    def encode(self) -> bytes:
        """As it travels: one line a field, with what is no text in hexadecimal."""
        lines = [f"step: {self.step}"]
        for name, value in self.fields.items():
            plain = value.isascii() and value.decode("ascii").isprintable()
            lines.append(f"{name}: {value.decode()}" if plain and value else f"{name}: 0x{value.hex()}")
        return ("\n".join(lines) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes) -> Said:
        """The message that `encode` wrote.  ValueError for another."""
        pairs = [line.partition(": ") for line in data.decode("ascii").splitlines()]
        fields = {
            name: bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
            for name, _, text in pairs
        }
        return cls(int(fields.pop("step")), fields)


class Story(Protocol):
    """What both parties do."""

    def begin(self, speaker: Speaker) -> None:
        """The client is connected."""

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message came to that speaker."""


class Speaker:
    """One party.   end: "client" or "server".   other: the other party."""

    other: Speaker

    def __init__(self, end: str, story: Story) -> None:
        self.end = end
        self.story = story
        self._socket: Socket | None = None
        self._frames = LengthPrefixed(MOST, size=PREFIX)
        self._read = 0
        self._begun = self._over = False
        self._state = "step 0"

    def __call__(self, socket: Socket) -> None:
        """Something has happened to the socket."""
        self._socket = socket
        if socket.state is ESTABLISHED and self.end == "client" and not self._begun:
            self._begun = True
            socket.after(0.0, lambda: self.story.begin(self))
        data = socket.received[self._read :]
        self._read += len(data)
        for message in self._frames.feed(data):
            self.story.heard(self, Said.decode(message))
        if socket.state is CLOSE_WAIT:
            self.hang_up()

    def say(self, step: int, words: str, fields: Mapping[str, bytes]) -> None:
        """Send a message: that is a step."""
        self.do(step, words)
        if self._socket is not None:
            self._socket.send(self._frames.encode(Said(step, fields).encode()))

    def do(self, step: int, words: str, found: str = "") -> None:
        """A step that sends nothing by itself.   found: what came of it."""
        socket = self._socket
        if socket is None:
            return
        before, self._state = self._state, f"step {step}"
        socket.host.recorder.told_above(
            socket.host.clock.now, socket.connection, self.end, transit=socket.host.arriving,
            cause=f"step {step}", before={"state": before}, after={"state": self._state},
            notes=tuple(filter(None, (words, found))),
        )  # fmt: skip

    def stuck(self, state: str) -> None:
        """It cannot do what the step asks for, and says nothing of it."""
        socket = self._socket
        if socket is None:
            return
        before, self._state = self._state, state
        socket.host.recorder.told_above(
            socket.host.clock.now, socket.connection, self.end, transit=socket.host.arriving,
            cause=before, before={"state": before}, after={"state": state}, notes=(),
        )  # fmt: skip

    def hang_up(self) -> None:
        """End the connection."""
        if not self._over and self._socket is not None:
            self._over = True
            self._socket.after(THINK, self._socket.close)


def run(story: Story, seed: int | bytes | str | None, title: str, delay: float = 0.020) -> Trace:
    """Let two parties act their story out."""
    world = World(seed=seed, link=Link(delay))
    one, other = Speaker("client", story), Speaker("server", story)
    one.other, other.other = other, one
    here, there = ends(world, CLIENT, SERVER, (None, None), one, other, False, {})
    world.clock.at(0.0, there.listen)
    world.clock.at(0.0, here.open)
    world.recorder.describe = described
    world.run()
    return world.trace(title)


def described(connection: Connection, transits: Sequence[Transit]) -> Iterable[Message]:
    """The messages: those of TCP, and the article's."""
    observed = observe(connection, transits)
    yield from observed.messages
    frames = {"client": LengthPrefixed(MOST, size=PREFIX), "server": LengthPrefixed(MOST, size=PREFIX)}
    parts: dict[str, list[Source]] = {"client": [], "server": []}
    number = 0
    for chunk in in_order(observed):
        parts[chunk.sender].append(Source(chunk.transit, chunk.at, chunk.at + len(chunk.data)))
        for data in frames[chunk.sender].feed(chunk.data):
            number += 1
            said = Said.decode(data)
            sources = tuple(_places(parts[chunk.sender], PREFIX, len(data)))
            about = (Detail("", ", ".join(said.fields)),)
            yield Message(
                number, LAYER, f"step {said.step}", data, sources, connection.number, chunk.sender, about,
                form="lines",
            )  # fmt: skip


def _places(parts: list[Source], skip: int, length: int) -> Iterator[Source]:
    """Where a message stood, behind its length; its bytes are taken out."""
    for size, wanted in ((skip, False), (length, True)):
        left = size
        while left:
            part = parts[0]
            took = min(left, part.end - part.start)
            if wanted:
                yield Source(part.transit, part.start, part.start + took)
            left -= took
            if took == part.end - part.start:
                parts.pop(0)
            else:
                parts[0] = Source(part.transit, part.start + took, part.end)

"""A server that starts again, and wants its port back while a connection of its first life still holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from handshake.errors import Refused
from handshake.sim.link import Link
from handshake.sim.programs import Client
from handshake.sim.socket import Socket
from handshake.sim.world import CLIENT, SERVER, World
from handshake.tcp.figure import CLOSE_WAIT, ESTABLISHED
from handshake.trace import Trace

CLOSES_AT = 0.5
"""When one of them closes, in seconds."""


@dataclass
class Closing:
    """A program that closes first, or when its peer has closed."""

    first: bool
    done: bool = field(default=False)

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        if self.done:
            return
        if socket.state is CLOSE_WAIT:
            self.done = True
            socket.after(0.0, socket.close)
        elif socket.state is ESTABLISHED and self.first:
            self.done = True
            socket.after(CLOSES_AT - socket.host.clock.now, socket.close)


def restarting(
    *, first: str = "server", reuse: bool = False, again_at: float = 1.0, delay: float = 0.020,
    seed: int | bytes | str | None = 0,
) -> Trace:  # fmt: skip
    """A connection is closed, the server ends and is started again; it binds its port and listens.

    first: who closes first, "client" or "server": that end gets TIME-WAIT.   reuse: whether the new server
    sets SO_REUSEADDR before it binds.   again_at: when it is started again, in seconds.
    A new client calls half a second later.
    """
    if first not in ("client", "server"):
        raise ValueError(f"first is 'client' or 'server', not {first!r}")
    for name, value, most in (("again_at", again_at, 1e6), ("delay", delay, CLOSES_AT / 2)):
        if not 0 <= value <= most:
            raise ValueError(f"{name} is 0 to {most:g} s, got {value!r}")
    world = World(seed=seed, link=Link(delay))
    client, server = world.host("client", CLIENT[0]), world.host("server", SERVER[0])
    client.time_wait = server.time_wait = True
    server.listen(SERVER[1], lambda: Closing(first == "server"))

    def again() -> None:
        server.listening.clear()  # its first life is over
        first_life = world.recorder.connection("TCP", CLIENT, SERVER)
        try:
            server.listen(SERVER[1], lambda: Closing(False), reuse=reuse)
            kind, text = "restarted", "the server is started again, and listens"
        except Refused as refusal:
            kind, text = "refused", f"the server is started again, and fails: {refusal.why}"
        world.recorder.happened(kind, text, world.clock.now, connection=first_life, end="server")

    def call() -> None:
        client.socket(CLIENT[1] + 1, SERVER, program=Client(b"hello", b"", 0.01)).open()

    world.clock.at(0.0, client.socket(CLIENT[1], SERVER, program=Closing(first == "client")).open)
    world.clock.at(again_at, again)
    world.clock.at(again_at + 0.5, call)
    world.run(again_at + 5.0)
    how = "with" if reuse else "without"
    return world.trace(f"The server starts again, {how} SO_REUSEADDR; the {first} had closed first")

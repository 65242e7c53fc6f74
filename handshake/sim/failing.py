"""What if the client suddenly fails?  Five ways to fail, and what helps to notice it.

A client and a server have a connection that is open for long.  After ten seconds of peace the client fails.
Whether and when the server finds out depends on how, on whether it sends anything, and on who asks: TCP's
keep-alive, the user timeout, or a heartbeat of the application.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from handshake.sim import faults
from handshake.sim.link import Link
from handshake.sim.socket import Socket
from handshake.sim.world import CLIENT, SERVER, World
from handshake.tcp import KeepAlive
from handshake.tcp.figure import CLOSE_WAIT, ESTABLISHED
from handshake.trace import Trace

FAILS_AT = 10.0
"""When the client fails, in seconds after it has called."""

SPEAKS_AT = 15.0
"""When the server sends something, in the cases in which it does."""

STAYS = 5.0
"""How long a client that calls again stays this time, in seconds."""

DAY = 86_400.0


@dataclass(frozen=True)
class Case:
    """One way to fail.

    what: in a sentence.   fault: what befalls the client.   speaks: whether the server sends afterwards.
    calls_again: whether the client, up again, calls from the same port.
    """

    what: str
    fault: faults.Fault
    speaks: bool = False
    calls_again: bool = False


CASES = {
    "process dies": Case(
        "the client's program dies, its system lives on", faults.kill("client", at=FAILS_AT)
    ),
    "silence, server idle": Case(
        "the client's machine is gone, and the server has nothing to say",
        faults.reboot("client", at=FAILS_AT, down=None),
    ),
    "silence, server sends": Case(
        "the client's machine is gone, and the server sends something",
        faults.reboot("client", at=FAILS_AT, down=None),
        speaks=True,
    ),
    "reboot, then data": Case(
        "the client's machine starts again, and then the server sends something",
        faults.reboot("client", at=FAILS_AT, down=2.0),
        speaks=True,
    ),
    "reboot, then SYN": Case(
        "the client's machine starts again, and calls from the same port",
        faults.reboot("client", at=FAILS_AT, down=2.0),
        calls_again=True,
    ),
}
"""The five cases, by name."""


@dataclass(frozen=True)
class Heartbeat:
    """An application that asks by itself.

    interval: between two questions; patience: how long it bears silence; both in seconds, above 0.
    """

    interval: float
    patience: float

    def __post_init__(self) -> None:
        if not 0 < self.interval < inf or not 0 < self.patience < inf:
            raise ValueError(
                f"a heartbeat needs times above 0 s, got {self.interval!r} and {self.patience!r}"
            )


@dataclass
class Quiet:
    """The client's program: it greets, and answers questions.

    stays: how long it stays connected, in seconds; None: as long as it lives.
    """

    stays: float | None = None
    answered: int = 0
    greeted: bool = False

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        if socket.state is ESTABLISHED and not self.greeted:
            self.greeted = True
            socket.send(b"hello")
            if self.stays is not None:
                socket.after(self.stays, socket.close)
        asked = socket.received.count(b"ping")
        if asked > self.answered and socket.state is ESTABLISHED:
            self.answered = asked
            socket.send(b"pong")


@dataclass
class Watchful:
    """The server's program: it may say something later, and it may ask whether anybody is there.

    noticed: called when it concludes that nobody is.
    """

    speaks_at: float | None
    heartbeat: Heartbeat | None
    noticed: Callable[[Socket, str], None]
    heard: int = 0
    heard_at: float = 0.0
    begun: bool = field(default=False)

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        if socket.delivered > self.heard:
            self.heard, self.heard_at = socket.delivered, socket.host.clock.now
        if not self.begun:
            self.begun = True
            self.heard_at = now = socket.host.clock.now
            if self.speaks_at is not None and now < self.speaks_at:
                socket.after(self.speaks_at - now, lambda: self._say(socket, b"news"))
            if self.heartbeat:
                socket.after(self.heartbeat.interval, lambda: self._ask(socket, self.heartbeat))
        if socket.state is CLOSE_WAIT:
            socket.after(0.0, lambda: self._close(socket))

    def _say(self, socket: Socket, data: bytes) -> None:
        if socket.state in (ESTABLISHED, CLOSE_WAIT) and not socket.tcb.close_wanted:
            socket.send(data)

    def _close(self, socket: Socket) -> None:
        if socket.state is CLOSE_WAIT and not socket.tcb.close_wanted:
            socket.close()

    def _ask(self, socket: Socket, heartbeat: Heartbeat | None) -> None:
        if heartbeat is None or socket.state is not ESTABLISHED:
            return
        now, deadline = socket.host.clock.now, self.heard_at + heartbeat.patience
        if now >= deadline:
            silence = f"nothing was heard for {heartbeat.patience:g} s"
            self.noticed(socket, f"{silence}: the program gives the client up")
            socket.abort()
            return
        self._say(socket, b"ping")
        socket.at(min(now + heartbeat.interval, deadline), lambda: self._ask(socket, heartbeat))


def failing(
    case: str,
    *,
    keep_alive: KeepAlive | None = None,
    user_timeout: float | None = None,
    heartbeat: Heartbeat | None = None,
    until: float = 10 * DAY,
    delay: float = 0.020,
    seed: int | bytes | str | None = 0,
    **choices: Any,
) -> Trace:
    """A connection whose client fails after ten seconds, as a trace.

    case: one of CASES.   keep_alive, user_timeout: of the server's TCP.   heartbeat: of its program.
    until: when to stop watching, in seconds; ten days of silence cost nothing.
    delay: one way, in seconds; small against the ten seconds of peace.   seed: the same seed, the same bytes.
    Further choices are those of `tcp.Settings`, for the server: retries, min_rto ...
    ValueError for arguments that make no such run.
    """
    if case not in CASES:
        raise ValueError(f"case is one of {', '.join(map(repr, CASES))}; not {case!r}")
    if not SPEAKS_AT < until < inf:
        raise ValueError(f"until is a number of seconds, more than {SPEAKS_AT:g}; got {until!r}")
    if not 0 <= delay <= 1:
        raise ValueError(f"delay is 0 to 1 s, so that the client is connected before it fails; got {delay!r}")
    chosen = CASES[case]
    world = World(seed=seed, link=Link(delay), faults=[chosen.fault])
    client, server = world.host("client", CLIENT[0]), world.host("server", SERVER[0])

    def noticed(socket: Socket, why: str) -> None:
        world.recorder.happened("noticed", why, world.clock.now, connection=socket.connection, end=socket.end)

    speaks_at = SPEAKS_AT if chosen.speaks else None
    server.listen(
        SERVER[1],
        lambda: Watchful(speaks_at, heartbeat, noticed),
        settings=server.settings(keep_alive=keep_alive, user_timeout=user_timeout, **choices),
    )
    if chosen.calls_again:
        client.boot = lambda: client.socket(CLIENT[1], SERVER, program=Quiet(stays=STAYS)).open()
    world.clock.at(0.0, lambda: client.socket(CLIENT[1], SERVER, program=Quiet()).open())
    world.run(until)
    for socket in server.sockets.values():
        if socket.state is ESTABLISHED:
            why = "nothing more has happened: the server still believes in the connection"
            world.recorder.happened("unaware", why, until, connection=socket.connection, end=socket.end)
    return world.trace(f"The client fails: {chosen.what}")


@dataclass(frozen=True)
class Noticed:
    """When an end found out that something is wrong, and how.   time: in seconds, None if it never did."""

    time: float | None
    how: str

    @property
    def delay(self) -> float | None:
        """How long after the failure."""
        return None if self.time is None else self.time - FAILS_AT


def noticed(trace: Trace, end: str = "server") -> Noticed:
    """When an end found out: when its connection left ESTABLISHED, or its program gave up.

    trace: a run of `failing`.   end: "server" or "client".   ValueError for another trace or end.
    """
    if end not in ("client", "server"):
        raise ValueError(f"an end is 'client' or 'server', not {end!r}")
    if not any(fault.end == "client" and fault.kind in ("killed", "down") for fault in trace.faults):
        raise ValueError("nobody failed in this trace: it is for runs of sim.failing")
    if end == "client":
        return _client_noticed(trace)
    for step in trace.steps:
        before, after = str(step.before["state"]), str(step.after["state"])
        if step.end != end or step.time < FAILS_AT or before != str(ESTABLISHED) or after == before:
            continue
        if step.cause == "ABORT":
            return Noticed(step.time, "its program's heartbeat was not answered")
        return Noticed(step.time, HOW.get(step.cause, step.cause))
    return Noticed(None, "never: it still believes that the connection is open")


HOW = {
    "rcv FIN": "a FIN: the client's system closed for its dead program",
    "rcv RST": "a RST: the client's system knows of no connection",
    "user timeout": "the user timeout: what it sent was not acknowledged in time",
    "last retransmission timeout": "it sent again and again, until it gave up",
    "last keep-alive timeout": "its keep-alive probes were not answered",
}
"""How an end finds out, by the cause of the step."""


def _client_noticed(trace: Trace) -> Noticed:
    """A client that fails by itself knows at once, or is no more; what it does later is another life."""
    kinds = {fault.kind for fault in trace.faults if fault.end == "client"}
    if "killed" in kinds:
        return Noticed(FAILS_AT, "its system knows at once: it closes what the program had open")
    if "up" in kinds:
        return Noticed(None, "it has forgotten that there was a connection")
    return Noticed(None, "it is no more")

"""The socket calls of the article, client 1 to 4 and server 1 to 6, made for real on 127.0.0.1.

Each call is logged with its result, with the state in which the kernel has both ends afterwards, and with the
segments that our own TCP sends for the same call.  Those are simulated: to see the real ones takes rights
that not everybody has.  (The recordings in the notebooks show that kernels send the same.)

The order is chosen to show what the article does not say: `connect` and `send` succeed before anybody has
called `accept`, and what `accept` gives has the port of the socket that listens.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from handshake import sim
from handshake.live.loopback import HERE, PATIENCE
from handshake.live.states import GONE, UNKNOWN, snapshot, state
from handshake.sim.calls import Call as SimulatedCall
from handshake.trace import Address, Trace

RESTLESS = {"SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "CLOSING", "LAST-ACK"}
"""States in which an end waits for an answer of its peer, which on loopback comes soon."""

Given = TypeVar("Given")


@dataclass(frozen=True)
class Call:
    """One call, and what came of it.

    step: its number in the article, "client 2", or "" if the article has none.   text: what was called.
    result: what it gave.   kernel: the states of the client's and of the server's end afterwards, as the
    kernel has them; ours: as our own TCP has them.   segments: the transits, in `Steps.trace`, of what our
    TCP sent for it.
    """

    step: str
    text: str
    result: str
    kernel: tuple[str, str]
    ours: tuple[str, str]
    segments: tuple[int, ...]


@dataclass(frozen=True)
class Steps:
    """All calls in their order.

    client, server: the addresses of the two ends.   accepted: that of the socket which `accept` gave.
    trace: what our own TCP does for the same calls.
    """

    calls: tuple[Call, ...]
    client: Address
    server: Address
    accepted: Address
    trace: Trace

    @property
    def agree(self) -> bool:
        """Whether, after every call, the kernel has both ends in the states in which ours are."""
        return all(UNKNOWN in call.kernel or call.kernel == call.ours for call in self.calls)

    def __str__(self) -> str:
        """A table.  Port numbers differ from run to run and are left out."""
        lines = [f"{'':9} {'call':28} {'result':34} {'kernel: client, server':26} segments (simulated)"]
        for call in self.calls:
            sent = "; ".join(message.name for number in call.segments for message in self.trace.about(number))
            states = ", ".join(call.kernel)
            lines.append(f"{call.step:9} {call.text:28} {call.result:34} {states:26} {sent}".rstrip())
        verdict = "is in the same states" if self.agree else "is NOT always in the same states"
        return "\n".join([*lines, "", f"After every call our own TCP {verdict} as the kernel's."])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """In a notebook, a ladder of calls."""
        from handshake import show

        return {"text/plain": str(self), "text/html": show.calls(self).svg()}

    def __repr__(self) -> str:
        return f"Steps({len(self.calls)} calls, {'as' if self.agree else 'NOT as'} our own TCP does them)"


def steps(question: bytes = b"hello", answer: bytes = b"welcome") -> Steps:
    """Make the calls, one after the other.   question, answer: what client and server say.

    OSError where sockets are refused; ask `loopback` first.
    """
    for name, data in (("question", question), ("answer", answer)):
        if not isinstance(data, bytes) or not 1 <= len(data) <= 4096:
            raise ValueError(f"{name} is 1 to 4096 bytes, got {data!r:.60}")
    with ExitStack() as open_sockets:
        return _Run(open_sockets, question, answer).all()


class _Run:
    """The calls, as they are made."""

    def __init__(self, open_sockets: ExitStack, question: bytes, answer: bytes) -> None:
        self.open_sockets = open_sockets
        self.question, self.answer = question, answer
        self.made: list[tuple[str, str, str, tuple[str, str]]] = []
        self.client: Address = (HERE, 0)
        self.server: Address = (HERE, 0)
        self.plans: tuple[dict[float, SimulatedCall], dict[float, SimulatedCall]] = ({}, {})

    def all(self) -> Steps:
        listener = self.opened("server 1")
        self.call("server 2", f"bind(({HERE!r}, 0))", lambda: listener.bind((HERE, 0)), "a port of its own")
        self.server = listener.getsockname()
        self.call("server 3", "listen()", listener.listen, "the port listens", server="listen")
        client = self.opened("client 1")
        self.call("client 2", "connect(server)", lambda: self.connects(client), "connected", client="open")
        self.says("client 3", client, self.question, "client")
        connected = self.call("server 4", "accept()", lambda: self.kept(listener.accept()[0]), self.where)
        accepted: Address = connected.getsockname()
        self.hears("server 5", connected, self.question)
        self.says("server 5", connected, self.answer, "server")
        self.hears("client 3", client, self.answer)
        self.call("client 4", "close()", client.close, "returns at once", client="close")
        self.hears("server 5", connected, b"")
        self.call("server 5", "close()", connected.close, "the connection is over", server="close")
        self.call("server 6", "close()", listener.close, "nobody listens any more")
        return self.told(accepted)

    def where(self, accepted: socket.socket) -> str:
        """At which port the new socket is, beside the one that listens."""
        same = accepted.getsockname() == self.server
        return f"a new socket, at {'the same' if same else 'another'} port"

    def opened(self, step: str) -> socket.socket:
        """A new socket."""
        kind = socket.AF_INET, socket.SOCK_STREAM
        text, result = "socket(AF_INET, SOCK_STREAM)", "a socket, tied to nothing"
        return self.call(step, text, lambda: self.kept(socket.socket(*kind)), result)

    def kept(self, made: socket.socket) -> socket.socket:
        """A socket that is closed at the end, whatever happens, and that waits for nothing for ever."""
        made.settimeout(PATIENCE)
        return self.open_sockets.enter_context(made)

    def connects(self, client: socket.socket) -> None:
        """Only now does the client have an address."""
        client.connect(self.server)
        self.client = client.getsockname()

    def says(self, step: str, end: socket.socket, data: bytes, who: str) -> None:
        text = f"send({_short(data)})"
        self.call(step, text, lambda: end.send(data), "{} bytes taken".format, **{who: data})

    def hears(self, step: str, end: socket.socket, wanted: bytes) -> None:
        """Read all that is expected, which one call need not give."""
        while True:
            got = self.call(step, "recv(4096)", lambda: end.recv(4096), _read)
            wanted = wanted[len(got) :]
            if not wanted or not got:
                return

    def call(
        self, step: str, text: str, action: Callable[[], Given], result: str | Callable[[Given], str],
        client: SimulatedCall | None = None, server: SimulatedCall | None = None,
    ) -> Given:  # fmt: skip
        """Make a call, and note what came of it.

        result: in words, or what puts into words what the call gave.   client, server: what our own TCP is to
        do for it.
        """
        number = float(len(self.made))
        for plan, planned in zip(self.plans, (client, server), strict=True):
            if planned is not None:
                plan[number] = planned
        given = action()
        words = result if isinstance(result, str) else result(given)
        self.made.append((step, text, words, self.sampled()))
        return given

    def sampled(self) -> tuple[str, str]:
        """In which states the kernel has both ends, once they have come to rest."""
        now, end = self.at_once(), time.monotonic() + 1.0
        while RESTLESS & set(now) and time.monotonic() < end:
            time.sleep(0.005)  # (a system may put off an acknowledgment for 40 ms)
            now = self.at_once()
        return now

    def at_once(self) -> tuple[str, str]:
        if not self.server[1]:
            return GONE, GONE
        known = snapshot()
        if known is None:
            return UNKNOWN, UNKNOWN
        if not self.client[1]:
            return GONE, state(self.server, None, known)
        return state(self.client, self.server, known), state(self.server, self.client, known)

    def told(self, accepted: Address) -> Steps:
        """All of it, with what our own TCP does for the same calls, a second apart."""
        client, server = self.plans
        trace = sim.calls(client, server, until=float(len(self.made)), title="The same calls, on our own TCP")
        calls = []
        for number, (step, text, result, kernel) in enumerate(self.made):
            states = trace.at(number + 0.9).states
            ours = tuple(states.get((1, end), GONE) for end in ("client", "server"))
            segments = tuple(
                each.number for each in trace.transits if number <= (each.sent or 0.0) < number + 1
            )
            calls.append(Call(step, text, result, kernel, (ours[0], ours[1]), segments))
        return Steps(tuple(calls), self.client, self.server, accepted, trace)


def _read(data: bytes) -> str:
    return _short(data) if data else "b'': the peer will send no more"


def _short(data: bytes) -> str:
    return repr(data) if len(data) <= 12 else f"{data[:9]!r}..."

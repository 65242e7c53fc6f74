"""What calls give when things do not go as planned: short reads and sends, peers that are gone, ports in use.

Each case makes real calls on 127.0.0.1 and notes what they gave, so that nobody needs to be believed.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from handshake.live.loopback import HERE, PATIENCE, until

MANY = 20_000_000
"""More bytes than any system takes with one call."""

TCP = socket.AF_INET, socket.SOCK_STREAM


@dataclass(frozen=True)
class Trouble:
    """One case.

    name: what it is about.   calls: each call and what it gave.   lesson: what to make of it.
    """

    name: str
    calls: tuple[tuple[str, str], ...]
    lesson: str

    def __str__(self) -> str:
        wide = max(len(call) for call, _ in self.calls)
        lines = [f"  {call:{wide}}  {result}".rstrip() for call, result in self.calls]
        return "\n".join([self.name, *lines, f"  {self.lesson}"])

    def __repr__(self) -> str:
        return f"Trouble({self.name!r}, {len(self.calls)} calls)"


class _Case:
    """Calls as they are made, and the sockets that they open."""

    def __init__(self, kept: ExitStack) -> None:
        self.kept = kept
        self.calls: list[tuple[str, str]] = []

    def call(self, text: str, action: Callable[[], object]) -> None:
        """Make a call, and note what it gave, or how it failed."""
        try:
            given = action()
        except OSError as error:
            self.calls.append((text, f"{type(error).__name__}: {error.strerror or error}"))
        else:
            self.calls.append((text, "done" if given is None else repr(given)))

    def new(self) -> socket.socket:
        """A socket, closed at the end."""
        made = self.kept.enter_context(socket.socket(*TCP))
        made.settimeout(PATIENCE)
        return made

    def listener(self, *, reuse: bool = False) -> socket.socket:
        """A socket that listens on a port of its own."""
        made = self.new()
        if reuse:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HERE, 0))
        made.listen()
        return made

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection: of the client, and of the server."""
        listener, client = self.listener(), self.new()
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        server.settimeout(PATIENCE)
        self.kept.enter_context(server)
        listener.close()
        return client, server


def short_reads(case: _Case) -> str:
    """One send, several reads."""
    client, server = case.pair()
    case.call("server.send(b'twelve bytes')", lambda: server.send(b"twelve bytes"))
    until(lambda: len(client.recv(12, socket.MSG_PEEK)) == 12, "all twelve bytes have come")
    case.call("client.recv(5)", lambda: client.recv(5))
    case.call("client.recv(5)", lambda: client.recv(5))
    case.call("client.recv(4096)", lambda: client.recv(4096))
    return "recv gives what is there, and no more than was asked for: read on until the message is complete."


def short_sends(case: _Case) -> str:
    """One send that does not take all."""
    client, _ = case.pair()
    client.setblocking(False)
    taken = client.send(bytes(MANY))
    told = "fewer than were offered" if taken < MANY else "all of them"
    case.calls.append((f"client.send({MANY:,} bytes)", told))
    until(lambda: _full(client), "the client's system has no room")
    case.call("client.send(b'more'), without waiting", lambda: client.send(b"more"))
    return "send says how many bytes it took; the rest is still yours to send (sendall waits, and sends it)."


def nothing_there(case: _Case) -> str:
    """Nothing has come, and nothing will come: two answers."""
    client, server = case.pair()
    client.setblocking(False)
    case.call("client.recv(4096), without waiting", lambda: client.recv(4096))
    server.shutdown(socket.SHUT_WR)
    select.select([client], [], [], PATIENCE)
    case.calls.append(("(the server says that it will send no more)", ""))
    case.call("client.recv(4096)", lambda: client.recv(4096))
    return "b'' is the end of the stream, and not an empty message; nothing yet is an error of its own."


def peer_gone(case: _Case) -> str:
    """The peer has closed, and is sent something."""
    client, server = case.pair()
    case.call("server.close()", server.close)
    case.call("client.recv(4096)", lambda: client.recv(4096))
    case.call("client.send(b'hello?')", lambda: client.send(b"hello?"))
    until(lambda: _hung_up(client), "the RST has come back")
    case.call("client.send(b'hello?')", lambda: client.send(b"hello?"))
    return "the first send is taken, for TCP may send into a half-closed connection; a RST comes back."


def unread(case: _Case) -> str:
    """A close with something unread."""
    client, server = case.pair()
    case.call("client.send(b'read me')", lambda: client.send(b"read me"))
    until(lambda: bool(select.select([server], [], [], 0)[0]), "the bytes have come")
    case.call("server.close(), without reading", server.close)
    case.call("client.recv(4096)", lambda: client.recv(4096))
    return "who closes with unread data sends a RST instead of a FIN: the peer is to know that they are lost."


def port_in_use(case: _Case) -> str:
    """Two programs, one port."""
    first, second = case.listener(), case.new()
    port = first.getsockname()[1]
    case.calls.append(("(a first program listens)", ""))
    case.call("second: bind to the same port", lambda: second.bind((HERE, port)))
    return "a port belongs to one listener, unless both ask to share it (SO_REUSEPORT)."


def restarted(case: _Case) -> str:
    """A server that starts again, while its last connection is in TIME-WAIT."""
    listener, client = case.listener(reuse=True), case.new()
    port = listener.getsockname()[1]
    client.connect((HERE, port))
    server, _ = listener.accept()
    server.close()  # who closes first is left in TIME-WAIT
    client.recv(1)
    client.close()
    listener.close()
    time.sleep(0.05)
    again, better = case.new(), case.new()
    case.calls.append(("(a server with SO_REUSEADDR closed its connection first, and starts again)", ""))
    case.call("again: bind to the same port", lambda: again.bind((HERE, port)))
    better.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    case.call("with SO_REUSEADDR: bind", lambda: better.bind((HERE, port)))
    return "the old connection still holds the port: set SO_REUSEADDR before every bind, the first too."


def nobody_listens(case: _Case) -> str:
    """A call to a port where nobody listens."""
    bound, client = case.new(), case.new()
    bound.bind((HERE, 0))
    case.calls.append(("(a server has called socket and bind, but not listen)", ""))
    case.call("client.connect(server)", lambda: client.connect(bound.getsockname()))
    return "the system answers the SYN with a RST: before listen, a bound port is as good as closed."


def listener_closed(case: _Case) -> str:
    """Only the listening socket is closed."""
    listener, client, late = case.listener(), case.new(), case.new()
    address = listener.getsockname()
    client.connect(address)
    server, _ = listener.accept()
    case.kept.enter_context(server).settimeout(PATIENCE)
    case.call("listener.close()", listener.close)
    case.call("client.send(b'still there?')", lambda: client.send(b"still there?"))
    case.call("server.recv(4096)", lambda: server.recv(4096))
    case.call("another client connects", lambda: late.connect(address))
    return "connected sockets live on; there are two kinds of socket to close, and each has to be closed."


CASES: dict[str, tuple[str, Callable[[_Case], str]]] = {
    "short reads": ("Short reads", short_reads),
    "short sends": ("Short sends", short_sends),
    "nothing there": ("Nothing yet, or nothing more", nothing_there),
    "peer gone": ("The peer is gone", peer_gone),
    "unread": ("Closed with unread data", unread),
    "port in use": ("Port in use", port_in_use),
    "restarted": ("Started again too soon", restarted),
    "nobody listens": ("Nobody listens", nobody_listens),
    "listener closed": ("Only the listener is closed", listener_closed),
}
"""All cases, by their short names."""


def trouble(name: str) -> Trouble:
    """Make the calls of one case.   name: one of CASES.

    OSError where sockets are refused; ask `loopback` first.
    """
    if name not in CASES:
        raise ValueError(f"the cases are {', '.join(map(repr, CASES))}; not {name!r}")
    title, run = CASES[name]
    with ExitStack() as kept:
        case = _Case(kept)
        lesson = run(case)
        return Trouble(title, tuple(case.calls), lesson)


def _full(end: socket.socket) -> bool:
    """Fill what room there is; whether there still is none a moment later."""
    for pause in (0.0, 0.05):  # meanwhile the system moves some of it to the other end
        time.sleep(pause)
        try:
            end.send(bytes(MANY))
        except BlockingIOError:
            continue
        return False
    return True


def _hung_up(end: socket.socket) -> bool:
    """Whether the system knows that the connection was reset."""
    poll = getattr(select, "poll", None)
    if poll is None:
        return True  # (Windows: no way to ask without spoiling the answer)
    poller = poll()
    poller.register(end, select.POLLERR | select.POLLHUP)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poller.poll(0))

"""Programs that speak TLS on simulated machines."""

from __future__ import annotations

from dataclasses import replace

from handshake.sim.inpath import InPath
from handshake.sim.socket import Socket
from handshake.tcp.figure import CLOSE_WAIT, ESTABLISHED
from handshake.tls.endpoint import Endpoint
from handshake.tls.figure import OVER


class Secured:
    """A program with an end of TLS: it asks or answers, and says goodbye.

    end: its end of the connection.   says: what it has to say; waits: how many bytes it wants to hear first
    (a server) or afterwards (a client).   think: how long it takes for anything, in seconds.
    path: who stands in between.   peer: the program at the other end.
    """

    def __init__(self, end: Endpoint, says: bytes, waits: int, think: float, path: InPath) -> None:
        self.end = end
        self.says = says
        self.waits = waits
        self.think = think
        self.path = path
        self.peer: Secured | None = None
        self.socket: Socket | None = None
        self._read = self._moves = self._derived = 0
        self._spoken = self._closed = False

    def __call__(self, socket: Socket) -> None:
        """Something has happened to the socket: read, answer, go on."""
        self.socket = socket
        if socket.state not in (ESTABLISHED, CLOSE_WAIT):
            return
        data = socket.received[self._read :]
        self._read += len(data)
        if data:
            self.end.receive(data)
        if socket.state is CLOSE_WAIT:
            self.end.end_of_stream()
        self._flush(socket)
        self._go_on(socket)

    def _go_on(self, socket: Socket) -> None:
        """Say what is to be said, and close when all is said."""
        end, client = self.end, self.end.end == "client"
        heard = len(end.received) >= self.waits
        if getattr(end, "may_send", end.state == "CONNECTED") and not self._spoken and (client or heard):
            self._spoken = True
            if self.says:
                socket.after(self.think, lambda: self._speak(socket))
        if client and end.state == "CONNECTED" and self._spoken and heard and not self._closed:
            self._closed = True
            socket.after(self.think, lambda: self._goodbye(socket))
        elif end.state in OVER and not self._closed:
            self._closed = True
            socket.after(self.think, socket.close)
        elif end.state == "CLOSED" and client and socket.state is ESTABLISHED:
            socket.after(self.think, socket.close)

    def _speak(self, socket: Socket) -> None:
        if self.end.state not in (*OVER, "CLOSING"):
            self.end.send(self.says)
            self._flush(socket)

    def _goodbye(self, socket: Socket) -> None:
        self.end.close()
        self._flush(socket)

    def _flush(self, socket: Socket) -> None:
        """Send what the end has to send, past whoever stands in between; and write down what it did."""
        self._note(socket)
        data = self.end.outgoing()
        if not data:
            return
        passed = self.path.passes(self.end.end, data)
        if passed.onwards:
            self._send(socket, passed.onwards, [str(each) for each in passed.done])
        if passed.back and self.peer is not None and self.peer.socket is not None:
            self.peer._send(self.peer.socket, passed.back, [str(each) for each in passed.done])
        if passed.over:
            socket.close()

    def _send(self, socket: Socket, data: bytes, done: list[str]) -> None:
        recorder = socket.host.recorder
        first = recorder.count + 1
        socket.send(data)
        if done and recorder.count >= first:
            recorder.befell(first, "altered", f"transit {first}: {'; '.join(done)}", socket.host.clock.now)

    def _note(self, socket: Socket) -> None:
        """Tell the recorder what the end did, and what it came to know."""
        host, end = socket.host, self.end
        for move in end.moves[self._moves :]:
            host.recorder.told_above(
                host.clock.now, socket.connection, socket.end, transit=host.arriving, cause=move.cause,
                before=move.before, after=move.after, notes=move.notes,
            )  # fmt: skip
        self._moves = len(end.moves)
        for secret in end.derived[self._derived :]:
            host.recorder.secrets.append(replace(secret, time=host.clock.now, connection=socket.connection))
        self._derived = len(end.derived)

"""Programs that run on simulated machines: they see what their socket has come to, and go on."""

from __future__ import annotations

from dataclasses import dataclass

from handshake.sim.socket import Socket
from handshake.tcp.figure import CLOSE_WAIT, ESTABLISHED


@dataclass
class Client:
    """Asks, reads the answer, and closes."""

    request: bytes
    response: bytes
    think: float
    asked: bool = False
    closed: bool = False

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        if socket.state is not ESTABLISHED:
            return
        if self.request and not self.asked:
            self.asked = True
            socket.after(self.think, lambda: socket.send(self.request))
        finished = (self.asked or not self.request) and socket.delivered >= len(self.response)
        if finished and not self.closed:
            self.closed = True
            socket.after(self.think, socket.close)


@dataclass
class Server:
    """Reads, answers, and closes when its client has closed."""

    request: bytes
    response: bytes
    think: float
    answered: bool = False
    closed: bool = False

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        asked = socket.state is ESTABLISHED and socket.delivered >= len(self.request)
        if asked and self.response and not self.answered:
            self.answered = True
            socket.after(self.think, lambda: socket.send(self.response))
        if socket.state is CLOSE_WAIT and not self.closed:
            self.closed = True
            socket.after(self.think, socket.close)

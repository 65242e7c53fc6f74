"""Why TIME-WAIT: an old segment of a connection that is over, and a new connection between the same ends.

A client sends an order and closes.  One segment of the order has a double, which wanders about in the
network.  Then the client wants a new connection.  After TIME-WAIT nothing old can be left.  If TIME-WAIT is
skipped and the same port is used again, the double may arrive in the new connection; and if its numbers
happen to fit, its bytes are taken for part of the new order.  The two ends then disagree for good.
"""

from __future__ import annotations

from dataclasses import dataclass

from handshake.sim import faults
from handshake.sim.link import Link
from handshake.sim.socket import Socket
from handshake.sim.world import CLIENT, SERVER, World
from handshake.tcp import seq
from handshake.tcp.figure import CLOSE_WAIT, ESTABLISHED
from handshake.trace import Trace

FIRST, SECOND = b"pay 900 to Mallory;", b"pay 5 to Bob;"
"""The two orders.  The double is of the first."""

FIRST_ISN, SERVER_ISN = 1000, 5000


@dataclass
class Orders:
    """The client's program: it sends its order, and closes."""

    order: bytes
    sent: bool = False
    stays: float = 0.2

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        if socket.state is ESTABLISHED and not self.sent:
            self.sent = True
            socket.send(self.order)
            socket.after(self.stays, socket.close)


@dataclass
class Shop:
    """The server's program: it takes orders, and closes when its client has closed."""

    closed: bool = False

    def __call__(self, socket: Socket) -> None:
        """Go on, if there is anything to do now."""
        if socket.state is CLOSE_WAIT and not self.closed:
            self.closed = True
            socket.after(0.0, socket.close)


def reopening(
    *,
    time_wait: bool = True,
    late: float = 2.0,
    again_at: float = 1.5,
    numbers_fit: bool = True,
    until: float = 5.0,
    seed: int | bytes | str | None = 0,
    delay: float = 0.020,
) -> Trace:
    """Two connections between the same machines, and an old segment of the first that arrives late.

    time_wait: whether the client obeys TIME-WAIT, and so takes another port for the second.
    late: how late the double of the first order is; again_at: when the second one begins; both in seconds.
    numbers_fit: whether the second connection's numbers are such that the double fits; if not, they are what
    RFC 6528 makes them, and a double fits only by a rare chance.   until: when to stop watching, in seconds.
    """
    for name, value in (("late", late), ("again_at", again_at)):
        if not 0 <= value < 100:
            raise ValueError(f"{name} is 0 to 100 seconds, got {value!r}")
    world = World(seed=seed, link=Link(delay), faults=[faults.Duplicate("client", 3, late, kind="old")])
    client, server = world.host("client", CLIENT[0]), world.host("server", SERVER[0])
    # The double begins where the second order ends: so it is taken for what comes next.
    second_isn = seq.add(FIRST_ISN, -len(SECOND)) if numbers_fit else None
    if numbers_fit:
        server.isn = lambda local, remote: SERVER_ISN  # type: ignore[method-assign]
    settings = client.settings() if time_wait else client.settings(msl=0.0)
    client.time_wait = not time_wait
    server.listen(SERVER[1], Shop)

    def again() -> None:
        port = CLIENT[1]
        if (port, SERVER) in client.sockets:  # still in TIME-WAIT: the port is not free yet
            port += 1
        order = Orders(SECOND, stays=max(2.0, late))
        client.socket(port, SERVER, program=order, isn=second_isn, settings=settings).open()

    first = client.socket(
        CLIENT[1], SERVER, program=Orders(FIRST), isn=FIRST_ISN if numbers_fit else None, settings=settings
    )
    world.clock.at(0.0, first.open)
    world.clock.at(again_at, again)
    world.run(until)
    how = "TIME-WAIT is obeyed" if time_wait else "TIME-WAIT is skipped"
    return world.trace(f"A new connection, and an old segment: {how}")

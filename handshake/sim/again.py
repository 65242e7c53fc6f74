"""Coming back: a client that was there before, its early data, and what becomes of a recording of them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from handshake.sim.handshakes import REQUEST, RESPONSE, over_tcp, two_ends
from handshake.sim.link import Link
from handshake.sim.world import CLIENT, SERVER
from handshake.tls import Client, Server, Sessions
from handshake.tls.connection import Connection
from handshake.tls.known import Agreed, Move
from handshake.tls.sessions import Session
from handshake.tls.settings import Settings
from handshake.trace import Secret, Trace

MOST = 4096
"""How many bytes of early data the server of these scenes takes."""

ORDER = b"POST /pay?amount=100 HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 0\r\n\r\n"
"""What nobody wants to be done twice."""


def pump(client: Client, server: Server) -> None:
    """Carry bytes both ways, in memory, until nobody has any more."""
    for _ in range(20):
        out = client.outgoing()
        server.receive(out)
        back = server.outgoing()
        client.receive(back)
        if not out and not back:
            return


def visited(
    version: str = "TLS 1.3", *, seed: int | bytes | str | None = 0, early: int = MOST,
    sessions: Sessions | None = None, kind: str = "RSA",
) -> tuple[Session | None, Sessions]:  # fmt: skip
    """A first visit, in memory: what the client keeps of it, and what the server remembers.

    early: how many bytes of early data the server's ticket allows.   sessions: where it remembers them.
    """
    known = Sessions() if sessions is None else sessions
    more = {"sessions": known} | ({"max_early_data": early} if version == "TLS 1.3" else {})
    first = None if seed is None else f"{seed!r} first visit"
    client, server = two_ends(version, "ECDHE", None, kind, False, first, True, {}, more)
    pump(client, server)
    client.close()
    pump(client, server)
    return client.session, known


def resumed(
    version: str = "TLS 1.3", *, early: bytes = b"", gap: float = 60.0, seed: int | bytes | str | None = 0,
    delay: float = 0.020, link: Link | None = None, request: bytes = REQUEST, response: bytes = RESPONSE,
    think: float = 0.010, kind: str = "RSA", until: float | None = None,
    client: dict[str, Any] | None = None, server: dict[str, Any] | None = None, title: str | None = None,
) -> Trace:  # fmt: skip
    """The second connection of a client that has been there before -> Trace.

    version: "TLS 1.2" goes on by session id, "TLS 1.3" by a ticket.   gap: seconds between the two visits.
    early: data with the first flight (0-RTT, TLS 1.3 only), in the place of the request.
    client, server: further choices of the two ends.   The other arguments are those of `sim.tls`.
    """
    if early and version != "TLS 1.3":
        raise ValueError(f"early data came with TLS 1.3; {version} has none")
    if len(early) > MOST or not 0 <= gap < 1e9:
        raise ValueError(f"early data have {MOST} bytes at most, and gap is 0 seconds or more")
    session, sessions = visited(version, seed=seed, kind=kind)
    of_client = {"session": session, "now": gap} | ({"early": early} if early else {}) | (client or {})
    of_server: dict[str, Any] = {"sessions": sessions, "now": gap} | (server or {})
    if version == "TLS 1.3":
        of_server.setdefault("max_early_data", MOST)
    one, other = two_ends(version, "ECDHE", None, kind, False, seed, True, of_client, of_server)
    goes_on = "early data" if one.early else "resumption" if one.offered_session else "nothing to go on with"
    name = f"{version}, {goes_on}, simulated"
    return over_tcp(
        one, other, name, title=title, seed=seed, link=link or Link(delay),
        request=b"" if early else request, response=response, think=think, faults=(), tampering=(),
        addresses=(CLIENT, SERVER), until=until, expects=len(early or request),
    )  # fmt: skip


class Recording(Connection):
    """Somebody who has recorded what a client sent first, and sends it again.  They have no key at all.

    It has the calls of a client's end; whatever comes back, it cannot read.
    """

    end = "client"

    def __init__(self, flight: bytes) -> None:
        super().__init__(Settings(), None)
        self.agreed = Agreed()
        self.flight = flight
        self.derived: list[Secret] = []
        self.heard = 0
        self.state = "NO KEYS"
        self.moves.append(Move("open", {"state": "START"}, {"state": self.state}, ("sends a recording",), ()))

    def receive(self, data: bytes) -> None:
        """Bytes came; without keys they are noise."""
        self.heard += len(data)

    def outgoing(self) -> bytes:
        """The recording, once."""
        flight, self.flight = self.flight, b""
        return flight

    def send(self, data: bytes) -> None:
        """It has no key to send anything with."""

    def close(self) -> None:
        """It goes without a word."""
        self.state = "CLOSED"

    def end_of_stream(self) -> None:
        """The other end has gone."""
        self.state = "CLOSED"


@dataclass(frozen=True)
class Replay:
    """What became of early data that somebody sent again.

    first: the client's own connection.   again: the last one with the recording.
    done: how often the server has got the order.
    """

    first: Trace
    again: Trace
    done: int

    def __str__(self) -> str:
        return f"the order was done {self.done} {'time' if self.done == 1 else 'times'}"


def replayed(
    *, single_use: bool = True, early: bytes = ORDER, later: float = 1.0, times: int = 1,
    other_server: bool = False, seed: int | bytes | str = 0,
) -> Replay:  # fmt: skip
    """Early data, recorded on their way and sent again -> Replay.

    single_use: whether the server takes a ticket once only (RFC 8446 section 8.1).
    later: after how many seconds the recording comes; the server believes in ten at most.
    times: how often it is sent.   other_server: whether it goes to another server, which knows the same
    tickets, and has a memory of its own.
    """
    if times < 1 or not early or later < 0:
        raise ValueError("times is 1 or more, later 0 or more, and there have to be early data")
    session, sessions = visited(seed=seed, sessions=Sessions(single_use=single_use))
    others = deepcopy(sessions) if other_server else sessions
    common: dict[str, Any] = {"sessions": sessions, "max_early_data": MOST}
    one, other = two_ends(
        "TLS 1.3", "ECDHE", None, "RSA", False, seed, True, {"session": session, "now": 60.0, "early": early},
        {**common, "now": 60.0},
    )  # fmt: skip
    flight = bytes(one.records.written)
    first = _scene(one, other, len(early), "Early data, recorded on their way", seed)
    ends, again = [other], first
    for count in range(times):
        who = f"{seed!r} again {count}"
        about = {**common, "sessions": others, "now": 60.0 + later}
        _, alone = two_ends("TLS 1.3", "ECDHE", None, "RSA", False, who, True, {}, about)
        ends.append(alone)
        again = _scene(Recording(flight), alone, len(early), "The recording, sent again", seed)
    return Replay(first, again, sum(end.received.count(early) for end in ends))


def _scene(one: Any, other: Server, expects: int, name: str, seed: Any) -> Trace:
    return over_tcp(
        one, other, name, title=None, seed=seed, link=Link(), request=b"", response=RESPONSE, think=0.010,
        faults=(), tampering=(), addresses=(CLIENT, SERVER), until=2.0, expects=expects,
    )  # fmt: skip

"""Sessions: what both ends remember of a connection, to go on with later without a new key exchange."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from handshake.tls.suites import Suite

SESSIONS_MOST = 1000
"""So many sessions are remembered; then the oldest is forgotten."""


@dataclass
class Session:
    """What both ends remember of a connection, to go on with later without a new key exchange.

    id: the server's name for it; in TLS 1.3 a ticket.   master: its master secret; in TLS 1.3 the PSK.
    extended: whether its master secret is an extended one (RFC 7627).
    Of TLS 1.3 only: lifetime, in seconds; age_add: what is added to the ticket's age, in milliseconds;
    made: when it was made or came, in seconds; early: how many bytes of early data may come with it.
    """

    id: bytes
    version: str
    suite: Suite
    master: bytes
    extended: bool
    server_name: str | None = None
    peer_chain: tuple[bytes, ...] = ()
    protocol: str | None = None
    lifetime: int = 0
    age_add: int = 0
    made: float = 0.0
    early: int = 0

    def age(self, now: float) -> int:
        """How old it is, in milliseconds."""
        return max(0, round((now - self.made) * 1000))


class Sessions:
    """The sessions that a server can go on with, the newest last.

    single_use: whether a ticket of TLS 1.3 is good for one connection only.  Then early data that are sent
    again are not taken again; a server that remembers nothing of the kind takes them as often as they come
    (RFC 8446 section 8.1).
    """

    def __init__(self, most: int = SESSIONS_MOST, *, single_use: bool = True) -> None:
        self.most = most
        self.single_use = single_use
        self._by_id: OrderedDict[bytes, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, session: Session) -> None:
        """Remember a session."""
        self._by_id[session.id] = session
        while len(self._by_id) > self.most:
            self._by_id.popitem(last=False)

    def find(self, session_id: bytes) -> Session | None:
        """The session of that id, if it is remembered."""
        return self._by_id.get(session_id)

    def used(self, session: Session) -> None:
        """A ticket has been taken."""
        if self.single_use:
            self.forget(session.id)

    def forget(self, session_id: bytes) -> None:
        """Never go on with it."""
        self._by_id.pop(session_id, None)

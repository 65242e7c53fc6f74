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

    id: the server's name for it.   extended: whether its master secret is an extended one (RFC 7627).
    """

    id: bytes
    version: str
    suite: Suite
    master: bytes
    extended: bool
    server_name: str | None = None
    peer_chain: tuple[bytes, ...] = ()


class Sessions:
    """The sessions that a server can go on with, the newest last."""

    def __init__(self, most: int = SESSIONS_MOST) -> None:
        self.most = most
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

    def forget(self, session_id: bytes) -> None:
        """Never go on with it."""
        self._by_id.pop(session_id, None)

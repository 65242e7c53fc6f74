"""Real peers: sockets on loopback, and the kernel's own word on what became of them.

Live traffic never leaves 127.0.0.1.  Where even that is refused, `loopback` says why, and lessons step aside.
"""

from __future__ import annotations

from handshake.live.chat import Client, Room, Server
from handshake.live.datagrams import Boundaries, boundaries
from handshake.live.loopback import loopback
from handshake.live.mishaps import CASES, Trouble, trouble
from handshake.live.opinions import Opinion, Opinions, openssl, opinions, opinions_at
from handshake.live.outcomes import Outcome, outcome, outcomes
from handshake.live.peers import spoken, tls
from handshake.live.states import state, tells
from handshake.live.visit import Visit, visit
from handshake.live.waiting import Backlog, backlog
from handshake.live.walk import Steps, steps

__all__ = [
    "CASES",
    "Backlog",
    "Boundaries",
    "Client",
    "Opinion",
    "Opinions",
    "Outcome",
    "Room",
    "Server",
    "Steps",
    "Trouble",
    "Visit",
    "backlog",
    "boundaries",
    "loopback",
    "openssl",
    "opinions",
    "opinions_at",
    "outcome",
    "outcomes",
    "spoken",
    "state",
    "steps",
    "tells",
    "tls",
    "trouble",
    "visit",
]

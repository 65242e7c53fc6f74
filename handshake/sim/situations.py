"""Where a handshake over a bad network may stand, and what may happen next: the terms of `explore`."""

from __future__ import annotations

from typing import NamedTuple

from handshake.sim.world import CLIENT, SERVER
from handshake.tcp import ACK, SYN, Segment
from handshake.tcp.segment import FLAGS

OLD_CLIENT, OLD_SERVER = 1000, 5000
"""First numbers of the incarnation that is over."""
NEW_CLIENT, NEW_SERVERS = 200_000, (700_000, 800_000, 900_000)
"""First numbers from now on; a server that listens again takes the next."""

SYN_ACK = FLAGS[SYN | ACK]

LEFT_OVER = {
    "old SYN": ("server", Segment(CLIENT[1], SERVER[1], OLD_CLIENT, 0, SYN)),
    "old SYN,ACK": ("client", Segment(SERVER[1], CLIENT[1], OLD_SERVER, OLD_CLIENT + 1, SYN_ACK)),
    "old ACK": ("server", Segment(CLIENT[1], SERVER[1], OLD_CLIENT + 1, OLD_SERVER + 1, ACK)),
}
"""What may be left on its way of the first incarnation: for whom, and what."""


class Act(NamedTuple):
    """One thing that happens in a schedule.

    what: "deliver", "copy" (deliver, and keep another), "lose", "open" (the client calls) or "repeat".
    about: the number of the message, or for "repeat" the end.
    """

    what: str
    about: int | str = ""


class Situation(NamedTuple):
    """Where things stand.  Blocks and messages are numbers in the explorer's lists.

    flight: the messages under way, in order of their numbers.   calls: how often the server was called.
    opened: whether the client has called.   repeats: how often client and server may still repeat
    themselves.   copies: how many copies the network may still make.
    met: the server's number that the client has believed.
    """

    client: int
    server: int
    flight: tuple[int, ...]
    calls: int
    opened: bool
    repeats: tuple[int, int]
    copies: int
    met: int

"""TCP (RFC 9293): the segment, the state diagram as data, the machine, one end to use, a listening port.

Read `seq`, `options` and `segment`; `figure`, the diagram; `settings` with `timers`, and `tcb`, the block;
`machine`, and what it works with: `work`, `arrives` with its `checks`, `acknowledged`, `reassembly`, `calls`,
`sending`, `timeouts`; then `endpoint`, and `listener` with `isn` and `cookies`.
"""

from __future__ import annotations

from handshake.tcp.endpoint import Endpoint
from handshake.tcp.figure import EDGES, SYNCHRONIZED, Edge, State
from handshake.tcp.listener import Listener
from handshake.tcp.machine import step
from handshake.tcp.options import Option
from handshake.tcp.segment import ACK, FIN, PSH, RST, SYN, URG, Flags, Segment
from handshake.tcp.settings import LINUX, Settings
from handshake.tcp.stream import Stream
from handshake.tcp.tcb import (
    Abort,
    Arrives,
    Close,
    DelayedAckTimeout,
    KeepAliveTimeout,
    Move,
    Open,
    Receive,
    RetransmissionTimeout,
    Send,
    Tcb,
    TimeWaitTimeout,
    UserTimeout,
    closed,
)
from handshake.tcp.timers import LINUX_KEEP_ALIVE, KeepAlive, RoundTrip

__all__ = [
    "ACK",
    "EDGES",
    "FIN",
    "LINUX",
    "LINUX_KEEP_ALIVE",
    "PSH",
    "RST",
    "SYN",
    "SYNCHRONIZED",
    "URG",
    "Abort",
    "Arrives",
    "Close",
    "DelayedAckTimeout",
    "Edge",
    "Endpoint",
    "Flags",
    "KeepAlive",
    "KeepAliveTimeout",
    "Listener",
    "Move",
    "Open",
    "Option",
    "Receive",
    "RetransmissionTimeout",
    "RoundTrip",
    "Segment",
    "Send",
    "Settings",
    "State",
    "Stream",
    "Tcb",
    "TimeWaitTimeout",
    "UserTimeout",
    "closed",
    "step",
]

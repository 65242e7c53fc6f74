"""TCP (RFC 9293): the segment, the state diagram as data, the machine that runs it, and one end to use.

Read `segment`, `figure`, `tcb` and `machine`; then what the machine calls: `arrives` with its `checks`,
`calls`, `timeouts`; and `endpoint` last.
"""

from __future__ import annotations

from handshake.tcp.endpoint import Endpoint
from handshake.tcp.figure import EDGES, SYNCHRONIZED, Edge, State
from handshake.tcp.listener import Listener
from handshake.tcp.machine import step
from handshake.tcp.options import Option
from handshake.tcp.segment import ACK, FIN, PSH, RST, SYN, URG, Flags, Segment
from handshake.tcp.settings import Settings
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
)
from handshake.tcp.timers import LINUX_KEEP_ALIVE, KeepAlive, RoundTrip

__all__ = [
    "ACK",
    "EDGES",
    "FIN",
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
    "step",
]

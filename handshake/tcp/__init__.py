"""TCP (RFC 9293): the segment, the state diagram as data, the machine that runs it, and one end to use.

Read `segment`, `figure`, `tcb`, `machine`, then `arrives` and `reply` that it calls, and `endpoint` last.
"""

from __future__ import annotations

from handshake.tcp.endpoint import Endpoint
from handshake.tcp.figure import EDGES, SYNCHRONIZED, Edge, State
from handshake.tcp.machine import step
from handshake.tcp.options import Option
from handshake.tcp.segment import ACK, FIN, PSH, RST, SYN, URG, Flags, Segment
from handshake.tcp.stream import Stream
from handshake.tcp.tcb import Abort, Arrives, Close, Move, Open, Send, Tcb, TimeWaitTimeout

__all__ = [
    "ACK",
    "EDGES",
    "FIN",
    "PSH",
    "RST",
    "SYN",
    "SYNCHRONIZED",
    "URG",
    "Abort",
    "Arrives",
    "Close",
    "Edge",
    "Endpoint",
    "Flags",
    "Move",
    "Open",
    "Option",
    "Segment",
    "Send",
    "State",
    "Stream",
    "Tcb",
    "TimeWaitTimeout",
    "step",
]

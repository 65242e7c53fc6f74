"""What the owner of a connection may choose, with the values that the standards ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any

from handshake.tcp.timers import KeepAlive, RoundTrip

MSL = 120.0
"""Maximum segment lifetime in seconds: how long an old segment may be under way (RFC 9293 section 3.4.2)."""

MAX_SCALE = 14
"""The largest shift of a window: 65535 times 2^14 is just below 2^30 bytes (RFC 7323 section 2.3)."""

SEND_BUFFER = 1 << 24
"""How many bytes a program may hand over before they are acknowledged; more are refused (section 3.10.2)."""


LARGEST = 65535 - 20 - 20
"""The most data that a segment in an IPv4 packet has room for."""

SHORTEST = 0.001
"""No timer is shorter, in seconds."""


@dataclass(frozen=True)
class Settings:
    """The choices for one connection.  Times are seconds, sizes bytes.

    window: the receive buffer; above 65535 it needs window scaling.
    scaling: whether to offer (and take) window scaling (RFC 7323).
    mss: the most data in a segment that its link has room for: it takes no more, and sends no more.
    initial_rto, min_rto, max_rto: the retransmission timeout: before any measurement, and its bounds
    (RFC 6298: 1 s, 1 s and at least 60 s; Linux: 1, 0.2 and 120 s).
    retries: how often data or a FIN are sent again before the connection is given up; RFC 9293's R2, which
    should be at least 100 s (Linux: 15).
    syn_retries, synack_retries: the same for SYN and for SYN,ACK; 7 of them last the 3 minutes that
    RFC 9293 section 3.8.3 demands (Linux: 6 and 5).
    user_timeout: how long data may stay unacknowledged before the connection is given up, or None
    (RFC 9293 section 3.9.1.1, RFC 5482).
    keep_alive: when to probe a silent peer; None, as the standard demands, unless somebody asks for it.
    delayed_ack: how long an acknowledgment may wait for company, below 0.5 s; 0 sends each at once.
    fast_retransmit: whether three duplicate ACKs make it send again without waiting (RFC 5681 section 3.2).
    msl: maximum segment lifetime; TIME-WAIT lasts twice as long.
    """

    window: int = 65535
    scaling: bool = True
    mss: int = 1460
    initial_rto: float = 1.0
    min_rto: float = 1.0
    max_rto: float = 60.0
    retries: int = 15
    syn_retries: int = 7
    synack_retries: int = 7
    user_timeout: float | None = None
    keep_alive: KeepAlive | None = None
    delayed_ack: float = 0.0
    fast_retransmit: bool = True
    msl: float = MSL

    shift: int = field(init=False)
    """By how many bits this end's windows are shifted: as few as its buffer allows (RFC 7323)."""

    unmeasured: RoundTrip = field(init=False)
    """What is known of the round trip before it was measured."""

    def __post_init__(self) -> None:
        for name in ("scaling", "fast_retransmit"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is True or False, got {getattr(self, name)!r}")
        for name in ("window", "mss", "retries", "syn_retries", "synack_retries"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"{name} is a whole number, got {value!r}")
        for name in ("initial_rto", "min_rto", "max_rto", "delayed_ack", "msl"):
            _seconds(name, getattr(self, name))
        largest = 65535 << MAX_SCALE * self.scaling
        if not 0 <= self.window <= largest:
            raise ValueError(f"window is 0 to {largest} bytes, got {self.window}")
        if not 1 <= self.mss <= LARGEST:
            raise ValueError(f"mss is 1 to {LARGEST}, what an IP packet has room for; got {self.mss}")
        if not SHORTEST <= self.min_rto <= self.max_rto or not SHORTEST <= self.initial_rto <= self.max_rto:
            raise ValueError(
                f"timeouts are at least {SHORTEST} s, and neither min_rto nor initial_rto exceeds max_rto; "
                f"got initial_rto={self.initial_rto}, min_rto={self.min_rto}, max_rto={self.max_rto}"
            )
        if min(self.retries, self.syn_retries, self.synack_retries) < 0:
            raise ValueError("retries are counted from 0")
        if not 0 <= self.delayed_ack < 0.5:
            raise ValueError(f"delayed_ack is below 0.5 s (RFC 9293 section 3.8.6.3), got {self.delayed_ack}")
        if self.user_timeout is not None:
            _seconds("user_timeout", self.user_timeout, SHORTEST)
        ask = self.keep_alive
        if ask is not None:
            if not isinstance(ask, KeepAlive):
                raise ValueError(f"keep_alive is a KeepAlive(idle, interval, count), or None; got {ask!r}")
            _seconds("keep_alive.idle", ask.idle, SHORTEST)
            _seconds("keep_alive.interval", ask.interval, SHORTEST)
            if not isinstance(ask.count, int) or ask.count < 1:
                raise ValueError(f"keep_alive.count is 1 or more, got {ask.count!r}")
        shift = max(0, self.window.bit_length() - 16) if self.scaling else 0
        object.__setattr__(self, "shift", shift)
        object.__setattr__(self, "unmeasured", RoundTrip(rto=self.initial_rto))


def _seconds(name: str, value: object, least: float = 0.0) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < inf:
        raise ValueError(f"{name} is a number of seconds, {least:g} or more; got {value!r}")


DEFAULTS = Settings()

LINUX: dict[str, Any] = {
    "min_rto": 0.2,
    "max_rto": 120.0,
    "retries": 15,
    "syn_retries": 6,
    "synack_retries": 5,
}
"""What Linux chooses where it differs: Settings(**LINUX).  Data are given up after some 15 minutes."""

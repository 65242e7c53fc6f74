"""How long to wait before sending again (RFC 6298), and before asking whether anybody is still there.

Times are seconds.  Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

NEVER = inf
"""When a timer that does not run will expire."""

ALPHA, BETA, K = 1 / 8, 1 / 4, 4
"""How fast the mean and the variation follow a new measurement, and how much variation is allowed for."""


class RoundTrip(NamedTuple):
    """What an end knows of the round-trip time, and the timeout that follows from it (RFC 6298 section 2).

    srtt, rttvar: smoothed round-trip time and its variation; None until one has been measured.
    rto: how long an acknowledgment may take before the segment is sent again; doubled at each expiry.
    """

    srtt: float | None = None
    rttvar: float | None = None
    rto: float = 1.0

    def measured(self, rtt: float, least: float = 1.0, most: float = 60.0) -> RoundTrip:
        """After one more measurement `rtt`.   least, most: bounds of the timeout."""
        if self.srtt is None or self.rttvar is None:
            srtt, rttvar = rtt, rtt / 2
        else:
            rttvar = (1 - BETA) * self.rttvar + BETA * abs(self.srtt - rtt)
            srtt = (1 - ALPHA) * self.srtt + ALPHA * rtt
        return RoundTrip(srtt, rttvar, min(max(srtt + K * rttvar, least), most))

    def backed_off(self, most: float = 60.0) -> RoundTrip:
        """After the timer has expired: twice as patient (section 5.5)."""
        return RoundTrip(self.srtt, self.rttvar, min(2 * self.rto, max(most, self.rto)))


UNMEASURED = RoundTrip()


@dataclass(frozen=True)
class KeepAlive:
    """When to ask a silent peer whether it is there (RFC 9293 section 3.8.4, RFC 1122 section 4.2.3.6).

    idle: silence before the first probe; interval: between probes; count: unanswered ones before giving up.
    """

    idle: float
    interval: float
    count: int


LINUX_KEEP_ALIVE = KeepAlive(idle=7200.0, interval=75.0, count=9)
"""What Linux does for a program that asks for keep-alive and says no more: 2 h 11 min until it is noticed."""

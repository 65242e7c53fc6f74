"""Simulation: two machines and a link on one clock, byte for byte, and the same for the same seed.

>>> from handshake import sim
>>> run = sim.tcp(seed=7)
>>> run["SYN, ACK"].name
'SYN, ACK'
"""

from __future__ import annotations

from handshake.sim.clock import Clock
from handshake.sim.faults import Drop, drop
from handshake.sim.scenario import tcp

__all__ = ["Clock", "Drop", "drop", "tcp"]

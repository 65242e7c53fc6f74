"""Simulation: machines and links on one clock, byte for byte, and the same for the same seed.

>>> from handshake import sim
>>> run = sim.tcp(seed=7)
>>> run["SYN, ACK"].name
'SYN, ACK'
"""

from __future__ import annotations

from handshake.sim.calls import calls
from handshake.sim.clock import Clock
from handshake.sim.explore import explore
from handshake.sim.failing import CASES, Heartbeat, failing, noticed
from handshake.sim.faults import delay, drop, duplicate, edit, flip, forge, kill, reboot, reorder, unplug
from handshake.sim.flood import flood, old_syns
from handshake.sim.link import Link
from handshake.sim.montecarlo import openings
from handshake.sim.reopening import reopening
from handshake.sim.restarting import restarting
from handshake.sim.scenario import tcp
from handshake.sim.world import World

__all__ = [
    "CASES",
    "Clock",
    "Heartbeat",
    "Link",
    "World",
    "calls",
    "delay",
    "drop",
    "duplicate",
    "edit",
    "explore",
    "failing",
    "flip",
    "flood",
    "forge",
    "kill",
    "noticed",
    "old_syns",
    "openings",
    "reboot",
    "reopening",
    "reorder",
    "restarting",
    "tcp",
    "unplug",
]

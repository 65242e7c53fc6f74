"""Simulation: machines and links on one clock, byte for byte, and the same for the same seed.

>>> from handshake import sim
>>> run = sim.tcp(seed=7)
>>> run["SYN, ACK"].name
'SYN, ACK'
"""

from __future__ import annotations

from handshake.sim.clock import Clock
from handshake.sim.faults import delay, drop, duplicate, edit, flip, forge, kill, reboot, reorder, unplug
from handshake.sim.link import Link
from handshake.sim.scenario import tcp
from handshake.sim.world import World

__all__ = [
    "Clock",
    "Link",
    "World",
    "delay",
    "drop",
    "duplicate",
    "edit",
    "flip",
    "forge",
    "kill",
    "reboot",
    "reorder",
    "tcp",
    "unplug",
]

"""Simulation: machines and links on one clock, byte for byte, and the same for the same seed.

>>> from handshake import sim
>>> run = sim.tcp(seed=7)
>>> run["SYN, ACK"].name
'SYN, ACK'
"""

from __future__ import annotations

from handshake.sim.again import Replay, replayed, resumed
from handshake.sim.calls import calls
from handshake.sim.clock import Clock
from handshake.sim.explore import explore
from handshake.sim.failing import CASES, Heartbeat, failing, noticed
from handshake.sim.faults import delay, drop, duplicate, edit, flip, forge, kill, reboot, reorder, unplug
from handshake.sim.flood import flood, old_syns
from handshake.sim.handshakes import tls
from handshake.sim.inpath import (
    Tamper,
    cut_off,
    drop_record,
    edit_message,
    flip_byte,
    reflect_record,
    repeat_record,
    strip_suites,
    strip_versions,
    swap_records,
)
from handshake.sim.link import Link
from handshake.sim.montecarlo import openings
from handshake.sim.race import race
from handshake.sim.reopening import reopening
from handshake.sim.restarting import restarting
from handshake.sim.scenario import tcp
from handshake.sim.world import World

__all__ = [
    "CASES",
    "Clock",
    "Heartbeat",
    "Link",
    "Replay",
    "Tamper",
    "World",
    "calls",
    "cut_off",
    "delay",
    "drop",
    "drop_record",
    "duplicate",
    "edit",
    "edit_message",
    "explore",
    "failing",
    "flip",
    "flip_byte",
    "flood",
    "forge",
    "kill",
    "noticed",
    "old_syns",
    "openings",
    "race",
    "reboot",
    "reflect_record",
    "reopening",
    "reorder",
    "repeat_record",
    "replayed",
    "restarting",
    "resumed",
    "strip_suites",
    "strip_versions",
    "swap_records",
    "tcp",
    "tls",
    "unplug",
]

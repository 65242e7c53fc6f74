"""What may befall a segment in a lab: one of three words, and the fault that it stands for."""

from __future__ import annotations

from handshake import sim
from handshake.sim.faults import Fault

KINDS = ("lost", "late", "doubled")


def befalls(kind: str, end: str, nth: int, late: float = 0.5) -> Fault:
    """The fault that befalls the nth segment of `end`.

    kind: one of KINDS.   late: how late the late one is, and the copy of the doubled one, in seconds.
    """
    if kind == "lost":
        return sim.drop(end, nth)
    if kind == "late":
        return sim.delay(end, nth, late)
    if kind == "doubled":
        return sim.duplicate(end, nth, late)
    raise ValueError(f"a segment is {', '.join(KINDS)}; not {kind!r}")

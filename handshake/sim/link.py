"""What the network does to what travels: delay, loss, and worse."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Link:
    """The way between two machines, the same in both directions.

    rate: how many bytes a second it takes up, headers included; None: as many as come at once.
    delay: one way, in seconds; jitter: up to so much more, drawn for every packet, so that a packet may
    overtake another.
    loss, duplicate, reorder, alter: how probable it is that a packet gets lost, comes twice, is held up for
    one more delay, or has one of its bits flipped.
    """

    delay: float = 0.020
    jitter: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    alter: float = 0.0
    rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("delay", "jitter"):
            seconds = getattr(self, name)
            if not isinstance(seconds, (int, float)) or not 0 <= seconds < inf:
                raise ValueError(f"{name} is a number of seconds, 0 or more; got {seconds!r}")
        for name in ("loss", "duplicate", "reorder", "alter"):
            chance = getattr(self, name)
            if not isinstance(chance, (int, float)) or not 0 <= chance <= 1:
                raise ValueError(f"{name} is a probability, 0 to 1; got {chance!r}")

        if self.rate is not None and not 0 < self.rate < inf:
            raise ValueError(f"rate is a number of bytes a second, more than 0, or None; got {self.rate!r}")

    @property
    def uneven(self) -> bool:
        """Whether it may do more to a packet than delay or lose it."""
        return bool(self.jitter or self.duplicate or self.reorder or self.alter or self.rate)

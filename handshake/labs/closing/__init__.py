"""Notebook 04, failing and closing: its bets and its labs."""

from handshake.labs.closing.benches import (
    WAYS,
    again,
    again_lab,
    detecting,
    detecting_lab,
    failing,
    failing_lab,
    skipping,
    skipping_lab,
    ways,
    ways_lab,
)
from handshake.labs.closing.bets import (
    bet_dies,
    bet_fin,
    bet_reboot,
    bet_reset,
    bet_silence,
    bet_time_wait,
    bet_unread,
    exit_check,
)
from handshake.labs.forging import forging, forging_lab

__all__ = [
    "WAYS",
    "again",
    "again_lab",
    "bet_dies",
    "bet_fin",
    "bet_reboot",
    "bet_reset",
    "bet_silence",
    "bet_time_wait",
    "bet_unread",
    "detecting",
    "detecting_lab",
    "exit_check",
    "failing",
    "failing_lab",
    "forging",
    "forging_lab",
    "skipping",
    "skipping_lab",
    "ways",
    "ways_lab",
]

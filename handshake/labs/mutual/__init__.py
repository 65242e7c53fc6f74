"""Notebook 08, mutual authentication: its bets and its labs."""

from handshake.labs.mutual.asking import grid, grid_lab
from handshake.labs.mutual.bets import bet_copy, bet_late, bet_signed, exit_check
from handshake.labs.mutual.covered import handshake, leaf_of, run_of, strip, strip_lab, verdict, verifies
from handshake.labs.mutual.duels import duel, duel_lab
from handshake.labs.mutual.twolanes import both, ordered, steps

__all__ = [
    "bet_copy",
    "bet_late",
    "bet_signed",
    "both",
    "duel",
    "duel_lab",
    "exit_check",
    "grid",
    "grid_lab",
    "handshake",
    "leaf_of",
    "ordered",
    "run_of",
    "steps",
    "strip",
    "strip_lab",
    "verdict",
    "verifies",
]

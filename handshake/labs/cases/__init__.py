"""Notebook 10, case files: TLS over TCP over a bad network, incidents, and its bets."""

from handshake.labs.cases.benches import (
    case_of,
    detective,
    detective_lab,
    stacked,
    stacked_lab,
)
from handshake.labs.cases.bets import bet_beneath, bet_flipped, exit_check
from handshake.labs.cases.incidents import CAUSES, KINDS, Incident, incidents

__all__ = [
    "CAUSES",
    "KINDS",
    "Incident",
    "bet_beneath",
    "bet_flipped",
    "case_of",
    "detective",
    "detective_lab",
    "exit_check",
    "incidents",
    "stacked",
    "stacked_lab",
]

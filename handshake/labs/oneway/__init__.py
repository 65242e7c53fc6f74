"""Notebook 07, the article's handshake for real: its bets and its labs."""

from handshake.labs.oneway.bets import bet_finished, bet_key, bet_suites, exit_check
from handshake.labs.oneway.explorer import both, explorer, explorer_lab, run_of, steps
from handshake.labs.oneway.mending import choosing, choosing_lab, tampering, tampering_lab
from handshake.labs.oneway.workbench import workbench, workbench_lab

__all__ = [
    "bet_finished",
    "bet_key",
    "bet_suites",
    "both",
    "choosing",
    "choosing_lab",
    "exit_check",
    "explorer",
    "explorer_lab",
    "run_of",
    "steps",
    "tampering",
    "tampering_lab",
    "workbench",
    "workbench_lab",
]

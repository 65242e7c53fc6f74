"""Notebook 06, certificates and trust: its bets and its labs."""

from handshake.labs.trust.benches import (
    bench,
    bench_lab,
    checks,
    checks_table,
    dates,
    dates_lab,
    lists,
    lists_lab,
)
from handshake.labs.trust.bets import bet_continue, bet_name, bet_revoked, exit_check
from handshake.labs.trust.warned import compromised, warning, warning_lab

__all__ = [
    "bench",
    "bench_lab",
    "bet_continue",
    "bet_name",
    "bet_revoked",
    "checks",
    "checks_table",
    "compromised",
    "dates",
    "dates_lab",
    "exit_check",
    "lists",
    "lists_lab",
    "warning",
    "warning_lab",
]

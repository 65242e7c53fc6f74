"""Notebooks 00 and 10: bets on the article's claims, and a first timeline."""

from handshake.labs.wager.benches import conversation, one_packet, one_packet_lab
from handshake.labs.wager.bets import bet_third, exit_check
from handshake.labs.wager.reckoning import reckoning
from handshake.labs.wager.sheet import Belief, Sheet, committed, read_code

__all__ = [
    "Belief",
    "Sheet",
    "bet_third",
    "committed",
    "conversation",
    "exit_check",
    "one_packet",
    "one_packet_lab",
    "read_code",
    "reckoning",
]

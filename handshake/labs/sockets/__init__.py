"""Notebook 05, sockets and framing: its bets and its labs."""

from handshake.labs.sockets.bets import bet_accept, bet_port, bet_reads, bet_stall, exit_check
from handshake.labs.sockets.ends import queues, queues_lab, serving, serving_lab, tuples, tuples_lab
from handshake.labs.sockets.streams import cutting, cutting_lab, every_cut, rulers, rulers_lab
from handshake.labs.sockets.talk import chatting

__all__ = [
    "bet_accept",
    "bet_port",
    "bet_reads",
    "bet_stall",
    "chatting",
    "cutting",
    "cutting_lab",
    "every_cut",
    "exit_check",
    "queues",
    "queues_lab",
    "rulers",
    "rulers_lab",
    "serving",
    "serving_lab",
    "tuples",
    "tuples_lab",
]

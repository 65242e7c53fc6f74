"""Notebook 01, layers and bytes: its frames, its bets and its labs."""

from handshake.labs.layers.benches import hopping, hopping_lab, peeling, peeling_lab
from handshake.labs.layers.bets import bet_no_ack, bet_router, bet_share, bet_swap, exit_check
from handshake.labs.layers.byte13 import answer, answers, flags, flags_lab, translate
from handshake.labs.layers.frames import changed, frame, hop, recorded, request
from handshake.labs.layers.sums import adding, adding_lab, flip, flipping, flipping_lab, noticed, words_of

__all__ = [
    "adding",
    "adding_lab",
    "answer",
    "answers",
    "bet_no_ack",
    "bet_router",
    "bet_share",
    "bet_swap",
    "changed",
    "exit_check",
    "flags",
    "flags_lab",
    "flip",
    "flipping",
    "flipping_lab",
    "frame",
    "hop",
    "hopping",
    "hopping_lab",
    "noticed",
    "peeling",
    "peeling_lab",
    "recorded",
    "request",
    "translate",
    "words_of",
]

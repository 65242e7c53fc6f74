"""Notebook 02, numbering a byte stream: its runs, its bets and its labs."""

from handshake.labs.numbering.benches import (
    against_the_rule,
    lanes,
    lanes_lab,
    resegment,
    resegment_lab,
    transfer,
    transfer_lab,
    wrap,
    wrap_lab,
)
from handshake.labs.numbering.bets import (
    acknowledged_wrongly,
    bet_first_byte,
    bet_hole,
    bet_pure_ack,
    bet_push,
    bet_recut,
    bet_wrap,
    by_hand,
    exit_check,
    one_of_three_lost,
    opened,
)

__all__ = [
    "acknowledged_wrongly",
    "against_the_rule",
    "bet_first_byte",
    "bet_hole",
    "bet_pure_ack",
    "bet_push",
    "bet_recut",
    "bet_wrap",
    "by_hand",
    "exit_check",
    "lanes",
    "lanes_lab",
    "one_of_three_lost",
    "opened",
    "resegment",
    "resegment_lab",
    "transfer",
    "transfer_lab",
    "wrap",
    "wrap_lab",
]

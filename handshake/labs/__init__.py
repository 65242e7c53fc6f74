"""The widgets of the notebooks: controls, the scenario behind them, and the view of what happens.

A notebook's labs and bets are in the package of its subject: `numbering`, `opening`, `closing`.  What they
are made with is here.
"""

from handshake.labs.bets import bet, forget
from handshake.labs.lab import Lab, Outcome, amount, choice, of_these, slider, switch

__all__ = ["Lab", "Outcome", "amount", "bet", "choice", "forget", "of_these", "slider", "switch"]

"""The widgets of the notebooks: controls, the scenario behind them, and the view of what happens."""

from handshake.labs.bets import bet
from handshake.labs.lab import Lab, Outcome

__all__ = ["Lab", "Outcome", "bet"]

"""The widgets of the notebooks: controls, the scenario behind them, and the view of what happens."""

from handshake.labs.bets import bet

__all__ = ["bet"]

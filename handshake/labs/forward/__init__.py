"""Notebook 09, forward secrecy and TLS 1.3: its bets and its labs."""

from handshake.labs.forward.bets import bet_replay, bet_stolen, bet_trips, exit_check
from handshake.labs.forward.growing import schedule, schedule_lab
from handshake.labs.forward.laps import race, race_lab
from handshake.labs.forward.meddling import downgrade, downgrade_lab, replay, replay_lab
from handshake.labs.forward.stolen import search, time_machine, time_machine_lab
from handshake.labs.forward.watching import observer, observer_lab

__all__ = [
    "bet_replay",
    "bet_stolen",
    "bet_trips",
    "downgrade",
    "downgrade_lab",
    "exit_check",
    "observer",
    "observer_lab",
    "race",
    "race_lab",
    "replay",
    "replay_lab",
    "schedule",
    "schedule_lab",
    "search",
    "time_machine",
    "time_machine_lab",
]

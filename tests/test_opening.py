"""The lab of notebook 03: the answers to its bets hold on the very traces that they reveal."""

from __future__ import annotations

import pytest

from handshake import sim
from handshake.labs import opening
from handshake.labs.bets import Bet, forget
from handshake.trace import Trace


def right(bet: Bet) -> str:
    """The option that the bet takes for right."""
    forget()
    for choice in range(len(bet.options)):
        again = Bet(bet.question, bet.options, bet._answer, "because")
        again.commit(choice)
        if again.outcome:
            return bet.options[choice]
    raise AssertionError("no option is right")


def states(trace: Trace, time: float) -> dict[str, str]:
    return {end: state for (_, end), state in trace[time].states.items()}


def test_how_many_segments_open_a_connection() -> None:
    opened = max(s.time for s in opening.recorded().steps if s.moved and s.after["state"] == "ESTABLISHED")
    landed = [t for t in opening.recorded().transits if opening.recorded().flight(t).landed <= opened]
    assert (len(landed), right(opening.bet_how_many())) == (3, "three")


def test_a_syn_takes_one_number() -> None:
    syn, answer = opening.recorded()["SYN"], opening.recorded()["SYN, ACK"]
    difference = answer.details[1].value - syn.details[0].value
    assert right(opening.bet_answer_to_syn()) == f"j + {difference}"


def test_the_client_is_first() -> None:
    first = next(s for s in opening.recorded().steps if s.moved and s.after["state"] == "ESTABLISHED")
    assert right(opening.bet_who_is_first()) == f"the {first.end}"


def test_what_both_ends_believe_when_the_third_segment_is_lost() -> None:
    run = opening.lost_third()
    assert run[3].fault == "lost"
    told = states(run, run[4].sent - 0.001)
    assert right(opening.bet_lost_third()) == f"client {told['client']}, server {told['server']}"


def test_a_refusal_is_a_reset_that_acknowledges() -> None:
    flags = opening.refused().messages[1].name.replace(", ", " and ")
    assert right(opening.bet_refused()) == f"a segment with {flags}"


@pytest.mark.parametrize(("number", "answer"), list(enumerate(["300", "that the server got its SYN"])))
def test_the_exit_check(number: int, answer: str) -> None:
    assert right(opening.exit_check().bets[number]) == answer


def test_a_syn_without_an_answer_tells_nothing() -> None:
    assert right(opening.exit_check().bets[2]).startswith("nothing")
    for silent in (sim.drop("client", 1), sim.drop("server", 1)):
        run = sim.tcp(faults=[silent], until=0.9)
        assert not [s for s in run.steps if s.end == "client" and s.transit]


def test_the_twin_has_the_numbers_of_the_recording() -> None:
    recorded, simulated = opening.recorded(), opening.twin()
    numbers = [[m.text(relative=False) for m in trace.messages[:4]] for trace in (recorded, simulated)]
    assert numbers[0] == numbers[1]

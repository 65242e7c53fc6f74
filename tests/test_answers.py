"""The bets of notebooks 02 to 04: their answers hold on runs of the machine, and on nothing less."""

from __future__ import annotations

import pytest
from test_opening import right

from handshake import sim
from handshake.flows import received
from handshake.labs import closing, numbering, opening
from handshake.labs.bets import Bet, forget
from handshake.labs.forging import forging
from handshake.peel import peel
from handshake.tcp import KeepAlive, seq
from handshake.tcp.settings import LINUX
from handshake.trace import Trace

BETS = [
    getattr(module, name)
    for module in (numbering, opening, closing)
    for name in module.__all__
    if name.startswith("bet_")
]


def states(run: Trace, time: float) -> dict[str, str]:
    return {end: state for (_, end), state in run.at(time).states.items()}


@pytest.mark.parametrize("make", BETS, ids=lambda make: make.__name__)
def test_every_bet_can_be_lost_and_won_and_shows_what_it_promised(make: object) -> None:
    forget()
    bet: Bet = make()  # type: ignore[operator]
    wrong = next(n for n, option in enumerate(bet.options) if option != right(bet))
    bet.commit(wrong)
    assert bet.outcome is False
    shown = bool(bet._revealed.children)
    assert shown or make is numbering.bet_pure_ack  # the next cell shows it
    forget()


# ---- 02 --------------------------------------------------------------------------------------------------


def test_the_first_byte_comes_after_the_syn() -> None:
    run = numbering.one_of_three_lost()
    first = next(peel(t.frame)[2] for t in run.transits if peel(t.frame)[2].data)
    assert (right(numbering.bet_first_byte()), first.seq) == ("1001", 1001)


def test_what_comes_behind_a_hole_draws_the_number_that_is_missing() -> None:
    run = numbering.one_of_three_lost()
    third = next(step for step in run.steps if step.transit == 6)
    answer = peel(run[third.sends[0]].frame)[2]
    assert right(numbering.bet_hole()) == str(seq.distance(1000, answer.ack)) == "5"


def test_another_cut_changes_no_number() -> None:
    def bytes_by_number(size: int) -> dict[int, int]:
        found: dict[int, int] = {}
        run = numbering.resegment(size).trace
        assert run is not None
        base = next(peel(t.frame)[2].seq for t in run.transits)
        for transit in run.transits:
            segment = peel(transit.frame)[2]
            if transit.sender == "client":
                found |= {seq.distance(base, segment.seq) + n: byte for n, byte in enumerate(segment.data)}
        return found

    assert bytes_by_number(20) == bytes_by_number(10) == bytes_by_number(1)
    assert right(numbering.bet_recut()).startswith("none")


def test_after_the_largest_number_comes_zero() -> None:
    run = numbering.wrap(1, 12).trace
    assert run is not None
    first = next(peel(t.frame)[2] for t in run.transits if peel(t.frame)[2].data)
    assert right(numbering.bet_wrap()) == str(first.seq) == "0"


def test_the_program_reads_the_same_without_any_psh() -> None:
    with_, without = numbering.resegment(20).trace, numbering.resegment(20, "none").trace
    assert with_ is not None
    assert without is not None
    assert not [message for message in without.messages if "PSH" in message.name]
    assert received(with_, "server") == received(without, "server")
    assert right(numbering.bet_push()) == "the same bytes as before"


def test_an_ack_takes_no_number() -> None:
    end = numbering.opened()
    end.receive(numbering.by_hand(1001, 5001, data=b"x"), 1.0)  # draws a bare ACK
    (bare,) = end.outgoing()
    end.send(b"five!")
    (data,) = end.outgoing()
    assert bare.seq == data.seq
    assert right(numbering.bet_pure_ack()) == "25"


def test_the_exit_check_of_02() -> None:
    one, two, three = map(right, numbering.exit_check().bets)
    assert one == str(seq.add(4_294_967_290, 10))
    end = numbering.opened()
    end.send(bytes(100))
    before = end.tcb
    end.receive(numbering.by_hand(1001, before.snd_una), 1.0)
    assert end.tcb.snd_una == before.snd_una
    assert two.startswith("a duplicate")
    assert three.startswith("when the segment brings data, all before it has arrived")
    table = numbering.against_the_rule(numbering.one_of_three_lost())
    assert table.count("NOT as the rule has it") == 4
    assert table.count(": as the rule has it") == 1


def test_an_ack_that_is_off_by_one_costs_a_retransmission() -> None:
    for by in (-1, 1):
        run = numbering.acknowledged_wrongly(by)
        assert received(run, "server") == [b"twelve bytes more"]
        again = [m for m in run.messages if any("retransmission" in label for label in m.labels)]
        assert len(again) == 1
        assert again[0].details[-1].value == (1 if by < 0 else 12)


# ---- 03 --------------------------------------------------------------------------------------------------


def test_with_two_messages_it_is_the_old_syn_that_goes_wrong() -> None:
    assert "old SYN" in right(opening.bet_two_messages())
    assert "8 ghosts" in opening.two_or_three(2).words
    assert "0 ghosts" in opening.two_or_three(3).words


def test_under_a_flood_it_is_places_that_honest_callers_lack() -> None:
    assert right(opening.bet_flood()).startswith("places in the server's queue")
    few, many = opening.flooding(backlog=16).words, opening.flooding(backlog=128).words
    assert few.startswith("4 of 40")
    assert many.startswith("40 of 40")


def test_a_syn_inside_draws_an_ack_and_nothing_else() -> None:
    run = forging("SYN", 0).trace
    assert run is not None
    step = next(step for step in run.steps if step.transit == 8)
    assert [run.about(number)[0].name for number in step.sends] == ["ACK"]
    assert states(run, 2.9) == {"client": "ESTABLISHED", "server": "ESTABLISHED"}
    assert right(opening.bet_syn_inside()) == "it sends an ACK, and otherwise nothing"


# ---- 04 --------------------------------------------------------------------------------------------------


def test_after_the_clients_fin_the_server_may_go_on() -> None:
    run = closing.ways("half-close").trace
    assert run is not None
    assert received(run, "client") == [b"an answerand more"]
    assert right(closing.bet_fin()).startswith("yes")


def test_silence_is_never_noticed() -> None:
    assert sim.noticed(sim.failing("silence, server idle", **LINUX)).time is None
    assert right(closing.bet_silence()) == "never"


def test_a_dead_programs_system_says_so_at_once() -> None:
    assert sim.noticed(sim.failing("process dies")).delay == pytest.approx(0.02)
    assert right(closing.bet_dies()) == "a FIN or a RST, at once"


def test_who_has_rebooted_answers_with_a_reset() -> None:
    run = sim.failing("reboot, then data")
    assert [m.name for m in run.messages if m.sender == "client"][-1] == "RST"
    assert right(closing.bet_reboot()) == "a RST"


def test_unread_data_make_a_close_a_reset() -> None:
    run = closing.ways("data unread").trace
    assert run is not None
    assert run.messages[-1].name == right(closing.bet_unread()).removeprefix("a ") == "RST"


def test_without_time_wait_the_old_gets_into_the_new() -> None:
    assert "pay 900 to Mallory" in closing.skipping().words
    assert "pay 900 to Mallory" not in closing.skipping(time_wait=True).words
    assert right(closing.bet_time_wait()).startswith("bytes of the old connection")


def test_a_guessed_reset_is_challenged() -> None:
    run = forging("RST", 1000).trace
    assert run is not None
    assert states(run, 2.9)["client"] == "ESTABLISHED"
    exact = forging("RST", 0).trace
    assert exact is not None
    assert states(exact, 2.9)["client"] == "CLOSED"
    assert right(closing.bet_reset()).startswith("it sends an ACK")


def test_the_exit_check_of_04() -> None:
    one, two, three = map(right, closing.exit_check().bets)
    assert one.startswith("the peer, or the way to it")
    ask = KeepAlive(60.0, 10.0, 3)
    end = sim.noticed(sim.failing("silence, server idle", keep_alive=ask)).time
    assert end is not None
    assert two == f"after {round(end - 0.06)} s"
    run = closing.ways("one, then the other").trace
    assert run is not None
    waits = {step.end for step in run.steps if step.after["state"] == "TIME-WAIT"}
    assert (waits, three) == ({"client"}, "the one that closes first")

"""What can befall a machine and a segment, one by one, as packet traces: faults, hosts, ports, calls."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from handshake import sim
from handshake.errors import Refused
from handshake.flows import received
from handshake.sim.faults import SegmentFault
from handshake.sim.host import OFF, Host
from handshake.sim.programs import Server
from handshake.sim.world import CLIENT, SERVER, World
from handshake.tcp import ACK, RST, SYN, Settings
from handshake.trace import Trace


def names(run: Trace, end: str = "") -> list[str]:
    """The messages of a run, in short."""
    return [str(message) for message in run.messages if end in ("", message.sender)]


def events(run: Trace) -> list[tuple[str, float]]:
    return [(fault.kind, fault.time) for fault in run.faults if fault.end]


def states(run: Trace, end: str) -> list[str]:
    found: list[str] = []
    for step in run.steps:
        if step.end == end:
            for state in (str(step.before["state"]), str(step.after["state"])):
                if found[-1:] != [state]:
                    found.append(state)
    return found


def talk(**more: Any) -> Trace:
    """A connection that opens at 0 and says something at 1 s; it is watched for 9 s."""
    settings: dict[str, Any] = {"until": 9.0, **more}
    return sim.calls({0.0: "open", 1.0: b"hello"}, {0.0: "listen"}, **settings)


# ---- Faults of segments ----------------------------------------------------------------------------------


def test_a_segment_that_is_held_back_arrives_later() -> None:
    run = talk(faults=[sim.delay("client", 3, by=0.3)])
    assert run[4].fault == "delayed"
    assert run[4].arrived == pytest.approx(1.0 + 0.02 + 0.3)
    assert names(run)[-1] == "ACK  seq 1 ack 6"


def test_a_copy_comes_later_with_the_same_bytes() -> None:
    run = talk(faults=[sim.duplicate("client", 3, after=2.0)])
    copy = run[6]
    assert (copy.fault, copy.sent) == ("duplicate", pytest.approx(3.0))
    assert copy.frame == run[4].frame
    assert received(run, "server") == [b"hello"]


def test_a_segment_is_overtaken_by_the_next() -> None:
    run = sim.calls(
        {0.0: "open", 1.0: b"one", 1.1: b"two"}, {0.0: "listen"}, faults=[sim.reorder("client", 3)], until=3.0
    )
    first, second = run[4], run[5]
    assert first.arrived is not None
    assert second.arrived is not None
    assert first.arrived > second.arrived
    assert received(run, "server") == [b"onetwo"]


def test_who_is_overtaken_by_nobody_arrives_a_second_late() -> None:
    run = talk(faults=[sim.reorder("client", 3)])
    assert run[4].arrived == pytest.approx(run[4].sent + 0.02 + 1.001)


def test_a_flipped_bit_is_seen_by_the_checksum_and_the_segment_comes_again() -> None:
    run = talk(faults=[sim.flip("client", 3, bit=165)])
    assert run[4].fault == "altered"
    notes = [note for step in run.steps if step.transit == 4 for note in step.notes]
    assert notes == ["the checksum is wrong: the segment is dropped, as if it had been lost"]
    assert received(run, "server") == [b"hello"]
    assert "retransmission of 4" in [label for message in run.messages for label in message.labels]


def test_an_edited_field_is_seen_by_nobody() -> None:
    run = talk(faults=[sim.edit("client", 3, data=b"HELLO")])
    assert run[4].fault == "altered"
    assert received(run, "server") == [b"HELLO"]


def test_a_flip_beyond_the_end_changes_the_last_byte() -> None:
    run = talk(faults=[sim.flip("client", 3, bit=100_000)])
    assert run[4].frame[:-1] + bytes([run[4].frame[-1] ^ 0x80]) != run[4].frame
    assert run[4].fault == "altered"


@pytest.mark.parametrize(
    "fault",
    [sim.drop("client", 3), sim.delay("client", 3), sim.duplicate("client", 3), sim.reorder("client", 3),
     sim.flip("client", 3), sim.edit("client", 3, window=7)],
    ids=lambda fault: type(fault).__name__,
)  # fmt: skip
def test_every_fault_says_what_it_did(fault: SegmentFault) -> None:
    run = talk(faults=[fault], title=None)
    (told,) = [each for each in run.faults if each.transit]
    assert f"the fault {type(fault).__name__.lower()}('client', nth=3" in told.text
    assert "segment 3 of the client" in run.title


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sim.delay("client", 1, by=-1), "by is a number of seconds"),
        (lambda: sim.drop("client", 0), "counted from 1"),
        (lambda: sim.kill("somebody", 1.0), "end is 'client' or 'server'"),
        (lambda: sim.unplug("client", 1.0, back=float("inf")), "back is a number of seconds"),
        (lambda: sim.Link(loss=2), "loss is a probability"),
        (lambda: sim.Link(jitter=-1), "jitter is a number of seconds"),
        (lambda: sim.Link(rate=0), "rate is a number of bytes"),
        (lambda: talk(faults=["drop"]), "faults are made with"),
        (lambda: talk(faults=[sim.forge("client", 1.0, RST, seq=("RCV", 1))]), "can aim at the victim's"),
        (lambda: sim.calls({0.0: "dial"}, {}), "a call is some bytes to send, or one of open, listen"),
        (lambda: sim.calls({-1.0: "open"}, {}), "time of a call is a number of seconds"),
        (lambda: sim.failing("boredom"), "case is one of 'process dies'"),
        (lambda: sim.flood(rate=1e6), "rate is 0 to 1000"),
        (lambda: sim.old_syns(messages=5), "a handshake has 2, 3, 4 messages"),
        (lambda: sim.openings(0), "count is 1 or more"),
        (lambda: sim.openings(5, loss=1.5), "loss is a probability"),
        (lambda: sim.reopening(late=-1), "late is 0 to 100"),
        (lambda: sim.restarting(first="nobody"), "first is 'client' or 'server'"),
        (lambda: sim.explore(1), "a handshake has 2, 3, 4 messages"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(make: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        make()


# ---- Links -----------------------------------------------------------------------------------------------


def test_a_link_with_a_rate_takes_segments_one_after_the_other() -> None:
    run = sim.tcp(
        request=bytes(5000), response=b"", mss=500, link=sim.Link(0.1, rate=10_000), think=0.0, window=65535
    )
    data = [t for t in run.transits if t.sender == "client" and t.wire_length > 400]
    gaps = [b.arrived - a.arrived for a, b in pairwise(data) if a.arrived and b.arrived]
    assert gaps == pytest.approx([len(data[1].frame) / 10_000] * len(gaps))


def test_a_link_that_loses_loses_about_as_many_as_it_says() -> None:
    run = sim.tcp(seed=1, link=sim.Link(0.01, loss=0.25), request=bytes(300_000), mss=500, retries=99)
    lost = sum(transit.fault == "lost" for transit in run.transits)
    assert 0.2 < lost / len(run.transits) < 0.3


def test_whatever_one_end_sends_the_other_meets_the_same_chances() -> None:
    """A new draw at one end shifts none at the other."""
    link = sim.Link(0.02, loss=0.3)
    one = sim.tcp(seed=5, link=link, response=b"short")
    other = sim.tcp(seed=5, link=link, response=b"much longer than that")
    fates = [[t.fault for t in run.transits if t.sender == "client"][:5] for run in (one, other)]
    assert fates[0] == fates[1]


# ---- Ends ------------------------------------------------------------------------------------------------


def test_a_program_that_is_killed_is_cleaned_up_after_by_its_system() -> None:
    run = talk(faults=[sim.kill("client", 2.0)])
    assert events(run) == [("killed", 2.0)]
    assert states(run, "client")[-2:] == ["FIN-WAIT-1", "FIN-WAIT-2"]
    assert states(run, "server")[-1] == "CLOSE-WAIT"
    assert "FIN, ACK  seq 6 ack 1" in names(run, "client")


def test_what_comes_for_a_dead_program_is_answered_with_a_reset() -> None:
    run = sim.calls(
        {0.0: "open"}, {0.0: "listen", 3.0: b"are you there?"}, faults=[sim.kill("client", 2.0)], until=9.0
    )
    assert names(run, "client")[-1].startswith("RST")
    assert states(run, "server")[-1] == "CLOSED"


def test_a_cable_that_is_out_loses_what_is_sent_and_what_comes() -> None:
    run = talk(faults=[sim.unplug("client", 0.5, back=1.0)])
    assert events(run) == [("unplugged", 0.5), ("plugged in", 1.5)]
    assert [t.fault for t in run.transits if t.sender == "client"] == [None, None, "lost", None]
    assert received(run, "server") == [b"hello"]
    server = sim.calls(
        {0.0: "open"}, {0.0: "listen", 1.0: b"hello"}, faults=[sim.unplug("client", 0.5)], until=2.5
    )
    assert {f.text for f in server.faults if f.transit} == {
        f"transit {n} was lost: the client's cable is pulled" for n in (4, 5)
    }


def test_who_loses_power_forgets_everything_and_says_so_when_asked() -> None:
    run = sim.calls(
        {0.0: "open"}, {0.0: "listen", 3.0: b"hello"}, faults=[sim.reboot("client", 1.0, down=1.0)], until=9.0
    )
    assert [kind for kind, _ in events(run)] == ["down", "up"]
    assert states(run, "client") == ["CLOSED", "SYN-SENT", "ESTABLISHED", OFF, "CLOSED"]
    assert names(run, "client")[-1].startswith("RST")
    assert states(run, "server")[-1] == "CLOSED"


def test_a_program_on_a_machine_without_power_calls_nothing() -> None:
    run = talk(faults=[sim.reboot("client", 0.5, down=None)])
    assert [t.sender for t in run.transits] == ["client", "server", "client"]


def test_a_machine_that_starts_again_draws_new_secrets() -> None:
    world = sim.World(seed=1)
    host = world.host("client", "10.0.0.1")
    before = host.isn(("10.0.0.1", 1), ("10.0.0.2", 2))
    host.power_off()
    host.power_on()
    assert host.isn(("10.0.0.1", 1), ("10.0.0.2", 2)) != before


def test_a_forged_segment_is_marked_and_comes_from_another_machine() -> None:
    run = talk(faults=[sim.forge("client", 0.5, SYN, seq=("RCV.NXT", 10))])
    (forged,) = [t for t in run.transits if t.fault == "forged"]
    assert (forged.sender, forged.sent) == ("server", 0.5)
    answer = next(step for step in run.steps if step.transit == forged.number)
    assert "challenged" in answer.notes[0]
    assert [str(message) for message in run.messages][3] == "SYN  seq 11"  # it begins nothing


# ---- Ports, queues and calls -----------------------------------------------------------------------------


def served(**choices: Any) -> tuple[sim.World, Host, Host]:
    world = sim.World(seed=3)
    client, server = world.host("client", "10.0.0.1"), world.host("server", "10.0.0.2")
    server.listen(443, lambda: Server(b"", b"", 0.0), **choices)
    return world, client, server


def test_a_port_is_refused_to_a_second_program() -> None:
    _, _, server = served()
    with pytest.raises(Refused, match="listens on port 443 already"):
        server.listen(443)


def test_a_program_that_never_accepts_leaves_connections_complete_and_waiting() -> None:
    """POSIX: connect succeeds before accept."""
    world, client, server = served(pause=None, backlog=2, syn_backlog=5)
    sockets = [client.socket(5000 + n, ("10.0.0.2", 443)) for n in range(3)]
    for socket in sockets:
        socket.open()
    world.run(0.5)
    assert [str(socket.state) for socket in sockets] == ["ESTABLISHED", "ESTABLISHED", "ESTABLISHED"]
    listener = server.listening[443].listener
    assert (len(listener.accept_queue), len(listener.syn_queue)) == (2, 1)


def test_a_slow_program_accepts_one_after_the_other() -> None:
    world, client, server = served(pause=0.5)
    for n in range(3):
        client.socket(5000 + n, ("10.0.0.2", 443)).open()
    world.run(5.0)
    accepted = [step.time for step in world.trace().steps if step.cause == "accept"]
    assert [b - a for a, b in pairwise(accepted)] == pytest.approx([0.5, 0.5])
    assert server.listening[443].listener.accept() is None


def test_calls_of_one_moment_come_in_their_order_and_who_listens_is_first() -> None:
    run = sim.calls({0.0: ["open", b"hi"]}, {0.0: ["listen", "hold"], 1.0: "read"})
    assert [step.cause for step in run.steps][:3] == ["passive OPEN", "RECEIVE", "active OPEN"]
    assert received(run, "server") == [b"hi"]


def test_a_call_that_is_refused_is_told_and_the_program_goes_on() -> None:
    run = sim.calls({0.0: b"too early", 0.1: "open", 0.5: "close", 0.6: b"late"}, {0.0: "listen"}, until=5.0)
    refused = [(step.cause, step.notes[0]) for step in run.steps if "refused" in step.cause]
    assert [cause for cause, _ in refused] == ["call refused", "call refused"]
    assert "open one first" in refused[0][1]
    assert "closed already" in refused[1][1]


def test_a_half_close_lets_the_other_end_go_on() -> None:
    run = sim.calls(
        {0.0: "open", 0.1: b"question", 0.2: "shutdown"}, {0.0: "listen", 0.5: b"answer", 0.9: "shutdown"}
    )
    assert received(run, "client") == [b"answer"]
    assert states(run, "client")[-2:] == ["FIN-WAIT-2", "TIME-WAIT"]
    assert states(run, "server")[-3:] == ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]


def test_a_close_with_data_unread_resets() -> None:
    run = sim.calls({0.0: "open", 0.1: b"unread"}, {0.0: ["listen", "hold"], 0.5: "close"})
    assert names(run, "server")[-1].startswith("RST")
    assert any("6 bytes were not read" in note for step in run.steps for note in step.notes)


def test_settings_reach_both_ends() -> None:
    run = sim.tcp(mss=100, window=300, request=bytes(1000))
    assert max(len(t.frame) for t in run.transits) == 14 + 20 + 20 + 100
    with pytest.raises(ValueError, match="mss is 1 to 65495"):
        sim.tcp(mss=0)
    assert Settings(window=1_000_000).shift == 4


def test_ten_days_are_no_more_work_than_their_events() -> None:
    run = sim.failing("silence, server idle", until=10 * 86400.0)
    assert len(run.transits) < 10
    assert run.at(10 * 86400.0).states[1, "server"] == "ESTABLISHED"


def test_flags_that_forgers_use_are_plain() -> None:
    run = talk(faults=[sim.forge("server", 0.5, RST | ACK, seq=("RCV.NXT", 0))])
    assert states(run, "server")[-1] == "CLOSED"


# ---- What overtakes what, in every kind of link -----------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        sim.Link(0.02),
        sim.Link(2.0),
        sim.Link(0.02, rate=1000),
        sim.Link(0.02, jitter=0.2),
        sim.Link(0.02, jitter=0.5),
    ],
    ids=str,
)
def test_whoever_is_overtaken_arrives_right_behind_the_next(link: sim.Link) -> None:
    run = sim.calls(
        {0.0: "open", 9.0: b"one", 9.01: b"two"}, {0.0: "listen"}, link=link, until=30.0, syn_retries=0,
        initial_rto=20.0, min_rto=20.0, faults=[sim.reorder("client", 3)],
    )  # fmt: skip
    held = next(transit for transit in run.transits if transit.fault == "delayed")
    following = next(transit for transit in run.transits[held.number :] if transit.sender == "client")
    assert held.arrived is not None
    assert following.arrived is not None
    assert held.arrived == pytest.approx(following.arrived + 0.001)


def test_a_lost_segment_overtakes_nobody() -> None:
    run = talk(faults=[sim.reorder("client", 1), sim.drop("client", 2)])
    assert run[2].fault == "lost"
    assert run[1].arrived == pytest.approx(0.02 + 1.0 + 0.001)


def test_a_link_that_reorders_holds_some_up() -> None:
    run = sim.calls({0.0: "open"}, {0.0: "listen"}, link=sim.Link(0.02, reorder=1.0))
    assert [transit.arrived for transit in run.transits] == [pytest.approx(0.04 * n) for n in (1, 2, 3)]


# ---- Bytes that were changed --------------------------------------------------------------------------


def test_a_checksum_that_was_edited_is_seen() -> None:
    for change, why in (
        ({"checksum": 1}, "the checksum is wrong: the segment is dropped, as if it had been lost"),
        ({"data_offset": 15}, "the header makes no sense: the segment is dropped, as if it had been lost"),
    ):
        run = talk(faults=[sim.edit("client", 1, **change)], until=0.5)
        assert [note for step in run.steps if step.transit == 1 for note in step.notes] == [why]
        assert states(run, "server") == ["CLOSED", "LISTEN"]


def test_a_copy_of_a_damaged_segment_is_damaged() -> None:
    run = talk(faults=[sim.flip("client", 3, bit=165), sim.duplicate("client", 3, after=0.1)], until=1.5)
    copy = next(transit for transit in run.transits if transit.fault == "duplicate")
    assert copy.frame == run[4].frame
    assert received(run, "server") == [b""]


def test_what_is_forged_is_not_counted_among_what_its_sender_sends() -> None:
    forged = sim.forge("server", 0.5, "ACK", seq=("RCV.NXT", 0))
    run = talk(faults=[forged, sim.drop("client", 3)])
    lost = next(transit for transit in run.transits if transit.fault == "lost")
    assert run.about(lost.number)[0].text() == "PSH, ACK  seq 1 ack 1 data 5"


# ---- The dead do nothing --------------------------------------------------------------------------------


def test_a_machine_without_power_sends_nothing_more() -> None:
    run = sim.calls(
        {0.0: "open", 0.1: "abort", 0.3: "open", 0.4: b"hi"}, {0.0: "listen", 0.15: "listen"},
        faults=[sim.reboot("client", at=0.2, down=None)], until=3.0,
    )  # fmt: skip
    assert max(transit.sent or 0.0 for transit in run.transits if transit.sender == "client") < 0.2


def test_a_program_that_was_killed_calls_nothing_more() -> None:
    run = sim.calls(
        {0.0: "open", 0.3: b"hi", 0.4: "open"}, {0.0: "listen"}, faults=[sim.kill("client", at=0.2)]
    )
    assert names(run, "client")[-1] == "FIN, ACK  seq 1 ack 1"
    assert received(run, "server") == [b""]


def test_what_a_dead_program_had_planned_does_not_happen() -> None:
    """Socket.after belongs to the program that asked for it."""
    run = sim.tcp(faults=[sim.kill("client", at=0.045)], think=0.1, until=2.0)
    assert received(run, "server") == [b""]
    assert "call refused" not in {step.cause for step in run.steps}


def test_a_server_that_dies_accepts_nobody_and_answers_with_resets() -> None:
    """The handshake is half done when its program dies."""
    for at, answers in ((0.0, ["RST, ACK"]), (0.03, ["SYN, ACK", "RST", "RST"]), (0.07, ["SYN, ACK", "RST"])):
        world = World(faults=[sim.kill("server", at=at)])
        client, server = world.host("client", CLIENT[0]), world.host("server", SERVER[0])
        server.listen(SERVER[1], lambda: None, pause=10.0)
        world.clock.at(0.0, client.socket(CLIENT[1], SERVER).open)
        world.run(20.0)
        run = world.trace()
        assert [message.name for message in run.messages if message.sender == "server"] == answers
        assert "accept" not in {step.cause for step in run.steps}
        assert states(run, "client")[-1] == "CLOSED"


def test_a_machine_that_is_down_cannot_go_down() -> None:
    faults = [sim.reboot("client", at=0.03, down=5.0), sim.reboot("client", at=0.05, down=1.0)]
    run = talk(faults=[*faults, sim.kill("client", at=0.06)])
    assert events(run) == [("down", pytest.approx(0.03)), ("up", pytest.approx(5.03))]
    run = talk(faults=[sim.unplug("client", at=0.1, back=2.0), sim.unplug("client", at=0.2, back=0.1)])
    assert events(run) == [("unplugged", pytest.approx(0.1)), ("plugged in", pytest.approx(2.1))]

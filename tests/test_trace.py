"""The waist of the house: looked up by number, name and time; told in text; kept as JSON; worked out late."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import pytest

from handshake import capture, sim
from handshake.trace import (
    FAULTS,
    ByConnection,
    Connection,
    Deferred,
    Detail,
    Fault,
    Flight,
    Message,
    Moment,
    Recorder,
    Secret,
    Source,
    Step,
    Trace,
    Transit,
    flight,
)

CLIENT, SERVER = ("10.0.0.1", 40000), ("10.0.0.2", 443)


@pytest.fixture(scope="module")
def run() -> Trace:
    return sim.tcp(seed=7)


@pytest.fixture(scope="module")
def lossy() -> Trace:
    return sim.tcp(seed=7, faults=[sim.drop("client", nth=2)])


@pytest.fixture
def captured(lossy: Trace, tmp_path: Path) -> Trace:
    return capture.read(lossy.save(tmp_path / "lossy.pcapng", at="client"))


def everything() -> Trace:
    """One of each kind of record, with every field given."""
    return Trace(
        "one of each",
        (Transit(1, b"\0\xff", "raw", 0.1, 0.2, 0.15, 99, 1, "client", "altered"), Transit(2, b"")),
        (
            Message(
                1,
                "TLS",
                "Finished",
                b"\x14",
                (Source(1, 0, 1), Source(2, 3, 9)),
                1,
                "client",
                (Detail("seq", 2**32 - 1, 0), Detail("word", "abc")),
                ("retransmission of 1",),
                ("A note.",),
                b"plain",
                "master secret",
            ),
            Message(2, "TCP", "SYN", b"", ()),
        ),
        (
            Step(
                1,
                0.1,
                1,
                "server",
                "rcv SYN",
                {"state": "LISTEN"},
                {"state": "X", "ISS": 5},
                1,
                (2,),
                ("why",),
                "inferred",
            ),
        ),
        (
            Secret(
                "master secret", b"\1\2", "client", 0.3, "PRF", (("random", 1, 6), ("label", None, None)), 1
            ),
        ),
        (Connection(1, "TCP", CLIENT, ("2001:db8::2", 443), (1,), "client", 0.01, ("noted",)),),
        (Fault("altered", "text", 0.2, 1, 7, "inferred", 1), Fault("reading", "broken off", offset=24)),
        10**18,
    )


# ---- Lookups ---------------------------------------------------------------------------------------------


def test_by_number_a_transit(run: Trace) -> None:
    assert run[3] is run.transits[2]
    assert run[11].number == 11


@pytest.mark.parametrize("number", [0, 12, -1])
def test_a_number_that_is_not_there(run: Trace, number: int) -> None:
    with pytest.raises(KeyError, match=f"no transit has the number {number}; there are 11 transits"):
        run[number]


def test_by_name_the_first_message(run: Trace) -> None:
    assert run["SYN, ACK"] is run.messages[1]
    assert run["SYN"].text() == "SYN  seq 0"


def test_a_name_that_is_not_there(run: Trace) -> None:
    with pytest.raises(
        KeyError, match="no message is called 'syn'; there are: SYN; SYN, ACK; ACK; PSH, ACK; FIN, ACK"
    ):
        run["syn"]
    with pytest.raises(KeyError, match="there are: none"):
        Trace()["SYN"]


def test_by_time_the_moment(run: Trace) -> None:
    assert run[0.025] == run.at(0.025)
    assert run[0.025] == Moment(0.025, {(1, "client"): "SYN-SENT", (1, "server"): "SYN-RECEIVED"}, (2,))


@pytest.mark.parametrize(
    ("time", "client", "server", "under_way"),
    [
        (-1.0, "CLOSED", "CLOSED", ()),
        (0.0, "SYN-SENT", "LISTEN", (1,)),
        (0.0199, "SYN-SENT", "LISTEN", (1,)),
        (0.020, "SYN-SENT", "SYN-RECEIVED", (2,)),
        (0.040, "ESTABLISHED", "SYN-RECEIVED", (3,)),
        (0.055, "ESTABLISHED", "SYN-RECEIVED", (3, 4)),
        (0.060, "ESTABLISHED", "ESTABLISHED", (4,)),
        (0.135, "FIN-WAIT-1", "CLOSE-WAIT", (9,)),
        (99.0, "TIME-WAIT", "CLOSED", ()),
    ],
)
def test_a_moment_holds_what_has_happened_by_then(
    run: Trace, time: float, client: str, server: str, under_way: tuple[int, ...]
) -> None:
    assert run.at(time) == Moment(time, {(1, "client"): client, (1, "server"): server}, under_way)


def test_what_gets_lost_is_not_under_way(lossy: Trace) -> None:
    assert lossy.at(0.045).under_way == ()


def test_all_messages_of_a_name(run: Trace) -> None:
    assert [m.number for m in run.named("ACK")] == [3, 5, 7, 9, 11]
    assert run.named("nothing") == ()


def test_the_messages_in_a_transit(run: Trace, captured: Trace) -> None:
    assert run.about(2) == (run.messages[1],)
    assert captured.about(2) == (captured.messages[1],)
    with pytest.raises(KeyError, match="no transit"):
        run.about(99)


def test_a_connection_by_its_number(run: Trace) -> None:
    assert run.connection(1) is run.connections[0]
    assert (run.connection(1).address("client"), run.connection(1).address("server")) == (CLIENT, SERVER)
    with pytest.raises(KeyError, match="no connection has the number 2; there are 1"):
        run.connection(2)


# ---- Several connections ---------------------------------------------------------------------------------


def several(count: int) -> Trace:
    """That many connections, whose transits alternate: 1, 2, ... 1, 2, ..."""
    recorder = Recorder("several")
    numbers = [recorder.connection("TCP", ("10.0.0.1", 40000 + n), SERVER) for n in range(count)]
    for turn in range(2):
        for number in numbers:
            transit = recorder.sent(b"frame", turn + number / 1000, connection=number, sender="client")
            recorder.arrived(transit, turn + number / 1000 + 0.5)
            recorder.told(
                at=turn + number / 1000,
                connection=number,
                end="client",
                cause="SEND",
                before={"state": "ESTABLISHED"},
                after={"state": "ESTABLISHED"},
                sends=(transit,),
            )
    recorder.befell(1, "lost", "transit 1 was lost", 0.6)
    recorder.faults.append(Fault("reading", "the file breaks off"))
    return recorder.snapshot()


def test_one_connection_of_several() -> None:
    trace = several(3)
    two = trace.only(2)
    assert [t.number for t in two.transits] == [2, 5]
    assert [s.connection for s in two.steps] == [2, 2]
    assert two[5] is trace[5]
    assert two.connections == (trace.connections[1],)
    assert [f.kind for f in two.faults] == ["reading"]
    assert [f.kind for f in trace.only(1).faults] == ["lost", "reading"]
    with pytest.raises(KeyError, match="no transit has the number 1; there are 2"):
        two[1]
    with pytest.raises(KeyError, match="no connection"):
        trace.only(4)


def test_one_connection_of_one_is_the_same(run: Trace, captured: Trace) -> None:
    assert run.only(1) == run
    assert captured.only(1) == captured


def test_entries_are_in_the_order_of_time_and_a_fault_of_the_reading_comes_last(lossy: Trace) -> None:
    entries = several(2).entries
    assert [entry.time for entry in entries[:-1]] == sorted(entry.time for entry in entries[:-1])
    assert entries[-1] == Fault("reading", "the file breaks off")
    assert len(lossy.entries) == len(lossy.transits) + len(lossy.steps) + len(lossy.faults)
    assert lossy.entries.index(lossy.faults[0]) > lossy.entries.index(lossy[3])


# ---- Flight ----------------------------------------------------------------------------------------------

NEAR_CLIENT = Connection(1, "TCP", CLIENT, SERVER, near="client", delay=0.25)
NEAR_SERVER = replace(NEAR_CLIENT, near="server")
NOWHERE = replace(NEAR_CLIENT, near=None, delay=None)


@pytest.mark.parametrize(
    ("transit", "connection", "left", "landed", "estimated"),
    [
        (Transit(1, b"", sent=1.0, arrived=2.0, sender="client"), NOWHERE, 1.0, 2.0, False),
        (Transit(1, b"", sent=1.0, sender="client", fault="lost"), NOWHERE, 1.0, None, False),
        (Transit(1, b"", seen=1.0, sender="client"), NEAR_CLIENT, 1.0, 1.25, True),
        (Transit(1, b"", seen=1.0, sender="server"), NEAR_CLIENT, 0.75, 1.0, True),
        (Transit(1, b"", seen=1.0, sender="client"), NEAR_SERVER, 0.75, 1.0, True),
        (Transit(1, b"", seen=1.0, sender="server"), NEAR_SERVER, 1.0, 1.25, True),
        (Transit(1, b"", seen=1.0, sender="client", fault="lost"), NEAR_CLIENT, 1.0, None, True),
        (Transit(1, b"", seen=1.0, sender="client"), NOWHERE, 1.0, 1.0, True),
        (Transit(1, b"", seen=1.0), None, 1.0, 1.0, True),
        (Transit(1, b""), NEAR_CLIENT, None, None, True),
    ],
)
def test_when_a_transit_left_and_landed(
    transit: Transit, connection: Any, left: float | None, landed: float | None, estimated: bool
) -> None:
    assert flight(transit, connection) == Flight(left, landed, estimated)


def test_a_trace_knows_the_connection_of_a_transit(run: Trace) -> None:
    assert run.flight(run[1]) == Flight(0.0, 0.020, False)
    assert run.flight(Transit(99, b"", seen=1.0)) == Flight(1.0, 1.0, True)


@pytest.mark.parametrize(
    ("transit", "time"),
    [
        (Transit(1, b"", sent=1.0, arrived=3.0, seen=2.0), 1.0),
        (Transit(1, b"", arrived=3.0, seen=2.0), 2.0),
        (Transit(1, b"", arrived=3.0), 3.0),
        (Transit(1, b"", sent=0.0, seen=2.0), 0.0),
        (Transit(1, b""), 0.0),
    ],
)
def test_the_time_of_a_transit_is_the_first_one_known(transit: Transit, time: float) -> None:
    assert transit.time == time


def test_how_many_bytes_travelled() -> None:
    assert (Transit(1, b"abc").wire_length, Transit(1, b"abc", length=99).wire_length) == (3, 99)


# ---- JSON ------------------------------------------------------------------------------------------------


def test_json_brings_everything_back(run: Trace, lossy: Trace, captured: Trace) -> None:
    for trace in (everything(), run, lossy, captured, several(5), Trace()):
        again = Trace.from_json(trace.to_json())
        assert again == trace
        assert [
            field.name for field in fields(Trace) if getattr(again, field.name) != getattr(trace, field.name)
        ] == []


def test_json_gives_the_same_types_back() -> None:
    again = Trace.from_json(everything().to_json())
    assert isinstance(again.messages[0].sources[0], Source)
    assert isinstance(again.messages[0].details[0], Detail)
    assert isinstance(again.connections[0].client, tuple)
    assert isinstance(again.secrets[0].inputs[0], tuple)
    assert again.messages[1].plaintext is None
    assert hash(again.connections[0]) == hash(everything().connections[0])


def test_json_is_plain_and_bytes_are_hexadecimal() -> None:
    plain = json.loads(everything().to_json())
    assert plain["transits"][0]["frame"] == "00ff"
    assert plain["messages"][0]["sources"] == [[1, 0, 1], [2, 3, 9]]
    assert plain["epoch"] == 10**18


# ---- Worked out late -------------------------------------------------------------------------------------


def test_a_deferred_item_is_made_when_it_is_looked_at() -> None:
    asked: list[int] = []

    def make(index: int) -> str:
        asked.append(index)
        return f"item {index}"

    items = Deferred(100_000, make)
    assert (len(items), asked) == (100_000, [])
    assert (items[5], items[-1], asked) == ("item 5", "item 99999", [5, 99999])
    assert items[7:9] == ["item 7", "item 8"]
    assert asked == [5, 99999, 7, 8]
    for index in (100_000, -100_001):
        with pytest.raises(IndexError, match="of 100000 items"):
            items[index]
    assert asked == [5, 99999, 7, 8]


def test_a_deferred_sequence_equals_a_plain_one() -> None:
    items = Deferred(3, lambda index: index * index)
    assert items == (0, 1, 4)
    plain = (0, 1, 4)
    assert plain == items
    assert items != (0, 1)
    assert items != (0, 1, 5)
    assert items != 4
    assert list(items) == [0, 1, 4]


def test_connections_are_worked_out_one_by_one_and_remembered() -> None:
    asked: list[int] = []

    def work_out(number: int) -> list[tuple[int, int]]:
        asked.append(number)
        return [(10 - number, number), (20 - number, number)]

    items = ByConnection(range(1, 4), work_out, lambda item: item[0])
    assert (list(items.of(2)), asked) == ([(8, 2), (18, 2)], [2])
    items.of(2)
    assert asked == [2]
    assert list(items) == [(7, 3), (8, 2), (9, 1), (17, 3), (18, 2), (19, 1)]
    assert sorted(asked) == [1, 2, 3]
    assert (len(items), items[0], items[1:3]) == (6, (7, 3), [(8, 2), (9, 1)])
    assert items == tuple(items)


def test_looking_at_one_connection_of_a_trace_works_out_that_one_alone() -> None:
    asked: list[int] = []

    def work_out(number: int) -> list[Message]:
        asked.append(number)
        return [Message(1, "TCP", "SYN", b"", (Source(number, 0, 0),), number)]

    transits = tuple(Transit(n, b"", connection=n, seen=0.0) for n in range(1, 1001))
    connections = tuple(Connection(n, "TCP", CLIENT, SERVER, (n,)) for n in range(1, 1001))
    messages = ByConnection(range(1, 1001), work_out, lambda message: message.sources[0].transit)
    trace = Trace("", transits, messages, connections=connections)
    assert [m.connection for m in trace.about(700)] == [700]
    assert [m.connection for m in trace.only(800).messages] == [800]
    assert asked == [700, 800]
    assert "1000 connections" in str(trace)
    assert asked == [700, 800]


# ---- Recording -------------------------------------------------------------------------------------------


def test_a_snapshot_is_the_trace_so_far_and_stays_as_it_is() -> None:
    recorder = Recorder(
        "running", 5, lambda connection, transits: [Message(t.number, "x", "y", b"", ()) for t in transits]
    )
    number = recorder.connection("TCP", CLIENT, SERVER)
    recorder.sent(b"one", 0.1, connection=number, sender="client")
    early = recorder.snapshot()
    recorder.arrived(1, 0.2)
    recorder.sent(b"two", 0.3, connection=number, sender="server")
    recorder.befell(2, "lost", "it was lost", 0.35)
    late = recorder.snapshot()
    assert (early.title, early.epoch, len(early.transits), len(early.messages)) == ("running", 5, 1, 1)
    assert early[1].arrived is None
    assert late[1] == Transit(1, b"one", sent=0.1, arrived=0.2, connection=1, sender="client")
    assert late[2] == Transit(2, b"two", sent=0.3, connection=1, sender="server", fault="lost")
    assert late.faults == (Fault("lost", "it was lost", 0.35, 2, connection=1),)
    assert (early.connections[0].transits, late.connections[0].transits) == ((1,), (1, 2))


def test_connections_are_numbered_as_they_first_appear() -> None:
    recorder = Recorder()
    ends = [
        ("TCP", CLIENT, SERVER),
        ("UDP", CLIENT, SERVER),
        ("TCP", SERVER, CLIENT),
        ("TCP", CLIENT, SERVER),
    ]
    assert [recorder.connection(*each) for each in ends] == [1, 2, 3, 1]
    assert [c.protocol for c in recorder.snapshot().connections] == ["TCP", "UDP", "TCP"]


def test_faults_are_of_known_kinds(lossy: Trace) -> None:
    assert {fault.kind for fault in lossy.faults} <= set(FAULTS)


# ---- Frozen ----------------------------------------------------------------------------------------------


def test_nothing_in_a_trace_can_be_changed() -> None:
    trace = everything()
    parts = [
        trace,
        trace[1],
        trace.messages[0],
        trace.steps[0],
        trace.secrets[0],
        trace.connections[0],
        trace.faults[0],
    ]
    for part in [*parts, trace.at(0.1)]:
        name = fields(part)[0].name
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(part, name, "changed")
        assert getattr(part, name) != "changed"


# ---- Text ------------------------------------------------------------------------------------------------

STANDARD = """\
A TCP connection, simulated

client 10.0.0.1:40000  server 10.0.0.2:443  (sequence numbers counted from each end's first)
      at client  client                                                              server          at server
                                                                   passive OPEN: CLOSED -> LISTEN       0.0 ms
   1     0.0 ms  SYN-SENT     ---- SYN  seq 0 -------------------------------------> SYN-RECEIVED      20.0 ms
   2    40.0 ms  ESTABLISHED  <--- SYN, ACK  seq 0 ack 1 --------------------------- SYN-RECEIVED      20.0 ms
   3    40.0 ms  ESTABLISHED  ---- ACK  seq 1 ack 1 -------------------------------> ESTABLISHED       60.0 ms
   4    50.0 ms  ESTABLISHED  ---- PSH, ACK  seq 1 ack 1 data 12 ------------------> ESTABLISHED       70.0 ms
   5    90.0 ms  ESTABLISHED  <--- ACK  seq 1 ack 13 ------------------------------- ESTABLISHED       70.0 ms
   6   100.0 ms  ESTABLISHED  <--- PSH, ACK  seq 1 ack 13 data 12 ------------------ ESTABLISHED       80.0 ms
   7   100.0 ms  ESTABLISHED  ---- ACK  seq 13 ack 13 -----------------------------> ESTABLISHED      120.0 ms
   8   110.0 ms  FIN-WAIT-1   ---- FIN, ACK  seq 13 ack 13 ------------------------> CLOSE-WAIT       130.0 ms
   9   150.0 ms  FIN-WAIT-2   <--- ACK  seq 13 ack 14 ------------------------------ CLOSE-WAIT       130.0 ms
  10   160.0 ms  TIME-WAIT    <--- FIN, ACK  seq 13 ack 14 ------------------------- LAST-ACK         140.0 ms
  11   160.0 ms  TIME-WAIT    ---- ACK  seq 14 ack 14 -----------------------------> CLOSED           180.0 ms
"""

LOST_ACK = """\
A TCP connection, simulated: segment 2 of the client lost

client 10.0.0.1:40000  server 10.0.0.2:443  (sequence numbers counted from each end's first)
      at client  client                                                              server          at server
                                                                   passive OPEN: CLOSED -> LISTEN       0.0 ms
   1     0.0 ms  SYN-SENT     ---- SYN  seq 0 -------------------------------------> SYN-RECEIVED      20.0 ms
   2    40.0 ms  ESTABLISHED  <--- SYN, ACK  seq 0 ack 1 --------------------------- SYN-RECEIVED      20.0 ms
   3    40.0 ms  ESTABLISHED  ---- ACK  seq 1 ack 1 -------------------------------X SYN-RECEIVED         lost
   4    50.0 ms  ESTABLISHED  ---- PSH, ACK  seq 1 ack 1 data 12 ------------------> ESTABLISHED       70.0 ms
   5    90.0 ms  ESTABLISHED  <--- ACK  seq 1 ack 13 ------------------------------- ESTABLISHED       70.0 ms
   6   100.0 ms  ESTABLISHED  <--- PSH, ACK  seq 1 ack 13 data 12 ------------------ ESTABLISHED       80.0 ms
   7   100.0 ms  ESTABLISHED  ---- ACK  seq 13 ack 13 -----------------------------> ESTABLISHED      120.0 ms
   8   110.0 ms  FIN-WAIT-1   ---- FIN, ACK  seq 13 ack 13 ------------------------> CLOSE-WAIT       130.0 ms
   9   150.0 ms  FIN-WAIT-2   <--- ACK  seq 13 ack 14 ------------------------------ CLOSE-WAIT       130.0 ms
  10   160.0 ms  TIME-WAIT    <--- FIN, ACK  seq 13 ack 14 ------------------------- LAST-ACK         140.0 ms
  11   160.0 ms  TIME-WAIT    ---- ACK  seq 14 ack 14 -----------------------------> CLOSED           180.0 ms

fault: transit 3 was lost: the fault drop('client', nth=2) asked for it
"""


def test_the_ladder_of_the_standard_run(run: Trace) -> None:
    assert str(run) + "\n" == STANDARD


def test_the_ladder_of_a_run_that_lost_the_third_step(lossy: Trace) -> None:
    assert str(lossy) + "\n" == LOST_ACK


def test_numbers_as_they_travelled(run: Trace) -> None:
    text = run.text(relative=False)
    first = run["SYN"].details[0].value
    assert f"---- SYN  seq {first} ---" in text
    assert "counted from" not in text


def test_the_ladder_of_a_capture_marks_what_is_reckoned(run: Trace, tmp_path: Path) -> None:
    again = capture.read(run.save(tmp_path / "run.pcapng", at="client"))
    rows = str(again).splitlines()
    assert [row.split()[-2:] for row in rows if " SYN  seq" in row] == [["~20.0", "ms"]]
    assert rows[-1].startswith("captured near the client")


def test_a_capture_from_nowhere_knows_one_time_only(run: Trace, tmp_path: Path) -> None:
    whole = capture.read(run.save(tmp_path / "run.pcapng", at="client"))
    cut = Trace("", whole.transits[:1], connections=(replace(NOWHERE, transits=(1,)),))
    assert str(cut).splitlines()[-1].endswith("?")


def test_long_ladders_are_cut_and_say_so(run: Trace) -> None:
    text = run.text(rows=3)
    assert "... and 9 more rows" in text
    assert len(text.splitlines()) == 8


def test_many_connections_are_a_table() -> None:
    text = str(several(5))
    assert "5 connections, 10 transits" in text
    assert (
        "    5  10.0.0.1:40004             10.0.0.2:443                      2   5.0 ms" in text.splitlines()
    )
    assert text.splitlines()[-1] == "fault: the file breaks off"
    assert "... and 3 more; trace.only(7)" in several(5).text(rows=2)


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert "[2001:db8::2]:443" in str(replace(everything(), steps=()))


def test_an_end_of_which_nothing_is_told_yet_has_no_state() -> None:
    row = next(row for row in str(several(1)).splitlines() if "lost" in row)
    assert row.split()[:4] == ["1", "1.0", "ms", "ESTABLISHED"]
    assert row.split()[-1] == "lost"
    assert row.split()[-2].endswith("-X")


def test_an_empty_trace_says_so() -> None:
    assert str(Trace()) == "An empty trace: nothing happened."
    assert (Trace().entries, Trace().plaintext(), Trace().at(1.0)) == ((), {}, Moment(1.0, {}, ()))


def test_what_belongs_to_no_connection_is_counted() -> None:
    assert "2 transits belong to no connection." in str(Trace("", (Transit(1, b"a"), Transit(2, b"b"))))


def test_a_trace_in_one_line(run: Trace) -> None:
    assert repr(run) == "Trace('A TCP connection, simulated', 11 transits, 1 connection)"

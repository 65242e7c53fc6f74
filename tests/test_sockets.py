"""Notebook 05: rulers, cuts, queues and who waits, all on our own TCP; and the calls that fail, for real."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake import live
from handshake.framing import LengthPrefixed
from handshake.labs import sockets
from handshake.labs.sockets import ends, streams
from handshake.live import mishaps

REASON = live.loopback()
needs_loopback = pytest.mark.skipif(bool(REASON), reason=REASON or "-")
linux = pytest.mark.skipif(sys.platform != "linux", reason="other kernels answer in other words")
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "05-sockets.ipynb"

# ---- The ten steps ---------------------------------------------------------------------------------------


def test_all_ten_steps_stand_by_their_numbers_in_the_notebook() -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    shown = {cell["id"]: json.dumps(cell["outputs"]) for cell in cells if cell["cell_type"] == "code"}
    steps = {f"client {n}" for n in range(1, 5)} | {f"server {n}" for n in range(1, 7)}
    (ladder,) = [cell for cell in cells if "live.steps()" in "".join(cell["source"])]
    assert {step for step in steps if f"{step} " in shown[ladder["id"]]} == steps
    tags = {tag for cell in cells for tag in cell["metadata"].get("tags", ())}
    assert {f"S{n}" for n in range(99, 109)} <= tags


@needs_loopback
def test_the_ladder_shows_every_call_and_every_segment() -> None:
    steps = live.steps()
    page = steps._repr_mimebundle_()
    assert page["text/plain"] == str(steps)
    for call in steps.calls:
        assert call.step in page["text/html"]
    names = [message.name for message in steps.trace.messages]
    assert page["text/html"].count("segment label") == len(names) == 11


# ---- Rulers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gather", streams.GATHERING)
@pytest.mark.parametrize("mss", [8, 33, 200])
@pytest.mark.parametrize("room", [8, 256])
def test_the_reader_finds_the_same_messages_under_any_rulers(gather: str, mss: int, room: int) -> None:
    outcome = sockets.rulers(gather, mss, room)
    assert "The reader finds 4 messages, the same: yes." in outcome.words
    text = str(outcome.views[0])
    for message in streams.MESSAGES:
        assert message.decode() in text


def test_rulers_cut_the_whole_stream_and_nothing_twice() -> None:
    run = sockets.rulers(mss=33).trace
    assert run is not None
    pieces = streams._segments(run)
    assert [a for a, _ in pieces] == [0, *(b for _, b in pieces[:-1])]
    assert max(b - a for a, b in pieces) == 33
    assert pieces[-1][1] == 186


# ---- Every cut -------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=5))
def test_ours_survives_every_cut(messages: list[bytes]) -> None:
    assert not sockets.every_cut(streams.ours, messages).wrong


def test_each_wrong_decoder_goes_wrong_in_its_own_way() -> None:
    wrong = {name: set(sockets.every_cut(make).wrong) for name, make in streams.DECODERS.items()}
    size = len(sockets.every_cut(streams.ours).stream)
    assert wrong["ours"] == set()
    assert len(wrong["one read, one message"]) == size + 1
    assert "byte by byte" not in wrong["only the first"], "it does keep what is not complete"
    assert "in one piece" in wrong["only the first"]
    boundaries = {"cut at 4", "cut at 6", "cut at 24"}
    assert "go well: cut at       4, 6, 24, in one piece" in str(sockets.every_cut(streams.NeverKeeps))
    assert wrong["keeps no rest"] == {f"cut at {n}" for n in range(1, size)} - boundaries | {"byte by byte"}


def test_a_decoder_that_raises_is_told_so() -> None:
    class Raises:
        def feed(self, chunk: bytes) -> list[bytes]:
            raise RuntimeError("not written yet")

    found = sockets.every_cut(Raises)
    assert len(found.wrong) == len(found.found)
    assert "RuntimeError: not written yet" in str(found)
    with pytest.raises(TypeError, match="give it the class itself"):
        sockets.every_cut(Raises())  # type: ignore[arg-type]


def test_a_decoder_that_answers_nonsense_is_told_so() -> None:
    class Nothing:
        def feed(self, chunk: bytes) -> None:
            return None

    assert "feed answers with a list of messages" in str(sockets.every_cut(Nothing))  # type: ignore[arg-type]


# ---- Where callers wait ----------------------------------------------------------------------------------


def test_the_two_queues_agree_with_the_kernel_about_accept() -> None:
    """Callers are connected though nobody accepts, until the accept queue is full; nobody gets an error."""
    outcome = sockets.queues(callers=6, backlog=4, accepts_from=6.0, accepts_every=0.05)
    assert "At most 4 waited for accept" in outcome.words
    assert "the program has accepted 4" in sockets.queues(4, backlog=4, accepts_from=6.0).words
    assert outcome.words.endswith("6 callers believe that they are connected.")


def test_a_call_that_nobody_accepts_opens_all_the_same() -> None:
    (row,) = sockets.queues(callers=1, accepts_from=6.0).views[1].rows
    assert row[1:] == ("0.00 s", "1", "0.10 s", "0.15 s", "6.00 s")


def test_who_finds_no_place_calls_again_and_a_late_ack_may_be_ignored() -> None:
    outcome = sockets.queues(callers=6, backlog=4, accepts_from=2.0)
    rows = outcome.views[1].rows
    assert [row[2] for row in rows][:4] == ["1"] * 4
    assert all(int(row[2]) > 1 or row[4] > row[3] for row in rows[4:])
    late = sockets.queues(callers=4, backlog=1, accepts_from=6.0)
    assert "their ACK was ignored, which they cannot know" in late.words


@pytest.mark.parametrize(
    ("sender", "port", "to", "who"),
    [
        ("192.0.2.10", 40000, 80, "belongs to the connection"),
        ("192.0.2.11", 40001, 80, "belongs to the connection"),
        ("192.0.2.10", 40003, 80, "the listening socket gets it"),
        ("203.0.113.99", 40000, 80, "the listening socket gets it"),
        ("192.0.2.10", 40000, 81, "a RST answers it"),
    ],
)
def test_four_numbers_say_whose_a_segment_is(sender: str, port: int, to: int, who: str) -> None:
    outcome = sockets.tuples(2, 2, sender, port, to)
    assert who in outcome.words
    table = str(outcome.views[0])
    lit = [line for line in table.splitlines() if line.startswith("▶")]
    assert len(lit) == (to == 80)
    if "connection with" in outcome.words:
        assert f"{sender}:{port}" in lit[0]
    assert sum("198.51.100.7:80 " in line.split("server", 1)[-1] for line in table.splitlines()) >= 5


def test_every_accepted_socket_has_the_port_of_the_listener() -> None:
    table = sockets.tuples(3, 3).views[0]
    local = [row[1] for row in table.rows if row[0] == "server"]
    assert local == ["198.51.100.7:80"] * 10
    assert len({row[1:3] for row in table.rows}) == len(table.rows), "and yet no two sockets are alike"


# ---- Who waits for whom ----------------------------------------------------------------------------------


@given(st.floats(0, 10))
def test_who_is_ready_is_served_and_in_turn_all_wait_for_one(stall: float) -> None:
    events = ends.arriving(stall)
    ready, in_turn = (ends.answered(events, how) for how in (ends.READY, ends.IN_TURN))
    assert all(told == asked for times in ready.values() for asked, told in times)
    for client, times in in_turn.items():
        assert len(times) == 3
        assert [asked for asked, _ in times] == [asked for asked, _ in ready[client]]
        assert all(told >= asked for asked, told in times)
    end = max(each.time for each in events if each.client == "Bob")
    assert in_turn["Cy"][0][1] >= end, "not before Bob has closed"
    assert in_turn["Ann"] == ready["Ann"]


def test_questions_are_framed_messages() -> None:
    framer = LengthPrefixed(1000)
    found = [m for each in ends.arriving(5.0) if each.client == "Bob" for m in framer.feed(each.data)]
    assert found == [b"Bob's question 1", b"Bob's question 2", b"Bob's question 3"]


# ---- For real --------------------------------------------------------------------------------------------


@needs_loopback
@pytest.mark.usefixtures("nothing_is_left_open")
def test_the_chat_of_the_notebook() -> None:
    found = sockets.chatting(messages=40, patience=1 << 20)
    assert found.gone == ()
    assert [line for line in found.heard["Bob"] if line.startswith("Ann: ")] == [
        f"Ann: {n} ... ({len(f'Ann: {n} ') + 1000} letters)" for n in range(1, 41)
    ]
    with pytest.raises(ValueError, match="messages is a number, 1 to 1000, got 0"):
        sockets.chatting(0)


@needs_loopback
@linux
@pytest.mark.usefixtures("nothing_is_left_open")
@pytest.mark.parametrize(
    ("name", "results"),
    [
        ("short reads", ["12", "b'twelv'", "b'e byt'", "b'es'"]),
        ("short sends", ["fewer than were offered", "BlockingIOError"]),
        ("nothing there", ["BlockingIOError", "", "b''"]),
        ("peer gone", ["done", "b''", "6", "BrokenPipeError"]),
        ("unread", ["7", "done", "ConnectionResetError"]),
        ("port in use", ["", "OSError"]),
        ("restarted", ["", "OSError", "done"]),
        ("nobody listens", ["", "ConnectionRefusedError"]),
        ("listener closed", ["done", "12", "b'still there?'", "ConnectionRefusedError"]),
    ],
)
def test_calls_that_fail_give_what_is_told(name: str, results: list[str]) -> None:
    found = live.trouble(name)
    assert [given.split(":")[0] for _, given in found.calls] == results
    assert found.lesson in str(found)


def test_every_case_is_tried_above() -> None:
    (marks,) = [m for m in test_calls_that_fail_give_what_is_told.pytestmark if m.name == "parametrize"]
    assert {name for name, _ in marks.args[1]} == set(live.CASES)


@needs_loopback
@pytest.mark.usefixtures("nothing_is_left_open")
def test_a_case_that_breaks_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(case: mishaps._Case) -> str:
        case.pair()
        raise OSError("as if something had gone wrong in the middle")

    monkeypatch.setitem(mishaps.CASES, "breaks", ("Breaks", breaks))
    with pytest.raises(OSError, match="in the middle"):
        live.trouble("breaks")


def test_a_case_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the cases are 'short reads', .*; not 'rain'"):
        live.trouble("rain")


def test_where_loopback_is_refused_cells_are_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the notebooks ask what the cells ask, and say why they leave one out."""
    path = Path(__file__).parent.parent / "conftest.py"
    spec = importlib.util.spec_from_file_location("conftest_of_notebooks", path)
    assert spec is not None
    assert spec.loader is not None
    project = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(project)

    def refused(*_: object, **__: object) -> None:
        raise OSError("forbidden here")

    def cell(*tags: str) -> SimpleNamespace:
        marks: list[pytest.MarkDecorator] = []
        found = SimpleNamespace(execution_count=None, metadata={"tags": list(tags)})
        return SimpleNamespace(cell=found, marks=marks, add_marker=marks.append)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(socket, "create_server", refused)
    other, real = cell("S1"), cell("S99", "live")
    project.pytest_collection_modifyitems([other, real])
    assert not other.marks
    (mark,) = real.marks
    assert (mark.name, mark.kwargs["reason"]) == ("skip", live.loopback())
    assert live.loopback() == "sockets on 127.0.0.1 do not work here: forbidden here"


def test_messages_lie_where_their_records_have_them() -> None:
    """Behind five bytes of header and eight of nonce."""
    lines = str(sockets.rulers().views[0]).splitlines()
    assert "  13 to 20: hello, the program's" in lines
    assert "  165 to 170: bye, the program's" in lines


def test_no_socket_of_a_case_waits_for_ever() -> None:
    with ExitStack() as kept:
        assert mishaps._Case(kept).new().gettimeout() == mishaps.PATIENCE

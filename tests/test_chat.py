"""The chat: as bytes alone, and for real over 127.0.0.1."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable

import pytest

from handshake.errors import Refused
from handshake.framing import LengthPrefixed
from handshake.live import Client, Room, Server, loopback

REASON = loopback()
live = pytest.mark.skipif(bool(REASON), reason=REASON)
pytestmark = pytest.mark.usefixtures("nothing_is_left_open")

frame = LengthPrefixed(1 << 20).encode


def read(room: Room, key: object) -> list[str]:
    """Everything that waits for a member, taken."""
    framer, messages = LengthPrefixed(1 << 20), []
    while chunk := room.outgoing(key):
        room.sent(key, len(chunk))
        messages += [message.decode() for message in framer.feed(chunk)]
    framer.end()
    return messages


def room(*names: str, **choices: int) -> Room:
    """A room in which these are, each known by its name; what they were told of each other is read."""
    made = Room(**choices)
    for name in names:
        made.joins(name)
        made.hears(name, frame(name.encode()))
    for name in names:
        read(made, name)
    return made


# ---- The room, without any socket ------------------------------------------------------------------------


def test_what_one_says_all_others_hear_in_order() -> None:
    three = room("Ann", "Bob", "Cy")
    three.hears("Ann", frame(b"hello") + frame(b"again"))
    three.hears("Bob", frame(b"hi"))
    assert read(three, "Ann") == ["Bob: hi"]
    assert read(three, "Bob") == ["Ann: hello", "Ann: again"]
    assert read(three, "Cy") == ["Ann: hello", "Ann: again", "Bob: hi"]


def test_a_message_may_come_in_any_pieces() -> None:
    two = room("Ann", "Bob")
    for byte in frame("grüße".encode()):
        two.hears("Ann", bytes([byte]))
    assert read(two, "Bob") == ["Ann: grüße"]


def test_who_comes_and_goes_is_told() -> None:
    two = room("Ann", "Bob")
    two.joins("Cy")
    assert read(two, "Ann") == []  # nobody knows its name yet
    two.hears("Cy", frame(b"Cy"))
    assert read(two, "Ann") == ["* Cy is here"]
    two.ends("Cy")
    assert read(two, "Ann") == ["* Cy is gone"]
    assert two.gone == [("Cy", "left")]


def test_who_does_not_read_is_shown_out_and_nobody_else_is_held_up() -> None:
    three = room("Ann", "Bob", "Slow", patience=1000)
    for n in range(200):
        three.hears("Ann", frame(b"message %d" % n))
        assert all(len(member.waiting) <= 1000 + 100 for member in three.members.values())
        assert read(three, "Bob")[0] == f"Ann: message {n}"
    assert "Slow" not in three.members
    assert three.gone[0][0] == "Slow"
    assert three.gone[0][1].startswith("too slow: ")


def test_a_hostile_length_shows_out_and_what_came_before_it_is_told() -> None:
    two = room("Ann", "Bob")
    two.hears("Ann", frame(b"last words") + b"\xff\xff\xff\xff")
    assert read(two, "Bob") == ["Ann: last words", "* Ann is gone"]
    assert "got a length of 4,294,967,295" in two.gone[0][1]


def test_an_end_inside_a_message_is_reported() -> None:
    two = room("Ann", "Bob")
    two.hears("Ann", frame(b"half of it")[:7])
    two.ends("Ann")
    assert two.gone == [
        (
            "Ann",
            "left in the middle of a message: message at byte 7: expected a length of 4 bytes and a message "
            "of 10, got the end of the stream after 7 bytes",
        )
    ]


def test_bytes_that_are_no_text_are_told_as_far_as_they_are() -> None:
    two = room("Ann", "Bob", limit=100)
    two.hears("Ann", frame(b"\xff" * 100))
    assert read(two, "Bob") == ["Ann: " + "\ufffd" * 100]


def test_the_room_is_not_larger_than_its_seats() -> None:
    two = room("Ann", "Bob", seats=2)
    with pytest.raises(Refused, match="all of its 2 seats are taken"):
        two.joins("Cy")
    two.leaves("Bob", "left")
    two.joins("Cy")
    with pytest.raises(ValueError, match="'Cy' is in the room already"):
        two.joins("Cy")
    for wrong in ({"patience": 0}, {"limit": 0}, {"limit": True}, {"seats": -1}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} is a whole number"):
            Room(**wrong)


def test_who_says_no_more_is_still_sent_what_waits() -> None:
    """A half-close: the client may be listening."""
    two = room("Ann", "Bob")
    two.hears("Ann", frame(b"one") + frame(b"two"))
    two.ends("Bob")
    assert list(two.parting) == ["Bob"]
    two.hears("Ann", frame(b"three"))
    assert read_parting(two, "Bob") == ["Ann: one", "Ann: two"]
    assert not two.parting
    assert two.gone == [("Bob", "left")]


def read_parting(room: Room, key: object) -> list[str]:
    framer, messages = LengthPrefixed(1 << 20), []
    while key in room.parting:
        chunk = room.outgoing(key)[:7]
        room.sent(key, len(chunk))
        messages += [message.decode() for message in framer.feed(chunk)]
    framer.end()
    return messages


def test_who_is_gone_says_nothing_more() -> None:
    """What Ann says is too much for Bob, and that he is gone is too much for Ann: the rest is not told."""
    three = room("Ann", "Bob", "Cy", patience=100)
    three.hears("Cy", frame(b"x" * 82))
    three.hears("Ann", frame(b"y" * 20) + frame(b"too late"))
    assert read(three, "Cy") == ["Ann: " + "y" * 20, "* Bob is gone", "* Ann is gone"]


def test_a_whole_crowd_that_is_too_slow_leaves_at_once() -> None:
    crowd = room("Ann", *(str(n) for n in range(700)), seats=1000)
    crowd.patience = 1000
    while "Ann" in crowd.members:
        crowd.hears("Ann", frame(b"x" * 300))
    assert len(crowd.gone) == 701
    assert not crowd.members


def test_who_said_no_name_has_to_leave_the_seat_to_others() -> None:
    two = room("Ann", seats=2)
    two.joins("silent")
    two.joins("Bob")
    assert list(two.members) == ["Ann", "Bob"]
    assert two.gone == [("", "said no name, and the seat was wanted")]


def test_names_are_cut_and_an_empty_one_is_a_name_too() -> None:
    two = room("Ann")
    for key, name in (("long", b"n" * 41), ("none", b"")):
        two.joins(key)
        two.hears(key, frame(name))
    assert read(two, "Ann") == [f"* {'n' * 40} is here", "* nobody is here"]
    three = Room(limit=4)
    for key in ("one", "two"):
        three.joins(key)
    three.hears("two", frame(b"two"))
    three.hears("one", frame("\U0001f600".encode()) + frame(b"\xff" * 4))
    assert read(three, "two") == ["* \U0001f600 is here", "\U0001f600: " + "\ufffd" * 4]


def test_of_those_who_left_only_the_last_are_remembered() -> None:
    empty = Room()
    for n in range(1100):
        empty.joins(n)
        empty.leaves(n, f"number {n}")
    assert len(empty.gone) == 1000
    assert empty.gone[-1] == ("", "number 1099")


# ---- For real --------------------------------------------------------------------------------------------


def wait(condition: Callable[[], object]) -> None:
    """Until something is so; a test that waits in vain fails."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def named(server: Server) -> int:
    """How many in the room have said their name."""
    return sum(bool(member.name) for member in list(server.room.members.values()))


@live
def test_three_talk_and_one_of_them_stalls() -> None:
    """The stalled one gets no turn of the others, and what they say arrives in order."""
    count, size = 1500, 1000
    with (
        Server(Room(patience=50_000)) as server,
        Client(server.address, "Ann") as ann,
        Client(server.address, "Bob") as bob,
        Client(server.address, "Stalled"),
    ):
        wait(lambda: named(server) == 3)
        said = [f"{n:04}" + "x" * (size - 4) for n in range(count)]
        heard: list[str] = []
        for n, text in enumerate(said):
            ann.say(text)
            if n % 20 == 19:
                bob.say(f"{n}")
                while sum(line.startswith("Ann: ") for line in heard) <= n:
                    more = bob.hear()
                    assert more, "Bob hears nothing more"
                    heard += more
        assert [line for line in heard if line.startswith("Ann: ")] == [f"Ann: {text}" for text in said]
        replies = [line for line in ann.hear(count // 20) if line.startswith("Bob: ")]
        assert replies[:50] == [f"Bob: {n}" for n in range(19, 1019, 20)]
        wait(lambda: server.room.gone)
        assert [(name, why.split(":")[0]) for name, why in server.room.gone] == [("Stalled", "too slow")]
        assert server.failed is None
    assert repr(server).endswith(" in the room, closed)")


@live
def test_a_client_that_is_gone_in_any_way_disturbs_nobody() -> None:
    with Server() as server, Client(server.address, "Ann") as ann:
        for n, gone in enumerate(("close", "reset", "garbage", "half"), 1):
            other = Client(server.address, gone)
            assert ann.hear() == [f"* {gone} is here"]
            if gone == "reset":
                other.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif gone == "garbage":
                other.socket.sendall(b"\xff" * 100)
            elif gone == "half":
                other.socket.sendall(b"\0\0\0\x09half")
            if gone != "garbage":
                other.close()
            assert ann.hear() == [f"* {gone} is gone"]
            other.close()
            assert len(server.room.gone) == n
        assert [why.split(":")[0] for _, why in server.room.gone] == [
            "left", "lost", "sent what is no message", "left in the middle of a message",
        ]  # fmt: skip
        assert server.failed is None


@live
def test_a_room_that_is_full_sends_away() -> None:
    with Server(Room(seats=1)) as server, Client(server.address, "Ann"):
        wait(lambda: server.room.members)
        # (Its name may have been on the way when the server closed: then that is a reset.)
        with Client(server.address, "Bob") as bob, contextlib.suppress(ConnectionResetError):
            assert bob.hear() == []
        assert len(server.room.members) == 1


@live
def test_when_the_server_closes_clients_are_told() -> None:
    with Server() as server:
        ann = Client(server.address, "Ann")
        wait(lambda: named(server) == 1)
    with ann:
        assert ann.hear() == []


@live
def test_where_nobody_listens_the_client_says_so_and_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
        with pytest.raises(OSError, match=r"."):
            Server(port=address[1])
    with pytest.raises(ConnectionRefusedError):
        Client(address, "Ann")


def test_where_loopback_is_refused_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "create_server", refused)
    assert loopback() == ("sockets on 127.0.0.1 do not work here: [Errno 1] Operation not permitted")


@live
def test_a_client_that_says_no_more_hears_what_waits() -> None:
    """With shutdown: it has closed one direction, and reads on."""
    with Server() as server, Client(server.address, "Ann") as ann, Client(server.address, "Bob") as bob:
        wait(lambda: named(server) == 2)
        for n in range(100):
            ann.say(f"{n}" + "x" * 2000)
        wait(lambda: any(m.name == "Bob" and m.waiting for m in list(server.room.members.values())) or True)
        bob.socket.shutdown(socket.SHUT_WR)
        heard = bob.hear(1000)
        told = [line for line in heard if line.startswith("Ann: ")]
        assert told == [f"Ann: {n}" + "x" * 2000 for n in range(len(told))], "no gap, and nothing cut off"
        assert bob.hear() == []


@live
def test_an_idle_server_does_nothing() -> None:
    """It waits in one call, and is not woken until something happens."""
    with Server() as server, Client(server.address, "Ann") as ann, Client(server.address, "Bob"):
        assert ann.hear() == ["* Bob is here"]
        turns = []
        turn = server._turn
        server._turn = lambda: (turns.append(1), turn())[1]  # type: ignore[method-assign]
        time.sleep(0.3)
        assert len(turns) <= 1


@live
def test_what_ends_the_server_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        monkeypatch.setattr(server, "_welcome", lambda: 1 / 0)
        # (The server may be gone before the caller has even said its name.)
        with contextlib.suppress(ConnectionResetError), Client(server.address, "Ann") as ann:
            assert ann.hear() == []
        wait(lambda: server.failed)
        assert isinstance(server.failed, ZeroDivisionError)


@live
def test_when_the_system_lets_nobody_in_the_server_waits_and_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too many open files: no spinning, and the caller is let in afterwards."""
    real, calls = socket.socket.accept, []

    def full(listener: socket.socket) -> object:
        calls.append(1)
        if len(calls) < 3:
            raise OSError(24, "Too many open files")
        return real(listener)

    with Server() as server:
        monkeypatch.setattr(socket.socket, "accept", full)
        with Client(server.address, "Ann"):
            time.sleep(0.1)
            assert len(calls) <= 2
            wait(lambda: named(server) == 1)
        assert server.failed is None

"""Framing: whatever the cuts, the same messages; whatever comes, no more memory than agreed."""

from __future__ import annotations

import tracemalloc
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.errors import HandshakeError, Refused
from handshake.framing import Delimited, Framer, FramingError, LengthPrefixed

LIMIT = 40

FRAMERS = {
    "a length of 4 bytes": lambda: LengthPrefixed(LIMIT),
    "a length of 1 byte": lambda: LengthPrefixed(LIMIT, size=1),
    "a newline": lambda: Delimited(b"\n", LIMIT),
    "two bytes": lambda: Delimited(b"\r\n", LIMIT),
    "bytes that repeat": lambda: Delimited(b"--", LIMIT),
}

POEM = [b"", b"a", b"I met a traveller", b"", b"from an antique land", b"x" * LIMIT, b"who said", b""]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces, cut at these places."""
    ends = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in pairwise(ends)]


def fed(framer: Framer, pieces: list[bytes]) -> list[bytes]:
    return [message for piece in pieces for message in framer.feed(piece)]


def sent(framer: Framer, messages: list[bytes]) -> bytes:
    return b"".join(framer.encode(message) for message in messages)


# ---- The same messages, however the stream is cut --------------------------------------------------------


@pytest.mark.parametrize("name", FRAMERS)
def test_every_single_cut_gives_the_same_messages(name: str) -> None:
    stream = sent(FRAMERS[name](), POEM)
    for place in range(len(stream) + 1):
        framer = FRAMERS[name]()
        assert framer.feed(stream[:place]) + framer.feed(stream[place:]) == POEM
        framer.end()


@pytest.mark.parametrize("name", FRAMERS)
def test_byte_by_byte_gives_the_same_messages(name: str) -> None:
    framer = FRAMERS[name]()
    assert fed(framer, [bytes([byte]) for byte in sent(framer, POEM)]) == POEM
    assert framer.waiting == 0


@given(
    name=st.sampled_from(sorted(FRAMERS)),
    drawn=st.lists(st.binary(max_size=LIMIT), max_size=12),
    places=st.lists(st.integers(min_value=0, max_value=10_000), max_size=20),
)
def test_any_cuts_give_the_same_messages(name: str, drawn: list[bytes], places: list[int]) -> None:
    framer = FRAMERS[name]()
    messages = []
    for message in drawn:
        try:
            framer.encode(message)
        except ValueError:
            assert isinstance(framer, Delimited)
            continue
        messages.append(message)
    stream = sent(framer, messages)
    assert fed(framer, cut(stream, places)) == messages
    assert framer.offset == len(stream)
    framer.end()


@given(
    name=st.sampled_from(sorted(FRAMERS)),
    noise=st.binary(max_size=200),
    places=st.lists(st.integers(min_value=0, max_value=200), max_size=8),
)
def test_any_bytes_give_the_same_messages_and_the_same_error(
    name: str, noise: bytes, places: list[int]
) -> None:
    def outcome(pieces: list[bytes]) -> tuple[list[bytes], str, int]:
        framer = FRAMERS[name]()
        messages: list[bytes] = []
        try:
            for piece in pieces:
                messages += framer.feed(piece)
                assert framer.waiting <= LIMIT + 4
            framer.end()
        except FramingError as error:
            return messages + list(error.messages), error.field, error.offset
        return messages, "", 0

    assert outcome(cut(noise, places)) == outcome([noise])


# ---- What does not fit -----------------------------------------------------------------------------------


def test_a_hostile_length_is_refused_at_once_and_costs_no_memory() -> None:
    framer = LengthPrefixed()
    tracemalloc.start()
    try:
        with pytest.raises(FramingError, match="at most 65536 bytes, got a length of 4,294,967,295"):
            framer.feed(b"\xff\xff\xff\xff")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000
    assert framer.waiting == 0


def test_messages_before_the_hostile_length_are_not_lost() -> None:
    framer = LengthPrefixed(LIMIT)
    stream = sent(framer, [b"one", b"two"]) + b"\x00\x00\x00\x29"
    with pytest.raises(FramingError) as caught:
        framer.feed(stream)
    assert caught.value.messages == (b"one", b"two")
    assert caught.value.offset == len(stream) - 4


@pytest.mark.parametrize("name", FRAMERS)
def test_the_longest_message_passes_and_one_byte_more_does_not(name: str) -> None:
    longest = b"x" * LIMIT
    assert FRAMERS[name]().feed(FRAMERS[name]().encode(longest)) == [longest]
    with pytest.raises(ValueError, match="41 bytes is longer than the limit of 40"):
        FRAMERS[name]().encode(longest + b"x")


def test_a_message_without_an_end_is_refused_as_soon_as_it_is_too_long() -> None:
    framer = Delimited(b"\r\n", LIMIT)
    assert framer.feed(b"x" * LIMIT + b"\r") == []
    with pytest.raises(FramingError, match="at most 40 bytes, got more, and no delimiter"):
        framer.feed(b"\r")


def test_without_an_end_no_more_is_kept_than_agreed() -> None:
    framer = Delimited(b"\n", 1000)
    for count in range(1, 1001):
        assert framer.feed(b"x") == []
        assert framer.waiting == count
    with pytest.raises(FramingError):
        framer.feed(b"x")
    assert framer.waiting == 0


@pytest.mark.parametrize("name", FRAMERS)
def test_the_end_of_the_stream_inside_a_message_is_reported(name: str) -> None:
    stream = sent(FRAMERS[name](), [b"whole", b"and a half"])
    whole = len(sent(FRAMERS[name](), [b"whole"]))
    for place in range(whole + 1, len(stream)):
        framer = FRAMERS[name]()
        assert framer.feed(stream[:place]) == [b"whole"]
        with pytest.raises(FramingError, match="the end of the stream after") as caught:
            framer.end()
        assert caught.value.offset == whole


def test_after_an_error_everything_gives_the_same_error() -> None:
    framer = LengthPrefixed(LIMIT)
    for call in (lambda: framer.feed(b"\xff" * 4), lambda: framer.feed(framer.encode(b"good")), framer.end):
        with pytest.raises(FramingError, match=r"message at byte 0: .* 4,294,967,295"):
            call()


def test_after_the_end_nothing_is_taken() -> None:
    framer = Delimited()
    framer.end()
    framer.end()
    with pytest.raises(Refused, match="a new stream needs a new framer"):
        framer.feed(b"more\n")


def test_a_message_that_would_be_cut_by_its_delimiter_is_refused() -> None:
    for framer, message in (
        (Delimited(), b"two\nlines"),
        (Delimited(b"--"), b"a--b"),
        (Delimited(b"--"), b"ends with -"),
    ):
        with pytest.raises(ValueError, match="must not contain the delimiter"):
            framer.encode(message)


@pytest.mark.parametrize("name", FRAMERS)
def test_text_is_no_stream(name: str) -> None:
    with pytest.raises(TypeError, match="a stream is made of bytes, got 'hello'"):
        FRAMERS[name]().feed("hello")
    with pytest.raises(TypeError, match="a message is made of bytes, got 'hello'"):
        FRAMERS[name]().encode("hello")


def test_a_message_is_as_long_as_its_bytes() -> None:
    """Of a view of larger items, the bytes count."""
    view = memoryview(array("I", [1, 2]))
    assert LengthPrefixed(8).encode(view) == b"\0\0\0\x08" + view.tobytes()
    with pytest.raises(ValueError, match="8 bytes is longer than the limit of 2"):
        Delimited(b"\n", 2).encode(view)


def test_a_framer_that_cannot_work_is_refused() -> None:
    for words, make in (
        ("1 or more; got 0", lambda: LengthPrefixed(0)),
        ("1 or more; got True", lambda: Delimited(b"\n", True)),
        ("not 3", lambda: LengthPrefixed(10, size=3)),
        ("256 does not fit", lambda: LengthPrefixed(256, size=1)),
        ("one byte or more, got b''", lambda: Delimited(b"")),
    ):
        with pytest.raises(ValueError, match=words):
            make()
    assert issubclass(FramingError, HandshakeError)


def test_many_small_messages_and_one_large_one_cost_time_in_proportion() -> None:
    """A million steps would be seen: 100,000 messages in one chunk, and a message in 1-byte chunks."""
    framer = LengthPrefixed(200_000)
    many = [b"x"] * 100_000
    assert framer.feed(sent(framer, many)) == many
    large = b"y" * 200_000
    assert fed(framer, [bytes([byte]) for byte in framer.encode(large)]) == [large]
    lines = Delimited(b"\n", 200_000)
    assert fed(lines, [bytes([byte]) for byte in lines.encode(large)]) == [large]

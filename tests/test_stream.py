"""A byte stream put together again, whatever order its pieces come in, however often, and across the wrap."""

from itertools import pairwise

from helpers import octets, steady, uints
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handshake.tcp import seq
from handshake.tcp.stream import Stream

START = 0xFFFFFFFD  # three bytes before the numbers wrap


def stream_of(start, *pieces):
    """A Stream to which the pieces came: (offset, bytes)."""
    stream = Stream(start)
    for offset, data in pieces:
        stream.add(seq.add(start, offset), data)
    return stream


def test_pieces_in_order_follow_each_other():
    stream = stream_of(START, (0, b"hand"), (4, b"shake"))
    assert stream.data == b"handshake"
    assert stream.gaps == []


def test_pieces_out_of_order_find_their_places():
    assert stream_of(START, (4, b"shake"), (0, b"hand")).data == b"handshake"


def test_a_retransmission_adds_nothing():
    assert stream_of(START, (0, b"hand"), (0, b"hand"), (4, b"shake"), (0, b"handshake")).data == b"handshake"


def test_a_retransmission_cut_differently_adds_only_what_is_new():
    assert stream_of(START, (0, b"hand"), (2, b"ndsh"), (5, b"hake")).data == b"handshake"


def test_one_large_piece_fills_the_holes_between_small_ones():
    stream = stream_of(START, (2, b"n"), (5, b"h"), (0, b"handshake"))
    assert stream.data == b"handshake"
    assert stream.gaps == []


def test_a_gap_is_reported_with_its_place_and_size():
    stream = stream_of(START, (0, b"ha"), (4, b"sh"), (8, b"e"))
    assert stream.gaps == [(2, 2), (6, 2)]
    assert stream.data == b"hashe"
    stream.add(seq.add(START, 2), b"nd")
    assert stream.gaps == [(6, 2)]


def test_a_gap_at_the_very_start_is_reported():
    assert stream_of(START, (4, b"shake")).gaps == [(0, 4)]


def test_where_two_pieces_differ_the_first_to_come_is_kept():
    assert stream_of(START, (0, b"good"), (0, b"evil")).data == b"good"
    assert stream_of(START, (2, b"od"), (0, b"evilly")).data == b"evodly"


def test_bytes_before_the_start_are_left_out():
    # A keep-alive probe repeats the byte before the next one: here, the SYN's own number.
    assert stream_of(START, (-1, b"\0"), (0, b"hand")).data == b"hand"
    assert stream_of(START, (-2, b"??ha"), (2, b"nd")).data == b"hand"


def test_nothing_is_an_empty_stream():
    assert Stream().data == Stream(START).data == b""
    assert Stream(START).gaps == []
    assert stream_of(START, (7, b"")).gaps == []


def test_without_a_start_the_first_piece_is_the_start():
    stream = Stream()
    stream.add(100, b"")
    assert stream.start is None
    stream.add(200, b"hand")
    stream.add(204, b"shake")
    assert (stream.start, stream.data, stream.gaps) == (200, b"handshake", [])


def test_a_stream_goes_on_after_more_than_half_the_ring():
    # Its numbers have gone round, and its newest byte is more than 2^31 from its start.
    far = 1 << 30
    stream = stream_of(START, (0, b"a"), (far, b"b"), (2 * far, b"c"), (3 * far, b"d"), (4 * far, b"e"))
    assert stream.data == b"abcde"
    assert stream.gaps[-1] == (3 * far + 1, far - 1)


@st.composite
def deliveries(draw):
    """A stream, and pieces of it that cover it all: cut at random, some twice, overlapping, shuffled."""
    data = draw(octets(1, 60))
    cuts = sorted(draw(st.sets(st.integers(1, len(data)), max_size=8)) | {0, len(data)})
    pieces = list(pairwise(cuts))
    for _ in range(draw(st.integers(0, 6))):
        low = draw(st.integers(0, len(data)))
        pieces.append((low, draw(st.integers(low, len(data)))))
    return data, draw(st.permutations(pieces))


starts = st.one_of(uints(32), st.integers(0xFFFFFFFF - 60, 0xFFFFFFFF))


@settings(steady, max_examples=300)
@given(deliveries(), starts)
@example((b"ab", [(1, 2), (0, 1)]), 0xFFFFFFFF)
def test_however_it_is_cut_and_shuffled_the_stream_is_the_original(delivery, start):
    data, pieces = delivery
    stream = stream_of(start, *((low, data[low:high]) for low, high in pieces))
    assert stream.data == data
    assert stream.gaps == []


def runs(offsets):
    """Numbers in a row, as (first, how many)."""
    found = []
    for offset in sorted(offsets):
        if found and offset == sum(found[-1]):
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((offset, 1))
    return found


pieces_anywhere = st.lists(st.tuples(st.integers(-10, 40), octets(1, 12)), max_size=8)


@settings(steady, max_examples=300)
@given(pieces_anywhere, starts)
def test_any_pieces_whatever_agree_with_a_table_of_single_bytes(pieces, start):
    table = {}
    for low, data in pieces:
        for offset, byte in enumerate(data, low):
            if offset >= 0:
                table.setdefault(offset, byte)  # the first to come is kept
    stream = stream_of(start, *pieces)
    assert stream.data == bytes(table[offset] for offset in sorted(table))
    assert stream.gaps == runs(set(range(max(table, default=0))) - set(table))

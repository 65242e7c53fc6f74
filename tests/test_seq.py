"""Sequence numbers: a ring of 2^32, on which "older" means less than half the ring behind."""

from helpers import steady, uints
from hypothesis import example, given
from hypothesis import strategies as st

from handshake.tcp import seq

numbers = uints(32)
steps = st.integers(-(1 << 40), 1 << 40)
ahead = st.integers(1, seq.HALF - 1)


def test_the_ring_has_as_many_numbers_as_32_bits_can_say():
    assert seq.MODULUS == 4294967296
    assert seq.HALF == 2147483648


def test_the_number_after_the_last_is_zero():
    assert seq.add(0xFFFFFFFF, 1) == 0
    assert seq.add(0, -1) == 0xFFFFFFFF
    assert seq.less(0xFFFFFFFF, 0)
    assert not seq.less(0, 0xFFFFFFFF)
    assert seq.distance(0xFFFFFFF0, 0x10) == 0x20
    assert seq.between(0xFFFFFFF0, 5, 0x10)


def test_a_number_is_neither_older_than_itself_nor_newer():
    assert not seq.less(7, 7)
    assert seq.less_equal(7, 7)
    assert seq.distance(7, 7) == 0


def test_exactly_half_the_ring_apart_neither_is_older():
    assert not seq.less(0, seq.HALF)
    assert not seq.less(seq.HALF, 0)
    assert not seq.less_equal(0, seq.HALF)
    assert not seq.less_equal(seq.HALF, 0)
    assert seq.distance(0, seq.HALF) == seq.distance(seq.HALF, 0) == -seq.HALF


def test_one_less_than_half_the_ring_apart_the_order_is_clear():
    assert seq.less(0, seq.HALF - 1)
    assert seq.distance(0, seq.HALF - 1) == seq.HALF - 1
    assert seq.less(seq.HALF + 1, 0)


def test_an_interval_holds_its_low_end_and_not_its_high_end():
    assert seq.between(10, 10, 20)
    assert seq.between(10, 19, 20)
    assert not seq.between(10, 20, 20)
    assert not seq.between(10, 9, 20)


@steady
@given(numbers, numbers)
def test_an_empty_interval_holds_nothing(low, number):
    assert not seq.between(low, number, low)


@steady
@given(numbers, steps, steps)
def test_steps_add_up(number, one, two):
    assert seq.add(seq.add(number, one), two) == seq.add(number, one + two)
    assert 0 <= seq.add(number, one) < seq.MODULUS


@steady
@given(numbers, numbers)
@example(0, seq.HALF)
def test_the_distance_leads_from_one_number_to_the_other(a, b):
    assert -seq.HALF <= seq.distance(a, b) < seq.HALF
    assert seq.add(a, seq.distance(a, b)) == b


@steady
@given(numbers, numbers, steps)
@example(0xFFFFFFFF, 0, 1)
@example(0, seq.HALF, seq.HALF)
def test_turning_the_ring_changes_no_order(a, b, turn):
    turned = seq.add(a, turn), seq.add(b, turn)
    assert seq.less(*turned) == seq.less(a, b)
    assert seq.less_equal(*turned) == seq.less_equal(a, b)
    assert seq.distance(*turned) == seq.distance(a, b)


@steady
@given(numbers, numbers, numbers, steps)
def test_turning_the_ring_moves_no_number_out_of_an_interval(low, number, high, turn):
    turned = (seq.add(n, turn) for n in (low, number, high))
    assert seq.between(*turned) == seq.between(low, number, high)


@steady
@given(numbers, ahead)
@example(0xFFFFFFFF, 1)
@example(0, seq.HALF - 1)
def test_of_two_numbers_less_than_half_the_ring_apart_exactly_one_is_older(a, count):
    b = seq.add(a, count)
    assert seq.less(a, b)
    assert not seq.less(b, a)
    assert seq.less_equal(a, b)
    assert not seq.less_equal(b, a)
    assert seq.distance(a, b) == count
    assert seq.distance(b, a) == -count


@steady
@given(numbers, st.integers(0, seq.HALF), st.integers(0, seq.HALF))
def test_an_interval_is_what_lies_so_many_numbers_ahead(low, size, count):
    assert seq.between(low, seq.add(low, count), seq.add(low, size)) == (count < size)

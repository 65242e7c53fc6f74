"""Entropy: the same seed gives the same bytes for ever, label by label; no seed, no two runs alike."""

import os

import pytest
from helpers import steady
from hypothesis import given
from hypothesis import strategies as st

from handshake.entropy import Entropy

seeds = st.one_of(st.integers(), st.binary(max_size=8), st.text(max_size=8))
labels = st.text(max_size=12)


def test_seed_7_gives_these_very_bytes_on_every_machine():
    # Stored notebooks, pictures and captures depend on them: a change here changes them all.
    assert Entropy(7)("client ISN", 4).hex() == "92beeb52"
    assert Entropy(7)("client_random", 32).hex() == (
        "1e10dae4849f3f937fb388a43cee4e7cb1c177ead34be85fb16e0744cacccb12"
    )


def test_a_second_draw_under_the_same_label_is_pinned_too():
    entropy = Entropy(7)
    entropy("client ISN", 4)
    assert entropy("client ISN", 4).hex() == "e271e882"


@steady
@given(seeds, labels, st.integers(0, 100))
def test_the_same_seed_and_label_give_the_same_bytes(seed, label, size):
    drawn = Entropy(seed)(label, size)
    assert len(drawn) == size
    assert Entropy(seed)(label, size) == drawn


@steady
@given(seeds, st.lists(labels, max_size=6), labels)
def test_a_draw_under_another_label_shifts_nothing(seed, others, label):
    crowded = Entropy(seed)
    for other in others:
        if other != label:
            crowded(other, 8)
    assert crowded(label, 16) == Entropy(seed)(label, 16)


@steady
@given(seeds, labels)
def test_every_draw_under_one_label_is_new(seed, label):
    entropy = Entropy(seed)
    assert len({entropy(label, 16) for _ in range(5)}) == 5


@steady
@given(seeds, labels, labels)
def test_two_labels_do_not_share_their_bytes(seed, one, other):
    entropy = Entropy(seed)
    assert (one == other) or entropy(one, 16) != entropy(other, 16)


def test_labels_and_counts_do_not_run_together():
    entropy = Entropy(7)
    draws = [entropy(label, 16) for label in ("a", "a", "a1", "a\0", "a\x000", "a\x001", "")]
    assert len(set(draws)) == len(draws)


def test_a_number_a_text_and_bytes_are_different_seeds():
    draws = {Entropy(seed)("x", 16) for seed in (7, "7", b"7", "b'7'", -7, 0)}
    assert len(draws) == 6


@steady
@given(seeds, labels, st.integers(1, 1 << 80))
def test_a_number_stays_below_its_bound(seed, label, below):
    assert 0 <= Entropy(seed).number(label, below) < below


def test_numbers_reach_every_value_below_their_bound():
    entropy = Entropy(7)
    assert {entropy.number("die", 6) for _ in range(100)} == {0, 1, 2, 3, 4, 5}
    assert entropy.number("no choice", 1) == 0


def test_seed_7_throws_these_very_dice():
    entropy = Entropy(7)
    assert [entropy.number("die", 6) for _ in range(8)] == [1, 0, 5, 5, 1, 2, 1, 0]


@pytest.mark.parametrize("below", [0, -1])
def test_there_is_no_number_below_nothing(below):
    with pytest.raises(ValueError, match=f"at least 1, got {below}"):
        Entropy(7).number("x", below)


def test_without_a_seed_the_system_is_asked_each_time(monkeypatch):
    asked = []

    def urandom(size):
        asked.append(size)
        return bytes(size)

    monkeypatch.setattr(os, "urandom", urandom)
    entropy = Entropy()
    assert entropy("client ISN", 4) == bytes(4)
    assert entropy.number("die", 6) == 0
    assert asked[0] == 4
    assert len(asked) == 2


def test_without_a_seed_two_draws_differ():
    assert Entropy()("x", 16) != Entropy()("x", 16)


def test_it_says_its_seed_so_that_a_run_can_be_repeated():
    assert repr(Entropy(7)) == "Entropy(seed=7)"
    assert repr(Entropy()) == "Entropy(seed=None)"

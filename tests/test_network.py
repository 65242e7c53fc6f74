"""Adversarial networks: whatever they do, what is delivered was sent, and in the end both ends finish.

Links that delay, jitter, lose, double, reorder and alter; ends that wait, read in portions, and close at any
moment.  Altered bytes are caught by the checksum, so that they are a loss like any other.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handshake import sim
from handshake.flows import received
from handshake.sim.calls import Call
from handshake.tcp import EDGES
from handshake.trace import Trace

EDGE = {(str(edge.source), edge.event, str(edge.target)) for edge in EDGES}

LINKS = st.builds(
    sim.Link,
    delay=st.sampled_from([0.0, 0.001, 0.02, 0.3, 1.5]),
    jitter=st.sampled_from([0.0, 0.0, 0.01, 0.5]),
    loss=st.sampled_from([0.0, 0.05, 0.2, 0.4]),
    duplicate=st.sampled_from([0.0, 0.1, 0.5]),
    reorder=st.sampled_from([0.0, 0.1, 0.5]),
    alter=st.sampled_from([0.0, 0.0, 0.1]),
    rate=st.sampled_from([None, None, 20_000.0]),
)

PATIENT = {"retries": 200, "syn_retries": 50, "synack_retries": 50}
"""On a link that delivers in the end, nobody gives up."""

CHOICES = st.fixed_dictionaries(
    {
        "mss": st.sampled_from([1460, 536, 100]),
        "window": st.sampled_from([65535, 1000, 200_000, 300]),
        "delayed_ack": st.sampled_from([0.0, 0.0, 0.2]),
        "fast_retransmit": st.booleans(),
        "max_rto": st.sampled_from([60.0, 2.0]),
        "client_isn": st.sampled_from([None, 2**32 - 5, 2**32 - 1000]),
        "server_isn": st.sampled_from([None, 2**32 - 1]),
    }
)

SIZES = st.sampled_from([0, 1, 100, 3000])


def check_moves(run: Trace) -> None:
    """Every move is an edge, and no end acknowledges what was never sent."""
    for step in run.steps:
        if step.moved:
            assert (step.before["state"], step.cause, step.after["state"]) in EDGE


def states(run: Trace) -> dict[str, str]:
    last: dict[str, str] = {}
    for step in run.steps:
        last[step.end] = str(step.after["state"])
    return last


@settings(derandomize=True, deadline=None, max_examples=120, database=None)
@given(st.integers(0, 2**32), LINKS, CHOICES, SIZES, SIZES)
def test_all_of_it_arrives_once_and_in_order_and_both_ends_finish(
    seed: int, link: sim.Link, choices: Mapping[str, Any], asks: int, answers: int
) -> None:
    chance = random.Random(seed)
    request, response = chance.randbytes(asks), chance.randbytes(answers)
    run = sim.tcp(seed=seed, link=link, request=request, response=response, **choices, **PATIENT)
    assert received(run, "server") == [request]
    assert received(run, "client") == [response]
    assert states(run)["server"] == "CLOSED"
    assert states(run)["client"] in ("TIME-WAIT", "CLOSED")
    check_moves(run)


PLAN = st.dictionaries(
    st.sampled_from([n / 10 for n in range(1, 60)]),
    st.one_of(st.binary(min_size=1, max_size=400), st.sampled_from(["hold", "read"])),
    max_size=8,
)


@settings(derandomize=True, deadline=None, max_examples=150, database=None)
@given(st.integers(0, 2**32), LINKS, CHOICES, PLAN, PLAN, st.sampled_from(["listen", "open"]))
def test_whatever_two_programs_call_what_is_delivered_is_a_prefix_of_what_was_sent(
    seed: int, link: sim.Link, choices: Mapping[str, Any], one: dict[float, Call], other: dict[float, Call],
    server: str,
) -> None:  # fmt: skip
    """Both ends may call, hold and read; they close at the end, and then all of it has arrived."""
    client_plan: dict[float, Any] = {0.0: "open", **one, 50.0: ["read", "shutdown"]}
    server_plan: dict[float, Any] = {0.0: server, **other, 60.0: ["read", "shutdown"]}
    half = sim.calls(client_plan, server_plan, seed=seed, link=link, until=3.0, **choices, **PATIENT)
    given_ = {
        "client": b"".join(each for _, each in sorted(one.items()) if isinstance(each, bytes)),
        "server": b"".join(each for _, each in sorted(other.items()) if isinstance(each, bytes)),
    }
    for end, peer in (("client", "server"), ("server", "client")):
        for life in received(half, end):
            assert given_[peer].startswith(life)
    run = sim.calls(client_plan, server_plan, seed=seed, link=link, **choices, **PATIENT)
    refused = [step for step in run.steps if "refused" in step.cause]
    if server == "listen" and not refused:
        assert received(run, "server") == [given_["client"]]
        assert received(run, "client") == [given_["server"]]
    for end, peer in (("client", "server"), ("server", "client")):
        for life in received(run, end):
            assert given_[peer].startswith(life)
    check_moves(run)


FAULTS = st.lists(
    st.one_of(
        st.builds(sim.drop, st.sampled_from(["client", "server"]), st.integers(1, 12)),
        st.builds(sim.delay, st.sampled_from(["client", "server"]), st.integers(1, 12), st.floats(0, 5)),
        st.builds(sim.duplicate, st.sampled_from(["client", "server"]), st.integers(1, 12), st.floats(0, 5)),
        st.builds(sim.reorder, st.sampled_from(["client", "server"]), st.integers(1, 12)),
        st.builds(sim.flip, st.sampled_from(["client", "server"]), st.integers(1, 12), st.integers(0, 400)),
        st.builds(sim.kill, st.sampled_from(["client", "server"]), st.floats(0, 3)),
        st.builds(sim.unplug, st.sampled_from(["client", "server"]), st.floats(0, 3), st.floats(0, 9)),
        st.builds(sim.reboot, st.sampled_from(["client", "server"]), st.floats(0, 3), st.floats(0, 9)),
    ),
    max_size=6,
)


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(st.integers(0, 2**32), FAULTS)
def test_no_misfortune_makes_anybody_deliver_what_was_not_sent(seed: int, faults: list[Any]) -> None:
    request, response = b"the question, in a few words", b"and the answer, in a few more words"
    run = sim.tcp(seed=seed, faults=faults, request=request, response=response)
    for life in received(run, "server"):
        assert request.startswith(life)
    for life in received(run, "client"):
        assert response.startswith(life)
    for step in run.steps:
        if step.moved and "off" not in (step.before["state"], step.after["state"]):
            assert (step.before["state"], step.cause, step.after["state"]) in EDGE


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    """Frames, times, steps and faults: everything, twice."""
    link = sim.Link(0.02, jitter=0.05, loss=0.2, duplicate=0.2, reorder=0.2, alter=0.1)

    def once() -> str:
        return sim.tcp(seed=seed, link=link, request=bytes(3000), retries=50).to_json()

    assert once() == once()
    other = sim.tcp(seed=seed + 100, link=link, request=bytes(3000), retries=50).to_json()
    assert once() != other


def test_the_prefix_test_can_fail() -> None:
    """A network that alters bytes and makes the checksum good again deceives the program."""
    run = sim.tcp(seed=7, faults=[sim.edit("client", 3, data=b"hullo server")])
    assert received(run, "server") == [b"hullo server"]

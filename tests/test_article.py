"""The article's one-way flow, as told: all ten steps, executed; and what its model lacks beside the wire."""

from __future__ import annotations

import pytest

from handshake import article, sim
from handshake.article.oneway import STEPS
from handshake.labs import oneway
from handshake.trace import Trace

pytest.importorskip("cryptography")


def done(run: Trace) -> dict[str, list[int]]:
    """The steps of each end, in their order."""
    found: dict[str, list[int]] = {"client": [], "server": []}
    for step in run.above:
        found[step.end].append(int(step.cause.removeprefix("step ")))
    return found


def test_all_ten_steps_are_taken_in_their_order() -> None:
    run = article.one_way(seed=1, client_auth=True)
    steps = done(run)
    assert steps == {"client": [1, 3, 4, 5, 7, 8, 10], "server": [2, 6, 7, 9, 10]}
    assert set(steps["client"]) | set(steps["server"]) == set(STEPS) == set(range(1, 11))
    assert [step.time for step in run.above] == sorted(step.time for step in run.above)


def test_client_authentication_is_optional() -> None:
    steps = done(article.one_way(seed=1))
    assert 5 not in steps["client"]
    assert [number for number in range(1, 11) if number != 5] == sorted({*steps["client"], *steps["server"]})
    assert b"number" not in article.one_way(seed=1)["step 4"].data


def test_its_messages_are_in_the_trace_like_any_others() -> None:
    run = article.one_way(seed=1)
    messages = [message for message in run.messages if message.layer == "article"]
    assert [message.name for message in messages] == [
        "step 1",
        "step 2",
        "step 4",
        "step 8",
        "step 9",
        "step 10",
        "step 10",
    ]
    for message in messages:
        assert b"".join(run[s.transit].frame[s.start : s.end] for s in message.sources) == message.data
        assert message.spans[0].name == "step"
    assert Trace.from_json(run.to_json()) == run
    text = str(run.layer("article"))
    assert all(f"step {number}" in text for number in (1, 2, 4, 7, 8, 9, 10))


def test_the_same_seed_gives_the_same_bytes() -> None:
    frames = [[t.frame for t in article.one_way(seed=seed).transits] for seed in (1, 1, 2)]
    assert frames[0] == frames[1] != frames[2]


def test_the_password_is_encrypted_and_one_master_serves_both_directions() -> None:
    run = article.one_way(seed=1)
    fields = dict(line.split(": ", 1) for line in run["step 4"].data.decode().splitlines())
    assert len(bytes.fromhex(fields["password"][2:])) == 256
    assert all(b"hello" not in transit.frame for transit in run.transits)


def test_every_step_stands_beside_what_travels() -> None:
    for exchange in ("RSA", "ECDHE"):
        for asked in (False, True):
            table = oneway.steps(exchange, asked)
            assert [row[0] for row in table.rows] == [f"step {number}" for number in range(1, 11)]
            run = sim.tls(key_exchange=exchange, client_auth=asked, seed=7)
            told = {
                f"{message.number} {message.name}"
                for message in run.messages
                if message.layer == "TLS" and message.name != "Alert"
            }
            beside = {each for row in table.rows for each in row[2].split(", ") if each[:1].isdigit()}
            assert beside == told

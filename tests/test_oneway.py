"""Notebook 07: what its labs say is what happens, and what its bets are worth."""

from __future__ import annotations

import pytest
from test_opening import right

from handshake import sim
from handshake.labs import oneway
from handshake.labs.bets import forget
from handshake.labs.oneway.explorer import PICK, run_of
from handshake.labs.oneway.mending import ORDERS, SUITES, TARGETS, noticed, ran, tamper
from handshake.labs.oneway.workbench import INPUTS, derived


def test_the_bets_have_these_answers() -> None:
    forget()
    assert "one of them" in right(oneway.bet_suites())
    assert "only the client writes with" in right(oneway.bet_key())
    assert "the server, at the client's Finished" in right(oneway.bet_finished())
    assert [
        words
        for words, each in zip(
            ("everything", "another key", "every handshake message"), oneway.exit_check().bets, strict=True
        )
        if words in right(each)
    ] == ["everything", "another key", "every handshake message"]
    forget()


@pytest.mark.parametrize("extended", [False, True])
def test_the_workbench_derives_what_both_ends_have(extended: bool) -> None:
    run = sim.tls(key_exchange="RSA", seed=7, client={"extended_master_secret": extended})
    known = {secret.label: secret.value for secret in run.secrets if secret.end == "client"}
    assert {secret.label: secret.value for secret in derived(run, extended)} == known


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("changed", INPUTS)
@pytest.mark.parametrize("bit", [0, 7, 8, 15])
def test_one_bit_changes_what_it_should(changed: str, bit: int, extended: bool) -> None:
    words = oneway.workbench(changed, bit, extended).words
    run = run_of("RSA")
    honest = {s.label: s.value for s in derived(run, extended)}
    other = {s.label: s.value for s in derived(run, extended, changed, bit)}
    same = {label for label in honest if honest[label] == other[label]}
    if changed == "nothing":
        assert same == set(honest)
    elif changed == "premaster secret":
        assert same == set()
        assert "None is as before" in words
    elif changed == "the suites in the ClientHello" and not extended:
        # The master secret does not depend on the hello; only Finished does.
        assert set(honest) - same == {"client verify data", "server verify data"}
    else:
        assert same == {"premaster secret"}


def test_the_explorer_shows_sealed_what_is_sealed() -> None:
    for message in PICK:
        closed, opened = oneway.explorer(message), oneway.explorer(message, opened=True)
        if "Finished" in message or "data" in message:
            assert "noise" in closed.words
            assert "Opened with the" in opened.words
        elif message != "ServerKeyExchange":
            assert "in the clear" in closed.words
            assert (closed.words == opened.words) is (message != "ClientKeyExchange")
    assert "nobody sends one" in oneway.explorer("ServerKeyExchange").words
    assert b"hello, client" in oneway.explorer("the server's data", opened=True).views[0].data
    assert b"hello, client" not in oneway.explorer("the server's data").views[0].data


@pytest.mark.parametrize("target", [
    pytest.param(each, marks=[] if each == "ClientHello" else pytest.mark.slow) for each in TARGETS
])  # fmt: skip
def test_every_bit_that_is_flipped_is_noticed_by_somebody(target: str) -> None:
    """Every byte of every message that may be chosen, but for those of which TLS makes nothing."""
    run = run_of("RSA")
    name = {"the client's Finished": 40, "the client's data": 70}.get(target)
    end, which = TARGETS[target]
    size = name or len(next(m for m in run.messages if m.name == which and m.sender == end).data)
    step = 1 if size < 130 else 17
    for at in range(0, size, step):
        run = ran("our client, our server", tamper(target, at, at % 8))
        who, _, alert = noticed(run)
        if who == "nobody":  # a longer length: its receiver waits for the rest
            assert at in (1, 2, 3)
            assert {step.end: step.after["state"] for step in run.above}["client"].startswith("WAIT")
        else:
            assert alert


@pytest.mark.parametrize("client", ORDERS)
@pytest.mark.parametrize("server", ORDERS)
def test_the_servers_order_decides(client: str, server: str) -> None:
    words = oneway.choosing(client, server).words
    both = [name for name in ORDERS[server] if name in ORDERS[client]]
    if not both:
        assert "There is no suite that both have" in words
        return
    wanted = sim.tls(suite=SUITES[both[0]], seed=7)["ServerHello"].details[0].value
    assert words == f"The server answers with one: {wanted}."
    stripped = oneway.choosing(client, server, stripped=True).words
    left = [name for name in ORDERS[client] if name in ORDERS["only RSA"]]
    if left in ([], ORDERS[client]):  # nothing to strip, or all of it
        assert stripped == f"Nothing could be stripped. {words}"
    else:
        assert "at Finished" in stripped or "no suite" in stripped

"""Notebook 09: what its labs say is what happens; resumption, early data, the race."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_opening import right

from handshake import live, show, sim
from handshake.labs import forward
from handshake.labs.bets import forget
from handshake.labs.forward.growing import CHANGES, VISITS, derived, run_of
from handshake.labs.forward.laps import KINDS, pieces
from handshake.labs.forward.meddling import SERVERS, downgraded
from handshake.labs.forward.stolen import CONNECTIONS, LOOT, recorded
from handshake.labs.forward.watching import PAGES, watched
from handshake.labs.lab import Lab
from handshake.sim.handshakes import REQUEST, RESPONSE
from handshake.sim.race import RACERS, answered, lap, round_trips
from handshake.tls.schedule import TREE
from handshake.trace import Trace


def test_the_bets_have_these_answers() -> None:
    forget()
    assert "nothing more than before" in right(forward.bet_stolen())
    assert "three" in right(forward.bet_trips())
    assert "once more" in right(forward.bet_replay())
    found = [right(each) for each in forward.exit_check().bets]
    for words, said in zip(
        ("the name of the server", "last eight bytes", "the client alone"), found, strict=True
    ):
        assert words in said
    forget()


# ---- Record now, steal later -----------------------------------------------------------------------------


@pytest.mark.parametrize("connection", CONNECTIONS)
@pytest.mark.parametrize("loot", LOOT)
def test_what_was_stolen_opens_what_it_should(connection: str, loot: str) -> None:
    said = list(recorded(connection, loot).plaintext().values())
    opens = loot == LOOT[2] or (connection, loot) == ("TLS 1.2, RSA", LOOT[1])
    assert (said == [REQUEST, RESPONSE]) is opens
    assert any(said) is opens
    words = forward.time_machine(connection, loot).words
    assert ("Everything can be read" in words) is opens


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_no_secret_travels(connection: str) -> None:
    """And the search finds what is there: the client random does travel."""
    rows = forward.search(connection).rows
    assert [row[0] for row in rows if row[2] == "yes"] == ["client random, to compare"]
    assert len(rows) > 8


# ---- The tree --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visit", VISITS)
def test_the_tree_is_grown_as_both_ends_grew_it(visit: str) -> None:
    run = run_of(visit)
    for end in ("client", "server"):
        known = {secret.label: secret.value for secret in run.secrets if secret.end == end}
        assert {secret.label: secret.value for secret in derived(run)} == known


@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("changed", CHANGES)
def test_one_bit_changes_what_lies_to_its_right(changed: str, visit: str) -> None:
    run = run_of(visit)
    honest = {secret.label: secret.value for secret in derived(run)}
    if changed == "the PSK" and visit == "first":
        assert "there is no PSK" in forward.schedule(changed, visit).words
        return
    other = {secret.label: secret.value for secret in derived(run, changed)}
    differs = {label for label in honest if honest[label] != other[label]}
    rank = ["ClientHello", "ServerHello", "EncryptedExtensions", "server Finished", "client Finished"]
    what = {"the client's Finished": "client Finished"}.get(changed, changed.removeprefix("the "))
    for each in TREE:
        if each.name not in honest:
            continue
        above = {"the PSK": "Early Secret", "what (EC)DHE gave": "Handshake Secret"}.get(changed)
        order = ["Early Secret", "Handshake Secret", "Master Secret"]
        if above:
            assert (each.name in differs) is (order.index(each.source) >= order.index(above))
        elif what in rank:
            covers = bool(each.until) and rank.index(each.until) >= rank.index(what)
            assert (each.name in differs) is covers, each.name
    words = forward.schedule(changed, visit).words
    assert ("Nothing is changed" in words) is (changed == "nothing")
    assert changed == "nothing" or f"{len(differs)} of {len(honest)} values" in words


def test_a_tree_needs_a_schedule() -> None:
    with pytest.raises(ValueError, match="no key schedule of TLS"):
        show.tree(sim.tls(seed=1))


def test_inputs_are_numbered_as_the_messages_travelled() -> None:
    """With early data both ends count differently; the trace has one numbering, and every input fits it."""
    run = sim.resumed(early=b"GET /", seed=7)
    by_number = {message.number: message for message in run.layer("TLS").messages}
    assert by_number[3].name == "application data"  # sent before the server had answered
    for secret in run.secrets:
        for name, number, at in secret.inputs:
            if number is not None and at == 0:
                assert by_number[number].name == name, secret
            elif number is not None:
                assert name.removesuffix("'s public value") in ("client", "server")


# ---- Coming back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
def test_a_second_visit_shows_no_certificate(version: str) -> None:
    run = sim.resumed(version, seed=3)
    assert not run.named("Certificate")
    assert list(run.plaintext().values()) == [REQUEST, RESPONSE]
    assert [message.sender for message in run.named("Finished")] == ["server", "client"]


def test_early_data_are_answered_before_the_client_has_finished() -> None:
    run = sim.resumed(early=b"GET / HTTP/1.1\r\n\r\n", seed=3, think=0.0)
    names = [(message.sender, message.name) for message in run.layer("TLS").messages]
    assert names.index(("server", "application data")) < names.index(("client", "Finished"))
    assert run.plaintext() == {
        ("10.0.0.1", 40000): b"GET / HTTP/1.1\r\n\r\n", ("10.0.0.2", 443): RESPONSE,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"early data came with TLS 1\.3"):
        sim.resumed("TLS 1.2", early=b"x")


@pytest.mark.parametrize(("single_use", "later", "done"), [
    (False, 1.0, 2), (True, 1.0, 1), (False, 9.0, 2), (False, 11.0, 1),
])  # fmt: skip
def test_a_recording_is_obeyed_unless_somebody_remembers(single_use: bool, later: float, done: int) -> None:
    found = sim.replayed(single_use=single_use, later=later, seed=5)
    assert found.done == done
    frames = [found.first.transits, found.again.transits]
    sent = [b"".join(t.frame[54:] for t in each if t.sender == "client") for each in frames]
    assert sent[0].startswith(sent[1])  # the same bytes, and no others
    assert len(sent[1]) > 100
    words = forward.replay(single_use, later).words
    assert f"done {done} time" in words


def test_every_server_obeys_once_and_one_that_forgets_obeys_always() -> None:
    assert sim.replayed(single_use=True, other_server=True).done == 2
    assert sim.replayed(single_use=True, times=4, other_server=True).done == 2
    assert sim.replayed(single_use=False, times=4).done == 5
    assert sim.replayed(single_use=True, times=4).done == 1
    with pytest.raises(ValueError, match="times is 1 or more"):
        sim.replayed(times=0)


def test_a_mark_that_is_taken_out_breaks_the_signature() -> None:
    run = downgraded(True, "speaks TLS 1.3 and 1.2", unmarked=True)
    failed = next(step for step in run.above if step.after["state"] == "FAILED")
    assert (failed.end, failed.cause) == ("client", "rcv what cannot be")
    assert "decrypt_error" in failed.notes[-1]


def test_the_race_counts_round_trips() -> None:
    assert [round_trips(racer) for racer in RACERS] == [4, 3, 3, 3, 2]


@pytest.mark.parametrize("racer", RACERS)
def test_without_loss_time_is_round_trips(racer: str) -> None:
    for rtt in (0.02, 0.1):
        assert answered(lap(racer, rtt)) == pytest.approx(round_trips(racer) * rtt)
    ends = [piece.end for piece in pieces(lap(racer, 0.1))]
    assert ends[-1] == pytest.approx(answered(lap(racer, 0.1)))
    assert {piece.kind for piece in pieces(lap(racer, 0.1))} <= set(KINDS)


def test_with_loss_nobody_is_quicker_and_everybody_arrives() -> None:
    times = sim.race(0.04, loss=0.1, laps=6)
    for racer, each in times.items():
        assert len(each) == 6
        assert all(round_trips(racer) * 0.04 <= time + 1e-9 < float("inf") for time in each)
    assert any(each[-1] > 0.9 for each in times.values())
    with pytest.raises(ValueError, match="laps is 1 or more"):
        sim.race(laps=0)
    with pytest.raises(ValueError, match="those who run are"):
        lap("nobody")


# ---- Meddling and watching -------------------------------------------------------------------------------


def test_a_stripped_hello_is_found_out_by_whoever_can() -> None:
    new, old = SERVERS
    ends = {
        (stripped, server): next(
            (step.end for step in downgraded(stripped, server).above if step.after["state"] == "FAILED"), ""
        )
        for stripped in (True, False)
        for server in SERVERS
    }
    assert ends == {(True, new): "client", (True, old): "server", (False, new): "", (False, old): ""}
    assert "DOWNGRD" in forward.downgrade(True, new).words
    assert "nothing but chance" in forward.downgrade(True, old).words
    assert "They speak TLS 1.2" in forward.downgrade(False, old).words
    assert "They speak TLS 1.3" in forward.downgrade(False, new).words


def test_who_watches_reads_the_name_and_in_tls13_no_certificate() -> None:
    for version in ("TLS 1.2", "TLS 1.3"):
        rows = dict(forward.observer(version, client_auth=True).views[0].rows)
        assert rows["which server is wanted"] == "www.example.org"
        assert ("hidden" in rows["the server's certificate"]) is (version == "TLS 1.3")
        assert ("client.example.org" in rows["the client's certificate"]) is (version == "TLS 1.2")
    trace = watched("TLS 1.3", "a short answer", False, True)
    assert not any(trace.plaintext().values())


def test_padding_hides_how_long_an_answer_is() -> None:
    def sizes(page: str, padded: bool) -> str:
        rows = dict(forward.observer("TLS 1.3", page, padded).views[0].rows)
        return str(rows["sealed records of the server"])

    short, long = PAGES
    assert sizes(short, False) != sizes(long, False)
    assert sizes(short, True) == sizes(long, True)


# ---- The labs --------------------------------------------------------------------------------------------

MADE: dict[str, tuple[Callable[[], Lab], list[dict[str, Any]]]] = {
    "time machine": (forward.time_machine_lab, [{"connection": "TLS 1.3"}, {"loot": "nothing"}]),
    "schedule": (forward.schedule_lab, [{"changed": "the ClientHello"}, {"visit": "second"}]),
    "race": (forward.race_lab, [{"rtt_ms": 100}, {"loss_percent": 5.0}]),
    "observer": (forward.observer_lab, [
        {"version": "TLS 1.2"}, {"page": "a long answer"}, {"padded": True}, {"client_auth": True},
    ]),
    "downgrade": (forward.downgrade_lab, [
        {"stripped": False}, {"server": "speaks TLS 1.2 only"}, {"unmarked": True},
    ]),
    "replay": (forward.replay_lab, [
        {"single_use": True}, {"later": 30.0}, {"times": 3}, {"other_server": True},
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_every_control_changes_what_the_lab_says(name: str) -> None:
    make, changes = MADE[name]
    assert {control for change in changes for control in change} == set(make().controls)
    for change in changes:
        lab = make()
        before = str(lab)
        assert str(lab.set(**change)) != before, change
        assert not lab.refusal


@pytest.mark.parametrize("ours", ["client", "server"])
def test_openssl_agrees_on_every_secret(ours: str) -> None:
    run: Trace = live.tls("TLS 1.3", ours=ours)
    by_label = {secret.label: secret.value for secret in run.secrets}
    assert by_label["client_handshake_traffic_secret"] == by_label["CLIENT_HANDSHAKE_TRAFFIC_SECRET"]

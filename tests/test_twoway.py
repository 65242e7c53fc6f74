"""The article's two-way authentication, run as told; and four attacks on its protocols, beside TLS."""

from __future__ import annotations

import pytest

from handshake import article, sim
from handshake.article import oneway, twoway
from handshake.article.attackers import CHOICE, ECHO, REPLAY, STOLEN
from handshake.article.parties import CIPHERS, prepared, read_certificate, unseal
from handshake.article.spoken import Said
from handshake.article.spoken import run as act
from handshake.entropy import Entropy
from handshake.trace import Trace

pytest.importorskip("cryptography")

VERSIONS = ("TLS 1.2", "TLS 1.3")


def numbers(run: Trace) -> list[int]:
    """The steps of both ends, as they were taken."""
    return [int(step.cause.removeprefix("step ")) for step in run.above]


def notes(run: Trace, step: int) -> str:
    return " ".join(note for each in run.above if each.cause == f"step {step}" for note in each.notes[1:])


def said(run: Trace, step: int, sender: str) -> Said:
    """What an end said at a step."""
    (message,) = [each for each in run.named(f"step {step}") if each.sender == sender]
    return Said.decode(message.data)


def opened(run: Trace, key: object) -> bytes:
    """What comes out of step 8 with a private key; with a wrong one b"" or noise."""
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        return bytes(key.decrypt(said(run, 8, "client").fields["key"], padding.PKCS1v15()))  # type: ignore[attr-defined]
    except ValueError:
        return b""


# ---- the ten steps, twice --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "steps"),
    [
        (article.one_way(seed=1, client_auth=True), oneway.STEPS),
        (article.two_way(seed=1), twoway.STEPS),
    ],
)
def test_all_ten_steps_are_taken_in_their_order(run: Trace, steps: dict[int, str]) -> None:
    taken = numbers(run)
    assert list(dict.fromkeys(taken)) == list(range(1, 11)) == list(steps)
    told = [step.time for step in run.above]
    assert told == sorted(told)
    assert all(step.notes[0] == steps[number] for step, number in zip(run.above, taken, strict=True))
    text = str(run.layer("article"))
    messages = [message for message in run.messages if message.layer == "article"]
    assert all(message.name in text for message in messages)
    for message in messages:
        assert b"".join(run[s.transit].frame[s.start : s.end] for s in message.sources) == message.data


def test_each_end_takes_its_own_steps() -> None:
    run = article.two_way(seed=1)
    steps = {
        end: [int(s.cause.removeprefix("step ")) for s in run.above if s.end == end]
        for end in ("client", "server")
    }
    assert steps == {"client": [1, 3, 4, 5, 6, 8, 10], "server": [2, 5, 5, 7, 9, 10]}
    assert Trace.from_json(run.to_json()) == run


def test_the_same_seed_gives_the_same_bytes() -> None:
    frames = [[t.frame for t in article.two_way(seed=seed).transits] for seed in (1, 1, 2)]
    assert frames[0] == frames[1] != frames[2]


def test_the_choice_and_the_key_are_what_the_private_keys_open() -> None:
    run = article.two_way(seed=1)
    (server, _), (client, _) = prepared("server"), prepared("client")
    from cryptography.hazmat.primitives.asymmetric import padding

    choice = client.key.decrypt(said(run, 7, "server").fields["choice"], padding.PKCS1v15())
    assert choice == b"AES-256" == next(iter(CIPHERS)).encode()
    key = opened(run, server.key)
    assert len(key) == 32
    assert opened(run, client.key) != key
    assert unseal("AES-256", key, 0, said(run, 10, "client").fields["sealed"]) == b"hello, server"
    assert unseal("AES-256", key, 1, said(run, 10, "server").fields["sealed"]) == b"hello, client"
    assert all(b"hello" not in transit.frame for transit in run.transits)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_cipher_seals_and_opens(cipher: str) -> None:
    from handshake.article.parties import seal

    for size in (0, 7, 8, 9):
        key, data = bytes(range(CIPHERS[cipher])), bytes(size)
        sealed = seal(cipher, key, 1, data)
        assert unseal(cipher, key, 1, sealed) == data != sealed
        assert unseal(cipher, key[:-1], 1, sealed) is None
        assert unseal(cipher, bytes([255]) + key[1:], 1, sealed) != data or not data
    assert unseal(cipher, bytes(CIPHERS[cipher]), 1, b"") is None


def test_a_browser_that_does_not_trust_the_ca_warns_and_does_as_its_user_says() -> None:
    stays = article.two_way(seed=1, trusted=False)
    goes = article.two_way(seed=1, trusted=False, user_goes_on=True)
    assert numbers(stays) == [1, 2, 3]
    assert list(dict.fromkeys(numbers(goes))) == list(range(1, 11))
    assert "warns" in notes(stays, 3)
    assert "does not go on" in notes(stays, 3)
    assert "warns" in notes(goes, 3)
    assert "goes on all the same" in notes(goes, 3)
    honest = article.two_way(seed=1, user_goes_on=True)
    assert "warns" not in notes(honest, 3)
    assert numbers(honest)[-1] == 10


def test_step_4_compares_domain_and_key_with_what_the_server_has_said() -> None:
    """That is all it compares: whoever changes one of them on the way is noticed, a copy is not."""
    for field in ("domain", "public key"):
        client, server = twoway.both_ends(1)
        server.path = lambda end, step, fields, name=field: (
            {**fields, name: fields[name] + b"x"} if step == 2 else fields
        )
        run = act(twoway.TwoWay(client, server), 1, "changed")
        assert numbers(run) == [1, 2, 3, 4]
        assert "differ" in notes(run, 4)
        assert client.peer == ""


def test_the_server_refuses_a_client_whose_certificate_is_not_good() -> None:
    client, server = twoway.both_ends(1)
    client.me = prepared("server")[0]  # a good certificate, but for the other end
    run = act(twoway.TwoWay(client, server), 1, "refused")
    assert numbers(run) == [1, 2, 3, 4, 5, 5, 5]
    asked, master = oneway.both_ends(1, True)
    asked.me = client.me
    run = act(oneway.OneWay(asked, master), 1, "refused")
    assert numbers(run)[-1] == 6
    assert "master" not in master.knows


def test_the_one_way_server_refuses_a_number_that_is_not_signed() -> None:
    client, server = oneway.both_ends(1, True)
    client.path = lambda end, step, fields: {**fields, "number": bytes(16)} if step == 4 else fields
    run = act(oneway.OneWay(client, server), 1, "changed")
    assert numbers(run)[-1] == 6
    assert "does not verify" in notes(run, 6)
    assert server.peer == ""


# ---- the attacks -----------------------------------------------------------------------------------------

STOPPED = {
    (REPLAY, "TLS 1.2"): ("server", "CertificateVerify", "decrypt_error"),
    (REPLAY, "TLS 1.3"): ("server", "CertificateVerify", "decrypt_error"),
    (ECHO, "TLS 1.2"): ("client", "ServerKeyExchange", "decrypt_error"),
    (ECHO, "TLS 1.3"): ("client", "CertificateVerify", "decrypt_error"),
    (CHOICE, "TLS 1.2"): ("server", "CertificateVerify", "decrypt_error"),
    (CHOICE, "TLS 1.3"): ("client", "EncryptedExtensions", "bad_record_mac"),
    (STOLEN, "TLS 1.2"): ("server", "CertificateVerify", "decrypt_error"),
    (STOLEN, "TLS 1.3"): ("server", "CertificateVerify", "decrypt_error"),
}
READS = {REPLAY: b"hello, client", ECHO: b"", CHOICE: b"", STOLEN: b"hello, client"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", article.ATTACKS)
def test_every_attack_works_on_the_article_and_fails_on_tls(name: str, version: str) -> None:
    duel = article.attack(name, version=version)
    assert duel.succeeded_on_model
    assert 10 in numbers(duel.model)
    assert not duel.succeeded_on_wire
    assert duel.stopped_by is not None
    assert duel.stopped_by[:3] == STOPPED[name, version]
    alert = duel.stopped_by.alert
    if name != CHOICE:  # (there the two ends have other keys)
        assert f"rcv alert {alert}" in [s.cause for s in duel.wire.above if s.end != duel.stopped_by.end]
    assert (duel.reads, duel.reads_on_wire) == (READS[name], b"")
    text = str(duel)
    for words in (name, version, "succeeds", "fails", alert):
        assert words in text


def test_whom_the_victims_believe() -> None:
    fooled = {name: article.attack(name).fooled for name in article.ATTACKS}
    assert fooled[REPLAY] == fooled[STOLEN] == "the server takes the attacker for client.example.org"
    assert fooled[ECHO] == "the client takes the attacker for www.example.org"
    assert "under DES" in fooled[CHOICE]
    assert "who chose AES-256" in fooled[CHOICE]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_honest_runs_end_well(version: str) -> None:
    """Else it would prove nothing that the attacks fail."""
    for kind in ("Ed25519", "RSA"):
        run = sim.tls(version, kind=kind, client_auth=True, seed=7)
        for end in ("client", "server"):
            assert "CONNECTED" in [step.after["state"] for step in run.above if step.end == end]
        assert all(b"hello, client" in data or b"GET" in data for data in run.plaintext().values())
    for told in (article.one_way(seed=7, client_auth=True), article.two_way(seed=7)):
        assert [step.end for step in told.above if step.cause == "step 10"] == ["client", "server"]


def test_with_the_genuine_key_the_same_certificate_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """On TLS nothing but the key is missing: with it, the impostors are whom they say they are."""
    from handshake.article import attackers
    from handshake.pki.authority import case

    monkeypatch.setattr(attackers, "_attackers_key", lambda kind="RSA": case(kind=kind).key)
    for version in VERSIONS:
        for name in (ECHO, STOLEN):
            duel = article.attack(name, version=version)
            assert duel.succeeded_on_wire
            assert duel.stopped_by is None
            assert duel.reads_on_wire


def test_other_ways_of_agreeing_on_a_key_and_older_versions_stop_them_too() -> None:
    late = article.attack(ECHO, key_exchange="RSA")
    assert late.stopped_by is not None
    assert late.stopped_by[1:3] == ("Finished", "bad_record_mac")
    unasked = article.attack(CHOICE, client_auth=False)
    assert unasked.stopped_by is not None
    assert unasked.stopped_by[:3] == ("server", "Finished", "bad_record_mac")
    for version in ("SSL 3.0", "TLS 1.0", "TLS 1.1"):
        for name in article.ATTACKS:
            exchange = "RSA" if version == "SSL 3.0" else "ECDHE"
            duel = article.attack(name, version=version, key_exchange=exchange)
            assert duel.stopped_by is not None
            assert not duel.succeeded_on_wire


def test_the_replay_says_what_was_recorded_and_the_server_was_fresh() -> None:
    duel = article.attack(REPLAY)
    record = article.one_way("7 recorded", client_auth=True)
    before, now = said(record, 4, "client").fields, said(duel.model, 4, "client").fields
    assert [before[name] for name in ("number", "signed", "certificate")] == [
        now[name] for name in ("number", "signed", "certificate")
    ]
    assert before["password"] != now["password"]
    assert said(record, 2, "server").fields["random"] != said(duel.model, 2, "server").fields["random"]
    # What the attacker reads, it reads with its own password:
    randoms = [said(duel.model, step, end).fields["random"] for step, end in ((1, "client"), (2, "server"))]
    key = oneway.master(Entropy("7 attacker")("password", 32), *randoms)
    assert unseal("AES-256", key, 1, said(duel.model, 10, "server").fields["sealed"]) == duel.reads


def test_the_echo_sends_what_the_genuine_server_sends_and_reads_nothing() -> None:
    duel, honest = article.attack(ECHO), article.two_way(seed=7)
    assert said(duel.model, 2, "server") == said(honest, 2, "server")
    sealed = said(duel.model, 10, "client").fields["sealed"]
    genuine = opened(duel.model, prepared("server")[0].key)
    assert unseal("AES-256", genuine, 0, sealed) == b"hello, server"
    from handshake.pki.authority import lesson_key

    assert unseal("AES-256", opened(duel.model, lesson_key("RSA", 7)), 0, sealed) is None
    assert "no key" in notes(duel.model, 9)
    assert [step.end for step in duel.model.above if step.cause == "step 10"] == ["client", "server"]
    assert "does not open" in notes(duel.model, 10)


def test_the_client_uses_the_cipher_that_somebody_else_has_chosen() -> None:
    duel = article.attack(CHOICE)
    key = opened(duel.model, prepared("server")[0].key)
    assert len(key) == 8
    assert unseal("DES", key, 0, said(duel.model, 10, "client").fields["sealed"]) == b"hello, server"
    hit = [transit for transit in duel.model.transits if transit.fault == "altered"]
    assert [each.number for each in hit] == [fault.transit for fault in duel.model.faults]
    assert hit[0].number in {source.transit for source in duel.model["step 7"].sources}
    assert Trace.from_json(duel.model.to_json()) == duel.model
    assert duel.wire.faults


def test_the_thief_has_the_certificate_and_not_the_key_and_reads_all_the_same() -> None:
    from handshake.pki.authority import lesson_key

    duel = article.attack(STOLEN)
    certificate = said(duel.model, 5, "client").fields["certificate"]
    assert certificate == prepared("client")[0].certificate
    mine = lesson_key("RSA", 7).public_key().public_numbers()
    assert read_certificate(certificate).public_key().public_numbers() != mine
    key = Entropy("7 attacker")("session key", 32)
    assert opened(duel.model, prepared("server")[0].key) == key
    assert unseal("AES-256", key, 1, said(duel.model, 10, "server").fields["sealed"]) == duel.reads


@pytest.mark.parametrize("name", article.ATTACKS)
def test_the_same_seed_gives_the_same_duel(name: str) -> None:
    for version in VERSIONS:
        one, same = article.attack(name, version=version), article.attack(name, version=version)
        assert [t.frame for t in one.model.transits] == [t.frame for t in same.model.transits]
        assert [t.frame for t in one.wire.transits] == [t.frame for t in same.wire.transits]
        assert str(one) == str(same)


def test_there_are_no_other_attacks() -> None:
    with pytest.raises(ValueError, match="an attack is one of"):
        article.attack("magic")

"""The four attackers: on the article's protocols, and on TLS; `attacks` puts them side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from handshake.article import oneway, twoway
from handshake.article.parties import CIPHERS, CLIENT_HOST, Credential, read_certificate
from handshake.article.spoken import Said, run
from handshake.trace import Fault, Trace

REPLAY, ECHO, CHOICE, STOLEN = ATTACKS = (
    "replay of the signed number",
    "echo of the genuine certificate",
    "another choice on the way",
    "a certificate without its key",
)
"""The attacks: on steps 5 and 6 of the one-way flow, and on steps 4, 7 and 5 of the two-way flow."""

VICTIM = {REPLAY: "server", ECHO: "client", CHOICE: "client", STOLEN: "server"}
"""Which end is to be fooled."""

ATTACKERS_KEY = 7
"""Which of the lesson keys the attacker has; no certificate is for it."""


Outcome = tuple[Trace, str, bytes]
"""Of an attack in the model: what happened, who is fooled, and what the attacker can read."""


def _reached_the_end(model: Trace, end: str) -> bool:
    return any((step.end, step.cause) == (end, "step 10") for step in model.above)


# ---- on the article's protocols --------------------------------------------------------------------------


class Replayer(oneway.OneWayClient):
    """A client that says what another has said: it has neither the certificate's key, nor needs it."""

    recorded: Mapping[str, bytes] = {}

    def five(self) -> dict[str, bytes]:
        """Step 5, as it was recorded."""
        return {name: self.recorded[name] for name in ("number", "signed", "certificate")}


def _replay(seed: int | str) -> Outcome:
    record = oneway.one_way(f"{seed} recorded", client_auth=True)
    honest, server = oneway.both_ends(seed, True)
    attacker = Replayer(twoway.drawn(seed, "attacker"), None, honest.trust)
    attacker.recorded = Said.decode(record["step 4"].data).fields
    model = run(oneway.OneWay(attacker, server), seed, f"The article's one-way flow: {REPLAY}")
    return model, _taken_for(model, server.peer, "server"), attacker.read


def _taken_for(model: Trace, name: str, victim: str) -> str:
    """Whom a victim takes the attacker for, if it got to the last step."""
    there = name and _reached_the_end(model, victim)
    return f"the {victim} takes the attacker for {name}" if there else ""


def _echo(seed: int | str) -> Outcome:
    client, server = twoway.both_ends(seed)
    certificate = server.me.certificate if server.me is not None else b""
    attacker = twoway.TwoWayServer(
        twoway.drawn(seed, "attacker"), Credential(certificate, _attackers_key()), server.trust
    )
    model = run(twoway.TwoWay(client, attacker), seed, f"The article's two-way flow: {ECHO}")
    return model, _taken_for(model, client.peer, "client"), attacker.read


class Middle:
    """Somebody in the path, who puts the weakest cipher in place of the server's choice.

    All that takes travels in the clear: the client's certificate with its public key, and its list.
    """

    def __init__(self, random: Any) -> None:
        self.random = random
        self.heard: dict[str, bytes] = {}

    def __call__(self, end: str, step: int, fields: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """What arrives of what an end says."""
        from handshake.tls.exchange import encrypt

        self.heard.update(fields)
        if step != 7:
            return fields
        key = read_certificate(self.heard["certificate"]).public_key()
        weakest = self.heard["ciphers"].split(b", ")[-1]
        return {"choice": encrypt(key, weakest, self.random)}


def _choice(seed: int | str) -> Outcome:
    client, server = twoway.both_ends(seed)
    client.path = server.path = Middle(twoway.drawn(seed, "attacker"))
    model = run(twoway.TwoWay(client, server), seed, f"The article's two-way flow: {CHOICE}")
    model = _marked(model, "step 7", "another choice was put in place of the server's")
    took, chosen = client.knows.get("cipher"), server.knows.get("cipher")
    if took == chosen or not _reached_the_end(model, "client"):
        return model, "", b""
    fooled = f"the client sends its data under {took}, and takes that for the choice of {client.peer}"
    return model, f"{fooled}, who chose {chosen}", b""


def _marked(model: Trace, message: str, text: str) -> Trace:
    """The trace, with a message marked as changed on its way."""
    number = model[message].sources[0].transit
    hit = model[number]
    fault = Fault("altered", f"transit {number}: {text}", hit.time, number, connection=hit.connection)
    transits = tuple(
        replace(each, fault="altered") if each.number == number else each for each in model.transits
    )
    return replace(model, transits=transits, faults=(*model.faults, fault))


class Thief(twoway.TwoWayClient):
    """A client with somebody else's certificate.  It cannot open the server's choice, and need not."""

    def choice(self, said: Said) -> str:
        """A guess: the server takes the strongest of what the client itself has told it."""
        return twoway.strongest(", ".join(CIPHERS).encode())


def _stolen(seed: int | str) -> Outcome:
    honest, server = twoway.both_ends(seed)
    certificate = honest.me.certificate if honest.me is not None else b""
    attacker = Thief(twoway.drawn(seed, "attacker"), Credential(certificate, _attackers_key()), honest.trust)
    model = run(twoway.TwoWay(attacker, server), seed, f"The article's two-way flow: {STOLEN}")
    return model, _taken_for(model, server.peer, "server"), attacker.read


def _attackers_key(kind: str = "RSA") -> Any:
    from handshake.pki.authority import lesson_key

    return lesson_key(kind, ATTACKERS_KEY)


# ---- on TLS ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReplayedKey:
    """What stands where a private key should: it "signs" everything with one recorded signature."""

    public: Any
    recorded: bytes

    def public_key(self) -> Any:
        """The genuine public key, from the certificate."""
        return self.public

    def sign(self, *_: Any) -> bytes:
        """The recorded signature, whatever is to be signed."""
        return self.recorded


def _kind(version: str, key_exchange: str) -> str:
    """Ed25519 where it can be: its signatures are the same every time, without any randomness."""
    return "Ed25519" if version in ("TLS 1.2", "TLS 1.3") and key_exchange == "ECDHE" else "RSA"


def _wire(
    seed: int | str, version: str, key_exchange: str, client_auth: bool = True, **choices: Any
) -> Trace:
    from handshake import sim

    kind = _kind(version, key_exchange)
    return sim.tls(
        version, key_exchange=key_exchange, kind=kind, seed=seed, client_auth=client_auth, **choices
    )


def _chain(version: str, key_exchange: str, purpose: str) -> tuple[Any, ...]:
    """A genuine chain, as anybody may have it."""
    from handshake.pki.authority import case

    kind = _kind(version, key_exchange)
    made = case(kind=kind) if purpose == "server" else case(kind=kind, purpose=purpose, host=CLIENT_HOST)
    return made.chain


def _replay_on_wire(seed: int | str, version: str, key_exchange: str, _: bool) -> Trace:
    from handshake.tls.messages import decode_handshake

    record = _wire(f"{seed} recorded", version, key_exchange)
    told = next(each for each in record.named("CertificateVerify") if each.sender == "client")
    # (In TLS 1.3 it travels encrypted: only a server that the client has called can have recorded it.)
    proof: Any = decode_handshake(told.data if told.plaintext is None else told.plaintext, version)
    chain = _chain(version, key_exchange, "client")
    key = ReplayedKey(chain[0].public_key(), proof.signature)
    return _wire(seed, version, key_exchange, client={"certificate": chain, "key": key})


def _stolen_on_wire(seed: int | str, version: str, key_exchange: str, _: bool) -> Trace:
    key = _attackers_key(_kind(version, key_exchange))
    chain = _chain(version, key_exchange, "client")
    return _wire(seed, version, key_exchange, client={"certificate": chain, "key": key})


def _echo_on_wire(seed: int | str, version: str, key_exchange: str, client_auth: bool) -> Trace:
    key = _attackers_key(_kind(version, key_exchange))
    chain = _chain(version, key_exchange, "server")
    return _wire(seed, version, key_exchange, client_auth, server={"certificate": chain, "key": key})


def _choice_on_wire(seed: int | str, version: str, key_exchange: str, client_auth: bool) -> Trace:
    """The server chooses the first of two suites; what arrives is that it has chosen the second."""
    from handshake import sim
    from handshake.tls.suites import find
    from handshake.wire import replace as edited

    suites = _two_suites(version, key_exchange)
    change = sim.edit_message(
        "server", "ServerHello", lambda hello: edited(hello, cipher_suite=find(suites[1]).number)
    )
    both = {"suites": suites}
    return _wire(seed, version, key_exchange, client_auth, client=both, server=both, tampering=[change])


def _two_suites(version: str, key_exchange: str) -> list[str]:
    """A strong suite, and one that is less so; both are offered."""
    if version == "TLS 1.3":
        return ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]
    sign = "ECDSA" if _kind(version, key_exchange) == "Ed25519" else "RSA"
    start = "TLS_RSA_WITH" if key_exchange == "RSA" else f"TLS_ECDHE_{sign}_WITH"
    if version == "TLS 1.2":
        return [f"{start}_AES_256_GCM_SHA384", f"{start}_AES_128_GCM_SHA256"]
    return [f"{start}_AES_256_CBC_SHA", f"{start}_AES_128_CBC_SHA"]


OnModel = Callable[[int | str], Outcome]
OnWire = Callable[[int | str, str, str, bool], Trace]

RUNS: dict[str, tuple[OnModel, OnWire]] = {
    REPLAY: (_replay, _replay_on_wire),
    ECHO: (_echo, _echo_on_wire),
    CHOICE: (_choice, _choice_on_wire),
    STOLEN: (_stolen, _stolen_on_wire),
}
"""Each attack: on the model, from a seed; on TLS, from seed, version, key exchange, and client_auth."""

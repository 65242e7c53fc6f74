"""Exercise 08.2: be taken for somebody else by the article's servers, without the private key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from handshake.article import oneway, twoway
from handshake.article.attackers import ReplayedKey
from handshake.article.parties import CIPHERS, OTHER_KEYS, Credential, Trust, prepared
from handshake.article.spoken import Said, run
from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, said
from handshake.trace import Trace

STATEMENT = """
You have recorded how somebody, the victim, was let in by a server of the article. Now you call a fresh server
of that kind yourself, and want to be taken for the victim. You have none of the private keys. Write two
functions. Each gets `recorded`: all that travelled, in order, each as `[sender, step, fields]`: `"client"` or
`"server"`, the number of the article's step, and a dictionary of its fields, text to bytes.

- `one_way(recorded)`: the one-way flow, whose server asks who the client is. Give what you say in step 4
  (which has step 5 in it): `{"password": ..., "number": ..., "signed": ..., "certificate": ...}`.
- `two_way(recorded)`: the two-way flow. Give
  `{"certificate": ..., "ciphers": ..., "cipher": ..., "key": ...}`: what you say in steps 5 and 6, with which
  cipher you go on, and the session key that you say in step 8.

All values are bytes. `password` (1 to 100 bytes) and `key` you give in the clear: they are encrypted with the
server's public key for you, and used for your end from then on. `ciphers` is a list as in step 6; the server
takes the strongest of AES-256, AES-128, DES that is in it, and encrypts its choice for the owner of the
certificate. Their keys have 32, 16 and 8 bytes.

An attack succeeds if the server takes you for the victim and you can read what it says in step 10. The same
is then tried against a server of TLS 1.2, and has to fail there.
"""

STARTER = """
def one_way(recorded):
    raise NotImplementedError("yours")

def two_way(recorded):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "a number of your own": (
        "The server found that the signature does not fit the number. Without the key you can sign no "
        "other number: which one has the victim signed?"
    ),
    "a signature of your own": (
        "The server found that the signature does not verify: only the victim can make one. Is there "
        "one already?"
    ),
    "the server's certificate": (
        "That is the server's certificate: whom would the server take you for? Look at what the client "
        "has sent."
    ),
    "the sealed password": (
        "That is the recorded password as it travelled, encrypted: you do not know what is in it. "
        "Nothing ties the password to the victim: invent one."
    ),
    "the sealed key": (
        "That is the recorded session key as it travelled, encrypted: you do not know what is in it. "
        "Nothing ties the key to the victim: invent one."
    ),
    "another cipher than the server's": (
        "The server has chosen another cipher than you go on with. You cannot open its choice; but it "
        "chooses from what you yourself have told it."
    ),
    "key of another length": "The key is not as long as that cipher wants it.",
}

NAMES = ("anna", "bruno", "chen", "dora", "emil", "fatima", "goran", "hana")
MOST = 100
"""So many bytes of a password or key are encrypted, and ten times so many travel in another field."""

GROUPS = {"one_way": "one-way flow: the article's server is fooled, TLS is not",
          "two_way": "two-way flow: the article's server is fooled, TLS is not"}  # fmt: skip


def draw(entropy: Entropy) -> dict[str, Any]:
    """Who is the victim, and what the two connections are drawn from."""
    return {
        "_seed": entropy("recorded", 8).hex(),
        "_host": f"{NAMES[entropy.number('name', len(NAMES))]}.example.org",
    }


class Victim(NamedTuple):
    """Its certificate with its key, how servers judge it, and its whole chain for TLS."""

    credential: Credential
    trust: Trust
    chain: tuple[Any, ...]


@lru_cache(maxsize=len(NAMES))
def victim(host: str) -> Victim:
    """The victim of that name."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from handshake.pki.authority import case

    made = case(purpose="client", host=host, seed=OTHER_KEYS)
    credential = Credential(made.chain[0].public_bytes(Encoding.DER), made.key)
    return Victim(credential, Trust(made.anchors, made.chain[1:], made.now, "client"), tuple(made.chain))


@lru_cache(maxsize=1)
def _server() -> tuple[Credential, Trust]:
    return prepared("server")


Recorded = tuple[tuple[str, int, dict[str, bytes]], ...]


@lru_cache(maxsize=128)
def recording(flow: str, seed: str, host: str) -> Recorded:
    """What travels when the victim is let in."""
    (server, servers), him = _server(), victim(host)
    one, other = Entropy(f"{seed} victim"), Entropy(f"{seed} server")
    if flow == "one_way":
        trace = run(oneway.OneWay(
            oneway.OneWayClient(one, him.credential, servers), oneway.OneWayServer(other, server, him.trust)
        ), seed, "recorded")  # fmt: skip
    else:
        trace = run(twoway.TwoWay(
            twoway.TwoWayClient(one, him.credential, servers), twoway.TwoWayServer(other, server, him.trust)
        ), seed, "recorded")  # fmt: skip
    return tuple(_told(trace))


def _told(trace: Trace) -> Iterator[tuple[str, int, dict[str, bytes]]]:
    for message in trace.messages:
        if message.layer == "article":
            told = Said.decode(message.data)
            yield message.sender, told.step, dict(told.fields)


class OneWayAttacker(oneway.OneWayClient):
    """Says in step 5 what it was given."""

    gives: dict[str, bytes]

    def five(self) -> dict[str, bytes]:
        """Step 5."""
        return {name: self.gives[name] for name in ("number", "signed", "certificate")}


class TwoWayAttacker(twoway.TwoWayClient):
    """Says in step 6 what it was given, and goes on with a cipher that it guesses."""

    gives: dict[str, bytes]

    def six(self, speaker: Any) -> None:
        """Step 6."""
        self.say(speaker, 6, twoway.STEPS[6], {"ciphers": self.gives["ciphers"]})

    def choice(self, said: Said) -> str:
        """Whatever the server has chosen."""
        return self.gives["cipher"].decode("ascii", "replace")


def attacked(flow: str, seed: str, host: str, gives: dict[str, bytes]) -> str:
    """Run the attack against a fresh server: "" if it succeeds, else what is different."""
    (server, servers), him = _server(), victim(host)
    other, random = (
        Entropy(f"{seed} fresh"),
        _invents(seed, gives["password" if flow == "one_way" else "key"]),
    )
    attacker: Any
    fresh: Any
    if flow == "one_way":
        attacker, fresh = OneWayAttacker(random, None, servers), oneway.OneWayServer(other, server, him.trust)
        attacker.gives = gives
        trace = run(oneway.OneWay(attacker, fresh), seed, "attack")
    else:
        mine = Credential(gives["certificate"], None)
        attacker, fresh = TwoWayAttacker(random, mine, servers), twoway.TwoWayServer(other, server, him.trust)
        attacker.gives = gives
        trace = run(twoway.TwoWay(attacker, fresh), seed, "attack")
    if fresh.peer == host and attacker.read == fresh.data:
        return ""
    last = [step for step in trace.above if step.end == "server"][-1]
    whom = f"takes you for {fresh.peer}" if fresh.peer else "takes you for nobody"
    return f"the server {whom}; the last that it did was {last.cause}: {last.notes[-1]}"


def _invents(seed: str, secret: bytes) -> Any:
    """Randomness of an attacker's: its password or its session key is what it was given."""
    others = Entropy(f"{seed} attacker")
    return lambda label, size: secret if label in ("password", "session key") else others(label, size)


def on_tls(flow: str, seed: str, host: str, gives: dict[str, bytes]) -> str:
    """The same against a server of TLS 1.2: the certificate, and for a proof what there is; what it does."""
    from handshake import pki
    from handshake.sim.handshakes import two_ends

    him = victim(host)
    proof = gives.get("signed", b"no proof")
    client = {"certificate": him.chain, "key": ReplayedKey(him.chain[0].public_key(), proof)}
    judged = {"verify": lambda chain: pki.validate(chain, him.trust.anchors, him.trust.now, None, "client")}
    one, other = two_ends("TLS 1.2", "ECDHE", None, "RSA", True, seed, False, client, judged)
    for _ in range(3):
        other.receive(one.outgoing())
        one.receive(other.outgoing())
    return "it lets you in" if other.state == "CONNECTED" else "it refuses you"


FIELDS = {"one_way": ("password", "number", "signed", "certificate"),
          "two_way": ("certificate", "ciphers", "cipher", "key")}  # fmt: skip


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Both attacks, against servers that have never heard of them."""
    for flow, group in GROUPS.items():
        recorded = recording(flow, given["_seed"], given["_host"])
        yield _tried(flow, group, given, recorded, ask(flow, recorded))


def _tried(flow: str, group: str, given: dict[str, Any], recorded: Recorded, got: Any) -> Finding:
    names = FIELDS[flow]
    wanted = f"the server takes you for {given['_host']}, and you read what it says"
    if not isinstance(got, dict) or not all(isinstance(got.get(name), bytes) for name in names):
        return Finding(group, False, f"{flow}(recorded)", f"bytes for {', '.join(names)}", said(got))
    gives = {name: got[name] for name in names}
    key, why = _at_sight(flow, recorded, gives)
    if not why:
        why = attacked(flow, given["_seed"], given["_host"], gives)
    if why:
        return Finding(group, False, f"{flow}(recorded), against a fresh server", wanted, why, key)
    found = on_tls(flow, given["_seed"], given["_host"], gives)
    return Finding(group, found == "it refuses you", "the same against TLS 1.2", "it refuses you", found)


def _at_sight(flow: str, recorded: Recorded, gives: dict[str, bytes]) -> tuple[str, str]:
    """The sign that an attack has, should it fail; and why it cannot even be tried, "" if it can."""
    his = {
        name: value for sender, _, fields in recorded if sender == "client" for name, value in fields.items()
    }
    theirs = next(
        fields["certificate"] for sender, step, fields in recorded if (sender, step) == ("server", 2)
    )
    secret = "password" if flow == "one_way" else "key"
    if gives[secret] == his[secret]:
        return f"the sealed {secret}", f"that {secret} was encrypted already"
    for name, value in gives.items():
        least, most = (1, MOST) if name == secret else (0, 10 * MOST)
        if name != "certificate" and not least <= len(value) <= most:
            return "", f"{name} has {len(value)} bytes, and {least} to {most} can travel"
        if value.startswith(b"0x"):
            return "", f"{name} begins with the text 0x, and such a field cannot travel"
    if gives["certificate"] not in (his["certificate"], theirs):
        return "", "nobody has issued that certificate"
    if flow == "two_way":
        size = CIPHERS.get(gives["cipher"].decode("latin-1"))
        if size != len(gives["key"]):
            why = f"cipher {gives['cipher']!r}, with a key of {len(gives['key'])} bytes"
            return "key of another length" if size else "", why
    key = ""
    if gives["certificate"] == theirs:
        key = "the server's certificate"
    elif flow == "two_way":
        key = "another cipher than the server's"
    elif gives["signed"] != his["signed"]:
        key = "a signature of your own"
    elif gives["number"] != his["number"]:
        key = "a number of your own"
    return key, ""


EXERCISE = Exercise(
    id="08.2",
    title="Be taken for somebody else",
    statement=STATEMENT,
    starter=STARTER,
    names=("one_way", "two_way"),
    groups=dict.fromkeys(GROUPS.values(), 4),
    signs=SIGNS,
    hint="Ask of every field that the server checks: could it be the same tomorrow? If so, say it again.",
    reread="notebook 08, The duel",
    draw=draw,
    judge=judge,
    in_order=True,
)

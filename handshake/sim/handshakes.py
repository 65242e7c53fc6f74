"""A whole TLS connection over TCP, on our own ends at both sides -> Trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from handshake.flows import observe, secure
from handshake.sim.faults import Fault
from handshake.sim.inpath import InPath, Tamper
from handshake.sim.link import Link
from handshake.sim.scenario import check_seconds, ends
from handshake.sim.secured import Secured
from handshake.sim.world import CLIENT, SERVER, World, checked
from handshake.tls import Client, Server, Sessions
from handshake.tls.schedule import KEY_LOG
from handshake.tls.suites import find
from handshake.trace import Address, Connection, Message, Secret, Trace, Transit

HOST = "www.example.org"
REQUEST = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, client"

KEY_EXCHANGES = {
    ("RSA", "RSA"): "TLS_RSA_WITH_AES_128_GCM_SHA256",
    ("ECDHE", "RSA"): "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ("ECDHE", "ECDSA"): "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ("ECDHE", "Ed25519"): "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
}
"""For a key exchange and the kind of the server's key, the suite that is used in TLS 1.2 if none is named."""

NEWEST = "TLS_AES_128_GCM_SHA256"
"""The same in TLS 1.3, where a suite says nothing of keys."""

OLD = {"RSA": "TLS_RSA_WITH_AES_128_CBC_SHA", "ECDHE": "TLS_ECDHE_{}_WITH_AES_128_CBC_SHA"}
"""The same before TLS 1.2, where all that is left is CBC with SHA-1."""


def tls(
    version: str = "TLS 1.2",
    *,
    key_exchange: str = "ECDHE",
    suite: str | int | None = None,
    kind: str = "RSA",
    client_auth: bool | str = False,
    shows: str = "good",
    lists: bool = False,
    seed: int | bytes | str | None = 0,
    delay: float = 0.020,
    link: Link | None = None,
    request: bytes = REQUEST,
    response: bytes = RESPONSE,
    think: float = 0.010,
    faults: Iterable[Fault] = (),
    tampering: Iterable[Tamper] = (),
    verify: bool = True,
    client: Mapping[str, Any] | None = None,
    server: Mapping[str, Any] | None = None,
    addresses: tuple[Address, Address] = (CLIENT, SERVER),
    until: float | None = None,
    title: str | None = None,
) -> Trace:
    """A TLS connection from its first segment to its last, over our own TCP.

    version: "SSL 3.0" to "TLS 1.3".   key_exchange: "RSA" or "ECDHE", which is all there is in TLS 1.3.
    suite: one by name, in place of the usual one for that key exchange.
    kind: of the server's key, "RSA", "ECDSA" or "Ed25519".
    client_auth: whether the client has to say who it is; or "none", "optional", "required".
    shows: what the client has for that: a "good" certificate, "nothing", or one with a defect, one of
    `pki.authority.DEFECTS`.   lists: whether the server asks the lists of revoked certificates.
    seed: the same seed gives the same bytes; None draws from the system.
    faults: befall segments, see `sim.drop` and its like.   tampering: befalls records and messages, see
    `sim.flip_byte` and its like.   verify: whether the client checks the server's chain.
    client, server: further choices of `tls.Client` and `tls.Server`.
    Everything else is as for `sim.tcp`.
    """
    one, other = two_ends(
        version, key_exchange, suite, kind, client_auth, seed, verify, dict(client or {}), dict(server or {}),
        shows, lists,
    )  # fmt: skip
    exchange = (key_exchange if suite is None else find(suite).key_exchange) or "ECDHE"
    name = f"{version}, {exchange} key exchange, simulated"
    return over_tcp(
        one, other, name, title=title, seed=seed, link=link or Link(delay), request=request,
        response=response, think=think, faults=faults, tampering=tampering, addresses=addresses, until=until,
    )  # fmt: skip


def over_tcp(
    one: Any, other: Any, name: str, *, title: str | None, seed: Any, link: Link, request: bytes,
    response: bytes, think: float, faults: Iterable[Fault], tampering: Iterable[Tamper],
    addresses: tuple[Address, Address], until: float | None, keys: Callable[[], bytes] = bytes,
    expects: int | None = None,
) -> Trace:  # fmt: skip
    """Two ends of TLS, each with a program and a machine, joined by our own TCP.

    one, other: the client's and the server's end; `tls.Endpoint`s, or whatever has the same calls.
    keys: a key log that is asked for afterwards, of ends that tell their secrets in no other way.
    expects: after how many bytes the server answers; the length of the request unless given.
    """
    check_seconds(think=think, **({} if until is None else {"until": until}))
    faults, path = checked(faults), InPath(tampering)
    world = World(seed=seed, link=link, faults=faults)
    asks = Secured(one, request, len(response), think, path)
    answers = Secured(other, response, len(request) if expects is None else expects, think, path)
    asks.peer, answers.peer = answers, asks
    here, there = ends(world, *addresses, (None, None), asks, answers, False, {})
    world.clock.at(0.0, there.listen)
    world.clock.at(0.0, here.open)
    world.run(until)
    world.recorder.secrets += _logged(keys())
    world.recorder.describe = partial(described, tuple(world.recorder.secrets))
    _renumber(world, one, other)
    told = "; ".join(str(each) for each in (*world.faults_done, *path.done))
    return world.trace(title if title is not None else f"{name}: {told}" if told else name)


def _renumber(world: World, *ends: Any) -> None:
    """Give the inputs of secrets the numbers that messages have on the wire.

    An end counts in the order in which it sends and gets; what crosses on the way, both count differently.
    """
    if not any(secret.label == "client_early_traffic_secret" for secret in world.recorder.secrets):
        return  # without early data nothing crosses before the handshake is over
    counts = [
        (end.end, told.number, told.sender, told.data) for end in ends for told in getattr(end, "told", ())
    ]
    messages = [each for each in world.trace("").messages if each.layer == "TLS"]
    placed: dict[tuple[str, bytes], int] = {}
    for each in messages:
        placed.setdefault((each.sender, each.plaintext or each.data), each.number)
    known = {
        (end, number): placed[sender, data]
        for end, number, sender, data in counts
        if (sender, data) in placed
    }
    if all(number == place for (_, number), place in known.items()):
        return
    world.recorder.secrets[:] = [
        replace(
            secret,
            inputs=tuple(
                (name, known.get((secret.end, number), number) if number is not None else None, at)
                for name, number, at in secret.inputs
            ),
        )
        for secret in world.recorder.secrets
    ]


def _logged(log: bytes) -> list[Secret]:
    """The secrets of a key log."""
    found = []
    for line in log.decode("ascii", "replace").splitlines():
        label, *values = line.split() or [""]
        if label in ("CLIENT_RANDOM", *KEY_LOG.values()) and len(values) == 2:
            random, value = map(bytes.fromhex, values)
            found.append(Secret(label, value, client_random=random))
    return found


def two_ends(
    version: str, key_exchange: str, suite: str | int | None, kind: str, client_auth: bool | str,
    seed: Any, verify: bool, client: dict[str, Any], server: dict[str, Any], shows: str = "good",
    lists: bool = False,
) -> tuple[Client, Server]:  # fmt: skip
    """A client and a server with the certificates of the lessons, that will agree on one suite."""
    from handshake import pki
    from handshake.entropy import Entropy
    from handshake.pki.authority import case

    if suite is None and version == "TLS 1.3":
        if key_exchange != "ECDHE":
            raise ValueError(f"in TLS 1.3 there is ECDHE, and no other key exchange; got {key_exchange!r}")
        suite = NEWEST
    elif suite is None:
        if key_exchange not in OLD:
            raise ValueError(f"key_exchange is 'RSA' or 'ECDHE', got {key_exchange!r}")
        if version == "TLS 1.2":
            suite = KEY_EXCHANGES.get((key_exchange, kind))
        else:
            suite = OLD[key_exchange].format("RSA" if kind == "RSA" else "ECDSA")
        if suite is None:
            raise ValueError(f"with {key_exchange} key exchange the server's key is RSA, not {kind}")
    made = case("none", kind=kind)
    mine = of_client(shows, kind)

    def judged(purpose: str, chain: list[Any]) -> Any:
        if purpose == "server":
            return pki.validate(chain, made.anchors, made.now, HOST)
        crls = mine.crls if lists else ()
        return pki.validate(chain, mine.anchors, mine.now, None, "client", crls)

    draw = {end: None if seed is None else f"{seed} {end}" for end in ("client", "server")}
    wanted = "required" if client_auth is True else client_auth or "none"
    has = {"certificate": mine.chain, "key": mine.key} if shows != "nothing" else {}
    one = Client(**{
        "server_name": HOST, "versions": [version], "suites": [suite], "seed": Entropy(draw["client"]),
        "verify": partial(judged, "server") if verify else None, **has, **client,
    })  # fmt: skip
    other = Server(**{
        "certificate": made.chain, "key": made.key, "versions": [version], "suites": [suite],
        "client_auth": wanted, "verify": partial(judged, "client"), "sessions": Sessions(),
        "seed": Entropy(draw["server"]), **server,
    })  # fmt: skip
    return one, other


def of_client(shows: str, kind: str) -> Any:
    """The certificates of the lessons' client.   shows: "good", "nothing", or a defect."""
    from handshake.pki.authority import case

    defect = "none" if shows in ("good", "nothing") else shows
    return case(defect, kind=kind, purpose="client", host="client.example.org")


def described(
    secrets: Sequence[Secret], connection: Connection, transits: Sequence[Transit]
) -> Sequence[Message]:
    """The messages of a connection, those of TLS opened with the secrets of its ends."""
    observed = observe(connection, transits)
    labels = {"master secret": "CLIENT_RANDOM", "CLIENT_RANDOM": "CLIENT_RANDOM"}
    labels |= KEY_LOG | {label: label for label in KEY_LOG.values()}
    logs: dict[bytes, dict[str, bytes]] = {}
    for each in secrets:
        if each.label in labels:
            logs.setdefault(each.client_random, {}).setdefault(labels[each.label], each.value)

    def known(client_random: bytes) -> dict[str, bytes]:
        # (A hello that was changed on the way has another random than the one that its sender remembers.)
        return logs.get(client_random) or next(iter(logs.values()), {})

    return (*observed.messages, *secure(observed, known).messages)

"""Incidents: runs in which one thing goes wrong, as a capture at one end has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handshake import capture, pki, sim
from handshake.diagnose import Finding
from handshake.entropy import Entropy
from handshake.pki.authority import case
from handshake.tcp import KeepAlive
from handshake.trace import Trace


@dataclass(frozen=True)
class Incident:
    """A captured incident.

    kind: "TCP", "certificate" or "TLS".   trace: the capture.   about: what else is known, line by line.
    finding: what went wrong, and which packet proves it.
    """

    kind: str
    trace: Trace
    about: tuple[str, ...]
    finding: Finding

    @property
    def cause(self) -> str:
        """The cause alone."""
        return self.finding.cause.partition(":")[0]

    @property
    def evidence(self) -> frozenset[int]:
        """Packets that show it: the proof, those that belong to it, and all pieces of a message."""
        shows = {self.finding.transit, *self.finding.evidence}
        for message in self.trace.messages:
            if message.layer == "TLS" and message.sources and message.sources[-1].transit in shows:
                shows |= {each.transit for each in message.sources}
        return frozenset(shows)

    @property
    def bare(self) -> Trace:
        """The capture without what a tool has worked out of it: what got lost, that is."""
        transits = tuple(replace(each, fault=None) for each in self.trace.transits)
        return replace(self.trace, transits=transits, secrets=(), faults=())

    @property
    def ladder(self) -> str:
        """`bare` in text."""
        return str(self.bare)


Made = tuple[Trace, str, tuple[str, ...]]
"""A run, where it was captured, and what else is known."""


def _plain(seed: int, faults: Sequence[Any] = (), at: str = "client", delay: float = 0.02) -> Made:
    return sim.tcp(seed=seed, delay=delay, faults=list(faults)), at, ()


def _refused(seed: int) -> Made:
    return sim.calls({0.0: "open"}, {}, until=2.0, seed=seed), "client", ()


def _third(seed: int) -> Made:
    run = sim.calls(
        {0.0: "open"}, {0.0: "listen", 4.0: b"hello"}, until=6.0, seed=seed, faults=[sim.drop("client", 2)]
    )
    return run, "server", ()


def _aborted(seed: int) -> Made:
    calls: dict[float, bytes | str] = {0.0: "open", 0.5: b"hello", 1.0 + seed % 7 / 10: "abort"}
    return sim.calls(calls, {0.0: "listen"}, until=4.0, seed=seed), "client", ()


def _full(seed: int) -> Made:
    said: dict[float, bytes | str] = {0.0: "open", **{1.0 + n / 50: bytes(1000) for n in range(8)}}
    run = sim.calls(said, {0.0: ["listen", "hold"], 6.0: "read"}, until=9.0, window=4000, seed=seed)
    return run, "client", ()


def _forgotten(seed: int) -> Made:
    return sim.failing("reboot, then data", until=40.0, seed=seed), "server", ()


def _gone(seed: int) -> Made:
    keep_alive = KeepAlive(10.0, 2.0, 3)
    run = sim.failing("silence, server idle", keep_alive=keep_alive, until=60.0, seed=seed)
    return run, "server", ()


def _chain(defect: str, seed: int) -> Made:
    made = case(defect, seed=seed % 1000)

    def judge(chain: list[Any]) -> Any:
        return pki.validate(chain, made.anchors, made.now, made.server_name, "server", made.crls)

    run = sim.tls(
        "TLS 1.2", seed=seed, client={"verify": judge, "server_name": made.server_name},
        server={"certificate": made.chain, "key": made.key},
    )  # fmt: skip
    leaf = made.chain[0]
    about = (
        f"the client called: {made.server_name}",
        f"the server's certificate is for: {', '.join(pki.names_of(leaf)) or 'no name'}",
        f"it is valid: {leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}",
        f"it was issued by: {pki.issuer_of(leaf)}",
    )
    return run, "client", about


def _client(shows: str, seed: int) -> Made:
    return sim.tls("TLS 1.2", seed=seed, client_auth="required", shows=shows), "server", ()


def _cipher(seed: int) -> Made:
    only = {"suites": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]}
    return sim.tls("TLS 1.2", seed=seed, client=only), "client", ()


def _version(seed: int) -> Made:
    old = {"versions": ["TLS 1.2"], "suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]}
    return sim.tls("TLS 1.3", seed=seed, client=old), "client", ()


def _changed(seed: int) -> Made:
    return sim.tls("TLS 1.2", seed=seed, tampering=[sim.flip_byte("client", 5, 9)]), "server", ()


KINDS: dict[str, tuple[Callable[[int], Made], ...]] = {
    "TCP": (_refused, _third, _aborted, _full, _forgotten, _gone,
            partial(_plain, faults=(sim.drop("client", 1),)),
            partial(_plain, faults=(sim.drop("client", 3),))),
    "certificate": (partial(_chain, "unknown_ca"), partial(_chain, "expired"), partial(_chain, "revoked"),
                    partial(_chain, "wrong_host")),
    "TLS": (_cipher, _version, _changed, partial(_client, "nothing"), partial(_client, "unknown_ca")),
}  # fmt: skip
"""By kind, what makes a run in which one thing goes wrong."""

CAUSES = (
    "refused port", "lost SYN", "lost ACK", "lost data", "reset", "half-open",
    "dead peer found by keep-alive", "zero window", "unknown CA", "expired", "revoked", "wrong name",
    "no shared cipher", "version refused", "bad MAC", "missing client certificate",
    "refused client certificate",
)  # fmt: skip
"""What may have gone wrong."""


@lru_cache(maxsize=64)
def made(kind: str, which: int, seed: int) -> Incident:
    """Incident number `which` of a kind; the same seed gives the same bytes."""
    run, at, about = KINDS[kind][which](seed)
    with TemporaryDirectory() as folder:
        trace = capture.read(run.save(Path(folder) / "capture.pcapng", at=at))
    return Incident(kind, trace, (f"captured at the {at}", *about), trace.diagnose()[0])


def incidents(entropy: Entropy) -> tuple[Incident, ...]:
    """Three of them, one of each kind."""
    return tuple(
        made(kind, entropy.number(kind, len(makers)), entropy.number(f"{kind} seed", 1 << 20))
        for kind, makers in KINDS.items()
    )

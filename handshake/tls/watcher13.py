"""Reading along in TLS 1.3: which keys a record may be under, by what a key log holds.

From outside every protected record looks alike.  Which keys it is under follows from what was said before; so
whoever reads along tries the keys in the order in which they come into use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handshake.errors import ProtocolError
from handshake.tls.hellos import ClientHello
from handshake.tls.protection13 import Protection13
from handshake.tls.records import Record
from handshake.tls.schedule import KEY_LOG, SIZES, transcript_hash, verify_data
from handshake.tls.suites import ALL, Suite

STAGES = (
    ("handshake_traffic_secret", "handshake"),
    ("application_traffic_secret_0", "data"),
)
"""Secrets of an end, by the ends of their names, in the order of their use; and what they protect."""


@dataclass
class Ring:
    """The keys of one direction that are still of use, in order: (name of the secret, protection)."""

    keys: list[tuple[str, Protection13]] = field(default_factory=list)

    def open(self, record: Record) -> tuple[Record, str] | None:
        """What a record holds, and the name of the secret that opened it; None if none of the keys fits."""
        for n, (name, protection) in enumerate(self.keys):
            number = protection.seq
            try:
                opened = protection.open(record)
            except (ProtocolError, ValueError):
                protection.seq = number
                continue
            del self.keys[:n]  # keys never come back
            return opened, name
        return None

    def turn(self, message: str) -> None:
        """After this message of that direction the next keys are in use."""
        if not self.keys:
            return
        name, protection = self.keys[0]
        if message == "KeyUpdate":
            self.keys[0] = (next_name(name), protection.next())
        elif message in ("Finished", "EndOfEarlyData") and len(self.keys) > 1:
            del self.keys[0]


def next_name(name: str) -> str:
    """The traffic secret after that one: ..._secret_1 after ..._secret_0."""
    stem, _, number = name.rpartition("_")
    return f"{stem}_{int(number) + 1}" if number.isdigit() else name


def known(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """The secrets of a key log by their names in RFC 8446; those of a wrong length are left out."""
    return {
        name: found[label]
        for name, label in KEY_LOG.items()
        if label in found and len(found[label]) in SIZES.values()
    }


def rings(secrets: Mapping[str, bytes], suite: Suite) -> dict[str, Ring]:
    """The keys of both directions, once both hellos are there."""
    made = {"client": Ring(), "server": Ring()}
    for end, ring in made.items():
        for what, stage in STAGES:
            name = f"{end}_{what}"
            if name in secrets and len(secrets[name]) == SIZES[suite.hash]:
                ring.keys.append((name, Protection13(suite, secrets[name], writer=end, stage=stage)))
    return made


def early_rings(secrets: Mapping[str, bytes], hello: ClientHello) -> dict[str, Ring]:
    """The key of early data, in each of the client's suites that it may belong to: the hello does not say."""
    name, ring = "client_early_traffic_secret", Ring()
    for number in dict.fromkeys(hello.cipher_suites):
        suite = ALL.get(number)
        if suite and suite.serves("TLS 1.3") and len(secrets.get(name, b"")) == SIZES[suite.hash]:
            ring.keys.append((name, Protection13(suite, secrets[name], writer="client", stage="early data")))
    return {"client": ring, "server": Ring()}


def fits(secrets: Mapping[str, bytes], suite: Suite, sender: str, before: bytes, said: bytes) -> bool | None:
    """Whether a Finished is what comes of the messages before it; None if nobody can tell."""
    secret = secrets.get(f"{sender}_handshake_traffic_secret")
    if secret is None or len(secret) != SIZES[suite.hash]:
        return None
    return verify_data(suite.hash, secret, transcript_hash(suite.hash, before)) == said

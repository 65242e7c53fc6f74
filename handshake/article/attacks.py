"""Four attacks on the article's protocols, and what becomes of the same attacks on TLS.

    >>> from handshake import article
    >>> print(article.attack("a certificate without its key"))      # two lanes, as text

What the article checks can be copied: certificates, domains, numbers that were signed once.  What TLS checks
is made for this one handshake, with a key that never travels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import NamedTuple

from handshake.article.attackers import ATTACKS, CHOICE, RUNS, VICTIM
from handshake.trace import Trace


class Stop(NamedTuple):
    """What stopped an attack.   end: who noticed.   message: at which message of the other end.

    alert: what it said.   why: in its words.
    """

    end: str
    message: str
    alert: str
    why: str

    def __str__(self) -> str:
        return f"the {self.end}, at {self.message}: {self.alert}"


@dataclass(frozen=True)
class Duel:
    """One attack, on the article's protocol and on TLS.

    name: one of ATTACKS.   version: of TLS.   model, wire: what happened there and there.
    fooled: who believes what at the article's last step; "" if nobody is fooled.
    reads: what the attacker can read of its victim's data in the model; reads_on_wire: of those under TLS.
    """

    name: str
    version: str
    model: Trace
    wire: Trace
    fooled: str
    reads: bytes
    reads_on_wire: bytes

    @property
    def victim(self) -> str:
        """Which end is to be fooled: "client" or "server"."""
        return VICTIM[self.name]

    @property
    def succeeded_on_model(self) -> bool:
        """Whether the victim came to the article's last step, and believes there what is not so."""
        return bool(self.fooled)

    @property
    def succeeded_on_wire(self) -> bool:
        """Whether the victim's handshake was completed."""
        return any((s.end, s.after["state"]) == (self.victim, "CONNECTED") for s in self.wire.above)

    @property
    def stopped_by(self) -> Stop | None:
        """What stopped the attack on TLS: who was the first to give up; None if nobody did."""
        for step in self.wire.above:
            if step.after["state"] == "FAILED" and not step.cause.startswith("rcv alert"):
                why = step.notes[-1] if step.notes else ""
                alert = re.search(r"; the answer is the alert (\w+)", why)
                state = str(step.before["state"])
                message = " or ".join(_expected(self.version)(step.end, state)) or state
                return Stop(
                    step.end, message, alert[1] if alert else "", why[: alert.start() if alert else None]
                )
        return None

    def __str__(self) -> str:
        rows = (
            ("", "the article's protocol", self.version),
            ("the attack", *("succeeds" if good else "fails" for good in self._succeeded)),
            ("at the end", self.fooled or "nobody is fooled", self._end),
            ("attacker reads", *(repr(each) if each else "nothing" for each in self._read)),
            ("stopped by", "nobody" if self.fooled else "the protocol", str(self.stopped_by or "nobody")),
        )  # fmt: skip
        lines = [self.name, ""]
        for label, *cells in rows:
            for one, left, right in zip_longest([label], *(wrap(cell, 42) for cell in cells), fillvalue=""):
                lines.append(f"{one:16}{left:44}{right}".rstrip())
        return "\n".join(lines)

    @property
    def _succeeded(self) -> tuple[bool, bool]:
        return self.succeeded_on_model, self.succeeded_on_wire

    @property
    def _read(self) -> tuple[bytes, bytes]:
        return self.reads, self.reads_on_wire

    @property
    def _end(self) -> str:
        stop = self.stopped_by
        if stop is None:
            return (
                f"the {self.victim} is connected" if self.succeeded_on_wire else "the handshake is not over"
            )
        return stop.why.partition(": ")[2].partition(" (RFC")[0] or stop.why


def _expected(version: str) -> Callable[[str, str], tuple[str, ...]]:
    """The messages that an end may get in a state: expected(end, state)."""
    from handshake.tls import figure, figure13

    return figure13.expected if version == "TLS 1.3" else figure.expected


def attack(
    name: str, seed: int | str = 7, version: str = "TLS 1.2", *, key_exchange: str = "ECDHE",
    client_auth: bool = True,
) -> Duel:  # fmt: skip
    """Run one of ATTACKS on the article's protocol, and on TLS.

    seed: the same seed, the same bytes.   version: of TLS, as for `sim.tls`.
    key_exchange: "ECDHE" or "RSA"; with RSA an impostor of the server is found out at Finished only.
    client_auth: whether the server of TLS asks the client who it is; the attacks of impostors of the client
    need it, so that there it always does.
    ValueError for an attack that there is not.
    """
    if name not in ATTACKS:
        raise ValueError(f"an attack is one of {'; '.join(ATTACKS)}; not {name!r}")
    on_model, on_wire = RUNS[name]
    model, fooled, reads = on_model(seed)
    wire = on_wire(seed, version, key_exchange, client_auth)
    # Whoever is at the other end can read all that its victim sends; somebody in the middle has no key.
    heard = b"" if name == CHOICE else _sent(wire, VICTIM[name])
    return Duel(name, version, model, wire, fooled, reads, heard)


def _sent(wire: Trace, end: str) -> bytes:
    """What the program of an end has sent."""
    return wire.plaintext().get(wire.connections[0].address(end), b"")

"""What becomes of a client that is asked who it is: the server's demand, against what the client has.

Each cell is a handshake in memory, of our ends, of OpenSSL's, or of one each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handshake.live.peers import joined

REQUIREMENTS = ("none", "optional", "required")
"""Whether the server asks the client who it is, and whether it has to answer."""

CLIENTS = ("nothing", "good", "expired", "wrong_purpose")
"""What the client has to show; any defect of `pki.authority.DEFECTS` may be tried besides."""

ENDS = {
    "both": "our client, our server",
    "client": "our client, OpenSSL's server",
    "server": "OpenSSL's client, our server",
    "neither": "OpenSSL's client, OpenSSL's server",
}
"""Which of the ends are ours."""


@dataclass(frozen=True)
class Outcome:
    """One cell.

    accepted: whether the server lets the client in.   known: whether it knows then who it is.
    alert: the alert that refused the client, as the client got it; "" if none came.
    late: whether the client's own handshake had ended well before the refusal came.
    """

    version: str
    requirement: str
    client: str
    accepted: bool
    known: bool
    alert: str
    late: bool

    def __str__(self) -> str:
        if self.accepted:
            return "accepted, and known" if self.known else "accepted, unknown"
        return f"refused{' late' if self.late else ''}: {self.alert}"


def outcome(
    requirement: str, client: str, version: str = "TLS 1.3", *, ours: str = "both", kind: str = "RSA",
    lists: bool = False, seed: int = 0,
) -> Outcome:  # fmt: skip
    """One cell.

    requirement: one of REQUIREMENTS.   client: one of CLIENTS, or a defect.   version: "TLS 1.2", "TLS 1.3".
    ours: one of ENDS.   kind: of all keys.   lists: whether the server asks the lists of the revoked.
    ValueError for anything else.
    """
    for name, value, known in (("requirement", requirement, REQUIREMENTS), ("ours", ours, tuple(ENDS))):
        if value not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}; not {value!r}")
    with TemporaryDirectory() as folder:
        one, other = joined(
            version, ours, "ECDHE", None, kind, requirement, client, lists, seed, True,
            Path(folder) / "keys.txt", {},
        )  # fmt: skip
    other.send(b"welcome")
    for _ in range(10):
        other.receive(one.outgoing())
        one.receive(other.outgoing())
    alert = one.alert_received.name if one.alert_received is not None else ""
    accepted = one.state == other.state == "CONNECTED" and one.received == b"welcome"
    late = one.state == "FAILED" and any(move.after["state"] == "CONNECTED" for move in one.moves)
    return Outcome(version, requirement, client, accepted, accepted and _knows(other), alert, late)


def outcomes(version: str = "TLS 1.3", *, ours: str = "both", kind: str = "RSA") -> tuple[Outcome, ...]:
    """The twelve cells of REQUIREMENTS and CLIENTS, row by row; see `outcome`."""
    return tuple(
        outcome(requirement, client, version, ours=ours, kind=kind)
        for requirement in REQUIREMENTS
        for client in CLIENTS
    )


def _knows(server: Any) -> bool:
    """Whether a server knows who its client is."""
    if hasattr(server, "agreed"):
        return bool(server.agreed.peer_chain)
    return bool(server.peer_certificate)

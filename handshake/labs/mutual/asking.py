"""Notebook 08: what a server demands of its client, what the client has, and what becomes of it."""

from __future__ import annotations

from functools import cache

from handshake import live, show, sim
from handshake.labs.lab import Lab, Outcome, choice, one_of
from handshake.labs.mutual.covered import VERSIONS
from handshake.live.outcomes import CLIENTS, ENDS, REQUIREMENTS
from handshake.live.outcomes import Outcome as Cell
from handshake.show.picture import Picture
from handshake.tls.alerts import ALERTS, NUMBERS

HAS = {"nothing": "no certificate", "good": "a good one", "expired": "an expired one",
       "wrong_purpose": "one for servers"}  # fmt: skip
"""What the client has, in words."""

ASKS = {"none": "does not ask", "optional": "asks", "required": "demands"}
"""What the server does."""

KINDS = ("let in, unknown", "let in, known", "refused late", "refused at once")


@cache
def cells(version: str, ours: str = "both") -> tuple[Cell, ...]:
    """The twelve cells; each is a handshake."""
    return live.outcomes(version, ours=ours)


def kind(cell: Cell) -> str:
    """Which of KINDS a cell is."""
    if cell.accepted:
        return "let in, known" if cell.known else "let in, unknown"
    return "refused late" if cell.late else "refused at once"


def grid(
    requirement: str = "required", client: str = "nothing", version: str = "TLS 1.3", ours: str = "both"
) -> Outcome:
    """What the server demands, against what the client has: twelve handshakes, one of them looked at.

    requirement: "none", "optional" or "required".   client: "nothing", "good", "expired", "wrong_purpose".
    version: "TLS 1.2" or "TLS 1.3".   ours: which ends are ours, one of live.outcomes' ENDS.
    """
    one_of("requirement", requirement, REQUIREMENTS)
    one_of("client", client, CLIENTS)
    one_of("version", version, VERSIONS)
    one_of("ours", ours, ENDS)
    one = _cell(version, ours, requirement, client)
    words = [f"{version}. The server {ASKS[requirement]}, the client has {HAS[client]}: {_said(one)}"]
    other = _cell(next(each for each in VERSIONS if each != version), ours, requirement, client)
    if str(one) == str(other):
        words.append(f"In {other.version} the same happens.")
    else:
        words.append(f"In {other.version} it is otherwise: {other}.")
    alike = cells(version, ours) == cells(version, "neither")
    who = "with two ends of OpenSSL's" if ours == "both" else "with two ends of OpenSSL's as well"
    if ours != "neither":
        words.append(f"All twelve are {'the same' if alike else 'NOT the same'} {who}.")
    about = f"The same between our own two ends: {version}"
    run = sim.tls(version, client_auth=requirement, shows=client, seed=7, title=about)
    return Outcome(
        "\n".join(words), (_drawn(version, ours, requirement, client), show.timeline(run.layer("TLS")))
    )


def _cell(version: str, ours: str, requirement: str, client: str) -> Cell:
    return next(
        each for each in cells(version, ours) if (each.requirement, each.client) == (requirement, client)
    )


def _said(one: Cell) -> str:
    """What became of a client, in words."""
    if one.accepted:
        return (
            "it is let in, and the server knows who it is."
            if one.known
            else "it is let in, as somebody unknown."
        )
    says = f"\u201c{ALERTS[NUMBERS[one.alert]].says}\u201d"
    when = (
        "The client's own handshake had ended well before: it hears of it when it reads."
        if one.late
        else "The client's own handshake fails by it."
    )
    return f"it is refused, with the alert {one.alert} ({says}). {when}"


def _drawn(version: str, ours: str, requirement: str, client: str) -> Picture:
    found = {}
    for each in cells(version, ours):
        if each.accepted:
            lines = ["let in,", "known" if each.known else "unknown"]
        else:
            lines = ["refused late:" if each.late else "refused:", each.alert]
        found[ASKS[each.requirement], HAS[each.client]] = (kind(each), lines)
    return show.grid(
        found, KINDS, title=f"What the server demands, what the client has: {version}",
        subtitle=[
            f"Between {ENDS[ours]}. Down: what the server does; across: what the client has.",
            "Late means: after the client's own handshake has ended well.",
        ],
        chosen=(ASKS[requirement], HAS[client]),
    )  # fmt: skip


def grid_lab() -> Lab:
    """`grid`, with controls."""
    return Lab(
        "Who is let in?", grid,
        version=choice("version", VERSIONS, "TLS 1.3"),
        requirement=choice("the server", [(words, name) for name, words in ASKS.items()], "required"),
        client=choice("the client has", [(words, name) for name, words in HAS.items()], "nothing"),
        ours=choice("between", [(words, name) for name, words in ENDS.items()], "both"),
    )  # fmt: skip

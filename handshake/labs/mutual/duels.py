"""Notebook 08: the same attack on the article's protocol and on TLS."""

from __future__ import annotations

from functools import cache

from handshake import article, show
from handshake.labs.lab import Lab, Outcome, choice, one_of
from handshake.labs.mutual.covered import VERSIONS
from handshake.show.table import Table

REPLAY, ECHO, CHOICE, STOLEN = article.ATTACKS

DOES = {
    REPLAY: "The attacker has recorded a handshake of the client's, and sends the client's certificate and "
    "its signed number again, in a connection of its own.",
    ECHO: "The attacker plays the server. It sends the genuine certificate, which anybody can get, and the "
    "domain and the public key that stand in it.",
    CHOICE: "The attacker sits on the way. In place of the server's choice it puts the weakest cipher, "
    "encrypted with the client's public key, as anybody can.",
    STOLEN: "The attacker plays the client. It has a copy of the client's certificate, and no key to it.",
}
"""What the attacker does, in words."""

WHO = {
    REPLAY: "the client is the attacker",
    ECHO: "the server is the attacker",
    CHOICE: "the attacker sits in between",
    STOLEN: "the client is the attacker",
}

HARM = {
    REPLAY: "The attacker reads the server's answer: the password was of its own making.",
    ECHO: "The attacker reads nothing, as it cannot open the session key. But the client believes that it is "
    "connected with the genuine server.",
    CHOICE: "The attacker reads nothing at once. But the data travel under DES, whose 56 bits of key can be "
    "tried one by one.",
    STOLEN: "The attacker reads the server's answer: the session key was of its own making.",
}
"""What it gets from the article's protocol."""

LACKS = {
    REPLAY: "nothing of this connection is in what is signed.",
    ECHO: "nobody asks for a proof that the server has the key of its certificate.",
    CHOICE: "encrypting keeps a choice secret, and says nothing of who has made it. Neither end ever "
    "compares what was said with the other.",
    STOLEN: "nobody asks for a proof that the client has the key of its certificate.",
}
"""What the article's protocol lacks, that TLS has."""


@cache
def _fought(name: str, version: str) -> article.Duel:
    return article.attack(name, version=version)


def duel(name: str = ECHO, version: str = "TLS 1.2") -> Outcome:
    """One attack, twice.   name: one of article.ATTACKS.   version: "TLS 1.2" or "TLS 1.3"."""
    one_of("name", name, article.ATTACKS)
    one_of("version", version, VERSIONS)
    fought = _fought(name, version)
    left = "succeeds" if fought.succeeded_on_model else "fails"
    fooled = _capital(fought.fooled or "nobody is fooled")
    words = [
        DOES[name],
        f"The article's protocol: the attack {left}. {fooled}. {HARM[name]}",
        f"{version}: {_stopped(fought)}",
        f"What the article's lane lacks: {LACKS[name]}",
    ]
    lanes = show.beside(
        **{
            f"as the article tells it: {WHO[name]}": show.timeline(
                fought.model.layer("article"), width="panel"
            ),
            f"as {version} does it: {WHO[name]}": show.timeline(fought.wire.layer("TLS"), width="panel"),
        }
    )
    return Outcome("\n".join(words), (_table(fought), lanes))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _stopped(fought: article.Duel) -> str:
    stop = fought.stopped_by
    if stop is None:
        return "nobody stops it." if fought.succeeded_on_wire else "it does not come to its end."
    return f"the {stop.end} stops it, at {stop.message}, with the alert {stop.alert}."


def _table(fought: article.Duel) -> Table:
    """Both lanes, question by question."""
    stop = fought.stopped_by
    told = stop.why if stop else ""
    why = told.partition(" broke the protocol: ")[2].partition(" (RFC")[0] or told
    yes = {True: "yes", False: "no"}
    rows = [
        ("is the victim fooled?", yes[fought.succeeded_on_model], yes[fought.succeeded_on_wire]),
        ("who believes what at the end", fought.fooled or "–", "nothing false" if stop else "–"),
        ("what the attacker can read", _read(fought.reads), _read(fought.reads_on_wire)),
        ("who stops it", "nobody", f"the {stop.end}" if stop else "nobody"),
        ("at which message", "–", stop.message if stop else "–"),
        ("why", "nobody: all that is checked can be copied", why or "–"),
        ("with which alert", "–", stop.alert if stop else "–"),
    ]
    columns = (
        f"(the victim is the {fought.victim})",
        "as the article tells it",
        f"as {fought.version} does it",
    )
    return show.table(columns, rows, title=_capital(fought.name))


def _read(data: bytes) -> str:
    return repr(data)[1:] if data else "nothing"


def duel_lab() -> Lab:
    """`duel`, with controls."""
    return Lab(
        "The same attack, twice", duel,
        name=choice("attack", list(article.ATTACKS), ECHO),
        version=choice("version", VERSIONS, "TLS 1.2"),
    )  # fmt: skip

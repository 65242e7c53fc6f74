"""Notebook 08: the article's two-way steps beside the wire's messages, and in the wire's order."""

from __future__ import annotations

from handshake import article, show
from handshake.article.twoway import STEPS
from handshake.labs.lab import one_of
from handshake.labs.mutual.covered import VERSIONS, run_of
from handshake.show.beside import Beside
from handshake.show.table import Table
from handshake.trace import Message

Wire = dict[int, tuple[tuple[str, str], ...]]

TLS12: Wire = {
    1: (("client", "ClientHello"),),
    2: (("server", "ServerHello"), ("server", "Certificate")),
    3: (),
    4: (("server", "ServerKeyExchange"),),
    5: (("server", "CertificateRequest"), ("server", "ServerHelloDone"), ("client", "Certificate"),
        ("client", "CertificateVerify")),
    6: (("client", "ClientHello"),),
    7: (("server", "ServerHello"),),
    8: (("client", "ClientKeyExchange"),),
    9: (),
    10: (("client", "ChangeCipherSpec"), ("client", "Finished"), ("server", "ChangeCipherSpec"),
         ("server", "Finished"), ("client", "application data"), ("server", "application data")),
}  # fmt: skip
TLS13: Wire = TLS12 | {
    2: (("server", "ServerHello"), ("server", "EncryptedExtensions"), ("server", "Certificate")),
    4: (("server", "CertificateVerify"),),
    5: (("server", "CertificateRequest"), ("client", "Certificate"), ("client", "CertificateVerify")),
    8: (("client", "ClientHello"), ("server", "ServerHello")),
}
WIRE = {"TLS 1.2": TLS12, "TLS 1.3": TLS13}
"""For each step of the article, the messages of TLS that do what it tells: (sender, name)."""

NOTE = {
    1: "after TCP's three segments",
    2: "first the ServerHello, which the article leaves out",
    3: "no message: the client checks, and says nothing",
    4: "nothing is compared: a signature proves that the server has the key",
    5: "the request travels with the server's first messages",
    6: "long since said",
    7: "long since said, in the clear",
    9: "no message: both derive, and say nothing",
    10: "first each end's Finished, of which the article knows nothing",
}
"""What is to be said beside the messages."""

EXCHANGED = {"TLS 1.2": "a public value, not a key", "TLS 1.3": "public values, in the hellos; not a key"}
"""The same for step 8."""


def told(version: str = "TLS 1.2") -> list[Message]:
    """The messages of the connection, up to the first data of each end."""
    messages = run_of(version).layer("TLS").messages
    last = max(n for n, each in enumerate(messages) if each.name == "application data")
    return [each for each in messages[: last + 1] if each.name != "NewSessionTicket"]


def steps(version: str = "TLS 1.2") -> Table:
    """The article's ten steps, each beside the messages that travel for it."""
    one_of("version", version, VERSIONS)
    rows = []
    for step, words in STEPS.items():
        there = ", ".join(
            f"{each.number} {each.name}"
            for each in told(version)
            if (each.sender, each.name) in WIRE[version][step]
        )
        rows.append((f"step {step}", words, there or "–", NOTE.get(step, EXCHANGED[version])))
    columns = ("the article's", "as the article tells it", f"as {version} does it", "to be said")
    return show.table(columns, rows, title=f"Ten steps, and what travels for each in {version}")


def ordered(version: str = "TLS 1.2") -> Table:
    """The wire's messages in their order, each with the article's steps that it does the work of."""
    one_of("version", version, VERSIONS)
    rows = []
    for each in told(version):
        mine = [str(step) for step, names in WIRE[version].items() if (each.sender, each.name) in names]
        if each.name == "ChangeCipherSpec" and version == "TLS 1.3":
            mine = []  # (it is there for old machines on the way, and means nothing)
        sealed = "sealed" if each.plaintext is not None else "in the clear"
        rows.append((each.number, each.sender, each.name, sealed, ", ".join(mine) or "–"))
    columns = ("message", "from", "as the wire does it", "travels", "the article's step")
    return show.table(columns, rows, title=f"In the order of the wire, {version}")


def both(version: str = "TLS 1.2") -> Beside:
    """Two lanes: the article's two-way steps, and what really travels."""
    one_of("version", version, VERSIONS)
    return show.beside(
        as_the_article_tells_it=show.timeline(article.two_way(seed=7).layer("article")),
        as_the_wire_does_it=show.timeline(run_of(version).layer("TLS")),
    )

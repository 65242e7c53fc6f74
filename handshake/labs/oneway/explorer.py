"""Notebook 07: the article's steps beside the wire's messages, and every message byte by byte."""

from __future__ import annotations

from handshake import article, show, sim
from handshake.article.oneway import STEPS
from handshake.labs.lab import Lab, Outcome, choice, one_of, switch
from handshake.show.beside import Beside
from handshake.show.table import Table
from handshake.tls.names import VERSIONS, name_of
from handshake.tls.records import HEADER
from handshake.trace import Message, Trace
from handshake.wire import Span, span

WIRE: dict[int, tuple[tuple[str, str], ...]] = {
    1: (("client", "ClientHello"),),
    2: (("server", "ServerHello"), ("server", "Certificate"), ("server", "ServerKeyExchange"),
        ("server", "CertificateRequest"), ("server", "ServerHelloDone")),
    3: (),
    4: (("client", "ClientKeyExchange"),),
    5: (("client", "Certificate"), ("client", "CertificateVerify")),
    6: (),
    7: (),
    8: (("client", "ChangeCipherSpec"), ("client", "Finished")),
    9: (("server", "ChangeCipherSpec"), ("server", "Finished")),
    10: (("client", "application data"), ("server", "application data")),
}  # fmt: skip
"""For each step of the article, the messages of TLS that do what it tells: (sender, name)."""

NOTHING = {
    3: "no message: the client checks, and says nothing",
    5: "optional: only if the server has sent a CertificateRequest",
    6: "no message: both derive, and say nothing",
    7: "no message; and not the master secret is used, but keys made from it",
}
"""What is to be said where a step has no message."""


def run_of(key_exchange: str = "RSA", client_auth: bool = False) -> Trace:
    """The connection of this notebook."""
    one_of("key_exchange", key_exchange, ("RSA", "ECDHE"))
    return sim.tls(key_exchange=key_exchange, client_auth=client_auth, seed=7)


def told(run: Trace) -> list[Message]:
    """Its messages of TLS."""
    return [message for message in run.messages if message.layer == "TLS"]


def steps(key_exchange: str = "RSA", client_auth: bool = False) -> Table:
    """The article's ten steps, each beside the messages that travel for it."""
    messages = told(run_of(key_exchange, client_auth))
    rows = []
    for step, words in STEPS.items():
        there = [
            f"{message.number} {message.name}"
            for message in messages
            if (message.sender, message.name) in WIRE[step]
        ]
        rows.append((f"step {step}", words, ", ".join(there) or NOTHING.get(step, "nothing")))
    return show.table(
        ("the article's", "as the article tells it", "as the wire does it: number and message"), rows,
        title="Ten steps, and what travels for each",
    )  # fmt: skip


def both(client_auth: bool = False) -> Beside:
    """Two lanes: the article's steps, and what really travels."""
    told_ = article.one_way(seed=7, client_auth=client_auth).layer("article")
    return show.beside(
        as_the_article_tells_it=show.timeline(told_),
        as_the_wire_does_it=show.timeline(run_of("RSA", client_auth).layer("TLS")),
    )


def in_record(run: Trace, message: Message) -> tuple[bytes, tuple[Span, ...]]:
    """A message in the clear with the header of its record before it, and every field of both.

    (Our ends put each message into a record of its own.)
    """
    first = message.sources[0]
    header = run[first.transit].frame[first.start - HEADER.size : first.start]
    spans = (*HEADER.spans(0), *(each.shifted(HEADER.size) for each in message.spans))
    return header + message.data, spans


FIRST, SECOND = "the client's", "the server's"
PICK: dict[str, tuple[str, str]] = {
    "ClientHello": ("client", "ClientHello"),
    "ServerHello": ("server", "ServerHello"),
    "Certificate": ("server", "Certificate"),
    "ServerKeyExchange": ("server", "ServerKeyExchange"),
    "ServerHelloDone": ("server", "ServerHelloDone"),
    "ClientKeyExchange": ("client", "ClientKeyExchange"),
    "ChangeCipherSpec": ("client", "ChangeCipherSpec"),
    f"{FIRST} Finished": ("client", "Finished"),
    f"{SECOND} Finished": ("server", "Finished"),
    f"{FIRST} data": ("client", "application data"),
    f"{SECOND} data": ("server", "application data"),
}


def explorer(message: str = "ClientHello", key_exchange: str = "RSA", opened: bool = False) -> Outcome:
    """One message of the connection: where it travelled, and every byte of it.

    message: one of PICK.   key_exchange: "RSA" or "ECDHE".   opened: whether we have the keys.
    """
    one_of("message", message, PICK)
    run = run_of(key_exchange)
    found = next((each for each in told(run) if (each.sender, each.name) == PICK[message]), None)
    if found is None:
        return Outcome(f"With {key_exchange} key exchange there is no {message}: nobody sends one.")
    transits = sorted({source.transit for source in found.sources})
    where = f"transit {transits[0]}" if len(transits) == 1 else f"transits {transits[0]} to {transits[-1]}"
    size = len(found.data) + (HEADER.size if found.plaintext is None else 0)
    words = [
        f"Message {found.number}: the {found.sender}'s {found.name}, in a record of {size} bytes, in {where};"
        f" {key_exchange} key exchange."
    ]
    if opened and found.name == "ClientKeyExchange" and key_exchange == "RSA":
        premaster = next(each.value for each in run.secrets if each.label == "premaster secret")
        words.append(
            "Decrypted with the server's private key, what it carries is this: the premaster secret."
        )
        parts = (
            span((), "version", 0, 2, "the highest that the client offered", _version),
            span((), "random", 2, 46, "made up by the client", None, True),
        )
        view = show.bytes(premaster, title="The premaster secret", spans=parts)
    elif found.plaintext is None:
        words.append("It travels in the clear: anybody on the way reads this.")
        octets, spans = in_record(run, found)
        view = show.bytes(octets, title=f"{found.name}, in its record", spans=spans)
    elif not opened:
        words.append("It is encrypted: whoever has no key sees a record, its type and its length, and noise.")
        view = show.bytes(found, title=f"A record that holds {found.name}")
    else:
        words.append(f"Opened with the {found.secret}, {found.name} is this.")
        title = f"{found.name}, opened"
        view = show.bytes(found.plaintext, title=title, spans=found.opened)
    window = (max(1, transits[0] - 3), transits[-1] + 3)
    near = [n for n in run.layer("TLS").connections[0].transits if window[0] <= n <= window[1]]
    picture = show.timeline(run.layer("TLS"), window=(near[0], near[-1]))
    return Outcome("\n".join(words), (view, picture))


def _version(number: int) -> str:
    return name_of(VERSIONS, number)


def explorer_lab() -> Lab:
    """`explorer`, with controls."""
    return Lab(
        "Every message, byte by byte", explorer,
        key_exchange=choice("key exchange", ("RSA", "ECDHE"), "RSA"),
        message=choice("message", list(PICK), "ClientHello"),
        opened=switch("with the keys", False),
    )  # fmt: skip

"""Notebook 09: record now, steal a key later.  What can be read, and what travelled at all."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from handshake import capture, show, sim
from handshake.labs.lab import Lab, Outcome, choice, one_of
from handshake.pki.authority import case
from handshake.show.table import Table
from handshake.trace import Trace

CONNECTIONS = {
    "TLS 1.2, RSA": ("TLS 1.2", "RSA"),
    "TLS 1.2, ECDHE": ("TLS 1.2", "ECDHE"),
    "TLS 1.3": ("TLS 1.3", "ECDHE"),
}
"""What may be recorded."""

LOOT = ("nothing", "the server's private key", "the secrets of the connection")
"""What is stolen later: the last is what a key log holds, and what either end had while they talked."""


def run_of(connection: str) -> Trace:
    """The connection itself."""
    one_of("connection", connection, CONNECTIONS)
    version, exchange = CONNECTIONS[connection]
    return sim.tls(version, key_exchange=exchange, seed=7)


def recorded(connection: str, loot: str = LOOT[0]) -> Trace:
    """What somebody on the way has recorded, read with what they have stolen."""
    one_of("loot", loot, LOOT)
    with TemporaryDirectory() as folder:
        path = run_of(connection).save(Path(folder) / "recorded.pcapng", secrets=loot == LOOT[2])
        keys = []
        if loot == LOOT[1]:
            pem = case("none").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            keys.append(Path(folder) / "server.pem")
            keys[0].write_bytes(pem)
        return capture.read(path, rsa_keys=keys)


def time_machine(connection: str = "TLS 1.2, RSA", loot: str = "the server's private key") -> Outcome:
    """A recording of last year, and what was stolen today.

    connection: one of CONNECTIONS.   loot: one of LOOT.
    """
    trace = recorded(connection, loot)
    rows, read = [], 0
    for message in trace.layer("TLS").messages:
        sealed = message.form == "record"
        if sealed:
            what = f"sealed: {len(message.data)} bytes"
        elif message.plaintext is None:
            what = "in the clear"
        else:
            text = message.plaintext[:32].decode("ascii", "replace").replace("\r\n", " ")
            what = f"opened: \u201c{text} \u2026\u201d" if message.form == "data" else "opened"
            read += message.form == "data"
        if message.name == "ClientKeyExchange" and connection == "TLS 1.2, RSA":
            key = "opened with the server's key" if loot == LOOT[1] else "encrypted for the server"
            what = f"in the clear; the premaster secret in it: {key}"
        rows.append((message.number, message.sender, message.name, what))
    words = f"Recorded: {connection}. Stolen later: {loot}. "
    if read:
        words += "Everything can be read: the request and its answer."
    elif loot == LOOT[0]:
        words += "Whoever has recorded it reads what is in the clear, and nothing else."
    else:
        words += (
            "Nothing more can be read. The key has only signed; the secret came of two private values that "
            "were made for this one connection, never travelled, and are gone."
        )
    table = show.table(("message", "from", "as it is read", "what can be read of it"), rows,
                       title="The recording")  # fmt: skip
    return Outcome(words, (table,))


def time_machine_lab() -> Lab:
    """`time_machine`, with controls."""
    return Lab(
        "Record now, steal later", time_machine,
        connection=choice("recorded", list(CONNECTIONS), "TLS 1.2, RSA"),
        loot=choice("stolen later", list(LOOT), LOOT[1]),
    )  # fmt: skip


def search(connection: str = "TLS 1.3") -> Table:
    """Every secret of a connection, searched for in everything that travelled (S59)."""
    run = run_of(connection)
    streams = b"|".join(transit.frame for transit in run.transits)
    found: dict[str, tuple[int, bool]] = {}
    for secret in run.secrets:
        found[secret.label] = (len(secret.value), secret.value in streams)
    known = run["ClientHello"].data[6:38]
    rows = [("client random, to compare", len(known), "yes" if known in streams else "no")]
    rows += [(label, size, "yes" if there else "no") for label, (size, there) in found.items()]
    return show.table(
        ("secret", "bytes", "does it occur in what travelled?"), rows, title=f"{connection}: searched for"
    )

"""Notebook 09: what somebody on the way still sees."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509

from handshake import capture, show, sim
from handshake.labs.lab import Lab, Outcome, choice, one_of, switch
from handshake.tls import decode_handshake
from handshake.tls import extensions as ext
from handshake.tls.either13 import find_extension
from handshake.tls.names import VERSIONS, names_of
from handshake.tls.suites import suite_name
from handshake.trace import Message, Trace

PAGES = {"a short answer": 13, "a long answer": 2000}
"""What the server sends, and how many bytes that is."""


def watched(version: str, page: str, padded: bool, client_auth: bool) -> Trace:
    """The connection as somebody on the way has it: without any secret."""
    body = b"x" * PAGES[page]
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    more: dict[str, Any] = {"padding": 4096 if padded else 0}
    run = sim.tls(
        version, seed=7, response=response, client_auth=client_auth,
        client={"protocols": ["http/1.1"], **more}, server={"protocols": ["http/1.1"], **more},
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        return capture.read(run.save(Path(folder) / "watched.pcapng", secrets=False))


def observer(
    version: str = "TLS 1.3", page: str = "a short answer", padded: bool = False, client_auth: bool = False
) -> Outcome:
    """What can be told of a connection by somebody on the way, who has no key.

    version: "TLS 1.2" or "TLS 1.3".   page: one of PAGES.   padded: records are filled up to 4096 bytes,
    which TLS 1.3 alone can do.   client_auth: whether the client says who it is.
    """
    one_of("version", version, ("TLS 1.2", "TLS 1.3"))
    one_of("page", page, PAGES)
    trace = watched(version, page, padded, client_auth)
    messages = list(trace.layer("TLS").messages)
    hello: Any = decode_handshake(messages[0].data)
    chosen: Any = decode_handshake(next(each.data for each in messages if each.name == "ServerHello"))
    name = find_extension(hello.extensions, ext.ServerName)
    protocols = find_extension(hello.extensions, ext.Protocols)
    connection = trace.connections[0]
    sizes, (address, port) = _sizes(messages), connection.server
    inside = ", ".join(each.decode() for each in protocols.protocols) if protocols else "not said"
    rows = [
        ("who talks to whom", f"{connection.client[0]} and {address}, port {port}"),
        ("which server is wanted", name.host.decode() if name and name.host else "not said"),
        ("what is to be spoken inside", inside),
        ("what the client can do", ", ".join(map(suite_name, hello.cipher_suites))),
        ("what was chosen", f"{_version(chosen)}, {suite_name(chosen.cipher_suite)}"),
        ("the server's certificate", _certificate(messages, "server")),
        ("the client's certificate", _certificate(messages, "client")),
        ("sealed records of the client", ", ".join(sizes["client"])),
        ("sealed records of the server", ", ".join(sizes["server"])),
        ("bytes in all", f"{sum(len(transit.frame) for transit in trace.transits):,}"),
        ("how long it took", f"{1000 * (trace.transits[-1].seen or 0.0):.0f} ms, each packet with its time"),
        ("what was said", "nothing of it"),
    ]  # fmt: skip
    table = show.table(("what", "as somebody on the way sees it"), rows, title=f"{version}, without a key")
    who = [end for end in ("server", "client") if "hidden" not in _certificate(messages, end)]
    shown = [end for end in who if _certificate(messages, end) != "none was sent"]
    words = f"{version}: the name of the server is in the clear" if name else f"{version}"
    verb = "are the certificates" if len(shown) > 1 else "is the certificate"
    words += f"; so {verb} of the {' and the '.join(shown)}" if shown else "; no certificate is"
    words += f". The server's last sealed records have {' and '.join(sizes['server'][-2:])}: "
    if padded and version == "TLS 1.3":
        words += "all are filled up, and say nothing of what was said."
    else:
        words += "by that, anybody can tell a short answer from a long one."
        words += " (TLS 1.2 has no way to fill records up.)" if padded else ""
    return Outcome(words, (table,))


def _sizes(messages: list[Message]) -> dict[str, list[str]]:
    """The sizes of the sealed records of each end."""
    found: dict[str, list[str]] = {"client": [], "server": []}
    for each in messages:
        if each.form == "record":
            found[each.sender].append(f"{len(each.data)} bytes")
    return found


def _version(hello: Any) -> str:
    said = next((each for each in hello.extensions or () if each.number == 43), None)
    return names_of(VERSIONS, (said.versions[0] if said else hello.version).to_bytes(2, "big"))


def _certificate(messages: list[Message], end: str) -> str:
    """Whose certificate can be read; or that none can be."""
    for each in messages:
        if each.name == "Certificate" and each.sender == end:
            chain = getattr(decode_handshake(each.data), "chain", ())
            if chain:
                names = x509.load_der_x509_certificate(chain[0])
                alternative = names.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                return ", ".join(alternative.get_values_for_type(x509.DNSName))
    hello = next(each for each in messages if each.name == "ServerHello")
    if _version(decode_handshake(hello.data)) != "TLS 1.3":
        return "none was sent"
    return "hidden" if end == "server" else "hidden, if there is one"


def observer_lab() -> Lab:
    """`observer`, with controls."""
    return Lab(
        "What still shows", observer,
        version=choice("version", ("TLS 1.2", "TLS 1.3"), "TLS 1.3"),
        page=choice("the server sends", list(PAGES), "a short answer"),
        padded=switch("records are filled up", False),
        client_auth=switch("the client says who it is", False),
    )  # fmt: skip

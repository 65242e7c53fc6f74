"""The handshake of TLS 1.3 as a diagram, as data: RFC 8446 appendix A, with the messages of either end.

`client13` and `server13` run one function an edge.  Where the standard draws a state in which nothing is
waited for (RECVD_CH, NEGOTIATED), the ends here go through without stopping.
"""

from __future__ import annotations

from handshake.tls.figure import Edge

STATES = {
    "START": "nothing has been said yet; or the server has asked for another ClientHello",
    "WAIT_SH": "has said what it can; waits for the server's choice",
    "WAIT_EE": "has the server's share; waits for its answers, which come encrypted",
    "WAIT_CERT_CR": "waits for the server's certificate; it may ask for one before that",
    "WAIT_CERT": "waits for the other end's certificate",
    "WAIT_CV": "waits for the proof that the other end has the key of its certificate",
    "WAIT_EOED": "takes early data; waits for the word that they are over",
    "WAIT_FINISHED": "waits for the check over the whole handshake",
    "CONNECTED": "open: data may flow both ways",
    "CLOSING": "has said that it sends nothing more; waits for the same from the other end",
}
"""Every state of either end while the connection lasts, and what it means."""

_LAST = "[EndOfEarlyData,] [ChangeCipherSpec,] [Certificate, [CertificateVerify,]] Finished"
_HELLO = (
    "ServerHello, [ChangeCipherSpec,] EncryptedExtensions, [[CertificateRequest,] Certificate, "
    "CertificateVerify,] Finished"
)
_RETRY = "HelloRetryRequest, [ChangeCipherSpec]"
_AGAIN = "[ChangeCipherSpec,] ClientHello"
_TICKET = "[NewSessionTicket]"
_UPDATE = "[KeyUpdate]"

_PATHS = (
    ("client", "START", "open", "ClientHello, [ChangeCipherSpec]", "WAIT_SH", "4.1.2"),
    ("client", "WAIT_SH", "HelloRetryRequest", _AGAIN, "WAIT_SH", "4.1.4"),
    ("client", "WAIT_SH", "ServerHello", "", "WAIT_EE", "4.1.3"),
    ("client", "WAIT_EE", "EncryptedExtensions", "", "WAIT_CERT_CR", "4.3.1"),
    ("client", "WAIT_EE", "EncryptedExtensions", "", "WAIT_FINISHED", "4.3.1"),
    ("client", "WAIT_CERT_CR", "CertificateRequest", "", "WAIT_CERT", "4.3.2"),
    ("client", "WAIT_CERT_CR", "Certificate", "", "WAIT_CV", "4.4.2"),
    ("client", "WAIT_CERT", "Certificate", "", "WAIT_CV", "4.4.2"),
    ("client", "WAIT_CV", "CertificateVerify", "", "WAIT_FINISHED", "4.4.3"),
    ("client", "WAIT_FINISHED", "Finished", _LAST, "CONNECTED", "4.4.4"),
    ("client", "CONNECTED", "NewSessionTicket", "", "CONNECTED", "4.6.1"),
    ("client", "CONNECTED", "KeyUpdate", _UPDATE, "CONNECTED", "4.6.3"),
    ("client", "CLOSING", "NewSessionTicket", "", "CLOSING", "4.6.1"),
    ("client", "CLOSING", "KeyUpdate", "", "CLOSING", "4.6.3"),
    ("server", "START", "ClientHello", _RETRY, "START", "4.1.4"),
    ("server", "START", "ClientHello", _HELLO, "WAIT_EOED", "4.2.10"),
    ("server", "START", "ClientHello", _HELLO, "WAIT_CERT", "4.1.3"),
    ("server", "START", "ClientHello", _HELLO, "WAIT_FINISHED", "4.1.3"),
    ("server", "WAIT_EOED", "EndOfEarlyData", "", "WAIT_FINISHED", "4.5"),
    ("server", "WAIT_CERT", "Certificate", "", "WAIT_CV", "4.4.2"),
    ("server", "WAIT_CERT", "Certificate", "", "WAIT_FINISHED", "4.4.2"),
    ("server", "WAIT_CV", "CertificateVerify", "", "WAIT_FINISHED", "4.4.3"),
    ("server", "WAIT_FINISHED", "Finished", _TICKET, "CONNECTED", "4.4.4"),
    ("server", "CONNECTED", "KeyUpdate", _UPDATE, "CONNECTED", "4.6.3"),
    ("server", "CLOSING", "KeyUpdate", "", "CLOSING", "4.6.3"),
)

EDGES = tuple(
    Edge(end, source, event, sends, target, f"RFC 8446 section {section}")
    for end, source, event, sends, target, section in _PATHS
)
"""The diagram.  Beside it: any end may close (close_notify), fail (a fatal alert), or see the other do so."""


def expected(end: str, state: str) -> tuple[str, ...]:
    """The messages that an end may get in a state."""
    return tuple(dict.fromkeys(edge.event for edge in EDGES if (edge.end, edge.source) == (end, state)))

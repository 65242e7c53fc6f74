"""The handshake up to TLS 1.2 as a diagram: states, and what leads from one to the next, as data.

The standard draws the messages (RFC 5246 section 7.3, figures 1 and 2) and no states; these are named after
those of TLS 1.3 (RFC 8446 appendix A).  `client` and `server` run one function an edge.  A test holds that
every move of theirs is an edge here, and that every edge is reached.
"""

from __future__ import annotations

from typing import NamedTuple

STATES = {
    "START": "nothing has been said yet",
    "WAIT_SH": "has said what it can; waits for the server's choice",
    "WAIT_CERT": "waits for the other end's certificate",
    "WAIT_SKE": "waits for the server's fresh public value, and its signature",
    "WAIT_CR_DONE": "waits for the end of the server's part; it may ask for a certificate before that",
    "WAIT_DONE": "has been asked for a certificate; waits for the end of the server's part",
    "WAIT_CKE": "waits for what the premaster secret comes from",
    "WAIT_CV": "waits for the proof that the client has the key of its certificate",
    "WAIT_CCS": "waits for the word that the other end's records are protected from now on",
    "WAIT_FINISHED": "waits for the check over the whole handshake",
    "CONNECTED": "open: data may flow both ways",
    "CLOSING": "has said that it sends nothing more; waits for the same from the other end",
    "CLOSED": "both have said so",
    "FAILED": "over: an alert was sent, or came, or the connection broke off",
}
"""Every state of either end, and what it means."""

OVER = ("CLOSED", "FAILED")
"""In these states nothing that comes is looked at any more."""


class Edge(NamedTuple):
    """One move of one end.

    end: "client" or "server".   source, target: states.   event: the message that came, or a call.
    sends: what it answers, in order; in brackets what only some handshakes have.
    """

    end: str
    source: str
    event: str
    sends: str
    target: str
    section: str


_FLIGHT = "[Certificate,] ClientKeyExchange, [CertificateVerify,] ChangeCipherSpec, Finished"
_HELLO = "ServerHello, Certificate, [ServerKeyExchange,] [CertificateRequest,] ServerHelloDone"
_CHANGED = "ChangeCipherSpec, Finished"
_RESUMED = f"ServerHello, {_CHANGED}"

EDGES = (
    Edge("client", "START", "open", "ClientHello", "WAIT_SH", "RFC 5246 section 7.4.1.2"),
    Edge("client", "WAIT_SH", "ServerHello", "", "WAIT_CERT", "RFC 5246 section 7.4.1.3"),
    Edge("client", "WAIT_SH", "ServerHello", "", "WAIT_CCS", "RFC 5246 section 7.3, figure 2"),
    Edge("client", "WAIT_CERT", "Certificate", "", "WAIT_SKE", "RFC 5246 section 7.4.2"),
    Edge("client", "WAIT_CERT", "Certificate", "", "WAIT_CR_DONE", "RFC 5246 section 7.4.2"),
    Edge("client", "WAIT_SKE", "ServerKeyExchange", "", "WAIT_CR_DONE", "RFC 5246 section 7.4.3"),
    Edge("client", "WAIT_CR_DONE", "CertificateRequest", "", "WAIT_DONE", "RFC 5246 section 7.4.4"),
    Edge("client", "WAIT_CR_DONE", "ServerHelloDone", _FLIGHT, "WAIT_CCS", "RFC 5246 section 7.4.5"),
    Edge("client", "WAIT_DONE", "ServerHelloDone", _FLIGHT, "WAIT_CCS", "RFC 5246 section 7.4.5"),
    Edge("client", "WAIT_CCS", "NewSessionTicket", "", "WAIT_CCS", "RFC 5077 section 3.3"),
    Edge("client", "WAIT_CCS", "ChangeCipherSpec", "", "WAIT_FINISHED", "RFC 5246 section 7.1"),
    Edge("client", "WAIT_FINISHED", "Finished", "", "CONNECTED", "RFC 5246 section 7.4.9"),
    Edge("client", "WAIT_FINISHED", "Finished", _CHANGED, "CONNECTED", "RFC 5246 section 7.3, figure 2"),
    Edge("client", "CONNECTED", "HelloRequest", "Alert", "CONNECTED", "RFC 5246 section 7.4.1.1"),
    Edge("server", "START", "ClientHello", _HELLO, "WAIT_CERT", "RFC 5246 section 7.4.1.2"),
    Edge("server", "START", "ClientHello", _HELLO, "WAIT_CKE", "RFC 5246 section 7.4.1.2"),
    Edge("server", "START", "ClientHello", _RESUMED, "WAIT_CCS", "RFC 5246 section 7.3, figure 2"),
    Edge("server", "WAIT_CERT", "Certificate", "", "WAIT_CKE", "RFC 5246 section 7.4.6"),
    Edge("server", "WAIT_CKE", "ClientKeyExchange", "", "WAIT_CV", "RFC 5246 section 7.4.7"),
    Edge("server", "WAIT_CKE", "ClientKeyExchange", "", "WAIT_CCS", "RFC 5246 section 7.4.7"),
    Edge("server", "WAIT_CV", "CertificateVerify", "", "WAIT_CCS", "RFC 5246 section 7.4.8"),
    Edge("server", "WAIT_CCS", "ChangeCipherSpec", "", "WAIT_FINISHED", "RFC 5246 section 7.1"),
    Edge("server", "WAIT_FINISHED", "Finished", _CHANGED, "CONNECTED", "RFC 5246 section 7.4.9"),
    Edge("server", "WAIT_FINISHED", "Finished", "", "CONNECTED", "RFC 5246 section 7.3, figure 2"),
    Edge("server", "CONNECTED", "ClientHello", "Alert", "CONNECTED", "RFC 5246 section 7.2.2"),
)  # fmt: skip
"""The diagram.  Beside it: any end may close (close_notify), fail (a fatal alert), or see the other do so."""


def expected(end: str, state: str) -> tuple[str, ...]:
    """The messages that an end may get in a state."""
    return tuple(dict.fromkeys(edge.event for edge in EDGES if (edge.end, edge.source) == (end, state)))

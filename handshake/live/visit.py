"""A browser that calls a server, warns, and asks: what "continue" costs.

Both ends are OpenSSL's, in the memory of this process.  Whoever presents the chain has the key that belongs
to it, and reads what the browser sends: be it the server, or somebody in between.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from handshake.live.opinions import Talk, context_of, handshake, written
from handshake.pki.authority import Case

FORM = b"POST /pay HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 23\r\n\r\nto=Ann&amount=100&pin=7"
"""What the browser sends once it is connected."""


@dataclass(frozen=True)
class Visit:
    """What came of a call.

    refused: why OpenSSL refused the certificate, "" if it did not.
    asked: whether the browser asked its user.
    sent: whether it sent the form.   suite: what was agreed on, in OpenSSL's words.
    travelled: the record that carried the form, as anybody on the way sees it.
    heard: what whoever presented the chain has read, in the clear.
    """

    refused: str
    asked: bool
    sent: bool
    suite: str = ""
    travelled: bytes = b""
    heard: bytes = b""

    def __str__(self) -> str:
        if not self.refused:
            return f"no warning; whoever presented the chain reads {len(self.heard)} bytes"
        asked = "the browser warns, and asks" if self.asked else "the browser warns, and does not ask"
        return f"{self.refused}: {asked}; whoever presented the chain reads {len(self.heard)} bytes"


def visit(made: Case, *, goes_on: bool = False, hsts: bool = False) -> Visit:
    """Call whoever presents this chain.

    goes_on: what the user answers, if asked.   hsts: whether the host has said before that it is to be called
    by TLS only, without any way round errors (RFC 6797 section 8.4): then nobody is asked.
    """
    first = _call(made, verify=True)
    if first.opinion.accepts is None:
        return Visit(first.opinion.words, False, False)
    if first.opinion.accepts:
        return Visit("", False, True, *first[1:])
    words = first.opinion.words.rstrip(".")
    if hsts or not goes_on:
        return Visit(words, not hsts, False)
    return Visit(words, True, True, *_call(made, verify=False)[1:])


def _call(made: Case, *, verify: bool) -> Talk:
    """One connection; on success the form is sent over it."""
    with written(made) as files:
        asks = context_of(ssl.PROTOCOL_TLS_CLIENT)
        asks.check_hostname = verify
        asks.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        asks.load_verify_locations(files["anchors"])
        asks.set_ciphers("DEFAULT:@SECLEVEL=2")
        presents = context_of(ssl.PROTOCOL_TLS_SERVER)
        presents.set_ciphers("ALL:@SECLEVEL=0")
        if not verify:
            asks.set_ciphers("ALL:@SECLEVEL=0")
        presents.load_cert_chain(files["chain"], files["key"])
    return handshake(asks, presents, made, FORM)

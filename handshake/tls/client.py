"""The client of TLS.  What it does with each message: `client12`, and for TLS 1.3 `client13`."""

from __future__ import annotations

from typing import Any

from handshake.tls import client12, client13
from handshake.tls.endpoint import Endpoint
from handshake.tls.exchange import Share
from handshake.tls.messages import (
    CertificateRequest,
    CertificateRequest13,
)
from handshake.tls.offering import bound, may_go_on, offer
from handshake.tls.records import PLAIN_MOST
from handshake.tls.sessions import Session
from handshake.tls.settings import Identity, Settings, Verify


class Client(Endpoint):
    """The client's end.

    server_name: whom it wants, said in the clear (SNI); None says nothing.
    versions, suites: what it offers, best first; what this package speaks if None.
    certificate, key: who it is, if it is asked: a certificate or a chain, and its private key.
    verify: judges the server's chain, see `settings.Verify`; None believes anyone.
    session: of an earlier connection (`client.session`), to go on with.
    early: data to be sent with the first flight, if the session allows it (TLS 1.3, 0-RTT); they are sent
    again after the handshake if the server does not take them.  Whoever records them can send them again.
    now: the time, in seconds on any clock of the caller's; tickets have an age.
    seed: the same seed, the same bytes; None draws from the system.
    Further choices are those of `Settings`: groups, schemes, protocols, extended_master_secret ...
    """

    end = "client"

    def __init__(
        self,
        server_name: str | None = None,
        versions: Any = None,
        suites: Any = None,
        certificate: Any = None,
        key: Any = None,
        verify: Verify | None = None,
        *,
        session: Session | None = None,
        early: bytes = b"",
        now: float = 0.0,
        seed: Any = None,
        **choices: Any,
    ) -> None:
        settings = Settings.of(versions=versions, suites=suites, **choices)
        super().__init__(settings, Identity.of(certificate, key), verify, seed, now)
        self.server_name = server_name.removesuffix(".") if server_name else None
        good = session is not None and may_go_on(settings, session, self.server_name, now)
        self.offered_session = session if good else None
        self.request: CertificateRequest | None = None
        self.server_key: Any = None
        self.server_share: tuple[int, bytes] | None = None
        self.session_id = b""
        self.ticket_promised = False
        self.shares: dict[int, Share] = {}
        if "TLS 1.3" in settings.versions:
            self.shares = {
                group: Share(group, self.random, "client") for group in settings.groups[: settings.shares]
            }
        self.request13: CertificateRequest13 | None = None
        self.retried = self.dummy_said = False
        self.early, self.refused = b"", b""
        self.early_protocol: str | None = None
        if early and self._may_be_early(early):
            self.early = early
        elif early and self.offered_session is not None:
            self.refused, self.early_protocol = early, self.offered_session.protocol
        else:
            self._waiting += early
        self.hello = offer(self, self.offered_session)
        before = self.plain()
        self.agreed.client_random = self.hello.random
        if self.offered_session is not None and self.offered_session.version == "TLS 1.3":
            self.begin_schedule(self.offered_session.suite, self.offered_session.master)
            self.hello = bound(self, self.hello)
        self.hello_told = self.say(self.hello)
        self.agreed.places["client random"] = (self.hello_told.number, 6)
        if self.early and self.offered_session is not None:
            self._say_early(self.offered_session)
        self.state = "WAIT_SH"
        self._moved("open", before)

    def _say_early(self, session: Session) -> None:
        """Data in the first flight, under a key of the earlier connection (RFC 8446 section 2.3)."""
        if self.settings.compatibility:
            self.dummy_said = True
            self.say_dummy()
        self.advance("client_hello")
        self.protect("client", "client_early_traffic_secret", "early data", session.suite)
        for start in range(0, len(self.early), PLAIN_MOST):
            self._write(23, self.early[start : start + PLAIN_MOST])
            self._count += 1
        self.note("sends early data: nobody has answered yet, and whoever records them can send them again")

    def _may_be_early(self, early: bytes) -> bool:
        """Whether the session allows so many early data, and what was spoken inside is offered again."""
        session = self.offered_session
        return (
            session is not None
            and session.version == "TLS 1.3"
            and len(early) <= session.early
            and session.protocol in (self.settings.protocols or (None,))
        )

    def refuse_early(self, why: str) -> None:
        """Early data were not taken: they wait for the end of the handshake."""
        if self.early:
            self.refused, self.early = self.early, b""
            self.early_protocol = self.offered_session.protocol if self.offered_session else None
            self.records.writes = None
            self.note(why)

    def send_refused(self) -> None:
        """Send again what was not taken early, if the same is spoken inside (RFC 8446 section 4.2.10)."""
        if self.refused and self.agreed.protocol == self.early_protocol:
            self._waiting[:0] = self.refused
        elif self.refused:
            self.note("the early data are not sent again: something else is spoken inside now")
        self.refused = b""


Client.handlers = client12.HANDLERS
Client.handlers13 = {
    ("WAIT_SH", "ServerHello"): client12.HANDLERS[("WAIT_SH", "ServerHello")],
    **client13.HANDLERS,
}

"""The server of TLS.  What it does with each message: `server12`, and for TLS 1.3 `server13`."""

from __future__ import annotations

from typing import Any

from handshake.errors import Refused
from handshake.tls import server12, server13
from handshake.tls.alerts import Alert
from handshake.tls.endpoint import Endpoint
from handshake.tls.exchange import Share
from handshake.tls.messages import (
    ClientHello,
    HelloRequest,
    HelloRetryRequest,
)
from handshake.tls.sessions import Sessions
from handshake.tls.settings import Identity, Settings, Verify

AUTHENTICATION = ("none", "optional", "required")
"""Whether a server asks the client who it is, and whether it has to answer."""


class Server(Endpoint):
    """The server's end.

    certificate, key: who it is: a certificate or a chain, and its private key.
    versions, suites: what it speaks, in the order in which it prefers them; everything if None.
    client_auth: one of AUTHENTICATION.   verify: judges the client's chain; None believes anyone.
    sessions: those of earlier connections, which a client may go on with; None remembers none.
    authorities: whose certificates it asks for, each a name in DER.
    max_early_data: how many bytes of early data it takes (TLS 1.3, 0-RTT); needs sessions.
    now: the time, in seconds on any clock of the caller's; tickets have an age.
    seed: the same seed, the same bytes; None draws from the system.
    Further choices are those of `Settings`: groups, schemes, protocols, extended_master_secret ...
    """

    end = "server"

    def __init__(
        self,
        certificate: Any = None,
        key: Any = None,
        versions: Any = None,
        suites: Any = None,
        client_auth: str | bool = "none",
        verify: Verify | None = None,
        *,
        sessions: Sessions | None = None,
        authorities: tuple[bytes, ...] = (),
        max_early_data: int = 0,
        now: float = 0.0,
        seed: Any = None,
        **choices: Any,
    ) -> None:
        if isinstance(client_auth, bool):
            client_auth = "required" if client_auth else "none"
        if client_auth not in AUTHENTICATION:
            raise ValueError(f"client_auth is one of {', '.join(AUTHENTICATION)}; not {client_auth!r}")
        settings = Settings.of(versions=versions, suites=suites, **choices)
        identity = Identity.of(certificate, key)
        if identity is None:
            raise ValueError("a server needs a certificate and its private key")
        super().__init__(settings, identity, verify, seed, now)
        if not all(isinstance(name, bytes) for name in authorities) or sum(map(len, authorities)) > 1 << 15:
            raise ValueError("authorities are names in DER, as bytes, 32,768 of them at most")
        if not 0 <= max_early_data < 1 << 32:
            raise ValueError(f"max_early_data is a number of bytes, below 2^32; got {max_early_data}")
        self.max_early_data = max_early_data
        self.early_left = 0
        self.early_taken = False
        self.retry: HelloRetryRequest | None = None
        self.hello_before: ClientHello | None = None
        self.wanted_group = 0
        self.selected = 0  # of the pre-shared keys that the client offers
        self.client_auth = client_auth
        self.sessions = sessions
        self.authorities = authorities
        self.hello: ClientHello | None = None
        self.server_name: str | None = None
        self.share: Share | None = None
        self.client_key: Any = None
        self.session_id = b""

    def ask_again(self) -> None:
        """Ask for a handshake, or another (HelloRequest).  A client of today refuses, with a warning.

        It belongs to no transcript (RFC 5246 section 7.4.1.1).  Refused once this end has closed.
        """
        if self.state not in ("START", "CONNECTED") or self.tls13:
            raise Refused(
                self.state, "a server asks for a handshake before one, or after one, and up to TLS 1.2"
            )
        self._count += 1
        self._write(22, HelloRequest().encode())

    def handle_warning(self, alert: Alert) -> None:
        """In SSL 3.0 a client without a certificate says so by a warning (RFC 6101 section 5.6.6)."""
        if alert.name == "no_certificate" and self.agreed.version == "SSL 3.0" and self.state == "WAIT_CERT":
            server12.without_certificate(self)
            self.state = "WAIT_CKE"

    @property
    def may_send(self) -> bool:
        """Whether data go out at once: also in answer to early data, behind the server's Finished.

        (RFC 8446 section 2.3.  Nobody has proved then that the early data are no recording.)
        """
        return self.state == "CONNECTED" or (
            self.early_taken and self.state in ("WAIT_EOED", "WAIT_FINISHED")
        )

    def take_early(self, size: int) -> None:
        """So many bytes of early data came; ProtocolError if there are more than the ticket allows."""
        self.early_left -= size
        if self.early_left < 0:
            why = "sends more early data than its ticket allows"
            raise self.wrong(why, "RFC 8446 section 4.2.10", "unexpected_message")

    def _forget(self) -> None:
        if self.session is not None and self.sessions is not None:
            self.sessions.forget(self.session.id)
        super()._forget()


Server.handlers = server12.HANDLERS
Server.handlers13 = {
    ("START", "ClientHello"): server12.HANDLERS[("START", "ClientHello")],
    **server13.HANDLERS,
}

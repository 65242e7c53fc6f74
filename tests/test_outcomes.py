"""What becomes of a client that is asked who it is: ours and OpenSSL's, cell by cell, alert by alert."""

from __future__ import annotations

import pytest

from handshake import live
from handshake.live.outcomes import CLIENTS, ENDS, REQUIREMENTS

REFUSED = {
    "TLS 1.2": {"nothing": "handshake_failure", "late": ""},
    "TLS 1.3": {"nothing": "certificate_required", "late": " late"},
}
"""What a client hears that has nothing where something is required; whether it had thought it was in."""

ALERTS = {
    "expired": "certificate_expired",
    "wrong_purpose": "unsupported_certificate",
    "revoked": "certificate_revoked",
}


def expected(requirement: str, client: str, version: str) -> str:
    """The cell, by the standard (RFC 5246 section 7.4.6, RFC 8446 section 4.4.2.4)."""
    late = REFUSED[version]["late"]
    if requirement == "none" or (requirement, client) == ("optional", "nothing"):
        return "accepted, unknown"
    if client == "good":
        return "accepted, and known"
    return f"refused{late}: {ALERTS.get(client) or REFUSED[version][client]}"


@pytest.mark.parametrize("version", REFUSED)
@pytest.mark.parametrize("ours", ENDS)
def test_the_twelve_cells_are_the_same_with_openssl_at_either_end(version: str, ours: str) -> None:
    cells = live.outcomes(version, ours=ours)
    assert [(cell.requirement, cell.client) for cell in cells] == [
        (requirement, client) for requirement in REQUIREMENTS for client in CLIENTS
    ]
    for cell in cells:
        assert str(cell) == expected(cell.requirement, cell.client, version), (ours, cell)


@pytest.mark.parametrize("kind", ["RSA", "ECDSA", "Ed25519"])
@pytest.mark.parametrize("ours", ["client", "server"])
@pytest.mark.parametrize("version", REFUSED)
def test_keys_of_every_kind(kind: str, ours: str, version: str) -> None:
    for client in ("good", "expired"):
        cell = live.outcome("required", client, version, ours=ours, kind=kind)
        assert str(cell) == expected("required", client, version)


@pytest.mark.parametrize("version", REFUSED)
@pytest.mark.parametrize("ours", ENDS)
def test_a_revoked_client_is_let_in_unless_somebody_asks_the_lists(version: str, ours: str) -> None:
    assert str(live.outcome("required", "revoked", version, ours=ours)) == "accepted, and known"
    asked = live.outcome("required", "revoked", version, ours=ours, lists=True)
    assert str(asked) == expected("required", "revoked", version)


def test_what_there_is_not_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match="requirement is one of none, optional, required; not 'maybe'"):
        live.outcome("maybe", "good")
    with pytest.raises(ValueError, match="ours is one of both, client, server, neither"):
        live.outcome("none", "good", ours="mine")
    with pytest.raises(ValueError, match="the defects are"):
        live.outcome("none", "nonsense")
    with pytest.raises(ValueError, match="this OpenSSL speaks"):
        live.outcome("none", "good", "SSL 3.0")

"""Paths: from a certificate up to an anchor, by names and keys (RFC 5280 section 6; RFC 4158).

What a server sends may be too little, too much, in any order, or a trap.  So a path is searched for, with a
bound: nobody can make the search long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cryptography import x509

from handshake.pki.reading import NameKey, Reading, read
from handshake.pki.signing import verifies

MOST_SIGNATURES = 400
"""So many signatures are checked at most in the search for paths."""

MOST_PATHS = 60
"""So many paths are looked at."""

LONGEST = 12
"""So many certificates a path may have."""


class Search:
    """What is known of who has signed whom.

    anchors: what is trusted.   others: what came along.   now: so that who is in date comes first.
    signatures: how many were checked.   stopped: why the search ended before its end, or "".
    """

    def __init__(
        self, anchors: Sequence[Reading], others: Sequence[Reading], now: datetime | None = None
    ) -> None:
        self.now = now
        trusted = {each.certificate: each for each in anchors}
        self.anchors = list(trusted.values())
        unlike = {each.certificate: each for each in others}
        self.others = [each for each in unlike.values() if each.certificate not in trusted]
        self.signatures = 0
        self.paths = 0
        self.stopped = ""
        self._by_name: dict[NameKey, list[tuple[Reading, bool]]] = {}
        for trust, group in ((True, self.anchors), (False, self.others)):
            for each in group:
                self._by_name.setdefault(each.subject, []).append((each, trust))
        self._signed: dict[tuple[Reading, x509.Certificate], bool] = {}
        self.rejected: dict[x509.Certificate, Reading] = {}

    def named(self, name: NameKey) -> Iterator[Reading]:
        """Every certificate that has that subject."""
        for each, _ in self._by_name.get(name, ()):
            yield each

    def signed(self, issuer: Reading, certificate: Reading) -> bool:
        """Whether the key of one has signed the other.  Asked once for each pair."""
        pair = issuer, certificate.certificate
        if pair not in self._signed:
            if self.signatures >= MOST_SIGNATURES:
                self.stopped = f"more than {MOST_SIGNATURES} signatures to check: given up"
                return False
            self.signatures += 1
            self._signed[pair] = not issuer.malformed and verifies(issuer.key, certificate.certificate)
        return self._signed[pair]

    def issuers(self, certificate: Reading) -> list[tuple[Reading, bool]]:
        """Who may have issued it: of the right name; anchors first, then by key identifier and by date."""
        wanted = certificate.issuer_key_identifier
        found = self._by_name.get(certificate.issuer, [])

        def fit(pair: tuple[Reading, bool]) -> tuple[bool, bool, bool]:
            one = pair[0]
            other_key = None not in (wanted, one.key_identifier) and one.key_identifier != wanted
            return not pair[1], other_key, not one.good_on(self.now)

        return sorted(found, key=fit)

    def upwards(self, leaf: Reading) -> Iterator[list[Reading]]:
        """Paths from the leaf to an anchor, as lists from the anchor down to the leaf."""
        if leaf.malformed:
            return
        if any(each.certificate == leaf.certificate for each in self.anchors):
            yield [leaf]
            return
        yield from self._from([leaf])

    def _from(self, path: list[Reading]) -> Iterator[list[Reading]]:
        certificate = path[-1]
        if len(path) >= LONGEST:
            self.stopped = self.stopped or f"more than {LONGEST} certificates in a row: given up"
            return
        for issuer, trusted in self.issuers(certificate):
            if self.paths >= MOST_PATHS or self.signatures >= MOST_SIGNATURES:
                most = f"{MOST_PATHS} paths" if self.paths >= MOST_PATHS else f"{MOST_SIGNATURES} signatures"
                self.stopped = self.stopped or f"more than {most} to look at: given up"
                return
            if not trusted and any(_alike(issuer, each) for each in path):
                continue  # a loop
            if not self.signed(issuer, certificate):
                self.rejected[certificate.certificate] = issuer
                continue
            if trusted:
                self.paths += 1
                yield [issuer, *reversed(path)]
            else:
                yield from self._from([*path, issuer])

    def furthest(self, leaf: Reading) -> list[Reading]:
        """How far one gets, from the leaf, where there is no path to an anchor."""
        path = [leaf]
        while len(path) < LONGEST and not leaf.malformed:
            seen = {each.certificate for each in path}
            following = next(
                (
                    issuer
                    for issuer, _ in self.issuers(path[-1])
                    if issuer.certificate not in seen and self.signed(issuer, path[-1])
                ),
                None,
            )
            if following is None:
                break
            path.append(following)
        return path


def _alike(one: Reading, other: Reading) -> bool:
    """Whether two certificates are of the same subject and the same key."""
    return one.subject == other.subject and one.key == other.key


def read_all(certificates: Iterable[x509.Certificate]) -> list[Reading]:
    """Certificates, read."""
    return [read(each) for each in certificates]

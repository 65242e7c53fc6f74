"""Validation: search for a path, check it, and report what each check found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from handshake.pki.checks import CHECKS, KNOWN_ISSUER, PURPOSES, SIGNATURE, Asked, Failed
from handshake.pki.crl import Lists
from handshake.pki.listed import ReadList
from handshake.pki.path import Search, read_all
from handshake.pki.reading import NameKey, Reading, read
from handshake.pki.signing import weak_signature

MOST_CERTIFICATES = 2000
"""So many certificates, or lists, are looked at."""


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    check: its name.   ok: True, False, or None where it was not made.   why: in words.
    section: where the standard has it.   alert: the TLS alert that a failure leads to, or "".
    certificate: the certificate that failed, or None.   index: its place in the chain as it was handed over
    (0 is the leaf), -1 if it is an anchor that was not part of it, None if no certificate is to blame.
    """

    check: str
    ok: bool | None
    why: str
    section: str
    alert: str = ""
    certificate: x509.Certificate | None = None
    index: int | None = None

    def __repr__(self) -> str:
        return f"Outcome({self.check!r}, {self.ok}, {self.why!r:.60})"


@dataclass(frozen=True)
class Report:
    """What came of a validation.

    checks: what each found, in their fixed order.
    path: the certificates from the leaf to the anchor, or as far as one got.
    paths: how many there were; the one that is told is the first without a failure, or else the one with the
    fewest.
    """

    checks: tuple[Outcome, ...]
    path: tuple[x509.Certificate, ...]
    paths: int

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.first_failure is None

    @property
    def first_failure(self) -> Outcome | None:
        """The first check that failed, or None."""
        return next((check for check in self.checks if check.ok is False), None)

    @property
    def alert(self) -> str:
        """The TLS alert that is sent, or ""."""
        return self.first_failure.alert if self.first_failure else ""

    def __str__(self) -> str:
        marks = {True: "good", False: "FAILS", None: "-"}
        lines = [f"{'check':22} {'':6} why"]
        for each in self.checks:
            who = f"{read(each.certificate).words}: " if each.certificate is not None else ""
            alert = f" [alert {each.alert}]" if each.alert else ""
            lines.append(f"{each.check:22} {marks[each.ok]:6} {who}{each.why}{alert}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        found = self.first_failure
        return f"Report({'ok' if found is None else f'{found.check}: {found.why}'})"[:110]


def validate(
    chain: Sequence[x509.Certificate],
    anchors: Iterable[x509.Certificate],
    now: datetime,
    server_name: str | None = None,
    purpose: str = "server",
    crls: Iterable[x509.CertificateRevocationList] | None = (),
    max_depth: int | None = None,
) -> Report:
    """Whether a chain is to be believed (RFC 5280 section 6; RFC 9525).

    chain: leaf first, then whatever came with it, in any order.   anchors: what is trusted.
    now: an aware time.   server_name: the DNS name or IP address that the client wanted; None if it is not
    to be checked.   purpose: "server" or "client".
    crls: revocation lists.  With any that concern the path, every certificate below the anchor has to be
    told good; with none, revocation is not checked, and the report says so.
    max_depth: how many CAs may stand between the anchor and the leaf (those that a CA issues to itself, to
    change its key, do not count).
    """
    asked = _asked(now, server_name, purpose, max_depth)
    chain, anchors, crls = tuple(chain), tuple(anchors), tuple(crls or ())
    if not chain:
        raise ValueError("a chain has one certificate at least: the leaf")
    if max(len(chain), len(anchors), len(crls)) > MOST_CERTIFICATES:
        raise ValueError(f"at most {MOST_CERTIFICATES} certificates, anchors or lists are looked at")
    return _Validation(read_all(chain), read_all(anchors), tuple(map(ReadList, crls)), asked).report()


def _asked(now: datetime, server_name: str | None, purpose: str, max_depth: int | None) -> Asked:
    if server_name is not None and not isinstance(server_name, str):
        raise TypeError(f"server_name is a text, as 'www.example.org', or None; got {server_name!r:.60}")
    if not isinstance(now, datetime) or now.tzinfo is None:
        raise ValueError(f"now is a time with its zone: datetime(2026, 1, 1, tzinfo=UTC); got {now!r}")
    if purpose not in PURPOSES:
        raise ValueError(f"purpose is one of {', '.join(map(repr, PURPOSES))}; not {purpose!r}")
    if max_depth is not None and (
        isinstance(max_depth, bool) or not isinstance(max_depth, int) or max_depth < 0
    ):
        raise ValueError(f"max_depth is how many CAs may stand between, 0 or more; got {max_depth!r}")
    return Asked(now, server_name, purpose, None, lambda name: (), max_depth)


class _Validation:
    """One validation."""

    def __init__(
        self, chain: list[Reading], anchors: list[Reading], lists: tuple[ReadList, ...], asked: Asked
    ) -> None:
        self.chain = chain
        self.search = Search(anchors, chain[1:], asked.now)
        self.signers: dict[NameKey, list[Reading]] = {}
        self.asked = replace(asked, lists=Lists(lists) if lists else None, signers=self._signers_of)

    def report(self) -> Report:
        """The first path without a failure, or the one with the fewest."""
        best: tuple[int, Report] | None = None
        count = 0
        for path in self.search.upwards(self.chain[0]):
            count += 1
            checks = (
                Outcome(KNOWN_ISSUER.name, True, f"{path[0].words} is trusted", KNOWN_ISSUER.section),
                Outcome(SIGNATURE.name, True, "each is signed with the key above it", SIGNATURE.section),
                *self._checked(path),
            )
            failures = sum(check.ok is False for check in checks)
            report = Report(checks, tuple(each.certificate for each in reversed(path)), count)
            if not failures:
                return report
            if best is None or failures < best[0]:
                best = failures, report
        if best is not None:
            return Report(best[1].checks, best[1].path, count)
        return self._no_path()

    def _checked(self, path: list[Reading]) -> list[Outcome]:
        found: list[Outcome] = []
        for check in CHECKS:
            if found and found[0].ok is False:  # what cannot be read cannot be checked
                found.append(Outcome(check.name, None, "not checked", check.section))
                continue
            given = check.run(path, self.asked)
            if isinstance(given, Failed):
                at = path[given.place]
                found.append(
                    Outcome(check.name, False, given.why, check.section, given.alert, at.certificate,
                            self._index(at))
                )  # fmt: skip
            else:
                found.append(Outcome(check.name, None if given is None else True, given or "not asked for",
                                     check.section))  # fmt: skip
        return found

    def _index(self, reading: Reading) -> int:
        return next((n for n, each in enumerate(self.chain) if each.certificate == reading.certificate), -1)

    def _no_path(self) -> Report:
        """No path to an anchor: how far one gets, and why not further."""
        leaf = self.chain[0]
        path = self.search.furthest(leaf)
        last = path[-1]
        name, section, why, alert = KNOWN_ISSUER.name, KNOWN_ISSUER.section, "", "unknown_ca"
        if leaf.malformed:
            why, alert = leaf.malformed, "bad_certificate"
            name, section = CHECKS[0].name, CHECKS[0].section
        elif odd := [issuer for issuer, _ in self.search.issuers(last) if issuer.malformed]:
            name, section, alert, last = CHECKS[0].name, CHECKS[0].section, "bad_certificate", odd[0]
            why = last.malformed
        elif last.certificate in self.search.rejected and not last.self_issued:
            issuer = self.search.rejected[last.certificate]
            name, section, alert = SIGNATURE.name, SIGNATURE.section, "decrypt_error"
            why = f"the key of {issuer.words} has not signed it"
            if weak_signature(last.certificate):  # then nobody has looked
                why, alert = weak_signature(last.certificate), "bad_certificate"
        elif last.self_issued:
            why = "it is signed by itself, and not among the anchors"
        elif self.search.stopped:
            why = self.search.stopped
        else:
            why = "its issuer is neither among the anchors nor among what came with it"
        failed = Outcome(name, False, why, section, alert, last.certificate, self._index(last))
        checks = [
            failed if check.name == name
            else Outcome(check.name, None, "not checked: there is no path", check.section)
            for check in (KNOWN_ISSUER, SIGNATURE, *CHECKS)
        ]  # fmt: skip
        if name == SIGNATURE.name:
            checks[0] = Outcome(
                KNOWN_ISSUER.name, True, "somebody of its issuer's name is there", KNOWN_ISSUER.section
            )
        return Report(tuple(checks), tuple(each.certificate for each in path), 0)

    def _signers_of(self, name: NameKey) -> list[Reading]:
        """Whose key may have signed the lists of that issuer: of that name, and good themselves."""
        if name in self.signers:
            return self.signers[name]
        self.signers[name] = []  # while it is being asked, nobody
        for each in self.search.named(name):
            for path in self.search.upwards(each):
                # Its own certificate is checked as any other, but for what only a TLS end has to have.
                checks = [check for check in self._checked(path) if check.ok is False]
                if all(check.check in ("purpose", "server name") for check in checks):
                    self.signers[name].append(each)
                    break
        return self.signers[name]

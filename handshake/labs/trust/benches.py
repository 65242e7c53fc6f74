"""Notebook 06, certificates and trust: its labs.  Each is a function, and the same with controls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509

from handshake import live, pki, show
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, whole
from handshake.pki.authority import DEFECTS, HOST, KINDS, NOW, Case, Party, Wish, case, issue, lesson_key
from handshake.pki.checks import CHECKS, KNOWN_ISSUER, SIGNATURE
from handshake.show import Piece
from handshake.show.axes import linear
from handshake.show.table import Table
from handshake.tls.alerts import ALERTS, NUMBERS

PURPOSES = ("server", "client")
VERDICT = {True: "good", False: "FAILS", None: "–"}


def checks_table(report: pki.Report, title: str = "Our checks, in their order") -> Table:
    """What each check found; the first that failed is pointed out."""
    rows = []
    for check in report.checks:
        who = "" if check.index is None else "anchor" if check.index < 0 else f"{check.index}"
        rows.append((check.check, VERDICT[check.ok], who, check.alert, check.why, check.section))
    first = report.first_failure
    lit = [n for n, check in enumerate(report.checks) if check is first]
    columns = ("check", "found", "certificate", "alert", "why", "in the standard")
    return show.table(columns, rows, title=title, lit=lit)


def chain_table(made: Case) -> Table:
    """What is presented: each certificate with its issuer, its dates and its names."""
    rows: list[tuple[object, ...]] = []
    for n, certificate in enumerate(made.chain):
        rows.append(_row(n, certificate))
    for anchor in made.anchors:
        rows.append(_row("trusted", anchor))
    columns = ("number", "subject", "issuer", "key", "valid", "subjectAltName")
    return show.table(columns, rows, title="What is presented, and what is trusted")


def _row(number: object, one: x509.Certificate) -> tuple[object, ...]:
    dates_ = f"{one.not_valid_before_utc:%Y-%m-%d} to {one.not_valid_after_utc:%Y-%m-%d}"
    names = ", ".join(pki.names_of(one)) or "–"
    return number, pki.subject_of(one), pki.issuer_of(one), pki.key_of(one), dates_, names


def opinions_table(found: live.Opinions, why: str = "") -> Table:
    """What others say of the same bytes.   why: they differ from us, where they do."""
    said = {True: "accepts", False: "refuses", None: "–"}
    rows = []
    for each in found.opinions:
        differs = why if why and each.accepts is not found["ours"].accepts else ""
        rows.append((each.who, said[each.accepts], each.words or differs, each.alert))
    return show.table(
        ("who", "says", "in its words", "alert"), rows, title="Second opinions, on the same bytes"
    )


def checks() -> Table:
    """What each check asks, in the order in which they are made."""
    found = [(each.name, each.asks, each.section) for each in (KNOWN_ISSUER, SIGNATURE)]
    found += [
        (each.name, str(each.run.__doc__).partition(" (")[0].rstrip("."), each.section) for each in CHECKS
    ]
    return show.table(("check", "what it asks for", "in the standard"), found, title="The checks")


def bench(
    defect: str = "none", kind: str = "RSA", purpose: str = "server", lists: bool = True, names: bool = True
) -> Outcome:
    """A chain with one defect: what our checks say, and what others say.

    defect: one of DEFECTS.   kind: of the keys.   purpose: whose certificate it is, "server" or "client".
    lists: whether revocation is checked.   names: whether a server's name is checked.
    """
    one_of("defect", defect, DEFECTS)
    wrong = DEFECTS[defect]
    made = case(defect, kind=kind, purpose=purpose)
    if not names:
        made = replace(made, server_name=None)
    report = pki.validate(
        made.chain, made.anchors, made.now, made.server_name, made.purpose, made.crls if lists else ()
    )
    first = report.first_failure
    words = [f"{wrong.words[0].upper()}{wrong.words[1:]}. The day is {made.now:%Y-%m-%d}."]
    if first is None:
        left = [
            what for what, on in (("revocation", lists), ("the name", names or purpose == "client")) if not on
        ]
        asked = f" ({' and '.join(left)} not checked)" if left else ""
        words.append(f"No check fails: this {purpose} with its {kind} keys is believed{asked}.")
    else:
        blamed = "the anchor" if first.index is None or first.index < 0 else f"certificate {first.index}"
        meant = ALERTS[NUMBERS[first.alert]].says
        words.append(f"First to fail: {first.check}, at {blamed}: {first.why}.")
        words.append(f"The alert is {first.alert} ({NUMBERS[first.alert]}): \u201c{meant}\u201d.")
    found = live.opinions(made, lists=lists)
    others = opinions_table(found, wrong.why if names else "")
    return Outcome("\n".join(words), (others, checks_table(report), chain_table(made)))


def bench_lab() -> Lab:
    """`bench`, with controls."""
    return Lab(
        "A chain with one defect", bench,
        purpose=choice("presented by the", PURPOSES, "server"),
        kind=choice("keys", KINDS, "RSA"),
        defect=choice("defect", [(each.words, name) for name, each in DEFECTS.items()], "none"),
        lists=switch("revocation is checked", True),
        names=switch("a server's name is checked", True),
    )  # fmt: skip


# Dates.

SPANS = {"root": (2015, 2039), "intermediate": (2020, 2029), "leaf": (2025, 2031)}
"""From the beginning of which year to the end of which."""


def dated(seed: int = 0) -> Case:
    """A chain whose certificates live for different spans of years."""
    begins = {name: datetime(first, 1, 1, tzinfo=UTC) for name, (first, _) in SPANS.items()}
    ends = {name: datetime(last, 12, 31, 23, 59, 59, tzinfo=UTC) for name, (_, last) in SPANS.items()}
    parties: dict[str, Party] = {}
    issuer = None
    for n, (name, wish) in enumerate(
        {"root": Wish("Course Root (test)", ca=True), "intermediate": Wish("Course CA (test)", ca=True),
         "leaf": Wish()}.items()
    ):  # fmt: skip
        key = lesson_key("RSA", n, seed)
        one = Wish(wish.name, wish.dns, ca=wish.ca, begins=begins[name], ends=ends[name])
        parties[name] = issuer = Party(issue(one, key, n + 1, issuer), key)
    chain = (parties["leaf"].certificate, parties["intermediate"].certificate)
    return Case(
        "dates", chain, parties["leaf"].key, (parties["root"].certificate,), (), HOST, "server", NOW, parties
    )


def dates(year: int = 2025, month: int = 6) -> Outcome:
    """The same chain on another day.   year, month: the day is the first of that month."""
    year, month = whole("year", year, 2010, 2045), whole("month", month, 1, 12)
    now = datetime(year, month, 1, tzinfo=UTC)
    made = dated()
    report = pki.validate(made.chain, made.anchors, now, made.server_name)
    first = report.first_failure
    words = f"On {now:%Y-%m-%d} the chain is " + (
        "good." if first is None else f"refused. {_blamed(first)}: {first.why}."
    )
    words += " (OpenSSL is asked by its command: its handshakes go by the clock of the machine.)"
    rows = {f"{name}\n{a} to {b}": [Piece(a, b + 1, "", "valid")] for name, (a, b) in SPANS.items()}
    today = now.year + (now.month - 1) / 12
    picture = show.lanes(
        rows, linear(2010, 2046, lambda y: f"{int(y)}", "year", 8), title="Three spans of time, and one day",
        subtitle=["A chain is good only on days on which all of its certificates are."], kinds=("valid",),
        marks=[(today, f"{now:%Y-%m-%d}")],
    )  # fmt: skip
    second = live.opinions_at(made, now)
    return Outcome(words, (picture, opinions_table(second), checks_table(report)))


def _blamed(outcome: pki.Outcome) -> str:
    return pki.subject_of(outcome.certificate) if outcome.certificate is not None else "Nobody in particular"


def dates_lab() -> Lab:
    """`dates`, with controls."""
    return Lab(
        "One chain, on any day", dates,
        year=slider("year", 2025, 2010, 2045), month=slider("month", 6, 1, 12),
    )  # fmt: skip


# Lists.

HAND = {"no list": (), "a list": None, "a stale list": "stale_crl", "a forged list": "forged_crl"}


def lists(revoked: bool = True) -> Outcome:
    """Revocation: whether it is checked, and which list is at hand.

    revoked: whether the leaf is on the good list (it is on no other).
    """
    rows: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for hand in HAND:
        for checking in (False, True):
            found = _revocation(hand, checking, revoked)
            kind = "believed" if found[0] else "refused"
            rows[hand, "checked" if checking else "not checked"] = (kind, found[1])
    state = "The certificate was taken back" if revoked else "Nobody has taken the certificate back"
    believed = sum(kind == "believed" for kind, _ in rows.values())
    words = (
        f"{state}. It is believed in {believed} of {len(rows)} cases. Whoever does not check believes it; "
        "whoever checks and has no good list believes nobody."
    )
    grid = show.grid(
        rows, ("", "believed", "", "", "refused"), title=state, chosen=None,
        subtitle=["Rows: which list is at hand. Columns: whether revocation is checked. Words: OpenSSL's."],
    )  # fmt: skip
    return Outcome(words, (grid,))


def _revocation(hand: str, checking: bool, revoked: bool) -> tuple[bool, list[str]]:
    """Whether OpenSSL believes it, and its words."""
    defect = HAND[hand] or ("revoked" if revoked else "none")
    made = case(defect)
    if hand == "no list":
        made = replace(made, crls=())
    said = live.openssl(made, lists=checking)
    return bool(said.accepts), [said.words or "accepted"]


def lists_lab() -> Lab:
    """`lists`, with controls."""
    return Lab("Who asks whether it was taken back?", lists, revoked=switch("it was taken back", True))

"""Notebook 06, certificates and trust: its labs.  Each is a function, and the same with controls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import Any

from cryptography import x509

from handshake import live, pki, show
from handshake.labs.bets import TEXT
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, whole
from handshake.pki.authority import DEFECTS, HOST, KINDS, NOW, Case, Party, Wish, case, issue, lesson_key
from handshake.show import Piece
from handshake.show.axes import linear
from handshake.show.table import Table

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


def opinions_table(found: live.Opinions) -> Table:
    """What others say of the same bytes."""
    said = {True: "accepts", False: "refuses", None: "–"}
    rows = [(each.who, said[each.accepts], each.words, each.alert) for each in found.opinions]
    return show.table(
        ("who", "says", "in its words", "alert"), rows, title="Second opinions, on the same bytes"
    )


def bench(defect: str = "none", kind: str = "RSA", purpose: str = "server", lists: bool = True) -> Outcome:
    """A chain with one defect: what our checks say, and what others say.

    defect: one of DEFECTS.   kind: of the keys.   purpose: whose certificate it is, "server" or "client".
    lists: whether revocation is checked.
    """
    one_of("defect", defect, DEFECTS)
    made = case(defect, kind=kind, purpose=purpose)
    report = pki.validate(
        made.chain, made.anchors, made.now, made.server_name, made.purpose, made.crls if lists else ()
    )
    first = report.first_failure
    words = [f"{DEFECTS[defect].words[0].upper()}{DEFECTS[defect].words[1:]}."]
    if first is None:
        asked = "revocation is checked" if lists else "revocation is not checked"
        words.append(f"No check fails: this {purpose} with its {kind} keys is believed ({asked}).")
    else:
        blamed = "the anchor" if first.index is None or first.index < 0 else f"certificate {first.index}"
        words.append(f"First to fail: {first.check}, at {blamed}: {first.why}. The alert is {first.alert}.")
    if DEFECTS[defect].why:
        words.append(f"{DEFECTS[defect].why}.")
    found = live.opinions(made, lists=lists)
    return Outcome("\n".join(words), (checks_table(report), opinions_table(found), chain_table(made)))


def bench_lab() -> Lab:
    """`bench`, with controls."""
    return Lab(
        "A chain with one defect", bench,
        defect=choice("defect", [(each.words, name) for name, each in DEFECTS.items()], "none"),
        kind=choice("keys", KINDS, "RSA"),
        purpose=choice("presented by the", PURPOSES, "server"),
        lists=switch("revocation is checked", True),
    )  # fmt: skip


# Dates.

SPANS = {"root": (2015, 2040), "intermediate": (2020, 2030), "leaf": (2025, 2026)}
"""From the beginning of which year until the beginning of which."""


def dated(seed: int = 0) -> Case:
    """A chain whose certificates live for different spans of years."""
    begins = {name: datetime(first, 1, 1, tzinfo=UTC) for name, (first, _) in SPANS.items()}
    ends = {name: datetime(last, 1, 1, tzinfo=UTC) for name, (_, last) in SPANS.items()}
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
    rows = {name: [Piece(a, b, f"{a} to {b}", "valid")] for name, (a, b) in SPANS.items()}
    today = now.year + (now.month - 1) / 12
    picture = show.lanes(
        rows, linear(2010, 2046, lambda y: f"{y:.0f}", "year", 8), title="Three spans of time, and one day",
        subtitle=["A chain is good only on days on which all of its certificates are."], kinds=("valid",),
        marks=[(today, f"{now:%Y-%m-%d}")],
    )  # fmt: skip
    second = live.opinions_at(made, now)
    return Outcome(words, (picture, checks_table(report), opinions_table(second)))


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
    """Revocation: whether it is checked, and which list is at hand.   revoked: whether the leaf is on it."""
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


# The browser's question.

PRESENTERS = {
    "the server": "none",
    "the server, with an old certificate": "expired",
    "somebody with a certificate of their own": "self_signed",
    "somebody with a CA of their own": "unknown_ca",
    "somebody with a good certificate for another name": "wrong_host",
}
"""Who answers the call, and what they present."""


@dataclass(frozen=True)
class Page:
    """What a browser shows instead of the site."""

    title: str
    words: str
    buttons: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"[ {self.title} ]", self.words, *(f"  ( {button} )" for button in self.buttons)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        button = "border:1px solid currentColor;border-radius:4px;padding:.2em .8em;margin-right:.8em"
        buttons = "".join(f'<span style="{button}">{escape(each)}</span>' for each in self.buttons)
        colour, sign = ("#b3202c", "⚠ ") if self.buttons else ("#00936b", "")
        frame = f"border:2px solid {colour};border-radius:8px;padding:1em 1.4em;max-width:640px;{TEXT}"
        page = (
            f'<div style="{frame}">'
            f'<div style="font-size:1.3em;font-weight:600">{sign}{escape(self.title)}</div>'
            f"<p>{escape(self.words)}</p><p>{buttons}</p></div>"
        )
        return {"text/plain": str(self), "text/html": page}


def warning(
    presenter: str = "somebody with a CA of their own", goes_on: bool = False, hsts: bool = False
) -> Outcome:
    """A call to www.example.org, answered by somebody.

    presenter: one of PRESENTERS.   goes_on: what the user answers, if asked.   hsts: whether the host has
    asked before that nobody be asked.
    """
    one_of("presenter", presenter, PRESENTERS)
    made = live.visit(case(PRESENTERS[presenter]), goes_on=goes_on, hsts=hsts)
    if not made.refused:
        page = Page(HOST, "The page, with its form. No warning was shown.", ())
    else:
        words = f"{HOST}: {made.refused}. Somebody may be trying to read what you send."
        page = Page(
            "This connection is not private", words, ("Go back", "Continue") if made.asked else ("Go back",)
        )
    reads = made.heard.decode("latin-1").replace("\r\n", " | ") if made.heard else "nothing"
    who = "the server" if presenter.startswith("the server") else "somebody who is not the server"
    words = f"{'It is encrypted, and' if made.heard else 'For now'} {who} reads: {reads}"
    note = show.table(("what", "answer"), [
        ("OpenSSL says", made.refused or "nothing: it believes the certificate"),
        ("the user is asked", "yes" if made.asked else "no"),
        ("the form is sent", "yes" if made.sent else "no"),
        ("whoever presented the chain reads", reads),
    ], title="What happened", code=(1,))  # fmt: skip
    return Outcome(words, (page, note))


def warning_lab() -> Lab:
    """`warning`, with controls."""
    return Lab(
        "A warning, and a question", warning,
        presenter=choice("the call is answered by", list(PRESENTERS), "somebody with a CA of their own"),
        goes_on=switch("the user clicks Continue", False),
        hsts=switch("the host is known for HSTS", False),
    )  # fmt: skip


def compromised() -> tuple[Case, pki.Report]:
    """Somebody has stolen the intermediate's key, and issues a certificate for a name of their choice."""
    good = case()
    thief = good.parties["intermediate"]
    key = lesson_key("RSA", 6)
    forged = issue(Wish("bank.example", ("bank.example",)), key, 4711, thief)
    chain = (forged, thief.certificate)
    made = Case("none", chain, key, good.anchors, good.crls, "bank.example", "server", NOW, good.parties)
    return made, pki.validate(chain, good.anchors, NOW, "bank.example", crls=good.crls)

"""Notebook 06, certificates and trust: the browser's question, and a CA that has lost its key."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from handshake import live, pki, show
from handshake.labs.bets import TEXT
from handshake.labs.lab import Lab, Outcome, choice, one_of, switch
from handshake.pki.authority import HOST, NOW, Case, Wish, case, issue, lesson_key

PRESENTERS = {
    "the server": "none",
    "the server, with an old certificate": "expired",
    "somebody with a certificate that they signed themselves": "self_signed",
    "somebody with a CA of their own making": "unknown_ca",
    "somebody with a good certificate for another name": "wrong_host",
}
"""Who answers the call, and what they present."""

MADE_UP = "somebody with a CA of their own making"


@dataclass(frozen=True)
class Page:
    """What a browser shows.   buttons: those that it offers.   pressed: the one that was clicked.

    sign: what stands before the title: a warning, or the mark of a connection that is not to be trusted.
    """

    title: str
    words: str
    buttons: tuple[str, ...] = ()
    pressed: str = ""
    warns: bool = True

    def __str__(self) -> str:
        shown = [f"  ( {each} )" + (" <- clicked" if each == self.pressed else "") for each in self.buttons]
        return "\n".join([f"[ {self.title} ]", self.words, *shown])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        plain = (
            "border:1px solid currentColor;border-radius:4px;padding:.2em .8em;margin-right:.8em;opacity:.85"
        )
        buttons = "".join(
            f'<span style="{plain}{";font-weight:700;border-width:3px" if each == self.pressed else ""}">'
            f"{escape(each)}{' ✓ clicked' if each == self.pressed else ''}</span>"
            for each in self.buttons
        )
        colour, sign = ("#b3202c", "⚠ ") if self.warns else ("#00936b", "")
        box = "border-radius:8px;padding:1em 1.4em;max-width:640px;margin:.4em 0"
        frame = f"border:2px solid {colour};{box};{TEXT}"
        page = (
            f'<div style="{frame}" role="img" aria-label="{escape(str(self), quote=True)}">'
            f'<div style="font-size:1.3em;font-weight:600">{sign}{escape(self.title)}</div>'
            f"<p>{escape(self.words)}</p>{f'<p>{buttons}</p>' if buttons else ''}</div>"
        )
        return {"text/plain": str(self), "text/html": page}


def warning(presenter: str = MADE_UP, goes_on: bool = False, hsts: bool = False) -> Outcome:
    """Somebody has filled in a form of www.example.org, and sends it; the call is answered by somebody.

    presenter: one of PRESENTERS.   goes_on: what the user answers, if asked.   hsts: whether the host has
    asked before that nobody be asked.
    """
    one_of("presenter", presenter, PRESENTERS)
    made = live.visit(case(PRESENTERS[presenter]), goes_on=goes_on, hsts=hsts)
    pages = _pages(made)
    who = "the server" if presenter.startswith("the server") else "somebody who is not the server"
    form = made.heard.decode("latin-1").rpartition("\r\n")[2]
    if made.sent:
        words = f"The form is sent, encrypted with {made.suite}. Who reads it is {who}: {form}"
    else:
        words = "The form is not sent: nobody reads anything."
        if hsts and made.refused:
            words += " The host is known for HSTS, so no Continue is offered" + (
                ", and there is nothing to click." if goes_on else "."
            )
    if goes_on and not made.refused:
        words += " Nobody was asked, so there was nothing to click."
    note = show.table(("what", "answer"), [
        ("OpenSSL says of the certificate", made.refused or "nothing: it believes it"),
        ("the user is asked", "yes" if made.asked else "no"),
        ("what travels, as everybody on the way sees it",
         f"{made.travelled[:20].hex(' ')} ... ({len(made.travelled)} bytes)" if made.sent else "no form"),
        ("what whoever presented the chain reads", form or "nothing"),
    ], title="What happened", code=(1,))  # fmt: skip
    return Outcome(words, (*pages, note))


def _pages(made: live.Visit) -> tuple[Page, ...]:
    """What the user sees, one page after the other."""
    if not made.refused:
        return (Page(HOST, "The page that was wanted. No warning was shown.", warns=False),)
    words = f"{HOST}: {made.refused}. Somebody may be trying to read what you send."
    buttons = ("Go back", "Continue") if made.asked else ("Go back",)
    first = Page("This connection is not private", words, buttons, "Continue" if made.sent else "")
    if not made.sent:
        return (first,)
    return first, Page(f"Not secure: {HOST}", "The page, as if nothing were wrong.")


def warning_lab() -> Lab:
    """`warning`, with controls."""
    return Lab(
        "A warning, and a question", warning,
        presenter=choice("the call is answered by", list(PRESENTERS), MADE_UP),
        goes_on=switch("click Continue, if it is offered", False),
        hsts=switch("the host is known for HSTS", False),
    )  # fmt: skip


def compromised(permitted: str = "") -> tuple[Case, pki.Report]:
    """Somebody has stolen the intermediate's key, and issues a certificate for a bank.

    permitted: the domain that the intermediate may speak for (name constraints); "" for all.
    """
    good = case()
    root, thief = good.parties["root"], good.parties["intermediate"]
    if permitted:
        wish = Wish("Course CA (test)", ca=True, permitted=(permitted,))
        thief = thief._replace(certificate=issue(wish, thief.key, 4710, root))
    key = lesson_key("RSA", 6)
    forged = issue(Wish("bank.example", ("bank.example",)), key, 4711, thief)
    chain = (forged, thief.certificate)
    made = Case("none", chain, key, good.anchors, good.crls, "bank.example", "server", NOW, good.parties)
    return made, pki.validate(chain, good.anchors, NOW, "bank.example", crls=good.crls)

"""Bets: say what will happen, and how sure you are, before you see it.

>>> b = bet("Does a SYN take a sequence number?", ["yes", "no"], answer=0, because="it is acknowledged")
>>> b.commit(1)
>>> b.outcome
False

Until it is committed a bet holds no answer in any part that the browser sees, and a notebook runs from top to
bottom whether or not anybody bets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from ipywidgets import HTML, Button, HBox, Layout, RadioButtons, VBox, Widget

CONFIDENCE = ("guess", "fairly sure", "certain")
"""How sure somebody may be, least first."""

KEYS = '<span style="opacity:.7">By keyboard: Tab and Space (JupyterLab keeps the arrow keys).</span>'
"""How to choose without a mouse.  An arrow pressed on a radio button would go to the next cell."""

TEXT = "line-height:1.5;white-space:normal"
"""Style of running text: inside a widget it would be set as one long line."""

_remembered: dict[str, tuple[str, tuple[str, ...], int, str]] = {}
"""For each key: question, options, choice and confidence of the bet that was committed."""


def bet(
    question: str,
    options: Sequence[str],
    *,
    answer: int | None,
    because: str,
    reveal: Callable[[], object] | object = None,
    key: str = "",
) -> Bet:
    """A question to bet on: it shows itself in a notebook, and gives its answer when a bet is committed.

    answer: the number of the right option, from 0; None where there is no right one.
    because: why, in words.   reveal: what to show then, or a function that makes it.
    key: with one, the bet is remembered while the kernel runs, and a cell run again shows it committed.
    In `question` and `because`, text between `backticks` is set as code.
    """
    return Bet(question, options, answer, because, reveal, key)


class Bets(VBox):  # type: ignore[misc]
    """Several bets, one below the other."""

    def __init__(self, *bets: Bet) -> None:
        self.bets = bets
        super().__init__(list(bets))

    def commit(self, number: int, choice: int | str | None = None, confidence: str = CONFIDENCE[0]) -> str:
        """Commit bet number `number`, from 1; the answer is the verdict."""
        if number not in range(1, len(self.bets) + 1):
            raise ValueError(f'there are bets 1 to {len(self.bets)}, not {number!r}: .commit(1, "a")')
        if choice is None:
            raise ValueError(f'which option of bet {number}? .commit({number}, "a") is the first')
        return self.bets[number - 1].commit(choice, confidence)

    def __str__(self) -> str:
        return "\n\n".join(f"{n}. {bet.told(f'{n}, ')}" for n, bet in enumerate(self.bets, 1))

    def __repr__(self) -> str:
        committed = sum(bet.choice is not None for bet in self.bets)
        return f"{len(self.bets)} bets: {committed} committed"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        bundle["text/html"] = "".join(bet._repr_mimebundle_()["text/html"] for bet in self.bets)
        return bundle


def forget() -> None:
    """Forget every bet that was remembered by its key."""
    _remembered.clear()


class Bet(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A question, its options and, once committed, its answer.

    choice, confidence: what was committed, or None.
    outcome: True if the bet was right, False if wrong, None before it or where there is no right answer.
    """

    def __init__(
        self, question: str, options: Sequence[str], answer: int | None, because: str,
        reveal: Callable[[], object] | object = None, key: str = "",
    ) -> None:  # fmt: skip
        if isinstance(options, str) or len(options) < 2:
            raise ValueError("a bet needs at least two options, as a list of strings")
        if answer is not None and not 0 <= answer < len(options):
            raise ValueError(f"answer {answer} is none of the options 0 to {len(options) - 1}")
        self.question = question
        self.options = tuple(options)
        self.choice: int | None = None
        self.confidence: str | None = None
        self._answer = answer
        self._because = because
        self._reveal = reveal
        self._key = key

        wide = Layout(width="auto")
        numbered = [(option, n) for n, option in enumerate(self.options)]
        self._choices = RadioButtons(options=numbered, value=None, layout=wide)
        self._sure = RadioButtons(
            options=CONFIDENCE, description="How sure?", orientation="horizontal", layout=wide
        )
        self._button = Button(description="Commit", disabled=True, tooltip="lock the choice, see the answer")
        self._verdict = HTML()
        self._revealed = VBox()
        controls = [self._choices, self._sure, HBox([self._button, HTML(KEYS)])]
        super().__init__([HTML(_question(question)), *controls, self._verdict, self._revealed])
        self._choices.observe(self._chosen, "value")
        self._button.on_click(self._clicked)

        if key in _remembered and _remembered[key][:2] == (question, self.options):
            self.commit(*_remembered[key][2:])

    def _chosen(self, _: object) -> None:
        self._button.disabled = self._choices.value is None

    def _clicked(self, _: object) -> None:
        if self.choice is None:
            self.commit(self._choices.value, self._sure.value)

    def commit(self, choice: int | str, confidence: str = CONFIDENCE[0]) -> str:
        """Bet on an option, as the button does; then see what it is.   The answer is the verdict in words.

        choice: its letter, "b", or its number from 0.   confidence: one of CONFIDENCE.
        """
        if self.choice is not None:
            raise ValueError(
                "this bet is committed already; to bet again, call handshake.labs.forget() and run its cell "
                "again"
            )
        number = self._number(choice)
        if confidence not in CONFIDENCE:
            raise ValueError(f"confidence {confidence!r} is none of {', '.join(CONFIDENCE)}")
        self.choice, self.confidence = number, confidence
        if self._key:
            _remembered[self._key] = (self.question, self.options, number, confidence)
        self._choices.value, self._sure.value = number, confidence
        self._choices.disabled = self._sure.disabled = True
        self._button.description = "Committed"  # a button that is disabled would lose the focus
        self._verdict.value = self._verdict_html()
        if self._reveal is not None:
            self._revealed.children = [_shown(self._reveal)]
        return self.verdict()

    def _number(self, choice: int | str) -> int:
        letters = [_letter(n) for n in range(len(self.options))]
        if isinstance(choice, str) and choice.lower() in letters:
            return letters.index(choice.lower())
        if isinstance(choice, int) and 0 <= choice < len(letters):
            return int(choice)
        raise ValueError(f"choice {choice!r} is none of the options {', '.join(letters)}")

    @property
    def outcome(self) -> bool | None:
        """Whether the bet was right; None before it is committed, or where there is no right answer."""
        return None if self.choice is None or self._answer is None else self.choice == self._answer

    def verdict(self) -> str:
        """The outcome in words, or "" before the bet is committed."""
        if self.choice is None:
            return ""
        mine = f"You bet {self._named(self.choice)} ({self.confidence})"
        if self._answer is None:
            return f"{mine}. There is no one right answer: {_sentence(self._because)}"
        if self.outcome:
            return f"Right. {mine}; so it is, because {_sentence(self._because)}"
        return f"Not so. {mine}; it is {self._named(self._answer)}, because {_sentence(self._because)}"

    def _named(self, option: int) -> str:
        return f'"{self.options[option]}"'

    def _verdict_html(self) -> str:
        colour = {True: "0,158,115", False: "213,94,0", None: "86,180,233"}[self.outcome]
        style = f"border-left:4px solid rgb({colour});background:rgba({colour},.15);padding:.4em .8em"
        return f'<div role="status" style="{style};{TEXT}">{_coded(self.verdict())}</div>'

    # How it shows itself.

    def __str__(self) -> str:
        return self.told()

    def told(self, which: str = "") -> str:
        """The bet as text.   which: what `commit` needs before the choice, where there are several bets."""
        lines = [self.question]
        for n, option in enumerate(self.options):
            lines.append(f"{'>' if n == self.choice else ' '} {_letter(n)}) {option}")
        lines.append(
            self.verdict()
            or f'Not committed yet: choose, or call .commit({which}"a"), or .commit({which}"a", "certain").'
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        short = self.question if len(self.question) <= 60 else self.question[:57] + "..."
        if self.choice is None:
            state = "not committed yet"
        else:
            result = {True: ", right", False: ", wrong", None: ""}[self.outcome]
            state = f"committed {_letter(self.choice)}{result}"
        return f"Bet({short!r}: {state})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        options = "".join(f"<li>{escape(option)}</li>" for option in self.options)
        verdict = self._verdict_html() if self.choice is not None else ""
        bundle["text/html"] = f'{_question(self.question)}<ol type="a">{options}</ol>{verdict}'
        return bundle


def _shown(reveal: Any) -> Widget:
    """A widget that shows `reveal`, or what it returns: widgets live, others as their HTML, or as text."""
    if callable(reveal):
        reveal = reveal()
    if isinstance(reveal, Widget):
        return reveal
    return HTML(html_of(reveal))


def html_of(view: Any) -> str:
    """Whatever shows itself in a notebook, as HTML; anything else as its text."""
    bundle = view._repr_mimebundle_() if hasattr(view, "_repr_mimebundle_") else {}
    if isinstance(bundle, tuple):  # data and metadata
        bundle = bundle[0]
    return str(bundle.get("text/html") or f"<pre>{escape(str(view))}</pre>")


def _question(question: str) -> str:
    return f'<div style="{TEXT}"><b>Your bet:</b> {_coded(question)}</div>'


def _coded(text: str) -> str:
    """Text as HTML, with `code` in backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _letter(option: int) -> str:
    return chr(ord("a") + option)

"""Bets on the article's claims: what a reader believes, and how surely, before the course and after it.

A sheet keeps its bets in a small file beside the notebooks, as they are made.  Once it is committed it cannot
be changed, and shows by a hash that it was not.  Nothing is told of what is right: notebook 10 does that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ipywidgets import HTML, Box, Button, Layout, SelectionSlider, ToggleButtons, VBox

from handshake import article
from handshake.article.table import Verdict
from handshake.files import whole
from handshake.labs.bets import TEXT
from handshake.labs.lab import one_of, said

FILE = ".handshake-bets.json"
"""Where the bets are kept, beside the notebooks."""

CLAIMS = (
    "S91", "S62", "S66", "S67", "S63", "S82", "S86", "S75", "S110", "S77", "S93", "S106",
    "S13", "S14", "S45", "S28", "S3", "S17", "S33", "S53", "S21", "S47", "S54", "S57",
)  # fmt: skip
"""The claims that are bet on, in the order of the notebooks that show them."""

ABOUT = {
    "S66": "It: the acknowledgment number.",
    "S86": "It: the third segment, the client's acknowledgment.",
    "S13": "It: the client, at a server's certificate.",
    "S14": "It: the client, at a server's certificate.",
    "S45": "If it was not: if the certificate was not issued by somebody whom the browser trusts.",
    "S82": "j: the number of the client's SYN.",
    "S93": "These: TCP and UDP.",
    "S28": "It: the server, which has received that certificate.",
    "S17": "The password: what the data will be encrypted with.",
    "S33": "The master password: what both ends have worked out from the premaster.",
    "S53": "These: the ciphers that the browser can handle.",
    "S47": "They: domain and key in the certificate, and what the server has just sent.",
    "S54": "It: the server, and its choice is the cipher.",
    "S57": "The message: what the browser has sent, with the session key in it.",
}
"""What a word means that refers to a sentence before."""

BELIEFS = ("so it is", "only in part", "not so")
"""What may be believed of a claim."""

RIGHT = {
    Verdict.OK: "so it is", Verdict.IMPRECISE: "only in part", Verdict.DATED: "only in part",
    Verdict.WRONG: "not so",
}  # fmt: skip
"""What each verdict of the table of claims means for a bet."""

SURE = (34, 50, 70, 90, 99)
"""How sure one may be, in percent.  34 is a guess, since there are three beliefs."""

SURE_WORDS = {34: "34 %: a guess", 50: "50 %", 70: "70 %", 90: "90 %", 99: "99 %: certain"}

STAGES = ("before", "after")


@dataclass(frozen=True)
class Belief:
    """A bet.   claim: its id.   belief: one of BELIEFS.   sure: one of SURE, in percent."""

    claim: str
    belief: str
    sure: int

    @property
    def right(self) -> bool:
        """Whether the table of claims says the same."""
        return RIGHT[article.claim(self.claim).verdict] == self.belief


class Sheet(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The cards of a stage.   stage: "before" the course or "after" it.   folder: where the file is.

    beliefs: by the ids of the claims, as far as they are bet on.   seal: once committed, the hash; else "".
    """

    def __init__(self, stage: str = "before", folder: str | Path = ".") -> None:
        one_of("stage", stage, STAGES)
        self.stage, self.path = stage, Path(folder) / FILE
        kept = _read(self.path).get(stage, {})
        self.beliefs = _beliefs(kept.get("bets"))
        self.seal = str(kept.get("seal", ""))
        self._cards = {id: _Card(id, self.beliefs.get(id), self._changed) for id in CLAIMS}
        self._button = Button(description="Commit all", layout=Layout(width="12em"))
        self._button.on_click(self._clicked)
        self._note = HTML()
        super().__init__([*self._cards.values(), self._button, self._note])
        self.add_class("hs-sheet")
        self._lock()
        self._tell()

    def bet(self, claim: str, belief: str, sure: int) -> Sheet:
        """Bet without the mouse: sheet.bet("S86", "not so", 90); the answer is the sheet.

        ValueError, with what there is, for a claim, a belief or a number that is none, or after the commit.
        """
        one_of("claim", claim, CLAIMS)
        one_of("belief", belief, BELIEFS)
        one_of("sure", sure, SURE)
        if self.seal:
            raise ValueError("these bets are committed, and stay as they are")
        self._cards[claim].set(belief, sure)
        return self

    def commit(self) -> str:
        """Commit all bets; what is said then.   ValueError, with what is missing, while any is."""
        missing = [id for id in CLAIMS if id not in self.beliefs]
        if missing:
            raise ValueError(f"{len(missing)} of {len(CLAIMS)} are not bet on yet: {', '.join(missing)}")
        if not self.seal:
            self.seal = seal(self.beliefs)
            self._write()
        self._lock()
        self._tell()
        return self._words()

    @property
    def code(self) -> str:
        """All bets in one line, to be handed in: "S3 so it is 70; S13 not so 90; ..."."""
        told = [self.beliefs[id] for id in CLAIMS if id in self.beliefs]
        return "; ".join(f"{each.claim} {each.belief} {each.sure}" for each in told)

    def _changed(self, belief: Belief) -> None:
        if not self.seal:
            self.beliefs[belief.claim] = belief
            self._write()
            self._tell()

    def _clicked(self, _: object) -> None:
        try:
            self.commit()
        except ValueError as error:
            self._note.value = said(str(error), wrong=True)

    def _tell(self) -> None:
        self._note.value = said(self._words())

    def _lock(self) -> None:
        self._button.description = "Committed" if self.seal else "Commit all"
        for card in self._cards.values():
            card.locked(bool(self.seal))

    def _words(self) -> str:
        count = len(self.beliefs)
        if not self.seal:
            return f"{count} of {len(CLAIMS)} bet on."
        surely = sum(each.sure >= 90 for each in self.beliefs.values())
        kept = "" if self.seal == seal(self.beliefs) else " They were changed after that."
        return (
            f"{count} bets, {surely} of them with 90 % or more, are committed under the seal "
            f"{self.seal[:12]}.{kept} Notebook 10 opens them."
        )

    def _write(self) -> None:
        """Keep the bets; where nothing can be written they last as long as the kernel."""
        memory = _read(self.path)
        bets = {each.claim: [each.belief, each.sure] for each in self.beliefs.values()}
        memory[self.stage] = {"bets": bets, "seal": self.seal}
        with suppress(OSError), whole(self.path) as beside:
            beside.write_text(json.dumps(memory, indent=1), encoding="utf-8")

    def __str__(self) -> str:
        lines = [
            f'What do you believe? sheet.bet("{CLAIMS[0]}", "{BELIEFS[0]}", 70), then sheet.commit()',
            "",
        ]
        for id in CLAIMS:
            bet = self.beliefs.get(id)
            lines.append(f"{id:5} {article.claim(id).text}{f' ({ABOUT[id]})' if id in ABOUT else ''}")
            lines.append(f"      {f'{bet.belief}, {SURE_WORDS[bet.sure]}' if bet else 'not bet on yet'}")
        return "\n".join([*lines, "", self._words()])

    def __repr__(self) -> str:
        return f"{len(self.beliefs)} of {len(CLAIMS)} claims bet on, {'' if self.seal else 'not '}committed"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(super()._repr_mimebundle_(**kwargs))
        bundle["text/html"] = f'<pre style="{TEXT};white-space:pre-wrap">{escape(str(self))}</pre>'
        return bundle


class _Card(VBox):  # type: ignore[misc]
    """One claim, what is believed of it, and how surely."""

    def __init__(self, id: str, bet: Belief | None, changed: Any) -> None:
        claim = article.claim(id)
        self.id, self._tell = id, changed
        about = f"{ABOUT[id]} " if id in ABOUT else ""
        words = (
            f"<b>{id}</b> {escape(claim.text)} <span style='opacity:.7'>{escape(about)}({claim.place})</span>"
        )
        self.belief = ToggleButtons(options=BELIEFS, value=bet.belief if bet else None)
        self.belief.style.button_width = "8em"
        self.belief.tooltips = [f"{id}: {each}" for each in BELIEFS]
        options = [(SURE_WORDS[each], each) for each in SURE]
        self.sure = SelectionSlider(
            options=options, value=bet.sure if bet else SURE[0], description="how sure",
            tooltip=f"{id}: how sure", continuous_update=False, layout=Layout(width="30em"),
        )  # fmt: skip
        row = Box([self.belief, self.sure], layout=Layout(flex_flow="row wrap"))
        super().__init__([HTML(f'<div style="{TEXT}">{words}</div>'), row])
        self.layout = Layout(margin="0 0 .6em 0")
        self.belief.observe(self._chosen, "value")
        self.sure.observe(self._chosen, "value")

    def set(self, belief: str, sure: int) -> None:
        """As the mouse would."""
        self.sure.value, self.belief.value = sure, belief

    def locked(self, yes: bool) -> None:
        """Whether it cannot be changed any more."""
        self.belief.disabled = self.sure.disabled = yes

    def _chosen(self, _: object) -> None:
        if self.belief.value is not None:
            self._tell(Belief(self.id, self.belief.value, self.sure.value))


def seal(beliefs: Mapping[str, Belief]) -> str:
    """A hash of the bets, in whatever order they were made: SHA-256, as hexadecimal."""
    told = sorted((each.claim, each.belief, each.sure) for each in beliefs.values())
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def read_code(text: str) -> dict[str, Belief]:
    """The bets in a line that `Sheet.code` wrote.   ValueError, with what is wrong, for another."""
    found: dict[str, Belief] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        claim, _, rest = part.partition(" ")
        belief, _, sure = rest.rpartition(" ")
        number = int(sure) if sure.isascii() and sure.isdigit() and len(sure) < 4 else 0
        if claim not in CLAIMS or belief not in BELIEFS or number not in SURE:
            raise ValueError(f"{part[:60]!r} is no bet: a claim, what is believed, how surely")
        found[claim] = Belief(claim, belief, number)
    return found


def committed(stage: str = "before", folder: str | Path = ".") -> tuple[Belief, ...]:
    """The bets of a stage that were committed, in the order of the claims; none if they were not."""
    kept = _read(Path(folder) / FILE).get(stage, {})
    beliefs = _beliefs(kept.get("bets"))
    if kept.get("seal") != seal(beliefs):
        return ()
    return tuple(beliefs[id] for id in CLAIMS if id in beliefs)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The file; of one that cannot be read, nothing."""
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return {stage: found[stage] for stage in STAGES if isinstance(found.get(stage), dict)}
    return {}


def _beliefs(kept: Any) -> dict[str, Belief]:
    found: dict[str, Belief] = {}
    for claim, row in kept.items() if isinstance(kept, dict) else ():
        whole = isinstance(row, Sequence) and len(row) == 2
        if whole and claim in CLAIMS and row[0] in BELIEFS and row[1] in SURE:
            found[claim] = Belief(claim, row[0], row[1])
    return found

"""The article's claims, each beside what the wire does: the table `claims.toml`, read and checked.

A `Claim` is one statement of the article with its verdict.  It shows itself as a *card* with two lanes, "as
the article tells it" and "as the wire does it": as text by `print`, drawn in a notebook.  Every claim is
shown by at least one notebook cell that carries its id as a tag ("S17"); `not_shown` finds those that are
still waiting for theirs.

The table is data that people edit, so it is checked when it is read, and a mistake is reported with the id
of the claim and the key that it is in.
"""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

COUNT = 111  # the article makes so many statements
NOTEBOOKS = tuple(f"{number:02}" for number in range(11))
PARTS = {
    "one-way": "one-way authentication",
    "two-way": "two-way authentication",
    "fields": "TCP fields and flags",
    "opening": "three-way handshake",
    "questions": "questions, layers and sockets",
}
STEPS = range(1, 11)  # the longest of the article's numbered lists has ten
TAG = re.compile(r"S\d+")  # how a notebook cell says which claim it shows
WIDTH = 100  # columns of a card as text


class Verdict(StrEnum):
    """What is to be said of a claim, in one word; `meaning` says it in a few more."""

    OK = "OK"
    IMPRECISE = "IMPRECISE"
    DATED = "DATED"
    WRONG = "WRONG"
    CUT = "CUT"

    @property
    def meaning(self) -> str:
        """The verdict in words that follow it well."""
        return {
            Verdict.OK: "it is as told",
            Verdict.IMPRECISE: "true, with a condition to know",
            Verdict.DATED: "true of another time or place",
            Verdict.WRONG: "it is not so",
            Verdict.CUT: "missing, or not to be checked",
        }[self]


@dataclass(frozen=True)
class Claim:
    """One statement of the article, and what is to be said of it.

    id: "S1" .. "S111", in the article's order.
    part: which part of the article, a key of `PARTS`.
    step: the article's own number, where it numbers its steps.
    text: the claim, as the article tells it.
    verdict: see `Verdict`.
    wire: what really travels or holds, which is the reason for the verdict.
    sections: where the standards say so; may be empty for a claim that is CUT.
    notebook: the notebook that mainly shows it, "00" .. "10".
    break_it: what the reader changes in order to find out.
    """

    id: str
    part: str
    step: int | None
    text: str
    verdict: Verdict
    wire: str
    sections: tuple[str, ...]
    notebook: str
    break_it: str

    @property
    def place(self) -> str:
        """Where in the article it stands, for people: "one-way authentication, step 4"."""
        step = f", step {self.step}" if self.step else ""
        return PARTS[self.part] + step

    def __str__(self) -> str:
        """The card as text: its lanes one below the other, so that it reads in order."""
        lines = [f"{self.id}  {self.verdict}: {self.verdict.meaning}  ({self.place})"]
        lines += _labelled("as the article tells it", self.text)
        lines += _labelled("as the wire does it", self.wire)
        if self.sections:
            # No-break spaces keep "section" and its number on one line.
            whole = (each.replace(" ", "\xa0") for each in self.sections)
            lines += _labelled("in the standards", "; ".join(whole))
        lines += _labelled(f"break it (notebook {self.notebook})", self.break_it)
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return Cards((self,))._repr_mimebundle_()


@dataclass(frozen=True)
class Cards:
    """Several claims that show themselves together, one card below the other.

    judged: with the verdict and the wire's lane; without, only what the article tells.
    """

    claims: tuple[Claim, ...]
    judged: bool = True

    def __str__(self) -> str:
        if self.judged:
            return "\n\n".join(map(str, self.claims))
        lines = [_labelled(f"{claim.id} the article tells", claim.text) for claim in self.claims]
        return "\n".join(line for card in lines for line in card)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        # A lazy door: the pictures come after this room, and are loaded only where one is looked at.
        from handshake.show import cards as drawn

        return {"text/plain": str(self), "text/html": drawn.html(self.claims, judged=self.judged)}


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the article's order."""
    return parse((files("handshake.article") / "claims.toml").read_text(encoding="utf-8"))


def claim(id: str) -> Claim:
    """The claim with this id, such as "S17"."""
    for each in claims():
        if each.id == id:
            return each
    raise KeyError(f"no claim {id!r}: the claims are S1 .. S{COUNT}, with a capital S")


def cards(*ids: str) -> Cards:
    """The claims with these ids as cards: ``cards("S79", "S80")``."""
    return Cards(tuple(claim(id) for id in ids))


def told(*ids: str) -> Cards:
    """The claims with these ids as the article tells them, without a verdict: for before the experiment."""
    return Cards(tuple(claim(id) for id in ids), judged=False)


def parse(text: str) -> tuple[Claim, ...]:
    """The claims in a table written in TOML; ValueError names the claim and the key that is wrong."""
    rows = tomllib.loads(text).get("claim", [])
    found = tuple(_claim(f"S{number}", row) for number, row in enumerate(rows, start=1))
    if len(found) < COUNT:
        raise ValueError(f"S{len(found) + 1}: id: missing, the table ends before it")
    return found


def tags(notebooks: Path | str) -> dict[str, tuple[str, ...]]:
    """Which notebooks in this folder tag a cell with which claim: tag -> file names.

    A tag counts as a claim's if it is a capital S and digits, whether there is such a claim or not.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(Path(notebooks).glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        here = {tag for cell in cells for tag in cell["metadata"].get("tags", []) if TAG.fullmatch(tag)}
        for tag in here:
            found[tag] = (*found.get(tag, ()), path.name)
    return found


def not_shown(notebooks: Path | str) -> tuple[Claim, ...]:
    """The claims whose notebook is in this folder while no cell of any notebook there is tagged with them.

    A claim whose own notebook is still to be written is not counted, and a claim may be shown elsewhere.
    """
    written = {path.name[:2] for path in Path(notebooks).glob("[0-9][0-9]-*.ipynb")}
    shown = tags(notebooks)
    return tuple(each for each in claims() if each.notebook in written and each.id not in shown)


def _labelled(label: str, text: str) -> list[str]:
    """Lines of a card: a label, and the text hanging in a column beside it."""
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"    {label:<24}  ",
        subsequent_indent=" " * 30,
        break_on_hyphens=False,
    )
    return [line.replace("\xa0", " ") for line in lines]


def _claim(id: str, row: Mapping[str, object]) -> Claim:
    """One row of the table, checked; `id` is the one that its place in the table demands."""
    if row.get("id") != id:
        raise ValueError(f"{id}: id: expected here, got {row.get('id')!r} (ids run S1 .. S{COUNT})")
    if int(id[1:]) > COUNT:
        raise ValueError(f"{id}: id: one too many, the last claim is S{COUNT}")
    unknown = row.keys() - Claim.__dataclass_fields__.keys()
    if unknown:
        raise ValueError(f"{id}: {min(unknown)}: no such key")
    return Claim(
        id=id,
        part=_one_of(id, "part", row, tuple(PARTS)),
        step=_step(id, row),
        text=_words(id, "text", row),
        verdict=Verdict(_one_of(id, "verdict", row, tuple(Verdict))),
        wire=_words(id, "wire", row),
        sections=_sections(id, row),
        notebook=_one_of(id, "notebook", row, NOTEBOOKS),
        break_it=_words(id, "break_it", row),
    )


def _words(id: str, key: str, row: Mapping[str, object]) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{id}: {key}: expected a text, got {value!r}")
    return value


def _one_of(id: str, key: str, row: Mapping[str, object], known: tuple[str, ...]) -> str:
    value = _words(id, key, row)
    if value not in known:
        raise ValueError(f"{id}: {key}: expected one of {', '.join(known)}, got {value!r}")
    return value


def _step(id: str, row: Mapping[str, object]) -> int | None:
    value = row.get("step")
    if value is None:
        return None
    # `true` is an int to Python, hence the exact type.
    if type(value) is not int or value not in STEPS:
        raise ValueError(f"{id}: step: expected a number from {STEPS[0]} to {STEPS[-1]}, got {value!r}")
    return value


def _sections(id: str, row: Mapping[str, object]) -> tuple[str, ...]:
    value = row.get("sections")
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise ValueError(f"{id}: sections: expected a list of texts, got {value!r}")
    if not value and row.get("verdict") != Verdict.CUT:
        raise ValueError(f"{id}: sections: expected at least one, since the verdict is not CUT")
    return tuple(value)

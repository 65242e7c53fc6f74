"""Lanes: pieces side by side along one scale, a lane for each way of cutting it or for each who waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from handshake.show import theme
from handshake.show.axes import Key, Scale, legend, page
from handshake.show.pen import Sheet, fitted, width
from handshake.show.picture import Picture

WIDE, LEFT, RIGHT, TALL = 900.0, 150.0, 884.0, 42.0

STYLES = (
    (theme.fill("ESTABLISHED"), theme.edge("ESTABLISHED")), (theme.fill("SYN-SENT"), theme.edge("SYN-SENT")),
    (theme.fill("FIN-WAIT-1"), theme.edge("FIN-WAIT-1")), (theme.fill("CLOSED"), theme.edge("CLOSED")),
    (theme.PAGE, theme.LOST), (theme.PAGE, theme.MUTED),
)  # fmt: skip
"""How pieces of one kind are filled and edged; a lane's pieces also differ in their words."""


class Piece(NamedTuple):
    """From where to where, what it says, and of which kind it is ("" where there is only one)."""

    start: float
    end: float
    words: str = ""
    kind: str = ""


def lanes(
    rows: Mapping[str, Sequence[Piece]], x: Scale, *, title: str, subtitle: Sequence[str] = (),
    kinds: Sequence[str] = ("",), marks: Sequence[tuple[float, str]] = (),
) -> Picture:  # fmt: skip
    """The pieces of each row, along x.

    kinds: all that there may be, in the order of their colours.   marks: places to point out, with words.
    """
    sheet, top = page(title, subtitle, WIDE, TALL * len(rows) + (18 if marks else 0) + 76)
    top += 18 if marks else 0
    bottom = top + TALL * len(rows)

    def across(value: float) -> float:
        return LEFT + x.share(value) * (RIGHT - LEFT)

    for value, words in x.ticks:
        sheet.line([(across(value), top), (across(value), bottom + 4)], theme.GRID, 1.0, tags="grid")
        sheet.text((across(value), bottom + 16), words, 10, theme.MUTED, align="center", tags="tick")
    for row, (name, pieces) in enumerate(rows.items()):
        y = top + row * TALL
        first, *more = name.split("\n")
        sheet.text((16, y + (26 if not more else 18)), fitted(first, 11.5, LEFT - 26, True), 11.5, bold=True)
        if more:
            sheet.text((16, y + 33), fitted(more[0], 10, LEFT - 26), 10, theme.MUTED)
        for piece in pieces:
            _piece(sheet, across(piece.start), across(piece.end), y + 9, piece, kinds)
    for value, words in marks:
        at = across(value)
        sheet.line([(at, top - 2), (at, bottom)], theme.INK, 1.2, dash=(3, 3), tags="mark")
        half = width(words, 10) / 2
        place = min(max(at, LEFT + half), RIGHT - half)
        sheet.text((place, top - 6), words, 10, align="center", tags="mark label")
    if x.title:
        sheet.text(((LEFT + RIGHT) / 2, bottom + 34), x.title, 11, align="center", tags="title")
    used = {piece.kind for pieces in rows.values() for piece in pieces}
    keys = [
        Key(kind, STYLES[n % len(STYLES)][0], "box", STYLES[n % len(STYLES)][1])
        for n, kind in enumerate(kinds)
        if kind and kind in used
    ]
    legend(sheet, (LEFT, bottom + 56), keys, RIGHT)
    text = _text(rows, x, title, subtitle, marks)
    return Picture(sheet.figure, text, title, description=" ".join(subtitle))


def _piece(sheet: Sheet, left: float, right: float, y: float, piece: Piece, kinds: Sequence[str]) -> None:
    face, edge = STYLES[kinds.index(piece.kind) % len(STYLES)]
    right = max(right, left + 2)
    sheet.box(left, y, right, y + 24, 2, face=face, edge=edge, width=1.2, tags="piece")
    words = fitted(piece.words, 9.5, right - left - 4)
    if len(words) > 2 or words == piece.words:  # (of longer ones a letter and dots say nothing)
        sheet.middle(((left + right) / 2, y + 12), words, 9.5, tags="words")


def _text(
    rows: Mapping[str, Sequence[Piece]], x: Scale, title: str, subtitle: Sequence[str],
    marks: Sequence[tuple[float, str]],
) -> str:  # fmt: skip
    lines = [title, *subtitle]
    for name, pieces in rows.items():
        lines.append(f"{name.replace(chr(10), ', ')}:")
        for piece in pieces:
            what = ", ".join(word for word in (piece.words, piece.kind) if word)
            lines.append(f"  {x.said(piece.start)} to {x.said(piece.end)}: {what}".rstrip(": "))
    lines += [f"at {x.said(value)}: {words}" for value, words in marks]
    return "\n".join(lines)

"""A grid of short answers: what happens for every combination of two things, one of them framed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from handshake.show import theme
from handshake.show.axes import Key, legend, page
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture

WIDE, SIDE, HEAD, TALL = 900.0, 150.0, 30.0, 44.0

STYLES = (
    (theme.PAGE, theme.GRID), (theme.fill("ESTABLISHED"), theme.edge("ESTABLISHED")),
    (theme.fill("SYN-SENT"), theme.edge("SYN-SENT")), (theme.fill("FIN-WAIT-1"), theme.edge("FIN-WAIT-1")),
    (theme.fill("CLOSED"), theme.edge("CLOSED")), (theme.GRID, theme.MUTED),
)  # fmt: skip
"""How cells of one kind are filled and edged; the words in them tell them apart as well."""

Cell = tuple[str, Sequence[str]]
"""Of which kind it is, and what it says, in a line or two."""


def grid(
    cells: Mapping[tuple[str, str], Cell], kinds: Sequence[str], *, title: str, subtitle: Sequence[str] = (),
    chosen: tuple[str, str] | None = None,
) -> Picture:  # fmt: skip
    """Cells by (row, column).   kinds: all that there may be, in the order of their colours."""
    down = list(dict.fromkeys(row for row, _ in cells))
    across = list(dict.fromkeys(column for _, column in cells))
    for kind in dict.fromkeys(kind for kind, _ in cells.values()):
        if kind not in kinds:
            raise ValueError(f"a cell is of the kind {kind!r}; there are {', '.join(kinds)}")
    sheet, top = page(title, subtitle, WIDE, HEAD + TALL * len(down) + 40)
    each = (WIDE - SIDE - 16) / len(across)
    for n, column in enumerate(across):
        sheet.middle((SIDE + (n + 0.5) * each, top + 14), fitted(column, 10, each - 4, True), 10, bold=True)
    for m, row in enumerate(down):
        y = top + HEAD + m * TALL
        sheet.text((16, y + TALL / 2 + 4), fitted(row, 10, SIDE - 22, True), 10, bold=True)
        for n, column in enumerate(across):
            if (row, column) in cells:
                kind, words = cells[row, column]
                here = (row, column) == chosen
                _cell(sheet, SIDE + n * each, y, each, kinds.index(kind), words, here)
    used = {kind for kind, _ in cells.values()}
    keys = [
        Key(kind, STYLES[n % len(STYLES)][0], "box", STYLES[n % len(STYLES)][1])
        for n, kind in enumerate(kinds)
        if kind in used
    ]
    legend(sheet, (SIDE, top + HEAD + TALL * len(down) + 20), keys, WIDE - 16)
    return Picture(sheet.figure, _text(cells, title, subtitle, chosen), title, description=" ".join(subtitle))


def _cell(sheet: Sheet, x: float, y: float, each: float, kind: int, words: Sequence[str], here: bool) -> None:
    face, edge = STYLES[kind % len(STYLES)]
    sheet.box(x + 2, y + 2, x + each - 2, y + TALL - 2, 3, face=face, edge=edge, width=1.0, tags="cell")
    if here:
        sheet.box(
            x + 0.5, y + 0.5, x + each - 0.5, y + TALL - 0.5, 4, edge=theme.INK, width=2.6, tags="chosen"
        )
    for k, line in enumerate(words):
        at = (x + each / 2, y + TALL / 2 + 12.5 * (k - (len(words) - 1) / 2))
        sheet.middle(at, fitted(line, 9.5, each - 6), 9.5, tags="words")


def _text(
    cells: Mapping[tuple[str, str], Cell], title: str, subtitle: Sequence[str], chosen: tuple[str, str] | None
) -> str:
    """Row by row, neighbours that are alike together."""
    lines = [title, *subtitle]
    for row, found in groupby(cells, lambda place: place[0]):
        lines.append(f"{row}:")
        for words, alike in groupby(found, lambda place: " ".join(cells[place][1])):
            names = [column + (" (chosen)" if (row, column) == chosen else "") for _, column in alike]
            lines.append(f"  {words}: {' | '.join(names)}")
    return "\n".join(lines)

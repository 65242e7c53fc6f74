"""A table: as text in columns, and as a page that follows the notebook's theme."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

MARK = "▶"
"""Stands before a row that is pointed out."""

CELL = "padding:1px 10px;line-height:1.35;text-align:left;vertical-align:top;white-space:pre-wrap"
CODE = "font-family:var(--jp-code-font-family,Menlo,Consolas,'DejaVu Sans Mono',monospace)"
LIT = "background:rgba(230,159,0,.25);font-weight:600"


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "", lit: Collection[int] = (),
    code: Collection[int] = (), notes: Sequence[str] = (),
) -> Table:  # fmt: skip
    """Rows under the names of their columns.

    lit: the numbers of the rows to point out, from 0.   code: those of the columns that hold bytes or code.
    notes: lines to be said below.
    """
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(
                f"a row has {len(columns)} cells, as there are columns; got {len(row)}: {row!r:.80}"
            )
    cells = tuple(tuple(map(str, row)) for row in rows)
    return Table(tuple(columns), cells, title, frozenset(lit), frozenset(code), tuple(notes))


@dataclass(frozen=True, repr=False)
class Table:
    """See `table`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str
    lit: frozenset[int]
    code: frozenset[int]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        mark = " " * len(MARK) if self.lit else ""
        told = [self.title] if self.title else []
        for number, line in enumerate(lines, -1):
            before = MARK if number in self.lit else mark
            cells = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            told.append(f"{before} {cells}".rstrip() if self.lit else cells.rstrip())
        return "\n".join([*told, *self.notes])

    def __repr__(self) -> str:
        return f"Table({self.title!r}, {len(self.rows)} rows)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    def html(self) -> str:
        """The table as HTML that needs nothing else."""
        head = "".join(f'<th scope="col" style="{CELL}">{escape(name)}</th>' for name in self.columns)
        body = []
        for number, row in enumerate(self.rows):
            style = f' style="{LIT}"' if number in self.lit else ""
            body.append(
                f"<tr{style}>{''.join(self._cell(n, cell, number) for n, cell in enumerate(row))}</tr>"
            )
        caption = f'<caption style="text-align:left;font-weight:600">{escape(self.title)}</caption>'
        head, inside = f"<thead><tr>{head}</tr></thead>", "".join(body)
        notes = "".join(f'<div style="line-height:1.5">{escape(note)}</div>' for note in self.notes)
        return (
            '<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:.4em 0">'
            f"{caption if self.title else ''}{head}<tbody>{inside}</tbody></table>"
            f"{notes}</div>"
        )

    def _cell(self, column: int, text: str, row: int) -> str:
        style = CELL + (f";{CODE}" if column in self.code else "")
        mark = f"{MARK} " if column == 0 and row in self.lit else ""
        return f'<td style="{style}">{mark}{escape(text)}</td>'

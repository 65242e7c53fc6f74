"""Two frames, or two messages, field by field: what is the same in both, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from handshake.show.bytesview import view
from handshake.wire import Span

STYLE = """
.hs-compare { font-family: var(--jp-content-font-family, system-ui, sans-serif); line-height: 1.45;
  color: var(--jp-content-font-color1, #1f2933); }
.hs-compare table { border-collapse: collapse; font-size: 0.95em; }
.hs-compare caption { text-align: left; font-weight: 600; padding: 0 0 0.4em; }
.hs-compare th, .hs-compare td { padding: 0.2em 0.9em; text-align: left !important; vertical-align: top;
  border-bottom: 1px solid var(--jp-border-color2, #d5dae0); }
.hs-compare td.value { font-family: var(--jp-code-font-family, ui-monospace, monospace);
  overflow-wrap: anywhere; max-width: 24em; }
.hs-compare tr.differs :is(th, td) { background: color-mix(in srgb, #e69f00 18%, transparent); }
.hs-compare tr.differs th::before { content: "\\2260\\00a0"; font-weight: 700; }
.hs-compare tr.same th::before { content: "=\\00a0"; opacity: 0.6; }
.hs-compare tr th[scope=row] { font-weight: 400; }
.hs-compare tr.differs th[scope=row] { font-weight: 600; }
"""


class Row(NamedTuple):
    """One field: its path and name, and its value in either; "" where one does not have it."""

    part: str
    name: str
    one: str
    other: str


@dataclass(frozen=True)
class Comparison:
    """Two messages field by field, as `compare` makes it."""

    titles: tuple[str, str]
    rows: tuple[Row, ...]
    everything: bool

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows to show: those that differ, or all of them."""
        return tuple(row for row in self.rows if self.everything or row.one != row.other)

    @property
    def caption(self) -> str:
        """How many fields differ."""
        differ = sum(row.one != row.other for row in self.rows)
        return f"{differ} of {len(self.rows)} fields differ"

    def __str__(self) -> str:
        lines = [self.caption, f"     {'field':40}  {self.titles[0]:30}  {self.titles[1]}"]
        for row in self.shown:
            sign = " = " if row.one == row.other else " ≠ "
            name = f"{row.part}: {row.name}"
            lines.append(f"{sign}  {name:40}  {row.one or 'not there':30}  {row.other or 'not there'}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    def html(self) -> str:
        """The table as one HTML fragment."""
        head = "".join(f'<th scope="col">{escape(title)}</th>' for title in ("field", *self.titles))
        body = "".join(map(_row_html, self.shown))
        return (
            f'<div class="hs-compare"><style>{STYLE}</style><table><caption>{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def compare(
    one: Any, other: Any, *, titles: tuple[str, str] = ("one", "other"), everything: bool = False
) -> Comparison:
    """Compare two transits or messages, field by field.

    titles: what to call them.   everything: show the fields that agree, too.
    """
    first, second = _values(one), _values(other)
    keys = list(dict.fromkeys([*first, *second]))
    rows = tuple(Row(" / ".join(key[0]), key[1], first.get(key, ""), second.get(key, "")) for key in keys)
    return Comparison(titles, rows, everything)


def _values(thing: Any) -> dict[tuple[tuple[str, ...], str, int], str]:
    """The value of every field, by its path, its name, and how often that name came before."""
    shown = view(thing)
    found: dict[tuple[tuple[str, ...], str, int], str] = {}
    for span in shown.spans:
        count = 0
        while (span.path, span.name, count) in found:
            count += 1
        found[span.path, span.name, count] = _text(span, shown.data)
    return found


def _text(span: Span, data: bytes) -> str:
    value = span.value(data)
    words = span.text(data)
    plain = value.hex(" ") if isinstance(value, bytes) else str(value)
    if len(plain) > 60:
        plain = f"{plain[:56]} ..."
    return words if words and isinstance(value, bytes) else f"{plain} ({words})" if words else plain


def _row_html(row: Row) -> str:
    kind = "same" if row.one == row.other else "differs"
    values = "".join(
        f'<td class="value">{escape(value) or "not there"}</td>' for value in (row.one, row.other)
    )
    return f'<tr class="{kind}"><th scope="row">{escape(row.part)}: {escape(row.name)}</th>{values}</tr>'

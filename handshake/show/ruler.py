"""A header as the standards draw it, 32 bits in a row, with its bits: point at a field, or click it.

As in `bytespage`, no script is needed: a field that is pointed at or has the focus brings up its note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

from handshake.show.bytespage import FOCUSABLE
from handshake.show.bytesview import ByteView, checked_id, hex_text, plain, view
from handshake.wire import Span

CSS = Path(__file__).with_name("ruler.css").read_text(encoding="utf-8")

LINE = 32
"""Bits in a row."""

MOST_ROWS = 24
"""Of something long only so much is drawn."""

HINT = "Point at a field, click it, or walk with Tab."

LIT = "background:#ffd54f;color:#111;outline:2px solid #b26a00"

_numbers = count(1)


@dataclass(frozen=True, repr=False)
class Ruler:
    """Bytes, drawn 32 bits in a row.

    shown: the bytes and their fields.   lit: the name of a field that is lit from the start.
    flipped: bits to be marked, counted from the first of byte 0.   rows: those that are drawn.
    """

    shown: ByteView
    lit: str = ""
    flipped: frozenset[int] = frozenset()
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*self._chosen(), str(self.shown)])

    def __repr__(self) -> str:
        return f"Ruler({self.shown.title!r}, {len(self.shown.data)} bytes)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    def _chosen(self) -> Iterator[str]:
        for span in self.shown.spans:
            if span.name == self.lit:
                yield _note(self.shown, span).replace("\n", "; ")
        if self.flipped:
            found = [f"bit {bit % 8} of byte {bit // 8}" for bit in sorted(self.flipped)]
            more = f" and {len(found) - 8} more" if len(found) > 8 else ""
            yield f"flipped: {', '.join(found[:8])}{more}"

    def html(self, uid: str | None = None) -> str:
        """The ruler as HTML that needs nothing else.   uid: the id of its outermost element."""
        uid = checked_id(uid or f"hs-ruler-{next(_numbers)}")
        spans = [span for span in self.shown.spans if any(_touches(span, row) for row in self.rows)]
        tints: dict[str, int] = {}
        for span in spans:
            tints.setdefault(span.path[0], len(tints) % 6)
        return "".join(
            [
                f'<figure class="hs-ruler" id="{uid}" aria-labelledby="{uid}-c"><style>',
                CSS.replace("#u", f"#{uid}"),
                *self._rules(uid, spans),
                f'</style><figcaption id="{uid}-c">{escape(self.shown.caption)}</figcaption>',
                '<div class="scroll"><div class="grid">',
                *_bit_numbers(),
                *self._fields(spans, tints),
                f'</div></div><div class="notes"><div class="hint">{HINT}</div>',
                *(
                    f'<div class="d l{n}">{_said(_note(self.shown, span))}</div>'
                    for n, span in enumerate(spans)
                ),
                f'</div><details class="twin"><summary {FOCUSABLE}>The same as text</summary>',
                f"<pre {FOCUSABLE}>{escape(str(self))}</pre></details></figure>",
            ]
        )

    def _rules(self, uid: str, spans: Sequence[Span]) -> Iterator[str]:
        """What is lit, and which note is seen: what is pointed at, or clicked, or else the chosen field."""
        touched = ":is(.f:hover,.f:focus)"
        yield f"#{uid}:has({touched}) .hint{{display:none}}"
        for n, span in enumerate(spans):
            if span.name == self.lit:
                yield f"#{uid} .f.l{n}{{{LIT}}}#{uid} .hint{{display:none}}"
                yield f"#{uid}:not(:has({touched})) .d.l{n}{{display:block}}"
        for n in range(len(spans)):
            # A field under the mouse goes before one that was clicked.
            over = f".f.l{n}:hover"
            clicked = f"#{uid}:not(:has(.f:hover)):has(.f.l{n}:focus)"
            yield f"#{uid}:has({over}) .d.l{n},{clicked} .d.l{n}{{display:block}}"
            yield f"#{uid}:has(.f.l{n}:is(:hover,:focus)) .f.l{n}{{{LIT}}}"

    def _fields(self, spans: Sequence[Span], tints: dict[str, int]) -> Iterator[str]:
        """Every field, in as many pieces as it has rows."""
        data = self.shown.data
        drawn = set()  # fields that have a piece already: only the first of them is reached by Tab
        line, before = 1, -1
        for row in self.rows:
            line += 1
            if row > before + 1:
                what = f"… {4 * (row - before - 1)} more bytes"
                yield f'<div class="gap" style="grid-row:{line}">{what}</div>'
                line += 1
            before = row
            yield f'<div class="o" style="grid-column:1;grid-row:{line}">byte {row * LINE // 8}</div>'
            for n, span in enumerate(spans):
                if not _touches(span, row):
                    continue
                first = 8 * span.start + span.bit
                low, high = max(first, row * LINE), min(first + span.bits, (row + 1) * LINE)
                column, wide = low % LINE + 2, high - low
                narrow = " narrow" if wide < 4 else ""
                name = plain(span.name)
                label, tab = f' aria-label="{escape(name)}"', FOCUSABLE
                if n in drawn:
                    label, tab = ' aria-hidden="true"', 'tabindex="-1"'
                bits = self._bits(low, high)
                short = "…" if low > first else _initials(name) if narrow else name
                yield (
                    f'<div class="f l{n} t{tints[span.path[0]]}{narrow}" {tab}{label} role="button" '
                    f'style="grid-column:{column}/span {wide};grid-row:{line}">'
                    f'<span class="n">{escape(short)}</span><span class="v">{bits}</span></div>'
                )
                drawn.add(n)
        last = -(-len(data) * 8 // LINE) - 1
        if before < last:
            what = f"… {len(data) - 4 * (before + 1)} more bytes"
            yield f'<div class="gap" style="grid-row:{line + 1}">{what}</div>'

    def _bits(self, low: int, high: int) -> str:
        """The digits of the bits [low, high), each in its column."""
        data = self.shown.data
        digits = []
        for bit in range(low, high):
            digit = data[bit // 8] >> (7 - bit % 8) & 1
            kind = ' class="x"' if bit in self.flipped else ""
            digits.append(f"<span{kind}>{digit}</span>")
        return "".join(digits)


def ruler(
    thing: Any, *, title: str | None = None, spans: Sequence[Span] | None = None, lit: str = "",
    flipped: Collection[int] = (), near: int | None = None,
) -> Ruler:  # fmt: skip
    """The bits of `thing`, 32 in a row, and the fields that they make up.

    thing, title, spans: as in `show.bytes`.   lit: the name of a field to begin with.
    flipped: bits to be marked as changed, counted from the first bit of byte 0.
    near: draw only so many rows above and below those of the flipped bits; all (but no more than MOST_ROWS)
    if None.
    """
    shown = view(thing, title=title, spans=spans)
    if lit and all(span.name != lit for span in shown.spans):
        raise ValueError(f"no field {lit!r}: there are {', '.join(span.name for span in shown.spans)}")
    rows = list(range(-(-len(shown.data) * 8 // LINE)))
    if near is not None and flipped:
        rows = [row for row in rows if any(abs(row - bit // LINE) <= near for bit in flipped)]
    return Ruler(shown, lit, frozenset(flipped), tuple(rows[:MOST_ROWS]))


def _touches(span: Span, row: int) -> bool:
    first = 8 * span.start + span.bit
    return first < (row + 1) * LINE and first + span.bits > row * LINE


def _initials(name: str) -> str:
    """A name that fits over a single bit: as it is if short, or DF for "don't fragment"."""
    return name if len(name) <= 4 else "".join(word[0].upper() for word in name.split())


def _bit_numbers() -> Iterator[str]:
    for bit in range(LINE):
        yield f'<div class="k" style="grid-column:{bit + 2};grid-row:1" aria-hidden="true">{bit}</div>'


def _note(shown: ByteView, span: Span) -> str:
    """Name and owner; where; hex, decimal and bits; what it means."""
    decimal, code, words = shown.values(span)
    last = span.end - 1
    where = f"byte {span.start}" if span.start == last else f"bytes {span.start} to {last}"
    if span.is_bits:
        where += f", bit {span.bit}" if span.bits == 1 else f", bits {span.bit} to {span.bit + span.bits - 1}"
    lines = [f"{plain(span.name)}\n{plain(' › '.join(span.path))}: {where}"]
    if decimal:
        lines.append(f"{code} = {decimal}" + (f": {words}" if words else ""))
    else:
        lines.append(hex_text(shown.data[span.start : span.end], 24) + (f": {words}" if words else ""))
    if span.meaning:
        lines.append(plain(span.meaning))
    return "\n".join(lines)


def _said(note: str) -> str:
    name, _, others = note.partition("\n")
    return f"<b>{escape(name)}</b>\n{escape(others)}"

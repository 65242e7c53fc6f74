"""The page of a `ByteView`: bytes and fields that light each other up, without JavaScript.

A run of bytes and its field carry the same class (".l3" for field number 3), and one CSS rule a field says:
if anything of class l3 is pointed at or has the focus, light all of class l3.  The same rule brings up the
note about the field, which waits, hidden, below the dump.

The other classes: b some bytes, f a field, h the heading of a group, g2 group number 2, d a note, t2 colour
number 2, e encrypted, q not explained.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from handshake.show.bytesview import ROW, ByteView, Group, common, hex_text, many, plain
from handshake.wire import Span

FOCUSABLE = 'tabindex="0" data-lm-suppress-shortcuts="true"'
"""Reached by Tab; and JupyterLab then leaves its keys alone (one-letter commands that delete cells)."""

CSS = Path(__file__).with_name("bytespage.css").read_text(encoding="utf-8")

CELLS = {".": "<i></i>", "0": "<b>0</b>", "1": '<b class="on">1</b>'}

LIT = "visibility:visible;position:static;background:#ffd54f;color:#111;outline:2px solid #b26a00"


def page(shown: ByteView, uid: str) -> str:
    """The view as HTML that needs nothing else; uid is the id of its outermost element."""
    groups = {group: None for groups in shown.groups for group in groups}
    numbers = {group: number for number, group in enumerate(groups)}
    parts = [
        f'<figure class="hs-bytes" id="{uid}" aria-labelledby="{uid}-c">',
        f"<style>{CSS.replace('#u', f'#{uid}')}",
        *_rules(shown, uid, len(numbers)),
        f'</style><figcaption id="{uid}-c">{escape(shown.caption)}</figcaption><div class="panes">',
        *_key(numbers),
        *_dump(shown, numbers),
        *_list(shown, numbers),
        *_notes(shown),
        f'</div><details class="twin"><summary {FOCUSABLE}>The same as text</summary>',
        f"<pre {FOCUSABLE}>{escape(str(shown))}</pre></details></figure>",
    ]
    return "".join(parts)


def _rules(shown: ByteView, uid: str, groups: int) -> Iterator[str]:
    """One rule a field, and one a heading: what it lights."""
    for number in range(sum(map(len, shown.units))):
        yield f"#{uid}:has(.l{number}:is(:hover,:focus)) .l{number}{{{LIT}}}"
    for number in range(groups):
        yield f"#{uid}:has(.h.g{number}:is(:hover,:focus)) .b.g{number}{{{LIT}}}"


def _key(numbers: dict[Group, int]) -> Iterator[str]:
    """Which colour is which layer."""
    yield '<div class="key" aria-hidden="true">'
    for group, number in numbers.items():
        if len(group.path) == 1:
            name, size = _safe(group.path[0]), many(group.end - group.start, "byte")
            yield f'<span class="h g{number} t{group.tint}">{name} <i>{size}</i></span>'
    yield "</div>"


def _dump(shown: ByteView, numbers: dict[Group, int]) -> Iterator[str]:
    """Rows of sixteen bytes: offset, hex, text.  Neighbours that belong to one field are one element."""
    owners: list[tuple[int, ...]] = [()] * shown.shown  # for each byte, the fields that it belongs to
    kinds: dict[int, str] = {}  # for each field, the other classes of its bytes
    field = 0
    for unit, groups in zip(shown.units, shown.groups, strict=True):
        for span in unit:
            kinds[field] = _kind(span, groups) + "".join(f" g{numbers[group]}" for group in groups)
            for n in range(span.start, min(span.end, shown.shown)):
                owners[n] += (field,)
            field += 1
    label = f"Hex dump of {many(shown.shown, 'byte')}; the list of fields gives the same bytes by name"
    yield f'<div class="dump" role="group" {FOCUSABLE} aria-label="{label}">'
    columns = " ".join(f"{n:2x}" for n in range(ROW))
    yield f'<div class="o">      {columns}</div>'
    for start in range(0, shown.shown, ROW):
        end = min(start + ROW, shown.shown)
        octets, letters = [], []
        for fields, places in groupby(range(start, end), owners.__getitem__):
            run = bytes(map(shown.data.__getitem__, places))
            kind = "".join(f" l{n}" for n in fields) + kinds[fields[0]]
            octets.append(f'<span class="b{kind}">{run.hex(" ")}</span>')
            text = "".join(chr(c) if 32 <= c < 127 else "·" for c in run)
            letters.append(f'<span class="a{kind}">{escape(text)}</span>')
        gap = " " * (3 * (ROW - end + start) + 2)
        yield f'<div><span class="o">{start:04x}  </span>{" ".join(octets)}{gap}{"".join(letters)}</div>'
    for more in (shown.rest, shown.lost):
        if more:
            yield f'<div>      <span class="gone">{more}</span></div>'
    yield "</div>"


def _kind(span: Span, groups: tuple[Group, ...]) -> str:
    """The classes of a field that say what it looks like."""
    kind = f" t{groups[0].tint}" if groups else " t5"
    if "encrypted" in "/".join((*span.path, span.name)).lower():
        kind += " e"
    return kind + " q" * (span.name == "not explained")


def _list(shown: ByteView, numbers: dict[Group, int]) -> Iterator[str]:
    """The fields under their headings, which fold."""
    yield '<div class="list"><ul>'
    opened: tuple[Group, ...] = ()
    field = 0
    for unit, groups in zip(shown.units, shown.groups, strict=True):
        same = common(opened, groups)
        yield "</ul></details></li>" * (len(opened) - same)
        for group in groups[same:]:
            size = many(group.end - group.start, "byte")
            yield (
                f'<li><details open><summary class="h g{numbers[group]} t{group.tint}" {FOCUSABLE}>'
                f'{_safe(group.path[-1])} <span class="w">{size}</span></summary><ul>'
            )
        opened = groups
        for span in unit:
            decimal, _, words = shown.values(span)
            octets = cells(shown.bits(span, unit)) if span.is_bits else _octets(shown, span, 16)
            yield (
                f'<li class="f l{field}{_kind(span, groups)}" {FOCUSABLE}>'
                f'{_safe(span.name)}{octets}<span class="v"><b>{decimal}</b> {escape(words)} '
                f'<span class="m">{_safe(span.meaning)}</span></span></li>'
            )
            field += 1
    yield "</ul></details></li>" * len(opened)
    yield "</ul></div>"


def _notes(shown: ByteView) -> Iterator[str]:
    """What each field means: only the note of a lit field is seen.  Bit fields share one."""
    hint = "Point at a byte or a field, or walk the fields with Tab."
    yield f'<div class="notes"><div class="hint">{hint}</div>'
    field = 0
    for unit, groups in zip(shown.units, shown.groups, strict=True):
        start, end = unit[0].start, unit[-1].end
        place = f"byte {start}" if end - start == 1 else f"bytes {start} to {end - 1}"
        kind = _kind(unit[0], groups)
        where = f"{_safe(' › '.join(unit[0].path))}, {place}"
        classes = "".join(f" l{field + n}" for n in range(len(unit)))
        if not unit[0].is_bits:
            span = unit[0]
            decimal, code, words = shown.values(span)
            octets = hex_text(shown.data[start:end], 32)
            number = f" = {code} = {decimal}" if decimal else ""
            yield (
                f'<div class="d{kind}{classes}"><b>{_safe(span.name)}</b> {where}\n{octets}{number} '
                f"{escape(words)}\n{_safe(span.meaning)}</div>"
            )
        else:
            octets = shown.data[start:end].hex(" ")
            yield f'<div class="d{kind}{classes}"><b>{8 * (end - start)} bits</b> {where}: {octets}'
            for n, span in enumerate(unit, field):
                decimal, _, words = shown.values(span)
                yield (
                    f'<div class="bit l{n}">{cells(shown.bits(span, unit))}'
                    f'<span class="v">{_safe(span.name)} <b>{decimal}</b> {escape(words)} '
                    f'<span class="m">{_safe(span.meaning)}</span></span></div>'
                )
            yield "</div>"
        field += len(unit)
    yield "</div>"


def _octets(shown: ByteView, span: Span, most: int) -> str:
    return f'<span class="x">{hex_text(shown.data[span.start : span.end], most)}</span>'


def _safe(text: str) -> str:
    """A name for the page: it may come from a capture, that is, from anybody."""
    return escape(plain(text))


def cells(octets: list[str]) -> str:
    """Bytes drawn as eight cells each: the field's own hold a digit, those of other fields are empty."""
    drawn = ("".join(map(CELLS.__getitem__, octet)) for octet in octets)
    boxes = "".join(f'<span class="c">{eight}</span>' for eight in drawn)
    return f'<span aria-hidden="true">{boxes}</span>'

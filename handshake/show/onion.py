"""A frame as nested parcels: each layer's own bytes, and around them nothing but what it carries.

Rows are the seven layers of the OSI model, the uppermost first, with the Internet's four names beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handshake.errors import count_bytes
from handshake.show import theme
from handshake.show.axes import page
from handshake.show.pen import Sheet, fitted, width
from handshake.show.picture import Picture

if TYPE_CHECKING:
    from handshake.peel import Onion, Skin

OSI = (
    "7 application", "6 presentation", "5 session", "4 transport", "3 network", "2 data link", "1 physical",
)  # fmt: skip
"""The layers of ITU-T X.200, the uppermost first."""

INTERNET = {"application": (0, 2), "transport": (3, 3), "internet": (4, 4), "link": (5, 6)}
"""The layers of RFC 1122, and which of the rows each of them covers."""

EMPTY = {
    "5 session": "empty: TCP and TLS have their own beginnings and ends",
    "1 physical": "bits; beside the frame 8 bytes before it, and a CRC of 4, which most captures lack",
    "6 presentation": "empty: nothing is encoded or encrypted on the way",
    "7 application": "empty: no program has said anything yet",
}
"""What is to be said of a row in which this frame has nothing."""

SEALED = "sealed in the record below: nobody here has the key"

WIDE, TALL = 900.0, 50.0
LEFT, RIGHT = 138.0, 618.0  # of the bars
READERS, NAMES = 632.0, 802.0

FILLS = {
    "2": (theme.fill("CLOSED"), theme.edge("CLOSED")),
    "3": (theme.fill("FIN-WAIT-1"), theme.edge("FIN-WAIT-1")),
    "4": (theme.fill("SYN-SENT"), theme.edge("SYN-SENT")),
    "6": (theme.fill("ESTABLISHED"), theme.edge("ESTABLISHED")),
    "7": (theme.PAGE, theme.CLIENT),
}
"""For each row the colours of its own bytes."""


def onion(peeled: Onion, *, at: str = "", title: str = "") -> Picture:
    """The layers of a frame; the bars of all rows have one scale, in bytes.

    at: the name of the layer that one has come to; those outside it are taken off.
    """
    names = [skin.name for skin in peeled.skins]
    here = names.index(at) if at in names else 0
    size = len(peeled.frame)
    title = title or f"{size} bytes, layer by layer"
    words = [
        "Each row adds its own bytes (framed, with their number) to what it is handed; striped: encrypted."
    ]
    sheet, top = page(title, words, WIDE, 24 + TALL * len(OSI) + 10)
    for text, x in (
        ("OSI", 16.0),
        ("bytes, all rows to one scale", LEFT),
        ("read by", READERS),
        ("Internet", NAMES),
    ):
        sheet.text((x, top + 12), text, 10, theme.MUTED)
    top += 24
    scale = (RIGHT - LEFT) / size
    for row, osi in enumerate(OSI):
        y = top + row * TALL
        sheet.line([(16, y), (NAMES - 12, y)], theme.GRID, 1.0)
        found = [(n, skin) for n, skin in enumerate(peeled.skins) if skin.layer.osi == osi]
        current = bool(at) and any(number == here for number, _ in found)
        sheet.text((16, y + 29), osi, 12, bold=current, tags="osi")
        if not found:
            sheet.text((LEFT, y + 29), _empty(peeled, row), 10.5, theme.MUTED, italic=True, tags="empty")
            continue
        number, skin = found[0]
        number = max(number for number, _ in found)
        if at and number < here:
            what = f"{', '.join(each.name for _, each in found)}: taken off"
            sheet.text((LEFT, y + 29), what, 10.5, theme.MUTED, italic=True, tags="off")
            continue
        for _, each in reversed(found):
            _bar(sheet, each, _sealed(peeled, each), y + 18, scale)
        labels = " and ".join(each.name for _, each in found)
        _words(sheet, f"{labels}: {skin.words}", y + 13, scale * _start(found[-1][1]) + LEFT)
        sheet.text(
            (READERS, y + 29), fitted(skin.layer.read_by, 10.5, NAMES - READERS - 14), 10.5, tags="reader"
        )
        if current:
            sheet.box(10, y + 2, NAMES - 8, y + TALL - 2, 6, edge=theme.INK, width=2.0, tags="here")
    _internet(sheet, top)
    return Picture(sheet.figure, _text(peeled, at, here), title, description=repr(peeled))


def _text(peeled: Onion, at: str, here: int) -> str:
    """All seven rows, as the picture has them."""
    lines = [f"at {at}"] if at else []
    lines.append(f"{'OSI':15} {'Internet':12} {'adds':>9}  layer, and who reads it")
    for row, osi in enumerate(OSI):
        internet = next(name for name, (first, last) in INTERNET.items() if first <= row <= last)
        found = [(n, skin) for n, skin in enumerate(peeled.skins) if skin.layer.osi == osi]
        for n, skin in reversed(found):
            off = ", taken off" if at and n < here else ""
            sealed = ", sealed inside" if skin.sealed and skin is peeled.skins[-1] else ""
            size = count_bytes(skin.adds)
            readers = f"; read by {skin.layer.read_by}"
            lines.append(f"{osi:15} {internet:12} {size:>9}  {skin.name}: {skin.words}{sealed}{off}{readers}")
        if not found:
            lines.append(f"{osi:15} {internet:12} {'':>9}  {_empty(peeled, row)}")
    if peeled.carried:
        lines.append(f"{'carried':28} {count_bytes(peeled.carried):>9}")
    lines.append(f"{'the frame':28} {count_bytes(len(peeled.frame)):>9}")
    return "\n".join(lines)


def _empty(peeled: Onion, row: int) -> str:
    """What is to be said of a row that has nothing."""
    inmost = peeled.skins[-1]
    if inmost.sealed and row < OSI.index(inmost.layer.osi):
        return SEALED
    return EMPTY.get(OSI[row], "empty")


def _start(skin: Skin) -> int:
    return min(skin.own[0][0], skin.inside[0])


def _sealed(peeled: Onion, skin: Skin) -> tuple[int, int] | None:
    """Which bytes inside a layer are encrypted, as seen from there."""
    for each in peeled.skins:
        if each.sealed and (each is not skin or peeled.skins[-1] is skin):
            return each.inside
    return None


def _bar(sheet: Sheet, skin: Skin, sealed: tuple[int, int] | None, y: float, scale: float) -> None:
    """What a layer carries, and its own bytes beside it."""
    face, edge = FILLS.get(skin.layer.osi[0], FILLS["7"])
    low, high = y, y + 22
    first, last = skin.inside
    if last > first:
        left, right = LEFT + first * scale, LEFT + last * scale
        sheet.box(left, low, right, high, 0, face=theme.GRID, tags=f"inside {skin.name}")
        if sealed and first <= sealed[0] and sealed[1] <= last:
            _hatched(sheet, LEFT + sealed[0] * scale, low, LEFT + sealed[1] * scale, high)
    for start, end in skin.own:
        left, right = LEFT + start * scale, LEFT + end * scale
        sheet.box(
            left, low, max(right, left + 2), high, 0, face=face, edge=edge, width=1.4, tags=f"own {skin.name}"
        )
        number = str(end - start)
        if width(number, 10, True) < right - left - 2:
            sheet.middle(((left + right) / 2, y + 11), number, 10, bold=True, tags="number")


def _hatched(sheet: Sheet, left: float, top: float, right: float, bottom: float) -> None:
    """Strokes over bytes that nobody reads without the key."""
    tall = bottom - top
    at = left - tall
    while at < right:
        a, b = max(at, left), min(at + tall, right)
        if b > a:
            sheet.line([(a, bottom - (a - at)), (b, bottom - (b - at))], theme.MUTED, 0.8, tags="sealed")
        at += 6


def _words(sheet: Sheet, text: str, y: float, x: float) -> None:
    """Words over a bar: from its beginning, or so far to the left that they fit."""
    text = fitted(text, 10, RIGHT - LEFT)
    sheet.text((max(LEFT, min(x, RIGHT - width(text, 10))), y), text, 10, tags="words")


def _internet(sheet: Sheet, top: float) -> None:
    """The names of the Internet's own model, each with a bracket over the rows that it covers."""
    for name, (first, last) in INTERNET.items():
        a, b = top + first * TALL + 4, top + (last + 1) * TALL - 4
        sheet.line([(NAMES, a), (NAMES + 5, a), (NAMES + 5, b), (NAMES, b)], theme.RAIL, 1.2, tags="bracket")
        sheet.text((NAMES + 12, (a + b) / 2 + 4), name, 11.5, tags="internet")

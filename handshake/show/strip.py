"""The messages of a handshake along one line, and below it, proof by proof, which of them it covers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from handshake.show import theme
from handshake.show.axes import Key, legend, page
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture
from handshake.trace import OTHER

WIDE, SIDE, LINE, TALL = 900.0, 164.0, 76.0, 46.0
WHOLE = "all"
"""What is covered of a message, where it is the whole of it; any other word names a part."""

ARROW = {"client": "→", "server": "←"}
FILLS = {
    "whole": (theme.fill("ESTABLISHED"), theme.edge("ESTABLISHED")),
    "part": (theme.fill("SYN-SENT"), theme.edge("SYN-SENT")),
    "sealed": (theme.fill("CLOSED"), theme.edge("CLOSED")),
}
_sealed = Key("sealed on its way", FILLS["sealed"][0], "box", FILLS["sealed"][1])
_changed = Key("changed on its way", theme.PAGE, "box", theme.LOST)


class Block(NamedTuple):
    """A message.   changed: whether somebody has changed it on its way.   sealed: whether it is encrypted."""

    number: int
    name: str
    sender: str
    sealed: bool = False
    changed: bool = False


class Proof(NamedTuple):
    """A signature, or a keyed check.

    at: the number of the message that carries it.   covers: for the number of a message, which part of it.
    says: what becomes of it.   broken: the numbers of those by which it does not fit any more.
    """

    name: str
    at: int
    covers: Mapping[int, str]
    says: str = ""
    broken: tuple[int, ...] = ()


def strip(
    blocks: Sequence[Block], proofs: Sequence[Proof], *, title: str, subtitle: Sequence[str] = (),
    chosen: str = "",
) -> Picture:  # fmt: skip
    """Messages in their order, and what each proof covers.   chosen: the name of a proof to be framed."""
    sheet, top = page(title, subtitle, WIDE, LINE + TALL * len(proofs) + 52)
    each = (WIDE - SIDE - 14) / max(1, len(blocks))
    for n, block in enumerate(blocks):
        _block(sheet, SIDE + n * each, top, each, block)
    for m, proof in enumerate(proofs):
        y = top + LINE + m * TALL
        here = proof.name == chosen
        if here:
            sheet.box(8, y + 1, WIDE - 8, y + TALL - 1, 5, edge=theme.INK, width=2.0, tags="chosen")
        sheet.text((16, y + 20), fitted(proof.name, 10, SIDE - 22, True), 10, bold=True, tags="proof")
        ink = theme.LOST if proof.broken else theme.MUTED
        sheet.text((16, y + 35), fitted(proof.says, 9.5, SIDE - 22), 9.5, ink, tags="says")
        for n, block in enumerate(blocks):
            _cell(sheet, SIDE + n * each, y + 8, each, block, proof)
    parts = {part for proof in proofs for part in proof.covers.values()}
    keys = [
        *([Key("covered, whole", FILLS["whole"][0], "box", FILLS["whole"][1])] if WHOLE in parts else []),
        *([Key("covered, in part", FILLS["part"][0], "box", FILLS["part"][1])] if parts - {WHOLE} else []),
        *([_sealed] if any(block.sealed for block in blocks) else []),
        *([_changed] if any(block.changed for block in blocks) else []),
    ]
    legend(sheet, (16, top + LINE + TALL * len(proofs) + 24), keys, WIDE - 16)
    text = _text(blocks, proofs, title, subtitle, chosen)
    return Picture(sheet.figure, text, title, description=" ".join(subtitle))


def _lines(name: str) -> list[str]:
    """A name in pieces that fit a narrow box: Server Key Exchange, Certificate Verify."""
    return re.findall(r"[A-Z][a-z]*|[^A-Z]+", name)[:3]


def _block(sheet: Sheet, x: float, y: float, each: float, block: Block) -> None:
    face, edge = FILLS["sealed"] if block.sealed else (theme.PAGE, theme.END.get(block.sender, theme.INK))
    if block.changed:
        edge = theme.LOST
    over = f"{ARROW.get(block.sender, '')} {block.number}"
    sheet.middle((x + each / 2, y + 6), over, 9.5, theme.END.get(block.sender, theme.INK), tags="number")
    sheet.box(
        x + 2, y + 14, x + each - 2, y + LINE - 8, 4, face=face, edge=edge,
        width=2.4 if block.changed else 1.2, tags="block",
    )  # fmt: skip
    lines = _lines(block.name) + (["changed"] if block.changed else [])
    for k, line in enumerate(lines):
        at = (x + each / 2, y + 3 + LINE / 2 + 11.5 * (k - (len(lines) - 1) / 2))
        changed = block.changed and k == len(lines) - 1
        ink = theme.LOST if changed else theme.INK
        sheet.middle(at, fitted(line, 9, each - 5, changed), 9, ink, bold=changed, tags="name")


def _cell(sheet: Sheet, x: float, y: float, each: float, block: Block, proof: Proof) -> None:
    middle = (x + each / 2, y + 15)
    if block.number == proof.at:
        sheet.line([(x + 4, y), (x + 4, y + 30)], theme.RAIL, 2.2, tags="proof")
        words = ["here", *([f"its {proof.covers[proof.at]}"] if proof.at in proof.covers else [])]
        for k, line in enumerate(words):
            at = (middle[0], middle[1] + 12 * (k - (len(words) - 1) / 2))
            sheet.middle(at, fitted(line, 9.5, each - 10), 9.5, bold=not k, tags="here")
        return
    part = proof.covers.get(block.number, "")
    if not part:
        if block.number < proof.at:
            sheet.middle(middle, "not", 9.5, theme.MUTED, tags="not")
        return
    face, edge = FILLS["whole" if part == WHOLE else "part"]
    inset = 3.0 if part == WHOLE else 7.0
    broken = block.number in proof.broken
    sheet.box(
        x + 3, y + inset, x + each - 3, y + 30 - inset, 2, face=face, edge=theme.LOST if broken else edge,
        width=2.6 if broken else 1.0, tags="cover",
    )  # fmt: skip
    sheet.middle(middle, fitted("differs" if broken else part, 9, each - 8), 9, bold=broken, tags="part")


def _text(
    blocks: Sequence[Block], proofs: Sequence[Proof], title: str, subtitle: Sequence[str], chosen: str
) -> str:
    lines = [title, *subtitle, "messages:"]
    for block in blocks:
        to = OTHER.get(block.sender, "")
        how = [f"{block.sender} to {to}", *(["sealed"] if block.sealed else [])]
        how += ["changed on its way"] if block.changed else []
        lines.append(f"  {block.number:2} {block.name}: {', '.join(how)}")
    for proof in proofs:
        says = f", {proof.says}" if proof.says else ""
        lines.append(
            f"{proof.name}, in message {proof.at}{says}{' (chosen)' if proof.name == chosen else ''}:"
        )
        whole = [str(number) for number, part in proof.covers.items() if part == WHOLE]
        parts = [f"{part} of {number}" for number, part in proof.covers.items() if part != WHOLE]
        not_ = [str(b.number) for b in blocks if b.number < proof.at and b.number not in proof.covers]
        lines.append(f"  covers {', '.join([*whole, *parts]) or 'nothing'}")
        if not_:
            lines.append(f"  does not cover {', '.join(not_)}")
        if proof.broken:
            lines.append(f"  differs in {', '.join(map(str, proof.broken))}")
    return "\n".join(lines)

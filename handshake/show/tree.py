"""The key schedule of TLS 1.3 as a tree: three secrets downwards, and from each what is made of it.

From left to right: what goes in, the three secrets, the messages that a secret covers, the secret, its keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from handshake.show import theme
from handshake.show.axes import page
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture
from handshake.tls.derive13 import SHARED
from handshake.tls.schedule import TREE
from handshake.trace import Secret, Trace

SPINE = {"Early Secret": "PSK", "Handshake Secret": SHARED, "Master Secret": ""}
"""The three secrets, and what goes into each from the left; "" for nothing but zeros."""

COLUMNS = {
    "input": (16.0, 132.0), "spine": (176.0, 142.0), "covers": (356.0, 150.0), "secret": (532.0, 252.0),
    "keys": (810.0, 174.0),
}  # fmt: skip
"""Where each column begins, and how wide its boxes are."""

WIDE, TALL, ROW, GAP = 1000.0, 40.0, 50.0, 16.0


@dataclass
class Branch:
    """A secret below one of the three: which messages it covers, up to which, and what is made of it."""

    secret: Secret
    covers: tuple[int, ...]
    until: str
    keys: list[Secret] = field(default_factory=list)


def tree(
    secrets: Trace | Sequence[Secret], *, end: str = "client", lit: Collection[str] = (),
    touched: int | None = None,
    title: str = "The key schedule of TLS 1.3",
) -> Picture:  # fmt: skip
    """The schedule of one end of a connection.

    secrets: a trace, or its secrets.   end: whose, "client" or "server".
    lit: labels that are pointed out (they have another value than before, say).
    touched: the number of a message; what covers it is pointed out as well.
    ValueError if there is no schedule of TLS 1.3 among them.
    """
    every = secrets.secrets if isinstance(secrets, Trace) else secrets
    known = {each.label: each for each in every if each.end == end}
    if "Early Secret" not in known:
        raise ValueError("there is no key schedule of TLS 1.3 here: run one with sim.tls('TLS 1.3')")
    groups = {name: _branches(name, known) for name in SPINE if name in known}
    height = sum(ROW * max(1, len(branches)) + GAP for branches in groups.values())
    words = [
        f"{len(known)} values of the {end}, each made from what is to its left or above, never the other way"
    ]
    if lit:
        count = len(set(lit) & set(known))
        now = "is another one" if count == 1 else "are other ones"
        words.append(f"{count} of them {now} now (thick frame, ≠)")
    sheet, top = page(title, words, WIDE, height + 34)
    for name, (left, _) in zip(
        ("what goes in", "three secrets", "over which messages", "secrets", "what they are for"),
        COLUMNS.values(), strict=True,
    ):  # fmt: skip
        sheet.text((left, top + 12), name, 10, theme.MUTED, tags="heading")
    y, above = top + 24, None
    for name, branches in groups.items():
        _group(sheet, y, name, known, branches, lit, touched)
        middle = COLUMNS["spine"][0] + COLUMNS["spine"][1] / 2
        if above is not None:
            _arrow(sheet, [(middle, above + TALL), (middle, y)])
        above, y = y, y + ROW * max(1, len(branches)) + GAP
    return Picture(sheet.figure, _text(groups, known, title, words, lit), title, description=" ".join(words))


def _branches(name: str, known: Mapping[str, Secret]) -> list[Branch]:
    found = []
    for one in TREE:
        secret = known.get(one.name)
        if one.source != name or secret is None:
            continue
        covers = tuple(number for _, number, at in secret.inputs if number is not None and at == 0)
        made = [each for each in known.values() if any(label == one.name for label, _, _ in each.inputs)]
        found.append(Branch(secret, covers, one.until, made))
    return found


def _group(
    sheet: Sheet, y: float, name: str, known: Mapping[str, Secret], branches: list[Branch],
    lit: Collection[str], touched: int | None,
) -> None:  # fmt: skip
    source = SPINE[name]
    given = known.get(source)
    value = given.value.hex() if given else "none: zeros" if source else "zeros"
    _box(sheet, "input", y, source.partition(" shared")[0] or "nothing new", value, source in lit, "CLOSED")
    _box(sheet, "spine", y, name, known[name].value.hex(), name in lit, "ESTABLISHED")
    _arrow(sheet, [_right("input", y), _left("spine", y)])
    for n, branch in enumerate(branches):
        row = y + ROW * n
        start = _right("spine", y)
        turn = COLUMNS["covers"][0] - 14
        _arrow(sheet, [start, (turn, start[1]), (turn, row + TALL / 2), _left("covers", row)])
        covers = _numbers(branch.covers)
        last = f"up to {branch.until}" if branch.until else "the hash of nothing"
        _box(sheet, "covers", row, covers, last, touched in branch.covers, "LISTEN")
        _arrow(sheet, [_right("covers", row), _left("secret", row)])
        label = branch.secret.label
        _box(sheet, "secret", row, label, branch.secret.value.hex(), label in lit, "ESTABLISHED")
        if branch.keys:
            words, value = _parts(branch, lit)
            _box(sheet, "keys", row, words, value, any(each.label in lit for each in branch.keys), "SYN-SENT")
            _arrow(sheet, [_right("secret", row), _left("keys", row)])


def _parts(branch: Branch, lit: Collection[str]) -> tuple[str, str]:
    """What is made of a secret, and the first value of it; where some has changed, which."""
    names = {each.label: _short(each.label, branch.secret.label) for each in branch.keys}
    other = [name for label, name in names.items() if label in lit]
    if not other or len(other) == len(names):
        return ", ".join(names.values()), branch.keys[0].value.hex()
    same = [name for label, name in names.items() if label not in lit]
    return f"{', '.join(other)} ≠", f"as before: {', '.join(same)}"


def _numbers(covers: tuple[int, ...]) -> str:
    """The numbers of messages, with runs of them in short: "messages 1, 2, 4–7"."""
    runs: list[list[int]] = []
    for number in covers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    short = [f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    if not short:
        return "no message"
    return f"message{'s' * (len(covers) > 1)} {', '.join(short)}"


def _short(label: str, source: str) -> str:
    """ "key" of "client handshake key", whose secret says the rest."""
    return label.rsplit(" ", 1)[-1] if source.split("_")[0] in label and "verify" not in label else "Finished"


def _box(sheet: Sheet, column: str, y: float, name: str, value: str, lit: bool, state: str) -> None:
    left, wide = COLUMNS[column]
    face, edge = theme.fill("FIN-WAIT-1" if lit else state), theme.edge("FIN-WAIT-1" if lit else state)
    sheet.box(left, y, left + wide, y + TALL, 5, face=face, edge=edge, width=2.6 if lit else 1.0,
              tags="node lit" if lit else "node")  # fmt: skip
    words = f"{name} ≠" if lit and "≠" not in name else name
    sheet.text((left + 8, y + 17), fitted(words, 10, wide - 14, True), 10, bold=True)
    size = f" ({len(value) // 2} bytes)" if wide > 145 else ""
    short = f"{value[:12]}…{size}" if len(value) >= 24 and " " not in value else value
    sheet.text((left + 8, y + 32), fitted(short, 9.5, wide - 14), 9.5, theme.INK)


def _left(column: str, y: float) -> tuple[float, float]:
    return COLUMNS[column][0], y + TALL / 2


def _right(column: str, y: float) -> tuple[float, float]:
    left, wide = COLUMNS[column]
    return left + wide, y + TALL / 2


def _arrow(sheet: Sheet, points: list[tuple[float, float]]) -> None:
    """A line along the points, with a head at the last."""
    ax, (bx, by) = points[-2][0], points[-1]
    sheet.line(points, theme.MUTED, 1.0, tags="edge")
    if ax == bx:
        head = [(bx, by), (bx - 4, by - 7), (bx + 4, by - 7)]
    else:
        head = [(bx, by), (bx - 7, by - 4), (bx - 7, by + 4)]
    sheet.polygon(head, face=theme.MUTED, tags="edge")


def _text(
    groups: Mapping[str, list[Branch]], known: Mapping[str, Secret], title: str, words: Sequence[str],
    lit: Collection[str],
) -> str:  # fmt: skip
    lines = [title, *words, ""]

    def line(indent: str, secret: Secret) -> str:
        mark = "≠ " if secret.label in lit else ""
        return f"{indent}{mark}{secret.label}: {secret.value.hex()[:24]}… = {secret.formula}"

    for name, branches in groups.items():
        lines.append(line("", known[name]))
        for branch in branches:
            lines.append(line("    ", branch.secret))
            lines.append(f"        over {_numbers(branch.covers)}")
            lines += [line("        ", each) for each in branch.keys]
    return "\n".join(lines)

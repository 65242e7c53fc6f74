"""Keys: what every secret was made from, as a graph from left to right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from handshake.show import theme
from handshake.show.axes import page
from handshake.show.pen import Sheet, fitted
from handshake.show.picture import Picture
from handshake.trace import Secret, Trace

LEAST, COLUMN, BOX, TALL, ROW = 600.0, 188.0, 158.0, 46.0, 58.0


@dataclass
class Node:
    """A box: what it is called, its value, and which boxes it is made from."""

    label: str
    value: str
    inputs: tuple[str, ...]
    formula: str = ""
    depth: int = 0


def keys(
    secrets: Trace | Sequence[Secret], *, end: str = "client", changed: Collection[str] = (),
    title: str = "What every key was made from",
) -> Picture:  # fmt: skip
    """A graph of one end's secrets, each with arrows from what it was derived from.

    secrets: a trace, or its secrets.   end: whose, "client" or "server"; "" for those of a capture.
    changed: labels that are pointed out (they have another value than before, say).
    """
    known = secrets.secrets if isinstance(secrets, Trace) else secrets
    nodes = _nodes([each for each in known if each.end == end])
    columns: dict[int, dict[str, Node]] = {}
    for key, node in nodes.items():
        columns.setdefault(node.depth, {})[key] = node
    rows = _rows(columns)
    deepest = 1 + max(rows.values(), default=0)
    words = f"{len(nodes)} boxes of the {end or 'connection'}"
    if changed:
        words += f"; {sum(key in changed for key in nodes)} of them have changed (thick frame)"
    sheet, top = page(title, [words], max(LEAST, COLUMN * len(columns) + 10), ROW * deepest + 30)
    places: dict[str, tuple[float, float]] = {}
    for depth, column in columns.items():
        for key in column:
            places[key] = 16 + COLUMN * depth, top + 10 + ROW * rows[key]
    for key, node in nodes.items():
        for n, one in enumerate(node.inputs, 1):
            height = TALL * n / (len(node.inputs) + 1)  # each arrow arrives at a place of its own
            _arrow(sheet, places[one], places[key], height, key in changed and one in changed)
    for key, node in nodes.items():
        _box(sheet, places[key], node, key in changed)
    return Picture(sheet.figure, _text(nodes, title, words, changed), title, description=words)


def _nodes(secrets: Sequence[Secret]) -> dict[str, Node]:
    """The boxes by their labels: what was read first, then what was derived, in order."""
    nodes: dict[str, Node] = {}
    for secret in secrets:
        inputs = []
        covered = [number for _, number, at in secret.inputs if number is not None and at == 0]
        for name, number, at in secret.inputs:
            if number is not None and at == 0:
                continue
            inputs.append(name)
            if number is not None and name not in nodes:
                nodes[name] = Node(name, f"message {number}, byte {at}", ())
            elif name not in nodes:
                nodes[name] = Node(name, "never leaves its end", ())
        if covered:
            # (One box for each use, so that no arrow has to go round other boxes.)
            key = f"the hash for {secret.label}"
            nodes[key] = Node(f"messages {covered[0]} to {covered[-1]}", "hashed together", ())
            inputs.append(key)
        depth = 1 + max((nodes[label].depth for label in inputs), default=-1)
        nodes[secret.label] = Node(secret.label, secret.value.hex(), tuple(inputs), secret.formula, depth)
    for key, node in nodes.items():  # what only later boxes need stands right before them
        users = [other.depth for other in nodes.values() if key in other.inputs]
        if not node.inputs and users and not node.formula:
            node.depth = min(users) - 1
    return nodes


def _rows(columns: dict[int, dict[str, Node]]) -> dict[str, int]:
    """The row of each box; what is read only later stands lower, out of the way of long arrows."""
    rows: dict[str, int] = {}
    for depth, column in columns.items():
        derived = [key for key, node in column.items() if node.formula or not depth]
        late = [key for key in column if key not in derived]
        below = max(len(derived), len(columns.get(0, ())))
        rows |= {key: row for row, key in enumerate(derived)}
        rows |= {key: below + row for row, key in enumerate(late)}
    return rows


def _box(sheet: Sheet, place: tuple[float, float], node: Node, lit: bool) -> None:
    left, top = place
    state = "FIN-WAIT-1" if lit else "ESTABLISHED" if node.formula else "CLOSED"
    sheet.box(left, top, left + BOX, top + TALL, 5, face=theme.fill(state), edge=theme.edge(state),
              width=2.6 if lit else 1.0, tags="node lit" if lit else "node")  # fmt: skip
    name = f"{node.label} ≠" if lit else node.label
    sheet.text((left + 8, top + 19), fitted(name, 11, BOX - 14, True), 11, bold=True)
    size = f" ({len(node.value) // 2} bytes)" if node.formula else ""
    words = node.value if not node.formula else f"{node.value[:12]}…{size}"
    sheet.text((left + 8, top + 36), fitted(words, 9.5, BOX - 14), 9.5, theme.INK)


def _arrow(
    sheet: Sheet, start: tuple[float, float], end: tuple[float, float], height: float, lit: bool
) -> None:
    a, b = (start[0] + BOX, start[1] + TALL / 2), (end[0], end[1] + height)
    colour, width = (theme.edge("FIN-WAIT-1"), 2.0) if lit else (theme.MUTED, 1.0)
    # Arrows to different boxes turn at different places, so that each can be followed.
    middle = b[0] - 11 - round(end[1] / ROW) % 4 * 4
    sheet.line([a, (middle, a[1]), (middle, b[1]), (b[0] - 5, b[1])], colour, width, tags="edge")
    sheet.polygon([(b[0], b[1]), (b[0] - 7, b[1] - 4), (b[0] - 7, b[1] + 4)], face=colour, tags="edge")


def _text(nodes: dict[str, Node], title: str, words: str, changed: Collection[str]) -> str:
    lines = [title, words, ""]
    for key, node in nodes.items():
        mark = "≠ " if key in changed else "  "
        if not node.formula:
            lines.append(f"{mark}{node.label}: {node.value}")
            continue
        value = node.value if len(node.value) <= 32 else f"{node.value[:32]}…"
        lines.append(f"{mark}{node.label} ({len(node.value) // 2} bytes) {value}")
        lines.append(f"      = {node.formula}")
        if node.inputs:
            lines.append(f"      from {', '.join(nodes[one].label for one in node.inputs)}")
    return "\n".join(lines)

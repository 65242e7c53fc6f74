"""Of a cell, what defines something: imports, functions, classes and constants.  Nothing else of it is run.

It is read as a syntax tree; here, nothing of it runs at all.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAKERS = frozenset((
    "abs", "all", "any", "bin", "bool", "bytearray", "bytes", "chr", "dict", "divmod", "enumerate", "filter",
    "float", "format", "frozenset", "hex", "int", "iter", "len", "list", "map", "max", "memoryview", "min",
    "next", "object", "oct", "ord", "pow", "range", "repr", "reversed", "round", "set", "slice", "sorted",
    "str", "sum", "tuple", "type", "zip",
))  # fmt: skip
"""What the value of a constant may call, besides what the cell imports and defines."""

SHOWN = frozenset(("check", "display", "mine", "points", "print", "progress", "student"))
"""Calls that show something: nobody misses them where answers are marked."""

THERE = sys.stdlib_module_names | {"handshake"}
"""Modules that there are where answers are marked; of the package no more than `exercises.mine`."""

TOLD_MOST = 4
"""So many lines that are left out are named."""


@dataclass(frozen=True)
class Definitions:
    """What is kept of a cell.

    text: what runs, on the lines on which it stood.   names: that it defines, imports aside.
    left_out: what is missing in it, and why, line by line.
    """

    text: str
    names: frozenset[str]
    left_out: tuple[str, ...]


def definitions(source: str) -> Definitions:
    """Imports, functions, classes and constants of a cell, in their order, on their own lines.

    SyntaxError if it is no Python, with what a notebook adds to it (%magic, !command, name?).
    """
    text = readable_form(source)
    lines = text.split("\n")
    tree = ast.parse(text)
    reader = _Reader()
    kept_nodes, left_out = [], []
    for node in tree.body:
        why = reader.why_not(node)
        if not why:
            kept_nodes.append(node)
        elif why is not QUIET:
            left_out.append(f"line {node.lineno} was left out: {why}")
    if len(left_out) > TOLD_MOST:
        left_out = [*left_out[:TOLD_MOST], f"{len(left_out) - TOLD_MOST} more lines were left out"]
    tree.body = kept_nodes
    return Definitions(_text(tree, lines), frozenset(reader.own), tuple(left_out))


def readable_form(source: str) -> str:
    """A cell's text as Python alone: as it is, or without what only a notebook understands.

    Only what does not parse as it is is changed: a line may begin with "%" inside a longer one.
    """
    text = source.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")
    lines = text.split("\n")
    bare = "\n".join("" if _is_magic(line) else line for line in lines)
    prompted = "\n".join(re.sub(r"^(>>>|\.\.\.) ?", "", line) for line in lines)
    first: SyntaxError | None = None
    for form in (text, bare, textwrap.dedent(bare), prompted):
        try:
            ast.parse(form)
        except SyntaxError as error:
            first = first or error
        else:
            return form
    raise first if first is not None else ValueError("no Python")


def _is_magic(line: str) -> bool:
    """Whether a notebook takes a line for something else than Python."""
    bare = line.strip()
    return bare.startswith(("%", "!", "?")) or bare.endswith("?") or bool(MAGIC.match(bare))


MAGIC = re.compile(r"[A-Za-z_]\w*\s*=\s*[%!]")


def statements(source: str) -> list[tuple[int, str]]:
    """The statements of a text, each with its first line: (line, text).   SyntaxError if it is no Python."""
    lines = source.split("\n")
    found: list[tuple[int, int]] = []
    for node in ast.parse(source).body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        end = node.end_lineno or first
        if found and first <= found[-1][1]:  # (two on one line)
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((first, end))
    return [(first, "\n".join(lines[first - 1 : end])) for first, end in found]


def _text(tree: ast.Module, lines: list[str]) -> str:
    """Every line keeps its number, so that what is said of line 7 is found in line 7."""
    kept = [""] * len(lines)
    for node in tree.body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        for number in range(first, (node.end_lineno or first) + 1):
            kept[number - 1] = lines[number - 1]
    text = "\n".join(kept)
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(tree)
    except SyntaxError:
        same = False
    return text if same else ast.unparse(tree)  # (two statements on one line, say)


QUIET = "it only shows something"
"""Why a line is left out of which nothing need be said."""

RULE = "only imports, functions, classes and constants run"


class _Reader:
    """What of a cell's top level is kept, statement by statement.

    own: names that the cell gives to something.   callable: what the value of a constant may call or ask.
    """

    def __init__(self) -> None:
        self.own: set[str] = set()
        self.callable = set(MAKERS)

    def why_not(self, node: ast.stmt) -> str:
        """Why a statement is left out; "" if it is kept."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return self._imported(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._add(node.name)
            return ""
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return self._assigned(node)
        if isinstance(node, ast.Try):
            return self._tried(node)
        if isinstance(node, ast.Pass):
            return ""
        return QUIET if _shows(node) else RULE

    def _imported(self, node: ast.Import | ast.ImportFrom) -> str:
        inside = isinstance(node, ast.ImportFrom) and node.level > 0
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for module in modules:
            if inside or module.partition(".")[0] not in THERE:
                return f"there is no module {module or '.'} where answers are marked, but only Python's own"
        self.callable |= {(each.asname or each.name).partition(".")[0] for each in node.names}
        return ""

    def _assigned(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> str:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [name for target in targets for name in _names(target)]
        places = [place for target in targets for place in _places(target)]
        if any(_root(place) not in self.own for place in places):
            return RULE
        if node.value is not None and not self.is_constant(node.value):
            return (
                f"{RULE}, and the value of a constant may call only what the cell imports or defines itself"
            )
        for name in names:
            self._add(name)
        return ""

    def _tried(self, node: ast.Try) -> str:
        """An import that may fail, and what then."""
        inside = [*node.body, *node.orelse, *node.finalbody]
        for handler in node.handlers:
            inside += handler.body
        for each in inside:
            if isinstance(each, (ast.Import, ast.ImportFrom)):
                self.callable |= {(one.asname or one.name).partition(".")[0] for one in each.names}
            elif self.why_not(each):
                return RULE
        return ""

    def _add(self, name: str) -> None:
        self.own.add(name)
        self.callable.add(name)

    def is_constant(self, node: ast.expr) -> bool:
        """Whether a value calls nothing but what makes values."""
        bound: set[str] | None = None
        for each in _run(node):
            if isinstance(each, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
                return False
            if not isinstance(each, ast.Call):
                continue
            root = _root(each.func)
            if _has_lambda(each.func):
                return False
            if root and root not in self.callable:
                bound = set(_bound(node)) if bound is None else bound
                if root not in bound:
                    return False
        return True


def _names(target: ast.expr) -> Iterator[str]:
    """The names that an assignment gives."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _names(each)
    elif isinstance(target, ast.Starred):
        yield from _names(target.value)


def _places(target: ast.expr) -> Iterator[ast.expr]:
    """The places in something that an assignment changes: TABLE[7], Framer.most."""
    if isinstance(target, (ast.Subscript, ast.Attribute)):
        yield target
    elif isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _places(each)


def _root(node: ast.expr) -> str:
    """The name at which an expression such as `a.b[0].c()` begins; "" if it begins with a value."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """An expression's parts that run as it is read: not the inside of a lambda, which runs when called."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        inside: Iterable[ast.AST] = ast.iter_child_nodes(each)
        if isinstance(each, ast.Lambda):
            inside = [*each.args.defaults, *(one for one in each.args.kw_defaults if one is not None)]
        waiting += inside


def _has_lambda(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Lambda) for each in ast.walk(node))


def _bound(node: ast.expr) -> Iterator[str]:
    """Names that the loops inside an expression give."""
    for each in ast.walk(node):
        if isinstance(each, ast.comprehension):
            yield from _names(each.target)


def _shows(node: ast.stmt) -> bool:
    """Whether a statement only shows something, or runs only in a file of its own."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Compare) and _root(node.test.left) == "__name__"
    if not isinstance(node, ast.Expr):
        return False
    value = node.value
    if any(isinstance(each, ast.NamedExpr) for each in ast.walk(value)):
        return False  # (it gives a name)
    if isinstance(value, ast.Call):
        return (value.func.attr if isinstance(value.func, ast.Attribute) else _root(value.func)) in SHOWN
    return isinstance(value, (ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Tuple))

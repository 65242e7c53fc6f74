"""Of a cell, what defines something: imports, functions, classes and constants.  Nothing else of it is run.

It is read as a syntax tree; here, nothing of it runs at all.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAKERS = frozenset((
    "abs", "all", "any", "bin", "bool", "bytearray", "bytes", "chr", "dict", "divmod", "enumerate", "filter",
    "float", "format", "frozenset", "hex", "int", "iter", "len", "list", "map", "max", "memoryview", "min",
    "next", "object", "oct", "ord", "pow", "range", "repr", "reversed", "round", "set", "slice", "sorted",
    "str", "sum", "tuple", "type", "zip",
))  # fmt: skip
"""What the value of a constant may call, besides what the cell imports and defines."""

SHOWN = frozenset(("check", "display", "mine", "points", "print", "progress", "student"))
"""Calls that show something: nobody misses them where answers are marked."""

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


def definitions(source: str, id: str = "", given: Mapping[str, Any] | None = None) -> Definitions:
    """Imports, functions, classes and constants of a cell, in their order, on their own lines.

    given: what a call `exercises.mine(id)` stands for; without it, such a line is left out.
    SyntaxError if it is no Python.
    """
    lines = source.replace("\r\n", "\n").split("\n")
    lines = ["" if line.startswith(("%", "!", "?")) else line for line in lines]
    tree = ast.parse("\n".join(lines))
    if given is not None and "mine" in source:
        tree = _Given(id, given).visit(tree)
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


def _text(tree: ast.Module, lines: list[str]) -> str:
    """Every line keeps its number, so that what is said of line 7 is found in line 7."""
    kept = [""] * len(lines)
    for node in tree.body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        for number in range(first, (node.end_lineno or first) + 1):
            kept[number - 1] = lines[number - 1]
        if hasattr(node, CHANGED):
            kept[first - 1 : node.end_lineno] = [
                ast.unparse(node),
                *[""] * ((node.end_lineno or first) - first),
            ]
    text = "\n".join(kept)
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(tree)
    except SyntaxError:
        same = False
    return text if same else ast.unparse(tree)  # (two statements on one line, say)


CHANGED = "changed_here"
"""The attribute of a statement that does not say any more what its lines say."""


class _Given(ast.NodeTransformer):
    """Puts a student's parameters where `exercises.mine(id)` stands."""

    def __init__(self, id: str, given: Mapping[str, Any]) -> None:
        self.id, self.given = id, given
        self.found = False

    def visit_Module(self, node: ast.Module) -> ast.Module:
        for statement in node.body:
            self.found = False
            if not isinstance(statement, ast.Expr):
                self.visit(statement)
            if self.found:
                setattr(statement, CHANGED, True)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        asks = (
            len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == self.id
        )
        if called != "mine" or not asks or node.keywords:
            return node
        self.found = True
        return ast.parse(repr(dict(self.given)), mode="eval").body


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
            if inside or module.partition(".")[0] not in sys.stdlib_module_names:
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
        known = self.callable | set(_bound(node))
        for each in _run(node):
            if isinstance(each, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
                return False
            if isinstance(each, ast.Call) and (
                _root(each.func) not in known | {""} or _has_lambda(each.func)
            ):
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
    if isinstance(value, ast.Call):
        return (value.func.attr if isinstance(value.func, ast.Attribute) else _root(value.func)) in SHOWN
    return isinstance(value, (ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Tuple))

"""The order of the rooms, and other rules that a reader of the source may rely on.

A room is a module or a package directly inside `handshake`.  Each imports only rooms above it in `ROOMS`.
What leads forward is a *door*: an import inside a function, opened when it is used, and listed here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "handshake"

ROOMS = [
    "errors",
    "files",
    "wire",
    "entropy",
    "trace",
    "net",
    "tcp",
    "tls",
    "pki",
    "framing",
    "peel",
    "flows",
    "sim",
    "article",
    "live",
    "capture",
    "diagnose",
    "show",
    "labs",
    "exercises",
    "grade",
    "cli",
]

STRANGERS = {"tcp", "tls", "pki"}
"""They never import one another, not even through a door: TLS rides on TCP by bytes alone."""

DOORS = {
    ("trace", "peel"),  # transit.layers
    ("trace", "flows"),  # trace.plaintext()
    ("trace", "capture"),  # trace.save()
    ("trace", "diagnose"),  # trace.diagnose()
    ("trace", "show"),  # a trace, a transit and a message show themselves in a notebook
    ("article", "show"),  # so do claims
    ("diagnose", "show"),  # handshake explain -o page.html
    ("live", "show"),  # and socket calls
}

ASSERTIONS = {
    ("show/scene.py", "scene.connection is not None"): "only a scene with a connection has positions",
    ("show/timeline.py", "isinstance(choice.what, Label)"): "tells the type checker what the layout placed",
}
"""Facts about our own code, each with its reason.  Never about what a peer, a file or a caller sent."""

COMMANDS = ("cli.py", "grade/command.py", "diagnose/command.py")
"""What prints."""

LINES = 400
SOURCES = sorted(PACKAGE.rglob("*.py"))
NAMES = [path.relative_to(PACKAGE).as_posix() for path in SOURCES]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text("utf-8"))


def room_of(name: str) -> str:
    """The room that a file is in: "trace" for trace/whole.py, "wire" for wire.py."""
    return name.split("/")[0].removesuffix(".py")


def imports(node: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """The rooms imported below a node; with each, whether that is inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            modules = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            modules = [f"{child.module}.{alias.name}" for alias in child.names]
            assert child.level == 0, "imports say the whole name: from handshake.tcp import ..."
        else:
            modules = []
            yield from imports(child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
        for module in modules:
            package, *rest = module.split(".")
            if package == "handshake" and rest and not rest[0].startswith("__"):
                yield rest[0], inside


def test_every_room_is_in_the_list() -> None:
    assert {room_of(name) for name in NAMES} - {"__init__"} <= set(ROOMS)


@pytest.mark.parametrize("name", NAMES)
def test_a_room_imports_only_rooms_above(name: str) -> None:
    room = room_of(name)
    above = set() if room == "__init__" else {room, *ROOMS[: ROOMS.index(room)]}
    for other, inside in imports(tree(name)):
        assert other in above or inside, f"{name} imports {other}, which is no room above it"
        assert {room, other} & STRANGERS != {room, other} or room == other, f"{name} imports {other}"


def test_every_door_is_listed_and_every_listed_door_is_used() -> None:
    doors = {
        (room_of(name), other)
        for name in NAMES
        for other, inside in imports(tree(name))
        if inside and ROOMS.index(other) > ROOMS.index(room_of(name))
    }
    assert doors == DOORS


def test_the_rules_see_what_they_forbid() -> None:
    """The walk finds an import wherever it stands."""
    source = """
import handshake.show
if TYPE_CHECKING:
    from handshake import tls
def door():
    with open():
        from handshake.capture.writer import save
"""
    assert list(imports(ast.parse(source))) == [("show", False), ("tls", False), ("capture", True)]


# ---- What is loaded, and what must not be needed ---------------------------------------------------------

HEAVY = ["cryptography", "numpy", "matplotlib", "ssl", "IPython", "ipywidgets"]


def python(code: str) -> str:
    """What a fresh Python prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=PACKAGE.parent, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_rooms_down_to_sim_load_nothing_heavy() -> None:
    # All of pki is about certificates, which cryptography reads; none of the others loads it.
    core = set(ROOMS[: ROOMS.index("sim") + 1]) - {"pki"}
    modules = [
        "handshake." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in NAMES
        if room_of(name) in core
    ]
    loaded = python(f"import sys, handshake, {', '.join(modules)}\nprint(*sys.modules)").split()
    assert set(modules) <= set(loaded)
    assert not {module.split(".")[0] for module in loaded} & set(HEAVY)


def test_the_package_itself_loads_nothing_of_it() -> None:
    loaded = python("import sys, handshake\nprint(*sys.modules)").split()
    assert [module for module in loaded if module.startswith("handshake")] == ["handshake"]


def test_the_core_runs_where_only_python_is() -> None:
    blocked = f"import sys\nfor name in {HEAVY}: sys.modules[name] = None\n"
    said = python(blocked + "from handshake import sim\nprint(sim.tcp(seed=7))")
    opening = [said.index(words) for words in ("SYN-SENT", "SYN-RECEIVED", "ESTABLISHED")]
    assert opening == sorted(opening)
    assert "TIME-WAIT" in said.splitlines()[-1]  # how the client finishes, and how the server does
    assert "CLOSED" in said.splitlines()[-1]


# ---- Rules of style that no tool checks ------------------------------------------------------------------


def test_nothing_is_asserted_but_what_is_listed() -> None:
    """A peer's data may be anything, and `python -O` drops assertions."""
    found = {
        (name, ast.unparse(node.test))
        for name in NAMES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Assert)
    }
    assert found == set(ASSERTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_short_and_plain(name: str) -> None:
    lines = len((PACKAGE / name).read_text("utf-8").splitlines())
    assert lines <= LINES, f"{name} has {lines} lines: it asks to be two modules"
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ImportFrom):
            assert "*" not in [alias.name for alias in node.names], f"{name}:{node.lineno} imports a star"
        if isinstance(node, ast.Name) and name not in COMMANDS:
            assert node.id != "print", f"{name}:{node.lineno} prints; return or show it instead"

"""Where an answer works: its functions are called with plain values, and give plain values back.

This file needs nothing but Python itself, and imports nothing of the package.  In practice it is used as any
module; the lecturer's run sends it, compiled, into a process of its own, where the package is not.  Both
ways, a value passes through `plain`, so that what is compared is numbers, text and bytes, and never an object
of the answer's.
"""

from __future__ import annotations

import json
import os
import sys
from types import ModuleType
from typing import Any

DEEPEST = 20
"""So deep may lists lie in lists."""

WIDEST = 1 << 20
"""So many characters may a value have, written down."""

Plain = Any
"""None, True, False, whole numbers, numbers, text, bytes, and lists and dictionaries of those."""


class NotPlain(ValueError):
    """A value that is more than plain."""


class Odd:
    """What stands for a value in a dictionary that is more than plain.   words: what it was."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


def plain(value: Any, depth: int = 0) -> Any:
    """A plain value in a form that JSON can write; NotPlain for another.  Tuples become lists."""
    if depth > DEEPEST:
        raise NotPlain(f"lists in lists, deeper than {DEEPEST}")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        return int.__add__(value, 0)
    if isinstance(value, float):
        return {"number": repr(float.__add__(value, 0.0))}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, (list, tuple)):
        return [plain(each, depth + 1) for each in list(value)]
    if isinstance(value, dict):
        pairs = [[plain(key, depth + 1), plain(each, depth + 1)] for key, each in dict.items(value)]
        return {"dict": pairs}
    raise NotPlain(f"a value of the type {type(value).__name__}")


def entries(value: Any) -> Plain:
    """As `plain`; but of a dictionary each entry by itself, so that an odd one costs no other."""
    if not isinstance(value, dict):
        return plain(value)
    pairs = []
    for key, each in dict.items(value):
        try:
            form = plain(each, 1)
        except NotPlain as error:
            form = {"odd": str(error)}
        pairs.append([plain(key, 1), form])
    return {"dict": pairs}


def unplain(form: Any) -> Any:
    """The value that `plain` wrote; ValueError for what it never writes."""
    if form is None or isinstance(form, (bool, int, str)):
        return form
    if isinstance(form, list):
        return [unplain(each) for each in form]
    if isinstance(form, dict) and len(form) == 1:
        kind, inside = next(iter(form.items()))
        if kind == "bytes" and isinstance(inside, str):
            return bytes.fromhex(inside)
        if kind == "number" and isinstance(inside, str):
            return float(inside)
        if kind == "odd" and isinstance(inside, str):
            return Odd(inside[:200])
        if kind == "dict" and isinstance(inside, list):
            return {_key(unplain(key)): unplain(each) for key, each in inside}
    raise ValueError(f"no plain value is written like {str(form)[:60]}")


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


SOCKET = {"socket": True}
"""How the place of a socket among the arguments is written."""


class Socket:
    """A socket that is nasty in all ways that are allowed.

    It stays with whoever judges; the answer has a `Sock`, which asks it.

    gives: what each recv gives at most, piece by piece; then the end, b"".   takes: how many bytes each send
    takes; then all.   sent: what was taken.
    """

    def __init__(self, gives: list[bytes], takes: list[int]) -> None:
        self.gives, self.takes = gives, takes
        self.sent = b""
        self.ends = self.calls = 0

    def do(self, name: str, form: Plain) -> dict[str, Any]:
        """A call of "recv" or "send", its argument in plain form: {"value"}, or {"raised", "words"}."""
        try:
            self.calls += 1
            if self.calls > 10_000:
                raise RuntimeError("ten thousand calls, and no end")
            value = unplain(form)
            if name == "recv" and type(value) is int:
                return {"value": plain(self.recv(value))}
            if name == "send" and type(value) is bytes:
                return {"value": self.send(value)}
            what = "recv takes a whole number" if name == "recv" else "send takes bytes"
            raise TypeError(f"{what}, and got a value of the type {type(value).__name__}")
        except (RuntimeError, TypeError, ValueError) as error:
            return {"raised": type(error).__name__, "words": str(error)}

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end."""
        if size <= 0:
            raise ValueError(f"recv({size}): ask for a byte at least")
        if not self.gives:
            self.ends += 1
            if self.ends > 3:
                raise RuntimeError('recv has given b"" three times, which is the end, and was asked again')
            return b""
        first = self.gives[0]
        if len(first) <= size:
            del self.gives[0]
            return first
        self.gives[0] = first[size:]
        return first[:size]

    def send(self, data: bytes) -> int:
        """Takes some bytes, one at least if there is one, and says how many."""
        wanted = self.takes.pop(0) if self.takes else len(data)
        taken = min(max(wanted, 1), len(data))
        self.sent += data[:taken]
        return taken


class Sock:
    """What an answer gets for a socket: two methods, and nothing to look into."""

    __slots__ = ("_far",)

    def __init__(self, far: Any) -> None:
        self._far = far

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end."""
        came: bytes = _done(self._far.do("recv", plain(size)))
        return came

    def send(self, data: bytes) -> int:
        """Takes some bytes from the front, and says how many."""
        taken: int = _done(self._far.do("send", plain(data)))
        return taken


def _done(told: dict[str, Any]) -> Any:
    if "raised" in told:
        kinds = {"ValueError": ValueError, "TypeError": TypeError}
        raise kinds.get(told["raised"], RuntimeError)(told["words"])
    return unplain(told["value"])


class Desk:
    """The names of an answer, and the objects that were made of its classes.

    What is asked: {"op": "call", "name", "args"}, {"op": "make", "name", "args"} which gives the number of an
    object, {"op": "method", "of", "name", "args"}, {"op": "value", "name"}, {"op": "many", "name", "args":
    [one, another ...]}, for a method with "of" as well.
    Whatever happens there is an answer: {"value"}, {"raised", "words", "line"}, {"odd"} for what is not
    plain, {"missing"} for a name that is not there.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.made: list[Any] = []

    def answer(self, asked: dict[str, Any], far: Any = None) -> dict[str, Any]:
        """Do what is asked.   far: what does the calls of a socket, see `Socket.do`."""
        op, name, of = asked["op"], asked.get("name", ""), asked.get("of")
        if of is None and name not in self.names:
            return {"missing": name, "there": [str(each)[:60] for each in self.names][:200]}
        try:
            if op == "value":
                return {"value": entries(self.names[name])}
            called = self.names[name] if of is None else getattr(self.made[of], name)
            if op == "many":
                return {"many": [self._one(called, args) for args in asked["args"]]}
            args = [Sock(far) if each == SOCKET else unplain(each) for each in asked["args"]]
            if op == "make":
                self.made.append(called(*args))
                return {"value": len(self.made) - 1}
            return {"value": plain(called(*args))}
        except NotPlain as error:
            return {"odd": str(error)}
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return raised(error)

    def _one(self, called: Any, forms: list[Any]) -> dict[str, Any]:
        try:
            return {"value": plain(called(*[unplain(each) for each in forms]))}
        except NotPlain as error:
            return {"odd": str(error)}
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return raised(error)


def raised(error: BaseException) -> dict[str, Any]:
    """What was raised, in words, and the line of the answer in which it was (not of a library's)."""
    line, own, at = 0, "", error.__traceback__
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        if file != __file__:
            own = own or file
            line = at.tb_lineno if file == own else line
        at = at.tb_next
    try:
        words = str(error)[:300]
    except BaseException:
        words = ""
    return {"raised": type(error).__name__, "words": words, "line": line}


# ---- In a process of its own -----------------------------------------------------------------------------


def limit(limits: dict[str, int]) -> dict[str, bool]:
    """Set limits on this process ("seconds" of computing, "memory" in bytes ...); which of them hold."""
    try:
        import resource
    except ImportError:  # (there are none on Windows)
        return dict.fromkeys(limits, False)
    known = {
        "seconds": "RLIMIT_CPU", "memory": "RLIMIT_AS", "file": "RLIMIT_FSIZE", "files": "RLIMIT_NOFILE",
        "processes": "RLIMIT_NPROC", "core": "RLIMIT_CORE",
    }  # fmt: skip
    held = {}
    for name, most in limits.items():
        try:
            number = getattr(resource, known[name])
            resource.setrlimit(number, (most, most))
            held[name] = resource.getrlimit(number)[0] == most
        except (AttributeError, ValueError, OSError):
            held[name] = False
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        held["processes"] = False  # they do not bind the superuser
    return held


ANNOTATIONS = annotations.compiler_flag
"""What an annotation names need not be there."""


def stage(mine: Any) -> dict[str, Any]:
    """The names of an answer, before it has run: a module of its own, in which showing shows nothing.

    mine: what `exercises.mine(...)` gives, None for nothing.  Of the package there is no more than that.
    """

    def nothing(*_: Any, **__: Any) -> None:
        return None

    def given(*_: Any, **__: Any) -> Any:
        if mine is None:
            raise ValueError("this exercise has no parameters to see: it has to be right for any")
        return mine

    package, exercises, answer = map(ModuleType, ("handshake", "handshake.exercises", "answer"))
    for name in ("check", "points", "progress", "student", "issued"):
        setattr(exercises, name, nothing)
    exercises.mine = given  # type: ignore[attr-defined]
    package.exercises = exercises  # type: ignore[attr-defined]
    sys.modules.update({each.__name__: each for each in (package, exercises, answer)})
    names = answer.__dict__
    names["display"] = nothing
    return names


def work() -> None:
    """Answer, line by line, until nothing more is asked."""
    asks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    first = json.loads(asks.readline())
    held = limit(first["limits"])
    names = stage(unplain(first["mine"]))
    failed = []
    for line, text in first["parts"]:
        try:
            code = compile("\n" * (line - 1) + text, "answer", "exec", ANNOTATIONS, dont_inherit=True)
            exec(code, names)
        except BaseException as error:  # (what needs it says so when it is asked)
            failed.append([line, raised(error)])
    _tell(answers, {"held": held, "failed": failed[:5]})
    desk, far = Desk(names), Far(asks, answers)
    for line in asks:
        asked = json.loads(line)
        _tell(answers, {**desk.answer(asked, far), "number": asked["number"]})


class Far:
    """A socket that is in the process which asks: its calls are passed on there."""

    def __init__(self, asks: Any, answers: Any) -> None:
        self.asks, self.answers = asks, answers

    def do(self, name: str, form: Plain) -> dict[str, Any]:
        """See `Socket.do`."""
        _tell(self.answers, {"socket": [name, form]})
        told: dict[str, Any] = json.loads(self.asks.readline())
        return told


def _tell(answers: Any, told: dict[str, Any]) -> None:
    line = json.dumps(told)
    if len(line) > WIDEST:
        line = json.dumps(
            {"odd": f"a value of {len(line)} characters, written down, and {WIDEST} is the most"}
        )
    answers.write(line.encode() + b"\n")
    answers.flush()

"""Asking an answer: a judge calls its functions by name, wherever they are, and gets plain values.

`Here` asks functions of this process, which is practice.  The lecturer's run asks another process
(`grade.bench.There`).  A judge cannot tell the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from handshake.exercises.desk import SOCKET, Desk, Socket, plain, unplain


class Raised:
    """What came in the place of a value: an exception, or something that is no plain value.

    name: of the exception, "" if there was none.   words: what it says.   line: of the answer, 0 if unknown.
    """

    def __init__(self, name: str, words: str, line: int = 0) -> None:
        self.name, self.words, self.line = name, words, line

    def __str__(self) -> str:
        where = f" in line {self.line}" if self.line else ""
        return f"{self.name}{where}: {self.words}".rstrip(": ") if self.name else self.words

    __repr__ = __str__


class Stopped(Exception):
    """The answer came to no end, or its process did: nothing more can be asked."""


class Desked(Protocol):
    """Whoever answers: see `desk.Desk`."""

    def answer(self, asked: dict[str, Any], far: Socket | None = None) -> dict[str, Any]:
        """Do what is asked.   far: the socket that it is asked with, if any."""


class Ask:
    """Calls by name.   desk: whoever answers."""

    def __init__(self, desk: Desked) -> None:
        self.desk = desk

    def __call__(self, name: str, *args: Any) -> Any:
        """Call a function: its value, or Raised, also where there is none of that name."""
        return value_of(self._asked({"op": "call", "name": name, "args": _plain(args)}))

    def many(self, name: str, cases: Sequence[Sequence[Any]]) -> list[Any]:
        """Call a function for each case; a value or Raised for each."""
        return self._many({"name": name}, cases)

    def _many(self, which: dict[str, Any], cases: Sequence[Sequence[Any]]) -> list[Any]:
        told = self._asked({"op": "many", **which, "args": [_plain(args) for args in cases]})
        if "many" not in told:
            return [value_of(told)] * len(cases)
        found = told["many"]
        if not isinstance(found, list) or len(found) != len(cases) or not all(type(e) is dict for e in found):
            raise Stopped("the answer's process answers something else than it was asked")
        return [value_of(each) for each in found]

    def make(self, name: str, *args: Any) -> Made | Raised:
        """An object of a class of the answer's."""
        made = value_of(self._asked({"op": "make", "name": name, "args": _plain(args)}))
        return made if isinstance(made, Raised) else Made(self, made)

    def value(self, name: str) -> Any:
        """The value of a name."""
        return value_of(self._asked({"op": "value", "name": name}))

    def socket(
        self, name: str, gives: Sequence[bytes], takes: Sequence[int], *args: Any
    ) -> tuple[Any, bytes]:
        """Call a function with a nasty socket before its other arguments: its value, and what was sent."""
        socket = Socket(list(gives), list(takes))
        told = self._asked({"op": "call", "name": name, "args": [SOCKET, *_plain(args)]}, socket)
        return value_of(told), socket.sent

    def _asked(self, asked: dict[str, Any], far: Socket | None = None) -> dict[str, Any]:
        return self.desk.answer(asked, far)


class Made:
    """An object of the answer's."""

    def __init__(self, ask: Ask, number: int) -> None:
        self.ask, self.number = ask, number

    def __call__(self, name: str, *args: Any) -> Any:
        """Call a method: its value, or Raised."""
        asked = {"op": "method", "of": self.number, "name": name, "args": _plain(args)}
        return value_of(self.ask._asked(asked))

    def many(self, name: str, cases: Sequence[Sequence[Any]]) -> list[Any]:
        """Call a method for each case, one after the other; a value or Raised for each."""
        return self.ask._many({"of": self.number, "name": name}, cases)


class Here(Ask):
    """An answer in this process.   names: its functions and values by name."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__(Desk(names))


def value_of(told: dict[str, Any]) -> Any:
    """The value in an answer, or Raised."""
    if "value" in told:
        try:
            return unplain(told["value"])
        except (ValueError, TypeError, KeyError):
            return Raised("", "something that is no plain value")
    if "missing" in told:
        return Raised("", _missing(str(told["missing"]), told.get("there")))
    if "odd" in told:
        words = f"{told['odd']}, where a plain value is wanted: numbers, text, bytes, lists or dictionaries"
        return Raised("", words)
    return Raised(
        str(told.get("raised", ""))[:60], str(told.get("words", ""))[:300], _whole(told.get("line"))
    )


def _missing(name: str, there: Any) -> str:
    """That there is no such name in the answer, and what may have been meant."""
    names = [str(each) for each in there] if isinstance(there, list) else []
    near = get_close_matches(name, [each for each in names if not each.startswith("_")], 1, 0.75)
    return f"nothing: there is no {name} in the answer" + (f", but there is {near[0]}" if near else "")


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000 else 0


def _plain(args: Sequence[Any]) -> list[Any]:
    return [plain(each) for each in args]

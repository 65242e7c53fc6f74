"""Sequences that are worked out when somebody looks: a capture costs what is read of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar, overload

T = TypeVar("T")


class Deferred(Sequence[T]):
    """A sequence whose items are made when somebody looks at them (and made again at the next look).

    A capture of 100,000 packets is a Deferred: it costs what is looked at.
    """

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(f"index {index} of {self._length} items")
        return self._make(index % self._length)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class ByConnection(Sequence[T]):
    """Items that belong to connections, worked out one connection at a time.

    `of(n)` works out connection n alone (and remembers the last few); of(0) is what belongs to none.
    Looking at the whole sequence works out all of them.   order: what to sort the whole by.
    """

    def __init__(
        self, numbers: Iterable[int], work_out: Callable[[int], Sequence[T]], order: Callable[[T], Any]
    ) -> None:
        self._numbers = numbers
        self._order = order
        self._all: list[T] | None = None
        self.of = lru_cache(maxsize=64)(work_out)

    def _whole(self) -> list[T]:
        if self._all is None:
            found = [item for number in self._numbers for item in self.of(number)]
            self._all = sorted(found, key=self._order)
        return self._all

    def __len__(self) -> int:
        return len(self._whole())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._whole()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def of_connection(items: Sequence[T], number: int | None) -> tuple[T, ...]:
    """The items that belong to one connection; with None, those that belong to none."""
    if isinstance(items, ByConnection):
        return tuple(items.of(number or 0))
    return tuple(item for item in items if getattr(item, "connection", None) == number)

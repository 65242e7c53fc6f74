"""Frozen records: changing a copy, making one quickly, and checking that a number fits its bits."""

from __future__ import annotations

from dataclasses import replace as dataclass_replace
from typing import Any, TypeVar

T = TypeVar("T")


def fit(name: str, value: int, bits: int) -> int:
    """The value, if it is a whole number and fits in so many bits; ValueError if not."""
    if isinstance(value, float) or not 0 <= value < 1 << bits:
        raise ValueError(f"{name}: {value} does not fit in {bits} bit{'s' * (bits > 1)}")
    return value


def replace(message: T, **changes: Any) -> T:
    """A copy of a frozen message with some fields changed, and its lengths and checksums made anew.

    A class names the fields that follow from the others in `derived`; those are computed at the next
    encoding unless they are among the changes.  (`dataclasses.replace` keeps them as they were read:
    use that to make a message whose checksum or length is wrong.)
    """
    derived = dict.fromkeys(getattr(message, "derived", ()))
    return dataclass_replace(message, **{**derived, **changes})  # type: ignore[type-var]


_new = object.__new__
_set = object.__setattr__


def made(kind: type[T], values: dict[str, Any]) -> T:
    """A frozen record, from all of its fields: as kind(**values), and three times as quick.

    A frozen dataclass guards every single assignment, in its own __init__ too; a capture of 100,000 packets
    holds 300,000 records.  Only decoders use this, and the machine, with values that need no check.
    """
    record = _new(kind)
    _set(record, "__dict__", values)
    return record

"""What a diagnosis is made of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from handshake.diagnose.causes import cause_of

WIDTH = 100

STORIES_MOST = 40
"""So many connections are told in text."""


@dataclass(frozen=True)
class Finding:
    """Something that went wrong.

    cause: one of `causes.CAUSES`, some with more behind a colon ("refused client certificate: revoked").
    end: who raised it, "client" or "server" of the connection: who sent the alert or the reset, asked again,
    or gave up.
    transit: the number of the packet with which it is proved.   connection: the number of its connection.
    words: what happened, in a sentence.   alert: the name of the TLS alert, "" for none.
    evidence: other packets that belong to it.
    """

    cause: str
    end: str
    transit: int
    connection: int
    words: str
    alert: str = ""
    evidence: tuple[int, ...] = ()

    @property
    def means(self) -> str:
        """What the cause means, in a sentence."""
        return cause_of(self.cause).means

    @property
    def remedy(self) -> str:
        """What to try."""
        return cause_of(self.cause).remedy

    @property
    def proof(self) -> str:
        """Which packet proves it, and which others belong to it."""
        others = [number for number in self.evidence if number != self.transit]
        more = f"; see also {', '.join(map(str, others[:6]))}" if others else ""
        return f"packet {self.transit}{more}{' ...' if len(others) > 6 else ''}"

    def lines(self) -> list[tuple[str, str]]:
        """(label, words) of everything that there is to say."""
        return [
            ("cause", self.cause), ("what happened", self.words), ("raised by", f"the {self.end}"),
            ("proof", self.proof), ("which means", self.means), ("what to try", self.remedy),
        ]  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(line for label, words in self.lines() for line in _hanging(label, words))


@dataclass(frozen=True)
class Story:
    """A connection in plain words.   title: who called whom.   lines: what happened, in order.

    unseen: what the capture could not show.
    """

    connection: int
    title: str
    lines: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = [line for each in self.lines for line in textwrap.wrap(each, WIDTH, subsequent_indent="  ")]
        for each in self.unseen:
            told += textwrap.wrap(f"Not seen: {each}", WIDTH, subsequent_indent="  ")
        return "\n".join([f"Connection {self.connection}: {self.title}", *told])


@dataclass(frozen=True)
class Diagnosis(Sequence[Finding]):
    """The findings of a trace, in the order of connections, the gravest of each first; and their stories.

    head: what the trace is, in a line or two.   stories: by the numbers of connections.
    unread: what could not be read at all.
    """

    head: str
    findings: tuple[Finding, ...]
    stories: Mapping[int, Story] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        return self.findings[index]

    def __len__(self) -> int:
        return len(self.findings)

    def of(self, connection: int) -> tuple[Finding, ...]:
        """The findings of one connection."""
        return tuple(each for each in self.findings if each.connection == connection)

    @property
    def order(self) -> list[int]:
        """The connections: first those with findings, then the others."""
        failed = dict.fromkeys(each.connection for each in self.findings)
        return [*failed, *(number for number in self.stories if number not in failed)]

    def counts(self) -> dict[str, int]:
        """How many findings there are of each cause, the most frequent first."""
        found: dict[str, int] = {}
        for each in self.findings:
            found[each.cause] = found.get(each.cause, 0) + 1
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def summary(self) -> str:
        """In one line: how much went wrong."""
        if not self.findings:
            if not self.stories:
                return "There is no connection in it."
            seen = not any(story.unseen for story in self.stories.values())
            return "Nothing went wrong in it." if seen else "Nothing is seen to have gone wrong in it."
        causes = ", ".join(f"{cause}{f' ({count} times)' if count > 1 else ''}"
                           for cause, count in self.counts().items())  # fmt: skip
        return f"What went wrong: {causes}."

    def _parts(self) -> Iterator[str]:
        yield f"{self.head}\n{self.summary()}"
        for number in self.order[:STORIES_MOST]:
            yield "\n\n".join([str(self.stories[number]), *map(str, self.of(number))])
        if len(self.stories) > STORIES_MOST:
            yield f"... and {len(self.stories) - STORIES_MOST} more connections."
        if self.unread:
            yield "\n".join(f"Not read: {each}" for each in self.unread)

    def __str__(self) -> str:
        return "\n\n".join(self._parts())

    def __repr__(self) -> str:
        return f"Diagnosis({len(self.stories)} connections: {self.summary()})"


def _hanging(label: str, words: str) -> list[str]:
    """A label, and words that hang in a column beside it."""
    return textwrap.wrap(
        words, WIDTH, initial_indent=f"  {label:14} ", subsequent_indent=" " * 17, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip

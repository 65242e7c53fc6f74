"""What a run has done, written down as it comes, so that one that was ended can be taken up again.

A line is a mark, or says that an answer is about to run, or that a person has ended the run.  Each is sealed
with the lecturer's secret, and over the seal of the line before it: an answer, which runs as the same user,
can take away the last lines and so have things done again, but it can add none, change none, and take none
out of the middle without those behind it being lost as well.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from handshake.errors import Refused
from handshake.grade.marking import Mark

LINE_MOST = 1 << 20
"""A longer line is none of ours, in bytes."""

ENDED_MOST = 5
"""So often a person may end a run without that being held against the answers that were running."""


class Journal:
    """The journal of a run, beside the file of marks.

    out: that file.   secret: the lecturer's.
    A line that was cut off in the middle is passed over, and so is one whose seal does not fit.
    """

    def __init__(self, out: Path, secret: bytes) -> None:
        self.path = out.with_name(f"{out.name}.journal")
        self._key = hmac.digest(secret, b"handshake, the journal", "sha256")
        self._file: int | None = None
        self._last = ""

    def read(self) -> tuple[dict[tuple[str, str], Mark], dict[str, int]]:
        """The marks, the last of each; and the digests of what was begun and has none, each with how often
        it was begun alone.
        """
        marks: dict[tuple[str, str], Mark] = {}
        begun: dict[str, int] = {}
        ended = 0
        for kind, form in self._lines():
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                if kind == "begun":
                    digest, alone = str(form["digest"]), form["alone"] is True
                    begun[digest] = begun.get(digest, 0) + alone
                elif kind == "ended":
                    ended += 1
                    begun = dict.fromkeys(begun, 0) if ended <= ENDED_MOST else begun
                elif kind == "mark":
                    mark = Mark.from_plain(form)
                    marks[mark.student, mark.exercise] = mark
                    begun.pop(mark.digest, None)
        return marks, begun

    def begin(self, digest: str, *, alone: bool = False) -> None:
        """An answer is about to run.   digest: of its task.   alone: whether nothing else runs beside it."""
        self._write("begun", {"digest": digest, "alone": alone})

    def add(self, mark: Mark) -> None:
        """Write a mark down, before anything else is done with it."""
        self._write("mark", mark.plain())
        if self._file is not None:
            os.fsync(self._file)

    def ended(self) -> None:
        """A person has ended the run: the answers that were running have not."""
        self._write("ended", {})

    def remove(self) -> None:
        """The run is over."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        for _ in self._lines():
            pass  # (to go on behind the last of them)
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise Refused(str(self.path), f"it cannot be written: {error.strerror}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, kind: str, form: dict[str, Any]) -> None:
        if self._file is not None:
            self._last = self._seal(kind, form)
            line = json.dumps({"kind": kind, "what": form, "seal": self._last})
            # (A line that was cut off before ends here.)
            os.write(self._file, b"\n" + line.encode() + b"\n")

    def _seal(self, kind: str, form: Any) -> str:
        text = json.dumps([self._last, kind, form], sort_keys=True)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def _lines(self) -> Iterator[tuple[str, Any]]:
        self._last = ""
        try:
            file = self.path.open("rb")
        except OSError:
            return
        with file:
            while line := file.readline(LINE_MOST):
                with suppress(ValueError, KeyError, TypeError, RecursionError):
                    told = json.loads(line)
                    kind, form, seal = str(told["kind"]), told["what"], str(told["seal"])
                    if hmac.compare_digest(seal.encode(), self._seal(kind, form).encode()):
                        self._last = seal
                        yield kind, form

"""Framing: messages over a byte stream.

TCP carries bytes and knows no messages: what was sent with one call may arrive with three, and what was sent
with three may arrive with one.  Where a message ends, the two programs have to agree.  Two ways are usual:
to say the length first, and to end each message with something that no message contains.

>>> frames = LengthPrefixed(limit=100)
>>> frames.encode(b"hello")
b'\x00\x00\x00\x05hello'
>>> frames.feed(b"\x00\x00\x00\x05hel")
[]
>>> frames.feed(b"lo\x00\x00")
[b'hello']
>>> frames.waiting
2

Nothing here reads from a socket: hand over what came, in whatever pieces, and be given the messages that are
complete.  However the stream is cut, the messages are the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from handshake.errors import DecodeError, Refused, count_bytes

LIMIT = 65_536
"""The longest message, unless told otherwise."""


class FramingError(DecodeError):
    """A stream that is not framed as agreed.   messages: those that were complete before it."""

    messages: tuple[bytes, ...] = ()


class Framer(ABC):
    """What both ways have in common.

    limit: how many bytes a message has at most.   offset: how many bytes of the stream are dealt with.
    A framer that has met an error stays so: where the next message begins, nobody knows any more.
    """

    def __init__(self, limit: int) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ValueError(f"limit is how many bytes a message has at most, 1 or more; got {limit!r}")
        self.limit = limit
        self.offset = 0
        self._buffer = bytearray()
        self._at = 0  # where in the buffer the next message begins
        self._failed: FramingError | None = None
        self._ended = False

    @abstractmethod
    def encode(self, message: bytes) -> bytes:
        """A message as it travels.   ValueError for one that cannot."""

    @abstractmethod
    def _next(self) -> bytes | None:
        """The next message if it is complete, and `_at` moved behind it."""

    @abstractmethod
    def _wanted(self) -> str:
        """What an unfinished message still needs, in words."""

    @property
    def waiting(self) -> int:
        """How many bytes of an unfinished message are kept."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Bytes came; the answer is the messages that they complete, oldest first.

        FramingError if they are no such stream: at once, with the messages before it in its `messages`.
        """
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise TypeError(f"a stream is made of bytes, got {chunk!r:.60}")
        if self._failed is not None:
            raise self._again(self._failed)
        if self._ended:
            raise Refused("the framer", "the stream has ended: a new stream needs a new framer")
        self._buffer += chunk
        messages: list[bytes] = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except FramingError as error:
            error.messages = tuple(messages)
            self._failed = error
            self._buffer.clear()
            raise
        del self._buffer[: self._at]
        self.offset += self._at
        self._at = 0
        return messages

    def end(self) -> None:
        """The stream has ended.   FramingError if that was inside a message."""
        if self._failed is not None:
            raise self._again(self._failed)
        self._ended = True
        if self._buffer:
            got = f"the end of the stream after {count_bytes(len(self._buffer))}"
            raise FramingError("message", self.offset, self._wanted(), got)

    @staticmethod
    def _again(error: FramingError) -> FramingError:
        return FramingError(error.field, error.offset, error.expected, error.got)

    def _checked(self, message: bytes) -> bytes:
        if not isinstance(message, bytes | bytearray | memoryview):
            raise TypeError(f"a message is made of bytes, got {message!r:.60}")
        message = bytes(message)
        if len(message) > self.limit:
            raise ValueError(
                f"a message of {count_bytes(len(message))} is longer than the limit of {self.limit}"
            )
        return message

    def _too_long(self, got: str) -> FramingError:
        expected = f"a message of at most {count_bytes(self.limit)}"
        return FramingError("message", self.offset + self._at, expected, got)


class LengthPrefixed(Framer):
    """Each message behind its length: a number of `size` bytes, the most significant first."""

    def __init__(self, limit: int = LIMIT, *, size: int = 4) -> None:
        super().__init__(limit)
        if size not in (1, 2, 4, 8):
            raise ValueError(f"a length has 1, 2, 4 or 8 bytes, not {size!r}")
        if limit >= 1 << 8 * size:
            raise ValueError(f"a limit of {limit} does not fit into a length of {count_bytes(size)}")
        self.size = size

    def encode(self, message: bytes) -> bytes:
        """The length, then the message."""
        message = self._checked(message)
        return len(message).to_bytes(self.size, "big") + message

    def _next(self) -> bytes | None:
        start = self._at + self.size
        if len(self._buffer) < start:
            return None
        length = int.from_bytes(self._buffer[self._at : start], "big")
        if length > self.limit:  # before there is room for it, and before any of it has come
            raise self._too_long(f"a length of {length:,}")
        if len(self._buffer) < start + length:
            return None
        self._at = start + length
        return bytes(self._buffer[start : self._at])

    def _wanted(self) -> str:
        if len(self._buffer) < self.size:
            return f"a length of {count_bytes(self.size)}"
        length = int.from_bytes(self._buffer[: self.size], "big")
        return f"a length of {count_bytes(self.size)} and a message of {length}"


class Delimited(Framer):
    """Each message ended by a delimiter, which no message may contain."""

    def __init__(self, delimiter: bytes = b"\n", limit: int = LIMIT) -> None:
        super().__init__(limit)
        if not isinstance(delimiter, bytes) or not delimiter:
            raise ValueError(f"a delimiter is one byte or more, got {delimiter!r}")
        self.delimiter = delimiter
        self._searched = 0  # so many bytes behind `_at` hold no beginning of a delimiter

    def encode(self, message: bytes) -> bytes:
        """The message, then the delimiter."""
        message = self._checked(message)
        framed = message + self.delimiter
        if framed.index(self.delimiter) < len(message):  # also one that the two make together
            raise ValueError(
                f"a message must not contain the delimiter {self.delimiter!r}, nor begin one at its end"
            )
        return framed

    def _next(self) -> bytes | None:
        found = self._buffer.find(self.delimiter, self._at + self._searched)
        longest = found - self._at if found >= 0 else len(self._buffer) - self._at - len(self.delimiter) + 1
        if longest > self.limit:
            raise self._too_long("more, and no delimiter" if found < 0 else f"one of {longest}")
        if found < 0:
            self._searched = max(0, longest)
            return None
        message = bytes(self._buffer[self._at : found])
        self._at = found + len(self.delimiter)
        self._searched = 0
        return message

    def _wanted(self) -> str:
        return f"the delimiter {self.delimiter!r}"

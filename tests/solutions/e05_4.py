"""Answers to 05.4."""

RIGHT = (
    """
class Framer:
    def __init__(self, limit):
        self.limit = limit
        self.rest = bytearray()

    def feed(self, chunk):
        self.rest += chunk
        found = []
        while len(self.rest) >= 4:
            size = int.from_bytes(self.rest[:4], "big")
            if size > self.limit:
                raise ValueError(f"{size} bytes, and {self.limit} is the most")
            if len(self.rest) < 4 + size:
                break
            found.append(bytes(self.rest[4 : 4 + size]))
            del self.rest[: 4 + size]
        return found

    def end(self):
        if self.rest:
            raise ValueError("the stream ends inside a message")
""",
    """
import struct

class Framer:
    def __init__(self, limit):
        self.limit, self.wanted, self.parts = limit, None, b""

    def feed(self, chunk):
        found = []
        for octet in bytes(chunk):
            self.parts += bytes([octet])
            if self.wanted is None and len(self.parts) == 4:
                (self.wanted,) = struct.unpack(">I", self.parts)
                self.parts = b""
                if self.wanted > self.limit:
                    raise ValueError("too long")
            if self.wanted is not None and len(self.parts) == self.wanted:
                found.append(self.parts)
                self.wanted, self.parts = None, b""
        return found

    def end(self):
        if self.parts or self.wanted is not None:
            raise ValueError("cut off")
""",
)

WRONG = {
    "one feed, one message": RIGHT[0]
    .replace("while len", "if len")
    .replace("                break", "                return found"),
    "empty message lost": RIGHT[0].replace(
        "            found.append", "            if size:\n                found.append"
    ),
    "limit itself refused": RIGHT[0].replace("size > self.limit", "size >= self.limit"),
    "leftover lost": RIGHT[0].replace("        self.rest += chunk", "        self.rest = bytearray(chunk)"),
    "length little-endian": RIGHT[0].replace('"big"', '"little"'),
    "recursion": """
class Framer:
    def __init__(self, limit):
        self.limit, self.rest = limit, b""

    def feed(self, chunk):
        self.rest += chunk
        if len(self.rest) < 4:
            return []
        size = int.from_bytes(self.rest[:4], "big")
        if size > self.limit:
            raise ValueError("too long")
        if len(self.rest) < 4 + size:
            return []
        one, self.rest = self.rest[4 : 4 + size], self.rest[4 + size :]
        return [one] + self.feed(b"")

    def end(self):
        if self.rest:
            raise ValueError("cut off")
""",
    "huge length accepted": RIGHT[0].replace("size > self.limit", "False"),
    "end inside a message": RIGHT[0].replace(
        "if self.rest:\n            raise", "if len(self.rest) > 99999:\n            raise"
    ),
}

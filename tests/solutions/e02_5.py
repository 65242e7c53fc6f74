"""Answers to 02.5."""

RIGHT = (
    """
class Reassembler:
    def __init__(self, first, window):
        self.next, self.window = first, window
        self.kept = {}
        self.fin = None

    def add(self, seq, data, fin):
        far = (seq - self.next + 2**31) % 2**32 - 2**31
        for n, octet in enumerate(data, far):
            if 0 <= n < self.window:
                self.kept[(self.next + n) % 2**32] = octet
        behind = far + len(data)
        if fin and 0 <= behind < self.window:
            self.fin = (self.next + behind) % 2**32
        found = bytearray()
        while self.next in self.kept:
            found.append(self.kept.pop(self.next))
            self.next = (self.next + 1) % 2**32
        return bytes(found)

    def done(self):
        return self.next == self.fin

    def expected(self):
        return (self.next + self.done()) % 2**32
""",
    """
class Reassembler:
    def __init__(self, first, window):
        self.first, self.window = first, window
        self.at = 0
        self.pieces = []
        self.end = None

    def add(self, seq, data, fin):
        here = (self.first + self.at) % 2**32
        ahead = (seq - here) % 2**32
        if ahead >= 2**31:
            ahead -= 2**32
        start = self.at + ahead
        limit = self.at + self.window
        if self.end is not None and self.at > self.end:
            return b""
        if fin and self.at <= start + len(data) < limit:
            self.end = start + len(data)
        data = data[: max(0, limit - start)]
        if start + len(data) > self.at:
            self.pieces.append((start, data))
        out = b""
        for begin, piece in sorted(self.pieces):
            if begin <= self.at < begin + len(piece):
                out += piece[self.at - begin :]
                self.at = begin + len(piece)
        self.pieces = [(b, p) for b, p in self.pieces if b + len(p) > self.at]
        if self.at == self.end:
            self.at += 1
        return out

    def done(self):
        return self.end is not None and self.at > self.end

    def expected(self):
        return (self.first + self.at) % 2**32
""",
)

WRONG = {
    "overlap doubled": """
class Reassembler:
    def __init__(self, first, window):
        self.next, self.window, self.kept, self.fin = first, window, {}, None

    def add(self, seq, data, fin):
        far = (seq - self.next + 2**31) % 2**32 - 2**31
        data = data[: max(0, self.window - far)]
        if fin:
            self.fin = (seq + len(data)) % 2**32
        if far > 0:
            self.kept[seq] = data
            return b""
        out = data
        self.next = (seq + len(data)) % 2**32
        while self.next in self.kept:
            more = self.kept.pop(self.next)
            out += more
            self.next = (self.next + len(more)) % 2**32
        return out

    def done(self):
        return self.next == self.fin

    def expected(self):
        return (self.next + self.done()) % 2**32
""",
    "lost behind a gap": RIGHT[0].replace(
        "        for n, octet", "        if far > 0:\n            return b''\n        for n, octet"
    ),
    "beyond the window kept": RIGHT[0].replace("0 <= n < self.window", "0 <= n"),
    "None for nothing": RIGHT[0].replace("return bytes(found)", "return bytes(found) or None"),
    "FIN before the hole closes": RIGHT[0].replace("self.next == self.fin", "self.fin is not None"),
    "FIN forgotten": RIGHT[0].replace("if fin and 0 <= behind", "if fin and far <= 0 <= behind"),
    "FIN takes a number": RIGHT[0].replace("(self.next + self.done()) % 2**32", "self.next"),
    "no wrap": """
class Reassembler:
    def __init__(self, first, window):
        self.next, self.window, self.kept, self.fin = first, window, {}, None

    def add(self, seq, data, fin):
        limit = self.next + self.window
        for n, octet in enumerate(data, seq):
            if self.next <= n < limit:
                self.kept[n] = octet
        if fin and self.next <= seq + len(data) < limit:
            self.fin = seq + len(data)
        out = b""
        while self.next in self.kept:
            out += bytes([self.kept.pop(self.next)])
            self.next += 1
        return out

    def done(self):
        return self.next == self.fin

    def expected(self):
        return self.next + self.done()
""",
}

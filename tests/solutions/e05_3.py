"""Answers to 05.3."""

PARTS = """
def recv_parts(sock, sizes):
    return [recv_exact(sock, size) for size in sizes]
"""

RIGHT = (
    """
def recv_exact(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError(f"the stream ended {n - len(data)} bytes too early")
        data += more
    return data

def send_all(sock, data):
    while data:
        data = data[sock.send(data):]
"""
    + PARTS,
    """
def recv_exact(sock, n):
    parts = []
    while n:
        parts.append(sock.recv(min(n, 16)))
        if parts[-1] == b"":
            raise EOFError
        n -= len(parts[-1])
    return b"".join(parts)

def send_all(sock, data):
    sent = 0
    while sent < len(data):
        sent += sock.send(data[sent : sent + 7])
"""
    + PARTS,
)

GOOD = RIGHT[0]

WRONG = {
    "short read taken": GOOD.replace("while len(data) < n:", "if n:"),
    "end taken for patience": GOOD.replace("if not more", "if more is None"),
    "end not told": GOOD.replace(
        'raise EOFError(f"the stream ended {n - len(data)} bytes too early")', "break"
    ),
    "read too much": GOOD.replace("recv(n - len(data))", "recv(4096)").replace(
        "return data\n", "return data[:n]\n"
    ),
    "short send ignored": GOOD.replace(
        "while data:\n        data = data[sock.send(data):]", "sock.send(data)"
    ),
    "sent again from the start": GOOD.replace(
        "while data:\n        data = data[sock.send(data):]",
        "sent = 0\n    while sent < len(data):\n        sent += sock.send(data)",
    ),
}

"""Answers to 02.3."""

RIGHT = (
    """
def is_valid_ack(una, nxt, ack):
    back = (ack - una) % 2**32
    sent = (nxt - una) % 2**32
    if back == 0 or back >= 2**31:
        return "duplicate"
    return "new" if back <= sent else "future"
""",
    """
SPACE = 1 << 32

def distance(a, b):
    d = (b - a) & (SPACE - 1)
    return d - SPACE if d >= SPACE // 2 else d

def is_valid_ack(una, nxt, ack):
    if distance(una, ack) <= 0:
        return "duplicate"
    if distance(nxt, ack) > 0:
        return "future"
    return "new"
""",
)

WRONG = {
    "duplicate counted new": RIGHT[0].replace("back == 0 or ", ""),
    "last byte never confirmed": RIGHT[0].replace("back <= sent", "back < sent"),
    "no wrap": """
def is_valid_ack(una, nxt, ack):
    if ack <= una:
        return "duplicate"
    return "new" if ack <= nxt else "future"
""",
    "future accepted": """
def is_valid_ack(una, nxt, ack):
    back = (ack - una) % 2**32
    return "duplicate" if back == 0 or back >= 2**31 else "new"
""",
    "old counted future": RIGHT[0]
    .replace(" or back >= 2**31", "")
    .replace('"new" if back <= sent', '"new" if 0 < back <= sent'),
    "answers in other words": RIGHT[0].replace('"new"', "True"),
}

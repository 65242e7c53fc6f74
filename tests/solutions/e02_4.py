"""Answers to 02.4."""

LENGTH = """
def seg_len(size, flags):
    return size + flags.count("SYN") + flags.count("FIN")
"""

RIGHT = (
    """
def is_acceptable(seq, length, rcv_nxt, rcv_wnd):
    if rcv_wnd == 0:
        return length == 0 and seq == rcv_nxt
    first = (seq - rcv_nxt) % 2**32
    last = (seq + max(length, 1) - 1 - rcv_nxt) % 2**32
    return first < rcv_wnd or last < rcv_wnd
"""
    + LENGTH,
    """
MASK = 0xFFFFFFFF

def within(number, rcv_nxt, rcv_wnd):
    end = (rcv_nxt + rcv_wnd) & MASK
    if rcv_nxt <= end:
        return rcv_nxt <= number < end
    return number >= rcv_nxt or number < end

def is_acceptable(seq, length, rcv_nxt, rcv_wnd):
    if not rcv_wnd:
        return not length and seq == rcv_nxt
    if within(seq, rcv_nxt, rcv_wnd):
        return True
    return length > 0 and within((seq + length - 1) & MASK, rcv_nxt, rcv_wnd)

def seg_len(size, flags):
    return size + sum(flag in ("SYN", "FIN") for flag in flags)
""",
)

WRONG = {
    "closed window refuses everything": RIGHT[0].replace(
        "return length == 0 and seq == rcv_nxt", "return False"
    ),
    "closed window takes data": RIGHT[0].replace("length == 0 and ", ""),
    "only the first byte": RIGHT[0].replace(" or last < rcv_wnd", ""),
    "one beyond the window": RIGHT[0].replace("first < rcv_wnd", "first <= rcv_wnd"),
    "end counted one too far": RIGHT[0].replace("max(length, 1) - 1", "length"),
    "whole segment wanted": RIGHT[0].replace("first < rcv_wnd or last", "first < rcv_wnd and last"),
    "every flag counted": RIGHT[0].replace('flags.count("SYN") + flags.count("FIN")', "len(flags)"),
    "no truth value": RIGHT[0].replace(
        "return first < rcv_wnd or last < rcv_wnd", "return int(first < rcv_wnd or last < rcv_wnd)"
    ),
    "one for both": RIGHT[0].replace(
        'flags.count("SYN") + flags.count("FIN")', 'bool({"SYN", "FIN"} & set(flags))'
    ),
    "SYN and FIN not counted": RIGHT[0].replace(' + flags.count("SYN") + flags.count("FIN")', ""),
    "no wrap": """
def is_acceptable(seq, length, rcv_nxt, rcv_wnd):
    if rcv_wnd == 0:
        return length == 0 and seq == rcv_nxt
    last = seq + max(length, 1) - 1
    return rcv_nxt <= seq < rcv_nxt + rcv_wnd or rcv_nxt <= last < rcv_nxt + rcv_wnd
"""
    + LENGTH,
}

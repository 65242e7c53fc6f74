"""Answers to 04.3."""

RIGHT = (
    """
def on_rst(seq, rcv_nxt, rcv_wnd):
    ahead = (seq - rcv_nxt) % 2**32
    if ahead == 0:
        return "reset"
    if ahead < rcv_wnd:
        return "challenge"
    return "drop"
""",
    """
def on_rst(seq, rcv_nxt, rcv_wnd):
    if seq == rcv_nxt:
        return "reset"
    end = rcv_nxt + rcv_wnd
    inside = rcv_nxt < seq < end or seq < end - (1 << 32)
    return "challenge" if inside else "drop"
""",
)

WRONG = {
    "any in the window resets": RIGHT[0].replace('"challenge"', '"reset"'),
    "exact match not obeyed": RIGHT[0].replace('        return "reset"', '        return "drop"'),
    "zero window": RIGHT[0].replace("ahead == 0", "ahead == 0 and rcv_wnd > 0"),
    "no wrap": RIGHT[1].replace(" or seq < end - (1 << 32)", ""),
    "right end counted": RIGHT[0].replace("ahead < rcv_wnd", "ahead <= rcv_wnd"),
    "answers what is outside": RIGHT[0].replace('"drop"', '"challenge"'),
    "answers in other words": RIGHT[0].replace('"drop"', "None"),
}

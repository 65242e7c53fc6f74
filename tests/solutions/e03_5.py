"""Answers to 03.5.

The answer is a function and a list.  So that both make the text of one cell, a function is written as `Code`.
"""

from __future__ import annotations

from typing import Any

from handshake.exercises.e03_5 import BUGS, MACHINE, with_bugs


class Code(str):
    """The text of a cell that defines the function, where a value is expected."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"None\n{self}"


OTHER = """
def mended(tcb, seg):
    big, (syn, ack, rst) = 1 << 32, ((flag in seg["flags"]) for flag in ("SYN", "ACK", "RST"))
    state, nothing = tcb["state"], (tcb, None)
    refusal = {"flags": ["RST"], "seq": seg["ack"], "ack": 0}
    more = {"RCV.NXT": (seg["seq"] + 1) % big}
    greeting = {"flags": ["ACK", "SYN"], "seq": tcb["ISS"], "ack": more["RCV.NXT"]}
    if state in ("CLOSED", "LISTEN"):
        if rst or not (syn or ack or state == "CLOSED"):
            return nothing
        if ack:
            return tcb, refusal
        if state == "CLOSED":
            return tcb, {"flags": ["ACK", "RST"], "seq": 0, "ack": (seg["seq"] + syn) % big}
        more |= {"state": "SYN-RECEIVED", "SND.UNA": tcb["ISS"], "SND.NXT": (tcb["ISS"] + 1) % big}
        return tcb | more, greeting
    opens = ack and seg["ack"] == tcb["SND.NXT"]
    if state == "SYN-SENT":
        if ack and not opens:
            return nothing if rst else (tcb, refusal)
        if rst:
            return (tcb | {"state": "CLOSED"}, None) if ack else nothing
        if not syn:
            return nothing
        if ack:
            more |= {"state": "ESTABLISHED", "SND.UNA": seg["ack"]}
            return tcb | more, {"flags": ["ACK"], "seq": tcb["SND.NXT"], "ack": more["RCV.NXT"]}
        return tcb | more | {"state": "SYN-RECEIVED"}, greeting
    if seg["seq"] != tcb["RCV.NXT"]:
        return nothing if rst else (tcb, {"flags": ["ACK"], "seq": tcb["SND.NXT"], "ack": tcb["RCV.NXT"]})
    if rst:
        return tcb | {"state": ("CLOSED", "LISTEN")[tcb["passive"]]}, None
    if opens:
        return tcb | {"state": "ESTABLISHED", "SND.UNA": seg["ack"]}, None
    return (tcb, refusal) if ack else nothing
"""


def answer(text: str, bugs: Any) -> dict[str, Any]:
    return {"mended": Code(text), "bugs": bugs}


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    bugs = given["_bugs"]
    return [answer(MACHINE, bugs), answer(OTHER, bugs[::-1])]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    bugs = given["_bugs"]
    others = [name for name in BUGS if name not in bugs]
    return {
        "still there": answer(with_bugs(bugs[1:]), bugs),
        "something else changed": answer(with_bugs(others[:1]), bugs),
        "not that one": answer(MACHINE, [bugs[0], others[0]]),
        "one is missing": answer(MACHINE, bugs[1:]),
        "other words": answer(MACHINE, "the wrap"),
    }

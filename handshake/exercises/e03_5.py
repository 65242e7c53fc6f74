"""Exercise 03.5: two bugs in a small machine: mend them, and name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, said, same

SPACE = 1 << 32

MACHINE = """SPACE = 2**32


def reply(flags, seq, ack=0):
    return {"flags": flags, "seq": seq % SPACE, "ack": ack % SPACE}


def mended(tcb, seg):
    tcb, flags = dict(tcb), seg["flags"]
    syn, ack, rst = "SYN" in flags, "ACK" in flags, "RST" in flags
    if tcb["state"] == "CLOSED":
        if rst:
            return tcb, None
        if ack:
            return tcb, reply(["RST"], seg["ack"])
        return tcb, reply(["RST", "ACK"], 0, seg["seq"] + syn)
    if tcb["state"] == "LISTEN":
        if rst:
            return tcb, None
        if ack:
            return tcb, reply(["RST"], seg["ack"])
        if syn:
            tcb["state"] = "SYN-RECEIVED"
            tcb["SND.UNA"] = tcb["ISS"]
            tcb["SND.NXT"] = (tcb["ISS"] + 1) % SPACE
            tcb["RCV.NXT"] = (seg["seq"] + 1) % SPACE
            return tcb, reply(["SYN", "ACK"], tcb["ISS"], tcb["RCV.NXT"])
        return tcb, None
    sent = (tcb["SND.NXT"] - tcb["SND.UNA"]) % SPACE
    good = ack and 0 < (seg["ack"] - tcb["SND.UNA"]) % SPACE <= sent
    if tcb["state"] == "SYN-SENT":
        if ack and not good:
            return tcb, None if rst else reply(["RST"], seg["ack"])
        if rst:
            if ack:
                tcb["state"] = "CLOSED"
            return tcb, None
        if syn and ack:
            tcb["state"] = "ESTABLISHED"
            tcb["SND.UNA"] = seg["ack"]
            tcb["RCV.NXT"] = (seg["seq"] + 1) % SPACE
            return tcb, reply(["ACK"], tcb["SND.NXT"], tcb["RCV.NXT"])
        if syn:
            tcb.update({"state": "SYN-RECEIVED", "RCV.NXT": (seg["seq"] + 1) % SPACE})
            return tcb, reply(["SYN", "ACK"], tcb["ISS"], tcb["RCV.NXT"])
        return tcb, None
    if seg["seq"] != tcb["RCV.NXT"]:
        return tcb, None if rst else reply(["ACK"], tcb["SND.NXT"], tcb["RCV.NXT"])
    if rst:
        tcb["state"] = "LISTEN" if tcb["passive"] else "CLOSED"
    elif ack and not good:
        return tcb, reply(["RST"], seg["ack"])
    elif ack:
        tcb.update({"state": "ESTABLISHED", "SND.UNA": seg["ack"]})
    return tcb, None
"""
"""The machine, in order: the opening half of RFC 9293 section 3.10.7, a little simplified."""

BUGS = {
    "answers a reset": ('"CLOSED":\n        if rst:', '"CLOSED":\n        if rst and not ack:'),
    "takes an answer for a call": (
        'if ack:\n            return tcb, reply(["RST"], seg["ack"])\n        if syn',
        'if ack and not syn:\n            return tcb, reply(["RST"], seg["ack"])\n        if syn',
    ),
    "believes a call at once": ('tcb["state"] = "SYN-RECEIVED"', 'tcb["state"] = "ESTABLISHED"'),
    "its own SYN takes no number": ('(tcb["ISS"] + 1) % SPACE', 'tcb["ISS"]'),
    "the peer's SYN takes no number": (
        'tcb["RCV.NXT"] = (seg["seq"] + 1) % SPACE\n            return tcb, reply(["SYN"',
        'tcb["RCV.NXT"] = seg["seq"]\n            return tcb, reply(["SYN"',
    ),
    "forgets the wrap": (
        'ack and 0 < (seg["ack"] - tcb["SND.UNA"]) % SPACE <= sent',
        'ack and tcb["SND.UNA"] < seg["ack"] <= tcb["SND.UNA"] + sent',
    ),
    "is silent to a wrong ACK": ('None if rst else reply(["RST"], seg["ack"])', "None"),
    "believes any reset": ("    if ack:\n                tcb", "    if not syn:\n                tcb"),
    "acknowledges under an old number": (
        'return tcb, reply(["ACK"], tcb["SND.NXT"]', 'return tcb, reply(["ACK"], tcb["ISS"]'
    ),
    "believes a call that crosses its own": ('{"state": "SYN-RECEIVED"', '{"state": "ESTABLISHED"'),
    "does not listen again": ('"LISTEN" if tcb["passive"] else "CLOSED"', '"CLOSED"'),
    "lets any ACK open": ("elif ack and not good:", "elif ack and not sent:"),
}  # fmt: skip
"""By their names: what is right, and what stands there instead."""

NAMES = ", ".join(f'`"{name}"`' for name in BUGS)

STATEMENT = f"""
`print(exercises.mine("03.5")["machine"])` shows a small machine that opens connections, with two bugs, which
are your own. Copy it into the cell, mend it, and leave everything else as it is: `mended(tcb, seg)` gives the
pair of the block afterwards and the reply, or `None` for silence.

The block is a dict with `"state"` (CLOSED, LISTEN, SYN-SENT or SYN-RECEIVED before), `"passive"` (whether it
was opened by listening), and the numbers `"ISS"`, `"SND.UNA"`, `"SND.NXT"`, `"RCV.NXT"`. The segment is a
dict with `"flags"` (a list), `"seq"` and `"ack"`. The machine follows RFC 9293 section 3.10.7, but for this:
in SYN-RECEIVED the window is one number wide, SYN is not looked at any more, and there are no data at all.

`bugs` is the list of the names of your two bugs, in any order, out of these: {NAMES}.
"""

STARTER = """
def mended(tcb, seg):
    raise NotImplementedError("yours")


bugs = []
"""

SIGNS = {
    "still there": "There it does just what the machine did that you were given: that bug is still in it.",
    "something else changed": (
        "There the machine that you were given was right, and yours is not: look at what else has changed."
    ),
    "not that one": "One of the bugs that you name is not in your machine: try a segment that would show it.",
    "one is missing": "There are two bugs, and you name fewer.",
    "other words": "Bugs are named as in the statement, letter by letter, in a list.",
}

Answer = Callable[[dict[str, Any], dict[str, Any]], tuple[dict[str, Any], dict[str, Any] | None]]


def draw(entropy: Entropy) -> dict[str, Any]:
    """Two bugs, and the numbers of the cases."""
    left = list(BUGS)
    two = [left.pop(entropy.number("bug", len(left))) for _ in range(2)]
    return {
        "machine": with_bugs(two),
        "_bugs": two,
        "_ours": 1000 + entropy.number("ours", 1 << 30),
        "_theirs": 1000 + entropy.number("theirs", 1 << 30),
    }


def with_bugs(names: list[str]) -> str:
    """The machine with these bugs."""
    text = MACHINE
    for name in names:
        text = text.replace(*BUGS[name])
    return text


@lru_cache(maxsize=100)
def compiled(text: str) -> Answer:
    """The machine of such a text, which is ours."""
    names: dict[str, Any] = {}
    exec(compile(text, "machine", "exec"), names)
    found: Answer = names["mended"]
    return found


def cases(ours: int, theirs: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every state with every kind of segment, right and wrong numbers, and also close to the wrap."""
    states = (("CLOSED", False), ("LISTEN", True), ("SYN-SENT", False), ("SYN-RECEIVED", False),
              ("SYN-RECEIVED", True))  # fmt: skip
    kinds: tuple[list[str], ...] = ([], ["ACK"], ["SYN"], ["SYN", "ACK"], ["RST"], ["RST", "ACK"])
    for (state, passive), flags, at, (iss, irs) in product(
        states, kinds, ((0, 1), (0, 7), (5, 1), (0, 0)), ((ours, theirs), (SPACE - 1, SPACE - 1))
    ):
        sent = state.startswith("SYN-")
        expects = (irs + 1) % SPACE if state == "SYN-RECEIVED" else 0
        seq = expects if state == "SYN-RECEIVED" else irs
        tcb = {
            "state": state, "passive": passive, "ISS": iss, "SND.UNA": iss, "SND.NXT": (iss + sent) % SPACE,
            "RCV.NXT": expects,
        }  # fmt: skip
        ack = (iss + at[1]) % SPACE if "ACK" in flags else 0
        yield tcb, {"flags": flags, "seq": (seq + at[0]) % SPACE, "ack": ack}


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Where the machine was wrong, where it was right, and the names."""
    bugs, right = given["_bugs"], compiled(MACHINE)
    wrong = [compiled(with_bugs(each)) for each in (bugs, bugs[:1], bugs[1:])]
    tried = list(cases(given["_ours"], given["_theirs"]))
    mended = False
    for (tcb, seg), got in zip(tried, ask.many("mended", tried), strict=True):
        wanted, came = tidied(right(tcb, seg)), tidied(got)
        before = [each for each in (tidied(one(tcb, seg)) for one in wrong) if not same(each, wanted)]
        group, key = ("what was wrong", "") if before else ("what was right", "something else changed")
        if any(same(each, came) for each in before):
            key = "still there"
        elif before:
            mended = True
        if same(wanted, came):
            yield Finding(group, True)
        else:
            yield Finding(group, False, f"to {tcb} comes {seg}", *differing(wanted, came), key)
    if not mended:  # (a machine that is only copied has won nothing yet)
        yield Finding(
            "what was right", False, "every case", "a bug less", "just what you were given", "still there"
        )
    yield _named(ask.value("bugs"), bugs)


def tidied(pair: Any) -> Any:
    """What counts in an answer: of a block that is CLOSED or listens only the state; flags in any order."""
    if isinstance(pair, Raised) or not isinstance(pair, (list, tuple)) or len(pair) != 2:
        return pair
    tcb, sent = pair
    if isinstance(tcb, dict) and tcb.get("state") in ("CLOSED", "LISTEN"):
        tcb = {"state": tcb["state"]}
    if isinstance(sent, dict) and isinstance(sent.get("flags"), list):
        sent = {**sent, "flags": sorted(map(str, sent["flags"]))}
    return [tcb, sent]


def differing(wanted: Any, came: Any) -> tuple[str, str]:
    """Both in words, without what is the same in them."""
    if not isinstance(came, list) or len(came) != 2 or not isinstance(came[0], dict):
        return "a pair: a block and a reply", said(came)
    names = [name for name in wanted[0] if not same(wanted[0][name], came[0].get(name))]
    found = [", ".join(f"{name} {said(one[0].get(name))}" for name in names) for one in (wanted, came)]
    if not same(wanted[1], came[1]):
        found = [f"{words}; reply {said(one[1])}" for words, one in zip(found, (wanted, came), strict=True)]
    return found[0].removeprefix("; "), found[1].removeprefix("; ") or "more than that"


def _named(got: Any, bugs: list[str]) -> Finding:
    """The names of the bugs."""
    named = list(dict.fromkeys(map(str, got))) if isinstance(got, list) else []
    good = isinstance(got, list) and len(got) == 2 and sorted(named) == sorted(bugs)
    if good:
        return Finding("the names", True)
    if not isinstance(got, list) or not set(named) <= set(BUGS):
        key = "other words"
    else:
        key = "not that one" if set(named) - set(bugs) else "one is missing"
    return Finding("the names", False, "bugs", "the names of two bugs", said(got), key)


EXERCISE = Exercise(
    id="03.5",
    title="Mend this machine",
    statement=STATEMENT,
    starter=STARTER,
    names=("mended", "bugs"),
    groups={"what was wrong": 3, "what was right": 2, "the names": 3},
    signs=SIGNS,
    hint="Go through figures 6, 7 and 8 with it, by hand, and then send it what it does not expect.",
    reread="notebook 03, Step through it; RFC 9293 section 3.10.7",
    draw=draw,
    judge=judge,
    literal=True,  # (so that the lecturer's run has the very machine that the student was given)
)

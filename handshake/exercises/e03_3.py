"""Exercise 03.3: what an end does when a segment comes, until the connection is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, each_of, said, same
from handshake.tcp import Arrives, Segment, Settings, State, Tcb, closed, step
from handshake.tcp.segment import Flags, flags_named

SPACE = 1 << 32

STATEMENT = """
Write `on_segment(tcb, seg)`: what an end does when a segment comes, in the states CLOSED, LISTEN, SYN-SENT,
SYN-RECEIVED and ESTABLISHED, as RFC 9293 section 3.10.7 says. The answer is a pair: the block afterwards, and
the one segment that is sent at once, or `None` for silence.

A block is a dict: `"state"` (text, as above), `"passive"` (whether it was opened by listening), and the
numbers `"ISS"`, `"SND.UNA"`, `"SND.NXT"`, `"RCV.NXT"`, `"RCV.WND"`. A listener finds the number that it shall
begin with under `"ISS"`. The block afterwards has them all again; of one that is CLOSED or listens, only the
state counts. A segment is a dict: `"flags"` (a list, in any order: `["SYN", "ACK"]`), `"seq"`, `"ack"` (0
without ACK) and `"length"` (bytes of data). Numbers go round after 2³² - 1.

What the standard leaves open, and what is left out:

- An acknowledgment of our own is `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`. Data in order are acknowledged at
  once; they are handed to the program, and the window stays as wide as it was.
- Where both ends have called each other (figure 7 of the RFC, line 6), to SYN-RECEIVED may come a SYN, ACK
  whose SYN is known (`seq` is RCV.NXT - 1). Its ACK is looked at as any other; if it is good, the connection
  is open, and nothing is sent.
- The bare ACK that opens the connection may carry data, and so may later ones. Data begin at RCV.NXT, or lie
  outside the window. There is no FIN, no URG, no data with SYN or RST, no closed window, and to SYN-RECEIVED
  the same SYN does not come again without ACK.
"""

STARTER = """
def on_segment(tcb, seg):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "RST answers RST": "A reset is never answered with a reset: two ends would go on with that for ever.",
    "ack without the SYN": (
        "A SYN takes a number, so what is expected next is SEG.SEQ + 1: this ack asks for the SYN again."
    ),
    "bad ACK believed": (
        "That acknowledges something that was never sent: it is an answer to something else, perhaps to an "
        "old SYN. Nothing is open yet."
    ),
    "listener closed": (
        "It was opened by listening: when the caller backs out it waits for the next one, in LISTEN."
    ),
    "both call": (
        "A SYN without ACK, to an end that has called itself: both have called at the same time, and that "
        "opens a connection too (figure 7)."
    ),
    "any reset believed": (
        "Somebody else could have sent this reset: only one with exactly the number expected ends a "
        "connection (or, to a caller, one that acknowledges its SYN)."
    ),
    "no wrap": "Behind 2³² - 1 comes 0: numbers are reckoned, and compared, modulo 2³².",
}

Block = dict[str, Any]


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's first numbers."""
    return {
        "_client": 1000 + entropy.number("client", 1 << 31),
        "_server": 1000 + entropy.number("server", 1 << 31),
        "_seed": entropy("segments", 16),
    }


HERE, THERE = ("192.0.2.1", 40000), ("192.0.2.2", 443)


def block(state: str, iss: int, rcv_nxt: int = 0, passive: bool = False) -> Block:
    """A block whose SYN is not acknowledged."""
    sent = state in ("SYN-SENT", "SYN-RECEIVED")
    return {
        "state": state, "passive": passive, "ISS": iss, "SND.UNA": iss, "SND.NXT": (iss + sent) % SPACE,
        "RCV.NXT": rcv_nxt, "RCV.WND": 60_000,
    }  # fmt: skip


def segment(flags: str, seq: int, ack: int = 0, length: int = 0) -> Block:
    """A segment as the student's function gets it.   flags: "SYN, ACK"."""
    names = flags.replace(",", " ").split()
    return {"flags": names, "seq": seq % SPACE, "ack": ack % SPACE if "ACK" in names else 0, "length": length}


def expected(tcb: Block, seg: Block) -> tuple[Block, Block | None]:
    """What the course's machine makes of it: the block and the reply, as far as they are compared."""
    flags, data = flags_named(" ".join(seg["flags"])), bytes(seg["length"])
    arrived = Segment(THERE[1], HERE[1], seg["seq"], seg["ack"], flags, data=data)
    move = step(_tcb(tcb), Arrives(arrived, THERE, tcb["ISS"]))
    after: Block = {"state": str(move.after.state)}
    if after["state"] not in ("CLOSED", "LISTEN"):
        after |= {"SND.UNA": move.after.snd_una, "SND.NXT": move.after.snd_nxt}
        if after["state"] != "SYN-SENT":
            after["RCV.NXT"] = move.after.rcv_nxt
    for sent in move.sends:
        names = sorted((str(flag.name) for flag in Flags if sent.flags & flag), reverse=True)
        return after, {"flags": names, "seq": sent.seq, "ack": sent.ack}
    return after, None


def _tcb(tcb: Block) -> Tcb:
    """The same block for the machine."""
    return replace(
        closed(HERE, THERE, Settings(window=tcb["RCV.WND"], scaling=False)),
        state=State(tcb["state"]), passive=tcb["passive"], iss=tcb["ISS"], snd_una=tcb["SND.UNA"],
        snd_nxt=tcb["SND.NXT"], snd_wnd=65535, max_snd_wnd=65535, irs=(tcb["RCV.NXT"] - 1) % SPACE,
        rcv_nxt=tcb["RCV.NXT"], last_ack_sent=tcb["RCV.NXT"], syn_acknowledged=tcb["state"] == "ESTABLISHED",
    )  # fmt: skip


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """The figures, each block being the one that the student's function has made; resets; any segment."""
    client, server = given["_client"], given["_server"]
    for ends in ((client, server), (SPACE - 1, SPACE - 1)):
        for group, tcb, come in _figures(*ends):
            yield from _walk(ask, group, tcb, come)
    yield from each_of("resets", _batch(ask, "resets", _resets(client, server)))
    random = Entropy(given["_seed"])
    cases = [each for each in (_anything(random) for _ in range(120)) if _occurs(*each)]
    yield from each_of("any segment", _batch(ask, "any segment", cases))


def _figures(c: int, s: int) -> Iterator[tuple[str, Block, list[Block]]]:
    """What comes to either end in figures 6, 7 and 8.   c, s: the first numbers of client and server."""
    calls, listens = block("SYN-SENT", c), block("LISTEN", s, passive=True)
    last = segment("ACK", c + 1, s + 1)
    yield "figure 6", listens, [segment("SYN", c), last, {**last, "length": 100}]
    yield "figure 6", calls, [segment("SYN, ACK", s, c + 1), segment("ACK", s + 1, c + 1, 7)]
    yield "figure 7", calls, [segment("SYN", s), segment("SYN, ACK", s, c + 1)]
    yield "figure 7", block("SYN-SENT", s), [segment("SYN", c), segment("SYN, ACK", c, s + 1)]
    yield "figure 7", calls, [segment("SYN", s), segment("ACK", s + 1, c + 1)]
    yield "figure 8", calls, [segment("SYN, ACK", s, c - 9), segment("SYN, ACK", s + 99, c + 1)]
    yield "figure 8", listens, [segment("SYN", c - 10), segment("RST", c - 9)]


def _walk(ask: Ask, group: str, tcb: Block, come: list[Block]) -> Iterator[Finding]:
    """These segments one after the other, each to the block that the student's function has made."""
    reference = tcb
    for seg in come:
        wanted = expected(reference, seg)
        got = ask("on_segment", tcb, seg)
        finding = _compared(group, reference, seg, wanted, got)
        yield finding
        if not finding.good:
            return
        reference, tcb = {**reference, **wanted[0]}, got[0]


def _resets(client: int, server: int) -> list[tuple[Block, Block]]:
    """Resets, and what is answered by one."""
    at = server + 1
    listener = block("LISTEN", server, passive=True)
    called, caller = (block("SYN-RECEIVED", client, at, passive) for passive in (True, False))
    waiting, nobody = block("SYN-SENT", client), block("CLOSED", 0)
    opened = {**block("ESTABLISHED", client, at), "SND.UNA": client + 1, "SND.NXT": client + 51}
    return [
        (nobody, segment("SYN", client)), (nobody, segment("ACK", client, server, 9)),
        (nobody, segment("SYN, ACK", client, server)), (nobody, segment("RST", 5)),
        (nobody, segment("RST, ACK", 5, 6)), (listener, segment("RST", 5)),
        (listener, segment("RST, ACK", 5, 6)), (listener, segment("ACK", client, server)),
        (waiting, segment("RST, ACK", 0, client + 1)), (waiting, segment("RST", 0)),
        (waiting, segment("RST, ACK", 0, client + 7)), (waiting, segment("ACK", 0, client + 7)),
        (called, segment("RST", at)), (caller, segment("RST", at)), (called, segment("RST", at + 9)),
        (called, segment("RST", at - 9)), (called, segment("ACK", at, client + 7)),
        (opened, segment("RST", at)), (opened, segment("RST, ACK", at, client + 1)),
        (opened, segment("RST", at + 1)), (opened, segment("RST", at - 1)),
        (opened, segment("RST", at + 60_000)), (opened, segment("SYN", at + 5)),
    ]  # fmt: skip


def _anything(random: Entropy) -> tuple[Block, Block]:
    """Some state, and a segment about the edges of what it expects."""

    def one(label: str, *of: Any) -> Any:
        return of[random.number(label, len(of))]

    state = one("state", "CLOSED", "LISTEN", *("SYN-SENT", "SYN-RECEIVED", "ESTABLISHED") * 2)
    iss, rcv_nxt = (one(end, random.number(end, SPACE), SPACE - 1 - random.number(end, 3)) for end in "sr")
    tcb = block(state, iss, rcv_nxt, state == "LISTEN" or one("passive", True, False))
    if state == "ESTABLISHED":
        tcb["SND.UNA"] = (iss + 1 + random.number("una", 900)) % SPACE
        tcb["SND.NXT"] = (tcb["SND.UNA"] + random.number("sent", 900)) % SPACE
    una, nxt, window = tcb["SND.UNA"], tcb["SND.NXT"], tcb["RCV.WND"]
    flags = one("flags", "", "ACK", "ACK", "ACK", "SYN", "SYN, ACK", "RST", "RST, ACK")
    seq = rcv_nxt + one("seq", 0, 0, 0, -1, 5, window - 1, window, -100)
    ack = one("ack", una, una + 1, nxt, nxt, nxt + 1, una - 1)
    return tcb, segment(flags, seq, ack, one("length", 0, 0, 40, 100) if flags == "ACK" else 0)


def _occurs(tcb: Block, seg: Block) -> bool:
    """Whether the statement speaks of it."""
    far = (seg["seq"] - tcb["RCV.NXT"]) % SPACE
    if tcb["state"] == "SYN-RECEIVED" and seg["flags"] == ["SYN"]:
        return bool(far != SPACE - 1)
    outside = tcb["RCV.WND"] <= far <= SPACE - seg["length"]
    return not seg["length"] or tcb["state"] in ("CLOSED", "LISTEN") or far == 0 or bool(outside)


def _batch(ask: Ask, group: str, cases: list[tuple[Block, Block]]) -> Iterator[Finding]:
    for (tcb, seg), got in zip(cases, ask.many("on_segment", cases), strict=True):
        yield _compared(group, tcb, seg, expected(tcb, seg), got)


def _compared(group: str, tcb: Block, seg: Block, wanted: tuple[Block, Block | None], got: Any) -> Finding:
    """What came beside what should have come, as far as it counts."""
    case = f"to {_told(tcb)} comes {_sent(seg)}"
    right = f"{_told(wanted[0])}, {_sent(wanted[1])}"
    pair = _tidied(got, wanted[0])
    if pair is None:
        return Finding(group, False, case, f"a pair: {right}", said(got))
    if same(list(wanted), list(pair)):
        return Finding(group, True, case)
    came = f"{_told(pair[0])}, {_sent(pair[1])}"
    return Finding(group, False, case, right, came[:300], _key(group, tcb, seg, wanted, pair))


def _tidied(got: Any, like: Block) -> tuple[Block, Block | None] | None:
    """The parts of an answer that are compared, in one form; None if it is no such pair."""
    if isinstance(got, Raised) or not isinstance(got, list) or len(got) != 2 or not isinstance(got[0], dict):
        return None
    after, reply = {name: got[0].get(name) for name in like}, got[1]
    if reply is None:
        return after, None
    flags = reply.get("flags") if isinstance(reply, dict) else None
    if not isinstance(flags, list) or not all(isinstance(each, str) for each in flags):
        return None
    ack = reply.get("ack") if "ACK" in flags else 0
    return after, {"flags": sorted(flags, reverse=True), "seq": reply.get("seq"), "ack": ack}


def _told(tcb: Block) -> str:
    """A block in words; one of the student's may hold anything plain."""
    state = said(tcb["state"]).strip("'")
    if tcb["state"] in ("CLOSED", "LISTEN"):
        return state
    numbers = [f"{name} {said(tcb[name])}" for name in ("SND.UNA", "SND.NXT", "RCV.NXT") if name in tcb]
    return f"{state} ({', '.join([*['passive'] * bool(tcb.get('passive')), *numbers])})"


def _sent(seg: Block | None) -> str:
    """A segment in words."""
    if seg is None:
        return "silence"
    more = f" with {seg['length']} bytes" if seg.get("length") else ""
    ack = f" ack {said(seg['ack'])}" if "ACK" in seg["flags"] else ""
    return f"<{', '.join(seg['flags']) or 'no flags'} seq {said(seg['seq'])}{ack}{more}>"


def _key(group: str, tcb: Block, seg: Block, wanted: tuple[Block, Any], got: tuple[Block, Any]) -> str:
    """Which typical wrong answer it looks like."""
    before, after, came = tcb["state"], wanted[0]["state"], got[0]["state"]
    reply, should = got[1] or {"flags": [], "seq": 0, "ack": 0}, wanted[1] or {"ack": 0}
    flags = seg["flags"]
    numbers = [each for each in (*got[0].values(), reply["seq"], reply["ack"]) if type(each) is int]
    if "RST" in flags and "RST" in reply["flags"]:
        return "RST answers RST"
    if not all(0 <= each < SPACE for each in numbers):
        return "no wrap"
    if tcb["ISS"] == SPACE - 1 and group.startswith("figure"):
        return "no wrap"  # (in the figures, the same was right with other numbers)
    if "ACK" in flags and came == "ESTABLISHED" != after:
        return "bad ACK believed"
    if before == "SYN-SENT" and flags == ["SYN"] and came != after:
        return "both call"
    if "SYN" in flags and should["ack"] and reply["ack"] == (should["ack"] - 1) % SPACE:
        return "ack without the SYN"
    if after == "LISTEN" and came == "CLOSED":
        return "listener closed"
    if "RST" in flags and after == before and came in ("CLOSED", "LISTEN"):
        return "any reset believed"
    return ""


EXERCISE = Exercise(
    id="03.3",
    title="What an end does when a segment comes",
    statement=STATEMENT,
    starter=STARTER,
    names=("on_segment",),
    groups={"figure 6": 3, "figure 7": 2, "figure 8": 2, "resets": 3, "any segment": 2},
    signs=SIGNS,
    hint="Keep to the standard's order: CLOSED, LISTEN, SYN-SENT; then window, RST, SYN, ACK, data.",
    reread="notebook 03, Step through it; RFC 9293 sections 3.5 and 3.10.7",
    draw=draw,
    judge=judge,
)

"""Notebook 01: the flags of byte 13, and what our TCP answers to each combination of them."""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple

from handshake import show
from handshake.labs.lab import Lab, Outcome, choice, one_of, switch
from handshake.peel import message_spans
from handshake.tcp import Endpoint, Segment, State, seq
from handshake.tcp.segment import ACK, FIN, FLAGS, PSH, RST, SYN, URG, Flags, flags_named

LOCAL, REMOTE = ("192.0.2.10", 40000), ("198.51.100.7", 443)
OURS, THEIRS = 1000, 5000
"""The first numbers of our end and of its peer."""

NUMBERS = {
    "as expected": (0, 0),
    "seq in the window": (1000, 0),
    "seq is far off": (100_000, 0),
    "ack is far off": (0, 100_000),
}
"""By how much the sequence and the acknowledgment number are off."""

STATES = tuple(map(str, State))

NOTHING = "nothing is sent"
KINDS = (NOTHING, "SYN, ACK", "ACK", "RST", "the connection ends", "more is sent")
"""What may come of a segment, in a few words: what is sent, unless it ends the connection."""

# What brings an end into each state: "open", "listen", "close", or a segment of its peer: flags, and by how
# much its seq and its ack are beyond the first ones.
ESTABLISHED: tuple[str | tuple[str, int, int], ...] = ("open", ("SYN, ACK", 0, 1))
PATHS = {
    State.CLOSED: (),
    State.LISTEN: ("listen",),
    State.SYN_SENT: ("open",),
    State.SYN_RECEIVED: ("listen", ("SYN", 0, 0)),
    State.ESTABLISHED: ESTABLISHED,
    State.FIN_WAIT_1: (*ESTABLISHED, "close"),
    State.FIN_WAIT_2: (*ESTABLISHED, "close", ("ACK", 1, 2)),
    State.CLOSE_WAIT: (*ESTABLISHED, ("FIN, ACK", 1, 1)),
    State.CLOSING: (*ESTABLISHED, "close", ("FIN, ACK", 1, 1)),
    State.LAST_ACK: (*ESTABLISHED, ("FIN, ACK", 1, 1), "close"),
    State.TIME_WAIT: (*ESTABLISHED, "close", ("FIN, ACK", 1, 2)),
}


class Answer(NamedTuple):
    """What a segment brings about.

    kind: one of KINDS.   sends: the segments that are sent, in words.   before, after: the states.
    notes: the reasons.   delivered: bytes that the program is given.
    """

    kind: str
    sends: tuple[str, ...]
    before: str
    after: str
    notes: tuple[str, ...]
    delivered: bytes

    @property
    def words(self) -> tuple[str, ...]:
        """In a few lines: what is sent, whether the data are taken, and the new state if there is one."""
        lines = [", ".join(self.sends) or "–"]
        if self.delivered:
            lines.append("data taken")
        if self.after != self.before:
            lines.append(f"→ {self.after}")
        return tuple(lines)


def placed(state: str) -> Endpoint:
    """Our end of a connection in that state, brought there by what it was asked for and what it received."""
    one_of("state", state, STATES)
    end = Endpoint(LOCAL, REMOTE, isn=OURS)
    for event in PATHS[State(state)]:
        if isinstance(event, str):
            getattr(end, event)()
        else:
            flags, number, ack = event
            end.receive(_segment(flags_named(flags), THEIRS + number, OURS + ack), 0.0, REMOTE)
    end.outgoing()
    return end


def _segment(flags: Flags, number: int, ack: int, data: bytes = b"") -> Segment:
    return Segment(REMOTE[1], LOCAL[1], number, ack, flags, data=data)


def arriving(end: Endpoint, flags: Flags, numbers: str = "as expected", data: bytes = b"") -> Segment:
    """A segment with these flags, as its peer would number it at this moment.

    numbers: one of NUMBERS.
    """
    one_of("numbers", numbers, NUMBERS)
    tcb = end.tcb
    knows = end.state not in (State.CLOSED, State.LISTEN, State.SYN_SENT)
    number = tcb.rcv_nxt if knows else THEIRS
    ack = tcb.snd_nxt if end.state not in (State.CLOSED, State.LISTEN) else OURS
    by, ack_by = NUMBERS[numbers]
    return _segment(flags, seq.add(number, by), seq.add(ack, ack_by), data)


def answer(state: str, flags: Flags, numbers: str = "as expected", data: bytes = b"") -> Answer:
    """What our TCP does in that state with a segment that has these flags."""
    end = placed(state)
    before = len(end.received)
    move = end.receive(arriving(end, flags, numbers, data), 1.0, REMOTE)
    sends = tuple(str(segment.flags).replace("PSH, ", "") for segment in move.sends)
    after = str(end.state)
    ended = after in ("CLOSED", "LISTEN") and after != state
    kind = "the connection ends" if ended else sends[0] if sends else NOTHING
    if len(sends) > 1:
        kind = "more is sent"
    if kind == "RST, ACK":
        kind = "RST"
    return Answer(kind, sends, state, after, move.notes, end.received[before:])


Combination = tuple[str, str]


def place_of(flags: Flags) -> Combination:
    """Where a combination of the six stands in the grid: what it has of URG, ACK and PSH, and the rest."""
    six = flags & FLAGS[0x3F]
    return _names(six & (URG | ACK | PSH)), _names(six & (RST | SYN | FIN))


def _names(flags: int) -> str:
    return str(FLAGS[flags]).replace("no flags", "none")


def combinations() -> dict[Combination, Flags]:
    """All 64 combinations of the six flags, by their places."""
    uppers = [sum(bits) for bits in product((0, ACK), (0, PSH), (0, URG))]
    lowers = [sum(bits) for bits in product((0, RST), (0, SYN), (0, FIN))]
    return {(_names(u), _names(w)): FLAGS[u | w] for u in uppers for w in lowers}


def answers(state: str, numbers: str = "as expected", data: bytes = b"") -> dict[Combination, Answer]:
    """What our TCP answers, in that state, to all 64 combinations of the article's six flags."""
    return {place: answer(state, flags, numbers, data) for place, flags in combinations().items()}


def flags(
    state: str = "ESTABLISHED", numbers: str = "as expected", data: bool = True, urg: bool = False,
    ack: bool = True, psh: bool = True, rst: bool = False, syn: bool = False, fin: bool = False,
    ece: bool = False, cwr: bool = False,
) -> Outcome:  # fmt: skip
    """A segment with any flags reaches an end in any state: its byte 13, and what our TCP answers.

    state: one of STATES.   numbers: one of NUMBERS.   data: whether the segment brings the five bytes hello.
    """
    bits = (fin, syn, rst, psh, ack, urg, ece, cwr)
    if not all(bit in (False, True) for bit in bits):
        raise ValueError(f"a flag is True or False; got {bits!r:.80}")
    chosen = FLAGS[sum(bit << n for n, bit in enumerate(bits))]
    payload = b"hello" if data else b""
    one = answer(state, chosen, numbers, payload)
    sends = ", then ".join(one.sends) or "nothing"
    stays = f"stays in {one.after}" if one.after == one.before else f"goes from {one.before} to {one.after}"
    words = [
        f"Byte 13 is {chosen:08b}, 0x{chosen:02x}: {chosen}.",
        f"Our TCP answers with {sends} and {stays}.",
    ]
    if data:
        words.append(f"Its program is given {len(one.delivered)} bytes.")
    words += [f"{note}." for note in one.notes]
    every = answers(state, numbers, payload)
    cells = {place: (each.kind, each.words) for place, each in every.items()}
    what = "with five bytes of data" if data else "without data"
    table = show.grid(
        cells, KINDS, title=f"What {state} answers to all 64 combinations", chosen=place_of(chosen),
        subtitle=[f"A segment {what}; its numbers: {numbers}. Rows: URG, ACK, PSH; columns: RST, SYN, FIN."],
    )  # fmt: skip
    segment = arriving(placed(state), chosen, numbers, payload)
    encoded = segment.encode(REMOTE[0], LOCAL[0])
    header = show.ruler(encoded[:20], spans=message_spans("TCP", encoded)[:17], title="The header")
    return Outcome("\n".join(words), (header, table))


def flags_lab() -> Lab:
    """`flags`, with controls."""
    state = choice("the end is in", STATES, "ESTABLISHED")
    state.layout.flex = "1 1 100%"  # a row of its own, so that the flags have one too
    return Lab(
        "Any flags, to an end in any state", flags,
        state=state,
        cwr=switch("CWR", False, narrow=True), ece=switch("ECE", False, narrow=True),
        urg=switch("URG", False, narrow=True), ack=switch("ACK", True, narrow=True),
        psh=switch("PSH", True, narrow=True), rst=switch("RST", False, narrow=True),
        syn=switch("SYN", False, narrow=True), fin=switch("FIN", False, narrow=True),
        numbers=choice("its numbers", list(NUMBERS), "as expected"),
        data=switch("it brings five bytes", True),
    )  # fmt: skip


# The article's way of writing.

WORD = re.compile(r"\s*([A-Za-z]+)\s*=\s*([A-Za-z0-9]+(?:\s*\+\s*[0-9]+)?)\s*")


def translate(text: str) -> str:
    """A line of the article, "SYN=1, seq=j", as RFC 9293 writes it: "<SEQ=j><CTL=SYN>".

    Capitals are flags, 0 or 1; small letters are numbers.  "syn=j" breaks that rule; it is read as a SYN
    whose sequence number is j, and an ack as a number that is valid.   ValueError for anything else.
    """
    numbers: dict[str, str] = {}
    found: list[str] = []
    for part in re.split(r"[,，]", text):
        match = WORD.fullmatch(part)
        if match is None:
            raise ValueError(f"expected parts such as SYN=1 or seq=j, got {part.strip()!r}")
        name, value = match[1], re.sub(r"\s", "", match[2])
        if name in Flags.__members__ and value in ("0", "1"):
            found += [name] * (value == "1")
        elif name == "syn":
            numbers["SEQ"] = value
            found.append("SYN")
        elif name in ("seq", "ack"):
            numbers[name.upper()] = value
            found += ["ACK"] * (name == "ack")
        else:
            raise ValueError(f"{name}={value} is neither a flag, which is 0 or 1, nor the number seq or ack")
    parts = [f"<{name}={numbers[name]}>" for name in ("SEQ", "ACK") if name in numbers]
    control = [name for name in ("SYN", "FIN", "RST", "PSH", "URG", "ECE", "CWR", "ACK") if name in found]
    return "".join([*parts, f"<CTL={','.join(control)}>" if control else ""])


__all__ = [
    "Answer", "answer", "answers", "arriving", "combinations", "flags", "flags_lab",
    "place_of", "placed", "translate",
]  # fmt: skip

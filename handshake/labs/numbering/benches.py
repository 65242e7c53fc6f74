"""Notebook 02, numbering a byte stream: its labs.  Each is a function, and the same with controls."""

from __future__ import annotations

from collections.abc import Sequence

from handshake import show, sim
from handshake.flows import received
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, within
from handshake.labs.misfortune import KINDS, befalls
from handshake.show.numbers import read
from handshake.sim.faults import Fault
from handshake.tcp import ACK, Segment, seq
from handshake.tcp.segment import FLAGS, PSH
from handshake.trace import Trace

POEM = b"I met a traveller from an antique land, who said: two vast and trunkless legs of stone"
"""What is sent in the labs (the beginning of Shelley's Ozymandias)."""

PUSHED = FLAGS[PSH | ACK]
PUSHES = ("as sent", "all", "none")


def data_segments(trace: Trace, end: str = "client") -> list[Segment]:
    """The segments with data that one end sent, in order."""
    found = []
    for transit in trace.transits:
        segment = transit.layers[-1]
        if transit.sender == end and isinstance(segment, Segment) and segment.data:
            found.append(segment)
    return found


# Two lanes.


def lanes(
    moment_ms: int = 60, asks: int = 24, answers: int = 12, size: int = 12, which: int = 0,
    kind: str = "lost", absolute: bool = False,
) -> Outcome:  # fmt: skip
    """A request and an answer on two number lines, at one moment, in milliseconds.

    asks, answers: how many bytes each end sends.   size: of the largest segment.
    which: which segment of the client something befalls, 0 for none.   kind: what: "lost", "late" (by 30 ms)
    or "doubled".   absolute: numbers as they travel, instead of counted from each SYN.
    """
    for name, value in (("asks", asks), ("answers", answers)):
        within(name, value, 0, len(POEM))
    faults = [befalls(kind, "client", which, late=0.03)] if which else []
    run = sim.tcp(seed=2, request=POEM[:asks], response=POEM[-answers:] if answers else b"", mss=size,
                  faults=faults, title="Two lanes of numbers")  # fmt: skip
    within("moment_ms", moment_ms, 0, 60_000)
    time = moment_ms / 1000
    ends = run[time].states
    states = ", ".join(f"{end} {ends.get((1, end), '?')}" for end in ("client", "server"))
    flying = run[time].under_way
    words = f"At {moment_ms} ms: {states}; under way: {', '.join(map(str, flying)) or 'nothing'}."
    lane = read(run, run.connections[0], "client", time)
    if lane is not None:
        known = f"knows that those up to {lane.una - 1} have arrived"
        if lane.una <= 1:
            known = "knows of nothing but its SYN that it has arrived" if lane.una else "knows of none yet"
        words += f" Counted from its SYN, the client has sent the numbers up to {lane.nxt - 1}, and {known}."
    views = show.numbers(run, time, relative=not absolute), show.timeline(run, relative=not absolute)
    return Outcome(words, views, run)


def lanes_lab() -> Lab:
    """`lanes`, with controls."""
    return Lab(
        "Two lanes: both directions, at any moment", lanes,
        moment_ms=slider("moment (ms)", 60, 0, 1500, 5),
        asks=slider("client sends (bytes)", 24, 0, 60),
        answers=slider("server sends (bytes)", 12, 0, 60),
        size=slider("largest segment (bytes)", 12, 4, 60),
        which=slider("client's segment no.", 0, 0, 8, tip="0: none"),
        kind=choice("what happens to it", KINDS, "lost"),
        absolute=switch("numbers as they travel", False),
    )  # fmt: skip


# One stream, cut anyhow.


def resegment(size: int = 20, push: str = "as sent") -> Outcome:
    """The same 60 bytes in segments of another size: every byte keeps its number.

    size: of the largest segment.   push: which segments carry PSH, one of PUSHES.
    """
    one_of("push", push, PUSHES)
    within("size", size, 1, 60)
    faults = []
    if push != "as sent":
        flags = PUSHED if push == "all" else ACK
        faults = [sim.edit("client", 3 + n, flags=flags) for n in range(-(-60 // size))]
    run = sim.tcp(seed=2, request=POEM[:60], response=b"", mss=size, faults=faults,
                  title=f"60 bytes, at most {size} in a segment")  # fmt: skip
    segments = data_segments(run)
    read_ = received(run, "server")[0]
    first = seq.add(segments[0].seq, -1)
    pushed = sum(bool(segment.flags & PSH) for segment in segments)
    count = len(segments)
    at = next(each for each in segments if seq.distance(first, each.seq) + len(each.data) > 41)
    offset = 41 - seq.distance(first, at.seq)
    same = "the same as ever" if read_ == POEM[:60] else "others"
    words = (
        f"{count} segment{'s' * (count != 1)}, {pushed} of them with PSH. The byte with the number 41 is "
        f"{at.data[offset : offset + 1].decode()!r}, however the stream is cut; the FIN has the number 61. "
        f"The server's program reads {len(read_)} bytes, {same}."
    )
    return Outcome(words, (show.numbers(run), show.timeline(run, window=(3, 3 + count))), run)


def resegment_lab() -> Lab:
    """`resegment`, with controls."""
    return Lab(
        "One stream, cut anyhow", resegment,
        size=slider("largest segment (bytes)", 20, 1, 60),
        push=choice("PSH", PUSHES, "as sent"),
    )  # fmt: skip


# Over time.


def transfer(
    lost: int = 6, also: int = 0, fast: bool = True, delayed: float = 0.0, window: int = 65535
) -> Outcome:
    """Twenty-four segments of 500 bytes, one behind the other: numbers over time.

    lost, also: which of the 24 get lost when first sent, 0 for none.   fast: whether three duplicate ACKs
    make the client send again at once.   delayed: how long the server waits with its ACKs, in seconds.
    window: the buffer of the receiver, in bytes.
    """
    for name, value in (("lost", lost), ("also", also)):
        within(name, value, 0, 24)
    # The first two segments of the client are those of the handshake.
    faults = [sim.drop("client", 2 + lost)] if lost else []
    client: dict[float, bytes | str] = {0.1 + 0.01 * n: bytes(500) for n in range(24)}

    def once(faults: Sequence[Fault]) -> Trace:
        return sim.calls(
            {0.0: "open", **client, 0.35: "shutdown"}, {0.0: "listen"}, seed=2, delay=0.04, faults=faults,
            mss=500, fast_retransmit=fast, delayed_ack=delayed, window=window,
            title="12,000 bytes, 500 every hundredth of a second",
        )  # fmt: skip

    run = once(faults)
    if also and also != lost:  # where it stands among all that the client sends, segments sent again included
        run = once([*faults, sim.drop("client", _place(run, 1 + 500 * (also - 1)))])
    again = len(data_segments(run)) - 24
    answers = [t for t in run.transits if t.sender == "server"]
    finished = next((s.time for s in run.steps if s.end == "server" and s.cause == "rcv FIN"), None)
    words = (
        f"{24 + again} segments with data, {again} of them sent again; {len(answers)} segments came back. "
        + (f"All was there after {finished:.2f} s." if finished is not None else "Not all arrived.")
    )
    return Outcome(words, (show.seqtime(run),), run)


def _place(run: Trace, number: int) -> int:
    """Which of the client's segments begins with that number; its SYN is 1."""
    sent = [transit.layers[-1] for transit in run.transits if transit.sender == "client"]
    wanted = seq.add(sent[0].seq, number)
    return next((n for n, each in enumerate(sent, 1) if each.seq == wanted and each.data), len(sent) + 1)


def transfer_lab() -> Lab:
    """`transfer`, with controls."""
    waits = [("at once", 0.0), ("up to 200 ms later", 0.2)]
    rooms = [("1,000 bytes", 1000), ("4,000 bytes", 4000), ("65,535 bytes", 65535)]
    return Lab(
        "Numbers over time", transfer,
        lost=slider("lose data segment no.", 6, 0, 24, tip="0: none is lost"),
        also=slider("lose another, no.", 0, 0, 24, tip="0: none is lost"),
        fast=switch("three duplicate ACKs: send again at once", True),
        delayed=choice("the server acknowledges", waits, 0.0, "how long the receiver waits for company"),
        window=choice("room at the receiver", rooms, 65535),
    )  # fmt: skip


# The wrap.


def wrap(before: int = 10, count: int = 40, other: int = 4) -> Outcome:
    """A connection whose numbers pass 2^32.

    before: how far below 2^32 the first number lies.   count: how many bytes are sent.
    other: another number to compare with, so many sixteenths of the ring ahead (or behind, if negative).
    """
    within("before", before, 1, seq.MODULUS)
    within("count", count, 1, len(POEM))
    run = sim.calls({0.0: "open", 0.05: POEM[:count]}, {0.0: "listen"}, client_isn=seq.MODULUS - before,
                    title=f"The first number is {seq.MODULUS - before:,}")  # fmt: skip
    time = 0.06  # the data are under way
    block = _block(run, "client", time)
    una, nxt = int(block["SND.UNA"]), int(block["SND.NXT"])
    elsewhere = seq.add(una, other * (seq.MODULUS // 16))
    numbers = {"SND.UNA": una, "SND.NXT": nxt, "another": elsewhere}
    many = "bytes are" if count > 1 else "byte is"
    words = (
        f"{count} {many} under way, from {una} up to, but not including, {nxt}. As plain numbers, "
        f"{una} < {nxt} is {una < nxt}; on the ring, SND.NXT is {seq.distance(una, nxt)} ahead."
    )
    return Outcome(words, (show.ring(numbers), show.numbers(run, time, relative=False)), run)


def wrap_lab() -> Lab:
    """`wrap`, with controls."""
    return Lab(
        "Round the ring", wrap,
        before=slider("first number: 2³² minus", 10, 1, 100),
        count=slider("bytes sent", 40, 1, len(POEM)),
        other=slider("ahead, in 16ths of the ring", 4, -8, 8),
    )  # fmt: skip


def _block(trace: Trace, end: str, time: float) -> dict[str, int | float | str]:
    """What an end knew at that time."""
    known: dict[str, int | float | str] = {}
    for step in trace.steps:
        if step.end == end and step.time <= time:
            known = dict(step.after)
    return known


# The article's rule.


def against_the_rule(trace: Trace) -> str:
    """Every acknowledgment of a run, held against the article's rule, as a table.

    The rule (S67): the last byte of the current segment, plus one, is the acknowledgment number.  Numbers are
    counted from each end's first; a segment without a byte has no last one.
    """
    messages = {message.sources[0].transit: message for message in trace.messages if message.layer != "TLS"}
    lines = [f"{'transit':>7}  {'from':6}  {'answers':32}  {'by the rule':>11}  on the wire"]
    for step in trace.steps:
        if step.transit is None or not step.sends:
            continue
        current, answer = messages[step.transit], messages[step.sends[0]]
        numbers = {detail.label: detail.relative for detail in current.details}
        length = next((int(detail.value) for detail in current.details if detail.label == "data"), 0)
        ack = next(detail.relative for detail in answer.details if detail.label == "ack")
        rule = (numbers["seq"] or 0) + length if length else None
        verdict = "as the rule has it" if rule == ack else "NOT as the rule has it"
        wanted = "no byte" if rule is None else rule
        lines.append(
            f"{step.sends[0]:7}  {step.end:6}  {current.text():32.32}  {wanted:>11}  {ack}: {verdict}"
        )
    return "\n".join(lines)

"""A segment in the name of the peer, sent by somebody else: for notebooks 03 (a SYN) and 04 (a RST)."""

from __future__ import annotations

from handshake import show, sim
from handshake.flows import received
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider
from handshake.tcp import ACK, RST, SYN
from handshake.tcp.segment import FLAGS, Flags

FORGERIES: dict[str, Flags] = {
    "SYN": SYN, "SYN, ACK": FLAGS[SYN | ACK], "RST": RST, "RST, ACK": FLAGS[RST | ACK], "data": ACK,
}  # fmt: skip
PLACES = (
    ("just before", -1), ("exactly next", 0), ("in the window", 1000), ("at its end", 65534),
    ("beyond", 70000),
)  # fmt: skip


def forging(what: str = "RST", place: int = 1000, guess: int = 0) -> Outcome:
    """Somebody else sends the client a segment in the server's name.

    what: one of FORGERIES.   place: its sequence number, counted from RCV.NXT.
    guess: how far its acknowledgment is from what the client has sent (SND.NXT).
    """
    one_of("what", what, FORGERIES)
    data = b"evil" if what == "data" else b""
    fault = sim.forge(
        "client", 0.3, FORGERIES[what], seq=("RCV.NXT", place), ack=("SND.NXT", guess), data=data
    )
    run = sim.calls(
        {0.0: "open", 0.1: b"a question", 0.6: b"another"}, {0.0: "listen", 0.2: b"an answer"},
        faults=[fault], client_isn=1000, server_isn=5000, until=3.0, title=f"A forged {what}",
    )  # fmt: skip
    ends = run.at(2.9).states
    step = next(step for step in run.steps if step.time > 0.3 and step.end == "client" and step.transit)
    came = received(run, "client")[0]
    words = [f"The client: {'; '.join(step.notes)}."]
    words.append(f"Later: {', '.join(f'{end} {ends[1, end]}' for end in ('client', 'server'))}.")
    if came != b"an answer":
        words.append(f"The client's program read {came.decode()!r}.")
    return Outcome("\n".join(words), (show.stepper(run, cursor=-1, octets=False, relative=False),), run)


def forging_lab(what: str = "RST") -> Lab:
    """`forging`, with controls.   what: where it begins."""
    return Lab(
        "A segment from somebody else", forging,
        what=choice("it is a", list(FORGERIES), what),
        place=choice("its sequence number is", list(PLACES), 1000),
        guess=slider("its ack is off by", 0, -100_000, 100_000, 1000),
    )  # fmt: skip

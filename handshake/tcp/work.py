"""One event being worked on: what each check adds to, until a Move comes of it.

A Work has a copy of the block to itself, and `set` changes it; when the event is dealt with, the copy is the
new block.  So `step` is a pure function from outside, and inside the checks read as the standard's text does:
do this, then that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from handshake.tcp import seq
from handshake.tcp.figure import CLOSED, LISTEN, State
from handshake.tcp.options import NO_OPERATION, Option, mss, window_scale
from handshake.tcp.segment import ACK, FLAGS, RST, SYN, URG, Segment
from handshake.tcp.tcb import Tcb
from handshake.tcp.timers import NEVER
from handshake.wire import made

CHALLENGES, CHALLENGES_PER = 10, 5.0
"""So many acknowledgments in so many seconds answer unacceptable segments without data (RFC 5961 section 7).

Without a limit, two ends whose numbers do not fit would tell each other so for ever.
"""


class Work:
    """How far the processing of one event has come.

    before: the block as the event found it.   tcb: as it is now.   time: seconds, on the caller's clock.
    notes: why, in words.   sends: segments, in order.   delivered: bytes for our own program.
    set: change fields of the block: work.set(snd_una=101).
    heard: what the segment brought, in the words of figure 5.
    ack: None, "soon" if the peer is owed an acknowledgment, "now" if it may not wait.
    """

    __slots__ = ("ack", "before", "delivered", "heard", "notes", "sends", "set", "tcb", "time")

    def __init__(self, tcb: Tcb, time: float) -> None:
        self.before = tcb
        self.become(made(Tcb, tcb.__dict__.copy()))
        self.time = time
        self.notes: list[str] = []
        self.sends: list[Segment] = []
        self.delivered = b""
        self.heard: list[str] = []
        self.ack: str | None = None

    def become(self, tcb: Tcb) -> None:
        """Go on with another block, which nobody else has."""
        self.tcb = tcb
        self.set: Callable[..., None] = tcb.__dict__.update

    def note(self, text: str) -> None:
        """Say why, in words."""
        self.notes.append(text)

    def done(self, why: str) -> bool:
        """No further checks: the segment is dropped, or dealt with."""
        self.notes.append(why)
        return True

    def hears(self, what: str) -> None:
        """The segment brought this."""
        self.heard.append(what)

    def acknowledge(self, why: str) -> None:
        """Owe the peer an acknowledgment, at once, and say why."""
        self.notes.append(why)
        self.ack = "now"

    def challenge(self, why: str) -> bool:
        """Answer a segment that is not acceptable with what was expected; but not without limit."""
        since, count = self.tcb.challenges
        if self.time - since >= CHALLENGES_PER:
            since, count = self.time, 0
        if count >= CHALLENGES:
            return self.done(f"{why}; {count} such answers in {CHALLENGES_PER:g} s are enough: silence")
        self.set(challenges=(since, count + 1))
        self.acknowledge(why)
        return True

    def hurried(self) -> None:
        """The program has taken bytes: perhaps all that were urgent (section 3.8.5)."""
        tcb = self.tcb
        if tcb.rcv_up is not None and seq.less_equal(tcb.rcv_up, tcb.taken):
            self.set(rcv_up=None)

    def ends(self, why: str, state: State = CLOSED) -> bool:
        """The connection is over, and forgotten; a passive opener may listen again."""
        self.become(self.tcb.listening() if state is LISTEN else self.tcb.forgotten())
        return self.done(why)

    def send(self, flags: int, *, at: int | None = None, data: bytes = b"") -> None:
        """Send a segment of this connection: <SEQ=SND.NXT> or `at`, <ACK=RCV.NXT> if ACK is set."""
        self.sends.append(segment(self.tcb, flags, at, data))
        if flags & ACK:
            self.ack = None
            if self.tcb.last_ack_sent != self.tcb.rcv_nxt or self.tcb.ack_at != NEVER:
                self.set(last_ack_sent=self.tcb.rcv_nxt, ack_at=NEVER)

    def refuse(self, arrived: Segment) -> None:
        """Send the RST that answers a segment for which there is no connection (section 3.10.7.1).

        It borrows its numbers from the segment, so that the peer can believe it.
        """
        if arrived.flags & ACK:
            number, ack, flags = arrived.ack, 0, RST
        else:
            number, ack, flags = 0, seq.add(arrived.seq, arrived.length), FLAGS[RST | ACK]
        self.sends.append(
            Segment(arrived.destination_port, arrived.source_port, number, ack, flags, window=0)
        )

    def reset(self) -> None:
        """Send <SEQ=SND.NXT><CTL=RST> (section 3.10.5)."""
        self.sends.append(replace(segment(self.tcb, RST), window=0))


def segment(tcb: Tcb, flags: int, at: int | None = None, data: bytes = b"") -> Segment:
    """A segment of this connection: <SEQ=SND.NXT> or `at`, <ACK=RCV.NXT> if ACK is set."""
    number = tcb.snd_nxt if at is None else at
    options: tuple[Option, ...] = ()
    if flags & SYN:
        # Its window is never scaled; an answer offers scaling only where it was offered (RFC 7323, 2.2).
        window = min(tcb.rcv_wnd, 65535)
        offers = tcb.settings.scaling and (not flags & ACK or tcb.snd_scale is not None)
        options = syn_options(tcb.settings.mss, tcb.settings.shift if offers else None)
    else:
        window = tcb.rcv_wnd >> tcb.rcv_scale
    urgent = 0
    if tcb.snd_up is not None and not flags & SYN and seq.less(number, tcb.snd_up):
        flags, urgent = flags | URG, min(seq.distance(number, tcb.snd_up), 65535)
    return made(
        Segment,
        {
            "source_port": tcb.local[1],
            "destination_port": tcb.remote[1] if tcb.remote else 0,
            "seq": number,
            "ack": tcb.rcv_nxt if flags & ACK else 0,
            "flags": FLAGS[flags],
            "window": window,
            "data": data,
            "options": options,
            "urgent_pointer": urgent,
            "checksum": None,
            "data_offset": None,
            "reserved": 0,
        },
    )


@lru_cache(maxsize=64)
def syn_options(size: int, shift: int | None) -> tuple[Option, ...]:
    """What a SYN says of its sender: the most data in a segment and, if offered, the shift of its windows."""
    return (mss(size),) if shift is None else (mss(size), NO_OPERATION, window_scale(shift))

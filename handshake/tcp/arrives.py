"""SEGMENT ARRIVES (RFC 9293 section 3.10.7): which of the standard's four texts applies, and the first three.

The checks of the fourth, which most segments go through, are in `checks`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from handshake.tcp import seq
from handshake.tcp.acknowledged import established
from handshake.tcp.checks import acceptable_ack, from_other_states, rest_of_text, within_window
from handshake.tcp.figure import CLOSED, LISTEN, SYN_RECEIVED, SYN_SENT
from handshake.tcp.options import MSS, WINDOW_SCALE, Option
from handshake.tcp.segment import ACK, FIN, FLAGS, RST, SYN, Segment
from handshake.tcp.sending import SYN_ACK, flush, went_out
from handshake.tcp.settings import MAX_SCALE
from handshake.tcp.tcb import DEFAULT_MSS, Arrives, Tcb
from handshake.tcp.work import Work


def segment_arrives(work: Work, event: Arrives) -> str:
    """Section 3.10.7."""
    state = work.tcb.state
    if state is CLOSED:
        from_closed(work, event.segment)
    elif state is LISTEN:
        from_listen(work, event)
    elif state is SYN_SENT:
        from_syn_sent(work, event.segment)
    else:
        from_other_states(work, event.segment)
    flush(work)
    return f"rcv {','.join(work.heard)}" if work.heard else "rcv segment"


def from_closed(work: Work, segment: Segment) -> None:
    """Section 3.10.7.1: there is no connection."""
    work.hears(str(segment.flags).replace(", ", ","))
    if segment.flags & RST:
        work.done("no connection, and a reset needs no answer")
    else:
        work.refuse(segment)
        work.done("no connection here: refused with a RST")


def from_listen(work: Work, event: Arrives) -> None:
    """Section 3.10.7.2: only a plain SYN means something to a listener."""
    segment, flags = event.segment, event.segment.flags
    if flags & RST:
        work.hears("RST")
        work.done("First: a reset means nothing to a listener")
    elif flags & ACK:
        work.hears("ACK")
        work.refuse(segment)
        work.done("Second: an acknowledgment, though nothing was ever sent: a RST answers it")
    elif not flags & SYN:
        work.hears("segment")
        work.done("Fourth: neither SYN nor RST: dropped")
    else:
        work.hears("SYN")
        work.set(
            learned(work.tcb, segment),
            state=SYN_RECEIVED,
            remote=event.source or work.tcb.remote,
            passive=True,
            iss=event.iss,
            snd_una=event.iss,
            snd_nxt=event.iss,
        )
        work.send(SYN_ACK)
        went_out(work, 1)
        work.note(f"Third: a SYN takes one number, so {segment.seq} is acknowledged with {work.tcb.rcv_nxt}")
        if segment.data or flags & FIN:
            keep_for_later(work, segment)


def from_syn_sent(work: Work, segment: Segment) -> None:
    """Section 3.10.7.3: we have asked and wait for the answer."""
    tcb, flags = work.tcb, segment.flags
    acceptable = bool(flags & ACK) and tcb.snd_una != segment.ack and acceptable_ack(tcb, segment.ack)
    if flags & ACK and not acceptable:
        work.hears("bad ACK")
        if flags & RST:
            work.done(f"First: a reset whose ack {segment.ack} is not for our SYN: dropped")
        else:
            work.refuse(segment)
            work.done(f"First: ack {segment.ack} is not for our SYN {tcb.iss}: a RST answers it")
    elif flags & RST:
        if acceptable:
            work.hears("RST,ACK")
            work.ends("Second: the reset acknowledges our SYN: connection refused")
        else:
            work.hears("RST")
            work.done("Second: a reset that acknowledges nothing: dropped")
    elif not flags & SYN:
        work.hears("segment")
        work.done("Fifth: neither SYN nor RST: dropped")
    elif acceptable or tcb.syn_acknowledged:
        work.hears("SYN,ACK" if acceptable else "SYN")
        work.set(learned(tcb, segment))
        established(work, segment.ack if acceptable else tcb.snd_una)
        work.acknowledge(
            f"Fourth: our SYN is acknowledged, and the peer's SYN {segment.seq} is acknowledged in turn"
        )
        if segment.data or flags & FIN:
            # The standard goes on with the sixth check and those after it; the SYN has been dealt with.
            rest = replace(segment, seq=work.tcb.rcv_nxt, flags=FLAGS[flags & ~SYN])
            rest_of_text(work, within_window(work.tcb, rest))
    else:
        work.hears("SYN")
        work.set(learned(tcb, segment), state=SYN_RECEIVED)
        work.send(SYN_ACK, at=tcb.iss)
        work.set(timed=None)  # our SYN is sent a second time: Karn
        work.note("Fourth: both ends called at the same time: answers the peer's SYN with SYN,ACK")
        if segment.data or flags & FIN:
            keep_for_later(work, segment)


def learned(tcb: Tcb, segment: Segment) -> dict[str, object]:
    """What the peer's SYN tells: its first number, its window, and its options."""
    size, shift = offered(segment.options)
    scaled = tcb.settings.scaling and shift is not None
    ours = tcb.settings.shift if scaled else 0
    following = seq.add(segment.seq, 1)
    return {
        "irs": segment.seq,
        "rcv_nxt": following,
        "last_ack_sent": following,
        "rcv_wnd": min(tcb.settings.window, 65535 << ours),
        "rcv_scale": ours,
        "snd_scale": shift if scaled else None,
        "snd_wnd": segment.window,
        "max_snd_wnd": segment.window,
        "snd_wl1": segment.seq,
        "snd_wl2": segment.ack if segment.flags & ACK else 0,
        # No more than the peer takes, and no more than our own link takes (section 3.7.1, Eff.snd.MSS).
        "snd_mss": min(size or DEFAULT_MSS[6 if ":" in tcb.local[0] else 4], tcb.settings.mss),
    }


@lru_cache(maxsize=256)
def offered(options: tuple[Option, ...]) -> tuple[int | None, int | None]:
    """What the options of a SYN say: the most data in a segment, and the shift of later windows."""
    size = shift = None
    for option in options:
        if option.kind == MSS and len(option.data) == 2:
            size = max(1, option.numbers[0])
        elif option.kind == WINDOW_SCALE and len(option.data) == 1:
            shift = min(option.numbers[0], MAX_SCALE)
    return size, shift


def keep_for_later(work: Work, segment: Segment) -> None:
    """Data, or a FIN, that came with the SYN: looked at once the connection is open."""
    tcb = work.tcb
    rest = within_window(tcb, replace(segment, seq=tcb.rcv_nxt, flags=FLAGS[segment.flags & ~SYN]))
    if rest.data:
        work.set(held=((rest.seq, rest.data),))
    if rest.flags & FIN:
        work.set(rcv_fin=seq.add(rest.seq, len(rest.data)))
    work.note("what came with the SYN waits until the connection is open")

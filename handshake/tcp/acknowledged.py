"""What an acknowledgment changes: send queue, round trip, timers, window (RFC 9293, RFC 6298)."""

from __future__ import annotations

from handshake.tcp import seq
from handshake.tcp.figure import ESTABLISHED
from handshake.tcp.segment import FIN, SYN, Segment
from handshake.tcp.sending import retransmit
from handshake.tcp.tcb import Tcb
from handshake.tcp.timers import NEVER, RoundTrip
from handshake.tcp.work import Work

DUPLICATES = 3
"""So many acknowledgments that acknowledge nothing new mean that a segment is lost (RFC 5681 section 3.2)."""

AFTER_LOST_SYN = 3.0
"""The timeout, in seconds, with which data begin if the SYN had to be sent again (RFC 6298 section 5.7)."""


def established(work: Work, ack: int) -> None:
    """Our SYN is acknowledged: the connection is open (for this end)."""
    lost_syn = work.tcb.retransmits > 0
    acknowledged(work, ack)
    work.set(state=ESTABLISHED, syn_acknowledged=True)
    if lost_syn:
        settings = work.tcb.settings
        rto = min(max(AFTER_LOST_SYN, settings.initial_rto, settings.min_rto), settings.max_rto)
        work.set(rtt=RoundTrip(rto=rto))
        work.note(f"the SYN had to be sent again: the timeout begins with {rto:g} s")
    if work.tcb.settings.keep_alive:
        work.set(keep_alive_at=work.time + work.tcb.settings.keep_alive.idle)


def acknowledged(work: Work, ack: int) -> None:
    """Everything up to, but not including, `ack` has arrived (SND.UNA =< ack =< SND.NXT)."""
    tcb, time = work.tcb, work.time
    rtt, timed = tcb.rtt, tcb.timed
    if timed and seq.less_equal(timed[0], ack):
        rtt = rtt.measured(time - timed[1], tcb.settings.min_rto, tcb.settings.max_rto)
        timed = None
    if tcb.buffer:
        fin = tcb.fin_seq is not None and ack == seq.add(tcb.fin_seq, 1)
        count = seq.distance(tcb.snd_una, ack) - (not tcb.syn_acknowledged) - fin
        if count == tcb.pending:
            work.set(buffer=b"", confirmed=0)
        else:
            work.set(confirmed=tcb.confirmed + count)
    all_of_it = ack == tcb.snd_nxt
    work.set(
        snd_una=ack,
        syn_acknowledged=True,
        rtt=rtt,
        timed=timed,
        retransmits=0,
        duplicates=0,
        retransmit_at=NEVER if all_of_it else time + rtt.rto,
    )
    if tcb.settings.user_timeout is not None:
        done = all_of_it and not tcb.buffer
        work.set(user_timeout_at=NEVER if done else time + tcb.settings.user_timeout)
    if tcb.recover is not None and seq.less_equal(tcb.recover, ack):
        work.set(recover=None)
    if tcb.snd_up is not None and seq.less_equal(tcb.snd_up, ack):
        work.set(snd_up=None)


def lost_with_it(work: Work) -> None:
    """Part of what may have been lost together was acknowledged: the next is sent at once (RFC 6582)."""
    if work.tcb.recover is not None:
        work.note(f"what was sent before {work.tcb.recover} may have got lost too: sends the next of it")
        retransmit(work)


def duplicate(work: Work, segment: Segment) -> None:
    """Count acknowledgments that acknowledge nothing new; the third means a loss (RFC 5681 section 2)."""
    tcb = work.tcb
    if (
        segment.data
        or segment.flags & (SYN | FIN)
        or segment.ack != tcb.snd_una
        or not tcb.outstanding
        or window_of(tcb, segment) != tcb.snd_wnd
    ):
        return
    count = tcb.duplicates + 1
    work.set(duplicates=count)
    work.note(f"Fifth: duplicate ACK number {count}: {segment.ack} is still expected")
    if count == DUPLICATES and tcb.settings.fast_retransmit and tcb.recover is None:
        work.set(recover=tcb.snd_nxt, retransmit_at=work.time + tcb.rtt.rto)
        work.note("three of them mean a loss: sends the oldest again without waiting for the timer")
        retransmit(work)


def window_of(tcb: Tcb, segment: Segment) -> int:
    """The window that a segment offers, in bytes."""
    return segment.window << (tcb.snd_scale or 0)


def update_window(work: Work, segment: Segment) -> None:
    """Take the window from the newest segment only (section 3.10.7.4)."""
    tcb = work.tcb
    newer = seq.less(tcb.snd_wl1, segment.seq) or (
        tcb.snd_wl1 == segment.seq and seq.less_equal(tcb.snd_wl2, segment.ack)
    )
    if not newer or segment.ack != tcb.snd_una:  # (SND.UNA has followed a newer ACK already)
        return
    window, was = window_of(tcb, segment), tcb.snd_wnd
    if window == was:
        if (segment.seq, segment.ack) != (tcb.snd_wl1, tcb.snd_wl2):
            work.set(snd_wl1=segment.seq, snd_wl2=segment.ack)
    else:
        work.set(
            snd_wnd=window,
            max_snd_wnd=max(window, tcb.max_snd_wnd),
            snd_wl1=segment.seq,
            snd_wl2=segment.ack,
        )
        work.note(f"Fifth: the peer's window is now {window} bytes")
    if window == 0:
        # It answers, so it is alive: section 3.8.6.1 forbids to give up.
        work.set(retransmits=0)
    elif was == 0 and tcb.outstanding:
        work.note("the window has opened: what it refused is sent again at once")
        retransmit(work)

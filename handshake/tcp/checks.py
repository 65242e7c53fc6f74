"""SEGMENT ARRIVES in all states but CLOSED, LISTEN and SYN-SENT (RFC 9293 section 3.10.7.4).

Named checks in the standard's order; each says by its answer whether it was the last.  What a note calls
Fifth is the fifth check of that section.
"""

from __future__ import annotations

from dataclasses import replace

from handshake.tcp import seq
from handshake.tcp.acknowledged import (
    acknowledged,
    duplicate,
    established,
    lost_with_it,
    update_window,
    window_of,
)
from handshake.tcp.figure import (
    CLOSE_WAIT,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    TIME_WAIT,
)
from handshake.tcp.reassembly import joined, keep, take
from handshake.tcp.segment import ACK, FIN, FLAGS, RST, SYN, URG, Segment
from handshake.tcp.sending import SYN_ACK
from handshake.tcp.tcb import Tcb
from handshake.tcp.timers import NEVER
from handshake.tcp.work import Work

RST_SYN = int(RST | SYN)
TAKES_TEXT = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2)


def from_other_states(work: Work, segment: Segment) -> None:
    """The checks one after the other.  The third, on security labels, is left out, as by everybody today."""
    tcb = work.tcb
    if segment.seq != tcb.rcv_nxt or segment.length >= tcb.rcv_wnd:  # not just what is expected
        if first_sequence(work, segment):
            return
        segment = within_window(tcb, segment)
    if segment.flags & RST_SYN and (second_rst(work, segment) or fourth_syn(work, segment)):
        return
    if fifth_ack(work, segment):
        return
    rest_of_text(work, segment)
    if not work.notes:
        after_fin = segment.data and tcb.state not in TAKES_TEXT and segment.seq == tcb.rcv_nxt
        work.note(
            "Seventh: the peer has said that it would send no more: these data are ignored"
            if after_fin
            else "nothing new: all of it was known"
        )


def rest_of_text(work: Work, segment: Segment) -> None:
    """From the sixth check on."""
    if segment.flags & URG:
        sixth_urg(work, segment)
    if not seventh_text(work, segment):
        eighth_fin(work, segment)


# ---- In the window? --------------------------------------------------------------------------------------


def acceptable(tcb: Tcb, segment: Segment) -> bool:
    """Whether any of the segment's numbers lies in the receive window: the four cases of section 3.4."""
    start, length, window = segment.seq, segment.length, tcb.rcv_wnd
    if not length:
        return between_window(tcb, start) if window else start == tcb.rcv_nxt
    last = seq.add(start, length - 1)
    return bool(window) and (between_window(tcb, start) or between_window(tcb, last))


def between_window(tcb: Tcb, number: int) -> bool:
    """RCV.NXT =< number < RCV.NXT + RCV.WND."""
    return (number - tcb.rcv_nxt) % seq.MODULUS < tcb.rcv_wnd


def acceptable_ack(tcb: Tcb, ack: int) -> bool:
    """SND.UNA =< ack =< SND.NXT: whether we have sent what it acknowledges."""
    return (ack - tcb.snd_una) % seq.MODULUS <= tcb.outstanding


def within_window(tcb: Tcb, segment: Segment) -> Segment:
    """The part of the segment that is new and fits the window ("tailored", section 3.10.7.4)."""
    old = seq.distance(segment.seq, tcb.rcv_nxt)
    if old > 0:
        # The SYN, if it is among what we have already, takes a number before the data.
        syn = bool(segment.flags & SYN)
        kept = segment.data[old - syn :]
        segment = replace(segment, seq=tcb.rcv_nxt, flags=FLAGS[segment.flags & ~SYN], data=kept)
    room = tcb.rcv_wnd - max(0, -old)
    if len(segment.data) + bool(segment.flags & FIN) > room:
        flags = FLAGS[segment.flags & ~FIN]
        segment = replace(segment, data=segment.data[: max(0, room)], flags=flags)
    return segment


def first_sequence(work: Work, segment: Segment) -> bool:
    """First, check the sequence number."""
    tcb, flags = work.tcb, segment.flags
    if flags & RST:
        # A reset is judged by its own number alone: its data would make it easier to guess (RFC 5961).
        if segment.seq == tcb.rcv_nxt or between_window(tcb, segment.seq):
            return False
        work.hears("unacceptable segment")
        return work.done(f"{_outside(tcb, segment)}: the reset is dropped")
    if tcb.state is SYN_RECEIVED and flags & (SYN | ACK) == SYN and segment.seq == tcb.irs:
        # Our answer acknowledges it, and may have got lost: kernels send the answer again, not a bare ACK.
        work.hears("unacceptable segment")
        work.send(SYN_ACK, at=tcb.iss)
        work.set(timed=None)
        return work.done("First: the peer's SYN again: it has not heard our answer, which is sent again")
    if acceptable(tcb, segment):
        return False
    if not tcb.rcv_wnd and segment.seq == tcb.rcv_nxt and not flags & SYN:
        # A special allowance: what acknowledges must get through.
        work.acknowledge("First: our window is closed: data are not taken, but the ACK counts")
        return False
    if flags & SYN and segment.seq == tcb.irs and tcb.state is SYN_RECEIVED:
        # Both ends called: the SYN is the one that we know, but the ACK is for ours (figure 7, line 6).
        work.note("First: the peer's SYN again, which is known, and with it an ACK")
        return False
    work.hears("unacceptable segment")
    if flags & ACK:
        heard(work)  # such as a probe of its own, which brings nothing new
    why = f"{_outside(tcb, segment)}: dropped, and answered with what was expected"
    if tcb.state is TIME_WAIT and flags & FIN and seq.add(segment.seq, segment.length - 1) == tcb.rcv_fin:
        work.set(time_wait_at=work.time + 2 * tcb.settings.msl)
        why = "Fifth: the peer's FIN again: our last ACK got lost; the wait of 2 MSL begins anew"
    if segment.data or flags & FIN:
        work.acknowledge(why)
        return True
    return work.challenge(why)


def _outside(tcb: Tcb, segment: Segment) -> str:
    return f"First: seq {segment.seq} is outside the window, {tcb.rcv_nxt} was expected"


# ---- Control bits ----------------------------------------------------------------------------------------


def second_rst(work: Work, segment: Segment) -> bool:
    """Second, check the RST bit, with RFC 5961's guard against blind resets."""
    tcb = work.tcb
    if not segment.flags & RST:
        return False
    work.hears("RST")
    if segment.seq != tcb.rcv_nxt:
        return work.challenge(
            "Second: a reset in the window, but not the very number expected: challenged with an ACK"
        )
    if tcb.state is SYN_RECEIVED and tcb.passive:
        return work.ends("Second: the caller backed out: listens again", LISTEN)
    return work.ends("Second: the peer has reset the connection")


def fourth_syn(work: Work, segment: Segment) -> bool:
    """Fourth, check the SYN bit."""
    tcb = work.tcb
    if not segment.flags & SYN:
        return False
    work.hears("SYN")
    if tcb.state is SYN_RECEIVED and tcb.passive:
        return work.ends("Fourth: another SYN: listens again", LISTEN)
    return work.challenge(
        "Fourth: a SYN within a connection is no part of it: challenged with an ACK (RFC 5961)"
    )


# ---- Acknowledgment --------------------------------------------------------------------------------------


def fifth_ack(work: Work, segment: Segment) -> bool:
    """Fifth, check the ACK field."""
    tcb, ack = work.tcb, segment.ack
    if not segment.flags & ACK:
        return work.done("Fifth: without ACK nothing is acknowledged: dropped")
    count = seq.distance(tcb.snd_una, ack)  # how many more numbers it confirms
    opening = tcb.state is SYN_RECEIVED
    if opening and not 0 < count <= tcb.outstanding:
        work.hears("bad ACK")
        work.refuse(segment)
        return work.done(f"Fifth: ack {ack} is not for our SYN {tcb.iss}: a RST answers it")
    if count > tcb.outstanding:
        work.hears("bad ACK")
        return work.challenge(
            f"Fifth: ack {ack} is for bytes not sent yet (SND.NXT is {tcb.snd_nxt}): dropped"
        )
    if count < -tcb.max_snd_wnd:
        work.hears("bad ACK")
        return work.challenge(f"Fifth: ack {ack} is older than any window (RFC 5961 section 5): dropped")
    if opening:
        work.hears("ACK of SYN")
        established(work, ack)
        window = window_of(tcb, segment)
        work.set(snd_wnd=window, max_snd_wnd=max(window, tcb.max_snd_wnd), snd_wl1=segment.seq, snd_wl2=ack)
        work.note(f"Fifth: ack {ack} covers our SYN: the connection is open")
        if tcb.close_wanted:
            work.hears("queued CLOSE")
            work.set(state=FIN_WAIT_1)
    else:
        if count > 0:
            acknowledged(work, ack)
            work.note(f"Fifth: ack {ack} confirms {count} more sequence number{'s' * (count > 1)}")
            lost_with_it(work)
        else:
            duplicate(work, segment)
        update_window(work, segment)
    heard(work)
    return tcb.fin_seq is not None and _fin_acknowledged(work)


def heard(work: Work) -> None:
    """The peer is there: keep-alive begins to wait anew (section 3.8.4)."""
    tcb = work.tcb
    if tcb.settings.keep_alive and tcb.keep_alive_at != NEVER:
        work.set(keep_alive_at=work.time + tcb.settings.keep_alive.idle, probes=0)


def _fin_acknowledged(work: Work) -> bool:
    """What an acknowledgment of our FIN leads to."""
    tcb = work.tcb
    if not tcb.fin_acknowledged or work.before.fin_acknowledged:
        return False
    work.hears("ACK of FIN")
    if tcb.state is FIN_WAIT_1:
        work.set(state=FIN_WAIT_2)
        work.note("our FIN is acknowledged")
    elif tcb.state is CLOSING:
        time_wait(work)
        return work.done("our FIN is acknowledged: both ends are done")
    elif tcb.state is LAST_ACK:
        return work.ends("our FIN is acknowledged: all is over")
    return False


def time_wait(work: Work) -> None:
    """Enter TIME-WAIT, start its timer and turn off the others."""
    work.set(
        state=TIME_WAIT,
        time_wait_at=work.time + 2 * work.tcb.settings.msl,
        retransmit_at=NEVER,
        keep_alive_at=NEVER,
        user_timeout_at=NEVER,
    )


# ---- Urgent, text, FIN -----------------------------------------------------------------------------------


def sixth_urg(work: Work, segment: Segment) -> None:
    """Sixth, check the URG bit."""
    tcb = work.tcb
    if tcb.state not in TAKES_TEXT:
        return
    end = seq.add(segment.seq, segment.urgent_pointer)
    if seq.less(tcb.rcv_nxt, end) and (tcb.rcv_up is None or seq.less(tcb.rcv_up, end)):
        work.set(rcv_up=end)
        work.note(f"Sixth: urgent data reach up to the number {end}: the program is told to hurry")


def seventh_text(work: Work, segment: Segment) -> bool:
    """Seventh, process the segment text, and what it joins up with."""
    tcb, data = work.tcb, segment.data
    if tcb.state not in TAKES_TEXT or not (data or tcb.held):
        return False
    if data and tcb.rcv_fin is not None:  # nothing can come after the peer's FIN
        data = data[: max(0, seq.distance(segment.seq, tcb.rcv_fin))]
    if data and tcb.deaf:
        work.hears("data after CLOSE")
        work.reset()
        return work.ends("Seventh: the program has closed and reads no more: a RST shows that data are lost")
    had = held = tcb.held
    if data and (held or segment.seq != tcb.rcv_nxt):
        held, data = keep(held, segment.seq, data), b""
    if not data:
        data, held = take(held, tcb.rcv_nxt)
    if not data:
        if held is not had:
            gap = seq.distance(tcb.rcv_nxt, held[0][0])
            work.set(held=held)
            work.acknowledge(
                f"Seventh: {gap} byte{'s' * (gap > 1)} before these are missing: they are kept, "
                f"and {tcb.rcv_nxt} is asked for"
            )
        return False
    number = seq.add(tcb.rcv_nxt, len(data))
    if tcb.reading:
        work.delivered += data
        work.set(rcv_nxt=number, held=held)
        whom = "for the program"
    else:
        work.set(
            rcv_nxt=number,
            held=held,
            waiting=joined(tcb.waiting, data),
            rcv_wnd=max(0, tcb.rcv_wnd - len(data)),
        )
        whom = f"wait for the program; the window shrinks to {tcb.rcv_wnd}"
    work.hurried()
    work.note(f"Seventh: {len(data)} byte{'s' * (len(data) > 1)} {whom}; {number} comes next")
    # A segment that fills a gap, or leaves one behind it, is acknowledged at once (RFC 5681 section 4.2).
    work.ack = "now" if had or held or work.ack == "now" else "soon"
    return False


def eighth_fin(work: Work, segment: Segment) -> None:
    """Eighth, check the FIN bit, of this segment or of one that came ahead of a gap."""
    tcb = work.tcb
    if segment.flags & FIN and tcb.state not in TARGETS:
        work.acknowledge("Eighth: another FIN after the peer's last: it changes nothing")
        return
    if segment.flags & FIN and tcb.rcv_fin is None:
        work.set(rcv_fin=seq.add(segment.seq, len(segment.data)))
    if tcb.rcv_fin is None or tcb.state not in TARGETS:
        return
    if tcb.rcv_fin != tcb.rcv_nxt:
        if segment.flags & FIN:
            work.acknowledge(f"Eighth: bytes before this FIN are missing: {tcb.rcv_nxt} is asked for")
        return
    work.hears("FIN")
    work.set(rcv_nxt=seq.add(tcb.rcv_fin, 1))
    if TARGETS[tcb.state] is TIME_WAIT:
        time_wait(work)
    else:
        work.set(state=TARGETS[tcb.state])
    work.acknowledge(f"Eighth: the peer will send no more; its FIN {tcb.rcv_fin} is acknowledged")


TARGETS = {
    ESTABLISHED: CLOSE_WAIT,
    FIN_WAIT_1: CLOSING,
    FIN_WAIT_2: TIME_WAIT,
}
"""Where the peer's FIN leads; its FIN has come already in all other states."""

"""SEGMENT ARRIVES (RFC 9293 sections 3.10.7.1 to 3.10.7.4): named checks, in the standard's order."""

from __future__ import annotations

from dataclasses import replace

from handshake.tcp import seq
from handshake.tcp.figure import State
from handshake.tcp.options import MSS
from handshake.tcp.reply import acknowledge, make, reset_for
from handshake.tcp.segment import ACK, FIN, RST, SYN, Segment
from handshake.tcp.tcb import DEFAULT_MSS, Arrives, Progress, Tcb


def from_closed(progress: Progress, segment: Segment) -> Progress:
    """Section 3.10.7.1: there is no connection."""
    progress = progress.hears(str(segment.flags).replace(", ", ","))
    if segment.flags & RST:
        return progress.drop("no connection, and a reset needs no answer")
    return progress.send(reset_for(progress.tcb, segment)).drop("no connection here: refused with a RST")


def from_listen(progress: Progress, event: Arrives) -> Progress:
    """Section 3.10.7.2: only a plain SYN means something to a listener."""
    segment = event.segment
    if segment.flags & RST:
        return progress.hears("RST").drop("First: a reset means nothing to a listener")
    if segment.flags & ACK:
        progress = progress.hears("ACK").send(reset_for(progress.tcb, segment))
        return progress.drop("Second: an acknowledgment, though nothing was ever sent: a RST answers it")
    if not segment.flags & SYN:
        return progress.hears("segment").drop("Fourth: neither SYN nor RST: dropped")
    iss = event.iss
    progress = progress.hears("SYN").now(
        state=State.SYN_RECEIVED,
        remote=event.source or progress.tcb.remote,
        passive=True,
        irs=segment.seq,
        rcv_nxt=seq.add(segment.seq, 1),
        iss=iss,
        snd_una=iss,
        snd_nxt=seq.add(iss, 1),
        snd_wnd=segment.window,
        snd_wl1=segment.seq,
        snd_wl2=0,
        snd_mss=_peer_mss(segment, progress.tcb),
    )
    progress = progress.send(make(progress.tcb, SYN | ACK, at=iss))
    progress = progress.note(
        f"Third: a SYN takes one number, so {segment.seq} is acknowledged with {progress.tcb.rcv_nxt}"
    )
    if segment.data or segment.flags & FIN:
        progress = progress.note("data that came with the SYN is left for the peer to send again")
    return replace(progress, done=True)


def from_syn_sent(progress: Progress, segment: Segment) -> Progress:
    """Section 3.10.7.3: we have asked and wait for the answer."""
    tcb, flags = progress.tcb, segment.flags
    acceptable = bool(flags & ACK) and tcb.snd_una != segment.ack and between(tcb, segment.ack)
    if flags & ACK and not acceptable:
        progress = progress.hears("bad ACK")
        if flags & RST:
            return progress.drop(f"First: a reset whose ack {segment.ack} is not for our SYN: dropped")
        progress = progress.send(reset_for(tcb, segment))
        return progress.drop(f"First: ack {segment.ack} is not for our SYN {tcb.iss}: a RST answers it")
    if flags & RST:
        if not acceptable:
            return progress.hears("RST").drop("Second: a reset that acknowledges nothing: dropped")
        progress = replace(progress.hears("RST,ACK"), tcb=tcb.forgotten())
        return progress.drop("Second: the reset acknowledges our SYN: connection refused")
    if not flags & SYN:
        return progress.hears("segment").drop("Fifth: neither SYN nor RST: dropped")

    progress = progress.now(
        irs=segment.seq,
        rcv_nxt=seq.add(segment.seq, 1),
        snd_mss=_peer_mss(segment, progress.tcb),
        snd_wnd=segment.window,
        snd_wl1=segment.seq,
        snd_wl2=segment.ack,
    )
    if not acceptable:
        progress = progress.hears("SYN").now(state=State.SYN_RECEIVED)
        progress = progress.send(make(progress.tcb, SYN | ACK, at=tcb.iss))
        return progress.drop("Fourth: both ends called at the same time: answers the peer's SYN with SYN,ACK")
    progress = progress.hears("SYN,ACK").now(state=State.ESTABLISHED, snd_una=segment.ack)
    progress = acknowledge(
        progress, f"Fourth: our SYN is acknowledged, and the peer's SYN {segment.seq} is acknowledged in turn"
    )
    if segment.data or flags & FIN:
        # Section 3.10.7.3: go on with the sixth check and those after it; the SYN has been dealt with.
        rest = replace(segment, seq=progress.tcb.rcv_nxt, flags=flags & ~SYN)
        rest = within_window(progress.tcb, rest)
        progress = eighth_fin(seventh_text(progress, rest), rest)
    return progress


def otherwise(progress: Progress, segment: Segment) -> Progress:
    """Section 3.10.7.4: all the other states go through the same checks.

    Third (security) is omitted, as by everybody today; sixth (URG) would tell the program, and we have none
    that asks.  What a note calls Fifth is the fifth check of that section.
    """
    checks = (first_sequence, second_rst, fourth_syn, fifth_ack, seventh_text, eighth_fin)
    for check in checks:
        progress = check(progress, segment)
        if progress.done:
            break
        if check is first_sequence:
            segment = within_window(progress.tcb, segment)
    return progress if progress.notes else progress.note("nothing new: all of it was known")


def acceptable(tcb: Tcb, segment: Segment) -> bool:
    """Whether any of the segment's numbers lies in the receive window: the four cases of section 3.4."""
    start, length, window = segment.seq, segment.length, tcb.rcv_wnd
    if not length:
        return between_window(tcb, start) if window else start == tcb.rcv_nxt
    last = seq.add(start, length - 1)
    return bool(window) and (between_window(tcb, start) or between_window(tcb, last))


def between_window(tcb: Tcb, number: int) -> bool:
    """RCV.NXT =< number < RCV.NXT + RCV.WND."""
    return seq.between(tcb.rcv_nxt, number, seq.add(tcb.rcv_nxt, tcb.rcv_wnd))


def between(tcb: Tcb, ack: int) -> bool:
    """SND.UNA =< ack =< SND.NXT: whether we have sent what it acknowledges."""
    return seq.less_equal(tcb.snd_una, ack) and seq.less_equal(ack, tcb.snd_nxt)


def within_window(tcb: Tcb, segment: Segment) -> Segment:
    """The part of the segment that is new and fits the window ("tailored", section 3.10.7.4)."""
    old = seq.distance(segment.seq, tcb.rcv_nxt)
    if old > 0:
        # The SYN, if it is among what we have already, takes a number before the data.
        syn = bool(segment.flags & SYN)
        segment = replace(
            segment, seq=tcb.rcv_nxt, flags=segment.flags & ~SYN, data=segment.data[old - syn :]
        )
    room = tcb.rcv_wnd - max(0, -old)
    if len(segment.data) + bool(segment.flags & FIN) > room:
        segment = replace(segment, data=segment.data[:room], flags=segment.flags & ~FIN)
    return segment


def first_sequence(progress: Progress, segment: Segment) -> Progress:
    """First, check the sequence number."""
    tcb = progress.tcb
    what = f"First: seq {segment.seq} is outside the window, {tcb.rcv_nxt} was expected"
    if segment.flags & RST:
        # A reset is judged by its own number alone: its data would make it easier to guess (RFC 5961).
        if segment.seq == tcb.rcv_nxt or between_window(tcb, segment.seq):
            return progress
        return progress.hears("unacceptable segment").drop(f"{what}: the reset is dropped")
    if acceptable(tcb, segment):
        return progress
    if not tcb.rcv_wnd and segment.seq == tcb.rcv_nxt and not segment.flags & SYN:
        # A special allowance: what acknowledges must get through (section 3.10.7.4).
        return acknowledge(progress, "First: our window is closed: data are not taken, but the ACK counts")
    both = segment.flags & (SYN | ACK) == SYN | ACK
    if tcb.state is State.SYN_RECEIVED and both and segment.seq == tcb.irs:
        # Both ends called: the SYN is the one that we know, but the ACK is for ours (figure 7, line 6).
        return progress.note("First: the peer's SYN again, which is known, and with it an ACK")
    progress = progress.hears("unacceptable segment")
    return replace(acknowledge(progress, f"{what}: dropped, and answered with what was expected"), done=True)


def second_rst(progress: Progress, segment: Segment) -> Progress:
    """Second, check the RST bit, with RFC 5961's guard against blind resets."""
    tcb = progress.tcb
    if not segment.flags & RST:
        return progress
    progress = progress.hears("RST")
    if segment.seq != tcb.rcv_nxt:
        challenge = "Second: a reset in the window, but not at its edge: challenged with an ACK"
        return replace(acknowledge(progress, challenge), done=True)
    if tcb.state is State.SYN_RECEIVED and tcb.passive:
        return replace(progress, tcb=tcb.listening()).drop("Second: the caller backed out: listens again")
    return replace(progress, tcb=tcb.forgotten()).drop("Second: the peer has reset the connection")


def fourth_syn(progress: Progress, segment: Segment) -> Progress:
    """Fourth, check the SYN bit."""
    tcb = progress.tcb
    if not segment.flags & SYN:
        return progress
    progress = progress.hears("SYN")
    if tcb.state is State.SYN_RECEIVED and tcb.passive:
        return replace(progress, tcb=tcb.listening()).drop("Fourth: another SYN: listens again")
    challenge = "Fourth: a SYN within a connection is no part of it: challenged with an ACK (RFC 5961)"
    return replace(acknowledge(progress, challenge), done=True)


def fifth_ack(progress: Progress, segment: Segment) -> Progress:
    """Fifth, check the ACK field."""
    tcb = progress.tcb
    if not segment.flags & ACK:
        return progress.drop("Fifth: without ACK nothing is acknowledged: dropped")
    if tcb.state is State.SYN_RECEIVED:
        if not between(tcb, segment.ack) or segment.ack == tcb.snd_una:
            progress = progress.hears("bad ACK").send(reset_for(tcb, segment))
            return progress.drop(f"Fifth: ack {segment.ack} is not for our SYN {tcb.iss}: a RST answers it")
        progress = progress.hears("ACK of SYN").now(
            state=State.ESTABLISHED, snd_wnd=segment.window, snd_wl1=segment.seq, snd_wl2=segment.ack
        )
        progress = progress.note(f"Fifth: ack {segment.ack} covers our SYN: the connection is open")
        if tcb.close_wanted:
            progress = progress.hears("queued CLOSE").now(state=State.FIN_WAIT_1)
    if seq.less(tcb.snd_nxt, segment.ack):
        progress = progress.hears("bad ACK")
        why = f"Fifth: ack {segment.ack} is for bytes not sent yet (SND.NXT is {tcb.snd_nxt}): dropped"
        return replace(acknowledge(progress, why), done=True)
    if seq.less(tcb.snd_una, segment.ack):
        progress = progress.now(snd_una=segment.ack)
        if tcb.state is not State.SYN_RECEIVED:
            count = seq.distance(tcb.snd_una, segment.ack)
            plural = "s" if count > 1 else ""
            progress = progress.note(
                f"Fifth: ack {segment.ack} confirms {count} more sequence number{plural}"
            )
    progress = _update_window(progress, segment)
    return _after_ack(progress, tcb)


def _update_window(progress: Progress, segment: Segment) -> Progress:
    """Take the window from the newest segment only (section 3.10.7.4)."""
    tcb = progress.tcb
    newer = seq.less(tcb.snd_wl1, segment.seq) or (
        tcb.snd_wl1 == segment.seq and seq.less_equal(tcb.snd_wl2, segment.ack)
    )
    if newer and segment.ack == tcb.snd_una:
        progress = progress.now(snd_wnd=segment.window, snd_wl1=segment.seq, snd_wl2=segment.ack)
        if segment.window != tcb.snd_wnd:
            progress = progress.note(f"Fifth: the peer's window is now {segment.window} bytes")
    return progress


def _after_ack(progress: Progress, before: Tcb) -> Progress:
    """What an acknowledgment of our FIN leads to."""
    tcb = progress.tcb
    if not tcb.fin_acknowledged or before.fin_acknowledged:
        return progress
    progress = progress.hears("ACK of FIN")
    match tcb.state:
        case State.FIN_WAIT_1:
            return progress.now(state=State.FIN_WAIT_2).note("our FIN is acknowledged")
        case State.CLOSING:
            return progress.now(state=State.TIME_WAIT).drop("our FIN is acknowledged: both ends are done")
        case State.LAST_ACK:
            return replace(progress, tcb=tcb.forgotten()).drop("our FIN is acknowledged: all is over")
    return progress


def seventh_text(progress: Progress, segment: Segment) -> Progress:
    """Seventh, process the segment text."""
    tcb = progress.tcb
    if not segment.data or tcb.state not in (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2):
        return progress
    if segment.seq != tcb.rcv_nxt:
        gap = seq.distance(tcb.rcv_nxt, segment.seq)
        why = f"Seventh: {gap} bytes before these are missing: not kept, and {tcb.rcv_nxt} is asked for"
        return replace(acknowledge(progress, why), done=True)
    progress = progress.now(rcv_nxt=seq.add(tcb.rcv_nxt, len(segment.data)))
    progress = replace(progress, delivered=progress.delivered + segment.data)
    return acknowledge(
        progress, f"Seventh: {len(segment.data)} bytes for the program; {progress.tcb.rcv_nxt} comes next"
    )


def eighth_fin(progress: Progress, segment: Segment) -> Progress:
    """Eighth, check the FIN bit."""
    tcb = progress.tcb
    if not segment.flags & FIN:
        return progress
    if seq.add(segment.seq, len(segment.data)) != tcb.rcv_nxt:
        why = f"Eighth: bytes before this FIN are missing: {tcb.rcv_nxt} is asked for"
        return replace(acknowledge(progress, why), done=True)
    targets = {
        State.ESTABLISHED: State.CLOSE_WAIT,
        State.FIN_WAIT_1: State.CLOSING,
        State.FIN_WAIT_2: State.TIME_WAIT,
    }
    if tcb.state not in targets:
        return acknowledge(progress, "Eighth: another FIN after the peer's last: it changes nothing")
    progress = progress.hears("FIN").now(rcv_nxt=seq.add(tcb.rcv_nxt, 1), state=targets[tcb.state])
    return acknowledge(progress, f"Eighth: the peer will send no more; its FIN {tcb.rcv_nxt} is acknowledged")


def _peer_mss(segment: Segment, tcb: Tcb) -> int:
    option = segment.option(MSS)
    if option and option.numbers and option.numbers[0]:
        return option.numbers[0]
    return DEFAULT_MSS[6 if ":" in tcb.local[0] else 4]

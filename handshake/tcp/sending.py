"""What an end sends of its own: its SYN, its data and FIN, each of them again when it is lost, probes."""

from __future__ import annotations

from handshake.tcp import seq
from handshake.tcp.figure import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    LAST_ACK,
    LISTEN,
    SYN_SENT,
)
from handshake.tcp.segment import ACK, FIN, FLAGS, PSH, SYN
from handshake.tcp.tcb import Tcb
from handshake.tcp.timers import NEVER
from handshake.tcp.work import Work
from handshake.trace import Address

SYN_ACK, PSH_ACK, FIN_ACK = FLAGS[SYN | ACK], FLAGS[PSH | ACK], FLAGS[FIN | ACK]

MAY_SEND_DATA = (ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, CLOSING, LAST_ACK)
"""States in which data and the FIN may still go out; in the last three CLOSE has been called."""


def begin(work: Work, remote: Address, iss: int) -> None:
    """Send the first SYN and go to SYN-SENT (section 3.10.1)."""
    work.set(
        remote=remote, state=SYN_SENT, passive=False, iss=iss, snd_una=iss, snd_nxt=iss,
        syn_acknowledged=False,
    )  # fmt: skip
    work.send(SYN)
    went_out(work, 1)
    work.note(f"asks for a connection; the SYN takes one sequence number, {iss}")


def went_out(work: Work, count: int, **fields: object) -> None:
    """Sequence numbers were sent for the first time: move SND.NXT on, and start what measures time."""
    tcb, time = work.tcb, work.time
    number = seq.add(tcb.snd_nxt, count)
    work.set(
        snd_nxt=number,
        retransmit_at=time + tcb.rtt.rto if tcb.retransmit_at == NEVER else tcb.retransmit_at,
        timed=tcb.timed or (number, time),
        user_timeout_at=user_deadline(tcb, time),
        **fields,
    )


def user_deadline(tcb: Tcb, time: float) -> float:
    """When the user timeout expires, if it runs from now on or runs already."""
    if tcb.settings.user_timeout is None or tcb.user_timeout_at != NEVER:
        return tcb.user_timeout_at
    return time + tcb.settings.user_timeout


def flush(work: Work) -> None:
    """Send what may be sent: data within the peer's window, then the FIN, or else the ACK owed."""
    tcb = work.tcb
    if (tcb.buffer or tcb.close_wanted) and tcb.state in MAY_SEND_DATA:
        _send_data(work)
        _send_fin(work)
    if work.ack and work.tcb.state not in (CLOSED, LISTEN):
        _send_ack(work)


def _send_data(work: Work) -> None:
    tcb = work.tcb
    sent, total, start = tcb.sent, tcb.pending, tcb.confirmed
    while sent < total:
        waiting = total - sent
        usable = tcb.snd_wnd - sent - (not tcb.syn_acknowledged)
        size = min(waiting, usable, tcb.snd_mss)
        if not _worth_sending(tcb, size, waiting):
            why = "the peer's window is full" if usable <= 0 else f"the peer's window has room for {usable}"
            work.note(f"{waiting} bytes wait: {why}")
            if not sent:  # nothing is under way whose acknowledgment could open it: ask again later
                rto = work.time + tcb.rtt.rto
                work.set(
                    retransmit_at=rto if tcb.retransmit_at == NEVER else tcb.retransmit_at,
                    user_timeout_at=user_deadline(tcb, work.time),
                )
            return
        work.send(PSH_ACK if size == waiting else ACK, data=tcb.buffer[start + sent : start + sent + size])
        work.note(f"sends {size} bytes, numbers {tcb.snd_nxt} on")
        went_out(work, size)
        tcb = work.tcb
        sent += size


def _worth_sending(tcb: Tcb, size: int, waiting: int) -> bool:
    """Whether a segment of that size is not silly: it is full, or the last, or half of the largest window.

    Section 3.8.6.2.1; Nagle's algorithm, which would hold back more, is not used here.
    """
    return size > 0 and (size in (waiting, tcb.snd_mss) or 2 * size >= tcb.max_snd_wnd)


def _send_fin(work: Work) -> None:
    """The FIN follows the last byte.  A window that is just full does not hold it back: it needs no room."""
    tcb = work.tcb
    if not tcb.close_wanted or tcb.fin_seq is not None or tcb.sent < tcb.pending:
        return
    work.send(FIN_ACK)
    work.note(f"sends a FIN, which takes the number {tcb.snd_nxt}")
    went_out(work, 1, fin_seq=tcb.snd_nxt)
    if tcb.state is CLOSE_WAIT:
        work.hears("queued CLOSE")
        work.set(state=LAST_ACK)


def _send_ack(work: Work) -> None:
    """Acknowledge: at once, or (section 3.8.6.3) a little later, unless two full segments wait for it."""
    tcb = work.tcb
    delay = tcb.settings.delayed_ack
    if delay and work.ack == "soon" and seq.distance(tcb.last_ack_sent, tcb.rcv_nxt) < 2 * tcb.settings.mss:
        if tcb.ack_at == NEVER:
            work.set(ack_at=work.time + delay)
        work.note(f"the acknowledgment may wait up to {1000 * delay:g} ms for company")
        work.ack = None
    else:
        work.send(ACK)


def retransmit(work: Work) -> None:
    """Send once more the oldest of what is not acknowledged (section 3.10.8)."""
    tcb = work.tcb
    work.set(timed=None)  # Karn: an acknowledgment of it will not tell which of the two it is for
    if not tcb.syn_acknowledged:
        work.send(SYN if tcb.state is SYN_SENT else SYN_ACK, at=tcb.iss)
    elif tcb.sent:
        size = min(tcb.sent, tcb.snd_mss, max(1, tcb.snd_wnd))
        flags, start = PSH_ACK if size == tcb.pending else ACK, tcb.confirmed
        work.send(flags, at=tcb.snd_una, data=tcb.buffer[start : start + size])
    else:
        work.send(FIN_ACK, at=tcb.fin_seq)


def probe(work: Work) -> None:
    """Data wait, and nothing is under way: send one byte all the same (section 3.8.6.1)."""
    tcb = work.tcb
    size, start = min(tcb.pending, tcb.snd_mss, max(1, tcb.snd_wnd)), tcb.confirmed
    what = "window has been closed" if not tcb.snd_wnd else "small window has not opened further"
    work.note(f"the peer's {what} for {tcb.rtt.rto:g} s: asks with {size} byte{'s' * (size > 1)}")
    work.send(PSH_ACK if size == tcb.pending else ACK, data=tcb.buffer[start : start + size])
    went_out(work, size)
    work.set(timed=None)

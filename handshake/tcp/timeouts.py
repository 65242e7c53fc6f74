"""What happens when a timer has run out (RFC 9293 sections 3.8.3, 3.8.4, 3.8.6.1 and 3.10.8; RFC 6298)."""

from __future__ import annotations

from handshake.tcp import seq
from handshake.tcp.figure import (
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from handshake.tcp.segment import ACK
from handshake.tcp.sending import probe, retransmit
from handshake.tcp.tcb import (
    DelayedAckTimeout,
    KeepAliveTimeout,
    RetransmissionTimeout,
    Tcb,
    TimeWaitTimeout,
    UserTimeout,
)
from handshake.tcp.timers import NEVER
from handshake.tcp.work import Work

R1 = 3
"""After so many retransmissions delivery is in trouble (section 3.8.3): here that is only noted."""

STALE = "the timer was for something that is over"


def user(work: Work, _: UserTimeout) -> str:
    """USER TIMEOUT: for any state."""
    if work.tcb.state is CLOSED:
        work.note(STALE)
    else:
        work.ends("what the program handed over was not acknowledged in time: given up, and nobody is told")
    return "user timeout"


def retransmission(work: Work, _: RetransmissionTimeout) -> str:
    """RETRANSMISSION TIMEOUT: send the oldest again, and be twice as patient; or give up."""
    tcb = work.tcb
    if not tcb.outstanding and not tcb.buffer:
        work.set(retransmit_at=NEVER)
        work.note(STALE)
        return "retransmission timeout"
    if tcb.retransmits >= allowed(tcb):
        times = f"{tcb.retransmits} time{'s' * (tcb.retransmits != 1)}"
        back = tcb.state is SYN_RECEIVED and tcb.passive
        after = "listens again" if back else "given up, and nobody is told (R2)"
        work.ends(f"sent again {times} without an answer: {after}", LISTEN if back else CLOSED)
        return "last retransmission timeout"
    waited, rtt = tcb.rtt.rto, tcb.rtt.backed_off(tcb.settings.max_rto)
    work.set(
        rtt=rtt,
        retransmits=tcb.retransmits + 1,
        retransmit_at=work.time + rtt.rto,
        duplicates=0,
        recover=tcb.snd_nxt if tcb.syn_acknowledged and tcb.outstanding else None,
    )
    if tcb.outstanding:
        work.note(f"no acknowledgment for {waited:g} s: sends again; the next wait is {rtt.rto:g} s")
        retransmit(work)
    else:
        probe(work)
    if work.tcb.retransmits == R1:
        work.note("so often in vain: here a system may tell the program, or look for another way (R1)")
    return "retransmission timeout"


def allowed(tcb: Tcb) -> int:
    """How often the oldest segment may be sent again."""
    if tcb.syn_acknowledged:
        return tcb.settings.retries
    return tcb.settings.syn_retries if tcb.state is SYN_SENT else tcb.settings.synack_retries


def time_wait(work: Work, _: TimeWaitTimeout) -> str:
    """TIME-WAIT TIMEOUT."""
    if work.tcb.state is TIME_WAIT:
        work.ends("2 MSL have passed: no old segment can be on its way any more")
    else:
        work.note(STALE)
    return "2MSL timeout"


def keep_alive(work: Work, _: KeepAliveTimeout) -> str:
    """Ask a silent peer whether it is there; after some questions without an answer, give up."""
    tcb, settings = work.tcb, work.tcb.settings.keep_alive
    if settings is None or tcb.state not in PROBED:
        work.set(keep_alive_at=NEVER)
        work.note(STALE)
    elif tcb.outstanding or tcb.buffer:
        work.set(keep_alive_at=work.time + settings.idle, probes=0)
        work.note("data are on their way, whose retransmission will tell: no probe")
    elif tcb.probes >= settings.count:
        work.reset()
        work.ends(
            f"{tcb.probes} probes were not answered: the peer is taken for dead, and reset in case it is not"
        )
        return "last keep-alive timeout"
    else:
        work.send(ACK, at=seq.add(tcb.snd_nxt, -1))
        work.set(probes=tcb.probes + 1, keep_alive_at=work.time + settings.interval)
        work.note(
            f"silence for long: probe {tcb.probes} of {settings.count} repeats the number "
            f"{seq.add(tcb.snd_nxt, -1)}, which any peer that is there must answer"
        )
    return "keep-alive timeout"


PROBED = (ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, FIN_WAIT_2)
"""States in which an end may wait for ever, or that lead to one, and keep-alive is of use."""


def delayed_ack(work: Work, _: DelayedAckTimeout) -> str:
    """Nothing came that the acknowledgment could travel with."""
    if work.tcb.ack_at == NEVER:
        work.note(STALE)
    else:
        work.note("no data came for the acknowledgment to travel with: it goes alone")
        work.send(ACK)
    return "delayed ACK timeout"

"""The segments that an end sends: opening, data and FIN, acknowledgments, resets."""

from __future__ import annotations

from dataclasses import replace

from handshake.tcp import seq
from handshake.tcp.figure import State
from handshake.tcp.options import mss
from handshake.tcp.segment import ACK, FIN, PSH, RST, SYN, Flags, Segment
from handshake.tcp.tcb import Progress, Tcb
from handshake.trace import Address

MAY_SEND_DATA = (State.ESTABLISHED, State.CLOSE_WAIT, State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)
"""States in which queued data and the FIN may still go out; in the last three CLOSE has been called."""


def make(tcb: Tcb, flags: Flags, *, at: int | None = None, data: bytes = b"") -> Segment:
    """A segment of this connection: <SEQ=SND.NXT> or `at`, <ACK=RCV.NXT> if ACK is set."""
    remote = tcb.remote or ("0.0.0.0", 0)
    return Segment(
        tcb.local[1],
        remote[1],
        tcb.snd_nxt if at is None else at,
        tcb.rcv_nxt if flags & ACK else 0,
        flags,
        min(tcb.rcv_wnd, 65535),
        data,
        (mss(tcb.mss),) if flags & SYN else (),
    )


def reset_for(tcb: Tcb, segment: Segment) -> Segment:
    """The RST that answers a segment for which there is no connection (section 3.10.7.1).

    It borrows its numbers from the segment, so that the peer can believe it.
    """
    if segment.flags & ACK:
        number, ack, flags = segment.ack, 0, RST
    else:
        number, ack, flags = 0, seq.add(segment.seq, segment.length), RST | ACK
    return Segment(segment.destination_port, segment.source_port, number, ack, flags, window=0)


def abort_reset(tcb: Tcb) -> Segment:
    """The RST of an ABORT: <SEQ=SND.NXT><CTL=RST> (section 3.10.5)."""
    return replace(make(tcb, RST), window=0)


def begin(progress: Progress, remote: Address, iss: int) -> Progress:
    """Send the first SYN and go to SYN-SENT (section 3.10.1)."""
    progress = progress.now(
        remote=remote, state=State.SYN_SENT, passive=False, iss=iss, snd_una=iss, snd_nxt=seq.add(iss, 1)
    )
    progress = progress.send(make(progress.tcb, SYN, at=iss))
    return progress.note(f"asks for a connection; the SYN takes one sequence number, {iss}")


def acknowledge(progress: Progress, why: str) -> Progress:
    """Owe the peer an ACK, and say why."""
    return replace(progress, ack_due=True).note(why)


def flush(progress: Progress) -> Progress:
    """Send what may be sent: queued data within the peer's window, then the FIN, or else the ACK owed."""
    tcb = progress.tcb
    while tcb.queue and tcb.state in MAY_SEND_DATA:
        room = tcb.snd_wnd - seq.distance(tcb.snd_una, tcb.snd_nxt)
        part = tcb.queue[: max(0, min(room, tcb.snd_mss))]
        if not part:
            progress = progress.note(f"{len(tcb.queue)} bytes wait: the peer's window is full")
            break
        queue = tcb.queue[len(part) :]
        progress = progress.send(make(tcb, ACK if queue else PSH | ACK, data=part))
        progress = progress.note(f"sends {len(part)} bytes, numbers {tcb.snd_nxt} on")
        progress = replace(progress.now(queue=queue, snd_nxt=seq.add(tcb.snd_nxt, len(part))), ack_due=False)
        tcb = progress.tcb
    if tcb.close_wanted and not tcb.queue and tcb.fin_seq is None and tcb.state in MAY_SEND_DATA:
        progress = progress.send(make(tcb, FIN | ACK)).note(
            f"sends a FIN, which takes the number {tcb.snd_nxt}"
        )
        progress = progress.now(fin_seq=tcb.snd_nxt, snd_nxt=seq.add(tcb.snd_nxt, 1))
        progress = replace(progress, ack_due=False)
        if tcb.state is State.CLOSE_WAIT:
            progress = progress.hears("queued CLOSE").now(state=State.LAST_ACK)
    if progress.ack_due and progress.tcb.state not in (State.CLOSED, State.LISTEN):
        progress = progress.send(make(progress.tcb, ACK))
    return replace(progress, ack_due=False)

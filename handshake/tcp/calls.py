"""What a program may ask for (RFC 9293 sections 3.10.1 to 3.10.5).  A call that does not fit is Refused."""

from __future__ import annotations

from handshake.errors import Refused
from handshake.tcp import seq
from handshake.tcp.figure import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from handshake.tcp.reassembly import joined
from handshake.tcp.sending import begin, flush, user_deadline
from handshake.tcp.settings import SEND_BUFFER
from handshake.tcp.tcb import Abort, Close, Open, Receive, Send, Tcb
from handshake.tcp.work import Work

CLOSED_ALREADY = (FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK, TIME_WAIT)


def _refused(tcb: Tcb, why: str, section: str) -> Refused:
    return Refused(str(tcb.state), why, f"RFC 9293 section {section}")


def opens(work: Work, call: Open) -> str:
    """Section 3.10.1."""
    tcb = work.tcb
    if tcb.state not in (CLOSED, LISTEN):
        raise _refused(tcb, "the connection already exists", "3.10.1")
    if call.remote is not None:
        begin(work, call.remote, call.iss)
        return "active OPEN"
    if tcb.state is LISTEN:
        raise _refused(tcb, "it is listening already", "3.10.1")
    work.become(tcb.listening())
    work.note("waits for a SYN from anybody")
    return "passive OPEN"


def sends(work: Work, call: Send) -> str:
    """Section 3.10.2."""
    tcb = work.tcb
    if tcb.state is CLOSED:
        raise _refused(tcb, "there is no connection to send on; open one first", "3.10.2")
    if tcb.state is LISTEN and call.remote is None:
        raise _refused(tcb, "nobody has called yet: name a remote address to send to", "3.10.2")
    if tcb.state in CLOSED_ALREADY or tcb.close_wanted:
        raise _refused(tcb, "this end has closed already and may send no more", "3.10.2")
    if tcb.pending + len(call.data) > SEND_BUFFER:
        raise _refused(
            tcb,
            f"{tcb.pending} bytes wait to be acknowledged already, and there is room for {SEND_BUFFER}: "
            "send less, or later",
            "3.10.2",
        )
    if tcb.state is LISTEN and call.remote is not None:
        begin(work, call.remote, call.iss)
    work.set(buffer=tcb.buffer[tcb.confirmed :] + call.data, confirmed=0)
    if call.urgent and call.data:
        end = seq.add(tcb.snd_nxt, len(tcb.queue))
        work.set(snd_up=end)
        work.note(f"urgent up to, but not including, the number {end}")
    if tcb.state in (SYN_SENT, SYN_RECEIVED):
        work.set(user_timeout_at=user_deadline(tcb, work.time))
        work.note(f"{len(call.data)} bytes wait for the connection to open")
    flush(work)
    return "SEND"


def receives(work: Work, call: Receive) -> str:
    """Section 3.10.3."""
    tcb = work.tcb
    if tcb.state is CLOSED:
        raise _refused(tcb, "there is no connection to receive from", "3.10.3")
    closed = tcb.state is CLOSE_WAIT or tcb.state in (CLOSING, LAST_ACK, TIME_WAIT)
    if closed and not tcb.unread:
        raise _refused(tcb, "the peer has closed, and all that it sent was read", "3.10.3")
    unread = tcb.unread
    data = unread if call.count is None else unread[: call.count]
    work.delivered = data
    work.set(waiting=joined((), unread[len(data) :]), reading=call.count is None)
    work.hurried()
    if data:
        work.note(f"the program takes {len(data)} bytes; {len(unread) - len(data)} are left")
    else:
        work.note("the program takes what comes" if call.count is None else "the program takes nothing")
    _open_window(work)
    flush(work)
    return "RECEIVE"


def _open_window(work: Work) -> None:
    """Offer the room that reading has made, but not in small portions (section 3.8.6.2.2)."""
    tcb = work.tcb
    room = capacity(tcb) - len(tcb.unread)
    if room - tcb.rcv_wnd < min((capacity(tcb) + 1) // 2, tcb.snd_mss) or room <= tcb.rcv_wnd:
        return
    was_closed = tcb.rcv_wnd == 0
    work.set(rcv_wnd=room)
    if tcb.state in (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2):
        work.acknowledge(
            f"tells the peer that the window {'opens' if was_closed else 'grows'} to {room} bytes"
        )


def capacity(tcb: Tcb) -> int:
    """How large the receive window may be: the buffer, as far as the window field can tell it."""
    return min(tcb.settings.window, 65535 << tcb.rcv_scale)


def closes(work: Work, call: Close) -> str:
    """Section 3.10.4, and for a program that will not read any more either, 3.6.1."""
    tcb = work.tcb
    if tcb.state is CLOSED:
        raise _refused(tcb, "there is no connection to close", "3.10.4")
    if tcb.state in CLOSED_ALREADY or tcb.close_wanted:
        raise _refused(tcb, "it is closing already", "3.10.4")
    if tcb.state in (LISTEN, SYN_SENT):
        work.ends("nothing was open yet: nothing is sent")
        return "CLOSE"
    if not call.reading and tcb.unread:
        work.reset()
        work.ends(f"{len(tcb.unread)} bytes were not read: a RST tells the peer that they are lost")
        return "CLOSE with data unread"
    work.set(close_wanted=True, deaf=not call.reading)
    if not call.reading:
        work.note("the program will read no more, either")
    if tcb.state is SYN_RECEIVED and tcb.buffer:
        # The FIN has to follow the data, and data can be sent only once the connection is open.
        work.note("a FIN will follow the waiting data")
    elif tcb.state in (SYN_RECEIVED, ESTABLISHED):
        work.set(state=FIN_WAIT_1)
    flush(work)
    return "CLOSE"


def aborts(work: Work, _: Abort) -> str:
    """Section 3.10.5."""
    tcb = work.tcb
    if tcb.state is CLOSED:
        raise _refused(tcb, "there is no connection to abort", "3.10.5")
    if tcb.state in (
        SYN_RECEIVED,
        ESTABLISHED,
        FIN_WAIT_1,
        FIN_WAIT_2,
        CLOSE_WAIT,
    ):
        work.reset()
        work.ends("the peer is told with a RST")
    else:
        work.ends("given up; there is nobody to tell, or nothing left to say")
    return "ABORT"

"""What the kernel says of its connections, in the words of RFC 9293."""

from __future__ import annotations

import psutil

from handshake.tcp import State
from handshake.trace import Address

GONE = "CLOSED"
"""Of what the kernel knows nothing (any more)."""

UNKNOWN = "?"
"""Where the system does not tell a program what its connections do."""

NAMES = {
    psutil.CONN_LISTEN: State.LISTEN,
    psutil.CONN_SYN_SENT: State.SYN_SENT,
    psutil.CONN_SYN_RECV: State.SYN_RECEIVED,
    psutil.CONN_ESTABLISHED: State.ESTABLISHED,
    psutil.CONN_FIN_WAIT1: State.FIN_WAIT_1,
    psutil.CONN_FIN_WAIT2: State.FIN_WAIT_2,
    psutil.CONN_CLOSE_WAIT: State.CLOSE_WAIT,
    psutil.CONN_CLOSING: State.CLOSING,
    psutil.CONN_LAST_ACK: State.LAST_ACK,
    psutil.CONN_TIME_WAIT: State.TIME_WAIT,
    psutil.CONN_CLOSE: State.CLOSED,
}
"""The kernel's names, which are the standard's in another spelling."""


States = dict[tuple[Address, Address | None], str]


def snapshot() -> States | None:
    """The states of all ends that the kernel knows, by (local, remote); None where it may not be asked.

    A connection that waits to be accepted belongs to no program yet, and is there all the same.
    """
    try:
        known = psutil.net_connections(kind="tcp4")
    except (psutil.AccessDenied, OSError):
        return None
    return {
        (tuple(each.laddr), tuple(each.raddr) if each.raddr else None): str(
            NAMES.get(each.status, each.status)
        )
        for each in known
        if each.laddr
    }


def tells() -> bool:
    """Whether the kernel tells this program the states of connections."""
    return snapshot() is not None


def state(local: Address, remote: Address | None = None, among: States | None = None) -> str:
    """The state of the kernel's end `local` of a connection with `remote`, or of a port that listens.

    among: what `snapshot` gave; one is taken if there is none.
    GONE if there is no such end, UNKNOWN where the kernel may not be asked.
    """
    known = snapshot() if among is None else among
    return UNKNOWN if known is None else known.get((local, remote), GONE)

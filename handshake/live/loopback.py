"""Whether this machine lets its programs talk to each other."""

from __future__ import annotations

import socket

HERE = "127.0.0.1"
"""The only address that anything live in this course uses."""

PATIENCE = 5.0
"""No call waits for longer, in seconds; on loopback none should."""


def loopback() -> str:
    """Why nothing can be sent over 127.0.0.1 here; "" if it can.

    Some sandboxes forbid sockets, or calls to oneself.  What needs them asks first, and tells its reader.
    """
    try:
        with socket.create_server((HERE, 0)) as listener:
            listener.settimeout(2.0)
            with socket.create_connection(listener.getsockname(), timeout=2.0):
                connected, _ = listener.accept()
                connected.close()
    except OSError as error:
        return f"sockets on {HERE} do not work here: {error}"
    return ""

"""Whether this machine lets its programs talk to each other."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

HERE = "127.0.0.1"
"""The only address that anything live in this course uses."""

PATIENCE = 5.0
"""No call waits for longer, in seconds; on loopback none should."""


def until(ready: Callable[[], bool], what: str) -> None:
    """Wait until something holds.   what: it in words; TimeoutError, which says so, if it takes too long."""
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE:g} seconds")
        time.sleep(0.001)


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

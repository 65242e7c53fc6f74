"""TLS from SSL 3.0 to TLS 1.3, byte by byte: records, messages, keys, and both ends of a handshake.

For learning: do not protect anything with it.  Read `records`, `messages`, `keys`, then `figure`, `client12`
and `server12`; for TLS 1.3 `schedule`, `figure13`, `client13` and `server13`.

>>> from handshake.tls import decode_handshake
>>> decode_handshake(bytes.fromhex("0e000000"), "TLS 1.2").name
'ServerHelloDone'
"""

from __future__ import annotations

from handshake.tls import alerts, keys, records, schedule
from handshake.tls.client import Client
from handshake.tls.messages import decode_handshake
from handshake.tls.server import Server
from handshake.tls.sessions import Sessions

__all__ = ["Client", "Server", "Sessions", "alerts", "decode_handshake", "keys", "records", "schedule"]

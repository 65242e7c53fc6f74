"""TLS up to version 1.2, byte by byte: records, messages, keys, and both ends of a handshake.

For learning: do not protect anything with it.  Read `records`, `messages`, `keys`, then `figure`, `client`
and `server`.

>>> from handshake.tls import decode_handshake
>>> decode_handshake(bytes.fromhex("0e000000"), "TLS 1.2").name
'ServerHelloDone'
"""

from __future__ import annotations

from handshake.tls import alerts, keys, records
from handshake.tls.client import Client
from handshake.tls.messages import decode_handshake
from handshake.tls.server import Server
from handshake.tls.sessions import Sessions

__all__ = ["Client", "Server", "Sessions", "alerts", "decode_handshake", "keys", "records"]

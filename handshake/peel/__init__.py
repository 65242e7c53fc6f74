"""One frame into its layers: the outermost first, each with its OSI and its Internet name.

`peel` is strict: it gives all the layers or raises DecodeError.  `dissect` keeps what could be read before
the error; captures are read with it.  Both stop at what TCP or UDP carries.  `onion` goes on, through TLS
to HTTP, and says of each layer which bytes are its own.
"""

from __future__ import annotations

from handshake.peel.dissection import LINKS, Dissection, dissect, message_spans, peel
from handshake.peel.http import HTTP
from handshake.peel.onion import Onion, Opened, Skin, onion

__all__ = [
    "HTTP",
    "LINKS",
    "Dissection",
    "Onion",
    "Opened",
    "Skin",
    "dissect",
    "message_spans",
    "onion",
    "peel",
]

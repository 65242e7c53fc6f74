"""Reading and writing big-endian bytes, with a memory for every field.

A `Reader` is a cursor.  Each read notes the name, the place and the meaning of what it read, so that the
code that decodes a header is also what explains it: the byte views, the oracle tests and the exercises all
use these `Span`s.  Noting costs next to nothing; the Spans themselves are made when somebody asks.

A header of fixed shape is a `Layout`, a list of `Field`s in wire order, as the standard draws it.  It is
read in one go, and its fields of whole 1, 2, 4 or 8 bytes come back as numbers; smaller ones (bit fields)
come back together, as the one number that encloses them, to be taken apart with >> and &.

>>> PORTS = Layout(("ports",), Field("source port", 16), Field("destination port", 16))
>>> reader = Reader(bytes.fromhex("9c4101bb ff"))
>>> reader.layout(PORTS)
(40001, 443)
>>> reader.rest("data")
b'\\xff'
>>> [(span.name, span.start, span.end) for span in reader.spans]
[('source port', 0, 2), ('destination port', 2, 4), ('data', 4, 5)]
"""

from __future__ import annotations

from handshake.wire.checksum import additions, internet_checksum
from handshake.wire.cursor import Reader, Writer
from handshake.wire.records import fit, made, replace
from handshake.wire.spans import Field, Layout, Span, Words, span

__all__ = [
    "Field",
    "Layout",
    "Reader",
    "Span",
    "Words",
    "Writer",
    "additions",
    "fit",
    "internet_checksum",
    "made",
    "replace",
    "span",
]

"""Every field of a message, for whoever explains its bytes."""

from __future__ import annotations

from handshake.errors import DecodeError
from handshake.tls.alerts import Alert
from handshake.tls.encoding import Context
from handshake.tls.messages import read_handshake
from handshake.tls.records import Record
from handshake.wire import Reader, Span


def read_form(form: str, data: bytes) -> tuple[Span, ...]:
    """The fields of `data`, read in one of these forms.

    "record": a whole record.   "alert", "change_cipher_spec", "data": what one carries.
    "lines": text, a field a line.
    "handshake TLS 1.2 ECDHE": a handshake message, of that version and key exchange (which may be left out).
    As far as it can be read; the rest is one field more, so that all bytes are covered.
    """
    reader = Reader(data)
    try:
        _read(form, reader)
    except DecodeError:
        spans, reader = _whole(reader), Reader(data)
        reader.explain(tuple, spans)
        reader.pos = max((span.end for span in spans), default=0)
    reader.rest("not read", "what does not fit the format")
    return reader.spans


def _read(form: str, reader: Reader) -> None:
    kind, _, about = form.partition(" ")
    if kind == "record":
        Record.read(reader)
    elif kind == "alert":
        Alert.read(reader)
    elif kind == "change_cipher_spec":
        reader.take("change cipher spec", 1, "from the next record on, the keys that were agreed upon")
    elif kind == "data":
        reader.rest("application data", "what the programs say to each other")
    elif kind == "lines":
        while reader.remaining:
            end = reader.data.find(b"\n", reader.pos) + 1 or reader.end
            name = reader.data[reader.pos : end].partition(b":")[0].decode("ascii", "replace")
            reader.take(name, end - reader.pos, "a line of text")
    elif kind == "handshake":
        version, exchange = about[:7], about[8:] or None
        read_handshake(reader, Context(version or "TLS 1.2", exchange))
    else:
        raise ValueError(f"no form is called {form!r}")


def _whole(reader: Reader) -> tuple[Span, ...]:
    """What was read before an error, in order and without gaps."""
    kept: list[Span] = []
    for span in reader.spans:
        if span.start != (kept[-1].end if kept else 0):
            break
        kept.append(span)
    return tuple(kept)

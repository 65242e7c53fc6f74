"""Two frames field by field, and two views side by side."""

from __future__ import annotations

from handshake import show
from handshake.labs import opening
from handshake.net import IPv4, encode
from handshake.tcp import Flags, Option, Segment
from handshake.trace import Transit


def frame(options: tuple[Option, ...] = (), data: bytes = b"") -> Transit:
    """A packet without a link header."""
    ip = IPv4("10.0.0.1", "10.0.0.2")
    return Transit(1, encode((ip, Segment(1, 2, 3, 4, Flags.ACK, data=data, options=options))), "raw")


def test_what_differs_is_shown_and_the_rest_on_demand() -> None:
    one, other = opening.recorded()[1], opening.twin()[1]
    told = show.compare(one, other, titles=("recorded", "simulated"))
    assert told.caption == f"{len(told.shown)} of {len(told.rows)} fields differ"
    assert all(row.one != row.other for row in told.shown)
    assert "window" in {row.name for row in told.shown}
    assert "sequence number" not in {row.name for row in told.shown}
    everything = show.compare(one, other, everything=True)
    assert everything.shown == everything.rows == told.rows
    assert 'class="same"' in everything.html()
    assert 'class="same"' not in told.html()


def test_the_same_compared_with_itself_differs_nowhere() -> None:
    assert show.compare(frame(), frame()).shown == ()


def test_fields_that_come_twice_are_compared_in_turn() -> None:
    """Two options of one kind are two fields."""
    nop, scale = Option(1), Option(3, b"\x07")
    told = show.compare(frame((nop, nop, nop, nop)), frame((nop, nop, nop, nop)))
    assert told.shown == ()
    fewer = show.compare(frame((nop, nop, nop, nop)), frame((nop, scale)))
    assert [row.other for row in fewer.shown if "no operation" in row.part].count("") == 3


def test_hostile_bytes_stay_text() -> None:
    page = show.compare(frame(data=b"a"), frame(data=b"b"), titles=("<b>", "&")).html()
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_views_stand_side_by_side_under_their_names() -> None:
    both = show.beside(as_recorded=show.bytes(frame()), simulated=show.bytes(frame(data=b"x")))
    assert "== as recorded ==" in str(both)
    assert str(show.bytes(frame(data=b"x"))) in str(both)
    assert both._repr_mimebundle_()["text/html"].count("<section") == 2

"""The byte view: every byte once, every field linked to its bytes, no way in for a hostile capture."""

import re
from html import unescape
from itertools import count
from types import SimpleNamespace

import pytest

from handshake import peel
from handshake.show import bytesview
from handshake.show.bytesview import view
from handshake.trace.records import Message, Transit
from handshake.wire import Field, Layout, Reader, span

ETHERNET = "020000000002 020000000001 0800"
IPV4 = "4500003c 1c464000 40060000 0a000001 0a000002"
SYN = "9c4101bb acb6d1d1 00000000 a002faf0 12340000 020405b4 0402080a00989681 00000000 01030307"
FRAME = bytes.fromhex(ETHERNET + IPV4 + SYN)

IPV6_LIKE = Layout(
    ("IPv6",),
    Field("version", 4),
    Field("differentiated services", 6),
    Field("ECN", 2),
    Field("flow label", 20, "marks packets that belong together"),
)


def read(data, *layouts, rest=""):
    reader = Reader(data)
    for layout in layouts:
        reader.layout(layout)
    if rest:
        reader.rest(rest)
    return view(data, title="Sample", spans=reader.spans)


def dump(html):
    """(classes, text) of every run of bytes in the dump."""
    return re.findall(r'<span class="(b [^"]*)">([^<]*)</span>', html)


def fields(html):
    """(classes, name) of every field of the list."""
    found = re.findall(r'<li class="(f [^"]*)"[^>]*>([^<]*)<', html)
    return [(classes, unescape(name)) for classes, name in found]


def leaves(classes):
    return {name for name in classes.split() if re.fullmatch(r"l\d+", name)}


# What it takes.


def test_a_transit_shows_its_whole_frame_with_all_layers():
    shown = view(Transit(3, FRAME))
    assert shown.data == FRAME
    assert shown.caption == "Transit 3: 74 bytes"
    assert {span.path[0] for span in shown.spans} == {"Ethernet", "IPv4", "TCP"}


def test_a_message_shows_its_own_bytes():
    data = bytes.fromhex(SYN)
    shown = view(Message(1, "TCP", "SYN", data, ()))
    assert (shown.data, shown.title, shown.spans[0].start) == (data, "TCP SYN", 0)


def test_anything_with_spans_and_data_will_do():
    reader = Reader(b"\x01\x02")
    reader.uint("number", 2)
    certificate = SimpleNamespace(data=b"\x01\x02", spans=reader.spans)
    assert [span.name for span in view(certificate).spans] == ["number"]


@pytest.mark.parametrize("thing", [42, "text", None, SimpleNamespace(data="text"), b"bytes without spans"])
def test_anything_else_is_a_type_error_that_says_what_to_pass(thing):
    with pytest.raises(TypeError, match="spans"):
        view(thing)


def test_a_field_outside_the_bytes_is_refused():
    spans = IPV6_LIKE.spans(0)
    with pytest.raises(ValueError, match="flow label"):
        view(b"\x60\x00", spans=spans)


# Bytes and fields.


def test_every_byte_is_in_the_dump_once_and_in_order():
    html = view(Transit(1, FRAME)).html("x")
    assert " ".join(text for _, text in dump(html)) == FRAME.hex(" ")


def test_every_field_is_in_the_list_and_in_the_dump_under_one_class_with_one_rule():
    shown = view(Transit(1, FRAME))
    html = shown.html("x")
    assert [name for _, name in fields(html)] == [span.name for span in shown.spans]
    in_dump = set().union(*(leaves(classes) for classes, _ in dump(html)))
    in_list = [leaves(classes) for classes, _ in fields(html)]
    assert in_list == [{f"l{n}"} for n in range(len(shown.spans))]
    assert in_dump == set().union(*in_list)
    for n in range(len(shown.spans)):
        assert html.count(f"#x:has(.l{n}:is(:hover,:focus)) .l{n}{{") == 1
    assert html.count(":is(:hover,:focus)) .l") == len(shown.spans)


def test_a_field_lights_the_very_bytes_that_its_span_names():
    shown = view(Transit(1, FRAME))
    lit = dict.fromkeys(range(len(shown.spans)), b"")
    for classes, text in dump(shown.html("x")):
        for leaf in leaves(classes):
            lit[int(leaf[1:])] += bytes.fromhex(text)
    assert list(lit.values()) == [FRAME[span.start : span.end] for span in shown.spans]


def test_a_byte_that_two_bit_fields_share_belongs_to_both():
    html = read(bytes.fromhex("600c1234"), IPV6_LIKE).html("x")
    assert [(leaves(classes), text) for classes, text in dump(html)] == [
        ({"l0", "l1"}, "60"),
        ({"l1", "l2", "l3"}, "0c"),
        ({"l3"}, "12 34"),
    ]


def test_bits_are_drawn_in_the_bytes_that_they_share():
    shown = read(bytes.fromhex("600c1234"), IPV6_LIKE)
    (unit,) = shown.units
    assert [" ".join(shown.bits(span, unit)) for span in unit] == [
        "0110.... ........ ........ ........",
        "....0000 00...... ........ ........",
        "........ ..00.... ........ ........",
        "........ ....1100 00010010 00110100",
    ]


def test_each_flag_of_a_syn_is_one_cell_of_eight():
    html = view(Transit(1, FRAME)).html("x")
    row = html[html.index(">SYN<") :]
    cells = row[row.index('<span class="c">') + len('<span class="c">') : row.index("</span></span>")]
    assert cells == "<i></i>" * 6 + '<b class="on">1</b>' + "<i></i>"


def test_a_heading_lights_all_bytes_of_its_layer_and_of_the_parts_inside():
    html = view(Transit(1, FRAME)).html("x")
    headings = dict(re.findall(r'<summary class="h (g\d+)[^>]*>([^<]*) <', html))
    number = next(number for number, name in headings.items() if name == "TCP")
    lit = " ".join(text for classes, text in dump(html) if number in classes.split())
    assert bytes.fromhex(lit) == bytes.fromhex(SYN)
    assert f"#x:has(.h.{number}:is(:hover,:focus)) .b.{number}{{" in html


def test_a_group_that_comes_back_gets_a_heading_of_its_own():
    reader = Reader(b"\1\2\3")
    for part in ("A", "B", "A"):
        with reader.part(part):
            reader.uint("field", 1)
    html = view(reader.data, spans=reader.spans).html("x")
    assert re.findall(r'<summary class="h (g\d) t(\d)', html) == [("g0", "0"), ("g1", "1"), ("g2", "0")]


def test_bytes_without_a_field_are_shown_as_not_explained():
    reader = Reader(b"\1\2\3\4\5")
    reader.uint("first", 2)
    reader.pos = 3
    reader.uint("last", 1)
    shown = view(reader.data, spans=reader.spans)
    names = [(span.name, span.start, span.end) for span in shown.spans]
    assert names == [("first", 0, 2), ("not explained", 2, 3), ("last", 3, 4), ("not explained", 4, 5)]
    assert [" q" in classes for classes, _ in dump(shown.html("x"))] == [False, True, False, True]
    assert "not explained" in str(shown)


def test_encrypted_bytes_look_different():
    reader = Reader(b"\x17\xaa\xbb")
    reader.uint("type", 1)
    reader.take("encrypted record", 2)
    html = view(reader.data, spans=reader.spans).html("x")
    assert [" e" in classes for classes, _ in dump(html)] == [False, True]


def test_bytes_that_a_capture_did_not_keep_are_counted():
    shown = view(Transit(1, FRAME, length=94))
    assert shown.missing == 20
    assert '<span class="gone">20 more bytes travelled but were not captured</span>' in shown.html("x")
    assert "(20 more bytes travelled but were not captured)" in str(shown)
    assert "captured" not in view(Transit(1, FRAME)).html("x")


# Limits.


def test_of_very_many_fields_the_first_600_are_shown():
    reader = Reader(bytes(1500))
    for n in range(1500):
        reader.uint(f"field {n}", 1)
    shown = view(reader.data, spans=reader.spans)
    html = shown.html("x")
    assert len(fields(html)) == 600
    assert sum(len(bytes.fromhex(text)) for _, text in dump(html)) == 600
    assert '<span class="gone">900 more bytes and 900 more fields: too long to show here</span>' in html
    assert "(900 more bytes and 900 more fields: too long to show here)" in str(shown)


def test_of_very_many_bytes_the_first_4096_are_shown():
    shown = read(bytes(10_000), rest="data")
    html = shown.html("x")
    assert sum(len(bytes.fromhex(text)) for _, text in dump(html)) == 4096
    assert "5904 more bytes: too long to show here" in html
    assert len(html) < 200_000
    assert len(str(shown)) < 2_000


def test_no_bytes_at_all_can_be_shown_too():
    shown = view(b"", title="Nothing", spans=())
    assert str(shown).startswith("Nothing: 0 bytes")
    assert dump(shown.html("x")) == []


# The page.


def test_what_a_capture_says_is_never_markup():
    evil = "</style><script>alert(1)</script>\x1b[2J"
    reader = Reader(b"<b>&'\"</b>")
    with reader.part(evil):
        reader.take(evil, 10, evil, lambda value: evil)
    shown = view(reader.data, title=evil, spans=reader.spans)
    html = shown.html("x")
    assert "<script" not in html
    assert "<b>&'" not in html
    assert html.count("</style>") == 1
    assert "\x1b" not in html + str(shown)


def test_an_id_that_is_none_is_refused():
    with pytest.raises(ValueError, match="id"):
        view(Transit(1, FRAME)).html("x{}</style>")


def test_the_same_uid_gives_the_same_page_and_without_one_no_id_is_used_twice(monkeypatch):
    shown = view(Transit(1, FRAME))
    assert shown.html("x") == view(Transit(1, FRAME)).html("x")
    monkeypatch.setattr(bytesview, "_numbers", count(1))
    one, other = (set(re.findall(r'id="([^"]*)"', shown.html())) for _ in range(2))
    assert one
    assert not one & other


def test_every_rule_stays_inside_its_own_view():
    html = view(Transit(1, FRAME)).html("x")
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    style = re.sub(r"@(container|media) [^{]*", "", re.sub(r"/\*.*?\*/", "", style))
    style = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", style))  # commas inside :is() do not count
    selectors = [one for rule in re.findall(r"[^{}]*\{", style) for one in rule.strip(" {}\n").split(",")]
    assert len(selectors) > 80
    for selector in filter(None, selectors):
        assert selector.startswith("#x"), selector


def test_every_element_that_takes_the_focus_keeps_its_keys_from_jupyterlab():
    html = view(Transit(1, FRAME)).html("x")
    tags = re.findall(r"<[a-z]+[^>]*>", html)
    focusable = [tag for tag in tags if "tabindex" in tag or tag.startswith("<summary")]
    assert len(focusable) >= 45
    for tag in focusable:
        assert 'tabindex="0" data-lm-suppress-shortcuts="true"' in tag
    for tag in tags:
        if tag.startswith(("<li class=", "<summary", "<pre")):
            assert tag in focusable


def test_the_page_needs_nothing_from_outside_and_no_script():
    html = view(Transit(1, FRAME)).html("x")
    assert not re.search(r"<script|<link|<img|@import|url\(|https?:|\son\w+=", html)


def test_the_page_holds_its_text_twin():
    shown = view(Transit(1, FRAME))
    assert str(shown) in unescape(shown.html("x"))


def test_a_notebook_gets_text_and_page():
    bundle = view(Transit(1, FRAME))._repr_mimebundle_(include=None)
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == str(view(Transit(1, FRAME)))


# The text twin.


def test_the_text_is_a_table_with_a_line_for_each_field():
    header = Layout(
        ("Sample",),
        Field("type", 16, "which protocol is inside", {2048: "IPv4"}.get),
        Field("address", 64, "where it goes", lambda value: value.hex(":"), raw=True),
        Field("urgent", 1, "out of order"),
        Field("number", 31, "of this piece, counted from the first byte that was sent"),
    )
    reader = Reader(bytes.fromhex("0800 0102030405060708 80000007 0102030405060708090a"))
    reader.layout(header)
    with reader.part("Sample"), reader.part("inner"):
        reader.rest("data")
    lines = """
Sample: 24 bytes

  byte  hex or bits              field                     value         in words – meaning
Sample (24 bytes)
     0  08 00                    type                      2048 0x0800   IPv4 – which protocol is inside
     2  01 02 03 04 05 06 07 08  address                                 01:02:03:04:05:06:07:08 – where it
                                                                         goes
    10  80 00 00 07              32 bits, 2 fields
        1... .... .... ....        urgent                  1 0x1         out of order
        .... .... .... ....
        .000 0000 0000 0000        number                  7 0x00000007  of this piece, counted from the
        0000 0000 0000 0111                                              first byte that was sent
  inner (10 bytes)
    14  01 02 03 04 05 06 07 08    data
        09 0a
"""
    assert str(view(reader.data, title="Sample", spans=reader.spans)) == lines.strip()


def test_the_text_of_a_frame_keeps_to_its_columns():
    lines = str(view(Transit(1, FRAME))).splitlines()
    assert max(map(len, lines)) <= 110
    assert "  options (20 bytes)" in lines
    assert "    47  02                       8 bits, 8 fields" in lines


def test_the_text_draws_bits_in_their_byte():
    lines = str(view(Transit(1, FRAME))).splitlines()
    (syn,) = (line for line in lines if line.startswith("        .... ..1. "))
    assert syn.split()[:5] == ["....", "..1.", "SYN", "1", "0x1"]


def test_the_text_draws_wide_words_two_bytes_a_line():
    assert "        .... .... .... 1100" in str(read(bytes.fromhex("600c1234"), IPV6_LIKE))


def test_the_text_of_a_long_field_says_how_much_is_left_out():
    assert "... 68 more bytes" in str(read(bytes(100), rest="data"))


def test_readable_data_is_readable():
    shown = read(b"GET / HTTP/1.1", rest="data")
    assert '"GET / HTTP/1.1"' in str(shown)


def test_its_repr_is_short():
    assert repr(read(bytes.fromhex("600c1234"), IPV6_LIKE)) == "ByteView('Sample', 4 bytes, 4 fields)"


def test_the_frame_of_these_tests_can_be_read_in_full():
    assert [layer.name for layer in peel.peel(FRAME)] == ["Ethernet", "IPv4", "TCP"]


def test_whatever_brings_up_a_note_hides_the_hint() -> None:
    """Letters beside the bytes light a field too; hint and note must not lie on each other."""
    page = view(b"GET /", spans=[span(("HTTP",), "method", 0, 5)]).html(uid="x")
    rule = re.search(r"#x:has\(:is\(([^)]*)\):is\(:hover,:focus\)\) \.hint", page)
    lit = set(re.findall(r'class="([abf]) [^"]*l0', page))
    assert rule
    assert lit == {"a", "b", "f"} == {name.strip(".") for name in rule.group(1).split(",")}

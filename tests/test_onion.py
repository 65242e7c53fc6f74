"""A frame down to its core: whose every byte is, and that Wireshark sees the same."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import h11
import pytest
from helpers import CAPTURES, needs_captures, write_pcap
from hypothesis import given
from hypothesis import strategies as st
from test_pdml import assert_agrees, ours, run_tshark

from handshake import capture, net, peel
from handshake.errors import DecodeError, ProtocolError
from handshake.labs import layers
from handshake.labs.layers import frames
from handshake.labs.layers.frames import KINDS, NETWORKS
from handshake.net import UDP, VLAN, Ethernet, Extension, IPv4, IPv6, Padding
from handshake.peel import HTTP, Onion, onion
from handshake.tcp import Segment
from handshake.wire import replace

needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")

ALL = [
    pytest.param(kind, network, stamps, id=f"{kind}, {network}{', timestamps' * stamps}")
    for kind in KINDS
    for network in NETWORKS
    for stamps in (True, False)
]


def check(peeled: Onion) -> None:
    """Fields cover every byte once; and so do the layers' own bytes, with what none of them reads."""
    bits = [(8 * span.start + span.bit, 8 * span.start + span.bit + span.bits) for span in peeled.spans]
    assert [a for a, _ in bits] == [0, *(b for _, b in bits[:-1])]
    assert not peeled.frame or bits[-1][1] == 8 * len(peeled.frame)
    assert len(peeled.clear) == len(peeled.frame)
    owned = sorted(piece for skin in peeled.skins for piece in skin.own if piece[0] < piece[1])
    assert all(a[1] <= b[0] for a, b in pairwise(owned)), "no byte has two owners"
    assert sum(b - a for a, b in owned) + peeled.carried == len(peeled.frame)


# ---- Whose bytes are they? -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "network", "stamps"), ALL)
def test_every_byte_of_the_notebooks_frames_has_one_owner(kind: str, network: str, stamps: bool) -> None:
    made = layers.frame(kind, network, timestamps=stamps)
    check(made.onion)
    check(made.sealed)


def test_an_https_request_layer_by_layer() -> None:
    made = layers.frame()
    sizes = {skin.name: skin.adds for skin in made.onion.skins}
    assert sizes == {"Ethernet": 14, "IPv4": 20, "TCP": 32, "TLS": 29, "HTTP": 54}
    places = [
        (skin.name, skin.layer.osi, skin.layer.internet, skin.layer.read_by) for skin in made.onion.skins
    ]
    assert places == [
        ("Ethernet", "2 data link", "link", "the next machine on the link"),
        ("IPv4", "3 network", "internet", "every router on the way"),
        ("TCP", "4 transport", "transport", "the system at each end"),
        ("TLS", "6 presentation", "application", "TLS at each end"),
        ("HTTP", "7 application", "application", "the program at each end"),
    ]
    assert made.onion.clear[79:133] == layers.request()
    assert layers.request() not in made.frame
    assert made.sealed.carried == 8 + 54 + 16
    assert made.sealed["TLS"].sealed
    assert repr(made.onion) == "Onion(149 bytes: Ethernet > IPv4 > TCP > TLS > HTTP)"
    assert str(made.sealed).splitlines()[1].split() == ["(carried)", "78", "bytes", "78"]


def test_a_datagram_layer_by_layer() -> None:
    peeled = layers.frame("UDP datagram").onion
    assert {skin.name: skin.adds for skin in peeled.skins} == {
        "Ethernet": 14,
        "IPv4": 20,
        "UDP": 8,
        "data": 22,
    }
    assert peeled["data"].layer.data == b"hello, in one datagram"


def test_the_recorded_request_is_the_one_that_was_sent() -> None:
    made = layers.recorded()
    peeled = made.onion
    check(peeled)
    assert peeled["HTTP"].layer.first_line == "GET /handshake HTTP/1.1"
    assert peeled["HTTP"].layer.headers == (("Host", "server.test"),)
    assert [skin.name for skin in made.sealed.skins] == ["Ethernet", "IPv4", "TCP", "TLS"]


def test_padding_belongs_to_nobody() -> None:
    frame = net.encode([Ethernet(), IPv4("192.0.2.1", "192.0.2.2"), UDP(1, 2, b"hi"), Padding(bytes(16))])
    peeled = onion(frame)
    check(peeled)
    assert [(skin.name, skin.adds) for skin in peeled.skins[-2:]] == [("data", 2), ("padding", 16)]
    assert peeled["IPv4"].inside == (34, 44)
    assert peeled["Ethernet"].inside == (14, 60)


def test_headers_of_one_kind_are_told_apart() -> None:
    tags = [VLAN(100, 0x8100), VLAN(200)]
    more = [Extension(0, 60, bytes.fromhex("050200000100")), Extension(60, 6, bytes.fromhex("010400000000"))]
    frame = net.encode(
        [
            Ethernet(type=0x88A8),
            *tags,
            IPv6("2001:db8::1", "2001:db8::2", 0),
            *more,
            Segment(1, 2, 3, data=b"x"),
        ]
    )
    peeled = onion(frame)
    check(peeled)
    assert [skin.adds for skin in peeled.skins] == [14, 4, 4, 40, 8, 8, 20, 1]


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="no layer 'TLS': there are Ethernet, IPv4, TCP"):
        layers.frame("a SYN").onion["TLS"]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name.split("_")[0])
@needs_captures
def test_every_byte_of_recorded_frames_has_one_owner(path: Path) -> None:
    for transit in capture.read(path).transits:
        check(onion(transit.frame))


def test_several_records_in_one_segment_are_counted() -> None:
    trace = capture.read(capture.sample("t06"))
    peeled = onion(trace[6].frame)  # from ServerHello to ServerHelloDone
    assert peeled["TLS"].words == "4 records"
    assert [end - start for start, end in peeled["TLS"].own] == [5] * 4
    assert not peeled["TLS"].sealed


@given(st.integers(0, 8 * 149 - 1), st.integers(0, 8 * 149 - 1))
def test_a_frame_in_which_bits_were_flipped_is_peeled_or_refused(one: int, other: int) -> None:
    made = layers.frame()
    came = layers.flip(made.frame, *{one, other})
    with suppress(DecodeError, ProtocolError):
        check(onion(came))
        check(onion(came, opens=made.opens))


@given(st.binary(max_size=80))
def test_whatever_tcp_carries_is_peeled(data: bytes) -> None:
    frame = net.encode([Ethernet(), IPv4("192.0.2.1", "192.0.2.2"), Segment(1, 443, 3, data=data)])
    check(onion(frame))


@given(st.binary(max_size=120))
def test_any_bytes_are_peeled_or_refused(data: bytes) -> None:
    with suppress(DecodeError):
        check(onion(data))


# ---- HTTP ------------------------------------------------------------------------------------------------


def test_what_h11_has_made_is_read_back() -> None:
    message = HTTP.decode(layers.request("/a?b=c", "example.net"))
    assert (message.first_line, message.headers) == (
        "GET /a?b=c HTTP/1.1",
        (("Host", "example.net"), ("Accept", "*/*")),
    )
    names = [span.name for span in message.spans]
    assert names == [
        "method", "space", "target", "space", "version", "end of the line",
        "Host", "Accept", "end of the header",
    ]  # fmt: skip


def test_an_answer_is_read_with_its_body() -> None:
    message = HTTP.decode(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-Odd:  a \r\n\r\nsorry")
    assert message.body == b"sorry"
    assert message.headers == (("Content-Length", "5"), ("X-Odd", "a"))
    text = {span.name: span.text(b"") for span in message.spans if span.words}
    assert text["status code"] == "404"
    assert text["reason"] == "Not Found"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", "expected a message with its whole header, got only 25 bytes"),
        (b"not http at all\r\n\r\n", "expected a message of HTTP/1.1"),
        (b"HTTP/1.1 999999 what\r\n\r\n", "expected a message of HTTP/1.1"),
        (b"", "got the end of the data"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        HTTP.decode(data)


@given(st.binary(max_size=60))
def test_whatever_http_is_fed_it_reads_or_refuses(data: bytes) -> None:
    for begin in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"HTTP/1.1 200 OK\r\n"):
        try:
            message = HTTP.decode(begin + data)
        except DecodeError:
            continue
        spans = message.spans
        assert [span.start for span in spans] == [0, *(span.end for span in spans[:-1])]
        assert spans[-1].end == len(begin + data)


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.text("abc/?=&%20", min_size=1, max_size=20),
    st.lists(
        st.tuples(st.text("abcXYZ-", min_size=1, max_size=9), st.text("abc ,;", max_size=9)), max_size=4
    ),
)
def test_every_request_that_h11_makes_is_read(
    method: str, target: str, headers: list[tuple[str, str]]
) -> None:
    lines = [("Host", "a.example"), *((name, value.strip()) for name, value in headers)]
    try:
        asked = h11.Request(method=method, target=target, headers=lines)
        data = h11.Connection(h11.CLIENT).send(asked)
    except h11.LocalProtocolError:
        return
    message = HTTP.decode(data)
    assert message.first_line == f"{method} {target} HTTP/1.1"
    assert [(n.lower(), v) for n, v in message.headers] == [(n.lower(), v) for n, v in lines]


# ---- On the way ------------------------------------------------------------------------------------------


def test_a_router_touches_the_link_and_the_time_to_live() -> None:
    before = layers.frame().frame
    found = [(layer, field) for layer, field, _, _ in layers.changed(before, layers.hop(before))]
    assert found == [
        ("Ethernet", "destination address"), ("Ethernet", "source address"),
        ("IPv4", "time to live"), ("IPv4", "header checksum"),
    ]  # fmt: skip
    assert peel.dissect(layers.hop(before)).checksums == {"IPv4": "good", "TCP": "good"}


def test_nat_reaches_into_tcp_and_mends_its_checksum() -> None:
    before = layers.frame().frame
    after = layers.hop(before, nat=True)
    found = {(layer, field) for layer, field, _, _ in layers.changed(before, after)}
    assert {("IPv4", "source address"), ("TCP", "source port"), ("TCP", "checksum")} <= found
    assert peel.dissect(after).checksums == {"IPv4": "good", "TCP": "good"}
    assert onion(after, opens=layers.frame().opens).clear[79:133] == layers.request(), "TLS is whole"


# ---- Wireshark's word ------------------------------------------------------------------------------------

TLS = {
    "content type": "tls.record.content_type",
    "version": "tls.record.version",
    "length": "tls.record.length",
}
HTTP_FIELDS = {
    "method": "http.request.method",
    "target": "http.request.uri",
    "version": "http.request.version",
}
HEADERS = {"Host": "http.host", "Accept": "http.accept"}
NOT_IN_TSHARK = {"space", "end of the line", "end of the header"}


def inside(peeled: Onion) -> list[tuple[str, str, object]]:
    """The fields above TCP: tshark's name, the layer, and the span."""
    found = []
    for span in peeled.spans:
        if span.path == ("TLS record",):
            name = TLS.get(span.name, "tls.app_data")
            found.append((name, "TLS", span))
        elif span.path == ("HTTP",) and span.name not in NOT_IN_TSHARK:
            found.append(({**HTTP_FIELDS, **HEADERS}[span.name], "HTTP", span))
    return found


@needs_tshark
@pytest.mark.parametrize("stamps", [True, False])
def test_tshark_agrees_about_every_field_of_the_notebooks_frames(stamps: bool, tmp_path: Path) -> None:
    # (Not all in one file: to tshark the same numbers on the same ports would be a retransmission.)
    made = [layers.frame(kind, network, timestamps=stamps) for kind in KINDS for network in NETWORKS]
    path = tmp_path / "frames.pcap"
    write_pcap(path, 1, [each.frame for each in made])
    compared = 0
    for each, fields in zip(made, run_tshark(path), strict=True):
        for part, name, span in ours(each.frame, "ethernet"):
            assert_agrees(part, name, span, each.frame, fields)
        for name, _, span in inside(each.sealed):
            mine = (span.start, span.end, each.frame[span.start : span.end])
            assert mine in [(one.start, one.end, one.raw) for one in fields.get(name, [])], (name, mine)
            compared += 1
    assert compared == 2 * 5 + 2 * 4, (
        "three words of HTTP and two headers; three fields of TLS and the fragment"
    )


@needs_tshark
def test_tshark_agrees_about_the_recorded_request_once_it_is_opened(tmp_path: Path) -> None:
    path = capture.sample("t06")
    fields = run_tshark(path, "-o", f"tls.keylog_file:{path.with_suffix('.keylog')}")
    made = layers.recorded()
    number = next(t.number for t in capture.read(path).transits if t.frame == made.frame)
    peeled, theirs = made.onion, fields[number - 1]
    start = peeled["HTTP"].own[0][0]
    names = set()
    for name, layer, span in inside(peeled):
        if name == "tls.app_data":
            continue  # tshark has the sealed fragment as a whole, we its nonce and its tag
        shift = start if layer == "HTTP" else 0  # of what it has opened, tshark counts from the first byte
        mine = (span.start - shift, span.end - shift, peeled.clear[span.start : span.end])
        assert mine in [(one.start, one.end, one.raw) for one in theirs.get(name, [])], (name, mine)
        names.add(name)
    assert names == {*TLS.values(), *HTTP_FIELDS.values(), "http.host"}
    assert (start - 8, start + 46 + 16) in [(one.start, one.end) for one in theirs["tls.app_data"]]


def test_the_notebook_shows_these_frames() -> None:
    """What is compared above is what notebook 01 and its labs show."""
    assert {kind for kind, *_ in (p.values for p in ALL)} == set(KINDS)
    made = layers.frame()
    assert made.frame == frames.frame("HTTPS request", "IPv4", "/", True, 7).frame
    assert replace(made, opens=None).frame == made.frame


def test_of_several_sealed_records_none_is_opened() -> None:
    """Their texts would not be in one piece."""
    made = layers.frame()
    segment = peel.peel(made.frame)[-1]
    packet = IPv4("192.0.2.10", "198.51.100.7")
    twice = net.encode([Ethernet(), packet, replace(segment, data=2 * segment.data)])
    peeled = onion(twice, opens=made.opens)
    check(peeled)
    assert peeled["TLS"].words == "2 records"
    assert peeled.skins[-1].name == "TLS"
    assert peeled.clear == twice


def test_what_only_begins_like_a_record_is_none() -> None:
    for data in (b"\x16\x99\x99\x00\x01x", b"\x63\x03\x03\x00\x01x"):
        frame = net.encode([Ethernet(), IPv4("192.0.2.1", "192.0.2.2"), Segment(1, 443, 3, data=data)])
        assert onion(frame).skins[-1].name == "data"


def test_headers_that_repeat_or_fold_stay_as_written() -> None:
    twice = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"
    assert HTTP.decode(twice).headers[1:] == (("Content-Length", "0"), ("Content-Length", "0"))
    folded = HTTP.decode(b"GET / HTTP/1.1\r\nHost: a\r\nX-Odd: one,\r\n two\r\n\r\n")
    assert folded.headers[1] == ("X-Odd", "one, two")


def test_an_empty_record_has_no_field_without_bytes() -> None:
    key, salt = bytes(16), bytes(4)
    record = frames.protection(key, salt, 0).seal(23, b"")
    packet = IPv4("192.0.2.1", "192.0.2.2")
    frame = net.encode([Ethernet(), packet, Segment(1, 443, 3, data=record.encode())])
    peeled = onion(frame, opens=frames.opener(key, salt, 0))
    check(peeled)
    assert all(span.start < span.end for span in peeled.spans)
    assert peeled.skins[-1].name == "TLS"

"""Notebook 01: any flags to an end in any state, the checksum by hand, and who notices a change."""

from __future__ import annotations

import re

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake import peel
from handshake.labs import layers
from handshake.labs.layers import byte13, frames, sums
from handshake.labs.layers.byte13 import KINDS, NUMBERS, STATES
from handshake.tcp import ACK, EDGES, Segment, State
from handshake.tcp.segment import FLAGS, PSH, RST, SYN, URG, flags_named
from handshake.wire import additions, internet_checksum

# ---- Flags -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_reached_by_events(state: str) -> None:
    end = byte13.placed(state)
    assert str(end.state) == state
    assert not end.outgoing()


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("state", STATES)
def test_all_64_combinations_have_an_answer_and_move_along_an_edge(state: str, numbers: str) -> None:
    """What is shown is what our TCP does: each move is one of the standard's, each answer says why."""
    found = layers.answers(state, numbers, b"hello")
    assert len(found) == 64
    assert set(found) == {byte13.place_of(FLAGS[value]) for value in range(64)}
    edges = {(str(edge.source), str(edge.target)) for edge in EDGES}
    for answer in found.values():
        assert answer.kind in KINDS
        assert answer.before == state
        assert answer.notes
        assert answer.after == state or (state, answer.after) in edges
        assert (answer.kind == byte13.NOTHING) <= (not answer.sends)


@pytest.mark.parametrize("state", STATES)
def test_what_the_standard_says_of_all_combinations_in_every_state(state: str) -> None:
    """RFC 9293 section 3.10.7: RST is never answered, PSH changes nothing, without ACK nothing is taken."""
    named = byte13.combinations()
    found = layers.answers(state, data=b"hello")
    by_flags = {int(named[place]): answer for place, answer in found.items()}
    connected = state not in ("CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED")
    for value, answer in by_flags.items():
        if value & RST:
            assert not answer.sends, "a RST is never answered"
        assert by_flags[value ^ PSH].words == answer.words, "PSH only asks for haste"
        assert by_flags[value ^ URG].sends == answer.sends
        if connected and not value & (ACK | RST | SYN):
            assert (answer.kind, answer.delivered) == (byte13.NOTHING, b"")
        if connected and value & RST:
            assert answer.after == "CLOSED"
        if connected and value & SYN and not value & RST:
            assert (answer.sends, answer.after) == (("ACK",), state), "a challenge ACK (RFC 5961 section 4)"
        if state == "LISTEN":
            welcome = value & SYN and not value & (RST | ACK)
            assert (answer.kind == "SYN, ACK") == bool(welcome)
            assert (answer.kind == "RST") == bool(value & ACK and not value & RST)
        if state == "CLOSED":
            assert (answer.kind == "RST") == (not value & RST)


def test_a_reset_that_is_far_off_is_dropped_in_every_state_that_has_numbers() -> None:
    for state in (str(each) for each in State):
        if state not in ("CLOSED", "LISTEN", "SYN-SENT"):
            answer = layers.answer(state, RST, "seq is far off")
            assert (answer.sends, answer.after) == ((), state)


def test_byte_13_of_the_lab_is_that_of_the_header() -> None:
    outcome = layers.flags(cwr=True, ece=True, ack=False, psh=False, syn=True)
    assert outcome.words.startswith("Byte 13 is 11000010, 0xc2: SYN, ECE, CWR.")
    header, grid = outcome.views
    assert header.shown.data[13] == 0b11000010
    assert str(grid).count("(chosen)") == 1


def test_a_state_or_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="state is one of"):
        layers.flags(state="OPEN")
    with pytest.raises(ValueError, match="numbers is one of"):
        layers.answer("LISTEN", SYN, "wrong")


# ---- The article's way of writing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "standard"),
    [
        ("syn=j", "<SEQ=j><CTL=SYN>"),
        ("SYN=1，ACK=0, seq=100", "<SEQ=100><CTL=SYN>"),
        ("syn=k, ack=j+1", "<SEQ=k><ACK=j+1><CTL=SYN,ACK>"),
        ("ack=k + 1", "<ACK=k+1><CTL=ACK>"),
        ("FIN=1, ACK=1, seq=u", "<SEQ=u><CTL=FIN,ACK>"),
        ("SYN=0", ""),
    ],
)
def test_the_translator_writes_as_the_standard_does(line: str, standard: str) -> None:
    assert layers.translate(line) == standard


@pytest.mark.parametrize("line", ["", "SYN", "SYN=2", "window=5", "seq=", "seq=j ack=k"])
def test_what_is_neither_flag_nor_number_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"expected parts such as|neither a flag"):
        layers.translate(line)


# ---- The sum ---------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_the_sum_by_hand_is_the_checksum(data: bytes) -> None:
    steps = additions(data)
    total = steps[-1].total if steps else 0
    assert 0xFFFF - total == internet_checksum(data)
    if data:
        assert internet_checksum(data) == dpkt.in_cksum(data)


def test_the_sender_does_not_add_up_the_checksum_itself() -> None:
    for trick in ("flip one bit", "swap two words"):
        assert "counts as zero here" in layers.adding(trick, 14).words
    assert ": the same." in layers.adding("swap two words", 16).words


def test_the_adder_adds_what_tcp_covers() -> None:
    good = sums.SMALL.encode(*sums.ADDRESSES)
    rows = layers.words_of(good)
    covered = b"".join(part for _, _, part in rows)
    assert additions(covered)[-1].total == 0xFFFF, "with its checksum, the sum is all ones"
    assert [name for whose, name, _ in rows if whose == "TCP"] == [
        "source port", "destination port", "sequence number", "sequence number", "acknowledgment number",
        "acknowledgment number", "data offset, flags", "window", "checksum", "urgent pointer",
    ]  # fmt: skip
    assert f"{Segment.decode(good).checksum:04x}" in layers.adding().words


@pytest.mark.parametrize("word", range(6, 18))
def test_one_flipped_bit_is_always_noticed_and_two_that_fit_never(word: int) -> None:
    for bit in range(16):
        check_sums(word, bit)


def check_sums(word: int, bit: int) -> None:
    assert "not ffff: it is thrown away" in layers.adding("flip one bit", word, bit, True).words
    both = layers.adding("flip it in two words", word, bit, True).words
    assert both.endswith("the segment is taken. Yet it is not what was sent.")
    assert "ffff, as it must be" in layers.adding("swap two words", word, bit, True).words


# ---- Who notices -----------------------------------------------------------------------------------------


def noticed(made: frames.Made, *bits: int, where: str = "inside a router") -> dict[str, bool | None]:
    return {check.name: check.noticed for check in sums.checks(made, layers.flip(made.frame, *bits), where)}


def test_every_single_bit_is_noticed_by_the_sum_that_covers_it() -> None:
    """And by no other: a router has no business with TCP, whatever is wrong there."""
    made = layers.frame()
    for bit in range(8 * len(made.frame)):
        assert noticed(made, bit, where="on a cable")["Ethernet"]
        found = noticed(made, bit)
        assert not found["Ethernet"], "the router makes a new one"
        assert found["IPv4 checksum"] == (8 * 14 <= bit < 8 * 34)
        pseudo = 8 * 26 <= bit < 8 * 34 or 8 * 23 <= bit < 8 * 24
        assert found["TCP checksum"] == (pseudo or bit >= 8 * 34), "header, data and pseudo-header"
        if bit >= 8 * 71:
            assert found["TLS tag"], "all that is sealed, and the tag"
        if bit < 8 * 14:
            assert not any(found.values()), "the router writes a new Ethernet header"


@given(st.integers(8 * 79, 8 * 133 - 1))
def test_two_bits_that_fit_are_noticed_by_tls_alone(bit: int) -> None:
    made, plain = layers.frame(), layers.frame("HTTP, no TLS")
    other = sums.partner(made.frame, bit, 34)
    found = noticed(made, bit, other)
    assert not found["TCP checksum"]
    if other >= 8 * 71:
        assert [name for name, seen in found.items() if seen] == ["TLS tag"]
    at = 8 * 66 + (bit - 8 * 79)  # the same letter of the request that is not sealed
    found = noticed(plain, at, sums.partner(plain.frame, at, 34))
    assert not found["TCP checksum"]


@pytest.mark.parametrize(
    ("bits", "why"),
    [
        ((8 * 36 + 3, 8 * 38 + 3), "its four numbers are those of another connection"),
        ((8 * 16 + 2, 8 * 24 + 2), "its header says another length"),
    ],
)
def test_what_adds_up_may_still_make_no_sense(bits: tuple[int, int], why: str) -> None:
    made = layers.frame()
    found = {
        check.name: check for check in sums.checks(made, layers.flip(made.frame, *bits), "inside a router")
    }
    assert found["sense"].noticed
    assert found["sense"].words.startswith(why)


def test_a_forged_request_is_noticed_by_nobody_without_tls() -> None:
    plain = layers.frame("HTTP, no TLS")
    data = plain.frame.replace(b"GET", b"PUT")
    assert noticed(plain)["TCP checksum"] is False
    table = str(layers.noticed(plain, data))
    assert re.search(r"TCP checksum +the server's system +yes", table), "the sum was not made good"
    assert peel.dissect(data).checksums["TCP"] == "bad"


def test_a_bit_of_the_ethernet_header_has_no_partner() -> None:
    outcome = layers.flipping(bit=3, compensate=True)
    assert "No sum covers the Ethernet header" in outcome.words


def test_flags_have_names() -> None:
    assert flags_named("SYN, ACK") == FLAGS[SYN | ACK]


def test_as_expected_acknowledges_all_that_was_sent() -> None:
    after = {state: layers.answer(state, ACK).after for state in ("FIN-WAIT-1", "CLOSING", "LAST-ACK")}
    assert after == {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}


def test_a_reset_in_the_window_is_challenged() -> None:
    """RFC 5961 section 3: not the very number that is expected, and the peer is asked."""
    answer = layers.answer("ESTABLISHED", RST, "seq in the window")
    assert (answer.sends, answer.after) == (("ACK",), "ESTABLISHED")


@pytest.mark.parametrize("bit", [3, 5])  # ACK is cleared, RST is set
def test_changed_flags_are_not_called_sense(bit: int) -> None:
    outcome = layers.flipping(8 * 47 + bit, True, "inside a router", "HTTP, no TLS")
    assert "First to notice: the server's system: its flags are" in outcome.words


def test_odd_values_are_refused_in_words() -> None:
    for call in (
        lambda: layers.flags(urg=2),
        lambda: layers.flags(numbers=[]),
        lambda: layers.frame(network=[]),
        lambda: layers.peeling(network={}),
    ):
        with pytest.raises(ValueError, match=r"a flag is True or False|is one of"):
            call()


def test_the_translator_keeps_every_flag() -> None:
    assert layers.translate("SYN=1, ECE=1, CWR=1, seq=j") == "<SEQ=j><CTL=SYN,ECE,CWR>"
    assert layers.translate("PSH=1, URG=1, ACK=1") == "<CTL=PSH,URG,ACK>"


def test_one_hop_is_one_less_to_live() -> None:
    for network, field in (("IPv4", "ttl"), ("IPv6", "hop_limit")):
        before = layers.frame(network=network).frame
        assert getattr(peel.peel(layers.hop(before))[1], field) == getattr(peel.peel(before)[1], field) - 1

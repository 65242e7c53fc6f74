"""Notebook 02, numbering a byte stream: its runs and its bets."""

from __future__ import annotations

from handshake import show, sim
from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.numbering.benches import resegment, wrap
from handshake.tcp import Endpoint, Segment
from handshake.tcp.segment import flags_named
from handshake.trace import Trace


def one_of_three_lost() -> Trace:
    """Twelve bytes in three segments of four; the second is lost."""
    return sim.calls(
        {0.0: "open", 0.1: b"one two six "}, {0.0: "listen"}, mss=4, client_isn=1000, server_isn=5000,
        faults=[sim.drop("client", 4)], title="Three segments, the second is lost",
    )  # fmt: skip


def acknowledged_wrongly(by: int) -> Trace:
    """The server's acknowledgment of twelve bytes is changed on the way: it is off by `by`."""
    return sim.calls(
        {0.0: "open", 0.1: b"twelve bytes", 3.0: b" more"}, {0.0: "listen"}, client_isn=1000, server_isn=5000,
        faults=[sim.edit("server", 2, ack=1013 + by)], until=6.0,
        title=f"The ack is off by {by:+d}",
    )  # fmt: skip


def opened(window: int = 1000) -> Endpoint:
    """A server's end of an open connection, ready to be handed segments by hand.

    Its peer's first number is 1000, its own 5000.   window: its receive buffer.
    """
    end = Endpoint(("10.0.0.2", 443), ("10.0.0.1", 40000), isn=5000, window=window)
    end.listen()
    end.receive(by_hand(1000, 0, "SYN"), 0.0)
    end.receive(by_hand(1001, 5001), 0.1)
    end.outgoing()
    return end


def by_hand(number: int, ack: int, flags: str = "ACK", data: bytes = b"") -> Segment:
    """A segment from the client of `opened`, made by hand.

    number, ack: its sequence and acknowledgment number.   flags: in words, as "SYN" or "FIN, ACK".
    """
    if not isinstance(data, bytes):
        raise TypeError(f"data are bytes, as in data=b'hello'; got {data!r}")
    return Segment(40000, 443, number, ack, flags_named(flags), data=data)


def bet_first_byte() -> Bet:
    """The first byte's number is not the first number."""
    return bet(
        "The client's first number (ISN) is 1000. Which number does its first byte of data have?",
        ["0", "1", "1000", "1001", "it is drawn at random"],
        answer=3,
        because=(
            "the SYN takes the number 1000, as if it were a byte; the first byte of data is the next one. "
            "Only the first number is drawn, all the others follow from it"
        ),
        reveal=lambda: show.numbers(one_of_three_lost(), 0.11, relative=False),
        key="02 first byte",
    )


def bet_hole() -> Bet:
    """Which acknowledgment a gap draws."""
    return bet(
        "Twelve bytes travel in three segments of four, with the numbers 1 to 4, 5 to 8 and 9 to 12. The "
        "second is lost, the third arrives. Which acknowledgment does the third draw?",
        ["13: the last byte of the current segment, and one more", "9", "5", "none: it is out of order"],
        answer=2,
        because=(
            "the acknowledgment names the number that is expected next, and that is still 5. What came ahead "
            "of the gap is kept, but not acknowledged"
        ),
        reveal=lambda: show.timeline(one_of_three_lost()),
        key="02 hole",
    )


def bet_recut() -> Bet:
    """Numbers belong to bytes, not to segments."""
    return bet(
        "60 bytes were sent in three segments of 20. The same 60 bytes are sent again in six of 10. Which "
        "bytes have another number now?",
        [
            "all: there are twice as many segments",
            "those with which a segment begins",
            "none: each byte keeps its number",
        ],
        answer=2,
        because="what is numbered are the bytes; a segment only says the number of its first byte",
        reveal=lambda: show.beside(by_20=resegment(20).views[0], by_10=resegment(10).views[0]),
        key="02 recut",
    )


def bet_wrap() -> Bet:
    """After 2^32 - 1 comes 0."""
    return bet(
        "A connection's first number is 4,294,967,295, the largest that fits into 32 bits. Which number has "
        "its first byte of data?",
        ["4,294,967,296", "0", "1", "there can be none: the connection has to end"],
        answer=1,
        because="numbers are counted modulo 2^32; after the largest comes 0, and nothing else changes",
        reveal=lambda: show.numbers(wrap(1, 12).trace, 0.06, relative=False),  # type: ignore[arg-type]
        key="02 wrap",
    )


def bet_push() -> Bet:
    """PSH is no boundary."""
    return bet(
        "The flag PSH is cleared from every segment on the way (and the checksum made good). What does the "
        "program at the other end read?",
        [
            "one long message instead of three",
            "the same bytes as before",
            "nothing: it waits for a PSH",
        ],
        answer=1,
        because=(
            "TCP carries a stream of bytes, and PSH is only a hint not to wait for more; where a message "
            "ends has to be said by the bytes themselves"
        ),
        reveal=lambda: resegment(20, "none"),
        key="02 push",
    )


def bet_pure_ack() -> Bet:
    """An acknowledgment takes no number."""
    return bet(
        "The client sends an ACK without data, with seq 25. Then it sends five bytes. What is their seq?",
        ["25", "26", "30"],
        answer=0,
        because=(
            "an acknowledgment takes no number: if it did, it would have to be acknowledged itself, and that "
            "one again, for ever"
        ),
        reveal=None,
        key="02 pure ACK",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "A segment has seq 4,294,967,290, no SYN and no FIN, and 10 bytes of data. With which number "
            "does the next segment of this end begin?",
            ["4,294,967,300", "4", "3", "0"],
            answer=1,
            because="4,294,967,290 + 10 = 4,294,967,300, which is 4 modulo 4,294,967,296",
            key="02 exit 1",
        ),
        bet(
            "An end has sent the numbers up to 499; SND.UNA is 300. An ACK arrives with ack 300. What is it?",
            ["a new acknowledgment", "a duplicate: nothing new is confirmed", "one for something never sent"],
            answer=1,
            because="only an ack beyond SND.UNA, and not beyond SND.NXT, confirms something new",
            key="02 exit 2",
        ),
        bet(
            "The article says: the last byte of the current segment, plus one, is the acknowledgment number. "
            "When is that so?",
            [
                "always",
                "when the segment brings data, all before it has arrived, and nothing after it",
                "never",
            ],
            answer=1,
            because=(
                "an acknowledgment names the next byte that is expected from the other side: with a gap "
                "before the segment, with more that had arrived ahead of it, or with a SYN or FIN, which "
                "take a number and are no byte, that is another number"
            ),
            key="02 exit 3",
        ),
    )

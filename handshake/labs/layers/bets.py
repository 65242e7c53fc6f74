"""Notebook 01, layers and bytes: its bets."""

from __future__ import annotations

from handshake import show
from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.layers.benches import hopping
from handshake.labs.layers.byte13 import flags
from handshake.labs.layers.frames import frame
from handshake.labs.layers.sums import adding


def bet_share() -> Bet:
    """How much of a frame is headers."""
    return bet(
        "A browser asks for the first page of a site: `GET / HTTP/1.1` with two headers, 54 bytes. It goes "
        "over HTTPS and Ethernet. How many bytes are in the frame that the capture shows?",
        ["54", "between 60 and 100", "between 140 and 160", "1500: a frame is always filled up"],
        answer=2,
        because=(
            "TLS 1.2 with AES-GCM adds 29 bytes, TCP 32 with its usual timestamps, IPv4 20 and Ethernet 14: "
            "149 in all. (A frame has no fixed size: 1500 is what it may carry at most, and 46 what it must "
            "carry at least)"
        ),
        reveal=lambda: show.onion(frame().onion),
        key="01 share",
    )


def bet_router() -> Bet:
    """What a router changes."""
    return bet(
        "A router sends the frame on. It does no NAT. Which of its bytes have changed afterwards?",
        [
            "none: a router only passes on",
            "the Ethernet addresses only",
            "the Ethernet addresses, and in the IP header the time to live and the checksum",
            "those, and the ports and the sequence number of TCP",
        ],
        answer=2,
        because=(
            "each link has addresses of its own, and each router takes one from the time to live, by which "
            "the checksum of the IP header changes. TCP is between the two ends"
        ),
        reveal=lambda: hopping().views[0],
        key="01 router",
    )


def bet_no_ack() -> Bet:
    """A segment without ACK."""
    return bet(
        "In an open connection a segment arrives that fits in every way: its number is expected, and it "
        "brings five bytes. Only its flag ACK is 0. What becomes of it?",
        [
            "its data are taken: ack is not needed for that",
            "it is dropped, and nothing is answered",
            "it is dropped and answered with a RST",
        ],
        answer=1,
        because=(
            "RFC 9293 section 3.10.7.4, fifth check: if the ACK bit is off, drop the segment. After the "
            "first SYN practically every segment has it (a RST that answers one with ACK is an exception)"
        ),
        reveal=lambda: flags(ack=False, psh=True).views[1],
        key="01 no ACK",
    )


def bet_swap() -> Bet:
    """A sum does not know the order."""
    return bet(
        "On the way two neighbouring 16-bit words of a segment's data change places: `ping` arrives as "
        "`ngpi`. Does the checksum of TCP notice?",
        [
            "yes: any change gives another checksum",
            "no: a sum does not depend on the order",
            "only if the words are the same",
        ],
        answer=1,
        because=(
            "the checksum is a sum of 16-bit words, and sums do not care for order. It was made to find "
            "accidents, and it misses some of them; it never was a protection against anybody"
        ),
        reveal=lambda: adding("swap two words", 16, 0, True),
        key="01 swap",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "Byte 12 of a TCP header is 0x80. Where do the data begin?",
            ["at byte 8", "at byte 20", "at byte 32", "at byte 128"],
            answer=2,
            because="the upper four bits are the data offset, 8, and it counts words of 4 bytes",
            key="01 exit 1",
        ),
        bet(
            "Byte 13 of a TCP header is 0x12. Which flags are set?",
            ["SYN and FIN", "SYN and ACK", "ACK and RST", "PSH and ACK"],
            answer=1,
            because="0x12 is 0001 0010: ACK is 0x10, and SYN is 0x02",
            key="01 exit 2",
        ),
        bet(
            "Somebody on the way wants to change the data of a segment so that nobody notices. What stops "
            "them?",
            [
                "the checksum of TCP",
                "the checksums of TCP and of Ethernet together",
                "neither: only a tag that needs a key, as TLS has it",
            ],
            answer=2,
            because=(
                "whoever changes the data can work out any checksum anew: no secret is needed for it. A tag "
                "over the data cannot be made without the key"
            ),
            key="01 exit 3",
        ),
    )

"""Notebook 10: its bets, and the exit check over the whole course."""

from __future__ import annotations

from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.cases.benches import stacked


def bet_beneath() -> Bet:
    """Who notices a lost segment beneath TLS."""
    return bet(
        "The segment with the server's Certificate is lost on its way. What does TLS notice?",
        [
            "nothing but that it comes late",
            "a record that does not open",
            "a message that is missing, and it asks for it again",
        ],
        answer=0,
        because=(
            "TCP hands on bytes in order or not at all: what is lost is sent again, below, and TLS waits. It "
            "has no way to ask for a record again"
        ),
        reveal=lambda: stacked("TLS 1.2", "server", 3, "lost").views[0],
        key="10 beneath",
    )


def bet_flipped() -> Bet:
    """Who notices a changed bit beneath TLS."""
    return bet(
        "On the way a machine changes a bit of a TLS record, and mends the checksum of TCP. What happens?",
        [
            "TCP notices, and the segment is sent again",
            "the record does not open, and the connection is over",
            "the program gets a wrong byte",
        ],
        answer=1,
        because=(
            "for TCP all is well: its checksum fits. The tag of the record does not; and as TLS cannot ask "
            "again, it ends with bad_record_mac"
        ),
        key="10 flipped",
    )


def exit_check() -> Bets:
    """Five questions, from all notebooks."""
    return Bets(
        bet(
            "A capture at the server: a SYN comes, a SYN,ACK goes out, one second later the same SYN,ACK "
            "again, and then an ACK comes. What got lost?",
            ["the SYN", "the first SYN,ACK", "the client's first ACK, or whatever it carried"],
            answer=2,
            because=(
                "the client did not call again, so it had its answer; what should have told the server so is "
                "missing"
            ),
            key="10 exit 1",
        ),
        bet(
            "The server's private key is stolen today. Which of last year's recordings does it open?",
            ["all of them", "those with RSA key exchange", "none"],
            answer=1,
            because="with (EC)DHE the key has only signed: the secret's halves never travelled and are gone",
            key="10 exit 2",
        ),
        bet(
            "One end says nothing any more. Ten days later the other still takes the connection for open. "
            "Why?",
            ["a bug", "it has nothing to send, and keep-alive is off", "TIME-WAIT lasts so long"],
            answer=1,
            because="silence is no message: without data or probes, nobody ever asks",
            key="10 exit 3",
        ),
        bet(
            "A client refuses with bad_certificate; the certificate is in date, and of a known CA. What do "
            "you look at next?",
            ["the suite", "the name that the client called", "the server's random"],
            answer=1,
            because="a perfect certificate for another name is worth nothing to this client",
            key="10 exit 4",
        ),
        bet(
            "A connection over TLS ends with a FIN, and nobody has said close_notify. What is certain?",
            ["that all was said", "that something is missing", "neither"],
            answer=2,
            because="a FIN is TCP's, and anybody on the way can make one: only close_notify is sealed",
            key="10 exit 5",
        ),
    )

"""Notebook 07: its bets."""

from __future__ import annotations

from handshake import show
from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.oneway.explorer import run_of
from handshake.labs.oneway.mending import choosing, tampering


def bet_suites() -> Bet:
    """One, not a list."""
    return bet(
        "The client has sent a list of five suites. What does the server send back?",
        ["one of them", "a list of its own", "those that both have, best first"],
        answer=0,
        because="the server chooses: a ServerHello has room for exactly one suite",
        reveal=lambda: choosing(),
        key="07 suites",
    )


def bet_key() -> Bet:
    """Neither premaster nor master."""
    return bet(
        "Which of these encrypts the client's first record of data?",
        [
            "the premaster secret, which the client has made up",
            "the master secret, which both have derived",
            "a key that only the client writes with",
        ],
        answer=2,
        because=(
            "the master secret is expanded into a block, and the block is cut into keys: for each "
            "direction its own. Neither secret encrypts anything"
        ),
        reveal=lambda: show.keys(run_of("RSA")),
        key="07 key",
    )


def bet_finished() -> Bet:
    """Who notices a changed hello."""
    return bet(
        "With RSA key transport: somebody on the way changes one bit of the random in the ServerHello, "
        "which travels in the clear. Who notices?",
        [
            "nobody: it is random anyway",
            "the server, at the client's Finished",
            "the client, at once: the ServerHello has a checksum",
        ],
        answer=1,
        because=(
            "both ends derive other keys, and the client's Finished is the first message that is "
            "protected with them: it does not open. Had it opened, the hash inside would be another. (With "
            "ECDHE the client notices, and earlier: the server's signature covers both randoms)"
        ),
        reveal=lambda: tampering(openssl=False),
        key="07 finished",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "An RSA handshake was recorded last year. Today somebody steals the server's private key. "
            "What can they read?",
            [
                "nothing: the keys of that connection are gone",
                "the handshake, and not the data",
                "everything",
            ],
            answer=2,
            because=(
                "the premaster secret stands in the recording, encrypted with that key; all else is "
                "derived from it and from what travelled in the clear"
            ),
            key="07 exit 1",
        ),
        bet(
            "The client's own record is sent back to it. Why does it not take it for the server's?",
            [
                "the server writes with another key, so it does not open",
                "it remembers what it has sent",
                "the record says who has sent it",
            ],
            answer=0,
            because="each direction has its own key, and a record made with the other does not open",
            key="07 exit 2",
        ),
        bet(
            "What does Finished cover?",
            [
                "the message before it",
                "every handshake message so far, without the records' headers",
                "everything that has travelled, ChangeCipherSpec too",
            ],
            answer=1,
            because="it is made from a hash over all handshake messages; ChangeCipherSpec is none",
            key="07 exit 3",
        ),
    )

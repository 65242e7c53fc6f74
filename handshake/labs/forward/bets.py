"""Notebook 09: its bets."""

from __future__ import annotations

from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.forward.laps import race
from handshake.labs.forward.meddling import replay
from handshake.labs.forward.stolen import time_machine


def bet_stolen() -> Bet:
    """With ECDHE the key opens nothing."""
    return bet(
        "A connection with ECDHE was recorded last year. Today somebody steals the server's private key, the "
        "one of its certificate. What can they read of the recording?",
        ["everything, as with RSA", "the handshake, and not the data", "nothing more than before"],
        answer=2,
        because=(
            "that key has only signed. The secret came of two private values that were made for this "
            "connection, never travelled, and are gone"
        ),
        reveal=lambda: time_machine("TLS 1.2, ECDHE"),
        key="09 stolen",
    )


def bet_trips() -> Bet:
    """Three, with TCP."""
    return bet(
        "A first visit with TLS 1.3, TCP included. How many round trips from the first SYN until the answer "
        "to the request is there?",
        ["two", "three", "four"],
        answer=1,
        because="one opens TCP, one agrees on TLS, one is for request and answer; TLS 1.2 needs four",
        reveal=lambda: race(),
        key="09 trips",
    )


def bet_replay() -> Bet:
    """As often as it is sent, unless somebody remembers."""
    return bet(
        "Somebody records the first flight of a client, early data and all, and sends it to the server "
        "again. They have no key. What happens, if the server remembers nothing of the first time?",
        [
            "it does what the early data say once more",
            "nothing: the record number is wrong",
            "nothing: without the key nobody can send early data",
        ],
        answer=0,
        because=(
            "nothing in the first flight depends on the server's answer: it opens as it opened before. "
            "That is why a server has to remember, and why early data must do no harm when they come twice"
        ),
        reveal=lambda: replay(single_use=False),
        key="09 replay",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "What of a TLS 1.3 connection can somebody on the way still read?",
            [
                "nothing at all",
                "who talks to whom, the name of the server, and how much is said and when",
                "the certificates, as before",
            ],
            answer=1,
            because=(
                "the hellos are in the clear, and so are addresses, sizes and times; the certificates are "
                "encrypted since TLS 1.3"
            ),
            key="09 exit 1",
        ),
        bet(
            "A server that speaks TLS 1.3 is made to choose TLS 1.2 by somebody who strips the ClientHello. "
            "How does the client find out?",
            [
                "it cannot: the server really chose TLS 1.2",
                "the last eight bytes of the server's random say that it could do better",
                "the certificate names the version",
            ],
            answer=1,
            because=(
                "with (EC)DHE the random is signed, so nobody on the way can take the mark out; with RSA key "
                "transport nothing signs it, and Finished alone has to tell"
            ),
            key="09 exit 2",
        ),
        bet(
            "From notebook 07: with RSA key transport, who decides on the premaster secret?",
            ["the client alone", "the server alone", "both, each a half"],
            answer=0,
            because="the client makes it up and encrypts it; with (EC)DHE neither end can decide",
            key="09 exit 3",
        ),
    )

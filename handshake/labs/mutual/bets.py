"""Notebook 08: its bets."""

from __future__ import annotations

from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.mutual.asking import grid
from handshake.labs.mutual.covered import strip
from handshake.labs.mutual.duels import ECHO, duel


def bet_signed() -> Bet:
    """The handshake, and no number."""
    return bet(
        "The server wants to know who the client is. In TLS 1.2, what does the client sign for that?",
        [
            "a random number that it has just made up",
            "its certificate",
            "every message that either end has sent so far",
        ],
        answer=2,
        because=(
            "a signature over a number of the signer's own choice fits any connection, whoever sends it; one "
            "over this handshake fits this handshake only"
        ),
        reveal=lambda: strip(),
        key="08 signed",
    )


def bet_copy() -> Bet:
    """Where an impostor with a copied certificate fails."""
    return bet(
        "An impostor sends the genuine certificate of a bank, and all that stands in it: anybody can get it. "
        "What stops it, in TLS 1.2 with ECDHE?",
        [
            "the certificate: no CA has issued it to the impostor",
            "a signature that it cannot make",
            "nothing: the certificate is genuine, and says what the server says",
        ],
        answer=1,
        because=(
            "a certificate is public. That somebody has the key to it, only a proof shows: here the "
            "signature in ServerKeyExchange"
        ),
        reveal=lambda: duel(ECHO),
        key="08 copy",
    )


def bet_late() -> Bet:
    """The handshake of the client succeeds."""
    return bet(
        "TLS 1.3. The server demands a certificate of its client, and the client has none. The client has "
        "just sent its Finished: how does its own handshake stand at this moment?",
        [
            "it has failed, with an alert",
            "it has succeeded: it is connected, and may send its request",
            "it waits for what the server says",
        ],
        answer=1,
        because=(
            "the client has all that it needs before the server has judged it: it sends its Finished, and is "
            "through. The refusal comes with its first read"
        ),
        reveal=lambda: grid(),
        key="08 late",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "Somebody has recorded a whole handshake, with the client's certificate and its "
            "CertificateVerify, and sends both again in a connection of its own. Why is it refused?",
            [
                "the certificate may be used once only",
                "the server's random is another one, so that the signature does not verify",
                "the server remembers signatures that it has seen",
            ],
            answer=1,
            because=(
                "the signature covers all messages before it; the server's random is in one of them, and is "
                "fresh each time"
            ),
            key="08 exit 1",
        ),
        bet(
            "What is encrypted with the public key of the client's certificate?",
            ["nothing", "the suite that the server has chosen", "the premaster secret"],
            answer=0,
            because="that key only verifies a signature. There are keys that can do nothing else: Ed25519",
            key="08 exit 2",
        ),
        bet(
            "In TLS 1.3 a client's handshake has just ended well. What does the client know of the server's "
            "opinion of its certificate?",
            [
                "that the server has accepted it",
                "that the server has not asked for one",
                "nothing yet",
            ],
            answer=2,
            because=(
                "the server judges it after the client is through: only an answer under the new keys, or an "
                "alert, tells"
            ),
            key="08 exit 3",
        ),
    )

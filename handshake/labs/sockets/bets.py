"""Notebook 05, sockets and framing: its bets."""

from __future__ import annotations

from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.sockets.ends import queues, serving, tuples
from handshake.labs.sockets.streams import rulers


def bet_accept() -> Bet:
    """Nobody has called accept."""
    return bet(
        "A server has called socket, bind and listen, and is busy with something else: it does not call "
        "accept. A client calls connect, and then send. What happens?",
        [
            "connect waits until the server accepts",
            "connect succeeds, send waits until the server accepts",
            "both succeed",
            "connect is refused",
        ],
        answer=2,
        because=(
            "the system does the handshake by itself and lets the connection wait in a queue. What the "
            "client sends waits in the server's receive buffer, and accept finds both there"
        ),
        reveal=lambda: queues().views[0],
        key="05 accept",
    )


def bet_port() -> Bet:
    """Which port accepted sockets have."""
    return bet(
        "Three clients have connected to port 80 of a server, which has accepted all of them. Which local "
        "ports do the three accepted sockets have?",
        [
            "three new ones, one for each client: 80 has to stay free for others",
            "80, all three",
            "those of the clients",
        ],
        answer=1,
        because=(
            "a connection is known by four numbers, both addresses and both ports. They differ in what the "
            "clients have, and that is enough"
        ),
        reveal=lambda: tuples(3, 1).views[0],
        key="05 port",
    )


def bet_reads() -> Bet:
    """One send is not one read."""
    return bet(
        "A program sends three messages of five bytes over TCP, with three calls of send. With how many "
        "calls of recv does the other program get them?",
        ["three", "one", "nobody can say: from one to fifteen"],
        answer=2,
        because=(
            "TCP carries a stream of bytes and does not remember how it was handed over. What a recv gives "
            "depends on what has arrived by then, and on how much it asks for"
        ),
        reveal=lambda: rulers().views[0],
        key="05 reads",
    )


def bet_stall() -> Bet:
    """The article's loop serves one at a time."""
    return bet(
        "A server is written as the article tells it: accept, communicate, back to accept. Its second client "
        "sends half a question and falls silent. What of the third, who asks at the same time?",
        [
            "it is served meanwhile",
            "it is connected, and waits until the second is through and has closed",
            "its connect is refused",
        ],
        answer=1,
        because="the loop is in the middle of its fifth step with the second, and returns to accept after it",
        reveal=lambda: serving().views[0],
        key="05 stall",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "On a TCP socket recv returns b''. What does it mean?",
            [
                "nothing has come yet: call it again",
                "the peer has sent an empty message",
                "the peer will send no more: the end of the stream",
            ],
            answer=2,
            because=(
                "a message of no bytes leaves no trace in a stream, and that nothing has come yet is an "
                "error of its own"
            ),
            key="05 exit 1",
        ),
        bet(
            "A server reads a length of four bytes, 4,000,000,000, and then waits for the message. What "
            "should it have done?",
            [
                "made room for it at once, so that it need not do so later",
                "refused it at once: no message is as long as that",
                "nothing else: the client will send it",
            ],
            answer=1,
            because=(
                "the length comes from somebody else. Whoever believes it gives away memory, or a connection "
                "that waits for ever, for four bytes"
            ),
            key="05 exit 2",
        ),
        bet(
            "Which of these calls makes TCP send a SYN?",
            ["socket", "bind", "listen", "connect", "the first send"],
            answer=3,
            because="connect starts the handshake; socket, bind and listen send nothing at all",
            key="05 exit 3",
        ),
    )

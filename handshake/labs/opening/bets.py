"""Notebook 03, opening a connection: its runs, and bets with what to look at once they are made.

Questions and answers stand here and not in the notebook, so that nobody reads an answer before betting.
"""

from __future__ import annotations

from dataclasses import replace

from handshake import capture, show, sim
from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.forging import forging
from handshake.labs.opening.benches import flooding, two_or_three
from handshake.trace import Trace


def recorded() -> Trace:
    """The first three segments, and what followed them, between two Linux kernels 20 ms apart."""
    return replace(capture.read(capture.sample("k01")), title="Recorded: two Linux kernels, 20 ms apart")


def refused() -> Trace:
    """A kernel calls another one's port on which nobody listens."""
    return replace(capture.read(capture.sample("k02")), title="Recorded: a port on which nobody listens")


def twin() -> Trace:
    """The recorded connection again, run by our own machine: same ends, same numbers, same delay."""
    return sim.tcp(
        client=("10.9.0.1", 40001),
        server=("10.9.0.2", 8001),
        client_isn=2897641097,
        server_isn=3285630130,
        delay=0.0102,
        title="The same connection, on our own machine",
    )


def lost_third() -> Trace:
    """The third segment of the handshake is lost; the first data make up for it."""
    return sim.tcp(
        seed=7,
        faults=[sim.drop("client", nth=2)],
        client_isn=1000,
        server_isn=5000,
        title="The third segment is lost",
    )


def bet_how_many() -> Bet:
    """How many segments it takes."""
    return bet(
        "How many segments travel before both ends call the connection open?",
        ["two", "three", "four", "it depends on who starts sending data"],
        answer=1,
        because=(
            "each end has to send its own SYN and have it acknowledged; the server's SYN and its "
            "acknowledgment of the client's travel together, which makes three of four"
        ),
        reveal=lambda: show.timeline(recorded(), window=(1, 3)),
        key="03 how many segments",
    )


def bet_answer_to_syn() -> Bet:
    """A SYN takes one sequence number."""
    return bet(
        "The client's SYN has the sequence number j and carries no data. Which acknowledgment comes back?",
        ["j", "j + 1", "j + 4, since the number has four bytes", "none: there was nothing to acknowledge"],
        answer=1,
        because=(
            "a SYN takes one sequence number, as if it were a byte, so that its arrival can be confirmed "
            "like that of a byte; the acknowledgment names the number expected next"
        ),
        reveal=lambda: show.bytes(recorded()["SYN, ACK"]),
        key="03 ack of a SYN",
    )


def bet_who_is_first() -> Bet:
    """Both ends do not become ESTABLISHED together."""
    return bet(
        "Which end is the first to be in the state ESTABLISHED?",
        ["the client", "the server", "both at the same moment"],
        answer=0,
        because=(
            "the client knows with the second segment that its SYN arrived and what the server's number is; "
            "the server knows it only when the third segment arrives, half a round trip later"
        ),
        reveal=lambda: show.timeline(recorded(), window=(1, 4)),
        key="03 who is first",
    )


def bet_lost_third() -> Bet:
    """What each end believes when the third segment is lost."""
    return bet(
        "The third segment is lost, and nothing else has been sent yet. In which states are the two ends?",
        [
            "client ESTABLISHED, server ESTABLISHED",
            "client SYN-SENT, server SYN-RECEIVED",
            "client ESTABLISHED, server SYN-RECEIVED",
            "client CLOSED, server LISTEN",
        ],
        answer=2,
        because=(
            "the client has what it needs and cannot know of the loss; the server still waits. The next "
            "segment with data repairs it, for it carries the same acknowledgment"
        ),
        reveal=lambda: show.timeline(lost_third()),
        key="03 third segment lost",
    )


def bet_refused() -> Bet:
    """What a closed port answers."""
    return bet(
        "A client calls a port on which nobody listens, on a machine that is up. What does it get?",
        [
            "no answer at all",
            "a segment with FIN",
            "a segment with RST and ACK",
            "a segment with SYN but without ACK",
        ],
        answer=2,
        because=(
            "the kernel itself refuses, at once, for there is no program to ask; it acknowledges the SYN so "
            "that the caller can believe the refusal"
        ),
        reveal=lambda: show.timeline(refused()),
        key="03 refused",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "A segment with SYN and ACK has seq 700 and ack 301. What was the sequence number of the SYN?",
            ["299", "300", "301", "700"],
            answer=1,
            because="the acknowledgment names the number after the SYN's own",
            key="03 exit 1",
        ),
        bet(
            "The SYN, ACK of the server has just reached the client. What can the client be sure of?",
            [
                "that the server's program has called accept",
                "that the server got its SYN",
                "that the server is ESTABLISHED",
            ],
            answer=1,
            because="an acknowledgment confirms a sequence number, and nothing about any program",
            key="03 exit 2",
        ),
        bet(
            "A capture, taken at the client, shows SYN, then nothing. What does it tell about the server?",
            ["it is down", "it refuses the connection", "nothing: request or answer may be lost"],
            answer=2,
            because=(
                "whether the SYN or its answer got lost cannot be seen from there; a refusal would have been "
                "a RST"
            ),
            key="03 exit 3",
        ),
    )


def bet_two_messages() -> Bet:
    """What two messages would let in."""
    return bet(
        "Suppose the third segment were left out: the server counts a connection as open when it has "
        "answered a SYN. What would go wrong first?",
        [
            "nothing: the third segment only confirms what is known",
            "data of the client would arrive before the server is ready",
            "an old SYN, left over in the network, would open a connection that nobody wants",
            "the client could not send anything, for the server has not proved that it can receive",
        ],
        answer=2,
        because=(
            "the server cannot tell an old SYN from a new one; only the answer of the client can. (That both "
            "ways work, two messages show to the client alone; the server learns from the third that what it "
            "sends arrives. True, but an old SYN is the reason that the standard gives)"
        ),
        reveal=lambda: two_or_three(2),
        key="03 two messages",
    )


def bet_flood() -> Bet:
    """What fills up under a flood."""
    return bet(
        "An attacker sends SYN after SYN under addresses that are not his own. What is it that honest "
        "callers run out of?",
        [
            "the capacity of the line",
            "places in the server's queue of half-open connections",
            "the server's processor",
            "ports of the server",
        ],
        answer=1,
        because=(
            "each SYN takes a place until the server gives up waiting for an ACK that will never come, a "
            "minute or more; twenty SYNs a second are enough to keep the queue full"
        ),
        reveal=lambda: flooding(),
        key="03 flood",
    )


def bet_syn_inside() -> Bet:
    """A SYN within a connection."""
    return bet(
        "In the middle of an open connection a SYN arrives, with a number in the window. What does the "
        "receiver do?",
        [
            "it starts the connection anew",
            "it ends the connection with a RST",
            "it sends an ACK, and otherwise nothing",
            "this cannot happen: SYN is 0 once the connection is open",
        ],
        answer=2,
        because=(
            "a flag belongs to a segment and not to a connection, so anybody may send one. Since RFC 5961 it "
            "is answered with a challenge: the peer, if it has really lost the connection, answers with a RST"
        ),
        reveal=lambda: forging("SYN", 0),
        key="03 SYN inside",
    )

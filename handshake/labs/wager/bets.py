"""Notebook 00: a bet to try, and the exit check."""

from __future__ import annotations

from handshake import show
from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.wager.benches import conversation, one_packet


def bet_third() -> Bet:
    """What the loss of the third segment breaks."""
    return bet(
        "The third segment, the client's ACK, is lost. What becomes of the connection?",
        [
            "it is never opened: a handshake needs all three",
            "the client has to begin again",
            "nothing that a program would notice",
        ],
        answer=2,
        because=(
            "the client's next segment carries the same acknowledgment. The server is ESTABLISHED a little "
            "later, and nothing has to be sent again"
        ),
        reveal=lambda: one_packet("client", 2, "lost").views[0],
        key="00 third",
    )


def exit_check() -> Bets:
    """Three questions on reading timelines."""
    return Bets(
        bet(
            "In a timeline an arrow begins at 60 ms on the left and ends at 90 ms on the right. What is true "
            "at 75 ms?",
            [
                "both ends know of the segment",
                "the left end knows of it, and the right end cannot",
                "neither knows of it",
            ],
            answer=1,
            because="it is under way: what an end has not received has not happened for it",
            reveal=lambda: str(conversation().at(0.075)),
            key="00 exit under way",
        ),
        bet(
            "An arrow ends in a cross. Who learns of it, and how?",
            [
                "the sender, at once: the network says so",
                "the receiver, since a number is missing",
                "nobody is told; an end may notice that something has not come, in time",
            ],
            answer=2,
            because=(
                "networks lose in silence. A sender has a timer, and sends again when it runs out; a "
                "receiver notices only if something later arrives"
            ),
            reveal=lambda: show.timeline(conversation()),
            key="00 exit lost",
        ),
        bet(
            "You run the same cell with the same seed again. What changes?",
            ["the random numbers", "the times", "nothing: every byte is the same"],
            answer=2,
            because=(
                "whatever is random here is drawn from the seed, so that you can break one thing and see "
                "what comes of it alone"
            ),
            reveal=lambda: f"The same bytes: {conversation()[1].frame == conversation()[1].frame}",
            key="00 exit seed",
        ),
    )

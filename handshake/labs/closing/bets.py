"""Notebook 04, failing and closing: its bets."""

from __future__ import annotations

from handshake import show, sim
from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.closing.benches import failing, skipping, ways
from handshake.labs.forging import forging
from handshake.tcp.settings import LINUX


def bet_fin() -> Bet:
    """A FIN closes one direction."""
    return bet(
        "The client has sent FIN, and the server has acknowledged it. May the server still send data?",
        ["no: the connection is released", "yes, as much as it likes", "only what was under way already"],
        answer=1,
        because="a FIN says that its sender has nothing more to send; the other direction stays open",
        reveal=lambda: show.timeline(ways("half-close").trace),  # type: ignore[arg-type]
        key="04 FIN",
    )


def bet_silence() -> Bet:
    """Silence is not noticed."""
    return bet(
        "The client's machine loses power. The server has nothing to send, and nobody has changed any "
        "setting. When does the server find out?",
        [
            "at once: the connection breaks",
            "after a few minutes: TCP asks from time to time whether the peer is there",
            "after two hours and eleven minutes",
            "never",
        ],
        answer=3,
        because=(
            "a connection is nothing but what both ends remember; while nobody sends, nothing travels that "
            "could be missed. Keep-alive has to be asked for"
        ),
        reveal=lambda: failing("silence, server idle").views[1],
        key="04 silence",
    )


def bet_dies() -> Bet:
    """A program that dies does not leave its connection open."""
    return bet(
        "The client's program is killed, while its system lives on. What does the server see?",
        ["nothing", "a FIN or a RST, at once", "a keep-alive that is not answered"],
        answer=1,
        because="the system still knows the connection, and closes what the dead program had open",
        reveal=lambda: show.timeline(sim.failing("process dies", **LINUX)),
        key="04 dies",
    )


def bet_reboot() -> Bet:
    """Who is up again knows of no connection."""
    return bet(
        "The client's machine has lost power and started again. Now the server sends data on the old "
        "connection. What comes back?",
        ["nothing", "an ACK: the connection goes on", "a FIN", "a RST"],
        answer=3,
        because="the new system knows of no such connection, and says so to whoever uses it",
        reveal=lambda: show.timeline(sim.failing("reboot, then data", **LINUX)),
        key="04 reboot",
    )


def bet_unread() -> Bet:
    """Close with data unread."""
    return bet(
        "A program calls `close` while 14 bytes that have arrived are still unread. What does its system "
        "send?",
        ["a FIN, as always", "a RST", "nothing, until the bytes are read"],
        answer=1,
        because="a FIN would say that all is well, but 14 bytes are lost, and the peer shall know that",
        reveal=lambda: show.timeline(ways("data unread").trace),  # type: ignore[arg-type]
        key="04 unread",
    )


def bet_time_wait() -> Bet:
    """What TIME-WAIT is for."""
    return bet(
        "After the last ACK the client stays in TIME-WAIT for minutes. If it skipped that, and called again "
        "from the same port, what could happen at worst?",
        [
            "nothing: it is only there for tidiness",
            "the new call is slower",
            "bytes of the old connection get into the new one",
        ],
        answer=2,
        because=(
            "a segment of the old connection that comes late has the addresses and ports of the new one; if "
            "its number fits too, nothing tells them apart"
        ),
        reveal=lambda: skipping(),
        key="04 TIME-WAIT",
    )


def bet_reset() -> Bet:
    """A reset in the window is challenged."""
    return bet(
        "An attacker, who does not see the connection, guesses a number in the client's window, and sends a "
        "RST with it. What does the client do today?",
        [
            "it ends the connection",
            "it sends an ACK, and ends it only if the peer confirms with an exact RST",
            "it drops the RST without a word",
        ],
        answer=1,
        because=(
            "since RFC 5961 only a RST with exactly the number that is expected next ends a connection; any "
            "other in the window is challenged, and the true peer's answer decides"
        ),
        reveal=lambda: forging("RST", 1000),
        key="04 reset",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "A capture shows data sent six times with growing pauses, and no answer at all. What happened?",
            ["the peer's program was killed", "the peer, or the way to it, is gone", "the peer has rebooted"],
            answer=1,
            because="a dead program's system would have sent FIN or RST, a rebooted machine a RST",
            key="04 exit 1",
        ),
        bet(
            "Keep-alive is set to 60 s idle, 10 s between probes, 3 probes. The peer disappears just after "
            "it has spoken. When, at the latest, is that noticed?",
            ["after 30 s", "after 60 s", "after 90 s"],
            answer=2,
            because="60 s pass in silence, then come three probes, and the last has 10 s to be answered",
            key="04 exit 2",
        ),
        bet(
            "Which end waits in TIME-WAIT?",
            ["the client", "the server", "the one that closes first", "both, always"],
            answer=2,
            because=(
                "it sends the last ACK, which may get lost and be asked for again; when both close at once, "
                "both wait"
            ),
            key="04 exit 3",
        ),
    )

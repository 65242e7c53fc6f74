"""A schedule that `explore` has found, acted out before a recorder: in words, and as a trace to be drawn."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from handshake.sim.eventwise import frame
from handshake.sim.situations import LEFT_OVER, NEW_CLIENT, NEW_SERVERS, Act, Situation
from handshake.sim.world import CLIENT, EPOCH, SERVER, describe
from handshake.tcp import ACK, Arrives, Open, RetransmissionTimeout
from handshake.tcp.figure import CLOSED
from handshake.trace import OTHER, Recorder, Trace

if TYPE_CHECKING:
    from handshake.sim.explore import Explorer

VERDICTS = {
    "ghost": "a ghost, a connection that no client wants",
    "disagreed ISN": "the two do not agree where the numbers begin",
}


class Stage:
    """A schedule acted out before a recorder, one act every tenth of a second."""

    PACE = 0.1

    def __init__(self, explorer: Explorer, first: Situation) -> None:
        self.explorer = explorer
        self.recorder = Recorder("", EPOCH, describe)
        self.connection = self.recorder.connection("TCP", CLIENT, SERVER)
        self.time = 0.0
        self.under_way: dict[int, list[int]] = defaultdict(list)
        nothing = {"state": str(CLOSED)}
        self.recorder.told(
            0.0, self.connection, "server", cause="passive OPEN", before=nothing, after={"state": "LISTEN"},
            notes=("it waits for anybody",),
        )  # fmt: skip
        self.recorder.told(
            0.0, self.connection, "client", cause="the first incarnation is over", before=nothing,
            after=nothing, notes=("what it had sent may still be on its way",),
        )  # fmt: skip
        for message in first.flight:
            number = self.sent(message)
            text = f"transit {number} is left over from the first incarnation: an old duplicate"
            self.recorder.befell(number, "old", text, 0.0)

    def act(self, before: Situation, act: Act, after: Situation) -> str:
        """One act; the answer tells it in words."""
        self.time += self.PACE
        if act.what == "lose":
            number = self.under_way[int(act.about)].pop(0)
            self.recorder.befell(number, "lost", f"transit {number} was lost", self.time)
            return f"{self.name(int(act.about))} is lost"
        if act.what in ("open", "repeat"):
            end = str(act.about) or "client"
            event: Open | RetransmissionTimeout | Arrives = Open(SERVER, NEW_CLIENT)
            if act.what == "repeat":
                event = RetransmissionTimeout()
            arrived = None
            words = "the client calls" if act.what == "open" else f"the {end} repeats itself"
        else:
            message = int(act.about)
            end, segment = self.explorer.messages[message]
            arrived = self.under_way[message].pop(0)
            self.recorder.arrived(arrived, self.time)
            isn = NEW_SERVERS[min(before.calls, len(NEW_SERVERS) - 1)] if end == "server" else 0
            event = Arrives(segment, SERVER if end == "client" else CLIENT, isn)
            words = f"{self.name(message)} reaches the {end}"
            if act.what == "copy":
                copy = self.sent(message)
                text = f"transit {copy} is a copy of {arrived}"
                self.recorder.befell(copy, "duplicate", text, self.time)
                words = f"a copy of {words}"
        block = before.client if end == "client" else before.server
        move = self.explorer.machine(self.explorer.blocks[block], event, 0.0)
        _, sends, _ = self.explorer.result(move)
        numbers = tuple(self.sent(each) for each in sends)
        self.recorder.step(self.time, self.connection, end, move, arrived, numbers)
        if move.before.state is not move.after.state:
            words += f": {move.before.state} becomes {move.after.state}"
        if sends:
            words += f"; it sends {' and '.join(self.name(each) for each in sends)}"
        return words

    def sent(self, message: int) -> int:
        """A message is under way."""
        end, segment = self.explorer.messages[message]
        sender = OTHER[end]
        number = self.recorder.sent(
            partial(frame, segment, sender), self.time, connection=self.connection, sender=sender
        )
        self.under_way[message].append(number)
        return number

    def name(self, message: int) -> str:
        """A message in words."""
        end, segment = self.explorer.messages[message]
        old = "the old" if (end, segment) in LEFT_OVER.values() else "the"
        ack = f" ack {segment.ack}" if segment.flags & ACK else ""
        return f"{old} {str(segment.flags).replace(', ', ',')} {segment.seq}{ack}"

    def trace(self, title: str) -> Trace:
        """What was recorded."""
        self.recorder.title = title
        return self.recorder.snapshot()

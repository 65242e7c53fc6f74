"""Every schedule of a handshake over a bad network, in search of one that deceives somebody.

The first incarnation of a connection is over, but some of its segments may still be on their way.  The client
may open it again, once.  The network delivers what it likes when it likes, loses it, or delivers a copy and
keeps the other; an end that waits may repeat itself.  When nothing is on its way any more, we look: does the
server believe in a connection that no client wants (a *ghost*), or do the two disagree about their numbers?

Schedules that lead to the same situation are followed together, so their number may be large; they are
counted all the same.  The machine that is explored is the real one, or `variants` of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

from handshake.sim.retold import VERDICTS, Stage
from handshake.sim.situations import LEFT_OVER, NEW_CLIENT, NEW_SERVERS, Act, Situation
from handshake.sim.variants import MACHINES, Step
from handshake.sim.world import CLIENT, SERVER
from handshake.tcp import SYNCHRONIZED, Arrives, Open, RetransmissionTimeout, Segment, Tcb
from handshake.tcp.figure import SYN_RECEIVED, SYN_SENT
from handshake.tcp.tcb import Move, closed
from handshake.tcp.timers import NEVER, RoundTrip
from handshake.trace import Trace

Progress = Callable[[int, int], object]
"""Told how many acts of a schedule were looked at so far, and of how many."""


@dataclass(frozen=True)
class Exploration:
    """What came of it.

    messages: of the handshake.   bad: "ghost", "disagreed ISN", or "" if no schedule leads to either.
    story: the shortest bad schedule, in words.   trace: the same, to be drawn.
    schedules: how many were tried, and bad_schedules: how many of them end badly.
    unfinished: how many more had not come to rest within the bound.
    situations: how many different ones there are among them.
    in_flight, length: the bound: so many messages under way, and so many acts in a schedule.
    """

    messages: int
    bad: str
    story: tuple[str, ...]
    trace: Trace | None
    schedules: int
    bad_schedules: int
    unfinished: int
    situations: int
    in_flight: int
    length: int

    def __str__(self) -> str:
        head = (
            f"{self.messages} messages, up to {self.in_flight} segments under way, up to {self.length} acts: "
            f"{self.schedules:,} schedules tried ({self.situations:,} different situations)"
        )
        if self.unfinished:
            head += f"\n  and {self.unfinished:,} that had not come to rest by then"
        if not self.bad:
            which = "none of those that came to rest" if self.unfinished else "none within the bound"
            return f"{head}\n  {which} deceives anybody"
        steps = [f"  {n}. {words}" for n, words in enumerate(self.story, 1)]
        return "\n".join(
            [head, f"  {self.bad_schedules:,} of them end badly; the shortest ({self.bad}):", *steps]
        )

    def __repr__(self) -> str:
        found = self.bad or "none within the bound"
        return f"Exploration({self.messages} messages: {found}, {self.schedules:,} schedules)"


def explore(
    messages: int = 3,
    *,
    in_flight: int = 6,
    length: int = 24,
    copies: int = 1,
    repeats: int = 1,
    progress: Progress | None = None,
) -> Exploration:
    """Try every schedule of a handshake of 2, 3 or 4 messages.

    in_flight: so many segments at most are under way; what would be more is outside the bound.
    length: so many acts at most are in a schedule: ends that contradict each other could go on for ever.
    copies: how many further copies the network may make.   repeats: how often each end may repeat itself.
    progress: told how many acts were looked at so far, and of how many.
    """
    if messages not in MACHINES:
        raise ValueError(f"a handshake has {', '.join(map(str, MACHINES))} messages here, not {messages!r}")
    for name, value in (
        ("in_flight", in_flight),
        ("length", length),
        ("copies", copies),
        ("repeats", repeats),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < (name in ("in_flight", "length")):
            raise ValueError(
                f"{name} is a whole number, {1 if name in ('in_flight', 'length') else 0} or more"
            )
    return Explorer(MACHINES[messages], messages, in_flight, copies, repeats).run(length, progress)


class Explorer:
    """The search itself.  `blocks` and `messages` hold each of them once; a number stands for it."""

    def __init__(self, machine: Step, count: int, in_flight: int, copies: int, repeats: int) -> None:
        self.machine = machine
        self.count = count
        self.in_flight = in_flight
        self.copies = copies
        self.repeats = repeats
        self.blocks: list[Tcb] = []
        self.messages: list[tuple[str, Segment]] = []
        self._known: dict[object, int] = {}
        self._moves: dict[tuple[object, ...], tuple[int, tuple[int, ...], bool]] = {}
        self._acts: dict[Situation, list[tuple[Act, Situation]]] = {}

    def run(self, length: int, progress: Progress | None = None) -> Exploration:
        """Follow every schedule, the shortest first."""
        layer: dict[Situation, int] = dict.fromkeys(self.beginnings(), 1)
        came: dict[Situation, tuple[Situation, Act] | None] = dict.fromkeys(layer)
        schedules = bad_schedules = 0
        worst: tuple[Situation, str] | None = None
        for turn in range(length + 1):
            following: dict[Situation, int] = defaultdict(int)
            for situation, ways in layer.items():
                if not situation.flight:
                    schedules += ways
                    bad = self.judge(situation)
                    if bad:
                        bad_schedules += ways
                        worst = worst or (situation, bad)
                if situation not in self._acts:
                    self._acts[situation] = list(self.acts(situation))
                for act, after in self._acts[situation]:
                    following[after] += ways
                    if after not in came:
                        came[after] = situation, act
            if progress:
                progress(turn, length)
            layer = following
            if not layer:
                break
        unfinished = sum(layer.values())
        if progress:
            progress(length, length)
        story: tuple[str, ...] = ()
        trace = None
        if worst:
            story, trace = self.told(worst[0], self.way_to(worst[0], came), worst[1])
        return Exploration(
            self.count, worst[1] if worst else "", story, trace, schedules, bad_schedules, unfinished,
            len(came), self.in_flight, length,
        )  # fmt: skip

    def beginnings(self) -> Iterator[Situation]:
        """Nobody is connected; any part of the first incarnation may still be under way."""
        client = self.block(closed(CLIENT, SERVER))
        server = self.block(closed(SERVER, CLIENT).listening())
        left_over = [self.message(*each) for each in LEFT_OVER.values()]
        for chosen in range(1 << len(left_over)):
            flight = tuple(each for n, each in enumerate(left_over) if chosen >> n & 1)
            if len(flight) <= self.in_flight:
                repeats = (self.repeats, self.repeats)
                yield Situation(client, server, flight, 0, False, repeats, self.copies, 0)

    def judge(self, situation: Situation) -> str:
        """Whether somebody is deceived, now that nothing is under way: "ghost", "disagreed ISN" or ""."""
        client, server = self.blocks[situation.client], self.blocks[situation.server]
        if server.state not in SYNCHRONIZED:
            return ""
        both = client.state in SYNCHRONIZED
        if both and (client.irs, client.iss) != (server.iss, server.irs):
            return "disagreed ISN"
        wanted = client.state in (SYN_SENT, SYN_RECEIVED) and client.iss == server.irs
        if both or wanted or situation.met == server.iss:
            return ""
        return "ghost"

    def acts(self, now: Situation) -> Iterator[tuple[Act, Situation]]:
        """Everything that may happen next, and where it leads."""
        for n, message in enumerate(now.flight):
            if n and now.flight[n - 1] == message:
                continue  # a second copy of the same: it makes no difference which of them
            rest = now.flight[:n] + now.flight[n + 1 :]
            yield Act("lose", message), now._replace(flight=rest)
            yield from self.arrival(Act("deliver", message), now._replace(flight=rest), message)
            if now.copies:
                kept = now._replace(copies=now.copies - 1)
                yield from self.arrival(Act("copy", message), kept, message)
        if not now.opened:
            block, sends, _ = self.move(now.client, Open(SERVER, NEW_CLIENT))
            yield from self.sending(Act("open"), now._replace(client=block, opened=True), sends)
        if not now.flight:
            yield from self.repetitions(now)

    def arrival(self, act: Act, rest: Situation, message: int) -> Iterator[tuple[Act, Situation]]:
        """A message arrives."""
        end, segment = self.messages[message]
        if end == "client":
            block, sends, _ = self.move(rest.client, Arrives(segment, SERVER))
            after = rest._replace(client=block)
            if self.blocks[block].state in SYNCHRONIZED:
                after = after._replace(met=self.blocks[block].irs)
        else:
            isn = NEW_SERVERS[min(rest.calls, len(NEW_SERVERS) - 1)]
            block, sends, called = self.move(rest.server, Arrives(segment, CLIENT, isn))
            after = rest._replace(server=block, calls=rest.calls + called)
        yield from self.sending(act, after, sends)

    def repetitions(self, now: Situation) -> Iterator[tuple[Act, Situation]]:
        """Nothing is under way: whoever waits for an answer may ask again."""
        for n, end in enumerate(("client", "server")):
            block = now.client if n == 0 else now.server
            tcb = self.blocks[block]
            if now.repeats[n] and tcb.outstanding:
                after, sends, _ = self.move(block, RetransmissionTimeout())
                left = (now.repeats[0] - (n == 0), now.repeats[1] - (n == 1))
                changed = now._replace(**{end: after}, repeats=left)  # type: ignore[arg-type]
                yield from self.sending(Act("repeat", end), changed, sends)

    def sending(self, act: Act, after: Situation, sends: tuple[int, ...]) -> Iterator[tuple[Act, Situation]]:
        """What is sent is under way from now on, if the bound allows it."""
        if len(after.flight) + len(sends) <= self.in_flight:
            yield act, after._replace(flight=tuple(sorted(after.flight + sends))) if sends else after

    # Blocks, messages and moves, each looked up by number.

    def block(self, tcb: Tcb) -> int:
        """The number of a block, without what only time could change."""
        timeless = replace(
            tcb, rtt=RoundTrip(), timed=None, retransmits=0, retransmit_at=NEVER, challenges=(-inf, 0)
        )
        if timeless not in self._known:
            self._known[timeless] = len(self.blocks)
            self.blocks.append(timeless)
        return self._known[timeless]

    def message(self, end: str, segment: Segment) -> int:
        """The number of a message for `end`."""
        key = (end, segment)
        if key not in self._known:
            self._known[key] = len(self.messages)
            self.messages.append(key)
        return self._known[key]

    def move(
        self, block: int, event: Arrives | Open | RetransmissionTimeout
    ) -> tuple[int, tuple[int, ...], bool]:
        """What the machine does: (block afterwards, messages sent, whether this was a new call)."""
        key = (block, event)
        if key not in self._moves:
            move = self.machine(self.blocks[block], event, 0.0)
            self._moves[key] = self.result(move)
        return self._moves[key]

    def result(self, move: Move) -> tuple[int, tuple[int, ...], bool]:
        """The same in numbers."""
        other = "server" if move.before.local == CLIENT else "client"
        sends = tuple(self.message(other, segment) for segment in move.sends)
        return self.block(move.after), sends, move.after.iss not in (0, move.before.iss)

    # The worst schedule, told.

    @staticmethod
    def way_to(
        last: Situation, came: dict[Situation, tuple[Situation, Act] | None]
    ) -> list[tuple[Situation, Act, Situation]]:
        """The acts that lead to a situation, each with the situations before and after it."""
        way: list[tuple[Situation, Act, Situation]] = []
        step = came[last]
        while step:
            way.append((step[0], step[1], last))
            last = step[0]
            step = came[last]
        return way[::-1]

    def told(
        self, last: Situation, way: list[tuple[Situation, Act, Situation]], bad: str
    ) -> tuple[tuple[str, ...], Trace]:
        """A schedule in words, and as a trace."""
        first = way[0][0] if way else last
        stage = Stage(self, first)
        story = [stage.act(*each) for each in way]
        client, server = self.blocks[last.client], self.blocks[last.server]
        story.append(
            f"nothing is under way any more; the client is {client.state}, the server {server.state} with "
            f"IRS {server.irs}, ISS {server.iss}: {VERDICTS[bad]}"
        )
        title = f"{self.count} messages: the shortest schedule that ends in a {bad}"
        return tuple(story), stage.trace(title)

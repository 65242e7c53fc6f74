"""Exercise 03.4: a ghost with two messages, and none with three."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, said

if TYPE_CHECKING:
    from handshake.tcp import Endpoint, Segment

STATEMENT = """
A client calls once, at 0 ms. When its connection is open, it sends some orders, the first after one pause and
then one a pause, and closes after another pause; the server closes at once when the client has closed. Then
the client's machine has forgotten all about it (there is no TIME-WAIT here), and refuses with a RST what it
does not know. The server listens again. `exercises.mine("03.4")` says how many orders, how long the pause,
and how long the way from end to end is. Who is not answered repeats itself after 1, 3, 7 ... seconds.

You are the network. Fill in a schedule of 1 to 6 entries, each one of

- `["lose", end, kind, n]`: the segment does not arrive;
- `["delay", end, kind, n, ms]`: it arrives so many ms later than it would;
- `["copy", end, kind, n, ms]`: it arrives, and a copy of it so many ms after it;
- `["off", ms]`: the client's machine loses its power, for good. Not before 1000 ms.

`end` is who sends, `"client"` or `"server"`. `kind` is `"SYN"`, `"SYN,ACK"`, `"ACK"` (nothing but that),
`"data"`, `"FIN"` or `"RST"`, and `n` counts the segments of this kind that this end sends, from 1 on
(repetitions too, copies not). All numbers are whole; `ms` is 0 to 30000.

After 120 s we look. If the server is in ESTABLISHED then, and the client has no connection, that is a ghost.
With a handshake of *two* messages (the server believes as soon as it has sent its SYN,ACK, and no third is
sent), your schedule has to leave a ghost; with the real one, of *three*, the same schedule must leave none.
"""

STARTER = """
schedule = []
"""

SIGNS = {
    "only losses": (
        "Loss wastes time, but it does not deceive: whoever is not answered repeats itself. What deceives is "
        "an old packet that is taken for a new one."
    ),
    "another kind of old packet": (
        "Something old has come, but it opens nothing: without a connection, only a SYN means something to a "
        "server."
    ),
    "too early": (
        "The SYN has come a second time while its own connection was still there, and there it is a mere "
        "duplicate. Let it wander about for longer."
    ),
    "the client refuses": (
        "The old SYN has deceived the server for a moment, until the client's machine refused: who has never "
        "called says so, if it is asked, and if it is heard."
    ),
    "breaks three as well": (
        "Three messages were exchanged there: the server has seen that the client is there, and now. What "
        "happens to the client later, no handshake can prevent."
    ),
    "no schedule": "An entry is of none of the four forms, or there are no entries, or more than six.",
}

KINDS = ("SYN", "SYN,ACK", "ACK", "data", "FIN", "RST")

END_MS = 120_000


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's connection."""
    return {
        "orders": 3 + entropy.number("orders", 3),
        "pause in ms": 500 + entropy.number("pause", 400),
        "one way in ms": 10 + entropy.number("way", 60),
        "_client": entropy.number("client ISN", 1 << 32),
        "_server": entropy.number("server ISN", 1 << 32),
    }


def well_formed(entry: Any) -> bool:
    """Whether something is an entry of a schedule."""
    if not isinstance(entry, list) or not entry or not isinstance(entry[0], str):
        return False
    if entry[0] == "off":
        return len(entry) == 2 and type(entry[1]) is int and 1000 <= entry[1] <= 30_000
    if len(entry) != {"lose": 4, "delay": 5, "copy": 5}.get(entry[0]):
        return False
    numbers = all(type(each) is int and 0 <= each <= 30_000 for each in entry[3:])
    return entry[1] in ("client", "server") and entry[2] in KINDS and numbers and entry[3] >= 1


@dataclass
class Ended:
    """How a run ended: the states, and what happened on the way.

    believed: whether there was a ghost for a moment at least.
    early: whether a SYN came late, but into a connection.   story: in words.
    """

    client: str
    server: str
    ghost: bool
    believed: bool
    early: bool
    story: list[str]


class _World:
    """Two ends and a network that does what the schedule says, with a handshake of two or three messages."""

    def __init__(self, messages: int, schedule: list[list[Any]], given: dict[str, Any]) -> None:
        from handshake.sim.variants import MACHINES
        from handshake.sim.world import CLIENT, SERVER
        from handshake.tcp import Endpoint

        self.schedule, self.given = schedule, given
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[[], object]]] = []
        self.order = count()
        self.sent: Counter[tuple[str, str]] = Counter()
        self.off = self.started = self.believed = self.early = False
        self.story: list[str] = []
        choices: dict[str, Any] = {
            "machine": MACHINES[messages], "msl": 0.0, "syn_retries": 5, "synack_retries": 3, "retries": 5
        }  # fmt: skip

        numbers = count(given["_server"], 100_000)
        self.ends: dict[str, Endpoint] = {
            "client": Endpoint(CLIENT, SERVER, isn=given["_client"], **choices),
            "server": Endpoint(SERVER, CLIENT, isn=lambda: next(numbers) % (1 << 32), **choices),
        }

    def run(self) -> Ended:
        """Until nothing happens any more, or until we look."""
        self.at(0, lambda: self.ends["client"].open())
        self.ends["server"].listen()
        for entry in self.schedule:
            if entry[0] == "off":
                self.at(entry[1], self.power_off)
        for _ in range(2000):
            timers = [(timer, end) for end in self.ends if (timer := self.timer(end)) is not None]
            first = min(timers, default=None)
            if first and (not self.events or first[0] < self.events[0][0]):
                self.now = max(self.now, first[0])
                if self.now <= END_MS / 1000:
                    self.ends[first[1]].tick(self.now)
            elif self.events:
                self.now, _, action = heapq.heappop(self.events)
                action()
            else:
                break
            if self.now > END_MS / 1000:
                break
            self.settle()
        client = "off" if self.off else str(self.ends["client"].state)
        return Ended(
            client, str(self.ends["server"].state), self.ghost(), self.believed, self.early, self.story
        )

    def timer(self, end: str) -> float | None:
        """When an end has something to do by itself."""
        return None if end == "client" and self.off else self.ends[end].next_timer()

    def at(self, ms: float, action: Callable[[], object]) -> None:
        """Let something happen at that time, or now, if it is over."""
        heapq.heappush(self.events, (max(ms / 1000, self.now), next(self.order), action))

    def power_off(self) -> None:
        """The client's machine is gone."""
        self.off = True

    def ghost(self) -> bool:
        """Whether the server believes in a connection, and the client has none."""
        gone = self.off or str(self.ends["client"].state) == "CLOSED"
        return gone and str(self.ends["server"].state) == "ESTABLISHED"

    def settle(self) -> None:
        """What the programs do next, and what is to be sent."""
        client, server = self.ends["client"], self.ends["server"]
        if str(client.state) == "ESTABLISHED" and not self.started:
            self.started = True
            pause, orders = self.given["pause in ms"], self.given["orders"]
            for n in range(1, orders + 1):
                self.at(1000 * self.now + n * pause, lambda: self.use(lambda: client.send(b"an order;")))
            self.at(1000 * self.now + (orders + 1) * pause, lambda: self.use(client.close))
        if str(server.state) == "CLOSE-WAIT":
            server.close()
        if str(server.state) == "CLOSED":
            server.listen()
        for end, endpoint in self.ends.items():
            for segment in endpoint.outgoing():
                if not (end == "client" and self.off):
                    self.send(end, segment)
        self.believed = self.believed or self.ghost()

    def use(self, action: Callable[[], object]) -> None:
        """What the client's program does, if its connection is still there."""
        if not self.off and str(self.ends["client"].state) == "ESTABLISHED":
            action()

    def send(self, end: str, segment: Segment) -> None:
        """A segment is on its way, or what the schedule makes of it."""
        kind = kind_of(segment)
        self.sent[end, kind] += 1
        late, copies, lost = 0, [], False
        for entry in self.schedule:
            if entry[1:4] == [end, kind, self.sent[end, kind]]:
                lost = lost or entry[0] == "lose"
                late += entry[4] if entry[0] == "delay" else 0
                copies += [entry[4]] if entry[0] == "copy" else []
        due = 1000 * self.now + self.given["one way in ms"] + late
        other = "server" if end == "client" else "client"
        if lost:
            self.tell(f"{kind} of the {end} is lost")
        for more in [*([] if lost else [0]), *copies]:
            self.at(due + more, lambda: self.arrive(other, segment, kind))

    def arrive(self, end: str, segment: Segment, kind: str) -> None:
        """A segment arrives."""
        if end == "client" and self.off:
            return
        before = str(self.ends[end].state)
        self.ends[end].receive(segment, self.now, self.ends[end].remote)
        after = str(self.ends[end].state)
        self.early = self.early or (kind == "SYN" and before != "LISTEN")
        self.tell(f"{kind} reaches the {end}, {before}" + (f" -> {after}" if after != before else ""))

    def tell(self, words: str) -> None:
        """One more line of the story."""
        self.story.append(f"{1000 * self.now:.0f} ms: {words}")


def kind_of(segment: Segment) -> str:
    """What a segment is, in one word."""
    from handshake.tcp import ACK, FIN, RST, SYN

    flags = segment.flags
    if flags & RST:
        return "RST"
    if flags & SYN:
        return "SYN,ACK" if flags & ACK else "SYN"
    return "FIN" if flags & FIN else "data" if segment.data else "ACK"


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Run it with two messages, and with three."""
    came = ask.value("schedule")
    if not isinstance(came, list) or not 1 <= len(came) <= 6 or not all(map(well_formed, came)):
        odd = came
        if isinstance(came, list):
            odd = next((each for each in came if not well_formed(each)), f"{len(came)} entries")
        for group in EXERCISE.groups:
            yield Finding(group, False, "", "a schedule of 1 to 6 entries", said(odd), "no schedule")
        return
    two, three = (_World(messages, came, given).run() for messages in (2, 3))
    key = "" if two.ghost else _sign(came, two)
    yield Finding("two messages", two.ghost, "the end with two messages", "a ghost", _told(two), key)
    good, key = two.ghost and not three.ghost, "breaks three as well" if three.ghost else ""
    got = _told(three) if two.ghost else "nothing to prevent: there was no ghost with two"
    yield Finding("three messages", good, "the end with three messages", "no ghost", got, key)


def _told(ended: Ended) -> str:
    """How a run ended, and the last that happened."""
    last = "; ".join(ended.story[-5:])
    return f"the client is {ended.client}, the server {ended.server}; before that, {last}"


def _sign(schedule: list[list[Any]], two: Ended) -> str:
    """Why there is no ghost with two messages."""
    if all(each[0] in ("lose", "off") for each in schedule):
        return "only losses"
    if two.believed:
        return "the client refuses"
    if all(each[2] != "SYN" for each in schedule if each[0] in ("copy", "delay")):
        return "another kind of old packet"
    return "too early" if two.early else ""


EXERCISE = Exercise(
    id="03.4",
    title="A ghost, and how it is prevented",
    statement=STATEMENT,
    starter=STARTER,
    names=("schedule",),
    groups={"two messages": 4, "three messages": 4},
    signs=SIGNS,
    hint="Which old packet opens something? And who could still object, and be heard? Both can be mended.",
    reread="notebook 03, Why not two messages?",
    draw=draw,
    judge=judge,
    literal=True,
    free=True,
)

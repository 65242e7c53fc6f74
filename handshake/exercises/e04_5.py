"""Exercise 04.5: a heartbeat that finds a dead peer, and spares a living one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, said

HOUR = 3_600_000

ANSWERS = ("ping", "wait", "dead")

STATEMENT = """
Write a class `Heartbeat(interval, limit, step, now)` that watches one peer. All times are whole milliseconds.
`now` is always what the clock shows at this moment. Just before the object is made, the peer has spoken.

- `heard(now)`: something came from the peer.
- `tick(now)` gives `"dead"` if the peer is to be given up, `"ping"` if it is to be asked for a sign of life
  now, or else `"wait"`. You send nothing yourself: whoever calls `tick` does what it says.

**The clock.** `heard` and `tick` are called so often that from each call to the next at most `step` ms go by.
But somebody may set the clock, forward or back, and by much more. So where the clock has gone back, or has
gone forward by more than `step`, it has *jumped*: between 0 and `step` ms have gone by in truth, and nobody
knows how many. There may be several jumps. What is asked for below is in true time.

- Never `"dead"` while the peer has spoken at most `limit` ms ago.
- `"dead"` at the latest when it has been silent for more than `limit` + `step` ms, and for every jump since
  it spoke another `step` ms. Once `"dead"`, always `"dead"`, whatever comes.
- `"ping"` at the latest when more than `interval` + `step` ms have passed since the peer spoke and since the
  last `"ping"`, and for every jump since then another `step` ms; never when less than `interval` ms have
  passed since the peer last spoke, or since the last `"ping"`.
"""

STARTER = """
class Heartbeat:
    def __init__(self, interval, limit, step, now):
        self.interval, self.limit, self.step = interval, limit, step

    def heard(self, now):
        raise NotImplementedError("yours")

    def tick(self, now):
        raise NotImplementedError("yours")
"""

SIGNS = {
    "killed too early": (
        "The peer has spoken within the limit, and is given up: only how long it has been silent counts, "
        "not how many pings it left unanswered."
    ),
    "found out too late": (
        "The peer has been silent for longer than the bound, and nobody has noticed. A ping that we send is "
        "no sign of life of the peer."
    ),
    "not asked in time": (
        "A peer that has nothing to say is silent, too. Only an answer to a ping tells it from a dead one."
    ),
    "asked too often": "One ping in an interval is enough: remember when you have asked.",
    "word not counted": (
        "The peer has spoken in between, and that is as good as the answer to a ping: wait `interval` from "
        "the later of the two."
    ),
    "clock set forward": (
        "Around a jump between 0 and `step` ms have gone by, and nobody knows how many: before you give a "
        "peer up, or ask again, count only what has gone by for certain."
    ),
    "clock set back": (
        "The clock was set back, and the silence with it: now it takes as much longer until somebody notices."
    ),
    "risen again": (
        "The peer was given up, and is alive again: the program has closed the connection in between."
    ),
    "answers in other words": 'tick gives one of "ping", "wait" and "dead".',
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's times."""
    step = 50 + entropy.number("step", 150)
    return {
        "_step": step,
        "_interval": 3 * step + entropy.number("interval", step),
        "_limit": 12 * step + entropy.number("limit", step),
        "_now": entropy.number("now", 1 << 40),
        "_seed": entropy("gaps", 16),
    }


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Peers that are silent, that answer, and that talk on their own; then with jumps of the clock."""
    silent, idle, talks = "a silent peer", "a peer that answers", "a peer that talks"
    yield from _Watch(ask, given, silent).scene(26)
    yield from _Watch(ask, given, idle).scene(36, answers=True)
    yield from _Watch(ask, given, talks).scene(36, talks=True)
    for far in (HOUR, -HOUR):
        yield from _Watch(ask, given, "clock jumps").scene(26, {6: far, 15: 3 * far}, answers=True)
        yield from _Watch(ask, given, "clock jumps").scene(28, {4: far})
    yield from _Watch(ask, given, "clock jumps").scene(30, {3: 20 * given["_step"], 5: -HOUR})


class _Watch:
    """A Heartbeat of the answer's, the true time, and what the peer and the clock do."""

    def __init__(self, ask: Ask, given: dict[str, Any], group: str) -> None:
        self.group, self.random = group, Entropy(given["_seed"] + group.encode())
        self.interval, self.limit, self.step = given["_interval"], given["_limit"], given["_step"]
        self.time, self.set = 0, given["_now"]
        self.heard_at = self.asked_at = 0
        self.dead_at: int | None = None
        self.jumps: list[tuple[int, int]] = []
        self.made = ask.make("Heartbeat", self.interval, self.limit, self.step, self.set)

    def scene(
        self,
        ticks: int,
        jumps: Mapping[int, int] | None = None,
        *,
        answers: bool = False,
        talks: bool = False,
    ) -> Iterator[Finding]:
        """So many ticks.   jumps: of the clock, by the number of the tick before which they come.

        answers: whether the peer answers pings.   talks: whether it speaks whenever the limit is reached.
        """
        if isinstance(self.made, Raised):
            yield Finding(self.group, False, "Heartbeat(...)", "a Heartbeat", said(self.made))
            return
        due = self.limit if talks else None
        for n in range(ticks):
            gap = self.step if n % 3 == 0 else self.step - self.random.number("gap", self.step // 2)
            until = self.time + gap
            if due is not None and due <= until:
                self.time = due
                yield self.tick()  # in the very last moment
                yield self.hear()
                due = due + self.limit if talks else None
            self.time = until
            if jumps and n in jumps:
                self.set += jumps[n]
                self.jumps.append((self.time, jumps[n]))
            asked = self.asked_at
            yield self.tick()
            if answers and self.asked_at != asked:
                due = self.time + self.random.number("answer", 2 * self.step)
            if self.dead_at is not None and self.time > self.dead_at + 2 * self.step:
                yield self.hear()
                yield self.tick()
                return

    def hear(self) -> Finding:
        """The peer speaks."""
        got = self.made("heard", self.set + self.time) if not isinstance(self.made, Raised) else self.made
        self.heard_at = self.time
        case = f"heard({self.set + self.time})"
        return Finding(self.group, not isinstance(got, Raised), case, "no exception", said(got))

    def tick(self) -> Finding:
        """A tick, judged."""
        got = self.made("tick", self.set + self.time) if not isinstance(self.made, Raised) else self.made
        key, wanted = self.wrong(got)
        case = (
            f"Heartbeat({self.interval}, {self.limit}, {self.step}, ...) after {self.time} ms: the peer "
            f"spoke {self.time - self.heard_at} ms ago, "
            + (f'"ping" came {self.time - self.asked_at} ms ago' if self.asked_at else 'no "ping" yet')
        )
        for at, far in self.jumps:
            case += f", at {at} ms the clock was set {'forward' if far > 0 else 'back'} by {abs(far)} ms"
        if got == "ping":
            self.asked_at = self.time
        if got == "dead" and self.dead_at is None:
            self.dead_at = self.time
        return Finding(self.group, not wanted, case, wanted or said(got), said(got), key)

    @property
    def marked(self) -> int:
        """When the peer spoke or was asked, whichever was later."""
        return max(self.heard_at, self.asked_at)

    def wrong(self, got: Any) -> tuple[str, str]:
        """The sign, and what was expected; "" for both if it is right."""
        if not isinstance(got, str) or got not in ANSWERS:
            return "" if isinstance(got, Raised) else "answers in other words", "ping, wait or dead"
        if self.dead_at is not None:
            return ("", "") if got == "dead" else ("risen again", "dead, as before")
        silent, unasked = self.time - self.heard_at, self.time - self.marked
        if got == "dead":
            early = "killed too early" if not self.jumped(self.heard_at, 1) else "clock set forward"
            return ("", "") if silent > self.limit else (early, "ping or wait")
        if silent > self.limit + self.step * (1 + self.jumped(self.heard_at)):
            return "clock set back" if self.jumped(self.heard_at, -1) else "found out too late", "dead"
        if got == "ping" and unasked < self.interval:
            often = "word not counted" if self.heard_at > self.asked_at else "asked too often"
            return "clock set forward" if self.jumped(self.marked, 1) else often, "wait"
        if got == "wait" and unasked > self.interval + self.step * (1 + self.jumped(self.marked)):
            return "clock set back" if self.jumped(self.marked, -1) else "not asked in time", "ping"
        return "", ""

    def jumped(self, since: int, way: int = 0) -> int:
        """How often the clock was set since then.   way: 1 forward, -1 back, 0 both."""
        return sum(at > since and far * way >= 0 for at, far in self.jumps)


EXERCISE = Exercise(
    id="04.5",
    title="A heartbeat",
    statement=STATEMENT,
    starter=STARTER,
    names=("Heartbeat",),
    groups={"a silent peer": 2, "a peer that answers": 2, "a peer that talks": 1, "clock jumps": 3},
    signs=SIGNS,
    hint="Add up the time that has gone by between the calls, and leave out what cannot be time.",
    reread="notebook 04, How soon is silence noticed?",
    draw=draw,
    judge=judge,
    in_order=True,
)

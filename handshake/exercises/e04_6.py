"""Exercise 04.6: an old segment that corrupts a new connection, unless TIME-WAIT is obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, said

if TYPE_CHECKING:
    from handshake.sim.socket import Socket

STATEMENT = """
A client opens a connection, sends its first order in one segment, and 200 ms later closes; the server closes
as soon as the client has closed. Later the client opens a second connection to the same server, sends its
second order as soon as it is open, and closes 3 s after that. `exercises.mine("04.6")` says what the orders
are, from which port and with which first number the client makes the first connection, with which first
number the server answers (a bad server: it is always the same), and how long the way from end to end is.

You are the network, and you choose how the client goes on. Fill in

- `"copy"`: of which of the client's segments on the first connection there is a double: `"SYN"`, `"ACK"` (the
  third message), `"data"` or `"FIN"`;
- `"late"`: so many ms after the segment itself the double arrives, 0 to 10000;
- `"again at"`: when the client opens the second connection, in ms from the first opening, 0 to 10000;
- `"port"`: from which port, 1024 to 65534;   `"isn"`: with which first number, 0 to 2³² - 1.

We run it twice. If TIME-WAIT is skipped, the server must read something else on the second connection than
the second order. If TIME-WAIT is obeyed, so that the client has to take the next port if that one is not free
yet, the server must read the second order, and nothing else.
"""

STARTER = """
schedule = {"copy": None, "late": None, "again at": None, "port": None, "isn": None}
"""

SIGNS = {
    "another port": (
        "Another port makes another connection: old segments are matched by the 4-tuple, and this one is for "
        "a connection that is over."
    ),
    "the numbers do not fit": (
        "The double came into the second connection, but with numbers that the server does not wait for now, "
        "so it was taken for an old one: at which number does the second connection wait, and when?"
    ),
    "nothing in it": "That segment carries no data: its double has changed nothing in the order.",
    "the double is too early": "The double has come before there was a second connection: it was for nobody.",
    "the double is too late": "The double has come when the second connection was over: it was for nobody.",
    "the first is still open": (
        "The client wants the same pair of ports again, while the first connection has it: that is refused."
    ),
    "no schedule": "Something is missing, or no whole number within its bounds: see the statement.",
}

COPIES = {"SYN": 1, "ACK": 2, "data": 3, "FIN": 4}
"""The client's segments on the first connection, in their order."""

BOUNDS = {"late": (0, 10_000), "again at": (0, 10_000), "port": (1024, 65_534), "isn": (0, (1 << 32) - 1)}


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's orders and numbers."""
    names = ("Mallory", "Oscar", "Trudy", "Eve", "Alice", "Bob", "Carol", "Dave")
    rich, poor = names[entropy.number("rich", 4)], names[4 + entropy.number("poor", 4)]
    return {
        "first order": f"pay {100 + entropy.number('much', 900)} to {rich};",
        "second order": f"pay {1 + entropy.number('little', 99)} to {poor};",
        "the first port": 20_000 + entropy.number("port", 40_000),
        "the client's first number": entropy.number("client", 1 << 32),
        "the server's first number": entropy.number("server", 1 << 32),
        "one way in ms": 10 + entropy.number("way", 60),
    }


def well_formed(schedule: Any) -> bool:
    """Whether something is a schedule."""
    if not isinstance(schedule, dict) or not isinstance(schedule.get("copy"), str):
        return False
    numbers = {name: schedule.get(name) for name in BOUNDS}
    return schedule["copy"] in COPIES and all(
        type(value) is int and BOUNDS[name][0] <= value <= BOUNDS[name][1] for name, value in numbers.items()
    )


class Ended(NamedTuple):
    """How a run ended.

    read: what the server read on the second connection, None if there was none.   port: from which port
    that came.   came: when the double reached the server, in s, None if it did not.
    """

    read: bytes | None
    port: int
    came: float | None


def run(schedule: dict[str, Any], given: dict[str, Any], time_wait: bool) -> Ended:
    """Both connections, and the double."""
    from handshake.sim import Link, World, faults
    from handshake.sim.reopening import Orders, Shop
    from handshake.sim.world import CLIENT, SERVER

    sockets: list[Socket] = []
    ports: list[int] = []
    double = faults.Duplicate("client", COPIES[schedule["copy"]], schedule["late"] / 1000, kind="old")
    world = World(seed=0, link=Link(given["one way in ms"] / 1000), faults=[double])
    client, server = world.host("client", CLIENT[0]), world.host("server", SERVER[0])
    server.isn = lambda local, remote: given["the server's first number"]  # type: ignore[method-assign]
    client.time_wait = not time_wait
    settings = client.settings() if time_wait else client.settings(msl=0.0)

    def shop() -> Any:
        sells = Shop()

        def program(socket: Socket) -> None:
            if socket not in sockets:
                sockets.append(socket)
            sells(socket)

        return program

    def again() -> None:
        held = client.sockets.get((schedule["port"], SERVER))
        if held is not None and str(held.state) != "TIME-WAIT":
            return
        ports.append(schedule["port"] + (held is not None))
        order = Orders(given["second order"].encode(), stays=3.0)
        client.socket(ports[0], SERVER, program=order, isn=schedule["isn"], settings=settings).open()

    server.listen(SERVER[1], shop)
    order, isn = Orders(given["first order"].encode()), given["the client's first number"]
    first = client.socket(given["the first port"], SERVER, program=order, isn=isn, settings=settings)
    world.clock.at(0.0, first.open)
    world.clock.at(schedule["again at"] / 1000, again)
    world.run(25.0)
    came = next((each.arrived for each in world.trace().transits if each.fault == "old"), None)
    return Ended(sockets[1].received if len(sockets) > 1 else None, sum(ports), came)


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Run it without TIME-WAIT, and with it."""
    came = ask.value("schedule")
    if not well_formed(came):
        for group in EXERCISE.groups:
            yield Finding(group, False, "", "the five values", said(came), "no schedule")
        return
    second = given["second order"].encode()
    skipped, obeyed = run(came, given, False), run(came, given, True)
    harmed = skipped.read is not None and skipped.read != second
    key = "" if harmed else _sign(came, given, skipped)
    wanted = f"anything but {second!r}"
    yield Finding("TIME-WAIT is skipped", harmed, "the second connection", wanted, _told(skipped), key)
    good = harmed and obeyed.read == second
    got = _told(obeyed) if harmed else "no harm, but there was none without TIME-WAIT either"
    yield Finding("TIME-WAIT is obeyed", good, "the second connection", f"{second!r}", got)


def _told(ended: Ended) -> str:
    """How a run ended, in words."""
    double = "no double came" if ended.came is None else f"the double came at {1000 * ended.came:.0f} ms"
    if ended.read is None:
        return f"there was no second connection; {double}"
    return f"the server read {ended.read!r} from port {ended.port}; {double}"


def _sign(schedule: dict[str, Any], given: dict[str, Any], ended: Ended) -> str:
    """Why there was no harm though TIME-WAIT was skipped."""
    if ended.read is None:
        return "the first is still open"
    if schedule["port"] != given["the first port"]:
        return "another port"
    if schedule["copy"] != "data":
        return "nothing in it"
    way, came = given["one way in ms"], 1000 * (ended.came or 0.0)
    if came < schedule["again at"] + way:
        return "the double is too early"
    late = came > schedule["again at"] + 3 * way + 3000
    return "the double is too late" if late else "the numbers do not fit"


EXERCISE = Exercise(
    id="04.6",
    title="What TIME-WAIT is for",
    statement=STATEMENT,
    starter=STARTER,
    names=("schedule",),
    groups={"TIME-WAIT is skipped": 4, "TIME-WAIT is obeyed": 2},
    signs=SIGNS,
    hint="The double keeps its numbers. Choose yours so that the server waits for just these.",
    reread="notebook 04, What TIME-WAIT is for; RFC 9293 section 3.4",
    draw=draw,
    judge=judge,
    literal=True,
    free=True,
)

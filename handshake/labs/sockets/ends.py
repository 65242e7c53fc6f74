"""Notebook 05: who listens on what, where callers wait, and who has to wait for whom."""

from __future__ import annotations

from dataclasses import dataclass

from handshake import show
from handshake.framing import LengthPrefixed
from handshake.labs.lab import Lab, Outcome, amount, choice, one_of, slider, whole, within
from handshake.show import Piece, Series, theme
from handshake.show.axes import linear
from handshake.show.bytesview import many
from handshake.show.table import Table
from handshake.sim.host import Host
from handshake.sim.link import Link
from handshake.sim.socket import Port, Socket
from handshake.sim.world import World
from handshake.trace import Address, Trace, Transit

SERVER = ("198.51.100.7", 80)
CLIENTS = ("192.0.2.10", "192.0.2.11", "192.0.2.12")
HIGH = 40000
"""The first of the ports that systems give to callers."""


# Who is meant.


def _town(clients: int, tabs: int) -> tuple[World, Host]:
    """A server that listens on port 80, and clients that have called it, each so many times."""
    world = World()
    server = world.host("server", SERVER[0])
    server.listen(SERVER[1])
    for address in CLIENTS[:clients]:
        client = world.host(f"client {address}", address)
        for n in range(tabs):
            client.socket(HIGH + n, SERVER).open()
    world.run(1.0)
    return world, server


def _sockets(world: World) -> list[tuple[str, str, str, str, object]]:
    """Every socket of every machine: machine, local, remote, state, and the socket itself."""
    rows: list[tuple[str, str, str, str, object]] = []
    for host in world.hosts.values():
        for number, port in host.listening.items():
            rows.append((host.name, _text((host.address, number)), "anybody", "LISTEN", port))
        for (own, peer), socket in host.sockets.items():
            rows.append((host.name, _text((host.address, own)), _text(peer), str(socket.state), socket))
    return rows


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


SENDERS = ("192.0.2.10", "192.0.2.11", "192.0.2.12", "203.0.113.99")


def tuples(
    clients: int = 2, tabs: int = 2, sender: str = "192.0.2.10", port: int = HIGH, to: int = 80
) -> Outcome:
    """All sockets of all machines, and to which of the server's a segment goes.

    clients: how many machines have called.   tabs: how many connections each of them has.
    sender, port: where a segment comes from; to: the port of the server that it is for.
    """
    clients, tabs = whole("clients", clients, 1, 3), whole("tabs", tabs, 1, 3)
    port, to = whole("port", port, 1, 65535), whole("to", to, 1, 65535)
    one_of("sender", sender, SENDERS)
    world, server = _town(clients, tabs)
    meant = server.addressee(to, (sender, port))
    rows = _sockets(world)
    lit = [n for n, row in enumerate(rows) if row[4] is meant]
    came = f"A segment from {sender}:{port} for {SERVER[0]}:{to}"
    if isinstance(meant, Socket):
        words = f"{came} belongs to the connection with these two addresses and these two ports."
    elif isinstance(meant, Port):
        words = (
            f"{came} belongs to no connection: the listening socket gets it. If it is a SYN, "
            "that is a call; any other is refused with a RST."
        )
    else:
        words = f"{came} finds nobody: a RST answers it."
    count = sum(row[0] == "server" for row in rows)
    words += f"\nThe server has {count} sockets, and all of them have port {SERVER[1]}."
    columns = ("machine", "local", "remote", "state")
    table = show.table(columns, [row[:4] for row in rows], title="All sockets", lit=lit, code=(1, 2))
    return Outcome(words, (table,))


def tuples_lab() -> Lab:
    """`tuples`, with controls."""
    return Lab(
        "Four numbers name a connection", tuples,
        clients=slider("machines that have called", 2, 1, 3),
        tabs=slider("connections of each", 2, 1, 3),
        sender=choice("a segment comes from", SENDERS, SENDERS[0]),
        port=slider("from its port", HIGH, HIGH, HIGH + 3),
        to=choice("for the server's port", [("80", 80), ("81", 81)], 80),
    )  # fmt: skip


# Two queues.


def queues(
    callers: int = 8, every_ms: int = 100, backlog: int = 4, accepts_from: float = 1.5,
    accepts_every: float = 0.2,
) -> Outcome:  # fmt: skip
    """Callers of a server whose program accepts late: the SYN queue and the accept queue over time.

    callers: how many call, `every_ms` milliseconds apart.   backlog: places in the accept queue.
    accepts_from, accepts_every: when the program begins to accept, and how often then, in seconds.
    """
    callers, every_ms = whole("callers", callers, 1, 30), whole("every_ms", every_ms, 10, 500)
    backlog = whole("backlog", backlog, 1, 16)
    within("accepts_from", accepts_from, 0, 6)
    within("accepts_every", accepts_every, 0.05, 2)
    world = World(link=Link(delay=0.05))
    server = world.host("server", SERVER[0])
    port = server.listen(SERVER[1], backlog=backlog, syn_backlog=16, pause=None)
    opened: list[Socket] = []
    for n in range(callers):
        client = world.host(f"client {n}", f"192.0.2.{10 + n}")
        socket = client.socket(HIGH, SERVER)
        opened.append(socket)
        world.clock.at(0.001 * every_ms * n, socket.open)
    accepted: list[tuple[float, Address]] = []

    def accept() -> None:
        taken = port.listener.accept()
        if taken is not None and taken.remote is not None:
            accepted.append((world.clock.now, taken.remote))

    until = 8.0
    at = float(accepts_from)
    while at < until:
        world.clock.at(at, accept)
        at += accepts_every
    syns, waiting = Sampled(), Sampled()
    for n in range(int(until / 0.01) + 1):
        world.run(n * 0.01)
        syns.saw(n * 0.01, len(port.listener.syn_queue))
        waiting.saw(n * 0.01, len(port.listener.accept_queue))
    believe = sum(str(socket.state) == "ESTABLISHED" for socket in opened)
    most = max(count for _, count in waiting.points)
    words = (
        f"{len(opened)} called. At most {most:g} waited for accept; {port.listener.dropped} segments were "
        f"ignored while there was no room. After {until:g} s the program has accepted {len(accepted)}, and "
        f"{believe} callers believe that they are connected."
    )
    left = believe - len(accepted) - len(port.listener.accept_queue)
    if left > 0:
        words += (
            f"\nOf these, {left} are not in the accept queue: their ACK was ignored, which they cannot know."
        )
    taken = [
        (0.0, 0.0),
        *((time, n + 1.0) for n, (time, _) in enumerate(accepted)),
        (until, float(len(accepted))),
    ]
    series = {
        "in the SYN queue: handshake under way": Series(syns.points, "dashed", stairs=True),
        "in the accept queue: connected, nobody has accepted": Series(waiting.points, stairs=True),
        "accepted so far": Series(taken, stairs=True, colour=theme.MUTED),
    }
    high = max(4, len(opened), backlog)
    about = (
        f"{many(callers, 'caller')}, one every {every_ms} ms; {many(backlog, 'place')} in the accept queue."
    )
    picture = show.curves(
        series, linear(0, until, lambda s: f"{s:g} s", "time"), linear(0, high, lambda n: f"{n:g}", "calls"),
        title="Two queues of one listening port", mark=(float(accepts_from), "the program begins to accept"),
        subtitle=about,
    )  # fmt: skip
    table = _callers(world.trace("Callers"), opened, {who: time for time, who in accepted})
    return Outcome(words, (picture, table))


def _callers(trace: Trace, opened: list[Socket], accepted: dict[Address, float]) -> Table:
    """For each caller: when it called, was connected in its eyes and in the server's, and was accepted."""
    rows = []
    for socket in opened:
        mine = [step for step in trace.steps if step.connection == socket.connection and step.moved]
        when = {
            end: next((s.time for s in mine if s.end == end and str(s.after["state"]) == "ESTABLISHED"), None)
            for end in ("client", "server")
        }
        called = next((step.time for step in mine if step.end == "client"), None)
        sent = sum(
            transit.connection == socket.connection and transit.sender == "client" and _is_syn(transit)
            for transit in trace.transits
        )
        rows.append(
            (_text(socket.tcb.local), _at(called), sent, _at(when["client"]), _at(when["server"]),
             _at(accepted.get(socket.tcb.local)))
        )  # fmt: skip
    columns = ("caller", "calls", "SYNs", "believes that it is connected", "in the accept queue", "accepted")
    return show.table(columns, rows, title="Each caller")


def _is_syn(transit: Transit) -> bool:
    return str(transit.layers[-1].flags) == "SYN"


def _at(time: float | None) -> str:
    return "–" if time is None else f"{time:.2f} s"


class Sampled:
    """A number over time; only its changes are kept."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []

    def saw(self, time: float, value: float) -> None:
        """The number at a time, later than all before."""
        if not self.points or self.points[-1][1] != value:
            self.points.append((time, float(value)))


def queues_lab() -> Lab:
    """`queues`, with controls."""
    return Lab(
        "Where callers wait", queues,
        callers=slider("callers", 8, 1, 30),
        every_ms=slider("one every (ms)", 100, 10, 500, 10),
        backlog=slider("room in the accept queue", 4, 1, 16),
        accepts_from=amount("accepts from (s)", 1.5, 0.0, 6.0, 0.5),
        accepts_every=amount("then one every (s)", 0.2, 0.05, 2.0, 0.05),
    )  # fmt: skip


# Who waits for whom.

IN_TURN, READY = "the article's loop", "whoever is ready"
SERVING = (IN_TURN, READY)

frame = LengthPrefixed(1000).encode


@dataclass(frozen=True)
class Comes:
    """Bytes that reach the server.   time: in seconds.   client: whose.   data: b"" if it closes."""

    time: float
    client: str
    data: bytes


def arriving(stall: float) -> list[Comes]:
    """Three clients with three questions each, a second apart; Bob stops in the middle of his first."""
    found = []
    for client, begins in (("Ann", 0.0), ("Bob", 0.3), ("Cy", 0.6)):
        for n in range(3):
            question = frame(f"{client}'s question {n + 1}".encode())
            time = begins + n
            if client == "Bob" and n == 0:
                found.append(Comes(time, client, question[:7]))
                found.append(Comes(time + stall, client, question[7:]))
            else:
                found.append(Comes(time + (stall if client == "Bob" else 0), client, question))
        found.append(Comes(begins + 2.5 + (stall if client == "Bob" else 0), client, b""))
    return sorted(found, key=lambda each: (each.time, each.client))


def answered(events: list[Comes], how: str) -> dict[str, list[tuple[float, float]]]:
    """For each client: when each of its questions was complete, and when it was answered.

    how: the article's loop has one client at a time, and returns to `accept` when that one has closed; the
    other way, whoever has sent something has a turn.
    """
    one_of("how", how, SERVING)
    order = list(dict.fromkeys(each.client for each in events))
    free = 0.0  # from when on the loop has time for the next client
    found: dict[str, list[tuple[float, float]]] = {}
    for client in order:
        framer, mine = LengthPrefixed(1000), [each for each in events if each.client == client]
        begins = max(free, mine[0].time) if how == IN_TURN else 0.0
        found[client] = [
            (each.time, max(each.time, begins)) for each in mine if each.data for _ in framer.feed(each.data)
        ]
        free = max(begins, mine[-1].time)
    return found


def serving(how: str = IN_TURN, stall: float = 6.0) -> Outcome:
    """Three clients, one of which stalls: who waits.

    how: one of SERVING.   stall: for how long Bob's first question stops in its middle, in seconds.
    """
    one_of("how", how, SERVING)
    within("stall", stall, 0, 10)
    found = answered(arriving(stall), how)
    rows: dict[str, list[Piece]] = {}
    longest: dict[str, float] = {}
    for client, times in found.items():
        late = [(asked, told) for asked, told in times if told > asked]
        pieces = [Piece(told, told + 0.12, "", "answered") for _, told in times]
        if late:
            first, last = late[0][0], late[-1][1]
            many = f"{len(late)} question{'s wait' if len(late) > 1 else ' waits'}"
            pieces.insert(0, Piece(first, last, many, "waits for an answer"))
        if client == "Bob" and stall:
            pieces.insert(0, Piece(0.3, 0.3 + stall, "half a question, and silence", "the client stalls"))
        rows[client] = pieces
        longest[client] = max(told - asked for asked, told in times)
    words = "Longest wait for an answer: " + ", ".join(
        f"{name} {time:.1f} s" for name, time in longest.items()
    )
    until = max(14.0, max(told for times in found.values() for _, told in times) + 1)
    kinds = ("answered", "waits for an answer", "", "the client stalls")
    picture = show.lanes(
        rows, linear(0, until, lambda s: f"{s:g} s", "time", 8), title=f"Three clients: {how}", kinds=kinds,
        subtitle=["A question counts from the moment at which its last byte has come."],
    )  # fmt: skip
    return Outcome(f"{words}.", (picture,))


def serving_lab() -> Lab:
    """`serving`, with controls."""
    return Lab(
        "One client stalls", serving,
        how=choice("the server serves", SERVING, IN_TURN),
        stall=amount("Bob is silent for (s)", 6.0, 0.0, 10.0, 0.5),
    )  # fmt: skip

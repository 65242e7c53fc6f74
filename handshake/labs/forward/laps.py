"""Notebook 09: how long until the answer is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from handshake import show
from handshake.labs.lab import Lab, Outcome, amount, slider, whole, within
from handshake.show.axes import linear
from handshake.show.lanes import Piece
from handshake.sim.race import RACERS, answered, lap
from handshake.trace import Trace

KINDS = ("TCP opens", "TLS agrees", "request and answer")
"""What the time goes into."""

LAPS = 9


@lru_cache(maxsize=256)
def _lap(racer: str, rtt: float, loss: float, seed: int) -> Trace:
    return lap(racer, rtt, loss, seed)


def pieces(run: Trace) -> list[Piece]:
    """What the time of a run goes into, one piece after the other."""
    opened = next(
        (step.time for step in run.steps if step.end == "client" and step.after["state"] == "ESTABLISHED"),
        0.0,
    )
    asked = next(
        (
            run.transits[message.sources[0].transit - 1].sent
            for message in run.layer("TLS").messages
            if message.sender == "client" and message.form == "data"
        ),
        None,
    )
    first, second, last = opened or 0.0, asked or answered(run), answered(run)
    marks = (0.0, first, second, last)
    return [
        Piece(start, end, _ms(end - start), kind)
        for kind, start, end in zip(KINDS, marks, marks[1:], strict=False)
        if end > start
    ]


def race(
    rtt_ms: int = 40, loss_percent: float = 0.0, progress: Callable[[int, int], None] = lambda done, of: None
) -> Outcome:
    """All racers, from the first SYN to the answer.

    rtt_ms: a round trip, in milliseconds.   loss_percent: of the packets.
    Where packets get lost there are nine laps, and the picture shows the one in the middle.
    progress: is told how far it is.
    """
    within("loss_percent", loss_percent, 0, 20)
    rtt, loss = whole("rtt_ms", rtt_ms, 2, 400) / 1000, loss_percent / 100
    rows, table, waits = {}, [], False
    for n, (racer, about) in enumerate(RACERS.items()):
        progress(n, len(RACERS))
        runs = sorted((_lap(racer, rtt, loss, seed) for seed in range(LAPS if loss else 1)), key=answered)
        middle = runs[len(runs) // 2]
        rows[f"{racer}\n{_ms(answered(middle))}"] = pieces(middle)
        times = [answered(run) for run in runs]
        some = times[0], times[len(times) // 2], times[-1]
        trips = answered(_lap(racer, rtt, 0.0, 0)) / rtt
        waits = waits or answered(middle) > (trips + 0.5) * rtt
        said = sum(len(transit.frame) for transit in _lap(racer, rtt, 0.0, 0).transits)
        table.append((racer, about, f"{trips:.0f}", f"{said:,}", *map(_ms, some)))
    middle_of = f"; the middle one of {LAPS} laps" if loss else ""
    longest = max(piece.end for each in rows.values() for piece in each)
    picture = show.lanes(
        rows, linear(0, longest * 1.02, _ms, "from the first SYN"), kinds=KINDS,
        title="From the first SYN to the answer",
        subtitle=[f"a round trip takes {rtt_ms} ms; {loss_percent:g} % of the packets get lost{middle_of}"],
    )  # fmt: skip
    words = f"A round trip takes {rtt_ms} ms. The answer is there after: "
    words += "; ".join(f"{row[0]}, {row[5]}" for row in table) + f"{middle_of}."
    if waits:
        words += " What is lost is waited for: one lost segment costs more than all round trips saved."
    columns = ["who", "what", "round trips", "bytes", "shortest", "middle", "longest"]
    shown = len(columns) if loss else 4
    title = f"{LAPS} laps each (round trips and bytes: without loss)" if loss else "Without any loss"
    return Outcome(words, (picture, show.table(columns[:shown], [row[:shown] for row in table], title=title)))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def race_lab() -> Lab:
    """`race`, with controls."""
    return Lab(
        "Who has the answer first?", race,
        rtt_ms=slider("round trip, ms", 40, 2, 400),
        loss_percent=amount("lost, percent", 0.0, 0.0, 20.0, 1.0),
    )  # fmt: skip

"""How long openings take: which share of the connections still waits after so long."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Protocol

from handshake.show import rows, theme
from handshake.show.axes import Scale, linear
from handshake.show.curves import Series, curves
from handshake.show.picture import Picture


class Opened(Protocol):
    """What is drawn: times in seconds, nan where an end gave up."""

    @property
    def client(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def server(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def loss(self) -> float: ...  # noqa: D102
    @property
    def rtt(self) -> float: ...  # noqa: D102


SHARES = tuple((10.0**-n, f"{100 * 10.0**-n:g} %") for n in range(6))


def survival(openings: Opened, check: Opened | None = None, *, until: float | None = None) -> Picture:
    """The share of the connections that is not open yet, over time; the share on a logarithmic scale.

    check: the same, worked out in another way, drawn as dots.   until: where the picture ends, in seconds.
    """
    for each in (openings, check or openings):
        if not hasattr(each, "rtt"):
            raise TypeError(f"a survival curve is drawn from what sim.openings() gives; got {each!r:.60}")
    last = until or max(2.0, 1.1 * _quantile(openings.server, 0.9999))
    count = len(openings.client)
    low = min(0.1, 1 / max(count, 10))
    ticks = tuple(tick for tick in SHARES if tick[0] >= low)
    series = {
        "client": Series(_stairs(openings.client, last, low), "line", True, theme.END["client"]),
        "server": Series(_stairs(openings.server, last, low), "dashed", True, theme.END["server"]),
    }
    words = [
        f"{count:,} connections, {100 * openings.loss:g} % of the segments lost, "
        f"round trip {rows.span(openings.rtt)}."
    ]
    if check is not None:
        words.append(f"Dots: {len(check.client):,} of them by the machine itself, event by event.")
        for end, shape in (("client", "disc"), ("server", "ring")):
            dots = _dots(getattr(check, end), last, low)
            series[f"{end}, by the machine"] = Series(dots, shape, colour=theme.END[end])
    x = linear(0.0, last, rows.moment, "time since the first SYN", 10)
    y = Scale(low, 1.0, ticks, "share that is not open yet", log=True)
    return curves(series, x, y, title="How long it takes to open", subtitle=words)


def _quantile(times: Sequence[float], share: float) -> float:
    known = sorted(time for time in times if not isnan(time))
    return float(known[min(int(share * len(known)), len(known) - 1)]) if known else 2.0


def _share(known: Sequence[float], count: int, time: float) -> float:
    """The share of `count` that is later than that; the times are sorted."""
    from bisect import bisect_right

    return 1 - bisect_right(known, time) / count


def _stairs(times: Sequence[float], last: float, low: float) -> list[tuple[float, float]]:
    """The steps of the curve: a few hundred at most."""
    known = sorted(float(time) for time in times if not isnan(time))
    count = len(times)
    points, previous = [(0.0, 1.0)], 1.0
    for n, time in enumerate(known):
        if time > last:
            break
        if n + 1 < len(known) and known[n + 1] <= time + last / 2000:
            continue
        share = max(low, 1 - (n + 1) / count)
        if share < previous:
            points.append((time, share))
            previous = share
    return [*points, (last, previous)]


def _dots(times: Sequence[float], last: float, low: float) -> list[tuple[float, float]]:
    """Values of the curve at forty moments."""
    known = sorted(float(time) for time in times if not isnan(time))
    dots = [((n + 0.5) * last / 40) for n in range(40)]
    return [(t, share) for t in dots if (share := _share(known, len(times), t)) >= max(low, 1 / len(times))]

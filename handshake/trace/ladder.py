"""A trace as text: a ladder that reads well in a terminal, in a test and aloud.

One row for each transit: when it was at the client and the client's state then, the transit itself, the
server's state and when it was there.  What an end does without any bytes (a call, a timeout) has a row too.
"""

from __future__ import annotations

from collections.abc import Sequence

from handshake.trace.lazy import of_connection
from handshake.trace.records import Connection, Fault, Message, Transit
from handshake.trace.whole import Trace

WIDTH = 54
"""Columns of the arrow between the two ends."""


def text(trace: Trace, *, relative: bool = True, rows: int = 60) -> str:
    """The ladder of every connection, or a table of them where they are many; at most `rows` rows each."""
    parts = [trace.title] if trace.title else []
    found: Sequence[Fault] = trace.faults
    if len(trace.connections) > 3:
        parts.append(_overview(trace, rows))
        found = of_connection(trace.faults, None)
    else:
        parts += [_ladder(trace.only(c.number), c, relative, rows) for c in trace.connections]
    loose = len(trace.transits) - sum(len(c.transits) for c in trace.connections)
    if loose:
        parts.append(f"{loose} transits belong to no connection.")
    faults = [f"fault: {fault.text}" for fault in found[:rows]]
    if len(found) > rows:
        faults.append(f"... and {len(found) - rows} more faults")
    if faults:
        parts.append("\n".join(faults))
    return "\n\n".join(parts) or "An empty trace: nothing happened."


def milliseconds(time: float | None) -> str:
    """A time for a column: "20.5 ms", or "?" where it is unknown."""
    return "?" if time is None else f"{1000 * time:.1f} ms"


def _overview(trace: Trace, rows: int) -> str:
    lines = [f"{len(trace.connections)} connections, {len(trace.transits)} transits", ""]
    lines.append("  no.  client                     server                     transits   starts at")
    for connection in trace.connections[:rows]:
        first = trace[connection.transits[0]].time if connection.transits else None
        client, server = _address(connection.client), _address(connection.server)
        lines.append(
            f"{connection.number:5}  {client:25}  {server:25}  {len(connection.transits):8}"
            f"   {milliseconds(first)}"
        )
    if len(trace.connections) > rows:
        lines.append(f"... and {len(trace.connections) - rows} more; trace.only(7) shows connection 7")
    return "\n".join(lines)


def _ladder(trace: Trace, connection: Connection, relative: bool, rows: int) -> str:
    lines = [
        f"client {_address(connection.client)}  server {_address(connection.server)}"
        + ("  (sequence numbers counted from each end's first)" if relative else ""),
        f"{'':4}{'at client':>11}  {'client':12} {'':{WIDTH}} {'server':12}  {'at server':>11}",
    ]
    told = {message.sources[0].transit: message for message in trace.messages if message.sources}
    states = dict.fromkeys(("client", "server"), "")
    for step in trace.steps:
        states[step.end] = states[step.end] or str(step.before["state"])
    events: list[tuple[float, int, str]] = []
    for step in trace.steps:
        if step.transit is None and not step.sends and step.moved:
            what = f"{step.cause}: {step.before['state']} -> {step.after['state']}"
            events.append((step.time, 0, _call(step.end, step.time, what)))
    for transit in trace.transits:
        events.append((transit.time, 1, _rung(trace, transit, told.get(transit.number), relative)))
    events.sort(key=lambda event: event[:2])
    lines += [line for _, _, line in events[:rows]]
    if len(events) > rows:
        lines.append(f"... and {len(events) - rows} more rows; print(trace.text(rows=1000)) shows more")
    lines += connection.notes
    return "\n".join(line.rstrip() for line in lines)


def _rung(trace: Trace, transit: Transit, message: Message | None, relative: bool) -> str:
    left, landed, estimated = trace.flight(transit)
    name = message.text(relative) if message else f"{transit.wire_length} bytes"
    if message and message.labels:
        name += f" [{'; '.join(message.labels)}]"
    times = [milliseconds(left), milliseconds(landed)]
    if estimated and left == landed:
        times[1] = "?"  # nobody knows where the capture was taken
    elif estimated:
        times = [("~" if t != transit.seen else "") + milliseconds(t) for t in (left, landed)]
    if transit.sender != "client":
        times.reverse()
    if transit.sender == "client":
        arrow = f"---- {name} ".ljust(WIDTH - 1, "-") + ">"
    else:
        arrow = "<" + f"--- {name} ".ljust(WIDTH - 1, "-")
    if transit.fault == "lost":
        arrow = f"{arrow[:-1]}X" if transit.sender == "client" else f"X{arrow[1:]}"
        times[transit.sender == "client"] = "lost"
    states = [_state(trace, end, transit) for end in ("client", "server")]
    return f"{transit.number:4}{times[0]:>11}  {states[0]:12} {arrow} {states[1]:12}  {times[1]:>11}"


def _state(trace: Trace, end: str, transit: Transit) -> str:
    """The state of one end once it has sent, or received, that transit."""
    state = ""
    for step in trace.steps:
        if step.end != end:
            continue
        if not state:
            state = str(step.before["state"])
        if step.transit == transit.number or transit.number in step.sends:
            return str(step.after["state"])
        if (step.transit or max(step.sends, default=0)) > transit.number:
            break
        state = str(step.after["state"])
    return state


def _call(end: str, time: float, what: str) -> str:
    when = milliseconds(time)
    if end == "client":
        return f"{'':4}{when:>11}  {what}"
    return f"{'':4}{'':11}  {'':12} {what:>{WIDTH + 13}}  {when:>11}"


def _address(address: tuple[str, int]) -> str:
    ip, port = address
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

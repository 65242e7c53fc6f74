"""A trace as text: a ladder that reads well in a terminal, in a test and aloud.

One row for each transit: when it was at the client and the client's state then, the transit itself, the
server's state and when it was there.  What an end does without any bytes (a call, a timeout) has a row too.
"""

from __future__ import annotations

from collections.abc import Sequence

from handshake.trace.lazy import of_connection
from handshake.trace.records import ABOVE, EVENTS, Connection, Fault, Message, Step, Transit
from handshake.trace.told import by_transit, going_on
from handshake.trace.whole import Trace

WIDTH = 54
"""Columns of the arrow between the two ends, at the least."""


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
        parts.append(f"{loose} transit{'s belong' if loose > 1 else ' belongs'} to no connection.")
    found = [fault for fault in found if fault.kind not in EVENTS]  # those have rows of their own
    faults = [f"fault: {fault.text}" for fault in found[:rows]]
    if len(found) > rows:
        faults.append(f"... and {len(found) - rows} more faults")
    if faults:
        parts.append("\n".join(faults))
    return "\n\n".join(parts) or "An empty trace: nothing happened."


def milliseconds(time: float | None) -> str:
    """A time for a column: "20.5 ms", from 10 s on "61.020 s", or "?" where it is unknown."""
    if time is None:
        return "?"
    return f"{1000 * time:.1f} ms" if time < 10 else f"{time:.3f} s"


def _overview(trace: Trace, rows: int) -> str:
    lines = [f"{len(trace.connections)} connections, {len(trace.transits)} transits", ""]
    lines.append("  no.  client                     server                     transits   starts at")
    for connection in trace.connections[:rows]:
        first = trace[connection.transits[0]].time if connection.transits else None
        client, server = address_text(connection.client), address_text(connection.server)
        lines.append(
            f"{connection.number:5}  {client:25}  {server:25}  {len(connection.transits):8}"
            f"   {milliseconds(first)}"
        )
    if len(trace.connections) > rows:
        lines.append(f"... and {len(trace.connections) - rows} more; trace.only(7) shows connection 7")
    return "\n".join(lines)


def _ladder(trace: Trace, connection: Connection, relative: bool, rows: int) -> str:
    told, more = by_transit(trace.messages), going_on(trace.messages)
    events = _in_order(trace)
    shown = [event for event in events[:rows] if isinstance(event, Transit)]
    names = {t.number: _name(t, told.get(t.number, []), more.get(t.number, ""), relative) for t in shown}
    width = max([WIDTH, *(len(name) + 7 for name in names.values())])
    lines = [
        f"client {address_text(connection.client)}  server {address_text(connection.server)}"
        + ("  (sequence numbers counted from each end's first)" if relative else ""),
        f"{'':4}{'at client':>11}  {'client':12} {'':{width}} {'server':12}  {'at server':>11}",
    ]
    done_at: dict[tuple[str, int], Step] = {}
    states: dict[str, str] = {}
    for step in trace.steps:
        states.setdefault(step.end, str(step.before["state"]))
        for number in (*step.sends, *([] if step.transit is None else [step.transit])):
            done_at[step.end, number] = step

    for event in events[:rows]:
        if isinstance(event, Step):
            states[event.end] = str(event.after["state"])
            what = f"{event.cause}: {event.before['state']} -> {event.after['state']}"
            lines.append(_bare(event.end, event.time, what, width))
            continue
        if isinstance(event, Fault):
            lines.append(_bare(event.end, event.time, event.text, width))
            continue
        here = {end: done_at.get((end, event.number)) for end in ("client", "server")}
        for end, done in here.items():
            if done:
                states[end] = str(done.after["state"])
        times = _times(trace, event, here)
        arrow = _arrow(event, names[event.number], width)
        lines.append(
            f"{event.number:4}{times['client']:>11}  {states.get('client', ''):12} {arrow} "
            f"{states.get('server', ''):12}  {times['server']:>11}"
        )
    if len(events) > rows:
        lines.append(f"... and {len(events) - rows} more rows; print(trace.text(rows=1000)) shows more")
    lines += connection.notes
    return "\n".join(line.rstrip() for line in lines)


def _in_order(trace: Trace) -> list[Transit | Step | Fault]:
    """The transits, the moves without any, and what befell an end, in the order of time.

    Those of one moment are in the order in which they were made.
    """
    ordered: list[tuple[float, float, Transit | Step | Fault]] = [
        (t.time, t.number, t) for t in trace.transits
    ]
    # (That a machine goes down and comes up again is told by the steps of its ends.)
    told = EVENTS.keys() - {"down", "up"}
    ordered += [(fault.time, 0.0, fault) for fault in trace.faults if fault.kind in told]
    newest = 0
    for step in trace.steps:
        newest = max([newest, *step.sends])
        if step.transit is None and not step.sends and step.moved:
            ordered.append((step.time, newest + 0.5, step))
    return [event for _, _, event in sorted(ordered, key=lambda row: row[:2])]


def _times(trace: Trace, transit: Transit, steps: dict[str, Step | None]) -> dict[str, str]:
    """When the transit was at either end, for its columns; "~" before a time that is reckoned."""
    left, landed, estimated = trace.flight(transit)
    receiver = "server" if transit.sender == "client" else "client"
    times = {transit.sender: milliseconds(left), receiver: milliseconds(landed)}
    if estimated:
        for end, known in ((transit.sender, left), (receiver, landed)):
            step = steps.get(end)
            if known is not None and known != transit.seen:
                # It cannot have been sent before what it answers: the step knows when that was.
                times[end] = "~" + milliseconds(max(known, step.time) if step else known)
        if left == landed:
            times[receiver] = "?"  # nobody knows where the capture was taken
    if transit.fault == "lost":
        times[receiver] = "lost"
    return times


def _name(transit: Transit, messages: Sequence[Message], more: str, relative: bool) -> str:
    """What a transit carries: of the topmost layer that begins in it."""
    if not messages:
        return more or f"{transit.wire_length} bytes"
    labels = [label for message in messages for label in message.labels]
    told = f" [{'; '.join(labels)}]" if labels else ""
    top = [each for each in messages if each.layer in ABOVE]
    if not top:
        return (more or messages[0].text(relative)) + told
    return ", ".join(f"{each} (encrypted)" if each.secret else str(each) for each in top) + told


def _arrow(transit: Transit, name: str, width: int) -> str:
    head = "X" if transit.fault == "lost" else ">" if transit.sender == "client" else "<"
    if transit.sender == "client":
        return f"---- {name} ".ljust(width - 1, "-") + head
    return head + f"--- {name} ".ljust(width - 1, "-")


def _bare(end: str, time: float, what: str, width: int) -> str:
    """A row for what an end did, or what befell it, without anything being sent."""
    when = milliseconds(time)
    if end == "client":
        return f"{'':4}{when:>11}  {what}"
    return f"{'':4}{'':11}  {'':12} {what:>{width + 13}}  {when:>11}"


def address_text(address: tuple[str, int]) -> str:
    """An (ip, port) as one writes it: "10.0.0.1:80", "[2001:db8::1]:80"."""
    ip, port = address
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

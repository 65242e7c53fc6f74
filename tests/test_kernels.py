"""Recorded traffic of real kernels, replayed into our endpoint: it gives the same kinds of answers.

Our endpoint takes the place of one end.  It is handed what that end received, and its program calls what the
recorded one must have called; what it sends is held against what the kernel sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from handshake import capture
from handshake.peel import Dissection
from handshake.tcp import ACK, FIN, PSH, SYN, Endpoint, Move, Segment, Tcb, seq, step
from handshake.tcp.endpoint import Machine
from handshake.tcp.tcb import Event
from handshake.trace import Trace

OTHER = {"client": "server", "server": "client"}


class Answer(NamedTuple):
    """A segment as it is compared: control bits without PSH, numbers counted from the first, length."""

    flags: str
    seq: int
    ack: int | None
    length: int


def recorded(trace: Trace) -> list[tuple[str, Segment, float]]:
    """Who sent what, and when, in the order in which the client saw it."""
    found = []
    for transit in trace.transits:
        segment = Dissection(transit.frame, transit.link, transit.length).transport
        assert isinstance(segment, Segment)
        found.append((transit.sender, segment, transit.time))
    return found


def first_numbers(packets: list[tuple[str, Segment, float]]) -> dict[str, int]:
    """Each end's first number; of one that only refuses, the 0 that it must use."""
    first = {sender: segment.seq for sender, segment, _ in reversed(packets) if segment.flags & SYN}
    return {"client": 0, "server": 0} | first


def answer(segment: Segment, end: str, first: dict[str, int]) -> Answer:
    flags = str(segment.flags & ~PSH)
    ack = seq.distance(first[OTHER[end]], segment.ack) if segment.flags & ACK else None
    return Answer(flags, seq.distance(first[end], segment.seq), ack, len(segment.data))


def replay(trace: Trace, end: str, machine: Machine = step) -> tuple[list[Answer], list[Answer]]:
    """(what the kernel at that end sent, what our endpoint sends in its place)."""
    packets = recorded(trace)
    first = first_numbers(packets)
    connection = trace.connections[0]
    here, there = connection.address(end), connection.address(OTHER[end])
    ours = Endpoint(here, there, isn=first[end], machine=machine)
    if end == "server" and any(sender == end and segment.flags & SYN for sender, segment, _ in packets):
        ours.listen()
    kernel, sent = [], []
    highest = None  # the number behind the last that the program has handed over
    for sender, segment, time in packets:
        ours.tick(time)
        if sender != end:
            ours.receive(segment, time, connection.address(sender))
        else:
            kernel.append(answer(segment, end, first))
            if segment.flags & SYN and not segment.flags & ACK:
                ours.open()
            last = seq.add(segment.seq, len(segment.data))
            if segment.data and (highest is None or seq.less(highest, last)):
                highest = last
                ours.send(segment.data)
            if segment.flags & FIN:
                ours.close()
        sent += [answer(each, end, first) for each in ours.outgoing()]
    return kernel, sent


@pytest.mark.parametrize("end", ["client", "server"])
@pytest.mark.parametrize("name", ["k01", "k02"])
def test_our_endpoint_answers_as_the_kernel_did(name: str, end: str) -> None:
    kernel, ours = replay(capture.read(capture.sample(name)), end)
    assert ours == kernel
    assert kernel


def test_the_comparison_can_fail() -> None:
    """A machine that forgets that a SYN takes a number."""

    def forgetful(tcb: Tcb, event: Event, now: float) -> Move:
        move = step(tcb, event, now)
        return move._replace(sends=tuple(replace(each, ack=seq.add(each.ack, -1)) for each in move.sends))

    for end in ("client", "server"):
        kernel, ours = replay(capture.read(capture.sample("k01")), end, forgetful)
        assert ours != kernel

"""A capture of 100,000 packets in 1,000 connections, read into connections.

The file is made here, always the same: 100 packets a connection, mixed in time, with 0, 64 or 512 bytes of
data.  Beside it:

dpkt    its reader, its layers, and a table of flows
struct  the least that Python can do by hand, packet by packet, the whole file in memory

What is counted must agree: packets and bytes of data of every connection, and who opened it.
"""

from __future__ import annotations

import gc
import random
import statistics
import struct
import tempfile
import tracemalloc
from pathlib import Path

from measure import Findings, Row, interleaved, ratio

from handshake import capture

SERVER = bytes((10, 0, 0, 2))
PER_CONNECTION = 100

Flows = dict[tuple[bytes, int, bytes, int], list[int]]
"""Of each connection, by its two ends in order: packets, bytes of data."""


def generate(path: Path, packets: int) -> None:
    """Write the capture."""
    dice = random.Random(1)
    order = [number for number in range(packets // PER_CONNECTION) for _ in range(PER_CONNECTION)]
    dice.shuffle(order)
    steps = [0] * (packets // PER_CONNECTION)
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for index, number in enumerate(order):
            step = steps[number]
            steps[number] += 1
            flags = {0: 0x02, 1: 0x12, 2: 0x10}.get(step, 0x18)
            size = dice.choice((0, 64, 512)) if step > 2 else 0
            client = bytes((10, 1, number >> 8, number & 255))
            ends = (client, SERVER, 40000, 443) if step % 2 == 0 else (SERVER, client, 443, 40000)
            ip = struct.pack("!BBHHHBBH4s4s", 69, 0, 40 + size, index & 65535, 0, 64, 6, 0, *ends[:2])
            tcp = struct.pack("!HHIIBBHHH", *ends[2:], 1000 + step, 2000 + step, 80, flags, 501, 0, 0)
            frame = b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + tcp + bytes(size)
            seconds, micro = divmod(index, 1_000_000)
            file.write(struct.pack("<IIII", 1_700_000_000 + seconds, micro, len(frame), len(frame)) + frame)


def by_struct(path: Path) -> Flows:
    """By hand."""
    data = path.read_bytes()
    record, ip, tcp = struct.Struct("<IIII"), struct.Struct("!BxHxxxxxBxx4s4s"), struct.Struct("!HH8xBB")
    at, end = 24, len(data)
    flows: Flows = {}
    while at < end:
        _, _, size, _ = record.unpack_from(data, at)
        start = at + 16
        at = start + size
        if data[start + 12] != 8 or data[start + 13]:
            continue
        first, total, protocol, source, destination = ip.unpack_from(data, start + 14)
        if protocol != 6:
            continue
        header = (first & 15) << 2
        from_port, to_port, offset, _ = tcp.unpack_from(data, start + 14 + header)
        ends = source, from_port, destination, to_port
        if (source, from_port) > (destination, to_port):
            ends = destination, to_port, source, from_port
        flow = flows.get(ends)
        if flow is None:
            flow = flows[ends] = [0, 0]
        flow[0] += 1
        flow[1] += total - header - (offset >> 4 << 2)
    return flows


def by_dpkt(path: Path) -> Flows:
    """As a user of dpkt would."""
    import dpkt

    flows: Flows = {}
    with path.open("rb") as file:
        for _, frame in dpkt.pcap.Reader(file):
            ip = dpkt.ethernet.Ethernet(frame).data
            tcp = ip.data
            ends = ip.src, tcp.sport, ip.dst, tcp.dport
            if (ip.src, tcp.sport) > (ip.dst, tcp.dport):
                ends = ip.dst, tcp.dport, ip.src, tcp.sport
            flow = flows.get(ends)
            if flow is None:
                flow = flows[ends] = [0, 0]
            flow[0] += 1
            flow[1] += len(tcp.data)
    return flows


def agree(path: Path) -> None:
    """Complain unless all three readers find the same."""
    trace = capture.read(path)
    theirs, by_hand = by_dpkt(path), by_struct(path)
    if theirs != by_hand:
        raise AssertionError("the peers do not agree")
    if len(trace.connections) != len(by_hand):
        raise AssertionError(f"{len(trace.connections)} connections, not {len(by_hand)}")
    for number in range(1, 11):
        one = trace.only(number)
        (connection,) = one.connections
        client = bytes(map(int, connection.client[0].split(".")))
        ends = SERVER, 443, client, 40000
        if ends not in by_hand:
            ends = client, 40000, SERVER, 443
        size = sum(int(d.value) for message in one.messages for d in message.details if d.label == "data")
        if [len(connection.transits), size] != by_hand[ends]:
            raise AssertionError(f"connection {number} differs")


def memory(path: Path) -> int:
    """The most memory that reading takes, in bytes, the file itself included."""
    gc.collect()
    tracemalloc.start()
    trace = capture.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del trace
    return peak


def run(rounds: int, packets: int = 100_000) -> Findings:
    """Measure, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        path, tenth = Path(folder) / "bench.pcap", Path(folder) / "tenth.pcap"
        generate(path, packets)
        generate(tenth, packets // 10)
        agree(tenth)
        figures = interleaved(
            {
                "capture/ours": lambda: capture.read(path),
                "capture/dpkt": lambda: by_dpkt(path),
                "capture/struct": lambda: by_struct(path),
            },
            max(3, rounds // 3),
        )
        small, large = memory(tenth), memory(path)
    ours = figures["capture/ours"]
    what = f"{packets:,} packets into connections"
    return Findings(
        [
            Row("capture", what, "dpkt", ratio(ours, figures["capture/dpkt"]), 1.0),
            Row("capture", what, "struct by hand", ratio(ours, figures["capture/struct"]), None, 2.5),
            Row("capture", "memory, ten times the packets", "a tenth of them", large / small, 11.0, 10.5),
        ],
        {
            **{f"{name}, s": statistics.median(all_) for name, all_ in figures.items()},
            "capture/memory, bytes a packet beside the file": (large - 25.5e6 * packets / 1e5) / packets,
        },
    )

"""Traces of the simulation, saved and read by tshark: good checksums, and the analysis that one expects."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from handshake import sim
from handshake.tcp import ACK, RST, KeepAlive
from handshake.trace import Trace

pytestmark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")

FLAGS = (
    "retransmission", "fast_retransmission", "duplicate_ack", "keep_alive", "keep_alive_ack", "zero_window",
    "zero_window_probe", "window_update", "window_full", "reused_ports",
)  # fmt: skip

Found = dict[int, set[str]]
"""What tshark says of each packet, by its number in the file."""


def by_tshark(path: Path) -> tuple[Found, list[str]]:
    """Tshark's analysis of each packet, and complaints about checksums or damage."""
    fields = [f"tcp.analysis.{flag}" for flag in FLAGS]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    command += ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    for field in ("frame.number", "ip.checksum.status", "tcp.checksum.status", "_ws.malformed", *fields):
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: Found = {}
    wrong = []
    for row in done.stdout.splitlines():
        number, ip, tcp, malformed, *marks = row.split("|")
        if (ip, tcp, malformed) != ("1", "1", ""):
            wrong.append(row)
        found[int(number)] = {flag for flag, mark in zip(FLAGS, marks, strict=True) if mark}
    return found, wrong


def analysed(run: Trace, path: Path) -> Found:
    found, wrong = by_tshark(run.save(path))
    assert not wrong
    assert len(found) == len(run.transits)
    return found


def labelled(run: Trace, words: str) -> list[int]:
    """The transits of which our own observer says the same."""
    return [m.sources[0].transit for m in run.messages if any(words in label for label in m.labels)]


def marked(found: Found, *flags: str) -> list[int]:
    return [number for number, marks in found.items() if marks & set(flags)]


# Each run, the flag of tshark that it must draw, and our own words for the same.
RUNS: dict[str, tuple[Callable[[], Trace], str, str]] = {
    "a lost SYN": (
        lambda: sim.tcp(seed=7, faults=[sim.drop("client", 1)]), "retransmission", "retransmission",
    ),
    "a lost segment": (
        lambda: sim.tcp(seed=7, faults=[sim.drop("client", 3)]), "retransmission", "retransmission",
    ),
    "a cable that is out": (
        lambda: sim.calls(
            {0.0: "open", 5.0: b"hello"}, {0.0: "listen"}, faults=[sim.unplug("client", at=1.0, back=20.0)]
        ),
        "retransmission",
        "retransmission",
    ),
    "three duplicate ACKs": (
        lambda: sim.calls(
            {0.0: "open", **{0.1 + n / 100: bytes(500) for n in range(10)}}, {0.0: "listen"}, mss=500,
            faults=[sim.drop("client", 5)],
        ),
        "duplicate_ack",
        "duplicate ACK",
    ),
    "keep-alive": (
        lambda: sim.failing("silence, server idle", keep_alive=KeepAlive(60.0, 10.0, 3)),
        "keep_alive",
        "keep-alive",
    ),
    "a program that does not read": (
        lambda: sim.calls(
            {0.0: "open", 0.1: bytes(3000)}, {0.0: ["listen", "hold"], 9.0: "read"}, window=1000, mss=500
        ),
        "zero_window",
        "zero window",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_analysis_that_one_expects(name: str, tmp_path: Path) -> None:
    make, flag, words = RUNS[name]
    run = make()
    found = analysed(run, tmp_path / "run.pcapng")
    also = {"retransmission": ("retransmission", "fast_retransmission")}.get(flag, (flag,))
    assert marked(found, *also) == labelled(run, words)
    assert marked(found, *also)


def test_an_honest_run_draws_none_of_them(tmp_path: Path) -> None:
    found = analysed(sim.tcp(seed=7), tmp_path / "run.pcapng")
    assert marked(found, *FLAGS) == []


def test_a_fast_retransmission_is_seen_as_one(tmp_path: Path) -> None:
    run = RUNS["three duplicate ACKs"][0]()
    found = analysed(run, tmp_path / "run.pcapng")
    assert len(marked(found, "fast_retransmission")) == 1


def test_an_answered_probe_is_seen_as_one(tmp_path: Path) -> None:
    """The server asks every three seconds, and until it fails at ten the client answers."""
    run = sim.failing("silence, server idle", keep_alive=KeepAlive(3.0, 1.0, 3))
    found = analysed(run, tmp_path / "run.pcapng")
    assert len(marked(found, "keep_alive_ack")) == 3
    assert len(marked(found, "keep_alive")) == 3 + 3


def test_a_closed_window_is_probed(tmp_path: Path) -> None:
    run = RUNS["a program that does not read"][0]()
    found = analysed(run, tmp_path / "run.pcapng")
    assert marked(found, "zero_window_probe")
    assert marked(found, "window_update")


@pytest.mark.parametrize(
    "make",
    [
        lambda: sim.flood(cookies=True, until=3.0),
        lambda: sim.old_syns(messages=3, old=3, there=True, until=10.0),
        lambda: sim.reopening(time_wait=False, until=3.0),
        lambda: sim.restarting(),
        lambda: sim.failing("reboot, then SYN"),
        lambda: sim.tcp(seed=3, link=sim.Link(0.02, jitter=0.05, loss=0.1, duplicate=0.2, reorder=0.2)),
        lambda: sim.tcp(seed=3, client=("2001:db8::1", 4000), server=("2001:db8::2", 443)),
        lambda: sim.calls(
            {0.0: "open"}, {0.0: "listen"}, faults=[sim.forge("client", 0.5, RST | ACK, seq=("RCV.NXT", 5))]
        ),
    ],
    ids=["flood", "old SYNs", "reopening", "restarting", "reboot", "a bad link", "IPv6", "a forged reset"],
)
def test_whatever_happens_every_checksum_is_good(make: Callable[[], Trace], tmp_path: Path) -> None:
    run = make()
    found, wrong = by_tshark(run.save(tmp_path / "run.pcapng"))
    assert len(found) == len(run.transits)
    assert [row for row in wrong if row.split("|")[1] not in ("", "1")] == []
    assert [row for row in wrong if row.split("|")[2:4] != ["1", ""]] == []


def test_what_the_link_has_altered_has_a_bad_checksum(tmp_path: Path) -> None:
    """So that the test above can fail; and the simulated receiver has seen the same."""
    run = sim.tcp(seed=3, faults=[sim.flip("client", 3, 200)])
    _, wrong = by_tshark(run.save(tmp_path / "run.pcapng"))
    assert len(wrong) == 1
    assert any("checksum is wrong" in note for step in run.steps for note in step.notes)

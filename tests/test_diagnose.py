"""What went wrong, at which end, which packet proves it: for runs of our own, read back from a capture as a
tool at either end would have made it, and for recordings of real systems.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers import VECTORS, needs_captures
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handshake import capture, cli, pki, sim
from handshake.diagnose import CAUSES, Diagnosis, Finding, cause_of
from handshake.labs import closing
from handshake.pki.authority import case
from handshake.show.report import report
from handshake.tcp import KeepAlive
from handshake.trace import Trace

SIDES = ("client", "server", None)
"""Where the capture is taken; None sees every transit, lost ones too."""


def reread(run: Trace, folder: Path, at: str | None, *, secrets: bool = True) -> Trace:
    """A run as a capture at one end has it."""
    return capture.read(run.save(folder / f"{at}.pcapng", at=at, secrets=secrets))


def told(found: Diagnosis) -> list[tuple[str, str]]:
    return [(each.cause, each.end) for each in found]


# ---- TCP -------------------------------------------------------------------------------------------------


def short(**more: Any) -> Trace:
    return sim.tcp(seed=3, delay=0.03, **more)


def answers_late(**more: Any) -> Trace:
    """The server speaks first, so that nothing of the client's confirms in place of its ACK."""
    return sim.calls({0.0: "open"}, {0.0: "listen", 5.0: b"hello"}, until=8.0, **more)


def everywhere(found: list[tuple[str, str]]) -> dict[str | None, list[tuple[str, str]]]:
    return dict.fromkeys(SIDES, found)


TCP: dict[str, tuple[Callable[[], Trace], dict[str | None, list[tuple[str, str]]]]] = {
    "refused": (
        lambda: sim.calls({0.0: "open"}, {}, until=2.0),
        everywhere([("refused port", "server")]),
    ),
    "SYN lost": (
        lambda: short(faults=[sim.drop("client", 1)]),
        {"client": [("lost SYN", "client")], None: [("lost SYN", "client")], "server": []},
    ),
    "SYN,ACK lost": (
        lambda: short(faults=[sim.drop("server", 1)]),
        {"server": [("lost SYN+ACK", "client")], None: [("lost SYN+ACK", "client")],
         "client": [("lost SYN", "client")]},  # (from there, nobody can tell which of the two it was)
    ),
    "ACK lost": (
        lambda: answers_late(faults=[sim.drop("client", 2)]),
        everywhere([("lost ACK", "server")]),
    ),
    "data lost": (
        lambda: short(faults=[sim.drop("client", 3)]),
        {"client": [("lost data", "client")], None: [("lost data", "client")], "server": []},
    ),
    "no answer": (
        lambda: sim.calls({0.0: "open"}, {0.0: "listen"}, until=20.0,
                          faults=[sim.drop("client", n) for n in range(1, 9)]),
        {"client": [("no answer", "client")], None: [("no answer", "client")]},
    ),
    "reset": (
        lambda: sim.calls({0.0: "open", 1.0: b"hello", 2.0: "abort"}, {0.0: "listen"}, until=5.0),
        everywhere([("reset", "client")]),
    ),
    "reset at once after data": (
        lambda: sim.calls({0.0: "open", 0.04: b"hello", 15.5: "abort"}, {0.0: "listen", 14.98: b"ping"}),
        everywhere([("reset", "client")]),
    ),
    "closed with data unread": (lambda: closing.ways("data unread").trace, everywhere([("reset", "server")])),
    "reboot, then data": (
        lambda: sim.failing("reboot, then data", until=60.0), everywhere([("half-open", "client")]),
    ),
    "silence, keep-alive": (
        lambda: sim.failing("silence, server idle", keep_alive=KeepAlive(10.0, 2.0, 3), until=90.0),
        {**everywhere([("dead peer found by keep-alive", "server")]), "client": []},
    ),
    "silence, data": (
        lambda: sim.failing("silence, server sends", until=2000.0),
        {**everywhere([("dead peer found by retransmission", "server")]), "client": []},
    ),
    "flood": (lambda: sim.flood(cookies=True), {"server": [("SYN flood", "client")]}),
    "nothing": (short, everywhere([])),
    "idle silence": (
        lambda: sim.failing("silence, server idle", until=100.0), everywhere([]),
    ),
}  # fmt: skip
"""Runs, and what is found in a capture that was taken at an end."""


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, (_, where) in TCP.items() for at in where]
)  # fmt: skip
def test_what_goes_wrong_in_tcp(name: str, at: str | None, tmp_path: Path) -> None:
    make, where = TCP[name]
    trace = reread(make(), tmp_path, at)
    found = trace.diagnose()
    assert told(found) == where[at], str(found)
    for each in found:
        proof = trace[each.transit]
        assert proof.connection == each.connection
        if each.cause in ("refused port", "reset", "half-open", "dead peer found by keep-alive"):
            assert proof.sender == each.end
        assert f"packet {each.transit}" in str(found)


def test_a_run_is_diagnosed_as_its_capture_is() -> None:
    """Where it comes from makes no difference; of a run, every loss is known and not inferred."""
    for name, (make, where) in TCP.items():
        if None in where:
            assert told(make().diagnose()) == where[None], name


def test_a_closed_window_is_found_with_its_end(tmp_path: Path) -> None:
    said = {0.0: "open", **{1.0 + n / 100: bytes(1000) for n in range(12)}}
    run = sim.calls(said, {0.0: ["listen", "hold"], 9.0: "read"}, until=20.0, window=4000)
    for at in SIDES:
        trace = reread(run, tmp_path, at)
        found = trace.diagnose()
        assert told(found)[0] == ("zero window", "server"), str(found)
        assert "zero window" in trace.about(found[0].transit)[0].labels


# ---- TLS -------------------------------------------------------------------------------------------------


def judged(made: Any, chain: list[Any]) -> Any:
    return pki.validate(chain, made.anchors, made.now, made.server_name, "server", made.crls)


def with_defect(defect: str, version: str = "TLS 1.2", **more: Any) -> Trace:
    """A server whose chain has a defect, and a client that checks it."""
    made = case(defect)
    own = {"certificate": made.chain, "key": made.key}
    client = {"verify": lambda chain: judged(made, chain), "server_name": made.server_name}
    return sim.tls(version, client=client, server=own, seed=5, **more)


OF_CHAINS = {
    "unknown_ca": "unknown CA", "self_signed": "unknown CA", "missing_intermediate": "unknown CA",
    "expired": "expired", "revoked": "revoked", "wrong_host": "wrong name",
}  # fmt: skip


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("defect", OF_CHAINS)
def test_a_chain_that_is_refused(defect: str, version: str, tmp_path: Path) -> None:
    trace = reread(with_defect(defect, version), tmp_path, "client")
    found = trace.diagnose()
    assert told(found) == [(OF_CHAINS[defect], "client")], str(found)
    assert trace.about(found[0].transit)[-1].name == "Alert"
    assert found[0].alert
    assert found[0].alert in str(found)


OF_CLIENTS = {
    "nothing": "missing client certificate", "expired": "refused client certificate: expired",
    "unknown_ca": "refused client certificate: unknown CA", "wrong_purpose": "refused client certificate",
}  # fmt: skip


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("shows", OF_CLIENTS)
def test_a_client_that_is_refused(shows: str, version: str, tmp_path: Path) -> None:
    run = sim.tls(version, client_auth="required", shows=shows, seed=5)
    trace = reread(run, tmp_path, "server")
    found = trace.diagnose()
    assert told(found) == [(OF_CLIENTS[shows], "server")], str(found)
    assert trace[found[0].transit].sender == "server"
    sealed = reread(run, tmp_path, "server", secrets=False).diagnose()
    wanted = OF_CLIENTS[shows] if version == "TLS 1.2" else "unknown"
    assert told(sealed) == [(wanted, "server")], "what is sealed is not guessed"


def test_two_ends_that_have_nothing_in_common(tmp_path: Path) -> None:
    runs = {
        "no shared cipher": sim.tls(
            "TLS 1.2", client={"suites": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]}, seed=5
        ),
        "version refused": sim.tls(
            "TLS 1.3", seed=5, client={"versions": ["TLS 1.2"],
                                       "suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
        ),
    }  # fmt: skip
    for cause, run in runs.items():
        trace = reread(run, tmp_path, "client")
        found = trace.diagnose()
        assert told(found) == [(cause, "server")], str(found)
        assert trace.about(found[0].transit)[-1].name == "Alert"


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
def test_a_record_that_was_changed(version: str, tmp_path: Path) -> None:
    record = {"TLS 1.2": 5, "TLS 1.3": 4}[version]
    run = sim.tls(version, seed=5, tampering=[sim.flip_byte("client", record, 9)])
    trace = reread(run, tmp_path, None)
    found = trace.diagnose()
    assert told(found) == [("bad MAC", "server")], str(found)
    assert found[0].alert == "bad_record_mac"
    assert trace[found[0].transit].sender == "server"
    sealed = reread(run, tmp_path, None, secrets=False).diagnose()
    assert [each.cause for each in sealed if each.cause not in ("unknown", "reset")] == []


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("secrets", [True, False])
def test_an_end_without_good_bye(version: str, secrets: bool, tmp_path: Path) -> None:
    run = sim.tls(version, seed=5)
    last = max(n for n in range(1, 9) if _cut(run, version, n) is not None)
    trace = reread(_cut(run, version, last) or run, tmp_path, None, secrets=secrets)
    found = trace.diagnose()
    assert ("truncation", "server") in told(found) or ("truncation", "client") in told(found), str(found)
    assert reread(run, tmp_path, None, secrets=secrets).diagnose().findings == ()


def _cut(run: Trace, version: str, record: int) -> Trace | None:
    """The same run, without what the server sends from its record `record` on, if that is its good-bye."""
    try:
        cut = sim.tls(version, seed=5, tampering=[sim.cut_off("server", record)])
    except ValueError:
        return None
    names = [(m.name, m.sender) for m in cut.messages if m.layer == "TLS"]
    return cut if ("application data", "server") in names and ("Alert", "server") not in names else None


# ---- Recordings ------------------------------------------------------------------------------------------

RECORDED = {
    "k01_handshake_data_close.pcap": [], "k01ng_handshake_data_close.pcapng": [],
    "k02_connection_refused.pcap": [("refused port", "server", 2)],
    "t01_tls12_rsa_aes128_sha256_noems_noetm.pcap": [], "t06_tls12_ecdhe_rsa_aes128_gcm.pcap": [],
    "t11_tls13_default_oneway.pcap": [],
}  # fmt: skip


@needs_captures
@pytest.mark.parametrize("name", RECORDED)
def test_recordings_are_told_as_their_names_say(name: str, tmp_path: Path) -> None:
    path = VECTORS / "captures" / name
    keys = path.with_suffix(".keylog")
    for log in {keys if keys.exists() else None, None}:
        found = capture.read(path, keylog=log).diagnose()
        assert [(each.cause, each.end, each.transit) for each in found] == RECORDED[name]
        words = str(found)
        if name.startswith("t"):
            assert ("TLS 1.2" if "tls12" in name else "TLS 1.3") in words
            assert ("_RSA_WITH_AES_128" if "rsa" in name else "TLS_AES_256") in words
            if log or "tls12" in name:
                assert "one-way authentication" in words
            assert ("it was opened" in " ".join(words.split())) is (log is not None)
        elif name.startswith("k01"):
            assert "closed first" in words


# ---- What it says ----------------------------------------------------------------------------------------


def test_every_cause_has_words_and_something_to_try() -> None:
    for cause, (means, remedy) in CAUSES.items():
        assert means.endswith("."), cause
        assert remedy.endswith((".", "?"))
    assert cause_of("refused client certificate: revoked") is CAUSES["refused client certificate"]
    assert cause_of("alert: internal_error") is CAUSES["alert"]


def plain(page: str) -> str:
    text = re.sub(r"<(style|svg|figure|details)\b.*?</\1>", " ", page, flags=re.DOTALL)
    text = re.sub(r"</?code>", "`", text)
    text = re.sub(r"<[^>]+>", " ", text)
    for code, letter in (("&#x27;", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(code, letter)
    return " ".join(text.split())


@pytest.mark.parametrize("name", ["refused", "SYN lost", "reboot, then data", "flood", "nothing"])
def test_the_page_says_what_the_text_says(name: str, tmp_path: Path) -> None:
    trace = reread(TCP[name][0](), tmp_path, "server" if name == "flood" else "client")
    found = trace.diagnose()
    page = report(trace, found)
    words = plain(page)
    assert found.head in words
    assert found.summary() in words
    for story in found.stories.values():
        for line in (story.title, *story.lines, *story.unseen):
            assert " ".join(line.split()) in words
    for each in found:
        for _, line in each.lines():
            assert " ".join(line.split()) in words
    assert "<svg" in page
    assert not re.search(r'(src|href)="(?!#)', page), "nothing is fetched"
    assert "<script" not in page


# ---- The command -----------------------------------------------------------------------------------------


def test_the_command_tells_and_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = TCP["refused"][0]().save(tmp_path / "refused.pcapng")
    out = tmp_path / "page.html"
    assert cli.main(["explain", str(path), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "refused port" in told
    assert "which means" in told
    assert "refused port" in out.read_text()
    assert list(tmp_path.glob("*.new")) == []


@pytest.mark.parametrize(("arguments", "words"), [
    (["nowhere.pcap"], "cannot be read"), (["text.pcap"], "expected a pcap or pcapng"),
    (["empty.pcap"], "expected a pcap or pcapng"), (["."], "cannot be read"),
    (["good.pcapng", "--keylog", "nowhere"], "nowhere: it cannot be read"),
    (["good.pcapng", "--keylog", "text.pcap"], "text.pcap"),
    (["good.pcapng", "--rsa-key", "text.pcap"], "key in PEM"),
    (["good.pcapng", "-o", "."], "it is a folder"),
    (["good.pcapng", "-o", "no/page.html"], "cannot be written"),
])  # fmt: skip
def test_what_cannot_be_explained_says_why_in_one_sentence(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.pcap").write_text("a text that is no capture\n" * 9)
    (tmp_path / "empty.pcap").write_text("")
    TCP["refused"][0]().save(tmp_path / "good.pcapng")
    assert cli.main(["explain", *arguments]) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1


def hostile(run: Trace, folder: Path) -> bytes:
    return run.save(folder / "run.pcapng").read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_capture_holds_there_is_an_answer(data: st.DataObject, tmp_path: Path) -> None:
    """Bytes changed anywhere, or cut off: findings or one sentence, and never another exception."""
    whole = bytearray(hostile(HOSTILE[data.draw(st.integers(0, len(HOSTILE) - 1))](), tmp_path))
    for _ in range(data.draw(st.integers(0, 12))):
        at = data.draw(st.integers(28, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 400))
    path = tmp_path / "hostile.pcapng"
    path.write_bytes(bytes(whole[: len(whole) - cut] if data.draw(st.booleans()) else whole))
    try:
        trace = capture.read(path)
    except ValueError:
        return
    found = trace.diagnose()
    assert isinstance(str(found), str)
    for each in found:
        assert isinstance(each, Finding)
        assert each.cause.partition(":")[0] in CAUSES
        assert trace[each.transit].connection == each.connection


HOSTILE = [
    partial(sim.tls, "TLS 1.2", seed=5), partial(sim.tls, "TLS 1.3", seed=5, client_auth="required"),
    partial(with_defect, "wrong_host"), partial(sim.flood, rate=30.0, seconds=1.0), short,
]  # fmt: skip


def test_names_in_a_capture_cannot_speak_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = hostile(with_defect("wrong_host"), tmp_path)
    name = case("wrong_host").server_name or ""
    evil = (name.encode()[:-4] + b"\x1b[2J")[: len(name)]
    path = tmp_path / "evil.pcapng"
    path.write_bytes(data.replace(name.encode(), evil))
    assert cli.main(["explain", str(path), "-o", str(tmp_path / "page.html")]) == 0
    assert "\x1b" not in capsys.readouterr().out


Row = tuple[float, bytes, int]
"""A packet of a capture: when, what was kept, how long it was."""


def rows_of(run: Trace, at: str = "client") -> list[Row]:
    """A run as a capture at one end has it, row by row."""
    found = []
    for each in run.transits:
        time = each.sent if each.sender == at else each.arrived
        if time is not None:
            found.append((time, each.frame, len(each.frame)))
    return sorted(found, key=lambda row: row[0])


def captured(rows: list[Row], folder: Path) -> Trace:
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for time, kept, length in rows:
        out += struct.pack("<IIII", int(time), round(time % 1 * 1e6) % 1_000_000, len(kept), length) + kept
    path = folder / "rows.pcap"
    path.write_bytes(bytes(out))
    return capture.read(path)


HEALTHY: dict[str, Callable[[], Trace]] = {
    "TCP": short, "TLS 1.2": partial(sim.tls, "TLS 1.2", seed=5),
    "TLS 1.3": partial(sim.tls, "TLS 1.3", seed=5),
    "mutual": partial(sim.tls, "TLS 1.3", seed=5, client_auth="required"),
    "half-close": lambda: sim.calls(
        {0.0: "open", 0.5: b"all of it", 0.6: "shutdown"},
        {0.0: "listen", 1.0: b"so be it", 1.1: "close"}, until=9.0,
    ),
    "keep-alive": lambda: sim.calls(
        {0.0: "open"}, {0.0: "listen"}, until=60.0, keep_alive=KeepAlive(10.0, 2.0, 3)
    ),
}  # fmt: skip

CAPTURES: dict[str, Callable[[list[Row]], list[Row]]] = {
    "each packet twice": lambda rows: [each for t, *rest in rows for each in ((t, *rest), (t + 3e-6, *rest))],
    "of one end": lambda rows: [row for row in rows if row[1][26:30] == rows[0][1][26:30]],
    "of the other end": lambda rows: [row for row in rows if row[1][26:30] != rows[0][1][26:30]],
    "without its SYN,ACK": lambda rows: rows[:1] + rows[2:],
    "from its middle on": lambda rows: rows[len(rows) // 2 :],
    "from its end on": lambda rows: rows[-4:],
    "up to its middle": lambda rows: rows[: len(rows) // 2],
    "cut short": lambda rows: [(time, kept[:200], length) for time, kept, length in rows],
    "cut very short": lambda rows: [(time, kept[:60], length) for time, kept, length in rows],
    "only SYNs": lambda rows: rows[:2],
}  # fmt: skip
"""What captures leave out."""


@pytest.mark.parametrize("how", CAPTURES)
@pytest.mark.parametrize("name", HEALTHY)
def test_a_capture_that_shows_only_a_part_accuses_nobody(name: str, how: str, tmp_path: Path) -> None:
    rows = CAPTURES[how](rows_of(HEALTHY[name]()))
    found = captured(rows, tmp_path).diagnose()
    assert [each.cause for each in found if each.cause != "no answer"] == [], str(found)
    if how == "each packet twice":
        assert "packets are in the capture twice" in " ".join(str(found).split())
    if how.startswith("of "):
        assert "was captured" in str(found)


def test_of_two_ends_without_good_bye_the_first_cuts_off(tmp_path: Path) -> None:
    """Whoever closes next only answers."""
    run = sim.tls("TLS 1.2", seed=5)
    alerts = {m.sources[-1].transit for m in run.messages if m.layer == "TLS" and m.name == "Alert"}
    rows = []
    for each in run.transits:
        if each.number not in alerts and each.arrived is not None:
            rows.append((each.sent or 0.0, each.frame, len(each.frame)))
    found = captured(rows, tmp_path).diagnose()
    assert found.findings == (), "what is missing may have been a good-bye"
    assert "not captured" in str(found)


@pytest.mark.parametrize("calls", [1, 30])
def test_who_resets_what_it_has_just_opened_makes_no_flood(calls: int, tmp_path: Path) -> None:
    rows: list[Row] = []
    for n in range(calls):
        run = sim.calls({0.0: "open", 0.05: "abort"}, {0.0: "listen"}, until=0.2, addresses=(
            ("10.0.0.1", 40000 + n), ("10.0.0.2", 80)))  # fmt: skip
        rows += [(n * 0.1 + time, kept, length) for time, kept, length in rows_of(run)]
    found = captured(sorted(rows, key=lambda row: row[0]), tmp_path).diagnose()
    assert {each.cause for each in found} <= {"reset"}


def test_many_connections_and_many_records_take_no_more_than_their_share(tmp_path: Path) -> None:
    """Nothing in it grows with the square: counted in calls of Python, and not in time."""
    import cProfile
    import pstats

    counts = []
    for size in (400, 1600):
        rows: list[Row] = []
        frame = bytearray(rows_of(short())[0][1])
        for n in range(size):
            frame[34:36] = struct.pack("!H", 1024 + n)
            frame[36:38] = struct.pack("!H", 2000 + n)
            rows.append((n * 0.05, bytes(frame), len(frame)))
        trace = captured(rows, tmp_path)
        profile = cProfile.Profile()
        profile.enable()
        str(trace.diagnose())
        profile.disable()
        counts.append(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
    assert counts[1] < 6 * counts[0], counts


def test_a_capture_that_begins_in_the_middle_says_so(tmp_path: Path) -> None:
    """Without the handshake, and with packets cut short, it tells what it can."""
    run = sim.tls("TLS 1.2", seed=5)
    path = tmp_path / "part.pcap"
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for transit in list(run.transits)[4:]:
        frame = transit.frame[:90]
        out += struct.pack("<IIII", int(transit.time), 0, len(frame), len(transit.frame)) + frame
    path.write_bytes(bytes(out))
    found = capture.read(path).diagnose()
    words = str(found)
    assert "It was open before the capture began." in words
    assert "packets were cut short by the capture" in words
    assert found.findings == ()

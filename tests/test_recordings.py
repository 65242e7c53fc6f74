"""What `explain` says of recordings of real kernels and OpenSSL: wholes and parts, with secrets and without.

See tests/recordings/README.md.  Each row: (cause, end, packet) of every finding with what is at hand, and
without the key log where that tells less.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from handshake import capture
from handshake.show.report import report

RECORDINGS = Path(__file__).parent / "recordings"

PAGES = ("icmp_unreach", "lostsynack", "flood_rst", "cli_unknownca_13", "badmac_s13", "part_lostsyn_doubled")
"""Those whose page is drawn as well, which takes longer than all else."""

Told = list[tuple[str, str, int]]

EXPECTED: dict[str, tuple[Told, Told | None]] = {
    "lostsyn": ([("lost SYN", "client", 2)], None),
    "lostsynack": ([("lost SYN+ACK", "client", 2)], None),
    "lostack_serverspeaks": ([("lost ACK", "server", 4)], None),
    "lostdata_rto": ([("lost data", "client", 5)], None),
    "rst_client_data": ([("reset", "client", 8)], None),
    "rst_server_data": ([("reset", "server", 8)], None),
    "refused6": ([("refused port", "server", 2)], None),
    "keepalive_dead": ([("dead peer found by keep-alive", "client", 11)], None),
    "halfopen_data": ([("half-open", "server", 9)], None),
    "halfopen_reconnect": ([("half-open", "client", 9)], None),
    "icmp_unreach": ([("no answer", "server", 2)], None),
    "outofwindow_rst": ([], None),
    "firewall_reset_mid_atserver": ([("reset", "client", 8)], None),
    "flood_10": ([("SYN flood", "client", 1)], None),
    "flood_rst": ([("SYN flood", "client", 1)], None),
    "part_rst_client_only": ([("reset", "client", 5)], None),
    "part_lostsyn_doubled": ([("lost SYN", "client", 3)], None),
    "unknownca_12": ([("unknown CA", "client", 10)], None),
    "expired_13": ([("expired", "client", 10)], None),
    "revoked_12": ([("revoked", "client", 10)], None),
    "wrongname_sni12": ([("wrong name", "client", 10)], None),
    "wrongname_sni13": ([("wrong name", "client", 10)], [("refused certificate", "client", 10)]),
    "wrongname_snimatch12": ([("wrong name", "client", 10)], None),
    "srvip_py_12": ([("wrong name", "client", 8)], None),
    "srv_purpose_12": ([("refused certificate", "client", 10)], None),
    "cli_none_12": ([("missing client certificate", "server", 11)], None),
    "cli_none_13": ([("missing client certificate", "server", 11)], [("unknown", "server", 11)]),
    "cli_unknownca_13": (
        [("refused client certificate: unknown CA", "server", 11)],
        [("unknown", "server", 11)],
    ),
    "mutual_revoked_12": ([("refused client certificate: revoked", "server", 13)], None),
    "suites12_ecdsaonly": ([("no shared cipher", "server", 6)], None),
    "ver_s13_c12": ([("version refused", "server", 6)], None),
    "ver_s10_c12": ([("version refused", "client", 10)], None),
    "badmac_c12": ([("bad MAC", "server", 14)], []),
    "badmac_s13": ([("bad MAC", "client", 13)], []),
    "nobye12_s_fin": ([("truncation", "server", 14)], None),
    "nobye12_s_reord": ([("truncation", "server", 13)], None),
    "nobye13_s_fin": ([("truncation", "server", 16)], None),
    "tls_to_http": ([("no TLS", "server", 6)], None),
    "server_closes_on_hello": ([("unknown", "server", 6)], None),
    "client_leaves_after_cert12": ([("unknown", "client", 8)], None),
    "part_clinone_start_at_9": ([("missing client certificate", "server", 3)], None),
    "v10": ([], None),
    "v13": ([], None),
    "plain6": ([], None),
    "simopen": ([], None),
    "fastopen": ([], None),
    "timewait_reuse": ([], None),
    "hrr": ([], None),
    "padding13": ([], None),
    "ccm8_13": ([], None),
    "keyupdate": ([], None),
    "simclose": ([], None),
    "keepalive_ok": ([], None),
    "part_server_only_healthy12": ([], None),
    "part_v12_start_at_11": ([], None),
    "part_early_client_only": ([], None),
}


def test_every_recording_is_judged() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.pcap")} == set(EXPECTED)
    assert {path.stem for path in RECORDINGS.glob("*.keylog")} <= set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_told_of_it(name: str) -> None:
    path = RECORDINGS / f"{name}.pcap"
    whole, bare = EXPECTED[name]
    keys = path.with_suffix(".keylog")
    trace = capture.read(path, keylog=keys if keys.exists() else None)
    found = trace.diagnose()
    assert [(each.cause, each.end, each.transit) for each in found] == whole
    if name in PAGES:
        page = report(trace, found)
        for each in found:
            assert each.cause in page
            assert f"packet {each.transit}" in page
    if keys.exists():
        found = capture.read(path).diagnose()
        assert [(each.cause, each.end, each.transit) for each in found] == (whole if bare is None else bare)

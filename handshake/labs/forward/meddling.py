"""Notebook 09: somebody on the way takes versions out of the hello; somebody sends early data again."""

from __future__ import annotations

from typing import Any

from handshake import show, sim, wire
from handshake.labs.lab import Lab, Outcome, amount, choice, one_of, slider, switch, whole, within
from handshake.trace import Trace

SERVERS = {"speaks TLS 1.3 and 1.2": ["TLS 1.3", "TLS 1.2"], "speaks TLS 1.2 only": ["TLS 1.2"]}
"""What the server can do."""

SUITES = ["TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]


def _unmarked(hello: Any) -> Any:
    """A ServerHello whose random ends in something else than the mark."""
    return wire.replace(hello, random=hello.random[:24] + bytes(range(8)))


def downgraded(stripped: bool, server: str, unmarked: bool = False) -> Trace:
    """A client that speaks both versions."""
    one_of("server", server, SERVERS)
    deeds = [sim.strip_versions("TLS 1.2")] if stripped else []
    deeds += [sim.edit_message("server", "ServerHello", _unmarked)] if unmarked else []
    both: dict[str, Any] = {"suites": SUITES}
    return sim.tls(
        "TLS 1.3", seed=7, client={**both, "versions": ["TLS 1.3", "TLS 1.2"]},
        server={**both, "versions": SERVERS[server]},
        tampering=deeds,
        title=f"The server {server}{', and the hello was stripped' * stripped}",
    )  # fmt: skip


def downgrade(
    stripped: bool = True, server: str = "speaks TLS 1.3 and 1.2", unmarked: bool = False
) -> Outcome:
    """A client that speaks TLS 1.3 and 1.2.

    stripped: whether somebody on the way takes TLS 1.3 out of its hello.   server: one of SERVERS.
    unmarked: whether they also put something else in the place of the mark in the server's random.
    """
    run = downgraded(stripped, server, unmarked)
    hello = next((each for each in run.layer("TLS").messages if each.name == "ServerHello"), None)
    tail = hello.data[30:38] if hello else b""
    failed = next((step for step in run.above if step.after["state"] == "FAILED"), None)
    version = next((step.after["version"] for step in reversed(run.above) if step.end == "client"), "")
    mark = (
        f"The random that arrives ends in {tail.decode('latin-1')!r}"
        if tail.startswith(b"DOWNGRD")
        else ("The server's random ends in nothing but chance")
    )
    if failed is None:
        words = f"They speak {version}. {mark}."
    else:
        why = failed.notes[-1].partition(": ")[2].partition(" (RFC")[0]
        words = f"{mark}. The {failed.end} goes no further: \u201c{why}\u201d."
    return Outcome(words, (show.timeline(run.layer("TLS")),), run)


def downgrade_lab() -> Lab:
    """`downgrade`, with controls."""
    return Lab(
        "Somebody takes TLS 1.3 out of the hello", downgrade,
        stripped=switch("the hello is stripped", True),
        server=choice("the server", list(SERVERS), "speaks TLS 1.3 and 1.2"),
        unmarked=switch("and the mark is taken out as well", False),
    )  # fmt: skip


def replay(
    single_use: bool = False, later: float = 1.0, times: int = 1, other_server: bool = False
) -> Outcome:
    """An order in early data, recorded on its way and sent again.

    single_use: whether the server takes a ticket once only.   later: after how many seconds it comes again.
    times: how often it is sent.   other_server: whether to another server, with a memory of its own.
    """
    within("later", later, 0, 60)
    times = whole("times", times, 1, 5)
    found = sim.replayed(single_use=single_use, later=float(later), times=times, other_server=other_server)
    notes = [note for step in found.again.above if step.end == "server" for note in step.notes]
    kinds = ("says that the ticket", "no use here", "early")
    told = next((note for kind in kinds for note in notes if kind in note), "")
    often = f", {times} times" if times > 1 else ""
    what = "another server" if other_server else "the server"
    words = f"The recording comes {later:g} s later{often}, to {what}: {found}. The server: {told}."
    return Outcome(
        words,
        (show.beside(the_client=show.timeline(found.first.layer("TLS")),
                     the_recording=show.timeline(found.again.layer("TLS"))),),
    )  # fmt: skip


def replay_lab() -> Lab:
    """`replay`, with controls."""
    return Lab(
        "Early data, sent again", replay,
        single_use=switch("a ticket is good for once", False),
        later=amount("seconds later", 1.0, 0.0, 60.0, 0.5), times=slider("how often it is sent", 1, 1, 5),
        other_server=switch("to another server, with a memory of its own", False),
    )  # fmt: skip

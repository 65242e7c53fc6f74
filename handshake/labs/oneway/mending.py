"""Notebook 07: what may be changed on the way, and who notices; and how one suite is chosen of many."""

from __future__ import annotations

from typing import Any

from handshake import live, show, sim
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, whole
from handshake.sim.inpath import Tamper
from handshake.tls.alerts import ALERTS, NUMBERS
from handshake.trace import Trace

TARGETS: dict[str, tuple[str, str | int]] = {
    "ClientHello": ("client", "ClientHello"),
    "ServerHello": ("server", "ServerHello"),
    "the server's Certificate": ("server", "Certificate"),
    "ClientKeyExchange": ("client", "ClientKeyExchange"),
    "the client's Finished": ("client", 4),
    "the client's data": ("client", 5),
}
"""What a bit may be flipped in: whose, and which message or record."""

DEEDS = {
    "flip a bit": sim.flip_byte,
    "leave out": sim.drop_record,
    "send twice": sim.repeat_record,
    "send back to its sender": sim.reflect_record,
    "end the connection after": sim.cut_off,
}
"""What may be done to a record of the client's."""

PAIRS = {
    "our client, our server": "",
    "our client, OpenSSL's server": "client",
    "OpenSSL's client, our server": "server",
}


def tamper(target: str, at: int, bit: int) -> Tamper:
    """The bit that is flipped."""
    end, which = TARGETS[target]
    return sim.flip_byte(end, which, at, bit)


def ran(pair: str, what: Tamper) -> Trace:
    """The connection between two ends, with somebody in the path."""
    if not PAIRS[pair]:
        return sim.tls(key_exchange="RSA", seed=7, tampering=[what])
    return live.tls(ours=PAIRS[pair], key_exchange="RSA", seed=7, tampering=[what])


def noticed(run: Trace) -> tuple[str, str, str]:
    """Who noticed first, by which message, and with which alert; "nobody" if nobody did."""
    for step in run.above:
        if step.after["state"] == "FAILED" and not step.cause.startswith("rcv alert"):
            sent = [m.details[0] for m in run.named("Alert") if m.sender == step.end and m.details]
            alert = next((str(each.value) for each in sent if each.label == "fatal"), "")
            return step.end, step.notes[-1] if step.notes else "", alert
    return "nobody", "", ""


def tampering(target: str = "ServerHello", at: int = 20, bit: int = 0, openssl: bool = True) -> Outcome:
    """Flip one bit of one message on its way, in an RSA handshake: who notices, and with which alert.

    target: one of TARGETS.   at: which byte of it; beyond the end it is the last.   bit: which of its bits.
    openssl: whether the same is done to OpenSSL, at either end.
    """
    one_of("target", target, TARGETS)
    at, bit = whole("at", at, 0, 600), whole("bit", bit, 0, 7)
    rows, alerts = [], set()
    for pair in PAIRS if openssl else list(PAIRS)[:1]:
        who, why, alert = noticed(ran(pair, tamper(target, at, bit)))
        alerts.add((who, alert))
        rows.append((pair, who, alert or "–", why))
    who, alert = next(iter(alerts)) if len(alerts) == 1 else ("", "")
    if len(alerts) > 1:
        words = "The ends differ in who notices, or in the alert."
    elif who == "nobody":
        words = "Nobody notices: one waits for more of a message that never comes, the other for an answer."
    else:
        says = f" ({NUMBERS[alert]}): \u201c{ALERTS[NUMBERS[alert]].says}\u201d" if alert in NUMBERS else ""
        words = f"The {who} notices, and says {alert or 'nothing'}{says}."
    return Outcome(
        f"Bit {bit} of byte {at} of {target} is flipped on its way. {words}",
        (
            show.table(
                ("between", "who notices", "alert", "in its words"),
                rows,
                title="The same bit, three pairs of ends",
            ),
        ),
    )


def tampering_lab() -> Lab:
    """`tampering`, with controls."""
    return Lab(
        "One bit is flipped: who notices?", tampering,
        target=choice("in", list(TARGETS), "ServerHello"),
        at=slider("byte", 20, 0, 600), bit=slider("bit", 0, 0, 7),
        openssl=switch("the same with OpenSSL", True),
    )  # fmt: skip


SUITES = {
    "RSA, CBC": "AES128-SHA256",
    "RSA, GCM": "AES128-GCM-SHA256",
    "ECDHE, CBC": "ECDHE-RSA-AES128-SHA256",
    "ECDHE, GCM": "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE, ChaCha20": "ECDHE-RSA-CHACHA20-POLY1305",
}
ORDERS: dict[str, list[str]] = {
    "strongest first": ["ECDHE, GCM", "ECDHE, ChaCha20", "ECDHE, CBC", "RSA, GCM", "RSA, CBC"],
    "oldest first": ["RSA, CBC", "RSA, GCM", "ECDHE, CBC", "ECDHE, ChaCha20", "ECDHE, GCM"],
    "only RSA": ["RSA, GCM", "RSA, CBC"],
    "only ChaCha20": ["ECDHE, ChaCha20"],
}
"""Lists of suites, best first."""


def choosing(
    client: str = "strongest first", server: str = "oldest first", stripped: bool = False
) -> Outcome:
    """Two lists of suites, and the one that comes of them.

    client, server: each one of ORDERS.   stripped: somebody takes the suites of ECDHE out of the ClientHello.
    """
    one_of("client", client, ORDERS)
    one_of("server", server, ORDERS)
    names = {
        end: [SUITES[each] for each in ORDERS[order]]
        for end, order in (("client", client), ("server", server))
    }
    tampering_: list[Any] = (
        [sim.strip_suites(*[SUITES[each] for each in ORDERS["only RSA"]])] if stripped else []
    )
    run = sim.tls(
        key_exchange="RSA", seed=7, client={"suites": names["client"]}, server={"suites": names["server"]},
        tampering=tampering_,
    )  # fmt: skip
    chosen = next((str(m.details[0].value) for m in run.messages if m.name == "ServerHello"), "")
    who, why, alert = noticed(run)
    rows = []
    for n in range(max(map(len, names.values()))):
        rows.append((n + 1, *(names[end][n] if n < len(names[end]) else "" for end in ("client", "server"))))
    table = show.table(
        ("place", "the client offers", "the server prefers"), rows, title="Two lists, best first"
    )
    if not chosen:
        return Outcome(f"There is no suite that both have. The {who} says {alert}.", (table,))
    words = f"The server answers with one: {chosen}. It goes by its own order."
    if who != "nobody":
        words += f" But the {who} notices, at Finished: {why.partition(': ')[2].partition(' (RFC')[0]}."
    return Outcome(words, (table,))


def choosing_lab() -> Lab:
    """`choosing`, with controls."""
    return Lab(
        "Which suite comes of two lists?", choosing,
        client=choice("the client's list", list(ORDERS), "strongest first"),
        server=choice("the server's list", list(ORDERS), "oldest first"),
        stripped=switch("somebody strips the ClientHello", False),
    )  # fmt: skip

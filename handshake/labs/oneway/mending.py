"""Notebook 07: what may be changed on the way, and who notices; and how one suite is chosen of many."""

from __future__ import annotations

from typing import Any

from handshake import live, show, sim
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, whole
from handshake.sim.inpath import Tamper
from handshake.tls import decode_handshake
from handshake.tls.alerts import ALERTS, NUMBERS
from handshake.tls.forms import read_form
from handshake.tls.suites import find, suite_name
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


def ran(pair: str, what: Tamper, extended: bool = True) -> Trace:
    """The connection between two ends, with somebody in the path."""
    if not PAIRS[pair]:
        given = {"extended_master_secret": extended}
        return sim.tls(key_exchange="RSA", seed=7, tampering=[what], client=given)
    return live.tls(
        ours=PAIRS[pair], key_exchange="RSA", seed=7, tampering=[what], extended_master_secret=extended
    )


def field(run: Trace, target: str, at: int, bit: int) -> str:
    """The field in which a bit stood before it was flipped; the last byte of a message that is shorter."""
    end, which = TARGETS[target]
    if isinstance(which, int):
        return "the sealed record"
    found = next((each for each in run.named(which) if each.sender == end), None)
    if found is None:
        return "the message's type"
    place = min(at, len(found.data) - 1)
    data = bytearray(found.data)
    data[place] ^= 0x80 >> bit
    names = [span.name for span in read_form(found.form, bytes(data)) if span.start <= place < span.end]
    return f"byte {place}: {names[0] if names else 'the message'}"


def noticed(run: Trace) -> tuple[str, str, str]:
    """Who noticed first, by which message, and with which alert; "nobody" if nobody did."""
    for step in run.above:
        if step.after["state"] == "FAILED" and not step.cause.startswith("rcv alert"):
            sent = [m.details[0] for m in run.named("Alert") if m.sender == step.end and m.details]
            alert = next((str(each.value) for each in sent if each.label == "fatal"), "")
            return step.end, step.notes[-1] if step.notes else "", alert
    return "nobody", "", ""


def tampering(
    target: str = "ServerHello", at: int = 20, bit: int = 0, extended: bool = True, openssl: bool = True
) -> Outcome:
    """Flip one bit of one message on its way, in an RSA handshake: who notices, and with which alert.

    target: one of TARGETS.   at: which byte of it; beyond the end it is the last.   bit: 0 is the leftmost.
    extended: with the extended master secret.   openssl: whether the same is done to OpenSSL, at either end.
    """
    one_of("target", target, TARGETS)
    at, bit = whole("at", at, 0, 600), whole("bit", bit, 0, 7)
    rows, alerts = [], set()
    for pair in PAIRS if openssl else list(PAIRS)[:1]:
        run = ran(pair, tamper(target, at, bit), extended)
        who, why, alert = noticed(run)
        alerts.add((who, alert))
        rows.append((pair, field(run, target, at, bit), who, alert or "–", why))
    who, alert = next(iter(alerts)) if len(alerts) == 1 else ("", "")
    if len(alerts) > 1:
        words = "The ends differ in who notices, or in the alert: see whether it is the same field."
    elif who == "nobody":
        words = "Nobody notices: one waits for more of a message that never comes, the other for an answer."
    else:
        says = f" ({NUMBERS[alert]}): \u201c{ALERTS[NUMBERS[alert]].says}\u201d" if alert in NUMBERS else ""
        words = f"The {who} notices, and says {alert or 'nothing'}{says}."
    columns = ("between", "what is hit", "who notices", "alert", "in its words")
    table = show.table(columns, rows, title="The same bit, three pairs of ends")
    return Outcome(f"Bit {bit} of byte {at} of {target} is flipped on its way. {words}", (table,))


def tampering_lab() -> Lab:
    """`tampering`, with controls."""
    return Lab(
        "One bit is flipped: who notices?", tampering,
        target=choice("in", list(TARGETS), "ServerHello"),
        at=slider("byte", 20, 0, 600), bit=slider("bit", 0, 0, 7),
        extended=switch("extended master secret", True), openssl=switch("the same with OpenSSL", True),
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
    hello: Any = decode_handshake(run["ClientHello"].data)
    came = [suite_name(number) for number in hello.cipher_suites]
    lists = {end: [find(name).name for name in names[end]] for end in names}
    rows = [
        (n + 1, *(each[n] if n < len(each) else "" for each in (lists["client"], came, lists["server"])))
        for n in range(max(map(len, lists.values())))
    ]
    columns = ("place", "the client offers", "what arrives", "the server prefers")
    table = show.table(columns, rows, title="Two lists, best first")
    who, why, alert = noticed(run)
    stripped_ = "" if not stripped else (
        "Nothing could be stripped. " if came == lists["client"] else "The list was stripped on its way. "
    )  # fmt: skip
    if not chosen:
        return Outcome(f"{stripped_}There is no suite that both have. The {who} says {alert}.", (table,))
    words = f"{stripped_}The server answers with one: {chosen}."
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

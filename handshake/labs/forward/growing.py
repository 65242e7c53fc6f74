"""Notebook 09: the key schedule as a tree; change one thing, and see which branches become others."""

from __future__ import annotations

from handshake import show, sim
from handshake.labs.lab import Lab, Outcome, choice, one_of
from handshake.tls import derive13
from handshake.tls.known import CHANGE_CIPHER_SPEC, Agreed, Told
from handshake.tls.protection13 import Protection13
from handshake.tls.schedule import KeySchedule
from handshake.tls.suites import find
from handshake.trace import Secret, Trace

VISITS = {"first": "A first visit", "second": "A second visit, with early data"}

CHANGES = {
    "nothing": "",
    "the PSK": "PSK",
    "what (EC)DHE gave": derive13.SHARED,
    "the ClientHello": "ClientHello",
    "the ServerHello": "ServerHello",
    "EncryptedExtensions": "EncryptedExtensions",
    "the client's Finished": "Finished",
}
"""What may be changed: one bit of it."""


def run_of(visit: str = "first") -> Trace:
    """The connection of this lab."""
    one_of("visit", visit, VISITS)
    if visit == "first":
        return sim.tls("TLS 1.3", seed=7)
    return sim.resumed(early=b"GET / HTTP/1.1\r\n\r\n", seed=7)


def derived(run: Trace, changed: str = "nothing") -> list[Secret]:
    """The client's secrets, made anew from the messages of a run, with one bit of one thing changed."""
    known = {secret.label: secret for secret in run.secrets if secret.end == "client"}
    what = CHANGES[changed]
    told = [
        Told(each.number, each.sender, each.name, each.plaintext or each.data)
        for each in run.layer("TLS").messages
        if each.form.startswith("handshake") and each.name != "NewSessionTicket"
    ]
    last = max(n for n, each in enumerate(told) if each.name == "Finished")
    changing = last if what == "Finished" else next((n for n, e in enumerate(told) if e.name == what), -1)
    told = [each._replace(data=_flipped(each.data)) if n == changing else each for n, each in enumerate(told)]
    agreed = Agreed("TLS 1.3", find("TLS_AES_128_GCM_SHA256"), client_random=run["ClientHello"].data[6:38])
    for name, number, at in known[derive13.SHARED].inputs:
        if name == "server's public value" and number is not None and at is not None:
            agreed.places["server share"] = (number, at)
    values = {label: known[label].value for label in ("PSK", derive13.SHARED) if label in known}
    if what in values:
        values[what] = _flipped(values[what])
    return _schedule(agreed, told, values)


def _schedule(agreed: Agreed, told: list[Told], values: dict[str, bytes]) -> list[Secret]:
    """The whole schedule, from the messages and what was put in."""
    psk, dhe = values.get("PSK"), values[derive13.SHARED]
    schedule = KeySchedule("sha256", psk)
    found = derive13.early(schedule, agreed, "client", psk)
    stages = {
        "client_hello": ("ClientHello", (("client_early_traffic_secret", "client", "early data"),)),
        "server_hello": ("ServerHello", (("server_handshake_traffic_secret", "server", "handshake"),
                                         ("client_handshake_traffic_secret", "client", "handshake"))),
        "server_finished": ("server Finished", (("server_application_traffic_secret_0", "server", "data"),
                                                ("client_application_traffic_secret_0", "client", "data"))),
        "client_finished": ("client Finished", ()),
    }  # fmt: skip
    for stage, (until, keys) in stages.items():
        if stage == "client_hello" and psk is None:
            continue
        so_far = _until(told, until)
        if stage == "server_hello":
            found.append(derive13.shared(dhe, agreed, "client"))
        messages = b"".join(each.data for each in so_far)
        found += derive13.advance(
            schedule, stage, agreed, "client", messages, so_far, dhe if stage == "server_hello" else None
        )
        for name, writer, kept in keys:
            protection = Protection13(agreed.in_use, schedule.secrets[name], writer=writer, stage=kept)
            found += derive13.keys_of(name, protection, agreed, "client")
        if stage in ("server_finished", "client_finished"):
            whose = stage.partition("_")[0]
            before = so_far[:-1]
            data = b"".join(each.data for each in before)
            found.append(derive13.finished(schedule, whose, agreed, "client", data, before))
    return found


def _until(told: list[Told], name: str) -> list[Told]:
    """The messages up to one: "ServerHello", or "server Finished"."""
    sender, _, rest = name.rpartition(" ")
    for n, each in enumerate(told):
        if each.name == rest and sender in ("", each.sender) and each.name != CHANGE_CIPHER_SPEC:
            return told[: n + 1]
    return told


def _flipped(data: bytes) -> bytes:
    """The same with the last bit of its last byte flipped."""
    return data[:-1] + bytes([data[-1] ^ 1])


def schedule(changed: str = "nothing", visit: str = "first") -> Outcome:
    """The key schedule of a connection.

    changed: one of CHANGES, of which one bit becomes another.   visit: one of VISITS.
    """
    one_of("changed", changed, CHANGES)
    run = run_of(visit)
    honest = derived(run)
    if changed == "the PSK" and not any(each.label == "PSK" for each in honest):
        words = "On a first visit there is no PSK: zeros stand in its place, and nothing can be changed."
        return Outcome(words, (show.tree(honest),))
    other, where = derived(run, changed), VISITS[visit]
    lit = {one.label for one, two in zip(honest, other, strict=True) if one.value != two.value}
    if changed == "nothing":
        words = f"{where}. Nothing is changed: every value is as both ends have it."
    else:
        same = [each.label for each in other if each.label not in lit]
        now = [each.label for each in other if each.label in lit]
        verb = "is" if len(lit) == 1 else "are"
        words = f"{where}. One bit of {changed} is another: {len(lit)} of {len(other)} values {verb}. "
        if len(now) < len(same):
            words += f"Another: {', '.join(now)}."
        else:
            words += f"As before: {', '.join(same)}." if same else "None is as before."
    numbers = [e.number for e in run.layer("TLS").messages if e.name == CHANGES[changed]]
    return Outcome(words, (show.tree(other, lit=lit, touched=numbers[-1] if numbers else None),))


def schedule_lab() -> Lab:
    """`schedule`, with controls."""
    return Lab(
        "The key schedule: change one bit", schedule,
        changed=choice("one bit of", list(CHANGES), "nothing"),
        visit=choice("which visit", list(VISITS), "first"),
    )  # fmt: skip

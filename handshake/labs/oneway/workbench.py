"""Notebook 07: from premaster secret to keys; change one bit of one input, and see what changes."""

from __future__ import annotations

from handshake import show
from handshake.labs.lab import Lab, Outcome, choice, one_of, slider, switch, whole
from handshake.labs.oneway.explorer import run_of, told
from handshake.tls.derive import derive, finished
from handshake.tls.known import Agreed, Told
from handshake.tls.suites import find
from handshake.trace import Secret, Trace

INPUTS = ("nothing", "premaster secret", "client random", "server random", "the suites in the ClientHello")
"""What may be changed: one bit of it."""


def derived(run: Trace, extended: bool, changed: str = "nothing", bit: int = 0) -> list[Secret]:
    """The client's secrets, made anew from the messages of a run, with one bit of one input changed."""
    known = {secret.label: secret for secret in run.secrets if secret.end == "client"}
    premaster = known["premaster secret"].value
    messages = [Told(each.number, each.sender, each.name, each.plaintext or each.data) for each in told(run)]
    if changed == "premaster secret":
        premaster = _flipped(premaster, 2 + bit // 8, bit % 8)
    place = {"client random": (0, 6), "server random": (1, 6), "the suites in the ClientHello": (0, 41)}.get(
        changed
    )
    if place is not None:
        number, start = place
        one = messages[number]
        messages[number] = one._replace(data=_flipped(one.data, start + bit // 8 % 2, bit % 8))
    agreed = Agreed("TLS 1.2", find("TLS_RSA_WITH_AES_128_GCM_SHA256"))
    agreed.client_random, agreed.server_random = messages[0].data[6:38], messages[1].data[6:38]
    agreed.extended_master_secret = extended
    exchange = next(n for n, each in enumerate(messages) if each.name == "ClientKeyExchange")
    agreed.places |= {"client random": (1, 6), "server random": (2, 6), "client share": (exchange + 1, 6)}
    before = messages[: exchange + 1]
    found, _ = derive(agreed, "client", premaster, b"".join(each.data for each in before), before, None)
    handshake = [
        each for each in messages if each.name not in ("ChangeCipherSpec", "application data", "Alert")
    ]
    mine = finished(
        agreed, "client", "client", b"".join(each.data for each in handshake[:-2]), handshake[:-2]
    )
    # The server's covers the client's, as this client would have sent it.
    sent = handshake[-2]._replace(data=handshake[-2].data[:4] + mine.value)
    both = [*handshake[:-2], sent]
    return [*found, mine, finished(agreed, "client", "server", b"".join(each.data for each in both), both)]


def _flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x80 >> bit]) + data[at + 1 :]


def workbench(changed: str = "nothing", bit: int = 0, extended: bool = True) -> Outcome:
    """The derivations of the notebook's connection.

    changed: one of INPUTS.   bit: which of its first bits.   extended: with the extended master secret.
    """
    one_of("changed", changed, INPUTS)
    bit = whole("bit", bit, 0, 15)
    run = run_of("RSA")
    honest = derived(run, extended)
    other = derived(run, extended, changed, bit)
    differs = {one.label for one, two in zip(honest, other, strict=True) if one.value != two.value}
    if changed == "nothing":
        words = "Nothing is changed: every value is as both ends have it."
    else:
        same = [each.label for each in other if each.label not in differs]
        words = f"One bit of {changed} is changed: {len(differs)} of the {len(other)} secrets are others."
        words += f" The same as before: {', '.join(same)}." if same else " None is as before."
    how = (
        "The master secret is made from a hash over the handshake, as with every OpenSSL of today by default."
        if extended
        else "The master secret is made from the two randoms, as the first standard has it."
    )
    lit = set(differs)
    if changed not in ("nothing", "premaster secret"):  # then a hello has changed, and every hash over it
        lit |= {changed, *(f"the hash for {each.label}" for each in other)}
    picture = show.keys(other, changed=lit, title="From the premaster secret to the keys")
    return Outcome(f"{words}\n{how}", (picture,))


def workbench_lab() -> Lab:
    """`workbench`, with controls."""
    return Lab(
        "Change one bit", workbench,
        changed=choice("one bit of", list(INPUTS), "nothing"), bit=slider("which bit", 0, 0, 15),
        extended=switch("extended master secret", True),
    )  # fmt: skip

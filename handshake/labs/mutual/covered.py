"""Notebook 08: which messages of the handshake each proof covers, and which proofs a change breaks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from handshake import show, sim
from handshake.errors import ProtocolError
from handshake.labs.lab import Lab, Outcome, choice, one_of
from handshake.labs.oneway.mending import noticed
from handshake.show.strip import WHOLE
from handshake.sim.handshakes import NEWEST
from handshake.sim.inpath import Tamper
from handshake.tls import signing
from handshake.tls.messages import decode_handshake
from handshake.tls.schedule import transcript_hash
from handshake.tls.suites import find
from handshake.trace import Message, Trace
from handshake.wire import replace

SIGNED13 = (
    "It signs 64 spaces, the words \u201cTLS 1.3, server CertificateVerify\u201d (or client), a zero, and "
    "the hash over all messages before it."
)

VERSIONS = ("TLS 1.2", "TLS 1.3")

SKE, SERVER_CV, CLIENT_CV = "ServerKeyExchange", "server's CertificateVerify", "client's CertificateVerify"
CLIENT_FIN, SERVER_FIN = "client's Finished", "server's Finished"
PROOFS = {
    "server's signature": {"TLS 1.2": SKE, "TLS 1.3": SERVER_CV},
    "client's signature": {"TLS 1.2": CLIENT_CV, "TLS 1.3": CLIENT_CV},
    CLIENT_FIN: {"TLS 1.2": CLIENT_FIN, "TLS 1.3": CLIENT_FIN},
    SERVER_FIN: {"TLS 1.2": SERVER_FIN, "TLS 1.3": SERVER_FIN},
}
"""For each proof that may be chosen, the message that it is in."""

WHAT = {
    SKE: "It signs the two randoms and the server's public value, and nothing else.",
    SERVER_CV: SIGNED13,
    CLIENT_FIN: "It is a keyed check over all messages before it: no signature, but only who has the keys of "
    "this connection can make it.",
    SERVER_FIN: "It is a keyed check over all messages before it: no signature, but only who has the keys of "
    "this connection can make it.",
}
SIGNS = {
    "TLS 1.2": "It signs all messages before it, as they stand.",
    "TLS 1.3": SIGNED13,
}


SUBTITLE = (
    "→ from the client, ← from the server. A proof covers what stands left of it: all of it, a part, or not.",
    "(The numbers left out are ChangeCipherSpec, which is no handshake message: no proof covers it.)",
)


def _more_suites(hello: Any) -> Any:
    return replace(hello, cipher_suites=(*hello.cipher_suites, 0x002F))


def _fewer_schemes(request: Any) -> Any:
    return replace(request, schemes=request.schemes[:-1])


def _longer(certificate: Any) -> Any:
    return replace(certificate, chain=(*certificate.chain, certificate.chain[-1]))


NOTHING = "nothing"
CHANGES: dict[str, tuple[str, str, str]] = {
    NOTHING: ("", "", ""),
    "the random in the ClientHello": ("client", "ClientHello", "random"),
    "the suites in the ClientHello": ("client", "ClientHello", "suites"),
    "the random in the ServerHello": ("server", "ServerHello", "random"),
    "the schemes in the CertificateRequest": ("server", "CertificateRequest", "schemes"),
    "one certificate more in the client's Certificate": ("client", "Certificate", "chain"),
}
"""What may be changed on its way, so that it still can be read: whose, which message, which part."""

EDITS = {"suites": _more_suites, "schemes": _fewer_schemes, "chain": _longer}
SEALED13 = {"CertificateRequest": 4, "Certificate": 3}
"""In TLS 1.3, the number of the record of its sender that holds a message which cannot be read."""


@cache
def run_of(version: str = "TLS 1.2", shows: str = "good", kind: str = "RSA") -> Trace:
    """The connection of this notebook: each end says who it is."""
    one_of("version", version, VERSIONS)
    return sim.tls(version, client_auth="required", shows=shows, kind=kind, seed=7)


def tamper(version: str, change: str) -> Tamper:
    """A change, as it is made."""
    end, message, part = CHANGES[change]
    if part == "random":
        return sim.flip_byte(end, message, 14)
    if version == "TLS 1.3" and message in SEALED13:
        return sim.flip_byte(end, SEALED13[message], 20)
    return sim.edit_message(end, message, EDITS[part])


def handshake(run: Trace) -> list[Message]:
    """The messages of the handshake: no ChangeCipherSpec, no data, no ticket."""
    return [
        each for each in run.layer("TLS").messages
        if each.form.startswith("handshake") and each.name != "NewSessionTicket"
    ]  # fmt: skip


def whose(message: Message) -> str:
    """What a proof is called here: "client's Finished"; "" for a message that proves nothing."""
    if message.name == SKE:
        return SKE
    return f"{message.sender}'s {message.name}" if message.name in ("CertificateVerify", "Finished") else ""


def coverage(run: Trace) -> dict[str, tuple[int, dict[int, str]]]:
    """For each proof of a mutual handshake: the number of its message, and what it covers of which.

    What Finished covers, the run's secrets say; what a signature covers, `verifies` has tried.
    """
    messages, found = handshake(run), {}
    for n, message in enumerate(messages):
        name = whose(message)
        if name == SKE:
            covers = {messages[0].number: "random", messages[1].number: "random", message.number: "value"}
        elif message.name == "CertificateVerify":
            covers = dict.fromkeys((each.number for each in messages[:n]), WHOLE)
        elif name:
            label = f"{message.sender} verify data"
            secret = next(each for each in run.secrets if each.label == label and each.end == message.sender)
            covers = {number: WHOLE for _, number, _ in secret.inputs if number is not None}
        if name:
            found[name] = message.number, covers
    return found


def leaf_of(run: Trace, end: str = "client") -> Any:
    """The certificate that an end has shown for itself."""
    from cryptography import x509

    sent = next(each for each in handshake(run) if (each.sender, each.name) == (end, "Certificate"))
    return x509.load_der_x509_certificate(_decoded(sent).chain[0])


def verifies(run: Trace, message: Message, covered: Sequence[Message]) -> bool:
    """Whether a signature of a run verifies over these messages, with the key of its sender's certificate.

    message: a ServerKeyExchange or a CertificateVerify; of the former, the two hellos are covered.
    """
    proof = _decoded(message)
    octets = b"".join(each.plaintext or each.data for each in covered)
    if message.name == SKE:
        octets = b"".join(each.data[6:38] for each in covered) + proof.signed_part()
    elif "TLS 1.3" in message.form:
        octets = signing.content13(message.sender, transcript_hash(find(NEWEST).hash, octets))
    key = leaf_of(run, message.sender).public_key()
    try:
        signing.verify(key, proof.scheme, octets, proof.signature, message.sender)
    except ProtocolError:
        return False
    return True


def _decoded(message: Message) -> Any:
    version, exchange = ("TLS 1.3", None) if "TLS 1.3" in message.form else ("TLS 1.2", "ECDHE")
    return decode_handshake(message.plaintext or message.data, version, exchange)


def strip(proof: str = "client's signature", version: str = "TLS 1.2", changed: str = NOTHING) -> Outcome:
    """The messages in a line, and what each proof covers.

    proof: one of PROOFS.   version: "TLS 1.2" or "TLS 1.3".   changed: one of CHANGES, on its way.
    """
    one_of("proof", proof, PROOFS)
    one_of("changed", changed, CHANGES)
    run = run_of(version)
    messages, name = handshake(run), PROOFS[proof][version]
    end, hit, part = CHANGES[changed]
    number = next((each.number for each in messages if (each.sender, each.name) == (end, hit)), 0)
    blocks = [
        show.Block(each.number, each.name, each.sender, each.plaintext is not None, each.number == number)
        for each in messages
    ]
    proofs = []
    for each, (at, covers) in coverage(run).items():
        broken = (number,) if number and covers.get(number) in (WHOLE, part) else ()
        says = "" if not number else "would not fit" if broken else "fits all the same"
        says = says or ("covers parts of three" if at in covers else f"covers all {len(covers)} before it")
        proofs.append(show.Proof(each, at, covers, says, broken))
    one = next(each for each in proofs if each.name == name)
    title = f"What is covered by what, {version}"
    picture = show.strip(blocks, proofs, title=title, chosen=name, subtitle=SUBTITLE)
    words = [_said(one, messages, version)]
    if number:
        words += _after(version, changed, one)
    return Outcome("\n".join(words), (picture,))


def verdict(run: Trace) -> str:
    """Who stopped a connection first, what it waited for, why, and with which alert; in words."""
    who, why, alert = noticed(run)
    if who == "nobody":
        ends = {step.end: str(step.after["state"]) for step in run.above}
        waits = [f"the {end} in {state}" for end, state in ends.items() if state.startswith("WAIT")]
        return f"nobody refuses; {' and '.join(waits)} for ever" if waits else "nobody refuses: it goes well"
    step = next(each for each in run.above if each.after["state"] == "FAILED")
    alert = alert or why.partition("the answer is the alert ")[2]
    why = why.removeprefix("the client broke the protocol: ").removeprefix("the server broke the protocol: ")
    state = str(step.before["state"])
    why = why.partition(" (RFC")[0].removeprefix(f"in {state} the {who} ")
    return f"the {who}, in {state}: {why}; alert {alert}"


def _said(one: show.Proof, messages: list[Message], version: str) -> str:
    """What the chosen proof covers, in words."""
    before = [each for each in messages if each.number < one.at]
    left = [f"{each.number} {each.name}" for each in before if each.number not in one.covers]
    if one.at in one.covers:
        covered = "the randoms of messages 1 and 2, and the value in its own"
    else:
        covered = f"all {len(one.covers)} messages before it"
    what = WHAT.get(one.name) or SIGNS[version]
    words = f"{_the(one.name, True)}, message {one.at}, covers {covered}. {what}"
    return words + (f" Not covered: {', '.join(left)}, and what comes later." if left else "")


def _the(name: str, begins: bool = False) -> str:
    """A proof's name in a sentence."""
    return name if name == SKE else f"{'The' if begins else 'the'} {name}"


def _after(version: str, changed: str, one: show.Proof) -> list[str]:
    """What a change does to the chosen proof, and what happens to the connection."""
    fits = (
        "the two ends have not seen the same, and it cannot fit"
        if one.broken
        else "it does not cover that, and fits all the same"
    )
    run = sim.tls(version, client_auth="required", seed=7, tampering=[tamper(version, changed)])
    found = f"What really happens: {verdict(run)}."
    if version == "TLS 1.3":
        found += (
            " No proof is reached: the keys that seal the handshake are made from both hellos."
            if "Hello" in changed
            else " No proof is reached: the message is sealed, and whoever changes it has no key."
        )
    return [f"Changed on its way: {changed}. For {_the(one.name)}, {fits}.", found]


def strip_lab() -> Lab:
    """`strip`, with controls."""
    return Lab(
        "What does each proof cover?", strip,
        version=choice("version", VERSIONS, "TLS 1.2"),
        proof=choice("proof", list(PROOFS), "client's signature"),
        changed=choice("changed on its way", list(CHANGES), NOTHING),
    )  # fmt: skip

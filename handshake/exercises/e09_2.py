"""Exercise 09.2: the key schedule of TLS 1.3, down to the keys of application data."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, compare, each_of
from handshake.tls.schedule import (
    EMPTY,
    KeySchedule,
    extract,
    traffic_keys,
    transcript_hash,
)

HASH = "sha256"
HANDSHAKE = ("client_handshake_traffic_secret", "server_handshake_traffic_secret")
APPLICATION = ("client_application_traffic_secret_0", "server_application_traffic_secret_0")
KEYS = ("client key", "client IV", "server key", "server IV")

STATEMENT = """
Write `schedule(dhe, psk, messages)`: the key schedule of TLS 1.3 (RFC 8446 section 7.1) for the suite
TLS_AES_128_GCM_SHA256.

- `dhe` is what (EC)DHE gave, bytes. `psk` is the pre-shared key, 32 bytes, or `None` if there is none.
- `messages` are those of a whole handshake, in order, each as `[sender, name, data]`: `"client"` or
  `"server"`, `"ClientHello"` ..., and the message as bytes, with its header, decrypted. From `"ClientHello"`
  to the client's `"Finished"`; there is no HelloRetryRequest, and ChangeCipherSpec, which is no handshake
  message, is not among them.

The answer is a dictionary of bytes with these eight names:
`"client_handshake_traffic_secret"`, `"server_handshake_traffic_secret"`,
`"client_application_traffic_secret_0"`, `"server_application_traffic_secret_0"` (32 bytes each), and
`"client key"`, `"client IV"`, `"server key"`, `"server IV"`, with which application data are protected
(16 bytes a key, 12 an IV; section 7.3).

What you need besides: HKDF-Extract(salt, secret) is HMAC-SHA256 with the salt as its key. HKDF-Expand-Label
is, for 32 bytes or less, the first bytes of HMAC-SHA256(secret, info + one byte 01), where `info` is the
length that is wanted (2 bytes), then the label with `tls13 ` before it, then the context, those two each
behind its own length (1 byte). Derive-Secret takes the hash of messages as its context, also of no messages.
Labels are `derived`, `c hs traffic`, `s hs traffic`, `c ap traffic`, `s ap traffic`, `key` and `iv`.
`hashlib` and `hmac` are there.
"""

STARTER = """
import hashlib
import hmac

def schedule(dhe, psk, messages):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "derived skipped": (
        "One secret went straight into the next HKDF-Extract. Between them stands Derive-Secret(., "
        '"derived", ""): its output is the salt, not the secret above.'
    ),
    "wrong messages for handshake": (
        "The transcript of the handshake traffic secrets ends at another message: it is ClientHello and "
        "ServerHello, nothing less, nothing more."
    ),
    "wrong messages for application": (
        "The transcript of the application traffic secrets ends at another message: it goes up to the "
        "server's Finished and has that in it; what the client sends afterwards is not."
    ),
    "handshake secret for application": (
        "The application traffic secrets come from the Handshake Secret. They come from the one below "
        "it, the Master Secret: there is one more HKDF-Extract, with zeros."
    ),
    "ends swapped": (
        'What is the client\'s is called the server\'s: "c hs traffic" and "c ap traffic" are what the '
        "client writes with."
    ),
    "prefix missing": "Every label has `tls13 ` before it, six bytes, and they count in its length.",
    "no hash of nothing": (
        'The context of "derived" is the hash of no messages, 32 bytes: SHA-256 of nothing is not nothing.'
    ),
    "label of the IV": "The label of the IV is `iv`, in small letters; its name in the answer is another.",
    "PSK ignored": "There is a PSK, and zeros went into the first HKDF-Extract in its place.",
    "keys of the handshake": (
        "These keys come from the handshake traffic secrets: they protect the rest of the handshake, "
        "and not data."
    ),
}


def draw(entropy: Entropy) -> dict[str, Any]:
    """What this student's handshakes are drawn from."""
    return {"_seed": entropy("handshakes", 16)}


FULL = (
    ("client", "ClientHello", 1), ("server", "ServerHello", 2), ("server", "EncryptedExtensions", 8),
    ("server", "Certificate", 11), ("server", "CertificateVerify", 15), ("server", "Finished", 20),
    ("client", "Finished", 20),
)  # fmt: skip
MUTUAL = (
    *FULL[:3], ("server", "CertificateRequest", 13), *FULL[3:6], ("client", "Certificate", 11),
    ("client", "CertificateVerify", 15), FULL[6],
)  # fmt: skip
WITH_PSK = (*FULL[:3], *FULL[5:])
"""Handshakes: with certificates of the server, of both ends, with a PSK; sender, name, and type each."""

Message = tuple[str, str, bytes]


class Case:
    """A handshake, and what its secrets are."""

    def __init__(
        self, random: Entropy, words: str, shape: tuple[tuple[str, str, int], ...], psk: bool
    ) -> None:
        self.words = words
        self.dhe = random("dhe", 32)
        self.psk = random("psk", 32) if psk else None
        self.messages: list[Message] = []
        for sender, name, kind in shape:
            body = random("body", 2 + random.number("size", 90))
            self.messages.append((sender, name, bytes([kind]) + len(body).to_bytes(3, "big") + body))
        self.until = 1 + next(n for n, each in enumerate(self.messages) if each[1] == "Finished")
        made = KeySchedule(HASH, self.psk)
        made.client_hello(self.hash(1))
        made.server_hello(self.dhe, self.hash(2))
        made.server_finished(self.hash(self.until))
        self.secrets = made.secrets

    def hash(self, count: int) -> bytes:
        """The hash over the first so many messages."""
        return transcript_hash(HASH, b"".join(data for _, _, data in self.messages[:count]))


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Handshakes of three shapes; keys by the answer's own traffic secrets."""
    random = Entropy(given["_seed"])
    cases = [
        Case(random, *each)
        for _ in range(4)
        for each in (
            ("a handshake", FULL, False),
            ("a handshake with certificates of both ends", MUTUAL, False),
            ("a handshake with a PSK", WITH_PSK, True),
        )
    ]
    answers = ask.many("schedule", [(case.dhe, case.psk, case.messages) for case in cases])
    told = [
        (case, got if isinstance(got, dict) else dict.fromkeys(ALL, got))
        for case, got in zip(cases, answers, strict=True)
    ]
    for group, names in (
        ("handshake traffic secrets", HANDSHAKE),
        ("application traffic secrets", APPLICATION),
    ):
        yield from each_of(group, (each for case, got in told for each in _secrets(group, names, case, got)))
    group = "keys and IVs"
    yield from each_of(group, (each for case, got in told for each in _keys(group, case, got)))


NAMELESS = Raised("", "nothing: there is no such name in the dictionary")

ALL = (*HANDSHAKE, *APPLICATION, *KEYS)


def _secrets(group: str, names: Sequence[str], case: Case, got: dict[str, Any]) -> Iterator[Finding]:
    for name in names:
        came = got.get(name, NAMELESS)
        yield compare(group, f"{case.words}: {name}", case.secrets[name], came, _signs(case, name))


def _keys(group: str, case: Case, got: dict[str, Any]) -> Iterator[Finding]:
    wanted, wrong, swapped = (
        _cut(case, got, APPLICATION),
        _cut(case, got, HANDSHAKE),
        _cut(case, got, APPLICATION[::-1]),
    )
    for name in KEYS:
        signs = [("keys of the handshake", wrong[name]), ("ends swapped", swapped[name])]
        secret = _secret(case, got, APPLICATION[name.startswith("server")])
        label, size = (b"key", 16) if name.endswith("key") else (b"iv", 12)
        signs.append(("prefix missing", expanded(secret, label, b"", size, prefix=b"")))
        signs.append(("label of the IV", expanded(secret, b"IV", b"", size)))
        yield compare(group, f"{case.words}: {name}", wanted[name], got.get(name, NAMELESS), signs)


def _cut(case: Case, got: dict[str, Any], names: tuple[str, ...]) -> dict[str, bytes]:
    """Keys and IVs from those secrets, of the answer if they can be used: what is wrong costs points once."""
    found: list[bytes] = []
    for name in names:
        found += traffic_keys(HASH, _secret(case, got, name), 16)
    return dict(zip(KEYS, found, strict=True))


def _secret(case: Case, got: dict[str, Any], name: str) -> bytes:
    told = got.get(name)
    return told if type(told) is bytes and len(told) == 32 else case.secrets[name]


def expanded(secret: bytes, label: bytes, context: bytes, size: int, prefix: bytes = b"tls13 ") -> bytes:
    """HKDF-Expand-Label for 32 bytes or less, with another prefix if that is wanted."""
    label = prefix + label
    info = size.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\1", HASH)[:size]


LABELS = dict(
    zip(
        (*HANDSHAKE, *APPLICATION),
        ("c hs traffic", "s hs traffic", "c ap traffic", "s ap traffic"),
        strict=True,
    )
)


def _signs(case: Case, name: str) -> Iterator[tuple[str, bytes]]:
    """What typical wrong answers would have given for a secret."""
    application = name in APPLICATION
    own = case.until if application else 2

    def made(
        psk: bool = True, derived: Sequence[str] = ("first", "second"), below: bool = application,
        count: int = own, label: str = LABELS[name], prefix: bytes = b"tls13 ", empty: bytes = EMPTY[HASH],
    ) -> bytes:  # fmt: skip
        zeros = bytes(32)
        secret = extract(HASH, zeros, case.psk if psk and case.psk is not None else zeros)
        for step, more in (("first", case.dhe), ("second", zeros)):
            if step == "first" or below:
                salt = expanded(secret, b"derived", empty, 32, prefix) if step in derived else secret
                secret = extract(HASH, salt, more)
        return expanded(secret, label.encode(), case.hash(count), 32, prefix)

    yield "prefix missing", made(prefix=b"")
    yield "no hash of nothing", made(empty=b"")
    if case.psk is not None:
        yield "PSK ignored", made(psk=False)
    for derived in ((), ("first",), ("second",)):
        yield "derived skipped", made(derived=derived)
    key = "wrong messages for application" if application else "wrong messages for handshake"
    for count in range(len(case.messages) + 1):
        if count != own:
            yield key, made(count=count)
    if application:
        yield "handshake secret for application", made(below=False)
        yield "handshake secret for application", made(below=False, count=2)
    yield "ends swapped", made(label={"c": "s", "s": "c"}[LABELS[name][0]] + LABELS[name][1:])


EXERCISE = Exercise(
    id="09.2",
    title="The key schedule of TLS 1.3",
    statement=STATEMENT,
    starter=STARTER,
    names=("schedule",),
    groups={"handshake traffic secrets": 3, "application traffic secrets": 4, "keys and IVs": 3},
    signs=SIGNS,
    hint="Draw the column of RFC 8446 section 7.1 first: three HKDF-Extract, a Derive-Secret between.",
    reread="notebook 09, The tree of keys; RFC 8446 sections 7.1 and 7.3",
    draw=draw,
    judge=judge,
    in_order=True,
)

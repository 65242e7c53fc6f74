"""Key logs: the secrets of TLS connections, as browsers and servers write them with SSLKEYLOGFILE.

One line a secret: its label, the random of the ClientHello that it belongs to, and the secret itself, both
in hexadecimal (RFC 9850).  A pcapng file can carry the same lines inside, and Wireshark then opens it
decrypted.
"""

from __future__ import annotations

from collections.abc import Iterable

from handshake.errors import DecodeError
from handshake.tls.schedule import KEY_LOG
from handshake.trace import Secret

DERIVED = {"master secret": "CLIENT_RANDOM", **KEY_LOG}
"""How a key log calls what has another name among the secrets that were derived."""


def parse(text: str) -> tuple[Secret, ...]:
    """The secrets of a key log.  DecodeError names the line that is none; comments and blanks are skipped."""
    secrets = []
    offset = 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(keepends=True), 1):
        words = line.split()
        if words and not words[0].startswith(("#", "RSA")):  # (RSA lines name no random of a hello)
            try:
                label, random, value = words
                secrets.append(Secret(label, bytes.fromhex(value), client_random=bytes.fromhex(random)))
            except ValueError:
                expected = "a label, a client random and a secret, in hexadecimal"
                raise DecodeError(f"line {number}", offset, expected, repr(line[:60].strip())) from None
        offset += len(line.encode())
    return tuple(secrets)


def dump(secrets: Iterable[Secret]) -> str:
    """The same secrets as lines of a key log; of those that were derived, the ones that belong in one."""
    lines: dict[str, None] = {}
    for each in secrets:
        label = DERIVED.get(each.label, each.label)
        if each.client_random and " " not in label:
            lines[f"{label} {each.client_random.hex()} {each.value.hex()}\n"] = None
    return "".join(lines)

"""From premaster to keys, each step noted as a `Secret` with what it was made from.

An end of a connection does so as it goes; who reads a capture does the same with what he could find out.
"""

from __future__ import annotations

from collections.abc import Sequence

from handshake.tls import keys
from handshake.tls.known import CHANGE_CIPHER_SPEC, Agreed, Told
from handshake.tls.names import version_number
from handshake.tls.protection import Protection, Random
from handshake.trace import Secret

Input = tuple[str, int | None, int | None]
"""What went in: its name; and the number of the message that it was read from, and the offset in it."""


def derive(
    agreed: Agreed,
    end: str,
    premaster: bytes | None,
    messages: bytes,
    told: Sequence[Told],
    random: Random | None,
) -> tuple[list[Secret], dict[str, Protection]]:
    """Master secret, key block and keys: the secrets in order, and what each end writes with.

    agreed: what is known; its master secret is set here.   end: who derives, "client" or "server".
    premaster: None if the master secret is known already, from a session that goes on or from a key log.
    messages, told: the handshake so far, as bytes and message by message.
    """
    suite, randoms = agreed.in_use, _randoms(agreed)
    found: list[Secret] = []

    def noted(label: str, value: bytes, formula: str, *inputs: Input) -> None:
        found.append(Secret(label, value, end, None, formula, inputs, client_random=agreed.client_random))

    if premaster is None:
        noted("master secret", agreed.master, "known already")
    else:
        formula, sources = _origin(agreed, end)
        noted("premaster secret", premaster, formula, *sources)
        session_hash, formula, sources = None, "client random + server random", randoms
        if agreed.extended_master_secret:
            session_hash = keys.transcript_hash(agreed.version, messages, suite.hash)
            formula, sources = "Hash(messages so far)", covered(told)
        name = "extended master secret" if session_hash else "master secret"
        agreed.master = keys.master_secret(
            agreed.version, premaster, agreed.client_random, agreed.server_random, suite.hash, session_hash
        )
        formula = f'PRF(premaster secret, "{name}", {formula})'
        if agreed.version == "SSL 3.0":
            formula = "MD5 and SHA-1 of premaster secret, client random + server random"
        noted("master secret", agreed.master, formula, ("premaster secret", None, None), *sources)
    sizes = suite.mac_length, suite.cipher.key, iv_length(agreed)
    block = keys.key_block(
        agreed.version, agreed.master, agreed.client_random, agreed.server_random, 2 * sum(sizes), suite.hash
    )
    formula = 'PRF(master secret, "key expansion", server random + client random)'
    if agreed.version == "SSL 3.0":
        formula = "MD5 and SHA-1 of master secret, server random + client random"
    noted("key block", block, formula, ("master secret", None, None), *reversed(randoms))
    cut, at = keys.cut(block, *sizes), 0
    for name, value in cut._asdict().items():
        if value:
            who, what = name.split("_")
            label = f"{who} write {NAMES[what]}"
            noted(
                label,
                value,
                f"bytes {at} to {at + len(value) - 1} of the key block",
                ("key block", None, None),
            )
        at += len(value)
    writers = {
        "client": (cut.client_mac, cut.client_key, cut.client_iv),
        "server": (cut.server_mac, cut.server_key, cut.server_iv),
    }
    return found, {
        who: Protection(
            suite, agreed.version, *values,
            encrypt_then_mac=agreed.encrypt_then_mac, writer=who, random=random,
        )
        for who, values in writers.items()
    }  # fmt: skip


NAMES = {"mac": "MAC key", "key": "key", "iv": "IV"}
"""What the pieces of a key block are called."""


def finished(agreed: Agreed, end: str, whose: str, messages: bytes, told: Sequence[Told]) -> Secret:
    """What a Finished message has to say.   whose: it is, "client" or "server".   messages: all before it."""
    made = keys.verify_data(agreed.version, agreed.master, whose, messages, agreed.in_use.hash)
    before = [each for each in told if not (each.name == "Finished" and each.sender == whose)]
    return Secret(
        f"{whose} verify data",
        made,
        end,
        None,
        f'PRF(master secret, "{whose} finished", Hash(messages so far))'
        if agreed.version != "SSL 3.0"
        else f"MD5 and SHA-1 of messages so far, who it is ({whose}), master secret",
        (("master secret", None, None), *covered(before)),
        client_random=agreed.client_random,
    )


def covered(told: Sequence[Told]) -> tuple[Input, ...]:
    """The messages that a hash over the handshake covers."""
    return tuple((each.name, each.number, 0) for each in told if each.name != CHANGE_CIPHER_SPEC)


def iv_length(agreed: Agreed) -> int:
    """What the key block gives for an IV: nothing with CBC from TLS 1.1 on, where records bring their own."""
    cipher = agreed.in_use.cipher
    return 0 if cipher.kind == "CBC" and version_number(agreed.version) > 0x0301 else cipher.iv


def _randoms(agreed: Agreed) -> tuple[Input, ...]:
    places = agreed.places
    return ("client random", *places["client random"]), ("server random", *places["server random"])


def _origin(agreed: Agreed, end: str) -> tuple[str, tuple[Input, ...]]:
    """The formula and the inputs of the premaster secret."""
    places = agreed.places
    if agreed.in_use.key_exchange == "RSA":
        if end == "client":
            return "the version that was offered, and 46 bytes at random", ()
        return (
            "decrypted with the server's private key",
            (("encrypted premaster secret", *places["client share"]),),
        )
    other = "server" if end == "client" else "client"
    return (
        f"ECDH({end}'s private key, {other}'s public value)",
        ((f"{end}'s private key", None, None), (f"{other}'s public value", *places[f"{other} share"])),
    )

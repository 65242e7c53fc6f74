"""The key schedule of TLS 1.3 as it is run, each step noted as a `Secret` with what it was made from."""

from __future__ import annotations

from collections.abc import Sequence

from handshake.tls.derive import Input, covered
from handshake.tls.known import Agreed, Told
from handshake.tls.protection13 import Protection13
from handshake.tls.schedule import TREE, KeySchedule, transcript_hash, verify_data
from handshake.trace import Secret

SHARED = "(EC)DHE shared secret"
"""What both ends make of the two key shares."""

ABOVE = {
    "Handshake Secret": 'HKDF-Extract(Derive-Secret(Early Secret, "derived", ""), (EC)DHE shared secret)',
    "Master Secret": 'HKDF-Extract(Derive-Secret(Handshake Secret, "derived", ""), 0)',
}
"""How the secrets are made that stand in the tree's trunk."""

BRANCHES = {
    one.name: (
        one,
        f'Derive-Secret({one.source}, "{one.label}", '
        + (f"messages up to {one.until})" if one.until else '"")'),
    )
    for one in TREE
}
"""How those are made that branch off, in words."""


def early(schedule: KeySchedule, agreed: Agreed, end: str, psk: bytes | None) -> list[Secret]:
    """The Early Secret, which is there from the start.   psk: what it was made from."""
    inputs: list[Input] = [("PSK", None, None)] if psk is not None else []
    made = [] if psk is None else [_secret("PSK", psk, "from an earlier connection", (), agreed, end)]
    formula = "HKDF-Extract(0, PSK)" if psk is not None else "HKDF-Extract(0, 0)"
    value = schedule.secrets["Early Secret"]
    made.append(_secret("Early Secret", value, formula, inputs, agreed, end))
    if psk is not None:  # whoever offers it, or checks it, has the key of its binder as well
        schedule.secrets["binder_key"] = schedule.binder_key()
        formula = 'Derive-Secret(Early Secret, "res binder", "")'
        source: list[Input] = [("Early Secret", None, None)]
        made.append(_secret("binder_key", schedule.secrets["binder_key"], formula, source, agreed, end))
    return made


def shared(value: bytes, agreed: Agreed, end: str) -> Secret:
    """What (EC)DHE gave."""
    other = "server" if end == "client" else "client"
    formula = f"ECDH({end}'s private key, {other}'s public value)"
    inputs = (
        (f"{end}'s private key", None, None),
        (f"{other}'s public value", *agreed.places[f"{other} share"]),
    )
    return _secret(SHARED, value, formula, inputs, agreed, end)


def advance(
    schedule: KeySchedule, stage: str, agreed: Agreed, end: str, messages: bytes, told: Sequence[Told],
    dhe: bytes | None = None,
) -> list[Secret]:  # fmt: skip
    """One stage of the schedule: the secrets that it brings, in order.

    stage: the name of a method of `KeySchedule`.   messages, told: the handshake so far, as bytes and message
    by message.   dhe: for the stage "server_hello".
    """
    known = set(schedule.secrets)
    th = transcript_hash(schedule.hash, messages)
    if stage == "server_hello":
        schedule.server_hello(dhe, th)
    else:
        getattr(schedule, stage)(th)
    so_far = covered(told)
    found = []
    for name, value in schedule.secrets.items():
        if name in known:
            continue
        if name in ABOVE:
            source = "Early Secret" if name == "Handshake Secret" else "Handshake Secret"
            inputs: list[Input] = [(source, None, None)]
            if dhe is not None:
                inputs.append((SHARED, None, None))
            found.append(_secret(name, value, ABOVE[name], inputs, agreed, end))
            continue
        one, formula = BRANCHES[name]
        sources = so_far if one.until else ()
        found.append(_secret(name, value, formula, [(one.source, None, None), *sources], agreed, end))
    return found


def keys_of(name: str, protection: Protection13, agreed: Agreed, end: str) -> list[Secret]:
    """Key and IV of a direction.   name: of the traffic secret that they come from."""
    who = f"{protection.writer} {protection.stage}"
    return [
        _secret(
            f"{who} {what}", value, f'HKDF-Expand-Label({name}, "{what.lower()}", "", {len(value)})',
            [(name, None, None)], agreed, end,
        )
        for what, value in (("key", protection.key), ("IV", protection.iv))
    ]  # fmt: skip


def finished(
    schedule: KeySchedule, whose: str, agreed: Agreed, end: str, messages: bytes, told: Sequence[Told]
) -> Secret:
    """What a Finished has to say.   whose: it is, "client" or "server".   messages: all before it."""
    name = f"{whose}_handshake_traffic_secret"
    th = transcript_hash(schedule.hash, messages)
    value = verify_data(schedule.hash, schedule.secrets[name], th)
    formula = f'HMAC(HKDF-Expand-Label({name}, "finished", "", {len(value)}), Hash(messages so far))'
    before = [each for each in told if not (each.name == "Finished" and each.sender == whose)]
    return _secret(
        f"{whose} verify data", value, formula, [(name, None, None), *covered(before)], agreed, end
    )


def _secret(
    label: str, value: bytes, formula: str, inputs: Sequence[Input], agreed: Agreed, end: str
) -> Secret:
    return Secret(label, value, end, None, formula, tuple(inputs), client_random=agreed.client_random)

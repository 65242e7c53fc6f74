"""A connection in plain words: who called, what was said, how it ended, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator

from handshake.diagnose.findings import Story
from handshake.diagnose.reading import decoded, server_name, version_form
from handshake.diagnose.talk import Talk
from handshake.flows import terms
from handshake.tls.messages13 import Certificate13
from handshake.tls.proofs import Certificate
from handshake.trace import OTHER
from handshake.trace.ladder import address_text, milliseconds


def story_of(talk: Talk) -> Story:
    """The story of a connection."""
    connection = talk.connection
    client, server = (address_text(each) for each in (connection.client, connection.server))
    title = f"{client} and {server}, {connection.protocol}"
    if connection.protocol != "TCP":
        count = len(connection.transits)
        return Story(connection.number, title, (f"{count} datagrams; what is in them is not looked at.",))
    lines = [*_opening(talk), *_content(talk), *_secured(talk), *_closing(talk)]
    return Story(connection.number, title, tuple(lines), tuple(_unseen(talk)))


def _opening(talk: Talk) -> Iterator[str]:
    call, answer = talk.first("client", "SYN"), talk.first("server", "SYN,ACK")
    if call is None:
        yield "It was open before the capture began."
        return
    calls = [each for each in talk.said if each.kind == "SYN" and each.sender == "client"]
    words = f"The client called (packet {call.number})"
    if len(calls) > 1:
        words += f", {len(calls)} times"
    if answer is None:
        yield f"{words}; no SYN,ACK came back."
        return
    words += f"; the server answered after {milliseconds(answer.time - call.time)} (packet {answer.number})"
    third = next(
        (
            each for each in talk.said[talk.place[answer.number] :]
            if each.sender == "client" and each.kind in ("ACK", "data")
        ),
        None,
    )  # fmt: skip
    yield f"{words}, and the client confirmed (packet {third.number})." if third else f"{words}."


def _content(talk: Talk) -> Iterator[str]:
    sent = {
        end: sum(e.size for e in talk.said if e.sender == end and not e.again) for end in ("client", "server")
    }
    if any(sent.values()):
        yield f"The client sent {_bytes(sent['client'])}, and the server {_bytes(sent['server'])}."
    elif talk.opened:
        yield "Neither sent any data."


def _bytes(count: int) -> str:
    return f"{count:,} byte{'' if count == 1 else 's'}"


def _secured(talk: Talk) -> Iterator[str]:
    if not talk.spoken:
        return
    name, version, suite = server_name(talk.hello), talk.version, talk.suite
    asked = f" for {name!r}" if name else ""
    if not version:
        yield f"The client began TLS{asked}, and no version was agreed on."
        return
    words = f"They spoke {version} with {suite}{asked}"
    if any(each.message.secret for each in talk.spoken):
        words += "; the secrets are at hand, and it was opened"
    elif any(each.sealed for each in talk.spoken):
        words += "; sealed, as no secrets are at hand"
    yield f"{words}."
    proofs = [end for end in ("server", "client") if _shown(talk, end)]
    names = {each.name for each in talk.spoken}
    if proofs == ["server"]:
        asked_too = "CertificateRequest" in names
        yield "The server showed a certificate, the client none" + (
            ", though it was asked for one." if asked_too else ": one-way authentication."
        )
    elif len(proofs) == 2:
        yield "Both ends showed a certificate: two-way authentication."
    elif version != "TLS 1.3" and not proofs and "ServerHello" in names:
        yield "Nobody showed a certificate: an earlier session goes on, or the handshake ended before."


def _shown(talk: Talk, end: str) -> bool:
    for each in talk.spoken:
        if each.name == "Certificate" and each.sender == end and not each.sealed:
            message = decoded(each, version_form(each))
            return isinstance(message, (Certificate, Certificate13)) and bool(message.chain)
    return False


def _closing(talk: Talk) -> Iterator[str]:
    fins = [each for each in (talk.closed("client"), talk.closed("server")) if each]
    fins.sort(key=lambda each: talk.place[each.number])
    broken = next((each for each in talk.said if each.kind == "RST" and not each.stray), None)
    if broken is not None and len(fins) < 2:
        yield f"The {broken.sender} ended it with a reset (packet {broken.number})."
    elif len(fins) == 2:
        first, second = fins
        yield (
            f"The {first.sender} closed first (packet {first.number}), the {second.sender} "
            f"{milliseconds(second.time - first.time)} later (packet {second.number}): both have closed."
        )
    elif fins:
        end = fins[0].sender
        yield f"The {end} closed (packet {fins[0].number}), and the {OTHER[end]} did not."
    elif talk.opened:
        yield "It was still open when the capture ended."


def _unseen(talk: Talk) -> Iterator[str]:
    """What the capture could not show, each once, with the packets that it is about."""
    kinds = (
        (terms.NOT_FILLED_IN, "checksums were not filled in yet: the network card does that later (offload)"),
        (terms.CUT_BY_CARD, "segments larger than any cable carries: the network card cuts or joins them"),
        (terms.NO_LENGTH, "lengths that the network card was to fill in"),
        (terms.KEPT, "packets were cut short by the capture"),
        (terms.WRONG_CHECKSUM, "checksums are wrong: the bytes were changed, or made wrong"),
        (terms.UNREADABLE, "packets could not be read to their end"),
    )
    for key, words in kinds:
        numbers = [number for number, note in talk.notes if key in note]
        if numbers:
            more = " ..." if len(numbers) > 4 else ""
            yield f"{words} (packets {', '.join(map(str, numbers[:4]))}{more})"
    if talk.gaps:
        yield f"some bytes were not captured (before packet {talk.gaps[0].number})"
    if talk.one_way:
        yield f"only what the {talk.said[0].sender} sent was captured"
    if talk.copies:
        copies = sorted(talk.copies)
        yield f"{len(copies)} packets are in the capture twice, and count once (packet {copies[0]} ...)"
    if any(talk.sealed_alert(each) for each in talk.spoken):
        yield "an alert is encrypted: it may say good-bye, or what went wrong"
    if any(each.sealed and each.message.notes for each in talk.spoken):
        yield "some records did not open with the secrets that are there"
    for number, note in talk.notes:
        if not number:
            yield note

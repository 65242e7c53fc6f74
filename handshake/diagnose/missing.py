"""What got lost, and who was full: one finding for each kind of it and each end."""

from __future__ import annotations

from collections.abc import Iterator

from handshake.diagnose.findings import Finding
from handshake.diagnose.talk import REPEATS_APART, Said, Talk, finding, seconds_of
from handshake.flows import terms

SHUT_LEAST = 0.1
"""A window that is closed for less, in seconds, has held up nobody."""

LOST = {
    "SYN": "lost SYN",
    "SYN,ACK": "lost SYN+ACK",
    "ACK": "lost ACK",
    "FIN": "lost FIN",
    "data": "lost data",
}


def losses(talk: Talk, gone: Finding | None) -> Iterator[Finding]:
    """Each kind of segment that got lost, once for each end."""
    silent = set(gone.evidence) if gone else set()
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for fault in talk.lost:
        place = talk.place.get(fault.transit or 0)
        if place is None or fault.transit in silent:
            continue
        one = talk.said[place]
        if (
            one.probe
            or one.kind == "RST"
            or (gone and gone.end == one.sender and one.kind in ("data", "FIN"))
        ):
            continue
        proof = fault.proof or _told_by(talk, one)
        found.setdefault((LOST.get(one.kind, "lost data"), one.sender), []).append((one.number, proof))
    inferred = {fault.transit for fault in talk.lost if fault.certainty == "inferred"}
    third = _third_lost(talk)
    if third and ("lost ACK", "client") not in found:
        found.pop(("lost SYN+ACK", "server"), None)
        yield third
    for (cause, sender), each in found.items():
        (number, proof), count = each[0], len(each)
        arrived = _had_arrived(talk, number) if cause == "lost SYN" else None
        if arrived:
            yield arrived
            continue
        one = talk.said[talk.place[number]]
        noticed = talk.said[talk.place[proof]] if proof in talk.place else one
        if cause == "lost SYN+ACK":  # (both ends have a timer; that the client calls again says most)
            again = (e for e in talk.said[talk.place[number] :] if e.kind == "SYN" and e.sender == "client")
            noticed = next(again, noticed)
        if "SYN" in cause and 0 < noticed.time - one.time < REPEATS_APART:
            continue  # (nobody calls again so soon)
        what = cause.removeprefix("lost ")
        got = "got lost"
        if count == 1 and number in inferred and one.kind in ("data", "FIN"):
            got = "got lost, or what confirmed it"  # (who sees one end only cannot tell)
        words = (
            f"The {sender}'s {what} (packet {number}) {got}: the {noticed.sender} sent "
            f"{'it' if noticed.sender == sender else 'what it answers'} again after "
            f"{seconds_of(noticed.time - one.time)}, as packet {noticed.number}."
        )
        if noticed is one:
            words = f"The {sender}'s {what} (packet {number}) got lost."
        if count > 1:
            words += f" {count} such segments got lost in all."
        numbers = tuple(n for pair in each for n in pair)
        yield Finding(cause, noticed.sender, noticed.number, 0, words, evidence=numbers)


def _had_arrived(talk: Talk, number: int) -> Finding | None:
    """A SYN that was sent again, although it had arrived: its answer got lost, before the capture saw it.

    (The answer that did come echoes the clock of the SYN that it answers, RFC 7323 section 3.)
    """
    place = talk.place[number]
    one, later = talk.said[place], talk.said[place + 1 :]
    again = next((each for each in later if each.kind == "SYN" and each.sender == one.sender), None)
    answer = next((each for each in later if each.kind == "SYN,ACK" and each.sender != one.sender), None)
    if again is None or answer is None or not (one.stamp and again.stamp and answer.stamp):
        return None
    if answer.stamp[1] != one.stamp[0] or again.stamp[0] == one.stamp[0]:
        return None
    words = (
        f"The answer to the {one.sender}'s SYN (packet {one.number}) got lost: the {one.sender} called again "
        f"after {seconds_of(again.time - one.time)} (packet {again.number}), but the answer that came "
        f"(packet {answer.number}) has the time of the first call in it, so that had arrived."
    )
    return finding("lost SYN+ACK", again, words, one, answer)


def _told_by(talk: Talk, one: Said) -> int:
    """The packet by which the loss of another shows, where that is known of a run; else itself."""
    for each in talk.said[talk.place[one.number] + 1 :]:
        if each.again and each.sender == one.sender and each.seq == one.seq:
            return each.number
        if each.again and one.kind == "ACK" and each.sender != one.sender and each.kind in ("SYN,ACK", "FIN"):
            return each.number
    return one.number


def _third_lost(talk: Talk) -> Finding | None:
    """A SYN,ACK that comes again although nobody has called again: what should have confirmed it got lost.

    (It was lost before it passed the capture; had the SYN,ACK been lost, the client would have called again.)
    """
    answers = [each for each in talk.said if each.kind == "SYN,ACK" and each.sender == "server"]
    if len(answers) < 2 or not talk.opened:
        return None
    after = talk.said[talk.place[answers[0].number] + 1 :]
    between = after[: talk.place[answers[1].number] - talk.place[answers[0].number] - 1]
    calls = [each for each in talk.said if each.kind == "SYN" and each.sender == "client"]
    if len(calls) != 1 or any(each.sender == "client" for each in between):
        return None
    if answers[1].time - answers[0].time < REPEATS_APART:
        return None
    words = (
        f"The server answered again after {seconds_of(answers[1].time - answers[0].time)}, though the client "
        "had not called again: what the client confirmed it with got lost on its way."
    )
    return finding("lost ACK", answers[1], words, answers[0])


def windows(talk: Talk) -> Iterator[Finding]:
    """An end that can take no more, and for how long."""
    for end in ("client", "server"):
        shut = next((e for e in talk.said if e.sender == end and terms.ZERO_WINDOW in e.labels), None)
        if shut is None:
            continue
        after = talk.said[talk.place[shut.number] + 1 :]
        again = next(
            (e for e in after if e.sender == end and terms.ZERO_WINDOW not in e.labels and e.kind != "RST"),
            None,
        )
        through = [talk.closed(each) for each in ("client", "server")]
        if all(each is not None and talk.place[each.number] < talk.place[shut.number] for each in through):
            continue
        if again and again.time - shut.time < SHUT_LEAST:
            continue
        probes = [each for each in after if terms.ZERO_WINDOW_PROBE in each.labels]
        words = f"The {end} said that it can take no more" + (
            f"; {seconds_of(again.time - shut.time)} later it could again."
            if again
            else ", and it stayed so."
        )
        yield finding("zero window", shut, words, *probes, *([again] if again else []))

"""What went wrong in TCP: one function for each thing that can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from handshake.diagnose.findings import Finding
from handshake.diagnose.icmp import PORT
from handshake.diagnose.missing import losses, windows
from handshake.diagnose.talk import PROBES_APART, REPEATS_APART, Said, Talk, apart, finding, seconds_of
from handshake.flows import terms
from handshake.tcp import seq
from handshake.trace import OTHER

PATIENCE = 3.0
"""Who has called and heard nothing for so long is told that there is no answer, in seconds."""

TRIED = 4
"""Data that were sent so often, and never acknowledged, were sent to nobody."""


def of_transport(talk: Talk, ends: float) -> Iterator[Finding]:
    """What went wrong in a connection.   ends: when the trace does, in seconds."""
    number = talk.connection.number
    gone = _gone(talk)
    never = [_refused(talk), _stale(talk), _unanswered(talk, ends), _unconfirmed(talk, ends)]
    for found in (*never, gone):
        if found:
            yield replace(found, connection=number)
    told = {each.transit for each in (*never, gone) if each}
    broken = _broken_off(talk, told)
    if broken:
        yield replace(broken, connection=number)
    lost = [] if any(never) else losses(talk, gone)
    for each in (*lost, *windows(talk)):
        yield replace(each, connection=number)


# ---- While it opens --------------------------------------------------------------------------------------


def _answer_to(talk: Talk) -> tuple[Said, Said] | None:
    """The client's call and what the server said to it first, if nothing of the client's lies between.

    (Else the server's SYN,ACK was not captured: the client has confirmed it.)
    """
    call, answer = talk.first("client", "SYN"), talk.first("server", "SYN,ACK", "RST", "ACK", "data", "FIN")
    if call is None or answer is None or talk.place[answer.number] < talk.place[call.number]:
        return None
    between = talk.said[talk.place[call.number] : talk.place[answer.number]]
    if any(each.sender == "client" and each.kind not in ("SYN", "RST") for each in between):
        return None
    return call, answer


def _refused(talk: Talk) -> Finding | None:
    """A SYN that is answered with a RST that acknowledges it (RFC 9293 section 3.10.7.3)."""
    pair = _answer_to(talk)
    if pair is None or pair[1].kind != "RST" or talk.first("server", "SYN,ACK") is not None:
        return None
    call, answer = pair
    if answer.ack is None or not 1 <= (answer.ack - call.seq) % seq.MODULUS <= 1 + call.size:
        return None
    took = seconds_of(answer.time - call.time)
    words = f"The client called, and after {took} the server answered with a reset: connection refused."
    return finding("refused port", answer, words, call)


def _stale(talk: Talk) -> Finding | None:
    """A SYN that is answered with an ACK out of an older connection (RFC 9293 section 3.5.1, figure 9)."""
    pair = _answer_to(talk)
    if pair is None or pair[1].kind not in ("ACK", "data"):
        return None
    call, answer = pair
    if answer.ack is None or 1 <= (answer.ack - call.seq) % seq.MODULUS <= 1 + call.size:
        return None
    broken = talk.first("client", "RST")
    words = (
        "The client called, and the server answered out of an older connection between the same two ports, "
        f"of which the client knows nothing{': the client has reset it' if broken else ''}."
    )
    return finding("half-open", answer, words, call, *([broken] if broken else []), end="client")


def _unanswered(talk: Talk, ends: float) -> Finding | None:
    """Calls that nobody answers."""
    calls = [each for each in talk.said if each.kind == "SYN" and each.sender == "client"]
    if not calls or any(each.sender == "server" for each in talk.said) or len(calls) < len(talk.said):
        return None
    if talk.icmp:
        cause = "refused port" if talk.icmp.says == PORT else "no answer"
        words = (
            f"The client called, and {talk.icmp.sender} answered in ICMP (packet {talk.icmp.number}): "
            f"{talk.icmp.says}."
        )
        end = "server" if talk.icmp.sender == talk.connection.server[0] else "client"
        return replace(finding(cause, calls[0], words, *calls, end=end), transit=talk.icmp.number)
    if len(calls) == 1 and ends - calls[0].time < PATIENCE:
        return None  # (the capture ends too soon to say)
    often = (
        "once" if len(calls) == 1 else f"{len(calls)} times in {seconds_of(calls[-1].time - calls[0].time)}"
    )
    return finding(
        "no answer", calls[-1], f"The client called {often}, and no answer of TCP came back.", *calls
    )


def _unconfirmed(talk: Talk, ends: float) -> Finding | None:
    """A SYN,ACK whose third segment never comes."""
    answers = [each for each in talk.said if each.kind == "SYN,ACK" and each.sender == "server"]
    if not answers:
        return None
    later = [each for each in talk.said[talk.place[answers[0].number] :] if each.sender == "client"]
    if any(each.kind != "SYN" for each in later):
        return None
    rest = [each for each in talk.said[talk.place[answers[0].number] + 1 :] if each.sender == "server"]
    if any(each.kind != "SYN,ACK" for each in rest):
        return None  # (it goes on with somebody: what the client says was not captured)
    if len(answers) == 1 and ends - answers[0].time > 2 * PATIENCE:
        return None  # (every system asks again before that: the capture is not complete)
    if len(answers) == 1 and ends - answers[0].time < PATIENCE:
        return None
    words = (
        f"The server answered the call {'once' if len(answers) == 1 else f'{len(answers)} times'}, and the "
        "third segment never came: the connection stays half open, in SYN-RECEIVED, until the server "
        "gives up."
    )
    return finding("half-open", answers[-1], words, *answers)


# ---- When somebody is gone -------------------------------------------------------------------------------


def _gone(talk: Talk) -> Finding | None:
    """An end that has fallen silent: probes, or data sent again and again, that nobody answers."""
    for end in ("client", "server"):
        heard = talk.last(OTHER[end])
        if heard is None or not talk.opened:
            continue
        after = [each for each in talk.said[talk.place[heard.number] + 1 :] if each.sender == end]
        broken = [each for each in after if each.kind == "RST"]
        probes = apart([each for each in after if each.probe], PROBES_APART)
        asked = apart([each for each in after if terms.ZERO_WINDOW_PROBE in each.labels], PROBES_APART)
        repeated = _most_repeated(after)
        if len(probes) >= 2 or (probes and broken):
            proof = (broken or probes)[-1]
            words = (
                f"For {seconds_of(proof.time - heard.time)} the {OTHER[end]} has said nothing; the {end} "
                f"asked {len(probes)} times whether it is still there"
                + (", and gave up with a reset." if broken else ", and got no answer.")
            )
            return finding("dead peer found by keep-alive", proof, words, *probes, end=end)
        if len(repeated) >= TRIED or len(asked) > TRIED:
            tried = max(repeated, asked, key=len)
            proof = (broken or tried)[-1]
            what = "the same" if tried is repeated else "a probe of the closed window"
            words = (
                f"The {end} sent {what} {len(tried)} times in {seconds_of(proof.time - heard.time)}, and the "
                f"{OTHER[end]} acknowledged nothing."
            )
            return finding("dead peer found by retransmission", proof, words, *tried, end=end)
    return None


def _most_repeated(said: Sequence[Said]) -> list[Said]:
    """The segment that was sent again most often, each time after a while."""
    by_number: dict[int, list[Said]] = {}
    for each in said:
        if each.kind in ("data", "FIN"):
            by_number.setdefault(each.seq, []).append(each)
    times = [apart(each, REPEATS_APART) for each in by_number.values()]
    return max(times, key=len, default=[])


def _broken_off(talk: Talk, told: set[int]) -> Finding | None:
    """A reset on a connection that was open (or nearly)."""
    for one in talk.said:
        if one.kind != "RST" or one.stray or one.number in told:
            continue
        before, after = talk.said[: talk.place[one.number]], talk.said[talk.place[one.number] + 1 :]
        answered = any(
            each.sender == "server" and each.kind in ("SYN,ACK", "data", "FIN") for each in talk.said
        )
        confirmed = any(each.sender == "client" and each.kind in ("ACK", "data", "FIN") for each in before)
        if not answered and not confirmed and (talk.first("client", "SYN") or talk.one_way):
            return None  # (it never opened: that is told elsewhere)
        if any(each.sender == one.sender and each.kind in ("ACK", "data", "FIN") for each in after):
            continue  # (who has broken off says no more: the reset was not its own, or was not accepted)
        ends = [talk.closed(end) for end in ("client", "server")]
        if all(each is not None and talk.place[each.number] < talk.place[one.number] for each in ends):
            return None  # both had said that they were through
        if _all_said(talk, one):
            return None
        return _forgotten(talk, one) or _reset(talk, one)
    return None


def _all_said(talk: Talk, one: Said) -> bool:
    """Whether a reset only takes the place of a good-bye: as browsers close, for one."""
    end, peer = one.sender, OTHER[one.sender]
    before = talk.said[: talk.place[one.number]]
    own, theirs, bye = talk.closed(end), talk.closed(peer), talk.farewell(end)
    last = max((each.number for each in (own, bye) if each is not None), default=None)
    if last is not None and last in talk.place and talk.place[last] < talk.place[one.number]:
        late = [each for each in before[talk.place[last] :] if each.sender == peer and each.size]
        spoken = [each for each in talk.spoken if each.number in {one.number for one in late}]
        if not late or (spoken and all(each.name == "Alert" or talk.sealed_alert(each) for each in spoken)):
            return True
    if theirs is None or theirs not in before:
        return False
    heard = [each.ack for each in before if each.sender == end and each.ack is not None]
    known = [each.ack for each in before if each.sender == peer and each.ack is not None]
    end_of_theirs = seq.add(theirs.seq, theirs.size + 1)
    acknowledged = (heard and heard[-1] == end_of_theirs) or one.ack == end_of_theirs
    return bool(acknowledged and known and known[-1] == one.seq)


def _forgotten(talk: Talk, one: Said) -> Finding | None:
    """A reset from who knows nothing of the connection: it takes its number from what it answers.

    (RFC 9293 section 3.10.7.1: <SEQ=SEG.ACK><CTL=RST>.  An ABORT of a connection that is known has the same
    form by section 3.10.5, on Linux with ACK: who has acknowledged what it would answer, knew it.)
    """
    asked = talk.before(one, OTHER[one.sender])
    own = talk.closed(one.sender)
    if "ACK" in one.flags or asked is None or asked.ack != one.seq or not talk.opened:
        return None
    if own is not None and talk.place[own.number] < talk.place[one.number]:
        return None  # (its program had closed; what comes late is refused)
    if asked.kind not in ("data", "FIN") and not asked.probe:
        return None  # (it came at a moment of its own, and answers nothing)
    if talk.acknowledged(asked, until=one):
        return None
    found = "asked whether it is still there" if asked.probe else "sent something"
    words = (
        f"The {asked.sender} {found}, and the {one.sender} answered as one that knows nothing of the "
        f"connection: only the {asked.sender} still took it for open."
    )
    return finding("half-open", one, words, asked)


def _reset(talk: Talk, one: Said) -> Finding:
    """Who broke it off, and when."""
    last = talk.before(one, OTHER[one.sender])
    since = f", {seconds_of(one.time - last.time)} after the {last.sender}'s last segment" if last else ""
    data = {end: sum(each.size for each in talk.said if each.sender == end) for end in ("client", "server")}
    words = (
        f"The {one.sender} broke the connection off with a reset{since}; until then {data['client']} bytes "
        f"had gone to the server, and {data['server']} to the client."
    )
    return finding("reset", one, words, *([last] if last else []))

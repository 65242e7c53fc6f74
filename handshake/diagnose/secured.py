"""What went wrong in TLS: by the alerts that can be read, and by what an end did that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handshake.diagnose.findings import Finding
from handshake.diagnose.reading import (
    decoded,
    offered,
    parsed,
    server_name,
    signature_schemes,
    version_form,
)
from handshake.diagnose.talk import Said, Spoken, Talk
from handshake.errors import HandshakeError
from handshake.pki import issuer_of, names_of, subject_of
from handshake.pki.names import is_address, match
from handshake.tls.alerts import ALERTS, NUMBERS
from handshake.tls.hellos import ClientHello
from handshake.tls.messages13 import Certificate13
from handshake.tls.proofs import Certificate
from handshake.tls.watcher import NO_TLS
from handshake.trace import OTHER

OF_CERTIFICATES = {
    "unknown_ca": "unknown CA", "certificate_expired": "expired", "certificate_revoked": "revoked",
    "bad_certificate": "refused certificate", "unsupported_certificate": "refused certificate",
    "certificate_unknown": "refused certificate", "access_denied": "refused certificate",
    "bad_certificate_status_response": "revoked",
}  # fmt: skip
"""What an alert says of a certificate."""

OF_OTHERS = {
    "protocol_version": "version refused", "inappropriate_fallback": "version refused",
    "insufficient_security": "no shared cipher", "unrecognized_name": "wrong name",
    "certificate_required": "missing client certificate", "no_certificate": "missing client certificate",
    "bad_record_mac": "bad MAC", "decryption_failed": "bad MAC", "decrypt_error": "bad signature",
    "no_application_protocol": "no shared protocol",
}  # fmt: skip

OPENSSL = (0x0403, 0x0503, 0x0603, 0x0807, 0x0808)
"""How the signature schemes begin that OpenSSL offers unless told otherwise (newer ones come before)."""

HARMLESS = frozenset(("close_notify", "user_canceled", "no_renegotiation"))


@dataclass(frozen=True)
class Shown:
    """The certificates that an end has shown, leaf first.   number: the transit."""

    number: int
    chain: tuple[Any, ...]
    count: int


def of_secured(talk: Talk, epoch: int) -> Iterator[Finding]:
    """What went wrong in the TLS of a connection.   epoch: of the trace, in nanoseconds."""
    if not talk.spoken:
        return
    reading = _Reading(talk, epoch)
    found, left, cut = reading.by_alert(), reading.no_tls() or reading.left(), reading.cut_short()
    gone = left or cut
    # (An alert behind the other end's good-bye only complains that it was none, or came too soon.)
    if found is None or (gone is not None and gone.transit < found.transit and gone.end != found.end):
        found = reading.damaged() or reading.sealed_alert() or gone
    if found:
        yield replace(found, connection=talk.connection.number)


class _Reading:
    """One connection's TLS, with what is asked of it again and again."""

    def __init__(self, talk: Talk, epoch: int) -> None:
        self.talk, self.epoch = talk, epoch
        self.spoken = talk.spoken
        hellos = [each for each in self.spoken if each.name == "ServerHello"]
        self.hello, self.version = talk.hello, talk.version
        self.places = {id(each): n for n, each in enumerate(self.spoken)}
        self.answered = bool(hellos) or any(each.name == "HelloRetryRequest" for each in self.spoken)

    @property
    def wanted(self) -> str:
        """The name that the client asked for (SNI), or ""."""
        return server_name(self.hello)

    def certificates(self, end: str) -> Shown | None:
        """What that end has shown, as far as it can be read."""
        for each in self.spoken:
            if each.name == "Certificate" and each.sender == end and not each.sealed:
                message = decoded(each, version_form(each))
                if isinstance(message, (Certificate, Certificate13)):
                    return Shown(
                        each.number, tuple(filter(None, map(parsed, message.chain))), len(message.chain)
                    )
        return None

    # ---- By an alert -------------------------------------------------------------------------------------

    def by_alert(self) -> Finding | None:
        """The first alert that says more than good-bye."""
        for place, each in enumerate(self.spoken):
            level, name = each.alert
            if not name or name in HARMLESS or (level == "warning" and name != "no_certificate"):
                continue
            return self._of_alert(each, name, self.spoken[:place])
        return None

    def _of_alert(self, one: Spoken, name: str, before: list[Spoken]) -> Finding:
        says = ALERTS[NUMBERS[name]].says if name in NUMBERS else "nobody knows what"
        said = f'The {one.sender} sent the alert {name}: "{says}".'
        if name == "handshake_failure":
            cause, more, evidence = self._failed(one, before)
        elif name in OF_CERTIFICATES:
            cause, more, evidence = self._certificate(one, OF_CERTIFICATES[name])
        else:
            cause, more, evidence = OF_OTHERS.get(name, f"alert: {name}"), "", ()
            if cause == "bad MAC":
                damaged = self._unopened(OTHER[one.sender])
                evidence = (damaged.number,) if damaged else ()
                more = (
                    f" The record in packet {damaged.number} does not open with the keys." if damaged else ""
                )
            if cause == "version refused" and isinstance(self.hello, ClientHello):
                more = f" The client offered {offered(self.hello)}."
            if cause == "wrong name":
                more = f" The client asked for {self.wanted!r}."
        return Finding(cause, one.sender, one.number, 0, said + more, name, evidence)

    def _failed(self, one: Spoken, before: list[Spoken]) -> tuple[str, str, tuple[int, ...]]:
        """handshake_failure says little; when it comes says more."""
        if one.sender == "server" and not self.answered and isinstance(self.hello, ClientHello):
            count = len(self.hello.cipher_suites)
            hello = tuple(each.number for each in before if each.name == "ClientHello")
            return "no shared cipher", f" It answers the ClientHello, which offers {count} suites.", hello
        shown = self.certificates("client")
        if one.sender == "server" and shown is not None and not shown.count:
            more = (
                f" It had asked for a certificate, and the client sent an empty list (packet {shown.number})."
            )
            return "missing client certificate", more, (shown.number,)
        if one.sender == "server" and shown is not None:
            return (
                "refused client certificate",
                f" The client's certificate is in packet {shown.number}.",
                (shown.number,),
            )
        return "alert: handshake_failure", "", ()

    def _certificate(self, one: Spoken, cause: str) -> tuple[str, str, tuple[int, ...]]:
        """What is the matter with the certificate that the other end has shown."""
        whose = OTHER[one.sender]
        shown = self.certificates(whose)
        evidence = (shown.number,) if shown else ()
        if whose == "client" and shown is not None and not shown.count:
            return "missing client certificate", " The client's list of certificates is empty.", evidence
        found, more = self._matter(shown, whose) if shown and shown.chain else ("", "")
        if one.alert[1] in ("bad_certificate", "certificate_unknown") and found:
            cause = found
        elif one.alert[1] == "bad_certificate" and whose == "server" and shown and self._of_openssl(shown):
            there = ", ".join(names_of(shown.chain[0])[:4]) or "none"
            cause = "wrong name"
            more += (
                " Its dates and keys are in order, and the client is OpenSSL, by its ClientHello, which then "
                f"says bad_certificate of a name that is not the one it wanted. There are: {there}."
            )
        if whose == "client":
            cause = "refused client certificate" + ("" if cause.startswith("refused") else f": {cause}")
        return cause, more, evidence

    def _matter(self, shown: Shown, whose: str) -> tuple[str, str]:
        """What can be seen of a certificate: a cause, if there is one, and words."""
        try:
            return self._looked_at(shown, whose)
        except Exception:  # whatever a parser may raise about a peer's bytes
            return "", f" The {whose}'s certificate (packet {shown.number}) cannot be read."

    def _looked_at(self, shown: Shown, whose: str) -> tuple[str, str]:
        leaf = shown.chain[0]
        subject, issuer = subject_of(leaf), issuer_of(leaf)
        words = f" The {whose}'s certificate (packet {shown.number}) is {subject!r}, issued by {issuer!r}"
        words += ", by itself" if leaf.subject == leaf.issuer else ""
        when = self._date(shown.number)
        if when and not leaf.not_valid_before_utc <= when <= leaf.not_valid_after_utc:
            dates = f"{leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}"
            return "expired", f"{words}; it is valid from {dates}, and the packet is of {when:%Y-%m-%d}."
        if whose == "server" and self.wanted and not self._fits(leaf):
            there = ", ".join(names_of(leaf)[:4]) or "none"
            return "wrong name", f"{words}; the client asked for {self.wanted!r}, and its names are: {there}."
        return "", f"{words}."

    def _fits(self, leaf: Any) -> bool:
        there = names_of(leaf)
        addresses = [address for each in there if (address := is_address(each)) is not None]
        dns = [each for each in there if is_address(each) is None]
        try:
            return match(self.wanted, dns, addresses).ok
        except (ValueError, HandshakeError):
            return False

    def _of_openssl(self, shown: Shown) -> bool:
        """Whether the client is OpenSSL, and nothing is wrong that it calls bad_certificate but the name."""
        if not isinstance(self.hello, ClientHello) or self._date(shown.number) is None:
            return False
        offers = signature_schemes(self.hello)
        if not any(offers[at : at + len(OPENSSL)] == OPENSSL for at in range(4)):
            return False
        return all(_is_strong(each) for each in shown.chain)

    def _date(self, number: int) -> datetime | None:
        if not self.epoch:
            return None
        said = self.talk.said[self.talk.place[number]] if number in self.talk.place else None
        seconds = self.epoch / 1e9 + (said.time if said else 0.0)
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        except OverflowError:
            return None

    # ---- Without one ---------------------------------------------------------------------------------------

    def _unopened(self, sender: str) -> Spoken | None:
        """The first record of an end that does not open, although one before it, under the same key, did.

        (In TLS 1.3 a key log may lack the secrets of the data, and have those of the handshake.)
        """
        opened = False
        for each in self.spoken:
            if each.sender != sender:
                continue
            if each.message.secret is not None:
                opened = self.version != "TLS 1.3" or "application" in each.message.secret
            elif opened and each.sealed and each.message.notes:
                return each
        return None

    def damaged(self) -> Finding | None:
        """A record that does not open, though the keys are known, with no alert that says so."""
        if self.talk.holes or self.talk.one_way:
            return None
        for sender in ("client", "server"):
            one = self._unopened(sender)
            if one is not None:
                words = (
                    f"A record of the {sender}'s does not open with the keys that opened those before it: "
                    f"{one.message.notes[0]}."
                )
                return Finding("bad MAC", OTHER[sender], one.number, 0, words)
        return None

    def sealed_alert(self) -> Finding | None:
        """An alert in the middle of the handshake that nobody can read."""
        if self.talk.holes or self.talk.one_way or self.hello is None:
            return None
        if self.version == "TLS 1.3":
            return self._sealed13()
        for place, each in enumerate(self.spoken):
            if each.name != "encrypted alert":
                continue
            if any(one.name == "application data" for one in self.spoken[:place]):
                return None
            both = {one.sender for one in self.spoken[:place] if one.name == "encrypted handshake"}
            if both == {"client", "server"}:
                return None  # (the handshake was over, and nothing to say)
            return self._unreadable(each)
        return None

    def _sealed13(self) -> Finding | None:
        """In TLS 1.3 the length tells: a Finished is longer than an alert by 33 bytes or more."""
        sealed = {
            end: [each for each in self.spoken if each.sender == end and each.sealed]
            for end in ("client", "server")
        }
        if any(each.message.secret for each in self.spoken):
            return None  # (it can be read, and says nothing of that kind)
        mine, theirs = sealed["client"], sealed["server"]
        if not mine or not theirs or self.talk.padded:
            return None
        alert = self.talk.sealed_alert
        if alert(mine[0]):
            return self._unreadable(mine[0])
        if any(map(alert, mine)):
            return None  # (both say good-bye, so it seems)
        after = [each for each in theirs if self._place(each) > self._place(mine[0])]
        if after and all(map(alert, after)):
            return self._unreadable(after[0])
        return None

    def _place(self, one: Spoken) -> int:
        return self.places[id(one)]

    def _unreadable(self, one: Spoken) -> Finding:
        words = (
            f"The {one.sender} ended the handshake with an alert that is encrypted: why, cannot be read "
            "without the secrets."
        )
        return Finding("unknown", one.sender, one.number, 0, words)

    def no_tls(self) -> Finding | None:
        """A server that answers a ClientHello with bytes that are no TLS."""
        hello = next((each for each in self.spoken if each.name == "ClientHello"), None)
        if hello is None or any(each.sender == "server" for each in self.spoken):
            return None
        if not any(f"server sends {NO_TLS}" in note for _, note in self.talk.notes):
            return None
        answer = self.talk.first("server", "data")
        if answer is None:
            return None
        words = f"The client began TLS (packet {hello.number}), and what the server answered is no TLS."
        return Finding("no TLS", "server", answer.number, 0, words, evidence=(hello.number,))

    def left(self) -> Finding | None:
        """An end that leaves in the middle of the handshake without a word."""
        begun = any(each.name in ("ClientHello", "ServerHello") for each in self.spoken)
        keyless = any(each.message.notes and each.sealed for each in self.spoken)
        if not begun or self._through() or self.talk.holes or self.talk.one_way or keyless:
            return None
        gone = self._who_left()
        if gone is None:
            return None
        last = self.spoken[-1]
        words = (
            f"The {gone.sender} left in the middle of the handshake, after the {last.sender}'s {last.name}."
        )
        shown, more = self.certificates("server"), ""
        if gone.sender == "client" and shown and shown.chain:
            cause, more = self._matter(shown, "server")
            more = more if cause else ""
        return Finding("unknown", gone.sender, gone.number, 0, f"{words} It gave no reason.{more}")

    def _who_left(self) -> Said | None:
        """The first FIN or reset of the connection."""
        return next((each for each in self.talk.said if each.kind in ("FIN", "RST") and not each.stray), None)

    def _through(self) -> bool:
        """Whether the handshake was over, as far as can be seen."""
        names = {each.name for each in self.spoken}
        if "application data" in names and self.version != "TLS 1.3":
            return True
        finished = {each.sender for each in self.spoken if each.name in ("Finished", "encrypted handshake")}
        if finished == {"client", "server"}:
            return True
        mine = [each for each in self.spoken if each.sender == "client" and each.sealed]
        return self.version == "TLS 1.3" and bool(mine)

    def cut_short(self) -> Finding | None:
        """An end that closes without having said that it is through: the first that does."""
        if not self._through() or self.talk.holes or self.talk.one_way or self.hello is None:
            return None
        fins = [fin for end in ("client", "server") if (fin := self.talk.closed(end)) is not None]
        for fin in sorted(fins, key=lambda each: self.talk.place[each.number]):
            end = fin.sender
            bye = self.talk.farewell(OTHER[end])
            if self.talk.farewell(end) is not None:
                continue
            if bye is not None and self.talk.place.get(bye.number, 0) < self.talk.place[fin.number]:
                continue  # (it was told good-bye, and left without an answer: nothing is lost)
            words = f"The {end} closed the connection (FIN) without close_notify."
            return Finding("truncation", end, fin.number, 0, words)
        return None


def _is_strong(certificate: Any) -> bool:
    """Whether key and signature are such as OpenSSL takes at its security level 2."""
    key = certificate.public_key()
    least = 2048 if isinstance(key, RSAPublicKey) else 224 if isinstance(key, EllipticCurvePublicKey) else 0
    large = getattr(key, "key_size", 0) >= least
    used = certificate.signature_hash_algorithm
    return large and (used is None or used.name not in ("md5", "sha1"))

"""What both ends of TLS 1.3 do alike: extensions in their places, proofs, Finished, key updates."""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from handshake.tls import extensions as ext
from handshake.tls import extensions13 as ext13
from handshake.tls import signing
from handshake.tls.judging import allows
from handshake.tls.messages import Certificate13, CertificateVerify, Finished13, KeyUpdate
from handshake.tls.messages13 import MESSAGE_HASH
from handshake.tls.protection13 import Protection13
from handshake.tls.schedule import transcript_hash
from handshake.tls.suites import Suite

if TYPE_CHECKING:
    from handshake.tls.endpoint import Endpoint


def check_places(
    end: Endpoint, extensions: Iterable[ext.Extension], message: str, asked: Iterable[int] | None = None
) -> None:
    """Whether extensions may stand in a message (RFC 8446 section 4.2).   asked: what they may answer."""
    for each in extensions:
        name, places = ext.extension_name(each.number), ext13.PLACES.get(each.number)
        if asked is not None and each.number not in asked:
            why = f"answers {name} in its {message}, which nobody asked for"
            raise end.wrong(why, "RFC 8446 section 4.2", "unsupported_extension")
        if places is not None and message not in places:
            why = f"has {name} in its {message}, where it does not belong"
            raise end.wrong(why, "RFC 8446 section 4.2", "illegal_parameter")


def message_hash(suite: Suite, hello: bytes) -> bytes:
    """What stands in the transcript for a ClientHello that is sent again (RFC 8446 section 4.4.1)."""
    hashed = transcript_hash(suite.hash, hello)
    return bytes((MESSAGE_HASH, 0, 0, len(hashed))) + hashed


def check_context(end: Endpoint, message: Certificate13) -> None:
    """Whether a certificate answers the request that there was, which had no name (section 4.4.2)."""
    if message.context:
        why = "sends a certificate that answers another request"
        raise end.wrong(why, "RFC 8446 section 4.4.2", "illegal_parameter")


def peer_key(end: Endpoint, message: Certificate13) -> Any:
    """The key of the other end's certificate, which is judged (RFC 8446 section 4.4.2)."""
    for entry in message.entries:
        check_places(end, entry.extensions, message.name, ())
    leaf = end.judge(message.chain)
    key = leaf.public_key()
    if signing.kind_of(key) not in ("RSA", "ECDSA", "Ed25519") or not allows(leaf, "digitalSignature"):
        why = "its certificate has a key that cannot sign here"
        raise end.wrong(why, "RFC 8446 section 4.4.2.2", "unsupported_certificate")
    return key


def check_signature(end: Endpoint, key: Any, message: CertificateVerify) -> None:
    """What both ends do with a CertificateVerify; ProtocolError if it proves nothing."""
    scheme = message.scheme or 0
    if scheme not in end.settings.schemes or not signing.serves13(scheme, key):
        why = f"signs with {scheme:04x}, which was not offered, or which TLS 1.3 does not take with this key"
        raise end.wrong(why, "RFC 8446 section 4.4.3", "illegal_parameter")
    covered = signing.content13(end.peer, transcript_hash(end.suite.hash, bytes(end.transcript)))
    signing.verify(key, scheme, covered, message.signature, end.peer, "RFC 8446 section 4.4.3")
    end.note(f"the signature over the handshake verifies: the {end.peer} has the key of its certificate")


def proof(end: Endpoint, offered: tuple[int, ...]) -> CertificateVerify | None:
    """A CertificateVerify of this end; None if its key cannot sign in any way that is offered."""
    if end.identity is None:
        return None
    key = end.identity.key
    scheme = signing.choose(key.public_key(), offered, end.settings.schemes, "TLS 1.3")
    if scheme is None:
        return None
    covered = signing.content13(end.end, transcript_hash(end.suite.hash, bytes(end.transcript)))
    end.note("signs the handshake so far: only who has the key of the certificate can do that")
    return CertificateVerify(
        scheme, signing.sign(key, scheme, covered, random=end.random if end.seeded else None)
    )


def check_finished(end: Endpoint, message: Finished13) -> None:
    """What both ends do with a Finished; ProtocolError with the alert decrypt_error if it is another."""
    if not compare_digest(end.finished_of(end.peer), message.verify_data):
        why = "its Finished is not what comes of this handshake: messages or keys are not the same"
        raise end.wrong(why, "RFC 8446 section 4.4.4", "decrypt_error")
    end.note(
        f"the {end.peer}'s Finished is what comes of the handshake as this end saw it: nobody changed a byte"
    )


def recv_key_update(end: Endpoint, message: KeyUpdate) -> None:
    """CONNECTED or CLOSING, KeyUpdate: the other end goes on with the next keys (section 4.6.3)."""
    if message.request not in (0, 1):
        why = f"asks for a key update with {message.request}, and there are 0 and 1"
        raise end.wrong(why, "RFC 8446 section 4.6.3", "illegal_parameter")
    end.ends_its_record()
    end.nothing_new("key updates", "section 4.6.3")
    if isinstance(end.records.reads, Protection13):
        end.records.reads = end.records.reads.next()
    end.note(f"the {end.peer} goes on under the next keys")
    if message.request and end.state == "CONNECTED":
        end.say_update(0)


def find_extension(extensions: Iterable[ext.Extension] | None, kind: type[Any]) -> Any:
    """The extension of that kind, or None."""
    return next((each for each in extensions or () if isinstance(each, kind)), None)

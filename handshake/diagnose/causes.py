"""What can go wrong, by name: what each cause means, and what to try."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """means: in one sentence.   remedy: what to try, in one or two."""

    means: str
    remedy: str


CAUSES = {
    # TCP
    "refused port": Cause(
        "Nobody listens on that port: the machine is there, and says at once that it has no such service.",
        "Is the server's program running, on that port and that address? `ss -ltn` on the server lists what "
        "listens. A firewall that refuses (and does not drop) looks the same.",
    ),
    "no answer": Cause(
        "The client called, and TCP gave no answer.",
        "Is the address right and the machine up? A firewall that drops in silence looks the same; capture "
        "at the server, to see whether the call arrives, and look for ICMP messages in this capture.",
    ),
    "lost SYN": Cause(
        "The first segment of the handshake got lost (or its answer did, before it passed the capture).",
        "Once is bad luck, and costs a second. If it comes often, look for an overloaded link, or a server "
        "whose queue of callers is full.",
    ),
    "lost SYN+ACK": Cause(
        "The server's answer to the call got lost on its way to the client.",
        "Look at the way back: routes need not be the same in both directions, and a firewall may know of "
        "one only.",
    ),
    "lost ACK": Cause(
        "The third segment of the handshake got lost: the client believed that the connection was open, and "
        "the server did not.",
        "Nothing, if the client spoke next, since its data say the same. A client that waits for the server "
        "to begin is heard only when the server has asked again.",
    ),
    "lost data": Cause(
        "Segments with data got lost and had to be sent again.",
        "One in a thousand is usual on the open Internet. More of it points to a full link, a bad cable or "
        "weak radio; compare captures at both ends.",
    ),
    "lost FIN": Cause(
        "The end of the connection got lost once and had to be told again.",
        "Nothing: it was repaired.",
    ),
    "reset": Cause(
        "One end broke the connection off: whatever was still under way is gone.",
        "Ask the program at that end, or its log: it was ended, closed with data unread, or has refused what "
        "it got. If neither end knows of it, something between them (a firewall, a proxy) has sent it.",
    ),
    "half-open": Cause(
        "One end takes the connection for open, and the other knows nothing of it.",
        "Did the other end's machine start anew, or did a firewall or NAT forget the connection? Keep-alive, "
        "or a heartbeat of the program's own, finds it out earlier.",
    ),
    "dead peer found by keep-alive": Cause(
        "The other end has fallen silent: it does not answer even when asked whether it is there.",
        "Look at that machine and at the way to it: power, cable, or a NAT or firewall that forgot the "
        "connection. How soon it is found out is a setting (keep-alive time, interval and count).",
    ),
    "dead peer found by retransmission": Cause(
        "The other end has fallen silent: what was sent is not acknowledged, however often it is sent again.",
        "Look at that machine and at the way to it. How long it is tried is a setting (user timeout).",
    ),
    "SYN flood": Cause(
        "Very many calls were begun and never completed: they fill the server's queue of callers.",
        "SYN cookies keep the server answering (`net.ipv4.tcp_syncookies` on Linux). The addresses may be "
        "forged: blocking them may block others.",
    ),
    "zero window": Cause(
        "One end said that it can take no more: its program does not read as fast as data come.",
        "The network is not to blame: look at what the program at that end is doing while it ought to read.",
    ),
    # TLS
    "no shared cipher": Cause(
        "The two ends have no suite (or no group, or no kind of signature) in common.",
        "Compare the client's list, in its ClientHello, with the server's settings, and with the kind of its "
        "key: a server with an ECDSA certificate alone serves no client that offers RSA only.",
    ),
    "version refused": Cause(
        "The two ends have no version of TLS in common.",
        "One of them is old or was told not to speak older versions. Bring the old one up to date; allowing "
        "TLS 1.0 or 1.1 again is no repair (RFC 8996).",
    ),
    "unknown CA": Cause(
        "The certificate was issued by somebody whom the other end does not know, or does not trust.",
        "Does the server send its intermediate certificates? Is the root among those that the other end "
        "trusts? A company's proxy that reads along shows in the issuer's name.",
    ),
    "expired": Cause(
        "The certificate is out of date (or not valid yet).",
        "Renew it and make the server load it. If the dates look right, look at the other end's clock.",
    ),
    "revoked": Cause(
        "The certificate was revoked by its issuer.",
        "Ask its issuer why. A revoked certificate never comes back: get a new one, with a new key.",
    ),
    "wrong name": Cause(
        "The certificate is for another name than the client asked for.",
        "Call the server by a name that is in its certificate's subjectAltName, or get one for this name. A "
        "server with many names needs to know which certificate belongs to which.",
    ),
    "refused certificate": Cause(
        "The other end did not accept the certificate, and does not say exactly why.",
        "Check it against what the other end wants: `openssl verify` with its trusted roots, its purposes, "
        "its kind of key.",
    ),
    "missing client certificate": Cause(
        "The server demands a certificate of the client, and the client has sent none.",
        "Give the client its certificate and key. If it has one: it sends only what the server's list of "
        "issuers allows.",
    ),
    "refused client certificate": Cause(
        "The server did not accept the client's certificate.",
        "The server's log says more. Is its issuer among those that the server trusts for clients, is it in "
        "date, and is it for clients (extended key usage)?",
    ),
    "bad MAC": Cause(
        "A record did not open: its bytes were changed on the way, or the two ends' keys differ.",
        "Capture at both ends and compare the bytes of that record. If they are the same at both, one end's "
        "library is at fault.",
    ),
    "bad signature": Cause(
        "A signature or a Finished does not verify: what one end has proved is not what the other has seen.",
        "Somebody may have changed the handshake on its way; or a certificate and its private key do not "
        "belong together.",
    ),
    "no shared protocol": Cause(
        "The two ends have no protocol in common for what goes inside TLS (ALPN).",
        "Compare the client's list in its ClientHello with what the server offers: h2, http/1.1 ...",
    ),
    "truncation": Cause(
        "The connection ended without close_notify: nobody can tell whether all has been said.",
        "If the message has a length of its own, compare it. Many programs simply do not send close_notify; "
        "one that takes the end of the connection for the end of the message can be cheated.",
    ),
    "alert": Cause(
        "One end broke TLS off, with an alert.",
        "The alert's name says what its sender found; its log may say more.",
    ),
    "no TLS": Cause(
        "One end began TLS, and the other answered with something else.",
        "Is it the right port, and does the service there begin with TLS? Some speak in the clear first, and "
        "change to TLS later (STARTTLS). What it answered, the capture has in the clear.",
    ),
    "unknown": Cause(
        "It failed, and the capture does not tell why.",
        "If an alert was sent, it was encrypted: with the secrets (a key log: SSLKEYLOGFILE at the client) "
        "it can be read. If none was sent, the log of the end that left may say more.",
    ),
}  # fmt: skip
"""All that a diagnosis knows: while a connection opens, while it lives, and in TLS."""


def cause_of(name: str) -> Cause:
    """The entry of a cause; what stands behind a colon, as in "alert: x", does not count."""
    return CAUSES.get(name) or CAUSES[name.partition(":")[0]]

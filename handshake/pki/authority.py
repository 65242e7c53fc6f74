"""A small certificate authority for lessons: good chains, and chains with one named defect.

Everything is the same for the same seed: RSA keys come from a pool of marked test keys, the others are
derived, and no signature draws randomness.  Valid certificates are so from 2000 to 9999, an expired one
expired in 2001, and one that is not valid yet begins in 9998: the clock of a library does not matter.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handshake.entropy import Entropy
from handshake.pki.names import is_address

HOST = "www.example.org"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The day of the lessons."""

SOON, LATE = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
PAST, FUTURE = datetime(2001, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)

REVOKED = SOON
"""When the revoked certificates were taken back: before any list was made."""

KINDS = ("RSA", "ECDSA", "Ed25519")
SHORT = 8
"""Which key of the pool is too short."""

UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.32473.9")
"""An extension that nobody knows; the number 32473 is set aside for examples (RFC 5612)."""


@lru_cache(maxsize=1)
def pool() -> tuple[rsa.RSAPrivateKey, ...]:
    """The RSA test keys.  They are public, and never to be used elsewhere."""
    text = (files("handshake.pki") / "test_keys.pem").read_text("utf-8")
    blocks = text.split("-----BEGIN PRIVATE KEY-----")[1:]
    keys = []
    for block in blocks:
        pem = f"-----BEGIN PRIVATE KEY-----{block}".encode()
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, rsa.RSAPrivateKey):
            keys.append(key)
    return tuple(keys)


def lesson_key(kind: str, number: int, seed: int | str = 0) -> Any:
    """A private key of a kind.   number: which one; 0 to 7 of RSA."""
    if kind not in KINDS:
        raise ValueError(f"a key is of the kind {', '.join(KINDS)}; not {kind!r}")
    if kind == "RSA":
        if not 0 <= number < SHORT:
            raise ValueError(f"the pool has RSA keys 0 to {SHORT - 1}; not {number}")
        return pool()[number]
    entropy = Entropy(f"{seed} test key {number}")
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(entropy("Ed25519", 32))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
    return ec.derive_private_key(1 + entropy.number("P-256", order - 1), ec.SECP256R1())


class Party(NamedTuple):
    """A certificate and the private key that belongs to it."""

    certificate: x509.Certificate
    key: Any


@dataclass(frozen=True)
class Wish:
    """What a certificate is to be like; `Wish()` is a good server's.

    name: its common name.   dns, addresses: entries of subjectAltName.
    ca, path_length: of basicConstraints.
    signs: whether key usage has keyCertSign, for a CA.   purpose: "server", "client", "both", or "" for none.
    permitted: DNS names that a CA may speak for, all if none.   unknown: a critical extension nobody knows.
    """

    name: str = HOST
    dns: tuple[str, ...] = (HOST,)
    addresses: tuple[str, ...] = ()
    ca: bool = False
    path_length: int | None = None
    signs: bool = True
    purpose: str = "server"
    permitted: tuple[str, ...] = ()
    begins: datetime = SOON
    ends: datetime = LATE
    unknown: bool = False


LABELS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
"""A host that certificates can be made for."""


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "For lessons only"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _hash(key: Any) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _deterministic(key: Any) -> bool | None:
    """ECDSA without randomness (RFC 6979), so that the same seed gives the same bytes."""
    return True if isinstance(key, ec.EllipticCurvePrivateKey) else None


USAGES = {"server": [ExtendedKeyUsageOID.SERVER_AUTH], "client": [ExtendedKeyUsageOID.CLIENT_AUTH]}
USAGES["both"] = USAGES["server"] + USAGES["client"]


def issue(wish: Wish, key: Any, serial: int, issuer: Party | None = None) -> x509.Certificate:
    """A certificate for a key, signed by an issuer, or by itself if there is none.

    key: the private key; only its public half goes in.   serial: its number.
    """
    public = key.public_key()
    signer = issuer.key if issuer else key
    identifier = x509.SubjectKeyIdentifier.from_public_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(wish.name))
        .issuer_name(issuer.certificate.subject if issuer else _name(wish.name))
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(wish.begins)
        .not_valid_after(wish.ends)
        .add_extension(x509.BasicConstraints(wish.ca, wish.path_length if wish.ca else None), critical=True)
        .add_extension(identifier(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier(identifier(signer.public_key()).digest, None, None), critical=False
        )
        .add_extension(_usage(wish, key), critical=True)
    )
    entries = [x509.DNSName(each) for each in wish.dns]
    numbers = [x509.IPAddress(ipaddress.ip_address(each)) for each in wish.addresses]
    if (entries or numbers) and not wish.ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([*entries, *numbers]), critical=False)
    if wish.purpose and not wish.ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(USAGES[wish.purpose]), critical=False)
    if wish.permitted:
        trees = [x509.DNSName(each) for each in wish.permitted]
        builder = builder.add_extension(x509.NameConstraints(trees, None), critical=True)
    if wish.unknown:
        builder = builder.add_extension(x509.UnrecognizedExtension(UNKNOWN, b"\x05\x00"), critical=True)
    return builder.sign(signer, _hash(signer), ecdsa_deterministic=_deterministic(signer))


def _usage(wish: Wish, key: Any) -> x509.KeyUsage:
    """What the key may do.  Only with RSA can a key also encrypt others (RFC 8813, RFC 9295)."""
    signs, encrypts = wish.ca and wish.signs, isinstance(key, rsa.RSAPrivateKey)
    return x509.KeyUsage(
        digital_signature=not wish.ca, content_commitment=False, key_encipherment=encrypts and not wish.ca,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs, crl_sign=wish.ca,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def revocation_list(
    issuer: Party, revoked: Sequence[int] = (), *, begins: datetime = SOON, ends: datetime = LATE,
    number: int = 1, key: Any = None,
) -> x509.CertificateRevocationList:  # fmt: skip
    """The issuer's list.   revoked: serial numbers.   key: sign with another than the issuer's."""
    signer = key or issuer.key
    identifier = x509.SubjectKeyIdentifier.from_public_key(issuer.key.public_key()).digest
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(begins)
        .next_update(ends)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(identifier, None, None), critical=False)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(REVOKED)
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer, _hash(signer), ecdsa_deterministic=_deterministic(signer))


@dataclass(frozen=True)
class Case:
    """A chain as a server (or a client) presents it, and what its peer knows.

    chain: leaf first.   key: the leaf's private key.   anchors: what the peer trusts.
    crls: the lists that it has.   server_name, purpose, now: what it asks for.
    parties: all certificates that were made, by name.
    """

    defect: str
    chain: tuple[x509.Certificate, ...]
    key: Any
    anchors: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]
    server_name: str | None
    purpose: str
    now: datetime
    parties: dict[str, Party]

    def pem(self) -> str:
        """The chain as text, as servers have it in files."""
        return "".join(each.public_bytes(Encoding.PEM).decode() for each in self.chain)


@dataclass(frozen=True)
class Defect:
    """What is wrong with a chain, and what is to come of it.

    words: in a sentence.   check: our check that fails first, "" if none.
    index: of the certificate to blame in the chain, None if there is none.   alert: the TLS alert.
    openssl: whether OpenSSL accepts the chain; why: where that differs, why.
    """

    words: str
    check: str
    index: int | None
    alert: str
    openssl: bool = False
    why: str = ""


DEFECTS: dict[str, Defect] = {
    "none": Defect("nothing is wrong", "", None, "", True),
    "expired": Defect("the leaf expired in 2001", "in date", 0, "certificate_expired"),
    "not_yet_valid": Defect("the leaf is valid from 9998 on", "in date", 0, "bad_certificate"),
    "expired_intermediate": Defect("the intermediate expired in 2001", "in date", 1, "certificate_expired"),
    "wrong_host": Defect("it is for another name", "server name", 0, "bad_certificate"),
    "wildcard_depth": Defect("a wildcard would stand for two labels", "server name", 0, "bad_certificate"),
    "cn_only": Defect(
        "the name stands in the common name only", "server name", 0, "bad_certificate", True,
        "OpenSSL looks at the common name where subjectAltName has no DNS name; RFC 9525 forbids that",
    ),
    "self_signed": Defect("the leaf is signed by itself", "known issuer", 0, "unknown_ca"),
    "unknown_ca": Defect("the root is not trusted", "known issuer", 1, "unknown_ca"),
    "missing_intermediate": Defect("the intermediate was not sent", "known issuer", 0, "unknown_ca"),
    "leaf_as_ca": Defect("a leaf has issued another leaf", "issued by a CA", 1, "unknown_ca"),
    "no_cert_sign": Defect(
        "the intermediate's key may not sign certificates", "may sign certificates", 1, "unknown_ca"
    ),
    "path_too_long": Defect("a CA that may have none below it has one", "path length", 2, "unknown_ca"),
    "name_not_permitted": Defect(
        "the CA may speak for another domain only", "name constraints", 0, "certificate_unknown"
    ),
    "critical_extension": Defect(
        "a critical extension that nobody knows", "critical extensions", 0, "certificate_unknown"
    ),
    "weak_key": Defect("an RSA key of 1024 bits", "strong enough", 0, "bad_certificate"),
    "wrong_purpose": Defect("it is for the other end of TLS", "purpose", 0, "unsupported_certificate"),
    "forged_signature": Defect("a bit of the signature is flipped", "signature", 0, "decrypt_error"),
    "revoked": Defect("the leaf was taken back", "not revoked", 0, "certificate_revoked"),
    "revoked_intermediate": Defect(
        "the intermediate was taken back", "not revoked", 1, "certificate_revoked"
    ),
    "stale_crl": Defect("the list is stale, since 2001", "not revoked", 0, "certificate_expired"),
    "missing_crl": Defect("no list from the intermediate is at hand", "not revoked", 0, "unknown_ca"),
    "forged_crl": Defect("somebody else has signed the list", "not revoked", 0, "decrypt_error"),
}  # fmt: skip
"""Every defect by its name."""


def case(
    defect: str = "none", *, kind: str = "RSA", purpose: str = "server", host: str = HOST, seed: int = 0
) -> Case:
    """A chain of root, intermediate and leaf with one defect.

    defect: one of DEFECTS.   kind: of all keys, one of KINDS.   purpose: "server" or "client".
    host: the name of the server, or of the client.   seed: other keys (of RSA there are eight) and numbers.
    """
    if defect not in DEFECTS:
        raise ValueError(f"the defects are {', '.join(DEFECTS)}; not {defect!r}")
    if purpose not in ("server", "client"):
        raise ValueError(f"purpose is 'server' or 'client', not {purpose!r}")
    if purpose == "client" and DEFECTS[defect].check == "server name":
        words = DEFECTS[defect].words
        raise ValueError(
            f"nobody asks a client for the name of a server: \u201c{words}\u201d is no defect of clients"
        )
    if is_address(host) or not LABELS.fullmatch(host):
        raise ValueError(f"host is a DNS name of two labels at least: 'www.example.org'; got {host!r}")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise ValueError(f"seed is a whole number, got {seed!r}")
    return _Making(defect, kind, purpose, host, seed).case()


def _other(host: str) -> str:
    """A domain in which the host does not lie."""
    return "example.com" if host.endswith("example.net") else "example.net"


class _Making:
    """The making of one case."""

    def __init__(self, defect: str, kind: str, purpose: str, host: str, seed: int) -> None:
        self.defect, self.kind, self.purpose, self.host, self.seed = defect, kind, purpose, host, seed
        self.entropy = Entropy(seed)
        self.parties: dict[str, Party] = {}

    def made(self, who: str, wish: Wish, number: int, issuer: Party | None = None, key: Any = None) -> Party:
        """A certificate with a key of its own, remembered by name."""
        key = key or lesson_key(self.kind, (number + self.seed) % 8, self.seed)
        serial = 1 + self.entropy.number(f"{who} serial", 1 << 120)
        self.parties[who] = Party(issue(wish, key, serial, issuer), key)
        return self.parties[who]

    def case(self) -> Case:
        """Root, intermediate and leaf, with the defect."""
        defect = self.defect
        root = self.made("root", Wish("Course Root (test)", ca=True), 0)
        between = self.made("intermediate", self._intermediate(), 1, root)
        above: list[Party] = [between]
        if defect == "path_too_long":
            above.insert(0, self.made("second", Wish("Course CA 2 (test)", ca=True), 3, between))
        if defect == "leaf_as_ca":
            middle = Wish("shop.example.net", ("shop.example.net",), purpose=self.purpose)
            above.insert(0, self.made("middle", middle, 3, between))
        issuer = None if defect == "self_signed" else above[0]
        key = pool()[SHORT] if defect == "weak_key" else None
        leaf = self.made("leaf", self._leaf(), 2, issuer, key)
        certificate = _forged(leaf.certificate) if defect == "forged_signature" else leaf.certificate
        chain = [certificate, *(party.certificate for party in above)]
        if defect in ("self_signed", "missing_intermediate"):
            chain = chain[:1]
        anchor = root
        if defect == "unknown_ca":
            anchor = self.made("other root", Wish("Another Root (test)", ca=True), 4)
        return Case(
            defect, tuple(chain), leaf.key, (anchor.certificate,), self._lists(root, above, leaf),
            self._wanted() if self.purpose == "server" else None, self.purpose, NOW, self.parties,
        )  # fmt: skip

    def _wanted(self) -> str:
        """Whom the client calls."""
        return f"deep.{self.host}" if self.defect == "wildcard_depth" else self.host

    def _intermediate(self) -> Wish:
        return Wish(
            "Course CA (test)", ca=True,
            path_length=0 if self.defect == "path_too_long" else None,
            signs=self.defect != "no_cert_sign",
            permitted=(_other(self.host),) if self.defect == "name_not_permitted" else (),
            ends=PAST if self.defect == "expired_intermediate" else LATE,
        )  # fmt: skip

    def _leaf(self) -> Wish:
        other = {"server": "client", "client": "server"}[self.purpose]
        names: dict[str, tuple[str, ...]] = {
            "wrong_host": ("www.example.com" if self.host != "www.example.com" else "www.example.net",),
            "wildcard_depth": (f"*.{self.host.partition('.')[2]}",),
            "cn_only": (),
        }
        return Wish(
            self.host, names.get(self.defect, (self.host,)),
            purpose=other if self.defect == "wrong_purpose" else self.purpose,
            begins=FUTURE if self.defect == "not_yet_valid" else SOON,
            ends=PAST if self.defect == "expired" else LATE,
            unknown=self.defect == "critical_extension",
        )  # fmt: skip

    def _lists(
        self, root: Party, above: list[Party], leaf: Party
    ) -> tuple[x509.CertificateRevocationList, ...]:
        """A list of each CA."""
        defect, lists = self.defect, []
        revoked = {
            "revoked": (above[0], leaf), "revoked_intermediate": (root, above[-1]),
        }.get(defect)  # fmt: skip
        for issuer in (root, *reversed(above)):
            serials = [revoked[1].certificate.serial_number] if revoked and revoked[0] is issuer else []
            if issuer is above[0] and defect == "missing_crl":
                continue
            stale = issuer is above[0] and defect == "stale_crl"
            key = root.key if issuer is above[0] and defect == "forged_crl" else None
            lists.append(revocation_list(issuer, serials, ends=PAST if stale else LATE, key=key))
        return tuple(lists)


def _forged(certificate: x509.Certificate) -> x509.Certificate:
    """The same certificate with the last bit of its signature flipped."""
    data = bytearray(certificate.public_bytes(Encoding.DER))
    data[-1] ^= 1
    return x509.load_der_x509_certificate(bytes(data))

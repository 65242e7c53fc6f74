"""Certificates and lists to order, for tests: good ones, with anything changed that one names."""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from handshake import pki
from handshake.pki.der import part, parts

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HOST = "example.com"
EMPTY = x509.Name([])
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")

count = 1000


@dataclass
class Owner:
    """A certificate and its key."""

    cert: x509.Certificate
    key: Any

    @property
    def serial(self) -> int:
        return self.cert.serial_number


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(*uses: str) -> x509.KeyUsage:
    """Key usages by their names, "key_cert_sign" ...; no others."""
    known = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(*(each in uses for each in known))


def entries(*names: Any) -> x509.SubjectAlternativeName:
    """Entries of subjectAltName: texts are DNS names, addresses are addresses."""

    def entry(each: Any) -> x509.GeneralName:
        if isinstance(each, str):
            return x509.DNSName._init_without_validation(each)  # whatever it is
        if isinstance(each, ipaddress.IPv4Address | ipaddress.IPv6Address):
            return x509.IPAddress(each)
        return each

    return x509.SubjectAlternativeName([entry(each) for each in names])


def raw(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    """An extension with any content."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


DEFAULT: Any = object()


def certificate(
    subject: x509.Name | str,
    issuer: Owner | None = None,
    *,
    ca: bool = False,
    length: int | None = None,
    key: Any = None,
    basic: Any = DEFAULT,
    basic_critical: bool = True,
    use: Any = DEFAULT,
    extended: Any = DEFAULT,
    san: Any = DEFAULT,
    san_critical: bool = False,
    ski: Any = DEFAULT,
    ski_critical: bool = False,
    aki: Any = DEFAULT,
    aki_critical: bool = False,
    constraints: Any = None,
    constraints_critical: bool = True,
    begins: datetime = datetime(2020, 1, 1),
    ends: datetime = datetime(2030, 1, 1),
    extra: Iterable[Any] = (),
    hashed: Any = None,
) -> Owner:
    """A good certificate, but for what is said.   None leaves an extension out."""
    global count
    count += 1
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    subject = name(subject) if isinstance(subject, str) else subject
    identifier = x509.SubjectKeyIdentifier.from_public_key
    known = {
        "basic": (x509.BasicConstraints(ca, length) if ca else None, basic, basic_critical),
        "use": (usage("key_cert_sign", "crl_sign") if ca else usage("digital_signature"), use, False),
        "extended": (None if ca else x509.ExtendedKeyUsage([SERVER]), extended, False),
        "san": (None if ca else entries(HOST), san, san_critical),
        "ski": (identifier(key.public_key()) if ca else None, ski, ski_critical),
        "aki": (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()) if issuer else None,
            aki, aki_critical,
        ),
        "constraints": (None, constraints, constraints_critical),
    }  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.cert.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(count)
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    for usual, given, critical in known.values():
        value = usual if given is DEFAULT else given
        if value is not None:
            builder = builder.add_extension(value, critical=critical)
    for value, critical in extra:
        builder = builder.add_extension(value, critical=critical)
    return Owner(builder.sign(signer, hashed or hashes.SHA256()), key)


def root(subject: x509.Name | str = "root", **choices: Any) -> Owner:
    return certificate(subject, ca=True, **choices)


def between(issuer: Owner, subject: x509.Name | str = "intermediate", **choices: Any) -> Owner:
    return certificate(subject, issuer, ca=True, **choices)


def leaf(issuer: Owner, subject: x509.Name | str = "leaf", **choices: Any) -> Owner:
    return certificate(subject, issuer, **choices)


def revocations(
    issuer: Owner, serials: Iterable[int] = (), *, key: Any = None, number: int | None = 1,
    number_critical: bool = False, aki: bool = True, begins: datetime = datetime(2024, 1, 1),
    ends: datetime = datetime(2030, 1, 1), extra: Iterable[Any] = (), about: Iterable[Any] = (),
) -> x509.CertificateRevocationList:  # fmt: skip
    """A good list, but for what is said.   about: extensions of each entry."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.cert.subject)
        .last_update(begins)
        .next_update(ends)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(datetime(2024, 1, 1))
        for value, critical in about:
            entry = entry.add_extension(value, critical=critical)
        builder = builder.add_revoked_certificate(entry.build())
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=number_critical)
    if aki:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key((key or issuer.key).public_key())
        builder = builder.add_extension(identifier, critical=False)
    for value, critical in extra:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(key or issuer.key, hashes.SHA256())


# ---- Bytes that no builder makes ---------------------------------------------------------------------------


def der(tag: int, *content: bytes) -> bytes:
    """A part: tag, length, value."""
    data = b"".join(content)
    size = len(data)
    if size < 128:
        return bytes([tag, size]) + data
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + data


def sequence(*content: bytes) -> bytes:
    return der(0x30, *content)


def fields(data: bytes) -> list[bytes]:
    """The parts inside a part, each as bytes."""
    outer = part(data, 0, len(data))
    return [data[each.start : each.end] for each in parts(data, outer.content, outer.end)]


def rewritten(signed: bytes, key: Any, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """What is signed with its fields changed, and signed anew with an ECDSA key."""
    body = sequence(*change(fields(signed)))
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    return sequence(body, ECDSA_SHA256, der(3, b"\0" + signature))


def changed(one: Owner, key: Any, change: Callable[[list[bytes]], list[bytes]]) -> Owner:
    """A certificate whose fields are changed, signed anew."""
    data = rewritten(one.cert.tbs_certificate_bytes, key, change)
    with warnings.catch_warnings():  # the library warns of serial numbers that are not positive
        warnings.simplefilter("ignore")
        return Owner(x509.load_der_x509_certificate(data), one.key)


def changed_list(
    crl: x509.CertificateRevocationList, key: Any, change: Callable[[list[bytes]], list[bytes]]
) -> x509.CertificateRevocationList:
    """A list whose fields are changed, signed anew."""
    return x509.load_der_x509_crl(rewritten(crl.tbs_certlist_bytes, key, change))


def report(
    trusted: Sequence[Owner], others: Sequence[Owner], one: Owner, host: str | None = HOST,
    purpose: str = "server", crls: Sequence[Any] = (), depth: int | None = None,
) -> pki.Report:  # fmt: skip
    """What our validation says."""
    chain = [one.cert, *(each.cert for each in others)]
    anchors = [each.cert for each in trusted]
    return pki.validate(chain, anchors, NOW, host, purpose, crls=crls, max_depth=depth)


def over_sha1(one: Owner, key: Any) -> Owner:
    """The same certificate signed over SHA-1 with an RSA key, which no builder does any more."""
    algorithm = bytes.fromhex("300d06092a864886f70d0101050500")
    body = fields(one.cert.tbs_certificate_bytes)
    body[2] = algorithm
    signature = key.sign(sequence(*body), padding.PKCS1v15(), hashes.SHA1())
    data = sequence(sequence(*body), algorithm, der(3, b"\0" + signature))
    return Owner(x509.load_der_x509_certificate(data), one.key)

"""The bytes of a certificate or a revocation list, and what each of them is, by the names of RFC 5280.

What is written here is the shape that the standard gives them; the bytes are walked along it.  What does not
fit the shape is named by its type, and bytes that are no DER raise DecodeError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from handshake.errors import DecodeError
from handshake.pki.der import DEEPEST, Part, object_identifier, part, parts
from handshake.wire import Span

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, UTF8, SEQUENCE, SET = 1, 2, 3, 4, 5, 6, 12, 0x30, 0x31
TIMES = (0x17, 0x18)

TYPES = {
    1: "BOOLEAN", 2: "INTEGER", 3: "BIT STRING", 4: "OCTET STRING", 5: "NULL", 6: "OBJECT IDENTIFIER",
    10: "ENUMERATED",
    12: "UTF8String", 19: "PrintableString", 20: "TeletexString", 22: "IA5String", 23: "UTCTime",
    24: "GeneralizedTime", 28: "UniversalString", 30: "BMPString", 0x30: "SEQUENCE", 0x31: "SET",
}  # fmt: skip
TEXTS = {12: "utf-8", 19: "ascii", 20: "latin-1", 22: "ascii", 23: "ascii", 24: "ascii", 30: "utf-16-be"}

NAMES = {
    "2.5.4.3": "commonName", "2.5.4.6": "countryName", "2.5.4.7": "localityName",
    "2.5.4.8": "stateOrProvinceName",
    "2.5.4.10": "organizationName", "2.5.4.11": "organizationalUnitName", "2.5.4.5": "serialNumber",
    "1.2.840.113549.1.1.1": "rsaEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "RSASSA-PSS", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.10045.2.1": "ecPublicKey", "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.3.101.112": "Ed25519",
    "2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage", "2.5.29.17": "subjectAltName",
    "2.5.29.18": "issuerAltName", "2.5.29.19": "basicConstraints", "2.5.29.20": "cRLNumber",
    "2.5.29.21": "reasonCode", "2.5.29.28": "issuingDistributionPoint", "2.5.29.30": "nameConstraints",
    "2.5.29.31": "cRLDistributionPoints", "2.5.29.32": "certificatePolicies",
    "2.5.29.35": "authorityKeyIdentifier", "2.5.29.37": "extKeyUsage",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth", "1.3.6.1.5.5.7.48.1": "OCSP",
    "1.3.6.1.5.5.7.48.2": "caIssuers", "2.5.29.37.0": "anyExtendedKeyUsage", "2.5.29.32.0": "anyPolicy",
}  # fmt: skip
"""What some object identifiers are called."""

USAGES = (
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
)  # fmt: skip
"""The bits of keyUsage, the first the most significant."""


class Shape(NamedTuple):
    """What stands at a place.

    name: the standard's.   meaning: a sentence.
    tags: those that it may have, any if empty; what is optional is told from what follows by them.
    inside: the shapes of its parts, in order.   many: it may come again.
    """

    name: str
    meaning: str = ""
    tags: tuple[int, ...] = ()
    inside: tuple[Any, ...] = ()
    many: bool = False


def _many(name: str, inside: tuple[Any, ...] = (), meaning: str = "") -> Shape:
    return Shape(name, meaning, (), inside, many=True)


GENERAL_NAME = (
    Shape("otherName", "a name of a kind of its own", (0xA0,), many=True),
    Shape("rfc822Name", "a mail address", (0x81,), many=True),
    Shape("dNSName", "a host's name", (0x82,), many=True),
    Shape("directoryName", "a name as issuers and subjects have", (0xA4,), many=True),
    Shape("uniformResourceIdentifier", "a URI", (0x86,), many=True),
    Shape("iPAddress", "an address, or in constraints an address and a mask", (0x87,), many=True),
    Shape("registeredID", "an object identifier", (0x88,), many=True),
)
SUBTREES = (_many("GeneralSubtree", GENERAL_NAME),)
ALGORITHM = (Shape("algorithm", "which", (OID,)), Shape("parameters", "what else has to be known of it"))
NAME = (
    _many(
        "RelativeDistinguishedName",
        (
            _many(
                "AttributeTypeAndValue", (Shape("type", "what it says", (OID,)), Shape("value", "the text"))
            ),
        ),
    ),
)
EXTENSION = (
    Shape("extnID", "which extension", (OID,)),
    Shape("critical", "whoever does not understand it must refuse", (BOOLEAN,)),
    Shape("extnValue", "its value, DER again, in a string of bytes", (OCTETS,)),
)
EXTENSIONS = (Shape("Extensions", "", (SEQUENCE,), (_many("Extension", EXTENSION),)),)

CERTIFICATE = (
    Shape("tbsCertificate", "what is signed", (SEQUENCE,), (
        Shape("version", "2 means version 3", (0xA0,), (Shape("version", "2 means version 3", (INTEGER,)),)),
        Shape("serialNumber", "of the issuer's choice; lists of the revoked name it", (INTEGER,)),
        Shape("signature", "by which algorithm it is signed; stands again outside", (SEQUENCE,), ALGORITHM),
        Shape("issuer", "who has signed it", (SEQUENCE,), NAME),
        Shape("validity", "from when until when", (SEQUENCE,), (
            Shape("notBefore", "the first second", TIMES), Shape("notAfter", "the last second", TIMES),
        )),
        Shape("subject", "whose it is", (SEQUENCE,), NAME),
        Shape("subjectPublicKeyInfo", "the subject's public key", (SEQUENCE,), (
            Shape("algorithm", "of which kind the key is", (SEQUENCE,), ALGORITHM),
            Shape("subjectPublicKey", "the key", (BITS,)),
        )),
        Shape("issuerUniqueID", "not used any more", (0x81,)),
        Shape("subjectUniqueID", "not used any more", (0x82,)),
        Shape("extensions", "", (0xA3,), EXTENSIONS),
    )),
    Shape("signatureAlgorithm", "by which algorithm it is signed", (SEQUENCE,), ALGORITHM),
    Shape("signatureValue", "the signature over tbsCertificate, with the issuer's key", (BITS,)),
)  # fmt: skip

REVOKED = (
    Shape("userCertificate", "the serial number of one that was taken back", (INTEGER,)),
    Shape("revocationDate", "when", TIMES),
    Shape("crlEntryExtensions", "", (SEQUENCE,), (_many("Extension", EXTENSION),)),
)
LIST = (
    Shape("tbsCertList", "what is signed", (SEQUENCE,), (
        Shape("version", "1 means version 2", (INTEGER,)),
        Shape("signature", "by which algorithm it is signed; stands again outside", (SEQUENCE,), ALGORITHM),
        Shape("issuer", "whose list it is", (SEQUENCE,), NAME),
        Shape("thisUpdate", "when it was made", TIMES),
        Shape("nextUpdate", "when the next one comes at the latest", TIMES),
        Shape("revokedCertificates", "", (SEQUENCE,), (_many("revokedCertificate", REVOKED),)),
        Shape("crlExtensions", "", (0xA0,), EXTENSIONS),
    )),
    Shape("signatureAlgorithm", "by which algorithm it is signed", (SEQUENCE,), ALGORITHM),
    Shape("signatureValue", "the signature over tbsCertList, with the issuer's key", (BITS,)),
)  # fmt: skip

POINT = (
    Shape("fullName", "where it is", (0xA0,), GENERAL_NAME),
    Shape("nameRelativeToCRLIssuer", "the end of its name", (0xA1,)),
)
VALUES: dict[str, Shape] = {
    "2.5.29.19": Shape("BasicConstraints", "", (), (
        Shape("cA", "it may issue others", (BOOLEAN,)),
        Shape("pathLenConstraint", "so many CAs may stand below it", (INTEGER,)),
    )),
    "2.5.29.14": Shape("SubjectKeyIdentifier", "a name for its own key"),
    "2.5.29.15": Shape("KeyUsage", "what the key may be used for"),
    "2.5.29.17": Shape("SubjectAltName", "", (), GENERAL_NAME),
    "2.5.29.18": Shape("IssuerAltName", "", (), GENERAL_NAME),
    "2.5.29.20": Shape("CRLNumber", "lists are counted"),
    "2.5.29.21": Shape("CRLReason", "why it was taken back: 1 means that the key became known"),
    "2.5.29.30": Shape("NameConstraints", "", (), (
        Shape("permittedSubtrees", "names that it may speak for", (0xA0,), SUBTREES),
        Shape("excludedSubtrees", "names that it must not speak for", (0xA1,), SUBTREES),
    )),
    "2.5.29.31": Shape("CRLDistributionPoints", "", (), (_many("DistributionPoint", (
        Shape("distributionPoint", "where its list is", (0xA0,), POINT),
        Shape("reasons", "for these only", (0x81,)),
        Shape("cRLIssuer", "somebody else's list", (0xA2,), GENERAL_NAME),
    )),)),
    "2.5.29.32": Shape("CertificatePolicies", "", (), (_many("PolicyInformation", (
        Shape("policyIdentifier", "by which rules it was issued", (OID,)), Shape("policyQualifiers", ""),
    )),)),
    "2.5.29.35": Shape("AuthorityKeyIdentifier", "", (), (
        Shape("keyIdentifier", "the name of the issuer's key", (0x80,)),
        Shape("authorityCertIssuer", "", (0xA1,), GENERAL_NAME),
        Shape("authorityCertSerialNumber", "", (0x82,)),
    )),
    "2.5.29.37": Shape("ExtKeyUsage", "", (), (_many("KeyPurposeId", (), "what it may be used for"),)),
    "2.5.29.28": Shape("IssuingDistributionPoint", "", (), (
        Shape("distributionPoint", "where this list is", (0xA0,), POINT),
        Shape("onlyContainsUserCerts", "", (0x81,)), Shape("onlyContainsCACerts", "", (0x82,)),
        Shape("onlySomeReasons", "", (0x83,)), Shape("indirectCRL", "", (0x84,)),
        Shape("onlyContainsAttributeCerts", "", (0x85,)),
    )),
    "1.3.6.1.5.5.7.1.1": Shape("AuthorityInfoAccess", "", (), (_many("AccessDescription", (
        Shape("accessMethod", "what for", (OID,)), *GENERAL_NAME,
    )),)),
}  # fmt: skip
"""The shapes of the extensions that we know, by their object identifiers."""


@dataclass(frozen=True)
class Anatomy:
    """Bytes of a certificate or a list, and their fields.   title: what it is."""

    title: str
    data: bytes
    spans: tuple[Span, ...]

    def __getitem__(self, name: str) -> Span:
        """The first field of that name."""
        for span in self.spans:
            if span.name == name:
                return span
        raise KeyError(f"no field {name!r}")


def anatomy(thing: Any) -> Anatomy:
    """Every field of a certificate or a revocation list.

    thing: cryptography's, or its bytes.   DecodeError, with the place, for bytes that are no DER.
    """
    if isinstance(thing, bytes):
        data = thing
    else:
        from cryptography.hazmat.primitives.serialization import Encoding

        data = thing.public_bytes(Encoding.DER)
    outer = part(data, 0, len(data))
    if outer.end != len(data) or outer.tag != SEQUENCE:
        raise DecodeError("Certificate", 0, "one SEQUENCE and nothing behind it", f"{len(data)} bytes")
    is_list = _looks_like_a_list(data, outer)
    name, shapes = ("CertificateList", LIST) if is_list else ("Certificate", CERTIFICATE)
    spans = _Walk(data).walked(outer, Shape(name, "", (), shapes), (), 0)
    return Anatomy(name, data, tuple(spans))


def _looks_like_a_list(data: bytes, outer: Part) -> bool:
    """A list's third part is a name and its fourth a time; a certificate begins with [0] or an INTEGER."""
    first = part(data, outer.content, outer.end)
    inside = parts(data, first.content, first.end) if first.constructed else []
    tags = [each.tag for each in inside[:5]]
    return any(tag in TIMES for tag in tags)


class _Walk:
    """A walk along a shape."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.extension = ""  # the identifier of the extension that is being read

    def walked(self, at: Part, shape: Shape, path: tuple[str, ...], deep: int) -> Iterator[Span]:
        """The fields of one part."""
        if deep > DEEPEST:
            raise DecodeError("value", at.start, f"parts at most {DEEPEST} deep", "more")
        if shape.name == "extnID":
            self.extension = object_identifier(self.data[at.content : at.end])
        if shape.name == "extnValue" and self.extension in VALUES:
            yield from self._value(at, path, deep)
        elif at.constructed:
            here = (*path, shape.name)
            yield self._header(at, shape, here)
            yield from self._inside(at, shape, here, deep)
        else:
            yield self._leaf(at, shape, path)

    def _value(self, at: Part, path: tuple[str, ...], deep: int) -> Iterator[Span]:
        """The value of an extension: DER in a string of bytes; if it is none, the bytes."""
        shape = VALUES[self.extension]
        try:
            inner = part(self.data, at.content, at.end)
            fields = list(self.walked(inner, shape, path, deep + 1)) if inner.end == at.end else []
        except DecodeError:
            fields = []
        if not fields:
            yield self._leaf(
                at, Shape("extnValue", "its value, which is not of the shape that it ought to have"), path
            )
            return
        meaning = f"OCTET STRING of {at.end - at.content} bytes, in which the value lies"
        yield Span(path, "extnValue", at.start, at.content, 0, 8 * (at.content - at.start), meaning, raw=True)
        yield from fields

    def _inside(self, at: Part, shape: Shape, path: tuple[str, ...], deep: int) -> Iterator[Span]:
        shapes, place = shape.inside, 0
        for each in parts(self.data, at.content, at.end):
            while place < len(shapes) and shapes[place].tags and each.tag not in shapes[place].tags:
                place += 1
            if place < len(shapes):
                mine = shapes[place]
                if mine.many and mine.tags:
                    place = 0  # a choice: any of them may come next
                elif not mine.many:
                    place += 1
            else:
                mine, place = Shape(TYPES.get(each.tag, f"[{each.tag & 0x1F}]")), place if not shapes else 0
            yield from self.walked(each, mine, path, deep + 1)

    def _header(self, at: Part, shape: Shape, path: tuple[str, ...]) -> Span:
        size = at.end - at.content
        kind = TYPES.get(at.tag, f"[{at.tag & 0x1F}]")
        meaning = f"{kind} of {size} bytes" + (f": {shape.meaning}" if shape.meaning else "")
        if shape.name == "BasicConstraints" and not size:
            meaning = f"{kind} of 0 bytes: cA is left out, which means FALSE"
        return Span(
            path, "tag and length", at.start, at.content, 0, 8 * (at.content - at.start), meaning, raw=True
        )

    def _leaf(self, at: Part, shape: Shape, path: tuple[str, ...]) -> Span:
        kind = TYPES.get(at.tag, f"[{at.tag & 0x1F}]")
        meaning = f"{kind}: {shape.meaning}" if shape.meaning else kind
        words = said(self.data[at.start : at.end], shape.name, at.content - at.start)
        return Span(
            path, shape.name, at.start, at.end, 0, 8 * (at.end - at.start), meaning, lambda _: words, raw=True
        )


def said(data: bytes, name: str, header: int = 2) -> str:
    """The value of one part in words.   data: the whole part.   header: how long its tag and length are."""
    tag, content = data[0], data[header:]
    if tag == OID:
        try:
            number = object_identifier(content)
        except DecodeError:
            return "no object identifier"
        return NAMES.get(number, number)
    if tag == BOOLEAN:
        return "TRUE" if content not in (b"", b"\0") else "FALSE"
    if tag in (INTEGER, 10):
        value = int.from_bytes(content, "big", signed=True)
        return str(value) if value.bit_length() <= 64 else f"0x{value:x}"
    if name == "KeyUsage" and tag == BITS:
        bits = "".join(f"{octet:08b}" for octet in content[1:])
        return ", ".join(usage for usage, bit in zip(USAGES, bits, strict=False) if bit == "1")
    if name == "iPAddress" and len(content) in (4, 16):
        import ipaddress

        return str(ipaddress.ip_address(content))
    if tag in TIMES:
        return _time(content)
    if tag in TEXTS or name in ("dNSName", "rfc822Name", "uniformResourceIdentifier"):
        return content.decode(TEXTS.get(tag, "ascii"), "replace")
    return ""


def _time(content: bytes) -> str:
    """A time as people write it: two digits of a year below 50 are of this century (section 4.1.2.5.1)."""
    text = content.decode("ascii", "replace")
    if len(text) == 13:
        text = ("20" if text[:2] < "50" else "19") + text
    if len(text) != 15 or not text[:-1].isdigit():
        return text
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}:{text[12:14]} UTC"

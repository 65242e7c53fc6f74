"""A certificate, read once: what the checks look at, and what is wrong with its form."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki.der import part, parts

NAME_CONSTRAINTS = bytes.fromhex("551d1e")
"""How the extension is called in DER: 2.5.29.30."""

READ = {
    Oid.AUTHORITY_KEY_IDENTIFIER,
    Oid.SUBJECT_KEY_IDENTIFIER,
    Oid.KEY_USAGE,
    Oid.EXTENDED_KEY_USAGE,
    Oid.BASIC_CONSTRAINTS,
    Oid.SUBJECT_ALTERNATIVE_NAME,
    Oid.NAME_CONSTRAINTS,
    Oid.CERTIFICATE_POLICIES,
    Oid.POLICY_CONSTRAINTS,
    Oid.POLICY_MAPPINGS,
    Oid.INHIBIT_ANY_POLICY,
}
"""The extensions that are understood here: if another is marked critical, the certificate is refused."""

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for something that it cannot read."""

NameKey = tuple[frozenset[tuple[Any, object]], ...]


def name_key(name: x509.Name) -> NameKey:
    """A name in the form in which names are compared, however they are written (RFC 5280 section 7.1)."""
    return tuple([frozenset([(each.oid, _folded(each.value)) for each in rdn]) for rdn in name.rdns])


@lru_cache(maxsize=4096)
def _folded(value: object) -> object:
    if not isinstance(value, str):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


class Reading:
    """One certificate, with what the checks ask of it again and again.

    certificate: as `cryptography` has parsed it.   malformed: what is wrong with its form, or "".
    subject, issuer: their names, to be compared.   self_issued: whether they are the same.
    extensions: by their identifiers; critical: those that are marked so.   key: its public key.
    is_ca: whether it says that it may issue others.
    key_identifier, issuer_key_identifier: the names of its own and of its issuer's key, if it says them.
    """

    def __init__(self, certificate: x509.Certificate) -> None:
        if not isinstance(certificate, x509.Certificate):
            raise TypeError(f"a chain is made of cryptography's certificates, got {certificate!r:.60}")
        self.certificate = certificate
        self.malformed = ""
        self.extensions: dict[Any, Any] = {}
        self.critical: set[Any] = set()
        self.subject: NameKey = ()
        self.issuer: NameKey = ()
        self.key: Any = None
        try:
            # Names first, so that a certificate whose extensions cannot be read is found and blamed.
            self.subject, self.issuer = name_key(certificate.subject), name_key(certificate.issuer)
            for extension in certificate.extensions:
                self.extensions[extension.oid] = extension.value
                if extension.critical:
                    self.critical.add(extension.oid)
            self.key = certificate.public_key()
            if not _same_algorithms(certificate.public_bytes(Encoding.DER)):
                self.malformed = "it names two algorithms for its signature, one inside and one outside"
            self.malformed = self.malformed or _odd_extension(self.extensions, certificate)
        except UNREADABLE as error:
            self.malformed = f"it cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"
        self.self_issued = self.subject == self.issuer
        constraints = self.extension(Oid.BASIC_CONSTRAINTS)
        self.is_ca = constraints is not None and constraints.ca
        own, issuers = (
            self.extension(Oid.SUBJECT_KEY_IDENTIFIER),
            self.extension(Oid.AUTHORITY_KEY_IDENTIFIER),
        )
        self.key_identifier: bytes | None = None if own is None else own.digest
        self.issuer_key_identifier: bytes | None = None if issuers is None else issuers.key_identifier

    def __repr__(self) -> str:
        return f"Reading({self.words})"

    @property
    def words(self) -> str:
        """Its subject in a few words: the common name, or what there is."""
        try:
            return _short(self.certificate.subject)
        except UNREADABLE:
            return "a certificate whose subject cannot be read"

    @property
    def list_issuers(self) -> set[NameKey]:
        """Who else may keep the list on which it would stand (cRLIssuer of its distribution points)."""
        return {
            name_key(name.value)
            for point in self.extension(Oid.CRL_DISTRIBUTION_POINTS) or ()
            for name in point.crl_issuer or ()
            if isinstance(name, x509.DirectoryName)
        }

    def good_on(self, now: datetime | None) -> bool:
        """Whether a time is between its dates."""
        one = self.certificate
        return now is None or one.not_valid_before_utc <= now <= one.not_valid_after_utc

    def extension(self, oid: Any) -> Any:
        """The value of an extension, or None."""
        return self.extensions.get(oid)

    def general_names(self, kind: Any) -> list[Any]:
        """Entries of subjectAltName of one kind."""
        found = self.extension(Oid.SUBJECT_ALTERNATIVE_NAME)
        return [] if found is None else found.get_values_for_type(kind)


def _odd_extension(extensions: dict[Any, Any], certificate: x509.Certificate) -> str:
    """What an extension says that it must not, though the library reads it; "" if nothing."""
    names = extensions.get(Oid.SUBJECT_ALTERNATIVE_NAME)
    if names is not None and not list(names):
        return "its subjectAltName has no entry"
    if names is not None and not all(each.isascii() for each in names.get_values_for_type(x509.DNSName)):
        return "a DNS name in its subjectAltName is not in ASCII"
    policies = [each.policy_identifier for each in extensions.get(Oid.CERTIFICATE_POLICIES) or ()]
    if len(set(policies)) < len(policies):
        return "it names a policy twice"
    if Oid.NAME_CONSTRAINTS in extensions:
        written = _extension_bytes(certificate.public_bytes(Encoding.DER), NAME_CONSTRAINTS)
        if _has_distances(written):
            return "its name constraints have a minimum or a maximum, which nobody may use (section 4.2.1.10)"
    return ""


def _has_distances(data: bytes) -> bool:
    """Whether a subtree has more than its base; the library reads the base, and drops the rest."""
    for tree in parts(data, *_inside(data, 0, len(data))):
        for subtree in parts(data, tree.content, tree.end):
            if len(parts(data, subtree.content, subtree.end)) != 1:
                return True
    return False


def _extension_bytes(data: bytes, oid: bytes) -> bytes:
    """The content of an extension of a certificate, as it was written; b"" if there is none."""
    signed = part(data, *_inside(data, 0, len(data)))
    wrapped = parts(data, signed.content, signed.end)[-1]
    if wrapped.tag != 0xA3:
        return b""
    for extension in parts(data, *_inside(data, wrapped.content, wrapped.end)):
        fields = parts(data, extension.content, extension.end)
        if data[fields[0].content : fields[0].end] == oid:
            return data[fields[-1].content : fields[-1].end]
    return b""


def _inside(data: bytes, at: int, end: int) -> tuple[int, int]:
    """From where to where the content of the part goes that begins there."""
    found = part(data, at, end)
    return found.content, found.end


def _same_algorithms(data: bytes) -> bool:
    """Whether the signature's algorithm stands in what is signed as it stands outside (section 4.1.1.2)."""
    outer = part(data, 0, len(data))
    signed = part(data, outer.content, outer.end)
    outside = part(data, signed.end, outer.end)
    at = signed.content
    if data[at] == 0xA0:  # the version, which may be left out
        at = part(data, at, signed.end).end
    inside = part(data, part(data, at, signed.end).end, signed.end)
    return data[inside.start : inside.end] == data[outside.start : outside.end]


@lru_cache(maxsize=256)
def read(certificate: x509.Certificate) -> Reading:
    """A certificate, read; CAs' certificates are met again and again, and remembered."""
    return Reading(certificate)


def subject_of(certificate: x509.Certificate) -> str:
    """Whose a certificate is, in a few words."""
    return read(certificate).words


def issuer_of(certificate: x509.Certificate) -> str:
    """Who has signed a certificate, in a few words."""
    try:
        return _short(certificate.issuer)
    except UNREADABLE:
        return "somebody whose name cannot be read"


def names_of(certificate: x509.Certificate) -> list[str]:
    """The entries of subjectAltName that server names are compared with."""
    reading = read(certificate)
    return [str(each) for kind in (x509.DNSName, x509.IPAddress) for each in reading.general_names(kind)]


def _short(name: x509.Name) -> str:
    try:
        common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        text = str(common[-1].value) if common else name.rfc4514_string()
    except UNREADABLE:
        return "a name that cannot be read"
    return text if len(text) <= 40 else text[:39] + "…"


def key_of(certificate: x509.Certificate) -> str:
    """Of which kind a certificate's key is: "RSA, 2048 bits", "secp256r1", "Ed25519"."""
    key = read(certificate).key
    if hasattr(key, "curve"):
        return str(key.curve.name)
    kind = type(key).__name__.removesuffix("PublicKey")
    return f"{kind}, {key.key_size} bits" if hasattr(key, "key_size") else kind

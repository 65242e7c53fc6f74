"""A certificate, read once: what the checks look at, and what is wrong with its form."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID as Oid

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

NameKey = tuple[frozenset[tuple[str, object]], ...]


def name_key(name: x509.Name) -> NameKey:
    """A name in the form in which names are compared, however they are written (RFC 5280 section 7.1)."""
    return tuple(
        frozenset((attribute.oid.dotted_string, _folded(attribute.value)) for attribute in rdn)
        for rdn in name.rdns
    )


def _folded(value: object) -> object:
    if not isinstance(value, str):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


class Reading:
    """One certificate.

    certificate: as `cryptography` has parsed it.   malformed: what is wrong with its form, or "".
    """

    def __init__(self, certificate: x509.Certificate) -> None:
        if not isinstance(certificate, x509.Certificate):
            raise TypeError(f"a chain is made of cryptography's certificates, got {certificate!r:.60}")
        self.certificate = certificate
        self.malformed = ""
        self.extensions: dict[Any, Any] = {}
        self.subject: NameKey = ()
        self.issuer: NameKey = ()
        self.critical: set[Any] = set()
        try:
            for extension in certificate.extensions:
                self.extensions[extension.oid] = extension.value
                if extension.critical:
                    self.critical.add(extension.oid)
            self.subject, self.issuer = name_key(certificate.subject), name_key(certificate.issuer)
            self.key  # noqa: B018  (parsed now: an error is one of the form)
        except UNREADABLE as error:
            self.malformed = f"it cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"

    def __repr__(self) -> str:
        return f"Reading({self.words})"

    @cached_property
    def key(self) -> Any:
        """Its public key."""
        return self.certificate.public_key()

    @cached_property
    def der(self) -> bytes:
        """Its bytes."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def key_bytes(self) -> bytes:
        """Its public key in bytes; of a key that cannot be read, the certificate's own bytes."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        try:
            found: bytes = self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return self.der
        return found

    @cached_property
    def words(self) -> str:
        """Its subject in a few words: the common name, or what there is."""
        try:
            names = self.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            text = str(names[-1].value) if names else self.certificate.subject.rfc4514_string()
        except ValueError:
            return "a certificate whose subject cannot be read"
        return text if len(text) <= 40 else text[:39] + "…"

    def extension(self, oid: Any) -> Any:
        """The value of an extension, or None."""
        return self.extensions.get(oid)

    @cached_property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same (whoever's key has signed it)."""
        return self.subject == self.issuer

    @cached_property
    def is_ca(self) -> bool:
        """Whether it says that it may issue others."""
        constraints = self.extension(Oid.BASIC_CONSTRAINTS)
        return constraints is not None and constraints.ca

    @cached_property
    def key_identifier(self) -> bytes | None:
        """The name that its own key has, if it says one."""
        found = self.extension(Oid.SUBJECT_KEY_IDENTIFIER)
        return None if found is None else found.digest

    @cached_property
    def issuer_key_identifier(self) -> bytes | None:
        """The name of the key that has signed it, if it says one."""
        found = self.extension(Oid.AUTHORITY_KEY_IDENTIFIER)
        return None if found is None else found.key_identifier

    def general_names(self, kind: Any) -> list[Any]:
        """Entries of subjectAltName of one kind."""
        found = self.extension(Oid.SUBJECT_ALTERNATIVE_NAME)
        return [] if found is None else found.get_values_for_type(kind)

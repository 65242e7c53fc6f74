"""One revocation list, read once: what it says, and what is wrong with its form (RFC 5280 section 5)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID as EntryOid
from cryptography.x509.oid import ExtensionOID as Oid

from handshake.pki.der import parts
from handshake.pki.reading import UNREADABLE, NameKey, Reading, name_key

KNOWN = {
    Oid.AUTHORITY_KEY_IDENTIFIER,
    Oid.CRL_NUMBER,
    Oid.ISSUING_DISTRIBUTION_POINT,
    Oid.DELTA_CRL_INDICATOR,
}
KNOWN_OF_ENTRIES = {EntryOid.CRL_REASON, EntryOid.INVALIDITY_DATE}

INTEGER, GENERALIZED_TIME = 0x02, 0x18


class ReadList:
    """One list, read once.

    malformed: what is wrong with its form, or "".   issuer: its name, to be compared.   number: its own.
    base_number: for a delta, which only tells what has changed, the number of the list that it builds on.
    scope: which certificates it speaks of, if not of all.
    """

    def __init__(self, crl: x509.CertificateRevocationList) -> None:
        if not isinstance(crl, x509.CertificateRevocationList):
            raise TypeError(f"crls are cryptography's lists, got {crl!r:.60}")
        self.crl = crl
        self.malformed = ""
        self.issuer: NameKey = ()
        self.extensions: dict[Any, Any] = {}
        try:
            self.issuer = name_key(crl.issuer)
            self.malformed = self._read() or _written(crl.tbs_certlist_bytes)
        except UNREADABLE as error:
            self.malformed = f"it cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"
        number = self.extensions.get(Oid.CRL_NUMBER)
        self.number: int = number.crl_number if number is not None else -1
        base = self.extensions.get(Oid.DELTA_CRL_INDICATOR)
        self.base_number: int | None = base.crl_number if base is not None else None
        self.scope: x509.IssuingDistributionPoint | None = self.extensions.get(Oid.ISSUING_DISTRIBUTION_POINT)
        self.scope_key: object = (self.issuer, self.scope)

    def _read(self) -> str:
        """Take its extensions apart; the answer is what is wrong with them."""
        wrong = ""
        for extension in self.crl.extensions:
            self.extensions[extension.oid] = extension.value
            if extension.critical and extension.oid not in KNOWN:
                wrong = f"it has a critical extension that is not understood ({oid_of(extension)})"
            if extension.critical and extension.oid == Oid.CRL_NUMBER:
                wrong = "its number is marked critical, which it must not be"
            if not extension.critical and extension.oid == Oid.DELTA_CRL_INDICATOR:
                wrong = "it tells changes only, and does not mark that as critical, which it must"
        if Oid.CRL_NUMBER not in self.extensions:
            wrong = wrong or "it has no number, which every list must have"
        if Oid.AUTHORITY_KEY_IDENTIFIER not in self.extensions:
            wrong = wrong or "it does not name the key that has signed it (authorityKeyIdentifier)"
        return wrong

    @property
    def age(self) -> tuple[int, Any]:
        """By which lists are sorted, the newest last."""
        return self.number, self.crl.last_update_utc

    @cached_property
    def entries(self) -> dict[tuple[NameKey, int], x509.RevokedCertificate]:
        """Its entries, by issuer and serial number of those who were taken back.

        In an indirect list an entry may name another issuer, and so are meant all entries after it.
        """
        issuer, found = self.issuer, {}
        for entry in self.crl:
            if self.scope is not None and self.scope.indirect_crl:
                issuer = _issuer_of(entry) or issuer
            found[issuer, entry.serial_number] = entry
        return found

    def entry(self, reading: Reading) -> x509.RevokedCertificate | None:
        """The entry of a certificate, if there is one."""
        return self.entries.get((reading.issuer, reading.certificate.serial_number))

    @cached_property
    def odd_entry(self) -> str:
        """What an entry has that is not understood: then the list tells nothing of anybody (section 5.3)."""
        known = set(KNOWN_OF_ENTRIES)
        if self.scope is not None and self.scope.indirect_crl:
            known.add(EntryOid.CERTIFICATE_ISSUER)
        try:
            for entry in self.entries.values():
                for extension in entry.extensions:
                    if extension.critical and extension.oid not in known:
                        return (
                            f"an entry has a critical extension that is not understood ({oid_of(extension)})"
                        )
        except UNREADABLE as error:
            return f"an entry cannot be read: {error}"
        return ""


def _issuer_of(entry: x509.RevokedCertificate) -> NameKey | None:
    """The issuer that an entry names, if it names one."""
    try:
        names = entry.extensions.get_extension_for_class(x509.CertificateIssuer).value
    except x509.ExtensionNotFound:
        return None
    found = [name_key(name) for name in names.get_values_for_type(x509.DirectoryName)]
    return found[0] if found else ()


def _written(data: bytes) -> str:
    """What is wrong with how it is written, though the library reads it; "" if nothing (section 5.1.2)."""
    (outer,) = parts(data, 0, len(data))
    fields = parts(data, outer.content, outer.end)
    if fields[0].tag != INTEGER or data[fields[0].content : fields[0].end] != b"\1":
        return "it is not of version 2, and has extensions"
    for each in fields[3:5]:
        if each.tag == GENERALIZED_TIME and data[each.content : each.content + 4] < b"2050":
            return "it writes a time before 2050 in the form for later ones (GeneralizedTime)"
    return ""


def oid_of(extension: Any) -> str:
    """The identifier of an extension, in numbers."""
    return str(extension.oid.dotted_string)

"""The rules of RFC 5280 one by one: each a small chain that keeps or breaks it, and our verdict.

Every row: what it is, whether it is good, and for a bad one the check that has to say so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from chains import (
    CLIENT,
    EMPTY,
    HOST,
    Owner,
    between,
    certificate,
    changed,
    changed_list,
    der,
    entries,
    leaf,
    name,
    over_sha1,
    raw,
    report,
    revocations,
    root,
    sequence,
    usage,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from handshake.pki.authority import lesson_key, pool

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

ROOT = root()
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
UNKNOWN = raw("1.3.6.1.4.1.32473.9", b"\x05\x00")
PAST: dict[str, Any] = {"begins": datetime(2010, 1, 1), "ends": datetime(2011, 1, 1)}


def ip(text: str) -> Any:
    return ipaddress.ip_address(text)


def one(*, ends_at: Owner = ROOT, **choices: Any) -> dict[str, Any]:
    """A leaf right below the root."""
    return {"trusted": [ends_at], "others": [], "one": leaf(ends_at, **choices)}


def below(**choices: Any) -> dict[str, Any]:
    """A good leaf below an intermediate with something changed."""
    ca = between(ROOT, **choices)
    return {"trusted": [ROOT], "others": [ca], "one": leaf(ca)}


def under(**choices: Any) -> dict[str, Any]:
    """A good leaf below a root with something changed."""
    return one(ends_at=root(**choices))


Row = tuple[str, str, dict[str, Any]]
"""What it is; the check that fails, or "" for a good chain; and what `report` is given."""


def forms() -> list[Row]:
    """What a certificate has to have, and must not have."""
    serial = lambda octets: changed(leaf(ROOT), ROOT.key, lambda f: [f[0], der(2, octets), *f[2:]])  # noqa: E731

    def with_serial(octets: bytes) -> dict[str, Any]:
        return {"trusted": [ROOT], "others": [], "one": serial(octets)}

    version_1 = changed(leaf(ROOT), ROOT.key, lambda f: f[1:-1])
    zero = changed(ROOT, ROOT.key, lambda f: [f[0], der(2, b"\0"), *f[2:]])
    san, policies, nc = (
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string,
        ExtensionOID.CERTIFICATE_POLICIES.dotted_string,
        ExtensionOID.NAME_CONSTRAINTS.dotted_string,
    )
    policy = sequence(der(6, b"\x2a\x03\x01"))
    rollover = certificate(ROOT.cert.subject, ROOT, aki=None)
    return [
        ("a good one", "", one()),
        ("a good chain", "", below()),
        ("authorityKeyIdentifier is critical", "well formed", one(aki_critical=True)),
        ("a leaf without authorityKeyIdentifier", "well formed", one(aki=None)),
        ("a CA without authorityKeyIdentifier", "well formed", below(aki=None)),
        (
            "self-issued, with another key, without authorityKeyIdentifier",
            "well formed",
            {"trusted": [ROOT], "others": [], "one": rollover},
        ),
        ("subjectKeyIdentifier is critical", "well formed", under(ski_critical=True)),
        ("a root without subjectKeyIdentifier", "well formed", under(ski=None)),
        ("a CA without subjectKeyIdentifier", "well formed", below(ski=None)),
        (
            "authorityKeyIdentifier that points elsewhere is but a hint",
            "",
            one(aki=x509.AuthorityKeyIdentifier(b"\2" * 20, None, None)),
        ),
        ("serial number 0", "well formed", with_serial(b"\0")),
        ("an anchor's serial number is its own business", "", one(ends_at=Owner(zero.cert, ROOT.key))),
        ("serial number of 21 bytes", "well formed", with_serial(b"\x7f" * 21)),
        ("serial number of 20 bytes and a sign", "well formed", with_serial(b"\0" + b"\xff" * 20)),
        ("serial number of 20 bytes", "", with_serial(b"\x7f" * 20)),
        ("serial number below 0", "", with_serial(b"\xff")),
        ("version 1", "well formed", {"trusted": [ROOT], "others": [], "one": version_1, "host": None}),
        ("no subject, subjectAltName not critical", "well formed", one(subject=EMPTY)),
        ("no subject, subjectAltName critical", "", one(subject=EMPTY, san_critical=True)),
        ("no subject, no subjectAltName", "well formed", one(subject=EMPTY, san=None) | {"host": None}),
        ("a CA without a name", "well formed", below(subject=EMPTY)),
        ("an issuer without a name", "well formed", under(subject=EMPTY)),
        (
            "subjectAltName that cannot be read",
            "well formed",
            one(san=None, extra=[(raw(san, b"no"), False)]),
        ),
        (
            "subjectAltName without an entry",
            "well formed",
            one(san=None, extra=[(raw(san, sequence()), False)]) | {"host": None},
        ),
        (
            "a DNS name that is not ASCII",
            "well formed",
            one(san=None, extra=[(raw(san, sequence(der(0x82, "\u212aelvin.com".encode()))), False)])
            | {"host": "kelvin.com"},
        ),
        ("a policy twice", "well formed", one(extra=[(raw(policies, sequence(policy, policy)), False)])),
        (
            "keyCertSign, and no CA",
            "well formed",
            one(basic=x509.BasicConstraints(False, None), use=usage("digital_signature", "key_cert_sign")),
        ),
        (
            "pathLenConstraint, and no keyCertSign",
            "well formed",
            below(length=1, use=usage("digital_signature")),
        ),
        (
            "name constraints that are not critical",
            "well formed",
            below(constraints=x509.NameConstraints([x509.DNSName(HOST)], None), constraints_critical=False),
        ),
        (
            "policy constraints that are not critical",
            "well formed",
            below(extra=[(x509.PolicyConstraints(0, None), False)]),
        ),
        (
            "inhibitAnyPolicy that is not critical",
            "well formed",
            below(extra=[(x509.InhibitAnyPolicy(0), False)]),
        ),
        ("a root whose basicConstraints are not critical", "well formed", under(basic_critical=False)),
        ("a CA whose basicConstraints are not critical", "", below(basic_critical=False)),
        (
            "constraints with a minimum",
            "well formed",
            below(
                extra=[
                    (
                        raw(nc, sequence(der(0xA0, sequence(der(0x82, b"example.com"), der(0x80, b"\1"))))),
                        True,
                    )
                ]
            ),
        ),
        (
            "constraints with a maximum",
            "well formed",
            below(
                extra=[
                    (
                        raw(nc, sequence(der(0xA0, sequence(der(0x82, b"example.com"), der(0x81, b"\1"))))),
                        True,
                    )
                ]
            ),
        ),
        ("an unknown critical extension of the leaf", "critical extensions", one(extra=[(UNKNOWN, True)])),
        ("an unknown critical extension of a CA", "critical extensions", below(extra=[(UNKNOWN, True)])),
        ("an unknown critical extension of the root", "critical extensions", under(extra=[(UNKNOWN, True)])),
        ("an unknown extension that is not critical", "", one(extra=[(UNKNOWN, False)])),
    ]


def issuers() -> list[Row]:
    """Who may issue, and how many in a row."""

    def row(*lengths: int | None, top: int | None = None, depth: int | None = None) -> dict[str, Any]:
        above = start = root(length=top)
        others = []
        for n, length in enumerate(lengths):
            above = between(above, f"CA {n}", length=length)
            others.append(above)
        return {"trusted": [start], "others": others, "one": leaf(above), "depth": depth}

    first = between(ROOT, "A", length=0)
    again = certificate("A", first, ca=True, length=0)
    same = {"trusted": [ROOT], "others": [first, again], "one": leaf(again)}
    ca_leaf = {"san": entries(HOST), "ca": True}
    own = certificate("self", san=entries(HOST))
    good = leaf(ROOT)
    return [
        ("a CA with no basicConstraints", "issued by a CA", below(basic=None)),
        (
            "a CA that says that it is none",
            "issued by a CA",
            below(basic=x509.BasicConstraints(False, None), use=usage("digital_signature")),
        ),
        (
            "a root that says that it is no CA",
            "issued by a CA",
            under(basic=x509.BasicConstraints(False, None), use=None),
        ),
        (
            "a CA whose key may not sign certificates",
            "may sign certificates",
            below(use=usage("digital_signature")),
        ),
        ("a root whose key may not sign certificates", "may sign certificates", under(use=usage("crl_sign"))),
        ("a CA without key usage", "", below(use=None)),
        ("a leaf without key usage", "", one(use=None)),
        ("a leaf whose key may do nothing in TLS", "purpose", one(use=usage("content_commitment"))),
        (
            "a CA that answers itself",
            "",
            {"trusted": [ROOT], "others": [], "one": certificate("x", ROOT, **ca_leaf)},
        ),
        ("path length 0, and a leaf", "", row(0)),
        ("path length 0, and another CA", "path length", row(0, 0)),
        ("path length 0 of the root, and a CA", "path length", row(None, top=0)),
        ("a CA that would allow more than the one above it", "", row(1, 4)),
        ("a CA that issues to itself does not count", "", same),
        ("depth 0, and a leaf", "", row(depth=0)),
        ("depth 0, and a CA", "path length", row(None, depth=0)),
        ("depth 1, and two CAs", "path length", row(None, None, depth=1)),
        ("depth 1, and a CA that issues to itself", "", same | {"depth": 1}),
        (
            "an anchor that is the leaf, signed by itself",
            "",
            {"trusted": [own], "others": [], "one": own, "depth": 0},
        ),
        ("an anchor that is the leaf, signed by another", "", {"trusted": [good], "others": [], "one": good}),
        (
            "a leaf signed by itself that nobody trusts",
            "known issuer",
            {"trusted": [ROOT], "others": [], "one": own},
        ),
        (
            "the root under its own name with another key",
            "signature",
            {"trusted": [root()], "others": [], "one": leaf(ROOT)},
        ),
        ("a root that expired", "in date", under(**PAST)),
        ("a CA that expired", "in date", below(**PAST)),
        ("a leaf that expired", "in date", one(**PAST)),
        ("a leaf of the future", "in date", one(begins=datetime(2026, 1, 1))),
    ]


def purposes() -> list[Row]:
    """Extended key usage, and strength."""
    use = x509.ExtendedKeyUsage
    rsa_root = root(key=lesson_key("RSA", 0))
    old = over_sha1(leaf(rsa_root), rsa_root.key)
    old_root = over_sha1(rsa_root, rsa_root.key)
    return [
        ("a client's, shown by a server", "purpose", one(extended=use([CLIENT]))),
        ("a server's, shown by a client", "purpose", one() | {"purpose": "client", "host": None}),
        (
            "a client's, shown by a client",
            "",
            one(extended=use([CLIENT])) | {"purpose": "client", "host": None},
        ),
        ("any purpose", "", one(extended=use([ANY]))),
        ("no extended key usage", "", one(extended=None)),
        ("a CA for clients only", "purpose", below(extended=use([CLIENT]))),
        ("a CA for any purpose", "", below(extended=use([ANY]))),
        ("a root's own extended key usage is not asked", "", under(extended=use([CLIENT]))),
        ("secp192r1", "strong enough", one(key=ec.generate_private_key(ec.SECP192R1()))),
        ("secp256k1", "strong enough", one(key=ec.generate_private_key(ec.SECP256K1()))),
        ("secp384r1", "", one(key=ec.generate_private_key(ec.SECP384R1()))),
        ("a CA with secp224r1", "strong enough", below(key=ec.generate_private_key(ec.SECP224R1()))),
        ("RSA of 1024 bits", "strong enough", one(key=pool()[8])),
        ("DSA", "strong enough", one(key=dsa.generate_private_key(2048))),
        ("signed over SHA-1", "strong enough", {"trusted": [rsa_root], "others": [], "one": old}),
        ("signed over SHA-224", "", one(ends_at=rsa_root, hashed=hashes.SHA224())),
        ("a root's own signature is not asked", "", one(ends_at=old_root)),
    ]


def names() -> list[Row]:
    """Server names against entries."""
    table = [
        ("abc.example.com", "def.example.com", False),
        ("example.com", "abc.example.com", False),
        ("*.com", "example.com", False),
        ("*.example.com", "foo.example.com", True),
        ("*.example.com", "FOO.example.com", True),
        ("ba*.example.com", "baz.example.com", False),
        ("foo.*.example.com", "foo.bar.example.com", False),
        ("*.example.com", "foo.bar.example.com", False),
        ("*.example.com", "example.com", False),
        ("*", "example.com", False),
        ("*.", "example.com", False),
        ("localhost", "localhost", True),
        ("*.xn--n3h.example", "foo.xn--n3h.example", True),
        ("example.com.", "example.com", False),
        ("example.com", "example.com.", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("*.0.0.1", "127.0.0.1", False),
        ("a_b.example.com", "a_b.example.com", True),
        ("*.*.example.com", "a.b.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com.", "a.example.com", False),
    ]
    rows: list[Row] = [
        (f"{entry} for {host}", "" if good else "server name", one(san=entries(entry)) | {"host": host})
        for entry, host, good in table
    ]
    for host in (
        "-a.example.com",
        "a" * 64 + ".com",
        "example.com..",
        "1.2.3",
        "127.1",
        "[::1]",
        "",
        ".",
        "a\0b.com",
    ):
        rows.append((f"nobody is called {host!r:.20}", "server name", one() | {"host": host}))
    for entry, host, good in (
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
    ):
        rows.append(
            (
                f"address {entry} for {host}",
                "" if good else "server name",
                one(san=entries(ip(entry))) | {"host": host},
            )
        )
    mail = one(san=entries(x509.RFC822Name("ann@example.com")), extended=x509.ExtendedKeyUsage([CLIENT]))
    rows.append(("a mail address", "", mail | {"purpose": "client", "host": "ann@EXAMPLE.com"}))
    rows.append(
        ("another mail address", "server name", mail | {"purpose": "client", "host": "bob@example.com"})
    )
    rows.append(("a common name does not count", "server name", one(subject=HOST, san=None)))
    return rows


def constraints() -> list[Row]:
    """Names that a CA may or may not speak for."""
    dns, mail, uri = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier
    net = lambda text: x509.IPAddress(ipaddress.ip_network(text))  # noqa: E731
    dn = lambda text: x509.DirectoryName(name(text))  # noqa: E731
    other = lambda kind: x509.OtherName(x509.ObjectIdentifier(kind), b"\x0c\x03foo")  # noqa: E731

    def row(
        what: str, good: bool, permitted: Any, excluded: Any, *san: Any, subject: Any = "leaf", **more: Any
    ) -> Row:
        above = root(constraints=x509.NameConstraints(permitted, excluded))
        made = leaf(above, subject, san=entries(*(san or (HOST,))), **more.pop("leaf", {}))
        given = {"trusted": [above], "others": [], "one": made, "host": None, **more}
        return what, "" if good else "name constraints", given

    at_mail = x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "a@evil.com")])
    rows = [
        row("DNS permitted, another", False, [dns("foo.com")], None),
        row("DNS permitted", True, [dns("example.com")], None),
        row("DNS permitted, deep below", True, [dns("example.com")], None, "foo.bar.example.com"),
        row("DNS permitted, the second is another", False, [dns("example.com")], None, HOST, "bar.com"),
        row("DNS permitted, one that only ends alike", False, [dns("example.com")], None, "badexample.com"),
        row("DNS excluded", False, None, [dns("example.com")]),
        row("DNS excluded, below", False, None, [dns("example.com")], "bar.example.com"),
        row("DNS excluded, another", True, None, [dns("foo.com")]),
        row("DNS permitted and excluded", False, [dns("example.com")], [dns("example.com")]),
        row("constraints of another kind", True, [net("127.0.0.0/8")], None),
        row("DNS constraint with a dot before it", False, [dns(".example.com")], None, "foo.example.com"),
        row("DNS excluded with a dot before it", False, None, [dns(".foo.com")]),
        row("DNS constraint that is empty permits all", True, [dns("")], None),
        row("DNS constraint that is empty excludes all", False, None, [dns("")]),
        row("a wildcard within what is permitted", True, [dns("example.com")], None, "*.example.com"),
        row("a wildcard of which one is excluded", False, None, [dns("bar.example.com")], "*.example.com"),
        row("a wildcard of which one is permitted", False, [dns("bar.example.com")], None, "*.example.com"),
        row("a DNS name that is none", False, [dns("example.com")], None, HOST, "..example.com"),
        row("an address permitted", True, [net("192.0.2.0/24")], None, ip("192.0.2.1")),
        row("an address outside", False, [net("192.0.2.0/24")], None, ip("192.0.3.1")),
        row("an address excluded", False, None, [net("192.0.2.0/24")], ip("192.0.2.1")),
        row("an address of the other version", False, [net("2001:db8::/32")], None, ip("192.0.2.1")),
        row("a directory name", True, [dn("foo")], None, subject="foo"),
        row("a directory name, written otherwise", True, [dn("FOO  bar")], None, subject="foo BAR"),
        row("a directory name, another", False, [dn("foo")], None, subject="bar"),
        row("a directory name excluded", False, None, [dn("foo")], subject="foo"),
        row("a directory name among the entries", False, [dn("foo")], None, HOST, dn("bar"), subject="foo"),
        row("no subject", True, [dn("foo")], None, subject=EMPTY, leaf={"san_critical": True}),
        row("a mail address", True, [mail("foo@example.com")], None, mail("foo@example.com")),
        row("a mail address of the host", True, [mail("example.com")], None, mail("foo@EXAMPLE.com")),
        row("a mail address below the host", False, [mail("example.com")], None, mail("foo@a.example.com")),
        row("a mail address in the domain", True, [mail(".example.com")], None, mail("foo@a.example.com")),
        row(
            "a mail address of the domain itself",
            False,
            [mail(".example.com")],
            None,
            mail("foo@example.com"),
        ),
        row(
            "a mail address excluded, with a dot at its end",
            False,
            None,
            [mail("example.com")],
            mail("foo@example.com."),
        ),
        row("a mail constraint with a star", False, None, [mail("*@example.com")], mail("foo@example.com")),
        row(
            "a mail constraint without a mailbox",
            False,
            None,
            [mail("@example.com")],
            mail("foo@example.com"),
        ),
        row(
            "a mail constraint with a wildcard",
            False,
            None,
            [mail("*.example.com")],
            mail("foo@a.example.com"),
        ),
        row("a mail address in the subject only", False, [mail("example.com")], None, subject=at_mail),
        row("a URI", True, [uri("host.com")], None, uri("http://host.com/x")),
        row("a URI below", False, [uri("host.com")], None, uri("http://a.host.com/x")),
        row("a URI in the domain", True, [uri(".host.com")], None, uri("http://a.host.com/x")),
        row("a URI with user and port", False, None, [uri("host.com")], uri("http://u:p@host.com:80/x")),
        row("a URI with a dot at the host's end", False, None, [uri("host.com")], uri("http://host.com./x")),
        row("a URI of an address", False, [uri("host.com")], None, uri("http://1.2.3.4/x")),
        row("a URI without a host", False, None, [uri("host.com")], uri("urn:foo:bar")),
        row(
            "a URI constraint that is a URI", False, None, [uri("http://host.com")], uri("http://host.com/x")
        ),
        row("another name of the same type", False, None, [other("1.2.3.4")], HOST, other("1.2.3.4")),
        row("another name of another type", True, None, [other("1.2.3.4")], HOST, other("1.2.3.5")),
        row(
            "a registered number",
            False,
            None,
            [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))],
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        ),
    ]
    above = root(constraints=x509.NameConstraints(None, [dn("root")]))
    again = certificate("root", above, ca=True)
    rows.append(
        (
            "a CA that issues to itself is exempt",
            "",
            {"trusted": [above], "others": [again], "one": leaf(again)},
        )
    )
    rows.append(
        (
            "a leaf of the CA's name is not",
            "name constraints",
            {"trusted": [above], "others": [], "one": certificate("root", above)},
        )
    )
    outer = root(constraints=x509.NameConstraints([dns("example.com")], None))
    inner = between(outer, constraints=x509.NameConstraints([dns("foo.example.com")], None))
    wider = between(outer, constraints=x509.NameConstraints([dns("com")], None))
    rows += [
        (
            "both have to permit it",
            "name constraints",
            {"trusted": [outer], "others": [inner], "one": leaf(inner)},
        ),
        (
            "both permit it",
            "",
            {
                "trusted": [outer],
                "others": [inner],
                "host": "foo.example.com",
                "one": leaf(inner, san=entries("foo.example.com")),
            },
        ),
        (
            "the one below cannot permit more",
            "name constraints",
            {
                "trusted": [outer],
                "others": [wider],
                "host": "bar.com",
                "one": leaf(wider, san=entries("bar.com")),
            },
        ),
        (
            "constraints in a leaf",
            "name constraints",
            one(constraints=x509.NameConstraints([dns(HOST)], None)),
        ),
    ]
    return rows


def policies() -> list[Row]:
    """Policies (section 6.1; the shapes of NIST's sections 4.8 to 4.12)."""
    mappings = "2.5.29.33"
    any_policy = bytes([0x55, 0x1D, 0x20, 0])
    oid = lambda text: der(6, any_policy if text == "any" else bytes([0x2A, 3, int(text)]))  # noqa: E731

    def have(*which: str) -> tuple[Any, bool]:
        numbers = ["2.5.29.32.0" if each == "any" else f"1.2.3.{each}" for each in which]
        found = [x509.PolicyInformation(x509.ObjectIdentifier(number), None) for number in numbers]
        return x509.CertificatePolicies(found), False

    def rename(*pairs: tuple[str, str]) -> tuple[Any, bool]:
        return raw(mappings, sequence(*(sequence(oid(a), oid(b)) for a, b in pairs))), True

    def demand(explicit: int | None = None, mapping: int | None = None) -> tuple[Any, bool]:
        return x509.PolicyConstraints(explicit, mapping), True

    def row(what: str, good: bool, *each: list[Any], itself: tuple[int, ...] = ()) -> Row:
        above, others = ROOT, []
        for n, extra in enumerate(each[:-1]):
            subject = above.cert.subject if n in itself else f"CA {n}"
            above = certificate(subject, above, ca=True, extra=extra)
            others.append(above)
        given = {"trusted": [ROOT], "others": others, "one": leaf(above, extra=each[-1])}
        return what, "" if good else "policies", given

    stop = lambda count: (x509.InhibitAnyPolicy(count), True)  # noqa: E731
    rows = [
        row("none", True, [], []),
        row("demanded, none", False, [demand(0)], []),
        row("demanded, there", True, [demand(0), have("1")], [have("1")]),
        row("demanded, another", False, [demand(0), have("1")], [have("2")]),
        row("any of the CA", True, [demand(0), have("any")], [have("2")]),
        row("any of the leaf", True, [demand(0), have("1")], [have("any")]),
        row("any no longer counts", False, [demand(0), have("1"), stop(0)], [have("any")]),
        row("any counts for one more", True, [demand(0), have("1"), stop(1)], [have("any")], [have("1")]),
        row(
            "any counts for one more, and not for two",
            False,
            [demand(0), have("1"), stop(1)],
            [have("any")],
            [have("any")],
        ),
        row(
            "any of a CA that issues to itself",
            True,
            [demand(0), have("1"), stop(0)],
            [have("any")],
            [have("1")],
            itself=(1,),
        ),
        row("demanded after 4, and there are 4", False, [demand(4)], [], [], [], []),
        row("demanded after 5, and there are 4", True, [demand(5)], [], [], [], []),
        row("the smallest demand counts", False, [demand(10)], [demand(5)], [demand(2)], [demand(4)], []),
        row("a CA that issues to itself does not count down", True, [demand(2)], [], [], itself=(1,)),
        row("the leaf demands", False, [], [demand(0)]),
        row("renamed", True, [demand(0), have("1"), rename(("1", "2"))], [have("2")]),
        row("renamed, the old name", False, [demand(0), have("1"), rename(("1", "2"))], [have("1")]),
        row(
            "renaming forbidden below",
            False,
            [demand(0, 0), have("1")],
            [have("1"), rename(("1", "2"))],
            [have("2")],
        ),
        row(
            "renaming allowed once",
            True,
            [demand(0, 1), have("1")],
            [have("1"), rename(("1", "2"))],
            [have("2")],
        ),
        row("renamed from any", True, [demand(0), have("any"), rename(("1", "2"))], [have("2")]),
        row(
            "two under one name",
            True,
            [demand(0), have("1", "2"), rename(("1", "3"), ("2", "3"))],
            [have("3")],
        ),
        row(
            "one that is not there is renamed", True, [demand(0), have("1"), rename(("9", "3"))], [have("1")]
        ),
        row("anyPolicy must not be renamed", False, [have("1"), rename(("any", "1"))], [have("1")]),
        row("nothing must be renamed to anyPolicy", False, [have("1"), rename(("1", "any"))], [have("1")]),
    ]
    for what, value in (
        ("nothing", b""),
        ("two sequences", sequence() + sequence()),
        ("no pair", sequence()),
        ("a pair of three", sequence(sequence(oid("1"), oid("1"), oid("1")))),
        ("a pair of one", sequence(sequence(oid("1")))),
        ("a number", sequence(der(2, b"\1"))),
        ("bytes for names", sequence(sequence(der(4, b"\x2a"), der(4, b"\x2a")))),
        ("a long tag", b"\x3f\x81\x01\0"),
        ("too much", sequence(*[sequence(oid("1"), oid("2"))] * 6000)),
    ):
        rows.append((f"mappings with {what}", "policies", below(extra=[(raw(mappings, value), True)])))
    return rows


def lists() -> list[Row]:
    """Revocation lists (sections 5 and 6.3.3; the shapes of NIST's sections 4.14 and 4.15)."""
    made = leaf(ROOT)
    ca = between(ROOT)
    deep, stranger = leaf(ca), root("stranger")
    flags = x509.ReasonFlags
    some = frozenset([flags.key_compromise, flags.ca_compromise, flags.affiliation_changed])
    others = frozenset(
        [
            flags.superseded,
            flags.cessation_of_operation,
            flags.certificate_hold,
            flags.privilege_withdrawn,
            flags.aa_compromise,
        ]
    )
    here, there = (
        [x509.UniformResourceIdentifier("http://a/crl")],
        [x509.UniformResourceIdentifier("http://b/crl")],
    )

    def scope(**choices: Any) -> tuple[Any, bool]:
        plain = {
            "full_name": None,
            "relative_name": None,
            "only_contains_user_certs": False,
            "only_contains_ca_certs": False,
            "only_some_reasons": None,
            "indirect_crl": False,
            "only_contains_attribute_certs": False,
        }
        return x509.IssuingDistributionPoint(**{**plain, **choices}), True

    def points(*each: tuple[Any, Any, Any]) -> tuple[Any, bool]:
        found = [x509.DistributionPoint(full, None, reasons, issuer) for full, reasons, issuer in each]
        return x509.CRLDistributionPoints(found), False

    def row(what: str, good: bool, *crls: Any, of: Owner = made, between_: Any = ()) -> Row:
        given = {"trusted": [ROOT], "others": list(between_), "one": of, "crls": crls}
        return what, "" if good else "not revoked", given

    def crl(*serials: int, **choices: Any) -> Any:
        return revocations(ROOT, serials, **choices)

    def delta(number: int, *serials: int, base: int = 1, **choices: Any) -> Any:
        return crl(*serials, number=number, extra=[(x509.DeltaCRLIndicator(base), True)], **choices)

    def form(change: Callable[[list[bytes]], list[bytes]]) -> Any:
        return changed_list(crl(), ROOT.key, change)

    why = lambda flag: [(x509.CRLReason(flag), False)]  # noqa: E731
    number = made.serial
    pointed = leaf(ROOT, extra=[points((here, None, None))])
    split = leaf(ROOT, extra=[points((here, some, None), (there, others, None))])
    keeper = between(ROOT, "keeper", use=usage("crl_sign"), basic=x509.BasicConstraints(False, None))
    kept = leaf(ROOT, extra=[points((here, None, [x509.DirectoryName(keeper.cert.subject)]))])
    names_root = [(x509.CertificateIssuer([x509.DirectoryName(ROOT.cert.subject)]), True)]
    indirect = scope(full_name=here, indirect_crl=True)
    mute = root(use=usage("key_cert_sign"))
    quiet = leaf(mute)
    return [
        row("on the list", False, crl(number)),
        row("another is on the list", True, crl(77777)),
        row("lists of strangers only are as good as none", True, revocations(stranger, [number])),
        row("no number", False, crl(number=None)),
        row("no number, and a good one", True, crl(number=None), crl()),
        row("its number is critical", False, crl(number_critical=True)),
        row("no authorityKeyIdentifier", False, crl(aki=False)),
        row("lists of both CAs", True, crl(deep.serial), revocations(ca), of=deep, between_=[ca]),
        row("the leaf's list is missing", False, crl(), of=deep, between_=[ca]),
        row("the intermediate's list is missing", False, revocations(ca), of=deep, between_=[ca]),
        row(
            "the intermediate is on the list", False, crl(ca.serial), revocations(ca), of=deep, between_=[ca]
        ),
        row("stale", False, crl(ends=datetime(2024, 2, 1))),
        row("of the future", False, crl(begins=datetime(2024, 7, 1))),
        row("signed by another", False, crl(key=stranger.key)),
        row("a newer list tells more", False, crl(), crl(number, number=5)),
        row("a newer list takes the place of the older", True, crl(number), crl(number=2)),
        row("the same twice", True, crl(), crl()),
        row("an unknown critical extension", False, crl(extra=[(UNKNOWN, True)])),
        row("an unknown critical extension of an entry", False, crl(77777, about=[(UNKNOWN, True)])),
        row("an entry of another issuer in a list that is not indirect", False, crl(77777, about=names_root)),
        row("removeFromCRL in a complete list", False, crl(number, about=why(flags.remove_from_crl))),
        row("on hold", False, crl(number, about=why(flags.certificate_hold))),
        row("only what has changed", False, delta(2)),
        row("changes that are not marked critical", False, crl(extra=[(x509.DeltaCRLIndicator(1), False)])),
        row("taken back since", False, crl(), delta(2, number)),
        row(
            "on hold, and released since",
            True,
            crl(number, about=why(flags.certificate_hold)),
            delta(2, number, about=why(flags.remove_from_crl)),
        ),
        row(
            "changes to a later list than there is",
            False,
            crl(number),
            delta(9, number, base=5, about=why(flags.remove_from_crl)),
        ),
        row("for ends only", True, crl(extra=[scope(only_contains_user_certs=True)])),
        row("for CAs only", False, crl(extra=[scope(only_contains_ca_certs=True)])),
        row("for attributes only", False, crl(extra=[scope(only_contains_attribute_certs=True)])),
        row("its distribution point", True, crl(extra=[scope(full_name=here)]), of=pointed),
        row("another distribution point", False, crl(extra=[scope(full_name=there)]), of=pointed),
        row("a distribution point that it does not name", False, crl(extra=[scope(full_name=here)])),
        row(
            "its issuer's own point",
            True,
            crl(extra=[scope(full_name=[x509.DirectoryName(ROOT.cert.subject)])]),
        ),
        row("some reasons only", False, crl(extra=[scope(only_some_reasons=some)])),
        row(
            "some reasons, and all others",
            True,
            crl(extra=[scope(only_some_reasons=some)]),
            crl(number=2, extra=[scope(only_some_reasons=others)]),
        ),
        row(
            "some reasons at each point",
            True,
            crl(extra=[scope(full_name=here, only_some_reasons=some)]),
            crl(number=2, extra=[scope(full_name=there, only_some_reasons=others)]),
            of=split,
        ),
        row(
            "all, and on the list of some reasons",
            False,
            crl(),
            crl(number, number=2, extra=[scope(only_some_reasons=some)]),
        ),
        row("indirect, of its own issuer", True, crl(extra=[scope(indirect_crl=True)])),
        row("indirect, and on it", False, crl(number, extra=[scope(indirect_crl=True)])),
        row(
            "kept by another, good",
            True,
            revocations(keeper, extra=[indirect]),
            crl(number=1),
            of=kept,
            between_=[keeper],
        ),
        row(
            "kept by another, and on it",
            False,
            crl(),
            revocations(keeper, [kept.serial], about=names_root, extra=[indirect]),
            of=kept,
            between_=[keeper],
        ),
        row(
            "kept by another, another's number",
            True,
            crl(),
            revocations(keeper, [kept.serial], extra=[indirect]),
            of=kept,
            between_=[keeper],
        ),
        (
            "an issuer whose key may not sign lists",
            "not revoked",
            {"trusted": [mute], "others": [], "one": quiet, "crls": [revocations(mute)]},
        ),
        row("version 1", False, form(lambda f: f[1:])),
        row("no nextUpdate", False, form(lambda f: f[:4] + f[5:])),
        row(
            "a time in the wrong form", False, form(lambda f: [*f[:4], der(0x18, b"20250101000000Z"), *f[5:]])
        ),
        row("a time in the right form", True, form(lambda f: [*f[:4], der(0x17, b"250101000000Z"), *f[5:]])),
    ]


GROUPS = (forms, issuers, purposes, names, constraints, policies, lists)
ROWS = [
    pytest.param(check, given, id=f"{group.__name__}: {what}")
    for group in GROUPS
    for what, check, given in group()
]


@pytest.mark.parametrize(("check", "given"), ROWS)
def test_the_rule(check: str, given: dict[str, Any]) -> None:
    found = report(**given)
    assert (found.first_failure.check if found.first_failure else "") == check, str(found)


def test_a_name_that_is_no_text_is_refused() -> None:
    for odd in (b"example.com", ["example.com"], 2130706433):
        with pytest.raises(TypeError, match="server_name is a text"):
            report([ROOT], [], leaf(ROOT), odd)  # type: ignore[arg-type]


def test_a_malformed_issuer_is_blamed_and_not_said_to_be_missing() -> None:
    ca = between(ROOT, extra=[(raw("1.3.6.1.5.5.7.1.1", b"junk"), False)])
    found = report([ROOT], [ca], leaf(ca)).first_failure
    assert found is not None
    assert (found.check, found.index, found.alert) == ("well formed", 1, "bad_certificate")


def test_lists_that_nobody_signed_cost_no_more_than_a_bound() -> None:
    """Many lists signed by somebody else, and many who might have: few of the pairs are tried."""
    others = [certificate(ROOT.cert.subject, ROOT, ca=True) for _ in range(20)]
    bad = [revocations(ROOT, number=n, key=between(ROOT).key) for n in range(1, 80)]
    assert report([ROOT], others, leaf(ROOT), crls=bad).first_failure.check == "not revoked"  # type: ignore[union-attr]

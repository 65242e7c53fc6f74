"""Cipher suites: each a choice of key exchange, signature, cipher, MAC and hash, under one number.

Up to TLS 1.2 the number settles everything at once; in TLS 1.3 the cipher and the hash alone.  `SUITES` lists
those that this package speaks, in the order in which a client prefers them; `NAMES` also those that it only
knows by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from handshake.tls.names import SIGNALS, name_of, version_number


@dataclass(frozen=True)
class Cipher:
    """A way to protect records.

    kind: "CBC" (blocks, with a MAC beside them), "GCM", "CCM" or "ChaCha20-Poly1305" (all three authenticate
    by themselves), or "NULL" (a MAC, and no encryption).
    key, iv: bytes of its key, and of what the key block gives for its nonces; of CBC's first IV in TLS 1.0.
    explicit: bytes of the nonce that stand in each record.   tag: bytes at its end.   block: of a CBC block.
    """

    name: str
    kind: str
    key: int
    iv: int
    explicit: int = 0
    tag: int = 0
    block: int = 0


CIPHERS = {
    cipher.name: cipher
    for cipher in (
        Cipher("NULL", "NULL", 0, 0),
        Cipher("AES-128-CBC", "CBC", 16, 16, block=16),
        Cipher("AES-256-CBC", "CBC", 32, 16, block=16),
        Cipher("3DES-EDE-CBC", "CBC", 24, 8, block=8),
        Cipher("AES-128-GCM", "GCM", 16, 4, 8, 16),
        Cipher("AES-256-GCM", "GCM", 32, 4, 8, 16),
        Cipher("AES-128-CCM", "CCM", 16, 4, 8, 16),
        Cipher("AES-256-CCM", "CCM", 32, 4, 8, 16),
        Cipher("AES-128-CCM-8", "CCM", 16, 4, 8, 8),
        Cipher("AES-256-CCM-8", "CCM", 32, 4, 8, 8),
        Cipher("ChaCha20-Poly1305", "ChaCha20-Poly1305", 32, 12, 0, 16),
    )
}

MAC_LENGTHS = {"": 0, "md5": 16, "sha1": 20, "sha256": 32, "sha384": 48}
"""How long a MAC is that is made with a hash; "" for ciphers that need none."""


@dataclass(frozen=True)
class Suite:
    """One suite.

    number, name: as IANA lists it.   openssl: what OpenSSL calls it.
    key_exchange: "RSA" (the client encrypts the premaster secret with the certificate's key) or "ECDHE".
    authentication: the kind of key that the server's certificate needs, "RSA" or "ECDSA".
    (In TLS 1.3 a suite says nothing of either, and both are "".)
    cipher: one of CIPHERS.   mac: the hash of its MAC, or "".   hash: of the PRF of TLS 1.2.
    since: the first version that may use it.
    """

    number: int
    name: str
    openssl: str
    key_exchange: str
    authentication: str
    cipher: Cipher
    mac: str
    hash: str
    since: str

    @property
    def mac_length(self) -> int:
        """Bytes of a MAC key, and of a MAC; 0 for a cipher that authenticates by itself."""
        return MAC_LENGTHS[self.mac]

    def serves(self, version: str) -> bool:
        """Whether the suite may be used with a version; those of TLS 1.3 are used with that one alone."""
        if "TLS 1.3" in (self.since, version):
            return self.since == version
        return version_number(version) >= version_number(self.since)

    def __str__(self) -> str:
        return self.name


def _suite(number: int, name: str, openssl: str) -> Suite:
    """A suite from its name, which says it all: TLS_<key exchange>_WITH_<cipher>_<hash>."""
    exchange, protection = name.removeprefix("TLS_").split("_WITH_")
    words = protection.split("_")
    hash = words.pop() if words[-1].startswith("SHA") else "SHA256"
    cipher = CIPHERS["-".join(words).replace("CHACHA20-POLY1305", "ChaCha20-Poly1305")]
    own_mac = cipher.kind in ("CBC", "NULL")
    return Suite(
        number,
        name,
        openssl,
        "ECDHE" if exchange.startswith("ECDHE") else "RSA",
        exchange.rsplit("_", 1)[-1],
        cipher,
        {"SHA": "sha1"}.get(hash, hash.lower()) if own_mac else "",
        "sha384" if hash == "SHA384" else "sha256",
        # The MACs of SHA-1 are as old as SSL 3.0, the curves came after it.
        "TLS 1.2"
        if not own_mac or hash != "SHA"
        else "TLS 1.0"
        if exchange.startswith("ECDHE")
        else "SSL 3.0",
    )


def _suite13(number: int, name: str, cipher: str, hash: str) -> Suite:
    """A suite of TLS 1.3: a cipher that authenticates by itself, and a hash (RFC 8446 appendix B.4)."""
    return Suite(number, name, name, "", "", CIPHERS[cipher], "", hash, "TLS 1.3")


SUITES = {
    suite.number: suite
    for suite in (
        _suite13(0x1301, "TLS_AES_128_GCM_SHA256", "AES-128-GCM", "sha256"),
        _suite13(0x1302, "TLS_AES_256_GCM_SHA384", "AES-256-GCM", "sha384"),
        _suite13(0x1303, "TLS_CHACHA20_POLY1305_SHA256", "ChaCha20-Poly1305", "sha256"),
        _suite13(0x1304, "TLS_AES_128_CCM_SHA256", "AES-128-CCM", "sha256"),
        _suite13(0x1305, "TLS_AES_128_CCM_8_SHA256", "AES-128-CCM-8", "sha256"),
        _suite(0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        _suite(0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        _suite(0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        _suite(0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        _suite(0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        _suite(0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
        _suite(0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE-ECDSA-AES128-CCM"),
        _suite(0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ECDHE-ECDSA-AES256-CCM"),
        _suite(0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "ECDHE-ECDSA-AES128-CCM8"),
        _suite(0xC0AF, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "ECDHE-ECDSA-AES256-CCM8"),
        _suite(0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"),
        _suite(0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"),
        _suite(0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"),
        _suite(0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384"),
        _suite(0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
        _suite(0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
        _suite(0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
        _suite(0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
        _suite(0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        _suite(0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        _suite(0xC09C, "TLS_RSA_WITH_AES_128_CCM", "AES128-CCM"),
        _suite(0xC09D, "TLS_RSA_WITH_AES_256_CCM", "AES256-CCM"),
        _suite(0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8", "AES128-CCM8"),
        _suite(0xC0A1, "TLS_RSA_WITH_AES_256_CCM_8", "AES256-CCM8"),
        _suite(0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"),
        _suite(0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256", "AES256-SHA256"),
        _suite(0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
        _suite(0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"),
        _suite(0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"),
    )
}
"""What this package speaks, by number.  Suites without encryption are not among them."""

WITHOUT_ENCRYPTION = {
    suite.number: suite
    for suite in (
        _suite(0x003B, "TLS_RSA_WITH_NULL_SHA256", "NULL-SHA256"),
        _suite(0x0002, "TLS_RSA_WITH_NULL_SHA", "NULL-SHA"),
        _suite(0xC010, "TLS_ECDHE_RSA_WITH_NULL_SHA", "ECDHE-RSA-NULL-SHA"),
        _suite(0xC006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA", "ECDHE-ECDSA-NULL-SHA"),
    )
}
"""Suites that only authenticate.  They are spoken where somebody names them, and offered by nobody."""

ALL = {**SUITES, **WITHOUT_ENCRYPTION}

NAMES = {
    **{number: suite.name for number, suite in ALL.items()},
    **SIGNALS,
    0x0004: "TLS_RSA_WITH_RC4_128_MD5",
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x0033: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    0x0067: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
    0x006B: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCAA: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}
"""What numbers in a list of suites are called: all of ours, the signals, and some that only others speak."""


def suite_name(number: int) -> str:
    """The name of a suite, or its number in hexadecimal."""
    return name_of(NAMES, number)


def find(suite: int | str | Suite) -> Suite:
    """A suite that we speak, by number or by its name at IANA or OpenSSL.  ValueError if there is none."""
    if isinstance(suite, Suite):
        return suite
    for each in ALL.values():
        if suite in (each.number, each.name, each.openssl):
            return each
    wanted = suite_name(suite) if isinstance(suite, int) else repr(suite)
    raise ValueError(
        f"no suite {wanted} is spoken here; there are {', '.join(s.name for s in SUITES.values())}"
    )

"""The numbers of TLS and what they are called, as the registries list them.

Whatever is not in a table may still travel: a peer may know more than we do.  `name_of` then gives the
number itself, in hexadecimal.
"""

from __future__ import annotations

from collections.abc import Mapping

VERSIONS = {
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
}
"""The versions of the standards, by their numbers on the wire."""

NUMBERS = {name: number for number, name in VERSIONS.items()}

CONTENT_TYPES = {
    20: "change_cipher_spec",
    21: "alert",
    22: "handshake",
    23: "application_data",
}
"""What a record may carry (RFC 5246 section 6.2.1)."""

HANDSHAKE_TYPES = {
    0: "HelloRequest",
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    5: "EndOfEarlyData",
    8: "EncryptedExtensions",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "Finished",
    22: "CertificateStatus",
    24: "KeyUpdate",
    254: "message_hash",
}
"""Handshake messages (RFC 5246 section 7.4, RFC 5077, RFC 6066; RFC 8446 section 4)."""

EXTENSIONS = {
    0: "server_name",
    1: "max_fragment_length",
    5: "status_request",
    10: "supported_groups",
    11: "ec_point_formats",
    13: "signature_algorithms",
    16: "application_layer_protocol_negotiation",
    18: "signed_certificate_timestamp",
    21: "padding",
    22: "encrypt_then_mac",
    23: "extended_master_secret",
    27: "compress_certificate",
    28: "record_size_limit",
    35: "session_ticket",
    41: "pre_shared_key",
    42: "early_data",
    43: "supported_versions",
    44: "cookie",
    45: "psk_key_exchange_modes",
    47: "certificate_authorities",
    49: "post_handshake_auth",
    50: "signature_algorithms_cert",
    51: "key_share",
    0xFF01: "renegotiation_info",
}
"""Extensions of the hellos (IANA, TLS ExtensionType Values)."""

GROUPS = {
    0x0017: "secp256r1",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001D: "x25519",
    0x001E: "x448",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x11EC: "X25519MLKEM768",
}
"""Groups for (EC)DHE (RFC 8446 section 4.2.7); secp256r1 is also called P-256."""

SIGNATURE_SCHEMES = {
    0x0201: "rsa_pkcs1_sha1",
    0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
}
"""How signatures are made (RFC 8446 section 4.2.3).

TLS 1.2 reads the two bytes as a hash and an algorithm (RFC 5246 section 7.4.1.4.1): 0401 is SHA-256 and RSA.
"""

POINT_FORMATS = {0: "uncompressed", 1: "ansiX962_compressed_prime", 2: "ansiX962_compressed_char2"}
"""How points of a curve may be written (RFC 8422 section 5.1.2)."""

DOWNGRADES = {b"DOWNGRD\x01": "TLS 1.3", b"DOWNGRD\x00": "TLS 1.2"}
"""How the random of a ServerHello ends if its sender could do better, and what (RFC 8446 section 4.1.3).

(With 00 it may be able to do TLS 1.3 as well.)
"""

PSK_MODES = {0: "psk_ke", 1: "psk_dhe_ke"}
"""How a pre-shared key is used: alone, or together with (EC)DHE (RFC 8446 section 4.2.9)."""

COMPRESSIONS = {0: "null", 1: "DEFLATE"}
"""Compression methods; nobody compresses any more, since lengths gave secrets away (the attack CRIME)."""

CERTIFICATE_TYPES = {1: "rsa_sign", 2: "dss_sign", 64: "ecdsa_sign"}
"""What a CertificateRequest may ask for (RFC 5246 section 7.4.4, RFC 8422 section 5.5)."""

CURVE_TYPES = {1: "explicit_prime", 2: "explicit_char2", 3: "named_curve"}
"""How a ServerKeyExchange says which curve it means (RFC 8422 section 5.4)."""

SIGNALS = {0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", 0x5600: "TLS_FALLBACK_SCSV"}
"""Numbers in the list of suites that are no suites, but say something (RFC 5746, RFC 7507)."""


def is_grease(number: int) -> bool:
    """Whether a number means nothing, and is sent to keep peers used to the unknown (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def name_of(table: Mapping[int, str], number: int, digits: int = 4) -> str:
    """The name of a number, or the number.   digits: of its hexadecimal form."""
    if number in table:
        return table[number]
    return "GREASE" if is_grease(number) else f"unknown {number:0{digits}x}"


def names_of(table: Mapping[int, str], data: bytes, size: int = 2) -> str:
    """The names of a list of numbers, each of `size` bytes."""
    numbers = [int.from_bytes(data[at : at + size], "big") for at in range(0, len(data), size)]
    return ", ".join(name_of(table, number, 2 * size) for number in numbers)


def version_number(version: str | int) -> int:
    """0x0303 for "TLS 1.2" (or for 0x0303).  ValueError if there is no such version."""
    number = NUMBERS.get(version) if isinstance(version, str) else version
    if number in VERSIONS:
        return number
    raise ValueError(f"a version is one of {', '.join(VERSIONS.values())}; not {version!r}")


def version_name(version: str | int) -> str:
    """ "TLS 1.2" for 0x0303 (or for "TLS 1.2").  ValueError if there is no such version."""
    return VERSIONS[version_number(version)]

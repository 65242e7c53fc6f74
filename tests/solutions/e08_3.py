"""Answers to 08.3."""

RIGHT = (
    """
import hashlib

def signed_content(version, end, messages):
    covered = b""
    for sender, name, data in messages:
        if sender == end and name == "CertificateVerify":
            break
        covered += data
    if version == "TLS 1.2":
        return covered
    text = b"TLS 1.3, " + end.encode() + b" CertificateVerify"
    return b" " * 64 + text + bytes(1) + hashlib.sha256(covered).digest()
""",
    """
from hashlib import sha256

PREFIX = {
    "client": "20" * 64 + b"TLS 1.3, client CertificateVerify".hex() + "00",
    "server": "20" * 64 + b"TLS 1.3, server CertificateVerify".hex() + "00",
}

def signed_content(version, end, messages):
    at = [(sender, name) for sender, name, data in messages].index((end, "CertificateVerify"))
    before = b"".join(data for sender, name, data in messages[:at])
    if version == "TLS 1.3":
        before = bytes.fromhex(PREFIX[end] + sha256(before).hexdigest())
    return before
""",
)

WRONG = {
    "only the randoms": """
def signed_content(version, end, messages):
    return messages[0][2][6:38] + messages[1][2][6:38]
""",
    "the message itself": RIGHT[1].replace("messages[:at]", "messages[: at + 1]"),
    "the whole handshake": RIGHT[0].replace("            break", "            pass"),
    "prefix missing": RIGHT[0].replace('b" " * 64 + text + bytes(1) + ', ""),
    "other end's context": RIGHT[0].replace(
        "+ end.encode()", '+ {"client": b"server", "server": b"client"}[end]'
    ),
    "one context for both": RIGHT[0].replace("+ end.encode()", '+ b"server"'),
    "messages for the hash": RIGHT[0].replace("hashlib.sha256(covered).digest()", "covered"),
    "hash in TLS 1.2": RIGHT[0].replace("return covered", "return hashlib.sha256(covered).digest()"),
}

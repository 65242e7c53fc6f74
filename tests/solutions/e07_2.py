"""Answers to 07.2."""

RIGHT = (
    """
import hashlib
import hmac

def prf(secret, label, seed, n):
    s = label + seed
    a, output = s, b""
    while len(output) < n:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        output += hmac.new(secret, a + s, hashlib.sha256).digest()
    return output[:n]
""",
    """
from hashlib import sha256

def mac(key, data):
    key = (sha256(key).digest() if len(key) > 64 else key).ljust(64, bytes(1))
    inner = sha256(bytes(each ^ 0x36 for each in key) + data).digest()
    return sha256(bytes(each ^ 0x5C for each in key) + inner).digest()

def a(secret, s, i):
    return s if i == 0 else mac(secret, a(secret, s, i - 1))

def prf(secret, label, seed, n):
    s = label + seed
    return b"".join(mac(secret, a(secret, s, i) + s) for i in range(1, n // 32 + 2))[:n]
""",
)

WRONG = {
    "A not chained": RIGHT[0].replace("secret, a, hashlib", "secret, s, hashlib"),
    "A one off": RIGHT[0].replace('a, output = s, b""', 'a, output = hmac.digest(secret, s, "sha256"), b""'),
    "label forgotten": RIGHT[0].replace("a, output = s,", "a, output = seed,"),
    "seed first": RIGHT[0].replace("label + seed", "seed + label"),
    "only the last block": """
import hmac

def prf(secret, label, seed, n):
    s = label + seed
    a, output = s, b""
    for _ in range(-(-n // 32)):
        a = hmac.digest(secret, a, "sha256")
        output = hmac.digest(secret, a + s, "sha256")
    return output[:n]
""",
    "not truncated": RIGHT[0].replace("output[:n]", "output"),
}

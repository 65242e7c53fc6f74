"""Answers to 08.2."""

RIGHT = (
    """
def one_way(recorded):
    fields = next(fields for sender, step, fields in recorded if step == 4)
    return dict(fields, password=b"a password of my own, 32 bytes..")

def two_way(recorded):
    told = {}
    for sender, step, fields in recorded:
        if sender == "client":
            told.update(fields)
    return {
        "certificate": told["certificate"], "ciphers": b"AES-128", "cipher": b"AES-128",
        "key": bytes(range(16)),
    }
""",
    """
import os

def of_client(recorded, name):
    return [fields[name] for sender, step, fields in recorded if sender == "client" and name in fields][0]

def one_way(recorded):
    again = {name: of_client(recorded, name) for name in ("certificate", "number", "signed")}
    return {"password": os.urandom(16), **again}

def two_way(recorded):
    ciphers = of_client(recorded, "ciphers")
    return {
        "certificate": of_client(recorded, "certificate"), "ciphers": ciphers,
        "cipher": ciphers.split(b", ")[0], "key": os.urandom(32),
    }
""",
)

WRONG = {
    "a number of your own": RIGHT[0].replace("dict(fields,", "dict(fields, number=bytes(16),"),
    "a signature of your own": RIGHT[0].replace("dict(fields,", "dict(fields, signed=bytes(256),"),
    "the server's certificate": RIGHT[1].replace(
        'sender == "client"', 'sender == ("server" if name == "certificate" else "client")'
    ),
    "the sealed password": RIGHT[0].replace(
        'dict(fields, password=b"a password of my own, 32 bytes..")', "fields"
    ),
    "the sealed key": RIGHT[1].replace("os.urandom(32)", 'of_client(recorded, "key")'),
    "another cipher than the server's": RIGHT[0].replace(
        '"ciphers": b"AES-128"', '"ciphers": told["ciphers"]'
    ),
    "key of another length": RIGHT[0].replace("range(16)", "range(32)"),
}

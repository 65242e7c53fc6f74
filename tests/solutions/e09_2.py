"""Answers to 09.2."""

RIGHT = (
    """
import hashlib
import hmac

def hkdf_expand_label(secret, label, context, length):
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + bytes([1]), "sha256")[:length]

def derive(secret, label, messages):
    data = b"".join(data for sender, name, data in messages)
    return hkdf_expand_label(secret, label, hashlib.sha256(data).digest(), 32)

def extract(salt, secret):
    return hmac.digest(salt, secret, "sha256")

def schedule(dhe, psk, messages):
    zeros = bytes(32)
    hellos = messages[:2]
    finished = [name for sender, name, data in messages].index("Finished") + 1
    early = extract(zeros, zeros if psk is None else psk)
    handshake = extract(derive(early, b"derived", []), dhe)
    master = extract(derive(handshake, b"derived", []), zeros)
    found = {}
    for end, short in (("client", b"c"), ("server", b"s")):
        found[end + "_handshake_traffic_secret"] = derive(handshake, short + b" hs traffic", hellos)
        secret = derive(master, short + b" ap traffic", messages[:finished])
        found[end + "_application_traffic_secret_0"] = secret
        found[end + " key"] = hkdf_expand_label(secret, b"key", b"", 16)
        found[end + " IV"] = hkdf_expand_label(secret, b"iv", b"", 12)
    return found
""",
    """
import hmac
import struct
from hashlib import sha256

def label(secret, name, context, n):
    name = b"tls13 " + name.encode()
    about = struct.pack(f">HB{len(name)}sB", n, len(name), name, len(context)) + context + b"\\1"
    return hmac.new(secret, about, sha256).digest()[:n]

def schedule(dhe, psk, messages):
    running, hashes = sha256(), {}
    for sender, name, data in messages:
        running.update(data)
        hashes[sender, name] = running.digest()
    at = hashes["server", "ServerHello"], hashes["server", "Finished"]
    secret, found = hmac.new(bytes(32), psk or bytes(32), sha256).digest(), {}
    for stage, th, more in (("hs", at[0], dhe), ("ap", at[1], bytes(32))):
        secret = hmac.new(label(secret, "derived", sha256().digest(), 32), more, sha256).digest()
        for end in ("client", "server"):
            traffic = label(secret, f"{end[0]} {stage} traffic", th, 32)
            if stage == "hs":
                found[f"{end}_handshake_traffic_secret"] = traffic
            else:
                found[f"{end}_application_traffic_secret_0"] = traffic
                found[f"{end} key"] = label(traffic, "key", b"", 16)
                found[f"{end} IV"] = label(traffic, "iv", b"", 12)
    return found
""",
)

WRONG = {
    "derived skipped": RIGHT[0].replace('derive(handshake, b"derived", [])', "handshake"),
    "wrong messages for handshake": RIGHT[0].replace("messages[:2]", "messages[:1]"),
    "wrong messages for application": RIGHT[0].replace('.index("Finished") + 1', '.index("Finished")'),
    "handshake secret for application": RIGHT[0].replace("derive(master", "derive(handshake"),
    "prefix missing": RIGHT[0].replace('b"tls13 " + ', ""),
    "no hash of nothing": RIGHT[0].replace(
        "hashlib.sha256(data).digest()", 'hashlib.sha256(data).digest() if data else b""'
    ),
    "label of the IV": RIGHT[0].replace('b"iv"', 'b"IV"'),
    "ends swapped": RIGHT[0].replace(
        '("client", b"c"), ("server", b"s")', '("client", b"s"), ("server", b"c")'
    ),
    "PSK ignored": RIGHT[0].replace("zeros if psk is None else psk", "zeros"),
    "keys of the handshake": RIGHT[0].replace(
        'found[end + " key"]',
        'secret = found[end + "_handshake_traffic_secret"]\n        found[end + " key"]',
    ),
}

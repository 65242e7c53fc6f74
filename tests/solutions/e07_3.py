"""Answers to 07.3."""

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

SIZES = {"TLS_RSA_WITH_AES_128_CBC_SHA": (20, 16, 0), "TLS_RSA_WITH_AES_128_GCM_SHA256": (0, 16, 4)}

def keys(suite, premaster, client_random, server_random, session_hash):
    if session_hash is None:
        master = prf(premaster, b"master secret", client_random + server_random, 48)
    else:
        master = prf(premaster, b"extended master secret", session_hash, 48)
    block = prf(master, b"key expansion", server_random + client_random, 256)
    found = {"master secret": master}
    for name, size in zip(("MAC key", "key", "IV"), SIZES[suite]):
        for end in ("client", "server"):
            found[f"{end} {name}"], block = block[:size], block[size:]
    return found
""",
    """
import hmac
import io

def mac(key, data):
    return hmac.digest(key, data, "sha256")

def stream(secret, seed):
    a = mac(secret, seed)
    while True:
        yield from mac(secret, a + seed)
        a = mac(secret, a)

def prf(secret, seed, n):
    octets = stream(secret, seed)
    return bytes(next(octets) for _ in range(n))

def keys(suite, premaster, c, s, session_hash):
    seed = b"master secret" + c + s if session_hash is None else b"extended master secret" + session_hash
    master = prf(premaster, seed, 48)
    gcm = "GCM" in suite
    block = io.BytesIO(prf(master, b"key expansion" + s + c, 40 if gcm else 72))
    m = 0 if gcm else 20
    return {
        "master secret": master,
        "client MAC key": block.read(m), "server MAC key": block.read(m),
        "client key": block.read(16), "server key": block.read(16),
        "client IV": block.read(4), "server IV": block.read(4),
    }
""",
)

WRONG = {
    "randoms swapped in key expansion": RIGHT[1].replace("s + c", "c + s"),
    "randoms swapped in the master secret": RIGHT[1].replace("c + s", "s + c"),
    "sides swapped": RIGHT[0].replace('("client", "server")', '("server", "client")'),
    "MAC keys for GCM": RIGHT[0].replace("(0, 16, 4)", "(32, 16, 4)"),
    "IV of 16 for GCM": RIGHT[0].replace("(0, 16, 4)", "(0, 16, 16)"),
    "IV for CBC": RIGHT[0].replace("(20, 16, 0)", "(20, 16, 16)"),
    "premaster as key": RIGHT[0].replace('prf(master, b"key', 'prf(premaster, b"key'),
    "extension ignored": RIGHT[0].replace("if session_hash is None", "if True"),
    "old label": RIGHT[0].replace('b"extended master secret"', 'b"master secret"'),
    "randoms with the session hash": RIGHT[0].replace(
        'secret", session_hash', 'secret", client_random + server_random + session_hash'
    ),
}

"""Answers to 07.5."""

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

def finished(master, messages):
    transcript, answer = b"", {"good": True}
    for sender, name, record in messages:
        if name in ("ChangeCipherSpec", "HelloRequest"):
            continue
        if name == "Finished":
            digest = hashlib.sha256(transcript).digest()
            answer[sender] = prf(master, sender.encode() + b" finished", digest, 12)
            answer["good"] = answer["good"] and record[9:] == answer[sender]
        transcript += record[5:]
    return answer
""",
    """
import hmac
from hashlib import sha256

def said(master, end, messages):
    running = sha256()
    for sender, name, record in messages:
        if (sender, name) == (end, "Finished"):
            break
        if record[0] == 22 and record[5] != 0:
            running.update(record[5:])
    seed = end.encode() + b" finished" + running.digest()
    a = hmac.digest(master, seed, "sha256")
    return hmac.digest(master, a + seed, "sha256")[:12]

def finished(master, messages):
    wanted = {end: said(master, end, messages) for end in ("client", "server")}
    came = {sender: record[-12:] for sender, name, record in messages if name == "Finished"}
    return {**wanted, "good": came == wanted}
""",
)

WRONG = {
    "record headers included": RIGHT[0].replace("record[5:]", "record"),
    "ChangeCipherSpec included": RIGHT[0].replace(
        'in ("ChangeCipherSpec", "HelloRequest")', '== "HelloRequest"'
    ),
    "HelloRequest included": RIGHT[0].replace(
        'in ("ChangeCipherSpec", "HelloRequest")', '== "ChangeCipherSpec"'
    ),
    "second omits the first": RIGHT[0].replace(
        "        transcript +=", '        if name != "Finished": transcript +='
    ),
    "labels swapped": RIGHT[1].replace(
        "return {**wanted,",
        'wanted["client"], wanted["server"] = wanted["server"], wanted["client"]\n    return {**wanted,',
    ),
    "client always first": """
import hashlib
import hmac

def said(master, end, transcript):
    seed = end + b" finished" + hashlib.sha256(transcript).digest()
    return hmac.digest(master, hmac.digest(master, seed, "sha256") + seed, "sha256")[:12]

def finished(master, messages):
    kept = [each for each in messages if each[1] not in ("ChangeCipherSpec", "HelloRequest")]
    came = {sender: record for sender, name, record in kept if name == "Finished"}
    hello = b"".join(record[5:] for sender, name, record in kept if name != "Finished")
    client = said(master, b"client", hello)
    server = said(master, b"server", hello + came["client"][5:])
    good = client == came["client"][9:] and server == came["server"][9:]
    return {"client": client, "server": server, "good": good}
""",
    "one covers all": RIGHT[1].replace("            break", "            pass"),
    "read off": """
def finished(master, messages):
    came = {sender: record[9:] for sender, name, record in messages if name == "Finished"}
    return {**came, "good": True}
""",
    "anything is good": RIGHT[1].replace("came == wanted", "True"),
}

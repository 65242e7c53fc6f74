"""Exercise 07.4: open two records of a captured connection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, entry, said
from handshake.tls.keys import Keys, cut, key_block
from handshake.tls.records import HEADER_LENGTH, Record, RecordStream

STATEMENT = """
Somebody has captured a connection of TLS 1.2, with the suite TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, and
has a key log of it. `exercises.mine("07.4")` gives you the line of the key log (the client's random and the
master secret), the server's random, and of each end all records from its ChangeCipherSpec on, in hexadecimal,
each with its header. In each list the first record is ChangeCipherSpec, the second, sealed, is Finished, and
the third is application data. Open the third of each end.

The additional data is (RFC 5246 section 6.2.3.3) the number of the record under these keys, 8 bytes; its
type, 1; its version, 2; and how long the content is that was encrypted, 2.

Fill in for each end the nonce (12 bytes) and the additional data (13 bytes) with which that record opens,
both as text in hexadecimal, and the text that it carries, as text (what is no text you may give as bytes;
white space at its ends does not count). To decrypt, use `AESGCM` of
`cryptography.hazmat.primitives.ciphers.aead`, in another cell: what is handed in are the six values.
"""

STARTER = """
opened = {
    "client nonce": None, "client additional data": None, "client text": None,
    "server nonce": None, "server additional data": None, "server text": None,
}
"""

SIGNS = {
    "nonce the wrong way round": (
        "The two parts of the nonce are exchanged: first the 4 bytes from the key block, then the 8 "
        "that stand in the record (RFC 5288 section 3)."
    ),
    "Finished not counted": (
        "This record counts as number 0 here. That was Finished, the first one under these keys: this "
        "is number 1."
    ),
    "length of what is sealed": (
        "The length in the additional data is not that of the record: it is the length of the text, "
        "without the 8 bytes of the nonce and the 16 of the tag (RFC 5246 section 6.2.3.3)."
    ),
    "explicit nonce left in the text": (
        "The first 8 bytes of the record have been taken for text. They are the explicit part of the "
        "nonce, and what is encrypted begins behind them."
    ),
    "tag left in the text": "The last 16 bytes of the record are its tag: they are checked, and are no text.",
    "other end's": "That belongs to the other end: each end writes with a key, an IV and a count of its own.",
}


class Half(NamedTuple):
    """What one end sent.   records: from ChangeCipherSpec on.   text: what the third of them carries."""

    records: tuple[bytes, ...]
    key: bytes
    salt: bytes
    text: str

    @property
    def fragment(self) -> bytes:
        """What the record carries: explicit nonce, encrypted text, tag."""
        return self.records[2][HEADER_LENGTH:]

    @property
    def nonce(self) -> bytes:
        """The nonce of the record."""
        return self.salt + self.fragment[:8]

    def about(self, seq: int = 1, length: int | None = None) -> bytes:
        """The additional data, if the record has that number, and its text that length."""
        size = len(self.text) if length is None else length
        return seq.to_bytes(8, "big") + b"\x17\x03\x03" + size.to_bytes(2, "big")

    def decrypted(self, nonce: bytes, sealed: bytes) -> str:
        """What comes out with this nonce if nobody checks the tag (AES in counter mode)."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        counter = nonce + (2).to_bytes(4, "big")
        return (
            Cipher(algorithms.AES(self.key), modes.CTR(counter)).decryptor().update(sealed).decode("latin-1")
        )


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's connection, as its reader gets it; and what makes it again."""
    seed = entropy("connection", 8).hex()
    shown, _ = connection(seed)
    return {**shown, "_seed": seed}


@lru_cache(maxsize=64)
def connection(seed: str) -> tuple[dict[str, Any], dict[str, Half]]:
    """A connection: what is shown of it, and what each end sent."""
    from handshake.sim.handshakes import two_ends

    random = Entropy(seed)
    texts = {
        "client": f"GET /{random('path', 4).hex()} HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
        "server": f"HTTP/1.1 200 OK\r\n\r\nthe flag is {random('flag', 4 + random.number('size', 9)).hex()}",
    }
    ends = dict(zip(("client", "server"), two_ends(
        "TLS 1.2", "ECDHE", None, "Ed25519", False, seed, False, {}, {}
    ), strict=True))  # fmt: skip
    streams = {end: RecordStream() for end in ends}
    records: dict[str, list[Record]] = {end: [] for end in ends}

    def pass_on(sender: str, receiver: str) -> None:
        data = ends[sender].outgoing()
        records[sender] += streams[sender].feed(data)
        ends[receiver].receive(data)

    for _ in range(3):
        pass_on("client", "server")
        pass_on("server", "client")
    for sender, receiver in (("client", "server"), ("server", "client")):
        ends[sender].send(texts[sender].encode())
        pass_on(sender, receiver)
    randoms = {end: ends[end].told[n].data[6:38] for n, end in enumerate(("client", "server"))}
    master = next(each.value for each in ends["client"].derived if each.label == "master secret")
    keys = cut(key_block("TLS 1.2", master, randoms["client"], randoms["server"], 40), 0, 16, 4)
    halves = {end: _half(records[end], keys, end, texts[end]) for end in ends}
    return {
        "key log": f"CLIENT_RANDOM {randoms['client'].hex()} {master.hex()}",
        "server random": randoms["server"].hex(),
        "records of the client": [each.hex() for each in halves["client"].records],
        "records of the server": [each.hex() for each in halves["server"].records],
    }, halves


def _half(records: list[Record], keys: Keys, end: str, text: str) -> Half:
    start = next(n for n, each in enumerate(records) if each.type == 20)
    key, salt = getattr(keys, f"{end}_key"), getattr(keys, f"{end}_iv")
    return Half(tuple(each.encode() for each in records[start:]), key, salt, text)


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Nonces, additional data, texts; which values are right is never shown."""
    came = ask.value("opened")
    _, halves = connection(given["_seed"])
    for end, other in (("client", "server"), ("server", "client")):
        half, its = halves[end], halves[other]
        for group, name, wanted, signs in (
            ("nonces", "nonce", half.nonce, _nonces(half, its)),
            ("additional data", "additional data", half.about(), _abouts(half, its)),
            ("texts", "text", half.text, _texts(half, its)),
        ):
            told = entry(came, f"{end} {name}")
            same: Any = _text if name == "text" else _bytes
            got = same(told)
            good = type(got) is type(wanted) and got == same(wanted)
            key = "" if good else next((key for key, value in signs if same(value) == got), "")
            yield Finding(group, good, f"{end} {name}", WANTED[name], said(got), key)


WANTED = {
    "nonce": "12 bytes: 4 from the key block, 8 from the record",
    "additional data": "13 bytes: number, type, version, length",
    "text": "the text of an HTTP message",
}
"""What is wanted, in words: the values would be the answer."""


def _bytes(value: Any) -> Any:
    """Bytes of hexadecimal; whatever else it is as it is."""
    try:
        return bytes.fromhex(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _text(value: Any) -> Any:
    """Text, or bytes as text, with plain ends of lines; whatever else it is as it is."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return text.replace("\r\n", "\n").strip() if isinstance(text, str) else text


def _nonces(half: Half, its: Half) -> Iterator[tuple[str, Any]]:
    explicit = half.fragment[:8]
    yield "nonce the wrong way round", explicit + half.salt
    yield "Finished not counted", half.salt + bytes(8)
    yield "other end's", its.salt + explicit
    yield "other end's", its.nonce


def _abouts(half: Half, its: Half) -> Iterator[tuple[str, Any]]:
    size = len(half.text)
    yield "Finished not counted", half.about(seq=0)
    for seq in (1, 0):
        for more in (24, 16, 8):
            yield "length of what is sealed", half.about(seq, size + more)
    yield "other end's", its.about()


def _texts(half: Half, its: Half) -> Iterator[tuple[str, Any]]:
    explicit, sealed, tag = half.fragment[:8], half.fragment[8:-16], half.fragment[-16:]
    yield "explicit nonce left in the text", explicit.decode("latin-1") + half.text
    for some in (explicit + sealed, explicit + sealed + tag):
        yield "explicit nonce left in the text", half.decrypted(half.nonce, some)
    yield "tag left in the text", half.decrypted(half.nonce, sealed + tag)
    yield "tag left in the text", half.text + tag.decode("latin-1")
    for some in (sealed, sealed + tag):
        yield "nonce the wrong way round", half.decrypted(explicit + half.salt, some)
        yield "Finished not counted", half.decrypted(half.salt + bytes(8), some)
        yield "other end's", its.decrypted(its.salt + explicit, some)
    yield "other end's", its.text


EXERCISE = Exercise(
    id="07.4",
    title="Open two records",
    statement=STATEMENT,
    starter=STARTER,
    names=("opened",),
    groups={"nonces": 3, "additional data": 3, "texts": 4},
    signs=SIGNS,
    hint="Try it on Finished first: its text begins with 14 00 00 0c, and its number is 0.",
    reread="notebook 07, Every message, byte by byte; RFC 5246 section 6.2.3.3, RFC 5288 section 3",
    draw=draw,
    judge=judge,
    literal=True,
)

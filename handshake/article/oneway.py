"""The article's one-way authentication, exactly as told: its ten steps, executed.

No version of SSL has ever worked quite so.  What the article leaves open is filled in as simply as can be,
and nothing is added that it does not tell: no step looks at the whole handshake, nobody proves to have a key,
and one password serves both directions.  Compare it with what travels: `sim.tls(key_exchange="RSA")`.
"""

from __future__ import annotations

from typing import Any

from handshake.article.spoken import Said, Speaker, Story, run
from handshake.entropy import Entropy
from handshake.trace import Trace

VERSION, KINDS = "SSL 3.0", "AES, RSA, SHA"
HOST = "www.example.org"

STEPS = {
    1: "the client sends its version, the kinds of encryption that it can do, a random number, and more",
    2: "the server sends its version, the kinds that it can do, a random number, and its certificate",
    3: "the client checks the certificate: its date, its CA, the CA's signature, and its domain",
    4: "the client invents a password, and sends it encrypted with the key from the certificate",
    5: "if the server asks for it, the client signs a random number, and sends it with its certificate",
    6: "the server checks what the client has sent, opens the password, and both make the master password",
    7: "from now on the master password encrypts and decrypts, and guards the data",
    8: "the client says that it uses the master password from now on, and that its part is over",
    9: "the server says the same",
    10: "data flow, encrypted with the one password that both have",
}
"""The ten steps, in our words."""


def one_way(
    seed: int | bytes | str | None = 0, *, client_auth: bool = False, title: str | None = None
) -> Trace:
    """The ten steps, between two simulated machines -> Trace.

    seed: the same seed gives the same bytes.   client_auth: whether the server asks the client who it is
    (steps 5 and 6), which the article calls optional.
    Its messages are of the layer "article", and are called "step 1" and so on.
    """
    from handshake.pki.authority import case

    story = OneWay(Entropy(seed), case(), client_auth)
    name = "One-way authentication, as the article tells it"
    return run(story, seed, name if title is None else title)


class OneWay(Story):
    """What both ends do, step by step."""

    def __init__(self, random: Entropy, server: Any, client_auth: bool) -> None:
        self.random = random
        self.made = server
        self.client_auth = client_auth
        self.client: dict[str, Any] = {}
        self.server: dict[str, Any] = {}

    def begin(self, speaker: Speaker) -> None:
        """Step 1."""
        self.client["random"] = self.random("client random", 16)
        fields = {
            "version": VERSION.encode(), "kinds": KINDS.encode(), "random": self.client["random"],
            "other": b"whatever else is needed",
        }  # fmt: skip
        speaker.say(1, STEPS[1], fields)

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message came: go on from there."""
        {1: self._two, 2: self._three_and_four, 4: self._six, 8: self._nine, 9: self._ten, 10: self._answer}[
            said.step
        ](speaker, said)

    def _two(self, speaker: Speaker, said: Said) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        self.server.update(theirs=said.fields["random"], random=self.random("server random", 16))
        fields = {
            "version": VERSION.encode(), "kinds": KINDS.encode(), "random": self.server["random"],
            "certificate": self.made.chain[0].public_bytes(Encoding.DER),
        }  # fmt: skip
        if self.client_auth:
            fields["wants"] = b"to know who the client is"
        speaker.say(2, STEPS[2], fields)

    def _three_and_four(self, speaker: Speaker, said: Said) -> None:
        from cryptography import x509

        from handshake import pki
        from handshake.tls.exchange import encrypt

        leaf = x509.load_der_x509_certificate(said.fields["certificate"])
        report = pki.validate([leaf, *self.made.chain[1:]], self.made.anchors, self.made.now, HOST)
        speaker.do(3, STEPS[3], "every check passes" if report.ok else str(report.first_failure))
        if not report.ok:
            speaker.hang_up()
            return
        self.client.update(theirs=said.fields["random"], password=self.random("password", 32))
        fields = {"password": encrypt(leaf.public_key(), self.client["password"], self.random)}
        if "wants" in said.fields:
            fields |= self._five()
        speaker.say(4, STEPS[4], fields)
        if "wants" in said.fields:
            speaker.do(5, STEPS[5], "in the same message")

    def _five(self) -> dict[str, bytes]:
        """Step 5: a number of the client's own choice, signed; nothing of this handshake is in it."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from handshake.pki.authority import case
        from handshake.tls.signing import sign

        mine = case(purpose="client", host="client.example.org")
        number = self.random("number of the client's choice", 16)
        return {
            "number": number, "signed": sign(mine.key, 0x0401, number),
            "certificate": mine.chain[0].public_bytes(Encoding.DER),
        }  # fmt: skip

    def _six(self, speaker: Speaker, said: Said) -> None:
        from cryptography.hazmat.primitives.asymmetric import padding

        checks = ""
        if self.client_auth:
            checks = self._check_client(said)
        self.server["password"] = self.made.key.decrypt(said.fields["password"], padding.PKCS1v15())
        for who in (self.server, self.client):
            who["master"] = _master(who["password"], self.client["random"], self.server["random"])
        speaker.do(6, STEPS[6], f"{checks}the password opens, and both have the same master password")
        for each in (speaker, speaker.other):
            each.do(7, STEPS[7], "one password for both directions")
        speaker.other.say(8, STEPS[8], {"says": b"from now on the master password is the key; I am done"})

    def _check_client(self, said: Said) -> str:
        from cryptography import x509

        from handshake import pki
        from handshake.pki.authority import case
        from handshake.tls.signing import verify

        leaf = x509.load_der_x509_certificate(said.fields["certificate"])
        mine = case(purpose="client", host="client.example.org")
        report = pki.validate([leaf, *mine.chain[1:]], mine.anchors, mine.now, None, "client")
        verify(leaf.public_key(), 0x0401, said.fields["number"], said.fields["signed"], "client")
        return "the client's certificate is good, and its number is signed; " if report.ok else ""

    def _nine(self, speaker: Speaker, said: Said) -> None:
        speaker.say(9, STEPS[9], {"says": b"from now on the master password is the key; I am done too"})

    def _ten(self, speaker: Speaker, said: Said) -> None:
        speaker.say(10, STEPS[10], {"sealed": self._sealed(0, b"hello, server")})

    def _answer(self, speaker: Speaker, said: Said) -> None:
        if speaker.end == "server":
            speaker.say(10, STEPS[10], {"sealed": self._sealed(1, b"hello, client")})
        else:
            speaker.hang_up()

    def _sealed(self, number: int, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.client["master"]).encrypt(number.to_bytes(12, "big"), data, b"")


def _master(password: bytes, client_random: bytes, server_random: bytes) -> bytes:
    """A series of steps, of which the article does not say which: here, the PRF of TLS 1.2."""
    from handshake.tls.keys import prf

    return prf(password, "master password", client_random + server_random, 32)

"""The article's one-way authentication, exactly as told: its ten steps, executed.

No version of SSL has ever worked quite so.  What the article leaves open is filled in as simply as can be,
and nothing is added that it does not tell: no step looks at the whole handshake, nobody proves to have a key,
and one password serves both directions.  Compare it with what travels: `sim.tls(key_exchange="RSA")`.
"""

from __future__ import annotations

from handshake.article.parties import Party, domain, prepared, read_certificate
from handshake.article.spoken import Said, Speaker, Story, run
from handshake.entropy import Entropy
from handshake.errors import ProtocolError
from handshake.trace import Trace

VERSION, KINDS = "SSL 3.0", "AES, RSA, SHA"
HOST = "www.example.org"
CIPHER = "AES-256"
SCHEME = 0x0401
"""How the client signs: RSA with PKCS #1 and SHA-256."""

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
    name = "One-way authentication, as the article tells it"
    return run(OneWay(*both_ends(seed, client_auth)), seed, name if title is None else title)


def both_ends(seed: int | bytes | str | None, client_auth: bool) -> tuple[OneWayClient, OneWayServer]:
    """An honest client and an honest server."""
    random = Entropy(seed)
    (server, servers), (client, clients) = prepared("server"), prepared("client")
    return OneWayClient(random, client, servers), OneWayServer(
        random, server, clients if client_auth else None
    )


class OneWay(Story):
    """Both ends; and whose turn it is, where the article does not say how they learn of it."""

    def __init__(self, client: OneWayClient, server: OneWayServer) -> None:
        self.client = client
        self.server = server

    def begin(self, speaker: Speaker) -> None:
        """Step 1."""
        self.client.one(speaker)

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message came: go on from there."""
        party = self.client if speaker.end == "client" else self.server
        party.heard(speaker, said)
        if said.step == 4 and "master" in self.server.knows:
            self.client.seven_and_eight(speaker.other)


class OneWayClient(Party):
    """The client: it checks the server, and says who it is if it is asked."""

    def one(self, speaker: Speaker) -> None:
        """Step 1."""
        self.knows["random"] = self.random("client random", 16)
        fields = {
            "version": VERSION.encode(), "kinds": KINDS.encode(), "random": self.knows["random"],
            "other": b"whatever else is needed",
        }  # fmt: skip
        self.say(speaker, 1, STEPS[1], fields)

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message of the server came."""
        if said.step == 2:
            self.three_and_four(speaker, said)
        elif said.step == 9:
            self.talk(speaker, STEPS[10], CIPHER, self.knows["master"])
        elif self.listen(speaker, STEPS[10], said, CIPHER, self.knows["master"]):
            speaker.hang_up()

    def three_and_four(self, speaker: Speaker, said: Said) -> None:
        """Steps 3 and 4; and 5, which travels with step 4."""
        from handshake.tls.exchange import encrypt

        leaf = read_certificate(said.fields["certificate"])
        report = self.trust.report(leaf, HOST) if self.trust is not None else None
        if report is not None and not report.ok:
            self.refuse(speaker, 3, STEPS[3], report.first_failure.why)
            return
        speaker.do(3, STEPS[3], "every check passes")
        self.peer = domain(leaf)
        self.knows.update(theirs=said.fields["random"], password=self.random("password", 32))
        fields = {"password": encrypt(leaf.public_key(), self.knows["password"], self.random)}
        if "wants" in said.fields:
            fields |= self.five()
        self.say(speaker, 4, STEPS[4], fields)
        if "wants" in said.fields:
            speaker.do(5, STEPS[5], "in the same message")

    def five(self) -> dict[str, bytes]:
        """Step 5: a number of the client's own choice, signed; nothing of this handshake is in it."""
        from handshake.tls.signing import sign

        if self.me is None:
            return {}
        number = self.random("number of the client's choice", 16)
        signed = sign(self.me.key, SCHEME, number)
        return {"number": number, "signed": signed, "certificate": self.me.certificate}

    def seven_and_eight(self, speaker: Speaker) -> None:
        """Steps 7 and 8."""
        knows = self.knows
        knows["master"] = master(knows["password"], knows["random"], knows["theirs"])
        speaker.do(7, STEPS[7], "one password for both directions")
        said = b"from now on the master password is the key; I am done"
        self.say(speaker, 8, STEPS[8], {"says": said})


class OneWayServer(Party):
    """The server: with a `trust`, it asks the client who it is."""

    number, data = 1, b"hello, client"

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message of the client came."""
        if said.step == 1:
            self.two(speaker, said)
        elif said.step == 4:
            self.six_and_seven(speaker, said)
        elif said.step == 8:
            says = b"from now on the master password is the key; I am done too"
            self.say(speaker, 9, STEPS[9], {"says": says})
        elif self.listen(speaker, STEPS[10], said, CIPHER, self.knows["master"]):
            self.talk(speaker, STEPS[10], CIPHER, self.knows["master"])

    def two(self, speaker: Speaker, said: Said) -> None:
        """Step 2."""
        self.knows.update(theirs=said.fields["random"], random=self.random("server random", 16))
        fields = {
            "version": VERSION.encode(), "kinds": KINDS.encode(), "random": self.knows["random"],
            "certificate": self.me.certificate if self.me is not None else b"",
        }  # fmt: skip
        if self.trust is not None:
            fields["wants"] = b"to know who the client is"
        self.say(speaker, 2, STEPS[2], fields)

    def six_and_seven(self, speaker: Speaker, said: Said) -> None:
        """Steps 6 and 7."""
        why = self.check_client(said)
        password = b"" if why else self.opened(said.fields["password"])
        if not password:
            self.refuse(speaker, 6, STEPS[6], why or "the password does not open")
            return
        knows = self.knows
        knows["master"] = master(password, knows["theirs"], knows["random"])
        found = "the certificate is good, and the number is signed; " if self.peer else ""
        speaker.do(6, STEPS[6], f"{found}the password opens, and the master password is made")
        speaker.do(7, STEPS[7], "one password for both directions")

    def check_client(self, said: Said) -> str:
        """The checks of step 6, if this server asks for them; "" if all pass, else what is wrong."""
        from handshake.tls.signing import verify

        if self.trust is None:
            return ""
        if not {"certificate", "number", "signed"} <= said.fields.keys():
            return "the client does not say who it is"
        leaf = read_certificate(said.fields["certificate"])
        report = self.trust.report(leaf)
        if not report.ok:
            return str(report.first_failure.why)
        try:
            verify(leaf.public_key(), SCHEME, said.fields["number"], said.fields["signed"], "client")
        except ProtocolError as error:
            return str(error)
        self.peer = domain(leaf)
        return ""


def master(password: bytes, client_random: bytes, server_random: bytes) -> bytes:
    """A series of steps, of which the article does not say which: here, the PRF of TLS 1.2."""
    from handshake.tls.keys import prf

    return prf(password, "master password", client_random + server_random, 32)

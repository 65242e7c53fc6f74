"""The article's two-way authentication, exactly as told: its ten steps, executed.

No version of SSL has ever worked so.  The browser compares the server's certificate with what the server
itself says, the client's certificate is taken for the client, and the choice of the cipher is kept secret
instead of being guarded against change.  What that is worth: `attack`.  Compare it with what travels:
`sim.tls(client_auth=True)`.
"""

from __future__ import annotations

from handshake.article.parties import (
    CIPHERS,
    Credential,
    Party,
    Path,
    Trust,
    domain,
    prepared,
    public_bytes,
    read_certificate,
)
from handshake.article.spoken import Said, Speaker, Story, run
from handshake.entropy import Entropy
from handshake.tls.protection import Random
from handshake.trace import Trace

STEPS = {
    1: "the browser asks for a connection",
    2: "the server sends its certificate, and what belongs to it: its domain and its public key",
    3: "the browser looks whether a CA that it trusts has issued the certificate; if not, it asks its user",
    4: "the browser compares domain and public key in the certificate with what the server has said",
    5: "the server wants the client's certificate, checks it, and has the client's public key from it",
    6: "the browser tells which ciphers it can do",
    7: "the server picks the strongest, and sends its choice encrypted with the client's public key",
    8: "the browser picks a session key for that cipher, and sends it encrypted with the server's public key",
    9: "the server opens it with its private key, and has the session key",
    10: "both talk, encrypted with the cipher and the session key",
}
"""The ten steps, in our words."""


def two_way(
    seed: int | bytes | str | None = 0, *, trusted: bool = True, user_goes_on: bool = False,
    title: str | None = None,
) -> Trace:  # fmt: skip
    """The ten steps, between two simulated machines -> Trace.

    seed: the same seed gives the same bytes.   trusted: whether the browser trusts the CA of the server.
    user_goes_on: what the user says if it does not, and warns.
    Its messages are of the layer "article", and are called "step 1" and so on.
    """
    browser, server = both_ends(seed, trusted, user_goes_on)
    name = "Two-way authentication, as the article tells it"
    return run(TwoWay(browser, server), seed, name if title is None else title)


def both_ends(
    seed: int | bytes | str | None, trusted: bool = True, user_goes_on: bool = False
) -> tuple[TwoWayClient, TwoWayServer]:
    """An honest browser and an honest server."""
    from handshake.pki.authority import case

    (server, servers), (client, clients) = prepared("server"), prepared("client")
    if not trusted:
        servers = servers._replace(anchors=case("unknown_ca").anchors)
    return (
        TwoWayClient(drawn(seed, "client"), client, servers, user_goes_on=user_goes_on),
        TwoWayServer(drawn(seed, "server"), server, clients),
    )


def drawn(seed: int | bytes | str | None, who: str) -> Entropy:
    """Randomness of one party's own."""
    return Entropy(None if seed is None else f"{seed!r} {who}")


class TwoWay(Story):
    """Both ends; and whose turn it is, where the article does not say how they learn of it."""

    def __init__(self, client: TwoWayClient, server: TwoWayServer) -> None:
        self.client = client
        self.server = server

    def begin(self, speaker: Speaker) -> None:
        """Step 1."""
        self.client.say(speaker, 1, STEPS[1], {"request": b"a connection, please"})

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message came: go on from there."""
        party = self.client if speaker.end == "client" else self.server
        party.heard(speaker, said)
        if said.step == 2 and self.client.peer:
            self.server.five(speaker.other)
        elif said.step == 5 and self.server.peer:
            self.client.six(speaker.other)
        elif said.step == 8:
            self.client.ten(speaker.other)


class TwoWayClient(Party):
    """The browser, and whose it is.   user_goes_on: what the user answers to a warning."""

    def __init__(
        self, random: Random, me: Credential | None = None, trust: Trust | None = None,
        path: Path | None = None, user_goes_on: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(random, me, trust, path)
        self.user_goes_on = user_goes_on

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message of the server came."""
        if said.step == 2:
            self.three_and_four(speaker, said)
        elif said.step == 5:
            certificate = self.me.certificate if self.me is not None else b""
            self.say(speaker, 5, STEPS[5], {"certificate": certificate})
        elif said.step == 7:
            self.eight(speaker, said)
        elif self.listen(speaker, STEPS[10], said, self.knows["cipher"], self.knows["key"]):
            speaker.hang_up()

    def three_and_four(self, speaker: Speaker, said: Said) -> None:
        """Steps 3 and 4.  Nothing here asks whom the user wanted, or who has the private key."""
        leaf = read_certificate(said.fields["certificate"])
        report = None if self.trust is None else self.trust.report(leaf)
        if report is None or report.ok:
            speaker.do(3, STEPS[3], "it has")
        else:
            answer = "goes on all the same" if self.user_goes_on else "does not go on"
            found = f"the browser warns: {report.first_failure.why}; its user {answer}"
            speaker.do(3, STEPS[3], found)
            if not self.user_goes_on:
                speaker.hang_up()
                return
        if (domain(leaf).encode(), public_bytes(leaf)) != (said.fields["domain"], said.fields["public key"]):
            self.refuse(speaker, 4, STEPS[4], "they differ: this is not the server")
            return
        self.peer = domain(leaf)
        self.knows["server"] = leaf.public_key()
        speaker.do(4, STEPS[4], f"they are equal: this is {self.peer}")

    def six(self, speaker: Speaker) -> None:
        """Step 6: in the clear."""
        self.say(speaker, 6, STEPS[6], {"ciphers": ", ".join(CIPHERS).encode()})

    def choice(self, said: Said) -> str:
        """The server's choice, opened; "" if there is none in it."""
        return self.opened(said.fields["choice"]).decode("ascii", "replace")

    def eight(self, speaker: Speaker, said: Said) -> None:
        """Step 8, and what step 7 has brought."""
        from handshake.tls.exchange import encrypt

        cipher = self.choice(said)
        if cipher not in CIPHERS:
            self.refuse(speaker, 8, STEPS[8], "what came is none of its ciphers")
            return
        self.knows.update(cipher=cipher, key=self.random("session key", CIPHERS[cipher]))
        self.say(speaker, 8, STEPS[8], {"key": encrypt(self.knows["server"], self.knows["key"], self.random)})

    def ten(self, speaker: Speaker) -> None:
        """Step 10."""
        if "key" in self.knows:
            self.talk(speaker, STEPS[10], self.knows["cipher"], self.knows["key"])


class TwoWayServer(Party):
    """The server: an impostor is made of it by a key that is not the certificate's."""

    number, data = 1, b"hello, client"

    def heard(self, speaker: Speaker, said: Said) -> None:
        """A message of the browser came."""
        if said.step == 1:
            self.two(speaker)
        elif said.step == 5:
            self.check_client(speaker, said)
        elif said.step == 6:
            self.seven(speaker, said)
        elif said.step == 8:
            self.nine(speaker, said)
        elif self.listen(speaker, STEPS[10], said, self.knows["cipher"], self.knows["key"]):
            self.talk(speaker, STEPS[10], self.knows["cipher"], self.knows["key"])

    def two(self, speaker: Speaker) -> None:
        """Step 2: everything in it can be read off the certificate, by anybody."""
        if self.me is None:
            return
        leaf = read_certificate(self.me.certificate)
        fields = {
            "certificate": self.me.certificate, "domain": domain(leaf).encode(),
            "public key": public_bytes(leaf),
        }  # fmt: skip
        self.say(speaker, 2, STEPS[2], fields)

    def five(self, speaker: Speaker) -> None:
        """Step 5: ask."""
        self.say(speaker, 5, STEPS[5], {"wants": b"the client's certificate"})

    def check_client(self, speaker: Speaker, said: Said) -> None:
        """Step 5: check what came.  Nobody asks for a proof that the client has the key."""
        leaf = read_certificate(said.fields["certificate"])
        report = None if self.trust is None else self.trust.report(leaf)
        if report is not None and not report.ok:
            self.refuse(speaker, 5, STEPS[5], report.first_failure.why)
            return
        self.peer = domain(leaf)
        self.knows["client"] = leaf.public_key()
        speaker.do(5, STEPS[5], f"the certificate is good: this is {self.peer}")

    def seven(self, speaker: Speaker, said: Said) -> None:
        """Step 7."""
        from handshake.tls.exchange import encrypt

        cipher = strongest(said.fields["ciphers"])
        if not cipher:
            self.refuse(speaker, 7, STEPS[7], "there is no cipher that both can do")
            return
        self.knows["cipher"] = cipher
        choice = encrypt(self.knows["client"], cipher.encode(), self.random)
        self.say(speaker, 7, STEPS[7], {"choice": choice})

    def nine(self, speaker: Speaker, said: Said) -> None:
        """Step 9.  What a server does if no key comes out, the article does not say: here, it waits."""
        self.knows["key"] = self.opened(said.fields["key"])
        good = len(self.knows["key"]) == CIPHERS[self.knows["cipher"]]
        found = "a key" if good else "no key"
        speaker.do(9, STEPS[9], f"what comes out is {found} for {self.knows['cipher']}")
        if not good:
            speaker.stuck("no key")


def strongest(offered: bytes) -> str:
    """The strongest of the ciphers in a list as step 6 sends it; "" if none is known."""
    names = offered.decode("ascii", "replace").split(", ")
    return next((name for name in CIPHERS if name in names), "")

"""Notebook 06, certificates and trust: its bets."""

from __future__ import annotations

from handshake.labs.bets import Bet, Bets, bet
from handshake.labs.trust.benches import bench, lists
from handshake.labs.trust.warned import warning


def bet_revoked() -> Bet:
    """Nobody asks by default."""
    return bet(
        "The server's key was stolen, and its CA has put the certificate on its list of revoked ones. A "
        "program calls with the default settings of its TLS library. What happens?",
        [
            "the certificate is refused: it is on the list",
            "it is accepted: nobody looks at the list",
            "it is accepted with a warning",
        ],
        answer=1,
        because=(
            "OpenSSL, and Python with it, checks revocation only when told to, and then needs the lists. "
            "Browsers have ways of their own"
        ),
        reveal=lambda: lists().views[0],
        key="06 revoked",
    )


def bet_name() -> Bet:
    """A good certificate for somebody else."""
    return bet(
        "A certificate is in date, its CA is trusted, its signature is good. It is for www.example.com, and "
        "the client has called www.example.org. Is that worth a refusal?",
        [
            "yes: anybody can get a good certificate for a name of their own",
            "no: the CA has vouched for it",
            "only if the two names have different addresses",
        ],
        answer=0,
        because=(
            "whoever stands in between has a good certificate too, for a name of their own. Only the name "
            "says that it is the server whom the client wanted"
        ),
        reveal=lambda: bench("wrong_host").views[1],
        key="06 name",
    )


def bet_continue() -> Bet:
    """What encryption is worth without knowing with whom."""
    return bet(
        "A browser warns, and its user clicks Continue. The connection is encrypted with AES. Who reads the "
        "form?",
        [
            "nobody but the server: it is encrypted",
            "everybody on the way",
            "whoever presented the certificate, be it the server or somebody in between",
        ],
        answer=2,
        because=(
            "keys were agreed on with whoever answered. Encryption keeps out all others, and says nothing of "
            "who the other end is"
        ),
        reveal=lambda: warning(goes_on=True),
        key="06 continue",
    )


def exit_check() -> Bets:
    """Three questions to leave with."""
    return Bets(
        bet(
            "A chain has a leaf, an intermediate and a root. The intermediate expired yesterday, the leaf is "
            "valid for another month. Is the chain good today?",
            ["yes: the leaf is valid", "no: all of them have to be", "yes, until the leaf is renewed"],
            answer=1,
            because="every certificate of the path has to be within its dates on the day of the check",
            key="06 exit 1",
        ),
        bet(
            "Somebody owns a good certificate for shop.example.net and its key, and signs with it a "
            "certificate for bank.example. Which check stops that?",
            [
                "the signature: it is not good",
                "none: it leads up to a trusted root",
                "issued by a CA: shop.example.net is none",
            ],
            answer=2,
            because=(
                "the signature is good, and the path leads to a trusted root. But whoever issues has to be a "
                "CA, and its certificate says that it is none"
            ),
            key="06 exit 2",
        ),
        bet(
            "A CA's signature on a certificate was made with ECDSA. What does a client do with the CA's "
            "public key?",
            [
                "it verifies the signature: the answer is yes or no",
                "it decrypts the signature, and compares what comes out",
                "it encrypts the certificate, and compares",
            ],
            answer=0,
            because="there is nothing to decrypt: a signature is verified, and of ECDSA no hash comes out",
            key="06 exit 3",
        ),
    )

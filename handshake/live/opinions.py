"""Second opinions on a certificate chain: what others say of the same bytes.

`cryptography` has a verifier of its own; OpenSSL is asked by a real handshake in memory, as any program asks
it, and by its command, which may be told the time.  Nobody has to be believed.  Where they differ, the table
of defects, or the opinion itself, says why.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import verification

from handshake import pki
from handshake.pki.authority import Case, case
from handshake.pki.signing import weak_key

PATIENCE = 20.0
"""No command is waited for longer, in seconds."""


@dataclass(frozen=True)
class Opinion:
    """What somebody says of a chain.

    who: ours, the library's, or OpenSSL's.   accepts: whether it is good; None where nobody could be asked.
    words: why not, or why nobody was asked.
    alert: the TLS alert that was sent, where there was a handshake.
    """

    who: str
    accepts: bool | None
    words: str = ""
    alert: str = ""


@dataclass(frozen=True)
class Opinions:
    """All of them, ours first."""

    defect: str
    opinions: tuple[Opinion, ...]

    def __getitem__(self, who: str) -> Opinion:
        """What somebody says."""
        for each in self.opinions:
            if each.who == who:
                return each
        raise KeyError(f"nobody is called {who!r}: there are {', '.join(each.who for each in self.opinions)}")

    def __str__(self) -> str:
        verdicts = {True: "accepts", False: "refuses", None: "-"}
        wide = max(len(each.who) for each in self.opinions)
        lines = []
        for each in self.opinions:
            alert = f" [alert {each.alert}]" if each.alert else ""
            lines.append(f"{each.who:{wide}}  {verdicts[each.accepts]:8} {each.words}{alert}".rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        told = ", ".join(f"{each.who} {each.accepts}" for each in self.opinions)
        return f"Opinions({self.defect!r}: {told})"


def opinions(made: Case, *, lists: bool = True) -> Opinions:
    """What we, the library `cryptography` and OpenSSL say of a chain.

    made: as `pki.authority.case` makes it.   lists: whether revocation is checked, with the case's lists.
    """
    return Opinions(
        made.defect,
        (
            _ours(made, lists),
            _library(made, lists),
            _openssl_handshake(made, lists),
            _openssl_command(made, lists),
        ),
    )


def opinions_at(made: Case, now: datetime) -> Opinions:
    """The same on another day; OpenSSL by its command alone: a handshake goes by the machine's clock."""
    other = replace(made, now=now)
    return Opinions(
        made.defect, (_ours(other, False), _library(other, False), _openssl_command(other, False))
    )


def openssl(made: Case, *, lists: bool = True) -> Opinion:
    """What OpenSSL says in a handshake."""
    return _openssl_handshake(made, lists)


def _ours(made: Case, lists: bool) -> Opinion:
    report = pki.validate(
        made.chain, made.anchors, made.now, made.server_name, made.purpose, made.crls if lists else ()
    )
    found = report.first_failure
    if found is None:
        return Opinion("ours", True)
    return Opinion("ours", False, f"{found.check}: {found.why}", found.alert)


def _library(made: Case, lists: bool) -> Opinion:
    """The verifier of `cryptography`, which knows of no revocation and leaves keys' lengths to others."""
    builder = verification.PolicyBuilder().store(verification.Store(list(made.anchors))).time(made.now)
    leaf, *others = made.chain
    if made.purpose == "server" and made.server_name is None:
        return Opinion("cryptography", None, "it checks no server without a name")
    try:
        if made.purpose == "server":
            builder.build_server_verifier(x509.DNSName(made.server_name or "")).verify(leaf, others)
        else:
            builder.build_client_verifier().verify(leaf, others)
    except verification.VerificationError as error:
        words = str(error).splitlines()[0].partition(" (encountered processing")[0]
        if "public key algorithm" in words:  # (what follows is written for its programmers)
            words = f"{words.partition(':')[0]}: it takes no keys of this kind"
        return Opinion("cryptography", False, words.removeprefix("validation failed: "))
    leaves = ["it looks at no lists"] if lists else []
    if any("bits" in pki.key_of(each) and weak_key(each.public_key()) for each in made.chain):
        leaves.append("it does not ask how long RSA keys are")
    return Opinion("cryptography", True, "; ".join(leaves))


# OpenSSL.


def _openssl_handshake(made: Case, lists: bool) -> Opinion:
    """OpenSSL as the other end of a TLS 1.2 handshake in memory, in which the chain is presented."""
    good = case("none", host=made.server_name or "www.example.org")
    with written(made, good) as files:
        asks = context_of(ssl.PROTOCOL_TLS_CLIENT if made.purpose == "server" else ssl.PROTOCOL_TLS_SERVER)
        asks.verify_mode = ssl.CERT_REQUIRED
        asks.set_ciphers("DEFAULT:@SECLEVEL=2")  # whatever the system has set: so strong, and no stronger
        asks.check_hostname = made.purpose == "server" and made.server_name is not None
        asks.load_verify_locations(files["anchors"])
        if lists:
            if made.crls:
                asks.load_verify_locations(files["lists"])
            asks.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        presents = context_of(
            ssl.PROTOCOL_TLS_SERVER if made.purpose == "server" else ssl.PROTOCOL_TLS_CLIENT
        )
        presents.set_ciphers("ALL:@SECLEVEL=0")  # it may present even what the other end will refuse
        presents.check_hostname, presents.verify_mode = False, ssl.CERT_NONE
        presents.load_cert_chain(files["chain"], files["key"])
        if made.purpose == "client":
            asks.load_cert_chain(files["good chain"], files["good key"])
    return handshake(asks, presents, made).opinion


def context_of(kind: int) -> ssl.SSLContext:
    """Settings of an end, of one of ssl's PROTOCOL_TLS_CLIENT and PROTOCOL_TLS_SERVER."""
    context = ssl.SSLContext(kind)
    # In TLS 1.3 a client's certificate is judged after its own handshake has ended.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


class Talk(NamedTuple):
    """A handshake, and what was said after it.

    opinion: what the end that asks says of the chain.   suite: what they agreed on, in OpenSSL's words.
    travelled: the record in which the end that asks has sent what it had to say.
    heard: what the other end has read.
    """

    opinion: Opinion
    suite: str = ""
    travelled: bytes = b""
    heard: bytes = b""


def handshake(asks: ssl.SSLContext, presents: ssl.SSLContext, made: Case, says: bytes = b"") -> Talk:
    """A handshake in memory.   says: what is sent by the end that asks, once it is connected."""
    who = "OpenSSL"
    one, other = (ssl.MemoryBIO(), ssl.MemoryBIO()), (ssl.MemoryBIO(), ssl.MemoryBIO())
    server = made.purpose == "client"
    ends = [
        asks.wrap_bio(*one, server_side=server, server_hostname=None if server else made.server_name),
        presents.wrap_bio(*other, server_side=not server, server_hostname=None),
    ]
    refused, done = "", [False, False]
    for _ in range(20):
        for n, end in enumerate(ends):
            try:
                if not done[n]:
                    end.do_handshake()
                    done[n] = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                refused = error.verify_message
                done[n] = True
            except ssl.SSLError as error:
                if n == 1 and refused:
                    return Talk(Opinion(who, False, refused, _alert(error.reason or "")))
                return Talk(Opinion(who, None, f"there was no handshake: {error.reason}"))
        other[0].write(one[1].read())
        one[0].write(other[1].read())
        if all(done) and not refused:
            talk = Talk(Opinion(who, True), (ends[0].cipher() or ("",))[0])
            if not says:
                return talk
            ends[0].write(says)
            travelled = one[1].read()
            other[0].write(travelled)
            return talk._replace(travelled=travelled, heard=ends[1].read(len(says)))
    return Talk(Opinion(who, False if refused else None, refused or "the handshake came to no end"))


def _alert(reason: str) -> str:
    """The alert in a reason of OpenSSL's: "SSLV3_ALERT_CERTIFICATE_EXPIRED"."""
    return reason.partition("_ALERT_")[2].lower()


def _openssl_command(made: Case, lists: bool) -> Opinion:
    """`openssl verify`, which may be told the time."""
    who = "openssl verify"
    program = shutil.which("openssl")
    if program is None:
        return Opinion(who, None, "there is no command openssl on this machine")
    with written(made) as files:
        command = [
            program, "verify", "-x509_strict", "-auth_level", "2", "-attime", str(int(made.now.timestamp())),
            "-purpose", f"ssl{made.purpose}", "-CAfile", files["anchors"], "-untrusted", files["chain"],
        ]  # fmt: skip
        if lists:
            command += ["-crl_check_all", *(["-CRLfile", files["lists"]] if made.crls else [])]
        if made.server_name:
            command += ["-verify_hostname", made.server_name]
        try:
            done = subprocess.run(
                [*command, files["leaf"]], capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Opinion(who, None, f"the command could not be asked: {type(error).__name__}")
    if done.returncode == 0:
        return Opinion(who, True)
    for line in done.stderr.splitlines():
        if line.startswith("error "):
            return Opinion(who, False, line.rpartition(": ")[2])
    return Opinion(who, None, "the command on this machine does not know what it is asked")


@contextmanager
def written(made: Case, good: Case | None = None) -> Iterator[dict[str, str]]:
    """Everything as files, which is what OpenSSL reads; they are gone afterwards."""
    with TemporaryDirectory() as folder:
        files: dict[str, str] = {}

        def write(name: str, data: bytes) -> None:
            path = Path(folder) / f"{name.replace(' ', '-')}.pem"
            path.write_bytes(data)
            files[name] = str(path)

        write("anchors", _pem(made.anchors))
        write("lists", _pem(made.crls))
        write("chain", _pem(made.chain))
        write("leaf", _pem(made.chain[:1]))
        write("key", _key(made.key))
        if good is not None:
            write("good chain", _pem(good.chain))
            write("good key", _key(good.key))
        yield files


def _pem(items: Iterable[Any]) -> bytes:
    return b"".join(item.public_bytes(Encoding.PEM) for item in items)


def _key(key: Any) -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return data

"""Exercise 06.4: whether a chain of certificates is good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask
from handshake.exercises.judging import Exercise, Finding, each_of, said

STATEMENT = """
Write `validate(chain, anchors, now, purpose)`. It answers `True` if the chain is good, and otherwise the name
of a check that fails, as text.

`chain` is a list of certificates: first the leaf, then who issued it, and so on; it is never empty. `anchors`
are the certificates that you trust, `now` is a whole number, `purpose` is `"server"` or `"client"`. A
certificate is a dictionary:

- `"subject"`, `"issuer"`: names, as text. `"not_before"`, `"not_after"`: whole numbers; at both it is good.
- `"key"`: its public key, as text. `"fingerprint"`: of all its other fields as they are now, as text (you
  need not compute it).
- `"signature"`: `[key, fingerprint]`: with which key it was made, and over what. It verifies if the key is
  the issuer's and the fingerprint is that of the certificate.
- `"ca"`: whether it is a CA's (`True` or `False`). `"path_length"`: how many CA certificates may stand below
  it at most, the leaf not counted; `None` for any number.
- `"key_usage"`: a list of text, such as `"keyCertSign"`; `None` allows every use. `"purposes"`: a list of
  `"server"` and `"client"`; `None` allows both. The purposes of the leaf count, and of no other.
- `"extensions"`: a dictionary: the name of every extension, and whether it is marked critical. You know
  `basicConstraints`, `keyUsage`, `extKeyUsage` and `subjectAltName`; there may be others.

The checks, by their names:

- `"trust"`: the last of the chain is an anchor itself (same subject, same key), or its issuer is the subject
  of an anchor.
- `"names"`: the issuer of each is the subject of the next.
- `"signature"`: that of each verifies with the key of the next; of the last, if it is no anchor itself, with
  the key of an anchor that is its issuer.
- `"dates"`: all are good now. `"critical"`: none has a critical extension that you do not know.
- `"ca"`, `"key usage"`, `"path length"`: all that issue others are CAs, may sign certificates
  (`"keyCertSign"`), and have no more CAs below them than they allow. `"purpose"`: the leaf is for it.

An anchor is believed for being there: of it count subject and key, and nothing else, also where it is sent
at the end of the chain. Several anchors may have the same subject and different keys: one that fits will do.
If several checks fail, any of them is right. The leaf is no anchor.
"""

STARTER = """
def validate(chain, anchors, now, purpose):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "any root trusted": "The chain ends with a root that is not yours, and passed: anybody can make one.",
    "names not compared": "A certificate names another issuer than the one behind it, and passed.",
    "only the key of the signature": "A certificate was changed after it had been signed, and passed.",
    "only what was signed": "A signature was made with another key than the issuer's, and passed.",
    "dates of the leaf only": "A certificate above the leaf is out of date, and passed: all dates count.",
    "dates of those above only": "The leaf is out of date, or not yet valid, and passed.",
    "last day refused": "A good chain was refused on its first day or on its last: both count.",
    "CA bit not checked": "What is no CA has issued a certificate: then every owner of a site could.",
    "keyCertSign ignored": "An issuer's key usage lists what it may do, and keyCertSign is not in it.",
    "path length off by one": "The path length counts CAs below, not the leaf: with 0 there is none.",
    "critical ignored": "Critical says: who does not know this extension refuses the certificate.",
    "unknown forbids": "A good chain was refused: what is unknown and not critical does no harm.",
    "purpose ignored": "The leaf is not for that purpose, and passed.",
    "what is missing forbids": "A good chain was refused: None means that there is no limit.",
    "anchor judged": (
        "A good chain was refused: an anchor is believed whatever its dates and limits; it may be sent "
        "along, and another anchor may have its name."
    ),
}

KNOWN = ("basicConstraints", "keyUsage", "extKeyUsage", "subjectAltName")

Certificate = dict[str, Any]


class Case(NamedTuple):
    """One chain.   wanted: the checks that fail; none for a good one.   key: the sign of who is mistaken."""

    words: str
    chain: list[Certificate]
    anchors: list[Certificate]
    now: int
    purpose: str
    wanted: tuple[str, ...]
    key: str


def draw(entropy: Entropy) -> dict[str, Any]:
    """What this student's chains are drawn from."""
    return {"_seed": entropy("chains", 16)}


class Maker:
    """Makes good chains: the leaf first, `depth` CAs, and the anchor beside it."""

    def __init__(self, random: Entropy) -> None:
        self.random = random

    def name(self, what: str) -> str:
        """A name or a key, that nobody else has."""
        return f"{what} {self.random(what, 3).hex()}"

    def certificate(self, by: Certificate | None, purpose: str, below: int | None, now: int) -> Certificate:
        """A certificate.   by: who issues it, None for itself.   below: how many CAs, None for a leaf."""
        number = self.random.number
        usage = [None, ["keyCertSign", "cRLSign"]] if below is not None else [None, ["digitalSignature"]]
        made: Certificate = {
            "subject": self.name("leaf" if below is None else "CA"),
            "not_before": now - number("before", 40) * number("exactly", 2),
            "not_after": now + number("after", 40) * number("exactly", 2),
            "key": self.name("key"), "fingerprint": self.name("print"), "ca": below is not None,
            "path_length": None if below is None else (None, below, below + 1)[number("limit", 3)],
            "key_usage": usage[number("usage", 2)],
            "purposes": (None, [purpose], ["client", "server"])[number("for", 3)] if below is None else None,
            "extensions": {name: bool(number("critical", 2)) for name in KNOWN if number("there", 2)},
        }  # fmt: skip
        if not number("other extension", 3):
            made["extensions"]["lessonNote"] = False
        by = by or made
        return made | {"issuer": by["subject"], "signature": [by["key"], made["fingerprint"]]}

    def good(self, depth: int, words: str = "a good chain", key: str = "what is missing forbids") -> Case:
        """A good chain with that many CAs between leaf and anchor."""
        now = 1000 + self.random.number("now", 9000)
        purpose = ("server", "client")[self.random.number("for", 2)]
        anchor = self.certificate(None, purpose, depth, now)
        other = self.certificate(None, purpose, 0, now)
        chain: list[Certificate] = []
        issuer = anchor
        for below in (*range(depth - 1, -1, -1), None):
            issuer = self.certificate(issuer, purpose, below, now)
            chain.insert(0, issuer)
        return Case(f"{words}, {depth} CAs below the anchor", chain, [other, anchor], now, purpose, (), key)

    def sent(self, depth: int) -> Case:
        """A good chain that brings its anchor, which is out of date and limited; another has its name."""
        case = self.good(depth, "a good chain with its anchor", "anchor judged")
        twin, anchor = case.anchors
        anchor |= {"not_after": case.now - 1, "path_length": 0, "key_usage": [], "ca": False}
        anchor["extensions"] = {"lessonNote": True}
        twin["subject"] = anchor["subject"]
        for each in case.chain:  # (what these say leaves no doubt: whoever refuses them judges the anchor)
            each |= {"not_before": case.now - 9, "not_after": case.now + 9, "extensions": {}}
            each |= {"path_length": 9, "key_usage": ["keyCertSign"], "purposes": [case.purpose]}
        return case._replace(chain=[*case.chain, *[dict(anchor)] * self.random.number("sent", 2)])

    def spoilt(self, fault: Fault) -> Case:
        """A chain with one fault."""
        depth = max(1, fault.lowest) + self.random.number("depth", 3)
        case = self.good(depth)
        places = 1 + (depth - fault.lowest if fault.upwards else 0)
        at = fault.lowest + self.random.number("place", places)
        case.chain[at] |= fault.spoil(self, case, at)
        words = f'a chain of {len(case.chain)} that fails "{fault.check}"'
        wanted = (fault.check, "signature") if fault.check == "trust" else (fault.check,)
        return case._replace(words=words, wanted=wanted, key=fault.key)


Spoil = Callable[[Maker, Case, int], Certificate]


class Fault(NamedTuple):
    """What can be wrong.   check: the one that fails.   key: the sign of who does not notice.

    spoil: what changes in the certificate at a place.   lowest: place; upwards: or any above it.
    """

    check: str
    key: str
    spoil: Spoil
    lowest: int
    upwards: bool = True


def _stranger(maker: Maker, case: Case, at: int) -> Certificate:
    """All are signed well, up to a root that is sent and is no anchor."""
    root = maker.certificate(None, case.purpose, len(case.chain), case.now)
    case.chain[-1] |= {"issuer": root["subject"], "signature": [root["key"], case.chain[-1]["fingerprint"]]}
    case.chain.append(root)
    return {}


def _namesake(maker: Maker, case: Case, at: int) -> Certificate:
    """The same, and that root is called like an anchor."""
    _stranger(maker, case, at)
    name = case.anchors[-1]["subject"]
    case.chain[-1] |= {"subject": name, "issuer": name}
    case.chain[-2]["issuer"] = name
    return {}


def _renamed(maker: Maker, case: Case, at: int) -> Certificate:
    case.chain[at - 1]["issuer"] = maker.name("CA")
    return {}


def _expired(maker: Maker, case: Case, at: int) -> Certificate:
    end, change = (("not_after", -1), ("not_before", 1))[maker.random.number("which end", 2)]
    return {end: case.now + change * (1 + maker.random.number("how far", 3))}


def _forged(maker: Maker, case: Case, at: int) -> Certificate:
    return {"signature": [maker.name("key"), case.chain[at]["fingerprint"]]}


def _other_purpose(maker: Maker, case: Case, at: int) -> Certificate:
    return {"purposes": ["client" if case.purpose == "server" else "server"]}


def _fields(**fields: Any) -> Spoil:
    """Fields with other values."""
    return lambda maker, case, at: fields


FAULTS = {
    "who signed": (
        Fault("trust", "any root trusted", _stranger, 0),
        Fault("names", "names not compared", _renamed, 1),
        Fault("signature", "only the key of the signature", _fields(fingerprint="print of other fields"), 0),
        Fault("signature", "only what was signed", _forged, 0),
        Fault("trust", "any root trusted", _namesake, 0),
    ),
    "who may issue": (
        Fault("ca", "CA bit not checked", _fields(ca=False), 1),
        Fault("key usage", "keyCertSign ignored", _fields(key_usage=["digitalSignature"]), 1),
        Fault("path length", "path length off by one", lambda _, __, at: {"path_length": at - 2}, 2),
    ),
    "dates and uses": (
        Fault("dates", "dates of those above only", _expired, 0, upwards=False),
        Fault("dates", "dates of the leaf only", _expired, 1),
        Fault("critical", "critical ignored", _fields(extensions={"lessonLimits": True}), 0),
        Fault("purpose", "purpose ignored", _other_purpose, 0, upwards=False),
    ),
}
"""Faults by group."""


@lru_cache(maxsize=64)
def cases(seed: bytes) -> dict[str, list[Case]]:
    """By group: good chains, and some with one fault."""
    maker = Maker(Entropy(seed))
    return {
        group: [each for depth in range(4) for each in (
            maker.good(depth), maker.sent(depth), *map(maker.spoilt, faults)
        )] for group, faults in FAULTS.items()
    }  # fmt: skip


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Group by group, good chains among the bad ones; then whether the checks are called by their names."""
    told: list[tuple[Case, Any]] = []
    for group, some in cases(given["_seed"]).items():
        asked = [(case.chain, case.anchors, case.now, case.purpose) for case in some]
        answers = list(zip(some, ask.many("validate", asked), strict=True))
        told += answers
        yield from each_of(group, (_judged(group, case, got) for case, got in answers))
    group = "what fails, by its name"
    yield from each_of(group, (_named(group, case, got) for case, got in told))


def _judged(group: str, case: Case, got: Any) -> Finding:
    """Whether a good chain is accepted, and a bad one refused for whatever reason."""
    if case.wanted:
        good, key = got is False or isinstance(got, str), case.key if got is True else ""
        return Finding(group, good, case.words, f'not True, but "{case.wanted[0]}"', said(got), key)
    key = case.key if isinstance(got, str) else ""
    if key and key != "anchor judged":
        key = TOO_STRICT.get(got, key)
    return Finding(group, got is True, case.words, "True", said(got), key)


TOO_STRICT = {
    "path length": "path length off by one", "dates": "last day refused", "critical": "unknown forbids",
}  # fmt: skip
"""The signs of whoever refuses a good chain, by what for."""


def _named(group: str, case: Case, got: Any) -> Finding:
    good = (isinstance(got, str) and got in case.wanted) if case.wanted else got is True
    return Finding(group, good, case.words, " or ".join(map(repr, case.wanted or (True,))), said(got))


EXERCISE = Exercise(
    id="06.4",
    title="Is this chain good?",
    statement=STATEMENT,
    starter=STARTER,
    names=("validate",),
    groups={"who signed": 4, "who may issue": 3, "dates and uses": 3, "what fails, by its name": 2},
    signs=SIGNS,
    hint="Take the anchor off the end if it was sent; then a loop over the rest, issuer beside issued.",
    reread="notebook 06, The bench; RFC 5280 section 6.1",
    draw=draw,
    judge=judge,
    in_order=True,
)

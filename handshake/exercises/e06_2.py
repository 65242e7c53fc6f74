"""Exercise 06.2: whether a certificate is for the host that was wanted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from handshake.entropy import Entropy
from handshake.exercises.asking import Ask, Raised
from handshake.exercises.judging import Exercise, Finding, compare

STATEMENT = """
Write `match_host(names, host)`: is a certificate for this host? The answer is `True` or `False`.

`names` is a list of `[kind, value]`, both text: `["DNS", "*.bank.example"]` and `["IP", "192.0.2.7"]` are
entries of subjectAltName, and `["CN", "www.bank.example"]` is the common name of the subject. Values are well
formed, but may have capital letters. `host` is a DNS name, which may have capital letters too, or an IP
address (IPv4 as `192.0.2.7`, or IPv6 as `2001:db8::7`). Neither ends with a dot. The rules are those of
RFC 9525, and where it leaves us a choice, the stricter:

- A DNS name is compared with the DNS entries, label by label; capital and small letters are the same.
- `*` may stand for the whole of the leftmost label, and for exactly one. Any other `*` fits nothing: neither
  `w*.bank.example` nor `www.*.example`.
- At least two labels follow the `*`: `*.example` fits nothing.
- An IP address is compared with the IP entries only, and as an address: `2001:DB8:0::7` is the same as
  `2001:db8::7`. A DNS entry is never for an IP address, and an IP entry never for a DNS name.
- The common name never counts.

Your function may import what Python itself has, such as `ipaddress`.
"""

STARTER = """
def match_host(names, host):
    raise NotImplementedError("yours")
"""

SIGNS = {
    "end or part of it": (
        "The certificate is for another name that only ends with, or contains, the one that was wanted: "
        "evilbank.example is not bank.example. Compare whole labels."
    ),
    "wildcard over dots": (
        "A * stands for one label: *.bank.example is for www.bank.example, neither for a.www.bank.example "
        "nor for bank.example itself."
    ),
    "partial wildcard": "A * that is not the whole leftmost label fits nothing here.",
    "wildcard for a whole domain": (
        "A * with one label behind it would be for half of the world: nobody is given such a name."
    ),
    "common name": (
        "The common name does not count, even if there is nothing else. OpenSSL, and with it Python's ssl, "
        "still looks at it where there is no DNS entry, unless hostname_checks_common_name is off."
    ),
    "letters compared as they are": "DNS names with capital and with small letters are the same name.",
    "address as text": (
        "The same address can be written in several ways: compare what it means, for instance with ipaddress."
    ),
    "address among the names": (
        "An IP address counts only in an entry of the kind IP, and a wildcard never stands for part of one."
    ),
    "only the first entry": "A certificate may have many entries, and one of them is enough.",
    "no truth value": "The answer is True or False.",
}

Case = tuple[list[list[str]], str]


def draw(entropy: Entropy) -> dict[str, Any]:
    """This student's domain and addresses."""
    first = ("harbour", "meadow", "copper", "violet", "walnut", "saffron", "pebble", "juniper")
    second = ("bank", "shop", "post", "school", "clinic", "garden", "museum", "library")
    one, other = entropy.number("first", len(first)), entropy.number("second", len(second))
    return {
        "_domain": f"{first[one]}{second[other]}.example",
        "_four": f"192.0.2.{1 + entropy.number('last', 250)}",
        "_six": f"2001:db8::{1 + entropy.number('last group', 0xFFFE):x}",
        "_seed": entropy("cases", 16),
    }


def expected(entries: Iterable[Iterable[str]], host: str) -> bool:
    """What our own comparison says, which is `pki.names`."""
    from handshake.pki import names  # (which loads cryptography)

    pairs = [tuple(each) for each in entries]
    dns = [value for kind, value in pairs if kind == "DNS"]
    return names.match(host, dns, [ipaddress.ip_address(value) for kind, value in pairs if kind == "IP"]).ok


def judge(ask: Ask, given: dict[str, Any]) -> Iterator[Finding]:
    """Names, wildcards, addresses, the common name, and then lists of entries."""
    domain, four, six = given["_domain"], given["_four"], given["_six"]
    for group, told in _told(domain, four, six).items():
        cases = [([list(each) for each in entries], host) for entries, host, _ in told]
        for case, got, (_, _, key) in zip(cases, ask.many("match_host", cases), told, strict=True):
            yield _compared(group, case, got, key)
    cases = list(_lists(given))
    for case, got in zip(cases, ask.many("match_host", cases), strict=True):
        yield _compared("many entries", case, got, "only the first entry" if expected(*case) else "")


def _compared(group: str, case: Case, got: Any, key: str) -> Finding:
    if type(got) is not bool and not isinstance(got, Raised):
        key = "no truth value"
    return compare(
        group,
        f"match_host({case[0]}, {case[1]!r})",
        expected(*case),
        got,
        [] if isinstance(got, Raised) else [(key, got)],
    )


def _told(domain: str, four: str, six: str) -> dict[str, list[tuple[list[tuple[str, str]], str, str]]]:
    """Cases by group: entries, the host, and the sign of who gets it wrong."""
    www, stranger = f"www.{domain}", f"evil{domain}"
    bare, up = domain.partition(".")[0], "letters compared as they are"
    part, dots, address = "end or part of it", "wildcard over dots", "address among the names"
    long = f"2001:DB8:0:0:0:0:0:{six.rpartition(':')[2].upper()}"
    return {
        "names": [
            ([("DNS", www)], www, ""), ([("DNS", domain)], domain, ""), ([], www, ""),
            ([("DNS", domain)], stranger, part), ([("DNS", stranger)], domain, part),
            ([("DNS", domain)], www, part), ([("DNS", www)], domain, part),
            ([("DNS", www)], f"{www}.attacker.example", part),
            ([("DNS", f"{www}.attacker.example")], www, part), ([("DNS", domain)], bare, part),
            ([("DNS", www.upper())], www, up), ([("DNS", www)], www.title(), up),
        ],
        "wildcards": [
            ([("DNS", f"*.{domain}")], www, ""),
            ([("DNS", f"*.{domain}")], f"a.{www}", dots), ([("DNS", f"*.{domain}")], domain, dots),
            ([("DNS", f"*.{domain}")], f"www.{stranger}", part),
            ([("DNS", f"*.{domain.upper()}")], www, up), ([("DNS", f"*.{domain}")], www.upper(), up),
            ([("DNS", f"w*.{domain}")], www, "partial wildcard"),
            ([("DNS", f"*w.{domain}")], www, "partial wildcard"),
            ([("DNS", "www.*.example")], www, "partial wildcard"),
            ([("DNS", f"a.*.{domain}")], f"a.{www}", "partial wildcard"),
            ([("DNS", "*.example")], domain, "wildcard for a whole domain"),
        ],
        "addresses": [
            ([("IP", four)], four, ""), ([("IP", six)], six, ""),
            ([("DNS", four)], four, address), ([("DNS", f"*.{four.partition('.')[2]}")], four, address),
            ([("IP", long)], six, "address as text"), ([("IP", six)], long, "address as text"),
            ([("IP", "192.0.2.255")], four, ""), ([("IP", four)], www, ""),
        ],
        "the common name": [
            ([("CN", www)], www, "common name"), ([("CN", www), ("DNS", stranger)], www, "common name"),
            ([("CN", four)], four, "common name"), ([("CN", stranger), ("DNS", www)], www, ""),
        ],
    }  # fmt: skip


def _lists(given: dict[str, Any]) -> Iterator[Case]:
    """Lists of entries for many hosts, half of them with the right one in any place."""
    random, domain = Entropy(given["_seed"]), given["_domain"]
    words = ("www", "mail", "a", "shop", "cdn", "api")
    for turn in range(60):
        host = f"{words[random.number('word', 6)]}.{domain}"
        others = [["DNS", f"{word}.other.example"] for word in words[: 1 + random.number("others", 5)]]
        others += [["CN", host], ["IP", given["_four"]], ["DNS", f"*.{host}"], ["DNS", domain]]
        if turn % 2:
            fitting = [host, f"*.{domain}"][random.number("which", 2)]
            others.insert(1 + random.number("place", len(others)), ["DNS", fitting])
        yield others, host


EXERCISE = Exercise(
    id="06.2",
    title="Is a certificate for this host?",
    statement=STATEMENT,
    starter=STARTER,
    names=("match_host",),
    groups={"names": 2, "wildcards": 2, "addresses": 1, "the common name": 1, "many entries": 2},
    signs=SIGNS,
    hint="First decide whether the host is an address. If it is none, split both names at the dots.",
    reread="notebook 06, For whom?; RFC 9525 section 6",
    draw=draw,
    judge=judge,
    in_order=True,
)

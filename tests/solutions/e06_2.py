"""Answers to 06.2."""

RIGHT = (
    """
import ipaddress

def address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None

def fits(entry, host):
    ours, theirs = entry.lower().split("."), host.lower().split(".")
    if ours[0] == "*" and len(ours) >= 3:
        ours, theirs = ours[1:], theirs[1:]
    return ours == theirs and "*" not in "".join(ours)

def match_host(names, host):
    wanted = address(host)
    for kind, value in names:
        if wanted is not None:
            if kind == "IP" and address(value) == wanted:
                return True
        elif kind == "DNS" and fits(value, host):
            return True
    return False
""",
    r"""
import re
from ipaddress import ip_address

def match_host(names, host):
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        wanted = ip_address(host)
        return any(kind == "IP" and ip_address(value) == wanted for kind, value in names)
    for kind, value in names:
        if kind != "DNS":
            continue
        pattern = re.escape(value)
        if value.startswith("*.") and value.count(".") >= 2:
            pattern = "[^.]+" + pattern[2:]
        if re.fullmatch(pattern, host, re.IGNORECASE):
            return True
    return False
""",
)

GOOD = RIGHT[0]
SAME = 'return ours == theirs and "*" not in "".join(ours)'

WRONG = {
    "end or part of it": GOOD.replace(SAME, 'return host.lower().endswith(".".join(ours))'),
    "wildcard over dots": GOOD.replace(
        "ours, theirs = ours[1:], theirs[1:]", "return host.lower().endswith(entry.lower()[1:])"
    ),
    "partial wildcard": GOOD.replace(
        SAME,
        "import fnmatch\n    return len(ours) == len(theirs) and all(map(fnmatch.fnmatch, theirs, ours))",
    ),
    "wildcard for a whole domain": GOOD.replace(" and len(ours) >= 3", ""),
    "common name": GOOD.replace('kind == "DNS" and', 'kind in ("DNS", "CN") and'),
    "letters compared as they are": GOOD.replace(".lower()", ""),
    "address as text": GOOD.replace("address(value) == wanted", "value == host"),
    "address among the names": GOOD.replace('elif kind == "DNS" and', 'if kind == "DNS" and'),
    "only the first entry": GOOD.replace(
        "        if wanted", "        if [kind, value] != names[0]:\n            break\n        if wanted"
    ),
    "no truth value": GOOD.replace("    return False", "    return None"),
}

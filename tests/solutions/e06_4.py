"""Answers to 06.4."""

RIGHT = (
    """
KNOWN = {"basicConstraints", "keyUsage", "extKeyUsage", "subjectAltName"}

def validate(chain, anchors, now, purpose):
    trusted = [(each["subject"], each["key"]) for each in anchors]
    path = list(chain)
    if (path[-1]["subject"], path[-1]["key"]) in trusted:
        keys = [path.pop()["key"]]
        if path[-1]["issuer"] != chain[-1]["subject"]:
            return "names"
    else:
        keys = [key for subject, key in trusted if subject == path[-1]["issuer"]]
        if not keys:
            return "trust"
    for place, each in enumerate(path):
        above = path[place + 1 :]
        if above and each["issuer"] != above[0]["subject"]:
            return "names"
        if each["signature"][0] not in ([above[0]["key"]] if above else keys):
            return "signature"
        if each["signature"][1] != each["fingerprint"]:
            return "signature"
        if not each["not_before"] <= now <= each["not_after"]:
            return "dates"
        if any(critical and name not in KNOWN for name, critical in each["extensions"].items()):
            return "critical"
        if place:
            if not each["ca"]:
                return "ca"
            if each["key_usage"] is not None and "keyCertSign" not in each["key_usage"]:
                return "key usage"
            if each["path_length"] is not None and place - 1 > each["path_length"]:
                return "path length"
    if path[0]["purposes"] is not None and purpose not in path[0]["purposes"]:
        return "purpose"
    return True
""",
    """
def signed(certificate, key):
    return certificate["signature"] == [key, certificate["fingerprint"]]

def may_issue(certificate, below):
    if not certificate["ca"]:
        return "ca"
    if "keyCertSign" not in (certificate["key_usage"] or ["keyCertSign"]):
        return "key usage"
    limit = certificate["path_length"]
    return "path length" if limit is not None and limit < below else ""

def validate(chain, anchors, now, purpose):
    top = chain[-1]
    if any(top["subject"] == each["subject"] and top["key"] == each["key"] for each in anchors):
        issuers, chain = [top], chain[:-1]
    else:
        issuers = anchors
    issuers = [each for each in issuers if each["subject"] == chain[-1]["issuer"]]
    if not issuers:
        return "trust"
    wrong = []
    if not any(signed(chain[-1], each["key"]) for each in issuers):
        wrong.append("signature")
    for lower, upper in zip(chain, chain[1:]):
        if lower["issuer"] != upper["subject"]:
            wrong.append("names")
        if not signed(lower, upper["key"]):
            wrong.append("signature")
    for below, upper in enumerate(chain[1:]):
        wrong.append(may_issue(upper, below))
    for each in chain:
        if now < each["not_before"] or now > each["not_after"]:
            wrong.append("dates")
        critical = {name for name in each["extensions"] if each["extensions"][name]}
        if critical - {"basicConstraints", "keyUsage", "extKeyUsage", "subjectAltName"}:
            wrong.append("critical")
    if purpose not in (chain[0]["purposes"] or [purpose]):
        wrong.append("purpose")
    return next(filter(None, wrong), True)
""",
)

WRONG = {
    "any root trusted": RIGHT[0].replace(
        "    path = list(chain)",
        '    path = list(chain)\n    trusted.append((path[-1]["issuer"], path[-1]["key"]))',
    ),
    "names not compared": RIGHT[0].replace('each["issuer"] != above[0]["subject"]', "False"),
    "only the key of the signature": RIGHT[0].replace('each["signature"][1] != each["fingerprint"]', "False"),
    "only what was signed": RIGHT[0].replace('each["signature"][0] not in (', "None in ("),
    "dates of the leaf only": RIGHT[0].replace("if not each[", "if not place and not each["),
    "dates of those above only": RIGHT[1].replace("    for each in chain:", "    for each in chain[1:]:"),
    "last day refused": RIGHT[0].replace("<= now <=", "<= now <"),
    "CA bit not checked": RIGHT[0].replace('if not each["ca"]', "if False"),
    "keyCertSign ignored": RIGHT[1].replace('return "key usage"', "pass"),
    "path length off by one": RIGHT[0].replace("place - 1 > each", "place - 2 > each"),
    "critical ignored": RIGHT[0].replace("any(critical", "any(False and critical"),
    "unknown forbids": RIGHT[0].replace("any(critical and", "any("),
    "purpose ignored": RIGHT[1].replace('wrong.append("purpose")', "pass"),
    "what is missing forbids": RIGHT[0].replace(
        'each["key_usage"] is not None and "keyCertSign" not in each["key_usage"]',
        '"keyCertSign" not in (each["key_usage"] or [])',
    ),
    "anchor judged": RIGHT[0]
    .replace("keys = [path.pop()", "keys = [path[-1]")
    .replace('if path[-1]["issuer"] != chain[-1]["subject"]', "if False"),
}

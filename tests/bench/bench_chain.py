"""A chain of three certificates: loaded and validated, every check by its name.

Beside it: the same two signature checks through `cryptography` alone, which has loaded the same bytes.
"""

from __future__ import annotations

import statistics

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from measure import Findings, Row, each, interleaved, ratio

from handshake import pki
from handshake.pki.authority import HOST, KINDS, NOW, Wish, case, issue, lesson_key

LEAVES = 40

Chain = tuple[bytes, bytes, bytes]


def chains(kind: str) -> list[Chain]:
    """Leaves of one CA, each with the CA's certificate and the root's."""
    made = case(kind=kind)
    others = [party.certificate for party in (made.parties["intermediate"], made.parties["root"])]
    leaves = [issue(Wish(), lesson_key(kind, 2), n + 1, made.parties["intermediate"]) for n in range(LEAVES)]
    return [tuple(one.public_bytes(Encoding.DER) for one in (leaf, *others)) for leaf in leaves]  # type: ignore[misc]


def ours(chain: Chain) -> bool:
    """All checks."""
    leaf, between, root = map(x509.load_der_x509_certificate, chain)
    return pki.validate([leaf, between], [root], NOW, HOST).ok


def signatures(chain: Chain) -> bool:
    """The two signatures alone."""
    leaf, between, root = map(x509.load_der_x509_certificate, chain)
    leaf.verify_directly_issued_by(between)
    between.verify_directly_issued_by(root)
    return True


def run(rounds: int) -> Findings:
    """Measure, and compare."""
    cases = {}
    for kind in KINDS:
        made = chains(kind)
        if not all(map(ours, made)) or not all(map(signatures, made)):
            raise AssertionError("a good chain was refused")
        cases[f"{kind}/ours"] = each(ours, made)
        cases[f"{kind}/signatures"] = each(signatures, made)
    figures = interleaved(cases, rounds)
    rows = [
        Row("chain", f"validate three certificates, {kind}", "its signatures alone",
            ratio(figures[f"{kind}/ours"], figures[f"{kind}/signatures"]), 4.0, 2.0)
        for kind in KINDS
    ]  # fmt: skip
    return Findings(
        rows,
        {f"{name}, us a chain": statistics.median(all_) / LEAVES * 1e6 for name, all_ in figures.items()},
    )

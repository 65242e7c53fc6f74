"""Answers to 06.3."""

from __future__ import annotations

from typing import Any

Verdicts = dict[str, Any]


def good(given: dict[str, Any], which: int = 0) -> Verdicts:
    """Right verdicts.   which: of those that are right for a chain."""
    return {n: each[which] if each else "valid" for n, each in given["_right"].items()}


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"verdicts": good(given)}, {"verdicts": good(given, -1)}]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    verdicts, groups = good(given), given["_groups"]
    late, taken_back = ["expired", 0, "certificate_expired"], ["not revoked", 0, "certificate_revoked"]
    found: dict[str, Verdicts | None] = {
        "blames the leaf": {
            n: [each[0], 0, each[2]] if groups[n][0] == "above" else each for n, each in verdicts.items()
        },
        "expired for not yet valid": changed(verdicts, groups, "not_yet_valid", late),
        "revocation assumed": changed(verdicts, groups, "unlisted", taken_back),
        "common name counted": changed(verdicts, groups, "cn_only", "valid"),
        "good chain refused": changed(verdicts, groups, "none", ["known issuer", 1, "unknown_ca"]),
        "fault not seen": changed(verdicts, groups, "expired_intermediate", "valid"),
        "another alert": {
            n: each if each == "valid" else [*each[:2], "handshake_failure"] for n, each in verdicts.items()
        },
    }
    return {key: None if each is None else {"verdicts": each} for key, each in found.items()}


def changed(verdicts: Verdicts, groups: dict[str, Any], defect: str, verdict: Any) -> Verdicts | None:
    """The same with another verdict for one chain, or None if there is none of that defect."""
    if not any(each[1] == defect for each in groups.values()):
        return None
    return {n: verdict if groups[n][1] == defect else each for n, each in verdicts.items()}

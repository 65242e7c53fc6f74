"""Answers to 00.2, read from the text alone."""

from __future__ import annotations

import re
from typing import Any

ROW = re.compile(
    r" *(\d+) +(\S+)(?: ms)?  (\S+) +([<>X]?-+) (.*?) -*([<>X-]) (\S+) +(\S+?)(?: ms)?$",
)


def rows(given: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Each segment: who sent it, when it was at either end, and the states then."""
    found = {}
    for line in given["timeline"].splitlines():
        match = ROW.match(line)
        if not match:
            continue
        number, here, client, tail, words, _, server, there = match.groups()
        sender = "client" if tail[0] == "-" else "server"
        times = [here, there] if sender == "client" else [there, here]
        found[int(number)] = {
            "by": sender, "words": re.sub(r" \[.*", "", words), "client": client, "server": server,
            "sent": float(times[0]), "arrived": None if times[1] == "lost" else float(times[1]),
            "at server": None if there == "lost" else float(there),
            "at client": None if here == "lost" else float(here),
        }  # fmt: skip
    return found


def read(given: dict[str, Any]) -> dict[str, Any]:
    table = rows(given)
    look = table[given["look at"]]
    lost = next(number for number, row in table.items() if row["arrived"] is None)
    again = next(
        number for number, row in table.items()
        if number > lost and (row["by"], row["words"]) == (table[lost]["by"], table[lost]["words"])
    )  # fmt: skip
    opened = [
        row
        for row in table.values()
        if row["by"] == "client" and row["arrived"] and row["server"] == "ESTABLISHED"
    ]
    server = min(opened, key=lambda row: row["arrived"])
    return {
        "sent by": look["by"], "sent at": look["sent"], "arrived at": look["arrived"], "lost": lost,
        "sent again as": again, "server ESTABLISHED at": server["arrived"],
    }  # fmt: skip


def right(given: dict[str, Any]) -> list[dict[str, Any]]:
    good = read(given)
    return [{"read": good}, {"read": good | {"arrived at": round(good["arrived at"])}}]


def wrong(given: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    good = read(given)
    client = next(row["at client"] for row in rows(given).values() if row["client"] == "ESTABLISHED")
    changed = {
        "send time for arrival": {"arrived at": good["sent at"]},
        "arrival for send time": {"sent at": good["arrived at"]},
        "receiver for sender": {"sent by": "server" if good["sent by"] == "client" else "client"},
        "copy for the lost one": {"lost": good["sent again as"]},
        "lost one for its copy": {"sent again as": good["lost"]},
        "both ends at once": {"server ESTABLISHED at": client},
    }
    return {key: {"read": good | change} for key, change in changed.items()}

"""The seed article: a blog post on SSL, TCP and sockets that the course examines claim by claim.

This room holds the article as something that can be run and checked, instead of reprinting it: the table of
its 111 claims (`claims.toml`), each in our own words, with a verdict, with what the wire really does, and
with what to change in order to find out; its two ten-step flows, exactly as told (`one_way`, `two_way`); and
four attacks on them, each beside the same attack on TLS (`attack`, of `ATTACKS`).

    >>> from handshake import article
    >>> print(article.claim("S36"))             # one card, as text
    >>> article.cards("S79", "S80")             # in a notebook: two cards, drawn
    >>> print(article.attack(article.ATTACKS[3]))       # two lanes: who is fooled, and who is not
"""

from __future__ import annotations

from handshake.article.attackers import ATTACKS
from handshake.article.attacks import Duel, attack
from handshake.article.oneway import one_way
from handshake.article.table import (
    Cards,
    Claim,
    Verdict,
    cards,
    claim,
    claims,
    not_shown,
    parse,
    tags,
    told,
)
from handshake.article.twoway import two_way

__all__ = [
    "ATTACKS",
    "Cards",
    "Claim",
    "Duel",
    "Verdict",
    "attack",
    "cards",
    "claim",
    "claims",
    "not_shown",
    "one_way",
    "parse",
    "tags",
    "told",
    "two_way",
]

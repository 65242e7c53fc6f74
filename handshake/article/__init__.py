"""The seed article: a blog post on SSL, TCP and sockets that the course examines claim by claim.

This room holds the article as something that can be run and checked, instead of reprinting it.  So far it
is the table of its 111 claims (`claims.toml`): each in our own words, with a verdict, with what the wire
really does, and with what to change in order to find out; and the first of its two ten-step flows, exactly
as told (`one_way`).

    >>> from handshake import article
    >>> print(article.claim("S36"))             # one card, as text
    >>> article.cards("S79", "S80")             # in a notebook: two cards, drawn
"""

from __future__ import annotations

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

__all__ = [
    "Cards",
    "Claim",
    "Verdict",
    "cards",
    "claim",
    "claims",
    "not_shown",
    "one_way",
    "parse",
    "tags",
    "told",
]

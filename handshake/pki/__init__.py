"""Certificates and trust: paths up to an anchor, and every check of them by its name.

>>> report = validate([leaf, intermediate], [root], now, "www.example.org")          # doctest: +SKIP
>>> report.ok, report.first_failure                                                  # doctest: +SKIP
(False, Outcome(check='in date', certificate=2, ...))

The arithmetic and the parsing are those of the library `cryptography`.  The checks are here, since they are
what is to be learned.  For lessons: do not protect anything with them.
"""

from __future__ import annotations

from handshake.pki.anatomy import Anatomy, anatomy
from handshake.pki.reading import issuer_of, key_of, names_of, subject_of
from handshake.pki.report import Outcome, Report, validate

__all__ = [
    "Anatomy",
    "Outcome",
    "Report",
    "anatomy",
    "issuer_of",
    "key_of",
    "names_of",
    "subject_of",
    "validate",
]

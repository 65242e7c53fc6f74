"""TLS.  So far: its records, and how the keys come about, from SSL 3.0 to TLS 1.2.  Read `records`, `keys`."""

from __future__ import annotations

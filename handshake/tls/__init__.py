"""TLS.  So far: records, and how keys come about, from SSL 3.0 to TLS 1.2.  Read `records`, then `keys`."""

from __future__ import annotations

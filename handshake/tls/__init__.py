"""TLS.  So far: how the keys come about, from SSL 3.0 to TLS 1.2.  Read `keys`."""

from __future__ import annotations

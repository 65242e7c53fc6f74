"""Captures: pcap and pcapng files into a Trace, and a Trace into pcapng.

>>> from handshake import capture
>>> trace = capture.read(capture.sample("k01"))
>>> trace
Trace('k01_handshake_data_close.pcap', 11 transits, 1 connection)
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from handshake.capture.captured import read

__all__ = ["read", "sample", "samples"]


def samples() -> dict[str, Path]:
    """The captures that come with the package, by their short names."""
    folder = Path(str(files("handshake.capture") / "samples"))
    return {path.name.split("_")[0]: path for path in sorted(folder.glob("*.pcap*"))}


def sample(name: str) -> Path:
    """The path of a capture that comes with the package; "k01" is a handshake between two kernels."""
    found = samples()
    if name not in found:
        raise KeyError(f"no sample is called {name!r}; there are: {', '.join(found)}")
    return found[name]

"""The command `handshake explain`: what went wrong in a capture, as text, and as a page of HTML."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from handshake.capture import read
from handshake.diagnose import diagnose
from handshake.errors import DecodeError, Refused, readable
from handshake.files import whole


def add_parser(commands: Any) -> None:
    """Add the command to those of `handshake`."""
    one = commands.add_parser(
        "explain",
        help="say what went wrong in a capture",
        usage="handshake explain FILE [--keylog F] [--rsa-key F] [-o page.html]",
        description=(
            "Read a pcap or pcapng file, and say of every TCP and TLS connection in it what happened, what "
            "failed, at which end, which packet proves it, and what to try."
        ),
    )
    one.add_argument("file", type=Path, metavar="FILE", help="the capture: pcap or pcapng, of any size")
    one.add_argument("--keylog", type=Path, metavar="F", help="TLS secrets, as SSLKEYLOGFILE writes them")
    one.add_argument(
        "--rsa-key", type=Path, action="append", default=[], metavar="F",
        help="a server's private RSA key in PEM (opens RSA key exchange only); may be given again",
    )  # fmt: skip
    one.add_argument(
        "-o", "--out", type=Path, metavar="page.html", help="write a page that needs nothing else"
    )


def explain(options: argparse.Namespace) -> int:
    """Explain a capture; returns the exit code.   Refused, in a sentence, for what cannot be read."""
    from tqdm import tqdm

    if options.out is not None and options.out.is_dir():
        raise Refused(str(options.out), "it is a folder; -o names the page")
    try:
        trace = read(options.file, options.keylog, options.rsa_key)
    except DecodeError as error:
        raise Refused("handshake explain", str(error)) from None
    except OSError as error:
        name = error.filename or options.file
        raise Refused(str(name), f"it cannot be read: {error.strerror or error}") from None
    with tqdm(unit="connection", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        found = diagnose(trace, progress)
    print(readable(str(found), keep="\n"))
    if options.out is not None:
        from handshake.show.report import report

        _write(options.out, report(trace, found))
        print(f"\nThe page is {readable(str(options.out))}.")
    return 0


def _write(path: Path, page: str) -> None:
    """Whole, or not at all; nothing is left behind if writing fails."""
    try:
        with whole(path) as beside:
            beside.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise Refused(str(path), f"it cannot be written: {error.strerror or error}") from None

"""The whole course, a year from now, without a network, twice in a row and in other orders than its own.

`faketime` sets the clock of a process and its children; a network namespace of its own has 127.0.0.1, and
nothing else, not even for those who may do everything.  Where either is missing, the test says so.
"""

from __future__ import annotations

import datetime
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
YEAR = 365

WITHIN = """
import array, datetime, fcntl, os, socket, struct, sys
# The loop of a new namespace is down: IFF_UP | IFF_RUNNING, by SIOCSIFFLAGS.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 0x41))
    any_socket.connect(("127.0.0.1", 9))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
    try:
        outside.connect(("192.0.2.1", 9))
    except OSError:
        pass
    else:
        sys.exit("there is a network after all")
if datetime.date.today() < datetime.date.fromisoformat(sys.argv[1]):
    sys.exit("the clock is not ahead")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""Brings the loop up, makes sure that there is nothing else and that the clock is ahead; then runs Python."""


@pytest.fixture(scope="module")
def elsewhere() -> list[str]:
    """What runs a command a year from now and without a network."""
    for tool, package in (("faketime", "faketime"), ("unshare", "util-linux")):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (package {package})")
    alone = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system allows no network namespaces")
    return ["faketime", "-f", f"+{YEAR}d", *alone]


def test_all_notebooks_pass_twice_in_any_order_offline_a_year_ahead(
    elsewhere: list[str], tmp_path: Path
) -> None:
    ahead = datetime.date.today() + datetime.timedelta(days=YEAR - 2)
    shutil.copy(ROOT / "conftest.py", tmp_path)  # how nbval compares ours
    copies = [Path(shutil.copy(path, tmp_path)) for path in NOTEBOOKS]
    shuffled = random.Random(9).sample(copies, len(copies))
    for order in (copies[::-1], shuffled):
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--nbval",
                   "--nbval-current-env", "--nbval-cell-timeout=120", *map(str, order)]  # fmt: skip
        done = subprocess.run(
            [*elsewhere, sys.executable, "-c", WITHIN, ahead.isoformat(), *command],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[:4000] + done.stderr[-2000:]

"""Binder: what its builder would do with this repository, and where the README's badge leads.

The builder's dry run writes the recipe of the image and builds nothing.  It is told to look at a copy of what
is kept in git, for that is what Binder sees.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import urllib.parse
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"


def start() -> str:
    """The page that the badge opens, as a path below the server's address."""
    link = re.search(r"\]\((https://mybinder\.org/v2/[^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert link, "README.md has no Binder badge"
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(link[1]).query)
    assert set(query) == {"urlpath"}
    return query["urlpath"][0]


def test_the_badge_opens_the_course() -> None:
    first = sorted((ROOT / "notebooks").glob("*.ipynb"))[0]
    assert start() == f"lab/tree/notebooks/{first.name}"


def test_binders_python_is_one_that_the_package_takes() -> None:
    asked = re.fullmatch(r"python-3\.(\d+)\n", (BINDER / "runtime.txt").read_text("utf-8"))
    needed = re.fullmatch(
        r">=3\.(\d+)",
        tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"],
    )
    assert asked
    assert needed
    assert int(asked[1]) >= int(needed[1])


def test_binder_installs_the_fonts_that_ci_installs() -> None:
    """The article's Chinese characters are boxes without one."""
    in_ci = (ROOT / ".ci" / "run").read_text("utf-8")
    for package in (BINDER / "apt.txt").read_text("utf-8").split():
        assert package in in_ci


@pytest.mark.slow
def test_the_builders_dry_run_takes_all_that_binder_needs(tmp_path: Path) -> None:
    pytest.importorskip(
        "repo2docker", reason="jupyter-repo2docker is not installed: pip install -e '.[binder]'"
    )
    copy = tmp_path / "handshake"
    leave = shutil.ignore_patterns(".*", "__pycache__", "handshake-course", "*.egg-info")
    shutil.copytree(ROOT, copy, ignore=leave)
    recipe = dry_run(copy)
    python = (BINDER / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert f"Building conda environment for python={python}" in recipe
    for package in (BINDER / "apt.txt").read_text("utf-8").split():
        assert re.search(rf"apt-get install .*\b{package}\b", recipe)
    # `-e .` needs the source: all of it is copied before it is installed.
    copied = recipe.index("COPY --chown=0:0 src/ ${REPO_DIR}/")
    installed = recipe.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    assert copied < installed
    # What stands in requirements.txt is this project, seen from the folder that pip is called in.
    assert (BINDER / "requirements.txt").read_text("utf-8").split() == ["-e", "."]
    # The same without binder/ would be another image: so it is these files that were read.
    shutil.rmtree(copy / "binder")
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' not in dry_run(copy)


def dry_run(folder: Path) -> str:
    """What the builder says that it would do."""
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr

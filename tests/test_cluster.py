"""The lecturer's run on a local Dask cluster: the same marks as here, also when a worker is lost."""

from __future__ import annotations

import importlib.util
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from test_grade import SALTS, class_of, rows, run_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A scheduler and two workers on this machine."""
    from dask.distributed import LocalCluster

    monkeypatch.chdir(tmp_path)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made


def test_the_same_marks_as_on_one_machine(cluster: Any, tmp_path: Path) -> None:
    from handshake.grade.cluster import over

    class_of(tmp_path / "a" / "in", 10)
    class_of(tmp_path / "b" / "in", 10)
    there = run_of(tmp_path / "a", spread=over(cluster.scheduler_address))
    there.go()
    here = run_of(tmp_path / "b")
    here.go()
    assert rows(tmp_path / "a" / "grades.csv") == rows(tmp_path / "b" / "grades.csv")
    assert {key: mark.told for key, mark in there.marks.items()} == {
        key: mark.told for key, mark in here.marks.items()
    }


def test_the_work_of_a_lost_worker_is_given_out_again(cluster: Any, tmp_path: Path) -> None:
    from handshake.grade.cluster import over

    class_of(tmp_path / "in", 30)
    made = run_of(tmp_path, spread=over(cluster.scheduler_address))
    seen: list[int] = []

    def progress(done: int, of: int) -> None:
        seen.append(done)
        if done == 5:  # in the middle of it, a worker dies
            victim = next(iter(cluster.workers.values()))
            threading.Thread(target=lambda: victim.process.process._process.kill(), daemon=True).start()
            time.sleep(0.2)

    made.go(progress)
    found = rows(tmp_path / "grades.csv")
    assert len(found) == len({(student, id) for student, id, _ in found}) == 62
    assert seen[-1] == 62
    assert seen == sorted(set(seen)), "none is counted twice"
    assert SALTS.secret

"""Where a class outgrows one machine: the same tasks on a Dask cluster.

A task that a lost worker had is given out again; one that no worker could finish is marked here.  A task has
no effect but its mark, so that it may be done twice, and its mark counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from handshake.errors import Refused
from handshake.grade.bench import Limits, Workshop, hide
from handshake.grade.marking import Mark, Salts, Task, marked
from handshake.grade.running import Spread

PATIENCE = 10.0
"""So long a scheduler is waited for, in seconds."""

AHEAD = 8
"""So many tasks for each thread of the cluster are under way."""


def mark_there(task: Task, salts: Salts, limits: Limits) -> Mark:
    """Mark one task, on a worker."""
    hide()
    return marked(task, salts, Workshop(limits))


def over(address: str) -> Spread:
    """A way to spread tasks over the cluster whose scheduler is there.

    Refused if `dask` is not installed, or nobody answers at that address.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        what = "Dask is missing; python -m pip install 'handshake[grade]' brings it"
        raise Refused("--scheduler", what) from None

    def spread(tasks: Iterable[Task], salts: Salts, limits: Limits) -> Iterator[Mark]:
        try:
            client = Client(address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise Refused(address, f"no Dask scheduler answers there: {str(error)[:200]}") from None
        with client:
            waiting, under_way = iter(tasks), as_completed([])
            given_out: dict[str, Task] = {}
            done: set[tuple[str, str]] = set()

            def more(count: int) -> None:
                for task in islice(waiting, count):
                    future = client.submit(mark_there, task, salts, limits, retries=3, pure=False)
                    given_out[future.key] = task
                    under_way.add(future)

            more(AHEAD * max(1, sum(client.nthreads().values())))
            for future in under_way:
                task = given_out.pop(future.key)
                mark = _mark_of(future, task, salts, limits)
                if (task.student, task.exercise) not in done:
                    done.add((task.student, task.exercise))
                    yield mark
                more(1)

    return spread


def _mark_of(future: Any, task: Task, salts: Salts, limits: Limits) -> Mark:
    """The mark of a task; if no worker could finish it, it is made here."""
    try:
        mark = future.result()
    except Exception:  # workers that were lost, once too often
        mark = None
    if isinstance(mark, Mark):
        return mark
    return mark_there(task, salts, limits)

"""Tasks on a Dask cluster: whatever a worker does to itself, its task is told lost and the rest goes on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ecgomics
from ecgomics.cohort.bench import Bench
from ecgomics.cohort.crew import Done, Lost
from ecgomics.errors import CohortError, SettingsError

_PATIENCE_S = 20

MARK = "mark"
"""A file by which workers show that they see the same bench."""


def run(
    function: Callable[[Any], Any], tasks: Sequence[Any], *, scheduler: str, bench: Bench
) -> Iterator[Done[Any, Any]]:
    """Apply a function to tasks on the workers of a cluster, in no certain order.

    A task whose worker dies is done again by another; one that has ended several is told lost.

    Parameters
    ----------
    function
        Importable by name on the workers; what it raises is raised here.
    tasks
        Picklable.
    scheduler
        Address of the cluster's scheduler, such as ``tcp://host:8786``.
    bench
        Where results are kept, which the workers must find there too.

    Raises
    ------
    SettingsError
        When `distributed` is not installed, or no scheduler with workers answers at the address.
    CohortError
        When a worker does not see the cohort or runs another version of ECGomics.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        raise SettingsError(
            "a scheduler without Dask", expected="the package distributed", remedy="pip install 'ecgomics[scale]'"
        ) from error
    client = _client(Client, scheduler)
    try:
        _check_workers(client, bench)
        # impure: a block is written to the disk, so each is done however often its like was done before
        futures = {future: task for task in tasks for future in [client.submit(function, task, pure=False)]}
        for future in as_completed(list(futures), loop=client.loop):
            failure = future.exception()
            if isinstance(failure, KilledWorker):
                yield Done(futures[future], Lost("the worker was lost, again and again"))
            elif failure is not None:
                raise failure
            else:
                yield Done(futures[future], future.result())
            futures[future] = None
    finally:
        client.close()


def _client(kind: Any, scheduler: str) -> Any:
    try:
        client = kind(scheduler, timeout=_PATIENCE_S, set_as_default=False)
        client.wait_for_workers(1, timeout=_PATIENCE_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise SettingsError(
            "a scheduler that does not answer, or has no workers",
            expected="the address of a running Dask scheduler, such as tcp://host:8786",
            remedy="start `dask scheduler` and `dask worker tcp://host:8786`, and try again",
        ) from error
    return client


def _check_workers(client: Any, bench: Bench) -> None:
    bench.write(MARK, secrets.token_bytes(8))
    here = _state(bench)
    told = client.run(_state, bench)
    if any(state != here for state in told.values()):
        raise CohortError(
            "workers of the cluster that do not see this cohort, or run another version of ECGomics",
            expected=f"ECGomics {ecgomics.__version__} and the cohort under the same path or URL on every worker",
            remedy="keep the cohort on a disk that all workers share, or in an object store",
        )


def _state(bench: Bench) -> tuple[str, bytes]:
    return ecgomics.__version__, bench.read(MARK)

"""Worker processes that may crash or hang: each task's result, failure or loss is told, and the rest goes on."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Literal, TypeVar

from ecgomics.errors import EcgomicsError

Task = TypeVar("Task")
Result = TypeVar("Result")

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
"""More threads than cores make every worker slower, by up to two orders of magnitude."""

START_S = 300.0
"""A process that is not up by then, on however busy a machine, hangs."""

_SURROUNDINGS = threading.Lock()
"""Workers are started by several threads; what they inherit is the whole process's."""


@dataclass(frozen=True)
class Lost:
    """A task whose worker died or ran out of time; `reason` says which to a person, `how` to a program."""

    reason: str
    how: Literal["crashed", "late"] = field(default="crashed", compare=False)


@dataclass(frozen=True)
class Raised:
    """A task that failed, and the error it raised."""

    error: Exception


@dataclass(frozen=True)
class Done(Generic[Task, Result]):
    """A task and what came of it."""

    task: Task
    result: Result | Lost


Limit = Callable[[Any], float]


def _no_limit(_: Any) -> float:
    return float("inf")


def default_workers(tasks: int) -> int:
    """As many workers as there are cores to use, and no more than tasks."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(cores, tasks))


@dataclass(frozen=True)
class Hands:
    """Who does the work.

    Parameters
    ----------
    workers
        Processes; None: as many as cores, 0: this process.
    scheduler
        Address of a Dask scheduler whose workers do it instead; empty: none.
    memory_gb
        Memory a process may take, in 10⁹ bytes; None: no limit. Workers of a cluster have limits of their own.
    """

    workers: int | None = None
    scheduler: str = ""
    memory_gb: float | None = None

    def processes(self, tasks: int) -> int:
        """How many processes for so many tasks."""
        if self.workers is not None:
            return self.workers
        # a single block is done before a process has started, but only a process has a limit
        return 0 if tasks < 2 and self.memory_gb is None else default_workers(tasks)


def run(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int,
    limit_s: Limit = _no_limit,
    memory_gb: float | None = None,
) -> Iterator[Done[Task, Result]]:
    """Apply a function to tasks, in no certain order.

    Parameters
    ----------
    function
        Importable by name; what it raises is raised here.
    tasks
        Picklable; taken as workers come free.
    workers
        Number of processes; 0 works in this process, where a crash or a hang cannot be caught.
    limit_s
        Seconds a task may take before its worker is ended, by task.
    memory_gb
        Memory a worker may take beside what it maps from files, in 10⁹ bytes; what asks for more fails with a
        MemoryError. Where the system knows such a limit.

    Raises
    ------
    EcgomicsError
        When worker processes cannot be started.
    """
    if workers <= 0:
        yield from (Done(task, function(task)) for task in tasks)
        return
    limits = _Limits(limit_s, memory_gb)
    crew = [Worker(function, memory_gb=memory_gb) for _ in range(workers)]
    try:
        yield from _drive(crew, function, iter(tasks), limits=limits)
    finally:
        for worker in crew:
            worker.end(grace_s=2.0 if worker.task is None else 0.0)


def _drive(
    crew: list[Worker], function: Callable[[Any], Any], tasks: Iterator[Any], *, limits: _Limits
) -> Iterator[Done[Any, Any]]:
    busy: dict[Connection, int] = {}
    for place, worker in enumerate(crew):
        if _next(worker, tasks):
            busy[worker.pipe] = place
    while busy:
        wait(list(busy), timeout=min([0.5, *(limits.seconds(crew[place].task) for place in busy.values())]))
        for pipe in list(busy):
            place = busy[pipe]
            worker = crew[place]
            outcome = worker.outcome(limit_s=limits.seconds(worker.task))
            if outcome is None:
                continue
            del busy[pipe]
            if isinstance(outcome.result, Raised):
                raise outcome.result.error
            if isinstance(outcome.result, Lost):
                worker.end()
                worker = crew[place] = Worker(function, memory_gb=limits.memory_gb)
            if _next(worker, tasks):
                busy[worker.pipe] = place
            yield outcome


@dataclass(frozen=True)
class _Limits:
    seconds: Limit
    memory_gb: float | None


def _next(worker: Worker, tasks: Iterator[Any]) -> bool:
    """Hand over the next task; False when there is none."""
    for task in tasks:
        worker.give(task)
        return True
    worker.task = None
    return False


class Worker:
    """A process that does one task at a time, and the pipe to it.

    Parameters
    ----------
    function
        Applied to each task; importable by name.
    memory_gb
        Memory it may take beside what it maps from files, in 10⁹ bytes; None: no limit.
    prepare
        Done there once, before the first task; importable by name.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        memory_gb: float | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.task: Any = None
        self.since = float("inf")
        self.started = False
        with _environment(ONE_THREAD):
            self.process = context.Process(target=_work, args=(function, theirs, memory_gb, prepare), daemon=True)
            self.process.start()
        theirs.close()

    def give(self, task: Any) -> None:
        """Hand over a task. Raises what cannot be pickled; a worker that died idle is noticed in `outcome`."""
        self.task, self.since = task, time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            self.pipe.send(task)

    def outcome(self, *, limit_s: float, wait_s: float = 0.0) -> Done[Any, Any] | None:
        """What came of the task, or None when it is still worked on.

        Parameters
        ----------
        limit_s
            Seconds the task may take, once the process is up.
        wait_s
            Seconds to wait for it here.

        Returns
        -------
        Done
            With what the function returned, `Raised` when it failed, or `Lost`: then end this worker.

        Raises
        ------
        EcgomicsError
            When the process never came up.
        OSError
            When the worker was ended meanwhile.
        """
        try:
            if not self.pipe.poll(wait_s):
                limit_s = limit_s if self.started else START_S
                late = time.monotonic() - self.since > limit_s
                return Done(self.task, Lost(f"took longer than {limit_s:g} s", "late")) if late else None
            kind, value = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return self._died()
        if kind == "ready":
            self.started, self.since = True, time.monotonic()
            return None
        return Done(self.task, Raised(value) if kind == "raised" else value)

    def end(self, *, grace_s: float = 0.0) -> None:
        """Close the pipe, at which an idle worker ends by itself; kill one that has not after the grace."""
        self.pipe.close()
        with contextlib.suppress(ValueError):  # closed by an earlier end
            self.process.join(grace_s)
            if self.process.is_alive():
                self.process.kill()
            self.process.join()
            self.process.close()

    def _died(self) -> Done[Any, Any]:
        self.process.join()
        code = self.process.exitcode
        if not self.started:
            raise EcgomicsError(
                f"worker processes cannot start (exit code {code})",
                expected="a script whose work stands under `if __name__ == '__main__':`",
                remedy="guard the script so, or use workers=0",
            )
        return Done(self.task, Lost(f"the worker crashed (exit code {code})"))


def _work(
    function: Callable[[Any], Any], pipe: Connection, memory_gb: float | None, prepare: Callable[[], object] | None
) -> None:
    if memory_gb is not None:
        _limit_memory(memory_gb)
    # Ctrl-C reaches the whole process group: the parent alone answers it, and ends its workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if prepare is not None:
        prepare()
    # the parent closes its end when it is done, or is gone
    with contextlib.suppress(EOFError, OSError):
        pipe.send(("ready", None))
        while True:
            pipe.send(_answer(function, pipe.recv()))


def _limit_memory(memory_gb: float) -> None:
    # Windows has no such limit: there the system's own is all there is
    with contextlib.suppress(ImportError):
        import resource

        most = int(memory_gb * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _answer(function: Callable[[Any], Any], task: Any) -> tuple[str, Any]:
    try:
        return "done", function(task)
    except Exception as error:
        return "raised", error


@contextlib.contextmanager
def one_thread(*libraries: str) -> Iterator[None]:
    """Compute with one thread: how sums are split among threads shows in the last place of results.

    Parameters
    ----------
    libraries
        Modules whose threads are meant too; they are imported first, since only loaded ones can be limited.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    for library in libraries:
        importlib.import_module(library)
    with threadpool_limits(1):
        yield


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    with _SURROUNDINGS:
        yield from _changed(values)


def _changed(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

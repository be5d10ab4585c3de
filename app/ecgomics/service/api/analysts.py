"""Processes that analyse: the one that answers requests stays free, and a recording that ends one costs no other."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ecgomics.cohort.crew import Lost, Raised, Worker, one_thread
from ecgomics.errors import EcgomicsError, ServiceError
from ecgomics.service.api.problems import RefusedError

Work = Callable[..., Any]
"""Importable by name; what it is given and what it answers can be pickled."""

_FOR_LIFE = contextlib.ExitStack()
"""What holds until an analyst's process ends."""

LOOK_S = 1.0
"""How often is looked whether a piece of work takes too long."""


@dataclass
class _Asked:
    work: Work
    given: tuple[Any, ...]
    answer: Future[Any] = field(default_factory=Future)


class Analysts:
    """So many processes, each with one piece of work at a time.

    Parameters
    ----------
    processes
        How many; 0 works in this process, one piece at a time, where a crash cannot be caught.
    waiting
        Pieces of work that may wait; beyond them the service says that it is busy instead of growing slow.
    limit_s
        Seconds a piece of work may take before its process is ended and another takes its place.
    prepare
        Done once in each process; by default what an analysis needs is loaded.
    """

    def __init__(
        self, processes: int, *, waiting: int, limit_s: float, prepare: Callable[[], object] | None = None
    ) -> None:
        self._processes, self._limit_s = processes, limit_s
        self._prepare = prepare or ready_to_analyse
        self._line: queue.Queue[_Asked | None] = queue.Queue(maxsize=max(1, waiting))
        self._seats: list[_Seat] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the processes, so that the first request need not wait for them; what is started stays as it is."""
        with self._lock:
            while len(self._threads) < max(1, self._processes):
                thread = threading.Thread(target=self._serve, daemon=True, name=f"analyst {len(self._threads)}")
                self._threads.append(thread)
                thread.start()

    def submit(self, work: Work, *given: Any) -> Future[Any]:
        """Put a piece of work in the line. Raises RefusedError (503) when too many wait already."""
        self.start()
        asked = _Asked(work, given)
        try:
            self._line.put_nowait(asked)
        except queue.Full:
            busy = ServiceError("a service that is busy", expected="a free place", remedy="try again in a second")
            raise RefusedError(503, busy, headers={"Retry-After": "1"}) from None
        return asked.answer

    async def ask(self, work: Work, *given: Any) -> Any:
        """Have a piece of work done; what it raises is raised here."""
        return await asyncio.wrap_future(self.submit(work, *given))

    def close(self) -> None:
        """End the processes. What waits is dropped, what is worked on is lost."""
        with contextlib.suppress(queue.Empty):
            while True:
                asked = self._line.get_nowait()
                if asked is not None:
                    asked.answer.cancel()
        for seat in self._seats:
            seat.end()
        for _ in self._threads:
            self._line.put(None)
        self._threads = []

    def _serve(self) -> None:
        seat = _Seat(self._prepare) if self._processes else None
        if seat is not None:
            self._seats.append(seat)
        while (asked := self._line.get()) is not None:
            if not asked.answer.set_running_or_notify_cancel():
                continue
            try:
                if seat is None:
                    with one_thread():
                        asked.answer.set_result(asked.work(*asked.given))
                else:
                    asked.answer.set_result(seat.do(asked.work, asked.given, limit_s=self._limit_s))
            except Exception as error:  # it belongs to whoever asked, not to this thread
                asked.answer.set_exception(error)
        if seat is not None:
            seat.end()


class _Seat:
    """A worker, and a new one after a crash or a hang."""

    def __init__(self, prepare: Callable[[], object]) -> None:
        self._ended, self._prepare = False, prepare
        self._begin()

    def _begin(self) -> None:
        self._worker = Worker(_done, prepare=self._prepare)

    def do(self, work: Work, given: tuple[Any, ...], *, limit_s: float) -> Any:
        """One piece of work. Raises what it raises, or ServiceError when it crashed or took too long."""
        result = self._result((work, given), limit_s=limit_s)
        if isinstance(result, Raised):
            raise result.error
        if not isinstance(result, Lost):
            return result
        self._again()
        if result.how == "late":
            raise ServiceError(
                f"an analysis that took longer than {limit_s:g} s",
                expected="a shorter recording",
                remedy="`ecgomics ingest` takes recordings of any length",
            )
        raise ServiceError(
            "a recording at which the analysis crashed",
            expected="an electrocardiogram in a format that is read",
            remedy="`ecgomics inspect` tells more of a file",
        )

    def _result(self, asked: tuple[Work, tuple[Any, ...]], *, limit_s: float) -> Any:
        try:
            self._worker.give(asked)
            while (done := self._worker.outcome(limit_s=limit_s, wait_s=min(limit_s, LOOK_S))) is None:
                continue
        except (OSError, EcgomicsError) as error:  # ended meanwhile, or never up
            return Lost(str(error))
        return done.result

    def end(self) -> None:
        """End the process."""
        self._ended = True
        self._worker.end()

    def _again(self) -> None:
        self._worker.end()
        if not self._ended:
            self._begin()


def ready_to_analyse() -> None:
    """Load what every analysis needs, and compute with one thread from here on."""
    importlib.import_module("ecgomics.service.api.posted")
    _FOR_LIFE.enter_context(one_thread("torch"))


def _done(asked: tuple[Work, tuple[Any, ...]]) -> Any:
    work, given = asked
    return work(*given)

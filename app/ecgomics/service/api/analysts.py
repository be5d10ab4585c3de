"""Processes that analyse: the one that answers requests stays free, and a recording that ends one costs no other."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from ecgomics.cohort.crew import ONE_THREAD, one_thread
from ecgomics.errors import ServiceError
from ecgomics.service.api.problems import RefusedError

Work = Callable[..., Any]
"""Importable by name; what it is given and what it answers can be pickled."""


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
    """

    def __init__(self, processes: int, *, waiting: int, limit_s: float) -> None:
        self._processes, self._limit_s = processes, limit_s
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
        seat = _Seat() if self._processes else None
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
    """A process and the pipe to it; a new one after a crash or a hang."""

    def __init__(self) -> None:
        self._ended = False
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def do(self, work: Work, given: tuple[Any, ...], *, limit_s: float) -> Any:
        """One piece of work. Raises what it raises, or ServiceError when it crashed or took too long."""
        try:
            self._pipe.send((work, given))
            if not self._pipe.poll(limit_s):
                raise ServiceError(
                    f"an analysis that took longer than {limit_s:g} s",
                    expected="a shorter recording",
                    remedy="`ecgomics ingest` takes recordings of any length",
                )
            raised, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._again()
            raise ServiceError(
                "a recording at which the analysis crashed",
                expected="an electrocardiogram in a format that is read",
                remedy="`ecgomics inspect` tells more of a file",
            ) from None
        except ServiceError:
            self._again()
            raise
        if raised:
            raise answer
        return answer

    def end(self) -> None:
        """End the process."""
        self._ended = True
        self._kill()

    def _again(self) -> None:
        self._kill()
        if not self._ended:
            self._begin()

    def _kill(self) -> None:
        self._pipe.close()
        with contextlib.suppress(ValueError):  # closed by an earlier end
            self._process.kill()
            self._process.join()
            self._process.close()


def _work(pipe: Connection) -> None:
    # Ctrl-C reaches the whole process group: the server alone answers it, and ends its analysts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ONE_THREAD)
    importlib.import_module("ecgomics.service.api.posted")
    with contextlib.suppress(EOFError, OSError), one_thread("torch"):
        while True:
            work, given = pipe.recv()
            pipe.send(_answer(work, given))


def _answer(work: Work, given: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return False, work(*given)
    except Exception as error:
        return True, error

"""One writer at a time: an advisory lock that dies with its process."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ecgomics.errors import CohortError

_held: dict[Path, tuple[int, int]] = {}
"""Locks of this process: path → (thread, depth)."""
_guard = threading.Lock()


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a store; the same thread may nest it.

    Parameters
    ----------
    path
        The lock's file; made when absent, left in place.

    Raises
    ------
    CohortError
        When another process or thread holds it.
    """
    key, me = path.absolute(), threading.get_ident()
    with _guard:
        owner, depth = _held.get(key, (me, 0))
        if owner != me:
            raise _busy()
        handle = None if depth else _acquire(key)
        _held[key] = (me, depth + 1)
    try:
        yield
    finally:
        with _guard:
            if depth:
                _held[key] = (me, depth)
            else:
                del _held[key]
                if handle is not None:
                    os.close(handle)


@contextmanager
def patient_lock(path: Path, *, patience_s: float = 10.0) -> Iterator[None]:
    """As `writer_lock`, but wait a while for whoever holds it: for what takes a moment only.

    Raises
    ------
    CohortError
        When it is still held after `patience_s` seconds.
    """
    with ExitStack() as held:
        until = time.monotonic() + patience_s
        while True:
            try:
                held.enter_context(writer_lock(path))
                break
            except CohortError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        yield


def is_locked(path: Path) -> bool:
    """Whether some process is writing."""
    if path.absolute() in _held:
        return True
    if not path.exists():
        return False
    try:
        os.close(_acquire(path))
    except CohortError:
        return True
    return False


def _busy() -> CohortError:
    return CohortError("another process is writing this cohort", remedy="wait until it is done, then run again")


def _acquire(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CohortError(
            "a cohort whose directory cannot be written",
            expected="one that you may write, on a disk that is not full",
            remedy="copy it to where you may write",
        ) from error
    try:
        _lock_file(handle)
    except OSError:
        os.close(handle)
        raise _busy() from None
    return handle


def _lock_file(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

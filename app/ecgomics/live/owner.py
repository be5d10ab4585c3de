"""Who owns a journal: one process at a time, by a lock that dies with it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from ecgomics.errors import StreamError
from ecgomics.live.head import unwritable

NAME = "owner.lock"
PATIENCE_S = 0.2
"""Whoever only looks whether there is an owner holds the lock for a moment."""


def own(folder: Path) -> int:
    """Become a journal's owner; the handle to `disown`.

    Raises
    ------
    StreamError
        When another process, or another stream of this one, owns it.
    """
    try:
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    except OSError as error:
        raise unwritable(error) from None
    until = time.monotonic() + PATIENCE_S
    while not _locked(handle, shared=False):
        if time.monotonic() > until:
            os.close(handle)
            raise StreamError(
                "a stream that another process takes in",
                expected="one that nothing comes in at elsewhere",
                remedy="send again: once it is silent there it is handed over; or begin another stream",
            )
        time.sleep(0.01)
    return handle


def disown(handle: int) -> None:
    """Let a journal go."""
    os.close(handle)


def is_owned(folder: Path) -> bool:
    """Whether some process takes the stream in."""
    try:
        handle = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _locked(handle, shared=True)
    finally:
        os.close(handle)


def _locked(handle: int, *, shared: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

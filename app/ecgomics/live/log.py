"""`Log`: JSON lines that are only ever added to, by one process or several."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from ecgomics.live.head import unwritable

MOST_AT_ONCE = 4_000_000


def append(path: Path, said: list[dict[str, Any]]) -> None:
    """Add lines; those of several processes do not mix.

    Raises
    ------
    StreamError
        When the disk does not take them.
    """
    if not said:
        return
    data = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in said).encode()
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                data = b"\n" + data  # whoever wrote last was ended in the middle of a line
            if os.write(handle, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(handle)
    except OSError as error:
        raise unwritable(error) from None


class Log:
    """Lines of a file as they are added.

    Parameters
    ----------
    path
        The file; it may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def more(self) -> list[dict[str, Any]]:
        """Whole lines that were added since the last time; lines that are no JSON object are passed over."""
        said: list[dict[str, Any]] = []
        while data := self._piece():
            end = data.rfind(b"\n") + 1
            if not end:
                break
            self._at += end
            said += [line for text in data[:end].splitlines() if (line := _object(text)) is not None]
        return said

    def _piece(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                return file.read(MOST_AT_ONCE)
        except OSError:
            return b""


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None

"""The cohort's ledger of looks: a file of JSON lines beside the manifest that is only ever added to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ecgomics.cohort.lock import patient_lock
from ecgomics.errors import CohortError

NAME = "ledger.jsonl"

Looks = tuple[dict[str, Any], ...]
Look = Mapping[str, Any] | Callable[[Looks], Mapping[str, Any]]


def read_looks(path: Path) -> Looks:
    """The looks of a ledger, oldest first; none when there is no file. A line cut short by a crash was never noted.

    Raises
    ------
    CohortError
        When a line is no JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    whole = text[: text.rfind("\n") + 1]
    try:
        found = tuple(json.loads(line) for line in whole.splitlines())
    except ValueError:
        found = (None,)
    if not all(isinstance(look, dict) for look in found):
        raise CohortError(
            "a ledger of looks that is damaged", expected="a JSON object a line", remedy="restore it from a copy"
        )
    return found


def add_look(path: Path, look: Look) -> dict[str, Any]:
    """Append a look; on the disk when this returns. See `Cohort.note_look`."""
    try:
        with patient_lock(path.with_name(f".{NAME}.lock")):
            noted = look(read_looks(path)) if callable(look) else look
            line = json.dumps(dict(noted), ensure_ascii=False)
            with path.open("a+b") as stream:
                _cut_unfinished(stream)
                stream.write(f"{line}\n".encode())
                stream.flush()
                os.fsync(stream.fileno())
    except OSError as error:
        raise CohortError(
            "a ledger of looks that cannot be written",
            expected="a cohort one may write to",
            remedy="open a copy of the cohort; a look that is not noted must not be taken",
        ) from error
    written: dict[str, Any] = json.loads(line)
    return written


def _cut_unfinished(stream: Any) -> None:
    """Take away the end of a line whose writer was killed."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    if tail and not tail.endswith(b"\n"):
        stream.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


_TAIL = 1 << 24
"""Longer than any line."""

"""`tidy`: what is left of streams that nobody takes in any more."""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from pathlib import Path

from ecgomics.errors import FormatError, StreamError
from ecgomics.live import owner
from ecgomics.live.journal import prune
from ecgomics.live.reader import Reader
from ecgomics.live.recordings import pins
from ecgomics.settings import LiveSettings


def tidy(folder: Path, *, settings: LiveSettings | None = None) -> list[str]:
    """Remove what is no longer kept of the journals in a folder whose owners are gone.

    A stream that has ended is kept for `LiveSettings.retention_s` more, one that was cut off for `longest_gap_s`,
    within which it can be gone on with. Then what no recording pins goes. Journals that are owned, damaged or of
    another version are left alone.

    Returns
    -------
    list of str
        Ids of the streams of which nothing was left.
    """
    kept = settings or LiveSettings()
    gone: list[str] = []
    for place in sorted(path.parent for path in folder.glob("*/head.json")):
        with contextlib.suppress(StreamError, FormatError, OSError):
            if _tidied(place, settings=kept):
                gone.append(place.name)
    return gone


def _tidied(folder: Path, *, settings: LiveSettings) -> bool:
    """Tidy one journal; whether nothing was left of it."""
    reader = Reader(folder, settings=settings)
    state = reader.status.state
    last = reader.head.started.timestamp() if math.isnan(reader.came) else reader.came
    if time.time() - last < (settings.retention_s if state == "ended" else settings.longest_gap_s):
        return False
    lock = owner.own(folder)
    try:
        pinned = pins(folder)
        if not pinned:
            shutil.rmtree(folder)
            return True
        prune(folder, head=reader.head, pins=pinned, settings=settings)
        return False
    finally:
        owner.disown(lock)

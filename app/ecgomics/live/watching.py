"""`Watching`: a stream's `Watch` at work, and what it finds in the stream's journal."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

from ecgomics.errors import StreamError
from ecgomics.live import log
from ecgomics.live.analysis import Told, watch_of
from ecgomics.live.journal import BEATS, RR_RATE, TRENDS, Journal
from ecgomics.live.reader import Reader
from ecgomics.live.recordings import FOLDER, recordings_of

AT_ONCE_S = 20.0
"""Signal taken in at a time when the watch is behind, s."""

MOST_LINES = 10_000


class Watching:
    """Reads a stream's journal as anybody does, and writes down what it finds.

    Parameters
    ----------
    journal
        Of the stream.
    reader
        Of the stream.
    first
        Number of the first sample to look at.
    """

    def __init__(self, journal: Journal, reader: Reader, *, first: int) -> None:
        about = journal.head.description
        self._journal, self._reader = journal, reader
        self._watch = watch_of(about, first=first)
        self._most = math.ceil(AT_ONCE_S * (about.rate_hz or RR_RATE))
        self._lines: dict[str, list[dict[str, Any]]] = {BEATS: [], TRENDS: []}
        self._seen = -1
        self._aligned = first
        self.finished = False

    @property
    def behind(self) -> int:
        """Samples that have come and were not looked at."""
        return self._journal.next - self._watch.next

    def step(self) -> None:
        """Look at what has come since the last time."""
        self._align()
        while True:
            first, values = self._reader.since(self._watch.next, most=self._most)
            if not values.shape[1]:
                break
            self._write(self._watch.take(first, values))
        self._write(self._watch.look())

    def finish(self) -> None:
        """Look at what is left when nothing more comes."""
        if not self.finished:
            self.finished = True
            self.step()
            self._write(self._watch.finish())

    def _align(self) -> None:
        """Settle beats as those of the newest recording."""
        folder: Path = self._journal.folder / FOLDER
        try:
            changed = folder.stat().st_mtime_ns
        except OSError:
            return
        if changed == self._seen:
            return
        self._seen = changed
        first = max((one.first for one in recordings_of(self._journal.folder) if one.state == "open"), default=0)
        if first > self._aligned:
            self._aligned = first
            self._watch.align(first)

    def _write(self, told: Told) -> None:
        beats, trends = self._lines[BEATS], self._lines[TRENDS]
        if told.early:
            beats.append({"beats": [beat.line() for beat in told.early]})
        for done in told.settled:
            beats.append({"first": done.first, "settled": done.stop, "beats": [beat.line() for beat in done.beats]})
            if done.changed:
                beats.append({"changed": [list(change) for change in done.changed]})
        trends += [point.line() for point in told.points]
        if told.events:
            self._journal.note([event.line() for event in told.events])
        for name, lines in self._lines.items():
            del lines[:-MOST_LINES]
            with contextlib.suppress(StreamError):  # a full disk: they are tried again
                log.append(self._journal.folder / name, lines)
                lines.clear()

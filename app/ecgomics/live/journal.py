"""`Journal`: a stream on disk, as its owner writes it. `Reader` is for everybody else."""

from __future__ import annotations

import contextlib
import errno
import itertools
import math
import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ecgomics.durable import sync_folder
from ecgomics.errors import SignalError, StreamError
from ecgomics.live import frames, log, owner
from ecgomics.live.block import Block, Samples
from ecgomics.live.frames import Frame, Scan, segment_begins
from ecgomics.live.head import NAME as HEAD
from ecgomics.live.head import Head, read_head, unwritable
from ecgomics.live.source import Description
from ecgomics.live.spans import Span, Spans
from ecgomics.settings import LiveSettings

EVENTS = "events.log"
BEATS = "beats.log"
TRENDS = "trends.log"
STOP = "stop"
HAND_OVER = "hand-over"
"""Files by which another process asks the owner to end a stream, or to leave it."""
MOST_UNSAID = 1000
RR_RATE = 2.0
"""Intervals a second of a stream of RR intervals, for what is counted in seconds there."""


def segments_of(folder: Path) -> list[tuple[int, Path]]:
    """A journal's segments with their numbers, in order."""
    found = [(int(path.stem), path) for path in folder.glob("*.seg") if path.stem.isdigit()]
    return sorted(found)


def segment_path(folder: Path, number: int) -> Path:
    """Where a segment lies."""
    return folder / f"{number:06d}.seg"


@dataclass(frozen=True)
class Recovered:
    """What was found of a journal whose owner is gone.

    Parameters
    ----------
    next
        Number of the sample to come.
    gaps
        What is missing of the last minutes.
    cut
        Bytes of a torn last frame that were taken away.
    came
        Arrival of the last sample, s since 1970; NaN without one.
    """

    next: int
    gaps: tuple[Span, ...]
    cut: int
    came: float


class Journal:
    """A stream's samples on disk. `begin` makes or continues one; methods may be called from several threads.

    A sample is stored once: what came before is dropped. A jump ahead is a gap; samples that come late, by at most
    `LiveSettings.late_s`, fill it.
    """

    def __init__(self, folder: Path, *, head: Head, settings: LiveSettings, lock: int, found: Recovered) -> None:
        self.folder, self.head = folder, head
        self.recovered = found
        self.next = self.saved = found.next
        """Numbers of the sample to come, and of the first that a power cut would take."""
        self._settings = settings
        self._gaps = Spans(found.gaps)
        self._rate = head.description.rate_hz or RR_RATE
        self._owned: int | None = lock
        self._unsaid: list[dict[str, Any]] = []
        self._guard = threading.RLock()
        self._number = max((number for number, _ in segments_of(folder)), default=-1)
        self._file = -1
        self._size = 0
        self._roll()

    @classmethod
    def begin(
        cls, folder: Path, description: Description, *, person: str = "", settings: LiveSettings | None = None
    ) -> Journal:
        """Begin a journal, or go on with one whose owner is gone.

        Parameters
        ----------
        folder
            Its folder, made when absent.
        description
            What the stream is; leads and rate must be those of the journal that is continued.
        person
            Id of whoever owns the stream.
        settings
            How it is kept.

        Raises
        ------
        StreamError
            When another process owns it, the disk does not take it, or it is of other leads or another rate.
        FormatError
            When its head is damaged or of a version that is not known here.
        """
        settings = settings or LiveSettings()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(error) from None
        lock = owner.own(folder)
        try:
            if (folder / HEAD).exists():
                head = read_head(folder)
                _check_same(head.description, description)
                found = _recovered(folder, head=head, settings=settings)
            else:
                head = Head(folder.name, description, datetime.now(UTC), person=person)
                head.write(folder)
                found = Recovered(0, (), 0, math.nan)
            return cls(folder, head=head, settings=settings, lock=lock, found=found)
        except BaseException:
            owner.disown(lock)
            raise

    @property
    def gaps(self) -> tuple[Span, ...]:
        """What is missing and may still come, and what was missing of late: from a number to before another."""
        with self._guard:
            return tuple(self._gaps)

    def append(self, block: Block) -> int:
        """Store what is new of a block; number of the sample to come.

        What this returns has reached the operating system and outlives this process; `save` makes it outlive the
        machine.

        Raises
        ------
        SignalError
            When the block has other rows than the stream, or is numbered as no block of this stream can be.
        StreamError
            When the disk does not take it: nothing of the block was lost if it is pushed again.
        """
        values = self._checked(block)
        came = time.time() - max(0.0, time.monotonic() - block.came_s)
        with self._guard:
            if self._owned is None:
                raise StreamError("samples for a stream that has ended", remedy="begin another stream")
            missing = self._gaps.within(max(block.first, self._oldest_fillable), min(block.stop, self.next))
            for start, stop in missing:
                self._put(block, values, start=start, stop=stop, came=came)
                self._gaps.remove(start, stop)
                self._note([{"kind": "filled", "first": start, "stop": stop}])
            if block.stop > self.next:
                self._advance(block, values, came=came)
            return self.next

    def note(self, said: list[dict[str, Any]]) -> None:
        """Add events; those that a full disk does not take are tried again with the next."""
        with self._guard:
            self._note(said)

    def save(self) -> int:
        """Make durable what was appended; number of the first sample that is not.

        Raises
        ------
        StreamError
            When the disk does not take it, or the journal was removed under its owner.
        """
        with self._guard:
            if self._owned is None:
                return self.saved
            reached = self.next
            if os.fstat(self._file).st_nlink == 0 or not (self.folder / HEAD).exists():
                raise StreamError(
                    "a stream whose journal was removed while it was taken in",
                    expected="the folder beside the cohort to stay",
                    remedy="begin another stream",
                )
            handle = os.dup(self._file)
        try:
            _sync(handle)
        except OSError as error:
            raise unwritable(error) from None
        finally:
            os.close(handle)
        with self._guard:
            self.saved = max(self.saved, reached)
        return self.saved

    def prune(self, pins: list[Span]) -> int:
        """Remove segments that are older than the retention and of which no stretch is pinned; how many."""
        with self._guard:
            keep = self.next - math.ceil(self._settings.retention_s * self._rate)
            return prune(self.folder, head=self.head, pins=[*pins, (keep, self.next + 1)], settings=self._settings)

    def close(self) -> None:
        """Make all durable and let the journal go; it can be continued.

        Raises
        ------
        StreamError
            When the last samples could not be made durable; the journal is let go all the same.
        """
        with self._guard:
            if self._owned is None:
                return
            try:
                self.save()
            finally:
                os.close(self._file)
                owner.disown(self._owned)
                self._owned = None

    @property
    def _oldest_fillable(self) -> int:
        return self.next - math.floor(self._settings.late_s * self._rate)

    def _checked(self, block: Block) -> Samples:
        rows = self.head.description.width
        if block.values.ndim != 2 or block.values.shape[0] != rows:
            raise SignalError(f"samples of shape {block.values.shape}", expected=f"({rows}, time)")
        longest = self.next + math.ceil(self._settings.longest_gap_s * self._rate)
        if not 0 <= block.first <= longest:
            raise SignalError(
                f"samples from number {block.first} on, where {self.next} was to come",
                expected=f"numbers from 0, no more than {self._settings.longest_gap_s:g} s ahead",
                remedy="begin another stream",
            )
        values = np.asarray(block.values, dtype=np.float32)
        return np.where(np.isinf(values), np.float32(np.nan), values) if np.isinf(values).any() else values

    def _advance(self, block: Block, values: Samples, *, came: float) -> None:
        start = max(block.first, self.next)
        before = self.next
        if self.next - self._begun >= self._settings.segment_s * self._rate:
            self._roll()
        self._put(block, values, start=start, stop=block.stop, came=came)
        if start > before:
            self._gaps.add(before, start)
            self._note([{"kind": "gap", "first": before, "stop": start}])
        self._gaps.remove(-1, self._oldest_fillable)

    def _put(self, block: Block, values: Samples, *, start: int, stop: int, came: float) -> None:
        """Write a part of a block as frames; all of them, or as it was before."""
        rate = self._rate
        step = max(1, frames.MOST_SAMPLES // values.shape[0])
        data = b"".join(
            frames.packed(
                Frame(
                    first,
                    values[:, first - block.first : min(first + step, stop) - block.first],
                    came - (stop - min(first + step, stop)) / rate,
                    block.clock_s + (first - block.first) / rate,
                )
            )
            for first in range(start, stop, step)
        )
        self._write(data)
        self.next = max(self.next, stop)

    def _write(self, data: bytes) -> None:
        try:
            done = os.write(self._file, data)
            if done < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise unwritable(error) from None
        self._size += len(data)

    def _roll(self) -> None:
        """Begin a segment."""
        number = self._number + 1
        path = segment_path(self.folder, number)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as error:
            raise unwritable(error) from None
        before = (self._file, self._size)
        self._file, self._size = handle, 0
        try:
            self._write(frames.segment_head(rows=self.head.description.width, next_=self.next))
        except StreamError:
            os.close(handle)
            path.unlink(missing_ok=True)
            self._file, self._size = before
            raise
        if before[0] >= 0:
            os.fsync(before[0])
            os.close(before[0])
        sync_folder(self.folder)
        self._number, self._begun = number, self.next

    def _note(self, said: list[dict[str, Any]]) -> None:
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._unsaid = [*self._unsaid, *({"when": when, **line} for line in said)][-MOST_UNSAID:]
        with contextlib.suppress(StreamError):
            log.append(self.folder / EVENTS, self._unsaid)
            self._unsaid = []


def recover(folder: Path, *, settings: LiveSettings | None = None) -> Recovered:
    """Take away the torn end of a journal whose owner is gone, and say what it holds.

    Raises
    ------
    StreamError
        When some process owns it.
    FormatError
        When it is no journal that can be read here.
    """
    lock = owner.own(folder)
    try:
        return _recovered(folder, head=read_head(folder), settings=settings or LiveSettings())
    finally:
        owner.disown(lock)


def prune(folder: Path, *, head: Head, pins: list[Span], settings: LiveSettings) -> int:
    """Remove the segments of a journal that touch no pinned stretch, except the last; how many."""
    late = math.ceil(settings.late_s * (head.description.rate_hz or RR_RATE))
    known = [
        (path, begun)
        for _, path in segments_of(folder)
        if (begun := segment_begins(path, rows=head.description.width)) is not None
    ]
    gone = 0
    for (path, begun), (_, stop) in itertools.pairwise(known):
        if not any(start < stop and begun - late < end for start, end in pins):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _recovered(folder: Path, *, head: Head, settings: LiveSettings) -> Recovered:
    rows, rate = head.description.width, head.description.rate_hz or RR_RATE
    begun = [(path, segment_begins(path, rows=rows)) for _, path in segments_of(folder)]
    for path, number in begun:
        if number is None and path == begun[-1][0]:
            path.unlink()  # its first bytes never reached the disk, so no sample of it did
    known = [(path, number) for path, number in begun if number is not None]
    if not known:
        return Recovered(0, (), 0, math.nan)
    reached, held, came = known[-1][1], Spans(), math.nan
    oldest = reached
    since = reached - math.ceil(settings.late_s * rate)
    cut = 0
    for place, (path, begins) in enumerate(known):
        last = place == len(known) - 1
        if not last and known[place + 1][1] < since:
            continue
        oldest = min(oldest, begins)
        scan = Scan(path.read_bytes()[frames.SEGMENT_BYTES :], rows, at=frames.SEGMENT_BYTES)
        for frame in scan:
            held.add(frame.first, frame.stop)
            reached, came = max(reached, frame.stop), frame.came
        if last:
            cut = _cut(path, scan.whole)
    gaps = Spans([(oldest, reached)])
    for start, stop in held:
        gaps.remove(start, stop)
    _mend_events(folder, gaps=gaps, oldest=oldest)
    return Recovered(reached, tuple(gaps), cut, came)


def _mend_events(folder: Path, *, gaps: Spans, oldest: int) -> None:
    """Tell of gaps as they are: an event may have outlived its frame, or a frame its event."""
    told = Spans()
    for line in log.Log(folder / EVENTS).more():
        if line.get("kind") in ("gap", "filled"):
            (told.add if line["kind"] == "gap" else told.remove)(int(line["first"]), int(line["stop"]))
    told.remove(-1, oldest)
    wrong, untold = Spans(told), Spans(gaps)
    for start, stop in gaps:
        wrong.remove(start, stop)
    for start, stop in told:
        untold.remove(start, stop)
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    spans = [("filled", span) for span in wrong] + [("gap", span) for span in untold]
    said = [{"when": when, "kind": kind, "first": start, "stop": stop} for kind, (start, stop) in spans]
    log.append(folder / EVENTS, said)


def _sync(handle: int) -> None:
    """Make what a file holds durable; its times of access and change need not be."""
    getattr(os, "fdatasync", os.fsync)(handle)


def _cut(path: Path, whole: int) -> int:
    torn = path.stat().st_size - whole
    if torn > 0:
        os.truncate(path, whole)
    return max(torn, 0)


def _check_same(held: Description, given: Description) -> None:
    if (held.leads, held.rate_hz) != (given.leads, given.rate_hz):
        raise StreamError(
            f"a stream of {len(given.leads)} leads at {given.rate_hz:g} Hz for a journal of {len(held.leads)} leads at "
            f"{held.rate_hz:g} Hz",
            expected="the same leads and rate",
            remedy="begin another stream",
        )

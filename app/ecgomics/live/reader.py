"""`Reader`: a stream as any process sees it, its owner or another."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ecgomics.live import log
from ecgomics.live.block import Samples
from ecgomics.live.frames import SEGMENT_BYTES, Scan, segment_begins
from ecgomics.live.head import Head, read_head
from ecgomics.live.journal import BEATS, EVENTS, RR_RATE, STOP, TRENDS, segment_path, segments_of
from ecgomics.live.owner import is_owned
from ecgomics.live.ring import Ring
from ecgomics.live.source import STATES, State, Status
from ecgomics.live.spans import Span, Spans
from ecgomics.live.told import Beat, Event, Point
from ecgomics.settings import LiveSettings

KEEP_S = 60.0
"""How far back a reader holds samples in memory; older ones are read from the disk."""

MOST_BEATS = 50_000
MOST_EVENTS = 5_000
MOST_POINTS = 20_000


@dataclass
class _Place:
    """Where a reader is in the segments."""

    segment: int
    at: int


class Reader:
    """A stream's journal as it grows; each call takes in what has been written since the last.

    Parameters
    ----------
    folder
        The journal.

    Raises
    ------
    FormatError
        When the folder holds no journal that can be read here.

    Attributes
    ----------
    head
        What the stream is.
    came
        Arrival of the last sample, s since 1970; NaN before the first.
    """

    def __init__(self, folder: str | Path, *, settings: LiveSettings | None = None) -> None:
        self.folder = Path(folder)
        self.head: Head = read_head(self.folder)
        self.came = math.nan
        self._settings = settings or LiveSettings()
        self._rows = self.head.description.width
        self._rate = self.head.description.rate_hz or RR_RATE
        self._late = math.ceil(self._settings.late_s * self._rate)
        self._guard = threading.RLock()
        self._gaps = Spans()
        self._events: dict[str, Event] = {}
        self._beats: list[Beat] = []
        self._early: list[Beat] = []
        self._points: list[Point] = []
        self._lines = 0
        self._told = Status("connecting")
        self._logs = {name: log.Log(self.folder / name) for name in (EVENTS, BEATS, TRENDS)}
        self._owned = (0.0, True)
        self._begin()

    @property
    def id(self) -> str:
        """Name of the stream, unique beside its cohort."""
        return self.head.id

    # --- samples -------------------------------------------------------------------------------------------------

    @property
    def next(self) -> int:
        """Number of the sample to come."""
        with self._guard:
            self._take_samples()
            return self._ring.next

    @property
    def oldest(self) -> int:
        """Number of the oldest sample that has not been pruned."""
        with self._guard:
            self._take_samples()
            for _, path in segments_of(self.folder):
                begun = segment_begins(path, rows=self._rows)
                if begun is not None:
                    return begun
            return self._ring.next

    def since(self, first: int, *, most: int | None = None) -> tuple[int, Samples]:
        """Samples from a number on.

        Parameters
        ----------
        first
            Number of the first sample wanted; older ones than are kept are left out.
        most
            At most so many samples; all that there are when left out.

        Returns
        -------
        tuple
            Number of the first sample given, and the samples, dims (lead, time), float32 mV; NaN where none came.
        """
        with self._guard:
            self._take_samples()
            first = max(first, 0)
            stop = self._ring.next if most is None else min(self._ring.next, first + most)
            if first >= self._ring.oldest:
                first = min(first, self._ring.next)
                return first, self._ring.read(first, stop)
            first = max(first, self.oldest)
            return first, self.between(first, max(stop, first))

    def tail(self, seconds: float) -> tuple[int, Samples]:
        """The last seconds, as `since` gives them."""
        return self.since(self.next - round(seconds * self._rate))

    def between(self, first: int, stop: int) -> Samples:
        """Samples from a number to before another, dims (lead, time), float32 mV; NaN where none came or is kept."""
        values = np.full((self._rows, max(stop - first, 0)), np.nan, dtype=np.float32)
        for path, begun, ends in self._segments():
            if begun - self._late < stop and ends > first:
                self._fill(values, path, first=first)
        return values

    def _segments(self) -> list[tuple[Path, int, float]]:
        """Segments with the numbers of the sample to come when they were begun and when the next one was."""
        known = [
            (path, begun)
            for _, path in segments_of(self.folder)
            if (begun := segment_begins(path, rows=self._rows)) is not None
        ]
        ends = [*(begun for _, begun in known[1:]), math.inf]
        return [(path, begun, end) for (path, begun), end in zip(known, ends, strict=False)]

    def _fill(self, values: Samples, path: Path, *, first: int) -> None:
        stop = first + values.shape[1]
        for frame in Scan(_bytes_of(path, SEGMENT_BYTES), self._rows, at=SEGMENT_BYTES):
            start, end = max(frame.first, first), min(frame.stop, stop)
            if start < end:
                values[:, start - first : end - first] = frame.values[:, start - frame.first : end - frame.first]

    @property
    def gaps(self) -> tuple[Span, ...]:
        """Stretches of which no sample came: from a number to before another, in order."""
        with self._guard:
            self._take_events()
            return tuple(self._gaps)

    @property
    def silent_s(self) -> float:
        """Time since the last sample came, s; since the stream began, before the first."""
        with self._guard:
            self._take_samples()
            return max(0.0, time.time() - (self.head.started.timestamp() if math.isnan(self.came) else self.came))

    def came_at(self, number: int) -> float:
        """When a sample came, s since 1970, by the arrival of its frame or of the first one after it; NaN without."""
        best = math.nan
        nearest = math.inf
        for path, begun, ends in self._segments():
            if ends <= number:
                continue
            if begun - self._late > nearest:
                break
            for frame in Scan(_bytes_of(path, SEGMENT_BYTES), self._rows, at=SEGMENT_BYTES):
                if frame.stop > number and max(frame.first, number) < nearest:
                    nearest = max(frame.first, number)
                    best = frame.came - (frame.stop - number) / self._rate
        return best

    def time_of(self, number: int) -> datetime:
        """Time of day of a sample, UTC, by the number and the rate."""
        return self.head.started + timedelta(seconds=number / self._rate)

    # --- what is told --------------------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """How the stream is."""
        with self._guard:
            self._take_events()
            told, silent = self._told, self.silent_s
            if told.state == "ended":
                return told
            if silent > self._settings.silent_s:
                if not self._is_owned():
                    reason = told.reason if told.state == "lost" else ""
                    return Status("lost", told.battery, reason or "nobody takes it in: its process has ended")
                state: State = "connecting" if told.state == "connecting" and not self._ring.next else "lost"
                return Status(state, told.battery, told.reason or f"no sample for {silent:.0f} s")
            return Status("live", told.battery) if told.state != "lost" else told

    def beats_since(self, number: int) -> list[Beat]:
        """Beats from a sample number on, in order: the settled ones, then those that may still change."""
        with self._guard:
            self._take_beats()
            return [beat for beat in self._beats + self._early if beat.number >= number]

    def events_since(self, number: int) -> list[Event]:
        """Events that touch samples from a number on, in the order they were first told."""
        with self._guard:
            self._take_events()
            return [event for event in self._events.values() if event.stop is None or event.stop >= number]

    def trend_since(self, number: int) -> list[Point]:
        """Points of the trends from a sample number on."""
        with self._guard:
            for line in self._logs[TRENDS].more():
                try:
                    self._points.append(Point.of_line(line))
                except (KeyError, TypeError, ValueError):
                    continue
            del self._points[:-MOST_POINTS]
            return [point for point in self._points if point.number >= number]

    @property
    def rate_bpm(self) -> float:
        """Median rate of the last 8 beats, per minute; NaN without contact or without a beat for 6 s."""
        with self._guard:
            self._take_beats()
            last = (self._beats[-9:] + self._early)[-9:]
        if not last or self.status.state != "live":
            return math.nan
        now_s = self.next / self._rate if self.head.description.rate_hz else last[-1].time_s
        rr = [beat.rr_s for beat in last if now_s - beat.time_s < 12 and not math.isnan(beat.rr_s)]
        return 60.0 / float(np.median(rr)) if rr and now_s - last[-1].time_s < 6 else math.nan

    def ask_to_stop(self) -> None:
        """Ask whoever takes the stream in to end it; within half a second it does. One that nobody takes in has ended.

        Raises
        ------
        StreamError
            When the disk does not take the request.
        """
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        if is_owned(self.folder):
            log.append(self.folder / STOP, [{"when": when}])
            return
        at = self.next
        ended = {"kind": "status", "code": "ended", "text": "stopped", "first": at, "stop": at}
        log.append(self.folder / EVENTS, [{"when": when, **ended}])

    # --- taking in -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Go to where the samples that are held begin."""
        known = segments_of(self.folder)
        begun = {n: b for n, path in known if (b := segment_begins(path, rows=self._rows)) is not None}
        capacity = max(1, math.ceil(KEEP_S * self._rate))
        latest = max(begun, default=0)
        number = max((n for n, b in begun.items() if b <= begun[latest] - capacity), default=min(begun, default=0))
        self._ring = Ring(rows=self._rows, capacity=capacity, first=begun.get(number, 0))
        self._place = _Place(number, SEGMENT_BYTES)

    def _take_samples(self) -> None:
        while True:
            path = segment_path(self.folder, self._place.segment)
            following = segment_path(self.folder, self._place.segment + 1)
            complete = following.exists()
            data = _bytes_of(path, self._place.at)
            scan = Scan(data, self._rows, at=self._place.at)
            for frame in scan:
                self._ring.put(frame.first, frame.values)
                self.came = frame.came
            self._place.at = scan.whole
            if not complete:
                if not path.exists() and segments_of(self.folder):
                    self._begin()  # it slept for so long that its place was pruned
                    continue
                return
            self._place = _Place(self._place.segment + 1, SEGMENT_BYTES)

    def _take_events(self) -> None:
        for line in self._logs[EVENTS].more():
            try:
                self._lines += 1
                event = Event.of_line(line, place=self._lines)
            except (KeyError, TypeError, ValueError):
                continue
            if event.kind in ("gap", "filled") and event.stop is not None:
                (self._gaps.add if event.kind == "gap" else self._gaps.remove)(event.first, event.stop)
            if event.kind == "status":
                self._told = _status_of(line)
            earlier = self._events.get(event.id)
            self._events[event.id] = event if earlier is None else replace(event, when=earlier.when)
        for name in list(self._events)[:-MOST_EVENTS]:
            del self._events[name]

    def _take_beats(self) -> None:
        for line in self._logs[BEATS].more():
            try:
                self._take_line(line)
            except (KeyError, TypeError, ValueError):
                continue
        del self._beats[:-MOST_BEATS]

    def _take_line(self, line: dict[str, Any]) -> None:
        """A line of beats: early ones, all of a settled stretch, or other classes for some that were settled."""
        if "changed" in line:
            kinds = {int(number): int(kind) for number, kind in line["changed"]}
            self._beats = [
                replace(beat, beat_class=kinds[beat.number]) if beat.number in kinds else beat for beat in self._beats
            ]
            return
        settled = line.get("settled")
        beats = [Beat.of_line(beat, settled=settled is not None) for beat in line["beats"]]
        if settled is None:
            self._early += beats
            return
        first, stop = int(line["first"]), int(settled)
        if self._beats and self._beats[-1].number >= first:
            self._beats = [beat for beat in self._beats if not first <= beat.number < stop]
        self._beats += beats
        self._early = [beat for beat in self._early if beat.number >= stop]

    def _is_owned(self) -> bool:
        looked, owned = self._owned
        if time.monotonic() - looked > 1.0:
            owned = is_owned(self.folder)
            self._owned = (time.monotonic(), owned)
        return owned


def _status_of(line: dict[str, Any]) -> Status:
    state: State = next((state for state in STATES if state == line.get("code")), STATES[2])
    battery = line.get("battery")
    return Status(state, math.nan if battery is None else float(battery), str(line.get("text", "")))


def _bytes_of(path: Path, at: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read()
    except OSError:
        return b""

"""`WatchedStream`: a stream as Monitor watches it: the last minutes, beats, quality, and a recording that lasts."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ecgomics.errors import SignalError
from ecgomics.vocabulary import BEAT_CLASSES

if TYPE_CHECKING:
    from ecgomics.records import Record

KEEP_S = 300.0
"""How far back samples are kept, s."""

WINDOW_S = 12.0
"""Beats are found in windows this long; they overlap, and a beat counts once it is `SETTLE_S` old."""

SETTLE_S = 1.5
LATE_S = 3.0
"""Without a sample for this long a stream is out of contact."""

WATCHED = ("II", "V1", "V5")
"""Leads that beats are found in, where there are many."""

DAY_BEATS = 200_000
"""Beats kept: more than a day's."""

Status = Literal["live", "lost", "ended"]


@dataclass(frozen=True)
class Beat:
    """A beat: time since the stream began, s; index into BEAT_CLASSES; RR before it, s (NaN when unknown)."""

    time_s: float
    beat_class: int
    rr_s: float

    @property
    def name(self) -> str:
        """Its class in words."""
        return BEAT_CLASSES[self.beat_class]


@dataclass
class WatchedStream:
    """Samples by their number since the stream began; one thread may push while others look.

    Parameters
    ----------
    name
        What it is called on screen.
    leads
        Lead names.
    rate_hz
        Samples a second.
    origin
        What to say of where it comes from when no person is at the other end: "replay", "synthetic replay".
    """

    name: str
    leads: tuple[str, ...]
    rate_hz: float
    origin: str = ""
    battery: float = math.nan
    started: datetime = field(default_factory=datetime.now)
    beats: deque[Beat] = field(default_factory=lambda: deque(maxlen=DAY_BEATS))
    gaps: list[tuple[float, float]] = field(default_factory=list)
    quality: float = math.nan

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._size = int(KEEP_S * self.rate_hz)
        self._ring = np.full((len(self.leads), self._size), np.nan, dtype=np.float32)
        self._head = 0
        self._came = time.monotonic()
        self._ended = False
        self._judged = 0
        self._file: Any = None
        self._path: Path | None = None
        self._first = 0
        self._written = 0
        self._saved_at: datetime | None = None
        self._began: datetime | None = None

    # --- samples -------------------------------------------------------------------------------------------------

    @property
    def head(self) -> int:
        """Number of the sample to come."""
        return self._head

    @property
    def time_s(self) -> float:
        """Length so far, gaps included, s."""
        return self._head / self.rate_hz

    @property
    def status(self) -> Status:
        """Whether samples come."""
        if self._ended:
            return "ended"
        return "lost" if self.silent_s > LATE_S else "live"

    @property
    def silent_s(self) -> float:
        """Time since something came, s."""
        return time.monotonic() - self._came

    def end(self) -> None:
        """Nothing more will come; a recording is closed."""
        self._ended = True
        self.end_recording()

    def push(self, values: NDArray[np.float32], *, first: int) -> None:
        """Take samples in; numbers left out are a gap, those that came before are not taken again.

        Raises
        ------
        SignalError
            When there is not one row a lead.
        """
        if values.ndim != 2 or len(values) != len(self.leads):
            raise SignalError(f"samples of shape {values.shape}", expected=f"({len(self.leads)} leads, time)")
        with self._lock:
            new = values[:, max(0, self._head - first) :]
            if not new.shape[1]:
                return
            missing = max(0, first - self._head)
            if missing:
                self.gaps.append((self.time_s, (self._head + missing) / self.rate_hz))
            self._lay(np.full((len(new), min(missing, self._size)), np.nan, np.float32), skipped=missing)
            self._lay(new.astype(np.float32, copy=False), skipped=new.shape[1])
            self._came = time.monotonic()

    def _lay(self, values: NDArray[np.float32], *, skipped: int) -> None:
        self._head += skipped
        kept = values[:, -self._size :]
        places = np.arange(self._head - kept.shape[1], self._head) % self._size
        self._ring[:, places] = kept

    def since(self, number: int) -> tuple[int, NDArray[np.float32]]:
        """Samples from a number on, as far as they are kept: number of the first, and (lead, time), mV."""
        with self._lock:
            first = max(number, self._head - self._size, 0)
            return first, self._ring[:, np.arange(first, self._head) % self._size].copy()

    def tail(self, seconds: float) -> tuple[int, NDArray[np.float32]]:
        """The last seconds: number of the first sample, and (lead, time), mV."""
        return self.since(self._head - round(seconds * self.rate_hz))

    # --- what is found -------------------------------------------------------------------------------------------

    @property
    def rate_bpm(self) -> float:
        """Median rate of the last 8 beats, per minute; NaN without contact or beats of the last 6 s."""
        with self._lock:
            recent = [beat for beat in list(self.beats)[-9:] if self.time_s - beat.time_s < WINDOW_S]
        rr = [beat.rr_s for beat in recent if math.isfinite(beat.rr_s)]
        if self.status != "live" or not rr or self.time_s - recent[-1].time_s > 6:
            return math.nan
        return 60.0 / float(np.median(rr))

    def analyse(self) -> list[Beat]:
        """Find the beats of what has come since the last time; those that are new."""
        from ecgomics.waves import delineate

        first, values = self.tail(WINDOW_S)
        if values.shape[1] < 3 * self.rate_hz or self._head - self._judged < 0.5 * self.rate_hz:
            return []
        self._judged = first + values.shape[1]
        if np.isnan(values).all():
            self.quality = 0.0
            return []
        rows = [self.leads.index(lead) for lead in WATCHED if lead in self.leads] or [0]
        ecg = xr.DataArray(values[rows], dims=("lead", "time"), coords={"lead": [self.leads[row] for row in rows]})
        ecg.attrs.update(rate_hz=self.rate_hz, units="mV")
        try:
            found = delineate(ecg)
        except SignalError:
            self.quality = 0.0
            return []
        self.quality = float(found.quality["record_quality"].values[0])
        times = found.beats["r_s"].values + first / self.rate_hz
        return self._settle(times, found.beats["beat_class"].values)

    def _settle(self, times: NDArray[Any], classes: NDArray[Any]) -> list[Beat]:
        with self._lock:
            last = self.beats[-1].time_s if self.beats else -math.inf
            new: list[Beat] = []
            for moment, kind in zip(times.tolist(), classes.tolist(), strict=True):
                if moment < last + 0.2 or moment > self.time_s - SETTLE_S:
                    continue
                parted = any(start < moment and stop > last for start, stop in self.gaps[-8:])
                new.append(Beat(moment, int(kind), math.nan if parted or last == -math.inf else moment - last))
                last = moment
            self.beats.extend(new)
        return new

    # --- recording -----------------------------------------------------------------------------------------------

    @property
    def recording(self) -> bool:
        """Whether it is being recorded."""
        return self._file is not None

    @property
    def recorded_s(self) -> float:
        """Length of the recording that lies on disk, s."""
        return self._written / self.rate_hz

    @property
    def saved_at(self) -> datetime | None:
        """When the last durable second was written."""
        return self._saved_at

    @property
    def recording_began(self) -> datetime | None:
        """When the last recording was begun."""
        return self._began

    def begin_recording(self, folder: Path) -> Path:
        """Begin a file of float32 mV, interleaved by lead; NaN where a sample is missing."""
        with self._lock:
            self.end_recording()
            folder.mkdir(parents=True, exist_ok=True)
            self._began = datetime.now()
            self._path = folder / f"{datetime.now():%Y%m%d-%H%M%S-%f}.f32"
            self._file = self._path.open("xb")
            self._first, self._written = self._head, 0
            return self._path

    def save(self) -> None:
        """Put what has come on disk, so that a power cut does not take it."""
        with self._lock:
            if self._file is None:
                return
            _, values = self.since(self._first + self._written)
            if values.shape[1]:
                self._file.write(np.ascontiguousarray(values.T).tobytes())
                self._file.flush()
                os.fsync(self._file.fileno())
                self._written += values.shape[1]
                self._saved_at = datetime.now()

    def end_recording(self) -> None:
        """Write the rest and close the file."""
        with self._lock:
            self.save()
            if self._file is not None:
                self._file.close()
                self._file = None

    def recorded(self) -> NDArray[np.float32]:
        """What was recorded last, (lead, time), mV. Raises SignalError when nothing was."""
        with self._lock, contextlib.suppress(OSError):
            if self._path is not None and self._written:
                return np.fromfile(self._path, dtype=np.float32).reshape(-1, len(self.leads)).T.copy()
        raise SignalError("a stream of which nothing was recorded", expected="a recording", remedy="press record first")


def as_record(stream: WatchedStream) -> Record:
    """What was recorded last, as `records.read` would give it. Raises SignalError when nothing was."""
    from ecgomics.records import Label, Record

    ecg = xr.DataArray(stream.recorded(), dims=("lead", "time"), coords={"lead": list(stream.leads)})
    ecg.attrs.update(rate_hz=stream.rate_hz, units="mV")
    return Record(
        ecg=ecg,
        native_hz=stream.rate_hz,
        source=stream.name,
        start=stream.recording_began,
        device="" if stream.origin else "Polar H10",
        labels=(Label("synthetic", "replay", 100),) if "synthetic" in stream.origin else (),
        notes=("recorded in Monitor", *((f"a {stream.origin} of a record",) if stream.origin else ())),
    )

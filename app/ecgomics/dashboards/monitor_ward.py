"""`Ward`: the streams of a server, watched by one thread whether or not somebody looks."""

from __future__ import annotations

import functools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics.dashboards.monitor_events import Happening, Watcher
from ecgomics.dashboards.monitor_strap import RATE_HZ, Intake, sender_of
from ecgomics.dashboards.monitor_streams import WatchedStream
from ecgomics.errors import EcgomicsError

STEP_S = 0.1
LOOK_S = 1.0
SAVE_S = 0.5
CHART_S = 5.0
DAY_POINTS = int(86_400 / CHART_S)
MOST_STREAMS = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Point:
    """What a trend is made of: time since the stream began, s; rate, per minute; quality; ventricular beats so far."""

    time_s: float
    rate: float
    quality: float
    ventricular: int


@dataclass
class Replay:
    """A record played as if it came now, from its beginning again when it ends."""

    values: NDArray[np.float32]
    rate_hz: float
    speed: float
    began: float = field(default_factory=time.monotonic)

    def feed(self, stream: WatchedStream) -> None:
        """Hand over what is due."""
        due = int((time.monotonic() - self.began) * self.rate_hz * self.speed)
        due = min(due, stream.head + int(10 * self.rate_hz * self.speed))
        if due > stream.head:
            places = np.arange(stream.head, due) % self.values.shape[1]
            stream.push(self.values[:, places], first=stream.head)


@dataclass
class Bed:
    """A stream with what watches it and how it is drawn."""

    key: str
    stream: WatchedStream
    replay: Replay | None = None
    intake: Intake | None = None
    sender: str = ""
    gain: float = 10.0
    lead: str = ""
    chart: deque[Point] = field(default_factory=lambda: deque(maxlen=DAY_POINTS))

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.stream)
        self._looked = self._saved = self._charted = 0.0

    def step(self, now: float) -> None:
        """What is due at a moment: samples of a replay, beats, the recording, a point of the trends."""
        if self.replay is not None:
            self.replay.feed(self.stream)
        if now - self._saved >= SAVE_S:
            self._saved = now
            self.stream.save()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self.watcher.look(self.stream.analyse())
        if now - self._charted >= CHART_S:
            self._charted = now
            quality = self.stream.quality if self.stream.status == "live" else math.nan
            point = Point(self.stream.time_s, self.stream.rate_bpm, quality, self.watcher.ventricular)
            self.chart.append(point)


class Ward:
    """The streams of one cohort's server.

    Parameters
    ----------
    path
        The cohort; recordings are kept beside it.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.with_name(f"{path.name}.recordings")
        self.beds: dict[str, Bed] = {}
        self._gone: set[str] = set()
        self._lock = threading.Lock()
        self._count = 0
        self._thread: threading.Thread | None = None

    def replay(self, ecg: Any, *, name: str, speed: float, origin: str = "replay") -> Bed:
        """Play a record's (lead, time) as a stream. Raises EcgomicsError when there are too many streams."""
        rate = float(ecg.attrs["rate_hz"])
        leads = tuple(str(lead) for lead in ecg["lead"].values)
        stream = WatchedStream(name, leads, rate, origin=origin)
        lead = "II" if "II" in leads else leads[0]
        values = np.asarray(ecg.values, dtype=np.float32)
        return self._add(Bed("", stream, replay=Replay(values, rate, min(max(speed, 0.25), 20.0)), lead=lead))

    def take(self, message: Mapping[str, Any]) -> dict[str, int]:
        """Samples a browser sends of its strap; what to tell it: sender → number of the first sample still to come.

        Raises
        ------
        EcgomicsError
            For a broken message, or too many streams.
        """
        sender = sender_of(message)
        if sender in self._gone:
            return {sender: -1}
        bed = next((bed for bed in self.beds.values() if bed.sender == sender), None)
        if bed is None:
            intake = Intake()
            intake.take({**message, "packets": []})
            stream = WatchedStream(intake.label, ("chest strap",), RATE_HZ)
            bed = self._add(Bed("", stream, intake=intake, sender=sender, gain=15.0))
        if bed.intake is None:
            return {}
        for piece in bed.intake.take(message):
            bed.stream.push(piece.values[None, :], first=piece.first)
        bed.stream.battery = bed.intake.battery
        return {sender: bed.intake.next}

    def remove(self, key: str) -> None:
        """End a stream; its recording is closed first."""
        with self._lock:
            bed = self.beds.pop(key, None)
        if bed is not None:
            self._gone |= {bed.sender} - {""}
            bed.stream.end()

    def record(self, key: str) -> None:
        """Begin to record a stream."""
        if key in self.beds:
            self.beds[key].stream.begin_recording(self.folder)

    def event(self, number: int) -> tuple[Bed, Happening] | None:
        """An event with the bed it belongs to."""
        for bed in list(self.beds.values()):
            for event in bed.watcher.events:
                if event.id == number:
                    return bed, event
        return None

    def events(self) -> list[tuple[Bed, Happening]]:
        """The events of all streams, newest first."""
        pairs = [(bed, event) for bed in list(self.beds.values()) for event in list(bed.watcher.events)]
        return sorted(pairs, key=lambda pair: pair[1].when, reverse=True)

    def _add(self, bed: Bed) -> Bed:
        with self._lock:
            if len(self.beds) >= MOST_STREAMS:
                raise EcgomicsError(
                    f"more than {MOST_STREAMS} streams", expected="fewer", remedy="remove one from the page"
                )
            self._count += 1
            bed.key = f"s{self._count}"
            self.beds[bed.key] = bed
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
                self._thread.start()
        return bed

    def _run(self) -> None:
        while self.beds:
            for bed in list(self.beds.values()):
                try:
                    bed.step(time.monotonic())
                except Exception:  # one stream's trouble must not end the others'
                    logger.exception("a stream could not be watched")
            time.sleep(STEP_S)


@functools.cache
def ward_of(path: Path) -> Ward:
    """The ward of a cohort: one for the whole process."""
    return Ward(path)

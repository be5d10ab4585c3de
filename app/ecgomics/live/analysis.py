"""`Watch`: what is found in a stream while it comes: early beats, settled beats, findings, quality, trends."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ecgomics.errors import SignalError
from ecgomics.live.block import Samples
from ecgomics.live.journal import RR_RATE
from ecgomics.live.rhythm import LEAST_QUALITY, WINDOW_S, Judge, Rhythm
from ecgomics.live.settling import Settled, Settler, quality_of, without_leads
from ecgomics.live.source import Description
from ecgomics.live.told import Beat, Event, Point
from ecgomics.vocabulary import BEAT_CLASSES, MARKS

LOOK_S = 12.0
"""Signal that is looked at for early beats and findings, s."""

LEAST_LOOK_S = 3.0
AHEAD_S = 0.6
"""A beat is told early when so much signal has come after its R peak, s."""

REFRACTORY_S = 0.2
POINT_S = 5.0
HRV_S, LEAST_HRV_S = 300.0, 60.0
RECENT = 8
CONTEXT = 300
"""Settled beats whose shapes early ones are compared with."""

NORMAL, VENTRICULAR, UNCLASSIFIABLE = (BEAT_CLASSES.index(name) for name in ("normal", "ventricular", "unclassifiable"))
QRS_ON = MARKS.index("qrs_on")
PACING_HZ = 200.0


@dataclass
class Told:
    """What a step found, in the order it goes into the journal."""

    early: list[Beat] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)


class Watch:
    """Watches one stream, in memory that does not grow with it.

    Parameters
    ----------
    about
        What the stream is.
    first
        Number of the first sample it will be given; windows are laid from there on.

    Notes
    -----
    Beats are told twice. *Early*, `AHEAD_S` after their R peak, from the last seconds: findings go by these. *Settled*,
    at most 40 s later, from the windows the offline engine uses for a record that begins with the stream (or with the
    last recording begun, see `align`): these take the place of the early ones.
    """

    def __init__(self, about: Description, *, first: int = 0) -> None:
        self.about = about
        self.quality = math.nan
        self._rate = about.rate_hz
        self._settler = Settler(rows=about.width, rate_hz=about.rate_hz)
        self._settler.begin_at(first)
        self._judge = Judge(rate_hz=about.rate_hz)
        self._last: Beat | None = None
        self._rates: deque[float] = deque(maxlen=RECENT)
        self._normal: deque[tuple[float, float]] = deque(maxlen=2000)
        self._ventricular = 0
        self._point = first

    @property
    def next(self) -> int:
        """Number of the sample to come."""
        return self._settler.ring.next

    def align(self, first: int) -> None:
        """Settle beats from a number on as in a record that begins there."""
        self._settler.align(first)

    def take(self, first: int, values: Samples) -> Told:
        """Take samples in, as `Reader.since` gives them, and settle what is due."""
        told = Told()
        step = max(1, self._settler.ring.capacity // 4)
        for start in range(0, values.shape[1], step):
            self._settler.ring.put(first + start, values[:, start : start + step])
            while (done := self._settler.step()) is not None:
                self._settle(done, told)
        return told

    def look(self) -> Told:
        """Look at the last seconds: early beats, findings, a point of the trends."""
        told = Told()
        ring, rate = self._settler.ring, self._rate
        begin = max(ring.next - round(LOOK_S * rate), ring.oldest)
        if ring.next - begin >= LEAST_LOOK_S * rate:
            self._look(begin, told)
        if ring.next - self._point >= POINT_S * rate:
            self._point = ring.next
            told.points.append(self._trend())
        return told

    def finish(self) -> Told:
        """Settle what is left when nothing more comes."""
        told = Told()
        for done in self._settler.finish():
            self._settle(done, told)
        told.events += self._judge.end(now=self.next)
        return told

    # --- inside --------------------------------------------------------------------------------------------------

    def _settle(self, done: Settled, told: Told) -> None:
        told.settled.append(done)
        for beat in done.beats:
            self._ventricular += beat.beat_class == VENTRICULAR
            if beat.beat_class == NORMAL and not math.isnan(beat.rr_s):
                self._normal.append((beat.time_s, beat.rr_s))
        if self._last is None or (done.beats and done.beats[-1].number > self._last.number):
            self._last = done.beats[-1] if done.beats else self._last

    def _look(self, begin: int, told: Told) -> None:
        from ecgomics.waves.classes import classify
        from ecgomics.waves.detection import detect
        from ecgomics.waves.found import joined

        ring, rate = self._settler.ring, self._rate
        values = ring.read(begin, ring.next)
        if np.isnan(values).all():
            self.quality = 0.0
            return
        try:
            piece = detect(values[None], rate=rate)
        except SignalError:
            self.quality = 0.0
            return
        survey = piece.survey.row(0)
        self.quality = quality_of(survey.score, piece.agreement[0], survey.seconds)
        found = piece.found[0].later(begin / rate)
        front = ring.next / rate - AHEAD_S
        found = found.take(found.r <= front)
        known = self._settler.remembered(most=CONTEXT)
        slim = without_leads(found)
        kinds, _ = classify(slim if known is None else joined([known.found, slim]))
        kinds = kinds[len(kinds) - len(found.r) :]
        told.early += self._early(found.r, kinds, found.certainty)
        if self.quality >= LEAST_QUALITY:
            self._judge_now(found.r, kinds, found.marks, len(piece.spikes[0]), told)

    def _early(
        self, r: npt.NDArray[np.float64], kinds: npt.NDArray[np.int8], certainty: npt.NDArray[np.float32]
    ) -> list[Beat]:
        told: list[Beat] = []
        for moment, kind, sure in zip(r.tolist(), kinds.tolist(), certainty.tolist(), strict=True):
            last = self._last
            if last is not None and moment < last.time_s + REFRACTORY_S:
                continue
            rr = math.nan if last is None or self._missing(last.time_s, moment) else moment - last.time_s
            beat = Beat(round(moment * self._rate), moment, int(kind), rr, min(max(sure, 0.0), 1.0), settled=False)
            told.append(beat)
            self._rates.append(rr)
            self._last = beat
        return told

    def _judge_now(
        self,
        r: npt.NDArray[np.float64],
        kinds: npt.NDArray[np.int8],
        marks: npt.NDArray[np.float64],
        spikes: int,
        told: Told,
    ) -> None:
        ring, rate = self._settler.ring, self._rate
        now = ring.next / rate
        late = r >= now - AHEAD_S - WINDOW_S
        rr = np.diff(r, prepend=np.nan)
        for place in range(1, len(r)):
            if self._missing(r[place - 1], r[place]):
                rr[place] = math.nan
        rr[np.cumsum(late) == 1] = math.nan  # the window's first interval began before it
        front = now - AHEAD_S
        waits = len(r) > 0 and not self._missing(r[-1], front)
        rhythm = Rhythm(
            r[late],
            rr[late],
            kinds[late],
            marks=marks[late],
            open_s=front - float(r[-1]) if waits else 0.0,
            spikes=float(spikes) if rate >= PACING_HZ else math.nan,
            begin_s=max(ring.oldest, ring.next - round(LOOK_S * rate)) / rate,
        )
        told.events += self._judge.look(rhythm, now=ring.next)

    def _missing(self, start_s: float, stop_s: float) -> bool:
        """Whether samples are missing between two moments."""
        ring = self._settler.ring
        first, stop = max(int(start_s * self._rate), ring.oldest), min(int(stop_s * self._rate), ring.next)
        return bool(np.isnan(ring.read(first, stop)).all(axis=0).sum() > 0.1 * self._rate)

    def _trend(self) -> Point:
        now = self.next / self._rate
        rr = [value for value in self._rates if not math.isnan(value)]
        fresh = self._last is not None and now - self._last.time_s < 6
        rate = 60 / float(np.median(rr)) if rr and fresh else math.nan
        return Point(self.next, rate, self.quality, rmssd_of(self._normal, now=now), self._ventricular)


class IntervalWatch:
    """Watches a stream of RR intervals: beats are the intervals' ends.

    Parameters
    ----------
    about
        What the stream is.
    first
        Number of the first interval it will be given.
    """

    def __init__(self, about: Description, *, first: int = 0) -> None:
        self.about = about
        self.quality = math.nan
        self._next = first
        self._time_s = first / RR_RATE
        self._beats: deque[Beat] = deque(maxlen=2000)
        self._judge = Judge(rate_hz=1.0)
        self._fresh = False
        self._point_s = 0.0

    @property
    def next(self) -> int:
        """Number of the interval to come."""
        return self._next

    def align(self, first: int) -> None:
        """Nothing hangs on where a recording begins."""

    def take(self, first: int, values: Samples) -> Told:
        """Take intervals in; a missing one counts as half a second and parts what is before from what is after."""
        told = Told()
        beats: list[Beat] = []
        for number, rr in enumerate(values[0].tolist(), start=first):
            known = math.isfinite(rr) and 0.2 <= rr <= 10
            self._time_s += rr if known else 1 / RR_RATE
            if known:
                beats.append(Beat(number, self._time_s, UNCLASSIFIABLE, rr, 1.0, settled=True))
        self._beats.extend(beats)
        told.settled.append(Settled(first, first + values.shape[1], beats))
        self._next = first + values.shape[1]
        self._fresh = self._fresh or bool(beats)
        return told

    def look(self) -> Told:
        """Findings of the last seconds of intervals, and a point of the trends."""
        told = Told()
        if not self._fresh:
            return told
        self._fresh = False
        late = [beat for beat in self._beats if beat.time_s > self._time_s - 2 * WINDOW_S]
        r = np.array([beat.time_s for beat in late])
        rr = np.array([beat.rr_s for beat in late])
        kinds = np.full(len(late), UNCLASSIFIABLE, dtype=np.int8)
        for event in self._judge.look(Rhythm(r, rr, kinds), now=round(self._time_s)):
            told.events.append(self._numbered(event))
        if self._time_s - self._point_s >= POINT_S:
            self._point_s = self._time_s
            recent = [beat.rr_s for beat in late[-RECENT:]]
            steady = [(beat.time_s, beat.rr_s) for beat in self._beats]
            rmssd = rmssd_of(steady, now=self._time_s)
            told.points.append(Point(self._next, 60 / float(np.median(recent)), math.nan, rmssd, 0))
        return told

    def finish(self) -> Told:
        """What is open ends."""
        return Told(events=[self._numbered(event) for event in self._judge.end(now=round(self._time_s))])

    def _numbered(self, event: Event) -> Event:
        """The judge counts seconds here, the stream intervals."""
        stop = None if event.stop is None else self._number_at(event.stop)
        return replace(event, first=self._number_at(event.first), stop=stop)

    def _number_at(self, time_s: float) -> int:
        return next((beat.number for beat in self._beats if beat.time_s >= time_s - 0.5), self._next)


def rmssd_of(normal: deque[tuple[float, float]] | list[tuple[float, float]], *, now: float) -> float:
    """RMSSD of the normal intervals of the last minutes, ms; NaN of less than one minute of them.

    Only intervals that follow each other count, and none that differs from the one before by more than a fifth: of a
    stream it is not known yet what is an artefact.
    """
    late = [(time_s, rr) for time_s, rr in normal if time_s > now - HRV_S]
    if not late or late[-1][0] - late[0][0] < LEAST_HRV_S - 2:
        return math.nan
    steps = [
        after - before
        for (at, before), (then, after) in itertools.pairwise(late)
        if abs(then - at - after) < 0.01 and abs(after / before - 1) < 0.2
    ]
    return 1000 * math.sqrt(float(np.mean(np.square(steps)))) if len(steps) >= 30 else math.nan


def watch_of(about: Description, *, first: int = 0) -> Watch | IntervalWatch:
    """What watches a stream of this description."""
    return Watch(about, first=first) if about.rate_hz else IntervalWatch(about, first=first)

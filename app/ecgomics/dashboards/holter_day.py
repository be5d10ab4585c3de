"""`Day`: a long recording as a Holter reader sees it: beats, rate, what could not be read, and its trends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.dashboards.census import Census
from ecgomics.errors import CohortError

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

COLUMN_S = 5.0
"""Stretches in which the signal is looked for: an electrode that fell off leaves at least one without any."""

MINUTE_S = 60.0
HOUR_S = 3600.0
TREND_S = 300.0
"""Stretches of the short-term variability (Task Force, Circulation 1996;93:1043)."""

SHORTEST_RR_S = 0.24
LONGEST_RR_S = 4.0


@dataclass(frozen=True)
class Day:
    """One long recording.

    Parameters
    ----------
    record, source, person
        Its id, what its file calls it, and who was recorded.
    start
        When it began; None when not known: times then count from the start.
    duration_s, rate_hz, leads
        Of the recording.
    r_s, rr_s
        Time of each beat and interval from the one before, s (float64, beat); NaN for an interval not known.
    kind
        Class of each beat, index into `vocabulary.BEAT_CLASSES` (int8, beat).
    quality
        Of each beat, 0 to 1 (float64, beat).
    gaps
        Stretches without a signal in any lead (float64, (gap, [start_s, stop_s])).
    """

    record: str
    source: str
    person: str
    start: datetime | None
    duration_s: float
    rate_hz: float
    leads: tuple[str, ...]
    r_s: Floats
    rr_s: Floats
    kind: npt.NDArray[np.int8]
    quality: Floats
    gaps: Floats
    swing_mv: float = 1.0
    """Height of the largest lead, mV: from the lowest to the highest of a typical five seconds."""

    @property
    def unreadable_s(self) -> float:
        """How long nothing could be read, s."""
        return float((self.gaps[:, 1] - self.gaps[:, 0]).sum())

    @cached_property
    def known(self) -> Bools:
        """Which intervals (bool, beat) are intervals: plausible, and without a gap inside."""
        known = np.isfinite(self.rr_s) & (self.rr_s >= SHORTEST_RR_S)
        for start, stop in self.gaps:
            known &= (self.r_s < start) | (self.r_s - np.nan_to_num(self.rr_s) > stop)
        return known

    @cached_property
    def steady(self) -> Bools:
        """Which intervals (bool, beat) lie between two normal beats; the others say nothing of the sinus node."""
        normal = self.kind == 0
        return self.known & normal & np.r_[False, normal[:-1]] & (self.rr_s <= LONGEST_RR_S)

    def over(self, step_s: float) -> int:
        """How many stretches of a length the recording has."""
        return max(1, int(np.ceil(self.duration_s / step_s)))

    def place(self, step_s: float) -> npt.NDArray[np.int64]:
        """Which stretch each beat lies in (int64, beat)."""
        return np.minimum((self.r_s // step_s).astype(np.int64), self.over(step_s) - 1)

    def rate_by(self, step_s: float) -> tuple[Floats, Floats, Floats]:
        """Lowest, mean and highest rate of each stretch, /min (float64, stretch); the extremes are means of 8 beats.

        NaN where less than half of a stretch's time is covered by known intervals.
        """
        size, rr, at = self.over(step_s), self.rr_s[self.known], self.place(step_s)[self.known]
        covered = np.bincount(at, weights=rr, minlength=size)
        count = np.bincount(at, minlength=size)
        enough = covered >= 0.5 * np.minimum(step_s, self.duration_s)
        mean = np.where(enough, 60.0 * count / np.maximum(covered, 1e-9), np.nan)
        low, high = np.full(size, np.inf), np.full(size, -np.inf)
        if len(rr) >= SMOOTHED:
            smooth = np.convolve(rr, np.ones(SMOOTHED) / SMOOTHED, mode="valid")
            rates, where = 60.0 / smooth, at[SMOOTHED // 2 : SMOOTHED // 2 + len(smooth)]
            np.minimum.at(low, where, rates)
            np.maximum.at(high, where, rates)
        low, high = (np.where(np.isfinite(edge), edge, mean) for edge in (low, high))
        return np.where(enough, low, np.nan), mean, np.where(enough, high, np.nan)

    def counts_by(self, step_s: float, *, kind: int) -> Floats:
        """Beats of a class in each stretch (float64, stretch); NaN where no beat was found."""
        size, at = self.over(step_s), self.place(step_s)
        counts = np.bincount(at[self.kind == kind], minlength=size).astype(float)
        return np.where(np.bincount(at, minlength=size) > 0, counts, np.nan)

    def quality_by(self, step_s: float) -> Floats:
        """Mean quality of the beats in each stretch, 0 to 1 (float64, stretch); NaN where no beat was found."""
        size, at = self.over(step_s), self.place(step_s)
        count = np.bincount(at, minlength=size)
        total = np.bincount(at, weights=np.nan_to_num(self.quality), minlength=size)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def rmssd_by(self, step_s: float = TREND_S, *, but: Bools | None = None) -> Floats:
        """RMSSD of each stretch, ms (float64, stretch), of intervals between normal beats.

        Parameters
        ----------
        step_s
            Length of a stretch, s.
        but
            Beats to leave out (bool, beat), as those of an irregular rhythm.
        """
        use = self.steady if but is None else self.steady & ~but
        pair = use & np.r_[False, use[:-1]]
        difference = np.diff(self.rr_s, prepend=np.nan)
        size, at = self.over(step_s), self.place(step_s)[pair]
        count = np.bincount(at, minlength=size)
        squares = np.bincount(at, weights=difference[pair] ** 2, minlength=size)
        return np.where(count >= LEAST_PAIRS, 1000.0 * np.sqrt(squares / np.maximum(count, 1)), np.nan)

    def clock(self, time_s: float) -> str:
        """A moment as the clock showed it, or as time since the start."""
        if self.start is not None:
            return (self.start + pd.Timedelta(seconds=float(time_s))).strftime("%H:%M:%S")
        seconds = int(time_s)
        return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


SMOOTHED = 8
LEAST_PAIRS = 30


def day_of(source: Census | Cohort, record: str) -> Day:
    """Read a long recording of a cohort for a Holter reader.

    Raises
    ------
    CohortError
        When its beats were not found yet, or there is no such record.
    """
    census = source if isinstance(source, Census) else Census(source)
    cohort = census.cohort
    at = census.at(record)
    duration = float(census.duration_s[at])
    r_s, rr_s, kind, quality = _beats(cohort, record)
    glance = cohort.window(record, 0.0, duration, max(1, round(duration / COLUMN_S)))
    start = cohort.records["start"].get(record) if "start" in cohort.records else None
    from ecgomics.wording import person

    return Day(
        record=record,
        source=str(census.source[at]),
        person=person(float(census.age[at]), str(census.sex[at])),
        start=None if start is None or pd.isna(start) else pd.Timestamp(start).to_pydatetime(),
        duration_s=duration,
        rate_hz=float(glance.attrs["rate_hz"]),
        leads=tuple(str(lead) for lead in glance["lead"].values),
        r_s=r_s,
        rr_s=rr_s,
        kind=kind,
        quality=quality,
        gaps=_gaps(glance, duration),
        swing_mv=_swing(glance),
    )


def _beats(cohort: Any, record: str) -> tuple[Floats, Floats, npt.NDArray[np.int8], Floats]:
    """The few columns a day needs of one record's beats; with its marks a day of twelve leads would be 100 MB."""
    beats = cohort.beats
    counts = np.asarray(beats["beat_count"].values)
    places = np.flatnonzero(beats["record"].values.astype(str) == record)
    if not len(places):
        raise CohortError("no beats of this record", expected="an analysed cohort", remedy="run: ecgomics analyse")
    first = int(counts[: places[0]].sum())
    own = beats.drop_vars(["beat_count", "record"]).isel(beat=slice(first, first + int(counts[places[0]])))
    r_s, rr_s = (np.asarray(own[name].values, dtype=float) for name in ("r_s", "rr_s"))
    return r_s, rr_s, np.asarray(own["beat_class"].values, dtype=np.int8), np.asarray(own["beat_quality"].values, float)


def _gaps(glance: Any, duration_s: float) -> Floats:
    if glance.attrs["kind"] == "samples":
        silent = np.isnan(glance["ecg"].values).all(axis=0)
        times = np.arange(len(silent)) / float(glance.attrs["rate_hz"])
        starts, stops = times, np.r_[times[1:], duration_s]
    else:
        silent = np.isnan(glance["low"].values).all(axis=0)
        starts, stops = glance["start_s"].values, glance["stop_s"].values
    return stretches(silent, starts, stops)


def _swing(glance: Any) -> float:
    if glance.attrs["kind"] == "samples":
        values = glance["ecg"].values
        heights = np.nanmax(values, axis=1) - np.nanmin(values, axis=1) if np.isfinite(values).any() else [1.0]
    else:
        columns = glance["high"].values - glance["low"].values
        known = columns[:, np.isfinite(columns).any(axis=0)]
        heights = np.nanmedian(known, axis=1) if known.size else [1.0]
    return float(np.nan_to_num(np.nanmax(heights), nan=1.0))


def stretches(chosen: Bools, starts: Floats, stops: Floats) -> Floats:
    """Neighbouring stretches that are chosen, joined: (stretch, [start, stop])."""
    edges = np.flatnonzero(np.diff(np.r_[False, chosen, False].astype(np.int8)))
    first, last = edges[::2], edges[1::2] - 1
    return np.stack([starts[first], stops[last]], axis=1) if len(first) else np.empty((0, 2))

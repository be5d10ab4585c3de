"""A cohort's recordings as a strip asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.dashboards.census import Census
from ecgomics_widgets import Window

WHOLE_S = 60.0
"""Recordings up to this long are handed over whole."""


class LongRecording:
    """A recording too long to hand over whole: the cohort is asked for every stretch that is looked at.

    Parameters
    ----------
    cohort
        An open `Cohort`.
    record
        Its id.
    leads, rate_hz, duration_s
        What is known of it.
    """

    def __init__(self, cohort: Any, record: str, *, leads: tuple[str, ...], rate_hz: float, duration_s: float) -> None:
        self._cohort = cohort
        self._record = record
        self.leads = leads
        self.rate_hz = rate_hz
        self.duration_s = duration_s

    def window(self, t0: float, t1: float, width: int) -> Window:
        """The stretch from `t0` to `t1` s for `width` columns: samples, or exact minima and maxima."""
        found = self._cohort.window(self._record, t0, t1, width)
        if found.attrs["kind"] == "samples":
            times = found["time"].values if "time" in found.coords else np.array([t0])
            start = float(times[0]) if len(times) else t0
            return Window(np.asarray(found["ecg"].values, dtype=np.float32), start, 1 / self.rate_hz)
        both = np.stack([found["low"].values, found["high"].values], axis=2).astype(np.float32)
        start_s, stop_s = found["start_s"].values, found["stop_s"].values
        if not len(start_s):
            return Window(both, t0, 1.0)
        # columns end on whole samples, so one alone is up to a sample off; all together are right
        return Window(both, float(start_s[0]), float(stop_s[-1] - start_s[0]) / len(start_s))


def recording_of(census: Census, record: str) -> Any:
    """What a `Strip` shows of a record: its samples (lead, time), mV, or for a long one a source of stretches."""
    duration = float(census.duration_s[census.at(record)])
    if not duration > WHOLE_S or not hasattr(census.cohort, "window"):
        return census.cohort.ecg(record)
    glance = census.cohort.window(record, 0.0, duration, 1)
    leads = tuple(str(lead) for lead in glance["lead"].values)
    return LongRecording(
        census.cohort, record, leads=leads, rate_hz=float(glance.attrs["rate_hz"]), duration_s=duration
    )


def facts_of(census: Census, record: str) -> str:
    """Sampling rate of the device and length of a recording, as far as known: ``500 Hz · 10 s``."""
    at = census.at(record)
    rate, seconds = float(census.native_hz[at]), float(census.duration_s[at])
    parts = [f"{rate:g} Hz" if np.isfinite(rate) else "", _length(seconds)]
    return " · ".join(part for part in parts if part)


def _length(seconds: float) -> str:
    if not np.isfinite(seconds):
        return ""
    if seconds < 120:
        return f"{seconds:.4g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

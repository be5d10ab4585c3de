"""A cohort's recordings as a strip asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.dashboards.census import Census
from ecgomics.notebook import WHOLE_S, LongRecording

__all__ = ["WHOLE_S", "LongRecording", "earlier_of", "facts_of", "recording_of"]


def recording_of(census: Census, record: str) -> Any:
    """What a `Strip` shows of a record: its samples (lead, time), mV, or for a long one a source of stretches."""
    duration = float(census.duration_s[census.at(record)])
    if not duration > WHOLE_S or not hasattr(census.cohort, "window"):
        return census.cohort.ecg(record)
    return LongRecording(census.cohort, record, duration_s=duration)


def earlier_of(census: Census, record: str) -> str:
    """The same patient's record before this one; empty without a patient, a start, or an earlier record."""
    from ecgomics.biomarkers.serial import earlier_record

    table = census.cohort.records
    if not {"patient", "start"} <= set(table.columns):
        return ""
    patient = table.loc[record, "patient"]
    own = table[table["patient"] == patient]
    if not patient or len(own) < 2:
        return ""
    return str(earlier_record(own["patient"], own["start"])[record])


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

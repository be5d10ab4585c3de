"""Beat on beat: the representative beats of two recordings, or of two times of one, on one axis of time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets import tables
from ecgomics_widgets.messages import pack
from ecgomics_widgets.sources import TileSource

Floats = NDArray[np.float64]

BEFORE_S, AFTER_S = 0.30, 0.50
"""Stretch of a beat around its R peak."""

LEVEL_S = (-0.10, -0.06)
"""Where the level of each lead is taken from: the PQ segment."""

LOOKED_AT_S = 30.0
"""Beats of a longer recording are taken from a stretch of this length."""


def first_beat_s(beats: Any) -> float | None:
    """Time of the first beat, s; None without beats."""
    times = tables.beats_of(beats)["time_s"] if beats is not None else np.zeros(0)
    return float(times[0]) if len(times) else None


def beat_pair(
    one: TileSource,
    other: TileSource,
    *,
    beats: tuple[Any, Any],
    marks: tuple[Any, Any] = (None, None),
    start_s: tuple[float, float] = (0.0, 0.0),
) -> bytes:
    """Both representative beats as the browser takes them; empty when either recording has no whole beat.

    Parameters
    ----------
    one, other
        The recordings; leads that both have are compared.
    beats, marks
        Tables of each, as of `tables.beats_of` and `tables.marks_of`; onsets come from the marks ``qrs_on``.
    start_s
        Where the stretch looked at starts in each, s.
    """
    leads = [lead for lead in one.leads if lead in other.leads]
    step = max(1 / one.rate_hz, 1 / other.rate_hz, 0.001)
    offset = np.arange(-BEFORE_S, AFTER_S, step)
    sides = [
        _side(source, table, leads=leads, offset=offset, start_s=start)
        for source, table, start in zip((one, other), beats, start_s, strict=True)
    ]
    if not leads or any(side is None for side in sides):
        return b""
    onsets = [_onset(table, mark) for table, mark in zip(beats, marks, strict=True)]
    arrays = {name: np.asarray(side, dtype=np.float32) for name, side in zip("ab", sides, strict=True)}
    return pack({"leads": leads, "t0": float(offset[0]), "step": step, "onset": onsets}, arrays)


def representative(
    source: TileSource, times_s: Floats, *, offset_s: Floats, start_s: float = 0.0, stop_s: float | None = None
) -> Floats | None:
    """Median beat of a recording, its level taken off: (lead, offset), mV; None without a whole beat in the stretch."""
    stop = source.duration_s if stop_s is None else min(stop_s, source.duration_s)
    window = source.window(start_s, stop, max(1, round((stop - start_s) * source.rate_hz)))
    values = np.asarray(window.values, dtype=float)
    if values.ndim == 3:
        return None
    clock = window.t0_s + np.arange(values.shape[1]) * window.step_s
    inside = times_s[(times_s + offset_s[0] >= clock[0]) & (times_s + offset_s[-1] <= clock[-1])]
    if not len(inside):
        return None
    cut = np.array([[np.interp(time + offset_s, clock, row) for row in values] for time in inside])
    with np.errstate(invalid="ignore"):
        beat: Floats = np.median(cut, axis=0)
    level = (offset_s >= LEVEL_S[0]) & (offset_s <= LEVEL_S[1])
    result: Floats = beat - beat[:, level].mean(axis=1, keepdims=True)
    return result


def _side(source: TileSource, table: Any, *, leads: list[str], offset: Floats, start_s: float) -> Floats | None:
    beats = tables.beats_of(table)
    normal = beats["time_s"][beats["beat_class"] == 0]
    times = normal if len(normal) else beats["time_s"]
    beat = representative(source, times, offset_s=offset, start_s=start_s, stop_s=start_s + LOOKED_AT_S)
    return None if beat is None else beat[[list(source.leads).index(lead) for lead in leads]]


def _onset(beats: Any, marks: Any) -> float | None:
    """QRS onset of a recording relative to its R peaks, s: the median over beats, any lead; None without marks."""
    peaks = tables.beats_of(beats)["time_s"]
    table = tables.marks_of(marks)
    onsets = table["time_s"][(table["mark"] == "qrs_on") & (table["lead"] == tables.GLOBAL)]
    if not len(onsets):
        onsets = table["time_s"][table["mark"] == "qrs_on"]
    if not len(onsets) or not len(peaks):
        return None
    gaps = onsets - peaks[np.searchsorted(peaks, onsets).clip(0, len(peaks) - 1)]
    near = gaps[np.abs(gaps) < 0.2]
    return float(np.median(near)) if len(near) else None

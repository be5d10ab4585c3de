"""What only a recording of many minutes or a day tells: rates by the hour, extremes, and variability over segments."""

from __future__ import annotations

import math

import numpy as np

from ecgomics.biomarkers.block import Block, Floats
from ecgomics.biomarkers.ectopy import abrupt
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import normal_intervals, rhythm_intervals
from ecgomics.biomarkers.sheet import Sheet

SEGMENT_S = 300.0
LEAST_FILLED = 0.5
"""Share of a segment that its intervals must fill."""
HOUR_S, TRIANGULAR_S, DAY_S = 3600.0, 1200.0, 18 * 3600.0
"""Least length of what is told by the hour, of the triangular index, and of what is told of a day."""
BIN_MS = 1000.0 / 128.0


def measure_holter(block: Block, *, sheet: Sheet) -> None:
    """Write premature beats by the hour, the slowest and fastest five minutes, SDANN, SDNN index, triangular index."""
    short = block.duration_s < HOUR_S - 1.0
    none: Causes = ((block.no_beats, "no beats"), (short, "needs ≥ 1 h"))
    hours = block.duration_s * block.usable / 3600.0
    hours = np.where(hours > 0, hours, np.nan)
    for name, beats in (("PVC_PerHour_Global", block.ventricular), ("PAC_PerHour_Global", abrupt(block))):
        count = block.per_record(beats)
        sheet.put(name, count / hours, causes=none, otherwise="not measured", count=count)
    slowest, fastest, sdann, index, triangular = np.full((5, block.size), np.nan)
    normal, rhythm = normal_intervals(block).rr_ms, rhythm_intervals(block).rr_ms
    segments = np.zeros(block.size)
    for record in np.flatnonzero(~block.no_beats & (block.duration_s >= TRIANGULAR_S - 1.0)):
        own = slice(*np.searchsorted(block.beat_of, [record, record + 1]))
        triangular[record] = triangular_index(normal[own])
        mean, spread = by_segment(normal[own], at_s=block.r_s[own])
        segments[record] = len(mean)
        sdann[record] = np.std(mean, ddof=1) if len(mean) > 1 else math.nan
        index[record] = np.mean(spread) if len(spread) else math.nan
        every, _ = by_segment(rhythm[own], at_s=block.r_s[own])
        if len(every):
            slowest[record], fastest[record] = 60000.0 / every.max(), 60000.0 / every.min()
    for name, value in (("HR_Slowest5_Global", slowest), ("HR_Fastest5_Global", fastest)):
        sheet.put(name, value, causes=none, otherwise="too few normal beats", count=segments)
    day: Causes = ((block.no_beats, "no beats"), (block.duration_s < DAY_S - 1.0, "needs ≥ 18 h"))
    for name, value in (("SDANN_Global", sdann), ("SDNN_Index_Global", index)):
        sheet.put(name, value, causes=day, otherwise="too few normal beats", count=segments)
    brief: Causes = ((block.no_beats, "no beats"), (block.duration_s < TRIANGULAR_S - 1.0, "needs ≥ 20 min"))
    count = block.per_record(np.isfinite(normal))
    sheet.put("HRV_Triangular_Global", triangular, causes=brief, otherwise="too few normal beats", count=count)


def by_segment(rr_ms: Floats, *, at_s: Floats) -> tuple[Floats, Floats]:
    """Mean and sample standard deviation of the intervals of each five minutes, ms.

    Parameters
    ----------
    rr_ms
        Intervals, ms; NaN for those that do not count.
    at_s
        Time of the beat that ends each, s, ascending.

    Returns
    -------
    mean, deviation
        (segment,); segments that the intervals fill to less than half are left out.
    """
    told = np.isfinite(rr_ms)
    rr, place = rr_ms[told], (at_s[told] // SEGMENT_S).astype(np.intp)
    if not len(rr):
        return np.empty(0), np.empty(0)
    count, total = np.bincount(place), np.bincount(place, weights=rr)
    kept = (count > 1) & (total >= 1000.0 * LEAST_FILLED * SEGMENT_S)
    mean = total[kept] / count[kept]
    center = np.zeros(len(count))
    center[kept] = mean
    square = np.bincount(place, weights=(rr - center[place]) ** 2)[kept]
    return mean, np.sqrt(square / (count[kept] - 1))


def triangular_index(rr_ms: Floats) -> float:
    """Number of intervals over the number in the fullest bin of their histogram, bins of 1/128 s; NaN without any."""
    told = rr_ms[np.isfinite(rr_ms)]
    if len(told) < 2:
        return math.nan
    return float(len(told) / np.bincount((told // BIN_MS).astype(np.intp)).max())

"""Power of the heart-rate fluctuations by band, and their detrended fluctuation analysis; for recordings of minutes."""

from __future__ import annotations

import math

import numpy as np

from ecgomics.biomarkers.block import Block, Floats
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import normal_intervals
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.settings import BiomarkerSettings

BANDS_HZ = {"VLF": (0.0033, 0.04), "LF": (0.04, 0.15), "HF": (0.15, 0.40)}
TACHOGRAM_HZ = 4.0
SEGMENT_S = 300.0
LEAST_NORMAL = 0.8
"""Share of the intervals that must be normal; the gaps are bridged by the spline."""
DFA_BEATS = 256
SHORT_SCALES = tuple(range(4, 17))
LONG_SCALES = tuple(range(16, 65))


def measure_fluctuation(block: Block, *, sheet: Sheet, settings: BiomarkerSettings) -> None:
    """Write band powers, their shares, and the scaling exponents."""
    beats = block.per_record(np.ones(len(block.rr_s)))
    normal = normal_intervals(block)
    long_enough = block.duration_s >= settings.sdnn_min_s - 0.5
    needed = "needs ≥ 300 s" if settings.sdnn_min_s == 300.0 else "shorter than set"
    enough = (normal.count >= LEAST_NORMAL * np.maximum(beats - 1, 1)) & (normal.count >= 4)
    causes: Causes = ((beats == 0, "no beats"), (~long_enough, needed), (~enough, "too few normal beats"))
    power = np.full((block.size, len(BANDS_HZ)), np.nan)
    for record in np.flatnonzero(long_enough & enough):
        first, last = np.searchsorted(block.beat_of, [record, record + 1])
        rr, at = normal.rr_ms[first:last], block.r_s[first:last]
        power[record] = band_powers(rr[np.isfinite(rr)], at_s=at[np.isfinite(rr)])
    for column, name in enumerate(BANDS_HZ):
        sheet.put(f"{name}_Power_Global", power[:, column], causes=causes, count=normal.count)
    low, high = power[:, 1], power[:, 2]
    some = np.where(high > 0, high, np.nan)
    sheet.put("LF_HF_Ratio_Global", low / some, causes=causes, otherwise="intervals do not vary", count=normal.count)
    share = 100.0 * low / np.where(low + high > 0, low + high, np.nan)
    sheet.put("LF_Norm_Global", share, causes=causes, otherwise="intervals do not vary", count=normal.count)
    sheet.put("HF_Norm_Global", 100.0 - share, causes=causes, otherwise="intervals do not vary", count=normal.count)
    _measure_scaling(block, beats, sheet=sheet)


def _measure_scaling(block: Block, beats: Floats, *, sheet: Sheet) -> None:
    normal = normal_intervals(block)
    causes: Causes = ((beats == 0, "no beats"), (normal.count < DFA_BEATS, "needs ≥ 256 normal beats"))
    alpha = np.full((block.size, 2), np.nan)
    for record in np.flatnonzero(normal.count >= DFA_BEATS):
        first, last = np.searchsorted(block.beat_of, [record, record + 1])
        rr = normal.rr_ms[first:last]
        series = rr[np.isfinite(rr)]
        alpha[record] = scaling_exponent(series, scales=SHORT_SCALES), scaling_exponent(series, scales=LONG_SCALES)
    for column, name in enumerate(("DFA_Alpha1_Global", "DFA_Alpha2_Global")):
        sheet.put(name, alpha[:, column], causes=causes, otherwise="intervals do not vary", count=normal.count)


def band_powers(rr_ms: Floats, *, at_s: Floats) -> tuple[float, ...]:
    """Power of RR intervals in the bands VLF, LF and HF, ms².

    A cubic spline through the intervals is sampled at 4 Hz; Welch's spectrum over 5 min Hann windows, each without its
    linear trend.

    Parameters
    ----------
    rr_ms
        Intervals, ms, without ectopic ones; at least 4.
    at_s
        Time of the beat that ends each, s, ascending.
    """
    from scipy.interpolate import CubicSpline
    from scipy.signal import welch

    time = np.arange(at_s[0], at_s[-1], 1.0 / TACHOGRAM_HZ)
    tachogram = CubicSpline(at_s, rr_ms)(time)
    size = min(len(time), round(SEGMENT_S * TACHOGRAM_HZ))
    frequency, density = welch(tachogram, fs=TACHOGRAM_HZ, window="hann", nperseg=size, detrend="linear")
    step = float(frequency[1] - frequency[0])
    return tuple(
        float(density[(frequency >= low) & (frequency < high)].sum() * step) for low, high in BANDS_HZ.values()
    )


def scaling_exponent(series: Floats, *, scales: tuple[int, ...]) -> float:
    """Slope of log fluctuation over log window length of a detrended fluctuation analysis (first order).

    Parameters
    ----------
    series
        Any unit.
    scales
        Window lengths, in values; windows follow one another without overlap, the rest at the end is left out.

    Returns
    -------
    float
        NaN when a window length leaves no fluctuation.
    """
    profile = np.cumsum(series - np.mean(series))
    fluctuation = np.array([_fluctuation(profile, size) for size in scales])
    if not np.all(fluctuation > 0):
        return math.nan
    return float(np.polyfit(np.log(scales), np.log(fluctuation), 1)[0])


def _fluctuation(profile: Floats, size: int) -> float:
    windows = profile[: len(profile) // size * size].reshape(-1, size)
    t = np.arange(size) - (size - 1) / 2.0
    centred = windows - windows.mean(axis=1, keepdims=True)
    slope = centred @ t / float(t @ t)
    return float(np.sqrt(np.mean((centred - slope[:, None] * t) ** 2)))

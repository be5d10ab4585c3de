"""Breathing as the ECG shows it: its rate from the size of the QRS, and the arrhythmia it makes."""

from __future__ import annotations

import math

import numpy as np

from ecgomics.biomarkers.amplitudes import Waves
from ecgomics.biomarkers.block import NORMAL, Block, Floats
from ecgomics.biomarkers.fields import F
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import normal_intervals
from ecgomics.biomarkers.sheet import Sheet

LEAST_S, LEAST_BEATS = 30.0, 20
SAMPLED_HZ = 4.0
BREATHING_HZ = (0.1, 0.5)
AROUND_HZ, NEAR_HZ = 0.04, 0.02
CLEAR = 0.5
"""Least share of the modulation that must lie about its peak: else the breathing is not regular enough to be seen."""


def measure_breathing(block: Block, single: Waves, *, sheet: Sheet) -> None:
    """Write the breathing rate and the amplitude of respiratory sinus arrhythmia.

    Parameters
    ----------
    block, sheet
        The records and where their values go.
    single
        Waves of the single beats, (B, L, field).
    """
    normal = normal_intervals(block)
    beats = block.per_record(block.beat_class == NORMAL)
    short, few = block.duration_s < LEAST_S - 0.5, beats < LEAST_BEATS
    causes: Causes = ((block.no_beats, "no beats"), (short, "needs ≥ 30 s"), (few, "needs ≥ 20 normal beats"))
    rate, arrhythmia = np.full(block.size, np.nan), np.full(block.size, np.nan)
    size = (single[..., F["qrs_max"]] - single[..., F["qrs_min"]]).astype(float)
    for record in np.flatnonzero(~(block.no_beats | short | few)):
        first, last = np.searchsorted(block.beat_of, [record, record + 1])
        kept = block.beat_class[first:last] == NORMAL
        at = block.r_s[first:last]
        usable = ~block.lead_unusable[record]
        hz = breathing_hz(size[first:last][kept][:, usable], at_s=at[kept])
        rate[record] = 60.0 * hz
        rr = normal.rr_ms[first:last]
        told = np.isfinite(rr)
        if np.isfinite(hz) and told.sum() >= LEAST_BEATS // 2:
            arrhythmia[record] = swing(rr[told], at_s=at[told], hz=hz)
    sheet.put("Resp_Rate_Global", rate, causes=causes, otherwise="no regular breathing", count=beats)
    sheet.put("RSA_Amp_Global", arrhythmia, causes=causes, otherwise="no regular breathing", count=normal.count)


def breathing_hz(size: Floats, *, at_s: Floats) -> float:
    """Frequency at which the leads' QRS sizes swing together, Hz; NaN where they do not clearly.

    Parameters
    ----------
    size
        (beat, lead), any unit; NaN where missing.
    at_s
        Time of each beat, s, ascending.
    """
    top = min(BREATHING_HZ[1], 0.5 / float(np.median(np.diff(at_s))))
    total: Floats | None = None
    for series in size.T:
        told = np.isfinite(series)
        if told.sum() < LEAST_BEATS:
            continue
        hz, power = _spectrum(series[told], at_s=at_s[told])
        inside = (hz >= BREATHING_HZ[0]) & (hz <= top)
        mass = power[inside].sum()
        if mass > 0:
            share = power[inside] / mass
            total = share if total is None else total + share if len(total) == len(share) else total
            grid = hz[inside]
    if total is None:
        return math.nan
    peak = grid[int(np.argmax(total))]
    about = total[np.abs(grid - peak) <= AROUND_HZ].sum() / total.sum()
    return float(peak) if about >= CLEAR else math.nan


def swing(rr_ms: Floats, *, at_s: Floats, hz: float) -> float:
    """Peak-to-trough swing of RR intervals within 0.02 Hz of a frequency, ms, by the sine that fits them best."""
    return max(_swing(rr_ms, at_s=at_s, hz=near) for near in np.linspace(hz - NEAR_HZ, hz + NEAR_HZ, 9))


def _swing(rr_ms: Floats, *, at_s: Floats, hz: float) -> float:
    angle = 2.0 * math.pi * hz * (at_s - at_s[0])
    trend = (at_s - at_s.mean()) / max(float(np.ptp(at_s)), 1.0)
    design = np.stack([np.ones_like(at_s), trend, np.sin(angle), np.cos(angle)], axis=1)
    _, _, sine, cosine = np.linalg.lstsq(design, rr_ms, rcond=None)[0]
    return 2.0 * math.hypot(float(sine), float(cosine))


def _spectrum(series: Floats, *, at_s: Floats) -> tuple[Floats, Floats]:
    """Power of a series sampled at the beats, on a grid of 1/64 Hz or finer, without its straight trend."""
    time = np.arange(at_s[0], at_s[-1], 1.0 / SAMPLED_HZ)
    values = np.interp(time, at_s, series)
    values = values - np.polyval(np.polyfit(time, values, 1), time)
    padded = max(1 << math.ceil(math.log2(len(values))), round(64 * SAMPLED_HZ))
    power = np.abs(np.fft.rfft(values * np.hanning(len(values)), n=padded)) ** 2
    return np.fft.rfftfreq(padded, d=1.0 / SAMPLED_HZ).astype(np.float64), power.astype(np.float64)

"""Atrial activity without P waves: size and frequency of what is left in V1 when the ventricles are taken out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block, Floats, M
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet

LEAD = "V1"
ATRIAL_HZ = (3.0, 12.0)
P_WAVES = 0.5
"""With P waves in this share of the beats the atria do not fibrillate."""
LEAST_S = 5.0
WINDOW_S = 4.0
BEFORE_QRS_S, AFTER_T_S, EDGE_S = 0.02, 0.04, 0.04
NO_T_S = 0.36


def measure_fibrillation(block: Block, *, sheet: Sheet) -> None:
    """Write amplitude and dominant frequency of the fibrillatory waves in V1 of records without P waves."""
    place = block.lead(LEAD)
    with_p = sheet.get("P_Fraction_Global") >= P_WAVES
    short = block.duration_s < LEAST_S
    bare = np.isnan(block.template_global[:, M["qrs_on"]] + block.template_global[:, M["qrs_off"]])
    causes: Causes = (
        (block.no_beats, "no beats"),
        (with_p, "P waves present"),
        (short, "signal too short"),
        (bare, "wave not delimited"),
    )
    found = np.full((2, block.size), np.nan)
    if place is not None:
        absent, unusable = block.lead_absent[:, place], block.lead_unusable[:, place]
        causes = (*causes[:1], (absent, "lead missing"), (unusable, "lead unusable"), *causes[1:])
        for record in np.flatnonzero(~(block.no_beats | unusable | with_p | short | bare)):
            rest = without_beats(block, record=int(record), lead=place)
            found[:, record] = atrial_tone(rest, rate_hz=block.rate)
    for row, name in enumerate(("FWave_Amp_V1", "FWave_Freq_V1")):
        sheet.put(name, found[row], causes=causes, otherwise="lead missing" if place is None else "signal too short")


def without_beats(block: Block, *, record: int, lead: int) -> Floats:
    """One lead with the representative beat taken out of every beat, mV; NaN where it was not recorded.

    The representative beat is averaged, so what does not keep time with the ventricles is not in it. It is taken out
    from before the QRS to after the T wave, scaled to each QRS and faded at its ends; other beats are replaced by a
    straight line.
    """
    signal = block.ecg[record, lead].astype(float)
    size = round(block.duration_s[record] * block.rate)
    signal = signal[:size]
    times = block.offset_s
    mark = block.template_global[record]
    start = mark[M["qrs_on"]] - BEFORE_QRS_S
    stop = (mark[M["t_off"]] if np.isfinite(mark[M["t_off"]]) else NO_T_S) + AFTER_T_S
    shape = block.template[record, lead].astype(float)
    ends = np.interp([start, stop], times, shape)
    shape = shape - (ends[0] + (times - start) / (stop - start) * (ends[1] - ends[0]))
    rest = signal.copy()
    first, last = np.searchsorted(block.beat_of, [record, record + 1])
    for beat in range(first, last):
        begin = max(round((block.r_s[beat] + start) * block.rate), 0)
        end = min(round((block.r_s[beat] + stop) * block.rate), size - 1)
        if end - begin < 4:
            continue
        if not block.alike[beat]:
            rest[begin : end + 1] = np.linspace(rest[begin], rest[end], end - begin + 1)
            continue
        at = np.arange(begin, end + 1) / block.rate - block.r_s[beat]
        own = np.interp(at, times, shape) * _fade(at, start=start, stop=stop)
        within = (at >= mark[M["qrs_on"]]) & (at <= mark[M["qrs_off"]])
        rest[begin : end + 1] -= _gain(signal[begin : end + 1][within], own[within]) * own
    return rest


def atrial_tone(rest: Floats, *, rate_hz: float) -> tuple[float, float]:
    """Peak-to-peak amplitude (mV, of a sine of the power in 3 to 12 Hz) and dominant frequency (Hz) of a signal."""
    size = round(WINDOW_S * rate_hz)
    starts = np.arange(0, len(rest) - size + 1, size // 2)
    pieces = np.stack([rest[start : start + size] for start in starts]) if len(starts) else np.empty((0, size))
    pieces = pieces[np.isfinite(pieces).all(axis=1)]
    if not len(pieces):
        return math.nan, math.nan
    taper = np.hanning(size + 1)[:-1]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * taper
    padded = 4 * size
    power = (np.abs(np.fft.rfft(pieces, n=padded, axis=1)) ** 2).mean(axis=0) / (rate_hz * (taper**2).sum()) * 2.0
    hz = np.fft.rfftfreq(padded, d=1.0 / rate_hz)
    inside = (hz >= ATRIAL_HZ[0]) & (hz <= ATRIAL_HZ[1])
    total = float(power[inside].sum() * (hz[1] - hz[0]))
    return 2.0 * math.sqrt(2.0 * total), float(hz[inside][np.argmax(power[inside])])


def _fade(at: Floats, *, start: float, stop: float) -> Floats:
    """1, with raised-cosine ends."""
    inward = np.clip(np.minimum(at - start, stop - at) / EDGE_S, 0.0, 1.0)
    return 0.5 - 0.5 * np.cos(np.pi * inward)


def _gain(signal: NDArray[np.floating], own: NDArray[np.floating]) -> float:
    """Factor of the representative beat in one QRS, within a factor of 2."""
    if len(own) < 3 or not np.isfinite(signal).all():
        return 1.0
    centred = own - own.mean()
    square = float(centred @ centred)
    return float(np.clip((signal - signal.mean()) @ centred / square, 0.5, 2.0)) if square > 0 else 1.0

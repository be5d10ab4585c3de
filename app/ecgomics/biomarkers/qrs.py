"""Compiled pieces for the QRS of one lead: which deflections it has, and their size."""

from __future__ import annotations

import numpy as np

from ecgomics.biomarkers.fields import (
    J_WAVE,
    NOTCHES,
    Q_AMP,
    Q_MS,
    QRS_AREA,
    QRS_MAX,
    QRS_MIN,
    QRS_OFF,
    QRS_ON,
    QS,
    R2_AMP,
    R2_BASE_MS,
    R_AMP,
    R_MS,
    R_PEAK_MS,
    RSR,
    S_AMP,
    S_MS,
    S_PEAK_MS,
)
from ecgomics.biomarkers.notches import (
    NOTCH_MV,
    WAVE_MV,
    count_notches,
    dips_between,
    end_notch,
    end_slur,
    triangle_base,
)
from ecgomics.biomarkers.stretch import area, choose, extremes, intact, piece, span

WAVE_MS = 6.0
ISOELECTRIC_MV = 0.01
R2_PATTERN_MV = 0.05
END_MV = 0.05  # a last deflection must stand out this far from the ST segment it runs into


@piece
def _lobes(x, start, stop, level, step_ms, peak, at, first, last):  # type: ignore[no-untyped-def]
    """Fill in the successive deflections of either sign between two samples; returns how many."""
    count = 0
    index = start
    while index < stop:
        sign = 1.0 if x[index] >= level else -1.0
        begin, top = index, index
        while index < stop and sign * (x[index] - level) >= 0.0:
            if sign * (x[index] - level) > sign * (x[top] - level):
                top = index
            index += 1
        if index == begin:
            index += 1
            continue
        height = x[top] - level
        # a run that only rises into the end of the window is the ST segment, not a wave
        rise = abs(height) - abs(x[stop - 1] - level)
        rising = index >= stop and count > 0 and rise < min(END_MV, 0.5 * abs(height))
        if abs(height) >= WAVE_MV and (index - begin) * step_ms >= WAVE_MS and not rising and count < 12:
            if count > 0 and (peak[count - 1] > 0) == (height > 0):
                last[count - 1] = index
                if abs(height) > abs(peak[count - 1]):
                    peak[count - 1], at[count - 1] = height, top
            else:
                peak[count], at[count], first[count], last[count] = height, top, begin, index
                count += 1
    count = _drop_embryonic(peak, at, first, last, count)
    for wave in range(count):
        # an isoelectric stretch at either side is not part of the wave
        while first[wave] < at[wave] and abs(x[first[wave]] - level) < ISOELECTRIC_MV:
            first[wave] += 1
        while last[wave] - 1 > at[wave] and abs(x[last[wave] - 1] - level) < ISOELECTRIC_MV:
            last[wave] -= 1
    return count


@piece
def _drop_embryonic(peak, at, first, last, count):  # type: ignore[no-untyped-def]
    """Leave out a first upward ripple under 0.05 mV before a Q and an R ten times as tall; returns how many remain."""
    if count < 3 or not 0.0 < peak[0] < 0.05 or peak[2] < 10.0 * peak[0]:
        return count
    for wave in range(count - 1):
        peak[wave], at[wave], first[wave], last[wave] = peak[wave + 1], at[wave + 1], first[wave + 1], last[wave + 1]
    return count - 1


@piece
def measure_qrs(x, own, whole, level, step_ms, shapes, out):  # type: ignore[no-untyped-def]
    """Fill in the QRS fields of one beat in one lead."""
    begin, end = span(whole[QRS_ON], whole[QRS_OFF], len(x))
    if not intact(x, begin, end):
        return
    high, _, low, _ = extremes(x, begin, end, level)
    out[QRS_MAX] = max(high, 0.0)
    out[QRS_MIN] = min(low, 0.0)
    out[QRS_AREA] = area(x, begin, end, level, step_ms)
    start, stop = choose(own, whole, QRS_ON, QRS_OFF, len(x))
    if not intact(x, start, stop):
        return
    peak, at = np.zeros(12), np.zeros(12, dtype=np.int64)
    first, last = np.zeros(12, dtype=np.int64), np.zeros(12, dtype=np.int64)
    count = _lobes(x, start, stop, level, step_ms, peak, at, first, last)
    for field in range(Q_AMP, S_PEAK_MS):
        out[field] = 0.0
    out[QS] = 0.0
    r = 0
    while r < count and peak[r] < 0:
        r += 1
    if count > 0 and peak[0] < 0:
        out[Q_AMP] = peak[0]
        out[Q_MS] = (last[0] - first[0]) * step_ms
        if r == count:
            out[QS] = 1.0
            out[S_PEAK_MS] = (at[0] - whole[QRS_ON]) * step_ms
    s_index = -1
    r2_index = -1
    if r < count:
        out[R_AMP] = peak[r]
        out[R_MS] = (last[r] - first[r]) * step_ms
        for index in range(r + 1, count):
            if peak[index] < 0 and (s_index < 0 or peak[index] < peak[s_index]):
                s_index = index
            if peak[index] > 0 and (r2_index < 0 or peak[index] > peak[r2_index]):
                r2_index = index
        if s_index >= 0:
            out[S_AMP] = peak[s_index]
            out[S_MS] = (last[s_index] - first[s_index]) * step_ms
            out[S_PEAK_MS] = (at[s_index] - whole[QRS_ON]) * step_ms
        if r2_index >= 0:
            out[R2_AMP] = peak[r2_index]
    tall = max(out[R_AMP], out[R2_AMP])
    late = _last_peak(x, start, stop, level, 0.5 * tall) if tall > 0 else -1
    if late >= 0:
        out[R_PEAK_MS] = (late - whole[QRS_ON]) * step_ms
    if shapes:
        twice = out[R2_AMP] >= R2_PATTERN_MV or dips_between(x, start, stop, level, tall)
        out[RSR] = 1.0 if twice else 0.0
        out[R2_BASE_MS] = triangle_base(x, at[r2_index], step_ms) if r2_index >= 0 else 0.0
        out[NOTCHES] = count_notches(x, start, stop, level, step_ms, count)
        notch = end_notch(x, late, end, level, step_ms, tall)
        out[J_WAVE] = notch if notch > 0.0 else end_slur(x, late, end, level, step_ms, tall)


@piece
def _last_peak(x, start, stop, level, height):  # type: ignore[no-untyped-def]
    """Last peak of at least `height` above the level, risen to and fallen from by 0.03 mV or more; −1 if none."""
    found, top, bottom = -1, start, start
    rising = True
    for index in range(start, stop):
        if rising:
            if x[index] > x[top]:
                top = index
            elif x[top] - x[index] >= NOTCH_MV:
                if x[top] - level >= height:
                    found = top
                rising, bottom = False, index
        elif x[index] < x[bottom]:
            bottom = index
        elif x[index] - x[bottom] >= NOTCH_MV:
            rising, top = True, index
    if found < 0 and x[top] - level >= height:
        found = top
    return found

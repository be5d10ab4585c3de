"""Compiled pieces for the QRS of one lead: which deflections it has, their size, and its notches and slurs."""

from __future__ import annotations

import math

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
from ecgomics.biomarkers.stretch import area, choose, extremes, intact, piece, span

WAVE_MV = 0.025  # Minnesota code: a deflection counts from a quarter of a millimetre
WAVE_MS = 6.0
ISOELECTRIC_MV = 0.01
R2_PATTERN_MV = 0.05
END_MV = 0.05  # a last deflection must stand out this far from the ST segment it runs into
NOTCH_MV = 0.03
SLUR_SHARE = 0.2  # a slur stands higher than the tail every R wave ends in
SLUR_MS = 16.0
TRIANGLE_SIDE_MV = 0.1
TRIANGLE_TIMES = 5.0  # 0.5 mV below the peak
TRIANGLE_MOST_MS = 400.0


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
def measure_qrs(x, own, whole, level, step_ms, out):  # type: ignore[no-untyped-def]
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
    out[QS], out[RSR], out[NOTCHES], out[R2_BASE_MS] = 0.0, 0.0, 0.0, 0.0
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
            out[R2_BASE_MS] = _triangle_base(x, at[r2_index], step_ms)
    tall = max(out[R_AMP], out[R2_AMP])
    late = _last_peak(x, start, stop, level, 0.5 * tall) if tall > 0 else -1
    if late >= 0:
        out[R_PEAK_MS] = (late - whole[QRS_ON]) * step_ms
    out[RSR] = 1.0 if out[R2_AMP] >= R2_PATTERN_MV or _dips_between(x, start, stop, level, tall) else 0.0
    out[NOTCHES] = _notches(x, start, stop, level, step_ms, count)
    notch = _end_notch(x, late, end, level, step_ms, tall)
    out[J_WAVE] = notch if notch > 0.0 else _end_slur(x, late, end, level, step_ms, tall)


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


@piece
def _dips_between(x, start, stop, level, tall):  # type: ignore[no-untyped-def]
    """Two positive peaks of 0.1 mV and a fifth of the tallest or more, with a nadir below half of the lower between."""
    if tall < 0.1:
        return False
    after = np.zeros(stop - start + 1)
    for index in range(stop - 2, start, -1):
        peak = x[index] >= x[index - 1] and x[index] > x[index + 1]
        after[index - start] = max(after[index - start + 1], x[index] - level if peak else 0.0)
    before = 0.0
    for index in range(start, stop):
        before = max(before, x[index] - level)
        lower = min(before, after[index - start])
        if lower >= max(0.1, 0.2 * tall) and x[index] - level < 0.5 * lower:
            return True
    return False


@piece
def _notches(x, start, stop, level, step_ms, waves):  # type: ignore[no-untyped-def]
    """Notches (extra turning points) and slurs (a flank or top that stalls) inside the QRS."""
    size = stop - start
    high, _, low, _ = extremes(x, start, stop, level)
    floor = max(NOTCH_MV, 0.03 * (high - low))
    turns, slurs = 0, 0
    direction = 0
    pivot = start
    edges = np.zeros(size + 2, dtype=np.int64)
    edges[0] = start
    for index in range(start + 1, stop):
        rise = x[index] - x[pivot]
        if direction == 0:
            if abs(rise) >= floor:
                direction = 1 if rise > 0 else -1
                pivot = index
        elif rise * direction > 0:
            pivot = index
        elif -rise * direction >= floor:
            turns += 1
            edges[turns] = pivot
            direction = -direction
            pivot = index
    edges[turns + 1] = stop - 1
    speed = _speed(x, start, stop, step_ms)
    fastest = 0.0
    for value in speed:
        fastest = max(fastest, value)
    for section in range(turns + 1):
        if _stalls(speed, edges[section] - start, edges[section + 1] - start, fastest, step_ms):
            slurs += 1
    found = max(0, (turns - waves) // 2) + slurs
    if found == 0:
        for turn in range(1, turns + 1):
            if _plateau(x, start, stop, edges[turn], level, step_ms):
                found += 1
    return float(found)


@piece
def _speed(x, start, stop, step_ms):  # type: ignore[no-untyped-def]
    """Magnitude of the slope over about 6 ms, mV/ms."""
    reach = max(1, round(3.0 / step_ms))
    speed = np.zeros(stop - start)
    for index in range(start, stop):
        left, right = max(index - reach, start), min(index + reach, stop - 1)
        speed[index - start] = abs(x[right] - x[left]) / ((right - left) * step_ms)
    return speed


@piece
def _stalls(speed, start, stop, fastest, step_ms):  # type: ignore[no-untyped-def]
    """Whether a flank slows to under 30 % between two stretches of at least 25 % of the fastest slope."""
    if (stop - start) * step_ms < 16.0:
        return False
    after = np.zeros(stop - start + 1)
    for index in range(stop - 1, start - 1, -1):
        after[index - start] = max(after[index - start + 1], speed[index])
    before = 0.0
    for index in range(start, stop):
        before = max(before, speed[index])
        around = min(before, after[index - start])
        if around >= 0.25 * fastest and speed[index] <= 0.3 * around:
            return True
    return False


@piece
def _plateau(x, start, stop, top, level, step_ms):  # type: ignore[no-untyped-def]
    """Whether a peak stays within 15 % of its height for 35 ms."""
    height = x[top] - level
    if abs(height) < 0.2:
        return False
    left, right = top, top
    while left > start and (x[left - 1] - level) / height >= 0.85:
        left -= 1
    while right < stop - 1 and (x[right + 1] - level) / height >= 0.85:
        right += 1
    return (right - left) * step_ms >= 35.0


@piece
def _end_notch(x, r_at, end, level, step_ms, tall):  # type: ignore[no-untyped-def]
    """Height of a notch on the last half of the downslope after the last R peak, mV; 0 when there is none."""
    if r_at < 0 or tall < 0.1:
        return 0.0
    stop = min(end + round(20.0 / step_ms), len(x) - 1)
    dip, dip_at = np.inf, -1
    best = 0.0
    for index in range(r_at + 1, stop):
        value = x[index] - level
        if math.isnan(value):
            return 0.0
        if value < dip:
            dip, dip_at = value, index
        peak = x[index] >= x[index - 1] and x[index] > x[index + 1]
        if peak and dip_at < index and dip <= 0.5 * tall and dip > -WAVE_MV and value - dip >= NOTCH_MV and value > 0:
            best = max(best, value)
    return best


@piece
def _end_slur(x, r_at, end, level, step_ms, tall):  # type: ignore[no-untyped-def]
    """Height of a slur on the last half of the downslope after the last R peak, mV; 0 when there is none.

    The slope falls to a quarter of the steepest for 16 ms or more, at a fifth of the R peak or higher (below that every
    R wave levels out), and the wave still comes down from there by half before 40 ms are over: an elevated ST segment
    stays up.
    """
    if r_at < 0 or tall < 0.1:
        return 0.0
    hold, fall = max(2, round(SLUR_MS / step_ms)), round(40.0 / step_ms)
    stop = min(end + round(10.0 / step_ms), len(x) - fall - 1)
    steepest = 0.0
    for index in range(r_at + 1, stop):
        slope = (x[index - 1] - x[index + 1]) / (2.0 * step_ms)
        if math.isnan(slope):
            return 0.0
        steepest = max(steepest, slope)
        height = x[index] - level
        if height > 0.5 * tall or slope > 0.25 * steepest or steepest * 10.0 < NOTCH_MV:
            continue
        if height < max(WAVE_MV, SLUR_SHARE * tall):
            return 0.0
        held = (x[index] - x[index + hold]) <= 0.3 * steepest * hold * step_ms
        lowest = height
        for later in range(index, index + fall + 1):
            lowest = min(lowest, x[later] - level)
        # an S after it makes it a slur within the QRS, not at its end
        if held and x[index + fall] - level <= 0.5 * height and lowest > -WAVE_MV:
            return height
    return 0.0


@piece
def _triangle_base(x, top, step_ms):  # type: ignore[no-untyped-def]
    """Base, 0.5 mV under the peak, of the triangle whose sides run through the peak and 0.1 mV below it, ms."""
    width = 0.0
    for direction in (-1, 1):
        index, limit = top, TRIANGLE_MOST_MS / (2.0 * TRIANGLE_TIMES)
        while True:
            following = index + direction
            if following < 0 or following >= len(x) or math.isnan(x[following]) or abs(index - top) * step_ms >= limit:
                width += limit
                break
            if x[following] <= x[top] - TRIANGLE_SIDE_MV:
                share = (x[index] - (x[top] - TRIANGLE_SIDE_MV)) / (x[index] - x[following])
                width += min(limit, (abs(index - top) + share) * step_ms)
                break
            index = following
    return TRIANGLE_TIMES * width

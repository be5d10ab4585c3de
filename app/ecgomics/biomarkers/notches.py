"""Compiled pieces for what a QRS has beside its waves: notches, slurs, the end-QRS notch, the width of an R′."""

from __future__ import annotations

import math

import numpy as np

from ecgomics.biomarkers.stretch import extremes, piece

WAVE_MV = 0.025  # Minnesota code: a deflection counts from a quarter of a millimetre
NOTCH_MV = 0.03
OTHER_FLANK_SHARE = 0.75  # a flank is judged by its own slope, but a small wave's not as if it were a tall one's
SLUR_SHARE = 0.2  # a slur stands higher than the tail every R wave ends in
SLUR_MS = 16.0
TRIANGLE_SIDE_MV = 0.1
TRIANGLE_TIMES = 5.0  # 0.5 mV below the peak
TRIANGLE_MOST_MS = 400.0


@piece
def dips_between(x, start, stop, level, tall):  # type: ignore[no-untyped-def]
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
def count_notches(x, start, stop, level, step_ms, waves):  # type: ignore[no-untyped-def]
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
        begin, end = edges[section] - start, edges[section + 1] - start
        steepest = OTHER_FLANK_SHARE * fastest
        for value in speed[begin:end]:
            steepest = max(steepest, value)
        if _stalls(speed, begin, end, steepest, step_ms):
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
    """Whether a flank slows to under 30 % between two stretches of at least 25 % of `fastest`, the slope to go by."""
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
def end_notch(x, r_at, end, level, step_ms, tall):  # type: ignore[no-untyped-def]
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
def end_slur(x, r_at, end, level, step_ms, tall):  # type: ignore[no-untyped-def]
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
def triangle_base(x, top, step_ms):  # type: ignore[no-untyped-def]
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

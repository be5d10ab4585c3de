"""Compiled pieces for the shape of a wave: its second peak, its form, its slopes and how peaked it is."""

from __future__ import annotations

import numpy as np

from ecgomics.biomarkers.stretch import piece

SLOPE_MS = 20.0
"""Slopes are over this long: shorter ones are noise where a T wave is low."""


@piece
def second_peak(x, start, stop, sign, floor):  # type: ignore[no-untyped-def]
    """Distance in samples from the tallest peak to the next one with a dip of `floor` between; 0 when single."""
    top = start
    for index in range(start, stop):
        if sign * x[index] > sign * x[top]:
            top = index
    best, best_height = 0, -np.inf
    for direction in (-1, 1):
        dip = sign * x[top]
        index = top + direction
        while start < index < stop - 1:
            value = sign * x[index]
            dip = min(dip, value)
            peak = value >= sign * x[index - 1] and value >= sign * x[index + 1]
            if peak and value - dip >= floor and value > best_height:
                best, best_height = abs(index - top), value
            index += direction
    return best


@piece
def form(high, high_at, low, low_at, spacing, flat):  # type: ignore[no-untyped-def]
    """Shape code −3…3 and whether biphasic."""
    both = high >= flat and -low >= flat and min(high, -low) >= 0.25 * max(high, -low)
    if both:
        return (2.0 if high_at < low_at else -2.0), 1.0
    if max(high, -low) < flat:
        return 0.0, 0.0
    code = 3.0 if spacing > 0 else 1.0
    return (code if high >= -low else -code), 0.0


@piece
def steepness(x, start, stop, top, sign, step_ms):  # type: ignore[no-untyped-def]
    """Largest slope away from a peak over the largest one towards it; NaN where either side holds none."""
    reach = max(1, round(0.5 * SLOPE_MS / step_ms))
    before, after = 0.0, 0.0
    for index in range(start + reach, stop - reach):
        rise = sign * (x[index + reach] - x[index - reach])
        if index + reach <= top:
            before = max(before, rise)
        elif index - reach >= top:
            after = max(after, -rise)
    return after / before if before > 0.0 and after > 0.0 else np.nan


@piece
def kurtosis(x, start, stop, sign):  # type: ignore[no-untyped-def]
    """Kurtosis of a wave taken as a distribution over time, above the line between its ends; NaN where it has none."""
    size = stop - start
    begin, tilt = x[start], (x[stop - 1] - x[start]) / (size - 1)
    total, mean = 0.0, 0.0
    for k in range(size):
        height = max(sign * (x[start + k] - begin - tilt * k), 0.0)
        total += height
        mean += height * k
    if not total > 0.0:
        return np.nan
    mean /= total
    second, fourth = 0.0, 0.0
    for k in range(size):
        height = max(sign * (x[start + k] - begin - tilt * k), 0.0)
        square = (k - mean) * (k - mean)
        second += height * square
        fourth += height * square * square
    second /= total
    return fourth / total / (second * second) if second > 0.0 else np.nan

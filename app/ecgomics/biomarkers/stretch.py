"""Compiled pieces for a stretch of samples: its span, median, area and extremes."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

piece = njit(nogil=True)
"""Compiles a part of the kernel, without a cache of its own: only the whole is kept, see `deflections`."""


@piece
def span(on, off, size):  # type: ignore[no-untyped-def]
    """Samples from on to off inclusive, (0, 0) when not there."""
    if math.isnan(on) or math.isnan(off):
        return 0, 0
    start, stop = round(on), round(off) + 1
    if start < 0 or stop > size or stop - start < 3:
        return 0, 0
    return start, stop


@piece
def intact(x, start, stop):  # type: ignore[no-untyped-def]
    """Whether a stretch holds samples and no gap."""
    if stop <= start:
        return False
    for index in range(start, stop):  # noqa: SIM110 - numba compiles no generator
        if math.isnan(x[index]):
            return False
    return True


@piece
def median(x, start, stop):  # type: ignore[no-untyped-def]
    """Median of a short stretch by insertion (np.median takes seconds to compile)."""
    size = stop - start
    ordered = np.empty(size, dtype=np.float64)
    for index in range(size):
        value = x[start + index]
        place = index
        while place > 0 and ordered[place - 1] > value:
            ordered[place] = ordered[place - 1]
            place -= 1
        ordered[place] = value
    return 0.5 * (ordered[(size - 1) // 2] + ordered[size // 2])


@piece
def value_at(x, position):  # type: ignore[no-untyped-def]
    """Value at a position between samples, by linear interpolation; NaN outside."""
    if math.isnan(position):
        return np.nan
    left = math.floor(position)
    share = position - left
    if share < 1e-6 and 0 <= left < len(x):
        return x[left]
    if left < 0 or left + 1 >= len(x):
        return np.nan
    return x[left] * (1.0 - share) + x[left + 1] * share


@piece
def area(x, start, stop, level, step_ms):  # type: ignore[no-untyped-def]
    """Trapezoid, mV·ms."""
    total = 0.0
    for index in range(start, stop - 1):
        total += 0.5 * (x[index] + x[index + 1]) - level
    return total * step_ms


@piece
def extremes(x, start, stop, level):  # type: ignore[no-untyped-def]
    """Highest and lowest value above a level, and where."""
    high, low, high_at, low_at = -np.inf, np.inf, start, start
    for index in range(start, stop):
        value = x[index] - level
        if value > high:
            high, high_at = value, index
        if value < low:
            low, low_at = value, index
    return high, high_at, low, low_at


@piece
def choose(own, whole, on, off, size):  # type: ignore[no-untyped-def]
    """The lead's own window, else the global one."""
    if math.isnan(whole[on]) or math.isnan(whole[off]):
        return 0, 0
    start, stop = span(own[on], own[off], size)
    if stop > start:
        return start, stop
    return span(whole[on], whole[off], size)

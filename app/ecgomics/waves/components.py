"""Peaks inside spans: P, Q, R, S and T of each lead, read from the measurement signal with sub-sample resolution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.waves.compilation import compiled, compiled_for_finite

# columns of marks, in the order of `vocabulary.MARKS`
P_ON, P_PEAK, P_OFF, QRS_ON, Q_PEAK, R_PEAK, S_PEAK, QRS_OFF, T_ON, T_PEAK, T_OFF = range(11)

LEAST_MV = 0.02
LEAST_SHARE = 0.03
"""A Q or S is at least this deep, and at least this share of the complex."""
R_SHARE = 0.08
"""An R is at least this share of the complex; below it the complex is a QS."""


@compiled
def vertex(x: npt.NDArray[np.float32], i: int) -> float:
    """Where a parabola through sample i and its neighbours has its extreme, in samples."""
    if i <= 0 or i >= x.size - 1:
        return float(i)
    a, b, c = np.float64(x[i - 1]), np.float64(x[i]), np.float64(x[i + 1])
    bend = a - 2 * b + c
    if bend == 0:
        return float(i)
    return i + min(max(0.5 * (a - c) / bend, -0.5), 0.5)


@compiled_for_finite
def widest(x: npt.NDArray[np.float32], first: int, stop: int) -> int:
    """Sample in [first, stop) furthest from the line joining the ends."""
    part = x[first:stop]
    slope = np.float32(np.float64(part[-1] - part[0]) / max(part.size - 1, 1))
    far = np.float32(-1.0)
    # the height of the extreme first, in a loop without branches, then its place
    for i in range(part.size):
        far = max(far, abs(part[i] - part[0] - slope * np.float32(i)))
    for i in range(part.size):
        if abs(part[i] - part[0] - slope * np.float32(i)) >= far:
            return first + i
    return first


@compiled
def split_qrs(x: npt.NDArray[np.float32], first: int, stop: int, out: npt.NDArray[np.float64]) -> None:
    """Q, R and S of one complex in samples [first, stop) into out (3), NaN where there is none.

    R is the largest deflection above the level at the onset; a complex without one (QS) has its nadir there, and
    neither Q nor S.
    """
    out[:] = np.nan
    level = np.float64(x[first])
    top = first
    low = first
    for i in range(first, stop):
        if x[i] > x[top]:
            top = i
        if x[i] < x[low]:
            low = i
    rise, fall = np.float64(x[top]) - level, level - np.float64(x[low])
    whole = rise + fall
    if rise < R_SHARE * whole or rise < LEAST_MV:
        out[1] = vertex(x, low) if fall > 0 else float(top)
        return
    out[1] = vertex(x, top)
    least = max(LEAST_MV, LEAST_SHARE * whole)
    for side in range(2):
        begin, end = (first, top) if side == 0 else (top + 1, stop)
        if end - begin < 2:
            continue
        low = begin
        for i in range(begin, end):
            if x[i] < x[low]:
                low = i
        if level - np.float64(x[low]) >= least and first < low < stop - 1:
            out[0 if side == 0 else 2] = vertex(x, low)


@compiled
def fill_peaks(x: npt.NDArray[np.float32], rate: float, marks: npt.NDArray[np.float64]) -> None:
    """Peaks of every beat and lead from its boundaries: x (lead, time) without NaN, marks (beat, lead, 11) in s."""
    qrs = np.empty(3)
    n = x.shape[1]
    for b in range(marks.shape[0]):
        for lead in range(x.shape[0]):
            m = marks[b, lead]
            for on, peak, off in ((0, 1, 2), (8, 9, 10)):
                if not np.isnan(m[on]):
                    first = max(int(np.ceil(m[on] * rate)), 0)
                    stop = min(int(m[off] * rate) + 1, n)
                    if stop - first >= 3:
                        m[peak] = vertex(x[lead], widest(x[lead], first, stop)) / rate
                    else:
                        m[peak] = 0.5 * (m[on] + m[off])
            if not np.isnan(m[3]):
                first = min(max(int(np.floor(m[3] * rate)), 0), n - 1)
                stop = min(int(m[7] * rate) + 2, n)
                if stop - first >= 3:
                    split_qrs(x[lead], first, stop, qrs)
                    m[4], m[5], m[6] = qrs[0] / rate, qrs[1] / rate, qrs[2] / rate
                else:
                    m[5] = 0.5 * (m[3] + m[7])


@compiled
def in_order(marks: npt.NDArray[np.float64], last: float) -> None:
    """Bring every row of marks (row, 11) within 0 … last and into order, in place; NaN stays."""
    for row in range(marks.shape[0]):
        m = marks[row]
        # the QRS is the anchor: what comes before is held back, what comes after pushed on
        edge = last
        for k in range(3, 8):
            if not np.isnan(m[k]):
                m[k] = min(max(m[k], 0.0), last)
        for k in range(6, 2, -1):
            if not np.isnan(m[k]) and not np.isnan(m[7]):
                m[k] = min(m[k], m[7])
        edge = 0.0
        for k in range(3, 8):
            if not np.isnan(m[k]):
                m[k] = max(m[k], edge)
                edge = m[k]
        edge = last
        for k in range(3, 8):
            if not np.isnan(m[k]):
                edge = m[k]
                break
        for k in range(2, -1, -1):
            if not np.isnan(m[k]):
                m[k] = min(max(m[k], 0.0), edge)
                edge = m[k]
        edge = 0.0
        for k in range(7, 2, -1):
            if not np.isnan(m[k]):
                edge = m[k]
                break
        for k in range(8, 11):
            if not np.isnan(m[k]):
                m[k] = min(max(m[k], edge), last)
                edge = m[k]

"""Probabilities to spans: consensus of the leads first, then each lead's own boundaries around it.

Positions are in cells (floats); `cell_time` in `delineation` turns them into seconds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.waves.compilation import compiled
from ecgomics.waves.kernels import sorted_few

P, QRS, T = 0, 1, 2

Array = npt.NDArray[np.float64]


@compiled
def best_run(
    p: npt.NDArray[np.float32], first: int, stop: int, near: float, bridge: int, out: npt.NDArray[np.float64]
) -> None:
    """The run of p ≥ ½ with the largest area in cells [first, stop); `out` becomes on, off, area, peak.

    Bounds are where p crosses ½, interpolated. Runs at most `bridge` cells apart are one. Area counts less, by half
    for each `near` cells, the further a run ends before `stop` (0: distance does not matter).
    """
    out[:] = np.nan
    out[2] = 0.0
    top = 0.0
    i = first
    while i < stop:
        if p[i] < 0.5:
            i += 1
            continue
        start = i
        last = i
        area = 0.0
        peak = 0.0
        while i < stop:
            if p[i] >= 0.5:
                last = i
            elif i - last > bridge:
                break
            area += np.float64(p[i])
            peak = max(peak, np.float64(p[i]))
            i += 1
        score = area
        if near > 0:
            score = area * 0.5 ** ((stop - last) / near)
        if score > top:
            top = score
            on = float(start)
            if start > 0 and p[start - 1] < 0.5:
                on = start - (np.float64(p[start]) - 0.5) / max(np.float64(p[start]) - np.float64(p[start - 1]), 1e-6)
            off = float(last)
            if last + 1 < p.size and p[last + 1] < 0.5:
                off = last + (np.float64(p[last]) - 0.5) / max(np.float64(p[last]) - np.float64(p[last + 1]), 1e-6)
            out[0], out[1], out[2], out[3] = on, off, area, peak


@compiled
def qrs_runs(p: npt.NDArray[np.float32], cells_hz: float, limits: npt.NDArray[np.float64], out: Array) -> int:
    """QRS spans of one probability track into `out` (span, 4: on, off, area, peak); returns how many.

    `limits`: least area in s, least peak, refractory time in s. Of two runs too close, the larger stays.
    """
    count = 0
    one = np.empty(4)
    i = 0
    n = p.size
    while i < n:
        if p[i] < 0.5:
            i += 1
            continue
        j = i
        while j < n and p[j] >= 0.5:
            j += 1
        best_run(p, i, j, 0.0, 0, one)
        if one[2] / cells_hz >= limits[0] and one[3] >= limits[1]:
            if count and one[0] + one[1] - out[count - 1, 0] - out[count - 1, 1] < 2 * limits[2] * cells_hz:
                if one[2] > out[count - 1, 2]:
                    out[count - 1] = one
            elif count < out.shape[0]:
                out[count] = one
                count += 1
        i = j
    return count


@compiled
def consensus(mean: npt.NDArray[np.float32], cells_hz: float, limits: npt.NDArray[np.float64], out: Array) -> int:
    """P, QRS and T spans of the leads' mean probability (3, cell) into `out` (beat, wave, 4); returns the beats.

    `limits` (wave, 3): least area in s, least peak, and for QRS the refractory time in s.
    """
    n = mean.shape[1]
    qrs = np.empty((out.shape[0], 4))
    count = qrs_runs(mean[1], cells_hz, limits[1], qrs)
    for b in range(count):
        out[b, 1] = qrs[b]
        before = int(qrs[b - 1, 1]) + 1 if b else 0
        after = int(qrs[b + 1, 0]) if b + 1 < count else n
        begin, end = int(np.ceil(qrs[b, 0])), int(qrs[b, 1]) + 1
        longest = int(0.6 * cells_hz)
        best_run(
            mean[0], max(before, begin - longest), min(begin + 2, n), 0.2 * cells_hz, int(0.016 * cells_hz), out[b, 0]
        )
        best_run(mean[2], end, min(after, end + int(0.8 * cells_hz)), 0.0, int(0.032 * cells_hz), out[b, 2])
        for w in (0, 2):
            if out[b, w, 2] / cells_hz < limits[w, 0] or out[b, w, 3] < limits[w, 1]:
                out[b, w, 0] = np.nan
                out[b, w, 1] = np.nan
    return count


@compiled
def in_leads(
    p: npt.NDArray[np.float32], weights: npt.NDArray[np.float32], agreed: Array, cells_hz: float, out: Array
) -> None:
    """Each lead's own spans near the agreed ones: p (lead, 3, cell), agreed (beat, wave, 4), out (beat, lead, wave, 2).

    NaN where the lead shows no such wave or does not count (weight 0).
    """
    one = np.empty(4)
    n = p.shape[2]
    bridge = int(0.024 * cells_hz)
    margin = np.array([0.06, 0.06, 0.10]) * cells_hz
    least = np.array([0.024, 0.020, 0.036]) * cells_hz
    for b in range(agreed.shape[0]):
        for w in range(3):
            on, off = agreed[b, w, 0], agreed[b, w, 1]
            for lead in range(p.shape[0]):
                out[b, lead, w, 0] = np.nan
                out[b, lead, w, 1] = np.nan
                if np.isnan(on) or weights[lead] <= 0:
                    continue
                first = max(int(on - margin[w]), 0)
                stop = min(int(off + margin[w]) + 2, n)
                # a run that reaches over the margin is followed to its end
                while first > 0 and p[lead, w, first] >= 0.5 and on - first < 3 * margin[w]:
                    first -= 1
                while stop < n and p[lead, w, stop - 1] >= 0.5 and stop - off < 3 * margin[w]:
                    stop += 1
                best_run(p[lead, w], first, stop, 0.0, bridge, one)
                if one[2] >= least[w]:
                    out[b, lead, w, 0] = one[0]
                    out[b, lead, w, 1] = one[1]


FEW = 48
"""Numbers up to which `sorted_few` is quicker."""


@compiled
def middle(values: npt.NDArray[np.float64]) -> float:
    """Median of the numbers that are not NaN; NaN when there are none."""
    kept = np.empty(values.size)
    count = 0
    for i in range(values.size):
        if not np.isnan(values[i]):
            kept[count] = values[i]
            count += 1
    if count == 0:
        return np.nan
    kept = kept[:count]
    if count <= FEW:
        sorted_few(kept)
    else:
        kept.sort()
    return 0.5 * (kept[(count - 1) // 2] + kept[count // 2])


@compiled
def across_leads(spans: npt.NDArray[np.float64], agreed: Array, weights: npt.NDArray[np.float32], out: Array) -> None:
    """Global boundaries, and boundaries for leads that show none of their own.

    `spans` (beat, lead, wave, 2) is completed in place by the median of the other leads; `out` (beat, wave, 2) becomes
    the median of the leads' own boundaries, or the agreed span where no lead has one.
    """
    for b in range(spans.shape[0]):
        for w in range(3):
            for side in range(2):
                if np.isnan(agreed[b, w, 0]):
                    out[b, w, side] = np.nan
                    continue
                value = middle(spans[b, :, w, side])
                out[b, w, side] = agreed[b, w, side] if np.isnan(value) else value
            for lead in range(spans.shape[1]):
                if weights[lead] > 0 and np.isnan(spans[b, lead, w, 0]):
                    spans[b, lead, w, 0] = out[b, w, 0]
                    spans[b, lead, w, 1] = out[b, w, 1]


@compiled
def steadied(spans: npt.NDArray[np.float64], joint: Array, alike: float) -> None:
    """Move a lead's boundaries half of the way to where it usually has them, in place on (beat, lead, wave, side).

    Usually means the median distance from the global boundary over beats whose QRS is as wide as the median one within
    `alike` cells; the others stay as they are. What is left of a lead's own jitter is mostly noise.
    """
    width = joint[:, 1, 1] - joint[:, 1, 0]
    usual = np.flatnonzero(np.abs(width - middle(width)) <= alike)
    if usual.size < 3:
        return
    apart = np.empty(usual.size)
    for lead in range(spans.shape[1]):
        for w in range(3):
            for side in range(2):
                for k in range(usual.size):
                    apart[k] = spans[usual[k], lead, w, side] - joint[usual[k], w, side]
                centre = middle(apart)
                if not np.isnan(centre):
                    for k in range(usual.size):
                        spans[usual[k], lead, w, side] += 0.5 * (centre - apart[k])


@compiled
def global_peaks(lead_marks: Array, r: npt.NDArray[np.float64], marks: Array) -> None:
    """Peaks of the global marks (beat, 11): the median of the leads' (beat, lead, 11), and R at `r`."""
    for b in range(marks.shape[0]):
        marks[b, 1] = middle(lead_marks[b, :, 1]) if not np.isnan(marks[b, 0]) else np.nan
        marks[b, 4] = middle(lead_marks[b, :, 4])
        marks[b, 5] = r[b]
        marks[b, 6] = middle(lead_marks[b, :, 6])
        marks[b, 9] = middle(lead_marks[b, :, 9]) if not np.isnan(marks[b, 8]) else np.nan


@compiled
def joint_peak(
    x: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    rate: float,
    spans: Array,
    out: npt.NDArray[np.float64],
    heights: npt.NDArray[np.float64],
) -> None:
    """Time in s of the largest QRS deflection of all leads together: x (lead, time), spans (beat, 2) in s.

    Each lead counts in units of its own largest deflection in that beat, from its level at the onset; the largest of
    any lead becomes `heights` (beat).
    """
    n = x.shape[1]
    for b in range(spans.shape[0]):
        first = min(max(int(np.floor(spans[b, 0] * rate)), 0), n - 1)
        stop = min(max(int(np.ceil(spans[b, 1] * rate)) + 1, first + 1), n)
        sums = np.zeros(stop - first)
        heights[b] = 0.0
        for lead in range(x.shape[0]):
            if weights[lead] <= 0:
                continue
            top = 1e-6
            for i in range(first, stop):
                top = max(top, abs(np.float64(x[lead, i]) - np.float64(x[lead, first])))
            heights[b] = max(heights[b], top)
            for i in range(first, stop):
                d = np.float64(x[lead, i]) - np.float64(x[lead, first])
                sums[i - first] += np.float64(weights[lead]) * (d * d) / top
        best = 0
        for i in range(sums.size):
            if sums[i] > sums[best]:
                best = i
        at = float(first + best)
        if 0 < best < sums.size - 1:
            bend = sums[best - 1] - 2 * sums[best] + sums[best + 1]
            if bend < 0:
                at += min(max(0.5 * (sums[best - 1] - sums[best + 1]) / bend, -0.5), 0.5)
        out[b] = min(at, n - 1) / rate

"""The representative beat: beats of one class aligned at R, outliers left out, averaged; and its marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import BEAT_CLASSES, MARKS
from ecgomics.waves.classes import UNCLASSIFIABLE
from ecgomics.waves.compilation import compiled, compiled_for_finite
from ecgomics.waves.components import in_order
from ecgomics.waves.decoding import middle
from ecgomics.waves.found import Found

BEFORE_S, AFTER_S = 0.40, 0.65
GROUP = 10
"""Beats trimmed together: of each ten values of a sample the highest and the lowest are left out."""
MOST = 120
"""Beats averaged at most, spread evenly over the record."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Template:
    """Representative beat of one record: (lead, offset) mV; marks in s relative to R; its class and number of beats."""

    beat: npt.NDArray[np.float32]
    lead_marks: Floats
    marks: Floats
    kind: int
    beats: int


def offsets(rate: float) -> Floats:
    """Offsets of the representative beat from R, s, at the native step."""
    return np.arange(-int(BEFORE_S * rate), int(AFTER_S * rate) + 1) / rate


def dominant(kinds: npt.NDArray[np.int8], *, like: npt.NDArray[np.float32]) -> tuple[int, npt.NDArray[np.intp]]:
    """The class with the most beats and its beats to average: the typical ones, spread over the record."""
    counts = np.bincount(kinds, minlength=len(BEAT_CLASSES)).astype(float)
    counts[UNCLASSIFIABLE] *= 0.01
    kind = int(np.argmax(counts))
    chosen = np.flatnonzero(kinds == kind)
    if len(chosen) > 2:
        typical = chosen[like[chosen] > max(float(np.median(like[chosen])) - 0.1, 0.5)]
        chosen = typical if len(typical) else chosen
    if len(chosen) > MOST:
        chosen = chosen[np.linspace(0, len(chosen) - 1, MOST).astype(int)]
    return kind, chosen


def finished(found: Found, *, beat: npt.NDArray[np.float32], kind: int, present: npt.NDArray[np.bool_]) -> Template:
    """Add the marks: the median, over the averaged beats, of each mark's distance from R where most beats show it."""
    beat[~present] = np.nan
    relative = np.concatenate([found.marks[:, None], found.lead_marks], axis=1) - found.r[:, None, None]
    marks = np.empty(relative.shape[1:])
    median_marks(relative, marks)
    marks += BEFORE_S
    in_order(marks, BEFORE_S + AFTER_S)
    marks -= BEFORE_S
    return Template(beat, lead_marks=marks[1:], marks=marks[0], kind=kind, beats=len(found.r))


def averaged(pieces: list[tuple[npt.NDArray[np.float32], Floats]], *, rate: float) -> npt.NDArray[np.float32]:
    """Trimmed mean (lead, offset) of the beats at the given times (s) of each piece (lead, time)."""
    leads, size = len(pieces[0][0]), len(offsets(rate))
    total = np.zeros((leads, size))
    weight = np.zeros((leads, size))
    for signal, times in pieces:
        for first in range(0, len(times), GROUP):
            _add_trimmed(signal, times[first : first + GROUP] * rate, int(BEFORE_S * rate), total, weight)
    with np.errstate(invalid="ignore"):
        return (total / np.where(weight > 0, weight, np.nan)).astype(np.float32)


@compiled_for_finite
def _add_trimmed(x: npt.NDArray[np.float32], centres: Floats, before: int, total: Floats, weight: Floats) -> None:
    n = x.shape[1]
    size = total.shape[1]
    sums = np.empty(size)
    low = np.empty(size)
    high = np.empty(size)
    seen = np.empty(size)
    for lead in range(x.shape[0]):
        sums[:] = 0.0
        seen[:] = 0.0
        low[:] = 1e30
        high[:] = -1e30
        for c in range(centres.size):
            start = centres[c] - before
            whole = int(np.floor(start))
            u = start - whole
            # a cubic through four samples keeps the height of narrow waves where R lies between samples
            a = 0.5 * u * (-1 + u * (2 - u))
            b = 1 + 0.5 * u * u * (3 * u - 5)
            d = 0.5 * u * (1 + u * (4 - 3 * u))
            e = 0.5 * u * u * (u - 1)
            first = max(1 - whole, 0)
            stop = min(n - 2 - whole, size)
            if stop <= first:
                continue
            piece = x[lead, whole + first - 1 : whole + stop + 2]
            into = sums[first:stop], low[first:stop], high[first:stop]
            for i in range(stop - first):
                v = a * piece[i] + b * piece[i + 1] + d * piece[i + 2] + e * piece[i + 3]
                into[0][i] += v
                into[1][i] = min(into[1][i], v)
                into[2][i] = max(into[2][i], v)
            seen[first:stop] += 1.0
        for i in range(size):
            if seen[i] >= 5:
                total[lead, i] += (sums[i] - low[i] - high[i]) / (seen[i] - 2) * seen[i]
                weight[lead, i] += seen[i]
            elif seen[i] > 0:
                total[lead, i] += sums[i]
                weight[lead, i] += seen[i]


@compiled
def median_marks(relative: npt.NDArray[np.float64], out: npt.NDArray[np.float64]) -> None:
    """Median over beats of (beat, row, mark) into (row, mark); NaN where fewer than half of the beats have it."""
    count = relative.shape[0]
    for row in range(relative.shape[1]):
        for k in range(relative.shape[2]):
            values = relative[:, row, k]
            seen = 0
            for b in range(count):
                seen += 0 if np.isnan(values[b]) else 1
            out[row, k] = middle(values) if 2 * seen >= count else np.nan


def empty(leads: int, *, rate: float) -> Template:
    """Representative beat of a record without beats: NaN."""
    return Template(
        np.full((leads, len(offsets(rate))), np.nan, dtype=np.float32),
        lead_marks=np.full((leads, len(MARKS)), np.nan),
        marks=np.full(len(MARKS), np.nan),
        kind=UNCLASSIFIABLE,
        beats=0,
    )

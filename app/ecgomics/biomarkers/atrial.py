"""P waves: their rate, how many beats have one, and those that no QRS follows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import NORMAL, Block, Floats, M
from ecgomics.biomarkers.deflections import writable
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet, quantile
from ecgomics.waves.kernels import compiled

BEFORE_R_S = 0.35
LIKE_P = 0.87
LEAST_GAIN, MOST_GAIN = 0.5, 2.0
AFTER_T_S = 0.02
"""A P wave is looked for this long after the T wave and before the next wave."""
NO_T_S = 0.40
APART_S = 0.20
STEP_S = 0.008


def measure_atrial(block: Block, *, sheet: Sheet) -> None:
    """Write the atrial rate, P waves per QRS, presence of P waves and P waves without a QRS."""
    beats = block.per_record(np.ones(len(block.rr_s)))
    peak = block.marks[:, M["p_peak"]]
    interval = np.full(len(peak), np.nan)
    interval[1:] = peak[1:] - peak[:-1]
    interval[block.place == 0] = np.nan
    # a first beat whose P lies before the recording says nothing about P waves
    seen = np.isfinite(peak) | (block.r_s >= BEFORE_R_S)
    found = block.per_record(np.isfinite(peak))
    pairs = block.per_record(np.isfinite(interval))
    grid = block.pad(interval)
    causes: Causes = ((beats == 0, "no beats"), (found == 0, "no P wave"), (pairs == 0, "needs ≥ 2 beats"))
    with np.errstate(divide="ignore"):
        sheet.put("HR_Atrial_Global", 60.0 / quantile(grid, 0.5), causes=causes, spread=60.0 / grid)
    none: Causes = ((beats == 0, "no beats"),)
    # the P of a premature beat may lie in the T wave before it
    own = (block.beat_class == NORMAL) & seen
    able = block.per_record(own)
    share = _over(block.per_record(own & np.isfinite(peak)), able)
    sheet.put("P_Fraction_Global", share, causes=none, otherwise="too few normal beats", count=able)
    alone = unfollowed(block)
    without_p: Causes = (*none, (found == 0, "no P wave"))
    sheet.put("P_Unfollowed_Global", alone, causes=without_p, otherwise="no P wave", count=found)
    able = block.per_record(seen)
    ratio = _over(found + np.nan_to_num(alone), able)
    sheet.put("P_QRS_Ratio_Global", ratio, causes=none, otherwise="signal too short", count=able)


def unfollowed(block: Block) -> Floats:
    """P waves between the T wave of a beat and the P wave or QRS of the next, by their likeness to the usual P, (R,).

    NaN where the representative beat has no P. A P wave inside a QRS or T wave is not seen.
    """
    start = np.round((block.template_global[:, M["p_on"]] - block.offset_s[0]) * block.template_rate)
    stop = np.round((block.template_global[:, M["p_off"]] - block.offset_s[0]) * block.template_rate)
    known = np.isfinite(start + stop)
    t_end = block.marks[:, M["t_off"]]
    t_end = np.where(np.isfinite(t_end), t_end, block.r_s + NO_T_S)
    begin = np.where(np.isfinite(block.marks[:, M["p_on"]]), block.marks[:, M["p_on"]], block.marks[:, M["qrs_on"]])
    low, high = np.full(len(begin), -1.0), np.full(len(begin), -1.0)
    same = np.flatnonzero(block.place[1:] > 0) + 1
    low[same] = (t_end[same - 1] + AFTER_T_S) * block.rate
    high[same] = (begin[same] - AFTER_T_S) * block.rate
    number = _count_like(
        writable(block.ecg),
        writable(block.template),
        block.beat_of,
        writable(np.nan_to_num(low, nan=-1.0)),
        writable(np.nan_to_num(high, nan=-1.0)),
        (np.nan_to_num(start).astype(np.intp), np.nan_to_num(stop).astype(np.intp)),
        ~block.lead_unusable & known[:, None],
        block.rate / block.template_rate,
        (round(APART_S * block.rate), max(1, round(STEP_S * block.rate))),
    )
    return np.where(known, block.per_record(number), np.nan)


@compiled
def _count_like(ecg, template, owner, low, high, window, usable, step, pace):  # type: ignore[no-untyped-def]
    first, last = window
    apart, stride = pace
    found = np.zeros(len(owner))
    for beat in range(len(owner)):
        record = owner[beat]
        size = last[record] - first[record] + 1
        length = round(size * step)
        at = math.ceil(low[beat])
        if low[beat] < 0 or size < 5:
            continue
        previous, best = -1, 0.0
        while at + length <= high[beat] and at + length < ecg.shape[2]:
            like = _likeness(ecg, template, record, at, first[record], size, usable, step)
            if like >= LIKE_P:
                if previous < 0 or at - previous > apart:
                    found[beat] += 1
                    previous, best = at, like
                elif like > best:
                    previous, best = at, like
            at += stride
    return found


@compiled
def _likeness(ecg, template, record, at, first, size, usable, step):  # type: ignore[no-untyped-def]
    """Correlation pooled over the usable leads, each about its own mean; −1 where the size differs too much."""
    sxx, syy, sxy = 0.0, 0.0, 0.0
    for lead in range(ecg.shape[1]):
        if not usable[record, lead]:
            continue
        mx, my, n = 0.0, 0.0, 0
        for k in range(0, size, 3):
            mx += ecg[record, lead, at + round(k * step)]
            my += template[record, lead, first + k]
            n += 1
        mx, my = mx / n, my / n
        for k in range(0, size, 3):
            dx = ecg[record, lead, at + round(k * step)] - mx
            dy = template[record, lead, first + k] - my
            sxx += dx * dx
            syy += dy * dy
            sxy += dx * dy
    if not (sxx > 0.0 and syy > 0.0):
        return -1.0
    gain = sxy / syy
    if gain < LEAST_GAIN or gain > MOST_GAIN:
        return -1.0
    return sxy / math.sqrt(sxx * syy)


def _over(part: Floats, whole: Floats) -> NDArray[np.float64]:
    return part / np.where(whole > 0, whole, np.nan)

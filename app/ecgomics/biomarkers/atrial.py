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
EVERY = 3
"""Of the samples of the P wave, one in this many is compared."""


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
    wave = np.zeros((ecg.shape[1], template.shape[2] // EVERY + 1))
    places = np.zeros(wave.shape[1], dtype=np.int64)
    square, known = 0.0, -1
    for beat in range(len(owner)):
        record = owner[beat]
        size = last[record] - first[record] + 1
        length = round(size * step)
        at = math.ceil(low[beat])
        if low[beat] < 0 or size < 5:
            continue
        number = (size + EVERY - 1) // EVERY
        if record != known:
            square, known = _centred(template, record, first[record], number, usable, wave), record
            for k in range(number):
                places[k] = round(EVERY * k * step)
        previous, best = -1, 0.0
        while at + length <= high[beat] and at + length < ecg.shape[2]:
            like = _likeness(ecg, record, at, number, usable, wave, places, square)
            if like >= LIKE_P:
                if previous < 0 or at - previous > apart:
                    found[beat] += 1
                    previous, best = at, like
                elif like > best:
                    previous, best = at, like
            at += stride
    return found


@compiled
def _centred(template, record, first, number, usable, wave):  # type: ignore[no-untyped-def]
    """Fill in the P wave of each usable lead about its mean; returns the sum of its squares."""
    square = 0.0
    for lead in range(template.shape[1]):
        if not usable[record, lead]:
            continue
        mean = 0.0
        for k in range(number):
            wave[lead, k] = template[record, lead, first + EVERY * k]
            mean += wave[lead, k]
        mean /= number
        for k in range(number):
            wave[lead, k] -= mean
            square += wave[lead, k] * wave[lead, k]
    return square


@compiled
def _likeness(ecg, record, at, number, usable, wave, places, square):  # type: ignore[no-untyped-def]
    """Correlation pooled over the usable leads, each about its own mean; −1 where the size differs too much."""
    sxx, sxy = 0.0, 0.0
    for lead in range(ecg.shape[1]):
        if not usable[record, lead]:
            continue
        own, total, product = 0.0, 0.0, 0.0
        # from the first sample, so that an offset costs no digits
        zero = float(ecg[record, lead, at])
        for k in range(number):
            x = ecg[record, lead, at + places[k]] - zero
            total += x
            own += x * x
            product += x * wave[lead, k]
        sxx += own - total * total / number
        sxy += product
    if not (sxx > 0.0 and square > 0.0):
        return -1.0
    gain = sxy / square
    if gain < LEAST_GAIN or gain > MOST_GAIN:
        return -1.0
    return sxy / math.sqrt(sxx * square)


def _over(part: Floats, whole: Floats) -> NDArray[np.float64]:
    return part / np.where(whole > 0, whole, np.nan)
